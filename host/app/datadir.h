/* The data directory of one host: database, blobs/, keys/ and a lock, so that two never share it.
 *
 * Happy path: datadir_open() makes what is missing and takes the lock, datadir_close() lets it go.
 * The lock is the kernel's (flock), so a host that was killed leaves none behind. Failures: the
 * directory cannot be made or written, or another host has it; the text names the pid.
 */
#ifndef PP_APP_DATADIR_H
#define PP_APP_DATADIR_H

#include "host/base/err.h"

#define DATADIR_MAX 512 /* the longest path with its NUL */

struct datadir {
    char path[DATADIR_MAX];
    int lock_fd;
};

/* Opens `given`, or when it is empty or NULL the default for a printer called `name`:
 * $XDG_STATE_HOME/pphost/NAME, else ~/.local/state/pphost/NAME. */
int datadir_open(struct datadir *d, const char *given, const char *name, struct err *e);
void datadir_close(struct datadir *d);

#endif
