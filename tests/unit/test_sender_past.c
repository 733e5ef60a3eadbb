// link: ppio
/* The sender goes on with a job whose connection, or whose process, was lost. */
#include "tests/unit/sender_bench.h"
#include "tests/unit/tempdir.h"

#define JOB 400

static void reattach(struct bench *b)
{
    struct err e;
    struct stream_options options = {.dialect = dialect_by_name("marlin")};
    assert_int_equal(serial_open(&b->port, b->printer.path, 115200, &e), 0);
    sender_reattach(b->sender, &b->port, 115200, &options);
}

static void begin_job(struct bench *b)
{
    b->generation = 1;
    b->job_lines = JOB;
    sender_begin(b->sender, b->generation);
    put_job(b);
}

/* The lines behind what was taken, as the owner of the file would put them again. */
static void go_on(struct bench *b, uint64_t taken)
{
    b->generation++;
    b->job_lines = JOB;
    b->job_put = (size_t)taken;
    b->ended_put = false;
    sender_rejoin(b->sender, b->generation);
    put_job(b);
    sender_release(b->sender);
}

static void after_a_lost_port_every_line_arrives_once(void **state)
{
    (void)state;
    struct sender_past past;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    size_t before = b->printer.lines;
    size_t hellos = b->printer.hellos;
    begin_job(b);
    RUN_UNTIL(b, b->printer.lines - before > JOB / 3);
    printer_listen(b, false); /* lines stay on the way */
    sender_detach(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_DETACHED] == 1);
    assert_true(sender_past(b->sender, &past));
    assert_true(past.job_active);
    assert_in_range(past.job_acked, 1, past.job_taken);
    printer_listen(b, true);
    reattach(b);
    RUN_UNTIL(b, b->notes[NOTE_ADOPTED] == 1);
    go_on(b, past.job_taken);
    RUN_UNTIL(b, b->notes[NOTE_END] == 1);
    assert_int_equal(b->printer.out_of_order, 0);
    assert_int_equal(b->printer.last_n, JOB);
    assert_int_equal(b->printer.hellos, hellos);
    assert_true(b->printer.questions >= 1); /* repeated when the answer takes long */
    finish(b);
}

/* The printer of the bench that died is taken over by the next one. */
static void another_process_goes_on_and_tells_what_was_not_told(void **state)
{
    char dir[TEMPDIR_SIZE];
    char path[TEMPDIR_SIZE + 16];
    struct sender_past past;
    (void)state;
    tempdir_make(dir);
    snprintf(path, sizeof path, "%s/prn.ring", dir);
    struct bench *b = make_bench_with(path);
    assert_false(sender_past(b->sender, &past));
    attach(b, 115200, 0, STREAM_WINDOW_AUTO);
    RUN_UNTIL(b, b->notes[NOTE_CONNECTED] == 1);
    begin_job(b);
    RUN_UNTIL(b, b->printer.lines > JOB / 2);
    printer_listen(b, false);
    sender_remember(b->sender, "words", 5);
    assert_true(sender_inject(b->sender, "M400", 4, TAG));
    RUN_UNTIL(b, sender_past_has_tag(b->sender, TAG));
    close_sender(b);
    RUN_UNTIL(b, b->closed);

    struct bench *next = make_bench_with(path);
    struct printer own = next->printer;
    assert_true(sender_past(next->sender, &past));
    assert_memory_equal(past.words, "words", past.words_len);
    assert_true(sender_past_has_tag(next->sender, TAG));
    next->printer.last_n = b->printer.last_n; /* it takes over the counter, not the wire */
    uint64_t expected = b->printer.last_n + 1;
    reattach(next);
    RUN_UNTIL(next, next->notes[NOTE_ADOPTED] == 1);
    go_on(next, past.job_taken);
    RUN_UNTIL(next, next->notes[NOTE_END] == 1);
    assert_int_equal(next->done_tagged, 1);
    assert_int_equal(next->printer.out_of_order, 0);
    assert_int_equal(next->printer.last_n, JOB + 1);
    assert_true(expected <= JOB);
    sender_forget(next->sender);
    (void)own;
    finish(next);
    hang_up(b);
    uv_close((uv_handle_t *)&b->deadline, on_handle_closed);
    while (b->handles > 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    if (--benches == 0) {
        assert_int_equal(uv_loop_close(&loop), 0);
    }
    unlink(b->estop_path);
    free(b);
    tempdir_remove(dir);
}

static void a_printer_that_counts_anew_is_told(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    begin_job(b);
    RUN_UNTIL(b, b->printer.lines > JOB / 3);
    sender_detach(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_DETACHED] == 1);
    b->printer.last_n = 0;
    reattach(b);
    RUN_UNTIL(b, b->notes[NOTE_RESET] == 1);
    assert_int_equal(b->notes[NOTE_ADOPTED], 0);
    finish(b);
}

static void lines_for_a_closed_port_are_not_kept(void **state)
{
    (void)state;
    struct sender_past past;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    sender_detach(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_DETACHED] == 1);
    sender_inject(b->sender, "M104 S200", 9, TAG);
    while (sender_injects(b->sender) > 0 && !b->late) { /* of which no note tells */
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(sender_injects(b->sender), 0);
    assert_false(sender_past_has_tag(b->sender, TAG));
    assert_true(sender_past(b->sender, &past));
    finish(b);
}

/* Or the next process would take the place of the job before for that of this one. */
static void a_job_that_was_begun_has_begun_at_once(void **state)
{
    (void)state;
    struct sender_past past;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    for (uint32_t i = 1; i <= 50; i++) {
        sender_begin_at(b->sender, 1000 + i, i * 10, i);
        sender_past(b->sender, &past);
        assert_true(past.job_active);
        assert_int_equal(past.job_taken, i * 10);
        assert_int_equal(past.job_acked, i * 10);
        assert_int_equal(past.job_lines, i);
        sender_drop_job(b->sender);
    }
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_lost_port_every_line_arrives_once),
        cmocka_unit_test(a_job_that_was_begun_has_begun_at_once),
        cmocka_unit_test(another_process_goes_on_and_tells_what_was_not_told),
        cmocka_unit_test(a_printer_that_counts_anew_is_told),
        cmocka_unit_test(lines_for_a_closed_port_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
