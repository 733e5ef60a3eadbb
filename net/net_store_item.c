/* A write that waits: a copy in one block, so that one free() ends it.
 *
 * Happy path: the pieces are added up, the block is made, and each piece is copied behind the last.
 * Nothing here can fail.
 */
#include "net/net_store_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNED(n) (((n) + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t))

/* Counts while `at` is NULL, copies afterwards: both passes go the same way. */
struct packer {
    uint8_t *at;
    size_t used;
};

static void *pack(struct packer *p, const void *bytes, size_t len)
{
    uint8_t *to = p->at != NULL ? p->at + p->used : NULL;
    p->used += ALIGNED(len);
    if (to != NULL && len > 0) {
        memcpy(to, bytes, len);
    }
    return to;
}

static void pack_entries(struct packer *p, struct group_write *w)
{
    struct replica_entry *to = pack(p, w->entries, w->entries_count * sizeof *w->entries);
    for (size_t i = 0; i < w->entries_count; i++) {
        const uint8_t *bytes = pack(p, w->entries[i].bytes, w->entries[i].len);
        if (to != NULL) {
            to[i].bytes = bytes;
        }
    }
    w->entries = to != NULL ? to : w->entries;
}

static void pack_rows(struct packer *p, struct group_write *w)
{
    struct net_row *to = pack(p, w->rows, w->rows_count * sizeof *w->rows);
    for (size_t i = 0; i < w->rows_count; i++) {
        const struct net_row *row = &w->rows[i];
        const char *key = pack(p, row->key, strlen(row->key) + 1);
        const uint8_t *bytes = pack(p, row->bytes, row->bytes != NULL ? row->len : 0);
        if (to != NULL) {
            to[i].key = key;
            to[i].bytes = row->bytes != NULL ? bytes : NULL;
        }
    }
    w->rows = to != NULL ? to : w->rows;
}

static void pack_outbox(struct packer *p, struct group_write *w)
{
    struct group_kept *to = pack(p, w->outbox, w->outbox_count * sizeof *w->outbox);
    for (size_t i = 0; i < w->outbox_count; i++) {
        const struct group_kept *kept = &w->outbox[i];
        const uint8_t *bytes = pack(p, kept->bytes, kept->bytes != NULL ? kept->len : 0);
        if (to != NULL) {
            to[i].bytes = kept->bytes != NULL ? bytes : NULL;
        }
    }
    w->outbox = to != NULL ? to : w->outbox;
}

static const uint8_t *pack_all(
    struct packer *p, struct group_write *w, const void *meta, size_t meta_len)
{
    pack_entries(p, w);
    pack_rows(p, w);
    pack_outbox(p, w);
    return pack(p, meta, meta_len);
}

struct net_item *net_item_new(const char *queue, const struct group_write *w)
{
    struct strbuf meta = {0};
    struct packer count = {0};
    struct group_write copy = *w;
    if (w->meta != NULL) {
        group_meta_write(&meta, w->meta);
    }
    pack_all(&count, &copy, meta.data, meta.len);
    size_t head = ALIGNED(sizeof(struct net_item));
    struct net_item *item = mem_alloc(head + count.used);
    struct packer p = {.at = (uint8_t *)item + head};
    *item = (struct net_item){.write = *w, .size_bytes = count.used, .meta_len = meta.len};
    const uint8_t *bytes = pack_all(&p, &item->write, meta.data, meta.len);
    item->meta = w->meta != NULL ? bytes : NULL;
    item->write.meta = NULL;
    strbuf_fini(&meta);
    bool fits = str_copy(item->queue, sizeof item->queue, queue, strlen(queue));
    assert(fits);
    return item;
}

struct net_item *net_item_forget(const char *queue)
{
    struct net_item *item = mem_alloc(sizeof *item);
    item->forget = true;
    bool fits = str_copy(item->queue, sizeof item->queue, queue, strlen(queue));
    assert(fits);
    return item;
}
