/* One network queue on this host: members who decide, clients who follow. Sans-I/O.
 *
 * Every host of the queue holds the whole applied state. One to five of them are voters (their
 * replica holds the log); all others are clients: they send commands to the leader and follow
 * applied entries from any voter by (epoch, index), with a full dump when too far behind.
 *
 * Epoch: (group id: 128 random bits, number: in its upper half how often the group was begun, from
 * 1, in its lower half random bits, so that two takeovers at once are two epochs). A host that has
 * none and finds nobody for found_ms founds a group (LAN); on a WAN the trusted peers begin with
 * one configuration and a group id derived from it. When two groups of one queue meet, the one with
 * more voters survives, then the higher applied index, then the smaller id; the others carry over
 * (net_machine) and join as clients. A takeover (a person's act) makes the next number of the same
 * group from the most advanced replica; whoever holds an older number carries over and joins.
 *
 * LAN: wanted voters are 1 for up to two hosts, 3 up to six, 5 from seven; the leader promotes the
 * longest-up clients one at a time (as learners first), and retires a voter silent for retire_ms
 * while a quorum is left. WAN: the trusted peers vote, whoever is away. A clean leave hands the
 * vote (and the lead) over first. A member's raft id is 63 bits of BLAKE2b(peer id ‖ incarnation);
 * the incarnation is 0 in a WAN's first configuration, else random, and new whenever the disk holds
 * less than others remember of it (a lost or restored database): each peer remembers the highest
 * (term, index) of each id and tells it when that id says hello. Who decides alone waits for an
 * election's time after each start, to be told.
 *
 * Outbox: a command is repeated until it is seen applied here, refused, or given up; kept ones
 * outlive the process and any network. Who has a command applied twice is the machine's affair (it
 * knows ids of its own).
 *
 * Durability: what the group wants written goes out by `write` in one order; the disk answers with
 * group_written(). A command is acknowledged (machine.apply) once a quorum has it on disk.
 *
 * Failure modes: a disk that is full (group_disk()): it goes on reading, and hands the lead over
 * after 1.5 s; no leader: commands wait; two hosts with one identity: links refuse; foreign bytes:
 * dropped, counted, the peer is dropped after 100 of them.
 */
#ifndef PP_NET_GROUP_H
#define PP_NET_GROUP_H

#include "net/machine.h"
#include "net/replica.h"

#define GROUP_COMMAND_MAX (60 << 10)
#define GROUP_OUTBOX_MAX  4096
#define GROUP_ROW_MAX     (1 << 20)

struct group;

struct group_epoch {
    uint8_t id[16]; /* zeroes: none */
    uint64_t number;
};

/* A row of the outbox. */
struct group_kept {
    uint64_t id;
    const uint8_t *bytes; /* NULL in a write: it is gone */
    size_t len;
};

/* What is kept of a queue besides log, rows and outbox; small, written whole. */
struct group_meta {
    struct group_epoch epoch;
    uint64_t incarnation;
    uint64_t term, vote;
    uint64_t applied_index, applied_term;
    int64_t applied_utc_ms;
    struct replica_conf conf; /* last committed */
    bool member;              /* has a log */
    uint64_t next_id;         /* of commands; grows by leaps, so an id is never used twice */
    const uint8_t *seen;      /* what is remembered of others' positions; opaque */
    size_t seen_len;
};

struct group_state { /* what the disk holds; all borrowed */
    bool exists;
    struct group_meta meta;
    const struct replica_entry *entries;
    size_t entries_count;
    const struct net_row *rows;
    size_t rows_count;
    const struct group_kept *outbox;
    size_t outbox_count;
};

/* One write, all or nothing, in the order given. Borrowed during the call. The order within: wipe,
 * truncate, entries, compact, rows, outbox, meta. */
struct group_write {
    uint64_t ticket; /* ascending, never 0 */
    bool urgent;     /* somebody waits; else it may wait for the next (at most 100 ms) */
    bool wipe;       /* drop log and rows first (not the outbox) */
    uint64_t truncate_from;
    const struct replica_entry *entries;
    size_t entries_count;
    uint64_t compact_to;
    bool replace_rows; /* rows are all there are */
    const struct net_row *rows;
    size_t rows_count;
    const struct group_kept *outbox;
    size_t outbox_count;
    const struct group_meta *meta; /* NULL = as it was */
};

struct group_io {
    void (*write)(void *context, const struct group_write *w);
    /* False: it did not go (no link, full). `bulk` may be overtaken by what is not. */
    bool (*send)(void *context, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len);
    void (*drop)(void *context, const struct peer *peer, const char *why); /* it misbehaves */
    int64_t (*utc_ms)(void *context);
    uint64_t (*random)(void *context);
    void *context;
};

enum group_plant {            /* tests only, beside those of replica */
    GROUP_BUG_ID = 1 << 24,   /* an incarnation is used again after a lost database */
    GROUP_BUG_WIPE = 1 << 25, /* joins another group without carrying over */
};

struct group_options {
    struct peer self;
    bool fixed; /* WAN: `trusted` vote */
    const struct peer *trusted;
    size_t trusted_count;
    uint32_t heartbeat_ms; /* 0 = 500 */
    uint32_t election_ms;  /* 0 = 3000 */
    uint32_t found_ms;     /* 0 = 10 s */
    uint32_t retire_ms;    /* 0 = 60 s */
    uint32_t submit_ms;    /* 0 = 10 s: commands that are not kept are given up after this */
    unsigned plant;
    struct net_machine machine;
    struct group_io io;
};

struct group *group_new(const struct group_options *o);
void group_free(struct group *g);
int group_start(struct group *g, uint64_t now_ms, const struct group_state *state, struct err *e);

/* `now_ms` is monotonic. No call of group may be made from within one of its callbacks. */
void group_peer_up(struct group *g, uint64_t now_ms, const struct peer *p);
void group_peer_down(struct group *g, uint64_t now_ms, const struct peer *p);
void group_receive(
    struct group *g, uint64_t now_ms, const struct peer *from, const uint8_t *bytes, size_t len);
void group_written(struct group *g, uint64_t now_ms, uint64_t ticket);
void group_disk(
    struct group *g, uint64_t now_ms, bool full); /* writes do not get through / again */
void group_tick(struct group *g, uint64_t now_ms);
uint64_t group_next_ms(const struct group *g); /* when group_tick() is due */

/* The id, never 0, by which apply, kept, refused name it; or 0 with *e (too large, too many wait).
 */
uint64_t group_submit(
    struct group *g, uint64_t now_ms, bool keep, const uint8_t *bytes, size_t len, struct err *e);
/* Hands over what this host is for others; group_has_left() soon after, or give up after 5 s. */
void group_leave(struct group *g, uint64_t now_ms);
bool group_has_left(const struct group *g);
/* A person says that the absent will not come back. PP_ESTATE: there is a leader; a reachable host
 * is further (the text names it); this one has nothing. */
int group_takeover(struct group *g, uint64_t now_ms, struct err *e);
/* WAN: the registry names others now. One change at a time follows. */
void group_set_trusted(struct group *g, const struct peer *trusted, size_t n);

enum group_role {
    GROUP_SEARCHING,
    GROUP_CLIENT,
    GROUP_LEARNER,
    GROUP_VOTER,
    GROUP_LEADER
};
struct group_status {
    enum group_role role;
    struct group_epoch epoch;
    bool has_leader;
    struct peer leader;
    bool fresh; /* what is shown is not older than the leader's last word (30 s) */
    uint64_t applied;
    uint64_t commit; /* as far as known */
    size_t voters, voters_linked;
    size_t waiting; /* commands in the outbox */
    bool disk_full;
    char problem[160]; /* "" = none; else for people: "2 of 3 voters are away since …" */
};
void group_status(const struct group *g, struct group_status *out);
bool group_is_voter(const struct group *g, const struct peer *p);
const char *group_role_name(enum group_role r);

#endif
