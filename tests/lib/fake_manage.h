/* Managing in memory: does what manage.h says as far as the API can see, at once, on the fake
 * device. */
#ifndef PP_TESTS_FAKE_MANAGE_H
#define PP_TESTS_FAKE_MANAGE_H

#include "host/app/queue/manage.h"

struct manage {
    struct device *device; /* borrowed, all three */
    struct jobs *jobs;
    struct hub *hub;
    struct manage_status status;
    struct manage_settings settings;
    struct manage_quarantine quarantine[2];
    size_t quarantined;
    json_t *external;                 /* owned */
    struct err next;                  /* what the next call fails with; code 0 = it succeeds */
    char blocked[QUEUE_TEXT_MAX + 1]; /* a set with this path is blocked, */
    char why[100];                    /* because of this */
    char short_of[100];               /* what the next job lacks, "" = nothing */
    char reported[200];               /* the last failure, in words */
};

void fake_manage_init(struct manage *m, struct device *device, struct jobs *jobs, struct hub *hub);
void fake_manage_fini(struct manage *m);

#endif
