/* print --wait: shows the print until it ends, and asks the person at the terminal what the host
 * asks.
 *
 * Happy path: wait_init() before the host is told to print, wait_run() afterwards.
 * Failures: the host goes away (it is waited for), the print fails or is cancelled (status 1 and
 * the reason), a question and nobody at a terminal (status 1; the question stays), ctrl-C (130; the
 * print goes on).
 */
#ifndef PP_PPCTL_WAIT_H
#define PP_PPCTL_WAIT_H

#include "tools/ppctl/follow.h"
#include "tools/ppctl/ppctl.h"
#include "tools/ppctl/track.h"

struct wait {
    struct ppctl *c;
    struct host *host;
    struct follow follow;
    struct track track;
    json_t *before;   /* owned; the status before the print */
    json_t *run;      /* owned; the run when it has ended, NULL unknown */
    char asked[37];   /* the question that is being asked here */
    char told[8][37]; /* the last ones answered or shown: not asked again */
    char why[200];    /* what was said last about a print that waits for its turn */
    bool failed_told; /* that a run has failed and another may follow */
    unsigned told_count;
    unsigned searches; /* in the history, without a trace of the print */
    int told_tenth;    /* of the plain progress lines */
};

/* `before`, the status before the print, is taken. */
void wait_init(struct wait *w, struct ppctl *c, struct host *h, const char *file, json_t *before);

/* Follows to the end, over its turn in the queue and over being tried again; an exit status.
 * `started` is the host's answer to "print this". Everything is told but the document of --json,
 * for which see wait_result(). */
int wait_run(struct wait *w, const json_t *started);

/* Adds how it ended to the document; false if the end was not seen. */
bool wait_result(const struct wait *w, json_t *doc);

void wait_fini(struct wait *w);

#endif
