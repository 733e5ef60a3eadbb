/* The printer's own SD card: its files, prints from it, copies to it.
 *
 * A print from the card runs without us: the printer reads its file, we ask where it is and say
 * pause, resume and stop. It is a run like any other; the states are the same. One that was begun
 * at the printer, or is under way when we connect, is taken over as it is; when this program ends,
 * or the cable is pulled, it goes on, heaters and all.
 *
 * What is on the card cannot be checked before it is printed. So beside the question for the bed a
 * person is asked for that too.
 *
 * While a file is copied to the card every line the printer gets goes into that file, also M104 S0
 * and M112. So heaters must be off before, nothing else is sent meanwhile, and an emergency stop
 * ends the writing first. A copy that did not come to its end is deleted, after a crash or a lost
 * cable as soon as the printer is back.
 */
#ifndef PP_APP_DEVICE_SD_H
#define PP_APP_DEVICE_SD_H

#include "host/base/err.h"
#include "host/core/sdcard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

enum sd_presence {
    SD_NO_SLOT, /* the firmware says that it has none, or nothing is known yet */
    SD_NO_CARD,
    SD_READY
};

struct device_sd_status {
    enum sd_presence presence;
    bool reading; /* the list of files is being asked for */
    size_t files;
    bool printing;               /* the run under way is the card's */
    char put_file[201];          /* what is being copied to the card, "" = nothing */
    char put_name[SD_NAME_SIZE]; /* its name there */
    int64_t put_bytes;           /* written so far */
    int64_t put_size;
};

void device_sd_status(const struct device *d, struct device_sd_status *out);

/* The files as last listed, in the printer's order; NULL past the end. Valid until the next event.
 */
const struct sd_entry *device_sd_at(const struct device *d, size_t index);

/* By name or long name, case and a leading '/' aside; NULL if there is none. */
const struct sd_entry *device_sd_find(const struct device *d, const char *name);

/* Asks for the list again (M20); HUB_CARD follows. */
int device_sd_refresh(struct device *d, struct err *e);

/* M21 and M22: makes the printer look at the card again, or let go of it. */
int device_sd_init(struct device *d, struct err *e);
int device_sd_release(struct device *d, struct err *e);

/* M30. PP_ENOTFOUND, PP_EBUSY. */
int device_sd_remove(struct device *d, const char *name, struct err *e);

/* Prints a file of the card. `bed_clear` as for device_print(); `unchecked`: a person says with
 * this very call that a file nobody has checked shall be printed. Without one of them a question is
 * opened and *waits set. */
int device_sd_print(
    struct device *d, const char *name, bool bed_clear, bool unchecked, bool *waits, struct err *e);

/* Copies a stored file to the card, in the background; device_cancel() stops it. `name`: 8.3, ""
 * chooses one; `out` gets it. Refused while printing, while heaters are on, when the name is there
 * already. The copy's size is checked against the list afterwards. */
int device_sd_put(struct device *d, const char *file_name, const char *name, char out[SD_NAME_SIZE],
    struct err *e);

#endif
