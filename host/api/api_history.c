/* Past runs and their sums. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/query.h"
#include "host/api/view.h"
#include "host/app/material.h"
#include "host/app/queue/spools.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RUNS_DEFAULT 50
#define RUNS_MAX     1000

static void runs_listed(void *context, const struct err *e, const struct run *runs, size_t n)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(list, view_run(&runs[i]));
        }
        reply_json(r, 200, json_pack("{s:o}", "runs", list));
    }
    request_wake(r);
}

static int read_result(const struct request *r, enum run_result *result, bool *any, struct err *e)
{
    char shown[32];
    const char *text = request_argument(r, "result");
    *any = text == NULL;
    for (int i = RUN_OPEN; text != NULL && i <= RUN_INTERRUPTED; i++) {
        if (strcmp(run_result_name((enum run_result)i), text) == 0) {
            *result = (enum run_result)i;
            return 0;
        }
    }
    return text == NULL
               ? 0
               : err_field(e, PP_EINVAL, "result",
                     "result \"%s\": must be open, success, failure, cancelled, aborted or "
                     "interrupted",
                     str_escape(shown, sizeof shown, text, strlen(text)));
}

/* A job is named here as anywhere, one that is gone by its whole id. */
static const char *job_argument(const struct request *r)
{
    const char *text = request_argument(r, "job");
    const struct queue_job *job;
    const struct jobs_queue *queue;
    struct err e;
    bool known = text != NULL && r->http->o.jobs != NULL &&
                 jobs_find(r->http->o.jobs, text, &job, &queue, &e) == 0;
    return known ? job->id : text;
}

void api_runs(struct request *r)
{
    enum run_result result = RUN_OPEN;
    bool any = true;
    int64_t limit = RUNS_DEFAULT;
    int64_t before_ms = 0;
    struct err e = {0};
    int rc = query_int(r, "limit", 1, RUNS_MAX, &limit, &e);
    rc = rc == 0 ? query_int(r, "before_ms", 1, INT64_MAX, &before_ms, &e) : rc;
    rc = rc == 0 ? read_result(r, &result, &any, &e) : rc;
    if (reply_failed(r, rc, &e)) {
        return;
    }
    const struct run_filter filter = {.limit = (size_t)limit,
        .before_ms = before_ms,
        .printer = request_argument(r, "printer"),
        .file = request_argument(r, "file"),
        .job = job_argument(r),
        .result = any ? NULL : &result};
    request_wait(r);
    store_list_runs(r->http->o.store, &filter, runs_listed, r);
}

static void cleared(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, 204);
    }
    request_wake(r);
}

void api_runs_clear(struct request *r)
{
    log_info("history cleared by %s", r->key_name);
    request_wait(r);
    store_clear_runs(r->http->o.store, INT64_MAX, cleared, r);
}

/* ---- sums */

static json_t *stats_view(const struct run_stats *s)
{
    json_t *view = json_pack("{s:o, s:I, s:I, s:o, s:o}", "key", json_text(s->key), "prints",
        (json_int_t)s->prints, "time_ms", (json_int_t)s->time_ms, "filament_mm",
        json_number((double)s->filament_um / 1000, 3), "grams", json_number(s->grams, 2));
    for (int i = RUN_SUCCESS; i <= RUN_INTERRUPTED; i++) {
        json_object_set_new(
            view, run_result_name((enum run_result)i), json_integer((json_int_t)s->results[i]));
    }
    return view;
}

static void stats_listed(
    void *context, const struct err *e, const struct run_stats *stats, size_t n)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(list, stats_view(&stats[i]));
        }
        reply_json(r, 200, json_pack("{s:o}", "stats", list));
    }
    request_wake(r);
}

/* A material that nobody knows weighs what PLA does: nearly all filament is within a fifth of it.
 */
static double weigh(void *context, const char *material, int64_t length_um)
{
    const struct request *r = context;
    char type[QUEUE_WORD_MAX + 1];
    if (r->gone || r->http->o.spools == NULL) {
        return 0;
    }
    const struct materials *all = spools_materials(r->http->o.spools);
    str_copy(type, sizeof type, material, strcspn(material, "_"));
    const struct material *m = materials_match(all, type);
    m = m != NULL ? m : materials_match(all, "PLA");
    return m != NULL ? material_grams(m, length_um) : 0;
}

static int read_by(const struct request *r, enum stats_by *by, struct err *e)
{
    static const char *const names[] = {[STATS_BY_PRINTER] = "printer",
        [STATS_BY_FILE] = "file",
        [STATS_BY_MATERIAL] = "material",
        [STATS_BY_DAY] = "day"};
    char shown[32];
    const char *text = request_argument(r, "by");
    for (size_t i = 0; text != NULL && i < COUNT(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *by = (enum stats_by)i;
            return 0;
        }
    }
    return text == NULL
               ? 0
               : err_field(e, PP_EINVAL, "by", "by \"%s\": must be printer, file, material or day",
                     str_escape(shown, sizeof shown, text, strlen(text)));
}

void api_stats(struct request *r)
{
    struct err e = {0};
    struct stats_filter filter = {.by = STATS_BY_PRINTER, .weigh = weigh, .weigh_context = r};
    int rc = read_by(r, &filter.by, &e);
    rc = rc == 0 ? query_int(r, "since_ms", 0, INT64_MAX, &filter.since_ms, &e) : rc;
    if (!reply_failed(r, rc, &e)) {
        request_wait(r);
        store_stats(r->http->o.store, &filter, stats_listed, r);
    }
}
