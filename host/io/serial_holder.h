/* Who holds a port: for the message of the one that does not get it. */
#ifndef PP_IO_SERIAL_HOLDER_H
#define PP_IO_SERIAL_HOLDER_H

#include <stddef.h>

/* "pphost (pid 123)", or "another program" when the kernel does not tell us. Returns out. */
const char *serial_holder_find(const char *path, char *out, size_t out_size);

#endif
