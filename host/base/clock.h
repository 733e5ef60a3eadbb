/* Time comes from here and is handed down as an argument: cores take `now`, they never ask. */
#ifndef PP_BASE_CLOCK_H
#define PP_BASE_CLOCK_H

#include <stdint.h>

/* Monotonic time; its zero means nothing. */
uint64_t clock_ns(void);
uint64_t clock_ms(void);

/* Wall clock, UTC milliseconds since 1970. */
int64_t clock_wall_ms(void);

#endif
