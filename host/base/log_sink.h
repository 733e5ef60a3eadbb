/* The thread that writes the log: a full disk, a dying one or a stopped terminal holds up nobody
 * who logs.
 *
 * Happy path: log_sink_put() hands a line over, the thread writes it to stderr and to the file.
 * Failures: it comes after by more than 512 lines: the newer ones are lost, and it says how many.
 */
#ifndef PP_BASE_LOG_SINK_H
#define PP_BASE_LOG_SINK_H

#include "host/base/log.h"

#include <stdbool.h>

struct log_sink;

/* Appends to `path`; at 1 MiB the file is moved to `path.1`. */
int log_sink_open(struct log_sink **out, const char *path, struct err *e);

/* Never waits. Debug lines do not go to the file. */
void log_sink_put(struct log_sink *s, const struct log_line *line, bool to_stderr);

/* Waits until everything is written, for so long at most; false if it is not. */
bool log_sink_flush(struct log_sink *s, int timeout_ms);

/* Flushes for two seconds at most and ends the thread; one that is stuck is left behind. */
void log_sink_close(struct log_sink *s);

/* One line to stderr, at once. */
void log_to_stderr(const struct log_line *line);

#endif
