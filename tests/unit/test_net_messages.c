// link: ppnet
// with: one_net
/* What hosts of a queue may tell and ask each other, beyond its log. */
#include "net/net_priv.h"
#include "tests/lib/one_net.h"

#include "host/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

static uv_loop_t loop;
static struct one_net a, b;

static void wake(uv_timer_t *timer)
{
    (void)timer;
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        uint64_t end_ = clock_ms() + PATIENCE_MS;                                                  \
        uv_timer_t again_;                                                                         \
        uv_timer_init(&loop, &again_);                                                             \
        uv_timer_start(&again_, wake, 10, 10);                                                     \
        while (!(condition)) {                                                                     \
            assert_true(clock_ms() < end_);                                                        \
            uv_run(&loop, UV_RUN_ONCE);                                                            \
        }                                                                                          \
        uv_close((uv_handle_t *)&again_, NULL);                                                    \
        uv_run(&loop, UV_RUN_NOWAIT);                                                              \
    } while (0)

/* The first host of a queue leads it, and votes. */
static void open_two(const char *key)
{
    uv_loop_init(&loop);
    one_net_open(&a, &loop, "first", key, NULL);
    UNTIL(one_net_status(&a).connected && one_net_status(&a).address[0] != '\0');
    one_net_open(&b, &loop, "second", key, one_net_status(&a).address);
    UNTIL(one_net_status(&a).linked == 1 && one_net_status(&b).connected);
}

static int set_up_open(void **state)
{
    (void)state;
    open_two("");
    return 0;
}

static int set_up_keyed(void **state)
{
    (void)state;
    open_two("secret");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    one_net_close(&b);
    one_net_close(&a);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static struct net_queue *queue_of(const struct one_net *o)
{
    return net_queue_find(o->net, "open");
}

static const struct peer *id_of(const struct one_net *o)
{
    return &queue_of(o)->id->peer;
}

struct heard {
    int times;
    int code;
    size_t len;
};

static void on_answer(void *context, const struct err *e, const uint8_t *bytes, size_t len)
{
    struct heard *h = context;
    (void)bytes;
    h->times++;
    h->code = e != NULL ? e->code : 0;
    h->len = len;
}

/* ---- requests ---- */

static void a_host_that_decides_in_an_open_queue_is_a_stranger_all_the_same(void **state)
{
    struct heard h = {0};
    (void)state;
    b.answers = true;
    assert_true(group_is_voter(queue_of(&b)->group, id_of(&a)));
    net_ask(a.net, "open", id_of(&b), "hello", 5, 5000, on_answer, &h);
    UNTIL(h.times == 1);
    assert_int_equal(h.code, 0);
    assert_int_equal(h.len, 5);
    assert_false(b.trusted);
}

static void who_has_the_key_is_trusted(void **state)
{
    struct heard h = {0};
    (void)state;
    a.answers = true;
    net_ask(b.net, "open", id_of(&a), "hello", 5, 5000, on_answer, &h);
    UNTIL(h.times == 1);
    assert_true(a.trusted);
}

/* b asks and asks; a's program takes its time. */
static void one_host_cannot_use_up_the_requests_of_all(void **state)
{
    static struct heard many[ONE_NET_ASKS];
    struct heard own = {0};
    (void)state;
    memset(many, 0, sizeof many);
    a.answers = false;
    a.asked = 0;
    for (size_t i = 0; i < 256; i++) {
        net_ask(b.net, "open", id_of(&a), "x", 1, 300, on_answer, &many[i]);
    }
    UNTIL(a.asked > 0 && many[0].times == 1);
    assert_in_range(a.asked, 1, 32);
    b.answers = true;
    net_ask(a.net, "open", id_of(&b), "y", 1, 5000, on_answer, &own);
    UNTIL(own.times == 1);
    assert_int_equal(own.code, 0);
    for (size_t i = 0; i < a.asked; i++) {
        net_answer(a.net, a.ask[i], "late", 4); /* nobody waits for it */
        net_answer(a.net, a.ask[i], "twice", 5);
    }
    UNTIL(many[255].times == 1);
    for (size_t i = 0; i < 256; i++) {
        assert_int_equal(many[i].times, 1);
    }
}

static void on_gone(void *context)
{
    *(bool *)context = true;
}

static void what_was_asked_of_a_queue_ends_with_it(void **state)
{
    struct heard h = {0};
    bool gone = false;
    (void)state;
    a.answers = false;
    a.asked = 0;
    net_ask(b.net, "open", id_of(&a), "x", 1, 60000, on_answer, &h);
    UNTIL(a.asked == 1);
    net_queue_remove(a.net, "open", false, on_gone, &gone);
    UNTIL(gone);
    net_answer(a.net, a.ask[0], "late", 4);
    gone = false;
    net_queue_remove(b.net, "open", false, on_gone, &gone);
    UNTIL(gone && h.times == 1);
    assert_int_not_equal(h.code, 0);
}

/* ---- presence ---- */

static void put_told(struct strbuf *out, const struct peer *who, uint64_t instance,
    uint64_t sequence, uint64_t age_ms, const char *text)
{
    wire_put_raw(out, who->key, sizeof who->key);
    wire_put_text(out, "name");
    wire_put_text(out, "pphost 0");
    wire_put_u64(out, instance);
    wire_put_u64(out, sequence);
    wire_put_u64(out, age_ms);
    wire_put_bytes(out, text, strlen(text));
}

static void tell(struct one_net *to, const struct peer *from, const struct strbuf *b_)
{
    net_presence_received(queue_of(to), from, (const uint8_t *)b_->data, b_->len);
}

static bool tells(const struct one_net *o, const struct peer *who, const char *text)
{
    struct net_peer p;
    return net_peer_find(o->net, "open", who, &p) && p.presence_len == strlen(text) &&
           memcmp(p.presence, text, p.presence_len) == 0;
}

/* What others say of a host is forgotten when it comes itself. */
static void nobody_speaks_for_a_host_that_is_there(void **state)
{
    struct peer late = {{9}};
    struct strbuf lie = {0}, truth = {0}, hello = {0};
    (void)state;
    net_hello(a.net, &hello);
    put_told(&lie, &late, 1, UINT64_MAX, 0, "lie");
    put_told(&truth, &late, 1, 5, 0, "truth");
    tell(&b, id_of(&a), &lie);
    assert_true(tells(&b, &late, "lie")); /* a votes */
    net_member_up(queue_of(&b), &late, hello.data, hello.len);
    tell(&b, &late, &truth);
    assert_true(tells(&b, &late, "truth"));
    tell(&b, id_of(&a), &lie);
    assert_true(tells(&b, &late, "truth"));
    net_member_down(queue_of(&b), &late);
    strbuf_fini(&hello);
    strbuf_fini(&truth);
    strbuf_fini(&lie);
}

static void a_host_that_is_there_has_its_place_whoever_was_told_of(void **state)
{
    (void)state;
    struct peer invented = {{0}};
    struct peer late = {{0xff, 0xff, 0xff}};
    struct strbuf hello = {0};
    net_hello(a.net, &hello);
    const struct peer *voter = id_of(&a);
    for (uint32_t i = 1; net_peers(b.net, "open") <= NET_PEERS_MAX; i++) {
        struct strbuf told = {0};
        memcpy(invented.key, &i, sizeof i);
        put_told(&told, &invented, 1, 1, 0, "{}");
        tell(&b, voter, &told);
        strbuf_fini(&told);
        assert_true(i < 2 * NET_PEERS_MAX);
    }
    assert_int_equal(net_peers(b.net, "open"), NET_PEERS_MAX + 1);
    net_member_up(queue_of(&b), &late, hello.data, hello.len);
    strbuf_fini(&hello);
    struct net_peer p;
    assert_true(net_peer_find(b.net, "open", &late, &p));
    assert_string_equal(p.name, "first");
    assert_int_equal(net_peers(b.net, "open"), NET_PEERS_MAX + 1);
    net_member_down(queue_of(&b), &late);
}

static void an_age_beyond_all_bounds_is_the_past(void **state)
{
    (void)state;
    struct strbuf told = {0};
    struct peer who = {{7}};
    struct net_peer p;
    put_told(&told, &who, 1, 1, UINT64_MAX, "{}");
    tell(&b, id_of(&a), &told);
    strbuf_fini(&told);
    assert_true(net_peer_find(b.net, "open", &who, &p));
    assert_true(p.silent_ms >= 0);
}

/* ---- census ---- */

static void count_says(struct one_net *to, unsigned kind, uint64_t x, uint64_t y, uint64_t z)
{
    struct strbuf out = {0};
    wire_put_u8(&out, (uint8_t)kind);
    wire_put_u64(&out, x);
    wire_put_u64(&out, y);
    wire_put_u64(&out, z);
    net_census_received(queue_of(to), id_of(&a), (const uint8_t *)out.data, out.len);
    strbuf_fini(&out);
}

/* Two that count at once would go round among those who pass them on for ever. */
static void one_count_is_passed_on_at_a_time(void **state)
{
    (void)state;
    struct net_queue *q = queue_of(&a);
    count_says(&a, 1, 7, 0, 0);
    assert_int_equal(q->polled, 7);
    count_says(&a, 1, 8, 0, 0);
    assert_int_equal(q->polled, 7);
    count_says(&a, 3, 300, 250, 350);
    assert_int_equal(q->told.peers, 300);
    count_says(&a, 3, 301, 250, 350);
    assert_int_equal(q->told.peers, 300);
}

static void a_count_that_cannot_be_is_none(void **state)
{
    (void)state;
    count_says(&b, 3, UINT64_MAX, 1, 2);
    count_says(&b, 3, 500, 501, 600);
    count_says(&b, 3, 500, 400, 499);
    count_says(&b, 3, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    assert_int_equal(queue_of(&b)->told.peers, 0);
    count_says(&b, 3, 500, 400, 600);
    assert_int_equal(queue_of(&b)->told.peers, 500);
}

int main(void)
{
    const struct CMUnitTest open[] = {
        cmocka_unit_test(a_host_that_decides_in_an_open_queue_is_a_stranger_all_the_same),
    };
    const struct CMUnitTest keyed[] = {
        cmocka_unit_test(who_has_the_key_is_trusted),
        cmocka_unit_test(nobody_speaks_for_a_host_that_is_there),
        cmocka_unit_test(one_count_is_passed_on_at_a_time),
        cmocka_unit_test(a_count_that_cannot_be_is_none),
        cmocka_unit_test(an_age_beyond_all_bounds_is_the_past),
        cmocka_unit_test(one_host_cannot_use_up_the_requests_of_all),
        cmocka_unit_test(a_host_that_is_there_has_its_place_whoever_was_told_of),
        cmocka_unit_test(what_was_asked_of_a_queue_ends_with_it), /* the last: it is gone */
    };
    int failed = cmocka_run_group_tests(open, set_up_open, tear_down);
    return failed + cmocka_run_group_tests(keyed, set_up_keyed, tear_down);
}
