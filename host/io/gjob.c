/* The name of a package's file. */
#include "host/io/gjob.h"

#include "host/base/str.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wctype.h>

#define NAME_BYTES 195 /* with the suffix: a file's name */

/* Reads one character of valid UTF-8 (or takes a byte that is none as '?'); its length. */
static size_t decode(const char *p, uint32_t *out)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t n = u[0] < 0x80 ? 1 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc2 ? 2 : 0;
    *out = n <= 1 ? u[0] : u[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80) {
            n = 0;
            break;
        }
        *out = *out << 6 | (u[i] & 0x3fu);
    }
    if (n == 0) {
        *out = '?';
        return 1;
    }
    return n;
}

/* glibc calls blanks that do not break a line none. */
static bool is_blank(uint32_t c, locale_t locale)
{
    return iswspace_l((wint_t)c, locale) || c == 0x85 || c == 0xa0 || c == 0x2007 || c == 0x202f ||
           (c >= 0x1c && c <= 0x1f);
}

static bool is_word(uint32_t c, locale_t locale)
{
    return c == '_' || iswalnum_l((wint_t)c, locale);
}

static void add_name(struct strbuf *b, const char *name, locale_t locale)
{
    uint32_t c;
    bool blank = false;
    for (size_t n; *name != '\0'; name += n) {
        n = decode(name, &c);
        if (is_blank(c, locale)) {
            strbuf_puts(b, blank ? "" : "_");
            blank = true;
            continue;
        }
        blank = false;
        if (!is_word(c, locale)) {
            strbuf_puts(b, "x");
        } else if (b->len + n <= NAME_BYTES) {
            strbuf_add(b, name, n);
        }
    }
}

void gjob_file_name(const char *job_name, char *out, size_t out_size)
{
    struct strbuf b = {0};
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (locale == (locale_t)0) {
        locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
    }
    add_name(&b, job_name, locale);
    freelocale(locale);
    const char *text = strbuf_text(&b);
    size_t blank = strspn(text, "_");
    bool named = text[blank] != '\0' || strchr(job_name, '_') != NULL;
    size_t len = b.len < NAME_BYTES ? b.len : NAME_BYTES;
    snprintf(out, out_size, "%.*s.gjob", named ? (int)len : 8, named ? text : "untitled");
    strbuf_fini(&b);
}
