/* Store, files, hub and jobs of one data directory, with their loop, for one test. */
#ifndef PP_TESTS_JOBS_BENCH_H
#define PP_TESTS_JOBS_BENCH_H

#include "host/app/profile.h"
#include "host/app/queue/jobs.h"
#include "tests/unit/store_bench.h"

#define CUBE "G28\nG1 X10 Y10 Z0.2 F3000\nG1 X50 Y10 E2\nG1 X50 Y50 E4\n"

struct jobs_bench {
    struct store_bench base; /* first: its helpers take it */
    struct files *files;
    struct hub *hub;
    struct jobs *jobs;
    struct jobs_retention keep;
    const struct profiles *profiles;
    int told; /* HUB_JOBS */
};

static inline void jobs_bench_on_hub(void *context, enum hub_event event, const void *data)
{
    (void)event;
    (void)data;
    (*(int *)context)++;
}

static inline void open_jobs(struct jobs_bench *b)
{
    struct err e = {0};
    if (b->base.store == NULL) {
        open_store(&b->base);
    }
    b->hub = hub_new();
    hub_add(b->hub, 1u << HUB_JOBS, jobs_bench_on_hub, &b->told);
    if (files_open(&b->files, &b->base.loop, b->base.store, b->base.dir, 1 << 20, &e) != 0 ||
        jobs_open(&b->jobs, &b->base.loop,
            &(struct jobs_options){.host_name = "mk3", .profiles = b->profiles, .keep = b->keep},
            b->base.store, b->files, b->hub, &e) != 0) {
        fail_msg("%s", e.text);
    }
}

static inline void on_jobs_closed(void *context)
{
    struct jobs_bench *b = context;
    b->jobs = NULL;
    files_close(b->files);
    store_close(b->base.store, NULL, NULL);
    b->base.store = NULL;
}

static inline void close_jobs(struct jobs_bench *b)
{
    jobs_close(b->jobs, on_jobs_closed, b);
    uv_run(&b->base.loop, UV_RUN_DEFAULT);
    assert_null(b->jobs);
    hub_free(b->hub);
}

static inline void reopen_jobs(struct jobs_bench *b)
{
    close_jobs(b);
    open_jobs(b);
}

static inline int jobs_bench_setup(void **state)
{
    struct jobs_bench *b = mem_alloc(sizeof *b);
    char blobs[TEMPDIR_SIZE + 8];
    tempdir_make(b->base.dir);
    snprintf(b->base.path, sizeof b->base.path, "%s/pphost.db", b->base.dir);
    snprintf(blobs, sizeof blobs, "%s/blobs", b->base.dir);
    mkdir(blobs, 0700);
    assert_int_equal(uv_loop_init(&b->base.loop), 0);
    open_jobs(b);
    *state = b;
    return 0;
}

static inline int jobs_bench_teardown(void **state)
{
    struct jobs_bench *b = *state;
    close_jobs(b);
    return store_bench_teardown(state);
}

/* ---- files --------------------------------------------------------------------------------------
 */

static inline void on_file_put(void *context, const struct err *e, const struct file_entry *entry)
{
    (void)entry;
    on_answer(context, e);
}

static inline void put_file(struct jobs_bench *b, const char *name, const char *text)
{
    struct upload *u;
    struct answer a = {0};
    struct err e = {0};
    if (files_begin(b->files, name, &u, &e) != 0 || files_write(u, text, strlen(text), &e) != 0) {
        fail_msg("%s", e.text);
    }
    files_commit(u, on_file_put, &a);
    wait_for(&b->base, &a, 1);
    if (a.err.code != 0) {
        fail_msg("%s", a.err.text);
    }
}

/* ---- commands -----------------------------------------------------------------------------------
 */

struct outcome {
    int count;
    struct queue_result result;
};

static inline void on_done(void *context, const struct queue_result *result)
{
    struct outcome *o = context;
    o->count++;
    o->result = *result;
}

static inline void wait_done(struct jobs_bench *b, const struct outcome *o, int count)
{
    while (o->count < count) {
        uv_run(&b->base.loop, UV_RUN_ONCE);
    }
}

static inline struct queue_result run_all(
    struct jobs_bench *b, const struct queue_command *commands, size_t n)
{
    struct outcome o = {0};
    jobs_do_all(b->jobs, QUEUE_LOCAL, commands, n, on_done, &o);
    assert_int_equal(o.count, 0);
    wait_done(b, &o, 1);
    return o.result;
}

static inline struct queue_result run(struct jobs_bench *b, const struct queue_command *c)
{
    return run_all(b, c, 1);
}

/* A job of one set of this file. */
static inline struct queue_job *one_set(const char *name, const char *path)
{
    struct queue_job *job = queue_job_new();
    free(job->name);
    job->name = mem_strdup(name);
    struct queue_set *set = queue_job_add_set(job);
    set->path = mem_strdup(path);
    return job;
}

/* Submits and frees the job. */
static inline struct queue_result submit_job(struct jobs_bench *b, struct queue_job *job)
{
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    struct queue_result r = run(b, &c);
    queue_job_free(job);
    return r;
}

static inline void submit(
    struct jobs_bench *b, const char *name, const char *path, char id[static ID_SIZE])
{
    struct queue_result r = submit_job(b, one_set(name, path));
    if (r.err.code != 0) {
        fail_msg("%s", r.err.text);
    }
    memcpy(id, r.job, ID_SIZE);
}

static inline struct queue_command order(enum queue_verb verb, const char *job)
{
    struct queue_command c = {.verb = verb, .revision = -1};
    snprintf(c.job, sizeof c.job, "%.36s", job);
    return c;
}

static inline int give(struct jobs_bench *b, enum queue_verb verb, const char *job)
{
    struct queue_command c = order(verb, job);
    return run(b, &c).err.code;
}

static inline const struct queue *local(const struct jobs_bench *b)
{
    return jobs_queue_find(b->jobs, QUEUE_LOCAL)->queue;
}

/* All of a queue in order, then its archive, as text; free() it. */
static inline char *dump_queue(const struct queue *q)
{
    json_t *all = json_array();
    const struct queue_job *job = queue_first(q);
    for (; job != NULL; job = queue_after(q, job)) {
        json_array_append_new(all, queue_job_to_json(job));
    }
    for (job = queue_archive_first(q); job != NULL; job = queue_archive_after(q, job)) {
        json_array_append_new(all, queue_job_to_json(job));
    }
    char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(all);
    return text;
}

#define JOBS_TEST(name) cmocka_unit_test_setup_teardown(name, jobs_bench_setup, jobs_bench_teardown)

#endif
