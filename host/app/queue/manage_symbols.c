/* What conditions and templates see: `current`, `external` and `metadata` as in Continuous Print,
 * and beside them `printer`, `job`, `set` and `time`. What is not known is null. */
#include "host/app/queue/manage_priv.h"

#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXTERNAL_SETTING "external"
#define EXTERNAL_MAX     4000 /* bytes of JSON */

/* ---- external ----------------------------------------------------------------------------------
 */

int manage_load_external(struct manage *m, struct err *e)
{
    char text[EXTERNAL_MAX + 1];
    int rc = store_load_setting(m->o.store, EXTERNAL_SETTING, text, sizeof text, e);
    if (rc == 0 && text[0] != '\0' && json_parse(&m->external, text, strlen(text), NULL) < 0) {
        log_warn("what was posted as \"external\" cannot be read any more");
    }
    if (!json_is_object(m->external)) {
        json_decref(m->external);
        m->external = json_object();
    }
    return rc;
}

static void on_stored(void *context, const struct err *e)
{
    if (e != NULL) {
        log_error("\"external\" could not be written: %s", e->text);
    }
    manage_let_go(context);
}

int manage_set_external(struct manage *m, json_t *object, struct err *e)
{
    if (!json_is_object(object)) {
        return err_set(e, PP_EINVAL, "must be a JSON object, such as {\"humidity\": 40}");
    }
    char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    size_t len = text != NULL ? strlen(text) : EXTERNAL_MAX + 1;
    if (len > EXTERNAL_MAX) {
        free(text);
        return err_set(e, PP_ETOOBIG, "more than %d bytes", EXTERNAL_MAX);
    }
    json_decref(m->external);
    m->external = json_deep_copy(object);
    m->open++;
    store_save_setting(m->o.store, EXTERNAL_SETTING, text, on_stored, m);
    free(text);
    return 0;
}

json_t *manage_external(const struct manage *m)
{
    return m->external;
}

/* ---- history -----------------------------------------------------------------------------------
 */

struct history_query {
    struct manage *manage;
    void (*done)(struct manage *m);
};

static json_t *run_json(const struct manage *m, const struct run *run)
{
    int64_t time_ms = run->end_ms > run->start_ms ? run->end_ms - run->start_ms : 0;
    const char *profile = m->o.profile != NULL ? m->o.profile->id : "";
    return json_pack("{s:f, s:f, s:b, s:s, s:s}", "timestamp", (double)run->end_ms / 1000,
        "printTime", (double)time_ms / 1000, "success", run->result == RUN_SUCCESS,
        "printerProfile", profile, "result", run_result_name(run->result));
}

static void on_runs(void *context, const struct err *e, const struct run *runs, size_t n)
{
    struct history_query *query = context;
    struct manage *m = query->manage;
    json_decref(m->history);
    m->history = json_array();
    for (size_t i = 0; e == NULL && i < n; i++) {
        if (runs[i].result != RUN_OPEN) {
            json_array_append_new(m->history, run_json(m, &runs[i]));
        }
    }
    if (!m->closing) {
        query->done(m);
    }
    free(query);
    manage_let_go(m);
}

/* Of the current file. A history that cannot be read is an empty one. */
void manage_load_history(struct manage *m, void (*done)(struct manage *m))
{
    struct history_query *query = mem_alloc(sizeof *query);
    *query = (struct history_query){.manage = m, .done = done};
    const struct run_filter filter = {
        .limit = MANAGE_HISTORY, .file = m->current.path, .own = true};
    m->open++;
    store_list_runs(m->o.store, &filter, on_runs, query);
}

/* ---- metadata ----------------------------------------------------------------------------------
 */

static double mm(int64_t um)
{
    return (double)um / 1000;
}

static json_t *area_json(const struct analysis *a)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "minX", mm(a->min_um[0]), "minY",
        mm(a->min_um[1]), "minZ", mm(a->min_um[2]), "maxX", mm(a->max_um[0]), "maxY",
        mm(a->max_um[1]), "maxZ", mm(a->max_um[2]));
}

static json_t *filament_json(const struct analysis *a)
{
    json_t *all = json_object();
    double diameter_mm = a->filament_diameter_um > 0 ? mm(a->filament_diameter_um) : 1.75;
    for (int i = 0; i < ANALYSIS_TOOLS; i++) {
        char tool[8];
        double length_mm = mm(a->filament_um[i]);
        double volume_cm3 = length_mm * M_PI * diameter_mm * diameter_mm / 4 / 1000;
        if (a->filament_um[i] > 0) {
            snprintf(tool, sizeof tool, "tool%d", i);
            json_object_set_new(
                all, tool, json_pack("{s:f, s:f}", "length", length_mm, "volume", volume_cm3));
        }
    }
    return all;
}

static json_t *analysis_json(const struct analysis *a)
{
    if (!a->has_moves) {
        return json_null();
    }
    int64_t time_ms = a->slicer_time_ms > 0 ? a->slicer_time_ms : a->time_ms;
    return json_pack("{s:o, s:{s:f, s:f, s:f}, s:f, s:o}", "printingArea", area_json(a),
        "dimensions", "width", mm(a->max_um[0] - a->min_um[0]), "depth",
        mm(a->max_um[1] - a->min_um[1]), "height", mm(a->max_um[2] - a->min_um[2]),
        "estimatedPrintTime", (double)time_ms / 1000, "filament", filament_json(a));
}

/* Of the prints that ended well, in seconds; by the printer's profile. */
static json_t *statistics_json(const struct manage *m)
{
    double sum = 0;
    double last = -1;
    size_t count = 0;
    size_t i;
    json_t *run;
    const char *profile = m->o.profile != NULL ? m->o.profile->id : "_default";
    json_array_foreach(m->history, i, run)
    {
        if (json_is_true(json_object_get(run, "success"))) {
            double seconds = json_number_value(json_object_get(run, "printTime"));
            last = last < 0 ? seconds : last;
            sum += seconds;
            count++;
        }
    }
    json_t *average = json_object();
    json_t *latest = json_object();
    if (count > 0) {
        json_object_set_new(average, profile, json_real(sum / (double)count));
        json_object_set_new(latest, profile, json_real(last));
    }
    return json_pack("{s:o, s:o}", "averagePrintTime", average, "lastPrintTime", latest);
}

static json_t *metadata_json(const struct manage *m)
{
    const struct manage_work *w = &m->current;
    const struct file_entry *file =
        w->sha256[0] != '\0' ? files_find_content(m->o.files, w->sha256) : NULL;
    if (file == NULL || !file->analysed) {
        return json_null();
    }
    json_t *history = m->history != NULL ? json_incref(m->history) : json_array();
    return json_pack("{s:s, s:o, s:{s:s}, s:o, s:o}", "hash", w->sha256, "analysis",
        analysis_json(&file->analysis), "continuousprint", "profile", file->analysis.printer,
        "history", history, "statistics", statistics_json(m));
}

/* ---- the rest ----------------------------------------------------------------------------------
 */

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

/* What was done before this print was prepared; null once it prints. */
static json_t *before_json(const struct manage *m)
{
    enum driver_state now = driver_state(&m->driver);
    return now == DRIVER_PREPARING || now == DRIVER_STARTING
               ? json_string(driver_states[m->came_from].name)
               : json_null();
}

static json_t *current_json(const struct manage *m, enum driver_moment moment)
{
    json_t *materials = json_array();
    size_t tools = 1;
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        tools = m->current.materials[i][0] != '\0' && i + 1 > tools ? i + 1 : tools;
    }
    for (size_t i = 0; i < tools; i++) {
        json_array_append_new(materials, text_or_null(m->current.materials[i]));
    }
    bool known = m->facts.bed_mc != INT32_MIN;
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:s}", "path", text_or_null(m->current.path),
        "materials", materials, "bed_temp",
        known ? json_real(m->facts.bed_mc / 1000.0) : json_null(), "state",
        driver_states[driver_state(&m->driver)].name, "before", before_json(m), "action",
        driver_moment_name(moment));
}

static json_t *printer_json(const struct manage *m)
{
    static const char axis[] = "xyz";
    const struct profile *p = m->o.profile;
    json_t *o = json_pack(
        "{s:s, s:o}", "name", m->name, "profile", p != NULL ? json_string(p->id) : json_null());
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "min_%c", axis[i]);
        json_object_set_new(o, name, p != NULL ? json_real(mm(p->limits.min_um[i])) : json_null());
        snprintf(name, sizeof name, "max_%c", axis[i]);
        json_object_set_new(o, name, p != NULL ? json_real(mm(p->limits.max_um[i])) : json_null());
    }
    json_object_set_new(o, "tools", p != NULL ? json_integer(p->limits.tools) : json_null());
    /* without current the carriages of a delta fall; of an unknown printer nobody knows */
    bool stays = p != NULL && !p->limits.round;
    json_object_set_new(o, "motors_off", json_string(stays ? "M84" : ""));
    json_object_set_new(o, "round", p != NULL ? json_boolean(p->limits.round) : json_null());
    return o;
}

static const struct queue_job *current_job(const struct manage *m)
{
    const struct jobs_queue *queue = jobs_queue_find(m->o.jobs, m->current.queue);
    return queue != NULL && m->current.job[0] != '\0' ? queue_find(queue->queue, m->current.job)
                                                      : NULL;
}

static json_t *job_json(const struct manage *m, const struct queue_job *job)
{
    if (job == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s}", "id", job->id, "name", job->name,
        "queue", m->current.queue, "count", job->count, "remaining", job->remaining, "attempt",
        m->driver.attempt, "note", job->note != NULL ? job->note : "");
}

static json_t *set_json(const struct manage *m, const struct queue_job *job)
{
    const struct queue_set *set = job != NULL ? queue_job_set(job, m->current.set) : NULL;
    if (set == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:s, s:i, s:i, s:i}", "id", set->id, "path", set->path, "count",
        set->count, "remaining", set->remaining, "completed", set->completed);
}

static json_t *time_json(void)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm t = {0};
    localtime_r(&now, &t);
    return json_pack("{s:i, s:i, s:i, s:I}", "hour", t.tm_hour, "minute", t.tm_min, "weekday",
        t.tm_wday == 0 ? 7 : t.tm_wday, "unix", (json_int_t)now);
}

json_t *manage_symbols(const struct manage *m, enum driver_moment moment)
{
    const struct queue_job *job = current_job(m);
    json_t *o = json_object();
    json_object_set_new(o, "current", current_json(m, moment));
    json_object_set_new(o, "external", json_deep_copy(m->external));
    json_object_set_new(o, "metadata", metadata_json(m));
    json_object_set_new(o, "printer", printer_json(m));
    json_object_set_new(o, "job", job_json(m, job));
    json_object_set_new(o, "set", set_json(m, job));
    json_object_set_new(o, "time", time_json());
    return o;
}
