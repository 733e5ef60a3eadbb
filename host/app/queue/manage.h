/* Managing: the driver (host/core/driver.h) with a real printer, queue, disk, scripts and clock.
 *
 * Happy path: manage_start() by a person; from then on whatever the hub tells becomes an event of
 * the driver, and what the driver wants is done here. After a restart with a print that went on,
 * managing goes on; without one it is off and says so, because a restart never heats by itself.
 */
#ifndef PP_APP_QUEUE_MANAGE_H
#define PP_APP_QUEUE_MANAGE_H

#include "host/app/device/device.h"
#include "host/app/profile.h"
#include "host/app/queue/jobs.h"
#include "host/app/queue/scripts.h"
#include "host/app/queue/spools.h"
#include "host/core/driver.h"

struct manage;

struct manage_settings {
    struct driver_settings driver;
    int quiet_from_min; /* minutes after local midnight; from == to: no quiet hours */
    int quiet_to_min;
    int64_t warn_grams;  /* warn when the spool holds less than the print needs plus this */
    bool material_check; /* a set's material must be loaded; default yes */
    char *ignore_lines;  /* one command a line, not sent while printing; borrowed, may be NULL */
};

struct manage_options {
    const char *name; /* of the host: by which it claims */
    struct device *device;
    struct jobs *jobs;
    struct files *files;
    struct scripts *scripts;
    struct spools *spools;
    struct hub *hub;
    struct store *store;
    const struct profile *profile; /* NULL = unknown printer */
    struct manage_settings settings;
};

int manage_open(
    struct manage **out, uv_loop_t *loop, const struct manage_options *o, struct err *e);
void manage_close(struct manage *m, void (*closed)(void *context), void *context);
void manage_set_profile(struct manage *m, const struct profile *profile);
void manage_set_settings(struct manage *m, const struct manage_settings *s);
const struct manage_settings *manage_settings(const struct manage *m); /* as set last */

/* Start and stop managing. Stopping never touches a print. */
int manage_start(struct manage *m, struct err *e);
int manage_stop(struct manage *m, struct err *e);

/* A person wants this job printed now: it goes to the front of its queue, and if nothing is being
 * managed exactly this job is printed, then managing is off again. `bed_clear`: they have looked.
 * `done` runs once, within this call or later: without an error when the print has begun, waits for
 * an answer or for its turn; else with the reason, and nothing has begun.
 */
typedef void (*manage_cb)(void *context, const struct err *e);
void manage_print(
    struct manage *m, const char *job_id, bool bed_clear, manage_cb done, void *context);

/* A failure detector (a camera's, say) says that the print has failed: it is cancelled as failed
 * and tried again where the settings allow. PP_ESTATE when nothing is printed. */
int manage_report_failure(struct manage *m, const char *by, const char *reason, struct err *e);

struct manage_status {
    enum driver_state state;
    bool managing;
    char text[200]; /* for people: what it does or waits for, and why */
    bool needs_person;
    bool in_error;
    char job[ID_SIZE]; /* current work; "" = none */
    char set[ID_SIZE];
    char queue[QUEUE_NAME_MAX + 1];
    int attempt;
    char script[96]; /* the one that runs, "" = none */
    int64_t dead_ms; /* between the last two prints, end to start; -1 none yet */
};
void manage_status(const struct manage *m, struct manage_status *out);

/* Files that failed too often, not printed until taken off. */
struct manage_quarantine {
    char sha256[65];
    char path[QUEUE_TEXT_MAX + 1];
    char reason[200];
    int64_t since_ms;
};
const struct manage_quarantine *manage_quarantine_at(const struct manage *m, size_t index);
/* `what`: a path or the end of a hash; "" = all. */
int manage_quarantine_remove(struct manage *m, const char *what, struct err *e);

/* Why a set cannot be printed here now ("" = it can): for lists. */
void manage_why_blocked(
    const struct manage *m, const struct queue_set *set, char *out, size_t out_size);

/* The same of a job of a network queue: why this printer passes it over, or what its set lacks;
 * content that other hosts have lacks nothing. */
void manage_why_passed(const struct manage *m, const char *queue, const struct queue_job *job,
    const struct queue_set *set, char *out, size_t out_size);

/* ---- network queues -----------------------------------------------------------------------------
 */

/* Brings content here; `done` runs later, once. NULL: what is not here is not printed. */
typedef void (*manage_fetch)(void *context, const char *queue, const char *sha256,
    int64_t size_bytes, net_fetch_cb done, void *done_context);
void manage_set_fetch(struct manage *m, manage_fetch fetch, void *context);

/* How far that is, for people; the context is the same. */
typedef bool (*manage_fetch_progress)(
    const void *context, const char *sha256, struct net_progress *out);
void manage_set_fetch_progress(struct manage *m, manage_fetch_progress progress);

/* The job it would print next, and what stands before that: for lists. */
struct manage_next {
    char job[ID_SIZE]; /* "" = none */
    bool blocked;
    char short_of[200]; /* the spool that will not last; "" = something of its sets, or nothing */
};
void manage_next(struct manage *m, struct manage_next *out);

/* What conditions and templates see at this moment of this print (Continuous Print's names:
 * current, external, metadata); a fresh object. */
json_t *manage_symbols(const struct manage *m, enum driver_moment moment);

/* `external` of the symbols, as posted by other programs; a JSON object, kept over a restart. */
int manage_set_external(struct manage *m, json_t *object, struct err *e);
json_t *manage_external(const struct manage *m); /* borrowed */

#endif
