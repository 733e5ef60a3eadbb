/* Who votes in a queue, and what the leader changes about it next. Pure.
 *
 * On a LAN 1 host of up to two votes, 3 of up to six, 5 from seven on: those that have been there
 * longest. Who leaves, whose disk has lost its state (its id is another now) and who has been
 * silent for long loses its vote while a quorum is left. A new voter is a learner first and is
 * promoted when it has caught up; from an odd number of voters on only two together are made,
 * because two voters are worse than one. On a WAN the trusted peers vote, whoever is away.
 *
 * Happy path: the leader fills in a view every second and does the one thing members_next() says.
 */
#ifndef PP_NET_MEMBERS_H
#define PP_NET_MEMBERS_H

#include "net/identity.h"
#include "net/replica.h"

/* A host of the queue as the leader sees it; of each server of the latest configuration and of each
 * host linked in this epoch one. */
struct members_host {
    struct peer peer;
    uint64_t id;            /* of the configuration; of a client: the one it would have */
    enum replica_role role; /* in the latest configuration */
    bool self;
    bool linked;
    bool gone; /* this id is no longer that peer's */
    bool leaving;
    bool full; /* its disk */
    bool trusted;
    bool caught_up;
    uint64_t silent_ms;
    uint64_t up_ms;
};

struct members_view {
    const struct members_host *at;
    size_t count;
    bool fixed;
    uint64_t retire_ms;
};

enum members_act {
    MEMBERS_STAY,
    MEMBERS_ADD,      /* a client becomes a learner */
    MEMBERS_PROMOTE,  /* a learner, voter */
    MEMBERS_DEMOTE,   /* a voter, learner */
    MEMBERS_REMOVE,   /* a learner is out */
    MEMBERS_TRANSFER, /* the lead goes to that voter */
};

struct members_step {
    enum members_act act;
    const struct members_host *host; /* NULL with STAY */
};

/* How many of `hosts` vote on a LAN. */
size_t members_wanted(size_t hosts);
/* Whether more than half of the voters are there, us included. */
bool members_quorum(const struct members_view *v);
/* What is to be done next, one thing at a time. */
struct members_step members_next(const struct members_view *v);
/* A leader that leaves: nothing is left to be handed over to anybody. */
bool members_nobody_else(const struct members_view *v);

#endif
