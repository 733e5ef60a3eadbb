#include "tools/ppvirtual/ring.h"

#include "host/base/mem.h"

#include <stdlib.h>

void ring_init(struct ring *r, size_t cap)
{
    *r = (struct ring){.cap = cap};
    r->bytes = mem_array(cap, sizeof(r->bytes[0]));
}

void ring_fini(struct ring *r)
{
    free(r->bytes);
    *r = (struct ring){0};
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

void ring_put(struct ring *r, struct ring_byte b)
{
    if (r->len == r->cap) {
        r->lost++;
        return;
    }
    r->bytes[(r->head + r->len) % r->cap] = b;
    r->len++;
    r->ends += ends_line(b.c);
    if (r->len > r->max_len) {
        r->max_len = r->len;
    }
}

bool ring_get(struct ring *r, struct ring_byte *out)
{
    if (r->len == 0) {
        return false;
    }
    *out = r->bytes[r->head];
    r->head = (r->head + 1) % r->cap;
    r->len--;
    r->ends -= ends_line(out->c);
    return true;
}

void ring_flush(struct ring *r)
{
    r->flushed += r->len;
    r->len = 0;
    r->ends = 0;
}
