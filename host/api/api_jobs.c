/* Jobs: the lists, one of them, a new one. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/api/job_transfer.h"
#include "host/api/job_list.h"
#include "host/api/query.h"
#include "host/api/view_jobs.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 200
#define LIST_MAX     1000

static void reply_list(
    struct request *r, const struct jobs_queue *queue, bool archive, size_t offset, size_t max)
{
    size_t at = 0;
    const struct queue *q = queue->queue;
    char head[40];
    struct job_list *l = job_list_new(r->http, max, view_queue_job);
    const struct queue_job *job = archive ? queue_archive_first(q) : queue_first(q);
    size_t total = archive ? queue_archive_count(q) : queue_count(q);
    snprintf(head, sizeof head, "{\"total\":%zu,\"jobs\":[", total);
    job_list_part(l, head, queue);
    for (; job != NULL && at < offset + max; at++) {
        if (at >= offset) {
            job_list_add(l, job->id, archive ? 0 : at + 1);
        }
        job = archive ? queue_archive_after(q, job) : queue_after(q, job);
    }
    job_list_part(l, "]}", NULL);
    job_list_reply(l, r);
}

void api_jobs(struct request *r)
{
    int64_t limit = LIST_DEFAULT;
    int64_t offset = 0;
    struct err e = {0};
    const char *name = request_argument(r, "queue");
    bool archive = name != NULL && strcmp(name, QUEUE_ARCHIVED) == 0;
    if (job_command_jobs(r) == NULL) {
        return;
    }
    int rc = query_int(r, "limit", 1, LIST_MAX, &limit, &e);
    rc = rc == 0 ? query_int(r, "offset", 0, QUEUE_JOBS_MAX, &offset, &e) : rc;
    const struct jobs_queue *queue =
        rc == 0 ? job_command_queue(r, name == NULL || archive ? QUEUE_LOCAL : name, &e) : NULL;
    if (queue == NULL) {
        reply_error(r, &e);
        return;
    }
    reply_list(r, queue, archive, (size_t)offset, (size_t)limit);
}

void api_job(struct request *r)
{
    const struct jobs_queue *queue;
    const struct queue_job *job = job_command_find(r, &queue);
    if (job != NULL) {
        reply_json(r, 200, view_one_job(r->http, queue, job));
    }
}

/* Where a new job comes, in the words of QUEUE_SUBMIT. */
static void choose_place(
    const struct jobs_queue *queue, int64_t position, char after[static ID_SIZE])
{
    if (position == 0) {
        after[0] = '\0';
        return;
    }
    const struct queue_job *behind = job_command_behind(queue->queue, position, NULL);
    str_copy(
        after, ID_SIZE, behind != NULL ? behind->id : "-", behind != NULL ? strlen(behind->id) : 1);
}

static void transfer(struct request *r, const struct jobs_queue *queue, const struct queue_job *job)
{
    const struct job_transfer_wish wish = {
        .to = json_string_value(json_object_get(r->input, "queue")),
        .position = json_integer_value(json_object_get(r->input, "position")),
        .added = true};
    job_transfer(r, queue, job, &wish);
}

void job_command_submit(struct request *r, struct job_input *in, job_command_answer answer)
{
    struct queue_command c;
    struct err e = {0};
    const struct jobs_queue *queue = NULL;
    int rc = job_command_init(r, &c, &e);
    if (rc == 0) {
        queue = job_command_queue(r, in->queue, &e);
    }
    bool shared = queue != NULL && strcmp(queue->kind, "local") != 0;
    if (shared && job_transfer_check(r, queue, &e) != 0) {
        queue = NULL;
    }
    if (queue == NULL) {
        reply_error(r, &e);
        return;
    }
    c.verb = QUEUE_SUBMIT;
    c.spec = in->job;
    if (in->job->submitter == NULL || in->job->submitter[0] == '\0') {
        free(in->job->submitter);
        in->job->submitter = mem_strdup(r->key_name);
    }
    if (shared) {
        in->job->moving = true; /* it is made here, and goes there with its files */
        c.mask = QUEUE_F_MOVING;
        job_command_send_for(r, QUEUE_LOCAL, &c, transfer);
        return;
    }
    choose_place(queue, in->position, c.after);
    if (answer != NULL) {
        job_command_send_for(r, queue->name, &c, answer);
    } else {
        job_command_send(r, queue->name, &c, 201);
    }
}

void api_job_add(struct request *r)
{
    struct job_input in = {0};
    struct err e = {0};
    if (job_command_jobs(r) == NULL) {
        return;
    }
    struct job_known known = job_command_known(r);
    if (!reply_failed(r, job_input_new(r->input, &known, &in, &e), &e)) {
        log_info("job \"%s\" added by %s", jobs_title(in.job), r->key_name);
        job_command_submit(r, &in, NULL);
    }
    job_input_fini(&in);
}
