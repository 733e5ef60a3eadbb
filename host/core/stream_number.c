#include "host/core/stream_priv.h"

#include <string.h>

/* Numbers are kept in 31 bits by the firmwares; long before the last one they begin anew. */
#define RENUMBER_AT (UINT64_C(0x7fffffff) - 1000000)
#define OLD_NUMBERS 10000 /* asked for ahead of all new ones: meant by the old count */

uint64_t stream_wire_n(const struct stream *s, uint64_t n)
{
    return n - s->base;
}

/* A number from the printer, which may have lost its upper bits, as ours. */
int64_t stream_our_n(const struct stream *s, int64_t wire)
{
    int bits = s->options.dialect->number_bits;
    if (wire < 0) {
        return wire;
    }
    if (bits > 0) {
        uint64_t range = UINT64_C(1) << bits;
        uint64_t behind = (stream_wire_n(s, s->next_n) - (uint64_t)wire) % range;
        int64_t n = (int64_t)(s->next_n - behind);
        return behind < range / 2 ? n : n + (int64_t)range;
    }
    bool old =
        s->renumber == RENUMBER_SENT && (uint64_t)wire > stream_wire_n(s, s->next_n) + OLD_NUMBERS;
    return wire + (int64_t)(old ? s->old_base : s->base);
}

/* The numbered line as it goes out. Where the first '*' ends a line, none may stand in the text. */
size_t stream_format(const struct stream *s, char *out, uint64_t n, const char *text, size_t len)
{
    char copy[LINE_MAX_CMD];
    if (s->options.dialect->first_star && memchr(text, '*', len) != NULL) {
        for (size_t i = 0; i < len; i++) {
            copy[i] = text[i];
            if (copy[i] == '*') {
                copy[i] = '+';
            }
        }
        text = copy;
    }
    return line_format(out, stream_wire_n(s, n), text, len);
}

/* M400 and whatever waits in front of it, then M110 alone: it takes effect late. False: the caller
 * shall commit nothing either. */
bool stream_renumber(struct stream *s, uint64_t now_us)
{
    if (s->renumber == RENUMBER_DRAIN && stream_take_injected(s, now_us)) {
        return true;
    }
    if (s->flight_count > 0) {
        return false;
    }
    if (s->renumber == RENUMBER_SENT) {
        s->renumber = RENUMBER_NONE;
        return false;
    }
    if (stream_inject(s, "M110 N0", 7, 0)) {
        s->renumber = RENUMBER_SENT;
        s->old_base = s->base;
        s->base = s->next_n;
    }
    return stream_take_injected(s, now_us);
}

void stream_watch_numbers(struct stream *s)
{
    if (s->renumber == RENUMBER_NONE && stream_wire_n(s, s->next_n) >= RENUMBER_AT &&
        stream_inject(s, "M400", 4, 0)) {
        s->renumber = RENUMBER_DRAIN;
    }
}
