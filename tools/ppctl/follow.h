/* Following one or several hosts: their feeds, opened again with a back-off when they break.
 *
 * Happy path: follow_open() each, then follow_next() until it says to stop. Each time a feed opens
 * the host sends its whole status, so nothing is missed but what came and went in between.
 * Failures: a lost feed is told once (FOLLOW_LOST) and tried again after 0.25 s, 0.5 s .. 5 s, with
 * the address and key that the runtime file has by then; FOLLOW_BACK tells of its return. A host
 * that refuses the key several times in a row is given up (FOLLOW_REFUSED).
 */
#ifndef PP_PPCTL_FOLLOW_H
#define PP_PPCTL_FOLLOW_H

#include "host/base/err.h"
#include "tools/ppctl/feed.h"
#include "tools/ppctl/hosts.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum follow_what {
    FOLLOW_EVENT,   /* *event is the caller's to json_decref() */
    FOLLOW_QUIET,   /* the time is up */
    FOLLOW_LOST,    /* the feed of *which broke off: its `error` says why */
    FOLLOW_BACK,    /* and is there again */
    FOLLOW_REFUSED, /* and will not come back: its `error` says why */
    FOLLOW_INPUT,   /* `input_fd` is readable */
    FOLLOW_STOPPED  /* ctrl-C */
};

struct follow {
    struct host *host; /* borrowed; refreshed on reconnect */
    struct feed *feed; /* NULL while lost */
    json_t *subscribe; /* owned; NULL = nothing extra */
    uint64_t retry_ms; /* when to try again */
    unsigned tries;    /* since it was lost */
    unsigned refusals; /* in a row */
    bool given_up;
    struct err error;
};

/* Opens the feed; `topic` (NULL = none) is an event type to subscribe to. *status as feed_open().
 * When it fails the feed counts as lost: follow_next() tries again. */
int follow_open(struct follow *f, struct host *h, const char *topic, int *status, struct err *e);
void follow_close(struct follow *f);

/* The next thing that happens within timeout_ms to any of `count` (> 0) feeds, beginning after the
 * one of last time in *which; input_fd -1 = none. */
enum follow_what follow_next(struct follow *f, size_t count, int input_fd, unsigned timeout_ms,
    size_t *which, json_t **event);

#endif
