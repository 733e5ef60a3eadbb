#include "host/core/stream_priv.h"

#include <stdlib.h>
#include <string.h>

/* Numbers are kept in 31 bits by the firmwares; long before the last one they begin anew. */
#define RENUMBER_AT (UINT64_C(0x7fffffff) - 1000000)
#define OLD_NUMBERS 10000     /* asked for ahead of all new ones: meant by the old count */
#define M110        "M110 N0" /* carries the number 0 itself */

uint64_t stream_wire_n(const struct stream *s, uint64_t n)
{
    return n - s->base;
}

uint64_t stream_next_number(const struct stream *s)
{
    return stream_wire_n(s, s->next_n);
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

/* Never waits in the queue: to whoever takes that over it would be one more line with a number. */
static void commit_m110(struct stream *s, uint64_t now_us)
{
    s->renumber = RENUMBER_SENT;
    s->old_base = s->base;
    s->base = s->next_n;
    stream_commit_injected(s, now_us, &(struct kept_inject){.text = M110, .len = sizeof M110 - 1});
}

/* What the history says of the last renumbering: a line's number on the wire is in its bytes. */
static uint64_t base_at(const struct kept *k, uint64_t n)
{
    const char *bytes;
    const struct history_line *l = n > 0 ? history_find(&k->history, n, &bytes) : NULL;
    return l != NULL ? n - strtoull(bytes + 1, NULL, 10) : 0;
}

/* Whether its last line was M110 and has been heard will show. */
void stream_adopt_numbers(struct stream *s)
{
    uint64_t last = s->next_n - 1;
    s->base = base_at(s->kept, last);
    if (last > 0 && s->base == last) {
        s->renumber = RENUMBER_SENT;
        s->old_base = base_at(s->kept, last - 1);
    }
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
    commit_m110(s, now_us);
    return true;
}

void stream_watch_numbers(struct stream *s)
{
    if (s->renumber == RENUMBER_NONE && stream_wire_n(s, s->next_n) >= RENUMBER_AT &&
        stream_inject(s, "M400", 4, 0)) {
        s->renumber = RENUMBER_DRAIN;
    }
}
