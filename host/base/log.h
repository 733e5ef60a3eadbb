/* The log: one line a fact, to stderr and, once opened, to a file; the last lines stay in memory.
 *
 * Levels: error (the operator must act), warn (healed by itself), info (state changes), debug.
 * Once a file is opened a thread does the writing, so that logging never waits for a disk or a
 * terminal. Only the main thread logs; other threads report events. Foreign text is escaped by the
 * caller (str_escape); keys and phrases are never logged.
 */
#ifndef PP_BASE_LOG_H
#define PP_BASE_LOG_H

#include "host/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG
};

struct log_line {
    int64_t wall_ms;
    enum log_level level;
    char text[240];
};

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What goes to stderr: lines up to `level` (default info). Debug lines are never kept. */
void log_set_level(enum log_level level);

/* Appends to `path` from now on; at 1 MiB the file is moved to `path.1`. */
int log_open(const char *path, struct err *e);
void log_close(void);

/* Waits a tenth of a second for the lines to be out; before the program ends by itself. */
void log_flush(void);

/* The kept line `index` from the oldest (0) on; NULL past the newest. Valid until the next line. */
const struct log_line *log_find(size_t index);

/* "error", "warn", "info", "debug" */
const char *log_level_name(enum log_level level);

#endif
