/* Continuous Print's history: the last runs, with its words for how they ended. */
#include "host/api/cpq.h"

#include "host/api/handlers.h"
#include "host/api/http_private.h"
#include "host/base/json.h"
#include "host/base/log.h"

#define RUNS_MAX 100

/* It knows no difference between a person's "cancel" and a host that died; what the printer ended
 * is a failure. NULL: not ended. */
static const char *result_name(enum run_result result)
{
    static const char *const names[] = {[RUN_OPEN] = NULL,
        [RUN_SUCCESS] = "success",
        [RUN_FAILURE] = "failure",
        [RUN_CANCELLED] = "aborted",
        [RUN_ABORTED] = "failure",
        [RUN_INTERRUPTED] = "aborted"};
    return names[result];
}

static json_t *run_view(const struct run *run)
{
    json_t *view = json_pack("{s:o, s:I, s:o, s:o, s:b}", "id", json_text(run->id), "start",
        (json_int_t)(run->start_ms / 1000), "end",
        json_known(run->end_ms > 0 ? run->end_ms / 1000 : -1), "result",
        json_text(result_name(run->result)), "active", run->result == RUN_OPEN);
    json_t *rest = json_pack("{s:s, s:s, s:s, s:n, s:n}", "job_name", run->job_name, "set_path",
        run->file_name, "queue_name", run->queue, "movie_path", "thumb_path");
    json_object_update(view, rest);
    json_decref(rest);
    return view;
}

static void listed(void *context, const struct err *e, const struct run *runs, size_t n)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(list, run_view(&runs[i]));
        }
        reply_json(r, 200, list);
    }
    request_wake(r);
}

void cpq_history_get(struct request *r)
{
    const struct run_filter filter = {.limit = RUNS_MAX};
    request_wait(r);
    store_list_runs(r->http->o.store, &filter, listed, r);
}

static void cleared(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        cpq_reply_ok(r);
    }
    request_wake(r);
}

void cpq_history_reset(struct request *r)
{
    log_info("history cleared by %s", r->key_name);
    request_wait(r);
    store_clear_runs(r->http->o.store, INT64_MAX, cleared, r);
}
