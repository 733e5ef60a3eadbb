/* One printer as the rest of the program sees it: connection, print, questions, temperatures.
 *
 * It owns the sender thread (host/io/sender.h) and is the only one that talks to it. All calls are
 * from the main loop and return at once; what happens later is told through the hub.
 */
#ifndef PP_APP_DEVICE_H
#define PP_APP_DEVICE_H

#include "host/app/files.h"
#include "host/app/hub.h"
#include "host/app/profile.h"
#include "host/base/err.h"
#include "host/core/printer.h"
#include "host/io/serial.h"
#include "host/io/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define DEVICE_HEATERS   10
#define DEVICE_QUESTIONS 11
#define DEVICE_ANSWERS   8

struct device;

struct device_heater {
    char name[8]; /* "tool0".., "bed", "chamber" */
    int32_t actual_mc;
    int32_t target_mc; /* INT32_MIN = not told by the printer */
};

/* A question that waits for a person. An answer carries the id, so a late click answers nothing. */
struct device_question {
    char id[37];
    char kind[16]; /* "bed", "identity", "recover"; of the printer: "prompt", "wait"; of the queue:
                      "material", "file", "script", "managing" */
    char text[200];
    char answers[DEVICE_ANSWERS][41]; /* "yes", "no"; "" past the last */
    int64_t asked_ms;
};

struct device_job {
    char run_id[37]; /* "" = no print */
    char file_name[201];
    int64_t size_bytes;
    int64_t done_bytes;  /* up to the last acknowledged line */
    int64_t lines;       /* acknowledged */
    int64_t total_lines; /* commands in the file; -1 unknown */
    int64_t started_ms;  /* UTC */
    int64_t elapsed_ms;
    int64_t left_ms; /* -1 unknown */
    int layer;       /* 0 = before the first */
    int layers;      /* 0 unknown */
    int64_t z_um;
    double percent; /* by estimated time where known, else by bytes; 0..100 */
};

struct device_link {
    char device[256];   /* as given */
    char port[256];     /* behind the links; "" while closed */
    int baud;           /* 0 while unknown */
    char firmware[128]; /* M115 */
    char machine[128];
    char uuid[64];
    uint64_t lines; /* sent and acknowledged since connecting */
    uint64_t resends;
    uint64_t underruns;  /* planner seen empty while lines waited (needs ADVANCED_OK) */
    int window;          /* lines allowed in flight now */
    uint32_t ack_p50_us; /* round trip of the last 1024 lines */
    uint32_t ack_p99_us;
    uint64_t react_p50_ns; /* CPU time of the sender from reading an answer to writing the next */
    uint64_t react_p99_ns; /* line, since connecting; every 13th is measured */
    uint64_t react_p999_ns;
    uint64_t react_max_ns;
};

struct device_status {
    enum printer_state state;
    char error[256];   /* why offline or in error, "" if none */
    char detail[64];   /* of a pause by the printer itself, of what a recovery is at; "" = none */
    char message[128]; /* what it shows at its display, as far as it tells; "" if it does not */
    struct device_heater heater[DEVICE_HEATERS];
    size_t heaters;
    int64_t temps_told_ms; /* when the printer told them, wall clock; 0 = not since connecting */
    struct device_job job;
    struct device_link link;
    struct device_question question[DEVICE_QUESTIONS]; /* open ones, oldest first */
    size_t questions;
    enum bed_state bed;
    bool identity_doubt;   /* another printer or port than before: nothing starts unasked */
    char script[96];       /* name of the one that runs, or is being ended; "" if none */
    char waiting_for[201]; /* file that waits for an answer, "" if none */
    struct run last;       /* how the last print ended; id "" = none is known */
};

struct device_options {
    const char *name;   /* the host's name for the printer */
    const char *device; /* path */
    const struct serial
        *port;                /* opened on it; the device takes it over if device_open() succeeds */
    int baud;                 /* 0 = detect */
    int64_t heaters_off_ms;   /* heaters on with no job go off after this long; 0 = never */
    int64_t pause_off_ms;     /* hotends in a pause; 0 = never */
    int64_t pause_bed_off_ms; /* bed and chamber in a pause; 0 = never */
    int64_t resume_within_ms; /* a print goes on by itself after at most so long; 0 = 60 s */
    const char *ring_path;    /* what must survive this process (io/ringfile.h); NULL = nowhere */
    const struct profile *profile; /* borrowed; NULL = unknown printer */
    const char *estop_path;        /* socket for an emergency stop past the main loop, "" = none */
    bool (*shutdown)(void *context); /* the printer wants this machine off; false: not allowed */
    void *shutdown_context;
};

int device_open(struct device **out, uv_loop_t *loop, const struct device_options *options,
    struct store *store, struct files *files, struct hub *hub, struct err *e);

/* Pauses and parks a running print, turns the heaters off, closes the port, within 15 s; then
 * `closed` runs and the device is gone. `leave`: for a restart; printer, heaters and print stay as
 * they are, and the next device_open() goes on. */
void device_close(struct device *d, bool leave, void (*closed)(void *context), void *context);

void device_status(const struct device *d, struct device_status *out);

/* The new profile holds from the next print on, its thermal limits at once. */
void device_set_profile(struct device *d, const struct profile *profile);

/* Commands that are not sent while printing, one a line; whole commands, any case. From the next
 * print on. Copied; NULL or "" = none. */
void device_set_ignore_lines(struct device *d, const char *lines);

/* How long heaters may be on with no print; 0 = for ever. */
void device_set_heaters_off(struct device *d, int64_t heaters_off_ms);

/* How long hotends, and bed and chamber, stay hot in a pause; 0 = for ever. On resume they are
 * heated again. */
void device_set_pause_off(struct device *d, int64_t pause_off_ms, int64_t pause_bed_off_ms);

int device_connect(struct device *d, struct err *e);
int device_disconnect(struct device *d, struct err *e);

/* Whose print it is: told in the run, so that the queue knows it again after a restart. */
struct device_origin {
    char run_id[37]; /* given by the queue; "" = a new one */
    char queue[64];
    char job_id[37];
    char job_name[201];
    char set_id[37];
    char material[97];
    char sha256[65]; /* the content that was checked; "" = what the name stands for now */
};

/* Starts a print of a stored file. `bed_clear`: a person says so with this very call. Without it on
 * a bed not known to be clear a question is opened and the print waits for the answer; *waits
 * tells. Refuses (PP_EREFUSED) what pre-flight refuses, PP_ESTATE while printing or offline. */
int device_print(
    struct device *d, const char *file_name, bool bed_clear, bool *waits, struct err *e);

int device_pause(struct device *d, struct err *e);
int device_resume(struct device *d, struct err *e);
int device_cancel(struct device *d, struct err *e);

/* Says yes to the question "recover": the print that was cut off goes on from the last line known
 * to be executed. PP_ESTATE without such a question, PP_EREFUSED where it cannot be done. */
int device_recover(struct device *d, struct err *e);

/* How long the printer or this program may be away for a print to go on by itself. */
void device_set_resume_within(struct device *d, int64_t resume_within_ms);

/* Answers a question; PP_ENOTFOUND if `id` is not open, PP_EINVAL if it has no such answer. An
 * empty id means "the only one" (PP_ESTATE if there are several), an empty answer "yes" or the only
 * one, but to "recover" nothing. Without a question, answer "clear" or "" declares the bed clear
 * (PP_ESTATE while printing, or while a print that was cut off waits for an answer). */
int device_confirm(struct device *d, const char *id, const char *answer, struct err *e);

/* heater: "tool0".."tool7", "bed", "chamber"; refused above the profile's limit. */
int device_set_temp(struct device *d, const char *heater, int32_t target_mc, struct err *e);

/* Injects one line of gcode, sent before lines of the print. Refused while offline, when it has a
 * newline, is too long or empty. */
int device_send(struct device *d, const char *text, struct err *e);

/* M112 past everything, heaters off, port closed; the print is aborted. Works in every state. */
int device_estop(struct device *d, struct err *e);

/* Starts a print for the queue: like device_print() with the bed known to be clear, and nothing is
 * asked: PP_ESTATE unless the printer is ready, the bed clear and the printer the right one.
 * HUB_RUN tells of its begin and end. */
int device_print_run(
    struct device *d, const char *file_name, const struct device_origin *origin, struct err *e);

/* Whether pre-flight lets an analysed file be printed here, as the limits are now. PP_EREFUSED says
 * why not. Asks nothing and logs nothing: for lists, and for what comes next. */
int device_fits(const struct device *d, const struct file_entry *file, struct err *e);

/* What device_print_run() would say of the file itself: whether it is here and may be printed on
 * this printer. PP_ENOTFOUND, PP_EREFUSED. */
int device_check_print(
    const struct device *d, const char *file_name, const char *sha256, struct err *e);

/* The print under way has failed, as somebody else has seen: it is cancelled, and ends so. */
int device_fail_run(struct device *d, const char *reason, struct err *e);

/* Asks a person whether the bed is clear, and where that is in doubt whether it is the right
 * printer, with nothing that waits for it: the answer sets what it says (HUB_BED) or leaves it
 * (HUB_QUESTION). device_withdraw() takes a question of that kind ("bed", "identity") back. */
void device_ask_clear(struct device *d, const char *text);

/* A question of the queue to a person (kinds "material", "file", "script", "managing"); `answers`
 * ends with NULL, NULL = yes or no. `answered` runs once: with the answer's index, or with -1 from
 * within device_withdraw() or when another of that kind takes its place. */
void device_ask_person(struct device *d, const char *kind, const char *const *answers,
    const char *text, void (*answered)(void *context, int answer), void *context);
void device_withdraw(struct device *d, const char *kind);

/* A script of gcode while nothing is printed: `next` gives one command after the other (NULL: that
 * was the last), as many as there is room for; `done` runs once and never from within this call:
 * when all are acknowledged and the last move has ended (M400), or with an error when a command may
 * not be sent, the printer is lost, locked or too hot, an emergency stop or a cancel came, and from
 * within device_script_stop() and device_close(). After an error the heaters are turned off.
 * PP_ESTATE while printing, while a script runs or is being ended, or when it is in doubt whether
 * this is the right printer; PP_EOFFLINE. No print starts
 * meanwhile. */
typedef const char *(*device_script_next)(void *context);
int device_script(struct device *d, const char *name, device_script_next next, store_cb done,
    void *context, struct err *e);
void device_script_stop(struct device *d);

/* Turns every heater off, unless something is printed: what a script has left on when it does not
 * go on. Owed where the printer cannot be reached. */
void device_cool(struct device *d);

/* Whether a script's gcode, line by line, may be sent to this printer: what host/core/gcheck.h
 * says, by the profile's limits. PP_EREFUSED. */
int device_check_script(const struct device *d, const char *text, struct err *e);

/* A script that leaves the bed clear has ended well. PP_ESTATE while printing. */
int device_bed_cleared(struct device *d, struct err *e);

/* The kept terminal lines, oldest first, at most 200; `cb` runs for each. */
void device_terminal(
    const struct device *d, void (*cb)(void *context, const struct hub_terminal *l), void *context);

#endif
