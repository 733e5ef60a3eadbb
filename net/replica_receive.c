/* Messages of other members: looked at, made into what the engine can take, stepped. */
#include "net/replica_priv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TERM_MAX (UINT64_C(1) << 62) /* also of indices; far beyond any life */

static char anonymous[] = "peer"; /* the engine wants some address; it is not used */

static void contradicted(struct replica *r)
{
    replica_fail(
        r, "the leader's log contradicts what is committed here, up to entry %" PRIu64, r->applied);
}

/* Steps a message; an engine that gives up on it ends the replica. */
static void step_message(struct replica *r, uint64_t from, struct raft_message *m)
{
    struct raft_event event = {.type = RAFT_RECEIVE, .receive = {.message = m}};
    m->server_id = from;
    m->server_address = anonymous;
    int rv = replica_step(r, &event);
    if (rv == RAFT_SHUTDOWN) {
        contradicted(r);
    } else if (rv != 0) {
        replica_fail(r, "the consensus engine has given up: %s", raft_strerror(rv));
    }
}

/* Two leaders of one term: somebody has our identity, or votes again after a lost disk. */
static bool second_leader(struct replica *r, uint64_t term, uint64_t from)
{
    if (!replica_leads(r) || term != raft_current_term(&r->raft) ||
        !replica_guarded(r, REPLICA_G10)) {
        return false;
    }
    snprintf(r->warning, sizeof r->warning,
        "%016" PRIx64 " leads in term %" PRIu64 " too: an identity is used twice, or a disk was "
        "restored",
        from, term);
    return true;
}

/* ---- AppendEntries ------------------------------------------------------------------------------
 */

static bool append_holds(struct replica *r, const struct replica_message *m)
{
    const struct raft_append_entries *a = &m->raft.append_entries;
    if (!replica_guarded(r, REPLICA_G10)) {
        return true;
    }
    uint64_t term = a->prev_log_term;
    if (a->term == 0 || a->term > TERM_MAX || a->prev_log_index > TERM_MAX ||
        (a->prev_log_index == 0) != (term == 0) || term > a->term ||
        (a->prev_log_index == 0 && m->count > 0 && m->entries[0].type != REPLICA_CHANGE)) {
        return false;
    }
    for (size_t i = 0; i < m->count; i++) {
        if (m->entries[i].term < term || m->entries[i].term == 0 || m->entries[i].term > a->term) {
            return false;
        }
        term = m->entries[i].term;
    }
    return true;
}

/* One AppendEntries to the engine, of entries [from, from + n) of the message. */
static void step_entries(struct replica *r, uint64_t from, const struct raft_append_entries *head,
    const struct replica_entry *e, size_t n)
{
    struct raft_entry entries[REPLICA_INFLIGHT];
    size_t bytes = 1;
    for (size_t i = 0; i < n; i++) {
        bytes += e[i].len;
    }
    uint8_t *batch = n > 0 ? raft_malloc(bytes) : NULL;
    assert(n == 0 || batch != NULL);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(batch + at, e[i].bytes, e[i].len);
        entries[i] = (struct raft_entry){.term = e[i].term,
            .type = (enum raft_entry_type)e[i].type,
            .buf = {.base = batch + at, .len = e[i].len},
            .batch = batch};
        at += e[i].len;
    }
    struct raft_message m = {.type = RAFT_APPEND_ENTRIES, .append_entries = *head};
    m.append_entries.entries = entries;
    m.append_entries.n_entries = (unsigned)n;
    r->batch_kept = false;
    r->refused = false;
    r->stale_append = head->term < raft_current_term(&r->raft);
    step_message(r, from, &m);
    r->stale_append = false;
    if (r->batch_kept) {
        raft_free(batch);
    }
}

/* Whether the leader has other entries than we have applied. The engine would find out too, but for
 * its commit index, which goes back when an older message comes late. */
static bool contradicts(
    struct replica *r, const struct raft_append_entries *a, const struct replica_entry *e, size_t n)
{
    if (r->installing || a->term < raft_current_term(&r->raft)) {
        return false;
    }
    for (size_t i = 0; i < n && a->prev_log_index + 1 + i <= r->applied; i++) {
        uint64_t term = replica_term_at(r, a->prev_log_index + 1 + i);
        if (term != 0 && term != e[i].term) {
            contradicted(r);
            return true;
        }
    }
    return false;
}

/* Entries before our log begins are committed, and so the same as the leader's: such a message is
 * begun where what is applied ends. Left to itself the engine would refuse it for ever, or, where
 * it begins with entry 1, append it at the end. */
static void move_start(
    const struct replica *r, struct raft_append_entries *a, size_t *skip, size_t n)
{
    if (!replica_guarded(r, REPLICA_G7) || r->installing || a->prev_log_index >= r->log.base ||
        a->term < raft_current_term(&r->raft)) {
        return;
    }
    uint64_t known = r->applied - a->prev_log_index;
    *skip = known < n ? (size_t)known : n;
    a->prev_log_index = r->applied;
    a->prev_log_term = r->applied_term;
}

static size_t part_of(const struct replica *r, const struct replica_entry *e, size_t n)
{
    for (size_t i = 1; i < n && replica_guarded(r, REPLICA_G3); i++) {
        if (e[i].type == REPLICA_CHANGE) {
            return i;
        }
    }
    return n;
}

static void receive_append(struct replica *r, uint64_t from, struct replica_message *m)
{
    struct raft_append_entries a = m->raft.append_entries;
    size_t at = 0;
    if (!append_holds(r, m) || second_leader(r, a.term, from)) {
        r->dropped++;
        return;
    }
    if (contradicts(r, &a, m->entries, m->count)) {
        return;
    }
    move_start(r, &a, &at, m->count);
    if (a.term >= raft_current_term(&r->raft)) {
        r->leader_heard_ms = r->now;
    }
    do {
        size_t n = part_of(r, m->entries + at, m->count - at);
        step_entries(r, from, &a, m->entries + at, n);
        at += n;
        a.prev_log_index += n;
        a.prev_log_term = n > 0 ? m->entries[at - 1].term : a.prev_log_term;
    } while (at < m->count && !r->refused && r->failed[0] == '\0');
}

/* ---- votes --------------------------------------------------------------------------------------
 */

static bool votes_anyway(const struct replica *r)
{
    const struct raft_configuration *c = &r->raft.configuration;
    for (unsigned i = 0; i < c->n; i++) {
        if (c->servers[i].id == r->o.id) {
            return c->servers[i].role == RAFT_VOTER;
        }
    }
    return false;
}

/* The engine lets nobody vote who is no voter by what it knows itself; but the list it knows may be
 * the older one, or one that was never committed, and without its vote there would be no leader who
 * could tell it. Votes of those who are none by the candidate's list are not counted. It also never
 * gives up its leader then. Who has no list at all has lost its disk, or never had one: no vote. */
static void step_vote_as_voter(struct replica *r, uint64_t from, struct raft_message *m)
{
    struct raft_server self = {.id = r->o.id, .address = anonymous, .role = RAFT_VOTER};
    struct raft_configuration alone = {.servers = &self, .n = 1}, own = r->raft.configuration;
    if (r->now - r->leader_heard_ms >= r->o.election_ms) {
        r->raft.follower_state.current_leader.id = 0;
    }
    r->raft.configuration = alone;
    step_message(r, from, m);
    r->raft.configuration = own;
}

static void receive_vote(struct replica *r, uint64_t from, struct replica_message *m)
{
    const struct raft_request_vote *v = &m->raft.request_vote;
    if (replica_guarded(r, REPLICA_G10) &&
        (v->candidate_id != from || v->term == 0 || v->term > TERM_MAX)) {
        r->dropped++;
        return;
    }
    bool helps = replica_guarded(r, REPLICA_G6) && r->raft.state == RAFT_FOLLOWER;
    if (helps && r->raft.follower_state.current_leader.id == from) {
        r->raft.follower_state.current_leader.id = 0; /* it would not ask if it led */
    }
    if (helps && r->latest.count > 0 && !votes_anyway(r)) {
        step_vote_as_voter(r, from, &m->raft);
    } else {
        step_message(r, from, &m->raft);
    }
}

/* ---- all ----------------------------------------------------------------------------------------
 */

static void receive_append_result(struct replica *r, uint64_t from, struct replica_message *m)
{
    struct raft_append_entries_result *a = &m->raft.append_entries_result;
    if (a->term > TERM_MAX || a->last_log_index > TERM_MAX || a->rejected > TERM_MAX) {
        r->dropped++;
        return;
    }
    replica_bound_inflight(r, from, a->last_log_index);
    step_message(r, from, &m->raft);
}

static void dispatch(struct replica *r, uint64_t from, struct replica_message *m)
{
    switch (m->type) {
    case REPLICA_APPEND:
        receive_append(r, from, m);
        break;
    case REPLICA_APPEND_RESULT:
        receive_append_result(r, from, m);
        break;
    case REPLICA_VOTE:
        receive_vote(r, from, m);
        break;
    case REPLICA_VOTE_RESULT:
        /* Others than candidates have no use for it, and the engine then reads what is not there.
         */
        if (r->raft.state == RAFT_CANDIDATE && m->raft.request_vote_result.term <= TERM_MAX) {
            step_message(r, from, &m->raft);
        }
        break;
    case REPLICA_TIMEOUT_NOW:
        if (m->raft.timeout_now.term <= TERM_MAX) {
            step_message(r, from, &m->raft);
        }
        break;
    case REPLICA_PIECE_OF:
        if (m->piece.lead_term > TERM_MAX || second_leader(r, m->piece.lead_term, from)) {
            r->dropped++;
        } else {
            replica_piece_received(r, from, &m->piece);
        }
        break;
    case REPLICA_PIECE_ACK:
        replica_flight_acked(r, from, &m->ack);
        break;
    }
}

void replica_receive(
    struct replica *r, uint64_t now_ms, uint64_t from, const uint8_t *bytes, size_t len)
{
    replica_clock(r, now_ms);
    if (!r->started || r->failed[0] != '\0') {
        return;
    }
    if (!replica_wire_read(bytes, len, &r->in) || r->in.to != r->o.id || from == 0 ||
        from == r->o.id) {
        r->dropped++;
        return;
    }
    struct replica_peer *p = replica_peer_get(r, from);
    if (p != NULL) {
        p->heard_ms = r->now;
    }
    dispatch(r, from, &r->in);
    replica_settle(r);
}
