/* What the engine asks for after an event, in its order: term and vote and entries to the disk,
 * a snapshot to be installed, then messages. */
#include "net/replica_priv.h"

#include "host/base/mem.h"

#include <inttypes.h>
#include <string.h>

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

void replica_entries_stored(struct replica *r, uint64_t ticket)
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
            replica_entries_stored(r, w->ticket);
        }
    }
    r->o.io.write(r->o.io.context, w);
}

/* ---- after a step -------------------------------------------------------------------------------
 */

void replica_find_latest(struct replica *r)
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
    replica_find_latest(r);
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

void replica_update(struct replica *r, const struct raft_update *u)
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
