/* A fleet of hosts on virtual time: all that happens follows from the seed.
 *
 * Every host is a group (net/group.h) with the real queue as its machine, a disk that loses what
 * was not yet durable, links to the others, clocks of its own, and a printer that works through the
 * queue as pphost does: CLAIM through the log; BEGIN and FINISH as kept commands that count here at
 * once. People submit, edit, move, hold and remove jobs. Faults come by the seed. In the end all is
 * healed, and the judge says what was wrong.
 *
 * Happy path: sim_new(), sim_run(), sim_verdict(). Time is in microseconds of the world; each host
 * has a monotonic clock and a UTC that may be anything.
 */
#ifndef PP_TESTS_SIM_H
#define PP_TESTS_SIM_H

#include "host/base/str.h"
#include "host/core/queue.h"
#include "net/group.h"
#include "tests/lib/queue_machine.h"

#include <stdio.h>

#define SIM_HOSTS_MAX 50
#define SIM_JOBS_MAX  64
#define SIM_SETS_MAX  3
#define SIM_RUNS_MAX  4096
#define SIM_WORDS_MAX 32
#define SIM_MS        UINT64_C(1000)
#define SIM_S         UINT64_C(1000000)
#define SIM_NEVER     UINT64_MAX

struct sim;

/* ---- what a seed is about -----------------------------------------------------------------------
 */

enum sim_fault {
    SIM_CRASH,
    SIM_PARTITION,
    SIM_FLAP, /* one link */
    SIM_SLOW_DISK,
    SIM_FULL_DISK,
    SIM_CLOCK,
    SIM_LEAVE, /* cleanly; comes back, or not */
    SIM_JOIN,  /* a host never seen before */
    SIM_BACKUP,
    SIM_RESTORE, /* of that backup */
    SIM_BLANK,
    SIM_TAKEOVER,
    SIM_UNREST, /* while a leader is chosen one thing comes after the other */
    SIM_FAULTS
};

struct sim_options {
    uint64_t seed;
    unsigned hosts;         /* 0 = by the seed */
    unsigned guards_off;    /* of enum replica_guard and enum group_plant */
    unsigned machine_plant; /* of enum queue_machine_plant */
    bool loud;              /* the transcript goes to stdout as it grows */
};

struct sim_plan {
    const char *name;
    unsigned hosts;   /* there from the beginning */
    unsigned joiners; /* may come later */
    bool fixed;       /* WAN */
    unsigned trusted;
    bool apart;                 /* groups are founded in several places */
    unsigned fault[SIM_FAULTS]; /* weights; 0 = never */
    uint64_t fault_every_us;
    uint64_t faults_us; /* how long they last */
    unsigned jobs;
    bool hurry;          /* people do much at once while hosts come and go */
    uint64_t connect_us; /* a link is made within */
    uint64_t claim_timeout_us;
    uint64_t disk_us; /* a usual write */
    uint64_t link_us;
};

/* ---- disk ---------------------------------------------------------------------------------------
 */

struct sim_blob;
struct sim_image; /* what is durable */
struct net_item;

struct sim_disk {
    struct sim_image *image;
    struct sim_image *backup; /* NULL = none */
    struct net_item *first;   /* writes not yet durable, in order */
    struct net_item **last;
    size_t batch;      /* of them under way */
    uint64_t batch_id; /* of the event that ends it */
    uint64_t slow_until_us;
    bool full;
    bool told_full;
};

/* ---- printer ------------------------------------------------------------------------------------
 */

enum sim_printer_state {
    SIM_IDLE,
    SIM_CLAIMING,
    SIM_BEGINNING, /* BEGIN is on its way to the disk */
    SIM_PRINTING,
    SIM_ENDING /* FINISH is */
};

/* What this host's own record of prints says, durable by itself. */
struct sim_past {
    unsigned run;
    bool ended, success;
};

/* A command of this host that is kept and not yet committed. */
struct sim_word {
    uint64_t id;
    struct queue_command command;
};

struct sim_printer {
    enum sim_printer_state state;
    uint64_t waits_for; /* the id of a command */
    uint64_t since_us;
    unsigned run; /* of the ledger */
    uint64_t end_us;
    bool will_succeed;
    struct sim_past past[SIM_WORDS_MAX];
    size_t past_count;
    struct sim_past backup[SIM_WORDS_MAX]; /* as it was when the disk was copied */
    size_t backup_count;
    struct sim_word words[SIM_WORDS_MAX];
    size_t words_count;
};

/* ---- hosts --------------------------------------------------------------------------------------
 */

enum sim_host_state {
    SIM_NEW, /* never started */
    SIM_OFF,
    SIM_UP,
    SIM_LEAVING,
    SIM_GONE /* for good */
};

struct sim_host {
    struct sim *sim;
    unsigned number;
    char name[8];
    struct peer peer;
    enum sim_host_state state;
    uint64_t life; /* grows with every start */
    struct group *group;
    struct queue_machine *machine;
    struct sim_disk disk;
    struct sim_printer printer;
    int64_t utc_offset_ms;
    uint64_t mono_offset_ms;
    uint64_t tick_us; /* when the next is due; SIM_NEVER */
    uint64_t leave_us;
    bool leave_for_good;
    int64_t sequence_kept, sequence_asked;
    uint64_t seen_us[SIM_HOSTS_MAX]; /* when the link to that host was last up, as leader */
    struct group_epoch epoch;
    uint64_t checked;       /* applied index at the last look */
    uint64_t boot_us;       /* when it started */
    bool fresh;             /* what it has was as new as the leader's word once since then */
    bool look;              /* the printer has something to look at */
    uint64_t last_entry;    /* hash of the entry applied last */
    bool loaded_since;      /* the machine has been loaded within the present call */
    unsigned applied_since; /* entries applied within the present call */
    char problem[160];
};

/* ---- links --------------------------------------------------------------------------------------
 */

struct sim_link {        /* from one host to another */
    bool open;           /* there is a connection */
    bool noticed;        /* this side thinks so */
    uint32_t number;     /* of the connection */
    uint64_t last_us[2]; /* arrival of the last message: small ones, bulk */
};

/* ---- the ledger: what really happened, known to nobody within -----------------------------------
 */

enum sim_excuse {
    SIM_RELEASED = 1 << 0, /* its claim was released after the time-out */
    SIM_MET = 1 << 1,      /* groups met, or a takeover */
    SIM_LOST_DISK = 1 << 2 /* words about it were lost with a disk */
};

struct sim_job {
    char id[ID_SIZE];
    unsigned host; /* by whom */
    size_t sets;
    char set[SIM_SETS_MAX][ID_SIZE];
    uint64_t life, submit_id; /* its SUBMIT */
    bool kept;                /* that was a kept one */
    bool acked;               /* the submitter was told that it is there, or will be */
    bool removed;             /* somebody asked for it */
    unsigned excuse;
    unsigned printing; /* hosts that print it now */
    bool share;
};

enum sim_run_state {
    SIM_RUN_PLANNED,
    SIM_RUN_PRINTS,
    SIM_RUN_SUCCESS,
    SIM_RUN_FAILED
};
struct sim_run {
    char id[ID_SIZE];
    unsigned job, set, host;
    enum sim_run_state state;
    bool lost; /* with a disk: nobody need know of it */
};

struct sim_count {
    uint64_t seeds, events, messages, commits, crashes, partitions, disk_losses, faults, leaves;
    uint64_t printed, failed, submitted, acked, carried, takeovers, releases, boots;
    uint64_t surplus_released, surplus_met, surplus_disk;
    uint64_t virtual_us;
};

struct sim_verdict {
    bool bad;
    char kind[24]; /* "diverged", "printed twice", "lost", "stuck", … */
    char text[400];
};

struct sim_state_seen;

struct sim {
    struct sim_options options;
    struct sim_plan plan;
    uint64_t random;
    uint64_t now_us;
    struct sim_event *events; /* a heap */
    size_t events_count, events_cap;
    uint64_t order;
    struct sim_host host[SIM_HOSTS_MAX];
    unsigned hosts;
    struct sim_link link[SIM_HOSTS_MAX][SIM_HOSTS_MAX];
    unsigned side[SIM_HOSTS_MAX]; /* of a partition; equal = may talk */
    uint32_t connections;
    bool healing, finished;
    uint64_t heal_us;
    uint64_t calm_until_us;  /* no fault before */
    uint64_t hurry_until_us; /* people do much at once */
    struct sim_job job[SIM_JOBS_MAX];
    unsigned jobs;
    struct sim_run *run;
    unsigned runs;
    struct sim_state_seen *seen; /* states by (epoch, index) */
    size_t seen_count, seen_cap;
    struct sim_count count;
    struct sim_verdict verdict;
    struct strbuf transcript;
};

/* ---- sim.c: the loop ----------------------------------------------------------------------------
 */

struct sim *sim_new(const struct sim_options *o);
void sim_free(struct sim *s);
/* To the end, or to the first thing that is wrong. */
void sim_run(struct sim *s);

enum sim_what {
    SIM_DO_TICK,
    SIM_DO_DISK,
    SIM_DO_MESSAGE,
    SIM_DO_CONNECT,
    SIM_DO_LOST,
    SIM_DO_PRINTER,
    SIM_DO_LEADER,
    SIM_DO_BOOT,
    SIM_DO_LEAVE,
    SIM_DO_PEOPLE,
    SIM_DO_FAULT,
    SIM_DO_UNDO, /* the end of a fault */
    SIM_DO_HEAL,
    SIM_DO_JUDGE
};
struct sim_event {
    uint64_t at_us, order;
    enum sim_what what;
    unsigned a, b;
    uint64_t number; /* life, connection or batch it belongs to */
    uint8_t *bytes;  /* owned */
    size_t len;
    bool bulk; /* of a message; of a look: it comes again and again */
};
void sim_after(struct sim *s, uint64_t us, const struct sim_event *e);

uint64_t sim_random(struct sim *s, uint64_t below);
uint64_t sim_between(struct sim *s, uint64_t low, uint64_t high);
bool sim_chance(struct sim *s, unsigned percent);
void sim_note(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The first counts. */
void sim_bad(struct sim *s, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- sim_plan.c ---------------------------------------------------------------------------------
 */
void sim_make_plan(struct sim *s);

/* ---- sim_host.c ---------------------------------------------------------------------------------
 */
void sim_boot(struct sim_host *h);
/* Without a word: what is not durable may be lost. */
void sim_crash(struct sim_host *h);
void sim_begin_leave(struct sim_host *h, bool for_good);
void sim_look_at_leaving(struct sim_host *h);
bool sim_is_up(const struct sim_host *h); /* its process runs */
uint64_t sim_mono_ms(const struct sim_host *h);
/* After every call into the group: ticks, states, the printer. */
void sim_host_after(struct sim_host *h);
void sim_host_tick(struct sim_host *h);
/* 0 = refused at once. */
uint64_t sim_submit(struct sim_host *h, bool keep, struct queue_command *c);
struct sim_host *sim_leader(struct sim *s); /* one that thinks it is, or NULL */

/* ---- sim_disk.c ---------------------------------------------------------------------------------
 */
void sim_disk_init(struct sim_disk *d);
void sim_disk_fini(struct sim_disk *d);
void sim_disk_write(struct sim_host *h, const struct group_write *w);
void sim_disk_done(struct sim_host *h, uint64_t batch);
void sim_disk_crash(struct sim_host *h);
void sim_disk_flush(struct sim_host *h); /* as a process that ends well does */
void sim_disk_set_full(struct sim_host *h, bool full);
struct group_state *sim_disk_load(struct sim_host *h);
void sim_disk_unload(struct group_state *state);
void sim_disk_backup(struct sim_host *h);
void sim_disk_restore(struct sim_host *h); /* of the backup; blank without one */

/* ---- sim_link.c ---------------------------------------------------------------------------------
 */
bool sim_send(
    struct sim_host *from, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len);
void sim_deliver(struct sim *s, const struct sim_event *e);
void sim_connect(struct sim *s, const struct sim_event *e);
void sim_lost(struct sim *s, const struct sim_event *e);
void sim_cut(struct sim *s, unsigned a, unsigned b);
/* Opens and cuts what may and may not be, after hosts or sides have changed. */
void sim_links_follow(struct sim *s);

/* ---- sim_printer.c ------------------------------------------------------------------------------
 */
void sim_printer_boot(struct sim_host *h);
void sim_printer_crash(struct sim_host *h);
void sim_printer_look(struct sim_host *h);
void sim_printer_applied(struct sim_host *h, uint64_t own, const struct queue_result *result);
void sim_printer_pending(struct sim_host *h, uint64_t id, const struct queue_command *c);
void sim_printer_kept(struct sim_host *h, uint64_t id);
void sim_printer_refused(struct sim_host *h, uint64_t id, const struct err *e);
bool sim_printer_settled(const struct sim_host *h);

/* ---- sim_people.c -------------------------------------------------------------------------------
 */
void sim_people_act(struct sim *s);
void sim_leader_act(struct sim_host *h); /* claims of the silent */

/* ---- sim_fault.c --------------------------------------------------------------------------------
 */
void sim_fault(struct sim *s);
void sim_undo(struct sim *s, const struct sim_event *e);
void sim_heal(struct sim *s);

/* ---- sim_judge.c --------------------------------------------------------------------------------
 */
void sim_judge_applied(struct sim_host *h);
void sim_judge_begins(struct sim *s, struct sim_run *r);
void sim_judge_ends(struct sim *s, struct sim_run *r, bool success);
void sim_judge_interrupted(struct sim *s, struct sim_run *r);
/* Jobs known to this host are no longer covered by the rule of one print. */
void sim_judge_excuse(struct sim_host *h, enum sim_excuse why);
void sim_judge_disk_loss(struct sim_host *h);
/* True when nothing is left to be done and all agree. */
bool sim_judge_is_done(struct sim *s);
void sim_judge_end(struct sim *s);
int sim_job_find(const struct sim *s, const char *id); /* -1 */

#endif
