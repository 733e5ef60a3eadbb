/* Content that others shall hold too: ours is offered to peers one after the other until enough
 * have it, theirs is taken when the program says so.
 *
 * Who refuses, or does not answer, is asked again half a minute later; meanwhile others are. Which
 * are asked first depends on the content, so that not all of it lies with the same few.
 */
#include "net/xfer_priv.h"

#include "host/base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 10000
#define TAKING_MS 60000 /* without asking for a chunk */
#define AGAIN_MS  30000

/* ---- theirs -------------------------------------------------------------------------------------
 */

static size_t count_offered(const struct xfer *x)
{
    size_t n = 0;
    for (const struct fetch *f = x->fetches; f != NULL; f = f->next) {
        n += f->offerers_count > 0;
    }
    return n;
}

static int check_offer(const struct xfer *x, const struct fetch *f, const struct xpeer *from,
    const uint8_t *sha, int64_t size_bytes, struct err *e)
{
    char sha256[XFER_TEXT];
    xfer_sha_format(sha, sha256);
    if (wrong_has(x, &from->peer, sha)) {
        return err_set(e, PP_EREFUSED, "what was held under that name was something else");
    }
    if (f != NULL && f->wanted_size >= 0 && f->wanted_size != size_bytes) {
        return err_set(e, PP_EREFUSED, "its size is %" PRId64 " bytes here", f->wanted_size);
    }
    bool many = f == NULL && count_offered(x) >= XFER_OFFERED_MAX;
    if (many || (f != NULL && f->offerers_count == XFER_OFFERERS_MAX)) {
        return err_set(e, PP_ELIMIT, "%d contents are being taken already", XFER_OFFERED_MAX);
    }
    return x->store.accepts(x->store.context, from->queue, sha256, size_bytes, e) ? 0 : -e->code;
}

static void add_offerer(struct fetch *f, struct xpeer *from)
{
    for (size_t i = 0; i < f->offerers_count; i++) {
        if (f->offerers[i] == from) {
            return;
        }
    }
    f->offerers[f->offerers_count++] = from;
}

void offer_take(
    struct xfer *x, uint64_t now_ms, struct xpeer *from, const uint8_t *sha, int64_t size_bytes)
{
    struct err e = {0};
    char sha256[XFER_TEXT];
    int64_t held;
    struct fetch *f = fetch_find(x, sha);
    xfer_sha_format(sha, sha256);
    if (x->store.has(x->store.context, sha256, &held)) {
        xfer_say_size(x, from, SAY_HOLD, sha, held);
        return;
    }
    if (check_offer(x, f, from, sha, size_bytes, &e) == 0) {
        f = fetch_get(x, now_ms, from->queue, sha, size_bytes, &e);
    }
    if (e.code != 0) {
        xfer_say_refuse(x, from, sha, e.text);
        return;
    }
    add_offerer(f, from);
    fetch_on_hold(x, now_ms, f, from, size_bytes);
    known_add(x, from, sha);
    xfer_say(x, from, SAY_TAKE, sha);
}

/* ---- ours ---------------------------------------------------------------------------------------
 */

uint64_t xfer_offer(struct xfer *x, uint64_t now_ms, int queue, const char *sha256, size_t replicas,
    int64_t timeout_ms, xfer_offer_cb done, void *context)
{
    uint8_t sha[XFER_SHA];
    struct err e = {0};
    int64_t size_bytes;
    uint64_t id = ++x->next_id;
    if (!xfer_sha_parse(sha256, sha) || queue < 0 || queue >= XFER_QUEUES_MAX) {
        err_set(&e, PP_EINVAL, "content \"%.70s\": must be 64 hex digits", sha256);
    } else if (!x->store.has(x->store.context, sha256, &size_bytes)) {
        err_set(&e, PP_ENOTFOUND, "content %.12s… is not here", sha256);
    } else if (x->offers_count >= XFER_OFFERS_MAX) {
        err_set(&e, PP_ELIMIT, "%d contents are being offered already", XFER_OFFERS_MAX);
    }
    if (e.code != 0) {
        xfer_ready_offer(x, done, context, &e, 0);
        return id;
    }
    struct offer *o = mem_alloc(sizeof *o);
    *o = (struct offer){.next = x->offers, .id = id, .queue = queue, .size_bytes = size_bytes};
    memcpy(o->sha, sha, sizeof sha);
    xfer_sha_format(sha, o->sha256);
    o->replicas = replicas <= XFER_CANDIDATES ? replicas : XFER_CANDIDATES;
    o->until_ms = now_ms + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    o->look_at = (size_t)sha[0] << 8 | sha[1];
    o->done = done;
    o->context = context;
    x->offers = o;
    x->offers_count++;
    x->due = true;
    return id;
}

static struct candidate *find(struct offer *o, const struct xpeer *p)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->candidates[i].peer == p) {
            return &o->candidates[i];
        }
    }
    return NULL;
}

static size_t count(const struct offer *o, enum candidate_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < o->count; i++) {
        n += o->candidates[i].state == state;
    }
    return n;
}

/* What a peer says counts for every offer of that content. */
static void set_state(struct xfer *x, const struct xpeer *from, const uint8_t *sha,
    enum candidate_state state, uint64_t until_ms, const char *why)
{
    for (struct offer *o = x->offers; o != NULL; o = o->next) {
        bool same = memcmp(o->sha, sha, XFER_SHA) == 0;
        struct candidate *c = same ? find(o, from) : NULL;
        if (c != NULL && (c->state != CANDIDATE_HOLDS || state != CANDIDATE_TAKES)) {
            c->state = state;
            c->until_ms = until_ms;
            str_copy(o->why, sizeof o->why, why, strlen(why));
        }
    }
}

void offer_on_hold(struct xfer *x, const struct xpeer *from, const uint8_t *sha)
{
    set_state(x, from, sha, CANDIDATE_HOLDS, XFER_NEVER, "");
}

void offer_on_take(struct xfer *x, uint64_t now_ms, const struct xpeer *from, const uint8_t *sha)
{
    set_state(x, from, sha, CANDIDATE_TAKES, now_ms + TAKING_MS, "");
}

void offer_on_refuse(
    struct xfer *x, uint64_t now_ms, const struct xpeer *from, const uint8_t *sha, const char *why)
{
    set_state(x, from, sha, CANDIDATE_REFUSED, now_ms + AGAIN_MS, why);
    known_remove(x, from, sha);
}

void offer_on_get(struct xfer *x, uint64_t now_ms, const struct xpeer *from, const uint8_t *sha)
{
    for (struct offer *o = x->offers; o != NULL; o = o->next) {
        struct candidate *c = memcmp(o->sha, sha, XFER_SHA) == 0 ? find(o, from) : NULL;
        if (c != NULL && c->state == CANDIDATE_TAKES) {
            c->until_ms = now_ms + TAKING_MS;
        }
    }
}

void offer_forget_peer(struct xfer *x, const struct xpeer *p)
{
    for (struct offer *o = x->offers; o != NULL; o = o->next) {
        struct candidate *c = find(o, p);
        if (c != NULL) {
            *c = o->candidates[--o->count];
        }
    }
}

/* ---- asking -------------------------------------------------------------------------------------
 */

static void end_late(struct offer *o, uint64_t now_ms)
{
    for (size_t i = 0; i < o->count; i++) {
        struct candidate *c = &o->candidates[i];
        bool waits = c->state == CANDIDATE_ASKED || c->state == CANDIDATE_TAKES;
        if (waits && now_ms >= c->until_ms) {
            static const char why[] = "a host does not answer, or is too slow";
            c->state = CANDIDATE_REFUSED;
            c->until_ms = now_ms + AGAIN_MS;
            str_copy(o->why, sizeof o->why, why, sizeof why - 1);
        }
    }
}

/* A place for this peer; NULL while it is asked, has refused, or there are too many. */
static struct candidate *place_for(struct offer *o, struct xpeer *p, uint64_t now_ms)
{
    struct candidate *c = find(o, p);
    if (c != NULL) {
        return c->state == CANDIDATE_REFUSED && now_ms >= c->until_ms ? c : NULL;
    }
    if (o->count < XFER_CANDIDATES) {
        return &o->candidates[o->count++];
    }
    for (size_t i = 0; i < o->count; i++) {
        if (o->candidates[i].state == CANDIDATE_REFUSED) {
            return &o->candidates[i];
        }
    }
    return NULL;
}

static bool ask_next(struct xfer *x, uint64_t now_ms, struct offer *o, size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct xpeer *p = x->peers[first + (o->look_at + i) % n];
        struct candidate *c = p->dropped ? NULL : place_for(o, p, now_ms);
        if (c != NULL) {
            bool holds = known_has(x, p, o->sha);
            *c = (struct candidate){p, CANDIDATE_HOLDS, XFER_NEVER};
            if (!holds) {
                c->state = CANDIDATE_ASKED;
                c->until_ms = now_ms + ANSWER_MS;
                xfer_say_size(x, p, SAY_OFFER, o->sha, o->size_bytes);
            }
            o->look_at = (o->look_at + i + 1) % n;
            return true;
        }
    }
    return false;
}

/* True when it is answered. */
static bool answer(struct xfer *x, uint64_t now_ms, struct offer *o, size_t linked)
{
    struct err e = {0};
    int64_t size_bytes;
    size_t holders = 1 + count(o, CANDIDATE_HOLDS);
    if (!x->store.has(x->store.context, o->sha256, &size_bytes)) {
        err_set(&e, PP_ENOTFOUND, "content %.12s… is not here any more", o->sha256);
        xfer_ready_offer(x, o->done, o->context, &e, holders - 1);
    } else if (holders >= o->replicas || holders > linked) {
        xfer_ready_offer(x, o->done, o->context, NULL, holders);
    } else if (now_ms >= o->until_ms) {
        err_set(&e, PP_ETIMEOUT, "content %.12s… is held by %zu of %zu hosts%s%s", o->sha256,
            holders, o->replicas, o->why[0] != '\0' ? ": " : "", o->why);
        xfer_ready_offer(x, o->done, o->context, &e, holders);
    } else {
        return false;
    }
    return true;
}

static bool step(struct xfer *x, uint64_t now_ms, struct offer *o)
{
    size_t first = xfer_peer_first(x, o->queue);
    size_t linked = xfer_peer_first(x, o->queue + 1) - first;
    bool more = true;
    end_late(o, now_ms);
    while (more &&
           1 + count(o, CANDIDATE_HOLDS) + count(o, CANDIDATE_ASKED) + count(o, CANDIDATE_TAKES) <
               o->replicas) {
        more = ask_next(x, now_ms, o, first, linked);
    }
    return answer(x, now_ms, o, linked);
}

void offer_step(struct xfer *x, uint64_t now_ms)
{
    for (struct offer **at = &x->offers; *at != NULL;) {
        struct offer *o = *at;
        if (step(x, now_ms, o)) {
            *at = o->next;
            x->offers_count--;
            free(o);
        } else {
            at = &o->next;
        }
    }
}

void offer_next(const struct xfer *x, uint64_t *next)
{
    for (const struct offer *o = x->offers; o != NULL; o = o->next) {
        xfer_sooner(x, next, o->until_ms);
        for (size_t i = 0; i < o->count; i++) {
            xfer_sooner(x, next, o->candidates[i].until_ms);
        }
    }
}

void offer_free(struct xfer *x)
{
    for (struct offer *next; x->offers != NULL; x->offers = next) {
        next = x->offers->next;
        free(x->offers);
    }
}
