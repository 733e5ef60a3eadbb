/* One member's part of the consensus of one queue: the raft engine (cowsql/raft 0.22.1) by
 * raft_step(), and the guards around it. The only file that calls the engine.
 *
 * Sans-I/O: an event goes in (replica_start, _receive, _written, _tick, _submit, …), what has to be
 * done comes out through `struct replica_io`, in order: writes first, then messages that do not
 * depend on them; messages that do are held until replica_written(). No callback may call back in.
 *
 * A member is a voter, or a learner (raft's STANDBY) on its way to become one; everybody else
 * follows from outside (net/group). The log holds opaque entries; index 1 is a configuration.
 *
 * Guards, each of which a test shows to be needed (enum replica_guard). Contract of the engine at
 * the head of replica.c.
 *
 * Failure modes: an entry that contradicts what is committed (replica_failed(): the queue stops and
 * says so); a disk that does not take a write: the write is simply not answered, the group's leader
 * moves on; messages that cannot be right are dropped and counted.
 */
#ifndef PP_NET_REPLICA_H
#define PP_NET_REPLICA_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replica;

#define REPLICA_ENTRY_MAX   (64 << 10)  /* bytes of a command */
#define REPLICA_BATCH_MAX   (256 << 10) /* bytes of the entries of one message */
#define REPLICA_SERVERS_MAX 16

enum replica_role {
    REPLICA_NONE,
    REPLICA_LEARNER,
    REPLICA_VOTER
};

struct replica_server {
    uint64_t id; /* never 0 */
    enum replica_role role;
    char address[56]; /* whatever the host wants to know it by: the peer's text */
};
struct replica_conf {
    struct replica_server at[REPLICA_SERVERS_MAX];
    size_t count;
    uint64_t index; /* at which it was committed or appended; 0 = none */
};

enum replica_type {
    REPLICA_COMMAND = 1,
    REPLICA_BARRIER,
    REPLICA_CHANGE
};
struct replica_entry {
    uint64_t index;
    uint64_t term;
    enum replica_type type;
    const uint8_t *bytes;
    size_t len;
};

/* What the disk holds of a member. */
struct replica_state {
    uint64_t term;
    uint64_t vote;          /* 0 = none */
    uint64_t applied_index; /* the rows are those after this entry */
    uint64_t applied_term;
    struct replica_conf conf;            /* the last committed at applied_index */
    const struct replica_entry *entries; /* consecutive; may begin before applied_index */
    size_t entries_count;
};

/* One write; everything in it or nothing, in the order of tickets. Borrowed during the call. */
struct replica_write {
    uint64_t ticket; /* ascending; 0 = nobody waits for it */
    bool has_vote;
    uint64_t term, vote;
    uint64_t truncate_from; /* first drop entries >= this; 0 = none */
    const struct replica_entry *entries;
    size_t entries_count;
    uint64_t compact_to; /* drop entries <= this; 0 = none */
    bool install;        /* drop the whole log; the rows of `snapshot` replace all */
    uint64_t install_index, install_term;
    struct replica_conf install_conf;
    const uint8_t *snapshot;
    size_t snapshot_len;
};

struct replica_io {
    void (*write)(void *context, const struct replica_write *w);
    void (*send)(void *context, uint64_t to, bool bulk, const uint8_t *bytes, size_t len);
    /* Committed: apply it, in order, each once. A CHANGE comes as its encoded bytes (for followers
     * outside) with `conf`. */
    void (*apply)(
        void *context, const struct replica_entry *entry, const struct replica_conf *conf);
    /* A snapshot of what is applied now, freed by replica with free(). */
    void (*dump)(void *context, uint8_t **bytes, size_t *len);
    /* A snapshot has been installed (and written): the applied state is this now. */
    void (*restore)(void *context, const uint8_t *bytes, size_t len, uint64_t index, uint64_t term,
        const struct replica_conf *conf);
    /* Role, leader or term have changed. */
    void (*changed)(void *context);
    void *context;
};

enum replica_guard {
    REPLICA_G1 = 1 << 0,        /* sole voter: a new term at start */
    REPLICA_G2 = 1 << 1,        /* only the leader may be left as the only voter */
    REPLICA_G3 = 1 << 2,        /* a CHANGE is always first in its AppendEntries */
    REPLICA_G4 = 1 << 3,        /* a CHANGE leaves only once durable here */
    REPLICA_G5 = 1 << 4,        /* only who has caught up is promoted */
    REPLICA_G6 = 1 << 5,        /* learners vote */
    REPLICA_G7 = 1 << 6,        /* compaction keeps what peers still need */
    REPLICA_G8 = 1 << 7,        /* one snapshot per peer on its way */
    REPLICA_G9 = 1 << 8,        /* barrier before the first change of a term */
    REPLICA_G10 = 1 << 9,       /* messages are looked at before they are stepped */
    REPLICA_G11 = 1 << 10,      /* who is refused a pre-vote for its old term learns the new one */
    REPLICA_BUG_ACK = 1 << 16,  /* planted: answers before the disk has it */
    REPLICA_BUG_VOTE = 1 << 17, /* planted: votes twice in a term after a restart */
};

struct replica_options {
    uint64_t id;
    uint32_t heartbeat_ms; /* 500 */
    uint32_t election_ms;  /* 3000; drawn from 1 to 2 times this */
    uint32_t trailing;     /* entries kept for peers that are behind; > 256. 0 = 2048 */
    uint32_t seed;
    unsigned off; /* tests only: guards left out, bugs planted */
    struct replica_io io;
};

/* -PP_EINVAL unless the library is exactly 0.22.1. */
int replica_check_version(struct err *e);

struct replica *replica_new(const struct replica_options *o);
void replica_free(struct replica *r);

/* From what the disk held. `now_ms` is monotonic, in all calls. PP_ECORRUPT. */
int replica_start(
    struct replica *r, uint64_t now_ms, const struct replica_state *state, struct err *e);
/* The state to be written for a group that begins: term 1, entry 1 = these servers. The entry's
 * bytes are the caller's to free. */
void replica_bootstrap(const struct replica_conf *conf, struct replica_entry *first);
/* A takeover: term + 1 and a configuration of `self` alone behind what `state` holds. */
void replica_recover(const struct replica_state *state, uint64_t self, const char *address,
    uint64_t *term, struct replica_entry *change);
/* The configuration an entry of type CHANGE holds; PP_EPROTO. */
int replica_conf_decode(const uint8_t *bytes, size_t len, struct replica_conf *out);

void replica_receive(
    struct replica *r, uint64_t now_ms, uint64_t from, const uint8_t *bytes, size_t len);
void replica_written(struct replica *r, uint64_t now_ms, uint64_t ticket);
/* `index`: the rows up to there are durable, so that the log before may go (as G7 allows). */
void replica_rows_written(struct replica *r, uint64_t now_ms, uint64_t index);
void replica_tick(struct replica *r, uint64_t now_ms);
uint64_t replica_next_ms(const struct replica *r); /* when replica_tick() is due, monotonic */
void replica_connected(struct replica *r, uint64_t now_ms, uint64_t id, bool up);

/* Commands, in one batch. 0: accepted (they may still be lost when leadership is); -PP_ESTATE: not
 * the leader, or handing over, or its barrier is not through; -PP_ELIMIT: too much is on its way.
 */
int replica_submit(
    struct replica *r, uint64_t now_ms, const struct replica_entry *commands, size_t n);
/* One server to one role (NONE: out). PP_EBUSY while another change is under way; PP_EREFUSED where
 * a guard forbids it (not caught up, would leave another than us as only voter). */
int replica_change(
    struct replica *r, uint64_t now_ms, const struct replica_server *server, struct err *e);
int replica_transfer(struct replica *r, uint64_t now_ms, uint64_t id); /* 0 = whoever is best */

bool replica_is_leader(const struct replica *r);  /* and its barrier is through */
uint64_t replica_leader(const struct replica *r); /* 0 = none known */
uint64_t replica_term(const struct replica *r);
uint64_t replica_last_index(const struct replica *r);
uint64_t replica_applied(const struct replica *r);
enum replica_role replica_role_of(const struct replica *r, uint64_t id); /* latest configuration */
void replica_conf(const struct replica *r, struct replica_conf *out);    /* latest */
bool replica_changing(const struct replica *r); /* a change is not committed yet */
/* How far a server is, as the leader knows; 0 = unknown. */
uint64_t replica_match(const struct replica *r, uint64_t id);
/* Entries still in memory, for followers outside (what is not applied yet is there too): NULL when
 * it is gone. Borrowed. */
const struct replica_entry *replica_entry(const struct replica *r, uint64_t index);
const char *replica_failed(const struct replica *r); /* NULL while all is well */
/* Two leaders in one term, a snapshot that is too large: for people. NULL while there is none. */
const char *replica_warning(const struct replica *r);
uint64_t replica_dropped(const struct replica *r); /* messages that could not be right */

#endif
