/* Arcs (G2 clockwise, G3 counter-clockwise, in the X Y plane): centre, length, extent, tangents. */
#ifndef PP_CORE_ANALYZE_ARC_H
#define PP_CORE_ANALYZE_ARC_H

#include "host/core/gcode.h"

struct arc {
    double radius_mm;
    double length_mm; /* in X Y */
    double min_mm[2]; /* of the path, ends included */
    double max_mm[2];
    double tangent_in[2];
    double tangent_out[2];
};

/* Works out the arc of `g` from `from` to `to` (nanometres); `mm` is what one unit of I J R is
 * worth. False if it is none (no centre, no radius): firmware then does not move. */
bool arc_of(
    struct arc *a, const struct gcode *g, const int64_t from[2], const int64_t to[2], double mm);

#endif
