/* Where hosts of a queue may be beyond the local network: told by the DHT, and by addresses of the
 * registry or of a person.
 *
 * Failure modes: no DHT module, names that lead nowhere: told in the queue's hints and tried again
 * (net_meet_tick()).
 */
#include "net/net_priv.h"

#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOST_AGAIN_MS ((uint64_t)60 * 60 * 1000)

static void on_announced(void *context, const char *rendezvous, const char *address)
{
    struct net *n = context;
    for (size_t i = 0; i < n->queues_count; i++) {
        struct net_queue *q = n->queues[i];
        if (q->kind == NET_WAN && q->link >= 0 && strcmp(q->rendezvous, rendezvous) == 0) {
            links_dial(n->links, q->link, address, NULL);
        }
    }
}

static int open_rendezvous(struct net *n, struct err *e)
{
    char state[600];
    snprintf(state, sizeof state, "%s/dht.state", n->folder);
    const struct rendezvous_options o = {
        .nodes = n->o.dht_nodes,
        .map_ports = n->o.map_ports,
        .local = n->o.dht_local,
        .state_file = state,
    };
    return n->rendezvous != NULL ? 0
                                 : rendezvous_open(&n->rendezvous, n->loop, &o, on_announced, n, e);
}

void net_far_join(struct net_queue *q)
{
    struct net *n = q->net;
    struct err e = {0};
    n->dht_ms = net_now_ms(n);
    if (open_rendezvous(n, &e) != 0) {
        if (strcmp(n->dht_problem, e.text) != 0) {
            str_copy(n->dht_problem, sizeof n->dht_problem, e.text, strlen(e.text));
            net_note(n, q->name, true, "%s", e.text);
        }
        return;
    }
    n->dht_problem[0] = '\0';
    rendezvous_join(n->rendezvous, q->rendezvous, q->listen_port);
    if (n->o.map_ports) {
        rendezvous_map(n->rendezvous, q->listen_port);
    }
}

/* A name is asked of DNS; every address of it is tried. */
struct resolving {
    struct net *net;
    char queue[64];
    bool has_peer;
    struct peer peer;
};

/* The first that is lost stands for all, and is logged once an hour. */
static void lose_guide(struct net_queue *q, const char *why)
{
    uint64_t now = net_now_ms(q->net);
    if (q->lost_guide[0] == '\0') {
        str_copy(q->lost_guide, sizeof q->lost_guide, why, strlen(why));
    }
    if (q->lost_ms == 0 || now - q->lost_ms >= LOST_AGAIN_MS) {
        q->lost_ms = now;
        net_note(q->net, q->name, true, "%s", why);
    }
}

static void on_resolved(
    void *context, const struct err *e, const char *const *addresses, size_t count)
{
    struct resolving *r = context;
    struct net_queue *q = net_queue_find(r->net, r->queue);
    if (e != NULL && q != NULL) {
        lose_guide(q, e->text);
    }
    for (size_t i = 0; q != NULL && q->link >= 0 && i < count; i++) {
        links_dial(r->net->links, q->link, addresses[i], r->has_peer ? &r->peer : NULL);
    }
    struct net *n = r->net;
    free(r);
    net_let_go(n);
}

static void dial_guide(struct net_queue *q, const char *address)
{
    struct remote_address a;
    struct err e = {0};
    if (remote_address_parse(address, &a, &e) != 0) {
        lose_guide(q, e.text);
        return;
    }
    if (a.has_peer && peer_compare(&a.peer, &q->id->peer) == 0) {
        return; /* that is ourselves */
    }
    struct resolving *r = mem_alloc(sizeof *r);
    r->net = q->net;
    memcpy(r->queue, q->name, sizeof r->queue);
    r->has_peer = a.has_peer;
    r->peer = a.peer;
    q->net->open++;
    address_resolve(q->net->loop, &a, on_resolved, r);
}

/* A name may lead elsewhere another time, or nowhere while there is no name server yet. */
void net_far_guides(struct net_queue *q)
{
    q->guided_ms = net_now_ms(q->net);
    for (size_t i = 0; q->bootstrap[i] != NULL; i++) {
        dial_guide(q, q->bootstrap[i]);
    }
    for (size_t i = 0; q->guides != NULL && q->guides[i] != NULL; i++) {
        dial_guide(q, q->guides[i]);
    }
}
