/* Between the wire and the line reader: the receive ring, XON/XOFF, unpacking.
 *
 * The ring holds bytes as they came over the wire; packed ones (meatpack.h) are unpacked when they
 * are read from it. With --xonxoff an XOFF goes out when an eighth of the ring is full and an XON
 * when less than a tenth is, as in Marlin; both stand behind what is just being written.
 */
#ifndef PPV_INLET_H
#define PPV_INLET_H

#include "tools/ppvirtual/model.h"

/* After a reset. */
void inlet_boot(struct model *m);

/* A byte has arrived. */
void inlet_put(struct model *m, struct ring_byte b);

/* The next character for the line reader; false: there is none, or the answer to an order to the
 * unpacker is being written first. */
bool inlet_get(struct model *m, struct ring_byte *out);

/* Something can be read that may be the end of a line. */
bool inlet_waits(const struct model *m);

/* Throws away what has arrived. */
void inlet_flush(struct model *m);

#endif
