/* Inside moves. Included by host/app/network/network_move*.c only. */
#ifndef PP_APP_NETWORK_NETWORK_MOVE_PRIV_H
#define PP_APP_NETWORK_NETWORK_MOVE_PRIV_H

#include "host/app/network/network_priv.h"

enum move_step {
    MOVE_HOLD,
    MOVE_FETCH,
    MOVE_OFFER,
    MOVE_TAKE,
    MOVE_NAME,
    MOVE_PUT,
    MOVE_LET_GO,
    MOVE_STEPS
};

struct move {
    struct network *w;
    struct move *next;
    char job[ID_SIZE];
    char from[QUEUE_NAME_MAX + 1];
    char to[QUEUE_NAME_MAX + 1];
    char after[ID_SIZE];
    char actor[QUEUE_WORD_MAX + 1];
    char nonce[17]; /* of its commands: one sent again is answered as before, whatever the clock */
    enum move_step step;
    size_t file;            /* within FETCH, OFFER, NAME */
    struct queue_job *spec; /* owned; from TAKE on what it is, before NULL */
    int64_t again_ms;       /* the step is tried (again) then; 0 = something is under way */
    bool unknown;           /* a PUT or TAKE may have been applied without our knowing */
    bool former;            /* begun by a former life */
    bool told;              /* why it does not go on */
    bool ended;             /* its document is being removed */
    bool dead;              /* freed by the tick */
    jobs_cb done;           /* may be NULL */
    void *context;
};

/* ---- network_move.c ---- */
/* The document as it is now; `done` gets the move and ends with network_let_go(). */
void move_save(struct move *m, store_cb done);
void move_again(struct move *m, int64_t after_ms);
void move_run(struct move *m);
void move_end(struct move *m, const struct err *e); /* NULL: it is there */
bool move_is_local(const char *queue);
const struct queue_job *move_job_of(const struct move *m, const char *queue);

/* ---- network_move_step.c: out of its queue ---- */
extern void (*const move_steps[MOVE_STEPS])(struct move *);
/* The set whose file is concerned; NULL: none is left. */
const struct queue_set *move_file(const struct move *m);
void move_advance(struct move *m);
void move_give_up(struct move *m, const struct err *e); /* nothing has left its place: it stays */
/* A command of this move, under the name that it has in every life of this host. */
struct queue_command move_command(const struct move *m, const char *queue, enum queue_verb verb);
/* `done` gets the move and ends with network_let_go(). */
void move_say(struct move *m, const char *queue, struct queue_command *c, size_t n, jobs_cb done);
/* What the queue has answered to it; NULL: nothing that is known here. */
const struct queue_answer *move_answer(
    const struct move *m, const char *queue, enum queue_verb verb);
bool move_was_refused(const struct move *m, const char *queue, enum queue_verb verb);
bool move_is_passing(int code); /* a network that is away, a disk that is full: later */
bool move_is_unknown(int code); /* it may be applied yet */
bool move_is_there(const struct move *m, const char *queue);
bool move_is_in_archive(const struct move *m, const char *queue); /* finished, or removed */
void move_no_job(const struct move *m, struct err *e);

/* ---- network_move_put.c: into the other ---- */
void move_name(struct move *m);
void move_put(struct move *m);
void move_let_go(struct move *m);

#endif
