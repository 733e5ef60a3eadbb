/* Documents of the host as text for people. Pure but for the time zone.
 *
 * Every text that comes from a printer, a file or another person is escaped; unknown values are
 * left out or shown as "-". No line is wider than `columns`.
 */
#ifndef PP_PPCTL_VIEW_H
#define PP_PPCTL_VIEW_H

#include "host/base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct view {
    int columns;
    bool color;
    bool utf8;
    int64_t now_ms;     /* UTC */
    const char *target; /* how to reach this host again: "-H mk3 ", or "" when it is the only one */
};

/* All that is known of a printer, several lines. */
void view_status(struct strbuf *out, const struct view *v, const char *name, const json_t *status);

/* The same in one line, without the newline. */
void view_brief(struct strbuf *out, const struct view *v, const char *name, const json_t *status);

/* "tool0 210/210  bed 60/60", without `names` "210/210 60/60"; nothing when no heater is known. */
void view_temps(struct strbuf *out, const json_t *temperatures, bool names);

/* A question and how to answer it, two lines. */
void view_question(struct strbuf *out, const struct view *v, const json_t *question);

/* What the analysis of an uploaded file says, several lines. */
void view_file(struct strbuf *out, const struct view *v, const json_t *file);

/* Runs, the newest last, as a table with a head. */
void view_runs(struct strbuf *out, const struct view *v, const json_t *runs);

/* A table of keys with a head. */
void view_keys(struct strbuf *out, const struct view *v, const json_t *keys);

/* "15:42:07 > G28": a line of the terminal with its newline. */
void view_terminal(struct strbuf *out, const struct view *v, const json_t *line);

/* A line of the host's log with its newline. */
void view_log(struct strbuf *out, const struct view *v, const json_t *line);

#endif
