#include "host/api/form.h"

#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY_MAX 70 /* RFC 2046 */

struct fields {
    json_t *object; /* owned */
    size_t count;
};

/* ---- fields ---------------------------------------------------------------------------------- */

static int wrong(const char *what, const char *bytes, size_t len, struct err *e)
{
    char shown[64];
    return err_set(e, PP_EINVAL, "\"%s\": %s", str_escape(shown, sizeof shown, bytes, len), what);
}

/* A second value of the same name makes a list of both. */
static void put(json_t *object, const char *name, bool listed, json_t *value)
{
    json_t *there = json_object_get(object, name);
    if (there == NULL && !listed) {
        json_object_set_new(object, name, value);
        return;
    }
    if (!json_is_array(there)) {
        json_t *list = json_array();
        if (there != NULL) {
            json_array_append(list, there);
        }
        json_object_set_new(object, name, list);
        there = list;
    }
    json_array_append_new(there, value);
}

static int add_field(struct fields *f, const char *name, size_t name_len, const char *value,
    size_t value_len, struct err *e)
{
    char key[FORM_NAME_MAX + 1];
    bool listed = name_len > 2 && memcmp(name + name_len - 2, "[]", 2) == 0;
    if (++f->count > FORM_FIELDS_MAX) {
        return err_set(e, PP_ETOOBIG, "there are more than %d fields", FORM_FIELDS_MAX);
    }
    if (name_len == 0 || name_len > FORM_NAME_MAX || memchr(name, '\0', name_len) != NULL) {
        return wrong("the name of a field has 1 to 64 bytes", name, name_len, e);
    }
    str_copy(key, sizeof key, name, listed ? name_len - 2 : name_len);
    json_t *name_text = json_string(key);
    bool named = name_text != NULL;
    json_decref(name_text);
    if (!named) {
        return wrong("the name of a field must be UTF-8", name, name_len, e);
    }
    json_t *text = memchr(value, '\0', value_len) == NULL ? json_stringn(value, value_len) : NULL;
    if (text == NULL) {
        return err_field(e, PP_EINVAL, key, "field \"%s\" must be text in UTF-8", key);
    }
    put(f->object, key, listed, text);
    return 0;
}

/* ---- application/x-www-form-urlencoded ------------------------------------------------------- */

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* `out` has room for `len` bytes; how many there are, -1 for a '%' without two digits. */
static long decode(const char *bytes, size_t len, char *out)
{
    long n = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '%') {
            out[n++] = bytes[i] == '+' ? ' ' : bytes[i];
            continue;
        }
        int high = i + 2 < len ? hex(bytes[i + 1]) : -1;
        int low = i + 2 < len ? hex(bytes[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return -1;
        }
        out[n++] = (char)(high << 4 | low);
        i += 2;
    }
    return n;
}

static int add_pair(struct fields *f, const char *pair, size_t len, struct err *e)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
    size_t value_at = equals != NULL ? name_len + 1 : len;
    char *plain = mem_array(len + 1, 1);
    long name = decode(pair, name_len, plain);
    long value = name >= 0 ? decode(pair + value_at, len - value_at, plain + name) : -1;
    int rc = value >= 0 ? add_field(f, plain, (size_t)name, plain + name, (size_t)value, e)
                        : wrong("a % needs two hexadecimal digits after it", pair, len, e);
    free(plain);
    return rc;
}

static int parse_pairs(struct fields *f, const char *bytes, size_t len, struct err *e)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < len;) {
        const char *end = memchr(bytes + at, '&', len - at);
        size_t pair_len = end != NULL ? (size_t)(end - bytes) - at : len - at;
        rc = pair_len > 0 ? add_pair(f, bytes + at, pair_len, e) : 0;
        at += pair_len + 1;
    }
    return rc;
}

/* ---- multipart/form-data --------------------------------------------------------------------- */

/* The value of a parameter of a header ("; name=value; name=\"value\""); false if there is none.
 * Points into the header. */
static bool parameter(
    const char *header, size_t len, const char *name, const char **value, size_t *value_len)
{
    const char *end = header + len;
    const char *at = memchr(header, ';', len);
    while (at != NULL && at < end) {
        at += 1;
        while (at < end && (*at == ' ' || *at == '\t')) {
            at++;
        }
        const char *key = at;
        while (at < end && *at != '=' && *at != ';') {
            at++;
        }
        bool found = (size_t)(at - key) == strlen(name) &&
                     strncasecmp(key, name, (size_t)(at - key)) == 0 && at < end && *at == '=';
        at += at < end && *at == '=';
        bool quoted = at < end && *at == '"';
        const char *begin = at + quoted;
        const char *stop =
            begin < end ? memchr(begin, quoted ? '"' : ';', (size_t)(end - begin)) : NULL;
        if (found) {
            *value = begin;
            *value_len = (size_t)((stop != NULL ? stop : end) - begin);
            return !quoted || stop != NULL;
        }
        at = stop != NULL ? memchr(stop, ';', (size_t)(end - stop)) : NULL;
    }
    return false;
}

/* What a part is called; its headers end at an empty line. */
static int part_name(
    const char *headers, size_t len, const char **name, size_t *name_len, struct err *e)
{
    static const char wanted[] = "content-disposition:";
    const char *file;
    size_t file_len;
    const char *end = headers + len;
    for (const char *line = headers; line < end;) {
        const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        size_t line_len = (size_t)((stop != NULL ? stop : end) - line);
        if (line_len >= sizeof wanted && strncasecmp(line, wanted, sizeof wanted - 1) == 0) {
            if (parameter(line, line_len, "filename", &file, &file_len)) {
                return wrong("a file is not expected here", file, file_len, e);
            }
            if (parameter(line, line_len, "name", name, name_len)) {
                return 0;
            }
        }
        line = stop != NULL ? stop + 2 : end;
    }
    return err_set(e, PP_EINVAL, "a part of the multipart body has no name");
}

/* One part, from behind its boundary to the next one. */
static int add_part(struct fields *f, const char *part, size_t len, struct err *e)
{
    const char *name = NULL;
    size_t name_len = 0;
    const char *blank = memmem(part, len, "\r\n\r\n", 4);
    if (blank == NULL) {
        return err_set(e, PP_EINVAL, "a part of the multipart body has no headers");
    }
    int rc = part_name(part, (size_t)(blank - part), &name, &name_len, e);
    const char *value = blank + 4;
    return rc == 0 ? add_field(f, name, name_len, value, (size_t)(part + len - value), e) : rc;
}

/* The delimiter with its line break before it, which the first one may lack. */
static int make_delimiter(
    const char *type, char out[static BOUNDARY_MAX + 5], size_t *len, struct err *e)
{
    const char *boundary;
    size_t boundary_len;
    if (!parameter(type, strlen(type), "boundary", &boundary, &boundary_len) || boundary_len == 0 ||
        boundary_len > BOUNDARY_MAX) {
        return err_field(e, PP_EINVAL, "Content-Type",
            "multipart/form-data needs a boundary of 1 to %d characters", BOUNDARY_MAX);
    }
    memcpy(out, "\r\n--", 4);
    memcpy(out + 4, boundary, boundary_len);
    *len = boundary_len + 4;
    return 0;
}

static int parse_parts(
    struct fields *f, const char *type, const char *bytes, size_t len, struct err *e)
{
    char delimiter[BOUNDARY_MAX + 5];
    size_t size = 0;
    int rc = make_delimiter(type, delimiter, &size, e);
    if (rc != 0) {
        return rc;
    }
    const char *end = bytes + len;
    bool first = len >= size - 2 && memcmp(bytes, delimiter + 2, size - 2) == 0;
    const char *at = first ? bytes : memmem(bytes, len, delimiter, size);
    at = at != NULL ? at + size - (first ? 2 : 0) : NULL;
    while (rc == 0 && at != NULL) {
        if (end - at >= 2 && memcmp(at, "--", 2) == 0) {
            return 0;
        }
        const char *next = memmem(at, (size_t)(end - at), delimiter, size);
        rc = next != NULL ? add_part(f, at, (size_t)(next - at), e) : 0;
        at = next != NULL ? next + size : NULL;
    }
    return rc != 0 ? rc : err_set(e, PP_EINVAL, "the multipart body is cut short");
}

/* ---- any ------------------------------------------------------------------------------------- */

static bool is_type(const char *type, const char *name)
{
    size_t len = strlen(name);
    return type != NULL && strncasecmp(type, name, len) == 0 &&
           strchr("; \t", type[len]) != NULL; /* its end too */
}

static bool is_object(const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && memchr(" \t\r\n", bytes[i], 4) != NULL) {
        i++;
    }
    return i < len && bytes[i] == '{';
}

int form_parse(json_t **out, const char *type, const char *bytes, size_t len, struct err *e)
{
    char shown[64];
    struct fields f = {0};
    int rc;
    if (is_type(type, "application/json") || is_object(bytes, len)) {
        return json_parse(out, bytes, len, e);
    }
    f.object = json_object();
    if (is_type(type, "multipart/form-data")) {
        rc = parse_parts(&f, type, bytes, len, e);
    } else if (len == 0 || type == NULL || is_type(type, "application/x-www-form-urlencoded")) {
        rc = parse_pairs(&f, bytes, len, e);
    } else {
        rc = err_field(e, PP_ETYPE, "Content-Type",
            "Content-Type \"%s\": must be application/x-www-form-urlencoded, multipart/form-data "
            "or application/json",
            str_escape(shown, sizeof shown, type, strlen(type)));
    }
    if (rc != 0) {
        json_decref(f.object);
        return rc;
    }
    *out = f.object;
    return 0;
}
