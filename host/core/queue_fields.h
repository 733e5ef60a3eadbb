/* Structs as JSON objects, by one table that both directions read. Private to the queue. */
#ifndef PP_CORE_QUEUE_FIELDS_H
#define PP_CORE_QUEUE_FIELDS_H

#include "host/base/err.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_BOOL,
    FIELD_INT32,
    FIELD_INT64,
    FIELD_WORD, /* char[max + 1] */
    FIELD_TEXT, /* char *, owned; null is NULL */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t at;
    int64_t min;
    int64_t max; /* of a text: bytes */
};

json_t *fields_write(const struct field *fields, size_t count, const void *from);

/* A field that is not there keeps its value; one that is in no table nor in `others`
 * (NULL-terminated) is PP_EINVAL, as is every value out of its bounds. */
int fields_read(const json_t *object, const struct field *fields, size_t count,
    const char *const *others, void *to, struct err *e);

/* One value into `at`. */
int field_read(const json_t *value, const struct field *f, char *at, struct err *e);

/* An array of at most `max`, NULL where there is none. */
int fields_read_array(
    const json_t *object, const char *name, size_t max, const json_t **out, struct err *e);

/* PP_EINVAL: the value quoted, and what would be right. */
int field_wrong(const json_t *value, const char *name, const char *right, struct err *e);

#endif
