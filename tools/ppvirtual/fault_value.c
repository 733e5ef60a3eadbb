/* The values in a spec: words, numbers, texts; and what is said of wrong ones. */
#include "tools/ppvirtual/fault_read.h"

#include <stdio.h>
#include <string.h>

int fault_refuse(struct fault_reading *r, const char *key, const char *value, const char *right)
{
    char safe[FAULT_SPEC_MAX];
    str_escape(safe, 100, value, strlen(value));
    return err_set(r->e, PP_EINVAL, "%s%s\"%s\": %s", key, key[0] != '\0' ? "=" : "", safe, right);
}

/* `no such KIND, did you mean "X"?` */
int fault_refuse_word(struct fault_reading *r, const char *key, const char *value, const char *kind,
    const char *const *names, size_t count)
{
    char right[160];
    struct strbuf list = {0};
    const char *near = str_suggest(value, names, count);
    if (near != NULL) {
        strbuf_printf(&list, "no such %s, did you mean \"%s\"?", kind, near);
    } else if (count <= 8) {
        strbuf_puts(&list, "must be");
        for (size_t i = 0; i < count; i++) {
            strbuf_printf(&list, "%s %s", i == 0 ? "" : (i + 1 < count ? "," : " or"), names[i]);
        }
    } else {
        strbuf_printf(&list, "no such %s; --help-faults lists them", kind);
    }
    str_copy(right, sizeof right, strbuf_text(&list), list.len);
    strbuf_fini(&list);
    return fault_refuse(r, key, value, right);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

int fault_unescape(const char *in, char *out, size_t out_size)
{
    size_t len = 0;
    for (const char *p = in; *p != '\0'; p++) {
        char c = *p;
        if (c == '\\') {
            c = *++p;
            if (c == 'x' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
                c = (char)(hex_digit(p[1]) * 16 + hex_digit(p[2]));
                p += 2;
            } else if (c == 'n' || c == 'r' || c == 't') {
                c = c == 'n' ? '\n' : (c == 'r' ? '\r' : '\t');
            } else if (c != ',' && c != '\\') {
                return -1;
            }
        }
        if (len + 1 >= out_size) {
            return -1;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return (int)len;
}

static int read_number(struct fault_reading *r, const char *key, const char *value,
    const struct fault_key *k, double *out)
{
    char right[96];
    int64_t whole = 0;
    bool good = k->type == TYPE_NUMBER
                    ? str_to_double(value, out) && *out >= k->min && *out <= k->max
                    : str_to_int(value, (int64_t)k->min, (int64_t)k->max, &whole);
    if (!good) {
        snprintf(right, sizeof right, "must be a %snumber from %g to %.0f",
            k->type == TYPE_NUMBER ? "" : "whole ", k->min, k->max);
        return fault_refuse(r, key, value, right);
    }
    *out = k->type == TYPE_NUMBER ? *out : (double)whole;
    return 0;
}

static int read_word(struct fault_reading *r, const char *key, const char *value,
    const char *const *words, double *out)
{
    size_t count = 0;
    while (words[count] != NULL) {
        if (strcmp(words[count], value) == 0) {
            *out = (double)count;
            return 0;
        }
        count++;
    }
    return fault_refuse_word(r, key, value, key, words, count);
}

static int read_text(
    struct fault_reading *r, const char *key, const char *value, enum fault_arg arg)
{
    bool link = arg == ARG_LINK;
    int len = fault_unescape(value, link ? r->f->link : r->f->text, FAULT_TEXT_MAX);
    if (len <= 0) {
        return fault_refuse(r, key, value,
            len == 0 ? "must not be empty"
                     : "at most 159 characters, with \\n \\, \\\\ and \\xNN as escapes");
    }
    r->f->text_len = link ? r->f->text_len : (size_t)len;
    return 0;
}

int fault_read_value(struct fault_reading *r, const struct fault_pair *p, enum fault_arg arg)
{
    const struct fault_key *k = &fault_keys[arg];
    double *out = &r->f->arg[arg];
    switch (k->type) {
    case TYPE_WORD:
        return read_word(r, p->key, p->value, k->words, out);
    case TYPE_TEXT:
        return read_text(r, p->key, p->value, arg);
    case TYPE_POS:
        if (strcmp(p->value, "end") == 0 || strcmp(p->value, "random") == 0) {
            *out = p->value[0] == 'e' ? POS_END : POS_RANDOM;
            return 0;
        }
        break;
    case TYPE_TIMES:
        if (strcmp(p->value, "always") == 0) {
            *out = 0;
            return 0;
        }
        break;
    case TYPE_NUMBER:
    case TYPE_WHOLE:
        break;
    }
    return read_number(r, p->key, p->value, k, out);
}
