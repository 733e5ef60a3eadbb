/* Insides of replica, shared by its parts: replica.c (all events of the engine, and what follows
 * from them), replica_update.c (what it asks for), replica_start.c (begin and end),
 * replica_receive.c (messages of others), replica_lead.c (what only a leader does),
 * replica_snapshot.c (dumps on their way, compaction), replica_hold.c (messages that wait for the
 * disk), replica_log.c (the entries in memory), replica_peers.c (who is linked), replica_wire.c
 * (bytes of messages), replica_conf.c (configurations), replica_query.c (questions). */
#ifndef PP_NET_REPLICA_PRIV_H
#define PP_NET_REPLICA_PRIV_H

#include "net/replica.h"
#include "net/wire.h"

#include <raft.h>

#define REPLICA_INFLIGHT     256
#define REPLICA_PIECE        (256 << 10) /* bytes of a snapshot in one message */
#define REPLICA_SNAPSHOT_MAX (64 << 20)
#define REPLICA_KEEP_MAX     100000 /* entries kept for a peer that is behind */
#define REPLICA_PEERS        64
#define REPLICA_QUIET_MS     30000 /* a snapshot that gets no further is given up */
#define REPLICA_REPEAT_MS    10000 /* a piece without an answer is sent again */

/* ---- entries in memory: consecutive, base + 1 … base + count ------------------------------------
 */
struct replica_log {
    struct replica_entry *at; /* the first is at[head] */
    size_t cap, head, count;
    size_t bytes; /* of all entries */
    uint64_t base;
};

void replica_log_reset(struct replica_log *l, uint64_t base);
void replica_log_fini(struct replica_log *l);
/* Copies the bytes; the entry gets the next index. */
void replica_log_append(
    struct replica_log *l, uint64_t term, enum replica_type type, const uint8_t *bytes, size_t len);
void replica_log_truncate(struct replica_log *l, uint64_t from); /* drops entries >= from */
void replica_log_drop(struct replica_log *l, uint64_t to);       /* drops entries <= to */
const struct replica_entry *replica_log_get(const struct replica_log *l, uint64_t index);
uint64_t replica_log_last(const struct replica_log *l);

/* ---- messages -----------------------------------------------------------------------------------
 */
enum replica_message_type {
    REPLICA_APPEND = 1,
    REPLICA_APPEND_RESULT,
    REPLICA_VOTE,
    REPLICA_VOTE_RESULT,
    REPLICA_TIMEOUT_NOW,
    REPLICA_PIECE_OF, /* of a snapshot */
    REPLICA_PIECE_ACK,
};

struct replica_piece {
    uint64_t lead_term; /* of who sends it */
    uint64_t index, term;
    struct replica_conf conf;
    uint64_t total, offset;
    const uint8_t *bytes;
    size_t len;
};
struct replica_piece_ack {
    uint64_t index, term;
    uint64_t offset; /* of the piece that is answered */
    uint64_t next;   /* what is wanted next; the total = all is there */
};

struct replica_message {
    enum replica_message_type type;
    uint64_t to;
    struct raft_message raft;                       /* entries of an append: those below */
    struct replica_entry entries[REPLICA_INFLIGHT]; /* borrowed from the bytes */
    size_t count;
    size_t bytes; /* of all entries */
    struct replica_piece piece;
    struct replica_piece_ack ack;
};

void replica_wire_append(struct strbuf *b, uint64_t to, const struct raft_append_entries *a,
    const struct replica_entry *entries, size_t n);
void replica_wire_message(struct strbuf *b, uint64_t to, const struct raft_message *m);
void replica_wire_piece(struct strbuf *b, uint64_t to, const struct replica_piece *p);
void replica_wire_piece_ack(struct strbuf *b, uint64_t to, const struct replica_piece_ack *a);
/* False when the bytes are no message: wrong version, cut, too long, out of bounds. */
bool replica_wire_read(const uint8_t *bytes, size_t len, struct replica_message *out);

/* ---- configurations -----------------------------------------------------------------------------
 */
void replica_conf_encode(struct strbuf *b, const struct replica_conf *conf);
const struct replica_server *replica_conf_find(const struct replica_conf *conf, uint64_t id);
size_t replica_conf_voters(const struct replica_conf *conf);
bool replica_conf_sole(const struct replica_conf *conf, uint64_t id); /* the only voter is `id` */
void replica_engine_conf(const struct replica_conf *conf, struct raft_configuration *out);

/* ---- messages that wait -------------------------------------------------------------------------
 */
struct replica_held {
    struct replica_held *next;
    uint64_t to;
    uint64_t needs; /* ticket that must be durable first */
    bool bulk;
    size_t len;
    uint8_t bytes[];
};
struct replica_hold {
    struct replica_held *first, **end;
    size_t count, bytes;
};
/* Lets go, in order, of what the disk no longer holds back. */
void replica_hold_release(struct replica *r);
void replica_hold_add(struct replica *r, uint64_t to, bool bulk, uint64_t needs, struct strbuf *b);
void replica_hold_clear(struct replica *r);

/* ---- snapshots ----------------------------------------------------------------------------------
 */
struct replica_dump { /* shared by those it is sent to */
    unsigned refs;
    uint64_t index, term;
    struct replica_conf conf;
    uint8_t *bytes;
    size_t len;
};
struct replica_flight { /* a snapshot on its way to a peer */
    struct replica_dump *dump;
    uint64_t offset;      /* of the piece in flight; the length = all are acknowledged */
    uint64_t sent_ms;     /* that piece */
    uint64_t progress_ms; /* when it last got further */
};
struct replica_assembly { /* a snapshot that arrives */
    uint64_t from, index, term, total;
    struct replica_conf conf;
    uint8_t *bytes;
    size_t got, cap;
};

struct replica_peer {
    uint64_t id;
    bool up;
    uint64_t heard_ms; /* 0 = never */
    uint64_t wants;    /* a snapshot of at least this; 0 = none. The engine asks once */
    uint64_t told;     /* the commit index it has been told out of turn */
    struct replica_flight flight;
};

struct replica_pending { /* entries on their way to the disk */
    uint64_t ticket, first, last;
};

struct replica {
    struct replica_options o;
    struct raft raft;
    bool started; /* RAFT_START has been stepped */
    bool dirty;   /* role, leader or term have changed */
    uint64_t now;
    char failed[160], warning[160];
    uint64_t dropped;

    uint64_t ticket, durable; /* last given out, last reported */
    uint64_t vote_ticket;     /* messages wait for it */
    uint64_t start_ticket;    /* RAFT_START waits for it; 0 = none */
    struct replica_pending *pending;
    size_t pending_count, pending_cap;
    uint64_t stored; /* entries up to here are durable; the engine is told of it */

    struct replica_log log;
    uint64_t applied, applied_term;
    uint64_t rows; /* rows are durable up to here */
    struct replica_conf committed;
    struct replica_conf latest; /* committed or not */

    uint64_t term, vote; /* before the start; then the engine knows */
    bool was_leader;
    bool barrier_due;
    uint64_t barrier; /* index; 0 = none yet */
    uint64_t leader_heard_ms;
    bool submitting;   /* the entries of this step are in the log already */
    bool batch_kept;   /* the batch of this AppendEntries is ours again */
    bool refused;      /* an AppendEntries has been, in this step */
    bool stale_append; /* an AppendEntries of an older term is being stepped */
    uint64_t timer_ms; /* last RAFT_TIMEOUT */
    uint64_t anchor;   /* RAFT_SNAPSHOT is due at this index; 0 = none */

    struct replica_hold hold;
    struct replica_peer peers[REPLICA_PEERS];
    size_t peers_count;

    bool installing;
    uint64_t install_ticket;
    struct raft_snapshot_metadata install;
    struct replica_assembly assembly;
    struct replica_conf install_conf;
    struct replica_message in; /* being read */
};

/* All guards but those named in `off` are on. */
static inline bool replica_guarded(const struct replica *r, enum replica_guard guard)
{
    return (r->o.off & (unsigned)guard) == 0;
}

/* replica.c: one event into the engine, and what comes of it. 0 or a code of the engine. */
int replica_step(struct replica *r, struct raft_event *event);
void replica_must_step(struct replica *r, struct raft_event *event); /* one that may not fail */
/* What is to be done after a step, until nothing is; at the end of each public function. */
void replica_settle(struct replica *r);
void replica_clock(struct replica *r, uint64_t now_ms);
void replica_fail(struct replica *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool replica_leads(const struct replica *r); /* barrier or not */
int replica_submit_one(struct replica *r, enum replica_type type, const uint8_t *bytes, size_t len);
uint64_t replica_term_at(const struct replica *r, uint64_t index); /* 0 = not known */

/* replica_update.c */
void replica_update(struct replica *r, const struct raft_update *u);
void replica_put(struct replica *r, struct replica_write *w); /* gives it a ticket */
void replica_entries_stored(struct replica *r, uint64_t ticket);
void replica_find_latest(struct replica *r); /* the newest list of members in the log */

/* replica_start.c: once the disk has what G1 wants. */
void replica_start_engine(struct replica *r);

/* replica_peers.c */
const struct replica_peer *replica_peer_find(const struct replica *r, uint64_t id); /* or NULL */
struct replica_peer *replica_peer_known(struct replica *r, uint64_t id);            /* the same */
struct replica_peer *replica_peer_get(struct replica *r, uint64_t id); /* NULL when full */

/* replica_lead.c */
void replica_bound_inflight(struct replica *r, uint64_t id, uint64_t match);
void replica_tell_commit(struct replica *r);

/* replica_snapshot.c */
void replica_flight_begin(struct replica *r, uint64_t to);
void replica_flight_end(struct replica_peer *p);
void replica_flights_look(struct replica *r); /* done, given up, to be repeated */
void replica_flight_acked(struct replica *r, uint64_t from, const struct replica_piece_ack *a);
void replica_piece_received(struct replica *r, uint64_t from, const struct replica_piece *p);
void replica_assembly_clear(struct replica_assembly *a);
uint64_t replica_flights_next_ms(const struct replica *r);
bool replica_compact(struct replica *r); /* true if it stepped the engine */

#endif
