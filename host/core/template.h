/* Templates: a text in which {name} is replaced by a value. Pure.
 *
 * Where a value goes decides how it is written: in a URL what has a meaning there is
 * percent-encoded (but not in a value that begins the URL), in JSON it is escaped as the inside of
 * a string. `{{` and `}}` are braces, except in JSON, which has its own; any other brace that does
 * not begin a name is left as it is: `{}`, `{"a": 1}`.
 *
 * Failure modes: PP_EINVAL for a name without a value, for what cannot be a name, for a value with
 * a control character in it, and for more than `max` bytes.
 */
#ifndef PP_CORE_TEMPLATE_H
#define PP_CORE_TEMPLATE_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stdbool.h>

enum template_place {
    TEMPLATE_PLAIN,
    TEMPLATE_URL,
    TEMPLATE_JSON
};

/* The value of {name}: a text valid until the next call, NULL = there is none. */
typedef const char *(*template_value)(void *context, const char *name);

struct template_in {
    const char *text;
    size_t len;
    enum template_place place;
    template_value value; /* NULL: names are left as they are */
    void *context;
    size_t max; /* bytes of the outcome */
};

/* Appends the outcome to `out`. */
int template_expand(const struct template_in *in, struct strbuf *out, struct err *e);

/* True if `name` can stand between braces: letters, digits, '_' and '.', a letter or '_' first. */
bool template_name_ok(const char *name, size_t len);

#endif
