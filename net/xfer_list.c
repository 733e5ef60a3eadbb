/* The list of a fetch: the hash of each chunk, as its holders tell.
 *
 * Whoever is first tells; the others are compared with that as their lists come in, and are asked
 * for a chunk only if they told its hash themselves. So a chunk that does not fit was a lie of who
 * sent it; and when all of them fit and the whole does not, all who told the whole list held
 * something else. Those with another list wait aside until then, or until those who agree are
 * silent.
 */
#include "net/xfer_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define LIST_WAIT_MS 30000

void list_begin(struct fetch *f, int64_t size_bytes, const uint8_t *have)
{
    f->begun = true;
    f->size_bytes = size_bytes;
    f->count = xfer_count(size_bytes);
    f->list = mem_array(f->count + 1, XFER_HASH);
    f->chunk = mem_array(f->count + 1, 1);
    f->first = f->have = 0;
    for (uint32_t i = 0; have != NULL && i < f->count; i++) {
        f->chunk[i] = have[i] != 0 ? CHUNK_HAVE : CHUNK_MISSING;
        f->have += have[i] != 0;
    }
    f->resumed = f->have > 0;
    while (f->first < f->count && f->chunk[f->first] == CHUNK_HAVE) {
        f->first++;
    }
    f->from = f->listed = f->first; /* what is there is not asked for */
    for (size_t i = 0; i < f->holders_count; i++) {
        struct holder *h = &f->holders[i];
        h->state = h->size_bytes == size_bytes ? HOLDER_AGREES : HOLDER_ASIDE;
        h->agreed = 0;
        h->list_asked = false;
    }
}

/* None of those who agree has sent what it was asked for, and there are others. */
static bool is_silent(const struct fetch *f)
{
    bool others = false;
    for (size_t i = 0; i < f->holders_count; i++) {
        const struct holder *h = &f->holders[i];
        if (h->state == HOLDER_AGREES && h->strikes == 0) {
            return false;
        }
        others |= h->state == HOLDER_ASIDE;
    }
    return others && f->writing == 0 && f->have < f->count;
}

static void ask_one(struct xfer *x, uint64_t now_ms, const struct fetch *f, struct holder *h)
{
    h->agreed = h->agreed < f->from ? f->from : h->agreed;
    if (h->state != HOLDER_AGREES || h->rest_ms > now_ms || h->agreed == f->count) {
        return;
    }
    if (h->list_asked && now_ms >= h->list_ms + LIST_WAIT_MS) {
        fetch_rest(h, now_ms);
    } else if (!h->list_asked && xfer_say_index(x, h->peer, SAY_LIST, f->sha, h->agreed)) {
        h->list_asked = true;
        h->list_ms = now_ms;
    }
}

void list_ask(struct xfer *x, uint64_t now_ms, struct fetch *f)
{
    if (!is_silent(f)) {
        f->stalled_ms = 0;
    } else if (f->stalled_ms == 0) {
        f->stalled_ms = now_ms;
    } else if (now_ms >= f->stalled_ms + XFER_STALL_MS) {
        list_restart(x, now_ms, f, false);
        return;
    }
    for (size_t i = 0; i < f->holders_count; i++) {
        ask_one(x, now_ms, f, &f->holders[i]);
    }
}

void list_next(const struct xfer *x, const struct fetch *f, uint64_t *next)
{
    for (size_t i = 0; i < f->holders_count; i++) {
        if (f->holders[i].list_asked) {
            xfer_sooner(x, next, f->holders[i].list_ms + LIST_WAIT_MS);
        }
    }
    if (f->stalled_ms != 0) {
        xfer_sooner(x, next, f->stalled_ms + XFER_STALL_MS);
    }
}

void list_take(struct xfer *x, uint64_t now_ms, struct fetch *f, struct holder *h, uint32_t first,
    const uint8_t *hashes, size_t n)
{
    (void)now_ms;
    if (!f->begun || f->finishing || !h->list_asked || h->state != HOLDER_AGREES ||
        first != h->agreed) {
        return; /* an answer from before the list began anew */
    }
    if (n > f->count - first) {
        xfer_drop(x, h->peer, "a list of chunks that goes on beyond the end");
        return;
    }
    uint32_t told = f->listed > first ? f->listed - first : 0;
    size_t both = told < n ? told : n;
    h->list_asked = false;
    if (memcmp(f->list + (size_t)first * XFER_HASH, hashes, both * XFER_HASH) != 0) {
        h->state = HOLDER_ASIDE;
        return;
    }
    h->agreed = first + (uint32_t)n;
    if (h->agreed > f->listed) {
        memcpy(f->list + (size_t)first * XFER_HASH, hashes, n * XFER_HASH);
        f->listed = h->agreed;
    }
}

/* What came from before may be what was wrong: then nobody is to blame yet. */
static void blame(struct xfer *x, uint64_t now_ms, struct fetch *f)
{
    for (size_t i = f->resumed ? 0 : f->holders_count; i-- > 0;) {
        const struct holder *h = &f->holders[i];
        if (h->state == HOLDER_AGREES && h->agreed == f->count) {
            f->wrong = true;
            wrong_add(x, &h->peer->peer, f->sha);
            known_remove(x, h->peer, f->sha);
            fetch_lose(x, now_ms, f, h->peer);
        }
    }
}

/* The silent ones come last now. */
static void pass_over(struct fetch *f, uint64_t now_ms)
{
    for (size_t i = 0; i < f->holders_count; i++) {
        struct holder *h = &f->holders[i];
        if (h->state == HOLDER_AGREES && h->rest_ms < now_ms + XFER_SEARCH_AGAIN) {
            h->rest_ms = now_ms + XFER_SEARCH_AGAIN;
        }
    }
}

void list_restart(struct xfer *x, uint64_t now_ms, struct fetch *f, bool was_wrong)
{
    if (was_wrong) {
        blame(x, now_ms, f);
    } else {
        pass_over(f, now_ms);
    }
    chunk_release(x, f, NULL);
    x->store.discard(x->store.context, f->sha256);
    free(f->list);
    free(f->chunk);
    f->list = NULL;
    f->chunk = NULL;
    f->begun = f->resumed = false;
    f->have = f->count = 0;
    f->stalled_ms = 0;
    x->due = true;
}
