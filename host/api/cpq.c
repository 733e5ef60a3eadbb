#include "host/api/cpq.h"

#include "host/api/http_private.h"
#include "host/base/json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- values ---------------------------------------------------------------------------------- */

/* Those that are numbers or truth values, in whichever form they come. */
static const struct {
    const char *name;
    bool number;
} typed[] = {
    {"active", false},
    {"sd", false},
    {"draft", false},
    {"jobDraft", false},
    {"share", false},
    {"repeat", false},
    {"enabled", false},
    {"count", true},
    {"remaining", true},
    {"completed", true},
    {"revision", true},
};

static json_t *truth(const char *text)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off", ""};
    for (size_t i = 0; i < COUNT(yes); i++) {
        if (strcasecmp(text, yes[i]) == 0) {
            return json_true();
        }
    }
    for (size_t i = 0; i < COUNT(no); i++) {
        if (strcasecmp(text, no[i]) == 0) {
            return json_false();
        }
    }
    return NULL;
}

/* What is neither stays a text: whoever reads it says what would be right. */
static void loosen(json_t *object)
{
    int64_t number;
    for (size_t i = 0; i < COUNT(typed); i++) {
        const char *text = json_string_value(json_object_get(object, typed[i].name));
        json_t *value = NULL;
        if (text != NULL && !typed[i].number) {
            value = truth(text);
        } else if (text != NULL && str_to_int(text, INT64_MIN, INT64_MAX, &number)) {
            value = json_integer((json_int_t)number);
        }
        if (value != NULL) {
            json_object_set_new(object, typed[i].name, value);
        }
    }
}

/* Like json_parse(), of any value. */
static int parse_any(json_t **out, const char *name, const char *text, struct err *e)
{
    json_error_t at;
    char shown[120];
    *out = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (*out == NULL) {
        return err_field(e, PP_EINVAL, name, "%s is not JSON: line %d column %d: %s", name, at.line,
            at.column, str_escape(shown, sizeof shown, at.text, strlen(at.text)));
    }
    return 0;
}

int cpq_unwrap(json_t *object, const char *name, struct err *e)
{
    json_t *value = NULL;
    const char *text = json_string_value(json_object_get(object, name));
    int rc = text != NULL ? parse_any(&value, name, text, e) : 0;
    if (value != NULL) {
        json_object_set_new(object, name, value);
    }
    return rc;
}

int cpq_input(struct request *r, struct err *e)
{
    char shown[64];
    json_t *json = json_object_get(r->input, "json");
    if (json != NULL) {
        int rc = cpq_unwrap(r->input, "json", e);
        json = json_object_get(r->input, "json");
        if (rc == 0 && !json_is_object(json) && !json_is_array(json)) {
            rc = err_field(e, PP_EINVAL, "json", "json %s: must be an object {...}",
                json_quote(json, shown, sizeof shown));
        }
        if (rc != 0) {
            return rc;
        }
        json_incref(json);
        json_decref(r->input);
        r->input = json;
    }
    loosen(r->input);
    return 0;
}

void cpq_drop(json_t *object, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        json_object_del(object, names[i]);
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

/* A list of one may come as its one text. */
static void make_list(json_t *set, const char *name)
{
    json_t *value = json_object_get(set, name);
    if (json_is_string(value)) {
        json_t *list = json_string_length(value) > 0 ? json_pack("[O]", value) : json_array();
        json_object_set_new(set, name, list);
    }
}

const struct jobs_queue *cpq_queue(
    const struct request *r, json_t *input, const char *name, struct err *e)
{
    char shown[64];
    const json_t *value = json_object_get(input, name);
    if (value != NULL && !json_is_null(value) && !json_is_string(value)) {
        err_field(e, PP_EINVAL, name, "%s %s: must be the name of a queue", name,
            json_quote(value, shown, sizeof shown));
        return NULL;
    }
    const char *text = json_string_value(value);
    const struct jobs_queue *queue = job_command_queue(r, text != NULL ? text : QUEUE_LOCAL, e);
    if (queue == NULL) {
        str_copy(e->field, sizeof e->field, name, strlen(name));
    }
    return queue;
}

const struct queue_job *cpq_job(
    const struct jobs_queue *queue, json_t *input, const char *name, struct err *e)
{
    char shown[64];
    const json_t *value = json_object_get(input, name);
    if (value == NULL) {
        err_field(e, PP_EINVAL, name, "field \"%s\" is missing", name);
        return NULL;
    }
    const char *id = json_string_value(value);
    const struct queue_job *job = id != NULL ? queue_find(queue->queue, id) : NULL;
    if (job == NULL || job->archived_ms > 0) {
        err_field(e, PP_ENOTFOUND, name, "%s %s: queue \"%s\" has no such job", name,
            json_quote(value, shown, sizeof shown), queue->name);
        return NULL;
    }
    return job;
}

json_t *cpq_ids(json_t *input, struct err *e)
{
    json_t *ids = NULL;
    const struct json_field field = {"job_ids", JSON_KIND_ARRAY, true, &ids, 1, JOBS_ALL_MAX};
    make_list(input, "job_ids");
    json_t *alone = json_object();
    if (json_object_get(input, "job_ids") != NULL) {
        json_object_set(alone, "job_ids", json_object_get(input, "job_ids"));
    }
    int rc = json_read(alone, &field, 1, e);
    json_decref(alone);
    return rc == 0 ? ids : NULL;
}

/* ---- sets ------------------------------------------------------------------------------------ */

/* A profile may be called as its printer is. */
static void name_profiles(json_t *list, const struct profiles *profiles)
{
    size_t i;
    json_t *value;
    json_array_foreach(list, i, value)
    {
        const char *name = json_string_value(value);
        if (name == NULL || profiles_find(profiles, name) != NULL) {
            continue;
        }
        const struct profile *p = profiles_match(profiles, name);
        if (p != NULL) {
            json_array_set_new(list, i, json_string(p->id));
        }
    }
}

/* "" is any, as null is. */
static void name_materials(json_t *list)
{
    size_t i;
    json_t *value;
    json_array_foreach(list, i, value)
    {
        if (json_is_string(value) && json_string_length(value) == 0) {
            json_array_set_new(list, i, json_null());
        }
    }
}

/* Prints may have ended since the client looked: what it wants left is counted from then. */
static void recount(json_t *set, const struct queue_set *now)
{
    const json_t *remaining = json_object_get(set, "remaining");
    const json_t *completed = json_object_get(set, "completed");
    if (!json_is_integer(remaining)) {
        return;
    }
    json_int_t left = json_integer_value(remaining);
    json_int_t since =
        json_is_integer(completed) ? now->completed - json_integer_value(completed) : 0;
    left = since > 0 && left >= 0 ? (left > since ? left - since : 0) : left;
    if (left == now->remaining || since < 0) {
        json_object_del(set, "remaining");
    } else {
        json_object_set_new(set, "remaining", json_integer(left));
    }
}

int cpq_set_input(
    json_t *set, const struct queue_job *job, const struct profiles *profiles, struct err *e)
{
    static const char *const shown_only[] = {
        "sd", "rank", "metadata", "completed", "pending", "name", NULL};
    if (!json_is_object(set)) {
        return 0; /* whoever reads it says what would be right */
    }
    loosen(set);
    const json_t *sd = json_object_get(set, "sd");
    if (sd != NULL && !json_is_false(sd) && !json_is_null(sd)) {
        return err_field(e, PP_EREFUSED, "sd",
            "the queue prints no files of the printer's SD card: upload the file here");
    }
    const char *id = json_string_value(json_object_get(set, "id"));
    const struct queue_set *now = job != NULL && id != NULL ? queue_job_set(job, id) : NULL;
    if (now != NULL) {
        recount(set, now);
    } else {
        json_object_del(set, "id");
    }
    make_list(set, "profiles");
    make_list(set, "materials");
    if (profiles != NULL) {
        name_profiles(json_object_get(set, "profiles"), profiles);
    }
    name_materials(json_object_get(set, "materials"));
    cpq_drop(set, shown_only);
    return 0;
}
