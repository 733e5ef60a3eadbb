#include "net/xfer_priv.h"

#include "host/base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct xfer *xfer_new(const struct xfer_store *store, const struct xfer_io *io)
{
    struct xfer *x = mem_alloc(sizeof *x);
    x->store = *store;
    x->io = *io;
    x->ready_last = &x->ready;
    return x;
}

static void free_ops(struct xfer *x)
{
    for (struct op *next; x->ops != NULL; x->ops = next) {
        next = x->ops->next;
        free(x->ops->request);
        free(x->ops);
    }
}

static void free_told(struct xfer *x)
{
    for (struct ready *next; x->ready != NULL; x->ready = next) {
        next = x->ready->next;
        free(x->ready);
    }
    for (struct drop *next; x->drops != NULL; x->drops = next) {
        next = x->drops->next;
        free(x->drops);
    }
}

void xfer_free(struct xfer *x)
{
    free_ops(x);
    free_told(x);
    for (struct fetch *next; x->fetches != NULL; x->fetches = next) {
        next = x->fetches->next;
        fetch_free(x->fetches);
    }
    serve_free(x);
    hashes_free(x);
    offer_free(x);
    for (size_t i = 0; i < x->peers_count; i++) {
        free(x->peers[i]);
    }
    free(x->peers);
    strbuf_fini(&x->out);
    free(x);
}

/* ---- what a content is called -------------------------------------------------------------------
 */

bool xfer_sha_parse(const char *text, uint8_t out[static XFER_SHA])
{
    size_t len;
    if (strlen(text) != XFER_TEXT - 1 || strspn(text, "0123456789abcdef") != XFER_TEXT - 1) {
        return false;
    }
    return sodium_hex2bin(out, XFER_SHA, text, XFER_TEXT - 1, NULL, &len, NULL) == 0;
}

void xfer_sha_format(const uint8_t sha[static XFER_SHA], char out[static XFER_TEXT])
{
    sodium_bin2hex(out, XFER_TEXT, sha, XFER_SHA);
}

uint32_t xfer_count(int64_t size_bytes)
{
    return (uint32_t)((size_bytes + XFER_CHUNK - 1) / XFER_CHUNK);
}

size_t xfer_chunk_len(int64_t size_bytes, uint32_t index)
{
    int64_t left = size_bytes - (int64_t)index * XFER_CHUNK;
    return (size_t)(left < XFER_CHUNK ? left : XFER_CHUNK);
}

/* ---- peers --------------------------------------------------------------------------------------
 */

static int order(const struct xpeer *a, int queue, const struct peer *p)
{
    if (a->queue != queue) {
        return a->queue < queue ? -1 : 1;
    }
    return peer_compare(&a->peer, p);
}

/* The first that is not before it. */
static size_t position(const struct xfer *x, int queue, const struct peer *p)
{
    size_t low = 0;
    size_t high = x->peers_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (order(x->peers[middle], queue, p) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t xfer_peer_first(const struct xfer *x, int queue)
{
    static const struct peer least;
    return position(x, queue, &least);
}

struct xpeer *xfer_peer_find(const struct xfer *x, int queue, const struct peer *p)
{
    size_t i = position(x, queue, p);
    bool found = i < x->peers_count && order(x->peers[i], queue, p) == 0;
    return found ? x->peers[i] : NULL;
}

void xfer_peer_up(struct xfer *x, uint64_t now_ms, int queue, const struct peer *p)
{
    size_t i = position(x, queue, p);
    if (queue < 0 || queue >= XFER_QUEUES_MAX || xfer_peer_find(x, queue, p) != NULL) {
        return;
    }
    if (x->peers_count == x->peers_cap) {
        x->peers_cap = x->peers_cap > 0 ? x->peers_cap * 2 : 16;
        x->peers = mem_resize(x->peers, x->peers_cap, sizeof(void *));
    }
    struct xpeer *one = mem_alloc(sizeof *one);
    one->peer = *p;
    one->queue = queue;
    memmove(x->peers + i + 1, x->peers + i, (x->peers_count - i) * sizeof(void *));
    x->peers[i] = one;
    x->peers_count++;
    for (struct fetch *f = x->fetches; f != NULL; f = f->next) {
        f->look_at += f->look_at > i;
        if ((f->queues >> queue & 1) != 0 && f->holders_count < XFER_HOLDERS_FEW) {
            xfer_say(x, one, SAY_WHO, f->sha);
        }
    }
    xfer_pump(x, now_ms);
}

void xfer_peer_down(struct xfer *x, uint64_t now_ms, int queue, const struct peer *p)
{
    size_t i = position(x, queue, p);
    struct xpeer *gone = xfer_peer_find(x, queue, p);
    if (gone == NULL) {
        return;
    }
    gone->dropped = true; /* nothing is sent to it any more */
    for (struct fetch *f = x->fetches; f != NULL; f = f->next) {
        fetch_forget_peer(x, now_ms, f, gone);
        f->look_at -= f->look_at > i;
    }
    serve_forget_peer(x, gone);
    hashes_forget_peer(x, gone);
    offer_forget_peer(x, gone);
    known_forget_peer(x, gone);
    x->peers_count--;
    memmove(x->peers + i, x->peers + i + 1, (x->peers_count - i) * sizeof(void *));
    free(gone);
    xfer_pump(x, now_ms);
}

void xfer_drop(struct xfer *x, struct xpeer *p, const char *why)
{
    if (p->dropped) {
        return;
    }
    struct drop *d = mem_alloc(sizeof *d);
    p->dropped = true;
    d->peer = p->peer;
    str_copy(d->why, sizeof d->why, why, strlen(why));
    d->next = x->drops;
    x->drops = d;
}

/* ---- messages ----------------------------------------------------------------------------------
 */

void xfer_receive(struct xfer *x, uint64_t now_ms, int queue, const struct peer *from,
    const uint8_t *bytes, size_t len)
{
    struct xpeer *p = xfer_peer_find(x, queue, from);
    struct wire_in in = wire_read(bytes, len);
    if (p != NULL && !p->dropped) {
        message_take(x, now_ms, p, &in);
        xfer_pump(x, now_ms);
    }
}

/* ---- the store's calls --------------------------------------------------------------------------
 */

uint64_t xfer_op(struct xfer *x, struct op o)
{
    struct op *one = mem_alloc(sizeof *one);
    *one = o;
    one->id = ++x->next_id;
    one->next = x->ops;
    x->ops = one;
    return one->id;
}

static struct op *take_op(struct xfer *x, uint64_t id)
{
    struct op **at = &x->ops;
    while (*at != NULL && (*at)->id != id) {
        at = &(*at)->next;
    }
    struct op *one = *at;
    if (one != NULL) {
        *at = one->next;
    }
    return one;
}

void xfer_read_done(struct xfer *x, uint64_t now_ms, uint64_t id, const uint8_t *bytes, size_t len,
    const struct err *e)
{
    struct op *o = take_op(x, id);
    if (o == NULL) {
        return;
    }
    if (o->kind == OP_SERVE) {
        serve_read(x, now_ms, o->request, bytes, len, e);
    } else if (o->kind == OP_HASH) {
        hashes_read(x, o->listing, o->index, bytes, len, e);
    }
    free(o);
    xfer_pump(x, now_ms);
}

void xfer_write_done(struct xfer *x, uint64_t now_ms, uint64_t id, const struct err *e)
{
    struct op *o = take_op(x, id);
    if (o != NULL) {
        chunk_written(x, now_ms, o->fetch, o->index, e);
        free(o);
        xfer_pump(x, now_ms);
    }
}

void xfer_finish_done(struct xfer *x, uint64_t now_ms, uint64_t id, const struct err *e)
{
    struct op *o = take_op(x, id);
    if (o != NULL) {
        fetch_finished(x, now_ms, o->fetch, e);
        free(o);
        xfer_pump(x, now_ms);
    }
}

/* ---- who is told --------------------------------------------------------------------------------
 */

static struct ready *add_ready(struct xfer *x, void *context, const struct err *e)
{
    struct ready *r = mem_alloc(sizeof *r);
    r->context = context;
    r->err = e != NULL ? *e : (struct err){0};
    *x->ready_last = r;
    x->ready_last = &r->next;
    return r;
}

void xfer_ready(struct xfer *x, xfer_cb done, void *context, const struct err *e)
{
    if (done != NULL) {
        add_ready(x, context, e)->fetched = done;
    }
}

void xfer_ready_offer(
    struct xfer *x, xfer_offer_cb done, void *context, const struct err *e, size_t holders)
{
    struct ready *r = done != NULL ? add_ready(x, context, e) : NULL;
    if (r != NULL) {
        r->offered = done;
        r->holders = holders;
    }
}

/* What they do may add more, which has its turn in the next call. */
static void tell(struct xfer *x)
{
    struct ready *list = x->ready;
    x->ready = NULL;
    x->ready_last = &x->ready;
    for (struct ready *next; list != NULL; list = next) {
        const struct err *e = list->err.code != 0 ? &list->err : NULL;
        next = list->next;
        if (list->fetched != NULL) {
            list->fetched(list->context, e);
        } else {
            list->offered(list->context, e, list->holders);
        }
        free(list);
    }
}

/* The link may go within the call, which comes back here. */
static void drop_all(struct xfer *x)
{
    while (x->drops != NULL) {
        struct drop *d = x->drops;
        x->drops = d->next;
        x->io.drop(x->io.context, &d->peer, d->why);
        free(d);
    }
}

void xfer_pump(struct xfer *x, uint64_t now_ms)
{
    x->now_ms = now_ms;
    x->due = false;
    fetch_step(x, now_ms);
    serve_step(x, now_ms);
    hashes_step(x);
    offer_step(x, now_ms);
    drop_all(x);
    tell(x);
}

void xfer_tick(struct xfer *x, uint64_t now_ms)
{
    xfer_pump(x, now_ms);
}

void xfer_sooner(const struct xfer *x, uint64_t *next, uint64_t ms)
{
    if (ms > x->now_ms && ms < *next) {
        *next = ms;
    }
}

uint64_t xfer_next_ms(const struct xfer *x)
{
    uint64_t next = XFER_NEVER;
    if (x->due || x->ready != NULL || x->drops != NULL) {
        return 0;
    }
    serve_next(x, &next);
    offer_next(x, &next);
    for (const struct fetch *f = x->fetches; f != NULL; f = f->next) {
        fetch_next(x, f, &next);
    }
    return next;
}

size_t xfer_holders(const struct xfer *x, int queue, const char *sha256)
{
    uint8_t sha[XFER_SHA];
    int64_t size_bytes;
    if (!xfer_sha_parse(sha256, sha)) {
        return 0;
    }
    return known_count(x, queue, sha) + x->store.has(x->store.context, sha256, &size_bytes);
}
