// link: ppapp
#include "tests/unit/device_bench.h"

#include "host/io/ports.h"

static bool ask(struct bench *b, const char *file)
{
    bool waits = false;
    assert_int_equal(device_print(b->device, file, false, &waits, &refused), 0);
    return waits;
}

static int confirm(struct bench *b, const char *id, const char *answer)
{
    return device_confirm(b->device, id, answer, &refused);
}

/* ---- the bed ---- */

static void on_a_new_data_directory_a_print_waits_until_the_bed_is_said_to_be_clear(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode", PART);
    assert_int_equal(status(b).bed, BED_UNKNOWN);
    assert_true(ask(b, "part.gcode"));
    assert_string_equal(status(b).question[0].kind, "bed");
    assert_string_equal(status(b).waiting_for, "part.gcode");
    assert_int_equal(status(b).state, PRINTER_OPERATIONAL);
    assert_int_equal(confirm(b, status(b).question[0].id, "yes"), 0);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(b->run.result, RUN_SUCCESS);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    assert_true(ask(b, "part.gcode")); /* what was printed still lies there */
    assert_int_equal(confirm(b, "", "no"), 0);
    finish(b);
}

static void an_answer_no_prints_nothing_and_lets_the_file_go(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode", PART);
    assert_true(ask(b, "part.gcode"));
    assert_int_equal(confirm(b, status(b).question[0].id, "no"), 0);
    assert_string_equal(status(b).waiting_for, "");
    assert_string_equal(status(b).question[0].id, "");
    assert_int_equal(status(b).bed, BED_UNKNOWN);
    put_file(b, "part.gcode", PART "M107\n"); /* nobody holds it */
    assert_int_equal(b->runs, 0);
    finish(b);
}

static void an_answer_to_a_question_that_is_not_open_does_nothing(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    char old[37];
    put_file(b, "part.gcode", PART);
    assert_true(ask(b, "part.gcode"));
    memcpy(old, status(b).question[0].id, sizeof old);
    assert_int_equal(confirm(b, "someone-elses", "yes"), -PP_ENOTFOUND);
    assert_int_equal(confirm(b, old, "perhaps"), -PP_EINVAL);
    assert_int_equal(confirm(b, old, "no"), 0);
    assert_int_equal(confirm(b, old, "yes"), -PP_ENOTFOUND); /* a late click */
    assert_true(ask(b, "part.gcode"));
    assert_int_equal(confirm(b, old, "yes"), -PP_ENOTFOUND);
    assert_int_equal(status(b).bed, BED_UNKNOWN);
    assert_int_equal(b->runs, 0);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    assert_string_equal(status(b).waiting_for, "");
    finish(b);
}

struct witness {
    const char *db;
    size_t moves;
    char bed[16]; /* in the database when the first move came over the wire */
};

static void on_command(void *context, const char *command)
{
    struct witness *w = context;
    if (strncmp(command, "G1 ", 3) == 0 && w->moves++ == 0) {
        snprintf(w->bed, sizeof w->bed, "%s", bed_stored(w->db));
    }
}

static void the_bed_is_stored_as_occupied_before_the_first_move_is_sent(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct witness w = {.db = b->db};
    b->printer.hook = on_command;
    b->printer.hook_context = &w;
    print(b, PART);
    RUN_UNTIL(b, b->runs == 2);
    assert_int_equal(w.moves, 3);
    assert_string_equal(w.bed, "occupied");
    finish(b);
}

static void a_bed_nothing_was_extruded_on_is_given_back(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    b->printer.stuck_at = "G1 X10";
    print(b, PART);
    RUN_UNTIL(b, b->printer.stuck);
    assert_string_equal(bed_stored(b->db), "occupied");
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(status(b).bed, BED_CLEAR);
    assert_int_equal(b->run.result, RUN_CANCELLED);
    assert_int_equal(heard(b, 0, "G1 X50"), 0);
    assert_true(cold(b));
    finish(b);
}

static void a_bed_that_was_extruded_on_stays_occupied(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    b->printer.stuck_at = "G1 X50 Y10";
    print(b, PART);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    assert_true(cold(b));
    finish(b);
}

static void the_bed_cannot_be_declared_clear_during_a_print(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(confirm(b, "", "maybe"), -PP_EINVAL);
    assert_int_equal(confirm(b, "", "clear"), 0);
    assert_int_equal(status(b).bed, BED_CLEAR);
    b->printer.stuck_at = "G28";
    print(b, PART);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(confirm(b, "", "clear"), -PP_ESTATE);
    go_on(&b->printer);
    RUN_UNTIL(b, b->runs == 2);
    finish(b);
}

static void a_file_is_checked_again_when_the_profile_changed_before_the_answer(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct profile smaller = bench_profile;
    smaller.limits.max_um[0] = 40000;
    put_file(b, "part.gcode", PART);
    assert_true(ask(b, "part.gcode"));
    device_set_profile(b->device, &smaller);
    assert_int_equal(confirm(b, "", "yes"), 0);
    assert_non_null(strstr(b->notice, "is refused"));
    assert_string_equal(status(b).waiting_for, "");
    assert_int_equal(status(b).state, PRINTER_OPERATIONAL);
    assert_int_equal(b->runs, 0);
    finish(b);
}

/* Cancels `text` while the printer is busy with its line `command`. */
static enum bed_state bed_after_cancel_at(const char *text, const char *command)
{
    struct bench *b = connected(&bench_profile);
    b->printer.stuck_at = command;
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    enum bed_state bed = status(b).bed;
    finish(b);
    return bed;
}

static void a_bed_that_was_primed_on_is_not_given_back(void **state)
{
    (void)state;
    assert_int_equal(bed_after_cancel_at("G28\nG1 E10 F300\n" PART, "G1 E10"), BED_OCCUPIED);
}

static void a_bed_on_which_a_macro_may_have_drawn_is_not_given_back(void **state)
{
    (void)state;
    assert_int_equal(bed_after_cancel_at("START_PRINT BED=60\n" PART, "START_PRINT"), BED_OCCUPIED);
}

/* ---- who hangs on the port ---- */

/* Prints nothing: a bed known to be clear, then the host is stopped and comes back. */
static struct bench *restarted_with(const char *uuid)
{
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode", PART);
    assert_int_equal(confirm(b, "", "clear"), 0);
    shut(b);
    b->printer.uuid = uuid != NULL ? uuid : b->printer.uuid;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    return b;
}

static void the_same_printer_after_a_restart_is_not_asked_for(void **state)
{
    (void)state;
    struct bench *b = restarted_with(NULL);
    assert_int_equal(status(b).bed, BED_CLEAR);
    assert_false(ask(b, "part.gcode"));
    RUN_UNTIL(b, b->runs == 2);
    finish(b);
}

static void another_uuid_is_asked_for_and_then_the_bed(void **state)
{
    (void)state;
    struct bench *b = restarted_with("99999999-0000-0000-0000-000000000000");
    assert_true(ask(b, "part.gcode"));
    assert_string_equal(status(b).question[0].kind, "identity");
    assert_int_equal(confirm(b, "", "yes"), 0);
    assert_string_equal(status(b).question[0].kind, "bed");
    assert_int_equal(b->runs, 0);
    assert_int_equal(confirm(b, "", "yes"), 0);
    RUN_UNTIL(b, b->runs == 2);
    finish(b);
}

static void another_port_is_asked_for(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct printer_row row;
    char stable[256];
    put_file(b, "part.gcode", PART);
    assert_int_equal(confirm(b, "", "clear"), 0);
    shut(b);
    ports_stable_name(b->options.device, stable, sizeof stable);
    assert_int_equal(store_open(&b->store, &b->loop, b->db, NULL), 0);
    assert_int_equal(store_load_printer(b->store, &row, NULL), 0);
    assert_string_equal(row.port_identity, stable);
    snprintf(row.port_identity, sizeof row.port_identity, "usb-Another-if00");
    store_save_printer(b->store, &row, NULL, NULL);
    close_store(b);
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_true(ask(b, "part.gcode"));
    assert_string_equal(status(b).question[0].kind, "identity");
    finish(b);
}

/* "Clear" was said of the bed of the printer that hung there then. */
static void a_bed_declared_clear_on_a_doubted_printer_says_nothing_of_the_old_one(void **state)
{
    (void)state;
    const char *mine = "11111111-2222-3333-4444-555555555555";
    struct bench *b = restarted_with("99999999-0000-0000-0000-000000000000");
    bool waits;
    assert_int_equal(device_print(b->device, "part.gcode", true, &waits, &refused), 0);
    assert_true(waits);
    assert_int_equal(confirm(b, "", "no"), 0);
    b->printer.uuid = mine;
    say(&b->printer, "start\n");
    RUN_UNTIL(b, status(b).state == PRINTER_OFFLINE);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_not_equal(status(b).bed, BED_CLEAR);
    shut(b);
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_true(ask(b, "part.gcode"));
    finish(b);
}

/* ---- refusals ---- */

static void a_temperature_beyond_the_limits_is_refused(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    assert_int_equal(device_set_temp(b->device, "tool0", 250001, &refused), -PP_EINVAL);
    assert_int_equal(device_set_temp(b->device, "tool0", -1, &refused), -PP_EINVAL);
    assert_int_equal(device_set_temp(b->device, "bed", 100001, &refused), -PP_EINVAL);
    assert_int_equal(device_set_temp(b->device, "chamber", 40000, &refused), -PP_EINVAL);
    assert_int_equal(device_set_temp(b->device, "tool1", 40000, &refused), -PP_EINVAL);
    assert_int_equal(device_set_temp(b->device, "nozzle", 40000, &refused), -PP_EINVAL);
    assert_int_equal(device_set_temp(b->device, "tool0", 250000, &refused), 0);
    assert_int_equal(device_set_temp(b->device, "bed", 60000, &refused), 0);
    RUN_UNTIL(b, b->printer.tool_target[0] == 250 && b->printer.bed_target == 60);
    finish(b);
}

static void a_printer_without_a_profile_has_limits_too(void **state)
{
    (void)state;
    struct bench *b = connected(NULL);
    assert_int_equal(device_set_temp(b->device, "tool0", 300001, &refused), -PP_EINVAL);
    assert_int_equal(device_set_temp(b->device, "bed", 130001, &refused), -PP_EINVAL);
    assert_int_equal(device_set_temp(b->device, "chamber", 90001, &refused), -PP_EINVAL);
    finish(b);
}

static void what_is_no_command_is_not_sent(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    char longest[300];
    memset(longest, 'X', sizeof longest);
    memcpy(longest, "M117 ", 5);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(device_send(b->device, "", &refused), -PP_EINVAL);
    assert_int_equal(device_send(b->device, " ; a remark", &refused), -PP_EINVAL);
    assert_int_equal(device_send(b->device, "M117 a\nM104 S200", &refused), -PP_EINVAL);
    assert_int_equal(device_send(b->device, "M117 a\rM104 S200", &refused), -PP_EINVAL);
    assert_int_equal(device_send(b->device, longest, &refused), -PP_EINVAL);
    assert_int_equal(device_send(b->device, "M118 done", &refused), 0);
    RUN_UNTIL(b, heard(b, 0, "M118 done") == 1);
    assert_int_equal(heard(b, 0, "M117"), 0);
    finish(b);
}

static void commands_of_people_leave_room_for_turning_the_heaters_off(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    b->printer.stuck_at = "G28";
    print(b, PART);
    RUN_UNTIL(b, b->printer.stuck);
    int rc = 0;
    for (int i = 0; i < 1000 && rc == 0; i++) {
        rc = device_send(b->device, "M118 hello", &refused);
    }
    assert_int_equal(rc, -PP_EBUSY);
    assert_int_equal(device_set_temp(b->device, "bed", 50000, &refused), -PP_EBUSY);
    assert_int_equal(device_cancel(b->device, &refused), 0);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_true(cold(b));
    finish(b);
}

static void offline_nothing_is_taken(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    bool waits;
    put_file(b, "part.gcode", PART);
    assert_int_equal(device_disconnect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    assert_int_equal(device_print(b->device, "part.gcode", true, &waits, &refused), -PP_EOFFLINE);
    assert_int_equal(device_send(b->device, "M118", &refused), -PP_EOFFLINE);
    assert_int_equal(device_set_temp(b->device, "bed", 1000, &refused), -PP_EOFFLINE);
    assert_int_equal(device_estop(b->device, &refused), -PP_EOFFLINE);
    assert_int_equal(device_pause(b->device, &refused), -PP_ESTATE);
    assert_int_equal(device_resume(b->device, &refused), -PP_ESTATE);
    assert_int_equal(device_cancel(b->device, &refused), -PP_ESTATE);
    assert_int_equal(device_connect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_new_data_directory_a_print_waits_until_the_bed_is_said_to_be_clear),
        cmocka_unit_test(an_answer_no_prints_nothing_and_lets_the_file_go),
        cmocka_unit_test(an_answer_to_a_question_that_is_not_open_does_nothing),
        cmocka_unit_test(the_bed_is_stored_as_occupied_before_the_first_move_is_sent),
        cmocka_unit_test(a_bed_nothing_was_extruded_on_is_given_back),
        cmocka_unit_test(a_bed_that_was_extruded_on_stays_occupied),
        cmocka_unit_test(the_bed_cannot_be_declared_clear_during_a_print),
        cmocka_unit_test(a_file_is_checked_again_when_the_profile_changed_before_the_answer),
        cmocka_unit_test(a_bed_that_was_primed_on_is_not_given_back),
        cmocka_unit_test(a_bed_on_which_a_macro_may_have_drawn_is_not_given_back),
        cmocka_unit_test(the_same_printer_after_a_restart_is_not_asked_for),
        cmocka_unit_test(another_uuid_is_asked_for_and_then_the_bed),
        cmocka_unit_test(another_port_is_asked_for),
        cmocka_unit_test(a_bed_declared_clear_on_a_doubted_printer_says_nothing_of_the_old_one),
        cmocka_unit_test(a_temperature_beyond_the_limits_is_refused),
        cmocka_unit_test(a_printer_without_a_profile_has_limits_too),
        cmocka_unit_test(what_is_no_command_is_not_sent),
        cmocka_unit_test(commands_of_people_leave_room_for_turning_the_heaters_off),
        cmocka_unit_test(offline_nothing_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
