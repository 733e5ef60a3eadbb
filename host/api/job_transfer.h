/* Jobs that go to another queue, as requests: the answer is the job once it is there. A long one
 * (files to be fetched) is answered after TRANSFER_PATIENCE_MS with 202 and how far it is; it goes
 * on.
 */
#ifndef PP_API_JOB_TRANSFER_H
#define PP_API_JOB_TRANSFER_H

#include "host/api/request.h"
#include "host/app/queue/jobs.h"

/* `position`: 1-based in the other queue, 0 = at its end. */
void job_transfer(struct request *r, const struct jobs_queue *from, const struct queue_job *job,
    const char *to, int64_t position);

#endif
