/* What ports are called and what may hang on them: the rules without the machine. Used by ports.c.
 */
#ifndef PP_IO_PORT_NAMES_H
#define PP_IO_PORT_NAMES_H

#include <stddef.h>

/* What probably hangs on a USB port; "" if unknown. */
const char *port_guess(int vid, int pid);

/* The name that survives a replug: by_id if the serial number is unique, else by_path, else by_id,
 * else the device itself ("" = there is none). */
const char *port_stable_name(
    const char *device, const char *serial, const char *by_id, const char *by_path);

/* The short name: the serial number if unique, else by_path's basename, else the device's. */
void port_short_name(
    const char *device, const char *serial, const char *by_path, char *out, size_t out_size);

#endif
