/* Two hosts, and what is waited for of them. */
#ifndef TEST_LINKS_TWO_H
#define TEST_LINKS_TWO_H

#include "tests/unit/links_bench.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static struct bench b;

static inline int set_up(void **state)
{
    (void)state;
    bench_open(&b);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    bench_close(&b);
    return 0;
}

static inline bool both_up(struct bench *x)
{
    return x->host[0].ups > 0 && x->host[1].ups > 0;
}

static inline bool one_got(struct bench *x)
{
    return x->host[1].messages > 0;
}

static inline bool one_down(struct bench *x)
{
    return x->host[1].downs > 0;
}

static inline bool zero_down(struct bench *x)
{
    return x->host[0].downs > 0;
}

static inline bool both_twice(struct bench *x)
{
    return x->host[0].ups >= 2 && x->host[1].ups >= 2;
}

static inline bool zero_noted(struct bench *x)
{
    return x->host[0].notes.len > 0;
}

static inline bool one_noted(struct bench *x)
{
    return x->host[1].notes.len > 0;
}

static inline bool both_noted(struct bench *x)
{
    return zero_noted(x) && one_noted(x);
}

/* Hosts 0 and 1 with queue 0, "LAN"; 1 listens at `address`. */
static inline void two(char address[32])
{
    bench_host(&b, 0, 1, "");
    bench_host(&b, 1, 2, "");
    bench_join(&b.host[0], "LAN", "key");
    bench_join(&b.host[1], "LAN", "key");
    bench_listen(&b.host[1], -1, address);
}

static inline void two_linked(char address[32])
{
    two(address);
    links_dial(b.host[0].links, 0, address, NULL);
    bench_until(&b, both_up);
}

#endif
