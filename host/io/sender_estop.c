/* The emergency stop as the sending thread says it.
 *
 * What the port has not sent yet is thrown away; then M112 and every heater off go out, three
 * times. Nothing is thrown away between the three: on a slow wire, or while the printer does not
 * read, that would cut off what stands there of the one before. What the port does not take at once
 * is written as soon as it does, and the next one only behind it. NOTE_ESTOPPED is told when all
 * has left this machine.
 *
 * Failure: a printer that does not read for PATIENCE_US. The note then carries a text: a person has
 * to know that it may not have heard.
 */
#include "host/io/sender_priv.h"

#include "host/core/meatpack.h"
#include "host/core/temp.h"

#include <stdio.h>

#define PATIENCE_US 2000000
#define LOOK_US     20000 /* between two looks whether all has left */

/* A firmware that finds half a line drops what follows it, so that it is said again: soon, in case
 * it was that, and once more for one that was busy. By how often it is still to be said. */
static const uint64_t pause_us[] = {0, 270000, 30000};

#define ESTOPS (sizeof pause_us / sizeof *pause_us)

size_t sender_cold_line(const struct stream_options *o, int i, char out[SENDER_COLD])
{
    int tools = o->tools < 1 ? 1 : o->tools < TEMP_TOOLS ? o->tools : TEMP_TOOLS;
    if (i < tools && o->tools > 1) {
        return (size_t)snprintf(out, SENDER_COLD, "M104 T%d S0", i);
    }
    const char *const lines[] = {"M104 S0", "M140 S0", o->chamber ? "M141 S0" : ""};
    i -= tools - 1;
    return i < 3 ? (size_t)snprintf(out, SENDER_COLD, "%s", lines[i]) : 0;
}

/* Bare: for a firmware that knows no M112. */
static void append_cold(struct estop *e, const struct stream_options *o)
{
    size_t len;
    for (int i = 0; (len = sender_cold_line(o, i, e->text + e->len)) > 0; i++) {
        e->len += len;
        e->text[e->len++] = '\n';
    }
}

/* Both forms of M112: a firmware that scans its input sees the bare one, others take the numbered
 * one from the queue. Then the heaters, should it ignore both. A printer that unpacks what it reads
 * is first told to end that. */
static void format(struct sender *s)
{
    struct estop *e = &s->estop;
    const struct stream_options *o = e->greeting ? &s->stream_options : &s->stream.options;
    bool unpacks = s->stream.pack_touched || s->stream_options.meatpack != STREAM_PACK_NEVER;
    e->done = 0;
    e->len = (size_t)snprintf(e->text, sizeof e->text, "%s\n%sM112\n",
        unpacks ? meatpack_order(MEATPACK_RESET) : "", atomic_load(&s->card) ? "M29\n" : "");
    e->len += line_format(e->text + e->len, stream_next_number(&s->stream), "M112", 4);
    append_cold(e, o);
}

static void over(struct sender *s, const char *why)
{
    s->estop.going = false;
    sender_watch(s, false);
    sender_tell(s, NOTE_ESTOPPED, 0, why);
}

/* What the port has taken may still be on its way. */
static void end_when_sent(struct sender *s, uint64_t now)
{
    struct estop *e = &s->estop;
    if (serial_unsent(&s->port) == 0) {
        over(s, "");
    } else if (now >= e->giveup_us) {
        over(s, "the printer does not read what is sent");
    } else {
        e->next_us = now + LOOK_US;
    }
}

void sender_estop_lost(struct sender *s, const char *why)
{
    bool said = s->estop.going && s->estop.left < ESTOPS;
    s->estop.going = false;
    sender_tell(s, NOTE_ESTOPPED, 0, said ? "" : why);
}

void sender_estop_write(struct sender *s, uint64_t now)
{
    struct estop *e = &s->estop;
    size_t written;
    if (!e->going || e->done == e->len ||
        !sender_put(s, e->text + e->done, e->len - e->done, &written)) {
        return;
    }
    e->done += written;
    sender_watch(s, e->done < e->len);
    if (e->done == e->len) {
        e->left--;
        e->next_us = now + pause_us[e->left];
        e->giveup_us = e->next_us + PATIENCE_US;
    }
}

void sender_estop_begin(struct sender *s, uint64_t now)
{
    if (s->phase == PHASE_CLOSED) {
        sender_tell(s, NOTE_ESTOPPED, 0, "");
        return;
    }
    if (s->phase != PHASE_STOPPED) { /* or it is asked for once more */
        s->estop.greeting = s->phase == PHASE_GREETING;
    }
    s->phase = PHASE_STOPPED;
    s->stream.job_active = false;
    s->estop.going = true;
    s->estop.left = ESTOPS;
    s->estop.giveup_us = now + PATIENCE_US;
    serial_drop_output(&s->port);
    format(s);
    sender_estop_write(s, now);
}

void sender_estop_tick(struct sender *s, uint64_t now)
{
    struct estop *e = &s->estop;
    if (!e->going) {
        return;
    }
    if (e->done < e->len) {
        if (now >= e->giveup_us) {
            over(s, "the port does not take what is sent");
        }
    } else if (now >= e->next_us && e->left == 0) {
        end_when_sent(s, now);
    } else if (now >= e->next_us) {
        format(s); /* an order may have come since that tells of more heaters */
        sender_estop_write(s, now);
    }
}

uint64_t sender_estop_deadline(const struct sender *s)
{
    const struct estop *e = &s->estop;
    return !e->going ? UINT64_MAX : e->done < e->len ? e->giveup_us : e->next_us;
}
