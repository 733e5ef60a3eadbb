/* A package comes in: pool, staged files, job, names; see package.h for what a crash leaves. */
#include "host/app/queue/package_priv.h"

#include "host/app/files_batch.h"
#include "host/base/file.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/core/file_kind.h"
#include "host/io/gjob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct import {
    struct package_task task;
    uv_work_t work;
    char *path;      /* owned; of the package */
    char sha256[65]; /* of a stored one, pinned while it is read; "" = none */
    char *title;     /* owned; when the manifest has none */
    char *queue;     /* owned, as is what follows */
    char *after;
    char *actor;
    int64_t max_bytes;
    struct file_batch *batch; /* owned */
    struct strbuf notice;
    package_imported done;
    void *context;

    struct queue_job *job; /* the pool's until it is done, as is what follows */
    size_t *file_of;       /* owned; of each set, its file in the batch */
    struct err err;
};

static void destroy(struct import *i)
{
    if (i->batch != NULL) {
        batch_free(i->batch);
    }
    strbuf_fini(&i->notice);
    queue_job_free(i->job);
    free(i->file_of);
    free(i->path);
    free(i->title);
    free(i->queue);
    free(i->after);
    free(i->actor);
    free(i);
}

static void cancel(struct package_task *t, const struct err *e)
{
    struct import *i = (struct import *)t;
    batch_stop(i->batch);
    i->done(i->context, e, NULL, "");
}

/* The answer comes last: it may close everything. */
static void end(struct import *i, const struct err *e, const char *job)
{
    char id[ID_SIZE] = "";
    struct strbuf notice = i->notice;
    struct err err = e != NULL ? *e : (struct err){0};
    package_imported done = i->task.owner != NULL ? i->done : NULL;
    void *context = i->context;
    str_copy(id, sizeof id, job != NULL ? job : "", job != NULL ? strlen(job) : 0);
    i->notice = (struct strbuf){0};
    package_task_end(&i->task);
    destroy(i);
    if (done != NULL) {
        done(context, e != NULL ? &err : NULL, e != NULL ? NULL : id, strbuf_text(&notice));
    }
    strbuf_fini(&notice);
}

/* ---- in the pool
 * --------------------------------------------------------------------------------- */

static int take(void *context, const void *bytes, size_t len, struct err *e)
{
    return batch_write(context, bytes, len, e);
}

static int unpack_set(struct import *i, struct gjob *g, size_t index, size_t *count, struct err *e)
{
    const struct queue_set *sets = gjob_job(g)->sets;
    for (size_t before = 0; before < index; before++) {
        if (strcmp(sets[before].path, sets[index].path) == 0) {
            i->file_of[index] = i->file_of[before];
            return 0;
        }
    }
    int rc = batch_begin(i->batch, sets[index].path, e);
    rc = rc == 0 ? gjob_read(g, index, take, i->batch, e) : rc;
    rc = rc == 0 ? batch_end(i->batch, e) : rc;
    i->file_of[index] = (*count)++;
    return rc;
}

static void unpack(uv_work_t *work)
{
    struct import *i = work->data;
    struct gjob *g;
    size_t count = 0;
    if (i->err.code != 0 || gjob_open(&g, i->path, i->max_bytes, &i->err) != 0) {
        return;
    }
    i->job = jobs_copy_spec(gjob_job(g));
    i->file_of = mem_array(i->job->sets_count + 1, sizeof *i->file_of);
    for (size_t s = 0; s < i->job->sets_count && i->err.code == 0; s++) {
        unpack_set(i, g, s, &count, &i->err);
    }
    gjob_close(g);
}

/* ---- on the loop
 * --------------------------------------------------------------------------------- */

static void on_shown(void *context, const struct err *e)
{
    struct import *i = context;
    if (e != NULL && i->task.owner != NULL) {
        strbuf_printf(&i->notice, "%sits files appear at the next start (%s)",
            i->notice.len > 0 ? "; " : "", e->text);
    }
    if (i->notice.len > 0) {
        log_warn("import of \"%s\": %s", i->job->name, strbuf_text(&i->notice));
    }
    if (i->notice.len > 0 && i->task.owner != NULL) {
        char text[512];
        snprintf(
            text, sizeof text, "\"%.100s\" is imported: %s", i->job->name, strbuf_text(&i->notice));
        hub_emit(i->task.owner->hub, HUB_NOTICE, text);
    }
    end(i, NULL, i->job->id);
}

/* The job is there: from here on its files are, whatever happens. */
static void on_submitted(void *context, const struct queue_result *result)
{
    struct import *i = context;
    if (result->err.code != 0) {
        end(i, &result->err, NULL);
        return;
    }
    memcpy(i->job->id, result->job, sizeof i->job->id);
    batch_show(i->batch, on_shown, i);
}

static void complete_job(struct import *i)
{
    struct queue_job *job = i->job;
    job->draft = true;
    free(job->submitter);
    job->submitter = mem_strdup(i->actor);
    for (size_t s = 0; s < job->sets_count; s++) {
        struct queue_set *set = &job->sets[s];
        size_t file = i->file_of[s];
        free(set->path);
        set->path = mem_strdup(batch_name(i->batch, file));
        set->sha256 = mem_strdup(batch_sha256(i->batch, file));
        set->size_bytes = batch_size(i->batch, file);
        set->model = file_kind_of(set->path) == FILE_MODEL;
        if (!set->model) {
            set->time_ms = -1; /* what is known of the file is better */
        }
    }
    package_take_profiles(i->task.owner->profiles, job, &i->notice);
}

static void on_staged(void *context, const struct err *e)
{
    struct import *i = context;
    struct packages *p = i->task.owner;
    if (e != NULL || p == NULL) {
        end(i, e, NULL);
        return;
    }
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = i->job};
    complete_job(i);
    str_copy(c.after, sizeof c.after, i->after, strlen(i->after));
    str_copy(c.actor, sizeof c.actor, i->actor, strlen(i->actor));
    jobs_do(p->jobs, i->queue, &c, on_submitted, i);
}

static void on_unpacked(uv_work_t *work, int status)
{
    struct import *i = work->data;
    struct packages *p = i->task.owner;
    char folder[128];
    (void)status;
    if (i->sha256[0] != '\0' && p != NULL) {
        files_unpin(p->files, i->sha256);
    }
    if (p == NULL || i->err.code != 0) {
        end(i, &i->err, NULL);
        return;
    }
    package_folder(i->job->name[0] != '\0' ? i->job->name : i->title, folder, sizeof folder);
    batch_stage(i->batch, folder, on_staged, i);
}

/* ---- the wish
 * ------------------------------------------------------------------------------------ */

static char *title_of(const struct package_wish *w)
{
    const char *name = w->name != NULL ? w->name : w->file != NULL ? w->file : "job";
    const char *base = file_basename(name);
    const char *suffix = file_kind_suffix(base);
    return mem_printf("%.*s", (int)(suffix != NULL ? suffix - base : (int)strlen(base)), base);
}

static char *path_of(struct packages *p, struct import *i, const struct package_wish *w)
{
    char path[4096];
    const struct file_entry *file;
    if (w->file == NULL) {
        return mem_strdup(w->path);
    }
    file = files_find(p->files, w->file);
    if (file == NULL) {
        err_field(&i->err, PP_ENOTFOUND, "file", "there is no file \"%.120s\"", w->file);
        return NULL;
    }
    if (file_kind_of(w->file) != FILE_PACKAGE) {
        err_field(
            &i->err, PP_ETYPE, "file", "\"%.120s\": must be a package of a job (.gjob)", w->file);
        return NULL;
    }
    files_path(p->files, file->row.sha256, path, sizeof path);
    memcpy(i->sha256, file->row.sha256, sizeof i->sha256);
    files_pin(p->files, i->sha256);
    return mem_strdup(path);
}

void package_import(
    struct packages *p, const struct package_wish *w, package_imported done, void *context)
{
    struct import *i = mem_alloc(sizeof *i);
    const char *queue = w->queue != NULL ? w->queue : QUEUE_LOCAL;
    i->done = done;
    i->context = context;
    i->max_bytes = p->max_bytes;
    i->title = title_of(w);
    i->queue = mem_strdup(queue);
    i->after = mem_strdup(w->after != NULL ? w->after : "");
    i->actor = mem_strdup(w->actor != NULL ? w->actor : "");
    i->batch = batch_new(p->files);
    if (package_may_begin(p, &i->err) == 0 && jobs_queue_find(p->jobs, queue) == NULL) {
        err_field(&i->err, PP_ENOTFOUND, "queue", "there is no queue \"%.80s\"", queue);
    }
    i->path = i->err.code == 0 ? path_of(p, i, w) : NULL;
    i->work.data = i;
    package_task_add(p, &i->task, cancel);
    uv_queue_work(p->loop, &i->work, unpack, on_unpacked);
}
