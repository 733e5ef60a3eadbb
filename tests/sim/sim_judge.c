/* Who knows what really happened, and what must hold.
 *
 *  - at the same (epoch, index) every host has the same rows;
 *  - what is applied never goes back while a process lives;
 *  - no job is printed by two at once, none more often than asked, unless there is an excuse (its
 *    claim was released after the time-out, groups met, a disk was lost): then it is told as such;
 *  - the end of every print is in the rows, counted, or as a surplus where there is an excuse;
 *  - a job that was acknowledged is there, and is done once all is healed;
 *  - once all is healed, all hosts agree.
 */
#include "tests/sim/sim.h"

#include "host/base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- states that were seen ----------------------------------------------------------------------
 */

struct sim_state_seen {
    struct group_epoch epoch;
    uint64_t index; /* 0: free */
    uint64_t digest;
    uint64_t entry; /* hash of the one there; 0 = a dump was loaded */
    unsigned host;
};

static size_t slot_of(const struct sim *s, const struct group_epoch *epoch, uint64_t index)
{
    uint64_t h;
    memcpy(&h, epoch->id, sizeof h);
    h = (h ^ epoch->number * UINT64_C(0x9e3779b97f4a7c15) ^ index << 20 ^ index) *
        UINT64_C(0xbf58476d1ce4e5b9);
    size_t i = (size_t)(h >> 20) & (s->seen_cap - 1);
    while (s->seen[i].index != 0 &&
           (s->seen[i].index != index || s->seen[i].epoch.number != epoch->number ||
               memcmp(s->seen[i].epoch.id, epoch->id, sizeof epoch->id) != 0)) {
        i = (i + 1) & (s->seen_cap - 1);
    }
    return i;
}

static void grow(struct sim *s)
{
    struct sim_state_seen *old = s->seen;
    size_t n = s->seen_cap;
    s->seen_cap = n > 0 ? n * 2 : 1024;
    s->seen = mem_array(s->seen_cap, sizeof *s->seen);
    for (size_t i = 0; i < n; i++) {
        if (old[i].index != 0) {
            s->seen[slot_of(s, &old[i].epoch, old[i].index)] = old[i];
        }
    }
    free(old);
}

static void compare_state(struct sim_host *h, const struct group_status *st)
{
    struct sim *s = h->sim;
    if (s->seen_count * 2 >= s->seen_cap) {
        grow(s);
    }
    uint64_t digest = queue_machine_digest(h->machine);
    struct sim_state_seen *seen = &s->seen[slot_of(s, &st->epoch, st->applied)];
    if (seen->index == 0) {
        *seen = (struct sim_state_seen){st->epoch, st->applied, digest, h->last_entry, h->number};
        s->seen_count++;
        s->count.commits += h->applied_since;
    } else if (seen->digest != digest) {
        sim_bad(s, "diverged",
            "at index %" PRIu64 " of epoch %02x%02x/%" PRIu64
            " %s has other rows than %s had, and %s command",
            st->applied, st->epoch.id[0], st->epoch.id[1], st->epoch.number, h->name,
            s->host[seen->host].name,
            seen->entry == 0 || h->last_entry == 0 ? "maybe another"
            : seen->entry == h->last_entry         ? "the same"
                                                   : "another");
    }
}

/* But for numbers, which grow as time goes by. */
static bool same_words(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, "0123456789");
        b += strspn(b, "0123456789");
        if (*a != *b || *a == '\0') {
            return *a == *b;
        }
    }
}

void sim_judge_applied(struct sim_host *h)
{
    struct group_status st;
    group_status(h->group, &st);
    if (!same_words(st.problem, h->problem)) {
        str_copy(h->problem, sizeof h->problem, st.problem, strlen(st.problem));
        sim_note(h->sim, "%s (%s): %s", h->name, group_role_name(st.role), st.problem);
    }
    h->fresh = h->fresh || (st.fresh && st.has_leader);
    bool same = memcmp(&st.epoch, &h->epoch, sizeof st.epoch) == 0;
    if (same && st.applied == h->checked && h->applied_since == 0 && !h->loaded_since) {
        return;
    }
    if (same && st.applied < h->checked) {
        sim_bad(h->sim, "went back", "%s had applied %" PRIu64 " and now %" PRIu64, h->name,
            h->checked, st.applied);
    }
    if (!same) {
        sim_note(h->sim, "%s is in epoch %02x%02x/%" PRIu64 " at %" PRIu64, h->name, st.epoch.id[0],
            st.epoch.id[1], st.epoch.number, st.applied);
    }
    h->epoch = st.epoch;
    h->checked = st.applied;
    /* While a snapshot is on its way to the disk the index is ahead of the rows. */
    if (st.applied > 0 && (h->applied_since > 0 || h->loaded_since)) {
        compare_state(h, &st);
    }
    h->loaded_since = false;
    h->applied_since = 0;
    h->last_entry = 0;
}

/* ---- prints -------------------------------------------------------------------------------------
 */

int sim_job_find(const struct sim *s, const char *id)
{
    for (unsigned i = 0; i < s->jobs; i++) {
        if (strcmp(s->job[i].id, id) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* Two groups may have it, that have not met yet. */
static bool is_elsewhere(const struct sim *s, const struct sim_run *r)
{
    const struct sim_host *h = &s->host[r->host];
    for (unsigned i = 0; i < s->hosts; i++) {
        const struct sim_host *other = &s->host[i];
        if (other->machine != NULL && memcmp(&other->epoch, &h->epoch, sizeof h->epoch) != 0 &&
            queue_find(queue_machine_queue(other->machine), s->job[r->job].id) != NULL) {
            return true;
        }
    }
    return false;
}

void sim_judge_begins(struct sim *s, struct sim_run *r)
{
    struct sim_job *job = &s->job[r->job];
    sim_note(s, "%s prints set %u of job %u (run …%s)", s->host[r->host].name, r->set, r->job,
        r->id + 32);
    r->state = SIM_RUN_PRINTS;
    if (is_elsewhere(s, r)) {
        job->excuse |= SIM_MET;
    }
    if (++job->printing > 1 && !job->share && job->excuse == 0) {
        sim_bad(s, "printed twice", "job %u is printed by two at once", r->job);
    }
}

static void ends(struct sim *s, struct sim_run *r, enum sim_run_state state)
{
    r->state = state;
    s->job[r->job].printing--;
}

void sim_judge_ends(struct sim *s, struct sim_run *r, bool success)
{
    ends(s, r, success ? SIM_RUN_SUCCESS : SIM_RUN_FAILED);
    s->count.printed += success;
    s->count.failed += !success;
    sim_note(s, "%s has %s job %u (run …%s)", s->host[r->host].name, success ? "printed" : "failed",
        r->job, r->id + 32);
}

void sim_judge_interrupted(struct sim *s, struct sim_run *r)
{
    ends(s, r, SIM_RUN_FAILED);
    s->count.failed++;
    sim_note(s, "%s: its print of job %u was cut off", s->host[r->host].name, r->job);
}

/* ---- excuses ------------------------------------------------------------------------------------
 */

void sim_judge_excuse(struct sim_host *h, enum sim_excuse why)
{
    const struct queue *q = queue_machine_queue(h->machine);
    for (unsigned i = 0; i < h->sim->jobs; i++) {
        if (queue_find(q, h->sim->job[i].id) != NULL) {
            h->sim->job[i].excuse |= (unsigned)why;
        }
    }
}

/* Who knows most. */
static const struct sim_host *furthest(const struct sim *s)
{
    const struct sim_host *best = NULL;
    for (unsigned i = 0; i < s->hosts; i++) {
        const struct sim_host *h = &s->host[i];
        if (h->machine != NULL && (best == NULL || h->checked > best->checked)) {
            best = h;
        }
    }
    return best;
}

/* What only this disk knew is gone: prints whose end is not committed, jobs kept for later. */
void sim_judge_disk_loss(struct sim_host *h)
{
    struct sim *s = h->sim;
    const struct sim_host *other = furthest(s);
    struct queue_machine_print print;
    for (unsigned i = 0; i < s->runs; i++) {
        struct sim_run *r = &s->run[i];
        bool told = other != NULL && queue_machine_print(other->machine, r->id, &print);
        if (r->host != h->number || told) {
            continue;
        }
        if (r->state == SIM_RUN_PRINTS) {
            sim_judge_interrupted(s, r);
        }
        s->job[r->job].excuse |= r->state == SIM_RUN_SUCCESS ? SIM_LOST_DISK : 0U;
        r->lost = true;
    }
    for (unsigned i = 0; i < s->jobs; i++) {
        const struct queue *q = other != NULL ? queue_machine_queue(other->machine) : NULL;
        if (s->job[i].host == h->number && (q == NULL || queue_find(q, s->job[i].id) == NULL)) {
            s->job[i].acked = false;
        }
    }
}

/* ---- the end ------------------------------------------------------------------------------------
 */

static const struct sim_host *first_up(const struct sim *s)
{
    for (unsigned i = 0; i < s->hosts; i++) {
        if (s->host[i].state == SIM_UP) {
            return &s->host[i];
        }
    }
    return NULL;
}

static bool is_open(const struct sim *s, const struct queue *q, unsigned number)
{
    const struct sim_job *job = &s->job[number];
    const struct queue_job *there = queue_find(q, job->id);
    return there != NULL ? there->archived_ms == 0 : job->acked && (job->excuse & SIM_MET) == 0;
}

static bool all_agree(const struct sim *s, const struct sim_host *first)
{
    struct group_status st;
    for (unsigned i = 0; i < s->hosts; i++) {
        const struct sim_host *h = &s->host[i];
        if (h->state == SIM_NEW || h->state == SIM_GONE) {
            continue;
        }
        if (h->state != SIM_UP || h->checked != first->checked || !sim_printer_settled(h) ||
            memcmp(&h->epoch, &first->epoch, sizeof h->epoch) != 0) {
            return false;
        }
        group_status(h->group, &st);
        if (st.waiting > 0 || !st.has_leader) {
            return false;
        }
    }
    return true;
}

bool sim_judge_is_done(struct sim *s)
{
    const struct sim_host *first = first_up(s);
    if (first == NULL || !all_agree(s, first)) {
        return false;
    }
    for (unsigned i = 0; i < s->jobs; i++) {
        if (is_open(s, queue_machine_queue(first->machine), i)) {
            return false;
        }
    }
    return true;
}

/* How often it was really printed. */
static unsigned successes(const struct sim *s, unsigned job, unsigned set, bool lost_too)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->runs; i++) {
        const struct sim_run *r = &s->run[i];
        n +=
            r->job == job && r->set == set && r->state == SIM_RUN_SUCCESS && (lost_too || !r->lost);
    }
    return n;
}

static void note_surplus(struct sim *s, unsigned number, unsigned surplus)
{
    unsigned excuse = s->job[number].excuse;
    if (excuse == 0) {
        sim_bad(s, "printed twice", "job %u was printed %u times too often", number, surplus);
    } else if (excuse & SIM_MET) {
        s->count.surplus_met += surplus;
    } else if (excuse & SIM_RELEASED) {
        s->count.surplus_released += surplus;
    } else {
        s->count.surplus_disk += surplus;
    }
}

static void judge_set(struct sim *s, unsigned number, unsigned set, const struct queue_job *there)
{
    const struct queue_set *spec = queue_job_set(there, s->job[number].set[set]);
    unsigned done = successes(s, number, set, true);
    unsigned wanted = spec != NULL ? (unsigned)(spec->count * there->count) : 0;
    if (done > wanted) {
        note_surplus(s, number, done - wanted);
    }
    if (done < wanted && there->finished && s->job[number].excuse == 0) {
        sim_bad(s, "not printed", "job %u is done, but set %u was printed %u times of %u", number,
            set, done, wanted);
    }
}

static void judge_job(struct sim *s, unsigned number, const struct queue *q)
{
    const struct sim_job *job = &s->job[number];
    const struct queue_job *there = queue_find(q, job->id);
    if (there == NULL && job->acked && (job->excuse & SIM_MET) == 0) {
        sim_bad(s, "lost", "job %u was acknowledged to %s and is not there", number,
            s->host[job->host].name);
    }
    if (there == NULL) {
        return;
    }
    for (unsigned set = 0; set < job->sets; set++) {
        judge_set(s, number, set, there);
    }
    sim_note(s, "job %u (%.8s): %d times, %d left%s%s", number, job->id + 28, there->count,
        there->remaining, job->share ? ", shared" : "", there->finished ? ", done" : "");
    if (there->archived_ms == 0) {
        char shown[40] = "";
        snprintf(shown, sizeof shown, "%.8s", there->claims_count ? there->claims[0].printer : "-");
        sim_note(s, "job %u: %d of %d left, claim of %s, run %s%s", number, there->remaining,
            there->count, shown, there->claims_count ? there->claims[0].run : "-",
            there->draft ? ", held" : "");
    } else if (!there->finished && !job->removed) {
        sim_bad(s, "removed", "job %u is in the archive and nobody removed it", number);
    }
}

static void judge_run(struct sim *s, const struct sim_run *r, const struct queue_machine *m)
{
    struct queue_machine_print print;
    const struct sim_job *job = &s->job[r->job];
    if (r->state != SIM_RUN_SUCCESS || r->lost || s->host[r->host].state != SIM_UP) {
        return;
    }
    if (!queue_machine_print(m, r->id, &print)) {
        sim_bad(s, "lost", "a print of job %u by %s is in nobody's rows (run %s)", r->job,
            s->host[r->host].name, r->id);
        return;
    }
    if (!print.counted) {
        sim_note(s, "job %u: the print of %s (run …%s) was not counted", r->job,
            s->host[r->host].name, r->id + 32);
    }
    if (!print.counted && job->excuse == 0 && !job->removed) {
        sim_bad(s, "not counted", "a print of job %u by %s was not waited for (run %s)", r->job,
            s->host[r->host].name, r->id);
    }
}

static void show_hosts(struct sim *s)
{
    for (unsigned i = 0; i < s->hosts; i++) {
        const struct sim_host *h = &s->host[i];
        struct group_status st = {.problem = ""};
        if (h->group == NULL) {
            sim_note(s, "%s is away (%d)", h->name, h->state);
            continue;
        }
        group_status(h->group, &st);
        sim_note(s,
            "%s: %s, epoch %02x%02x/%" PRIu64 ", applied %" PRIu64 " of %" PRIu64
            ", %zu waiting, printer %d, %zu past, %zu words; leader %d, voters %zu/%zu %s",
            h->name, group_role_name(st.role), st.epoch.id[0], st.epoch.id[1], st.epoch.number,
            st.applied, st.commit, st.waiting, h->printer.state, h->printer.past_count,
            h->printer.words_count, st.has_leader, st.voters_linked, st.voters, st.problem);
    }
}

void sim_judge_end(struct sim *s)
{
    const struct sim_host *first = furthest(s);
    show_hosts(s);
    if (first == NULL) {
        sim_bad(s, "stuck", "no host is up");
        return;
    }
    for (unsigned i = 0; i < s->jobs; i++) {
        judge_job(s, i, queue_machine_queue(first->machine));
    }
    bool done = sim_judge_is_done(s); /* else ends may be on their way yet */
    for (unsigned i = 0; done && i < s->runs; i++) {
        judge_run(s, &s->run[i], first->machine);
    }
}
