/* Who is known to hold what, and whose bytes were not what they should be. Both are hints with
 * bounds: what was not used for longest is forgotten. */
#include "net/xfer_priv.h"

#include <string.h>

static struct known *find(const struct xfer *x, const uint8_t *sha)
{
    for (size_t i = 0; i < XFER_KNOWN_MAX; i++) {
        const struct known *k = &x->known[i];
        if (k->used != 0 && memcmp(k->sha, sha, XFER_SHA) == 0) {
            return (struct known *)(uintptr_t)k;
        }
    }
    return NULL;
}

static struct known *make(struct xfer *x, const uint8_t *sha)
{
    struct known *oldest = &x->known[0];
    for (size_t i = 1; i < XFER_KNOWN_MAX; i++) {
        oldest = x->known[i].used < oldest->used ? &x->known[i] : oldest;
    }
    *oldest = (struct known){0};
    memcpy(oldest->sha, sha, XFER_SHA);
    return oldest;
}

static size_t position(const struct known *k, const struct xpeer *p)
{
    size_t i = 0;
    while (i < k->count && k->peers[i] != p) {
        i++;
    }
    return i;
}

void known_add(struct xfer *x, struct xpeer *p, const uint8_t *sha)
{
    struct known *k = find(x, sha);
    k = k != NULL ? k : make(x, sha);
    k->used = ++x->used;
    if (position(k, p) == k->count && k->count < XFER_KNOWN_PEERS_MAX) {
        k->peers[k->count++] = p;
    }
}

static void take_out(struct known *k, const struct xpeer *p)
{
    size_t i = position(k, p);
    if (i < k->count) {
        k->peers[i] = k->peers[--k->count];
    }
}

void known_remove(struct xfer *x, const struct xpeer *p, const uint8_t *sha)
{
    struct known *k = find(x, sha);
    if (k != NULL) {
        take_out(k, p);
    }
}

bool known_has(const struct xfer *x, const struct xpeer *p, const uint8_t *sha)
{
    const struct known *k = find(x, sha);
    return k != NULL && position(k, p) < k->count;
}

size_t known_count(const struct xfer *x, int queue, const uint8_t *sha)
{
    const struct known *k = find(x, sha);
    size_t n = 0;
    for (size_t i = 0; k != NULL && i < k->count; i++) {
        n += k->peers[i]->queue == queue;
    }
    return n;
}

void known_forget_peer(struct xfer *x, const struct xpeer *p)
{
    for (size_t i = 0; i < XFER_KNOWN_MAX; i++) {
        take_out(&x->known[i], p);
    }
}

void wrong_add(struct xfer *x, const struct peer *p, const uint8_t *sha)
{
    struct wrong *w = &x->wrong[x->wrong_next++ % XFER_WRONG_MAX];
    memcpy(w->sha, sha, XFER_SHA);
    w->peer = *p;
}

bool wrong_has(const struct xfer *x, const struct peer *p, const uint8_t *sha)
{
    size_t n = x->wrong_next < XFER_WRONG_MAX ? x->wrong_next : XFER_WRONG_MAX;
    for (size_t i = 0; i < n; i++) {
        if (memcmp(x->wrong[i].sha, sha, XFER_SHA) == 0 &&
            peer_compare(&x->wrong[i].peer, p) == 0) {
            return true;
        }
    }
    return false;
}
