#include "host/api/job_command.h"

#include "host/api/http_private.h"
#include "host/api/view_jobs.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct jobs *job_command_jobs(struct request *r)
{
    struct err e = {0};
    if (r->http->o.jobs == NULL) {
        err_set(&e, PP_EOFFLINE, "this host has no queue");
        reply_error(r, &e);
    }
    return r->http->o.jobs;
}

struct job_known job_command_known(const struct request *r)
{
    const struct http_options *o = &r->http->o;
    return (struct job_known){.files = o->files,
        .profiles = o->profiles,
        .materials = o->spools != NULL ? spools_materials(o->spools) : NULL};
}

static bool is_client(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return len > 0 && len <= JOB_CLIENT_MAX;
}

/* A client's name counts within its key: nobody takes another one's sequence, or the host's own. */
int job_command_init(const struct request *r, struct queue_command *c, struct err *e)
{
    char shown[64];
    const char *header = request_header(r, "X-Command");
    *c = (struct queue_command){.revision = -1};
    str_copy(c->actor, sizeof c->actor, r->key_name, strlen(r->key_name));
    if (header == NULL) {
        return 0;
    }
    const char *slash = strrchr(header, '/');
    if (slash == NULL || !is_client(header, (size_t)(slash - header)) ||
        !str_to_int(slash + 1, 1, INT64_MAX, &c->sequence)) {
        return err_field(e, PP_EINVAL, "X-Command",
            "X-Command \"%s\": must be CLIENT/SEQUENCE: up to %d plain characters and a number "
            "from 1 that grows",
            str_escape(shown, sizeof shown, header, strlen(header)), JOB_CLIENT_MAX);
    }
    snprintf(c->client, sizeof c->client, "%.60s/%.*s", r->key_name, (int)(slash - header), header);
    return 0;
}

static const struct jobs_queue *answered_by(const struct request *r, const struct queue_command *c)
{
    const struct jobs_queue *q;
    for (size_t i = 0; c->client[0] != '\0' && (q = jobs_queue_at(r->http->o.jobs, i)) != NULL;
         i++) {
        const struct queue_answer *answer = jobs_last_answer(r->http->o.jobs, q->name, c->client);
        if (answer != NULL && answer->sequence == c->sequence) {
            return q;
        }
    }
    return NULL;
}

bool job_command_is_repeated(const struct request *r, const struct queue_command *c)
{
    return answered_by(r, c) != NULL;
}

/* The queue gives the answer it gave then, whatever the command is now. */
bool job_command_repeat(struct request *r, const struct queue_command *c, unsigned status)
{
    const struct jobs_queue *queue = answered_by(r, c);
    if (queue == NULL) {
        return false;
    }
    struct queue_command again = *c;
    again.verb = QUEUE_RESET;
    job_command_send(r, queue->name, &again, status);
    return true;
}

const struct queue_job *job_command_find(struct request *r, const struct jobs_queue **queue)
{
    struct err e = {0};
    const struct queue_job *job = NULL;
    struct jobs *jobs = job_command_jobs(r);
    if (jobs != NULL) {
        reply_failed(r, jobs_find(jobs, r->stars.star[0], &job, queue, &e), &e);
    }
    return job;
}

const struct queue_job *job_command_begin(
    struct request *r, struct queue_command *c, const struct jobs_queue **queue, unsigned status)
{
    struct err e = {0};
    if (job_command_jobs(r) == NULL || reply_failed(r, job_command_init(r, c, &e), &e) ||
        job_command_repeat(r, c, status)) {
        return NULL;
    }
    const struct queue_job *job = job_command_find(r, queue);
    if (job != NULL) {
        str_copy(c->job, sizeof c->job, job->id, strlen(job->id));
    }
    return job;
}

const struct jobs_queue *job_command_queue(const struct request *r, const char *name, struct err *e)
{
    const struct jobs_queue *queue = jobs_queue_find(r->http->o.jobs, name);
    if (queue != NULL) {
        return queue;
    }
    struct strbuf names = {0};
    char shown[QUEUE_NAME_MAX + 1];
    const struct jobs_queue *q;
    for (size_t i = 0; i < 8 && (q = jobs_queue_at(r->http->o.jobs, i)) != NULL; i++) {
        strbuf_printf(&names, "%s\"%s\"", i > 0 ? ", " : "", q->name);
    }
    err_field(e, PP_ENOTFOUND, "queue", "there is no queue \"%s\": must be %s",
        str_escape(shown, sizeof shown, name, strlen(name)), strbuf_text(&names));
    strbuf_fini(&names);
    return NULL;
}

const struct queue_job *job_command_behind(
    const struct queue *q, int64_t position, const struct queue_job *moved)
{
    const struct queue_job *behind = NULL;
    const struct queue_job *job = queue_first(q);
    for (int64_t at = 1; job != NULL && at < position; job = queue_after(q, job)) {
        if (job != moved) {
            behind = job;
            at++;
        }
    }
    return behind;
}

struct sent {
    struct request *request;
    unsigned status;           /* with which job_command_send() answers */
    job_command_answer answer; /* NULL: so */
};

void job_command_refused(struct request *r, const struct err *e)
{
    char text[512];
    log_info("refused: %s", str_escape(text, sizeof text, e->text, strlen(e->text)));
    reply_error(r, e);
}

static void reply_job(const struct sent *s, const char *id)
{
    struct err e = {0};
    struct request *r = s->request;
    const struct queue_job *job;
    const struct jobs_queue *queue;
    if (reply_failed(r, jobs_find(r->http->o.jobs, id, &job, &queue, &e), &e)) {
        return;
    }
    if (s->answer != NULL) {
        s->answer(r, queue, job);
    } else {
        reply_json(r, s->status, view_one_job(r->http, queue, job));
    }
}

static void applied(void *context, const struct queue_result *result)
{
    struct sent *s = context;
    struct request *r = s->request;
    if (r->gone) {
        /* nobody waits any more, and the server may be closing */
    } else if (result->err.code != 0) {
        job_command_refused(r, &result->err);
    } else if (s->status == MHD_HTTP_NO_CONTENT) {
        reply_empty(r, s->status);
    } else {
        reply_job(s, result->job);
    }
    free(s);
    request_wake(r);
}

static void send_command(struct request *r, const char *queue, const struct queue_command *c,
    unsigned status, job_command_answer answer)
{
    struct sent *s = mem_alloc(sizeof *s);
    *s = (struct sent){r, status, answer};
    request_wait(r);
    jobs_do(r->http->o.jobs, queue, c, applied, s);
}

void job_command_send(
    struct request *r, const char *queue, const struct queue_command *c, unsigned status)
{
    send_command(r, queue, c, status, NULL);
}

void job_command_send_for(
    struct request *r, const char *queue, const struct queue_command *c, job_command_answer answer)
{
    send_command(r, queue, c, MHD_HTTP_OK, answer);
}
