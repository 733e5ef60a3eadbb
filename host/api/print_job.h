/* "Print this now": a job of one set at the front of the local queue, and managing told to print
 * it. While the printer is busy the job waits there; the question about the bed stays.
 */
#ifndef PP_API_PRINT_JOB_H
#define PP_API_PRINT_JOB_H

#include "host/api/request.h"
#include "host/base/id.h"

#include <stdbool.h>

struct print_wish {
    char file[201];
    int64_t count;
    bool bed_clear; /* a person has looked */
};

struct print_told {
    char file[201];
    char job[ID_SIZE];
    bool queued; /* something else is printed first */
    bool waits;  /* for a person */
};

/* `e` is NULL when it will be printed, else it is not: nothing of it stays in the queue and of
 * `told` only the file is said. */
typedef void (*print_job_cb)(struct request *r, const struct err *e, const struct print_told *told);

/* The request must wait already (request_wait()); `done` must end that with request_wake(). It does
 * not run when the request is gone by then. */
void print_job(struct request *r, const struct print_wish *wish, print_job_cb done);

#endif
