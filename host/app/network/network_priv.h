/* Inside network. Included by host/app/network/network*.c only. */
#ifndef PP_APP_NETWORK_NETWORK_PRIV_H
#define PP_APP_NETWORK_NETWORK_PRIV_H

#include "host/app/network/content.h"
#include "host/app/network/network.h"

#define NETWORK_QUEUES_MAX 32

/* A network queue as it was joined. */
struct joined {
    char name[QUEUE_NAME_MAX + 1];
    struct jobs_shared shared; /* what it was joined with */
    char printer[QUEUE_WORD_MAX + 1];
    bool leaving;
    int64_t joined_ms;     /* monotonic */
    int64_t connected_ms;  /* monotonic: last in touch with a leader; 0 = not since it was joined */
    bool may_begin;        /* as told to managing last */
    int64_t lead_ms;       /* since when we lead; 0 = we do not */
    struct absent *absent; /* owned: claim holders that were never heard of; network_lease.c */
    size_t absent_count;
};

struct move; /* network_move_priv.h */

struct network {
    uv_loop_t *loop;
    struct network_options o;
    char name[64];
    char profile[64];
    struct net *net;
    struct content *content;
    struct hub_listener *listener;
    uv_timer_t second;
    uv_idle_t sync;
    struct joined *queues[NETWORK_QUEUES_MAX];
    size_t queues_count;
    struct move *moves;
    struct fetching *fetches; /* owned; network.c */
    char *important;          /* owned: of the presence told last */
    int64_t told_ms;
    int64_t leased_ms;
    int64_t retry_ms; /* of queues that could not be joined */
    bool resting;     /* device and manage are going: nothing is told of them, nothing asked */
    bool closing;
    int64_t leave_by_ms; /* 0 = not leaving */
    unsigned open;       /* handles */
    void (*closed)(void *context);
    void *closed_context;
};

void network_sync(struct network *w);
void network_let_go(struct network *w);
struct joined *network_joined(const struct network *w, const char *queue);
void network_note(struct network *w, const char *queue, bool warning, const char *text);

/* ---- network_presence.c ---- */
void network_tell(struct network *w); /* what has changed, once a second */
/* False with *e when no host of the queue could print a set of the job. */
bool network_somebody_fits(
    const struct network *w, const char *queue, const struct queue_job *job, struct err *e);

/* ---- network_lease.c ---- */
void network_lease_tick(struct network *w);
void network_lease_free(struct joined *q);
/* Others may print it: a print of it that is said to run is given up, then the claim. */
void network_give_back(struct network *w, const char *queue, const struct queue_job *job,
    const struct queue_claim *claim, const char *actor);
/* "NAME@PEER": the peer's part; NULL when it has none. */
const char *network_claim_peer(const char *printer);

/* ---- network_move.c ---- */
int network_moves_load(struct network *w, struct err *e);
void network_moves_tick(struct network *w);
/* A job that is in this queue and in the local one (an old backup of either) is held here. */
void network_hold_doubles(struct network *w, const char *queue);
/* Is the content of a job that is on its way? */
bool network_moves_need(void *context, const char *sha256);
void network_moves_close(struct network *w); /* they go on at the next start */

/* ---- network_ask.c ---- */
void network_request(void *context, const char *queue, const struct peer *from, bool trusted,
    uint64_t id, const uint8_t *bytes, size_t len);

/* ---- network_get.c ---- */
void network_get(void *context, uint64_t id, const char *url, const char *accept, size_t limit);

#endif
