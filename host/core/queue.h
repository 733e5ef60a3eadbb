/* One queue of jobs: a deterministic state machine, the same for local and network queues.
 *
 * Happy path: commands come in through queue_apply(), which checks every rule and answers; what
 * changed is read off with queue_changes(), made durable by the caller, and accepted with
 * queue_settle(), or taken back with queue_undo() when the disk did not want it. Replaying the
 * same commands on the same state gives the same state on every machine: no clock, no random
 * numbers, no order of memory; times and ids come with the commands.
 *
 * A job is a list of sets (a file, `count` times) repeated `count` times: AAAAABBBBB, ABABABABAB
 * or ABBBABBB (Continuous Print's terms). One repetition of the whole list is a copy. Only
 * QUEUE_FINISH with success counts anything; queue_next() changes nothing.
 *
 * Failure modes: a command that breaks a rule changes nothing and its error quotes the value. A
 * command seen before, by (client, sequence), gets the answer it got then and changes nothing.
 */
#ifndef PP_CORE_QUEUE_H
#define PP_CORE_QUEUE_H

#include "host/base/err.h"
#include "host/base/id.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_NAME_MAX     63  /* bytes of a queue's name */
#define QUEUE_TEXT_MAX     200 /* bytes of a job's name, a file's path, a note */
#define QUEUE_WORD_MAX     96  /* bytes of a profile, a material, a client, a printer */
#define QUEUE_COUNT_MAX    999999
#define QUEUE_KEEP         (-1) /* a set's remaining in QUEUE_EDIT: not given */
#define QUEUE_SETS_MAX     200  /* of a job */
#define QUEUE_PROFILES_MAX 32   /* of a set */
#define QUEUE_TOOLS_MAX    8
#define QUEUE_STATE_SIZE   17
#define QUEUE_JOBS_MAX     100000                    /* in the queue, and again in its archive */
#define QUEUE_METADATA_MAX 4096                      /* bytes of a set's metadata */
#define QUEUE_TIME_MAX     INT64_C(1000000000000000) /* of any time, size, length */

/* One file of a job. Texts are owned; NULL where there is none. */
struct queue_set {
    char id[ID_SIZE];
    char *path;   /* as people know it: "folder/part.gcode" */
    char *sha256; /* 64 hex digits; NULL = the content is not known (blocked until it is) */
    int64_t size_bytes;
    bool model;        /* .stl, .3mf, .obj: sliced before it prints */
    int32_t count;     /* per copy, 1..QUEUE_COUNT_MAX */
    int32_t remaining; /* in this copy; may exceed count */
    int32_t completed; /* in this copy; a counter of its own */
    char **profiles;   /* ids of profiles it prints on, NULL-terminated; NULL = any printer */
    char *materials[QUEUE_TOOLS_MAX]; /* wanted in tool N, NULL = any */
    int64_t time_ms;                  /* estimate of one print, -1 unknown */
    int64_t filament_um[QUEUE_TOOLS_MAX];
    char *metadata; /* a foreign program's own words (JSON text), kept as they are */
};

/* Who has taken a job, or one copy of it (`share`). */
struct queue_claim {
    char printer[QUEUE_WORD_MAX + 1]; /* "" = a copy begun and given back: the next to claim goes on
                                         with it */
    int64_t since_ms;
    char run[ID_SIZE]; /* the print under way, "" = none */
    char set[ID_SIZE]; /* of that print */
    int64_t run_ms;    /* since when */
    /* with share: this copy's own counters, in the order of the job's sets; NULL without */
    struct queue_counter {
        char set[ID_SIZE];
        int32_t remaining;
        int32_t completed;
    } * counters;
    size_t counters_count;
};

/* A print whose host was given up while it lasted: it may come back, and have printed. */
struct queue_lost {
    char run[ID_SIZE];
    char set[ID_SIZE];
};

struct queue_job {
    char id[ID_SIZE]; /* UUIDv7 */
    char *name;       /* "" = none was given */
    int64_t rank;     /* order within the queue, ascending; nobody else's business */
    int32_t count;
    int32_t remaining; /* copies, including one under way; completed = count - remaining */
    bool draft;        /* being edited, or held: not printed */
    bool share;        /* each copy may be claimed by another printer */
    bool repeat;       /* begins anew when done, until stopped (draft, removed, repeat off) */
    bool moving;       /* on its way to another queue: not printed */
    struct queue_set *sets;
    size_t sets_count;
    int64_t created_ms;
    char *submitter; /* host or client that made it */
    char *origin;    /* of a network queue: the peer id of the host that sent it in; else NULL */
    bool trusted;    /* and that was a trusted one */
    char *note;
    struct queue_claim *claims;
    size_t claims_count;
    struct queue_lost *lost; /* of a network queue; oldest first */
    size_t lost_count;
    int64_t revision; /* of people's edits; counting a print does not change it */
    char *changed_by; /* whose edit it was; "" = none yet */
    int64_t changed_ms;
    int64_t archived_ms; /* 0 = in the queue; else finished or removed then */
    bool finished;       /* archived because it was done */
};

enum queue_strategy {
    QUEUE_IN_ORDER,
    QUEUE_LEAST_CHANGES, /* what the loaded material prints first, then the fewest changes */
    QUEUE_OLDEST_FIRST   /* by age instead of by order */
};

/* ---- commands -----------------------------------------------------------------------------------
 */

enum queue_verb {
    QUEUE_SUBMIT, /* a new job (`spec`; its id, sets' ids and created_ms are given) after `after` */
    QUEUE_EDIT,   /* fields of `mask` from `spec`; refused unless `revision` is -1 or the job's */
    QUEUE_MOVE,   /* behind the job `after` ("" = to the front) */
    QUEUE_ARCHIVE, /* remove: to the archive */
    QUEUE_RESTORE, /* from the archive to the end, with all counters as they were; a finished job
                      is begun anew */
    QUEUE_RESET,   /* remaining = count everywhere, completed = 0 */
    QUEUE_PURGE,   /* from the archive, for good */
    QUEUE_CLAIM,   /* by `printer`; the same printer again is fine */
    QUEUE_RELEASE,
    QUEUE_BEGIN,  /* print `run` of set `set` begins; claims the job where that is not done */
    QUEUE_FINISH, /* print `run` has ended; `success` counts it. An unknown run is fine: nothing. In
                     a network queue a print that another host has ended for its own (not well)
                     still counts when it is told to have ended well, unless another prints
                     meanwhile */
    QUEUE_TAKE,   /* removed for good by the host in `printer`: it moves to another queue */
    QUEUE_VERBS
};

const char *queue_verb_name(enum queue_verb v); /* "submit", "edit", … */

enum queue_field {
    QUEUE_F_NAME = 1 << 0,
    QUEUE_F_COUNT = 1 << 1,     /* remaining follows: what is completed stays completed */
    QUEUE_F_REMAINING = 1 << 2, /* raises count with it where it must */
    QUEUE_F_DRAFT = 1 << 3,
    QUEUE_F_SHARE = 1 << 4,
    QUEUE_F_REPEAT = 1 << 5,
    QUEUE_F_NOTE = 1 << 6,
    QUEUE_F_MOVING = 1 << 7, /* SUBMIT, of a local queue: it is to go on to another at once */
    QUEUE_F_STATE = 1 << 9,  /* SUBMIT: the job comes from another copy of this queue, with its
                                claims, rank and revision as they are there */
    QUEUE_F_SETS = 1 << 8    /* the whole list, in order: sets left out are removed, unknown ids are
                                new ones. A changed count resets that set's remaining to it, unless
                                remaining is changed too. A remaining of QUEUE_KEEP is not given: it
                                is what it is by then, since prints may end meanwhile. completed is
                                the queue's own and ignored */
};

/* What a print came to, for the histories of other hosts: the queue itself does not look at it. */
struct queue_print {
    char result[16]; /* as in the history, "" = nothing was printed */
    char reason[QUEUE_TEXT_MAX + 1];
    char material[QUEUE_WORD_MAX + 1];
    int64_t took_ms;
    int64_t used_um; /* of filament */
};

struct queue_command {
    enum queue_verb verb;
    char client[QUEUE_WORD_MAX + 1]; /* who sends it; "" = never repeated */
    int64_t sequence;                /* 1.. and ascending, per client */
    int64_t now_ms;                  /* UTC; stamped once, by whoever orders the commands */
    char actor[QUEUE_WORD_MAX + 1];  /* for "changed by": a key's or a host's name */
    char job[ID_SIZE];
    char after[ID_SIZE]; /* SUBMIT: "" = at the end, "-" = at the front */
    char set[ID_SIZE];
    char run[ID_SIZE];
    char printer[QUEUE_WORD_MAX + 1];
    char profile[QUEUE_WORD_MAX + 1]; /* of that printer, "" = none: CLAIM, BEGIN, FINISH */
    bool success;
    struct queue_print print;     /* FINISH */
    int64_t revision;             /* -1 = whatever it is */
    unsigned mask;                /* of enum queue_field */
    char state[QUEUE_STATE_SIZE]; /* TAKE: as queue_job_state() says of the job, "" = whatever */
    char origin[QUEUE_WORD_MAX +
                1];         /* of a network queue: who sent it, and whether it is trusted. */
    bool trusted;           /* Said by the log, not by the sender: not in the JSON */
    struct queue_job *spec; /* owned by the caller; NULL unless SUBMIT or EDIT */
};

struct queue_result {
    struct err err;    /* code 0: applied */
    bool repeated;     /* it was applied before; this is the answer it got */
    char job[ID_SIZE]; /* concerned, "" = none */
    bool copy_done;    /* FINISH: it completed a copy */
    bool job_done;     /* FINISH: and the whole job, which is in the archive now */
    bool counted;      /* FINISH: of a run that was known */
};

/* ---- the queue ----------------------------------------------------------------------------------
 */

struct queue;

struct queue *queue_new(const char *name);
void queue_free(struct queue *q);
const char *queue_name(const struct queue *q);

/* Applies one command; 0 or -PP_E… as in out->err. Changes nothing when it fails, apart from
 * remembering the answer for (client, sequence). */
int queue_apply(struct queue *q, const struct queue_command *c, struct queue_result *out);

/* Several in order, all or nothing, on a queue that is settled; the (client, sequence) of the first
 * stands for all, also when they fail. `out` is the first's result, or the one that failed. `may`
 * (NULL: everything may be done) is asked of each before it is applied. */
struct queue_may {
    int (*check)(
        const void *context, const struct queue *q, const struct queue_command *c, struct err *e);
    const void *context;
};
int queue_apply_all(struct queue *q, const struct queue_may *may,
    const struct queue_command *commands, size_t n, struct queue_result *out);

/* The rows changed since the last settle or undo. A NULL job or answer: the row is gone. Borrowed
 * during the callback. */
struct queue_answer { /* what a client's last command got */
    char client[QUEUE_WORD_MAX + 1];
    int64_t sequence;
    int64_t used_ms;
    struct queue_result result;
};
struct queue_sink {
    void (*job)(void *context, const char *id, const struct queue_job *job);
    void (*answer)(void *context, const char *client, const struct queue_answer *answer);
    void *context;
};
void queue_changes(const struct queue *q, const struct queue_sink *sink);
/* Every row there is, jobs by id, then answers by client. */
void queue_dump(const struct queue *q, const struct queue_sink *sink);
void queue_settle(struct queue *q);
void queue_undo(struct queue *q); /* back to the last settle, order and answers too */

/* Rows read at the start, in any order, before the first command. Takes the job over (it may lie
 * elsewhere afterwards); PP_ECORRUPT (the job is still the caller's) when it breaks what always
 * holds. */
int queue_load_job(struct queue *q, struct queue_job *job, struct err *e);
void queue_load_answer(struct queue *q, const struct queue_answer *answer);

/* What this client's last command got; NULL = none is remembered. Valid until the next change. */
const struct queue_answer *queue_last_answer(const struct queue *q, const char *client);

/* The jobs in order; the archive newest first. NULL past the end. Valid until the next change. Of
 * no queue at all (NULL) there are no jobs. */
const struct queue_job *queue_first(const struct queue *q);
const struct queue_job *queue_after(const struct queue *q, const struct queue_job *job);
const struct queue_job *queue_archive_first(const struct queue *q);
const struct queue_job *queue_archive_after(const struct queue *q, const struct queue_job *job);
size_t queue_count(const struct queue *q); /* without the archive */
size_t queue_archive_count(const struct queue *q);
const struct queue_job *queue_find(const struct queue *q, const char *id); /* also archived */
const struct queue_set *queue_job_set(const struct queue_job *job, const char *id);

/* ---- work ---------------------------------------------------------------------------------------
 */

enum queue_block {
    QUEUE_READY,
    QUEUE_NO_FILE,     /* missing, not verified, quarantined: `has_file` said why */
    QUEUE_NO_MATERIAL, /* tool `tool` does not hold it */
    QUEUE_BLOCKS
};

/* What asks for work. */
struct queue_printer {
    const char *name;  /* by which it claims */
    const char *queue; /* the one that is looked at, for who is asked; NULL = it does not matter */
    const char *profile;                 /* "" = none: only sets for any printer */
    const char *loaded[QUEUE_TOOLS_MAX]; /* material key, NULL or "" = nothing is known to be */
    bool (*has_file)(void *context, const struct queue_set *set); /* NULL = all there */
    bool (*skips)(void *context, const struct queue_job *job);    /* passed over; NULL = none */
    void *context;
    enum queue_strategy strategy;
    bool any_material; /* what is loaded does not matter */
    bool no_person;    /* nobody is to be bothered now: blocked work is not offered */
};

struct queue_next {
    const struct queue_job *job; /* NULL = no work for this printer */
    const struct queue_set *set;
    enum queue_block block;
    unsigned tool; /* QUEUE_NO_MATERIAL: which */
};

/* The work this printer would do next; its own claims first (except that in a queue where
 * `preempt` is set a job moved to the front goes first, between prints). Blocked work only when
 * nothing else is printable. Changes nothing. */
void queue_next(
    const struct queue *q, const struct queue_printer *p, bool preempt, struct queue_next *out);

/* Is the set for this profile ("" = none)? */
bool queue_set_fits(const struct queue_set *set, const char *profile);

/* True if the job has a set for this profile at all; what `next` passes over without. */
bool queue_job_fits(const struct queue_job *job, const char *profile);

/* What this printer would print next of the job, whatever its tools hold; NULL = nothing: none is
 * left for it, the job is held (draft, moving), printed, or another's. */
const struct queue_set *queue_job_next(
    const struct queue_job *job, const char *printer, const char *profile);

/* As people know it: of "NAME@12D3KooW…" the NAME, which may be several printers' (the peer's id is
 * a pointer into `printer`, NULL when it has none). */
int queue_printer_name_len(const char *printer, const char **peer);

/* How many prints of this set are still to come, all copies; of the job: copies. */
int64_t queue_set_pending(const struct queue_job *job, const struct queue_set *set);

/* Does a loaded material do for a wanted one? Keys are TYPE, TYPE_Color or TYPE_Color_#rrggbb; case
 * does not matter, and what the wanted key leaves out may be anything. A NULL or empty wish is met
 * by anything; nothing known loaded meets no other. */
bool queue_material_fits(const char *wanted, const char *loaded);

/* ---- jobs as values -----------------------------------------------------------------------------
 */

struct queue_job *queue_job_new(void); /* count 1, remaining 1, no sets, time unknown */
struct queue_job *queue_job_copy(const struct queue_job *job);
void queue_job_free(struct queue_job *job);                 /* NULL is fine */
struct queue_set *queue_job_add_set(struct queue_job *job); /* zeroed but counts 1; valid until the
                                                               next is added */
void queue_set_fini(struct queue_set *set);

/* Do both names mean one printer? In a network queue by its host's id: hosts get other names. */
bool queue_same_printer(const char *a, const char *b);

/* A word for its revision and all its counters: another one as soon as somebody has edited it or a
 * print was counted. */
void queue_job_state(const struct queue_job *job, char out[static QUEUE_STATE_SIZE]);

/* Everything that must hold of a job a client sends: counts, lengths, UTF-8, no control characters,
 * ids, hashes. PP_EINVAL with the field ("sets[1].count") and what would be right. */
int queue_job_check(const struct queue_job *job, struct err *e);

/* JSON for the store and for other hosts: every field, so that load(save(job)) is the job. */
json_t *queue_job_to_json(const struct queue_job *job);
int queue_job_from_json(const json_t *object, struct queue_job **out, struct err *e);
json_t *queue_command_to_json(const struct queue_command *c);
/* `spec` of the result is owned by the caller. */
int queue_command_from_json(const json_t *object, struct queue_command *out, struct err *e);

const char *queue_strategy_name(enum queue_strategy s); /* "in-order", "least-changes", … */
bool queue_strategy_parse(const char *text, enum queue_strategy *out);

#endif
