// link: ppnet
/* Links between hosts over real sockets: who is at the other end, twins, and who is not let in. */
#include "tests/unit/links_two.h"

/* ---- who is there -------------------------------------------------------------------------------
 */

static void another_phrase_is_told_at_both_ends(void **state)
{
    (void)state;
    char address[32];
    bench_host(&b, 0, 1, "red");
    bench_host(&b, 1, 2, "blue");
    bench_join(&b.host[0], "LAN", "key");
    bench_join(&b.host[1], "LAN", "key");
    bench_listen(&b.host[1], -1, address);
    links_dial(b.host[0].links, 0, address, NULL);
    bench_until(&b, both_noted);
    bench_settle(&b, 300); /* it is dialled again and again, and told once */
    assert_true(b.host[0].links->turns > 2);
    for (int i = 0; i < 2; i++) {
        const char *text = strbuf_text(&b.host[i].notes);
        assert_non_null(strstr(text, "phrase"));
        assert_ptr_equal(strchr(text, '\n') + 1, text + strlen(text));
    }
    assert_int_equal(b.host[0].ups + b.host[1].ups, 0);
}

static void a_queue_may_have_an_identity_of_its_own(void **state)
{
    (void)state;
    char address[32];
    struct identity own[2];
    two(address);
    for (int i = 0; i < 2; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 50)};
        identity_from_seed(&own[i], seed);
        bench_join_as(&b.host[i], "farm", "key", &own[i]);
    }
    links_dial(b.host[0].links, 0, address, &b.host[1].id.peer);
    links_dial(b.host[0].links, 1, address, &own[1].peer);
    bench_until(&b, both_twice);
    assert_int_equal(b.host[0].links->count, 1);
    for (int i = 0; i < 2; i++) {
        assert_non_null(links_find(b.host[i].links, 0, &b.host[1 - i].id.peer));
        assert_non_null(links_find(b.host[i].links, 1, &own[1 - i].peer));
        assert_null(links_find(b.host[i].links, 1, &b.host[1 - i].id.peer));
        assert_int_equal(b.host[i].notes.len, 0);
    }
    assert_int_equal(links_send(b.host[0].links, 1, &own[1].peer, LINK_BULK, 'f', "farm", 4), 0);
    bench_until(&b, one_got);
}

static void somebody_else_than_expected_is_told(void **state)
{
    (void)state;
    char address[32];
    struct identity other;
    uint8_t seed[32] = {99};
    identity_from_seed(&other, seed);
    two(address);
    links_dial(b.host[0].links, 0, address, &other.peer);
    bench_until(&b, zero_noted);
    assert_non_null(strstr(strbuf_text(&b.host[0].notes), other.text));
    assert_non_null(strstr(strbuf_text(&b.host[0].notes), b.host[1].id.text));
}

static void who_is_linked_already_is_not_dialled(void **state)
{
    (void)state;
    char address[32], back[32];
    two_linked(address);
    bench_listen(&b.host[0], -1, back);
    uint64_t turns = b.host[1].links->turns;
    links_dial(b.host[1].links, 0, back, &b.host[0].id.peer);
    bench_settle(&b, 100);
    assert_true(b.host[1].links->turns == turns);
}

static bool both_once(struct bench *x)
{
    return x->host[0].ups == 1 && x->host[1].ups == 1;
}

static void who_is_not_admitted_to_a_queue_may_share_another(void **state)
{
    (void)state;
    char address[32];
    two(address);
    b.host[1].alone = true;
    for (int i = 0; i < 2; i++) {
        bench_join(&b.host[i], "farm", "key");
    }
    links_dial(b.host[0].links, 0, address, NULL);
    links_dial(b.host[0].links, 1, address, NULL);
    bench_until(&b, both_once);
    bench_settle(&b, 100);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(links_count(b.host[i].links, 0), 0);
        assert_int_equal(links_count(b.host[i].links, 1), 1);
        assert_int_equal(b.host[i].downs, 0);
    }
    uint8_t word[] = "let me in";
    assert_int_equal(
        links_send(b.host[0].links, 0, &b.host[1].id.peer, LINK_CONTROL, 'x', word, sizeof word),
        -PP_EOFFLINE);
}

static void our_identity_at_another_host_is_told(void **state)
{
    (void)state;
    char address[32];
    bench_host(&b, 0, 1, "");
    bench_host(&b, 1, 1, "");
    bench_join(&b.host[0], "LAN", "key");
    bench_join(&b.host[1], "LAN", "key");
    bench_listen(&b.host[1], -1, address);
    links_dial(b.host[0].links, 0, address, NULL);
    bench_until(&b, zero_noted);
    assert_non_null(strstr(strbuf_text(&b.host[0].notes), "a key was copied"));
    assert_true(b.host[0].twins > 0);
    assert_int_equal(b.host[0].ups + b.host[1].ups, 0);
}

static void a_queue_s_identity_at_another_host_is_told(void **state)
{
    (void)state;
    char address[32];
    struct identity own;
    uint8_t seed[32] = {77};
    identity_from_seed(&own, seed);
    two(address);
    bench_join_as(&b.host[0], "farm", "key", &own);
    bench_join_as(&b.host[1], "farm", "key", &own);
    links_dial(b.host[0].links, 1, address, NULL);
    bench_until(&b, both_noted);
    assert_non_null(strstr(strbuf_text(&b.host[0].notes), "identity"));
    assert_int_equal(links_count(b.host[0].links, 1), 0);
}

static bool twins_noted(struct bench *x)
{
    return x->host[2].notes.len > 0 && x->host[2].downs > 0 && x->host[0].notes.len > 0 &&
           x->host[1].notes.len > 0;
}

static bool two_has_one(struct bench *x)
{
    return x->host[2].ups > 0;
}

static void one_identity_at_two_hosts_is_refused_at_both(void **state)
{
    (void)state;
    char address[32];
    for (int i = 0; i < 3; i++) {
        bench_host(&b, i, i == 2 ? 2 : 1, ""); /* 0 and 1 are twins */
        bench_join(&b.host[i], "LAN", "key");
    }
    bench_listen(&b.host[2], -1, address);
    links_dial(b.host[0].links, 0, address, NULL);
    bench_until(&b, two_has_one);
    links_dial(b.host[1].links, 0, address, NULL);
    bench_until(&b, twins_noted);
    assert_int_equal(links_count(b.host[2].links, 0), 0);
    assert_int_equal(b.host[1].ups, 0);
    assert_non_null(strstr(strbuf_text(&b.host[2].notes), b.host[0].id.text));
    assert_true(b.host[0].twins > 0 && b.host[1].twins > 0 && b.host[2].twins == 0);
    bench_close_host(&b.host[1]); /* one is switched off: the other is taken back, after a while */
    b.host[2].ups = 0;
    bench_until(&b, two_has_one);
}

static bool two_has_two(struct bench *x)
{
    return x->host[2].ups >= 2;
}

static void a_host_that_restarted_is_no_twin_of_what_it_left_behind(void **state)
{
    (void)state;
    char address[32];
    for (int i = 0; i < 3; i++) {
        bench_host(&b, i, i == 2 ? 2 : 1, "");
        bench_join(&b.host[i], "LAN", "key");
    }
    bench_listen(&b.host[2], -1, address);
    links_dial(b.host[0].links, 0, address, NULL);
    bench_until(&b, two_has_one);
    /* Host 0 loses its power: its socket says no more. */
    links_forget(b.host[0].links, 0, address);
    uv_read_stop((uv_stream_t *)&b.host[0].links->list->tcp);
    b.host[0].links->list->reading = false;
    b.host[0].links->list->budget = -1000000;
    b.host[0].links->times.ping = 1000000;
    links_dial(b.host[1].links, 0, address, NULL);
    bench_until(&b, two_has_two);
    assert_int_equal(b.host[2].notes.len, 0);
    assert_string_equal(strbuf_text(&b.host[2].trace),
        "up 0 host0;down 0 it does not answer, and has connected anew;up 0 host1;");
    assert_int_equal(links_count(b.host[2].links, 0), 1);
}

static void who_is_dropped_is_not_taken_back_for_a_while(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    b.host[1].links->times.ban = 60000;
    links_drop(b.host[1].links, &b.host[0].id.peer, "it lies");
    assert_int_equal(b.host[1].downs, 0); /* not from within a call */
    bench_until(&b, one_down);
    assert_non_null(strstr(strbuf_text(&b.host[1].trace), "down 0 dropped: it lies;"));
    bench_settle(&b, 150);
    assert_int_equal(b.host[1].ups, 1);
    b.host[1].links->bans[0].until_ms = links_now(b.host[1].links); /* the time is over */
    bench_until(&b, both_twice);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(another_phrase_is_told_at_both_ends),
        TEST(a_queue_may_have_an_identity_of_its_own),
        TEST(somebody_else_than_expected_is_told),
        TEST(who_is_linked_already_is_not_dialled),
        TEST(who_is_not_admitted_to_a_queue_may_share_another),
        TEST(our_identity_at_another_host_is_told),
        TEST(a_queue_s_identity_at_another_host_is_told),
        TEST(one_identity_at_two_hosts_is_refused_at_both),
        TEST(a_host_that_restarted_is_no_twin_of_what_it_left_behind),
        TEST(who_is_dropped_is_not_taken_back_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
