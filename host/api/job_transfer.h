/* Jobs that go to another queue, as requests: the answer is the job once it is there. A long one
 * (files to be fetched) is answered after TRANSFER_PATIENCE_MS with 202 and how far it is; it goes
 * on.
 */
#ifndef PP_API_JOB_TRANSFER_H
#define PP_API_JOB_TRANSFER_H

#include "host/api/request.h"
#include "host/app/queue/jobs.h"

struct job_transfer_wish {
    const char *to;
    int64_t position; /* 1-based there, 0 = at its end */
    bool added;       /* this request has made the job: a refusal takes it away again */
};
void job_transfer(struct request *r, const struct jobs_queue *from, const struct queue_job *job,
    const struct job_transfer_wish *wish);

/* Could a job be put into that queue from here at all? PP_EOFFLINE, PP_ESTATE. */
int job_transfer_check(const struct request *r, const struct jobs_queue *to, struct err *e);

#endif
