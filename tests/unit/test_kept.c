
#include "host/base/mem.h"
#include "host/core/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int make(void **state)
{
    *state = mem_alloc(sizeof(struct kept));
    return 0;
}

static int drop(void **state)
{
    free(*state);
    return 0;
}

static void put_line(struct kept *k, const char *text, uint64_t seq, uint32_t tag, uint64_t offset)
{
    char line[LINE_MAX_OUT];
    uint64_t n = k->history.last_n + 1;
    size_t len = line_format(line, n, text, strlen(text));
    history_put(&k->history,
        &(struct history_line){
            .n = n, .len = (uint16_t)len, .seq = seq, .tag = tag, .end_offset = offset},
        line);
}

static bool is_believed(struct kept *k)
{
    struct err e;
    return kept_check(k, &e) == 0;
}

static void new_memory_is_believed(void **state)
{
    assert_true(is_believed(*state));
    assert_null(kept_peek(*state));
}

static void injected_lines_wait_in_order(void **state)
{
    struct kept *k = *state;
    assert_true(kept_inject(k, "G28", 3, 0));
    assert_true(kept_inject(k, "M400", 4, 5));
    assert_int_equal(kept_waiting(k), 2);
    assert_string_equal(kept_peek(k)->text, "G28");
    kept_taken(k);
    assert_string_equal(kept_peek(k)->text, "M400");
    assert_true(is_believed(k));
}

static void a_full_queue_refuses(void **state)
{
    struct kept *k = *state;
    for (int i = 0; i < KEPT_INJECT; i++) {
        assert_true(kept_inject(k, "M105", 4, 0));
    }
    assert_false(kept_inject(k, "M105", 4, 0));
    assert_true(is_believed(k));
}

static void a_line_that_has_its_number_no_longer_waits(void **state)
{
    struct kept *k = *state;
    kept_inject(k, "G28", 3, 0);
    kept_inject(k, "M400", 4, 5);
    put_line(k, "G28", 1, 0, 0); /* killed before kept_taken() */
    assert_true(is_believed(k));
    assert_int_equal(kept_waiting(k), 1);
    assert_string_equal(kept_peek(k)->text, "M400");
}

static void a_job_line_that_has_its_number_counts_as_taken(void **state)
{
    struct kept *k = *state;
    k->job_active = true;
    k->job_first_n = 1;
    put_line(k, "G1 X1", 0, 0, 40);
    put_line(k, "G1 X2", 0, 0, 55);
    assert_true(is_believed(k));
    assert_int_equal(k->job_taken, 55);
}

static void lines_before_the_job_do_not_count_for_it(void **state)
{
    struct kept *k = *state;
    put_line(k, "G1 X1", 0, 0, 4000);
    k->job_first_n = 2;
    put_line(k, "G1 X2", 0, 0, 55);
    assert_true(is_believed(k));
    assert_int_equal(k->job_taken, 55);
}

static void a_tag_is_found_waiting_and_sent_but_not_once_told(void **state)
{
    struct kept *k = *state;
    kept_inject(k, "M400", 4, 5);
    assert_true(kept_has_tag(k, 5));
    put_line(k, "M400", 1, 5, 0);
    kept_taken(k);
    assert_true(kept_has_tag(k, 5));
    assert_false(kept_has_tag(k, 6));
    k->told_n = 1;
    assert_false(kept_has_tag(k, 5));
}

static void what_is_damaged_is_not_believed(void **state)
{
    struct kept *k = *state;
    put_line(k, "G1 X1", 0, 0, 10);
    put_line(k, "G1 X2", 0, 0, 20);
    assert_true(is_believed(k));
    k->history.bytes[3] ^= 1;
    assert_false(is_believed(k));
    k->history.bytes[3] ^= 1;
    k->acked_n = 3;
    assert_false(is_believed(k));
    k->acked_n = 2;
    k->history.line[1].len = 5000;
    assert_false(is_believed(k));
    k->history.line[1].len = 12;
    k->history.line[2].end_offset = 5;
    assert_false(is_believed(k));
    k->inject_put = 1;
    k->inject_taken = 2;
    assert_false(is_believed(k));
}

/* They were not looked at, so nothing may be made of them. */
static void lines_beyond_a_gap_are_not_found_any_more(void **state)
{
    struct kept *k = *state;
    const char *bytes;
    for (int i = 0; i < 4; i++) {
        put_line(k, "M105", (uint64_t)i + 1, 0, 0);
    }
    k->history.line[2].n = 99;
    k->history.line[1].len = 5000;
    k->inject_put = k->inject_taken = 4;
    assert_true(is_believed(k));
    assert_non_null(history_find(&k->history, 3, &bytes));
    assert_null(history_find(&k->history, 1, &bytes));
}

static void a_waiting_line_with_a_line_end_inside_is_not_believed(void **state)
{
    struct kept *k = *state;
    kept_inject(k, "M117 a b", 8, 0);
    assert_true(is_believed(k));
    k->inject[0].text[4] = '\n';
    assert_false(is_believed(k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_memory_is_believed, make, drop),
        cmocka_unit_test_setup_teardown(injected_lines_wait_in_order, make, drop),
        cmocka_unit_test_setup_teardown(lines_beyond_a_gap_are_not_found_any_more, make, drop),
        cmocka_unit_test_setup_teardown(a_full_queue_refuses, make, drop),
        cmocka_unit_test_setup_teardown(a_line_that_has_its_number_no_longer_waits, make, drop),
        cmocka_unit_test_setup_teardown(a_job_line_that_has_its_number_counts_as_taken, make, drop),
        cmocka_unit_test_setup_teardown(lines_before_the_job_do_not_count_for_it, make, drop),
        cmocka_unit_test_setup_teardown(
            a_tag_is_found_waiting_and_sent_but_not_once_told, make, drop),
        cmocka_unit_test_setup_teardown(what_is_damaged_is_not_believed, make, drop),
        cmocka_unit_test_setup_teardown(
            a_waiting_line_with_a_line_end_inside_is_not_believed, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
