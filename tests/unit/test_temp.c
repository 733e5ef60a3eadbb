/* Temperature reports of each firmware family, and what must not be taken for one. */
#include "host/core/temp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_VALUES 4

struct value {
    int heater; /* -1 ends the list */
    int32_t actual_mc;
    int32_t target_mc;
};

struct row {
    const char *line;
    int active_tool;
    struct value value[MAX_VALUES + 1]; /* all others must be TEMP_NONE */
};

#define END                                                                                        \
    {                                                                                              \
        -1, 0, 0                                                                                   \
    }

static const struct row rows[] = {
    /* Marlin 2.1 and 1.1.9: ok, by itself, while waiting */
    {"ok T:19.38 /0.00 B:19.38 /0.00 @:0 B@:0", 0, {{0, 19380, 0}, {TEMP_BED, 19380, 0}, END}},
    {" T:41.62 /60.00 B:20.10 /55.00 @:127 B@:31 W:?", 0,
        {{0, 41620, 60000}, {TEMP_BED, 20100, 55000}, END}},
    {"T:210.04 /210.00 B:52.00 /52.00 C:31.50 /40.00 @:85 B@:31", 0,
        {{0, 210040, 210000}, {TEMP_BED, 52000, 52000}, {TEMP_CHAMBER, 31500, 40000}, END}},
    {"T:20.00 /0.00 T0:20.00 /0.00 T1:21.00 /5.00 B:22 /0", 0,
        {{0, 20000, 0}, {1, 21000, 5000}, {TEMP_BED, 22000, 0}, END}},
    /* the bare T: is the active tool unless the tools stand there too */
    {"T:20.00 /0.00 B:21.00 /0.00", 3, {{3, 20000, 0}, {TEMP_BED, 21000, 0}, END}},
    {"T:20.00 /0.00 T0:30.00 /0.00 T1:40.00 /0.00", 1, {{0, 30000, 0}, {1, 40000, 0}, END}},
    {"T:20.00 /0.00 B:21.00 /0.00", 9, {{TEMP_BED, 21000, 0}, END}},
    /* Sprinter */
    {"ok T:21 @:0 B:21", 0, {{0, 21000, TEMP_NONE}, {TEMP_BED, 21000, TEMP_NONE}, END}},
    /* Teacup */
    {"T:95.0/0.0 B:50.0/0.0", 0, {{0, 95000, 0}, {TEMP_BED, 50000, 0}, END}},
    /* a host's own test printer */
    {"ok T:21.30/ 0.00 B:21.30/ 0.00 @:64", 0, {{0, 21300, 0}, {TEMP_BED, 21300, 0}, END}},
    {"T:31.30", 0, {{0, 31300, TEMP_NONE}, END}},
    /* Repetier */
    {"T:23.50 /0 B:23.20 /0 B@:0 @:0 T0:23.50 /0 @0:0 T1:24.00 /0 @1:0", 0,
        {{0, 23500, 0}, {1, 24000, 0}, {TEMP_BED, 23200, 0}, END}},
    {"TargetExtr0:210", 0, {{0, TEMP_NONE, 210000}, END}},
    {"TargetExtr1:0.00", 0, {{1, TEMP_NONE, 0}, END}},
    {"TargetBed:60", 0, {{TEMP_BED, TEMP_NONE, 60000}, END}},
    /* Klipper */
    {"ok B:60.1 /60.0 T0:210.2 /210.0", 0, {{0, 210200, 210000}, {TEMP_BED, 60100, 60000}, END}},
    /* Prusa: pinda, ambient and fans are not heaters */
    {"ok T:22.4 /0.0 B:24.1 /0.0 T0:22.4 /0.0 @:0 B@:0 P:28.1 A:29.5", 0,
        {{0, 22400, 0}, {TEMP_BED, 24100, 0}, END}},
    {"T:201 E:0 W:?", 0, {{0, 201000, TEMP_NONE}, END}},
    {"T:201 E:1 W:?", 0, {{1, 201000, TEMP_NONE}, END}},
    {"T:201.3 E:7 W:3", 2, {{7, 201300, TEMP_NONE}, END}},
    {"T:201 E:8 W:?", 0, {{0, 201000, TEMP_NONE}, END}},
    /* Smoothie */
    {"ok T:26.1 /0.0 @0 B:25.1 /0.0 @0", 0, {{0, 26100, 0}, {TEMP_BED, 25100, 0}, END}},
    /* blanks, signs, an unused sensor, more digits than there are */
    {"T: 20.5 / 30.5", 0, {{0, 20500, 30500}, END}},
    {"T:-55.7 /0.0", 0, {{0, -55700, 0}, END}},
    {"T:19.98765 /0.1", 0, {{0, 19987, 100}, END}},
    {"T:20 /x", 0, {{0, 20000, TEMP_NONE}, END}},
    {"T:999999 /0", 0, {{0, 999999000, 0}, END}},
    /* the first of two wins */
    {"T:20 /0 T:99 /99 B:30 /0 B:88 /88", 0, {{0, 20000, 0}, {TEMP_BED, 30000, 0}, END}},
    /* a reset ran into it */
    {"ok T:19.38 /0.00start", 0, {{0, 19380, 0}, END}},
};

static const char *const none[] = {
    "",
    "ok",
    "ok N4 P15 B3",
    "T:",
    "T: /0.0",
    "T:1000000 /0",
    "T:-",
    "X:1.00 Y:2.00 Z:3.00 E:4.00 Count X:80 Y:160 Z:1200",
    "X:1.00 Y:2.00 Z:3.00 E:4.00 Count A:80 B:160 C:1200",
    "  X:1.00 Y:2.00 B:3",
    "C: X:0.00 Y:0.00 Z:0.00 E:0.00",
    "ok C: X:0.00 Y:0.00 Z:0.00 E:0.00",
    "Cap:AUTOREPORT_TEMP:1",
    "cap:AUTOREPORT_TEMP:1",
    "FIRMWARE_NAME:Marlin PROTOCOL_VERSION:1.0 EXTRUDER_COUNT:1",
    "echo:busy: processing",
    "Error:MAXTEMP triggered, system stopped! Heater_ID: 0",
    "@:127 B@:31",
    "E0:20 T9:20 T10:20",
    "TargetExtr8:20",
    "TargetExtr:20",
    "echo:Unknown command: \"T:20\"",
};

static bool matches(const struct row *row, const struct temp_report *t)
{
    struct temp_report want;
    for (int i = 0; i < TEMP_HEATERS; i++) {
        want.actual_mc[i] = TEMP_NONE;
        want.target_mc[i] = TEMP_NONE;
    }
    for (const struct value *v = row->value; v->heater >= 0; v++) {
        want.actual_mc[v->heater] = v->actual_mc;
        want.target_mc[v->heater] = v->target_mc;
    }
    return memcmp(want.actual_mc, t->actual_mc, sizeof want.actual_mc) == 0 &&
           memcmp(want.target_mc, t->target_mc, sizeof want.target_mc) == 0 && t->unreadable == 0;
}

static void every_report_is_read(void **state)
{
    bool good = true;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct temp_report t;
        char *line = strdup(rows[i].line);
        bool found = temp_parse(&t, line, rows[i].active_tool);
        if (!found || !matches(&rows[i], &t) || !temp_is_report(line)) {
            print_error("\"%s\": tool0 %d /%d bed %d /%d\n", line, t.actual_mc[0], t.target_mc[0],
                t.actual_mc[TEMP_BED], t.target_mc[TEMP_BED]);
            good = false;
        }
        free(line);
    }
    assert_true(good);
}

/* What is left of a computation gone wrong; the target is told all the same. */
static void a_reading_that_is_no_number_is_told_apart(void **state)
{
    static const struct {
        const char *line;
        unsigned unreadable;
        int heater;
        int32_t target_mc;
    } cases[] = {
        {"ok T:nan /210.00 B:60.10 /60.00", 1u << 0, 0, 210000},
        {"T:20.00 /0.00 T0:20.00 /0.00 T1:-inf /5.00", 1u << 1, 1, 5000},
        {"T:NaN", 1u << 0, 0, TEMP_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct temp_report t;
        assert_true(temp_parse(&t, cases[i].line, 0));
        assert_int_equal(t.unreadable, cases[i].unreadable);
        assert_int_equal(t.actual_mc[cases[i].heater], TEMP_NONE);
        assert_int_equal(t.target_mc[cases[i].heater], cases[i].target_mc);
    }
}

static void nothing_else_is_taken_for_one(void **state)
{
    bool good = true;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct temp_report t;
        char *line = strdup(none[i]);
        if (temp_parse(&t, line, 0) || temp_is_report(line)) {
            print_error("\"%s\" is no report\n", line);
            good = false;
        }
        free(line);
    }
    assert_true(good);
}

static void heaters_have_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        assert_int_equal(temp_heater_index(temp_heater_name(i)), i);
    }
    assert_string_equal(temp_heater_name(0), "tool0");
    assert_string_equal(temp_heater_name(TEMP_BED), "bed");
    assert_int_equal(temp_heater_index("tool8"), -1);
    assert_int_equal(temp_heater_index("Bed"), -1);
    assert_int_equal(temp_heater_index(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_report_is_read),
        cmocka_unit_test(a_reading_that_is_no_number_is_told_apart),
        cmocka_unit_test(nothing_else_is_taken_for_one),
        cmocka_unit_test(heaters_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
