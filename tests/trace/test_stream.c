// link: ppcore ppvirtual_model
/* Golden transcripts of the stream machine on virtual time.
 *
 * Each tests/trace/stream/NAME.trace is an input and its expected output in one: lines that begin
 * with
 * '>' (bytes written) or '!' (notes) are output, all others are orders. A test runs the orders,
 * writes down what happens after each and compares the whole text. PP_UPDATE=1 rewrites the files.
 * Packed lines are shown unpacked, "12 bytes: " before them; orders to the unpacker as its answer.
 */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/stream.h"
#include "tools/ppvirtual/meatpack.h"

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TRACES PP_SOURCE_DIR "/tests/trace/stream"
#define MS     1000

struct bench {
    struct stream stream;
    struct kept kept;
    struct spsc ring;
    uint64_t now_us;
    uint64_t offset;
    struct strbuf out;
    bool full;  /* the port takes only what is urgent */
    bool packs; /* the printer has MeatPack */
    struct meatpack unpacker;
    char line[512]; /* unpacked so far */
    size_t line_len;
    size_t line_bytes;
};

static const char *const note_names[] = {
    [NOTE_RECEIVED] = "received",
    [NOTE_SENT] = "sent",
    [NOTE_DONE] = "done",
    [NOTE_BARRIER] = "barrier",
    [NOTE_DRAINED] = "drained",
    [NOTE_END] = "end",
    [NOTE_RESEND] = "resend",
    [NOTE_NEED] = "need",
    [NOTE_CHECKPOINT] = "checkpoint",
    [NOTE_NUMBERED] = "numbered",
    [NOTE_ADOPTED] = "adopted",
    [NOTE_RESET] = "reset",
    [NOTE_HALT] = "halt",
    [NOTE_LOST] = "lost",
    [NOTE_NOISY] = "noisy",
    [NOTE_PACKING] = "packing",
};

/* Only what a reader wants to see: texts received are in the orders already. */
static void on_note(void *context, const struct stream_note *note)
{
    struct bench *b = context;
    if (note->kind == NOTE_RECEIVED || note->kind == NOTE_SENT || note->kind == NOTE_NUMBERED ||
        note->kind == NOTE_CHECKPOINT) {
        return;
    }
    strbuf_printf(&b->out, "! %s", note_names[note->kind]);
    if (note->tag != 0) {
        strbuf_printf(&b->out, " tag=%" PRIu32, note->tag);
    }
    if (note->n != 0) {
        strbuf_printf(&b->out, " n=%" PRIu64, note->n);
    }
    if (note->text != NULL) {
        strbuf_printf(&b->out, " %s", note->text);
    }
    strbuf_puts(&b->out, "\n");
}

static void show_line(struct bench *b, const char *end)
{
    if (b->unpacker.on) {
        strbuf_printf(
            &b->out, "> %zu bytes: %.*s%s\n", b->line_bytes, (int)b->line_len, b->line, end);
    } else {
        strbuf_printf(&b->out, "> %.*s%s\n", (int)b->line_len, b->line, end);
    }
    b->line_len = 0;
    b->line_bytes = 0;
}

/* What the printer unpacks of it. */
static void unpack(struct bench *b, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c[MEATPACK_CHARS];
        bool reports;
        size_t n = meatpack_feed(&b->unpacker, bytes[i], c, &reports);
        b->line_bytes++;
        for (size_t k = 0; k < n; k++) {
            if (c[k] == '\n') {
                show_line(b, "");
            } else if (b->line_len < sizeof b->line) {
                b->line[b->line_len++] = c[k];
            }
        }
        if (reports) {
            strbuf_printf(&b->out, "> %s", meatpack_state(&b->unpacker));
            b->line_bytes = 0;
        }
    }
    if (b->line_len > 0 && b->unpacker.full == 0) {
        show_line(b, "...");
    }
}

/* Writes what the stream hands out; a piece that ends in mid-line shows as "...". */
static void pump(struct bench *b)
{
    const char *bytes;
    size_t len;
    while ((len = stream_tx(&b->stream, b->now_us, &bytes)) > 0) {
        size_t urgent = stream_urgent_bytes(&b->stream);
        len = b->full && len > urgent ? urgent : len;
        if (len == 0) {
            break;
        }
        const char *end = bytes + len;
        if (b->packs) {
            unpack(b, bytes, len);
        }
        for (const char *p = b->packs ? end : bytes; p < end;) {
            const char *newline = memchr(p, '\n', (size_t)(end - p));
            const char *stop = newline != NULL ? newline : end;
            strbuf_printf(&b->out, "> %.*s%s\n", (int)(stop - p), p, newline != NULL ? "" : "...");
            p = newline != NULL ? newline + 1 : end;
        }
        stream_wrote(&b->stream, len);
    }
}

static void put(struct bench *b, enum stream_item_kind kind, uint32_t tag, const char *text)
{
    size_t len = strlen(text);
    struct stream_item *item = spsc_reserve(&b->ring, sizeof *item + len);
    assert_non_null(item);
    b->offset += len + 1;
    *item = (struct stream_item){.kind = (uint16_t)kind,
        .tag = tag,
        .generation = 1,
        .end_offset = b->offset,
        .len = (uint16_t)len};
    memcpy(item->text, text, len);
    spsc_push(&b->ring, sizeof *item + len);
}

static void advance(struct bench *b, uint64_t ms)
{
    uint64_t end = b->now_us + ms * MS;
    while (stream_deadline(&b->stream) <= end) {
        uint64_t due = stream_deadline(&b->stream);
        b->now_us = due > b->now_us ? due : b->now_us + MS;
        stream_tick(&b->stream, b->now_us);
        pump(b);
    }
    b->now_us = end;
    stream_tick(&b->stream, b->now_us);
}

static void set_options(struct bench *b, const char *text)
{
    char dialect[32] = "marlin";
    char window[16] = "auto";
    unsigned rx = 0;
    int slots = 0;
    sscanf(text, "%31s window=%15s rx=%u slots=%d", dialect, window, &rx, &slots);
    b->packs = strstr(text, " meatpack") != NULL;
    stream_set_options(
        &b->stream, &(struct stream_options){.dialect = dialect_by_name(dialect),
                        .rx_bytes = rx,
                        .command_slots = slots,
                        .meatpack = b->packs ? STREAM_PACK_WANTED : STREAM_PACK_NEVER,
                        .window = strcmp(window, "bytes") == 0 ? STREAM_WINDOW_BYTES
                                  : strcmp(window, "one") == 0 ? STREAM_WINDOW_ONE
                                                               : STREAM_WINDOW_AUTO});
}

/* "acks FROM TO": each of these lines is sent and acknowledged 1 ms later, ADVANCED_OK style. */
static void acks(struct bench *b, const char *text)
{
    char reply[64];
    unsigned from;
    unsigned to;
    assert_int_equal(sscanf(text, "%u %u", &from, &to), 2);
    for (; from <= to; from++) {
        b->now_us += MS;
        snprintf(reply, sizeof reply, "ok N%u P15 B3", from);
        stream_rx(&b->stream, b->now_us, reply, strlen(reply));
        pump(b);
    }
}

/* "chatter MS COUNT TEXT": the printer says it so often, so far apart. */
static void chatter(struct bench *b, const char *text)
{
    unsigned ms;
    unsigned count;
    int at = 0;
    assert_int_equal(sscanf(text, "%u %u %n", &ms, &count, &at), 2);
    for (; count > 0; count--) {
        advance(b, ms);
        stream_rx(&b->stream, b->now_us, text + at, strlen(text + at));
        pump(b);
    }
}

/* "plain N": so many plain oks 1 ms apart, or the temperatures where M105 was the last line out. */
static void plain(struct bench *b, int count)
{
    for (; count > 0; count--) {
        const struct stream *s = &b->stream;
        bool asked = s->flight_count > 0 && s->flight[s->flight_first].asks_temp;
        const char *reply = asked ? "ok T:20.0 /0.0 B:20.0 /0.0" : "ok";
        b->now_us += MS;
        stream_rx(&b->stream, b->now_us, reply, strlen(reply));
        pump(b);
    }
}

static void moves(struct bench *b, const char *text)
{
    char line[32];
    for (int i = 1; i <= atoi(text); i++) {
        snprintf(line, sizeof line, "G1 X%d", i);
        put(b, ITEM_LINE, 0, line);
    }
}

/* The host dies, with what was handed out written or not; another goes on. What the dead one had
 * taken from the ring is gone, what it had not is put there again by its successor: the same. */
static void adopt(struct bench *b)
{
    struct err e;
    struct stream_options options = b->stream.options;
    assert_int_equal(kept_check(&b->kept, &e), 0);
    stream_adopt(&b->stream, &b->kept, &options, on_note, b, b->now_us);
}

static bool word(const char *line, const char *name, const char **rest)
{
    size_t n = strlen(name);
    if (strncmp(line, name, n) != 0 || (line[n] != ' ' && line[n] != '\0')) {
        return false;
    }
    *rest = line + n + (line[n] == ' ');
    return true;
}

static void obey(struct bench *b, const char *line)
{
    const char *rest;
    if (word(line, "<", &rest)) {
        stream_rx(&b->stream, b->now_us, rest, strlen(rest));
    } else if (word(line, "job", &rest)) {
        put(b, ITEM_LINE, 0, rest);
    } else if (word(line, "moves", &rest)) {
        moves(b, rest);
    } else if (word(line, "sync", &rest)) {
        put(b, ITEM_SYNC, 0, rest);
    } else if (word(line, "barrier", &rest)) {
        put(b, ITEM_BARRIER, (uint32_t)atoi(rest), "");
    } else if (word(line, "end", &rest)) {
        put(b, ITEM_END, 0, "");
    } else if (word(line, "begin", &rest)) {
        stream_begin(&b->stream, &b->ring, 1);
    } else if (word(line, "inject", &rest)) {
        assert_true(stream_inject(&b->stream, rest, strlen(rest), 7));
    } else if (word(line, "urgent", &rest)) {
        stream_urgent(&b->stream, b->now_us, rest, strlen(rest));
    } else if (word(line, "full", &rest)) {
        b->full = atoi(rest) != 0;
    } else if (word(line, "hold", &rest)) {
        stream_hold(&b->stream);
    } else if (word(line, "release", &rest)) {
        stream_release(&b->stream);
    } else if (word(line, "adopt", &rest)) {
        adopt(b);
    } else if (word(line, "rejoin", &rest)) {
        stream_rejoin(&b->stream, &b->ring, 1);
    } else if (word(line, "drop", &rest)) {
        stream_drop_job(&b->stream);
    } else if (word(line, "chatter", &rest)) {
        chatter(b, rest);
    } else if (word(line, "plain", &rest)) {
        plain(b, atoi(rest));
    } else if (word(line, "acks", &rest)) {
        acks(b, rest);
    } else if (word(line, "number", &rest)) {
        b->stream.next_n = b->stream.resend_n = strtoull(rest, NULL, 10);
        b->stream.acked_n = b->stream.next_n - 1;
    } else if (word(line, "options", &rest)) {
        set_options(b, rest);
    } else if (line[0] == '+') {
        advance(b, (uint64_t)atoi(line + 1));
    } else if (line[0] != '#' && line[0] != '\0') {
        fail_msg("unknown order \"%s\"", line);
    }
}

static struct bench *make_bench(void)
{
    struct bench *b = mem_alloc(sizeof *b);
    b->now_us = 1000 * MS;
    spsc_init(&b->ring, 1u << 16);
    stream_init(&b->stream, &b->kept,
        &(struct stream_options){
            .dialect = dialect_by_name("marlin"), .window = STREAM_WINDOW_AUTO},
        on_note, b);
    return b;
}

static void run(struct bench *b, char *text)
{
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        if (line[0] == '>' || line[0] == '!') {
            continue;
        }
        strbuf_printf(&b->out, "%s\n", line);
        obey(b, line);
        pump(b);
    }
}

static char *read_file(const char *path)
{
    static char text[65536];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void check(const char *path)
{
    struct bench *b = make_bench();
    char *expected = mem_strdup(read_file(path));
    char *orders = mem_strdup(expected);
    run(b, orders);
    if (getenv("PP_UPDATE") != NULL) {
        FILE *f = fopen(path, "w");
        fputs(strbuf_text(&b->out), f);
        fclose(f);
    } else {
        print_message("%s\n", path);
        assert_string_equal(strbuf_text(&b->out), expected);
    }
    free(orders);
    free(expected);
    strbuf_fini(&b->out);
    spsc_fini(&b->ring);
    free(b);
}

static int is_trace(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".trace") == 0;
}

static void every_transcript_is_as_written(void **state)
{
    struct dirent **entries;
    char path[512];
    int n = scandir(TRACES, &entries, is_trace, alphasort);
    (void)state;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", TRACES, entries[i]->d_name);
        check(path);
        free(entries[i]);
    }
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_transcript_is_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
