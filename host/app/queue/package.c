/* Packages under way, opening and closing: what a killed process left is completed or swept. */
#include "host/app/queue/package_priv.h"

#include "host/app/files_batch.h"
#include "host/base/file.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void package_task_add(struct packages *p, struct package_task *t,
    void (*cancel)(struct package_task *t, const struct err *e))
{
    t->owner = p;
    t->cancel = cancel;
    t->next = p->tasks;
    t->link = &p->tasks;
    if (t->next != NULL) {
        t->next->link = &t->next;
    }
    p->tasks = t;
    p->count++;
}

void package_task_end(struct package_task *t)
{
    if (t->owner == NULL) {
        return;
    }
    *t->link = t->next;
    if (t->next != NULL) {
        t->next->link = t->link;
    }
    t->owner->count--;
    t->owner = NULL;
}

int package_may_begin(const struct packages *p, struct err *e)
{
    if (p->count < PACKAGES_MAX) {
        return 0;
    }
    return err_set(
        e, PP_ELIMIT, "%d packages are being read or written: try again later", PACKAGES_MAX);
}

/* ---- open and close
 * ------------------------------------------------------------------------------ */

static int sweep(const char *path, struct err *e)
{
    size_t count = 0;
    int rc = file_mkdirs(path, 0700, e);
    DIR *d = rc == 0 ? opendir(path) : NULL;
    if (rc == 0 && d == NULL) {
        return err_errno(e, errno, "folder \"%s\"", path);
    }
    for (struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
        bool special = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        count += !special && unlinkat(dirfd(d), entry->d_name, 0) == 0;
    }
    if (d != NULL) {
        closedir(d);
    }
    if (count > 0) {
        log_info("\"%s\": swept %zu exports that nobody took", path, count);
    }
    return rc;
}

static bool job_has(const struct queue_job *job, const char *path, const char *sha256)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        const struct queue_set *set = &job->sets[i];
        if (set->sha256 != NULL && strcmp(set->sha256, sha256) == 0 &&
            strcmp(set->path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* The import of a staged file was complete when its job is there. */
static bool is_wanted(void *context, const char *path, const char *sha256)
{
    const struct packages *p = context;
    const struct jobs_queue *q;
    for (size_t i = 0; (q = jobs_queue_at(p->jobs, i)) != NULL; i++) {
        const struct queue_job *job = queue_first(q->queue);
        for (; job != NULL; job = queue_after(q->queue, job)) {
            if (job_has(job, path, sha256)) {
                return true;
            }
        }
        job = queue_archive_first(q->queue);
        for (; job != NULL; job = queue_archive_after(q->queue, job)) {
            if (job_has(job, path, sha256)) {
                return true;
            }
        }
    }
    return false;
}

int packages_open(
    struct packages **out, uv_loop_t *loop, const struct packages_options *o, struct err *e)
{
    struct packages *p = mem_alloc(sizeof *p);
    p->loop = loop;
    p->jobs = o->jobs;
    p->files = o->files;
    p->hub = o->hub;
    p->profiles = o->profiles;
    p->max_bytes = o->max_bytes;
    p->exports = mem_printf("%s/exports", o->data_dir);
    p->blobs = mem_printf("%s/blobs", o->data_dir);
    int rc = sweep(p->exports, e);
    if (rc != 0) {
        packages_close(p);
        return rc;
    }
    batch_settle(p->files, is_wanted, p);
    *out = p;
    return 0;
}

void packages_close(struct packages *p)
{
    struct err e = {0};
    err_set(&e, PP_ECANCELED, "the host is shutting down");
    while (p->tasks != NULL) {
        struct package_task *t = p->tasks;
        package_task_end(t);
        t->cancel(t, &e);
    }
    free(p->exports);
    free(p->blobs);
    free(p);
}
