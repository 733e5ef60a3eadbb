#include "host/base/log.h"

#include "host/base/clock.h"
#include "host/base/log_sink.h"

#include <stdarg.h>
#include <stdio.h>

#define KEPT_LINES 500u

static enum log_level shown = LOG_INFO;
static struct log_line kept[KEPT_LINES];
static size_t kept_total;
static struct log_sink *sink; /* NULL: not opened */

static const char *const names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

void log_write(enum log_level level, const char *fmt, ...)
{
    struct log_line line = {.level = level};
    va_list ap;
    if (level == LOG_DEBUG && shown < LOG_DEBUG) {
        return;
    }
    line.wall_ms = clock_wall_ms();
    va_start(ap, fmt);
    vsnprintf(line.text, sizeof line.text, fmt, ap);
    va_end(ap);
    if (sink != NULL) {
        log_sink_put(sink, &line, level <= shown);
    } else if (level <= shown) {
        log_to_stderr(&line);
    }
    if (level != LOG_DEBUG) {
        kept[kept_total++ % KEPT_LINES] = line;
    }
}

void log_set_level(enum log_level level)
{
    shown = level;
}

int log_open(const char *path, struct err *e)
{
    log_close();
    return log_sink_open(&sink, path, e);
}

void log_flush(void)
{
    if (sink != NULL) {
        log_sink_flush(sink, 100);
    }
}

void log_close(void)
{
    if (sink != NULL) {
        log_sink_close(sink);
    }
    sink = NULL;
}

const struct log_line *log_find(size_t index)
{
    size_t first = kept_total > KEPT_LINES ? kept_total - KEPT_LINES : 0;
    size_t at = first + index;
    return at < kept_total ? &kept[at % KEPT_LINES] : NULL;
}

const char *log_level_name(enum log_level level)
{
    return names[level];
}
