/* The messages of the exchange of content. */
#include "net/xfer_priv.h"

static bool say(struct xfer *x, const struct xpeer *to, bool bulk)
{
    bool sent = !to->dropped && x->io.send(x->io.context, to->queue, &to->peer, bulk,
                                    (const uint8_t *)x->out.data, x->out.len);
    x->out.len = 0;
    return sent;
}

static void begin(struct xfer *x, enum xfer_type type, const uint8_t *sha)
{
    x->out.len = 0;
    wire_put_u8(&x->out, (uint8_t)type);
    wire_put_raw(&x->out, sha, XFER_SHA);
}

bool xfer_say(struct xfer *x, const struct xpeer *to, enum xfer_type type, const uint8_t *sha)
{
    begin(x, type, sha);
    return say(x, to, false);
}

bool xfer_say_size(struct xfer *x, const struct xpeer *to, enum xfer_type type, const uint8_t *sha,
    int64_t size_bytes)
{
    begin(x, type, sha);
    wire_put_u64(&x->out, (uint64_t)size_bytes);
    return say(x, to, false);
}

bool xfer_say_index(
    struct xfer *x, const struct xpeer *to, enum xfer_type type, const uint8_t *sha, uint32_t index)
{
    begin(x, type, sha);
    wire_put_u32(&x->out, index);
    return say(x, to, false);
}

bool xfer_say_bytes(struct xfer *x, const struct xpeer *to, enum xfer_type type, const uint8_t *sha,
    uint32_t index, const uint8_t *bytes, size_t len)
{
    begin(x, type, sha);
    wire_put_u32(&x->out, index);
    wire_put_raw(&x->out, bytes, len);
    return say(x, to, type == SAY_CHUNK);
}

bool xfer_say_got(struct xfer *x, const struct xpeer *to, uint32_t count)
{
    x->out.len = 0;
    wire_put_u8(&x->out, SAY_GOT);
    wire_put_u32(&x->out, count);
    return say(x, to, false);
}

bool xfer_say_refuse(struct xfer *x, const struct xpeer *to, const uint8_t *sha, const char *why)
{
    begin(x, SAY_REFUSE, sha);
    wire_put_text(&x->out, why);
    return say(x, to, false);
}
