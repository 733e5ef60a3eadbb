#include "host/core/sdcard.h"

#include "host/base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- lines -------------------------------------------------------------------------------------
 */

/* Beginnings of lines, behind "echo:" and "Error:". */
static const struct {
    const char *text;
    enum sd_kind kind;
} beginnings[] = {
    {"Begin file list", SD_LIST_BEGIN},
    {"GCode files:", SD_LIST_BEGIN}, /* RepRapFirmware */
    {"End file list", SD_LIST_END},
    {"SD printing byte ", SD_POSITION},
    {"Not SD printing", SD_NOT_PRINTING},
    {"File opened:", SD_OPENED},
    {"File selected", SD_SELECTED},
    {"Current file:", SD_CURRENT},
    {"open failed", SD_OPEN_FAILED},
    {"Done printing file", SD_DONE},
    {"Writing to file:", SD_WRITING},
    {"Done saving file", SD_SAVED},
    {"File deleted:", SD_DELETED},
    {"Deletion failed", SD_DELETE_FAILED},
    {"error writing to file", SD_WRITE_ERROR},
    {"SD read error", SD_READ_ERROR},
    {"SD card ok", SD_INSERTED},
    {"SD card released", SD_MISSING},
    {"SD init fail", SD_MISSING},
    {"No SD card", SD_MISSING},
    {"No media", SD_MISSING},
    {"volume.init failed", SD_MISSING},
    {"openRoot failed", SD_MISSING},
};

/* The number at p, at most 15 digits; -1 if there is none. *end gets the place behind it. */
static int64_t number_at(const char *p, const char **end)
{
    int64_t value = 0;
    const char *from = p;
    for (; *p >= '0' && *p <= '9' && p - from < 15; p++) {
        value = value * 10 + (*p - '0');
    }
    *end = p;
    return p > from ? value : -1;
}

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

static size_t trimmed(const char *p, size_t len)
{
    while (len > 0 && isspace((unsigned char)p[len - 1])) {
        len--;
    }
    return len;
}

static bool position(struct sd_reply *r, const char *p)
{
    r->pos = number_at(p, &p);
    if (r->pos < 0 || *p != '/') {
        return false;
    }
    r->size = number_at(p + 1, &p);
    return r->size >= 0;
}

/* "/PART.GCO Size: 123", "PART.GCO", the size perhaps missing. */
static void opened(struct sd_reply *r, const char *p)
{
    const char *size = strstr(p, " Size:");
    size_t len = size != NULL ? (size_t)(size - p) : strlen(p);
    str_copy(r->name, sizeof r->name, p, trimmed(p, len));
    r->size = size != NULL ? number_at(skip_blanks(size + 6), &size) : -1;
}

static void take_rest(struct sd_reply *r, const char *p)
{
    p = skip_blanks(p);
    switch (r->kind) {
    case SD_POSITION:
        r->kind = position(r, p) ? SD_POSITION : SD_OTHER;
        break;
    case SD_OPENED:
        opened(r, p);
        break;
    case SD_CURRENT:
        str_copy(r->name, sizeof r->name, p, strcspn(p, " "));
        if (r->name[0] == '(') {
            r->name[0] = '\0'; /* "(no file)" */
        }
        break;
    case SD_WRITING:
        str_copy(r->name, sizeof r->name, p, trimmed(p, strlen(p)));
        break;
    case SD_OTHER:
    case SD_LIST_BEGIN:
    case SD_LIST_END:
    case SD_NOT_PRINTING:
    case SD_SELECTED:
    case SD_OPEN_FAILED:
    case SD_DONE:
    case SD_SAVED:
    case SD_DELETED:
    case SD_DELETE_FAILED:
    case SD_WRITE_ERROR:
    case SD_READ_ERROR:
    case SD_INSERTED:
    case SD_MISSING:
        break;
    }
}

void sd_parse(struct sd_reply *r, const char *line)
{
    *r = (struct sd_reply){.kind = SD_OTHER, .pos = -1, .size = -1};
    line += strncasecmp(line, "echo:", 5) == 0 ? 5 : 0;
    line += strncasecmp(line, "Error:", 6) == 0 ? 6 : 0;
    line = skip_blanks(line);
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t n = strlen(beginnings[i].text);
        if (strncasecmp(line, beginnings[i].text, n) == 0) {
            r->kind = beginnings[i].kind;
            take_rest(r, line + n);
            return;
        }
    }
}

/* ---- lists -------------------------------------------------------------------------------------
 */

static bool copy_name(char out[SD_NAME_SIZE], const char *p, size_t len)
{
    len = trimmed(p, len);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f) {
            return false;
        }
    }
    return len > 0 && str_copy(out, SD_NAME_SIZE, p, len);
}

/* ".gco", ".g", ".GCODE": what firmware lists as gcode begins with a g. */
static bool is_gcode_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name || dot[-1] == '/' || tolower((unsigned char)dot[1]) != 'g') {
        return false;
    }
    for (dot++; isalnum((unsigned char)*dot); dot++) {
    }
    return *dot == '\0';
}

/* A DOS date and time, 0xDDDDTTTT. */
static int64_t dos_time(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 8; i++) {
        int c = tolower((unsigned char)p[i]);
        if (!isxdigit(c)) {
            return -1;
        }
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    int year = 1980 + (int)(v >> 25);
    int month = (int)(v >> 21 & 15);
    int day = (int)(v >> 16 & 31);
    if (month < 1 || month > 12 || day < 1) {
        return -1;
    }
    /* days since 1970: years beginning in March put the leap day last */
    int y = month <= 2 ? year - 1 : year;
    int in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t days = (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + in_year - 719468;
    return days * 86400 + (int64_t)(v >> 11 & 31) * 3600 + (int64_t)(v >> 5 & 63) * 60 +
           (int64_t)(v & 31) * 2;
}

/* Behind the size: a time, a long name, that in quotes. */
static void take_tail(struct sd_entry *e, const char *p)
{
    p = skip_blanks(p);
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        e->date_s = dos_time(p + 2);
        p = skip_blanks(p + strcspn(p, " "));
    }
    size_t len = trimmed(p, strlen(p));
    if (len >= 2 && p[0] == '"' && p[len - 1] == '"') {
        p++;
        len -= 2;
    }
    if (!copy_name(e->display, p, len)) {
        memcpy(e->display, e->name, sizeof e->display);
    }
}

/* "NAME.GCO 123 ...": the first word is a file and the second a number. */
static bool take_short(struct sd_entry *e, const char *line)
{
    size_t len = strcspn(line, " ");
    const char *p = skip_blanks(line + len);
    if (!copy_name(e->name, line, len) || !is_gcode_name(e->name)) {
        return false;
    }
    const char *behind = p;
    e->size_bytes = number_at(p, &behind);
    bool number = e->size_bytes >= 0 && (*behind == ' ' || *behind == '\0');
    if (*p != '\0' && !number) {
        return false;
    }
    take_tail(e, behind);
    return true;
}

/* "a name with blanks.gcode 123" or without the number. */
static bool take_long(struct sd_entry *e, const char *line)
{
    size_t len = trimmed(line, strlen(line));
    size_t digits = len;
    const char *end;
    while (digits > 0 && isdigit((unsigned char)line[digits - 1])) {
        digits--;
    }
    bool number = digits < len && len - digits <= 15 && digits > 0 && line[digits - 1] == ' ';
    e->size_bytes = number ? number_at(line + digits, &end) : -1;
    if (!copy_name(e->name, line, number ? digits : len) || !is_gcode_name(e->name)) {
        return false;
    }
    memcpy(e->display, e->name, sizeof e->display);
    return true;
}

/* "a.g","b.g": RepRapFirmware. */
static void quoted(
    const char *p, void (*each)(void *context, const struct sd_entry *entry), void *context)
{
    while ((p = strchr(p, '"')) != NULL) {
        struct sd_entry e = {.size_bytes = -1, .date_s = -1};
        size_t len = strcspn(++p, "\"");
        if (copy_name(e.name, p, len) && is_gcode_name(e.name)) {
            memcpy(e.display, e.name, sizeof e.display);
            each(context, &e);
        }
        p += len;
        p += *p == '"';
    }
}

void sd_list_line(
    const char *line, void (*each)(void *context, const struct sd_entry *entry), void *context)
{
    struct sd_entry e = {.size_bytes = -1, .date_s = -1};
    line = skip_blanks(line);
    if (*line == '"') {
        quoted(line, each, context);
        return;
    }
    if (str_starts(line, "DIR_ENTER:") || str_starts(line, "DIR_EXIT")) {
        return; /* Prusa: the files inside carry their path */
    }
    if (take_short(&e, line)) {
        each(context, &e);
        return;
    }
    e = (struct sd_entry){.size_bytes = -1, .date_s = -1};
    if (take_long(&e, line)) {
        each(context, &e);
    }
}

/* ---- names -------------------------------------------------------------------------------------
 */

bool sd_same_name(const char *a, const char *b)
{
    return strcasecmp(a + (*a == '/'), b + (*b == '/')) == 0;
}

/* The letters and digits of `text`, in upper case. */
static size_t plain(char *out, const char *text, size_t len, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < max; i++) {
        if (isalnum((unsigned char)text[i]) || text[i] == '_' || text[i] == '-') {
            out[n++] = (char)toupper((unsigned char)text[i]);
        }
    }
    out[n] = '\0';
    return n;
}

bool sd_dos_name(
    char out[13], const char *name, bool (*taken)(void *context, const char *name), void *context)
{
    char base[9];
    const char *dot = strrchr(name, '.');
    size_t len = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);
    if (plain(base, name, len, 8) == 0) {
        snprintf(base, sizeof base, "PRINT");
    }
    snprintf(out, 13, "%s.GCO", base);
    for (int i = 1; taken(context, out); i++) {
        if (i > 99) {
            return false;
        }
        snprintf(out, 13, "%.*s~%d.GCO", i < 10 ? 6 : 5, base, i);
    }
    return true;
}

bool sd_name_ok(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len >= SD_NAME_SIZE) {
        return false;
    }
    for (const char *p = name; *p != '\0'; p++) {
        if ((unsigned char)*p <= 0x20 || *p == 0x7f || strchr("\"*;#!\\", *p) != NULL) {
            return false;
        }
    }
    return true;
}

const char *sd_unwritable(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '*') {
            return "has a '*', at which the printer would cut it";
        }
        bool m29 = len - i >= 3 && strncasecmp(text + i, "M29", 3) == 0;
        if (m29 && (i + 3 == len || !isdigit((unsigned char)text[i + 3]))) {
            return "has M29, which would end the writing there";
        }
    }
    return NULL;
}
