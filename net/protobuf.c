#include "net/protobuf.h"

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5
};

struct protobuf_in protobuf_read(const void *bytes, size_t len)
{
    static const uint8_t nothing[1];
    return (struct protobuf_in){.at = bytes != NULL ? bytes : nothing, .left = len};
}

uint64_t protobuf_varint(struct protobuf_in *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; in->left > 0 && shift < 64; shift += 7) {
        uint8_t byte = *in->at++;
        in->left--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            bool wasted = byte == 0 && shift > 0;
            in->bad = in->bad || wasted || (shift == 63 && byte > 1);
            return in->bad ? 0 : value;
        }
    }
    in->bad = true;
    return 0;
}

static uint64_t fixed(struct protobuf_in *in, size_t size)
{
    uint64_t value = 0;
    if (in->left < size) {
        in->bad = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)in->at[i] << (8 * i);
    }
    in->at += size;
    in->left -= size;
    return value;
}

static void take_bytes(struct protobuf_in *in, struct protobuf_field *out)
{
    uint64_t len = protobuf_varint(in);
    if (in->bad || len > in->left) {
        in->bad = true;
        return;
    }
    out->is_bytes = true;
    out->bytes = in->at;
    out->len = (size_t)len;
    in->at += len;
    in->left -= (size_t)len;
}

bool protobuf_next(struct protobuf_in *in, struct protobuf_field *out)
{
    *out = (struct protobuf_field){0};
    if (in->bad || in->left == 0) {
        return false;
    }
    uint64_t tag = protobuf_varint(in);
    if (in->bad || tag >> 3 == 0 || tag >> 3 > UINT32_MAX) {
        in->bad = true;
        return false;
    }
    out->number = (uint32_t)(tag >> 3);
    switch (tag & 7) {
    case WIRE_VARINT:
        out->value = protobuf_varint(in);
        break;
    case WIRE_64:
        out->value = fixed(in, 8);
        break;
    case WIRE_BYTES:
        take_bytes(in, out);
        break;
    case WIRE_32:
        out->value = fixed(in, 4);
        break;
    default:
        in->bad = true;
    }
    return !in->bad;
}

void protobuf_put_varint(struct strbuf *b, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7) {
        bytes[n++] = (uint8_t)(value | 0x80);
    }
    bytes[n++] = (uint8_t)value;
    strbuf_add(b, bytes, n);
}

void protobuf_put_number(struct strbuf *b, uint32_t field, uint64_t value)
{
    protobuf_put_varint(b, (uint64_t)field << 3 | WIRE_VARINT);
    protobuf_put_varint(b, value);
}

void protobuf_put_bytes(struct strbuf *b, uint32_t field, const void *bytes, size_t len)
{
    protobuf_put_varint(b, (uint64_t)field << 3 | WIRE_BYTES);
    protobuf_put_varint(b, len);
    strbuf_add(b, bytes, len);
}
