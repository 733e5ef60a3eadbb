#include "host/core/stream.h"

#include <assert.h>
#include <string.h>

#define MS UINT64_C(1000)

#define QUIET_US        (100 * MS)   /* no word for this long: the trouble is over */
#define LAST_OK_US      (500 * MS)   /* some firmwares send no ok after a Resend */
#define RETRY_US        (500 * MS)   /* an error text waits this long for its Resend */
#define SILENCE_US      (30000 * MS) /* no ok and no sign of life */
#define SILENCE_BUSY_US (8000 * MS)  /* the same where "busy" is sent every 2 s */
#define SILENCE_SLOW_US (600000 * MS)
#define PROBE_US        (3000 * MS)
#define PROBES          3
#define PROBE_AHEAD     1000 /* far enough ahead to be refused by every counter */
#define REPEATS         10
#define CLEAN_NUMBERED  50
#define CLEAN_PLAIN     200
#define HUNGRY          8
#define CHECKPOINT      256 /* job lines between two NOTE_CHECKPOINT */

/* Commands that keep the printer busy for long; not all firmwares say "busy" meanwhile. */
static const char *const slow_commands[] = {
    "G4", "G28", "G29", "G30", "G32", "M0", "M1", "M109", "M116", "M190", "M191", "M226", "M303",
    "M400", "M600", "M701", "M702",
};

static bool is_command(const char *text, size_t len, const char *command)
{
    size_t n = strlen(command);
    return len >= n && memcmp(text, command, n) == 0 && (len == n || text[n] == ' ');
}

static bool is_slow(const char *text, size_t len)
{
    if (text[0] == 'G' && (text[1] == '0' || text[1] == '1') && len > 2 && text[2] == ' ') {
        return false; /* nearly every line of a job */
    }
    for (size_t i = 0; i < sizeof slow_commands / sizeof *slow_commands; i++) {
        if (is_command(text, len, slow_commands[i])) {
            return true;
        }
    }
    return false;
}

static void tell(struct stream *s, struct stream_note note)
{
    s->note(s->context, &note);
}

static void tell_text(struct stream *s, enum stream_note_kind kind, const char *text)
{
    tell(s, (struct stream_note){.kind = kind, .text = text, .len = strlen(text)});
}

/* ---- set-up ----------------------------------------------------------------------------------- */

static size_t byte_limit(const struct stream *s)
{
    size_t rx = s->options.rx_bytes > 0 ? s->options.rx_bytes : 128;
    return rx * 3 / 4;
}

static int line_limit(const struct stream *s)
{
    int slots = s->options.command_slots > 0 ? s->options.command_slots : 4;
    int lines = slots > 2 ? slots - 1 : 1;
    return lines < STREAM_FLIGHT / 2 ? lines : STREAM_FLIGHT / 2;
}

static void set_window(struct stream *s, int lines)
{
    s->window = lines;
    atomic_store_explicit(&s->stats.window, (uint32_t)lines, memory_order_relaxed);
}

void stream_init(struct stream *s, const struct stream_options *options, stream_note_cb note,
    void *context)
{
    memset(s, 0, sizeof *s);
    s->note = note;
    s->context = context;
    s->next_n = 1;
    s->resend_n = 1;
    s->planner_max = -1;
    stream_set_options(s, options);
}

void stream_set_options(struct stream *s, const struct stream_options *options)
{
    s->options = *options;
    set_window(s, options->window == STREAM_WINDOW_BYTES ? line_limit(s) : 1);
}

void stream_tap(struct stream *s, bool on)
{
    s->tapped = on;
}

/* ---- the window ------------------------------------------------------------------------------- */

static bool has_more(struct stream *s)
{
    size_t len;
    return s->inject_count > 0 ||
           (s->job_active && !s->hold && !s->barrier && spsc_peek(s->job, &len) != NULL);
}

static void close_window(struct stream *s)
{
    if (!s->numbered_acks) {
        s->closed_for_good = true;
    }
    s->clean = 0;
    s->hungry = 0;
    s->planner_empty = false;
    set_window(s, 1);
}

static void maybe_open_window(struct stream *s)
{
    unsigned need = s->numbered_acks ? CLEAN_NUMBERED : CLEAN_PLAIN;
    bool evidence = s->planner_empty || s->hungry >= HUNGRY;
    if (s->options.window == STREAM_WINDOW_ONE || s->window > 1 || s->closed_for_good) {
        return;
    }
    if (s->clean >= need && evidence) {
        set_window(s, line_limit(s));
    }
}

/* Learns from one clean acknowledgement. */
static void learn(struct stream *s, const struct reply *r, uint32_t rtt_us)
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
    if (!has_more(s)) {
        return;
    }
    s->hungry = rtt_us <= 2 * s->rtt_min_us + 4 * MS ? s->hungry + 1 : 0;
    bool empty = r->planner_free >= 3 && r->planner_free == s->planner_max;
    if (empty && !s->planner_empty_now) {
        atomic_fetch_add_explicit(&s->stats.starved, s->job_active, memory_order_relaxed);
    }
    s->planner_empty_now = empty;
    s->planner_empty = s->planner_empty || empty;
    maybe_open_window(s);
}

/* ---- lines in flight --------------------------------------------------------------------------- */

static struct stream_flight *flight_at(struct stream *s, size_t i)
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
}

/* Takes the oldest line out of flight; `ok` = it was acknowledged. */
static void land(struct stream *s, bool ok)
{
    struct stream_flight *f = flight_at(s, 0);
    s->flight_first = (s->flight_first + 1) % STREAM_FLIGHT;
    s->flight_count--;
    s->acked += f->bytes;
    s->sync = s->sync && s->flight_count > 0;
    if (!ok) {
        return;
    }
    atomic_fetch_add_explicit(&s->stats.lines, 1, memory_order_relaxed);
    if (f->kind == STREAM_JOB) {
        job_acked(s, f);
    }
    if (f->n > s->acked_n && f->kind != STREAM_PROBE) {
        s->acked_n = f->n;
    }
    if (f->kind == STREAM_INJECTED && f->tag != 0) {
        tell(s, (struct stream_note){.kind = NOTE_DONE, .tag = f->tag, .n = f->n});
    }
}

/* How many lines, from the oldest on, this ok acknowledges. */
static size_t acked_by(struct stream *s, const struct reply *r)
{
    for (size_t i = 0; i < s->flight_count; i++) {
        struct stream_flight *f = flight_at(s, i);
        if (r->n > 0 ? f->n == (uint64_t)r->n : (r->temps && f->asks_temp)) {
            return i + 1;
        }
    }
    if (r->n > 0 || (s->numbered_acks && !r->temps)) {
        return 0; /* a doubled ok, or one that belongs to no line of ours */
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
        struct stream_flight found = *flight_at(s, i);
        if (found.n != 0) {
            continue;
        }
        for (; i > 0; i--) {
            *flight_at(s, i) = *flight_at(s, i - 1);
        }
        *flight_at(s, 0) = found;
        land(s, true);
        return true;
    }
    return false;
}

static void take_ok(struct stream *s, uint64_t now_us, const struct reply *r)
{
    if (take_unnumbered_ok(s, r)) {
        return;
    }
    size_t n = acked_by(s, r);
    s->numbered_acks = s->numbered_acks || (r->n > 0 && r->planner_free >= 0) || (r->n > 0 && n > 0);
    for (; n > 0; n--) {
        struct stream_flight *f = flight_at(s, 0);
        uint64_t rtt_us = now_us - f->sent_us;
        bool slow = f->slow || f->kind == STREAM_URGENT;
        land(s, true);
        if (!slow) {
            learn(s, r, rtt_us < UINT32_MAX ? (uint32_t)rtt_us : UINT32_MAX);
        }
    }
    s->probes = 0;
    s->probing = false;
}

static void commit(struct stream *s, uint64_t now_us, const char *bytes, size_t len,
    struct stream_flight flight)
{
    struct stream_flight *f = flight_at(s, s->flight_count++);
    assert(s->flight_count <= STREAM_FLIGHT && s->tx_len + len <= sizeof s->tx);
    if (s->flight_count == 1) {
        s->alive_us = now_us;
    }
    *f = flight;
    f->bytes = (uint32_t)len;
    f->sent_us = now_us;
    memcpy(s->tx + s->tx_len, bytes, len);
    s->tx_len += len;
    s->committed += len;
    if (s->tapped || flight.kind == STREAM_INJECTED) {
        char text[LINE_MAX_OUT];
        memcpy(text, bytes, len - 1);
        text[len - 1] = '\0';
        tell(s, (struct stream_note){.kind = NOTE_SENT, .text = text, .len = len - 1});
    }
}

/* Gives a new line its number, keeps it for resends and commits it. */
static void commit_new(struct stream *s, uint64_t now_us, const char *text, size_t len,
    struct stream_flight flight)
{
    char line[LINE_MAX_OUT];
    uint64_t n = s->next_n++;
    size_t total = line_format(line, n, text, len);
    s->resend_n = s->next_n;
    flight.n = n;
    flight.asks_temp = is_command(text, len, "M105");
    flight.slow = is_slow(text, len);
    history_put(&s->history,
        &(struct history_line){.n = n, .end_offset = flight.end_offset, .tag = flight.tag,
            .len = (uint16_t)total, .kind = flight.kind},
        line);
    commit(s, now_us, line, total, flight);
}

/* ---- taking lines ------------------------------------------------------------------------------ */

static bool take_injected(struct stream *s, uint64_t now_us)
{
    if (s->inject_count == 0) {
        return false;
    }
    struct stream_injected *i = &s->inject[s->inject_first];
    s->inject_first = (s->inject_first + 1) % STREAM_INJECT;
    s->inject_count--;
    tell(s, (struct stream_note){
                .kind = NOTE_NUMBERED, .n = s->next_n, .text = i->text, .len = i->len});
    commit_new(s, now_us, i->text, i->len,
        (struct stream_flight){.kind = STREAM_INJECTED, .tag = i->tag});
    return true;
}

static void take_job_line(struct stream *s, uint64_t now_us, const struct stream_item *item)
{
    if (s->next_n % CHECKPOINT == 0 || s->taken_offset == 0) {
        tell(s, (struct stream_note){
                    .kind = NOTE_CHECKPOINT, .n = s->next_n, .offset = item->end_offset});
    }
    s->sync = item->kind == ITEM_SYNC;
    s->taken_offset = item->end_offset;
    commit_new(s, now_us, item->text, item->len,
        (struct stream_flight){.kind = STREAM_JOB, .end_offset = item->end_offset});
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
    tell(s, note);
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

/* ---- sending again ----------------------------------------------------------------------------- */

static uint64_t oldest_kept(const struct stream *s)
{
    const char *bytes;
    uint64_t n = s->next_n;
    while (n > 1 && history_find(&s->history, n - 1, &bytes) != NULL) {
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
        tell(s, (struct stream_note){.kind = NOTE_NEED, .n = s->resend_n,
                    .until = oldest_kept(s), .offset = s->taken_offset});
    }
    while (s->job != NULL && (item = spsc_peek(s->job, &len)) != NULL) {
        bool wanted = item->generation == s->generation && item->kind == ITEM_REPLAY;
        if (!wanted && item->generation == s->generation) {
            return false;
        }
        if (wanted && item->n == s->resend_n) {
            size_t total = line_format(line, item->n, item->text, item->len);
            commit(s, now_us, line, total,
                (struct stream_flight){.n = s->resend_n++, .kind = STREAM_JOB,
                    .end_offset = item->end_offset, .slow = is_slow(item->text, item->len)});
            spsc_pop(s->job);
            return true;
        }
        spsc_pop(s->job);
    }
    return false;
}

static bool take_again(struct stream *s, uint64_t now_us)
{
    const char *bytes;
    const struct history_line *l = history_find(&s->history, s->resend_n, &bytes);
    if (l == NULL) {
        return take_replay(s, now_us);
    }
    const char *text = memchr(bytes, ' ', l->len);
    size_t len = (size_t)(bytes + l->len - text);
    s->need_told = false;
    s->resend_n++;
    commit(s, now_us, bytes, l->len,
        (struct stream_flight){.n = l->n, .kind = l->kind, .tag = l->tag,
            .end_offset = l->end_offset, .asks_temp = len > 5 && memcmp(text, " M105", 5) == 0,
            .slow = is_slow(text + 1, len - 1)});
    return true;
}

/* Forgets what was committed but not written; a line that is half out stays half. */
static void drop_unwritten(struct stream *s)
{
    s->mid_line = s->tx_at > 0 ? s->tx[s->tx_at - 1] != '\n' : s->mid_line;
    s->tx_at = 0;
    s->tx_len = 0;
    s->written = s->committed;
}

static unsigned accepted_in_flight(struct stream *s, uint64_t below_n)
{
    unsigned count = 0;
    for (size_t i = 0; i < s->flight_count; i++) {
        struct stream_flight *f = flight_at(s, i);
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

static void stop(struct stream *s, enum stream_note_kind kind, const char *why)
{
    s->stopped = true;
    tell_text(s, kind, why);
}

static void start_drain(struct stream *s, uint64_t now_us, uint64_t n)
{
    if (is_repeat_loop(s, n)) {
        stop(s, NOTE_LOST, "the printer asks for the same line again and again: check cable, "
                           "power supply and earth");
        return;
    }
    s->drain_oks = 1 + (s->probing ? 0 : accepted_in_flight(s, n));
    s->draining = true;
    s->probing = false;
    s->probes = 0;
    drop_unwritten(s);
    close_window(s);
    atomic_fetch_add_explicit(&s->stats.resends, n < s->next_n, memory_order_relaxed);
    if (n < s->next_n) {
        tell(s, (struct stream_note){.kind = NOTE_RESEND, .n = n});
    }
    s->resend_n = n;
    s->drain_quiet_us = now_us;
}

static void take_resend(struct stream *s, uint64_t now_us, int64_t asked)
{
    s->retry_pending = false;
    s->alive_us = now_us;
    if (asked < 0 || (s->flight_count == 0 && !s->draining && (uint64_t)asked == s->next_n)) {
        return; /* garbled, or for the line we are going to send anyway */
    }
    if ((uint64_t)asked > s->next_n || asked == 0) {
        stop(s, NOTE_LOST, "the printer asks for a line that was never sent: its line counter "
                           "and ours do not agree");
        return;
    }
    if (s->draining) {
        s->drain_oks++;
        s->resend_n = (uint64_t)asked;
        s->drain_quiet_us = now_us;
        return;
    }
    start_drain(s, now_us, (uint64_t)asked);
}

/* An ok while draining: of a line accepted before the trouble, of a Resend, or of a tail. */
static void drain_ok(struct stream *s, uint64_t now_us, const struct reply *r)
{
    struct stream_flight *f = s->flight_count > 0 ? flight_at(s, 0) : NULL;
    s->drain_quiet_us = now_us;
    s->drain_oks -= s->drain_oks > 0;
    while (f != NULL && f->n > 0 && f->n < s->resend_n && r->n >= 0 && f->n <= (uint64_t)r->n) {
        land(s, true);
        f = s->flight_count > 0 ? flight_at(s, 0) : NULL;
    }
}

/* What the printer accepted counts as acknowledged even if its ok was lost; the rest goes again. */
static void end_drain(struct stream *s)
{
    while (s->flight_count > 0) {
        struct stream_flight *f = flight_at(s, 0);
        land(s, f->kind != STREAM_PROBE && f->n < s->resend_n);
    }
    s->draining = false;
    s->acked = s->committed;
}

static void tick_drain(struct stream *s, uint64_t now_us)
{
    uint64_t quiet_us = now_us - s->drain_quiet_us;
    uint64_t patience_us = s->saw_busy ? SILENCE_BUSY_US : SILENCE_US;
    if ((s->drain_oks == 0 && quiet_us >= QUIET_US) || (s->drain_oks == 1 && quiet_us >= LAST_OK_US) ||
        quiet_us >= patience_us) {
        end_drain(s);
    }
}

/* ---- silence ------------------------------------------------------------------------------------ */

static uint64_t patience(const struct stream *s)
{
    if (s->probing) {
        return PROBE_US;
    }
    for (size_t i = 0; i < s->flight_count && !s->saw_busy; i++) {
        if (s->flight[(s->flight_first + i) % STREAM_FLIGHT].slow) {
            return SILENCE_SLOW_US;
        }
    }
    return s->saw_busy ? SILENCE_BUSY_US : SILENCE_US;
}

/* Asks which line the printer expects. Where that cannot be asked, takes the ok as lost. */
static void probe(struct stream *s, uint64_t now_us)
{
    char line[LINE_MAX_OUT + 1] = "\n";
    if (s->probes++ >= PROBES) {
        stop(s, NOTE_LOST, "the printer does not answer any more");
        return;
    }
    drop_unwritten(s);
    s->mid_line = false;
    s->alive_us = now_us;
    close_window(s);
    while (s->flight_count > (s->options.dialect->probe_by_gap ? STREAM_FLIGHT - 1 : 0)) {
        land(s, true);
    }
    if (s->options.dialect->probe_by_gap) {
        size_t len = 1 + line_format(line + 1, s->next_n + PROBE_AHEAD, "M105", 4);
        commit(s, now_us, line, len, (struct stream_flight){.kind = STREAM_PROBE});
    } else {
        stream_inject(s, "M105", 4, 0);
    }
    s->probing = s->options.dialect->probe_by_gap;
}

void stream_tick(struct stream *s, uint64_t now_us)
{
    if (s->stopped) {
        return;
    }
    if (s->draining) {
        tick_drain(s, now_us);
    } else if (s->retry_pending && now_us - s->retry_us >= RETRY_US) {
        s->retry_pending = false;
        probe(s, now_us);
    } else if (s->flight_count > 0 && now_us - s->alive_us >= patience(s)) {
        probe(s, now_us);
    }
}

uint64_t stream_deadline(const struct stream *s)
{
    if (s->stopped) {
        return UINT64_MAX;
    }
    if (s->draining) {
        return s->drain_quiet_us + (s->drain_oks > 0 ? LAST_OK_US : QUIET_US);
    }
    if (s->retry_pending) {
        return s->retry_us + RETRY_US;
    }
    return s->flight_count > 0 ? s->alive_us + patience(s) : UINT64_MAX;
}

/* ---- received lines ----------------------------------------------------------------------------- */

static void take_alive(struct stream *s, uint64_t now_us, bool in_trouble)
{
    s->alive_us = now_us;
    if (in_trouble && s->draining) {
        s->drain_quiet_us = now_us;
    }
}

static void take_retry(struct stream *s, uint64_t now_us)
{
    s->alive_us = now_us;
    if (s->draining) {
        s->drain_quiet_us = now_us;
    } else {
        s->retry_pending = true;
        s->retry_us = now_us;
    }
}

static void dispatch(struct stream *s, uint64_t now_us, const struct reply *r)
{
    switch (r->kind) {
    case REPLY_OK:
        s->alive_us = now_us;
        if (s->draining) {
            drain_ok(s, now_us, r);
        } else {
            take_ok(s, now_us, r);
        }
        break;
    case REPLY_WAIT:
        if (s->options.dialect->wait_is_idle && !s->draining && s->flight_count > 0) {
            take_ok(s, now_us, &(struct reply){.kind = REPLY_OK, .n = -1, .planner_free = -1});
        }
        break;
    case REPLY_RESEND:
        take_resend(s, now_us, r->n);
        break;
    case REPLY_BUSY:
        s->saw_busy = true;
        take_alive(s, now_us, true);
        break;
    case REPLY_RETRY:
    case REPLY_NO_ACK:
        take_retry(s, now_us);
        break;
    case REPLY_HALT:
        stop(s, NOTE_HALT, r->text);
        break;
    case REPLY_START:
        stop(s, NOTE_RESET, "the printer has restarted");
        break;
    case REPLY_TEXT:
        if (!r->temps || r->waiting) {
            take_alive(s, now_us, true);
        }
        break;
    case REPLY_ACTION:
    case REPLY_ERROR:
        take_alive(s, now_us, true);
        break;
    }
    if (r->reset && !s->stopped) {
        stop(s, NOTE_RESET, "the printer has restarted");
    }
}

void stream_rx(struct stream *s, uint64_t now_us, const char *line, size_t len)
{
    struct reply r;
    reply_parse(&r, line, len);
    bool bare = r.kind == REPLY_OK && !r.temps;
    if (len > 0 && (s->tapped || !bare)) {
        tell(s, (struct stream_note){.kind = NOTE_RECEIVED, .text = line, .len = len});
    }
    if (!s->stopped) {
        dispatch(s, now_us, &r);
    }
}

/* ---- bytes out ----------------------------------------------------------------------------------- */

static bool may_commit(const struct stream *s)
{
    size_t limit = byte_limit(s);
    if (s->stopped || s->draining || s->retry_pending || s->probing ||
        s->flight_count >= (size_t)s->window) {
        return false;
    }
    if (s->tx_len + LINE_MAX_OUT > sizeof s->tx) {
        return false;
    }
    /* whole lines only: leave room for a long one */
    size_t room = s->options.dialect->split_lines ? 1 : 48;
    return s->flight_count == 0 || s->committed - s->acked + room <= limit;
}

static bool take_line(struct stream *s, uint64_t now_us)
{
    if (s->resend_n < s->next_n) {
        return take_again(s, now_us);
    }
    return take_injected(s, now_us) || take_job(s, now_us);
}

static void tell_drained(struct stream *s)
{
    if (s->hold && !s->drained_told && s->flight_count == 0 && s->inject_count == 0 &&
        !s->draining && s->resend_n == s->next_n) {
        s->drained_told = true;
        tell(s, (struct stream_note){.kind = NOTE_DRAINED});
    }
}

/* Up to where bytes may be written: the receive buffer's share, or the oldest line whole. */
static uint64_t write_limit(struct stream *s)
{
    uint64_t limit = s->acked + byte_limit(s);
    if (!s->options.dialect->split_lines || s->flight_count == 0 || s->probing) {
        return s->committed;
    }
    uint64_t oldest_end = s->acked + flight_at(s, 0)->bytes;
    limit = limit > oldest_end ? limit : oldest_end;
    return limit > s->urgent_end ? limit : s->urgent_end;
}

static void close_broken_line(struct stream *s)
{
    s->tx[0] = '\n';
    s->tx_len = 1;
    s->committed++;
    s->acked++;
    s->mid_line = false;
}

size_t stream_tx(struct stream *s, uint64_t now_us, const char **bytes)
{
    if (s->tx_at == s->tx_len) {
        s->tx_at = 0;
        s->tx_len = 0;
    }
    if (s->mid_line && s->tx_len == 0 && may_commit(s)) {
        close_broken_line(s);
    }
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
    atomic_fetch_add_explicit(&s->stats.bytes, len, memory_order_relaxed);
}

/* ---- orders ---------------------------------------------------------------------------------------- */

bool stream_inject(struct stream *s, const char *text, size_t len, uint32_t tag)
{
    if (len == 0 || len > LINE_MAX_CMD || s->inject_count == STREAM_INJECT) {
        return false;
    }
    struct stream_injected *i =
        &s->inject[(s->inject_first + s->inject_count++) % STREAM_INJECT];
    memcpy(i->text, text, len);
    i->text[len] = '\0';
    i->len = (uint16_t)len;
    i->tag = tag;
    s->drained_told = false;
    return true;
}

/* Cuts the unwritten rest of a line that is half out; its broken half will be asked for again. */
static size_t cut_half_line(struct stream *s)
{
    char *rest = s->tx + s->tx_at;
    if (s->tx_at == 0 || s->tx_at == s->tx_len || rest[-1] == '\n') {
        return 0;
    }
    const char *newline = memchr(rest, '\n', s->tx_len - s->tx_at);
    size_t cut = newline != NULL ? (size_t)(newline + 1 - rest) : s->tx_len - s->tx_at;
    s->tx_at += cut;
    s->written += cut;
    return cut;
}

void stream_urgent(struct stream *s, uint64_t now_us, const char *text, size_t len)
{
    char line[LINE_MAX_OUT];
    size_t total = 0;
    if (s->stopped || len == 0 || len > LINE_MAX_CMD || s->flight_count == STREAM_FLIGHT) {
        return;
    }
    if (cut_half_line(s) > 0 || s->mid_line) {
        line[total++] = '\n';
        s->mid_line = false;
    }
    memcpy(line + total, text, len);
    total += len;
    line[total++] = '\n';
    size_t waiting = s->tx_len - s->tx_at;
    if (total + waiting > sizeof s->tx) {
        return;
    }
    commit(s, now_us, line, total, (struct stream_flight){.kind = STREAM_URGENT});
    /* commit() put it last: bring it to the front of what is unwritten */
    memmove(s->tx + total, s->tx + s->tx_at, waiting);
    memcpy(s->tx, line, total);
    s->tx_at = 0;
    s->tx_len = total + waiting;
    s->urgent_end = s->written + total;
}

void stream_begin(struct stream *s, struct spsc *ring, uint32_t generation)
{
    s->job = ring;
    s->generation = generation;
    s->job_active = true;
    s->hold = false;
    s->barrier = false;
    s->sync = false;
    s->closed_for_good = false;
    s->taken_offset = 0;
    atomic_store_explicit(&s->stats.job_lines, 0, memory_order_relaxed);
    atomic_store_explicit(&s->stats.job_offset, 0, memory_order_relaxed);
}

void stream_rewound(struct stream *s, uint32_t generation)
{
    s->generation = generation;
}

void stream_drop_job(struct stream *s)
{
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

void stream_release(struct stream *s)
{
    s->hold = false;
    s->barrier = false;
}
