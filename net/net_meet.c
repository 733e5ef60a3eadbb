/* Where a queue listens, and where its other hosts on the local network are: told by DNS-SD. When
 * it is time to look elsewhere too (net_far.c).
 */
#include "net/nearby.h"
#include "net/net_priv.h"

#include "host/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVICE   "_pphost._tcp"
#define AGAIN_MS  ((uint64_t)60 * 1000)
#define TWIN_MS   (3 * AGAIN_MS)
#define SHARED_IP "0.0.0.0"
#define LOOPBACK  "127.0.0.1"

/* ---- listening ----------------------------------------------------------------------------------
 */

static bool is_ipv6(const char *ip)
{
    return strchr(ip, ':') != NULL;
}

static int bind_once(const char *ip, int port, struct err *e)
{
    struct sockaddr_storage a = {.ss_family = AF_UNSPEC};
    int rc = is_ipv6(ip) ? uv_ip6_addr(ip, port, (struct sockaddr_in6 *)&a)
                         : uv_ip4_addr(ip, port, (struct sockaddr_in *)&a);
    socklen_t len = is_ipv6(ip) ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = rc == 0 ? socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0) {
        return err_field(e, PP_EINVAL, "address", "address \"%s\": is no address", ip);
    }
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    rc = bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 1) == 0 ? 0 : errno;
    close(fd);
    switch (rc) {
    case 0:
        return 0;
    case EADDRINUSE:
        return err_field(e, PP_EBUSY, "address", "port %d is in use by another program", port);
    case EACCES:
        return err_field(e, PP_EPERM, "address",
            "port %d is privileged (below 1024): choose a higher one", port);
    case EADDRNOTAVAIL:
        return err_field(e, PP_EINVAL, "address", "\"%s\" is not an address of this machine", ip);
    default:
        return err_errno(e, rc, "address \"%s:%d\"", ip, port);
    }
}

int net_meet_try(const struct net *n, const char *ip, int port, struct err *e)
{
    for (size_t i = 0; i < n->queues_count; i++) {
        const struct net_queue *q = n->queues[i];
        if (port != 0 && q->listening && q->listen_port == port && strcmp(q->listen_ip, ip) == 0) {
            return 0; /* another queue's of this host: they share it */
        }
    }
    return bind_once(ip, port, e);
}

/* The address of the shared listener, as configured. */
static void shared_address(const struct net *n, char ip[46], int *port)
{
    struct listen_address a;
    struct err e = {0};
    snprintf(ip, 46, "%s", SHARED_IP);
    *port = n->shared_port;
    if (listen_address_parse(n->listen, &a, &e) == 0 && !a.automatic) {
        snprintf(ip, 46, "%s", a.local_only ? LOOPBACK : a.ip);
        *port = n->shared_port != 0 ? n->shared_port : a.port;
    }
}

static int listen_for(struct net_queue *q, struct err *e)
{
    struct net *n = q->net;
    char ip[46];
    int port = q->address.port;
    if (q->address.automatic) {
        shared_address(n, ip, &port);
    } else {
        snprintf(ip, sizeof ip, "%s", q->address.local_only ? LOOPBACK : q->address.ip);
    }
    int rc = links_listen(n->links, ip, &port, q->link, e);
    if (rc != 0) {
        return rc;
    }
    if (q->address.automatic) {
        n->shared_port = port;
        snprintf(n->shared_text, sizeof n->shared_text, "%s:%d", ip, port);
    }
    memcpy(q->listen_ip, ip, sizeof q->listen_ip);
    q->listen_port = port;
    q->listening = true;
    return 0;
}

static void try_listen(struct net_queue *q)
{
    struct err e = {0};
    if (q->listening) {
        return;
    }
    q->listen_again_ms = net_now_ms(q->net) + AGAIN_MS;
    if (listen_for(q, &e) != 0) {
        bool told = strcmp(q->problem, e.text) == 0;
        str_copy(q->problem, sizeof q->problem, e.text, strlen(e.text));
        if (!told) {
            net_note(q->net, q->name, true, "%s", e.text);
        }
        return;
    }
    q->problem[0] = '\0';
}

/* ---- the local network --------------------------------------------------------------------------
 */

static void describe_self(const struct net *n, struct nearby_host *self)
{
    *self = (struct nearby_host){.protocol = NEARBY_PROTOCOL, .port = n->shared_port};
    snprintf(self->peer, sizeof self->peer, "%s", n->id.text);
    snprintf(self->name, sizeof self->name, "%.63s", n->name);
    snprintf(self->version, sizeof self->version, "%s", n->version);
    for (size_t i = 0; i < n->queues_count && self->queues_count < NEARBY_QUEUES_MAX; i++) {
        const struct net_queue *q = n->queues[i];
        if (q->kind == NET_LAN && q->listening && !q->removed) {
            struct nearby_queue *out = &self->queues[self->queues_count++];
            memcpy(out->name, q->wire_name, sizeof out->name);
            memcpy(out->tag, q->tag, sizeof out->tag);
            out->port = q->listen_port;
            self->port = self->port != 0 ? self->port : q->listen_port;
        }
    }
}

static void announce(struct net *n)
{
    struct nearby_host self;
    struct nearby_txt txt;
    if (n->mdns == NULL) {
        return;
    }
    describe_self(n, &self);
    if (self.queues_count == 0) {
        mdns_withdraw(n->mdns, NEARBY_TYPE, n->instance_name);
        return;
    }
    struct mdns_service s = {.type = NEARBY_TYPE, .name = n->instance_name, .port = self.port};
    nearby_txt(&txt, &self);
    memcpy(s.txt, txt.pairs, sizeof s.txt);
    mdns_publish(n->mdns, &s);
}

static bool is_own(const char *address)
{
    char own[16][46];
    bool container;
    size_t count = address_own(own, 16, &container);
    bool found = strcmp(address, LOOPBACK) == 0;
    for (size_t i = 0; i < count; i++) {
        found = found || strcmp(own[i], address) == 0;
    }
    return found;
}

/* A queue for hosts of this machine is dialled here, and no other is by that. */
static void dial_found(struct net_queue *q, const struct nearby_host *host, int port)
{
    char address[64];
    if (q->address.local_only && !is_own(host->address)) {
        return;
    }
    snprintf(address, sizeof address, "%s:%d", q->address.local_only ? LOOPBACK : host->address,
        port != 0 ? port : host->port);
    links_dial(q->net->links, q->link, address, NULL);
}

static void on_found(void *context, const struct mdns_found *found)
{
    struct net *n = context;
    struct nearby_host host;
    if (n->closing || !nearby_saw(n->nearby, found, (int64_t)net_now_ms(n), &host) || found->gone) {
        return;
    }
    for (size_t i = 0; i < n->queues_count; i++) {
        struct net_queue *q = n->queues[i];
        for (size_t k = 0; k < host.queues_count; k++) {
            const struct nearby_queue *other = &host.queues[k];
            if (q->kind == NET_LAN && q->link >= 0 && strcmp(other->name, q->wire_name) == 0 &&
                strcmp(other->tag, q->tag) == 0) {
                dial_found(q, &host, other->port);
            }
        }
    }
}

/* ---- joining and leaving ------------------------------------------------------------------------
 */

void net_meet_join(struct net_queue *q)
{
    try_listen(q);
    announce(q->net);
    net_far_guides(q);
    if (q->kind == NET_WAN && q->listening) {
        net_far_join(q);
    }
}

void net_meet_leave(struct net_queue *q)
{
    struct net *n = q->net;
    if (q->kind == NET_WAN && n->rendezvous != NULL && q->rendezvous[0] != '\0') {
        rendezvous_leave(n->rendezvous, q->rendezvous);
    }
    if (q->listening) {
        links_unlisten(n->links, q->listen_ip, q->listen_port, q->link);
        q->listening = false;
    }
    if (!n->closing) {
        announce(n);
    }
}

void net_meet_tick(struct net_queue *q)
{
    struct net *n = q->net;
    uint64_t now = net_now_ms(n);
    if (q->link < 0) {
        return;
    }
    if (!q->listening && now >= q->listen_again_ms) {
        net_meet_join(q);
    }
    if (q->kind == NET_WAN && q->listening && n->rendezvous == NULL &&
        now - n->dht_ms >= AGAIN_MS) {
        net_far_join(q);
    }
    if (now - q->guided_ms >= (links_count(n->links, q->link) > 0 ? 15 : 1) * AGAIN_MS) {
        q->lost_guide[0] = '\0';
        net_far_guides(q);
    }
}

int net_meet_open(struct net *n, struct err *e)
{
    struct nearby_host self;
    describe_self(n, &self);
    n->nearby = nearby_new(&self);
    snprintf(n->instance_name, sizeof n->instance_name, "%.40s %.8s", n->name,
        n->id.text + strlen(n->id.text) - 8);
    if (n->o.no_mdns) {
        return 0;
    }
    int rc = mdns_open(&n->mdns, n->loop, on_found, n, e);
    if (rc == 0) {
        mdns_browse(n->mdns, NEARBY_TYPE);
    }
    return rc;
}

void net_meet_close(struct net *n)
{
    nearby_free(n->nearby);
}

void net_announce(
    struct net *n, const char *type, const char *name, int port, const char *const (*txt)[2])
{
    struct mdns_service s = {.type = type, .name = name, .port = port};
    if (n->mdns == NULL) {
        return;
    }
    for (size_t i = 0; i < MDNS_TXT_MAX && txt[i][0] != NULL; i++) {
        s.txt[i][0] = txt[i][0];
        s.txt[i][1] = txt[i][1];
    }
    mdns_publish(n->mdns, &s);
}

/* ---- why nobody is there ------------------------------------------------------------------------
 */

void net_meet_hints(const struct net_queue *q, struct net_queue_status *out)
{
    const struct net *n = q->net;
    bool alone = q->link < 0 || links_count(n->links, q->link) == 0;
    if (alone && n->twin_ms != 0 && net_now_ms(n) - n->twin_ms < TWIN_MS) {
        snprintf(out->hints[0], sizeof out->hints[0],
            "others refuse this host: its key is in use at another host, too; one of the two needs "
            "one of its own");
        return;
    }
    if (q->kind == NET_WAN && alone) {
        net_wan_hints(q, out);
        return;
    }
    if (q->members_count > 0 || q->link < 0 || q->kind == NET_WAN) {
        return;
    }
    char own[1][46];
    bool container = false;
    address_own(own, 1, &container);
    const struct nearby_question question = {
        .queue = q->wire_name,
        .tag = q->tag,
        .trouble = n->mdns != NULL ? mdns_state(n->mdns)
                                   : "hosts are not looked for here (net: announce: no)",
        .container = container ? own[0] : NULL,
    };
    nearby_hints(n->nearby, &question, (int64_t)net_now_ms(n), out->hints);
}
