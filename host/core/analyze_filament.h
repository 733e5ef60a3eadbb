/* What slicers say of the filaments in a file's tools: type, colour, density. Part of
 * analyze_comments.c.
 *
 * Of each tool and fact the first word counts. Values that cannot be (a colour that is none, a
 * tool past the last) are passed over.
 */
#ifndef PP_CORE_ANALYZE_FILAMENT_H
#define PP_CORE_ANALYZE_FILAMENT_H

#include "host/core/analyze.h"

#include <stddef.h>

enum filament_fact {
    FILAMENT_TYPE,
    FILAMENT_COLOUR,
    FILAMENT_DENSITY /* g/cm3, or kg/m3 where the number is large */
};

/* "PLA;PETG", "1.24,1.27", "1.25|1.25": one after the other, from tool 0 on. */
void filament_list(struct analysis *a, enum filament_fact fact, const char *text, size_t len);

/* "2: PETG": of one tool, counted from 1. */
void filament_numbered(struct analysis *a, enum filament_fact fact, const char *text, size_t len);

/* Settles what is said of the file as a whole; a->tools_used is known by now. */
void filament_finish(struct analysis *a);

#endif
