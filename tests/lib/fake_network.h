/* The host's network in memory: what the API can see of it, at once or when the test says so. */
#ifndef PP_TESTS_FAKE_NETWORK_H
#define PP_TESTS_FAKE_NETWORK_H

#include "host/app/network/network.h"

struct network {
    struct err next;                /* what the next call fails with; code 0 = it succeeds */
    bool joined;                    /* every network queue is */
    struct net_queue_status status; /* of each */
    json_t *peers;                  /* owned, all three */
    json_t *moves;
    json_t *why;
    bool slow;         /* a move ends by fake_network_moved() */
    jobs_cb move_done; /* of the move under way; NULL = none */
    void *move_context;
    char moved[200];  /* the last move: "FROM JOB-NAME-OR-ID TO AFTER ACTOR" */
    char checked[64]; /* the queue whose settings were checked last */
    char taken_over[64];
    char released[200]; /* "QUEUE HOST ACTOR" */
    char asked[600];    /* the last request: "HOST WHO METHOD PATH BODY" */
    const char *answer; /* to it, as another host's bytes */
};

void fake_network_init(struct network *w);
void fake_network_fini(struct network *w);
/* The move under way ends so; code 0 = well. */
void fake_network_moved(struct network *w, int code, const char *text);

#endif
