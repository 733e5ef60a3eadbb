/* The content that hosts have from each other: what is read for peers, what comes from them, and
 * how much of it is kept.
 *
 * Happy path: content_open() once files and jobs are there; content_for_net() goes into net_open(),
 * content_set_net() takes its answers. What comes is DATA/incoming/SHA256.part; beside it
 * SHA256.have says which of its chunks are there, and which on the disk for certain. When all are
 * there, and the SHA-256 of the whole is right, it becomes content like any other (files_adopt()),
 * whose row says when it came. Nothing here waits for the disk but content_open(): all reading,
 * writing and hashing is done in libuv's pool.
 *
 * What is kept: all that an unfinished job needs, what came less than an hour ago (its job may be
 * on its way), and of the rest the newest, as long as all of it together stays below the limit.
 *
 * Failure modes: a full disk is told, what came stays; killed at any instant, what
 * SHA256.have says is there; parts that nobody went on with for a week go at the next start.
 */
#ifndef PP_APP_NETWORK_CONTENT_H
#define PP_APP_NETWORK_CONTENT_H

#include "host/app/files.h"
#include "host/app/queue/jobs.h"

#include "net/net.h"

#define CONTENT_CACHE_BYTES   (INT64_C(10) << 30)
#define CONTENT_RESERVE_BYTES (INT64_C(1) << 30) /* of the disk, or 5 % of it if that is more */
#define CONTENT_GRACE_MS      INT64_C(3600000)
#define CONTENT_PART_KEEP_MS  (INT64_C(7) * 24 * 3600000)

struct content;

/* `jobs` (may be NULL) knows what a content is called; files' users say what is needed. */
int content_open(struct content **out, uv_loop_t *loop, struct files *files, struct jobs *jobs,
    const char *data_dir, struct err *e);

/* Nothing is answered any more; the loop runs on until the pool has let go and what came is safe.
 * Before files_close(). */
void content_close(struct content *c);

/* How much is kept at most for jobs of others, and how much of the disk is left free when a peer
 * asks to keep something. */
void content_set_limits(struct content *c, int64_t cache_bytes, int64_t reserve_bytes);

/* Goes into struct net_options; valid while the content is open. */
const struct net_content *content_for_net(const struct content *c);

/* Who is told that something is done: net, or a test. */
struct content_answers {
    void (*read)(void *context, uint64_t id, const uint8_t *bytes, size_t len, const struct err *e);
    void (*written)(void *context, uint64_t id, const struct err *e);
    void (*finished)(void *context, uint64_t id, const struct err *e);
    void *context;
};
void content_set_answers(struct content *c, const struct content_answers *a);
void content_set_net(struct content *c, struct net *n); /* NULL: nobody is told any more */

/* Lets go of what is too much; by itself after each arrival and every minute. `now_ms`: the wall
 * clock. */
void content_evict(struct content *c, int64_t now_ms);

/* Contents kept for jobs of others. */
size_t content_count(const struct content *c);

#endif
