/* The sets of a job, one at a time. */
#include "host/api/handlers.h"

#include "host/api/job_command.h"
#include "host/base/log.h"

#include <string.h>

/* Sends an edit of all sets, as `in` has them. */
static void send_sets(struct request *r, const struct jobs_queue *queue,
    const struct queue_job *job, struct queue_command *c, const struct job_input *in,
    unsigned status)
{
    c->verb = QUEUE_EDIT;
    c->mask = QUEUE_F_SETS;
    c->spec = in->job;
    /* The other sets are as they were when this was read: no edit in between may be undone. */
    c->revision = in->revision >= 0 ? in->revision : job->revision;
    log_info("sets of job \"%s\" (%s) changed by %s", jobs_title(job), job->id, r->key_name);
    job_command_send(r, queue->name, c, status);
}

/* The set named in the path; NULL and an answer if there is none. */
static const struct queue_set *find_set(struct request *r, const struct queue_job *job)
{
    struct err e = {0};
    const struct queue_set *set = job_input_find_set(job, r->stars.star[1], &e);
    if (set == NULL) {
        reply_error(r, &e);
    }
    return set;
}

/* `named`: the path names a set, else a new one is meant. */
static void change(struct request *r, bool named, unsigned status)
{
    struct job_input in = {0};
    struct queue_command c;
    struct err e = {0};
    const struct jobs_queue *queue;
    const struct queue_job *job = job_command_begin(r, &c, &queue, status);
    const struct queue_set *set = job != NULL && named ? find_set(r, job) : NULL;
    if (job == NULL || (named && set == NULL)) {
        return;
    }
    struct job_known known = job_command_known(r);
    int rc = job_input_set(r->input, job, named ? set->id : "", &known, &in, &e);
    if (!reply_failed(r, rc, &e)) {
        send_sets(r, queue, job, &c, &in, status);
    }
    job_input_fini(&in);
}

void api_job_set_edit(struct request *r)
{
    change(r, true, 200);
}

void api_job_set_add(struct request *r)
{
    change(r, false, 201);
}

void api_job_set_remove(struct request *r)
{
    struct job_input in = {.revision = -1};
    struct queue_command c;
    const struct jobs_queue *queue;
    const struct queue_job *job = job_command_begin(r, &c, &queue, 200);
    const struct queue_set *set = job != NULL ? find_set(r, job) : NULL;
    if (set == NULL) {
        return;
    }
    in.job = job_input_without(job, (size_t)(set - job->sets));
    send_sets(r, queue, job, &c, &in, 200);
    job_input_fini(&in);
}
