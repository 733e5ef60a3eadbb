// link: ppapp
// with: fake_net
/* Laws of network queues, for any order in which things come about, by seed (PP_SEED=N replays one,
 * PP_SEEDS=N runs as many): three hosts submit, claim, print, change and remove, while their words
 * are kept, committed, repeated, delayed, given up, and while they are restarted:
 *   - in the end every host has the same queue, on its disk too, and nothing lies on top of it;
 *   - a print that its host was told is begun, and that ended well, counts one; no other counts.
 *     (Of a job that was removed while nobody could know of its print, it is one too many.)
 *   - of a job no more is printed than was asked for.
 */
#include "tests/unit/fleet_bench.h"

#include <inttypes.h>

#define SEEDS 10
#define STEPS 250
#define JOBS  6

static uint64_t random_state;

static uint64_t below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % limit;
}

/* What a host's history knows of one print. */
struct print {
    char job[ID_SIZE];
    char set[ID_SIZE];
    char run[ID_SIZE];
    bool asked;   /* BEGIN is on its way */
    bool begun;   /* and was told to be good */
    bool success; /* of its end */
    bool ended;
    bool asked_end;
    bool told; /* its end is on the disk */
};

struct model {
    struct fleet *f;
    char job[JOBS][ID_SIZE];
    size_t jobs;
    struct print now[HOSTS];
    bool claiming[HOSTS];
    int printed[JOBS]; /* well, and told */
    unsigned runs;
};

static void make_id(char out[static ID_SIZE], unsigned kind, unsigned n)
{
    snprintf(out, ID_SIZE, "%08x-0000-7000-8000-%012x", kind, n);
}

/* ---- what hosts do ---- */

static void on_any(void *context, const struct queue_result *result)
{
    (void)context;
    (void)result;
}

static void say_it(
    struct model *m, size_t i, const struct queue_command *c, jobs_cb done, void *ctx)
{
    jobs_do(m->f->at[i]->jobs, "LAN", c, done != NULL ? done : on_any, ctx);
}

static void submit_one(struct model *m, size_t i)
{
    if (m->jobs == JOBS) {
        return;
    }
    struct queue_job *job = network_job("job", "cube.gcode");
    make_id(job->id, 1, (unsigned)m->jobs);
    make_id(job->sets[0].id, 2, (unsigned)m->jobs);
    job->sets[0].sha256 = mem_printf("%064d", 7);
    job->sets[0].count = job->sets[0].remaining = (int32_t)below(3) + 1;
    job->count = job->remaining = (int32_t)below(2) + 1;
    job->share = below(3) == 0;
    memcpy(m->job[m->jobs++], job->id, ID_SIZE);
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    say_it(m, i, &c, NULL, NULL);
    queue_job_free(job);
}

static const struct queue_claim *claim_of(const struct model *m, size_t i, const char *id)
{
    const struct queue_job *job = queue_find(lan(m->f, i), id);
    for (size_t k = 0; job != NULL && k < job->claims_count; k++) {
        if (strcmp(job->claims[k].printer, m->f->net->host[i].printer) == 0) {
            return &job->claims[k];
        }
    }
    return NULL;
}

static void on_claimed(void *context, const struct queue_result *result)
{
    (void)result;
    *(bool *)context = false;
}

static void claim(struct model *m, size_t i, const char *id)
{
    struct queue_command c = of_printer(m->f, i, QUEUE_CLAIM, id);
    if (!m->claiming[i] && queue_find(lan(m->f, i), id) != NULL) {
        m->claiming[i] = true;
        say_it(m, i, &c, on_claimed, &m->claiming[i]);
    }
}

static void on_begun(void *context, const struct queue_result *result)
{
    struct print *p = context;
    p->begun = result->err.code == 0;
    if (!p->begun) {
        *p = (struct print){.asked = false};
    }
}

static void begin(struct model *m, size_t i, const char *id)
{
    const struct queue_claim *claim_now = claim_of(m, i, id);
    const struct queue_job *job = queue_find(lan(m->f, i), id);
    struct print *p = &m->now[i];
    if (p->asked || claim_now == NULL || claim_now->run[0] != '\0' || job == NULL ||
        queue_job_next(job, m->f->net->host[i].printer, "mk3") == NULL) {
        return;
    }
    *p = (struct print){.asked = true};
    make_id(p->run, 3, ++m->runs);
    memcpy(p->job, id, ID_SIZE);
    memcpy(p->set, job->sets[0].id, ID_SIZE);
    struct queue_command c = of_printer(m->f, i, QUEUE_BEGIN, id);
    memcpy(c.run, p->run, ID_SIZE);
    say_it(m, i, &c, on_begun, p);
}

static void on_finished(void *context, const struct queue_result *result)
{
    struct print *p = context;
    p->asked_end = false;
    p->told = result->err.code == 0;
}

static void tell_end(struct model *m, size_t i)
{
    struct print *p = &m->now[i];
    if (!p->begun || p->asked_end) {
        return;
    }
    if (!p->ended) {
        p->ended = true;
        p->success = below(4) != 0;
    }
    if (p->told) {
        for (size_t k = 0; k < m->jobs; k++) {
            m->printed[k] += p->success && strcmp(m->job[k], p->job) == 0;
        }
        *p = (struct print){.asked = false};
        return;
    }
    struct queue_command c = of_printer(m->f, i, QUEUE_FINISH, p->job);
    memcpy(c.set, p->set, ID_SIZE);
    memcpy(c.run, p->run, ID_SIZE);
    c.success = p->success;
    p->asked_end = true;
    say_it(m, i, &c, on_finished, p);
}

static void change(struct model *m, size_t i, const char *id)
{
    static const enum queue_verb verbs[] = {
        QUEUE_MOVE, QUEUE_ARCHIVE, QUEUE_RELEASE, QUEUE_RELEASE, QUEUE_MOVE};
    struct queue_command c = order(verbs[below(5)], id);
    if (c.verb == QUEUE_RELEASE) {
        c = of_printer(m->f, i, QUEUE_RELEASE, id);
    }
    if (c.verb == QUEUE_MOVE && below(2) == 0) {
        memcpy(c.after, m->job[below(m->jobs)], ID_SIZE);
    }
    say_it(m, i, &c, NULL, NULL);
}

/* As after every start: claims with a print are held against the history. */
static void reconcile(struct model *m, size_t i)
{
    struct print *p = &m->now[i];
    const struct queue_job *job = queue_first(lan(m->f, i));
    for (; job != NULL; job = queue_after(lan(m->f, i), job)) {
        const struct queue_claim *c = claim_of(m, i, job->id);
        if (c == NULL || c->run[0] == '\0' || (p->begun && strcmp(c->run, p->run) == 0)) {
            continue;
        }
        struct queue_command over = of_printer(m->f, i, QUEUE_FINISH, job->id);
        memcpy(over.run, c->run, ID_SIZE);
        over.success = false; /* never begun */
        say_it(m, i, &over, NULL, NULL);
    }
}

static void restart(struct model *m, size_t i)
{
    fake_net_leave(m->f->net, i);
    turn(m->f);
    fake_net_join(m->f->net, i, m->f->at[i]->jobs, "LAN");
    reconcile(m, i);
}

/* One that is not kept: who sent it hears that nobody knows. */
static void give_up(struct model *m, size_t i)
{
    const struct fake_word *w = m->f->net->host[i].words;
    if (w != NULL && !w->keep) {
        fake_net_refuse(m->f->net, i, PP_ETIMEOUT, "nobody answers");
    }
}

static void step(struct model *m)
{
    size_t i = below(HOSTS);
    const char *id = m->jobs > 0 ? m->job[below(m->jobs)] : "";
    uint64_t what = m->jobs > 0 ? below(20) : 0;
    if (what < 2) {
        submit_one(m, i);
    } else if (what < 5) {
        claim(m, i, id);
    } else if (what < 8) {
        begin(m, i, id);
    } else if (what < 11) {
        tell_end(m, i);
    } else if (what == 11) {
        change(m, i, id);
    } else if (what == 12) {
        fake_net_keep(m->f->net, i);
    } else if (what < 15) {
        fake_net_commit(m->f->net, i, below(3) + 1);
    } else if (what < 18) {
        fake_net_deliver(m->f->net, i, below(4) + 1);
    } else if (below(4) == 0) {
        fake_net_repeat(m->f->net, i);
    } else if (below(8) == 0) {
        give_up(m, i);
    } else if (below(8) == 0) {
        restart(m, i);
    }
    if (below(3) == 0) {
        turn(m->f);
    }
}

/* ---- what holds in the end ---- */

static int64_t counted(const struct queue_job *job)
{
    int64_t each = job->sets[0].count;
    if (job->finished) {
        return job->count * each;
    }
    int64_t sum = (job->count - job->remaining) * each + job->sets[0].completed;
    for (size_t i = 0; i < job->claims_count; i++) {
        sum += job->claims[i].counters != NULL ? job->claims[i].counters[0].completed : 0;
    }
    return sum;
}

/* Every print that goes on ends, everything is agreed upon. */
static void end_all(struct model *m)
{
    for (int round = 0; round < 3; round++) {
        settle(m->f);
        for (size_t i = 0; i < HOSTS; i++) {
            reconcile(m, i);
            tell_end(m, i);
        }
        settle(m->f);
        for (size_t i = 0; i < HOSTS; i++) {
            if (m->now[i].told) {
                tell_end(m, i);
            }
        }
    }
}

/* What was said of a job, in the order agreed upon, for whoever looks for a mistake. */
static void tell_log(const struct model *m, const char *id)
{
    for (size_t i = 0; i < m->f->net->log_count; i++) {
        const struct fake_entry *e = &m->f->net->log[i];
        if (strstr(e->bytes, id) != NULL) {
            print_message("%zu: host %zu, word %" PRIu64 ": %s\n", i, e->host, e->id, e->bytes);
        }
    }
}

static void check_end(struct model *m)
{
    check_equal(m->f);
    char *first = dump_queue(lan(m->f, 0));
    for (size_t i = 0; i < HOSTS; i++) {
        char *seen = dump_queue(lan(m->f, i));
        assert_string_equal(first, seen);
        assert_null(m->f->net->host[i].words);
        free(seen);
    }
    free(first);
    for (size_t k = 0; k < m->jobs; k++) {
        const struct queue_job *job = queue_find(lan(m->f, 0), m->job[k]);
        if (job == NULL) {
            assert_int_equal(m->printed[k], 0); /* its submission was given up */
            continue;
        }
        bool removed = job->archived_ms != 0 && !job->finished;
        bool exact = counted(job) == m->printed[k];
        if (!(removed ? counted(job) <= m->printed[k] : exact) ||
            m->printed[k] > job->count * job->sets[0].count) {
            tell_log(m, m->job[k]);
            fail_msg("job %zu: %d printed, %" PRId64 " counted of %d", k, m->printed[k],
                counted(job), (int)(job->count * job->sets[0].count));
        }
    }
}

static void run_seed(uint64_t seed)
{
    void *made = NULL;
    struct model m = {.jobs = 0};

    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    fleet_setup(&made);
    m.f = made;
    for (int i = 0; i < STEPS; i++) {
        step(&m);
    }
    end_all(&m);
    check_end(&m);
    fleet_teardown(&made);
}

static void every_host_has_the_same_queue_and_each_print_counts_once(void **state)
{
    (void)state;
    const char *one = getenv("PP_SEED");
    const char *many = getenv("PP_SEEDS");
    uint64_t from = one != NULL ? strtoull(one, NULL, 10) : 1;
    uint64_t count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : SEEDS;
    for (uint64_t seed = from; seed < from + count; seed++) {
        print_message("seed %" PRIu64 "\n", seed);
        run_seed(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_host_has_the_same_queue_and_each_print_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
