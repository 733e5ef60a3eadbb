/* A voter: serves those who follow from outside.
 *
 * Happy path: FOLLOW names the last entry the client has applied; what is applied here behind it
 * goes out in ENTRIES of about GROUP_PIECE bytes, a few on their way at a time. Where the log does
 * not reach back that far, a DUMP of all rows comes first, cut into pieces at the ends of rows; one
 * dump is shared by all who need one at about the same time.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 4 /* messages on their way to one client */

/* ---- dumps --------------------------------------------------------------------------------------
 */

static void dump_release(struct group_dumped *d)
{
    if (d != NULL && --d->users == 0) {
        strbuf_fini(&d->rows);
        free(d->ends);
        free(d);
    }
}

static void dump_row(void *context, const struct net_row *row)
{
    struct group_dumped *d = context;
    size_t from = d->pieces > 0 ? d->ends[d->pieces - 1] : 0;
    size_t needed = 8 + strlen(row->key) + row->len;
    if (d->rows.len > from && d->rows.len - from + needed > GROUP_PIECE) {
        d->ends = mem_resize(d->ends, d->pieces + 1, sizeof *d->ends);
        d->ends[d->pieces++] = d->rows.len;
    }
    group_wire_put_row(&d->rows, row);
}

static struct group_dumped *dump_new(struct group *g)
{
    struct group_dumped *d = mem_alloc(sizeof *d);
    d->users = 1;
    d->head.index = g->meta.applied_index;
    d->head.term = g->meta.applied_term;
    d->head.utc_ms = g->meta.applied_utc_ms;
    d->head.conf = g->meta.conf;
    g->o.machine.dump(g->o.machine.context, dump_row, d);
    d->ends = mem_resize(d->ends, d->pieces + 1, sizeof *d->ends);
    d->ends[d->pieces++] = d->rows.len;
    return d;
}

/* One that is there already will do while the entries behind it are. */
static struct group_dumped *dump_get(struct group *g)
{
    struct group_dumped *d = g->dumped;
    bool fits = d != NULL && (d->head.index == g->meta.applied_index ||
                                 (replica_entry(g->replica, d->head.index + 1) != NULL &&
                                     g->meta.applied_index - d->head.index < 512));
    if (!fits) {
        dump_release(d);
        d = g->dumped = dump_new(g);
    }
    d->users++;
    return d;
}

/* ---- sending ------------------------------------------------------------------------------------
 */

static struct group_feed feed_of(const struct group *g, const struct group_follower *f)
{
    return (struct group_feed){
        .epoch = g->meta.epoch,
        .serial = f->serial,
        .has_leader = g->has_leader,
        .leader = g->leader,
        .commit = g->meta.applied_index,
    };
}

static bool send_piece(struct group *g, struct group_peer *p)
{
    struct group_follower *f = &p->follower;
    const struct group_dumped *d = f->dump;
    struct group_dump m = d->head;
    struct strbuf b = {0};
    size_t from = f->piece > 0 ? d->ends[f->piece - 1] : 0;
    m.feed = feed_of(g, f);
    m.piece = (uint32_t)f->piece;
    m.last = f->piece + 1 == d->pieces;
    group_wire_dump(&b, &m);
    wire_put_raw(&b, strbuf_text(&d->rows) + from, d->ends[f->piece] - from);
    if (!group_send(g, &p->peer, true, &b)) {
        return false;
    }
    f->piece++;
    f->sent++;
    f->sent_ms = g->now_ms;
    return true;
}

/* Entries from `next` on that fit into a message; how many. */
static size_t gather(const struct group *g, uint64_t next, struct strbuf *b)
{
    size_t n = 0;
    while (next + n <= g->meta.applied_index && b->len < GROUP_PIECE) {
        const struct replica_entry *entry = replica_entry(g->replica, next + n);
        if (entry == NULL) {
            break;
        }
        group_wire_put_entry(b, entry);
        n++;
    }
    return n;
}

static bool send_entries(struct group *g, struct group_peer *p)
{
    struct group_follower *f = &p->follower;
    struct strbuf entries = {0};
    struct strbuf b = {0};
    struct group_feed feed = feed_of(g, f);
    size_t n = gather(g, f->next, &entries);
    group_wire_entries(&b, &feed, n);
    wire_put_raw(&b, entries.data, entries.len);
    strbuf_fini(&entries);
    if (!group_send(g, &p->peer, false, &b)) {
        return false;
    }
    f->next += n;
    f->sent += n > 0;
    f->sent_ms = g->now_ms;
    f->has_leader_told = feed.has_leader;
    f->leader_told = feed.leader;
    return true;
}

static void needs_dump(struct group *g, struct group_follower *f)
{
    dump_release(f->dump);
    f->dump = dump_get(g);
    f->piece = 0;
    f->next = f->dump->head.index + 1;
}

static void pump_dump(struct group *g, struct group_peer *p)
{
    struct group_follower *f = &p->follower;
    while (f->piece < f->dump->pieces && f->sent - f->taken < WINDOW) {
        if (!send_piece(g, p)) {
            return;
        }
    }
    /* Bulk may be overtaken, so entries wait until all of it is there. */
    if (f->piece == f->dump->pieces && f->sent == f->taken) {
        dump_release(f->dump);
        f->dump = NULL;
    }
}

static void pump(struct group *g, struct group_peer *p)
{
    struct group_follower *f = &p->follower;
    if (f->dump == NULL && f->next <= g->meta.applied_index &&
        replica_entry(g->replica, f->next) == NULL) {
        needs_dump(g, f);
    }
    if (f->dump != NULL) {
        pump_dump(g, p);
    }
    if (f->dump != NULL) {
        return;
    }
    while (f->next <= g->meta.applied_index && f->sent - f->taken < WINDOW) {
        if (replica_entry(g->replica, f->next) == NULL || !send_entries(g, p)) {
            return;
        }
    }
    bool other_leader = f->has_leader_told != g->has_leader ||
                        (g->has_leader && peer_compare(&f->leader_told, &g->leader) != 0);
    if (other_leader || g->now_ms - f->sent_ms >= GROUP_WORD_MS) {
        send_entries(g, p);
    }
}

/* ---- from outside -------------------------------------------------------------------------------
 */

/* Our leader is about to change to another group, perhaps the one that p comes from. */
static bool leader_leaves(const struct group *g, const struct group_peer *p)
{
    const struct group_peer *leader = group_peer_find(g, &g->leader);
    bool foreign = !group_epoch_is(&p->hello.epoch, &g->meta.epoch);
    return foreign && leader != NULL && leader->has_hello &&
           group_epoch_is(&leader->hello.epoch, &g->meta.epoch) &&
           !group_epoch_none(&leader->hello.joining);
}

static bool may_serve(
    const struct group *g, const struct group_peer *p, const struct group_follow *m)
{
    return g->replica != NULL && !g->installing && group_epoch_is(&m->epoch, &g->meta.epoch) &&
           group_epoch_none(&g->joining) && !leader_leaves(g, p) &&
           replica_role_of(g->replica, g->id) == REPLICA_VOTER;
}

static bool agrees(const struct group *g, const struct group_follow *m)
{
    const struct replica_entry *entry = replica_entry(g->replica, m->index);
    if (m->index == 0 || (entry != NULL && entry->term != m->term)) {
        return false;
    }
    return m->index >= g->meta.applied_index || replica_entry(g->replica, m->index + 1) != NULL;
}

void group_serve_receive(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_follower *f = &p->follower;
    struct group_follow m;
    if (!group_wire_read_follow(in, &m)) {
        p->bad++;
        return;
    }
    group_serve_end(g, p);
    if (m.stop) {
        return;
    }
    if (!may_serve(g, p, &m)) {
        struct strbuf b = {0};
        group_wire_nofollow(&b, m.serial);
        group_send(g, &p->peer, false, &b);
        return;
    }
    *f = (struct group_follower){.active = true, .serial = m.serial, .next = m.index + 1};
    if (!agrees(g, &m)) {
        needs_dump(g, f);
    }
    pump(g, p);
    if (f->dump == NULL && f->sent == 0) {
        send_entries(g, p);
    }
}

void group_serve_followed(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_follower *f = &p->follower;
    struct group_followed m;
    if (!group_wire_read_followed(in, &m)) {
        p->bad++;
        return;
    }
    if (f->active && m.serial == f->serial && m.count <= f->sent && m.count >= f->taken) {
        f->taken = m.count;
        if (g->replica != NULL && !g->installing) {
            pump(g, p);
        }
    }
}

void group_serve_pump(struct group *g)
{
    if (g->replica == NULL || g->installing) {
        return;
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        if (g->peers[i]->follower.active) {
            pump(g, g->peers[i]);
        }
    }
    g->applied_more = false;
}

void group_serve_end(struct group *g, struct group_peer *p)
{
    (void)g;
    dump_release(p->follower.dump);
    p->follower = (struct group_follower){0};
}

void group_serve_end_all(struct group *g)
{
    for (size_t i = 0; i < g->peers_count; i++) {
        struct group_follower *f = &g->peers[i]->follower;
        if (f->active) {
            struct strbuf b = {0};
            group_wire_nofollow(&b, f->serial);
            group_send(g, &g->peers[i]->peer, false, &b);
        }
        group_serve_end(g, g->peers[i]);
    }
    dump_release(g->dumped);
    g->dumped = NULL;
}
