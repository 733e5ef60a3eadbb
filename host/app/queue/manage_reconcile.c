/* After a start: prints that were under way when the last process ended, and that nobody has
 * counted. The history knows how they ended; what it does not know never began. */
#include "host/app/queue/manage_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <string.h>

static int reconcile_claim(struct manage *m, const struct jobs_queue *queue,
    const struct queue_job *job, const struct queue_claim *claim, struct err *e)
{
    struct manage_finish f = {.success = false};
    if (claim->run[0] == '\0') { /* taken and nothing begun: another may have it */
        struct manage_work w = {.job = ""};
        memcpy(w.queue, queue->name, sizeof w.queue);
        memcpy(w.job, job->id, sizeof w.job);
        manage_give_back(m, &w);
        return 0;
    }
    int rc = store_load_run(m->o.store, claim->run, &f.run, e);
    if (rc < 0) {
        return rc;
    }
    if (f.run.id[0] != '\0' && strcmp(f.run.id, m->open_run.id) == 0) {
        return 0; /* it goes on */
    }
    f.success = f.run.id[0] != '\0' && f.run.result == RUN_SUCCESS;
    log_info("a print of job \"%s\" %s", job->name,
        f.success ? "had ended well: it is counted" : "has not ended well: it is not counted");
    memcpy(f.queue, queue->name, sizeof f.queue);
    memcpy(f.job, job->id, sizeof f.job);
    memcpy(f.run.id, claim->run, sizeof f.run.id);
    memcpy(f.run.set_id, claim->set, sizeof f.run.set_id);
    manage_finish(m, &f, true);
    return 0;
}

/* Its end is known to this process, and on its way into the queue. */
static bool is_being_told(const struct manage *m, const char *run)
{
    bool told = strcmp(run, m->run) == 0 || strcmp(run, m->open_run.id) == 0 ||
                (m->driver.counting && strcmp(run, m->ended.id) == 0);
    for (size_t i = 0; i < m->events && !told; i++) {
        told = strcmp(run, m->event[i].run.id) == 0;
    }
    for (size_t i = 0; i < m->late_count && !told; i++) {
        told = strcmp(run, m->late[i].run.id) == 0;
    }
    return told;
}

static bool is_in_hand(const struct manage *m, const char *job)
{
    return (m->driver.claimed && strcmp(job, m->current.job) == 0) ||
           strcmp(job, m->ahead.job) == 0;
}

static int reconcile_queue(struct manage *m, const struct jobs_queue *queue, struct err *e)
{
    int rc = 0;
    const struct queue_job *job = queue_first(queue->queue);
    for (; rc == 0 && job != NULL; job = queue_after(queue->queue, job)) {
        const struct queue_claim *claim = manage_own_claim(m, queue->name, job);
        bool idle = claim != NULL && claim->run[0] == '\0';
        if (claim != NULL && !(idle ? is_in_hand(m, job->id) : is_being_told(m, claim->run))) {
            rc = reconcile_claim(m, queue, job, claim, e);
        }
    }
    return rc;
}

int manage_reconcile(struct manage *m, struct err *e)
{
    const struct jobs_queue *queue;
    int rc = 0;
    for (size_t q = 0; rc == 0 && (queue = jobs_queue_at(m->o.jobs, q)) != NULL; q++) {
        if (!manage_is_network(m, queue->name)) {
            rc = reconcile_queue(m, queue, e);
        }
    }
    return rc;
}

/* ---- network queues ----------------------------------------------------------------------------
 */

static struct manage_joined *joined_of(struct manage *m, const char *queue)
{
    for (size_t i = 0; i < m->joined_count; i++) {
        if (strcmp(m->joined[i].queue, queue) == 0) {
            return &m->joined[i];
        }
    }
    m->joined = mem_resize(m->joined, m->joined_count + 1, sizeof *m->joined);
    struct manage_joined *j = &m->joined[m->joined_count++];
    *j = (struct manage_joined){.joins = 0};
    snprintf(j->queue, sizeof j->queue, "%s", queue);
    return j;
}

void manage_reconcile_joined(struct manage *m)
{
    const struct jobs_queue *queue;
    for (size_t q = 0; (queue = jobs_queue_at(m->o.jobs, q)) != NULL; q++) {
        struct err e;
        if (queue->queue == NULL || !manage_is_network(m, queue->name)) {
            continue;
        }
        struct manage_joined *joined = joined_of(m, queue->name);
        if (joined->joins != queue->joins && reconcile_queue(m, queue, &e) == 0) {
            joined->joins = queue->joins;
        }
    }
}
