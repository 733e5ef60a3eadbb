/* A print that was cut off: by the death of this program, by a lost port, by a printer that was
 * reset. Part of struct device; device*.c alone use it.
 *
 * Happy path: device_remember() keeps what a successor must know. After a death, or when the port
 * is back, the printer is asked which line it expects (sender_reattach()), then who it is and what
 * its heaters are set to; nothing having changed, the print goes on behind the last line taken.
 *
 * Otherwise (device_offer.c) the heaters go off, the run stays open, and a person is asked whether
 * to go on from the last line acknowledged: heat, home X and Y, go back to where it was.
 *
 * A run whose height is not known any more, or that had not reached the bed, ends as interrupted.
 */
#ifndef PP_APP_DEVICE_RECOVER_H
#define PP_APP_DEVICE_RECOVER_H

#include "host/app/device/device_words.h"
#include "host/app/device/spool.h"
#include "host/base/err.h"
#include "host/io/serial.h"

#include <stdbool.h>
#include <stdint.h>

struct device;

enum recover_phase {
    RECOVER_NONE,
    RECOVER_REOPEN, /* the port is gone, or not yet handed to the sender */
    RECOVER_ADOPT,  /* the printer is asked which line it expects */
    RECOVER_CHECK,  /* and who it is, and what its targets are */
    RECOVER_OFFER,  /* a person must say so */
    RECOVER_HEAT,   /* has said yes: heating */
    RECOVER_MOVE    /* going back to where it was */
};

struct device_recovery {
    enum recover_phase phase;
    struct device_words words; /* the run as it was when it was cut off */
    uint64_t offset;           /* the file goes on here */
    uint64_t lines;            /* acknowledged before */
    bool job_active;           /* its lines had begun */
    bool cancel_asked;         /* meanwhile */
    uint64_t since_ms;         /* cut off since then, monotonic */
    uint64_t checked_ms;       /* when the printer had answered everything */
    char why[160];
    struct spool *spool; /* at `offset`; owned until the print goes on */
    bool spool_ready;
    bool card; /* it prints from its own card by now */
    bool checked;
    uint32_t check_tag; /* of the last question to the printer */
    uint32_t done;      /* 1 << enum device_tag: told meanwhile */

    uint64_t journal_ms; /* when it was last saved */
    uint64_t journal_offset;
    enum printer_state journal_state;
    bool journal_busy;
};

/* At the start, once the sender is open: takes over the run that is open in the store, or ends it
 * as interrupted. */
int device_recover_open(struct device *d, struct err *e);
void device_recover_begin(struct device *d); /* before the port is handed over */

/* Keeps what a successor must know; at every change of it, before it is acted upon. */
void device_remember(struct device *d);

/* The timer: the journal, and patience with a printer that is away. */
void device_recover_tick(struct device *d, uint64_t now_ms);

/* An open port was found. True if it is taken for going on; false: greet as always. */
bool device_recover_attach(struct device *d, const struct serial *opened);

/* The port was lost while a run is open. False: there is nothing to recover. */
bool device_recover_port_gone(struct device *d, const char *why);

/* The run cannot go on by itself: it is offered, or ended. Nothing is done to the link. */
void device_recover_cut(struct device *d, const char *why);

void device_recover_adopted(struct device *d);

/* A tagged line was acknowledged while recovering; true if that is all there is to it. */
bool device_recover_done(struct device *d, uint32_t tag);

/* The run has ended: nothing is left to recover. */
void device_recover_ended(struct device *d);

/* The run is being cancelled while a person's yes is carried out. */
void device_recover_drop(struct device *d);

/* The device is being closed and the heaters are off: what would have gone on by itself is over. */
void device_recover_cooled(struct device *d);

/* The device is being closed: without a run there is nothing to leave to the next. */
void device_recover_close(struct device *d);

/* Being cancelled: true if that is done as soon as the printer is back. */
bool device_recover_cancel(struct device *d, enum run_result result, const char *reason);

bool device_recover_blind(const struct device *d);  /* nothing may be said to the printer yet */
bool device_recover_unsure(const struct device *d); /* whether it is the same printer, as it was */
bool device_recover_keeps(const struct device *d);  /* the tool must stay at its height */
bool device_recover_waits(const struct device *d); /* for the port: state recovering, not offline */

/* Among device_recover.c, device_kept.c, device_go_on.c and device_offer.c. */
void device_recover_load(struct device *d, spool_ready_cb ready);
void device_recover_loaded(void *context, const struct err *e); /* the file, up to `offset` */
void device_recover_unload(struct device *d);
const struct device_words *device_recover_words(struct device *d); /* now, or when it was cut off */
bool device_recover_may_adopt(struct device *d);
void device_recover_give_up(struct device *d, const char *why); /* by itself; greets anew */
void device_recover_journal(struct device *d, uint64_t offset, uint64_t lines,
    const struct device_words *words, store_cb done);

/* device_offer.c */
bool device_offer_open(const struct device *d); /* nothing of the run goes on unasked */
void device_offer(struct device *d);            /* from recovery.words and .offset */
void device_offer_end(struct device *d, const char *reason);
int device_offer_refuse(const struct device *d, struct err *e); /* it must be answered first */
void device_recover_answered(struct device *d, size_t answer);
void device_offer_connected(struct device *d); /* the printer is there, its heaters are off */
void device_offer_done(struct device *d, uint32_t tag);

#endif
