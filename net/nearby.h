/* Hosts on the local network: what we tell of ourselves in DNS-SD, what others do, and why nobody
 * may be there.
 *
 * Pure. TXT of "_pphost._tcp": v=1 (protocol), p=PEER ID, n=HOST NAME, ver=VERSION, and for queue I
 * from 0 on: qI=NAMESPACE, kI=key tag (8 hex digits; none = open), portI (none = the service's).
 *
 * Everything found is foreign: what is no peer id, name or number drops the host or the queue;
 * names are at most 63 bytes of printable UTF-8.
 */
#ifndef PP_NET_NEARBY_H
#define PP_NET_NEARBY_H

#include "net/identity.h"
#include "net/mdns.h"

#include <stdint.h>

#define NEARBY_TYPE       "_pphost._tcp"
#define NEARBY_PROTOCOL   1
#define NEARBY_QUEUES_MAX 10 /* that fit a TXT record */
#define NEARBY_HOSTS_MAX  64
#define NEARBY_KEEP_MS    120000 /* after it has gone */
#define NEARBY_TAG_SIZE   9
#define NEARBY_HINTS      6
#define NEARBY_HINT_SIZE  160

struct nearby_queue {
    char name[64]; /* its namespace */
    char tag[NEARBY_TAG_SIZE];
    int port; /* 0 = the service's */
};

/* One host, ours or found. */
struct nearby_host {
    int protocol;
    char peer[PEER_TEXT_SIZE];
    char name[64];
    char version[32]; /* "pphost 0.1.0" */
    char address[46]; /* found only */
    int port;
    struct nearby_queue queues[NEARBY_QUEUES_MAX];
    size_t queues_count;
};

/* ---- the TXT record -----------------------------------------------------------------------------
 */

struct nearby_txt {
    const char *pairs[MDNS_TXT_MAX + 1][2]; /* into texts; ended by NULL */
    char keys[MDNS_TXT_MAX][8];
    char values[MDNS_TXT_MAX][72];
};
/* For struct mdns_service; queues that do not fit are left out. Must not be moved. */
void nearby_txt(struct nearby_txt *out, const struct nearby_host *self);
/* False when it is not a host of ours: no or a wrong v or p. */
bool nearby_parse(const struct mdns_found *found, struct nearby_host *out);
/* "" for no key. Slow on purpose (some 20 ms): everybody on the network sees it and may guess. */
void nearby_key_tag(const char *namespace, const char *key, char out[NEARBY_TAG_SIZE]);

/* ---- who is there -------------------------------------------------------------------------------
 */

struct nearby;

struct nearby *nearby_new(const struct nearby_host *self); /* name, version and peer are copied */
void nearby_free(struct nearby *n);
/* What DNS-SD found or lost; false when it is none of ours or ourselves. *out: the host. */
bool nearby_saw(
    struct nearby *n, const struct mdns_found *found, int64_t now_ms, struct nearby_host *out);

struct nearby_question {
    const char *queue;     /* our namespace */
    const char *tag;       /* "" = open */
    const char *trouble;   /* mdns_state() */
    const char *container; /* our address when it looks like a container's, else NULL */
};
/* Why nobody may be in that queue, the likeliest first; how many. Never 0. */
size_t nearby_hints(const struct nearby *n, const struct nearby_question *q, int64_t now_ms,
    char (*out)[NEARBY_HINT_SIZE]);

#endif
