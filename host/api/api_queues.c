/* The queues of this host. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/api/view_jobs.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void api_queues(struct request *r)
{
    const struct jobs_queue *queue;
    const struct jobs *jobs = job_command_jobs(r);
    if (jobs == NULL) {
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; (queue = jobs_queue_at(jobs, i)) != NULL; i++) {
        json_array_append_new(list, view_queue(queue));
    }
    reply_json(r, 200, json_pack("{s:o}", "queues", list));
}

static void edited(void *context, const struct err *e)
{
    struct request *r = context;
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else {
        const struct jobs_queue *queue = jobs_queue_find(r->http->o.jobs, r->stars.star[0]);
        reply_json(r, 200, queue != NULL ? view_queue(queue) : json_object());
    }
    request_wake(r);
}

static int read_edit(struct request *r, struct jobs_queue *queue, struct err *e)
{
    char strategy[32];
    char shown[32];
    const struct json_field fields[] = {
        {"strategy", JSON_KIND_TEXT, false, strategy, 1, 31},
        {"enabled", JSON_KIND_BOOL, false, &queue->enabled, 0, 0},
        {"share", JSON_KIND_BOOL, false, &queue->share, 0, 0},
    };
    int rc = json_read(r->input, fields, COUNT(fields), e);
    if (rc != 0 || json_object_get(r->input, "strategy") == NULL) {
        return rc;
    }
    if (!queue_strategy_parse(strategy, &queue->strategy)) {
        return err_field(e, PP_EINVAL, "strategy",
            "strategy \"%s\": must be in-order, least-changes or oldest-first",
            str_escape(shown, sizeof shown, strategy, strlen(strategy)));
    }
    return 0;
}

void api_queue_edit(struct request *r)
{
    struct err e = {0};
    if (job_command_jobs(r) == NULL) {
        return;
    }
    const struct jobs_queue *queue = job_command_queue(r, r->stars.star[0], &e);
    struct jobs_queue changed = queue != NULL ? *queue : (struct jobs_queue){0};
    int rc = queue != NULL ? read_edit(r, &changed, &e) : -e.code;
    if (!reply_failed(r, rc, &e)) {
        log_info("queue \"%s\" edited by %s", changed.name, r->key_name);
        request_wait(r);
        jobs_queue_edit(r->http->o.jobs, &changed, edited, r);
    }
}
