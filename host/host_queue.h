/* The queue of a host: its parts, opened and closed in the order they need each other.
 *
 * host_queue_open() comes after files and hub, host_queue_close() when nobody asks any more (HTTP
 * and the device are closed) and before files and store.
 */
#ifndef PP_HOST_QUEUE_H
#define PP_HOST_QUEUE_H

#include "host/app/config.h"
#include "host/app/profile.h"
#include "host/app/queue/jobs.h"
#include "host/app/queue/package.h"

struct host_queue {
    struct jobs *jobs;
    struct packages *packages;
    void (*closed)(void *context);
    void *context;
};

struct host_queue_options {
    const char *name; /* of the host */
    const struct config *config;
    const struct profiles *profiles;
    struct store *store;
    struct files *files;
    struct hub *hub;
    const char *data_dir;
};

int host_queue_open(
    struct host_queue *q, uv_loop_t *loop, const struct host_queue_options *o, struct err *e);

/* The configuration was read again. */
void host_queue_configure(struct host_queue *q, const struct config *config);

/* `closed` runs when all of it is closed, at once if nothing was open. */
void host_queue_close(struct host_queue *q, void (*closed)(void *context), void *context);

#endif
