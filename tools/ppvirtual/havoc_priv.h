/* Shared by havoc*.c alone.
 *
 * havoc.c       lines read, commands, a dead printer, its banner
 * havoc_time.c  what comes and ends by time: states, power, answers kept back
 * havoc_do.c    the faults of a moment, one function each
 * havoc_wire.c  bytes and answers
 */
#ifndef PPV_HAVOC_PRIV_H
#define PPV_HAVOC_PRIV_H

#include "tools/ppvirtual/model.h"

static inline uint64_t fault_ns(const struct fault *f, enum fault_arg arg)
{
    return (uint64_t)(f->arg[arg] * 1e6);
}

static inline bool state_on(const struct model *m, const struct havoc_state *s)
{
    return s->until_ns > m->now_ns;
}

/* havoc.c: brings about whatever fires at this moment. */
void havoc_do_all(struct model *m, const struct fault_event *e);

/* havoc_do.c: brings a fault of SEAM_MOMENT about. */
void havoc_do(struct model *m, struct fault *f);

/* havoc_wire.c: keeps an answer back until `due`. */
void havoc_hold(struct model *m, const char *text, size_t len, uint64_t due_ns);
void havoc_release(struct model *m);

#endif
