/* The emergency stop's direct way: a datagram to the thread that talks to the printer.
 *
 * It works when the host's main loop hangs. It never blocks. Failures: no such socket (the host is
 * elsewhere or gone), a socket of somebody else, its queue is full.
 */
#ifndef PP_PPCTL_ESTOP_H
#define PP_PPCTL_ESTOP_H

#include "host/base/err.h"
#include "tools/ppctl/hosts.h"

#define ESTOP_HTTP_MS 1500L

/* Hands "M112" to `NAME.estop` in the host's runtime folder. */
int estop_send(const struct host *h, struct err *e);

#endif
