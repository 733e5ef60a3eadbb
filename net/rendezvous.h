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

#define RENDEZVOUS_MAX       64 /* that are joined */
#define RENDEZVOUS_FOUND_MAX 64 /* of each */

struct rendezvous_options {
    const char *const *nodes; /* "host:port" bootstrap nodes; NULL-terminated; NULL = well-known */
    const char *ip;           /* where to listen; NULL = everywhere */
    int port;                 /* UDP; 0 = any. The library also holds the TCP port of that number,
                                 where it takes nobody: another than the listener's */
    bool map_ports;           /* ask the router */
    bool local;             /* a network of its own (tests, a lab): private addresses are fine, and
                               many nodes may share one */
    const char *state_file; /* nodes known, kept for the next start; NULL = nowhere */
};

/* Somebody announced himself under `rendezvous`, at "ip:port" or "[ip]:port". Anybody can: it is
 * worth a try, no more. At most RENDEZVOUS_FOUND_MAX a quarter of an hour, each once in that time;
 * never ourselves as far as we know, nor, but for `local`, a private address. */
typedef void (*rendezvous_cb)(void *context, const char *rendezvous, const char *address);

int rendezvous_open(struct rendezvous **out, uv_loop_t *loop, const struct rendezvous_options *o,
    rendezvous_cb found, void *context, struct err *e);
/* Saves the state file first; takes up to some seconds. Nothing is found any more meanwhile. */
void rendezvous_close(struct rendezvous *r, void (*closed)(void *context), void *context);
/* Announces `tcp_port` (0: only looks) under it and looks for others: at once and as soon as the
 * first nodes are known, then every minute while nobody was found and every 15 min after (5 s and a
 * minute where `local`). Again: another port. */
void rendezvous_join(struct rendezvous *r, const char *name, int tcp_port);
void rendezvous_leave(struct rendezvous *r, const char *name);
void rendezvous_map(struct rendezvous *r, int tcp_port); /* with map_ports */
/* Nodes known, and a line for people. */
size_t rendezvous_nodes(const struct rendezvous *r);
const char *rendezvous_state(const struct rendezvous *r);
int rendezvous_port(const struct rendezvous *r); /* UDP, the real one */

#endif
