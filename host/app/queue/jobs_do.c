/* Commands: gathered, applied together, written, answered. */
#include "host/app/queue/jobs_priv.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdlib.h>
#include <string.h>

#define WAITING_MAX     4096
#define TRANSACTION_MAX 128 /* commands: the loop is not held up for longer than they take */

/* ---- requests -----------------------------------------------------------------------------------
 */

void jobs_list_init(struct request_list *l)
{
    *l = (struct request_list){.last = &l->first};
}

void jobs_list_add(struct request_list *l, struct request *r)
{
    r->next = NULL;
    *l->last = r;
    l->last = &r->next;
    l->count++;
}

struct request *jobs_list_take(struct request_list *l)
{
    struct request *r = l->first;
    if (r != NULL) {
        l->first = r->next;
        l->last = l->first != NULL ? l->last : &l->first;
        l->count--;
    }
    return r;
}

struct request *jobs_list_take_id(struct request_list *l, uint64_t id)
{
    for (struct request **at = &l->first; *at != NULL; at = &(*at)->next) {
        struct request *r = *at;
        if (r->id == id) {
            *at = r->next;
            l->last = l->last == &r->next ? at : l->last;
            l->count--;
            return r;
        }
    }
    return NULL;
}

void jobs_requests_init(struct jobs *j)
{
    jobs_list_init(&j->waiting);
    jobs_list_init(&j->writing);
    jobs_list_init(&j->outgoing);
    jobs_list_init(&j->answered);
}

static struct request *request_new(
    const char *queue, const struct queue_command *commands, size_t n, jobs_cb done, void *context)
{
    struct request *r = mem_alloc(sizeof *r);
    str_copy(r->queue, sizeof r->queue, queue, strlen(queue));
    r->commands = mem_array(n, sizeof *commands);
    r->count = n;
    r->done = done;
    r->context = context;
    for (size_t i = 0; i < n; i++) {
        r->commands[i] = commands[i];
        r->commands[i].spec = commands[i].spec != NULL ? jobs_copy_spec(commands[i].spec) : NULL;
    }
    return r;
}

void jobs_answer(struct request *r)
{
    if (r->done != NULL) {
        r->done(r->context, &r->result);
    }
    for (size_t i = 0; i < r->count; i++) {
        queue_job_free(r->commands[i].spec);
    }
    free(r->commands);
    free(r);
}

static void cancel_all(struct request_list *l)
{
    struct request *r;
    while ((r = jobs_list_take(l)) != NULL) {
        err_set(&r->result.err, PP_ECANCELED, "the host is stopping");
        jobs_answer(r);
    }
}

void jobs_cancel_waiting(struct jobs *j)
{
    struct request *r;
    while ((r = jobs_list_take(&j->answered)) != NULL) {
        jobs_answer(r);
    }
    cancel_all(&j->waiting);
    cancel_all(&j->outgoing);
}

/* What a print has come to is never refused: it would not be counted. */
static bool is_of_a_print(enum queue_verb verb)
{
    return verb == QUEUE_BEGIN || verb == QUEUE_FINISH || verb == QUEUE_RELEASE;
}

void jobs_pump_soon(struct jobs *j)
{
    if (!j->closing) {
        uv_idle_start(&j->pump, jobs_pump);
    }
}

void jobs_do_all(struct jobs *j, const char *queue, const struct queue_command *commands, size_t n,
    jobs_cb done, void *context)
{
    bool refused = n == 0 || n > JOBS_ALL_MAX;
    const struct slot *slot = jobs_slot(j, queue);
    bool network = slot != NULL && slot->network;
    struct request_list *list = network ? &j->outgoing : &j->waiting;
    struct request *r = request_new(queue, commands, refused ? 0 : n, done, context);
    if (j->closing) {
        err_set(&r->result.err, PP_ECANCELED, "the host is stopping");
        jobs_answer(r);
        return;
    }
    if (refused) {
        err_set(
            &r->result.err, PP_ETOOBIG, "%zu commands at once: must be 1 to %d", n, JOBS_ALL_MAX);
    } else if (list->count >= WAITING_MAX && !is_of_a_print(commands[0].verb)) {
        err_set(
            &r->result.err, PP_ELIMIT, "%d changes of jobs wait for the disk already", WAITING_MAX);
    }
    jobs_list_add(list, r);
    if (network || !j->busy) {
        jobs_pump_soon(j);
    }
}

void jobs_do(
    struct jobs *j, const char *queue, const struct queue_command *c, jobs_cb done, void *context)
{
    jobs_do_all(j, queue, c, 1, done, context);
}

/* ---- applying -----------------------------------------------------------------------------------
 */

static void hold(struct jobs *j, const struct queue_job *job)
{
    if (job != NULL) {
        j->held = mem_resize(j->held, j->held_count + 1, sizeof(void *));
        j->held[j->held_count++] = queue_job_copy(job);
    }
}

static void let_go_of_held(struct jobs *j)
{
    for (size_t i = 0; i < j->held_count; i++) {
        queue_job_free(j->held[i]);
    }
    free(j->held);
    j->held = NULL;
    j->held_count = 0;
}

/* Might the job need less after this command? Until that is durable it may come back. */
static bool may_let_go(const struct queue_command *c)
{
    return c->verb == QUEUE_ARCHIVE || c->verb == QUEUE_TAKE ||
           (c->verb == QUEUE_EDIT && (c->mask & QUEUE_F_SETS) != 0);
}

static bool was_answered(const struct queue *q, const struct queue_command *c)
{
    const struct queue_answer *last = queue_last_answer(q, c->client);
    return last != NULL && last->sequence >= c->sequence;
}

/* What was applied before has its answer, whatever has become of its files. */
static void apply_one(
    struct jobs *j, struct queue *q, struct queue_command *c, struct queue_result *out)
{
    *out = (struct queue_result){0};
    if (!was_answered(q, c) && jobs_fill(j, q, c, &out->err) != 0) {
        return;
    }
    if (may_let_go(c)) {
        hold(j, queue_find(q, c->job));
    }
    queue_apply(q, c, out);
    if (out->job_done && !out->repeated) {
        hold(j, queue_find(q, out->job));
    }
}

static void undo_all(struct jobs *j)
{
    for (size_t i = 0; i < j->slots_count; i++) {
        if (!j->slots[i]->network) {
            queue_undo(j->slots[i]->queue);
        }
    }
}

/* Of several commands the first alone is remembered: it stands for all. Those have a transaction to
 * themselves, so that they can be taken back. */
static void apply(struct jobs *j, struct request *r)
{
    struct slot *slot = jobs_slot(j, r->queue);
    if (slot == NULL || slot->network) { /* which came, or went, since it was asked for */
        jobs_no_queue(j, r->queue, &r->result.err);
        return;
    }
    for (size_t i = 0; i < r->count; i++) {
        struct queue_result result;
        struct queue_command *c = &r->commands[i];
        jobs_stamp(j, c);
        if (i > 0) {
            c->client[0] = '\0';
        }
        apply_one(j, slot->queue, c, &result);
        if (i == 0 || result.err.code != 0) {
            r->result = result;
        }
        if (result.err.code != 0 && r->count > 1) {
            undo_all(j);
        }
        if (result.err.code != 0 || result.repeated) {
            return;
        }
    }
}

/* ---- writing ------------------------------------------------------------------------------------
 */

struct gathering {
    struct jobs *jobs;
    const char *queue;
    struct store_changes *changes;
};

static void add_job(void *context, const char *id, const struct queue_job *job)
{
    struct gathering *g = context;
    char *doc = job != NULL ? jobs_write_job(job) : NULL;
    store_changes_add(g->changes, STORE_JOBS, g->queue, id, doc);
    g->jobs->jobs_changed = true;
}

static void add_answer(void *context, const char *client, const struct queue_answer *answer_row)
{
    struct gathering *g = context;
    char *doc = answer_row != NULL ? jobs_write_answer(answer_row) : NULL;
    store_changes_add(g->changes, STORE_ANSWERS, g->queue, client, doc);
}

static struct store_changes *gather(struct jobs *j)
{
    struct gathering g = {.jobs = j, .changes = store_changes_new()};
    const struct queue_sink sink = {.job = add_job, .answer = add_answer, .context = &g};
    j->jobs_changed = false;
    for (size_t i = 0; i < j->slots_count; i++) {
        if (!j->slots[i]->network) {
            g.queue = j->slots[i]->shown.name;
            queue_changes(j->slots[i]->queue, &sink);
        }
    }
    return g.changes;
}

static void settle(struct jobs *j, const struct err *e)
{
    for (size_t i = 0; e == NULL && i < j->slots_count; i++) {
        if (!j->slots[i]->network) {
            queue_settle(j->slots[i]->queue);
        }
    }
    if (e != NULL) {
        undo_all(j);
    }
    jobs_forget_content(j);
}

static void answer_all(struct jobs *j, const struct err *e)
{
    struct request *r;
    while ((r = jobs_list_take(&j->writing)) != NULL) {
        if (e != NULL && r->result.err.code == 0) {
            r->result = (struct queue_result){.err = *e};
        }
        jobs_answer(r);
    }
}

static void on_saved(void *context, const struct err *e)
{
    struct jobs *j = context;
    bool left = j->held_count > 0 || e != NULL;
    settle(j, e);
    let_go_of_held(j);
    answer_all(j, e);
    if (j->jobs_changed && e == NULL) {
        hub_emit(j->hub, HUB_JOBS, NULL);
    }
    if (left) {
        files_drop_unused(j->files);
    }
    j->busy = false;
    if (j->closing) {
        jobs_close_handles(j);
    } else if (j->waiting.count > 0) {
        uv_idle_start(&j->pump, jobs_pump);
    }
}

/* The requests of the next transaction: several, or one of several commands alone. */
static void take_requests(struct jobs *j)
{
    for (int n = 0; n < TRANSACTION_MAX && j->waiting.first != NULL; n++) {
        bool alone = j->waiting.first->count > 1;
        if (alone && n > 0) {
            return;
        }
        jobs_list_add(&j->writing, jobs_list_take(&j->waiting));
        if (alone) {
            return;
        }
    }
}

static void begin(struct jobs *j)
{
    j->busy = true;
    take_requests(j);
    for (struct request *r = j->writing.first; r != NULL; r = r->next) {
        if (r->result.err.code == 0) {
            apply(j, r);
        }
    }
    jobs_forget_content(j);
    struct store_changes *changes = gather(j);
    if (store_changes_count(changes) > 0) {
        store_save_changes(j->store, changes, on_saved, j);
        return;
    }
    store_changes_free(changes);
    on_saved(j, NULL);
}

void jobs_pump(uv_idle_t *pump)
{
    struct jobs *j = pump->data;
    uv_idle_stop(pump);
    jobs_answer_refused(j);
    jobs_net_pump(j);
    if (!j->busy && !j->closing && j->waiting.count > 0) {
        begin(j);
    }
}
