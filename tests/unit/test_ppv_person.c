// link: ppvirtual_model
/* Prompts, pauses at the printer, the filament sensor, the display. */
#include "ppv.h"

static void prompts_come_only_from_firmwares_that_have_them(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, "M600\n", 1),
        "//action:paused\n//action:prompt_end\n//action:prompt_begin Nozzle Parked\n"
        "//action:prompt_button Continue\n//action:prompt_show\n");
    rig_free(r);
    r = rig_new("marlin-1.1.9", NULL);
    assert_string_equal(rig_ask(r, "M600\n", 3000), "echo:busy: paused for user\n");
    assert_string_equal(rig_ask(r, "M108\n", 1), "ok\nok\n");
    rig_free(r);
}

static void a_notification_may_be_made_by_hand(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_contains(
        rig_ask(r, "M118 A1 action:notification hello\n", 1), "// action:notification hello\n");
    assert_contains(rig_ask(r, "M117 Layer 3\n", 1), "//action:notification Layer 3\n");
    rig_free(r);
}

static void m601_parks_and_m602_goes_back(void **state)
{
    (void)state;
    struct rig *r = rig_new("prusa-mk3", NULL);
    rig_ask(r, "G28\nG1 X50 Y60 Z10 F12000\n", 20000);
    assert_string_equal(rig_ask(r, "M601\n", 20000), "// action:paused\nok\n");
    assert_true(r->m.machine.position[0] < 0.01 && r->m.machine.position[1] > 200);
    assert_true(r->m.machine.position[2] > 29.9);
    assert_string_equal(rig_ask(r, "M601\n", 1), "ok\n"); /* it is parked already */
    assert_string_equal(rig_ask(r, "M602\n", 20000), "// action:resumed\nok\n");
    assert_true(r->m.machine.position[0] == 50 && r->m.machine.position[1] == 60);
    assert_true(r->m.machine.position[2] == 10);
    rig_free(r);
}

static void m603_stops_and_cools(void **state)
{
    (void)state;
    struct rig *r = rig_new("prusa-mk3", NULL);
    rig_ask(r, "M104 S200\n", 10);
    assert_string_equal(rig_ask(r, "M603\n", 10), "// action:cancel\nok\n");
    assert_true(heater_target(&r->m.heaters[0]) < 1);
    rig_free(r);
}

static void other_firmwares_do_not_know_them(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_contains(rig_ask(r, "M601\n", 1), "echo:Unknown command: \"M601\"\n");
    assert_contains(rig_ask(r, "M602\n", 1), "echo:Unknown command: \"M602\"\n");
    rig_free(r);
}

static void runout_after_five(struct settings *s)
{
    s->runout_mm = 5;
    s->real_moves = false;
}

static void the_filament_sensor_tells_its_end_once(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", runout_after_five);
    assert_null(strstr(rig_ask(r, "G92 E0\nG1 E4.9 F600\n", 10), "out_of_filament"));
    assert_contains(rig_ask(r, "G1 E5.1\n", 10), "//action:out_of_filament T0\n");
    assert_null(strstr(rig_ask(r, "G1 E50\n", 10), "out_of_filament"));
    rig_free(r);
}

static void the_report_has_what_the_display_shows(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    char *text = report_text(&r->m);
    assert_contains(text, "\"percent\": null");
    free(text);
    rig_ask(r, "M73 P12 R34\nM73 P13\nM117 Layer 3\n", 10);
    text = report_text(&r->m);
    assert_contains(text, "\"percent\": 13.0");
    assert_contains(text, "\"minutes\": 34.0");
    assert_contains(text, "\"text\": \"Layer 3\"");
    assert_contains(text, "\"updates\": 2");
    free(text);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_come_only_from_firmwares_that_have_them),
        cmocka_unit_test(a_notification_may_be_made_by_hand),
        cmocka_unit_test(m601_parks_and_m602_goes_back),
        cmocka_unit_test(m603_stops_and_cools),
        cmocka_unit_test(other_firmwares_do_not_know_them),
        cmocka_unit_test(the_filament_sensor_tells_its_end_once),
        cmocka_unit_test(the_report_has_what_the_display_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
