#include "host/core/stream_priv.h"

#include <string.h>

#define QUIET_US        (100 * MS)   /* no word for this long: the trouble is over */
#define LAST_OK_US      (500 * MS)   /* some firmwares send no ok after a Resend */
#define RETRY_US        (500 * MS)   /* an error text waits this long for its Resend */
#define SILENCE_US      (30000 * MS) /* no ok and no sign of life */
#define SILENCE_BUSY_US (8000 * MS)  /* the same where "busy" is sent every 2 s */
#define SILENCE_SLOW_US (600000 * MS)
#define FOR_EVER_US     (UINT64_C(1) << 60)
#define PROBE_US        (3000 * MS)
#define PROBES          3
#define PROBES_ADOPTING 20 /* it may be in the middle of something long, and say nothing of it */
#define ADOPT_QUIET_US  (300 * MS)
#define SETTLE_US       (3000 * MS) /* where an M105 is acknowledged before it is answered */
#define PROBE_AHEAD     1000        /* far enough ahead to be refused by every counter */
#define REPEATS         10
#define BEGINNING       3  /* plain oks that may have come before line 1 was accepted */
#define BACK            32 /* plain oks may run ahead of the printer by so many lines at most */

static uint64_t oldest_kept(const struct stream *s)
{
    const char *bytes;
    uint64_t n = s->next_n;
    while (n > 1 && history_find(&s->kept->history, n - 1, &bytes) != NULL) {
        n--;
    }
    return n;
}

/* A line older than the history comes from the job ring, put there by the owner of the file. */
static bool take_replay(struct stream *s, uint64_t now_us)
{
    char line[LINE_MAX_OUT];
    size_t len;
    struct stream_item *item;
    if (!s->need_told) {
        s->need_told = true;
        stream_tell(s, (struct stream_note){.kind = NOTE_NEED,
                           .n = s->resend_n,
                           .until = oldest_kept(s),
                           .offset = s->taken_offset});
    }
    while (s->job != NULL && (item = spsc_peek(s->job, &len)) != NULL) {
        bool wanted = item->generation == s->generation && item->kind == ITEM_REPLAY;
        if (!wanted && item->generation == s->generation) {
            return false;
        }
        if (wanted && item->n == s->resend_n) {
            size_t total = line_format(line, item->n, item->text, item->len);
            stream_commit(s, now_us, line, total,
                (struct stream_flight){.n = s->resend_n++,
                    .kind = STREAM_JOB,
                    .end_offset = item->end_offset,
                    .pace = stream_pace(item->text, item->len)});
            spsc_pop(s->job);
            return true;
        }
        spsc_pop(s->job);
    }
    return false;
}

bool stream_take_again(struct stream *s, uint64_t now_us)
{
    const char *bytes;
    const struct history_line *l = history_find(&s->kept->history, s->resend_n, &bytes);
    if (l == NULL) {
        return take_replay(s, now_us);
    }
    const char *text = memchr(bytes, ' ', l->len);
    size_t len = (size_t)(bytes + l->len - text);
    s->need_told = false;
    s->resend_n++;
    stream_commit(s, now_us, bytes, l->len,
        (struct stream_flight){.n = l->n,
            .kind = l->kind,
            .tag = l->tag,
            .end_offset = l->end_offset,
            .asks_temp = len > 5 && memcmp(text, " M105", 5) == 0,
            .pace = stream_pace(text + 1, len - 1)});
    return true;
}

/* Forgets what was committed but not written; a line that is half out stays half. */
static void drop_unwritten(struct stream *s)
{
    s->tx_at = 0;
    s->tx_len = 0;
    s->written = s->committed;
}

static unsigned accepted_in_flight(struct stream *s, uint64_t below_n)
{
    unsigned count = 0;
    for (size_t i = 0; i < s->flight_count; i++) {
        struct stream_flight *f = stream_flight_at(s, i);
        count += f->kind == STREAM_URGENT || (f->kind != STREAM_PROBE && f->n < below_n);
    }
    return count;
}

static bool is_repeat_loop(struct stream *s, uint64_t n)
{
    s->repeats = s->repeat_n == n ? s->repeats + 1 : 1;
    s->repeat_n = n;
    return s->repeats > REPEATS;
}

static void start_drain(struct stream *s, uint64_t now_us, uint64_t n)
{
    if (is_repeat_loop(s, n)) {
        stream_stop(s, NOTE_LOST,
            "the printer asks for the same line again and again: check cable, "
            "power supply and earth");
        return;
    }
    s->drain_oks = 1 + (s->probing ? 0 : accepted_in_flight(s, n));
    s->draining = true;
    s->probing = false;
    s->probes = 0;
    drop_unwritten(s);
    stream_pack_off(s);
    stream_close_window(s);
    atomic_fetch_add_explicit(&s->stats.resends, n < s->next_n, memory_order_relaxed);
    if (n < s->next_n) {
        stream_tell(s, (struct stream_note){.kind = NOTE_RESEND, .n = n});
    }
    s->resend_n = n;
    s->drain_quiet_us = now_us;
}

/* A number that cannot be was garbled on its way, or the printer counts anew. It is asked once
 * more; the same number again is believed. Lines long executed never go out again. */
static void doubt(struct stream *s, uint64_t now_us, int64_t asked)
{
    if (s->draining) {
        return;
    }
    if (asked >= 0 && s->doubted && s->doubted_n == (uint64_t)asked) {
        stream_stop(s, (uint64_t)asked > s->next_n ? NOTE_LOST : NOTE_RESET,
            (uint64_t)asked > s->next_n
                ? "the printer asks for a line that was never sent: its line counter and ours do "
                  "not agree"
                : "the printer counts its lines anew: it has restarted");
        return;
    }
    s->doubted = asked >= 0;
    s->doubted_n = s->doubted ? (uint64_t)asked : 0;
    s->retry_pending = true; /* as after an error without its Resend */
    s->retry_us = now_us;
}

/* Asks for its first line although that was executed long ago: its counter is at the beginning. A
 * plain ok says only that some line was taken, so a few of them prove nothing. */
static bool begins_anew(const struct stream *s, uint64_t n)
{
    return n == 1 && s->acked_n > (s->numbered_acks ? 0 : BEGINNING);
}

void stream_take_resend(struct stream *s, uint64_t now_us, int64_t asked)
{
    uint64_t n = (uint64_t)asked;
    s->retry_pending = false;
    s->alive_us = now_us;
    s->drain_quiet_us = now_us;
    s->drain_oks += s->draining;
    if (asked <= 0 || n > s->next_n || n + BACK <= s->acked_n) {
        doubt(s, now_us, asked);
        return;
    }
    if (s->adopt != ADOPT_NOT && n == 1 && s->acked_n > 0) {
        stream_stop(s, NOTE_RESET, "the printer counts its lines anew: it has restarted");
        return;
    }
    if (begins_anew(s, n)) {
        doubt(s, now_us, asked);
        return;
    }
    s->doubted = false;
    if (s->draining) {
        s->resend_n = n;
    } else if (s->flight_count > 0 || n < s->next_n) { /* else it is the line that comes next */
        start_drain(s, now_us, n);
    }
}

/* An ok while draining: of a line accepted before the trouble, of a Resend, or of a tail. */
void stream_drain_ok(struct stream *s, uint64_t now_us, const struct reply *r)
{
    struct stream_flight *f = s->flight_count > 0 ? stream_flight_at(s, 0) : NULL;
    s->drain_quiet_us = now_us;
    s->drain_oks -= s->drain_oks > 0;
    while (f != NULL && f->n > 0 && f->n < s->resend_n && r->n >= 0 && f->n <= (uint64_t)r->n) {
        stream_land(s, true);
        f = s->flight_count > 0 ? stream_flight_at(s, 0) : NULL;
    }
}

/* How long it must be quiet before lines go out again. */
static uint64_t drain_us(const struct stream *s)
{
    if (s->adopt == ADOPT_LISTEN) {
        return ADOPT_QUIET_US;
    }
    if (s->drain_oks <= 1) {
        return s->drain_oks == 0 ? QUIET_US : LAST_OK_US;
    }
    return s->saw_busy ? SILENCE_BUSY_US : SILENCE_US;
}

void stream_take_retry(struct stream *s, uint64_t now_us)
{
    s->alive_us = now_us;
    if (s->draining) {
        s->drain_quiet_us = now_us;
    } else {
        s->retry_pending = true;
        s->retry_us = now_us;
    }
}

/* ---- silence ---- */

/* Of the lines in flight. A person takes as long as a person takes, unless the firmware has said
 * since that it waits: then it is held to saying so. */
static enum stream_pace slowest(const struct stream *s)
{
    enum stream_pace most = PACE_QUICK;
    for (size_t i = 0; i < s->flight_count; i++) {
        const struct stream_flight *f = &s->flight[(s->flight_first + i) % STREAM_FLIGHT];
        enum stream_pace pace = f->pace;
        if (pace == PACE_PERSON && s->busy_us > f->sent_us) {
            pace = PACE_SLOW;
        }
        most = pace > most ? pace : most;
    }
    return most;
}

static uint64_t patience(const struct stream *s)
{
    if (s->probing) {
        return PROBE_US;
    }
    if (s->saved && s->flight_count > 0) {
        return RETRY_US;
    }
    if (s->options.by_itself) {
        return SILENCE_SLOW_US; /* our lines queue behind those of the card */
    }
    if (s->adopt == ADOPT_SETTLE && s->options.dialect->wait_is_idle) {
        return SETTLE_US;
    }
    enum stream_pace pace = slowest(s);
    if (pace == PACE_PERSON) {
        return FOR_EVER_US;
    }
    if (pace == PACE_SLOW && !s->saw_busy) {
        return SILENCE_SLOW_US;
    }
    return s->saw_busy ? SILENCE_BUSY_US : SILENCE_US;
}

/* Where it cannot be asked what is missing: the oldest ok is taken as lost, and a line that is
 * answered at once shows whether anybody is there. */
static void presume_ok(struct stream *s)
{
    if (s->flight_count > 0) {
        stream_land(s, true);
    }
    if (s->flight_count == 0) {
        stream_inject(s, "M105", 4, 0);
    }
}

/* Asks which line the printer expects. */
static void ask_by_gap(struct stream *s, uint64_t now_us)
{
    char line[LINE_MAX_OUT + 1] = "\n";
    drop_unwritten(s);
    while (s->flight_count >= STREAM_FLIGHT) {
        stream_land(s, true);
    }
    size_t len = 1 + line_format(line + 1, s->next_n + PROBE_AHEAD, "M105", 4);
    stream_commit(s, now_us, line, len, (struct stream_flight){.kind = STREAM_PROBE});
    s->probing = true;
}

/* ---- going on after another ---- */

/* First what the one before us left half said is closed and listened to, then asked. */
void stream_ask_again(struct stream *s, uint64_t now_us)
{
    if (!s->options.dialect->probe_by_gap) {
        stream_stop(s, NOTE_LOST, "this firmware cannot be asked which line it expects");
        return;
    }
    s->adopt = ADOPT_LISTEN;
    s->mid_line = true;
    s->draining = true;
    s->drain_quiet_us = now_us;
}

/* Their oks went to the one before us. */
static void tell_done_since(struct stream *s, uint64_t until_n)
{
    const char *bytes;
    uint64_t oldest = until_n > HISTORY_LINES ? until_n - HISTORY_LINES : 1;
    uint64_t since = s->kept->told_n + 1;
    for (uint64_t n = since > oldest ? since : oldest; n < until_n; n++) {
        const struct history_line *l = history_find(&s->kept->history, n, &bytes);
        if (l != NULL && l->seq > 0 && l->tag != 0) {
            stream_tell(s, (struct stream_note){.kind = NOTE_DONE, .tag = l->tag, .n = n});
        }
    }
}

static void adopted(struct stream *s)
{
    s->adopt = ADOPT_NOT;
    s->closed_for_good = false;
    while (s->flight_count > 0) {
        stream_land(s, false);
    }
    stream_tell(s, (struct stream_note){.kind = NOTE_ADOPTED, .n = s->resend_n});
    tell_done_since(s, s->resend_n);
}

static void query(struct stream *s, uint64_t now_us)
{
    s->settle++;
    s->queries++;
    s->alive_us = now_us;
    stream_commit(s, now_us, "M105\n", 5, (struct stream_flight){.kind = STREAM_PROBE});
}

/* Lines the printer has taken but not yet carried out will be acknowledged, in order, and a plain
 * ok does not say for which line it is. That of a query for temperatures does: it comes last. */
static void settle(struct stream *s, uint64_t now_us)
{
    const char *bytes;
    s->adopt = ADOPT_SETTLE;
    s->settle = 0;
    s->queries = 0;
    for (uint64_t n = s->acked_n + 1; n < s->resend_n; n++) {
        const struct history_line *l = history_find(&s->kept->history, n, &bytes);
        s->settle += l != NULL && memmem(bytes, l->len, " M105*", 6) != NULL;
    }
    query(s, now_us);
}

/* The query was lost, or what is being carried out takes long; after the second it goes on. */
static void settle_late(struct stream *s, uint64_t now_us)
{
    if (s->queries > 1) {
        adopted(s);
    } else {
        query(s, now_us);
    }
}

void stream_adopt_ok(struct stream *s, uint64_t now_us, const struct reply *r)
{
    s->alive_us = now_us;
    s->settle -= r->temps && s->settle > 0;
    if (s->adopt == ADOPT_SETTLE && s->settle == 0) {
        adopted(s);
    }
}

/* What the printer accepted counts as acknowledged even if its ok was lost; the rest goes again. */
static void end_drain(struct stream *s, uint64_t now_us)
{
    while (s->flight_count > 0) {
        struct stream_flight *f = stream_flight_at(s, 0);
        stream_land(s, f->kind != STREAM_PROBE && f->n < s->resend_n);
    }
    s->draining = false;
    s->acked = s->committed;
    if (s->adopt == ADOPT_ASK || s->adopt == ADOPT_SETTLE) {
        settle(s, now_us);
    } else if (s->adopt == ADOPT_LISTEN) {
        s->adopt = ADOPT_ASK;
        s->alive_us = now_us;
        s->resend_n = s->next_n; /* what was asked for meanwhile is asked for again */
        ask_by_gap(s, now_us);
    }
}

static void probe(struct stream *s, uint64_t now_us)
{
    if (s->probes++ >= (s->adopt != ADOPT_NOT ? PROBES_ADOPTING : PROBES)) {
        stream_stop(s, NOTE_LOST, "the printer does not answer any more");
        return;
    }
    s->alive_us = now_us;
    s->ok_us = now_us;
    stream_pack_off(s);
    stream_close_window(s);
    if (s->options.dialect->probe_by_gap) {
        ask_by_gap(s, now_us);
    } else {
        presume_ok(s);
    }
}

void stream_tick(struct stream *s, uint64_t now_us)
{
    if (s->stopped) {
        return;
    }
    if (s->draining) {
        if (now_us - s->drain_quiet_us >= drain_us(s)) {
            end_drain(s, now_us);
        }
    } else if (s->retry_pending && now_us - s->retry_us >= RETRY_US) {
        s->retry_pending = false;
        probe(s, now_us);
    } else if (s->flight_count > 0 && now_us - s->alive_us >= patience(s)) {
        if (s->saved) {
            s->saved = false;
            stream_land(s, true);
        } else if (s->adopt == ADOPT_SETTLE) {
            settle_late(s, now_us);
        } else {
            probe(s, now_us);
        }
    } else {
        stream_pack_tick(s, now_us);
    }
}

uint64_t stream_deadline(const struct stream *s)
{
    if (s->stopped) {
        return UINT64_MAX;
    }
    if (s->draining) {
        return s->drain_quiet_us + drain_us(s);
    }
    if (s->retry_pending) {
        return s->retry_us + RETRY_US;
    }
    return s->flight_count > 0 ? s->alive_us + patience(s) : stream_pack_deadline(s);
}
