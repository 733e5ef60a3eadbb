/* What slicers say about a file in its comments, wherever they stand in it.
 *
 * One const table maps the beginning of a comment to a fact. The first comment that tells a fact
 * wins; a file's layer marker is the first kind of marker seen in it.
 */
#ifndef PP_CORE_ANALYZE_COMMENTS_H
#define PP_CORE_ANALYZE_COMMENTS_H

#include "host/core/analyze.h"

#include <stddef.h>

struct comments {
    unsigned char first[256]; /* table row where each first letter's rows begin, +1; 0 = none */
    int marker_row;           /* table row of this file's layer marker, -1 = none yet */
    int64_t elapsed_ms;       /* Cura's last TIME_ELAPSED, -1 = none */
};

void comments_init(struct comments *c);

/* Reads one comment (from the ';' on) into `a`; true if it marks the start of a layer. */
bool comments_line(struct comments *c, struct analysis *a, const char *text, size_t len);

/* Settles what only the end of the file tells. */
void comments_finish(struct comments *c, struct analysis *a);

#endif
