/* The printer's end of a serial line: a pty of our own with a link to its other end, or a device.
 *
 * Happy path: port_open(), then the fd is read and written without blocking. A host that closes its
 * end and comes back finds the printer as it left it: for a pty we hold the other end open
 * ourselves; a device that hangs up is opened again by port_reopen(). A pty has no rate, but it
 * remembers the one its host has set: with another than ours both sides read rubbish. Failures: the
 * link's place is taken by something that is not a stale link, the device is missing or forbidden.
 */
#ifndef PPV_PORT_H
#define PPV_PORT_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct port {
    int fd;       /* -1 while a device is away */
    int other_fd; /* the pty's host end, held open; -1 for a device */
    unsigned baud;
    const char *link;   /* borrowed; NULL for a device */
    const char *device; /* borrowed; NULL for a pty */
    char name[256];     /* the pty's host end or the device */
    bool unplugged;
    int next_fd; /* of the pty after the next port_plug(); -1: none */
};

int port_open(struct port *p, const char *link, const char *device, unsigned baud, struct err *e);

/* True if the host has set its end of our pty to another rate: nothing that passes is readable. */
bool port_wrong_rate(const struct port *p);

/* What a receiver at the wrong rate makes of these bytes. */
void port_garble(char *bytes, size_t len);

/* After a hang-up: closes, and tries to open again. True if it is open. */
bool port_reopen(struct port *p);

/* The cable is out: the host's end hangs up and the link is gone. A pty that will be the next one
 * is made first, so that it has another number; a device is just closed. */
void port_unplug(struct port *p);

/* And in again, under `link` or, if that is "", the one before; the link must outlive the port. */
int port_plug(struct port *p, const char *link, struct err *e);

/* Closes; removes the link if it is still ours. */
void port_close(struct port *p);

#endif
