/* The frames of a link. */
#include "net/links_frame.h"

#include "net/wire.h"

#include <assert.h>
#include <string.h>

/* ---- writing: into a buffer that is there, since every frame of every message comes by here
 * ------
 */

struct pen {
    uint8_t *at;
};

static void put(struct pen *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = bytes; i > 0; i--) {
        *p->at++ = (uint8_t)(value >> (8 * (i - 1)));
    }
}

static void put_raw(struct pen *p, const uint8_t *bytes, size_t len)
{
    if (len > 0) {
        memcpy(p->at, bytes, len);
    }
    p->at += len;
}

static void put_who(struct pen *p, const struct frame *f)
{
    assert(f->len <= LINKS_INFO_MAX);
    put(p, f->from, 4);
    put(p, f->to, 4);
    put(p, f->flag, 1);
    if (f->flag) {
        put_raw(p, f->key, PEER_KEY_SIZE);
        put_raw(p, f->signature, IDENTITY_SIGNATURE);
    }
    put_raw(p, f->bytes, f->len);
}

static void put_first(struct pen *p, const struct frame *f)
{
    put(p, f->cls, 1);
    put(p, f->to, 4);
    put(p, f->kind, 1);
    put(p, f->total, 4);
    put_raw(p, f->bytes, f->len);
}

size_t frame_write(const struct frame *f, uint8_t *out)
{
    struct pen p = {out};
    assert(f->len <= FRAME_DATA);
    put(&p, f->type, 1);
    switch (f->type) {
    case FRAME_HELLO:
        put(&p, f->version, 2);
        put(&p, f->oldest, 2);
        put(&p, f->number, 8);
        put(&p, f->flag, 1);
        break;
    case FRAME_TAKEN:
        break;
    case FRAME_JOIN:
        put(&p, f->from, 4);
        put_raw(&p, f->tag, FRAME_TAG);
        put_raw(&p, f->proof, FRAME_PROOF);
        break;
    case FRAME_WHO:
        put_who(&p, f);
        break;
    case FRAME_READY:
        put(&p, f->from, 4);
        put(&p, f->to, 4);
        break;
    case FRAME_LEAVE:
        put(&p, f->from, 4);
        break;
    case FRAME_PING:
    case FRAME_PONG:
        put(&p, f->number, 8);
        break;
    case FRAME_BYE:
        put(&p, f->reason, 1);
        break;
    case FRAME_FIRST:
        put_first(&p, f);
        break;
    case FRAME_MORE:
        put(&p, f->cls, 1);
        put_raw(&p, f->bytes, f->len);
        break;
    }
    return (size_t)(p.at - out);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static bool flag(struct wire_in *in)
{
    uint8_t value = wire_u8(in);
    in->bad = in->bad || value > 1;
    return value == 1;
}

static void rest(struct wire_in *in, size_t max, struct frame *f)
{
    f->len = in->left;
    f->bytes = wire_raw(in, in->left <= max ? in->left : SIZE_MAX);
}

static enum link_class class(struct wire_in *in) {
    uint8_t value = wire_u8(in); in->bad = in->bad || value >= LINK_CLASSES;
        return in->bad ? LINK_CONTROL : (enum link_class)value;
}

static void read_hello(struct wire_in *in, struct frame *f)
{
    f->version = wire_u16(in);
    f->oldest = wire_u16(in);
    f->number = wire_u64(in);
    if (f->version == FRAME_VERSION) {
        f->flag = flag(in);
    } else { /* another version may say other things, and more */
        f->flag = wire_u8(in) != 0;
        wire_raw(in, in->left);
    }
}

static void read_who(struct wire_in *in, struct frame *f)
{
    f->from = wire_u32(in);
    f->to = wire_u32(in);
    f->flag = flag(in);
    if (f->flag) {
        f->key = wire_raw(in, PEER_KEY_SIZE);
        f->signature = wire_raw(in, IDENTITY_SIGNATURE);
    }
    rest(in, LINKS_INFO_MAX, f);
}

/* What begins here is all there or full, so that nobody sends a message in bytes. */
static void read_first(struct wire_in *in, struct frame *f)
{
    f->cls = class(in);
    f->to = wire_u32(in);
    f->kind = wire_u8(in);
    f->total = wire_u32(in);
    rest(in, FRAME_DATA, f);
    if (f->total > LINKS_MESSAGE_MAX || f->len != (f->total < FRAME_DATA ? f->total : FRAME_DATA)) {
        in->bad = true;
    }
}

static void read_more(struct wire_in *in, struct frame *f)
{
    f->cls = class(in);
    rest(in, FRAME_DATA, f);
    in->bad = in->bad || f->len == 0;
}

static void read_fields(struct wire_in *in, struct frame *f)
{
    switch (f->type) {
    case FRAME_HELLO:
        read_hello(in, f);
        break;
    case FRAME_TAKEN:
        break;
    case FRAME_JOIN:
        f->from = wire_u32(in);
        f->tag = wire_raw(in, FRAME_TAG);
        f->proof = wire_raw(in, FRAME_PROOF);
        break;
    case FRAME_WHO:
        read_who(in, f);
        break;
    case FRAME_READY:
        f->from = wire_u32(in);
        f->to = wire_u32(in);
        break;
    case FRAME_LEAVE:
        f->from = wire_u32(in);
        break;
    case FRAME_PING:
    case FRAME_PONG:
        f->number = wire_u64(in);
        break;
    case FRAME_BYE:
        f->reason = wire_u8(in);
        break;
    case FRAME_FIRST:
        read_first(in, f);
        break;
    case FRAME_MORE:
        read_more(in, f);
        break;
    }
}

bool frame_read(const uint8_t *bytes, size_t len, struct frame *out)
{
    struct wire_in in = wire_read(bytes, len);
    memset(out, 0, sizeof *out);
    uint8_t type = wire_u8(&in);
    if (type < FRAME_HELLO || type > FRAME_MORE || len > FRAME_MAX) {
        return false;
    }
    out->type = (enum frame_type)type;
    read_fields(&in, out);
    return wire_end(&in);
}
