/* Uploaded files: names over content-addressed blobs in DATA/blobs, analysed in the thread pool.
 *
 * Happy path: files_begin() makes a temporary file, files_write() appends (and hashes) as bytes
 * arrive, files_commit() syncs, analyses, moves it into blobs/ and saves the row; `done` runs on the
 * loop once the name is durable. files_abort() leaves nothing behind; leftovers are swept at start.
 * Failures: quota, full disk, a name that is no plain file name, content that is no gcode.
 */
#ifndef PP_APP_FILES_H
#define PP_APP_FILES_H

#include "host/base/err.h"
#include "host/core/analyze.h"
#include "host/io/store.h"

#include <uv.h>

struct files;
struct upload;

struct file_entry {
    struct file_row row;
    struct analysis analysis; /* valid when analysed */
    bool analysed;
};

/* `max_bytes`: the largest single file accepted. `e` tells why not. Takes the rows from the store. */
int files_open(struct files **out, uv_loop_t *loop, struct store *store, const char *data_dir,
    int64_t max_bytes, struct err *e);
void files_close(struct files *f);

/* Starts an upload under `name`, replacing an older file of that name when it commits. */
int files_begin(struct files *f, const char *name, struct upload **out, struct err *e);
int files_write(struct upload *u, const void *bytes, size_t len, struct err *e);

/* Ends the upload; it is gone afterwards. `entry` is NULL on failure, else valid in the callback. */
typedef void (*files_cb)(void *context, const struct err *e, const struct file_entry *entry);
void files_commit(struct upload *u, files_cb done, void *context);
void files_abort(struct upload *u);

/* NULL when there is none. Valid until the next change. */
const struct file_entry *files_find(const struct files *f, const char *name);
const struct file_entry *files_at(const struct files *f, size_t index); /* NULL past the end */

/* Path of the content with this SHA-256 (64 hex digits). */
void files_path(const struct files *f, const char *sha256, char *out, size_t out_size);

/* Removes the name, and the content when no other name has it. */
void files_remove(struct files *f, const char *name, store_cb done, void *context);

#endif
