/* Which group this host belongs to: found one, join one, change to one; and what it tells others
 * about itself.
 *
 * Happy path: a host without a group that sees one joins it; one that sees none for found_ms founds
 * one. The first of a WAN's trusted peers begins with the registry's list once a majority is there
 * without a past. The leader of a group that sees a larger one (more voters, then further, then the
 * smaller id) changes to it; its members and clients go after it. A newer epoch of the own group is
 * always gone after.
 *
 * Until all of the other group's state is here nothing is given up: net/group_follow.c replaces it
 * in one write. So that two groups do not dissolve into each other, who is about to change serves
 * nobody, nobody changes to a group whose leader is just being served, and of two that cross the
 * one with the smaller id stays.
 */
#include "net/group_priv.h"

#include <sodium.h>
#include <string.h>

/* ---- changing to another group ------------------------------------------------------------------
 */

static bool same_id(const struct group_epoch *a, const struct group_epoch *b)
{
    return memcmp(a->id, b->id, sizeof a->id) == 0;
}

/* Which of two that are otherwise equal gives way to the other. */
static bool stays(const struct group_epoch *a, const struct group_epoch *b)
{
    int order = memcmp(a->id, b->id, sizeof a->id);
    return order != 0 ? order < 0 : a->number > b->number;
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
    return stays(&a->epoch, &b->epoch);
}

static bool leads(const struct group *g)
{
    return g->replica != NULL && replica_is_leader(g->replica);
}

/* The leader of that group is just taking over our state. */
static bool is_served(const struct group *g, const struct group_epoch *epoch)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->follower.active && p->hello.role == GROUP_LEADER &&
            group_epoch_is(&p->hello.epoch, epoch)) {
            return true;
        }
    }
    return false;
}

/* Whoever leads us, or did last, has changed to that group. Members go after it, not with it: only
 * then is it certain that it has not thought better of it. */
static bool leader_went(const struct group *g, const struct group_epoch *epoch)
{
    const struct group_peer *p = group_peer_find(g, &g->leader);
    return p != NULL && p->has_hello && group_epoch_is(&p->hello.epoch, epoch);
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

/* Our own group is led, or will be: a quorum of it is there. */
static bool own_lives(const struct group *g)
{
    struct group_status s;
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->has_hello && p->hello.has_leader && p->hello.role >= GROUP_VOTER &&
            group_epoch_is(&p->hello.epoch, &g->meta.epoch)) {
            return true;
        }
    }
    group_status(g, &s);
    return g->replica != NULL && s.voters_linked * 2 > s.voters;
}

/* Of two that lead only what they say themselves counts: then one of them is the smaller, and
 * knows it, before the other could think so of itself. */
static bool should_join_other(const struct group *g, const struct group_peer *p)
{
    const struct group_hello *h = &p->hello;
    struct group_hello us;
    if (!h->has_leader || group_epoch_is(&h->joining, &g->meta.epoch)) {
        return false;
    }
    if (leads(g)) {
        group_hello_now(g, &us);
        return h->role == GROUP_LEADER && is_larger(h, &us) && !is_served(g, &h->epoch);
    }
    if (leader_went(g, &h->epoch)) {
        return true;
    }
    bool gone_there = group_server_of(&g->meta.conf, p->text) != NULL;
    uint64_t wait = gone_there ? 3 * (uint64_t)g->o.election_ms : g->o.retire_ms;
    return leaderless_for(g, wait) && !own_lives(g);
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
    uint64_t theirs = h->epoch.number >> 32;
    uint64_t ours = g->meta.epoch.number >> 32;
    if (!same_id(&h->epoch, &g->meta.epoch) || theirs == ours) {
        return should_join_other(g, p);
    }
    return theirs > ours ||
           (g->replica == NULL && h->has_leader && leaderless_for(g, g->o.retire_ms));
}

static bool is_better(
    const struct group *g, const struct group_hello *a, const struct group_hello *b)
{
    bool ours_a = same_id(&a->epoch, &g->meta.epoch);
    bool ours_b = same_id(&b->epoch, &g->meta.epoch);
    if (ours_a != ours_b) {
        return ours_a;
    }
    if (same_id(&a->epoch, &b->epoch) && a->epoch.number >> 32 != b->epoch.number >> 32) {
        return a->epoch.number > b->epoch.number;
    }
    if (a->has_leader != b->has_leader) {
        return a->has_leader;
    }
    return is_larger(a, b);
}

/* Of two groups that are about to change to each other the one with the smaller id stays. */
bool group_meet_crosses(const struct group *g, const struct group_epoch *epoch)
{
    if (group_epoch_none(&g->meta.epoch) || !stays(&g->meta.epoch, epoch)) {
        return false;
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->has_hello && p->hello.role == GROUP_LEADER &&
            group_epoch_is(&p->hello.epoch, epoch) &&
            group_epoch_is(&p->hello.joining, &g->meta.epoch)) {
            return true;
        }
    }
    return false;
}

/* What a leader has announced it does, as long as it can be done. */
static bool holds_on(const struct group *g)
{
    if (!leads(g) || group_epoch_none(&g->joining) || group_meet_crosses(g, &g->joining)) {
        return false;
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->has_hello && p->hello.has_leader && p->hello.role >= GROUP_VOTER &&
            group_epoch_is(&p->hello.epoch, &g->joining)) {
            return true;
        }
    }
    return false;
}

static void choose(struct group *g)
{
    const struct group_peer *best = NULL;
    struct group_epoch none = {0};
    if (holds_on(g)) {
        return;
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

/* Where disks were lost, it must not begin what others have seen otherwise. */
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
    number_anew(g, &epoch);
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

/* Of those without a past that are there, the first of the registry begins; the others join it. */
static bool is_first(const struct group *g)
{
    for (size_t i = 0; i < g->trusted_count; i++) {
        if (peer_compare(&g->trusted[i], &g->o.self) == 0) {
            return true;
        }
        const struct group_peer *p = group_peer_find(g, &g->trusted[i]);
        if (p != NULL && p->has_hello && p->hello.incarnation == 0) {
            return false;
        }
    }
    return false;
}

static bool may_found_fixed(const struct group *g)
{
    bool blank;
    if (!is_first(g) || g->meta.incarnation != 0 || !group_epoch_none(&g->joining) ||
        !group_seen_may_begin(g, &blank) || !blank) {
        return false;
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
