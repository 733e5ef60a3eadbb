/* Inside jobs. Included by host/app/queue/jobs*.c only. */
#ifndef PP_APP_QUEUE_JOBS_PRIV_H
#define PP_APP_QUEUE_JOBS_PRIV_H

#include "host/app/queue/jobs.h"
#include "host/io/store_queue.h"

/* One queue. */
struct slot {
    struct jobs_queue shown; /* its queue is `queue` */
    struct queue *queue;
};

/* What somebody waits for: one command, or several that belong together. */
struct request {
    struct request *next;
    char queue[QUEUE_NAME_MAX + 1];
    struct queue_command *commands; /* owned, with their specs */
    size_t count;
    jobs_cb done;
    void *context;
    struct queue_result result;
};

struct request_list {
    struct request *first;
    struct request **last;
    size_t count;
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
    char client[QUEUE_WORD_MAX + 1]; /* this host, since its start */
    int64_t sequence;
    struct slot **slots; /* owned, by rank */
    size_t slots_count;
    struct template_entry *templates; /* owned, by name */
    size_t templates_count;

    struct request_list waiting;
    struct request_list writing; /* applied; their transaction is on its way to the disk */
    struct queue_job **held; /* owned: jobs as they were before that transaction, while what they
                                need may still be needed */
    size_t held_count;
    struct content *content;

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
    char *doc; /* taken over; NULL removes it */
    void (*apply)(struct jobs *j, void *data);
    void *data;                    /* taken over */
    void (*free_data)(void *data); /* NULL: free() */
    struct err err;                /* refused already: this is answered, later */
    store_cb done;
    void *context;
};
void jobs_change(struct jobs *j, const struct jobs_change *change);
void jobs_answer_refused(struct jobs *j);

/* ---- jobs_do.c: commands ------------------------------------------------------------------------
 */

void jobs_requests_init(struct jobs *j);
void jobs_pump(uv_idle_t *pump);

/* Answers all that waits with PP_ECANCELED. */
void jobs_cancel_waiting(struct jobs *j);

/* ---- jobs_rows.c: documents ---------------------------------------------------------------------
 */

/* Loads what the store has; what cannot be read is told and left there. */
int jobs_load(struct jobs *j, struct err *e);

char *jobs_write_job(const struct queue_job *job);
char *jobs_write_answer(const struct queue_answer *answer);
char *jobs_write_queue(const struct jobs_queue *queue);

/* ---- jobs_fill.c: what a command leaves open ----------------------------------------------------
 */

/* Stamps the command and fills in its spec from files; PP_ENOTFOUND, PP_EINVAL. */
void jobs_stamp(struct jobs *j, struct queue_command *c);
int jobs_fill(struct jobs *j, const struct queue *q, struct queue_command *c, struct err *e);

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
