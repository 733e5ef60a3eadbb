/* A queue described by a registry: fetched, looked up by the queue's name, told to group and links.
 * Until it is there the queue shows what is on the disk and why it is alone.
 */
#include "net/net_priv.h"
#include "net/registry_load.h"

#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool net_wan_trusts(const struct net_queue *q, const struct peer *p)
{
    for (size_t i = 0; i < q->trusted_count; i++) {
        if (peer_compare(&q->trusted[i], p) == 0) {
            return true;
        }
    }
    return false;
}

static void set_problem(struct net_queue *q, const char *text)
{
    if (strcmp(q->problem, text) != 0) {
        str_copy(q->problem, sizeof q->problem, text, strlen(text));
        if (text[0] != '\0') {
            net_note(q->net, q->name, true, "%s", text);
        }
    }
}

static void take_trusted(struct net_queue *q, const struct registry_queue *r)
{
    free(q->trusted);
    q->trusted = mem_array(r->trusted_count, sizeof *q->trusted);
    q->trusted_count = r->trusted_count;
    memcpy(q->trusted, r->trusted, r->trusted_count * sizeof *r->trusted);
    net_queue_step_begin(q);
    group_set_trusted(q->group, r->trusted, r->trusted_count);
    net_queue_step_end(q);
}

static void take_bootstrap(struct net_queue *q, const struct registry_queue *r)
{
    for (size_t i = 0; i < r->bootstrap_count; i++) {
        net_meet_dial(q, r->bootstrap[i]);
    }
}

/* Another rendezvous is another queue on the wire: it is joined anew. */
static void take_rendezvous(struct net_queue *q, const char *rendezvous)
{
    if (q->link >= 0 && strcmp(q->rendezvous, rendezvous) == 0) {
        return;
    }
    if (q->link >= 0) {
        int link = q->link;
        net_meet_leave(q);
        links_leave(q->net->links, link);
        q->link = -1;
    }
    str_copy(q->rendezvous, sizeof q->rendezvous, rendezvous, strlen(rendezvous));
    net_queue_secret(q, NULL);
    net_queue_link(q);
}

static void take_registry(struct net_queue *q, const struct registry *r)
{
    char text[200];
    const struct registry_queue *found = registry_find(r, q->wire_name);
    if (found == NULL) {
        snprintf(text, sizeof text, "the registry has no queue \"%s\" (it has %zu others)",
            q->wire_name, r->queues_count);
        set_problem(q, text);
        return;
    }
    take_trusted(q, found);
    if (found->trusted_only && !net_wan_trusts(q, &q->id->peer)) {
        snprintf(text, sizeof text,
            "only trusted peers take part, and this host (%s) is none: give it one of their keys "
            "(identity)",
            q->id->text);
        set_problem(q, text);
        return;
    }
    set_problem(
        q, found->trusted_count == 2
               ? "the registry has two trusted peers: when one is away the queue stands still"
               : "");
    take_rendezvous(q, found->rendezvous);
    take_bootstrap(q, found);
}

static void on_loaded(void *context, const struct registry_loaded *loaded)
{
    struct net_queue *q = context;
    if (loaded->registry != NULL) {
        str_copy(q->registry_cid, sizeof q->registry_cid, loaded->cid, strlen(loaded->cid));
        take_registry(q, loaded->registry);
    }
    if (loaded->problem != NULL) {
        set_problem(q, loaded->problem->text);
    }
}

void net_wan_begin(struct net_queue *q)
{
    struct net *n = q->net;
    struct err e = {0};
    const struct registry_load_options o = {
        .where = q->registry,
        .name = q->name,
        .folder = n->folder,
        .gateways = n->o.gateways,
        .nameserver = n->nameserver[0] != '\0' ? n->nameserver : NULL,
        .period_ms = n->o.registry_ms,
        .first_id = ++n->loads << 32,
        .get = n->o.get,
        .get_context = n->o.get_context,
        .loaded = on_loaded,
        .context = q,
    };
    if (registry_load_open(&q->loading, n->loop, &o, &e) != 0) {
        q->loading = NULL;
        set_problem(q, e.text);
    }
}

static void on_closed(void *context)
{
    net_queue_let_go(context);
}

void net_wan_stop(struct net_queue *q)
{
    if (q->loading != NULL) {
        q->open++;
        registry_load_close(q->loading, on_closed, q);
        q->loading = NULL;
    }
}

void net_got(struct net *n, uint64_t id, const void *bytes, size_t len, const struct err *e)
{
    for (size_t i = 0; i < n->queues_count; i++) {
        struct registry_load *l = n->queues[i]->loading;
        if (l != NULL && registry_load_got(l, id, bytes, len, e)) {
            return;
        }
    }
}
