/* The running host: it owns the loop and every module, in the order in which they stand on each
 * other, and takes them down in the opposite order.
 *
 * Happy path: host_run() reads the configuration, opens the port, takes the data directory, serves
 * until SIGTERM or SIGINT, ends a print in an orderly way and returns 0. Failures before it serves
 * are one line and leave nothing behind.
 */
#ifndef PP_HOST_H
#define PP_HOST_H

#include "host/base/err.h"

#include <stdbool.h>

struct host_arguments {
    const char *device;       /* path */
    const char *name;         /* NULL = from the configuration or the port */
    const char *profile;      /* NULL = from the configuration */
    const char *listen;       /* NULL = from the configuration */
    const char *config;       /* NULL = the default files alone */
    const char *data_dir;     /* NULL = default */
    const char *profiles_dir; /* NULL = none besides ours and the configured one */
    bool no_network;          /* no queues shared with other hosts */
    int baud;                 /* -1 = from the configuration or the profile, 0 = detect */
};

/* Serves until asked to stop. *restart: the caller shall start the program anew. */
int host_run(const struct host_arguments *arguments, bool *restart, struct err *e);

#endif
