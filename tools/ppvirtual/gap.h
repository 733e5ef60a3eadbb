/* How long the host takes: from the moment an `ok` is handed to it until its next byte arrives.
 *
 * Only while moves follow each other (between them a host waits for heaters or for a person, which
 * is not its own time). The printer's side of the model decides what counts; the real times come
 * from whoever owns the port. What the kernel and this program need is in the figures too, so they
 * mean something only beside those of another host on the same machine.
 */
#ifndef PPV_GAP_H
#define PPV_GAP_H

#include "host/base/histo.h"

#include <stdbool.h>
#include <stdint.h>

struct gap {
    struct histo ns;
    unsigned at;    /* bytes of the present line that agree with "ok" */
    bool due;       /* an ok that counts has reached the end of the wire */
    uint64_t since; /* when the oldest unanswered one was handed over; 0: none */
};

/* A byte for the host has reached the end of the wire. */
void gap_byte(struct gap *g, char c, bool counts);

/* What reached the end is handed over now, at a time that is not 0. */
void gap_hand_over(struct gap *g, uint64_t now_ns);

/* The host's bytes have arrived. */
void gap_answered(struct gap *g, uint64_t now_ns);

#endif
