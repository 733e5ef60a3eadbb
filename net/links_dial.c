/* Who is tried to be reached, and when again.
 *
 * An address is dialled while somebody wants it and no link is known to lead there. Where a link
 * led to (its own, or the one that stayed of two) is remembered, so that a host that is linked is
 * not dialled again and again.
 */
#include "net/links_priv.h"

#include "host/base/mem.h"
#include "net/address.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT(queue) (UINT64_C(1) << (queue))

static int64_t back_off(const struct links *l, unsigned attempt)
{
    int64_t wait = l->times.dial_min;
    for (unsigned i = 0; i < attempt && wait < l->times.dial_max; i++) {
        wait *= 2;
    }
    wait = wait < l->times.dial_max ? wait : l->times.dial_max;
    return wait / 2 + randombytes_uniform((uint32_t)(wait / 2 + 1));
}

static void later(struct links *l, struct dial *d)
{
    d->next_ms = links_now(l) + back_off(l, d->attempt);
    d->attempt += d->attempt < 32;
}

static struct dial_for *find_for(const struct dial *d, int queue)
{
    for (size_t i = 0; i < d->wanted_count; i++) {
        if (d->wanted[i].queue == queue) {
            return &d->wanted[i];
        }
    }
    return NULL;
}

/* Everybody who is expected there is linked already, from wherever. */
static bool is_met(struct links *l, const struct dial *d)
{
    for (size_t i = 0; i < d->wanted_count; i++) {
        const struct dial_for *w = &d->wanted[i];
        if (!w->has_expected || links_member_find(&l->queues[w->queue], &w->expected) == NULL) {
            return false;
        }
    }
    return true;
}

/* ---- connecting ---------------------------------------------------------------------------------
 */

static void on_connected(uv_connect_t *request, int status)
{
    struct link *k = request->data;
    if (k->dead) {
        return;
    }
    if (status < 0) {
        link_close(k, "%s", uv_strerror(status));
    } else if (link_begin(k) < 0) {
        link_close(k, "not ready");
    }
}

static void dial(struct links *l, struct dial *d)
{
    struct link *k = link_new(l, true);
    k->loopback = links_address((struct sockaddr *)&d->sockaddr, k->address, k->subnet);
    for (size_t i = 0; i < d->wanted_count; i++) {
        k->extra |= BIT(d->wanted[i].queue);
    }
    k->connect.data = k;
    d->link = k;
    int rc =
        uv_tcp_connect(&k->connect, &k->tcp, (const struct sockaddr *)&d->sockaddr, on_connected);
    if (rc < 0) {
        link_close(k, "%s", uv_strerror(rc));
    }
}

static size_t connecting(const struct links *l)
{
    size_t n = 0;
    for (const struct link *k = l->list; k != NULL; k = k->next) {
        n += k->initiator && !k->open && !k->dead;
    }
    return n;
}

static void try(struct links *l, struct dial *d)
{
    if (!l->closing && d->link == NULL && links_now(l) >= d->next_ms && links_ident(l) != NULL &&
        l->count < LINKS_PEERS_MAX && !is_met(l, d)) {
        dial(l, d);
    }
}

void links_dial_step(struct links *l)
{
    size_t under_way = connecting(l);
    for (struct dial *d = l->dials; d != NULL && under_way < LINKS_CONNECTING_MAX; d = d->next) {
        try(l, d);
        under_way += d->link != NULL && !d->link->open;
    }
}

/* ---- where they led to --------------------------------------------------------------------------
 */

void links_dial_gone(struct link *k)
{
    struct links *l = k->links;
    for (struct dial *d = l->dials; d != NULL; d = d->next) {
        if (d->link != k) {
            continue;
        }
        d->link = NULL;
        if (k->proved && links_now(l) - k->since_ms >= l->times.settled) {
            d->attempt = 0;
        }
        later(l, d);
    }
}

void links_dial_led_to(struct link *from, struct link *to)
{
    for (struct dial *d = from->links->dials; d != NULL; d = d->next) {
        if (d->link == from) {
            d->link = to;
        }
    }
}

/* The address is our own: it may be somebody else's some day. */
void links_dial_ourselves(struct link *k)
{
    for (struct dial *d = k->links->dials; d != NULL; d = d->next) {
        if (d->link == k) {
            d->attempt = 32;
        }
    }
}

/* A queue is up: is it who was expected there? */
void links_dial_check(struct member *m)
{
    struct links *l = m->link->links;
    for (struct dial *d = l->dials; d != NULL; d = d->next) {
        const struct dial_for *w = d->link == m->link ? find_for(d, m->queue) : NULL;
        if (w != NULL && w->has_expected && peer_compare(&w->expected, &m->info.peer) != 0) {
            char wanted[PEER_TEXT_SIZE], is[PEER_TEXT_SIZE];
            peer_format(&w->expected, wanted);
            peer_format(&m->info.peer, is);
            links_note(l, NOTE_EXPECTED, d->address, "%s is %s, not %s as expected", d->address, is,
                wanted);
        }
    }
}

/* ---- wishes -------------------------------------------------------------------------------------
 */

static struct dial *find(struct links *l, const char *address)
{
    for (struct dial *d = l->dials; d != NULL; d = d->next) {
        if (strcmp(d->address, address) == 0) {
            return d;
        }
    }
    return NULL;
}

static struct dial *dial_new(struct links *l, const char *address)
{
    struct remote_address r;
    struct sockaddr_storage a = {0};
    if (l->dials_count == LINKS_DIALS_MAX || strlen(address) >= LINKS_ADDRESS ||
        remote_address_parse(address, &r, NULL) < 0 ||
        (uv_ip4_addr(r.host, r.port, (struct sockaddr_in *)&a) < 0 &&
            uv_ip6_addr(r.host, r.port, (struct sockaddr_in6 *)&a) < 0)) {
        return NULL; /* addresses come from others */
    }
    struct dial *d = mem_alloc(sizeof *d);
    d->sockaddr = a;
    snprintf(d->address, sizeof d->address, "%s", address);
    d->next = l->dials;
    l->dials = d;
    l->dials_count++;
    return d;
}

void links_dial(struct links *l, int queue, const char *address, const struct peer *expected)
{
    struct dial *d = find(l, address);
    if (links_queue_at(l, queue) == NULL || (d == NULL && (d = dial_new(l, address)) == NULL)) {
        return;
    }
    struct dial_for *w = find_for(d, queue);
    if (w == NULL) {
        d->wanted = mem_resize(d->wanted, d->wanted_count + 1, sizeof *d->wanted);
        w = &d->wanted[d->wanted_count++];
        *w = (struct dial_for){.queue = queue};
    }
    w->has_expected = expected != NULL;
    if (expected != NULL) {
        w->expected = *expected;
    }
    if (d->link != NULL) {
        d->link->extra |= BIT(queue);
        link_offer(d->link);
    } else if (connecting(l) < LINKS_CONNECTING_MAX) {
        try(l, d);
    }
}

static void forget(struct dial *d, int queue)
{
    struct dial_for *w = find_for(d, queue);
    if (w != NULL) {
        *w = d->wanted[--d->wanted_count];
    }
}

/* Those that nobody wants any more. A link that is there stays. */
static void clean(struct links *l)
{
    for (struct dial **at = &l->dials; *at != NULL;) {
        struct dial *d = *at;
        if (d->wanted_count > 0) {
            at = &d->next;
            continue;
        }
        *at = d->next;
        l->dials_count--;
        free(d->wanted);
        free(d);
    }
}

void links_forget(struct links *l, int queue, const char *address)
{
    struct dial *d = find(l, address);
    if (d != NULL) {
        forget(d, queue);
        clean(l);
    }
}

void links_dial_leave(struct links *l, int queue)
{
    for (struct dial *d = l->dials; d != NULL; d = d->next) {
        forget(d, queue);
    }
    clean(l);
}

void links_dial_close(struct links *l)
{
    for (struct dial *d = l->dials; d != NULL; d = d->next) {
        d->wanted_count = 0;
    }
    clean(l);
}
