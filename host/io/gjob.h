/* .gjob: Continuous Print's package of a job, a flat zip of files with manifest.json last.
 *
 * Reading: gjob_open() reads and checks the manifest and the directory of the zip before anything
 * is unpacked; then gjob_read() gives the bytes of one set's file. Names inside are data: their
 * last part names a file, nothing is ever opened by them. Writing: gjob_write(), entries in the
 * order of the sets, deflated, the manifest stored, last; of two different contents with one name
 * the second gets " (2)".
 *
 * Failure modes, PP_EINVAL with what is wrong: no zip, no manifest or a broken one (field and
 * value), a file of a set that is missing, a name twice, encrypted, more than GJOB_ENTRIES entries,
 * more than GJOB_BYTES or a ratio above GJOB_RATIO (zip bombs) as unpacked, not as the directory
 * claims.
 */
#ifndef PP_IO_GJOB_H
#define PP_IO_GJOB_H

#include "host/core/queue.h"

#include <stdatomic.h>

#define GJOB_ENTRIES  1000
#define GJOB_MANIFEST (4 << 20)
#define GJOB_RATIO    200 /* unpacked to packed, beyond the first MiB */

struct gjob;

/* `max_bytes`: of all files unpacked together. */
int gjob_open(struct gjob **out, const char *path, int64_t max_bytes, struct err *e);
void gjob_close(struct gjob *g);

/* The manifest's job; sets' `path` are names within the package, sha256 NULL, `profiles` NULL where
 * it says nothing of them and an empty list where it says none. Borrowed. */
const struct queue_job *gjob_job(const struct gjob *g);

/* Unpacks the file of set `index`; `sink` returns 0 or -PP_E… to stop. Blocks: for the pool. */
int gjob_read(struct gjob *g, size_t index,
    int (*sink)(void *context, const void *bytes, size_t len, struct err *e), void *context,
    struct err *e);

/* Writes the package to `path` (created, not there before; nothing is left of one that failed).
 * `content` gives the path of the blob of a set, "" = it is not here. PP_ECANCELED once *stop.
 * Blocks. */
int gjob_write(const char *path, const struct queue_job *job,
    void (*content)(void *context, const struct queue_set *set, char *out, size_t out_size),
    void *context, const atomic_bool *stop, struct err *e);

/* The file name Continuous Print gives it: "My job #1" is "My_job_x1.gjob". */
void gjob_file_name(const char *job_name, char *out, size_t out_size);

#endif
