#include "host/api/upload_action.h"

#include "host/api/http_private.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/core/file_kind.h"

#include <stdlib.h>
#include <string.h>

struct action {
    struct request *request;
    upload_action_cb done;
    char file[201];
};

static void end(struct action *a, const struct err *e, const char *job)
{
    if (a->request->gone) {
        request_wake(a->request);
    } else {
        if (job != NULL) {
            log_info("\"%s\" is job %s now", a->file, job);
        }
        a->done(a->request, e, a->file, job);
    }
    free(a);
}

static void imported(void *context, const struct err *e, const char *job, const char *notice)
{
    (void)notice; /* told to everybody already */
    end(context, e, job);
}

static void submitted(void *context, const struct queue_result *result)
{
    bool failed = result->err.code != 0;
    end(context, failed ? &result->err : NULL, failed ? NULL : result->job);
}

static void import(struct action *a)
{
    const struct request *r = a->request;
    const struct package_wish wish = {.file = a->file, .actor = r->key_name};
    package_import(r->http->o.packages, &wish, imported, a);
}

/* The file tells for which printer it is, where it does. */
static void submit(struct action *a, bool draft)
{
    const struct request *r = a->request;
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = queue_job_new()};
    struct queue_set *set = queue_job_add_set(c.spec);
    c.spec->draft = draft;
    free(c.spec->submitter);
    c.spec->submitter = mem_strdup(r->key_name);
    set->path = mem_strdup(a->file);
    set->time_ms = -1;
    str_copy(c.actor, sizeof c.actor, r->key_name, strlen(r->key_name));
    jobs_do(r->http->o.jobs, QUEUE_LOCAL, &c, submitted, a);
    queue_job_free(c.spec);
}

void upload_action(struct request *r, const char *file, upload_action_cb done)
{
    const struct http_options *o = &r->http->o;
    struct action *a = mem_alloc(sizeof *a);
    *a = (struct action){.request = r, .done = done};
    str_copy(a->file, sizeof a->file, file, strlen(file));
    if (o->upload_action == CONFIG_UPLOAD_DO_NOTHING || o->jobs == NULL || o->packages == NULL) {
        end(a, NULL, NULL);
    } else if (file_kind_of(file) == FILE_PACKAGE) {
        import(a);
    } else {
        submit(a, o->upload_action == CONFIG_UPLOAD_ADD_DRAFT);
    }
}
