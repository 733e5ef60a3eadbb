// link: ppapp
#include "tests/unit/device_bench.h"

#define BEFORE "G28\nG1 X10 Y20 Z0.3 F3000\nG1 X50 Y20 E2.5 F1500\n"

/* Starts `text` and waits until the printer holds `command` back. */
static struct bench *printing_at(const char *text, const char *command)
{
    struct bench *b = connected(&bench_profile);
    b->printer.stuck_at = command;
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    return b;
}

static struct bench *paused_by(const struct profile *profile, const char *text)
{
    struct bench *b = connected(profile);
    print(b, text);
    UNTIL_STATE(b, PRINTER_PAUSED);
    return b;
}

static void ends_well(struct bench *b)
{
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    finish(b);
}

/* ---- pause and resume ---- */

static void a_pause_in_the_file_parks_and_a_resume_restores_exactly(void **state)
{
    (void)state;
    struct bench *b = paused_by(&bench_profile, BEFORE "M0\nG1 X60 E3\n");
    assert_string_equal(transcript(b, 1), "M75 | G28 | G1 X10 Y20 Z0.3 F3000 | "
                                          "G1 X50 Y20 E2.5 F1500 | M76 | M400 | G1 X0 Y100 F6000");
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_string_equal(transcript(b, from),
        "G90 | G1 X50.000 Y20.000 F6000 | G1 Z0.300 F600 | G92 E2.50000 | M82 | G1 F1500 | M75 | "
        "G1 X60 E3 | M77 | M400");
    ends_well(b);
}

static void inches_and_relative_moves_are_restored_too(void **state)
{
    (void)state;
    struct profile p = bench_profile;
    p.pause_script = (char[]){"M83\nG1 E-2 F1800\nG1 X0 Y100 F6000"};
    struct bench *b = paused_by(
        &p, "G28\nG1 X10 Y20 Z0.3 F3000\nG20\nG91\nM83\nG1 X1 E0.1 F60\n@pause\nG1 X1 E0.1\n");
    assert_non_null(strstr(
        transcript(b, 0), "F60 | M76 | M400 | G21 | G90 | M83 | G1 E-2 F1800 | G1 X0 Y100 F6000"));
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_string_equal(transcript(b, from),
        "G90 | G1 X35.400 Y20.000 F6000 | G1 Z0.300 F600 | M83 | G1 E2.00000 F1800 | "
        "G92 E2.54000 | M83 | G1 F1524 | G91 | M83 | G20 | M75 | G1 X1 E0.1 | M77 | M400");
    ends_well(b);
}

static void a_pause_before_homing_does_not_move(void **state)
{
    (void)state;
    struct bench *b = paused_by(&bench_profile, "M104 S100\nM0\n" BEFORE "M104 S0\n");
    assert_string_equal(transcript(b, 1), "M75 | M104 S100 | M76 | M400");
    assert_non_null(strstr(b->notice, "not homed"));
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_string_equal(transcript(b, from),
        "M75 | G28 | G1 X10 Y20 Z0.3 F3000 | G1 X50 Y20 E2.5 F1500 | M104 S0 | M77 | M400");
    ends_well(b);
}

static void a_printer_without_a_profile_resumes_where_it_paused(void **state)
{
    (void)state;
    struct bench *b = paused_by(NULL, BEFORE "M0\nG1 X60 E3\n");
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_non_null(strstr(transcript(b, from), "| G1 X60 E3 |"));
    ends_well(b);
}

static void a_person_pauses_between_two_lines(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    assert_int_equal(device_resume(b->device, &refused), -PP_ESTATE);
    assert_int_equal(device_pause(b->device, &refused), 0);
    assert_int_equal(device_pause(b->device, &refused), -PP_ESTATE);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_int_equal(device_resume(b->device, &refused), 0);
    assert_int_equal(device_resume(b->device, &refused), -PP_ESTATE);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, 0, "G1 X60"), 1);
    ends_well(b);
}

static void a_pause_asked_at_the_very_last_line_does_not_lose_the_end(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "M118 last", "M118");
    assert_int_equal(device_pause(b->device, &refused), 0);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2 || status(b).state == PRINTER_PAUSED);
    if (b->runs == 1) {
        assert_int_equal(device_resume(b->device, &refused), 0);
    }
    ends_well(b);
}

static void the_printer_itself_may_pause_resume_and_cancel(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    say(&b->printer, "//action:resume\n//action:pause\n//action:pause\n");
    UNTIL_STATE(b, PRINTER_PAUSING);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_PAUSED);
    say(&b->printer, "//action:resume\n");
    RUN_UNTIL(b, b->runs == 2);
    print(b, BEFORE "M0\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    say(&b->printer, "//action:cancel\n//action:cancel\n");
    RUN_UNTIL(b, b->runs == 4);
    assert_int_equal(b->run.result, RUN_CANCELLED);
    assert_string_equal(b->run.reason, "cancelled at the printer");
    finish(b);
}

/* ---- cancel ---- */

static void is_cancelled(struct bench *b)
{
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_CANCELLED);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_true(cold(b));
    finish(b);
}

static void a_cancel_while_starting_sends_nothing_of_the_file(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    print(b, PART);
    assert_int_equal(status(b).state, PRINTER_STARTING);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, 0, "M104 S200"), 0);
    assert_int_equal(status(b).bed, BED_CLEAR);
    is_cancelled(b);
}

static void a_cancel_while_printing_parks_and_cools(void **state)
{
    (void)state;
    struct bench *b = printing_at(PART, "G1 X50 Y10");
    size_t from = b->printer.heard_count;
    assert_int_equal(device_cancel(b->device, &refused), 0);
    assert_int_equal(device_cancel(b->device, &refused), -PP_ESTATE);
    assert_int_equal(device_pause(b->device, &refused), -PP_ESTATE);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    const char *script = "M104 S0 | M140 S0 | M107 | G1 X0 Y190 F6000 | M77";
    const char *sent = transcript(b, from); /* behind what was in flight */
    assert_string_equal(strstr(sent, script) != NULL ? strstr(sent, script) : sent, script);
    is_cancelled(b);
}

static void a_cancel_while_pausing_is_obeyed(void **state)
{
    (void)state;
    struct bench *b = printing_at(PART, "G1 X50 Y10");
    assert_int_equal(device_pause(b->device, &refused), 0);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    is_cancelled(b);
}

static void a_cancel_while_paused_does_not_move_again(void **state)
{
    (void)state;
    struct bench *b = paused_by(&bench_profile, "M104 S200\n" BEFORE "M0\nG1 X60 E3\n");
    size_t from = b->printer.heard_count;
    assert_int_equal(device_cancel(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_string_equal(transcript(b, from), "M104 S0 | M140 S0 | M107 | M77");
    is_cancelled(b);
}

static void a_cancel_while_resuming_is_obeyed(void **state)
{
    (void)state;
    struct bench *b = paused_by(&bench_profile, "M104 S200\n" BEFORE "M0\nG1 X60 E3\n");
    b->printer.stuck_at = "G1 X50.000";
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, 0, "G1 X60"), 0);
    is_cancelled(b);
}

static void a_cancel_while_finishing_is_obeyed(void **state)
{
    (void)state;
    struct bench *b = printing_at("M104 S200\n" BEFORE, "M400");
    UNTIL_STATE(b, PRINTER_FINISHING);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    is_cancelled(b);
}

static void a_file_may_cancel_itself(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    print(b, "M104 S200\n" BEFORE "@cancel\nG1 X60 E3\n");
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, 0, "G1 X60"), 0);
    is_cancelled(b);
}

/* ---- heating ---- */

static void says_that_it_heats(struct bench *b)
{
    say(&b->printer, "T:33.0 /200.0 B:20.0 /0.0 W:?\n");
    RUN_UNTIL(b, status(b).heater[0].actual_mc == 33000);
}

static void a_cancel_while_heating_ends_the_wait(void **state)
{
    (void)state;
    struct bench *b = make_bench(&bench_profile);
    b->printer.emergency_parser = true;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    b->printer.stuck_at = "M109";
    print(b, "M109 S200\n" PART);
    RUN_UNTIL(b, b->printer.stuck);
    says_that_it_heats(b);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    RUN_UNTIL(b, heard(b, 0, "M108") == 1);
    is_cancelled(b);
}

static void a_cancel_before_the_printer_says_that_it_heats_ends_the_wait_too(void **state)
{
    (void)state;
    struct bench *b = make_bench(&bench_profile);
    b->printer.emergency_parser = true;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    b->printer.stuck_at = "M109";
    print(b, "M109 S200\n" PART);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    says_that_it_heats(b);
    RUN_UNTIL(b, heard(b, 0, "M108") > 0);
    is_cancelled(b);
}

static void without_an_emergency_parser_no_such_line_is_sent(void **state)
{
    (void)state;
    struct bench *b = printing_at("M109 S200\n" PART, "M109");
    says_that_it_heats(b);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, 0, "M108"), 0);
    is_cancelled(b);
}

/* ---- lines asked for again ---- */

static void a_set_up_line_asked_for_again_during_a_print_changes_nothing(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    say(&b->printer, "Error:Line Number is not Last Line Number+1, Last Line: 0\nResend: 1\n");
    go_on(&b->printer);
    ends_well(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_in_the_file_parks_and_a_resume_restores_exactly),
        cmocka_unit_test(inches_and_relative_moves_are_restored_too),
        cmocka_unit_test(a_pause_before_homing_does_not_move),
        cmocka_unit_test(a_printer_without_a_profile_resumes_where_it_paused),
        cmocka_unit_test(a_person_pauses_between_two_lines),
        cmocka_unit_test(a_pause_asked_at_the_very_last_line_does_not_lose_the_end),
        cmocka_unit_test(the_printer_itself_may_pause_resume_and_cancel),
        cmocka_unit_test(a_cancel_while_starting_sends_nothing_of_the_file),
        cmocka_unit_test(a_cancel_while_printing_parks_and_cools),
        cmocka_unit_test(a_cancel_while_pausing_is_obeyed),
        cmocka_unit_test(a_cancel_while_paused_does_not_move_again),
        cmocka_unit_test(a_cancel_while_resuming_is_obeyed),
        cmocka_unit_test(a_cancel_while_finishing_is_obeyed),
        cmocka_unit_test(a_file_may_cancel_itself),
        cmocka_unit_test(a_cancel_while_heating_ends_the_wait),
        cmocka_unit_test(a_cancel_before_the_printer_says_that_it_heats_ends_the_wait_too),
        cmocka_unit_test(without_an_emergency_parser_no_such_line_is_sent),
        cmocka_unit_test(a_set_up_line_asked_for_again_during_a_print_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
