/* After a start: prints that were under way when the last process ended, and that nobody has
 * counted. The history knows how they ended; what it does not know never began. */
#include "host/app/queue/manage_priv.h"

#include "host/base/log.h"

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

/* Prints that were under way when the last process ended, and that nobody has counted yet. */
int manage_reconcile(struct manage *m, struct err *e)
{
    const struct jobs_queue *queue;
    int rc = 0;
    for (size_t q = 0; rc == 0 && (queue = jobs_queue_at(m->o.jobs, q)) != NULL; q++) {
        const struct queue_job *job = queue_first(queue->queue);
        for (; rc == 0 && job != NULL; job = queue_after(queue->queue, job)) {
            for (size_t i = 0; rc == 0 && i < job->claims_count; i++) {
                const struct queue_claim *claim = &job->claims[i];
                if (strcmp(claim->printer, m->name) == 0) {
                    rc = reconcile_claim(m, queue, job, claim, e);
                }
            }
        }
    }
    return rc;
}
