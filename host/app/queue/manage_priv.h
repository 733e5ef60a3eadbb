/* Inside of struct manage, shared by manage*.c alone.
 *
 * manage.c        life, the pump: events in, the driver's actions out
 * manage_facts.c  what is true at the moment of an event: work, printer, time
 * manage_act.c    which function does what the driver wants
 * manage_work.c   what it wants of the queue: claim, begin, finish
 * manage_claims.c  claims in network queues, one ahead of the print
 * manage_content.c files that other hosts have
 * manage_peers.c   whose jobs are printed here
 * manage_reconcile.c prints of the process before
 * manage_ask.c    questions to a person
 * manage_script.c scripts of a moment
 * manage_blocked.c what is not printed for now: quarantine, skipped jobs
 * manage_print.c  one job at once, a failure told from outside
 * manage_status.c for people
 * manage_symbols.c for scripts and conditions
 *
 * Whatever happens is put into `event` and dealt with from the pump, one after the other, with
 * nobody's callback on the stack.
 */
#ifndef PP_APP_QUEUE_MANAGE_PRIV_H
#define PP_APP_QUEUE_MANAGE_PRIV_H

#include "host/app/queue/manage.h"
#include "host/app/queue/script_run.h"

#define MANAGE_HISTORY 20 /* runs of a file that scripts can see */
#define MANAGE_ASIDES  4
#define MANAGE_PASSES  64
#define MANAGE_CLAIMS  16

/* An event that waits for the pump. */
struct manage_event {
    enum driver_event kind;
    struct run run; /* of a print's begin or end; id "" else */
};

/* A set to be printed, by names: pointers into a queue live only until it changes. */
struct manage_work {
    char queue[QUEUE_NAME_MAX + 1];
    char job[ID_SIZE]; /* "" = none */
    char set[ID_SIZE];
    char job_name[QUEUE_TEXT_MAX + 1];
    char path[QUEUE_TEXT_MAX + 1];
    char sha256[65]; /* "" unknown */
    enum queue_block block;
    unsigned tool;                                       /* QUEUE_NO_MATERIAL: which */
    char wanted[QUEUE_WORD_MAX + 1];                     /* and what */
    char materials[QUEUE_TOOLS_MAX][QUEUE_WORD_MAX + 1]; /* "" = any */
    int64_t filament_um[QUEUE_TOOLS_MAX];
    int64_t size_bytes;
    char short_of[200]; /* a spool holds too little; "" = no */
};

/* A job passed over, until it or its file changes. */
struct manage_skip {
    char job[ID_SIZE];
    int64_t revision;
    char sha256[65];
};

/* A job passed over for a while: another has it, its file cannot be had now. */
struct manage_pass {
    char job[ID_SIZE];
    uint64_t until_ms;
    char why[160];
};

/* A claim in a network queue that was asked for here. */
struct manage_claim {
    char queue[QUEUE_NAME_MAX + 1];
    char job[ID_SIZE];
    uint64_t asked_ms;
    bool out; /* not answered yet */
};

struct manage_fetching; /* manage_content.c */

/* Whose jobs a person is asked about. */
struct manage_stranger {
    char queue[QUEUE_NAME_MAX + 1];
    char peer[PEER_TEXT_SIZE]; /* "" = nobody */
    char name[80];
};

/* Who looks for work, and what it must not find. */
struct manage_seeker {
    struct manage *manage;
    struct queue_printer printer;
    const char *only;   /* this job alone, "" = any */
    const char *except; /* not this one */
    bool asks;          /* a person may be asked about what is passed over */
};

/* A script that nobody waits for. */
struct manage_aside {
    struct manage *manage;
    struct script_run *run; /* NULL = none */
    char name[96];
};

/* A result that is not on the disk yet. */
struct manage_finish {
    char queue[QUEUE_NAME_MAX + 1];
    char job[ID_SIZE];
    struct run run;
    bool success;
    bool asked;             /* the driver waits to be told, */
    enum driver_event told; /* this where it is written */
    enum driver_event not_told;
};

struct manage {
    struct manage_options o; /* `name` below */
    char name[QUEUE_WORD_MAX + 1];
    uv_loop_t *loop;
    struct manage_settings settings;
    char *ignore_lines; /* owned; what settings.ignore_lines points to */
    struct driver driver;
    enum driver_state came_from; /* from where the current work is prepared */
    struct hub_listener *listener;

    struct manage_event *event; /* owned, in order */
    size_t events;
    size_t events_room;
    bool look;       /* facts may have changed */
    uv_timer_t pump; /* due at once while something waits */
    uv_timer_t wake;
    uv_timer_t again; /* for `late` */
    size_t starting;  /* results of earlier runs on their way to the disk: nothing begins before */
    size_t open;      /* handles, commands and queries under way */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;

    struct driver_facts facts;  /* the last */
    struct manage_work work;    /* what they offered */
    struct manage_work current; /* claimed */
    char run[ID_SIZE];          /* begun or asked for, "" = none */
    bool begin_out;             /* its BEGIN is on its way to the disk */
    struct run open_run;        /* the one under way; id "" = none */
    struct run ended;           /* the last that ended, for FINISH */
    uint64_t ended_ms;          /* 0 = none */
    int64_t dead_ms;
    bool paused;
    bool was_in_error;
    struct manage_finish *late; /* owned: to be written again, when the disk can */
    size_t late_count;

    struct manage_work asked;   /* what the open question about material or file is about */
    bool bed_asked;             /* by us */
    char accepted_set[ID_SIZE]; /* prints although its spool may run out */

    struct script_run *script; /* the driver waits for it */
    int64_t script_wait_ms;    /* for a temperature, at most */
    enum driver_moment moment;
    bool clears_bed;
    char script_name[96];
    struct manage_aside aside[MANAGE_ASIDES];

    char once_job[ID_SIZE]; /* exactly this, then managing is off */
    char wish_job[ID_SIZE]; /* manage_print(): told when it is known what becomes of it */
    manage_cb wish_done;
    void *wish_context;
    struct err wish_error;

    unsigned prepare; /* the preparation now; what belongs to an earlier one is stale */
    bool agreeing;    /* its claim is not committed yet */
    manage_fetch fetch;
    manage_fetch_progress fetch_progress;
    void *fetch_context;
    struct manage_fetching *fetching; /* for the current work; NULL = none. Owned by its callback */
    struct manage_fetching *fetching_ahead;
    struct manage_work ahead; /* claimed, or being claimed, for after the current one */
    struct manage_claim claims[MANAGE_CLAIMS];
    size_t claims_count;
    struct manage_pass passes[MANAGE_PASSES];
    size_t passes_count;
    struct manage_stranger stranger;       /* found by the last look for work */
    struct manage_stranger stranger_asked; /* the question is open */
    struct manage_joined {
        char queue[QUEUE_NAME_MAX + 1];
        unsigned joins;
    } * joined; /* owned: what was reconciled */
    size_t joined_count;
    uv_timer_t later; /* a job is no longer passed over */

    struct manage_quarantine *quarantine; /* owned */
    size_t quarantine_count;
    struct manage_skip *skip; /* owned */
    size_t skip_count;

    char error[256];    /* what went wrong last, for people; "" since managing goes well */
    char stopped[300];  /* why it is off; "" = a person turned it off, or it is on */
    bool fault;         /* the printer must be looked at: of a script nothing is sent to it */
    bool stopped_badly; /* something went wrong; a person must see it */
    bool stored_managing;
    json_t *external;          /* owned */
    json_t *history;           /* owned: runs of the current file, newest first */
    struct manage_status told; /* with the last HUB_MANAGE */
};

/* manage.c */
void manage_post(struct manage *m, enum driver_event kind);
void manage_post_run(struct manage *m, enum driver_event kind, const struct run *run);
void manage_look(struct manage *m); /* soon, at all facts */
void manage_notice(struct manage *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void manage_let_go(struct manage *m); /* one less is open */
bool manage_is_on(const struct manage *m);
void manage_stop_for(struct manage *m, const char *why);

/* manage_facts.c */
void manage_find_facts(struct manage *m, const struct manage_event *event); /* into m->facts */
void manage_find_work(struct manage *m, struct manage_work *out);
void manage_seek(struct manage *m, struct manage_seeker *out);
void manage_seek_work(struct manage_seeker *s, struct manage_work *out);
bool manage_can_print(const struct manage *m, const char *queue, const struct queue_set *set);
const char *manage_printer_in(const struct manage *m, const char *queue);
bool manage_is_network(const struct manage *m, const char *queue);
bool manage_is_quiet(const struct manage *m, int64_t wall_ms, int64_t *left_ms);

/* manage_work.c */
void manage_do_claim(struct manage *m);
void manage_do_prepare(struct manage *m);
void manage_do_print(struct manage *m);
void manage_do_finish(struct manage *m, bool success);
void manage_do_release(struct manage *m);
void manage_do_adopt(struct manage *m);
void manage_on_run(struct manage *m, const struct run *run);
void manage_write_late(uv_timer_t *timer); /* results the disk did not take */

void manage_finish(struct manage *m, const struct manage_finish *what, bool at_start);
void manage_give_back(struct manage *m, const struct manage_work *w); /* the claim, if it is held */
const struct queue_claim *manage_own_claim(
    const struct manage *m, const char *queue, const struct queue_job *job);
struct queue_command manage_command(
    const struct manage *m, enum queue_verb verb, const struct manage_work *w);
void manage_content_is_here(struct manage *m);                 /* goes on with what is prepared */
void manage_is_claimed(struct manage *m, const struct err *e); /* the current work; NULL = it is */
void manage_cannot_prepare(struct manage *m, const struct err *e, int64_t pass_ms);

/* manage_claims.c */
void manage_ask_claim(struct manage *m, const struct manage_work *w, bool ahead);
void manage_mind_claims(struct manage *m);
void manage_pass_over(struct manage *m, const char *job, int64_t ms, const char *why);
const struct manage_pass *manage_passed(const struct manage *m, const char *job);
void manage_on_later(uv_timer_t *timer);

/* manage_content.c */
void manage_get_content(struct manage *m, const struct manage_work *w, bool ahead);
void manage_drop_fetching(struct manage *m);
bool manage_say_fetching(const struct manage *m, char *out, size_t out_size);

/* manage_peers.c */
/* True, with the reason, when this printer does not print it, whatever it has. */
bool manage_refuses(const struct manage *m, const char *queue, const struct queue_job *job,
    char *why, size_t why_size, struct manage_stranger *stranger);
void manage_ask_stranger(struct manage *m);

/* manage_act.c */
void manage_act(struct manage *m, const struct driver_out *out, size_t i);

/* manage_reconcile.c */
int manage_reconcile(struct manage *m, struct err *e);
void manage_reconcile_joined(struct manage *m); /* network queues that were joined meanwhile */

/* manage_ask.c */
void manage_ask_bed(struct manage *m);
void manage_unask_bed(struct manage *m);
void manage_ask_material(struct manage *m);
void manage_ask_file(struct manage *m);
void manage_ask_again(struct manage *m);   /* where the open question is about other work by now */
void manage_look_at_bed(struct manage *m); /* was our question answered with no? */

/* manage_script.c */
void manage_do_script(struct manage *m, enum driver_moment moment);
void manage_stop_scripts(struct manage *m);
void manage_stop_asides(struct manage *m);
void manage_do_moment(struct manage *m, enum driver_moment moment);

/* manage_blocked.c */
int manage_load_quarantine(struct manage *m, struct err *e);
void manage_do_quarantine(struct manage *m);
void manage_do_skip(struct manage *m);
bool manage_skips(const struct manage *m, const struct queue_job *job);
const struct manage_quarantine *manage_quarantined(const struct manage *m, const char *sha256);

/* manage_print.c */
void manage_tell_wish(struct manage *m);

/* manage_symbols.c */
void manage_load_history(struct manage *m, void (*done)(struct manage *m));
int manage_load_external(struct manage *m, struct err *e);

/* manage_status.c */
void manage_tell(struct manage *m); /* HUB_MANAGE if anything of the status has changed */

#endif
