#include "host/host_queue.h"

static struct jobs_retention retention(const struct config *config)
{
    return (struct jobs_retention){.archive_keep_ms = config->archive_keep_ms,
        .archive_keep_count = config->archive_keep_jobs,
        .history_keep_ms = config->history_keep_ms};
}

int host_queue_open(
    struct host_queue *q, uv_loop_t *loop, const struct host_queue_options *o, struct err *e)
{
    int rc = jobs_open(&q->jobs, loop,
        &(struct jobs_options){
            .host_name = o->name, .profiles = o->profiles, .keep = retention(o->config)},
        o->store, o->files, o->hub, e);
    if (rc < 0) {
        return rc;
    }
    return packages_open(&q->packages, loop,
        &(struct packages_options){.jobs = q->jobs,
            .files = o->files,
            .hub = o->hub,
            .profiles = o->profiles,
            .data_dir = o->data_dir,
            .max_bytes = o->config->upload_max_bytes},
        e);
}

void host_queue_configure(struct host_queue *q, const struct config *config)
{
    const struct jobs_retention keep = retention(config);
    jobs_set_retention(q->jobs, &keep);
}

static void on_jobs_closed(void *context)
{
    struct host_queue *q = context;
    q->jobs = NULL;
    q->closed(q->context);
}

void host_queue_close(struct host_queue *q, void (*closed)(void *context), void *context)
{
    q->closed = closed;
    q->context = context;
    if (q->packages != NULL) {
        packages_close(q->packages);
        q->packages = NULL;
    }
    if (q->jobs != NULL) {
        jobs_close(q->jobs, on_jobs_closed, q);
    } else {
        closed(context);
    }
}
