/* Content-addressed files: DIR/<SHA-256 in hex>, written through DIR/.upload-XXXXXX.
 *
 * Happy path: blob_create(), blob_write() as bytes arrive, blob_finish() tells the hash,
 * blob_publish() makes it durable under it. Whatever is not published is removed by blob_discard(),
 * or after a crash by blob_sweep(). Failures: a full disk, one that cannot be written.
 */
#ifndef PP_IO_BLOB_H
#define PP_IO_BLOB_H

#include "host/base/err.h"

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOB_NAME_SIZE 65 /* 64 hex digits and a NUL */

struct blob {
    int fd;     /* -1: closed */
    char *path; /* owned; of the temporary file, NULL once it is gone */
    int64_t size_bytes;
    crypto_hash_sha256_state hash;
};

int blob_create(struct blob *b, const char *dir, struct err *e);

/* Appends; after a failure the blob can only be discarded. */
int blob_write(struct blob *b, const void *bytes, size_t len, struct err *e);

/* Ends the writing and gives the name. */
void blob_finish(struct blob *b, char sha256[static BLOB_NAME_SIZE]);

/* Syncs the content, moves it to its name (one that is there already has the same content), syncs
 * the folder. Blocks on the disk. */
int blob_publish(struct blob *b, const char *sha256, struct err *e);

/* Closes, and removes what was not published; fine after publish and more than once. */
void blob_discard(struct blob *b);

/* Takes a blob out of sight at once; returns the path to unlink where that may take its time (free
 * it), NULL if there is no such blob. */
char *blob_hide(const char *dir, const char *sha256);

/* Removes leftovers of uploads and removals, and every blob that `wanted` does not want; files with
 * other names stay. *count of those removed. */
int blob_sweep(const char *dir, bool (*wanted)(const void *context, const char *sha256),
    const void *context, size_t *count, struct err *e);

/* Bytes free on the disk of `dir` beyond a reserve for the host itself (64 MiB, on a small disk 5
 * %); negative when the reserve is touched. */
int blob_room(const char *dir, int64_t *bytes, struct err *e);

#endif
