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

/* ---- applying -----------------------------------------------------------------------------------
 */

static void apply_command(struct group *g, const struct replica_entry *entry)
{
    struct group_envelope v;
    if (!group_wire_read_envelope(entry->bytes, entry->len, &v)) {
        return; /* the same on every host */
    }
    bool ours = peer_compare(&v.origin, &g->o.self) == 0;
    bool known = ours && (v.id >= g->life_from || group_outbox_find(g, v.id) != NULL);
    if (v.utc_ms > g->meta.applied_utc_ms) {
        g->meta.applied_utc_ms = v.utc_ms;
    }
    struct net_entry told = {
        .index = entry->index,
        .utc_ms = g->meta.applied_utc_ms,
        .origin = v.origin,
        .trusted = v.trusted,
        .own = known ? v.id : 0,
        .bytes = v.bytes,
        .len = v.len,
    };
    g->o.machine.apply(g->o.machine.context, &told, group_write_row, g);
    if (ours) {
        group_outbox_applied(g, v.id);
    }
}

bool group_apply(
    struct group *g, const struct replica_entry *entry, const struct replica_conf *conf)
{
    if (entry->index != g->meta.applied_index + 1) {
        return false;
    }
    if (entry->type == REPLICA_COMMAND) {
        apply_command(g, entry);
    } else if (entry->type == REPLICA_CHANGE && conf != NULL) {
        g->meta.conf = *conf;
        g->meta.conf.index = entry->index;
        g->status_dirty = true;
    }
    g->meta.applied_index = entry->index;
    g->meta.applied_term = entry->term;
    g->meta_dirty = true;
    g->applied_more = true;
    return true;
}

/* ---- what the replica wants ---------------------------------------------------------------------
 */

static bool read_snapshot(const uint8_t *bytes, size_t len, struct group_rows *rows, int64_t *utc)
{
    struct wire_in in = wire_read(bytes, len);
    struct net_row row;
    char key[GROUP_KEY_MAX + 1];
    if (!group_wire_read_snapshot(&in, utc)) {
        return false;
    }
    while (group_wire_row(&in, &row, key)) {
        group_rows_add(rows, &row);
    }
    return true;
}

static struct net_row *borrow_rows(const struct group_rows *rows)
{
    struct net_row *out = mem_array(rows->count + 1, sizeof *out);
    for (size_t i = 0; i < rows->count; i++) {
        out[i] = (struct net_row){rows->at[i].key, rows->at[i].bytes, rows->at[i].len};
    }
    return out;
}

/* Where the disk is when this write is durable. */
static struct group_mark position_after(struct group *g, const struct replica_write *w)
{
    if (w->has_vote) {
        g->position.term = w->term;
    }
    if (w->install) {
        g->last_index = w->install_index;
        g->last_term = w->install_term;
    }
    if (w->entries_count > 0) {
        g->last_index = w->entries[w->entries_count - 1].index;
        g->last_term = w->entries[w->entries_count - 1].term;
    }
    g->position.index = g->last_term == g->position.term ? g->last_index : 0;
    return g->position;
}

static void write_install(struct group *g, const struct replica_write *w, struct group_write *out,
    struct group_awaited *a)
{
    struct group_rows rows = {0};
    int64_t utc_ms;
    if (!read_snapshot(w->snapshot, w->snapshot_len, &rows, &utc_ms)) {
        g->spoilt = true;
        group_rows_clear(&rows);
        return;
    }
    struct net_row *borrowed = borrow_rows(&rows);
    group_rows_clear(&g->rows);
    g->installing = true;
    g->meta.applied_index = w->install_index;
    g->meta.applied_term = w->install_term;
    g->meta.applied_utc_ms = utc_ms;
    g->meta.conf = w->install_conf;
    out->truncate_from = 1;
    out->replace_rows = true;
    out->rows = borrowed;
    out->rows_count = rows.count;
    group_write_now(g, out, a);
    free(borrowed);
    group_rows_clear(&rows);
}

static void replica_wants_write(void *context, const struct replica_write *w)
{
    struct group *g = context;
    if (w->has_vote) {
        g->meta.term = w->term;
        g->meta.vote = w->vote;
        g->meta_dirty = true;
    }
    struct group_write out = {
        .urgent = w->ticket != 0,
        .truncate_from = w->truncate_from,
        .entries = w->entries,
        .entries_count = w->entries_count,
        .compact_to = w->compact_to,
    };
    struct group_awaited a = {.replica_ticket = w->ticket, .has_mark = true};
    a.mark = position_after(g, w);
    if (w->install) {
        write_install(g, w, &out, &a);
    } else {
        group_write_now(g, &out, &a);
    }
}

static void replica_wants_send(
    void *context, uint64_t to, bool bulk, const uint8_t *bytes, size_t len)
{
    struct group *g = context;
    for (size_t i = 0; i < g->peers_count; i++) {
        struct group_peer *p = g->peers[i];
        if (p->id == to && p->ready && group_epoch_is(&p->hello.epoch, &g->meta.epoch)) {
            struct group_engine x = {g->meta.epoch, g->durable, bytes, len};
            struct strbuf b = {0};
            group_wire_engine(&b, &x);
            group_send(g, &p->peer, bulk, &b);
            return;
        }
    }
}

static void replica_applies(
    void *context, const struct replica_entry *entry, const struct replica_conf *conf)
{
    struct group *g = context;
    if (!group_apply(g, entry, conf) && g->failed[0] == '\0') {
        snprintf(g->failed, sizeof g->failed, "entry %llu was to be applied after entry %llu",
            (unsigned long long)entry->index, (unsigned long long)g->meta.applied_index);
    }
}

static void add_snapshot_row(void *context, const struct net_row *row)
{
    group_wire_put_row(context, row);
}

static void replica_wants_dump(void *context, uint8_t **bytes, size_t *len)
{
    struct group *g = context;
    struct strbuf b = {0};
    group_wire_snapshot(&b, g->meta.applied_utc_ms);
    g->o.machine.dump(g->o.machine.context, add_snapshot_row, &b);
    *bytes = (uint8_t *)b.data;
    *len = b.len;
}

static void replica_restores(void *context, const uint8_t *bytes, size_t len, uint64_t index,
    uint64_t term, const struct replica_conf *conf)
{
    struct group *g = context;
    struct group_rows rows = {0};
    int64_t utc_ms;
    (void)term;
    (void)conf;
    if (!g->installing || index != g->meta.applied_index ||
        !read_snapshot(bytes, len, &rows, &utc_ms)) {
        g->spoilt = true;
        group_rows_clear(&rows);
        return;
    }
    struct net_row *borrowed = borrow_rows(&rows);
    g->o.machine.load(g->o.machine.context, borrowed, rows.count);
    g->installing = false;
    free(borrowed);
    group_rows_clear(&rows);
}

static void replica_has_changed(void *context)
{
    struct group *g = context;
    g->status_dirty = true;
}

/* ---- beginning and ending -----------------------------------------------------------------------
 */

int group_member_begin(struct group *g, const struct replica_state *state, struct err *e)
{
    struct replica_options o = {
        .id = g->id,
        .heartbeat_ms = g->o.heartbeat_ms,
        .election_ms = g->o.election_ms,
        .seed = (uint32_t)g->o.io.random(g->o.io.context),
        .off = g->o.plant & ~(unsigned)(GROUP_BUG_ID | GROUP_BUG_WIPE),
        .io = {replica_wants_write, replica_wants_send, replica_applies, replica_wants_dump,
            replica_restores, replica_has_changed, g},
    };
    g->life++;
    g->seats_count = 0;
    g->position = g->durable = (struct group_mark){.term = state->term};
    g->last_index = state->applied_index;
    g->last_term = state->applied_term;
    if (state->entries_count > 0) {
        g->last_index = state->entries[state->entries_count - 1].index;
        g->last_term = state->entries[state->entries_count - 1].term;
    }
    g->position.index = g->last_term == state->term ? g->last_index : 0;
    g->durable = g->position;
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
    g->was_leader = false;
    g->seats_count = 0;
}

/* The log's first entry, or the one that takes over, is on its way to the disk; its replica begins
 * when it is there. The entries become the boot's. */
static void boot_when_written(
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
    boot_when_written(g, &w, first, 1);
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
    boot_when_written(g, &w, NULL, 0);
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

static void copy_entry(struct replica_entry *to, const struct replica_entry *from)
{
    uint8_t *bytes = mem_alloc(from->len + 1);
    *to = *from;
    if (from->len > 0) {
        memcpy(bytes, from->bytes, from->len);
    }
    to->bytes = bytes;
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
        copy_entry(&out[(*count)++], entry);
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
    boot_when_written(g, &w, entries, count + 1);
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
    if (!p->ready || g->replica == NULL || !group_epoch_is(&x.epoch, &g->meta.epoch)) {
        return;
    }
    group_seen_note(g, p->id, &x.mark);
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
    bool of_ours = group_server_of(&g->meta.conf, p->text) != NULL;
    bool may = !g->o.fixed || group_is_trusted(g, &p->peer);
    if (of_ours && may && group_epoch_is(&r.epoch, &g->meta.epoch) && r.id == g->id &&
        g->replica != NULL && r.index >= g->meta.conf.index) {
        group_become_client(g);
    }
}
