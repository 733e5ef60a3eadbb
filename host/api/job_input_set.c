#include "host/api/job_input_set.h"

#include "host/base/json.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array)  (sizeof(array) / sizeof *(array))
#define NAMES_MAX     200 /* of what there is, looked at for a suggestion */
#define MATERIALS_MAX 8   /* types named in an error */

/* ---- reading */

int set_input_read(json_t *object, enum set_place place, struct set_input *out, struct err *e)
{
    char shown[64];
    *out = (struct set_input){.count = -1, .remaining = -1, .revision = -1};
    const struct json_field fields[] = {
        {"id", JSON_KIND_TEXT, false, out->id, ID_SIZE - 1, ID_SIZE - 1},
        {"path", JSON_KIND_TEXT, place == SET_NEW, out->path, 1, QUEUE_TEXT_MAX},
        {"count", JSON_KIND_INT, false, &out->count, 1, QUEUE_COUNT_MAX},
        {"profiles", JSON_KIND_ARRAY, false, &out->profiles, 0, QUEUE_PROFILES_MAX},
        {"materials", JSON_KIND_ARRAY, false, &out->materials, 0, QUEUE_TOOLS_MAX},
        {"remaining", JSON_KIND_INT, false, &out->remaining, 0, QUEUE_COUNT_MAX},
        {"position", JSON_KIND_INT, false, &out->position, 1, QUEUE_SETS_MAX},
        {"revision", JSON_KIND_INT, false, &out->revision, 0, INT64_MAX},
    };
    static const struct {
        size_t first;
        size_t count;
    } known[] = {[SET_NEW] = {1, 4}, [SET_LISTED] = {0, 6}, [SET_ALONE] = {1, 7}};
    static const char *const nullable[] = {"id", "position", "profiles", "materials"};
    if (!json_is_object(object)) {
        return err_set(e, PP_EINVAL, "%s: must be an object {\"path\", \"count\", …}",
            json_quote(object, shown, sizeof shown));
    }
    for (size_t i = 0; i < COUNT(nullable); i++) {
        if (json_is_null(json_object_get(object, nullable[i]))) {
            json_object_del(object, nullable[i]);
        }
    }
    return json_read(object, fields + known[place].first, known[place].count, e);
}

/* ---- names looked up */

static int unknown_profile(
    const char *id, const char *field, const struct profiles *all, struct err *e)
{
    const char *names[NAMES_MAX];
    const struct profile *p;
    char shown[QUEUE_WORD_MAX + 1];
    size_t n = 0;
    while (n < NAMES_MAX && (p = profiles_at(all, n)) != NULL) {
        names[n++] = p->id;
    }
    str_escape(shown, sizeof shown, id, strlen(id));
    const char *near = str_suggest(shown, names, n);
    if (near != NULL) {
        return err_field(e, PP_EINVAL, field,
            "%s \"%s\": there is no such profile: did you mean \"%s\"?", field, shown, near);
    }
    return err_field(e, PP_EINVAL, field,
        "%s \"%s\": must be the name of a profile (ppctl profiles lists them)", field, shown);
}

static int unknown_material(
    const char *key, const char *field, const struct materials *all, struct err *e)
{
    const struct material *m;
    struct strbuf types = {0};
    char shown[QUEUE_WORD_MAX + 1];
    for (size_t i = 0; i < MATERIALS_MAX && (m = materials_at(all, i)) != NULL; i++) {
        const char *type = m->types[0] != NULL ? m->types[0] : m->id;
        strbuf_printf(&types, "%s%s", types.len > 0 ? ", " : "", type);
    }
    str_escape(shown, sizeof shown, key, strlen(key));
    err_field(e, PP_EINVAL, field,
        "%s \"%s\": must be TYPE, TYPE_Color or TYPE_Color_#rrggbb with a TYPE that is known (%s, "
        "…)",
        field, shown, strbuf_text(&types));
    strbuf_fini(&types);
    return -PP_EINVAL;
}

/* "PLA_Black_#000000" is of the type "PLA". */
static bool knows_material(const struct materials *all, const char *key)
{
    char type[QUEUE_WORD_MAX + 1];
    str_copy(type, sizeof type, key, strcspn(key, "_"));
    return materials_match(all, type) != NULL;
}

static int wrong_word(const json_t *value, const char *field, const char *right, struct err *e)
{
    char shown[64];
    return err_field(e, PP_EINVAL, field, "%s %s: must be %s", field,
        json_quote(value, shown, sizeof shown), right);
}

static bool is_word(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0 &&
           json_string_length(value) <= QUEUE_WORD_MAX;
}

/* ---- taking */

static void free_words(char **words)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        free(words[i]);
    }
    free(words);
}

static int take_profiles(
    const json_t *list, const struct job_known *known, struct queue_set *set, struct err *e)
{
    size_t n = json_array_size(list);
    char field[32];
    free_words(set->profiles);
    set->profiles = mem_array(n + 1, sizeof *set->profiles); /* none: any printer, by intent */
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(list, i);
        snprintf(field, sizeof field, "profiles[%zu]", i);
        if (!is_word(value)) {
            return wrong_word(value, field, "a profile's name", e);
        }
        const char *id = json_string_value(value);
        if (known->profiles != NULL && profiles_find(known->profiles, id) == NULL) {
            return unknown_profile(id, field, known->profiles, e);
        }
        set->profiles[i] = mem_strdup(id);
    }
    return 0;
}

static int take_materials(
    const json_t *list, const struct job_known *known, struct queue_set *set, struct err *e)
{
    char field[32];
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        free(set->materials[i]);
        set->materials[i] = NULL;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        snprintf(field, sizeof field, "materials[%zu]", i);
        if (json_is_null(value)) {
            continue;
        }
        if (!is_word(value)) {
            return wrong_word(value, field, "a material as \"PLA_Black\", or null for any", e);
        }
        const char *key = json_string_value(value);
        if (known->materials != NULL && !knows_material(known->materials, key)) {
            return unknown_material(key, field, known->materials, e);
        }
        set->materials[i] = mem_strdup(key);
    }
    return 0;
}

/* Another file: what was known of the old one is forgotten. */
static int take_path(
    const char *path, const struct job_known *known, struct queue_set *set, struct err *e)
{
    char shown[QUEUE_TEXT_MAX + 1];
    if (set->path != NULL && strcmp(set->path, path) == 0) {
        return 0;
    }
    if (known->files != NULL && files_find(known->files, path) == NULL) {
        return err_field(e, PP_ENOTFOUND, "path", "there is no file \"%s\"",
            str_escape(shown, sizeof shown, path, strlen(path)));
    }
    free(set->path);
    free(set->sha256);
    free(set->metadata);
    set->path = mem_strdup(path);
    set->sha256 = NULL;
    set->metadata = NULL;
    set->size_bytes = 0;
    set->time_ms = -1;
    memset(set->filament_um, 0, sizeof set->filament_um);
    return 0;
}

int set_input_take(
    const struct set_input *in, const struct job_known *known, struct queue_set *set, struct err *e)
{
    int rc = in->path[0] != '\0' ? take_path(in->path, known, set, e) : 0;
    rc = rc == 0 && in->profiles != NULL ? take_profiles(in->profiles, known, set, e) : rc;
    rc = rc == 0 && in->materials != NULL ? take_materials(in->materials, known, set, e) : rc;
    if (in->count > 0) {
        set->count = (int32_t)in->count;
    }
    if (in->remaining >= 0) {
        set->remaining = (int32_t)in->remaining;
    }
    return rc;
}

void set_inputs_keep(struct queue_job *job)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        job->sets[i].remaining = QUEUE_KEEP;
    }
}

/* ---- lists */

/* The error of one element, named as the client wrote it. */
static int of_element(size_t index, struct err *e)
{
    char field[sizeof e->field];
    snprintf(
        field, sizeof field, "sets[%zu]%s%.30s", index, e->field[0] != '\0' ? "." : "", e->field);
    err_wrap(e, "sets[%zu]", index);
    str_copy(e->field, sizeof e->field, field, strlen(field));
    return -e->code;
}

static int add_set(
    const struct set_input *in, const struct job_known *known, struct queue_job *job, struct err *e)
{
    struct queue_set *set = queue_job_add_set(job);
    int rc = set_input_take(in, known, set, e);
    if (in->remaining < 0) {
        set->remaining = set->count;
    }
    return rc;
}

int input_sets_new(
    json_t *sets, const struct job_known *known, struct queue_job *job, struct err *e)
{
    for (size_t i = 0; i < json_array_size(sets); i++) {
        struct set_input in;
        int rc = set_input_read(json_array_get(sets, i), SET_NEW, &in, e);
        rc = rc == 0 ? add_set(&in, known, job, e) : rc;
        if (rc != 0) {
            return of_element(i, e);
        }
    }
    return 0;
}

/* Moves a set from the copy of the old job into the new list. */
static struct queue_set *keep_set(struct queue_set *from, struct queue_job *job)
{
    struct queue_set *to = queue_job_add_set(job);
    queue_set_fini(to);
    *to = *from;
    *from = (struct queue_set){0};
    return to;
}

static int edit_set(const struct set_input *in, struct queue_job *old,
    const struct job_known *known, struct queue_job *job, struct err *e)
{
    if (in->id[0] == '\0') {
        return in->path[0] != '\0' ? add_set(in, known, job, e)
                                   : err_field(e, PP_EINVAL, "path", "field \"path\" is missing");
    }
    if (queue_job_set(job, in->id) != NULL) {
        return err_field(e, PP_EINVAL, "id", "set \"%s\" is listed twice", in->id);
    }
    for (size_t i = 0; i < old->sets_count; i++) {
        if (strcmp(old->sets[i].id, in->id) == 0) {
            return set_input_take(in, known, keep_set(&old->sets[i], job), e);
        }
    }
    return err_field(e, PP_ENOTFOUND, "id", "the job has no set \"%s\"", in->id);
}

int input_sets_edit(json_t *sets, const struct queue_job *old, const struct job_known *known,
    struct queue_job *job, struct err *e)
{
    struct queue_job *copy = queue_job_copy(old);
    int rc = 0;
    set_inputs_keep(copy);
    for (size_t i = 0; rc == 0 && i < json_array_size(sets); i++) {
        struct set_input in;
        rc = set_input_read(json_array_get(sets, i), SET_LISTED, &in, e);
        rc = rc == 0 ? edit_set(&in, copy, known, job, e) : rc;
        rc = rc != 0 ? of_element(i, e) : 0;
    }
    queue_job_free(copy);
    return rc;
}
