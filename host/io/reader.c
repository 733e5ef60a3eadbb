#include "host/io/reader.h"

#include "host/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define STACK_BYTES (64u << 10)

struct reader {
    uv_thread_t thread;
    uv_async_t async;
    uv_sem_t wake; /* orders what follows between the threads, with `finished` */
    int fd;
    void *buffer; /* NULL: the thread shall end */
    size_t size;
    uint64_t offset;
    ssize_t result;
    atomic_bool finished;

    bool busy;
    bool closing;
    reader_cb done;
    void *context;
    void (*closed)(void *context);
    void *closed_context;
};

static void run(void *arg)
{
    struct reader *r = arg;
    for (;;) {
        uv_sem_wait(&r->wake);
        if (r->buffer == NULL) {
            return;
        }
        do {
            r->result = pread(r->fd, r->buffer, r->size, (off_t)r->offset);
        } while (r->result < 0 && errno == EINTR);
        if (r->result < 0) {
            r->result = -errno;
        }
        atomic_store(&r->finished, true);
        uv_async_send(&r->async);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct reader *r = handle->data;
    void (*closed)(void *) = r->closed;
    void *context = r->closed_context;
    close(r->fd);
    uv_sem_destroy(&r->wake);
    free(r);
    closed(context);
}

static void end(struct reader *r)
{
    r->buffer = NULL;
    uv_sem_post(&r->wake);
    uv_thread_join(&r->thread);
    uv_close((uv_handle_t *)&r->async, on_handle_closed);
}

static void on_async(uv_async_t *async)
{
    struct reader *r = async->data;
    if (!atomic_exchange(&r->finished, false)) {
        return;
    }
    r->busy = false;
    if (r->closing) {
        end(r);
    } else {
        r->done(r->context, r->result);
    }
}

struct reader *reader_open(uv_loop_t *loop, int fd, reader_cb done, void *context)
{
    static const uv_thread_options_t options = {
        .flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_BYTES};
    struct reader *r = mem_alloc(sizeof *r);
    *r = (struct reader){.fd = fd, .done = done, .context = context};
    if (uv_sem_init(&r->wake, 0) != 0 || uv_async_init(loop, &r->async, on_async) != 0 ||
        uv_thread_create_ex(&r->thread, &options, run, r) != 0) {
        abort(); /* fails only for want of memory */
    }
    r->async.data = r;
    return r;
}

void reader_read(struct reader *r, void *buffer, size_t size, uint64_t offset)
{
    assert(!r->busy && !r->closing && buffer != NULL);
    r->busy = true;
    r->buffer = buffer;
    r->size = size;
    r->offset = offset;
    uv_sem_post(&r->wake);
}

void reader_close(struct reader *r, void (*closed)(void *context), void *context)
{
    r->closing = true;
    r->closed = closed;
    r->closed_context = context;
    if (!r->busy) {
        end(r);
    }
}
