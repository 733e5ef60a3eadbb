/* One job at once, because a person wants it; and what a failure detector has seen.
 *
 * The person is told when it is known what becomes of the job: its print has begun, or waits for an
 * answer or its turn, or was refused.
 */
#include "host/app/queue/manage_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the answer --------------------------------------------------------------------------------
 */

static void tell(struct manage *m, const struct err *e)
{
    manage_cb done = m->wish_done;
    void *context = m->wish_context;
    m->wish_job[0] = '\0';
    m->wish_done = NULL;
    done(context, e);
}

/* Nothing is known yet while the queue and its file are looked at. */
static bool is_decided(const struct manage *m)
{
    const struct driver *d = &m->driver;
    if (m->events > 0 || m->look || m->begin_out || m->starting > 0) {
        return false;
    }
    switch (driver_state(d)) {
    case DRIVER_PREPARING:
        return false;
    case DRIVER_STARTING:
        return m->script != NULL; /* its script runs; how it ends is no answer to wait for */
    case DRIVER_INACTIVE:
    case DRIVER_ACTIVATING:
    case DRIVER_IDLE:
    case DRIVER_AWAITING_MATERIAL:
    case DRIVER_AWAITING_BED:
    case DRIVER_PRINTING:
    case DRIVER_PAUSED:
    case DRIVER_RECOVERING:
    case DRIVER_FAILURE:
    case DRIVER_SUCCESS:
    case DRIVER_COOLDOWN:
    case DRIVER_CLEARING:
    case DRIVER_FINISHING:
    case DRIVER_STATES:
        break;
    }
    return true;
}

void manage_tell_wish(struct manage *m)
{
    struct err e;
    if (m->wish_done == NULL) {
        return;
    }
    if (m->closing) {
        err_set(&e, PP_ECANCELED, "the host is stopping");
        tell(m, &e);
    } else if (is_decided(m)) {
        bool off = driver_state(&m->driver) == DRIVER_INACTIVE && m->open_run.id[0] == '\0';
        if (off) { /* only for this job it was on */
            err_set(&e, PP_EREFUSED, "%s",
                m->error[0] != '\0' ? m->error : "it cannot be printed here now");
        }
        tell(m, off ? &e : NULL);
    }
}

/* ---- the wish ----------------------------------------------------------------------------------
 */

/* The first set of it that is not done, as it is for this printer. */
static const struct queue_set *first_set(const struct queue_job *job)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        if (queue_set_pending(job, &job->sets[i]) > 0) {
            return &job->sets[i];
        }
    }
    return NULL;
}

/* What cannot be printed at all is said at once. */
static int check(const struct manage *m, const struct jobs_queue *queue,
    const struct queue_job *job, struct err *e)
{
    const struct queue_set *set = first_set(job);
    char why[200];
    if (set == NULL) {
        return err_set(e, PP_ESTATE, "nothing of job \"%s\" is left to print", job->name);
    }
    if (job->draft || job->moving) {
        return err_set(e, PP_ESTATE, "job \"%s\" is %s", job->name,
            job->draft ? "a draft: say first that it is done" : "on its way to another queue");
    }
    if (!manage_can_print(m, queue->name, set) ||
        manage_refuses(m, queue->name, job, why, sizeof why, NULL)) {
        manage_why_passed(m, queue->name, job, set, why, sizeof why);
        return err_set(e, PP_EREFUSED, "%s", why);
    }
    bool here = files_find_content(m->o.files, set->sha256) != NULL;
    return here ? device_check_print(m->o.device, set->path, set->sha256, e) : 0;
}

/* Who starts one print by hand is not told later that the printer is not there. */
static int may_begin(const struct manage *m, const struct device_status *st, struct err *e)
{
    if (!printer_is_connected(st->state) && st->job.run_id[0] == '\0') {
        return err_set(e, PP_EOFFLINE, "the printer is %s%s%s",
            st->state == PRINTER_ERROR ? "in error" : printer_states[st->state].name,
            st->error[0] != '\0' ? ": " : "", st->error);
    }
    if (m->wish_done != NULL) {
        return err_set(e, PP_EBUSY, "another print is just being asked for");
    }
    return 0;
}

struct wish {
    struct manage *manage;
    char job[ID_SIZE];
    bool bed_clear;
    manage_cb done;
    void *context;
};

/* Nothing else is printed and managed: this, then nothing. */
static void begin(struct manage *m, const struct wish *w, const struct device_status *st)
{
    struct err e;
    bool idle = driver_state(&m->driver) == DRIVER_INACTIVE && st->job.run_id[0] == '\0' &&
                !m->driver.print_asked && !m->driver.counting;
    /* Between two prints of the queue the word may be older than what lies on the bed by now. */
    if (w->bed_clear && idle && device_bed_cleared(m->o.device, &e) < 0) {
        log_info("%s", e.text);
    }
    snprintf(m->wish_job, sizeof m->wish_job, "%s", w->job);
    m->wish_done = w->done;
    m->wish_context = w->context;
    if (idle) {
        m->error[0] = '\0';
        m->stopped[0] = '\0';
        m->stopped_badly = false;
        m->fault = false;
        memcpy(m->once_job, w->job, sizeof m->once_job);
        manage_post(m, DRIVER_ONCE);
    } else {
        if (!manage_is_on(m) && strcmp(m->once_job, w->job) != 0) {
            manage_notice(m, "a job waits: it is printed when managing is started (ppctl start)");
        }
        manage_look(m);
    }
}

static void on_moved(void *context, const struct queue_result *result)
{
    struct wish *w = context;
    struct manage *m = w->manage;
    struct device_status st;
    struct err e = result->err;
    device_status(m->o.device, &st);
    if (e.code == 0 && m->closing) {
        err_set(&e, PP_ECANCELED, "the host is stopping");
    }
    if (e.code == 0) {
        may_begin(m, &st, &e);
    }
    if (e.code != 0) {
        w->done(w->context, &e);
    } else {
        begin(m, w, &st);
    }
    free(w);
    manage_let_go(m);
}

void manage_print(
    struct manage *m, const char *job_id, bool bed_clear, manage_cb done, void *context)
{
    const struct queue_job *job = NULL;
    const struct jobs_queue *queue = NULL;
    struct err e = {0};
    int rc = jobs_find(m->o.jobs, job_id, &job, &queue, &e);
    rc = rc == 0 ? check(m, queue, job, &e) : rc;
    if (rc < 0) {
        done(context, &e);
        return;
    }
    struct wish *w = mem_alloc(sizeof *w);
    *w = (struct wish){.manage = m, .bed_clear = bed_clear, .done = done, .context = context};
    memcpy(w->job, job->id, sizeof w->job);
    struct queue_command c = {.verb = QUEUE_MOVE, .revision = -1};
    memcpy(c.job, job->id, sizeof c.job);
    snprintf(c.actor, sizeof c.actor, "%s", m->name);
    m->open++;
    jobs_do(m->o.jobs, queue->name, &c, on_moved, w);
}

/* ---- failures seen from outside ----------------------------------------------------------------
 */

int manage_report_failure(struct manage *m, const char *by, const char *reason, struct err *e)
{
    char text[256];
    char who[80];
    char what[120];
    str_escape(who, sizeof who, by, strlen(by));
    str_escape(what, sizeof what, reason, strlen(reason));
    snprintf(text, sizeof text, "%s says: %s", who[0] != '\0' ? who : "a failure detector",
        what[0] != '\0' ? what : "the print has failed");
    return device_fail_run(m->o.device, text, e);
}
