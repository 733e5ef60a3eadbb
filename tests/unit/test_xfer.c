// link: ppnet
// quick: PP_SEEDS=2
#include "tests/unit/xfer_world.h"

#include <stdio.h>

#define MIB ((int64_t)1 << 20)

static void expect_here(const struct world *w, size_t node, size_t content, const struct told *t)
{
    if (t->count != 1 || t->err.code != 0) {
        fail_msg("told %d times: %s", t->count, t->err.text);
    }
    assert_true(w->nodes[node].parts[content].whole);
}

/* ---- fetching -----------------------------------------------------------------------------------
 */

static void content_comes_from_the_one_who_holds_it(void **state)
{
    static const int64_t sizes[] = {1, MIB - 1, MIB, MIB + 1, 7 * MIB + 5};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct world *w = world_new(3, i);
        size_t c = world_content(w, sizes[i]);
        struct told t;
        world_give(w, 2, c);
        world_link_all(w);
        world_fetch(w, 0, c, &t);
        assert_int_equal(t.count, 0);
        world_wait(w, &t, 60000);
        expect_here(w, 0, c, &t);
        assert_int_equal(w->nodes[2].chunks_sent, (sizes[i] + MIB - 1) / MIB);
        assert_int_equal(xfer_holders(w->nodes[0].x, QUEUE, w->contents[c].sha256), 2);
        world_free(w);
    }
}

static void what_is_here_already_is_told_at_once_and_later(void **state)
{
    struct world *w = world_new(1, 1);
    size_t c = world_content(w, MIB);
    struct told t;
    (void)state;
    world_give(w, 0, c);
    world_fetch(w, 0, c, &t);
    assert_int_equal(t.count, 0);
    world_wait(w, &t, 1);
    expect_here(w, 0, c, &t);
    world_free(w);
}

static void a_name_that_is_none_is_refused(void **state)
{
    struct world *w = world_new(1, 1);
    struct told t = {.w = w};
    (void)state;
    xfer_fetch(w->nodes[0].x, 0, QUEUE, "ABC", 1, on_fetched, &t);
    world_wait(w, &t, 1);
    assert_int_equal(t.err.code, PP_EINVAL);
    assert_non_null(strstr(t.err.text, "\"ABC\""));
    world_free(w);
}

static void the_same_content_twice_is_one_transfer(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 5 * MIB);
    struct told a, b;
    (void)state;
    world_give(w, 1, c);
    world_link_all(w);
    world_fetch(w, 0, c, &a);
    world_fetch(w, 0, c, &b);
    world_run(w, 5000);
    expect_here(w, 0, c, &a);
    expect_here(w, 0, c, &b);
    assert_int_equal(w->nodes[1].chunks_sent, 5);
    world_free(w);
}

static void a_link_is_kept_full_although_it_is_long(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 20 * MIB);
    struct told t;
    (void)state;
    w->latency_ms = 15;
    w->bytes_per_ms = 100000;
    world_give(w, 1, c);
    world_link_all(w);
    uint64_t begin = w->now_ms;
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 60000);
    expect_here(w, 0, c, &t);
    uint64_t least = 20 * (uint64_t)MIB / 100000;
    assert_in_range(t.at_ms - begin, least, least * 5 / 4 + 4 * 15);
    world_free(w);
}

static void several_holders_send_at_once(void **state)
{
    struct world *w = world_new(5, 1);
    size_t c = world_content(w, 24 * MIB);
    struct told t;
    (void)state;
    w->bytes_per_ms = 10000; /* of each link */
    for (size_t i = 1; i < 5; i++) {
        world_give(w, i, c);
    }
    world_link_all(w);
    uint64_t begin = w->now_ms;
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 60000);
    expect_here(w, 0, c, &t);
    for (size_t i = 1; i < 5; i++) {
        assert_true(w->nodes[i].chunks_sent >= 4);
    }
    assert_true(t.at_ms - begin < 24 * (uint64_t)MIB / 10000 / 2);
    world_free(w);
}

static void what_a_slow_holder_keeps_back_is_asked_of_another(void **state)
{
    struct world *w = world_new(3, 1);
    size_t c = world_content(w, 12 * MIB);
    struct told t;
    (void)state;
    w->bytes_per_ms = 10000;
    w->nodes[1].slow_ms = 20000;
    world_give(w, 1, c);
    world_give(w, 2, c);
    world_link_all(w);
    uint64_t begin = w->now_ms;
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 60000);
    expect_here(w, 0, c, &t);
    assert_true(t.at_ms - begin < 8000);
    world_free(w);
}

static void at_most_four_are_fetched_at_once_and_all_come(void **state)
{
    struct world *w = world_new(2, 1);
    struct told t[20];
    (void)state;
    w->bytes_per_ms = 20000;
    for (size_t i = 0; i < 20; i++) {
        world_content(w, 2 * MIB);
        world_give(w, 1, i);
        world_fetch(w, 0, i, &t[i]);
    }
    world_link_all(w);
    world_run(w, 30000);
    for (size_t i = 0; i < 20; i++) {
        expect_here(w, 0, i, &t[i]);
    }
    assert_in_range(w->nodes[0].begun_most, 2, 4);
    world_free(w);
}

static void a_fetch_whose_holders_are_gone_does_not_keep_others_waiting(void **state)
{
    struct world *w = world_new(3, 1);
    struct told t[6];
    (void)state;
    w->bytes_per_ms = 1000;
    for (size_t i = 0; i < 5; i++) {
        world_content(w, 4 * MIB);
        world_give(w, 1, i);
        world_fetch(w, 0, i, &t[i]);
    }
    world_content(w, 4 * MIB);
    world_give(w, 2, 5);
    world_link_all(w);
    world_run(w, 1000);
    world_fetch(w, 0, 5, &t[5]);
    world_cut(w, 0, 1);
    world_run(w, 30000);
    expect_here(w, 0, 5, &t[5]);
    world_link(w, 0, 1);
    world_run(w, 60000);
    for (size_t i = 0; i < 5; i++) {
        assert_true(w->nodes[0].parts[i].whole);
    }
    world_free(w);
}

/* ---- breaks -------------------------------------------------------------------------------------
 */

static void after_a_break_it_goes_on_where_it_was(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 20 * MIB);
    struct xfer_progress p;
    struct told t;
    (void)state;
    w->bytes_per_ms = 10000;
    world_give(w, 1, c);
    world_link_all(w);
    world_fetch(w, 0, c, &t);
    world_run(w, 1100);
    assert_true(xfer_progress(w->nodes[0].x, w->contents[c].sha256, &p));
    assert_int_equal(p.size_bytes, 20 * MIB);
    assert_in_range(p.done_bytes, 5 * MIB, 15 * MIB);
    assert_in_range(p.rate_bytes_s, 1000000, 20000000);
    assert_int_equal(p.holders, 1);
    world_cut(w, 0, 1);
    world_run(w, 5000);
    assert_int_equal(t.count, 0);
    world_link(w, 0, 1);
    world_wait(w, &t, 20000);
    expect_here(w, 0, c, &t);
    assert_true(w->nodes[1].chunks_sent <= 20 + 8);
    assert_int_equal(w->nodes[0].chunks_written, 20);
    assert_false(xfer_progress(w->nodes[0].x, w->contents[c].sha256, &p));
    world_free(w);
}

static void a_new_process_goes_on_with_what_is_on_the_disk(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 20 * MIB + 3);
    struct told before, t;
    (void)state;
    w->bytes_per_ms = 10000;
    world_give(w, 1, c);
    world_link_all(w);
    world_fetch(w, 0, c, &before);
    world_run(w, 1000);
    uint64_t written = w->nodes[0].chunks_written;
    assert_in_range(written, 5, 15);
    world_restart(w, 0);
    world_link_all(w);
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 20000);
    expect_here(w, 0, c, &t);
    assert_int_equal(before.count, 0);
    assert_int_equal(w->nodes[0].chunks_written, 21);
    world_free(w);
}

static void what_an_earlier_process_wrote_wrongly_is_fetched_again_from_the_same(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 4 * MIB);
    struct told t;
    (void)state;
    w->bytes_per_ms = 1000;
    world_give(w, 1, c);
    world_link_all(w);
    world_fetch(w, 0, c, &t);
    world_run(w, 2500);
    size_t there = 0;
    while (there < 4 && !w->nodes[0].parts[c].have[there]) {
        there++;
    }
    assert_true(there < 4);
    w->nodes[0].parts[c].bytes[(int64_t)there * MIB + 17] ^= 1; /* the disk */
    world_restart(w, 0);
    world_link_all(w);
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 60000);
    expect_here(w, 0, c, &t);
    world_free(w);
}

static void one_holder_may_go_and_another_goes_on(void **state)
{
    struct world *w = world_new(3, 1);
    size_t c = world_content(w, 12 * MIB);
    struct told t;
    (void)state;
    w->bytes_per_ms = 5000;
    world_give(w, 1, c);
    world_give(w, 2, c);
    world_link(w, 0, 1);
    world_fetch(w, 0, c, &t);
    world_run(w, 1000);
    world_link(w, 0, 2);
    world_run(w, 100);
    world_cut(w, 0, 1);
    world_wait(w, &t, 10000);
    expect_here(w, 0, c, &t);
    assert_int_equal(w->nodes[0].chunks_written, 12);
    world_free(w);
}

static void a_holder_that_lost_it_says_so_and_another_is_asked(void **state)
{
    struct world *w = world_new(3, 1);
    size_t c = world_content(w, 12 * MIB);
    struct told t;
    (void)state;
    w->bytes_per_ms = 5000;
    world_give(w, 1, c);
    world_link(w, 0, 1);
    world_fetch(w, 0, c, &t);
    world_run(w, 1000);
    w->nodes[1].parts[c].whole = false;
    world_run(w, 3000);
    world_give(w, 2, c);
    world_link(w, 0, 2);
    world_wait(w, &t, 40000);
    expect_here(w, 0, c, &t);
    assert_int_equal(xfer_holders(w->nodes[0].x, QUEUE, w->contents[c].sha256), 2);
    world_free(w);
}

/* ---- nobody, no room, nobody wants it -----------------------------------------------------------
 */

static void when_nobody_holds_it_that_is_told_after_ten_seconds_and_it_is_still_looked_for(
    void **state)
{
    struct world *w = world_new(3, 1);
    size_t c = world_content(w, MIB);
    struct told t;
    (void)state;
    world_link(w, 0, 1);
    uint64_t begin = w->now_ms;
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 60000);
    assert_int_equal(t.err.code, PP_ENOTFOUND);
    assert_int_equal(t.at_ms - begin, 10000);
    world_run(w, 60000);
    world_give(w, 2, c);
    world_link(w, 0, 2);
    world_run(w, 2000);
    assert_true(w->nodes[0].parts[c].whole);
    assert_int_equal(t.count, 1);
    world_free(w);
}

static void a_host_that_gets_it_later_is_found(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, MIB);
    struct told t;
    (void)state;
    world_link_all(w);
    world_fetch(w, 0, c, &t);
    world_run(w, 12000);
    assert_int_equal(t.count, 1);
    world_give(w, 1, c);
    world_run(w, 31000);
    assert_true(w->nodes[0].parts[c].whole);
    world_free(w);
}

static void what_nobody_wants_any_more_is_not_fetched(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 20 * MIB);
    struct told a, b;
    (void)state;
    w->bytes_per_ms = 10000;
    world_give(w, 1, c);
    world_link_all(w);
    uint64_t first = world_fetch(w, 0, c, &a);
    uint64_t second = world_fetch(w, 0, c, &b);
    world_run(w, 500);
    xfer_cancel(w->nodes[0].x, first);
    assert_int_equal(a.count, 0);
    world_run(w, 100);
    assert_int_equal(a.err.code, PP_ECANCELED);
    assert_int_equal(b.count, 0);
    xfer_cancel(w->nodes[0].x, second);
    world_run(w, 100);
    assert_int_equal(b.err.code, PP_ECANCELED);
    uint64_t written = w->nodes[0].chunks_written;
    world_run(w, 20000);
    assert_int_equal(w->nodes[0].chunks_written, written);
    assert_true(w->nodes[1].chunks_sent < 20);
    world_fetch(w, 0, c, &a);
    world_wait(w, &a, 20000);
    expect_here(w, 0, c, &a);
    assert_int_equal(w->nodes[0].chunks_written, 20);
    world_free(w);
}

static void cancelled_and_wanted_again_at_once_it_still_comes(void **state)
{
    (void)state;
    for (uint64_t after = 0; after < 40; after += 3) {
        struct world *w = world_new(2, after);
        size_t c = world_content(w, 2 * MIB);
        struct told a, b;
        world_give(w, 1, c);
        world_link_all(w);
        uint64_t id = world_fetch(w, 0, c, &a);
        for (uint64_t i = 0; i < after; i++) {
            world_step(w, w->now_ms + 1000);
        }
        if (a.count == 0) {
            xfer_cancel(w->nodes[0].x, id);
        }
        world_fetch(w, 0, c, &b);
        world_run(w, 20000);
        assert_int_equal(a.count, 1);
        expect_here(w, 0, c, &b);
        world_free(w);
    }
}

static void a_full_disk_is_told_as_such(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 20 * MIB);
    struct told t;
    (void)state;
    w->bytes_per_ms = 10000;
    world_give(w, 1, c);
    world_link_all(w);
    w->nodes[0].full = true;
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 1000);
    assert_int_equal(t.err.code, PP_ENOSPC);
    w->nodes[0].full = false;
    world_fetch(w, 0, c, &t);
    world_run(w, 1000);
    w->nodes[0].full = true;
    world_run(w, 1000);
    assert_int_equal(t.err.code, PP_ENOSPC);
    uint64_t written = w->nodes[0].chunks_written;
    assert_true(written > 3);
    w->nodes[0].full = false;
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 20000);
    expect_here(w, 0, c, &t);
    assert_int_equal(w->nodes[0].chunks_written, 20);
    world_free(w);
}

/* ---- peers that lie -----------------------------------------------------------------------------
 */

/* A liar and, from then on, an honest holder: the right bytes in the end. */
static struct world *beside(enum lie lie, uint64_t honest_ms, struct told *t)
{
    struct world *w = world_new(3, 5);
    size_t c = world_content(w, 6 * MIB);
    w->bytes_per_ms = 20000;
    w->nodes[1].lie = lie;
    world_give(w, 1, c);
    world_give(w, 2, c);
    world_link(w, 0, 1);
    world_fetch(w, 0, c, t);
    world_run(w, honest_ms);
    world_link(w, 0, 2);
    world_wait(w, t, 300000);
    expect_here(w, 0, c, t);
    return w;
}

static void who_sends_a_chunk_that_is_not_what_it_told_loses_its_link(void **state)
{
    struct told t;
    (void)state;
    struct world *w = beside(LIE_CHUNK, 30, &t);
    assert_true(w->nodes[1].lied > 0);
    assert_false(w->linked[0][1]);
    assert_true(w->linked[0][2]);
    world_free(w);
}

static void whose_whole_is_wrong_is_not_asked_again(void **state)
{
    struct told t;
    (void)state;
    struct world *w = beside(LIE_WHOLE, 5000, &t);
    assert_true(w->linked[0][1]); /* its disk may have lied to it */
    uint64_t sent = w->nodes[1].chunks_sent;
    assert_true(sent >= 6);
    w->nodes[0].parts[0].whole = false;
    world_fetch(w, 0, 0, &t);
    world_wait(w, &t, 10000);
    expect_here(w, 0, 0, &t);
    assert_int_equal(w->nodes[1].chunks_sent, sent);
    world_free(w);
}

static void a_wrong_whole_alone_is_told_as_such(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 3 * MIB);
    struct told t;
    (void)state;
    w->nodes[1].lie = LIE_WHOLE;
    world_give(w, 1, c);
    world_link_all(w);
    world_fetch(w, 0, c, &t);
    world_wait(w, &t, 60000);
    assert_int_equal(t.err.code, PP_ENOTFOUND);
    assert_non_null(strstr(t.err.text, "something else"));
    assert_false(w->nodes[0].parts[c].here);
    world_free(w);
}

static void who_says_another_size_is_not_asked(void **state)
{
    struct told t;
    (void)state;
    struct world *w = beside(LIE_SIZE, 2000, &t);
    assert_int_equal(w->nodes[1].chunks_sent, 0);
    world_free(w);
}

static void who_claims_to_hold_it_and_is_silent_stops_nobody(void **state)
{
    struct told t;
    (void)state;
    struct world *w = beside(LIE_MUTE, 20, &t);
    assert_true(t.at_ms < 60000);
    world_free(w);
}

static void who_tells_hashes_of_nothing_and_is_silent_stops_nobody(void **state)
{
    struct told t;
    (void)state;
    struct world *w = beside(LIE_LIST, 20, &t);
    assert_true(w->nodes[1].lied > 0 && t.at_ms < 90000);
    world_free(w);
}

static void messages_that_make_no_sense_end_the_link(void **state)
{
    static const struct {
        size_t len;
        uint8_t first;
        bool drops;
    } cases[] = {
        {1, 1, true},
        {20, 1, true},
        {33, 1, false},
        {34, 1, true},
        {33, 2, true},
        {41, 2, true},
        {37, 4, false},
        {36, 4, true},
        {37, 5, true},
        {38, 5, true},
        {69, 5, false},
        {37, 6, false},
        {37, 7, true},
        {38, 7, false},
        {5, 9, false},
        {4, 9, true},
        {41, 10, true},
        {35, 12, true},
        {1, 200, false},
        {33, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = world_new(2, 1);
        uint8_t bytes[128];
        memset(bytes, 0xee, sizeof bytes);
        bytes[0] = cases[i].first;
        world_link_all(w);
        xfer_receive(w->nodes[0].x, w->now_ms, QUEUE, &w->nodes[1].peer, bytes, cases[i].len);
        world_run(w, 10);
        if (w->linked[0][1] == cases[i].drops) {
            fail_msg("%zu bytes of kind %u", cases[i].len, cases[i].first);
        }
        world_free(w);
    }
}

static void what_a_stranger_says_is_not_heard(void **state)
{
    struct world *w = world_new(2, 1);
    uint8_t bytes[33] = {1};
    (void)state;
    xfer_receive(w->nodes[0].x, w->now_ms, QUEUE, &w->nodes[1].peer, bytes, sizeof bytes);
    assert_int_equal(w->dropped, 0);
    world_free(w);
}

static void a_peer_that_asks_for_thousands_of_chunks_gets_few_at_once(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 3 * MIB);
    uint8_t bytes[37] = {6};
    (void)state;
    world_give(w, 0, c);
    world_link_all(w);
    sodium_hex2bin(bytes + 1, 32, w->contents[c].sha256, 64, NULL, NULL, NULL);
    for (int i = 0; i < 5000; i++) {
        bytes[36] = (uint8_t)(i % 3);
        xfer_receive(w->nodes[0].x, w->now_ms, QUEUE, &w->nodes[1].peer, bytes, sizeof bytes);
    }
    world_run(w, 1000);
    assert_in_range(w->nodes[0].chunks_sent, 4, 40);
    world_free(w);
}

/* ---- offers -------------------------------------------------------------------------------------
 */

static void offer(struct world *w, size_t node, size_t content, size_t replicas, struct told *t)
{
    *t = (struct told){.w = w};
    xfer_offer(w->nodes[node].x, w->now_ms, QUEUE, w->contents[content].sha256, replicas, 60000,
        on_offered, t);
}

static size_t count_here(const struct world *w, size_t content)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        n += w->nodes[i].parts[content].whole;
    }
    return n;
}

static void as_many_as_wanted_take_what_is_offered(void **state)
{
    struct world *w = world_new(6, 1);
    size_t c = world_content(w, 3 * MIB);
    struct told t;
    (void)state;
    world_give(w, 0, c);
    world_link_all(w);
    offer(w, 0, c, 3, &t);
    assert_int_equal(t.count, 0);
    world_wait(w, &t, 30000);
    assert_int_equal(t.err.code, 0);
    assert_int_equal(t.holders, 3);
    assert_int_equal(count_here(w, c), 3);
    assert_int_equal(xfer_holders(w->nodes[0].x, QUEUE, w->contents[c].sha256), 3);
    offer(w, 0, c, 2, &t);
    world_wait(w, &t, 1);
    assert_true(t.count == 1 && t.holders >= 2);
    world_free(w);
}

static void alone_it_is_enough_to_hold_it(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, MIB);
    struct told t;
    (void)state;
    world_give(w, 0, c);
    offer(w, 0, c, 3, &t);
    world_wait(w, &t, 1);
    assert_true(t.count == 1 && t.err.code == 0 && t.holders == 1);
    world_link_all(w);
    offer(w, 0, c, 3, &t);
    world_wait(w, &t, 10000);
    assert_true(t.count == 1 && t.err.code == 0 && t.holders == 2);
    world_free(w);
}

static void who_refuses_is_passed_over(void **state)
{
    struct world *w = world_new(5, 1);
    size_t c = world_content(w, MIB);
    struct told t;
    (void)state;
    world_give(w, 0, c);
    w->nodes[1].refuses = w->nodes[2].refuses = w->nodes[3].refuses = true;
    world_link_all(w);
    offer(w, 0, c, 2, &t);
    world_wait(w, &t, 5000);
    assert_int_equal(t.holders, 2);
    assert_true(w->nodes[4].parts[c].whole);
    world_free(w);
}

static void when_all_refuse_the_reason_is_told_after_the_time(void **state)
{
    struct world *w = world_new(3, 1);
    size_t c = world_content(w, MIB);
    struct told t;
    (void)state;
    world_give(w, 0, c);
    w->nodes[1].refuses = true;
    w->nodes[2].full = true;
    world_link_all(w);
    uint64_t begin = w->now_ms;
    offer(w, 0, c, 2, &t);
    world_run(w, 61000);
    assert_int_equal(t.err.code, PP_ETIMEOUT);
    assert_int_equal(t.at_ms - begin, 60000);
    assert_non_null(strstr(t.err.text, "full"));
    assert_int_equal(t.holders, 1);
    world_free(w);
}

static void who_has_room_later_takes_it_then(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, MIB);
    struct told t;
    (void)state;
    world_give(w, 0, c);
    w->nodes[1].refuses = true;
    world_link_all(w);
    offer(w, 0, c, 2, &t);
    world_run(w, 5000);
    assert_int_equal(t.count, 0);
    w->nodes[1].refuses = false;
    world_wait(w, &t, 50000);
    assert_true(t.count == 1 && t.err.code == 0 && t.holders == 2);
    world_free(w);
}

static void an_offer_of_what_is_not_here_is_an_error(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, MIB);
    struct told t;
    (void)state;
    world_link_all(w);
    offer(w, 0, c, 2, &t);
    world_wait(w, &t, 10);
    assert_int_equal(t.err.code, PP_ENOTFOUND);
    world_free(w);
}

static void a_taker_that_goes_away_is_replaced(void **state)
{
    struct world *w = world_new(4, 1);
    size_t c = world_content(w, 20 * MIB);
    struct told t;
    (void)state;
    w->bytes_per_ms = 10000;
    world_give(w, 0, c);
    world_link_all(w);
    offer(w, 0, c, 2, &t);
    world_run(w, 500);
    for (size_t i = 1; i < 4; i++) {
        if (w->nodes[i].chunks_written > 0) {
            world_cut(w, 0, i);
        }
    }
    world_wait(w, &t, 30000);
    assert_true(t.count == 1 && t.err.code == 0 && t.holders == 2);
    world_free(w);
}

static void who_offers_something_else_under_that_name_is_refused_the_next_time(void **state)
{
    struct world *w = world_new(2, 1);
    size_t c = world_content(w, 2 * MIB);
    struct told t;
    (void)state;
    w->nodes[0].lie = LIE_WHOLE;
    world_give(w, 0, c);
    world_link_all(w);
    offer(w, 0, c, 2, &t);
    world_run(w, 61000);
    assert_int_equal(t.err.code, PP_ETIMEOUT);
    assert_false(w->nodes[1].parts[c].whole);
    offer(w, 0, c, 2, &t);
    world_run(w, 61000);
    assert_non_null(strstr(t.err.text, "something else"));
    assert_int_equal(w->nodes[0].chunks_sent, 2);
    world_free(w);
}

/* ---- whatever happens ---------------------------------------------------------------------------
 */

static void disturb(struct world *w)
{
    size_t a = world_draw(w, w->count);
    size_t b = world_draw(w, w->count);
    switch (world_draw(w, 6)) {
    case 0:
    case 1:
        if (a != b) {
            world_cut(w, a, b);
        }
        break;
    case 2:
        w->nodes[a].slow_ms = world_draw(w, 3) * 400;
        break;
    case 3:
        w->nodes[a].full = world_draw(w, 4) == 0;
        break;
    default:
        if (a != b) {
            world_link(w, a, b);
        }
        break;
    }
}

static void calm(struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        w->nodes[i].full = false;
        w->nodes[i].slow_ms = 0;
    }
    world_link_all(w);
}

/* One honest holder there is always: in the end everybody who is told that it is there has the
 * right bytes (the store compares), who is told an error may ask again, and does. */
static void run_seed(uint64_t seed)
{
    struct world *w = world_new(6, seed);
    struct told t[6];
    w->bytes_per_ms = 5000 + world_draw(w, 50000);
    w->latency_ms = world_draw(w, 30);
    for (size_t i = 0; i < 3; i++) {
        world_content(w, 1 + (int64_t)world_draw(w, 5 * MIB));
        world_give(w, 0, i);
        world_give(w, 1, i);
        world_give(w, 2, i);
    }
    w->nodes[1].lie = (enum lie)world_draw(w, LIE_KINDS);
    w->nodes[2].lie = (enum lie)world_draw(w, LIE_KINDS);
    world_link_all(w);
    for (size_t i = 0; i < 6; i++) {
        world_fetch(w, 3 + i / 3, i % 3, &t[i]);
    }
    for (int i = 0; i < 30; i++) {
        world_run(w, world_draw(w, 300));
        disturb(w);
    }
    calm(w);
    for (int round = 0; round < 40; round++) {
        world_run(w, 10000);
        calm(w);
        for (size_t i = 0; i < 6; i++) {
            if (t[i].count > 0 && t[i].err.code != 0) {
                world_fetch(w, 3 + i / 3, i % 3, &t[i]);
            }
        }
    }
    for (size_t i = 0; i < 6; i++) {
        if (t[i].count != 1 || t[i].err.code != 0 || !w->nodes[3 + i / 3].parts[i % 3].whole) {
            fail_msg("seed %llu: content %zu at node %zu, told %d times: %s (lies %d, %d)",
                (unsigned long long)seed, i % 3, 3 + i / 3, t[i].count, t[i].err.text,
                (int)w->nodes[1].lie, (int)w->nodes[2].lie);
        }
    }
    world_free(w);
}

static void whatever_happens_it_ends_with_the_right_bytes(void **state)
{
    const char *one = getenv("PP_SEED");
    const char *many = getenv("PP_SEEDS");
    uint64_t n = many != NULL ? strtoull(many, NULL, 10) : 5;
    (void)state;
    if (one != NULL) {
        run_seed(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= n; seed++) {
        run_seed(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_comes_from_the_one_who_holds_it),
        cmocka_unit_test(what_is_here_already_is_told_at_once_and_later),
        cmocka_unit_test(a_name_that_is_none_is_refused),
        cmocka_unit_test(the_same_content_twice_is_one_transfer),
        cmocka_unit_test(a_link_is_kept_full_although_it_is_long),
        cmocka_unit_test(several_holders_send_at_once),
        cmocka_unit_test(what_a_slow_holder_keeps_back_is_asked_of_another),
        cmocka_unit_test(at_most_four_are_fetched_at_once_and_all_come),
        cmocka_unit_test(a_fetch_whose_holders_are_gone_does_not_keep_others_waiting),
        cmocka_unit_test(after_a_break_it_goes_on_where_it_was),
        cmocka_unit_test(a_new_process_goes_on_with_what_is_on_the_disk),
        cmocka_unit_test(what_an_earlier_process_wrote_wrongly_is_fetched_again_from_the_same),
        cmocka_unit_test(one_holder_may_go_and_another_goes_on),
        cmocka_unit_test(a_holder_that_lost_it_says_so_and_another_is_asked),
        cmocka_unit_test(
            when_nobody_holds_it_that_is_told_after_ten_seconds_and_it_is_still_looked_for),
        cmocka_unit_test(a_host_that_gets_it_later_is_found),
        cmocka_unit_test(what_nobody_wants_any_more_is_not_fetched),
        cmocka_unit_test(cancelled_and_wanted_again_at_once_it_still_comes),
        cmocka_unit_test(a_full_disk_is_told_as_such),
        cmocka_unit_test(who_sends_a_chunk_that_is_not_what_it_told_loses_its_link),
        cmocka_unit_test(whose_whole_is_wrong_is_not_asked_again),
        cmocka_unit_test(a_wrong_whole_alone_is_told_as_such),
        cmocka_unit_test(who_says_another_size_is_not_asked),
        cmocka_unit_test(who_claims_to_hold_it_and_is_silent_stops_nobody),
        cmocka_unit_test(who_tells_hashes_of_nothing_and_is_silent_stops_nobody),
        cmocka_unit_test(messages_that_make_no_sense_end_the_link),
        cmocka_unit_test(what_a_stranger_says_is_not_heard),
        cmocka_unit_test(a_peer_that_asks_for_thousands_of_chunks_gets_few_at_once),
        cmocka_unit_test(as_many_as_wanted_take_what_is_offered),
        cmocka_unit_test(alone_it_is_enough_to_hold_it),
        cmocka_unit_test(who_refuses_is_passed_over),
        cmocka_unit_test(when_all_refuse_the_reason_is_told_after_the_time),
        cmocka_unit_test(who_has_room_later_takes_it_then),
        cmocka_unit_test(an_offer_of_what_is_not_here_is_an_error),
        cmocka_unit_test(a_taker_that_goes_away_is_replaced),
        cmocka_unit_test(who_offers_something_else_under_that_name_is_refused_the_next_time),
        cmocka_unit_test(whatever_happens_it_ends_with_the_right_bytes),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
