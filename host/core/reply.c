#include "host/core/reply.h"

#include "host/core/near.h"
#include "host/core/temp.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FUZZ    2 /* wrong characters allowed in a known text: serial replies have no checksum */
#define LETTERS 8 /* of the shortest halting text */

/* Texts behind "Error:", lower case. The halting ones come first: they never wait for a Resend. */
static const struct {
    const char *text;
    enum reply_kind kind;
} errors[] = {
    {"printer halted", REPLY_HALT},
    {"kill() called", REPLY_HALT},
    {"kill caused", REPLY_HALT},
    {"heating failed", REPLY_HALT},
    {"thermal runaway", REPLY_HALT},
    {"maxtemp triggered", REPLY_HALT},
    {"mintemp triggered", REPLY_HALT},
    {"maxtemp bed triggered", REPLY_HALT},
    {"mintemp bed triggered", REPLY_HALT},
    {"extruder switched off", REPLY_HALT},
    {"heated bed switched off", REPLY_HALT},
    {"watchdog", REPLY_HALT},
    {"invalid extruder number", REPLY_HALT},
    {"printer stopped", REPLY_HALT},
    {"checksum mismatch", REPLY_RETRY},
    {"line number is not last line number", REPLY_RETRY},
    {"no checksum with line number", REPLY_RETRY},
    {"missing checksum", REPLY_RETRY},
    {"expected line", REPLY_RETRY},
    {"format error", REPLY_RETRY},
    {"no line number with checksum", REPLY_NO_ACK},
    {"missing linenumber", REPLY_NO_ACK},
};

/* Texts, lower case, behind which what was to come may not come. */
static const struct {
    const char *text;
    enum reply_kind kind;
} texts[] = {
    {"unknown command", REPLY_UNKNOWN},
    {"full rx buffer", REPLY_RETRY},  /* Prusa: what it held is thrown away */
    {"rx timeout", REPLY_RETRY},      /* Prusa: half a line, for two seconds */
    {"printer locked!", REPLY_ABORT}, /* Marlin with a passcode: acknowledges all, does nothing */
};

/* How many characters at `text` differ from `needle`, INT_MAX if it is shorter. */
static int differs(const char *text, const char *needle)
{
    int wrong = 0;
    for (; *needle != '\0'; text++, needle++) {
        if (*text == '\0') {
            return INT_MAX;
        }
        wrong += tolower((unsigned char)*text) != *needle;
    }
    return wrong;
}

static bool any_near(const char *text, const char *const *known, size_t count)
{
    size_t len = strlen(text);
    bool found = false;
    for (size_t i = 0; i < count && !found; i++) {
        found = near_in(text, len, known[i], FUZZ);
    }
    return found;
}

#define ANY_NEAR(text, known) any_near(text, known, sizeof(known) / sizeof *(known))

/* The kind of an error by its text; of those that halt alone, if `halts_only`. */
static enum reply_kind error_kind(const char *text, bool halts_only)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        bool counts = errors[i].kind == REPLY_HALT || !halts_only;
        if (counts && near_in(text, len, errors[i].text, FUZZ)) {
            return errors[i].kind;
        }
    }
    return REPLY_ERROR;
}

/* "!!" of Klipper: the print is over; after these so is everything. */
static enum reply_kind klipper_kind(const char *text)
{
    static const char *const halts[] = {
        "shutdown", "lost communication with mcu", "not heating at expected rate"};
    bool halt = ANY_NEAR(text, halts) || error_kind(text, true) == REPLY_HALT;
    return halt ? REPLY_HALT : REPLY_ABORT;
}

/* Behind these everything is off, and nothing is listened to any more. */
static bool is_dead(const char *text)
{
    static const char *const ends[] = {"printer halted", "kill() called", "shutdown"};
    return ANY_NEAR(text, ends);
}

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p;
}

/* The decimal number at p, or -1; at most 15 digits, so that garbage cannot overflow. */
static int64_t number_at(const char *p)
{
    int64_t value = 0;
    int digits = 0;
    for (; *p >= '0' && *p <= '9' && digits < 15; p++, digits++) {
        value = value * 10 + (*p - '0');
    }
    return digits > 0 ? value : -1;
}

/* "ok", "ok N5 P15 B3" (Marlin's ADVANCED_OK), "ok 5" (Repetier), "ok T:20.1 /0.0 ...". */
static void parse_ok(struct reply *r, const char *p)
{
    r->kind = REPLY_OK;
    r->oks = 1;
    while (strncmp(p, "ok", 2) == 0) { /* a newline between them was lost */
        r->oks++;
        p += 2;
    }
    p = skip_blanks(p);
    if (isdigit((unsigned char)*p)) {
        r->n = number_at(p);
    }
    for (; *p != '\0'; p++) {
        int64_t value = isdigit((unsigned char)p[1]) ? number_at(p + 1) : -1;
        if (p[1] == ':' || value < 0) {
            r->temps = r->temps || (p[1] == ':' && (*p == 'T' || *p == 'B'));
            if (r->temps) {
                break;
            }
        } else if (*p == 'N') {
            r->n = value;
        } else if (*p == 'P' && value < 1000) {
            r->planner_free = (int)value;
        } else if (*p == 'B' && value < 1000) {
            r->buffer_free = (int)value;
        }
    }
}

/* "Resend: 23", "Resend:N23", "Resend: N:23", "rs 23", "rs N23 Expected checksum 67". */
static void parse_resend(struct reply *r, const char *p)
{
    r->kind = REPLY_RESEND;
    p = skip_blanks(p);
    p += *p == ':';
    p = skip_blanks(p);
    p += *p == 'N' || *p == 'n';
    p += *p == ':';
    r->n = number_at(skip_blanks(p));
}

/* What follows "Error:" and the like, NULL if it is no error. One wrong character is allowed. A
 * line that begins with " :" is the second half of an error that the firmware writes in two. */
static const char *error_text(const char *line)
{
    static const char *const prefixes[] = {"error:", "serial error:"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (differs(line, prefixes[i]) <= 1) {
            return line + strlen(prefixes[i]);
        }
    }
    return strncmp(line, "!!", 2) == 0 || strncmp(line, " :", 2) == 0 ? line + 2 : NULL;
}

/* A line that may have begun with "Error:" or " :" before the wire changed it. */
static bool was_error(const char *line)
{
    size_t len = strlen(line);
    size_t letters = 0;
    for (size_t i = 0; i < len; i++) {
        letters += isalpha((unsigned char)line[i]) != 0;
    }
    bool half = len > 1 && (line[0] == ' ' || line[0] == ':' || line[1] == ':');
    return letters >= LETTERS && (half || near_in(line, len < 8 ? len : 8, "error:", FUZZ));
}

static bool parse_error(struct reply *r, const char *line)
{
    const char *text = error_text(line);
    if (text != NULL) {
        r->text = skip_blanks(text);
        r->kind = line[0] == '!' ? klipper_kind(r->text) : error_kind(r->text, false);
    } else if (strncasecmp(line, "fatal:", 6) == 0) {
        r->text = skip_blanks(line + 6);
        r->kind = REPLY_HALT;
    } else if (was_error(line) && error_kind(line, true) == REPLY_HALT) {
        r->kind = REPLY_HALT;
    }
    bool power_fails = strcmp(line, "INT4") == 0; /* Prusa */
    r->kind = power_fails ? REPLY_HALT : r->kind;
    r->dead = power_fails || (r->kind == REPLY_HALT && is_dead(r->text));
    return r->kind != REPLY_TEXT;
}

static bool parse_busy(struct reply *r, const char *line)
{
    const char *p = strncmp(line, "echo:", 5) == 0 ? line + 5 : line;
    p = skip_blanks(p);
    if (strncmp(p, "busy:", 5) != 0) {
        return false;
    }
    r->kind = REPLY_BUSY;
    r->text = skip_blanks(p + 5);
    r->waiting = true;
    return true;
}

static bool parse_action(struct reply *r, const char *line)
{
    const char *p = skip_blanks(line + 2);
    if (strncmp(p, "action:", 7) != 0) {
        return false;
    }
    r->kind = REPLY_ACTION;
    r->text = p + 7;
    return true;
}

/* A banner that ran into an unfinished reply: "ok T:19.38 /0.00start". */
static bool ends_in_start(const char *line, size_t len)
{
    return len > 5 && memcmp(line + len - 5, "start", 5) == 0;
}

static void parse_other(struct reply *r, const char *line, size_t len)
{
    bool error = parse_error(r, line);
    if (error || parse_busy(r, line)) {
        return;
    }
    if (strcmp(line, "start") == 0) {
        r->kind = REPLY_START;
        return;
    }
    if (strncmp(line, "wait", 4) == 0 && len <= 5) {
        r->kind = REPLY_WAIT;
        return;
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcasestr(line, texts[i].text) != NULL) {
            r->kind = texts[i].kind;
            r->locked = r->kind == REPLY_ABORT;
            return;
        }
    }
    r->temps = temp_is_report(line);
    r->waiting = r->temps && strstr(line, "W:") != NULL;
}

/* "ok", "ok ...", but not "okay"; and the ok that M30 writes behind "File deleted:NAME". */
static const char *find_ok(const char *line, size_t len)
{
    if (line[0] == 'o' && line[1] == 'k') {
        const char *p = line + 2;
        while (strncmp(p, "ok", 2) == 0) {
            p += 2;
        }
        return !isalpha((unsigned char)*p) || strcmp(p, "start") == 0 ? line + 2 : NULL;
    }
    bool deleted = strncmp(line, "File deleted:", 13) == 0 && len > 15;
    return deleted && strcmp(line + len - 2, "ok") == 0 ? line + len : NULL;
}

/* An ok whose newline was lost, in front of a Resend that says more than it. */
static const char *skip_fused_oks(const char *line)
{
    const char *p = line;
    while (strncmp(p, "ok", 2) == 0) {
        p += 2;
    }
    return strncasecmp(p, "resend", 6) == 0 || strncmp(p, "rs ", 3) == 0 ? p : line;
}

void reply_parse(struct reply *r, const char *line, size_t len)
{
    const char *rest = skip_fused_oks(line);
    int fused = (int)(rest - line) / 2;
    len -= (size_t)(rest - line);
    line = rest;
    const char *ok = find_ok(line, len);
    *r = (struct reply){.n = -1, .planner_free = -1, .buffer_free = -1, .text = line};
    r->oks = fused;
    if (ok != NULL) {
        parse_ok(r, ok);
        r->reset = ends_in_start(line, len);
    } else if (strncasecmp(line, "resend", 6) == 0) {
        parse_resend(r, line + 6);
    } else if (strncmp(line, "rs ", 3) == 0) {
        parse_resend(r, line + 3);
    } else if (line[0] != '/' || line[1] != '/' || !parse_action(r, line)) {
        parse_other(r, line, len);
        bool known = r->kind == REPLY_BUSY || (r->kind == REPLY_TEXT && r->temps);
        r->reset = known && ends_in_start(line, len);
    }
}
