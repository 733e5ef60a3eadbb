#include "tools/ppvirtual/sdcard.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STAMP UINT32_C(0x5A346000) /* 2025-01-20 12:00:00 */

void card_init(struct card *c)
{
    *c = (struct card){.selected = CARD_NONE, .writing = CARD_NONE};
}

void card_fini(struct card *c)
{
    for (size_t i = 0; i < c->count; i++) {
        strbuf_fini(&c->files[i].bytes);
    }
    c->count = 0;
}

static bool is_dos(char ch)
{
    return isalnum((unsigned char)ch) || strchr("_-$#!~", ch) != NULL;
}

/* The characters of `text` that a DOS name may have, in upper case, at most `max`. */
static size_t dos_part(char *out, const char *text, size_t len, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < max; i++) {
        if (is_dos(text[i])) {
            out[n++] = (char)toupper((unsigned char)text[i]);
        }
    }
    out[n] = '\0';
    return n;
}

/* As Windows makes them: the name itself if it fits, else its beginning, a tilde and a number. */
static void dos_name(const struct card *c, const char *name, char out[13])
{
    char base[9];
    char ext[4] = "";
    const char *dot = strrchr(name, '.');
    size_t len = dot != NULL ? (size_t)(dot - name) : strlen(name);
    size_t kept = dos_part(base, name, len, 8);
    if (dot != NULL) {
        dos_part(ext, dot + 1, strlen(dot + 1), 3);
    }
    bool fits = kept == len && (dot == NULL || strlen(dot + 1) <= 3);
    snprintf(out, 13, "%s%s%s", base, ext[0] != '\0' ? "." : "", ext);
    for (int i = 1; (!fits || card_find(c, out) != CARD_NONE) && i < 10; i++) {
        fits = true;
        snprintf(out, 13, "%.6s~%d%s%s", base, i, ext[0] != '\0' ? "." : "", ext);
    }
}

static bool append(struct card *c, struct card_file *f, const char *bytes, size_t len)
{
    if (c->written + len > CARD_BYTES) {
        return false;
    }
    c->written += len;
    strbuf_add(&f->bytes, bytes, len);
    return true;
}

bool card_add(struct card *c, const char *long_name, const char *bytes, size_t len)
{
    if (c->count == CARD_FILES) {
        return false;
    }
    struct card_file *f = &c->files[c->count];
    *f = (struct card_file){.stamp = STAMP};
    dos_name(c, long_name, f->name);
    str_copy(f->long_name, sizeof f->long_name, long_name, strlen(long_name));
    if (!append(c, f, bytes, len)) {
        return false;
    }
    c->count++;
    return true;
}

int card_find(const struct card *c, const char *name)
{
    name += *name == '/';
    for (size_t i = 0; i < c->count; i++) {
        if (strcasecmp(c->files[i].name, name) == 0) {
            return (int)i;
        }
    }
    return CARD_NONE;
}

void card_release(struct card *c)
{
    c->selected = CARD_NONE;
    c->writing = CARD_NONE;
    c->printing = false;
    c->started = false;
    c->pos = 0;
}

bool card_create(struct card *c, const char *name)
{
    name += *name == '/';
    int index = card_find(c, name);
    if (index == CARD_NONE) {
        if (!card_add(c, name, "", 0)) {
            return false;
        }
        index = (int)c->count - 1;
    }
    struct card_file *f = &c->files[index];
    c->written -= f->bytes.len;
    f->bytes.len = 0;
    card_release(c);
    c->writing = index;
    return true;
}

bool card_write(struct card *c, const char *bytes, size_t len)
{
    return c->writing != CARD_NONE && append(c, &c->files[c->writing], bytes, len);
}

void card_remove(struct card *c, int index)
{
    struct card_file *f = &c->files[index];
    c->written -= f->bytes.len;
    strbuf_fini(&f->bytes);
    memmove(f, f + 1, (c->count - (size_t)index - 1) * sizeof *f);
    c->count--;
    card_release(c);
}

bool card_line(struct card *c, char *out, size_t out_size)
{
    const struct card_file *f = &c->files[c->selected];
    out[0] = '\0';
    if (c->pos >= f->bytes.len) {
        return false;
    }
    const char *line = f->bytes.data + c->pos;
    size_t left = f->bytes.len - c->pos;
    const char *end = memchr(line, '\n', left);
    size_t len = end != NULL ? (size_t)(end - line) : left;
    c->pos += len + (end != NULL);
    const char *comment = memchr(line, ';', len);
    len = comment != NULL ? (size_t)(comment - line) : len;
    while (len > 0 && isspace((unsigned char)*line)) {
        line++;
        len--;
    }
    while (len > 0 && isspace((unsigned char)line[len - 1])) {
        len--;
    }
    str_copy(out, out_size, line, len);
    return true;
}
