#include "host/base/spsc.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Each record is preceded by its length; SKIP fills the end of the buffer before a wrap. */
#define HEADER 8u
#define SKIP   UINT64_MAX

static size_t padded(size_t len)
{
    return HEADER + ((len + 7) & ~(size_t)7);
}

void spsc_init(struct spsc *q, size_t size)
{
    assert((size & (size - 1)) == 0);
    *q = (struct spsc){.data = mem_alloc(size), .size = size};
}

void spsc_fini(struct spsc *q)
{
    free(q->data);
    q->data = NULL;
}

static void set_length(struct spsc *q, size_t at, uint64_t len)
{
    memcpy(q->data + at, &len, sizeof len);
}

static bool fits(struct spsc *q, size_t head, size_t need)
{
    if (q->size - (head - q->tail_seen) >= need) {
        return true;
    }
    q->tail_seen = atomic_load_explicit(&q->tail, memory_order_acquire);
    return q->size - (head - q->tail_seen) >= need;
}

void *spsc_reserve(struct spsc *q, size_t len)
{
    size_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
    size_t at = head & (q->size - 1);
    size_t need = padded(len);
    size_t to_end = q->size - at;
    assert(need <= q->size / 4);
    if (!fits(q, head, to_end < need ? to_end + need : need)) {
        return NULL;
    }
    if (to_end < need) {
        set_length(q, at, SKIP);
        atomic_store_explicit(&q->head, head + to_end, memory_order_release);
        at = 0;
    }
    return q->data + at + HEADER;
}

void spsc_push(struct spsc *q, size_t len)
{
    size_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
    set_length(q, head & (q->size - 1), len);
    atomic_store_explicit(&q->head, head + padded(len), memory_order_release);
}

static bool empty(struct spsc *q, size_t tail)
{
    if (q->head_seen != tail) {
        return false;
    }
    q->head_seen = atomic_load_explicit(&q->head, memory_order_acquire);
    return q->head_seen == tail;
}

void *spsc_peek(struct spsc *q, size_t *len)
{
    uint64_t length;
    size_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
    if (empty(q, tail)) {
        return NULL;
    }
    memcpy(&length, q->data + (tail & (q->size - 1)), sizeof length);
    if (length == SKIP) {
        tail += q->size - (tail & (q->size - 1));
        atomic_store_explicit(&q->tail, tail, memory_order_release);
        return spsc_peek(q, len);
    }
    *len = (size_t)length;
    return q->data + (tail & (q->size - 1)) + HEADER;
}

void spsc_pop(struct spsc *q)
{
    uint64_t length;
    size_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
    memcpy(&length, q->data + (tail & (q->size - 1)), sizeof length);
    atomic_store_explicit(&q->tail, tail + padded((size_t)length), memory_order_release);
}

size_t spsc_used(const struct spsc *q)
{
    size_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);
    return atomic_load_explicit(&q->head, memory_order_acquire) - tail;
}
