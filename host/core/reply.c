#include "host/core/reply.h"

#include "host/core/temp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FUZZ 2 /* wrong characters allowed in a known text: serial replies have no checksum */

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
    {"watchdog", REPLY_HALT},
    {"checksum mismatch", REPLY_RETRY},
    {"line number is not last line number", REPLY_RETRY},
    {"no checksum with line number", REPLY_RETRY},
    {"missing checksum", REPLY_RETRY},
    {"expected line", REPLY_RETRY},
    {"format error", REPLY_RETRY},
    {"no line number with checksum", REPLY_NO_ACK},
    {"missing linenumber", REPLY_NO_ACK},
};

/* True if `needle` stands at `text` with at most FUZZ characters different. */
static bool near(const char *text, const char *needle)
{
    int wrong = 0;
    for (; *needle != '\0'; text++, needle++) {
        if (*text == '\0') {
            return false;
        }
        wrong += tolower((unsigned char)*text) != *needle;
        if (wrong > FUZZ) {
            return false;
        }
    }
    return true;
}

static bool contains_near(const char *text, const char *needle)
{
    for (; *text != '\0'; text++) {
        if (near(text, needle)) {
            return true;
        }
    }
    return false;
}

static enum reply_kind error_kind(const char *text)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (contains_near(text, errors[i].text)) {
            return errors[i].kind;
        }
    }
    return REPLY_ERROR;
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

static bool parse_error(struct reply *r, const char *line)
{
    const char *text = NULL;
    if (strncasecmp(line, "error:", 6) == 0) {
        text = line + 6;
    } else if (strncasecmp(line, "serial error:", 13) == 0) {
        text = line + 13;
    } else if (strncmp(line, "!!", 2) == 0) {
        text = line + 2;
    } else if (strncasecmp(line, "fatal:", 6) == 0) {
        r->kind = REPLY_HALT;
        r->text = skip_blanks(line + 6);
        return true;
    }
    if (text == NULL) {
        return false;
    }
    r->text = skip_blanks(text);
    r->kind = error_kind(r->text);
    return true;
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
    r->temps = temp_is_report(line);
    r->waiting = r->temps && strstr(line, "W:") != NULL;
}

void reply_parse(struct reply *r, const char *line, size_t len)
{
    *r = (struct reply){.n = -1, .planner_free = -1, .buffer_free = -1, .text = line};
    if (line[0] == 'o' && line[1] == 'k' && !isalpha((unsigned char)line[2])) {
        parse_ok(r, line + 2);
        r->reset = ends_in_start(line, len);
    } else if (strncasecmp(line, "resend", 6) == 0) {
        parse_resend(r, line + 6);
    } else if (strncmp(line, "rs ", 3) == 0) {
        parse_resend(r, line + 3);
    } else if (line[0] != '/' || line[1] != '/' || !parse_action(r, line)) {
        parse_other(r, line, len);
        r->reset = r->kind == REPLY_TEXT && r->temps && ends_in_start(line, len);
    }
}
