/* Jobs and commands as JSON: every field, by tables that both directions read. */
#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/core/queue_fields.h"
#include "host/core/queue_priv.h"

#include <string.h>

#define AT(type, member) offsetof(struct type, member)

static const struct field job_fields[] = {
    {"id", FIELD_WORD, AT(queue_job, id), 0, ID_SIZE - 1},
    {"name", FIELD_TEXT, AT(queue_job, name), 0, QUEUE_TEXT_MAX},
    {"rank", FIELD_INT64, AT(queue_job, rank), -QUEUE_RANK_MAX, QUEUE_RANK_MAX},
    {"count", FIELD_INT32, AT(queue_job, count), INT32_MIN, INT32_MAX},
    {"remaining", FIELD_INT32, AT(queue_job, remaining), INT32_MIN, INT32_MAX},
    {"draft", FIELD_BOOL, AT(queue_job, draft), 0, 0},
    {"share", FIELD_BOOL, AT(queue_job, share), 0, 0},
    {"repeat", FIELD_BOOL, AT(queue_job, repeat), 0, 0},
    {"moving", FIELD_BOOL, AT(queue_job, moving), 0, 0},
    {"created_ms", FIELD_INT64, AT(queue_job, created_ms), 0, QUEUE_TIME_MAX},
    {"submitter", FIELD_TEXT, AT(queue_job, submitter), 0, QUEUE_WORD_MAX},
    {"origin", FIELD_TEXT, AT(queue_job, origin), 0, QUEUE_WORD_MAX},
    {"trusted", FIELD_BOOL, AT(queue_job, trusted), 0, 0},
    {"note", FIELD_TEXT, AT(queue_job, note), 0, QUEUE_TEXT_MAX},
    {"revision", FIELD_INT64, AT(queue_job, revision), 0, QUEUE_TIME_MAX},
    {"changed_by", FIELD_TEXT, AT(queue_job, changed_by), 0, QUEUE_WORD_MAX},
    {"changed_ms", FIELD_INT64, AT(queue_job, changed_ms), 0, QUEUE_TIME_MAX},
    {"archived_ms", FIELD_INT64, AT(queue_job, archived_ms), 0, QUEUE_TIME_MAX},
    {"finished", FIELD_BOOL, AT(queue_job, finished), 0, 0},
};

static const struct field set_fields[] = {
    {"id", FIELD_WORD, AT(queue_set, id), 0, ID_SIZE - 1},
    {"path", FIELD_TEXT, AT(queue_set, path), 0, QUEUE_TEXT_MAX},
    {"sha256", FIELD_TEXT, AT(queue_set, sha256), 64, 64},
    {"size_bytes", FIELD_INT64, AT(queue_set, size_bytes), 0, QUEUE_TIME_MAX},
    {"model", FIELD_BOOL, AT(queue_set, model), 0, 0},
    {"count", FIELD_INT32, AT(queue_set, count), INT32_MIN, INT32_MAX},
    {"remaining", FIELD_INT32, AT(queue_set, remaining), INT32_MIN, INT32_MAX},
    {"completed", FIELD_INT32, AT(queue_set, completed), 0, INT32_MAX},
    {"time_ms", FIELD_INT64, AT(queue_set, time_ms), -1, QUEUE_TIME_MAX},
    {"metadata", FIELD_TEXT, AT(queue_set, metadata), 0, QUEUE_METADATA_MAX},
};

static const struct field claim_fields[] = {
    {"printer", FIELD_WORD, AT(queue_claim, printer), 0, QUEUE_WORD_MAX},
    {"since_ms", FIELD_INT64, AT(queue_claim, since_ms), INT64_MIN, INT64_MAX},
    {"run", FIELD_WORD, AT(queue_claim, run), 0, ID_SIZE - 1},
    {"set", FIELD_WORD, AT(queue_claim, set), 0, ID_SIZE - 1},
    {"run_ms", FIELD_INT64, AT(queue_claim, run_ms), INT64_MIN, INT64_MAX},
};

static const struct field counter_fields[] = {
    {"set", FIELD_WORD, AT(queue_counter, set), 0, ID_SIZE - 1},
    {"remaining", FIELD_INT32, AT(queue_counter, remaining), 0, QUEUE_COUNT_MAX},
    {"completed", FIELD_INT32, AT(queue_counter, completed), 0, INT32_MAX},
};

static const struct field lost_fields[] = {
    {"run", FIELD_WORD, AT(queue_lost, run), ID_SIZE - 1, ID_SIZE - 1},
    {"set", FIELD_WORD, AT(queue_lost, set), ID_SIZE - 1, ID_SIZE - 1},
};

static const struct field command_fields[] = {
    {"client", FIELD_WORD, AT(queue_command, client), 0, QUEUE_WORD_MAX},
    {"sequence", FIELD_INT64, AT(queue_command, sequence), INT64_MIN, INT64_MAX},
    {"now_ms", FIELD_INT64, AT(queue_command, now_ms), 0, QUEUE_TIME_MAX},
    {"actor", FIELD_WORD, AT(queue_command, actor), 0, QUEUE_WORD_MAX},
    {"job", FIELD_WORD, AT(queue_command, job), 0, ID_SIZE - 1},
    {"after", FIELD_WORD, AT(queue_command, after), 0, ID_SIZE - 1},
    {"set", FIELD_WORD, AT(queue_command, set), 0, ID_SIZE - 1},
    {"run", FIELD_WORD, AT(queue_command, run), 0, ID_SIZE - 1},
    {"printer", FIELD_WORD, AT(queue_command, printer), 0, QUEUE_WORD_MAX},
    {"profile", FIELD_WORD, AT(queue_command, profile), 0, QUEUE_WORD_MAX},
    {"success", FIELD_BOOL, AT(queue_command, success), 0, 0},
    {"revision", FIELD_INT64, AT(queue_command, revision), -1, QUEUE_TIME_MAX},
    {"state", FIELD_WORD, AT(queue_command, state), 0, QUEUE_STATE_SIZE - 1},
    /* of a FINISH alone */
    {"result", FIELD_WORD, AT(queue_command, print.result), 0, 15},
    {"reason", FIELD_WORD, AT(queue_command, print.reason), 0, QUEUE_TEXT_MAX},
    {"material", FIELD_WORD, AT(queue_command, print.material), 0, QUEUE_WORD_MAX},
    {"took_ms", FIELD_INT64, AT(queue_command, print.took_ms), 0, QUEUE_TIME_MAX},
    {"used_um", FIELD_INT64, AT(queue_command, print.used_um), 0, QUEUE_TIME_MAX},
};
#define PRINT_FIELDS 5

#define COUNT(fields) (sizeof(fields) / sizeof *(fields))

/* ---- writing ---- */

static json_t *write_set(const struct queue_set *set)
{
    json_t *object = fields_write(set_fields, COUNT(set_fields), set);
    json_t *profiles = json_array();
    json_t *materials = json_array();
    json_t *filament = json_array();
    for (size_t i = 0; set->profiles != NULL && set->profiles[i] != NULL; i++) {
        json_array_append_new(profiles, json_string(set->profiles[i]));
    }
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        const char *material = set->materials[i];
        json_array_append_new(materials, material != NULL ? json_string(material) : json_null());
        json_array_append_new(filament, json_integer(set->filament_um[i]));
    }
    json_object_set_new(object, "profiles", profiles);
    json_object_set_new(object, "materials", materials);
    json_object_set_new(object, "filament_um", filament);
    return object;
}

static json_t *write_claim(const struct queue_claim *claim)
{
    json_t *object = fields_write(claim_fields, COUNT(claim_fields), claim);
    json_t *counters = json_null();
    if (claim->counters != NULL) {
        counters = json_array();
        for (size_t i = 0; i < claim->counters_count; i++) {
            json_array_append_new(
                counters, fields_write(counter_fields, COUNT(counter_fields), &claim->counters[i]));
        }
    }
    json_object_set_new(object, "counters", counters);
    return object;
}

json_t *queue_job_to_json(const struct queue_job *job)
{
    json_t *object = fields_write(job_fields, COUNT(job_fields), job);
    json_t *sets = json_array();
    json_t *claims = json_array();
    for (size_t i = 0; i < job->sets_count; i++) {
        json_array_append_new(sets, write_set(&job->sets[i]));
    }
    for (size_t i = 0; i < job->claims_count; i++) {
        json_array_append_new(claims, write_claim(&job->claims[i]));
    }
    json_object_set_new(object, "sets", sets);
    json_object_set_new(object, "claims", claims);
    if (job->lost_count > 0) {
        json_t *lost = json_array();
        for (size_t i = 0; i < job->lost_count; i++) {
            json_array_append_new(
                lost, fields_write(lost_fields, COUNT(lost_fields), &job->lost[i]));
        }
        json_object_set_new(object, "lost", lost);
    }
    return object;
}

json_t *queue_command_to_json(const struct queue_command *c)
{
    bool prints = c->verb == QUEUE_FINISH && c->print.result[0] != '\0';
    size_t count = COUNT(command_fields) - (prints ? 0 : PRINT_FIELDS);
    json_t *object = fields_write(command_fields, count, c);
    json_object_set_new(object, "verb", json_string(queue_verb_name(c->verb)));
    json_object_set_new(object, "mask", json_integer(c->mask));
    json_object_set_new(object, "spec", c->spec != NULL ? queue_job_to_json(c->spec) : json_null());
    return object;
}

/* ---- reading ---- */

static int read_profiles(const json_t *object, struct queue_set *set, struct err *e)
{
    static const struct field word = {"profiles", FIELD_TEXT, 0, 1, QUEUE_WORD_MAX};
    const json_t *list;
    int rc = fields_read_array(object, "profiles", QUEUE_PROFILES_MAX, &list, e);
    size_t n = json_array_size(list);
    if (rc != 0 || n == 0) {
        return rc;
    }
    set->profiles = mem_array(n + 1, sizeof *set->profiles);
    for (size_t i = 0; i < n && rc == 0; i++) {
        const json_t *value = json_array_get(list, i);
        rc = json_is_string(value) ? field_read(value, &word, (char *)&set->profiles[i], e)
                                   : field_wrong(value, "profiles", "texts", e);
    }
    return rc;
}

static int read_tools(const json_t *object, struct queue_set *set, struct err *e)
{
    static const struct field word = {"materials", FIELD_TEXT, 0, 0, QUEUE_WORD_MAX};
    static const struct field length = {"filament_um", FIELD_INT64, 0, -1, QUEUE_TIME_MAX};
    const json_t *materials;
    const json_t *filament;
    int rc = fields_read_array(object, "materials", QUEUE_TOOLS_MAX, &materials, e);
    rc = rc == 0 ? fields_read_array(object, "filament_um", QUEUE_TOOLS_MAX, &filament, e) : rc;
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < json_array_size(materials) && rc == 0; i++) {
        rc = field_read(json_array_get(materials, i), &word, (char *)&set->materials[i], e);
    }
    for (size_t i = 0; i < json_array_size(filament) && rc == 0; i++) {
        rc = field_read(json_array_get(filament, i), &length, (char *)&set->filament_um[i], e);
    }
    return rc;
}

static int read_set(const json_t *object, struct queue_set *set, struct err *e)
{
    static const char *const others[] = {"profiles", "materials", "filament_um", NULL};
    int rc = fields_read(object, set_fields, COUNT(set_fields), others, set, e);
    rc = rc == 0 ? read_profiles(object, set, e) : rc;
    return rc == 0 ? read_tools(object, set, e) : rc;
}

static int read_counters(const json_t *object, struct queue_claim *claim, struct err *e)
{
    static const char *const others[] = {NULL};
    const json_t *list;
    int rc = fields_read_array(object, "counters", QUEUE_SETS_MAX, &list, e);
    if (rc != 0 || list == NULL) {
        return rc;
    }
    claim->counters_count = json_array_size(list);
    claim->counters = mem_array(claim->counters_count, sizeof *claim->counters);
    for (size_t i = 0; i < claim->counters_count && rc == 0; i++) {
        rc = fields_read(json_array_get(list, i), counter_fields, COUNT(counter_fields), others,
            &claim->counters[i], e);
    }
    return rc;
}

static int read_claims(const json_t *object, struct queue_job *job, struct err *e)
{
    static const char *const others[] = {"counters", NULL};
    const json_t *list;
    int rc = fields_read_array(object, "claims", QUEUE_CLAIMS_MAX, &list, e);
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        struct queue_claim *claim = queue_claim_add(job, "", 0);
        rc = fields_read(value, claim_fields, COUNT(claim_fields), others, claim, e);
        rc = rc == 0 ? read_counters(value, claim, e) : rc;
    }
    return rc;
}

static int read_lost(const json_t *object, struct queue_job *job, struct err *e)
{
    static const char *const others[] = {NULL};
    const json_t *list;
    int rc = fields_read_array(object, "lost", QUEUE_LOST_MAX, &list, e);
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        struct queue_lost l = {.run = ""};
        rc = fields_read(json_array_get(list, i), lost_fields, COUNT(lost_fields), others, &l, e);
        if (rc == 0 && (!queue_id_ok(l.run) || !queue_id_ok(l.set))) {
            rc = field_wrong(json_array_get(list, i), "lost", "ids of a print and its set", e);
        }
        if (rc == 0) {
            queue_lost_add(job, l.run, l.set);
        }
    }
    return rc;
}

static int read_job(const json_t *object, struct queue_job *job, struct err *e)
{
    static const char *const others[] = {"sets", "claims", "lost", NULL};
    const json_t *sets;
    int rc = fields_read(object, job_fields, COUNT(job_fields), others, job, e);
    rc = rc == 0 ? fields_read_array(object, "sets", QUEUE_SETS_MAX, &sets, e) : rc;
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < json_array_size(sets); i++) {
        rc = read_set(json_array_get(sets, i), queue_job_add_set(job), e);
        if (rc != 0) {
            return err_wrap(e, "sets[%zu]", i);
        }
    }
    rc = rc == 0 ? read_claims(object, job, e) : rc;
    return rc == 0 ? read_lost(object, job, e) : rc;
}

int queue_job_from_json(const json_t *object, struct queue_job **out, struct err *e)
{
    struct queue_job *job = queue_job_new();
    int rc = read_job(object, job, e);
    if (rc != 0) {
        queue_job_free(job);
        return rc;
    }
    *out = job;
    return 0;
}

static int read_verb(const json_t *object, struct queue_command *out, struct err *e)
{
    const json_t *verb = json_object_get(object, "verb");
    const json_t *mask = json_object_get(object, "mask");
    if (!json_is_string(verb) || !queue_verb_parse(json_string_value(verb), &out->verb)) {
        return verb == NULL ? err_field(e, PP_EINVAL, "verb", "field \"verb\" is missing")
                            : field_wrong(verb, "verb", "a verb of queues, as \"submit\"", e);
    }
    if (mask != NULL && (!json_is_integer(mask) || json_integer_value(mask) < 0 ||
                            json_integer_value(mask) > UINT16_MAX)) {
        return field_wrong(mask, "mask", "an integer from 0 to 65535", e);
    }
    out->mask = (unsigned)json_integer_value(mask);
    return 0;
}

int queue_command_from_json(const json_t *object, struct queue_command *out, struct err *e)
{
    static const char *const others[] = {"verb", "mask", "spec", NULL};
    memset(out, 0, sizeof *out);
    out->revision = -1;
    int rc = fields_read(object, command_fields, COUNT(command_fields), others, out, e);
    rc = rc == 0 ? read_verb(object, out, e) : rc;
    const json_t *spec = json_object_get(object, "spec");
    if (rc != 0 || spec == NULL || json_is_null(spec)) {
        return rc;
    }
    rc = queue_job_from_json(spec, &out->spec, e);
    return rc != 0 ? err_wrap(e, "spec") : 0;
}
