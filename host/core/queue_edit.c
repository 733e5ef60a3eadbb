/* Editing: the fields named are changed, everything else stays; a print under way goes on. */
#include "host/base/mem.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void queue_set_text(char **text, const char *value)
{
    free(*text);
    *text = mem_strdup(value != NULL ? value : "");
}

void queue_stamp(struct queue_job *job, const struct queue_command *c)
{
    job->revision++;
    queue_set_text(&job->changed_by, c->actor);
    job->changed_ms = c->now_ms;
}

#define ALL_FIELDS ((unsigned)(QUEUE_F_SETS << 1) - 1) /* not QUEUE_F_STATE */

static int check_numbers(const struct queue_job *job, const struct queue_command *c, struct err *e)
{
    const struct queue_job *spec = c->spec;
    int32_t done = job->count - job->remaining;
    bool remaining = (c->mask & QUEUE_F_REMAINING) != 0;
    bool count = (c->mask & QUEUE_F_COUNT) != 0;
    if (count && (spec->count < 1 || spec->count > QUEUE_COUNT_MAX)) {
        return err_field(e, PP_EINVAL, "count", "count %" PRId32 ": must be 1 to %d", spec->count,
            QUEUE_COUNT_MAX);
    }
    if (remaining && (spec->remaining < 1 || spec->remaining > QUEUE_COUNT_MAX)) {
        return err_field(e, PP_EINVAL, "remaining", "remaining %" PRId32 ": must be 1 to %d",
            spec->remaining, QUEUE_COUNT_MAX);
    }
    if (count && !remaining && spec->count <= done) {
        return err_field(e, PP_EINVAL, "count",
            "count %" PRId32 ": %" PRId32 " are done already, so it must be at least %" PRId32,
            spec->count, done, done + 1);
    }
    return 0;
}

static int check_edit(const struct queue_job *job, const struct queue_command *c, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    queue_label(job, label);
    if (c->revision != -1 && c->revision != job->revision) {
        bool known = job->changed_by != NULL && job->changed_by[0] != '\0';
        return err_field(e, PP_ESTATE, "revision",
            "%s: changed by %s since revision %" PRId64 ", it is at %" PRId64 " now", label,
            known ? job->changed_by : "somebody", c->revision, job->revision);
    }
    if (c->mask == 0 || (c->mask & ~ALL_FIELDS) != 0) {
        return err_field(e, PP_EINVAL, "mask", "mask %u: must name what is edited", c->mask);
    }
    if (job->moving && c->mask != QUEUE_F_MOVING) {
        return err_set(e, PP_ESTATE, "%s: on its way to another queue", label);
    }
    if ((c->mask & QUEUE_F_MOVING) && c->spec->moving) {
        int rc = queue_want_unprinted(job, c->now_ms, e);
        if (rc != 0) {
            return rc;
        }
    }
    if ((c->mask & QUEUE_F_NAME) && queue_text_check(c->spec->name, QUEUE_TEXT_MAX, "name", e)) {
        return -e->code;
    }
    if ((c->mask & QUEUE_F_NOTE) && queue_text_check(c->spec->note, QUEUE_TEXT_MAX, "note", e)) {
        return -e->code;
    }
    int rc = check_numbers(job, c, e);
    return rc == 0 && (c->mask & QUEUE_F_SETS) ? queue_sets_check(c->spec, true, e) : rc;
}

static void edit_numbers(struct queue_job *job, const struct queue_command *c)
{
    if (c->mask & QUEUE_F_REMAINING) {
        job->count = c->mask & QUEUE_F_COUNT ? c->spec->count : job->count;
        job->remaining = c->spec->remaining;
        job->count = job->count < job->remaining ? job->remaining : job->count;
    } else if (c->mask & QUEUE_F_COUNT) {
        job->remaining += c->spec->count - job->count;
        job->count = c->spec->count;
    }
}

static void set_counters(struct queue_set *set, const struct queue_set *old)
{
    set->completed = old != NULL ? old->completed : 0;
    if (old != NULL && set->count == old->count && set->remaining == QUEUE_KEEP) {
        set->remaining = old->remaining;
    } else if (set->remaining == QUEUE_KEEP ||
               (old != NULL && set->count != old->count && set->remaining == old->remaining)) {
        set->remaining = set->count;
    }
}

static void edit_sets(struct queue_job *job, const struct queue_job *spec)
{
    struct queue_job *other = queue_job_copy(spec);
    for (size_t i = 0; i < other->sets_count; i++) {
        set_counters(&other->sets[i], queue_job_set(job, other->sets[i].id));
    }
    struct queue_set *old = job->sets;
    size_t old_count = job->sets_count;
    job->sets = other->sets;
    job->sets_count = other->sets_count;
    queue_parts_follow(job, old, old_count);
    other->sets = old;
    other->sets_count = old_count;
    queue_job_free(other);
}

static void share_on(struct queue_job *job)
{
    job->share = true;
    for (size_t i = 0; i < job->claims_count; i++) {
        queue_part_take(job, &job->claims[i]);
    }
}

static void share_off(struct queue_job *job)
{
    job->share = false;
    if (job->claims_count == 0) {
        return;
    }
    struct queue_claim *claim = &job->claims[0];
    for (size_t i = 0; i < job->sets_count; i++) {
        job->sets[i].remaining = claim->counters[i].remaining;
        job->sets[i].completed = claim->counters[i].completed;
    }
    free(claim->counters);
    claim->counters = NULL;
    claim->counters_count = 0;
    if (claim->printer[0] == '\0') {
        queue_claim_drop(job, 0);
    }
}

/* Copies begun and given back go first when fewer are wanted than are under way. */
static int fit_claims(struct queue_job *job, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    for (size_t i = job->claims_count; job->share && i > 0; i--) {
        if (job->claims_count > (size_t)job->remaining && job->claims[i - 1].printer[0] == '\0') {
            queue_claim_drop(job, i - 1);
        }
    }
    if (job->claims_count > (size_t)job->remaining) {
        return err_field(e, PP_EBUSY, "remaining",
            "remaining %" PRId32 ": %zu copies of %s are claimed, so it must be at least %zu",
            job->remaining, job->claims_count, queue_label(job, label), job->claims_count);
    }
    return 0;
}

static int edit_share(struct queue_job *job, bool share, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    if (share && !job->share) {
        share_on(job);
    } else if (!share && job->share) {
        if (job->claims_count > 1) {
            return err_field(e, PP_EBUSY, "share", "%s: %zu copies of it are under way",
                queue_label(job, label), job->claims_count);
        }
        share_off(job);
    }
    return 0;
}

static int edit_fields(struct queue_job *job, const struct queue_command *c, struct err *e)
{
    const struct queue_job *spec = c->spec;
    if (c->mask & QUEUE_F_NAME) {
        queue_set_text(&job->name, spec->name);
    }
    if (c->mask & QUEUE_F_NOTE) {
        queue_set_text(&job->note, spec->note);
    }
    job->draft = c->mask & QUEUE_F_DRAFT ? spec->draft : job->draft;
    job->repeat = c->mask & QUEUE_F_REPEAT ? spec->repeat : job->repeat;
    job->moving = c->mask & QUEUE_F_MOVING ? spec->moving : job->moving;
    if (c->mask & QUEUE_F_SETS) {
        edit_sets(job, spec);
        job->trusted = job->trusted && c->trusted; /* what it prints is by somebody else now */
    }
    edit_numbers(job, c);
    int rc = c->mask & QUEUE_F_SHARE ? edit_share(job, spec->share, e) : 0;
    return rc != 0 ? rc : fit_claims(job, e);
}

int queue_edit(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    int rc = queue_want_open(q, c, &e, &out->err);
    if (rc == 0) {
        rc = check_edit(e->job, c, &out->err);
    }
    if (rc != 0) {
        return rc;
    }
    struct queue_job *job = queue_draw(e);
    rc = edit_fields(job, c, &out->err);
    if (rc != 0) {
        queue_job_free(job);
        return rc;
    }
    queue_stamp(job, c);
    queue_put(q, e, job);
    return 0;
}
