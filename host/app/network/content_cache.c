/* What is kept of what came: the newest, within a limit, and whatever is needed. */
#include "host/app/network/content_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static struct kept *find(const struct content *c, const char *sha256)
{
    for (size_t i = 0; i < c->kept_count; i++) {
        if (strcmp(c->kept[i].sha256, sha256) == 0) {
            return &c->kept[i];
        }
    }
    return NULL;
}

static void take_out(struct content *c, struct kept *k)
{
    size_t i = (size_t)(k - c->kept);
    c->kept_count--;
    memmove(c->kept + i, c->kept + i + 1, (c->kept_count - i) * sizeof *c->kept);
}

void cache_add(struct content *c, const struct file_entry *file)
{
    struct kept *old = find(c, file->row.sha256);
    size_t i = 0;
    if (old != NULL) {
        take_out(c, old);
    }
    if (c->kept_count == c->kept_cap) {
        c->kept_cap = c->kept_cap > 0 ? c->kept_cap * 2 : 16;
        c->kept = mem_resize(c->kept, c->kept_cap, sizeof *c->kept);
    }
    while (i < c->kept_count && c->kept[i].came_ms <= file->row.uploaded_ms) {
        i++;
    }
    memmove(c->kept + i + 1, c->kept + i, (c->kept_count - i) * sizeof *c->kept);
    c->kept[i] =
        (struct kept){.size_bytes = file->row.size_bytes, .came_ms = file->row.uploaded_ms};
    str_copy(
        c->kept[i].sha256, sizeof c->kept[i].sha256, file->row.sha256, strlen(file->row.sha256));
    c->kept_count++;
}

void cache_load(struct content *c)
{
    const struct file_entry *file;
    for (size_t i = 0; (file = files_adopted_at(c->files, i)) != NULL; i++) {
        cache_add(c, file);
    }
}

bool cache_holds(void *context, const char *sha256)
{
    const struct kept *k = find(context, sha256);
    return k == NULL || !k->gone;
}

size_t content_count(const struct content *c)
{
    return c->kept_count;
}

/* A clock that was set back makes nothing young for long. */
static bool may_go(const struct content *c, const struct kept *k, int64_t now_ms)
{
    return llabs(now_ms - k->came_ms) >= CONTENT_GRACE_MS && !files_is_needed(c->files, k->sha256);
}

static int64_t kept_bytes(const struct content *c)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < c->kept_count; i++) {
        bytes += c->kept[i].size_bytes;
    }
    return bytes;
}

/* Lets go of the oldest until `bytes` are free of what was kept; how many are. */
static int64_t let_go(struct content *c, int64_t now_ms, int64_t bytes)
{
    int64_t freed = 0;
    for (size_t i = 0; i < c->kept_count && freed < bytes;) {
        struct kept *k = &c->kept[i];
        char sha256[BLOB_NAME_SIZE];
        if (!may_go(c, k, now_ms)) {
            i++;
            continue;
        }
        memcpy(sha256, k->sha256, sizeof sha256);
        freed += k->size_bytes;
        k->gone = true;
        files_drop_adopted(c->files, sha256);
        take_out(c, &c->kept[i]);
    }
    return freed;
}

void content_evict(struct content *c, int64_t now_ms)
{
    int64_t over = kept_bytes(c) - c->cache_bytes;
    if (over > 0 && c->files != NULL) {
        let_go(c, now_ms, over);
    }
}

/* ---- taking what a peer offers ------------------------------------------------------------------
 */

static int64_t may_go_bytes(const struct content *c, int64_t now_ms)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < c->kept_count; i++) {
        bytes += may_go(c, &c->kept[i], now_ms) ? c->kept[i].size_bytes : 0;
    }
    return bytes;
}

/* Of what comes already. */
static void coming(const struct content *c, int64_t *size_bytes, int64_t *missing)
{
    *size_bytes = 0;
    *missing = 0;
    for (const struct part *p = c->parts; p != NULL; p = p->next) {
        *size_bytes += p->begun ? p->size_bytes : 0;
        *missing += p->begun ? part_missing(p) : 0;
    }
}

static int disk_room(const struct content *c, int64_t *bytes, struct err *e)
{
    struct statvfs fs;
    if (statvfs(c->dir, &fs) != 0) {
        return err_errno(e, errno, "free space of \"%s\"", c->dir);
    }
    int64_t unit = (int64_t)fs.f_frsize;
    int64_t reserve = (int64_t)fs.f_blocks * unit / 20;
    reserve = reserve > c->reserve_bytes ? reserve : c->reserve_bytes;
    *bytes = (int64_t)fs.f_bavail * unit - reserve;
    return 0;
}

static int check_limit(const struct content *c, int64_t size_bytes, int64_t now_ms, struct err *e)
{
    int64_t come, missing;
    coming(c, &come, &missing);
    int64_t stays = kept_bytes(c) - may_go_bytes(c, now_ms) + come;
    if (size_bytes <= c->cache_bytes - stays) {
        return 0;
    }
    return err_set(e, PP_ENOSPC,
        "%" PRId64 " MiB do not fit: of the %" PRId64 " MiB for content of others' jobs %" PRId64
        " are needed",
        (size_bytes >> 20) + 1, c->cache_bytes >> 20, stays >> 20);
}

static int check_disk(
    const struct content *c, int64_t size_bytes, int64_t now_ms, int64_t *to_free, struct err *e)
{
    int64_t come, missing;
    int64_t room = 0;
    int rc = disk_room(c, &room, e);
    coming(c, &come, &missing);
    *to_free = size_bytes + missing - room;
    if (rc == 0 && *to_free > may_go_bytes(c, now_ms)) {
        rc = err_set(e, PP_ENOSPC,
            "%" PRId64 " MiB do not fit: the disk has room for %" PRId64 " MiB of others' content",
            (size_bytes >> 20) + 1, room - missing > 0 ? (room - missing) >> 20 : 0);
    }
    return rc;
}

bool cache_accepts(
    void *context, const char *queue, const char *sha256, int64_t size_bytes, struct err *e)
{
    struct content *c = context;
    int64_t now_ms = clock_wall_ms();
    int64_t to_free = 0;
    (void)queue;
    if (c->files == NULL) {
        err_set(e, PP_ECANCELED, "the host is shutting down");
        return false;
    }
    if (part_find(c, sha256) != NULL && part_find(c, sha256)->begun) {
        return true; /* counted already */
    }
    if (check_limit(c, size_bytes, now_ms, e) != 0 ||
        check_disk(c, size_bytes, now_ms, &to_free, e) != 0) {
        return false;
    }
    let_go(c, now_ms, to_free);
    return true;
}
