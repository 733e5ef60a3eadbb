// link: ppnet
/* Messages over links: whole, in order within their class, the small before the large, and within
 * bounds whatever the other end does or does not take. */
#include "tests/unit/links_foe.h"

#define BIG LINKS_MESSAGE_MAX

static uint8_t *big;

static int make_big(void **state)
{
    (void)state;
    big = mem_alloc(BIG);
    for (size_t i = 0; i < BIG; i++) {
        big[i] = (uint8_t)(i * 7 + i / 251);
    }
    return 0;
}

static int drop_big(void **state)
{
    (void)state;
    free(big);
    return 0;
}

static int say(int from, enum link_class cls, uint8_t kind, const void *bytes, size_t len)
{
    return links_send(b.host[from].links, 0, &b.host[1 - from].id.peer, cls, kind, bytes, len);
}

static bool one_has_three(struct bench *x)
{
    return x->host[1].messages >= 3;
}

static void a_message_arrives_whole_whatever_its_length(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0, 1, 4096, FRAME_DATA - 1, FRAME_DATA, FRAME_DATA + 1, 2 * FRAME_DATA, BIG - 1, BIG};
    char address[32];
    two_linked(address);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct host *to = &b.host[1];
        to->messages = 0;
        to->got_bytes = 0;
        assert_int_equal(say(0, (enum link_class)(i % LINK_CLASSES), 'k', big, sizes[i]), 0);
        bench_until(&b, one_got);
        assert_int_equal(to->got_bytes, sizes[i]);
        assert_memory_equal(to->last, big, to->last_len);
        assert_memory_equal(to->whole.data != NULL ? to->whole.data : "", big, sizes[i]);
    }
    assert_int_equal(say(0, LINK_BULK, 'k', big, BIG + 1), -PP_ETOOBIG);
}

static void small_messages_overtake_large_ones(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(say(0, LINK_BULK, (uint8_t)('A' + i), big, BIG), 0);
    }
    assert_int_equal(say(0, LINK_NORMAL, 'n', big, 100 << 10), 0);
    assert_int_equal(say(0, LINK_CONTROL, '1', "x", 1), 0);
    assert_int_equal(say(0, LINK_CONTROL, '2', "x", 1), 0);
    while (b.host[1].messages < 6) {
        uv_run(&b.loop, UV_RUN_ONCE);
    }
    assert_string_equal(strbuf_text(&b.host[1].got), "12nABC");
}

static void bulk_is_not_starved_by_normal_ones(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    assert_int_equal(say(0, LINK_BULK, 'B', big, 512 << 10), 0); /* 32 frames */
    for (int i = 0; i < 60; i++) {                               /* 3 of these for one of those */
        assert_int_equal(say(0, LINK_NORMAL, 'n', big, 2 * FRAME_DATA), 0);
    }
    while (b.host[1].messages < 61) {
        uv_run(&b.loop, UV_RUN_ONCE);
    }
    size_t at = (size_t)(strchr(strbuf_text(&b.host[1].got), 'B') - strbuf_text(&b.host[1].got));
    assert_true(at >= 25 && at <= 50);
}

static void messages_of_a_class_keep_their_order(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    for (int i = 0; i < 26; i++) {
        assert_int_equal(say(0, LINK_NORMAL, (uint8_t)('a' + i), big, (size_t)i * 3000), 0);
    }
    while (b.host[1].messages < 26) {
        uv_run(&b.loop, UV_RUN_ONCE);
    }
    assert_string_equal(strbuf_text(&b.host[1].got), "abcdefghijklmnopqrstuvwxyz");
}

/* Host 1 takes nothing any more. */
static void stop_reading(void)
{
    struct link *k = b.host[1].links->list;
    uv_read_stop((uv_stream_t *)&k->tcp);
    k->reading = false;
    k->budget = INT32_MIN;
    b.host[1].links->times.silence = 1000000;
}

static void what_waits_has_a_bound_for_each_class(void **state)
{
    (void)state;
    char address[32];
    size_t sent[LINK_CLASSES] = {0};
    two_linked(address);
    stop_reading();
    for (int cls = LINK_CLASSES - 1; cls >= 0; cls--) {
        while (say(0, (enum link_class)cls, 'x', big, 64 << 10) == 0) {
            sent[cls] += 64 << 10;
            assert_true(sent[cls] < 64 << 20);
        }
        assert_int_equal(say(0, (enum link_class)cls, 'x', big, 64 << 10), -PP_ELIMIT);
    }
    assert_true(sent[LINK_BULK] >= (7 << 20));
    assert_true(sent[LINK_NORMAL] >= (3 << 20));
    assert_true(links_at(b.host[0].links, 0, 0)->waiting <= (12 << 20));
    /* Many small ones count for what they take here, not for their bytes. */
    assert_true(b.host[0].links->list->waiting <= LINKS_WAIT_MAX);
}

static void a_peer_that_takes_nothing_is_let_go(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    stop_reading();
    links_forget(b.host[0].links, 0, address);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(say(0, LINK_BULK, 'x', big, BIG), 0);
    }
    bench_until(&b, zero_down);
    assert_non_null(strstr(strbuf_text(&b.host[0].trace), "it takes nothing for"));
    assert_int_equal(b.host[0].links->count, 0);
}

static void a_peer_that_takes_little_is_kept(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    struct link *k = b.host[1].links->list;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(say(0, LINK_BULK, 'x', big, BIG), 0);
    }
    for (int i = 0; i < 6; i++) { /* a little now and then */
        uv_read_stop((uv_stream_t *)&k->tcp);
        k->reading = false;
        k->budget = INT32_MIN;
        bench_settle(&b, 90);
        k->budget = 100;
        link_relieve(k);
        uv_run(&b.loop, UV_RUN_NOWAIT);
    }
    k->budget = 100;
    link_relieve(k);
    bench_until(&b, one_has_three);
    assert_int_equal(b.host[0].downs, 0);
}

static void too_many_small_messages_are_read_more_slowly_and_all_arrive(void **state)
{
    (void)state;
    char address[32];
    two_linked(address);
    struct link *k = b.host[1].links->list;
    bool paused = false;
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(say(0, LINK_NORMAL, 's', "x", 1), 0);
    }
    while (b.host[1].messages < 3000) {
        uv_run(&b.loop, UV_RUN_ONCE);
        paused = paused || !k->reading;
    }
    assert_true(paused);
    assert_int_equal(b.host[0].downs, 0);
}

/* Half of a large message has come when the receiver leaves the queue: the rest is passed over, and
 * the link goes on. */
static void what_comes_for_a_queue_that_was_left_is_passed_over(void **state)
{
    (void)state;
    char address[32];
    two(address);
    bench_join(&b.host[0], "other", "k");
    bench_join(&b.host[1], "other", "k");
    links_dial(b.host[0].links, 0, address, NULL);
    links_dial(b.host[0].links, 1, address, NULL);
    bench_until(&b, both_twice);
    struct peer *peer = &b.host[1].id.peer;
    assert_int_equal(links_send(b.host[0].links, 0, peer, LINK_NORMAL, 'a', big, BIG), 0);
    assert_int_equal(links_send(b.host[0].links, 1, peer, LINK_NORMAL, 'b', big, 100), 0);
    while (b.host[1].links->list->in[LINK_NORMAL].len == 0) {
        uv_run(&b.loop, UV_RUN_NOWAIT);
    }
    links_leave(b.host[1].links, 0);
    bench_until(&b, one_got);
    assert_string_equal(strbuf_text(&b.host[1].got), "b");
    assert_int_equal(links_count(b.host[0].links, 1), 1);
}

static void memory_follows_what_came_not_what_was_announced(void **state)
{
    (void)state;
    char address[32];
    struct host *h = bench_host(&b, 0, 1, "");
    bench_join(h, "LAN", "key");
    bench_listen(h, -1, address);
    struct foe f;
    foe_meet(&b, &f, h, address);
    foe_join(&b, &f);
    foe_say(&f, &(struct frame){.type = FRAME_FIRST,
                    .cls = LINK_BULK,
                    .to = f.serial,
                    .total = BIG,
                    .bytes = big,
                    .len = FRAME_DATA});
    while (h->links->list->in[LINK_BULK].len == 0) {
        foe_turn(&f);
        uv_run(&b.loop, UV_RUN_NOWAIT);
    }
    assert_true(h->links->list->in[LINK_BULK].cap <= 2 * FRAME_DATA);
    foe_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_message_arrives_whole_whatever_its_length),
        TEST(small_messages_overtake_large_ones),
        TEST(bulk_is_not_starved_by_normal_ones),
        TEST(messages_of_a_class_keep_their_order),
        TEST(what_waits_has_a_bound_for_each_class),
        TEST(a_peer_that_takes_nothing_is_let_go),
        TEST(a_peer_that_takes_little_is_kept),
        TEST(too_many_small_messages_are_read_more_slowly_and_all_arrive),
        TEST(what_comes_for_a_queue_that_was_left_is_passed_over),
        TEST(memory_follows_what_came_not_what_was_announced),
    };
    return cmocka_run_group_tests(tests, make_big, drop_big);
}
