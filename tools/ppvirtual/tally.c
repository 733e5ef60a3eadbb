#include "tools/ppvirtual/tally.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* They ask or show something; hosts send them when they like. */
static const int unhashed_m[] = {27, 73, 105, 108, 110, 113, 114, 115, 117, 118, 154, 155, 876};

void tally_init(struct tally *t)
{
    *t = (struct tally){0};
    t->prints = mem_array(TALLY_PRINTS_MAX, sizeof(t->prints[0]));
    crypto_hash_sha256_init(&t->total.hash);
    crypto_hash_sha256_init(&t->total.numbered_hash);
}

void tally_fini(struct tally *t)
{
    free(t->prints);
    *t = (struct tally){0};
}

static bool hashed(const struct command *c)
{
    if (c->letter != 'M') {
        return true;
    }
    for (size_t i = 0; i < sizeof(unhashed_m) / sizeof(unhashed_m[0]); i++) {
        if (unhashed_m[i] == c->number) {
            return false;
        }
    }
    return true;
}

/* The commands that bracket a print are no part of it. */
static bool is_timer(const struct command *c)
{
    return c->letter == 'M' && c->number >= 75 && c->number <= 77;
}

static struct span *open_print(struct tally *t)
{
    return t->printing ? &t->prints[t->prints_len - 1] : NULL;
}

static void add_to_hash(crypto_hash_sha256_state *hash, const char *text)
{
    crypto_hash_sha256_update(hash, (const unsigned char *)text, strlen(text));
    crypto_hash_sha256_update(hash, (const unsigned char *)"\n", 1);
}

static void span_command(
    struct span *s, uint64_t now_ns, const struct command *c, bool numbered, struct wire_mark mark)
{
    add_to_hash(&s->hash, c->text);
    if (numbered) {
        add_to_hash(&s->numbered_hash, c->text);
        s->numbered++;
    }
    if (s->commands++ == 0 && s->id == 0) {
        s->begin_ns = now_ns;
    }
    s->end_ns = now_ns;
    if (c->letter == 'G' && c->number <= 3) {
        s->first = s->streamed ? s->first : mark;
        s->last = mark;
        s->streamed = true;
    }
}

void tally_command(struct tally *t, uint64_t now_ns, const struct command *c, unsigned origin,
    struct wire_mark mark)
{
    t->executed++;
    if (!hashed(c)) {
        return;
    }
    bool numbered = (origin & TALLY_NUMBERED) != 0;
    span_command(&t->total, now_ns, c, numbered, mark);
    struct span *print = open_print(t);
    bool from_card = (origin & TALLY_CARD) != 0;
    if (print != NULL && print->card == from_card && !t->paused && !is_timer(c)) {
        span_command(print, now_ns, c, numbered, mark);
    }
}

void tally_pause(struct tally *t)
{
    t->paused = true;
}

void tally_begin(struct tally *t, uint64_t now_ns)
{
    bool goes_on = t->printing && t->paused;
    t->paused = false;
    if (goes_on) {
        return;
    }
    if (t->prints_len == TALLY_PRINTS_MAX) {
        memmove(t->prints, t->prints + 1, (TALLY_PRINTS_MAX - 1) * sizeof(t->prints[0]));
        t->prints_len--;
    }
    struct span *print = &t->prints[t->prints_len++];
    *print = (struct span){
        .id = ++t->prints_begun,
        .begin_ns = now_ns,
        .end_ns = now_ns,
    };
    crypto_hash_sha256_init(&print->hash);
    crypto_hash_sha256_init(&print->numbered_hash);
    t->printing = true;
}

static void end(struct tally *t, uint64_t now_ns, bool card, bool complete)
{
    struct span *print = open_print(t);
    if (print != NULL && print->card == card) {
        print->end_ns = now_ns;
        print->complete = complete;
        t->printing = false;
        t->paused = false;
    }
}

void tally_end(struct tally *t, uint64_t now_ns)
{
    end(t, now_ns, false, true);
}

void tally_begin_card(struct tally *t, uint64_t now_ns)
{
    t->paused = false;
    tally_begin(t, now_ns);
    t->prints[t->prints_len - 1].card = true;
}

void tally_end_card(struct tally *t, uint64_t now_ns)
{
    end(t, now_ns, true, true);
}

void tally_drop_card(struct tally *t, uint64_t now_ns)
{
    end(t, now_ns, true, false);
}

void tally_error(struct tally *t, enum tally_error kind)
{
    t->total.errors[kind]++;
    struct span *print = open_print(t);
    if (print != NULL) {
        print->errors[kind]++;
    }
}

void tally_resend(struct tally *t)
{
    t->total.resends++;
    struct span *print = open_print(t);
    if (print != NULL) {
        print->resends++;
    }
}

void tally_underrun(struct tally *t, uint64_t starved_ns)
{
    t->total.underruns++;
    t->total.starved_ns += starved_ns;
    struct span *print = open_print(t);
    if (print != NULL) {
        print->underruns++;
        print->starved_ns += starved_ns;
    }
}

void tally_motion(struct tally *t, uint64_t tag, double seconds)
{
    t->total.moves++;
    t->total.motion_s += seconds;
    for (size_t i = t->prints_len; tag != 0 && i-- > 0;) {
        if (t->prints[i].id == tag) {
            t->prints[i].moves++;
            t->prints[i].motion_s += seconds;
            return;
        }
    }
}

uint64_t tally_tag(const struct tally *t)
{
    return t->printing ? t->prints[t->prints_len - 1].id : 0;
}

static void write_hash(
    const crypto_hash_sha256_state *hash, char out[crypto_hash_sha256_BYTES * 2 + 1])
{
    crypto_hash_sha256_state copy = *hash;
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&copy, digest);
    sodium_bin2hex(out, crypto_hash_sha256_BYTES * 2 + 1, digest, sizeof(digest));
}

void tally_hash(const struct span *s, char out[crypto_hash_sha256_BYTES * 2 + 1])
{
    write_hash(&s->hash, out);
}

void tally_numbered_hash(const struct span *s, char out[crypto_hash_sha256_BYTES * 2 + 1])
{
    write_hash(&s->numbered_hash, out);
}

const char *tally_error_name(enum tally_error kind)
{
    static const char *const names[TALLY_ERRORS] = {
        [TALLY_CHECKSUM] = "checksum",
        [TALLY_LINE_NUMBER] = "line_number",
        [TALLY_NO_CHECKSUM] = "no_checksum",
        [TALLY_NO_LINE_NUMBER] = "no_line_number",
        [TALLY_UNKNOWN_COMMAND] = "unknown_command",
        [TALLY_LONG_LINE] = "long_line",
    };
    return names[kind];
}
