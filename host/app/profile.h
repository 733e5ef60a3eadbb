/* Printer profiles: facts about a printer model from profiles/printers/NAME.yaml.
 *
 * A user's file overrides ours of the same name, also when it has mistakes: then there is no
 * profile of that name, rather than one with other limits than its owner wrote. A file that breaks
 * while we run keeps its last good facts. Schema: profiles/README.md. Every mistake is told as
 * FILE:LINE:COL.
 */
#ifndef PP_APP_PROFILE_H
#define PP_APP_PROFILE_H

#include "host/app/quirks.h"
#include "host/base/err.h"
#include "host/base/str.h"
#include "host/core/preflight.h"
#include "host/core/progress.h"
#include "host/core/thermal.h"

#include <stdbool.h>
#include <stddef.h>

#define PROFILE_IGNORE_LINES 33 /* and a NULL */

enum window_mode {
    WINDOW_AUTO, /* starts at 1, opens on evidence */
    WINDOW_ONE,  /* always ping-pong */
    WINDOW_BYTES /* trusted from the start */
};

struct profile {
    char id[64];      /* file name without .yaml */
    char name[96];    /* for people */
    char *models[16]; /* owned; limits.models points here */
    struct limits limits;
    struct kinematics kinematics;
    struct thermal_limits thermal[THERMAL_KINDS];
    char firmware[32]; /* dialect hint: marlin, prusa, repetier, klipper, ... */
    struct quirks quirks;
    int baud;          /* 0 = detect */
    size_t rx_bytes;   /* receive buffer, 0 = unknown (128 is assumed) */
    int command_slots; /* BUFSIZE, 0 = unknown (4 is assumed) */
    enum window_mode window;
    bool meatpack; /* pack lines for a printer that can unpack them, on a slow wire */
    enum progress_mode progress;
    bool own_scripts;   /* pause, resume or cancel is the profile's own word */
    char *pause_script; /* gcode, may be ""; owned */
    char *resume_script;
    char *cancel_script;
    char *recover_script; /* after homing X and Y, hot: primes the nozzle beside the print */
    char *end_script;     /* after a print that ended well */
    bool belt; /* Z is a belt under a sloping gantry: with a print on it Y cannot be homed */
    char clear_script[64]; /* clears its bed after a print until a person hangs on others; "" */
    char *
        ignore_lines[PROFILE_IGNORE_LINES]; /* owned; not sent while printing, NULL past the last */
    char source[256];                       /* file it came from */
};

struct profiles;

/* The folders read by default, NULL-terminated: `shipped`, /etc/pphost/profiles,
 * $XDG_CONFIG_HOME/pphost/profiles, `extra` (NULL or "" = none). */
void profiles_dirs(const char *out[static 5], const char *shipped, const char *extra);

/* Loads every profile from the folders, later ones override (dirs: NULL-terminated; a missing
 * folder is fine). Mistakes are collected and that file is left out; the call fails only for I/O.
 */
int profiles_open(struct profiles **out, const char *const *dirs, struct err *e);
void profiles_close(struct profiles *p);

/* Reads changed files again; true if anything changed. Pointers given out stay valid until close.
 */
bool profiles_reload(struct profiles *p);

const struct profile *profiles_find(const struct profiles *p, const char *id); /* NULL if none */
const struct profile *profiles_at(const struct profiles *p, size_t index); /* by id; NULL past */

/* The id that may have been meant by a wrong one; NULL = none is near. */
const char *profiles_suggest(const struct profiles *p, const char *id);

/* The mistakes found, "file:line:col: key: ...", one by one; NULL past the last. */
const char *profiles_mistake(const struct profiles *p, size_t index);

/* The profile meant by a name a slicer or a person gives a printer (host/core/match.h); NULL if
 * none is or several may be. */
const struct profile *profiles_match(const struct profiles *p, const char *model);

/* The profile of the printer a file was made for, NULL when in doubt. A profile without `models` is
 * never given to a file. */
const struct profile *profiles_for_file(const struct profiles *p, const struct analysis *a);

/* One profile from memory; NULL, and the mistakes line by line, if it has any. `source` ends in
 * NAME.yaml. Free with profile_free(). */
struct profile *profile_read(
    const char *source, const char *bytes, size_t len, struct strbuf *mistakes);
void profile_free(struct profile *p);

#endif
