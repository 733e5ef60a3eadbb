/* Our part of the consensus: when there is a replica, and what it wants done.
 *
 * Happy path: a founder or a trusted peer writes a first log and begins when that is durable
 * (group_member_boot()); a client begins with its rows and no log when the configuration it follows
 * names it. Committed entries are applied through the machine, each once, in order.
 *
 * Failure modes: removed from the configuration, or told that the disk has forgotten something: it
 * goes on as a client under a new id; a snapshot that cannot be read: the same.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t group_new_incarnation(struct group *g)
{
    if ((g->o.plant & GROUP_BUG_ID) != 0) {
        return g->meta.incarnation;
    }
    uint64_t drawn = g->o.io.random(g->o.io.context);
    return drawn != 0 ? drawn : 1;
}

/* ---- beginning and ending -----------------------------------------------------------------------
 */

/* Where the disk is, by what it holds. */
static void set_position(struct group *g, const struct replica_state *state)
{
    g->last_index = state->applied_index;
    g->last_term = state->applied_term;
    if (state->entries_count > 0) {
        g->last_index = state->entries[state->entries_count - 1].index;
        g->last_term = state->entries[state->entries_count - 1].term;
    }
    g->position.term = state->term;
    g->position.index = g->last_term == state->term ? g->last_index : 0;
    g->durable = g->position;
}

int group_member_begin(struct group *g, const struct replica_state *state, struct err *e)
{
    struct replica_options o = {
        .id = g->id,
        .heartbeat_ms = g->o.heartbeat_ms,
        .election_ms = g->o.election_ms,
        .seed = (uint32_t)g->o.io.random(g->o.io.context),
        .off = g->o.plant & ~(unsigned)(GROUP_BUG_ID | GROUP_BUG_WIPE),
        .io = group_engine_io(g),
    };
    g->life++;
    g->seats_count = 0;
    set_position(g, state);
    g->replica = replica_new(&o);
    int rc = replica_start(g->replica, g->now_ms, state, e);
    if (rc != 0) {
        replica_free(g->replica);
        g->replica = NULL;
    }
    return rc;
}

static void boot_clear(struct group *g)
{
    for (size_t i = 0; i < g->boot.count; i++) {
        free((void *)(uintptr_t)g->boot.entries[i].bytes);
    }
    free(g->boot.entries);
    g->boot = (struct group_boot){0};
}

void group_copy_entry(struct replica_entry *to, const struct replica_entry *from)
{
    uint8_t *bytes = mem_alloc(from->len + 1);
    *to = *from;
    if (from->len > 0) {
        memcpy(bytes, from->bytes, from->len);
    }
    to->bytes = bytes;
}

static bool is_sole_voter(const struct group *g, const struct replica_state *state)
{
    struct replica_conf conf = state->conf;
    size_t voters = 0;
    bool ours = false;
    for (size_t i = 0; i < state->entries_count; i++) {
        const struct replica_entry *entry = &state->entries[i];
        if (entry->type == REPLICA_CHANGE && entry->index > conf.index) {
            replica_conf_decode(entry->bytes, entry->len, &conf);
        }
    }
    for (size_t i = 0; i < conf.count; i++) {
        voters += conf.at[i].role == REPLICA_VOTER;
        ours = ours || (conf.at[i].role == REPLICA_VOTER && conf.at[i].id == g->id);
    }
    return ours && voters == 1;
}

int group_member_resume(struct group *g, const struct replica_state *state, struct err *e)
{
    if (!is_sole_voter(g, state)) {
        return group_member_begin(g, state, e);
    }
    set_position(g, state);
    g->boot.on = true;
    g->boot.at_ms = g->now_ms + g->o.election_ms;
    g->boot.entries = mem_array(state->entries_count + 1, sizeof *g->boot.entries);
    for (size_t i = 0; i < state->entries_count; i++) {
        group_copy_entry(&g->boot.entries[g->boot.count++], &state->entries[i]);
    }
    return 0;
}

void group_member_boot(struct group *g)
{
    struct replica_state state = {
        .term = g->meta.term,
        .vote = g->meta.vote,
        .applied_index = g->meta.applied_index,
        .applied_term = g->meta.applied_term,
        .conf = g->meta.conf,
        .entries = g->boot.entries,
        .entries_count = g->boot.count,
    };
    struct err e = {0};
    if (!g->boot.on) {
        return;
    }
    if (group_member_begin(g, &state, &e) != 0) {
        str_copy(g->failed, sizeof g->failed, e.text, strlen(e.text));
    }
    boot_clear(g);
    g->status_dirty = true;
}

void group_member_end(struct group *g)
{
    if (g->replica != NULL) {
        replica_free(g->replica);
        g->replica = NULL;
    }
    boot_clear(g);
    group_serve_end_all(g);
    group_take_clear(g);
    g->life++;
    g->installing = g->spoilt = false;
    g->was_leader = g->was_elected = false;
    g->seats_count = 0;
}

/* The log's first entry, or the one that takes over, is on its way to the disk; its replica begins
 * when it is there. The entries become the boot's. */
void group_boot_when_written(
    struct group *g, struct group_write *w, struct replica_entry *entries, size_t count)
{
    struct group_awaited a = {.boot = true};
    g->meta.member = true;
    g->meta_dirty = true;
    g->boot.on = true;
    g->boot.entries = entries;
    g->boot.count = count;
    w->urgent = true;
    g->boot.ticket = group_write_now(g, w, &a);
    g->status_dirty = true;
}

void group_found(struct group *g, const struct group_epoch *epoch, const struct replica_conf *conf)
{
    struct replica_entry *first = mem_array(1, sizeof *first);
    replica_bootstrap(conf, first);
    g->meta.epoch = *epoch;
    g->meta.term = 1;
    g->meta.vote = 0;
    g->meta.applied_index = 1;
    g->meta.applied_term = 1;
    g->meta.conf = *conf;
    g->meta.conf.index = 1;
    g->joining = (struct group_epoch){0};
    struct group_write w = {.wipe = true, .entries = first, .entries_count = 1};
    group_boot_when_written(g, &w, first, 1);
}

/* A client that the configuration names begins with its rows and no log. */
static void become_member(struct group *g)
{
    struct group_write w = {.truncate_from = 1};
    group_follow_stop(g);
    if (g->meta.term < g->meta.applied_term) {
        g->meta.term = g->meta.applied_term;
        g->meta.vote = 0;
    }
    group_boot_when_written(g, &w, NULL, 0);
}

void group_become_client(struct group *g)
{
    struct group_write w = {.truncate_from = 1, .urgent = true};
    group_member_end(g);
    g->meta.member = false;
    g->meta.incarnation = group_new_incarnation(g);
    g->id = group_raft_id(&g->o.self, g->meta.incarnation);
    g->meta.term = g->meta.vote = 0;
    g->position = g->durable = (struct group_mark){0};
    g->meta_dirty = true;
    group_write_now(g, &w, NULL);
    for (size_t i = 0; i < g->peers_count; i++) {
        g->peers[i]->ready = false;
        g->peers[i]->ask_due = g->peers[i]->hello_due = true;
    }
    group_outbox_again(g);
    g->status_dirty = true;
}

/* ---- from step to step --------------------------------------------------------------------------
 */

static bool was_asked(const struct group *g)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        if (g->peers[i]->ready) {
            return true;
        }
    }
    return false;
}

static enum replica_role role_in(const struct replica_conf *conf, uint64_t id)
{
    for (size_t i = 0; i < conf->count; i++) {
        if (conf->at[i].id == id) {
            return conf->at[i].role;
        }
    }
    return REPLICA_NONE;
}

/* What a client does about a configuration that names its id. */
static void look_for_seat(struct group *g)
{
    const struct replica_conf *conf = &g->meta.conf;
    enum replica_role role = role_in(conf, g->id);
    bool blank;
    if (role == REPLICA_NONE || !was_asked(g)) {
        return;
    }
    if (role == REPLICA_LEARNER || (g->o.plant & GROUP_BUG_ID) != 0) {
        become_member(g);
    } else if (g->o.fixed && g->meta.incarnation == 0) {
        if (group_seen_may_begin(g, &blank)) {
            become_member(g);
        }
    } else {
        group_become_client(g); /* it was a voter once, and nothing is left of that here */
    }
}

/* The replica is told which servers can be reached. */
static void connect_seats(struct group *g)
{
    struct replica_conf conf;
    struct group_seat old[REPLICA_SERVERS_MAX];
    size_t old_count = g->seats_count;
    memcpy(old, g->seats, sizeof old);
    replica_conf(g->replica, &conf);
    g->seats_count = 0;
    for (size_t i = 0; i < conf.count; i++) {
        struct group_seat *s = &g->seats[g->seats_count++];
        *s = (struct group_seat){.id = conf.at[i].id, .heard_ms = g->now_ms};
        for (size_t j = 0; j < old_count; j++) {
            *s = old[j].id == s->id ? old[j] : *s;
        }
        if (!s->known) {
            struct err e;
            s->known = peer_parse(conf.at[i].address, &s->peer, &e) == 0;
        }
    }
}

static bool is_reachable(const struct group *g, uint64_t id)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        if (p->id == id && p->ready && group_epoch_is(&p->hello.epoch, &g->meta.epoch)) {
            return true;
        }
    }
    return false;
}

void group_member_settle(struct group *g)
{
    if (g->boot.on && g->boot.at_ms != 0 && g->now_ms >= g->boot.at_ms) {
        group_member_boot(g);
    }
    if (g->replica == NULL) {
        bool steady = !group_epoch_none(&g->meta.epoch) && group_epoch_none(&g->joining);
        if (steady && !g->boot.on) {
            look_for_seat(g);
        }
        return;
    }
    connect_seats(g);
    /* A client that has taken over is in the log only, at first. */
    if (g->spoilt || (!g->installing && role_in(&g->meta.conf, g->id) == REPLICA_NONE &&
                         group_seat_of(g, g->id) == NULL)) {
        group_become_client(g);
        return;
    }
    for (size_t i = 0; i < g->seats_count; i++) {
        struct group_seat *s = &g->seats[i];
        bool up = s->id != g->id && is_reachable(g, s->id);
        if (up != s->connected) {
            s->connected = up;
            replica_connected(g->replica, g->now_ms, s->id, up);
        }
    }
}

void group_member_receive(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_engine x;
    if (!group_wire_read_engine(in, &x)) {
        p->bad++;
        return;
    }
    bool may = !g->o.fixed || group_is_trusted(g, &p->peer) || group_seat_of(g, p->id) != NULL;
    if (!p->ready || !may || g->replica == NULL || !group_epoch_is(&x.epoch, &g->meta.epoch)) {
        return;
    }
    if (g->o.fixed || group_seat_of(g, p->id) != NULL) {
        group_seen_note(g, p->id, &x.mark);
    }
    for (size_t i = 0; i < g->seats_count; i++) {
        if (g->seats[i].id == p->id) {
            g->seats[i].heard_ms = g->now_ms;
        }
    }
    replica_receive(g->replica, g->now_ms, p->id, x.bytes, x.len);
}

void group_member_removed(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_removed r;
    if (!group_wire_read_removed(in, &r)) {
        p->bad++;
        return;
    }
    /* The sender need not be of our configuration, which may be old. */
    bool may = !g->o.fixed || group_is_trusted(g, &p->peer);
    if (may && group_epoch_is(&r.epoch, &g->meta.epoch) && r.id == g->id && g->replica != NULL &&
        r.index >= g->meta.conf.index) {
        group_become_client(g);
    }
}
