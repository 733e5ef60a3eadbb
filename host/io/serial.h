/* The serial port: one interface over real ports (libserialport) and pseudo-terminals (termios2).
 *
 * Happy path: serial_open() gives a non-blocking fd set to 8N1, raw, no hang-up on close (so that
 * neither our closing nor our death drops DTR and resets the board), locked against a second host.
 * Failures: the device is missing, busy (the text names the process that holds it), forbidden (the
 * text names the group to join), not a serial port; the baud rate is not supported.
 */
#ifndef PP_IO_SERIAL_H
#define PP_IO_SERIAL_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct serial {
    int fd;   /* -1 while closed; the owner polls it */
    bool pty; /* a pseudo-terminal: no modem lines, baud is nominal */
    int baud;
    char path[256]; /* the device node behind any links, e.g. /dev/ttyUSB0 */
    void *port;     /* struct sp_port * of a real port; owned */
};

/* Opens `device` (a path; symbolic links are followed) exclusively at `baud`. */
int serial_open(struct serial *s, const char *device, int baud, struct err *e);

/* Sets another baud rate on an open port; input waiting is dropped. */
int serial_set_baud(struct serial *s, int baud, struct err *e);

/* Throws away output not yet on the wire (before an emergency stop). */
void serial_drop_output(struct serial *s);

/* Bytes written that have not left this machine; 0 where the driver does not tell. */
size_t serial_unsent(const struct serial *s);

/* Unlocks and closes; fine on a closed port. */
void serial_close(struct serial *s);

#endif
