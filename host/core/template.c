#include "host/core/template.h"

#include <string.h>

#define NAME_MAX_LEN 95

static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool template_name_ok(const char *name, size_t len)
{
    if (len == 0 || len > NAME_MAX_LEN || !begins_name(name[0])) {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if (!begins_name(name[i]) && name[i] != '.' && !(name[i] >= '0' && name[i] <= '9')) {
            return false;
        }
    }
    return true;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void put_percent(struct strbuf *out, char c)
{
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 (c != '\0' && strchr("-._~/:@,", c) != NULL);
    if (plain) {
        strbuf_add(out, &c, 1);
    } else {
        strbuf_printf(out, "%%%02X", (unsigned char)c);
    }
}

static void put_char(const struct template_in *in, struct strbuf *out, char c, bool begins)
{
    if (in->place == TEMPLATE_URL && !begins) {
        put_percent(out, c);
        return;
    }
    if (in->place == TEMPLATE_JSON && (c == '"' || c == '\\')) {
        strbuf_add(out, "\\", 1);
    }
    strbuf_add(out, &c, 1);
}

static int too_long(const struct template_in *in, struct err *e)
{
    return err_set(
        e, PP_EINVAL, "longer than %zu bytes with the values of its names put in", in->max);
}

static int put_value(const struct template_in *in, struct strbuf *out, size_t start,
    const char *name, const char *value, struct err *e)
{
    bool begins = out->len == start;
    if (value == NULL) {
        return err_set(e, PP_EINVAL, "{%s}: there is no such value here (`{{` is a brace)", name);
    }
    for (const char *p = value; *p != '\0'; p++) {
        if (is_control(*p)) {
            return err_set(e, PP_EINVAL,
                "{%s}: its value has a control character (0x%02x) at byte %zu: it must be one line "
                "of text",
                name, (unsigned char)*p, (size_t)(p - value) + 1);
        }
        put_char(in, out, *p, begins);
        if (out->len - start > in->max) {
            return too_long(in, e);
        }
    }
    return 0;
}

/* ---- the text -------------------------------------------------------------------------------- */

/* The length of "{name}" if `p` begins what is meant as one, else 0. */
static size_t placeholder(const char *p, const char *end)
{
    if (end - p < 3 || !begins_name(p[1])) {
        return 0;
    }
    const char *close = memchr(p, '}', (size_t)(end - p));
    return close != NULL ? (size_t)(close - p) + 1 : 0;
}

/* `p`, `len`: "{name}". */
static int put_name(const struct template_in *in, struct strbuf *out, size_t start, const char *p,
    size_t len, struct err *e)
{
    char name[NAME_MAX_LEN + 1];
    char shown[64];
    if (!template_name_ok(p + 1, len - 2)) {
        return err_set(e, PP_EINVAL,
            "\"%s\" is no name of a value: letters, digits, _ and dots (`{{` is a brace)",
            str_escape(shown, sizeof shown, p, len));
    }
    str_copy(name, sizeof name, p + 1, len - 2);
    if (in->value == NULL) {
        strbuf_add(out, p, len);
        return 0;
    }
    return put_value(in, out, start, name, in->value(in->context, name), e);
}

/* How many bytes of "{{" or "}}" stand for one brace here: 2, or 0. */
static size_t doubled(const struct template_in *in, const char *p, const char *end)
{
    bool braces = *p == '{' || *p == '}';
    return in->place != TEMPLATE_JSON && braces && end - p >= 2 && p[1] == *p ? 2 : 0;
}

int template_expand(const struct template_in *in, struct strbuf *out, struct err *e)
{
    size_t start = out->len;
    const char *end = in->text + in->len;
    for (const char *p = in->text; p < end;) {
        size_t n = doubled(in, p, end);
        if (n == 0 && *p == '{' && (n = placeholder(p, end)) > 0) {
            int rc = put_name(in, out, start, p, n, e);
            if (rc != 0) {
                return rc;
            }
        } else {
            n = n > 0 ? n : 1;
            strbuf_add(out, p, 1);
        }
        p += n;
    }
    return out->len - start > in->max ? too_long(in, e) : 0;
}
