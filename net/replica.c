/* One member's part of the consensus: every event for the engine goes through replica_step(), and
 * what it asks for in return is done in update().
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

#include "host/base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENGINE_VERSION   2201
#define TRAILING_DEFAULT 2048

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

/* ---- small things -------------------------------------------------------------------------------
 */

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

static size_t peer_place(const struct replica *r, uint64_t id)
{
    size_t i = 0;
    while (i < r->peers_count && r->peers[i].id != id) {
        i++;
    }
    return i;
}

const struct replica_peer *replica_peer_find(const struct replica *r, uint64_t id)
{
    size_t i = peer_place(r, id);
    return i < r->peers_count ? &r->peers[i] : NULL;
}

struct replica_peer *replica_peer_known(struct replica *r, uint64_t id)
{
    size_t i = peer_place(r, id);
    return i < r->peers_count ? &r->peers[i] : NULL;
}

static struct replica_peer *free_place(struct replica *r)
{
    if (r->peers_count < REPLICA_PEERS) {
        return &r->peers[r->peers_count++];
    }
    for (size_t i = 0; i < r->peers_count; i++) {
        if (!r->peers[i].up && r->peers[i].flight.dump == NULL) {
            return &r->peers[i];
        }
    }
    return NULL;
}

struct replica_peer *replica_peer_get(struct replica *r, uint64_t id)
{
    struct replica_peer *p = replica_peer_known(r, id);
    if (p == NULL && (p = free_place(r)) != NULL) {
        *p = (struct replica_peer){.id = id};
    }
    return p;
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

void replica_engine_conf(const struct replica_conf *conf, struct raft_configuration *out)
{
    struct strbuf b = {0};
    replica_conf_encode(&b, conf);
    struct raft_buffer buf = {.base = b.data, .len = b.len};
    int rv = raft_configuration_decode(&buf, out);
    assert(rv == 0); /* only what has been judged gets here; else memory is out */
    strbuf_fini(&b);
}

/* ---- writes -------------------------------------------------------------------------------------
 */

static void note_pending(struct replica *r, uint64_t ticket, uint64_t first, uint64_t last)
{
    if (r->pending_count == r->pending_cap) {
        r->pending_cap = r->pending_cap == 0 ? 16 : r->pending_cap * 2;
        r->pending = mem_resize(r->pending, r->pending_cap, sizeof *r->pending);
    }
    r->pending[r->pending_count++] =
        (struct replica_pending){.ticket = ticket, .first = first, .last = last};
}

/* Entries from `index` on are no longer those that are being written, or were. */
static void forget_from(struct replica *r, uint64_t index)
{
    for (size_t i = 0; i < r->pending_count; i++) {
        if (r->pending[i].last >= index) {
            r->pending[i].last = index - 1;
        }
    }
    if (r->stored >= index) {
        r->stored = index - 1;
    }
}

static void entries_stored(struct replica *r, uint64_t ticket)
{
    size_t n = 0;
    while (n < r->pending_count && r->pending[n].ticket <= ticket) {
        const struct replica_pending *p = &r->pending[n++];
        if (p->last >= p->first && p->last > r->stored) {
            r->stored = p->last;
        }
    }
    if (n > 0) {
        r->pending_count -= n;
        memmove(r->pending, r->pending + n, r->pending_count * sizeof *r->pending);
    }
}

void replica_put(struct replica *r, struct replica_write *w)
{
    w->ticket = ++r->ticket;
    if (w->has_vote) {
        r->vote_ticket = w->ticket;
        if (!replica_guarded(r, (enum replica_guard)REPLICA_BUG_VOTE)) {
            w->vote = 0;
        }
    }
    if (w->entries_count > 0) {
        note_pending(r, w->ticket, w->entries[0].index, replica_log_last(&r->log));
        if (!replica_guarded(r, (enum replica_guard)REPLICA_BUG_ACK)) {
            entries_stored(r, w->ticket);
        }
    }
    r->o.io.write(r->o.io.context, w);
}

/* ---- after a step -------------------------------------------------------------------------------
 */

static void find_latest(struct replica *r)
{
    r->latest = r->committed;
    for (uint64_t i = replica_log_last(&r->log); i > r->committed.index; i--) {
        const struct replica_entry *e = replica_log_get(&r->log, i);
        if (e == NULL) {
            return;
        }
        if (e->type == REPLICA_CHANGE && replica_conf_decode(e->bytes, e->len, &r->latest) == 0) {
            r->latest.index = i;
            return;
        }
    }
}

static void copy_entries(struct replica *r, const struct raft_update *u, struct replica_write *w)
{
    uint64_t index = u->entries.index;
    if (index <= replica_log_last(&r->log)) {
        w->truncate_from = index;
        replica_log_truncate(&r->log, index);
        forget_from(r, index);
    }
    for (unsigned i = 0; i < u->entries.n; i++) {
        const struct raft_entry *e = &u->entries.batch[i];
        replica_log_append(&r->log, e->term, (enum replica_type)e->type, e->buf.base, e->buf.len);
    }
}

static bool take_entries(struct replica *r, const struct raft_update *u, struct replica_write *w)
{
    uint64_t index = u->entries.index;
    bool fits = r->submitting || (index > r->log.base && index <= replica_log_last(&r->log) + 1);
    if (fits && !r->submitting) {
        copy_entries(r, u, w);
    }
    if (u->entries.batch == &r->raft.barrier) {
        raft_free(r->raft.barrier.buf.base);
    } else if (!r->submitting) {
        r->batch_kept = true;
    }
    if (!fits) {
        replica_fail(r,
            "entry %" PRIu64 " does not follow the log, which has %" PRIu64 " to %" PRIu64, index,
            r->log.base + 1, replica_log_last(&r->log));
        return false;
    }
    w->entries = replica_log_get(&r->log, index);
    w->entries_count = (size_t)(replica_log_last(&r->log) - index + 1);
    find_latest(r);
    return true;
}

static void write_log(struct replica *r, const struct raft_update *u)
{
    struct replica_write w = {0};
    if (u->flags & (RAFT_UPDATE_CURRENT_TERM | RAFT_UPDATE_VOTED_FOR)) {
        w.has_vote = true;
        w.term = raft_current_term(&r->raft);
        w.vote = raft_voted_for(&r->raft);
    }
    if ((u->flags & RAFT_UPDATE_ENTRIES) && !take_entries(r, u, &w)) {
        return;
    }
    if (w.has_vote || w.entries_count > 0) {
        replica_put(r, &w);
    }
}

static void begin_install(struct replica *r, const struct raft_update *u)
{
    r->install = u->snapshot.metadata;
    raft_free(u->snapshot.chunk.base); /* a stand-in: the bytes are in the assembly */
    r->installing = true;
    r->pending_count = 0;
    r->stored = 0;
    replica_log_reset(&r->log, r->install.index);
    struct replica_write w = {.install = true,
        .install_index = r->install.index,
        .install_term = r->install.term,
        .install_conf = r->assembly.conf,
        .snapshot = r->assembly.bytes,
        .snapshot_len = r->assembly.got};
    replica_put(r, &w);
    r->install_ticket = w.ticket;
}

static void note_state(struct replica *r, const struct raft_update *u)
{
    bool leads = replica_leads(r);
    if (leads && !r->was_leader) {
        bool engine_did = (u->flags & RAFT_UPDATE_ENTRIES) != 0;
        r->barrier = engine_did ? u->entries.index : 0;
        r->barrier_due = !engine_did && replica_guarded(r, REPLICA_G9);
    }
    if (!leads && r->was_leader) {
        for (size_t i = 0; i < r->peers_count; i++) {
            replica_flight_end(&r->peers[i]);
            r->peers[i].wants = 0;
        }
        r->barrier_due = false;
        r->anchor = 0;
    }
    r->was_leader = leads;
}

/* The ticket of the CHANGE among these entries that is not durable yet; 0 = none. */
static uint64_t change_ticket(const struct replica *r, const struct replica_entry *e, size_t n)
{
    uint64_t ticket = 0;
    for (size_t i = 0; i < n && replica_guarded(r, REPLICA_G4); i++) {
        if (e[i].type != REPLICA_CHANGE) {
            continue;
        }
        for (size_t j = 0; j < r->pending_count; j++) {
            const struct replica_pending *p = &r->pending[j];
            if (e[i].index >= p->first && e[i].index <= p->last) {
                ticket = p->ticket;
            }
        }
    }
    return ticket;
}

static void send_append(struct replica *r, uint64_t to, const struct raft_append_entries *a)
{
    uint64_t first = a->prev_log_index + 1;
    const struct replica_entry *e = replica_log_get(&r->log, first);
    if (a->n_entries > 0 &&
        (e == NULL || replica_log_get(&r->log, a->prev_log_index + a->n_entries) == NULL)) {
        r->dropped++;
        return;
    }
    /* What does not fit is a tail that got lost; replica_bound_inflight() lets it not come to that
     * for peers that are there. */
    size_t n = 0;
    for (size_t bytes = 0; n < a->n_entries; n++) {
        bytes += e[n].len;
        if (bytes > REPLICA_BATCH_MAX) {
            break;
        }
    }
    struct strbuf b = {0};
    replica_wire_append(&b, to, a, e, n);
    replica_hold_add(r, to, false, change_ticket(r, e, n), &b);
}

/* The engine names the candidate's own term in the answer to a pre-vote. One that lost touch would
 * never learn of newer terms by it, and be refused for ever. */
static void tell_term(const struct replica *r, struct raft_request_vote_result *v)
{
    if (replica_guarded(r, REPLICA_G11) && v->pre_vote && !v->vote_granted &&
        v->term < raft_current_term(&r->raft)) {
        v->term = raft_current_term(&r->raft);
    }
}

static void send_message(struct replica *r, struct raft_message *m)
{
    if (m->server_id == 0) { /* the answer to a leader that was taken for one no longer */
        return;
    }
    if (m->type == RAFT_APPEND_ENTRIES) {
        send_append(r, m->server_id, &m->append_entries);
        return;
    }
    if (m->type == RAFT_INSTALL_SNAPSHOT) {
        replica_flight_begin(r, m->server_id);
        return;
    }
    if (m->type == RAFT_REQUEST_VOTE_RESULT) {
        tell_term(r, &m->request_vote_result);
    }
    if (m->type == RAFT_APPEND_ENTRIES_RESULT) {
        struct raft_append_entries_result *a = &m->append_entries_result;
        if (r->stale_append) { /* the engine leaves this one uninitialised then */
            a->last_log_index = a->rejected > 0 ? a->rejected - 1 : 0;
        }
        r->refused = r->refused || a->rejected > 0;
    }
    struct strbuf b = {0};
    replica_wire_message(&b, m->server_id, m);
    replica_hold_add(r, m->server_id, false, 0, &b);
}

static void update(struct replica *r, const struct raft_update *u)
{
    if (u->flags & (RAFT_UPDATE_CURRENT_TERM | RAFT_UPDATE_VOTED_FOR | RAFT_UPDATE_ENTRIES)) {
        write_log(r, u);
    }
    if (u->flags & RAFT_UPDATE_SNAPSHOT) {
        begin_install(r, u);
    }
    note_state(r, u);
    for (unsigned i = 0; (u->flags & RAFT_UPDATE_MESSAGES) && i < u->messages.n; i++) {
        send_message(r, &u->messages.batch[i]);
    }
    replica_hold_release(r);
}

int replica_step(struct replica *r, struct raft_event *event)
{
    struct raft_update u = {0};
    event->time = r->now;
    event->capacity = 0;
    uint64_t term = raft_current_term(&r->raft);
    uint64_t leader = replica_leader(r);
    int rv = raft_step(&r->raft, event, &u);
    if (rv == 0) {
        update(r, &u);
        r->dirty = r->dirty || (u.flags & RAFT_UPDATE_STATE) ||
                   term != raft_current_term(&r->raft) || leader != replica_leader(r);
    }
    return rv;
}

/* An event that may not fail. */
static void must_step(struct replica *r, struct raft_event *event)
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
    must_step(r, &event);
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
    must_step(r, &event);
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
    find_latest(r);
    must_step(r, &event);
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

/* ---- start --------------------------------------------------------------------------------------
 */

struct replica *replica_new(const struct replica_options *o)
{
    struct replica *r = mem_alloc(sizeof *r);
    r->o = *o;
    r->hold.end = &r->hold.first;
    if (r->o.trailing == 0) {
        r->o.trailing = TRAILING_DEFAULT;
    }
    if (r->o.trailing <= REPLICA_INFLIGHT && replica_guarded(r, REPLICA_G7)) {
        r->o.trailing = REPLICA_INFLIGHT + 1;
    }
    return r;
}

void replica_free(struct replica *r)
{
    if (r == NULL) {
        return;
    }
    if (r->started) {
        raft_close(&r->raft, NULL);
    }
    if (r->installing) {
        raft_configuration_close(&r->install.configuration);
    }
    for (size_t i = 0; i < r->peers_count; i++) {
        replica_flight_end(&r->peers[i]);
    }
    replica_assembly_clear(&r->assembly);
    replica_hold_clear(r);
    replica_log_fini(&r->log);
    free(r->pending);
    free(r);
}

static int check_entries(const struct replica_state *s, struct err *e)
{
    uint64_t term = 0;
    for (size_t i = 0; i < s->entries_count; i++) {
        const struct replica_entry *at = &s->entries[i];
        struct replica_conf conf;
        if (at->index != s->entries[0].index + i || at->index == 0 || at->term < term ||
            at->term == 0 || at->term > s->term) {
            return err_set(e, PP_ECORRUPT,
                "log: entry %" PRIu64 " of term %" PRIu64 " does not follow the one before it",
                at->index, at->term);
        }
        if (at->type == REPLICA_CHANGE && replica_conf_decode(at->bytes, at->len, &conf) != 0) {
            return err_set(
                e, PP_ECORRUPT, "log: entry %" PRIu64 " is no list of members", at->index);
        }
        term = at->term;
    }
    return 0;
}

static int check_state(const struct replica_state *s, struct err *e)
{
    uint64_t first = s->entries_count > 0 ? s->entries[0].index : s->applied_index + 1;
    uint64_t last = first + s->entries_count - 1;
    if (first > s->applied_index + 1 || last < s->applied_index) {
        return err_set(e, PP_ECORRUPT,
            "log: has %" PRIu64 " to %" PRIu64 ", but the rows are those after %" PRIu64, first,
            last, s->applied_index);
    }
    bool applied = s->applied_index > 0;
    if (applied != (s->applied_term > 0) || applied != (s->conf.count > 0) ||
        s->conf.index > s->applied_index || s->applied_term > s->term) {
        return err_set(e, PP_ECORRUPT, "log: members or term of entry %" PRIu64 " are missing",
            s->applied_index);
    }
    if (!applied && s->entries_count > 0 && s->entries[0].type != REPLICA_CHANGE) {
        return err_set(e, PP_ECORRUPT, "log: the first entry is no list of members");
    }
    return check_entries(s, e);
}

static void start_entries(const struct replica *r, struct raft_event *event, void *batch)
{
    struct raft_entry *entries = raft_malloc((r->log.count + 1) * sizeof *entries);
    assert(entries != NULL);
    event->start.start_index = r->log.base + 1;
    event->start.n_entries = (unsigned)r->log.count;
    event->start.entries = r->log.count > 0 ? entries : NULL;
    for (size_t i = 0; i < r->log.count; i++) {
        const struct replica_entry *e = &r->log.at[r->log.head + i];
        entries[i] = (struct raft_entry){.term = e->term,
            .type = (enum raft_entry_type)e->type,
            .buf = {.base = (void *)(uintptr_t)e->bytes, .len = e->len},
            .batch = batch};
    }
    if (r->log.count == 0) {
        raft_free(entries);
    }
}

static void init_engine(struct replica *r)
{
    int rv = raft_init(&r->raft, NULL, NULL, r->o.id, "self");
    assert(rv == 0);
    raft_seed(&r->raft, r->o.seed != 0 ? r->o.seed : (unsigned)(r->o.id ^ r->o.id >> 32));
    raft_set_pre_vote(&r->raft, true);
    raft_set_heartbeat_timeout(&r->raft, r->o.heartbeat_ms);
    raft_set_election_timeout(&r->raft, r->o.election_ms);
    raft_set_max_inflight_entries(&r->raft, REPLICA_INFLIGHT);
}

static void start_engine(struct replica *r)
{
    struct raft_event event = {
        .type = RAFT_START, .start = {.term = r->term, .voted_for = r->vote}};
    struct raft_snapshot_metadata metadata = {
        .index = r->applied, .term = r->applied_term, .configuration_index = r->committed.index};
    void *batch = raft_malloc(1);
    assert(batch != NULL);
    init_engine(r);
    start_entries(r, &event, batch);
    if (r->applied > 0) {
        replica_engine_conf(&r->committed, &metadata.configuration);
        event.start.metadata = &metadata;
    }
    r->start_ticket = 0;
    r->started = true;
    must_step(r, &event);
    assert(r->failed[0] == '\0'); /* all has been judged: only memory can be out */
    raft_free(event.start.entries);
    raft_free(batch);
    r->dirty = true;
}

int replica_start(
    struct replica *r, uint64_t now_ms, const struct replica_state *state, struct err *e)
{
    int rc = check_state(state, e);
    if (rc != 0) {
        return rc;
    }
    replica_clock(r, now_ms);
    r->term = state->term;
    r->vote = state->vote;
    r->applied = r->rows = state->applied_index;
    r->applied_term = state->applied_term;
    r->committed = state->conf;
    uint64_t first = state->entries_count > 0 ? state->entries[0].index : state->applied_index + 1;
    replica_log_reset(&r->log, first - 1);
    for (size_t i = 0; i < state->entries_count; i++) {
        const struct replica_entry *at = &state->entries[i];
        replica_log_append(&r->log, at->term, at->type, at->bytes, at->len);
    }
    r->stored = replica_log_last(&r->log);
    find_latest(r);
    if (replica_conf_sole(&r->latest, r->o.id) && replica_guarded(r, REPLICA_G1)) {
        /* The engine would lead on in the old term, of which entries may have left that the disk
         * never had. */
        struct replica_write w = {.has_vote = true, .term = ++r->term, .vote = r->vote = r->o.id};
        replica_put(r, &w);
        r->start_ticket = w.ticket;
        return 0;
    }
    start_engine(r);
    replica_settle(r);
    return 0;
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
    entries_stored(r, ticket);
    if (r->start_ticket != 0 && ticket >= r->start_ticket) {
        start_engine(r);
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
        must_step(r, &event);
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
