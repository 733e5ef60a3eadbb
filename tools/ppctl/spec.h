/* KEY=VALUE words of a command line as fields of a JSON body, read by a table. */
#ifndef PP_PPCTL_SPEC_H
#define PP_PPCTL_SPEC_H

#include "tools/ppctl/ppctl.h"

enum spec_kind {
    SPEC_TEXT,
    SPEC_COUNT,     /* a whole number from min to max */
    SPEC_FLAG,      /* yes or no */
    SPEC_LIST,      /* texts with commas between them; nothing = an empty list */
    SPEC_MATERIALS, /* the same, one a tool; "any" or nothing between commas = null */
    SPEC_GRAMS      /* a number from min to max; "unknown" = null */
};

struct spec_key {
    const char *name;
    const char *field; /* of the body; NULL = `name` */
    enum spec_kind kind;
    int64_t min;
    int64_t max;
};

/* Puts "KEY=VALUE" into `body`; an exit status, the mistake told. */
int spec_take(const struct ppctl *c, const char *word, const struct spec_key *keys, size_t count,
    json_t *body);

/* All operands from `first` on; an exit status. */
int spec_take_all(
    const struct ppctl *c, size_t first, const struct spec_key *keys, size_t count, json_t *body);

/* The values of an option that may be given several times, each maybe a list with commas, as one
 * array; NULL if one is no UTF-8. */
json_t *spec_option_list(const struct ppctl *c, const char *option, bool any_is_null);

#endif
