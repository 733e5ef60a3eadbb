/* Queue, writer thread, answers.
 *
 * Happy path: store_queue() appends a job and wakes the writer; the writer takes all that wait,
 * runs neighbouring writes in one transaction (one fsync for all of them), hands the jobs back and
 * wakes the loop, where each is answered. If a shared transaction fails, each of its jobs is tried
 * again in one of its own, so that a bad job fails alone.
 *
 * Failure modes: more than BACKLOG jobs unanswered (the disk hangs): PP_ELIMIT at once, memory
 * stays bounded; a job queued while the last ones are being written at close: PP_ECANCELED.
 */
#include "host/io/store_impl.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/io/store_schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG   1024
#define GROUP_MAX 256

enum writer_state {
    WRITER_RUNS,
    WRITER_STOPS,   /* close was asked for: write what is queued */
    WRITER_DRAINED, /* takes no more jobs, closes the database */
    WRITER_GONE
};

struct job_list {
    struct job *first;
    struct job **last;
};

struct store {
    uv_async_t async;
    uv_thread_t thread;
    bool unclean;
    struct temp_gate gate;
    void (*closed)(void *context);
    void *closed_context;

    uv_mutex_t db_lock; /* protects db; never taken while holding `lock` */
    sqlite3 *db;

    uv_mutex_t lock; /* protects what follows */
    uv_cond_t wake;
    enum writer_state state;
    struct job_list queued;
    struct job_list answered;
    size_t unanswered;
    struct err close_err;
};

static void list_init(struct job_list *l)
{
    l->first = NULL;
    l->last = &l->first;
}

/* Appends a chain of jobs. */
static void list_add(struct job_list *l, struct job *chain)
{
    *l->last = chain;
    while (*l->last != NULL) {
        l->last = &(*l->last)->next;
    }
}

static struct job *list_take(struct job_list *l)
{
    struct job *first = l->first;
    list_init(l);
    return first;
}

/* ---- writer thread ------------------------------------------------------------------------------
 */

static void run_job(sqlite3 *db, struct job *j)
{
    j->err = (struct err){0};
    if (j->kind->run(db, j->data, &j->err) != 0) {
        err_wrap(&j->err, "%s", j->kind->name);
    }
}

/* Without a transaction nobody need try again: each try would wait for the lock anew. */
static bool begin(sqlite3 *db, struct job *first, const struct job *end)
{
    struct err e = {0};
    if (sql_exec(db, "BEGIN IMMEDIATE", &e) == 0) {
        return true;
    }
    for (struct job *j = first; j != end; j = j->next) {
        j->err = e;
        err_wrap(&j->err, "%s", j->kind->name);
    }
    return false;
}

/* Runs the jobs from `first` up to `end` in one transaction; false if it failed for one of them,
 * and then nothing of it was done. */
static bool run_together(sqlite3 *db, struct job *first, const struct job *end)
{
    if (!begin(db, first, end)) {
        return true;
    }
    for (struct job *j = first; j != end; j = j->next) {
        run_job(db, j);
        if (j->err.code != 0) {
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
            return false;
        }
    }
    if (sql_exec(db, "COMMIT", &first->err) != 0) {
        err_wrap(&first->err, "%s", first->kind->name);
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return false;
    }
    return true;
}

static void run_writes(sqlite3 *db, struct job *first, const struct job *end)
{
    if (run_together(db, first, end) || first->next == end) {
        return;
    }
    for (struct job *j = first; j != end; j = j->next) {
        run_together(db, j, j->next);
    }
}

static void run_batch(sqlite3 *db, struct job *first)
{
    while (first != NULL) {
        struct job *end = first->next;
        if (!first->kind->writes) {
            run_job(db, first);
        } else {
            for (int n = 1; end != NULL && end->kind->writes && n < GROUP_MAX; n++) {
                end = end->next;
            }
            run_writes(db, first, end);
        }
        first = end;
    }
}

/* The jobs that wait; NULL when it is time to go. */
static struct job *take_batch(struct store *s)
{
    uv_mutex_lock(&s->lock);
    while (s->queued.first == NULL && s->state == WRITER_RUNS) {
        uv_cond_wait(&s->wake, &s->lock);
    }
    struct job *batch = list_take(&s->queued);
    if (batch == NULL) {
        s->state = WRITER_DRAINED;
    }
    uv_mutex_unlock(&s->lock);
    return batch;
}

static void writer(void *arg)
{
    struct store *s = arg;
    struct err e = {0};
    struct job *batch;
    while ((batch = take_batch(s)) != NULL) {
        uv_mutex_lock(&s->db_lock);
        run_batch(s->db, batch);
        uv_mutex_unlock(&s->db_lock);
        uv_mutex_lock(&s->lock);
        list_add(&s->answered, batch);
        uv_mutex_unlock(&s->lock);
        uv_async_send(&s->async);
    }
    schema_close(s->db, &e);
    uv_mutex_lock(&s->lock);
    s->close_err = e;
    s->state = WRITER_GONE;
    uv_async_send(&s->async); /* within the lock: the loop may free `s` once it sees the state */
    uv_mutex_unlock(&s->lock);
}

/* ---- loop thread --------------------------------------------------------------------------------
 */

static void free_job(struct job *j)
{
    if (j->kind->fini != NULL) {
        j->kind->fini(j->data);
    }
    free(j->data);
    free(j);
}

static void answer(struct job *j)
{
    const struct err *e = j->err.code != 0 ? &j->err : NULL;
    if (j->kind->answer != NULL) {
        j->kind->answer(j, e);
    } else if (j->done != NULL) {
        j->done(j->context, e);
    }
    free_job(j);
}

static void destroy(struct store *s)
{
    uv_cond_destroy(&s->wake);
    uv_mutex_destroy(&s->lock);
    uv_mutex_destroy(&s->db_lock);
    free(s);
}

static void on_closed(uv_handle_t *handle)
{
    struct store *s = handle->data;
    void (*closed)(void *) = s->closed;
    void *context = s->closed_context;
    destroy(s);
    if (closed != NULL) {
        closed(context);
    }
}

static void end_writer(struct store *s)
{
    uv_thread_join(&s->thread);
    if (s->close_err.code != 0) {
        log_warn("the database is closed but not marked so: %s", s->close_err.text);
    }
    uv_close((uv_handle_t *)&s->async, on_closed);
}

static void on_async(uv_async_t *async)
{
    struct store *s = async->data;
    uv_mutex_lock(&s->lock);
    struct job *j = list_take(&s->answered);
    uv_mutex_unlock(&s->lock);
    size_t count = 0;
    for (struct job *next; j != NULL; j = next, count++) {
        next = j->next;
        answer(j);
    }
    uv_mutex_lock(&s->lock);
    s->unanswered -= count;
    bool gone = s->state == WRITER_GONE && s->answered.first == NULL;
    uv_mutex_unlock(&s->lock);
    if (gone && !uv_is_closing((uv_handle_t *)async)) {
        end_writer(s);
    }
}

void store_queue(
    struct store *s, const struct job_kind *kind, void *data, store_cb done, void *context)
{
    struct job *j = mem_alloc(sizeof *j);
    *j = (struct job){.kind = kind, .data = data, .done = done, .context = context};
    assert(!uv_is_closing((uv_handle_t *)&s->async));
    uv_mutex_lock(&s->lock);
    s->unanswered++;
    if (s->state >= WRITER_DRAINED) {
        err_set(&j->err, PP_ECANCELED, "%s: the database is being closed", kind->name);
    } else if (s->unanswered > BACKLOG) {
        err_set(
            &j->err, PP_ELIMIT, "%s: %d changes wait for the disk already", kind->name, BACKLOG);
    }
    bool refused = j->err.code != 0;
    list_add(refused ? &s->answered : &s->queued, j); /* from here on `j` may be gone */
    uv_cond_signal(&s->wake);
    uv_mutex_unlock(&s->lock);
    if (refused) {
        uv_async_send(&s->async);
    }
}

bool store_has_room(struct store *s)
{
    uv_mutex_lock(&s->lock);
    bool room = s->state == WRITER_RUNS && s->unanswered < BACKLOG / 2;
    uv_mutex_unlock(&s->lock);
    return room;
}

struct temp_gate *store_temp_gate(struct store *s)
{
    return &s->gate;
}

sqlite3 *store_lock(struct store *s)
{
    uv_mutex_lock(&s->db_lock);
    return s->db;
}

void store_unlock(struct store *s)
{
    uv_mutex_unlock(&s->db_lock);
}

void *store_copy(const void *bytes, size_t size)
{
    void *copy = mem_alloc(size);
    memcpy(copy, bytes, size);
    return copy;
}

/* ---- open and close
 * ------------------------------------------------------------------------------ */

static struct store *create(sqlite3 *db, bool unclean)
{
    struct store *s = mem_alloc(sizeof *s);
    s->db = db;
    s->unclean = unclean;
    list_init(&s->queued);
    list_init(&s->answered);
    if (uv_mutex_init(&s->db_lock) != 0 || uv_mutex_init(&s->lock) != 0 ||
        uv_cond_init(&s->wake) != 0) {
        abort(); /* fails only for want of memory */
    }
    return s;
}

static int start(struct store *s, uv_loop_t *loop, struct err *e)
{
    int rc = uv_async_init(loop, &s->async, on_async);
    if (rc != 0) {
        err_set(e, PP_EIO, "database: %s", uv_strerror(rc));
        goto fail;
    }
    s->async.data = s;
    rc = uv_thread_create(&s->thread, writer, s);
    if (rc == 0) {
        return 0;
    }
    err_set(e, PP_EIO, "database thread: %s", uv_strerror(rc));
    schema_close(s->db, NULL);
    uv_close((uv_handle_t *)&s->async, on_closed);
    return -PP_EIO;
fail:
    schema_close(s->db, NULL);
    destroy(s);
    return -PP_EIO;
}

int store_open(struct store **out, uv_loop_t *loop, const char *path, struct err *e)
{
    sqlite3 *db;
    bool unclean;
    int rc = schema_open(&db, path, &unclean, e);
    if (rc != 0) {
        return rc;
    }
    struct store *s = create(db, unclean);
    rc = start(s, loop, e);
    if (rc == 0) {
        *out = s;
    }
    return rc;
}

bool store_was_unclean(const struct store *s)
{
    return s->unclean;
}

void store_close(struct store *s, void (*closed)(void *context), void *context)
{
    s->closed = closed;
    s->closed_context = context;
    uv_mutex_lock(&s->lock);
    assert(s->state == WRITER_RUNS);
    s->state = WRITER_STOPS;
    uv_cond_signal(&s->wake);
    uv_mutex_unlock(&s->lock);
}
