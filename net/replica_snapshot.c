/* Snapshots: dumps on their way to members that are too far behind, in pieces of which one is in
 * flight at a time; those that arrive; and how much of the log is kept so that they are rare.
 *
 * The engine asks for a snapshot again with every heartbeat that is refused while the data travels;
 * a request for a peer that is being served is not heard. */
#include "net/replica_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_BYTES (16 << 20) /* entries in memory; above, no more are kept than must be */
#define KEEP_COUNT 512        /* unless there are fewer than these */

/* ---- out ----------------------------------------------------------------------------------------
 */

void replica_flight_end(struct replica_peer *p)
{
    struct replica_dump *d = p->flight.dump;
    p->flight = (struct replica_flight){0};
    if (d != NULL && --d->refs == 0) {
        free(d->bytes);
        free(d);
    }
}

static void send_piece(struct replica *r, struct replica_peer *p)
{
    const struct replica_dump *d = p->flight.dump;
    size_t left = d->len - (size_t)p->flight.offset;
    struct replica_piece piece = {.lead_term = raft_current_term(&r->raft),
        .index = d->index,
        .term = d->term,
        .conf = d->conf,
        .total = d->len,
        .offset = p->flight.offset,
        .bytes = d->bytes + p->flight.offset,
        .len = left < REPLICA_PIECE ? left : REPLICA_PIECE};
    struct strbuf b = {0};
    replica_wire_piece(&b, p->id, &piece);
    p->flight.sent_ms = r->now;
    replica_hold_add(r, p->id, true, 0, &b);
}

/* The dump another peer is being sent, if it will do, or a new one. */
static struct replica_dump *take_dump(struct replica *r)
{
    for (size_t i = 0; i < r->peers_count; i++) {
        struct replica_dump *d = r->peers[i].flight.dump;
        if (d != NULL && d->index >= r->raft.trail.snapshot.index && d->index >= r->log.base &&
            replica_guarded(r, REPLICA_G8)) {
            d->refs++;
            return d;
        }
    }
    struct replica_dump *d = mem_alloc(sizeof *d);
    *d = (struct replica_dump){
        .refs = 1, .index = r->applied, .term = r->applied_term, .conf = r->committed};
    r->o.io.dump(r->o.io.context, &d->bytes, &d->len);
    return d;
}

void replica_flight_begin(struct replica *r, uint64_t to)
{
    struct replica_peer *p = replica_peer_get(r, to);
    if (p == NULL || (p->flight.dump != NULL && replica_guarded(r, REPLICA_G8))) {
        return;
    }
    replica_flight_end(p);
    p->wants = r->raft.trail.snapshot.index;
    if (!p->up) {
        return; /* a piece that is lost now would be repeated long after it is back */
    }
    struct replica_dump *d = take_dump(r);
    p->flight = (struct replica_flight){.dump = d, .progress_ms = r->now};
    if (d->len > REPLICA_SNAPSHOT_MAX) {
        snprintf(r->warning, sizeof r->warning,
            "the queue has grown to %zu MiB: members that are far behind cannot be brought up to "
            "date",
            d->len >> 20);
        return;
    }
    if (replica_guarded(r, REPLICA_G8)) {
        r->anchor = d->index;
    }
    send_piece(r, p);
}

void replica_flight_acked(struct replica *r, uint64_t from, const struct replica_piece_ack *a)
{
    struct replica_peer *p = replica_peer_known(r, from);
    const struct replica_dump *d = p != NULL ? p->flight.dump : NULL;
    if (!replica_leads(r) || d == NULL || a->index != d->index || a->term != d->term ||
        a->offset != p->flight.offset || a->next > d->len || d->len > REPLICA_SNAPSHOT_MAX ||
        p->flight.offset == d->len) {
        return;
    }
    if (a->next > p->flight.offset || d->len == 0) {
        p->flight.progress_ms = r->now;
    }
    p->flight.offset = a->next;
    if (a->next < d->len) {
        send_piece(r, p);
    }
}

static void flight_look(struct replica *r, struct replica_peer *p)
{
    const struct replica_dump *d = p->flight.dump;
    uint64_t match = replica_match(r, p->id);
    if (d != NULL && (match >= d->index || r->now - p->flight.progress_ms >= REPLICA_QUIET_MS)) {
        replica_flight_end(p);
    } else if (d != NULL && p->flight.offset < d->len && d->len <= REPLICA_SNAPSHOT_MAX &&
               r->now - p->flight.sent_ms >= REPLICA_REPEAT_MS) {
        send_piece(r, p);
    }
    if (match >= p->wants || replica_conf_find(&r->latest, p->id) == NULL) {
        p->wants = 0;
    } else if (p->flight.dump == NULL && p->up && replica_leads(r)) {
        replica_flight_begin(r, p->id); /* it was cut off, or went silent */
    }
}

void replica_flights_look(struct replica *r)
{
    for (size_t i = 0; i < r->peers_count; i++) {
        flight_look(r, &r->peers[i]);
    }
}

uint64_t replica_flights_next_ms(const struct replica *r)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < r->peers_count; i++) {
        const struct replica_flight *f = &r->peers[i].flight;
        if (f->dump != NULL) {
            uint64_t repeat = f->sent_ms + REPLICA_REPEAT_MS;
            uint64_t quiet = f->progress_ms + REPLICA_QUIET_MS;
            uint64_t at = repeat > r->now && repeat < quiet ? repeat : quiet;
            next = at < next ? at : next;
        }
    }
    return next;
}

/* ---- in -----------------------------------------------------------------------------------------
 */

void replica_assembly_clear(struct replica_assembly *a)
{
    free(a->bytes);
    *a = (struct replica_assembly){0};
}

static void answer(struct replica *r, uint64_t to, const struct replica_piece *p, uint64_t next)
{
    struct replica_piece_ack a = {
        .index = p->index, .term = p->term, .offset = p->offset, .next = next};
    struct strbuf b = {0};
    replica_wire_piece_ack(&b, to, &a);
    replica_hold_add(r, to, false, 0, &b);
}

/* The whole is there (or is not needed, which the engine finds out and answers). */
static void step_install(struct replica *r, uint64_t from, const struct replica_piece *p)
{
    static char anonymous[] = "peer";
    struct raft_message m = {.type = RAFT_INSTALL_SNAPSHOT,
        .server_id = from,
        .server_address = anonymous,
        .install_snapshot = {.term = p->lead_term,
            .last_index = p->index,
            .last_term = p->term,
            .conf_index = p->conf.index}};
    replica_engine_conf(&p->conf, &m.install_snapshot.conf);
    m.install_snapshot.data.base = raft_malloc(1);
    m.install_snapshot.data.len = 1;
    assert(m.install_snapshot.data.base != NULL);
    struct raft_event event = {.type = RAFT_RECEIVE, .receive = {.message = &m}};
    r->leader_heard_ms = r->now;
    int rv = replica_step(r, &event);
    if (rv != 0) {
        replica_fail(r, "the consensus engine has given up: %s", raft_strerror(rv));
    }
    if (!r->installing) {
        replica_assembly_clear(&r->assembly);
    }
}

static void add_piece(struct replica_assembly *a, const struct replica_piece *p)
{
    size_t wanted = a->got + p->len;
    if (wanted > a->cap) {
        a->cap = a->cap * 2 > wanted ? a->cap * 2 : wanted;
        a->bytes = mem_resize(a->bytes, a->cap, 1);
    }
    if (p->len > 0) {
        memcpy(a->bytes + a->got, p->bytes, p->len);
    }
    a->got = wanted;
}

static void begin_assembly(struct replica *r, uint64_t from, const struct replica_piece *p)
{
    struct replica_assembly *a = &r->assembly;
    if (a->from == from && a->index == p->index && a->term == p->term && a->total == p->total) {
        return;
    }
    replica_assembly_clear(a);
    *a = (struct replica_assembly){
        .from = from, .index = p->index, .term = p->term, .total = p->total, .conf = p->conf};
}

static bool piece_holds(const struct replica_piece *p)
{
    return p->lead_term > 0 && p->index > 0 && p->term > 0 && p->term <= p->lead_term &&
           p->conf.index > 0 && p->conf.index <= p->index && p->total <= REPLICA_SNAPSHOT_MAX &&
           p->offset <= p->total && p->len <= p->total - p->offset && (p->len > 0 || p->total == 0);
}

static bool needless(const struct replica *r, const struct replica_piece *p)
{
    return r->raft.trail.snapshot.index >= p->index || replica_term_at(r, p->index) == p->term;
}

void replica_piece_received(struct replica *r, uint64_t from, const struct replica_piece *p)
{
    uint64_t leader = replica_leader(r);
    bool of_another = leader != 0 && leader != from && p->lead_term == raft_current_term(&r->raft);
    if (!piece_holds(p) || of_another) {
        r->dropped++;
        return;
    }
    if (r->installing || p->lead_term < raft_current_term(&r->raft)) {
        return; /* the engine would lose it; that one leads no more */
    }
    if (needless(r, p)) {
        answer(r, from, p, p->total);
        step_install(r, from, p);
        return;
    }
    struct replica_assembly *a = &r->assembly;
    begin_assembly(r, from, p);
    if (p->offset == a->got) {
        add_piece(a, p);
    }
    answer(r, from, p, a->got);
    if (a->got == a->total) {
        step_install(r, from, p);
    }
}

/* ---- compaction ---------------------------------------------------------------------------------
 */

static bool flying(const struct replica *r)
{
    for (size_t i = 0; i < r->peers_count; i++) {
        if (r->peers[i].flight.dump != NULL) {
            return true;
        }
    }
    return false;
}

/* The first entry that stays, of those up to `index`: `trailing` of them, and whatever a connected
 * peer may still be sent, with the one it has got for certain. */
static uint64_t keep_from(const struct replica *r, uint64_t index)
{
    uint64_t trailing = r->log.bytes > KEEP_BYTES ? REPLICA_INFLIGHT + 1 : r->o.trailing;
    uint64_t keep = index > trailing ? index - trailing + 1 : 1;
    if (!replica_leads(r) || !replica_guarded(r, REPLICA_G7)) {
        return keep;
    }
    for (size_t i = 0; i < r->latest.count; i++) {
        uint64_t id = r->latest.at[i].id;
        const struct replica_peer *p = replica_peer_find(r, id);
        if (id == r->o.id || p == NULL || !p->up) {
            continue;
        }
        uint64_t match = replica_match(r, id);
        uint64_t needs = p->flight.dump != NULL ? p->flight.dump->index : match;
        keep = needs < keep ? needs : keep;
    }
    uint64_t least = index > REPLICA_KEEP_MAX ? index - REPLICA_KEEP_MAX + 1 : 1;
    return keep > least ? keep : least;
}

static void step_snapshot(struct replica *r, uint64_t index, uint64_t keep)
{
    struct raft_event event = {.type = RAFT_SNAPSHOT,
        .snapshot = {.metadata = {.index = index,
                         .term = replica_term_at(r, index),
                         .configuration_index = r->committed.index},
            .trailing = (unsigned)(index + 1 - keep)}};
    replica_engine_conf(&r->committed, &event.snapshot.metadata.configuration);
    int rv = replica_step(r, &event);
    if (rv != 0) {
        replica_fail(r, "the consensus engine has given up: %s", raft_strerror(rv));
        return;
    }
    if (keep - 1 > r->log.base) {
        struct replica_write w = {.compact_to = keep - 1};
        replica_log_drop(&r->log, keep - 1);
        r->o.io.write(r->o.io.context, &w);
    }
}

/* The engine's snapshot is what heartbeats of a peer that gets one are anchored at: that of the
 * dump, so that the first after the installation is understood. */
static bool anchor(struct replica *r)
{
    uint64_t index = r->anchor;
    r->anchor = 0;
    if (index == 0 || index > r->raft.last_stored || index <= r->raft.trail.snapshot.index ||
        index < r->committed.index || replica_log_get(&r->log, index) == NULL) {
        return false;
    }
    step_snapshot(r, index, r->log.base + 1);
    return true;
}

bool replica_compact(struct replica *r)
{
    if (r->installing) {
        return false;
    }
    if (r->anchor != 0) {
        return anchor(r);
    }
    uint64_t index = r->rows < r->raft.last_stored ? r->rows : r->raft.last_stored;
    uint64_t slack = r->o.trailing / 4 + 1;
    bool large = r->log.bytes > KEEP_BYTES && index > r->log.base + KEEP_COUNT;
    if (index < r->committed.index || index <= r->raft.trail.snapshot.index ||
        (index < r->log.base + r->o.trailing + slack && !large)) {
        return false;
    }
    uint64_t keep = keep_from(r, index);
    bool crowded = r->log.count > REPLICA_KEEP_MAX;
    if (keep < r->log.base + (large ? REPLICA_INFLIGHT / 2 : slack) || (flying(r) && !crowded)) {
        return false;
    }
    step_snapshot(r, index, keep);
    return true;
}
