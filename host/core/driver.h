/* The driver: what a printer does all weekend while nobody looks. Pure; a table of rules
 * (host/core/driver_table.c).
 *
 * Happy path: start → activating (script) → idle → work is there, the bed is clear → preparing →
 * starting → printing → success → cooldown → clearing → the next one, at once → … → finishing
 * (script) → idle. Every step is a reaction to one event and to the facts of that moment; the
 * driver looks at no clock and remembers nothing but its own struct. What it wants done comes out
 * as actions, in order; they are carried out after driver_step() has returned, and events they
 * cause are further steps.
 *
 * Failure modes are states: what cannot start is tried again (attempts), then skipped, quarantined
 * or stops the queue, as set; what a person must do is a state that waits (awaiting-material,
 * awaiting-bed, paused). Stopping is always legal and never touches a print; one of the queue that
 * ends later is still counted.
 */
#ifndef PP_CORE_DRIVER_H
#define PP_CORE_DRIVER_H

#include "host/base/sm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum driver_state {
    DRIVER_INACTIVE,
    DRIVER_ACTIVATING, /* the script of `activate` runs */
    DRIVER_IDLE,       /* managing, nothing to print now (also: a file is missing and asked for) */
    DRIVER_PREPARING,  /* fetch, slice, verify */
    DRIVER_AWAITING_MATERIAL,
    DRIVER_AWAITING_BED,
    DRIVER_STARTING, /* the script of `print_start`, then the print is asked for */
    DRIVER_PRINTING,
    DRIVER_PAUSED,
    DRIVER_RECOVERING, /* the printer is away in a print, or a cut-off print waits for its answer */
    DRIVER_FAILURE,    /* the script of `print_failure` or `print_cancel` runs */
    DRIVER_SUCCESS,    /* the print is being counted */
    DRIVER_COOLDOWN,
    DRIVER_CLEARING,  /* the script of `print_success` runs */
    DRIVER_FINISHING, /* the script of `finish` runs */
    DRIVER_STATES
};

extern const struct sm_state driver_states[DRIVER_STATES];

/* The moments scripts hang on. */
enum driver_moment {
    MOMENT_ACTIVATE,
    MOMENT_PRINT_START,
    MOMENT_PRINT_SUCCESS, /* a print is done and another follows: clear the bed */
    MOMENT_PRINT_FAILURE,
    MOMENT_PRINT_CANCEL,
    MOMENT_PRINT_PAUSE,
    MOMENT_PRINT_RESUME,
    MOMENT_COOLDOWN,
    MOMENT_FINISH, /* the last print is done */
    MOMENT_AWAITING_MATERIAL,
    MOMENT_AWAITING_BED,
    MOMENT_DEACTIVATE,
    MOMENTS
};

const char *driver_moment_name(enum driver_moment m); /* "activate", "print_start", … */
bool driver_moment_parse(const char *name, enum driver_moment *out);

enum driver_event {
    DRIVER_START,    /* a person: manage the queue */
    DRIVER_STOP,     /* a person, or a cause: stop managing; a print goes on */
    DRIVER_ONCE,     /* a person: print the job of `facts.work`, then be inactive again */
    DRIVER_LOOK,     /* facts may have changed: the queue, the printer, the bed, materials, time */
    DRIVER_PREPARED, /* what DRIVER_DO_PREPARE asked for is there */
    DRIVER_PREPARE_FAILED, /* or the claim was refused */
    DRIVER_SCRIPT_DONE, /* the script DRIVER_DO_SCRIPT asked for has ended well, or there was none;
                           what it clears is clear */
    DRIVER_SCRIPT_FAILED,
    DRIVER_PRINT_BEGUN,   /* a run was opened: ours, or a foreign one; exactly one end follows */
    DRIVER_PRINT_REFUSED, /* what DRIVER_DO_PRINT asked for will not be; its BEGIN is taken back */
    DRIVER_PRINT_PAUSED,
    DRIVER_PRINT_RESUMED,
    DRIVER_PRINT_DONE,      /* ended well */
    DRIVER_PRINT_FAILED,    /* failure, aborted, interrupted */
    DRIVER_PRINT_CANCELLED, /* by a person, here or at the printer */
    DRIVER_COUNTED,         /* DRIVER_DO_FINISH is durable; facts.work is what follows */
    DRIVER_COUNT_FAILED,    /* it is not (full disk): stop, and the person is told */
    DRIVER_BED_DENIED,      /* the question about the bed was answered: it is not clear */
    DRIVER_EVENTS
};

/* What is true at the moment of an event. */
struct driver_facts {
    int64_t now_ms; /* monotonic */
    bool ready;     /* the printer is connected, idle, in no error, and no script runs */
    bool down;      /* it is offline or in an error, with no print: who knows when it is back */
    bool printing;  /* a run is open, whoever began it: its end will be told */
    bool paused;
    bool away; /* offline or recovering with a run open */
    bool ours; /* that run, or at an end the one that has ended, is of the queue: asked for by the
                  driver, or known by its id */
    int64_t print_ms; /* how long that run has lasted */
    bool fault;       /* it ended because of the printer (a heater, a halt, an emergency stop), not
                         of the print: never tried again, managing stops */
    bool bed_clear;
    bool work;                  /* queue_next() offers something (while `once`: of that job), */
    bool work_blocked_file;     /* which lacks its file */
    bool work_blocked_material; /* or its material */
    bool work_again;            /* it is the set that was claimed last */
    bool still_wanted;    /* what was claimed is still to be printed: not removed, held, changed */
    bool needs_person;    /* the print itself will need one (M600) */
    bool quiet;           /* quiet hours: no step that needs a person */
    int64_t quiet_end_ms; /* while quiet: until then (monotonic) */
    bool has_script[MOMENTS];
    int32_t bed_mc; /* INT32_MIN unknown */
};

enum driver_action {
    DRIVER_DO_CLAIM,   /* the work offered; it is the current one. Another one held is given back */
    DRIVER_DO_PREPARE, /* its file; PREPARED or PREPARE_FAILED follows */
    DRIVER_DO_PRINT,   /* queue BEGIN, then start it; PRINT_BEGUN or PRINT_REFUSED follows. What a
                          stop overtakes before it has begun may be refused */
    DRIVER_DO_FINISH,  /* queue FINISH with `success`, make it durable, then COUNTED */
    DRIVER_DO_RELEASE, /* the claim, where it shall not be kept */
    DRIVER_DO_ADOPT,   /* the print under way is a run of the queue if it knows it */
    DRIVER_DO_SCRIPT,  /* of `moment`; SCRIPT_DONE or SCRIPT_FAILED follows */
    DRIVER_DO_STOP_SCRIPT, /* nothing more is told of it */
    DRIVER_DO_MOMENT, /* run the scripts of `moment` without telling how they end; beside a print
                         only what does not touch it */
    DRIVER_DO_BED_OFF,
    DRIVER_DO_WAKE,    /* DRIVER_LOOK again at `wake_ms` (monotonic) at the latest */
    DRIVER_DO_ASK_BED, /* open the question to a person; UNASK: withdraw it if it is still open */
    DRIVER_DO_UNASK_BED,
    DRIVER_DO_ASK_MATERIAL,
    DRIVER_DO_UNASK_MATERIAL,
    DRIVER_DO_ASK_FILE,
    DRIVER_DO_UNASK_FILE,
    DRIVER_DO_QUARANTINE, /* the file of the current work */
    DRIVER_DO_SKIP,    /* pass its job over until it or the file changes, or managing starts anew */
    DRIVER_DO_STOPPED, /* tell a person that managing has stopped, and `reason` */
    DRIVER_DO_NOTICE,  /* tell a person `reason`; managing goes on */
    DRIVER_ACTIONS
};

/* What follows a file that failed `attempts` times. */
enum driver_give_up {
    DRIVER_GIVE_UP_STOP,
    DRIVER_GIVE_UP_SKIP,
    DRIVER_GIVE_UP_QUARANTINE
};

struct driver_settings {
    int attempts;     /* 3; at one print, in all */
    int64_t early_ms; /* a failure after longer than this is not tried again; 1 h */
    enum driver_give_up give_up;
    bool on_cancel_stop;         /* a cancelled print stops managing; else the job is skipped */
    bool cooldown;               /* managed: bed off, wait, then clear */
    int32_t cooldown_mc;         /* 30 °C */
    int64_t cooldown_timeout_ms; /* 60 min */
};

#define DRIVER_OUT_MAX 16

struct driver_out {
    struct {
        enum driver_action kind;
        enum driver_moment moment;
        bool success;
        int64_t wake_ms;
        const char *reason; /* a constant text */
    } action[DRIVER_OUT_MAX];
    size_t count;
};

enum driver_script {
    DRIVER_SCRIPT_NONE,
    DRIVER_SCRIPT_DUE, /* as soon as the printer can take it */
    DRIVER_SCRIPT_RUNS
};

struct driver {
    struct sm state;         /* enum driver_state */
    bool once;               /* back to inactive after that job */
    bool claimed;            /* a claim is held */
    bool print_asked;        /* DO_PRINT is out, neither begun nor refused */
    bool counting;           /* DO_FINISH is out, neither counted nor failed */
    bool stop_after;         /* FAILURE: managing stops after it, */
    const char *stop_reason; /* and tells why; NULL = nobody need be told */
    bool bed_denied;         /* a person said that it is not clear: not asked again */
    bool asked_bed, asked_material, asked_file;
    enum driver_script script;
    enum driver_moment moment; /* of that script */
    int attempt;               /* the next or present one at the current print, from 1; 0 = none */
    int64_t cool_ms;           /* since when it cools; -1 not yet */
    const char *reason;        /* why managing stopped by itself; NULL = it did not */
};

void driver_init(struct driver *d);

/* One event; actions are appended to `out`, which is emptied first. Never fails: an event that
 * makes no sense in a state is ignored. */
void driver_step(struct driver *d, const struct driver_settings *s, enum driver_event event,
    const struct driver_facts *f, struct driver_out *out);

enum driver_state driver_state(const struct driver *d);

/* What it does or waits for, for people: a constant text. */
const char *driver_text(const struct driver *d, const struct driver_facts *f);

/* True when nothing goes on before a person has done something. */
bool driver_needs_person(const struct driver *d, const struct driver_facts *f);

/* True while nothing but the end of the quiet hours is waited for. */
bool driver_waits_for_morning(const struct driver *d, const struct driver_facts *f);

/* True while a failed print is dealt with, and after managing stopped by itself. */
bool driver_in_error(const struct driver *d);

const char *driver_event_name(enum driver_event e);
const char *driver_action_name(enum driver_action a);

#endif
