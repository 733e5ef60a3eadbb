/* Managing with everything that belongs to it: a real device on a scripted Marlin, store, files,
 * jobs, scripts, spools. Nothing sleeps (device_bench.h). */
#ifndef TEST_MANAGE_BENCH_H
#define TEST_MANAGE_BENCH_H

#include "host/app/queue/manage_priv.h"
#include "tests/unit/device_bench.h"

#define SWEEP "G1 Y150 F6000\nG1 Y5\n"

struct manage_bench {
    struct bench *b;
    struct jobs *jobs;
    struct scripts *scripts;
    struct spools *spools;
    struct manage *m;
    struct manage_settings settings;
    size_t begun; /* runs */
    size_t succeeded;
    size_t on_dirty_bed; /* begun on a bed that was not clear */
    size_t told;         /* HUB_MANAGE */
};

static inline void on_bench_hub(void *context, enum hub_event event, const void *data)
{
    struct manage_bench *t = context;
    const struct run *run = data;
    if (event == HUB_MANAGE) {
        t->told++;
    } else if (run->result == RUN_OPEN) {
        t->begun++;
        t->on_dirty_bed += status(t->b).bed != BED_CLEAR;
    } else {
        t->succeeded += run->result == RUN_SUCCESS;
    }
}

static inline void on_script_stored(void *context, const struct err *e)
{
    assert_null(e);
    *(bool *)context = true;
}

/* What comes by default is left out: each test hangs on what it wants. */
static inline void clear_hooks(struct manage_bench *t)
{
    for (int i = 0; i < MOMENTS; i++) {
        struct err e;
        bool done = false;
        enum driver_moment moment = (enum driver_moment)i;
        assert_int_equal(
            scripts_set_hooks(t->scripts, moment, NULL, 0, on_script_stored, &done, &e), 0);
        RUN_UNTIL(t->b, done);
    }
}

static inline void open_queue_parts(struct manage_bench *t)
{
    static const char *const dirs[] = {PP_SOURCE_DIR "/profiles", NULL};
    struct bench *b = t->b;
    struct err e;
    int rc = scripts_open(&t->scripts, dirs, b->store, &e);
    rc = rc == 0 ? spools_open(&t->spools, dirs, b->store, &e) : rc;
    rc = rc == 0 ? jobs_open(&t->jobs, &b->loop, &(struct jobs_options){.host_name = "bench"},
                       b->store, b->files, b->hub, &e)
                 : rc;
    if (rc != 0) {
        fail_msg("%s", e.text);
    }
    spools_set_hub(t->spools, b->hub);
    hub_add(b->hub, 1u << HUB_RUN | 1u << HUB_MANAGE, on_bench_hub, t);
}

static inline void open_manage(struct manage_bench *t)
{
    struct err e;
    const struct manage_options o = {.name = "bench",
        .device = t->b->device,
        .jobs = t->jobs,
        .files = t->b->files,
        .scripts = t->scripts,
        .spools = t->spools,
        .hub = t->b->hub,
        .store = t->b->store,
        .profile = t->b->options.profile,
        .settings = t->settings};
    if (manage_open(&t->m, &t->b->loop, &o, &e) != 0) {
        fail_msg("%s", e.text);
    }
}

static inline struct manage_bench *manage_bench_new(void)
{
    struct manage_bench *t = mem_alloc(sizeof *t);
    t->settings = (struct manage_settings){
        .driver = {.attempts = 3,
            .early_ms = 3600000,
            .give_up = DRIVER_GIVE_UP_STOP,
            .on_cancel_stop = true,
            .cooldown_mc = 30000,
            .cooldown_timeout_ms = 3600000},
        .material_check = true,
    };
    t->b = make_bench(&bench_profile);
    return t;
}

/* Everything up, the printer connected, nothing managed. */
static inline void open_all(struct manage_bench *t)
{
    open_device(t->b);
    open_queue_parts(t);
    clear_hooks(t);
    open_manage(t);
    UNTIL_STATE(t->b, PRINTER_OPERATIONAL);
}

static inline struct manage_bench *ready(void)
{
    struct manage_bench *t = manage_bench_new();
    open_all(t);
    return t;
}

static inline void on_manage_closed(void *context)
{
    ((struct manage_bench *)context)->m = NULL;
}

static inline void on_queue_parts_closed(void *context)
{
    ((struct manage_bench *)context)->jobs = NULL;
}

static inline void close_manage(struct manage_bench *t)
{
    manage_close(t->m, on_manage_closed, t);
    RUN_UNTIL(t->b, t->m == NULL);
}

/* The program's half, in the host's order; the printer stays. */
static inline void close_all(struct manage_bench *t)
{
    struct bench *b = t->b;
    if (t->m != NULL) {
        close_manage(t);
    }
    device_close(b->device, false, on_device_closed, b);
    RUN_UNTIL(b, b->closed);
    settle(b);
    jobs_close(t->jobs, on_queue_parts_closed, t);
    RUN_UNTIL(b, t->jobs == NULL);
    spools_set_hub(t->spools, NULL);
    spools_close(t->spools);
    scripts_close(t->scripts);
    shut(b);
}

static inline void done_with(struct manage_bench *t)
{
    assert_int_equal(t->on_dirty_bed, 0);
    close_all(t);
    finish(t->b);
    free(t);
}

/* ---- the queue ---------------------------------------------------------------------------------
 */

struct outcome {
    bool told;
    struct queue_result result;
};

static inline void on_outcome(void *context, const struct queue_result *result)
{
    struct outcome *o = context;
    o->told = true;
    o->result = *result;
}

static inline struct queue_result give(struct manage_bench *t, const struct queue_command *c)
{
    struct outcome o = {.told = false};
    jobs_do(t->jobs, QUEUE_LOCAL, c, on_outcome, &o);
    RUN_UNTIL(t->b, o.told);
    return o.result;
}

/* A job of one set; *id may be NULL. */
static inline void submit(
    struct manage_bench *t, const char *name, const char *file, int count, char *id)
{
    struct queue_job *job = queue_job_new();
    struct queue_set *set = queue_job_add_set(job);
    free(job->name);
    job->name = mem_strdup(name);
    set->path = mem_strdup(file);
    set->count = set->remaining = count;
    set->time_ms = -1;
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    struct queue_result r = give(t, &c);
    queue_job_free(job);
    if (r.err.code != 0) {
        fail_msg("%s", r.err.text);
    }
    if (id != NULL) {
        memcpy(id, r.job, ID_SIZE);
    }
}

static inline const struct queue *local(const struct manage_bench *t)
{
    return jobs_queue_find(t->jobs, QUEUE_LOCAL)->queue;
}

static inline const struct queue_job *job(const struct manage_bench *t, const char *id)
{
    return queue_find(local(t), id);
}

/* ---- scripts, people ---------------------------------------------------------------------------
 */

/* One script, called as its moment. */
static inline void hook(
    struct manage_bench *t, const char *moment, const char *body, bool clears_bed)
{
    struct err e;
    bool done = false;
    json_t *all = json_pack("{s:{s:{s:s, s:b}}, s:{s:[{s:s}]}}", "scripts", moment, "body", body,
        "clears_bed", clears_bed, "events", moment, "script", moment);
    if (scripts_replace(t->scripts, all, on_script_stored, &done, &e) != 0) {
        fail_msg("%s", e.text);
    }
    json_decref(all);
    RUN_UNTIL(t->b, done);
}

static inline void say_clear(struct manage_bench *t)
{
    assert_int_equal(device_confirm(t->b->device, "", "clear", &refused), 0);
}

static inline bool asks(const struct manage_bench *t, const char *kind)
{
    struct device_status st = status(t->b);
    for (size_t i = 0; i < st.questions; i++) {
        if (strcmp(st.question[i].kind, kind) == 0) {
            return true;
        }
    }
    return false;
}

static inline void answer_with(struct manage_bench *t, const char *kind, const char *answer_text)
{
    RUN_UNTIL(t->b, asks(t, kind));
    struct device_status st = status(t->b);
    for (size_t i = 0; i < st.questions; i++) {
        if (strcmp(st.question[i].kind, kind) == 0 &&
            device_confirm(t->b->device, st.question[i].id, answer_text, &refused) != 0) {
            fail_msg("%s", refused.text);
        }
    }
}

static inline struct manage_status managing(const struct manage_bench *t)
{
    struct manage_status s;
    manage_status(t->m, &s);
    return s;
}

static inline void start_managing(struct manage_bench *t)
{
    assert_int_equal(manage_start(t->m, &refused), 0);
}

#define UNTIL_DRIVER(t, wanted) RUN_UNTIL((t)->b, managing(t).state == (wanted))

#endif
