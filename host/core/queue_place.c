/* Where jobs are: submitted, reordered, removed, restored, taken elsewhere; and begun anew. */
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* Who sent it is what the log says; another copy of the queue is believed if its host is trusted.
 */
static void set_origin(struct queue_job *job, const struct queue_command *c, bool state)
{
    if (c->origin[0] == '\0') {
        return;
    }
    if (!state || !c->trusted || job->origin == NULL) {
        queue_set_text(&job->origin, c->origin);
        job->trusted = c->trusted;
    }
}

/* A host that was away, and belongs to what the queue was before, may still have the job and bring
 * it along (QUEUE_F_STATE): it must not come back from there. Remembered as the answer to a client
 * whose name nobody has: in a network queue theirs begin with their host. */
static void taken_name(const char *job, char out[static QUEUE_WORD_MAX + 1])
{
    snprintf(out, QUEUE_WORD_MAX + 1, "taken %s", job);
}

static void note_taken(struct queue *q, const struct queue_command *c)
{
    struct queue_answer answer = {.sequence = 1, .used_ms = c->now_ms};
    if (c->origin[0] != '\0') {
        taken_name(c->job, answer.client);
        memcpy(answer.result.job, c->job, ID_SIZE);
        queue_answer_set(&q->answers, &answer);
    }
}

/* As it is in another copy of this queue. */
static int submit_state(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_job *job = queue_job_copy(c->spec);
    set_origin(job, c, true);
    char taken[QUEUE_WORD_MAX + 1];
    taken_name(job->id, taken);
    if (queue_answer_find(&q->answers, taken) != NULL) {
        err_set(&out->err, PP_EEXIST, "job \"%s\": it was taken out of this queue", job->id);
        queue_job_free(job);
        return -PP_EEXIST;
    }
    int rc = job->archived_ms != 0
                 ? err_set(&out->err, PP_ESTATE, "job \"%s\": it is in the archive", job->id)
                 : queue_job_holds(job, &out->err);
    if (rc != 0) {
        queue_job_free(job);
        return rc;
    }
    queue_put(q, queue_entry_make(q, job->id), job);
    memcpy(out->job, c->spec->id, ID_SIZE);
    return 0;
}

int queue_submit(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    size_t at = 0;
    int rc = check_submit(q, c, &at, &out->err);
    if (rc != 0) {
        return rc;
    }
    if (c->mask & QUEUE_F_STATE) {
        return submit_state(q, c, out);
    }
    struct queue_job *job = queue_job_copy(c->spec);
    set_origin(job, c, false);
    while (job->claims_count > 0) {
        queue_claim_drop(job, job->claims_count - 1);
    }
    job->moving = (c->mask & QUEUE_F_MOVING) && c->spec->moving && c->origin[0] == '\0';
    job->archived_ms = 0;
    job->finished = false;
    job->rank = strcmp(c->after, "-") == 0 ? queue_rank_front(q) : queue_rank_at(q, at);
    queue_put(q, queue_entry_make(q, job->id), job);
    memcpy(out->job, c->spec->id, ID_SIZE);
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
    queue_lost_clear(job);
    for (size_t i = job->claims_count; i > 0; i--) {
        struct queue_claim *claim = &job->claims[i - 1];
        if (claim->printer[0] == '\0') {
            queue_claim_drop(job, i - 1);
        } else if (claim->counters != NULL) {
            queue_part_take(job, claim);
        }
    }
    queue_stamp(job, c);
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
        queue_lost_clear(job);
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

static int want_state(const struct queue_job *job, const struct queue_command *c, struct err *e)
{
    char state[QUEUE_STATE_SIZE];
    char label[QUEUE_LABEL_SIZE];
    queue_job_state(job, state);
    if (c->state[0] == '\0' || strcmp(c->state, state) == 0) {
        return 0;
    }
    return err_field(e, PP_ESTATE, "state", "%s: has been printed or edited since it was looked at",
        queue_label(job, label));
}

int queue_take(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    int rc = queue_want_open(q, c, &e, &out->err);
    if (rc == 0) {
        rc = queue_want_unprinted(e->job, c->now_ms, &out->err);
    }
    rc = rc == 0 ? queue_want_unclaimed(e->job, c, &out->err) : rc; /* it is printed elsewhere */
    rc = rc == 0 ? want_state(e->job, c, &out->err) : rc;
    if (rc == 0) {
        queue_put(q, e, NULL);
        note_taken(q, c);
    }
    return rc;
}
