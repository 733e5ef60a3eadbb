/* Inside of the stream machine, shared by stream*.c alone.
 *
 * stream.c         set-up, orders
 * stream_take.c    which line goes next
 * stream_tx.c      bytes out, urgent lines
 * stream_rx.c      received lines
 * stream_flight.c  lines in flight: committing them, what an ok acknowledges
 * stream_number.c  numbers on the wire and ours, beginning anew before they run out
 * stream_window.c  how many lines and bytes may be in flight
 * stream_pack.c    packed lines: asking for them, giving them up
 * stream_resend.c  sending again
 * stream_adopt.c   going on after another process
 * stream_silence.c what to do when the printer falls silent
 */
#ifndef PP_CORE_STREAM_PRIV_H
#define PP_CORE_STREAM_PRIV_H

#include "host/core/meatpack.h"
#include "host/core/stream.h"

#include "host/core/times.h"

#define PROBES          3  /* unanswered: nobody is there */
#define PROBES_ADOPTING 21 /* it may be in the middle of something long, and say nothing of it */
#define STREAM_BEHIND                                                                              \
    32 /* lines whose oks may queue behind a slow command, where ok = received                     \
        */

/* Beginning the numbers anew. */
enum stream_renumber {
    RENUMBER_NONE,
    RENUMBER_DRAIN, /* M400 is on its way; nothing else goes out */
    RENUMBER_SENT   /* M110 is */
};

/* stream.c */
void stream_tell(struct stream *s, struct stream_note note);
void stream_stop(struct stream *s, enum stream_note_kind kind, const char *why);

/* stream_take.c */
bool stream_has_more(struct stream *s);                       /* a line waits to be sent */
bool stream_take_next(struct stream *s, uint64_t now_us);     /* commits a line, if one may go */
bool stream_take_injected(struct stream *s, uint64_t now_us); /* commits the next one */
void stream_commit_injected(struct stream *s, uint64_t now_us, const struct kept_inject *i);

/* stream_tx.c */
void stream_put(struct stream *s, const char *bytes, size_t len); /* to be written; a whole line */

/* stream_flight.c */
void stream_describe(/* what its command means for a line in flight */
    const struct stream *s, struct stream_flight *f, const char *text, size_t len);
struct stream_flight *stream_flight_at(struct stream *s, size_t i); /* from the oldest on */
void stream_flight_move(struct stream *s, size_t from, size_t to);
void stream_land(struct stream *s, bool acknowledged); /* the oldest is no longer in flight */
void stream_take_ok(struct stream *s, uint64_t now_us, const struct reply *r);
void stream_fly(struct stream *s, uint64_t now_us, size_t len, struct stream_flight flight);
void stream_commit(
    struct stream *s, uint64_t now_us, const char *bytes, size_t len, struct stream_flight flight);
void stream_commit_new(
    struct stream *s, uint64_t now_us, const char *text, size_t len, struct stream_flight flight);

/* stream_number.c */
uint64_t stream_wire_n(const struct stream *s, uint64_t n);
int64_t stream_our_n(const struct stream *s, int64_t wire);
size_t stream_format(const struct stream *s, char *out, uint64_t n, const char *text, size_t len);
void stream_adopt_numbers(struct stream *s);             /* those of the stream before us */
void stream_watch_numbers(struct stream *s);             /* begins anew in time */
bool stream_renumber(struct stream *s, uint64_t now_us); /* commits a line of it, if it is time */

/* stream_window.c */
size_t stream_rx_bytes(const struct stream *s);
size_t stream_byte_limit(const struct stream *s);
int stream_line_limit(const struct stream *s);
void stream_set_window(struct stream *s, int lines);
void stream_close_window(struct stream *s);
void stream_skipped(struct stream *s, uint64_t now_us, const struct reply *r, size_t lines);
void stream_learn(struct stream *s, const struct reply *r, uint32_t rtt_us); /* a clean ok */

/* stream_pack.c */
#define STREAM_WIRE_MAX (MEATPACK_ORDER + MEATPACK_MAX(LINE_MAX_OUT)) /* most bytes of a line */

size_t stream_line_bytes(const struct stream *s, const char *text, size_t len); /* if sent next */
size_t stream_pack_line(struct stream *s, char *out, const char *line, size_t len);
size_t stream_pack_urgent(struct stream *s, char *out, const char *text, size_t len, bool waiting);
void stream_pack_newline(struct stream *s);   /* ends a broken line */
void stream_pack_off(struct stream *s);       /* trouble: what it unpacks is not known */
bool stream_pack_due(const struct stream *s); /* to be asked as soon as nothing is in flight */
void stream_pack_ask(struct stream *s, uint64_t now_us); /* if it is time to */
bool stream_pack_rx(
    struct stream *s, uint64_t now_us, const char *line); /* true: of no other use */
uint64_t stream_pack_deadline(const struct stream *s);
void stream_pack_tick(struct stream *s, uint64_t now_us);

/* stream_resend.c */
bool stream_take_again(struct stream *s, uint64_t now_us); /* commits the next line wanted again */
void stream_take_resend(struct stream *s, uint64_t now_us, int64_t asked);
void stream_take_retry(struct stream *s, uint64_t now_us);
void stream_drop_unwritten(struct stream *s); /* a line that is half out stays half */
void stream_drain_ok(struct stream *s, uint64_t now_us, const struct reply *r);
void stream_tick_drain(struct stream *s, uint64_t now_us);
uint64_t stream_drain_us(const struct stream *s); /* how long it must be quiet */

/* stream_adopt.c */
void stream_ask_again(struct stream *s, uint64_t now_us);
void stream_adopt_ok(struct stream *s, uint64_t now_us, const struct reply *r);
void stream_adopt_text(struct stream *s, const struct reply *r);
void stream_adopt_drained(struct stream *s, uint64_t now_us); /* it is quiet: next step */
void stream_settle_late(struct stream *s, uint64_t now_us);

/* stream_silence.c */
void stream_heard(struct stream *s, uint64_t now_us); /* a word that belongs to a line of ours */
void stream_alive(struct stream *s, uint64_t now_us); /* any other */
void stream_ask(struct stream *s, uint64_t now_us);   /* which line is expected */

#endif
