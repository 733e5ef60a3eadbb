#include "host/core/stream_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REPEATS     10
#define BACK        32  /* plain oks may run ahead of the printer by so many lines at most */
#define BEGINNING   3   /* plain oks that may have come before line 1 was accepted */
#define NOISY_LINES 100 /* from so many on the share of resends says something */
#define NOISY_SPAN  400 /* and what was long ago says nothing of now */

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
            size_t total = stream_format(s, line, item->n, item->text, item->len);
            struct stream_flight f = {
                .n = s->resend_n++, .kind = STREAM_JOB, .end_offset = item->end_offset};
            stream_describe(s, &f, item->text, item->len);
            stream_commit(s, now_us, line, total, f);
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
    const char *text = (const char *)memchr(bytes, ' ', l->len) + 1; /* behind its number */
    struct stream_flight f = {
        .n = l->n, .kind = l->kind, .tag = l->tag, .end_offset = l->end_offset};
    stream_describe(s, &f, text, (size_t)(bytes + l->len - text));
    s->need_told = false;
    s->resend_n++;
    stream_commit(s, now_us, bytes, l->len, f);
    return true;
}

void stream_drop_unwritten(struct stream *s)
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

/* A print may get through such a cable, but nobody should have to wait for the day it does not. */
static void watch_noise(struct stream *s)
{
    uint64_t all = atomic_load_explicit(&s->stats.lines, memory_order_relaxed);
    uint64_t again = atomic_load_explicit(&s->stats.resends, memory_order_relaxed);
    uint64_t lines = all - s->noise_lines;
    uint64_t resends = again - s->noise_resends;
    if (s->noise_told || lines < NOISY_LINES) {
        return;
    }
    if (resends * 10 <= lines) {
        s->noise_lines = lines > NOISY_SPAN ? all : s->noise_lines;
        s->noise_resends = lines > NOISY_SPAN ? again : s->noise_resends;
        return;
    }
    char text[160];
    int len = snprintf(text, sizeof text,
        "%" PRIu64 " of the last %" PRIu64 " lines had to be sent again: look at the cable (short, "
        "shielded, away from motor wires), the power supply and the earth",
        resends, lines);
    s->noise_told = true;
    stream_tell(s, (struct stream_note){.kind = NOTE_NOISY, .text = text, .len = (size_t)len});
}

static void stop_at_repeats(struct stream *s)
{
    stream_stop(s, NOTE_LOST,
        "the printer asks for the same line again and again: check cable, power supply and earth");
}

static void start_drain(struct stream *s, uint64_t now_us, uint64_t n)
{
    if (is_repeat_loop(s, n)) {
        stop_at_repeats(s);
        return;
    }
    s->drain_resends = 0;
    s->drain_oks = !s->options.dialect->resend_no_ok + (s->probing ? 0 : accepted_in_flight(s, n));
    s->draining = true;
    s->probing = false;
    s->probes = 0;
    stream_drop_unwritten(s);
    stream_pack_off(s);
    stream_close_window(s);
    atomic_fetch_add_explicit(&s->stats.resends, n < s->next_n, memory_order_relaxed);
    if (n < s->next_n) {
        stream_tell(s, (struct stream_note){.kind = NOTE_RESEND, .n = n});
        watch_noise(s);
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
 * plain ok says only that some line was taken, so a few of them prove nothing; those
 * that another stream has counted before us do. */
static bool begins_anew(const struct stream *s, uint64_t n)
{
    bool sure = s->numbered_acks || s->adopt != ADOPT_NOT;
    return stream_wire_n(s, n) == 1 && s->acked_n > s->base + (sure ? 0 : BEGINNING);
}

/* A number that it may really expect: of the next line, or of one lately sent. */
static bool can_be(const struct stream *s, int64_t asked)
{
    const char *bytes;
    uint64_t n = (uint64_t)asked;
    bool sent = asked > 0 && history_find(&s->kept->history, n, &bytes) != NULL;
    return n == s->next_n || (sent && n + BACK > s->acked_n);
}

void stream_take_resend(struct stream *s, uint64_t now_us, int64_t asked)
{
    uint64_t n = (uint64_t)asked;
    s->retry_pending = false;
    s->owed_us = 0;
    stream_alive(s, now_us);
    s->drain_oks += s->draining && !s->options.dialect->resend_no_ok;
    s->drain_resends += s->draining;
    if (s->drain_resends > STREAM_FLIGHT) { /* more than lines that it could refuse */
        stop_at_repeats(s);
        return;
    }
    if (!can_be(s, asked) || begins_anew(s, n)) {
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

/* What the printer accepted counts as acknowledged even if its ok was lost; the rest goes again. */
static void end_drain(struct stream *s, uint64_t now_us)
{
    while (s->flight_count > 0) {
        struct stream_flight *f = stream_flight_at(s, 0);
        stream_land(s, f->kind != STREAM_PROBE && f->n < s->resend_n);
    }
    s->draining = false;
    s->acked = s->committed;
    s->skipped_bytes = 0;
    if (s->adopt != ADOPT_NOT) {
        stream_adopt_drained(s, now_us);
    } else if (!s->numbered_acks && s->temp_oks) {
        stream_inject(s, "M105", 4, 0); /* oks still to come are told from its answer */
    }
}

/* How long it must be quiet before lines go out again. */
uint64_t stream_drain_us(const struct stream *s)
{
    if (s->adopt == ADOPT_LISTEN) {
        return time_us(TIME_ADOPT_QUIET);
    }
    if (s->drain_oks <= 1) {
        return time_us(s->drain_oks == 0 ? TIME_DRAIN_QUIET : TIME_DRAIN_LAST);
    }
    return time_us(s->saw_busy ? TIME_SILENCE_BUSY : TIME_SILENCE);
}

void stream_tick_drain(struct stream *s, uint64_t now_us)
{
    if (now_us - s->drain_quiet_us >= stream_drain_us(s)) {
        end_drain(s, now_us);
    }
}

void stream_take_retry(struct stream *s, uint64_t now_us)
{
    stream_alive(s, now_us);
    if (!s->draining && !s->retry_pending) {
        s->retry_pending = true;
        s->retry_us = now_us;
    }
}
