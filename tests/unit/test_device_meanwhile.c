// link: ppapp
#include "host/app/device/device_priv.h"
#include "host/base/clock.h"
#include "tests/unit/device_cut.h"

/* What people, printers and disks do while a print is cut off or waits for its answer. */

static void answer_m27(void *context, const char *command)
{
    struct bench *b = context;
    if (strncmp(command, "M27", 3) == 0) {
        say(&b->printer, "SD printing byte 10/100\n");
    }
}

/* The printer prints from its card by itself from now on. */
static void print_from_card(struct bench *b)
{
    b->printer.card = true;
    b->printer.hook_context = b;
    b->printer.hook = answer_m27;
}

static struct bench *offered(void)
{
    struct bench *b = printing_at(PARTS, "G1 X60");
    free_printer(b);
    b->printer.last_n = 0;
    b->printer.tool_target[0] = b->printer.bed_target = 0;
    say(&b->printer, "start\n");
    is_offered(b, "was reset");
    RUN_UNTIL(b, !b->device->heat.owed);
    return b;
}

/* The same, with the printer switched off. */
static struct bench *offered_and_off(void)
{
    struct bench *b = offered();
    unplug(b);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    return b;
}

static void wait_ms(struct bench *b, uint64_t ms)
{
    uint64_t start = clock_ms();
    RUN_UNTIL(b, clock_ms() - start >= ms);
}

static void forget_table(struct bench *b, const char *drop)
{
    sqlite3 *sql;
    assert_int_equal(sqlite3_open_v2(b->db, &sql, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(sql, 5000);
    assert_int_equal(sqlite3_exec(sql, drop, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
}

/* ---- the printer speaks ---- */

static void a_printer_that_wants_its_power_off_leaves_the_question_open(void **state)
{
    (void)state;
    struct bench *b = offered();
    size_t from = b->printer.heard_count;
    say(&b->printer, "//action:poweroff\n");
    RUN_UNTIL(b, heard(b, from, "M140 S0") == 1);
    assert_int_equal(status(b).state, PRINTER_RECOVERING);
    assert_int_equal(status(b).questions, 1);
    assert_int_equal(device_confirm(b->device, "", "no", &refused), 0);
    assert_int_equal(b->run.result, RUN_INTERRUPTED);
    done(b);
}

static void an_error_of_a_printer_that_is_just_connecting_is_survived(void **state)
{
    (void)state;
    struct bench *b = offered_and_off();
    b->printer.stuck_at = "M115";
    free_printer(b);
    b->printer.stuck_at = "M115";
    plug_in(b);
    UNTIL_STATE(b, PRINTER_CONNECTING);
    say(&b->printer, "!! internal error\n//action:poweroff\n");
    RUN_UNTIL(b, b->printer.stuck);
    wait_ms(b, 100);
    assert_int_equal(status(b).questions, 1);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    done(b);
}

static void a_question_does_not_outlive_its_print(void **state)
{
    (void)state;
    struct bench *b = offered();
    char id[37];
    memcpy(id, status(b).question[0].id, sizeof id);
    device_halt(b->device, "tool0 was turned off and rises to 300 °C all the same");
    assert_int_equal(status(b).questions, 0);
    assert_int_equal(device_confirm(b->device, id, "yes", &refused), -PP_ENOTFOUND);
    UNTIL_STATE(b, PRINTER_ERROR);
    done(b);
}

/* ---- the printer prints from its card ---- */

static void a_print_from_the_card_is_not_spoilt_and_ends_the_offer(void **state)
{
    (void)state;
    struct bench *b = offered_and_off();
    size_t from = b->printer.heard_count;
    b->printer.tool_target[0] = 200;
    print_from_card(b);
    plug_in(b);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_int_equal(status(b).questions, 0);
    assert_int_equal(b->printer.tool_target[0], 200);
    assert_int_equal(heard(b, from, "M104 S0"), 0);
    assert_true(b->device->sd.printing);
    done(b);
}

static void a_print_begun_at_the_printer_while_the_question_is_open_ends_it(void **state)
{
    (void)state;
    struct bench *b = offered();
    b->device->sd.slot = true;
    print_from_card(b);
    UNTIL_STATE(b, PRINTER_PRINTING);
    assert_int_equal(status(b).questions, 0);
    assert_true(b->device->sd.printing);
    assert_int_equal(device_recover(b->device, &refused), -PP_ESTATE);
    done(b);
}

static void nothing_goes_on_beside_a_print_from_the_card(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        b->device->sd.slot = true;
        print_from_card(b);
        cuts[i].cut(b);
        free_printer(b);
        RUN_UNTIL(b, b->device->sd.printing);
        assert_int_equal(heard(b, 0, "G1 X80"), 0);
        assert_int_equal(b->printer.tool_target[0], 200);
        done(b);
    }
}

/* ---- people ---- */

static void whoever_wants_it_stopped_does_not_want_it_to_go_on(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    assert_int_equal(device_estop(b->device, &refused), -PP_EOFFLINE);
    assert_int_equal(b->run.result, RUN_ABORTED);
    assert_int_equal(status(b).state, PRINTER_OFFLINE);
    free_printer(b);
    plug_in(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(heard(b, 0, "G1 X70"), 0);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    done(b);
}

static void m112_sent_as_a_command_is_an_emergency_stop_in_every_state(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    assert_int_equal(device_send(b->device, "M112", &refused), -PP_EOFFLINE);
    assert_int_equal(b->run.result, RUN_ABORTED);
    done(b);
}

/* Its height is all that is known of where it is. */
static void what_would_lose_the_height_is_refused_until_the_answer(void **state)
{
    static const char *const moving[] = {
        "G28", "G1 Z50", "G0 X1", "G92 Z0", "T1", "M84", "M600", "M24", "PAUSE"};
    static const char *const still[] = {"M105", "M104 S0", "M106 S255", "M117 hello"};
    (void)state;
    struct bench *b = offered();
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++) {
        assert_int_equal(device_send(b->device, moving[i], &refused), -PP_ESTATE);
        assert_non_null(strstr(refused.text, "ppctl recover"));
    }
    for (size_t i = 0; i < sizeof still / sizeof *still; i++) {
        assert_int_equal(device_send(b->device, still[i], &refused), 0);
    }
    assert_int_equal(device_confirm(b->device, "", "no", &refused), 0);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(device_send(b->device, "G28", &refused), 0);
    done(b);
}

static void the_bed_under_an_offered_print_cannot_be_called_clear(void **state)
{
    (void)state;
    struct bench *b = offered_and_off();
    assert_int_equal(device_confirm(b->device, "", "clear", &refused), -PP_ESTATE);
    assert_int_equal(status(b).bed, BED_OCCUPIED);
    assert_int_equal(status(b).questions, 1);
    done(b);
}

/* "ppctl confirm" is what people type to say that the bed is clear. */
static void going_on_takes_an_explicit_yes(void **state)
{
    (void)state;
    struct bench *b = offered();
    assert_int_equal(device_confirm(b->device, "", "", &refused), -PP_EINVAL);
    assert_int_equal(status(b).questions, 1);
    assert_int_equal(device_confirm(b->device, "", "yes", &refused), 0);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    done(b);
}

static void a_person_may_disconnect_and_the_question_stays(void **state)
{
    (void)state;
    struct bench *b = offered();
    assert_int_equal(device_disconnect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    assert_int_equal(status(b).questions, 1);
    assert_int_equal(device_connect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    done(b);
}

/* ---- stops ---- */

static void a_stop_while_it_heats_up_again_asks_once_more(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    b->printer.emergency_parser = true;
    free_printer(b);
    b->printer.last_n = 0;
    b->printer.tool_target[0] = b->printer.bed_target = 0;
    say(&b->printer, "start\n");
    is_offered(b, "was reset");
    b->printer.stuck_at = "M109";
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, b->printer.stuck);
    say(&b->printer, "T:33.0 /200.0 B:20.0 /60.0 W:?\n");
    RUN_UNTIL(b, status(b).heater[0].actual_mc == 33000);
    uint64_t start = clock_ms();
    shut(b);
    assert_in_range(clock_ms() - start, 0, 3000);
    assert_true(cold(b));
    assert_int_equal(heard(b, 0, "M112"), 0);
    free_printer(b);
    open_device(b);
    is_offered(b, "");
    done(b);
}

/* ---- heaters ---- */

static struct bench *paused_with(int64_t off_ms)
{
    struct bench *b = printing_at(PARTS, "G1 X60");
    device_set_pause_off(b->device, off_ms, 0);
    device_pause(b->device, &refused);
    go_on(&b->printer);
    UNTIL_STATE(b, PRINTER_PAUSED);
    return b;
}

/* The time of a pause begins anew with the process, and not with the machine. */
static void a_pause_taken_over_is_not_taken_for_a_long_one(void **state)
{
    (void)state;
    struct bench *b = paused_with(0);
    b->options.pause_off_ms = 20000;
    assert_true(clock_ms() > 20000);
    restart(b);
    UNTIL_STATE(b, PRINTER_PAUSED);
    wait_ms(b, 700);
    assert_int_equal(b->printer.tool_target[0], 200);
    done(b);
}

static void what_is_heated_again_in_a_cooled_pause_is_not_left_on(void **state)
{
    (void)state;
    struct bench *b = paused_with(600);
    RUN_UNTIL(b, b->printer.tool_target[0] == 0);
    ask_temps(b);
    RUN_UNTIL(b, status(b).heater[0].target_mc == 0);
    b->printer.tool_target[0] = 190; /* at its own display */
    ask_temps(b);
    RUN_UNTIL(b, status(b).heater[0].target_mc == 190000);
    RUN_UNTIL(b, b->printer.tool_target[0] == 0);
    done(b);
}

/* What a person had set, and not only what the file asks for. */
static void what_a_pause_let_cool_is_heated_again_under_whoever_resumes(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = paused_with(0);
        b->options.pause_off_ms = 600;
        assert_int_equal(device_set_temp(b->device, "tool0", 230000, &refused), 0);
        RUN_UNTIL(b, b->printer.tool_target[0] == 230);
        ask_temps(b);
        RUN_UNTIL(b, status(b).heater[0].target_mc == 230000);
        device_set_pause_off(b->device, 600, 0);
        RUN_UNTIL(b, b->printer.tool_target[0] == 0);
        ask_temps(b);
        RUN_UNTIL(b, status(b).heater[0].target_mc == 0);
        cuts[i].cut(b);
        UNTIL_STATE(b, PRINTER_PAUSED);
        size_t from = b->printer.heard_count;
        assert_int_equal(device_resume(b->device, &refused), 0);
        RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
        static const char wanted[] = "M104 S230 | M109 S230 | G90 | G1 X60.000";
        if (strncmp(transcript(b, from), wanted, sizeof wanted - 1) != 0) {
            fail_msg("%s: %s", cuts[i].name, transcript(b, from));
        }
        done(b);
    }
}

/* Reports have no checksum. */
static void a_garbled_target_is_not_heated_to(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    say(&b->printer, "T:200.0 /2000.0 B:60.0 /60.0\n");
    RUN_UNTIL(b, status(b).heater[0].target_mc == 2000000);
    free_printer(b);
    b->printer.last_n = 0;
    b->printer.tool_target[0] = b->printer.bed_target = 0;
    say(&b->printer, "start\n");
    is_offered(b, "was reset");
    size_t from = b->printer.heard_count;
    assert_int_equal(device_recover(b->device, &refused), 0);
    RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
    assert_int_equal(heard(b, from, "M109 S200"), 1);
    assert_int_equal(heard(b, from, "M109 S2000"), 0);
    done(b);
}

static void a_changed_profile_does_not_forget_that_heaters_must_go_off(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    struct profile other = bench_profile;
    other.thermal[THERMAL_TOOL].fall_mc = 12345;
    b->device->heat.off_wanted = true;
    thermal_off(&b->device->heat.thermal, clock_ms());
    device_set_profile(b->device, &other);
    assert_true(b->device->heat.off_wanted);
    assert_true(b->device->heat.thermal.off_ms > 0);
    assert_int_equal(b->device->heat.thermal.limits[THERMAL_TOOL].fall_mc, 12345);
    device_set_profile(b->device, &bench_profile);
    done(b);
}

/* ---- the printer's own pause ---- */

static void a_pause_of_the_printer_itself_is_known_to_whoever_takes_over(void **state)
{
    (void)state;
    EACH_CUT(i)
    {
        struct bench *b = printing_at(PARTS, "G1 X60");
        say(&b->printer, "//action:paused\n");
        UNTIL_STATE(b, PRINTER_PAUSED);
        go_on(&b->printer);
        assert_string_equal(status(b).detail, "paused at the printer");
        cuts[i].cut(b);
        UNTIL_STATE(b, PRINTER_PAUSED);
        assert_string_equal(status(b).detail, "paused at the printer");
        say(&b->printer, "//action:resumed\n");
        RUN_UNTIL(b, b->run.result == RUN_SUCCESS);
        done(b);
    }
}

/* ---- disks ---- */

static void lose_port_now(struct bench *b)
{
    device_on_note(b->device, &(struct stream_note){.kind = NOTE_PORT, .text = "gone", .len = 4});
    unplug(b);
    plug_in(b);
}

static void a_run_that_cannot_be_recorded_does_not_begin_when_the_port_is_back(void **state)
{
    (void)state;
    struct bench *b = bench_with_ring();
    forget_table(b, "DROP TABLE runs");
    print(b, PARTS);
    lose_port_now(b);
    RUN_UNTIL(b, b->run.result == RUN_FAILURE);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    assert_int_equal(heard(b, 0, "M104 S200"), 0);
    done(b);
}

static void a_print_that_cannot_go_on_is_cancelled_when_the_port_is_back(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    device_abort(b->device, "the bed could not be recorded");
    assert_int_equal(status(b).state, PRINTER_RECOVERING);
    free_printer(b);
    plug_in(b);
    RUN_UNTIL(b, b->run.result == RUN_FAILURE);
    assert_string_equal(b->run.reason, "the bed could not be recorded");
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, cold(b));
    assert_int_equal(heard(b, 0, "G1 X70"), 0);
    done(b);
}

static void a_question_survives_a_journal_that_could_not_be_written(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    forget_table(b, "DELETE FROM journal");
    free_printer(b);
    b->printer.last_n = 0;
    b->printer.tool_target[0] = b->printer.bed_target = 0;
    say(&b->printer, "start\n");
    is_offered(b, "was reset");
    RUN_UNTIL(b, !b->device->recovery.journal_busy);
    forget_table(b, "DELETE FROM journal");
    leave(b);
    open_device(b);
    is_offered(b, "");
    assert_non_null(strstr(status(b).question[0].text, "X50.0 Y20.0"));
    done(b);
}

static void that_a_print_is_cancelled_is_in_the_journal(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    struct journal_row row = {0};
    b->printer.stuck_at = "M107";
    device_cancel(b->device, &refused);
    go_on(&b->printer);
    b->printer.stuck_at = "M107";
    do {
        uv_run(&b->loop, UV_RUN_ONCE);
        assert_int_equal(store_load_journal(b->store, &row, NULL), 0);
    } while (strstr(row.words, "\"cancelling\"") == NULL && !b->late);
    b->impatient = true;
    done(b);
}

/* With its heaters on, and nobody there. */
static void a_disk_that_hangs_does_not_keep_the_heaters_on(void **state)
{
    (void)state;
    struct bench *b = printing_at(PARTS, "G1 X60");
    struct device_recovery *r = &b->device->recovery;
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    RUN_UNTIL(b, r->spool_ready);
    r->phase = RECOVER_CHECK; /* and the printer has answered everything */
    r->checked = true;
    r->checked_ms = clock_ms();
    r->spool_ready = false;
    device_recover_tick(b->device, clock_ms() + 50000);
    assert_int_equal(r->phase, RECOVER_CHECK);
    device_recover_tick(b->device, clock_ms() + 70000);
    assert_int_equal(r->phase, RECOVER_OFFER);
    free_printer(b);
    plug_in(b);
    RUN_UNTIL(b, cold(b));
    done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_printer_that_wants_its_power_off_leaves_the_question_open),
        cmocka_unit_test(an_error_of_a_printer_that_is_just_connecting_is_survived),
        cmocka_unit_test(a_question_does_not_outlive_its_print),
        cmocka_unit_test(a_print_from_the_card_is_not_spoilt_and_ends_the_offer),
        cmocka_unit_test(a_print_begun_at_the_printer_while_the_question_is_open_ends_it),
        cmocka_unit_test(nothing_goes_on_beside_a_print_from_the_card),
        cmocka_unit_test(whoever_wants_it_stopped_does_not_want_it_to_go_on),
        cmocka_unit_test(m112_sent_as_a_command_is_an_emergency_stop_in_every_state),
        cmocka_unit_test(what_would_lose_the_height_is_refused_until_the_answer),
        cmocka_unit_test(the_bed_under_an_offered_print_cannot_be_called_clear),
        cmocka_unit_test(going_on_takes_an_explicit_yes),
        cmocka_unit_test(a_person_may_disconnect_and_the_question_stays),
        cmocka_unit_test(a_stop_while_it_heats_up_again_asks_once_more),
        cmocka_unit_test(a_pause_taken_over_is_not_taken_for_a_long_one),
        cmocka_unit_test(what_is_heated_again_in_a_cooled_pause_is_not_left_on),
        cmocka_unit_test(what_a_pause_let_cool_is_heated_again_under_whoever_resumes),
        cmocka_unit_test(a_garbled_target_is_not_heated_to),
        cmocka_unit_test(a_changed_profile_does_not_forget_that_heaters_must_go_off),
        cmocka_unit_test(a_pause_of_the_printer_itself_is_known_to_whoever_takes_over),
        cmocka_unit_test(a_run_that_cannot_be_recorded_does_not_begin_when_the_port_is_back),
        cmocka_unit_test(a_print_that_cannot_go_on_is_cancelled_when_the_port_is_back),
        cmocka_unit_test(a_question_survives_a_journal_that_could_not_be_written),
        cmocka_unit_test(that_a_print_is_cancelled_is_in_the_journal),
        cmocka_unit_test(a_disk_that_hangs_does_not_keep_the_heaters_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
