/* One network queue on this host: peers, and the order of things in a step.
 *
 * Happy path: every event takes note of what has come, then settle() lets the parts do what
 * follows: who leads, membership, commands on their way, rows to the disk, entries to clients,
 * words to peers.
 *
 * Failure modes: a message that cannot be right is dropped and counted; the peer is dropped at
 * GROUP_BAD_MAX of them.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- small things others need -------------------------------------------------------------------
 */

uint64_t group_raft_id(const struct peer *p, uint64_t incarnation)
{
    struct strbuf b = {0};
    uint8_t hash[16];
    wire_put_raw(&b, p->key, sizeof p->key);
    wire_put_u64(&b, incarnation);
    crypto_generichash(hash, sizeof hash, (const uint8_t *)b.data, b.len, NULL, 0);
    strbuf_fini(&b);
    struct wire_in in = wire_read(hash, 8);
    uint64_t id = wire_u64(&in) & INT64_MAX;
    return id != 0 ? id : 1;
}

bool group_is_trusted(const struct group *g, const struct peer *p)
{
    for (size_t i = 0; i < g->trusted_count; i++) {
        if (peer_compare(&g->trusted[i], p) == 0) {
            return true;
        }
    }
    return false;
}

const struct replica_server *group_server_of(const struct replica_conf *conf, const char *text)
{
    for (size_t i = 0; i < conf->count; i++) {
        if (strcmp(conf->at[i].address, text) == 0) {
            return &conf->at[i];
        }
    }
    return NULL;
}

const struct group_seat *group_seat_of(const struct group *g, uint64_t id)
{
    for (size_t i = 0; i < g->seats_count; i++) {
        if (g->seats[i].id == id) {
            return &g->seats[i];
        }
    }
    return NULL;
}

size_t group_voters(const struct replica_conf *conf)
{
    size_t n = 0;
    for (size_t i = 0; i < conf->count; i++) {
        n += conf->at[i].role == REPLICA_VOTER;
    }
    return n;
}

bool group_send(struct group *g, const struct peer *to, bool bulk, struct strbuf *b)
{
    bool sent = g->o.io.send(g->o.io.context, to, bulk, (const uint8_t *)b->data, b->len);
    strbuf_fini(b);
    return sent;
}

/* ---- peers --------------------------------------------------------------------------------------
 */

static size_t lower_bound(const struct group *g, const struct peer *p)
{
    size_t low = 0;
    size_t high = g->peers_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (peer_compare(&g->peers[mid]->peer, p) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

struct group_peer *group_peer_find(const struct group *g, const struct peer *p)
{
    size_t at = lower_bound(g, p);
    bool there = at < g->peers_count && peer_compare(&g->peers[at]->peer, p) == 0;
    return there ? g->peers[at] : NULL;
}

void group_peer_remove(struct group *g, const struct peer *p)
{
    size_t at = lower_bound(g, p);
    if (group_peer_find(g, p) == NULL) {
        return;
    }
    struct group_peer *gone = g->peers[at];
    group_serve_end(g, gone);
    group_follow_down(g, p);
    memmove(g->peers + at, g->peers + at + 1, (g->peers_count - at - 1) * sizeof(*g->peers));
    g->peers_count--;
    if (g->path_known && peer_compare(&g->path, p) == 0) {
        g->path_known = false;
    }
    free(gone);
}

static void peer_add(struct group *g, const struct peer *p)
{
    group_peer_remove(g, p);
    size_t at = lower_bound(g, p);
    if (g->peers_count == g->peers_cap) {
        g->peers_cap = g->peers_cap == 0 ? 16 : g->peers_cap * 2;
        g->peers = mem_resize(g->peers, g->peers_cap, sizeof(*g->peers));
    }
    memmove(g->peers + at + 1, g->peers + at, (g->peers_count - at) * sizeof(*g->peers));
    g->peers_count++;
    g->peers[at] = mem_alloc(sizeof **g->peers);
    g->peers[at]->peer = *p;
    peer_format(p, g->peers[at]->text);
    g->peers[at]->up_ms = g->now_ms;
    g->peers[at]->hello_due = g->peers[at]->ask_due = true;
}

/* ---- a step -------------------------------------------------------------------------------------
 */

static uint32_t slow_ms(const struct group *g)
{
    uint32_t ms = g->o.heartbeat_ms < g->o.found_ms ? g->o.heartbeat_ms : g->o.found_ms;
    return ms < 50 ? 50 : ms > 500 ? 500 : ms;
}

/* A process that was stopped for long has heard nobody, which is not their fault. */
static void forgive_gap(struct group *g, uint64_t gap_ms)
{
    for (size_t i = 0; i < g->seats_count && gap_ms > g->o.retire_ms / 4; i++) {
        g->seats[i].heard_ms += gap_ms;
    }
}

static void enter(struct group *g, uint64_t now_ms)
{
    if (now_ms > g->now_ms) {
        forgive_gap(g, now_ms - g->now_ms);
        g->now_ms = now_ms;
    }
}

static void slowly(struct group *g)
{
    if (g->now_ms < g->second_ms) {
        return;
    }
    g->second_ms = g->now_ms + slow_ms(g);
    g->news = true;
    group_outbox_tick(g);
    group_serve_pump(g);
    if (g->seen_dirty && g->now_ms - g->seen_ms >= 5000) {
        g->seen_ms = g->now_ms;
        g->meta_dirty = true;
    }
}

static void settle(struct group *g)
{
    if (!g->started) {
        return;
    }
    if (g->replica != NULL && g->now_ms >= replica_next_ms(g->replica)) {
        replica_tick(g->replica, g->now_ms);
    }
    slowly(g);
    group_member_settle(g);
    group_leader_settle(g);
    if (g->news) {
        g->news = false;
        group_meet_tick(g);
        group_follow_tick(g);
    }
    group_lead_tick(g);
    group_take_pump(g);
    group_outbox_pump(g);
    group_write_flush(g);
    if (g->applied_more) {
        group_serve_pump(g);
    }
    group_hello_pump(g);
    if (g->status_dirty) {
        g->status_dirty = false;
        g->o.machine.changed(g->o.machine.context);
    }
}

void group_step(struct group *g, uint64_t now_ms)
{
    enter(g, now_ms);
    settle(g);
}

void group_tick(struct group *g, uint64_t now_ms)
{
    g->taken_fresh = false;
    group_step(g, now_ms);
}

uint64_t group_next_ms(const struct group *g)
{
    uint64_t next = g->taken_fresh ? g->now_ms : g->second_ms;
    if (g->boot.on && g->boot.at_ms != 0) {
        next = g->boot.at_ms < next ? g->boot.at_ms : next;
    }
    if (g->replica != NULL) {
        uint64_t engine = replica_next_ms(g->replica);
        next = engine < next ? engine : next;
        next = replica_is_leader(g->replica) && g->lead_ms < next ? g->lead_ms : next;
    }
    return next;
}

/* ---- events -------------------------------------------------------------------------------------
 */

void group_peer_up(struct group *g, uint64_t now_ms, const struct peer *p)
{
    enter(g, now_ms);
    if (g->peers_count < GROUP_PEERS_MAX && peer_compare(p, &g->o.self) != 0) {
        peer_add(g, p);
        g->news = true;
    }
    settle(g);
}

void group_peer_down(struct group *g, uint64_t now_ms, const struct peer *p)
{
    enter(g, now_ms);
    group_peer_remove(g, p);
    g->news = true;
    settle(g);
}

typedef void (*handler)(struct group *g, struct group_peer *p, struct wire_in in);

static const handler handlers[] = {
    [GROUP_HELLO] = group_hello_receive,
    [GROUP_RECALL] = group_seen_recall,
    [GROUP_ENGINE] = group_member_receive,
    [GROUP_FOLLOW] = group_serve_receive,
    [GROUP_ENTRIES] = group_follow_entries,
    [GROUP_DUMP] = group_follow_dump,
    [GROUP_FOLLOWED] = group_serve_followed,
    [GROUP_NOFOLLOW] = group_follow_refused,
    [GROUP_SUBMIT] = group_take_receive,
    [GROUP_REMOVED] = group_member_removed,
};

void group_receive(
    struct group *g, uint64_t now_ms, const struct peer *from, const uint8_t *bytes, size_t len)
{
    struct wire_in in = wire_read(bytes, len);
    unsigned kind = wire_u8(&in);
    enter(g, now_ms);
    struct group_peer *p = group_peer_find(g, from);
    if (p == NULL || !g->started) {
        return;
    }
    if (in.bad || kind >= sizeof handlers / sizeof handlers[0] || handlers[kind] == NULL) {
        p->bad++;
    } else {
        handlers[kind](g, p, in);
    }
    if (p->bad >= GROUP_BAD_MAX) {
        p->bad = 0;
        g->o.io.drop(g->o.io.context, from, "it sends what cannot be right");
    }
    settle(g);
}

void group_written(struct group *g, uint64_t now_ms, uint64_t ticket)
{
    enter(g, now_ms);
    group_write_done(g, ticket);
    settle(g);
}

void group_disk(struct group *g, uint64_t now_ms, bool full)
{
    enter(g, now_ms);
    if (full && !g->full) {
        g->full_ms = g->now_ms;
    }
    g->status_dirty = g->status_dirty || full != g->full;
    g->full = full;
    settle(g);
}

void group_leave(struct group *g, uint64_t now_ms)
{
    enter(g, now_ms);
    g->leaving = true;
    g->lead_ms = 0;
    settle(g);
}

bool group_has_left(const struct group *g)
{
    if (g->replica == NULL) {
        return !g->boot.on || g->boot.at_ms != 0;
    }
    bool leads = replica_is_leader(g->replica);
    if (g->o.fixed) {
        return !leads || group_lead_nobody_else(g);
    }
    return leads && group_lead_nobody_else(g);
}

void group_set_trusted(struct group *g, const struct peer *trusted, size_t n)
{
    free(g->trusted);
    g->trusted = mem_array(n + 1, sizeof *g->trusted);
    g->trusted_count = n;
    if (n > 0) {
        memcpy(g->trusted, trusted, n * sizeof *trusted);
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        g->peers[i]->hello_due = g->peers[i]->ask_due = true;
    }
    g->news = true;
}
