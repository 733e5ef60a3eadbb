/* Inside net's facade. Included by net/net*.c only. */
#ifndef PP_NET_NET_PRIV_H
#define PP_NET_NET_PRIV_H

#include "net/address.h"
#include "net/census.h"
#include "net/group.h"
#include "net/links.h"
#include "net/mdns.h"
#include "net/net.h"
#include "net/net_store.h"
#include "net/registry.h"
#include "net/rendezvous.h"
#include "net/wire.h"
#include "net/xfer.h"

#include "host/base/str.h"

#define NET_QUEUES_MAX 32
#define NET_PEERS_MAX  LINKS_PEERS_MAX
#define NET_PROTOCOL   1
#define NET_GIVE_UP_MS 5000 /* of leaving */
#define NET_RELAY_FEW  20   /* peers; up to so many hear of the others at once */
#define NET_RELAY_MS   10000

/* What a message on a link is. */
enum net_message {
    NET_GROUP = 1,
    NET_PRESENCE,
    NET_CENSUS,
    NET_XFER,
    NET_ASK
};

/* Somebody of a queue, linked or heard of. */
struct member {
    struct peer peer;
    char name[64];
    char version[32];
    bool linked;
    bool via_set;      /* heard of through a voter */
    struct peer via;   /* which */
    uint64_t sequence; /* of his presence; ascending within an `instance` */
    uint64_t instance; /* of his process */
    bool dirty;        /* to be passed on to others */
    unsigned tells;    /* how often he is told of all others yet; by when the next time */
    uint64_t tell_ms;
    uint64_t heard_ms;
    uint8_t *presence; /* owned; NULL = nothing yet */
    size_t presence_len;
};

struct drop {
    struct peer peer;
    char why[80];
};

struct net_queue {
    struct net *net;
    char name[64];
    char wire_name[64];
    enum net_kind kind;
    bool locked;
    uint8_t secret[32];
    char tag[9];               /* of the key, in DNS-SD; "" = open */
    struct identity own;       /* when `identity` was given */
    const struct identity *id; /* that, or the host's */
    struct listen_address address;
    bool listening;
    char listen_ip[46];
    int listen_port;
    uint64_t listen_again_ms;
    char registry[512];
    char registry_cid[80];
    char rendezvous[128];
    char problem[200];
    char wan_problem[320]; /* what is wrong with its registry */
    bool trusted_only;     /* nobody else takes part */
    char **bootstrap;      /* owned, NULL-terminated */
    char **guides;         /* the same of the registry; NULL = none yet */
    char lost_guide[160];  /* why one of them was not found; "" = they all were */
    uint64_t lost_ms;      /* when that was logged; 0 = never */
    uint64_t guided_ms;
    int link; /* of links; -1 = not joined */
    struct group *group;
    struct net_machine machine;
    bool stepping; /* within a call of group: none may be made */
    struct drop drops[8];
    size_t drops_count;
    uv_timer_t tick;
    uv_timer_t slow; /* presence, census, registry, hints: once a second */
    bool timers_open;
    struct member *members; /* by peer */
    size_t members_count;
    uint64_t relayed_ms;
    struct census census;
    struct census_result told; /* what a leader published */
    uint64_t polled;           /* the last poll that came by, and from whom */
    struct peer polled_by;
    uint64_t passed_ms, counted_ms; /* when a poll, a result was passed on */
    uint64_t told_sequence;         /* of our presence, that all linked peers have */
    struct registry_load *loading;  /* net_wan.c */
    struct peer *trusted;           /* owned; of the registry */
    size_t trusted_count;
    uint64_t alone_since_ms;
    uint64_t leave_by_ms;
    bool forget;
    bool removed;
    void (*gone)(void *context);
    void *gone_context;
    unsigned open; /* handles */
};

/* One that waits for its answer (`serving` false), or that our program has to answer. */
struct ask {
    struct ask *next;
    uint64_t id;
    struct net_queue *queue;
    struct peer to; /* serving: who asked */
    bool serving;
    struct peer hop;  /* serving: to whom the answer goes */
    uint64_t foreign; /* serving: its id there */
    uint64_t until_ms;
    net_answer_cb done;
    void *context;
};

struct net {
    uv_loop_t *loop;
    char folder[512];
    char name[64];
    char version[32];
    char listen[64];
    char phrase[129];
    char nameserver[64];
    uint64_t loads;       /* of registries, for the ids of their GETs */
    struct net_options o; /* its texts are the copies above, or NULL */
    char **gateways;      /* owned, NULL-terminated, or NULL */
    char **dht_nodes;
    struct identity id;
    struct links *links;
    struct net_store *store;
    struct mdns *mdns;
    struct rendezvous *rendezvous;
    struct xfer *xfer;
    uv_timer_t xfer_tick;
    uv_timer_t leave_tick;
    int shared_port; /* of the listener for queues whose address is auto; 0 = not open yet */
    char shared_ip[46];
    char shared_text[64];
    char instance_name[64]; /* of DNS-SD */
    uint64_t instance;
    uint64_t presence_sequence;
    uint8_t *presence; /* owned */
    size_t presence_len;
    struct net_queue *queues[NET_QUEUES_MAX];
    size_t queues_count;
    struct nearby *nearby;
    struct ask *asks;
    uint64_t next_id;
    char dht_problem[160]; /* "" = none */
    uint64_t dht_ms;       /* when it was tried to be opened last */
    uint64_t twin_ms;      /* an identity of ours was seen elsewhere; 0 = never */
    bool closing;
    uint64_t leave_by_ms;
    struct drop drops[8]; /* of xfer, until its step is over */
    size_t drops_count;
    unsigned open;
    void (*closed)(void *context);
    void *closed_context;
};

uint64_t net_now_ms(const struct net *n);      /* monotonic */
char **net_copy_list(const char *const *list); /* NULL-terminated; NULL: NULL */
void net_free_list(char **list);
void net_let_go(struct net *n); /* one part less; the last takes the whole along */
void net_note(struct net *n, const char *queue, bool warning, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
struct net_queue *net_queue_find(const struct net *n, const char *name);
struct net_queue *net_queue_of_link(const struct net *n, int link);

/* ---- net_queue.c ---- */
void net_queue_step_begin(struct net_queue *q);
void net_queue_step_end(struct net_queue *q); /* drops, timer */
void net_queue_link(struct net_queue *q);
void net_queue_secret(struct net_queue *q, const char *key);
void net_queue_stop(struct net_queue *q);
void net_queue_let_go(struct net_queue *q); /* one part less; the last takes the queue along */
void net_queue_written(struct net_queue *q, uint64_t ticket);

/* ---- net_peers.c ---- */
struct member *net_member_find(const struct net_queue *q, const struct peer *p);
void net_member_up(struct net_queue *q, const struct peer *p, const void *hello, size_t n);
void net_member_down(struct net_queue *q, const struct peer *p);
void net_members_free(struct net_queue *q);
void net_presence_received(
    struct net_queue *q, const struct peer *from, const uint8_t *bytes, size_t len);
void net_census_received(
    struct net_queue *q, const struct peer *from, const uint8_t *bytes, size_t len);
void net_peers_tick(struct net_queue *q); /* once a second */
void net_hello(const struct net *n, struct strbuf *out);

/* ---- net_ask.c ---- */
void net_ask_received(
    struct net_queue *q, const struct peer *sender, const uint8_t *bytes, size_t len);
void net_asks_tick(struct net *n);
void net_asks_drop(struct net *n, const struct net_queue *q); /* NULL: of all queues */

/* ---- net_content.c ---- */
void net_content_open(struct net *n);
void net_content_close(struct net *n);
void net_content_step(struct net *n); /* after anything that was told to xfer */

/* ---- net_meet.c: addresses, discovery ---- */
int net_meet_open(struct net *n, struct err *e);
void net_meet_close(struct net *n);
void net_meet_join(struct net_queue *q);
void net_meet_leave(struct net_queue *q);
void net_meet_tick(struct net_queue *q);
int net_meet_try(const struct net *n, const char *ip, int port, struct err *e);
void net_meet_hints(const struct net_queue *q, struct net_queue_status *out);

/* ---- net_far.c: beyond the local network ---- */
void net_far_join(struct net_queue *q);   /* the DHT, at the address it listens at */
void net_far_guides(struct net_queue *q); /* dials those of person and registry, names anew */

/* ---- net_wan.c: a queue described by a registry ---- */
void net_wan_begin(struct net_queue *q);
void net_wan_stop(struct net_queue *q);
/* Of a registry that is a file here: can it be read, is it right, does it have the queue? */
int net_wan_check(const char *where, const char *queue, struct err *e);
bool net_wan_trusts(const struct net_queue *q, const struct peer *p);
bool net_wan_admits(const struct net_queue *q, const struct peer *p);
void net_wan_hints(const struct net_queue *q, struct net_queue_status *out);

#endif
