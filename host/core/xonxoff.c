#include "host/core/xonxoff.h"

#define XON     0x11
#define XOFF    0x13
#define HOLD_US UINT64_C(5000000) /* less than any silence after which the printer is asked */

void xonxoff_obey(struct xonxoff *x, bool obey)
{
    x->obey = obey;
    x->off = x->off && obey;
}

size_t xonxoff_take(struct xonxoff *x, uint64_t now_us, char *bytes, size_t len)
{
    size_t left = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != XON && bytes[i] != XOFF) {
            bytes[left++] = bytes[i];
            continue;
        }
        bool off = bytes[i] == XOFF && x->obey;
        if (off) {
            x->off_us = now_us;
            x->stops += !x->off;
        }
        x->off = off;
    }
    return left;
}

bool xonxoff_holds(struct xonxoff *x, uint64_t now_us)
{
    if (x->off && now_us - x->off_us >= HOLD_US) {
        x->off = false;
        x->presumed++;
    }
    return x->off;
}

uint64_t xonxoff_deadline(const struct xonxoff *x)
{
    return x->off ? x->off_us + HOLD_US : UINT64_MAX;
}
