/* The sets of a job, one at a time. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/base/json.h"
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
    str_copy(c->job, sizeof c->job, job->id, strlen(job->id));
    log_info("sets of job \"%s\" (%s) changed by %s", job->name, job->id, r->key_name);
    job_command_send(r, queue->name, c, status);
}

/* `wants_set`: the path names one, else a new one is meant. */
static void change(struct request *r, bool wants_set, unsigned status)
{
    struct job_input in = {0};
    struct queue_command c;
    struct err e = {0};
    const char *id = "";
    const struct jobs_queue *queue;
    const struct queue_job *job = job_command_find(r, &queue);
    if (job == NULL) {
        return;
    }
    struct job_known known = job_command_known(r);
    int rc = job_command_init(r, &c, &e);
    if (rc == 0 && wants_set) {
        const struct queue_set *set = job_input_find_set(job, r->stars.star[1], &e);
        rc = set != NULL ? 0 : -e.code;
        id = set != NULL ? set->id : "";
    }
    rc = rc == 0 ? job_input_set(r->input, job, id, &known, &in, &e) : rc;
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
    struct err e = {0};
    const struct jobs_queue *queue;
    const struct queue_job *job = job_command_find(r, &queue);
    if (job == NULL) {
        return;
    }
    const struct queue_set *set = NULL;
    int rc = job_command_init(r, &c, &e);
    if (rc == 0) {
        set = job_input_find_set(job, r->stars.star[1], &e);
    }
    if (set == NULL) {
        reply_error(r, &e);
        return;
    }
    in.job = job_input_without(job, (size_t)(set - job->sets));
    send_sets(r, queue, job, &c, &in, 200);
    job_input_fini(&in);
}
