#include "host/core/stream_priv.h"

#define CLEAN_NUMBERED 50
#define CLEAN_PLAIN    200
#define HUNGRY         8

size_t stream_rx_bytes(const struct stream *s)
{
    size_t known = s->options.dialect->rx_buffer > 0 ? (size_t)s->options.dialect->rx_buffer : 128;
    return s->options.rx_bytes > 0 ? s->options.rx_bytes : known;
}

size_t stream_byte_limit(const struct stream *s)
{
    size_t limit = stream_rx_bytes(s) * 3 / 4;
    return limit > s->skipped_bytes ? limit - s->skipped_bytes : 0;
}

int stream_line_limit(const struct stream *s)
{
    int known = s->options.dialect->command_buffer > 0 ? s->options.dialect->command_buffer : 4;
    int slots = s->options.command_slots > 0 ? s->options.command_slots : known;
    int lines = slots > 2 ? slots - 1 : 1;
    if (s->options.dialect->one_line) {
        return 1;
    }
    return lines < STREAM_FLIGHT / 2 ? lines : STREAM_FLIGHT / 2;
}

void stream_set_window(struct stream *s, int lines)
{
    s->window = lines;
    atomic_store_explicit(&s->stats.window, (uint32_t)lines, memory_order_relaxed);
}

void stream_close_window(struct stream *s)
{
    if (!s->numbered_acks) {
        s->closed_for_good = true;
    }
    s->clean = 0;
    s->hungry = 0;
    s->planner_empty = false;
    stream_set_window(s, 1);
}

static void maybe_open(struct stream *s)
{
    unsigned need = s->numbered_acks ? CLEAN_NUMBERED : CLEAN_PLAIN;
    bool evidence = s->planner_empty || s->hungry >= HUNGRY;
    if (s->options.window == STREAM_WINDOW_ONE || s->window > 1 || s->closed_for_good) {
        return;
    }
    if (s->clean >= need && evidence) {
        stream_set_window(s, stream_line_limit(s));
    }
}

/* An "ok N" that skips lines: theirs were lost, or a digit of this one is wrong. Then what it freed
 * is still on its way; the next ok tells, or a moment later it does not matter any more. */
void stream_skipped(struct stream *s, uint64_t now_us, const struct reply *r, size_t lines)
{
    if (lines > 0) {
        s->skipped_bytes = 0;
    }
    for (size_t i = 1; r->n > 0 && i < lines; i++) {
        s->skipped_bytes += stream_flight_at(s, i)->bytes;
        s->skipped_us = now_us + time_us(TIME_SKIP);
    }
}

/* Learns from one clean acknowledgement. */
void stream_learn(struct stream *s, const struct reply *r, uint32_t rtt_us)
{
    uint32_t i = atomic_load_explicit(&s->stats.samples, memory_order_relaxed);
    atomic_store_explicit(&s->stats.rtt_us[i % STREAM_SAMPLES], rtt_us, memory_order_relaxed);
    atomic_store_explicit(&s->stats.samples, i + 1, memory_order_relaxed);
    s->clean++;
    if (s->rtt_min_us == 0 || rtt_us < s->rtt_min_us) {
        s->rtt_min_us = rtt_us;
    }
    if (r->planner_free > s->planner_max) {
        s->planner_max = r->planner_free;
    }
    if (!stream_has_more(s)) {
        return;
    }
    s->hungry = rtt_us <= UINT64_C(2) * s->rtt_min_us + 4000 ? s->hungry + 1 : 0;
    bool empty = r->planner_free >= 3 && r->planner_free == s->planner_max;
    if (empty && !s->planner_empty_now) {
        atomic_fetch_add_explicit(&s->stats.starved, s->job_active, memory_order_relaxed);
    }
    s->planner_empty_now = empty;
    s->planner_empty = s->planner_empty || empty;
    maybe_open(s);
}
