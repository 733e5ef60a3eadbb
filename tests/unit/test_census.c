// link: ppnet
#include "net/census.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* splitmix64, uniform in [0, 1) */
static double draw(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static void answer_all(struct census *c, uint64_t hosts, uint64_t *seed)
{
    for (uint64_t i = 1; i < hosts; i++) {
        if (census_answers(c->probability, draw(seed))) {
            census_answer(c, c->poll);
        }
    }
}

/* One poll of a new leader that hears of `linked` of so many hosts. */
static struct census_result poll_once(uint64_t hosts, size_t linked, uint64_t *seed)
{
    struct census c;
    census_init(&c);
    assert_true(census_step(&c, 1000, linked, true));
    answer_all(&c, hosts, seed);
    assert_false(census_step(&c, 1000 + CENSUS_WINDOW_MS, linked, true));
    return c.result;
}

static void up_to_200_hosts_are_counted_exactly(void **state)
{
    struct census c;
    (void)state;
    census_init(&c);
    assert_int_equal(c.result.peers, 1);
    for (size_t linked = 0; linked < CENSUS_EXACT_MAX; linked++) {
        assert_false(census_step(&c, 1000 * linked, linked, true));
        assert_true(c.result.exact);
        assert_int_equal(c.result.peers, linked + 1);
        assert_int_equal(c.result.low, linked + 1);
        assert_int_equal(c.result.high, linked + 1);
    }
    assert_true(census_step(&c, 1000000, CENSUS_EXACT_MAX, true));
}

/* Every size from 201 to 5000 by steps, each polled a few thousand times. */
static void the_interval_holds_the_truth_19_times_of_20_and_the_estimate_is_unbiased(void **state)
{
    static const uint64_t sizes[] = {201, 233, 300, 450, 700, 1000, 1700, 3000, 5000};
    uint64_t seed = 7;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t hosts = sizes[i];
        uint64_t runs = 1000000 / hosts > 1200 ? 1200 : 1000000 / hosts + 300;
        uint64_t inside = 0;
        double sum = 0;
        for (uint64_t run = 0; run < runs; run++) {
            struct census_result r = poll_once(hosts, hosts - 1, &seed);
            inside += r.low <= hosts && hosts <= r.high;
            sum += (double)r.peers;
            assert_true(r.low <= r.peers && r.peers <= r.high && !r.exact);
        }
        double covered = (double)inside / (double)runs;
        double p = census_probability(hosts - 1);
        double error = sqrt((double)(hosts - 1) * (1 - p) / p / (double)runs);
        if (covered < 0.93 || fabs(sum / (double)runs - (double)hosts) > 4 * error + 0.5) {
            fail_msg("%llu hosts: %.3f covered, mean %.1f", (unsigned long long)hosts, covered,
                sum / (double)runs);
        }
    }
}

static void a_leader_that_hears_of_few_of_many_adapts_its_next_poll(void **state)
{
    struct census c;
    uint64_t seed = 3;
    (void)state;
    census_init(&c);
    assert_true(census_step(&c, 0, 250, true)); /* of 5000 */
    answer_all(&c, 5000, &seed);
    assert_true(c.answers > 800);
    census_step(&c, CENSUS_WINDOW_MS, 250, true);
    assert_true(census_step(&c, CENSUS_EVERY_MS, 250, true));
    answer_all(&c, 5000, &seed);
    assert_in_range(c.answers, 20, 90);
    census_step(&c, CENSUS_EVERY_MS + CENSUS_WINDOW_MS, 250, true);
    assert_in_range(c.result.peers, 4500, 5500);
}

static void several_polls_together_are_nearer_than_one_and_their_interval_still_holds(void **state)
{
    uint64_t seed = 11;
    uint64_t inside = 0;
    double one = 0;
    double width = 0;
    (void)state;
    for (int run = 0; run < 300; run++) {
        struct census c;
        census_init(&c);
        for (uint64_t n = 0; n < CENSUS_POLLS; n++) {
            assert_true(census_step(&c, n * CENSUS_EVERY_MS, 999, true));
            answer_all(&c, 1000, &seed);
            census_step(&c, n * CENSUS_EVERY_MS + CENSUS_WINDOW_MS, 999, true);
            one += n == 0 ? (double)(c.result.high - c.result.low) : 0;
        }
        inside += c.result.low <= 1000 && 1000 <= c.result.high;
        width += (double)(c.result.high - c.result.low);
    }
    assert_true(inside >= 279);
    assert_true(width < one * 0.6);
}

static void when_hundreds_leave_the_next_poll_says_so(void **state)
{
    struct census c;
    uint64_t seed = 5;
    uint64_t now = 0;
    (void)state;
    census_init(&c);
    for (int n = 0; n < 8; n++, now += CENSUS_EVERY_MS) {
        uint64_t hosts = n < 6 ? 4000 : 400;
        assert_true(census_step(&c, now, 250, true));
        answer_all(&c, hosts, &seed);
        census_step(&c, now + CENSUS_WINDOW_MS, 250, true);
    }
    assert_in_range(c.result.peers, 250, 600);
}

static void a_new_leader_polls_at_once_and_one_that_is_none_never(void **state)
{
    struct census c;
    (void)state;
    census_init(&c);
    assert_false(census_step(&c, 0, 500, false));
    assert_true(census_step(&c, 10, 500, true));
    assert_false(census_step(&c, 20, 500, true));
    assert_false(census_step(&c, 30, 500, false));
    assert_true(census_step(&c, 40, 500, true));
    assert_int_equal(c.poll, 2);
}

static void answers_to_another_poll_or_too_late_do_not_count(void **state)
{
    struct census c;
    (void)state;
    census_init(&c);
    assert_true(census_step(&c, 0, 500, true));
    census_answer(&c, 1);
    census_answer(&c, 2);
    census_answer(&c, 0);
    assert_int_equal(c.answers, 1);
    census_step(&c, CENSUS_WINDOW_MS, 500, true);
    census_answer(&c, 1);
    assert_int_equal(c.answers, 1);
    assert_true(c.result.low >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_to_200_hosts_are_counted_exactly),
        cmocka_unit_test(the_interval_holds_the_truth_19_times_of_20_and_the_estimate_is_unbiased),
        cmocka_unit_test(a_leader_that_hears_of_few_of_many_adapts_its_next_poll),
        cmocka_unit_test(several_polls_together_are_nearer_than_one_and_their_interval_still_holds),
        cmocka_unit_test(when_hundreds_leave_the_next_poll_says_so),
        cmocka_unit_test(a_new_leader_polls_at_once_and_one_that_is_none_never),
        cmocka_unit_test(answers_to_another_poll_or_too_late_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
