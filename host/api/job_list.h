/* A list of jobs on its way out, a piece in each turn of the loop.
 *
 * Which jobs, and where each stands, is what it was at the request; the jobs themselves are as they
 * are when their piece is made. One that is gone by then is left out. The list is a text with jobs
 * in it: parts that each begin with a text and go on with jobs of one queue.
 */
#ifndef PP_API_JOB_LIST_H
#define PP_API_JOB_LIST_H

#include "host/api/request.h"
#include "host/api/view_jobs.h"
#include "host/app/queue/jobs.h"

struct job_list;

/* How one job is shown: view_queue_job() or another of its kind. */
typedef json_t *(*job_list_view)(const struct view_lens *lens, const struct jobs_queue *queue,
    const struct queue_job *job, size_t position);

/* Of at most `max` jobs in all. */
struct job_list *job_list_new(const struct http *h, size_t max, job_list_view view);

/* A part begins: its text, which is copied, then what is added next. `queue` NULL: no job follows.
 */
void job_list_part(struct job_list *l, const char *text, const struct jobs_queue *queue);

/* `position` 0: none. */
void job_list_add(struct job_list *l, const char *id, size_t position);

/* Positions of those added without one that are not archived, by one walk through `queue`, whose
 * jobs all of them are. */
void job_list_find_positions(struct job_list *l, const struct jobs_queue *queue);

/* Answers; takes the list over. */
void job_list_reply(struct job_list *l, struct request *r);

#endif
