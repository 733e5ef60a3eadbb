#include "host/base/log.h"

#include "host/base/clock.h"
#include "host/base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define KEPT_LINES   500u
#define ROTATE_BYTES (1 << 20)

static enum log_level shown = LOG_INFO;
static struct log_line kept[KEPT_LINES];
static size_t kept_total;
static FILE *file;
static char *file_path;

static const char *const names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

/* syslog(3) priorities, for a journal that reads "<N>" prefixes */
static const int priorities[] = {
    [LOG_ERROR] = 3,
    [LOG_WARN] = 4,
    [LOG_INFO] = 6,
    [LOG_DEBUG] = 7,
};

static void to_stderr(const struct log_line *line)
{
    if (getenv("JOURNAL_STREAM") != NULL) {
        fprintf(stderr, "<%d>%s\n", priorities[line->level], line->text);
    } else if (line->level == LOG_INFO) {
        fprintf(stderr, "pphost: %s\n", line->text);
    } else {
        fprintf(stderr, "pphost: %s: %s\n", names[line->level], line->text);
    }
}

static void rotate(void)
{
    char *old = mem_printf("%s.1", file_path);
    fclose(file);
    rename(file_path, old);
    file = fopen(file_path, "ae");
    free(old);
}

static void to_file(const struct log_line *line)
{
    char when[32];
    struct tm tm;
    time_t seconds = (time_t)(line->wall_ms / 1000);
    if (file == NULL) {
        return;
    }
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    fprintf(file, "%s %s %s\n", when, names[line->level], line->text);
    fflush(file);
    if (ftell(file) > ROTATE_BYTES) {
        rotate();
    }
}

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
    if (level <= shown) {
        to_stderr(&line);
    }
    if (level != LOG_DEBUG) {
        kept[kept_total++ % KEPT_LINES] = line;
        to_file(&line);
    }
}

void log_set_level(enum log_level level)
{
    shown = level;
}

int log_open(const char *path, struct err *e)
{
    FILE *opened = fopen(path, "ae");
    if (opened == NULL) {
        return err_errno(e, errno, "log file \"%s\"", path);
    }
    log_close();
    file = opened;
    file_path = mem_strdup(path);
    return 0;
}

void log_close(void)
{
    if (file != NULL) {
        fclose(file);
    }
    free(file_path);
    file = NULL;
    file_path = NULL;
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
