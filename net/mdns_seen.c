/* What others announce on one interface. */
#include "net/mdns_seen.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER         INT64_MAX
#define TTL_MAX_S     86400
#define ASKS_MISSING  8
#define ASKS_KNOWN    4
#define BROWSE_MAX_MS 600000
#define STEP_MAX_MS   60000

enum part {
    PART_PTR,
    PART_SRV,
    PART_TXT,
    PART_ADDRESS,
    PARTS
};

/* What is known of one record: when it expires and when it is asked for next. */
struct lease {
    int64_t until_ms; /* 0 = not known */
    int64_t ask_ms;
    int64_t ttl_ms;
    unsigned asks;
};

struct instance {
    struct mdns_name name;
    char label[MDNS_LABEL_MAX + 1];
    size_t type; /* in seen.types */
    struct lease parts[PARTS];
    struct mdns_name target;
    int port;
    char address[16];
    uint8_t txt[MDNS_TXT_BYTES];
    size_t txt_len;
    bool own, changed, told;
    int told_port;
    char told_address[16];
};

struct browsed {
    char text[64];
    struct mdns_name name;
    int64_t ask_ms, pause_ms;
};

struct mdns_seen {
    struct mdns_name own_host;
    uint32_t random;
    struct mdns_seen_events events;
    struct browsed types[MDNS_TYPES_MAX];
    size_t types_count;
    struct instance *instances[MDNS_SEEN_MAX]; /* owned; NULL = free */
};

struct mdns_seen *mdns_seen_new(
    const struct mdns_name *own_host, uint32_t seed, const struct mdns_seen_events *events)
{
    struct mdns_seen *s = mem_alloc(sizeof *s);
    s->own_host = *own_host;
    s->random = seed | 1;
    s->events = *events;
    return s;
}

/* 0 … limit - 1, not for secrets. */
static int64_t spread(struct mdns_seen *s, int64_t limit)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 17;
    s->random ^= s->random << 5;
    return limit > 0 ? s->random % limit : 0;
}

/* ---- telling ------------------------------------------------------------------------------------
 */

/* The strings of a TXT record as pairs; each is cut at a NUL, one without '=' has the value "". */
static void txt_pairs(const struct instance *i, char *text, const char *(*out)[2])
{
    size_t n = 0;
    for (size_t at = 0; at < i->txt_len && n < MDNS_TXT_MAX; at += (size_t)i->txt[at] + 1) {
        size_t len = i->txt[at];
        memcpy(text, i->txt + at + 1, len);
        text[len] = '\0';
        char *equals = strchr(text, '=');
        if (equals != text && text[0] != '\0') {
            out[n][0] = text;
            out[n][1] = equals != NULL ? equals + 1 : text + strlen(text);
            n++;
            if (equals != NULL) {
                *equals = '\0';
            }
        }
        text += len + 1;
    }
    out[n][0] = out[n][1] = NULL;
}

static void tell(struct mdns_seen *s, struct instance *i, bool gone)
{
    char text[MDNS_TXT_BYTES + 256];
    const char *pairs[MDNS_TXT_MAX + 1][2];
    txt_pairs(i, text, pairs);
    i->told = !gone;
    if (!gone) {
        i->told_port = i->port;
        memcpy(i->told_address, i->address, sizeof i->address);
    }
    const struct mdns_found found = {
        .type = s->types[i->type].text,
        .name = i->label,
        .address = i->told_address,
        .port = i->told_port,
        .txt = (const char *const(*)[2])pairs,
        .gone = gone,
    };
    s->events.found(s->events.context, &found);
}

static bool complete(const struct instance *i, int64_t now_ms)
{
    bool all = !i->own;
    for (size_t p = 0; p < PARTS; p++) {
        all = all && i->parts[p].until_ms > now_ms;
    }
    return all;
}

/* Brings what was told in line with what is known. */
static void settle(struct mdns_seen *s, struct instance *i, int64_t now_ms)
{
    bool all = complete(i, now_ms);
    bool moved = i->told_port != i->port || strcmp(i->told_address, i->address) != 0;
    if (i->told && (!all || moved)) {
        tell(s, i, true);
    }
    if (all && (!i->told || i->changed)) {
        tell(s, i, false);
    }
    i->changed = false;
}

void mdns_seen_free(struct mdns_seen *s, bool tell_gone)
{
    for (size_t i = 0; i < MDNS_SEEN_MAX; i++) {
        if (s->instances[i] != NULL && s->instances[i]->told && tell_gone) {
            tell(s, s->instances[i], true);
        }
        free(s->instances[i]);
    }
    free(s);
}

/* ---- what comes in ------------------------------------------------------------------------------
 */

void mdns_seen_browse(struct mdns_seen *s, const char *type, int64_t now_ms)
{
    struct browsed b = {.ask_ms = now_ms, .pause_ms = 1000};
    char dotted[80];
    for (size_t i = 0; i < s->types_count; i++) {
        if (strcmp(s->types[i].text, type) == 0) {
            return;
        }
    }
    snprintf(dotted, sizeof dotted, "%s.local", type);
    if (s->types_count < MDNS_TYPES_MAX && str_copy(b.text, sizeof b.text, type, strlen(type)) &&
        mdns_name_set(&b.name, dotted)) {
        s->types[s->types_count++] = b;
    }
}

/* A record was heard: it lasts, and is asked for again before it ends. Goodbyes (TTL 0) last a
 * second (RFC 6762 §10.1), so that another host may object. */
static void renew(struct mdns_seen *s, struct lease *l, uint32_t ttl_s, int64_t now_ms)
{
    if (ttl_s == 0) {
        l->until_ms = l->until_ms > now_ms + 1000 ? now_ms + 1000 : l->until_ms;
        l->ask_ms = NEVER;
        return;
    }
    l->ttl_ms = (int64_t)(ttl_s > TTL_MAX_S ? TTL_MAX_S : ttl_s) * 1000;
    l->until_ms = now_ms + l->ttl_ms;
    l->ask_ms = now_ms + l->ttl_ms * 8 / 10 + spread(s, l->ttl_ms / 50);
    l->asks = 0;
}

static struct instance *instance_find(const struct mdns_seen *s, const struct mdns_name *name)
{
    for (size_t i = 0; i < MDNS_SEEN_MAX; i++) {
        if (s->instances[i] != NULL && mdns_name_equal(&s->instances[i]->name, name)) {
            return s->instances[i];
        }
    }
    return NULL;
}

/* A free place, or that of one that was never complete; NULL when all are good. */
static struct instance **place_for_new(struct mdns_seen *s)
{
    struct instance **spare = NULL;
    for (size_t i = 0; i < MDNS_SEEN_MAX; i++) {
        struct instance **at = &s->instances[i];
        if (*at == NULL) {
            return at;
        }
        if (!(*at)->told && !(*at)->own &&
            (spare == NULL ||
                (*at)->parts[PART_PTR].until_ms < (*spare)->parts[PART_PTR].until_ms)) {
            spare = at;
        }
    }
    return spare;
}

static void on_ptr(struct mdns_seen *s, const struct mdns_rr *rr, int64_t now_ms)
{
    char label[MDNS_LABEL_MAX + 1];
    for (size_t t = 0; t < s->types_count; t++) {
        if (!mdns_name_equal(&rr->name, &s->types[t].name) ||
            !mdns_name_below(&rr->target, &s->types[t].name, label)) {
            continue;
        }
        struct instance *i = instance_find(s, &rr->target);
        struct instance **place = i == NULL && rr->ttl_s > 0 ? place_for_new(s) : NULL;
        if (place != NULL) {
            free(*place);
            *place = i = mem_alloc(sizeof *i);
            i->name = rr->target;
            i->type = t;
            memcpy(i->label, label, sizeof label);
            for (size_t p = 0; p < PARTS; p++) {
                i->parts[p].ask_ms = now_ms;
            }
        }
        if (i != NULL) {
            renew(s, &i->parts[PART_PTR], rr->ttl_s, now_ms);
        }
    }
}

static void on_srv(
    struct mdns_seen *s, struct instance *i, const struct mdns_rr *rr, int64_t now_ms)
{
    bool other = !mdns_name_equal(&i->target, &rr->target);
    if (rr->ttl_s == 0 && (other || i->port != rr->port)) {
        return; /* the goodbye of a name that another has taken */
    }
    if (other) {
        i->parts[PART_ADDRESS] = (struct lease){.ask_ms = now_ms};
        i->target = rr->target;
        i->own = mdns_name_equal(&i->target, &s->own_host);
    }
    i->port = rr->port;
    renew(s, &i->parts[PART_SRV], rr->ttl_s, now_ms);
}

static void on_txt(
    struct mdns_seen *s, struct instance *i, const struct mdns_rr *rr, int64_t now_ms)
{
    size_t len = rr->data_len;
    if (len > MDNS_TXT_BYTES) {
        return;
    }
    if (rr->ttl_s > 0 && (len != i->txt_len || memcmp(i->txt, rr->data, len) != 0)) {
        memcpy(i->txt, rr->data, len);
        i->txt_len = len;
        i->changed = true;
    }
    renew(s, &i->parts[PART_TXT], rr->ttl_s, now_ms);
}

/* SRV and TXT of known instances. */
static void on_detail(struct mdns_seen *s, const struct mdns_rr *rr, int64_t now_ms)
{
    struct instance *i = instance_find(s, &rr->name);
    if (i != NULL && rr->type == MDNS_SRV) {
        on_srv(s, i, rr, now_ms);
    } else if (i != NULL && rr->type == MDNS_TXT) {
        on_txt(s, i, rr, now_ms);
    }
}

/* Addresses of an instance's host: the one we know stays while it is announced, for a host may have
 * several on one interface; else the first. */
static void on_addresses(
    struct mdns_seen *s, struct instance *i, const uint8_t *bytes, size_t len, int64_t now_ms)
{
    struct mdns_reader r;
    struct mdns_rr rr;
    char first[16] = "";
    uint32_t ttl_s = 0;
    for (mdns_read_begin(&r, bytes, len); mdns_read_rr(&r, &rr);) {
        char ip[16];
        if (rr.type != MDNS_A || !mdns_name_equal(&rr.name, &i->target)) {
            continue;
        }
        snprintf(ip, sizeof ip, "%u.%u.%u.%u", rr.ip[0], rr.ip[1], rr.ip[2], rr.ip[3]);
        if (strcmp(ip, i->address) == 0) {
            renew(s, &i->parts[PART_ADDRESS], rr.ttl_s, now_ms);
            return;
        }
        if (first[0] == '\0' && rr.ttl_s > 0) {
            memcpy(first, ip, sizeof first);
            ttl_s = rr.ttl_s;
        }
    }
    if (first[0] != '\0') {
        memcpy(i->address, first, sizeof first);
        renew(s, &i->parts[PART_ADDRESS], ttl_s, now_ms);
    }
}

/* The records in the order in which they lead on to each other, whatever theirs. */
void mdns_seen_packet(struct mdns_seen *s, const uint8_t *bytes, size_t len, int64_t now_ms)
{
    struct mdns_reader r;
    struct mdns_rr rr;
    bool addresses = false;
    if (!mdns_read_begin(&r, bytes, len) || !r.response) {
        return;
    }
    while (mdns_read_rr(&r, &rr)) {
        if (rr.type == MDNS_PTR) {
            on_ptr(s, &rr, now_ms);
        }
    }
    for (mdns_read_begin(&r, bytes, len); mdns_read_rr(&r, &rr);) {
        on_detail(s, &rr, now_ms);
        addresses = addresses || rr.type == MDNS_A;
    }
    for (size_t n = 0; n < MDNS_SEEN_MAX; n++) {
        struct instance *i = s->instances[n];
        if (i != NULL && addresses && i->parts[PART_SRV].until_ms > 0) {
            on_addresses(s, i, bytes, len, now_ms);
        }
        if (i != NULL) {
            settle(s, i, now_ms);
        }
    }
}

/* ---- time ---------------------------------------------------------------------------------------
 */

/* Expires what is over; true when the instance itself is. */
static bool expire(struct mdns_seen *s, struct instance *i, int64_t now_ms)
{
    for (size_t p = 0; p < PARTS; p++) {
        struct lease *l = &i->parts[p];
        if (l->until_ms != 0 && l->until_ms <= now_ms) {
            *l = (struct lease){.ask_ms = now_ms};
        }
    }
    settle(s, i, now_ms);
    return i->parts[PART_PTR].until_ms == 0;
}

static void ask(struct mdns_seen *s, struct mdns_writer *w, const struct mdns_name *name, int type)
{
    if (!mdns_write_question(w, name, (uint16_t)type)) {
        s->events.ask(s->events.context, w);
        mdns_write_begin(w, false);
        mdns_write_question(w, name, (uint16_t)type);
    }
}

static const int types_of[PARTS] = {MDNS_PTR, MDNS_SRV, MDNS_TXT, MDNS_A};

/* Asks for what is due of one part. */
static void ask_part(
    struct mdns_seen *s, struct instance *i, enum part p, struct mdns_writer *w, int64_t now_ms)
{
    struct lease *l = &i->parts[p];
    const struct mdns_name *name = p == PART_ADDRESS ? &i->target : &i->name;
    bool known = l->until_ms > now_ms;
    bool wanted = !i->own && (p != PART_ADDRESS || i->parts[PART_SRV].until_ms > now_ms);
    if (now_ms < l->ask_ms || !wanted) {
        return;
    }
    ask(s, w, p == PART_PTR ? &s->types[i->type].name : name, types_of[p]);
    l->asks++;
    if (l->asks >= (known ? ASKS_KNOWN : ASKS_MISSING)) {
        l->ask_ms = NEVER;
    } else {
        l->ask_ms = now_ms + (known ? l->ttl_ms / 20 : INT64_C(1000) << (l->asks - 1));
    }
}

/* What we know already, so that it is not said again: what lasts at least half its time. */
static void add_known(struct mdns_seen *s, size_t type, struct mdns_writer *w, int64_t now_ms)
{
    for (size_t n = 0; n < MDNS_SEEN_MAX; n++) {
        const struct instance *i = s->instances[n];
        const struct lease *l = i != NULL ? &i->parts[PART_PTR] : NULL;
        if (i == NULL || i->type != type || l->until_ms - now_ms < l->ttl_ms / 2) {
            continue;
        }
        if (!mdns_write_answer(w, &s->types[type].name, MDNS_PTR,
                (uint32_t)((l->until_ms - now_ms) / 1000), i->name.wire, i->name.len)) {
            return; /* more than fit: some are told twice */
        }
    }
}

static void browse(struct mdns_seen *s, int64_t now_ms)
{
    struct mdns_writer w;
    for (size_t t = 0; t < s->types_count; t++) {
        struct browsed *b = &s->types[t];
        if (now_ms >= b->ask_ms) {
            mdns_write_begin(&w, false);
            mdns_write_question(&w, &b->name, MDNS_PTR);
            add_known(s, t, &w, now_ms);
            s->events.ask(s->events.context, &w);
            b->ask_ms = now_ms + b->pause_ms;
            b->pause_ms = b->pause_ms * 2 > BROWSE_MAX_MS ? BROWSE_MAX_MS : b->pause_ms * 2;
        }
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_time(const struct mdns_seen *s)
{
    int64_t at = NEVER;
    for (size_t t = 0; t < s->types_count; t++) {
        at = sooner(at, s->types[t].ask_ms);
    }
    for (size_t n = 0; n < MDNS_SEEN_MAX; n++) {
        const struct instance *i = s->instances[n];
        for (size_t p = 0; i != NULL && p < PARTS; p++) {
            const struct lease *l = &i->parts[p];
            bool askable = !i->own && (p != PART_ADDRESS || i->parts[PART_SRV].until_ms > 0);
            at = sooner(at, l->until_ms > 0 ? l->until_ms : NEVER);
            at = sooner(at, askable ? l->ask_ms : NEVER);
        }
    }
    return at;
}

int64_t mdns_seen_step(struct mdns_seen *s, int64_t now_ms)
{
    struct mdns_writer w;
    browse(s, now_ms);
    mdns_write_begin(&w, false);
    for (size_t n = 0; n < MDNS_SEEN_MAX; n++) {
        struct instance *i = s->instances[n];
        if (i != NULL && expire(s, i, now_ms)) {
            free(i);
            s->instances[n] = NULL;
            continue;
        }
        for (size_t p = 0; i != NULL && p < PARTS; p++) {
            ask_part(s, i, (enum part)p, &w, now_ms);
        }
    }
    if (!mdns_write_empty(&w)) {
        s->events.ask(s->events.context, &w);
    }
    int64_t at = next_time(s);
    return at - now_ms > STEP_MAX_MS ? STEP_MAX_MS : (at > now_ms ? at - now_ms : 0);
}

size_t mdns_seen_count(const struct mdns_seen *s)
{
    size_t n = 0;
    for (size_t i = 0; i < MDNS_SEEN_MAX; i++) {
        n += s->instances[i] != NULL;
    }
    return n;
}
