/* What this host tells others about itself, and who leads.
 *
 * Happy path: HELLO when a link comes up, again at once when something changes that others must
 * know, and now and then how far it is. Whoever is asked in one answers with a RECALL.
 */
#include "net/group_priv.h"

#include <string.h>

/* ---- hello --------------------------------------------------------------------------------------
 */

void group_hello_now(const struct group *g, struct group_hello *h)
{
    *h = (struct group_hello){
        .leaving = g->leaving,
        .full = g->full,
        .has_leader = g->has_leader,
        .leader = g->leader,
        .role = group_role_now(g),
        .epoch = g->meta.epoch,
        .joining = g->joining,
        .incarnation = g->meta.incarnation,
        .applied = g->meta.applied_index,
        .applied_term = g->meta.applied_term,
        .last = g->meta.applied_index,
        .last_term = g->meta.applied_term,
        .voters = (uint32_t)group_voters(&g->meta.conf),
        .up_ms = g->now_ms - g->started_ms,
    };
    if (g->replica != NULL) {
        h->last = replica_last_index(g->replica);
        const struct replica_entry *last = replica_entry(g->replica, h->last);
        h->last_term = last != NULL ? last->term : h->applied_term;
    }
}

void group_hello_receive(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_hello h;
    if (!group_wire_read_hello(in, &h)) {
        p->bad++;
        return;
    }
    uint64_t id = group_raft_id(&p->peer, h.incarnation);
    bool other = !p->has_hello || !group_epoch_is(&h.epoch, &p->hello.epoch);
    p->hello = h;
    p->has_hello = true;
    p->id = id;
    g->news = true;
    g->status_dirty = g->status_dirty || other;
    group_seen_hello(g, p);
    if (h.ask) {
        struct group_recall r = {id, group_seen_of(g, id)};
        struct strbuf b = {0};
        group_wire_recall(&b, &r);
        group_send(g, &p->peer, false, &b);
    }
}

/* What others must know at once. Clients are many: what they hear of a leader they keep. */
static bool matters(const struct group_hello *a, const struct group_hello *b)
{
    bool member = b->role >= GROUP_LEARNER;
    bool leader = a->has_leader != b->has_leader ||
                  (b->has_leader && peer_compare(&a->leader, &b->leader) != 0);
    return !group_epoch_is(&a->epoch, &b->epoch) || !group_epoch_is(&a->joining, &b->joining) ||
           a->role != b->role || a->leaving != b->leaving || a->full != b->full ||
           a->incarnation != b->incarnation || (member && (leader || a->voters != b->voters));
}

static bool is_due(const struct group *g, const struct group_hello *h)
{
    bool moved = h->applied != g->told.applied || h->last != g->told.last ||
                 h->has_leader != g->told.has_leader;
    uint64_t every = h->role >= GROUP_LEARNER ? GROUP_WORD_MS : 3000;
    bool tells = h->role >= GROUP_LEARNER || !h->has_leader || !g->told.has_leader;
    return matters(&g->told, h) || (moved && tells && g->now_ms - g->told_ms >= every);
}

static bool send_hello(struct group *g, struct group_peer *p, struct group_hello *h)
{
    struct strbuf b = {0};
    h->ask = p->ask_due || !p->ready;
    group_wire_hello(&b, h);
    if (!group_send(g, &p->peer, false, &b)) {
        return false;
    }
    p->asked_ms = g->now_ms;
    return true;
}

void group_hello_pump(struct group *g)
{
    struct group_hello h;
    group_hello_now(g, &h);
    bool all = is_due(g, &h);
    if (all) {
        g->told = h;
        g->told_ms = g->now_ms;
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        struct group_peer *p = g->peers[i];
        bool again = !p->ready && g->now_ms - p->asked_ms >= 3000;
        if (all || p->hello_due || again) {
            bool sent = send_hello(g, p, &h);
            p->hello_due = !sent;
            p->ask_due = p->ask_due && !sent;
        }
    }
}

/* ---- who leads ----------------------------------------------------------------------------------
 */

static bool find_leader(const struct group *g, struct peer *out)
{
    if (g->replica != NULL) {
        uint64_t id = replica_leader(g->replica);
        const struct group_seat *s = id != 0 ? group_seat_of(g, id) : NULL;
        bool silent =
            s != NULL && id != g->id && g->now_ms - s->heard_ms > 3 * (uint64_t)g->o.election_ms;
        if (s == NULL || !s->known || silent) {
            return false; /* a learner never forgets its leader */
        }
        *out = s->peer;
        return true;
    }
    const struct group_following *f = &g->following;
    *out = f->leader;
    return !g->boot.on && f->has_leader && group_epoch_is(&f->epoch, &g->meta.epoch) &&
           g->now_ms - f->leader_ms < GROUP_FRESH_MS;
}

void group_leader_settle(struct group *g)
{
    struct peer leader = g->leader;
    bool has = find_leader(g, &leader);
    if (has != g->has_leader || (has && peer_compare(&leader, &g->leader) != 0)) {
        g->leader_moves++;
        g->status_dirty = true;
    }
    if (has) {
        g->leaderless_ms = 0;
    } else if (g->leaderless_ms == 0) {
        g->leaderless_ms = g->now_ms;
    }
    g->has_leader = has;
    g->leader = leader;
}
