#include "host/core/stream_priv.h"

#include <string.h>

#define CHECKPOINT 256 /* job lines between two NOTE_CHECKPOINT */
#define SYNC_EVERY 100 /* plain oks until M105 shows whether they are still the right ones */

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

/* ---- taking lines ---- */

bool stream_has_more(struct stream *s)
{
    size_t len;
    if (kept_waiting(s->kept) > 0) {
        return true;
    }
    if (!s->job_active || s->hold || s->barrier) {
        return false;
    }
    const struct stream_item *item = spsc_peek(s->job, &len);
    return item != NULL && item->kind != ITEM_BARRIER && item->kind != ITEM_END;
}

void stream_commit_injected(struct stream *s, uint64_t now_us, const struct kept_inject *i)
{
    stream_tell(s, (struct stream_note){
                       .kind = NOTE_NUMBERED, .n = s->next_n, .text = i->text, .len = i->len});
    stream_commit_new(s, now_us, i->text, i->len,
        (struct stream_flight){.kind = STREAM_INJECTED, .tag = i->tag, .seq = i->seq});
}

bool stream_take_injected(struct stream *s, uint64_t now_us)
{
    const struct kept_inject *i = kept_peek(s->kept);
    if (i == NULL) {
        return false;
    }
    stream_commit_injected(s, now_us, i);
    kept_taken(s->kept);
    return true;
}

static void take_job_line(struct stream *s, uint64_t now_us, const struct stream_item *item)
{
    if (s->next_n % CHECKPOINT == 0 || s->taken_offset == 0) {
        stream_tell(s, (struct stream_note){
                           .kind = NOTE_CHECKPOINT, .n = s->next_n, .offset = item->end_offset});
    }
    s->sync = item->kind == ITEM_SYNC;
    s->taken_offset = item->end_offset;
    stream_commit_new(s, now_us, item->text, item->len,
        (struct stream_flight){.kind = STREAM_JOB, .end_offset = item->end_offset});
    atomic_store(&s->kept->job_taken, item->end_offset);
}

/* A barrier or the end: waits until nothing is in flight, then tells. */
static bool take_stop(struct stream *s, const struct stream_item *item)
{
    bool end = item->kind == ITEM_END;
    struct stream_note note = {
        .kind = end ? NOTE_END : NOTE_BARRIER, .tag = item->tag, .offset = item->end_offset};
    if (s->flight_count > 0) {
        return false;
    }
    s->barrier = !end;
    s->job_active = !end;
    s->taken_offset = item->end_offset;
    spsc_pop(s->job);
    stream_tell(s, note);
    return false;
}

static bool take_job(struct stream *s, uint64_t now_us)
{
    size_t len;
    struct stream_item *item;
    if (!s->job_active || s->hold || s->barrier || s->sync) {
        return false;
    }
    while ((item = spsc_peek(s->job, &len)) != NULL && item->generation != s->generation) {
        spsc_pop(s->job);
    }
    if (item == NULL) {
        return false;
    }
    if (item->kind == ITEM_BARRIER || item->kind == ITEM_END) {
        return take_stop(s, item);
    }
    if (item->kind != ITEM_REPLAY) {
        take_job_line(s, now_us, item);
    }
    spsc_pop(s->job);
    return true;
}

/* ---- received lines ---- */

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
        break;
    case REPLY_UNKNOWN:
        stream_alive(s, now_us);
        s->owed_us = s->options.dialect->unknown_no_ok ? now_us : s->owed_us;
        break;
    case REPLY_ACTION:
    case REPLY_ABORT:
    case REPLY_ERROR:
        stream_alive(s, now_us);
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

/* ---- bytes out ---- */

/* Bytes of the line that take_line() would commit; the most there can be when it is not known. */
static size_t next_bytes(const struct stream *s)
{
    size_t len;
    const char *bytes;
    const struct stream_item *item;
    if (s->resend_n < s->next_n) {
        const struct history_line *l = history_find(&s->kept->history, s->resend_n, &bytes);
        return l != NULL ? l->len : LINE_MAX_OUT;
    }
    const struct kept_inject *injected = kept_peek(s->kept);
    if (injected != NULL) {
        return stream_line_bytes(s, injected->text, injected->len);
    }
    item = s->job_active ? spsc_peek(s->job, &len) : NULL;
    return item != NULL ? stream_line_bytes(s, item->text, item->len) : 0;
}

static bool may_commit(struct stream *s)
{
    size_t limit = stream_byte_limit(s);
    if (s->stopped || s->draining || s->retry_pending || s->probing || s->pack == PACK_ASKED ||
        s->adopt != ADOPT_NOT || s->flight_count >= (size_t)s->window) {
        return false;
    }
    if (s->tx_len + STREAM_WIRE_MAX > sizeof s->tx) {
        return false;
    }
    if (s->flight_count == 0) {
        return s->skipped_bytes == 0 || s->skipped_bytes + next_bytes(s) <= stream_rx_bytes(s);
    }
    if (s->renumber == RENUMBER_SENT || stream_flight_at(s, s->flight_count - 1)->alone) {
        return false;
    }
    if (stream_pack_due(s)) {
        return false;
    }
    size_t room = s->options.dialect->split_lines ? 1 : next_bytes(s);
    return s->committed - s->acked + room <= limit;
}

static bool take_line(struct stream *s, uint64_t now_us)
{
    if (s->resend_n < s->next_n) {
        return stream_take_again(s, now_us);
    }
    stream_watch_numbers(s);
    if (s->renumber != RENUMBER_NONE && stream_renumber(s, now_us)) {
        return true;
    }
    if (s->renumber != RENUMBER_NONE) {
        return false;
    }
    if (s->job_active && s->temp_oks && !s->numbered_acks && s->since_sync >= SYNC_EVERY) {
        s->since_sync = 0;
        stream_inject(s, "M105", 4, 0);
    }
    return stream_take_injected(s, now_us) || take_job(s, now_us);
}

static void tell_drained(struct stream *s)
{
    if (s->hold && !s->drained_told && s->flight_count == 0 && kept_waiting(s->kept) == 0 &&
        !s->draining && s->resend_n == s->next_n) {
        s->drained_told = true;
        stream_tell(s, (struct stream_note){.kind = NOTE_DRAINED});
    }
}

/* Up to where bytes may be written: the receive buffer's share, or the oldest line whole. */
static uint64_t write_limit(struct stream *s)
{
    uint64_t limit = s->acked + stream_byte_limit(s);
    if (!s->options.dialect->split_lines || s->flight_count == 0 || s->probing) {
        return s->committed;
    }
    uint64_t oldest_end = s->acked + stream_flight_at(s, 0)->bytes;
    limit = limit > oldest_end ? limit : oldest_end;
    return limit > s->urgent_end ? limit : s->urgent_end;
}

void stream_put(struct stream *s, const char *bytes, size_t len)
{
    memcpy(s->tx + s->tx_len, bytes, len);
    memset(s->tx_ends + s->tx_len, 0, len);
    s->tx_len += len;
    s->tx_ends[s->tx_len - 1] = true;
    s->committed += len;
}

size_t stream_tx(struct stream *s, uint64_t now_us, const char **bytes)
{
    *bytes = s->tx;
    if (s->stopped) {
        return 0;
    }
    if (s->tx_at == s->tx_len) {
        s->tx_at = 0;
        s->tx_len = 0;
    }
    if (s->mid_line && s->tx_len == 0) {
        stream_pack_newline(s); /* even while draining: the tail belongs to the trouble */
    }
    stream_pack_ask(s, now_us);
    while (may_commit(s) && take_line(s, now_us)) {
    }
    tell_drained(s);
    uint64_t limit = write_limit(s);
    uint64_t allowed = limit > s->written ? limit - s->written : 0;
    size_t len = s->tx_len - s->tx_at;
    *bytes = s->tx + s->tx_at;
    return len < allowed ? len : (size_t)allowed;
}

void stream_wrote(struct stream *s, size_t len)
{
    s->tx_at += len;
    s->written += len;
    if (len > 0) {
        s->mid_line = !s->tx_ends[s->tx_at - 1];
    }
    atomic_fetch_add_explicit(&s->stats.bytes, len, memory_order_relaxed);
}

/* ---- orders ---- */

bool stream_inject(struct stream *s, const char *text, size_t len, uint32_t tag)
{
    return line_is_command(text, len) && kept_inject(s->kept, text, len, tag);
}

/* Cuts the unwritten rest of a line that is half out; its broken half will be asked for again. */
static void cut_half_line(struct stream *s)
{
    bool end = false;
    while (s->tx_at < s->tx_len && !end) {
        end = s->tx_ends[s->tx_at++];
        s->written++;
    }
}

/* Puts the bytes before all that is not yet written. */
static void put_first(struct stream *s, const char *bytes, size_t len)
{
    size_t waiting = s->tx_len - s->tx_at;
    memmove(s->tx + len, s->tx + s->tx_at, waiting);
    memmove(s->tx_ends + len, s->tx_ends + s->tx_at, waiting);
    s->tx_at = 0;
    s->tx_len = 0;
    stream_put(s, bytes, len);
    s->tx_len += waiting;
    s->urgent_end = s->written + len;
}

/* How many lines in flight are not yet written, none of which is half out. */
static size_t lines_unwritten(struct stream *s)
{
    size_t bytes = s->tx_len - s->tx_at;
    size_t lines = 0;
    while (lines < s->flight_count) {
        size_t one = stream_flight_at(s, s->flight_count - 1 - lines)->bytes;
        if (one > bytes) {
            break;
        }
        bytes -= one;
        lines++;
    }
    return lines;
}

void stream_urgent(struct stream *s, uint64_t now_us, const char *text, size_t len)
{
    char line[STREAM_WIRE_MAX];
    char said[LINE_MAX_CMD + 1];
    if (s->stopped || !line_is_command(text, len) || memchr(text, 0xff, len) != NULL ||
        s->flight_count == STREAM_FLIGHT || s->tx_len - s->tx_at + STREAM_WIRE_MAX > sizeof s->tx) {
        return;
    }
    if (s->mid_line) {
        cut_half_line(s);
    }
    size_t passed = lines_unwritten(s);
    size_t total = stream_pack_urgent(s, line, text, len, s->tx_len > s->tx_at);
    put_first(s, line, total);
    stream_fly(s, now_us, total, (struct stream_flight){.kind = STREAM_URGENT});
    stream_flight_move(s, s->flight_count - 1, s->flight_count - 1 - passed);
    if (s->tapped) {
        memcpy(said, text, len);
        said[len] = '\0';
        stream_tell(s, (struct stream_note){.kind = NOTE_SENT, .text = said, .len = len});
    }
}

size_t stream_urgent_bytes(const struct stream *s)
{
    return s->urgent_end > s->written ? (size_t)(s->urgent_end - s->written) : 0;
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
