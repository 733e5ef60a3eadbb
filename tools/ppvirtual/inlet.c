#include "tools/ppvirtual/inlet.h"

#include "tools/ppvirtual/reply.h"

void inlet_boot(struct model *m)
{
    ring_flush(&m->ring);
    m->unpacker = (struct meatpack){0};
    m->unpacked_len = 0;
    m->xoff = false;
}

static void say(struct model *m, bool xoff)
{
    m->xoff = xoff;
    m->xoffs += xoff;
    wire_send(&m->out, m->now_ns, xoff ? "\x13" : "\x11", 1);
}

void inlet_put(struct model *m, struct ring_byte b)
{
    ring_put(&m->ring, b);
    if (m->s.xonxoff && !m->xoff && m->ring.len >= m->ring.cap / 8) {
        say(m, true);
    }
}

static bool take(struct model *m, struct ring_byte *out)
{
    size_t low = m->ring.cap / 10 > 0 ? m->ring.cap / 10 : 1;
    bool taken = ring_get(&m->ring, out);
    if (m->xoff && m->ring.len < low) {
        say(m, false);
    }
    return taken;
}

/* The characters of one byte are there; false when an order was among them. */
static bool unpack(struct model *m, struct ring_byte b)
{
    bool reports;
    m->unpacked_at = 0;
    m->unpacked_len = (unsigned)meatpack_feed(&m->unpacker, b.c, m->unpacked, &reports);
    m->unpacked_from = b;
    if (reports) {
        reply(m, "%s", meatpack_state(&m->unpacker));
    }
    return !reports;
}

bool inlet_get(struct model *m, struct ring_byte *out)
{
    struct ring_byte b;
    if (!m->s.meatpack) {
        bool taken = take(m, out);
        m->chars_in += taken;
        return taken;
    }
    while (m->unpacked_len == 0) {
        if (!take(m, &b) || !unpack(m, b)) {
            return false;
        }
    }
    *out = m->unpacked_from;
    out->c = m->unpacked[m->unpacked_at++];
    m->unpacked_len--;
    m->chars_in++;
    return true;
}

bool inlet_waits(const struct model *m)
{
    return m->s.meatpack ? m->ring.len > 0 || m->unpacked_len > 0 : m->ring.ends > 0;
}

void inlet_flush(struct model *m)
{
    ring_flush(&m->ring);
    if (m->xoff) {
        say(m, false);
    }
}
