// link: ppapp
#include "tests/unit/device_bench.h"

#include "host/base/clock.h"

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

static void closes_cold(struct bench *b)
{
    uint64_t start = clock_ms();
    shut(b);
    assert_in_range(clock_ms() - start, 0, 15500);
    assert_true(cold(b));
    if (b->runs > 0) {
        assert_int_equal(b->runs, 2);
    }
    finish(b);
}

static void closes_while_idle_and_heating(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_set_temp(b->device, "tool0", 200000, &refused), 0);
    RUN_UNTIL(b, status(b).heater[0].target_mc == 200000);
    closes_cold(b);
}

static void closes_at_once_after_a_heater_was_turned_on(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_set_temp(b->device, "tool0", 200000, &refused), 0);
    closes_cold(b);
}

static void closes_without_waiting_for_a_persons_own_m109(void **state)
{
    (void)state;
    struct bench *b = make_bench(&bench_profile);
    b->printer.emergency_parser = true;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    b->printer.stuck_at = "M109";
    assert_int_equal(device_send(b->device, "M109 S200", &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    say(&b->printer, "T:33.0 /200.0 B:20.0 /0.0 W:?\n");
    RUN_UNTIL(b, status(b).heater[0].actual_mc == 33000);
    uint64_t start = clock_ms();
    shut(b);
    assert_in_range(clock_ms() - start, 0, 3000);
    assert_int_equal(heard(b, 0, "M112"), 0);
    assert_true(cold(b));
    finish(b);
}

static void disconnects_cold_after_a_heater_was_turned_on(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_set_temp(b->device, "tool0", 200000, &refused), 0);
    assert_int_equal(device_disconnect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    settle(b);
    assert_true(cold(b));
    finish(b);
}

static void closes_while_reconnecting_after_a_lost_print(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE, "G1 X50");
    b->printer.counts = true;
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    b->printer.owed = 0;
    plug_in(b);
    RUN_UNTIL(b, status(b).link.port[0] != '\0');
    closes_cold(b);
}

static void closes_while_a_print_starts(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    print(b, HOT MOVE);
    closes_cold(b);
}

static void closes_while_printing(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    char text[4000] = HOT MOVE;
    for (int i = 0; i < 100; i++) {
        snprintf(text + strlen(text), 40, "G1 X%d E%d\n", 50 + i, 3 + i);
    }
    b->printer.stuck_at = "G1 X60";
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    go_on(&b->printer);
    closes_cold(b);
}

static void closes_at_the_very_last_line(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE, "M400");
    UNTIL_STATE(b, PRINTER_FINISHING);
    go_on(&b->printer);
    closes_cold(b);
}

/* The stop asks for a pause when only the acknowledgement of the last line is missing. */
static void closes_when_a_pause_meets_the_end(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE "M118 last\n", "M118");
    uint64_t start = clock_ms();
    device_close(b->device, false, on_device_closed, b);
    go_on(&b->printer);
    RUN_UNTIL(b, b->closed);
    assert_in_range(clock_ms() - start, 0, 5000); /* and not by its deadline */
    closes_cold(b);
}

static void closes_while_paused(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    print(b, HOT MOVE "M0\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    closes_cold(b);
}

static void closes_while_resuming_and_prints_nothing_more(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    print(b, HOT MOVE "M0\nG1 X60 E3\nG1 X70 E4\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    device_resume(b->device, &refused);
    size_t from = b->printer.heard_count;
    shut(b);
    assert_int_equal(heard(b, from, "G1 X60"), 0);
    assert_true(cold(b));
    finish(b);
}

static void closes_while_cancelling(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE, "G1 X50");
    device_cancel(b->device, &refused);
    go_on(&b->printer);
    closes_cold(b);
}

static void closes_within_its_time_when_the_printer_answers_nothing(void **state)
{
    (void)state;
    struct bench *b = printing_at(HOT MOVE, "G1 X50");
    b->impatient = true;
    closes_cold(b);
}

static void closes_while_offline_and_in_error_and_while_opening(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    device_disconnect(b->device, &refused);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    device_connect(b->device, &refused);
    shut(b); /* the port is being opened */
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    say(&b->printer, "Error:Printer halted. kill() called!\n");
    UNTIL_STATE(b, PRINTER_ERROR);
    shut(b);
    open_device(b); /* and at once */
    shut(b);
    finish(b);
}

static void a_disconnect_while_the_port_is_being_opened_holds(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    device_disconnect(b->device, &refused);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    device_connect(b->device, &refused);
    assert_int_equal(device_disconnect(b->device, &refused), 0);
    uint64_t start = clock_ms();
    RUN_UNTIL(b, clock_ms() - start > 600); /* its housekeeping timer turns the loop */
    assert_int_equal(status(b).state, PRINTER_OFFLINE);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_while_idle_and_heating),
        cmocka_unit_test(closes_at_once_after_a_heater_was_turned_on),
        cmocka_unit_test(closes_without_waiting_for_a_persons_own_m109),
        cmocka_unit_test(disconnects_cold_after_a_heater_was_turned_on),
        cmocka_unit_test(closes_while_reconnecting_after_a_lost_print),
        cmocka_unit_test(closes_while_a_print_starts),
        cmocka_unit_test(closes_while_printing),
        cmocka_unit_test(closes_at_the_very_last_line),
        cmocka_unit_test(closes_when_a_pause_meets_the_end),
        cmocka_unit_test(closes_while_paused),
        cmocka_unit_test(closes_while_resuming_and_prints_nothing_more),
        cmocka_unit_test(closes_while_cancelling),
        cmocka_unit_test(closes_within_its_time_when_the_printer_answers_nothing),
        cmocka_unit_test(closes_while_offline_and_in_error_and_while_opening),
        cmocka_unit_test(a_disconnect_while_the_port_is_being_opened_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
