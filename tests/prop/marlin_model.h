/* A small model of a printer's serial side, in virtual time: Marlin's, and what other firmwares do
 * differently with numbers and acknowledgements.
 *
 * It knows nothing of host/core: a wire with a rate and a delay in each direction, a receive ring
 * of 128 bytes, four command slots, numbers and checksums as Marlin checks them. On an error it
 * empties the ring in the middle of whatever line is arriving; the tail is taken as a new line.
 * Bytes are lost and changed by seed, at most one in a line, so that a checksum always shows it.
 * Acknowledgements are doubled, lost, late or run into the next line, by seed too.
 * It may unpack lines (the unpacker is the virtual printer's); of packed lines a checksum misses
 * some damages.
 */
#ifndef TEST_MARLIN_MODEL_H
#define TEST_MARLIN_MODEL_H

#include "tools/ppvirtual/meatpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS        UINT64_C(1000)
#define SECOND    (1000 * MS)
#define NEVER     UINT64_MAX
#define RING      128
#define SLOTS     4
#define MAX_CMD   96
#define WIRE      4096
#define MODEL_LOG 2560 /* executed commands kept */

/* ---- chance ---- */

static uint64_t rng_state;

static inline uint64_t rng(void)
{
    uint64_t z = rng_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t below(uint64_t n)
{
    return rng() % n;
}

static inline bool one_in(uint64_t n)
{
    return n > 0 && below(n) == 0;
}

/* ---- a wire ---- */

struct wire {
    char byte[WIRE];
    uint64_t at_us[WIRE]; /* when it arrives */
    size_t first;
    size_t count;
    uint64_t free_us; /* when the next byte can start */
    uint64_t byte_us;
    uint64_t delay_us;
    uint64_t noise;    /* one byte in so many is damaged; 0 = none */
    bool packed;       /* lines may be packed */
    char before;       /* the last byte put */
    char taken;        /* and the last taken */
    bool line_damaged; /* the present line has had its share */
    unsigned damages;
};

static inline bool may_end(const struct wire *w, char c, char before)
{
    return w->packed ? meatpack_may_end(c, before) : c == '\n';
}

static inline void wire_put(struct wire *w, uint64_t now, char c)
{
    bool ends = may_end(w, c, w->before);
    w->before = c;
    uint64_t start = w->free_us > now ? w->free_us : now;
    w->free_us = start + w->byte_us;
    if (!w->line_damaged && one_in(w->noise)) {
        w->line_damaged = true;
        w->damages++;
        if (ends || one_in(2)) {
            return; /* lost; a newline changed to 0x1a could pass the check. Without it two lines
                       are one */
        }
        char changed = (char)(c ^ (1 << below(7)));
        c = changed != '\n' ? changed : '~'; /* a new newline would fake two damages in one */
    }
    if (ends) {
        w->line_damaged = false;
    }
    assert_true(w->count < WIRE);
    size_t at = (w->first + w->count++) % WIRE;
    w->byte[at] = c;
    w->at_us[at] = start + w->byte_us + w->delay_us;
}

static inline bool wire_get(struct wire *w, uint64_t now, char *c)
{
    if (w->count == 0 || w->at_us[w->first] > now) {
        return false;
    }
    *c = w->byte[w->first];
    w->taken = *c;
    w->first = (w->first + 1) % WIRE;
    w->count--;
    return true;
}

/* When the next whole line will have arrived. */
static inline uint64_t wire_next_line(const struct wire *w)
{
    char before = w->taken;
    for (size_t i = 0; i < w->count; i++) {
        size_t at = (w->first + i) % WIRE;
        if (may_end(w, w->byte[at], before)) {
            return w->at_us[at];
        }
        before = w->byte[at];
    }
    return NEVER;
}

/* ---- the printer ---- */

struct command {
    long n;      /* 0 = unnumbered */
    long wire_n; /* -1 = unnumbered; below n where numbers began anew */
    char text[MAX_CMD + 1];
};

struct executed {
    long n;
    char text[MAX_CMD + 1];
};

enum model_kind {
    MODEL_MARLIN,
    MODEL_REPETIER, /* ok with the number, on receipt; numbers in 16 bits; what repeats is skipped
                     */
    MODEL_SMOOTHIE, /* "rs N5" and no ok behind it */
    MODEL_TEACUP,   /* gaps are accepted; temperatures in a line before the ok */
    MODEL_KLIPPER   /* looks neither at numbers nor at checksums */
};

#define LATE_OKS 16

struct late_ok {
    uint64_t at_us;
    char text[64];
};

struct printer {
    /* what kind */
    enum model_kind kind;
    uint64_t ok_faults; /* one ok in so many goes wrong; 0 = none */
    struct late_ok late[LATE_OKS];
    size_t lates;
    unsigned faulty_oks;
    bool advanced_ok;
    bool silent_repeats; /* since 2.1.2 */
    bool ok_after_resend;
    bool busy;
    bool autoreport;
    bool meatpack;

    struct wire in;
    struct wire out;
    char ring[RING];
    size_t ring_first;
    size_t ring_count;
    struct meatpack unpacker;
    char line[MAX_CMD];
    size_t len;
    struct command queue[SLOTS];
    size_t queued;
    long last_n;
    long before; /* lines before the numbers began anew */
    bool executing;
    uint64_t done_us;
    uint64_t busy_us;
    uint64_t report_us;
    uint64_t poll_us; /* when the main loop looks at the ring again */

    size_t reset_at; /* executions after which the printer restarts */
    bool reset_done;
    bool after_reset; /* something numbered was executed then */
    unsigned overflows;
    size_t most_bytes; /* on the wire and in the ring */
    unsigned flushes;
    unsigned unnumbered;
    struct executed executed[MODEL_LOG];
    size_t executions;
};

static bool verbose;

static inline void say(struct printer *p, uint64_t now, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static inline void say(struct printer *p, uint64_t now, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (const char *c = text; *c != '\0'; c++) {
        wire_put(&p->out, now, *c);
    }
    wire_put(&p->out, now, '\n');
}

static inline void say_raw(struct printer *p, uint64_t now, const char *text)
{
    for (; *text != '\0'; text++) {
        wire_put(&p->out, now, *text);
    }
}

/* An acknowledgement, which may get lost, be doubled, come late or lose its newline. */
static inline void say_ok(struct printer *p, uint64_t now, const char *text)
{
    if (!one_in(p->ok_faults)) {
        say(p, now, "%s", text);
        return;
    }
    p->faulty_oks++;
    switch (below(4)) {
    case 0:
        break;
    case 1:
        say(p, now, "%s", text);
        say(p, now, "%s", text);
        break;
    case 2:
        say_raw(p, now, text);
        break;
    default:
        if (p->lates < LATE_OKS) {
            p->late[p->lates].at_us = now + below(40 * SECOND);
            snprintf(p->late[p->lates++].text, sizeof p->late->text, "%s", text);
        }
    }
}

static inline void say_late_oks(struct printer *p, uint64_t now)
{
    for (size_t i = 0; i < p->lates;) {
        if (p->late[i].at_us > now) {
            i++;
            continue;
        }
        say(p, now, "%s", p->late[i].text);
        p->late[i] = p->late[--p->lates];
    }
}

static inline void take_arrived(struct printer *p, uint64_t now)
{
    char c;
    size_t bytes = p->in.count + p->ring_count;
    if (bytes > p->most_bytes) {
        p->most_bytes = bytes;
        if (verbose && bytes > RING) {
            printf("%12.3f   %zu bytes in flight\n", (double)now / 1000.0, bytes);
        }
    }
    while (wire_get(&p->in, now, &c)) {
        if (p->ring_count == RING) {
            p->overflows++;
            continue;
        }
        p->ring[(p->ring_first + p->ring_count++) % RING] = c;
    }
}

static inline void refuse(struct printer *p, uint64_t now, const char *why)
{
    take_arrived(p, now);
    p->ring_count = 0; /* in the middle of whatever is arriving */
    p->len = 0;
    p->flushes++;
    if (p->kind == MODEL_SMOOTHIE) {
        say(p, now, "rs N%ld", p->last_n + 1);
        return;
    }
    if (p->kind == MODEL_TEACUP) {
        say(p, now, "rs N%ld Expected checksum 67", p->last_n + 1);
    } else if (p->kind == MODEL_REPETIER) {
        say(p, now, "Error:%s", why);
        say(p, now, "Resend:%ld", (p->last_n + 1) & 0xffff);
    } else {
        say(p, now, "Error:%s, Last Line: %ld", why, p->last_n);
        say(p, now, "Resend: %ld", p->last_n + 1);
    }
    if (p->ok_after_resend) {
        say(p, now, "ok");
    }
}

static inline void enqueue(struct printer *p, uint64_t now, long n, const char *text)
{
    char ok[32];
    if (p->kind == MODEL_REPETIER) {
        snprintf(ok, sizeof ok, n >= 0 ? "ok %ld" : "ok", n & 0xffff);
        say_ok(p, now, ok);
    }
    struct command *c = &p->queue[p->queued++];
    c->n = n >= 0 ? p->before + n : 0;
    c->wire_n = n;
    snprintf(c->text, sizeof c->text, "%s", text);
}

/* False after an error: nothing more is read in this round. */
static inline bool take_numbered(struct printer *p, uint64_t now, char *line)
{
    char *end;
    long n = strtol(line + 1, &end, 10);
    char *star = p->kind == MODEL_TEACUP ? strchr(line, '*') : strrchr(line, '*');
    unsigned char sum = 0;
    if (p->kind == MODEL_KLIPPER) {
        line[strcspn(line, "*")] = '\0';
        enqueue(p, now, n, end + strspn(end, " "));
        return true;
    }
    if (star == NULL) {
        refuse(p, now, "No Checksum with line number");
        return false;
    }
    for (const char *c = line; c < star; c++) {
        sum ^= (unsigned char)*c;
    }
    if (strtol(star + 1, NULL, 10) != sum) {
        refuse(p, now, "checksum mismatch");
        return false;
    }
    if (p->kind == MODEL_REPETIER && n <= p->last_n && n + 40 > p->last_n) {
        say(p, now, "skip %ld", n & 0xffff);
        say_ok(p, now, "ok");
        return true;
    }
    bool renumbers = p->kind == MODEL_MARLIN && strstr(line, " M110 ") != NULL;
    if (p->silent_repeats && !renumbers && (n == p->last_n || n == p->last_n - 1)) {
        return true;
    }
    if (n != p->last_n + 1 && p->kind != MODEL_TEACUP && !renumbers) {
        refuse(p, now, "Line Number is not Last Line Number+1");
        return false;
    }
    *star = '\0';
    p->before += renumbers ? p->last_n + 1 : 0; /* said once, or it shows in what is executed */
    p->last_n = n;
    enqueue(p, now, n, end + strspn(end, " "));
    return true;
}

static inline bool take_line(struct printer *p, uint64_t now)
{
    char line[MAX_CMD + 1];
    memcpy(line, p->line, p->len);
    line[p->len] = '\0';
    p->len = 0;
    char *text = line + strspn(line, " ");
    if (*text == 'N') {
        return take_numbered(p, now, text);
    }
    if (*text != '\0') {
        enqueue(p, now, -1, text);
    }
    return true;
}

/* False after an error. */
static inline bool read_char(struct printer *p, uint64_t now, char c)
{
    if (c == '\n') {
        return take_line(p, now);
    }
    if (p->len < MAX_CMD - 1) {
        p->line[p->len++] = c;
    }
    return true;
}

static inline void read_ring(struct printer *p, uint64_t now)
{
    bool going = true;
    while (going && p->queued < SLOTS && p->ring_count > 0) {
        char chars[MEATPACK_CHARS] = {p->ring[p->ring_first]};
        bool reports = false;
        size_t n = 1;
        p->ring_first = (p->ring_first + 1) % RING;
        p->ring_count--;
        if (p->meatpack) {
            n = meatpack_feed(&p->unpacker, chars[0], chars, &reports);
        }
        for (size_t i = 0; i < n && going; i++) {
            going = read_char(p, now, chars[i]);
        }
        if (reports) {
            const char *state = meatpack_state(&p->unpacker);
            say(p, now, "%.*s", (int)strcspn(state, "\n"), state);
        }
    }
}

static inline uint64_t duration(void)
{
    if (one_in(400)) {
        return 9 * SECOND + below(10 * SECOND);
    }
    return one_in(50) ? below(1500 * MS) : below(3 * MS);
}

static inline void execute(struct printer *p, uint64_t now)
{
    if (!p->executing && p->queued > 0) {
        p->executing = true;
        p->done_us = now + duration();
        p->busy_us = p->busy ? now + 2 * SECOND : NEVER;
    }
}

static inline void answer(struct printer *p, uint64_t now, const struct command *c)
{
    static const char temps[] = "T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0";
    char ok[64] = "ok";
    bool separate = p->kind == MODEL_TEACUP || p->kind == MODEL_REPETIER;
    bool asks = strcmp(c->text, "M105") == 0;
    if (strcmp(c->text, "M115") == 0) {
        say(p, now, "FIRMWARE_NAME:Model SOURCE_CODE_URL:none");
    }
    if (asks && separate) {
        say(p, now, "%s", temps);
    } else if (asks) {
        snprintf(ok, sizeof ok, "ok %s", temps);
    } else if (p->advanced_ok && c->wire_n >= 0) {
        snprintf(ok, sizeof ok, "ok N%ld P15 B%zu", c->wire_n, SLOTS - p->queued);
    } else if (p->advanced_ok) {
        snprintf(ok, sizeof ok, "ok P15 B%zu", SLOTS - p->queued);
    }
    if (p->kind != MODEL_REPETIER) {
        say_ok(p, now, ok);
    }
}

static inline void finish(struct printer *p, uint64_t now)
{
    const struct command c = p->queue[0];
    struct executed *e = &p->executed[p->executions];
    p->executing = false;
    p->queued--;
    memmove(p->queue, p->queue + 1, p->queued * sizeof *p->queue);
    if (c.n == 0 && c.text[0] != 'G' && c.text[0] != 'M') {
        say(p, now, "echo:Unknown command: \"%s\"", c.text);
    }
    if (c.n == 0) {
        p->unnumbered++;
    } else if (p->reset_done) {
        p->after_reset = true;
    } else {
        assert_true(p->executions++ < MODEL_LOG);
        e->n = c.n;
        memcpy(e->text, c.text, sizeof e->text);
    }
    answer(p, now, &c);
}

/* A brown-out: everything is forgotten, and the banner may get lost as well. */
static inline void maybe_reset(struct printer *p, uint64_t now)
{
    if (p->executions < p->reset_at || p->reset_done) {
        return;
    }
    p->reset_done = true;
    p->last_n = 0;
    p->queued = 0;
    p->ring_count = 0;
    p->len = 0;
    p->unpacker = (struct meatpack){0};
    p->executing = false;
    p->lates = 0;
    if (one_in(2)) {
        say(p, now, "start");
        say(p, now, "echo:Marlin 2.1.2");
    }
}

static inline void printer_step(struct printer *p, uint64_t now)
{
    take_arrived(p, now);
    maybe_reset(p, now);
    say_late_oks(p, now);
    if (p->executing && p->busy_us <= now && p->done_us > now) {
        p->busy_us += 2 * SECOND;
        say(p, now, "echo:busy: processing");
    }
    if (p->autoreport && p->report_us <= now) {
        p->report_us = now + SECOND;
        say(p, now, " T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0");
    }
    while (p->executing && p->done_us <= now) {
        finish(p, now);
        read_ring(p, now);
        execute(p, now);
    }
    if (p->poll_us <= now) {
        read_ring(p, now);
        execute(p, now);
        p->poll_us = NEVER;
    }
    uint64_t next = wire_next_line(&p->in);
    if (next != NEVER && p->poll_us == NEVER) {
        p->poll_us = next + below(3) * below(1000);
    }
}

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t printer_next(const struct printer *p)
{
    uint64_t next = p->poll_us;
    if (p->executing) {
        next = earlier(next, earlier(p->done_us, p->busy_us));
    }
    for (size_t i = 0; i < p->lates; i++) {
        next = earlier(next, p->late[i].at_us);
    }
    return p->autoreport ? earlier(next, p->report_us) : next;
}

#endif
