/* Where a host may be: "ip:port", "auto", "localhost", "0.0.0.0", and multiaddrs of libp2p.
 *
 * Pure, but for address_resolve(), which asks DNS in libuv's pool.
 */
#ifndef PP_NET_ADDRESS_H
#define PP_NET_ADDRESS_H

#include "net/identity.h"

#include <uv.h>

#define ADDRESS_TEXT  64 /* "[2001:db8::1]:65535" and its NUL */
#define ADDRESSES_MAX 16 /* of one name */

/* What a queue's `address:` says. */
struct listen_address {
    bool automatic;  /* the shared listener */
    bool local_only; /* localhost: hosts of this machine */
    char ip[46];     /* else "0.0.0.0", "192.168.1.43", "::" … */
    int port;        /* 0 = any */
};
/* "auto", "localhost[:PORT]", "IP[:PORT]", "[IPV6]:PORT"; PP_EINVAL quotes it. */
int listen_address_parse(const char *text, struct listen_address *out, struct err *e);

/* /ip4/1.2.3.4/tcp/6789[/p2p/12D3…], /ip6/…, /dns4/name/tcp/…, /dns6/…, /dns/…; also plain
 * "host:port". */
struct remote_address {
    char host[254];
    int port;
    int family; /* AF_INET, AF_INET6, AF_UNSPEC */
    bool has_peer;
    struct peer peer;
};
int remote_address_parse(const char *text, struct remote_address *out, struct err *e);

/* "ip:port" ("[ip]:port" for IPv6) of a host, at most ADDRESSES_MAX, resolved in the pool; `done`
 * runs once on the loop, later; the texts are borrowed until it returns. */
typedef void (*address_cb)(
    void *context, const struct err *e, const char *const *addresses, size_t n);
void address_resolve(
    uv_loop_t *loop, const struct remote_address *a, address_cb done, void *context);

/* This machine's own addresses, "192.168.1.5" …, without loopback; at most `max`. True through
 * *container when all of them look like a container's bridge (172.17–31.x.x on eth0 of a /16). */
size_t address_own(char (*out)[46], size_t max, bool *container);
/* Whether one address looks like a container's: eth0 (or eth1 …) in a /16 of 172.17–172.31, which
 * is where Docker puts its bridges. */
bool address_is_bridge(const char *interface, const char *ip, const char *netmask);

#endif
