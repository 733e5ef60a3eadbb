/* One stream of writes: what the replica wants, rows that commands have changed, the outbox.
 *
 * Happy path: rows and outbox changes gather during a step; group_write_now() sends them with
 * whatever else there is, or group_write_flush() at the end of the step. Rows and the index they
 * are the state after are always in one write. What hangs on a write waits in `awaited` for its
 * ticket, in order.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows ---------------------------------------------------------------------------------------
 */

void group_rows_add(struct group_rows *rows, const struct net_row *row)
{
    size_t key_len = strlen(row->key) + 1;
    size_t len = row->bytes != NULL ? row->len : 0;
    if (rows->count == rows->cap) {
        rows->cap = rows->cap == 0 ? 16 : rows->cap * 2;
        rows->at = mem_resize(rows->at, rows->cap, sizeof *rows->at);
    }
    struct group_row *to = &rows->at[rows->count++];
    to->key = mem_alloc(key_len + len);
    memcpy(to->key, row->key, key_len);
    to->bytes = row->bytes != NULL ? (const uint8_t *)to->key + key_len : NULL;
    to->len = len;
    if (len > 0) {
        memcpy(to->key + key_len, row->bytes, len);
    }
    rows->bytes += key_len + len;
}

void group_rows_clear(struct group_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->at[i].key);
    }
    free(rows->at);
    *rows = (struct group_rows){0};
}

void group_write_row(void *context, const struct net_row *row)
{
    struct group *g = context;
    group_rows_add(&g->rows, row);
}

void group_write_item(struct group *g, uint64_t id, const uint8_t *bytes, size_t len)
{
    /* What was never written need not be deleted. */
    for (size_t i = 0; bytes == NULL && i < g->kept_out_count; i++) {
        if (g->kept_out[i].id == id) {
            g->kept_out[i] = g->kept_out[--g->kept_out_count];
            return;
        }
    }
    if (g->kept_out_count == g->kept_out_cap) {
        g->kept_out_cap = g->kept_out_cap == 0 ? 16 : g->kept_out_cap * 2;
        g->kept_out = mem_resize(g->kept_out, g->kept_out_cap, sizeof *g->kept_out);
    }
    g->kept_out[g->kept_out_count++] = (struct group_kept){id, bytes, len};
    g->kept_urgent = g->kept_urgent || bytes != NULL;
}

/* ---- writes -------------------------------------------------------------------------------------
 */

static void await(struct group *g, const struct group_awaited *a)
{
    if (g->awaited_first > 0 && g->awaited_first + g->awaited_count == g->awaited_cap) {
        memmove(g->awaited, g->awaited + g->awaited_first, g->awaited_count * sizeof *g->awaited);
        g->awaited_first = 0;
    }
    if (g->awaited_count == g->awaited_cap) {
        g->awaited_cap = g->awaited_cap == 0 ? 16 : g->awaited_cap * 2;
        g->awaited = mem_resize(g->awaited, g->awaited_cap, sizeof *g->awaited);
    }
    g->awaited[g->awaited_first + g->awaited_count++] = *a;
}

/* The ids that this write keeps, so that they can be told. */
static void note_kept(struct group *g, struct group_awaited *a)
{
    for (size_t i = 0; i < g->kept_out_count; i++) {
        uint64_t id = g->kept_out[i].id;
        struct group_item *item = group_outbox_find(g, id);
        if (g->kept_out[i].bytes == NULL || item == NULL) {
            continue;
        }
        item->ticket = a->ticket;
        a->kept_from = a->kept_from == 0 || id < a->kept_from ? id : a->kept_from;
        a->kept_to = id > a->kept_to ? id : a->kept_to;
    }
}

static void write_seen(struct group *g)
{
    g->seen_bytes.len = 0;
    for (size_t i = 0; i < g->seen_count; i++) {
        wire_put_u64(&g->seen_bytes, g->seen[i].id);
        wire_put_u64(&g->seen_bytes, g->seen[i].mark.term);
        wire_put_u64(&g->seen_bytes, g->seen[i].mark.index);
    }
    g->meta.seen = (const uint8_t *)g->seen_bytes.data;
    g->meta.seen_len = g->seen_bytes.len;
    g->seen_dirty = false;
}

static struct net_row *rows_to_write(const struct group_rows *rows)
{
    struct net_row *out = mem_array(rows->count + 1, sizeof *out);
    for (size_t i = 0; i < rows->count; i++) {
        const struct group_row *r = &rows->at[i];
        out[i] = (struct net_row){r->key, r->bytes, r->len};
    }
    return out;
}

uint64_t group_write_now(struct group *g, struct group_write *w, const struct group_awaited *what)
{
    struct group_awaited a = what != NULL ? *what : (struct group_awaited){0};
    struct net_row *rows = w->replace_rows ? NULL : rows_to_write(&g->rows);
    if (!w->replace_rows) {
        w->rows = rows;
        w->rows_count = g->rows.count;
    }
    w->ticket = a.ticket = ++g->ticket;
    a.life = g->life;
    a.applied = g->meta.applied_index;
    note_kept(g, &a);
    w->urgent = w->urgent || g->kept_urgent;
    w->outbox = g->kept_out;
    w->outbox_count = g->kept_out_count;
    g->meta_dirty = g->meta_dirty || w->meta != NULL || w->rows_count > 0 || w->replace_rows;
    if (g->meta_dirty) {
        write_seen(g);
    }
    w->meta = g->meta_dirty ? &g->meta : NULL;
    g->o.io.write(g->o.io.context, w);
    await(g, &a);
    free(rows);
    group_rows_clear(&g->rows);
    g->kept_out_count = 0;
    g->kept_urgent = false;
    g->meta_dirty = false;
    return a.ticket;
}

void group_write_flush(struct group *g)
{
    if (g->rows.count > 0 || g->kept_out_count > 0 || g->meta_dirty) {
        struct group_write w = {0};
        group_write_now(g, &w, NULL);
    }
}

static void done(struct group *g, const struct group_awaited *a)
{
    if (a->kept_to != 0) {
        group_outbox_kept(g, a->kept_from, a->kept_to);
    }
    if (a->life != g->life) {
        return;
    }
    if (a->has_mark) {
        g->durable = a->mark;
    }
    if (a->boot) {
        group_member_boot(g);
        return;
    }
    if (g->replica != NULL && a->replica_ticket != 0) {
        replica_written(g->replica, g->now_ms, a->replica_ticket);
    }
    if (g->replica != NULL) {
        replica_rows_written(g->replica, g->now_ms, a->applied);
    }
}

void group_write_done(struct group *g, uint64_t ticket)
{
    g->written = ticket > g->written ? ticket : g->written;
    while (g->awaited_count > 0 && g->awaited[g->awaited_first].ticket <= ticket) {
        struct group_awaited a = g->awaited[g->awaited_first];
        g->awaited_first++;
        g->awaited_count--;
        if (g->awaited_count == 0) {
            g->awaited_first = 0;
        }
        done(g, &a);
    }
}
