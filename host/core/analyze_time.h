/* How long moves take: a look-ahead planner with Marlin's rules, run ahead of nobody.
 *
 * Each move becomes a block with a highest entry speed (classic jerk or junction deviation). Once
 * the queue is as full as a printer's, entry speeds are settled backwards from a stop at its end
 * and the oldest blocks are timed as trapezoids. Memory is constant; no input makes it fail.
 */
#ifndef PP_CORE_ANALYZE_TIME_H
#define PP_CORE_ANALYZE_TIME_H

#include "host/core/analyze.h"
#include "host/core/gcode.h"

#include <stddef.h>

#define LOOKAHEAD_BLOCKS 16 /* Marlin's BLOCK_BUFFER_SIZE */

/* One move. X Y Z E. */
struct motion {
    double delta_mm[4];
    double feed_mm_s;
    double length_mm; /* of the path in X Y Z */
    /* Arcs only: radius_mm > 0, unit tangents in X Y at either end. */
    double radius_mm;
    double tangent_in[2];
    double tangent_out[2];
};

struct lookahead_block {
    double length_mm;
    double accel;
    double nominal; /* mm/s */
    double nominal_sqr;
    double max_entry_sqr;
};

struct lookahead {
    struct kinematics k;
    struct lookahead_block block[LOOKAHEAD_BLOCKS];
    size_t count;
    double entry; /* speed at the start of block[0], and its square */
    double entry_sqr;
    double seconds;
    /* The last block queued; `moving` is false after a stop. */
    bool moving;
    double last_nominal;
    double last_safe;
    double last_unit[4];
};

void lookahead_init(struct lookahead *p, const struct kinematics *k);

/* Queues one move; one without length takes no time. */
void lookahead_move(struct lookahead *p, const struct motion *m);

/* Applies M201, M203, M204 or M205. */
void lookahead_set(struct lookahead *p, const struct gcode *g, double unit_mm);

/* Runs the queue empty, as commands that wait for the moves do. */
void lookahead_sync(struct lookahead *p);

#endif
