/* Meeting through the Mainline DHT: hosts of a queue announce themselves under SHA-1 of its
 * rendezvous string and find the others there. Also asks the router for a port (UPnP, NAT-PMP).
 *
 * libtorrent-rasterbar does the DHT; the part of it (C++) is a module that is loaded when the first
 * WAN queue is configured (net/dht.h, pphost-dht.so). All of it runs in the library's own thread;
 * results come to the loop.
 *
 * Failure modes: the module or the library is not installed (PP_ENOTFOUND, says what to install),
 * no UDP port, no node answers (rendezvous_state() says since when).
 */
#ifndef PP_NET_RENDEZVOUS_H
#define PP_NET_RENDEZVOUS_H

#include "host/base/err.h"

#include <stdbool.h>

#include <uv.h>

struct rendezvous;

struct rendezvous_options {
    const char *const *nodes; /* "host:port" bootstrap nodes; NULL-terminated; NULL = well-known */
    int port;                 /* UDP; 0 = any */
    bool map_ports;           /* ask the router */
    bool local;             /* a network of its own (tests, a lab): private addresses are fine, and
                               many nodes may share one */
    const char *state_file; /* nodes known, kept for the next start; NULL = nowhere */
};

/* Somebody announced himself under what `rendezvous_find` named. "ip:port". */
typedef void (*rendezvous_cb)(void *context, const char *rendezvous, const char *address);

int rendezvous_open(struct rendezvous **out, uv_loop_t *loop, const struct rendezvous_options *o,
    rendezvous_cb found, void *context, struct err *e);
void rendezvous_close(struct rendezvous *r, void (*closed)(void *context), void *context);
/* Announces `tcp_port` under it and looks for others: at once, then every minute while nobody was
 * found and every 15 min after. */
void rendezvous_join(struct rendezvous *r, const char *rendezvous, int tcp_port);
void rendezvous_leave(struct rendezvous *r, const char *rendezvous);
void rendezvous_map(struct rendezvous *r, int tcp_port); /* with map_ports */
/* Nodes known, and a line for people. */
size_t rendezvous_nodes(const struct rendezvous *r);
const char *rendezvous_state(const struct rendezvous *r);
int rendezvous_port(const struct rendezvous *r); /* UDP, the real one */

#endif
