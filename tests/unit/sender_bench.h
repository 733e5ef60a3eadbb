/* The sender on a pty, a scripted printer at its far end on the test's own loop. */
#ifndef TEST_SENDER_BENCH_H
#define TEST_SENDER_BENCH_H

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
    size_t questions;  /* which line is expected? */
    size_t estops;     /* bare M112 */
    size_t colds;      /* M104 S0 */
    size_t tool_colds; /* M104 Tn S0 */
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

/* ---- the printer ---- */

static inline void say(struct printer *p, const char *text)
{
    if (!p->mute) {
        assert_int_equal(write(p->master, text, strlen(text)), (ssize_t)strlen(text));
    }
}

static inline bool right_rate(const struct printer *p)
{
    return p->baud == 0 || (p->baud > 0 && serial_tty_baud(p->slave) == p->baud);
}

static inline void take_numbered(struct printer *p, const char *line)
{
    char reply[64];
    unsigned long n = strtoul(line + 1, NULL, 10);
    if (n > p->last_n + 500) { /* a question, not a line */
        p->questions++;
        snprintf(reply, sizeof reply, "Error:Line Number, Last Line: %lu\nResend: %lu\nok\n",
            p->last_n, p->last_n + 1);
        say(p, reply);
        return;
    }
    p->out_of_order += n != p->last_n + 1;
    p->last_n = n;
    p->lines++;
    snprintf(reply, sizeof reply, "ok N%lu P15 B3\n", n);
    say(p, strstr(line, " M105*") != NULL ? "ok T:20.0 /0.0 B:20.0 /0.0\n" : reply);
}

static inline void take_line(struct printer *p, const char *line)
{
    snprintf(p->last, sizeof p->last, "%s", line);
    p->colds += strcmp(line, "M104 S0") == 0;
    p->tool_colds += strncmp(line, "M104 T", 6) == 0;
    if (strcmp(line, "M112") == 0) {
        p->estops++;
    } else if (strcmp(line, "N0 M110 N0*125") == 0) {
        p->hellos++;
        p->last_n = 0;
        if (right_rate(p)) {
            say(p, "ok\n");
        }
    } else if (line[0] == 'N') {
        take_numbered(p, line);
    } else if (line[0] != '\0' && right_rate(p)) {
        p->lines++;
        say(p, strcmp(line, "M115") == 0 ? "FIRMWARE_NAME:Bench\n" : "");
        say(p, strcmp(line, "M105") == 0 ? "ok T:20.0 /0.0 B:20.0 /0.0\n" : "ok P15 B3\n");
    }
}

static inline void on_printer(uv_poll_t *poll, int status, int events)
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

static inline void printer_listen(struct bench *b, bool on)
{
    struct printer *p = &b->printer;
    if (on) {
        uv_poll_start(&p->poll, UV_READABLE, on_printer);
    } else {
        uv_poll_stop(&p->poll);
    }
}

/* ---- the bench ---- */

static inline void on_closed(void *context)
{
    struct bench *b = context;
    assert_false(b->closed);
    b->closed = true;
}

static inline void put_job(struct bench *b)
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

static inline void on_fill(void *context)
{
    struct bench *b = context;
    assert_true(b->open);
    b->fills++;
    if (b->job_lines > 0) {
        put_job(b);
    }
}

static inline void close_sender(struct bench *b)
{
    b->open = false;
    sender_close(b->sender, on_closed, b);
}

static inline void on_note(void *context, const struct stream_note *note)
{
    struct bench *b = context;
    assert_true(b->open);
    assert_true(note->kind <= NOTE_DETACHED);
    assert_int_equal(strlen(note->text), note->len);
    b->notes[note->kind]++;
    b->done_tagged += note->kind == NOTE_DONE && note->tag == TAG;
    if (note->kind == NOTE_SILENT || note->kind == NOTE_PORT || note->kind == NOTE_LOST ||
        note->kind == NOTE_ESTOPPED) {
        snprintf(b->text, sizeof b->text, "%s", note->text);
    } else if (note->kind == NOTE_CONNECTED) {
        b->connected_baud = note->tag;
        if (b->close_on_connect) {
            close_sender(b);
        }
    }
}

static inline void on_deadline(uv_timer_t *timer)
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

static inline void open_pair(struct printer *p)
{
    struct termios t;
    assert_int_equal(openpty(&p->master, &p->slave, p->path, NULL, NULL), 0);
    fcntl(p->master, F_SETFL, fcntl(p->master, F_GETFL) | O_NONBLOCK);
    tcgetattr(p->slave, &t);
    cfmakeraw(&t);
    tcsetattr(p->slave, TCSANOW, &t);
}

static inline struct bench *make_bench_with(const char *ring_path)
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
    struct sender_options options = {.loop = &loop,
        .estop_path = b->estop_path,
        .ring_path = ring_path,
        .note = on_note,
        .fill = on_fill,
        .context = b};
    assert_int_equal(sender_open(&b->sender, &options, &e), 0);
    b->open = true;
    return b;
}

static inline struct bench *make_bench(void)
{
    return make_bench_with("");
}

static inline void attach(struct bench *b, int baud, int last_good, enum stream_window window)
{
    struct err e;
    struct stream_options options = {.dialect = dialect_by_name("marlin"), .window = window};
    int rc = serial_open(&b->port, b->printer.path, baud > 0 ? baud : 115200, &e);
    assert_int_equal(rc, 0);
    sender_attach(b->sender, &b->port, baud, last_good, &options);
}

static inline void on_handle_closed(uv_handle_t *handle)
{
    struct bench *b = handle->data;
    b->handles--;
}

static inline void hang_up(struct bench *b)
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
static inline void finish(struct bench *b)
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

static inline struct bench *connected(enum stream_window window)
{
    struct bench *b = make_bench();
    attach(b, 115200, 0, window);
    RUN_UNTIL(b, b->notes[NOTE_CONNECTED] == 1);
    return b;
}

#endif
