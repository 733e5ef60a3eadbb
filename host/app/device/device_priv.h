/* Inside of struct device, shared by device*.c alone.
 *
 * device.c        life, state, the timer
 * device_orders.c what people want of the printer itself
 * device_status.c what the rest of the program sees
 * device_link.c   opening the port, greeting, M115, reconnecting
 * device_notes.c  what the sender tells; connections that end
 * device_rx.c     what the printer says: capabilities, actions, the terminal
 * device_temps.c  temperatures
 * device_question.c questions to a person and their answers
 * device_prompt.c what the printer asks of us: actions, prompts
 * device_wait.c   the printer waits by itself, for a person
 * device_display.c progress on the printer's display
 * device_gate.c   what stands before a print: pre-flight, the bed, questions
 * device_print.c  a print from its start to its end: barriers, tags
 * device_motion.c scripts that move the printer: park, restore, cancel
 * device_recover.c a print is cut off, and the port found again
 * device_go_on.c   it goes on where it was
 * device_offer.c   or only if a person says so: after a reset, a power cut
 * device_kept.c    what is kept for that, and found by the next process
 * device_words.c   what is kept of the device for that
 * device_sd_priv.h the printer's own card
 * device_heat.h   the thermal watch, heaters that nobody needs
 * device_queue.c  what the queue wants: a print that asks nothing, questions of its own
 * device_script.c a script of the queue, between prints
 */
#ifndef PP_APP_DEVICE_PRIV_H
#define PP_APP_DEVICE_PRIV_H

#include "host/app/device/device.h"
#include "host/app/device/device_sd_priv.h"
#include "host/app/device/device_heat.h"
#include "host/app/device/device_recover.h"
#include "host/app/device/spool.h"
#include "host/core/caps.h"
#include "host/core/gcheck.h"
#include "host/core/m115.h"
#include "host/core/progress.h"
#include "host/core/prompt.h"
#include "host/core/temp.h"
#include "host/io/sender.h"

#define TERMINAL_LINES 200
#define MAX_WAITING    32 /* commands of people; the rest of the sender's queue is for scripts */

/* What follows when an injected line is acknowledged. */
enum device_tag {
    TAG_NONE,
    TAG_INFO,      /* M115 answered: choose the dialect, ask for temperatures */
    TAG_READY,     /* set-up done: operational */
    TAG_PAUSED,    /* pause script done */
    TAG_RESUMED,   /* position restored */
    TAG_CANCELLED, /* cancel script done */
    TAG_FINISHED,  /* last move done */
    TAG_COLD,      /* heaters off before closing */
    TAG_HEATED,    /* a print that a person has said shall go on: hot again */
    TAG_RESTORED,  /* and the tool is where it was */
    TAG_SD_SELECTED,
    TAG_SD_STARTED,
    TAG_SD_FINISHED,
    TAG_SD_STOPPED,
    TAG_SD_EMPTIED, /* and its queue has settled */
    TAG_SD_WRITING,
    TAG_SD_CLOSED,
    TAG_SD_LISTED,
    TAG_SD_CLEANED, /* a copy that was cut off is deleted */
    TAG_SAFE,       /* heaters off after connecting: what was owed is done */
    TAG_ASKED,      /* an M105 of the thermal watch */
    TAG_SCRIPT,     /* a command of a script between prints */
    TAG_SCRIPT_END, /* its last move has ended */
    TAG_COUNT
};

/* Why the printer waits by itself. */
enum self_wait {
    WAIT_NONE,
    WAIT_CHANGE, /* a filament change of the file */
    WAIT_BUSY,   /* it says "busy: paused for user" */
    WAIT_ACTION  /* it has said "//action:paused" */
};

/* What is known of that; valid while there is a print. */
struct self {
    enum self_wait by; /* not WAIT_NONE: state paused, and the printer itself has paused */
    bool change;       /* the job stands at a filament change */
    uint64_t change_ms;
    uint64_t change_offset;
    bool drained;         /* nothing of ours is in flight any more */
    uint64_t person_ms;   /* when it last said that it waits for a person */
    uint64_t answered_ms; /* when a person last answered */
    bool parks;           /* our pause: the printer parks by itself */
    bool resume_wanted;   /* asked for while our pause was still under way */
};

/* Who wants to know the answer to a question of the queue. */
struct device_person {
    void (*answered)(void *context, int answer); /* NULL = nobody */
    void *context;
};

/* A script between prints. */
struct device_script {
    char name[96]; /* "" = none */
    device_script_next next;
    store_cb done; /* NULL = told already: it is being ended */
    void *context;
    struct gcheck check;
    size_t waiting; /* commands not yet acknowledged */
    bool ending;    /* nothing more is sent of it */
    unsigned ends;  /* how often TAG_SCRIPT_END follows */
};

struct terminal_line {
    int64_t wall_ms;
    char direction;
    char text[256];
};

struct terminal {
    struct terminal_line line[TERMINAL_LINES];
    size_t count; /* ever */
    bool tapped;  /* somebody looks: the sender tells what it sends */
};

/* The port, and how it is found again. */
struct device_wire {
    uv_work_t opening;
    bool is_opening;
    struct serial serial; /* as opened; the sender has taken it over */
    struct err open_error;
    char open_path[256]; /* where it is tried */
    char open_stable[256];
    bool open_strict; /* nowhere but where the printer was */
    int open_rc;
    int open_baud;
    bool attached; /* the sender has a port */
    bool wanted;   /* a person wants to be connected */
    bool reopen;   /* connect again as soon as the port is closed */
    uv_timer_t retry;
    uint64_t retry_ms;
    bool estopped; /* the last connection ended in an emergency stop */
};

/* Who answers at its far end. */
struct device_who {
    int baud;
    const struct dialect *dialect; /* the one below */
    struct dialect own_dialect;    /* the firmware's row with the profile's quirks */
    struct caps caps;
    struct m115 info; /* of this connection */
    char machine[128];
    char firmware[128];
    char uuid[64];
    bool identity_doubt; /* another printer hangs on this port than before */
    bool port_doubt;     /* another port than before */
};

struct device {
    uv_loop_t *loop;
    char name[64];
    char path[256];
    int baud_wanted; /* 0 = detect */
    int64_t resume_within_ms;
    const struct profile *profile;   /* borrowed; NULL = unknown printer */
    bool (*shutdown)(void *context); /* NULL = not allowed */
    void *shutdown_context;
    struct store *store;
    struct files *files;
    struct hub *hub;
    struct sender *sender;

    struct sm state; /* enum printer_state */
    char error[256];
    unsigned open; /* handles and requests alive */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;

    struct device_wire wire;
    struct device_who who;
    struct printer_row row; /* as in the store */

    /* temperatures */
    struct device_heat heat;
    struct temp_report temps;
    uint64_t temps_ms;     /* when the last report came, or was asked for; 0 = never */
    int64_t temps_told_ms; /* wall clock of the last report since connecting; 0 = none */
    uint64_t waiting_ms;   /* when the printer last said that it waits for a heater or a person */

    /* the print */
    char pending[201]; /* file that waits for an answer */
    char pending_sha256[65];
    struct run run;  /* id "" = none */
    struct run last; /* the one before, ended; likewise */
    struct spool *spool;
    struct analysis analysis;
    bool pinned;                /* the content of the run's file */
    bool bed_taken;             /* this print has made the bed occupied */
    unsigned beds_saving;       /* the store has not yet answered that it is */
    unsigned runs_opening;      /* nor that the run has begun */
    unsigned runs_ending;       /* nor that it has ended */
    struct device_ended *ended; /* owned: those that it could not write yet */
    uint64_t job_start_ms;
    int64_t job_wall_ms;            /* UTC; 0 = none of its lines was sent yet */
    size_t max_command;             /* display-only commands are cut to this */
    uint64_t passed_offset;         /* pauses of the file up to here have been met */
    bool script_begun;              /* pausing: the script is being injected */
    struct gcode_modal pause_modal; /* where to go back to */
    bool parked;
    int64_t pause_extruded; /* by the pause script, nanometres; undone on resume */
    enum run_result end_result;
    unsigned waits_ended;                              /* by us, in this cancel or going cold */
    struct device_question question[DEVICE_QUESTIONS]; /* oldest first */
    size_t questions;
    struct device_person person[DEVICE_QUESTIONS]; /* by kind */
    char *clear_text;   /* of the question whether the bed is clear, asked after another; owned */
    char *ignore_lines; /* not sent while printing; owned, NULL = none */
    struct device_script script;
    struct prompt prompt; /* of the printer */
    struct self self;
    struct progress shown;                               /* on the printer's display */
    char message[sizeof((struct action_line *)0)->text]; /* its display's text */
    bool message_new;
    uint64_t resends_before;
    struct device_recovery recovery;
    bool leaving; /* closing, but the print goes on under whoever comes next */

    struct device_sd sd; /* the printer's own card */

    uv_timer_t tick;
    uv_timer_t deadline; /* of an orderly stop */
    uint64_t saved_temps_ms;
    struct terminal terminal;
};

/* device_status.c */
void device_load_last(struct device *d); /* how the last print ended; later */

/* device.c */
enum printer_state device_state(const struct device *d);
void device_move(struct device *d, enum printer_state next, const char *why);
void device_fail(struct device *d, enum printer_state next, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void device_notice(struct device *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void device_save_row(struct device *d, store_cb done); /* `done` must call device_stored() */
void device_stored(struct device *d);                  /* an answer of the store has come */
void device_go_cold(struct device *d);                 /* heaters off, then TAG_COLD */
void device_inject(struct device *d, const char *text, enum device_tag tag);
void device_finish_closing(struct device *d);
void device_unref(uv_handle_t *handle); /* close callback of the device's handles */

/* device_orders.c */
int device_refuse_offline(const struct device *d, struct err *e); /* says why it is */

/* device_link.c */
void device_choose_dialect(struct device *d);
void device_link_open(struct device *d, const struct serial *opened, int baud);
void device_link_start(struct device *d);
void device_link_retry(struct device *d);
void device_link_drop(struct device *d, bool reopen);
void device_link_connected(struct device *d, int baud); /* the greeting was answered */
void device_link_info(struct device *d);                /* M115 too */
void device_link_ready(struct device *d);               /* and the first M105 */
void device_stream_options(const struct device *d, struct stream_options *out);

/* device_notes.c */
void device_on_note(void *context, const struct stream_note *note);
void device_link_stopped(struct device *d); /* an emergency stop was asked for: the run is over */

/* device_temps.c */
int device_tools(const struct device *d);
bool device_heats(const struct device *d);
bool device_reports(const struct device *d); /* tells its temperatures by itself */
void device_heaters_off(struct device *d, enum device_tag tag);
void device_temps_take(struct device *d, const char *line);
void device_temps_tick(struct device *d, uint64_t now);

/* device_rx.c */
void device_on_line(struct device *d, const char *text, size_t len);
void device_terminal_add(struct device *d, char direction, const char *text, size_t len);
bool device_waits(const struct device *d); /* for a temperature or a person, by its own word */

/* device_question.c; a kind must have a row in its table */
void device_ask(struct device *d, const char *kind, const char *fmt, ...) /* yes or no? */
    __attribute__((format(printf, 3, 4)));
void device_ask_choice(
    struct device *d, const char *kind, const char *const *answers, size_t count, const char *text);
void device_unask(struct device *d, const char *kind); /* it has become pointless */
void device_person_answered(struct device *d, const char *kind, int answer);
bool device_asks(const struct device *d, const char *kind);

/* device_prompt.c */
void device_take_action(struct device *d, const char *text);
void device_prompt_answered(struct device *d, size_t answer);
int device_prompt_go_on(struct device *d, struct err *e); /* by its answer that means so */
void device_prompt_forget(struct device *d);

/* device_wait.c */
void device_self_pause(struct device *d, enum self_wait by, const char *why);
void device_self_resume(struct device *d);
bool device_self_paused(const struct device *d);
int device_self_go_on(struct device *d, struct err *e);       /* a person wants it to */
const char *device_self_text(const struct device *d);         /* "" = it does not wait */
void device_self_forget(struct device *d);                    /* the print is over */
void device_self_drained(struct device *d);                   /* NOTE_DRAINED */
void device_change_begins(struct device *d, uint64_t offset); /* the barriers around M600 */
void device_change_ends(struct device *d);
void device_waits_for_person(struct device *d, const char *text); /* it says so */
void device_wait_answered(struct device *d, size_t answer);
void device_wait_tick(struct device *d, uint64_t now);

/* device_display.c */
void device_display_tick(struct device *d, uint64_t now);
void device_display_end(struct device *d); /* the last line is acknowledged */

/* device_status.c */
void device_job(const struct device *d, struct device_job *out);

/* device_gate.c */
int device_may_start(const struct device *d, struct err *e);
const struct limits *device_limits(const struct device *d);
bool device_ask_or_go(struct device *d); /* true: a question stands before the pending file */
void device_drop_pending(struct device *d, const char *why);
void device_bed_answered(struct device *d, size_t answer);
void device_identity_answered(struct device *d, size_t answer);
int device_declare_clear(struct device *d, const char *answer, struct err *e);
/* Why a file that is not there (NULL), or has no analysis, cannot be printed or copied. */
int device_refuse_file(const char *file_name, const struct file_entry *file, struct err *e);
int device_preflight(const struct device *d, const struct file_entry *file, struct err *e);
void device_set_bed(struct device *d, enum bed_state bed, store_cb done);

/* device_ended.c */
void device_ended_save(struct device *d, const struct run *run);
void device_ended_tick(struct device *d, uint64_t now_ms);
void device_ended_close(struct device *d); /* tries once more */

/* device_print.c */
/* `origin` NULL: of no queue. */
void device_print_start(struct device *d, const char *file_name, const struct file_entry *file,
    const struct device_origin *origin);
void device_pin(struct device *d);     /* the run's file */
void device_release(struct device *d); /* the job goes on, once nothing keeps it */
void device_fill(void *context);
size_t device_max_command(const struct device *d, const struct analysis *a);
void device_print_end(struct device *d, enum run_result result, const char *reason);
void device_print_note(struct device *d, const struct stream_note *note);
void device_print_tag(struct device *d, enum device_tag tag);
void device_spool_options(
    struct device *d, struct spool_options *out, char *path, size_t path_size);
void device_begin_lines(struct device *d); /* the run is on the disk */
void device_take_bed(struct device *d);    /* it is occupied; then device_release() */

/* device_motion.c */
void device_run_script(struct device *d, const char *script, struct gcode_modal *modal);
void device_leave_script(struct device *d, const struct gcode_modal *m);
void device_park(struct device *d); /* TAG_PAUSED follows */
void device_cancel_run(struct device *d, enum run_result result, const char *reason);
void device_end_wait(struct device *d); /* M108, where it is looked for as it arrives */
/* The printer must be looked at: a run under way ends because of that; without one it is told. */
void device_fault(struct device *d, const char *why);
void device_abort(struct device *d, const char *reason); /* the print cannot go on: cancel it */
void device_print_stop(struct device *d);                /* an orderly stop of the program */
void device_print_waits(struct device *d); /* the printer says it waits for something */

/* device_queue.c */
const struct file_entry *device_content(
    const struct device *d, const char *file_name, const char *sha256);
void device_clear_answered(struct device *d); /* yes, and nothing waited for it: what is next? */

/* device_script.c */
bool device_script_runs(const struct device *d); /* or is being ended */
int device_script_refuse(const struct device *d, struct err *e);
void device_script_fail(
    struct device *d, int code, const char *why);           /* heaters off, then it ends */
void device_script_lost(struct device *d, const char *why); /* so is the printer */
void device_script_tag(struct device *d, enum device_tag tag);

#endif
