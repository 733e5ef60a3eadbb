/* Answers to M115 as firmwares write them, and nonsense. */
#include "host/core/m115.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void values_with_blanks_end_at_the_next_key(void **state)
{
    struct m115 m = {0};
    (void)state;
    assert_true(m115_take(&m,
        "FIRMWARE_NAME:Marlin 2.1.2 (Jan 10 2025 12:00:00) SOURCE_CODE_URL:github.com/x "
        "PROTOCOL_VERSION:1.0 MACHINE_TYPE:My Printer EXTRUDER_COUNT:1 UUID:cede2a2f-41a2"));
    assert_string_equal(m.firmware, "Marlin 2.1.2 (Jan 10 2025 12:00:00)");
    assert_string_equal(m.machine, "My Printer");
    assert_string_equal(m.uuid, "cede2a2f-41a2");
    assert_false(m.has_area);
}

static void malyan_has_a_form_of_its_own(void **state)
{
    struct m115 m = {0};
    (void)state;
    assert_true(m115_take(&m, "NAME. Malyan\tVER: 3.8\tMODEL: M200\tHW: HA02"));
    assert_string_equal(m.firmware, "Malyan");
    assert_string_equal(m.machine, "M200");
}

static void the_area_is_where_the_axes_can_go(void **state)
{
    static const int64_t smaller[2][3] = {{0, 0, 0}, {210000, 210000, 200000}};
    static const int64_t wider[2][3] = {{-5000, 0, 0}, {250000, 210000, 200000}};
    struct m115 m = {0};
    char text[160] = "";
    (void)state;
    assert_false(m115_contradicts(&m, wider[0], wider[1], 0, text, sizeof text));
    assert_true(
        m115_take(&m, "area:{full:{min:{x:-2.0000,y:0.0000,z:0.0000},max:{x:220.0000,"
                      "y:220.5000,z:250.0000}},work:{min:{x:0,y:0,z:0},max:{x:1,y:1,z:1}}}"));
    assert_true(m.has_area);
    assert_int_equal(m.min_um[0], -2000);
    assert_int_equal(m.max_um[1], 220500);
    assert_int_equal(m.max_um[2], 250000);
    assert_false(m115_contradicts(&m, smaller[0], smaller[1], 0, text, sizeof text));
    assert_true(m115_contradicts(&m, wider[0], wider[1], 1000, text, sizeof text));
    assert_string_equal(text, "the printer says that its X goes from -2 to 220 mm, the profile "
                              "says -5 to 250");
    assert_false(m115_contradicts(&m, wider[0], wider[1], 30000, text, sizeof text));
}

static void what_is_no_answer_changes_nothing(void **state)
{
    static const char *const lines[] = {"", "ok", "Cap:MEATPACK:1", "area:", "area:{full:{min:{",
        "area:{full:{min:{x:0,y:0},max:{x:1,y:1,z:1}}}",
        "area:{full:{min:{x:0,y:0,z:0},max:{x:0,y:1,z:1}}}",
        "area:{full:{min:{x:nan,y:0,z:0},max:{x:1,y:1,z:1}}}",
        "area:{full:{min:{x:0,y:0,z:0},max:{x:1e30,y:1,z:1}}}",
        "area:{work:{min:{x:0,y:0,z:0},max:{x:1,y:1,z:1}}}", "NAME."};
    struct m115 m = {0};
    const struct m115 none = {0};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_false(m115_take(&m, lines[i]));
        assert_memory_equal(&m, &none, sizeof m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_with_blanks_end_at_the_next_key),
        cmocka_unit_test(malyan_has_a_form_of_its_own),
        cmocka_unit_test(the_area_is_where_the_axes_can_go),
        cmocka_unit_test(what_is_no_answer_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
