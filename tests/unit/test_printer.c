#include "host/core/printer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool may(enum printer_state from, enum printer_state to)
{
    return (printer_states[from].next & SM_TO(to)) != 0;
}

static void every_state_has_a_name_and_a_word_of_octoprint(void **state)
{
    (void)state;
    for (int i = 0; i < PRINTER_STATES; i++) {
        assert_non_null(printer_states[i].name);
        assert_non_null(printer_octoprint_text((enum printer_state)i));
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(printer_states[i].name, printer_states[j].name);
        }
    }
}

static void moves_lead_to_other_states_that_exist(void **state)
{
    (void)state;
    for (int i = 0; i < PRINTER_STATES; i++) {
        assert_true(printer_states[i].next != 0);
        assert_int_equal(printer_states[i].next >> PRINTER_STATES, 0);
        assert_false(may((enum printer_state)i, (enum printer_state)i));
    }
}

/* The closure of the table from `from`. */
static uint32_t reachable(int from)
{
    uint32_t seen = SM_TO(from);
    uint32_t before;
    do {
        before = seen;
        for (int i = 0; i < PRINTER_STATES; i++) {
            seen |= (seen & SM_TO(i)) != 0 ? printer_states[i].next : 0;
        }
    } while (seen != before);
    return seen;
}

static void every_state_is_reached_and_left_again(void **state)
{
    uint32_t all = SM_TO(PRINTER_STATES) - 1;
    (void)state;
    for (int i = 0; i < PRINTER_STATES; i++) {
        assert_int_equal(reachable(i), all);
    }
}

/* Whatever happens, the port can go and the printer can fail. */
static void any_state_may_be_lost_or_end_in_an_error(void **state)
{
    (void)state;
    for (int i = 0; i < PRINTER_STATES; i++) {
        assert_true(i == PRINTER_OFFLINE || may((enum printer_state)i, PRINTER_OFFLINE));
        assert_true(i == PRINTER_ERROR || may((enum printer_state)i, PRINTER_ERROR));
    }
}

static void any_print_may_be_cancelled(void **state)
{
    (void)state;
    for (int i = PRINTER_STARTING; i <= PRINTER_FINISHING; i++) {
        assert_true(i == PRINTER_CANCELLING || may((enum printer_state)i, PRINTER_CANCELLING));
    }
    assert_true(may(PRINTER_CANCELLING, PRINTER_OPERATIONAL));
    assert_false(may(PRINTER_CANCELLING, PRINTER_PRINTING));
}

/* Nothing prints that was not accepted and started; what was cut off goes on. */
static void a_print_begins_only_from_operational(void **state)
{
    (void)state;
    for (int i = 0; i < PRINTER_STATES; i++) {
        assert_int_equal(may((enum printer_state)i, PRINTER_STARTING),
            i == PRINTER_OPERATIONAL || i == PRINTER_RECOVERING);
    }
    assert_false(may(PRINTER_OPERATIONAL, PRINTER_PRINTING));
    assert_false(may(PRINTER_ERROR, PRINTER_OPERATIONAL));
    assert_false(may(PRINTER_OFFLINE, PRINTER_OPERATIONAL));
}

/* The cable can be pulled at any moment of a print. */
static void any_print_may_be_cut_off_and_go_on_where_it_was(void **state)
{
    (void)state;
    for (int i = PRINTER_STARTING; i <= PRINTER_FINISHING; i++) {
        assert_true(may((enum printer_state)i, PRINTER_RECOVERING));
        assert_true(may(PRINTER_RECOVERING, (enum printer_state)i));
    }
    assert_true(may(PRINTER_OFFLINE, PRINTER_RECOVERING));
    assert_true(may(PRINTER_RECOVERING, PRINTER_OPERATIONAL));
}

static void who_has_a_job_is_connected(void **state)
{
    (void)state;
    for (int i = 0; i < PRINTER_STATES; i++) {
        enum printer_state s = (enum printer_state)i;
        assert_true(!printer_has_job(s) || printer_is_connected(s));
    }
    assert_true(printer_has_job(PRINTER_PAUSED));
    assert_true(printer_is_connected(PRINTER_OPERATIONAL));
    assert_false(printer_has_job(PRINTER_OPERATIONAL));
    assert_false(printer_is_connected(PRINTER_ERROR));
    assert_false(printer_is_connected(PRINTER_CONNECTING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_a_name_and_a_word_of_octoprint),
        cmocka_unit_test(moves_lead_to_other_states_that_exist),
        cmocka_unit_test(every_state_is_reached_and_left_again),
        cmocka_unit_test(any_state_may_be_lost_or_end_in_an_error),
        cmocka_unit_test(any_print_may_be_cancelled),
        cmocka_unit_test(a_print_begins_only_from_operational),
        cmocka_unit_test(any_print_may_be_cut_off_and_go_on_where_it_was),
        cmocka_unit_test(who_has_a_job_is_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
