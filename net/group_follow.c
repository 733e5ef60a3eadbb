/* A client: follows a voter, entry by entry, or takes over all its rows first.
 *
 * Happy path: FOLLOW with (epoch, applied); ENTRIES in order are applied; what has been taken is
 * told now and then, so that more comes. Too far behind, or of another group: a DUMP in pieces
 * replaces everything at once, in one write with what is carried over.
 *
 * Failure modes: nothing heard for 25 s, others are further for 10 s, refused, link gone: the next
 * voter. A piece out of order or rows beyond all bounds: the voter is left and counted.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SILENT_MS 25000
#define BEHIND_MS 10000
#define AVOID_MS  20000
#define TOLD_AT   2 /* ENTRIES taken until it is told */

/* ---- choosing -----------------------------------------------------------------------------------
 */

static const struct group_epoch *target(const struct group *g)
{
    return group_epoch_none(&g->joining) ? &g->meta.epoch : &g->joining;
}

static bool may_follow(const struct group *g, const struct group_peer *p)
{
    return p->has_hello && group_epoch_is(&p->hello.epoch, target(g)) &&
           (p->hello.role == GROUP_VOTER || p->hello.role == GROUP_LEADER) &&
           (!g->o.fixed || group_is_trusted(g, &p->peer));
}

/* Spreads clients over voters, each always to the same. */
static uint64_t weight(const struct group *g, const struct group_peer *p)
{
    uint8_t both[2 * PEER_KEY_SIZE];
    uint64_t out;
    memcpy(both, g->o.self.key, PEER_KEY_SIZE);
    memcpy(both + PEER_KEY_SIZE, p->peer.key, PEER_KEY_SIZE);
    crypto_generichash((uint8_t *)&out, sizeof out, both, sizeof both, NULL, 0);
    return out;
}

static bool is_better(const struct group *g, const struct group_peer *a, const struct group_peer *b)
{
    bool rested_a = a->avoid_until_ms <= g->now_ms;
    bool rested_b = b->avoid_until_ms <= g->now_ms;
    if (rested_a != rested_b) {
        return rested_a;
    }
    if (a->hello.has_leader != b->hello.has_leader) {
        return a->hello.has_leader;
    }
    return weight(g, a) < weight(g, b);
}

static struct group_peer *choose(const struct group *g)
{
    struct group_peer *best = NULL;
    for (size_t i = 0; i < g->peers_count; i++) {
        struct group_peer *p = g->peers[i];
        if (may_follow(g, p) && (best == NULL || is_better(g, p, best))) {
            best = p;
        }
    }
    return best;
}

static void begin(struct group *g, struct group_peer *p)
{
    struct group_following *f = &g->following;
    struct strbuf b = {0};
    bool same = group_epoch_is(target(g), &g->meta.epoch);
    group_rows_clear(&f->rows);
    bool had_leader = f->has_leader;
    struct peer leader = f->leader;
    uint64_t leader_ms = f->leader_ms;
    *f = (struct group_following){
        .active = true,
        .peer = p->peer,
        .epoch = *target(g),
        .serial = ++g->serial,
        .since_ms = g->now_ms,
        .heard_ms = g->now_ms,
        .progress_ms = g->now_ms,
        .has_leader = same && had_leader,
        .leader = leader,
        .leader_ms = leader_ms,
    };
    struct group_follow ask = {.epoch = f->epoch, .serial = f->serial};
    ask.index = same ? g->meta.applied_index : 0;
    ask.term = same ? g->meta.applied_term : 0;
    group_wire_follow(&b, &ask);
    if (!group_send(g, &p->peer, false, &b)) {
        f->active = false;
        p->avoid_until_ms = g->now_ms + 1000;
    }
}

void group_follow_stop(struct group *g)
{
    struct group_following *f = &g->following;
    if (f->active) {
        struct strbuf b = {0};
        struct group_follow stop = {.epoch = f->epoch, .serial = f->serial, .stop = true};
        group_wire_follow(&b, &stop);
        group_send(g, &f->peer, false, &b);
    }
    group_rows_clear(&f->rows);
    f->active = f->dumping = f->has_leader = false;
}

/* Leaves it for another, if there is one. */
static void leave(struct group *g, uint64_t avoid_ms)
{
    struct group_peer *p = group_peer_find(g, &g->following.peer);
    if (p != NULL) {
        p->avoid_until_ms = g->now_ms + avoid_ms;
    }
    group_follow_stop(g);
}

static bool others_are_further(const struct group *g)
{
    const struct group_following *f = &g->following;
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (peer_compare(&p->peer, &f->peer) == 0 || !may_follow(g, p) ||
            p->avoid_until_ms > g->now_ms) {
            continue;
        }
        bool leads = p->hello.has_leader && !f->has_leader;
        if (leads || p->hello.applied > g->meta.applied_index) {
            return true;
        }
    }
    return false;
}

void group_follow_tick(struct group *g)
{
    struct group_following *f = &g->following;
    bool joining = !group_epoch_none(&g->joining);
    bool wanted =
        joining || (g->replica == NULL && !g->boot.on && !group_epoch_none(&g->meta.epoch));
    if (f->active && (!wanted || !group_epoch_is(&f->epoch, target(g)))) {
        group_follow_stop(g);
    }
    if (f->active) {
        struct group_peer *p = group_peer_find(g, &f->peer);
        bool behind = g->now_ms - f->progress_ms > BEHIND_MS && others_are_further(g);
        if (p == NULL || !may_follow(g, p) || g->now_ms - f->heard_ms > SILENT_MS || behind) {
            leave(g, AVOID_MS);
        }
    }
    if (wanted && !f->active) {
        struct group_peer *p = choose(g);
        if (p != NULL && p->avoid_until_ms <= g->now_ms + AVOID_MS / 2) {
            begin(g, p);
        }
    }
}

void group_follow_down(struct group *g, const struct peer *p)
{
    struct group_following *f = &g->following;
    if (f->active && peer_compare(&f->peer, p) == 0) {
        group_rows_clear(&f->rows);
        f->active = f->dumping = f->has_leader = false;
    }
}

void group_follow_refused(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_following *f = &g->following;
    uint32_t serial;
    if (!group_wire_read_nofollow(in, &serial)) {
        p->bad++;
    } else if (f->active && serial == f->serial && peer_compare(&f->peer, &p->peer) == 0) {
        group_rows_clear(&f->rows);
        f->active = f->dumping = f->has_leader = false;
        p->avoid_until_ms = g->now_ms + 2000;
    }
}

/* ---- entries ------------------------------------------------------------------------------------
 */

static void tell_taken(struct group *g)
{
    struct group_following *f = &g->following;
    struct strbuf b = {0};
    struct group_followed told = {f->serial, f->taken};
    group_wire_followed(&b, &told);
    if (group_send(g, &f->peer, false, &b)) {
        f->told = f->taken;
    }
}

/* Whether a message belongs to what we follow; takes note of what it says about the leader. */
static bool is_ours(struct group *g, const struct group_peer *p, const struct group_feed *feed)
{
    struct group_following *f = &g->following;
    if (!f->active || feed->serial != f->serial || peer_compare(&f->peer, &p->peer) != 0 ||
        !group_epoch_is(&feed->epoch, &f->epoch)) {
        return false;
    }
    f->heard_ms = g->now_ms;
    if (feed->has_leader) {
        f->leader_ms = g->now_ms;
    }
    f->has_leader = feed->has_leader;
    f->leader = feed->leader;
    f->commit = feed->commit > f->commit ? feed->commit : f->commit;
    return true;
}

/* False when it is not the entry that is due. */
static bool take_entry(struct group *g, const struct replica_entry *entry)
{
    struct replica_conf conf;
    if (entry->index <= g->meta.applied_index) {
        return true;
    }
    if (entry->term < g->meta.applied_term) {
        return false;
    }
    bool change = entry->type == REPLICA_CHANGE;
    if (change && replica_conf_decode(entry->bytes, entry->len, &conf) != 0) {
        return false;
    }
    return group_apply(g, entry, change ? &conf : NULL);
}

void group_follow_entries(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_following *f = &g->following;
    struct group_entries m;
    if (!group_wire_read_entries(in, &m)) {
        p->bad++;
        return;
    }
    if (!is_ours(g, p, &m.feed) || f->dumping || !group_epoch_is(&f->epoch, &g->meta.epoch)) {
        return;
    }
    for (size_t i = 0; i < m.count; i++) {
        struct replica_entry entry;
        group_wire_entry(&m.in, &entry);
        if (!take_entry(g, &entry)) {
            p->bad++;
            leave(g, AVOID_MS);
            return;
        }
        f->progress_ms = g->now_ms;
    }
    f->taken += m.count > 0;
    if (f->taken - f->told >= TOLD_AT) {
        tell_taken(g);
    }
}

/* ---- a dump -------------------------------------------------------------------------------------
 */

/* Everything is replaced, in one write. */
static void install(struct group *g)
{
    struct group_following *f = &g->following;
    bool other = !group_epoch_is(&f->epoch, &g->meta.epoch);
    bool had = g->meta.applied_index > 0;
    bool member = g->replica != NULL || g->boot.on || g->meta.member;
    if (other && had && (g->o.plant & GROUP_BUG_WIPE) == 0) {
        group_apply_rest(g);
        group_outbox_carry(g);
    }
    group_member_end(g);
    group_rows_clear(&g->rows);
    if (member || (other && had)) {
        g->meta.incarnation = group_new_incarnation(g);
        g->id = group_raft_id(&g->o.self, g->meta.incarnation);
        g->meta.term = g->meta.vote = 0;
        g->position = g->durable = (struct group_mark){0};
        for (size_t i = 0; i < g->peers_count; i++) {
            g->peers[i]->ready = false;
            g->peers[i]->ask_due = g->peers[i]->hello_due = true;
        }
    }
    g->meta.epoch = f->epoch;
    g->meta.member = false;
    g->meta.applied_index = f->head.index;
    g->meta.applied_term = f->head.term;
    g->meta.applied_utc_ms = f->head.utc_ms;
    g->meta.conf = f->head.conf;
    g->joining = (struct group_epoch){0};
    struct net_row *rows = mem_array(f->rows.count + 1, sizeof *rows);
    for (size_t i = 0; i < f->rows.count; i++) {
        rows[i] = (struct net_row){f->rows.at[i].key, f->rows.at[i].bytes, f->rows.at[i].len};
    }
    struct group_write w = {.urgent = true, .wipe = true, .replace_rows = true};
    w.rows = rows;
    w.rows_count = f->rows.count;
    group_write_now(g, &w, NULL);
    g->o.machine.load(g->o.machine.context, rows, f->rows.count);
    free(rows);
    group_rows_clear(&f->rows);
    group_outbox_again(g);
    g->status_dirty = true;
}

static bool take_piece(struct group *g, struct group_dump *m)
{
    struct group_following *f = &g->following;
    struct net_row row;
    char key[GROUP_KEY_MAX + 1];
    if (m->piece == 0) {
        group_rows_clear(&f->rows);
        f->head = *m;
        f->dumping = true;
        f->piece = 0;
    }
    if (!f->dumping || m->piece != f->piece || m->index != f->head.index) {
        return false;
    }
    while (group_wire_row(&m->in, &row, key)) {
        group_rows_add(&f->rows, &row);
    }
    f->piece++;
    return f->rows.bytes <= GROUP_DUMP_MAX && f->rows.count <= GROUP_DUMP_ROWS;
}

void group_follow_dump(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_following *f = &g->following;
    struct group_dump m;
    if (!group_wire_read_dump(in, &m)) {
        p->bad++;
        return;
    }
    if (!is_ours(g, p, &m.feed)) {
        return;
    }
    if (!take_piece(g, &m)) {
        p->bad++;
        leave(g, AVOID_MS);
        return;
    }
    f->progress_ms = g->now_ms;
    f->taken++;
    tell_taken(g);
    if (!m.last) {
        return;
    }
    f->dumping = false;
    bool same = group_epoch_is(&f->epoch, &g->meta.epoch);
    if (!same && group_meet_crosses(g, &f->epoch)) {
        leave(g, 1000 + g->o.io.random(g->o.io.context) % AVOID_MS);
    } else if (!same || f->head.index > g->meta.applied_index) {
        install(g);
    }
    group_rows_clear(&f->rows);
}
