#include "host/base/str.h"

#include "host/base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct strbuf *b, size_t more)
{
    size_t need = b->len + more + 1;
    if (need <= b->cap) {
        return;
    }
    size_t cap = b->cap > 0 ? b->cap : 64;
    while (cap < need) {
        cap *= 2;
    }
    b->data = mem_resize(b->data, cap, 1);
    b->cap = cap;
}

void strbuf_add(struct strbuf *b, const void *bytes, size_t len)
{
    reserve(b, len);
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void strbuf_puts(struct strbuf *b, const char *text)
{
    strbuf_add(b, text, strlen(text));
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
    va_list ap;
    va_list again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    reserve(b, (size_t)n);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
    va_end(again);
    b->len += (size_t)n;
}

void strbuf_fini(struct strbuf *b)
{
    free(b->data);
    *b = (struct strbuf){0};
}

const char *strbuf_text(const struct strbuf *b)
{
    return b->data != NULL ? b->data : "";
}

bool str_copy(char *dst, size_t dst_size, const char *src, size_t len)
{
    bool fits = len < dst_size;
    if (!fits) {
        len = dst_size - 1;
    }
    memcpy(dst, src, len);
    dst[len] = '\0';
    return fits;
}

/* Characters that break lines or turn the direction of what follows (U+200E, 200F, 2028 to 202E,
 * 2066 to 2069): a name may not show as another one. */
static bool turns_line(const unsigned char *p)
{
    return p[0] == 0xe2 &&
           ((p[1] == 0x80 && ((p[2] >= 0xa8 && p[2] <= 0xae) || (p[2] & ~1u) == 0x8e)) ||
               (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

/* Length of the valid UTF-8 sequence at p (RFC 3629), 0 if it is none. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    size_t n = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] >= 0xf5 || left < n) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    bool control = p[0] == 0xc2 && p[1] < 0xa0;
    return overlong || outside || control || turns_line(p) ? 0 : n;
}

char *str_escape(char *dst, size_t dst_size, const char *src, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)src[i];
        char piece[8];
        size_t n = 1;
        size_t taken = 1;
        if (c >= 0x80 && (n = utf8_sequence((const unsigned char *)src + i, len - i)) > 0) {
            memcpy(piece, src + i, n);
            taken = n;
        } else if (c < 0x20 || c >= 0x7f) {
            n = (size_t)snprintf(piece, sizeof piece, "\\x%02x", c);
        } else {
            piece[0] = (char)c;
        }
        if (at + n >= dst_size) {
            break;
        }
        memcpy(dst + at, piece, n);
        at += n;
        i += taken;
    }
    dst[at] = '\0';
    return dst;
}

bool str_to_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    const char *p = text + (*text == '-');
    int64_t value = 0;
    if (*p == '\0') {
        return false;
    }
    for (; *p != '\0'; p++) {
        int digit = *p - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (*text != '-' && __builtin_sub_overflow((int64_t)0, value, &value)) {
        return false;
    }
    if (value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool str_to_double(const char *text, double *out)
{
    const char *p = text + (*text == '-' || *text == '+');
    double value = 0;
    double scale = 1;
    int digits = 0;
    for (; *p >= '0' && *p <= '9'; p++, digits++) {
        value = value * 10 + (*p - '0');
    }
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++, digits++) {
            scale *= 10;
            value = value * 10 + (*p - '0');
        }
    }
    if (*p != '\0' || digits == 0 || digits > 300) {
        return false;
    }
    *out = (*text == '-' ? -value : value) / scale;
    return isfinite(*out);
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Levenshtein distance, words cut at 63 bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    size_t a_len = strnlen(a, 63);
    size_t b_len = strnlen(b, 63);
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[b_len];
}

const char *str_suggest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, words[i]);
        if (d < best_distance) {
            best_distance = d;
            best = words[i];
        }
    }
    return best;
}
