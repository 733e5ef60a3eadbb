#include "host/core/stream_priv.h"

#include <assert.h>
#include <string.h>

/* Commands that keep the printer busy for long; not all firmwares say "busy" meanwhile. */
static const struct {
    const char *command;
    enum stream_pace pace;
} slow_commands[] = {
    {"G4", PACE_SLOW},
    {"G28", PACE_SLOW},
    {"G29", PACE_SLOW},
    {"G30", PACE_SLOW},
    {"G32", PACE_SLOW},
    {"M0", PACE_PERSON},
    {"M1", PACE_PERSON},
    {"M109", PACE_SLOW},
    {"M116", PACE_SLOW},
    {"M190", PACE_SLOW},
    {"M191", PACE_SLOW},
    {"M226", PACE_PERSON},
    {"M303", PACE_SLOW},
    {"M400", PACE_SLOW},
    {"M600", PACE_PERSON},
    {"M701", PACE_PERSON},
    {"M702", PACE_PERSON},
};

static bool is_command(const char *text, size_t len, const char *command)
{
    size_t n = strlen(command);
    bool begins = len >= n && memcmp(text, command, n) == 0;
    return begins && (len == n || text[n] == ' ' || text[n] == '*');
}

enum stream_pace stream_pace(const char *text, size_t len)
{
    if (text[0] == 'G' && (text[1] == '0' || text[1] == '1') && len > 2 && text[2] == ' ') {
        return PACE_QUICK; /* nearly every line of a job */
    }
    for (size_t i = 0; i < sizeof slow_commands / sizeof *slow_commands; i++) {
        if (is_command(text, len, slow_commands[i].command)) {
            return slow_commands[i].pace;
        }
    }
    return PACE_QUICK;
}

struct stream_flight *stream_flight_at(struct stream *s, size_t i)
{
    return &s->flight[(s->flight_first + i) % STREAM_FLIGHT];
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

/* How many lines, from the oldest on, this ok acknowledges. */
static size_t acked_by(struct stream *s, const struct reply *r)
{
    for (size_t i = 0; i < s->flight_count; i++) {
        struct stream_flight *f = stream_flight_at(s, i);
        if (r->n > 0 ? f->n == (uint64_t)r->n : (r->temps && f->asks_temp)) {
            return i + 1;
        }
    }
    if (r->n > 0 || s->numbered_acks) {
        return 0; /* a doubled ok, or one that belongs to no line of ours */
    }
    if (r->temps && s->temps_owed) {
        s->temps_owed = false; /* plain oks ran ahead of the printer: here the one too many shows */
        return 0;
    }
    return s->flight_count > 0 ? 1 : 0;
}

/* "ok P15 B3" without N acknowledges an unnumbered line, and only that. */
static bool take_unnumbered_ok(struct stream *s, const struct reply *r)
{
    if (r->n >= 0 || r->temps || r->planner_free < 0) {
        return false;
    }
    for (size_t i = 0; i < s->flight_count; i++) {
        struct stream_flight found = *stream_flight_at(s, i);
        if (found.n != 0) {
            continue;
        }
        for (; i > 0; i--) {
            *stream_flight_at(s, i) = *stream_flight_at(s, i - 1);
        }
        *stream_flight_at(s, 0) = found;
        stream_land(s, true);
        return true;
    }
    return false;
}

void stream_take_ok(struct stream *s, uint64_t now_us, const struct reply *r)
{
    if (take_unnumbered_ok(s, r)) {
        return;
    }
    size_t n = acked_by(s, r);
    s->numbered_acks =
        s->numbered_acks || (r->n > 0 && r->planner_free >= 0) || (r->n > 0 && n > 0);
    for (; n > 0; n--) {
        struct stream_flight *f = stream_flight_at(s, 0);
        uint64_t rtt_us = now_us - f->sent_us;
        bool slow = f->pace != PACE_QUICK || f->kind == STREAM_URGENT;
        s->probes = f->kind == STREAM_PROBE ? s->probes : 0; /* its answer is a Resend, no ok */
        s->temps_owed = s->temps_owed || (f->asks_temp && !r->temps);
        stream_land(s, true);
        if (slow) {
            s->planner_empty_now = true; /* it waits until all moves are done */
        } else {
            stream_learn(s, r, rtt_us < UINT32_MAX ? (uint32_t)rtt_us : UINT32_MAX);
        }
    }
    s->saved = false;
    s->probing = false;
}

/* A line whose `len` bytes on the wire have been put is in flight. */
void stream_fly(struct stream *s, uint64_t now_us, size_t len, struct stream_flight flight)
{
    struct stream_flight *f = stream_flight_at(s, s->flight_count++);
    assert(s->flight_count <= STREAM_FLIGHT);
    if (s->flight_count == 1) {
        s->alive_us = now_us;
        s->ok_us = now_us;
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
    size_t total = line_format(line, n, text, len);
    s->resend_n = s->next_n;
    flight.n = n;
    flight.asks_temp = is_command(text, len, "M105");
    flight.pace = stream_pace(text, len);
    flight.saves = is_command(text, len, "M29");
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
