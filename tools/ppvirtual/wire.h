/* One direction of a serial wire on virtual time: 10 bits a byte, a fixed delay, jitter by seed.
 *
 * Bytes leave the sender one after the other (the next begins when the one before is out) and
 * arrive in order, each `delay` plus a jitter drawn per call of wire_send() later. With byte_ns 0
 * (no wire model) they arrive at once.
 */
#ifndef PPV_WIRE_H
#define PPV_WIRE_H

#include "tools/ppvirtual/when.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_byte {
    uint64_t at_ns; /* arrival */
    char c;
};

struct wire {
    uint64_t byte_ns;
    uint64_t delay_ns;
    uint64_t jitter_ns;
    uint64_t random;        /* state of the jitter's generator */
    uint64_t free_ns;       /* when the sender's end is free for the next byte */
    uint64_t last_ns;       /* arrival of the newest byte: order is kept */
    uint64_t delivered;     /* bytes taken so far */
    struct wire_byte *fifo; /* owned; power of two */
    size_t cap;
    size_t head; /* counts up for ever; index = head & (cap - 1) */
    size_t tail;
    bool packed;     /* lines may be packed (meatpack.h) */
    bool flow;       /* XON and XOFF are to be seen at once, as an end of line is */
    char before;     /* the last byte taken */
    size_t line_end; /* first end of line at or after head, as far as looked for */
};

void wire_init(
    struct wire *w, uint64_t byte_ns, uint64_t delay_ns, uint64_t jitter_ns, uint64_t seed);
void wire_fini(struct wire *w);

/* Puts bytes on the wire at `now` or when it is free; returns the time the last one has left. */
uint64_t wire_send(struct wire *w, uint64_t now_ns, const char *bytes, size_t len);

/* The sender falls silent for a while after what it has sent. */
void wire_pause(struct wire *w, uint64_t now_ns, uint64_t pause_ns);

/* The sender is reset: what has not left it by `now` is never sent. */
void wire_cut(struct wire *w, uint64_t now_ns);

/* Bytes on the wire. */
size_t wire_len(const struct wire *w);

/* Arrival of the next end of line (CR or LF); NEVER_NS if none is under way. */
uint64_t wire_next_line_ns(struct wire *w);

/* Arrival of the next end of line or, without one, of the last byte; NEVER_NS when empty. */
uint64_t wire_next_ns(struct wire *w);

/* Takes the next byte that has arrived by `now`; false if there is none. */
bool wire_take(struct wire *w, uint64_t now_ns, struct wire_byte *out);

#endif
