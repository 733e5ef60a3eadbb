#include "tools/ppctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#define DAY_MS INT64_C(86400000)

/* Larger numbers are nonsense in every field there is, and a double holds these exactly. */
#define FIELD_MOST 9e15

const char *text_hms(char out[static TEXT_SIZE], int64_t ms)
{
    int64_t s = ms / 1000;
    if (ms < 0) {
        snprintf(out, TEXT_SIZE, "-:--:--");
    } else {
        snprintf(
            out, TEXT_SIZE, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
    }
    return out;
}

const char *text_duration(char out[static TEXT_SIZE], int64_t ms)
{
    int64_t s = ms < 0 ? 0 : (ms + 500) / 1000;
    if (s < 60) {
        snprintf(out, TEXT_SIZE, "%d s", (int)s);
    } else if (s < 3600) {
        snprintf(out, TEXT_SIZE, "%d min %02d s", (int)(s / 60), (int)(s % 60));
    } else if (s < 86400) {
        snprintf(out, TEXT_SIZE, "%d h %02d min", (int)(s / 3600), (int)(s / 60 % 60));
    } else {
        snprintf(out, TEXT_SIZE, "%" PRId64 " d %d h", s / 86400, (int)(s / 3600 % 24));
    }
    return out;
}

const char *text_size(char out[static TEXT_SIZE], int64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double value = (double)bytes / 1000;
    size_t unit = 0;
    if (bytes < 1000) {
        snprintf(out, TEXT_SIZE, "%" PRId64 " B", bytes);
        return out;
    }
    while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    snprintf(out, TEXT_SIZE, "%.1f %s", value, units[unit]);
    return out;
}

const char *text_count(char out[static TEXT_SIZE], int64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRId64, n);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-') {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

static void local_time(int64_t wall_ms, struct tm *tm)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    if (localtime_r(&seconds, tm) == NULL) {
        memset(tm, 0, sizeof *tm);
    }
}

const char *text_clock(char out[static TEXT_SIZE], int64_t wall_ms, int64_t now_ms)
{
    struct tm then;
    struct tm now;
    local_time(wall_ms, &then);
    local_time(now_ms, &now);
    int64_t away = wall_ms > now_ms ? wall_ms - now_ms : now_ms - wall_ms;
    if (then.tm_yday == now.tm_yday && then.tm_year == now.tm_year) {
        strftime(out, TEXT_SIZE, "%H:%M", &then);
    } else if (away < 6 * DAY_MS) {
        strftime(out, TEXT_SIZE, "%a %H:%M", &then);
    } else {
        strftime(out, TEXT_SIZE, "%Y-%m-%d %H:%M", &then);
    }
    return out;
}

const char *text_date(char out[static TEXT_SIZE], int64_t wall_ms)
{
    struct tm tm;
    local_time(wall_ms, &tm);
    strftime(out, TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
    return out;
}

/* The next character of valid UTF-8: its length, and its columns in *columns. Outside a UTF-8
 * locale mbrtowc() fails, and each character counts as one column. */
static size_t next_char(const char *p, int *columns)
{
    mbstate_t state = {0};
    wchar_t wide;
    size_t n = mbrtowc(&wide, p, strlen(p), &state);
    if (n != (size_t)-1 && n != (size_t)-2 && n != 0) {
        int width = wcwidth(wide);
        *columns = width < 0 ? 1 : width;
        return n;
    }
    *columns = 1;
    n = 1;
    while (((unsigned char)p[n] & 0xc0) == 0x80) {
        n++;
    }
    return n;
}

int text_columns(const char *text)
{
    int total = 0;
    while (*text != '\0') {
        int columns;
        text += next_char(text, &columns);
        total += columns;
    }
    return total;
}

void text_cut(struct strbuf *out, const char *text, int columns)
{
    if (text_columns(text) <= columns) {
        strbuf_puts(out, text);
        return;
    }
    int left = columns - 2;
    while (left > 0) {
        int width;
        size_t n = next_char(text, &width);
        if (width > left) {
            break;
        }
        strbuf_add(out, text, n);
        text += n;
        left -= width;
    }
    strbuf_puts(out, columns >= 2 ? ".." : "");
}

/* Bytes of `text` that fit in `columns`, up to the last blank if something must go. At least one
 * character, so that there is an end. */
static size_t fitting(const char *text, int columns)
{
    size_t len = 0;
    size_t blank = 0;
    int width;
    while (text[len] != '\0') {
        size_t n = next_char(text + len, &width);
        if (width > columns && len > 0) {
            return blank > 0 ? blank : len;
        }
        blank = text[len] == ' ' ? len : blank;
        columns -= width;
        len += n;
    }
    return len;
}

void text_wrap(struct strbuf *out, const char *text, int indent, int columns)
{
    for (bool first = true; first || *text != '\0'; first = false) {
        size_t from = out->len;
        size_t n = fitting(text, columns - indent);
        text_pad(out, from, first ? 0 : indent);
        strbuf_add(out, text, n);
        strbuf_puts(out, "\n");
        text += n;
        text += strspn(text, " ");
    }
}

void text_pad(struct strbuf *out, size_t from, int columns)
{
    for (int have = text_columns(strbuf_text(out) + from); have < columns; have++) {
        strbuf_puts(out, " ");
    }
}

void text_foreign(struct strbuf *out, const char *text)
{
    char piece[256];
    size_t left = strlen(text);
    while (left > 0) {
        size_t n = left < 48 ? left : 48;
        /* a character is not torn apart, else its halves would be escaped */
        while (n < left && n > 44 && ((unsigned char)text[n] & 0xc0) == 0x80) {
            n--;
        }
        strbuf_puts(out, str_escape(piece, sizeof piece, text, n));
        text += n;
        left -= n;
    }
}

void text_cell(struct strbuf *out, const char *foreign, int columns)
{
    size_t from = out->len;
    struct strbuf safe = {0};
    text_foreign(&safe, foreign);
    text_cut(out, strbuf_text(&safe), columns);
    text_pad(out, from, columns);
    strbuf_fini(&safe);
}

const char *field_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

double field_real(const json_t *object, const char *name, double otherwise)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

int64_t field_int(const json_t *object, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(object, name);
    double real = json_number_value(value);
    if (!json_is_number(value) || real < -FIELD_MOST || real > FIELD_MOST) {
        return otherwise;
    }
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    return (int64_t)(real < 0 ? real - 0.5 : real + 0.5);
}

int field_percent(const json_t *object)
{
    double percent = field_real(object, "percent", 0);
    return percent > 0 ? percent < 100 ? (int)percent : 100 : 0;
}

bool field_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

json_t *field_node(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    return json_is_object(value) || json_is_array(value) ? value : NULL;
}
