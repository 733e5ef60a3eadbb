/* Documents: what is kept of queues, jobs, answers and templates. */
#include "host/app/queue/jobs_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static char *dump(json_t *doc)
{
    char *text = json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(doc);
    return text != NULL ? text : mem_strdup("null"); /* a text that is no UTF-8: never of ours */
}

static json_t *parse(const char *doc, size_t len, struct err *e)
{
    json_error_t why;
    json_t *value = json_loadb(doc, len, JSON_REJECT_DUPLICATES, &why);
    if (value == NULL) {
        err_set(e, PP_ECORRUPT, "at byte %d: %s", why.position, why.text);
    }
    return value;
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

char *jobs_write_job(const struct queue_job *job)
{
    return dump(queue_job_to_json(job));
}

struct queue_job *jobs_read_job(const char *doc, size_t len, struct err *e)
{
    struct queue_job *job = NULL;
    json_t *value = parse(doc, len, e);
    if (value != NULL && queue_job_from_json(value, &job, e) != 0) {
        job = NULL;
    }
    json_decref(value);
    return job;
}

static int put_job(
    struct jobs *j, const char *queue, const char *id, const char *doc, struct err *e)
{
    struct slot *slot = jobs_slot(j, queue);
    if (slot == NULL || slot->network) {
        return err_set(e, PP_ECORRUPT, "there is no such queue");
    }
    struct queue_job *job = jobs_read_job(doc, strlen(doc), e);
    if (job == NULL) {
        return -PP_ECORRUPT;
    }
    int rc = strcmp(job->id, id) == 0
                 ? queue_load_job(slot->queue, job, e)
                 : err_set(e, PP_ECORRUPT, "it says that its id is \"%s\"", job->id);
    if (rc != 0) {
        queue_job_free(job);
    }
    return rc;
}

/* The row stays as it is: somebody may know what to do with it. */
static void on_job(void *context, const char *queue, const char *name, const char *doc)
{
    struct jobs *j = context;
    struct err e = {0};
    char shown[48];
    char shown_queue[QUEUE_NAME_MAX + 1];
    if (put_job(j, queue, name, doc, &e) == 0) {
        return;
    }
    str_escape(shown, sizeof shown, name, strlen(name));
    str_escape(shown_queue, sizeof shown_queue, queue, strlen(queue));
    log_error(
        "job %s of queue \"%s\" cannot be read and is left out: %s", shown, shown_queue, e.text);
    j->unread = mem_resize(j->unread, j->unread_count + 1, sizeof(void *));
    j->unread[j->unread_count++] = mem_strdup(doc);
}

/* ---- answers ------------------------------------------------------------------------------------
 */

char *jobs_write_answer(const struct queue_answer *a)
{
    const struct queue_result *r = &a->result;
    return dump(json_pack("{s:I, s:I, s:i, s:s, s:s, s:s, s:b, s:b}", "sequence",
        (json_int_t)a->sequence, "used_ms", (json_int_t)a->used_ms, "code", r->err.code, "field",
        r->err.field, "text", r->err.text, "job", r->job, "copy_done", (int)r->copy_done,
        "job_done", (int)r->job_done));
}

static bool read_answer(const json_t *value, struct queue_answer *a)
{
    json_int_t sequence = 0;
    json_int_t used_ms = 0;
    const char *field;
    const char *text;
    const char *job;
    int copy_done;
    int job_done;
    if (json_unpack((json_t *)(uintptr_t)value, "{s:I, s:I, s:i, s:s, s:s, s:s, s:b, s:b}",
            "sequence", &sequence, "used_ms", &used_ms, "code", &a->result.err.code, "field",
            &field, "text", &text, "job", &job, "copy_done", &copy_done, "job_done",
            &job_done) != 0) {
        return false;
    }
    a->sequence = sequence;
    a->used_ms = used_ms;
    a->result.copy_done = copy_done != 0;
    a->result.job_done = job_done != 0;
    return str_copy(a->result.err.field, sizeof a->result.err.field, field, strlen(field)) &&
           str_copy(a->result.err.text, sizeof a->result.err.text, text, strlen(text)) &&
           str_copy(a->result.job, sizeof a->result.job, job, strlen(job));
}

bool jobs_read_answer(const char *client, const char *doc, size_t len, struct queue_answer *out)
{
    struct err e;
    *out = (struct queue_answer){.sequence = 0};
    json_t *value = parse(doc, len, &e);
    bool right = value != NULL && read_answer(value, out) &&
                 str_copy(out->client, sizeof out->client, client, strlen(client));
    json_decref(value);
    return right;
}

/* Without it a client that repeats itself is not recognised; it is told and forgotten. */
static void on_answer_row(void *context, const char *queue, const char *name, const char *doc)
{
    struct jobs *j = context;
    struct queue_answer a;
    struct slot *slot = jobs_slot(j, queue);
    if (slot != NULL && !slot->network && jobs_read_answer(name, doc, strlen(doc), &a)) {
        queue_load_answer(slot->queue, &a);
    } else {
        log_warn("what a client of a queue was answered last cannot be read and is left out");
    }
}

/* ---- queues -------------------------------------------------------------------------------------
 */

char *jobs_write_queue(const struct jobs_queue *q, int rank, json_t *words)
{
    bool network = strcmp(q->kind, "local") != 0;
    return dump(json_pack("{s:s, s:s, s:b, s:b, s:i, s:o*, s:o*}", "kind", q->kind, "strategy",
        queue_strategy_name(q->strategy), "enabled", (int)q->enabled, "share", (int)q->share,
        "rank", rank, "shared", network ? jobs_write_shared(&q->shared) : NULL, "peers", words));
}

/* Those of this host, in a document of whichever version. */
static bool read_queue(struct slot *slot, const json_t *value)
{
    const char *strategy;
    int enabled;
    int share;
    if (json_unpack((json_t *)(uintptr_t)value, "{s:s, s:b, s:b, s?i}", "strategy", &strategy,
            "enabled", &enabled, "share", &share, "rank", &slot->rank) != 0 ||
        !queue_strategy_parse(strategy, &slot->shown.strategy)) {
        return false;
    }
    slot->shown.enabled = enabled != 0;
    slot->shown.share = share != 0;
    jobs_read_words(slot, json_object_get(value, "peers"));
    return true;
}

static struct slot *slot_of(struct jobs *j, const char *name, const json_t *value)
{
    struct slot *slot = jobs_slot(j, name);
    const char *kind = json_string_value(json_object_get(value, "kind"));
    bool network = kind != NULL && (strcmp(kind, "lan") == 0 || strcmp(kind, "wan") == 0);
    return slot == NULL && network && strlen(name) <= QUEUE_NAME_MAX ? jobs_add_slot(j, name, kind)
                                                                     : slot;
}

/* A queue that cannot be read is not enabled: nobody knows whether it was. */
static void on_queue(void *context, const char *queue, const char *name, const char *doc)
{
    struct jobs *j = context;
    struct err e = {0};
    json_t *value = parse(doc, strlen(doc), &e);
    struct slot *slot = slot_of(j, name, value);
    (void)queue;
    if (slot == NULL) {
        log_warn("a queue of the database is unknown here and left out");
    } else if (!read_queue(slot, value) ||
               (slot->network &&
                   jobs_read_shared(json_object_get(value, "shared"), &slot->shown.shared, &e))) {
        log_error("the settings of queue \"%s\" cannot be read: nothing is taken from it until it "
                  "is enabled again",
            slot->shown.name);
        slot->shown.enabled = false;
    }
    json_decref(value);
}

/* ---- templates ----------------------------------------------------------------------------------
 */

static void on_template(void *context, const char *queue, const char *name, const char *doc)
{
    struct jobs *j = context;
    struct err e = {0};
    struct queue_job *job = jobs_read_job(doc, strlen(doc), &e);
    char shown[80];
    (void)queue;
    if (job == NULL) {
        str_escape(shown, sizeof shown, name, strlen(name));
        log_error("template \"%s\" cannot be read and is left out: %s", shown, e.text);
        return;
    }
    jobs_template_put(j, name, job);
}

int jobs_load(struct jobs *j, struct err *e)
{
    if (store_load_docs(j->store, STORE_QUEUES, on_queue, j, e) != 0) {
        return err_wrap(e, "jobs");
    }
    jobs_sort_slots(j);
    if (store_load_docs(j->store, STORE_JOBS, on_job, j, e) != 0 ||
        store_load_docs(j->store, STORE_ANSWERS, on_answer_row, j, e) != 0 ||
        store_load_docs(j->store, STORE_TEMPLATES, on_template, j, e) != 0) {
        return err_wrap(e, "jobs");
    }
    return 0;
}
