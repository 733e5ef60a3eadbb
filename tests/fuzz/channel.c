// link: ppnet
/* Channels: bytes from outside before, in and after a handshake with fixed keys. However a genuine
 * stream is changed, what is delivered is a beginning of what was sent.
 *
 * The first byte says who hears (bit 0), how far the handshake is (bits 1–2: 0..3 messages) and
 * whether the rest are edits of a genuine stream (bit 3) or a stream of its own.
 */
#include "net/channel.h"

#include "host/base/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES 4

static const char genuine[] = "one|second|the third, which is longer|x|";

struct heard {
    struct strbuf text;
    unsigned frames;
};

static void on_frame(void *context, const uint8_t *frame, size_t len)
{
    struct heard *h = context;
    assert(len > 0 && len <= CHANNEL_FRAME_MAX);
    strbuf_add(&h->text, (const char *)frame, len);
    strbuf_puts(&h->text, "|");
    h->frames++;
}

static struct channel *make(struct identity *id, int i)
{
    static const uint8_t psk[32] = {5}, secret[2][32] = {{1}, {2}}, ephemeral[2][32] = {{3}, {4}};
    uint8_t seed[32] = {(uint8_t)(i + 1)};
    identity_from_seed(id, seed);
    struct channel_options o = {.self = id,
        .psk = psk,
        .static_secret = secret[i],
        .ephemeral_secret = ephemeral[i],
        .initiator = i == 0,
        .rekey_frames = 2};
    return channel_new(&o);
}

static void carry(struct channel *from, struct channel *to)
{
    size_t len;
    const uint8_t *bytes = channel_out(from, &len);
    int rc = channel_feed(to, bytes, len, on_frame, NULL, NULL);
    assert(rc == 0);
    channel_sent(from, len);
}

static void say_all(struct channel *c)
{
    const char *at = genuine;
    for (int i = 0; i < FRAMES; i++) {
        size_t len = (size_t)(strchr(at, '|') - at);
        int rc = channel_send(c, at, len, NULL);
        assert(rc == 0);
        at += len + 1;
    }
}

/* Three bytes an edit: where, what is done, with what. */
static size_t edit(uint8_t *stream, size_t len, const uint8_t *data, size_t size)
{
    for (; size >= 3 && len > 0; data += 3, size -= 3) {
        size_t at = data[0] % len;
        if (data[1] % 3 == 0) {
            stream[at] ^= data[2];
        } else if (data[1] % 3 == 1) { /* cut out */
            size_t n = data[2] % (len - at + 1);
            memmove(stream + at, stream + at + n, len - at - n);
            len -= n;
        } else { /* played again, or swapped with another place */
            size_t from = data[2] % len, n = len - (at > from ? at : from);
            memmove(stream + at, stream + from, n < 20 ? n : 20);
        }
    }
    return len;
}

static void feed(struct channel *c, const uint8_t *bytes, size_t len, struct heard *h)
{
    size_t step = len > 0 ? bytes[0] % 40 + 1 : 1;
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        struct err e;
        if (channel_feed(c, bytes + at, n, on_frame, h, &e) < 0) {
            assert(e.code == PP_EPROTO || e.code == PP_EAUTH || e.code == PP_EEXIST);
            assert(channel_feed(c, bytes, 1, on_frame, h, NULL) < 0);
            return;
        }
    }
}

static void check(struct channel *end[2], uint8_t how, const uint8_t *data, size_t size)
{
    struct heard h = {.frames = 0};
    struct channel *ear = end[how & 1], *mouth = end[1 - (how & 1)];
    uint8_t stream[512];
    size_t len = 0;
    if ((how & 8) != 0 && channel_is_open(mouth)) {
        say_all(mouth);
    }
    const uint8_t *said = channel_out(mouth, &len);
    if ((how & 8) != 0 && said != NULL) {
        assert(len <= sizeof stream);
        memcpy(stream, said, len);
        feed(ear, stream, edit(stream, len, data, size), &h);
    } else {
        feed(ear, data, size, &h);
        assert(h.frames == 0);
    }
    assert(h.text.len < sizeof genuine && memcmp(strbuf_text(&h.text), genuine, h.text.len) == 0);
    strbuf_fini(&h.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity id[2];
    if (size < 1 || identity_init() < 0) {
        return 0;
    }
    struct channel *end[2] = {make(&id[0], 0), make(&id[1], 1)};
    int messages = data[0] >> 1 & 3;
    for (int i = 0; i < messages; i++) {
        carry(end[i % 2], end[1 - i % 2]);
    }
    check(end, data[0], data + 1, size - 1);
    channel_free(end[0]);
    channel_free(end[1]);
    return 0;
}
