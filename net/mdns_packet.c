/* Multicast DNS packets: names, reader, writer. */
#include "net/mdns_packet.h"

#include <string.h>

#define HEADER   12
#define CLASS_IN 1
#define UNIQUE   0x8000 /* cache-flush in a record, unicast wanted in a question */

/* ---- names --------------------------------------------------------------------------------------
 */

static bool name_add(struct mdns_name *n, const void *label, size_t len)
{
    if (len == 0 || len > MDNS_LABEL_MAX || n->len + len + 2 > MDNS_NAME_MAX) {
        return false; /* with the root's 0 it must still fit */
    }
    n->wire[n->len] = (uint8_t)len;
    memcpy(n->wire + n->len + 1, label, len);
    n->len = (uint8_t)(n->len + len + 1);
    return true;
}

static bool name_end(struct mdns_name *n)
{
    n->wire[n->len] = 0;
    n->len++;
    return true;
}

bool mdns_name_set(struct mdns_name *out, const char *dotted)
{
    out->len = 0;
    while (*dotted != '\0') {
        size_t len = strcspn(dotted, ".");
        if (!name_add(out, dotted, len)) {
            return false;
        }
        dotted += len + (dotted[len] == '.');
    }
    return name_end(out);
}

bool mdns_name_child(struct mdns_name *out, const char *label, const struct mdns_name *parent)
{
    out->len = 0;
    if (!name_add(out, label, strlen(label)) || out->len + parent->len > MDNS_NAME_MAX) {
        return false;
    }
    memcpy(out->wire + out->len, parent->wire, parent->len);
    out->len = (uint8_t)(out->len + parent->len);
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Lengths are below 'A', so they match only themselves. */
static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool mdns_name_equal(const struct mdns_name *a, const struct mdns_name *b)
{
    return a->len == b->len && same(a->wire, b->wire, a->len);
}

bool mdns_name_below(
    const struct mdns_name *name, const struct mdns_name *parent, char label[MDNS_LABEL_MAX + 1])
{
    size_t skip = (size_t)name->wire[0] + 1;
    if (name->len != skip + parent->len || !same(name->wire + skip, parent->wire, parent->len)) {
        return false;
    }
    memcpy(label, name->wire + 1, skip - 1);
    label[skip - 1] = '\0';
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* A name at *pos, which goes behind it; pointers lead backwards only, so it ends. */
static bool read_name(const struct mdns_reader *r, size_t *pos, struct mdns_name *out)
{
    size_t at = *pos;
    size_t limit = r->len; /* a pointer leads before the place it stands at */
    bool jumped = false;
    out->len = 0;
    while (at < limit) {
        uint8_t c = r->bytes[at];
        if (c == 0) {
            *pos = jumped ? *pos : at + 1;
            return name_end(out);
        }
        if ((c & 0xc0) == 0xc0) {
            if (at + 2 > r->len) {
                return false;
            }
            *pos = jumped ? *pos : at + 2;
            jumped = true;
            limit = at;
            at = (size_t)(u16(r->bytes + at) & 0x3fff);
            continue;
        }
        if (c > MDNS_LABEL_MAX || at + 1 + c > r->len || !name_add(out, r->bytes + at + 1, c)) {
            return false;
        }
        at += (size_t)c + 1;
    }
    return false;
}

bool mdns_read_begin(struct mdns_reader *r, const uint8_t *bytes, size_t len)
{
    *r = (struct mdns_reader){.bytes = bytes, .len = len, .pos = HEADER};
    if (len < HEADER || len > MDNS_PACKET_MAX || (bytes[2] & 0x78) != 0 || (bytes[3] & 0x0f) != 0) {
        return false; /* another opcode, or an error code: RFC 6762 §18.3, §18.11 */
    }
    r->response = (bytes[2] & 0x80) != 0;
    for (size_t i = 0; i < 4; i++) {
        r->left[i] = u16(bytes + 4 + 2 * i);
    }
    return true;
}

bool mdns_read_question(struct mdns_reader *r, struct mdns_question *out)
{
    while (r->left[0] > 0) {
        r->left[0]--;
        if (!read_name(r, &r->pos, &out->name) || r->pos + 4 > r->len) {
            memset(r->left, 0, sizeof r->left);
            return false;
        }
        uint16_t cls = u16(r->bytes + r->pos + 2);
        out->type = u16(r->bytes + r->pos);
        r->pos += 4;
        if ((cls & ~UNIQUE) == CLASS_IN || cls == MDNS_ANY) {
            return true;
        }
    }
    return false;
}

/* Strings with their lengths fill it exactly. */
static bool strings_fit(const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (at < len) {
        at += (size_t)data[at] + 1;
    }
    return at == len;
}

/* The data of a record from r->pos to `end`; false when they are none of its type. */
static bool read_data(const struct mdns_reader *r, size_t end, struct mdns_rr *out)
{
    size_t at = r->pos;
    size_t len = end - at;
    out->data = r->bytes + at;
    out->data_len = len;
    switch (out->type) {
    case MDNS_A:
        if (len == 4) {
            memcpy(out->ip, out->data, 4);
        }
        return len == 4;
    case MDNS_PTR:
        return read_name(r, &at, &out->target) && at == end;
    case MDNS_SRV:
        if (len < 7) {
            return false;
        }
        out->port = u16(out->data + 4);
        at += 6;
        return read_name(r, &at, &out->target) && at == end;
    case MDNS_TXT:
        return len > 0 && strings_fit(out->data, len);
    default:
        return false;
    }
}

/* One record, whatever it is: *useful when it is one for us. False when the packet is broken. */
static bool read_one(struct mdns_reader *r, struct mdns_rr *out, bool *useful)
{
    if (!read_name(r, &r->pos, &out->name) || r->pos + 10 > r->len) {
        return false;
    }
    const uint8_t *p = r->bytes + r->pos;
    out->type = u16(p);
    out->ttl_s = (uint32_t)u16(p + 4) << 16 | u16(p + 6);
    size_t end = r->pos + 10 + u16(p + 8);
    if (end > r->len) {
        return false;
    }
    r->pos += 10;
    *useful = (u16(p + 2) & ~UNIQUE) == CLASS_IN && read_data(r, end, out);
    r->pos = end;
    return true;
}

bool mdns_read_rr(struct mdns_reader *r, struct mdns_rr *out)
{
    struct mdns_question passed;
    while (mdns_read_question(r, &passed)) {
    }
    for (unsigned s = 1; s < 4; s++) {
        while (r->left[s] > 0) {
            bool useful = false;
            r->left[s]--;
            *out = (struct mdns_rr){.section = s};
            if (!read_one(r, out, &useful)) {
                memset(r->left, 0, sizeof r->left);
                return false;
            }
            if (useful) {
                return true;
            }
        }
    }
    return false;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

void mdns_write_begin(struct mdns_writer *w, bool response)
{
    memset(w, 0, sizeof *w);
    w->len = HEADER;
    if (response) {
        put16(w->bytes + 2, 0x8400); /* response, authoritative */
    }
}

static void count(struct mdns_writer *w, size_t section)
{
    uint8_t *p = w->bytes + 4 + 2 * section;
    put16(p, u16(p) + 1u);
}

bool mdns_write_question(struct mdns_writer *w, const struct mdns_name *name, uint16_t type)
{
    if (w->len + name->len + 4 > MDNS_WRITE_MAX) {
        return false;
    }
    memcpy(w->bytes + w->len, name->wire, name->len);
    w->len += name->len;
    put16(w->bytes + w->len, type);
    put16(w->bytes + w->len + 2, CLASS_IN);
    w->len += 4;
    count(w, 0);
    return true;
}

bool mdns_write_answer(struct mdns_writer *w, const struct mdns_name *name, uint16_t type,
    uint32_t ttl_s, const void *data, size_t len)
{
    if (w->len + name->len + 10 + len > MDNS_WRITE_MAX) {
        return false;
    }
    uint8_t *p = w->bytes + w->len;
    memcpy(p, name->wire, name->len);
    p += name->len;
    put16(p, type);
    put16(p + 2, CLASS_IN);
    put16(p + 4, ttl_s >> 16);
    put16(p + 6, ttl_s & 0xffff);
    put16(p + 8, (unsigned)len);
    memcpy(p + 10, data, len);
    w->len += name->len + 10 + len;
    count(w, 1);
    return true;
}

bool mdns_write_empty(const struct mdns_writer *w)
{
    return w->len == HEADER;
}
