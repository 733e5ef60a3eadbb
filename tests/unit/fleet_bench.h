/* Several hosts in one process: each with its own disk and loop, one log between them. */
#ifndef PP_TESTS_FLEET_BENCH_H
#define PP_TESTS_FLEET_BENCH_H

#include "tests/lib/fake_net.h"
#include "tests/unit/jobs_bench.h"

#define HOSTS 3

/* ---- several hosts ------------------------------------------------------------------------------
 */

struct fleet {
    struct fake_net *net;
    struct jobs_bench *at[HOSTS];
    struct outcome told[HOSTS];
};

static inline void turn(struct fleet *f)
{
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < HOSTS; i++) {
            for (int k = 0; k < 4; k++) {
                uv_run(&f->at[i]->base.loop, UV_RUN_NOWAIT);
            }
        }
    }
}

static inline void settle(struct fleet *f)
{
    for (int i = 0; i < 4; i++) {
        turn(f);
        fake_net_settle(f->net);
    }
    turn(f);
}

static inline void enable_lan(struct jobs_bench *b)
{
    struct answer a = {0};
    struct jobs_queue q = *jobs_queue_find(b->jobs, "LAN");
    q.enabled = true;
    jobs_queue_edit(b->jobs, &q, on_answer, &a);
    wait_for(&b->base, &a, 1);
    assert_int_equal(a.err.code, 0);
}

static inline int fleet_setup(void **state)
{
    struct fleet *f = mem_alloc(sizeof *f);
    f->net = fake_net_new("LAN");
    for (size_t i = 0; i < HOSTS; i++) {
        void *made = NULL;
        jobs_bench_setup(&made);
        f->at[i] = made;
        enable_lan(f->at[i]);
        fake_net_join(f->net, i, f->at[i]->jobs, "LAN");
    }
    *state = f;
    return 0;
}

static inline int fleet_teardown(void **state)
{
    struct fleet *f = *state;
    for (size_t i = 0; i < HOSTS; i++) {
        void *made = f->at[i];
        if (f->net->host[i].jobs != NULL) {
            fake_net_leave(f->net, i);
        }
        jobs_bench_teardown(&made);
    }
    fake_net_free(f->net);
    free(f);
    return 0;
}

static inline const struct queue *lan(const struct fleet *f, size_t i)
{
    return jobs_queue_find(f->at[i]->jobs, "LAN")->queue;
}

static inline void tell(struct fleet *f, size_t i, const struct queue_command *c)
{
    f->told[i].count = 0;
    jobs_do(f->at[i]->jobs, "LAN", c, on_done, &f->told[i]);
    turn(f);
}

static inline struct queue_result give_lan(struct fleet *f, size_t i, const struct queue_command *c)
{
    tell(f, i, c);
    settle(f);
    assert_int_equal(f->told[i].count, 1);
    return f->told[i].result;
}

static inline struct queue_job *network_job(const char *name, const char *path)
{
    struct queue_job *job = one_set(name, path);
    job->sets[0].profiles = mem_array(2, sizeof(char *));
    job->sets[0].profiles[0] = mem_strdup("mk3");
    return job;
}

static inline void submit_lan(
    struct fleet *f, size_t i, const char *name, int count, char id[static ID_SIZE])
{
    put_file(f->at[i], "cube.gcode", CUBE);
    struct queue_job *job = network_job(name, "cube.gcode");
    job->sets[0].count = job->sets[0].remaining = count;
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    struct queue_result r = give_lan(f, i, &c);
    queue_job_free(job);
    if (r.err.code != 0) {
        fail_msg("%s", r.err.text);
    }
    memcpy(id, r.job, ID_SIZE);
}

/* A command of host i's printer. */
static inline struct queue_command of_printer(
    const struct fleet *f, size_t i, enum queue_verb verb, const char *job)
{
    struct queue_command c = order(verb, job);
    const struct queue_job *found = queue_find(lan(f, i), job);
    snprintf(c.printer, sizeof c.printer, "%s", f->net->host[i].printer);
    snprintf(c.profile, sizeof c.profile, "mk3");
    if (found != NULL && (verb == QUEUE_BEGIN || verb == QUEUE_FINISH)) {
        memcpy(c.set, found->sets[0].id, sizeof c.set);
    }
    return c;
}

static inline void check_equal(struct fleet *f)
{
    char *first = fake_net_dump(f->net, 0);
    for (size_t i = 0; i < HOSTS; i++) {
        char *other = fake_net_dump(f->net, i);
        assert_string_equal(first, other);
        fake_net_check_rows(f->net, i);
        free(other);
    }
    free(first);
}

static const char *const run_ids[]
    __attribute__((unused)) = {"01890a5d-ac96-774b-bcce-b302099a8051",
        "01890a5d-ac96-774b-bcce-b302099a8052", "01890a5d-ac96-774b-bcce-b302099a8053"};

static inline struct queue_command of_run(
    const struct fleet *f, size_t i, enum queue_verb verb, const char *job, int run)
{
    struct queue_command c = of_printer(f, i, verb, job);
    snprintf(c.run, sizeof c.run, "%s", run_ids[run]);
    c.success = verb == QUEUE_FINISH;
    return c;
}

#define FLEET_TEST(name) cmocka_unit_test_setup_teardown(name, fleet_setup, fleet_teardown)

#endif
