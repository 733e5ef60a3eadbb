/* One line from the printer: what kind it is and the numbers it carries.
 *
 * Replies have no checksum, so known texts are matched with a few wrong characters allowed. A line
 * may be two things at once: an `ok` with temperatures, an `ok` into which a reset banner ran.
 */
#ifndef PP_CORE_REPLY_H
#define PP_CORE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reply_kind {
    REPLY_TEXT,    /* anything else: echo, banner, position, capability */
    REPLY_OK,      /* one command was accepted or done */
    REPLY_WAIT,    /* idle and nothing to do (Repetier, some Marlins) */
    REPLY_RESEND,  /* send again from `n` */
    REPLY_BUSY,    /* alive, still at it */
    REPLY_START,   /* the printer has just started */
    REPLY_RETRY,   /* an error after which a Resend follows */
    REPLY_NO_ACK,  /* an error after which neither Resend nor ok comes by itself */
    REPLY_UNKNOWN, /* a command it does not know; some firmwares then forget the ok */
    REPLY_ERROR,   /* an error that ends nothing by itself (SD card, unknown command, ...) */
    REPLY_ABORT,   /* an error after which the print cannot go on; the printer lives */
    REPLY_HALT,    /* the printer has stopped and waits for a reset */
    REPLY_ACTION   /* "//action:..." ; `text` is what follows */
};

struct reply {
    enum reply_kind kind;
    int oks;          /* how many oks ran into one line ("okok"); 0 = no ok */
    int64_t n;        /* line number of ok or Resend; -1 = none told */
    int planner_free; /* P of ADVANCED_OK; -1 = none told */
    int buffer_free;  /* B of ADVANCED_OK; -1 = none told */
    bool temps;       /* carries a temperature report (host/core/temp.h) */
    bool reset;       /* a reset banner ran into this line */
    bool dead;        /* REPLY_HALT: everything is off, or its power fails: M112 is of no use */
    bool locked;      /* REPLY_ABORT: acknowledges everything and does nothing of it */
    bool waiting;     /* says that a heater is being waited for, or a person */
    const char *text; /* of the line or behind its prefix; borrowed */
};

/* Parses one NUL-terminated line. Never fails: what is not understood is REPLY_TEXT. */
void reply_parse(struct reply *r, const char *line, size_t len);

#endif
