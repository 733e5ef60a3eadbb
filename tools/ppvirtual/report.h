/* The report: what the printer has seen and done, as JSON, for tests that judge a host. */
#ifndef PPV_REPORT_H
#define PPV_REPORT_H

#include "tools/ppvirtual/model.h"

#include "host/base/err.h"

/* Replaces the file at `path`. */
int report_write(const struct model *m, const char *path, struct err *e);

/* The report as text; free() it. For tests. */
char *report_text(const struct model *m);

#endif
