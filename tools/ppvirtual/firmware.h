/* What one firmware says and how it reads lines: one row each in a const table.
 *
 * The rows for Marlin are what running Marlin answered; the others go as far as banner, M115, and
 * the forms of ok, temperatures, errors and resends.
 */
#ifndef PPV_FIRMWARE_H
#define PPV_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>

enum ok_form {
    OK_PLAIN,    /* ok */
    OK_ADVANCED, /* ok N4 P15 B3 */
    OK_NUMBER,   /* ok 4, as soon as the line has been read */
};

/* A numbered line that was the last accepted one or the one before. */
enum repeat_rule {
    REPEAT_SILENT,  /* no ok, no Resend */
    REPEAT_ERROR,   /* as any wrong number */
    REPEAT_EXECUTE, /* again */
    REPEAT_SKIP,    /* skip N and ok */
};

/* A checksum without a line number. */
enum stray_rule {
    STRAY_EXECUTE, /* unchecked */
    STRAY_ERROR,   /* an error, and nothing else */
    STRAY_RESEND,
};

enum temp_form {
    TEMP_MARLIN,   /* ok T:19.38 /0.00 B:19.38 /0.00 @:0 B@:0 */
    TEMP_SPRINTER, /* ok T:21 @:0 B:21 */
    TEMP_TEACUP,   /* T:95.0/0.0 B:50.0/0.0, then ok */
    TEMP_REPETIER, /* ok, then T:20.00 /0 B:20.00 /0 B@:0 @:0 */
    TEMP_KLIPPER,  /* ok B:20.0 /0.0 T0:20.0 /0.0 */
    TEMP_SMOOTHIE, /* ok T:20.0 /0.0 @0 B:20.0 /0.0 @0 */
    TEMP_PRUSA,    /* ok T:20.0 /0.0 B:20.0 /0.0 T0:20.0 /0.0 @:0 B@:0 P:0.0 A:28.4 */
};

enum kill_form {
    KILL_MARLIN2, /* M112 Shutdown, halted, //action:poweroff */
    KILL_MARLIN1, /* halted */
    KILL_KLIPPER, /* !! Shutdown due to M112 command */
    KILL_SILENT,
    KILL_NONE, /* ok, and it lives on */
};

struct firmware {
    const char *name;        /* for --firmware */
    const char *banner;      /* lines ending in \n */
    const char *about;       /* M115's first lines; {machine} {tools} {uuid} are filled in */
    const char *const *caps; /* "NAME:0"; NULL-terminated; NULL = none */
    const char *cap_word;    /* "Cap" */
    const char *eol;
    size_t line_max; /* longer lines lose their end */
    enum ok_form ok;
    enum temp_form temp;
    enum kill_form kill;
    enum repeat_rule repeat;
    enum stray_rule stray;
    bool area;       /* M115 tells the build volume */
    bool any_number; /* line numbers need not follow each other */
    bool no_sum_ok;  /* a number without a checksum is executed */
    bool no_sums;    /* checksums are not looked at */
    bool first_star; /* the checksum begins at the first '*' */
    bool empty_ok;   /* an empty line gets an ok */
    bool m110_unnumbered;
    bool prompts;       /* prompt_begin and so on; echoes M117 as a notification */
    bool own_pause;     /* M601 to M604 */
    const char *action; /* how its "//action:" lines begin; NULL: it has none */
    bool classic_jerk;
    bool busy;           /* echo:busy: processing */
    bool waits;          /* "wait" each idle second */
    bool m999_resend;    /* M999 flushes and asks for a line although nothing was wrong */
    const char *bad_sum; /* text before the last good number; NULL: no such line */
    const char *bad_number;
    const char *no_sum;
    const char *no_number;
    const char *resend;       /* before the number */
    const char *resend_tail;  /* after it */
    const char *unknown_head; /* around the unknown command; NULL: plain ok */
    const char *unknown_tail;
};

/* The row of that name; NULL if there is none. */
const struct firmware *firmware_find(const char *name);

/* The names, for messages: the index counts from 0; NULL behind the last. */
const char *firmware_name(size_t index);

#endif
