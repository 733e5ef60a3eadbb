// link: ppcore ppvirtual_model
// quick: PP_SEEDS=400
/* The stream machine against a small model of a Marlin printer's serial side, in virtual time.
 *
 * In every second seed the host dies now and then, at any point between two calls, and another
 * goes on from what it kept.
 *
 * What must hold: the numbered commands executed are those of the job, in order, each once; nothing
 * of it is executed again after a restart of the printer, even if its banner was lost; the time is
 * bounded; no timer fires for nothing; the receive ring never overflows.
 *
 * PP_SEED=n replays one seed and prints what went over the wire; PP_SEEDS=n runs that many.
 */
#include "tests/prop/marlin_model.h"

#include "host/base/mem.h"
#include "host/core/stream.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define JOB_MAX    160
#define DONE_TAG   99
#define SET_UP_TAG 98
#define NUMBERS    0x7ff0bdbf /* from here on the stream begins its numbers anew */

/* ---- the bench ---- */

struct bench {
    struct stream stream;
    struct kept kept;
    struct spsc ring;
    struct printer printer;
    struct line_split split;
    uint64_t now;
    uint64_t progress_us;
    size_t progress;
    uint64_t write_again_us;
    bool whole_writes;
    struct stream_options options;
    uint32_t generation;
    uint64_t dies; /* one chance in so many at each step; 0 = never */
    unsigned deaths;

    size_t job_lines;
    size_t job_put;
    char job[JOB_MAX][MAX_CMD];
    uint64_t first_n;
    bool injected[MODEL_LOG]; /* by number, from the first on */
    size_t pause_at;
    bool begun;
    bool pausing;
    bool ended;
    bool finished;
    bool orders; /* given inside a note: the stream is to be asked again */
    unsigned drained;
    unsigned urgents;
    bool missed;        /* a damage that the checksum did not show */
    const char *broken; /* what went wrong, NULL = nothing */
    char lost[128];
};

static void broke(struct bench *b, const char *why)
{
    b->broken = b->broken != NULL ? b->broken : why;
}

static void inject(struct bench *b, const char *text, uint32_t tag)
{
    b->orders = true;
    if (!stream_inject(&b->stream, text, strlen(text), tag)) {
        broke(b, "an injected line was refused");
    }
}

static void on_drained(struct bench *b)
{
    b->drained++;
    if (!b->pausing || b->drained > 1) {
        broke(b, "drained was told for nothing");
        return;
    }
    inject(b, "G1 X0 Y0", 0);
    inject(b, "M105", 7);
}

static void on_done(struct bench *b, uint32_t tag, uint64_t n)
{
    b->kept.told_n = n;
    if (tag == 7) {
        b->pausing = false;
        b->orders = true;
        stream_release(&b->stream);
    } else if (tag == SET_UP_TAG) {
        b->orders = true;
        b->begun = true;
        stream_begin(&b->stream, &b->ring, 1);
    } else if (tag == DONE_TAG) {
        b->finished = true;
    }
}

/* A pause whose script is not yet queued drains once more. */
static void on_adopted(struct bench *b)
{
    b->orders = true;
    stream_rejoin(&b->stream, &b->ring, b->generation);
    if (!b->pausing) {
        stream_release(&b->stream);
    } else if (b->drained == 0) {
        stream_hold(&b->stream);
    }
}

static void on_note(void *context, const struct stream_note *note)
{
    struct bench *b = context;
    if (note->kind == NOTE_NUMBERED) {
        b->injected[note->n - b->first_n] = true;
    } else if (note->kind == NOTE_DRAINED) {
        on_drained(b);
    } else if (note->kind == NOTE_DONE) {
        on_done(b, note->tag, note->n);
    } else if (note->kind == NOTE_ADOPTED) {
        on_adopted(b);
    } else if (note->kind == NOTE_END && !b->ended) {
        b->ended = true;
        inject(b, "M400", 0);
        inject(b, "M105", DONE_TAG);
    } else if (note->kind == NOTE_LOST || note->kind == NOTE_RESET || note->kind == NOTE_HALT) {
        snprintf(b->lost, sizeof b->lost, "%s", note->text);
    }
}

static void put_item(struct bench *b, enum stream_item_kind kind, const char *text)
{
    size_t len = strlen(text);
    struct stream_item *item = spsc_reserve(&b->ring, sizeof *item + len);
    assert_non_null(item);
    *item = (struct stream_item){.kind = (uint16_t)kind,
        .generation = b->generation,
        .end_offset = 100 * (b->job_put + 1),
        .len = (uint16_t)len};
    memcpy(item->text, text, len);
    spsc_push(&b->ring, sizeof *item + len);
}

static void make_job(struct bench *b)
{
    b->job_lines = 20 + below(JOB_MAX - 20);
    for (; b->job_put < b->job_lines; b->job_put++) {
        char *line = b->job[b->job_put];
        size_t i = b->job_put;
        if (one_in(3)) {
            snprintf(line, sizeof b->job[0], "G1 X%zu", i);
        } else if (one_in(8)) {
            snprintf(line, sizeof b->job[0], "M117 %u %.*s", (unsigned)i, (int)below(70),
                "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor");
        } else {
            snprintf(line, sizeof b->job[0], "G1 X%zu.%03u Y%u.%03u E%u.%05u F%u", i,
                (unsigned)below(1000), (unsigned)below(200), (unsigned)below(1000),
                (unsigned)below(100), (unsigned)below(100000), (unsigned)below(20000));
        }
        put_item(b, one_in(40) ? ITEM_SYNC : ITEM_LINE, line);
    }
    put_item(b, ITEM_END, "");
}

/* The job's lines from `first` on, as another host reads them from the file. */
static void put_job_again(struct bench *b, size_t first)
{
    spsc_fini(&b->ring);
    spsc_init(&b->ring, 1u << 16);
    b->generation++;
    for (b->job_put = first; b->job_put < b->job_lines; b->job_put++) {
        put_item(b, ITEM_LINE, b->job[b->job_put]);
    }
    put_item(b, ITEM_END, "");
}

static const uint64_t noises[] = {0, 20000, 5000, 2000, 500};

static const uint64_t ok_faults[] = {200, 50, 20};

/* Where no checksum or no sequence is looked at, no host can mend what the wire breaks. */
static void set_kind(struct printer *p)
{
    if (p->kind == MODEL_MARLIN) {
        return;
    }
    p->advanced_ok = false;
    p->silent_repeats = false;
    p->ok_after_resend = p->kind != MODEL_SMOOTHIE;
    if (p->kind == MODEL_TEACUP || p->kind == MODEL_KLIPPER) {
        p->in.noise = 0;
        p->out.noise = 0;
    }
}

static const char *dialect_of(const struct printer *p)
{
    static const char *const names[] = {
        [MODEL_MARLIN] = "marlin",
        [MODEL_REPETIER] = "repetier",
        [MODEL_SMOOTHIE] = "smoothieware",
        [MODEL_TEACUP] = "teacup",
        [MODEL_KLIPPER] = "klipper",
    };
    static const char *const like_marlin[] = {"prusa", "marlin", "malyan", "sprinter"};
    return p->kind == MODEL_MARLIN ? like_marlin[below(4)] : names[p->kind];
}

static void make_printer(struct bench *b)
{
    struct printer *p = &b->printer;
    static const uint64_t byte_us[] = {87, 40, 10};
    uint64_t delay_us = one_in(2) ? below(2000) : below(20000);
    p->advanced_ok = one_in(2);
    p->silent_repeats = one_in(2);
    p->ok_after_resend = !one_in(4);
    p->busy = one_in(2);
    p->autoreport = one_in(3);
    p->in.byte_us = p->out.byte_us = byte_us[below(3)];
    p->in.delay_us = p->out.delay_us = delay_us;
    p->in.noise = noises[below(sizeof noises / sizeof *noises)];
    p->out.noise = noises[below(sizeof noises / sizeof *noises)];
    p->ok_faults = one_in(3) ? ok_faults[below(3)] : 0;
    p->kind = one_in(2) ? MODEL_MARLIN : (enum model_kind)below(5);
    set_kind(p);
    p->reset_at = one_in(20) ? 45 + below(JOB_MAX) : SIZE_MAX;
    p->poll_us = NEVER;
    p->done_us = NEVER;
}

/* As after two thousand million lines. */
static void count_on(struct bench *b)
{
    b->first_n = NUMBERS - below(JOB_MAX);
    b->stream.next_n = b->stream.resend_n = b->first_n;
    b->stream.acked_n = b->first_n - 1;
    b->printer.last_n = (long)b->first_n - 1;
}

static struct bench *make_bench(uint64_t seed)
{
    struct bench *b = mem_alloc(sizeof *b);
    static const enum stream_window windows[] = {
        STREAM_WINDOW_AUTO, STREAM_WINDOW_ONE, STREAM_WINDOW_BYTES};
    rng_state = seed;
    b->now = SECOND;
    b->whole_writes = one_in(2);
    b->pause_at = one_in(3) ? below(JOB_MAX) : SIZE_MAX;
    spsc_init(&b->ring, 1u << 16);
    b->generation = 1;
    b->dies = seed % 2 == 0 ? 20 + below(400) : 0;
    make_printer(b);
    b->options = (struct stream_options){.dialect = dialect_by_name(dialect_of(&b->printer)),
        .rx_bytes = one_in(2) ? RING : 0,
        .command_slots = one_in(2) ? SLOTS : 0,
        .window = windows[below(3)]};
    if (b->options.dialect->probe != PROBE_GAP) {
        b->dies = 0; /* nobody can go on after it */
    }
    stream_init(&b->stream, &b->kept, &b->options, on_note, b);
    b->first_n = 1;
    if (b->printer.kind == MODEL_MARLIN && one_in(4)) {
        count_on(b);
    }
    make_job(b);
    if (one_in(3) && b->printer.kind == MODEL_MARLIN) {
        b->printer.meatpack = b->printer.in.packed = true;
        b->options.meatpack = STREAM_PACK_WANTED;
        stream_set_options(&b->stream, &b->options);
    }
    inject(b, "M105", SET_UP_TAG); /* as after connecting; the job begins once it is answered */
    return b;
}

static void free_bench(struct bench *b)
{
    spsc_fini(&b->ring);
    free(b);
}

static void trace(const struct bench *b, const char *arrow, const char *bytes, size_t len)
{
    if (verbose) {
        printf("%12.3f %s %.*s%s\n", (double)b->now / 1000.0, arrow, (int)len, bytes,
            len > 0 && bytes[len - 1] == '\n' ? "" : "...");
    }
}

/* Writes as a port would: sometimes only a part, sometimes not at all for a while. */
static void pump(struct bench *b)
{
    const char *bytes;
    size_t len;
    b->write_again_us = NEVER;
    while ((len = stream_tx(&b->stream, b->now, &bytes)) > 0) {
        size_t n = b->whole_writes ? len : 1 + below(len);
        trace(b, ">", bytes, n);
        for (size_t i = 0; i < n; i++) {
            wire_put(&b->printer.in, b->now, bytes[i]);
        }
        stream_wrote(&b->stream, n);
        if (!b->whole_writes && one_in(8)) {
            b->write_again_us = b->now + 500;
            break;
        }
    }
}

static void receive(struct bench *b)
{
    char c;
    const char *line;
    size_t len;
    while (wire_get(&b->printer.out, b->now, &c)) {
        const char *bytes = &c;
        size_t left = 1;
        if (line_next(&b->split, &bytes, &left, &line, &len)) {
            trace(b, "                              <", line, len);
            stream_rx(&b->stream, b->now, line, len);
        }
    }
}

static void tick(struct bench *b)
{
    if (stream_deadline(&b->stream) > b->now) {
        return;
    }
    stream_tick(&b->stream, b->now);
    if (stream_deadline(&b->stream) <= b->now) {
        broke(b, "a timer fires for nothing");
    }
}

/* Something a person does now and then. */
static void meddle(struct bench *b)
{
    if (b->lost[0] != '\0' || b->ended || !b->begun) {
        return;
    }
    if (one_in(60)) {
        inject(b, one_in(2) ? "M105" : "M117 a*b; c", 3);
    }
    if (b->printer.kind == MODEL_MARLIN && one_in(120)) {
        b->urgents++;
        stream_urgent(&b->stream, b->now, "M108", 4);
    }
    if (b->printer.executions >= b->pause_at && b->drained == 0 && !b->pausing) {
        b->pausing = true;
        stream_hold(&b->stream);
    }
}

/* What the printer says meanwhile is lost or waits in the port. */
static void die(struct bench *b)
{
    char c;
    struct err e;
    bool lost = one_in(2);
    uint64_t back = b->now + below(3 * SECOND);
    uint64_t next;
    trace(b, "the host dies", "", 0);
    while ((next = printer_next(&b->printer)) <= back) {
        b->now = next > b->now ? next : b->now + 1;
        printer_step(&b->printer, b->now);
    }
    b->now = back;
    while (lost && wire_get(&b->printer.out, b->now, &c)) {
    }
    b->split.len = 0;
    b->deaths++;
    if (kept_check(&b->kept, &e) < 0) {
        broke(b, "what was kept is not believed");
        return;
    }
    put_job_again(b, (size_t)(b->kept.job_taken / 100));
    stream_adopt(&b->stream, &b->kept, &b->options, on_note, b, b->now);
}

static void watch_progress(struct bench *b)
{
    if (b->printer.executions != b->progress) {
        b->progress = b->printer.executions;
        b->progress_us = b->now;
    }
    if (b->now - b->progress_us > 1500 * SECOND) {
        broke(b, "hangs");
    }
}

static void step(struct bench *b)
{
    pump(b);
    /* the wire is new: the printer must hear of it */
    printer_step(&b->printer, b->now);
    if (b->orders) {
        b->orders = false;
        pump(b);
        printer_step(&b->printer, b->now);
    }
    uint64_t next = earlier(printer_next(&b->printer), wire_next_line(&b->printer.out));
    next = earlier(next, earlier(stream_deadline(&b->stream), b->write_again_us));
    if (next == NEVER) {
        broke(b, "nothing is left to wait for");
        return;
    }
    b->now = next > b->now ? next : b->now + 1;
    printer_step(&b->printer, b->now);
    receive(b);
    tick(b);
    meddle(b);
    bool often = b->dies > 0 && b->stream.renumber != 0 && one_in(8); /* it is soon over */
    if (b->begun && b->deaths < 12 && (often || one_in(b->dies)) && b->lost[0] == '\0' &&
        !b->finished) {
        die(b);
    }
    watch_progress(b);
}

/* The numbered commands executed are those sent: injected ones aside, the job. */
static void check_executed(struct bench *b, bool whole)
{
    const struct printer *p = &b->printer;
    size_t job = 0;
    for (size_t i = 0; i < p->executions; i++) {
        const struct executed *e = &p->executed[i];
        size_t from_first = (size_t)e->n - b->first_n;
        if (from_first != i) {
            broke(b, "executed out of order");
        } else if (!b->injected[from_first]) {
            if (job >= b->job_lines || strcmp(e->text, b->job[job]) != 0) {
                /* a line cut by a death and damaged as well may pass the check of eight bits */
                b->missed = (p->meatpack || b->deaths > 0) && p->in.damages > 0;
                broke(b, b->missed ? NULL : "executed what is not the job's line");
                return;
            }
            job++;
        }
    }
    if (whole && job != b->job_lines) {
        broke(b, "ended with lines missing");
    }
}

static void check_end(struct bench *b)
{
    const struct printer *p = &b->printer;
    bool noisy = p->faulty_oks > 0 || p->in.damages > 0 || p->out.damages > 0;
    bool very_noisy = p->in.noise == 500 || p->out.noise == 500;
    if (p->overflows == 0) { /* what it leaves of a line may pass the check of eight bits */
        check_executed(b, b->finished && !p->reset_done);
    }
    /* nothing tells a doubled plain ok from a right one before the next M105 does */
    bool misled = p->faulty_oks > 0 && !p->advanced_ok && p->kind != MODEL_REPETIER;
    /* nor do bytes that a dead host left count in the room for questions, which may overflow it */
    misled = misled || b->deaths > 0;
    if (p->overflows > 0 && !misled) {
        broke(b, "the receive ring overflowed");
    }
    size_t most = RING + b->urgents * strlen("123\nM108\n123");
    if (p->most_bytes > most && !misled) {
        broke(b, "more bytes in flight than the ring takes");
    }
    if (p->unnumbered > b->urgents && p->flushes == 0 && p->in.damages == 0 && !p->reset_done) {
        broke(b, "an unnumbered line for no reason");
    }
    if (p->after_reset && p->kind != MODEL_TEACUP && p->kind != MODEL_KLIPPER) {
        broke(b, "lines were executed after a restart of the printer");
    }
    if (p->reset_done) {
        return; /* told, or just ended before it showed */
    }
    if (b->lost[0] != '\0' && (!noisy || !very_noisy)) {
        broke(b, b->lost);
    }
    if (!noisy && p->flushes > 0 && b->deaths == 0 && b->urgents == 0) {
        broke(b, "an error on a clean wire");
    }
    if (b->pausing) {
        broke(b, "still pausing");
    }
}

/* Where an ok says no more than "received", or may be one too many, the end is told a little before
 * it is reached. */
static void run_dry(struct bench *b)
{
    struct printer *p = &b->printer;
    p->autoreport = false;
    for (uint64_t end = b->now + 60 * SECOND; printer_next(p) <= end;) {
        b->now = printer_next(p) > b->now ? printer_next(p) : b->now + 1;
        printer_step(p, b->now);
    }
}

struct totals {
    unsigned seeds;
    unsigned broken;
    unsigned given_up;
    unsigned missed;
    unsigned resends;
    unsigned damages;
    unsigned deaths;
};

static void run_seed(uint64_t seed, struct totals *t)
{
    struct bench *b = make_bench(seed);
    const struct printer *p = &b->printer;
    if (verbose) {
        printf(
            "kind %d ok_faults %" PRIu64
            " advanced_ok %d silent_repeats %d ok_after_resend %d busy %d window %d noise %" PRIu64
            "/%" PRIu64 "\n",
            p->kind, p->ok_faults, p->advanced_ok, p->silent_repeats, p->ok_after_resend, p->busy,
            b->stream.options.window, p->in.noise, p->out.noise);
    }
    while (!b->finished && b->broken == NULL && b->lost[0] == '\0') {
        step(b);
    }
    run_dry(b);
    check_end(b);
    t->seeds++;
    t->given_up += b->lost[0] != '\0';
    t->missed += b->missed;
    t->resends += p->flushes;
    t->damages += p->in.damages + p->out.damages;
    t->deaths += b->deaths;
    if (b->broken != NULL) {
        t->broken++;
        print_error("PP_SEED=%" PRIu64 ": %s on %s (after %.3f s, %zu executed of %zu)\n", seed,
            b->broken, b->stream.options.dialect->name, (double)b->now / 1e6, b->printer.executions,
            b->job_lines);
    }
    free_bench(b);
}

static void a_job_is_executed_line_by_line_whatever_the_wire_does(void **state)
{
    const char *one = getenv("PP_SEED");
    const char *many = getenv("PP_SEEDS");
    uint64_t seeds = many != NULL ? strtoull(many, NULL, 10) : 2000;
    struct totals t = {0};
    (void)state;
    if (one != NULL) {
        verbose = true;
        run_seed(strtoull(one, NULL, 10), &t);
    } else {
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            run_seed(seed, &t);
        }
    }
    print_message("%u seeds, %u bytes damaged, %u missed by a packed line's checksum, %u resends "
                  "asked for, %u "
                  "deaths, %u given up, %u broken\n",
        t.seeds, t.damages, t.missed, t.resends, t.deaths, t.given_up, t.broken);
    assert_int_equal(t.broken, 0);
    assert_true(t.missed * 500 <= t.damages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_executed_line_by_line_whatever_the_wire_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
