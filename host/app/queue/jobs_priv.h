/* Inside jobs. Included by host/app/queue/jobs*.c only. */
#ifndef PP_APP_QUEUE_JOBS_PRIV_H
#define PP_APP_QUEUE_JOBS_PRIV_H

#include "host/app/queue/jobs.h"
#include "host/core/queue_trust.h"
#include "host/io/store_queue.h"

/* What somebody waits for: one command, or several that belong together. */
struct request {
    struct request *next;
    char queue[QUEUE_NAME_MAX + 1];
    struct queue_command *commands; /* owned, with their specs */
    size_t count;
    uint64_t id; /* on its way into the log of a network queue under this number */
    jobs_cb done;
    void *context;
    struct queue_result result;
};

struct request_list {
    struct request *first;
    struct request **last;
    size_t count;
};

/* A command of this host that counts here before it is committed: of its own prints, or what it
 * carries over from another copy of the queue. */
struct own_command {
    struct own_command *next;
    uint64_t id; /* 0 = not known: found by client and sequence */
    struct queue_command command;
    struct queue_result result; /* of the last time it was put on top */
    struct request *request;    /* answered when it is on the disk; NULL = it was */
};

#define JOBS_COUNTED 16

/* What a person has said of a host. */
struct peer_word {
    char peer[PEER_TEXT_SIZE];
    bool accepted;
};

/* One queue. */
struct slot {
    struct jobs_queue shown; /* its queue is `queue` */
    struct queue *queue;     /* NULL: a network queue that is not joined */
    struct jobs *jobs;
    int rank; /* as it is on the disk: ascending, with gaps */
    /* of a network queue: */
    bool network;
    bool leaving;                    /* removed; net has not let go of it yet */
    char self[PEER_TEXT_SIZE];       /* this host in it */
    char client[QUEUE_WORD_MAX + 1]; /* this host in it, since it was joined: what may be lost, */
    char own_client[QUEUE_WORD_MAX + 1]; /* and what is kept until it is committed */
    int64_t sequence;
    int64_t own_sequence;
    struct peer_word *words; /* owned, oldest first */
    size_t words_count;
    struct request_list sent;            /* not applied yet */
    struct own_command *own;             /* owned, in order; on top of what is committed */
    char counted[JOBS_COUNTED][ID_SIZE]; /* the last prints here that were counted */
    size_t counted_at;
};

struct template_entry {
    char *name; /* owned */
    struct queue_job *job;
};

struct content; /* which job needs what; jobs_find.c */

struct jobs {
    uv_loop_t *loop;
    struct store *store;
    struct files *files;
    struct hub *hub;
    const struct profiles *profiles;
    const struct profile *own_profile; /* NULL = unknown */
    struct jobs_retention keep;
    char host_name[QUEUE_WORD_MAX + 1];
    char client[QUEUE_WORD_MAX + 1]; /* this host, since its start */
    int64_t sequence;
    struct slot **slots; /* owned, by rank */
    size_t slots_count;
    struct slot **leaving; /* owned: removed, not let go of yet, oldest first */
    size_t leaving_count;
    struct jobs_network network;  /* submit NULL: none */
    struct request_list outgoing; /* for network queues */
    struct request_list answered; /* told from the pump */
    char **notices;               /* owned; the same */
    size_t notices_count;
    bool network_changed;             /* HUB_JOBS is due */
    bool network_let_go;              /* a job may need less than before */
    struct template_entry *templates; /* owned, by name */
    size_t templates_count;

    struct request_list waiting;
    struct request_list writing; /* applied; their transaction is on its way to the disk */
    struct queue_job **held; /* owned: jobs as they were before that transaction, while what they
                                need may still be needed */
    size_t held_count;
    struct content *content;
    bool (*other_needs)(void *context, const char *sha256); /* NULL: none */
    void *other_context;
    bool other_left;

    char **unread; /* owned: documents of jobs that could not be read */
    size_t unread_count;

    uv_idle_t pump;          /* active while something waits and nothing is being written */
    uv_timer_t hourly;       /* retention */
    struct pending *refused; /* changes that wait for being told so */
    size_t open;             /* handles and changes of queues and templates that are not done */
    bool busy;               /* from the first command of a transaction to its last answer */
    bool jobs_changed;       /* in that transaction */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

/* ---- jobs.c: slots, small changes ---------------------------------------------------------------
 */

struct slot *jobs_slot(const struct jobs *j, const char *name); /* NULL if none */

/* One less is open; the last one closes. */
void jobs_let_go(struct jobs *j);

void jobs_close_handles(struct jobs *j);

int jobs_no_queue(const struct jobs *j, const char *name, struct err *e);

/* A change of one document, made in memory once it is durable. */
struct jobs_change {
    enum store_docs docs;
    const char *name;
    char *doc;                     /* taken over; NULL removes it */
    struct store_changes *changes; /* taken over: these instead, where it is several */
    void (*apply)(struct jobs *j, void *data);
    void *data;                    /* taken over */
    void (*free_data)(void *data); /* NULL: free() */
    struct err err;                /* refused already: this is answered, later */
    store_cb done;
    void *context;
};
void jobs_change(struct jobs *j, const struct jobs_change *change);
void jobs_answer_refused(struct jobs *j);

struct slot *jobs_add_slot(struct jobs *j, const char *name, const char *kind);
void jobs_free_slot(struct slot *slot);

/* ---- jobs_do.c: commands ------------------------------------------------------------------------
 */

void jobs_requests_init(struct jobs *j);
void jobs_pump(uv_idle_t *pump);
void jobs_pump_soon(struct jobs *j);

void jobs_list_init(struct request_list *l);
void jobs_list_add(struct request_list *l, struct request *r);
struct request *jobs_list_take(struct request_list *l); /* the first; NULL = empty */
struct request *jobs_list_take_id(struct request_list *l, uint64_t id); /* NULL = not in it */
void jobs_answer(struct request *r);                                    /* and frees it */

/* Answers all that waits with PP_ECANCELED. */
void jobs_cancel_waiting(struct jobs *j);

/* ---- jobs_rows.c: documents ---------------------------------------------------------------------
 */

/* ---- jobs_history.c ---- */
/* What a command says of another host's print, before it is applied; `out->id` stays "" otherwise.
 */
void jobs_history_note(const struct slot *slot, const struct queue_command *c, struct run *out);
/* Into the history, when the command was taken. */
void jobs_history_keep(struct slot *slot, const struct run *run, const struct queue_result *result);

/* Loads what the store has; what cannot be read is told and left there. */
int jobs_load(struct jobs *j, struct err *e);

char *jobs_write_job(const struct queue_job *job);
char *jobs_write_answer(const struct queue_answer *answer);
/* `words`: an array, taken over; NULL where there are none. */
char *jobs_write_queue(const struct jobs_queue *queue, int rank, json_t *words);

/* NULL and *e for what is no job. */
struct queue_job *jobs_read_job(const char *doc, size_t len, struct err *e);
bool jobs_read_answer(const char *client, const char *doc, size_t len, struct queue_answer *out);

/* ---- jobs_fill.c: what a command leaves open ----------------------------------------------------
 */

/* Stamps the command and fills in its spec from files; PP_ENOTFOUND, PP_EINVAL. */
void jobs_stamp(struct jobs *j, struct queue_command *c);
int jobs_fill(struct jobs *j, const struct queue *q, struct queue_command *c, struct err *e);

/* ---- jobs_shared.c: network queues as settings --------------------------------------------------
 */

#define JOBS_CLAIM_TIMEOUT_MS INT64_C(900000) /* where nothing else is set */

/* The queue that is there from the first start on. */
int jobs_make_lan(struct jobs *j, struct err *e);

void jobs_sort_slots(struct jobs *j);

/* PP_EINVAL, PP_EEXIST. */
int jobs_check_queue(const struct jobs *j, const struct jobs_queue *q, bool added, struct err *e);

json_t *jobs_write_words(const struct slot *slot);
void jobs_read_words(struct slot *slot, const json_t *array);
json_t *jobs_write_shared(const struct jobs_shared *s);
int jobs_read_shared(const json_t *object, struct jobs_shared *s, struct err *e);

/* ---- jobs_net.c: commands into the log, queues joined and left ----------------------------------
 */

void jobs_send(struct jobs *j, struct request *r); /* and answers it, later */
void jobs_net_pump(struct jobs *j);
void jobs_net_leave(struct slot *slot, int code, const char *why);
void jobs_net_notice(struct jobs *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void jobs_net_changed(struct jobs *j);

/* Who sent it, as the log says. */
void jobs_net_sign(struct queue_command *c, const char *origin, bool trusted);

/* A command that is kept until it is committed; 0 and *e when it is not taken. */
uint64_t jobs_net_submit(struct slot *slot, const struct queue_command *c, struct err *e);

/* As the log has them; free() it. */
char *jobs_net_write(const struct queue_command *commands, size_t n);

struct queue_trust jobs_net_trust(const struct slot *slot);
struct queue *jobs_net_queue(const struct slot *slot); /* a new one, empty */

/* Later, from the pump. */
void jobs_net_answer(struct slot *slot, struct request *r, const struct queue_result *result);

/* ---- jobs_machine.c: out of the log -------------------------------------------------------------
 */

void jobs_machine(struct slot *slot, struct net_machine *machine);

/* ---- jobs_own.c: on top of what is committed ----------------------------------------------------
 */

/* Back to what is committed, and on top of it again. */
void jobs_own_off(struct slot *slot);
void jobs_own_on(struct slot *slot);

bool jobs_is_own(const struct slot *slot, const struct request *r);
void jobs_own_send(struct slot *slot, struct request *r);
void jobs_own_pending(struct slot *slot, uint64_t id, const struct queue_command *c);

/* The entry is applied: it is no longer ours to put on top. */
void jobs_own_applied(struct slot *slot, const struct net_entry *entry,
    const struct queue_command *c, const struct queue_result *result);
bool jobs_own_kept(struct slot *slot, uint64_t id);
bool jobs_own_refused(struct slot *slot, uint64_t id, const struct err *e);
void jobs_own_free(struct slot *slot);

/* ---- jobs_find.c --------------------------------------------------------------------------------
 */

/* The index of content is behind: a queue has changed. */
void jobs_forget_content(struct jobs *j);
struct content *jobs_content_new(void);
void jobs_content_free(struct content *c);

/* For files_set_users(). */
void jobs_name_user(void *context, const char *sha256, char *out, size_t out_size);

/* ---- jobs_template.c ----------------------------------------------------------------------------
 */

/* Puts it in, over one of that name; takes `job` over. */
void jobs_template_put(struct jobs *j, const char *name, struct queue_job *job);
void jobs_templates_free(struct jobs *j);

/* ---- jobs_keep.c: retention ---------------------------------------------------------------------
 */

void jobs_sweep(uv_timer_t *hourly);

#endif
