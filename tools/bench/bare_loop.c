/* bare_loop PORT BAUD FILE: the least a program can do to stream a file, as a yardstick.
 *
 * Happy path: the file's commands are numbered and checksummed in memory, the port opened, the
 * printer greeted with M110; then a libuv poll loop reads an "ok" and writes the next line, one in
 * flight, until all are acknowledged. One line of JSON tells lines, bytes, seconds and the CPU time
 * of the loop alone. It asks for the priority that a print host's sender has. Failure: exit 1 and
 * one line when the printer asks for a resend, stays silent for 10 s or the port breaks; it is no
 * sender to print with.
 */
#include "host/base/err.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "tools/bench/bare_tty.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define FILE_MAX   ((size_t)64 << 20)
#define SILENCE_MS 10000
#define GREET_MS   1000
#define PRIORITY   10 /* SCHED_FIFO, where permitted, as pphost's sender */

struct loop {
    uv_poll_t poll;
    uv_timer_t timer;
    int fd;
    struct strbuf text; /* all lines as they go over the wire */
    size_t *start;      /* of each line in text; one more for the end */
    size_t lines;
    size_t next;   /* line to write next */
    bool greeted;  /* M110 was acknowledged */
    size_t filled; /* of reply */
    char reply[256];
    int64_t silent_since; /* loop time */
    uint64_t begin_ns;
    uint64_t begin_cpu_ns;
};

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "bare_loop: %s%s%s\n", what, detail[0] ? ": " : "", detail);
    exit(1);
}

static unsigned checksum(const char *text, size_t len)
{
    unsigned sum = 0;

    for (size_t i = 0; i < len; i++)
        sum ^= (unsigned char)text[i];
    return sum;
}

static void add_line(struct loop *l, const char *command, size_t len)
{
    size_t begin = l->text.len;

    l->start[l->lines++] = begin;
    strbuf_printf(&l->text, "N%zu %.*s", l->lines, (int)len, command);
    strbuf_printf(&l->text, "*%u\n", checksum(strbuf_text(&l->text) + begin, l->text.len - begin));
}

/* Commands without comments and blanks at their ends, numbered from 1. */
static void load(struct loop *l, const char *path)
{
    struct strbuf file = {0};
    struct err e = {0};

    if (file_read(path, FILE_MAX, &file, &e) != 0)
        die(path, e.text);
    const char *p = strbuf_text(&file), *end = p + file.len;
    size_t count = 2;
    for (const char *c = p; c < end; c++)
        count += *c == '\n';
    l->start = mem_array(count, sizeof(l->start[0]));
    while (p < end) {
        size_t whole = strcspn(p, "\n"), len = strcspn(p, ";\r\n");
        while (len > 0 && p[len - 1] == ' ')
            len--;
        if (len > 0)
            add_line(l, p, len);
        p += whole + (p + whole < end ? 1 : 0);
    }
    l->start[l->lines] = l->text.len;
    strbuf_fini(&file);
}

static void put(struct loop *l, const char *bytes, size_t len)
{
    if (write(l->fd, bytes, len) != (ssize_t)len)
        die("the port does not take a line", strerror(errno));
}

static void greet(struct loop *l)
{
    static const char hello[] = "\nM110 N0\n";

    put(l, hello, sizeof(hello) - 1);
}

static void finish(struct loop *l)
{
    uint64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - l->begin_cpu_ns;
    uint64_t wall = now_ns(CLOCK_MONOTONIC) - l->begin_ns;

    printf("{\"lines\": %zu, \"bytes\": %zu, \"seconds\": %.6f, \"cpu_us\": %.3f}\n", l->lines,
        l->text.len, (double)wall / 1e9, (double)cpu / 1e3);
    uv_poll_stop(&l->poll);
    uv_timer_stop(&l->timer);
}

static void acknowledged(struct loop *l)
{
    if (!l->greeted) {
        l->greeted = true;
        l->begin_ns = now_ns(CLOCK_MONOTONIC);
        l->begin_cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    }
    if (l->next == l->lines) {
        finish(l);
        return;
    }
    size_t begin = l->start[l->next++];
    put(l, strbuf_text(&l->text) + begin, l->start[l->next] - begin);
}

static void reply_line(struct loop *l, const char *line)
{
    if (str_starts(line, "ok"))
        acknowledged(l);
    else if (l->greeted && (str_starts(line, "Resend") || str_starts(line, "Error")))
        die("the printer complains", line);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct loop *l = poll->data;
    (void)events;

    ssize_t n = read(l->fd, l->reply + l->filled, sizeof(l->reply) - 1 - l->filled);
    if (status != 0 || (n < 0 && errno != EAGAIN))
        die("the port broke", status != 0 ? uv_strerror(status) : strerror(errno));
    if (n <= 0)
        return;
    l->silent_since = (int64_t)uv_now(poll->loop);
    l->filled += (size_t)n;
    l->reply[l->filled] = '\0';
    char *begin = l->reply, *newline;
    while ((newline = strchr(begin, '\n')) != NULL) {
        *newline = '\0';
        reply_line(l, begin);
        begin = newline + 1;
    }
    l->filled = strlen(begin);
    memmove(l->reply, begin, l->filled + 1);
    if (l->filled == sizeof(l->reply) - 1)
        l->filled = 0;
}

static void on_timer(uv_timer_t *timer)
{
    struct loop *l = timer->data;

    if ((int64_t)uv_now(timer->loop) - l->silent_since > SILENCE_MS)
        die("the printer is silent", "");
    if (!l->greeted)
        greet(l);
}

static void on_close(uv_handle_t *handle)
{
    (void)handle;
}

static void run(struct loop *l)
{
    uv_loop_t uv;

    if (uv_loop_init(&uv) != 0 || uv_poll_init(&uv, &l->poll, l->fd) != 0)
        die("no event loop", "");
    uv_timer_init(&uv, &l->timer);
    l->poll.data = l->timer.data = l;
    l->silent_since = (int64_t)uv_now(&uv);
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
    uv_timer_start(&l->timer, on_timer, GREET_MS, GREET_MS);
    greet(l);
    uv_run(&uv, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&l->poll, on_close);
    uv_close((uv_handle_t *)&l->timer, on_close);
    uv_run(&uv, UV_RUN_DEFAULT);
    uv_loop_close(&uv);
}

int main(int argc, char **argv)
{
    struct loop l = {0};
    int64_t baud;

    if (argc != 4 || !str_to_int(argv[2], 1, 10000000, &baud)) {
        fprintf(stderr, "usage: bare_loop PORT BAUD FILE\n");
        return 2;
    }
    load(&l, argv[3]);
    if (l.lines == 0)
        die(argv[3], "no commands in it");
    l.fd = bare_tty_open(argv[1], (unsigned)baud);
    if (l.fd < 0)
        die(argv[1], strerror(errno));
    sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = PRIORITY});
    run(&l);
    close(l.fd);
    strbuf_fini(&l.text);
    free(l.start);
    return 0;
}
