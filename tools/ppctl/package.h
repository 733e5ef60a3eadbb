/* Jobs as .gjob files: Continuous Print's packages. */
#ifndef PP_PPCTL_PACKAGE_H
#define PP_PPCTL_PACKAGE_H

#include "tools/ppctl/ppctl.h"

/* Sends a package, which becomes a job of `queue` (NULL: local), and shows it; an exit status. */
int package_import(struct ppctl *c, const char *path, const char *queue);

#endif
