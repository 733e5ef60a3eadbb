/* ppvirtual: the model of a printer on a pseudo-terminal, in real time.
 *
 * The only file with a clock. It sleeps until the model's next event or until the
 * host writes, steps the model and hands the bytes across. A printer's time does not depend on the
 * host's machine: when this process was not run although something was due, the model's clock stood
 * still meanwhile. The report tells how long that was in all, and how late lines were handed out.
 * SIGTERM, SIGINT: report and exit 0; SIGUSR1: report; SIGUSR2: reset button; SIGRTMIN: SD card out
 * or in.
 */
#include "tools/ppvirtual/asked.h"
#include "tools/ppvirtual/control.h"
#include "tools/ppvirtual/medium.h"
#include "tools/ppvirtual/model.h"
#include "tools/ppvirtual/options.h"
#include "tools/ppvirtual/order.h"
#include "tools/ppvirtual/plug.h"
#include "tools/ppvirtual/port.h"
#include "tools/ppvirtual/report.h"

#include "host/base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define READ_MAX    4096
#define WIRE_MAX    65536 /* more is not read from the port until the wire has carried some */
#define PENDING_MAX 4096  /* replies nobody reads; newer ones are lost, as in a tty's buffer */
#define REOPEN_NS   UINT64_C(100000000)
#define IDLE_NS     UINT64_C(1000000000)
#define SPIN_NS     UINT64_C(40000) /* a sleep ends about so late: an answer would be late by that */

#define POLLED_MAX (CONTROL_CLIENTS + 3)

#define STALL_NS UINT64_C(500000) /* later than this was not our sleep but somebody else's work */

struct program {
    struct options o;
    struct port port;
    struct plug plug;
    struct control control;
    struct model *model;
    struct strbuf pending; /* for the host */
    struct strbuf trace;
    struct strbuf executed;
    FILE *executed_file; /* NULL: not wanted */
    uint64_t zero_ns;
    uint64_t woken_ns; /* from the last sleep; on the machine's clock */
    uint64_t dropped;
};

static uint64_t now_ns(const struct program *p)
{
    return clock_ns() - p->zero_ns;
}

static void write_report(struct program *p)
{
    struct err e = {0};
    if (p->o.report != NULL && report_write(p->model, p->o.report, &e) != 0) {
        fprintf(stderr, "ppvirtual: report: %s\n", e.text);
    }
}

static void flush_text(struct strbuf *text, FILE *to)
{
    if (text->len > 0) {
        fwrite(text->data, 1, text->len, to);
        fflush(to);
        text->len = 0;
    }
}

static void flush_pending(struct program *p)
{
    if (p->pending.len == 0 || p->port.fd < 0) {
        p->pending.len = p->port.unplugged ? 0 : p->pending.len;
        return;
    }
    gap_hand_over(&p->model->gap, clock_ns());
    ssize_t n = write(p->port.fd, p->pending.data, p->pending.len);
    if (n > 0) {
        p->pending.len -= (size_t)n;
        memmove(p->pending.data, p->pending.data + n, p->pending.len);
    }
    if (p->pending.len > PENDING_MAX) {
        p->dropped += p->pending.len - PENDING_MAX;
        p->pending.len = PENDING_MAX;
    }
}

/* Without a wire there is no rate that could be wrong. */
static bool wrong_rate(const struct program *p)
{
    return p->o.settings.wire && port_wrong_rate(&p->port);
}

static void step(struct program *p, const struct event *event)
{
    size_t before = p->pending.len;
    struct havoc_order order;
    p->model->zero_ns = p->zero_ns;
    model_step(p->model, now_ns(p), event, &p->pending);
    while (havoc_take_order(p->model, &order)) {
        plug_obey(&p->plug, now_ns(p), &order);
    }
    plug_step(&p->plug, now_ns(p));
    if (p->pending.len > before && wrong_rate(p)) {
        port_garble(p->pending.data + before, p->pending.len - before);
    }
    flush_pending(p);
    flush_text(&p->trace, stderr);
    flush_text(&p->executed, p->executed_file);
}

/* Reads what the host has written; a hang-up of a device closes it. */
static void read_port(struct program *p)
{
    char bytes[READ_MAX];
    ssize_t n = read(p->port.fd, bytes, sizeof(bytes));
    if (n > 0) {
        gap_answered(&p->model->gap, p->woken_ns);
        if (memmem(bytes, (size_t)n, "M112", 4) != NULL && p->model->heard_clock_ns == 0) {
            p->model->heard_clock_ns = clock_ns();
        }
        if (wrong_rate(p)) {
            port_garble(bytes, (size_t)n);
        }
        step(p, &(struct event){EVENT_BYTES, bytes, (size_t)n});
    } else if (p->port.device != NULL && (n == 0 || (errno != EAGAIN && errno != EINTR))) {
        close(p->port.fd);
        p->port.fd = -1;
    }
}

static struct timespec time_left(struct program *p)
{
    uint64_t now = now_ns(p);
    uint64_t next = model_next_ns(p->model);
    uint64_t output = model_output_ns(p->model);
    if (output < NEVER_NS && output - SPIN_NS < next) {
        next = output - SPIN_NS;
    }
    uint64_t plug = plug_next_ns(&p->plug);
    next = plug < next ? plug : next;
    uint64_t left = next > now ? next - now : 0;
    uint64_t longest = p->port.fd < 0 ? REOPEN_NS : IDLE_NS;
    left = left < longest ? left : longest;
    return (struct timespec){
        .tv_sec = (time_t)(left / 1000000000),
        .tv_nsec = (long)(left % 1000000000),
    };
}

static void do_signals(struct program *p)
{
    if (asked_take(ASKED_REPORT)) {
        write_report(p);
    }
    if (asked_take(ASKED_RESET)) {
        step(p, &(struct event){.kind = EVENT_RESET});
    }
    if (asked_take(ASKED_CARD)) {
        step(p, &(struct event){.kind = EVENT_CARD});
    }
}

/* A line from the control socket. */
static void obey(void *context, const char *line, struct strbuf *answer)
{
    struct program *p = context;
    struct order o = order_line(p->model, line, answer);
    switch (o.kind) {
    case DO_NOTHING:
        break;
    case DO_RESET:
        step(p, &(struct event){.kind = EVENT_RESET});
        break;
    case DO_POWER_OFF:
        step(p, &(struct event){.kind = EVENT_POWER_OFF});
        break;
    case DO_POWER_ON:
        step(p, &(struct event){.kind = EVENT_POWER_ON});
        break;
    case DO_UNPLUG:
        plug_obey(&p->plug, now_ns(p),
            &(struct havoc_order){.kind = ORDER_UNPLUG, .for_ns = o.for_ns, .link = ""});
        break;
    case DO_REPLUG:
        plug_in(&p->plug, now_ns(p));
        break;
    case DO_REPORT:
        write_report(p);
        break;
    }
}

/* Sleeps until something is due or the host has written; what it oversleeps is no time at all. */
static int sleep_until_due(
    struct program *p, struct pollfd *fds, size_t count, const sigset_t *inside)
{
    struct timespec left = time_left(p);
    uint64_t due = clock_ns() + (uint64_t)left.tv_sec * 1000000000 + (uint64_t)left.tv_nsec;
    int n = ppoll(fds, count, &left, inside);
    uint64_t now = clock_ns();
    p->woken_ns = now;
    if (now > due + STALL_NS) {
        p->zero_ns += now - due;
        p->model->late.stalled_ns += now - due;
    }
    return n;
}

/* What is waited for: the port first, who opens it, then the control socket. */
static size_t fill_polled(const struct program *p, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = p->port.fd};
    if (wire_len(&p->model->in) < WIRE_MAX && plug_reads(&p->plug)) {
        fds[0].events |= POLLIN;
    }
    if (p->pending.len > 0) {
        fds[0].events |= POLLOUT;
    }
    fds[1] = (struct pollfd){.fd = p->plug.watch_fd, .events = POLLIN};
    return 2 + control_poll(&p->control, fds + 2);
}

static void run(struct program *p, const sigset_t *inside)
{
    struct pollfd fds[POLLED_MAX];
    while (!asked_take(ASKED_STOP)) {
        if (p->port.fd < 0) {
            port_reopen(&p->port);
        }
        size_t count = fill_polled(p, fds);
        int n = sleep_until_due(p, fds, count, inside);
        if (n > 0 && (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            read_port(p);
        }
        if (n > 0 && fds[1].revents != 0 && plug_resets(&p->plug)) {
            step(p, &(struct event){.kind = EVENT_RESET});
        }
        if (n > 0) {
            control_read(&p->control, fds + 2, count - 2, obey, p);
        }
        step(p, NULL);
        do_signals(p);
    }
}

/* A real printer does not slow down when the host's machine is busy. Both are refused to many; then
 * the report's lateness tells. */
static void be_punctual(void)
{
    struct sched_param lowest = {.sched_priority = 1};
    sched_setscheduler(0, SCHED_RR, &lowest);
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
}

static int open_executed(struct program *p, struct err *e)
{
    if (p->o.executed == NULL) {
        return 0;
    }
    p->executed_file = fopen(p->o.executed, "we");
    if (p->executed_file == NULL) {
        return err_errno(e, errno, "--executed \"%s\"", p->o.executed);
    }
    return 0;
}

/* A report that cannot be written at the end would be a run for nothing. */
static int check_report(const char *path, struct err *e)
{
    char dir[PATH_MAX];
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    if (path == NULL) {
        return 0;
    }
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (!str_copy(dir, sizeof dir, slash != NULL ? path : ".", len)) {
        return err_set(e, PP_ETOOBIG, "--report: the path is too long");
    }
    return access(dir, W_OK | X_OK) != 0 ? err_errno(e, errno, "--report \"%s\"", path) : 0;
}

static void finish(struct program *p)
{
    control_close(&p->control);
    plug_fini(&p->plug);
    port_close(&p->port);
    model_fini(p->model);
    strbuf_fini(&p->pending);
    strbuf_fini(&p->trace);
    strbuf_fini(&p->executed);
    if (p->executed_file != NULL) {
        fclose(p->executed_file);
    }
}

static int start(struct program *p, struct err *e)
{
    if (sodium_init() < 0) {
        return err_set(e, PP_EIO, "libsodium does not start");
    }
    int rc = check_report(p->o.report, e);
    rc = rc != 0 ? rc : open_executed(p, e);
    rc = rc != 0 ? rc : control_open(&p->control, p->o.control, e);
    if (rc != 0) {
        return rc;
    }
    rc = port_open(&p->port, p->o.link, p->o.device, p->o.settings.baud, e);
    if (rc != 0) {
        control_close(&p->control);
        return rc;
    }
    plug_init(&p->plug, &p->port);
    be_punctual();
    model_init(p->model, &p->o.settings);
    p->model->faults = p->o.faults;
    p->model->trace = p->o.verbose ? &p->trace : NULL;
    p->model->executed = p->executed_file != NULL ? &p->executed : NULL;
    p->zero_ns = clock_ns();
    rc = p->o.sd != NULL ? medium_load(&p->model->card, p->o.sd, e) : 0;
    if (rc != 0) {
        finish(p);
    }
    return rc;
}

static void print_fault_help(void)
{
    struct strbuf text = {0};
    fault_help(&text);
    fputs(strbuf_text(&text), stdout);
    printf("\nOVER --control, a line each\n%s", order_help);
    strbuf_fini(&text);
}

int main(int argc, char **argv)
{
    static struct model model;
    struct program p = {.model = &model};
    struct err e = {0};
    if (options_parse(&p.o, argc, argv, &e) != 0) {
        fprintf(stderr, "ppvirtual: %s\n", e.text);
        return 2;
    }
    if (p.o.help_faults) {
        print_fault_help();
        return 0;
    }
    if (p.o.help || p.o.version) {
        fputs(p.o.help ? options_help : "ppvirtual " PP_VERSION "\n", stdout);
        return 0;
    }
    sigset_t inside;
    asked_catch(&inside);
    if (start(&p, &e) != 0) {
        fprintf(stderr, "ppvirtual: %s\n", e.text);
        return 1;
    }
    fprintf(stderr, "ppvirtual: %s on %s%s%s at %u baud\n", p.o.settings.fw->name,
        p.o.link != NULL ? p.o.link : p.port.name, p.o.link != NULL ? " -> " : "",
        p.o.link != NULL ? p.port.name : "", p.o.settings.baud);
    run(&p, &inside);
    write_report(&p);
    finish(&p);
    return 0;
}
