/* What is not printed for now: files that failed too often, and jobs that are passed over. */
#include "host/app/queue/manage_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/store_quarantine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_MIN 4 /* characters that tell a hash */

/* ---- quarantine --------------------------------------------------------------------------------
 */

static void copy_row(struct manage_quarantine *out, const struct quarantine_row *row)
{
    *out = (struct manage_quarantine){.since_ms = row->since_ms};
    memcpy(out->sha256, row->sha256, sizeof out->sha256);
    memcpy(out->path, row->path, sizeof out->path);
    memcpy(out->reason, row->reason, sizeof out->reason);
}

int manage_load_quarantine(struct manage *m, struct err *e)
{
    struct quarantine_row *rows;
    size_t n;
    int rc = store_load_quarantine(m->o.store, &rows, &n, e);
    m->quarantine = n > 0 ? mem_array(n, sizeof *m->quarantine) : NULL;
    for (size_t i = 0; i < n; i++) {
        copy_row(&m->quarantine[m->quarantine_count++], &rows[i]);
    }
    free(rows);
    return rc;
}

static void on_stored(void *context, const struct err *e)
{
    if (e != NULL) {
        log_error("the quarantine could not be written: %s", e->text);
    }
    manage_let_go(context);
}

/* Holds at once; what the disk does not take is forgotten with this process. */
void manage_do_quarantine(struct manage *m)
{
    const struct manage_work *w = &m->current;
    struct quarantine_row row = {.since_ms = clock_wall_ms()};
    if (w->sha256[0] == '\0' || manage_quarantined(m, w->sha256) != NULL) {
        return;
    }
    memcpy(row.sha256, w->sha256, sizeof row.sha256);
    memcpy(row.path, w->path, sizeof row.path);
    snprintf(row.reason, sizeof row.reason, "%.199s", m->error[0] != '\0' ? m->error : "failed");
    m->quarantine = mem_resize(m->quarantine, m->quarantine_count + 1, sizeof *m->quarantine);
    copy_row(&m->quarantine[m->quarantine_count++], &row);
    m->open++;
    store_save_quarantine(m->o.store, &row, on_stored, m);
    manage_notice(m,
        "\"%.100s\" is not printed any more (%.100s); when it is right again: ppctl "
        "quarantine rm",
        row.path, row.reason);
    hub_emit(m->o.hub, HUB_JOBS, NULL);
    hub_emit(m->o.hub, HUB_MANAGE, NULL);
}

const struct manage_quarantine *manage_quarantined(const struct manage *m, const char *sha256)
{
    for (size_t i = 0; i < m->quarantine_count; i++) {
        if (strcmp(m->quarantine[i].sha256, sha256) == 0) {
            return &m->quarantine[i];
        }
    }
    return NULL;
}

const struct manage_quarantine *manage_quarantine_at(const struct manage *m, size_t index)
{
    return index < m->quarantine_count ? &m->quarantine[index] : NULL;
}

static bool is_meant(const struct manage_quarantine *q, const char *what)
{
    size_t len = strlen(what);
    size_t full = strlen(q->sha256);
    bool tail = len >= TAIL_MIN && len <= full && strcmp(q->sha256 + full - len, what) == 0;
    return len == 0 || tail || strcmp(q->path, what) == 0;
}

int manage_quarantine_remove(struct manage *m, const char *what, struct err *e)
{
    size_t kept = 0;
    size_t before = m->quarantine_count;
    for (size_t i = 0; i < before; i++) {
        if (is_meant(&m->quarantine[i], what)) {
            m->open++;
            store_remove_quarantine(m->o.store, m->quarantine[i].sha256, on_stored, m);
        } else {
            m->quarantine[kept++] = m->quarantine[i];
        }
    }
    m->quarantine_count = kept;
    if (kept == before && what[0] != '\0') {
        char shown[120];
        str_escape(shown, sizeof shown, what, strlen(what));
        return err_set(e, PP_ENOTFOUND, "\"%s\" is not in quarantine", shown);
    }
    hub_emit(m->o.hub, HUB_JOBS, NULL); /* what blocks their sets is gone */
    hub_emit(m->o.hub, HUB_MANAGE, NULL);
    return 0;
}

/* ---- skipped -----------------------------------------------------------------------------------
 */

static const struct queue_job *job_of(const struct manage *m, const struct manage_work *w)
{
    const struct jobs_queue *queue = jobs_queue_find(m->o.jobs, w->queue);
    return queue != NULL ? queue_find(queue->queue, w->job) : NULL;
}

void manage_do_skip(struct manage *m)
{
    const struct manage_work *w = &m->current;
    const struct queue_job *job = job_of(m, w);
    if (job == NULL) {
        return;
    }
    m->skip = mem_resize(m->skip, m->skip_count + 1, sizeof *m->skip);
    struct manage_skip *skip = &m->skip[m->skip_count++];
    *skip = (struct manage_skip){.revision = job->revision};
    memcpy(skip->job, job->id, sizeof skip->job);
    memcpy(skip->sha256, w->sha256, sizeof skip->sha256);
    manage_notice(m,
        "job \"%.60s\" is passed over%s%.150s (until it is changed, or managing starts "
        "anew)",
        job->name, m->error[0] != '\0' ? ": " : "", m->error);
}

/* Still the job that was passed over: neither edited, nor with another file. */
static bool is_as_skipped(const struct manage_skip *skip, const struct queue_job *job)
{
    if (skip->revision != job->revision) {
        return false;
    }
    for (size_t i = 0; i < job->sets_count; i++) {
        if (job->sets[i].sha256 != NULL && strcmp(job->sets[i].sha256, skip->sha256) == 0) {
            return true;
        }
    }
    return skip->sha256[0] == '\0';
}

bool manage_skips(const struct manage *m, const struct queue_job *job)
{
    if (manage_passed(m, job->id) != NULL) {
        return true;
    }
    for (size_t i = 0; i < m->skip_count; i++) {
        if (strcmp(m->skip[i].job, job->id) == 0 && is_as_skipped(&m->skip[i], job)) {
            return true;
        }
    }
    return false;
}
