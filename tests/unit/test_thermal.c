// link: ppcore ppvirtual_model
/* The thermal watch on curves: what healthy printers do never alarms, what burns houses does. */
#include "host/core/thermal.h"
#include "tools/ppvirtual/heater.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)

/* A heater of first order with dead time in its sensor, regulated by its firmware. */
struct plant {
    double temp;
    double sensed;
    double power_k_s; /* at full power, before losses */
    double loss_s;    /* time constant of cooling */
    double lag_s;     /* of the sensor */
    double target;
    double noise;
    double step; /* resolution of what is told */
    double fan;  /* extra loss, K/s */
    double integral;
};

struct world {
    struct thermal thermal;
    struct thermal_context context;
    struct plant tool;
    struct plant bed;
    uint64_t now_ms;
    uint64_t every_ms; /* between two reports */
    uint32_t seed;
    struct thermal_verdict verdict; /* the first that is not fine */
    uint64_t verdict_ms;
    unsigned asks;
    /* faults */
    bool tool_dead;      /* the heater does not heat */
    bool tool_always_on; /* whatever the target */
    bool tool_detached;  /* its sensor does not follow: hangs in the air */
    double tool_frozen;  /* its sensor tells this; 0 = no */
    bool silent;
    double garbled; /* the next report tells this for the tool; 0 = no */
    bool off_ignored;
};

static double random_unit(struct world *w)
{
    w->seed = w->seed * 1664525 + 1013904223;
    return (double)(w->seed >> 8) / (1 << 24) - 0.5;
}

static struct world *make_world(void)
{
    static struct world w;
    w = (struct world){.now_ms = 1000000, .every_ms = SECOND, .seed = 7};
    thermal_init(&w.thermal, NULL);
    w.context = (struct thermal_context){.max_mc = {300000, 120000, 80000}, .printing = true};
    w.tool = (struct plant){22, 22, 3.5, 110, 4, 0, 0.3, 0.01, 0, 0};
    w.bed = (struct plant){22, 22, 0.25, 900, 15, 0, 0.1, 0.01, 0, 0};
    return &w;
}

static void heat_step(struct plant *p, double seconds, bool dead, bool always, bool detached)
{
    double error = p->target - p->sensed;
    p->integral += fabs(error) < 10 ? error * seconds * 0.002 : 0;
    p->integral = p->integral < 0 ? 0 : (p->integral > 0.8 ? 0.8 : p->integral);
    double duty = p->target <= 0 ? 0 : error * 0.1 + p->integral;
    duty = duty < 0 ? 0 : (duty > 1 ? 1 : duty);
    duty = dead ? 0 : (always ? 1 : duty);
    p->temp += seconds * (duty * p->power_k_s - (p->temp - 22) / p->loss_s - p->fan);
    p->sensed += ((detached ? 22 : p->temp) - p->sensed) * seconds / p->lag_s;
}

static int32_t told(struct world *w, const struct plant *p)
{
    double value = p->sensed + p->noise * random_unit(w);
    return (int32_t)lround(round(value / p->step) * p->step * 1000);
}

static struct temp_report report_of(struct world *w)
{
    struct temp_report r = {.unreadable = 0};
    for (int i = 0; i < TEMP_HEATERS; i++) {
        r.actual_mc[i] = TEMP_NONE;
        r.target_mc[i] = TEMP_NONE;
    }
    r.actual_mc[0] = w->tool_frozen > 0 ? (int32_t)(w->tool_frozen * 1000) : told(w, &w->tool);
    r.target_mc[0] = (int32_t)(w->tool.target * 1000);
    r.actual_mc[TEMP_BED] = told(w, &w->bed);
    r.target_mc[TEMP_BED] = (int32_t)(w->bed.target * 1000);
    if (w->garbled > 0) {
        r.actual_mc[0] = (int32_t)(w->garbled * 1000);
        w->garbled = 0;
    }
    return r;
}

static void judge(struct world *w, struct thermal_verdict v)
{
    w->asks += v.ask;
    if (v.fault != THERMAL_FINE && w->verdict.fault == THERMAL_FINE) {
        w->verdict = v;
        w->verdict_ms = w->now_ms;
    }
}

static void run(struct world *w, uint64_t ms)
{
    const uint64_t tick_ms = 100;
    for (uint64_t end = w->now_ms + ms; w->now_ms < end;) {
        w->now_ms += tick_ms;
        heat_step(&w->tool, 0.1, w->tool_dead, w->tool_always_on, w->tool_detached);
        heat_step(&w->bed, 0.1, false, false, false);
        if (!w->silent && w->now_ms % w->every_ms == 0) {
            struct temp_report r = report_of(w);
            judge(w, thermal_step(&w->thermal, w->now_ms, &r, &w->context));
        }
        if (w->now_ms % 500 == 0) {
            judge(w, thermal_step(&w->thermal, w->now_ms, NULL, &w->context));
        }
    }
}

static void is_fine(const struct world *w)
{
    if (w->verdict.fault != THERMAL_FINE) {
        fail_msg("after %llu s: %s", (unsigned long long)(w->verdict_ms / 1000), w->verdict.text);
    }
}

/* Within so much time from now on; returns when. */
static uint64_t alarms(struct world *w, enum thermal_fault fault, int heater, uint64_t within_ms)
{
    uint64_t start = w->now_ms;
    is_fine(w);
    while (w->verdict.fault == THERMAL_FINE && w->now_ms - start < within_ms) {
        run(w, SECOND);
    }
    if (w->verdict.fault != fault) {
        fail_msg("fault %d, wanted %d: %s", w->verdict.fault, fault, w->verdict.text);
    }
    assert_int_equal(w->verdict.heater, heater);
    assert_true(strlen(w->verdict.text) > 20);
    return w->verdict_ms - start;
}

static struct world *hot(void)
{
    struct world *w = make_world();
    w->tool.target = 210;
    w->bed.target = 60;
    run(w, 10 * MINUTE);
    is_fine(w);
    assert_true(w->tool.temp > 205 && w->bed.temp > 57);
    return w;
}

/* ---- healthy printers ---- */

static void a_usual_print_never_alarms(void **state)
{
    (void)state;
    struct world *w = hot();
    run(w, 60 * MINUTE);
    w->tool.target = 0;
    w->bed.target = 0;
    run(w, 60 * MINUTE);
    is_fine(w);
    assert_int_equal(w->asks, 0);
}

static void fans_that_start_and_stop_never_alarm(void **state)
{
    (void)state;
    struct world *w = hot();
    for (int i = 0; i < 20; i++) {
        w->tool.fan = i % 2 == 0 ? 1.4 : 0;
        run(w, 90 * SECOND);
    }
    is_fine(w);
    w->tool.target = 0; /* and while it cools */
    for (int i = 0; i < 20; i++) {
        w->tool.fan = i % 2 == 0 ? 0.5 : 0;
        run(w, 20 * SECOND);
    }
    is_fine(w);
}

static void every_change_of_target_is_followed_in_peace(void **state)
{
    static const double targets[] = {240, 190, 250, 0, 170, 215, 25, 0, 230, 0};
    (void)state;
    struct world *w = hot();
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        w->tool.target = targets[i];
        w->bed.target = targets[i] / 3;
        run(w, (7 * i % 5 + 1) * 37 * SECOND); /* also in the middle of the way */
    }
    is_fine(w);
}

static void cooling_down_to_a_target_never_alarms(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool.target = 50; /* M109 R50 */
    w->bed.target = 30;
    run(w, 60 * MINUTE);
    is_fine(w);
}

static void a_slow_bed_that_hardly_reaches_its_target_never_alarms(void **state)
{
    (void)state;
    struct world *w = make_world();
    w->bed.power_k_s = 0.112; /* ends at 110 - 2 K, the last 10 K take half an hour */
    w->bed.loss_s = 770;
    w->bed.target = 110;
    run(w, 120 * MINUTE);
    is_fine(w);
    assert_true(w->bed.temp > 103);
}

static void coarse_and_noisy_sensors_never_alarm(void **state)
{
    static const double steps[] = {0.1, 0.25, 1};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct world *w = make_world();
        w->tool.step = steps[i];
        w->bed.step = steps[i];
        w->tool.noise = i == 0 ? 0 : 6;
        w->bed.noise = 0;
        w->tool.target = 210;
        w->bed.target = 60;
        run(w, 40 * MINUTE);
        w->tool.target = 0;
        w->bed.target = 0;
        run(w, 60 * MINUTE);
        is_fine(w);
    }
}

static void seldom_reports_never_alarm(void **state)
{
    (void)state;
    struct world *w = make_world();
    w->every_ms = 15 * SECOND;
    w->tool.target = 210;
    w->bed.target = 60;
    run(w, 30 * MINUTE);
    w->tool.target = 0;
    run(w, 10 * MINUTE);
    is_fine(w);
}

static void one_garbled_report_now_and_then_never_alarms(void **state)
{
    static const double garbled[] = {10, 2104, 270, 21, 110, 0.5};
    (void)state;
    struct world *w = hot();
    for (size_t i = 0; i < 60; i++) {
        w->garbled = garbled[i % 6];
        run(w, 25 * SECOND);
    }
    is_fine(w);
}

static void tuning_the_regulator_never_alarms(void **state)
{
    (void)state;
    struct world *w = make_world();
    w->context.tuning = true;
    for (int i = 0; i < 10; i++) { /* the target told is zero */
        w->tool_always_on = true;
        while (w->tool.sensed < 210) {
            run(w, SECOND);
        }
        w->tool_always_on = false;
        run(w, 40 * SECOND);
    }
    is_fine(w);
}

static void what_a_hot_bed_warms_never_alarms(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool.target = 0;
    run(w, 20 * MINUTE);
    for (int i = 0; i < 600; i++) { /* the hotend above a bed of 110 degrees */
        w->tool.temp = 40 + i * 0.08;
        run(w, SECOND);
    }
    is_fine(w);
}

static void sensors_that_are_not_there_never_alarm(void **state)
{
    (void)state;
    struct world *w = hot();
    for (int i = 0; i < 100; i++) {
        struct temp_report r = report_of(w);
        r.actual_mc[1] = -55700;
        r.target_mc[1] = 0;
        r.actual_mc[2] = 1100000;
        r.target_mc[2] = 0;
        r.unreadable = 1u << TEMP_CHAMBER;
        r.target_mc[TEMP_CHAMBER] = 0;
        judge(w, thermal_step(&w->thermal, w->now_ms += SECOND, &r, &w->context));
    }
    is_fine(w);
}

static void a_hotend_swapped_while_it_is_off_never_alarms(void **state)
{
    (void)state;
    struct world *w = make_world();
    w->context.printing = false;
    run(w, MINUTE);
    w->tool_frozen = 180; /* a cold one against a hot one */
    run(w, MINUTE);
    w->tool_frozen = 0;
    run(w, MINUTE);
    is_fine(w);
}

/* Heats and cools by the virtual printer's model, reported each second. */
static void follow_virtual(struct world *w, double rate_k_s)
{
    static const double targets[] = {210, 60, 250, 0, 180, 0, 40, 0};
    struct heater h;
    heater_init(&h, rate_k_s, 300);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        heater_set(&h, w->now_ms * 1000000, targets[i]);
        for (int second = 0; second < 400; second++) {
            struct temp_report r = report_of(w);
            w->now_ms += SECOND;
            r.actual_mc[0] = (int32_t)(heater_temp(&h, w->now_ms * 1000000) * 1000);
            r.target_mc[0] = (int32_t)(targets[i] * 1000);
            judge(w, thermal_step(&w->thermal, w->now_ms, &r, &w->context));
        }
    }
    is_fine(w);
}

/* The virtual printer heats as fast as it is told; its profile says that this can be. */
static void a_virtual_printer_of_any_speed_never_alarms(void **state)
{
    static const double rates[] = {1, 3, 20, 400, 100000};
    static const struct thermal_limits fast[THERMAL_KINDS] = {
        {.rate_mc_s = 1000000}, {.rate_mc_s = 1000000}, {.rate_mc_s = 1000000}};
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct world *w = make_world();
        thermal_init(&w->thermal, rates[i] > 20 ? fast : NULL);
        follow_virtual(w, rates[i]);
    }
}

static void a_printer_that_tells_no_targets_is_left_alone(void **state)
{
    (void)state;
    struct world *w = make_world();
    for (int i = 0; i < 3000; i++) {
        struct temp_report r = report_of(w);
        r.target_mc[0] = TEMP_NONE;
        r.target_mc[TEMP_BED] = TEMP_NONE;
        r.actual_mc[0] = i < 60 ? 20000 + i * 3000 : (i > 2000 ? 100000 : 200000);
        r.actual_mc[0] -= i > 2000 && i < 2050 ? (i - 2050) * 2000 : 0;
        judge(w, thermal_step(&w->thermal, w->now_ms += SECOND, &r, &w->context));
        judge(w, thermal_step(&w->thermal, w->now_ms, NULL, &w->context));
    }
    is_fine(w);
    assert_int_equal(w->asks, 0);
}

/* ---- faults ---- */

static void a_heater_that_dies_is_found(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool_dead = true;
    uint64_t ms = alarms(w, THERMAL_FELL, 0, 3 * MINUTE);
    assert_in_range(ms, 60 * SECOND, 90 * SECOND); /* Marlin: 40 s; we are not the first */
}

static void a_heater_that_never_warms_is_found(void **state)
{
    (void)state;
    struct world *w = make_world();
    w->tool_dead = true;
    w->tool.target = 210;
    uint64_t ms = alarms(w, THERMAL_COLD, 0, 3 * MINUTE);
    assert_in_range(ms, 60 * SECOND, 65 * SECOND);
    assert_non_null(strstr(w->verdict.text, "tool0"));
    assert_non_null(strstr(w->verdict.text, "210"));
}

/* The heater goes on heating what the sensor does not feel. */
static void a_sensor_that_fell_out_while_heating_is_found(void **state)
{
    (void)state;
    struct world *w = make_world();
    w->tool.target = 210;
    run(w, 20 * SECOND);
    w->tool_detached = true;
    w->tool.lag_s = 20;
    alarms(w, THERMAL_COLD, 0, 75 * SECOND);
}

static void a_sensor_that_falls_out_while_printing_is_found(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool_detached = true;
    w->tool.lag_s = 20;
    alarms(w, THERMAL_FELL, 0, 75 * SECOND);
}

static void a_switch_that_never_opens_is_found(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool.target = 150;
    run(w, 2 * MINUTE);
    w->tool_always_on = true;
    alarms(w, THERMAL_OVER, 0, 2 * MINUTE);
    assert_true(w->tool.temp < 260);
    w = make_world(); /* also from cold, with its target at zero */
    run(w, 2 * MINUTE);
    w->tool_always_on = true;
    alarms(w, THERMAL_OVER, 0, 2 * MINUTE);
    assert_true(w->tool.temp < 160);
}

/* It loses as much as it gets: neither warmer nor colder. */
static void a_switch_that_never_opens_is_found_also_where_it_gets_no_warmer(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool.target = 150;
    w->tool.power_k_s = 1.62; /* holds 200 degrees */
    w->tool_always_on = true;
    alarms(w, THERMAL_OVER, 0, 10 * MINUTE);
    assert_true(w->tool.temp > 190 && w->tool.temp < 211);
}

static void a_sensor_that_is_stuck_is_found(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool_frozen = 204.5; /* inside of what is no fall */
    alarms(w, THERMAL_STUCK, 0, 4 * MINUTE);
    w = hot();
    w->tool_frozen = 210;
    run(w, 20 * MINUTE);
    is_fine(w); /* at its target it may */
    w->tool.target = 0;
    alarms(w, THERMAL_STUCK, 0, 4 * MINUTE);
}

static void a_jump_is_believed_when_the_next_reading_says_the_same(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool_frozen = 40;
    assert_in_range(alarms(w, THERMAL_JUMP, 0, 5 * SECOND), 0, 3 * SECOND);
}

static void a_contact_that_comes_and_goes_is_found(void **state)
{
    (void)state;
    struct world *w = hot();
    for (int i = 0; i < 4 && w->verdict.fault == THERMAL_FINE; i++) {
        w->garbled = 30;
        run(w, 5 * SECOND);
    }
    assert_int_equal(w->verdict.fault, THERMAL_JUMP);
}

static void a_temperature_that_cannot_be_is_found_when_told_twice(void **state)
{
    (void)state;
    struct world *w = hot();
    w->tool_frozen = 900;
    alarms(w, THERMAL_IMPOSSIBLE, 0, 3 * SECOND);
    w = hot();
    struct temp_report r = report_of(w);
    r.actual_mc[0] = -55700;
    judge(w, thermal_step(&w->thermal, w->now_ms += SECOND, &r, &w->context));
    is_fine(w);
    judge(w, thermal_step(&w->thermal, w->now_ms += SECOND, &r, &w->context));
    assert_int_equal(w->verdict.fault, THERMAL_IMPOSSIBLE);
}

/* Also with its target at zero: a switch that is stuck heats all the same. */
static void a_heater_beyond_what_it_can_be_is_found_while_off(void **state)
{
    (void)state;
    struct world *w = make_world();
    w->context.max_mc[THERMAL_TOOL] = 80000;
    run(w, MINUTE);
    w->tool_always_on = true;
    alarms(w, THERMAL_IMPOSSIBLE, 0, 2 * MINUTE);
}

static void a_reading_that_is_no_number_is_found(void **state)
{
    (void)state;
    struct world *w = hot();
    for (int i = 0; i < 2; i++) {
        struct temp_report r;
        is_fine(w);
        assert_true(temp_parse(&r, "ok T:nan /210.00 B:60.00 /60.00 @:127 B@:31", 0));
        judge(w, thermal_step(&w->thermal, w->now_ms += SECOND, &r, &w->context));
    }
    assert_int_equal(w->verdict.fault, THERMAL_IMPOSSIBLE);
}

static void silence_is_asked_about_and_then_an_end(void **state)
{
    (void)state;
    struct world *w = hot();
    w->silent = true;
    run(w, 19 * SECOND);
    assert_int_equal(w->asks, 0);
    run(w, 3 * SECOND);
    assert_true(w->asks > 0);
    is_fine(w);
    thermal_asked(&w->thermal);
    thermal_asked(&w->thermal);
    run(w, SECOND);
    is_fine(w);
    thermal_asked(&w->thermal);
    alarms(w, THERMAL_SILENT, -1, 2 * SECOND);
}

static void a_printer_that_cannot_answer_yet_is_waited_for(void **state)
{
    (void)state;
    struct world *w = hot();
    w->silent = true;
    w->context.blocked = true;
    run(w, 60 * MINUTE);
    is_fine(w);
    assert_int_equal(w->asks, 0);
    w->context.blocked = false;
    w->silent = false;
    run(w, MINUTE);
    is_fine(w);
}

static void silence_with_cold_heaters_is_fine(void **state)
{
    (void)state;
    struct world *w = make_world();
    run(w, MINUTE);
    w->silent = true;
    run(w, 60 * MINUTE);
    assert_int_equal(w->asks, 0);
}

/* ---- after the order to turn everything off ---- */

static struct world *ordered_off(void)
{
    struct world *w = hot();
    w->tool_dead = true;
    alarms(w, THERMAL_FELL, 0, 3 * MINUTE);
    w->tool_dead = false;
    thermal_off(&w->thermal, w->now_ms);
    w->verdict = (struct thermal_verdict){0};
    return w;
}

static void heaters_that_go_off_are_left_in_peace(void **state)
{
    (void)state;
    struct world *w = ordered_off();
    run(w, 2 * SECOND);
    w->tool.target = 0;
    w->bed.target = 0;
    run(w, 30 * MINUTE);
    is_fine(w);
}

static void a_heater_that_is_not_turned_off_is_disobedience(void **state)
{
    (void)state;
    struct world *w = ordered_off();
    w->bed.target = 0;
    assert_in_range(alarms(w, THERMAL_DISOBEYED, 0, MINUTE), 15 * SECOND, 25 * SECOND);
}

static void a_heater_that_rises_all_the_same_is_disobedience(void **state)
{
    (void)state;
    struct world *w = ordered_off();
    w->tool.target = 0;
    w->bed.target = 0;
    w->tool_always_on = true;
    alarms(w, THERMAL_DISOBEYED, 0, 2 * MINUTE);
}

static void a_fault_that_is_known_is_not_told_again(void **state)
{
    (void)state;
    struct world *w = ordered_off();
    w->tool.target = 0;
    w->bed.target = 0;
    w->tool_frozen = 900;
    run(w, 5 * MINUTE);
    is_fine(w);
}

static void somebody_may_heat_again(void **state)
{
    (void)state;
    struct world *w = ordered_off();
    w->tool.target = 0;
    w->bed.target = 0;
    run(w, 30 * SECOND);
    w->tool.target = 200;
    run(w, 30 * MINUTE);
    is_fine(w);
    w->tool_dead = true; /* and the watch is there again */
    alarms(w, THERMAL_FELL, 0, 3 * MINUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usual_print_never_alarms),
        cmocka_unit_test(fans_that_start_and_stop_never_alarm),
        cmocka_unit_test(every_change_of_target_is_followed_in_peace),
        cmocka_unit_test(cooling_down_to_a_target_never_alarms),
        cmocka_unit_test(a_slow_bed_that_hardly_reaches_its_target_never_alarms),
        cmocka_unit_test(coarse_and_noisy_sensors_never_alarm),
        cmocka_unit_test(seldom_reports_never_alarm),
        cmocka_unit_test(one_garbled_report_now_and_then_never_alarms),
        cmocka_unit_test(tuning_the_regulator_never_alarms),
        cmocka_unit_test(what_a_hot_bed_warms_never_alarms),
        cmocka_unit_test(sensors_that_are_not_there_never_alarm),
        cmocka_unit_test(a_hotend_swapped_while_it_is_off_never_alarms),
        cmocka_unit_test(a_virtual_printer_of_any_speed_never_alarms),
        cmocka_unit_test(a_printer_that_tells_no_targets_is_left_alone),
        cmocka_unit_test(a_heater_that_dies_is_found),
        cmocka_unit_test(a_heater_that_never_warms_is_found),
        cmocka_unit_test(a_sensor_that_fell_out_while_heating_is_found),
        cmocka_unit_test(a_sensor_that_falls_out_while_printing_is_found),
        cmocka_unit_test(a_switch_that_never_opens_is_found),
        cmocka_unit_test(a_switch_that_never_opens_is_found_also_where_it_gets_no_warmer),
        cmocka_unit_test(a_sensor_that_is_stuck_is_found),
        cmocka_unit_test(a_jump_is_believed_when_the_next_reading_says_the_same),
        cmocka_unit_test(a_contact_that_comes_and_goes_is_found),
        cmocka_unit_test(a_temperature_that_cannot_be_is_found_when_told_twice),
        cmocka_unit_test(a_heater_beyond_what_it_can_be_is_found_while_off),
        cmocka_unit_test(a_reading_that_is_no_number_is_found),
        cmocka_unit_test(silence_is_asked_about_and_then_an_end),
        cmocka_unit_test(a_printer_that_cannot_answer_yet_is_waited_for),
        cmocka_unit_test(silence_with_cold_heaters_is_fine),
        cmocka_unit_test(heaters_that_go_off_are_left_in_peace),
        cmocka_unit_test(a_heater_that_is_not_turned_off_is_disobedience),
        cmocka_unit_test(a_heater_that_rises_all_the_same_is_disobedience),
        cmocka_unit_test(a_fault_that_is_known_is_not_told_again),
        cmocka_unit_test(somebody_may_heat_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
