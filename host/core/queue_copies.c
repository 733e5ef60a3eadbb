/* Copies of a job: which set of which copy comes next for a printer, and who holds it.
 *
 * Without `share` there is one copy under way, in the job's own sets, and at most one claim. With
 * it each claim has the counters of its copy; the job's own sets are then the copy that is claimed
 * next, and remaining - claims_count copies wait to be. */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- the next set ---- */

static size_t first_fit(const struct queue_job *job, const char *profile)
{
    size_t i = 0;
    while (i < job->sets_count && !queue_set_fits(&job->sets[i], profile)) {
        i++;
    }
    return i;
}

static size_t first_open(
    const struct queue_job *job, const struct queue_counter *counters, const char *profile)
{
    size_t i = 0;
    for (; i < job->sets_count; i++) {
        const struct queue_set *set = &job->sets[i];
        int32_t remaining = counters != NULL ? counters[i].remaining : set->remaining;
        if (remaining > 0 && queue_set_fits(set, profile)) {
            break;
        }
    }
    return i;
}

static bool pick_whole(
    const struct queue_job *job, size_t own, const char *profile, struct queue_pick *out)
{
    if (job->claims_count > 0 && own == job->claims_count) {
        return false;
    }
    *out = (struct queue_pick){first_open(job, NULL, profile), own, 0};
    if (out->set == job->sets_count && job->remaining > 1) {
        out->set = first_fit(job, profile);
        out->rolls = 1;
    }
    return out->set < job->sets_count;
}

static bool pick_part(
    const struct queue_job *job, size_t claim, const char *profile, struct queue_pick *out)
{
    *out = (struct queue_pick){first_open(job, job->claims[claim].counters, profile), claim, 0};
    return out->set < job->sets_count;
}

static bool pick_fresh(
    const struct queue_job *job, size_t own, const char *profile, struct queue_pick *out)
{
    bool held = own < job->claims_count;
    int64_t spare = (int64_t)job->remaining - (int64_t)job->claims_count;
    if (!held && job->claims_count >= QUEUE_CLAIMS_MAX) {
        return false;
    }
    *out = (struct queue_pick){first_open(job, NULL, profile), own, held ? 1 : 0};
    if (out->set == job->sets_count) {
        out->set = first_fit(job, profile);
        out->rolls++;
    }
    return out->set < job->sets_count && spare >= out->rolls + (held ? 0 : 1);
}

static bool pick_shared(
    const struct queue_job *job, size_t own, const char *profile, struct queue_pick *out)
{
    if (own < job->claims_count) {
        return pick_part(job, own, profile, out) || pick_fresh(job, own, profile, out);
    }
    for (size_t i = 0; i < job->claims_count; i++) {
        if (job->claims[i].printer[0] == '\0' && pick_part(job, i, profile, out)) {
            return true;
        }
    }
    return pick_fresh(job, own, profile, out);
}

bool queue_pick(
    const struct queue_job *job, const char *printer, const char *profile, struct queue_pick *out)
{
    if (job->draft || job->moving || job->archived_ms != 0) {
        return false;
    }
    size_t own = queue_claim_of(job, printer);
    if (own < job->claims_count && job->claims[own].run[0] != '\0') {
        return false;
    }
    return job->share ? pick_shared(job, own, profile, out) : pick_whole(job, own, profile, out);
}

const struct queue_set *queue_job_next(
    const struct queue_job *job, const char *printer, const char *profile)
{
    struct queue_pick found;
    return queue_pick(job, printer, profile, &found) ? &job->sets[found.set] : NULL;
}

/* ---- claims ---- */

size_t queue_claim_of(const struct queue_job *job, const char *printer)
{
    size_t i = 0;
    while (i < job->claims_count &&
           (printer[0] == '\0' || !queue_same_printer(job->claims[i].printer, printer))) {
        i++;
    }
    return i;
}

size_t queue_claim_of_run(const struct queue_job *job, const char *run)
{
    size_t i = 0;
    while (i < job->claims_count && (run[0] == '\0' || strcmp(job->claims[i].run, run) != 0)) {
        i++;
    }
    return i;
}

struct queue_claim *queue_claim_add(struct queue_job *job, const char *printer, int64_t since_ms)
{
    job->claims = mem_resize(job->claims, job->claims_count + 1, sizeof *job->claims);
    struct queue_claim *claim = &job->claims[job->claims_count++];
    memset(claim, 0, sizeof *claim);
    str_copy(claim->printer, sizeof claim->printer, printer, strlen(printer));
    claim->since_ms = since_ms;
    return claim;
}

void queue_claim_drop(struct queue_job *job, size_t index)
{
    free(job->claims[index].counters);
    job->claims_count--;
    memmove(&job->claims[index], &job->claims[index + 1],
        (job->claims_count - index) * sizeof *job->claims);
}

/* As a copy is that nobody has printed anything of. */
static bool is_untouched(const struct queue_job *job, const struct queue_counter *counters)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        if (counters[i].completed != 0 || counters[i].remaining != job->sets[i].count) {
            return false;
        }
    }
    return true;
}

void queue_claim_give_back(struct queue_job *job, size_t index)
{
    struct queue_claim *claim = &job->claims[index];
    if (claim->counters == NULL || is_untouched(job, claim->counters)) {
        queue_claim_drop(job, index);
        return;
    }
    claim->printer[0] = '\0';
    claim->run[0] = '\0';
    claim->set[0] = '\0';
    claim->run_ms = 0;
}

/* ---- prints given up ---- */

void queue_lost_add(struct queue_job *job, const char *run, const char *set)
{
    if (job->lost_count == QUEUE_LOST_MAX) {
        job->lost_count--;
        memmove(&job->lost[0], &job->lost[1], job->lost_count * sizeof *job->lost);
    }
    job->lost = mem_resize(job->lost, job->lost_count + 1, sizeof *job->lost);
    struct queue_lost *l = &job->lost[job->lost_count++];
    str_copy(l->run, sizeof l->run, run, strlen(run));
    str_copy(l->set, sizeof l->set, set, strlen(set));
}

bool queue_lost_take(struct queue_job *job, const char *run, char set[static ID_SIZE])
{
    size_t i = 0;
    while (i < job->lost_count && strcmp(job->lost[i].run, run) != 0) {
        i++;
    }
    if (i == job->lost_count) {
        return false;
    }
    memcpy(set, job->lost[i].set, ID_SIZE);
    job->lost_count--;
    memmove(&job->lost[i], &job->lost[i + 1], (job->lost_count - i) * sizeof *job->lost);
    return true;
}

void queue_lost_clear(struct queue_job *job)
{
    free(job->lost);
    job->lost = NULL;
    job->lost_count = 0;
}

/* ---- counters ---- */

void queue_fill(struct queue_job *job)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        job->sets[i].remaining = job->sets[i].count;
        job->sets[i].completed = 0;
    }
}

void queue_part_take(struct queue_job *job, struct queue_claim *claim)
{
    if (claim->counters == NULL) {
        claim->counters = mem_array(job->sets_count, sizeof *claim->counters);
        claim->counters_count = job->sets_count;
    }
    for (size_t i = 0; i < job->sets_count; i++) {
        memcpy(claim->counters[i].set, job->sets[i].id, ID_SIZE);
        claim->counters[i].remaining = job->sets[i].remaining;
        claim->counters[i].completed = job->sets[i].completed;
    }
    queue_fill(job);
}

static size_t index_of(const struct queue_set *sets, size_t count, const char *id)
{
    size_t i = 0;
    while (i < count && strcmp(sets[i].id, id) != 0) {
        i++;
    }
    return i;
}

/* A part goes on towards the new count of its set; what is not there yet is all to come. */
static struct queue_counter followed(const struct queue_set *set, const struct queue_set *old,
    size_t old_count, const struct queue_counter *counters)
{
    struct queue_counter c = {.remaining = set->count};
    size_t i = index_of(old, old_count, set->id);
    if (i < old_count) {
        int32_t rest = set->count - counters[i].completed;
        c = counters[i];
        if (old[i].count != set->count) {
            c.remaining = rest > 0 ? rest : 0;
        }
    }
    memcpy(c.set, set->id, ID_SIZE);
    return c;
}

void queue_parts_follow(struct queue_job *job, const struct queue_set *old, size_t old_count)
{
    for (size_t c = 0; c < job->claims_count; c++) {
        struct queue_claim *claim = &job->claims[c];
        if (claim->counters == NULL) {
            continue;
        }
        struct queue_counter *fresh = mem_array(job->sets_count, sizeof *fresh);
        for (size_t i = 0; i < job->sets_count; i++) {
            fresh[i] = followed(&job->sets[i], old, old_count, claim->counters);
        }
        free(claim->counters);
        claim->counters = fresh;
        claim->counters_count = job->sets_count;
    }
}
