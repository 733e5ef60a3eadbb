// link: ppcore ppvirtual_model
// with: virtual_printer
// quick: PP_SEEDS=100
/* The stream machine and the virtual printer with its faults, coupled on virtual time.
 *
 * The law: the printer executes the job's lines, each once and in order; or the stream has stopped
 * and said why, and what was executed is the beginning of the job. And it ends, always.
 *
 * tests/trace/faults/NAME.trace is an order and its golden transcript in one, parted by "---".
 * PP_UPDATE=1 rewrites the transcripts. Then jobs with several random faults each, by seed:
 * PP_SEED=n replays one and prints what went over the wire; PP_SEEDS=n runs that many.
 */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/stream.h"
#include "tests/lib/virtual_printer.h"

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRACES   PP_SOURCE_DIR "/tests/trace/faults"
#define SECOND   UINT64_C(1000000)
#define NEVER    UINT64_MAX
#define PATIENCE (2400 * SECOND) /* longer without progress is a hang */
#define AFTER    (60 * SECOND)   /* for what a printer has taken and not yet done */
#define JOB_MAX  66000
#define DONE_TAG 99
#define TEXT_MAX 100

/* ---- chance, for the second half ---- */

static uint64_t rng_state;

static uint64_t below(uint64_t n)
{
    uint64_t z = rng_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

/* ---- the bench ---- */

struct bench {
    struct stream stream;
    struct kept kept;
    struct stream_options options;
    struct spsc ring;
    struct virtual_printer *printer;
    struct line_split split;
    struct strbuf to_host;
    struct strbuf *out; /* the transcript; NULL = none */
    uint64_t now;
    uint64_t progress_us;
    uint64_t progress;
    uint64_t end_us; /* when it was finished */

    char (*job)[TEXT_MAX];
    size_t job_lines;
    size_t job_put;
    bool *injected;       /* by number */
    size_t greetings;     /* lines exchanged before anything breaks, as when connecting */
    struct strbuf faults; /* that begin after them; one a line */
    uint64_t person_us;   /* when somebody gives the urgent command */
    char person[TEXT_MAX];
    bool ended;
    bool finished;
    bool stopped;
    enum stream_note_kind stop_kind;

    size_t executed; /* the job's lines */
    size_t strays;   /* commands without a number: tails of broken lines */
    char broken[200];
};

static void broke(struct bench *b, const char *why)
{
    if (b->broken[0] == '\0') {
        str_copy(b->broken, sizeof b->broken, why, strlen(why));
    }
}

static void say(struct bench *b, const char *what, const char *text, size_t len)
{
    char safe[1024];
    if (b->out != NULL) {
        strbuf_printf(b->out, "%10.1f %s %s\n", (double)(b->now - SECOND) / 1000, what,
            str_escape(safe, sizeof safe, text, len));
    }
}

static const char *note_name(enum stream_note_kind kind)
{
    switch ((int)kind) {
    case NOTE_RESEND:
        return "resend";
    case NOTE_END:
        return "end";
    case NOTE_RESET:
        return "reset";
    case NOTE_HALT:
        return "halt";
    case NOTE_LOST:
        return "lost";
    case NOTE_NEED:
        return "need";
    default:
        return NULL;
    }
}

static void on_note(void *context, const struct stream_note *note)
{
    struct bench *b = context;
    const char *name = note_name(note->kind);
    if (name != NULL && b->out != NULL) {
        char text[300];
        snprintf(text, sizeof text, "%s%s%s", name, note->text != NULL ? ": " : "",
            note->text != NULL ? note->text : "");
        say(b, "!", text, strlen(text));
    }
    if (note->kind == NOTE_NUMBERED) {
        b->injected[note->n] = true;
    } else if (note->kind == NOTE_END) {
        b->ended = true;
        stream_inject(&b->stream, "M400", 4, 0);
        stream_inject(&b->stream, "M105", 4, DONE_TAG);
    } else if (note->kind == NOTE_DONE && note->tag == DONE_TAG) {
        b->finished = true;
        b->end_us = b->now;
    } else if (note->kind == NOTE_LOST || note->kind == NOTE_RESET || note->kind == NOTE_HALT) {
        b->stopped = true;
        b->stop_kind = note->kind;
        b->end_us = b->now;
    }
}

static void add_line(struct bench *b, const char *text)
{
    if (b->job_lines < JOB_MAX) {
        str_copy(b->job[b->job_lines++], TEXT_MAX, text, strlen(text));
    }
}

static void add_moves(struct bench *b, unsigned count)
{
    char line[TEXT_MAX];
    for (unsigned i = 1; i <= count; i++) {
        snprintf(line, sizeof line, "G1 X%u Y%u.%u", i % 200, i * 7 % 150, i % 10);
        add_line(b, line);
    }
}

/* Keeps the ring filled, as the owner of a file does. */
static void fill_ring(struct bench *b)
{
    while (b->job_put <= b->job_lines) {
        bool end = b->job_put == b->job_lines;
        const char *text = end ? "" : b->job[b->job_put];
        struct stream_item *item = spsc_reserve(&b->ring, sizeof *item + strlen(text));
        if (item == NULL) {
            return;
        }
        *item = (struct stream_item){.kind = end ? ITEM_END : ITEM_LINE,
            .generation = 1,
            .end_offset = 100 * (b->job_put + 1),
            .len = (uint16_t)strlen(text)};
        memcpy(item->text, text, item->len);
        spsc_push(&b->ring, sizeof *item + item->len);
        b->job_put++;
    }
}

static struct bench *new_bench(void)
{
    struct bench *b = mem_alloc(sizeof *b);
    b->now = SECOND;
    b->person_us = NEVER;
    b->job = mem_array(JOB_MAX, sizeof b->job[0]);
    b->injected = mem_array(JOB_MAX * 2, sizeof b->injected[0]);
    b->options = (struct stream_options){.dialect = dialect_by_name("marlin")};
    spsc_init(&b->ring, 1u << 16);
    return b;
}

static void free_bench(struct bench *b)
{
    if (b->printer != NULL) {
        virtual_printer_free(b->printer);
    }
    strbuf_fini(&b->to_host);
    strbuf_fini(&b->faults);
    spsc_fini(&b->ring);
    free(b->injected);
    free(b->job);
    free(b);
}

/* ---- time passes ---- */

static void show_sent(struct bench *b, const char *bytes, size_t len)
{
    for (const char *p = bytes, *end = bytes + len; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline != NULL ? newline : end;
        say(b, newline != NULL ? ">" : ">...", p, (size_t)(stop - p));
        p = stop + (newline != NULL);
    }
}

/* Writes all there is; the printer takes it at once, its wire takes its time. */
static void pump(struct bench *b)
{
    const char *bytes;
    size_t len;
    fill_ring(b);
    while ((len = stream_tx(&b->stream, b->now, &bytes)) > 0) {
        show_sent(b, bytes, len);
        virtual_printer_step(b->printer, b->now, bytes, len, &b->to_host);
        stream_wrote(&b->stream, len);
    }
}

static void receive(struct bench *b)
{
    const char *bytes = b->to_host.data;
    size_t left = b->to_host.len;
    const char *line;
    size_t len;
    while (line_next(&b->split, &bytes, &left, &line, &len)) {
        say(b, "<", line, len);
        stream_rx(&b->stream, b->now, line, len);
    }
    b->to_host.len = 0;
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

static void watch_progress(struct bench *b)
{
    uint64_t progress = b->stream.next_n + b->stream.acked_n;
    if (progress > b->progress) {
        b->progress = progress;
        b->progress_us = b->now;
    }
    if (b->now - b->progress_us > PATIENCE) {
        broke(b, "hangs");
    }
}

static void step(struct bench *b)
{
    pump(b);
    uint64_t next = virtual_printer_next_us(b->printer);
    uint64_t due = stream_deadline(&b->stream);
    next = next < due ? next : due;
    next = next < b->person_us ? next : b->person_us;
    next = b->to_host.len > 0 ? b->now : next;
    b->now = next > b->now ? next : b->now + 1;
    virtual_printer_step(b->printer, b->now, NULL, 0, &b->to_host);
    receive(b);
    tick(b);
    if (b->now >= b->person_us) {
        b->person_us = NEVER;
        stream_urgent(&b->stream, b->now, b->person, strlen(b->person));
    }
    watch_progress(b);
}

static void add_fault(struct bench *b, const char *line)
{
    char spec[200];
    char why[300];
    str_copy(spec, sizeof spec, line, strcspn(line, "\n"));
    if (!virtual_printer_fault(b->printer, spec, why, sizeof why)) {
        fail_msg("%s: %s", spec, why);
    }
}

static void run(struct bench *b)
{
    stream_init(&b->stream, &b->kept, &b->options, on_note, b);
    virtual_printer_step(b->printer, b->now, NULL, 0, &b->to_host);
    b->to_host.len = 0; /* the banner was read before */
    b->progress_us = b->now;
    for (size_t i = 0; i < b->greetings; i++) {
        stream_inject(&b->stream, "M105", 4, 0);
    }
    while (b->stream.acked_n < b->greetings) {
        step(b);
    }
    for (const char *p = strbuf_text(&b->faults); *p != '\0'; p += strcspn(p, "\n") + 1) {
        add_fault(b, p);
    }
    stream_begin(&b->stream, &b->ring, 1);
    while (!b->finished && !b->stopped && b->broken[0] == '\0') {
        step(b);
    }
    /* plain oks too many let it seem finished a few lines before it is */
    b->out = b->finished ? NULL : b->out;
    for (uint64_t end = b->now + AFTER; b->finished && !b->stopped && b->now < end;) {
        step(b);
    }
}

/* ---- the law ---- */

/* One executed command against the job; `n` counts the numbered ones. */
static void check_one(struct bench *b, long number, const char *text, long n)
{
    char why[160];
    if (number != n) {
        snprintf(why, sizeof why, "executed N%ld where N%ld was due", number, n);
        broke(b, why);
    } else if (!b->injected[number]) {
        if (b->executed >= b->job_lines || strcmp(text, b->job[b->executed]) != 0) {
            snprintf(why, sizeof why, "executed \"%.60s\" as N%ld", text, number);
            broke(b, why);
        }
        b->executed++;
    }
}

static void check_law(struct bench *b)
{
    long n = 0;
    for (const char *p = virtual_printer_executed(b->printer); *p != '\0';) {
        char text[TEXT_MAX * 2];
        size_t len = strcspn(p, "\n");
        char *rest;
        long number = strtol(p, &rest, 10);
        str_copy(text, sizeof text, rest + 1, (size_t)(p + len - rest - 1));
        if (number < 0) {
            b->strays++;
        } else {
            check_one(b, number, text, ++n);
        }
        p += len + 1;
    }
    if (b->finished && b->executed != b->job_lines) {
        broke(b, "ended with lines missing");
    }
}

static const char *verdict(const struct bench *b)
{
    return b->broken[0] != '\0' ? "broken" : b->finished ? "exact" : note_name(b->stop_kind);
}

/* ---- transcripts ---- */

struct order {
    char printer[4096];
    char law[64];
};

static void read_options(struct bench *b, const char *text)
{
    char dialect[32] = "marlin";
    char window[16] = "auto";
    unsigned rx = 0;
    int slots = 0;
    sscanf(text, "%31s window=%15s rx=%u slots=%d", dialect, window, &rx, &slots);
    b->options = (struct stream_options){.dialect = dialect_by_name(dialect),
        .rx_bytes = rx,
        .command_slots = slots,
        .window = strcmp(window, "bytes") == 0 ? STREAM_WINDOW_BYTES
                  : strcmp(window, "one") == 0 ? STREAM_WINDOW_ONE
                                               : STREAM_WINDOW_AUTO};
}

static void read_order(struct bench *b, struct order *o, const char *line)
{
    size_t used = strlen(o->printer);
    if (str_starts(line, "printer ")) {
        snprintf(o->printer + used, sizeof o->printer - used, " %s", line + 8);
    } else if (str_starts(line, "fault ")) {
        snprintf(o->printer + used, sizeof o->printer - used, " --fault \"%s\"", line + 6);
    } else if (str_starts(line, "stream ")) {
        read_options(b, line + 7);
    } else if (str_starts(line, "moves ")) {
        add_moves(b, (unsigned)atoi(line + 6));
    } else if (str_starts(line, "line ")) {
        add_line(b, line + 5);
    } else if (str_starts(line, "person ")) { /* SECONDS COMMAND */
        char *rest;
        b->person_us = SECOND + (uint64_t)(strtod(line + 7, &rest) * 1e6);
        str_copy(b->person, TEXT_MAX, rest + 1, strlen(rest + 1));
    } else if (str_starts(line, "law ")) {
        str_copy(o->law, sizeof o->law, line + 4, strlen(line + 4));
    } else if (line[0] != '#' && line[0] != '\0') {
        fail_msg("unknown order \"%s\"", line);
    }
}

/* The head of the file, copied to `out`. */
static void read_head(struct bench *b, struct order *o, const char *text, struct strbuf *out)
{
    while (*text != '\0' && !str_starts(text, "---")) {
        char line[512];
        size_t len = strcspn(text, "\n");
        assert_true(str_copy(line, sizeof line, text, len));
        strbuf_printf(out, "%s\n", line);
        read_order(b, o, line);
        text += len + (text[len] == '\n');
    }
    strbuf_puts(out, "---\n");
}

static void conclude(struct bench *b, struct strbuf *out)
{
    const char *spec;
    uint64_t fired;
    strbuf_printf(out, "= %s: %zu of %zu lines executed in %.1f s", verdict(b), b->executed,
        b->job_lines, (double)((b->end_us != 0 ? b->end_us : b->now) - SECOND) / 1e6);
    if (b->strays > 0) {
        strbuf_printf(out, ", %zu without a number", b->strays);
    }
    strbuf_printf(out, "%s%s\n", b->broken[0] != '\0' ? "; " : "", b->broken);
    for (size_t i = 0; (spec = virtual_printer_fired(b->printer, i, &fired)) != NULL; i++) {
        strbuf_printf(out, "= fired %" PRIu64 ": %s\n", fired, spec);
    }
    const char *halted = virtual_printer_halted(b->printer);
    if (halted != NULL) {
        strbuf_printf(out, "= the printer is dead: %s\n", halted);
    }
}

static char *read_file(const char *path)
{
    static char text[1u << 18];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* "law: exact", "law: lost", "law: exact or lost". */
static bool lawful(const struct bench *b, const char *law)
{
    return strstr(law, verdict(b)) != NULL;
}

static bool check_trace(const char *path)
{
    struct bench *b = new_bench();
    struct order o = {.printer = "--moves null --heat 1000"};
    struct strbuf out = {0};
    char why[300];
    char *expected = mem_strdup(read_file(path));
    read_head(b, &o, expected, &out);
    b->out = strstr(o.law, "quiet") != NULL ? NULL : &out;
    b->printer = virtual_printer_new(o.printer, why, sizeof why);
    if (b->printer == NULL) {
        fail_msg("%s: %s", path, why);
    }
    run(b);
    check_law(b);
    conclude(b, &out);
    bool good = lawful(b, o.law);
    if (!good) {
        print_error("%s: %s %s, but the law is \"%s\"\n", path, verdict(b), b->broken, o.law);
    }
    if (getenv("PP_UPDATE") != NULL) {
        write_file(path, strbuf_text(&out));
    } else if (strcmp(strbuf_text(&out), expected) != 0) {
        print_error("%s: is not as written\n", path);
        good = false;
    }
    free(expected);
    strbuf_fini(&out);
    free_bench(b);
    return good;
}

static int is_trace(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".trace") == 0;
}

static void every_class_of_fault_ends_lawfully(void **state)
{
    struct dirent **entries;
    char path[512];
    unsigned bad = 0;
    int n = scandir(TRACES, &entries, is_trace, alphasort);
    (void)state;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", TRACES, entries[i]->d_name);
        bad += !check_trace(path);
        free(entries[i]);
    }
    free(entries);
    assert_int_equal(bad, 0);
}

/* ---- mixed faults by seed ---- */

/* What may break by chance. Bursts are left out: an XOR of eight bits does not show all of them. */
static const char *const chances[] = {
    "do=resend",
    "do=resend,error=checksum,ok=late,ms=300",
    "do=resend,error=checksum,ok=no",
    "do=resend,error=none",
    "do=resend,keep=yes",
    "do=ignore",
    "do=ok-lost",
    "do=ok-double",
    "do=ok-late,ms=150",
    "do=ok-late,ms=2500",
    "do=ok-bad",
    "do=ok-bad,text=okk",
    "do=ok-joined",
    "do=ok-split",
    "do=ok-early",
    "do=lose",
    "do=lose,in=resend",
    "do=lose,in=error",
    "do=drip,ms=3",
    "do=slow,ms=12000",
    "do=slow,ms=3000,busy=no",
    "do=flip,dir=in",
    "do=flip,dir=out",
    "do=flip,dir=out,in=resend",
    "do=flip,dir=out,in=error",
    "do=flip,dir=out,in=ok",
    "do=drop,dir=in",
    "do=drop,dir=in,pos=end",
    "do=drop,dir=out",
    "do=drop,dir=out,pos=end",
    "do=insert,dir=in",
    "do=insert,dir=in,value=0",
    "do=insert,dir=out,value=128",
    "do=rx-flush",
    "do=stall,ms=4000",
    "do=stopped,for=6000",
    "do=foreign,text=M105",
    "do=say,text=ok",
    "do=say,text=//action:paused",
    "do=say,text=echo:busy: processing",
};

/* And what ends a print. */
static const char *const endings[] = {
    "do=awol",
    "do=fatal",
    "do=fatal,form=split",
    "do=reset",
    "do=reset,banner=no",
    "do=reset,pieces=4,value=128,ms=1500",
    "do=power-panic",
    "do=resend,times=always",
};

static const struct {
    const char *firmware;
    const char *dialect;
} pairs[] = {{"marlin-2.1", "marlin"}, {"marlin-2.1.1", "marlin"}, {"marlin-1.1.9", "marlin"},
    {"prusa-mk3", "prusa"}, {"sprinter", "sprinter"}, {"repetier", "repetier"}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void random_when(char *out, size_t out_size, size_t lines, bool bytes)
{
    unsigned n = (unsigned)(1 + below(lines));
    switch (below(4)) {
    case 0:
        snprintf(out, out_size, "line:%u", n);
        break;
    case 1:
        snprintf(out, out_size, "nth:%u", n);
        break;
    case 2:
        snprintf(out, out_size, "every:%u", (bytes ? 100 : 5) + (unsigned)below(20));
        break;
    default:
        snprintf(out, out_size, bytes ? "rate:0.%u%u%%" : "rate:%u.%u%%", (unsigned)below(4),
            1 + (unsigned)below(9));
        break;
    }
}

static void random_fault(struct bench *b)
{
    char when[40];
    bool ends = below(12) == 0;
    const char *what = ends ? endings[below(COUNT(endings))] : chances[below(COUNT(chances))];
    random_when(when, sizeof when, b->job_lines, strstr(what, "dir=") != NULL);
    strbuf_printf(&b->faults, "at=%s,%s,seed=%u\n", when, what, (unsigned)below(1000000));
}

static void random_bench(struct bench *b, struct strbuf *options)
{
    static const unsigned bauds[] = {57600, 115200, 250000};
    static const enum stream_window windows[] = {
        STREAM_WINDOW_AUTO, STREAM_WINDOW_ONE, STREAM_WINDOW_BYTES};
    size_t pair = below(COUNT(pairs));
    strbuf_printf(options, "--moves null --heat 1000 --firmware %s --baud %u --latency %u",
        pairs[pair].firmware, bauds[below(3)], (unsigned)below(12));
    if (below(3) == 0) {
        strbuf_puts(options, " --plain-ok");
    }
    b->options.dialect = dialect_by_name(pairs[pair].dialect);
    b->options.window = windows[below(3)];
    b->greetings = 5;
    add_moves(b, 15 + (unsigned)below(80));
    for (uint64_t n = 1 + below(4); n > 0; n--) {
        random_fault(b);
    }
}

struct totals {
    unsigned seeds;
    unsigned exact;
    unsigned stopped;
    unsigned broken;
    unsigned strays;
    uint64_t fired;
};

static void run_seed(uint64_t seed, bool verbose, struct totals *t)
{
    struct bench *b = new_bench();
    struct strbuf options = {0};
    struct strbuf transcript = {0};
    char why[300];
    rng_state = seed;
    random_bench(b, &options);
    b->out = verbose ? &transcript : NULL;
    b->printer = virtual_printer_new(strbuf_text(&options), why, sizeof why);
    if (b->printer == NULL) {
        fail_msg("%s: %s", strbuf_text(&options), why);
    }
    if (verbose) {
        printf("%s window %d\n", strbuf_text(&options), b->options.window);
        fputs(strbuf_text(&b->faults), stdout);
        fflush(stdout);
    }
    run(b);
    check_law(b);
    uint64_t fired;
    for (size_t i = 0; virtual_printer_fired(b->printer, i, &fired) != NULL; i++) {
        t->fired += fired;
    }
    t->seeds++;
    t->exact += b->finished;
    t->stopped += b->stopped;
    t->strays += b->strays > 0;
    t->broken += b->broken[0] != '\0';
    if (verbose) {
        conclude(b, &transcript);
        printf("%s", strbuf_text(&transcript));
    }
    if (b->broken[0] != '\0') {
        print_error("PP_SEED=%" PRIu64 ": %s (after %.1f s)\n%s\n%s", seed, b->broken,
            (double)b->now / 1e6, strbuf_text(&options), strbuf_text(&b->faults));
    }
    strbuf_fini(&options);
    strbuf_fini(&transcript);
    free_bench(b);
}

static void mixed_faults_end_lawfully(void **state)
{
    const char *one = getenv("PP_SEED");
    const char *many = getenv("PP_SEEDS");
    uint64_t seeds = many != NULL ? strtoull(many, NULL, 10) : 400;
    struct totals t = {0};
    (void)state;
    for (uint64_t seed = 1; one == NULL && seed <= seeds; seed++) {
        run_seed(seed, false, &t);
    }
    if (one != NULL) {
        run_seed(strtoull(one, NULL, 10), true, &t);
    }
    print_message("%u seeds, %" PRIu64 " faults fired: %u exact, %u stopped, %u broken; tails of "
                  "lines taken for commands in %u\n",
        t.seeds, t.fired, t.exact, t.stopped, t.broken, t.strays);
    assert_int_equal(t.broken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_of_fault_ends_lawfully),
        cmocka_unit_test(mixed_faults_end_lawfully),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
