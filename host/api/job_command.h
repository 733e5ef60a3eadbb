/* Commands to the queue as requests: the job meant, who commands, the answer once it is durable.
 *
 * Happy path: a handler finds the job, fills in what it wants and calls job_command_send(), which
 * waits for the disk and answers with the job as it is then. `X-Command: CLIENT/SEQUENCE` makes a
 * request one that may be sent again: it is applied once and answered alike each time.
 */
#ifndef PP_API_JOB_COMMAND_H
#define PP_API_JOB_COMMAND_H

#include "host/api/job_input.h"
#include "host/api/request.h"
#include "host/app/queue/jobs.h"

#define JOB_CLIENT_MAX 32 /* bytes of the CLIENT in X-Command */

/* The jobs; NULL and an answer of 503 when this host has none. */
struct jobs *job_command_jobs(struct request *r);

/* What names are looked up in. */
struct job_known job_command_known(const struct request *r);

/* Who asks, from the key and X-Command; PP_EINVAL for a header that is none. */
int job_command_init(const struct request *r, struct queue_command *c, struct err *e);

/* True if this very command was answered before. What it is about may be gone since. */
bool job_command_is_repeated(const struct request *r, const struct queue_command *c);

/* The same, and its answer is on the way. */
bool job_command_repeat(struct request *r, const struct queue_command *c, unsigned status);

/* The job named in the path's first star, and its queue; NULL and an answer when there is none. */
const struct queue_job *job_command_find(struct request *r, const struct jobs_queue **queue);

/* Both, for a command about the job in the path: who asks, which job (c->job too). NULL: an answer
 * is given or on the way, as for a command sent again. */
const struct queue_job *job_command_begin(
    struct request *r, struct queue_command *c, const struct jobs_queue **queue, unsigned status);

/* The queue of this name; NULL and `e` with those there are. */
const struct jobs_queue *job_command_queue(
    const struct request *r, const char *name, struct err *e);

/* Behind which job one comes that shall be at `position` (1-based, beyond the end = at the end)
 * once `moved` (NULL = none) is taken out; NULL = it comes first. */
const struct queue_job *job_command_behind(
    const struct queue *q, int64_t position, const struct queue_job *moved);

/* Answers that the queue, or the disk, does not take the command, and says so in the log: who asked
 * for it was written there before. */
void job_command_refused(struct request *r, const struct err *e);

/* Applies and answers with the job and `status`; 204: with nothing. Copies the command. */
void job_command_send(
    struct request *r, const char *queue, const struct queue_command *c, unsigned status);

/* Applies and answers by `answer`, which gets the job as it is then. */
typedef void (*job_command_answer)(
    struct request *r, const struct jobs_queue *queue, const struct queue_job *job);
void job_command_send_for(
    struct request *r, const char *queue, const struct queue_command *c, job_command_answer answer);

/* A new job as `in` says, which stays the caller's; answers by `answer`, NULL: with the job and
 * 201. (api_jobs.c) */
void job_command_submit(struct request *r, struct job_input *in, job_command_answer answer);

#endif
