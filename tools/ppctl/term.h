/* The terminal: what it can show, the one line that is redrawn in place, and ctrl-C.
 *
 * Ctrl-C does not end the program by itself but sets a flag that every wait watches, so that what
 * is under way can be said and left in order; a second one ends it at once.
 */
#ifndef PP_PPCTL_TERM_H
#define PP_PPCTL_TERM_H

#include "host/base/str.h"

#include <stdbool.h>

enum term_color {
    TERM_PLAIN,
    TERM_BOLD,
    TERM_DIM,
    TERM_RED,
    TERM_GREEN,
    TERM_YELLOW,
    TERM_COLORS
};

struct term {
    bool tty;     /* standard output can redraw a line */
    bool err_tty; /* so can standard error */
    bool in_tty;  /* a person can answer */
    bool color;
    bool utf8;
    bool drawn; /* a line that is redrawn in place stands there */
};

/* Looks at the standard streams and the environment (NO_COLOR, TERM, locale); catches ctrl-C. */
void term_open(struct term *t);

/* Columns now; 80 when unknown. */
int term_columns(void);

/* Shows `text` in place of the line drawn before (on standard error when `to_stderr`). */
void term_draw(struct term *t, const char *text, bool to_stderr);

/* Takes the drawn line away. */
void term_clear(struct term *t, bool to_stderr);

/* Appends `text` in a colour when `on`. */
void term_paint(struct strbuf *out, bool on, enum term_color color, const char *text);

/* True after ctrl-C (or SIGTERM). The descriptor becomes readable then. */
bool term_stopped(void);
int term_stop_fd(void);

#endif
