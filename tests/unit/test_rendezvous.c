// link: ppnet
/* The DHT on real sockets: nodes on 127.0.0.x that know only the first of them. */
#include "net/rendezvous.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define NODES    9
#define LIMIT_MS 8000

struct node {
    struct rendezvous *r;
    char ip[16];
    char found[64];
    unsigned times;
    bool closed;
};

static uv_loop_t loop;
static struct node nodes[NODES];
static char folder[64];

static void on_found(void *context, const char *rendezvous, const char *address)
{
    struct node *n = context;
    assert_string_equal(rendezvous, "1fc7e6d4-workshop");
    snprintf(n->found, sizeof n->found, "%s", address);
    n->times++;
}

static void on_closed(void *context)
{
    ((struct node *)context)->closed = true;
}

static void node_open(size_t i, const char *const *bootstrap, const char *state_file)
{
    struct err e = {0};
    struct node *n = &nodes[i];
    const struct rendezvous_options o = {
        .nodes = bootstrap, .ip = n->ip, .local = true, .state_file = state_file};
    memset(n, 0, sizeof *n);
    snprintf(n->ip, sizeof n->ip, "127.0.0.%zu", i + 1);
    int rc = rendezvous_open(&n->r, &loop, &o, on_found, n, &e);
    assert_string_equal(e.text, "");
    assert_int_equal(rc, 0);
    assert_true(rendezvous_port(n->r) > 0);
}

static void on_limit(uv_timer_t *t)
{
    *(bool *)t->data = true;
}

/* Turns the loop until `what` or the limit. */
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

static void close_all(void)
{
    for (size_t i = 0; i < NODES; i++) {
        if (nodes[i].r != NULL) {
            rendezvous_close(nodes[i].r, on_closed, &nodes[i]);
        }
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < NODES; i++) {
        assert_true(nodes[i].closed || nodes[i].r == NULL);
        nodes[i].r = NULL;
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

static bool both_have_met(void)
{
    return nodes[3].times > 0 && nodes[7].times > 0;
}

static void hosts_that_know_only_a_bootstrap_node_find_each_other(void **state)
{
    static const char *const nobody[] = {NULL};
    char first[32];
    const char *const bootstrap[] = {first, NULL};
    (void)state;
    uv_loop_init(&loop);
    node_open(0, nobody, NULL);
    snprintf(first, sizeof first, "127.0.0.1:%d", rendezvous_port(nodes[0].r));
    for (size_t i = 1; i < NODES; i++) {
        node_open(i, bootstrap, NULL);
    }
    rendezvous_join(nodes[3].r, "1fc7e6d4-workshop", 40123);
    rendezvous_join(nodes[7].r, "1fc7e6d4-workshop", 40124);
    assert_true(wait_for(both_have_met));
    assert_string_equal(nodes[3].found, "127.0.0.8:40124");
    assert_string_equal(nodes[7].found, "127.0.0.4:40123");
    assert_int_equal(nodes[3].times, 1);
    rendezvous_leave(nodes[3].r, "1fc7e6d4-workshop");
    close_all();
}

static bool nobody_answered(void)
{
    return strcmp(rendezvous_state(nodes[0].r), "no node has answered for 1 s") == 0;
}

static void alone_it_says_since_when_and_keeps_its_state_in_one_file_of_its_own(void **state)
{
    static const char *const nobody[] = {NULL};
    char path[96];
    struct stat st;
    (void)state;
    uv_loop_init(&loop);
    snprintf(path, sizeof path, "%s/dht.state", folder);
    node_open(0, nobody, path);
    assert_string_equal(rendezvous_state(nodes[0].r), "no node has answered for 0 s");
    assert_true(wait_for(nobody_answered));
    assert_int_equal(rendezvous_nodes(nodes[0].r), 0);
    close_all();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    uv_loop_init(&loop);
    node_open(0, nobody, path); /* what was written is taken */
    close_all();
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("d9:dht state", f);
    fclose(f);
    uv_loop_init(&loop);
    node_open(0, nobody, path); /* what is broken is not, and does no harm */
    close_all();
    unlink(path);
}

static void a_port_in_use_is_an_error_at_once(void **state)
{
    static const char *const nobody[] = {NULL};
    struct rendezvous *second;
    struct err e = {0};
    char wanted[96];
    (void)state;
    uv_loop_init(&loop);
    node_open(0, nobody, NULL);
    const struct rendezvous_options o = {
        .nodes = nobody, .ip = "127.0.0.1", .port = rendezvous_port(nodes[0].r), .local = true};
    assert_int_equal(rendezvous_open(&second, &loop, &o, on_found, NULL, &e), -PP_EBUSY);
    snprintf(
        wanted, sizeof wanted, "DHT: port %d cannot be used: is another program on it?", o.port);
    assert_string_equal(e.text, wanted);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_that_know_only_a_bootstrap_node_find_each_other),
        cmocka_unit_test(alone_it_says_since_when_and_keeps_its_state_in_one_file_of_its_own),
        cmocka_unit_test(a_port_in_use_is_an_error_at_once),
    };
    snprintf(folder, sizeof folder, "/tmp/pphost-dht.XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
