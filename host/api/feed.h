/* The live feed: WebSocket subscribers on the loop, told what the hub tells.
 *
 * Happy path: feed_add() takes a connection after its handshake and sends the full status; every
 * event of the hub goes out as one message whose fields have the names they have in the status, so
 * that a client only merges them: {"type":"temps","temperatures":{...}}. Terminal lines go to those
 * who sent
 * {"subscribe":["terminal"]}. Each subscriber is pinged every 20 s.
 * Failure modes: status, temperatures and progress are coalesced while a client does not read; one
 * whose queue passes 256 KiB, or that is silent for 40 s, is dropped. Nothing ever waits for a
 * client.
 */
#ifndef PP_API_FEED_H
#define PP_API_FEED_H

#include "host/api/request.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define FEED_QUEUE_MAX  ((size_t)256 * 1024)
#define FEED_CLIENTS    128
#define FEED_PING_MS    20000
#define FEED_SILENCE_MS 40000

struct feed;

struct feed *feed_new(struct http *h);

/* Closes every subscriber; then `closed` runs and the feed is gone. */
void feed_close(struct feed *f, void (*closed)(void *context), void *context);

/* Serves a WebSocket on `fd`, which is the feed's from now on; `extra` are bytes already read.
 * `released` runs once the subscriber is gone. */
void feed_add(struct feed *f, int fd, const void *extra, size_t extra_len,
    void (*released)(void *context), void *context);

/* Pings and drops by time; the feed's timer calls it. */
void feed_tick(struct feed *f, uint64_t now_ms);

size_t feed_count(const struct feed *f);

/* The route: answers the handshake. */
void feed_handle(struct request *r);

#endif
