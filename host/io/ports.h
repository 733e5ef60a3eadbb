/* The serial ports of this machine, with USB ids and names that survive a replug. */
#ifndef PP_IO_PORTS_H
#define PP_IO_PORTS_H

#include "host/base/err.h"

#include <stddef.h>

struct port {
    char device[128];  /* /dev/ttyUSB0 */
    char by_id[256];   /* /dev/serial/by-id/..., "" if none */
    char by_path[256]; /* /dev/serial/by-path/..., "" if none */
    int usb_vid;       /* -1 if not USB */
    int usb_pid;
    char serial[64]; /* USB serial number, "" if none */
    char vendor[64]; /* USB manufacturer and product strings, "" if none */
    char product[64];
    char guess[64]; /* what probably hangs on it, e.g. "Prusa (USB)", "" if unknown */
};

/* Lists the ports into a fresh array (free() it); *count of them. */
int ports_list(struct port **out, size_t *count, struct err *e);

/* The name by which a device is found again: by-id when it has a USB serial number, else by-path,
 * else the path given (ptys). CH340 and PL2303 have no serial number, so that their by-id names
 * collide. */
void ports_stable_name(const char *device, char *out, size_t out_size);

/* The short name of the printer on `device`: the serial part of by-id, else by-path's basename,
 * else the basename of the path as given ("/tmp/ppv" -> "ppv"). Only [A-Za-z0-9._-] are kept. */
void ports_default_name(const char *device, char *out, size_t out_size);

#endif
