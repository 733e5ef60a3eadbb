/* Continuous Print's view of everything, and managing switched on and off. */
#include "host/api/cpq.h"

#include "host/api/handlers.h"
#include "host/api/http_private.h"
#include "host/api/job_list.h"
#include "host/api/view_jobs.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- sets and jobs --------------------------------------------------------------------------- */

/* Its clients take time and filament from JSON in a text. What a client has said itself stays. */
static json_t *metadata_view(const struct queue_set *set)
{
    json_t *lengths = json_array();
    if (set->metadata != NULL || set->time_ms < 0) {
        json_decref(lengths);
        return json_text(set->metadata);
    }
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        while (set->filament_um[i] > 0 && json_array_size(lengths) <= i) {
            json_array_append_new(lengths, json_integer(0));
        }
        if (set->filament_um[i] > 0) {
            json_array_set_new(lengths, i, json_number((double)set->filament_um[i] / 1000, 3));
        }
    }
    json_t *all = json_pack("{s:o, s:o}", "estimatedPrintTime",
        json_number((double)set->time_ms / 1000, 3), "filamentLengths", lengths);
    char *text = json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_t *view = json_text(text);
    free(text);
    json_decref(all);
    return view;
}

json_t *cpq_set_view(const struct queue_set *set, size_t rank)
{
    json_t *view = json_pack("{s:o, s:o, s:b, s:i, s:i, s:i}", "id", json_text(set->id), "path",
        json_text(set->path), "sd", 0, "count", (int)set->count, "remaining", (int)set->remaining,
        "completed", (int)set->completed);
    json_t *rest = json_pack("{s:o, s:o, s:o, s:I}", "materials", view_materials(set), "profiles",
        view_profiles(set), "metadata", metadata_view(set), "rank", (json_int_t)rank);
    json_object_update(view, rest);
    json_decref(rest);
    return view;
}

static bool is_acquired(const struct queue_job *job)
{
    for (size_t i = 0; i < job->claims_count; i++) {
        if (job->claims[i].printer[0] != '\0') {
            return true;
        }
    }
    return false;
}

json_t *cpq_job_view(const struct view_lens *lens, const struct jobs_queue *queue,
    const struct queue_job *job, size_t position)
{
    json_t *sets = json_array();
    (void)lens;
    (void)position;
    for (size_t i = 0; i < job->sets_count; i++) {
        json_array_append_new(sets, cpq_set_view(&job->sets[i], i));
    }
    json_t *view = json_pack("{s:o, s:s, s:o, s:i, s:i, s:i}", "id", json_text(job->id), "name",
        job->name, "queue", json_text(queue->name), "count", (int)job->count, "remaining",
        (int)job->remaining, "completed", (int)(job->count - job->remaining));
    json_t *rest = json_pack("{s:b, s:b, s:I, s:I, s:o}", "draft", job->draft, "acquired",
        is_acquired(job), "created", (json_int_t)(job->created_ms / 1000), "revision",
        (json_int_t)job->revision, "sets", sets);
    json_object_update(view, rest);
    json_decref(rest);
    return view;
}

void cpq_reply_job(struct request *r, const struct jobs_queue *queue, const struct queue_job *job)
{
    reply_json(r, 200, cpq_job_view(NULL, queue, job, 0));
}

void cpq_reply_ok(struct request *r)
{
    reply_json(r, 200, json_string("OK"));
}

/* ---- state ----------------------------------------------------------------------------------- */

const char *cpq_strategy(enum queue_strategy s)
{
    static const char *const names[] = {[QUEUE_IN_ORDER] = "IN_ORDER",
        [QUEUE_LEAST_CHANGES] = "LEAST_MANUAL",
        [QUEUE_OLDEST_FIRST] = "OLDEST_FIRST"};
    return names[s];
}

static const char *status_type(const struct manage_status *s)
{
    return s->in_error ? "ERROR" : s->needs_person ? "NEEDS_ACTION" : "NORMAL";
}

/* An object's text without its end: more follows. */
static char *open_object(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    text = text != NULL ? text : mem_strdup("{}");
    text[strlen(text) - 1] = '\0';
    return text;
}

static char *head(const struct http *h)
{
    struct manage_status s = {.text = ""};
    if (h->o.manage != NULL) {
        manage_status(h->o.manage, &s);
    }
    return open_object(json_pack("{s:b, s:s, s:s, s:s}", "active", s.managing, "profile",
        h->o.profile != NULL ? h->o.profile->id : "", "status", s.text, "statusType",
        status_type(&s)));
}

/* With the set at work, where that is of this queue. */
static char *queue_head(const struct http *h, const struct jobs_queue *queue, size_t rank)
{
    struct manage_status s = {.set = ""};
    if (h->o.manage != NULL) {
        manage_status(h->o.manage, &s);
    }
    bool here = strcmp(s.queue, queue->name) == 0;
    return open_object(json_pack("{s:s, s:s, s:n, s:[], s:o, s:I}", "name", queue->name, "strategy",
        cpq_strategy(queue->strategy), "addr", "peers", "active_set", json_text(here ? s.set : ""),
        "rank", (json_int_t)rank));
}

static void add_queue(
    struct job_list *l, const struct jobs_queue *queue, const char *before, char *own)
{
    size_t position = 1;
    char *text = mem_printf("%s%s,\"jobs\":[", before, own);
    job_list_part(l, text, queue);
    free(text);
    free(own);
    const struct queue_job *job = queue_first(queue->queue);
    for (; job != NULL; job = queue_after(queue->queue, job)) {
        job_list_add(l, job->id, position++);
    }
}

void cpq_reply_state(struct request *r)
{
    size_t count = 0;
    const struct jobs_queue *queue;
    const struct http *h = r->http;
    for (size_t i = 0; (queue = jobs_queue_at(h->o.jobs, i)) != NULL; i++) {
        count += queue_count(queue->queue);
    }
    struct job_list *l = job_list_new(h, count, cpq_job_view);
    char *text = head(h);
    char *first = mem_printf("%s,\"queues\":[", text);
    free(text);
    for (size_t i = 0; (queue = jobs_queue_at(h->o.jobs, i)) != NULL; i++) {
        add_queue(l, queue, i == 0 ? first : "]},", queue_head(h, queue, i));
    }
    job_list_part(l, "]}]}", NULL);
    free(first);
    job_list_reply(l, r);
}

void cpq_state_get(struct request *r)
{
    if (job_command_jobs(r) != NULL) {
        cpq_reply_state(r);
    }
}

void cpq_set_active(struct request *r)
{
    bool active = false;
    struct err e = {0};
    const struct json_field fields[] = {{"active", JSON_KIND_BOOL, true, &active, 0, 0}};
    struct manage *m = r->http->o.manage;
    if (job_command_jobs(r) == NULL) {
        return;
    }
    int rc = cpq_input(r, &e);
    rc = rc == 0 ? json_read(r->input, fields, COUNT(fields), &e) : rc;
    if (rc == 0 && m == NULL) {
        rc = err_set(&e, PP_EOFFLINE, "this host manages no queue");
    }
    if (rc == 0) {
        log_info("%s of managing asked for by %s", active ? "start" : "stop", r->key_name);
        rc = active ? manage_start(m, &e) : manage_stop(m, &e);
    }
    if (!reply_failed(r, rc, &e)) {
        cpq_reply_state(r);
    }
}
