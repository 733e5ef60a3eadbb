// link: ppio
/* The sender: greeting, lines, jobs. */
#include "tests/unit/sender_bench.h"

/* ---- greeting ---- */

static void a_printer_answers_at_the_rate_given(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    assert_int_equal(b->connected_baud, 115200);
    assert_true(b->printer.hellos >= 1); /* repeated when the answer takes long */
    assert_true(sender_inject(b->sender, "M105", 4, TAG));
    RUN_UNTIL(b, b->done_tagged == 1);
    RUN_UNTIL(b, sender_injects(b->sender) == 0);
    assert_int_equal(b->printer.last_n, 1);
    assert_int_equal(atomic_load(&sender_stats(b->sender)->lines), 1);
    finish(b);
}

static void the_rate_that_was_good_last_time_is_tried_first(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    b->printer.baud = 57600;
    attach(b, 0, 57600, STREAM_WINDOW_AUTO);
    RUN_UNTIL(b, b->notes[NOTE_CONNECTED] == 1);
    assert_int_equal(b->connected_baud, 57600);
    finish(b);
}

/* Both take their ten seconds at the same time. */
static void silence_is_told_and_another_rate_is_found(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    struct bench *silent = make_bench();
    b->printer.baud = 115200;
    attach(b, 0, 9600, STREAM_WINDOW_AUTO);
    silent->printer.baud = -1;
    attach(silent, 115200, 0, STREAM_WINDOW_AUTO);
    RUN_UNTIL(b, b->notes[NOTE_CONNECTED] == 1);
    RUN_UNTIL(silent, silent->notes[NOTE_DETACHED] == 1);
    assert_int_equal(b->connected_baud, 115200);
    assert_int_equal(silent->notes[NOTE_SILENT], 1);
    assert_int_equal(silent->notes[NOTE_CONNECTED], 0);
    assert_non_null(strstr(silent->text, "no answer at 115200 baud"));
    finish(silent);
    finish(b);
}

/* ---- XON and XOFF ---- */

static void set_xonxoff(struct bench *b)
{
    struct stream_options options = {
        .dialect = dialect_by_name("marlin"), .window = STREAM_WINDOW_AUTO, .xonxoff = true};
    sender_set_options(b->sender, &options);
}

static void after_xoff_only_what_is_urgent_goes_out(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    set_xonxoff(b);
    assert_true(sender_inject(b->sender, "M105", 4, TAG));
    RUN_UNTIL(b, b->done_tagged == 1);
    size_t heard = b->notes[NOTE_RECEIVED];
    say(&b->printer, "\x13// now\n");
    RUN_UNTIL(b, b->notes[NOTE_RECEIVED] > heard);
    assert_true(sender_inject(b->sender, "M117 held", 9, TAG));
    sender_urgent(b->sender, "M108", 4);
    RUN_UNTIL(b, strcmp(b->printer.last, "M108") == 0);
    assert_int_equal(b->printer.lines, 2);
    say(&b->printer, "\x11");
    RUN_UNTIL(b, b->done_tagged == 2);
    assert_int_equal(b->printer.out_of_order, 0);
    say(&b->printer, "\x13");
    sender_estop(b->sender);
    RUN_UNTIL(b, b->printer.estops == 3);
    finish(b);
}

/* ---- lines ---- */

static void injected_lines_are_all_sent_in_order_or_refused(void **state)
{
    (void)state;
    size_t taken = 0;
    char line[32];
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    printer_listen(b, false);
    for (int i = 0; i < 1000; i++) {
        int len = snprintf(line, sizeof line, "M117 %d", i);
        taken += sender_inject(b->sender, line, (size_t)len, TAG);
    }
    assert_in_range(taken, 50, KEPT_INJECT);
    printer_listen(b, true);
    RUN_UNTIL(b, b->done_tagged == taken);
    assert_int_equal(b->printer.lines, taken);
    assert_int_equal(b->printer.out_of_order, 0);
    assert_true(sender_inject(b->sender, "M105", 4, TAG));
    RUN_UNTIL(b, b->done_tagged == taken + 1);
    finish(b);
}

static void what_is_no_line_is_refused(void **state)
{
    (void)state;
    char longest[LINE_MAX_CMD + 1];
    struct bench *b = make_bench();
    memset(longest, 'x', sizeof longest);
    assert_false(sender_inject(b->sender, "", 0, 0));
    assert_false(sender_inject(b->sender, "M104 S0\nM140 S0", 15, 0));
    assert_false(sender_inject(b->sender, "M104\rS0", 7, 0));
    assert_false(sender_inject(b->sender, longest, sizeof longest, 0));
    assert_true(sender_inject(b->sender, longest, LINE_MAX_CMD, 0));
    finish(b);
}

static void a_job_larger_than_the_ring_goes_through_in_order(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_BYTES);
    b->job_lines = 20000;
    b->generation = 5;
    sender_begin(b->sender, b->generation);
    put_job(b);
    assert_true(b->job_put < b->job_lines); /* or the ring was never full */
    RUN_UNTIL(b, b->notes[NOTE_END] == 1);
    assert_int_equal(b->printer.lines, b->job_lines);
    assert_int_equal(b->printer.out_of_order, 0);
    assert_true(b->fills > 0);
    assert_int_equal(atomic_load(&sender_stats(b->sender)->job_lines), b->job_lines);
    assert_int_equal(atomic_load(&sender_stats(b->sender)->job_offset), b->job_lines);
    finish(b);
}

static void a_pause_drains_and_a_release_goes_on(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_BYTES);
    b->job_lines = 3000;
    b->generation = 1;
    sender_begin(b->sender, 1);
    put_job(b);
    RUN_UNTIL(b, b->printer.lines > 100);
    sender_hold(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_DRAINED] == 1);
    size_t at = b->printer.lines;
    assert_true(at < b->job_lines);
    assert_true(sender_inject(b->sender, "G1 Z5", 5, TAG));
    RUN_UNTIL(b, b->done_tagged == 1);
    assert_int_equal(b->printer.lines, at + 1);
    sender_release(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_END] == 1);
    assert_int_equal(b->printer.lines, b->job_lines + 1);
    assert_int_equal(b->notes[NOTE_DRAINED], 1);
    finish(b);
}

static void a_dropped_job_stops_and_another_one_runs(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_BYTES);
    b->job_lines = 2000;
    b->generation = 1;
    sender_begin(b->sender, 1);
    put_job(b);
    RUN_UNTIL(b, b->printer.lines > 50);
    sender_drop_job(b->sender);
    assert_true(sender_inject(b->sender, "M105", 4, TAG));
    RUN_UNTIL(b, b->done_tagged == 1);
    size_t at = b->printer.lines;
    b->generation = 2;
    b->job_put = 0;
    b->job_lines = 10;
    b->ended_put = false;
    sender_begin(b->sender, 2);
    put_job(b);
    RUN_UNTIL(b, b->notes[NOTE_END] == 1);
    assert_int_equal(b->printer.lines, at + 10);
    assert_int_equal(b->printer.out_of_order, 0);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_printer_answers_at_the_rate_given),
        cmocka_unit_test(the_rate_that_was_good_last_time_is_tried_first),
        cmocka_unit_test(after_xoff_only_what_is_urgent_goes_out),
        cmocka_unit_test(silence_is_told_and_another_rate_is_found),
        cmocka_unit_test(injected_lines_are_all_sent_in_order_or_refused),
        cmocka_unit_test(what_is_no_line_is_refused),
        cmocka_unit_test(a_job_larger_than_the_ring_goes_through_in_order),
        cmocka_unit_test(a_pause_drains_and_a_release_goes_on),
        cmocka_unit_test(a_dropped_job_stops_and_another_one_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
