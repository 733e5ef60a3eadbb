#include "host/core/gcode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct gcode parsed;

static const struct gcode *parse(const char *line)
{
    gcode_parse(&parsed, line, strlen(line));
    return &parsed;
}

static void assert_text(const char *line, const char *want)
{
    const struct gcode *g = parse(line);
    char got[512];
    snprintf(got, sizeof got, "%.*s", (int)g->len, g->text);
    assert_string_equal(got, want);
}

static void assert_value(const struct gcode *g, char letter, int64_t want)
{
    assert_true(gcode_valued(g, letter));
    assert_int_equal(g->value[letter - 'A'], want);
}

static void reads_a_move(void **state)
{
    (void)state;
    const struct gcode *g = parse("G1 X1.5 Y-2 Z.25 E0.00001 F1800");
    assert_int_equal(g->letter, 'G');
    assert_int_equal(g->number, 1);
    assert_int_equal(g->sub, 0);
    assert_value(g, 'X', 1500000);
    assert_value(g, 'Y', -2000000);
    assert_value(g, 'Z', 250000);
    assert_value(g, 'E', 10);
    assert_value(g, 'F', 1800000000);
    assert_false(g->stray);
}

static void words_need_no_blanks_and_may_be_small_letters(void **state)
{
    (void)state;
    const struct gcode *g = parse("g1x10y+20.e1");
    assert_int_equal(g->letter, 'G');
    assert_value(g, 'X', 10000000);
    assert_value(g, 'Y', 20000000);
    assert_value(g, 'E', 1000000);
}

static void a_blank_may_stand_before_a_number(void **state)
{
    (void)state;
    const struct gcode *g = parse("G 1 X 10 Y");
    assert_int_equal(g->number, 1);
    assert_value(g, 'X', 10000000);
    assert_false(gcode_valued(g, 'Y'));
    assert_true((g->has & GCODE_BIT('Y')) != 0);
}

static void flags_have_no_value(void **state)
{
    (void)state;
    const struct gcode *g = parse("G28 X Y");
    assert_int_equal(g->has, GCODE_BIT('X') | GCODE_BIT('Y'));
    assert_int_equal(g->valued, 0);
}

static void numbers_round_at_the_seventh_decimal(void **state)
{
    (void)state;
    assert_value(parse("G1 X0.1234564999"), 'X', 123456);
    assert_value(parse("G1 X0.1234565"), 'X', 123457);
    assert_value(parse("G1 X-0.1234565"), 'X', -123457);
}

static void huge_numbers_are_cut(void **state)
{
    (void)state;
    assert_value(parse("G1 X99999999999999999999999.5"), 'X', INT64_C(1000000000500000));
    assert_value(parse("G1 X-99999999999999999999999"), 'X', -INT64_C(1000000000000000));
}

static void a_sign_or_a_point_alone_is_no_number(void **state)
{
    (void)state;
    const char *lines[] = {"G1 X-", "G1 X.", "G1 X+.", "G1 X-Y1"};
    for (size_t i = 0; i < 4; i++) {
        assert_false(gcode_valued(parse(lines[i]), 'X'));
    }
    assert_value(&parsed, 'Y', 1000000);
}

static void sub_numbers_are_read(void **state)
{
    (void)state;
    const struct gcode *g = parse("G92.1 X0");
    assert_int_equal(g->number, 92);
    assert_int_equal(g->sub, 1);
}

static void comments_are_left_out(void **state)
{
    (void)state;
    assert_text("G1 X1 ; right", "G1 X1");
    assert_text("  G1 X1\t\r\n", "G1 X1");
    assert_text("(home) G28 (all)", "G28");
    assert_text("G1 (over) X1 (there; too) Y2 ; end", "G1  X1  Y2");
    assert_text("\xef\xbb\xbfG28", "G28");
}

static void what_stands_in_a_bracket_is_no_word(void **state)
{
    (void)state;
    const struct gcode *g = parse("G1 (X5 E9) X1");
    assert_int_equal(g->has, GCODE_BIT('X'));
    assert_value(g, 'X', 1000000);
}

static void lines_with_nothing_to_send_have_no_letter(void **state)
{
    (void)state;
    const char *lines[] = {
        "", "   \r", "; only this", "(only this)", "(open", "N12", "N12*33", "N5 ;x"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(parse(lines[i])->letter, 0);
        assert_int_equal(parsed.len, 0);
    }
}

static void line_numbers_and_checksums_are_left_out(void **state)
{
    (void)state;
    assert_text("N42 G1 X1*57", "G1 X1");
    assert_text("N42 G1 X1 *57 ; x", "G1 X1");
    assert_text("n1G28*3", "G28");
    assert_text("G1 X1*57", "G1 X1");
    assert_text("N7 M117 a * b*12", "M117 a * b");
}

static void texts_keep_their_words(void **state)
{
    (void)state;
    assert_text("M117 50% (done) *12", "M117 50% (done) *12");
    assert_int_equal(parse("M117 X1 Y2")->has, 0);
    assert_text("M23 /MODEL~1/X1.GCO ; print", "M23 /MODEL~1/X1.GCO");
    const struct gcode *g = parse("M486 T12 Aname(X5) S3");
    assert_value(g, 'T', 12000000);
    assert_int_equal(g->has, GCODE_BIT('T') | GCODE_BIT('A'));
    assert_true(gcode_display_only(g));
    assert_false(gcode_display_only(parse("M486 S3")));
    assert_true(gcode_display_only(parse("M117 x")));
}

static void host_commands_are_text(void **state)
{
    (void)state;
    const struct gcode *g = parse("@pause X1");
    assert_int_equal(g->letter, '@');
    assert_int_equal(g->has, 0);
    assert_text("@pause now ; really", "@pause now");
}

static void macros_and_foreign_lines_have_no_number(void **state)
{
    (void)state;
    const char *lines[] = {"START_PRINT BED=60", "T?", "Tx", "G5_MACRO X1", "M1234567890", "T-1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(parse(lines[i])->number, -1);
        assert_int_equal(parsed.has, 0);
        assert_int_not_equal(parsed.letter, 0);
    }
    assert_int_equal(parse("%")->letter, '?');
    assert_int_equal(parse("123")->letter, '?');
}

static void foreign_bytes_are_noted(void **state)
{
    (void)state;
    assert_true(parse("M104 S{temperature}")->stray);
    assert_true(parse("G1 X=5")->stray);
    const struct gcode *g = parse("M98 P\"X5 Y6\" R1");
    assert_int_equal(g->has, GCODE_BIT('P') | GCODE_BIT('R'));
}

static void a_comment_too_long_to_take_out_leaves_the_line_whole(void **state)
{
    (void)state;
    char line[600];
    memset(line, '1', sizeof line);
    memcpy(line, "G1 (x) X", 8);
    line[sizeof line - 1] = '\0';
    const struct gcode *g = parse(line);
    assert_int_equal(g->len, sizeof line - 1);
    assert_ptr_equal(g->text, line);
}

static struct gcode_modal modal;

static void steps(const char *lines)
{
    gcode_modal_init(&modal);
    while (*lines != '\0') {
        size_t n = strcspn(lines, "\n");
        gcode_parse(&parsed, lines, n);
        gcode_modal_step(&modal, &parsed);
        lines += n + (lines[n] == '\n');
    }
}

#define MM INT64_C(1000000)

static void absolute_and_relative_moves_add_up(void **state)
{
    (void)state;
    steps("G28\nG90\nG1 X10 Y20 F3000\nG91\nG1 X1 Z2\nG1 X1 E3\nG90\nM82\nG1 Y1");
    assert_int_equal(modal.pos[0], 12 * MM);
    assert_int_equal(modal.pos[1], 1 * MM);
    assert_int_equal(modal.pos[2], 2 * MM);
    assert_int_equal(modal.pos[3], 3 * MM);
    assert_int_equal(modal.feed, 3000 * MM);
    assert_true(modal.extruded);
}

static void g90_makes_e_absolute_again(void **state)
{
    (void)state;
    steps("M83\nG90");
    assert_false(modal.e_relative);
    steps("G90\nM83\nG1 E1\nG1 E1");
    assert_int_equal(modal.pos[3], 2 * MM);
    steps("G91\nM82\nG1 X1 E5\nG1 X1 E5");
    assert_int_equal(modal.pos[0], 2 * MM);
    assert_int_equal(modal.pos[3], 5 * MM);
}

static void g92_shifts_and_g28_ends_the_shift(void **state)
{
    (void)state;
    steps("G28\nG1 X10\nG92 X0 E0\nG1 X5");
    assert_int_equal(modal.pos[0], 15 * MM);
    assert_int_equal(modal.offset[0], 10 * MM);
    steps("G28\nG1 X10\nG92 X0\nG28 X\nG1 X5");
    assert_int_equal(modal.pos[0], 5 * MM);
    steps("G28\nG1 X10\nG92 X0\nG92\nG1 X5");
    assert_int_equal(modal.pos[0], 15 * MM);
    steps("G28\nG1 X10\nG92 X0\nG92.1\nG1 X5");
    assert_int_equal(modal.pos[0], 5 * MM);
}

static void inches_are_exact(void **state)
{
    (void)state;
    steps("G20\nG1 X1 Y-0.1 F100");
    assert_int_equal(modal.pos[0], 25400000);
    assert_int_equal(modal.pos[1], -2540000);
    assert_int_equal(modal.feed, 2540 * MM);
    steps("G20\nG21\nG1 X1");
    assert_int_equal(modal.pos[0], 1 * MM);
}

static void homing_names_axes(void **state)
{
    (void)state;
    steps("G28 X0 Y");
    assert_true(modal.homed[0] && modal.homed[1] && !modal.homed[2]);
    steps("G28 W");
    assert_true(modal.homed[0] && modal.homed[1] && modal.homed[2]);
    steps("G28\nM84 S60");
    assert_true(modal.homed[0]);
    steps("G28\nM84");
    assert_false(modal.homed[0] || modal.homed[1] || modal.homed[2]);
    steps("G28\nM18 Z");
    assert_true(modal.homed[0] && modal.homed[1] && !modal.homed[2]);
}

static void heaters_fan_and_factors_are_kept(void **state)
{
    (void)state;
    steps("T1\nM104 S210.5\nM109 T0 R180\nM140 S60\nM106 S128\nM220 S50\nM221 S95");
    assert_int_equal(modal.tool, 1);
    assert_int_equal(modal.target_mc[1], 210500);
    assert_int_equal(modal.target_mc[0], 180000);
    assert_int_equal(modal.target_mc[8], 60000);
    assert_int_equal(modal.fan, 128);
    assert_int_equal(modal.speed_percent, 50);
    assert_int_equal(modal.flow_percent, 95);
    steps("M106\nM106 P1 S3");
    assert_int_equal(modal.fan, 255);
    steps("M106 S9\nM107");
    assert_int_equal(modal.fan, 0);
}

static void foreign_tools_touch_no_heater(void **state)
{
    (void)state;
    steps("T99\nM104 S200\nM104 T8 S200\nM104 T-1 S200\nM104 T8.9 S1");
    for (int i = 0; i < 9; i++) {
        assert_int_equal(modal.target_mc[i], 0);
    }
    assert_int_equal(modal.tool, 99);
}

static void travel_and_retraction_are_no_extrusion(void **state)
{
    (void)state;
    steps("M83\nG1 E5\nG1 X5\nG1 X6 E-1");
    assert_false(modal.extruded);
}

static void positions_stay_within_bounds(void **state)
{
    (void)state;
    gcode_modal_init(&modal);
    for (int i = 0; i < 100; i++) {
        gcode_parse(&parsed, "G91", 3);
        gcode_modal_step(&modal, &parsed);
        gcode_parse(&parsed, "G1 X1000000000 E-1000000000", 27);
        gcode_modal_step(&modal, &parsed);
        gcode_parse(&parsed, "G92 X-1000000000", 16);
        gcode_modal_step(&modal, &parsed);
    }
    assert_true(modal.pos[0] <= INT64_C(1000000000000000));
    assert_true(modal.pos[3] >= -INT64_C(1000000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_move),
        cmocka_unit_test(words_need_no_blanks_and_may_be_small_letters),
        cmocka_unit_test(a_blank_may_stand_before_a_number),
        cmocka_unit_test(flags_have_no_value),
        cmocka_unit_test(numbers_round_at_the_seventh_decimal),
        cmocka_unit_test(huge_numbers_are_cut),
        cmocka_unit_test(a_sign_or_a_point_alone_is_no_number),
        cmocka_unit_test(sub_numbers_are_read),
        cmocka_unit_test(comments_are_left_out),
        cmocka_unit_test(what_stands_in_a_bracket_is_no_word),
        cmocka_unit_test(lines_with_nothing_to_send_have_no_letter),
        cmocka_unit_test(line_numbers_and_checksums_are_left_out),
        cmocka_unit_test(texts_keep_their_words),
        cmocka_unit_test(host_commands_are_text),
        cmocka_unit_test(macros_and_foreign_lines_have_no_number),
        cmocka_unit_test(foreign_bytes_are_noted),
        cmocka_unit_test(a_comment_too_long_to_take_out_leaves_the_line_whole),
        cmocka_unit_test(absolute_and_relative_moves_add_up),
        cmocka_unit_test(g90_makes_e_absolute_again),
        cmocka_unit_test(g92_shifts_and_g28_ends_the_shift),
        cmocka_unit_test(inches_are_exact),
        cmocka_unit_test(homing_names_axes),
        cmocka_unit_test(heaters_fan_and_factors_are_kept),
        cmocka_unit_test(foreign_tools_touch_no_heater),
        cmocka_unit_test(travel_and_retraction_are_no_extrusion),
        cmocka_unit_test(positions_stay_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
