/* The hashes of what we hold, for those who fetch it: read once, from where somebody asks on, and
 * kept; of all contents together no more than LISTS_BYTES.
 */
#include "net/xfer_priv.h"

#include "host/base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LISTS_BYTES  ((size_t)6 << 20)
#define REQUESTS_MAX 256
#define READS_MAX    2 /* of a content at once */
#define AHEAD        64

enum {
    HASH_UNKNOWN,
    HASH_READING,
    HASH_THERE
};

static size_t weight(const struct listing *l)
{
    return sizeof *l + (size_t)l->count * (XFER_HASH + 1);
}

static void free_listing(struct listing *l)
{
    free(l->hashes);
    free(l->state);
    free(l);
}

static struct listing *find(const struct xfer *x, const char *sha256)
{
    struct listing *l = x->listings;
    while (l != NULL && (l->gone || strcmp(l->sha256, sha256) != 0)) {
        l = l->next;
    }
    return l;
}

static bool is_asked_for(const struct xfer *x, const struct listing *l)
{
    for (const struct request *r = x->list_requests; r != NULL; r = r->next) {
        if (strcmp(r->sha256, l->sha256) == 0) {
            return true;
        }
    }
    return false;
}

/* Those that were not used for longest go until one of this weight fits. */
static void make_room(struct xfer *x, size_t wanted)
{
    for (;;) {
        struct listing **oldest = NULL;
        size_t all = wanted;
        for (struct listing **at = &x->listings; *at != NULL; at = &(*at)->next) {
            const struct listing *l = *at;
            all += weight(l);
            if (l->reading == 0 && !is_asked_for(x, l) &&
                (oldest == NULL || l->used < (*oldest)->used)) {
                oldest = at;
            }
        }
        if (all <= LISTS_BYTES || oldest == NULL) {
            return;
        }
        struct listing *gone = *oldest;
        *oldest = gone->next;
        free_listing(gone);
    }
}

static struct listing *make(struct xfer *x, const char *sha256, int64_t size_bytes)
{
    struct listing *l = mem_alloc(sizeof *l);
    memcpy(l->sha256, sha256, sizeof l->sha256);
    l->size_bytes = size_bytes;
    l->count = xfer_count(size_bytes);
    make_room(x, weight(l));
    l->hashes = mem_array(l->count, XFER_HASH);
    l->state = mem_array(l->count, 1);
    l->next = x->listings;
    x->listings = l;
    return l;
}

/* ---- who waits ----------------------------------------------------------------------------------
 */

static struct request *find_request(const struct xfer *x, const struct xpeer *p, const uint8_t *sha)
{
    struct request *r = x->list_requests;
    while (r != NULL && (r->peer != p || memcmp(r->sha, sha, XFER_SHA) != 0)) {
        r = r->next;
    }
    return r;
}

static void end_request(struct xfer *x, struct request **at)
{
    struct request *r = *at;
    *at = r->next;
    x->list_requests_count--;
    free(r);
}

static void add_request(struct xfer *x, struct xpeer *from, const uint8_t *sha, uint32_t first)
{
    struct request **last = &x->list_requests;
    struct request *r = find_request(x, from, sha);
    if (r != NULL) {
        r->index = first;
        return;
    }
    r = mem_alloc(sizeof *r);
    r->peer = from;
    r->index = first;
    memcpy(r->sha, sha, XFER_SHA);
    xfer_sha_format(sha, r->sha256);
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = r;
    x->list_requests_count++;
}

void hashes_ask(struct xfer *x, struct xpeer *from, const uint8_t *sha, uint32_t first)
{
    char sha256[XFER_TEXT];
    int64_t size_bytes = 0;
    xfer_sha_format(sha, sha256);
    if (!x->store.has(x->store.context, sha256, &size_bytes) || first >= xfer_count(size_bytes)) {
        xfer_say(x, from, SAY_NO, sha);
        return;
    }
    if (x->list_requests_count >= REQUESTS_MAX && find_request(x, from, sha) == NULL) {
        return; /* it asks again */
    }
    struct listing *l = find(x, sha256);
    l = l != NULL ? l : make(x, sha256, size_bytes);
    l->used = ++x->used;
    add_request(x, from, sha, first);
}

void hashes_forget_peer(struct xfer *x, struct xpeer *p)
{
    for (struct request **at = &x->list_requests; *at != NULL;) {
        if ((*at)->peer == p) {
            end_request(x, at);
        } else {
            at = &(*at)->next;
        }
    }
}

/* ---- answers ------------------------------------------------------------------------------------
 */

/* How many are there from this one on. */
static uint32_t run_from(const struct listing *l, uint32_t first)
{
    uint32_t n = 0;
    while (n < XFER_HASHES_MAX && first + n < l->count && l->state[first + n] == HASH_THERE) {
        n++;
    }
    return n;
}

static bool answer(struct xfer *x, const struct request *r)
{
    const struct listing *l = find(x, r->sha256);
    if (l == NULL || r->index >= l->count) {
        xfer_say(x, r->peer, SAY_NO, r->sha);
        return true;
    }
    uint32_t n = run_from(l, r->index);
    bool worth = n >= XFER_HASHES_LEAST || r->index + n == l->count;
    return worth && xfer_say_bytes(x, r->peer, SAY_HASHES, r->sha, r->index,
                        l->hashes + (size_t)r->index * XFER_HASH, (size_t)n * XFER_HASH);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static bool pick(const struct listing *l, uint32_t *index)
{
    for (uint32_t i = l->from; i < l->to; i++) {
        if (l->state[i] == HASH_UNKNOWN) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* A window from what somebody waits for, when the last one is done. */
static bool pick_window(const struct xfer *x, struct listing *l, uint32_t *index)
{
    if (pick(l, index)) {
        return true;
    }
    for (const struct request *r = x->list_requests; r != NULL; r = r->next) {
        if (strcmp(r->sha256, l->sha256) == 0) {
            l->from = r->index + run_from(l, r->index);
            l->to = l->count - l->from < AHEAD ? l->count : l->from + AHEAD;
            if (pick(l, index)) {
                return true;
            }
        }
    }
    return false;
}

static void read_more(struct xfer *x, struct listing *l)
{
    uint32_t index;
    while (l->reading < READS_MAX && !l->gone && pick_window(x, l, &index)) {
        l->state[index] = HASH_READING;
        l->reading++;
        uint64_t id = xfer_op(x, (struct op){.kind = OP_HASH, .listing = l, .index = index});
        x->store.read(x->store.context, id, l->sha256, (int64_t)index * XFER_CHUNK,
            xfer_chunk_len(l->size_bytes, index));
    }
}

void hashes_read(struct xfer *x, struct listing *l, uint32_t index, const uint8_t *bytes,
    size_t len, const struct err *e)
{
    (void)x;
    l->reading--;
    if (e != NULL || len != xfer_chunk_len(l->size_bytes, index)) {
        l->gone = true;
        return;
    }
    crypto_generichash(l->hashes + (size_t)index * XFER_HASH, XFER_HASH, bytes, len, NULL, 0);
    l->state[index] = HASH_THERE;
}

void hashes_step(struct xfer *x)
{
    for (struct request **at = &x->list_requests; *at != NULL;) {
        if (answer(x, *at)) {
            end_request(x, at);
        } else {
            at = &(*at)->next;
        }
    }
    for (struct listing **at = &x->listings; *at != NULL;) {
        struct listing *l = *at;
        if (l->gone && l->reading == 0) {
            *at = l->next;
            free_listing(l);
        } else {
            read_more(x, l);
            at = &l->next;
        }
    }
}

void hashes_free(struct xfer *x)
{
    for (struct request *next; x->list_requests != NULL; x->list_requests = next) {
        next = x->list_requests->next;
        free(x->list_requests);
    }
    for (struct listing *next; x->listings != NULL; x->listings = next) {
        next = x->listings->next;
        free_listing(x->listings);
    }
}
