/* Hosts that work together: the one header of net/ that the program above includes.
 *
 * It offers a log of commands replicated among authenticated peers (one per queue), who is present,
 * a count of those who are, requests from host to host, and content by SHA-256. It knows nothing of
 * jobs.
 *
 * Happy path: net_open(), net_queue_add() for every network queue; from then on hosts of the same
 * queue find each other, and net_submit() brings a command to all of them in one order
 * (struct net_machine). Everything runs on the loop; the disk has a thread of its own.
 *
 * Failure modes: each queue stands alone: what is wrong with one (a registry that is not there, a
 * port in use) is told in its status and does not touch the others. No network at all: kept
 * commands wait on the disk.
 */
#ifndef PP_NET_NET_H
#define PP_NET_NET_H

#include "net/machine.h"

#include <uv.h>

struct net;
struct registry_notes;

/* ---- the host -----------------------------------------------------------------------------------
 */

/* Content by SHA-256; see net/xfer.h, whose struct this mirrors. */
struct net_content {
    bool (*has)(void *context, const char *sha256, int64_t *size_bytes);
    bool (*accepts)(
        void *context, const char *queue, const char *sha256, int64_t size_bytes, struct err *e);
    void (*read)(void *context, uint64_t id, const char *sha256, int64_t offset, size_t len);
    int (*begin)(
        void *context, const char *sha256, int64_t size_bytes, uint8_t **have, struct err *e);
    void (*write)(void *context, uint64_t id, const char *sha256, int64_t offset,
        const uint8_t *bytes, size_t len);
    void (*finish)(void *context, uint64_t id, const char *sha256);
    void (*discard)(void *context, const char *sha256);
    void *context;
};

/* A request from another host's program; answered once, at any time, with net_answer(). */
struct net_events {
    void (*request)(void *context, const char *queue, const struct peer *from, bool trusted,
        uint64_t id, const uint8_t *bytes, size_t len);
    /* Peers came, went, or told something new. */
    void (*peers)(void *context, const char *queue);
    /* One line for the log and for people; `queue` may be "". */
    void (*note)(void *context, const char *queue, bool warning, const char *text);
    void *context;
};

/* GET of a URL, at most `limit` bytes, in some thread; net_got() on the loop, once, later. */
typedef void (*net_get)(
    void *context, uint64_t id, const char *url, const char *accept, size_t limit);

struct net_options {
    const char *folder;           /* net.db and keys/ are there */
    const char *name;             /* of this host, for people */
    const char *version;          /* "pphost 0.1.0" */
    const char *listen;           /* "auto" or as net/address.h says: the shared listener */
    const char *phrase;           /* of the links; "" = none */
    const char *const *gateways;  /* of IPFS; NULL = well-known ones */
    const char *const *dht_nodes; /* "host:port"; NULL = well-known ones */
    const char *nameserver;       /* "IP:PORT" for DNSLink; NULL = the system's */
    bool dht_local;               /* the DHT is a network of its own */
    bool map_ports;
    uint64_t registry_ms; /* between two readings of a registry; 0 = an hour */
    bool no_mdns;         /* tests, and who does not want to be announced */
    uint32_t heartbeat_ms, election_ms, found_ms, retire_ms; /* 0 = as usual */
    struct net_content content;
    struct net_events events;
    net_get get;
    void *get_context;
};

int net_open(struct net **out, uv_loop_t *loop, const struct net_options *o, struct err *e);
/* `leave`: hand over first what we are for others (at most 5 s). Queues are gone afterwards. */
void net_close(struct net *n, bool leave, void (*closed)(void *context), void *context);
void net_got(struct net *n, uint64_t id, const void *bytes, size_t len, const struct err *e);
const char *net_self(const struct net *n); /* this host's peer id, "12D3KooW…" */
void net_set_name(struct net *n, const char *name);
/* Where the shared listener is: "0.0.0.0:40123"; "" when it is not. */
const char *net_listening(const struct net *n);

/* What the DNS-SD of this host also says: "_http._tcp", "_octoprint._tcp" at the API's port. Texts
 * are pairs, ended by NULL. */
void net_announce(
    struct net *n, const char *type, const char *name, int port, const char *const (*txt)[2]);

/* ---- queues -------------------------------------------------------------------------------------
 */

enum net_kind {
    NET_LAN,
    NET_WAN
};

struct net_queue_options {
    const char *name; /* here: 1–63 bytes of UTF-8, not "local", not "archive" */
    enum net_kind kind;
    const char *namespace; /* LAN: on the wire; "" = the name. WAN: the name in the registry */
    const char *key;       /* LAN: "" = open to anyone on the network */
    const char *address;   /* "auto", "ip:port", "localhost", "0.0.0.0" */
    const char *registry;  /* WAN: where it is (net/locate.h) */
    const char *identity;  /* a .priv file; "" = the host's own */
    const char *const *bootstrap; /* addresses to try, NULL-terminated or NULL */
};

/* What would be refused of them: names, address, key file; one line. At once, changes nothing. */
int net_queue_check(const struct net *n, const struct net_queue_options *o, struct err *e);
/* The peer id by which this host would be in it. */
int net_queue_self(
    const struct net *n, const struct net_queue_options *o, char *out, size_t size, struct err *e);
/* The machine is loaded before it returns. A WAN queue's registry is fetched afterwards. */
int net_queue_add(
    struct net *n, const struct net_queue_options *o, const struct net_machine *m, struct err *e);
/* `forget`: also what is on the disk. `done` when it has let go of the machine. */
void net_queue_remove(
    struct net *n, const char *name, bool forget, void (*done)(void *context), void *context);

enum net_role {
    NET_SEARCHING,
    NET_CLIENT,
    NET_LEARNER,
    NET_VOTER,
    NET_LEADER
};

struct net_queue_status {
    enum net_kind kind;
    enum net_role role;
    bool locked;                 /* has a key */
    bool connected;              /* there is a leader and we are in touch with it (or are it) */
    char leader[PEER_TEXT_SIZE]; /* "" = none known */
    char self[PEER_TEXT_SIZE];   /* by which we are in this queue */
    char group[33];              /* hex; "" = none yet */
    uint64_t epoch;
    uint64_t applied;
    size_t voters, voters_linked;
    size_t linked;                         /* peers there is a link to */
    uint64_t peers, peers_low, peers_high; /* of the whole queue, with us; equal when exact */
    size_t waiting;                        /* commands not yet committed */
    bool disk_full;
    char address[64]; /* where it listens */
    char registry_cid[80];
    size_t trusted;     /* WAN: peers its registry trusts; 0 = no registry yet */
    bool trusted_only;  /* WAN: nobody else takes part */
    bool trusted_self;  /* WAN: this host is one of them */
    char problem[320];  /* "" = none */
    char hints[6][160]; /* why nobody may be there; "" = no more */
};
bool net_queue_status(const struct net *n, const char *name, struct net_queue_status *out);
const char *net_role_name(enum net_role r);
int net_takeover(struct net *n, const char *queue, struct err *e);

/* ---- commands -----------------------------------------------------------------------------------
 */

/* The id by which the machine hears of it, or 0 and *e. At most 60 KiB. */
uint64_t net_submit(
    struct net *n, const char *queue, bool keep, const void *bytes, size_t len, struct err *e);

/* ---- peers --------------------------------------------------------------------------------------
 */

#define NET_PRESENCE_MAX 8192

struct net_peer {
    struct peer peer;
    char text[PEER_TEXT_SIZE];
    char name[64];
    char version[32];
    bool self;
    bool linked; /* else known through others */
    bool voter, leader;
    bool trusted;
    int64_t silent_ms; /* since it was last heard of */
    int32_t rtt_us;    /* -1 unknown */
    uint64_t bytes_in, bytes_out;
    char address[64];
    const uint8_t *presence; /* what its program told (net_presence()); NULL = nothing yet */
    size_t presence_len;
};
size_t net_peers(const struct net *n, const char *queue); /* ourselves first */
/* False past the end. Borrowed until the loop turns. */
bool net_peer_at(const struct net *n, const char *queue, size_t index, struct net_peer *out);
bool net_peer_find(
    const struct net *n, const char *queue, const struct peer *peer, struct net_peer *out);

/* "12D3KooW…"; false when it is no peer id. */
bool net_peer_parse(const char *text, struct peer *out);

/* What this host tells all its peers: soft state, at most NET_PRESENCE_MAX bytes; sent when it
 * changes, at most once a second. */
void net_presence(struct net *n, const void *bytes, size_t len);

/* A request to another host's program, at most 1 MiB each way. `done` runs once, later. PP_ETIMEOUT
 * after timeout_ms: it may have been carried out. */
typedef void (*net_answer_cb)(void *context, const struct err *e, const uint8_t *bytes, size_t len);
void net_ask(struct net *n, const char *queue, const struct peer *to, const void *bytes, size_t len,
    int64_t timeout_ms, net_answer_cb done, void *context);
void net_answer(struct net *n, uint64_t id, const void *bytes, size_t len);

/* ---- content ------------------------------------------------------------------------------------
 */

struct net_progress {
    int64_t size_bytes, done_bytes, rate_bytes_s;
    size_t holders;
};
typedef void (*net_fetch_cb)(void *context, const struct err *e);
uint64_t net_fetch(struct net *n, const char *queue, const char *sha256, int64_t size_bytes,
    net_fetch_cb done, void *context);
void net_fetch_cancel(struct net *n, uint64_t id);
bool net_fetch_progress(const struct net *n, const char *sha256, struct net_progress *out);
/* Until `replicas` hosts of the queue hold it, us included, or all that are linked if those are
 * fewer; `done` gets how many. */
typedef void (*net_offer_cb)(void *context, const struct err *e, size_t holders);
void net_offer(struct net *n, const char *queue, const char *sha256, size_t replicas,
    int64_t timeout_ms, net_offer_cb done, void *context);
void net_read_done(
    struct net *n, uint64_t id, const uint8_t *bytes, size_t len, const struct err *e);
void net_write_done(struct net *n, uint64_t id, const struct err *e);
void net_finish_done(struct net *n, uint64_t id, const struct err *e);

/* ---- registries, for the command line -----------------------------------------------------------
 */

int net_registry_generate(unsigned peers, const char *folder, int64_t now_s, struct err *e);
/* Prints every mistake and warning through `line`; its CIDs when it is right. 0 or -PP_EINVAL. */
int net_registry_check(
    const char *path, void (*line)(void *context, const char *text), void *context, struct err *e);

/* ---- a node of the DHT, for the command line ----------------------------------------------------
 */

struct net_dht_options {
    const char *const *nodes; /* "host:port" to begin with, ended by NULL; NULL = the well-known
                                 ones, or, where local, none: it is the first */
    const char *ip;           /* NULL = everywhere */
    int port;                 /* UDP; 0 = any */
    bool local;               /* a network of its own; private addresses are fine */
    const char *state_file;   /* NULL = nowhere */
};
/* Serves until SIGINT or SIGTERM; tells its port and then its state through `line`. */
int net_dht_node(const struct net_dht_options *o, void (*line)(const char *text), struct err *e);

#endif
