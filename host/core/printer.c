#include "host/core/printer.h"

#define LOST SM_TO(PRINTER_OFFLINE) | SM_TO(PRINTER_ERROR)

/* While a print lasts; the run stays open. */
#define CUT_OFF LOST | SM_TO(PRINTER_RECOVERING)

const struct sm_state printer_states[PRINTER_STATES] = {
    [PRINTER_OFFLINE] = {"offline", SM_TO(PRINTER_DETECTING) | SM_TO(PRINTER_CONNECTING) |
                                        SM_TO(PRINTER_ERROR) | SM_TO(PRINTER_RECOVERING)},
    [PRINTER_DETECTING] = {"detecting", LOST | SM_TO(PRINTER_CONNECTING)},
    [PRINTER_CONNECTING] = {"connecting",
        LOST | SM_TO(PRINTER_OPERATIONAL) | SM_TO(PRINTER_PRINTING)}, /* its own, from its card */
    [PRINTER_OPERATIONAL] = {"operational",
        LOST | SM_TO(PRINTER_CONNECTING) | SM_TO(PRINTER_STARTING) | SM_TO(PRINTER_RECOVERING) |
            SM_TO(PRINTER_TRANSFERRING)},
    [PRINTER_STARTING] = {"starting",
        CUT_OFF | SM_TO(PRINTER_PRINTING) | SM_TO(PRINTER_CANCELLING) | SM_TO(PRINTER_OPERATIONAL)},
    [PRINTER_PRINTING] = {"printing", CUT_OFF | SM_TO(PRINTER_PAUSING) | SM_TO(PRINTER_PAUSED) |
                                          SM_TO(PRINTER_CANCELLING) | SM_TO(PRINTER_FINISHING)},
    [PRINTER_PAUSING] = {"pausing",
        CUT_OFF | SM_TO(PRINTER_PAUSED) | SM_TO(PRINTER_CANCELLING) | SM_TO(PRINTER_FINISHING)},
    /* it begins and ends at once where the printer pauses by itself */
    [PRINTER_PAUSED] = {"paused",
        CUT_OFF | SM_TO(PRINTER_RESUMING) | SM_TO(PRINTER_PRINTING) | SM_TO(PRINTER_CANCELLING)},
    [PRINTER_RESUMING] = {"resuming",
        CUT_OFF | SM_TO(PRINTER_PRINTING) | SM_TO(PRINTER_PAUSING) | SM_TO(PRINTER_CANCELLING)},
    [PRINTER_CANCELLING] = {"cancelling", CUT_OFF | SM_TO(PRINTER_OPERATIONAL)},
    [PRINTER_FINISHING] = {"finishing",
        CUT_OFF | SM_TO(PRINTER_OPERATIONAL) | SM_TO(PRINTER_CANCELLING) | SM_TO(PRINTER_PAUSING)},
    [PRINTER_ERROR] = {"error",
        SM_TO(PRINTER_OFFLINE) | SM_TO(PRINTER_DETECTING) | SM_TO(PRINTER_CONNECTING)},
    [PRINTER_RECOVERING] = {"recovering",
        LOST | SM_TO(PRINTER_OPERATIONAL) | SM_TO(PRINTER_STARTING) | SM_TO(PRINTER_PRINTING) |
            SM_TO(PRINTER_PAUSING) | SM_TO(PRINTER_PAUSED) | SM_TO(PRINTER_RESUMING) |
            SM_TO(PRINTER_CANCELLING) | SM_TO(PRINTER_FINISHING)},
    [PRINTER_TRANSFERRING] = {"transferring", LOST | SM_TO(PRINTER_OPERATIONAL)},
};

bool printer_has_job(enum printer_state state)
{
    return (state >= PRINTER_STARTING && state <= PRINTER_FINISHING) || state == PRINTER_RECOVERING;
}

bool printer_is_connected(enum printer_state state)
{
    return state >= PRINTER_OPERATIONAL && state != PRINTER_ERROR;
}

const char *printer_octoprint_text(enum printer_state state)
{
    static const char *const texts[PRINTER_STATES] = {
        [PRINTER_OFFLINE] = "Offline",
        [PRINTER_DETECTING] = "Detecting serial connection",
        [PRINTER_CONNECTING] = "Connecting",
        [PRINTER_OPERATIONAL] = "Operational",
        [PRINTER_STARTING] = "Starting",
        [PRINTER_PRINTING] = "Printing",
        [PRINTER_PAUSING] = "Pausing",
        [PRINTER_PAUSED] = "Paused",
        [PRINTER_RESUMING] = "Resuming",
        [PRINTER_CANCELLING] = "Cancelling",
        [PRINTER_FINISHING] = "Finishing",
        [PRINTER_ERROR] = "Offline after error",
        [PRINTER_RECOVERING] = "Starting",
        [PRINTER_TRANSFERRING] = "Transferring file to printer",
    };
    return texts[state];
}
