/* Inside of the stream machine, shared by stream*.c alone.
 *
 * stream.c         orders, taking lines, received lines, bytes out
 * stream_flight.c  lines in flight: committing them, what an ok acknowledges
 * stream_window.c  how many lines and bytes may be in flight
 * stream_pack.c    packed lines: asking for them, giving them up
 * stream_resend.c  sending again, and what to do when the printer falls silent
 */
#ifndef PP_CORE_STREAM_PRIV_H
#define PP_CORE_STREAM_PRIV_H

#include "host/core/meatpack.h"
#include "host/core/stream.h"

#define MS UINT64_C(1000) /* of the microseconds in which the stream counts */

/* stream.c */
void stream_tell(struct stream *s, struct stream_note note);
void stream_stop(struct stream *s, enum stream_note_kind kind, const char *why);
bool stream_has_more(struct stream *s);                           /* a line waits to be sent */
void stream_put(struct stream *s, const char *bytes, size_t len); /* to be written; a whole line */

/* stream_flight.c */
enum stream_pace stream_pace(const char *text, size_t len);
struct stream_flight *stream_flight_at(struct stream *s, size_t i); /* from the oldest on */
void stream_land(struct stream *s, bool acknowledged); /* the oldest is no longer in flight */
void stream_take_ok(struct stream *s, uint64_t now_us, const struct reply *r);
void stream_fly(struct stream *s, uint64_t now_us, size_t len, struct stream_flight flight);
void stream_commit(
    struct stream *s, uint64_t now_us, const char *bytes, size_t len, struct stream_flight flight);
void stream_commit_new(
    struct stream *s, uint64_t now_us, const char *text, size_t len, struct stream_flight flight);

/* stream_window.c */
size_t stream_byte_limit(const struct stream *s);
int stream_line_limit(const struct stream *s);
void stream_set_window(struct stream *s, int lines);
void stream_close_window(struct stream *s);
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
void stream_ask_again(struct stream *s, uint64_t now_us); /* adopting: which line is expected? */
void stream_adopt_ok(struct stream *s, uint64_t now_us, const struct reply *r);
bool stream_take_again(struct stream *s, uint64_t now_us); /* commits the next line wanted again */
void stream_take_resend(struct stream *s, uint64_t now_us, int64_t asked);
void stream_take_retry(struct stream *s, uint64_t now_us);
void stream_drain_ok(struct stream *s, uint64_t now_us, const struct reply *r);

#endif
