// link: ppapp
/* Heaters that misbehave, and heaters nobody needs: one test for each way. */
#include "host/app/device/device_priv.h"
#include "host/base/clock.h"
#include "tests/unit/device_bench.h"

#define HOT  "M140 S60\nM104 S200\n"
#define MOVE "G28\nG1 X10 Y20 Z0.3 F3000\nG1 X50 Y20 E2.5 F1500\n"

/* Alarms within fractions of a second, and lets the scripted printer change at once. */
static struct profile quick_profile(void)
{
    struct profile p = bench_profile;
    p.limits.max_bed_mc = 250000; /* the scripted printer's heaters are all as warm */
    for (int i = 0; i < THERMAL_KINDS; i++) {
        p.thermal[i] = (struct thermal_limits){
            .fall_ms = 300, .rise_ms = 300, .stuck_ms = 60000, .rate_mc_s = 1000000};
    }
    return p;
}

static struct profile quick;

/* A report that comes by itself. */
static void tell(struct bench *b, int actual)
{
    b->printer.actual = actual;
    report(&b->printer, "", "");
    RUN_UNTIL(b, status(b).heater[0].actual_mc == actual * 1000);
}

static void wait_ms(struct bench *b, uint64_t ms)
{
    uint64_t start = clock_ms(); /* the housekeeping timer turns the loop */
    RUN_UNTIL(b, clock_ms() - start > ms);
}

static struct bench *printing_hot(const char *text, const char *command)
{
    quick = quick_profile();
    struct bench *b = connected(&quick);
    b->printer.stuck_at = command;
    b->printer.emergency_parser = true;
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    tell(b, 200);
    return b;
}

static void has_failed(struct bench *b, const char *why)
{
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_FAILURE);
    assert_non_null(strstr(b->run.reason, why));
}

/* ---- the watch ---- */

static void a_heater_that_dies_ends_the_print_and_everything_goes_off(void **state)
{
    (void)state;
    struct bench *b = printing_hot(HOT MOVE, "G1 X50");
    tell(b, 100);
    wait_ms(b, 400);
    go_on(&b->printer);
    tell(b, 99);
    has_failed(b, "tool0 fell to 99.0");
    assert_true(b->run.fault);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_true(cold(b));
    assert_int_equal(heard(b, 0, "M112"), 0);
    assert_non_null(strstr(b->notice, "tool0 fell"));
    finish(b);
}

static void a_heater_that_dies_in_a_pause_ends_the_print_too(void **state)
{
    (void)state;
    quick = quick_profile();
    struct bench *b = connected(&quick);
    print(b, HOT MOVE "M0\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    tell(b, 200);
    tell(b, 100);
    wait_ms(b, 400);
    tell(b, 99);
    has_failed(b, "tool0 fell");
    assert_true(cold(b));
    finish(b);
}

static void a_heater_that_does_not_get_warm_with_no_print_goes_off(void **state)
{
    (void)state;
    quick = quick_profile();
    struct bench *b = connected(&quick);
    assert_int_equal(device_set_temp(b->device, "tool0", 200000, &refused), 0);
    RUN_UNTIL(b, !cold(b));
    tell(b, 30);
    wait_ms(b, 400);
    tell(b, 31);
    RUN_UNTIL(b, cold(b));
    assert_non_null(strstr(b->notice, "does not get warmer"));
    assert_int_equal(status(b).state, PRINTER_OPERATIONAL);
    finish(b);
}

/* It cannot: its firmware waits for a temperature that never comes. */
static void a_printer_that_does_not_turn_its_heaters_off_is_stopped(void **state)
{
    (void)state;
    quick = quick_profile();
    struct bench *b = connected(&quick);
    b->printer.stuck_at = "M109";
    print(b, "M109 S200\n" MOVE);
    RUN_UNTIL(b, b->printer.stuck);
    tell(b, 30);
    wait_ms(b, 400);
    tell(b, 31);
    UNTIL_STATE(b, PRINTER_CANCELLING);
    tell(b, 32);
    assert_int_equal(status(b).state, PRINTER_CANCELLING);
    b->device->heat.thermal.off_ms -= 21000;
    b->printer.actual = 33;
    report(&b->printer, "", "");
    UNTIL_STATE(b, PRINTER_ERROR);
    assert_non_null(strstr(status(b).error, "still heats to 200"));
    RUN_UNTIL(b, heard(b, 0, "M112") == 6); /* bare and numbered, three times */
    assert_true(cold(b));
    has_failed(b, "was turned off");
    finish(b);
}

static void a_printer_that_tells_no_temperatures_any_more_is_asked_and_then_stopped(void **state)
{
    (void)state;
    struct bench *b = printing_hot(HOT MOVE, "G1 X50");
    struct thermal *t = &b->device->heat.thermal;
    t->report_ms -= 25000;
    RUN_UNTIL(b, b->device->heat.asked);
    go_on(&b->printer); /* answered: all is well */
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    finish(b);
    b = printing_hot(HOT MOVE, "G1 X50");
    t = &b->device->heat.thermal;
    t->report_ms -= 25000;
    t->unanswered = 3;
    RUN_UNTIL(b, status(b).state == PRINTER_CANCELLING);
    go_on(&b->printer);
    has_failed(b, "no temperatures");
    finish(b);
}

static void tuning_a_regulator_is_left_alone(void **state)
{
    (void)state;
    quick = quick_profile();
    struct bench *b = connected(&quick);
    say(&b->printer, "PID Autotune start\n");
    for (int i = 0; i < 3; i++) {
        tell(b, 200 + i);
        b->device->heat.thermal.heater[0].target_ms -= 100000;
        tell(b, 150 + i);
        tell(b, 230 + i);
        tell(b, 231 + i);
    }
    size_t notices = b->notices;
    say(&b->printer, "PID Autotune finished! Put the last Kp, Ki and Kd constants from below\n");
    RUN_UNTIL(b, b->device->heat.tuning_ms == 0);
    assert_int_equal(b->notices, notices);
    finish(b);
}

/* ---- what the printer says of itself ---- */

static void a_printer_that_tells_of_a_runaway_gets_m112_and_heaters_off(void **state)
{
    (void)state;
    struct bench *b = printing_hot(HOT MOVE, "G1 X50");
    say(&b->printer, "Error:Thermal Runaway, system stopped! Heater_ID: 0\n");
    RUN_UNTIL(b, heard(b, 0, "M112") == 6);
    UNTIL_STATE(b, PRINTER_ERROR);
    assert_non_null(strstr(status(b).error, "Thermal Runaway"));
    RUN_UNTIL(b, status(b).link.port[0] == '\0');
    assert_true(cold(b));
    has_failed(b, "Thermal Runaway");
    assert_true(b->run.fault);
    finish(b);
}

static void a_dead_printer_is_told_nothing_more(void **state)
{
    (void)state;
    struct bench *b = printing_hot(HOT MOVE, "G1 X50");
    say(&b->printer, "Error:Printer halted. kill() called!\n");
    UNTIL_STATE(b, PRINTER_ERROR);
    RUN_UNTIL(b, status(b).link.port[0] == '\0');
    assert_int_equal(heard(b, 0, "M112"), 0);
    has_failed(b, "");
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    b->printer.owed = 0;
    assert_int_equal(device_connect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

static void an_error_of_klipper_cancels_the_print_and_nothing_else(void **state)
{
    (void)state;
    struct bench *b = printing_hot(HOT MOVE, "G1 X50");
    say(&b->printer, "!! Move out of range: 400.000 10.000 0.000 [0.000]\n");
    UNTIL_STATE(b, PRINTER_CANCELLING);
    go_on(&b->printer);
    has_failed(b, "Move out of range");
    assert_false(b->run.fault);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_true(cold(b));
    assert_int_equal(heard(b, 0, "M112"), 0);
    finish(b);
}

/* Marlin with a passcode acknowledges every line and carries out none, heaters off neither. */
static void a_locked_printer_is_printed_to_no_longer_and_stopped_if_it_heats_on(void **state)
{
    (void)state;
    struct bench *b = printing_hot(HOT MOVE, "G1 X50");
    b->printer.locked = true;
    say(&b->printer, "echo:Printer locked! (Unlock with M511 or LCD)\n");
    UNTIL_STATE(b, PRINTER_CANCELLING);
    go_on(&b->printer);
    has_failed(b, "the printer is locked");
    assert_true(b->run.fault);
    assert_string_equal(status(b).last.reason, b->run.reason);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    b->device->heat.thermal.off_ms -= 21000;
    report(&b->printer, "", "");
    RUN_UNTIL(b, heard(b, 0, "M112") == 6);
    UNTIL_STATE(b, PRINTER_ERROR);
    finish(b);
}

/* Its ok to M104 S0 says nothing; it is told again until it has been unlocked. */
static void what_a_locked_printer_acknowledges_is_still_owed(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    device_cool_owe(b->device);
    b->device->heat.again_ms = clock_ms(); /* not told again at once */
    say(&b->printer, "echo:Printer locked! (Unlock with M511 or LCD)\n");
    RUN_UNTIL(b, strstr(b->notice, "M511") != NULL);
    device_cool_paid(b->device);
    assert_true(b->device->heat.owed);
    b->device->heat.again_ms = 0;
    size_t from = b->printer.heard_count;
    RUN_UNTIL(b, !b->device->heat.owed);
    assert_int_equal(heard(b, from, "M104 S0"), 1);
    finish(b);
}

static void a_printer_that_answers_nothing_any_more_is_stopped(void **state)
{
    (void)state;
    static const char why[] = "the printer does not answer any more";
    struct bench *b = printing_hot(HOT MOVE, "G1 X50");
    device_on_note(
        b->device, &(struct stream_note){.kind = NOTE_LOST, .text = why, .len = sizeof why - 1});
    RUN_UNTIL(b, heard(b, 0, "M112") == 6 && cold(b));
    has_failed(b, why);
    assert_true(b->run.fault);
    UNTIL_STATE(b, PRINTER_ERROR);
    assert_non_null(strstr(status(b).error, "whether its heaters are off"));
    finish(b);
}

/* ---- pauses ---- */

static struct bench *paused(int64_t off_ms, int64_t bed_off_ms)
{
    struct bench *b = connected(&bench_profile);
    device_set_pause_off(b->device, off_ms, bed_off_ms);
    print(b, HOT MOVE "M0\nG1 X60 E3\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    report(&b->printer, "", "");
    return b;
}

static void a_long_pause_cools_the_hotend_and_a_resume_heats_it_before_it_moves(void **state)
{
    (void)state;
    struct bench *b = paused(700, 0);
    RUN_UNTIL(b, b->printer.tool_target[0] == 0);
    assert_int_equal(b->printer.bed_target, 60);
    RUN_UNTIL(b, strstr(b->notice, "heated again on resume") != NULL);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    static const char wanted[] = "M104 S200 | M109 S200 | G90 | G1 X50.000 Y20.000 F6000";
    assert_memory_equal(transcript(b, from), wanted, sizeof wanted - 1);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    finish(b);
}

static void a_very_long_pause_cools_the_bed_too(void **state)
{
    (void)state;
    struct bench *b = paused(600, 1200);
    RUN_UNTIL(b, cold(b));
    RUN_UNTIL(b, strstr(b->notice, "whether the part still holds") != NULL);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    static const char wanted[] = "M140 S60 | M104 S200 | M190 S60 | M109 S200 | G90";
    assert_memory_equal(transcript(b, from), wanted, sizeof wanted - 1);
    finish(b);
}

static void what_a_person_sets_in_a_pause_holds(void **state)
{
    (void)state;
    struct bench *b = paused(600, 0);
    RUN_UNTIL(b, b->printer.tool_target[0] == 0);
    device_set_pause_off(b->device, 0, 0); /* 600 ms are over before it is told */
    assert_int_equal(device_set_temp(b->device, "tool0", 215000, &refused), 0);
    RUN_UNTIL(b, status(b).heater[0].target_mc == 215000);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, from, "M109 S215"), 1);
    assert_int_equal(heard(b, from, "M109 S200"), 0);
    finish(b);
}

static void a_short_pause_changes_no_temperature(void **state)
{
    (void)state;
    struct bench *b = paused(60000, 60000);
    wait_ms(b, 1200);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, from, "M104") + heard(b, from, "M109"), 0);
    finish(b);
}

static void a_print_cancelled_in_a_cooled_pause_is_not_heated_again(void **state)
{
    (void)state;
    struct bench *b = paused(600, 0);
    RUN_UNTIL(b, b->printer.tool_target[0] == 0);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_true(cold(b));
    wait_ms(b, 600);
    print(b, MOVE "M0\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 4);
    assert_int_equal(heard(b, 0, "M109"), 0);
    finish(b);
}

/* ---- what is owed ---- */

/* The printer is hot and the cable is pulled. */
static struct bench *lost_while_hot(void)
{
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_set_temp(b->device, "tool0", 200000, &refused), 0);
    assert_int_equal(device_set_temp(b->device, "bed", 60000, &refused), 0);
    RUN_UNTIL(b, b->printer.tool_target[0] == 200 && b->printer.bed_target == 60);
    unplug(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    return b;
}

static void heaters_left_on_by_a_lost_port_go_off_after_a_stop_in_between(void **state)
{
    (void)state;
    struct bench *b = lost_while_hot();
    shut(b);
    plug_in(b);
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

static void a_printer_that_is_silent_meanwhile_is_not_forgotten(void **state)
{
    (void)state;
    struct bench *b = lost_while_hot();
    shut(b);
    b->printer.mute = true;
    plug_in(b);
    open_device(b);
    wait_ms(b, 300);
    device_close(b->device, false, on_device_closed, b); /* in good order */
    device_finish_closing(b->device);                    /* without waiting for its deadline */
    RUN_UNTIL(b, b->closed);
    shut(b);
    b->printer.mute = false;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

/* Only what was acknowledged is done. */
static void an_order_that_was_not_acknowledged_is_given_again(void **state)
{
    (void)state;
    struct bench *b = lost_while_hot();
    plug_in(b);
    b->printer.stuck_at = "M104 S0";
    RUN_UNTIL(b, b->printer.stuck);
    b->printer.tool_target[0] = 200; /* as if it had not heard it */
    unplug(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    shut(b);
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    b->printer.owed = 0;
    plug_in(b);
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

static void what_is_paid_is_paid(void **state)
{
    (void)state;
    struct bench *b = lost_while_hot();
    plug_in(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b) && !b->device->heat.owed);
    shut(b);
    size_t from = b->printer.heard_count;
    b->printer.tool_target[0] = 150; /* by the printer's own buttons */
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    wait_ms(b, 600);
    assert_int_equal(heard(b, from, "M104"), 0);
    assert_int_equal(b->printer.tool_target[0], 150);
    finish(b);
}

static void after_an_emergency_stop_the_heaters_go_off_once_more(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_estop(b->device, &refused), 0);
    RUN_UNTIL(b, status(b).link.port[0] == '\0');
    b->printer.tool_target[0] = 200; /* it did not know M112, and somebody turned it on */
    assert_int_equal(device_connect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

/* ---- the disk ---- */

static void a_file_that_cannot_be_read_any_more_ends_the_print_cold(void **state)
{
    (void)state;
    char path[512];
    struct bench *b = connected(&bench_profile);
    size_t room = 600000; /* more than is read ahead */
    char *text = mem_alloc(room);
    size_t len = (size_t)snprintf(text, room, "%s", HOT MOVE);
    while (len < room - 40) {
        len += (size_t)snprintf(text + len, room - len, "G1 X%zu.5 E%zu\n", 50 + len % 100, len);
    }
    b->printer.stuck_at = "G1 X50";
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    files_path(b->files, b->device->run.sha256, path, sizeof path);
    chmod(path, 0600);
    assert_int_equal(truncate(path, 20000), 0);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_FAILURE);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_true(cold(b));
    free(text);
    finish(b);
}

/* Whatever is wrong with the disk: what cannot be recorded is not begun. */
static void forget_table(struct bench *b, const char *drop)
{
    sqlite3 *sql;
    assert_int_equal(sqlite3_open_v2(b->db, &sql, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(sql, 5000);
    assert_int_equal(sqlite3_exec(sql, drop, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
}

static int results(struct bench *b, const char *result)
{
    sqlite3 *sql;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open_v2(b->db, &sql, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_prepare_v2(sql, "SELECT count(*) FROM runs WHERE result = ?", -1, &q, NULL);
    sqlite3_bind_text(q, 1, result, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int count = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(sql);
    return count;
}

static void the_end_of_a_print_is_in_the_history_as_soon_as_the_disk_takes_it(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    b->printer.stuck_at = "G1 X50";
    print(b, HOT MOVE "G1 X50 E5\n");
    RUN_UNTIL(b, b->printer.stuck);
    forget_table(
        b, "CREATE TRIGGER full BEFORE INSERT ON runs BEGIN SELECT RAISE(FAIL, 'full'); END");
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2 && b->device->ended != NULL);
    assert_int_equal(results(b, "open"), 1);
    device_ended_tick(b->device, UINT64_MAX); /* still full */
    RUN_UNTIL(b, b->device->ended != NULL);
    assert_int_equal(results(b, "open"), 1);
    forget_table(b, "DROP TRIGGER full");
    device_ended_tick(b->device, 0); /* not yet */
    device_ended_tick(b->device, UINT64_MAX);
    RUN_UNTIL(b, b->device->runs_ending == 0);
    assert_int_equal(results(b, "open"), 0);
    assert_int_equal(results(b, "success"), 1);
    finish(b);
}

static void a_bed_that_cannot_be_recorded_ends_the_print_cold(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode", HOT MOVE);
    b->device->row.bed = BED_CLEAR;
    b->printer.stuck_at = "M104 S200";
    bool waits;
    assert_int_equal(device_print(b->device, "part.gcode", true, &waits, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    forget_table(b, "DROP TABLE printer");
    go_on(&b->printer);
    has_failed(b, "printer");
    assert_false(b->run.fault);
    assert_int_equal(heard(b, 0, "G1 X10"), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_true(cold(b));
    finish(b);
}

static void a_print_that_cannot_be_recorded_does_not_begin(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    forget_table(b, "DROP TABLE runs");
    print(b, HOT MOVE);
    has_failed(b, "runs");
    assert_int_equal(status(b).state, PRINTER_OPERATIONAL);
    assert_int_equal(heard(b, 0, "M104 S200"), 0);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heater_that_dies_ends_the_print_and_everything_goes_off),
        cmocka_unit_test(a_heater_that_dies_in_a_pause_ends_the_print_too),
        cmocka_unit_test(a_heater_that_does_not_get_warm_with_no_print_goes_off),
        cmocka_unit_test(a_printer_that_does_not_turn_its_heaters_off_is_stopped),
        cmocka_unit_test(a_printer_that_tells_no_temperatures_any_more_is_asked_and_then_stopped),
        cmocka_unit_test(tuning_a_regulator_is_left_alone),
        cmocka_unit_test(a_printer_that_tells_of_a_runaway_gets_m112_and_heaters_off),
        cmocka_unit_test(a_dead_printer_is_told_nothing_more),
        cmocka_unit_test(an_error_of_klipper_cancels_the_print_and_nothing_else),
        cmocka_unit_test(a_locked_printer_is_printed_to_no_longer_and_stopped_if_it_heats_on),
        cmocka_unit_test(what_a_locked_printer_acknowledges_is_still_owed),
        cmocka_unit_test(a_printer_that_answers_nothing_any_more_is_stopped),
        cmocka_unit_test(a_long_pause_cools_the_hotend_and_a_resume_heats_it_before_it_moves),
        cmocka_unit_test(a_very_long_pause_cools_the_bed_too),
        cmocka_unit_test(what_a_person_sets_in_a_pause_holds),
        cmocka_unit_test(a_short_pause_changes_no_temperature),
        cmocka_unit_test(a_print_cancelled_in_a_cooled_pause_is_not_heated_again),
        cmocka_unit_test(heaters_left_on_by_a_lost_port_go_off_after_a_stop_in_between),
        cmocka_unit_test(a_printer_that_is_silent_meanwhile_is_not_forgotten),
        cmocka_unit_test(an_order_that_was_not_acknowledged_is_given_again),
        cmocka_unit_test(what_is_paid_is_paid),
        cmocka_unit_test(after_an_emergency_stop_the_heaters_go_off_once_more),
        cmocka_unit_test(the_end_of_a_print_is_in_the_history_as_soon_as_the_disk_takes_it),
        cmocka_unit_test(a_file_that_cannot_be_read_any_more_ends_the_print_cold),
        cmocka_unit_test(a_bed_that_cannot_be_recorded_ends_the_print_cold),
        cmocka_unit_test(a_print_that_cannot_be_recorded_does_not_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
