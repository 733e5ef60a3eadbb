// link: ppapp
#include "tests/unit/device_bench.h"

#include <sys/socket.h>
#include <sys/un.h>

#define HOT  "M140 S60\nM104 S200\n"
#define MOVE "G28\nG1 X10 Y20 Z0.3 F3000\nG1 X50 Y20 E2.5 F1500\n"

static struct bench *printing_at(const char *text, const char *command)
{
    struct bench *b = connected(&bench_profile);
    b->printer.stuck_at = command;
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    return b;
}

static void has_ended(struct bench *b, enum run_result result)
{
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, result);
    assert_string_equal(status(b).job.run_id, "");
}

/* ---- trouble ---- */

/* Before anything was extruded there is nothing to go on with. */
static void a_port_that_is_away_for_long_interrupts_the_print_and_is_cooled_when_it_is_back(
    void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE "G1 X60 E3\n", "G1 X50");
    device_set_resume_within(b->device, 500);
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    unplug(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    has_ended(b, RUN_INTERRUPTED);
    assert_false(cold(b));
    b->printer.owed = 0;
    plug_in(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    finish(b);
}

static void a_printer_that_restarts_before_it_extruded_ends_the_print(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE "G1 X60 E3\n", "G1 X50");
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    say(&b->printer, "start\n");
    has_ended(b, RUN_INTERRUPTED);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(heard(b, 0, "G1 X60"), 0);
    finish(b);
}

static void a_printer_that_kills_itself_is_an_error_until_a_person_connects(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE, "G1 X50");
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    say(&b->printer, "Error:Printer halted. kill() called!\n");
    has_ended(b, RUN_FAILURE);
    assert_int_equal(status(b).state, PRINTER_ERROR);
    assert_non_null(strstr(status(b).error, "kill()"));
    RUN_UNTIL(b, status(b).link.port[0] == '\0');
    assert_int_equal(device_connect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

/* ---- emergency stop ---- */

static void stops(struct bench *b)
{
    assert_int_equal(device_estop(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_ERROR);
    RUN_UNTIL(b, heard(b, 0, "M112") > 0 && cold(b));
    RUN_UNTIL(b, status(b).link.port[0] == '\0');
    assert_int_equal(device_estop(b->device, &refused), 0); /* again: it has been done */
    if (b->runs > 0) {
        assert_int_equal(b->run.result, RUN_ABORTED);
        assert_int_equal(b->runs, 2);
    }
    finish(b);
}

/* Whoever answers it later might not know of the stop. */
static void a_print_that_waits_for_an_answer_is_dropped_by_an_emergency_stop(void **state)
{
    (void)state;
    bool waits = false;
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode", PART);
    assert_int_equal(device_print(b->device, "part.gcode", false, &waits, &refused), 0);
    assert_true(waits);
    assert_int_equal(status(b).questions, 1);
    assert_int_equal(device_estop(b->device, &refused), 0);
    assert_int_equal(status(b).questions, 0);
    assert_string_equal(status(b).waiting_for, "");
    UNTIL_STATE(b, PRINTER_ERROR);
    finish(b);
}

static void an_emergency_stop_works_while_idle(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_set_temp(b->device, "tool0", 200000, &refused), 0);
    RUN_UNTIL(b, !cold(b));
    stops(b);
}

static void an_emergency_stop_works_while_connecting(void **state)
{
    (void)state;
    struct bench *b = make_bench(&bench_profile);
    b->printer.mute = true;
    open_device(b);
    stops(b);
}

static void an_emergency_stop_works_while_a_print_starts(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    print(b, HOT MOVE);
    stops(b);
}

static void an_emergency_stop_works_while_printing(void **state)
{
    (void)state;
    stops(printing_at(HOT MOVE, "G1 X50"));
}

static void an_emergency_stop_works_while_pausing(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE, "G1 X50");
    device_pause(b->device, &refused);
    stops(b);
}

static void an_emergency_stop_works_while_paused(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    print(b, HOT MOVE "M0\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    stops(b);
}

static void an_emergency_stop_works_while_cancelling(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE, "G1 X50");
    device_cancel(b->device, &refused);
    stops(b);
}

static void an_emergency_stop_works_while_finishing(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE, "M400");
    stops(b);
}

/* Nothing could be sent, whoever asked first. */
static void an_emergency_stop_without_a_port_is_not_said_to_be_done(void **state)
{
    (void)state;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct bench *b = make_bench(&bench_profile);
    snprintf(to.sun_path, sizeof to.sun_path, "%s/estop", b->dir);
    b->options.estop_path = to.sun_path;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(device_disconnect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    size_t notices = b->notices;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(sendto(fd, "M112", 4, 0, (struct sockaddr *)&to, sizeof to), 4);
    close(fd);
    RUN_UNTIL(b, b->notices > notices);
    assert_int_equal(device_estop(b->device, &refused), -PP_EOFFLINE);
    assert_int_equal(status(b).state, PRINTER_OFFLINE);
    finish(b);
}

/* ---- heaters with no print ---- */

static void heaters_left_on_go_off_by_themselves(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    device_set_heaters_off(b->device, 700);
    assert_int_equal(device_set_temp(b->device, "tool0", 200000, &refused), 0);
    assert_int_equal(device_set_temp(b->device, "bed", 60000, &refused), 0);
    RUN_UNTIL(b, !cold(b));
    RUN_UNTIL(b, cold(b));
    assert_non_null(strstr(b->notice, "turned off"));
    finish(b);
}

static void heaters_of_a_printer_that_tells_no_targets_go_off_too(void **state)
{
    (void)state;
    struct bench *b = make_bench(&bench_profile);
    b->printer.targets_untold = true;
    b->printer.actual = 180;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    device_set_heaters_off(b->device, 700);
    assert_int_equal(device_set_temp(b->device, "tool0", 200000, &refused), 0);
    RUN_UNTIL(b, !cold(b));
    RUN_UNTIL(b, cold(b));
    finish(b);
}

static void every_heater_the_printer_reports_is_turned_off(void **state)
{
    (void)state;
    struct bench *b = make_bench(NULL);
    b->printer.tools = 2;
    b->printer.chamber = true;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    device_set_heaters_off(b->device, 700);
    device_send(b->device, "M104 T1 S200", &refused);
    device_send(b->device, "M141 S50", &refused);
    RUN_UNTIL(b, b->printer.tool_target[1] == 200 && b->printer.chamber_target == 50);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

/* The host died in a print: what the printer heats is known once it has reported. */
static void after_a_host_that_died_printing_every_heater_is_turned_off(void **state)
{
    (void)state;
    struct bench *b = make_bench(&bench_profile);
    struct run run = {.id = "00000000-0000-7000-8000-000000000000",
        .file_name = "part.gcode",
        .sha256 = "0000000000000000000000000000000000000000000000000000000000000000",
        .start_ms = 1};
    b->printer.tools = 2;
    b->printer.chamber = true;
    b->printer.tool_target[1] = 200;
    b->printer.bed_target = 60;
    b->printer.chamber_target = 50;
    assert_int_equal(store_open(&b->store, &b->loop, b->db, NULL), 0);
    store_save_run(b->store, &run, NULL, NULL);
    close_store(b);
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_port_that_is_away_for_long_interrupts_the_print_and_is_cooled_when_it_is_back),
        cmocka_unit_test(a_printer_that_restarts_before_it_extruded_ends_the_print),
        cmocka_unit_test(a_printer_that_kills_itself_is_an_error_until_a_person_connects),
        cmocka_unit_test(a_print_that_waits_for_an_answer_is_dropped_by_an_emergency_stop),
        cmocka_unit_test(an_emergency_stop_works_while_idle),
        cmocka_unit_test(an_emergency_stop_works_while_connecting),
        cmocka_unit_test(an_emergency_stop_works_while_a_print_starts),
        cmocka_unit_test(an_emergency_stop_works_while_printing),
        cmocka_unit_test(an_emergency_stop_works_while_pausing),
        cmocka_unit_test(an_emergency_stop_works_while_paused),
        cmocka_unit_test(an_emergency_stop_works_while_cancelling),
        cmocka_unit_test(an_emergency_stop_works_while_finishing),
        cmocka_unit_test(an_emergency_stop_without_a_port_is_not_said_to_be_done),
        cmocka_unit_test(heaters_left_on_go_off_by_themselves),
        cmocka_unit_test(heaters_of_a_printer_that_tells_no_targets_go_off_too),
        cmocka_unit_test(every_heater_the_printer_reports_is_turned_off),
        cmocka_unit_test(after_a_host_that_died_printing_every_heater_is_turned_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
