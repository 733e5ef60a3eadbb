/* The HTTP dialect of OctoPrint's plug-in Continuous Print, /plugin/continuousprint: its fields and
 * shapes over our queue.
 *
 * Parameters come as form fields, as a form field `json`, or as the body itself; cpq_input() makes
 * one object of them. Differences on purpose: ids are our UUIDs, as text; every mistake is answered
 * with our error document; profiles are our profiles' ids (their names are understood).
 */
#ifndef PP_API_CPQ_H
#define PP_API_CPQ_H

#include "host/api/job_command.h"
#include "host/api/request.h"
#include "host/api/view_jobs.h"

/* ---- cpq.c: what is asked */

/* Puts what the field `json` holds in the place of the fields; numbers and truth values that came
 * as texts become what they are. `json` may hold a list, which is then the input. */
int cpq_input(struct request *r, struct err *e);

/* A field that holds JSON as text becomes that JSON. */
int cpq_unwrap(json_t *object, const char *name, struct err *e);

/* Removes members that the dialect has and nothing here depends on. NULL-terminated. */
void cpq_drop(json_t *object, const char *const *names);

/* The queue called by the field `name`, else the local one; NULL and `e`. */
const struct jobs_queue *cpq_queue(
    const struct request *r, json_t *input, const char *name, struct err *e);

/* The job that the field `name` gives the id of, in this queue and not archived; NULL and `e`. */
const struct queue_job *cpq_job(
    const struct jobs_queue *queue, json_t *input, const char *name, struct err *e);

/* The list in the field `job_ids`, 1 to JOBS_ALL_MAX; a single text counts as one. NULL and `e`. */
json_t *cpq_ids(json_t *input, struct err *e);

/* One set as the dialect has it becomes one as job_input_set.h reads it: an id stays if it is one
 * of `job` (may be NULL). */
int cpq_set_input(
    json_t *set, const struct queue_job *job, const struct profiles *profiles, struct err *e);

/* ---- cpq_state.c: what is shown */

json_t *cpq_set_view(const struct queue_set *set, size_t rank);
json_t *cpq_job_view(const struct view_lens *lens, const struct jobs_queue *queue,
    const struct queue_job *job, size_t position);

/* Answers with this job; fits job_command_send_for(). */
void cpq_reply_job(struct request *r, const struct jobs_queue *queue, const struct queue_job *job);
void cpq_reply_state(struct request *r);
void cpq_reply_ok(struct request *r);

const char *cpq_strategy(enum queue_strategy s); /* "IN_ORDER", … */

#endif
