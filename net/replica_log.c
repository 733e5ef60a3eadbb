/* The entries of a replica in memory. */
#include "net/replica_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void free_entry(struct replica_log *l, const struct replica_entry *e)
{
    l->bytes -= e->len;
    free((void *)(uintptr_t)e->bytes);
}

uint64_t replica_log_last(const struct replica_log *l)
{
    return l->base + l->count;
}

const struct replica_entry *replica_log_get(const struct replica_log *l, uint64_t index)
{
    if (index <= l->base || index > replica_log_last(l)) {
        return NULL;
    }
    return &l->at[l->head + (index - l->base - 1)];
}

static void make_room(struct replica_log *l)
{
    if (l->head + l->count < l->cap) {
        return;
    }
    if (l->head > l->cap / 2) {
        memmove(l->at, l->at + l->head, l->count * sizeof *l->at);
        l->head = 0;
        return;
    }
    l->cap = l->cap == 0 ? 64 : l->cap * 2;
    l->at = mem_resize(l->at, l->cap, sizeof *l->at);
}

void replica_log_append(
    struct replica_log *l, uint64_t term, enum replica_type type, const uint8_t *bytes, size_t len)
{
    make_room(l);
    uint8_t *copy = mem_alloc(len > 0 ? len : 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    l->at[l->head + l->count] = (struct replica_entry){
        .index = replica_log_last(l) + 1, .term = term, .type = type, .bytes = copy, .len = len};
    l->count++;
    l->bytes += len;
}

void replica_log_truncate(struct replica_log *l, uint64_t from)
{
    assert(from > l->base);
    while (replica_log_last(l) >= from) {
        l->count--;
        free_entry(l, &l->at[l->head + l->count]);
    }
}

void replica_log_drop(struct replica_log *l, uint64_t to)
{
    while (l->count > 0 && l->base < to) {
        free_entry(l, &l->at[l->head]);
        l->head++;
        l->count--;
        l->base++;
    }
}

void replica_log_reset(struct replica_log *l, uint64_t base)
{
    replica_log_truncate(l, l->base + 1);
    l->head = 0;
    l->base = base;
}

void replica_log_fini(struct replica_log *l)
{
    replica_log_reset(l, 0);
    free(l->at);
    *l = (struct replica_log){0};
}
