#include "host/base/histo.h"

#include <math.h>
#include <stdbool.h>

/* Values below HISTO_STEPS are exact; from there on each doubling has as many buckets. */
static size_t bucket_of(uint64_t value)
{
    if (value < HISTO_STEPS) {
        return (size_t)value;
    }
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - 6;
    size_t at = (size_t)shift * HISTO_STEPS + (size_t)(value >> shift);
    return at < HISTO_BUCKETS ? at : HISTO_BUCKETS - 1;
}

/* The largest value that falls into a bucket. */
static uint64_t upper_end(size_t bucket)
{
    if (bucket < HISTO_STEPS) {
        return bucket;
    }
    size_t shift = bucket / HISTO_STEPS - 1;
    uint64_t step = bucket % HISTO_STEPS + HISTO_STEPS;
    return ((step + 1) << shift) - 1;
}

/* There is one writer: no read-modify-write is needed. */
static void count_one(_Atomic uint32_t *n)
{
    atomic_store_explicit(
        n, atomic_load_explicit(n, memory_order_relaxed) + 1, memory_order_relaxed);
}

void histo_add(struct histo *h, uint64_t value)
{
    count_one(&h->bucket[bucket_of(value)]);
    if (value > atomic_load_explicit(&h->max, memory_order_relaxed)) {
        atomic_store_explicit(&h->max, value, memory_order_relaxed);
    }
    uint64_t count = atomic_load_explicit(&h->count, memory_order_relaxed);
    atomic_store_explicit(&h->count, count + 1, memory_order_relaxed);
}

void histo_reset(struct histo *h)
{
    for (size_t i = 0; i < HISTO_BUCKETS; i++) {
        atomic_store_explicit(&h->bucket[i], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&h->max, 0, memory_order_relaxed);
    atomic_store_explicit(&h->count, 0, memory_order_relaxed);
}

uint64_t histo_percentile(const struct histo *h, double share)
{
    uint64_t count = atomic_load_explicit(&h->count, memory_order_relaxed);
    uint64_t max = atomic_load_explicit(&h->max, memory_order_relaxed);
    uint64_t wanted = (uint64_t)ceil(share * (double)count);
    uint64_t seen = 0;
    wanted = wanted > 0 ? wanted : 1;
    for (size_t i = 0; i < HISTO_BUCKETS && count > 0; i++) {
        seen += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
        if (seen >= wanted) {
            uint64_t end = upper_end(i);
            return end < max ? end : max;
        }
    }
    return max;
}
