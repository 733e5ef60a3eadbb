/* What a leader does about the members of its queue (net/members), and what a host does that leaves
 * or whose disk is full.
 *
 * Happy path: a look every quarter of a second; one change of the configuration at a time. Whoever
 * has been taken out is told so, because the engine no longer talks to it.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MS     250
#define FULL_MS     1500
#define TRANSFER_MS 3000
#define NEAR        256 /* entries: so close counts as caught up */

/* ---- the view -----------------------------------------------------------------------------------
 */

static bool same_epoch(const struct group *g, const struct group_peer *p)
{
    return p->has_hello && p->ready && group_epoch_is(&p->hello.epoch, &g->meta.epoch) &&
           group_epoch_none(&p->hello.joining);
}

static void from_server(
    const struct group *g, const struct replica_server *s, struct members_host *h)
{
    *h = (struct members_host){.id = s->id, .role = s->role, .self = s->id == g->id};
    const struct group_seat *seat = group_seat_of(g, s->id);
    struct err e;
    if (seat != NULL) {
        h->peer = seat->peer;
        h->gone = !seat->known;
    } else {
        h->gone = peer_parse(s->address, &h->peer, &e) != 0; /* has only just been added */
    }
    h->trusted = group_is_trusted(g, &h->peer);
    uint64_t last = replica_last_index(g->replica);
    h->caught_up = h->self || replica_match(g->replica, s->id) + NEAR >= last;
    if (h->self) {
        h->linked = true;
        h->leaving = g->leaving;
        h->full = g->full;
        h->up_ms = g->now_ms - g->started_ms;
        return;
    }
    const struct group_peer *p = group_peer_find(g, &h->peer);
    h->silent_ms = seat != NULL ? g->now_ms - seat->heard_ms : 0;
    if (p == NULL || !p->has_hello) {
        return;
    }
    h->linked = p->id == s->id && same_epoch(g, p);
    h->gone = h->gone || (p->ready && p->id != s->id);
    h->leaving = p->hello.leaving;
    h->full = p->hello.full;
    h->up_ms = p->hello.up_ms + (g->now_ms - p->up_ms);
}

static bool is_server(const struct replica_conf *conf, const struct group_peer *p)
{
    for (size_t i = 0; i < conf->count; i++) {
        if (conf->at[i].id == p->id) {
            return true;
        }
    }
    return false;
}

static void from_peer(const struct group *g, const struct group_peer *p, struct members_host *h)
{
    *h = (struct members_host){
        .peer = p->peer,
        .id = p->id,
        .linked = true,
        .leaving = p->hello.leaving,
        .full = p->hello.full,
        .trusted = group_is_trusted(g, &p->peer),
        .up_ms = p->hello.up_ms + (g->now_ms - p->up_ms),
    };
}

/* Its hosts are the caller's to free. */
static struct members_view look(const struct group *g)
{
    struct replica_conf conf;
    replica_conf(g->replica, &conf);
    struct members_host *at = mem_array(conf.count + g->peers_count, sizeof *at);
    size_t n = 0;
    for (size_t i = 0; i < conf.count; i++) {
        from_server(g, &conf.at[i], &at[n++]);
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        if (same_epoch(g, g->peers[i]) && !is_server(&conf, g->peers[i])) {
            from_peer(g, g->peers[i], &at[n++]);
        }
    }
    return (struct members_view){at, n, g->o.fixed, g->o.retire_ms};
}

/* ---- acting -------------------------------------------------------------------------------------
 */

static void change(struct group *g, const struct members_host *h, enum replica_role role)
{
    struct replica_server s = {.id = h->id, .role = role};
    struct err e;
    peer_format(&h->peer, s.address);
    replica_change(g->replica, g->now_ms, &s, &e); /* refused: looked at again */
}

static void act(struct group *g, const struct members_step *step)
{
    switch (step->act) {
    case MEMBERS_STAY:
        break;
    case MEMBERS_ADD:
    case MEMBERS_DEMOTE:
        change(g, step->host, REPLICA_LEARNER);
        break;
    case MEMBERS_PROMOTE:
        change(g, step->host, REPLICA_VOTER);
        break;
    case MEMBERS_REMOVE:
        change(g, step->host, REPLICA_NONE);
        break;
    case MEMBERS_TRANSFER:
        if (g->now_ms >= g->transfer_ms) {
            g->transfer_ms = g->now_ms + TRANSFER_MS;
            replica_transfer(g->replica, g->now_ms, step->host->id);
        }
        break;
    }
}

/* Whoever believes to be a member and is none. */
static void tell_removed(struct group *g)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (same_epoch(g, p) && p->hello.role >= GROUP_LEARNER && !is_server(&g->meta.conf, p)) {
            struct group_removed r = {g->meta.epoch, p->id, g->meta.conf.index};
            struct strbuf b = {0};
            group_wire_removed(&b, &r);
            group_send(g, &p->peer, false, &b);
        }
    }
}

/* The disk takes nothing: another voter leads better. */
static void hand_over_full(struct group *g, const struct members_view *v)
{
    const struct members_host *best = NULL;
    if (!g->full || g->now_ms - g->full_ms < FULL_MS || g->now_ms < g->transfer_ms) {
        return;
    }
    for (size_t i = 0; i < v->count; i++) {
        const struct members_host *h = &v->at[i];
        bool fits = h->role == REPLICA_VOTER && !h->self && h->linked && !h->full && !h->gone;
        if (fits && (best == NULL ||
                        replica_match(g->replica, h->id) > replica_match(g->replica, best->id))) {
            best = h;
        }
    }
    if (best != NULL) {
        act(g, &(struct members_step){MEMBERS_TRANSFER, best});
    }
}

void group_lead_tick(struct group *g)
{
    if (g->replica == NULL || !replica_is_leader(g->replica) || g->now_ms < g->lead_ms) {
        return;
    }
    g->lead_ms = g->now_ms + LOOK_MS;
    struct members_view v = look(g);
    hand_over_full(g, &v);
    bool known = !g->o.fixed || g->trusted_count > 0; /* the registry has been read */
    if (known && !replica_changing(g->replica)) {
        struct members_step step = members_next(&v);
        act(g, &step);
    }
    tell_removed(g);
    free((void *)(uintptr_t)v.at);
}

bool group_lead_nobody_else(const struct group *g)
{
    struct members_view v = look(g);
    bool nobody = members_nobody_else(&v);
    free((void *)(uintptr_t)v.at);
    return nobody;
}
