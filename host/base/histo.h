/* A histogram of durations: 64 steps to every doubling, so a percentile is at most 1.6 % too high.
 *
 * One thread adds, any may read meanwhile; adding takes no lock, no memory and a few nanoseconds.
 */
#ifndef PP_BASE_HISTO_H
#define PP_BASE_HISTO_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HISTO_STEPS   64
#define HISTO_BUCKETS (HISTO_STEPS * 36) /* up to 2^41: half an hour in nanoseconds */

struct histo {
    _Atomic uint64_t count;
    _Atomic uint64_t max;
    _Atomic uint32_t bucket[HISTO_BUCKETS];
};

void histo_add(struct histo *h, uint64_t value);

/* Forgets everything; for the thread that adds. */
void histo_reset(struct histo *h);

/* The value that `share` (0 to 1) of all values do not exceed; 0 when there are none. */
uint64_t histo_percentile(const struct histo *h, double share);

#endif
