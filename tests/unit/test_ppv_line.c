// link: ppvirtual_model
/* What the virtual printer says to lines, good and bad. */
#include "ppv.h"

static const char *const resend1 = "Resend: 1\nok\n";

static void a_numbered_line_gets_an_ok_with_its_number_and_the_room_left(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 1), "ok N1 P15 B3\n");
    assert_string_equal(rig_ask(r, "G21\n", 1), "ok P15 B3\n");
    assert_string_equal(
        rig_ask(r, numbered(2, "M105"), 1), "ok T:22.00 /0.00 B:22.00 /0.00 @:0 B@:0\n");
    rig_free(r);
}

static void plain(struct settings *s)
{
    s->ok = OK_PLAIN;
}

static void a_stock_build_answers_a_bare_ok(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", plain);
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 1), "ok\n");
    rig_free(r);
}

static void a_bad_checksum_is_named_and_the_line_asked_for(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(
        rig_ask(r, "N1 G21*1\n", 1), "Error:checksum mismatch, Last Line: 0\nResend: 1\nok\n");
    assert_int_equal(r->m.tally.total.errors[TALLY_CHECKSUM], 1);
    assert_int_equal(r->m.tally.total.resends, 1);
    rig_free(r);
}

static void a_skipped_number_is_named_and_the_line_asked_for(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, numbered(7, "G21"), 1),
        "Error:Line Number is not Last Line Number+1, Last Line: 0\nResend: 1\nok\n");
    rig_free(r);
}

static void a_number_without_checksum_is_refused(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, "N1 G21\n", 1),
        "Error:No Checksum with line number, Last Line: 0\nResend: 1\nok\n");
    rig_free(r);
}

static void a_checksum_without_number_is_not_looked_at(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, "G21*1\n", 1), "ok P15 B3\n");
    rig_free(r);
    r = rig_new("sprinter", NULL);
    assert_string_equal(
        rig_ask(r, "G21*1\n", 1), "Error: No Line Number with checksum, Last Line:0\r\n");
    rig_free(r);
    r = rig_new("prusa-mk3", NULL);
    assert_string_equal(rig_ask(r, "G21*1\n", 1),
        "Error:No Line Number with checksum, Last Line: 0\nResend: 1\nok\n");
    rig_free(r);
}

static void answer_to_repeats(const char *firmware, const char *wanted)
{
    struct rig *r = rig_new(firmware, NULL);
    rig_ask(r, numbered(1, "G21"), 1);
    rig_ask(r, numbered(2, "G21"), 1);
    rig_ask(r, numbered(3, "G21"), 1);
    for (int n = 2; n <= 3; n++) {
        const char *got = rig_ask(r, numbered(n, "G90"), 1);
        if (*wanted == '\0') {
            assert_string_equal(got, "");
        } else {
            assert_contains(got, wanted);
        }
    }
    rig_free(r);
}

static void a_repeated_number_is_met_as_each_firmware_does(void **state)
{
    (void)state;
    answer_to_repeats("marlin-2.1", "");
    answer_to_repeats("marlin-2.1.1", "Resend: 4\nok\n");
    answer_to_repeats("marlin-1.1.9", "Resend: 4\nok\n");
    answer_to_repeats("sprinter", "Resend:4\r\nok\r\n");
    answer_to_repeats("repetier", "skip ");
    answer_to_repeats("teacup", "ok\n");
}

static void an_older_number_is_an_error_even_where_repeats_are_met_with_silence(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    for (int n = 1; n <= 4; n++) {
        rig_ask(r, numbered(n, "G21"), 1);
    }
    assert_contains(rig_ask(r, numbered(2, "G21"), 1), "Last Line: 4\nResend: 5\nok\n");
    rig_free(r);
}

static void m110_sets_the_number_with_or_without_one_of_its_own(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "M110 N41\n", 1);
    assert_string_equal(rig_ask(r, numbered(42, "G21"), 1), "ok N42 P15 B3\n");
    rig_ask(r, numbered(0, "M110"), 1);
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 1), "ok N1 P15 B3\n");
    rig_ask(r, numbered(9, "M110 N20"), 1);
    assert_string_equal(rig_ask(r, numbered(21, "G21"), 1), "ok N21 P15 B3\n");
    rig_free(r);
}

static void fast_wire(struct settings *s)
{
    s->wire = true;
    s->baud = 250000;
}

static void m110_takes_effect_late_and_sets_the_number_back(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", fast_wire);
    rig_run(r, 100);
    rig_ask(r, "G4 P50\n", 2);
    rig_send(r, numbered(0, "M110 N0"));
    rig_send(r, numbered(1, "G21"));
    rig_run(r, 100); /* N1 was read before M110 was executed */
    assert_contains(rig_ask(r, numbered(2, "G21"), 50), "Last Line: 0\nResend: 1\n");
    rig_free(r);
}

static void empty_lines_and_comments_get_no_answer(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, "\n; words\n\r\n", 1), "");
    assert_string_equal(rig_ask(r, "G21 ; words\n", 1), "ok P15 B3\n");
    rig_free(r);
    r = rig_new("teacup", NULL);
    assert_string_equal(rig_ask(r, "\n", 1), "ok\n");
    rig_free(r);
}

static void the_last_star_begins_the_checksum_but_in_teacup_the_first(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(
        rig_ask(r, numbered(1, "M117 a * b"), 1), "//action:notification a * b\nok N1 P15 B3\n");
    rig_free(r);
    r = rig_new("teacup", NULL);
    assert_contains(rig_ask(r, numbered(1, "M117 a * b"), 1), "rs N1 Expected checksum ");
    rig_free(r);
}

static void an_unknown_command_is_named_and_acknowledged(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(
        rig_ask(r, "M555555\n", 1), "echo:Unknown command: \"M555555\"\nok P15 B3\n");
    assert_string_equal(
        rig_ask(r, "X1 Y2*55\n", 1), "echo:Unknown command: \"X1 Y2\"\nok P15 B3\n");
    rig_free(r);
}

static void m999_while_alive_asks_for_a_line_and_says_ok_twice(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_string_equal(rig_ask(r, "M999\n", 1), "Resend: 1\nok\nok P15 B3\n");
    rig_free(r);
}

static void a_long_line_loses_its_end_without_a_word(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    char line[200];
    memset(line, 'a', sizeof(line));
    memcpy(line, "M118 ", 5);
    snprintf(line + 150, 2, "\n");
    const char *got = rig_ask(r, line, 1);
    assert_int_equal(strcspn(got, "\n"), 90);
    assert_int_equal(r->m.tally.total.errors[TALLY_LONG_LINE], 1);
    rig_free(r);
}

/* At 115200 baud the error text takes 3.5 ms to write; what arrives meanwhile is thrown away. */
static void slow_wire(struct settings *s)
{
    s->wire = true;
}

static void an_error_empties_the_ring_in_mid_line_and_the_tail_is_a_new_line(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", slow_wire);
    rig_run(r, 100);
    rig_clear(r);
    rig_send(r, "N1 G21*1\n");
    rig_send(r, "N2 G1 X100.000 Y100.000 E1.23456 F6027 X0 Y0*99\n");
    rig_run(r, 50);
    const char *got = strbuf_text(&r->out);
    assert_contains(got, "Error:checksum mismatch, Last Line: 0\nResend: 1\nok\n");
    assert_contains(got, "echo:Unknown command: \"");
    assert_int_equal(count_of(got, "ok"), 2);
    assert_int_equal(count_of(got, "Resend"), 1);
    assert_true(r->m.ring.flushed > 20);
    assert_int_equal(r->m.tally.total.commands, 1); /* the tail counts as executed */
    rig_free(r);
}

static void several_lines_in_flight_make_several_resends_for_one_error(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", fast_wire);
    rig_run(r, 100);
    rig_clear(r);
    rig_send(r, "N1 G21*1\n");
    for (int n = 2; n <= 6; n++) {
        rig_send(r, numbered(n, "G1 X100.000 Y100.000 E1.23456"));
    }
    rig_run(r, 100);
    assert_true(count_of(strbuf_text(&r->out), resend1) > 1);
    rig_free(r);
}

static void bytes_that_do_not_fit_into_the_ring_are_lost_silently(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", slow_wire);
    rig_run(r, 100);
    rig_ask(r, "G4 S1\n", 10);
    for (int i = 0; i < 12; i++) { /* 3 fill the queue beside G4, 128 bytes the ring */
        rig_send(r, "G21             ;16\n");
    }
    rig_run(r, 500);
    assert_int_equal(r->m.queue_len, 4);
    assert_int_equal(r->m.ring.max_len, 128);
    assert_int_equal(r->m.ring.lost, (12 - 3) * 20 - 128);
    assert_string_equal(strbuf_text(&r->out), "");
    rig_free(r);
}

static void deaf(struct settings *s)
{
    s->deaf = true;
}

static void lines_are_read_while_a_command_waits_unless_told_otherwise(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "G4 S1\nG21\nG21\n", 10);
    assert_int_equal(r->m.queue_len, 3);
    rig_free(r);
    r = rig_new("marlin-2.1", deaf);
    rig_ask(r, "G4 S1\nG21\nG21\n", 10);
    assert_int_equal(r->m.queue_len, 1);
    assert_int_equal(r->m.ring.len, 8);
    rig_run(r, 2000);
    assert_int_equal(count_of(strbuf_text(&r->out), "ok"), 3);
    rig_free(r);
}

static void a_reset_forgets_the_line_number_and_says_start(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, numbered(1, "G21"), 1);
    rig_clear(r);
    struct event reset = {.kind = EVENT_RESET};
    model_step(&r->m, r->now_ns, &reset, &r->out);
    assert_true(str_starts(strbuf_text(&r->out), "start\n"));
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 1), "ok N1 P15 B3\n");
    rig_free(r);
}

static void every_firmware_introduces_itself_and_acknowledges(void **state)
{
    (void)state;
    for (size_t i = 0; firmware_name(i) != NULL; i++) {
        struct rig *r = rig_new(firmware_name(i), NULL);
        rig_run(r, 1);
        assert_true(r->out.len > 0);
        assert_contains(rig_ask(r, "M115\n", 1), "FIRMWARE_NAME:");
        assert_null(strstr(strbuf_text(&r->out), "{uuid}"));
        assert_contains(rig_ask(r, numbered(1, "M105"), 1), "ok");
        assert_contains(strbuf_text(&r->out), ":22");
        rig_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_numbered_line_gets_an_ok_with_its_number_and_the_room_left),
        cmocka_unit_test(a_stock_build_answers_a_bare_ok),
        cmocka_unit_test(a_bad_checksum_is_named_and_the_line_asked_for),
        cmocka_unit_test(a_skipped_number_is_named_and_the_line_asked_for),
        cmocka_unit_test(a_number_without_checksum_is_refused),
        cmocka_unit_test(a_checksum_without_number_is_not_looked_at),
        cmocka_unit_test(a_repeated_number_is_met_as_each_firmware_does),
        cmocka_unit_test(an_older_number_is_an_error_even_where_repeats_are_met_with_silence),
        cmocka_unit_test(m110_sets_the_number_with_or_without_one_of_its_own),
        cmocka_unit_test(m110_takes_effect_late_and_sets_the_number_back),
        cmocka_unit_test(empty_lines_and_comments_get_no_answer),
        cmocka_unit_test(the_last_star_begins_the_checksum_but_in_teacup_the_first),
        cmocka_unit_test(an_unknown_command_is_named_and_acknowledged),
        cmocka_unit_test(m999_while_alive_asks_for_a_line_and_says_ok_twice),
        cmocka_unit_test(a_long_line_loses_its_end_without_a_word),
        cmocka_unit_test(an_error_empties_the_ring_in_mid_line_and_the_tail_is_a_new_line),
        cmocka_unit_test(several_lines_in_flight_make_several_resends_for_one_error),
        cmocka_unit_test(bytes_that_do_not_fit_into_the_ring_are_lost_silently),
        cmocka_unit_test(lines_are_read_while_a_command_waits_unless_told_otherwise),
        cmocka_unit_test(a_reset_forgets_the_line_number_and_says_start),
        cmocka_unit_test(every_firmware_introduces_itself_and_acknowledges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
