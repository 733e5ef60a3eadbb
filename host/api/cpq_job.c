/* Continuous Print's jobs: made, moved, edited, removed, reset. */
#include "host/api/cpq.h"

#include "host/api/handlers.h"
#include "host/api/http_private.h"
#include "host/api/job_batch.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int read_object(struct request *r, struct err *e)
{
    int rc = cpq_input(r, e);
    if (rc == 0 && !json_is_object(r->input)) {
        rc = err_field(e, PP_EINVAL, "json", "json: must be an object {...}");
    }
    return rc;
}

/* ---- a new one */

void cpq_job_add(struct request *r)
{
    static const char *const elsewhere[] = {"queue", "sets", NULL};
    struct job_input in = {0};
    struct err e = {0};
    if (job_command_jobs(r) == NULL || reply_failed(r, read_object(r, &e), &e)) {
        return;
    }
    cpq_drop(r->input, elsewhere);
    if (json_object_get(r->input, "draft") == NULL) {
        json_object_set_new(r->input, "draft", json_true());
    }
    struct job_known known = job_command_known(r);
    if (!reply_failed(r, job_input_new(r->input, &known, &in, &e), &e)) {
        log_info("job \"%s\" added by %s", jobs_title(in.job), r->key_name);
        job_command_submit(r, &in, cpq_reply_job);
    }
    job_input_fini(&in);
}

/* ---- order */

static void reply_moved(
    struct request *r, const struct jobs_queue *queue, const struct queue_job *job)
{
    (void)queue;
    (void)job;
    cpq_reply_ok(r);
}

/* Behind which job; none is the front. */
static int read_place(const struct jobs_queue *queue, const struct queue_job *job, json_t *input,
    struct queue_command *c, struct err *e)
{
    const json_t *after = json_object_get(input, "after_id");
    if (after == NULL) {
        return err_field(
            e, PP_EINVAL, "after_id", "field \"after_id\" is missing (empty: to the front)");
    }
    if (json_is_null(after) || (json_is_string(after) && json_string_length(after) == 0)) {
        return 0;
    }
    const struct queue_job *behind = cpq_job(queue, input, "after_id", e);
    if (behind == NULL) {
        return -e->code;
    }
    if (behind == job) {
        return err_field(
            e, PP_EINVAL, "after_id", "after_id \"%s\": must be another job", behind->id);
    }
    str_copy(c->after, sizeof c->after, behind->id, strlen(behind->id));
    return 0;
}

static int read_move(
    struct request *r, struct queue_command *c, const struct jobs_queue **queue, struct err *e)
{
    const struct queue_job *job = NULL;
    const struct jobs_queue *to = NULL;
    int rc = job_command_init(r, c, e);
    rc = rc == 0 ? read_object(r, e) : rc;
    if (rc != 0) {
        return rc;
    }
    *queue = cpq_queue(r, r->input, "src_queue", e);
    job = *queue != NULL ? cpq_job(*queue, r->input, "id", e) : NULL;
    if (job == NULL) {
        return -e->code;
    }
    to = json_object_get(r->input, "dest_queue") != NULL ? cpq_queue(r, r->input, "dest_queue", e)
                                                         : *queue;
    if (to == NULL) {
        return -e->code;
    }
    if (to != *queue) {
        return err_field(e, PP_EINVAL, "dest_queue",
            "job \"%s\" is in queue \"%s\" and stays there", job->name, (*queue)->name);
    }
    c->verb = QUEUE_MOVE;
    str_copy(c->job, sizeof c->job, job->id, strlen(job->id));
    return read_place(*queue, job, r->input, c, e);
}

void cpq_job_mv(struct request *r)
{
    struct queue_command c;
    struct err e = {0};
    const struct jobs_queue *queue = NULL;
    if (job_command_jobs(r) != NULL && !reply_failed(r, read_move(r, &c, &queue, &e), &e)) {
        log_info("job %s moved by %s", c.job, r->key_name);
        job_command_send_for(r, queue->name, &c, reply_moved);
    }
}

/* ---- edits */

/* What its clients send back of what they were shown. Copies may have been finished since then:
 * what is wanted left is counted from what was seen done. */
static int recount_copies(json_t *input, const struct queue_job *job, struct err *e)
{
    const json_t *remaining = json_object_get(input, "remaining");
    const json_t *completed = json_object_get(input, "completed");
    if (!json_is_integer(remaining)) {
        return 0;
    }
    json_int_t left = json_integer_value(remaining);
    json_int_t since = json_is_integer(completed)
                           ? job->count - job->remaining - json_integer_value(completed)
                           : 0;
    if (since > 0 && left > 0 && left <= since) {
        return err_field(e, PP_ESTATE, "remaining",
            "remaining %lld: %lld more have been completed since", (long long)left,
            (long long)since);
    }
    left -= since > 0 && left > 0 ? since : 0;
    if (left == job->remaining) {
        json_object_del(input, "remaining");
    } else {
        json_object_set_new(input, "remaining", json_integer(left));
    }
    return 0;
}

static int prepare_edit(struct request *r, const struct queue_job *job, struct err *e)
{
    static const char *const shown_only[] = {"id", "queue", "completed", "created", "acquired",
        "acquired_by_", "peer_", "hash", "rank", "archived", NULL};
    int rc = recount_copies(r->input, job, e);
    json_t *sets = json_object_get(r->input, "sets");
    size_t i;
    json_t *set;
    json_array_foreach(sets, i, set)
    {
        rc = rc == 0 ? cpq_set_input(set, job, r->http->o.profiles, e) : rc;
    }
    cpq_drop(r->input, shown_only);
    return rc;
}

static const struct queue_job *find_edited(
    struct request *r, const struct jobs_queue **queue, struct err *e)
{
    if (read_object(r, e) != 0) {
        return NULL;
    }
    *queue = cpq_queue(r, r->input, "queue", e);
    return *queue != NULL ? cpq_job(*queue, r->input, "id", e) : NULL;
}

void cpq_job_edit(struct request *r)
{
    struct job_input in = {0};
    struct queue_command c;
    struct err e = {0};
    const struct jobs_queue *queue = NULL;
    if (job_command_jobs(r) == NULL || reply_failed(r, job_command_init(r, &c, &e), &e)) {
        return;
    }
    const struct queue_job *job = find_edited(r, &queue, &e);
    if (job == NULL) {
        reply_error(r, &e);
        return;
    }
    struct job_known known = job_command_known(r);
    int rc = prepare_edit(r, job, &e);
    if (rc == 0 && json_object_size(r->input) == 0) {
        cpq_reply_job(r, queue, job);
        return;
    }
    rc = rc == 0 ? job_input_edit(r->input, job, &known, &in, &e) : rc;
    if (!reply_failed(r, rc, &e)) {
        c.verb = QUEUE_EDIT;
        c.spec = in.job;
        c.mask = in.mask;
        c.revision = in.revision;
        str_copy(c.job, sizeof c.job, job->id, strlen(job->id));
        log_info("job \"%s\" (%s) edited by %s", jobs_title(job), job->id, r->key_name);
        job_command_send_for(r, queue->name, &c, cpq_reply_job);
    }
    job_input_fini(&in);
}

/* ---- several at once */

static int add_jobs(
    struct job_batch *b, const struct jobs_queue *queue, const json_t *ids, struct err *e)
{
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        json_t *one = json_pack("{s:O}", "job_ids", id);
        const struct queue_job *job = cpq_job(queue, one, "job_ids", e);
        json_decref(one);
        int rc = job != NULL ? job_batch_add(b, job->id, e) : -e->code;
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static void act(struct request *r, enum queue_verb verb, const char *what,
    void (*answer)(const struct job_batch *b))
{
    struct err e = {0};
    const struct jobs_queue *queue = NULL;
    if (job_command_jobs(r) == NULL) {
        return;
    }
    int rc = read_object(r, &e);
    if (rc == 0) {
        queue = cpq_queue(r, r->input, "queue", &e);
        rc = queue != NULL ? 0 : -e.code;
    }
    const json_t *ids = rc == 0 ? cpq_ids(r->input, &e) : NULL;
    if (ids == NULL) {
        reply_error(r, &e);
        return;
    }
    struct job_batch *b = job_batch_new(r, json_array_size(ids), verb, false);
    if (reply_failed(r, add_jobs(b, queue, ids, &e), &e)) {
        job_batch_free(b);
        return;
    }
    log_info("%zu job%s %s by %s", b->count, b->count == 1 ? "" : "s", what, r->key_name);
    job_batch_send(b, answer);
}

static void reply_removed(const struct job_batch *b)
{
    struct request *r = b->request;
    const struct jobs_queue *queue = jobs_queue_find(r->http->o.jobs, b->queue);
    size_t sets = 0;
    for (size_t i = 0; queue != NULL && i < b->count; i++) {
        const struct queue_job *job = queue_find(queue->queue, b->commands[i].job);
        sets += job != NULL ? job->sets_count : 0;
    }
    reply_json(r, 200,
        json_pack(
            "{s:I, s:I}", "jobs_deleted", (json_int_t)b->count, "sets_deleted", (json_int_t)sets));
}

static void reply_reset(const struct job_batch *b)
{
    reply_json(b->request, 200, json_pack("{s:I}", "num_updated", (json_int_t)b->count));
}

void cpq_job_rm(struct request *r)
{
    act(r, QUEUE_ARCHIVE, "removed", reply_removed);
}

void cpq_job_reset(struct request *r)
{
    act(r, QUEUE_RESET, "reset", reply_reset);
}
