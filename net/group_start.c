/* A group from what the disk holds, and its end. */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- beginning and end --------------------------------------------------------------------------
 */

static void set_defaults(struct group_options *o)
{
    o->heartbeat_ms = o->heartbeat_ms != 0 ? o->heartbeat_ms : 500;
    o->election_ms = o->election_ms != 0 ? o->election_ms : 3000;
    o->found_ms = o->found_ms != 0 ? o->found_ms : 10000;
    o->retire_ms = o->retire_ms != 0 ? o->retire_ms : 60000;
    o->submit_ms = o->submit_ms != 0 ? o->submit_ms : 10000;
}

struct group *group_new(const struct group_options *o)
{
    struct group *g = mem_alloc(sizeof *g);
    g->o = *o;
    g->o.trusted = NULL;
    set_defaults(&g->o);
    peer_format(&o->self, g->text);
    group_set_trusted(g, o->trusted, o->trusted_count);
    return g;
}

void group_free(struct group *g)
{
    if (g == NULL) {
        return;
    }
    g->started = false;
    while (g->peers_count > 0) {
        group_peer_remove(g, &g->peers[0]->peer);
    }
    group_member_end(g);
    group_rows_clear(&g->following.rows);
    group_rows_clear(&g->rows);
    group_outbox_free(g);
    strbuf_fini(&g->seen_bytes);
    free(g->peers);
    free(g->trusted);
    free(g->taken);
    free(g->origins);
    free(g->kept_out);
    free(g->awaited);
    free(g);
}

static void begin_blank(struct group *g)
{
    uint64_t drawn = g->o.io.random(g->o.io.context);
    bool zero = g->o.fixed || (g->o.plant & GROUP_BUG_ID) != 0;
    g->meta.incarnation = zero ? 0 : drawn != 0 ? drawn : 1;
    /* A disk that was lost had other ids in use. */
    g->meta.next_id = (g->o.io.random(g->o.io.context) >> 2) + 1;
}

static void load(struct group *g, const struct group_state *state)
{
    g->meta = state->meta;
    group_seen_load(g);
    g->o.machine.load(g->o.machine.context, state->rows, state->rows_count);
}

static int begin_member(struct group *g, const struct group_state *state, struct err *e)
{
    struct replica_state r = {
        .term = g->meta.term,
        .vote = g->meta.vote,
        .applied_index = g->meta.applied_index,
        .applied_term = g->meta.applied_term,
        .conf = g->meta.conf,
        .entries = state->entries,
        .entries_count = state->entries_count,
    };
    return g->meta.member ? group_member_resume(g, &r, e) : 0;
}

int group_start(struct group *g, uint64_t now_ms, const struct group_state *state, struct err *e)
{
    g->now_ms = g->started_ms = g->quiet_since_ms = now_ms;
    if (state != NULL && state->exists) {
        load(g, state);
    } else {
        g->o.machine.load(g->o.machine.context, NULL, 0);
        begin_blank(g);
    }
    g->id = group_raft_id(&g->o.self, g->meta.incarnation);
    g->next_id = g->life_from = g->safe_id = g->meta.next_id;
    if (state != NULL) {
        group_outbox_load(g, state->outbox, state->outbox_count);
    }
    group_outbox_begin(g);
    struct group_write w = {.urgent = true};
    group_write_now(g, &w, NULL);
    int rc = state != NULL ? begin_member(g, state, e) : 0;
    g->started = rc == 0;
    g->status_dirty = false;
    group_tick(g, now_ms);
    return rc;
}
