/* A name server on this machine's loopback, on the loop of the test: a table of TXT records. What
 * does not fit into 512 bytes is cut off and given by TCP. */
#ifndef PP_TESTS_DNS_BENCH_H
#define PP_TESTS_DNS_BENCH_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DNS_BENCH_NAMES 8

enum dns_bench_mood {
    DNS_BENCH_FINE,
    DNS_BENCH_SILENT,
    DNS_BENCH_BROKEN, /* SERVFAIL */
    DNS_BENCH_GARBLED /* an answer that ends in mid-record */
};

struct dns_bench {
    uv_udp_t udp;
    uv_tcp_t tcp;
    uv_tcp_t client;
    char address[32];
    enum dns_bench_mood mood;
    struct {
        const char *name;
        const char *records[8];
    } names[DNS_BENCH_NAMES];
    unsigned asked;
    unsigned by_tcp;
    uint8_t answer[65536 + 2];
    uint8_t question[512];
    size_t question_len;
    bool client_open;
};

/* "\3www\7example\0" as "www.example"; the bytes it takes. */
static inline size_t dns_bench_name(const uint8_t *p, char out[256])
{
    size_t at = 0;
    size_t n = 0;
    while (p[at] != 0) {
        memcpy(out + n, p + at + 1, p[at]);
        n += p[at];
        out[n++] = '.';
        at += p[at] + 1u;
    }
    out[n > 0 ? n - 1 : 0] = '\0';
    return at + 1;
}

static inline size_t dns_bench_record(uint8_t *out, const char *text)
{
    static const uint8_t head[] = {0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60};
    size_t at = sizeof head + 2;
    size_t left = strlen(text);
    memcpy(out, head, sizeof head);
    do {
        size_t n = left < 200 ? left : 200; /* so that long ones come in pieces */
        out[at++] = (uint8_t)n;
        memcpy(out + at, text, n);
        at += n;
        text += n;
        left -= n;
    } while (left > 0);
    out[sizeof head] = (uint8_t)((at - sizeof head - 2) >> 8);
    out[sizeof head + 1] = (uint8_t)(at - sizeof head - 2);
    return at;
}

/* The answer at b->answer + 2; its length. */
static inline size_t dns_bench_answer(struct dns_bench *b, const uint8_t *q, size_t limit)
{
    uint8_t *out = b->answer + 2;
    char name[256];
    size_t len = 12 + dns_bench_name(q + 12, name) + 4;
    unsigned count = 0;
    size_t known = 0;
    b->asked++;
    memcpy(out, q, len);
    while (known < DNS_BENCH_NAMES &&
           (b->names[known].name == NULL || strcmp(b->names[known].name, name) != 0)) {
        known++;
    }
    for (size_t i = 0; known < DNS_BENCH_NAMES && b->names[known].records[i] != NULL; i++) {
        len += dns_bench_record(out + len, b->names[known].records[i]);
        count++;
    }
    bool cut = len > limit;
    if (cut) {
        dns_bench_name(q + 12, name);
        len = 12 + strlen(name) + 2 + 4;
        count = 0;
    }
    out[2] = (uint8_t)(0x81 | (cut ? 2 : 0)); /* an answer, recursion wanted */
    out[3] = (uint8_t)(0x80 | (b->mood == DNS_BENCH_BROKEN ? 2 : known == DNS_BENCH_NAMES ? 3 : 0));
    memset(out + 6, 0, 6);
    out[7] = (uint8_t)count;
    return b->mood == DNS_BENCH_GARBLED ? len - 5 : len;
}

static inline void dns_bench_alloc(uv_handle_t *h, size_t want, uv_buf_t *buf)
{
    struct dns_bench *b = h->data;
    (void)want;
    *buf = uv_buf_init(
        (char *)b->question + b->question_len, (unsigned)(sizeof b->question - b->question_len));
}

static inline void dns_bench_on_udp(
    uv_udp_t *u, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
    struct dns_bench *b = u->data;
    (void)flags;
    if (n <= 12 || from == NULL || b->mood == DNS_BENCH_SILENT) {
        return;
    }
    size_t len = dns_bench_answer(b, (const uint8_t *)buf->base, 512);
    uv_buf_t out = uv_buf_init((char *)b->answer + 2, (unsigned)len);
    uv_udp_try_send(u, &out, 1, from);
}

static inline void dns_bench_client_closed(uv_handle_t *h)
{
    struct dns_bench *b = h->data;
    b->client_open = false;
}

static inline void dns_bench_on_tcp(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct dns_bench *b = s->data;
    (void)buf;
    if (n < 0) {
        b->question_len = 0;
        uv_close((uv_handle_t *)s, dns_bench_client_closed);
        return;
    }
    b->question_len += (size_t)n;
    size_t wanted = (size_t)b->question[0] << 8 | b->question[1];
    if (b->question_len >= 2 && b->question_len >= wanted + 2) {
        size_t len = dns_bench_answer(b, b->question + 2, 65535);
        b->answer[0] = (uint8_t)(len >> 8);
        b->answer[1] = (uint8_t)len;
        b->by_tcp++;
        b->question_len = 0;
        uv_buf_t out = uv_buf_init((char *)b->answer, (unsigned)len + 2);
        uv_try_write(s, &out, 1);
    }
}

static inline void dns_bench_on_client(uv_stream_t *s, int status)
{
    struct dns_bench *b = s->data;
    assert(status == 0 && !b->client_open);
    uv_tcp_init(s->loop, &b->client);
    b->client.data = b;
    b->client_open = true;
    uv_accept(s, (uv_stream_t *)&b->client);
    uv_read_start((uv_stream_t *)&b->client, dns_bench_alloc, dns_bench_on_tcp);
}

static inline void dns_bench_open(struct dns_bench *b, uv_loop_t *loop)
{
    struct sockaddr_in a;
    int len = sizeof a;
    memset(b, 0, sizeof *b);
    /* The same number for both; another one where the second is taken. */
    for (int tries = 0;; tries++) {
        assert(tries < 20);
        uv_udp_init(loop, &b->udp);
        uv_tcp_init(loop, &b->tcp);
        b->udp.data = b->tcp.data = b;
        uv_ip4_addr("127.0.0.1", 0, &a);
        uv_udp_bind(&b->udp, (const struct sockaddr *)&a, 0);
        uv_udp_getsockname(&b->udp, (struct sockaddr *)&a, &len);
        if (uv_tcp_bind(&b->tcp, (const struct sockaddr *)&a, 0) == 0 &&
            uv_listen((uv_stream_t *)&b->tcp, 4, dns_bench_on_client) == 0) {
            break;
        }
        uv_close((uv_handle_t *)&b->udp, NULL);
        uv_close((uv_handle_t *)&b->tcp, NULL);
        uv_run(loop, UV_RUN_NOWAIT);
    }
    uv_udp_recv_start(&b->udp, dns_bench_alloc, dns_bench_on_udp);
    snprintf(b->address, sizeof b->address, "127.0.0.1:%d", ntohs(a.sin_port));
}

static inline void dns_bench_close(struct dns_bench *b)
{
    uv_close((uv_handle_t *)&b->udp, NULL);
    uv_close((uv_handle_t *)&b->tcp, NULL);
    if (b->client_open && !uv_is_closing((uv_handle_t *)&b->client)) {
        uv_close((uv_handle_t *)&b->client, NULL);
    }
}

#endif
