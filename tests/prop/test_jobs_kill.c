// link: ppapp
/* Killed at any instant, the queue on the disk is what the commands up to one of them make of it,
 * none half-applied, and that one is not before the last that was acknowledged.
 *
 * A child sends commands, several at once, and writes the number of each acknowledged one into a
 * pipe until it is killed. Each step follows from its number alone, and the queue remembers the
 * number of the last: so the parent does the same steps on a queue in memory, and all must agree.
 * PP_KILLS=N kills so many times (12), PP_SEED=N chooses the commands.
 */
#include "tests/unit/jobs_bench.h"

#include "host/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define JOBS        24
#define SETS        3
#define GROUP_MAX   3
#define OUTSTANDING 6
#define KILL_WITHIN 12000 /* us */
#define START_MS    INT64_C(1700000000000)

static uint64_t seed = 1;

struct random {
    uint64_t state;
};

/* splitmix64 */
static unsigned pick(struct random *r, unsigned below)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % below);
}

/* ---- steps: what command number k is ------------------------------------------------------------
 */

struct step {
    struct queue_command command[GROUP_MAX];
    size_t count;
};

static void make_id(char out[static ID_SIZE], char kind, unsigned number)
{
    snprintf(out, ID_SIZE, "%08x-0000-7000-8000-%012x", (unsigned)kind, number);
}

static void put_text(char **place, const char *text)
{
    free(*place);
    *place = mem_strdup(text);
}

/* Everything of a set follows from its path, so that nothing is left to be filled in. */
static void add_set(struct queue_job *job, struct random *r, unsigned number)
{
    char path[24];
    char sha256[65];
    unsigned file = pick(r, 9);
    struct queue_set *set = queue_job_add_set(job);
    snprintf(path, sizeof path, "part%u.gcode", file);
    memset(sha256, (int)('0' + file), 64);
    sha256[64] = '\0';
    make_id(set->id, 's', number);
    put_text(&set->path, path);
    put_text(&set->sha256, sha256);
    set->size_bytes = 1000 + file;
    set->time_ms = 60000;
    set->count = 1 + (int32_t)pick(r, 3);
    set->remaining = set->count;
    if (pick(r, 4) == 0) {
        put_text(&set->materials[0], "PLA_Black_#000000");
    }
}

static struct queue_job *make_spec(struct random *r, unsigned number, int64_t now_ms)
{
    struct queue_job *job = queue_job_new();
    char name[32];
    snprintf(name, sizeof name, "job %u of %u", number, pick(r, 1000));
    make_id(job->id, 'j', number);
    put_text(&job->name, name);
    put_text(&job->submitter, "child");
    job->created_ms = now_ms;
    job->count = job->remaining = 1 + (int32_t)pick(r, 4);
    job->share = pick(r, 4) == 0;
    job->repeat = pick(r, 8) == 0;
    job->draft = pick(r, 8) == 0;
    for (unsigned i = pick(r, SETS); i < SETS; i++) {
        add_set(job, r, number * SETS + i);
    }
    return job;
}

static enum queue_verb pick_verb(struct random *r)
{
    static const enum queue_verb often[] = {QUEUE_SUBMIT, QUEUE_SUBMIT, QUEUE_SUBMIT, QUEUE_SUBMIT,
        QUEUE_SUBMIT, QUEUE_EDIT, QUEUE_EDIT, QUEUE_EDIT, QUEUE_EDIT, QUEUE_MOVE, QUEUE_MOVE,
        QUEUE_MOVE, QUEUE_BEGIN, QUEUE_BEGIN, QUEUE_BEGIN, QUEUE_FINISH, QUEUE_FINISH, QUEUE_FINISH,
        QUEUE_RELEASE, QUEUE_CLAIM, QUEUE_ARCHIVE, QUEUE_RESTORE, QUEUE_RESTORE, QUEUE_PURGE,
        QUEUE_RESET, QUEUE_TAKE};
    return often[pick(r, sizeof often / sizeof *often)];
}

static void make_command(struct queue_command *c, struct random *r, int64_t now_ms)
{
    static const unsigned masks[] = {
        QUEUE_F_DRAFT, QUEUE_F_COUNT, QUEUE_F_NAME | QUEUE_F_SHARE, QUEUE_F_SETS, QUEUE_F_REPEAT};
    unsigned number = pick(r, JOBS);
    *c = (struct queue_command){.verb = pick_verb(r), .now_ms = now_ms, .revision = -1};
    snprintf(c->actor, sizeof c->actor, "page");
    make_id(c->job, 'j', number);
    bool odd = pick(r, 5) == 0; /* else what is likely to be right */
    make_id(c->set, 's', number * SETS + (odd ? pick(r, SETS) : SETS - 1));
    make_id(c->run, 'r', odd ? pick(r, JOBS) : number);
    snprintf(c->printer, sizeof c->printer, (odd ? pick(r, 2) : number % 2) ? "mk3" : "mini");
    c->success = pick(r, 3) > 0;
    if (c->verb == QUEUE_MOVE && pick(r, 2)) {
        make_id(c->after, 'j', pick(r, JOBS));
    }
    if (c->verb == QUEUE_SUBMIT || c->verb == QUEUE_EDIT) {
        c->spec = make_spec(r, number, now_ms);
    }
    if (c->verb == QUEUE_EDIT) {
        c->mask = masks[pick(r, sizeof masks / sizeof *masks)];
    }
}

static struct step make_step(int64_t k)
{
    struct random r = {.state = seed * 1000003 + (uint64_t)k};
    struct step s = {.count = pick(&r, 6) == 0 ? 1 + pick(&r, GROUP_MAX) : 1};
    for (size_t i = 0; i < s.count; i++) {
        make_command(&s.command[i], &r, START_MS + k);
    }
    snprintf(s.command[0].client, sizeof s.command[0].client, "child");
    s.command[0].sequence = k;
    return s;
}

static void free_step(struct step *s)
{
    for (size_t i = 0; i < s->count; i++) {
        queue_job_free(s->command[i].spec);
    }
}

/* ---- the child ----------------------------------------------------------------------------------
 */

struct child {
    struct jobs_bench *bench;
    int fd;
    int64_t next;
};

struct sent {
    struct child *child;
    int64_t k;
};

static void send_next(struct child *c);

/* A command that broke a rule is acknowledged too, unless several were to be done: those were taken
 * back, their answer with them. */
static void on_result(void *context, const struct queue_result *result)
{
    struct sent *s = context;
    int code = result->err.code;
    if (code == PP_ENOSPC || code == PP_EIO || code == PP_ECANCELED || result->repeated ||
        write(s->child->fd, &s->k, sizeof s->k) != sizeof s->k) {
        _exit(2);
    }
    send_next(s->child);
    free(s);
}

static void send_next(struct child *c)
{
    struct sent *s = mem_alloc(sizeof *s);
    *s = (struct sent){c, c->next++};
    struct step step = make_step(s->k);
    jobs_do_all(c->bench->jobs, QUEUE_LOCAL, step.command, step.count, on_result, s);
    free_step(&step);
}

static void work_until_killed(struct jobs_bench *b, int fd, int64_t first)
{
    struct child c = {.bench = b, .fd = fd, .next = first};
    open_jobs(b);
    for (int i = 0; i < OUTSTANDING; i++) {
        send_next(&c);
    }
    uv_run(&b->base.loop, UV_RUN_DEFAULT);
    _exit(3);
}

/* ---- the parent ---------------------------------------------------------------------------------
 */

/* Reads numbers from the pipe until `deadline_ns`, or its end (0); the highest is kept. */
static bool read_acks(int fd, uint64_t deadline_ns, int64_t *acked)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (;;) {
        uint64_t now = clock_ns();
        struct timespec left = {0};
        if (deadline_ns > 0 && now >= deadline_ns) {
            return true;
        }
        left.tv_nsec = (long)(deadline_ns > 0 ? deadline_ns - now : 0);
        if (ppoll(&p, 1, deadline_ns > 0 ? &left : NULL, NULL) > 0) {
            int64_t k;
            if (read(fd, &k, sizeof k) != sizeof k) {
                return false;
            }
            assert_true(k > *acked);
            *acked = k;
        }
    }
}

static void wait_for_first(int fd, int64_t *acked)
{
    int64_t k;
    assert_int_equal(read(fd, &k, sizeof k), sizeof k);
    *acked = k;
}

/* The number of the last step acknowledged. */
static int64_t kill_child(struct jobs_bench *b, struct random *r, int64_t first)
{
    int pipes[2];
    int status;
    int64_t acked = first - 1;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        close(pipes[0]);
        work_until_killed(b, pipes[1], first);
    }
    close(pipes[1]);
    if (pick(r, 4) > 0) { /* else while it starts, perhaps */
        wait_for_first(pipes[0], &acked);
    }
    uint64_t deadline = clock_ns() + (uint64_t)pick(r, KILL_WITHIN) * 1000 + 1;
    assert_true(read_acks(pipes[0], deadline, &acked));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    read_acks(pipes[0], 0, &acked);
    close(pipes[0]);
    return acked;
}

/* What the step does to the queue; false if it leaves no trace: several, and all taken back. */
static bool replay(struct queue *model, int64_t k, int *refused)
{
    struct step s = make_step(k);
    struct queue_result result = {0};
    for (size_t i = 0; i < s.count && result.err.code == 0; i++) {
        queue_apply(model, &s.command[i], &result);
    }
    *refused += result.err.code != 0;
    bool undone = result.err.code != 0 && s.count > 1;
    if (undone) {
        queue_undo(model);
    } else {
        queue_settle(model);
    }
    free_step(&s);
    return !undone;
}

struct sums {
    int64_t acked;
    int64_t beyond; /* steps applied, but killed before they were told */
    int refused;
};

static int64_t sequence_of(const struct queue *q)
{
    const struct queue_answer *last = queue_last_answer(q, "child");
    return last != NULL ? last->sequence : 0;
}

/* Steps that leave no trace may have been acknowledged after the last that does. */
static int64_t check(
    struct jobs_bench *b, struct queue *model, int64_t first, int64_t acked, struct sums *sums)
{
    int64_t k = first;
    open_jobs(b);
    int64_t last = sequence_of(local(b));
    while (k <= last || k <= acked) {
        bool traced = replay(model, k, &sums->refused);
        assert_true(k <= last || !traced);
        k++;
    }
    assert_int_equal(sequence_of(model), last);
    char *wanted = dump_queue(model);
    char *found = dump_queue(local(b));
    assert_string_equal(wanted, found);
    sums->acked += acked - first + 1;
    sums->beyond += last > acked ? last - acked : 0;
    free(wanted);
    free(found);
    close_jobs(b);
    return k;
}

static void killed_at_any_instant_all_acknowledged_commands_are_there(void **state)
{
    const char *text = getenv("PP_KILLS");
    int kills = text != NULL ? atoi(text) : 12;
    struct jobs_bench *b = *state;
    struct queue *model = queue_new(QUEUE_LOCAL);
    struct random r = {.state = seed};
    struct sums sums = {0};
    int64_t next = 1;
    close_jobs(b);
    for (int i = 0; i < kills; i++) {
        int64_t acked = kill_child(b, &r, next);
        next = check(b, model, next, acked, &sums);
    }
    print_message("kills %d acknowledged %lld beyond %lld refused %d jobs %zu archived %zu\n",
        kills, (long long)sums.acked, (long long)sums.beyond, sums.refused, queue_count(model),
        queue_archive_count(model));
    assert_true(kills < 12 || sums.acked > kills);
    queue_free(model);
    open_jobs(b);
}

int main(void)
{
    const char *text = getenv("PP_SEED");
    seed = text != NULL ? strtoull(text, NULL, 10) : 1;
    const struct CMUnitTest tests[] = {
        JOBS_TEST(killed_at_any_instant_all_acknowledged_commands_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
