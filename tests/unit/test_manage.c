// link: ppapp
/* The chain from a job to a counted print, on a scripted printer. */
#include "tests/unit/manage_bench.h"

#include "host/base/clock.h"

#include <time.h>

#define SHORT "M104 S200\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1\nM104 S0\n"

/* ---- the happy path ---- */

static void jobs_are_printed_one_after_another_and_counted(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char first[ID_SIZE];
    put_file(t->b, "a.gcode", PART);
    put_file(t->b, "b.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, first);
    submit(t, "B", "b.gcode", 1, NULL);
    submit(t, "C", "a.gcode", 1, NULL);
    hook(t, "print_success", SWEEP, true);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 4 && managing(t).state == DRIVER_IDLE);
    assert_int_equal(queue_count(local(t)), 0);
    assert_int_equal(queue_archive_count(local(t)), 3);
    assert_true(job(t, first)->finished);
    assert_int_equal(t->begun, 4);
    assert_int_equal(heard(t->b, 0, "G1 Y150 F6000"), 3); /* after the last it is not cleared */
    assert_int_equal(status(t->b).bed, BED_OCCUPIED);
    struct manage_status s = managing(t);
    assert_true(s.managing);
    assert_true(s.dead_ms >= 0);
    assert_string_equal(s.job, "");
    assert_true(t->told > 0);
    done_with(t);
}

static void a_job_that_comes_later_is_printed_at_once(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    say_clear(t);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_IDLE);
    assert_string_equal(managing(t).text, "nothing to print");
    submit(t, "A", "a.gcode", 1, NULL);
    RUN_UNTIL(t->b, t->succeeded == 1 && queue_count(local(t)) == 0);
    done_with(t);
}

static void managing_with_no_work_prints_nothing_and_stops_when_told(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_IDLE);
    assert_int_equal(manage_stop(t->m, &refused), 0);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_false(managing(t).managing);
    assert_false(managing(t).in_error);
    done_with(t);
}

/* Whoever asks for it shows what it does then. */
static void the_new_state_is_told_at_once_by_starting_and_stopping(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    start_managing(t);
    assert_int_equal(managing(t).state, DRIVER_IDLE);
    assert_int_equal(manage_stop(t->m, &refused), 0);
    assert_int_equal(managing(t).state, DRIVER_INACTIVE);
    done_with(t);
}

static void the_run_tells_whose_it_was(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "Vase", "a.gcode", 1, id);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1);
    assert_string_equal(t->b->run.job_id, id);
    assert_string_equal(t->b->run.job_name, "Vase");
    assert_string_equal(t->b->run.queue, "local");
    done_with(t);
}

/* ---- the bed ---- */

static void nothing_begins_before_a_person_has_said_that_the_bed_is_clear(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED);
    assert_true(managing(t).needs_person);
    assert_int_equal(t->begun, 0);
    answer_with(t, "bed", "yes");
    RUN_UNTIL(t->b, t->succeeded == 1);
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED); /* no script clears it */
    assert_int_equal(t->begun, 1);
    answer_with(t, "bed", "yes");
    RUN_UNTIL(t->b, t->succeeded == 2);
    done_with(t);
}

static void the_printer_starts_managing_and_the_bed_is_asked_for(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    say(&t->b->printer, "//action:queuego\n");
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED);
    assert_true(managing(t).managing);
    assert_int_equal(t->begun, 0);
    say(&t->b->printer, "//action:queuego\n"); /* pressed again: nothing more */
    answer_with(t, "bed", "yes");
    RUN_UNTIL(t->b, t->succeeded == 1);
    assert_int_equal(t->on_dirty_bed, 0);
    done_with(t);
}

static void a_bed_that_is_not_clear_is_not_asked_for_again(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    start_managing(t);
    answer_with(t, "bed", "no");
    RUN_UNTIL(t->b, strstr(managing(t).text, "not clear") != NULL);
    assert_int_equal(status(t->b).questions, 0);
    assert_int_equal(managing(t).state, DRIVER_AWAITING_BED);
    say_clear(t);
    RUN_UNTIL(t->b, t->succeeded == 1);
    done_with(t);
}

static void another_printer_on_the_port_is_asked_for(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    say_clear(t);
    t->b->device->who.identity_doubt = true;
    start_managing(t);
    answer_with(t, "identity", "yes");
    RUN_UNTIL(t->b, t->succeeded == 1);
    done_with(t);
}

static void a_script_that_does_not_clear_the_bed_leaves_it_to_a_person(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "G1 Y150\n", false);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1);
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED);
    assert_int_equal(heard(t->b, 0, "G1 Y150"), 1);
    done_with(t);
}

static void a_script_that_fails_clears_nothing_and_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M104 S100\nG1 Y9999\n", true);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    struct manage_status s = managing(t);
    assert_true(s.in_error);
    assert_non_null(strstr(s.text, "goes to Y9999"));
    assert_int_equal(status(t->b).bed, BED_OCCUPIED);
    assert_int_equal(heard(t->b, 0, "M104 S100"), 0); /* nothing of it is sent */
    assert_true(cold(t->b));
    assert_int_equal(queue_count(local(t)), 1);
    assert_int_equal(queue_first(local(t))->sets[0].remaining, 1);
    done_with(t);
}

/* ---- prints that do not end well ---- */

static void a_cancel_counts_nothing_and_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 2, id);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    assert_int_equal(device_cancel(t->b->device, &refused), 0);
    go_on(&t->b->printer);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    RUN_UNTIL(t->b, job(t, id)->claims_count == 0);
    assert_int_equal(job(t, id)->sets[0].remaining, 2);
    assert_int_equal(job(t, id)->sets[0].completed, 0);
    done_with(t);
}

static void a_cancelled_job_is_passed_over_where_that_is_wanted(void **state)
{
    (void)state;
    struct manage_bench *t = manage_bench_new();
    t->settings.driver.on_cancel_stop = false;
    open_all(t);
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", PART);
    put_file(t->b, "b.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, id);
    submit(t, "B", "b.gcode", 1, NULL);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    assert_int_equal(device_cancel(t->b->device, &refused), 0);
    go_on(&t->b->printer);
    RUN_UNTIL(t->b, managing(t).state == DRIVER_AWAITING_BED || t->succeeded > 0);
    if (t->succeeded == 0) {
        answer_with(t, "bed", "yes");
    }
    RUN_UNTIL(t->b, t->succeeded == 1);
    UNTIL_DRIVER(t, DRIVER_IDLE);
    assert_int_equal(queue_count(local(t)), 1);
    assert_int_equal(job(t, id)->sets[0].remaining, 1);
    assert_true(managing(t).managing);
    done_with(t);
}

static void fails_here(void *context, const char *command)
{
    struct manage_bench *t = context;
    if (strncmp(command, "G1 X50 Y10", 10) == 0) {
        struct err e;
        manage_report_failure(t->m, "camera", "spaghetti", &e);
    }
}

static void a_job_whose_content_is_gone_says_what_to_do(void **state)
{
    (void)state;
    struct manage_bench *t = manage_bench_new();
    open_all(t);
    char id[ID_SIZE];
    char why[200];
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 1, id);
    struct queue_set gone = job(t, id)->sets[0];
    gone.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    manage_why_blocked(t->m, &gone, why, sizeof why);
    assert_string_equal(why,
        "\"a.gcode\" as it was then is gone: upload it again, or choose its file "
        "anew for this set");
    done_with(t);
}

static void what_fails_early_is_tried_again_and_then_quarantined(void **state)
{
    (void)state;
    struct manage_bench *t = manage_bench_new();
    t->settings.driver.give_up = DRIVER_GIVE_UP_QUARANTINE;
    t->settings.driver.attempts = 2;
    open_all(t);
    char id[ID_SIZE];
    char why[200];
    put_file(t->b, "a.gcode", PART);
    put_file(t->b, "b.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, id);
    submit(t, "B", "b.gcode", 1, NULL);
    say_clear(t);
    t->b->printer.hook = fails_here;
    t->b->printer.hook_context = t;
    start_managing(t);
    while (t->succeeded == 0) {
        answer_with(t, "bed", "yes");
        RUN_UNTIL(t->b, managing(t).state == DRIVER_PRINTING);
        RUN_UNTIL(t->b, managing(t).state != DRIVER_PRINTING);
        RUN_UNTIL(t->b, asks(t, "bed") || t->succeeded > 0);
    }
    assert_int_equal(t->begun, 3);
    const struct manage_quarantine *q = manage_quarantine_at(t->m, 0);
    assert_non_null(q);
    assert_string_equal(q->path, "a.gcode");
    assert_string_equal(q->reason, "camera says: spaghetti");
    manage_why_blocked(t->m, &job(t, id)->sets[0], why, sizeof why);
    assert_non_null(strstr(why, "quarantine"));
    close_manage(t); /* it outlives a restart */
    open_manage(t);
    assert_int_equal(manage_quarantine_remove(t->m, "nothing.gcode", &refused), -PP_ENOTFOUND);
    assert_int_equal(manage_quarantine_remove(t->m, "a.gcode", &refused), 0);
    assert_null(manage_quarantine_at(t->m, 0));
    manage_why_blocked(t->m, &job(t, id)->sets[0], why, sizeof why);
    assert_string_equal(why, "");
    done_with(t);
}

static void an_emergency_stop_stops_managing(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 1, id);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    assert_int_equal(device_estop(t->b->device, &refused), 0);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    RUN_UNTIL(t->b, job(t, id)->claims_count == 0);
    assert_int_equal(job(t, id)->sets[0].remaining, 1);
    assert_true(managing(t).in_error);
    assert_non_null(strstr(managing(t).text, "emergency stop"));
    done_with(t);
}

static void a_failure_told_with_nothing_printed_is_refused(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    assert_int_equal(manage_report_failure(t->m, "", "", &refused), -PP_ESTATE);
    done_with(t);
}

/* ---- scripts ---- */

static void a_script_pauses_until_a_person_says_go_on(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "G1 Y150\n@pause Take \"{job.name}\" off\n@wait 0\nG1 Y5\n", true);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "script"));
    struct manage_status s = managing(t);
    assert_int_equal(s.state, DRIVER_CLEARING);
    assert_string_equal(s.script, "print_success");
    assert_non_null(strstr(s.text, "Take \"A\" off"));
    assert_int_equal(heard(t->b, 0, "G1 Y5"), 0);
    answer_with(t, "script", "");
    RUN_UNTIL(t->b, t->succeeded == 2);
    assert_int_equal(heard(t->b, 0, "G1 Y5 "), 0);
    assert_int_equal(heard(t->b, 0, "G1 Y5"), 1);
    done_with(t);
}

static void stopping_ends_a_script_with_the_heaters_off(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", "M140 S60\n@pause\n", true);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "script"));
    assert_int_equal(manage_stop(t->m, &refused), 0);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_false(asks(t, "script"));
    RUN_UNTIL(t->b, cold(t->b));
    assert_int_equal(status(t->b).bed, BED_OCCUPIED);
    assert_int_equal(queue_first(local(t))->sets[0].remaining, 1);
    done_with(t);
}

static void a_script_waits_for_a_bed_that_it_has_turned_off(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    hook(t, "finish", "M140 S60\n@wait_bed 30\nM300\n", false);
    t->b->printer.actual = 55;
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1 && heard(t->b, 0, "M140 S0") > 0);
    assert_int_equal(heard(t->b, 0, "M300"), 0);
    t->b->printer.actual = 29;
    say(&t->b->printer, "T:29.0 /0.0 B:29.0 /0.0\n");
    UNTIL_DRIVER(t, DRIVER_IDLE);
    assert_int_equal(heard(t->b, 0, "M300"), 1);
    done_with(t);
}

static void a_cancel_in_a_script_ends_managing_with_its_reason(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    hook(t, "activate", "@notify hello\n@cancel not today\n", false);
    start_managing(t);
    RUN_UNTIL(t->b, managing(t).in_error);
    assert_non_null(strstr(managing(t).text, "not today"));
    done_with(t);
}

static void lines_of_profile_and_configuration_are_left_out(void **state)
{
    (void)state;
    struct profile profile = bench_profile;
    struct manage_bench *t = manage_bench_new();
    profile.ignore_lines[0] = (char[]){"m140 s0"};
    t->settings.ignore_lines = (char[]){"M104 S0"};
    t->b->options.profile = &profile;
    open_all(t);
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 1, NULL);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1);
    assert_int_equal(heard(t->b, 0, "M104 S0") + heard(t->b, 0, "M140 S0"), 0);
    done_with(t);
}

static void a_web_address_that_does_not_answer_keeps_nobody_waiting(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    hook(t, "print_start", "@http http://127.0.0.1:1/begin {\"job\": \"{job.name}\"}\n", false);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1);
    assert_non_null(strstr(t->b->notice, "127.0.0.1:1/begin"));
    done_with(t);
}

static void beside_a_print_nothing_of_a_script_is_sent(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 1, NULL);
    hook(t, "print_pause", "M300 S440\n@wait_bed 20\n@notify paused: {current.path}\n", false);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    assert_int_equal(device_pause(t->b->device, &refused), 0);
    go_on(&t->b->printer);
    UNTIL_DRIVER(t, DRIVER_PAUSED);
    RUN_UNTIL(t->b, strcmp(t->b->notice, "paused: a.gcode") == 0);
    assert_int_equal(heard(t->b, 0, "M300 S440"), 0);
    assert_int_equal(device_resume(t->b->device, &refused), 0);
    RUN_UNTIL(t->b, t->succeeded == 1);
    done_with(t);
}

static void a_print_begun_elsewhere_is_waited_for(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    bool waits;
    put_file(t->b, "a.gcode", SHORT);
    put_file(t->b, "own.gcode", PART);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    assert_int_equal(device_print(t->b->device, "own.gcode", true, &waits, &refused), 0);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    submit(t, "A", "a.gcode", 1, NULL);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_PRINTING);
    assert_string_equal(managing(t).job, "");
    go_on(&t->b->printer);
    UNTIL_DRIVER(t, DRIVER_AWAITING_BED);
    assert_int_equal(queue_count(local(t)), 1);
    answer_with(t, "bed", "yes");
    RUN_UNTIL(t->b, queue_count(local(t)) == 0);
    done_with(t);
}

static void stopping_leaves_the_print_and_it_is_counted(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 1, NULL);
    submit(t, "B", "a.gcode", 1, NULL);
    hook(t, "print_success", SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    assert_int_equal(manage_stop(t->m, &refused), 0);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    go_on(&t->b->printer);
    RUN_UNTIL(t->b, queue_count(local(t)) == 1);
    assert_int_equal(t->begun, 1);
    done_with(t);
}

static void the_bed_cools_down_before_it_is_cleared(void **state)
{
    (void)state;
    struct manage_bench *t = manage_bench_new();
    t->settings.driver.cooldown = true;
    open_all(t);
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", SWEEP, true);
    t->b->printer.actual = 60;
    say_clear(t);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_COOLDOWN);
    RUN_UNTIL(t->b, heard(t->b, 0, "M140 S0") > 0);
    assert_int_equal(heard(t->b, 0, "G1 Y150 F6000"), 0);
    t->b->printer.actual = 25;
    say(&t->b->printer, "T:25.0 /0.0 B:25.0 /0.0\n");
    RUN_UNTIL(t->b, t->succeeded == 2);
    done_with(t);
}

/* ---- materials ---- */

static void on_loaded_here(void *context, const struct err *e)
{
    assert_null(e);
    *(bool *)context = true;
}

static void submit_material(struct manage_bench *t, const char *material, char *id)
{
    char set[ID_SIZE];
    submit(t, "M", "a.gcode", 1, id);
    struct queue_job *spec = queue_job_copy(job(t, id));
    memcpy(set, spec->sets[0].id, sizeof set);
    spec->sets[0].materials[0] = mem_strdup(material);
    struct queue_command c = {
        .verb = QUEUE_EDIT, .mask = QUEUE_F_SETS, .revision = -1, .spec = spec};
    memcpy(c.job, id, sizeof c.job);
    assert_int_equal(give(t, &c).err.code, 0);
    queue_job_free(spec);
}

static void a_material_that_is_not_loaded_is_asked_for(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    char why[200];
    put_file(t->b, "a.gcode", SHORT);
    submit_material(t, "PETG", id);
    say_clear(t);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_AWAITING_MATERIAL);
    assert_non_null(strstr(managing(t).text, "PETG"));
    manage_why_blocked(t->m, &job(t, id)->sets[0], why, sizeof why);
    assert_non_null(strstr(why, "needs PETG"));
    answer_with(t, "material", "loaded");
    RUN_UNTIL(t->b, t->succeeded == 1);
    assert_string_equal(t->b->run.material, "PETG");
    done_with(t);
}

static void loading_it_is_answer_enough(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    bool done = false;
    put_file(t->b, "a.gcode", SHORT);
    submit_material(t, "PETG", id);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "material"));
    assert_int_equal(spools_load(t->spools, 0, "PETG", on_loaded_here, &done, &refused), 0);
    RUN_UNTIL(t->b, done && t->succeeded == 1);
    assert_false(asks(t, "material"));
    done_with(t);
}

static void materials_do_not_matter_where_they_are_not_checked(void **state)
{
    (void)state;
    struct manage_bench *t = manage_bench_new();
    t->settings.material_check = false;
    open_all(t);
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit_material(t, "PETG", id);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1);
    done_with(t);
}

static void load_short_spool(struct manage_bench *t)
{
    bool done = false;
    struct spool_entry spool = {
        .name = "rest", .type = "PLA", .net_mg = 1000000, .left_mg = 5, .density_mg_cm3 = 1240};
    assert_int_equal(spools_save(t->spools, &spool, on_loaded_here, &done, &refused), 0);
    RUN_UNTIL(t->b, done);
    done = false;
    assert_int_equal(spools_load(t->spools, 0, "rest", on_loaded_here, &done, &refused), 0);
    RUN_UNTIL(t->b, done);
}

static void a_spool_that_will_not_last_is_told_before_the_print(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    load_short_spool(t);
    t->settings.warn_grams = 1;
    manage_set_settings(t->m, &t->settings);
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "material"));
    assert_int_equal(t->begun, 0);
    struct manage_next next;
    manage_next(t->m, &next);
    assert_true(next.blocked);
    assert_non_null(strstr(next.short_of, "spool \"rest\" has"));
    answer_with(t, "material", "print anyway");
    RUN_UNTIL(t->b, t->succeeded == 1 && queue_count(local(t)) == 0);
    const struct spool_entry *left = spools_loaded_spool(t->spools, 0);
    RUN_UNTIL(t->b, left->left_mg < 5);
    done_with(t);
}

static void what_is_not_wanted_now_is_passed_over(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit_material(t, "PETG", id);
    say_clear(t);
    start_managing(t);
    answer_with(t, "material", "not now");
    RUN_UNTIL(t->b, managing(t).state == DRIVER_IDLE && !asks(t, "material"));
    assert_int_equal(t->begun, 0);
    assert_string_equal(managing(t).text, "nothing to print");
    start_managing(t); /* anew: it is asked for again */
    RUN_UNTIL(t->b, asks(t, "material"));
    done_with(t);
}

/* ---- exactly one job ---- */

struct wish_outcome {
    int told;
    struct err err;
};

static void on_wish(void *context, const struct err *e)
{
    struct wish_outcome *o = context;
    o->told++;
    o->err = e != NULL ? *e : (struct err){0};
}

static void one_job_is_printed_and_managing_is_off_again(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    struct wish_outcome o = {0};
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, NULL);
    submit(t, "B", "a.gcode", 1, id);
    manage_print(t->m, id, true, on_wish, &o);
    RUN_UNTIL(t->b, o.told == 1);
    assert_int_equal(o.err.code, 0);
    assert_int_equal(t->begun, 1);
    assert_false(managing(t).managing);
    assert_string_equal(managing(t).job, id);
    RUN_UNTIL(t->b, t->succeeded == 1);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_int_equal(queue_count(local(t)), 1);
    assert_string_equal(queue_first(local(t))->name, "A");
    done_with(t);
}

static void one_job_waits_for_the_answer_about_the_bed(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    struct wish_outcome o = {0};
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 1, id);
    manage_print(t->m, id, false, on_wish, &o);
    RUN_UNTIL(t->b, o.told == 1);
    assert_int_equal(o.err.code, 0);
    assert_true(asks(t, "bed"));
    assert_int_equal(t->begun, 0);
    answer_with(t, "bed", "no");
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_int_equal(t->begun, 0);
    manage_print(t->m, id, false, on_wish, &o);
    answer_with(t, "bed", "yes");
    RUN_UNTIL(t->b, t->succeeded == 1);
    assert_int_equal(o.told, 2);
    done_with(t);
}

/* Who says it may have looked before the last print was done. */
static void a_word_about_the_bed_does_not_answer_for_a_queue_that_prints(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    struct wish_outcome o = {0};
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 2, NULL);
    start_managing(t);
    RUN_UNTIL(t->b, asks(t, "bed"));
    answer_with(t, "bed", "yes");
    RUN_UNTIL(t->b, t->succeeded == 1 && asks(t, "bed"));
    submit(t, "B", "a.gcode", 1, id);
    manage_print(t->m, id, true, on_wish, &o);
    RUN_UNTIL(t->b, o.told == 1);
    assert_int_equal(status(t->b).bed, BED_OCCUPIED);
    assert_true(asks(t, "bed"));
    assert_int_equal(t->begun, 1);
    done_with(t);
}

static void what_cannot_be_printed_is_refused_at_once(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    struct wish_outcome o = {0};
    char id[ID_SIZE];
    put_file(t->b, "hot.gcode", "G28\nM104 S300\nG1 X1 Y1 E1\n");
    submit(t, "A", "hot.gcode", 1, id);
    manage_print(t->m, id, true, on_wish, &o);
    RUN_UNTIL(t->b, o.told == 1);
    assert_int_equal(o.err.code, PP_EREFUSED);
    assert_non_null(strstr(o.err.text, "limit is 250"));
    assert_int_equal(status(t->b).bed, BED_UNKNOWN);
    manage_print(t->m, "no such job", true, on_wish, &o);
    RUN_UNTIL(t->b, o.told == 2);
    assert_int_equal(o.err.code, PP_ENOTFOUND);
    done_with(t);
}

static void what_does_not_fit_the_printer_blocks_its_job_and_no_other(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    char why[200];
    put_file(t->b, "hot.gcode", "G28\nM104 S300\nG1 X1 Y1 E1\n");
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "Hot", "hot.gcode", 1, id);
    submit(t, "A", "a.gcode", 1, NULL);
    manage_why_blocked(t->m, &job(t, id)->sets[0], why, sizeof why);
    assert_non_null(strstr(why, "\"hot.gcode\" is refused"));
    assert_non_null(strstr(why, "limit is 250"));
    say_clear(t);
    start_managing(t);
    RUN_UNTIL(t->b, t->succeeded == 1 && asks(t, "file"));
    assert_int_equal(t->begun, 1);
    assert_true(manage_is_on(t->m));
    assert_non_null(strstr(status(t->b).question[0].text, "limit is 250"));
    done_with(t);
}

static void while_it_is_managed_one_job_goes_to_the_front(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    struct wish_outcome o = {0};
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 1, NULL);
    submit(t, "B", "a.gcode", 1, NULL);
    submit(t, "C", "a.gcode", 1, id);
    hook(t, "print_success", SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    manage_print(t->m, id, false, on_wish, &o);
    RUN_UNTIL(t->b, o.told == 1);
    assert_int_equal(o.err.code, 0);
    go_on(&t->b->printer);
    RUN_UNTIL(t->b, t->begun == 2);
    assert_string_equal(t->b->run.job_name, "C");
    RUN_UNTIL(t->b, t->succeeded == 3);
    done_with(t);
}

/* ---- restarts ---- */

static void begin_by_hand(struct manage_bench *t, const char *id, char *run)
{
    struct queue_command c = {.verb = QUEUE_BEGIN, .revision = -1, .printer = "bench"};
    id_new(run, 1700000000000);
    memcpy(c.job, id, sizeof c.job);
    memcpy(c.run, run, sizeof c.run);
    memcpy(c.set, job(t, id)->sets[0].id, sizeof c.set);
    assert_int_equal(give(t, &c).err.code, 0);
}

static void save_run(struct manage_bench *t, const char *run, enum run_result result)
{
    bool done = false;
    struct run row = {.start_ms = 1700000000000, .end_ms = 1700000001000, .result = result};
    memcpy(row.id, run, sizeof row.id);
    snprintf(row.file_name, sizeof row.file_name, "a.gcode");
    store_save_run(t->b->store, &row, on_loaded_here, &done);
    RUN_UNTIL(t->b, done);
}

static void a_print_that_ended_well_before_it_was_counted_is_counted_once(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    char run[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 3, id);
    begin_by_hand(t, id, run);
    save_run(t, run, RUN_SUCCESS);
    for (int i = 0; i < 2; i++) {
        close_manage(t);
        open_manage(t);
        RUN_UNTIL(t->b, job(t, id)->claims_count == 0);
        assert_int_equal(job(t, id)->sets[0].completed, 1);
        assert_int_equal(job(t, id)->sets[0].remaining, 2);
    }
    done_with(t);
}

static void a_print_that_the_history_does_not_know_is_not_counted(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    char run[ID_SIZE];
    put_file(t->b, "a.gcode", SHORT);
    submit(t, "A", "a.gcode", 3, id);
    begin_by_hand(t, id, run);
    close_manage(t);
    open_manage(t);
    RUN_UNTIL(t->b, job(t, id)->claims_count == 0);
    begin_by_hand(t, id, run);
    save_run(t, run, RUN_INTERRUPTED);
    close_manage(t);
    open_manage(t);
    RUN_UNTIL(t->b, job(t, id)->claims_count == 0);
    assert_int_equal(job(t, id)->sets[0].completed, 0);
    assert_int_equal(job(t, id)->sets[0].remaining, 3);
    done_with(t);
}

static void a_restart_without_a_print_leaves_managing_off(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", SHORT);
    start_managing(t);
    UNTIL_DRIVER(t, DRIVER_IDLE);
    close_manage(t);
    submit(t, "A", "a.gcode", 1, NULL);
    say_clear(t);
    open_manage(t);
    RUN_UNTIL(t->b, strstr(managing(t).text, "started anew") != NULL);
    assert_false(managing(t).managing);
    assert_int_equal(t->begun, 0);
    close_manage(t); /* said once */
    open_manage(t);
    assert_string_equal(managing(t).text, "not managing");
    done_with(t);
}

static void managing_goes_on_with_a_print_that_goes_on(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 2, NULL);
    hook(t, "print_success", SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    close_manage(t);
    open_manage(t);
    UNTIL_DRIVER(t, DRIVER_PRINTING);
    assert_true(managing(t).managing);
    assert_string_equal(managing(t).job, queue_first(local(t))->id);
    go_on(&t->b->printer);
    RUN_UNTIL(t->b, t->succeeded == 2 && queue_count(local(t)) == 0);
    done_with(t);
}

static void sql(struct manage_bench *t, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(t->b->db, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_result_that_the_disk_does_not_take_is_counted_later(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    char id[ID_SIZE];
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", 2, id);
    hook(t, "print_success", SWEEP, true);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    sql(t, "CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT RAISE(FAIL, 'full'); END");
    go_on(&t->b->printer);
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    assert_true(managing(t).in_error);
    assert_int_equal(job(t, id)->sets[0].completed, 0);
    assert_int_equal(t->begun, 1);
    sql(t, "DROP TRIGGER full");
    uv_timer_start(&t->m->again, manage_write_late, 0, 0);
    RUN_UNTIL(t->b, job(t, id)->sets[0].completed == 1);
    done_with(t);
}

/* ---- time, symbols ---- */

static int64_t local_ms(int hour, int minute)
{
    struct tm tm = {.tm_year = 124, .tm_mon = 5, .tm_mday = 3, .tm_hour = hour, .tm_min = minute};
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * 1000;
}

static void quiet_hours_go_over_midnight(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    int64_t left_ms = 0;
    assert_false(manage_is_quiet(t->m, local_ms(23, 0), &left_ms));
    t->settings.quiet_from_min = 22 * 60;
    t->settings.quiet_to_min = 7 * 60;
    manage_set_settings(t->m, &t->settings);
    assert_false(manage_is_quiet(t->m, local_ms(21, 59), &left_ms));
    assert_true(manage_is_quiet(t->m, local_ms(22, 0), &left_ms));
    assert_int_equal(left_ms, 9 * 3600000);
    assert_true(manage_is_quiet(t->m, local_ms(6, 59), &left_ms));
    assert_int_equal(left_ms, 60000);
    assert_false(manage_is_quiet(t->m, local_ms(7, 0), &left_ms));
    done_with(t);
}

static void in_zone(const char *zone)
{
    if (zone != NULL) {
        setenv("TZ", zone, 1);
    } else {
        unsetenv("TZ");
    }
    tzset();
}

/* Night of the change: 23:00 to 7:00 has seven hours in spring and nine in autumn. */
static void quiet_hours_know_when_the_clocks_change(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    int64_t left_ms = 0;
    const char *was = getenv("TZ");
    char *zone = was != NULL ? mem_strdup(was) : NULL;
    t->settings.quiet_from_min = 22 * 60;
    t->settings.quiet_to_min = 7 * 60;
    manage_set_settings(t->m, &t->settings);
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_true(manage_is_quiet(t->m, INT64_C(1711836000000), &left_ms)); /* 2024-03-30 23:00 */
    assert_int_equal(left_ms, 7 * 3600000);
    assert_true(manage_is_quiet(t->m, INT64_C(1729976400000), &left_ms)); /* 2024-10-26 23:00 */
    assert_int_equal(left_ms, 9 * 3600000);
    assert_true(manage_is_quiet(t->m, INT64_C(1711846800500), &left_ms)); /* 3:00 and a half s */
    assert_int_equal(left_ms, 4 * 3600000 - 500);
    in_zone(zone);
    free(zone);
    done_with(t);
}

static void in_quiet_hours_it_says_until_when(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm tm;
    char wanted[80];
    localtime_r(&now, &tm);
    int minute = tm.tm_hour * 60 + tm.tm_min;
    t->settings.quiet_from_min = (minute + 23 * 60) % (24 * 60);
    t->settings.quiet_to_min = (minute + 60) % (24 * 60);
    manage_set_settings(t->m, &t->settings);
    put_file(t->b, "a.gcode", PART);
    submit(t, "Vase", "a.gcode", 2, NULL);
    start_managing(t);
    snprintf(wanted, sizeof wanted, "quiet hours: what comes next needs a person (until %02d:%02d)",
        t->settings.quiet_to_min / 60, t->settings.quiet_to_min % 60);
    RUN_UNTIL(t->b, strcmp(managing(t).text, wanted) == 0);
    assert_false(asks(t, "bed"));
    done_with(t);
}

static void conditions_see_the_print_and_what_was_posted(void **state)
{
    (void)state;
    struct manage_bench *t = ready();
    put_file(t->b, "a.gcode", PART);
    submit(t, "Vase", "a.gcode", 2, NULL);
    json_t *external = json_pack("{s:i}", "humidity", 40);
    assert_int_equal(manage_set_external(t->m, external, &refused), 0);
    assert_int_equal(
        manage_set_external(t->m, json_object_get(external, "humidity"), &refused), -PP_EINVAL);
    json_decref(external);
    say_clear(t);
    t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(t);
    RUN_UNTIL(t->b, t->b->printer.stuck);
    json_t *s = manage_symbols(t->m, MOMENT_PRINT_SUCCESS);
    const char *path = NULL;
    const char *state_name = NULL;
    const char *action = NULL;
    const char *name = NULL;
    const char *printer = NULL;
    int humidity = 0;
    double max_x = 0;
    double height = 0;
    double length = 0;
    if (json_unpack(s,
            "{s:{s:s, s:s, s:s}, s:{s:s}, s:{s:s, s:F}, s:{s:i}, s:{s:{s:{s:F}, "
            "s:{s:{s:F}}}}}",
            "current", "path", &path, "state", &state_name, "action", &action, "job", "name", &name,
            "printer", "name", &printer, "max_x", &max_x, "external", "humidity", &humidity,
            "metadata", "analysis", "dimensions", "height", &height, "filament", "tool0", "length",
            &length) != 0) {
        fail_msg("%s", json_dumps(s, JSON_INDENT(1)));
    }
    assert_string_equal(path, "a.gcode");
    assert_string_equal(state_name, "printing");
    assert_string_equal(action, "print_success");
    assert_string_equal(name, "Vase");
    assert_string_equal(printer, "bench");
    assert_int_equal(humidity, 40);
    assert_true(max_x == 200 && length == 4);
    json_decref(s);
    close_manage(t);
    open_manage(t);
    assert_int_equal(json_integer_value(json_object_get(manage_external(t->m), "humidity")), 40);
    go_on(&t->b->printer);
    done_with(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_printed_one_after_another_and_counted),
        cmocka_unit_test(a_job_that_comes_later_is_printed_at_once),
        cmocka_unit_test(managing_with_no_work_prints_nothing_and_stops_when_told),
        cmocka_unit_test(the_new_state_is_told_at_once_by_starting_and_stopping),
        cmocka_unit_test(the_run_tells_whose_it_was),
        cmocka_unit_test(nothing_begins_before_a_person_has_said_that_the_bed_is_clear),
        cmocka_unit_test(the_printer_starts_managing_and_the_bed_is_asked_for),
        cmocka_unit_test(a_bed_that_is_not_clear_is_not_asked_for_again),
        cmocka_unit_test(another_printer_on_the_port_is_asked_for),
        cmocka_unit_test(a_script_that_does_not_clear_the_bed_leaves_it_to_a_person),
        cmocka_unit_test(a_script_that_fails_clears_nothing_and_stops_managing),
        cmocka_unit_test(a_cancel_counts_nothing_and_stops_managing),
        cmocka_unit_test(a_cancelled_job_is_passed_over_where_that_is_wanted),
        cmocka_unit_test(a_job_whose_content_is_gone_says_what_to_do),
        cmocka_unit_test(what_fails_early_is_tried_again_and_then_quarantined),
        cmocka_unit_test(an_emergency_stop_stops_managing),
        cmocka_unit_test(a_failure_told_with_nothing_printed_is_refused),
        cmocka_unit_test(a_script_pauses_until_a_person_says_go_on),
        cmocka_unit_test(stopping_ends_a_script_with_the_heaters_off),
        cmocka_unit_test(a_script_waits_for_a_bed_that_it_has_turned_off),
        cmocka_unit_test(a_cancel_in_a_script_ends_managing_with_its_reason),
        cmocka_unit_test(lines_of_profile_and_configuration_are_left_out),
        cmocka_unit_test(a_web_address_that_does_not_answer_keeps_nobody_waiting),
        cmocka_unit_test(beside_a_print_nothing_of_a_script_is_sent),
        cmocka_unit_test(a_print_begun_elsewhere_is_waited_for),
        cmocka_unit_test(stopping_leaves_the_print_and_it_is_counted),
        cmocka_unit_test(the_bed_cools_down_before_it_is_cleared),
        cmocka_unit_test(a_material_that_is_not_loaded_is_asked_for),
        cmocka_unit_test(loading_it_is_answer_enough),
        cmocka_unit_test(materials_do_not_matter_where_they_are_not_checked),
        cmocka_unit_test(a_spool_that_will_not_last_is_told_before_the_print),
        cmocka_unit_test(what_is_not_wanted_now_is_passed_over),
        cmocka_unit_test(one_job_is_printed_and_managing_is_off_again),
        cmocka_unit_test(one_job_waits_for_the_answer_about_the_bed),
        cmocka_unit_test(a_word_about_the_bed_does_not_answer_for_a_queue_that_prints),
        cmocka_unit_test(what_cannot_be_printed_is_refused_at_once),
        cmocka_unit_test(what_does_not_fit_the_printer_blocks_its_job_and_no_other),
        cmocka_unit_test(while_it_is_managed_one_job_goes_to_the_front),
        cmocka_unit_test(a_print_that_ended_well_before_it_was_counted_is_counted_once),
        cmocka_unit_test(a_print_that_the_history_does_not_know_is_not_counted),
        cmocka_unit_test(a_restart_without_a_print_leaves_managing_off),
        cmocka_unit_test(managing_goes_on_with_a_print_that_goes_on),
        cmocka_unit_test(a_result_that_the_disk_does_not_take_is_counted_later),
        cmocka_unit_test(quiet_hours_go_over_midnight),
        cmocka_unit_test(quiet_hours_know_when_the_clocks_change),
        cmocka_unit_test(in_quiet_hours_it_says_until_when),
        cmocka_unit_test(conditions_see_the_print_and_what_was_posted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
