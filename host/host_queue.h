/* The queue of a host: its parts, opened and closed in the order they need each other.
 *
 * host_queue_open() comes after files and hub, host_queue_start() after the device. Down again:
 * host_queue_stop() when nobody asks any more (HTTP is closed) and before the device is closed,
 * host_queue_close() after that and before files and store.
 */
#ifndef PP_HOST_QUEUE_H
#define PP_HOST_QUEUE_H

#include "host/app/config.h"
#include "host/app/profile.h"
#include "host/app/queue/jobs.h"
#include "host/app/queue/manage.h"
#include "host/app/queue/package.h"

struct host_queue_options {
    const char *name;      /* of the host */
    struct config *config; /* lives as long as the queue */
    const struct profiles *profiles;
    const char *const *dirs; /* of scripts and materials, as of profiles; used by the call alone */
    struct store *store;
    struct files *files;
    struct hub *hub;
    const char *data_dir;
};

struct host_queue {
    struct host_queue_options o;
    uv_loop_t *loop;
    struct jobs *jobs;
    struct packages *packages;
    struct scripts *scripts;
    struct spools *spools;
    struct manage *manage;
    void (*closed)(void *context);
    void *context;
};

int host_queue_open(
    struct host_queue *q, uv_loop_t *loop, const struct host_queue_options *o, struct err *e);

/* Managing, on this printer; `profile` NULL = unknown. */
int host_queue_start(
    struct host_queue *q, struct device *device, const struct profile *profile, struct err *e);

/* The configuration was read again, or files of scripts; `profile` NULL = the one before holds. */
void host_queue_configure(
    struct host_queue *q, struct config *config, const struct profile *profile);

/* Managing ends, a print does not; `stopped` runs then, at once if it was never started. */
void host_queue_stop(struct host_queue *q, void (*stopped)(void *context), void *context);

/* `closed` runs when all of it is closed, at once if nothing was open. */
void host_queue_close(struct host_queue *q, void (*closed)(void *context), void *context);

#endif
