/* A command of the configuration, run by the shell in a session of its own. Nobody waits for it: it
 * outlives this program, which it may be about to end.
 *
 * Failures: it cannot be started (said to the caller); it ends badly (logged).
 */
#ifndef PP_APP_CHILD_H
#define PP_APP_CHILD_H

#include "host/base/err.h"

#include <stdbool.h>
#include <uv.h>

struct child {
    uv_process_t process;
    bool open; /* the handle is on the loop; the loop does not stay for it */
};

/* Starts `command` unless one still runs (PP_EBUSY). `c` is zero-initialised at first and stays. */
int child_start(struct child *c, uv_loop_t *loop, const char *command, struct err *e);

/* Forgets it; it runs on. The loop must run once more before `c` goes. */
void child_close(struct child *c);

#endif
