/* The tokeniser: one pass over the line, no allocation, no floating point, no locale.
 *
 * Happy path: blanks, N number, command letter and number, then words to the end, the comment or
 * the checksum. The rare "(...)" between words is taken out into a buffer of its own and the rest
 * parsed from there, because what is sent must not hold it (most firmware would read the words
 * inside). Failure modes: none; foreign bytes between words are skipped and noted in `stray`.
 */
#include "host/core/gcode.h"

#include <string.h>

#define NUMBER_MAX 1000000000 /* units; keeps sums of positions far from overflow */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static char upper(char c)
{
    if (c >= 'a' && c <= 'z') {
        return (char)(c - 'a' + 'A');
    }
    return c;
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && is_blank(*p)) {
        p++;
    }
    return p;
}

static const char *trim_end(const char *start, const char *end)
{
    while (end > start && is_blank(end[-1])) {
        end--;
    }
    return end;
}

/* The digits behind the point, as millionths; *p moves past all of them. */
static int64_t fraction(const char **p, const char *end)
{
    static const int scale[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    const char *at = *p;
    int64_t value = 0;
    int digits = 0;
    while (at < end && is_digit(*at) && digits < 6) {
        value = value * 10 + (*at++ - '0');
        digits++;
    }
    value *= scale[digits];
    if (at < end && is_digit(*at)) {
        value += *at >= '5';
    }
    while (at < end && is_digit(*at)) {
        at++;
    }
    *p = at;
    return value;
}

/* Reads a decimal number at *p into millionths; false, with *p unmoved, if there is none. */
static bool number(const char **p, const char *end, int64_t *out)
{
    const char *at = *p;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    const char *first = at;
    int64_t value = 0;
    for (; at < end && is_digit(*at); at++) {
        value = value * 10 + (*at - '0');
        value = value > NUMBER_MAX ? NUMBER_MAX : value;
    }
    bool digits = at > first;
    value *= GCODE_ONE;
    if (at < end && *at == '.') {
        const char *point = ++at;
        value += fraction(&at, end);
        digits = digits || at > point;
    }
    if (!digits) {
        return false;
    }
    *p = at;
    *out = negative ? -value : value;
    return true;
}

/* A whole number of at most six digits at *p, else -1 (and *p behind its digits). */
static int small_number(const char **p, const char *end)
{
    const char *at = *p;
    int value = 0;
    while (at < end && is_digit(*at)) {
        value = at - *p < 6 ? value * 10 + (*at - '0') : -1;
        if (value < 0) {
            break;
        }
        at++;
    }
    if (at == *p) {
        value = -1;
    }
    *p = at;
    return value;
}

/* True if "*digits" and blanks are all that is left of the line or of what precedes the comment. */
static bool is_checksum(const char *star, const char *end)
{
    const char *p = star + 1;
    const char *digits = p;
    while (p < end && is_digit(*p)) {
        p++;
    }
    bool any = p > digits;
    p = skip_blanks(p, end);
    return any && (p == end || *p == ';');
}

/* The end of a line whose words are text: its comment, and its checksum if it is numbered. */
static const char *text_end(const char *start, const char *end, bool numbered)
{
    const char *comment = memchr(start, ';', (size_t)(end - start));
    end = trim_end(start, comment != NULL ? comment : end);
    const char *star = numbered ? memrchr(start, '*', (size_t)(end - start)) : NULL;
    if (star != NULL && is_checksum(star, end)) {
        end = trim_end(start, star);
    }
    return end;
}

static bool takes_text(const struct gcode *g)
{
    if (g->number < 0 || g->letter == '@') {
        return true;
    }
    if (g->letter != 'M') {
        return false;
    }
    switch (g->number) {
    case 23:
    case 28:
    case 30:
    case 32:
    case 117:
    case 118:
    case 928:
        return true;
    default:
        return false;
    }
}

/* The command itself; returns where its words begin. */
static const char *command(struct gcode *g, const char *p, const char *end)
{
    g->letter = upper(*p);
    g->number = -1;
    g->sub = 0;
    if (!is_letter(*p)) {
        if (*p != '@') {
            g->letter = '?';
        }
        return p;
    }
    p = skip_blanks(p + 1, end);
    g->number = small_number(&p, end);
    if (g->number >= 0 && p + 1 < end && *p == '.' && is_digit(p[1])) {
        p++;
        g->sub = small_number(&p, end);
    }
    if (p < end && (*p == '_' || is_digit(*p))) {
        g->number = -1; /* a macro's name, or more digits than any command has */
    }
    return p;
}

/* Copies `text` without its "(...)" into `joined`; false if that has no room. */
static bool join(struct gcode *g, const char *start, const char *end)
{
    size_t len = 0;
    bool inside = false;
    for (const char *p = start; p < end && !(*p == ';' && !inside); p++) {
        if (inside || *p == '(') {
            inside = *p != ')';
            continue;
        }
        if (len == sizeof g->joined) {
            return false;
        }
        g->joined[len++] = *p;
    }
    g->len = len;
    return true;
}

/* A quoted string: nothing in it is a word. */
static const char *skip_quoted(const char *p, const char *end)
{
    const char *close = memchr(p + 1, '"', (size_t)(end - p - 1));
    return close != NULL ? close + 1 : end;
}

/* One letter and its number, if it has one. */
static const char *word(struct gcode *g, const char *p, const char *end)
{
    int index = upper(*p) - 'A';
    uint32_t bit = UINT32_C(1) << index;
    g->has |= bit;
    p++;
    if (p < end && is_blank(*p)) {
        const char *next = skip_blanks(p, end);
        p = next < end && !is_letter(*next) ? next : p;
    }
    if (number(&p, end, &g->value[index])) {
        g->valued |= bit;
    }
    return p;
}

/* Reads the words from p on; returns where the command ends, or a '(' that stands among them. */
static const char *words(struct gcode *g, const char *p, const char *end, bool numbered)
{
    bool names = g->letter == 'M' && g->number == 486;
    while (p < end) {
        char c = *p;
        if (is_blank(c)) {
            g->stray = g->stray || c == '\r'; /* worth a look unless it ends the line */
            p++;
        } else if (names && upper(c) == 'A') {
            g->has |= GCODE_BIT('A');
            return text_end(p, end, numbered);
        } else if (is_letter(c)) {
            p = word(g, p, end);
        } else if (c == ';' || c == '(' || (c == '*' && is_checksum(p, end))) {
            return p;
        } else {
            g->stray = true;
            p = c == '"' ? skip_quoted(p, end) : p + 1;
        }
    }
    return p;
}

/* Skips blanks and "(...)"; an unclosed one reaches to the end. */
static const char *skip_leading(const char *p, const char *end)
{
    p = skip_blanks(p, end);
    while (p < end && *p == '(') {
        const char *close = memchr(p, ')', (size_t)(end - p));
        p = close != NULL ? skip_blanks(close + 1, end) : end;
    }
    return p;
}

/* Skips "N123"; an N without a number is left standing. */
static const char *skip_line_number(const char *p, const char *end, bool *numbered)
{
    *numbered = false;
    if (p == end || upper(*p) != 'N') {
        return p;
    }
    const char *digits = skip_blanks(p + 1, end);
    const char *after = digits;
    int64_t ignored;
    if (!number(&after, end, &ignored)) {
        return p;
    }
    *numbered = true;
    return skip_leading(after, end);
}

static void parse_at(struct gcode *g, const char *start, const char *end, bool numbered)
{
    const char *p = command(g, start, end);
    if (takes_text(g)) {
        p = text_end(start, end, numbered);
        g->stray = true;
    } else {
        p = words(g, p, end, numbered);
    }
    if (p < end && *p == '(' && join(g, start, end)) {
        g->has = 0;
        g->valued = 0;
        start = g->joined;
        end = g->joined + g->len;
        p = words(g, command(g, start, end), end, numbered);
    } else if (p < end && *p == '(') {
        p = text_end(start, end, numbered);
        g->stray = true;
    }
    g->text = start;
    g->len = (size_t)(trim_end(start, p) - start);
}

void gcode_parse(struct gcode *g, const char *line, size_t len)
{
    const char *p = line;
    const char *end = line + len;
    g->letter = 0;
    g->number = -1;
    g->sub = 0;
    g->has = 0;
    g->valued = 0;
    g->stray = false;
    g->text = "";
    g->len = 0;
    if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }
    bool numbered;
    p = skip_line_number(skip_leading(p, end), end, &numbered);
    if (p < end && *p != ';' && !(*p == '*' && is_checksum(p, end))) {
        parse_at(g, p, end, numbered);
    }
}

bool gcode_valued(const struct gcode *g, char letter)
{
    return (g->valued & GCODE_BIT(letter)) != 0;
}

bool gcode_display_only(const struct gcode *g)
{
    return g->letter == 'M' && (g->number == 117 || g->number == 118 ||
                                   (g->number == 486 && (g->has & GCODE_BIT('A')) != 0));
}
