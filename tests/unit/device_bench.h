/* The device with its real sender, store, files and hub, in a folder of its own, on a pty whose far
 * end is a scripted Marlin on the same loop. Nothing sleeps: the loop runs until a condition holds
 * or the deadline of the test has passed. */
#ifndef TEST_DEVICE_BENCH_H
#define TEST_DEVICE_BENCH_H

#include "host/app/device/device_priv.h"
#include "host/base/mem.h"
#include "tests/unit/scripted_marlin.h"
#include "tests/unit/tempdir.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include <cmocka.h>

#define DEADLINE_MS 60000
#define TICK_MS     20

#define PART                                                                                       \
    "M140 S60\nM104 S200\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X50 Y10 E2 F1500\nG1 X50 Y50 E4\n"        \
    "M104 S0\nM140 S0\n"

struct bench {
    char dir[TEMPDIR_SIZE];
    char db[TEMPDIR_SIZE + 16];
    uv_loop_t loop;
    uv_timer_t deadline;
    bool late;
    struct marlin printer;
    struct store *store;
    struct files *files;
    struct hub *hub;
    struct device *device;
    struct device_options options;
    struct serial port;
    bool impatient; /* so does the end of a stop that is not obeyed */
    bool closed;
    size_t waiting; /* handles of the bench being closed */
    size_t runs;    /* HUB_RUN told */
    struct run run; /* the last of them */
    size_t notices;
    char notice[300];
};

/* ---- the printer ---- */

static inline void on_printer(uv_poll_t *poll, int status, int events)
{
    struct bench *b = poll->data;
    char buf[4096];
    (void)events;
    ssize_t n = status < 0 ? 0 : read(b->printer.master, buf, sizeof buf);
    const char *bytes = buf;
    size_t left = n > 0 ? (size_t)n : 0;
    const char *line;
    size_t len;
    while (line_next(&b->printer.split, &bytes, &left, &line, &len)) {
        if (line[0] != '\0') {
            take(&b->printer, line);
        }
    }
}

/* How often a command was heard from place `from` on; `command` may be its beginning. */
static inline size_t heard(const struct bench *b, size_t from, const char *command)
{
    size_t count = 0;
    for (size_t i = from; i < b->printer.heard_count; i++) {
        count += strncmp(b->printer.heard[i], command, strlen(command)) == 0;
    }
    return count;
}

/* The commands from place `from` on without temperature polls and progress for the display, which
 * come when they like, joined by " | ". */
static inline const char *transcript(const struct bench *b, size_t from)
{
    static char text[4096];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = from; i < b->printer.heard_count && len < sizeof text - 70; i++) {
        if (strcmp(b->printer.heard[i], "M105") != 0 &&
            strncmp(b->printer.heard[i], "M73 ", 4) != 0) {
            len += (size_t)snprintf(
                text + len, sizeof text - len, "%s%s", len > 0 ? " | " : "", b->printer.heard[i]);
        }
    }
    return text;
}

static inline bool cold(const struct bench *b)
{
    const struct marlin *p = &b->printer;
    return p->tool_target[0] + p->tool_target[1] + p->bed_target + p->chamber_target == 0;
}

/* ---- the bench ---- */

static struct profile bench_profile = {
    .id = "bench",
    .limits = {.max_um = {200000, 200000, 200000},
        .min_um = {0, 0, 0},
        .tools = 1,
        .max_tool_mc = 250000,
        .max_bed_mc = 100000},
    .firmware = "marlin",
    .pause_script = (char[]){"G1 X0 Y100 F6000"},
    .resume_script = (char[]){""},
    .cancel_script = (char[]){"G1 X0 Y190 F6000"},
    .recover_script = (char[]){"M83\nG1 E10 F200"},
    .end_script = (char[]){""},
};

static struct err refused;

/* The housekeeping and the next try to open the port, which come with time, come soon. */
static inline void hurry(struct bench *b)
{
    struct device *d = b->device;
    if (d == NULL || uv_is_closing((uv_handle_t *)&d->tick)) {
        return;
    }
    if (uv_timer_get_repeat(&d->tick) > TICK_MS) {
        uv_timer_set_repeat(&d->tick, TICK_MS);
        uv_timer_again(&d->tick);
    }
    if (uv_timer_get_due_in(&d->wire.retry) > TICK_MS) {
        uv_timer_start(&d->wire.retry, d->wire.retry.timer_cb, TICK_MS, 0);
    }
    if (b->impatient && uv_timer_get_due_in(&d->deadline) > TICK_MS) {
        assert_true(uv_timer_get_due_in(&d->deadline) <= 12000);
        uv_timer_start(&d->deadline, d->deadline.timer_cb, TICK_MS, 0);
    }
}

#define RUN_UNTIL(b, condition)                                                                    \
    do {                                                                                           \
        while (!(condition) && !(b)->late) {                                                       \
            hurry(b);                                                                              \
            uv_run(&(b)->loop, UV_RUN_ONCE);                                                       \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

static inline struct device_status status(const struct bench *b)
{
    struct device_status s;
    device_status(b->device, &s);
    return s;
}

/* The temperatures are asked for now, and not within two seconds. */
static inline void ask_temps(struct bench *b)
{
    b->device->temps_ms = 0;
}

#define UNTIL_STATE(b, wanted) RUN_UNTIL(b, status(b).state == (wanted))

static inline void on_hub(void *context, enum hub_event event, const void *data)
{
    struct bench *b = context;
    if (event == HUB_RUN) {
        b->run = *(const struct run *)data;
        b->runs++;
    } else {
        snprintf(b->notice, sizeof b->notice, "%s", (const char *)data);
        b->notices++;
    }
}

static inline void on_deadline(uv_timer_t *timer)
{
    ((struct bench *)timer->data)->late = true;
}

static inline void plug_in(struct bench *b)
{
    struct marlin *p = &b->printer;
    struct termios t;
    assert_int_equal(openpty(&p->master, &p->slave, p->path, NULL, NULL), 0);
    fcntl(p->master, F_SETFL, fcntl(p->master, F_GETFL) | O_NONBLOCK);
    tcgetattr(p->slave, &t);
    cfmakeraw(&t);
    tcsetattr(p->slave, TCSANOW, &t);
    memset(&p->split, 0, sizeof p->split);
    uv_poll_init(&b->loop, &p->poll, p->master);
    p->poll.data = b;
    uv_poll_start(&p->poll, UV_READABLE, on_printer);
    p->plugged = true;
    const char *link = tempdir_path(b->dir, "port");
    unlink(link);
    assert_int_equal(symlink(p->path, link), 0);
}

static inline void on_unplugged(uv_handle_t *handle)
{
    ((struct bench *)handle->data)->waiting--;
}

static inline void unplug(struct bench *b)
{
    struct marlin *p = &b->printer;
    if (p->plugged) {
        p->plugged = false;
        /* its number is soon that of another test's terminal, where nobody may look for it */
        unlink(tempdir_path(b->dir, "port"));
        b->waiting++;
        uv_close((uv_handle_t *)&p->poll, on_unplugged);
        RUN_UNTIL(b, b->waiting == 0);
        unlink(tempdir_path(b->dir, "port")); /* its number is somebody else's soon */
        close(p->slave);
        close(p->master);
    }
}

static inline void open_device(struct bench *b)
{
    struct err e;
    int rc = serial_open(&b->port, b->options.device, 115200, &e);
    rc = rc == 0 ? store_open(&b->store, &b->loop, b->db, &e) : rc;
    rc = rc == 0 ? files_open(&b->files, &b->loop, b->store, b->dir, 1 << 20, &e) : rc;
    b->hub = hub_new();
    hub_add(b->hub, 1u << HUB_RUN | 1u << HUB_NOTICE, on_hub, b);
    rc = rc == 0 ? device_open(&b->device, &b->loop, &b->options, b->store, b->files, b->hub, &e)
                 : rc;
    if (rc != 0) {
        fail_msg("%s", e.text);
    }
    b->closed = false;
}

static inline struct bench *make_bench(const struct profile *profile)
{
    static char device[TEMPDIR_SIZE + 16];
    struct bench *b = mem_alloc(sizeof *b);
    tempdir_make(b->dir);
    snprintf(b->db, sizeof b->db, "%s/pphost.db", b->dir);
    snprintf(device, sizeof device, "%s/port", b->dir);
    mkdir(tempdir_path(b->dir, "blobs"), 0700);
    uv_loop_init(&b->loop);
    uv_timer_init(&b->loop, &b->deadline);
    b->deadline.data = b;
    uv_timer_start(&b->deadline, on_deadline, DEADLINE_MS, 0);
    uv_unref((uv_handle_t *)&b->deadline);
    b->printer.actual = 20;
    b->printer.uuid = "11111111-2222-3333-4444-555555555555";
    b->options = (struct device_options){.name = "bench",
        .device = device,
        .port = &b->port,
        .baud = 115200,
        .profile = profile,
        .estop_path = ""};
    plug_in(b);
    return b;
}

static inline struct bench *connected(const struct profile *profile)
{
    struct bench *b = make_bench(profile);
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    return b;
}

static inline void on_committed(void *context, const struct err *e, const struct file_entry *entry)
{
    (void)entry;
    assert_null(e);
    *(bool *)context = true;
}

static inline void put_file(struct bench *b, const char *name, const char *text)
{
    struct upload *u;
    struct err e;
    bool done = false;
    assert_int_equal(files_begin(b->files, name, &u, &e), 0);
    assert_int_equal(files_write(u, text, strlen(text), &e), 0);
    files_commit(u, on_committed, &done);
    RUN_UNTIL(b, done);
}

/* Uploads `text` and starts it on a bed declared clear. */
static inline void print(struct bench *b, const char *text)
{
    struct err e;
    bool waits = true;
    put_file(b, "part.gcode", text);
    if (device_print(b->device, "part.gcode", true, &waits, &e) != 0) {
        fail_msg("%s", e.text);
    }
    assert_false(waits);
}

/* What the database says of the bed, now. */
static inline const char *bed_stored(const char *db)
{
    static char text[16];
    sqlite3 *sql;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open_v2(db, &sql, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(sql, 5000);
    assert_int_equal(sqlite3_prepare_v2(sql, "SELECT bed FROM printer", -1, &q, NULL), SQLITE_OK);
    bool row = sqlite3_step(q) == SQLITE_ROW;
    snprintf(text, sizeof text, "%s", row ? (const char *)sqlite3_column_text(q, 0) : "none");
    sqlite3_finalize(q);
    sqlite3_close(sql);
    return text;
}

static inline void on_device_closed(void *context)
{
    struct bench *b = context;
    assert_false(b->closed);
    b->closed = true;
    b->device = NULL;
}

static inline void on_store_closed(void *context)
{
    ((struct bench *)context)->store = NULL;
}

static inline void close_store(struct bench *b)
{
    store_close(b->store, on_store_closed, b);
    RUN_UNTIL(b, b->store == NULL);
}

/* What is on the wire already arrives. */
static inline void settle(struct bench *b)
{
    int left = 0;
    while (b->printer.plugged && ioctl(b->printer.master, FIONREAD, &left) == 0 && left > 0) {
        uv_run(&b->loop, UV_RUN_NOWAIT);
    }
}

/* Stops the program's half; the printer stays. */
static inline void shut(struct bench *b)
{
    if (b->device != NULL) {
        device_close(b->device, false, on_device_closed, b);
        RUN_UNTIL(b, b->closed);
        settle(b);
    }
    files_close(b->files);
    close_store(b);
    hub_free(b->hub);
    b->files = NULL;
}

/* Everything goes, and nothing is left on the loop. */
static inline void finish(struct bench *b)
{
    if (b->files != NULL) {
        shut(b);
    }
    unplug(b);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&b->deadline, NULL);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_false(b->late);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    tempdir_remove(b->dir);
    free(b);
}

#endif
