/* What can be told to a running printer: one line each, without descriptors.
 *
 * A spec of a fault (`at=` may be left away: now), or a word; order_help has them all. Happy path:
 * order_line() does what concerns the model alone and names what the program has to do. The answer
 * ends with a line "ok" or "error: why".
 */
#ifndef PPV_ORDER_H
#define PPV_ORDER_H

#include "tools/ppvirtual/model.h"

enum order_kind {
    DO_NOTHING, /* done already */
    DO_RESET,
    DO_UNPLUG,
    DO_REPLUG,
    DO_POWER_OFF,
    DO_POWER_ON,
    DO_REPORT, /* written to --report too */
};

struct order {
    enum order_kind kind;
    uint64_t for_ns; /* DO_UNPLUG: NEVER_NS = until replug */
};

extern const char order_help[];

/* Obeys one line (no line end in it); appends the answer. */
struct order order_line(struct model *m, const char *line, struct strbuf *answer);

#endif
