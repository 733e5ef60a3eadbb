/* Prints of other hosts, as the log of a shared queue tells of them, in this host's history.
 *
 * Happy path: a FINISH of another host is noted before it is applied, while the job still has the
 * claim it belongs to, and kept when it was taken.
 *
 * Failure modes: what ended while this host was away for so long that it was given the queue's
 * state instead of its log is missing; so is what the disk did not take. Nothing depends on it: of
 * its own prints a host writes down itself, and nobody else's word changes a run that is there.
 */
#include "host/app/queue/jobs_priv.h"

#include "host/base/log.h"
#include "host/base/str.h"

#include <stdio.h>
#include <string.h>

static bool read_result(const struct queue_command *c, enum run_result *out)
{
    for (int i = RUN_FAILURE; !c->success && i <= RUN_INTERRUPTED; i++) {
        if (strcmp(run_result_name((enum run_result)i), c->print.result) == 0) {
            *out = (enum run_result)i;
            return true;
        }
    }
    *out = RUN_SUCCESS;
    return c->success;
}

static void copy(char *out, size_t size, const char *text)
{
    str_copy(out, size, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static void note_set(struct run *run, const struct queue_job *job, const char *id)
{
    const struct queue_set *set = queue_job_set(job, id);
    if (set == NULL) {
        return;
    }
    copy(run->set_id, sizeof run->set_id, id);
    copy(run->file_name, sizeof run->file_name, set->path);
    copy(run->sha256, sizeof run->sha256, set->sha256);
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        run->filament_um += set->filament_um[i];
    }
}

/* The set is the claim's where there is one: that is what was begun. */
static const char *set_of(const struct queue_job *job, const struct queue_command *c)
{
    for (size_t i = 0; i < job->claims_count; i++) {
        if (strcmp(job->claims[i].run, c->run) == 0) {
            return job->claims[i].set;
        }
    }
    return c->set;
}

void jobs_history_note(const struct slot *slot, const struct queue_command *c, struct run *out)
{
    const struct queue_job *job = queue_find(slot->queue, c->job);
    bool told = c->verb == QUEUE_FINISH && strlen(c->run) == ID_SIZE - 1 && job != NULL;
    if (!told || strcmp(c->origin, slot->self) == 0 || !read_result(c, &out->result)) {
        return;
    }
    copy(out->id, sizeof out->id, c->run);
    note_set(out, job, set_of(job, c));
    snprintf(out->printer, sizeof out->printer, "%.*s", queue_printer_name_len(c->printer, NULL),
        c->printer);
    copy(out->peer, sizeof out->peer, c->origin);
    copy(out->queue, sizeof out->queue, slot->shown.name);
    copy(out->job_id, sizeof out->job_id, job->id);
    copy(out->job_name, sizeof out->job_name, job->name);
    copy(out->reason, sizeof out->reason, c->print.reason);
    copy(out->material, sizeof out->material, c->print.material);
    out->end_ms = c->now_ms;
    out->start_ms = c->now_ms > c->print.took_ms ? c->now_ms - c->print.took_ms : 0;
    out->used_um = c->print.used_um;
}

static void on_kept(void *context, const struct err *e)
{
    if (e != NULL) {
        log_warn("a print of another host is missing in the history: %s", e->text);
    }
    jobs_let_go(context);
}

void jobs_history_keep(struct slot *slot, const struct run *run, const struct queue_result *result)
{
    struct jobs *j = slot->jobs;
    if (run->id[0] == '\0' || result->err.code != 0 || result->repeated || j->closing) {
        return;
    }
    j->open++;
    store_add_run(j->store, run, on_kept, j);
}
