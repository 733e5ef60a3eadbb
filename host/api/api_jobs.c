/* Jobs: the lists, one of them, a new one. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/api/query.h"
#include "host/api/view_jobs.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 200
#define LIST_MAX     1000

/* A list on its way out, a piece in each turn of the loop: which jobs, and where each stands, is
 * what it was at the request; the jobs themselves are as they are when their piece is made. One
 * that is gone by then is left out. */
struct listing {
    struct view_lens lens;
    char queue[QUEUE_NAME_MAX + 1];
    char (*ids)[ID_SIZE]; /* owned */
    size_t count;
    size_t at;
    size_t offset; /* of the first in its queue; SIZE_MAX: the archive, which has no positions */
    bool any;      /* one is in the text */
    bool ended;
    struct strbuf text;
};

static void add_job(struct listing *l)
{
    const struct jobs_queue *queue = jobs_queue_find(l->lens.http->o.jobs, l->queue);
    if (l->at == l->count || queue == NULL) {
        strbuf_puts(&l->text, "]}");
        l->ended = true;
        return;
    }
    const struct queue_job *job = queue_find(queue->queue, l->ids[l->at]);
    size_t position = l->offset != SIZE_MAX ? l->offset + l->at + 1 : 0;
    l->at++;
    if (job == NULL) {
        return;
    }
    json_t *value =
        view_queue_job(&l->lens, queue, job, job->archived_ms == 0 ? position : 0);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
    strbuf_printf(&l->text, "%s%s", l->any ? "," : "", text != NULL ? text : "null");
    l->any = true;
    free(text);
    json_decref(value);
}

static ssize_t read_listing(void *context, uint64_t position, char *out, size_t size)
{
    struct listing *l = context;
    (void)position;
    while (!l->ended && l->text.len < size) {
        add_job(l);
    }
    size_t len = l->text.len < size ? l->text.len : size;
    if (len == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    memcpy(out, l->text.data, len);
    l->text.len -= len;
    memmove(l->text.data, l->text.data + len, l->text.len);
    return (ssize_t)len;
}

static void free_listing(void *context)
{
    struct listing *l = context;
    strbuf_fini(&l->text);
    free(l->ids);
    free(l);
}

static void collect(struct listing *l, const struct queue *q, bool archive, size_t offset, size_t max)
{
    size_t at = 0;
    const struct queue_job *job = archive ? queue_archive_first(q) : queue_first(q);
    l->ids = mem_array(max, sizeof *l->ids);
    l->offset = archive ? SIZE_MAX : offset;
    for (; job != NULL && l->count < max; at++) {
        if (at >= offset) {
            memcpy(l->ids[l->count++], job->id, ID_SIZE);
        }
        job = archive ? queue_archive_after(q, job) : queue_after(q, job);
    }
}

static void reply_list(
    struct request *r, const struct jobs_queue *queue, bool archive, size_t offset, size_t max)
{
    struct listing *l = mem_alloc(sizeof *l);
    size_t total = archive ? queue_archive_count(queue->queue) : queue_count(queue->queue);
    view_lens_open(&l->lens, r->http);
    str_copy(l->queue, sizeof l->queue, queue->name, strlen(queue->name));
    collect(l, queue->queue, archive, offset, max);
    strbuf_printf(&l->text, "{\"total\":%zu,\"jobs\":[", total);
    reply_pieces(r, 200, read_listing, free_listing, l);
}

void api_jobs(struct request *r)
{
    int64_t limit = LIST_DEFAULT;
    int64_t offset = 0;
    struct err e = {0};
    const char *name = request_argument(r, "queue");
    bool archive = name != NULL && strcmp(name, QUEUE_ARCHIVED) == 0;
    if (job_command_jobs(r) == NULL) {
        return;
    }
    int rc = query_int(r, "limit", 1, LIST_MAX, &limit, &e);
    rc = rc == 0 ? query_int(r, "offset", 0, QUEUE_JOBS_MAX, &offset, &e) : rc;
    const struct jobs_queue *queue =
        rc == 0 ? job_command_queue(r, name == NULL || archive ? QUEUE_LOCAL : name, &e) : NULL;
    if (queue == NULL) {
        reply_error(r, &e);
        return;
    }
    reply_list(r, queue, archive, (size_t)offset, (size_t)limit);
}

void api_job(struct request *r)
{
    const struct jobs_queue *queue;
    const struct queue_job *job = job_command_find(r, &queue);
    if (job != NULL) {
        reply_json(r, 200, view_one_job(r->http, queue, job));
    }
}

/* Where a new job comes, in the words of QUEUE_SUBMIT. */
static void choose_place(
    const struct jobs_queue *queue, int64_t position, char after[static ID_SIZE])
{
    if (position == 0) {
        after[0] = '\0';
        return;
    }
    const struct queue_job *behind = job_command_behind(queue->queue, position, NULL);
    str_copy(after, ID_SIZE, behind != NULL ? behind->id : "-",
        behind != NULL ? strlen(behind->id) : 1);
}

void job_command_submit(struct request *r, struct job_input *in)
{
    struct queue_command c;
    struct err e = {0};
    const struct jobs_queue *queue = NULL;
    int rc = job_command_init(r, &c, &e);
    if (rc == 0) {
        queue = job_command_queue(r, in->queue, &e);
    }
    if (queue == NULL) {
        reply_error(r, &e);
        return;
    }
    c.verb = QUEUE_SUBMIT;
    c.spec = in->job;
    choose_place(queue, in->position, c.after);
    if (in->job->submitter == NULL || in->job->submitter[0] == '\0') {
        free(in->job->submitter);
        in->job->submitter = mem_strdup(r->key_name);
    }
    job_command_send(r, queue->name, &c, 201);
}

void api_job_add(struct request *r)
{
    struct job_input in = {0};
    struct err e = {0};
    if (job_command_jobs(r) == NULL) {
        return;
    }
    struct job_known known = job_command_known(r);
    if (!reply_failed(r, job_input_new(r->input, &known, &in, &e), &e)) {
        log_info("job \"%s\" added by %s", in.job->name, r->key_name);
        job_command_submit(r, &in);
    }
    job_input_fini(&in);
}
