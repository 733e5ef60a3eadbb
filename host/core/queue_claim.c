/* Who prints what: claim, release, begin, finish. */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- refusals ---- */

static int held_by(const struct queue_job *job, int64_t now_ms, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    const struct queue_claim *c = &job->claims[0];
    int64_t minutes = now_ms > c->since_ms ? (now_ms - c->since_ms) / 60000 : 0;
    queue_label(job, label);
    if (job->share) {
        return err_set(e, PP_EBUSY, "%s: all %" PRId32 " copies that remain are claimed", label,
            job->remaining);
    }
    return err_set(e, PP_EBUSY, "%s: claimed by \"%.*s\" %" PRId64 " min ago", label,
        queue_printer_name_len(c->printer, NULL), c->printer, minutes);
}

/* Why queue_pick() offers nothing. */
static int nothing_for(const struct queue_job *job, const struct queue_command *c, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    queue_label(job, label);
    if (job->draft || job->moving) {
        return err_set(e, PP_ESTATE, "%s: %s", label,
            job->draft ? "a draft is not printed" : "on its way to another queue");
    }
    if (!queue_job_fits(job, c->profile)) {
        return err_set(e, PP_ESTATE, "%s: no set of it is for profile \"%s\"", label, c->profile);
    }
    bool own = queue_claim_of(job, c->printer) < job->claims_count;
    if (!own && job->claims_count >= (job->share ? (size_t)job->remaining : 1)) {
        return held_by(job, c->now_ms, e);
    }
    if (!own && job->claims_count >= QUEUE_CLAIMS_MAX) {
        return err_set(e, PP_ELIMIT, "%s: %d claims are the limit", label, QUEUE_CLAIMS_MAX);
    }
    return err_set(e, PP_ESTATE, "%s: nothing is left of it for \"%s\"", label, c->printer);
}

/* ---- claim and release ---- */

/* The claim a pick is about, made or taken over where the printer has none yet. */
static struct queue_claim *take(
    struct queue_job *job, const struct queue_pick *pick, const struct queue_command *c)
{
    if (pick->claim < job->claims_count) {
        struct queue_claim *claim = &job->claims[pick->claim];
        if (claim->printer[0] == '\0') {
            str_copy(claim->printer, sizeof claim->printer, c->printer, strlen(c->printer));
            claim->since_ms = c->now_ms;
        }
        return claim;
    }
    struct queue_claim *claim = queue_claim_add(job, c->printer, c->now_ms);
    if (job->share) {
        queue_part_take(job, claim);
    }
    return claim;
}

int queue_claim(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    struct queue_pick pick;
    int rc = queue_want_open(q, c, &e, &out->err);
    if (rc != 0 || queue_claim_of(e->job, c->printer) < e->job->claims_count) {
        return rc;
    }
    if (!queue_pick(e->job, c->printer, c->profile, &pick)) {
        return nothing_for(e->job, c, &out->err);
    }
    struct queue_job *job = queue_draw(e);
    take(job, &pick, c);
    queue_put(q, e, job);
    return 0;
}

int queue_release(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    int rc = queue_want(q, c, &e, &out->err);
    if (rc != 0) {
        return rc;
    }
    size_t own = queue_claim_of(e->job, c->printer);
    if (own == e->job->claims_count) {
        return 0;
    }
    if (e->job->claims[own].run[0] != '\0') {
        return queue_want_unprinted(e->job, c->now_ms, &out->err);
    }
    struct queue_job *job = queue_draw(e);
    queue_claim_give_back(job, own);
    queue_put(q, e, job);
    return 0;
}

/* ---- begin ---- */

/* Gives up the copy of which nothing is for this printer, and goes on with the next. */
static void roll(struct queue_job *job, struct queue_claim *claim)
{
    job->remaining--;
    if (job->share) {
        queue_part_take(job, claim);
    } else {
        queue_fill(job);
    }
}

static bool has_begun(const struct queue_job *job, const struct queue_command *c)
{
    size_t own = queue_claim_of(job, c->printer);
    return own < job->claims_count && strcmp(job->claims[own].run, c->run) == 0 &&
           strcmp(job->claims[own].set, c->set) == 0;
}

/* The printer that has claimed a job may have begun before it heard that the job is held. */
static bool pick_begun(
    const struct queue_job *job, const struct queue_command *c, struct queue_pick *out)
{
    struct queue_job seen = *job;
    seen.draft = job->draft && queue_claim_of(job, c->printer) == job->claims_count;
    return queue_pick(&seen, c->printer, c->profile, out);
}

static int check_begin(const struct queue_job *job, const struct queue_command *c,
    struct queue_pick *pick, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    size_t own = queue_claim_of(job, c->printer);
    if (own < job->claims_count && job->claims[own].run[0] != '\0') {
        return queue_want_unprinted(job, c->now_ms, e);
    }
    if (queue_job_set(job, c->set) == NULL) {
        char shown[64];
        str_escape(shown, sizeof shown, c->set, strlen(c->set));
        return err_field(
            e, PP_ENOTFOUND, "set", "%s has no set \"%s\"", queue_label(job, label), shown);
    }
    if (!pick_begun(job, c, pick)) {
        return nothing_for(job, c, e);
    }
    if (strcmp(job->sets[pick->set].id, c->set) != 0) {
        return err_set(e, PP_ESTATE, "%s: \"%s\" is next, not \"%s\"", queue_label(job, label),
            job->sets[pick->set].path, queue_job_set(job, c->set)->path);
    }
    return 0;
}

int queue_begin(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e;
    struct queue_pick pick;
    int rc = queue_want_open(q, c, &e, &out->err);
    if (rc != 0 || has_begun(e->job, c)) {
        return rc;
    }
    rc = check_begin(e->job, c, &pick, &out->err);
    if (rc != 0) {
        return rc;
    }
    struct queue_job *job = queue_draw(e);
    struct queue_claim *claim = take(job, &pick, c);
    for (int i = 0; i < pick.rolls; i++) {
        roll(job, claim);
    }
    memcpy(claim->run, c->run, ID_SIZE);
    memcpy(claim->set, c->set, ID_SIZE);
    claim->run_ms = c->now_ms;
    queue_put(q, e, job);
    return 0;
}

/* ---- finish ---- */

static void count_print(struct queue_job *job, const struct queue_claim *claim)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        struct queue_set *set = &job->sets[i];
        if (strcmp(set->id, claim->set) != 0) {
            continue;
        }
        int32_t *remaining =
            claim->counters != NULL ? &claim->counters[i].remaining : &set->remaining;
        int32_t *completed =
            claim->counters != NULL ? &claim->counters[i].completed : &set->completed;
        *remaining -= *remaining > 0;
        *completed += *completed < INT32_MAX;
    }
}

/* `set` has just been printed: it counts as one for this printer whatever its profile is by now. */
static bool is_copy_done(const struct queue_job *job, const struct queue_claim *claim,
    const char *set, const char *profile)
{
    bool any = false;
    for (size_t i = 0; i < job->sets_count; i++) {
        int32_t remaining =
            claim->counters != NULL ? claim->counters[i].remaining : job->sets[i].remaining;
        if (!queue_set_fits(&job->sets[i], profile) && strcmp(job->sets[i].id, set) != 0) {
            continue;
        }
        if (remaining > 0) {
            return false;
        }
        any = true;
    }
    return any;
}

static void drop_claims(struct queue_job *job)
{
    while (job->claims_count > 0) {
        queue_claim_drop(job, job->claims_count - 1);
    }
}

/* The last copy is done: to the archive, or from the beginning. */
static void end_job(struct queue_job *job, int64_t now_ms, struct queue_result *out)
{
    drop_claims(job);
    if (job->repeat) {
        job->remaining = job->count;
        queue_fill(job);
        return;
    }
    job->archived_ms = now_ms > 0 ? now_ms : 1;
    job->finished = true;
    out->job_done = true;
}

static void end_copy(struct queue_job *job, size_t own, int64_t now_ms, struct queue_result *out)
{
    out->copy_done = true;
    job->remaining--;
    if (job->share) {
        queue_claim_drop(job, own);
    } else if (job->remaining > 0) {
        queue_fill(job);
    }
    if (job->remaining == 0) {
        end_job(job, now_ms, out);
    }
}

static struct queue_entry *printing(const struct queue *q, const struct queue_command *c)
{
    if (c->job[0] != '\0') {
        struct queue_entry *e = queue_entry_find(q, c->job);
        return e != NULL && queue_claim_of_run(e->job, c->run) < e->job->claims_count ? e : NULL;
    }
    for (size_t i = 0; i < q->order.count; i++) {
        struct queue_entry *e = q->order.at[i].entry;
        if (queue_claim_of_run(e->job, c->run) < e->job->claims_count) {
            return e;
        }
    }
    return NULL;
}

static bool is_printed_meanwhile(const struct queue_job *job)
{
    for (size_t i = 0; i < job->claims_count; i++) {
        if (job->claims[i].run[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* Its host was given up and has come back: the print counts where it is not one too many. Copies
 * that are shared have been given to others. */
static int finish_late(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e = c->success ? queue_entry_find(q, c->job) : NULL;
    struct queue_claim print = {.printer = ""};
    if (e == NULL || e->job->lost_count == 0) {
        return 0;
    }
    struct queue_job *job = queue_draw(e);
    const struct queue_set *set =
        queue_lost_take(job, c->run, print.set) ? queue_job_set(job, print.set) : NULL;
    if (set != NULL && set->remaining > 0 && !job->share && job->archived_ms == 0 &&
        !is_printed_meanwhile(job)) {
        memcpy(out->job, e->id, ID_SIZE);
        out->counted = true;
        count_print(job, &print);
        if (is_copy_done(job, &print, print.set, c->profile)) {
            end_copy(job, 0, c->now_ms, out);
        }
    }
    queue_put(q, e, job);
    return 0;
}

int queue_finish(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    struct queue_entry *e = printing(q, c);
    if (e == NULL) {
        return finish_late(q, c, out);
    }
    memcpy(out->job, e->id, ID_SIZE);
    out->counted = true;
    struct queue_job *job = queue_draw(e);
    size_t own = queue_claim_of_run(job, c->run);
    struct queue_claim *claim = &job->claims[own];
    char set[ID_SIZE];
    memcpy(set, claim->set, ID_SIZE);
    bool given_up =
        !c->success && c->origin[0] != '\0' && !queue_is_printer_of(claim->printer, c->origin);
    if (c->success) {
        count_print(job, claim);
    } else if (given_up) {
        queue_lost_add(job, claim->run, claim->set);
    }
    claim->run[0] = '\0';
    claim->set[0] = '\0';
    claim->run_ms = 0;
    if (c->success && is_copy_done(job, claim, set, c->profile)) {
        end_copy(job, own, c->now_ms, out);
    }
    queue_put(q, e, job);
    return 0;
}
