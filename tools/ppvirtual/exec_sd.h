/* What the firmware does with its SD card beside the commands: feeds the queue, ends, aborts,
 * writes. */
#ifndef PPV_EXEC_SD_H
#define PPV_EXEC_SD_H

#include "tools/ppvirtual/model.h"

/* Puts the next line of the file being printed into the queue; true if there was something to do.
 */
bool exec_sd_feed(struct model *m);

/* Between two commands: carries out an abort, tells the end of a file; true if it did. */
bool exec_sd_turn(struct model *m);

/* While a file is written: takes the raw line (the card's or M29); false if none is written. */
bool exec_sd_save(struct model *m, const char *text);

/* M29 and "M29 " anywhere in the line, but not M290. */
bool exec_sd_is_m29(const char *text);

/* "SD printing byte 1/2" or "Not SD printing". */
void exec_sd_status(struct model *m);

/* The card goes into the slot or out of it. */
void exec_sd_insert(struct model *m, bool in);

/* What a reset or a kill leaves of it: nothing open. */
void exec_sd_boot(struct model *m);

/* 0 or 1 for a capability that the card decides, -1 for others. */
int exec_sd_cap(const struct model *m, const char *cap);

#endif
