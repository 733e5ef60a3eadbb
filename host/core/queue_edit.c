/* What people do with jobs: submit, edit, reorder, remove, restore, reset. */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *queue_label(const struct queue_job *job, char out[static QUEUE_LABEL_SIZE])
{
    if (job->name != NULL && job->name[0] != '\0') {
        char name[72];
        bool fits = str_copy(name, sizeof name, job->name, strlen(job->name));
        char shown[QUEUE_LABEL_SIZE - 16];
        str_escape(shown, sizeof shown, name, strlen(name));
        snprintf(out, QUEUE_LABEL_SIZE, "job \"%s%s\"", shown, fits ? "" : "...");
    } else {
        size_t len = strlen(job->id);
        snprintf(out, QUEUE_LABEL_SIZE, "job %s", job->id + (len > 6 ? len - 6 : 0));
    }
    return out;
}

int queue_want(
    const struct queue *q, const struct queue_command *c, struct queue_entry **out, struct err *e)
{
    *out = queue_entry_find(q, c->job);
    if (*out == NULL) {
        char shown[64];
        str_escape(shown, sizeof shown, c->job, strlen(c->job));
        return err_field(e, PP_ENOTFOUND, "job", "job \"%s\": not in queue \"%s\"", shown, q->name);
    }
    return 0;
}

int queue_want_open(
    const struct queue *q, const struct queue_command *c, struct queue_entry **out, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    int rc = queue_want(q, c, out, e);
    if (rc == 0 && (*out)->job->archived_ms != 0) {
        return err_set(e, PP_ESTATE, "%s: %s and in the archive; restore it first",
            queue_label((*out)->job, label), (*out)->job->finished ? "finished" : "removed");
    }
    return rc;
}

static int want_archived(
    const struct queue *q, const struct queue_command *c, struct queue_entry **out, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    int rc = queue_want(q, c, out, e);
    if (rc == 0 && (*out)->job->archived_ms == 0) {
        return err_set(e, PP_ESTATE, "%s: not in the archive", queue_label((*out)->job, label));
    }
    return rc;
}

int queue_want_unprinted(const struct queue_job *job, int64_t now_ms, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    for (size_t i = 0; i < job->claims_count; i++) {
        const struct queue_claim *c = &job->claims[i];
        if (c->run[0] != '\0') {
            int64_t minutes = now_ms > c->run_ms ? (now_ms - c->run_ms) / 60000 : 0;
            return err_set(e, PP_EBUSY, "%s: \"%s\" has been printing it for %" PRId64 " min",
                queue_label(job, label), c->printer, minutes);
        }
    }
    return 0;
}

static int want_room(const struct queue *q, struct err *e)
{
    if (q->order.count >= QUEUE_JOBS_MAX) {
        return err_set(
            e, PP_ELIMIT, "queue \"%s\": %d jobs are the limit", q->name, QUEUE_JOBS_MAX);
    }
    return 0;
}

/* ---- order ---- */

/* The place behind the job `after`. */
static int place_after(const struct queue *q, const char *after, size_t *at, struct err *e)
{
    const struct queue_entry *left = queue_entry_find(q, after);
    if (left == NULL || left->job->archived_ms != 0) {
        char shown[64];
        str_escape(shown, sizeof shown, after, strlen(after));
        return err_field(
            e, PP_ENOTFOUND, "after", "after \"%s\": no such job in queue \"%s\"", shown, q->name);
    }
    *at = queue_places_find(&q->order, left->job->rank, left->id) + 1;
    return 0;
}

static void put_rank(struct queue *q, struct queue_entry *e, int64_t rank)
{
    struct queue_job *job = queue_draw(e);
    job->rank = rank;
    queue_put(q, e, job);
}

int queue_move(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    size_t at = 0;
    int rc = queue_want_open(q, c, &e, &out->err);
    if (rc == 0) {
        rc = queue_want_unprinted(e->job, c->now_ms, &out->err);
    }
    if (rc == 0 && strcmp(c->after, c->job) == 0) {
        return err_field(
            &out->err, PP_EINVAL, "after", "after \"%s\": that is the job itself", c->after);
    }
    if (rc == 0 && c->after[0] != '\0') {
        rc = place_after(q, c->after, &at, &out->err);
    }
    if (rc != 0) {
        return rc;
    }
    bool there = at < q->order.count && q->order.at[at].entry == e;
    if (there && (at > 0 || e->job->rank < 0)) {
        return 0;
    }
    put_rank(q, e, at == 0 ? queue_rank_front(q) : queue_rank_at(q, at));
    return 0;
}

/* ---- submit ---- */

static int check_submit(
    const struct queue *q, const struct queue_command *c, size_t *at, struct err *e)
{
    const struct queue_job *spec = c->spec;
    int rc = queue_job_check(spec, e);
    if (rc != 0) {
        return rc;
    }
    if (queue_entry_find(q, spec->id) != NULL) {
        return err_field(e, PP_EEXIST, "id", "job \"%s\": already there", spec->id);
    }
    if (spec->remaining < 1) {
        return err_field(e, PP_EINVAL, "remaining", "remaining %" PRId32 ": must be 1 to %" PRId32,
            spec->remaining, spec->count);
    }
    if (q->archive.count >= QUEUE_JOBS_MAX) {
        return err_set(e, PP_ELIMIT, "queue \"%s\": %d jobs in the archive are the limit; purge it",
            q->name, QUEUE_JOBS_MAX);
    }
    *at = strcmp(c->after, "-") == 0 ? 0 : q->order.count;
    if (c->after[0] != '\0' && strcmp(c->after, "-") != 0) {
        rc = place_after(q, c->after, at, e);
    }
    return rc != 0 ? rc : want_room(q, e);
}

int queue_submit(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    size_t at = 0;
    int rc = check_submit(q, c, &at, &out->err);
    if (rc != 0) {
        return rc;
    }
    struct queue_job *job = queue_job_copy(c->spec);
    while (job->claims_count > 0) {
        queue_claim_drop(job, job->claims_count - 1);
    }
    job->moving = false;
    job->archived_ms = 0;
    job->finished = false;
    job->rank = strcmp(c->after, "-") == 0 ? queue_rank_front(q) : queue_rank_at(q, at);
    queue_put(q, queue_entry_make(q, job->id), job);
    memcpy(out->job, c->spec->id, ID_SIZE);
    return 0;
}

/* ---- edit ---- */

#define ALL_FIELDS ((unsigned)(QUEUE_F_SETS << 1) - 1)

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

static void set_text(char **text, const char *value)
{
    free(*text);
    *text = mem_strdup(value != NULL ? value : "");
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
        set_text(&job->name, spec->name);
    }
    if (c->mask & QUEUE_F_NOTE) {
        set_text(&job->note, spec->note);
    }
    job->draft = c->mask & QUEUE_F_DRAFT ? spec->draft : job->draft;
    job->repeat = c->mask & QUEUE_F_REPEAT ? spec->repeat : job->repeat;
    job->moving = c->mask & QUEUE_F_MOVING ? spec->moving : job->moving;
    if (c->mask & QUEUE_F_SETS) {
        edit_sets(job, spec);
    }
    edit_numbers(job, c);
    int rc = c->mask & QUEUE_F_SHARE ? edit_share(job, spec->share, e) : 0;
    return rc != 0 ? rc : fit_claims(job, e);
}

static void stamp(struct queue_job *job, const struct queue_command *c)
{
    job->revision++;
    set_text(&job->changed_by, c->actor);
    job->changed_ms = c->now_ms;
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
    stamp(job, c);
    queue_put(q, e, job);
    return 0;
}

/* ---- counters ---- */

int queue_reset(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    int rc = queue_want_open(q, c, &e, &out->err);
    if (rc == 0) {
        rc = queue_want_unprinted(e->job, c->now_ms, &out->err);
    }
    if (rc != 0) {
        return rc;
    }
    struct queue_job *job = queue_draw(e);
    job->remaining = job->count;
    queue_fill(job);
    for (size_t i = job->claims_count; i > 0; i--) {
        struct queue_claim *claim = &job->claims[i - 1];
        if (claim->printer[0] == '\0') {
            queue_claim_drop(job, i - 1);
        } else if (claim->counters != NULL) {
            queue_part_take(job, claim);
        }
    }
    stamp(job, c);
    queue_put(q, e, job);
    return 0;
}

/* ---- the archive ---- */

int queue_archive(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    int rc = queue_want_open(q, c, &e, &out->err);
    if (rc == 0) {
        rc = queue_want_unprinted(e->job, c->now_ms, &out->err);
    }
    if (rc != 0) {
        return rc;
    }
    struct queue_job *job = queue_draw(e);
    for (size_t i = job->claims_count; i > 0; i--) {
        queue_claim_give_back(job, i - 1);
    }
    job->moving = false;
    job->archived_ms = c->now_ms > 0 ? c->now_ms : 1;
    queue_put(q, e, job);
    return 0;
}

int queue_restore(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    int rc = want_archived(q, c, &e, &out->err);
    if (rc == 0) {
        rc = want_room(q, &out->err);
    }
    if (rc != 0) {
        return rc;
    }
    int64_t rank = queue_rank_at(q, q->order.count);
    struct queue_job *job = queue_draw(e);
    job->archived_ms = 0;
    job->rank = rank;
    if (job->finished) {
        job->finished = false;
        job->remaining = job->count;
        queue_fill(job);
    }
    queue_put(q, e, job);
    return 0;
}

int queue_purge(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    int rc = want_archived(q, c, &e, &out->err);
    if (rc == 0) {
        queue_put(q, e, NULL);
    }
    return rc;
}

int queue_take(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    int rc = queue_want_open(q, c, &e, &out->err);
    if (rc == 0) {
        rc = queue_want_unprinted(e->job, c->now_ms, &out->err);
    }
    if (rc == 0) {
        queue_put(q, e, NULL);
    }
    return rc;
}
