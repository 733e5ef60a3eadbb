#include "host/api/upload_name.h"

#include "host/base/str.h"
#include "host/core/file_kind.h"

#include <string.h>

#define EXTENSION_MAX 16

/* The part after the last '/' or '\'. */
static const char *last_component(const char *raw)
{
    const char *start = raw;
    for (const char *p = raw; *p != '\0'; p++) {
        if (*p == '/' || *p == '\\') {
            start = p + 1;
        }
    }
    return start;
}

/* Length of the UTF-8 sequence at p as str_escape() judges it: 0 if it is none or a control. */
static size_t sequence(const char *p)
{
    char shown[8];
    size_t n = (unsigned char)p[0] >= 0xf0 ? 4 : (unsigned char)p[0] >= 0xe0 ? 3 : 2;
    n = (unsigned char)p[0] < 0x80 ? 1 : n;
    if (strnlen(p, n) < n) {
        return 0;
    }
    str_escape(shown, sizeof shown, p, n);
    return strncmp(shown, p, n) == 0 && shown[n] == '\0' ? n : 0;
}

static void trim_end(char *text, size_t *len)
{
    while (*len > 0 && text[*len - 1] == ' ') {
        text[--*len] = '\0';
    }
}

static void add_cleaned(struct strbuf *b, const char *p)
{
    while (*p != '\0') {
        size_t n = sequence(p);
        bool leading = b->len == 0 && (*p == ' ' || *p == '.');
        if (n > 0 && *p != '"' && !leading) {
            strbuf_add(b, p, n);
        } else if (n == 0 && (unsigned char)*p >= 0x80) {
            strbuf_puts(b, "_");
        }
        p += n > 0 ? n : 1;
    }
    trim_end(b->data, &b->len);
}

bool upload_name_clean(const char *raw, char out[static UPLOAD_NAME_SIZE])
{
    struct strbuf b = {0};
    add_cleaned(&b, last_component(raw));
    const char *name = strbuf_text(&b);
    const char *dot = strrchr(name, '.');
    const char *extension = dot != NULL && strlen(dot) <= EXTENSION_MAX ? dot : name + b.len;
    size_t tail = strlen(extension);
    size_t stem = b.len - tail;
    if (stem > UPLOAD_NAME_SIZE - 1 - tail) {
        stem = UPLOAD_NAME_SIZE - 1 - tail;
        while (stem > 0 && ((unsigned char)name[stem] & 0xc0) == 0x80) {
            stem--; /* not in the middle of a character */
        }
    }
    memcpy(out, name, stem);
    memcpy(out + stem, extension, tail + 1);
    size_t len = stem + tail;
    trim_end(out, &len);
    strbuf_fini(&b);
    return out[0] != '\0';
}

bool upload_name_folder(const char *raw, char out[static UPLOAD_NAME_SIZE])
{
    raw += strspn(raw, "/");
    size_t len = strlen(raw);
    while (len > 0 && raw[len - 1] == '/') {
        len--;
    }
    return str_copy(out, UPLOAD_NAME_SIZE, raw, len);
}

bool upload_name_is_taken(const char *name)
{
    return file_kind_suffix(name) != NULL;
}
