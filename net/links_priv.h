/* The insides of links: what its files share.
 *
 *     links.c          open, close, queues, what others ask
 *     links_listen.c   listeners and who comes in
 *     links_dial.c     who is tried to be reached, and when again
 *     links_link.c     one connection: socket, channel, reading and writing
 *     links_time.c     keepalive, silence, rates
 *     links_message.c  messages cut into frames by class, and put together again
 *     links_meet.c     the first frames of a link: version, which of two links stays
 *     links_member.c   queues joined over a link by proof, and who is there
 *     links_twin.c     one identity over two links: a host that came back, or two hosts
 *     links_frame.c    the frames on the wire
 *     links_guard.c    bans, notes that are not told again and again
 *
 * A connection becomes a link in these steps; each is a frame (links_frame.h):
 *   1. the channel opens at both ends (net/channel);
 *   2. both say HELLO: version, how manieth link of theirs it is, whether they have another;
 *   3. the end whose process has the smaller static key decides: TAKEN, or BYE (a duplicate);
 *   4. both say JOIN for every queue that may be offered here: a proof, no name;
 *   5. who finds a proof right says WHO: its identity in that queue, and its hello;
 *   6. who finds the identity right says READY; with READY said and heard the queue is up.
 *
 * The handshake's identity is that of the queue joined first; a queue with another proves its own
 * in WHO, by a signature over the handshake's hash. So hosts have one link, however many identities
 * they use, and a listener need not know in advance who is meant.
 */
#ifndef PP_NET_LINKS_PRIV_H
#define PP_NET_LINKS_PRIV_H

#include "net/channel.h"
#include "net/links.h"
#include "net/links_frame.h"

#define LINKS_UNPROVED_MAX   64
#define LINKS_OF_ADDRESS_MAX 8
#define LINKS_CONNECTING_MAX 32
#define LINKS_DIALS_MAX      4096
#define LINKS_LISTENERS_MAX  64
#define LINKS_BANS_MAX       256
#define LINKS_NOTES_MAX      64
#define LINKS_URGENT_MAX     512        /* frames of our own that wait */
#define LINKS_WAIT_MAX       (4u << 20) /* bytes of control and normal that wait */
#define LINKS_WAIT_BULK_MAX  (8u << 20)
#define LINKS_SMALL_BYTES    4096 /* messages up to this are counted */
#define LINKS_SMALL_PER_S    2000
#define LINKS_BATCH          (128u << 10) /* bytes given to the socket at once */
#define LINKS_ADDRESS        64

/* How long things take; tests have their own. Milliseconds. */
struct links_times {
    int64_t sweep, handshake, idle, stuck, ping, silence, rival, part, ban, note;
    int64_t dial_min, dial_max, settled;
};
extern const struct links_times links_times_usual;
void links_set_times(struct links *l, const struct links_times *t);

struct ident { /* an identity that links use; counted */
    unsigned refs;
    struct identity id;
};

struct link_out { /* a message or frame that waits */
    struct link_out *next;
    enum frame_type type; /* FRAME_FIRST: a message; else a whole frame as it is */
    int queue;
    uint32_t to;
    uint8_t kind;
    size_t len, at;
    uint8_t bytes[];
};

struct link_lane {
    struct link_out *first, **last;
};

#define LANE_URGENT LINK_CLASSES
#define LANES       (LINK_CLASSES + 1)

struct link_assembly { /* a message that has come in part */
    bool active, unwanted;
    uint32_t to;
    uint8_t kind;
    uint8_t *bytes;
    size_t len, total, cap;
};

struct remote { /* a queue the other end offers */
    uint32_t serial;
    uint8_t tag[FRAME_TAG];
    uint8_t proof[FRAME_PROOF];
    bool matched;
};

/* A queue that both ends of a link have. */
struct member {
    struct member *next;
    struct link *link;
    int queue;
    uint32_t theirs; /* its serial at the other end */
    bool known;      /* WHO has come */
    bool ready_sent, ready, up;
    int64_t rival_ms; /* since when a rival is being asked; 0 = none */
    uint64_t asked;   /* the number of its link */
    struct link_info info;
    uint8_t *hello;
    size_t hello_len;
};

struct link {
    struct link *next, **prev;
    struct links *links;
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct channel *channel;
    struct ident *ident;
    bool initiator;
    bool reading, writing;
    bool open;    /* the channel */
    bool helloed; /* HELLO has come */
    bool taken;   /* it is the link to that process */
    bool proved;  /* a queue has been up */
    bool parting; /* BYE has been said: what comes is thrown away */
    bool dead;    /* being closed */
    bool loopback;
    uint8_t subnet[16]; /* by which connections are counted */
    char address[LINKS_ADDRESS];
    bool doomed;            /* it goes as soon as the loop turns */
    enum frame_bye goodbye; /* said then; 0 = nothing */
    char why[160];
    struct listener *via; /* it arrived there; NULL: dialled, or no more */
    uint64_t extra;       /* queues it may carry besides */
    uint64_t offered;     /* JOIN has been said */
    uint64_t turn;        /* of HELLO: theirs */
    uint64_t number;      /* ours */
    bool asks;            /* a rival may be being asked */
    struct remote *remote;
    size_t remote_count;
    struct member *members;
    struct link_lane lane[LANES];
    size_t urgent;                /* frames */
    size_t waiting, waiting_bulk; /* bytes */
    unsigned in_a_row;            /* of normal, while bulk waits */
    struct link_assembly in[LINK_CLASSES];
    int64_t begun_ms, since_ms, heard_ms, taken_ms, ping_ms, pong_ms, used_ms, part_ms;
    uint64_t ping_stamp; /* 0 = none is under way */
    int32_t rtt_us;
    int64_t budget, budget_ms; /* small messages it may send, and when that was reckoned */
    uint64_t bytes_in, bytes_out;
    size_t last_queued; /* what the socket had not taken at the last look */
};

struct queue {
    bool used;
    uint32_t serial; /* of this join: what others call it */
    char *name;
    uint8_t secret[32];
    struct ident *ident;
    struct member **up; /* by peer */
    size_t up_count, up_cap;
};

struct listener {
    struct listener *next;
    struct links *links;
    uv_tcp_t tcp;
    char address[46];
    int port;
    bool loopback, all;
    uint64_t queues;
};

struct dial_for {
    int queue;
    bool has_expected;
    struct peer expected;
};

struct dial {
    struct dial *next;
    char address[LINKS_ADDRESS];
    struct sockaddr_storage sockaddr;
    struct dial_for *wanted;
    size_t wanted_count;
    struct link *link; /* on its way, or where it led to */
    unsigned attempt;
    int64_t next_ms;
};

struct ban {
    struct peer peer;
    int64_t until_ms;
};

enum note_cause {
    NOTE_PHRASE,
    NOTE_KEY,
    NOTE_VERSION,
    NOTE_TWIN,
    NOTE_EXPECTED,
    NOTE_CROWD,
    NOTE_FOREIGN
};

struct told {
    enum note_cause cause;
    char address[LINKS_ADDRESS];
    int64_t at_ms;
};

struct links {
    uv_loop_t *loop;
    uv_timer_t sweep, soon;
    unsigned open; /* handles */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
    struct links_events events;
    struct links_times times;
    uint8_t psk[32];
    uint8_t static_secret[32], static_public[32];
    uint8_t *hello;
    size_t hello_len;
    struct queue queues[LINKS_QUEUES_MAX];
    uint32_t serials;
    uint64_t turns;
    struct link *list;
    size_t count; /* of links that are not dead */
    struct listener *listeners;
    size_t listeners_count;
    struct dial *dials;
    size_t dials_count, connecting;
    struct ban bans[LINKS_BANS_MAX];
    struct told told[LINKS_NOTES_MAX];
    uint8_t buffer[64 << 10]; /* what is being read */
};

/* links.c */
int64_t links_now(const struct links *l);
void links_let_go(struct links *l); /* a handle is closed */
struct queue *links_queue_at(struct links *l, int queue);
int links_queue_of_serial(const struct links *l, uint32_t serial); /* -1: none */
/* The identity that connections are made with; NULL before the first queue. Borrowed. */
struct ident *links_ident(struct links *l);
struct ident *ident_hold(struct ident *i);
void ident_let_go(struct ident *i);
void links_soon(struct links *l, int64_t after_ms); /* runs what is doomed or throttled */

/* links_listen.c */
bool links_offers(const struct links *l, const struct link *k, int queue);
void links_listen_close(struct links *l);
bool links_address(const struct sockaddr *a, char out[LINKS_ADDRESS], uint8_t subnet[16]);

/* links_dial.c */
void links_dial_step(struct links *l);
void links_dial_gone(struct link *k);
void links_dial_led_to(struct link *from, struct link *to);
void links_dial_ourselves(struct link *k);
void links_dial_check(struct member *m);
void links_dial_leave(struct links *l, int queue);
void links_dial_close(struct links *l);

/* links_link.c */
struct link *link_new(struct links *l, bool initiator);
int link_begin(struct link *k); /* the socket is connected */
void link_close(struct link *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Says BYE, and closes when the other end has. */
void link_part(struct link *k, enum frame_bye reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, later: for calls from above, which do not expect `down` before they return. */
void link_doom(struct link *k, enum frame_bye goodbye, const char *why);
void link_execute(struct link *k);
void link_violation(struct link *k, const char *what);
void link_pump(struct link *k);
bool link_is_alive(const struct link *k);
int link_read(struct link *k); /* reads on */

/* links_time.c */
void link_ping(struct link *k);
void link_sweep(struct link *k);
void link_limit(struct link *k); /* counts a small message */
void link_relieve(struct link *k);

/* links_message.c */
void link_lanes_init(struct link *k);
void link_lanes_fini(struct link *k);
void link_put(struct link *k, const struct frame *f); /* a frame of our own */
void link_forget(struct link *k, int queue);
/* The next frame to send into `out` (FRAME_MAX); its length, 0 = none. */
size_t link_next(struct link *k, uint8_t *out);
bool link_has_more(const struct link *k);
void link_data(struct link *k, const struct frame *f);

/* links_meet.c */
void link_opened(struct link *k);
void link_frame(struct link *k, const uint8_t *bytes, size_t len);

/* links_member.c */
void link_offer(struct link *k);
void link_joined(struct link *k, const struct frame *f);
void link_who(struct link *k, const struct frame *f);
void link_ready(struct link *k, const struct frame *f);
void link_left(struct link *k, const struct frame *f);
void member_let_in(struct member *m); /* says READY */
void member_end(struct member *m, const char *why);
struct member *link_member(const struct link *k, int queue);
struct member *links_member_find(const struct queue *q, const struct peer *peer);

/* links_twin.c */
/* True if another link has let this identity in: READY is said when that is settled. */
bool member_has_rival(struct member *m);
void link_ask_rivals(struct link *k, int queue);

/* links_guard.c */
bool links_is_banned(struct links *l, const struct peer *peer);
void links_ban(struct links *l, const struct peer *peer);
void links_twin(struct links *l); /* an identity of ours is at another place, too */
void links_note(struct links *l, enum note_cause cause, const char *address, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
