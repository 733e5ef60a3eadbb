// link: ppapp
#include "host/app/device/device_priv.h"
#include "tests/unit/device_cut.h"

/* A print that is cut off goes on where it was: after the program was left with the print going on,
 * after the port was lost, in every state a print can be in. The printer counts its lines and
 * refuses what is not the next, as Marlin does. */

/* How often each line of the print was carried out. */
static void is_printed_once(const struct bench *b, const char *text)
{
    char line[80];
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, text);
        if (line[0] == 'G' && heard(b, 0, line) != 1) {
            fail_msg("\"%s\" was carried out %zu times", line, heard(b, 0, line));
        }
        text += len + (text[len] == '\n');
    }
}

static void ends_well(struct bench *b, const char *text)
{
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    is_printed_once(b, text);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_false(b->device == NULL);
    done(b);
}

/* ---- printing ---- */

static void a_print_goes_on_behind_the_last_line_taken(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        cuts[i].cut(b);
        free_printer(b);
        ends_well(b, PARTS);
    }
}

static void a_print_goes_on_before_its_first_move(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "M104");
        cuts[i].cut(b);
        free_printer(b);
        ends_well(b, PARTS);
    }
}

static void a_line_that_was_lost_with_the_port_goes_out_again(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    b->printer.last_n--; /* as if it had not come through */
    b->printer.heard_count--;
    pull(b);
    free_printer(b);
    ends_well(b, PARTS);
}

static void a_port_lost_several_times_in_a_row_is_no_matter(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    for (int i = 0; i < 3; i++) {
        pull(b);
        RUN_UNTIL(b, status(b).link.port[0] != '\0');
    }
    free_printer(b);
    ends_well(b, PARTS);
}

static void a_print_left_while_its_port_is_away_goes_on(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    leave(b);
    plug_in(b);
    open_device(b);
    free_printer(b);
    ends_well(b, PARTS);
}

static void a_person_sees_that_it_was_cut_off_and_goes_on(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    struct device_status s = status(b);
    assert_string_equal(s.job.file_name, "part.gcode");
    assert_non_null(strstr(b->notice, "goes on when the printer is back"));
    assert_int_equal(device_set_temp(b->device, "tool0", 0, &refused), -PP_EOFFLINE);
    assert_int_equal(device_pause(b->device, &refused), -PP_ESTATE);
    plug_in(b);
    free_printer(b);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_non_null(strstr(b->notice, "the print goes on"));
    ends_well(b, PARTS);
}

/* ---- pausing, paused, resuming ---- */

static void resume_and_end(struct bench *b)
{
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_int_equal(device_resume(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_PRINTING);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    is_printed_once(b, REST);
    done(b);
}

static void a_paused_print_stays_paused(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        assert_int_equal(device_pause(b->device, &refused), 0);
        go_on(&b->printer);
        UNTIL_STATE(b, PRINTER_PAUSED);
        size_t from = b->printer.heard_count;
        cuts[i].cut(b);
        UNTIL_STATE(b, PRINTER_PAUSED);
        assert_memory_equal(transcript(b, from), "M115", 4);
        assert_int_equal(heard(b, from, "G") + heard(b, from, "M1"),
            heard(b, from, "M115") + heard(b, from, "M105"));
        assert_int_equal(device_resume(b->device, &refused), 0);
        RUN_UNTIL(b, heard(b, from, "M82") == 1);
        assert_int_equal(heard(b, from, "G1 Z0.300 F600"), 1);
        assert_int_equal(heard(b, from, "G92 E"), 1);
        ends_well(b, REST);
    }
}

static void a_pause_is_finished_where_its_script_was(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        b->printer.stuck_at = "M400"; /* the first line of it that takes long */
        go_on(&b->printer);
        b->printer.stuck_at = "M400";
        device_pause(b->device, &refused);
        RUN_UNTIL(b, b->printer.stuck);
        cuts[i].cut(b);
        free_printer(b);
        UNTIL_STATE(b, PRINTER_PAUSED);
        assert_int_equal(heard(b, 0, "G1 X0 Y100 F6000"), 1);
        resume_and_end(b);
    }
}

static void a_pause_just_asked_for_parks_after_what_was_under_way(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        device_pause(b->device, &refused);
        cuts[i].cut(b);
        free_printer(b);
        UNTIL_STATE(b, PRINTER_PAUSED);
        assert_int_equal(heard(b, 0, "G1 X0 Y100 F6000"), 1);
        resume_and_end(b);
    }
}

static void a_resume_that_was_under_way_is_finished(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        device_pause(b->device, &refused);
        go_on(&b->printer);
        UNTIL_STATE(b, PRINTER_PAUSED);
        b->printer.stuck_at = "G90";
        assert_int_equal(device_resume(b->device, &refused), 0);
        RUN_UNTIL(b, b->printer.stuck);
        cuts[i].cut(b);
        free_printer(b);
        RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
        assert_int_equal(heard(b, 0, "G1 Z0.300 F600"), 1);
        ends_well(b, REST);
    }
}

/* The program died between keeping that a script begins and sending it: how far the tool was moved
 * is not known, and not guessed. */
static void a_script_that_was_not_sent_whole_leaves_it_paused(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        device_pause(b->device, &refused);
        b->device->script_begun = true;
        device_remember(b->device);
        cuts[i].cut(b);
        free_printer(b);
        UNTIL_STATE(b, PRINTER_PAUSED);
        assert_non_null(strstr(b->notice, "how far the tool was moved"));
        assert_int_equal(heard(b, 0, "G1 X0 Y100 F6000"), 0);
        resume_and_end(b);
    }
}

static void a_resume_that_was_not_sent_leaves_it_paused(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        device_pause(b->device, &refused);
        go_on(&b->printer);
        UNTIL_STATE(b, PRINTER_PAUSED);
        device_move(b->device, PRINTER_RESUMING, "test");
        cuts[i].cut(b);
        UNTIL_STATE(b, PRINTER_PAUSED);
        assert_non_null(strstr(b->notice, "how far the tool was moved"));
        resume_and_end(b);
    }
}

/* What a long pause has turned off is heated again by whoever resumes. */
static void a_pause_that_has_cooled_down_is_heated_again(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    device_pause(b->device, &refused);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_int_equal(device_set_temp(b->device, "tool0", 0, &refused), 0);
    RUN_UNTIL(b, b->device->temps.target_mc[0] == 0);
    restart(b);
    UNTIL_STATE(b, PRINTER_PAUSED);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_resume(b->device, &refused), 0);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    assert_int_equal(heard(b, from, "M109 S200"), 1);
    assert_int_equal(heard(b, from, "M190"), 0);
    ends_well(b, REST);
}

/* Its pause is behind it, also for whoever comes after. */
static void a_pause_of_the_file_is_not_met_again(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = bench_with_ring();
        print(b, FIRST "M0\n" REST);
        UNTIL_STATE(b, PRINTER_PAUSED);
        cuts[i].cut(b);
        UNTIL_STATE(b, PRINTER_PAUSED);
        assert_int_equal(device_resume(b->device, &refused), 0);
        b->printer.stuck_at = "G1 X70";
        RUN_UNTIL(b, b->printer.stuck);
        cuts[i].cut(b);
        free_printer(b);
        ends_well(b, REST);
    }
}

/* ---- cancelling, finishing ---- */

static void a_cancel_that_was_under_way_is_finished(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        b->printer.stuck_at = "M107";
        device_cancel(b->device, &refused);
        go_on(&b->printer);
        b->printer.stuck_at = "M107";
        RUN_UNTIL(b, b->printer.stuck || heard(b, 0, "M107") > 0);
        cuts[i].cut(b);
        free_printer(b);
        RUN_UNTIL(b, b->run.result == RUN_CANCELLED);
        UNTIL_STATE(b, PRINTER_OPERATIONAL);
        assert_true(cold(b));
        assert_int_equal(heard(b, 0, "G1 X70"), 0);
        done(b);
    }
}

static void a_print_is_cancelled_while_the_printer_is_away(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    plug_in(b);
    free_printer(b);
    RUN_UNTIL(b, b->run.result == RUN_CANCELLED);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(heard(b, 0, "G1 X70"), 0);
    done(b);
}

static void a_print_that_was_finishing_ends_well(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "M400");
        cuts[i].cut(b);
        free_printer(b);
        ends_well(b, PARTS);
    }
}

/* ---- what must not go on by itself ---- */

/* ---- emergency stops ---- */

static void stays_stopped(struct bench *b, size_t from)
{
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_ABORTED);
    free_printer(b);
    if (!b->printer.plugged) {
        plug_in(b);
    }
    RUN_UNTIL(b, !b->device->wire.attached);
    device_connect(b->device, &refused);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(heard(b, from, "G1 X60"), 0);
    done(b);
}

static void a_print_does_not_go_on_when_the_port_is_lost_in_an_emergency_stop(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X50");
    size_t from = b->printer.heard_count;
    assert_int_equal(device_estop(b->device, &refused), 0);
    unplug(b);
    stays_stopped(b, from);
}

static void nor_does_it_after_an_emergency_stop_past_the_main_loop(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X50");
    size_t from = b->printer.heard_count;
    sender_estop(b->device->sender);
    RUN_UNTIL(b, heard(b, from, "M112") > 0);
    unplug(b);
    stays_stopped(b, from);
}

static void an_emergency_stop_while_the_printer_is_away_ends_the_print(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X50");
    size_t from = b->printer.heard_count;
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    assert_int_equal(device_estop(b->device, &refused), -PP_EOFFLINE);
    assert_non_null(strstr(refused.text, "switch the printer off"));
    assert_int_equal(status(b).state, PRINTER_OFFLINE);
    free_printer(b);
    plug_in(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL); /* and is made safe */
    RUN_UNTIL(b, heard(b, from, "M140 S0") > 0 && cold(b));
    assert_int_equal(b->run.result, RUN_ABORTED);
    assert_int_equal(heard(b, from, "G1 X60"), 0);
    done(b);
}

static void a_print_that_was_stopped_is_not_taken_up_by_the_next_process(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X50");
    size_t from = b->printer.heard_count;
    assert_int_equal(device_estop(b->device, &refused), 0);
    leave(b); /* at once */
    free_printer(b);
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(b->run.result, RUN_ABORTED);
    assert_int_equal(heard(b, from, "G1 X60"), 0);
    done(b);
}

static void is_given_up(struct bench *b)
{
    size_t from = b->printer.heard_count;
    assert_int_equal(device_confirm(b->device, "", "no", &refused), 0);
    assert_int_equal(b->run.result, RUN_INTERRUPTED);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    assert_int_equal(heard(b, from, "G"), 0);
    assert_int_equal(heard(b, 0, "G1 X80"), 0);
    done(b);
}

static void heaters_that_were_changed_meanwhile_ask_a_person(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        b->printer.tool_target[0] = 0;
        cuts[i].cut(b);
        free_printer(b);
        is_offered(b, "tool0 is set to 0");
        is_given_up(b);
    }
}

static void another_printer_on_the_port_asks_a_person(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    b->printer.uuid = "99999999-2222-3333-4444-555555555555";
    pull(b);
    free_printer(b);
    is_offered(b, "another printer");
    assert_int_equal(device_recover(b->device, &refused), -PP_EREFUSED);
    assert_int_equal(status(b).questions, 1);
    done(b);
}

static void a_printer_that_was_away_for_too_long_asks_a_person(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    device_set_resume_within(b->device, 300);
    unplug(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    assert_string_equal(status(b).job.file_name, "part.gcode");
    free_printer(b);
    plug_in(b);
    is_offered(b, "away for too long");
    is_given_up(b);
}

static void a_printer_that_was_reset_asks_a_person(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    free_printer(b);
    b->printer.last_n = 0;
    b->printer.tool_target[0] = b->printer.bed_target = 0;
    say(&b->printer, "start\n");
    is_offered(b, "was reset");
    is_given_up(b);
}

static void a_printer_that_was_reset_by_the_pull_asks_a_person(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        b->printer.last_n = 0;
        b->printer.tool_target[0] = b->printer.bed_target = 0;
        cuts[i].cut(b);
        free_printer(b);
        is_offered(b, "was reset");
        is_given_up(b);
    }
}

static void the_question_survives_a_restart(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    b->printer.tool_target[0] = 0;
    pull(b);
    free_printer(b);
    is_offered(b, "tool0 is set to 0");
    for (int i = 0; i < 2; i++) {
        leave(b);
        b->runs = 1;
        open_device(b);
        RUN_UNTIL(b, status(b).questions == 1);
        UNTIL_STATE(b, PRINTER_RECOVERING);
    }
    shut(b); /* an orderly stop asks again as well */
    open_device(b);
    is_offered(b, "");
    is_given_up(b);
}

/* Without the memory, as after a power cut. */
static void without_memory_the_journal_asks_a_person(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X70");
    struct journal_row row;
    do {
        uv_run(&b->loop, UV_RUN_ONCE);
        assert_int_equal(store_load_journal(b->store, &row, NULL), 0);
    } while (row.acked_offset < strlen(FIRST) && !b->late);
    leave(b);
    unlink(ring);
    b->options.ring_path = NULL;
    free_printer(b);
    b->printer.last_n = 0;
    open_device(b);
    is_offered(b, "");
    assert_non_null(strstr(status(b).question[0].text, "Z=0.30"));
    is_given_up(b);
}

static void a_run_whose_file_is_gone_is_interrupted(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    char path[512];
    struct device_status s = status(b);
    assert_string_equal(s.job.file_name, "part.gcode");
    files_path(b->files, files_find(b->files, "part.gcode")->row.sha256, path, sizeof path);
    leave(b);
    unlink(path);
    free_printer(b);
    open_device(b);
    RUN_UNTIL(b, b->run.result == RUN_INTERRUPTED || status(b).state == PRINTER_OPERATIONAL);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    done(b);
}

/* Whoever comes next knows why it is being cancelled, so that nobody tries it again. */
static void a_fault_of_the_printer_is_still_one_after_a_restart(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    device_fault(b->device, "the heater is dead");
    device_abort(b->device, "the heater is dead");
    restart(b);
    free_printer(b);
    RUN_UNTIL(b, b->run.result == RUN_FAILURE);
    assert_true(b->run.fault);
    assert_string_equal(b->run.reason, "the heater is dead");
    done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_of_the_printer_is_still_one_after_a_restart),
        cmocka_unit_test(a_print_goes_on_behind_the_last_line_taken),
        cmocka_unit_test(a_print_goes_on_before_its_first_move),
        cmocka_unit_test(a_line_that_was_lost_with_the_port_goes_out_again),
        cmocka_unit_test(a_port_lost_several_times_in_a_row_is_no_matter),
        cmocka_unit_test(a_print_left_while_its_port_is_away_goes_on),
        cmocka_unit_test(a_person_sees_that_it_was_cut_off_and_goes_on),
        cmocka_unit_test(a_paused_print_stays_paused),
        cmocka_unit_test(a_pause_is_finished_where_its_script_was),
        cmocka_unit_test(a_pause_just_asked_for_parks_after_what_was_under_way),
        cmocka_unit_test(a_resume_that_was_under_way_is_finished),
        cmocka_unit_test(a_script_that_was_not_sent_whole_leaves_it_paused),
        cmocka_unit_test(a_resume_that_was_not_sent_leaves_it_paused),
        cmocka_unit_test(a_pause_that_has_cooled_down_is_heated_again),
        cmocka_unit_test(a_pause_of_the_file_is_not_met_again),
        cmocka_unit_test(a_cancel_that_was_under_way_is_finished),
        cmocka_unit_test(a_print_is_cancelled_while_the_printer_is_away),
        cmocka_unit_test(a_print_does_not_go_on_when_the_port_is_lost_in_an_emergency_stop),
        cmocka_unit_test(nor_does_it_after_an_emergency_stop_past_the_main_loop),
        cmocka_unit_test(an_emergency_stop_while_the_printer_is_away_ends_the_print),
        cmocka_unit_test(a_print_that_was_stopped_is_not_taken_up_by_the_next_process),
        cmocka_unit_test(a_print_that_was_finishing_ends_well),
        cmocka_unit_test(heaters_that_were_changed_meanwhile_ask_a_person),
        cmocka_unit_test(another_printer_on_the_port_asks_a_person),
        cmocka_unit_test(a_printer_that_was_away_for_too_long_asks_a_person),
        cmocka_unit_test(a_printer_that_was_reset_asks_a_person),
        cmocka_unit_test(a_printer_that_was_reset_by_the_pull_asks_a_person),
        cmocka_unit_test(the_question_survives_a_restart),
        cmocka_unit_test(without_memory_the_journal_asks_a_person),
        cmocka_unit_test(a_run_whose_file_is_gone_is_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
