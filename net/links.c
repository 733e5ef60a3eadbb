/* Connections to other hosts: the whole, its queues, and what others ask of it. */
#include "net/links_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 255

const struct links_times links_times_usual = {
    .sweep = 1000,
    .handshake = 10000,
    .idle = 30000,
    .stuck = 30000,
    .ping = 15000,
    .silence = 45000,
    .rival = 3000,
    .part = 2000,
    .ban = 60000,
    .note = 600000,
    .dial_min = 1000,
    .dial_max = 300000,
    .settled = 10000,
};

int64_t links_now(const struct links *l)
{
    return (int64_t)uv_now(l->loop);
}

/* ---- identities in use --------------------------------------------------------------------------
 */

static struct ident *ident_new(const struct identity *id)
{
    struct ident *i = mem_alloc(sizeof *i);
    i->id = *id;
    i->refs = 1;
    return i;
}

struct ident *ident_hold(struct ident *i)
{
    i->refs++;
    return i;
}

void ident_let_go(struct ident *i)
{
    if (i != NULL && --i->refs == 0) {
        identity_wipe(&i->id);
        free(i);
    }
}

struct ident *links_ident(struct links *l)
{
    struct queue *first = NULL;
    for (int i = 0; i < LINKS_QUEUES_MAX; i++) {
        struct queue *q = &l->queues[i];
        if (q->used && (first == NULL || q->serial < first->serial)) {
            first = q;
        }
    }
    return first != NULL ? first->ident : NULL;
}

/* ---- time ---------------------------------------------------------------------------------------
 */

static void on_sweep(uv_timer_t *timer)
{
    struct links *l = timer->data;
    for (struct link *k = l->list; k != NULL && !l->closing; k = k->next) {
        link_sweep(k);
    }
    if (!l->closing) {
        links_dial_step(l);
    }
}

static void on_soon(uv_timer_t *timer)
{
    struct links *l = timer->data;
    for (struct link *k = l->list; k != NULL && !l->closing; k = k->next) {
        link_execute(k);
        link_relieve(k);
    }
}

void links_soon(struct links *l, int64_t after_ms)
{
    if (l->closing || (uv_is_active((uv_handle_t *)&l->soon) &&
                          (int64_t)uv_timer_get_due_in(&l->soon) <= after_ms)) {
        return;
    }
    uv_timer_start(&l->soon, on_soon, (uint64_t)after_ms, 0);
}

void links_set_times(struct links *l, const struct links_times *t)
{
    l->times = *t;
    uv_timer_start(&l->sweep, on_sweep, (uint64_t)t->sweep, (uint64_t)t->sweep);
}

/* ---- open and close -----------------------------------------------------------------------------
 */

int links_open(struct links **out, uv_loop_t *loop, const struct links_options *o, struct err *e)
{
    if (o->hello_len > LINKS_INFO_MAX) {
        return err_set(
            e, PP_ETOOBIG, "a greeting of %zu bytes: at most %d", o->hello_len, LINKS_INFO_MAX);
    }
    if (identity_init() < 0) {
        return err_set(e, PP_EIO, "the system gives no random numbers");
    }
    struct links *l = mem_alloc(sizeof *l);
    l->loop = loop;
    l->events = o->events;
    channel_psk(o->phrase != NULL ? o->phrase : "", l->psk);
    randombytes_buf(l->static_secret, sizeof l->static_secret);
    crypto_scalarmult_base(l->static_public, l->static_secret);
    l->hello = mem_alloc(o->hello_len);
    l->hello_len = o->hello_len;
    if (o->hello_len > 0) {
        memcpy(l->hello, o->hello, o->hello_len);
    }
    uv_timer_init(loop, &l->sweep);
    uv_timer_init(loop, &l->soon);
    l->sweep.data = l->soon.data = l;
    l->open = 2;
    links_set_times(l, &links_times_usual);
    *out = l;
    return 0;
}

static void queue_fini(struct queue *q)
{
    free(q->name);
    free(q->up);
    ident_let_go(q->ident);
    sodium_memzero(q, sizeof *q);
}

void links_let_go(struct links *l)
{
    if (--l->open > 0) {
        return;
    }
    void (*closed)(void *context) = l->closed;
    void *context = l->closed_context;
    for (int i = 0; i < LINKS_QUEUES_MAX; i++) {
        queue_fini(&l->queues[i]);
    }
    free(l->hello);
    sodium_memzero(l, sizeof *l);
    free(l);
    if (closed != NULL) {
        closed(context);
    }
}

static void on_closed(uv_handle_t *handle)
{
    links_let_go(handle->data);
}

void links_close(struct links *l, void (*closed)(void *context), void *context)
{
    assert(!l->closing);
    l->closing = true;
    l->closed = closed;
    l->closed_context = context;
    links_listen_close(l);
    links_dial_close(l);
    for (struct link *k = l->list; k != NULL; k = k->next) {
        link_close(k, "closing");
    }
    uv_close((uv_handle_t *)&l->sweep, on_closed);
    uv_close((uv_handle_t *)&l->soon, on_closed);
}

/* ---- queues -------------------------------------------------------------------------------------
 */

struct queue *links_queue_at(struct links *l, int queue)
{
    bool is = queue >= 0 && queue < LINKS_QUEUES_MAX && l->queues[queue].used;
    return is ? &l->queues[queue] : NULL;
}

int links_queue_of_serial(const struct links *l, uint32_t serial)
{
    for (int i = 0; i < LINKS_QUEUES_MAX; i++) {
        if (l->queues[i].used && l->queues[i].serial == serial) {
            return i;
        }
    }
    return -1;
}

static int check_join(struct links *l, const struct links_queue *q, struct err *e)
{
    if (q->name[0] == '\0' || strlen(q->name) > NAME_MAX_BYTES) {
        return err_set(
            e, PP_EINVAL, "a queue's name on the network has 1 to %d bytes", NAME_MAX_BYTES);
    }
    for (int i = 0; i < LINKS_QUEUES_MAX; i++) {
        if (l->queues[i].used && strcmp(l->queues[i].name, q->name) == 0 &&
            sodium_memcmp(l->queues[i].secret, q->secret, sizeof q->secret) == 0) {
            return err_set(e, PP_EEXIST,
                "queue \"%s\" is linked already, with the same key: two queues of one host cannot "
                "be the same",
                q->name);
        }
    }
    return 0;
}

int links_join(struct links *l, const struct links_queue *q, struct err *e)
{
    int at = 0;
    int rc = check_join(l, q, e);
    if (rc < 0) {
        return rc;
    }
    while (at < LINKS_QUEUES_MAX && l->queues[at].used) {
        at++;
    }
    if (at == LINKS_QUEUES_MAX) {
        return err_set(e, PP_ELIMIT, "%d queues on the network are the most", LINKS_QUEUES_MAX);
    }
    struct queue *to = &l->queues[at];
    to->used = true;
    to->serial = ++l->serials;
    to->name = mem_strdup(q->name);
    to->ident = ident_new(q->id);
    memcpy(to->secret, q->secret, sizeof to->secret);
    for (struct link *k = l->list; k != NULL; k = k->next) {
        link_offer(k);
    }
    return at;
}

static void leave_link(struct link *k, int queue, uint32_t serial)
{
    uint64_t bit = UINT64_C(1) << queue;
    struct member *m = link_member(k, queue);
    if ((k->offered & bit) != 0) {
        struct frame f = {.type = FRAME_LEAVE, .from = serial};
        link_put(k, &f);
    }
    k->extra &= ~bit;
    k->offered &= ~bit;
    for (size_t i = 0; m != NULL && i < k->remote_count; i++) {
        if (k->remote[i].serial == m->theirs) {
            k->remote[i].matched = false; /* we may come back */
        }
    }
    if ((m = link_member(k, queue)) != NULL) {
        member_end(m, "the queue is left");
    }
}

void links_leave(struct links *l, int queue)
{
    struct queue *q = links_queue_at(l, queue);
    if (q == NULL) {
        return;
    }
    links_dial_leave(l, queue);
    for (struct listener *s = l->listeners; s != NULL; s = s->next) {
        s->queues &= ~(UINT64_C(1) << queue);
    }
    for (struct link *k = l->list; k != NULL; k = k->next) {
        leave_link(k, queue, q->serial);
    }
    queue_fini(q);
}

/* ---- what others ask ----------------------------------------------------------------------------
 */

void links_drop(struct links *l, const struct peer *peer, const char *why)
{
    char text[140];
    links_ban(l, peer);
    snprintf(text, sizeof text, "dropped: %s", why);
    for (struct link *k = l->list; k != NULL; k = k->next) {
        bool is = k->open && peer_compare(channel_peer(k->channel), peer) == 0;
        for (struct member *m = k->members; m != NULL && !is; m = m->next) {
            is = m->known && peer_compare(&m->info.peer, peer) == 0;
        }
        if (is) {
            link_doom(k, BYE_DROPPED, text);
        }
    }
}

static const struct link_info *describe(struct member *m)
{
    struct link *k = m->link;
    memcpy(m->info.address, k->address, sizeof m->info.address);
    m->info.dialled = k->initiator;
    m->info.since_ms = k->since_ms;
    m->info.heard_ms = k->heard_ms;
    m->info.rtt_us = k->rtt_us;
    m->info.bytes_in = k->bytes_in;
    m->info.bytes_out = k->bytes_out;
    m->info.waiting = k->waiting + k->waiting_bulk;
    return &m->info;
}

size_t links_count(const struct links *l, int queue)
{
    bool is = queue >= 0 && queue < LINKS_QUEUES_MAX;
    return is ? l->queues[queue].up_count : 0;
}

const struct link_info *links_at(const struct links *l, int queue, size_t index)
{
    return index < links_count(l, queue) ? describe(l->queues[queue].up[index]) : NULL;
}

const struct link_info *links_find(const struct links *l, int queue, const struct peer *peer)
{
    struct member *m =
        links_count(l, queue) > 0 ? links_member_find(&l->queues[queue], peer) : NULL;
    return m != NULL ? describe(m) : NULL;
}
