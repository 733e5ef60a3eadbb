#include "host/api/job_transfer.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/api/view_jobs.h"
#include "host/app/network/network.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRANSFER_PATIENCE_MS 20000

/* Two wait for the move: the person, for a while, and what takes its end. */
struct transfer {
    uv_timer_t patience;
    struct request *request; /* NULL once it is answered */
    char job[ID_SIZE];
    char from[QUEUE_NAME_MAX + 1];
    bool added;
    struct err refusal;
    bool moved;
    bool closed;
};

static void free_if_done(struct transfer *t)
{
    if (t->moved && t->closed) {
        free(t);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct transfer *t = handle->data;
    t->closed = true;
    free_if_done(t);
}

static void end_wait(struct transfer *t)
{
    struct request *r = t->request;
    t->request = NULL;
    uv_close((uv_handle_t *)&t->patience, on_closed);
    request_wake(r);
}

static json_t *moving_view(const struct http *h, const char *job)
{
    size_t i;
    json_t *move;
    json_t *out = json_null();
    json_t *moves = network_moves(h->o.network);
    json_array_foreach(moves, i, move)
    {
        if (strcmp(json_string_value(json_object_get(move, "job")), job) == 0) {
            out = json_incref(move);
        }
    }
    json_decref(moves);
    return json_pack("{s:o}", "moving", out);
}

static void on_patience(uv_timer_t *timer)
{
    struct transfer *t = timer->data;
    if (!t->request->gone) {
        reply_json(t->request, MHD_HTTP_ACCEPTED, moving_view(t->request->http, t->job));
    }
    end_wait(t);
}

static void answer(struct transfer *t, const struct err *refusal)
{
    struct request *r = t->request;
    struct err e = {0};
    const struct queue_job *job;
    const struct jobs_queue *queue;
    t->moved = true;
    if (r == NULL) {
        if (refusal->code != 0) {
            log_warn("job %s stays where it is: %s", t->job, refusal->text);
        }
        free_if_done(t);
        return;
    }
    if (r->gone) {
        /* nobody waits any more */
    } else if (refusal->code != 0) {
        job_command_refused(r, refusal);
    } else if (!reply_failed(r, jobs_find(r->http->o.jobs, t->job, &job, &queue, &e), &e)) {
        reply_json(r, t->added ? 201 : 200, view_one_job(r->http, queue, job));
    }
    end_wait(t);
}

static void on_taken_away(void *context, const struct queue_result *result)
{
    struct transfer *t = context;
    (void)result;
    answer(t, &t->refusal);
}

/* Who is told that there is no such job is told so when it is nowhere. */
static void on_moved(void *context, const struct queue_result *result)
{
    struct transfer *t = context;
    if (result->err.code == 0 || !t->added || t->request == NULL) {
        answer(t, &result->err);
        return;
    }
    struct queue_command c = {.verb = QUEUE_TAKE, .revision = -1};
    memcpy(c.job, t->job, sizeof c.job);
    snprintf(c.printer, sizeof c.printer, "%s", t->request->http->o.name);
    t->refusal = result->err;
    jobs_do(t->request->http->o.jobs, t->from, &c, on_taken_away, t);
}

static void place(const struct jobs_queue *queue, int64_t position, char after[static ID_SIZE])
{
    after[0] = '\0';
    if (position > 0) {
        const struct queue_job *behind = job_command_behind(queue->queue, position, NULL);
        memcpy(after, behind != NULL ? behind->id : "-", behind != NULL ? ID_SIZE : 2);
    }
}

int job_transfer_check(const struct request *r, const struct jobs_queue *to, struct err *e)
{
    if (r->http->o.network == NULL) {
        return err_field(e, PP_EOFFLINE, "queue",
            "this host shares no queues (--no-network, or net: enabled: no)");
    }
    if (!to->enabled) {
        return err_field(e, PP_ESTATE, "queue", "queue \"%s\" is not enabled", to->name);
    }
    return 0;
}

void job_transfer(struct request *r, const struct jobs_queue *from, const struct queue_job *job,
    const struct job_transfer_wish *wish)
{
    struct err e = {0};
    char after[ID_SIZE];
    const char *to = wish->to;
    const struct jobs_queue *target = job_command_queue(r, to, &e);
    if (target == NULL || job_transfer_check(r, target, &e) != 0) {
        reply_error(r, &e);
        return;
    }
    struct transfer *t = mem_alloc(sizeof *t);
    t->request = r;
    t->added = wish->added;
    memcpy(t->job, job->id, sizeof t->job);
    memcpy(t->from, from->name, sizeof t->from);
    place(target, wish->position, after);
    uv_timer_init(r->http->loop, &t->patience);
    t->patience.data = t;
    uv_timer_start(&t->patience, on_patience, TRANSFER_PATIENCE_MS, 0);
    log_info("job \"%s\" (%s) moved from \"%s\" to \"%s\" by %s", jobs_title(job), job->id,
        from->name, to, r->key_name);
    request_wait(r);
    network_move(r->http->o.network, from->name, job->id, to, after, r->key_name, on_moved, t);
}
