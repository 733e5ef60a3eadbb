/* The table of times is whole and its rows agree with each other. */
#include "host/core/times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_time_has_a_name_of_its_own_and_a_purpose(void **state)
{
    (void)state;
    for (int i = 0; i < TIME_COUNT; i++) {
        const struct time_row *row = time_row((enum time_id)i);
        assert_true(row->name != NULL && row->what != NULL && row->ms > 0);
        assert_int_equal(time_us((enum time_id)i), row->ms * UINT64_C(1000));
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(row->name, time_row((enum time_id)j)->name);
        }
    }
}

/* Questions come before verdicts, and every one gets the time for an answer. */
static void patience_ends_in_a_question_before_it_ends_in_a_verdict(void **state)
{
    (void)state;
    assert_true(time_us(TIME_SILENCE_BUSY) < time_us(TIME_SILENCE));
    assert_true(time_us(TIME_SILENCE) + 3 * time_us(TIME_PROBE) < time_us(TIME_GIVE_UP));
    assert_true(time_us(TIME_SILENCE_SLOW) * 3 < time_us(TIME_SLOW_LIMIT));
    assert_true(time_us(TIME_DRAIN_QUIET) < time_us(TIME_DRAIN_LAST));
    assert_true(time_us(TIME_SILENCE_BUSY) > 2 * 2000000); /* busy comes every two seconds */
}

static void a_board_that_boots_has_time_to(void **state)
{
    (void)state;
    assert_true(time_us(TIME_HELLO_FIRST) >= 10000000);
    assert_int_equal(time_us(TIME_HELLO_FIRST) % time_us(TIME_HELLO_AGAIN), 0);
    assert_int_equal(time_us(TIME_HELLO_MORE) % time_us(TIME_HELLO_AGAIN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_time_has_a_name_of_its_own_and_a_purpose),
        cmocka_unit_test(patience_ends_in_a_question_before_it_ends_in_a_verdict),
        cmocka_unit_test(a_board_that_boots_has_time_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
