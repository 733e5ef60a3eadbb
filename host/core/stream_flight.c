#include "host/core/stream_priv.h"

#include <assert.h>
#include <string.h>

/* Commands that keep the printer busy for long; not all firmwares say "busy" meanwhile. */
static const struct {
    const char *command;
    enum stream_slow slow;
} slow_commands[] = {
    {"G4", SLOW_MINUTES},
    {"G28", SLOW_MINUTES},
    {"G29", SLOW_MINUTES},
    {"G30", SLOW_MINUTES},
    {"G32", SLOW_MINUTES},
    {"G33", SLOW_MINUTES},
    {"G34", SLOW_MINUTES},
    {"G76", SLOW_MINUTES},
    {"G80", SLOW_MINUTES}, /* Prusa: mesh levelling */
    {"M48", SLOW_MINUTES},
    {"M109", SLOW_MINUTES},
    {"M116", SLOW_MINUTES},
    {"M190", SLOW_MINUTES},
    {"M191", SLOW_MINUTES},
    {"M303", SLOW_MINUTES},
    {"M400", SLOW_MINUTES},
    {"M701", SLOW_MINUTES},
    {"M702", SLOW_MINUTES},
    {"M0", SLOW_PERSON},
    {"M1", SLOW_PERSON},
    {"M125", SLOW_PERSON},
    {"M226", SLOW_PERSON},
    {"M600", SLOW_PERSON},
};

static bool is_command(const char *text, size_t len, const char *command)
{
    size_t n = strlen(command);
    bool begins = len >= n && memcmp(text, command, n) == 0;
    return begins && (len == n || text[n] == ' ' || text[n] == '*');
}

static enum stream_slow slowness(const char *text, size_t len)
{
    if (len > 2 && text[0] == 'G' && (text[1] == '0' || text[1] == '1') && text[2] == ' ') {
        return SLOW_NOT; /* nearly every line of a job */
    }
    for (size_t i = 0; i < sizeof slow_commands / sizeof *slow_commands; i++) {
        if (is_command(text, len, slow_commands[i].command)) {
            return slow_commands[i].slow;
        }
    }
    return SLOW_NOT;
}

void stream_describe(const struct stream *s, struct stream_flight *f, const char *text, size_t len)
{
    f->asks_temp = is_command(text, len, "M105");
    f->alone = s->options.dialect->dwell_alone && is_command(text, len, "G4");
    f->slow = (uint8_t)slowness(text, len);
    f->saves = is_command(text, len, "M29");
}

struct stream_flight *stream_flight_at(struct stream *s, size_t i)
{
    return &s->flight[(s->flight_first + i) % STREAM_FLIGHT];
}

/* The line at place `from` is acknowledged before those from `to` on. */
void stream_flight_move(struct stream *s, size_t from, size_t to)
{
    struct stream_flight moved = *stream_flight_at(s, from);
    for (; from > to; from--) {
        *stream_flight_at(s, from) = *stream_flight_at(s, from - 1);
    }
    *stream_flight_at(s, to) = moved;
}

static void job_acked(struct stream *s, const struct stream_flight *f)
{
    if (f->n <= s->acked_n) {
        return; /* acknowledged before it was sent again */
    }
    atomic_fetch_add_explicit(&s->stats.job_lines, 1, memory_order_relaxed);
    atomic_store_explicit(&s->stats.job_offset, f->end_offset, memory_order_relaxed);
    atomic_store_explicit(&s->kept->job_acked, f->end_offset, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->kept->job_lines, 1, memory_order_relaxed);
}

/* Takes the oldest line out of flight. */
void stream_land(struct stream *s, bool acknowledged)
{
    struct stream_flight *f = stream_flight_at(s, 0);
    s->flight_first = (s->flight_first + 1) % STREAM_FLIGHT;
    s->flight_count--;
    s->acked += f->bytes;
    s->sync = s->sync && s->flight_count > 0;
    if (!acknowledged) {
        return;
    }
    atomic_fetch_add_explicit(&s->stats.lines, 1, memory_order_relaxed);
    if (f->kind == STREAM_JOB) {
        job_acked(s, f);
    }
    bool first = f->n > s->acked_n; /* else acknowledged before it was sent again */
    if (first && f->kind != STREAM_PROBE) {
        s->acked_n = f->n;
        atomic_store_explicit(&s->kept->acked_n, f->n, memory_order_relaxed);
    }
    if (first && f->kind == STREAM_INJECTED && f->tag != 0) {
        stream_tell(s, (struct stream_note){.kind = NOTE_DONE, .tag = f->tag, .n = f->n});
    }
}

/* A line that this ok names: by its number, or M105 by the temperatures. */
static size_t named_by(struct stream *s, const struct reply *r)
{
    for (size_t i = 0; i < s->flight_count; i++) {
        struct stream_flight *f = stream_flight_at(s, i);
        if (r->n > 0 ? f->n == (uint64_t)r->n : (r->temps && f->asks_temp)) {
            return i + 1;
        }
    }
    return 0;
}

/* How many lines plain oks acknowledge. One that may not be meant for the oldest line acknowledges
 * nothing: it is late or doubled, and its like has let a line out already. */
static size_t acked_plainly(struct stream *s, const struct reply *r)
{
    size_t lines = 0;
    for (; lines < s->flight_count && lines < (size_t)r->oks; lines++) {
        struct stream_flight *f = stream_flight_at(s, lines);
        bool asked = f->kind == STREAM_PROBE && s->probes < 2; /* else it is no question to it */
        if (asked || (f->asks_temp && s->temp_oks)) {
            break;
        }
    }
    return lines;
}

/* How many lines, from the oldest on, this ok acknowledges. */
static size_t acked_by(struct stream *s, const struct reply *r)
{
    size_t named = named_by(s, r);
    if (named > 0 || r->n > 0 || s->numbered_acks) {
        return named; /* 0: a doubled ok, or one that belongs to no line of ours */
    }
    bool of_wait = s->flight_count > 0 && stream_flight_at(s, 0)->slow != SLOW_NOT;
    if (r->temps && !of_wait) {
        s->temp_oks = true; /* plain oks ran ahead of the printer: here the one too many shows */
        return 0;
    }
    return acked_plainly(s, r);
}

/* "ok P15 B3" without N acknowledges an unnumbered line, and only that. */
static bool take_unnumbered_ok(struct stream *s, const struct reply *r)
{
    if (r->n >= 0 || r->temps || r->planner_free < 0) {
        return false;
    }
    for (size_t i = 0; i < s->flight_count; i++) {
        const struct stream_flight *f = stream_flight_at(s, i);
        if (f->n == 0 && f->kind != STREAM_PROBE) {
            stream_flight_move(s, i, 0);
            stream_land(s, true);
            return true;
        }
    }
    return false;
}

/* What this ok says of how the printer acknowledges. */
static void learn_acks(struct stream *s, const struct reply *r, size_t lines)
{
    s->numbered_acks =
        s->numbered_acks || (r->n > 0 && r->planner_free >= 0) || (r->n > 0 && lines > 0);
    if (r->temps && lines > 0 && stream_flight_at(s, lines - 1)->asks_temp) {
        s->temp_oks = true;
        s->since_sync = 0;
    } else {
        s->since_sync += s->job_active;
    }
}

static void acknowledge(struct stream *s, uint64_t now_us, const struct reply *r)
{
    struct stream_flight *f = stream_flight_at(s, 0);
    uint64_t rtt_us = now_us - f->sent_us;
    bool slow = f->slow != SLOW_NOT || f->kind == STREAM_URGENT;
    bool late = s->slow_behind > 0;
    bool probe = f->kind == STREAM_PROBE;
    if (!probe) { /* its answer is a Resend, no ok */
        s->work_us = now_us;
        s->probes = s->probing ? s->probes : 0;
    }
    s->slow_behind -= late;
    if (f->slow != SLOW_NOT && s->options.dialect->ok_on_receipt) {
        s->slow_behind = STREAM_BEHIND;
    }
    stream_land(s, true);
    if (slow || late || probe) {
        s->planner_empty_now = true; /* it waits until all moves are done */
    } else {
        stream_learn(s, r, rtt_us < UINT32_MAX ? (uint32_t)rtt_us : UINT32_MAX);
    }
}

/* Asked several times for the temperatures: one answer says that all before the first question is
 * done, and which question it belongs to does not matter. */
static void drop_questions(struct stream *s)
{
    bool asked = s->probing && s->options.dialect->probe == PROBE_TEMPERATURES;
    for (size_t i = 0; asked && i < s->flight_count; i++) {
        asked = stream_flight_at(s, i)->asks_temp;
    }
    while (asked && s->flight_count > 0) {
        stream_land(s, true);
    }
}

void stream_take_ok(struct stream *s, uint64_t now_us, const struct reply *r)
{
    s->owed_us = 0;
    if (take_unnumbered_ok(s, r)) {
        return;
    }
    size_t n = acked_by(s, r);
    learn_acks(s, r, n);
    stream_skipped(s, now_us, r, n);
    for (; n > 0; n--) {
        acknowledge(s, now_us, r);
    }
    s->saved = false;
    if (r->temps) {
        drop_questions(s);
    }
    s->probing = s->probing && s->flight_count > 0;
}

/* A line whose `len` bytes on the wire have been put is in flight. */
void stream_fly(struct stream *s, uint64_t now_us, size_t len, struct stream_flight flight)
{
    struct stream_flight *f = stream_flight_at(s, s->flight_count++);
    assert(s->flight_count <= STREAM_FLIGHT);
    if (s->flight_count == 1) {
        stream_heard(s, now_us);
        s->work_us = flight.kind != STREAM_PROBE ? now_us : s->work_us;
    }
    *f = flight;
    f->bytes = (uint32_t)len;
    f->sent_us = now_us;
}

void stream_commit(
    struct stream *s, uint64_t now_us, const char *bytes, size_t len, struct stream_flight flight)
{
    char wire[STREAM_WIRE_MAX];
    size_t wire_len = stream_pack_line(s, wire, bytes, len);
    assert(s->tx_len + wire_len <= sizeof s->tx);
    stream_put(s, wire, wire_len);
    stream_fly(s, now_us, wire_len, flight);
    if (s->tapped || flight.kind == STREAM_INJECTED) {
        char text[LINE_MAX_OUT];
        memcpy(text, bytes, len - 1);
        text[len - 1] = '\0';
        stream_tell(s, (struct stream_note){.kind = NOTE_SENT, .text = text, .len = len - 1});
    }
}

/* Gives a new line its number, keeps it for resends and commits it. */
void stream_commit_new(
    struct stream *s, uint64_t now_us, const char *text, size_t len, struct stream_flight flight)
{
    char line[LINE_MAX_OUT];
    uint64_t n = s->next_n++;
    size_t total = stream_format(s, line, n, text, len);
    s->resend_n = s->next_n;
    flight.n = n;
    stream_describe(s, &flight, text, len);
    history_put(&s->kept->history,
        &(struct history_line){.n = n,
            .end_offset = flight.end_offset,
            .seq = flight.seq,
            .tag = flight.tag,
            .len = (uint16_t)total,
            .kind = flight.kind},
        line);
    stream_commit(s, now_us, line, total, flight);
}
