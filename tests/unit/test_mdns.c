// link: ppnet
/* DNS-SD on real sockets: several hosts in one process find each other on this machine. */
#include "net/mdns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define LIMIT_MS 8000
#define HOSTS    3

struct seen {
    char name[64], value[64], address[64];
    int port;
    bool there;
};

struct host {
    struct mdns *m;
    struct seen seen[64];
    size_t count;
    bool closed;
};

static uv_loop_t loop;
static struct host hosts[HOSTS];
static char type[32];

static void on_found(void *context, const struct mdns_found *f)
{
    struct host *h = context;
    struct seen *s = NULL;
    assert_string_equal(f->type, type);
    for (size_t i = 0; i < h->count; i++) {
        if (strcmp(h->seen[i].name, f->name) == 0 && strcmp(h->seen[i].address, f->address) == 0 &&
            h->seen[i].port == f->port) {
            s = &h->seen[i];
        }
    }
    if (s == NULL) {
        assert_in_range(h->count, 0, 63);
        s = &h->seen[h->count++];
    }
    snprintf(s->name, sizeof s->name, "%s", f->name);
    snprintf(s->address, sizeof s->address, "%s", f->address);
    snprintf(s->value, sizeof s->value, "%s", f->txt[0][0] != NULL ? f->txt[0][1] : "");
    s->port = f->port;
    s->there = !f->gone;
}

static bool sees(size_t host, const char *name, int port, const char *value)
{
    for (size_t i = 0; i < hosts[host].count; i++) {
        const struct seen *s = &hosts[host].seen[i];
        if (s->there && strcmp(s->name, name) == 0 && s->port == port &&
            strcmp(s->value, value) == 0) {
            return true;
        }
    }
    return false;
}

static bool sees_none(size_t host, const char *name)
{
    for (size_t i = 0; i < hosts[host].count; i++) {
        if (hosts[host].seen[i].there && strcmp(hosts[host].seen[i].name, name) == 0) {
            return false;
        }
    }
    return true;
}

static void on_limit(uv_timer_t *t)
{
    *(bool *)t->data = true;
}

static bool wait_for(bool (*what)(void))
{
    uv_timer_t limit;
    bool over = false;
    uv_timer_init(&loop, &limit);
    limit.data = &over;
    uv_timer_start(&limit, on_limit, LIMIT_MS, 0);
    while (!over && !what()) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&limit, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    return !over;
}

static void on_closed(void *context)
{
    ((struct host *)context)->closed = true;
}

static void publish(size_t host, const char *name, int port, const char *value)
{
    const struct mdns_service s = {
        .type = type, .name = name, .port = port, .txt = {{"n", value}, {"v", "1"}}};
    mdns_publish(hosts[host].m, &s);
}

static bool all_see_all(void)
{
    return sees(0, "Shed 2-0", 7002, "two") && sees(0, "Shed 2-0 (2)", 7003, "three") &&
           sees(1, "Lab", 7001, "one") && sees(1, "Shed 2-0 (2)", 7003, "three") &&
           sees(2, "Lab", 7001, "one") && sees(2, "Shed 2-0", 7002, "two");
}

static bool all_see_all_the_other_way(void)
{
    return sees(0, "Shed 2-0", 7003, "three") && sees(0, "Shed 2-0 (2)", 7002, "two") &&
           sees(1, "Lab", 7001, "one") && sees(1, "Shed 2-0", 7003, "three") &&
           sees(2, "Lab", 7001, "one") && sees(2, "Shed 2-0 (2)", 7002, "two");
}

static bool hosts_have_met(void)
{
    return all_see_all() || all_see_all_the_other_way();
}

static bool news_are_there(void)
{
    return sees(1, "Lab", 7009, "new") && sees(2, "Lab", 7009, "new") &&
           !sees(1, "Lab", 7001, "one");
}

static bool lab_is_gone(void)
{
    return sees_none(1, "Lab") && sees_none(2, "Lab");
}

static bool shed_is_gone(void)
{
    return sees_none(2, "Shed 2-0") && sees_none(2, "Shed 2-0 (2)");
}

static void hosts_of_one_machine_find_each_other_and_hear_when_one_changes_or_goes(void **state)
{
    struct err e = {0};
    (void)state;
    uv_loop_init(&loop);
    /* A type of its own: tests that run beside this one are others' business. */
    snprintf(type, sizeof type, "_pptest%d._tcp", (int)(getpid() % 100000));
    for (size_t i = 0; i < HOSTS; i++) {
        hosts[i].count = 0;
        assert_int_equal(mdns_open(&hosts[i].m, &loop, on_found, &hosts[i], &e), 0);
        mdns_browse(hosts[i].m, type);
    }
    publish(0, "Lab", 7001, "one");
    publish(1, "Shed 2.0", 7002, "two");
    publish(2, "Shed 2.0", 7003, "three");
    assert_true(wait_for(hosts_have_met));
    assert_true(sees_none(0, "Lab")); /* not itself */

    publish(0, "Lab", 7009, "new");
    assert_true(wait_for(news_are_there));

    mdns_withdraw(hosts[0].m, type, "Lab");
    assert_true(wait_for(lab_is_gone));

    mdns_close(hosts[1].m, on_closed, &hosts[1]);
    assert_true(wait_for(shed_is_gone));
    for (size_t i = 0; i < HOSTS; i++) {
        if (i != 1) {
            mdns_close(hosts[i].m, on_closed, &hosts[i]);
        }
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(hosts[0].closed && hosts[1].closed && hosts[2].closed);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_of_one_machine_find_each_other_and_hear_when_one_changes_or_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
