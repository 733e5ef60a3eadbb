#include "host/api/print_job.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/core/file_kind.h"

#include <stdlib.h>
#include <string.h>

struct wish {
    struct request *request;
    print_job_cb done;
    bool bed_clear;
    struct print_told told;
    struct err refusal;
};

/* The answer is due: `w` is gone after it. */
static void end(struct wish *w, const struct err *e)
{
    if (w->request->gone) {
        request_wake(w->request);
    } else {
        w->done(w->request, e, &w->told);
    }
    free(w);
}

/* Whether it prints, stands behind something, or waits for somebody. */
static void look(const struct http *h, struct print_told *told)
{
    struct device_status s;
    struct manage_status m;
    device_status(h->o.device, &s);
    manage_status(h->o.manage, &m);
    bool mine = strcmp(m.job, told->job) == 0;
    told->queued = !mine && (m.job[0] != '\0' || printer_has_job(s.state));
    told->waits = !told->queued && !printer_has_job(s.state) &&
                  (s.bed != BED_CLEAR || (mine && m.needs_person));
}

static void withdrawn(void *context, const struct queue_result *result)
{
    struct wish *w = context;
    (void)result; /* it may have been removed by somebody else */
    end(w, &w->refusal);
}

/* What was refused is not to be printed later, when nobody expects it; and its file is free again
 * when the answer is there. */
static void withdraw(struct wish *w, const struct err *e)
{
    struct jobs *jobs = w->request->http->o.jobs;
    struct queue_command c = {.verb = QUEUE_ARCHIVE, .revision = -1};
    w->refusal = *e;
    str_copy(c.job, sizeof c.job, w->told.job, strlen(w->told.job));
    jobs_do(jobs, QUEUE_LOCAL, &c, NULL, NULL);
    c.verb = QUEUE_PURGE;
    jobs_do(jobs, QUEUE_LOCAL, &c, withdrawn, w);
}

static void asked(void *context, const struct err *e)
{
    struct wish *w = context;
    if (w->request->gone) { /* nobody waits any more, and the server may be closing */
        end(w, e);
    } else if (e != NULL) {
        withdraw(w, e);
    } else {
        look(w->request->http, &w->told);
        end(w, NULL);
    }
}

static void submitted(void *context, const struct queue_result *result)
{
    struct wish *w = context;
    if (result->err.code != 0 || w->request->gone) {
        end(w, &result->err);
        return;
    }
    struct http *h = w->request->http;
    str_copy(w->told.job, sizeof w->told.job, result->job, strlen(result->job));
    if (result->repeated) { /* managing was told the first time */
        asked(w, NULL);
        return;
    }
    manage_print(h->o.manage, w->told.job, w->bed_clear, asked, w);
}

/* For any printer: whoever says "print this here" has decided that. */
static struct queue_job *make_job(const struct request *r, const struct print_wish *wish)
{
    struct queue_job *job = queue_job_new();
    struct queue_set *set = queue_job_add_set(job);
    free(job->submitter);
    job->submitter = mem_strdup(r->key_name);
    set->path = mem_strdup(wish->file);
    set->count = set->remaining = (int32_t)wish->count;
    set->profiles = mem_array(1, sizeof *set->profiles);
    set->time_ms = -1;
    return job;
}

static int check(const struct request *r, const struct print_wish *wish, struct err *e)
{
    char shown[256];
    if (r->http->o.jobs == NULL || r->http->o.manage == NULL) {
        return err_set(e, PP_EOFFLINE, "this host has no queue");
    }
    if (files_find(r->http->o.files, wish->file) == NULL) {
        return err_field(e, PP_ENOTFOUND, "file", "there is no file \"%s\"",
            str_escape(shown, sizeof shown, wish->file, strlen(wish->file)));
    }
    if (file_kind_of(wish->file) != FILE_GCODE) {
        return err_field(e, PP_ETYPE, "file", "file \"%s\": only gcode can be printed",
            str_escape(shown, sizeof shown, wish->file, strlen(wish->file)));
    }
    return 0;
}

void print_job(struct request *r, const struct print_wish *wish, print_job_cb done)
{
    struct queue_command c;
    struct err e = {0};
    struct wish *w = mem_alloc(sizeof *w);
    *w = (struct wish){.request = r, .done = done, .bed_clear = wish->bed_clear};
    str_copy(w->told.file, sizeof w->told.file, wish->file, strlen(wish->file));
    int rc = check(r, wish, &e);
    rc = rc == 0 ? job_command_init(r, &c, &e) : rc;
    if (rc != 0) {
        end(w, &e);
        return;
    }
    c.verb = QUEUE_SUBMIT;
    c.spec = make_job(r, wish);
    str_copy(c.after, sizeof c.after, "-", 1);
    jobs_do(r->http->o.jobs, QUEUE_LOCAL, &c, submitted, w);
    queue_job_free(c.spec);
}
