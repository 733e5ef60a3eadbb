/* Tables of fields to and from JSON. See queue_fields.h. */
#include "host/core/queue_fields.h"

#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An address as integers know it: a table's offset is not known to be aligned. */
static json_t *value_of(const struct field *f, const char *at)
{
    int32_t number32;
    int64_t number64;
    char *text;
    switch (f->kind) {
    case FIELD_BOOL:
        return json_boolean(*at);
    case FIELD_INT32:
        memcpy(&number32, at, sizeof number32);
        return json_integer(number32);
    case FIELD_INT64:
        memcpy(&number64, at, sizeof number64);
        return json_integer(number64);
    case FIELD_WORD:
        return json_string(at);
    case FIELD_TEXT:
        memcpy(&text, at, sizeof text);
        return text != NULL ? json_string(text) : json_null();
    }
    return NULL;
}

json_t *fields_write(const struct field *fields, size_t count, const void *from)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        json_object_set_new(
            object, fields[i].name, value_of(&fields[i], (const char *)from + fields[i].at));
    }
    return object;
}

int field_wrong(const json_t *value, const char *name, const char *right, struct err *e)
{
    char shown[64];
    return err_field(e, PP_EINVAL, name, "%s %s: must be %s", name,
        json_quote(value, shown, sizeof shown), right);
}

static int read_integer(const json_t *value, const struct field *f, char *at, struct err *e)
{
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < f->min || n > f->max) {
        char right[80];
        snprintf(right, sizeof right, "an integer from %" PRId64 " to %" PRId64, f->min, f->max);
        return field_wrong(value, f->name, right, e);
    }
    if (f->kind == FIELD_INT32) {
        int32_t number = (int32_t)n;
        memcpy(at, &number, sizeof number);
    } else {
        int64_t number = n;
        memcpy(at, &number, sizeof number);
    }
    return 0;
}

static int read_text(const json_t *value, const struct field *f, char *at, struct err *e)
{
    size_t len = json_string_length(value);
    char *text = NULL;
    bool null = json_is_null(value) && f->kind == FIELD_TEXT;
    if (!null && (!json_is_string(value) || (int64_t)len < f->min || (int64_t)len > f->max ||
                     strlen(json_string_value(value)) != len)) {
        char right[80];
        snprintf(right, sizeof right, "a text of %" PRId64 " to %" PRId64 " bytes", f->min, f->max);
        return field_wrong(value, f->name, right, e);
    }
    if (f->kind == FIELD_WORD) {
        memcpy(at, json_string_value(value), len + 1);
        return 0;
    }
    memcpy(&text, at, sizeof text);
    free(text);
    text = null ? NULL : mem_strdup(json_string_value(value));
    memcpy(at, &text, sizeof text);
    return 0;
}

int field_read(const json_t *value, const struct field *f, char *at, struct err *e)
{
    switch (f->kind) {
    case FIELD_BOOL:
        if (!json_is_boolean(value)) {
            return field_wrong(value, f->name, "true or false", e);
        }
        *(bool *)at = json_is_true(value);
        return 0;
    case FIELD_INT32:
    case FIELD_INT64:
        return read_integer(value, f, at, e);
    case FIELD_WORD:
    case FIELD_TEXT:
        return read_text(value, f, at, e);
    }
    return 0;
}

static bool is_known(
    const char *key, const struct field *fields, size_t count, const char *const *others)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, key) == 0) {
            return true;
        }
    }
    while (*others != NULL && strcmp(*others, key) != 0) {
        others++;
    }
    return *others != NULL;
}

static int unknown(const json_t *object, const struct field *fields, size_t count,
    const char *const *others, struct err *e)
{
    const char *key;
    json_t *value;
    /* jansson's iteration wants it without const, and changes nothing. */
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!is_known(key, fields, count, others)) {
            char shown[48];
            str_escape(shown, sizeof shown, key, strlen(key));
            return err_field(e, PP_EINVAL, shown, "unknown field \"%s\"", shown);
        }
    }
    return 0;
}

int fields_read(const json_t *object, const struct field *fields, size_t count,
    const char *const *others, void *to, struct err *e)
{
    if (!json_is_object(object)) {
        return field_wrong(object, "value", "an object", e);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        int rc = value != NULL ? field_read(value, &fields[i], (char *)to + fields[i].at, e) : 0;
        if (rc != 0) {
            return rc;
        }
    }
    return unknown(object, fields, count, others, e);
}

int fields_read_array(
    const json_t *object, const char *name, size_t max, const json_t **out, struct err *e)
{
    const json_t *value = json_object_get(object, name);
    *out = NULL;
    if (value == NULL || json_is_null(value)) {
        return 0;
    }
    if (!json_is_array(value) || json_array_size(value) > max) {
        char right[48];
        snprintf(right, sizeof right, "an array of at most %zu", max);
        return field_wrong(value, name, right, e);
    }
    *out = value;
    return 0;
}
