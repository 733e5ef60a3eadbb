/* Capabilities of M115. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/core/caps.h"

#include <stdio.h>

static void what_is_not_told_is_not_there(void **state)
{
    (void)state;
    struct caps c = {0};
    for (int i = 0; i < CAP_COUNT; i++) {
        assert_false(caps_has(&c, (enum cap)i));
    }
}

static void each_name_is_taken_and_taken_back(void **state)
{
    (void)state;
    for (int i = 0; i < CAP_COUNT; i++) {
        struct caps c = {0};
        char line[64];
        snprintf(line, sizeof line, "Cap:%s:1", caps_name((enum cap)i));
        assert_true(caps_take(&c, line));
        for (int k = 0; k < CAP_COUNT; k++) {
            assert_int_equal(caps_has(&c, (enum cap)k), k == i);
        }
        snprintf(line, sizeof line, "cap:%s:0", caps_name((enum cap)i));
        assert_true(caps_take(&c, line));
        assert_int_equal(c.set, 0);
    }
}

static void a_longer_name_with_the_same_beginning_is_another(void **state)
{
    (void)state;
    struct caps c = {0};
    assert_true(caps_take(&c, "Cap:AUTOREPORT_POSITION:1"));
    assert_true(caps_has(&c, CAP_AUTOREPORT_POSITION));
    assert_false(caps_has(&c, CAP_AUTOREPORT_POS));
}

static void unknown_names_and_broken_lines_change_nothing(void **state)
{
    (void)state;
    struct caps c = {0};
    assert_true(caps_take(&c, "Cap:TIME_TRAVEL:1"));
    assert_false(caps_take(&c, "Cap:"));
    assert_false(caps_take(&c, "Cap:EEPROM"));
    assert_false(caps_take(&c, "echo:Cap:EEPROM:1"));
    assert_int_equal(c.set, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_told_is_not_there),
        cmocka_unit_test(each_name_is_taken_and_taken_back),
        cmocka_unit_test(a_longer_name_with_the_same_beginning_is_another),
        cmocka_unit_test(unknown_names_and_broken_lines_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
