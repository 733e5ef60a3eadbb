/* A disk: what is durable, and writes on their way to it.
 *
 * What waits is written as one batch, all or nothing, like a transaction of the real store; after a
 * crash the batch under way may have become durable without anybody knowing, the rest is lost. A
 * full disk takes nothing and tries again.
 */
#include "tests/sim/sim.h"

#include "host/base/mem.h"
#include "net/net_store_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_US (200 * SIM_MS)
#define LAZY_US  (100 * SIM_MS)

/* Bytes that a copy of the disk shares. */
struct sim_blob {
    unsigned refs;
    size_t len;
    uint8_t bytes[];
};

struct sim_entry {
    uint64_t index, term;
    enum replica_type type;
    struct sim_blob *blob;
};
struct sim_row {
    char key[208];
    struct sim_blob *blob;
};
struct sim_kept {
    uint64_t id;
    struct sim_blob *blob;
};

struct sim_image {
    bool exists;
    struct sim_blob *meta;
    struct sim_entry *log;
    struct sim_row *rows;
    struct sim_kept *outbox;
    size_t log_count, log_cap, rows_count, rows_cap, outbox_count, outbox_cap;
};

/* ---- blobs and images ---------------------------------------------------------------------------
 */

static struct sim_blob *blob_new(const uint8_t *bytes, size_t len)
{
    struct sim_blob *b = mem_alloc(sizeof *b + len + 1);
    b->refs = 1;
    b->len = len;
    if (len > 0) {
        memcpy(b->bytes, bytes, len);
    }
    return b;
}

static struct sim_blob *blob_share(struct sim_blob *b)
{
    if (b != NULL) {
        b->refs++;
    }
    return b;
}

static void blob_drop(struct sim_blob *b)
{
    if (b != NULL && --b->refs == 0) {
        free(b);
    }
}

static void drop_log(struct sim_image *m, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        blob_drop(m->log[i].blob);
    }
    memmove(&m->log[from], &m->log[to], (m->log_count - to) * sizeof *m->log);
    m->log_count -= to - from;
}

static void drop_rows(struct sim_image *m)
{
    while (m->rows_count > 0) {
        blob_drop(m->rows[--m->rows_count].blob);
    }
}

static void image_free(struct sim_image *m)
{
    if (m == NULL) {
        return;
    }
    if (m->log_count > 0) {
        drop_log(m, 0, m->log_count);
    }
    drop_rows(m);
    while (m->outbox_count > 0) {
        blob_drop(m->outbox[--m->outbox_count].blob);
    }
    blob_drop(m->meta);
    free(m->log);
    free(m->rows);
    free(m->outbox);
    free(m);
}

static void *copy_of(const void *at, size_t count, size_t size)
{
    void *copy = count > 0 ? mem_array(count, size) : NULL;
    if (count > 0) {
        memcpy(copy, at, count * size);
    }
    return copy;
}

static struct sim_image *image_copy(const struct sim_image *from)
{
    struct sim_image *m = mem_alloc(sizeof *m);
    *m = *from;
    m->log = copy_of(from->log, from->log_count, sizeof *m->log);
    m->rows = copy_of(from->rows, from->rows_count, sizeof *m->rows);
    m->outbox = copy_of(from->outbox, from->outbox_count, sizeof *m->outbox);
    m->log_cap = m->log_count;
    m->rows_cap = m->rows_count;
    m->outbox_cap = m->outbox_count;
    blob_share(m->meta);
    for (size_t i = 0; i < m->log_count; i++) {
        blob_share(m->log[i].blob);
    }
    for (size_t i = 0; i < m->rows_count; i++) {
        blob_share(m->rows[i].blob);
    }
    for (size_t i = 0; i < m->outbox_count; i++) {
        blob_share(m->outbox[i].blob);
    }
    return m;
}

static void *room(void *at, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return at;
    }
    *cap = *cap * 2 + 8;
    return mem_resize(at, *cap, size);
}

/* ---- one write ----------------------------------------------------------------------------------
 */

static void write_log(struct sim_image *m, const struct group_write *w)
{
    if (w->wipe && m->log_count > 0) {
        drop_log(m, 0, m->log_count);
    }
    if (w->truncate_from != 0 && m->log_count > 0) {
        size_t keep = 0;
        while (keep < m->log_count && m->log[keep].index < w->truncate_from) {
            keep++;
        }
        drop_log(m, keep, m->log_count);
    }
    for (size_t i = 0; i < w->entries_count; i++) {
        const struct replica_entry *e = &w->entries[i];
        m->log = room(m->log, m->log_count, &m->log_cap, sizeof *m->log);
        m->log[m->log_count++] =
            (struct sim_entry){e->index, e->term, e->type, blob_new(e->bytes, e->len)};
    }
    size_t gone = 0;
    while (gone < m->log_count && m->log[gone].index <= w->compact_to) {
        gone++;
    }
    if (gone > 0) {
        drop_log(m, 0, gone);
    }
}

static void write_row(struct sim_image *m, const struct net_row *row)
{
    size_t i = 0;
    while (i < m->rows_count && strcmp(m->rows[i].key, row->key) != 0) {
        i++;
    }
    if (i < m->rows_count) {
        blob_drop(m->rows[i].blob);
        m->rows[i] = m->rows[--m->rows_count];
    }
    if (row->bytes == NULL) {
        return;
    }
    m->rows = room(m->rows, m->rows_count, &m->rows_cap, sizeof *m->rows);
    struct sim_row *new = &m->rows[m->rows_count++];
    bool fits = str_copy(new->key, sizeof new->key, row->key, strlen(row->key));
    assert(fits);
    new->blob = blob_new(row->bytes, row->len);
}

static void write_kept(struct sim_image *m, const struct group_kept *kept)
{
    size_t i = 0;
    while (i < m->outbox_count && m->outbox[i].id != kept->id) {
        i++;
    }
    if (i < m->outbox_count) {
        blob_drop(m->outbox[i].blob);
        m->outbox_count--;
        memmove(&m->outbox[i], &m->outbox[i + 1], (m->outbox_count - i) * sizeof *m->outbox);
    }
    if (kept->bytes != NULL) {
        m->outbox = room(m->outbox, m->outbox_count, &m->outbox_cap, sizeof *m->outbox);
        m->outbox[m->outbox_count++] =
            (struct sim_kept){kept->id, blob_new(kept->bytes, kept->len)};
    }
}

static void make_durable(struct sim_image *m, const struct net_item *item)
{
    const struct group_write *w = &item->write;
    m->exists = true;
    write_log(m, w);
    if (w->wipe || w->replace_rows) {
        drop_rows(m);
    }
    for (size_t i = 0; i < w->rows_count; i++) {
        write_row(m, &w->rows[i]);
    }
    for (size_t i = 0; i < w->outbox_count; i++) {
        write_kept(m, &w->outbox[i]);
    }
    if (item->meta != NULL) {
        blob_drop(m->meta);
        m->meta = blob_new(item->meta, item->meta_len);
    }
}

/* ---- writes on their way ------------------------------------------------------------------------
 */

void sim_disk_init(struct sim_disk *d)
{
    d->image = mem_alloc(sizeof *d->image);
    d->last = &d->first;
}

static uint64_t drop_first(struct sim_disk *d)
{
    struct net_item *item = d->first;
    uint64_t ticket = item->write.ticket;
    d->first = item->next;
    if (d->first == NULL) {
        d->last = &d->first;
    }
    free(item);
    return ticket;
}

void sim_disk_fini(struct sim_disk *d)
{
    while (d->first != NULL) {
        drop_first(d);
    }
    image_free(d->image);
    image_free(d->backup);
}

static uint64_t latency(struct sim_host *h)
{
    struct sim *s = h->sim;
    uint64_t us = sim_between(s, s->plan.disk_us / 2, s->plan.disk_us * 2);
    if (sim_chance(s, 2)) {
        us *= 10;
    }
    return s->now_us < h->disk.slow_until_us ? us * 20 + 100 * SIM_MS : us;
}

static void begin_batch(struct sim_host *h)
{
    struct sim_disk *d = &h->disk;
    bool urgent = false;
    if (d->batch > 0 || d->first == NULL) {
        return;
    }
    for (const struct net_item *i = d->first; i != NULL; i = i->next) {
        d->batch++;
        urgent = urgent || i->write.urgent;
    }
    uint64_t us = latency(h) + (urgent ? 0 : sim_random(h->sim, LAZY_US));
    sim_after(h->sim, us,
        &(struct sim_event){.what = SIM_DO_DISK, .a = h->number, .number = ++d->batch_id});
}

void sim_disk_write(struct sim_host *h, const struct group_write *w)
{
    struct net_item *item = net_item_new("LAN", w);
    *h->disk.last = item;
    h->disk.last = &item->next;
    begin_batch(h);
}

static void try_again(struct sim_host *h)
{
    struct sim_disk *d = &h->disk;
    sim_after(h->sim, RETRY_US,
        &(struct sim_event){.what = SIM_DO_DISK, .a = h->number, .number = d->batch_id});
    if (!d->told_full) {
        d->told_full = true;
        group_disk(h->group, sim_mono_ms(h), true);
        sim_host_after(h);
    }
}

void sim_disk_done(struct sim_host *h, uint64_t batch)
{
    struct sim_disk *d = &h->disk;
    uint64_t ticket = 0;
    if (batch != d->batch_id || d->batch == 0) {
        return;
    }
    if (d->full) {
        try_again(h);
        return;
    }
    for (; d->batch > 0; d->batch--) {
        make_durable(d->image, d->first);
        ticket = drop_first(d);
    }
    begin_batch(h);
    if (d->told_full) {
        d->told_full = false;
        group_disk(h->group, sim_mono_ms(h), false);
        sim_host_after(h);
    }
    group_written(h->group, sim_mono_ms(h), ticket);
    sim_host_after(h);
}

void sim_disk_crash(struct sim_host *h)
{
    struct sim_disk *d = &h->disk;
    bool made_it = !d->full && sim_chance(h->sim, 50);
    for (; made_it && d->batch > 0; d->batch--) {
        make_durable(d->image, d->first);
        drop_first(d);
    }
    while (d->first != NULL) {
        drop_first(d);
    }
    d->batch = 0;
    d->batch_id++;
    d->told_full = false;
}

void sim_disk_flush(struct sim_host *h)
{
    struct sim_disk *d = &h->disk;
    while (!d->full && d->first != NULL) {
        make_durable(d->image, d->first);
        drop_first(d);
        d->batch -= d->batch > 0;
    }
    sim_disk_crash(h);
}

void sim_disk_set_full(struct sim_host *h, bool full)
{
    h->disk.full = full;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

struct group_state *sim_disk_load(struct sim_host *h)
{
    const struct sim_image *m = h->disk.image;
    struct group_state *state = mem_alloc(sizeof *state);
    struct replica_entry *entries = mem_array(m->log_count + 1, sizeof *entries);
    struct net_row *rows = mem_array(m->rows_count + 1, sizeof *rows);
    struct group_kept *outbox = mem_array(m->outbox_count + 1, sizeof *outbox);
    state->exists = m->exists;
    if (m->meta != NULL) {
        int rc = group_meta_read(m->meta->bytes, m->meta->len, &state->meta, NULL);
        assert(rc == 0);
    }
    for (size_t i = 0; i < m->log_count; i++) {
        const struct sim_entry *e = &m->log[i];
        entries[i] =
            (struct replica_entry){e->index, e->term, e->type, e->blob->bytes, e->blob->len};
        if (i > 0 && e->index != m->log[i - 1].index + 1) {
            sim_bad(h->sim, "log", "%s has a gap in its log", h->name);
        }
    }
    for (size_t i = 0; i < m->rows_count; i++) {
        rows[i] = (struct net_row){m->rows[i].key, m->rows[i].blob->bytes, m->rows[i].blob->len};
    }
    for (size_t i = 0; i < m->outbox_count; i++) {
        outbox[i] =
            (struct group_kept){m->outbox[i].id, m->outbox[i].blob->bytes, m->outbox[i].blob->len};
    }
    state->entries = entries;
    state->entries_count = m->log_count;
    state->rows = rows;
    state->rows_count = m->rows_count;
    state->outbox = outbox;
    state->outbox_count = m->outbox_count;
    return state;
}

void sim_disk_unload(struct group_state *state)
{
    union { /* made here, so they may be freed */
        const void *given;
        void *own;
    } parts[] = {{state->entries}, {state->rows}, {state->outbox}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        free(parts[i].own);
    }
    free(state);
}

void sim_disk_backup(struct sim_host *h)
{
    image_free(h->disk.backup);
    h->disk.backup = image_copy(h->disk.image);
}

void sim_disk_restore(struct sim_host *h)
{
    struct sim_disk *d = &h->disk;
    image_free(d->image);
    d->image = d->backup != NULL ? image_copy(d->backup) : mem_alloc(sizeof *d->image);
}
