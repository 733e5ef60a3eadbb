#include "host/api/job_input.h"

#include "host/api/job_input_set.h"
#include "host/base/json.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void job_input_fini(struct job_input *in)
{
    queue_job_free(in->job);
    in->job = NULL;
}

/* What a client may write as null because we show it so. */
static void replace_nulls(json_t *object)
{
    static const char *const texts[] = {"name", "note"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (json_is_null(json_object_get(object, texts[i]))) {
            json_object_set_new(object, texts[i], json_string(""));
        }
    }
    if (json_is_null(json_object_get(object, "position"))) {
        json_object_del(object, "position");
    }
}

static void set_text(char **to, const char *text)
{
    free(*to);
    *to = mem_strdup(text);
}

/* The fields that a new job and an edit have in common. */
struct common {
    char name[QUEUE_TEXT_MAX + 1];
    char note[QUEUE_TEXT_MAX + 1];
    int64_t count;
    int64_t remaining;
    bool draft;
    bool share;
    bool repeat;
    json_t *sets; /* borrowed */
};

static unsigned said(const json_t *object)
{
    static const struct {
        const char *name;
        enum queue_field field;
    } fields[] = {
        {"name", QUEUE_F_NAME},
        {"count", QUEUE_F_COUNT},
        {"remaining", QUEUE_F_REMAINING},
        {"draft", QUEUE_F_DRAFT},
        {"share", QUEUE_F_SHARE},
        {"repeat", QUEUE_F_REPEAT},
        {"note", QUEUE_F_NOTE},
        {"sets", QUEUE_F_SETS},
    };
    unsigned mask = 0;
    for (size_t i = 0; i < COUNT(fields); i++) {
        mask |= json_object_get(object, fields[i].name) != NULL ? (unsigned)fields[i].field : 0;
    }
    return mask;
}

static void take_common(const struct common *c, unsigned mask, struct queue_job *job)
{
    if ((mask & QUEUE_F_NAME) != 0) {
        set_text(&job->name, c->name);
    }
    if ((mask & QUEUE_F_NOTE) != 0) {
        set_text(&job->note, c->note);
    }
    if ((mask & QUEUE_F_COUNT) != 0) {
        job->count = (int32_t)c->count;
    }
    if ((mask & QUEUE_F_REMAINING) != 0) {
        job->remaining = (int32_t)c->remaining;
    }
    job->draft = (mask & QUEUE_F_DRAFT) != 0 ? c->draft : job->draft;
    job->share = (mask & QUEUE_F_SHARE) != 0 ? c->share : job->share;
    job->repeat = (mask & QUEUE_F_REPEAT) != 0 ? c->repeat : job->repeat;
}

int job_input_new(
    json_t *object, const struct job_known *known, struct job_input *out, struct err *e)
{
    struct common c = {0};
    *out = (struct job_input){.revision = -1};
    str_copy(out->queue, sizeof out->queue, "local", 5);
    const struct json_field fields[] = {
        {"queue", JSON_KIND_TEXT, false, out->queue, 1, QUEUE_NAME_MAX},
        {"position", JSON_KIND_INT, false, &out->position, 1, QUEUE_JOBS_MAX},
        {"name", JSON_KIND_TEXT, false, c.name, 0, QUEUE_TEXT_MAX},
        {"count", JSON_KIND_INT, false, &c.count, 1, QUEUE_COUNT_MAX},
        {"draft", JSON_KIND_BOOL, false, &c.draft, 0, 0},
        {"share", JSON_KIND_BOOL, false, &c.share, 0, 0},
        {"repeat", JSON_KIND_BOOL, false, &c.repeat, 0, 0},
        {"note", JSON_KIND_TEXT, false, c.note, 0, QUEUE_TEXT_MAX},
        {"sets", JSON_KIND_ARRAY, false, &c.sets, 0, QUEUE_SETS_MAX},
    };
    replace_nulls(object);
    int rc = json_read(object, fields, COUNT(fields), e);
    if (rc != 0) {
        return rc;
    }
    out->mask = said(object);
    out->job = queue_job_new();
    take_common(&c, out->mask, out->job);
    out->job->remaining = out->job->count;
    return input_sets_new(c.sets, known, out->job, e);
}

/* The job's own scalars are not wanted in the result: only what the mask names counts. */
int job_input_edit(json_t *object, const struct queue_job *old, const struct job_known *known,
    struct job_input *out, struct err *e)
{
    struct common c = {0};
    *out = (struct job_input){.revision = -1};
    const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, false, c.name, 0, QUEUE_TEXT_MAX},
        {"count", JSON_KIND_INT, false, &c.count, 1, QUEUE_COUNT_MAX},
        {"remaining", JSON_KIND_INT, false, &c.remaining, 1, QUEUE_COUNT_MAX},
        {"draft", JSON_KIND_BOOL, false, &c.draft, 0, 0},
        {"share", JSON_KIND_BOOL, false, &c.share, 0, 0},
        {"repeat", JSON_KIND_BOOL, false, &c.repeat, 0, 0},
        {"note", JSON_KIND_TEXT, false, c.note, 0, QUEUE_TEXT_MAX},
        {"revision", JSON_KIND_INT, false, &out->revision, 0, INT64_MAX},
        {"sets", JSON_KIND_ARRAY, false, &c.sets, 0, QUEUE_SETS_MAX},
    };
    replace_nulls(object);
    int rc = json_read(object, fields, COUNT(fields), e);
    if (rc != 0) {
        return rc;
    }
    out->mask = said(object);
    if (out->mask == 0) {
        return err_set(e, PP_EINVAL, "nothing is to be changed: send e.g. {\"count\": 5}");
    }
    out->job = queue_job_new();
    take_common(&c, out->mask, out->job);
    return c.sets != NULL ? input_sets_edit(c.sets, old, known, out->job, e) : 0;
}

const struct queue_set *job_input_find_set(
    const struct queue_job *job, const char *text, struct err *e)
{
    const struct queue_set *found = NULL;
    char shown[64];
    size_t len = strlen(text);
    str_escape(shown, sizeof shown, text, len);
    for (size_t i = 0; i < job->sets_count; i++) {
        const struct queue_set *set = &job->sets[i];
        if (len < 4 || len >= ID_SIZE || strcmp(set->id + ID_SIZE - 1 - len, text) != 0) {
            continue;
        }
        if (found != NULL) {
            err_field(e, PP_EINVAL, "set", "set \"%s\": several end so, give more of it", shown);
            return NULL;
        }
        found = set;
    }
    if (found == NULL) {
        err_field(e, PP_ENOTFOUND, "set", "job \"%s\" has no set \"%s\"",
            job->name[0] != '\0' ? job->name : job->id, shown);
    }
    return found;
}

/* Moves the set at `index` to `position` (1-based, beyond the end = the end). */
static void place_set(struct queue_job *job, size_t index, int64_t position)
{
    size_t to = (size_t)position - 1 < job->sets_count ? (size_t)position - 1 : job->sets_count - 1;
    struct queue_set set = job->sets[index];
    if (to < index) {
        memmove(&job->sets[to + 1], &job->sets[to], (index - to) * sizeof set);
    } else {
        memmove(&job->sets[index], &job->sets[index + 1], (to - index) * sizeof set);
    }
    job->sets[to] = set;
}

int job_input_set(json_t *object, const struct queue_job *old, const char *id,
    const struct job_known *known, struct job_input *out, struct err *e)
{
    struct set_input in;
    *out = (struct job_input){.revision = -1, .mask = QUEUE_F_SETS};
    int rc = set_input_read(object, SET_ALONE, &in, e);
    if (rc == 0 && json_object_size(object) == 0) {
        rc = err_set(e, PP_EINVAL, "nothing is to be changed: send e.g. {\"count\": 5}");
    }
    if (rc == 0 && id[0] == '\0' && in.path[0] == '\0') {
        rc = err_field(e, PP_EINVAL, "path", "field \"path\" is missing");
    }
    if (rc == 0 && id[0] == '\0' && old->sets_count >= QUEUE_SETS_MAX) {
        rc = err_set(e, PP_ELIMIT, "a job has at most %d sets", QUEUE_SETS_MAX);
    }
    if (rc != 0) {
        return rc;
    }
    out->revision = in.revision;
    out->job = queue_job_copy(old);
    set_inputs_keep(out->job);
    size_t index = out->job->sets_count;
    for (size_t i = 0; id[0] != '\0' && i < out->job->sets_count; i++) {
        index = strcmp(out->job->sets[i].id, id) == 0 ? i : index;
    }
    struct queue_set *set =
        index < out->job->sets_count ? &out->job->sets[index] : queue_job_add_set(out->job);
    set->remaining = QUEUE_KEEP;
    rc = set_input_take(&in, known, set, e);
    if (rc == 0 && in.position > 0) {
        place_set(out->job, index, in.position);
    }
    return rc;
}

struct queue_job *job_input_without(const struct queue_job *old, size_t index)
{
    struct queue_job *job = queue_job_copy(old);
    set_inputs_keep(job);
    place_set(job, index, (int64_t)job->sets_count);
    queue_set_fini(&job->sets[--job->sets_count]);
    return job;
}
