/* Bytes to the port: what may be written now, and urgent lines past all of it. */
#include "host/core/stream_priv.h"

#include <string.h>

static void tell_drained(struct stream *s)
{
    if (s->hold && !s->drained_told && s->flight_count == 0 && kept_waiting(s->kept) == 0 &&
        !s->draining && s->resend_n == s->next_n) {
        s->drained_told = true;
        stream_tell(s, (struct stream_note){.kind = NOTE_DRAINED});
    }
}

/* Up to where bytes may be written: the receive buffer's share, or the oldest line whole. */
static uint64_t write_limit(struct stream *s)
{
    uint64_t limit = s->acked + stream_byte_limit(s);
    if (!s->options.dialect->split_lines || s->flight_count == 0 || s->probing) {
        return s->committed;
    }
    uint64_t oldest_end = s->acked + stream_flight_at(s, 0)->bytes;
    limit = limit > oldest_end ? limit : oldest_end;
    return limit > s->urgent_end ? limit : s->urgent_end;
}

void stream_put(struct stream *s, const char *bytes, size_t len)
{
    memcpy(s->tx + s->tx_len, bytes, len);
    memset(s->tx_ends + s->tx_len, 0, len);
    s->tx_len += len;
    s->tx_ends[s->tx_len - 1] = true;
    s->committed += len;
}

size_t stream_tx(struct stream *s, uint64_t now_us, const char **bytes)
{
    *bytes = s->tx;
    if (s->stopped) {
        return 0;
    }
    if (s->tx_at == s->tx_len) {
        s->tx_at = 0;
        s->tx_len = 0;
    }
    if (s->mid_line && s->tx_len == 0) {
        stream_pack_newline(s); /* even while draining: the tail belongs to the trouble */
    }
    stream_pack_ask(s, now_us);
    while (stream_take_next(s, now_us)) {
    }
    tell_drained(s);
    uint64_t limit = write_limit(s);
    uint64_t allowed = limit > s->written ? limit - s->written : 0;
    size_t len = s->tx_len - s->tx_at;
    *bytes = s->tx + s->tx_at;
    return len < allowed ? len : (size_t)allowed;
}

void stream_wrote(struct stream *s, size_t len)
{
    s->tx_at += len;
    s->written += len;
    if (len > 0) {
        s->mid_line = !s->tx_ends[s->tx_at - 1];
    }
    atomic_fetch_add_explicit(&s->stats.bytes, len, memory_order_relaxed);
}

/* ---- urgent lines ---- */

/* Cuts the unwritten rest of a line that is half out; its broken half will be asked for again. */
static void cut_half_line(struct stream *s)
{
    bool end = false;
    while (s->tx_at < s->tx_len && !end) {
        end = s->tx_ends[s->tx_at++];
        s->written++;
    }
}

/* Puts the bytes before all that is not yet written. */
static void put_first(struct stream *s, const char *bytes, size_t len)
{
    size_t waiting = s->tx_len - s->tx_at;
    memmove(s->tx + len, s->tx + s->tx_at, waiting);
    memmove(s->tx_ends + len, s->tx_ends + s->tx_at, waiting);
    s->tx_at = 0;
    s->tx_len = 0;
    stream_put(s, bytes, len);
    s->tx_len += waiting;
    s->urgent_end = s->written + len;
}

/* How many lines in flight are not yet written, none of which is half out. */
static size_t lines_unwritten(struct stream *s)
{
    size_t bytes = s->tx_len - s->tx_at;
    size_t lines = 0;
    while (lines < s->flight_count) {
        size_t one = stream_flight_at(s, s->flight_count - 1 - lines)->bytes;
        if (one > bytes) {
            break;
        }
        bytes -= one;
        lines++;
    }
    return lines;
}

void stream_urgent(struct stream *s, uint64_t now_us, const char *text, size_t len)
{
    char line[STREAM_WIRE_MAX];
    char said[LINE_MAX_CMD + 1];
    if (s->stopped || !line_is_command(text, len) || memchr(text, 0xff, len) != NULL ||
        s->flight_count == STREAM_FLIGHT || s->tx_len - s->tx_at + STREAM_WIRE_MAX > sizeof s->tx) {
        return;
    }
    if (s->mid_line) {
        cut_half_line(s);
    }
    size_t passed = lines_unwritten(s);
    size_t total = stream_pack_urgent(s, line, text, len, s->tx_len > s->tx_at);
    put_first(s, line, total);
    stream_fly(s, now_us, total, (struct stream_flight){.kind = STREAM_URGENT});
    stream_flight_move(s, s->flight_count - 1, s->flight_count - 1 - passed);
    if (s->tapped) {
        memcpy(said, text, len);
        said[len] = '\0';
        stream_tell(s, (struct stream_note){.kind = NOTE_SENT, .text = said, .len = len});
    }
}

size_t stream_urgent_bytes(const struct stream *s)
{
    return s->urgent_end > s->written ? (size_t)(s->urgent_end - s->written) : 0;
}
