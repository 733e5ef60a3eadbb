/* Faults of the port itself: pulled out, taken by another program, forbidden, not read, reset when
 * it is opened.
 *
 * Orders come from the model's faults or over the control socket; plug_step() ends what is over.
 * Times are those of the model. Failures: a port that does not come back (its link's place is
 * taken) is tried again every 100 ms.
 */
#ifndef PPV_PLUG_H
#define PPV_PLUG_H

#include "tools/ppvirtual/havoc.h"
#include "tools/ppvirtual/port.h"

struct plug {
    struct port *port;         /* borrowed */
    char link[FAULT_TEXT_MAX]; /* where it comes back; "" = where it was */
    uint64_t back_ns;          /* when the cable is in again; 0: it is in */
    uint64_t free_ns;          /* when each of these ends; 0: it is not so */
    uint64_t allow_ns;
    uint64_t read_ns;
    uint64_t reset_ns;
    int watch_fd; /* tells who opens the port; -1: nobody asks */
};

void plug_init(struct plug *p, struct port *port);
void plug_fini(struct plug *p);

/* Carries an order out. */
void plug_obey(struct plug *p, uint64_t now_ns, const struct havoc_order *o);

/* The cable in again at once. */
void plug_in(struct plug *p, uint64_t now_ns);

/* Ends what is over by now. */
void plug_step(struct plug *p, uint64_t now_ns);
uint64_t plug_next_ns(const struct plug *p);

/* False while nothing is to be taken from the port. */
bool plug_reads(const struct plug *p);

/* True if the port was opened since last asked and that resets the printer. */
bool plug_resets(struct plug *p);

#endif
