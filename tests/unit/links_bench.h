/* Several hosts' links on one loop, over real sockets of this machine. */
#ifndef TEST_LINKS_BENCH_H
#define TEST_LINKS_BENCH_H

#include "host/base/mem.h"
#include "host/base/str.h"
#include "net/links_priv.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BENCH_HOSTS 6

/* As usual, but in hundredths of seconds where a test would wait. */
static const struct links_times bench_times = {
    .sweep = 10,
    .handshake = 300,
    .idle = 300,
    .stuck = 400,
    .ping = 50,
    .silence = 1500,
    .rival = 150,
    .part = 50,
    .ban = 300,
    .note = 600000,
    .dial_min = 10,
    .dial_max = 80,
    .settled = 50,
};

struct host {
    struct links *links;
    struct identity id;
    unsigned ups, downs, messages;
    struct strbuf trace; /* "up 0;down 0 (why);" */
    struct strbuf notes;
    struct strbuf got; /* kinds of messages, one character each */
    size_t got_bytes;
    struct strbuf whole; /* the last one, all of it */
    uint8_t last[64];
    size_t last_len;
    struct peer last_peer;
    bool closed;
    bool leave_on_message; /* in the callback */
    bool drop_on_message;
    bool alone; /* admits nobody to its first queue */
    unsigned twins;
};

struct bench {
    uv_loop_t loop;
    uv_timer_t limit;
    bool late;
    struct host host[BENCH_HOSTS];
};

static inline void bench_up(
    void *context, int queue, const struct link_info *link, const void *hello, size_t n)
{
    struct host *h = context;
    (void)link;
    h->ups++;
    strbuf_printf(&h->trace, "up %d %.*s;", queue, (int)n, n > 0 ? (const char *)hello : "");
    h->last_peer = link->peer;
}

static inline void bench_down(void *context, int queue, const struct peer *peer, const char *why)
{
    struct host *h = context;
    (void)peer;
    h->downs++;
    strbuf_printf(&h->trace, "down %d %s;", queue, why);
}

static inline void bench_message(void *context, int queue, const struct peer *peer, uint8_t kind,
    const uint8_t *bytes, size_t len)
{
    struct host *h = context;
    char c = (char)kind;
    h->messages++;
    strbuf_add(&h->got, &c, 1);
    h->got_bytes += len;
    h->last_len = len < sizeof h->last ? len : sizeof h->last;
    memcpy(h->last, bytes, h->last_len);
    h->whole.len = 0;
    strbuf_add(&h->whole, (const char *)bytes, len);
    if (h->leave_on_message) {
        links_leave(h->links, queue);
    }
    if (h->drop_on_message) {
        links_drop(h->links, peer, "a test");
    }
}

static inline bool bench_admits(void *context, int queue, const struct peer *peer)
{
    const struct host *h = context;
    (void)peer;
    return queue > 0 || !h->alone;
}

static inline void bench_twin(void *context)
{
    ((struct host *)context)->twins++;
}

static inline void bench_note(void *context, const char *text)
{
    struct host *h = context;
    strbuf_printf(&h->notes, "%s\n", text);
}

static inline void bench_late(uv_timer_t *timer)
{
    ((struct bench *)timer->data)->late = true;
}

/* Host `i` with the identity of seed `seed`. */
static inline struct host *bench_host(struct bench *b, int i, int seed, const char *phrase)
{
    struct host *h = &b->host[i];
    uint8_t bytes[32] = {(uint8_t)seed, 7};
    char hello[16];
    snprintf(hello, sizeof hello, "host%d", i);
    identity_from_seed(&h->id, bytes);
    struct links_options o = {.phrase = phrase,
        .hello = hello,
        .hello_len = strlen(hello),
        .events = {.up = bench_up,
            .down = bench_down,
            .message = bench_message,
            .admits = bench_admits,
            .twin = bench_twin,
            .note = bench_note,
            .context = h}};
    assert_int_equal(links_open(&h->links, &b->loop, &o, NULL), 0);
    links_set_times(h->links, &bench_times);
    return h;
}

static inline int bench_join_as(
    struct host *h, const char *name, const char *key, const struct identity *id)
{
    struct links_queue q = {.name = name, .id = id};
    struct err e = {0};
    for (size_t i = 0; i < sizeof q.secret && key[i] != '\0'; i++) {
        q.secret[i] = (uint8_t)key[i];
    }
    int queue = links_join(h->links, &q, &e);
    assert_true(queue >= 0);
    return queue;
}

static inline int bench_join(struct host *h, const char *name, const char *key)
{
    return bench_join_as(h, name, key, &h->id);
}

/* Listens for all queues (-1) or one; "127.0.0.1:PORT" goes to `address`. */
static inline int bench_listen(struct host *h, int queue, char address[32])
{
    int port = 0;
    assert_int_equal(links_listen(h->links, "127.0.0.1", &port, queue, NULL), 0);
    snprintf(address, 32, "127.0.0.1:%d", port);
    return port;
}

static inline void bench_open(struct bench *b)
{
    memset(b, 0, sizeof *b);
    assert_int_equal(identity_init(), 0);
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&b->loop);
    uv_timer_init(&b->loop, &b->limit);
    b->limit.data = b;
}

static inline bool bench_run(struct bench *b, int64_t limit_ms, bool (*ready)(struct bench *b))
{
    b->late = false;
    uv_update_time(&b->loop);
    uv_timer_start(&b->limit, bench_late, (uint64_t)limit_ms, 0);
    while (!b->late && (ready == NULL || !ready(b))) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
    uv_timer_stop(&b->limit);
    return ready == NULL || ready(b);
}

/* Until `ready`; fails the test after 5 s. */
static inline void bench_until(struct bench *b, bool (*ready)(struct bench *b))
{
    if (!bench_run(b, 5000, ready)) {
        for (int i = 0; i < BENCH_HOSTS; i++) {
            print_message("host %d: %s\n%s", i, strbuf_text(&b->host[i].trace),
                strbuf_text(&b->host[i].notes));
        }
        fail_msg("this never came");
    }
}

/* Lets what can happen happen. */
static inline void bench_settle(struct bench *b, int64_t ms)
{
    bench_run(b, ms, NULL);
}

static inline void bench_closed(void *context)
{
    ((struct host *)context)->closed = true;
}

static inline void bench_close_host(struct host *h)
{
    if (h->links != NULL) {
        links_close(h->links, bench_closed, h);
        h->links = NULL;
    }
}

/* Nothing may be left on the loop. */
static inline void bench_close(struct bench *b)
{
    for (int i = 0; i < BENCH_HOSTS; i++) {
        bench_close_host(&b->host[i]);
    }
    uv_close((uv_handle_t *)&b->limit, NULL);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    for (int i = 0; i < BENCH_HOSTS; i++) {
        struct host *h = &b->host[i];
        strbuf_fini(&h->trace);
        strbuf_fini(&h->notes);
        strbuf_fini(&h->got);
        strbuf_fini(&h->whole);
    }
}

#endif
