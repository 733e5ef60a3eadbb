/* Points in virtual time, in nanoseconds. */
#ifndef PPV_WHEN_H
#define PPV_WHEN_H

#include <stdint.h>

#define NEVER_NS  UINT64_MAX
#define MS_NS     UINT64_C(1000000)
#define SECOND_NS UINT64_C(1000000000)

static inline uint64_t when_sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t when_later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
