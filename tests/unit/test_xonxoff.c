#include "host/core/xonxoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000)

static void assert_takes(struct xonxoff *x, uint64_t now_us, const char *bytes, const char *left)
{
    char buf[64];
    size_t len = strlen(bytes);
    memcpy(buf, bytes, len);
    assert_int_equal(xonxoff_take(x, now_us, buf, len), strlen(left));
    assert_memory_equal(buf, left, strlen(left));
}

static void both_are_taken_out_of_the_middle_of_a_line(void **state)
{
    struct xonxoff x = {.obey = true};
    (void)state;
    assert_takes(&x, 1,
        "ok \x13N5 P1\x11"
        "5\n\x13",
        "ok N5 P15\n");
    assert_true(xonxoff_holds(&x, 2));
    assert_int_equal(x.stops, 2);
    assert_takes(&x, 3, "\x11", "");
    assert_false(xonxoff_holds(&x, 4));
    assert_int_equal(xonxoff_deadline(&x), UINT64_MAX);
}

static void a_printer_that_does_not_have_it_holds_nothing_back(void **state)
{
    struct xonxoff x = {.obey = false};
    (void)state;
    assert_takes(&x, 1, "\x13ok\n", "ok\n");
    assert_false(xonxoff_holds(&x, 1));
    assert_int_equal(x.stops, 0);
}

static void an_xoff_is_forgotten_when_it_counts_no_more(void **state)
{
    struct xonxoff x = {.obey = true};
    (void)state;
    assert_takes(&x, 1, "\x13", "");
    xonxoff_obey(&x, true);
    assert_true(xonxoff_holds(&x, 1));
    xonxoff_obey(&x, false);
    xonxoff_obey(&x, true);
    assert_false(xonxoff_holds(&x, 1));
}

static void a_lost_xon_is_presumed_after_a_while(void **state)
{
    struct xonxoff x = {.obey = true};
    (void)state;
    assert_takes(&x, 10 * SECOND, "\x13", "");
    assert_int_equal(xonxoff_deadline(&x), 15 * SECOND);
    assert_true(xonxoff_holds(&x, 15 * SECOND - 1));
    assert_false(xonxoff_holds(&x, 15 * SECOND));
    assert_int_equal(x.presumed, 1);
    assert_takes(&x, 16 * SECOND, "\x11", "");
    assert_false(xonxoff_holds(&x, 16 * SECOND));
    assert_int_equal(x.presumed, 1);
}

/* The printer sends it again only after an XON; should it, the time counts from the last. */
static void a_second_xoff_begins_the_wait_anew(void **state)
{
    struct xonxoff x = {.obey = true};
    (void)state;
    assert_takes(&x, 10 * SECOND, "\x13", "");
    assert_takes(&x, 14 * SECOND, "\x13", "");
    assert_true(xonxoff_holds(&x, 18 * SECOND));
    assert_int_equal(x.stops, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_are_taken_out_of_the_middle_of_a_line),
        cmocka_unit_test(a_printer_that_does_not_have_it_holds_nothing_back),
        cmocka_unit_test(an_xoff_is_forgotten_when_it_counts_no_more),
        cmocka_unit_test(a_lost_xon_is_presumed_after_a_while),
        cmocka_unit_test(a_second_xoff_begins_the_wait_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
