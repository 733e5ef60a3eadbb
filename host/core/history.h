/* The lines last sent, by number, for resending: a ring of bytes and a ring of index entries.
 *
 * Older lines fall out; whoever needs those reads the file again. A record that was being written
 * when the process was killed does not count: `last_n` is set when it is whole.
 */
#ifndef PP_CORE_HISTORY_H
#define PP_CORE_HISTORY_H

#include "host/core/line.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_BYTES (256u << 10)
#define HISTORY_LINES 8192u

struct history_line {
    uint64_t n;
    uint64_t end_offset; /* file offset just behind the line; 0 for injected lines */
    uint64_t at;         /* position of the bytes, counted since the start */
    uint64_t seq;        /* of an injected line (host/core/kept.h) */
    uint32_t tag;        /* of an injected line */
    uint16_t len;        /* of the formatted line with its newline */
    uint8_t kind;        /* enum stream_line */
};

struct history {
    uint64_t written;        /* bytes ever stored, wrap padding included */
    _Atomic uint64_t last_n; /* of the newest whole record; written last */
    struct history_line line[HISTORY_LINES];
    char bytes[HISTORY_BYTES];
};

/* Stores a formatted line. `l` carries everything but `at`; numbers come in rising order. */
void history_put(struct history *h, const struct history_line *l, const char *bytes);

/* The line numbered n and its bytes, or NULL if it has fallen out or was never sent. */
const struct history_line *history_find(const struct history *h, uint64_t n, const char **bytes);

#endif
