/* Packing lines for a printer that unpacks them (host/core/meatpack.h).
 *
 * Happy path: nothing is in flight, the printer is told to unpack, nothing is sent until it says
 * that it does; from then on lines go packed. The window counts what goes over the wire: Marlin's
 * ring holds the packed bytes.
 *
 * Trouble of any kind (a Resend, silence, an order answered wrongly, unknown commands of garbage):
 * the state of its unpacker is not known any more. The next bytes begin with an order that ends
 * unpacking in whatever state it is, lines go plain, and packing is asked for again after a long
 * run of clean acknowledgements, twice as long each time, and at last never.
 *
 * Urgent lines go plain too: Marlin looks for them in the bytes as they arrive, packed ones it does
 * not recognise.
 */
#include "host/core/stream_priv.h"

#include "host/core/meatpack.h"

#include <string.h>

#define CLEAN      25u /* acknowledgements wanted, doubled at each trouble */
#define TROUBLES   6   /* then the wire is not fit for it */
#define NEVER_MORE (TROUBLES + 1)

static const char went_packed[] = "lines go packed (MeatPack)";

static void tell_pack(struct stream *s, bool on, const char *why)
{
    if (s->pack_told == on && why == went_packed) {
        return; /* an urgent line was in between */
    }
    s->pack_told = on;
    stream_tell(
        s, (struct stream_note){.kind = NOTE_PACKING, .tag = on, .text = why, .len = strlen(why)});
}

/* Bytes that nothing acknowledges. */
static void put_order(struct stream *s, enum meatpack_order order)
{
    stream_put(s, meatpack_order(order), MEATPACK_ORDER);
    s->acked += MEATPACK_ORDER;
}

size_t stream_line_bytes(const struct stream *s, const char *text, size_t len)
{
    char line[LINE_MAX_OUT];
    if (s->pack != PACK_ON) {
        return len + line_overhead(s->next_n);
    }
    return meatpack_size(line, line_format(line, s->next_n, text, len));
}

size_t stream_pack_line(struct stream *s, char *out, const char *line, size_t len)
{
    size_t at = 0;
    if (s->pack_reset) {
        s->pack_reset = false;
        memcpy(out, meatpack_order(MEATPACK_RESET), MEATPACK_ORDER);
        at = MEATPACK_ORDER;
    }
    if (s->pack == PACK_ON) {
        return at + meatpack_pack(out + at, line, len);
    }
    memcpy(out + at, line, len);
    return at + len;
}

size_t stream_pack_urgent(struct stream *s, char *out, const char *text, size_t len, bool waiting)
{
    size_t at = 0;
    bool was_on = s->pack != PACK_OFF;
    if (was_on || s->pack_reset) {
        memcpy(out, meatpack_order(MEATPACK_RESET), MEATPACK_ORDER);
        at = MEATPACK_ORDER;
    }
    if (at > 0 || s->mid_line) {
        out[at++] = '\n'; /* to those who look at the bytes, a long line ends here */
    }
    memcpy(out + at, text, len);
    at += len;
    out[at++] = '\n';
    s->pack = PACK_OFF;
    s->pack_reset = false;
    if (was_on && waiting) { /* what waits behind it is packed */
        memcpy(out + at, meatpack_order(MEATPACK_ON), MEATPACK_ORDER);
        at += MEATPACK_ORDER;
        s->pack = PACK_ASKED;
    }
    return at;
}

void stream_pack_off(struct stream *s)
{
    s->pack_reset = s->pack_touched;
    if (s->pack == PACK_OFF) {
        return;
    }
    s->pack = PACK_OFF;
    s->pack_troubles++;
    tell_pack(s, false,
        s->pack_troubles < TROUBLES ? "lines go unpacked for a while: there was an error"
                                    : "lines go unpacked from now on: too many errors");
}

/* A line end that is seen as one whether the printer unpacks or not. */
void stream_pack_newline(struct stream *s)
{
    if (s->pack_reset) {
        put_order(s, MEATPACK_RESET); /* and again later: this one may get lost with the rest */
    }
    stream_put(s, "\n", 1);
    s->acked++;
}

bool stream_pack_due(const struct stream *s)
{
    unsigned need = s->pack_troubles == 0 ? 0 : CLEAN << s->pack_troubles;
    return s->options.meatpack == STREAM_PACK_WANTED && s->pack == PACK_OFF &&
           s->pack_troubles < TROUBLES && s->clean >= need && s->resend_n == s->next_n &&
           !s->draining && !s->retry_pending && !s->probing && !s->pack_reset &&
           s->adopt == ADOPT_NOT;
}

void stream_pack_ask(struct stream *s, uint64_t now_us)
{
    if (s->flight_count > 0 || s->tx_len > 0 || !stream_pack_due(s)) {
        return;
    }
    s->pack = PACK_ASKED;
    s->pack_touched = true;
    atomic_store(&s->kept->packing, true);
    s->pack_us = now_us;
    put_order(s, MEATPACK_PLAIN_BLANKS);
    put_order(s, MEATPACK_ON);
}

static void refuse(struct stream *s, const char *why)
{
    s->pack = PACK_OFF;
    s->pack_reset = true;
    s->pack_troubles = NEVER_MORE;
    tell_pack(s, false, why);
}

static void take_report(struct stream *s, uint64_t now_us, const struct meatpack_report *r)
{
    switch (s->pack) {
    case PACK_OFF:
        break;
    case PACK_ASKED:
        if (r->on && r->usable) {
            s->pack = PACK_ON;
            tell_pack(s, true, went_packed);
        } else if (r->on) {
            refuse(s, "lines go unpacked: the printer speaks another MeatPack");
        }
        break;
    case PACK_ON: /* of an urgent line's two orders the first was answered: the second follows */
        s->pack = r->on && r->usable ? PACK_ON : PACK_ASKED;
        s->pack_us = now_us;
        break;
    }
}

/* A command that nobody sent: packed bytes taken for text, by a printer that has started anew and
 * whose banner was lost. */
static bool is_garbage(const char *line)
{
    const char *text = strstr(line, "nknown command");
    for (const char *p = text; p != NULL && *p != '\0'; p++) {
        if ((unsigned char)*p >= 0x80 || (unsigned char)*p < 0x20) {
            return true;
        }
    }
    return false;
}

bool stream_pack_rx(struct stream *s, uint64_t now_us, const char *line)
{
    struct meatpack_report r;
    if (s->pack_touched && meatpack_report(&r, line)) {
        take_report(s, now_us, &r);
        return true;
    }
    if (s->pack == PACK_ON && is_garbage(line)) {
        stream_pack_off(s);
        stream_take_retry(s, now_us);
    }
    return false;
}

/* While lines are in flight silence is noticed as ever. */
uint64_t stream_pack_deadline(const struct stream *s)
{
    uint64_t since_us = s->pack_us > s->ok_us ? s->pack_us : s->ok_us;
    return s->pack == PACK_ASKED && s->flight_count == 0 ? since_us + time_us(TIME_PACK)
                                                         : UINT64_MAX;
}

void stream_pack_tick(struct stream *s, uint64_t now_us)
{
    if (now_us >= stream_pack_deadline(s)) {
        refuse(s, "lines go unpacked: the printer does not answer when asked to unpack them");
    }
}
