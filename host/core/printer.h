/* The states of one printer, as everybody names them, and which may follow which. */
#ifndef PP_CORE_PRINTER_H
#define PP_CORE_PRINTER_H

#include "host/base/sm.h"

#include <stdbool.h>

enum printer_state {
    PRINTER_OFFLINE,     /* no port open */
    PRINTER_DETECTING,   /* trying baud rates */
    PRINTER_CONNECTING,  /* hello sent, capabilities asked */
    PRINTER_OPERATIONAL, /* idle, ready to print */
    PRINTER_STARTING,    /* a print was accepted, nothing of it sent yet */
    PRINTER_PRINTING,
    PRINTER_PAUSING, /* lines in flight finish, pause script runs */
    PRINTER_PAUSED,
    PRINTER_RESUMING,   /* position is being restored */
    PRINTER_CANCELLING, /* lines in flight finish, cancel script runs */
    PRINTER_FINISHING,  /* every line sent, the last moves run */
    PRINTER_ERROR,      /* stopped for a reason that a person must see */
    PRINTER_RECOVERING,
    PRINTER_TRANSFERRING, /* a file is being written to the printer's card */
    PRINTER_STATES
};

extern const struct sm_state printer_states[PRINTER_STATES];

/* True while lines of a print may be sent or the printer holds a print (starting .. finishing). */
bool printer_has_job(enum printer_state state);

/* True when a port is open and the printer has answered. */
bool printer_is_connected(enum printer_state state);

/* OctoPrint's words for a state, e.g. "Operational", "Offline after error". */
const char *printer_octoprint_text(enum printer_state state);

#endif
