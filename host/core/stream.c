#include "host/core/stream_priv.h"

#include <string.h>

void stream_tell(struct stream *s, struct stream_note note)
{
    s->note(s->context, &note);
}

void stream_stop(struct stream *s, enum stream_note_kind kind, const char *why)
{
    s->stopped = true;
    stream_tell(s, (struct stream_note){.kind = kind, .text = why, .len = strlen(why)});
}

/* ---- set-up ---- */

/* Other threads may be reading them. */
static void reset_stats(struct stream_stats *stats)
{
    _Atomic uint64_t *const counts[] = {&stats->lines, &stats->job_lines, &stats->job_offset,
        &stats->bytes, &stats->resends, &stats->starved};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        atomic_store_explicit(counts[i], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&stats->samples, 0, memory_order_relaxed);
}

static void reset(struct stream *s, struct kept *kept, const struct stream_options *options,
    stream_note_cb note, void *context)
{
    const struct dialect dialect = *options->dialect; /* may be our own */
    struct stream_options copy = *options;
    copy.dialect = &dialect;
    reset_stats(&s->stats);
    memset(s, 0, offsetof(struct stream, stats));
    memset(&s->stats + 1, 0, sizeof *s - offsetof(struct stream, stats) - sizeof s->stats);
    s->note = note;
    s->context = context;
    s->kept = kept;
    s->pack_touched = kept->packing;
    s->pack_reset = kept->packing;
    s->planner_max = -1;
    stream_set_options(s, &copy);
}

void stream_init(struct stream *s, struct kept *kept, const struct stream_options *options,
    stream_note_cb note, void *context)
{
    kept_init(kept);
    reset(s, kept, options, note, context);
    s->next_n = 1;
    s->resend_n = 1;
}

void stream_adopt(struct stream *s, struct kept *kept, const struct stream_options *options,
    stream_note_cb note, void *context, uint64_t now_us)
{
    reset(s, kept, options, note, context);
    s->next_n = kept->history.last_n + 1;
    s->resend_n = s->next_n;
    s->acked_n = kept->acked_n;
    s->taken_offset = kept->job_taken;
    s->hold = true;
    s->drained_told = true;
    atomic_store(&s->stats.job_lines, kept->job_lines);
    atomic_store(&s->stats.job_offset, kept->job_acked);
    stream_ask_again(s, now_us);
}

void stream_set_options(struct stream *s, const struct stream_options *options)
{
    s->options = *options;
    s->dialect = *options->dialect;
    s->options.dialect = &s->dialect;
    if (s->dialect.planner_blocks > 0) {
        s->planner_max = s->dialect.planner_blocks - 1;
    }
    stream_set_window(s, options->window == STREAM_WINDOW_BYTES ? stream_line_limit(s) : 1);
}

void stream_tap(struct stream *s, bool on)
{
    s->tapped = on;
}

/* ---- orders ---- */

bool stream_inject(struct stream *s, const char *text, size_t len, uint32_t tag)
{
    return line_is_command(text, len) && kept_inject(s->kept, text, len, tag);
}

/* In an order that never shows an old offset as the new job's. */
static void keep_new_job(struct stream *s, uint64_t offset, uint64_t lines)
{
    struct kept *k = s->kept;
    atomic_store(&k->job_active, false);
    atomic_store(&k->job_acked, 0); /* never above job_taken */
    atomic_store(&k->job_taken, offset);
    atomic_store(&k->job_acked, offset);
    atomic_store(&k->job_lines, lines);
    atomic_store(&k->job_first_n, s->next_n);
    atomic_store(&k->job_active, true);
}

void stream_begin(struct stream *s, struct spsc *ring, uint32_t generation)
{
    stream_begin_at(s, ring, generation, 0, 0);
}

void stream_begin_at(
    struct stream *s, struct spsc *ring, uint32_t generation, uint64_t offset, uint64_t lines)
{
    s->job = ring;
    s->generation = generation;
    s->job_active = true;
    s->hold = false;
    s->barrier = false;
    s->sync = false;
    s->closed_for_good = false;
    s->planner_empty_now = true;
    s->taken_offset = offset;
    keep_new_job(s, offset, lines);
    atomic_store_explicit(&s->stats.job_lines, lines, memory_order_relaxed);
    atomic_store_explicit(&s->stats.job_offset, offset, memory_order_relaxed);
}

void stream_rejoin(struct stream *s, struct spsc *ring, uint32_t generation)
{
    s->job = ring;
    s->generation = generation;
    s->job_active = true;
    s->hold = true;
    s->drained_told = true;
}

void stream_rewound(struct stream *s, uint32_t generation)
{
    s->generation = generation;
}

void stream_drop_job(struct stream *s)
{
    atomic_store(&s->kept->job_active, false);
    s->job_active = false;
    s->generation = 0;
    s->barrier = false;
    s->hold = false;
}

void stream_hold(struct stream *s)
{
    s->hold = true;
    s->drained_told = false;
}

/* Only now a barrier is passed: whoever dies at one meets it again. */
void stream_release(struct stream *s)
{
    if (s->barrier) {
        atomic_store(&s->kept->job_taken, s->taken_offset);
    }
    s->hold = false;
    s->barrier = false;
}
