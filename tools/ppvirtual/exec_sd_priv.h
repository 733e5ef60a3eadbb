/* Shared by exec_sd*.c alone. */
#ifndef PPV_EXEC_SD_PRIV_H
#define PPV_EXEC_SD_PRIV_H

#include "tools/ppvirtual/exec_sd.h"

/* How a firmware lists its files. */
enum list_form {
    LIST_SIZE,  /* NAME.GCO 1234 */
    LIST_NAME,  /* NAME.GCO */
    LIST_LOWER, /* name.gco 1234 */
};

/* What differs between firmwares. */
struct card_form {
    const char *firmware;
    enum list_form list;
    bool long_names;  /* M20 L, M33 */
    bool quoted;      /* the long name in quotes */
    bool stamps;      /* M20 T */
    bool tells;       /* "echo:No media" without a card; //action:sd_... */
    bool aborts;      /* M524 */
    const char *none; /* M21 without a card */
};

/* The row of this firmware. */
const struct card_form *exec_sd_form(const struct model *m);

/* The print of the file selected is over, however it went. */
void exec_sd_end(struct model *m);

#endif
