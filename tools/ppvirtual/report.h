/* The report: what the printer has seen and done, as JSON, for tests that judge a host. */
#ifndef PPV_REPORT_H
#define PPV_REPORT_H

#include "tools/ppvirtual/model.h"

#include "host/base/err.h"

/* How late the process was against the model's time. */
struct lateness {
    uint64_t steps;
    uint64_t sum_ns;
    uint64_t max_ns;
};

/* Replaces the file at `path`. */
int report_write(
    const struct model *m, const struct lateness *late, const char *path, struct err *e);

/* The report as text; free() it. For tests. */
char *report_text(const struct model *m, const struct lateness *late);

#endif
