#include "host/core/stream_priv.h"

#define CLEAN_NUMBERED 50
#define CLEAN_PLAIN    200
#define HUNGRY         8

size_t stream_byte_limit(const struct stream *s)
{
    size_t rx = s->options.rx_bytes > 0 ? s->options.rx_bytes : 128;
    return rx * 3 / 4;
}

int stream_line_limit(const struct stream *s)
{
    int slots = s->options.command_slots > 0 ? s->options.command_slots : 4;
    int lines = slots > 2 ? slots - 1 : 1;
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
    s->hungry = rtt_us <= UINT64_C(2) * s->rtt_min_us + 4 * MS ? s->hungry + 1 : 0;
    bool empty = r->planner_free >= 3 && r->planner_free == s->planner_max;
    if (empty && !s->planner_empty_now) {
        atomic_fetch_add_explicit(&s->stats.starved, s->job_active, memory_order_relaxed);
    }
    s->planner_empty_now = empty;
    s->planner_empty = s->planner_empty || empty;
    maybe_open(s);
}
