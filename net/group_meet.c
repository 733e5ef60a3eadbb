/* Which group this host belongs to: found one, join one, change to one; and what it tells others
 * about itself.
 *
 * Happy path: a host without a group that sees one joins it; one that sees none for found_ms founds
 * one. Trusted peers of a WAN begin with the registry's list once a majority is there without a
 * past. The leader of a group that sees a larger one (more voters, then further, then the smaller
 * id) changes to it and says so; its members and clients go after it. A newer epoch of the own
 * group is always gone after.
 *
 * Until all of the other group's state is here nothing is given up: net/group_follow.c replaces it
 * in one write. So that two groups do not dissolve into each other, who is about to change serves
 * nobody, and nobody changes to a group of which a host is just being served.
 */
#include "net/group_priv.h"

#include <sodium.h>
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
        if (s == NULL || !s->known) {
            return false;
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

/* ---- changing to another group ------------------------------------------------------------------
 */

static bool same_id(const struct group_epoch *a, const struct group_epoch *b)
{
    return memcmp(a->id, b->id, sizeof a->id) == 0;
}

/* Voters, then how far, then the smaller id. */
static bool is_larger(const struct group_hello *a, const struct group_hello *b)
{
    if (a->voters != b->voters) {
        return a->voters > b->voters;
    }
    if (a->applied != b->applied) {
        return a->applied > b->applied;
    }
    return memcmp(a->epoch.id, b->epoch.id, sizeof a->epoch.id) < 0;
}

static bool leads(const struct group *g)
{
    return g->replica != NULL && replica_is_leader(g->replica);
}

/* Somebody of that group is just taking over our state. */
static bool is_served(const struct group *g, const struct group_epoch *epoch)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->follower.active && group_epoch_is(&p->hello.epoch, epoch)) {
            return true;
        }
    }
    return false;
}

/* Whoever decides for us changes to that group. */
static bool is_told(const struct group *g, const struct group_epoch *epoch)
{
    const struct group_peer *of[2] = {NULL, NULL};
    of[0] = g->has_leader ? group_peer_find(g, &g->leader) : NULL;
    of[1] = g->following.active ? group_peer_find(g, &g->following.peer) : NULL;
    for (size_t i = 0; i < 2; i++) {
        if (of[i] != NULL && of[i]->has_hello &&
            group_epoch_is(&of[i]->hello.epoch, &g->meta.epoch) &&
            group_epoch_is(&of[i]->hello.joining, epoch)) {
            return true;
        }
    }
    return false;
}

static bool leaderless_for(const struct group *g, uint64_t ms)
{
    return !g->has_leader && g->now_ms - g->leaderless_ms > ms;
}

static bool has_voter_linked(const struct group *g, const struct group_epoch *epoch)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->has_hello && group_epoch_is(&p->hello.epoch, epoch) &&
            (p->hello.role == GROUP_VOTER || p->hello.role == GROUP_LEADER)) {
            return true;
        }
    }
    return false;
}

static bool should_join_other(const struct group *g, const struct group_peer *p)
{
    const struct group_hello *h = &p->hello;
    struct group_hello us;
    if (!h->has_leader) {
        return false;
    }
    if (leads(g)) {
        group_hello_now(g, &us);
        return is_larger(h, &us) && !is_served(g, &h->epoch);
    }
    if (is_told(g, &h->epoch)) {
        return true;
    }
    bool gone_there = group_server_of(&g->meta.conf, p->text) != NULL;
    return leaderless_for(g, gone_there ? 3 * (uint64_t)g->o.election_ms : g->o.retire_ms);
}

static bool should_join(const struct group *g, const struct group_peer *p)
{
    const struct group_hello *h = &p->hello;
    if (!p->has_hello || group_epoch_none(&h->epoch) || group_epoch_is(&h->epoch, &g->meta.epoch) ||
        (g->o.fixed && !group_is_trusted(g, &p->peer))) {
        return false;
    }
    if (group_epoch_none(&g->meta.epoch)) {
        return true;
    }
    if (!has_voter_linked(g, &h->epoch) || g->boot.on) {
        return false;
    }
    if (!same_id(&h->epoch, &g->meta.epoch)) {
        return should_join_other(g, p);
    }
    return h->epoch.number > g->meta.epoch.number ||
           (g->replica == NULL && h->has_leader && leaderless_for(g, g->o.retire_ms));
}

static bool is_better(
    const struct group *g, const struct group_hello *a, const struct group_hello *b)
{
    bool ours_a = same_id(&a->epoch, &g->meta.epoch) && a->epoch.number > g->meta.epoch.number;
    bool ours_b = same_id(&b->epoch, &g->meta.epoch) && b->epoch.number > g->meta.epoch.number;
    if (ours_a != ours_b) {
        return ours_a;
    }
    if (same_id(&a->epoch, &b->epoch) && a->epoch.number != b->epoch.number) {
        return a->epoch.number > b->epoch.number;
    }
    if (a->has_leader != b->has_leader) {
        return a->has_leader;
    }
    return is_larger(a, b);
}

static void choose(struct group *g)
{
    const struct group_peer *best = NULL;
    const struct group_following *f = &g->following;
    struct group_epoch none = {0};
    if (f->active && f->dumping && !group_epoch_none(&g->joining) &&
        group_epoch_is(&f->epoch, &g->joining)) {
        return; /* it is coming */
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (should_join(g, p) && (best == NULL || is_better(g, &p->hello, &best->hello))) {
            best = p;
        }
    }
    g->joining = best != NULL ? best->hello.epoch : none;
}

/* ---- founding -----------------------------------------------------------------------------------
 */

static void add_voter(struct replica_conf *conf, const struct peer *p, uint64_t id)
{
    struct replica_server *s = &conf->at[conf->count++];
    s->id = id;
    s->role = REPLICA_VOTER;
    peer_format(p, s->address);
}

static void found_alone(struct group *g)
{
    struct group_epoch epoch = {.number = GROUP_FIRST};
    struct replica_conf conf = {.index = 1};
    for (size_t i = 0; i < 2; i++) {
        uint64_t drawn = g->o.io.random(g->o.io.context);
        memcpy(epoch.id + 8 * i, &drawn, 8);
    }
    add_voter(&conf, &g->o.self, g->id);
    group_found(g, &epoch, &conf);
}

/* Of several who search, the one with the smallest key founds, so that they need not meet. */
static bool others_found_first(const struct group *g)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->has_hello && group_epoch_none(&p->hello.epoch) &&
            peer_compare(&p->peer, &g->o.self) < 0) {
            return true;
        }
    }
    return false;
}

static void derive_epoch(const struct group *g, struct group_epoch *out)
{
    crypto_generichash_state s;
    out->number = GROUP_FIRST;
    crypto_generichash_init(&s, NULL, 0, sizeof out->id);
    for (size_t i = 0; i < g->trusted_count; i++) {
        crypto_generichash_update(&s, g->trusted[i].key, PEER_KEY_SIZE);
    }
    crypto_generichash_final(&s, out->id, sizeof out->id);
}

/* A single trusted peer whose disk was lost must not begin what its clients have seen otherwise. */
static void number_anew(struct group *g, struct group_epoch *epoch)
{
    uint64_t count = 0;
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->has_hello && same_id(&p->hello.epoch, epoch) &&
            p->hello.epoch.number >> 32 < UINT32_MAX) {
            uint64_t theirs = p->hello.epoch.number >> 32;
            count = theirs > count ? theirs : count;
        }
    }
    epoch->number = (count + 1) << 32 | (g->o.io.random(g->o.io.context) & UINT32_MAX);
}

static void found_fixed(struct group *g)
{
    struct group_epoch epoch;
    struct replica_conf conf = {.index = 1};
    derive_epoch(g, &epoch);
    if (g->trusted_count == 1) {
        number_anew(g, &epoch);
    }
    for (size_t i = 0; i < g->trusted_count && conf.count < REPLICA_SERVERS_MAX - 1; i++) {
        add_voter(&conf, &g->trusted[i], group_raft_id(&g->trusted[i], 0));
    }
    group_found(g, &epoch, &conf);
}

static size_t blank_witnesses(const struct group *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->witnesses_count; i++) {
        n += g->witnesses[i].blank && group_is_trusted(g, &g->witnesses[i].peer);
    }
    return n;
}

static bool may_found_fixed(const struct group *g)
{
    struct group_epoch epoch;
    bool blank;
    derive_epoch(g, &epoch);
    if (!group_is_trusted(g, &g->o.self) || g->meta.incarnation != 0 ||
        !group_seen_may_begin(g, &blank) || !blank) {
        return false;
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->has_hello && group_is_trusted(g, &p->peer) && !group_epoch_none(&p->hello.epoch) &&
            !group_epoch_is(&p->hello.epoch, &epoch)) {
            return false;
        }
    }
    bool all = g->trusted_count > 1 && blank_witnesses(g) + 1 == g->trusted_count;
    return all || g->now_ms - g->started_ms >= g->o.found_ms;
}

void group_meet_tick(struct group *g)
{
    choose(g);
    if (!group_epoch_none(&g->meta.epoch) || g->boot.on) {
        return;
    }
    if (g->o.fixed) {
        if (may_found_fixed(g)) {
            found_fixed(g);
        }
        return;
    }
    if (!group_epoch_none(&g->joining)) {
        g->quiet_since_ms = g->now_ms;
    }
    uint64_t wait = (uint64_t)g->o.found_ms * (others_found_first(g) ? 2 : 1);
    if (g->now_ms - g->quiet_since_ms >= wait) {
        found_alone(g);
    }
}
