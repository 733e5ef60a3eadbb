/* A host's disk in a fleet. */
#include "tests/lib/fleet_disk.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void *copy(const void *bytes, size_t len)
{
    void *out = mem_alloc(len + 1);
    if (len > 0) {
        memcpy(out, bytes, len);
    }
    return out;
}

static void discard(const void *p)
{
    free((void *)(uintptr_t)p);
}

/* ---- pieces -------------------------------------------------------------------------------------
 */

static struct replica_entry *copy_entries(const struct replica_entry *from, size_t n)
{
    struct replica_entry *out = mem_array(n + 1, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        out[i] = from[i];
        out[i].bytes = copy(from[i].bytes, from[i].len);
    }
    return out;
}

static struct net_row *copy_rows(const struct net_row *from, size_t n)
{
    struct net_row *out = mem_array(n + 1, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        out[i] = from[i];
        out[i].key = mem_strdup(from[i].key);
        out[i].bytes = from[i].bytes != NULL ? copy(from[i].bytes, from[i].len) : NULL;
    }
    return out;
}

static struct group_kept *copy_outbox(const struct group_kept *from, size_t n)
{
    struct group_kept *out = mem_array(n + 1, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        out[i] = from[i];
        out[i].bytes = from[i].bytes != NULL ? copy(from[i].bytes, from[i].len) : NULL;
    }
    return out;
}

static void free_entries(const struct replica_entry *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        discard(at[i].bytes);
    }
    discard(at);
}

static void free_rows(const struct net_row *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        discard(at[i].key);
        discard(at[i].bytes);
    }
    discard(at);
}

static void free_outbox(const struct group_kept *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        discard(at[i].bytes);
    }
    discard(at);
}

/* ---- writes -------------------------------------------------------------------------------------
 */

struct group_write *fleet_write_copy(const struct group_write *w)
{
    struct group_write *out = copy(w, sizeof *w);
    out->entries = copy_entries(w->entries, w->entries_count);
    out->rows = copy_rows(w->rows, w->rows_count);
    out->outbox = copy_outbox(w->outbox, w->outbox_count);
    if (w->meta != NULL) {
        struct group_meta *meta = copy(w->meta, sizeof *meta);
        meta->seen = copy(w->meta->seen, w->meta->seen_len);
        out->meta = meta;
    }
    return out;
}

void fleet_write_free(struct group_write *w)
{
    free_entries(w->entries, w->entries_count);
    free_rows(w->rows, w->rows_count);
    free_outbox(w->outbox, w->outbox_count);
    if (w->meta != NULL) {
        discard(w->meta->seen);
        discard(w->meta);
    }
    free(w);
}

/* ---- the disk -----------------------------------------------------------------------------------
 */

static struct replica_entry *entries_of(struct group_state *s)
{
    return (struct replica_entry *)(uintptr_t)s->entries;
}

static void drop_entries(struct group_state *s, uint64_t from, uint64_t to)
{
    struct replica_entry *at = entries_of(s);
    size_t kept = 0;
    for (size_t i = 0; i < s->entries_count; i++) {
        if (at[i].index >= from && at[i].index <= to) {
            discard(at[i].bytes);
        } else {
            at[kept++] = at[i];
        }
    }
    s->entries_count = kept;
}

static void add_entries(struct group_state *s, const struct group_write *w)
{
    struct replica_entry *at =
        mem_resize(entries_of(s), s->entries_count + w->entries_count + 1, sizeof *at);
    for (size_t i = 0; i < w->entries_count; i++) {
        uint64_t index = w->entries[i].index;
        assert(s->entries_count == 0 || at[s->entries_count - 1].index + 1 == index);
        at[s->entries_count] = w->entries[i];
        at[s->entries_count++].bytes = copy(w->entries[i].bytes, w->entries[i].len);
    }
    s->entries = at;
}

static size_t row_place(const struct group_state *s, const char *key)
{
    size_t low = 0;
    size_t high = s->rows_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(s->rows[mid].key, key) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static void set_row(struct group_state *s, const struct net_row *row)
{
    struct net_row *at = mem_resize((void *)(uintptr_t)s->rows, s->rows_count + 1, sizeof *at);
    s->rows = at;
    size_t i = row_place(s, row->key);
    bool there = i < s->rows_count && strcmp(at[i].key, row->key) == 0;
    if (there) {
        discard(at[i].key);
        discard(at[i].bytes);
    }
    if (row->bytes == NULL && there) {
        memmove(at + i, at + i + 1, (s->rows_count - i - 1) * sizeof *at);
        s->rows_count--;
    }
    if (row->bytes == NULL) {
        return;
    }
    if (!there) {
        memmove(at + i + 1, at + i, (s->rows_count - i) * sizeof *at);
        s->rows_count++;
    }
    at[i] = (struct net_row){mem_strdup(row->key), copy(row->bytes, row->len), row->len};
}

static void clear_rows(struct group_state *s)
{
    free_rows(s->rows, s->rows_count);
    s->rows = NULL;
    s->rows_count = 0;
}

static void set_kept(struct group_state *s, const struct group_kept *k)
{
    struct group_kept *at =
        mem_resize((void *)(uintptr_t)s->outbox, s->outbox_count + 1, sizeof *at);
    size_t kept = 0;
    for (size_t i = 0; i < s->outbox_count; i++) {
        if (at[i].id == k->id) {
            discard(at[i].bytes);
        } else {
            at[kept++] = at[i];
        }
    }
    if (k->bytes != NULL) {
        at[kept++] = (struct group_kept){k->id, copy(k->bytes, k->len), k->len};
    }
    s->outbox = at;
    s->outbox_count = kept;
}

static void set_meta(struct group_state *s, const struct group_meta *meta)
{
    discard(s->meta.seen);
    s->meta = *meta;
    s->meta.seen = copy(meta->seen, meta->seen_len);
}

void fleet_disk_apply(struct fleet_disk *d, const struct group_write *w)
{
    struct group_state *s = &d->state;
    s->exists = true;
    if (w->wipe) {
        drop_entries(s, 0, UINT64_MAX);
        clear_rows(s);
    }
    if (w->truncate_from != 0) {
        drop_entries(s, w->truncate_from, UINT64_MAX);
    }
    add_entries(s, w);
    if (w->compact_to != 0) {
        drop_entries(s, 0, w->compact_to);
    }
    if (w->replace_rows) {
        clear_rows(s);
    }
    for (size_t i = 0; i < w->rows_count; i++) {
        set_row(s, &w->rows[i]);
    }
    for (size_t i = 0; i < w->outbox_count; i++) {
        set_kept(s, &w->outbox[i]);
    }
    if (w->meta != NULL) {
        set_meta(s, w->meta);
    }
}

void fleet_disk_fini(struct fleet_disk *d)
{
    free_entries(d->state.entries, d->state.entries_count);
    free_rows(d->state.rows, d->state.rows_count);
    free_outbox(d->state.outbox, d->state.outbox_count);
    discard(d->state.meta.seen);
    *d = (struct fleet_disk){0};
}

void fleet_disk_copy(struct fleet_disk *to, const struct fleet_disk *from)
{
    const struct group_state *s = &from->state;
    struct fleet_disk out = *from;
    out.state.entries = copy_entries(s->entries, s->entries_count);
    out.state.rows = copy_rows(s->rows, s->rows_count);
    out.state.outbox = copy_outbox(s->outbox, s->outbox_count);
    out.state.meta.seen = copy(s->meta.seen, s->meta.seen_len);
    fleet_disk_fini(to);
    *to = out;
}
