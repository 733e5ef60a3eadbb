/* When the printer's display is told how far the print is, and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/core/progress.h"

static struct progress_now at(double percent, int64_t left_ms)
{
    return (struct progress_now){percent, left_ms, 3, 120};
}

static const char *told(
    struct progress *p, uint64_t now_ms, struct progress_now now, enum progress_mode mode)
{
    static char line[PROGRESS_LINE];
    if (!progress_ready(p, now_ms) || !progress_changed(p, &now)) {
        return "";
    }
    progress_tell(p, now_ms, &now, mode, line);
    return line;
}

static void the_beginning_is_told_at_once(void **state)
{
    (void)state;
    struct progress p = {0};
    assert_string_equal(told(&p, 5, at(0, 3600000), PROGRESS_M73), "M73 P0 R60");
}

static void nothing_is_told_within_ten_seconds_or_without_a_change(void **state)
{
    (void)state;
    struct progress p = {0};
    told(&p, 0, at(0, 3600000), PROGRESS_M73);
    assert_string_equal(told(&p, 9999, at(5, 3000000), PROGRESS_M73), "");
    assert_string_equal(told(&p, 10000, at(5.9, 3000000), PROGRESS_M73), "M73 P5 R50");
    assert_string_equal(told(&p, 60000, at(5.99, 2999999), PROGRESS_M73), "");
    assert_string_equal(told(&p, 60000, at(5.99, 2940000), PROGRESS_M73), "M73 P5 R49");
}

static void an_unknown_time_is_left_out(void **state)
{
    (void)state;
    struct progress p = {0};
    assert_string_equal(told(&p, 0, at(12.3, -1), PROGRESS_M73), "M73 P12");
}

static void a_text_names_the_layer(void **state)
{
    (void)state;
    struct progress p = {0};
    assert_string_equal(
        told(&p, 0, at(42.3, 4920001), PROGRESS_M117), "M117 42% 1h23m left layer 3/120");
    p = (struct progress){0};
    assert_string_equal(told(&p, 0, (struct progress_now){1, -1, 0, 0}, PROGRESS_M117), "M117 1%");
}

static void what_cannot_be_stays_within_its_bounds(void **state)
{
    (void)state;
    struct progress p = {0};
    assert_string_equal(told(&p, 0, at(1e9, INT64_MAX), PROGRESS_M73), "M73 P100 R99999");
    p = (struct progress){0};
    assert_string_equal(told(&p, 0, at(-5, 0), PROGRESS_M73), "M73 P0 R0");
    p = (struct progress){0};
    struct progress_now wide = {100, INT64_MAX, INT32_MAX, INT32_MAX};
    assert_true(told(&p, 0, wide, PROGRESS_M117)[0] == 'M');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_beginning_is_told_at_once),
        cmocka_unit_test(nothing_is_told_within_ten_seconds_or_without_a_change),
        cmocka_unit_test(an_unknown_time_is_left_out),
        cmocka_unit_test(a_text_names_the_layer),
        cmocka_unit_test(what_cannot_be_stays_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
