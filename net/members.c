/* Who votes in a queue, and what the leader changes about it next. */
#include "net/members.h"

#include <string.h>

#define UP_MIN_MS 3000 /* who has just come may be gone at once */

size_t members_wanted(size_t hosts)
{
    return hosts >= 7 ? 5 : hosts >= 3 ? 3 : 1;
}

/* ---- single hosts -------------------------------------------------------------------------------
 */

static bool is_silent(const struct members_view *v, const struct members_host *h)
{
    return !h->self && h->silent_ms > v->retire_ms;
}

/* Whoever should have no vote, whatever the numbers. */
static bool is_out(const struct members_view *v, const struct members_host *h)
{
    if (h->gone || (v->fixed && !h->trusted)) {
        return true;
    }
    return !v->fixed && (h->leaving || is_silent(v, h));
}

static bool is_alive(const struct members_view *v, const struct members_host *h)
{
    return h->self || (h->linked && !h->gone && !is_silent(v, h));
}

static const struct members_host *self_of(const struct members_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->at[i].self) {
            return &v->at[i];
        }
    }
    return NULL;
}

/* ---- numbers ------------------------------------------------------------------------------------
 */

static size_t count_role(const struct members_view *v, enum replica_role role)
{
    size_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        n += v->at[i].role == role;
    }
    return n;
}

/* Hosts that count for the number of voters: those that are there, and voters that may come back.
 */
static size_t count_hosts(const struct members_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct members_host *h = &v->at[i];
        n += !is_out(v, h) && (is_alive(v, h) || h->role == REPLICA_VOTER);
    }
    return n;
}

static size_t wanted(const struct members_view *v)
{
    if (v->fixed) {
        return REPLICA_SERVERS_MAX;
    }
    return members_wanted(count_hosts(v));
}

static bool is_ready(const struct members_view *v, const struct members_host *h)
{
    return h->role == REPLICA_LEARNER && is_alive(v, h) && h->caught_up && !h->full &&
           !is_out(v, h);
}

static size_t count_ready(const struct members_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        n += is_ready(v, &v->at[i]);
    }
    return n;
}

bool members_quorum(const struct members_view *v)
{
    size_t alive = 0;
    for (size_t i = 0; i < v->count; i++) {
        alive += v->at[i].role == REPLICA_VOTER && is_alive(v, &v->at[i]);
    }
    return alive > count_role(v, REPLICA_VOTER) / 2;
}

/* ---- choices ------------------------------------------------------------------------------------
 */

static bool may_join(const struct members_view *v, const struct members_host *h)
{
    return h->role == REPLICA_NONE && h->linked && !h->self && !h->full && !is_out(v, h) &&
           h->id != 0 && (h->up_ms >= UP_MIN_MS || v->fixed);
}

static bool may_lead(const struct members_view *v, const struct members_host *h)
{
    return h->role == REPLICA_VOTER && !h->self && is_alive(v, h) && !is_out(v, h) && !h->full;
}

/* Whoever has been there longest of those that fit. */
static const struct members_host *longest(const struct members_view *v,
    bool (*fits)(const struct members_view *v, const struct members_host *h))
{
    const struct members_host *best = NULL;
    for (size_t i = 0; i < v->count; i++) {
        const struct members_host *h = &v->at[i];
        if (fits(v, h) &&
            (best == NULL || h->up_ms > best->up_ms ||
                (h->up_ms == best->up_ms && peer_compare(&h->peer, &best->peer) < 0))) {
            best = h;
        }
    }
    return best;
}

/* ---- rules, in order ----------------------------------------------------------------------------
 */

typedef const struct members_host *(*rule)(const struct members_view *v);

static const struct members_host *learner_is_out(const struct members_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct members_host *h = &v->at[i];
        if (h->role == REPLICA_LEARNER && !h->self && (is_out(v, h) || is_silent(v, h))) {
            /* On a WAN a learner that is away was never a voter, or is one no more. */
            return h;
        }
    }
    return NULL;
}

static const struct members_host *voter_is_out(const struct members_view *v)
{
    for (size_t i = 0; i < v->count && members_quorum(v); i++) {
        const struct members_host *h = &v->at[i];
        if (h->role == REPLICA_VOTER && !h->self && is_out(v, h)) {
            return h;
        }
    }
    return NULL;
}

static bool self_leaves(const struct members_view *v)
{
    const struct members_host *self = self_of(v);
    return self != NULL && self->role == REPLICA_VOTER &&
           (self->leaving || (v->fixed && !self->trusted));
}

static const struct members_host *hand_over(const struct members_view *v)
{
    return self_leaves(v) ? longest(v, may_lead) : NULL;
}

static const struct members_host *heir_learner(const struct members_view *v)
{
    return self_leaves(v) && !v->fixed ? longest(v, is_ready) : NULL;
}

static bool may_inherit(const struct members_view *v, const struct members_host *h)
{
    return h->role == REPLICA_NONE && h->linked && !h->self && !h->full && !is_out(v, h) &&
           h->id != 0;
}

static const struct members_host *heir_client(const struct members_view *v)
{
    bool none = count_role(v, REPLICA_LEARNER) == 0;
    return self_leaves(v) && !v->fixed && none ? longest(v, may_inherit) : NULL;
}

static const struct members_host *voter_too_many(const struct members_view *v)
{
    const struct members_host *worst = NULL;
    if (v->fixed || self_leaves(v) || !members_quorum(v) ||
        count_role(v, REPLICA_VOTER) <= wanted(v)) {
        return NULL;
    }
    for (size_t i = 0; i < v->count; i++) {
        const struct members_host *h = &v->at[i];
        if (h->role != REPLICA_VOTER || h->self) {
            continue;
        }
        if (worst == NULL || (worst->linked && !h->linked) ||
            (worst->linked == h->linked && h->up_ms < worst->up_ms)) {
            worst = h;
        }
    }
    return worst;
}

static const struct members_host *learner_too_many(const struct members_view *v)
{
    size_t voters = count_role(v, REPLICA_VOTER);
    if (v->fixed || self_leaves(v) || voters + count_role(v, REPLICA_LEARNER) <= wanted(v)) {
        return NULL;
    }
    for (size_t i = 0; i < v->count; i++) {
        if (v->at[i].role == REPLICA_LEARNER && !v->at[i].self) {
            return &v->at[i];
        }
    }
    return NULL;
}

static const struct members_host *learner_ready(const struct members_view *v)
{
    size_t voters = count_role(v, REPLICA_VOTER);
    size_t together = v->fixed || voters % 2 == 0 ? 1 : 2;
    if (self_leaves(v) || voters >= wanted(v) || count_ready(v) < together) {
        return NULL;
    }
    return longest(v, is_ready);
}

static const struct members_host *client_wanted(const struct members_view *v)
{
    size_t members = count_role(v, REPLICA_VOTER) + count_role(v, REPLICA_LEARNER);
    if (self_leaves(v) || members >= wanted(v) || members >= REPLICA_SERVERS_MAX - 1) {
        return NULL;
    }
    return longest(v, may_join);
}

static const struct {
    rule applies;
    enum members_act act;
} rules[] = {
    {learner_is_out, MEMBERS_REMOVE},
    {voter_is_out, MEMBERS_DEMOTE},
    {hand_over, MEMBERS_TRANSFER},
    {heir_learner, MEMBERS_PROMOTE},
    {heir_client, MEMBERS_ADD},
    {voter_too_many, MEMBERS_DEMOTE},
    {learner_too_many, MEMBERS_REMOVE},
    {learner_ready, MEMBERS_PROMOTE},
    {client_wanted, MEMBERS_ADD},
};

struct members_step members_next(const struct members_view *v)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct members_host *h = rules[i].applies(v);
        if (h != NULL) {
            return (struct members_step){rules[i].act, h};
        }
    }
    return (struct members_step){MEMBERS_STAY, NULL};
}

bool members_nobody_else(const struct members_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct members_host *h = &v->at[i];
        if (!h->self && (may_lead(v, h) || (!v->fixed && is_alive(v, h) && !is_out(v, h) &&
                                               !h->full && h->id != 0))) {
            return false;
        }
    }
    return true;
}
