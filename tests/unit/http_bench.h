/* What the tests of the routes share: reading answers, a server that ends with its test. */
#ifndef TEST_HTTP_BENCH_H
#define TEST_HTTP_BENCH_H

#include "tests/lib/api_server.h"

#include <stdlib.h>
#include <string.h>

static inline int tear_down(void **state)
{
    api_server_close(*state);
    free(*state);
    return 0;
}

static inline const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL ? value : "";
}

static inline int64_t number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static inline const json_t *set_at(const json_t *job, size_t index)
{
    return json_array_get(json_object_get(job, "sets"), index);
}

#endif
