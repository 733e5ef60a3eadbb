#include "host/core/stream_priv.h"

#include <string.h>

/* First what the one before us left half said is closed and listened to, then asked. */
void stream_ask_again(struct stream *s, uint64_t now_us)
{
    stream_adopt_numbers(s);
    if (s->options.dialect->probe != PROBE_GAP) {
        stream_stop(s, NOTE_LOST, "this firmware cannot be asked which line it expects");
        return;
    }
    s->adopt = ADOPT_LISTEN;
    s->mid_line = true;
    s->draining = true;
    s->drain_quiet_us = now_us;
    s->work_us = now_us;
    stream_heard(s, now_us);
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

/* What it has taken is acknowledged, whoever heard its ok. */
static void acknowledge_taken(struct stream *s)
{
    const char *bytes;
    const struct history_line *l;
    uint64_t offset = 0;
    uint64_t lines = 0;
    for (uint64_t n = s->resend_n - 1; n > s->acked_n && n >= s->kept->job_first_n; n--) {
        l = history_find(&s->kept->history, n, &bytes);
        if (l == NULL) {
            break;
        }
        if (l->kind == STREAM_JOB) {
            lines++;
            offset = l->end_offset > offset ? l->end_offset : offset;
        }
    }
    if (lines > 0) {
        atomic_fetch_add(&s->kept->job_lines, lines);
        atomic_store(&s->kept->job_acked, offset);
        atomic_store(&s->stats.job_lines, s->kept->job_lines);
        atomic_store(&s->stats.job_offset, offset);
    }
    if (s->resend_n - 1 > s->acked_n) {
        s->acked_n = s->resend_n - 1;
        atomic_store(&s->kept->acked_n, s->acked_n);
    }
}

static void adopted(struct stream *s)
{
    s->adopt = ADOPT_NOT;
    s->closed_for_good = false;
    while (s->flight_count > 0) {
        stream_land(s, false);
    }
    acknowledge_taken(s);
    stream_tell(s, (struct stream_note){.kind = NOTE_ADOPTED, .n = s->resend_n});
    tell_done_since(s, s->resend_n);
}

static void query(struct stream *s, uint64_t now_us)
{
    s->settle++;
    s->queries++;
    s->settled = false;
    s->alive_us = now_us;
    stream_commit(s, now_us, "M115\n", 5, (struct stream_flight){.kind = STREAM_PROBE});
}

/* Lines the printer has taken but not yet carried out will be acknowledged, in order, and a plain
 * ok does not say for which line it is. What stands between them does: the answer to M115, which
 * nobody else asks for in a print, so that none is outstanding that may have been lost. */
static void settle(struct stream *s, uint64_t now_us)
{
    const char *bytes;
    s->adopt = ADOPT_SETTLE;
    s->settle = 0;
    s->queries = 0;
    for (uint64_t n = s->acked_n + 1; n < s->resend_n; n++) {
        const struct history_line *l = history_find(&s->kept->history, n, &bytes);
        s->settle += l != NULL && memmem(bytes, l->len, " M115*", 6) != NULL;
    }
    query(s, now_us);
}

/* The query was lost, or what is being carried out takes long; after the second it goes on. */
void stream_settle_late(struct stream *s, uint64_t now_us)
{
    if (s->queries > 1) {
        adopted(s);
    } else {
        query(s, now_us);
    }
}

void stream_adopt_text(struct stream *s, const struct reply *r)
{
    if (s->adopt == ADOPT_SETTLE && strstr(r->text, "FIRMWARE_NAME") != NULL) {
        s->settle -= s->settle > 0;
        s->settled = s->settle == 0;
    }
    if (s->adopt == ADOPT_SETTLE && s->settled && s->options.dialect->ok_on_receipt) {
        adopted(s); /* its ok came before it */
    }
}

void stream_adopt_ok(struct stream *s, uint64_t now_us, const struct reply *r)
{
    s->alive_us = now_us;
    s->temp_oks = s->temp_oks || r->temps;
    if (s->adopt == ADOPT_SETTLE && s->settled) {
        adopted(s);
    }
}

void stream_adopt_drained(struct stream *s, uint64_t now_us)
{
    if (s->adopt == ADOPT_ASK || s->adopt == ADOPT_SETTLE) {
        settle(s, now_us);
    } else {
        s->adopt = ADOPT_ASK;
        s->resend_n = s->next_n; /* what was asked for meanwhile is asked for again */
        stream_ask(s, now_us);
    }
}
