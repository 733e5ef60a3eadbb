#include "host/io/gjob_manifest.h"

#include "host/base/file.h"
#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION        "0.1.0" /* of the program this shape of the manifest comes from */
#define METADATA_MAX   65536
#define SECONDS_MAX    INT64_C(4102444800) /* the year 2100 */
#define PRINT_MAX_S    1e8
#define FILAMENT_MAX_M 1e6

/* ---- reading ------------------------------------------------------------------------------------
 */

static int wrong(const json_t *value, const char *field, const char *right, struct err *e)
{
    char text[64];
    if (value == NULL) {
        return err_field(e, PP_EINVAL, field, "%s is missing: must be %s", field, right);
    }
    return err_field(e, PP_EINVAL, field, "%s %s: must be %s", field,
        json_quote(value, text, sizeof text), right);
}

/* A value that is there and not null. */
static const json_t *get(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

static int read_count(
    const json_t *value, const char *field, int32_t min, int32_t *out, struct err *e)
{
    char right[64];
    if (value == NULL) {
        return 0;
    }
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < min || n > QUEUE_COUNT_MAX) {
        snprintf(right, sizeof right, "an integer from %d to %d", min, QUEUE_COUNT_MAX);
        return wrong(value, field, right, e);
    }
    *out = (int32_t)n;
    return 0;
}

static bool is_plain(const char *text, size_t max)
{
    char shown[4 * 256 + 1];
    size_t len = strlen(text);
    return len <= max && strcmp(str_escape(shown, sizeof shown, text, len), text) == 0;
}

/* Replaces *out unless the value is absent. */
static int read_text(const json_t *value, const char *field, size_t max, char **out, struct err *e)
{
    char right[80];
    if (value == NULL) {
        return 0;
    }
    if (!json_is_string(value) || !is_plain(json_string_value(value), max)) {
        snprintf(right, sizeof right, "text of at most %zu bytes without control characters", max);
        return wrong(value, field, right, e);
    }
    free(*out);
    *out = mem_strdup(json_string_value(value));
    return 0;
}

bool gjob_leads_out(const char *path)
{
    bool out = path[0] == '/' || strchr(path, '\\') != NULL;
    for (const char *part = path; part != NULL && !out;) {
        out = strcmp(part, "..") == 0 || str_starts(part, "../");
        part = strchr(part, '/');
        part = part != NULL ? part + 1 : NULL;
    }
    return out;
}

static int read_path(const json_t *value, const char *field, char **out, struct err *e)
{
    const char *path = json_string_value(value);
    if (path == NULL || gjob_leads_out(path) || !file_name_ok(file_basename(path))) {
        return wrong(value, field, "the plain name of a file in the package", e);
    }
    *out = mem_strdup(file_basename(path));
    return 0;
}

/* "" and null in the middle mean any; so does the word, which is how they are shown. */
static int read_materials(
    const json_t *value, const char *field, struct queue_set *set, struct err *e)
{
    char at[64];
    size_t n = json_array_size(value);
    if (value != NULL && !json_is_array(value)) {
        return wrong(value, field, "an array of materials", e);
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(value, i);
        const char *text = json_string_value(one);
        if (json_is_null(one) || (text != NULL && (*text == '\0' || strcmp(text, "any") == 0))) {
            continue;
        }
        snprintf(at, sizeof at, "%.40s[%zu]", field, i);
        if (i >= QUEUE_TOOLS_MAX) {
            return wrong(one, at, "left out: there are at most 8 tools", e);
        }
        int rc = read_text(one, at, QUEUE_WORD_MAX, &set->materials[i], e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int read_profiles(
    const json_t *value, const char *field, struct queue_set *set, struct err *e)
{
    char at[64];
    size_t n = json_array_size(value);
    if (value != NULL && (!json_is_array(value) || n > QUEUE_PROFILES_MAX)) {
        return wrong(value, field, "an array of at most 32 profiles", e);
    }
    set->profiles = value != NULL ? mem_array(n + 1, sizeof *set->profiles) : NULL;
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(value, i);
        snprintf(at, sizeof at, "%.40s[%zu]", field, i);
        if (!json_is_string(one) || json_string_length(one) == 0) {
            return wrong(one, at, "the name of a profile", e);
        }
        int rc = read_text(one, at, QUEUE_WORD_MAX, &set->profiles[i], e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* {"estimatedPrintTime": seconds, "filamentLengths": [mm]}, as far as it makes sense: it is another
 * program's own. */
static void take_estimates(struct queue_set *set, const json_t *metadata)
{
    double seconds = json_number_value(json_object_get(metadata, "estimatedPrintTime"));
    const json_t *lengths = json_object_get(metadata, "filamentLengths");
    if (seconds > 0 && seconds < PRINT_MAX_S) {
        set->time_ms = (int64_t)(seconds * 1000);
    }
    for (size_t i = 0; i < json_array_size(lengths) && i < QUEUE_TOOLS_MAX; i++) {
        double mm = json_number_value(json_array_get(lengths, i));
        set->filament_um[i] = mm > 0 && mm < FILAMENT_MAX_M * 1000 ? (int64_t)(mm * 1000) : 0;
    }
}

static int read_metadata(
    const json_t *value, const char *field, struct queue_set *set, struct err *e)
{
    if (value == NULL) {
        return 0;
    }
    if (!json_is_string(value) || json_string_length(value) > METADATA_MAX) {
        return wrong(value, field, "text (JSON) of at most 64 KiB, or null", e);
    }
    json_t *inner = json_loads(json_string_value(value), 0, NULL);
    set->metadata = mem_strdup(json_string_value(value));
    take_estimates(set, inner);
    json_decref(inner);
    return 0;
}

static int read_set(const json_t *value, size_t index, struct queue_job *job, struct err *e)
{
    char field[48];
    int n = snprintf(field, sizeof field, "sets[%zu]", index);
    if (!json_is_object(value)) {
        return wrong(value, field, "an object", e);
    }
    struct queue_set *set = queue_job_add_set(job);
#define FIELD(key)                                                                                 \
    (snprintf(field + n, sizeof field - (size_t)n, ".%s", key), get(value, key)), field
    int rc = read_path(FIELD("path"), &set->path, e);
    rc = rc == 0 ? read_count(FIELD("count"), 1, &set->count, e) : rc;
    set->remaining = set->count;
    rc = rc == 0 ? read_count(FIELD("remaining"), 0, &set->remaining, e) : rc;
    rc = rc == 0 ? read_count(FIELD("completed"), 0, &set->completed, e) : rc;
    rc = rc == 0 ? read_materials(FIELD("materials"), set, e) : rc;
    rc = rc == 0 ? read_profiles(FIELD("profiles"), set, e) : rc;
    rc = rc == 0 ? read_metadata(FIELD("metadata"), set, e) : rc;
#undef FIELD
    return rc;
}

static int read_created(const json_t *value, int64_t *out_ms, struct err *e)
{
    double seconds = json_number_value(value);
    if (value == NULL) {
        return 0;
    }
    if (!json_is_number(value) || seconds < 0 || seconds > (double)SECONDS_MAX) {
        return wrong(value, "created", "seconds since 1970", e);
    }
    *out_ms = (int64_t)seconds * 1000;
    return 0;
}

static int read_draft(const json_t *value, bool *out, struct err *e)
{
    if (value != NULL && !json_is_boolean(value)) {
        return wrong(value, "draft", "true or false", e);
    }
    *out = json_is_true(value);
    return 0;
}

static int read_version(const json_t *value, struct err *e)
{
    return value == NULL || json_is_string(value) ? 0 : wrong(value, "version", "text", e);
}

/* All copies printed is no job to be done: a finished one begins anew, as one that is restored. */
static void begin_anew(struct queue_job *job)
{
    job->remaining = job->count;
    for (size_t i = 0; i < job->sets_count; i++) {
        job->sets[i].remaining = job->sets[i].count;
        job->sets[i].completed = 0;
    }
}

static int read_job(const json_t *root, struct queue_job *job, struct err *e)
{
    const json_t *sets = get(root, "sets");
    int rc = read_text(get(root, "name"), "name", QUEUE_TEXT_MAX, &job->name, e);
    rc = rc == 0 ? read_count(get(root, "count"), "count", 1, &job->count, e) : rc;
    job->remaining = job->count;
    rc = rc == 0 ? read_count(get(root, "remaining"), "remaining", 0, &job->remaining, e) : rc;
    if (rc == 0 && job->remaining > job->count) {
        rc = wrong(get(root, "remaining"), "remaining", "at most the count", e);
    }
    rc = rc == 0 ? read_draft(get(root, "draft"), &job->draft, e) : rc;
    rc = rc == 0 ? read_created(get(root, "created"), &job->created_ms, e) : rc;
    rc = rc == 0 ? read_version(get(root, "version"), e) : rc;
    if (rc == 0 && (!json_is_array(sets) || json_array_size(sets) > QUEUE_SETS_MAX)) {
        rc = wrong(sets, "sets", "an array of at most 200 sets", e);
    }
    for (size_t i = 0; rc == 0 && i < json_array_size(sets); i++) {
        rc = read_set(json_array_get(sets, i), i, job, e);
    }
    if (job->remaining == 0) {
        begin_anew(job);
    }
    return rc;
}

int gjob_manifest_read(const char *text, size_t len, struct queue_job **out, struct err *e)
{
    json_error_t at;
    char shown[160];
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL) {
        str_escape(shown, sizeof shown, at.text, strlen(at.text));
        return err_set(e, PP_EINVAL, "not JSON: line %d column %d: %s", at.line, at.column, shown);
    }
    if (!json_is_object(root)) {
        json_quote(root, shown, sizeof shown);
        json_decref(root);
        return err_set(e, PP_EINVAL, "%.80s: must be an object {...}", shown);
    }
    struct queue_job *job = queue_job_new();
    int rc = read_job(root, job, e);
    json_decref(root);
    if (rc != 0) {
        queue_job_free(job);
        return rc;
    }
    *out = job;
    return 0;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

/* Text between the tools, "" for any (a null there stops Continuous Print); none at the end. */
static json_t *materials_of(const struct queue_set *set)
{
    json_t *list = json_array();
    size_t n = QUEUE_TOOLS_MAX;
    while (n > 0 && set->materials[n - 1] == NULL) {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(
            list, json_string(set->materials[i] != NULL ? set->materials[i] : ""));
    }
    return list;
}

static json_t *profiles_of(const struct queue_set *set)
{
    json_t *list = json_array();
    for (size_t i = 0; set->profiles != NULL && set->profiles[i] != NULL; i++) {
        json_array_append_new(list, json_string(set->profiles[i]));
    }
    return list;
}

static json_t *metadata_of(const struct queue_set *set)
{
    if (set->metadata != NULL) {
        return json_string(set->metadata);
    }
    if (set->time_ms < 0) {
        return json_null();
    }
    json_t *lengths = json_array();
    size_t n = QUEUE_TOOLS_MAX;
    while (n > 1 && set->filament_um[n - 1] == 0) {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(lengths, json_real((double)set->filament_um[i] / 1000));
    }
    json_t *inner = json_pack("{s:f, s:o}", "estimatedPrintTime", (double)set->time_ms / 1000,
        "filamentLengths", lengths);
    char *text = json_dumps(inner, JSON_REAL_PRECISION(9));
    json_t *value = json_string(text);
    free(text);
    json_decref(inner);
    return value;
}

static json_t *set_of(const struct queue_job *job, size_t index, const char *name)
{
    const struct queue_set *set = &job->sets[index];
    char id[64];
    snprintf(id, sizeof id, "%s_%zu", job->id, index);
    return json_pack("{s:s, s:i, s:o, s:o, s:o, s:s, s:f, s:b, s:i, s:i}", "path", name, "count",
        set->count, "metadata", metadata_of(set), "materials", materials_of(set), "profiles",
        profiles_of(set), "id", id, "rank", (double)index, "sd", 0, "remaining", set->remaining,
        "completed", set->completed);
}

char *gjob_manifest_write(const struct queue_job *job, const char *const *names)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < job->sets_count; i++) {
        json_array_append_new(sets, set_of(job, i, names[i]));
    }
    json_t *root = json_pack("{s:s, s:i, s:b, s:o, s:I, s:i, s:s}", "name", job->name, "count",
        job->count, "draft", job->draft, "sets", sets, "created",
        (json_int_t)(job->created_ms / 1000), "remaining", job->remaining, "version", VERSION);
    char *text = json_dumps(root, JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
    json_decref(root);
    return text;
}
