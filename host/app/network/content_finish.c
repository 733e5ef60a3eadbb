/* A part is hashed, and analysed as gcode, while it comes, from its start on as far as there is no
 * gap, so that little is left to do at the end. Then it becomes content like any other.
 */
#include "host/app/network/content_priv.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_CHUNKS 16 /* in one go: the pool has other work too */

/* ---- in the pool --------------------------------------------------------------------------------
 */

/* A NUL is in no gcode: models are not looked into any further. */
static void analyse(struct part *p, const char *bytes, size_t len)
{
    if (p->analyzer != NULL && memchr(bytes, '\0', len) != NULL) {
        analyze_free(p->analyzer);
        p->analyzer = NULL;
    }
    if (p->analyzer != NULL) {
        analyze_feed(p->analyzer, bytes, len);
        if (p->hashed + 1 == p->count) {
            analyze_finish(p->analyzer, &p->analysis);
        }
    }
}

static int hash_chunk(struct part *p, int fd, uint8_t *buffer, struct err *e)
{
    size_t len = part_chunk_len(p, p->hashed);
    size_t at = 0;
    while (at < len) {
        off_t offset = (off_t)((int64_t)p->hashed * CONTENT_CHUNK + (int64_t)at);
        ssize_t n = pread(fd, buffer + at, len - at, offset);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return err_errno(e, n == 0 ? EIO : errno, "read content %.12s… back", p->sha256);
        }
        at += n > 0 ? (size_t)n : 0;
    }
    crypto_hash_sha256_update(&p->hash, buffer, len);
    analyse(p, (const char *)buffer, len);
    p->hashed++;
    return 0;
}

static void do_hash(uv_work_t *work)
{
    struct part *p = work->data;
    char path[4096];
    part_path(p, ".part", path, sizeof path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(&p->hash_err, errno, "\"%s\"", path);
        return;
    }
    uint8_t *buffer = mem_alloc(CONTENT_CHUNK);
    while (p->hashed < p->hash_to && !atomic_load(&p->stop) &&
           hash_chunk(p, fd, buffer, &p->hash_err) == 0) {
    }
    free(buffer);
    close(fd);
}

/* ---- on the loop --------------------------------------------------------------------------------
 */

static void answer(struct part *p, const struct err *e)
{
    uint64_t id = p->finish_id;
    p->finish_id = 0;
    p->held++;
    content_tell_finished(p->content, id, e);
    p->held--;
}

static void start_over(struct part *p)
{
    crypto_hash_sha256_init(&p->hash);
    if (p->analyzer != NULL) {
        analyze_free(p->analyzer);
    }
    p->analyzer = p->begun ? analyze_new(files_kinematics(p->content->files)) : NULL;
    p->hashed = 0;
    p->hash_err = (struct err){0};
    p->hash_generation = p->generation;
}

static void on_hashed(uv_work_t *work, int status)
{
    struct part *p = work->data;
    struct content *c = p->content;
    (void)status;
    p->hash_busy = false;
    if (p->hash_err.code != 0 && p->hash_generation == p->generation && !c->closed) {
        struct err e = p->hash_err;
        start_over(p);
        p->hash_failed = true;
        if (p->finish_id != 0) {
            answer(p, &e);
        }
    }
    part_go(p);
    content_idle(c);
}

static void begin_hash(struct part *p, uint32_t to)
{
    atomic_store(&p->stop, false);
    p->hash_err = (struct err){0};
    p->hash_to = to - p->hashed < HASH_CHUNKS ? to : p->hashed + HASH_CHUNKS;
    p->hash_busy = true;
    content_busy(p->content);
    uv_queue_work(p->content->loop, &p->hash_work, do_hash, on_hashed);
}

/* What its job calls it; "" = no job names it yet. */
static void called(const struct part *p, char *out, size_t out_size)
{
    const struct jobs *jobs = p->content->jobs;
    const struct queue_job *job = jobs != NULL ? jobs_using(jobs, p->sha256) : NULL;
    out[0] = '\0';
    for (size_t i = 0; job != NULL && i < job->sets_count; i++) {
        const struct queue_set *s = &job->sets[i];
        if (s->sha256 != NULL && strcmp(s->sha256, p->sha256) == 0 && s->path != NULL) {
            str_copy(out, out_size, s->path, strlen(s->path));
            return;
        }
    }
}

/* The row is durable: the part is one no more. */
static void let_go(struct part *p)
{
    p->generation++;
    p->begun = false;
    p->again = true;
    p->stale = false;
    p->dirty = 0;
}

static void on_adopted(void *context, const struct err *e, const struct file_entry *file)
{
    struct part *p = context;
    struct content *c = p->content;
    p->adopting = false;
    if (file != NULL && !c->closed) {
        cache_add(c, file);
    }
    if (e == NULL || e->code == PP_ETYPE || e->code == PP_EINVAL) {
        let_go(p); /* in its place, or nothing that can be printed */
    }
    if (p->finish_id != 0) {
        answer(p, e);
    }
    if (file != NULL && !c->closed) {
        content_evict(c, clock_wall_ms());
    }
    part_go(p);
    content_idle(c);
}

static void end(struct part *p)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    char sha256[BLOB_NAME_SIZE];
    char path[4096];
    char name[201];
    crypto_hash_sha256_state state = p->hash;
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(sha256, sizeof sha256, hash, sizeof hash);
    if (strcmp(sha256, p->sha256) != 0) {
        struct err e = {0};
        err_set(&e, PP_ECORRUPT, "content %.12s… turned out to be %.12s…", p->sha256, sha256);
        answer(p, &e);
        return;
    }
    part_path(p, ".part", path, sizeof path);
    called(p, name, sizeof name);
    p->adopting = true;
    content_busy(p->content);
    const struct analysis *analysis = p->analyzer != NULL && p->count > 0 ? &p->analysis : NULL;
    files_adopt(p->content->files, path, p->sha256, name, analysis, on_adopted, p);
}

static uint32_t without_gap(const struct part *p)
{
    uint32_t n = p->hashed;
    while (n < p->count && p->written[n] != CLAIM_NONE) {
        n++;
    }
    return n;
}

void finish_step(struct part *p)
{
    if (p->hash_busy || p->adopting || p->again || p->content->closed) {
        return;
    }
    if (p->begun && p->hash_generation != p->generation) {
        start_over(p);
    }
    uint32_t to = p->begun ? without_gap(p) : 0;
    if (p->begun && to > p->hashed && !p->hash_failed) {
        begin_hash(p, to);
    } else if (p->finish_id != 0 && p->hashed == p->count && !p->io_busy && p->waiting == NULL) {
        end(p);
    }
}

void finish_forget(struct part *p)
{
    p->finish_id = 0;
    atomic_store(&p->stop, true);
}

void finish_begin(void *context, uint64_t id, const char *sha256)
{
    struct part *p = part_find(context, sha256);
    assert(p != NULL && p->finish_id == 0);
    p->finish_id = id;
    p->hash_failed = false;
    p->close = true; /* by way of the pool: the answer is never given at once */
    part_go(p);
}
