#include "host/app/network/content_priv.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS     1000
#define EVICT_TICKS 60

/* ---- what comes back ----------------------------------------------------------------------------
 */

void content_busy(struct content *c)
{
    c->busy++;
}

static void destroy(struct content *c)
{
    while (c->parts != NULL) {
        part_free(c->parts);
    }
    free(c->kept);
    free(c->dir);
    free(c);
}

void content_idle(struct content *c)
{
    if (--c->busy == 0 && c->closed) {
        destroy(c);
    }
}

void content_tell_written(struct content *c, uint64_t id, const struct err *e)
{
    if (!c->closed && c->answers.written != NULL) {
        c->answers.written(c->answers.context, id, e);
    }
}

void content_tell_finished(struct content *c, uint64_t id, const struct err *e)
{
    if (!c->closed && c->answers.finished != NULL) {
        c->answers.finished(c->answers.context, id, e);
    }
}

/* ---- reading for peers --------------------------------------------------------------------------
 */

static bool has(void *context, const char *sha256, int64_t *size_bytes)
{
    const struct content *c = context;
    const struct file_entry *file = c->files != NULL ? files_find_content(c->files, sha256) : NULL;
    if (file != NULL) {
        *size_bytes = file->row.size_bytes;
    }
    return file != NULL;
}

static int read_all(int fd, struct reading *r)
{
    size_t at = 0;
    while (at < r->len) {
        ssize_t n = pread(fd, r->bytes + at, r->len - at, (off_t)(r->offset + (int64_t)at));
        if (n < 0 && errno != EINTR) {
            return err_errno(&r->err, errno, "read \"%s\"", r->path);
        }
        if (n == 0) {
            return err_set(&r->err, PP_EIO, "\"%s\" is shorter than it was", r->path);
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* In the pool. */
static void do_read(uv_work_t *work)
{
    struct reading *r = work->data;
    int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(&r->err, errno, "\"%s\"", r->path);
        return;
    }
    r->bytes = malloc(r->len > 0 ? r->len : 1); /* not cleared: all of it is read */
    if (r->bytes == NULL) {
        err_set(&r->err, PP_ELIMIT, "no memory for %zu bytes", r->len);
    } else {
        read_all(fd, r);
    }
    close(fd);
}

static void on_read(uv_work_t *work, int status)
{
    struct reading *r = work->data;
    struct content *c = r->content;
    const struct err *e = r->err.code != 0 ? &r->err : NULL;
    (void)status;
    if (!c->closed && c->answers.read != NULL) {
        c->answers.read(c->answers.context, r->id, r->bytes, e == NULL ? r->len : 0, e);
    }
    free(r->bytes);
    free(r->path);
    free(r);
    content_idle(c);
}

static void begin_read(void *context, uint64_t id, const char *sha256, int64_t offset, size_t len)
{
    struct content *c = context;
    char path[4096];
    struct reading *r = mem_alloc(sizeof *r);
    files_path(c->files, sha256, path, sizeof path);
    r->content = c;
    r->id = id;
    r->path = mem_strdup(path);
    r->offset = offset;
    r->len = len;
    r->work.data = r;
    content_busy(c);
    uv_queue_work(c->loop, &r->work, do_read, on_read);
}

/* ---- time ---------------------------------------------------------------------------------------
 */

static void tick(uv_timer_t *timer)
{
    struct content *c = timer->data;
    uint64_t now_ms = clock_ms();
    for (struct part *p = c->parts, *next; p != NULL; p = next) {
        next = p->next;
        part_tick(p, now_ms); /* may free it */
    }
    if (++c->ticks % EVICT_TICKS == 0) {
        content_evict(c, clock_wall_ms());
    }
}

/* ---- open and close -----------------------------------------------------------------------------
 */

int content_open(struct content **out, uv_loop_t *loop, struct files *files, struct jobs *jobs,
    const char *data_dir, struct err *e)
{
    struct content *c = mem_alloc(sizeof *c);
    *out = NULL;
    c->loop = loop;
    c->files = files;
    c->jobs = jobs;
    c->dir = mem_printf("%s/incoming", data_dir);
    c->cache_bytes = CONTENT_CACHE_BYTES;
    c->reserve_bytes = CONTENT_RESERVE_BYTES;
    c->net = (struct net_content){.has = has,
        .accepts = cache_accepts,
        .read = begin_read,
        .begin = part_begin,
        .write = part_write,
        .finish = finish_begin,
        .discard = part_discard,
        .context = c};
    int rc = file_mkdirs(c->dir, 0700, e);
    rc = rc == 0 ? disk_load(c, clock_wall_ms(), e) : rc;
    if (rc != 0) {
        destroy(c);
        return rc;
    }
    cache_load(c);
    files_set_holder(files, cache_holds, c);
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    content_busy(c);
    uv_timer_start(&c->timer, tick, TICK_MS, TICK_MS);
    *out = c;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    content_idle(handle->data);
}

void content_close(struct content *c)
{
    c->closed = true;
    files_set_holder(c->files, NULL, NULL);
    for (struct part *p = c->parts, *next; p != NULL; p = next) {
        next = p->next;
        finish_forget(p);
        p->close = true;
        part_go(p);
    }
    c->files = NULL;
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

void content_set_limits(struct content *c, int64_t cache_bytes, int64_t reserve_bytes)
{
    c->cache_bytes = cache_bytes;
    c->reserve_bytes = reserve_bytes;
}

const struct net_content *content_for_net(const struct content *c)
{
    return &c->net;
}

/* ---- who is told --------------------------------------------------------------------------------
 */

void content_set_answers(struct content *c, const struct content_answers *a)
{
    c->answers = *a;
}
