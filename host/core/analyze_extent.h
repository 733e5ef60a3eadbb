/* Where the moves of a file go: the box of those that extrude, and of all after homing. */
#ifndef PP_CORE_ANALYZE_EXTENT_H
#define PP_CORE_ANALYZE_EXTENT_H

#include "host/core/analyze.h"
#include "host/core/analyze_arc.h"

#include <stdbool.h>
#include <stdint.h>

/* Nanometres, X Y Z. */
struct box {
    int64_t min[3];
    int64_t max[3];
};

/* A box that grows, and the lines that made it as large as it is. */
struct reach {
    struct box box;
    int64_t min_line[3];
    int64_t max_line[3];
};

struct extent {
    bool extruded;
    struct reach print; /* valid when `extruded` */
    double radius_sqr_mm;
    bool moved[3]; /* by axis: `all` is valid */
    struct reach all;
};

/* The box of one move from `from` to `to`; `arc` NULL for a straight one. */
void extent_box(struct box *b, const int64_t from[3], const int64_t to[3], const struct arc *arc);

/* A move that extrudes, on this line of the file. */
void extent_extrude(struct extent *x, const struct box *b, const int64_t from[3],
    const int64_t to[3], int64_t line);

/* Any move; counted for the axes that are homed and do move. Where it starts from is not: an
 * earlier move has counted that, or homing led there. */
void extent_travel(struct extent *x, const int64_t from[3], const int64_t to[3],
    const struct arc *arc, const bool homed[3], int64_t line);

/* Writes the boxes in micrometres. */
void extent_finish(const struct extent *x, struct analysis *out);

#endif
