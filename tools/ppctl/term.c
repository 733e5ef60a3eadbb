#include "tools/ppctl/term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;
static int stop_pipe[2] = {-1, -1};

static const char *const codes[TERM_COLORS] = {
    [TERM_PLAIN] = "",
    [TERM_BOLD] = "\x1b[1m",
    [TERM_DIM] = "\x1b[2m",
    [TERM_RED] = "\x1b[31m",
    [TERM_GREEN] = "\x1b[32m",
    [TERM_YELLOW] = "\x1b[33m",
};

static void on_signal(int number)
{
    int saved = errno;
    if (stopped) {
        _exit(128 + number);
    }
    stopped = 1;
    ssize_t n = write(stop_pipe[1], "", 1);
    (void)n;
    errno = saved;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void term_open(struct term *t)
{
    const char *kind = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    bool able = kind != NULL && *kind != '\0' && strcmp(kind, "dumb") != 0;
    setlocale(LC_CTYPE, "");
    t->tty = able && isatty(STDOUT_FILENO);
    t->err_tty = able && isatty(STDERR_FILENO);
    t->in_tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    t->color = t->tty && (no_color == NULL || *no_color == '\0');
    t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    t->drawn = false;
    catch_signals();
}

int term_columns(void)
{
    struct winsize size;
    const char *said = getenv("COLUMNS");
    int64_t columns;
    if ((ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ||
            ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) &&
        size.ws_col > 0) {
        return size.ws_col;
    }
    if (said != NULL && str_to_int(said, 20, 1000, &columns)) {
        return (int)columns;
    }
    return 80;
}

void term_draw(struct term *t, const char *text, bool to_stderr)
{
    FILE *stream = to_stderr ? stderr : stdout;
    fprintf(stream, "\r%s\x1b[K", text);
    fflush(stream);
    t->drawn = true;
}

void term_clear(struct term *t, bool to_stderr)
{
    FILE *stream = to_stderr ? stderr : stdout;
    if (t->drawn) {
        fprintf(stream, "\r\x1b[K");
        fflush(stream);
    }
    t->drawn = false;
}

void term_paint(struct strbuf *out, bool on, enum term_color color, const char *text)
{
    bool paint = on && color != TERM_PLAIN;
    strbuf_puts(out, paint ? codes[color] : "");
    strbuf_puts(out, text);
    strbuf_puts(out, paint ? "\x1b[0m" : "");
}

bool term_stopped(void)
{
    return stopped != 0;
}

int term_stop_fd(void)
{
    return stop_pipe[0];
}
