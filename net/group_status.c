/* What a group says of itself, for people and for the program above. */
#include "net/group_priv.h"

#include <stdio.h>
#include <string.h>

const char *group_role_name(enum group_role r)
{
    static const char *const names[] = {"searching", "client", "learner", "voter", "leader"};
    return r <= GROUP_LEADER ? names[r] : "unknown";
}

enum group_role group_role_now(const struct group *g)
{
    if (g->replica != NULL) {
        if (replica_is_leader(g->replica)) {
            return GROUP_LEADER;
        }
        return replica_role_of(g->replica, g->id) == REPLICA_VOTER ? GROUP_VOTER : GROUP_LEARNER;
    }
    return group_epoch_none(&g->meta.epoch) ? GROUP_SEARCHING : GROUP_CLIENT;
}

static bool is_linked(const struct group *g, uint64_t id)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->has_hello && p->id == id && group_epoch_is(&p->hello.epoch, &g->meta.epoch)) {
            return true;
        }
    }
    return id == g->id && g->replica != NULL;
}

static size_t voters_linked(const struct group *g, const struct replica_conf *conf)
{
    size_t n = 0;
    for (size_t i = 0; i < conf->count; i++) {
        n += conf->at[i].role == REPLICA_VOTER && is_linked(g, conf->at[i].id);
    }
    return n;
}

static void problem(const struct group *g, struct group_status *s)
{
    char *to = s->problem;
    size_t size = sizeof s->problem;
    unsigned long long secs = g->leaderless_ms != 0 ? (g->now_ms - g->leaderless_ms) / 1000 : 0;
    const char *failed = g->replica != NULL ? replica_failed(g->replica) : NULL;
    if (failed != NULL || g->failed[0] != '\0') {
        snprintf(
            to, size, "the queue has stopped here: %.120s", failed != NULL ? failed : g->failed);
    } else if (g->full) {
        snprintf(to, size, "the disk takes nothing: what is new is not kept here");
    } else if (s->role == GROUP_SEARCHING && !group_epoch_none(&g->joining)) {
        snprintf(to, size, "a group is there, but nobody who decides in it can be reached");
    } else if (s->role == GROUP_SEARCHING && g->o.fixed && g->trusted_count > 0) {
        snprintf(to, size,
            "waiting for trusted peers: more than half of %zu must be there to begin",
            g->trusted_count);
    } else if (s->role == GROUP_SEARCHING || s->has_leader || secs < 5) {
        return;
    } else if (s->voters_linked * 2 <= s->voters) {
        snprintf(to, size,
            "%zu of %zu hosts that decide are away, for %llu s: nothing can be decided",
            s->voters - s->voters_linked, s->voters, secs);
    } else {
        snprintf(to, size, "no host leads the queue, for %llu s", secs);
    }
}

static bool is_fresh(const struct group *g)
{
    if (g->replica != NULL) {
        return g->has_leader;
    }
    const struct group_following *f = &g->following;
    return g->has_leader && f->active && !f->dumping && g->meta.applied_index >= f->commit &&
           g->now_ms - f->leader_ms < GROUP_FRESH_MS;
}

void group_status(const struct group *g, struct group_status *out)
{
    *out = (struct group_status){
        .role = group_role_now(g),
        .epoch = g->meta.epoch,
        .has_leader = g->has_leader,
        .leader = g->leader,
        .fresh = is_fresh(g),
        .applied = g->meta.applied_index,
        .commit = g->meta.applied_index,
        .waiting = g->items_count,
        .disk_full = g->full,
    };
    struct replica_conf conf = g->meta.conf;
    if (g->replica != NULL) {
        replica_conf(g->replica, &conf);
    } else if (g->following.commit > out->commit) {
        out->commit = g->following.commit;
    }
    out->voters = group_voters(&conf);
    out->voters_linked = voters_linked(g, &conf);
    problem(g, out);
}

bool group_is_voter(const struct group *g, const struct peer *p)
{
    struct replica_conf conf = g->meta.conf;
    if (g->replica != NULL) {
        replica_conf(g->replica, &conf);
    }
    char text[PEER_TEXT_SIZE];
    peer_format(p, text);
    const struct replica_server *s = group_server_of(&conf, text);
    return s != NULL && s->role == REPLICA_VOTER;
}
