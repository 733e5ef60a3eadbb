/* The chunks of a fetch: asked for from all holders in turn, each as many ahead as it is fast, what
 * comes is checked and written. When all that is missing is on its way, what is slow to come is
 * asked for once more from somebody faster.
 */
#include "net/xfer_priv.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SILENT_LEAST_MS 15000
#define SILENT_FIRST_MS 30000
#define SILENT_MOST_MS  120000
#define SLOWER          4 /* times the fastest: one chunk at a time */
#define TWICE_LEAST_MS  1000
#define TWICE_STEP_MS   250

/* ---- asks ---------------------------------------------------------------------------------------
 */

static bool is_asked(const struct fetch *f, uint32_t index)
{
    for (size_t i = 0; i < f->asks_count; i++) {
        if (f->asks[i].index == index) {
            return true;
        }
    }
    return false;
}

static void free_slot(struct xfer *x)
{
    x->due |= x->on_way == XFER_ON_WAY_MAX; /* another fetch may wait for it */
    x->on_way--;
}

static void end_ask(struct xfer *x, struct fetch *f, size_t at)
{
    struct ask a = f->asks[at];
    struct holder *h = fetch_holder(f, a.peer);
    f->asks[at] = f->asks[--f->asks_count];
    free_slot(x);
    a.peer->asked--;
    if (h != NULL) {
        h->asked--;
    }
    if (f->chunk[a.index] == CHUNK_ASKED && !is_asked(f, a.index)) {
        f->chunk[a.index] = CHUNK_MISSING;
    }
}

void chunk_release(struct xfer *x, struct fetch *f, const struct xpeer *p)
{
    for (size_t i = f->asks_count; i-- > 0;) {
        if (p == NULL || f->asks[i].peer == p) {
            xfer_say_index(x, f->asks[i].peer, SAY_FORGET, f->sha, f->asks[i].index);
            end_ask(x, f, i);
        }
    }
}

static bool ask(struct xfer *x, uint64_t now_ms, struct fetch *f, struct holder *h, uint32_t index)
{
    if (!xfer_say_index(x, h->peer, SAY_GET, f->sha, index)) {
        return false;
    }
    f->asks[f->asks_count++] = (struct ask){h->peer, index, now_ms};
    f->chunk[index] = CHUNK_ASKED;
    h->heard_ms = h->asked == 0 ? now_ms : h->heard_ms;
    h->asked++;
    h->peer->asked++;
    x->on_way++;
    return true;
}

/* ---- which from whom ----------------------------------------------------------------------------
 */

static uint32_t fastest(const struct fetch *f)
{
    uint32_t best = UINT32_MAX;
    for (size_t i = 0; i < f->holders_count; i++) {
        uint32_t ms = f->holders[i].chunk_ms;
        best = ms > 0 && ms < best ? ms : best;
    }
    return best;
}

static unsigned window(const struct fetch *f, const struct holder *h)
{
    uint32_t best = fastest(f);
    bool slow = best != UINT32_MAX && h->chunk_ms / SLOWER > best;
    return h->strikes > 0 || slow ? 1 : XFER_WINDOW;
}

static bool can_ask(
    const struct xfer *x, uint64_t now_ms, const struct fetch *f, const struct holder *h)
{
    size_t share = XFER_ON_WAY_MAX / (x->active > 0 ? x->active : 1);
    return h->state == HOLDER_AGREES && h->rest_ms <= now_ms && !h->peer->dropped &&
           h->asked < window(f, h) && h->peer->asked < XFER_WINDOW && x->on_way < XFER_ON_WAY_MAX &&
           f->asks_count + f->writing < share;
}

/* Chunks that nobody has been asked for. */
static bool has_missing(const struct fetch *f)
{
    for (uint32_t i = f->first; i < f->count; i++) {
        if (f->chunk[i] == CHUNK_MISSING) {
            return true;
        }
    }
    return false;
}

static bool pick_missing(const struct fetch *f, const struct holder *h, uint32_t *index)
{
    for (uint32_t i = f->first; i < h->agreed; i++) {
        if (f->chunk[i] == CHUNK_MISSING) {
            *index = i;
            return true;
        }
    }
    return false;
}

static size_t asked_times(const struct fetch *f, uint32_t index)
{
    size_t n = 0;
    for (size_t i = 0; i < f->asks_count; i++) {
        n += f->asks[i].index == index;
    }
    return n;
}

/* One that another holder has for longer than this one would take. */
static bool pick_twice(
    const struct fetch *f, const struct holder *h, uint64_t now_ms, uint32_t *index)
{
    uint64_t oldest = XFER_NEVER;
    uint64_t least = (uint64_t)h->chunk_ms * 3;
    least = least > TWICE_LEAST_MS ? least : TWICE_LEAST_MS;
    for (size_t i = 0; i < f->asks_count; i++) {
        const struct ask *a = &f->asks[i];
        if (a->peer != h->peer && a->index < h->agreed && now_ms >= a->asked_ms + least &&
            a->asked_ms < oldest && asked_times(f, a->index) == 1) {
            oldest = a->asked_ms;
            *index = a->index;
        }
    }
    return oldest != XFER_NEVER;
}

static bool ask_more(struct xfer *x, uint64_t now_ms, struct fetch *f, struct holder *h)
{
    uint32_t index;
    if (!can_ask(x, now_ms, f, h)) {
        return false;
    }
    bool found = pick_missing(f, h, &index) ||
                 (h->asked == 0 && !has_missing(f) && pick_twice(f, h, now_ms, &index));
    return found && ask(x, now_ms, f, h, index);
}

/* ---- time ---------------------------------------------------------------------------------------
 */

static uint64_t silent_ms(const struct holder *h)
{
    uint64_t ms = (uint64_t)h->chunk_ms * 8;
    if (h->chunk_ms == 0) {
        return SILENT_FIRST_MS;
    }
    ms = ms > SILENT_LEAST_MS ? ms : SILENT_LEAST_MS;
    return ms < SILENT_MOST_MS ? ms : SILENT_MOST_MS;
}

static void check_silent(struct xfer *x, uint64_t now_ms, struct fetch *f)
{
    for (size_t i = 0; i < f->holders_count; i++) {
        struct holder *h = &f->holders[i];
        if (h->asked > 0 && now_ms >= h->heard_ms + silent_ms(h)) {
            chunk_release(x, f, h->peer);
            fetch_rest(h, now_ms);
        }
    }
}

void chunk_step(struct xfer *x, uint64_t now_ms, struct fetch *f)
{
    bool asked = true;
    check_silent(x, now_ms, f);
    while (asked) {
        asked = false;
        for (size_t i = 0; i < f->holders_count; i++) {
            asked |= ask_more(x, now_ms, f, &f->holders[i]);
        }
    }
}

void chunk_next(const struct xfer *x, const struct fetch *f, uint64_t *next)
{
    for (size_t i = 0; i < f->holders_count; i++) {
        const struct holder *h = &f->holders[i];
        if (h->asked > 0) {
            xfer_sooner(x, next, h->heard_ms + silent_ms(h));
        }
    }
    if (f->holders_count > 1 && f->asks_count > 0 && !has_missing(f)) {
        xfer_sooner(x, next, x->now_ms + TWICE_STEP_MS);
    }
}

/* ---- a chunk comes ------------------------------------------------------------------------------
 */

static bool take_ask(
    struct xfer *x, struct fetch *f, const struct xpeer *p, uint32_t index, uint64_t *asked_ms)
{
    for (size_t i = 0; i < f->asks_count; i++) {
        if (f->asks[i].peer == p && f->asks[i].index == index) {
            *asked_ms = f->asks[i].asked_ms;
            end_ask(x, f, i);
            return true;
        }
    }
    return false;
}

static void heard(struct holder *h, uint64_t now_ms, uint64_t asked_ms)
{
    uint64_t since = h->heard_ms > asked_ms ? h->heard_ms : asked_ms;
    uint32_t took = (uint32_t)(now_ms - since < SILENT_MOST_MS ? now_ms - since : SILENT_MOST_MS);
    took = took > 0 ? took : 1;
    h->chunk_ms = h->chunk_ms == 0 ? took : (h->chunk_ms * 3 + took + 3) / 4;
    h->heard_ms = now_ms;
    h->strikes = 0;
    h->rest_ms = 0;
}

static bool fits(const struct fetch *f, uint32_t index, const uint8_t *bytes, size_t len)
{
    uint8_t hash[XFER_HASH];
    if (len != xfer_chunk_len(f->size_bytes, index)) {
        return false;
    }
    crypto_generichash(hash, sizeof hash, bytes, len, NULL, 0);
    return memcmp(hash, f->list + (size_t)index * XFER_HASH, sizeof hash) == 0;
}

static void lied(struct xfer *x, uint64_t now_ms, struct fetch *f, struct xpeer *p, uint32_t index)
{
    char why[120];
    snprintf(
        why, sizeof why, "chunk %u of content %.12s… is not what it told itself", index, f->sha256);
    known_remove(x, p, f->sha);
    fetch_lose(x, now_ms, f, p);
    xfer_drop(x, p, why);
}

static void write_chunk(
    struct xfer *x, struct fetch *f, uint32_t index, const uint8_t *bytes, size_t len)
{
    for (size_t i = f->asks_count; i-- > 0;) {
        if (f->asks[i].index == index) {
            xfer_say_index(x, f->asks[i].peer, SAY_FORGET, f->sha, index);
            end_ask(x, f, i);
        }
    }
    f->chunk[index] = CHUNK_WRITING;
    f->writing++;
    x->on_way++;
    uint64_t id = xfer_op(x, (struct op){.kind = OP_WRITE, .fetch = f, .index = index});
    x->store.write(x->store.context, id, f->sha256, (int64_t)index * XFER_CHUNK, bytes, len);
}

void chunk_take(struct xfer *x, uint64_t now_ms, struct xpeer *from, const uint8_t *sha,
    uint32_t index, const uint8_t *bytes, size_t len)
{
    struct fetch *f = fetch_find(x, sha);
    struct holder *h = f != NULL ? fetch_holder(f, from) : NULL;
    uint64_t asked_ms = now_ms;
    xfer_say_got(x, from, ++from->received);
    if (h == NULL || !f->begun || f->ending || index >= f->count) {
        return;
    }
    /* Late ones count as well, while there is room for them. */
    if (!take_ask(x, f, from, index, &asked_ms) && x->on_way >= XFER_ON_WAY_MAX) {
        return;
    }
    bool wanted = f->chunk[index] == CHUNK_MISSING || f->chunk[index] == CHUNK_ASKED;
    if (!wanted || h->state != HOLDER_AGREES || index >= h->agreed || index < f->from) {
        return;
    }
    if (fits(f, index, bytes, len)) {
        heard(h, now_ms, asked_ms);
        write_chunk(x, f, index, bytes, len);
    } else {
        lied(x, now_ms, f, from, index);
    }
}

void chunk_written(
    struct xfer *x, uint64_t now_ms, struct fetch *f, uint32_t index, const struct err *e)
{
    (void)now_ms;
    f->writing--;
    free_slot(x);
    if (e != NULL) {
        f->chunk[index] = CHUNK_MISSING;
        if (!f->ending) {
            fetch_end(x, f, e);
        }
        return;
    }
    f->chunk[index] = CHUNK_HAVE;
    f->have++;
    f->rate_bytes += (int64_t)xfer_chunk_len(f->size_bytes, index);
    while (f->first < f->count && f->chunk[f->first] == CHUNK_HAVE) {
        f->first++;
    }
}
