// link: ppvirtual_model
/* The virtual printer's planner: durations, look-ahead, full and empty. */
#include "ppv.h"

#include <math.h>

static void assert_near(double got, double wanted, double tolerance)
{
    if (fabs(got - wanted) > tolerance) {
        fail_msg("%.6f, wanted %.6f", got, wanted);
    }
}

static void a_trapezoid_takes_what_the_formula_says(void **state)
{
    (void)state;
    /* 100 mm at 50 mm/s, 1000 mm/s2 from and to standstill: s/v + v/a */
    assert_near(planner_seconds(100, 0, 0, 50, 1000), 2.0 + 0.05, 1e-9);
    /* too short to reach the speed: a triangle, 2 sqrt(s/a) */
    assert_near(planner_seconds(1, 0, 0, 300, 1000), 2 * sqrt(0.001), 1e-9);
    /* one slope: (v1 - v0) / a */
    assert_near(
        planner_seconds(1.5, 10, sqrt(100 + 3000), 300, 1000), (sqrt(3100.0) - 10) / 1000, 1e-9);
}

static void a_single_move_takes_its_trapezoid(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "G1 X100 F3000\n", 5000);
    assert_near(r->m.tally.total.motion_s, 100.0 / 50 + 50.0 / 1500, 2e-4); /* a travel move */
    assert_int_equal(r->m.tally.total.moves, 1);
    rig_free(r);
}

static void limits_of_axes_hold_and_m201_m203_m204_change_them(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "G1 Z10 F6000\n", 5000); /* Z: 20 mm/s, 100 mm/s2 */
    double z = 10.0 / 20 + 20.0 / 100;
    assert_near(r->m.tally.total.motion_s, z, 2e-3);
    rig_ask(r, "M201 Z400\nM203 Z40\nM204 T300\n", 1);
    rig_ask(r, "G1 Z20 F6000\n", 5000);
    assert_near(r->m.tally.total.motion_s - z, 10.0 / 40 + 40.0 / 300, 2e-3);
    rig_free(r);
}

static void pieces_in_line_take_as_long_as_the_whole(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_run(r, 0);
    for (int i = 1; i <= 10; i++) {
        char line[40];
        snprintf(line, sizeof(line), "G1 X%d F3000\n", i * 10);
        rig_send(r, line);
    }
    rig_run(r, 5000);
    assert_int_equal(r->m.tally.total.moves, 10);
    assert_near(r->m.tally.total.motion_s, 100.0 / 50 + 50.0 / 1500, 1e-3);
    rig_free(r);
}

static void a_right_angle_is_taken_at_the_speed_of_the_junction_deviation(void **state)
{
    (void)state;
    struct planner p;
    planner_init(&p, 16, 1, false);
    planner_add(&p, 0, (double[]){50, 0, 0, 0}, 100, 0);
    planner_add(&p, 0, (double[]){50, 50, 0, 0}, 100, 0);
    /* Across the corner both axes give 1500, so 1500 sqrt 2 but no more than the block's 1500. */
    double s = sqrt(0.5);
    assert_near(p.blocks[1].entry, sqrt(1500 * 0.013 * s / (1 - s)), 1e-6);
}

static void classic_jerk_sets_the_speed_where_a_move_begins(void **state)
{
    (void)state;
    struct planner p;
    planner_init(&p, 16, 1, false);
    p.limits.classic_jerk = true;
    planner_add(&p, 0, (double[]){50, 0, 0, 0}, 100, 0);
    assert_near(p.blocks[0].entry, 8, 1e-9);
    planner_add(&p, 0, (double[]){50, 50, 0, 0}, 100, 0);
    assert_near(p.blocks[1].entry, 8, 1e-9);
}

static void speed(struct settings *s)
{
    s->speed = 10;
}

static void speed_divides_real_time_but_not_the_motion_reported(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", speed);
    rig_ask(r, "G1 X100 F3000\nM400\n", 100);
    assert_int_equal(count_of(strbuf_text(&r->out), "ok"), 1);
    rig_run(r, 120);
    assert_int_equal(count_of(strbuf_text(&r->out), "ok"), 2);
    assert_near(r->m.tally.total.motion_s, 100.0 / 50 + 50.0 / 1500, 2e-4);
    rig_free(r);
}

static void with_the_planner_full_the_ok_waits_for_a_block(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_run(r, 1);
    rig_clear(r);
    for (int i = 1; i <= 15; i++) {
        char line[40];
        snprintf(line, sizeof(line), "G1 X%d F600\n", i);
        rig_send(r, line);
    }
    assert_contains(strbuf_text(&r->out), "ok P14 B3\n");
    assert_contains(strbuf_text(&r->out), "ok P0 B3\n");
    assert_string_equal(rig_ask(r, "G1 X16\n", 20), "");
    rig_run(r, 200); /* a millimetre takes a tenth of a second */
    assert_string_equal(strbuf_text(&r->out), "ok P0 B3\n");
    rig_free(r);
}

/* Moves of 0.1 s each, one every `ms`. */
static void stream(struct rig *r, int count, double ms)
{
    for (int i = 1; i <= count; i++) {
        char line[40];
        snprintf(line, sizeof(line), "G1 X%d F6000\n", 100 + (i + 1) % 2 * 10);
        rig_send(r, line);
        rig_run(r, ms);
    }
}

static void a_stream_that_keeps_up_has_no_underruns(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "G1 X100 F6000\n", 5);
    stream(r, 50, 50);
    assert_int_equal(r->m.tally.total.underruns, 0);
    rig_free(r);
}

static void a_move_that_comes_too_late_is_an_underrun(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "G1 X100 F6000\n", 2000);
    assert_int_equal(r->m.tally.total.underruns, 0);
    rig_ask(r, "M106 S255\n", 10); /* does not synchronise */
    rig_ask(r, "G1 X110 F6000\n", 2000);
    assert_int_equal(r->m.tally.total.underruns, 1);
    assert_true(r->m.tally.total.starved_ns > 500000000);
    assert_true(r->m.tally.total.starved_ns < 2010000000);
    stream(r, 10, 500);
    assert_int_equal(r->m.tally.total.underruns, 11);
    rig_free(r);
}

static void a_gap_after_a_synchronising_command_is_none(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "M400\n", "G4 P10\n", "G28\n", "M109 S0\n", "T0\n", "M75\n"};
    struct rig *r = rig_new("marlin-2.1", NULL);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        rig_ask(r, "G1 X100 F6000\n", 3000);
        rig_ask(r, commands[i], 20000);
        rig_ask(r, "G1 X110 F6000\n", 3000);
        rig_ask(r, "M400\n", 3000);
    }
    assert_int_equal(r->m.tally.total.underruns, 0);
    rig_free(r);
}

static void null_moves(struct settings *s)
{
    s->real_moves = false;
}

static void null_moves_take_no_time_and_leave_the_planner_empty(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", null_moves);
    assert_string_equal(rig_ask(r, "G28\nG1 X100 Y50 Z3 E2\nM400\n", 0),
        "X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0\nok P15 B3\nok P15 B3\nok P15 B3\n");
    assert_near(r->m.machine.position[0], 100, 1e-9);
    rig_free(r);
}

static void arcs_are_cut_into_chords_of_about_a_millimetre(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "G92 X10 Y0\n", 1);
    rig_ask(r, "G3 X-10 Y0 I-10 J0 F3000\n", 5000);
    assert_int_equal(r->m.tally.total.moves, 32); /* half of 2 pi 10 mm */
    assert_near(r->m.machine.position[0], -10, 1e-9);
    assert_contains(rig_ask(r, "G2 X0 Y0\n", 1), "Error:G2/G3 bad parameters");
    rig_ask(r, "G2 X10 Y0 R10\n", 5000);
    assert_near(r->m.machine.position[0], 10, 1e-9);
    assert_int_equal(r->m.tally.total.moves, 64);
    rig_free(r);
}

static void modes_and_offsets_lead_where_they_should(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", null_moves);
    rig_ask(r, "G28\nG91\nG1 X10 E5\nG1 X10 E5\nG90\nM83\nG1 X25 E1\nG92 E0\nG20\nG1 Y1\n", 1);
    assert_contains(rig_ask(r, "M114\n", 1), "X:25.00 Y:25.40 Z:0.00 E:0.00 Count X:2000 Y:2032");
    rig_free(r);
}

static void a_homed_axis_does_not_leave_the_machine(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", null_moves);
    assert_contains(rig_ask(r, "G28\nG1 X-5 Y999\nM114\n", 1), "X:0.00 Y:220.00");
    rig_free(r);
}

static void m410_stops_in_the_middle_of_a_move(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "G1 X100 F3000\nG1 X0\n", 1100);
    assert_contains(rig_ask(r, "M410\n", 1), "ok");
    assert_false(planner_busy(&r->m.planner));
    assert_near(r->m.machine.position[0], 50, 3);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trapezoid_takes_what_the_formula_says),
        cmocka_unit_test(a_single_move_takes_its_trapezoid),
        cmocka_unit_test(limits_of_axes_hold_and_m201_m203_m204_change_them),
        cmocka_unit_test(pieces_in_line_take_as_long_as_the_whole),
        cmocka_unit_test(a_right_angle_is_taken_at_the_speed_of_the_junction_deviation),
        cmocka_unit_test(classic_jerk_sets_the_speed_where_a_move_begins),
        cmocka_unit_test(speed_divides_real_time_but_not_the_motion_reported),
        cmocka_unit_test(with_the_planner_full_the_ok_waits_for_a_block),
        cmocka_unit_test(a_stream_that_keeps_up_has_no_underruns),
        cmocka_unit_test(a_move_that_comes_too_late_is_an_underrun),
        cmocka_unit_test(a_gap_after_a_synchronising_command_is_none),
        cmocka_unit_test(null_moves_take_no_time_and_leave_the_planner_empty),
        cmocka_unit_test(arcs_are_cut_into_chords_of_about_a_millimetre),
        cmocka_unit_test(modes_and_offsets_lead_where_they_should),
        cmocka_unit_test(a_homed_axis_does_not_leave_the_machine),
        cmocka_unit_test(m410_stops_in_the_middle_of_a_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
