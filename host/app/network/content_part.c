/* A part: chunks come in any order, are written in the pool, count for the next process at once,
 * and for one after a power cut when they are on the disk for certain.
 */
#include "host/app/network/content_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYNC_CHUNKS 16 /* about so many are fetched twice after a power cut */
#define SYNC_MS     1000
#define SHUT_MS     30000

/* ---- parts --------------------------------------------------------------------------------------
 */

struct part *part_find(const struct content *c, const char *sha256)
{
    struct part *p = c->parts;
    while (p != NULL && strcmp(p->sha256, sha256) != 0) {
        p = p->next;
    }
    return p;
}

struct part *part_new(struct content *c, const char *sha256, int64_t size_bytes)
{
    struct part *p = mem_alloc(sizeof *p);
    p->content = c;
    p->fd = -1;
    p->size_bytes = size_bytes;
    p->count = (uint32_t)((size_bytes + CONTENT_CHUNK - 1) / CONTENT_CHUNK);
    p->written = mem_array(p->count + 1, 1);
    p->claims = mem_array(p->count + 1, 1);
    p->safe = mem_array(p->count + 1, 1);
    p->waiting_last = &p->waiting;
    p->used_ms = clock_ms();
    p->io.data = p->sync_work.data = p->hash_work.data = p;
    p->hash_generation = UINT_MAX; /* hashing has not begun */
    str_copy(p->sha256, sizeof p->sha256, sha256, strlen(sha256));
    p->next = c->parts;
    c->parts = p;
    return p;
}

static void free_pieces(struct piece *list)
{
    for (struct piece *next; list != NULL; list = next) {
        next = list->next;
        free(list);
    }
}

void part_free(struct part *p)
{
    struct part **at = &p->content->parts;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    if (p->fd >= 0) {
        close(p->fd);
    }
    if (p->analyzer != NULL) {
        analyze_free(p->analyzer);
    }
    free_pieces(p->waiting);
    free(p->written);
    free(p->claims);
    free(p->safe);
    free(p);
}

void part_path(const struct part *p, const char *suffix, char *out, size_t out_size)
{
    int n = snprintf(out, out_size, "%s/%s%s", p->content->dir, p->sha256, suffix);
    assert(n > 0 && (size_t)n < out_size);
}

size_t part_chunk_len(const struct part *p, uint32_t index)
{
    int64_t left = p->size_bytes - (int64_t)index * CONTENT_CHUNK;
    return (size_t)(left < CONTENT_CHUNK ? left : CONTENT_CHUNK);
}

int64_t part_missing(const struct part *p)
{
    int64_t bytes = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        bytes += p->written[i] != CLAIM_NONE ? 0 : (int64_t)part_chunk_len(p, i);
    }
    return bytes;
}

/* ---- in the pool --------------------------------------------------------------------------------
 */

static int open_part(struct part *p, struct err *e)
{
    char path[4096];
    if (p->fd >= 0) {
        return 0;
    }
    part_path(p, ".part", path, sizeof path);
    p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return p->fd >= 0 ? 0 : err_errno(e, errno, "create \"%s\"", path);
}

static int write_all(const struct part *p, const struct piece *w, struct err *e)
{
    size_t at = 0;
    while (at < w->len) {
        ssize_t n = pwrite(p->fd, w->bytes + at, w->len - at, (off_t)(w->offset + (int64_t)at));
        if (n < 0 && errno != EINTR) {
            return err_errno(e, errno, "write content %.12s…", p->sha256);
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static void write_pieces(struct part *p)
{
    for (struct piece *w = p->writing; w != NULL; w = w->next) {
        if (open_part(p, &w->err) == 0 && write_all(p, w, &w->err) == 0) {
            p->claims[w->offset / CONTENT_CHUNK] = CLAIM_WRITTEN;
            /* On its way to the disk, so that the next fdatasync() finds little to wait for. */
            sync_file_range(p->fd, (off_t)w->offset, (off_t)w->len, SYNC_FILE_RANGE_WRITE);
        }
    }
}

static void forget_files(struct part *p)
{
    char path[4096];
    part_path(p, ".have", path, sizeof path);
    unlink(path);
    part_path(p, ".part", path, sizeof path);
    unlink(path);
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
}

static void do_sync(uv_work_t *work)
{
    struct part *p = work->data;
    char path[4096];
    part_path(p, ".part", path, sizeof path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || fdatasync(fd) != 0) {
        err_errno(&p->sync_err, errno, "write \"%s\"", path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void do_io(uv_work_t *work)
{
    struct part *p = work->data;
    if (p->empty) {
        forget_files(p);
    }
    write_pieces(p);
    if (p->save || (p->writing != NULL && p->fd >= 0)) {
        disk_save(p, &p->save_err);
    }
    if (p->shut && p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
}

/* ---- on the loop --------------------------------------------------------------------------------
 */

static bool is_done_with(const struct part *p)
{
    return p->gone && !p->begun && !p->again && !p->io_busy && !p->hash_busy && !p->adopting &&
           p->waiting == NULL && p->held == 0;
}

static void take_piece(struct part *p, struct piece *w)
{
    uint32_t index = (uint32_t)(w->offset / CONTENT_CHUNK);
    bool current = w->generation == p->generation;
    if (!current && w->err.code == 0) {
        err_set(&w->err, PP_ECANCELED, "content %.12s… was thrown away", p->sha256);
    }
    if (w->err.code == 0) {
        p->written[index] = CLAIM_WRITTEN;
        p->dirty++;
    }
    content_tell_written(p->content, w->id, w->err.code != 0 ? &w->err : NULL);
}

/* It only means more to fetch after a crash. */
static void tell_late(struct err *e)
{
    if (e->code != 0) {
        log_warn("%s", e->text);
        *e = (struct err){0};
    }
}

static void on_io(uv_work_t *work, int status)
{
    struct part *p = work->data;
    struct content *c = p->content;
    struct piece *list = p->writing;
    (void)status;
    p->writing = NULL;
    p->io_busy = false;
    p->gone = p->gone || p->empty;
    tell_late(&p->save_err);
    p->held++;
    for (struct piece *next; list != NULL; list = next) {
        next = list->next;
        take_piece(p, list);
        free(list);
    }
    p->held--;
    part_go(p);
    content_idle(c);
}

static void on_synced(uv_work_t *work, int status)
{
    struct part *p = work->data;
    struct content *c = p->content;
    (void)status;
    p->sync_busy = false;
    for (uint32_t i = 0;
         p->sync_err.code == 0 && p->sync_generation == p->generation && i < p->count; i++) {
        p->written[i] = p->safe[i] != CLAIM_NONE ? CLAIM_SAFE : p->written[i];
        p->stale = true;
    }
    tell_late(&p->sync_err);
    part_go(p);
    content_idle(c);
}

static bool wants_sync(const struct part *p)
{
    bool old = clock_ms() - p->used_ms >= SYNC_MS || p->content->closed;
    return p->dirty >= SYNC_CHUNKS || (p->dirty > 0 && old);
}

/* Beside the writing: who sends does not wait for the disk. */
static void begin_sync(struct part *p)
{
    memcpy(p->safe, p->written, p->count);
    p->sync_generation = p->generation;
    p->dirty = 0;
    p->sync_busy = true;
    content_busy(p->content);
    uv_queue_work(p->content->loop, &p->sync_work, do_sync, on_synced);
}

static void begin_io(struct part *p)
{
    p->empty = p->again;
    p->again = false;
    p->writing = p->waiting;
    p->waiting = NULL;
    p->waiting_last = &p->waiting;
    p->shut = p->close;
    p->close = false;
    p->save = p->stale && !p->empty;
    p->stale = false;
    memcpy(p->claims, p->written, p->count);
    p->io_busy = true;
    content_busy(p->content);
    uv_queue_work(p->content->loop, &p->io, do_io, on_io);
}

void part_go(struct part *p)
{
    bool work = p->again || p->waiting != NULL || p->close || p->stale;
    bool others = p->hash_busy || p->sync_busy;
    /* Nothing is thrown away under the eyes of who reads it. */
    if (work && !p->io_busy && !p->adopting && !(p->again && others)) {
        begin_io(p);
    }
    if (wants_sync(p) && !p->sync_busy && !p->again && !(p->io_busy && p->empty)) {
        begin_sync(p);
    }
    finish_step(p);
    if (is_done_with(p)) {
        part_free(p);
    }
}

void part_tick(struct part *p, uint64_t now_ms)
{
    if (!p->io_busy && p->fd >= 0 && now_ms - p->used_ms >= SHUT_MS) {
        p->close = true;
    }
    part_go(p);
}

/* ---- net's calls --------------------------------------------------------------------------------
 */

static int check_room(
    const struct content *c, const struct part *p, const char *sha256, int64_t size, struct err *e)
{
    int64_t wanted = p != NULL && p->size_bytes == size ? part_missing(p) : size;
    int64_t room;
    int rc = blob_room(c->dir, &room, e);
    if (rc == 0 && room < wanted) {
        rc = err_set(e, PP_ENOSPC,
            "content %.12s… needs %" PRId64 " MiB more: the disk of \"%s\" has room for %" PRId64,
            sha256, (wanted >> 20) + 1, c->dir, room > 0 ? room >> 20 : 0);
    }
    return rc;
}

static uint8_t *copy_of(const struct part *p)
{
    uint8_t *have = mem_array(p->count + 1, 1);
    for (uint32_t i = 0; i < p->count; i++) {
        have[i] = p->written[i] != CLAIM_NONE;
    }
    return have;
}

/* As if it had never come. */
static void throw_away(struct part *p)
{
    finish_forget(p);
    atomic_store(&p->stop, true);
    p->generation++;
    p->again = true;
    p->stale = false;
    p->dirty = 0;
    memset(p->written, 0, p->count);
}

static int check_begin(const struct content *c, const struct part *p, const char *sha256,
    int64_t size_bytes, struct err *e)
{
    if (c->files == NULL) {
        return err_set(e, PP_ECANCELED, "the host is shutting down");
    }
    if (size_bytes < 0) {
        return err_set(e, PP_EINVAL, "content %.12s…: its size is not known", sha256);
    }
    if (files_find_content(c->files, sha256) != NULL) {
        return err_set(e, PP_EEXIST, "content %.12s… is here already", sha256);
    }
    if (p != NULL && (p->finish_id != 0 || p->adopting)) {
        return err_set(e, PP_EBUSY, "content %.12s… is just being finished", sha256);
    }
    if (p != NULL && p->size_bytes != size_bytes && (p->io_busy || p->hash_busy)) {
        return err_set(e, PP_EBUSY, "content %.12s… of another size is just being let go", sha256);
    }
    return check_room(c, p, sha256, size_bytes, e);
}

int part_begin(void *context, const char *sha256, int64_t size_bytes, uint8_t **have, struct err *e)
{
    struct content *c = context;
    struct part *p = part_find(c, sha256);
    int rc = check_begin(c, p, sha256, size_bytes, e);
    *have = NULL;
    if (rc != 0) {
        return rc;
    }
    if (p != NULL && p->size_bytes != size_bytes) {
        part_free(p);
        p = NULL;
    }
    if (p == NULL) {
        p = part_new(c, sha256, size_bytes);
        p->again = true; /* whatever lies there is not ours */
    }
    p->begun = true;
    p->gone = false;
    *have = copy_of(p);
    return 0;
}

void part_write(void *context, uint64_t id, const char *sha256, int64_t offset,
    const uint8_t *bytes, size_t len)
{
    struct content *c = context;
    struct part *p = part_find(c, sha256);
    assert(p != NULL && offset >= 0 && offset % CONTENT_CHUNK == 0);
    assert(offset + (int64_t)len <= p->size_bytes && len <= CONTENT_CHUNK);
    struct piece *w = malloc(sizeof *w + len); /* not cleared: all of it is written */
    if (w == NULL) {
        abort();
    }
    *w = (struct piece){.id = id, .offset = offset, .len = len, .generation = p->generation};
    memcpy(w->bytes, bytes, len);
    *p->waiting_last = w;
    p->waiting_last = &w->next;
    p->used_ms = clock_ms();
    part_go(p);
}

void part_discard(void *context, const char *sha256)
{
    struct part *p = part_find(context, sha256);
    if (p != NULL) {
        throw_away(p);
        p->begun = false;
        part_go(p);
    }
}
