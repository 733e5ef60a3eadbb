#include "tests/lib/fake_manage.h"

#include "host/base/str.h"

#include <stdio.h>
#include <string.h>

static int act(struct manage *m, struct err *e)
{
    if (m->next.code == 0) {
        return 0;
    }
    *e = m->next;
    m->next = (struct err){0};
    return -e->code;
}

static int move(struct manage *m, enum driver_state state, struct err *e)
{
    int rc = act(m, e);
    if (rc == 0) {
        m->status.state = state;
        m->status.managing = state != DRIVER_INACTIVE;
        hub_emit(m->hub, HUB_MANAGE, NULL);
    }
    return rc;
}

void fake_manage_init(struct manage *m, struct device *device, struct jobs *jobs, struct hub *hub)
{
    *m = (struct manage){.device = device, .jobs = jobs, .hub = hub};
    m->status.dead_ms = -1;
    m->settings.quiet_from_min = 22 * 60;
    m->settings.quiet_to_min = 7 * 60 + 30;
}

void fake_manage_fini(struct manage *m)
{
    json_decref(m->external);
}

const struct manage_settings *manage_settings(const struct manage *m)
{
    return &m->settings;
}

int manage_start(struct manage *m, struct err *e)
{
    return move(m, DRIVER_IDLE, e);
}

int manage_stop(struct manage *m, struct err *e)
{
    return move(m, DRIVER_INACTIVE, e);
}

/* As the device's own print was: it starts, or a question stands before it, or it is queued. */
void manage_print(
    struct manage *m, const char *job_id, bool bed_clear, manage_cb done, void *context)
{
    struct device_status s;
    const struct queue_job *job = NULL;
    const struct jobs_queue *queue;
    bool waits;
    struct err e = {0};
    int rc = act(m, &e);
    rc = rc == 0 ? jobs_find(m->jobs, job_id, &job, &queue, &e) : rc;
    device_status(m->device, &s);
    if (rc == 0 && !printer_has_job(s.state)) {
        str_copy(m->status.job, sizeof m->status.job, job_id, strlen(job_id));
        rc = device_print(m->device, job->sets[0].path, bed_clear, &waits, &e);
    }
    done(context, rc != 0 ? &e : NULL);
}

int manage_report_failure(struct manage *m, const char *by, const char *reason, struct err *e)
{
    int rc = act(m, e);
    if (rc == 0) {
        snprintf(m->reported, sizeof m->reported, "%s: %.100s", by, reason);
    }
    return rc;
}

void manage_status(const struct manage *m, struct manage_status *out)
{
    *out = m->status;
}

const struct manage_quarantine *manage_quarantine_at(const struct manage *m, size_t index)
{
    return index < m->quarantined ? &m->quarantine[index] : NULL;
}

int manage_quarantine_remove(struct manage *m, const char *what, struct err *e)
{
    if (what[0] != '\0' && (m->quarantined == 0 || strcmp(m->quarantine[0].path, what) != 0)) {
        return err_field(e, PP_ENOTFOUND, "what", "\"%s\" is not in quarantine", what);
    }
    m->quarantined = 0;
    return 0;
}

void manage_why_blocked(
    const struct manage *m, const struct queue_set *set, char *out, size_t out_size)
{
    bool blocked = m->blocked[0] != '\0' && strcmp(m->blocked, set->path) == 0;
    snprintf(out, out_size, "%s", blocked ? m->why : "");
}

void manage_why_passed(const struct manage *m, const char *queue, const struct queue_job *job,
    const struct queue_set *set, char *out, size_t out_size)
{
    (void)queue;
    (void)job;
    manage_why_blocked(m, set, out, out_size);
}

void manage_set_fetch(struct manage *m, manage_fetch fetch, void *context)
{
    (void)m;
    (void)fetch;
    (void)context;
}

void manage_set_fetch_progress(struct manage *m, manage_fetch_progress progress)
{
    (void)m;
    (void)progress;
}

/* The first that is no draft; what is loaded does not matter here. */
void manage_next(struct manage *m, struct manage_next *out)
{
    const struct queue *q = jobs_queue_find(m->jobs, QUEUE_LOCAL)->queue;
    const struct queue_job *at = queue_first(q);
    while (at != NULL && at->draft) {
        at = queue_after(q, at);
    }
    const struct queue_set *set = at != NULL ? queue_job_next(at, "", "") : NULL;
    *out = (struct manage_next){.blocked = set != NULL && strcmp(m->blocked, set->path) == 0};
    snprintf(out->job, sizeof out->job, "%s", at != NULL ? at->id : "");
    snprintf(out->short_of, sizeof out->short_of, "%s", m->short_of);
    out->blocked = out->blocked || m->short_of[0] != '\0';
}

json_t *manage_symbols(const struct manage *m, enum driver_moment moment)
{
    return json_pack("{s:s, s:O?}", "moment", driver_moment_name(moment), "external", m->external);
}

int manage_set_external(struct manage *m, json_t *object, struct err *e)
{
    int rc = act(m, e);
    if (rc == 0) {
        json_decref(m->external);
        m->external = json_incref(object);
    }
    return rc;
}

json_t *manage_external(const struct manage *m)
{
    return m->external;
}
