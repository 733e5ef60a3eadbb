// link: ppio
/* The sender on a pty, a scripted printer at its far end on the test's own loop. */
#include "host/io/sender.h"
#include "host/io/serial_tty.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_MS 40000
#define TAG         77

/* The printer: master side of the pty. */
struct printer {
    int master;
    int slave; /* keeps the terminal alive, tells its rate */
    char path[64];
    uv_poll_t poll;
    bool polled;
    struct line_split split;
    int baud;     /* answers at this rate only; 0 = at any, -1 = never */
    bool mute;    /* reads, says nothing */
    bool deaf;    /* does not even read */
    size_t lines; /* received, greetings not counted */
    size_t hellos;
    size_t estops; /* bare M112 */
    size_t colds;  /* M104 S0 */
    unsigned long last_n;
    unsigned long out_of_order;
    char last[LINE_MAX_IN + 1];
};

/* One loop for all benches of a test, made with the first and closed with the last. */
static uv_loop_t loop;
static int benches;

struct bench {
    unsigned handles;
    uv_timer_t deadline;
    bool late;
    struct sender *sender;
    struct printer printer;
    size_t notes[NOTE_DETACHED + 1];
    size_t done_tagged;
    uint32_t connected_baud;
    char text[256]; /* of the last note that ends something */
    bool closed;
    bool close_on_connect;
    bool open;
    char estop_path[64];
    struct serial port;

    /* a job */
    uint32_t generation;
    size_t job_lines;
    size_t job_put;
    size_t fills;
    bool ended_put;
};

/* ---- the printer --------------------------------------------------------------------------------
 */

static void say(struct printer *p, const char *text)
{
    if (!p->mute) {
        assert_int_equal(write(p->master, text, strlen(text)), (ssize_t)strlen(text));
    }
}

static bool right_rate(const struct printer *p)
{
    return serial_tty_baud(p->slave) == p->baud;
}

static void take_numbered(struct printer *p, const char *line)
{
    char reply[64];
    unsigned long n = strtoul(line + 1, NULL, 10);
    p->out_of_order += n != p->last_n + 1;
    p->last_n = n;
    p->lines++;
    snprintf(reply, sizeof reply, "ok N%lu P15 B3\n", n);
    say(p, strstr(line, " M105*") != NULL ? "ok T:20.0 /0.0 B:20.0 /0.0\n" : reply);
}

static void take_line(struct printer *p, const char *line)
{
    snprintf(p->last, sizeof p->last, "%s", line);
    p->colds += strcmp(line, "M104 S0") == 0;
    if (strcmp(line, "M112") == 0) {
        p->estops++;
    } else if (strcmp(line, "N0 M110 N0*125") == 0) {
        p->hellos++;
        p->last_n = 0;
        if (p->baud == 0 || (p->baud > 0 && right_rate(p))) {
            say(p, "ok\n");
        }
    } else if (line[0] == 'N') {
        take_numbered(p, line);
    } else if (line[0] != '\0') {
        p->lines++;
        say(p, "ok P15 B3\n");
    }
}

static void on_printer(uv_poll_t *poll, int status, int events)
{
    struct bench *b = poll->data;
    struct printer *p = &b->printer;
    char buf[4096];
    (void)events;
    ssize_t n = status < 0 ? 0 : read(p->master, buf, sizeof buf);
    const char *bytes = buf;
    size_t left = n > 0 ? (size_t)n : 0;
    const char *line;
    size_t len;
    while (line_next(&p->split, &bytes, &left, &line, &len)) {
        take_line(p, line);
    }
}

static void printer_listen(struct bench *b, bool on)
{
    struct printer *p = &b->printer;
    if (on) {
        uv_poll_start(&p->poll, UV_READABLE, on_printer);
    } else {
        uv_poll_stop(&p->poll);
    }
}

/* ---- the bench
 * ----------------------------------------------------------------------------------- */

static void on_closed(void *context)
{
    struct bench *b = context;
    assert_false(b->closed);
    b->closed = true;
}

static void put_job(struct bench *b)
{
    struct spsc *ring = sender_ring(b->sender);
    char text[64];
    while (b->job_put < b->job_lines) {
        int len = snprintf(text, sizeof text, "G1 X%zu.5 Y10 E0.1", b->job_put);
        struct stream_item *item = spsc_reserve(ring, sizeof *item + (size_t)len);
        if (item == NULL) {
            sender_ask_later(b->sender);
            return;
        }
        *item = (struct stream_item){.generation = b->generation,
            .kind = ITEM_LINE,
            .len = (uint16_t)len,
            .end_offset = ++b->job_put};
        memcpy(item->text, text, (size_t)len);
        spsc_push(ring, sizeof *item + (size_t)len);
    }
    if (!b->ended_put) {
        struct stream_item *item = spsc_reserve(ring, sizeof *item);
        if (item == NULL) {
            sender_ask_later(b->sender);
            return;
        }
        *item = (struct stream_item){
            .generation = b->generation, .kind = ITEM_END, .end_offset = b->job_put};
        spsc_push(ring, sizeof *item);
        b->ended_put = true;
    }
    sender_wake(b->sender);
}

static void on_fill(void *context)
{
    struct bench *b = context;
    assert_true(b->open);
    b->fills++;
    if (b->job_lines > 0) {
        put_job(b);
    }
}

static void close_sender(struct bench *b)
{
    b->open = false;
    sender_close(b->sender, on_closed, b);
}

static void on_note(void *context, const struct stream_note *note)
{
    struct bench *b = context;
    assert_true(b->open);
    assert_true(note->kind <= NOTE_DETACHED);
    assert_int_equal(strlen(note->text), note->len);
    b->notes[note->kind]++;
    b->done_tagged += note->kind == NOTE_DONE && note->tag == TAG;
    if (note->kind == NOTE_SILENT || note->kind == NOTE_PORT || note->kind == NOTE_LOST) {
        snprintf(b->text, sizeof b->text, "%s", note->text);
    } else if (note->kind == NOTE_CONNECTED) {
        b->connected_baud = note->tag;
        if (b->close_on_connect) {
            close_sender(b);
        }
    }
}

static void on_deadline(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    b->late = true;
}

#define RUN_UNTIL(b, condition)                                                                    \
    do {                                                                                           \
        while (!(condition) && !(b)->late) {                                                       \
            uv_run(&loop, UV_RUN_ONCE);                                                            \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

static void open_pair(struct printer *p)
{
    struct termios t;
    assert_int_equal(openpty(&p->master, &p->slave, p->path, NULL, NULL), 0);
    fcntl(p->master, F_SETFL, fcntl(p->master, F_GETFL) | O_NONBLOCK);
    tcgetattr(p->slave, &t);
    cfmakeraw(&t);
    tcsetattr(p->slave, TCSANOW, &t);
}

static struct bench *make_bench(void)
{
    struct bench *b = calloc(1, sizeof *b);
    struct err e;
    static int made;
    if (benches++ == 0) {
        uv_loop_init(&loop);
    }
    uv_timer_init(&loop, &b->deadline);
    b->deadline.data = b;
    b->handles = 1;
    uv_timer_start(&b->deadline, on_deadline, DEADLINE_MS, 0);
    open_pair(&b->printer);
    uv_poll_init(&loop, &b->printer.poll, b->printer.master);
    b->printer.poll.data = b;
    b->handles++;
    b->printer.polled = true;
    printer_listen(b, true);
    snprintf(b->estop_path, sizeof b->estop_path, "/tmp/pp-test-sender-%d-%d.estop", (int)getpid(),
        made++);
    struct sender_options options = {
        .loop = &loop, .estop_path = b->estop_path, .note = on_note, .fill = on_fill, .context = b};
    assert_int_equal(sender_open(&b->sender, &options, &e), 0);
    b->open = true;
    return b;
}

static void attach(struct bench *b, int baud, int last_good, enum stream_window window)
{
    struct err e;
    struct stream_options options = {.dialect = dialect_by_name("marlin"), .window = window};
    int rc = serial_open(&b->port, b->printer.path, baud > 0 ? baud : 115200, &e);
    assert_int_equal(rc, 0);
    sender_attach(b->sender, &b->port, baud, last_good, &options);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct bench *b = handle->data;
    b->handles--;
}

static void hang_up(struct bench *b)
{
    struct printer *p = &b->printer;
    if (p->polled) {
        p->polled = false;
        uv_close((uv_handle_t *)&p->poll, on_handle_closed);
        close(p->slave);
        close(p->master);
    }
}

/* Everything goes, and nothing is left on the loop. */
static void finish(struct bench *b)
{
    if (b->open) {
        close_sender(b);
    }
    RUN_UNTIL(b, b->closed);
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
}

static struct bench *connected(enum stream_window window)
{
    struct bench *b = make_bench();
    attach(b, 115200, 0, window);
    RUN_UNTIL(b, b->notes[NOTE_CONNECTED] == 1);
    return b;
}

/* ---- greeting
 * ------------------------------------------------------------------------------------ */

static void a_printer_answers_at_the_rate_given(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    assert_int_equal(b->connected_baud, 115200);
    assert_int_equal(b->printer.hellos, 1);
    assert_true(sender_inject(b->sender, "M105", 4, TAG));
    RUN_UNTIL(b, b->done_tagged == 1);
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

/* ---- lines
 * --------------------------------------------------------------------------------------- */

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
    assert_in_range(taken, 50, STREAM_INJECT);
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
    b->job_lines = 8000;
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

/* ---- emergency
 * ----------------------------------------------------------------------------------- */

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

static void an_emergency_stop_by_datagram_needs_no_main_loop(void **state)
{
    (void)state;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct bench *b = connected(STREAM_WINDOW_AUTO);
    char got[512] = "";
    size_t len = 0;
    struct stat st;
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

static void an_emergency_stop_ends_a_greeting(void **state)
{
    (void)state;
    struct bench *b = make_bench();
    b->printer.baud = -1;
    attach(b, 115200, 0, STREAM_WINDOW_AUTO);
    RUN_UNTIL(b, b->printer.hellos == 1);
    sender_estop(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_ESTOPPED] == 1 && b->printer.estops == 3);
    assert_int_equal(b->notes[NOTE_SILENT], 0);
    sender_detach(b->sender);
    RUN_UNTIL(b, b->notes[NOTE_DETACHED] == 1);
    assert_int_equal(b->printer.hellos, 1);
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

/* ---- trouble
 * ------------------------------------------------------------------------------------- */

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
    RUN_UNTIL(b, b->printer.hellos == 1);
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

/* ---- closing at every stage
 * ------------------------------------------------------------------------ */

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
    RUN_UNTIL(b, b->printer.hellos == 1);
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
        cmocka_unit_test(a_printer_answers_at_the_rate_given),
        cmocka_unit_test(the_rate_that_was_good_last_time_is_tried_first),
        cmocka_unit_test(silence_is_told_and_another_rate_is_found),
        cmocka_unit_test(injected_lines_are_all_sent_in_order_or_refused),
        cmocka_unit_test(what_is_no_line_is_refused),
        cmocka_unit_test(a_job_larger_than_the_ring_goes_through_in_order),
        cmocka_unit_test(a_pause_drains_and_a_release_goes_on),
        cmocka_unit_test(a_dropped_job_stops_and_another_one_runs),
        cmocka_unit_test(an_emergency_stop_is_said_three_times_and_nothing_follows),
        cmocka_unit_test(an_emergency_stop_by_datagram_needs_no_main_loop),
        cmocka_unit_test(an_emergency_stop_comes_through_where_nothing_else_does),
        cmocka_unit_test(an_emergency_stop_ends_a_greeting),
        cmocka_unit_test(an_emergency_stop_without_a_port_is_told_too),
        cmocka_unit_test(a_port_that_hangs_up_is_told_once_and_can_be_opened_again),
        cmocka_unit_test(a_hang_up_while_greeting_is_told),
        cmocka_unit_test(a_restart_of_the_printer_is_told),
        cmocka_unit_test(a_flood_of_lines_drops_none_of_the_notes_that_matter),
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
