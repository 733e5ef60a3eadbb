/* Replicas on virtual time: a network that delays, loses, reorders and is cut; disks that are slow
 * and forget at a crash what they had not written; a machine that is a hash of what was applied.
 * Everything follows from the seed.
 *
 * Watched all the time: nobody applies another entry at an index than the first who applied one
 * there; a snapshot is the state of its index; no term has two leaders. rnet_problem() tells the
 * first thing that was wrong. */
#ifndef PP_TESTS_REPLICA_NET_H
#define PP_TESTS_REPLICA_NET_H

#include "net/replica.h"

#define RNET_NODES 8
#define RNET_STUCK UINT32_MAX

struct rnet_options {
    uint64_t seed;
    size_t nodes;
    size_t voters; /* the first so many begin as voters; the rest has nothing */
    uint32_t heartbeat_ms, election_ms;
    uint32_t trailing;
    uint32_t delay_min_ms, delay_max_ms; /* of a message */
    uint32_t bulk_ms;                    /* more for each bulk one */
    uint32_t loss_permille;
    bool reorder;
    uint32_t disk_min_ms, disk_max_ms;
    uint32_t padding;     /* bytes of a dump beside the state */
    uint32_t command_max; /* bytes of a command beside its number */
    unsigned off;         /* of replica_options */
};

struct rnet;

struct rnet *rnet_new(const struct rnet_options *o);
void rnet_free(struct rnet *n);

uint64_t rnet_now(const struct rnet *n);
uint32_t rnet_random(struct rnet *n, uint32_t below);
void rnet_run(struct rnet *n, uint64_t ms);
/* Runs until `done` or `ms` have passed; whether it was. */
bool rnet_until(struct rnet *n, uint64_t ms, bool (*done)(struct rnet *n, void *c), void *c);

struct replica *rnet_replica(struct rnet *n, size_t node); /* NULL while it is down */
uint64_t rnet_id(const struct rnet *n, size_t node);
uint64_t rnet_hash(const struct rnet *n, size_t node); /* of what it has applied */
unsigned rnet_dumps(const struct rnet *n, size_t node);
unsigned rnet_restores(const struct rnet *n, size_t node);
size_t rnet_bulk_max(const struct rnet *n); /* largest message so far */
uint64_t rnet_sent(const struct rnet *n);   /* bytes */
size_t rnet_nodes(const struct rnet *n);

void rnet_crash(struct rnet *n, size_t node);
void rnet_restart(struct rnet *n, size_t node);
void rnet_lose_disk(struct rnet *n, size_t node); /* while down; it comes back under a new id */
void rnet_disk(struct rnet *n, size_t node, uint32_t min_ms, uint32_t max_ms); /* or RNET_STUCK */
void rnet_link(struct rnet *n, size_t a, size_t b, bool up);
/* Only nodes with the same letter reach each other: "aab". */
void rnet_split(struct rnet *n, const char *sides);
void rnet_heal(struct rnet *n);
void rnet_loss(struct rnet *n, uint32_t permille);

/* The node that leads, with its barrier through, in the highest term; -1 = none. */
int rnet_leader(const struct rnet *n);
int rnet_wait_leader(struct rnet *n, uint64_t ms);
/* A command with a number of its own; replica_submit()'s answer. */
int rnet_submit(struct rnet *n, size_t node);
int rnet_change(struct rnet *n, size_t leader, size_t node, enum replica_role role, struct err *e);
void rnet_deliver(struct rnet *n, size_t from, size_t to, const uint8_t *bytes, size_t len);
/* True while the message shall be lost. */
void rnet_filter(struct rnet *n,
    bool (*lose)(void *c, size_t from, size_t to, const uint8_t *bytes, size_t len), void *c);

uint64_t rnet_acked(const struct rnet *n);       /* commands acknowledged */
uint64_t rnet_acked_index(const struct rnet *n); /* the highest */
uint64_t rnet_committed(const struct rnet *n);   /* highest index applied anywhere */
const char *rnet_problem(const struct rnet *n);  /* "" = all was well so far */
void rnet_tell(struct rnet *n);                  /* where everybody is, on stderr */
/* All that are up, and members, have applied the same, and all that was acknowledged. */
bool rnet_equal(struct rnet *n);

#endif
