/* XON/XOFF: a printer that tells Cap:SERIAL_XON_XOFF:1 says with a byte when its receive ring fills
 * and when it has room again. Pure.
 *
 * Marlin sends XOFF at an eighth of the ring and XON below a tenth, anywhere, also in the middle of
 * a line it is just writing. Both bytes are taken out of what was received before lines are made of
 * it, from every printer: in text they are garbage. It is done here and not by the terminal driver
 * (IXON), which would hold back an emergency stop.
 *
 * It is a safety net below the window: what may be in flight fits into the ring anyway. So an XON
 * that got lost may be presumed after a while without harm, and silence is noticed as ever.
 */
#ifndef PP_CORE_XONXOFF_H
#define PP_CORE_XONXOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xonxoff {
    bool obey; /* the printer has it */
    bool off;  /* XOFF was the last word */
    uint64_t off_us;
    uint64_t stops;    /* XOFFs obeyed */
    uint64_t presumed; /* XONs that did not come */
};

/* Whether the printer has it; forgets an XOFF when it has not. */
void xonxoff_obey(struct xonxoff *x, bool obey);

/* Takes the two bytes out of what was received, in place; returns what is left of `len`. */
size_t xonxoff_take(struct xonxoff *x, uint64_t now_us, char *bytes, size_t len);

/* True while nothing but what is urgent may be written. */
bool xonxoff_holds(struct xonxoff *x, uint64_t now_us);

/* When to ask again although nothing was received; UINT64_MAX = never. */
uint64_t xonxoff_deadline(const struct xonxoff *x);

#endif
