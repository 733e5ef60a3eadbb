// link: ppnet
/* Links between hosts over real sockets: who meets whom, and what is told of it. */
#include "tests/unit/links_two.h"

/* ---- one link -----------------------------------------------------------------------------------
 */

static void two_hosts_of_a_queue_exchange_messages(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    struct host *a = &b.host[0], *c = &b.host[1];
    assert_string_equal(strbuf_text(&a->trace), "up 0 host1;");
    assert_string_equal(strbuf_text(&c->trace), "up 0 host0;");
    assert_int_equal(links_send(a->links, 0, &c->id.peer, LINK_NORMAL, 'x', "hello", 5), 0);
    bench_until(&b, one_got);
    assert_memory_equal(c->last, "hello", 5);
    assert_int_equal(links_count(c->links, 0), 1);
    const struct link_info *info = links_find(a->links, 0, &c->id.peer);
    assert_non_null(info);
    assert_true(info->dialled && info == links_at(a->links, 0, 0));
    assert_string_equal(info->address, address);
    assert_null(links_at(a->links, 0, 1));
    assert_int_equal(links_send(a->links, 0, &a->id.peer, LINK_NORMAL, 'x', "", 0), -PP_EOFFLINE);
    assert_int_equal(links_send(a->links, 7, &c->id.peer, LINK_NORMAL, 'x', "", 0), -PP_EOFFLINE);
}

static bool has_rtt(struct bench *x)
{
    const struct link_info *info = links_at(x->host[0].links, 0, 0);
    return info != NULL && info->rtt_us >= 0;
}

static void the_round_trip_is_measured(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    bench_until(&b, has_rtt);
    assert_true(links_at(b.host[0].links, 0, 0)->rtt_us < 2000000);
}

static void hosts_that_dial_each_other_at_once_keep_one_link(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        char address[2][32];
        for (int i = 0; i < 2; i++) {
            bench_host(&b, i, i + 1, "");
            bench_join(&b.host[i], "LAN", "key");
            bench_listen(&b.host[i], -1, address[i]);
        }
        for (int i = 0; i < 2; i++) {
            links_dial(
                b.host[i].links, 0, address[1 - i], round % 2 ? &b.host[1 - i].id.peer : NULL);
            bench_settle(&b, i == 0 && round % 3 > 0 ? round % 3 - 1 : 0);
        }
        bench_until(&b, both_up);
        bench_settle(&b, 40);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(b.host[i].ups, 1);
            assert_int_equal(b.host[i].downs, 0);
            assert_int_equal(b.host[i].links->count, 1);
        }
        tear_down(state);
        bench_open(&b);
    }
}

static void two_addresses_of_a_host_are_one_link_and_not_dialled_on(void **state)
{
    (void)state;
    char address[3][32];
    two(address[0]);
    bench_listen(&b.host[1], -1, address[1]);
    bench_listen(&b.host[1], -1, address[2]);
    for (int i = 0; i < 3; i++) {
        links_dial(b.host[0].links, 0, address[i], NULL);
    }
    bench_until(&b, both_up);
    bench_settle(&b, 150); /* redialled it would have been by now, and the refused are gone */
    assert_int_equal(b.host[0].links->count, 1);
    assert_int_equal(b.host[1].links->count, 1);
    assert_int_equal(b.host[0].ups, 1);
    assert_true(b.host[0].links->turns <= 3);
}

static void a_host_that_comes_back_is_linked_again(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    int port = atoi(strrchr(address, ':') + 1);
    bench_close_host(&b.host[1]);
    bench_until(&b, zero_down);
    assert_string_equal(
        strbuf_text(&b.host[0].trace), "up 0 host1;down 0 closed by the other end;");
    bench_settle(&b, 30);
    bench_host(&b, 1, 2, "");
    bench_join(&b.host[1], "LAN", "key");
    assert_int_equal(links_listen(b.host[1].links, "127.0.0.1", &port, -1, NULL), 0);
    bench_until(&b, both_twice);
}

/* The other end has lost the link and nobody told us. */
static void a_link_that_is_made_anew_replaces_the_old_one(void **state)
{
    (void)state;
    char address[32], back[32];
    two_linked(address);
    bench_listen(&b.host[0], -1, back);
    for (int who = 0; who < 2; who++) {
        /* It forgets the link, and its socket stays open. */
        struct link *k = b.host[who].links->list;
        uv_os_fd_t fd;
        uv_fileno((uv_handle_t *)&k->tcp, &fd);
        int kept = dup(fd);
        unsigned ups = b.host[1 - who].ups;
        links_dial(b.host[who].links, 0, who == 0 ? address : back, NULL);
        link_close(k, "forgotten");
        bench_settle(&b, 200);
        assert_int_equal(b.host[1 - who].ups, ups + 1);
        assert_int_equal(b.host[1 - who].downs, who + 1);
        assert_int_equal(links_count(b.host[0].links, 0), 1);
        close(kept);
    }
    assert_int_equal(b.host[0].notes.len + b.host[1].notes.len, 0);
}

static void our_own_address_is_not_linked(void **state)
{
    (void)state;
    char address[32];
    bench_host(&b, 0, 1, "");
    bench_join(&b.host[0], "LAN", "key");
    bench_listen(&b.host[0], -1, address);
    b.host[0].links->times.dial_max = 60000;
    links_dial(b.host[0].links, 0, address, NULL);
    bench_settle(&b, 100);
    assert_int_equal(b.host[0].ups, 0);
    assert_int_equal(b.host[0].notes.len, 0);
    assert_int_equal(b.host[0].links->count, 0);
    assert_int_equal(b.host[0].links->turns, 2); /* one, seen from both ends */
}

/* ---- queues -------------------------------------------------------------------------------------
 */

static bool all_queues_up(struct bench *x)
{
    return x->host[0].ups == 20 && x->host[1].ups == 20;
}

static void one_link_carries_all_queues_also_those_joined_later(void **state)
{
    (void)state;
    char address[32], name[8];
    two_linked(address);
    for (int i = 1; i < 20; i++) {
        snprintf(name, sizeof name, "q%d", i);
        bench_join(&b.host[i % 2], name, "k");
    }
    bench_settle(&b, 20);
    for (int i = 1; i < 20; i++) {
        snprintf(name, sizeof name, "q%d", i);
        bench_join(&b.host[1 - i % 2], name, "k");
    }
    /* Host 0 dialled for one queue: for the others it must listen somewhere. */
    char back[32];
    bench_listen(&b.host[0], -1, back);
    bench_until(&b, all_queues_up);
    assert_int_equal(b.host[0].links->count, 1);
}

static bool five_got(struct bench *x)
{
    return x->host[1].messages == 5;
}

static void a_queue_that_is_left_goes_down_and_may_come_back(void **state)
{
    (void)state;
    char address[32];
    two(address);
    bench_join(&b.host[0], "other", "k");
    bench_join(&b.host[1], "other", "k");
    links_dial(b.host[0].links, 0, address, NULL);
    links_dial(b.host[0].links, 1, address, NULL);
    bench_until(&b, both_twice);
    unsigned downs = b.host[0].downs;
    links_leave(b.host[0].links, 0);
    assert_int_equal(b.host[0].downs, downs + 1); /* before it returns */
    bench_until(&b, one_down);
    assert_non_null(strstr(strbuf_text(&b.host[1].trace), "down 0 it left the queue;"));
    assert_int_equal(links_count(b.host[1].links, 1), 1);
    assert_int_equal(bench_join(&b.host[0], "LAN", "key"), 0);
    links_dial(b.host[0].links, 0, address, NULL);
    bench_settle(&b, 30);
    assert_int_equal(b.host[0].ups, 3);
    assert_int_equal(b.host[1].ups, 3);
    struct peer *peer = &b.host[1].id.peer;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(links_send(b.host[0].links, i % 2, peer, LINK_NORMAL, 'm', "x", 1), 0);
    }
    bench_until(&b, five_got);
}

static void a_queue_is_carried_only_where_it_is_offered(void **state)
{
    (void)state;
    char lan[32], other[32];
    for (int i = 0; i < 2; i++) {
        bench_host(&b, i, i + 1, "");
        bench_join(&b.host[i], "LAN", "key");
        bench_join(&b.host[i], "other", "key");
    }
    bench_listen(&b.host[1], 0, lan);
    bench_listen(&b.host[1], 1, other);
    links_dial(b.host[0].links, 0, lan, NULL);
    bench_until(&b, both_up);
    bench_settle(&b, 50);
    assert_int_equal(links_count(b.host[0].links, 0), 1);
    assert_int_equal(links_count(b.host[0].links, 1), 0);
    links_dial(b.host[0].links, 1, other, NULL); /* the second link ends, what it may is kept */
    bench_until(&b, both_twice);
    assert_int_equal(b.host[0].links->count, 1);
    assert_int_equal(links_count(b.host[1].links, 0), 1);
    assert_int_equal(links_count(b.host[1].links, 1), 1);
}

static void another_key_of_a_queue_is_told_and_no_way_in(void **state)
{
    (void)state;
    char address[32];
    two(address);
    bench_join(&b.host[0], "Lab", "one key");
    bench_join(&b.host[1], "Lab", "another key");
    links_dial(b.host[0].links, 0, address, NULL);
    links_dial(b.host[0].links, 1, address, NULL);
    bench_until(&b, both_noted);
    bench_until(&b, both_up);
    assert_int_equal(links_count(b.host[0].links, 0), 1);
    assert_int_equal(links_count(b.host[0].links, 1), 0);
    assert_int_equal(links_count(b.host[1].links, 1), 0);
    for (int i = 0; i < 2; i++) {
        assert_non_null(
            strstr(strbuf_text(&b.host[i].notes), "a queue \"Lab\" too, but with another key"));
    }
}

static void a_link_without_a_common_queue_ends(void **state)
{
    (void)state;
    char address[32];
    bench_host(&b, 0, 1, "");
    bench_host(&b, 1, 2, "");
    bench_join(&b.host[0], "one", "key");
    bench_join(&b.host[1], "other", "key");
    bench_listen(&b.host[1], -1, address);
    b.host[0].links->times.idle = b.host[1].links->times.idle = 60000;
    links_dial(b.host[0].links, 0, address, NULL);
    bench_settle(&b, 100);
    assert_int_equal(b.host[1].links->count, 1);
    links_forget(b.host[0].links, 0, address);
    b.host[1].links->times.idle = 50;
    bench_settle(&b, 200);
    assert_int_equal(b.host[1].links->count, 0);
    assert_int_equal(b.host[0].ups + b.host[1].ups, 0);
}

/* ---- calls from within callbacks ----------------------------------------------------------------
 */

static void a_queue_may_be_left_from_within_its_message(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    b.host[1].leave_on_message = true;
    struct peer *peer = &b.host[1].id.peer;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(links_send(b.host[0].links, 0, peer, LINK_NORMAL, 'm', "x", 1), 0);
    }
    bench_until(&b, zero_down);
    assert_int_equal(b.host[1].messages, 1);
}

static void a_peer_may_be_dropped_from_within_its_message(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    b.host[1].drop_on_message = true;
    struct peer *peer = &b.host[1].id.peer;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(links_send(b.host[0].links, 0, peer, LINK_NORMAL, 'm', "x", 1), 0);
    }
    bench_until(&b, zero_down);
    assert_int_equal(b.host[1].messages, 1);
}

/* ---- listening ----------------------------------------------------------------------------------
 */

static void what_cannot_be_listened_to_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        int port, code;
        const char *part;
    } rows[] = {
        {"192.0.2.77", 0, PP_EINVAL, "\"192.0.2.77:0\": this machine has no such address"},
        {"printer", 80, PP_EINVAL, "\"printer:80\": wanted is an IP address"},
        {"127.0.0.1", 70000, PP_EINVAL, "\"127.0.0.1:70000\""},
        {"127.0.0.1", -1, PP_EINVAL, "up to 65535"},
    };
    char address[32];
    struct host *h = bench_host(&b, 0, 1, ""), *o = bench_host(&b, 1, 2, "");
    struct err e;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int port = rows[i].port;
        assert_int_equal(links_listen(h->links, rows[i].address, &port, -1, &e), -rows[i].code);
        assert_non_null(strstr(e.text, rows[i].part));
    }
    int port = bench_listen(h, -1, address);
    assert_int_equal(links_listen(o->links, "127.0.0.1", &port, -1, &e), -PP_EBUSY);
    assert_non_null(strstr(e.text, address));
    assert_int_equal(links_listen(h->links, "127.0.0.1", &port, 3, &e), 0); /* one more queue */
    links_unlisten(h->links, "127.0.0.1", port, -1);
    assert_non_null(h->links->listeners);
    links_unlisten(h->links, "127.0.0.1", port, 3);
    assert_null(h->links->listeners);
    bench_settle(&b, 1);
    assert_int_equal(links_listen(o->links, "127.0.0.1", &port, -1, &e), 0);
}

static void ipv6_works_too(void **state)
{
    (void)state;
    int port = 0;
    char address[32];
    bench_host(&b, 0, 1, "");
    bench_host(&b, 1, 2, "");
    bench_join(&b.host[0], "LAN", "key");
    bench_join(&b.host[1], "LAN", "key");
    if (links_listen(b.host[1].links, "::1", &port, -1, NULL) < 0) {
        skip(); /* a machine without it */
    }
    snprintf(address, sizeof address, "[::1]:%d", port);
    links_dial(b.host[0].links, 0, address, NULL);
    bench_until(&b, both_up);
    assert_string_equal(links_at(b.host[0].links, 0, 0)->address, address);
}

static void the_same_queue_cannot_be_joined_twice(void **state)
{
    (void)state;
    struct err e;
    struct host *h = bench_host(&b, 0, 1, "");
    struct links_queue q = {.name = "LAN", .id = &h->id};
    assert_int_equal(links_join(h->links, &q, &e), 0);
    assert_int_equal(links_join(h->links, &q, &e), -PP_EEXIST);
    assert_non_null(strstr(e.text, "\"LAN\""));
    q.secret[0] = 1;
    assert_int_equal(links_join(h->links, &q, &e), 1);
    q.name = "";
    assert_int_equal(links_join(h->links, &q, &e), -PP_EINVAL);
    for (int i = 2; i < LINKS_QUEUES_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        q.name = name;
        assert_int_equal(links_join(h->links, &q, &e), i);
    }
    q.name = "one more";
    assert_int_equal(links_join(h->links, &q, &e), -PP_ELIMIT);
}

static void addresses_that_are_none_are_not_dialled(void **state)
{
    (void)state;
    static const char *const rows[] = {"", ":", "127.0.0.1", "printer:80", "127.0.0.1:0x50",
        "127.0.0.1:99999", "[::1", "999.1.1.1:80",
        "11111111111111111111111111111111111111111111111111111111111111111111111:80"};
    struct host *h = bench_host(&b, 0, 1, "");
    bench_join(h, "LAN", "key");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        links_dial(h->links, 0, rows[i], NULL);
    }
    links_dial(h->links, 5, "127.0.0.1:80", NULL); /* no such queue */
    assert_null(h->links->dials);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(two_hosts_of_a_queue_exchange_messages),
        TEST(the_round_trip_is_measured),
        TEST(hosts_that_dial_each_other_at_once_keep_one_link),
        TEST(two_addresses_of_a_host_are_one_link_and_not_dialled_on),
        TEST(a_host_that_comes_back_is_linked_again),
        TEST(a_link_that_is_made_anew_replaces_the_old_one),
        TEST(our_own_address_is_not_linked),
        TEST(one_link_carries_all_queues_also_those_joined_later),
        TEST(a_queue_that_is_left_goes_down_and_may_come_back),
        TEST(a_queue_is_carried_only_where_it_is_offered),
        TEST(another_key_of_a_queue_is_told_and_no_way_in),
        TEST(a_link_without_a_common_queue_ends),
        TEST(a_queue_may_be_left_from_within_its_message),
        TEST(a_peer_may_be_dropped_from_within_its_message),
        TEST(what_cannot_be_listened_to_is_said),
        TEST(ipv6_works_too),
        TEST(the_same_queue_cannot_be_joined_twice),
        TEST(addresses_that_are_none_are_not_dialled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
