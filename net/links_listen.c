/* Listeners, and who comes in. */
#include "net/links_priv.h"

#include "host/base/mem.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG 128

/* ---- addresses ----------------------------------------------------------------------------------
 */

static bool is_mapped(const struct in6_addr *a)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(a, prefix, sizeof prefix) == 0;
}

/* "192.168.1.5:40123", and the part of it that one person may own: an IPv4 address, 64 bits of
 * IPv6. True if it is this machine. */
bool links_address(const struct sockaddr *a, char out[LINKS_ADDRESS], uint8_t subnet[16])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    memset(subnet, 0, 16);
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)a;
        uv_ip4_name(in, ip, sizeof ip);
        snprintf(out, LINKS_ADDRESS, "%s:%d", ip, ntohs(in->sin_port));
        memcpy(subnet + 12, &in->sin_addr, 4);
        return subnet[12] == 127;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;
    const uint8_t *bytes = in6->sin6_addr.s6_addr;
    if (is_mapped(&in6->sin6_addr)) {
        snprintf(out, LINKS_ADDRESS, "%u.%u.%u.%u:%d", bytes[12], bytes[13], bytes[14], bytes[15],
            ntohs(in6->sin6_port));
        memcpy(subnet + 12, bytes + 12, 4);
        return bytes[12] == 127;
    }
    uv_ip6_name(in6, ip, sizeof ip);
    snprintf(out, LINKS_ADDRESS, "[%s]:%d", ip, ntohs(in6->sin6_port));
    memcpy(subnet, bytes, 8);
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static int parse(const char *address, int port, struct sockaddr_storage *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    return uv_ip4_addr(address, port, in) == 0 || uv_ip6_addr(address, port, in6) == 0 ? 0 : -1;
}

/* ---- who comes in -------------------------------------------------------------------------------
 */

static bool has_room(struct links *l, const struct link *newcomer)
{
    size_t all = 0, of_address = 0;
    for (struct link *k = l->list; k != NULL; k = k->next) {
        if (k == newcomer || k->dead || k->proved || k->initiator) {
            continue;
        }
        all++;
        of_address += memcmp(k->subnet, newcomer->subnet, sizeof k->subnet) == 0;
    }
    if (all >= LINKS_UNPROVED_MAX || of_address >= LINKS_OF_ADDRESS_MAX) {
        links_note(l, NOTE_CROWD, newcomer->address,
            "many connections that prove nothing, %zu of them from %s: more are refused",
            of_address, newcomer->address);
        return false;
    }
    return l->count <= LINKS_PEERS_MAX + LINKS_UNPROVED_MAX;
}

static void on_connection(uv_stream_t *server, int status)
{
    struct listener *s = server->data;
    struct sockaddr_storage peer = {0};
    int len = sizeof peer;
    if (status < 0) {
        return; /* the listener lives on; libuv asks again */
    }
    struct link *k = link_new(s->links, false);
    if (uv_accept(server, (uv_stream_t *)&k->tcp) < 0 ||
        uv_tcp_getpeername(&k->tcp, (struct sockaddr *)&peer, &len) < 0) {
        link_close(k, "gone at once");
        return;
    }
    k->loopback = links_address((struct sockaddr *)&peer, k->address, k->subnet);
    k->via = s;
    if (!has_room(s->links, k)) {
        link_close(k, "too many");
    } else if (link_begin(k) < 0) {
        link_close(k, "not ready");
    }
}

/* What a link may carry: what is offered where it arrived; one that was dialled, what it was
 * dialled for and what others could have reached from there. */
bool links_offers(const struct links *l, const struct link *k, int queue)
{
    uint64_t bit = UINT64_C(1) << queue;
    if ((k->extra & bit) != 0) {
        return true;
    }
    if (!k->initiator) {
        return k->via != NULL && (k->via->all || (k->via->queues & bit) != 0);
    }
    for (const struct listener *s = l->listeners; s != NULL; s = s->next) {
        if ((s->all || (s->queues & bit) != 0) && (!s->loopback || k->loopback)) {
            return true;
        }
    }
    return false;
}

/* ---- listeners ----------------------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
    struct listener *s = handle->data;
    struct links *l = s->links;
    free(s);
    links_let_go(l);
}

/* Links that arrived there go on with what they may carry. */
static void stop(struct listener *s)
{
    for (struct link *k = s->links->list; k != NULL; k = k->next) {
        if (k->via == s) {
            k->extra |= s->all ? UINT64_MAX : s->queues;
            k->via = NULL;
        }
    }
    s->links->listeners_count--;
    uv_close((uv_handle_t *)&s->tcp, on_closed);
}

static int failed(int rc, const char *address, int port, struct err *e)
{
    switch (rc) {
    case UV_EADDRINUSE:
        return err_field(e, PP_EBUSY, "address",
            "address \"%s:%d\": the port is in use by another program", address, port);
    case UV_EACCES:
    case UV_EPERM:
        return err_field(e, PP_EPERM, "address",
            "address \"%s:%d\": ports below 1024 need privileges; take one from 1024 to 65535",
            address, port);
    case UV_EADDRNOTAVAIL:
        return err_field(e, PP_EINVAL, "address",
            "address \"%s:%d\": this machine has no such address", address, port);
    default:
        return err_field(
            e, PP_EIO, "address", "address \"%s:%d\": %s", address, port, uv_strerror(rc));
    }
}

static struct listener *find(struct links *l, const char *address, int port)
{
    for (struct listener *s = l->listeners; s != NULL; s = s->next) {
        if (s->port == port && strcmp(s->address, address) == 0) {
            return s;
        }
    }
    return NULL;
}

static int begin(struct listener *s, const struct sockaddr_storage *where)
{
    struct sockaddr_storage is;
    char text[LINKS_ADDRESS];
    uint8_t subnet[16];
    int len = sizeof is;
    int rc = uv_tcp_bind(&s->tcp, (const struct sockaddr *)where, 0);
    rc = rc != 0 ? rc : uv_listen((uv_stream_t *)&s->tcp, BACKLOG, on_connection);
    rc = rc != 0 ? rc : uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&is, &len);
    if (rc == 0) {
        s->loopback = links_address((struct sockaddr *)&is, text, subnet);
        s->port = (int)strtol(strrchr(text, ':') + 1, NULL, 10);
    }
    return rc;
}

static void add_queue(struct listener *s, int queue)
{
    if (queue < 0) {
        s->all = true;
    } else {
        s->queues |= UINT64_C(1) << queue;
    }
    for (struct link *k = s->links->list; k != NULL; k = k->next) {
        if (k->taken && link_is_alive(k)) {
            link_offer(k);
        }
    }
}

int links_listen(struct links *l, const char *address, int *port, int queue, struct err *e)
{
    struct sockaddr_storage where = {0};
    struct listener *s = *port > 0 ? find(l, address, *port) : NULL;
    if (s != NULL) {
        add_queue(s, queue);
        return 0;
    }
    if (*port < 0 || *port > 65535 || parse(address, *port, &where) < 0) {
        return err_field(e, PP_EINVAL, "address",
            "address \"%s:%d\": wanted is an IP address of this machine and a port up to 65535",
            address, *port);
    }
    if (l->listeners_count == LINKS_LISTENERS_MAX) {
        return err_field(e, PP_ELIMIT, "address", "%d listeners are the most", LINKS_LISTENERS_MAX);
    }
    s = mem_alloc(sizeof *s);
    s->links = l;
    snprintf(s->address, sizeof s->address, "%s", address);
    uv_tcp_init(l->loop, &s->tcp);
    s->tcp.data = s;
    l->open++;
    l->listeners_count++;
    int rc = begin(s, &where);
    if (rc != 0) {
        stop(s);
        return failed(rc, address, *port, e);
    }
    *port = s->port;
    s->next = l->listeners;
    l->listeners = s;
    add_queue(s, queue);
    return 0;
}

void links_unlisten(struct links *l, const char *address, int port, int queue)
{
    struct listener **at = &l->listeners;
    while (*at != NULL && *at != find(l, address, port)) {
        at = &(*at)->next;
    }
    struct listener *s = *at;
    if (s == NULL) {
        return;
    }
    if (queue < 0) {
        s->all = false;
    } else {
        s->queues &= ~(UINT64_C(1) << queue);
    }
    if (!s->all && s->queues == 0) {
        *at = s->next;
        stop(s);
    }
}

void links_listen_close(struct links *l)
{
    while (l->listeners != NULL) {
        struct listener *s = l->listeners;
        l->listeners = s->next;
        stop(s);
    }
}
