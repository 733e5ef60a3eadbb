/* A state machine as a const table: which states may follow which.
 *
 *     static const struct sm_state table[] = {
 *         [OFFLINE] = {"offline", SM_TO(DETECTING) | SM_TO(CONNECTING)},
 *     };
 *
 * A move the table does not allow is our bug and aborts.
 */
#ifndef PP_BASE_SM_H
#define PP_BASE_SM_H

#include <stdint.h>

#define SM_TO(state) (UINT32_C(1) << (state))

struct sm_state {
    const char *name;
    uint32_t next; /* SM_TO() of each state that may follow */
};

struct sm {
    const struct sm_state *table; /* borrowed, const data */
    const char *label;            /* for the log, e.g. "printer"; borrowed */
    int state;
};

/* Moves and logs `label: a -> b (why)` at debug level; asserts that the table allows it. */
void sm_move(struct sm *m, int next, const char *why);

/* The name of the present state. */
const char *sm_name(const struct sm *m);

#endif
