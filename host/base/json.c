#include "host/base/json.h"

#include "host/base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 32

int json_parse(json_t **out, const char *bytes, size_t len, struct err *e)
{
    json_error_t at;
    if (len == 0) {
        *out = json_object();
        return 0;
    }
    json_t *value = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &at);
    if (value == NULL) {
        char text[120];
        str_escape(text, sizeof text, at.text, strlen(at.text));
        return err_set(e, PP_EINVAL, "not JSON: line %d column %d: %s", at.line, at.column, text);
    }
    if (!json_is_object(value)) {
        char text[64];
        json_quote(value, text, sizeof text);
        json_decref(value);
        return err_set(e, PP_EINVAL, "the body is %s: must be an object {...}", text);
    }
    *out = value;
    return 0;
}

const char *json_quote(const json_t *value, char *out, size_t out_size)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    str_escape(out, out_size, text != NULL ? text : "?", text != NULL ? strlen(text) : 1);
    free(text);
    return out;
}

static int unknown_field(
    const char *key, const struct json_field *fields, size_t count, struct err *e)
{
    const char *names[FIELDS_MAX];
    char shown[48];
    for (size_t i = 0; i < count && i < FIELDS_MAX; i++) {
        names[i] = fields[i].name;
    }
    str_escape(shown, sizeof shown, key, strlen(key));
    const char *near = str_suggest(shown, names, count < FIELDS_MAX ? count : FIELDS_MAX);
    if (near != NULL) {
        return err_field(
            e, PP_EINVAL, shown, "unknown field \"%s\": did you mean \"%s\"?", shown, near);
    }
    return err_field(e, PP_EINVAL, shown, "unknown field \"%s\"", shown);
}

static int wrong(const json_t *value, const char *name, const char *right, struct err *e)
{
    char text[64];
    return err_field(
        e, PP_EINVAL, name, "%s %s: must be %s", name, json_quote(value, text, sizeof text), right);
}

static int read_int(const json_t *value, const struct json_field *f, struct err *e)
{
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < f->min || n > f->max) {
        char right[80];
        snprintf(right, sizeof right, "an integer from %lld to %lld", (long long)f->min,
            (long long)f->max);
        return wrong(value, f->name, right, e);
    }
    *(int64_t *)f->out = n;
    return 0;
}

static int read_number(const json_t *value, const struct json_field *f, struct err *e)
{
    double n = json_number_value(value);
    if (!json_is_number(value) || n < (double)f->min || n > (double)f->max) {
        char right[80];
        snprintf(right, sizeof right, "a number from %lld to %lld", (long long)f->min,
            (long long)f->max);
        return wrong(value, f->name, right, e);
    }
    *(double *)f->out = n;
    return 0;
}

static int read_text(const json_t *value, const struct json_field *f, struct err *e)
{
    if (!json_is_string(value) || (int64_t)json_string_length(value) > f->max ||
        (int64_t)json_string_length(value) < f->min) {
        char right[80];
        snprintf(right, sizeof right, "a string of %lld to %lld bytes", (long long)f->min,
            (long long)f->max);
        return wrong(value, f->name, right, e);
    }
    str_copy(f->out, (size_t)f->max + 1, json_string_value(value), json_string_length(value));
    return 0;
}

static int read_array(json_t *value, const struct json_field *f, struct err *e)
{
    if (!json_is_array(value) || (int64_t)json_array_size(value) < f->min ||
        (int64_t)json_array_size(value) > f->max) {
        char right[80];
        snprintf(right, sizeof right, "an array of %lld to %lld elements", (long long)f->min,
            (long long)f->max);
        return wrong(value, f->name, right, e);
    }
    *(json_t **)f->out = value;
    return 0;
}

static int read_field(json_t *value, const struct json_field *f, struct err *e)
{
    switch (f->kind) {
    case JSON_KIND_BOOL:
        if (!json_is_boolean(value)) {
            return wrong(value, f->name, "true or false", e);
        }
        *(bool *)f->out = json_is_true(value);
        return 0;
    case JSON_KIND_INT:
        return read_int(value, f, e);
    case JSON_KIND_NUMBER:
        return read_number(value, f, e);
    case JSON_KIND_TEXT:
        return read_text(value, f, e);
    case JSON_KIND_ARRAY:
        return read_array(value, f, e);
    }
    return 0;
}

static const struct json_field *find_field(
    const char *key, const struct json_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, key) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

int json_read(json_t *object, const struct json_field *fields, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].required && json_object_get(object, fields[i].name) == NULL) {
            return err_field(
                e, PP_EINVAL, fields[i].name, "field \"%s\" is missing", fields[i].name);
        }
    }
    for (void *it = json_object_iter(object); it != NULL; it = json_object_iter_next(object, it)) {
        const char *key = json_object_iter_key(it);
        const struct json_field *f = find_field(key, fields, count);
        int rc = f != NULL ? read_field(json_object_iter_value(it), f, e)
                           : unknown_field(key, fields, count, e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

json_t *json_text(const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return json_null();
    }
    json_t *value = json_string(text);
    if (value == NULL) {
        char escaped[1024];
        value = json_string(str_escape(escaped, sizeof escaped, text, strlen(text)));
    }
    return value;
}

json_t *json_celsius(int32_t mc)
{
    return mc == INT32_MIN ? json_null() : json_number(mc / 1000.0, 2);
}

json_t *json_known(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

json_t *json_number(double value, int decimals)
{
    double scale = pow(10, decimals);
    double rounded = round(value * scale) / scale;
    if (!isfinite(rounded)) {
        return json_null();
    }
    /* A whole number is written without a point: 210, not 210.0. */
    if (rounded == floor(rounded) && fabs(rounded) < 1e15) {
        return json_integer((json_int_t)rounded);
    }
    return json_real(rounded);
}
