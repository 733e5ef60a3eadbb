/* What must hold of a job: of one that a client sends, and of one in a queue. */
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool queue_id_ok(const char *id)
{
    size_t i = 0;
    for (; id[i] != '\0' && i < ID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool digit = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');
        if (dash ? id[i] != '-' : !digit) {
            return false;
        }
    }
    return i == ID_SIZE - 1 && id[i] == '\0';
}

/* Nothing of it would have to be escaped. */
static bool is_plain(const char *text, size_t len)
{
    char escaped[QUEUE_TEXT_MAX + 1];
    str_escape(escaped, sizeof escaped, text, len);
    return strlen(escaped) == len && memcmp(escaped, text, len) == 0;
}

bool queue_word_ok(const char *text)
{
    size_t len = strlen(text);
    return len <= QUEUE_WORD_MAX && is_plain(text, len);
}

static bool is_text(const char *text, size_t max)
{
    size_t len = text != NULL ? strlen(text) : 0;
    return len == 0 || (len <= max && is_plain(text, len));
}

int queue_text_check(const char *text, size_t max, const char *field, struct err *e)
{
    char shown[80];
    if (is_text(text, max)) {
        return 0;
    }
    size_t len = strlen(text);
    if (len > max) {
        str_escape(shown, sizeof shown - 40, text, 40);
        return err_field(e, PP_EINVAL, field, "%s \"%s...\": must be at most %zu bytes, is %zu",
            field, shown, max, len);
    }
    str_escape(shown, sizeof shown, text, len);
    return err_field(
        e, PP_EINVAL, field, "%s \"%s\": must be UTF-8 without control characters", field, shown);
}

static int check_id(const char *id, const char *field, struct err *e)
{
    if (id[0] != '\0' && !queue_id_ok(id)) {
        char shown[48];
        str_escape(shown, sizeof shown, id, strlen(id));
        return err_field(e, PP_EINVAL, field,
            "%s \"%s\": must be 36 characters like 01890a5d-ac96-774b-bcce-b302099a8057", field,
            shown);
    }
    return 0;
}

/* ---- sets ---- */

/* The first mistake ends it: each step is skipped once rc is not 0. A field's full name is made
 * when there is something to say of it. */
struct check {
    int rc;
    char prefix[32];
    char field[48];
    struct err *e;
};

static const char *field(struct check *c, const char *name)
{
    snprintf(c->field, sizeof c->field, "%s%s", c->prefix, name);
    return c->field;
}

static void number(struct check *c, const char *name, int64_t value, int64_t min, int64_t max)
{
    if (c->rc == 0 && (value < min || value > max)) {
        c->rc = err_field(c->e, PP_EINVAL, field(c, name),
            "%s %" PRId64 ": must be %" PRId64 " to %" PRId64, c->field, value, min, max);
    }
}

static void text(struct check *c, const char *name, const char *value, size_t max)
{
    if (c->rc == 0 && !is_text(value, max)) {
        c->rc = queue_text_check(value, max, field(c, name), c->e);
    }
}

static void sha256(struct check *c, const char *value)
{
    if (c->rc != 0 || value == NULL) {
        return;
    }
    if (strlen(value) != 64 || strspn(value, "0123456789abcdef") != 64) {
        char shown[80];
        str_escape(shown, sizeof shown, value, strnlen(value, 70));
        c->rc = err_field(c->e, PP_EINVAL, field(c, "sha256"),
            "%s \"%s\": must be 64 lower-case hex digits", c->field, shown);
    }
}

static void profiles(struct check *c, char *const *list)
{
    size_t n = 0;
    for (; list != NULL && list[n] != NULL && c->rc == 0; n++) {
        text(c, "profiles", list[n], QUEUE_WORD_MAX);
        if (c->rc == 0 && (list[n][0] == '\0' || n >= QUEUE_PROFILES_MAX)) {
            c->rc = err_field(c->e, PP_EINVAL, field(c, "profiles"),
                "%s: must be at most %d names, none of them empty", c->field, QUEUE_PROFILES_MAX);
        }
    }
}

static void metadata(struct check *c, const char *value)
{
    size_t len = value != NULL ? strlen(value) : 0;
    if (c->rc != 0 || len == 0) {
        return;
    }
    json_t *utf8 = len <= QUEUE_METADATA_MAX ? json_string(value) : NULL;
    if (utf8 == NULL) {
        c->rc = err_field(c->e, PP_EINVAL, field(c, "metadata"),
            "%s: must be UTF-8 of at most %d bytes, is %zu", c->field, QUEUE_METADATA_MAX, len);
    }
    json_decref(utf8);
}

static void path(struct check *c, const char *value)
{
    if (c->rc == 0 && (value == NULL || value[0] == '\0')) {
        c->rc = err_field(c->e, PP_EINVAL, field(c, "path"), "%s \"\": must name a file", c->field);
    }
    text(c, "path", value, QUEUE_TEXT_MAX);
}

static int check_set(const struct queue_set *s, size_t index, bool edit, struct err *e)
{
    struct check c = {.e = e};
    snprintf(c.prefix, sizeof c.prefix, "sets[%zu].", index);
    c.rc = check_id(s->id, field(&c, "id"), e);
    path(&c, s->path);
    sha256(&c, s->sha256);
    number(&c, "size_bytes", s->size_bytes, 0, QUEUE_TIME_MAX);
    number(&c, "count", s->count, 1, QUEUE_COUNT_MAX);
    number(&c, "remaining", s->remaining, edit ? QUEUE_KEEP : 0, QUEUE_COUNT_MAX);
    number(&c, "completed", s->completed, 0, INT32_MAX);
    number(&c, "time_ms", s->time_ms, -1, QUEUE_TIME_MAX);
    profiles(&c, s->profiles);
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        text(&c, "materials", s->materials[i], QUEUE_WORD_MAX);
        number(&c, "filament_um", s->filament_um[i], -1, QUEUE_TIME_MAX);
    }
    metadata(&c, s->metadata);
    return c.rc;
}

static int check_unique(const struct queue_job *job, size_t index, struct err *e)
{
    char name[40];
    for (size_t i = 0; i < index && job->sets[index].id[0] != '\0'; i++) {
        if (strcmp(job->sets[i].id, job->sets[index].id) == 0) {
            snprintf(name, sizeof name, "sets[%zu].id", index);
            return err_field(e, PP_EINVAL, name, "%s \"%s\": is that of sets[%zu] too", name,
                job->sets[i].id, i);
        }
    }
    return 0;
}

int queue_sets_check(const struct queue_job *spec, bool edit, struct err *e)
{
    if (spec->sets_count > QUEUE_SETS_MAX) {
        return err_field(
            e, PP_EINVAL, "sets", "%zu sets: must be at most %d", spec->sets_count, QUEUE_SETS_MAX);
    }
    for (size_t i = 0; i < spec->sets_count; i++) {
        int rc = check_set(&spec->sets[i], i, edit, e);
        rc = rc == 0 ? check_unique(spec, i, e) : rc;
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- jobs ---- */

int queue_job_check(const struct queue_job *job, struct err *e)
{
    struct check c = {.e = e};
    c.rc = check_id(job->id, "id", e);
    text(&c, "name", job->name, QUEUE_TEXT_MAX);
    text(&c, "note", job->note, QUEUE_TEXT_MAX);
    text(&c, "submitter", job->submitter, QUEUE_WORD_MAX);
    text(&c, "origin", job->origin, QUEUE_WORD_MAX);
    text(&c, "changed_by", job->changed_by, QUEUE_WORD_MAX);
    number(&c, "count", job->count, 1, QUEUE_COUNT_MAX);
    number(&c, "remaining", job->remaining, 0, job->count);
    number(&c, "created_ms", job->created_ms, 0, QUEUE_TIME_MAX);
    number(&c, "changed_ms", job->changed_ms, 0, QUEUE_TIME_MAX);
    number(&c, "archived_ms", job->archived_ms, 0, QUEUE_TIME_MAX);
    number(&c, "revision", job->revision, 0, QUEUE_TIME_MAX);
    return c.rc != 0 ? c.rc : queue_sets_check(job, false, e);
}

static bool counters_hold(const struct queue_job *job, const struct queue_claim *c)
{
    if (c->counters_count != job->sets_count) {
        return false;
    }
    for (size_t i = 0; i < job->sets_count; i++) {
        if (strcmp(c->counters[i].set, job->sets[i].id) != 0 || c->counters[i].remaining < 0 ||
            c->counters[i].remaining > QUEUE_COUNT_MAX || c->counters[i].completed < 0) {
            return false;
        }
    }
    return true;
}

static const char *claim_mistake(const struct queue_job *job, size_t index)
{
    const struct queue_claim *c = &job->claims[index];
    bool held = c->printer[0] != '\0';
    bool prints = c->run[0] != '\0';
    if (!queue_word_ok(c->printer) || (prints && !queue_id_ok(c->run)) ||
        (prints && !queue_id_ok(c->set)) || (!prints && c->set[0] != '\0')) {
        return "words that cannot be";
    }
    if ((!held && prints) || (held && job->archived_ms != 0) || (!held && !job->share)) {
        return "no holder, or one too many";
    }
    if (job->share != (c->counters != NULL)) {
        return job->share ? "no counters" : "counters";
    }
    if (c->counters != NULL && !counters_hold(job, c)) {
        return "counters that are not those of its sets";
    }
    return held && queue_claim_of(job, c->printer) != index ? "a holder of two" : NULL;
}

static const char *job_mistake(const struct queue_job *job)
{
    bool archived = job->archived_ms != 0;
    if (job->rank < -QUEUE_RANK_MAX || job->rank > QUEUE_RANK_MAX) {
        return "its rank is out of range";
    }
    if (archived ? job->finished != (job->remaining == 0) : job->finished || job->remaining == 0) {
        return "finished and remaining do not agree";
    }
    if (job->claims_count > (size_t)(job->share ? job->remaining : 1) ||
        job->claims_count > QUEUE_CLAIMS_MAX) {
        return "more claims than copies";
    }
    return NULL;
}

int queue_job_holds(const struct queue_job *job, struct err *e)
{
    struct err why;
    if (queue_job_check(job, &why) != 0) {
        return err_field(e, PP_ECORRUPT, why.field, "job %s: %s",
            queue_id_ok(job->id) ? job->id : "without an id", why.text);
    }
    const char *mistake = job->id[0] == '\0' ? "it has no id" : job_mistake(job);
    for (size_t i = 0; i < job->sets_count && mistake == NULL; i++) {
        mistake = job->sets[i].id[0] == '\0' ? "a set has no id" : NULL;
    }
    if (mistake != NULL) {
        return err_set(e, PP_ECORRUPT, "job %s: %s", job->id, mistake);
    }
    for (size_t i = 0; i < job->claims_count; i++) {
        mistake = claim_mistake(job, i);
        if (mistake != NULL) {
            return err_set(e, PP_ECORRUPT, "job %s: claims[%zu] has %s", job->id, i, mistake);
        }
    }
    return 0;
}
