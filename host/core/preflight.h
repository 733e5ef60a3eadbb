/* Pre-flight: may this file be printed on this printer? Asked before anything heats.
 *
 * Each finding is an error (the print is refused) or a warning, quotes what it saw and names the
 * limit and the line where that is known.
 */
#ifndef PP_CORE_PREFLIGHT_H
#define PP_CORE_PREFLIGHT_H

#include "host/core/analyze.h"

#include <stdbool.h>
#include <stddef.h>

#define PREFLIGHT_MAX 16

/* What the printer can take. */
struct limits {
    bool round;        /* delta: x and y bound a circle around their centre */
    int64_t min_um[3]; /* build volume X Y Z */
    int64_t max_um[3];
    int64_t margin_um; /* travel and purge lines may leave the volume by this much */
    int tools;
    int32_t max_tool_mc;
    int32_t max_bed_mc;     /* 0 = no heated bed */
    int32_t max_chamber_mc; /* 0 = none */
    size_t max_line;        /* longest command without N and checksum; 0 = no limit */
    const char *models[16]; /* names slicers give this printer; NULL past the last */
};

struct finding {
    bool fatal;
    char text[200];
};

struct preflight {
    size_t count;
    bool refused; /* any fatal */
    struct finding finding[PREFLIGHT_MAX];
};

void preflight_check(const struct analysis *a, const struct limits *l, struct preflight *out);

#endif
