/* Fills the SD card from a folder, once, at the start. */
#ifndef PPV_MEDIUM_H
#define PPV_MEDIUM_H

#include "tools/ppvirtual/sdcard.h"

#include "host/base/err.h"

/* Copies every file of `dir` whose extension begins with 'g', by name. Failures: no such folder, a
 * file that cannot be read, more than the card holds. */
int medium_load(struct card *c, const char *dir, struct err *e);

#endif
