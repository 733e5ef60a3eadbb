/* Jobs changed: edited, moved, removed and brought back; many at once. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/job_batch.h"
#include "host/api/job_command.h"
#include "host/api/job_transfer.h"
#include "host/api/job_list.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define POSITION_MAX 1000000

static void set_id(char to[static ID_SIZE], const char *id)
{
    str_copy(to, ID_SIZE, id, strlen(id));
}

/* A command about the job in the path that needs nothing besides. */
static void simple(struct request *r, enum queue_verb verb, const char *what, unsigned status)
{
    struct err e = {0};
    struct queue_command c;
    const struct jobs_queue *queue;
    if (r->input != NULL && reply_failed(r, json_read(r->input, NULL, 0, &e), &e)) {
        return;
    }
    const struct queue_job *job = job_command_begin(r, &c, &queue, status);
    if (job != NULL) {
        c.verb = verb;
        log_info("job \"%s\" (%s) %s by %s", jobs_title(job), job->id, what, r->key_name);
        job_command_send(r, queue->name, &c, status);
    }
}

void api_job_remove(struct request *r)
{
    simple(r, QUEUE_ARCHIVE, "removed", 204);
}

void api_job_restore(struct request *r)
{
    simple(r, QUEUE_RESTORE, "restored", 200);
}

void api_job_reset(struct request *r)
{
    simple(r, QUEUE_RESET, "reset", 200);
}

void api_job_purge(struct request *r)
{
    simple(r, QUEUE_PURGE, "purged", 204);
}

void api_job_edit(struct request *r)
{
    struct job_input in = {0};
    struct queue_command c;
    struct err e = {0};
    const struct jobs_queue *queue;
    const struct queue_job *job = job_command_begin(r, &c, &queue, 200);
    if (job == NULL) {
        return;
    }
    struct job_known known = job_command_known(r);
    int rc = job_input_edit(r->input, job, &known, &in, &e);
    if (!reply_failed(r, rc, &e)) {
        c.verb = QUEUE_EDIT;
        c.spec = in.job;
        c.mask = in.mask;
        c.revision = in.revision;
        log_info("job \"%s\" (%s) edited by %s", jobs_title(job), job->id, r->key_name);
        job_command_send(r, queue->name, &c, 200);
    }
    job_input_fini(&in);
}

/* ---- order */

struct move {
    char queue[QUEUE_NAME_MAX + 1];
    char after[QUEUE_TEXT_MAX + 1];
    int64_t position; /* 0 = not said */
};

static int read_move(struct request *r, struct move *m, struct err *e)
{
    const struct json_field fields[] = {
        {"queue", JSON_KIND_TEXT, false, m->queue, 1, QUEUE_NAME_MAX},
        {"position", JSON_KIND_INT, false, &m->position, 1, POSITION_MAX},
        {"after", JSON_KIND_TEXT, false, m->after, 1, QUEUE_TEXT_MAX},
    };
    int rc = json_read(r->input, fields, COUNT(fields), e);
    bool placed = m->position > 0;
    bool behind = m->after[0] != '\0';
    if (rc == 0 && (placed ? behind : !behind && m->queue[0] == '\0')) {
        rc = err_set(e, PP_EINVAL, "where to? send {\"position\": 1} or {\"after\": JOB}");
    }
    if (!placed && !behind) {
        m->position = INT64_MAX; /* a queue alone: to its end */
    }
    return rc;
}

/* Behind which job the moved one comes; c->after stays "" for the front. */
static int find_place(const struct request *r, const struct move *m, const struct jobs_queue *queue,
    const struct queue_job *job, struct queue_command *c, struct err *e)
{
    const struct queue_job *behind = NULL;
    const struct jobs_queue *where = queue;
    if (m->position > 0) {
        behind = job_command_behind(queue->queue, m->position, job);
    } else if (jobs_find(r->http->o.jobs, m->after, &behind, &where, e) != 0) {
        str_copy(e->field, sizeof e->field, "after", 5);
        return -e->code;
    }
    if (where != queue || behind == job) {
        return err_field(e, PP_EINVAL, "after", "after \"%s\": must be another job of queue \"%s\"",
            m->after, queue->name);
    }
    if (behind != NULL) {
        set_id(c->after, behind->id);
    }
    return 0;
}

void api_job_move(struct request *r)
{
    struct move m = {.position = 0};
    struct queue_command c;
    struct err e = {0};
    const struct jobs_queue *queue;
    const struct queue_job *job = job_command_begin(r, &c, &queue, 200);
    if (job == NULL) {
        return;
    }
    int rc = read_move(r, &m, &e);
    if (rc == 0 && m.queue[0] != '\0' && strcmp(m.queue, queue->name) != 0) {
        job_transfer(r, queue, job,
            &(struct job_transfer_wish){
                .to = m.queue, .position = m.position == INT64_MAX ? 0 : m.position});
        return;
    }
    rc = rc == 0 ? find_place(r, &m, queue, job, &c, &e) : rc;
    if (!reply_failed(r, rc, &e)) {
        c.verb = QUEUE_MOVE;
        log_info("job \"%s\" (%s) moved by %s", jobs_title(job), job->id, r->key_name);
        job_command_send(r, queue->name, &c, 200);
    }
}

/* ---- many at once */

static const struct action {
    const char *name;
    enum queue_verb verb;
    bool draft; /* of QUEUE_EDIT */
} actions[] = {
    {"remove", QUEUE_ARCHIVE, false},
    {"reset", QUEUE_RESET, false},
    {"restore", QUEUE_RESTORE, false},
    {"purge", QUEUE_PURGE, false},
    {"draft", QUEUE_EDIT, true},
    {"undraft", QUEUE_EDIT, false},
};

static const struct action *find_action(const char *name, struct err *e)
{
    char shown[32];
    for (size_t i = 0; i < COUNT(actions); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return &actions[i];
        }
    }
    err_field(e, PP_EINVAL, "action",
        "action \"%s\": must be remove, reset, restore, purge, draft or undraft",
        str_escape(shown, sizeof shown, name, strlen(name)));
    return NULL;
}

static int add_jobs(struct job_batch *b, const json_t *ids, struct err *e)
{
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *text = json_string_value(json_array_get(ids, i));
        int rc = text != NULL ? job_batch_add(b, text, e)
                              : err_set(e, PP_EINVAL, "must be a job's id or name");
        if (rc != 0) {
            err_wrap(e, "jobs[%zu]", i);
            snprintf(e->field, sizeof e->field, "jobs[%zu]", i);
            return rc;
        }
    }
    return 0;
}

static void reply_batch(const struct job_batch *b)
{
    char head[40];
    struct request *r = b->request;
    const struct jobs_queue *queue = jobs_queue_find(r->http->o.jobs, b->queue);
    struct job_list *l = job_list_new(r->http, b->count, view_queue_job);
    snprintf(head, sizeof head, "{\"total\":%zu,\"jobs\":[", b->count);
    job_list_part(l, head, queue);
    for (size_t i = 0; i < b->count; i++) {
        job_list_add(l, b->commands[i].job, 0);
    }
    job_list_part(l, "]}", NULL);
    if (queue != NULL) {
        job_list_find_positions(l, queue);
    }
    job_list_reply(l, r);
}

static void log_batch(const struct job_batch *b, const char *action)
{
    const struct queue_job *job = NULL;
    const struct jobs_queue *queue;
    const struct request *r = b->request;
    if (b->count == 1) {
        jobs_find(r->http->o.jobs, b->commands[0].job, &job, &queue, NULL);
    }
    if (job != NULL) {
        log_info("%s of job \"%s\" asked for by %s", action, jobs_title(job), r->key_name);
    } else {
        log_info("%s of %zu jobs asked for by %s", action, b->count, r->key_name);
    }
}

void api_jobs_act(struct request *r)
{
    char name[32] = "";
    json_t *ids = NULL;
    struct err e = {0};
    const struct action *action = NULL;
    const struct json_field fields[] = {
        {"action", JSON_KIND_TEXT, true, name, 1, 31},
        {"jobs", JSON_KIND_ARRAY, true, &ids, 1, JOBS_ALL_MAX},
    };
    if (job_command_jobs(r) == NULL) {
        return;
    }
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    action = rc == 0 ? find_action(name, &e) : NULL;
    if (action == NULL) {
        reply_error(r, &e);
        return;
    }
    struct job_batch *b = job_batch_new(r, json_array_size(ids), action->verb, action->draft);
    rc = add_jobs(b, ids, &e);
    if (reply_failed(r, rc, &e)) {
        job_batch_free(b);
        return;
    }
    log_batch(b, name);
    job_batch_send(b, reply_batch);
}
