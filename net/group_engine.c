/* Between the replica and the rest: what it wants written, sent, applied, dumped, restored.
 *
 * Happy path: each committed entry comes once, in order, and goes through the machine; the rows it
 * changes gather for the next write. A snapshot replaces rows and log in one write, and the
 * machine's state when that is durable.
 *
 * Failure modes: a snapshot that cannot be read: `spoilt`, and the host goes on as a client; an
 * entry that is not the next: the queue stops here and says so.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- applying -----------------------------------------------------------------------------------
 */

static void drop_row(void *context, const struct net_row *row)
{
    (void)context;
    (void)row;
}

static void apply_uncommitted(struct group *g, const struct replica_entry *entry)
{
    struct group_envelope v;
    if (entry->type != REPLICA_COMMAND || !group_wire_read_envelope(entry->bytes, entry->len, &v)) {
        return;
    }
    struct net_entry told = {.index = entry->index,
        .utc_ms = v.utc_ms > g->meta.applied_utc_ms ? v.utc_ms : g->meta.applied_utc_ms,
        .origin = v.origin,
        .trusted = v.trusted,
        .bytes = v.bytes,
        .len = v.len};
    g->o.machine.apply(g->o.machine.context, &told, drop_row, NULL);
}

void group_apply_rest(struct group *g)
{
    uint64_t index = g->meta.applied_index;
    const struct replica_entry *entry;
    for (size_t i = 0; g->boot.on && i < g->boot.count; i++) {
        if (g->boot.entries[i].index > index) {
            apply_uncommitted(g, &g->boot.entries[i]);
        }
    }
    while (g->replica != NULL && !g->installing &&
           (entry = replica_entry(g->replica, ++index)) != NULL) {
        apply_uncommitted(g, entry);
    }
}

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

struct replica_io group_engine_io(struct group *g)
{
    return (struct replica_io){replica_wants_write, replica_wants_send, replica_applies,
        replica_wants_dump, replica_restores, replica_has_changed, g};
}
