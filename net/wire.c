/* Bytes for other hosts and back. */
#include "net/wire.h"

#include <assert.h>
#include <string.h>

#define LEN_MAX 1024 /* of a text */

/* ---- writing ------------------------------------------------------------------------------------
 */

static void put(struct strbuf *b, uint64_t value, unsigned bytes)
{
    uint8_t out[8];
    for (unsigned i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
    strbuf_add(b, out, bytes);
}

void wire_put_u8(struct strbuf *b, uint8_t value)
{
    put(b, value, 1);
}

void wire_put_u16(struct strbuf *b, uint16_t value)
{
    put(b, value, 2);
}

void wire_put_u32(struct strbuf *b, uint32_t value)
{
    put(b, value, 4);
}

void wire_put_u64(struct strbuf *b, uint64_t value)
{
    put(b, value, 8);
}

void wire_put_raw(struct strbuf *b, const void *bytes, size_t len)
{
    if (len > 0) {
        strbuf_add(b, bytes, len);
    }
}

void wire_put_bytes(struct strbuf *b, const void *bytes, size_t len)
{
    assert(len <= UINT32_MAX);
    put(b, len, 4);
    wire_put_raw(b, bytes, len);
}

void wire_put_text(struct strbuf *b, const char *text)
{
    wire_put_bytes(b, text, strlen(text));
}

/* ---- reading ------------------------------------------------------------------------------------
 */

struct wire_in wire_read(const void *bytes, size_t len)
{
    return (struct wire_in){.at = bytes, .left = len};
}

const uint8_t *wire_raw(struct wire_in *in, size_t len)
{
    if (in->bad || len > in->left) {
        in->bad = true;
        return NULL;
    }
    const uint8_t *at = in->at;
    in->at += len;
    in->left -= len;
    return at;
}

static uint64_t get(struct wire_in *in, unsigned bytes)
{
    const uint8_t *at = wire_raw(in, bytes);
    uint64_t value = 0;
    for (unsigned i = 0; at != NULL && i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

uint8_t wire_u8(struct wire_in *in)
{
    return (uint8_t)get(in, 1);
}

uint16_t wire_u16(struct wire_in *in)
{
    return (uint16_t)get(in, 2);
}

uint32_t wire_u32(struct wire_in *in)
{
    return (uint32_t)get(in, 4);
}

uint64_t wire_u64(struct wire_in *in)
{
    return get(in, 8);
}

const uint8_t *wire_bytes(struct wire_in *in, size_t max, size_t *len)
{
    static const uint8_t none[1];
    size_t wanted = wire_u32(in);
    in->bad = in->bad || wanted > max;
    const uint8_t *at = wire_raw(in, wanted);
    *len = at != NULL ? wanted : 0;
    return at != NULL ? at : none;
}

void wire_text(struct wire_in *in, char *dst, size_t dst_size)
{
    size_t len;
    const uint8_t *at = wire_bytes(in, dst_size - 1, &len);
    char shown[LEN_MAX + 1];
    dst[0] = '\0';
    assert(dst_size <= LEN_MAX);
    str_escape(shown, sizeof shown, (const char *)at, len);
    if (strlen(shown) != len || memcmp(shown, at, len) != 0) {
        in->bad = true;
        return;
    }
    str_copy(dst, dst_size, (const char *)at, len);
}

bool wire_end(const struct wire_in *in)
{
    return !in->bad && in->left == 0;
}
