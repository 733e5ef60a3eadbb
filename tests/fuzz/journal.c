// link: ppapp
/* What another process has left: its words, and the memory of its stream.
 *
 * An input that begins with "{" is read as words; whatever is read must come out the same again.
 * Else it is a list of changes, five bytes each (where, what), to memory that a stream has left;
 * what kept_check() believes of it is gone on with, whatever the printer then says.
 */
#include "host/app/device/device_words.h"
#include "host/core/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_words(const char *bytes, size_t size)
{
    struct device_words w;
    struct device_words again;
    char text[DEVICE_WORDS + 1];
    char text_again[DEVICE_WORDS + 1];
    if (device_words_parse(&w, bytes, size, NULL) != 0) {
        assert(w.run_id[0] == '\0');
        return;
    }
    size_t len = device_words_format(&w, text);
    assert(len > 0 && device_words_parse(&again, text, len, NULL) == 0);
    assert(device_words_format(&again, text_again) == len && memcmp(text, text_again, len) == 0);
}

struct bench {
    struct kept kept;
    struct kept base; /* as a stream has left it */
    struct stream stream;
    struct spsc ring;
    uint64_t now_us;
};

static void on_note(void *context, const struct stream_note *note)
{
    (void)context;
    assert(note->text == NULL || strlen(note->text) >= note->len);
}

static void put_job_line(struct bench *b, const char *text, uint64_t end_offset)
{
    size_t len = strlen(text);
    struct stream_item *item = spsc_reserve(&b->ring, sizeof *item + len);
    *item = (struct stream_item){
        .kind = ITEM_LINE, .generation = 1, .end_offset = end_offset, .len = (uint16_t)len};
    memcpy(item->text, text, len);
    spsc_push(&b->ring, sizeof *item + len);
}

static void pump(struct bench *b)
{
    const char *bytes;
    size_t len;
    while ((len = stream_tx(&b->stream, b->now_us, &bytes)) > 0) {
        stream_wrote(&b->stream, len);
    }
    b->now_us += 1000;
}

static void hear(struct bench *b, const char *line)
{
    stream_rx(&b->stream, b->now_us, line, strlen(line));
    pump(b);
}

static const struct stream_options *options(void)
{
    static struct stream_options o;
    o.dialect = dialect_by_name("marlin");
    return &o;
}

static struct bench *make(void)
{
    struct bench *b = calloc(1, sizeof *b);
    spsc_init(&b->ring, 64 << 10);
    stream_init(&b->stream, &b->kept, options(), on_note, b);
    stream_begin(&b->stream, &b->ring, 1);
    stream_inject(&b->stream, "M75", 3, 0);
    for (int i = 0; i < 20; i++) {
        put_job_line(b, "G1 X10 Y20 E3", 100 + (uint64_t)i * 14);
        pump(b);
        hear(b, "ok");
    }
    stream_inject(&b->stream, "M400", 4, 3);
    pump(b);
    stream_inject(&b->stream, "M105", 4, 4);
    b->base = b->kept;
    return b;
}

static void go_on(struct bench *b)
{
    static const char *const words[] = {"ok", "Resend: 20", "ok", "ok T:20.0 /0.0", "ok",
        "Resend: 21", "ok", "Error:checksum mismatch, Last Line: 19", "Resend: 20", "ok", "ok",
        "ok"};
    stream_adopt(&b->stream, &b->kept, options(), on_note, b, b->now_us);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        pump(b);
        uint64_t due = stream_deadline(&b->stream);
        if (due != UINT64_MAX && due > b->now_us) {
            b->now_us = due;
        }
        stream_tick(&b->stream, b->now_us);
        pump(b);
        hear(b, words[i]);
        if (i == 6) {
            stream_rejoin(&b->stream, &b->ring, 1);
            stream_release(&b->stream);
        }
    }
}

static void try_memory(const uint8_t *data, size_t size)
{
    static struct bench *b;
    if (b == NULL) {
        b = make();
    }
    b->kept = b->base;
    for (; size >= 5; data += 5, size -= 5) {
        uint32_t at = (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2];
        bool far = data[3] & 1; /* the counters lie behind the history */
        size_t where = far ? sizeof(struct history) + at % (sizeof b->kept - sizeof(struct history))
                           : at % sizeof b->kept;
        ((uint8_t *)&b->kept)[where] = data[4];
    }
    if (kept_check(&b->kept, NULL) == 0) {
        go_on(b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == '{') {
        try_words((const char *)data, size);
    } else {
        try_memory(data, size);
    }
    return 0;
}
