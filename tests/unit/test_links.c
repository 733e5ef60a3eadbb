// link: ppnet
/* Links between hosts over real sockets: who meets whom, and what is told of it. */
#include "tests/unit/links_bench.h"

static bool both_up(struct bench *b)
{
    return b->host[0].ups > 0 && b->host[1].ups > 0;
}

static bool one_got(struct bench *b)
{
    return b->host[1].messages > 0;
}

static void two_hosts_of_a_queue_exchange_messages(void **state)
{
    (void)state;
    struct bench b;
    char address[32];
    bench_open(&b);
    struct host *a = bench_host(&b, 0, 1, ""), *c = bench_host(&b, 1, 2, "");
    int qa = bench_join(a, "LAN", "key"), qc = bench_join(c, "LAN", "key");
    bench_listen(c, -1, address);
    links_dial(a->links, qa, address, NULL);
    bench_until(&b, both_up);
    assert_string_equal(strbuf_text(&a->trace), "up 0 host1;");
    assert_string_equal(strbuf_text(&c->trace), "up 0 host0;");
    assert_int_equal(links_send(a->links, qa, &c->id.peer, LINK_NORMAL, 'x', "hello", 5), 0);
    bench_until(&b, one_got);
    assert_memory_equal(c->last, "hello", 5);
    assert_int_equal(links_count(c->links, qc), 1);
    const struct link_info *info = links_find(a->links, qa, &c->id.peer);
    assert_non_null(info);
    assert_true(info->dialled);
    assert_string_equal(info->address, address);
    assert_int_equal(links_send(a->links, qa, &a->id.peer, LINK_NORMAL, 'x', "", 0), -PP_EOFFLINE);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hosts_of_a_queue_exchange_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
