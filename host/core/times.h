/* How long the host waits for what: one table for the greeting and the stream.
 *
 * The figures are those that hosts have found to work on slow boards and long cables; where a
 * firmware's own timer is meant, the row says which.
 */
#ifndef PP_CORE_TIMES_H
#define PP_CORE_TIMES_H

#include <stddef.h>
#include <stdint.h>

enum time_id {
    TIME_HELLO_FIRST,
    TIME_HELLO_MORE,
    TIME_HELLO_AGAIN,
    TIME_BANNER,
    TIME_ANSWER_QUIET,
    TIME_GREET_BUSY,
    TIME_GREET_TALK,
    TIME_BAUD_PAUSE,
    TIME_SILENCE,
    TIME_SILENCE_BUSY,
    TIME_SILENCE_SLOW,
    TIME_SLOW_LIMIT,
    TIME_CHATTER,
    TIME_WAIT,
    TIME_PROBE,
    TIME_PROBE_LATER,
    TIME_GIVE_UP,
    TIME_RETRY,
    TIME_OWED_OK,
    TIME_DRAIN_QUIET,
    TIME_DRAIN_LAST,
    TIME_SKIP,
    TIME_PACK,
    TIME_ADOPT_QUIET,
    TIME_SETTLE,
    TIME_COUNT
};

struct time_row {
    const char *name;
    uint32_t ms;
    const char *what;
};

/* The row of an id. */
const struct time_row *time_row(enum time_id id);

/* Microseconds, in which greet and stream count. */
uint64_t time_us(enum time_id id);

#endif
