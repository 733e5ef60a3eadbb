/* Hosts on the local network, in words for programs and for people. */
#include "net/nearby.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TXT_BYTES 1100 /* of a TXT record, so that it fits an Ethernet frame with the rest */

/* ---- the TXT record -----------------------------------------------------------------------------
 */

struct txt_writer {
    struct nearby_txt *out;
    size_t count, bytes;
};

static void put(struct txt_writer *w, const char *key, int index, const char *value)
{
    struct nearby_txt *t = w->out;
    if (index < 0) {
        str_copy(t->keys[w->count], sizeof t->keys[0], key, strlen(key));
    } else {
        snprintf(t->keys[w->count], sizeof t->keys[0], "%s%d", key, index % 100);
    }
    str_copy(t->values[w->count], sizeof t->values[0], value, strlen(value));
    t->pairs[w->count][0] = t->keys[w->count];
    t->pairs[w->count][1] = t->values[w->count];
    w->bytes += strlen(t->keys[w->count]) + strlen(t->values[w->count]) + 2;
    w->count++;
}

void nearby_txt(struct nearby_txt *out, const struct nearby_host *self)
{
    struct txt_writer w = {.out = out};
    char number[12];
    memset(out, 0, sizeof *out);
    snprintf(number, sizeof number, "%d", self->protocol);
    put(&w, "v", -1, number);
    put(&w, "p", -1, self->peer);
    put(&w, "n", -1, self->name);
    put(&w, "ver", -1, self->version);
    for (size_t i = 0; i < self->queues_count; i++) {
        const struct nearby_queue *q = &self->queues[i];
        size_t pairs = 1u + (q->tag[0] != '\0') + (q->port != 0);
        if (w.count + pairs > MDNS_TXT_MAX || w.bytes + strlen(q->name) + 32 > TXT_BYTES) {
            continue;
        }
        put(&w, "q", (int)i, q->name);
        if (q->tag[0] != '\0') {
            put(&w, "k", (int)i, q->tag);
        }
        if (q->port != 0) {
            snprintf(number, sizeof number, "%d", q->port);
            put(&w, "port", (int)i, number);
        }
    }
}

/* The first value of a key; NULL when there is none. */
static const char *value_of(const struct mdns_found *f, const char *key)
{
    for (size_t i = 0; f->txt[i][0] != NULL; i++) {
        if (strcasecmp(f->txt[i][0], key) == 0) { /* RFC 6763 §6.4 */
            return f->txt[i][1];
        }
    }
    return NULL;
}

static const char *value_at(const struct mdns_found *f, const char *key, size_t index)
{
    char name[16];
    snprintf(name, sizeof name, "%s%zu", key, index);
    return value_of(f, name);
}

/* Printable UTF-8 that fits. */
static bool name_ok(const char *text, size_t size)
{
    char clean[256];
    size_t len = strlen(text);
    return len > 0 && len < size && strcmp(str_escape(clean, sizeof clean, text, len), text) == 0;
}

static bool tag_ok(const char *text)
{
    return strlen(text) == NEARBY_TAG_SIZE - 1 && strspn(text, "0123456789abcdef") == strlen(text);
}

/* One queue; false when what is said of it is not what it should be. */
static bool parse_queue(const struct mdns_found *f, size_t index, struct nearby_queue *out)
{
    const char *name = value_at(f, "q", index);
    const char *tag = value_at(f, "k", index);
    const char *port = value_at(f, "port", index);
    int64_t number = 0;
    if (name == NULL || !name_ok(name, sizeof out->name) || (tag != NULL && !tag_ok(tag)) ||
        (port != NULL && !str_to_int(port, 1, 65535, &number))) {
        return false;
    }
    *out = (struct nearby_queue){.port = (int)number};
    memcpy(out->name, name, strlen(name) + 1);
    if (tag != NULL) {
        memcpy(out->tag, tag, sizeof out->tag);
    }
    return true;
}

bool nearby_parse(const struct mdns_found *f, struct nearby_host *out)
{
    const char *version = value_of(f, "v");
    const char *peer = value_of(f, "p");
    const char *name = value_of(f, "n");
    const char *program = value_of(f, "ver");
    int64_t protocol;
    struct peer key;
    *out = (struct nearby_host){.port = f->port};
    if (version == NULL || peer == NULL || !str_to_int(version, 1, 65535, &protocol) ||
        peer_parse(peer, &key, NULL) != 0) {
        return false;
    }
    out->protocol = (int)protocol;
    peer_format(&key, out->peer);
    name = name != NULL && name[0] != '\0' ? name : f->name;
    str_escape(out->name, sizeof out->name, name, strlen(name));
    program = program != NULL ? program : "";
    str_escape(out->version, sizeof out->version, program, strlen(program));
    str_copy(out->address, sizeof out->address, f->address, strlen(f->address));
    for (size_t i = 0; i < MDNS_TXT_MAX && out->queues_count < NEARBY_QUEUES_MAX; i++) {
        out->queues_count += parse_queue(f, i, &out->queues[out->queues_count]);
    }
    return true;
}

void nearby_key_tag(const char *namespace, const char *key, char out[NEARBY_TAG_SIZE])
{
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t tag[crypto_pwhash_BYTES_MIN]; /* 16; four are told */
    out[0] = '\0';
    if (key[0] == '\0') {
        return;
    }
    crypto_generichash(salt, sizeof salt, (const uint8_t *)namespace, strlen(namespace), NULL, 0);
    if (crypto_pwhash(tag, sizeof tag, key, strlen(key), salt, 2, 8 << 20,
            crypto_pwhash_ALG_ARGON2ID13) != 0) {
        abort(); /* no memory */
    }
    sodium_bin2hex(out, NEARBY_TAG_SIZE, tag, 4);
    sodium_memzero(tag, sizeof tag);
}

/* ---- who is there -------------------------------------------------------------------------------
 */

struct neighbour {
    struct nearby_host host;
    bool there;
    int64_t gone_ms; /* when not there */
};

struct nearby {
    struct nearby_host self;
    struct neighbour hosts[NEARBY_HOSTS_MAX];
    size_t count;
};

struct nearby *nearby_new(const struct nearby_host *self)
{
    struct nearby *n = mem_alloc(sizeof *n);
    n->self = *self;
    return n;
}

void nearby_free(struct nearby *n)
{
    free(n);
}

static bool is_fresh(const struct neighbour *k, int64_t now_ms)
{
    return k->there || now_ms - k->gone_ms < NEARBY_KEEP_MS;
}

/* The place of a host as it is at one address; for a new one also that of one long gone. */
static struct neighbour *place(struct nearby *n, const struct nearby_host *h, int64_t now_ms)
{
    struct neighbour *spare = NULL;
    for (size_t i = 0; i < n->count; i++) {
        struct neighbour *k = &n->hosts[i];
        if (strcmp(k->host.peer, h->peer) == 0 && strcmp(k->host.address, h->address) == 0) {
            return k;
        }
        spare = is_fresh(k, now_ms) ? spare : k;
    }
    if (spare == NULL && n->count < NEARBY_HOSTS_MAX) {
        spare = &n->hosts[n->count++];
    }
    return spare;
}

bool nearby_saw(
    struct nearby *n, const struct mdns_found *found, int64_t now_ms, struct nearby_host *out)
{
    if (!nearby_parse(found, out) || strcmp(out->peer, n->self.peer) == 0) {
        return false;
    }
    struct neighbour *k = place(n, out, now_ms);
    if (k != NULL) {
        *k = (struct neighbour){.host = *out, .there = !found->gone, .gone_ms = now_ms};
    }
    return true;
}

/* ---- hints --------------------------------------------------------------------------------------
 */

struct hints {
    const struct nearby_question *q;
    char (*out)[NEARBY_HINT_SIZE];
    size_t count;
    char named[NEARBY_HINTS][64]; /* queues that a hint was given for: once is enough */
    size_t named_count;
};

/* Too long a line ends between characters of UTF-8. */
static void add(struct hints *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct hints *h, const char *fmt, ...)
{
    char line[512];
    va_list args;
    if (h->count == NEARBY_HINTS) {
        return;
    }
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    size_t len = strlen(line);
    if (len >= NEARBY_HINT_SIZE) {
        len = NEARBY_HINT_SIZE - 1;
        while (((unsigned char)line[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    str_copy(h->out[h->count++], NEARBY_HINT_SIZE, line, len);
}

static bool is_new(struct hints *h, const char *queue)
{
    for (size_t i = 0; i < h->named_count; i++) {
        if (strcmp(h->named[i], queue) == 0) {
            return false;
        }
    }
    if (h->named_count < NEARBY_HINTS) {
        str_copy(h->named[h->named_count++], sizeof h->named[0], queue, strlen(queue));
    }
    return true;
}

/* Ours, and yet it is not linked. */
static bool hint_ours(struct hints *h, const struct nearby_host *k, const struct nearby_queue *q)
{
    bool locked = h->q->tag[0] != '\0';
    if (strcmp(q->name, h->q->queue) != 0 || k->protocol != NEARBY_PROTOCOL) {
        return false;
    }
    if (strcmp(q->tag, h->q->tag) == 0) {
        add(h,
            "%s (%s) has queue \"%s\" too, but there is no link to it yet: is a firewall between?",
            k->name, k->address, q->name);
    } else if (q->tag[0] != '\0' && locked) {
        add(h, "%s has queue \"%s\" with another key", k->name, q->name);
    } else if (locked) {
        add(h, "%s has queue \"%s\" without a key, yours has one", k->name, q->name);
    } else {
        add(h, "%s has queue \"%s\" with a key, yours is open", k->name, q->name);
    }
    return true;
}

static bool hint_case(struct hints *h, const struct nearby_host *k, const struct nearby_queue *q)
{
    if (strcmp(q->name, h->q->queue) == 0 || strcasecmp(q->name, h->q->queue) != 0) {
        return false;
    }
    if (is_new(h, q->name)) {
        add(h, "queue \"%s\" seen at %s (%s); yours is \"%s\"; names are case-sensitive", q->name,
            k->name, k->address, h->q->queue);
    }
    return true;
}

static bool hint_other(struct hints *h, const struct nearby_host *k, const struct nearby_queue *q)
{
    if (strcmp(q->name, h->q->queue) == 0 || strcasecmp(q->name, h->q->queue) == 0) {
        return false;
    }
    if (is_new(h, q->name)) {
        add(h, "queue \"%s\" seen at %s (%s); yours is \"%s\"", q->name, k->name, k->address,
            h->q->queue);
    }
    return true;
}

typedef bool (*hint_fn)(struct hints *h, const struct nearby_host *k, const struct nearby_queue *q);

static void hint_each(const struct nearby *n, struct hints *h, hint_fn hint, int64_t now_ms)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct neighbour *k = &n->hosts[i];
        for (size_t j = 0; is_fresh(k, now_ms) && j < k->host.queues_count; j++) {
            hint(h, &k->host, &k->host.queues[j]);
        }
    }
}

/* "pphost 0.1.0" without the program. */
static const char *bare(const char *version)
{
    const char *space = strchr(version, ' ');
    return space != NULL ? space + 1 : version;
}

static void hint_versions(const struct nearby *n, struct hints *h, int64_t now_ms)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct nearby_host *k = &n->hosts[i].host;
        if (is_fresh(&n->hosts[i], now_ms) && k->protocol != NEARBY_PROTOCOL) {
            add(h, "%s runs %s, this is %s: they do not understand each other", k->name,
                k->version[0] != '\0' ? k->version : "another version", bare(n->self.version));
        }
    }
}

size_t nearby_hints(const struct nearby *n, const struct nearby_question *q, int64_t now_ms,
    char (*out)[NEARBY_HINT_SIZE])
{
    struct hints h = {.q = q, .out = out};
    if (q->trouble[0] != '\0') {
        add(&h, "%s", q->trouble);
    }
    if (q->container != NULL) {
        add(&h,
            "%s looks like a container's bridge network: hosts elsewhere cannot be found from "
            "there; give the container the host's network",
            q->container);
    }
    hint_each(n, &h, hint_ours, now_ms);
    hint_versions(n, &h, now_ms);
    hint_each(n, &h, hint_case, now_ms);
    hint_each(n, &h, hint_other, now_ms);
    if (h.count == 0) {
        add(&h, "nobody else announced a queue on this network yet");
    }
    return h.count;
}
