/* The network of a host: opened when all else is, closed before its queue.
 *
 * Other hosts' requests become requests of our own API, with the local key, so that every rule of
 * it holds for them too.
 */
#ifndef PP_HOST_NETWORK_H
#define PP_HOST_NETWORK_H

#include "host/app/config.h"
#include "host/app/network/network.h"
#include "host/host_queue.h"

struct host_network_options {
    const char *name;
    const char *data_dir;
    const char *url;    /* of the API, as this machine reaches it */
    const char *listen; /* where it listens, as configured; a loopback address is nobody else's */
    int port;
    const char *key; /* of this machine */
    const char *profile;
    const struct config *config;
    struct host_queue *queue;
    struct device *device;
    struct files *files;
    struct hub *hub;
    struct store *store;
};

struct host_network {
    uv_loop_t *loop;
    struct network *network; /* NULL: there is none */
    char url[128];
    char key[128];
    size_t serving;          /* requests in the pool */
    struct serving *waiting; /* to be put there; owned */
    size_t waiting_count;
    bool closing;
    void (*closed)(void *context);
    void *context;
};

/* Without a network (`net: enabled: no`, --no-network) it does nothing and is fine. */
int host_network_open(
    struct host_network *n, uv_loop_t *loop, const struct host_network_options *o, struct err *e);

/* The queues of the configuration become those of the host. */
void host_network_configure(
    struct host_network *n, struct jobs *jobs, const struct config *config, const char *profile);

/* Before the device, or who manages it, is closed. */
void host_network_rest(struct host_network *n);

/* `leave`: others take over what this host is for them. `closed` runs once, maybe at once. */
void host_network_close(
    struct host_network *n, bool leave, void (*closed)(void *context), void *context);

#endif
