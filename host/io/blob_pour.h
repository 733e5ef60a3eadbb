/* Bytes on their way into a blob, written by libuv's pool: whoever brings them never waits for the
 * disk.
 *
 * Happy path: blob_pour_add() as they come, blob_pour_flush() at the end; `written` runs on the
 * loop after each piece. The blob is the pool's while blob_pour_busy(). Failures: a write that
 * fails is in `err`, and nothing is written any more.
 */
#ifndef PP_IO_BLOB_POUR_H
#define PP_IO_BLOB_POUR_H

#include "host/base/str.h"
#include "host/io/blob.h"

#include <uv.h>

#define BLOB_POUR_BYTES ((size_t)256 << 10) /* may wait; then whoever brings more should */

struct blob_pour {
    uv_loop_t *loop;
    struct blob *blob; /* borrowed; made with the first piece */
    const char *dir;   /* borrowed */
    void (*written)(void *context);
    void *context;
    uv_work_t work;
    struct strbuf waiting;
    struct strbuf writing; /* the pool's while busy, as is `err` */
    bool busy;
    struct err err;
};

/* The caller has set loop, blob, dir, written and context; the rest is zero. */
void blob_pour_add(struct blob_pour *p, const void *bytes, size_t len);

/* `written` runs once everything added is with the disk, also when that is nothing. */
void blob_pour_flush(struct blob_pour *p);

bool blob_pour_busy(const struct blob_pour *p);
bool blob_pour_full(const struct blob_pour *p);

/* Frees what waits; not while busy. */
void blob_pour_fini(struct blob_pour *p);

/* blob_discard() in the pool; the blob is taken over. */
void blob_discard_later(uv_loop_t *loop, struct blob *b);

#endif
