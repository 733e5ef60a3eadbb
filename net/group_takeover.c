/* A person says that those who are away will not come back: a new epoch of the same group begins
 * with what this host has, its log's tail included, and this host as the only voter.
 *
 * Failure modes: there is a leader; a host that can be reached has more; there is nothing here.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- takeover -----------------------------------------------------------------------------------
 */

static bool is_further(const struct group_hello *h, uint64_t term, uint64_t index)
{
    return h->last_term > term || (h->last_term == term && h->last > index);
}

static void our_position(const struct group *g, uint64_t *term, uint64_t *index)
{
    *index = g->meta.applied_index;
    *term = g->meta.applied_term;
    if (g->replica != NULL) {
        *index = replica_last_index(g->replica);
        const struct replica_entry *last = replica_entry(g->replica, *index);
        *term = last != NULL ? last->term : *term;
    }
}

static int check_takeover(const struct group *g, struct err *e)
{
    uint64_t term, index;
    char text[PEER_TEXT_SIZE];
    if (group_epoch_none(&g->meta.epoch) || g->meta.applied_index == 0 || g->boot.on) {
        return err_set(e, PP_ESTATE, "this host has nothing of the queue yet to go on from");
    }
    if (g->o.fixed && !group_is_trusted(g, &g->o.self)) {
        return err_set(e, PP_EPERM, "this host is not one of the registry's trusted peers");
    }
    if (g->has_leader) {
        peer_format(&g->leader, text);
        return err_set(e, PP_ESTATE, "the queue is led by %s; there is nothing to take over", text);
    }
    our_position(g, &term, &index);
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        bool same = p->has_hello && group_epoch_is(&p->hello.epoch, &g->meta.epoch);
        bool may = !g->o.fixed || group_is_trusted(g, &p->peer);
        if (same && may && is_further(&p->hello, term, index)) {
            return err_set(e, PP_ESTATE, "%s has more of the queue: take over there", p->text);
        }
    }
    return 0;
}

/* What the log holds behind what is applied, with room for one more. */
static struct replica_entry *copy_tail(const struct group *g, size_t *count)
{
    uint64_t last = g->replica != NULL ? replica_last_index(g->replica) : 0;
    uint64_t from = g->meta.applied_index;
    size_t max = last > from ? (size_t)(last - from) : 0;
    struct replica_entry *out = mem_array(max + 1, sizeof *out);
    *count = 0;
    for (uint64_t i = from + 1; i <= last; i++) {
        const struct replica_entry *entry = replica_entry(g->replica, i);
        if (entry == NULL) {
            break;
        }
        group_copy_entry(&out[(*count)++], entry);
    }
    return out;
}

static void take_over(struct group *g)
{
    size_t count;
    struct replica_entry *entries = copy_tail(g, &count);
    struct replica_state state = {
        .term = g->meta.term > g->meta.applied_term ? g->meta.term : g->meta.applied_term,
        .applied_index = g->meta.applied_index,
        .applied_term = g->meta.applied_term,
        .conf = g->meta.conf,
        .entries = entries,
        .entries_count = count,
    };
    uint64_t random = g->o.io.random(g->o.io.context);
    if (g->replica != NULL && replica_term(g->replica) > state.term) {
        state.term = replica_term(g->replica);
    }
    group_follow_stop(g);
    group_member_end(g);
    replica_recover(&state, g->id, g->text, &g->meta.term, &entries[count]);
    g->meta.vote = 0;
    g->meta.epoch.number = ((g->meta.epoch.number >> 32) + 1) << 32 | (random & UINT32_MAX);
    g->joining = (struct group_epoch){0};
    struct group_write w = {.entries = &entries[count], .entries_count = 1};
    group_boot_when_written(g, &w, entries, count + 1);
    group_outbox_again(g);
}

int group_takeover(struct group *g, uint64_t now_ms, struct err *e)
{
    g->now_ms = now_ms > g->now_ms ? now_ms : g->now_ms;
    int rc = check_takeover(g, e);
    if (rc != 0) {
        return rc;
    }
    take_over(g);
    group_tick(g, now_ms);
    return 0;
}
