/* A main loop that hangs, on time that is told. */
#include "host/core/beat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define START UINT64_C(1000000)

static void a_main_loop_that_beats_changes_nothing(void **state)
{
    (void)state;
    struct beat b = {0};
    for (uint64_t ms = 0; ms < 300000; ms += 500) {
        assert_int_equal(beat_step(&b, START + ms, START + ms / 30000 * 30000, false), BEAT_FINE);
    }
    assert_int_equal(beat_step(&b, START, START + 5, false), BEAT_FINE); /* beat meanwhile */
}

static void after_a_minute_the_heaters_go_off_once(void **state)
{
    (void)state;
    struct beat b = {0};
    assert_int_equal(beat_step(&b, START + 60000, START, false), BEAT_FINE);
    assert_int_equal(beat_step(&b, START + 60001, START, false), BEAT_COLD);
    assert_int_equal(beat_step(&b, START + 61000, START, false), BEAT_FINE);
    for (uint64_t ms = 62000; ms < 600000; ms += 1000) { /* taken by the printer */
        assert_int_equal(beat_step(&b, START + ms, START, true), BEAT_FINE);
    }
}

static void a_printer_that_does_not_take_it_is_stopped_once(void **state)
{
    (void)state;
    struct beat b = {0};
    assert_int_equal(beat_step(&b, START + 60001, START, false), BEAT_COLD);
    assert_int_equal(beat_step(&b, START + 90000, START, false), BEAT_FINE);
    assert_int_equal(beat_step(&b, START + 90001, START, false), BEAT_STOP);
    assert_int_equal(beat_step(&b, START + 200000, START, false), BEAT_FINE);
}

static void a_main_loop_that_hangs_again_is_noticed_again(void **state)
{
    (void)state;
    struct beat b = {0};
    assert_int_equal(beat_step(&b, START + 70000, START, true), BEAT_COLD);
    assert_int_equal(beat_step(&b, START + 71000, START + 70500, true), BEAT_FINE);
    assert_int_equal(beat_step(&b, START + 140000, START + 70500, true), BEAT_COLD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_main_loop_that_beats_changes_nothing),
        cmocka_unit_test(after_a_minute_the_heaters_go_off_once),
        cmocka_unit_test(a_printer_that_does_not_take_it_is_stopped_once),
        cmocka_unit_test(a_main_loop_that_hangs_again_is_noticed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
