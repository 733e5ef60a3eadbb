// link: ppbase
/* Histograms: percentiles of what was added. */
#include "host/base/histo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void without_values_every_percentile_is_zero(void **state)
{
    struct histo *h = calloc(1, sizeof *h);
    (void)state;
    assert_int_equal(histo_percentile(h, 0.5), 0);
    assert_int_equal(histo_percentile(h, 1), 0);
    free(h);
}

static void small_values_are_exact(void **state)
{
    struct histo *h = calloc(1, sizeof *h);
    (void)state;
    for (uint64_t v = 1; v <= 50; v++) {
        histo_add(h, v);
    }
    assert_int_equal(histo_percentile(h, 0.5), 25);
    assert_int_equal(histo_percentile(h, 0.98), 49);
    assert_int_equal(histo_percentile(h, 1), 50);
    free(h);
}

static void a_percentile_is_never_too_low_and_at_most_two_hundredths_too_high(void **state)
{
    struct histo *h = calloc(1, sizeof *h);
    (void)state;
    for (uint64_t v = 1; v <= 100000; v++) {
        histo_add(h, v * 1000);
    }
    for (int percent = 1; percent <= 100; percent++) {
        uint64_t exact = (uint64_t)percent * 1000000;
        uint64_t found = histo_percentile(h, percent / 100.0);
        assert_in_range(found, exact, exact + exact / 50);
    }
    free(h);
}

static void one_late_value_in_a_thousand_shows_in_the_maximum_alone(void **state)
{
    struct histo *h = calloc(1, sizeof *h);
    (void)state;
    for (int i = 0; i < 999; i++) {
        histo_add(h, 10);
    }
    histo_add(h, 5000000);
    assert_int_equal(histo_percentile(h, 0.999), 10);
    assert_int_equal(histo_percentile(h, 1), 5000000);
    assert_int_equal(h->max, 5000000);
    free(h);
}

static void values_beyond_the_scale_keep_their_maximum(void **state)
{
    struct histo *h = calloc(1, sizeof *h);
    (void)state;
    histo_add(h, UINT64_MAX);
    histo_add(h, UINT64_C(1) << 50);
    assert_int_equal(h->count, 2);
    assert_true(h->max == UINT64_MAX);
    histo_reset(h);
    assert_int_equal(h->count, 0);
    assert_int_equal(histo_percentile(h, 1), 0);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_values_every_percentile_is_zero),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(a_percentile_is_never_too_low_and_at_most_two_hundredths_too_high),
        cmocka_unit_test(one_late_value_in_a_thousand_shows_in_the_maximum_alone),
        cmocka_unit_test(values_beyond_the_scale_keep_their_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
