/* JSON from outside: bounded, parsed strictly, read through a table of fields.
 *
 * Every mistake names the field, quotes what stands there and says what would be right; a field
 * that is not in the table is a mistake too, with a suggestion for a misspelt one.
 */
#ifndef PP_BASE_JSON_H
#define PP_BASE_JSON_H

#include "host/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
    JSON_KIND_BOOL,   /* bool */
    JSON_KIND_INT,    /* int64_t, from min to max */
    JSON_KIND_NUMBER, /* double, from min to max */
    JSON_KIND_TEXT,   /* char[max + 1]: at most max bytes */
    JSON_KIND_ARRAY,  /* json_t *, borrowed, min to max elements */
};

struct json_field {
    const char *name;
    enum json_kind kind;
    bool required;
    void *out; /* left alone when the field is absent */
    int64_t min;
    int64_t max;
};

/* Parses one object; anything else, a duplicate key or trailing bytes are PP_EINVAL with the
 * position. No bytes at all count as an empty object. The caller drops `*out` with json_decref().
 */
int json_parse(json_t **out, const char *bytes, size_t len, struct err *e);

/* Reads the object's fields into the table's outs; PP_EINVAL names the first field at fault. */
int json_read(json_t *object, const struct json_field *fields, size_t count, struct err *e);

/* How a value is quoted in a message: compact JSON, cut; `out` is returned. */
const char *json_quote(const json_t *value, char *out, size_t out_size);

/* A string, or null for an empty or NULL text; bytes that are not UTF-8 are escaped. */
json_t *json_text(const char *text);

/* Milli-degrees as °C; INT32_MIN (unknown) is null. */
json_t *json_celsius(int32_t mc);

/* An integer; a negative one (unknown) is null. */
json_t *json_known(int64_t value);

/* A number rounded to `decimals` places, so that 0.1 is not written as 0.1000000001; null unless
 * finite. */
json_t *json_number(double value, int decimals);

#endif
