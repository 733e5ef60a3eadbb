/* Retention: what has been in the archive for too long, or is too much of it, is purged; so are
 * runs too old to be told of, and content that was kept for jobs that are gone. The first sweep is
 * the loop's first turn: by then a print that was cut off has laid its hand on what it needs. */
#include "host/app/queue/jobs_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <string.h>

#define PURGE_MAX 500   /* at once */
#define AGAIN_MS  10000 /* when there is more */

static bool is_due(const struct jobs *j, const struct queue_job *job, int64_t index, int64_t now_ms)
{
    const struct jobs_retention *k = &j->keep;
    return (k->archive_keep_count > 0 && index >= k->archive_keep_count) ||
           (k->archive_keep_ms > 0 && job->archived_ms < now_ms - k->archive_keep_ms);
}

static void on_purged(void *context, const struct queue_result *result)
{
    (void)context;
    if (result->err.code != 0 && result->err.code != PP_ECANCELED) {
        log_warn("an old job is not purged from the archive: %s", result->err.text);
    }
}

static void purge(struct jobs *j, const char *queue, const struct queue_job *job)
{
    struct queue_command c = {.verb = QUEUE_PURGE, .revision = -1};
    memcpy(c.job, job->id, sizeof c.job);
    jobs_do(j, queue, &c, on_purged, NULL);
}

/* How many jobs of the queue's archive are purged. */
static size_t sweep_queue(struct jobs *j, const struct jobs_queue *q, int64_t now_ms)
{
    size_t purged = 0;
    int64_t index = 0;
    const struct queue_job *job = queue_archive_first(q->queue);
    for (; job != NULL && purged < PURGE_MAX; job = queue_archive_after(q->queue, job)) {
        if (is_due(j, job, index++, now_ms)) {
            purge(j, q->name, job);
            purged++;
        }
    }
    return purged;
}

/* Of a network queue its leader's host does it for all. */
static bool may_sweep(const struct jobs *j, const struct slot *slot)
{
    const struct jobs_network *n = &j->network;
    return !slot->network ||
           (slot->queue != NULL && n->leads != NULL && n->leads(n->context, slot->shown.name));
}

void jobs_sweep(uv_timer_t *hourly)
{
    struct jobs *j = hourly->data;
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i < j->slots_count; i++) {
        if (may_sweep(j, j->slots[i]) && sweep_queue(j, &j->slots[i]->shown, now_ms) == PURGE_MAX) {
            uv_timer_start(hourly, jobs_sweep, AGAIN_MS, uv_timer_get_repeat(hourly));
        }
    }
    if (j->keep.history_keep_ms > 0) {
        store_clear_runs(j->store, now_ms - j->keep.history_keep_ms, NULL, NULL);
    }
    files_drop_unused(j->files);
}
