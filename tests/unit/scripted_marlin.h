/* A scripted Marlin: takes lines, answers them, remembers what it heard and heats. */
#ifndef TEST_SCRIPTED_MARLIN_H
#define TEST_SCRIPTED_MARLIN_H

#include "host/core/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#define HEARD 2000

/* The printer: master side of the pty. */
struct marlin {
    int master;
    int slave; /* keeps the terminal alive */
    char path[64];
    uv_poll_t poll;
    bool plugged;
    struct line_split split;
    const char *uuid;      /* of its M115 */
    bool card;             /* tells of an SD card */
    const char *firmware;  /* of its M115; NULL = Marlin */
    const char *caps;      /* more lines of its M115; NULL = none */
    bool emergency_parser; /* M108 ends a wait at once */
    bool counts;           /* refuses a line whose number is not the next, as Marlin 2.1.2 does */
    long last_n;
    bool mute;            /* takes everything, answers nothing */
    bool targets_untold;  /* reports no targets */
    bool locked;          /* acknowledges heating commands and ignores them */
    const char *stuck_at; /* this command is not acknowledged before go_on() */
    bool stuck;
    size_t owed; /* oks held back meanwhile */
    size_t who;  /* of which this many stand before the answer to M115, itself counted; 0 = none */
    int tool_target[2];
    int bed_target;
    int chamber_target;
    int actual;   /* degrees of all heaters */
    int tools;    /* reported */
    bool chamber; /* reported */
    char heard[HEARD][64];
    size_t heard_count;
    void (*hook)(void *context, const char *command); /* each command, before its answer */
    void *hook_context;
};

static inline void say(struct marlin *p, const char *text)
{
    if (!p->mute && p->plugged) {
        assert_int_equal(write(p->master, text, strlen(text)), (ssize_t)strlen(text));
    }
}

static inline void report(struct marlin *p, const char *before, const char *after)
{
    char line[160];
    int len = snprintf(line, sizeof line, "%sT:%d.0", before, p->actual);
#define TARGET(value)                                                                              \
    (len += p->targets_untold                                                                      \
                ? 0                                                                                \
                : snprintf(line + len, sizeof line - (size_t)len, " /%d.0", (value)))
    TARGET(p->tool_target[0]);
    len += snprintf(line + len, sizeof line - (size_t)len, " B:%d.0", p->actual);
    TARGET(p->bed_target);
    for (int i = 0; i < p->tools && p->tools > 1; i++) {
        len += snprintf(line + len, sizeof line - (size_t)len, " T%d:%d.0", i, p->actual);
        TARGET(p->tool_target[i]);
    }
    if (p->chamber) {
        len += snprintf(line + len, sizeof line - (size_t)len, " C:%d.0", p->actual);
        TARGET(p->chamber_target);
    }
#undef TARGET
    snprintf(line + len, sizeof line - (size_t)len, "%s\n", after);
    say(p, line);
}

static inline void heat(struct marlin *p, const char *command)
{
    int code = atoi(command + 1);
    const char *s = strstr(command, " S");
    const char *t = strstr(command, " T");
    int target = s != NULL ? atoi(s + 2) : 0;
    if (p->locked) {
        return;
    }
    if (code == 104 || code == 109) {
        p->tool_target[t != NULL && atoi(t + 2) == 1] = target;
    } else if (code == 140 || code == 190) {
        p->bed_target = target;
    } else if (code == 141) {
        p->chamber_target = target;
    }
}

static inline void tell_who(struct marlin *p)
{
    char text[300];
    snprintf(text, sizeof text,
        "FIRMWARE_NAME:%s MACHINE_TYPE:Bench UUID:%s\n"
        "Cap:AUTOREPORT_TEMP:0\nCap:SDCARD:%d\nCap:EMERGENCY_PARSER:%d\n%s",
        p->firmware != NULL ? p->firmware : "Marlin 2.1.2", p->uuid, p->card, p->emergency_parser,
        p->caps != NULL ? p->caps : "");
    say(p, text);
}

static inline void go_on(struct marlin *p)
{
    p->stuck_at = NULL;
    p->stuck = false;
    for (; p->owed > 0; p->owed--) {
        if (p->who > 0 && --p->who == 0) {
            tell_who(p);
        }
        say(p, "ok\n");
    }
    p->who = 0;
}

static inline void answer(struct marlin *p, const char *command)
{
    if (p->stuck_at != NULL && strncmp(command, p->stuck_at, strlen(p->stuck_at)) == 0) {
        p->stuck = true;
    }
    bool asks_who = strcmp(command, "M115") == 0;
    if (asks_who && !p->stuck) {
        tell_who(p);
    } else if (asks_who) {
        p->who = p->owed + 1;
    }
    bool breaks = strcmp(command, "M108") == 0 || strncmp(command, "M876 S", 6) == 0;
    if (p->stuck && breaks && p->emergency_parser) {
        p->owed++;
        go_on(p);
    } else if (p->stuck) {
        p->owed++;
    } else if (strcmp(command, "M105") == 0) {
        report(p, "ok ", "");
    } else {
        say(p, "ok\n");
    }
}

/* True if the line is taken. A repeated number is met with silence. */
static inline bool count(struct marlin *p, const char *line)
{
    char text[120];
    long n = atol(line + 1);
    if (!p->counts || n == p->last_n + 1) {
        p->last_n = n;
        return true;
    }
    if (n != p->last_n) {
        snprintf(text, sizeof text,
            "Error:Line Number is not Last Line Number+1, Last Line: %ld\nResend: %ld\nok\n",
            p->last_n, p->last_n + 1);
        say(p, text);
    }
    return false;
}

/* Without N and checksum. */
static inline void take(struct marlin *p, const char *line)
{
    if (strstr(line, "M110") == NULL && line[0] == 'N' && !count(p, line)) {
        return;
    }
    char *slot = p->heard[p->heard_count < HEARD - 1 ? p->heard_count++ : p->heard_count];
    bool numbered = line[0] == 'N';
    const char *command = numbered ? strchr(line, ' ') + 1 : line;
    snprintf(
        slot, sizeof p->heard[0], "%.*s", (int)strcspn(command, numbered ? "*" : "\n"), command);
    if (strncmp(slot, "M110", 4) == 0) {
        p->heard_count--;
        p->last_n = 0;
        say(p, "ok\n");
        return;
    }
    if (p->hook != NULL) {
        p->hook(p->hook_context, slot);
    }
    if (slot[0] == 'M') {
        heat(p, slot);
    }
    if (strcmp(slot, "M112") != 0) {
        answer(p, slot);
    }
}

#endif
