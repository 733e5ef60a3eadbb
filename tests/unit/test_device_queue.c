// link: ppapp
/* What the queue wants of the device: prints that ask nothing, scripts, questions. */
#include "tests/unit/device_bench.h"

#define RUN_ID "01890000-0000-7000-8000-000000000001"

static const struct device_origin origin = {.run_id = RUN_ID,
    .queue = "local",
    .job_id = "j",
    .job_name = "Vase",
    .set_id = "s",
    .material = "PLA"};

struct script {
    const char *const *line; /* NULL ends */
    size_t at;
    size_t told;
    struct err err;
};

static const char *next_line_of(void *context)
{
    struct script *s = context;
    const char *line = s->line[s->at];
    s->at += line != NULL;
    return line;
}

static void on_script(void *context, const struct err *e)
{
    struct script *s = context;
    s->told++;
    s->err = e != NULL ? *e : (struct err){0};
}

static void run(struct bench *b, struct script *s)
{
    struct err e;
    if (device_script(b->device, "sweep", next_line_of, on_script, s, &e) != 0) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(s->told, 0);
}

static void clear_bed(struct bench *b)
{
    assert_int_equal(device_confirm(b->device, "", "clear", &refused), 0);
}

/* ---- prints ---- */

static void a_print_of_the_queue_carries_its_origin(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode", PART);
    clear_bed(b);
    assert_int_equal(device_print_run(b->device, "part.gcode", &origin, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    assert_string_equal(b->run.id, RUN_ID);
    assert_string_equal(b->run.printer, "bench");
    assert_string_equal(b->run.queue, "local");
    assert_string_equal(b->run.job_id, "j");
    assert_string_equal(b->run.job_name, "Vase");
    assert_string_equal(b->run.set_id, "s");
    assert_string_equal(b->run.material, "PLA");
    assert_int_equal(b->run.filament_um, 4000);
    assert_int_equal(b->run.used_um, 4000);
    finish(b);
}

static void a_print_of_the_queue_asks_nothing_and_passes_no_gate(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct device_origin other = origin;
    memset(other.sha256, 'a', 64);
    put_file(b, "part.gcode", PART);
    assert_int_equal(device_print_run(b->device, "part.gcode", &origin, &refused), -PP_ESTATE);
    assert_string_equal(refused.text, "the bed is not known to be clear");
    clear_bed(b);
    assert_int_equal(device_print_run(b->device, "part.gcode", &other, &refused), -PP_ENOTFOUND);
    assert_int_equal(device_print_run(b->device, "none.gcode", &origin, &refused), -PP_ENOTFOUND);
    put_file(b, "high.gcode", "G28\nM104 S300\nG1 X1 E1\n");
    assert_int_equal(device_print_run(b->device, "high.gcode", &origin, &refused), -PP_EREFUSED);
    b->device->who.identity_doubt = true;
    assert_int_equal(device_print_run(b->device, "part.gcode", &origin, &refused), -PP_ESTATE);
    assert_int_equal(status(b).questions, 0);
    assert_int_equal(b->runs, 0);
    finish(b);
}

static void content_is_found_under_another_name(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct device_origin o = origin;
    put_file(b, "old.gcode", PART);
    put_file(b, "part.gcode", "G28\nM104 S200\nG1 X1 Y1 E1\n");
    memcpy(o.sha256, files_find(b->files, "old.gcode")->row.sha256, sizeof o.sha256);
    clear_bed(b);
    assert_int_equal(device_print_run(b->device, "part.gcode", &o, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    assert_string_equal(b->run.sha256, o.sha256);
    assert_int_equal(heard(b, 0, "G1 X50 Y50 E4"), 1);
    finish(b);
}

/* Neither its name nor a job has it any more: the print needs it until it is over, if it is cut off
 * too. */
static void what_is_printed_stays_until_the_end_of_the_print(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    char sha256[65];
    put_file(b, "part.gcode", "G28\nM104 S200\nG1 X10 Y10 Z0.2 E2\nM400\nG1 X30 E3\n");
    memcpy(sha256, files_find(b->files, "part.gcode")->row.sha256, sizeof sha256);
    clear_bed(b);
    b->printer.stuck_at = "M400";
    assert_int_equal(device_print_run(b->device, "part.gcode", &origin, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    put_file(b, "part.gcode", PART);
    files_drop_unused(b->files);
    assert_non_null(files_find_content(b->files, sha256));
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    assert_string_equal(b->run.sha256, sha256);
    assert_null(files_find_content(b->files, sha256));
    finish(b);
}

static void a_cancelled_print_tells_what_it_has_used(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode",
        "G28\nM104 S200\nG1 X10 Y10 Z0.2 E2\nG1 X20 E1.5\nG1 X20 E3\nM400\nG1 X30 E9\n");
    clear_bed(b);
    b->printer.stuck_at = "M400";
    assert_int_equal(device_print_run(b->device, "part.gcode", &origin, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_CANCELLED);
    assert_int_equal(b->run.used_um, 3000);
    finish(b);
}

static void lines_to_be_ignored_are_not_sent(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    device_set_ignore_lines(b->device, "; at the end\nm84\n M104 s0 ;off\nM300");
    put_file(b, "part.gcode", PART "M300 S440\nM300\nM84 ; motors off\nM84 X\n");
    clear_bed(b);
    assert_int_equal(device_print_run(b->device, "part.gcode", &origin, &refused), 0);
    RUN_UNTIL(b, status(b).state == PRINTER_PRINTING || b->runs == 2);
    device_set_ignore_lines(b->device, NULL); /* from the next print on */
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, 0, "M104 S0"), 0);
    assert_int_equal(heard(b, 0, "M84"), 1);
    assert_int_equal(heard(b, 0, "M84 X"), 1);
    assert_int_equal(heard(b, 0, "M300"), 1);
    assert_int_equal(heard(b, 0, "M140 S0"), 1);
    finish(b);
}

/* ---- scripts ---- */

static void a_script_runs_to_its_last_move(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {
        .line = (const char *const[]){"G28 ; home", "; nothing", "G1 Y190", "G1 Y5", NULL}};
    size_t from = b->printer.heard_count;
    run(b, &s);
    assert_string_equal(status(b).script, "sweep");
    RUN_UNTIL(b, s.told == 1);
    assert_int_equal(s.err.code, 0);
    assert_string_equal(transcript(b, from), "G28 | G1 Y190 | G1 Y5 | M400");
    assert_string_equal(status(b).script, "");
    assert_int_equal(device_bed_cleared(b->device, &refused), 0);
    assert_int_equal(status(b).bed, BED_CLEAR);
    finish(b);
}

static void an_empty_script_ends_too(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {.line = (const char *const[]){NULL}};
    run(b, &s);
    RUN_UNTIL(b, s.told == 1);
    assert_int_equal(s.err.code, 0);
    finish(b);
}

static const char *endless(void *context)
{
    struct script *s = context;
    s->at++;
    return "G1 X10";
}

static void a_long_script_never_fills_the_sender(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {0};
    b->printer.stuck_at = "G1 X10";
    assert_int_equal(device_script(b->device, "long", endless, on_script, &s, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    assert_true(s.at <= 8);
    go_on(&b->printer);
    RUN_UNTIL(b, s.at > 200);
    assert_true(sender_injects(b->device->sender) < MAX_WAITING);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    assert_int_equal(s.told, 1);
    assert_int_equal(s.err.code, PP_ECANCELED);
    RUN_UNTIL(b, status(b).script[0] == '\0');
    assert_int_equal(s.told, 1);
    finish(b);
}

static void nothing_starts_while_a_script_runs(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {.line = (const char *const[]){"G28", NULL}};
    struct script t = s;
    bool waits;
    put_file(b, "part.gcode", PART);
    clear_bed(b);
    b->printer.stuck_at = "G28";
    run(b, &s);
    assert_int_equal(device_print(b->device, "part.gcode", true, &waits, &refused), -PP_ESTATE);
    assert_non_null(strstr(refused.text, "\"sweep\" runs"));
    assert_int_equal(device_print_run(b->device, "part.gcode", &origin, &refused), -PP_ESTATE);
    assert_int_equal(
        device_script(b->device, "two", next_line_of, on_script, &t, &refused), -PP_ESTATE);
    RUN_UNTIL(b, b->printer.stuck);
    go_on(&b->printer);
    RUN_UNTIL(b, s.told == 1);
    assert_int_equal(device_print_run(b->device, "part.gcode", &origin, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    finish(b);
}

static void a_command_out_of_the_limits_ends_the_script_cold(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {.line = (const char *const[]){"M104 S100", "G1 X1", "G1 X2", "G1 X3",
                           "G1 X4", "G1 X5", "G1 X6", "G1 X7", "G1 X8", "G1 X9", "G1 X999", NULL}};
    run(b, &s);
    RUN_UNTIL(b, s.told == 1);
    assert_int_equal(s.err.code, PP_EREFUSED);
    assert_non_null(strstr(s.err.text, "goes to X999"));
    RUN_UNTIL(b, status(b).script[0] == '\0');
    assert_true(cold(b));
    assert_int_equal(heard(b, 0, "G1 X999"), 0);
    s.line = (const char *const[]){"M104 S999", NULL};
    s.at = 0;
    assert_int_equal(
        device_script(b->device, "hot", next_line_of, on_script, &s, &refused), -PP_EREFUSED);
    assert_int_equal(s.told, 1);
    RUN_UNTIL(b, status(b).script[0] == '\0');
    finish(b);
}

static void a_whole_script_is_checked_before_it_runs(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_check_script(b->device, "G28\nG1 X10\n", &refused), 0);
    assert_int_equal(
        device_check_script(b->device, "G28\n\nG1 X10\nM190 S120", &refused), -PP_EREFUSED);
    finish(b);
}

static void a_stopped_script_leaves_no_heater_on(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {
        .line = (const char *const[]){"M140 S60", "M104 S150", "G28", "G1 X5", NULL}};
    b->printer.stuck_at = "G28";
    run(b, &s);
    RUN_UNTIL(b, b->printer.stuck);
    assert_false(cold(b));
    device_script_stop(b->device);
    assert_int_equal(s.told, 1);
    assert_int_equal(s.err.code, PP_ECANCELED);
    assert_string_equal(status(b).script, "sweep");
    device_script_stop(b->device); /* once more is fine */
    go_on(&b->printer);
    RUN_UNTIL(b, status(b).script[0] == '\0');
    assert_true(cold(b));
    assert_int_equal(s.told, 1);
    finish(b);
}

static void a_script_stopped_at_its_end_does_not_end_the_next(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {.line = (const char *const[]){"G28", NULL}};
    struct script t = {.line = (const char *const[]){"G1 X7", "G1 X8", NULL}};
    b->printer.stuck_at = "M400";
    run(b, &s);
    RUN_UNTIL(b, b->printer.stuck);
    device_script_stop(b->device);
    go_on(&b->printer);
    RUN_UNTIL(b, status(b).script[0] == '\0');
    assert_int_equal(heard(b, 0, "M400"), 2);
    run(b, &t);
    RUN_UNTIL(b, t.told == 1);
    assert_int_equal(t.err.code, 0);
    assert_int_equal(heard(b, 0, "M400"), 3);
    finish(b);
}

static void a_lost_printer_ends_its_script(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {.line = (const char *const[]){"M104 S150", "G28", NULL}};
    b->printer.stuck_at = "G28";
    run(b, &s);
    RUN_UNTIL(b, b->printer.stuck);
    unplug(b);
    RUN_UNTIL(b, s.told == 1);
    assert_int_equal(s.err.code, PP_EOFFLINE);
    assert_true(b->device->heat.owed);
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    plug_in(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    finish(b);
}

static void an_emergency_stop_ends_a_script(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {.line = (const char *const[]){"G28", NULL}};
    b->printer.stuck_at = "G28";
    run(b, &s);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(device_estop(b->device, &refused), 0);
    assert_int_equal(s.told, 1);
    assert_true(s.err.code != 0);
    RUN_UNTIL(b, heard(b, 0, "M112") > 0);
    finish(b);
}

static void a_locked_printer_clears_no_bed(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {.line = (const char *const[]){"G28", NULL}};
    b->printer.stuck_at = "G28";
    run(b, &s);
    RUN_UNTIL(b, b->printer.stuck);
    say(&b->printer, "echo:Printer locked! (Unlock with M511 or LCD)\n");
    RUN_UNTIL(b, s.told == 1);
    assert_int_equal(s.err.code, PP_EREFUSED);
    go_on(&b->printer);
    finish(b);
}

static void closing_in_a_script_turns_the_heaters_off(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct script s = {.line = (const char *const[]){"M104 S150", "G28", NULL}};
    run(b, &s);
    RUN_UNTIL(b, !cold(b));
    device_close(b->device, true, on_device_closed, b); /* for a restart, even so */
    assert_int_equal(s.told, 1);
    RUN_UNTIL(b, b->closed);
    settle(b);
    assert_true(cold(b));
    finish(b);
}

/* ---- questions ---- */

static int given;

static void on_answer(void *context, int chosen)
{
    (void)context;
    given = chosen;
}

static void a_person_answers_the_queue(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    static const char *const offered[] = {"print anyway", "not now", NULL};
    given = 77;
    device_ask_person(b->device, "material", offered, "Too little PLA?", on_answer, b);
    struct device_status st = status(b);
    assert_string_equal(st.question[0].text, "Too little PLA?");
    assert_string_equal(st.question[0].answers[1], "not now");
    assert_int_equal(device_confirm(b->device, "", "", &refused), -PP_EINVAL);
    assert_int_equal(device_confirm(b->device, "", "not now", &refused), 0);
    assert_int_equal(given, 1);
    assert_int_equal(status(b).questions, 0);
    device_withdraw(b->device, "material"); /* told once */
    assert_int_equal(given, 1);
    finish(b);
}

static void a_question_withdrawn_is_told_so(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    given = 77;
    device_ask_person(b->device, "script", NULL, "Take it off.", on_answer, b);
    device_withdraw(b->device, "script");
    assert_int_equal(given, -1);
    assert_int_equal(status(b).questions, 0);
    given = 77;
    device_ask_person(b->device, "script", NULL, "One", on_answer, b);
    device_ask_person(b->device, "script", NULL, "Two", on_answer, b);
    assert_int_equal(given, -1);
    assert_int_equal(status(b).questions, 1);
    finish(b);
}

static void the_bed_is_asked_for_with_nothing_that_waits(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    device_ask_clear(b->device, "Is the bed clear?");
    assert_string_equal(status(b).question[0].kind, "bed");
    assert_int_equal(device_confirm(b->device, "", "no", &refused), 0);
    assert_int_equal(status(b).bed, BED_UNKNOWN);
    assert_int_equal(status(b).questions, 0);
    device_ask_clear(b->device, "Is the bed clear?");
    device_withdraw(b->device, "bed");
    assert_int_equal(status(b).questions, 0);
    device_ask_clear(b->device, "Is the bed clear?");
    assert_int_equal(device_confirm(b->device, "", "", &refused), 0);
    assert_int_equal(status(b).bed, BED_CLEAR);
    assert_int_equal(b->notices, 0);
    finish(b);
}

/* A print has begun since it was asked. */
static void a_yes_to_a_question_from_before_a_print_clears_nothing(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    device_ask_clear(b->device, "Is the bed clear?");
    RUN_UNTIL(b, status(b).questions == 1);
    struct device_question q = status(b).question[0];
    b->printer.stuck_at = "G1 X50 Y50";
    print(b, PART);
    RUN_UNTIL(b, b->printer.stuck && status(b).bed == BED_OCCUPIED);
    int rc = device_confirm(b->device, q.id, "yes", &refused);
    assert_true(rc == 0 || rc == -PP_ESTATE || rc == -PP_ENOTFOUND);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    go_on(&b->printer);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    finish(b);
}

static void another_printer_is_asked_for_before_the_bed(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    b->device->who.identity_doubt = true;
    assert_true(status(b).identity_doubt);
    device_ask_clear(b->device, "Is the bed clear?");
    assert_string_equal(status(b).question[0].kind, "identity");
    assert_int_equal(device_confirm(b->device, "", "yes", &refused), 0);
    assert_false(status(b).identity_doubt);
    assert_string_equal(status(b).question[0].kind, "bed");
    assert_int_equal(device_confirm(b->device, "", "yes", &refused), 0);
    assert_int_equal(status(b).bed, BED_CLEAR);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_print_of_the_queue_carries_its_origin),
        cmocka_unit_test(a_print_of_the_queue_asks_nothing_and_passes_no_gate),
        cmocka_unit_test(content_is_found_under_another_name),
        cmocka_unit_test(what_is_printed_stays_until_the_end_of_the_print),
        cmocka_unit_test(a_cancelled_print_tells_what_it_has_used),
        cmocka_unit_test(lines_to_be_ignored_are_not_sent),
        cmocka_unit_test(a_script_runs_to_its_last_move),
        cmocka_unit_test(an_empty_script_ends_too),
        cmocka_unit_test(a_long_script_never_fills_the_sender),
        cmocka_unit_test(nothing_starts_while_a_script_runs),
        cmocka_unit_test(a_command_out_of_the_limits_ends_the_script_cold),
        cmocka_unit_test(a_whole_script_is_checked_before_it_runs),
        cmocka_unit_test(a_stopped_script_leaves_no_heater_on),
        cmocka_unit_test(a_script_stopped_at_its_end_does_not_end_the_next),
        cmocka_unit_test(a_lost_printer_ends_its_script),
        cmocka_unit_test(an_emergency_stop_ends_a_script),
        cmocka_unit_test(a_locked_printer_clears_no_bed),
        cmocka_unit_test(closing_in_a_script_turns_the_heaters_off),
        cmocka_unit_test(a_person_answers_the_queue),
        cmocka_unit_test(a_question_withdrawn_is_told_so),
        cmocka_unit_test(the_bed_is_asked_for_with_nothing_that_waits),
        cmocka_unit_test(a_yes_to_a_question_from_before_a_print_clears_nothing),
        cmocka_unit_test(another_printer_is_asked_for_before_the_bed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
