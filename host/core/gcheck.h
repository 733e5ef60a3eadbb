/* Whether the gcode of a script may be sent to a printer while nothing is printed. Pure.
 *
 * Happy path: gcheck_init(), then gcheck_line() for every command in order. Refused, with the
 * command and what would be right: temperatures above the printer's limits, moves that leave its
 * volume as far as the position is known (an absolute word tells it, G28 too), tools it has not,
 * commands that wait at the printer or write to its card, lines it cannot read, words that no
 * template has replaced.
 *
 * What it cannot know: where relative moves lead before the first G28, and how far arcs reach
 * between their ends; there the firmware's own end stops are what is left.
 */
#ifndef PP_CORE_GCHECK_H
#define PP_CORE_GCHECK_H

#include "host/base/err.h"
#include "host/core/gcode.h"
#include "host/core/preflight.h"

struct gcheck {
    const struct limits *limits; /* borrowed */
    struct gcode_modal modal;
    bool known[3];   /* X Y Z: the position is what `modal` says */
    bool shifted[3]; /* G92 where it was not known: words tell nothing any more */
};

void gcheck_init(struct gcheck *c, const struct limits *limits);

/* One command; what has no command is fine. PP_EREFUSED. */
int gcheck_line(struct gcheck *c, const char *text, size_t len, struct err *e);

/* Whether it heats within the limits, by itself. PP_EREFUSED. */
int gcheck_heat(const struct gcode *g, const struct limits *l, struct err *e);

#endif
