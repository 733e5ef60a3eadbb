/* The receive ring of the UART: filled by the interrupt, read by the firmware's idle loop.
 *
 * A byte that does not fit is lost without a word, as on the real part. Each byte keeps its arrival
 * and its place in the stream, so that a command knows when it came over the wire.
 */
#ifndef PPV_RING_H
#define PPV_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAX 8192

struct ring_byte {
    uint64_t at_ns;
    uint64_t seq; /* bytes that came over the wire up to and with this one */
    char c;
};

struct ring {
    struct ring_byte *bytes; /* owned */
    size_t cap;
    size_t head;
    size_t len;
    size_t ends; /* CR and LF inside */
    size_t max_len;
    uint64_t lost;    /* did not fit */
    uint64_t flushed; /* thrown away by the firmware */
};

void ring_init(struct ring *r, size_t cap);
void ring_fini(struct ring *r);
void ring_put(struct ring *r, struct ring_byte b);
bool ring_get(struct ring *r, struct ring_byte *out);
void ring_flush(struct ring *r);

#endif
