/* The load: clients, each a thread with a connection of its own, that take jobs through their life.
 *
 * Happy path of a job: its file (of its own content) is uploaded, the job submitted as a draft,
 * listed, edited, moved to the shared queue if there is one, and removed, with its file. When jobs
 * are to be printed they are no drafts after the edit and stay; load_wait() waits for them.
 *
 * Failure modes: a step that fails is counted by its kind; the job's next steps that need it are
 * left out, what it has left behind is removed as far as it can be.
 */
#ifndef PP_PPLOAD_LOAD_H
#define PP_PPLOAD_LOAD_H

#include "tools/ppload/hosts.h"
#include "tools/ppload/tally.h"

#include <stdatomic.h>

struct load_options {
    size_t jobs, clients;
    size_t file_bytes;
    const char *queue;   /* jobs are moved there; NULL = they stay where they are */
    const char *profile; /* jobs are for it; NULL = for any printer */
    bool print;
    double within_s; /* how long load_wait() waits */
};

struct load {
    struct load_options o;
    const struct hosts *hosts;
    struct tally tally;
    char run[17];         /* names what is of this run */
    unsigned char *where; /* owned; of each job that stays: its host, from 1 */
    atomic_size_t taken;  /* jobs that a client has begun */
    atomic_size_t placed; /* those that stay to be printed */
    atomic_bool stop;     /* no more are begun */
    uint64_t begin_ns;    /* of load_run() */
    double submit_s;      /* until the last job was through */
    double print_s;       /* until the last was printed, from the begin; 0 = not */
    size_t unprinted;
};

/* `hosts` is borrowed. Free with load_fini(). */
void load_init(struct load *l, const struct load_options *o, const struct hosts *hosts);
void load_fini(struct load *l);
/* Returns when every client is done; `stop` may be set from a signal handler. */
void load_run(struct load *l);
/* Waits until no job of this run is open on any host, then removes their files; false when the time
 * is over or it is stopped. */
bool load_wait(struct load *l);

#endif
