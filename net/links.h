/* Connections to other hosts: listeners, dialling, one link for all queues of a pair of identities.
 *
 * Happy path: links_open(), links_join() for every queue, links_listen(), links_dial() for every
 * address somebody may be at. When a link to a host of a queue is up and both ends have proved that
 * they know the queue's secret, `up` runs for that queue; links_send() and `message` from then on,
 * until `down`. Of two links to the same peer one is kept, the same at both ends.
 *
 * A queue is joined by proof: BLAKE2b-256 keyed with the queue's secret over (handshake hash ‖ role
 * ‖ queue's wire name). No proof, no traffic of that queue. A queue is offered only where it is
 * listened to (`offer`).
 *
 * Messages have a class; small ones overtake large ones: a message is cut into frames of at most
 * 16 KiB of payload, and control goes first. In order within (queue, class). A peer that takes
 * nothing for 30 s is let go; keepalive every 15 s, 45 s of silence end a link.
 *
 * Failure modes: strangers cost one object and are gone after 10 s without a handshake; at most 64
 * unproved connections in all and 8 of one address, the rest are closed at once; a peer that sends
 * more than its rate (64 MiB in flight unread, 2,000 small messages a second) is read more slowly;
 * a link that carries nothing for any queue both have is kept 30 s. The same identity at two
 * places: `twin` runs, both ends refuse.
 */
#ifndef PP_NET_LINKS_H
#define PP_NET_LINKS_H

#include "net/identity.h"

#include <uv.h>

#define LINKS_MESSAGE_MAX (2 << 20)
#define LINKS_QUEUES_MAX  64
#define LINKS_PEERS_MAX   2000
#define LINKS_INFO_MAX    1024

struct links;

enum link_class {
    LINK_CONTROL,
    LINK_NORMAL,
    LINK_BULK,
    LINK_CLASSES
};

/* What is known of a link. */
struct link_info {
    struct peer peer;
    char address[64]; /* "192.168.1.5:40123" */
    bool dialled;     /* by us */
    int64_t since_ms; /* monotonic */
    int64_t heard_ms; /* anything from it */
    int32_t rtt_us;   /* smoothed, of keepalives; -1 unknown */
    uint64_t bytes_in, bytes_out;
    size_t waiting; /* bytes not yet sent */
};

struct links_events {
    /* A peer of queue `queue` (as links_join() gave) is there / has gone. `hello`: what it told at
     * the beginning (its options' `hello`), borrowed. */
    void (*up)(void *context, int queue, const struct link_info *link, const void *hello, size_t n);
    void (*down)(void *context, int queue, const struct peer *peer, const char *why);
    void (*message)(void *context, int queue, const struct peer *peer, uint8_t kind,
        const uint8_t *bytes, size_t len);
    /* May he take part in the queue? NULL: whoever has its secret. Asked once, before `up`. */
    bool (*admits)(void *context, int queue, const struct peer *peer);
    /* An identity of ours is in use at another place, too; each time that is seen. May be NULL. */
    void (*twin)(void *context);
    /* Something a person may want to know: wrong key, another version, our own id elsewhere. Told
     * once per cause and address in 10 min. */
    void (*note)(void *context, const char *text);
    void *context;
};

struct links_options {
    const char *phrase; /* of the psk; "" is fine */
    const void *hello;  /* at most LINKS_INFO_MAX bytes, copied: name and version, for people */
    size_t hello_len;
    struct links_events events;
};

int links_open(struct links **out, uv_loop_t *loop, const struct links_options *o, struct err *e);
void links_close(struct links *l, void (*closed)(void *context), void *context);

/* A queue of ours. `id` is copied; two queues may have one identity. */
struct links_queue {
    const char *name;   /* on the wire (its namespace) */
    uint8_t secret[32]; /* BLAKE2b-256 of the queue's key or rendezvous string */
    const struct identity *id;
};
int links_join(struct links *l, const struct links_queue *q, struct err *e); /* >= 0, or -PP_E… */
void links_leave(struct links *l, int queue); /* `down` runs for its peers before it returns */

/* Listens at an address ("0.0.0.0", "192.168.1.43", "::", "127.0.0.1") and port (0 = any free) for
 * `queue`, or for all queues when -1. *port: the real one. PP_EBUSY (in use), PP_EPERM
 * (privileged), PP_EINVAL (not an address of this machine). The same address and port again adds
 * the queue. */
int links_listen(struct links *l, const char *address, int *port, int queue, struct err *e);
void links_unlisten(struct links *l, const char *address, int port, int queue);

/* Tries to reach somebody at "ip:port" for `queue`, again and again (1 s … 5 min, jitter) while the
 * address is held, until a link to `expected` (NULL: to whoever is there) is up. Adding it twice
 * is fine. `local_only` identities and what is dialled from: the queue's. */
void links_dial(struct links *l, int queue, const char *address, const struct peer *expected);
void links_forget(struct links *l, int queue, const char *address); /* not dialled any more */

/* 0; -PP_EOFFLINE when there is no link for this queue; -PP_ELIMIT when too much waits (4 MiB of
 * control and normal, 8 MiB of bulk); -PP_ETOOBIG. */
int links_send(struct links *l, int queue, const struct peer *peer, enum link_class cls,
    uint8_t kind, const void *bytes, size_t len);
/* The peer is misbehaving: its link goes, and it is not taken back for a minute. */
void links_drop(struct links *l, const struct peer *peer, const char *why);

size_t links_count(const struct links *l, int queue);
/* NULL past the end. Valid until the loop turns. */
const struct link_info *links_at(const struct links *l, int queue, size_t index);
const struct link_info *links_find(const struct links *l, int queue, const struct peer *peer);

#endif
