#include "host/core/temp.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const names[TEMP_HEATERS] = {
    "tool0",
    "tool1",
    "tool2",
    "tool3",
    "tool4",
    "tool5",
    "tool6",
    "tool7",
    "bed",
    "chamber",
};

/* Reads "-12.345" into milli-units; NULL if there is no number at p, else what follows it. */
static const char *parse_milli(const char *p, int32_t *out)
{
    bool negative = *p == '-';
    int64_t value = 0;
    int64_t scale = 1000;
    int digits = 0;
    p += negative;
    for (; isdigit((unsigned char)*p); p++) {
        value = digits++ < 6 ? value * 10 + (*p - '0') : value;
    }
    if (digits == 0 || digits > 6) {
        return NULL;
    }
    value *= 1000;
    if (*p == '.') {
        for (p++; isdigit((unsigned char)*p); p++) {
            scale /= 10;
            value += (*p - '0') * scale;
        }
    }
    *out = (int32_t)(negative ? -value : value);
    return p;
}

static const char *blanks(const char *p)
{
    while (*p == ' ') {
        p++;
    }
    return p;
}

/* What C's printf() makes of a computation gone wrong; what follows it, NULL if it is not that. */
static const char *parse_no_number(const char *p)
{
    p += *p == '-';
    return strncasecmp(p, "nan", 3) == 0 || strncasecmp(p, "inf", 3) == 0 ? p + 3 : NULL;
}

/* Parses `:actual[ /target]` behind a name. */
static void take_pair(struct temp_report *t, int heater, const char *text)
{
    int32_t actual;
    int32_t target;
    const char *p = parse_milli(blanks(text), &actual);
    if (t->actual_mc[heater] != TEMP_NONE) {
        return;
    }
    if (p != NULL) {
        t->actual_mc[heater] = actual;
    } else if ((p = parse_no_number(blanks(text))) != NULL) {
        t->unreadable |= (uint16_t)(1u << heater);
    } else {
        return;
    }
    p = blanks(p);
    if (*p == '/' && parse_milli(blanks(p + 1), &target) != NULL) {
        t->target_mc[heater] = target;
    }
}

/* Which heater the name before a ':' means: -1 none, TEMP_HEATERS = the bare T. */
static int heater_of(const char *name, size_t len)
{
    if (len == 1 && name[0] == 'T') {
        return TEMP_HEATERS;
    }
    if (len == 2 && name[0] == 'T' && name[1] >= '0' && name[1] < '0' + TEMP_TOOLS) {
        return name[1] - '0';
    }
    if (len == 1 && name[0] == 'B') {
        return TEMP_BED;
    }
    return len == 1 && name[0] == 'C' ? TEMP_CHAMBER : -1;
}

/* Repetier tells targets in lines of their own: "TargetExtr0:210", "TargetBed:60". */
static void take_target(struct temp_report *t, const char *name, size_t len, const char *value)
{
    int32_t target;
    if (parse_milli(blanks(value), &target) == NULL) {
        return;
    }
    if (len == 11 && memcmp(name, "TargetExtr", 10) == 0 && name[10] >= '0' && name[10] <= '7') {
        t->target_mc[name[10] - '0'] = target;
    } else if (len == 9 && memcmp(name, "TargetBed", 9) == 0) {
        t->target_mc[TEMP_BED] = target;
    }
}

bool temp_is_report(const char *line)
{
    struct temp_report t;
    return temp_parse(&t, line, 0);
}

/* Fills the report name by name; the bare T: is returned as a position to be settled last. */
static const char *scan(struct temp_report *t, const char *line)
{
    const char *bare = NULL;
    for (const char *colon = strchr(line, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        const char *name = colon;
        while (name > line && isalnum((unsigned char)name[-1])) {
            name--;
        }
        size_t len = (size_t)(colon - name);
        int heater = name > line && name[-1] != ' ' ? -1 : heater_of(name, len);
        if (heater == TEMP_HEATERS) {
            bare = bare == NULL ? colon + 1 : bare;
        } else if (heater >= 0) {
            take_pair(t, heater, colon + 1);
        } else {
            take_target(t, name, len, colon + 1);
        }
    }
    return bare;
}

/* While one tool is waited for, "T:201 E:1 W:?" names it; -1 if the line does not. */
static int waited_tool(const char *line)
{
    const char *e = strstr(line, " E:");
    bool one_digit = e != NULL && e[3] >= '0' && e[3] < '0' + TEMP_TOOLS &&
                     (e[4] == ' ' || e[4] == '\0') && strstr(line, " W:") != NULL;
    return one_digit ? e[3] - '0' : -1;
}

bool temp_parse(struct temp_report *t, const char *line, int active_tool)
{
    bool found = false;
    int waited = waited_tool(line);
    if (strncmp(blanks(line), "X:", 2) == 0) {
        return false; /* a position; its "Count A: B:" (CoreXY, delta) are no temperatures */
    }
    for (int i = 0; i < TEMP_HEATERS; i++) {
        t->actual_mc[i] = TEMP_NONE;
        t->target_mc[i] = TEMP_NONE;
    }
    t->unreadable = 0;
    const char *bare = scan(t, line);
    active_tool = waited >= 0 ? waited : active_tool;
    if (bare != NULL && t->actual_mc[0] == TEMP_NONE && active_tool >= 0 &&
        active_tool < TEMP_TOOLS) {
        take_pair(t, active_tool, bare);
    }
    for (int i = 0; i < TEMP_HEATERS; i++) {
        found = found || t->actual_mc[i] != TEMP_NONE || t->target_mc[i] != TEMP_NONE;
    }
    return found || t->unreadable != 0;
}

const char *temp_heater_name(size_t heater)
{
    return names[heater];
}

int temp_heater_index(const char *name)
{
    for (int i = 0; i < TEMP_HEATERS; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}
