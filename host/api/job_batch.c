#include "host/api/job_batch.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct job_batch *job_batch_new(struct request *r, size_t max, enum queue_verb verb, bool draft)
{
    struct job_batch *b = mem_alloc(sizeof *b);
    *b = (struct job_batch){.request = r, .max = max, .verb = verb};
    b->commands = mem_array(max, sizeof *b->commands);
    if (verb == QUEUE_EDIT) {
        b->spec = queue_job_new();
        b->spec->draft = draft;
    }
    return b;
}

void job_batch_free(struct job_batch *b)
{
    queue_job_free(b->spec);
    free(b->commands);
    free(b);
}

int job_batch_add(struct job_batch *b, const char *text, struct err *e)
{
    const struct queue_job *job;
    const struct jobs_queue *queue;
    if (b->count == b->max) {
        return err_set(e, PP_ETOOBIG, "more than %zu jobs", b->max);
    }
    struct queue_command *c = &b->commands[b->count];
    int rc = job_command_init(b->request, c, e);
    rc = rc == 0 ? jobs_find(b->request->http->o.jobs, text, &job, &queue, e) : rc;
    if (rc == -PP_ENOTFOUND && job_command_is_repeated(b->request, c)) {
        return 0; /* purged by this very request */
    }
    if (rc != 0) {
        return rc;
    }
    if (b->count > 0 && strcmp(b->queue, queue->name) != 0) {
        return err_set(
            e, PP_EINVAL, "jobs of one queue at a time: this one is in \"%s\"", queue->name);
    }
    str_copy(b->queue, sizeof b->queue, queue->name, strlen(queue->name));
    str_copy(c->job, sizeof c->job, job->id, strlen(job->id));
    c->verb = b->verb;
    c->mask = QUEUE_F_DRAFT;
    c->spec = b->spec;
    b->count++;
    return 0;
}

static void applied(void *context, const struct queue_result *result)
{
    struct job_batch *b = context;
    struct request *r = b->request;
    if (r->gone) {
        /* nobody waits any more */
    } else if (result->err.code != 0) {
        job_command_refused(r, &result->err);
    } else {
        b->answer(b);
    }
    job_batch_free(b);
    request_wake(r);
}

void job_batch_send(struct job_batch *b, void (*answer)(const struct job_batch *b))
{
    struct request *r = b->request;
    b->answer = answer;
    if (b->count == 0) {
        answer(b);
        job_batch_free(b);
        return;
    }
    request_wait(r);
    jobs_do_all(r->http->o.jobs, b->queue, b->commands, b->count, applied, b);
}
