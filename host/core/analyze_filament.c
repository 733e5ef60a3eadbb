#include "host/core/analyze_filament.h"

#include "host/base/str.h"

#include <string.h>

#define DENSITY_MAX 30000 /* mg/cm3 */

struct span {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"';
}

static struct span trimmed(struct span s)
{
    while (s.at < s.end && is_blank(*s.at)) {
        s.at++;
    }
    while (s.end > s.at && is_blank(s.end[-1])) {
        s.end--;
    }
    return s;
}

static void set_type(struct analysis_filament *f, struct span s)
{
    if (f->type[0] == '\0') {
        str_escape(f->type, sizeof f->type, s.at, (size_t)(s.end - s.at));
    }
}

/* Some write an opacity behind the colour; that is left out. */
static void set_colour(struct analysis_filament *f, struct span s)
{
    char colour[8] = "#";
    size_t len = (size_t)(s.end - s.at);
    if (f->colour[0] != '\0' || (len != 7 && len != 9) || *s.at != '#') {
        return;
    }
    for (size_t i = 1; i < 7; i++) {
        char c = s.at[i];
        colour[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
        if (!is_digit(c) && !(colour[i] >= 'a' && colour[i] <= 'f')) {
            return;
        }
    }
    memcpy(f->colour, colour, sizeof colour);
}

/* A decimal number in thousandths, at most ten million. */
static int thousandths(struct span s)
{
    int value = 0;
    int unit = 1000;
    for (; s.at < s.end && is_digit(*s.at) && value < 10000; s.at++) {
        value = value * 10 + (*s.at - '0');
    }
    value *= unit;
    if (s.at < s.end && *s.at == '.') {
        for (s.at++; s.at < s.end && is_digit(*s.at) && unit > 1; s.at++) {
            unit /= 10;
            value += (*s.at - '0') * unit;
        }
    }
    return value;
}

static void set_density(struct analysis_filament *f, struct span s)
{
    int value = thousandths(s);
    value = value > 100000 ? value / 1000 : value;
    if (f->density_mg_cm3 == 0 && value <= DENSITY_MAX) {
        f->density_mg_cm3 = value;
    }
}

static void set(struct analysis *a, size_t tool, enum filament_fact fact, struct span s)
{
    if (tool >= ANALYSIS_TOOLS) {
        return;
    }
    s = trimmed(s);
    switch (fact) {
    case FILAMENT_TYPE:
        set_type(&a->filament[tool], s);
        break;
    case FILAMENT_COLOUR:
        set_colour(&a->filament[tool], s);
        break;
    case FILAMENT_DENSITY:
        set_density(&a->filament[tool], s);
        break;
    }
}

void filament_list(struct analysis *a, enum filament_fact fact, const char *text, size_t len)
{
    const char *end = text + len;
    for (size_t tool = 0; tool < ANALYSIS_TOOLS; tool++) {
        const char *stop = text;
        while (stop < end && *stop != ';' && *stop != ',' && *stop != '|') {
            stop++;
        }
        set(a, tool, fact, (struct span){text, stop});
        if (stop == end) {
            break;
        }
        text = stop + 1;
    }
}

void filament_numbered(struct analysis *a, enum filament_fact fact, const char *text, size_t len)
{
    if (len > 2 && text[0] >= '1' && text[0] <= '9' && text[1] == ':') {
        set(a, (size_t)(text[0] - '1'), fact, (struct span){text + 2, text + len});
    }
}

void filament_finish(struct analysis *a)
{
    size_t tool = 0;
    while (tool + 1 < ANALYSIS_TOOLS && (a->tools_used >> tool & 1) == 0) {
        tool++;
    }
    bool told = (a->tools_used >> tool & 1) != 0 && a->filament[tool].type[0] != '\0';
    const struct analysis_filament *f = &a->filament[told ? tool : 0];
    str_copy(a->material, sizeof a->material, f->type, strlen(f->type));
    a->density_mg_cm3 = f->density_mg_cm3;
}
