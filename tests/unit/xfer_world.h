/* Several exchanges of content in memory: links with a latency and a bandwidth, stores that answer
 * later, hosts that lie, all on virtual time by seed. */
#ifndef PP_TESTS_XFER_WORLD_H
#define PP_TESTS_XFER_WORLD_H

#include "net/xfer.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NODES_MAX    8
#define CONTENTS_MAX 24
#define QUEUE        3
#define BULK_MAX     (8 << 20)

enum lie {
    HONEST,
    LIE_CHUNK, /* some chunks are damaged on their way out */
    LIE_WHOLE, /* its content is another, consistently */
    LIE_SIZE,  /* it says another size */
    LIE_MUTE,  /* it says that it holds it, and sends no chunk */
    LIE_LIST,  /* hashes of nothing, and no chunk */
    LIE_KINDS
};

struct content {
    char sha256[65];
    uint8_t *bytes;
    int64_t size;
};

struct part {
    bool here, whole, finishing;
    uint8_t *bytes;
    uint8_t *have;
};

struct world;
struct node {
    struct world *w;
    struct xfer *x;
    struct peer peer;
    enum lie lie;
    struct part parts[CONTENTS_MAX];
    bool full;                   /* its disk */
    bool refuses;                /* offers */
    uint64_t slow_ms;            /* more on each chunk */
    uint64_t free_at[NODES_MAX]; /* its link to that one is busy until */
    size_t waiting[NODES_MAX];
    uint64_t chunks_sent, chunks_written, begun_now, begun_most, lied;
    unsigned life; /* events of an earlier one are void */
};

enum event_kind {
    EVENT_MESSAGE,
    EVENT_READ,
    EVENT_WRITE,
    EVENT_FINISH
};

struct event {
    struct event *next;
    uint64_t at_ms, order;
    enum event_kind kind;
    size_t from, to;
    unsigned link, life;
    uint8_t *bytes;
    size_t len;
    uint64_t id;
    struct err err;
};

struct world {
    struct node nodes[NODES_MAX];
    size_t count;
    struct content contents[CONTENTS_MAX];
    size_t contents_count;
    bool linked[NODES_MAX][NODES_MAX];
    unsigned generation[NODES_MAX][NODES_MAX];
    struct event *events;
    uint64_t now_ms, order, seed;
    uint64_t latency_ms;
    uint64_t bytes_per_ms; /* 0 = no bound */
    uint8_t *spare[64];    /* buffers for chunks: fresh ones cost a thousand page faults */
    size_t spare_count;
    struct {
        size_t by, whom;
    } drops[64];
    size_t drops_count, dropped;
};

static inline uint64_t world_draw(struct world *w, uint64_t below)
{
    uint64_t z = w->seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

static inline struct event *world_add(struct world *w, struct event e)
{
    struct event *one = mem_alloc(sizeof *one);
    struct event **at = &w->events;
    *one = e;
    one->order = ++w->order;
    while (*at != NULL && (*at)->at_ms <= one->at_ms) {
        at = &(*at)->next;
    }
    one->next = *at;
    *at = one;
    return one;
}

#define LARGE  (1 << 16)
#define BUFFER (XFER_CHUNK + 256)
static inline uint8_t *world_buffer(struct world *w, size_t len)
{
    assert_true(len <= BUFFER);
    if (len >= LARGE && w->spare_count > 0) {
        return w->spare[--w->spare_count];
    }
    uint8_t *bytes = malloc(len >= LARGE ? BUFFER : len + 1);
    assert_non_null(bytes);
    return bytes;
}

static inline void world_give_back(struct world *w, uint8_t *bytes, size_t len)
{
    if (bytes != NULL && len >= LARGE && w->spare_count < 64) {
        w->spare[w->spare_count++] = bytes;
    } else {
        free(bytes);
    }
}

static inline size_t node_index(const struct node *n)
{
    return (size_t)(n - n->w->nodes);
}

static inline size_t world_find(const struct world *w, const char *sha256)
{
    for (size_t i = 0; i < w->contents_count; i++) {
        if (strcmp(w->contents[i].sha256, sha256) == 0) {
            return i;
        }
    }
    return CONTENTS_MAX;
}

/* ---- a store ------------------------------------------------------------------------------------
 */

static inline bool store_has(void *context, const char *sha256, int64_t *size_bytes)
{
    struct node *n = context;
    size_t i = world_find(n->w, sha256);
    if (i == CONTENTS_MAX || !n->parts[i].whole) {
        return false;
    }
    *size_bytes = n->w->contents[i].size + (n->lie == LIE_SIZE ? 77 : 0);
    return true;
}

static inline bool store_accepts(
    void *context, int queue, const char *sha256, int64_t size_bytes, struct err *e)
{
    struct node *n = context;
    (void)sha256;
    assert_int_equal(queue, QUEUE);
    assert_true(size_bytes >= 0);
    if (n->refuses) {
        err_set(e, PP_ENOSPC, "there is no room here");
    }
    return !n->refuses;
}

/* What this node would send of a content: its own bytes, when it lies consistently. */
static inline uint8_t node_byte(const struct node *n, size_t content, int64_t at)
{
    uint8_t b = n->w->contents[content].bytes[at];
    return n->lie == LIE_WHOLE && at == n->w->contents[content].size - 1 ? b ^ 0x55 : b;
}

static inline struct event *node_later(struct node *n, enum event_kind kind, uint64_t id)
{
    uint64_t delay = n->w->latency_ms > 0 ? world_draw(n->w, 3) : 0;
    return world_add(n->w, (struct event){.at_ms = n->w->now_ms + delay,
                               .kind = kind,
                               .to = node_index(n),
                               .life = n->life,
                               .id = id});
}

static inline void store_read(
    void *context, uint64_t id, const char *sha256, int64_t offset, size_t len)
{
    struct node *n = context;
    size_t i = world_find(n->w, sha256);
    struct event *e = node_later(n, EVENT_READ, id);
    assert_true(len <= XFER_CHUNK);
    if (i == CONTENTS_MAX || !n->parts[i].whole || offset + (int64_t)len > n->w->contents[i].size) {
        err_set(&e->err, PP_ENOTFOUND, "not here");
        return;
    }
    e->bytes = world_buffer(n->w, len);
    e->len = len;
    memcpy(e->bytes, n->w->contents[i].bytes + offset, len);
    if (len > 0) {
        e->bytes[len - 1] = node_byte(n, i, offset + (int64_t)len - 1);
    }
}

static inline uint32_t content_count(const struct content *c)
{
    return (uint32_t)((c->size + XFER_CHUNK - 1) / XFER_CHUNK);
}

static inline int store_begin(
    void *context, const char *sha256, int64_t size_bytes, uint8_t **have, struct err *e)
{
    struct node *n = context;
    size_t i = world_find(n->w, sha256);
    struct part *p = &n->parts[i];
    if (n->full) {
        return err_set(e, PP_ENOSPC, "the disk is full");
    }
    assert_true(i < CONTENTS_MAX && !p->whole && !p->finishing);
    if (size_bytes != n->w->contents[i].size) {
        return err_set(e, PP_EINVAL, "another size");
    }
    if (!p->here) {
        p->bytes = mem_alloc((size_t)size_bytes + 1);
        p->have = mem_alloc(content_count(&n->w->contents[i]) + 1);
        p->here = true;
    }
    *have = mem_alloc(content_count(&n->w->contents[i]) + 1);
    memcpy(*have, p->have, content_count(&n->w->contents[i]));
    n->begun_now++;
    n->begun_most = n->begun_now > n->begun_most ? n->begun_now : n->begun_most;
    return 0;
}

/* True if somebody there holds exactly these bytes: else nobody may have them written. */
static inline bool is_somebodys(
    const struct world *w, size_t content, int64_t offset, const uint8_t *bytes, size_t len)
{
    const uint8_t *truth = w->contents[content].bytes + offset;
    bool same = memcmp(truth, bytes, len - 1) == 0;
    for (size_t i = 0; same && i < w->count; i++) {
        if (node_byte(&w->nodes[i], content, offset + (int64_t)len - 1) == bytes[len - 1]) {
            return true;
        }
    }
    return false;
}

static inline void store_write(void *context, uint64_t id, const char *sha256, int64_t offset,
    const uint8_t *bytes, size_t len)
{
    struct node *n = context;
    size_t i = world_find(n->w, sha256);
    struct part *p = &n->parts[i];
    struct event *e = node_later(n, EVENT_WRITE, id);
    assert_true(p->here && !p->finishing && offset % XFER_CHUNK == 0);
    assert_true(offset + (int64_t)len <= n->w->contents[i].size);
    assert_true(is_somebodys(n->w, i, offset, bytes, len));
    if (n->full) {
        err_set(&e->err, PP_ENOSPC, "the disk is full");
        return;
    }
    memcpy(p->bytes + offset, bytes, len);
    p->have[offset / XFER_CHUNK] = 1;
    n->chunks_written++;
}

static inline void store_finish(void *context, uint64_t id, const char *sha256)
{
    struct node *n = context;
    size_t i = world_find(n->w, sha256);
    const struct content *c = &n->w->contents[i];
    struct part *p = &n->parts[i];
    struct event *e = node_later(n, EVENT_FINISH, id);
    assert_true(p->here && !p->finishing);
    for (uint32_t k = 0; k < content_count(c); k++) {
        assert_true(p->have[k]);
    }
    p->finishing = true;
    n->begun_now--;
    if (memcmp(p->bytes, c->bytes, (size_t)c->size) != 0) {
        err_set(&e->err, PP_ECORRUPT, "another hash");
    }
    e->len = i;
}

static inline void node_drop_part(struct part *p)
{
    free(p->bytes);
    free(p->have);
    *p = (struct part){0};
}

static inline void store_discard(void *context, const char *sha256)
{
    struct node *n = context;
    node_drop_part(&n->parts[world_find(n->w, sha256)]);
}

/* ---- links --------------------------------------------------------------------------------------
 */

static inline size_t world_node(const struct world *w, const struct peer *p)
{
    size_t i = 0;
    while (i < w->count && memcmp(&w->nodes[i].peer, p, sizeof *p) != 0) {
        i++;
    }
    return i;
}

/* The message as this node would send it; false: not at all. */
static inline bool node_lies(struct node *n, uint8_t *bytes, size_t len)
{
    bool chunk = len > 37 && bytes[0] == 7;
    bool hashes = len > 37 && bytes[0] == 5;
    if (chunk && n->lie == LIE_CHUNK && world_draw(n->w, 2) == 0) {
        bytes[37 + world_draw(n->w, len - 37)] ^= 1;
        n->lied++;
    }
    if (hashes && n->lie == LIE_LIST) {
        memset(bytes + 37, 0x11, len - 37);
        n->lied++;
    }
    return !(chunk && (n->lie == LIE_MUTE || n->lie == LIE_LIST));
}

static inline bool io_send(
    void *context, int queue, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len)
{
    struct node *n = context;
    struct world *w = n->w;
    size_t from = node_index(n);
    size_t other = world_node(w, to);
    assert_int_equal(queue, QUEUE);
    assert_true(len <= 2 << 20);
    if (!w->linked[from][other] || (bulk && n->waiting[other] + len > BULK_MAX)) {
        return false;
    }
    uint64_t *busy = &n->free_at[other];
    uint8_t *copy = world_buffer(w, len);
    memcpy(copy, bytes, len);
    if (!node_lies(n, copy, len)) {
        world_give_back(w, copy, len);
        return true;
    }
    n->chunks_sent += bulk;
    *busy = *busy > w->now_ms ? *busy : w->now_ms;
    *busy += (w->bytes_per_ms > 0 ? len / w->bytes_per_ms : 0) + (bulk ? n->slow_ms : 0);
    n->waiting[other] += len;
    world_add(w, (struct event){.at_ms = *busy + w->latency_ms,
                     .kind = EVENT_MESSAGE,
                     .from = from,
                     .to = other,
                     .link = w->generation[from][other],
                     .life = w->nodes[other].life,
                     .bytes = copy,
                     .len = len});
    return true;
}

static inline void io_drop(void *context, const struct peer *peer, const char *why)
{
    struct node *n = context;
    struct world *w = n->w;
    assert_true(why[0] != '\0');
    assert_true(w->drops_count < 64);
    w->drops[w->drops_count].by = node_index(n);
    w->drops[w->drops_count++].whom = world_node(w, peer);
    w->dropped++;
}

static inline void world_link(struct world *w, size_t a, size_t b)
{
    if (w->linked[a][b]) {
        return;
    }
    w->linked[a][b] = w->linked[b][a] = true;
    w->generation[a][b]++;
    w->generation[b][a]++;
    w->nodes[a].waiting[b] = w->nodes[b].waiting[a] = 0;
    w->nodes[a].free_at[b] = w->nodes[b].free_at[a] = 0;
    xfer_peer_up(w->nodes[a].x, w->now_ms, QUEUE, &w->nodes[b].peer);
    xfer_peer_up(w->nodes[b].x, w->now_ms, QUEUE, &w->nodes[a].peer);
}

static inline void world_cut(struct world *w, size_t a, size_t b)
{
    if (!w->linked[a][b]) {
        return;
    }
    w->linked[a][b] = w->linked[b][a] = false;
    w->generation[a][b]++;
    w->generation[b][a]++;
    xfer_peer_down(w->nodes[a].x, w->now_ms, QUEUE, &w->nodes[b].peer);
    xfer_peer_down(w->nodes[b].x, w->now_ms, QUEUE, &w->nodes[a].peer);
}

/* ---- the world ----------------------------------------------------------------------------------
 */

static inline void node_start(struct node *n)
{
    struct xfer_store store = {store_has, store_accepts, store_read, store_begin, store_write,
        store_finish, store_discard, n};
    struct xfer_io io = {io_send, io_drop, n};
    n->life++;
    n->begun_now = 0;
    for (size_t i = 0; i < CONTENTS_MAX; i++) {
        n->parts[i].finishing = false;
    }
    n->x = xfer_new(&store, &io);
}

static inline struct world *world_new(size_t nodes, uint64_t seed)
{
    struct world *w = mem_alloc(sizeof *w);
    w->seed = seed;
    w->now_ms = 1000;
    w->latency_ms = 1;
    w->count = nodes;
    for (size_t i = 0; i < nodes; i++) {
        w->nodes[i].w = w;
        memset(w->nodes[i].peer.key, (int)(i + 1), sizeof w->nodes[i].peer.key);
        node_start(&w->nodes[i]);
    }
    return w;
}

static inline void world_free_event(struct world *w, struct event *e)
{
    world_give_back(w, e->bytes, e->len);
    free(e);
}

static inline void world_free(struct world *w)
{
    for (struct event *next; w->events != NULL; w->events = next) {
        next = w->events->next;
        world_free_event(w, w->events);
    }
    while (w->spare_count > 0) {
        free(w->spare[--w->spare_count]);
    }
    for (size_t i = 0; i < w->count; i++) {
        xfer_free(w->nodes[i].x);
        for (size_t k = 0; k < CONTENTS_MAX; k++) {
            node_drop_part(&w->nodes[i].parts[k]);
        }
    }
    for (size_t i = 0; i < w->contents_count; i++) {
        free(w->contents[i].bytes);
    }
    free(w);
}

static inline void world_link_all(struct world *w)
{
    for (size_t a = 0; a < w->count; a++) {
        for (size_t b = 0; b < a; b++) {
            world_link(w, a, b);
        }
    }
}

static inline size_t world_content(struct world *w, int64_t size)
{
    struct content *c = &w->contents[w->contents_count];
    uint8_t hash[crypto_hash_sha256_BYTES];
    assert_true(w->contents_count < CONTENTS_MAX);
    c->size = size;
    c->bytes = mem_alloc((size_t)size + 8);
    for (int64_t i = 0; i < size; i += 512) { /* enough to tell chunks apart */
        uint64_t v = world_draw(w, UINT64_MAX);
        memcpy(c->bytes + i, &v, size - i < 8 ? (size_t)(size - i) : 8);
    }
    crypto_hash_sha256(hash, c->bytes, (unsigned long long)size);
    sodium_bin2hex(c->sha256, sizeof c->sha256, hash, sizeof hash);
    return w->contents_count++;
}

static inline void world_give(struct world *w, size_t node, size_t content)
{
    w->nodes[node].parts[content].whole = true;
}

/* A new process on what the old one left on its disk. */
static inline void world_restart(struct world *w, size_t node)
{
    struct node *n = &w->nodes[node];
    for (size_t i = 0; i < w->count; i++) {
        if (i != node) {
            world_cut(w, i, node);
        }
    }
    xfer_free(n->x);
    node_start(n);
}

static inline void node_take(struct node *n, struct event *e)
{
    struct world *w = n->w;
    const struct err *err = e->err.code != 0 ? &e->err : NULL;
    switch (e->kind) {
    case EVENT_MESSAGE:
        if (w->linked[e->from][e->to] && w->generation[e->from][e->to] == e->link) {
            w->nodes[e->from].waiting[e->to] -= e->len;
            xfer_receive(n->x, w->now_ms, QUEUE, &w->nodes[e->from].peer, e->bytes, e->len);
        }
        break;
    case EVENT_READ:
        xfer_read_done(n->x, w->now_ms, e->id, e->bytes, e->len, err);
        break;
    case EVENT_WRITE:
        xfer_write_done(n->x, w->now_ms, e->id, err);
        break;
    case EVENT_FINISH:
        n->parts[e->len].finishing = false;
        if (err == NULL) {
            node_drop_part(&n->parts[e->len]);
            n->parts[e->len].whole = true;
        }
        xfer_finish_done(n->x, w->now_ms, e->id, err);
        break;
    }
}

/* The next thing that happens until `until_ms`; false = nothing does. */
static inline bool world_step(struct world *w, uint64_t until_ms)
{
    uint64_t next = w->events != NULL ? w->events->at_ms : UINT64_MAX;
    struct node *who = NULL;
    while (w->drops_count > 0) {
        w->drops_count--;
        world_cut(w, w->drops[w->drops_count].by, w->drops[w->drops_count].whom);
    }
    for (size_t i = 0; i < w->count; i++) {
        uint64_t due = xfer_next_ms(w->nodes[i].x);
        if (due < next) {
            next = due;
            who = &w->nodes[i];
        }
    }
    if (next > until_ms) {
        w->now_ms = until_ms > w->now_ms ? until_ms : w->now_ms;
        return false;
    }
    w->now_ms = next > w->now_ms ? next : w->now_ms;
    if (who != NULL) {
        xfer_tick(who->x, w->now_ms);
        return true;
    }
    struct event *e = w->events;
    w->events = e->next;
    if (e->life == w->nodes[e->to].life) {
        node_take(&w->nodes[e->to], e);
    }
    world_free_event(w, e);
    return true;
}

static inline void world_run(struct world *w, uint64_t for_ms)
{
    uint64_t until = w->now_ms + for_ms;
    size_t steps = 0;
    while (world_step(w, until)) {
        assert_true(++steps < 2000000); /* time goes on */
    }
}

/* ---- who waits ----------------------------------------------------------------------------------
 */

struct told {
    struct world *w;
    int count;
    struct err err;
    size_t holders;
    uint64_t at_ms;
};

static inline void on_fetched(void *context, const struct err *e)
{
    struct told *t = context;
    t->count++;
    t->err = e != NULL ? *e : (struct err){0};
    t->at_ms = t->w->now_ms;
}

static inline void on_offered(void *context, const struct err *e, size_t holders)
{
    on_fetched(context, e);
    ((struct told *)context)->holders = holders;
}

static inline uint64_t world_fetch(struct world *w, size_t node, size_t content, struct told *t)
{
    *t = (struct told){.w = w};
    return xfer_fetch(w->nodes[node].x, w->now_ms, QUEUE, w->contents[content].sha256,
        w->contents[content].size, on_fetched, t);
}

/* Until it is answered, or so long. */
static inline void world_wait(struct world *w, const struct told *t, uint64_t for_ms)
{
    uint64_t until = w->now_ms + for_ms;
    while (t->count == 0 && world_step(w, until)) {
    }
}

#endif
