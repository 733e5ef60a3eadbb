/* The Mainline DHT as a module: what pphost-dht.so (net/dht.cc, C++) offers, in C.
 *
 * The module is loaded with dlopen() and exports one symbol, `pphost_dht`. Everything runs in a
 * thread of the library; `wake` is called there when dht_calls.next() has something. All other
 * calls are made from one thread and return at once, but for save() and close(), which wait for the
 * library's thread and may be made from another.
 *
 * Failure modes: open() says why in one line; later troubles are events.
 */
#ifndef PP_NET_DHT_H
#define PP_NET_DHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DHT_MODULE_VERSION 2
#define DHT_HASH_SIZE      20

struct dht;

struct dht_options {
    const char *const *nodes; /* "host:port" to begin with; ended by NULL, never NULL itself */
    const char *ip;           /* where to listen; "" = everywhere */
    int port;                 /* UDP, and a TCP port that takes nobody; 0 = any */
    bool map_ports;           /* UPnP and NAT-PMP for map() */
    bool local;               /* private addresses, many nodes at one of them */
    const void *state;        /* what save() gave once; foreign as far as we know */
    size_t state_len;
    void (*wake)(void *context); /* from the library's thread */
    void *context;
};

enum dht_event_kind {
    DHT_FOUND,   /* hash, address: somebody announced himself */
    DHT_STARTED, /* those to begin with were asked, and answered or did not */
    DHT_NODES,   /* number: nodes known, without those to begin with */
    DHT_HEARD,   /* number: messages that came in so far */
    DHT_SELF,    /* address: how others see our IP */
    DHT_MAPPED,  /* number: the router's outer port; 0 = it refused, text says why */
    DHT_TROUBLE  /* text */
};

struct dht_event {
    enum dht_event_kind kind;
    uint8_t hash[DHT_HASH_SIZE];
    char address[64]; /* "ip:port", "[ip]:port" */
    int64_t number;
    char text[160];
};

struct dht_calls {
    unsigned version; /* DHT_MODULE_VERSION */
    void (*sha1)(const void *bytes, size_t len, uint8_t out[DHT_HASH_SIZE]);
    /* NULL and one line in `why`. Does not keep the options but wake and context. */
    struct dht *(*open)(const struct dht_options *o, char *why, size_t why_size);
    int (*port)(struct dht *d); /* the real UDP port; 0 = none could be had */
    /* Announces the TCP port (0: only looks) and reports who else is there. */
    void (*announce)(struct dht *d, const uint8_t hash[DHT_HASH_SIZE], int tcp_port);
    void (*count)(struct dht *d); /* DHT_NODES and DHT_HEARD follow */
    void (*map)(struct dht *d, int tcp_port);
    /* Asks for the names of the nodes to begin with once more: the library does it only once, and a
     * host may be up before its network is. */
    void (*again)(struct dht *d);
    bool (*next)(struct dht *d, struct dht_event *out);
    /* For the next start; free() it. NULL when there is nothing. */
    void *(*save)(struct dht *d, size_t *len);
    void (*close)(struct dht *d);
};

extern const struct dht_calls pphost_dht;

#ifdef __cplusplus
}
#endif
#endif
