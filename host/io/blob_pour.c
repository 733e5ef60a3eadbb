#include "host/io/blob_pour.h"

#include "host/base/mem.h"

#include <stdlib.h>

/* In the pool. */
static void write_piece(uv_work_t *work)
{
    struct blob_pour *p = work->data;
    if (p->err.code == 0 && p->blob->fd < 0) {
        blob_create(p->blob, p->dir, &p->err);
    }
    if (p->err.code == 0 && p->writing.len > 0) {
        blob_write(p->blob, strbuf_text(&p->writing), p->writing.len, &p->err);
    }
    p->writing.len = 0;
}

static void on_written(uv_work_t *work, int status);

static void start(struct blob_pour *p)
{
    struct strbuf empty = p->writing;
    p->writing = p->waiting;
    p->waiting = empty;
    p->busy = true;
    p->work.data = p;
    uv_queue_work(p->loop, &p->work, write_piece, on_written);
}

static void on_written(uv_work_t *work, int status)
{
    struct blob_pour *p = work->data;
    (void)status;
    p->busy = false;
    if (p->waiting.len > 0) {
        start(p);
    }
    p->written(p->context);
}

void blob_pour_add(struct blob_pour *p, const void *bytes, size_t len)
{
    strbuf_add(&p->waiting, bytes, len);
    if (!p->busy) {
        start(p);
    }
}

void blob_pour_flush(struct blob_pour *p)
{
    if (!p->busy) {
        start(p);
    }
}

bool blob_pour_busy(const struct blob_pour *p)
{
    return p->busy;
}

bool blob_pour_full(const struct blob_pour *p)
{
    return p->waiting.len >= BLOB_POUR_BYTES;
}

void blob_pour_fini(struct blob_pour *p)
{
    strbuf_fini(&p->waiting);
    strbuf_fini(&p->writing);
}

struct discard {
    uv_work_t work;
    struct blob blob;
};

static void discard(uv_work_t *work)
{
    struct discard *d = work->data;
    blob_discard(&d->blob);
}

static void on_discarded(uv_work_t *work, int status)
{
    (void)status;
    free(work->data);
}

void blob_discard_later(uv_loop_t *loop, struct blob *b)
{
    struct discard *d = mem_alloc(sizeof *d);
    d->blob = *b;
    *b = (struct blob){.fd = -1};
    d->work.data = d;
    uv_queue_work(loop, &d->work, discard, on_discarded);
}
