/* The feed of one host: events as JSON documents over a WebSocket.
 *
 * Happy path: feed_open() connects and shakes hands (5 s each at most), the host sends its whole
 * status and then what changes; feed_read() gives one event at a time and never waits.
 * Failures: no host, refused (key), the connection ends, silence (feed_beat() asks after 20 s of it
 * and gives up after 45 s), frames that are too large or not JSON.
 */
#ifndef PP_PPCTL_FEED_H
#define PP_PPCTL_FEED_H

#include "host/base/err.h"
#include "tools/ppctl/hosts.h"

#include <jansson.h>
#include <stdint.h>

struct feed;

/* Connects. `subscribe`: the event types wanted besides those every client gets, NULL = none.
 * `*status` gets the HTTP status, 0 when no host answered. */
int feed_open(
    struct feed **out, const struct host *h, json_t *subscribe, int *status, struct err *e);

/* Readable when there may be events; ask feed_read() until it has none before waiting. */
int feed_fd(const struct feed *f);

/* 1 and an event to json_decref(), 0 if there is none now, -PP_E when the feed has ended. */
int feed_read(struct feed *f, json_t **event, struct err *e);

/* To be called at least every 10 s; -PP_E when the host has been silent for too long. */
int feed_beat(struct feed *f, uint64_t now_ms, struct err *e);

/* NULL is fine. */
void feed_close(struct feed *f);

#endif
