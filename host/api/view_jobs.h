/* The queue as JSON: jobs with their sets, their state and what blocks them; queues; managing.
 *
 * What is the same for all jobs of one list (who prints here, which job is next) is looked up once
 * by view_lens_open(); a job then costs its own sets and nothing else.
 */
#ifndef PP_API_VIEW_JOBS_H
#define PP_API_VIEW_JOBS_H

#include "host/app/queue/jobs.h"
#include "host/app/queue/manage.h"
#include "host/app/queue/spools.h"

#include <jansson.h>

struct http;

struct view_lens {
    const struct jobs_queue *queue; /* of the job that is shown */
    const struct http *http;
    const char *profile; /* of this printer, "" = none */
    struct manage_next next;
};

void view_lens_open(struct view_lens *lens, const struct http *h);

/* The profiles a set may be printed with; what it wants in each tool up to the last, null for any.
 */
json_t *view_profiles(const struct queue_set *set);
json_t *view_materials(const struct queue_set *set);

/* `position` is 1-based; 0: in the archive. */
json_t *view_queue_job(const struct view_lens *lens, const struct jobs_queue *queue,
    const struct queue_job *job, size_t position);

/* The same for one job, wherever it is; its position is looked up. */
json_t *view_one_job(
    const struct http *h, const struct jobs_queue *queue, const struct queue_job *job);

/* What a job wants, without what has become of it: for templates. */
json_t *view_plain_job(const struct queue_job *job);

/* 1-based; 0 when it is archived. */
size_t view_position(const struct jobs_queue *queue, const struct queue_job *job);

json_t *view_queue(const struct http *h, const struct jobs_queue *queue);

/* {"queues": [{"name", "jobs", "archived"}]}: what costs nothing to tell at every change. */
json_t *view_queue_counts(const struct http *h);

/* With what is in quarantine, or without. Null when nothing is managed here. */
json_t *view_manage(const struct http *h, bool quarantine);

/* {"spools": [...], "tools": [...]} */
json_t *view_spools(const struct spools *spools);

#endif
