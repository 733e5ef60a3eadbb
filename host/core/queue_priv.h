/* The queue's inside, shared by its own files and by the tests of its laws.
 *
 * A change never touches a job in place: queue_draw() gives a copy, the verb changes it, and
 * queue_put() puts it where the old one was, keeping the old one until the next settle. So undo is
 * a matter of putting back, and a verb that finds a mistake has changed nothing.
 */
#ifndef PP_CORE_QUEUE_PRIV_H
#define PP_CORE_QUEUE_PRIV_H

#include "host/core/queue.h"

#define QUEUE_ANSWERS_MAX 1024 /* clients remembered */
#define QUEUE_CLAIMS_MAX  1024 /* of a job */
#define QUEUE_LOST_MAX    8    /* of a job */
#define QUEUE_RANK_GAP    (INT64_C(1) << 20)
#define QUEUE_RANK_MAX    (INT64_C(1) << 62)
#define QUEUE_LABEL_SIZE  100

/* A list of texts that many sets have in common, kept once and known by a number. */
struct queue_words {
    struct queue_word {
        char *bytes; /* each text with its NUL */
        size_t len;
        uint32_t refs;
    } * at;
    uint32_t count;
    uint32_t cap;
    uint32_t unused;  /* 1 + the first free number; its `len` leads to the next */
    uint32_t *sorted; /* numbers in use, in order of their bytes */
    uint32_t sorted_count;
};

/* What queue_next() wants to know of a job, in one place of memory: who asks for work looks at
 * thousands of them. */
#define QUEUE_HINT_SETS 6
struct queue_hint {
    bool held;    /* never offered as it is */
    bool more;    /* another copy comes after this one */
    bool claimed; /* look at the job itself */
    uint32_t count;
    struct queue_want {
        uint32_t profiles;
        uint32_t materials : 31;
        uint32_t open : 1;         /* something of it remains in this copy */
    } few[QUEUE_HINT_SETS], *many; /* `many` when there are more than fit */
};

struct queue_entry {
    struct queue_hint hint;
    struct queue_job *job;    /* packed: free() is enough; NULL: it is gone */
    struct queue_job *before; /* as of the last settle while `dirty`; NULL = it was not there */
    bool dirty;
    char id[ID_SIZE];
};

/* Entries in order of (key, id). */
struct queue_places {
    struct queue_place {
        int64_t key;
        struct queue_entry *entry;
    } * at;
    size_t count;
    size_t cap;
};

/* What clients got, in order of their names; `old` is what it was before, to be taken back. */
struct queue_answers {
    struct queue_answer *at;
    bool *touched; /* since the last settle */
    size_t count;
    struct queue_answer_old {
        bool had;
        struct queue_answer answer; /* its client alone when it was not there */
    } * old;
    size_t old_count;
    size_t old_cap;
};

struct queue {
    char name[QUEUE_NAME_MAX + 1];
    struct queue_entry **by_id;
    size_t count;
    size_t cap;
    struct queue_words profiles;
    struct queue_words materials;
    size_t claimed;              /* jobs in the order with claims */
    struct queue_places order;   /* by rank */
    struct queue_places archive; /* by archived_ms, oldest first */
    struct queue_entry **dirty;
    size_t dirty_count;
    size_t dirty_cap;
    struct queue_answers answers;
};

/* ---- entries (queue.c) ---- */

/* NULL if there is no such job. */
struct queue_entry *queue_entry_find(const struct queue *q, const char *id);

/* A fresh entry without a job, or the one a removed job has left. */
struct queue_entry *queue_entry_make(struct queue *q, const char *id);

/* A copy to be changed and put, or freed. */
struct queue_job *queue_draw(const struct queue_entry *e);

/* The entry's job is this from now on (taken over; NULL = gone for good). */
void queue_put(struct queue *q, struct queue_entry *e, struct queue_job *job);

/* The first place not before (key, id). */
size_t queue_places_find(const struct queue_places *p, int64_t key, const char *id);

/* ---- hints (queue_hint.c) ---- */

/* The hint is that of the entry's job from now on. */
void queue_hint_set(struct queue *q, struct queue_entry *e);

void queue_words_fini(struct queue_words *w);

/* ---- memory (queue_pack.c) ---- */

/* The same job in one allocation, freed by free(), not to be changed but for numbers. Takes `job`
 * over. */
struct queue_job *queue_job_pack(struct queue_job *job);

/* ---- order (queue_rank.c) ---- */

/* A rank for a job to come between order[at - 1] and order[at]; at 0 only into an empty queue.
 * Others may get new ranks to make room. */
int64_t queue_rank_at(struct queue *q, size_t at);

/* A rank before all others, negative: somebody wants that job first. */
int64_t queue_rank_front(struct queue *q);

/* ---- answers (queue_answer.c) ---- */

const struct queue_answer *queue_answer_find(const struct queue_answers *a, const char *client);
void queue_answer_set(struct queue_answers *a, const struct queue_answer *answer);
void queue_answers_tell(const struct queue_answers *a, const struct queue_sink *sink);
void queue_answers_settle(struct queue_answers *a);
void queue_answers_undo(struct queue_answers *a);
void queue_answers_fini(struct queue_answers *a);

/* ---- verbs (queue_place.c, queue_edit.c, queue_claim.c, queue_want.c) ---- */

typedef int queue_apply_fn(
    struct queue *q, const struct queue_command *c, struct queue_result *out);

queue_apply_fn queue_submit, queue_edit, queue_move, queue_archive, queue_restore, queue_reset,
    queue_purge, queue_take, queue_claim, queue_release, queue_begin, queue_finish;

bool queue_verb_parse(const char *text, enum queue_verb *out);

/* The job of a command; PP_ENOTFOUND. */
int queue_want(
    const struct queue *q, const struct queue_command *c, struct queue_entry **out, struct err *e);

/* The same, and not archived; PP_ESTATE. */
int queue_want_open(
    const struct queue *q, const struct queue_command *c, struct queue_entry **out, struct err *e);

/* PP_EBUSY with who prints it and since when, if anybody does. */
int queue_want_unprinted(const struct queue_job *job, int64_t now_ms, struct err *e);

/* "NAME@12D3KooW..." is a printer of the host 12D3KooW... */
bool queue_is_printer_of(const char *printer, const char *origin);

/* Of a network queue: PP_EBUSY with who has claimed it, if another host than the sender has. */
int queue_want_unclaimed(const struct queue_job *job, const struct queue_command *c, struct err *e);

/* `job "Brackets"`, or by the end of its id; `out` is returned. */
const char *queue_label(const struct queue_job *job, char out[static QUEUE_LABEL_SIZE]);

/* The edit is counted, and whose it was. */
void queue_stamp(struct queue_job *job, const struct queue_command *c);

/* Replaces an owned text; NULL becomes "". */
void queue_set_text(char **text, const char *value);

/* ---- copies (queue_copies.c) ---- */

/* What a printer would print next of one job. */
struct queue_pick {
    size_t set;
    size_t claim; /* whose counters count; claims_count = a copy not yet claimed */
    int rolls;    /* so many copies are given up first, because nothing of them is for it */
};

/* False if the job has nothing for it now: no set at all, all done, claimed, held. */
bool queue_pick(
    const struct queue_job *job, const char *printer, const char *profile, struct queue_pick *out);

/* The index in claims, claims_count if there is none. */
size_t queue_claim_of(const struct queue_job *job, const char *printer);
size_t queue_claim_of_run(const struct queue_job *job, const char *run);

/* Begins a whole copy: remaining = count, completed = 0, of the job's own sets. */
void queue_fill(struct queue_job *job);

/* Takes the copy that comes next out of the job's own sets into a claim's counters. */
void queue_part_take(struct queue_job *job, struct queue_claim *claim);

/* A claim without a copy of its own, at the end. */
struct queue_claim *queue_claim_add(struct queue_job *job, const char *printer, int64_t since_ms);
void queue_claim_drop(struct queue_job *job, size_t index);

/* Prints given up: the oldest goes when there are too many. False: it is none of them. */
void queue_lost_add(struct queue_job *job, const char *run, const char *set);
bool queue_lost_take(struct queue_job *job, const char *run, char set[static ID_SIZE]);
void queue_lost_clear(struct queue_job *job);

/* The holder goes; what is begun of its copy stays for the next to claim. */
void queue_claim_give_back(struct queue_job *job, size_t index);

/* Claims' counters follow the sets after an edit. `old`: the sets as they were. */
void queue_parts_follow(struct queue_job *job, const struct queue_set *old, size_t old_count);

/* ---- checks (queue_check.c) ---- */

bool queue_id_ok(const char *id);
bool queue_word_ok(const char *text);

/* A text of a client: UTF-8, no control characters, at most `max` bytes. */
int queue_text_check(const char *text, size_t max, const char *field, struct err *e);

/* The list of sets of an edit: as queue_job_check(), but remaining may be QUEUE_KEEP. */
int queue_sets_check(const struct queue_job *spec, bool edit, struct err *e);

/* What holds of every job in a queue between two commands; PP_ECORRUPT. */
int queue_job_holds(const struct queue_job *job, struct err *e);

#endif
