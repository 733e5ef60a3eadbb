/* Scripts: gcode templates with values and host commands, as a list of steps. Pure.
 *
 *     {name}  is replaced by a value (host/core/template.h); `{{` and `}}` are braces
 *     ; ...   comments are dropped, so are empty lines; in a line with @ a comment begins after a
 *             blank and outside of quotes
 *     @pause [TEXT]           wait until a person says go on
 *     @wait_bed DEGREES       wait until the bed is at most so warm (bed off first); @wait_hotend
 *     @heaters_off            every heater that the printer has
 *     @wait SECONDS
 *     @notify TEXT            tell people
 *     @http URL [JSON]        GET, or POST of a body; at most SCRIPT_HTTP_MAX bytes
 *     @cancel [TEXT]          end the queue's managing with an error
 *
 * Failure modes: an unresolved {name}, an unknown @command, an argument that cannot be, a line that
 * is too long: PP_EINVAL names the line.
 */
#ifndef PP_CORE_SCRIPT_H
#define PP_CORE_SCRIPT_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stddef.h>
#include <stdint.h>

#define SCRIPT_LINE_MAX  255
#define SCRIPT_STEPS_MAX 2000
#define SCRIPT_HTTP_MAX  2000

enum script_kind {
    SCRIPT_GCODE,       /* text: one command */
    SCRIPT_PAUSE,       /* text: why, "" = none was given */
    SCRIPT_WAIT_BED,    /* mc */
    SCRIPT_WAIT_HOTEND, /* mc */
    SCRIPT_HEATERS_OFF,
    SCRIPT_WAIT, /* ms */
    SCRIPT_NOTIFY,
    SCRIPT_HTTP,   /* text: URL; body: "" = GET */
    SCRIPT_CANCEL, /* text: why */
    SCRIPT_KINDS
};

struct script_step {
    enum script_kind kind;
    char *text; /* owned; never NULL */
    char *body; /* owned; never NULL; SCRIPT_HTTP */
    int32_t mc;
    int64_t ms;
    int line; /* of the script, 1-based */
};

/* The value of {name}: a text valid until the next call, NULL = there is none. */
typedef const char *(*script_value)(void *context, const char *name);

/* Appends the steps of `body` to an array made by mem_resize() (*count of them; start with NULL and
 * 0). `value` NULL: placeholders are left as they are (a check of syntax alone). After an error the
 * steps so far are there and are freed as ever. */
int script_expand(const char *body, script_value value, void *context, struct script_step **steps,
    size_t *count, struct err *e);
void script_steps_free(struct script_step *steps, size_t count);

/* Appends the steps as a script again, one a line: for people. */
void script_print(const struct script_step *steps, size_t count, struct strbuf *out);

#endif
