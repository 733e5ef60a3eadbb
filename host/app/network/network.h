/* This host among others: joins its network queues, tells peers how its printer does, moves jobs
 * and their files between queues, lets peers operate the printer.
 *
 * Happy path: network_open() once jobs, files and device are there; queues that are enabled are
 * joined, and again whenever jobs says that they changed.
 *
 * Failure modes: what is wrong with one queue stands in its status and in the log, and is tried
 * again every minute; nothing here ever stops a print.
 */
#ifndef PP_APP_NETWORK_NETWORK_H
#define PP_APP_NETWORK_NETWORK_H

#include "host/app/config.h"
#include "host/app/files.h"
#include "host/app/hub.h"
#include "host/app/queue/jobs.h"
#include "host/app/queue/manage.h"

#include <jansson.h>

struct network;
struct device;

struct network_options {
    const char *name; /* of this host */
    const char *data_dir;
    int api_port; /* of the API, where it listens beyond loopback; 0 = it does not */
    const struct config_net *config;
    struct files *files;
    struct jobs *jobs;
    struct device *device;
    struct manage *manage;
    struct hub *hub;
    struct store *store;
    /* A peer's program asks for this route of the API as its person (operating the printer);
     * network_answered() later, once. */
    void (*serve)(void *context, uint64_t id, const char *who, const char *method, const char *path,
        const char *body, size_t body_len);
    void *serve_context;
};

int network_open(
    struct network **out, uv_loop_t *loop, const struct network_options *o, struct err *e);
/* The device, or who manages it, is about to be closed: peers hear no more of it and ask nothing of
 * it any more. For good; network_close() follows. */
void network_rest(struct network *w);
/* `leave`: others take over what this host is for them (a stop, not a restart). */
void network_close(struct network *w, bool leave, void (*closed)(void *context), void *context);
void network_set_profile(struct network *w, const char *profile);

/* Checks the settings of a queue as they would be joined; one line. Nothing changes. */
int network_check_queue(const struct network *w, const struct jobs_queue *q, struct err *e);

/* Status of a network queue; false when it is not joined. */
bool network_status(const struct network *w, const char *queue, struct net_queue_status *out);
int network_takeover(struct network *w, const char *queue, struct err *e);
/* May this host begin a new print of what it has claimed there? Not when it was out of touch for so
 * long that its claim may have been given to another. */
bool network_may_begin(const struct network *w, const char *queue);

/* A person says that this host (its name or peer id) will not print what it has claimed: others
 * may. How many jobs; PP_ENOTFOUND when there is none. */
int network_release(
    struct network *w, const char *queue, const char *host, const char *actor, struct err *e);

/* Who is there: an array of {peer, name, self, linked, voter, leader, trusted, version, address,
 * rtt_ms, silent_ms, profile, state, progress, eta_ms, temperatures, job, api, files} for a queue,
 * or of all queues (NULL), each peer once with its "queues". */
json_t *network_peers(const struct network *w, const char *queue);
/* What the host of this peer id calls itself; false when it is not known. */
bool network_host_name(
    const struct network *w, const char *queue, const char *peer, char name[static 64]);
/* The reasons why none of the peers can print a job, or each of them cannot: {name: text}. */
json_t *network_why(const struct network *w, const char *queue, const struct queue_job *job);

/* Moves a job to another queue: files go first (replicas), then the job, then it is gone where it
 * was. Goes on after a restart. `done` runs when it is there; PP_EINVAL where a set has no profile,
 * PP_EREFUSED where no peer has it. `after` as in a MOVE. */
void network_move(struct network *w, const char *from, const char *job, const char *to,
    const char *after, const char *actor, jobs_cb done, void *context);
/* {"job", "to", "step", "done_bytes", "size_bytes"} of each move under way. */
json_t *network_moves(const struct network *w);

/* Content for a print: from peers if it is not here. `done` runs later, once. */
void network_fetch(struct network *w, const char *queue, const char *sha256, int64_t size_bytes,
    net_fetch_cb done, void *context);
bool network_fetch_progress(const struct network *w, const char *sha256, struct net_progress *out);

/* An API request to another host, by its name or peer id. `done` gets {"status": 200, "type":
 * "application/json", "body": "…"}. PP_ENOTFOUND, PP_EINVAL when two have the name. */
void network_ask(struct network *w, const char *host, const char *who, const char *method,
    const char *path, const char *body, size_t body_len, net_answer_cb done, void *context);
void network_answered(
    struct network *w, uint64_t id, int status, const char *type, const void *body, size_t len);

#endif
