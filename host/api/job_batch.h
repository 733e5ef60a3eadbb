/* One command for several jobs, all or nothing, answered once all of it is durable. */
#ifndef PP_API_JOB_BATCH_H
#define PP_API_JOB_BATCH_H

#include "host/api/request.h"
#include "host/app/queue/jobs.h"

struct job_batch {
    struct request *request;
    struct queue_command *commands; /* owned */
    size_t count;
    size_t max;
    enum queue_verb verb;
    struct queue_job *spec; /* owned; of all of them, where it is an edit */
    char queue[QUEUE_NAME_MAX + 1];
    void (*answer)(const struct job_batch *b);
};

/* For at most `max` jobs (JOBS_ALL_MAX); `draft` is what an edit sets. */
struct job_batch *job_batch_new(struct request *r, size_t max, enum queue_verb verb, bool draft);

/* The job called `text` (jobs_find()). All must be in one queue. */
int job_batch_add(struct job_batch *b, const char *text, struct err *e);

/* Applies and answers with `answer`; takes the batch over. */
void job_batch_send(struct job_batch *b, void (*answer)(const struct job_batch *b));

void job_batch_free(struct job_batch *b);

#endif
