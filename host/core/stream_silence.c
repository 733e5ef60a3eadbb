#include "host/core/stream_priv.h"

#include <string.h>

#define PROBE_AHEAD 1000 /* far enough ahead to be refused by every counter */
#define PROBE_BYTES 24   /* the longest probe */

/* A full window and as many questions as make sense; the rest is for urgent lines, of which one may
 * be what the printer waits for. */
#define MOST_IN_FLIGHT (STREAM_FLIGHT * 3 / 4)

void stream_heard(struct stream *s, uint64_t now_us)
{
    s->alive_us = now_us;
    s->ok_us = now_us;
}

/* Any other word: a sign of work, unless nothing else has come for long. */
void stream_alive(struct stream *s, uint64_t now_us)
{
    if (now_us - s->ok_us < time_us(TIME_CHATTER)) {
        s->alive_us = now_us;
        s->drain_quiet_us = now_us;
    }
}

/* The slowest command there is in flight. */
static enum stream_slow slowness(const struct stream *s)
{
    enum stream_slow slow = s->slow_behind > 0 ? SLOW_MINUTES : SLOW_NOT;
    for (size_t i = 0; i < s->flight_count; i++) {
        enum stream_slow one = s->flight[(s->flight_first + i) % STREAM_FLIGHT].slow;
        slow = one > slow ? one : slow;
    }
    return slow;
}

/* A probe does no harm, so that it goes out early; it only proves something once the printer could
 * have answered. */
static uint64_t patience(const struct stream *s)
{
    bool slow = s->adopt == ADOPT_NOT && slowness(s) != SLOW_NOT;
    if (s->adopt == ADOPT_SETTLE && s->options.dialect->ok_on_receipt) {
        return time_us(TIME_SETTLE);
    }
    if (s->options.by_itself && !s->probing) {
        return time_us(TIME_SLOW_LIMIT); /* our lines queue behind those of the card */
    }
    bool busy = s->saw_busy || s->options.dialect->busy;
    if (s->probing) {
        return time_us(slow                                           ? TIME_SILENCE_SLOW
                       : s->probes >= PROBES && s->adopt == ADOPT_NOT ? TIME_PROBE_LATER
                                                                      : TIME_PROBE);
    }
    return time_us(busy ? TIME_SILENCE_BUSY : slow ? TIME_SILENCE_SLOW : TIME_SILENCE);
}

static bool given_up(const struct stream *s, uint64_t now_us)
{
    uint64_t silent_us = now_us - s->work_us;
    if (s->adopt != ADOPT_NOT) {
        return s->probes >= PROBES_ADOPTING;
    }
    switch (slowness(s)) {
    case SLOW_PERSON:
        return false;
    case SLOW_MINUTES:
        return s->probes >= PROBES && silent_us >= time_us(TIME_SLOW_LIMIT);
    case SLOW_NOT:
        break;
    }
    return s->probes >= PROBES && silent_us >= time_us(TIME_GIVE_UP);
}

/* What waits in the receive buffer of a printer that does not read must not overflow it; the first
 * questions count less than what there is to learn. */
static bool has_room(const struct stream *s)
{
    bool first = s->adopt != ADOPT_NOT || s->probes <= PROBES;
    bool fits = s->written - s->acked + PROBE_BYTES + 1 <= stream_rx_bytes(s);
    return s->flight_count < MOST_IN_FLIGHT && (first || fits);
}

/* A number far ahead, or a wrong checksum: the refusal names the line expected. */
static void ask_to_be_refused(struct stream *s, uint64_t now_us, enum dialect_probe how)
{
    char line[LINE_MAX_OUT + 1] = "\n";
    uint64_t n = stream_wire_n(s, s->next_n) + (how == PROBE_GAP ? PROBE_AHEAD : 0);
    size_t len = 1 + line_format(line + 1, n, "M105", 4);
    if (how == PROBE_CHECKSUM) {
        line[len - 2] = line[len - 2] == '0' ? '1' : '0';
    }
    stream_commit(s, now_us, line, len,
        (struct stream_flight){.kind = STREAM_PROBE, .asks_temp = how == PROBE_GAP});
}

/* Its answer acknowledges all that went before it. What is not yet written stays: here nobody would
 * ask for it again. */
static void ask_temperatures(struct stream *s, uint64_t now_us)
{
    if (s->tx_at == s->tx_len) {
        s->tx_at = 0;
        s->tx_len = 0;
        stream_pack_newline(s);
    }
    stream_inject(s, "M105", 4, 0);
    while (s->flight_count < MOST_IN_FLIGHT && s->tx_len + STREAM_WIRE_MAX <= sizeof s->tx &&
           stream_take_injected(s, now_us)) {
    }
}

void stream_ask(struct stream *s, uint64_t now_us)
{
    if (given_up(s, now_us)) {
        stream_stop(s, NOTE_LOST, "the printer does not answer any more");
        return;
    }
    s->probes++;
    s->owed_us = 0;
    s->alive_us = now_us;
    s->ok_us = now_us;
    stream_pack_off(s);
    stream_close_window(s);
    s->probing = true;
    if (!has_room(s)) {
        return; /* those on their way must do */
    }
    enum dialect_probe how = (enum dialect_probe)s->options.dialect->probe;
    if (how == PROBE_TEMPERATURES) {
        ask_temperatures(s, now_us);
    } else {
        stream_drop_unwritten(s);
        ask_to_be_refused(s, now_us, how);
    }
}

/* ---- timers ---- */

/* When a question is due, and nothing is being drained. */
static uint64_t ask_at(const struct stream *s)
{
    if (s->retry_pending) {
        return s->retry_us + time_us(TIME_RETRY);
    }
    if (s->flight_count == 0) {
        return stream_pack_deadline(s);
    }
    if (s->saved) {
        return s->alive_us + time_us(TIME_OWED_OK);
    }
    uint64_t silence = s->alive_us + patience(s);
    uint64_t owed =
        s->owed_us > 0 && s->adopt == ADOPT_NOT ? s->owed_us + time_us(TIME_OWED_OK) : UINT64_MAX;
    return owed < silence ? owed : silence;
}

void stream_tick(struct stream *s, uint64_t now_us)
{
    if (s->stopped) {
        return;
    }
    if (s->skipped_bytes > 0 && now_us >= s->skipped_us) {
        s->skipped_bytes = 0;
    }
    if (s->draining) {
        stream_tick_drain(s, now_us);
    } else if (s->flight_count == 0 && !s->retry_pending) {
        stream_pack_tick(s, now_us);
    } else if (now_us >= ask_at(s)) {
        if (s->saved && !s->retry_pending) {
            s->saved = false;
            stream_land(s, true);
            return;
        }
        if (s->adopt == ADOPT_SETTLE && !s->retry_pending) {
            stream_settle_late(s, now_us);
            return;
        }
        s->retry_pending = false;
        stream_ask(s, now_us);
    }
}

uint64_t stream_deadline(const struct stream *s)
{
    if (s->stopped) {
        return UINT64_MAX;
    }
    uint64_t at = s->draining ? s->drain_quiet_us + stream_drain_us(s) : ask_at(s);
    return s->skipped_bytes > 0 && s->skipped_us < at ? s->skipped_us : at;
}
