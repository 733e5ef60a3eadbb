/* The sender: a thread of its own that owns the open port and never waits for anyone.
 *
 * It runs the greeting and then the stream (host/core/stream.h) on a small loop; lines come from a
 * bounded ring filled ahead, orders and notes travel through lock-free queues. It touches no disk,
 * no database and no lock held elsewhere, so nothing the rest of the program does moves a byte on
 * the wire. It runs at real-time priority where that is permitted.
 *
 * The main loop must beat: after 60 s without sender_beat() the heaters are turned off, with M112
 * when the printer does not take that (host/core/beat.h). An emergency stop reaches the thread
 * through sender_estop() or, when the main loop hangs, through a datagram with "M112" on the socket
 * at `estop_path`.
 */
#ifndef PP_IO_SENDER_H
#define PP_IO_SENDER_H

#include "host/base/err.h"
#include "host/base/histo.h"
#include "host/core/stream.h"
#include "host/io/ringfile.h"
#include "host/io/serial.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define SENDER_RING                                                                                \
    (1u << 20) /* bytes of job lines ahead: 14,000 of usual length, 20 s of the densest print */

struct sender;

struct sender_options {
    uv_loop_t *loop;        /* the main loop, on which the callbacks run */
    const char *estop_path; /* "" = none */
    const char
        *ring_path; /* what must survive us is kept here (host/io/ringfile.h); "" = nowhere */
    stream_note_cb note;
    void (*fill)(void *context); /* the ring is below half: put more in */
    void *context;
};

int sender_open(struct sender **out, const struct sender_options *options, struct err *e);

/* Ends the thread (closing the port); then `closed` runs and the sender is gone. */
void sender_close(struct sender *s, void (*closed)(void *context), void *context);

/* Takes over an open port and greets: at `baud`, or at the usual rates when 0, `last_good` first.
 * NOTE_CONNECTED, NOTE_SILENT or NOTE_PORT follows. */
void sender_attach(struct sender *s, const struct serial *port, int baud, int last_good,
    const struct stream_options *options);

/* ---- what outlives the process, or the port ---- */

/* What the main loop wants its successor to know, with everything the stream keeps: whole or not
 * at all, whenever the process dies. Up to RINGFILE_WORDS bytes. */
void sender_remember(struct sender *s, const void *words, size_t len);

struct sender_past {
    const void *words; /* as last given to sender_remember(); borrowed */
    size_t words_len;
    uint64_t away_ms;   /* since the sender that wrote it was last alive, suspended or not */
    uint64_t job_taken; /* file offset from which the job goes on */
    uint64_t job_acked; /* file offset up to which the printer has acknowledged it */
    uint64_t job_lines; /* acknowledged */
    bool job_active;    /* the job was neither dropped nor at its end */
};

/* What was left: by the process before us until the first attach, by the lost connection
 * afterwards. False: nothing, or nothing that can be believed. */
bool sender_past(struct sender *s, struct sender_past *out);

/* True if a line with this tag still waits, or is numbered and its NOTE_DONE was not delivered. */
bool sender_past_has_tag(const struct sender *s, uint32_t tag);

/* The port is closed for good and what is kept of no use any more. */
void sender_forget(struct sender *s);

/* As sender_attach(), but no greeting and no new line numbers: goes on with the past by
 * stream_adopt(). NOTE_ADOPTED, NOTE_RESET, NOTE_LOST, NOTE_SILENT or NOTE_PORT follows. */
void sender_reattach(
    struct sender *s, const struct serial *port, int baud, const struct stream_options *options);
void sender_rejoin(struct sender *s, uint32_t generation);

/* Closes the port; NOTE_DETACHED follows. */
void sender_detach(struct sender *s);

/* The same as the stream's functions, carried out by the thread. False: the queue is full, or this
 * is no line; true: it will be sent, unless the port is lost or closed first. */
bool sender_inject(struct sender *s, const char *text, size_t len, uint32_t tag);
size_t sender_injects(struct sender *s); /* how many wait; rather too many than too few */
void sender_urgent(struct sender *s, const char *text, size_t len);

/* These return when it has begun: whoever comes after us does not take the place of the job before
 * for that of this one. */
void sender_begin(struct sender *s, uint32_t generation);
void sender_begin_at(struct sender *s, uint32_t generation, uint64_t offset, uint64_t lines);
void sender_rewound(struct sender *s, uint32_t generation);
void sender_drop_job(struct sender *s);
void sender_hold(struct sender *s);
void sender_release(struct sender *s);
void sender_tap(struct sender *s, bool on);

/* While the printer writes what it gets to its card: only M28 and M29 are injected, since all else
 * would go into the file, and an emergency stop ends the writing first, since M112 would too. */
void sender_card(struct sender *s, bool on);
void sender_set_options(struct sender *s, const struct stream_options *options);

/* M112 past everything, heaters off, three times within half a second (a firmware that finds half a
 * line drops what follows it); then NOTE_ESTOPPED, at the latest 2 s after the port stopped taking
 * bytes, and the port stays open, silent; or NOTE_PORT, when it is lost meanwhile. */
void sender_estop(struct sender *s);

/* The job ring, for its one producer. */
struct spsc *sender_ring(struct sender *s);

/* Tells that new items are in the ring. */
void sender_wake(struct sender *s);

/* The ring is full and there is more: `fill` shall be called once it is below half. */
void sender_ask_later(struct sender *s);

/* The main loop is alive. */
void sender_beat(struct sender *s);

/* CPU time of the thread in nanoseconds, from a read that returned to the write that followed,
 * since connecting; every 13th line. */
const struct histo *sender_react(const struct sender *s);

const struct stream_stats *sender_stats(const struct sender *s);

#endif
