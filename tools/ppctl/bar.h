/* The progress line: a bar that takes the columns left over by what must be told.
 *
 *     45 % [#########-----------] layer 12/120  85 lines/s  0:12:34 left  ends 14:05
 *
 * Pure: numbers in, one line of text out, never wider than asked.
 */
#ifndef PP_PPCTL_BAR_H
#define PP_PPCTL_BAR_H

#include "host/base/str.h"

#include <stdbool.h>

/* Appends a bar of `cells` columns, without brackets in UTF-8. `percent` is held within 0..100. */
void bar_draw(struct strbuf *out, double percent, int cells, bool utf8);

#define BAR_PARTS 6

struct bar {
    const char *lead;            /* before the percentage, e.g. "upload"; may be "" */
    double percent;              /* negative: unknown, no bar */
    const char *part[BAR_PARTS]; /* most wanted first; NULL or "" = none */
};

/* Appends one line of at most `columns`: lead, percentage, bar, then the parts that fit. */
void bar_line(struct strbuf *out, const struct bar *b, int columns, bool utf8);

#endif
