/* Inside of mdns: the interfaces (mdns_iface.c) and what is over them (mdns.c). */
#ifndef PP_NET_MDNS_PRIV_H
#define PP_NET_MDNS_PRIV_H

#include "net/mdns.h"
#include "net/mdns_seen.h"
#include "net/mdns_speak.h"

#include <net/if.h>

#define INTERFACES_MAX 16
#define ECHOES         16

struct iface {
    struct mdns *m;
    char name[IF_NAMESIZE];
    struct in_addr ip, mask;
    bool loopback, seen_now, closing;
    uv_udp_t socket;
    struct mdns_seen *seen;
    struct mdns_speak *speak;
    uint64_t echoes[ECHOES]; /* hashes of what we sent last */
    size_t echo;
};

struct mdns {
    uv_loop_t *loop;
    uv_timer_t timer;
    unsigned handles;
    bool closing;
    mdns_cb found;
    void *context;
    void (*closed)(void *context);
    void *closed_context;
    char host[24]; /* "pphost-1a2b3c4d5e6f7a8b": of this process, so never another's */
    struct mdns_name host_name;
    struct mdns_own services[MDNS_SERVICES_MAX];
    size_t services_count;
    char types[MDNS_TYPES_MAX][64];
    size_t types_count;
    struct iface *interfaces[INTERFACES_MAX]; /* owned */
    size_t interfaces_count;
    uint64_t rescan_ms;
    int64_t clock_offset_ms; /* wall minus monotonic */
    char state[160];
    uint8_t packet[MDNS_PACKET_MAX + 1];
};

/* ---- mdns.c ---- */
void mdns_run(struct mdns *m);    /* what is due everywhere; sets the timer */
void mdns_let_go(struct mdns *m); /* one handle less; the last takes the whole along */
void mdns_conflicts(struct mdns *m, const uint8_t *bytes, size_t len);

/* ---- mdns_iface.c ---- */
void mdns_scan(struct mdns *m); /* opens and closes what came and went */
void mdns_iface_speak_anew(struct iface *i);
void mdns_iface_close(struct iface *i);

#endif
