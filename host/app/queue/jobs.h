/* Every queue of this host, made durable: the local one with its archive, and network queues.
 *
 * Happy path: jobs_do() applies a command to the state machine (host/core/queue.h) and writes what
 * it changed in one transaction; `done` runs once that is on the disk. Commands that arrive while
 * one transaction is being written go into the next one together. Reads are from memory.
 *
 * Failure modes: a full or broken disk: every command of that transaction is taken back and
 * answered with the error; nothing is half-applied. A row that cannot be right is left out at the
 * start, kept in the database and told.
 *
 * A network queue holds what its log has committed, and on top of that, until they are committed
 * too, this host's own words about its prints (BEGIN, FINISH of what it has claimed): they count
 * here at once, so that a host goes on alone. All other commands are answered when they are
 * committed; with no leader they are refused after a while (PP_ETIMEOUT: they may be applied yet).
 */
#ifndef PP_APP_QUEUE_JOBS_H
#define PP_APP_QUEUE_JOBS_H

#include "host/app/files.h"
#include "host/app/hub.h"
#include "host/core/queue.h"
#include "host/io/store.h"
#include "net/net.h"

#include <uv.h>

#define QUEUE_LOCAL    "local"
#define QUEUE_ARCHIVED "archive" /* no queue of its own: the jobs that have left theirs */

#define JOBS_ALL_MAX 1000

struct jobs;
struct profile;
struct profiles;

struct jobs_retention {
    int64_t archive_keep_ms;    /* archived jobs are purged after so long; 0 = never */
    int64_t archive_keep_count; /* and beyond so many; 0 = all */
    int64_t history_keep_ms;    /* runs are forgotten after so long; 0 = never */
};

struct jobs_options {
    const char *host_name;           /* by which this printer claims */
    const struct profiles *profiles; /* borrowed; NULL: what a set says of profiles is not checked,
                                        and none is taken from its file */
    struct jobs_retention keep;
};

int jobs_open(struct jobs **out, uv_loop_t *loop, const struct jobs_options *o, struct store *store,
    struct files *files, struct hub *hub, struct err *e);

/* Answers what waits with PP_ECANCELED unless it is being written, then `closed` runs. The network
 * has let go of its machines before. */
void jobs_close(struct jobs *j, void (*closed)(void *context), void *context);

/* This printer's own profile, borrowed; NULL = unknown. Sets are assigned to a printer by their
 * file only where this one could be meant by it too (it has `models`): else what was sliced for it
 * would be kept for another of which it is a copy. */
void jobs_set_profile(struct jobs *j, const struct profile *own);

void jobs_set_retention(struct jobs *j, const struct jobs_retention *keep);

/* ---- queues -------------------------------------------------------------------------------------
 */

/* What a network queue is set to; texts as net/net.h describes them. */
struct jobs_shared {
    char namespace[QUEUE_NAME_MAX + 1]; /* "" = the queue's name */
    char key[129];                      /* "" = open. Never shown */
    char address[64];                   /* "auto" */
    char registry[512];                 /* WAN */
    char identity[256];                 /* a .priv file, "" = the host's own */
    char control[8]; /* may others of it operate this printer: "yes", "no", "" = yes with a key */
    char accept[32]; /* "all", "" = as it is for its kind (LAN: all, WAN: trusted); "trusted": gcode
                        of trusted submitters alone; "model" */
    int replicas;    /* hosts that hold a job's files before it may be claimed; 2 */
    int64_t claim_timeout_ms; /* 15 min */
};

struct jobs_queue {
    char name[QUEUE_NAME_MAX + 1];
    char kind[8]; /* "local", "lan", "wan" */
    enum queue_strategy strategy;
    bool enabled; /* work is taken from it; a network queue that is not is not joined either */
    bool share;   /* for jobs that do not say: copies may go to several printers */
    char printer[QUEUE_WORD_MAX + 1]; /* by which this host claims in it: its name; in a network
                                         queue "NAME@12D3KooW…" */
    struct jobs_shared shared;        /* of a network queue */
    unsigned joins;                   /* how often it was joined since the start */
    const struct queue *queue;        /* NULL: a network queue that is not joined */
};

/* Whose gcode it takes: "all", "trusted" or "model", also where nothing was said. */
const char *jobs_queue_accept(const struct jobs_queue *q);

/* By rank: the first with printable work wins. NULL past the last. */
const struct jobs_queue *jobs_queue_at(const struct jobs *j, size_t index);
const struct jobs_queue *jobs_queue_find(const struct jobs *j, const char *name); /* or NULL */

/* Strategy, enabled, share, settings of a queue; `done` once durable. */
void jobs_queue_edit(
    struct jobs *j, const struct jobs_queue *changed, store_cb done, void *context);

/* Is it a name for another queue here? PP_EINVAL, PP_EEXIST. */
int jobs_queue_name_check(const struct jobs *j, const char *name, struct err *e);

/* A network queue is added (at the end), or removed with what it holds here. Names are unique, and
 * never "local" or "archive". The queue "LAN" is there from the first start on, not enabled. */
void jobs_queue_add(struct jobs *j, const struct jobs_queue *q, store_cb done, void *context);
void jobs_queue_remove(struct jobs *j, const char *name, store_cb done, void *context);
/* Puts it at this place (0-based) among the queues. */
void jobs_queue_rank(struct jobs *j, const char *name, size_t place, store_cb done, void *context);

/* ---- network queues: the log is net's, what it means is ours ------------------------------------
 */

/* How commands get into the log; net_submit() with a host. */
struct jobs_network {
    uint64_t (*submit)(
        void *context, const char *queue, bool keep, const void *bytes, size_t len, struct err *e);
    /* Is this host the one that leads the queue? NULL = never: nothing is purged there. */
    bool (*leads)(void *context, const char *queue);
    /* Is it in touch with a leader, so that claims can be agreed upon? NULL = always. */
    bool (*connected)(void *context, const char *queue);
    /* May a print of the queue begin here now? Not when this host has been out of touch for so
     * long that others may have been given what it has claimed. NULL = always. */
    bool (*may_begin)(void *context, const char *queue);
    /* Called when the list of queues, or a setting of one, has changed. */
    void (*queues_changed)(void *context);
    void *context;
};
void jobs_set_network(struct jobs *j, const struct jobs_network *network); /* NULL: gone again */
/* What `may_begin` says of that queue; a local one always may. */
bool jobs_may_begin(const struct jobs *j, const char *queue, struct err *e);
bool jobs_connected(const struct jobs *j, const char *queue);

/* What a person has said of the jobs of a host that nobody vouches for; remembered for good. */
enum jobs_word {
    JOBS_NOT_ASKED,
    JOBS_ACCEPTED,
    JOBS_DECLINED
};
enum jobs_word jobs_peer_word(const struct jobs *j, const char *queue, const char *peer);
void jobs_peer_say(struct jobs *j, const char *queue, const char *peer, bool accepted,
    store_cb done, void *context);

/* The queue is joined: `machine` is for net_queue_add(); `printer` is our name in it. Its state
 * comes by machine.load. jobs_left() when net has let go of the machine. */
int jobs_joined(struct jobs *j, const char *name, const char *printer, struct net_machine *machine,
    struct err *e);
void jobs_left(struct jobs *j, const char *name);

/* ---- commands -----------------------------------------------------------------------------------
 */

typedef void (*jobs_cb)(void *context, const struct queue_result *result);

/* Applies a command to the queue called `queue`. Copies it; it is applied later on the loop, never
 * within this call. Fills in what is left open: now_ms, client and sequence ("" : this host's own),
 * and of a new job its id, its sets' ids, created_ms, and of each new set, and each whose path
 * changes, what is known of its file (sha256, size, time, filament, and the profile where the file
 * tells the printer's model without doubt and `profiles` is NULL; an empty list means any printer).
 * A set whose content (sha256) is given needs no file of its name here. `done` (may be NULL) runs
 * later on the loop, once. */
void jobs_do(
    struct jobs *j, const char *queue, const struct queue_command *c, jobs_cb done, void *context);

/* Several (at most JOBS_ALL_MAX), in order, all or nothing: the first error takes all back and is
 * told, else the first one's result. The (client, sequence) of the first stands for all. */
void jobs_do_all(struct jobs *j, const char *queue, const struct queue_command *commands, size_t n,
    jobs_cb done, void *context);

/* What the last command of a client of this host got in that queue; NULL = none is remembered.
 * Valid until the next change. */
const struct queue_answer *jobs_last_answer(
    const struct jobs *j, const char *queue, const char *client);

/* A copy of a job to be sent: an empty list of profiles ("any printer") stays one. */
struct queue_job *jobs_copy_spec(const struct queue_job *spec);

/* The job meant: a full id, its last 4 characters or more where they fit only one, or the exact
 * name of only one (without a name: its first file). Looks through every queue, then the archive.
 * *queue: where it is. PP_ENOTFOUND; PP_EINVAL when several are meant (the text names some). */
int jobs_find(const struct jobs *j, const char *text, const struct queue_job **job,
    const struct jobs_queue **queue, struct err *e);

/* What people call it: its name, else its first file; "" when it has neither. */
const char *jobs_title(const struct queue_job *job);

/* ---- work ---------------------------------------------------------------------------------------
 */

struct jobs_work {
    char queue[QUEUE_NAME_MAX + 1];
    struct queue_next next; /* borrowed; valid until the next change */
};

/* What the printer does next, over all queues by rank; `p->name`, `p->queue` and `p->strategy` are
 * those of each queue while it is looked at. */
void jobs_next(const struct jobs *j, struct queue_printer *p, struct jobs_work *out);

/* Which unfinished job needs this content; NULL = none. */
const struct queue_job *jobs_using(const struct jobs *j, const char *sha256);

/* Who else needs content: jobs that are in no queue at the moment. NULL: nobody is there any more
 * to be asked, and all is kept until jobs is closed. */
void jobs_set_other_needs(
    struct jobs *j, bool (*needs)(void *context, const char *sha256), void *context);

/* ---- templates: jobs to be used again -----------------------------------------------------------
 */

size_t jobs_templates(const struct jobs *j);
const char *jobs_template_name(const struct jobs *j, size_t index);            /* by name */
const struct queue_job *jobs_template(const struct jobs *j, const char *name); /* NULL if none */
/* `job` is copied: as it is, counters full, without its content, so that a job made of it takes the
 * files that have these names then. Replaces one of that name. */
void jobs_template_save(
    struct jobs *j, const char *name, const struct queue_job *job, store_cb done, void *context);
void jobs_template_remove(struct jobs *j, const char *name, store_cb done, void *context);

#endif
