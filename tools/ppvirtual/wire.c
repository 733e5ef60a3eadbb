#include "tools/ppvirtual/wire.h"

#include "tools/ppvirtual/meatpack.h"

#include "host/base/mem.h"

#include <stdlib.h>

void wire_init(
    struct wire *w, uint64_t byte_ns, uint64_t delay_ns, uint64_t jitter_ns, uint64_t seed)
{
    *w = (struct wire){
        .byte_ns = byte_ns,
        .delay_ns = delay_ns,
        .jitter_ns = jitter_ns,
        .random = seed * 2 + 1,
        .cap = 4096,
    };
    w->fifo = mem_array(w->cap, sizeof(w->fifo[0]));
}

void wire_fini(struct wire *w)
{
    free(w->fifo);
    *w = (struct wire){0};
}

size_t wire_len(const struct wire *w)
{
    return w->tail - w->head;
}

/* xorshift64*: one line, and the same sequence everywhere. */
static uint64_t draw(struct wire *w)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return w->random * UINT64_C(0x2545F4914F6CDD1D);
}

static void grow(struct wire *w)
{
    struct wire_byte *bigger = mem_array(w->cap * 2, sizeof(bigger[0]));
    for (size_t i = w->head; i != w->tail; i++) {
        bigger[i & (w->cap * 2 - 1)] = w->fifo[i & (w->cap - 1)];
    }
    free(w->fifo);
    w->fifo = bigger;
    w->cap *= 2;
}

uint64_t wire_send(struct wire *w, uint64_t now_ns, const char *bytes, size_t len)
{
    if (w->free_ns < now_ns) {
        w->free_ns = now_ns;
    }
    uint64_t extra_ns = w->jitter_ns > 0 ? draw(w) % (w->jitter_ns + 1) : 0;
    for (size_t i = 0; i < len; i++) {
        w->free_ns += w->byte_ns;
        uint64_t at_ns = w->free_ns + w->delay_ns + extra_ns;
        if (at_ns < w->last_ns + w->byte_ns) {
            at_ns = w->last_ns + w->byte_ns;
        }
        w->last_ns = at_ns;
        if (wire_len(w) == w->cap) {
            grow(w);
        }
        w->fifo[w->tail++ & (w->cap - 1)] = (struct wire_byte){at_ns, bytes[i]};
    }
    return w->free_ns;
}

void wire_pause(struct wire *w, uint64_t now_ns, uint64_t pause_ns)
{
    w->free_ns = (w->free_ns > now_ns ? w->free_ns : now_ns) + pause_ns;
}

static const struct wire_byte *at(const struct wire *w, size_t index)
{
    return &w->fifo[index & (w->cap - 1)];
}

/* With packed lines rather too often than not. */
static bool ends(const struct wire *w, size_t index)
{
    char c = at(w, index)->c;
    if (w->packed) {
        return meatpack_may_end(c, index == w->head ? w->before : at(w, index - 1)->c);
    }
    return c == '\n' || c == '\r' || (w->flow && (c == '\x11' || c == '\x13'));
}

uint64_t wire_next_line_ns(struct wire *w)
{
    if (w->line_end < w->head) {
        w->line_end = w->head;
    }
    while (w->line_end < w->tail) {
        if (ends(w, w->line_end)) {
            return at(w, w->line_end)->at_ns;
        }
        w->line_end++;
    }
    return NEVER_NS;
}

uint64_t wire_next_ns(struct wire *w)
{
    uint64_t line_ns = wire_next_line_ns(w);
    if (line_ns != NEVER_NS || w->head == w->tail) {
        return line_ns;
    }
    return at(w, w->tail - 1)->at_ns;
}

void wire_cut(struct wire *w, uint64_t now_ns)
{
    uint64_t keep_ns = now_ns + w->delay_ns;
    while (w->tail != w->head && at(w, w->tail - 1)->at_ns > keep_ns) {
        w->tail--;
    }
    if (w->line_end > w->tail) {
        w->line_end = w->tail;
    }
    w->free_ns = now_ns;
    w->last_ns = w->tail != w->head ? at(w, w->tail - 1)->at_ns : now_ns;
}

bool wire_take(struct wire *w, uint64_t now_ns, struct wire_byte *out)
{
    if (w->head == w->tail || at(w, w->head)->at_ns > now_ns) {
        return false;
    }
    *out = *at(w, w->head++);
    w->before = out->c;
    w->delivered++;
    return true;
}
