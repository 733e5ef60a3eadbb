/* Continuous Print's packages: a stored one becomes a job, jobs become stored ones.
 *
 * An export packs one job after the other and stores what comes out under a free name, like any
 * upload. A job that cannot be packed is told among the errors and the others go on.
 */
#include "host/api/cpq.h"

#include "host/api/handlers.h"
#include "host/api/http_private.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct packages *packages_of(struct request *r)
{
    struct err e = {0};
    if (r->http->o.packages == NULL || r->http->o.jobs == NULL) {
        err_set(&e, PP_EOFFLINE, "this host has no queue");
        reply_error(r, &e);
        return NULL;
    }
    return r->http->o.packages;
}

/* ---- in -------------------------------------------------------------------------------------- */

static void imported(void *context, const struct err *e, const char *id, const char *notice)
{
    struct err lost = {0};
    struct request *r = context;
    const struct queue_job *job;
    const struct jobs_queue *queue;
    (void)notice; /* told to everybody already */
    if (r->gone) {
        /* nobody waits any more, and the server may be closing */
    } else if (id == NULL) {
        reply_error(r, e);
    } else if (!reply_failed(r, jobs_find(r->http->o.jobs, id, &job, &queue, &lost), &lost)) {
        cpq_reply_job(r, queue, job);
    }
    request_wake(r);
}

void cpq_job_import(struct request *r)
{
    char path[201] = "";
    char name[QUEUE_NAME_MAX + 1] = QUEUE_LOCAL;
    struct err e = {0};
    const struct json_field fields[] = {
        {"path", JSON_KIND_TEXT, true, path, 1, 200},
        {"queue", JSON_KIND_TEXT, false, name, 1, QUEUE_NAME_MAX},
    };
    const struct jobs_queue *queue = NULL;
    struct packages *packages = packages_of(r);
    if (packages == NULL) {
        return;
    }
    int rc = cpq_input(r, &e);
    rc = rc == 0 ? json_read(r->input, fields, COUNT(fields), &e) : rc;
    queue = rc == 0 ? job_command_queue(r, name, &e) : NULL;
    if (queue == NULL) {
        reply_error(r, &e);
        return;
    }
    log_info("package \"%s\" imported by %s", path, r->key_name);
    request_wait(r);
    package_import(packages,
        &(struct package_wish){.file = path, .queue = queue->name, .actor = r->key_name}, imported,
        r);
}

/* ---- out ------------------------------------------------------------------------------------- */

struct exporting {
    struct request *request;
    json_t *ids; /* owned, as the two below */
    json_t *paths;
    json_t *errors;
    size_t at;
};

static void next_job(struct exporting *x);

static void end(struct exporting *x)
{
    struct request *r = x->request;
    if (!r->gone) {
        reply_json(r, 200, json_pack("{s:O, s:O}", "paths", x->paths, "errors", x->errors));
    }
    json_decref(x->ids);
    json_decref(x->paths);
    json_decref(x->errors);
    free(x);
    request_wake(r);
}

static void stored(void *context, const struct err *e, const char *name)
{
    struct exporting *x = context;
    json_array_append_new(
        name != NULL ? x->paths : x->errors, json_text(name != NULL ? name : e->text));
    next_job(x);
}

static void next_job(struct exporting *x)
{
    struct request *r = x->request;
    struct err e = {0};
    const struct jobs_queue *queue = r->gone ? NULL : jobs_queue_find(r->http->o.jobs, QUEUE_LOCAL);
    while (queue != NULL && x->at < json_array_size(x->ids)) {
        json_t *one = json_pack("{s:O}", "job_ids", json_array_get(x->ids, x->at++));
        const struct queue_job *job = cpq_job(queue, one, "job_ids", &e);
        json_decref(one);
        if (job != NULL) {
            package_store(r->http->o.packages, job, stored, x);
            return;
        }
        json_array_append_new(x->errors, json_text(e.text));
    }
    end(x);
}

void cpq_job_export(struct request *r)
{
    struct err e = {0};
    if (packages_of(r) == NULL) {
        return;
    }
    const json_t *ids = cpq_input(r, &e) == 0 ? cpq_ids(r->input, &e) : NULL;
    if (ids == NULL) {
        reply_error(r, &e);
        return;
    }
    struct exporting *x = mem_alloc(sizeof *x);
    *x = (struct exporting){.request = r,
        .ids = json_incref((json_t *)(uintptr_t)ids),
        .paths = json_array(),
        .errors = json_array()};
    log_info("%zu jobs exported by %s", json_array_size(ids), r->key_name);
    request_wait(r);
    next_job(x);
}
