// link: ppvirtual_model
/* Commands that take long: heating, homing, persons; what is said meanwhile and what ends it. */
#include "ppv.h"

#include <math.h>

static void m109_waits_until_the_target_has_been_held(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    const char *got = rig_ask(r, "M109 S52\n", 9900);
    assert_contains(got, "T:25.00 /52.00 B:22.00 /0.00 @:127 B@:0 W:?\n");
    assert_int_equal(count_of(got, "ok"), 0);
    assert_int_equal(count_of(got, " T:"), 9);
    assert_int_equal(count_of(got, "echo:busy: processing\n"), 4);
    rig_run(r, 10000); /* 11 s to get there, 10 s in the window */
    assert_contains(strbuf_text(&r->out), "W:9\n");
    assert_int_equal(count_of(strbuf_text(&r->out), "ok"), 0);
    rig_run(r, 5000);
    assert_int_equal(count_of(strbuf_text(&r->out), "ok P15 B3\n"), 1);
    assert_true(fabs(heater_temp(&r->m.heaters[0], r->now_ns) - 52) < 1);
    rig_free(r);
}

static void fast_heat(struct settings *s)
{
    s->heat_k_s = 300;
}

static void a_fast_heater_settles_fast(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", fast_heat);
    assert_contains(rig_ask(r, "M190 S60\nM109 S210\n", 2000), "ok P15 B3\n");
    assert_int_equal(count_of(strbuf_text(&r->out), "ok"), 2);
    rig_free(r);
}

static void m109_s_does_not_wait_for_cooling_and_r_does(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", fast_heat);
    rig_ask(r, "M109 S210\n", 3000);
    assert_string_equal(rig_ask(r, "M109 S180\n", 1), "ok P15 B3\n");
    assert_string_equal(rig_ask(r, "M109 R150\n", 1), "");
    rig_run(r, 5000);
    assert_int_equal(count_of(strbuf_text(&r->out), "ok"), 1);
    assert_true(fabs(heater_temp(&r->m.heaters[0], r->now_ns) - 150) < 2);
    rig_free(r);
}

static void m108_ends_the_wait_and_both_are_acknowledged(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "M109 S200\n", 2500);
    assert_string_equal(rig_ask(r, "M108\n", 1), "ok P15 B2\nok P15 B3\n");
    rig_free(r);
}

static void no_emergency_parser(struct settings *s)
{
    s->emergency_parser = false;
}

static void without_emergency_parser_m108_acts_only_if_the_queue_has_room(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", no_emergency_parser);
    rig_ask(r, "M109 S200\n", 100);
    assert_int_equal(count_of(rig_ask(r, "M108\n", 1), "ok"), 2);
    rig_ask(r, "M109 S200\nG21\nG21\nG21\n", 100);
    assert_string_equal(rig_ask(r, "M108\n", 100), "");
    rig_free(r);
}

static void auto_reports_come_with_a_leading_blank_and_no_ok(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, "M155 S2\n", 1), "ok P15 B3\n");
    rig_clear(r);
    rig_run(r, 6000);
    assert_int_equal(count_of(strbuf_text(&r->out), " T:22.00 /0.00 B:22.00 /0.00 @:0 B@:0\n"), 3);
    assert_int_equal(count_of(strbuf_text(&r->out), "ok"), 0);
    rig_ask(r, "M155 S0\n", 1);
    rig_clear(r);
    rig_run(r, 6000);
    assert_int_equal(r->out.len, 0);
    rig_free(r);
}

static void m113_sets_how_often_busy_is_said(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_contains(rig_ask(r, "M113\n", 1), "echo:M113 S2\n");
    rig_ask(r, "M113 S1\n", 1);
    assert_int_equal(count_of(rig_ask(r, "G4 S5\n", 4500), "busy"), 4);
    rig_run(r, 2000);
    rig_ask(r, "M113 S0\n", 1);
    assert_int_equal(count_of(rig_ask(r, "G4 S5\n", 4500), "busy"), 0);
    rig_free(r);
}

static void m112_kills_at_once_inside_g28(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "M104 S200\nG28\n", 100);
    assert_string_equal(rig_ask(r, "M112\n", 0),
        "echo:M112 Shutdown\nError:Printer halted. kill() called!\n//action:poweroff\n");
    assert_string_equal(r->m.halted, "M112");
    assert_true(r->m.heaters[0].target < 1);
    assert_string_equal(rig_ask(r, "M105\nM999\n", 5000), "");
    struct event reset = {.kind = EVENT_RESET};
    model_step(&r->m, r->now_ns, &reset, &r->out);
    assert_contains(rig_ask(r, "M105\n", 1), "ok T:");
    rig_free(r);
}

static void wire(struct settings *s)
{
    s->wire = true;
}

static void m112_is_seen_with_queue_and_ring_full(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", wire);
    rig_run(r, 100);
    rig_ask(r, "G4 S20\nG4 S20\nG4 S20\nG4 S20\nG4 S20\nG4 S20\n", 100);
    assert_contains(rig_ask(r, numbered(9, "M112"), 20), "Error:Printer halted. kill() called!");
    rig_free(r);
}

static void m112_without_emergency_parser_waits_behind_a_full_queue(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-1.1.9", no_emergency_parser);
    rig_ask(r, "G4 S2\nG21\nG21\nG21\n", 10);
    assert_string_equal(rig_ask(r, "M112\n", 100), "");
    rig_run(r, 3000);
    assert_contains(strbuf_text(&r->out), "Error:Printer halted. kill() called!\n");
    assert_int_equal(count_of(strbuf_text(&r->out), "Shutdown"), 0);
    rig_free(r);
}

static void a_pause_waits_for_a_person_and_ends_with_two_oks(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    const char *got = rig_ask(r, "M0 Change the roll\n", 5000);
    assert_contains(got, "//action:prompt_begin Change the roll\n"
                         "//action:prompt_button Continue\n//action:prompt_show\n");
    assert_int_equal(count_of(got, "echo:busy: paused for user\n"), 2);
    assert_string_equal(rig_ask(r, "M108\n", 1), "//action:prompt_end\nok P15 B2\nok P15 B3\n");
    rig_ask(r, "M600\n", 5000);
    assert_contains(rig_ask(r, "M876 S0\n", 1), "//action:resumed\nok P15 B2\nok P15 B3\n");
    assert_string_equal(rig_ask(r, "M876 P1\n", 1), "ok P15 B3\n");
    rig_free(r);
}

static void homing_and_levelling_take_their_time(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, "G28\n", 1900), "");
    rig_run(r, 2000);
    assert_string_equal(strbuf_text(&r->out),
        "echo:busy: processing\nX:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0\nok P15 B3\n");
    assert_int_equal(count_of(rig_ask(r, "G29\n", 47000), "busy"), 23);
    rig_run(r, 2000);
    assert_contains(strbuf_text(&r->out), "Bilinear Leveling Grid:");
    rig_free(r);
}

static void two_tools(struct settings *s)
{
    s->tools = 2;
    s->chamber = true;
}

static void tools_and_chamber_have_heaters_of_their_own(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", two_tools);
    rig_ask(r, "M104 T1 S100\nM141 S40\n", 1);
    assert_contains(rig_ask(r, "M105\n", 1), "C:22.00 /40.00 T0:22.00 /0.00 T1:22.");
    assert_contains(rig_ask(r, "T1\n", 1), "echo:Active Extruder: 1\n");
    assert_contains(rig_ask(r, "T5\n", 1), "echo:T5 Invalid extruder\n");
    assert_contains(rig_ask(r, "M104 T7 S1\n", 1), "echo:M104 Invalid extruder 7\n");
    assert_contains(rig_ask(r, "M115\n", 1), "EXTRUDER_COUNT:2");
    assert_contains(strbuf_text(&r->out), "Cap:CHAMBER_TEMPERATURE:1\n");
    rig_free(r);
}

static void temperatures_rise_at_the_rate_and_fall_to_the_room(void **state)
{
    (void)state;
    struct heater h;
    heater_init(&h, 3, 300);
    heater_set(&h, 0, 200);
    assert_true(fabs(heater_temp(&h, UINT64_C(10000000000)) - 52) < 1e-6);
    assert_true(fabs(heater_temp(&h, UINT64_C(100000000000)) - 200) < 0.1);
    heater_set(&h, UINT64_C(100000000000), 0);
    assert_true(heater_temp(&h, UINT64_C(5000000000000)) < 22.1);
    heater_set(&h, 0, 999);
    assert_true(fabs(h.target - 300) < 1e-9);
}

static void the_history_is_thinned_and_never_overflows(void **state)
{
    (void)state;
    static struct history h;
    for (uint64_t i = 0; i < 100000; i++) {
        history_add(&h, (struct sample){i, 20, 0});
        assert_true(h.len <= HISTORY_MAX);
    }
    assert_true(h.len > HISTORY_MAX / 2 - 1);
    assert_int_equal(h.samples[0].at_ns, 0);
    for (size_t i = 2; i < h.len; i++) {
        assert_int_equal(h.samples[i].at_ns - h.samples[i - 1].at_ns, h.samples[1].at_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(m109_waits_until_the_target_has_been_held),
        cmocka_unit_test(a_fast_heater_settles_fast),
        cmocka_unit_test(m109_s_does_not_wait_for_cooling_and_r_does),
        cmocka_unit_test(m108_ends_the_wait_and_both_are_acknowledged),
        cmocka_unit_test(without_emergency_parser_m108_acts_only_if_the_queue_has_room),
        cmocka_unit_test(auto_reports_come_with_a_leading_blank_and_no_ok),
        cmocka_unit_test(m113_sets_how_often_busy_is_said),
        cmocka_unit_test(m112_kills_at_once_inside_g28),
        cmocka_unit_test(m112_is_seen_with_queue_and_ring_full),
        cmocka_unit_test(m112_without_emergency_parser_waits_behind_a_full_queue),
        cmocka_unit_test(a_pause_waits_for_a_person_and_ends_with_two_oks),
        cmocka_unit_test(homing_and_levelling_take_their_time),
        cmocka_unit_test(tools_and_chamber_have_heaters_of_their_own),
        cmocka_unit_test(temperatures_rise_at_the_rate_and_fall_to_the_room),
        cmocka_unit_test(the_history_is_thinned_and_never_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
