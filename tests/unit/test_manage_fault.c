// link: ppapp
/* A printer that fails while it is managed: nothing is tried again and nothing follows by itself,
 * and a person sees why. */
#include "host/base/clock.h"
#include "tests/unit/manage_bench.h"

#define SHORT "M104 S200\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1\nM104 S0\n"

/* Alarms within fractions of a second. */
static struct profile quick;

static struct manage_bench *ready_with_alarms(void)
{
    struct manage_bench *t = manage_bench_new();
    quick = bench_profile;
    quick.limits.max_bed_mc = 250000; /* the scripted printer's heaters are all as warm */
    for (int i = 0; i < THERMAL_KINDS; i++) {
        quick.thermal[i] = (struct thermal_limits){
            .fall_ms = 300, .rise_ms = 300, .stuck_ms = 60000, .rate_mc_s = 1000000};
    }
    t->b->options.profile = &quick;
    t->settings.driver.give_up = DRIVER_GIVE_UP_SKIP;
    t->settings.driver.on_cancel_stop = false;
    open_all(t);
    return t;
}

static void tell(struct manage_bench *t, int actual)
{
    t->b->printer.actual = actual;
    report(&t->b->printer, "", "");
    RUN_UNTIL(t->b, status(t->b).heater[0].actual_mc == actual * 1000);
}

static void wait_ms(struct manage_bench *t, uint64_t ms)
{
    uint64_t start = clock_ms(); /* the housekeeping timer turns the loop */
    RUN_UNTIL(t->b, clock_ms() - start > ms);
}

/* The hotend has got warm and then falls for too long. */
static void let_heater_die(struct manage_bench *t)
{
    tell(t, 200);
    tell(t, 100);
    wait_ms(t, 400);
    tell(t, 99);
}

static void begin_two_jobs(struct manage_bench *t, char *id)
{
    put_file(t->b, "a.gcode", PART);
    put_file(t->b, "b.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, id);
    submit(t, "B", "b.gcode", 1, NULL);
    hook(t, "print_success", SWEEP, true);
    hook(t, "print_failure", "M300 S1\n@notify it has failed\n" SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
}

/* Off, told why, the bed as it was, nothing but what turns heaters off was sent. */
static void has_stopped(struct manage_bench *t, const char *id, const char *why)
{
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    RUN_UNTIL(t->b, job(t, id)->claims_count == 0);
    struct manage_status s = managing(t);
    assert_true(s.in_error);
    assert_true(s.needs_person);
    if (strstr(s.text, why) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", why, s.text);
    }
    assert_int_not_equal(status(t->b).bed, BED_CLEAR);
    assert_int_equal(t->begun, 1);
    assert_int_equal(job(t, id)->sets[0].remaining, 2);
    assert_int_equal(heard(t->b, 0, "M300 S1"), 0);
    assert_int_equal(heard(t->b, 0, "G1 Y150 F6000"), 0);
}

static void a_heater_that_dies_in_a_print_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    char id[ID_SIZE];
    t->b->printer.emergency_parser = true;
    begin_two_jobs(t, id);
    let_heater_die(t);
    go_on(&t->b->printer);
    has_stopped(t, id, "tool0 fell to 99");
    UNTIL_STATE(t->b, PRINTER_OPERATIONAL);
    RUN_UNTIL(t->b, cold(t->b));
    done_with(t);
}

static void a_heater_that_dies_while_a_person_cancels_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    char id[ID_SIZE];
    begin_two_jobs(t, id);
    tell(t, 200);
    assert_int_equal(device_cancel(t->b->device, &refused), 0);
    let_heater_die(t);
    go_on(&t->b->printer);
    has_stopped(t, id, "tool0 fell to 99");
    done_with(t);
}

static void a_printer_that_halts_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    char id[ID_SIZE];
    begin_two_jobs(t, id);
    say(&t->b->printer, "Error:Thermal Runaway, system stopped! Heater_ID: 0\n");
    has_stopped(t, id, "Thermal Runaway");
    done_with(t);
}

static void an_emergency_stop_is_never_tried_again(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    char id[ID_SIZE];
    begin_two_jobs(t, id);
    assert_int_equal(device_estop(t->b->device, &refused), 0);
    has_stopped(t, id, "emergency stop");
    done_with(t);
}

static void a_printer_that_wants_its_power_off_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    char id[ID_SIZE];
    begin_two_jobs(t, id);
    say(&t->b->printer, "//action:poweroff\n");
    go_on(&t->b->printer);
    has_stopped(t, id, "power");
    done_with(t);
}

static void a_heater_that_fails_between_prints_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M104 S150\n@pause\n", true);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "script"));
    tell(t, 30);
    wait_ms(t, 400);
    tell(t, 31);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_true(managing(t).in_error);
    assert_non_null(strstr(managing(t).text, "does not get warmer"));
    assert_false(asks(t, "script"));
    RUN_UNTIL(t->b, cold(t->b));
    assert_int_equal(t->begun, 1);
    assert_int_equal(status(t->b).bed, BED_OCCUPIED);
    done_with(t);
}

static void a_heater_that_fails_while_there_is_no_work_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    put_file(t->b, "a.gcode", SHORT);
    say_clear(t);
    start_managing(t);
    assert_int_equal(device_set_temp(t->b->device, "tool0", 200000, &refused), 0);
    RUN_UNTIL(t->b, !cold(t->b));
    tell(t, 30);
    wait_ms(t, 400);
    tell(t, 31);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_non_null(strstr(managing(t).text, "does not get warmer"));
    submit(t, "A", "a.gcode", 1, NULL);
    settle(t->b);
    assert_int_equal(t->begun, 0);
    start_managing(t); /* a person has looked */
    RUN_UNTIL(t->b, t->succeeded == 1);
    done_with(t);
}

static void a_heater_that_dies_in_a_print_of_others_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    bool waits;
    char id[ID_SIZE];
    put_file(t->b, "own.gcode", PART);
    put_file(t->b, "a.gcode", SHORT);
    t->b->printer.emergency_parser = true;
    t->b->printer.stuck_at = "G1 X50 Y10";
    assert_int_equal(device_print(t->b->device, "own.gcode", true, &waits, &refused), 0);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    submit(t, "A", "a.gcode", 2, id);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_PRINTING);
    let_heater_die(t);
    go_on(&t->b->printer);
    has_stopped(t, id, "tool0 fell to 99");
    done_with(t);
}

static void on_wish(void *context, const struct err *e)
{
    assert_null(e);
    *(bool *)context = true;
}

static void what_is_printed_by_hand_ends_so_too(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    char id[ID_SIZE];
    bool told = false;
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 2, id);
    t->b->printer.emergency_parser = true;
    t->b->printer.stuck_at = "G1 X50 Y10";
    manage_print(t->m, id, true, on_wish, &told);
    RUN_UNTIL(t->b, told && t->b->printer.stuck);
    let_heater_die(t);
    go_on(&t->b->printer);
    has_stopped(t, id, "tool0 fell to 99");
    done_with(t);
}

/* It waits for a word about the bed, which is then no word about the heater. */
static void what_waits_to_be_printed_by_hand_is_given_up(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    char id[ID_SIZE];
    bool told = false;
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 1, id);
    manage_print(t->m, id, false, on_wish, &told);
    RUN_UNTIL(t->b, told && asks(t, "bed"));
    assert_int_equal(device_set_temp(t->b->device, "tool0", 200000, &refused), 0);
    RUN_UNTIL(t->b, !cold(t->b));
    tell(t, 30);
    wait_ms(t, 400);
    tell(t, 31);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_false(asks(t, "bed"));
    assert_non_null(strstr(managing(t).text, "does not get warmer"));
    assert_true(managing(t).needs_person);
    assert_int_equal(t->begun, 0);
    done_with(t);
}

static void stopping_first_changes_nothing_of_that(void **state)
{
    (void)state;
    struct manage_bench *t = ready_with_alarms();
    char id[ID_SIZE];
    begin_two_jobs(t, id);
    assert_int_equal(manage_stop(t->m, &refused), 0);
    let_heater_die(t);
    go_on(&t->b->printer);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    RUN_UNTIL(t->b, job(t, id)->claims_count == 0);
    assert_int_equal(t->begun, 1);
    assert_int_equal(job(t, id)->sets[0].remaining, 2);
    done_with(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heater_that_dies_in_a_print_stops_managing),
        cmocka_unit_test(a_heater_that_dies_while_a_person_cancels_stops_managing),
        cmocka_unit_test(a_printer_that_halts_stops_managing),
        cmocka_unit_test(an_emergency_stop_is_never_tried_again),
        cmocka_unit_test(a_printer_that_wants_its_power_off_stops_managing),
        cmocka_unit_test(a_heater_that_fails_between_prints_stops_managing),
        cmocka_unit_test(a_heater_that_fails_while_there_is_no_work_stops_managing),
        cmocka_unit_test(a_heater_that_dies_in_a_print_of_others_stops_managing),
        cmocka_unit_test(what_is_printed_by_hand_ends_so_too),
        cmocka_unit_test(what_waits_to_be_printed_by_hand_is_given_up),
        cmocka_unit_test(stopping_first_changes_nothing_of_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
