// link: ppapp
#include "host/app/device/device_priv.h"
#include "tests/unit/device_bench.h"

/* A print that goes on only because a person has said so. */

#define HOT   "M140 S60\nM104 S200\nM106 S128\n"
#define FIRST HOT "G28\nG1 X10 Y20 Z0.3 F3000\nG1 X50 Y20 E2.5 F1500\n"
#define REST  "G1 X60 Y20 E3\nG1 X70 Y20 E4\nG1 X80 Y20 E5\n"

static struct bench *printing_at(const char *text, const char *command, const struct profile *p)
{
    struct bench *b = make_bench(p);
    b->printer.counts = true;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    b->printer.stuck_at = command;
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    return b;
}

static void reset(struct bench *b)
{
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    b->printer.owed = 0;
    b->printer.last_n = 0;
    b->printer.tool_target[0] = b->printer.bed_target = 0;
    say(&b->printer, "start\n");
}

static struct bench *offered(const char *text, const char *command, const struct profile *p)
{
    struct bench *b = printing_at(text, command, p);
    reset(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    RUN_UNTIL(b, status(b).questions == 1 && !b->device->heat.owed);
    return b;
}

static void nothing_moves_or_heats_before_the_answer(void **state)
{
    (void)state;
    struct bench *b = printing_at(FIRST REST, "G1 X60", &bench_profile);
    size_t from = b->printer.heard_count;
    reset(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    RUN_UNTIL(b, status(b).questions == 1);
    struct device_status s = status(b);
    assert_non_null(strstr(s.question[0].text, "\"part.gcode\""));
    assert_non_null(strstr(s.question[0].text, "Z=0.30"));
    assert_non_null(strstr(s.question[0].text, "X50.0 Y20.0"));
    RUN_UNTIL(b, heard(b, from, "M140 S0") == 1);
    assert_int_equal(heard(b, from, "G"), 0);
    assert_int_equal(heard(b, from, "M104 S2"), 0);
    assert_true(cold(b));
    finish(b);
}

static void yes_heats_homes_x_and_y_primes_and_goes_back(void **state)
{
    (void)state;
    struct bench *b = offered(FIRST REST, "G1 X60", &bench_profile);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_recover(b->device, &refused), 0);
    assert_int_equal(status(b).questions, 0);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    assert_string_equal(transcript(b, from),
        "M140 S60 | M104 S200 | M190 S60 | M109 S200 | "
        "G21 | G91 | G1 Z2.000 F600 | G90 | G28 X Y | M83 | G1 E10 F200 | M106 S128 | G90 | "
        "G1 X50.000 Y20.000 F6000 | G92 Z2.300 | G1 Z0.300 F600 | G92 E2.50000 | M82 | G1 F1500 | "
        "M75 | G1 X60 Y20 E3 | G1 X70 Y20 E4 | G1 X80 Y20 E5 | M77 | M400");
    assert_int_equal(b->run.lines, 9);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    finish(b);
}

static void the_status_tells_layer_and_height_before_the_answer_and_after(void **state)
{
    (void)state;
    struct bench *b = offered(FIRST REST, "G1 X60", &bench_profile);
    assert_string_equal(status(b).detail, "waiting for a person");
    assert_int_equal(status(b).job.z_um, 300);
    b->printer.stuck_at = "G1 X70";
    assert_int_equal(device_recover(b->device, &refused), 0);
    assert_string_equal(status(b).detail, "heating");
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(status(b).state, PRINTER_PRINTING);
    assert_int_equal(status(b).job.z_um, 300);
    go_on(&b->printer);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    finish(b);
}

static void a_run_that_is_ended_has_the_lines_it_had(void **state)
{
    (void)state;
    struct bench *b = offered(FIRST REST, "G1 X60", &bench_profile);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    RUN_UNTIL(b, b->run.result == RUN_INTERRUPTED);
    assert_in_range(b->run.lines, 5, 9);
    assert_string_equal(status(b).last.id, b->run.id);
    finish(b);
}

static void modes_and_offsets_of_the_file_come_back(void **state)
{
    (void)state;
    struct bench *b = offered(HOT "G28\nG1 X10 Y20 Z5\nG92 X0 Z1\nM83\nG91\nM220 S90\nM221 S95\n"
                                  "G1 X5 E1 F1200\nG1 X6 E1\nG1 X7 E1\n",
        "G1 X6", &bench_profile);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    const char *tail = strstr(transcript(b, from), "G28 X Y");
    assert_non_null(tail);
    assert_string_equal(tail,
        "G28 X Y | M83 | G1 E10 F200 | M106 S128 | M220 S90 | M221 S95 | G90 | "
        "G1 X15.000 Y20.000 F6000 | G92 Z7.000 | G1 Z5.000 F600 | G92 X5.000 | G92 Z1.000 | "
        "G92 E1.00000 | M83 | G1 F1200 | G91 | M83 | M75 | G1 X6 E1 | G1 X7 E1 | M77 | M400");
    finish(b);
}

static void a_bed_that_was_measured_is_compensated_again(void **state)
{
    (void)state;
    struct bench *b = offered(HOT "G28\nM420 S1\nG1 X10 Y20 Z5\nG1 X15 E1\nG1 X20 E2\nG1 X30 E3\n",
        "G1 X20", &bench_profile);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    assert_non_null(strstr(transcript(b, from), "G28 X Y | M420 S1 | "));
    finish(b);
}

static void the_lift_stays_below_the_top(void **state)
{
    (void)state;
    struct bench *b = offered(
        HOT "G28\nG1 X10 Y20 Z199.5\nG1 X15 E1\nG1 X20 E2\nG1 X30 E3\n", "G1 X20", &bench_profile);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, heard(b, from, "G92 Z200.000") == 1);
    assert_int_equal(heard(b, from, "G1 Z0.500 F600"), 1);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    finish(b);
}

static void it_is_offered_again_when_it_was_cut_off_while_heating(void **state)
{
    (void)state;
    struct bench *b = offered(FIRST REST, "G1 X60", &bench_profile);
    b->printer.stuck_at = "M109";
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    reset(b);
    RUN_UNTIL(b, status(b).questions == 1);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    assert_int_equal(heard(b, 0, "G1 X70 Y20"), 1);
    finish(b);
}

/* It has been lifted, and how far nobody knows. */
static void it_is_over_when_it_was_cut_off_while_going_back(void **state)
{
    (void)state;
    struct bench *b = offered(FIRST REST, "G1 X60", &bench_profile);
    b->printer.stuck_at = "G28 X Y";
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    reset(b);
    RUN_UNTIL(b, b->run.result == RUN_INTERRUPTED);
    assert_non_null(strstr(b->run.reason, "height"));
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(status(b).questions, 0);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

static void it_can_be_cancelled_while_heating(void **state)
{
    (void)state;
    struct bench *b = offered(FIRST REST, "G1 X60", &bench_profile);
    b->printer.stuck_at = "M109";
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    RUN_UNTIL(b, b->run.result == RUN_CANCELLED);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(heard(b, 0, "G28 X"), 0);
    finish(b);
}

static void refuses(const struct profile *p, const char *why)
{
    struct bench *b = offered(FIRST REST, "G1 X60", p);
    assert_int_equal(device_recover(b->device, &refused), -PP_EREFUSED);
    assert_non_null(strstr(refused.text, why));
    assert_int_equal(device_confirm(b->device, "", "yes", &refused), 0);
    assert_int_equal(status(b).questions, 1); /* asked anew */
    assert_non_null(strstr(b->notice, why));
    assert_int_equal(device_cancel(b->device, &refused), 0);
    assert_int_equal(b->run.result, RUN_INTERRUPTED);
    assert_int_equal(heard(b, 0, "G28 X"), 0);
    finish(b);
}

static void where_x_and_y_cannot_be_homed_alone_it_is_refused(void **state)
{
    (void)state;
    struct profile round = bench_profile;
    round.limits.round = true;
    refuses(&round, "round bed");
    refuses(NULL, "without a profile");
}

static void a_file_that_never_homed_is_not_gone_on_with(void **state)
{
    (void)state;
    struct bench *b = printing_at(
        HOT "G91\nG1 X10 Y20 Z1\nG1 X5 E1\nG1 X6 E1\nG1 X7 E1\n", "G1 X6", &bench_profile);
    reset(b);
    RUN_UNTIL(b, b->run.result == RUN_INTERRUPTED);
    assert_non_null(strstr(b->run.reason, "position is not known"));
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(status(b).questions, 0);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

/* Homing Y would drive into the print, which lies where Y ends. */
static void on_a_belt_nothing_is_offered(void **state)
{
    (void)state;
    struct profile belt = bench_profile;
    belt.belt = true;
    struct bench *b = printing_at(FIRST REST, "G1 X60", &belt);
    size_t from = b->printer.heard_count;
    reset(b);
    RUN_UNTIL(b, b->run.result == RUN_INTERRUPTED);
    assert_non_null(strstr(b->run.reason, "belt"));
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(status(b).questions, 0);
    assert_int_equal(heard(b, from, "G"), 0);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

static void a_printer_that_has_become_a_belt_does_not_go_on(void **state)
{
    (void)state;
    struct profile belt = bench_profile;
    belt.belt = true;
    struct bench *b = offered(FIRST REST, "G1 X60", &bench_profile);
    device_set_profile(b->device, &belt);
    assert_int_equal(device_recover(b->device, &refused), -PP_EREFUSED);
    assert_non_null(strstr(refused.text, "belt"));
    finish(b);
}

static void nothing_else_is_printed_meanwhile(void **state)
{
    (void)state;
    bool waits;
    struct bench *b = offered(FIRST REST, "G1 X60", &bench_profile);
    assert_int_equal(device_print(b->device, "part.gcode", true, &waits, &refused), -PP_ESTATE);
    assert_non_null(strstr(refused.text, "ppctl recover"));
    assert_int_equal(device_confirm(b->device, "", "clear", &refused), -PP_ESTATE);
    assert_int_equal(device_resume(b->device, &refused), -PP_ESTATE);
    assert_int_equal(status(b).questions, 1);
    finish(b);
}

static void without_such_a_question_there_is_nothing_to_recover(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_recover(b->device, &refused), -PP_ESTATE);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_moves_or_heats_before_the_answer),
        cmocka_unit_test(yes_heats_homes_x_and_y_primes_and_goes_back),
        cmocka_unit_test(the_status_tells_layer_and_height_before_the_answer_and_after),
        cmocka_unit_test(a_run_that_is_ended_has_the_lines_it_had),
        cmocka_unit_test(modes_and_offsets_of_the_file_come_back),
        cmocka_unit_test(a_bed_that_was_measured_is_compensated_again),
        cmocka_unit_test(the_lift_stays_below_the_top),
        cmocka_unit_test(it_is_offered_again_when_it_was_cut_off_while_heating),
        cmocka_unit_test(it_is_over_when_it_was_cut_off_while_going_back),
        cmocka_unit_test(it_can_be_cancelled_while_heating),
        cmocka_unit_test(where_x_and_y_cannot_be_homed_alone_it_is_refused),
        cmocka_unit_test(a_file_that_never_homed_is_not_gone_on_with),
        cmocka_unit_test(on_a_belt_nothing_is_offered),
        cmocka_unit_test(a_printer_that_has_become_a_belt_does_not_go_on),
        cmocka_unit_test(nothing_else_is_printed_meanwhile),
        cmocka_unit_test(without_such_a_question_there_is_nothing_to_recover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
