/* The listening socket: "ADDRESS:PORT" to a file descriptor. */
#ifndef PP_API_LISTEN_H
#define PP_API_LISTEN_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define LISTEN_TRIES 51 /* the port asked for and 50 after it */

struct listen_socket {
    int fd;
    int port;
    char host[128]; /* as given, without brackets */
    char url[160];  /* how this machine reaches it */
    bool loopback;  /* only this machine can reach it */
};

/* Binds and listens; PP_EINVAL for a malformed text, else the system's reason. `next_free`: a port
 * in use is no failure, the next one is tried. */
int listen_open(struct listen_socket *out, const char *address, bool next_free, struct err *e);

#endif
