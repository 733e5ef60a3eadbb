/* Which line goes next, and whether it may. */
#include "host/core/stream_priv.h"

#include <string.h>

#define CHECKPOINT 256 /* job lines between two NOTE_CHECKPOINT */
#define SYNC_EVERY 100 /* plain oks until M105 shows whether they are still the right ones */

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

bool stream_take_next(struct stream *s, uint64_t now_us)
{
    if (!may_commit(s)) {
        return false;
    }
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
