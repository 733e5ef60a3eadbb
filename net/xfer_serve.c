/* Chunks for others: at most four at once for each, sixteen reads in all, in the order they were
 * asked for. What a peer was sent and has not told to have lies in its link, in our memory: of that
 * there is a bound too, beyond which everybody has one at a time.
 */
#include "net/xfer_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define GETS_MAX     512
#define WAITING_MAX  16 /* of a peer */
#define READS_MAX    16
#define IN_LINKS_MAX 32 /* chunks */
#define FULL_MS      100

static void free_request(struct xfer *x, struct request **at)
{
    struct request *r = *at;
    *at = r->next;
    r->peer->waiting--;
    x->gets_count--;
    free(r);
}

static struct request *new_request(struct xpeer *p, const uint8_t *sha, uint32_t index)
{
    struct request *r = mem_alloc(sizeof *r);
    r->peer = p;
    r->index = index;
    memcpy(r->sha, sha, XFER_SHA);
    xfer_sha_format(sha, r->sha256);
    return r;
}

void serve_get(struct xfer *x, struct xpeer *from, const uint8_t *sha, uint32_t index)
{
    struct request **last = &x->gets;
    if (x->gets_count >= GETS_MAX || from->waiting >= WAITING_MAX) {
        return; /* it asks again */
    }
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = new_request(from, sha, index);
    from->waiting++;
    x->gets_count++;
}

void serve_forget(struct xfer *x, const struct xpeer *from, const uint8_t *sha, uint32_t index)
{
    for (struct request **at = &x->gets; *at != NULL;) {
        const struct request *r = *at;
        if (r->peer == from && r->index == index && memcmp(r->sha, sha, XFER_SHA) == 0) {
            free_request(x, at);
        } else {
            at = &(*at)->next;
        }
    }
    for (struct op *o = x->ops; o != NULL; o = o->next) {
        struct request *r = o->request;
        if (r != NULL && r->peer == from && r->index == index &&
            memcmp(r->sha, sha, XFER_SHA) == 0) {
            r->forgotten = true;
        }
    }
}

void serve_got(struct xfer *x, struct xpeer *from, uint32_t count)
{
    uint32_t more = count - from->got;
    if (more <= from->sent - from->got) { /* else it is none of what we sent */
        from->got = count;
        x->in_links -= more;
    }
}

void serve_forget_peer(struct xfer *x, struct xpeer *p)
{
    for (struct request **at = &x->gets; *at != NULL;) {
        if ((*at)->peer == p) {
            free_request(x, at);
        } else {
            at = &(*at)->next;
        }
    }
    for (struct op *o = x->ops; o != NULL; o = o->next) {
        if (o->request != NULL && o->request->peer == p) {
            o->request->peer = NULL;
        }
    }
    x->in_links -= p->sent - p->got;
}

static bool may_serve(const struct xfer *x, uint64_t now_ms, const struct xpeer *p)
{
    unsigned out = p->reading + (p->sent - p->got);
    unsigned most = x->in_links + x->reads < IN_LINKS_MAX ? XFER_WINDOW : 1;
    return x->reads < READS_MAX && out < most && p->full_ms <= now_ms && !p->dropped;
}

/* False when it is not ours to give. */
static bool begin_read(struct xfer *x, struct request *r)
{
    int64_t size_bytes;
    if (!x->store.has(x->store.context, r->sha256, &size_bytes) ||
        r->index >= xfer_count(size_bytes)) {
        return false;
    }
    x->reads++;
    r->peer->reading++;
    uint64_t id = xfer_op(x, (struct op){.kind = OP_SERVE, .request = r});
    x->store.read(x->store.context, id, r->sha256, (int64_t)r->index * XFER_CHUNK,
        xfer_chunk_len(size_bytes, r->index));
    return true;
}

static struct request *take_out(struct xfer *x, struct request **at)
{
    struct request *r = *at;
    *at = r->next;
    r->next = NULL;
    r->peer->waiting--;
    x->gets_count--;
    return r;
}

void serve_step(struct xfer *x, uint64_t now_ms)
{
    for (struct request **at = &x->gets; *at != NULL && x->reads < READS_MAX;) {
        if (!may_serve(x, now_ms, (*at)->peer)) {
            at = &(*at)->next;
            continue;
        }
        struct request *r = take_out(x, at);
        if (!begin_read(x, r)) {
            xfer_say(x, r->peer, SAY_NO, r->sha);
            free(r);
        }
    }
}

/* The link takes no more: the same again later. */
static void put_back(struct xfer *x, uint64_t now_ms, struct request *r)
{
    r->peer->full_ms = now_ms + FULL_MS;
    r->next = x->gets;
    x->gets = r;
    r->peer->waiting++;
    x->gets_count++;
}

void serve_read(struct xfer *x, uint64_t now_ms, struct request *r, const uint8_t *bytes,
    size_t len, const struct err *e)
{
    struct xpeer *p = r->peer;
    x->reads--;
    if (p == NULL) {
        free(r);
        return;
    }
    p->reading--;
    if (r->forgotten || p->dropped) {
        free(r);
    } else if (e != NULL) {
        xfer_say(x, p, SAY_NO, r->sha);
        free(r);
    } else if (xfer_say_bytes(x, p, SAY_CHUNK, r->sha, r->index, bytes, len)) {
        p->sent++;
        x->in_links++;
        free(r);
    } else {
        put_back(x, now_ms, r);
    }
}

void serve_next(const struct xfer *x, uint64_t *next)
{
    for (const struct request *r = x->gets; r != NULL; r = r->next) {
        xfer_sooner(x, next, r->peer->full_ms);
    }
}

void serve_free(struct xfer *x)
{
    for (struct request *next; x->gets != NULL; x->gets = next) {
        next = x->gets->next;
        free(x->gets);
    }
}
