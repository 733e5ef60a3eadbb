// link: ppapp
/* Filament changes, prompts, pauses at the printer, its buttons, its display. */
#include "host/app/device/device_priv.h"
#include "host/base/clock.h"
#include "tests/unit/device_bench.h"

#define BEFORE "G28\nG1 X10 Y20 Z0.3 F3000\nG1 X50 Y20 E2.5 F1500\n"
#define CHANGE BEFORE "M600\nG1 X60 E3\n"
#define BUSY   "echo:busy: paused for user\n"
#define PROMPT                                                                                     \
    "//action:prompt_end\n//action:prompt_begin Nozzle Parked\n//action:prompt_button PurgeMore\n" \
    "//action:prompt_button Continue\n//action:prompt_show\n"

static struct bench *bench_of(const char *firmware, const char *caps)
{
    struct bench *b = make_bench(&bench_profile);
    b->printer.firmware = firmware;
    b->printer.caps = caps;
    b->printer.emergency_parser = true;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    return b;
}

static struct bench *printing_at(const char *text, const char *command)
{
    struct bench *b = bench_of(NULL, NULL);
    b->printer.stuck_at = command;
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    return b;
}

static struct bench *changing(const char *said)
{
    struct bench *b = printing_at(CHANGE, "M600");
    say(&b->printer, said);
    UNTIL_STATE(b, PRINTER_PAUSED);
    return b;
}

static void ends_well(struct bench *b)
{
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    finish(b);
}

static const struct device_question *question(const struct bench *b, const char *kind)
{
    static struct device_status s;
    s = status(b);
    for (size_t i = 0; i < s.questions; i++) {
        if (strcmp(s.question[i].kind, kind) == 0) {
            return &s.question[i];
        }
    }
    return NULL;
}

static int reply_to(struct bench *b, const char *kind, const char *text)
{
    const struct device_question *q = question(b, kind);
    assert_non_null(q);
    return device_confirm(b->device, q->id, text, &refused);
}

/* ---- filament changes of the file ---- */

static void a_filament_change_is_a_pause_of_the_printer_in_which_nothing_is_sent(void **state)
{
    (void)state;
    struct bench *b = changing(BUSY);
    assert_string_equal(status(b).detail, "waiting for a filament change");
    assert_string_equal(transcript(b, 1), "M75 | G28 | G1 X10 Y20 Z0.3 F3000 | "
                                          "G1 X50 Y20 E2.5 F1500 | M600");
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_string_equal(status(b).detail, "");
    RUN_UNTIL(b, b->runs == 2);
    assert_non_null(strstr(transcript(b, 1), "| M600 | G1 X60 E3 | M77"));
    ends_well(b);
}

static void a_firmware_that_only_keeps_the_line_is_seen_to_wait_too(void **state)
{
    (void)state;
    struct bench *b = printing_at(CHANGE, "M600");
    b->device->self.change_ms = 0; /* long ago, and not a word */
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_null(question(b, "wait"));
    assert_int_equal(device_resume(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_int_equal(heard(b, 0, "M108"), 1);
    ends_well(b);
}

static void a_firmware_without_m600_goes_on_printing(void **state)
{
    (void)state;
    struct bench *b = bench_of(NULL, NULL);
    print(b, CHANGE);
    ends_well(b);
}

static void old_actions_around_a_filament_change_run_no_scripts(void **state)
{
    (void)state;
    struct bench *b = changing("//action:pause\n");
    assert_int_equal(heard(b, 0, "M76"), 0);
    say(&b->printer, "//action:resume\n");
    UNTIL_STATE(b, PRINTER_PRINTING);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, 0, "G1 X0 Y100"), 0);
    ends_well(b);
}

static void a_cancel_ends_the_filament_change_first(void **state)
{
    (void)state;
    struct bench *b = changing(BUSY);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_cancel(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_CANCELLED);
    assert_string_equal(
        transcript(b, from), "M108 | M104 S0 | M140 S0 | M107 | G1 X0 Y190 F6000 | M77");
    assert_true(cold(b));
    finish(b);
}

static void a_host_that_is_stopped_meanwhile_ends_the_change_and_cools(void **state)
{
    (void)state;
    struct bench *b = changing(BUSY);
    shut(b);
    assert_int_equal(b->run.result, RUN_INTERRUPTED);
    assert_int_equal(heard(b, 0, "M108"), 1);
    assert_int_equal(heard(b, 0, "M112"), 0);
    assert_true(cold(b));
    finish(b);
}

/* ---- prompts ---- */

static void a_prompt_is_a_question_and_its_answer_goes_back_at_once(void **state)
{
    (void)state;
    struct bench *b = changing("//action:paused\n" PROMPT BUSY);
    RUN_UNTIL(b, question(b, "prompt") != NULL);
    assert_null(question(b, "wait"));
    assert_string_equal(question(b, "prompt")->text, "The printer asks: Nozzle Parked");
    assert_string_equal(question(b, "prompt")->answers[0], "PurgeMore");
    assert_int_equal(reply_to(b, "prompt", "maybe"), -PP_EINVAL);
    assert_string_equal(
        refused.text, "answer \"maybe\": must be one of \"PurgeMore\", \"Continue\"");
    assert_int_equal(reply_to(b, "prompt", ""), -PP_EINVAL);
    assert_int_equal(reply_to(b, "prompt", "continue"), 0);
    assert_null(question(b, "prompt"));
    RUN_UNTIL(b, heard(b, 0, "M876 S1") == 1);
    say(&b->printer, "//action:prompt_end\n//action:resumed\n");
    ends_well(b);
}

static void a_prompt_that_the_printer_takes_back_is_closed(void **state)
{
    (void)state;
    char id[37];
    struct bench *b = changing(PROMPT BUSY);
    RUN_UNTIL(b, question(b, "prompt") != NULL);
    memcpy(id, question(b, "prompt")->id, sizeof id);
    say(&b->printer, "//action:prompt_end\n");
    RUN_UNTIL(b, question(b, "prompt") == NULL);
    assert_int_equal(device_confirm(b->device, id, "Continue", &refused), -PP_ENOTFOUND);
    go_on(&b->printer);
    ends_well(b);
}

static void a_prompt_hides_no_other_question(void **state)
{
    (void)state;
    bool waits;
    struct bench *b = bench_of(NULL, NULL);
    put_file(b, "part.gcode", BEFORE);
    assert_int_equal(device_print(b->device, "part.gcode", false, &waits, &refused), 0);
    say(&b->printer, PROMPT);
    RUN_UNTIL(b, question(b, "prompt") != NULL);
    assert_int_equal(status(b).questions, 2);
    assert_string_equal(status(b).question[0].kind, "bed");
    assert_int_equal(device_confirm(b->device, "", "yes", &refused), -PP_ESTATE);
    assert_string_equal(refused.text, "2 questions are open: name the one that is answered");
    assert_int_equal(reply_to(b, "prompt", "PurgeMore"), 0);
    RUN_UNTIL(b, heard(b, 0, "M876 S0") == 1);
    assert_int_equal(device_confirm(b->device, "", "yes", &refused), 0);
    ends_well(b);
}

static void the_bed_is_declared_clear_beside_a_prompt(void **state)
{
    (void)state;
    struct bench *b = bench_of(NULL, NULL);
    say(&b->printer, PROMPT);
    RUN_UNTIL(b, question(b, "prompt") != NULL);
    assert_int_equal(device_confirm(b->device, "", "clear", &refused), 0);
    assert_int_equal(status(b).bed, BED_CLEAR);
    assert_non_null(question(b, "prompt"));
    finish(b);
}

static void a_prompt_without_buttons_is_dismissed_and_nothing_is_sent(void **state)
{
    (void)state;
    struct bench *b = bench_of(NULL, NULL);
    say(&b->printer, "//action:prompt_begin Look here\n//action:prompt_show\n");
    RUN_UNTIL(b, question(b, "prompt") != NULL);
    assert_int_equal(reply_to(b, "prompt", ""), 0);
    assert_int_equal(status(b).questions, 0);
    assert_int_equal(heard(b, 0, "M876"), 0);
    finish(b);
}

static void a_printer_that_offers_prompts_is_told_that_somebody_answers(void **state)
{
    (void)state;
    struct bench *b = bench_of(NULL, "Cap:PROMPT_SUPPORT:1\n");
    assert_int_equal(heard(b, 0, "M876 P1"), 1);
    finish(b);
    b = bench_of(NULL, "Cap:PROMPT_SUPPORT:0\n");
    assert_int_equal(heard(b, 0, "M876 P1"), 0);
    finish(b);
}

static void a_resume_here_answers_the_prompt_that_asks_for_it(void **state)
{
    (void)state;
    struct bench *b = changing(PROMPT BUSY);
    RUN_UNTIL(b, question(b, "prompt") != NULL);
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, heard(b, 0, "M876 S1") == 1);
    ends_well(b);
}

static void a_resume_here_does_not_guess_an_answer(void **state)
{
    (void)state;
    struct bench *b = changing(
        BUSY "//action:prompt_begin Which?\n//action:prompt_button Left\n//action:prompt_show\n");
    RUN_UNTIL(b, question(b, "prompt") != NULL);
    assert_int_equal(device_resume(b->device, &refused), -PP_ESTATE);
    assert_non_null(strstr(refused.text, "Which?"));
    assert_int_equal(reply_to(b, "prompt", "Left"), 0);
    ends_well(b);
}

static void a_printer_that_waits_without_a_prompt_gets_a_question_of_ours(void **state)
{
    (void)state;
    struct bench *b = changing(BUSY);
    RUN_UNTIL(b, question(b, "wait") != NULL);
    say(&b->printer, BUSY);
    assert_int_equal(reply_to(b, "wait", ""), 0);
    RUN_UNTIL(b, heard(b, 0, "M108") == 1);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_null(question(b, "wait"));
    ends_well(b);
}

static void a_prompt_takes_the_place_of_our_question(void **state)
{
    (void)state;
    struct bench *b = changing(BUSY PROMPT);
    RUN_UNTIL(b, question(b, "prompt") != NULL);
    assert_null(question(b, "wait"));
    go_on(&b->printer);
    ends_well(b);
}

/* ---- the printer's own buttons and sensors ---- */

static void a_pause_at_the_printer_changes_the_state_and_sends_nothing(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    say(&b->printer, "//action:paused\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_string_equal(status(b).detail, "paused at the printer");
    size_t from = b->printer.heard_count;
    go_on(&b->printer);
    say(&b->printer, "//action:notification still here\n");
    RUN_UNTIL(b, strcmp(status(b).message, "still here") == 0);
    assert_string_equal(transcript(b, from), "");
    say(&b->printer, "// action:resumed\n");
    RUN_UNTIL(b, b->runs == 2);
    assert_string_equal(transcript(b, from), "G1 X60 E3 | M77 | M400");
    ends_well(b);
}

static void a_person_here_ends_a_pause_made_at_the_printer(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    say(&b->printer, "//action:paused\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    go_on(&b->printer);
    assert_int_equal(device_resume(b->device, &refused), 0);
    ends_well(b);
}

static void a_change_begun_at_the_printer_holds_the_print_until_it_is_over(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    say(&b->printer, BUSY);
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_string_equal(status(b).detail, "the printer waits for a person");
    go_on(&b->printer);
    RUN_UNTIL(b, b->device->self.drained);
    assert_int_equal(status(b).state, PRINTER_PAUSED); /* it has just said that it waits */
    b->device->self.person_ms = 0;
    ends_well(b);
}

static void out_of_filament_pauses_with_our_script(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    say(&b->printer, "//action:out_of_filament T0\n");
    UNTIL_STATE(b, PRINTER_PAUSING);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_int_equal(heard(b, 0, "G1 X0 Y100 F6000"), 1);
    assert_string_equal(b->notice, "the printer is out of filament, T0: pausing");
    assert_int_equal(device_resume(b->device, &refused), 0);
    ends_well(b);
}

static void a_resume_that_comes_while_pausing_is_not_lost(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    say(&b->printer, "//action:pause\n//action:resume\n");
    UNTIL_STATE(b, PRINTER_PAUSING);
    RUN_UNTIL(b, b->device->self.resume_wanted);
    go_on(&b->printer);
    ends_well(b);
}

static void the_printer_starts_nothing(void **state)
{
    (void)state;
    bool waits;
    struct bench *b = bench_of(NULL, NULL);
    put_file(b, "part.gcode", BEFORE);
    assert_int_equal(device_print(b->device, "part.gcode", false, &waits, &refused), 0);
    say(&b->printer, "//action:start\n");
    RUN_UNTIL(b, b->notices > 0);
    assert_non_null(strstr(b->notice, "\"part.gcode\" waits for an answer"));
    assert_int_equal(status(b).state, PRINTER_OPERATIONAL);
    finish(b);
}

static void on_queue_go(void *context, enum hub_event event, const void *data)
{
    (void)event;
    (void)data;
    (*(int *)context)++;
}

static void a_printer_that_wants_its_queue_printed_is_heard_by_who_manages_it(void **state)
{
    (void)state;
    int asked = 0;
    struct bench *b = bench_of(NULL, NULL);
    say(&b->printer, "// action:queuego\n");
    RUN_UNTIL(b, strstr(b->notice, "none is managed here") != NULL);
    hub_add(b->hub, 1u << HUB_QUEUE_GO, on_queue_go, &asked);
    say(&b->printer, "//action:queuego\n");
    RUN_UNTIL(b, asked == 1);
    assert_int_equal(status(b).state, PRINTER_OPERATIONAL);
    finish(b);
}

static void a_printer_that_wants_to_be_switched_off_ends_the_print_cold(void **state)
{
    (void)state;
    struct bench *b = printing_at("M104 S200\n" BEFORE "G1 X60 E3\n", "G1 X50");
    say(&b->printer, "//action:poweroff\n");
    UNTIL_STATE(b, PRINTER_CANCELLING);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_FAILURE);
    assert_true(cold(b));
    finish(b);
}

static bool count_shutdown(void *context)
{
    ++*(int *)context;
    return *(int *)context > 1; /* allowed the second time */
}

static void the_machine_is_shut_down_only_where_that_is_allowed(void **state)
{
    (void)state;
    int asked = 0;
    struct bench *b = make_bench(&bench_profile);
    b->options.shutdown = count_shutdown;
    b->options.shutdown_context = &asked;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    say(&b->printer, "//action:shutdown\n");
    RUN_UNTIL(b, b->notices == 1);
    assert_non_null(strstr(b->notice, "not allowed"));
    say(&b->printer, "//action:shutdown\n");
    RUN_UNTIL(b, b->notices == 2);
    assert_string_equal(b->notice, "this machine is shut down at the printer's wish");
    assert_int_equal(asked, 2);
    b->printer.stuck_at = "G1 X50";
    print(b, BEFORE);
    RUN_UNTIL(b, b->printer.stuck);
    say(&b->printer, "//action:shutdown\n");
    RUN_UNTIL(b, b->notices == 3);
    assert_int_equal(asked, 2);
    go_on(&b->printer);
    ends_well(b);
}

static void in_a_power_panic_not_a_byte_more_is_sent(void **state)
{
    (void)state;
    struct bench *b = printing_at(BEFORE "G1 X60 E3\n", "G1 X50");
    size_t from = b->printer.heard_count;
    say(&b->printer, "INT4\n");
    UNTIL_STATE(b, PRINTER_OFFLINE);
    assert_int_equal(b->run.result, RUN_INTERRUPTED);
    RUN_UNTIL(b, !b->device->wire.attached);
    settle(b);
    assert_int_equal(b->printer.heard_count, from);
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    UNTIL_STATE(b, PRINTER_OPERATIONAL); /* it comes back, and is made safe */
    RUN_UNTIL(b, heard(b, from, "M140 S0") > 0);
    finish(b);
}

/* ---- Prusa ---- */

#define PRUSA "Prusa-Firmware 3.14.0 based on Marlin"

static void a_prusa_parks_and_goes_on_by_its_own_commands(void **state)
{
    (void)state;
    struct bench *b = bench_of(PRUSA, NULL);
    print(b, BEFORE "M601\nG1 X60 E3\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_non_null(strstr(transcript(b, 1), "E2.5 F1500 | M76 | M601"));
    assert_int_equal(heard(b, 0, "M601"), 1);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_string_equal(transcript(b, from), "M602 | M75 | G1 X60 E3 | M77 | M400");
    ends_well(b);
}

static void a_prusa_that_only_says_that_it_has_parked_is_believed(void **state)
{
    (void)state;
    struct bench *b = bench_of(PRUSA, NULL);
    b->printer.stuck_at = "M601";
    print(b, BEFORE "M601\nG1 X60 E3\n");
    RUN_UNTIL(b, b->printer.stuck);
    say(&b->printer, "// action:paused\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    go_on(&b->printer);
    say(&b->printer, "// action:resumed\n"); /* at its display */
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(heard(b, 0, "M602"), 0);
    ends_well(b);
}

static void a_cancelled_prusa_stops_by_its_own_command(void **state)
{
    (void)state;
    struct bench *b = bench_of(PRUSA, NULL);
    print(b, BEFORE "M0\nG1 X60 E3\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_cancel(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_string_equal(transcript(b, from), "M104 S0 | M140 S0 | M107 | M603 | M77");
    finish(b);
}

static void scripts_that_somebody_wrote_go_before_the_firmwares_own(void **state)
{
    (void)state;
    bench_profile.own_scripts = true;
    struct bench *b = bench_of(PRUSA, NULL);
    print(b, BEFORE "M0\nG1 X60 E3\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_int_equal(heard(b, 0, "M601"), 0);
    assert_int_equal(heard(b, 0, "G1 X0 Y100"), 1);
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    bench_profile.own_scripts = false;
    ends_well(b);
}

/* ---- the display ---- */

/* No M105 meanwhile: behind a command that is not acknowledged it would wait, too. */
static bool no_poll(struct bench *b)
{
    b->device->temps_ms = clock_ms();
    return true;
}

static struct bench *printed_with(const char *caps, enum progress_mode mode, const char *text)
{
    struct bench *b = make_bench(&bench_profile);
    bench_profile.progress = mode;
    b->printer.caps = caps;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    b->printer.stuck_at = "M118 here";
    print(b, text);
    RUN_UNTIL(b, no_poll(b) && status(b).state == PRINTER_PRINTING);
    device_display_tick(b->device, clock_ms()); /* nothing of the file has been read yet */
    RUN_UNTIL(b, no_poll(b) && b->printer.stuck && sender_injects(b->device->sender) == 0);
    device_display_tick(b->device, clock_ms());
    device_display_tick(b->device, clock_ms()); /* once is enough for ten seconds */
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    bench_profile.progress = PROGRESS_AUTO;
    return b;
}

#define PERCENT "Cap:BUILD_PERCENT:1\n"
#define SHOWN   "G28\nM118 here\nG1 X10 Y20 Z0.3 E1 F3000\n"

static void the_display_is_told_how_far_the_print_is(void **state)
{
    (void)state;
    struct bench *b = printed_with(PERCENT, PROGRESS_AUTO, SHOWN);
    assert_int_equal(heard(b, 0, "M73 P"), 2);
    assert_int_equal(heard(b, 0, "M73 P100 R0"), 1);
    ends_well(b);
}

static void a_file_that_tells_it_itself_is_not_disturbed(void **state)
{
    (void)state;
    struct bench *b = printed_with(PERCENT, PROGRESS_AUTO, "M73 P5 R9\n" SHOWN);
    assert_int_equal(heard(b, 0, "M73"), 1);
    ends_well(b);
}

static void a_printer_that_does_not_take_it_is_not_bothered(void **state)
{
    (void)state;
    struct bench *b = printed_with(NULL, PROGRESS_AUTO, SHOWN);
    assert_int_equal(heard(b, 0, "M73"), 0);
    ends_well(b);
    b = printed_with(PERCENT, PROGRESS_OFF, SHOWN);
    assert_int_equal(heard(b, 0, "M73"), 0);
    ends_well(b);
}

static void the_display_may_be_told_in_words(void **state)
{
    (void)state;
    struct bench *b = printed_with(PERCENT, PROGRESS_M117, SHOWN);
    assert_int_equal(heard(b, 0, "M73"), 0);
    assert_true(heard(b, 0, "M117 ") >= 1);
    ends_well(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filament_change_is_a_pause_of_the_printer_in_which_nothing_is_sent),
        cmocka_unit_test(a_firmware_that_only_keeps_the_line_is_seen_to_wait_too),
        cmocka_unit_test(a_firmware_without_m600_goes_on_printing),
        cmocka_unit_test(old_actions_around_a_filament_change_run_no_scripts),
        cmocka_unit_test(a_cancel_ends_the_filament_change_first),
        cmocka_unit_test(a_host_that_is_stopped_meanwhile_ends_the_change_and_cools),
        cmocka_unit_test(a_prompt_is_a_question_and_its_answer_goes_back_at_once),
        cmocka_unit_test(a_prompt_that_the_printer_takes_back_is_closed),
        cmocka_unit_test(a_prompt_hides_no_other_question),
        cmocka_unit_test(the_bed_is_declared_clear_beside_a_prompt),
        cmocka_unit_test(a_prompt_without_buttons_is_dismissed_and_nothing_is_sent),
        cmocka_unit_test(a_printer_that_offers_prompts_is_told_that_somebody_answers),
        cmocka_unit_test(a_resume_here_answers_the_prompt_that_asks_for_it),
        cmocka_unit_test(a_resume_here_does_not_guess_an_answer),
        cmocka_unit_test(a_printer_that_waits_without_a_prompt_gets_a_question_of_ours),
        cmocka_unit_test(a_prompt_takes_the_place_of_our_question),
        cmocka_unit_test(a_pause_at_the_printer_changes_the_state_and_sends_nothing),
        cmocka_unit_test(a_person_here_ends_a_pause_made_at_the_printer),
        cmocka_unit_test(a_change_begun_at_the_printer_holds_the_print_until_it_is_over),
        cmocka_unit_test(out_of_filament_pauses_with_our_script),
        cmocka_unit_test(a_resume_that_comes_while_pausing_is_not_lost),
        cmocka_unit_test(the_printer_starts_nothing),
        cmocka_unit_test(a_printer_that_wants_its_queue_printed_is_heard_by_who_manages_it),
        cmocka_unit_test(a_printer_that_wants_to_be_switched_off_ends_the_print_cold),
        cmocka_unit_test(the_machine_is_shut_down_only_where_that_is_allowed),
        cmocka_unit_test(in_a_power_panic_not_a_byte_more_is_sent),
        cmocka_unit_test(a_prusa_parks_and_goes_on_by_its_own_commands),
        cmocka_unit_test(a_prusa_that_only_says_that_it_has_parked_is_believed),
        cmocka_unit_test(a_cancelled_prusa_stops_by_its_own_command),
        cmocka_unit_test(scripts_that_somebody_wrote_go_before_the_firmwares_own),
        cmocka_unit_test(the_display_is_told_how_far_the_print_is),
        cmocka_unit_test(a_file_that_tells_it_itself_is_not_disturbed),
        cmocka_unit_test(a_printer_that_does_not_take_it_is_not_bothered),
        cmocka_unit_test(the_display_may_be_told_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
