/* Continuous Print's set/add: one file for a job that there is, or for a new one.
 *
 * Happy path: the set goes behind those the job has, by an edit of the job as it was seen; the
 * answer names job and set. When somebody edited the job in between, it is looked at again. A job
 * that is not known (any more) means a new one.
 */
#include "host/api/cpq.h"

#include "host/api/handlers.h"
#include "host/api/http_private.h"
#include "host/api/job_input_set.h"
#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TRIES        8

struct adding {
    struct request *request;
    json_t *set;       /* owned; as job_input_set() takes it */
    char *metadata;    /* owned; NULL = none */
    char job[ID_SIZE]; /* the job meant, "" = a new one */
    char id[ID_SIZE];  /* of the set */
    char name[QUEUE_TEXT_MAX + 1];
    bool draft;
    bool numbered; /* X-Command: what the queue has said to that stays said */
    int tries;
};

static void adding_free(struct adding *a)
{
    json_decref(a->set);
    free(a->metadata);
    free(a);
}

/* ---- what is asked --------------------------------------------------------------------------- */

/* What its clients put there is kept as it is: JSON, mostly in a text. */
static int take_metadata(struct adding *a, json_t *input, struct err *e)
{
    const json_t *value = json_object_get(input, "metadata");
    if (value == NULL || json_is_null(value)) {
        return 0;
    }
    a->metadata = json_is_string(value) ? mem_strdup(json_string_value(value))
                                        : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (a->metadata == NULL || strlen(a->metadata) > QUEUE_METADATA_MAX) {
        return err_field(
            e, PP_ETOOBIG, "metadata", "metadata: more than %d bytes", QUEUE_METADATA_MAX);
    }
    return 0;
}

static int take_job(struct adding *a, json_t *input, struct err *e)
{
    json_t *job = json_object();
    static const char *const names[] = {"jobName", "jobDraft", "job", NULL};
    const struct json_field fields[] = {
        {"jobName", JSON_KIND_TEXT, false, a->name, 0, QUEUE_TEXT_MAX},
        {"jobDraft", JSON_KIND_BOOL, false, &a->draft, 0, 0},
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        json_t *value = json_object_get(input, names[i]);
        if (value != NULL && !json_is_null(value)) {
            json_object_set(job, names[i], value);
        }
    }
    const char *id = json_string_value(json_object_get(input, "job"));
    if (id != NULL) {
        str_copy(a->job, sizeof a->job, id, strlen(id));
    }
    int rc = json_read(job, fields, COUNT(fields), e);
    json_decref(job);
    cpq_drop(input, names);
    return rc;
}

/* No profile said means that the file tells for which printer it is. */
static void leave_profiles_open(json_t *set)
{
    const json_t *profiles = json_object_get(set, "profiles");
    if (json_is_array(profiles) && json_array_size(profiles) == 0) {
        json_object_del(set, "profiles");
    }
}

static int read_adding(struct request *r, struct adding *a, struct err *e)
{
    int rc = cpq_input(r, e);
    if (rc == 0 && !json_is_object(r->input)) {
        rc = err_field(e, PP_EINVAL, "json", "json: must be an object {\"path\", \"count\", …}");
    }
    rc = rc == 0 ? take_metadata(a, r->input, e) : rc;
    rc = rc == 0 ? take_job(a, r->input, e) : rc;
    rc = rc == 0 ? cpq_set_input(r->input, NULL, r->http->o.profiles, e) : rc;
    leave_profiles_open(r->input);
    a->set = json_incref(r->input);
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void reply_added(const struct adding *a, const char *id)
{
    struct err e = {0};
    const struct queue_job *job;
    const struct jobs_queue *queue;
    if (reply_failed(a->request, jobs_find(a->request->http->o.jobs, id, &job, &queue, &e), &e)) {
        return;
    }
    const struct queue_set *set = queue_job_set(job, a->id);
    if (set == NULL && job->sets_count > 0) { /* sent again: it was the last one */
        set = &job->sets[job->sets_count - 1];
    }
    log_info("\"%s\" added to job \"%s\" (%s) by %s", set != NULL ? set->path : "", jobs_title(job),
        job->id, a->request->key_name);
    reply_json(a->request, 200,
        json_pack("{s:s, s:o}", "job_id", job->id, "set_",
            set != NULL ? cpq_set_view(set, (size_t)(set - job->sets)) : json_null()));
}

static void send_set(struct adding *a);

static void applied(void *context, const struct queue_result *result)
{
    struct adding *a = context;
    struct request *r = a->request;
    bool stale = result->err.code == PP_ESTATE && strcmp(result->err.field, "revision") == 0;
    if (!r->gone && stale && !a->numbered && a->tries < TRIES) {
        a->tries++;
        send_set(a);
        return;
    }
    if (r->gone) {
        /* nobody waits any more, and the server may be closing */
    } else if (result->err.code != 0) {
        reply_error(r, &result->err);
    } else {
        reply_added(a, result->job);
    }
    adding_free(a);
    request_wake(r);
}

/* The sets of `old` and the new one, which gets the id it is answered by. */
static int make_sets(
    struct adding *a, const struct queue_job *old, struct job_input *in, struct err *e)
{
    struct job_known known = job_command_known(a->request);
    int rc = job_input_set(a->set, old, "", &known, in, e);
    if (rc != 0) {
        return rc;
    }
    struct queue_set *set = &in->job->sets[in->job->sets_count - 1];
    id_new(a->id, clock_wall_ms());
    str_copy(set->id, sizeof set->id, a->id, strlen(a->id));
    set->metadata = a->metadata != NULL ? mem_strdup(a->metadata) : NULL;
    if (set->remaining == QUEUE_KEEP) {
        set->remaining = set->count;
    }
    return 0;
}

static int make_command(
    struct adding *a, struct queue_command *c, struct job_input *in, struct err *e)
{
    struct request *r = a->request;
    const struct queue *q = jobs_queue_find(r->http->o.jobs, QUEUE_LOCAL)->queue;
    const struct queue_job *job = a->job[0] != '\0' ? queue_find(q, a->job) : NULL;
    struct queue_job *fresh = queue_job_new();
    bool known = job != NULL && job->archived_ms == 0;
    int rc = make_sets(a, known ? job : fresh, in, e);
    queue_job_free(fresh);
    if (rc != 0) {
        return rc;
    }
    c->spec = in->job;
    if (known) {
        c->verb = QUEUE_EDIT;
        c->mask = QUEUE_F_SETS;
        c->revision = job->revision;
        str_copy(c->job, sizeof c->job, job->id, strlen(job->id));
        return 0;
    }
    c->verb = QUEUE_SUBMIT;
    in->job->draft = a->draft;
    free(in->job->name);
    free(in->job->submitter);
    in->job->name = mem_strdup(a->name);
    in->job->submitter = mem_strdup(r->key_name);
    return 0;
}

/* The request waits already. */
static void send_set(struct adding *a)
{
    struct queue_command c;
    struct job_input in = {0};
    struct err e = {0};
    struct request *r = a->request;
    int rc = job_command_init(r, &c, &e);
    a->numbered = c.client[0] != '\0';
    if (rc == 0 && job_command_is_repeated(r, &c)) {
        c.verb = QUEUE_RESET; /* whatever it is now, its answer is known */
    } else {
        rc = rc == 0 ? make_command(a, &c, &in, &e) : rc;
    }
    if (rc == 0) {
        jobs_do(r->http->o.jobs, QUEUE_LOCAL, &c, applied, a);
    } else {
        reply_error(r, &e);
        adding_free(a);
        request_wake(r);
    }
    job_input_fini(&in);
}

void cpq_set_add(struct request *r)
{
    struct err e = {0};
    if (job_command_jobs(r) == NULL) {
        return;
    }
    struct adding *a = mem_alloc(sizeof *a);
    *a = (struct adding){.request = r, .draft = true};
    if (reply_failed(r, read_adding(r, a, &e), &e)) {
        adding_free(a);
        return;
    }
    request_wait(r);
    send_set(a);
}
