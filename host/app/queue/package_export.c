/* A job goes out as a package. */
#include "host/app/queue/package_priv.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/io/blob.h"
#include "host/io/gjob.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct export
{
    struct package_task task;
    uv_work_t work;
    struct queue_job *job; /* owned */
    char *blobs;           /* owned */
    char *path;            /* owned; the caller's file once it is answered */
    package_exported done;
    void *context;
    atomic_bool stop;
    struct err err; /* the pool's until it is done */
};

static void cancel(struct package_task *t, const struct err *e)
{
    struct export *x = (struct export *)t;
    atomic_store(&x->stop, true);
    x->done(x->context, e, NULL, NULL);
}

static void content(void *context, const struct queue_set *set, char *out, size_t out_size)
{
    const struct export *x = context;
    out[0] = '\0';
    if (set->sha256 != NULL) {
        snprintf(out, out_size, "%s/%s", x->blobs, set->sha256);
    }
}

/* The database lives on the same disk: a package is not what fills it. */
static int check_room(const struct export *x, struct err *e)
{
    int64_t room = 0;
    int64_t wanted = 0;
    int rc = blob_room(x->blobs, &room, e);
    for (size_t i = 0; i < x->job->sets_count; i++) {
        wanted += x->job->sets[i].size_bytes;
    }
    if (rc == 0 && wanted > room) {
        rc = err_set(e, PP_ENOSPC,
            "the files of \"%.80s\" are %.1f MiB, the disk has room for %.1f", x->job->name,
            (double)wanted / (1 << 20), room > 0 ? (double)room / (1 << 20) : 0.0);
    }
    return rc;
}

static void pack(uv_work_t *work)
{
    struct export *x = work->data;
    if (x->err.code == 0 && check_room(x, &x->err) == 0) {
        gjob_write(x->path, x->job, content, x, &x->stop, &x->err);
    }
}

static void on_packed(uv_work_t *work, int status)
{
    struct export *x = work->data;
    char name[256];
    (void)status;
    bool wanted = x->task.owner != NULL;
    package_task_end(&x->task);
    gjob_file_name(x->job->name, name, sizeof name);
    if (!wanted) {
        unlink(x->path);
    } else if (x->err.code != 0) {
        x->done(x->context, &x->err, NULL, NULL);
    } else {
        x->done(x->context, NULL, x->path, name);
    }
    queue_job_free(x->job);
    free(x->blobs);
    free(x->path);
    free(x);
}

void package_export(
    struct packages *p, const struct queue_job *job, package_exported done, void *context)
{
    struct export *x = mem_alloc(sizeof *x);
    char id[ID_SIZE];
    id_new(id, clock_wall_ms());
    x->job = queue_job_copy(job);
    x->blobs = mem_strdup(p->blobs);
    x->path = mem_printf("%s/%s.gjob", p->exports, id);
    x->done = done;
    x->context = context;
    package_may_begin(p, &x->err);
    package_give_profiles(p->profiles, x->job);
    x->work.data = x;
    package_task_add(p, &x->task, cancel);
    uv_queue_work(p->loop, &x->work, pack, on_packed);
}
