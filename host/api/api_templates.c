/* Templates: jobs kept to be used again. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/api/view_jobs.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static json_t *template_view(const char *name, const struct queue_job *job)
{
    return json_pack("{s:o, s:o}", "name", json_text(name), "job", view_plain_job(job));
}

void api_templates(struct request *r)
{
    const struct jobs *jobs = job_command_jobs(r);
    if (jobs == NULL) {
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < jobs_templates(jobs); i++) {
        const char *name = jobs_template_name(jobs, i);
        json_array_append_new(list, template_view(name, jobs_template(jobs, name)));
    }
    reply_json(r, 200, json_pack("{s:o}", "templates", list));
}

static void saved(void *context, const struct err *e)
{
    struct request *r = context;
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else {
        const struct queue_job *job = jobs_template(r->http->o.jobs, r->stars.star[0]);
        reply_json(r, 200, job != NULL ? template_view(r->stars.star[0], job) : json_object());
    }
    request_wake(r);
}

static void save(struct request *r, const struct queue_job *job)
{
    log_info("template \"%s\" saved by %s", r->stars.star[0], r->key_name);
    request_wait(r);
    jobs_template_save(r->http->o.jobs, r->stars.star[0], job, saved, r);
}

static void save_spec(struct request *r, json_t *spec)
{
    struct err e = {0};
    struct job_input in = {0};
    struct job_known known = job_command_known(r);
    int rc = job_input_new(spec, &known, &in, &e);
    rc = rc == 0 ? queue_job_check(in.job, &e) : rc;
    if (!reply_failed(r, rc, &e)) {
        save(r, in.job);
    }
    job_input_fini(&in);
}

static void save_job(struct request *r, const char *text)
{
    struct err e = {0};
    const struct queue_job *job;
    const struct jobs_queue *queue;
    if (!reply_failed(r, jobs_find(r->http->o.jobs, text, &job, &queue, &e), &e)) {
        save(r, job);
    }
}

/* {"job": ID} or {"spec": {…}} */
void api_template_save(struct request *r)
{
    char text[QUEUE_TEXT_MAX + 1] = "";
    struct err e = {0};
    const struct json_field fields[] = {
        {"job", JSON_KIND_TEXT, true, text, 1, QUEUE_TEXT_MAX},
    };
    if (job_command_jobs(r) == NULL) {
        return;
    }
    json_t *spec = json_object_get(r->input, "spec");
    if (json_is_object(spec) && json_object_size(r->input) == 1) {
        save_spec(r, spec);
    } else if (json_object_get(r->input, "job") == NULL) {
        err_set(&e, PP_EINVAL, "of what? send {\"job\": JOB} or {\"spec\": {\"sets\": [...]}}");
        reply_error(r, &e);
    } else if (!reply_failed(r, json_read(r->input, fields, COUNT(fields), &e), &e)) {
        save_job(r, text);
    }
}

static const struct queue_job *find_template(struct request *r)
{
    char shown[QUEUE_TEXT_MAX + 1];
    struct err e = {0};
    const char *name = r->stars.star[0];
    const struct jobs *jobs = job_command_jobs(r);
    const struct queue_job *job = jobs != NULL ? jobs_template(jobs, name) : NULL;
    if (jobs != NULL && job == NULL) {
        err_field(&e, PP_ENOTFOUND, "template", "there is no template \"%s\"",
            str_escape(shown, sizeof shown, name, strlen(name)));
        reply_error(r, &e);
    }
    return job;
}

static void removed(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, 204);
    }
    request_wake(r);
}

void api_template_remove(struct request *r)
{
    if (find_template(r) != NULL) {
        log_info("template \"%s\" removed by %s", r->stars.star[0], r->key_name);
        request_wait(r);
        jobs_template_remove(r->http->o.jobs, r->stars.star[0], removed, r);
    }
}

/* What of a template does not come along: ids, counters, claims belong to each job. */
static struct queue_job *fresh_copy(const struct queue_job *template)
{
    struct queue_job *job = queue_job_copy(template);
    job->id[0] = '\0';
    job->remaining = job->count;
    job->revision = 0;
    job->created_ms = job->changed_ms = job->archived_ms = 0;
    job->finished = job->moving = job->draft = false;
    free(job->submitter);
    free(job->changed_by);
    job->submitter = mem_strdup("");
    job->changed_by = mem_strdup("");
    for (size_t i = 0; i < job->sets_count; i++) {
        job->sets[i].id[0] = '\0';
        job->sets[i].remaining = job->sets[i].count;
        job->sets[i].completed = 0;
    }
    return job;
}

void api_template_use(struct request *r)
{
    char name[QUEUE_TEXT_MAX + 1] = "";
    int64_t count = 0;
    struct err e = {0};
    struct job_input in = {0};
    const struct queue_job *template = find_template(r);
    if (template == NULL) {
        return;
    }
    str_copy(in.queue, sizeof in.queue, QUEUE_LOCAL, strlen(QUEUE_LOCAL));
    const struct json_field fields[] = {
        {"queue", JSON_KIND_TEXT, false, in.queue, 1, QUEUE_NAME_MAX},
        {"name", JSON_KIND_TEXT, false, name, 1, QUEUE_TEXT_MAX},
        {"count", JSON_KIND_INT, false, &count, 1, QUEUE_COUNT_MAX},
        {"position", JSON_KIND_INT, false, &in.position, 1, QUEUE_JOBS_MAX},
    };
    if (reply_failed(r, json_read(r->input, fields, COUNT(fields), &e), &e)) {
        return;
    }
    in.job = fresh_copy(template);
    if (count > 0) {
        in.job->count = in.job->remaining = (int32_t)count;
    }
    if (name[0] != '\0') {
        free(in.job->name);
        in.job->name = mem_strdup(name);
    }
    job_command_submit(r, &in, NULL);
    job_input_fini(&in);
}
