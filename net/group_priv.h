/* Inside group. Included by net/group*.c only. */
#ifndef PP_NET_GROUP_PRIV_H
#define PP_NET_GROUP_PRIV_H

#include "net/group.h"
#include "net/group_wire.h"
#include "net/members.h"

#define GROUP_FIRST     (1ULL << 32) /* number of a group's first epoch: count ‖ 32 random bits */
#define GROUP_BAD_MAX   100          /* messages that cannot be right, until the peer is dropped */
#define GROUP_SEEN_MAX  256
#define GROUP_PEERS_MAX 4096
#define GROUP_WORD_MS   10000 /* between words that all is well */
#define GROUP_FRESH_MS  30000
#define GROUP_NEVER     UINT64_MAX

/* ---- parts --------------------------------------------------------------------------------------
 */

/* A row of a write or a dump; key and bytes in one block. */
struct group_row {
    char *key; /* owned */
    const uint8_t *bytes;
    size_t len;
};
struct group_rows {
    struct group_row *at; /* owned */
    size_t count, cap;
    size_t bytes;
};

/* All rows as of one index, for those who are too far behind; shared by those it is sent to. */
struct group_dumped {
    unsigned users;
    struct group_dump head;
    struct strbuf rows;
    size_t *ends; /* owned: where the pieces end */
    size_t pieces;
};

/* Somebody who follows from outside. */
struct group_follower {
    bool active;
    uint32_t serial;
    uint64_t next;             /* the entry to be sent next */
    struct group_dumped *dump; /* NULL once it has all of it */
    size_t piece;
    uint64_t sent, taken; /* messages */
    uint64_t sent_ms;
    struct peer leader_told;
    bool has_leader_told;
};

/* A peer there is a link to. */
struct group_peer {
    struct peer peer;
    char text[PEER_TEXT_SIZE];
    bool has_hello;
    bool ready; /* has told what it remembers of us; only then the engine talks to it */
    bool hello_due, ask_due;
    struct group_hello hello;
    uint64_t id; /* its raft id */
    uint64_t up_ms, asked_ms;
    uint64_t avoid_until_ms; /* as one to follow */
    unsigned bad;
    struct group_follower follower;
};

/* A command that is not known to be applied. */
struct group_item {
    uint64_t id;
    bool keep;
    bool quiet;      /* carried over: nobody waits to hear that it is kept */
    uint64_t ticket; /* of the write that must be durable before it goes out */
    uint64_t since_ms;
    size_t len;
    uint8_t bytes[];
};

/* A command on its way into the log, at the leader. */
struct group_taken {
    struct peer origin;
    uint64_t id;
    size_t len;
    uint8_t *bytes; /* owned */
};

/* What of a host has gone into the log under this leader. */
struct group_origin {
    struct peer peer;
    uint64_t id;    /* the highest */
    uint64_t index; /* where */
};

/* What a write is for, once it is durable. */
struct group_awaited {
    uint64_t ticket;
    unsigned life; /* of the replica */
    uint64_t replica_ticket;
    uint64_t applied;
    bool has_mark;
    struct group_mark mark;
    uint64_t kept_from, kept_to; /* ids */
    bool boot;
};

struct group_seen {
    uint64_t id;
    struct group_mark mark;
    uint64_t stamp; /* order of use */
};

/* A server of the configuration, as far as we hear of it. */
struct group_seat {
    uint64_t id;
    struct peer peer;
    bool known; /* its address is a peer's */
    uint64_t heard_ms;
    bool connected; /* the replica has been told so */
};

/* A trusted peer that has shown in this life that it knows of no past of ours. */
struct group_witness {
    struct peer peer;
    bool blank; /* has itself none */
    bool clear; /* does not remember us */
    bool remembers;
};

/* The voter we follow. */
struct group_following {
    bool active;
    struct peer peer;
    struct group_epoch epoch;
    uint32_t serial;
    uint64_t since_ms, heard_ms;
    uint64_t progress_ms; /* when something new came last */
    uint64_t taken, told;
    bool has_leader;
    struct peer leader;
    uint64_t leader_ms; /* when it was said so last */
    uint64_t commit;
    bool dumping;
    uint32_t piece;
    struct group_dump head;
    struct group_rows rows;
};

/* A replica that begins when its first write is durable, or a little after the start. */
struct group_boot {
    bool on;
    uint64_t ticket;
    uint64_t at_ms;                /* 0: when its write is durable */
    struct replica_entry *entries; /* owned, with their bytes */
    size_t count;
};

struct group {
    struct group_options o;
    struct peer *trusted; /* owned */
    size_t trusted_count;
    uint64_t now_ms, started_ms;
    bool started;

    struct group_meta meta; /* seen: in `memory` */
    uint64_t id;            /* raft id of meta.incarnation */
    char text[PEER_TEXT_SIZE];
    uint64_t next_id, life_from;
    uint64_t safe_id;     /* below: set aside on the disk */
    uint64_t leap_ticket; /* the write that sets aside the others */
    struct strbuf seen_bytes;

    struct replica *replica;
    unsigned life; /* counts replicas, so that what is meant for a former one is known */
    struct group_boot boot;
    bool installing; /* a snapshot is written, the machine does not have it yet */
    bool spoilt;     /* the replica has got a snapshot that cannot be read */
    bool was_leader, was_elected;
    int64_t stamp_ms; /* the last time given to an entry */

    struct group_peer **peers; /* owned, by key */
    size_t peers_count, peers_cap;
    struct group_seat seats[REPLICA_SERVERS_MAX];
    size_t seats_count;
    struct group_witness witnesses[64];
    size_t witnesses_count;
    struct group_seen seen[GROUP_SEEN_MAX];
    size_t seen_count;
    uint64_t seen_stamp;
    bool seen_dirty;
    uint64_t seen_ms;

    struct group_epoch joining;
    uint64_t quiet_since_ms; /* nobody of any group has been seen since */
    uint64_t leaderless_ms;  /* since when; 0 = there is a leader */
    uint64_t leader_moves;   /* counts */
    bool has_leader;
    struct peer leader;
    struct group_following following;
    uint32_t serial;
    struct group_dumped *dumped; /* the newest, or NULL */
    bool applied_more;
    bool news; /* a peer came, went or told something */

    struct group_item **items; /* owned, by id */
    size_t items_first, items_count, items_cap;
    size_t items_sent; /* of those, from the first on */
    uint64_t items_sent_ms;
    bool path_known;
    struct peer path;
    uint64_t path_moves;
    struct group_taken *taken; /* owned */
    size_t taken_first, taken_count, taken_cap;
    bool taken_fresh; /* since the last tick: more may come before it is due */
    size_t taken_bytes;
    struct group_origin *origins; /* owned, by key */
    size_t origins_count, origins_cap;

    struct group_rows rows;      /* not yet written */
    struct group_kept *kept_out; /* owned array; bytes lead into items */
    size_t kept_out_count, kept_out_cap;
    bool kept_urgent;
    bool meta_dirty;
    uint64_t ticket, written;
    struct group_mark position; /* in writes given so far */
    uint64_t last_term;         /* of the last entry in those */
    uint64_t last_index;
    struct group_mark durable;
    struct group_awaited *awaited; /* owned */
    size_t awaited_first, awaited_count, awaited_cap;

    struct group_hello told; /* the last hello that went out */
    uint64_t told_ms;
    bool leaving;
    bool full;
    uint64_t full_ms, transfer_ms;
    uint64_t lead_ms;   /* when members are looked at next */
    uint64_t second_ms; /* when slow things are */
    bool status_dirty;
    char failed[120];
};

/* ---- group.c: peers and steps -------------------------------------------------------------------
 */

struct group_peer *group_peer_find(const struct group *g, const struct peer *p); /* or NULL */
void group_peer_remove(struct group *g, const struct peer *p);
bool group_send(struct group *g, const struct peer *to, bool bulk, struct strbuf *b); /* frees b */
void group_step(struct group *g, uint64_t now_ms); /* what has changed is acted upon */
uint64_t group_raft_id(const struct peer *p, uint64_t incarnation);
bool group_is_trusted(const struct group *g, const struct peer *p);
enum group_role group_role_now(const struct group *g);
const struct replica_server *group_server_of(const struct replica_conf *conf, const char *text);
const struct group_seat *group_seat_of(const struct group *g, uint64_t id); /* or NULL */
size_t group_voters(const struct replica_conf *conf);

/* ---- group_write.c: one stream of writes --------------------------------------------------------
 */

void group_rows_add(struct group_rows *rows, const struct net_row *row);
void group_rows_clear(struct group_rows *rows);
/* A row the machine reported. */
void group_write_row(void *context, const struct net_row *row);
/* An item of the outbox is to be kept, or (bytes NULL) is gone. */
void group_write_item(struct group *g, uint64_t id, const uint8_t *bytes, size_t len);
/* Sends `w` with all rows, outbox changes and meta that wait; fills in its ticket and returns it.
 * `what` (may be NULL) is done when it is durable. */
uint64_t group_write_now(struct group *g, struct group_write *w, const struct group_awaited *what);
void group_write_flush(struct group *g); /* whatever waits */
void group_write_done(struct group *g, uint64_t ticket);

/* ---- group_member.c, group_engine.c: our part of the consensus
 * --------------------------------------------------
 */

int group_member_begin(struct group *g, const struct replica_state *state, struct err *e);
/* The same after a restart. Who decides alone waits for an election's time first: where its disk is
 * an old backup, others who have voted since then say so. */
int group_member_resume(struct group *g, const struct replica_state *state, struct err *e);
void group_member_boot(struct group *g); /* its write is durable, or its time has come */
void group_member_end(struct group *g);  /* the replica goes */
/* The replica of `entries` (which become the boot's) begins when `w` is durable. */
void group_boot_when_written(
    struct group *g, struct group_write *w, struct replica_entry *entries, size_t count);
void group_copy_entry(struct replica_entry *to, const struct replica_entry *from);
struct replica_io group_engine_io(struct group *g); /* group_engine.c */
/* Applies the entry behind the last; false when it is not that one. */
bool group_apply(
    struct group *g, const struct replica_entry *entry, const struct replica_conf *conf);
/* Before the state is carried over: what the log holds beyond it, committed or not, goes into the
 * machine alone. A log is durable before its rows are, and was acknowledged by then. */
void group_apply_rest(struct group *g);
void group_found(struct group *g, const struct group_epoch *epoch, const struct replica_conf *conf);
/* No member any more (or never): the log goes, the rows stay, the id is new. */
void group_become_client(struct group *g);
void group_member_settle(struct group *g);
void group_member_receive(struct group *g, struct group_peer *p, struct wire_in in);
void group_member_removed(struct group *g, struct group_peer *p, struct wire_in in);
uint64_t group_new_incarnation(struct group *g);

/* ---- group_seen.c: what is remembered -----------------------------------------------------------
 */

void group_seen_load(struct group *g);
void group_seen_note(struct group *g, uint64_t id, const struct group_mark *mark);
struct group_mark group_seen_of(const struct group *g, uint64_t id);
void group_seen_recall(struct group *g, struct group_peer *p, struct wire_in in);
void group_seen_hello(struct group *g, struct group_peer *p);
/* WAN: enough others say that we have no past under our first id. */
bool group_seen_may_begin(const struct group *g, bool *blank);

/* ---- group_follow.c, group_serve.c: clients -----------------------------------------------------
 */

void group_follow_tick(struct group *g);
void group_follow_stop(struct group *g);
void group_follow_down(struct group *g, const struct peer *p);
void group_follow_entries(struct group *g, struct group_peer *p, struct wire_in in);
void group_follow_dump(struct group *g, struct group_peer *p, struct wire_in in);
void group_follow_refused(struct group *g, struct group_peer *p, struct wire_in in);

void group_serve_receive(struct group *g, struct group_peer *p, struct wire_in in);
void group_serve_followed(struct group *g, struct group_peer *p, struct wire_in in);
void group_serve_pump(struct group *g);
void group_serve_end(struct group *g, struct group_peer *p);
void group_serve_end_all(struct group *g);

/* ---- group_outbox.c, group_take.c: commands -----------------------------------------------------
 */

struct group_item *group_outbox_find(const struct group *g, uint64_t id);
void group_outbox_load(struct group *g, const struct group_kept *at, size_t n);
void group_outbox_begin(struct group *g); /* sets ids aside with the next write */
void group_outbox_carry(struct group *g);
void group_outbox_applied(struct group *g, uint64_t id);
void group_outbox_kept(struct group *g, uint64_t from, uint64_t to);
void group_outbox_pump(struct group *g);
void group_outbox_tick(struct group *g);
void group_outbox_free(struct group *g);
void group_outbox_again(struct group *g); /* everything is sent anew */

/* False: not now, or one of this host that belongs before it has not come. */
bool group_take(struct group *g, const struct group_submitted *m);
void group_take_receive(struct group *g, struct group_peer *p, struct wire_in in);
void group_take_pump(struct group *g);
void group_take_clear(struct group *g);

/* ---- group_meet.c, group_hello.c: which group
 * --------------------------------------------------------------
 */

void group_meet_tick(struct group *g);
/* Hosts of that group are about to change to ours. */
bool group_meet_crosses(const struct group *g, const struct group_epoch *epoch);
void group_hello_now(const struct group *g, struct group_hello *h);
void group_hello_receive(struct group *g, struct group_peer *p, struct wire_in in);
void group_hello_pump(struct group *g);
void group_leader_settle(struct group *g);

/* ---- group_lead.c: what a leader does about members ---------------------------------------------
 */

void group_lead_tick(struct group *g);
bool group_lead_nobody_else(const struct group *g);

#endif
