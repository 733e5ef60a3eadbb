/* Quirks: what a profile says of its firmware where our row for it (host/core/dialect.h) is wrong.
 *
 * Each key of the profile's `quirks:` overrides one field of the row chosen by M115; all others
 * stay as they are. Schema: profiles/README.md.
 */
#ifndef PP_APP_QUIRKS_H
#define PP_APP_QUIRKS_H

#include "host/base/str.h"
#include "host/base/yaml.h"
#include "host/core/dialect.h"

#define QUIRKS 16

struct quirks {
    struct dialect value;           /* only fields whose mark is set */
    struct yaml_mark given[QUIRKS]; /* line 0 = not given */
};

/* Reads a mapping into struct quirks. */
extern const struct yaml_table quirks_table;

/* The row with the quirks laid over it; `q` may be NULL. */
void quirks_apply(const struct quirks *q, const struct dialect *row, struct dialect *out);

/* Appends each field as "  key: value", those given by the profile marked as such. */
void quirks_print(const struct quirks *q, const struct dialect *row, struct strbuf *out);

#endif
