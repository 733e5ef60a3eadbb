#include "host/core/preflight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct preflight found;

static const struct limits cartesian = {
    .min_um = {0, 0, 0},
    .max_um = {220000, 220000, 250000},
    .margin_um = 5000,
    .tools = 1,
    .max_tool_mc = 275000,
    .max_bed_mc = 110000,
    .max_line = 80,
    .models = {"Virtual", "ENDER3"},
};

static const struct limits delta = {
    .round = true,
    .min_um = {-85000, -85000, 0},
    .max_um = {85000, 85000, 300000},
    .tools = 1,
    .max_tool_mc = 260000,
    .margin_um = 0,
};

static void check_on(const struct limits *l, const char *text)
{
    struct analysis r;
    struct analyzer *a = analyze_new(NULL);
    analyze_feed(a, text, strlen(text));
    analyze_finish(a, &r);
    analyze_free(a);
    preflight_check(&r, l, &found);
}

static void check(const char *text)
{
    check_on(&cartesian, text);
}

static void assert_finds(size_t index, bool fatal, const char *words)
{
    assert_true(index < found.count);
    if (strstr(found.finding[index].text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, found.finding[index].text);
    }
    assert_int_equal(found.finding[index].fatal, fatal);
}

static void assert_only(bool fatal, const char *words)
{
    assert_finds(0, fatal, words);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.refused, fatal);
}

#define HEAD "M109 S200\nG28\nM83\n"

static void a_good_file_passes(void **state)
{
    (void)state;
    check("; printer_model = ender3\nM190 S60\n" HEAD "G1 X10 Y10 Z.2\nG1 X200 E5\nG1 X-3 Y-2\n");
    assert_int_equal(found.count, 0);
    assert_false(found.refused);
}

static void files_without_a_print_are_refused(void **state)
{
    (void)state;
    check("");
    assert_only(true, "the file is empty");
    check("; nothing\n\n");
    assert_only(true, "no commands");
    check("M109 S200\nG28\nG1 X5\n");
    assert_only(true, "no move extrudes");
    check("This is a letter.\nIt has no G-code.\n");
    assert_true(found.refused);
    check("GCDE\x01\x02");
    assert_finds(0, true, "line 1: binary bytes");
}

static void leaving_the_volume_names_line_axis_and_limit(void **state)
{
    (void)state;
    check(HEAD "G1 X10 Y10 Z.2\nG1 X231.25 E5\n");
    assert_only(true, "line 5: extrudes at X 231.25 mm: the build volume ends at X 220 mm");
    check(HEAD "G1 X10 Y10 Z.2\nG1 Y-20 E5\n");
    assert_only(true, "line 5: extrudes at Y -20 mm: the build volume begins at Y 0 mm");
    check(HEAD "G1 Z250.05\nG1 Y20 E5\n");
    assert_only(true, "extrudes at Z 250.05 mm: the build volume ends at Z 250 mm");
}

static void the_margin_is_for_purging_not_for_the_bed(void **state)
{
    (void)state;
    check(HEAD "G1 X-4 Y-5 Z.2\nG1 X220 E5\nG1 Y225 E1\n");
    assert_int_equal(found.count, 0);
    check(HEAD "G1 Z-0.4\nG1 X20 E5\n");
    assert_int_equal(found.count, 0);
    check(HEAD "G1 Z-1\nG1 X20 E5\n");
    assert_only(true, "line 5: extrudes at Z -1 mm");
}

static void travel_outside_is_refused_except_upwards(void **state)
{
    (void)state;
    check(HEAD "G1 X20 E5\nG1 X300\n");
    assert_only(true, "line 5: moves at X 300 mm");
    check(HEAD "G1 X20 E5\nG1 Z-3\n");
    assert_only(true, "moves at Z -3 mm");
    check(HEAD "G1 X20 E5\nG1 Z260\n");
    assert_only(false, "moves at Z 260 mm");
}

static void a_round_bed_is_measured_from_its_centre(void **state)
{
    (void)state;
    check_on(&delta, HEAD "G1 X80 Z.2\nG1 X0 Y80 E5\nG1 X-80 Y0 E5\n");
    assert_int_equal(found.count, 0);
    check_on(&delta, HEAD "G1 X70 Y0 Z.2\nG1 X70 Y70 E5\n");
    assert_only(true, "extrudes 98.995 mm from the centre: the round bed's radius is 85 mm");
}

static void heat_beyond_the_printer_is_refused(void **state)
{
    (void)state;
    check("M109 S280.5\nG28\nM83\nG1 X5 E1\n");
    assert_only(true, "hotend at 280.5 °C: this printer's limit is 275 °C");
    check("M190 S120\n" HEAD "G1 X5 E1\n");
    assert_only(true, "bed at 120 °C: this printer's limit is 110 °C");
    check_on(&delta, "M190 S60\n" HEAD "G1 X5 E1\n");
    assert_only(true, "no heated bed");
    check_on(&delta, "M190 S0\nM141 S0\n" HEAD "G1 X5 E1\n");
    assert_int_equal(found.count, 0);
    check("M141 S50\n" HEAD "G1 X5 E1\n");
    assert_only(false, "chamber at 50 °C");
    check("G28\nM83\nG1 X5 E1\n");
    assert_only(false, "no hotend temperature");
}

static void missing_tools_are_refused(void **state)
{
    (void)state;
    check(HEAD "G1 X5 E1\nT2\nG1 X6 E1\n");
    assert_only(true, "T2: this printer has 1 tool");
    check(HEAD "T1\nT0\nG1 X6 E1\n");
    assert_int_equal(found.count, 0);
}

static void long_commands_are_refused_and_long_texts_cut(void **state)
{
    (void)state;
    char text[400];
    snprintf(text, sizeof text, HEAD "G1 X5 E1\nM117 %0100d\n", 0);
    check(text);
    assert_only(false, "line 5: a display text of 105 bytes will be cut");
    snprintf(text, sizeof text, HEAD "G1 X5 E1\nM104 S0%0100d\n", 0);
    check(text);
    assert_only(true, "line 5: a command of 107 bytes: this printer reads at most 80");
    struct limits endless = cartesian;
    endless.max_line = 0;
    check_on(&endless, text);
    assert_int_equal(found.count, 0);
}

static void placeholders_left_in_are_refused(void **state)
{
    (void)state;
    check(HEAD "M104 S{temperature}\nG1 X5 E1\n");
    assert_only(true, "line 4: \"{temperature}\"");
}

static void check_model_name(const char *name, bool refused)
{
    char text[200];
    snprintf(text, sizeof text, "; printer_model = %s\n" HEAD "G1 X5 E1\n", name);
    check(text);
    assert_int_equal(found.refused, refused);
}

static void another_model_is_refused_and_a_profile_name_only_noted(void **state)
{
    (void)state;
    check("; printer_model = MK3S\n" HEAD "G1 X5 E1\n");
    assert_only(true, "sliced for \"MK3S\": this printer is \"Virtual\"");
    check(";   profileName,Mine\n" HEAD "G1 X5 E1\n");
    assert_only(false, "sliced for \"Mine\"");
    check_on(&delta, "; printer_model = MK3S\n" HEAD "G1 X5 E1\n");
    assert_int_equal(found.count, 0);
    /* The same name spelt otherwise is the same model; a word more is another. */
    static const char *const same[] = {"Ender3", "ENDER-3", "ender 3"};
    static const char *const others[] = {"ENDER3V2", "Ender-3 Max", "Creality Ender", "ENDER"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        check_model_name(same[i], false);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        check_model_name(others[i], true);
    }
}

static void moving_before_homing_is_noted(void **state)
{
    (void)state;
    check("M109 S200\nG91\nG1 Z5\nG90\nG28\nM83\nG1 X5 E1\n");
    assert_only(false, "before any G28");
}

static void findings_are_bounded_and_the_verdict_is_not(void **state)
{
    (void)state;
    struct analysis r = {.bytes = 1};
    preflight_check(&r, &cartesian, &found);
    assert_true(found.refused);
    assert_true(found.count <= PREFLIGHT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_passes),
        cmocka_unit_test(files_without_a_print_are_refused),
        cmocka_unit_test(leaving_the_volume_names_line_axis_and_limit),
        cmocka_unit_test(the_margin_is_for_purging_not_for_the_bed),
        cmocka_unit_test(travel_outside_is_refused_except_upwards),
        cmocka_unit_test(a_round_bed_is_measured_from_its_centre),
        cmocka_unit_test(heat_beyond_the_printer_is_refused),
        cmocka_unit_test(missing_tools_are_refused),
        cmocka_unit_test(long_commands_are_refused_and_long_texts_cut),
        cmocka_unit_test(placeholders_left_in_are_refused),
        cmocka_unit_test(another_model_is_refused_and_a_profile_name_only_noted),
        cmocka_unit_test(moving_before_homing_is_noted),
        cmocka_unit_test(findings_are_bounded_and_the_verdict_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
