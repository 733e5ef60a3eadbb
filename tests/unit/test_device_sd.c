// link: ppapp
#include "host/app/device/device_sd.h"
#include "tests/unit/device_bench.h"

/* The card of the scripted printer: what it answers to the commands about it. */
struct slot {
    struct bench *b;
    const char *status;    /* to M27 */
    const char *list;      /* between the ends of M20 */
    const char *opened;    /* to M23 */
    const char *writing;   /* to M28 */
    char bed_at_start[16]; /* as stored when M24 came */
    size_t starts;
};

static struct slot slot;

static void on_command(void *context, const char *command)
{
    struct slot *s = context;
    struct marlin *p = &s->b->printer;
    if (strncmp(command, "M27", 3) == 0) {
        say(p, s->status);
    } else if (strncmp(command, "M20", 3) == 0) {
        say(p, "Begin file list\n");
        say(p, s->list);
        say(p, "End file list\n");
    } else if (strncmp(command, "M23", 3) == 0) {
        say(p, s->opened);
    } else if (strncmp(command, "M28", 3) == 0) {
        say(p, s->writing);
    } else if (strcmp(command, "M29") == 0) {
        say(p, "Done saving file.\n");
    } else if (strcmp(command, "M24") == 0) {
        s->starts++;
        snprintf(s->bed_at_start, sizeof s->bed_at_start, "%s", bed_stored(s->b->db));
    }
}

static struct bench *with_card(void)
{
    struct bench *b = make_bench(&bench_profile);
    slot = (struct slot){.b = b,
        .status = "Not SD printing\n",
        .list = "PART.GCO 100\n",
        .opened = "File opened: /PART.GCO Size: 100\nFile selected\n",
        .writing = "Writing to file: /NEW.GCO\n"};
    b->printer.card = true;
    b->printer.hook = on_command;
    b->printer.hook_context = &slot;
    return b;
}

static struct device_sd_status sd(const struct bench *b)
{
    struct device_sd_status s;
    device_sd_status(b->device, &s);
    return s;
}

static struct bench *ready(void)
{
    struct bench *b = with_card();
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, sd(b).files == 1);
    return b;
}

static struct bench *printing_from_card(void)
{
    struct bench *b = ready();
    bool waits = true;
    slot.status = "SD printing byte 10/100\n";
    assert_int_equal(device_sd_print(b->device, "part.gco", true, true, &waits, &refused), 0);
    assert_false(waits);
    UNTIL_STATE(b, PRINTER_PRINTING);
    return b;
}

/* ---- prints ---- */

static void the_printer_starts_only_when_the_bed_is_stored_as_occupied(void **state)
{
    (void)state;
    struct bench *b = printing_from_card();
    assert_string_equal(slot.bed_at_start, "occupied");
    RUN_UNTIL(b, status(b).job.done_bytes == 10);
    assert_int_equal(status(b).job.size_bytes, 100);
    assert_true(sd(b).printing);
    slot.status = "Not SD printing\n";
    say(&b->printer, "Done printing file\n");
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    assert_string_equal(b->run.file_name, "PART.GCO");
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    finish(b);
}

static void a_person_is_asked_for_the_bed_and_for_a_file_nobody_has_checked(void **state)
{
    (void)state;
    struct bench *b = ready();
    bool waits = false;
    assert_int_equal(device_sd_print(b->device, "PART.GCO", false, false, &waits, &refused), 0);
    assert_true(waits);
    assert_string_equal(status(b).question[0].kind, "bed");
    assert_int_equal(device_confirm(b->device, "", "yes", &refused), 0);
    assert_string_equal(status(b).question[0].kind, "unchecked");
    assert_int_equal(device_confirm(b->device, "", "no", &refused), 0);
    assert_string_equal(status(b).waiting_for, "");
    assert_int_equal(heard(b, 0, "M23"), 0);
    assert_int_equal(device_sd_print(b->device, "PART.GCO", false, false, &waits, &refused), 0);
    assert_int_equal(device_confirm(b->device, "", "yes", &refused), 0);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_int_equal(heard(b, 0, "M23 /PART.GCO"), 1);
    finish(b);
}

static void a_file_that_cannot_be_opened_is_not_started(void **state)
{
    (void)state;
    struct bench *b = ready();
    bool waits;
    slot.opened = "open failed, File: PART.GCO.\n";
    assert_int_equal(device_sd_print(b->device, "PART.GCO", true, true, &waits, &refused), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_FAILURE);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(heard(b, 0, "M24"), 0);
    finish(b);
}

static void not_printing_is_believed_the_third_time(void **state)
{
    (void)state;
    struct bench *b = printing_from_card();
    RUN_UNTIL(b, status(b).job.done_bytes == 10);
    say(&b->printer, "Not SD printing\nNot SD printing\nSD printing byte 20/100\n");
    say(&b->printer, "Not SD printing\nNot SD printing\nSD printing byte 30/100\n");
    RUN_UNTIL(b, status(b).job.done_bytes == 30);
    UNTIL_STATE(b, PRINTER_PRINTING);
    slot.status = "Not SD printing\n";
    say(&b->printer, "Not SD printing\nNot SD printing\nNot SD printing\n");
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_CANCELLED);
    assert_non_null(strstr(b->run.reason, "byte 30 of 100"));
    finish(b);
}

static void pause_resume_and_stop_are_the_firmwares_own(void **state)
{
    (void)state;
    struct bench *b = printing_from_card();
    size_t from = b->printer.heard_count;
    slot.status = "Not SD printing\n"; /* what many say while paused */
    assert_int_equal(device_pause(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_PAUSED);
    assert_int_equal(heard(b, from, "M25"), 1);
    say(&b->printer, "Not SD printing\nNot SD printing\nNot SD printing\nNot SD printing\n");
    say(&b->printer, "//action:pause\n");
    slot.status = "SD printing byte 40/100\n";
    assert_int_equal(device_resume(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_int_equal(slot.starts, 2);
    from = b->printer.heard_count;
    assert_int_equal(device_cancel(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(b->run.result, RUN_CANCELLED);
    const char *text = transcript(b, from);
    const char *stop = strstr(text, "M524");
    assert_non_null(stop);
    assert_non_null(strstr(stop, "M104 S0 | M140 S0 | M107"));
    assert_true(cold(b));
    finish(b);
}

static void a_print_begun_at_the_printer_is_taken_over(void **state)
{
    (void)state;
    struct bench *b = ready();
    say(&b->printer, "File opened: PART.GCO Size: 100\nFile selected\nSD printing byte 1/100\n");
    slot.status = "SD printing byte 1/100\n";
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_string_equal(status(b).job.file_name, "PART.GCO");
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    assert_int_equal(heard(b, 0, "M24"), 0);
    finish(b);
}

static void a_question_does_not_outlive_a_print_begun_at_the_printer(void **state)
{
    (void)state;
    struct bench *b = ready();
    bool waits = false;
    put_file(b, "part.gcode", PART);
    assert_int_equal(device_print(b->device, "part.gcode", false, &waits, &refused), 0);
    assert_true(waits);
    slot.status = "SD printing byte 1/100\n";
    say(&b->printer, slot.status);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_int_equal(status(b).questions, 0);
    assert_true(device_confirm(b->device, "", "yes", &refused) < 0);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    finish(b);
}

static void a_pause_at_the_printer_is_seen_and_its_end(void **state)
{
    (void)state;
    struct bench *b = printing_from_card();
    slot.status = "SD printing byte 10/100\n";
    size_t from = b->printer.heard_count;
    say(&b->printer, "//action:paused\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    say(&b->printer, "//action:resumed\n");
    UNTIL_STATE(b, PRINTER_PRINTING);
    say(&b->printer, "//action:paused\nSD printing byte 11/100\n");
    UNTIL_STATE(b, PRINTER_PAUSED);
    say(&b->printer, "SD printing byte 12/100\n");
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_int_equal(heard(b, from, "M24") + heard(b, from, "M25"), 0);
    finish(b);
}

static void a_print_under_way_at_connection_keeps_its_heaters(void **state)
{
    (void)state;
    struct bench *b = with_card();
    slot.status = "SD printing byte 50/100\n";
    b->printer.tool_target[0] = 200;
    open_device(b);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    bool waits;
    assert_int_equal(
        device_sd_print(b->device, "PART.GCO", true, true, &waits, &refused), -PP_ESTATE);
    shut(b); /* the program ends: the printer goes on */
    assert_int_equal(heard(b, 0, "M104"), 0);
    assert_int_equal(b->printer.tool_target[0], 200);
    char id[37];
    memcpy(id, b->run.id, sizeof id);
    open_device(b);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_string_equal(status(b).job.run_id, id);
    assert_int_equal(b->printer.tool_target[0], 200);
    finish(b);
}

static void the_cable_is_pulled_and_the_same_print_found_again(void **state)
{
    (void)state;
    struct bench *b = printing_from_card();
    char id[37];
    b->printer.tool_target[0] = 200;
    memcpy(id, b->run.id, sizeof id);
    unplug(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    plug_in(b);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_string_equal(status(b).job.run_id, id);
    assert_int_equal(b->printer.tool_target[0], 200);
    finish(b);
}

static void a_card_that_cannot_be_read_stops_the_print(void **state)
{
    (void)state;
    struct bench *b = printing_from_card();
    say(&b->printer, "Error:SD read error\nError:SD read error\nError:SD read error\n");
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_FAILURE);
    assert_true(cold(b));
    finish(b);
}

/* ---- copies ---- */

#define SMALL "G28\nG1 X1 ; a move\n\n; nothing\nM0\nG1 X2\n"

static void a_copy_is_written_line_by_line_and_its_size_checked(void **state)
{
    (void)state;
    struct bench *b = ready();
    char name[SD_NAME_SIZE];
    put_file(b, "part.gcode", SMALL);
    size_t from = b->printer.heard_count;
    slot.list = "PART.GCO 100\nPART~1.GCO 23\n"; /* 4 lines of 15 characters, CR and LF each */
    assert_int_equal(device_sd_put(b->device, "part.gcode", "", name, &refused), 0);
    assert_string_equal(name, "PART~1.GCO");
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_string_equal(
        transcript(b, from), "M28 /PART~1.GCO | G28 | G1 X1 | M0 | G1 X2 | M29 | M20");
    assert_non_null(strstr(b->notice, "is on the printer's card as PART~1.GCO"));
    finish(b);
}

static void a_copy_of_the_wrong_size_is_deleted(void **state)
{
    (void)state;
    struct bench *b = ready();
    char name[SD_NAME_SIZE];
    put_file(b, "part.gcode", SMALL);
    slot.list = "PART.GCO 100\nNEW.GCO 22\n";
    assert_int_equal(device_sd_put(b->device, "part.gcode", "new.gco", name, &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_non_null(strstr(b->notice, "it has 22 bytes there, not 23"));
    RUN_UNTIL(b, heard(b, 0, "M30 /NEW.GCO") == 1);
    finish(b);
}

static void nothing_of_the_file_is_sent_to_a_printer_that_does_not_write(void **state)
{
    (void)state;
    struct bench *b = ready();
    char name[SD_NAME_SIZE];
    put_file(b, "part.gcode", SMALL);
    slot.writing = "open failed, File: NEW.GCO.\n";
    assert_int_equal(device_sd_put(b->device, "part.gcode", "", name, &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(heard(b, 0, "G28"), 0);
    assert_int_equal(heard(b, 0, "M29"), 1);
    assert_non_null(strstr(b->notice, "did not open"));
    finish(b);
}

static void a_line_that_would_end_the_writing_stops_it(void **state)
{
    (void)state;
    struct bench *b = ready();
    char name[SD_NAME_SIZE];
    put_file(b, "part.gcode", "G28\nM29\nG1 X100\n");
    assert_int_equal(device_sd_put(b->device, "part.gcode", "", name, &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(heard(b, 0, "G1 X100"), 0);
    assert_int_equal(heard(b, 0, "M30"), 1);
    assert_non_null(strstr(b->notice, "M29"));
    finish(b);
}

static void hot_or_busy_printers_get_no_copy(void **state)
{
    (void)state;
    struct bench *b = ready();
    char name[SD_NAME_SIZE];
    put_file(b, "part.gcode", SMALL);
    assert_int_equal(
        device_sd_put(b->device, "part.gcode", "PART.GCO", name, &refused), -PP_EEXIST);
    assert_int_equal(
        device_sd_put(b->device, "part.gcode", "part.txt", name, &refused), -PP_EINVAL);
    assert_int_equal(device_sd_put(b->device, "no.gcode", "", name, &refused), -PP_ENOTFOUND);
    assert_int_equal(device_set_temp(b->device, "bed", 50000, &refused), 0);
    RUN_UNTIL(b, status(b).heater[1].target_mc == 50000);
    assert_int_equal(device_sd_put(b->device, "part.gcode", "", name, &refused), -PP_ESTATE);
    assert_non_null(strstr(refused.text, "heaters are on"));
    finish(b);
}

static void copying(struct bench *b)
{
    char name[SD_NAME_SIZE];
    put_file(b, "part.gcode", SMALL);
    b->printer.stuck_at = "G1 X1";
    assert_int_equal(device_sd_put(b->device, "part.gcode", "NEW.GCO", name, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(status(b).state, PRINTER_TRANSFERRING);
}

static void meanwhile_nothing_else_reaches_the_printer(void **state)
{
    (void)state;
    struct bench *b = ready();
    bool waits;
    copying(b);
    assert_int_equal(device_send(b->device, "G1 Z10", &refused), -PP_ESTATE);
    assert_int_equal(device_set_temp(b->device, "bed", 50000, &refused), -PP_ESTATE);
    assert_int_equal(device_disconnect(b->device, &refused), -PP_ESTATE);
    assert_true(device_sd_print(b->device, "PART.GCO", true, true, &waits, &refused) < 0);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(heard(b, 0, "M30 /NEW.GCO"), 1);
    assert_non_null(strstr(b->notice, "cancelled"));
    finish(b);
}

static void an_emergency_stop_ends_the_writing_first(void **state)
{
    (void)state;
    struct bench *b = ready();
    copying(b);
    size_t from = b->printer.heard_count;
    assert_int_equal(device_estop(b->device, &refused), 0);
    RUN_UNTIL(b, heard(b, from, "M112") >= 1);
    assert_string_equal(b->printer.heard[from], "M29");
    UNTIL_STATE(b, PRINTER_ERROR);
    finish(b);
}

static void a_copy_that_was_cut_off_is_deleted_first_of_all(void **state)
{
    (void)state;
    struct bench *b = ready();
    copying(b);
    unplug(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    b->printer.owed = 0;
    size_t from = b->printer.heard_count;
    plug_in(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_memory_equal(transcript(b, from), "M29 | M30 /NEW.GCO | M115", 25);
    finish(b);
}

static void a_copy_cut_off_is_not_forgotten_before_it_is_deleted(void **state)
{
    (void)state;
    struct bench *b = ready();
    copying(b);
    unplug(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    b->printer.owed = 0;
    b->printer.stuck = false;
    b->printer.stuck_at = "M29";
    plug_in(b);
    RUN_UNTIL(b, b->printer.stuck);
    device_close(b->device, true, on_device_closed, b); /* as if it died here */
    RUN_UNTIL(b, b->closed);
    shut(b);
    b->printer.owed = 0;
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    size_t from = b->printer.heard_count;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_memory_equal(transcript(b, from), "M29 | M30 /NEW.GCO | M115", 25);
    finish(b);
}

static void m112_sent_as_a_command_stops_a_copy_too(void **state)
{
    (void)state;
    struct bench *b = ready();
    copying(b);
    assert_int_equal(device_send(b->device, "M112", &refused), 0);
    RUN_UNTIL(b, heard(b, 0, "M112") > 0);
    assert_int_equal(status(b).state, PRINTER_ERROR);
    finish(b);
}

static void an_end_of_the_program_ends_the_writing(void **state)
{
    (void)state;
    struct bench *b = ready();
    copying(b);
    device_close(b->device, false, on_device_closed, b);
    go_on(&b->printer);
    RUN_UNTIL(b, b->closed);
    assert_int_equal(heard(b, 0, "M29"), 1);
    assert_int_equal(heard(b, 0, "M30 /NEW.GCO"), 1);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_printer_starts_only_when_the_bed_is_stored_as_occupied),
        cmocka_unit_test(a_person_is_asked_for_the_bed_and_for_a_file_nobody_has_checked),
        cmocka_unit_test(a_file_that_cannot_be_opened_is_not_started),
        cmocka_unit_test(not_printing_is_believed_the_third_time),
        cmocka_unit_test(pause_resume_and_stop_are_the_firmwares_own),
        cmocka_unit_test(a_print_begun_at_the_printer_is_taken_over),
        cmocka_unit_test(a_question_does_not_outlive_a_print_begun_at_the_printer),
        cmocka_unit_test(a_pause_at_the_printer_is_seen_and_its_end),
        cmocka_unit_test(a_print_under_way_at_connection_keeps_its_heaters),
        cmocka_unit_test(the_cable_is_pulled_and_the_same_print_found_again),
        cmocka_unit_test(a_card_that_cannot_be_read_stops_the_print),
        cmocka_unit_test(a_copy_is_written_line_by_line_and_its_size_checked),
        cmocka_unit_test(a_copy_of_the_wrong_size_is_deleted),
        cmocka_unit_test(nothing_of_the_file_is_sent_to_a_printer_that_does_not_write),
        cmocka_unit_test(a_line_that_would_end_the_writing_stops_it),
        cmocka_unit_test(hot_or_busy_printers_get_no_copy),
        cmocka_unit_test(meanwhile_nothing_else_reaches_the_printer),
        cmocka_unit_test(an_emergency_stop_ends_the_writing_first),
        cmocka_unit_test(a_copy_that_was_cut_off_is_deleted_first_of_all),
        cmocka_unit_test(a_copy_cut_off_is_not_forgotten_before_it_is_deleted),
        cmocka_unit_test(m112_sent_as_a_command_stops_a_copy_too),
        cmocka_unit_test(an_end_of_the_program_ends_the_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
