/* A fetch from its first question to its end.
 *
 * Peers of its queues are asked a few at a time until some hold it. At most four fetches have
 * chunks on their way; the others wait in order, without a list. One whose holders have all gone
 * gives its place to the next and keeps what it has.
 */
#include "net/xfer_priv.h"

#include "host/base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RATE_MS 1000

struct fetch *fetch_find(const struct xfer *x, const uint8_t *sha)
{
    struct fetch *f = x->fetches;
    while (f != NULL && memcmp(f->sha, sha, XFER_SHA) != 0) {
        f = f->next;
    }
    return f;
}

void fetch_free(struct fetch *f)
{
    for (struct waiter *next; f->waiters != NULL; f->waiters = next) {
        next = f->waiters->next;
        free(f->waiters);
    }
    free(f->list);
    free(f->chunk);
    free(f);
}

static int check_new(const struct xfer *x, int64_t size_bytes, struct err *e)
{
    if (size_bytes > XFER_SIZE_MAX) {
        return err_set(e, PP_ETOOBIG, "content of %" PRId64 " bytes: at most %" PRId64 " are taken",
            size_bytes, XFER_SIZE_MAX);
    }
    if (x->fetches_count >= XFER_FETCHES_MAX) {
        return err_set(e, PP_ELIMIT, "%d contents are being fetched already", XFER_FETCHES_MAX);
    }
    return 0;
}

struct fetch *fetch_get(struct xfer *x, uint64_t now_ms, int queue, const uint8_t *sha,
    int64_t size_bytes, struct err *e)
{
    struct fetch *f = fetch_find(x, sha);
    uint64_t bit = UINT64_C(1) << queue;
    if (f == NULL && check_new(x, size_bytes, e) != 0) {
        return NULL;
    }
    if (f == NULL) {
        struct fetch **last = &x->fetches;
        f = mem_alloc(sizeof *f);
        memcpy(f->sha, sha, XFER_SHA);
        xfer_sha_format(sha, f->sha256);
        f->wanted_size = size_bytes;
        f->searching_ms = now_ms;
        while (*last != NULL) {
            last = &(*last)->next;
        }
        *last = f;
        x->fetches_count++;
    }
    if ((f->queues & bit) == 0) {
        f->queues |= bit;
        f->look_at = 0;
        f->look_ms = now_ms;
    }
    if (f->ending) {
        f->ending = false;
        f->look_ms = now_ms;
        f->searching_ms = f->holders_count > 0 ? XFER_NEVER : now_ms;
    }
    return f;
}

uint64_t xfer_fetch(struct xfer *x, uint64_t now_ms, int queue, const char *sha256,
    int64_t size_bytes, xfer_cb done, void *context)
{
    uint8_t sha[XFER_SHA];
    struct err e = {0};
    struct fetch *f = NULL;
    int64_t held;
    uint64_t id = ++x->next_id;
    if (!xfer_sha_parse(sha256, sha) || queue < 0 || queue >= XFER_QUEUES_MAX) {
        err_set(&e, PP_EINVAL, "content \"%.70s\": must be 64 hex digits", sha256);
    } else if (x->store.has(x->store.context, sha256, &held)) {
        xfer_ready(x, done, context, NULL);
        return id;
    } else {
        f = fetch_get(x, now_ms, queue, sha, size_bytes, &e);
    }
    if (f == NULL) {
        xfer_ready(x, done, context, &e);
        return id;
    }
    struct waiter *w = mem_alloc(sizeof *w);
    x->due = true;
    *w = (struct waiter){.next = f->waiters, .id = id, .done = done, .context = context};
    f->waiters = w;
    if (f->searching_ms != XFER_NEVER) {
        f->searching_ms = now_ms; /* who comes later waits as long */
    }
    return id;
}

/* ---- its end ------------------------------------------------------------------------------------
 */

static void tell_offerers(struct xfer *x, struct fetch *f, const struct err *e)
{
    for (size_t i = 0; i < f->offerers_count; i++) {
        if (e == NULL) {
            xfer_say_size(x, f->offerers[i], SAY_HOLD, f->sha, f->size_bytes);
        } else {
            xfer_say_refuse(x, f->offerers[i], f->sha, e->text);
        }
    }
    f->offerers_count = 0;
}

static void deactivate(struct xfer *x, struct fetch *f)
{
    x->due |= f->active; /* another one's turn */
    x->active -= f->active;
    f->active = false;
}

/* Nobody wants it any more; it stays until the store has answered. */
static void let_go(struct xfer *x, struct fetch *f)
{
    f->ending = true;
    deactivate(x, f);
    chunk_release(x, f, NULL);
}

void fetch_end(struct xfer *x, struct fetch *f, const struct err *e)
{
    for (struct waiter *next; f->waiters != NULL; f->waiters = next) {
        next = f->waiters->next;
        xfer_ready(x, f->waiters->done, f->waiters->context, e);
        free(f->waiters);
    }
    tell_offerers(x, f, e);
    let_go(x, f);
}

static struct waiter *take_waiter(struct fetch *f, uint64_t id)
{
    struct waiter **at = &f->waiters;
    while (*at != NULL && (*at)->id != id) {
        at = &(*at)->next;
    }
    struct waiter *w = *at;
    if (w != NULL) {
        *at = w->next;
    }
    return w;
}

void xfer_cancel(struct xfer *x, uint64_t id)
{
    struct err e = {0};
    struct waiter *w = NULL;
    struct fetch *f = x->fetches;
    while (f != NULL && (w = take_waiter(f, id)) == NULL) {
        f = f->next;
    }
    if (w == NULL) {
        return;
    }
    x->due = true;
    err_set(&e, PP_ECANCELED, "nobody wants content %.12s… any more", f->sha256);
    xfer_ready(x, w->done, w->context, &e);
    free(w);
    if (f->waiters == NULL && f->offerers_count == 0) {
        let_go(x, f);
    }
}

void fetch_finished(struct xfer *x, uint64_t now_ms, struct fetch *f, const struct err *e)
{
    f->finishing = false;
    if (e == NULL) {
        for (size_t i = 0; i < f->holders_count; i++) {
            if (f->holders[i].state == HOLDER_AGREES) {
                known_add(x, f->holders[i].peer, f->sha);
            }
        }
        fetch_end(x, f, NULL);
    } else if (e->code == PP_ECORRUPT) {
        list_restart(x, now_ms, f, true);
    } else {
        fetch_end(x, f, e);
    }
}

/* ---- nobody has it ------------------------------------------------------------------------------
 */

static void tell_not_found(struct xfer *x, struct fetch *f)
{
    struct err e = {0};
    if (f->wrong) {
        err_set(&e, PP_ENOTFOUND,
            "no host has content %.12s…: what others hold under that name is something else",
            f->sha256);
    } else {
        err_set(&e, PP_ENOTFOUND, "no host that is linked has content %.12s…", f->sha256);
    }
    for (struct waiter *w = f->waiters; w != NULL; w = w->next) {
        xfer_ready(x, w->done, w->context, &e);
        w->done = NULL;
    }
}

static bool waits_to_be_told(const struct fetch *f)
{
    for (const struct waiter *w = f->waiters; w != NULL; w = w->next) {
        if (w->done != NULL) {
            return true;
        }
    }
    return false;
}

/* What is missed for so long is not wanted any more, even if nobody said so. */
static uint64_t lost_ms(const struct fetch *f)
{
    uint64_t after = waits_to_be_told(f) ? XFER_SEARCH_MS : XFER_LOST_AFTER_MS;
    return f->searching_ms == XFER_NEVER ? XFER_NEVER : f->searching_ms + after;
}

static void search(struct xfer *x, uint64_t now_ms, struct fetch *f)
{
    if (look_wants(f) && f->look_ms <= now_ms) {
        look_step(x, now_ms, f);
    }
    if (f->ending || lost_ms(f) > now_ms) {
        return;
    }
    if (waits_to_be_told(f)) {
        tell_not_found(x, f);
    } else {
        struct err e = {0};
        err_set(&e, PP_ENOTFOUND, "no host has content %.12s…", f->sha256);
        fetch_end(x, f, &e);
    }
}

/* ---- its turn -----------------------------------------------------------------------------------
 */

/* Whose word on the size counts until it proves wrong. */
static const struct holder *first_holder(const struct fetch *f, uint64_t now_ms)
{
    for (size_t i = 0; i < f->holders_count; i++) {
        if (f->holders[i].rest_ms <= now_ms) {
            return &f->holders[i];
        }
    }
    return NULL;
}

static bool may_go_on(const struct fetch *f, uint64_t now_ms)
{
    if (first_holder(f, now_ms) != NULL) {
        return true;
    }
    return f->finishing || f->asks_count > 0 || f->writing > 0 || (f->begun && f->have == f->count);
}

static void begin(struct xfer *x, struct fetch *f, int64_t size_bytes)
{
    struct err e = {0};
    uint8_t *have = NULL;
    if (x->store.begin(x->store.context, f->sha256, size_bytes, &have, &e) != 0) {
        fetch_end(x, f, &e);
        return;
    }
    list_begin(f, size_bytes, have);
    free(have);
}

static void finish(struct xfer *x, struct fetch *f)
{
    f->finishing = true;
    uint64_t id = xfer_op(x, (struct op){.kind = OP_FINISH, .fetch = f});
    x->store.finish(x->store.context, id, f->sha256);
}

static void run(struct xfer *x, uint64_t now_ms, struct fetch *f)
{
    const struct holder *h = f->begun ? NULL : first_holder(f, now_ms);
    if (h != NULL) {
        begin(x, f, h->size_bytes);
    }
    if (!f->begun || f->ending || f->finishing) {
        return;
    }
    list_ask(x, now_ms, f);
    if (!f->begun) {
        return; /* it begins anew */
    }
    chunk_step(x, now_ms, f);
    if (f->have == f->count && f->writing == 0) {
        finish(x, f);
    }
}

static void measure(struct fetch *f, uint64_t now_ms)
{
    if (now_ms >= f->rate_ms + RATE_MS) {
        f->rate_bytes_s = f->rate_bytes * 1000 / (int64_t)(now_ms - f->rate_ms);
        f->rate_bytes = 0;
        f->rate_ms = now_ms;
    }
}

static void step(struct xfer *x, uint64_t now_ms, struct fetch *f)
{
    search(x, now_ms, f);
    bool goes_on = !f->ending && may_go_on(f, now_ms);
    if (f->active && !goes_on) {
        deactivate(x, f);
    } else if (!f->active && goes_on && x->active < XFER_ACTIVE_MAX) {
        f->active = true;
        x->active++;
        f->rate_ms = now_ms;
        f->rate_bytes = 0;
    }
    if (f->active) {
        run(x, now_ms, f);
        measure(f, now_ms);
    }
}

void fetch_step(struct xfer *x, uint64_t now_ms)
{
    for (struct fetch **at = &x->fetches; *at != NULL;) {
        struct fetch *f = *at;
        step(x, now_ms, f);
        if (f->ending && f->writing == 0 && !f->finishing) {
            *at = f->next;
            x->fetches_count--;
            fetch_free(f);
        } else {
            at = &f->next;
        }
    }
}

void fetch_next(const struct xfer *x, const struct fetch *f, uint64_t *next)
{
    if (f->ending) {
        return;
    }
    xfer_sooner(x, next, lost_ms(f));
    if (look_wants(f)) {
        xfer_sooner(x, next, f->look_ms);
    }
    for (size_t i = 0; !f->finishing && i < f->holders_count; i++) {
        xfer_sooner(x, next, f->holders[i].rest_ms);
    }
    if (f->active && f->begun && !f->finishing) {
        list_next(x, f, next);
        chunk_next(x, f, next);
    }
}

static int64_t done_bytes(const struct fetch *f)
{
    int64_t bytes = (int64_t)f->have * XFER_CHUNK;
    if (f->count > 0 && f->chunk[f->count - 1] == CHUNK_HAVE) {
        bytes -= XFER_CHUNK - (int64_t)xfer_chunk_len(f->size_bytes, f->count - 1);
    }
    return bytes;
}

bool xfer_progress(const struct xfer *x, const char *sha256, struct xfer_progress *out)
{
    uint8_t sha[XFER_SHA];
    const struct fetch *f = xfer_sha_parse(sha256, sha) ? fetch_find(x, sha) : NULL;
    if (f == NULL || f->ending) {
        return false;
    }
    *out = (struct xfer_progress){.size_bytes = f->begun ? f->size_bytes : f->wanted_size,
        .done_bytes = f->begun ? done_bytes(f) : 0,
        .holders = f->holders_count,
        .rate_bytes_s = f->active ? f->rate_bytes_s : 0};
    return true;
}
