/* A list of jobs on its way out, a piece in each turn of the loop.
 *
 * Which jobs, and where each stands, is what it was at the request; the jobs themselves are as they
 * are when their piece is made. One that is gone by then is left out.
 */
#ifndef PP_API_JOB_LIST_H
#define PP_API_JOB_LIST_H

#include "host/api/request.h"
#include "host/app/queue/jobs.h"

struct job_list;

struct job_list *job_list_new(const struct http *h, const struct jobs_queue *queue, size_t max);

/* At most `max` of them; `position` 0: none. */
void job_list_add(struct job_list *l, const char *id, size_t position);

/* Positions of those added without one that are not archived, by one walk through the queue. */
void job_list_find_positions(struct job_list *l);

/* {"total": …, "jobs": [...]}; takes the list over. */
void job_list_reply(struct job_list *l, struct request *r, size_t total);

#endif
