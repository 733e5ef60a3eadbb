// link: ppio
/* The sender: emergency stops, trouble on the port, closing at every stage. */
#include "host/base/clock.h"
#include "host/io/sender_priv.h"
#include "tests/unit/sender_bench.h"

/* ---- emergency ---- */

static void an_emergency_stop_is_said_three_times_and_nothing_follows(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_BYTES);
    b->job_lines = 5000;
    b->generation = 1;
    sender_begin(b->sender, 1);
    put_job(b);
    RUN_UNTIL(b, b->printer.lines > 100);
    sender_estop(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_ESTOPPED] == 1);
    RUN_UNTIL(b, b->printer.estops == 3 && b->printer.colds == 3);
    assert_string_equal(b->printer.last, "M140 S0");
    size_t lines = b->printer.lines;
    sender_inject(b->sender, "M105", 4, TAG);
    say(&b->printer, "ok\nok\nok\necho:still here\n");
    size_t received = b->notes[NOTE_RECEIVED];
    RUN_UNTIL(b, b->notes[NOTE_RECEIVED] >= received + 4);
    assert_int_equal(b->printer.lines, lines);
    finish(b);
}

/* Sprinter knows no M112 and lives on. */
static void an_emergency_stop_turns_every_heater_off(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_ONE);
    struct stream_options options = {
        .dialect = dialect_by_name("marlin"), .tools = 8, .chamber = true};
    sender_set_options(b->sender, &options);
    assert_true(sender_inject(b->sender, "M105", 4, TAG));
    RUN_UNTIL(b, b->done_tagged == 1); /* an emergency stop overtakes every order */
    sender_estop(b->sender);
    RUN_UNTIL(b, b->printer.estops == 3 && b->notes[NOTE_ESTOPPED] == 1);
    RUN_UNTIL(b, b->printer.tool_colds >= 24 && strcmp(b->printer.last, "M141 S0") == 0);
    assert_int_equal(b->printer.tool_colds, 24); /* each of them, three times */
    finish(b);
}

static void an_emergency_stop_by_datagram_needs_no_main_loop(void **state)
{
    (void)state;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    char got[512] = "";
    size_t len = 0;
    struct stat st;
    b->sender->stream.base = 2147483000; /* as after a renumbering: line 1 is the next */
    b->sender->stream.next_n = 2147483001;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(to.sun_path, sizeof to.sun_path, "%s", b->estop_path);
    assert_int_equal(stat(b->estop_path, &st), 0);
    assert_int_equal(st.st_mode & 0007, 0);
    assert_int_equal(sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    assert_int_equal(sendto(fd, "M112", 4, 0, (struct sockaddr *)&to, sizeof to), 4);
    fcntl(b->printer.master, F_SETFL, fcntl(b->printer.master, F_GETFL) & ~O_NONBLOCK);
    while (strstr(got, "M140 S0\n") == NULL) { /* the loop does not run */
        ssize_t n = read(b->printer.master, got + len, sizeof got - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
        got[len] = '\0';
    }
    char want[LINE_MAX_OUT + 64] = "\nM112\n";
    line_format(want + strlen(want), 1, "M112", 4);
    strcat(want, "M104 S0\nM140 S0\n");
    assert_string_equal(got, want);
    RUN_UNTIL(b, b->notes[NOTE_ESTOPPED] == 1);
    close(fd);
    finish(b);
}

static void an_emergency_stop_comes_through_where_nothing_else_does(void **state)
{
    (void)state;
    char line[200];
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    memset(line, 'M', sizeof line);
    printer_listen(b, false);
    for (int i = 0; i < 64; i++) { /* more than the terminal holds */
        sender_urgent(b->sender, line, sizeof line);
    }
    sender_estop(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_ESTOPPED] == 1);
    printer_listen(b, true);
    RUN_UNTIL(b, b->printer.estops > 0 && b->printer.colds > 0);
    finish(b);
}

/* A port that holds `room` bytes unread by the printer, and takes no more until it reads. */
static int attach_narrow(struct bench *b)
{
    int ends[2];
    int least = 1;
    struct stream_options options = {
        .dialect = dialect_by_name("marlin"), .tools = 8, .chamber = true};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    while (write(ends[0], "\n", 1) == 1) {
    }
    b->port = (struct serial){.fd = ends[0], .pty = true};
    sender_attach(b->sender, &b->port, 115200, 0, &options);
    return ends[1];
}

/* Reads what there is, by as little as `step` bytes; the lines go to the printer of the bench. */
static void read_on(struct bench *b, int fd, size_t step)
{
    char buf[4096];
    const char *line;
    size_t len;
    ssize_t n = read(fd, buf, step);
    const char *bytes = buf;
    size_t left = n > 0 ? (size_t)n : 0;
    while (line_next(&b->printer.split, &bytes, &left, &line, &len)) {
        take_line(&b->printer, line);
    }
}

static void what_the_port_does_not_take_at_once_of_an_emergency_stop_follows(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    b->printer.mute = true;
    int far = attach_narrow(b);
    sender_estop(b->sender);
    while (b->notes[NOTE_ESTOPPED] == 0 && !b->late) {
        uv_run(&loop, UV_RUN_NOWAIT);
        read_on(b, far, 40);
    }
    assert_string_equal(b->text, "");
    read_on(b, far, 4096);
    assert_int_equal(b->printer.estops, 3);
    assert_string_equal(b->printer.last, "M141 S0");
    close(far);
    finish(b);
}

static void an_emergency_stop_that_nobody_reads_is_told(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    int far = attach_narrow(b);
    sender_estop(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_ESTOPPED] == 1);
    assert_string_equal(b->text, "the port does not take what is sent");
    close(far);
    finish(b);
}

static void an_emergency_stop_ends_a_greeting(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    b->printer.baud = -1;
    attach(b, 115200, 0, STREAM_WINDOW_AUTO);
    RUN_UNTIL(b, b->printer.hellos > 0);
    sender_estop(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_ESTOPPED] == 1 && b->printer.estops == 3);
    assert_int_equal(b->notes[NOTE_SILENT], 0);
    size_t hellos = b->printer.hellos;
    sender_detach(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_DETACHED] == 1);
    assert_int_equal(b->printer.hellos, hellos);
    finish(b);
}

static void an_emergency_stop_without_a_port_is_told_too(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    sender_estop(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_ESTOPPED] == 1);
    finish(b);
}

/* ---- a main loop that hangs ---- */

static void every_heater_is_turned_off_when_the_main_loop_does_not_beat(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_ONE);
    struct stream_options options = {
        .dialect = dialect_by_name("marlin"), .tools = 2, .chamber = true};
    sender_set_options(b->sender, &options);
    atomic_store(&b->sender->beat_ms, clock_ms() - 61000);
    RUN_UNTIL(b, b->notes[NOTE_LOST] == 1);
    RUN_UNTIL(b, strstr(b->printer.last, " M141 S0*") != NULL);
    assert_int_equal(b->printer.lines, 4); /* both tools, bed, chamber */
    finish(b);
}

/* Its printer waits for a temperature and takes nothing. */
static void a_printer_that_takes_nothing_is_stopped_when_the_main_loop_does_not_beat(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_ONE);
    b->printer.mute = true;
    atomic_store(&b->sender->beat_ms, clock_ms() - 61000);
    RUN_UNTIL(b, b->notes[NOTE_LOST] == 1);
    assert_int_equal(b->printer.estops, 0);
    atomic_store(&b->sender->beat_ms, clock_ms() - 91000);
    RUN_UNTIL(b, b->notes[NOTE_ESTOPPED] == 1);
    RUN_UNTIL(b, b->printer.estops == 3);
    finish(b);
}

/* ---- trouble ---- */

static void a_port_that_hangs_up_is_told_once_and_can_be_opened_again(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    hang_up(b);
    RUN_UNTIL(b, b->notes[NOTE_DETACHED] == 1);
    assert_int_equal(b->notes[NOTE_PORT], 1);
    assert_true(b->text[0] != '\0');
    RUN_UNTIL(b, b->handles == 1);
    memset(&b->printer, 0, sizeof b->printer);
    open_pair(&b->printer);
    uv_poll_init(&loop, &b->printer.poll, b->printer.master);
    b->printer.poll.data = b;
    b->handles++;
    b->printer.polled = true;
    printer_listen(b, true);
    attach(b, 115200, 0, STREAM_WINDOW_AUTO);
    /* the counts may be read while the stream begins anew */
    RUN_UNTIL(
        b, b->notes[NOTE_CONNECTED] == 2 && atomic_load(&sender_stats(b->sender)->lines) == 0);
    assert_true(sender_inject(b->sender, "M105", 4, TAG));
    RUN_UNTIL(b, b->done_tagged == 1);
    assert_int_equal(b->printer.last_n, 1);
    finish(b);
}

static void a_hang_up_while_greeting_is_told(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    b->printer.baud = -1;
    attach(b, 115200, 0, STREAM_WINDOW_AUTO);
    RUN_UNTIL(b, b->printer.hellos > 0);
    hang_up(b);
    RUN_UNTIL(b, b->notes[NOTE_DETACHED] == 1);
    assert_int_equal(b->notes[NOTE_PORT], 1);
    finish(b);
}

static void a_restart_of_the_printer_is_told(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    say(&b->printer, "sta");
    say(&b->printer, "rt\r\nMarlin 2.1\n");
    RUN_UNTIL(b, b->notes[NOTE_RESET] == 1);
    sender_detach(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_DETACHED] == 1);
    attach(b, 115200, 0, STREAM_WINDOW_AUTO);
    RUN_UNTIL(b, b->notes[NOTE_CONNECTED] == 2);
    finish(b);
}

static void a_flood_of_lines_drops_none_of_the_notes_that_matter(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    char flood[1024];
    size_t sent = 0;
    memset(flood, 'x', sizeof flood);
    for (size_t i = 63; i < sizeof flood; i += 64) {
        flood[i] = '\n';
    }
    /* the loop does not run meanwhile: more than the notes can hold */
    while (sent < 400000) {
        ssize_t n = write(b->printer.master, flood, sizeof flood);
        assert_true(n > 0 || errno == EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
    }
    assert_true(sender_inject(b->sender, "M400", 4, TAG));
    RUN_UNTIL(b, b->done_tagged == 1);
    finish(b);
}

static void an_estop_path_that_cannot_be_is_an_error(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nowhere/at/all.estop",
        "/tmp/a-name-that-is-far-too-long-for-the-address-of-a-unix-socket-which-takes-only-one-"
        "hundred-and-seven-characters.estop"};
    struct err e;
    uv_loop_init(&loop);
    for (size_t i = 0; i < 2; i++) {
        struct sender *s = NULL;
        struct sender_options options = {
            .loop = &loop, .estop_path = paths[i], .note = on_note, .fill = on_fill};
        assert_true(sender_open(&s, &options, &e) < 0);
        assert_null(s);
        assert_non_null(strstr(e.text, "socket"));
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- closing at every stage ---- */

static void closes_before_anything_happened(void **state)
{
    (void)state;
    finish(make_bench());
}

static void closes_with_an_attach_still_ordered(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    attach(b, 115200, 0, STREAM_WINDOW_AUTO);
    finish(b);
}

static void closes_while_greeting(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    b->printer.baud = -1;
    attach(b, 0, 0, STREAM_WINDOW_AUTO);
    RUN_UNTIL(b, b->printer.hellos > 0);
    finish(b);
}

static void closes_with_lines_in_flight_and_orders_waiting(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_BYTES);
    b->job_lines = 5000;
    b->generation = 1;
    sender_begin(b->sender, 1);
    put_job(b);
    RUN_UNTIL(b, b->printer.lines > 20);
    b->printer.mute = true;
    for (int i = 0; i < 20; i++) {
        sender_inject(b->sender, "M105", 4, TAG);
    }
    finish(b);
}

static void closes_behind_a_hang_up_not_yet_told(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    hang_up(b);
    finish(b);
}

static void closes_inside_a_note(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    b->close_on_connect = true;
    attach(b, 115200, 0, STREAM_WINDOW_AUTO);
    say(&b->printer, "echo:one\necho:two\n");
    RUN_UNTIL(b, b->closed);
    finish(b);
}

static void closes_between_detach_and_its_note(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    sender_detach(b->sender);
    finish(b);
}

static void closes_in_the_middle_of_an_emergency_stop(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    sender_estop(b->sender);
    RUN_UNTIL(b, b->printer.estops == 1);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_emergency_stop_is_said_three_times_and_nothing_follows),
        cmocka_unit_test(an_emergency_stop_turns_every_heater_off),
        cmocka_unit_test(an_emergency_stop_by_datagram_needs_no_main_loop),
        cmocka_unit_test(an_emergency_stop_comes_through_where_nothing_else_does),
        cmocka_unit_test(what_the_port_does_not_take_at_once_of_an_emergency_stop_follows),
        cmocka_unit_test(an_emergency_stop_that_nobody_reads_is_told),
        cmocka_unit_test(an_emergency_stop_ends_a_greeting),
        cmocka_unit_test(an_emergency_stop_without_a_port_is_told_too),
        cmocka_unit_test(a_port_that_hangs_up_is_told_once_and_can_be_opened_again),
        cmocka_unit_test(a_hang_up_while_greeting_is_told),
        cmocka_unit_test(a_restart_of_the_printer_is_told),
        cmocka_unit_test(a_flood_of_lines_drops_none_of_the_notes_that_matter),
        cmocka_unit_test(every_heater_is_turned_off_when_the_main_loop_does_not_beat),
        cmocka_unit_test(a_printer_that_takes_nothing_is_stopped_when_the_main_loop_does_not_beat),
        cmocka_unit_test(an_estop_path_that_cannot_be_is_an_error),
        cmocka_unit_test(closes_before_anything_happened),
        cmocka_unit_test(closes_with_an_attach_still_ordered),
        cmocka_unit_test(closes_while_greeting),
        cmocka_unit_test(closes_with_lines_in_flight_and_orders_waiting),
        cmocka_unit_test(closes_behind_a_hang_up_not_yet_told),
        cmocka_unit_test(closes_inside_a_note),
        cmocka_unit_test(closes_between_detach_and_its_note),
        cmocka_unit_test(closes_in_the_middle_of_an_emergency_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
