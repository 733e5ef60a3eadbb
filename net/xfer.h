/* Content by its SHA-256 among the hosts of a queue: in chunks of 1 MiB, from several holders at
 * once, going on after a break, every chunk verified. Sans-I/O; the bytes live in a store of the
 * program above (struct xfer_store).
 *
 * Happy path of a fetch: peers are asked who holds it (WHO → HOLD with the size), those who do for
 * the list of its chunks' hashes (BLAKE2b-256), which comes in pieces while they work it out, and
 * for chunks as soon as their hash is known: at most 4 on the way per holder and 16 in all, 4
 * fetches at once, what is slow to come asked for once more elsewhere. Each chunk is checked and
 * written; at the end the store hashes the whole (SHA-256).
 *
 * Lies: a holder is asked only for chunks whose hash it told itself and that agrees with the list
 * in use; so a chunk that does not fit drops its sender. When all chunks fit and the whole does
 * not, all of it is thrown away with the list, and those who told that list are not asked for this
 * content again. Holders with another list wait aside until then, or until those who agree have
 * been silent.
 *
 * Replication: xfer_offer() asks peers to hold a content; those that agree fetch it and say when
 * they have it. Who serves limits: 4 chunks at once per peer, 16 reads in all, and of what lies in
 * links 32 chunks, beyond which each peer has one; bulk class.
 *
 * Failure modes: nobody has it (PP_ENOTFOUND after 10 s; it goes on being looked for until it is
 * cancelled or for 10 min more), all holders gone (waits), the store has no room (PP_ENOSPC), a
 * peer that lies.
 */
#ifndef PP_NET_XFER_H
#define PP_NET_XFER_H

#include "net/identity.h"

#define XFER_CHUNK    (1 << 20)
#define XFER_SIZE_MAX (INT64_C(64) << 30)

struct xfer;

/* Where content lives. Every call answers later through xfer_…_done(), never within itself. */
struct xfer_store {
    /* Do we hold it whole (verified)? *size_bytes. At once. */
    bool (*has)(void *context, const char *sha256, int64_t *size_bytes);
    /* Room for it? Called before a fetch that a peer asked for; at once. */
    bool (*accepts)(
        void *context, int queue, const char *sha256, int64_t size_bytes, struct err *e);
    /* Reads [offset, offset+len) of what we hold: xfer_read_done(). */
    void (*read)(void *context, uint64_t id, const char *sha256, int64_t offset, size_t len);
    /* A fetch begins, or goes on, in this process or after a restart: *have tells the chunks that
     * are there (one byte each, 0 or 1; freed by xfer with free(); NULL = none). At once. A fetch
     * that is given up is not told: what is there stays, for the next begin(). */
    int (*begin)(
        void *context, const char *sha256, int64_t size_bytes, uint8_t **have, struct err *e);
    void (*write)(void *context, uint64_t id, const char *sha256, int64_t offset,
        const uint8_t *bytes, size_t len); /* xfer_write_done(); bytes are copied or used at once */
    /* All chunks are there: hash the whole, put it in its place: xfer_finish_done(). PP_ECORRUPT:
     * it is something else (discard() follows); other errors end the fetch. */
    void (*finish)(void *context, uint64_t id, const char *sha256);
    void (*discard)(void *context, const char *sha256); /* the part of it that is there is wrong */
    void *context;
};

struct xfer_io {
    bool (*send)(void *context, int queue, const struct peer *to, bool bulk, const uint8_t *bytes,
        size_t len);
    /* Runs last in a call of xfer; xfer_peer_down() may come from within. */
    void (*drop)(void *context, const struct peer *peer, const char *why);
    void *context;
};

struct xfer_progress {
    int64_t size_bytes; /* -1 = not known yet */
    int64_t done_bytes;
    size_t holders;
    int64_t rate_bytes_s;
};

struct xfer *xfer_new(const struct xfer_store *store, const struct xfer_io *io);
void xfer_free(struct xfer *x); /* those who wait are not told */

void xfer_peer_up(struct xfer *x, uint64_t now_ms, int queue, const struct peer *p);
void xfer_peer_down(struct xfer *x, uint64_t now_ms, int queue, const struct peer *p);
void xfer_receive(struct xfer *x, uint64_t now_ms, int queue, const struct peer *from,
    const uint8_t *bytes, size_t len);
void xfer_read_done(struct xfer *x, uint64_t now_ms, uint64_t id, const uint8_t *bytes, size_t len,
    const struct err *e);
void xfer_write_done(struct xfer *x, uint64_t now_ms, uint64_t id, const struct err *e);
void xfer_finish_done(struct xfer *x, uint64_t now_ms, uint64_t id, const struct err *e);
void xfer_tick(struct xfer *x, uint64_t now_ms);
uint64_t xfer_next_ms(const struct xfer *x);

/* `size_bytes` -1: whatever it is. `done` runs once, within a later call of xfer, never within
 * this; e NULL = it is here. The same content twice is one transfer with two who wait. The id, for
 * xfer_cancel(). */
typedef void (*xfer_cb)(void *context, const struct err *e);
uint64_t xfer_fetch(struct xfer *x, uint64_t now_ms, int queue, const char *sha256,
    int64_t size_bytes, xfer_cb done, void *context);
void xfer_cancel(struct xfer *x, uint64_t id); /* its `done` runs with PP_ECANCELED, later */
bool xfer_progress(const struct xfer *x, const char *sha256, struct xfer_progress *out);

/* Asks until `replicas` hosts of the queue hold it, us included; or all that are linked. `done`
 * gets how many do; err when this host does not hold it itself or after `timeout_ms`. */
typedef void (*xfer_offer_cb)(void *context, const struct err *e, size_t holders);
uint64_t xfer_offer(struct xfer *x, uint64_t now_ms, int queue, const char *sha256, size_t replicas,
    int64_t timeout_ms, xfer_offer_cb done, void *context);
/* How many are known to hold it: linked peers that told so or sent it, and this host. */
size_t xfer_holders(const struct xfer *x, int queue, const char *sha256);

#endif
