// link: ppapp
/* Nothing of the queue begins on a bed that is not clear, whoever or whatever asks; heaters go off
 * wherever a script does not come to its end. */
#include "host/base/clock.h"
#include "tests/unit/manage_bench.h"

#define SHORT "M104 S200\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1\nM104 S0\n"

/* Two prints of a job, `body` between them; the first is over. */
static struct manage_bench *between(const char *body, bool clears_bed)
{
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", body, clears_bed);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1);
    return t;
}

static void is_not_cleared(struct manage_bench *t)
{
    assert_int_equal(status(t->b).bed, BED_OCCUPIED);
    assert_int_equal(t->begun, 1);
    assert_int_equal(queue_first(local(t))->sets[0].remaining, 1);
}

static void has_stopped(struct manage_bench *t, const char *why)
{
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    struct manage_status s = managing(t);
    assert_true(s.in_error && s.needs_person);
    if (strstr(s.text, why) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", why, s.text);
    }
    is_not_cleared(t);
}

/* ---- scripts that clear nothing ---- */

static void a_script_that_only_tells_clears_nothing(void **state)
{
    (void)state;
    struct manage_bench *t = between("@notify clear!\n@wait 0\n", true);
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED);
    is_not_cleared(t);
    done_with(t);
}

/* Whoever was to take the part off was not reached. */
static void a_call_that_is_not_answered_clears_nothing(void **state)
{
    (void)state;
    struct manage_bench *t = between("@http http://127.0.0.1:1/take\nG1 Y5\n", true);
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED);
    assert_int_equal(heard(t->b, 0, "G1 Y5"), 1);
    is_not_cleared(t);
    done_with(t);
}

static void a_script_that_is_stopped_clears_nothing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M140 S50\n" SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "G1 Y5";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    assert_int_equal(manage_stop(t->m, &refused), 0);
    go_on(&t->b->printer);
    RUN_UNTIL(t->b, status(t->b).script[0] == '\0' && cold(t->b));
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    is_not_cleared(t);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED);
    is_not_cleared(t);
    done_with(t);
}

static void a_script_that_a_person_cancels_clears_nothing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M140 S50\n" SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "G1 Y5";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    assert_int_equal(device_cancel(t->b->device, &refused), 0);
    go_on(&t->b->printer);
    has_stopped(t, "cancelled");
    RUN_UNTIL(t->b, cold(t->b));
    done_with(t);
}

static void a_script_whose_printer_is_lost_clears_nothing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M140 S50\n" SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "G1 Y5";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    unplug(t->b);
    has_stopped(t, "print_success");
    t->b->printer.stuck = false;
    t->b->printer.stuck_at = NULL;
    t->b->printer.owed = 0;
    assert_false(cold(t->b)); /* nobody could tell it */
    plug_in(t->b);
    UNTIL_STATE(t->b, PRINTER_OPERATIONAL);
    RUN_UNTIL(t->b, cold(t->b));
    is_not_cleared(t);
    done_with(t);
}

static void a_script_that_waits_for_a_lost_printer_ends(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M140 S50\n@pause\n", true);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "script"));
    unplug(t->b);
    has_stopped(t, "offline");
    assert_false(asks(t, "script"));
    plug_in(t->b);
    UNTIL_STATE(t->b, PRINTER_OPERATIONAL);
    RUN_UNTIL(t->b, cold(t->b));
    done_with(t);
}

/* The program ends in it: whoever comes next knows nothing of it. */
static void a_script_that_ends_with_the_program_clears_nothing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M140 S50\n@pause\n", true);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "script"));
    close_manage(t);
    assert_false(asks(t, "script"));
    RUN_UNTIL(t->b, cold(t->b));
    open_manage(t);
    assert_false(managing(t).managing);
    assert_non_null(strstr(managing(t).text, "started anew"));
    is_not_cleared(t);
    done_with(t);
}

/* ---- heaters ---- */

static void a_bed_that_does_not_cool_ends_the_script(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M104 S60\n@wait_bed 20\n" SWEEP, true);
    t->b->printer.actual = 55;
    t->m->script_wait_ms = 1;
    say_clear(t);
    start_managing(t);
    has_stopped(t, "the bed is not down to 20");
    RUN_UNTIL(t->b, cold(t->b));
    assert_int_equal(heard(t->b, 0, "G1 Y150"), 0);
    done_with(t);
}

/* Whatever it left on is off after the usual time, although it waits all night. */
static void a_script_that_waits_all_night_does_not_heat_all_night(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M104 S150\nM140 S50\n@pause\n", true);
    device_set_heaters_off(t->b->device, 50);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "script"));
    RUN_UNTIL(t->b, cold(t->b));
    assert_true(asks(t, "script"));
    answer_with(t, "script", "");
    RUN_UNTIL(t->b, t->succeeded == 2);
    done_with(t);
}

static void every_hotend_is_turned_off(void **state)
{
    (void)state;
    struct manage_bench *t = manage_bench_new();
    struct profile two = bench_profile;
    two.limits.tools = 2;
    t->b->printer.tools = 2;
    t->b->options.profile = &two;
    open_all(t);
    t->b->printer.tool_target[1] = 180;
    hook(t, "activate", "@heaters_off\nM300 S1\n", false);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_IDLE);
    assert_int_equal(heard(t->b, 0, "M300 S1"), 1);
    assert_true(cold(t->b));
    done_with(t);
}

/* ---- people ---- */

static void a_late_answer_to_an_old_question_clears_nothing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "bed"));
    char old[ID_SIZE];
    memcpy(old, status(t->b).question[0].id, sizeof old);
    assert_int_equal(manage_stop(t->m, &refused), 0);
    assert_false(asks(t, "bed"));
    assert_int_equal(device_confirm(t->b->device, old, "yes", &refused), -PP_ENOTFOUND);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "bed"));
    assert_string_not_equal(status(t->b).question[0].id, old);
    assert_int_equal(device_confirm(t->b->device, old, "yes", &refused), -PP_ENOTFOUND);
    assert_int_equal(status(t->b).bed, BED_UNKNOWN);
    assert_int_equal(t->begun, 0);
    done_with(t);
}

/* A print of somebody else comes between question and answer. */
static void an_answer_from_before_another_print_clears_nothing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    bool waits;
    put_file(t->b, "a.gcode", SHORT);
    put_file(t->b, "own.gcode", PART);
    submit(t, "A", "a.gcode", 1, NULL);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "bed"));
    char old[ID_SIZE];
    memcpy(old, status(t->b).question[0].id, sizeof old);
    assert_int_equal(device_print(t->b->device, "own.gcode", true, &waits, &refused), 0);
    RUN_UNTIL(t->b, t->succeeded == 1);
    RUN_UNTIL(t->b, asks(t, "bed"));
    assert_int_equal(device_confirm(t->b->device, old, "yes", &refused), -PP_ENOTFOUND);
    assert_int_equal(status(t->b).bed, BED_OCCUPIED);
    done_with(t);
}

static void a_bed_cleared_by_a_person_while_a_script_runs_is_clear_after_it(void **state)
{
    (void)state;
    struct manage_bench *t = between("M300 S1\n@wait 0\n@pause\nM300 S2\n", false);
    RUN_UNTIL(t->b, asks(t, "script"));
    say_clear(t);
    assert_true(asks(t, "script")); /* that was no answer to it */
    settle(t->b);
    assert_int_equal(t->begun, 1);
    answer_with(t, "script", "");
    RUN_UNTIL(t->b, t->succeeded == 2);
    assert_int_equal(heard(t->b, 0, "M300 S2"), 1);
    done_with(t);
}

static void nothing_is_sent_to_a_printer_that_may_be_another(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    hook(t, "activate", "M140 S50\n@notify hello\n", false);
    say_clear(t);
    t->b->device->who.identity_doubt = true;
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "identity"));
    assert_int_equal(heard(t->b, 0, "M140 S50"), 0);
    assert_int_equal(t->begun, 0);
    answer_with(t, "identity", "yes");
    RUN_UNTIL(t->b, t->succeeded == 1);
    done_with(t);
}

static void no_script_clears_the_bed_of_another_printer(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "M140 S0";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    t->b->device->who.identity_doubt = true;
    go_on(&t->b->printer);
    RUN_UNTIL(t->b, t->succeeded == 1);
    has_stopped(t, "another printer or port");
    assert_int_equal(heard(t->b, 0, "G1 Y150"), 0);
    done_with(t);
}

/* ---- what changes between the claim and the print ---- */

static struct manage_bench *about_to_print(const char *text)
{
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", text);
    submit(t, "A", "a.gcode", 1, NULL);
    hook(t, "print_start", "@pause\n", false);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "script"));
    assert_int_equal(managing(t).state, DRIVER_STARTING);
    return t;
}

static void limits_that_have_changed_refuse_the_print(void **state)
{
    (void)state;
    struct manage_bench *t = about_to_print(SHORT);
    struct profile careful = bench_profile;
    careful.limits.max_tool_mc = 190000;
    device_set_profile(t->b->device, &careful);
    manage_set_profile(t->m, &careful);
    for (int i = 0; i < 3 && managing(t).state != DRIVER_INACTIVE; i++) {
        if (asks(t, "script")) {
            answer_with(t, "script", "");
        }
        RUN_UNTIL(t->b, asks(t, "script") || managing(t).state == DRIVER_INACTIVE);
    }
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_true(managing(t).in_error);
    assert_non_null(strstr(managing(t).text, "190"));
    RUN_UNTIL(t->b, queue_first(local(t))->claims_count == 0);
    assert_int_equal(t->begun, 0);
    assert_int_equal(queue_first(local(t))->sets[0].remaining, 1);
    done_with(t);
}

/* What was claimed is what is printed, whatever its name stands for by now. */
static void another_file_of_that_name_is_not_printed_instead(void **state)
{
    (void)state;
    struct manage_bench *t = about_to_print(SHORT);
    char sha256[65];
    snprintf(sha256, sizeof sha256, "%s", queue_first(local(t))->sets[0].sha256);
    put_file(t->b, "a.gcode", PART);
    answer_with(t, "script", "");
    RUN_UNTIL(t->b, t->succeeded == 1);
    assert_string_equal(t->b->run.sha256, sha256);
    assert_int_equal(heard(t->b, 0, "G1 X50 Y50"), 0);
    done_with(t);
}

static void a_bed_that_is_not_clear_any_more_is_asked_for(void **state)
{
    (void)state;
    struct manage_bench *t = about_to_print(SHORT);
    device_set_bed(t->b->device, BED_UNKNOWN, NULL);
    answer_with(t, "script", "");
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED);
    assert_int_equal(t->begun, 0);
    done_with(t);
}

static void a_job_that_is_removed_is_not_begun(void **state)
{
    (void)state;
    struct manage_bench *t = about_to_print(SHORT);
    struct queue_command c = {.verb = QUEUE_ARCHIVE, .revision = -1};
    memcpy(c.job, queue_first(local(t))->id, sizeof c.job);
    assert_int_equal(give(t, &c).err.code, 0);
    answer_with(t, "script", "");
    UNTIL_DRIVER(t, DRIVER_IDLE);
    assert_int_equal(t->begun, 0);
    done_with(t);
}

static void on_loaded(void *context, const struct err *e)
{
    assert_null(e);
    *(bool *)context = true;
}

static void load(struct manage_bench *t, const char *material)
{
    bool done = false;
    assert_int_equal(spools_load(t->spools, 0, material, on_loaded, &done, &refused), 0);
    RUN_UNTIL(t->b, done);
}

static void submit_material(struct manage_bench *t, const char *material, char *id)
{
    submit(t, material, "a.gcode", 1, id);
    struct queue_job *spec = queue_job_copy(job(t, id));
    spec->sets[0].materials[0] = mem_strdup(material);
    struct queue_command c = {
        .verb = QUEUE_EDIT, .mask = QUEUE_F_SETS, .revision = -1, .spec = spec};
    memcpy(c.job, id, sizeof c.job);
    assert_int_equal(give(t, &c).err.code, 0);
    queue_job_free(spec);
}

/* "Yes, it is loaded" was said of what the question named. */
static void a_yes_is_never_taken_for_another_material(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char first[ID_SIZE];
    char second[ID_SIZE];
    char old[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit_material(t, "PETG", first);
    submit_material(t, "ABS", second);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "material"));
    assert_non_null(strstr(status(t->b).question[0].text, "PETG"));
    memcpy(old, status(t->b).question[0].id, sizeof old);
    struct queue_command c = {.verb = QUEUE_MOVE, .revision = -1};
    memcpy(c.job, second, sizeof c.job);
    assert_int_equal(give(t, &c).err.code, 0);
    RUN_UNTIL(t->b, asks(t, "material") && strstr(status(t->b).question[0].text, "ABS") != NULL);
    assert_int_equal(device_confirm(t->b->device, old, "loaded", &refused), -PP_ENOTFOUND);
    assert_string_equal(spools_loaded(t->spools, 0), "");
    answer_with(t, "material", "loaded");
    RUN_UNTIL(t->b, t->succeeded == 1);
    assert_string_equal(t->b->run.material, "ABS");
    done_with(t);
}

static void a_material_that_is_changed_meanwhile_is_asked_for(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit_material(t, "PETG", id);
    load(t, "PETG");
    hook(t, "print_start", "@pause\n", false);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "script"));
    load(t, "PLA");
    answer_with(t, "script", "");
    RUN_UNTIL(t->b, asks(t, "material"));
    assert_int_equal(t->begun, 0);
    load(t, "PETG");
    answer_with(t, "script", "");
    RUN_UNTIL(t->b, t->succeeded == 1);
    done_with(t);
}

/* ---- what scripts see of it ---- */

static void a_print_knows_what_was_done_before_it(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_start", "M117 before: {current.before}\n", false);
    hook(t, "print_success", SWEEP, true);
    start_managing(t);
    answer_with(t, "bed", "yes"); /* waiting for a person is nothing that is done */
    RUN_UNTIL(t->b, t->succeeded == 2);
    UNTIL_DRIVER(t, DRIVER_IDLE);
    assert_int_equal(heard(t->b, 0, "M117 before: inactive"), 1);
    assert_int_equal(heard(t->b, 0, "M117 before: clearing"), 1);
    submit(t, "B", "a.gcode", 1, NULL);
    answer_with(t, "bed", "yes");
    RUN_UNTIL(t->b, t->succeeded == 3);
    assert_int_equal(heard(t->b, 0, "M117 before: idle"), 1);
    done_with(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_that_only_tells_clears_nothing),
        cmocka_unit_test(a_call_that_is_not_answered_clears_nothing),
        cmocka_unit_test(a_script_that_is_stopped_clears_nothing),
        cmocka_unit_test(a_script_that_a_person_cancels_clears_nothing),
        cmocka_unit_test(a_script_whose_printer_is_lost_clears_nothing),
        cmocka_unit_test(a_script_that_waits_for_a_lost_printer_ends),
        cmocka_unit_test(a_script_that_ends_with_the_program_clears_nothing),
        cmocka_unit_test(a_bed_that_does_not_cool_ends_the_script),
        cmocka_unit_test(a_script_that_waits_all_night_does_not_heat_all_night),
        cmocka_unit_test(every_hotend_is_turned_off),
        cmocka_unit_test(a_late_answer_to_an_old_question_clears_nothing),
        cmocka_unit_test(an_answer_from_before_another_print_clears_nothing),
        cmocka_unit_test(a_bed_cleared_by_a_person_while_a_script_runs_is_clear_after_it),
        cmocka_unit_test(nothing_is_sent_to_a_printer_that_may_be_another),
        cmocka_unit_test(no_script_clears_the_bed_of_another_printer),
        cmocka_unit_test(limits_that_have_changed_refuse_the_print),
        cmocka_unit_test(another_file_of_that_name_is_not_printed_instead),
        cmocka_unit_test(a_bed_that_is_not_clear_any_more_is_asked_for),
        cmocka_unit_test(a_job_that_is_removed_is_not_begun),
        cmocka_unit_test(a_material_that_is_changed_meanwhile_is_asked_for),
        cmocka_unit_test(a_yes_is_never_taken_for_another_material),
        cmocka_unit_test(a_print_knows_what_was_done_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
