/* The stream machine under arbitrary orders, replies, clocks and ports.
 *
 * The input is a list of lines: the first character is the order, the rest its argument. What is
 * not an order is a line from the printer.
 */
#include "host/core/stream.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bench {
    struct stream stream;
    struct kept kept;
    struct spsc ring;
    uint64_t now_us;
    uint64_t offset;
    uint64_t last_n; /* numbers only rise */
    bool ended;      /* told once that the stream has stopped */
};

static void on_note(void *context, const struct stream_note *note)
{
    struct bench *b = context;
    assert(note->text == NULL || strlen(note->text) >= note->len);
    if (note->kind == NOTE_RESET || note->kind == NOTE_HALT || note->kind == NOTE_LOST) {
        assert(!b->ended);
        b->ended = true;
    }
    if (note->kind == NOTE_NUMBERED) {
        assert(note->n > b->last_n);
        b->last_n = note->n;
    }
}

static void check(const struct bench *b)
{
    const struct stream *s = &b->stream;
    assert(s->flight_count <= STREAM_FLIGHT && kept_waiting(s->kept) <= KEPT_INJECT);
    assert(s->tx_at <= s->tx_len && s->tx_len <= sizeof s->tx);
    assert(s->written <= s->committed && s->acked <= s->committed);
    assert(s->committed - s->written == s->tx_len - s->tx_at);
    assert(s->resend_n >= 1 && s->resend_n <= s->next_n && s->acked_n < s->next_n);
    assert(s->window >= 1 && s->window <= STREAM_FLIGHT / 2);
    assert(s->stopped == b->ended);
}

static void pump(struct bench *b, size_t most)
{
    const char *bytes;
    size_t len = stream_tx(&b->stream, b->now_us, &bytes);
    assert(len == 0 || !b->stream.stopped);
    stream_wrote(&b->stream, len < most ? len : most);
}

static void advance(struct bench *b, uint64_t us)
{
    uint64_t end = b->now_us + us;
    while (stream_deadline(&b->stream) <= end) {
        uint64_t due = stream_deadline(&b->stream);
        b->now_us = due > b->now_us ? due : b->now_us;
        stream_tick(&b->stream, b->now_us);
        assert(stream_deadline(&b->stream) > b->now_us);
        pump(b, SIZE_MAX);
    }
    b->now_us = end;
}

static void put(struct bench *b, enum stream_item_kind kind, const char *text, size_t len)
{
    len = strnlen(text, len < LINE_MAX_CMD ? len : LINE_MAX_CMD); /* pre-flight refuses binaries */
    struct stream_item *item = spsc_reserve(&b->ring, sizeof *item + len);
    if (item == NULL) {
        return;
    }
    b->offset += len + 1;
    *item = (struct stream_item){.kind = (uint16_t)kind,
        .n = len,
        .tag = (uint32_t)len,
        .generation = 1 + (len > 200),
        .end_offset = b->offset,
        .len = (uint16_t)len};
    memcpy(item->text, text, len);
    spsc_push(&b->ring, sizeof *item + len);
}

static void set_options(struct bench *b, const char *text, size_t len)
{
    unsigned char c[4] = {0};
    memcpy(c, text, len < 4 ? len : 4);
    const struct dialect *dialect = dialect_at(c[0] % 16);
    stream_set_options(
        &b->stream, &(struct stream_options){.dialect = dialect != NULL ? dialect : dialect_at(0),
                        .rx_bytes = c[1] * 16u,
                        .command_slots = c[2],
                        .window = (enum stream_window)(c[3] % 3),
                        .meatpack = (enum stream_pack_wish)(c[3] / 16 % 3)});
}

static void steer(struct bench *b, char order, size_t len)
{
    switch (order) {
    case 'b':
        stream_begin(&b->stream, &b->ring, 1 + (len == 1));
        break;
    case 'w':
        stream_rewound(&b->stream, 1 + (len == 1));
        break;
    case 'd':
        stream_drop_job(&b->stream);
        break;
    case 'h':
        stream_hold(&b->stream);
        break;
    case 'r':
        stream_release(&b->stream);
        break;
    default:
        stream_tap(&b->stream, len == 0);
        break;
    }
}

static void obey(struct bench *b, const char *line, size_t len)
{
    static const char items[] = "LSBRE"; /* in the order of enum stream_item_kind */
    const char *item = len > 0 ? memchr(items, line[0], sizeof items - 1) : NULL;
    if (item != NULL) {
        put(b, (enum stream_item_kind)(item - items), line + 1, len - 1);
    } else if (len > 0 && line[0] == 'i') {
        stream_inject(&b->stream, line + 1, len - 1, (uint32_t)len);
    } else if (len > 0 && line[0] == '!') {
        stream_urgent(&b->stream, b->now_us, line + 1, len - 1);
    } else if (len > 0 && line[0] == '+') {
        advance(b, len > 1 ? UINT64_C(1) << ((unsigned char)line[1] % 34) : 1000);
    } else if (len > 0 && line[0] == '>') {
        pump(b, len > 1 ? (unsigned char)line[1] : SIZE_MAX);
    } else if (len > 0 && line[0] == '=') {
        set_options(b, line + 1, len - 1);
    } else if (len > 0 && memchr("bwdhrt", line[0], 6) != NULL && len < 3) {
        steer(b, line[0], len - 1);
    } else {
        char text[LINE_MAX_IN + 1];
        len = len < LINE_MAX_IN ? len : LINE_MAX_IN;
        memcpy(text, line, len);
        text[len] = '\0';
        stream_rx(&b->stream, b->now_us, text, strlen(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bench *b;
    const char *bytes = (const char *)data;
    b = b != NULL ? b : calloc(1, sizeof *b);
    b->now_us = 1000000;
    b->offset = b->last_n = 0;
    b->ended = false;
    spsc_init(&b->ring, 1u << 14);
    stream_init(&b->stream, &b->kept,
        &(struct stream_options){.dialect = dialect_by_name(""), .window = STREAM_WINDOW_BYTES},
        on_note, b);
    while (size > 0) {
        const char *newline = memchr(bytes, '\n', size);
        size_t len = newline != NULL ? (size_t)(newline - bytes) : size;
        obey(b, bytes, len);
        check(b);
        bytes += len + (newline != NULL);
        size -= len + (newline != NULL);
    }
    spsc_fini(&b->ring);
    return 0;
}
