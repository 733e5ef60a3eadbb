/* Lines from the printer: each to the part of the stream that it concerns. */
#include "host/core/stream_priv.h"

#include <string.h>

/* A text may belong to a long command; but reports that come by themselves say nothing of ours. */
static void take_text(struct stream *s, uint64_t now_us, const struct reply *r)
{
    if (strncmp(r->text, "Done saving file", 16) == 0 && s->flight_count > 0) {
        s->saved = stream_flight_at(s, 0)->saves;
    }
    if (r->waiting) {
        s->work_us = now_us;
        stream_heard(s, now_us);
    }
    if (!r->temps || r->waiting) {
        stream_alive(s, now_us);
    }
}

/* Idle with a line of ours in flight: its ok is lost. A "wait" that was on its way when the line
 * went out says nothing. */
static void take_wait(struct stream *s, uint64_t now_us)
{
    if (s->options.dialect->wait_is_idle && !s->draining && s->flight_count > 0 &&
        now_us - stream_flight_at(s, 0)->sent_us >= time_us(TIME_WAIT)) {
        stream_take_ok(
            s, now_us, &(struct reply){.kind = REPLY_OK, .oks = 1, .n = -1, .planner_free = -1});
    }
}

/* Plain oks in front of a Resend, their newlines lost. */
static void take_fused(struct stream *s, uint64_t now_us, const struct reply *r)
{
    const struct reply ok = {.kind = REPLY_OK, .oks = r->oks, .n = -1, .planner_free = -1};
    for (int i = 0; s->draining && i < r->oks; i++) {
        stream_drain_ok(s, now_us, &ok);
    }
    if (!s->draining && r->oks > 0) {
        stream_take_ok(s, now_us, &ok);
    }
}

/* What it says by itself. The answer to a query that was lost does not come for that. */
static void take_chatter(struct stream *s, uint64_t now_us)
{
    if (s->adopt != ADOPT_SETTLE) {
        stream_alive(s, now_us);
    }
}

static void dispatch(struct stream *s, uint64_t now_us, const struct reply *r)
{
    switch (r->kind) {
    case REPLY_OK:
        stream_heard(s, now_us);
        if (s->adopt != ADOPT_NOT && !s->draining) {
            stream_adopt_ok(s, now_us, r);
        } else if (s->draining) {
            stream_drain_ok(s, now_us, r);
        } else {
            stream_take_ok(s, now_us, r);
        }
        break;
    case REPLY_WAIT:
        take_wait(s, now_us);
        break;
    case REPLY_RESEND:
        take_fused(s, now_us, r);
        stream_take_resend(s, now_us, r->n);
        break;
    case REPLY_BUSY:
        s->saw_busy = true;
        s->work_us = now_us;
        stream_heard(s, now_us);
        stream_alive(s, now_us);
        break;
    case REPLY_RETRY:
    case REPLY_NO_ACK:
        stream_take_retry(s, now_us);
        break;
    case REPLY_HALT:
        s->stopped = true;
        stream_tell(
            s, (struct stream_note){
                   .kind = NOTE_HALT, .tag = !r->dead, .text = r->text, .len = strlen(r->text)});
        break;
    case REPLY_START:
        stream_stop(s, NOTE_RESET, "the printer has restarted");
        break;
    case REPLY_TEXT:
        take_text(s, now_us, r);
        stream_adopt_text(s, r);
        break;
    case REPLY_UNKNOWN:
        take_chatter(s, now_us);
        s->owed_us = s->options.dialect->unknown_no_ok ? now_us : s->owed_us;
        break;
    case REPLY_ACTION:
    case REPLY_ABORT:
    case REPLY_ERROR:
        take_chatter(s, now_us);
        break;
    }
    if (r->reset && !s->stopped) {
        stream_stop(s, NOTE_RESET, "the printer has restarted");
    }
}

/* Where M105 is answered by temperatures and then an ok, the two belong together. */
static void join_temps(struct stream *s, struct reply *r)
{
    bool told = s->temps_told;
    s->temps_told = r->kind == REPLY_TEXT && r->temps && !r->waiting;
    if (!told || r->kind != REPLY_OK || !s->options.dialect->temps_then_ok) {
        return;
    }
    for (size_t i = 0; i < s->flight_count; i++) {
        r->temps = r->temps || stream_flight_at(s, i)->asks_temp;
    }
}

void stream_rx(struct stream *s, uint64_t now_us, const char *line, size_t len)
{
    struct reply r;
    reply_parse(&r, line, len);
    r.n = stream_our_n(s, r.n);
    join_temps(s, &r);
    bool bare = r.kind == REPLY_OK && !r.temps;
    if (len > 0 && (s->tapped || !bare)) {
        stream_tell(s, (struct stream_note){.kind = NOTE_RECEIVED, .text = line, .len = len});
    }
    if (!s->stopped && !stream_pack_rx(s, now_us, line)) {
        dispatch(s, now_us, &r);
    }
}
