/* The control socket: lines in, answers out, a few clients at a time.
 *
 * control_open() listens on a unix socket that only its owner may use; control_read() takes what a
 * descriptor of it has, hands whole lines to `obey` and writes the answers. Failures: a path that
 * is taken or too long; a client that goes away, sends too long a line or does not read is closed.
 */
#ifndef PPV_CONTROL_H
#define PPV_CONTROL_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <poll.h>
#include <stddef.h>

#define CONTROL_CLIENTS  4
#define CONTROL_LINE_MAX 512

struct control_client {
    int fd; /* -1: free */
    char line[CONTROL_LINE_MAX];
    size_t len;
};

struct control {
    int fd;           /* -1: there is none */
    const char *path; /* borrowed */
    struct control_client clients[CONTROL_CLIENTS];
};

typedef void (*control_obey)(void *context, const char *line, struct strbuf *answer);

/* `path` NULL: no socket. */
int control_open(struct control *c, const char *path, struct err *e);
void control_close(struct control *c);

/* Fills in what is to be polled; returns how many, at most CONTROL_CLIENTS + 1. */
size_t control_poll(const struct control *c, struct pollfd *fds);

/* Does what poll() has found in these. */
void control_read(
    struct control *c, const struct pollfd *fds, size_t count, control_obey obey, void *context);

#endif
