/* How long the turns of the main loop take: the work between two looks for events.
 *
 * Nothing on the main loop may wait for a disk or a network; this tells when something did. A turn
 * counts in real time, so on a machine with too few processors it also has what others took.
 * A turn of a second or more is logged, once a minute.
 */
#ifndef PP_APP_TURNS_H
#define PP_APP_TURNS_H

#include <stdint.h>
#include <uv.h>

struct turns {
    uv_prepare_t prepare;
    uint64_t last_ns; /* 0 = the first turn is not over */
    uint64_t idle_ns; /* that the loop has slept in all, as of then */
    uint64_t longest_ns;
    uint64_t logged_ns;
};

/* Begins to watch; does not keep the loop alive. `t` stays the caller's until turns_close() is
 * done, which runs with the loop. */
void turns_open(struct turns *t, uv_loop_t *loop);
void turns_close(struct turns *t);

/* The longest turn so far, in microseconds. */
uint64_t turns_longest_us(const struct turns *t);

#endif
