/* The commands: a const table of handlers, each a small coroutine.
 *
 * A handler runs with task.phase 0 first. If it leaves task.wait at WAIT_NONE the command is done;
 * else it runs again, phase one higher, when what it waits for has come.
 */
#ifndef PPV_EXEC_H
#define PPV_EXEC_H

#include "tools/ppvirtual/model.h"

enum handler_flags {
    EXEC_DRAIN = 1, /* waits for the end of all moves before phase 0 */
    EXEC_SYNC = 2,  /* what comes after it is a new stream: a gap there is no under-run */
};

struct handler {
    char letter;
    int number; /* -1: any */
    unsigned flags;
    void (*run)(struct model *m, struct task *t);
};

/* The tables, each ending with letter 0. */
extern const struct handler exec_motion[];
extern const struct handler exec_setup[];
extern const struct handler exec_heat[];
extern const struct handler exec_host[];
extern const struct handler exec_person[];
extern const struct handler exec_sd[]; /* only with a card slot */

/* NULL: unknown command. */
const struct handler *exec_find(const struct model *m, const struct command *c);

/* Plans what is left of the task's path while there are free blocks; waits for the rest. */
void exec_path(struct model *m, struct task *t);

/* One look at a heater waited for; ends the wait when it is there. */
void exec_heat_poll(struct model *m, struct task *t);

/* M112: says so, everything off, dead. */
void exec_kill(struct model *m, const char *reason);

/* Everything off, dead, without a word. */
void exec_halt(struct model *m, const char *reason);

/* M410: drops all moves; the position is where the motion stopped. */
void exec_quickstop(struct model *m);

/* M108, M876: ends a wait for heat or for a person. */
void exec_break(struct model *m);

/* So much filament was used; the sensor may see the end of it. */
void exec_extruded(struct model *m, double mm);

/* Waits for a dwell of real `seconds`, divided by the speed. */
void exec_dwell(struct model *m, struct task *t, double seconds);

#endif
