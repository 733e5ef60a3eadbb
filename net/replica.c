/* One member's part of the consensus: every event for the engine goes through replica_step(), and
 * what it asks for in return is done in replica_update().
 *
 * The engine is cowsql/raft 0.22.1, driven by raft_step() alone. Its contract, as read in that
 * version and measured against it (the package is built without its assertions, so what breaks a
 * rule is not noticed by it):
 *
 *  start     struct zeroed, raft_init() without io and fsm, raft_seed() (else all members draw the
 *            same election timeouts), pre-vote on; then START with term, vote, what is applied (as
 *            a "snapshot" of that index, so nothing is replayed) and all entries. Entries and their
 *            batches stay ours, but are freed by the engine when START fails; the metadata's
 *            configuration becomes the engine's.
 *  events    one at a time, never from within another; `time` is monotonic; capacity stays 0, which
 *            turns that feature off. After each: term and vote, entries, snapshot, messages,
 *            commit index, in this order. raft_timeout() is asked again after each.
 *  SUBMIT    all entries in one batch; refused ones stay ours; a CHANGE goes alone. Accepted ones
 *            come back in the update, and are never the engine's.
 *  RECEIVE   AppendEntries: the batch (raft_malloc) comes back with the update's entries, or else
 *            the engine has freed it, on errors too. InstallSnapshot: configuration and data come
 *            back with the update's snapshot, or else were freed, except while another is being
 *            installed: then they are lost, so none is given to it then.
 *  update    entries at an index that is in the log mean: drop from there first. This is the only
 *            word of it. The no-op of a new leader lies within struct raft and must be copied.
 *            AppendEntries name only a range: they are filled from the log at once.
 *            InstallSnapshot carries nothing: index, term, configuration and data come from one
 *            dump, which may be newer than asked for.
 *  PERSISTED_ENTRIES says an index only: told when that very entry is still in the log, the index
 *            is beyond raft->last_stored, nothing is being installed and we are no candidate.
 *  commit    may be ahead of our own disk: what is applied from memory reaches the disk behind the
 *            entries. Each CHANGE that is applied is told with CONFIGURATION, which takes the
 *            configuration over; without it none is ever committed.
 *  SNAPSHOT  tells that the log up to index - trailing is gone; index at most last_stored, above
 *            the last one, never while installing; trailing above what may be in flight.
 *  install   the whole log goes, the dump is written, then PERSISTED_SNAPSHOT with the very
 *            configuration that came with the update. Until then nothing is applied and no
 *            PERSISTED_ENTRIES sent.
 *  vote      is durable before any message of this or a later step leaves (replica_hold.c).
 *  errors    SHUTDOWN: a committed entry is contradicted. Others, refusals apart, leave it in an
 *            unknown state. Both end the replica.
 */
#include "net/replica_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define ENGINE_VERSION 2201

#if RAFT_VERSION_NUMBER != ENGINE_VERSION
#error "raft.h is not of libraft 0.22.1"
#endif

int replica_check_version(struct err *e)
{
    int version = raft_version_number();
    if (version == ENGINE_VERSION) {
        return 0;
    }
    return err_set(e, PP_EINVAL,
        "libraft %d.%d.%d: only 0.22.1 will do: earlier ones commit what they must not, later ones "
        "own memory differently",
        version / 10000, version / 100 % 100, version % 100);
}
void replica_fail(struct replica *r, const char *fmt, ...)
{
    if (r->failed[0] == '\0') {
        va_list args;
        va_start(args, fmt);
        vsnprintf(r->failed, sizeof r->failed, fmt, args);
        va_end(args);
        r->dirty = true;
    }
}

void replica_clock(struct replica *r, uint64_t now_ms)
{
    if (now_ms > r->now) {
        r->now = now_ms;
    }
}

bool replica_leads(const struct replica *r)
{
    return r->started && r->raft.state == RAFT_LEADER;
}

uint64_t replica_term_at(const struct replica *r, uint64_t index)
{
    const struct replica_entry *e = replica_log_get(&r->log, index);
    if (e != NULL) {
        return e->term;
    }
    return index == r->applied ? r->applied_term : 0;
}

/* ---- one event ----------------------------------------------------------------------------------
 */

int replica_step(struct replica *r, struct raft_event *event)
{
    struct raft_update u = {0};
    event->time = r->now;
    event->capacity = 0;
    uint64_t term = raft_current_term(&r->raft);
    uint64_t leader = replica_leader(r);
    int rv = raft_step(&r->raft, event, &u);
    if (rv == 0) {
        replica_update(r, &u);
        r->dirty = r->dirty || (u.flags & RAFT_UPDATE_STATE) ||
                   term != raft_current_term(&r->raft) || leader != replica_leader(r);
    }
    return rv;
}

/* An event that may not fail. */
void replica_must_step(struct replica *r, struct raft_event *event)
{
    int rv = replica_step(r, event);
    if (rv != 0) {
        replica_fail(r, "the consensus engine has given up: %s", raft_strerror(rv));
    }
}

/* ---- what follows from it -----------------------------------------------------------------------
 */

static bool tell_stored(struct replica *r)
{
    if (r->installing || r->stored <= r->raft.last_stored || r->raft.state == RAFT_CANDIDATE) {
        return false;
    }
    struct raft_event event = {
        .type = RAFT_PERSISTED_ENTRIES, .persisted_entries = {.index = r->stored}};
    replica_must_step(r, &event);
    return true;
}

static bool submit_barrier(struct replica *r)
{
    if (!r->barrier_due) {
        return false;
    }
    r->barrier_due = false;
    uint64_t index = replica_log_last(&r->log) + 1;
    if (replica_submit_one(r, REPLICA_BARRIER, NULL, 0) != 0) {
        return false;
    }
    r->barrier = index;
    return true;
}

static void tell_configuration(struct replica *r)
{
    struct raft_event event = {
        .type = RAFT_CONFIGURATION, .configuration = {.index = r->committed.index}};
    replica_engine_conf(&r->committed, &event.configuration.conf);
    replica_must_step(r, &event);
}

static bool apply_next(struct replica *r)
{
    if (r->installing || r->applied >= raft_commit_index(&r->raft)) {
        return false;
    }
    const struct replica_entry *e = replica_log_get(&r->log, r->applied + 1);
    bool change = e != NULL && e->type == REPLICA_CHANGE;
    if (e == NULL || (change && replica_conf_decode(e->bytes, e->len, &r->committed) != 0)) {
        replica_fail(r, "entry %" PRIu64 " is committed, but not here", r->applied + 1);
        return false;
    }
    r->applied = e->index;
    r->applied_term = e->term;
    if (change) {
        r->committed.index = e->index;
    }
    r->o.io.apply(r->o.io.context, e, change ? &r->committed : NULL);
    if (change) {
        tell_configuration(r);
    }
    return true;
}

static void installed(struct replica *r)
{
    struct raft_event event = {.type = RAFT_PERSISTED_SNAPSHOT,
        .persisted_snapshot = {.metadata = r->install, .last = true}};
    r->installing = false;
    r->install_ticket = 0;
    r->committed = r->assembly.conf;
    r->applied = r->rows = r->install.index;
    r->applied_term = r->install.term;
    r->stored = r->install.index;
    replica_find_latest(r);
    replica_must_step(r, &event);
    r->o.io.restore(r->o.io.context, r->assembly.bytes, r->assembly.got, r->applied,
        r->applied_term, &r->committed);
    replica_assembly_clear(&r->assembly);
    r->dirty = true;
}

void replica_settle(struct replica *r)
{
    while (r->started && r->failed[0] == '\0' &&
           (tell_stored(r) || submit_barrier(r) || apply_next(r) || replica_compact(r))) {
    }
    if (r->failed[0] == '\0') {
        replica_flights_look(r);
        replica_tell_commit(r);
        replica_hold_release(r);
    }
    if (r->dirty) {
        r->dirty = false;
        r->o.io.changed(r->o.io.context);
    }
}
/* ---- events -------------------------------------------------------------------------------------
 */

void replica_written(struct replica *r, uint64_t now_ms, uint64_t ticket)
{
    replica_clock(r, now_ms);
    if (r->failed[0] != '\0' || ticket <= r->durable) {
        return;
    }
    r->durable = ticket;
    replica_entries_stored(r, ticket);
    if (r->start_ticket != 0 && ticket >= r->start_ticket) {
        replica_start_engine(r);
    }
    if (r->installing && ticket >= r->install_ticket) {
        installed(r);
    }
    replica_settle(r);
}

void replica_rows_written(struct replica *r, uint64_t now_ms, uint64_t index)
{
    replica_clock(r, now_ms);
    if (index > r->rows && index <= r->applied && !r->installing) {
        r->rows = index;
        replica_settle(r);
    }
}

static uint64_t timer_due(const struct replica *r)
{
    uint64_t wanted = raft_timeout(&r->raft);
    uint64_t soonest = r->timer_ms + r->o.heartbeat_ms / 4; /* it may name a time long past */
    return wanted > soonest ? wanted : soonest;
}

void replica_tick(struct replica *r, uint64_t now_ms)
{
    replica_clock(r, now_ms);
    if (!r->started || r->failed[0] != '\0') {
        return;
    }
    if (r->now >= timer_due(r)) {
        struct raft_event event = {.type = RAFT_TIMEOUT};
        r->timer_ms = r->now;
        replica_bound_inflight(r, 0, 0);
        replica_must_step(r, &event);
    }
    replica_settle(r);
}

uint64_t replica_next_ms(const struct replica *r)
{
    if (!r->started || r->failed[0] != '\0') {
        return UINT64_MAX;
    }
    uint64_t timer = timer_due(r);
    uint64_t flights = replica_flights_next_ms(r);
    return timer < flights ? timer : flights;
}
