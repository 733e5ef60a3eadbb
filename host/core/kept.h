/* What of the stream outlives the process that ran it: the numbers given, the lines lately sent,
 * the injected lines that wait, how far the job is.
 *
 * It lies in memory that survives a kill at any instant (host/io/ringfile.h maps it), so it is
 * written in an order that leaves it whole after every single store: a record is filled first and
 * then published by one atomic counter. A line is published before its first byte is written to
 * the port; so what the printer may have is always here. `last_n` is the one word that says that
 * a line has its number; what else follows from a line is derived from its record (kept_check()).
 *
 * No pointers, no padding that means anything: another process of the same program reads it.
 */
#ifndef PP_CORE_KEPT_H
#define PP_CORE_KEPT_H

#include "host/base/err.h"
#include "host/core/history.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEPT_INJECT 192 /* most injected lines waiting; a power of two is not needed */

struct kept_inject {
    uint64_t seq; /* counts injected lines since the printer was greeted, from 1 */
    uint32_t tag;
    uint16_t len;
    char text[LINE_MAX_CMD + 1];
};

struct kept {
    struct history history;

    /* injected lines put .. taken wait; line i has seq i + 1 and lies at i % KEPT_INJECT */
    _Atomic uint64_t inject_put;
    _Atomic uint64_t inject_taken;
    struct kept_inject inject[KEPT_INJECT];

    /* the job: lines from first_n on may be its own */
    _Atomic bool job_active;
    _Atomic uint64_t job_first_n;
    _Atomic uint64_t job_taken; /* file offset: taken up to here, barriers when they are passed */
    _Atomic uint64_t job_acked; /* file offset: acknowledged up to here */
    _Atomic uint64_t job_lines; /* acknowledged */
    _Atomic uint64_t acked_n;   /* highest number acknowledged */
    _Atomic bool packing;       /* the printer was told to unpack lines (meatpack.h) */
    _Atomic uint64_t told_n;    /* highest number whose NOTE_DONE the main loop has carried out */
};

/* Nothing sent yet; what lay there is forgotten. */
void kept_init(struct kept *k);

/* Looks whether memory left by another process can be believed: counters in order, every record
 * inside its bounds, numbers and offsets rising. Then mends what a kill may leave one step behind
 * (an injected line that has its number but still waits, a job line not yet counted as taken).
 * PP_ECORRUPT and why. */
int kept_check(struct kept *k, struct err *e);

/* Queues a line; false when the queue is full. `text` is a line (line_is_command()). */
bool kept_inject(struct kept *k, const char *text, size_t len, uint32_t tag);

/* The injected line that waits longest, NULL = none; kept_taken() once it has its number. */
const struct kept_inject *kept_peek(const struct kept *k);
void kept_taken(struct kept *k);
size_t kept_waiting(const struct kept *k);

/* True if a line with this tag waits, or has a number above told_n. */
bool kept_has_tag(const struct kept *k, uint32_t tag);

#endif
