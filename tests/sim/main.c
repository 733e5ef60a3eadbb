/* fleet_sim: whole fleets on virtual time, seed after seed.
 *
 * Each seed runs in a child process that reports what it came to; one that dies or hangs is a
 * finding like any other. Exit status: 0 when all was right (with --plant: when the bug was found),
 * 1 when not, 2 for wrong usage.
 */
#include "tests/sim/sim.h"

#include "host/base/clock.h"
#include "host/base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 16
#define HANG_MS     60000
#define SHOWN_LINES 120

static const char usage[] =
    "usage: fleet_sim [--seeds N] [--first N] [--hosts N] [--plant BUG] [--jobs N] [--json]\n"
    "       fleet_sim --seed N [--hosts N] [--plant BUG]     one seed, with its transcript\n"
    "       fleet_sim --bugs                                 the names of bugs\n"
    "  --all     go on after the first seed that fails\n";

static const struct bug {
    const char *name;
    const char *what;
    unsigned guards, machine;
} bugs[] = {
    {"ack", "acknowledges before its disk has it", REPLICA_BUG_ACK, 0},
    {"vote", "votes twice in a term after a restart", REPLICA_BUG_VOTE, 0},
    {"claim", "a job may be claimed although it is", 0, QUEUE_MACHINE_BUG_CLAIM},
    {"id", "an id is used again after a lost database", GROUP_BUG_ID, 0},
    {"wipe", "joins another group without carrying over", GROUP_BUG_WIPE, 0},
    {"G1", "sole voter starts in its old term", REPLICA_G1, 0},
    {"G2", "another may be left as the only voter", REPLICA_G2, 0},
    {"G3", "a change is not first in its message", REPLICA_G3, 0},
    {"G4", "a change leaves before it is durable", REPLICA_G4, 0},
    {"G5", "who is behind is promoted", REPLICA_G5, 0},
    {"G6", "learners do not vote", REPLICA_G6, 0},
    {"G7", "compaction drops what peers need", REPLICA_G7, 0},
    {"G8", "snapshots without end", REPLICA_G8, 0},
    {"G9", "changes before the barrier of a term", REPLICA_G9, 0},
    {"G10", "messages are stepped unseen", REPLICA_G10, 0},
    {"G2+G5", "both", REPLICA_G2 | REPLICA_G5, 0},
    {"G4+G6", "both", REPLICA_G4 | REPLICA_G6, 0},
};

#define BUGS (sizeof bugs / sizeof *bugs)

struct arguments {
    uint64_t seeds, first;
    bool one, all, json;
    unsigned workers;
    struct sim_options sim;
    const struct bug *bug;
};

/* What a child tells of a seed; small enough to be written at once. */
struct report {
    uint64_t seed;
    struct sim_count count;
    struct sim_verdict verdict;
};

struct worker {
    pid_t pid;
    int from;
    uint64_t next; /* the seed it is at */
    uint64_t heard_ms;
};

struct result {
    struct sim_count total;
    uint64_t bad;
    struct report first_bad;
    uint64_t begin_ms, end_ms;
    json_t *list;
};

/* ---- one seed -----------------------------------------------------------------------------------
 */

static void run_seed(const struct arguments *a, uint64_t seed, struct report *out, bool show)
{
    struct sim_options o = a->sim;
    o.seed = seed;
    struct sim *s = sim_new(&o);
    sim_run(s);
    *out = (struct report){.seed = seed, .count = s->count, .verdict = s->verdict};
    if (show && s->verdict.bad && !o.loud) {
        const char *text = strbuf_text(&s->transcript);
        const char *from = text + s->transcript.len;
        for (int lines = 0; from > text && lines <= SHOWN_LINES; from--) {
            lines += from[-1] == '\n';
        }
        fputs(from, stderr);
    }
    sim_free(s);
}

/* ---- children -----------------------------------------------------------------------------------
 */

static void child(const struct arguments *a, int to, uint64_t from)
{
    for (uint64_t seed = from; seed < a->first + a->seeds; seed += a->workers) {
        struct report r;
        run_seed(a, seed, &r, false);
        if (write(to, &r, sizeof r) != sizeof r) {
            _exit(1);
        }
    }
    _exit(0);
}

static void start(const struct arguments *a, struct worker *w)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0 || (w->pid = fork()) < 0) {
        perror("fleet_sim");
        exit(1);
    }
    if (w->pid == 0) {
        close(ends[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (a->bug != NULL && freopen("/dev/null", "w", stderr) == NULL) {
            _exit(1); /* what the bug does to the engine's memory is no news */
        }
        child(a, ends[1], w->next);
    }
    close(ends[1]);
    w->from = ends[0];
    w->heard_ms = clock_ms();
}

static void add_count(struct sim_count *to, const struct sim_count *from)
{
    /* All of it is numbers of one kind. */
    const uint64_t *f = (const uint64_t *)(const void *)from;
    uint64_t *t = (uint64_t *)(void *)to;
    for (size_t i = 0; i < sizeof *to / sizeof *t; i++) {
        t[i] += f[i];
    }
}

static void take_report(const struct arguments *a, struct result *res, const struct report *r)
{
    add_count(&res->total, &r->count);
    if (!r->verdict.bad) {
        return;
    }
    if (res->bad++ == 0 || r->seed < res->first_bad.seed) {
        res->first_bad = *r;
    }
    json_array_append_new(res->list, json_pack("{s:I, s:s, s:s}", "seed", (json_int_t)r->seed,
                                         "kind", r->verdict.kind, "text", r->verdict.text));
    if (!a->json) {
        printf("seed %" PRIu64 ": %s: %s\n", r->seed, r->verdict.kind, r->verdict.text);
        fflush(stdout);
    }
}

static void reap(struct worker *w)
{
    close(w->from);
    waitpid(w->pid, NULL, 0);
    w->pid = 0;
}

/* It ended: because all is done, or died of its seed. */
static void worker_ended(
    const struct arguments *a, struct worker *w, struct result *res, const char *why)
{
    struct report r = {.seed = w->next, .count = {.seeds = 1}, .verdict = {.bad = true}};
    int status = 0;
    close(w->from);
    waitpid(w->pid, &status, 0);
    w->pid = 0;
    if (w->next >= a->first + a->seeds) {
        return;
    }
    snprintf(r.verdict.kind, sizeof r.verdict.kind, "%s", why);
    snprintf(r.verdict.text, sizeof r.verdict.text, "the process ended with status %d, signal %d",
        WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    take_report(a, res, &r);
    w->next += a->workers;
    if (w->next < a->first + a->seeds && a->all) {
        start(a, w);
    }
}

static void hear(const struct arguments *a, struct worker *w, struct result *res)
{
    struct report r;
    ssize_t n = read(w->from, &r, sizeof r);
    if (n == sizeof r) {
        w->heard_ms = clock_ms();
        w->next = r.seed + a->workers;
        take_report(a, res, &r);
    } else {
        worker_ended(a, w, res, "crash");
    }
}

static bool any_runs(const struct arguments *a, const struct worker *w)
{
    for (unsigned i = 0; i < a->workers; i++) {
        if (w[i].pid != 0) {
            return true;
        }
    }
    return false;
}

static void run_all(const struct arguments *a, struct result *res)
{
    struct worker w[WORKERS_MAX] = {0};
    for (unsigned i = 0; i < a->workers; i++) {
        w[i].next = a->first + i;
        if (i < a->seeds) {
            start(a, &w[i]);
        }
    }
    while (any_runs(a, w) && (res->bad == 0 || a->all)) {
        struct pollfd fds[WORKERS_MAX];
        for (unsigned i = 0; i < a->workers; i++) {
            fds[i] = (struct pollfd){.fd = w[i].pid != 0 ? w[i].from : -1, .events = POLLIN};
        }
        poll(fds, a->workers, 1000);
        for (unsigned i = 0; i < a->workers; i++) {
            if (fds[i].revents != 0) {
                hear(a, &w[i], res);
            } else if (w[i].pid != 0 && clock_ms() - w[i].heard_ms > HANG_MS) {
                kill(w[i].pid, SIGKILL);
                worker_ended(a, &w[i], res, "hang");
            }
        }
    }
    for (unsigned i = 0; i < a->workers; i++) {
        if (w[i].pid != 0) {
            kill(w[i].pid, SIGKILL);
            reap(&w[i]);
        }
    }
}

/* ---- what is told -------------------------------------------------------------------------------
 */

static json_t *numbers(const struct sim_count *c)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
        "commits", (json_int_t)c->commits, "messages", (json_int_t)c->messages, "crashes",
        (json_int_t)c->crashes, "partitions", (json_int_t)c->partitions, "disk_losses",
        (json_int_t)c->disk_losses, "leaves", (json_int_t)c->leaves, "takeovers",
        (json_int_t)c->takeovers, "carried", (json_int_t)c->carried, "submitted",
        (json_int_t)c->submitted, "acked", (json_int_t)c->acked, "printed", (json_int_t)c->printed,
        "releases", (json_int_t)c->releases, "surplus_released", (json_int_t)c->surplus_released,
        "surplus_met", (json_int_t)c->surplus_met, "surplus_disk", (json_int_t)c->surplus_disk);
}

static void tell_json(const struct arguments *a, const struct result *r)
{
    json_t *object = numbers(&r->total);
    json_object_set_new(object, "seeds", json_integer((json_int_t)r->total.seeds));
    json_object_set_new(object, "ms", json_integer((json_int_t)(r->end_ms - r->begin_ms)));
    json_object_set_new(
        object, "virtual_s", json_integer((json_int_t)(r->total.virtual_us / SIM_S)));
    json_object_set_new(object, "plant", json_string(a->bug != NULL ? a->bug->name : ""));
    json_object_set(object, "bad", r->list);
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    puts(text);
    free(text);
    json_decref(object);
}

static void tell(const struct arguments *a, const struct result *r)
{
    const struct sim_count *c = &r->total;
    double s = (double)(r->end_ms - r->begin_ms) / 1000;
    printf("%" PRIu64 " seeds in %.1f s (%.0f a second): %.0f hours of %" PRIu64 " starts, %" PRIu64
           " crashes, %" PRIu64 " partitions, %" PRIu64 " leaves, %" PRIu64 " disks lost\n",
        c->seeds, s, (double)c->seeds / (s > 0 ? s : 1), (double)c->virtual_us / 3.6e9, c->boots,
        c->crashes, c->partitions, c->leaves, c->disk_losses);
    printf("%" PRIu64 " commits, %" PRIu64 " messages; %" PRIu64 " jobs, %" PRIu64
           " acknowledged; %" PRIu64 " prints, %" PRIu64 " failed\n",
        c->commits, c->messages, c->submitted, c->acked, c->printed, c->failed);
    printf("printed too often, told as such: %" PRIu64 " after a claim timed out (%" PRIu64
           " did), %" PRIu64 " where groups met (%" PRIu64 " times), %" PRIu64
           " after a lost disk\n",
        c->surplus_released, c->releases, c->surplus_met, c->carried, c->surplus_disk);
    if (a->bug != NULL && r->bad > 0) {
        printf("%s: found after %" PRIu64 " seeds\n", a->bug->name, c->seeds);
    } else {
        printf("%" PRIu64 " seeds were wrong\n", r->bad);
    }
}

/* Again, in a child that may die, with what happened at the end. */
static void show_first(const struct arguments *a, const struct result *r)
{
    struct report again;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        run_seed(a, r->first_bad.seed, &again, true);
        fflush(NULL);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    fprintf(stderr, "fleet_sim --seed %" PRIu64 "%s%s shows all of it\n", r->first_bad.seed,
        a->bug != NULL ? " --plant " : "", a->bug != NULL ? a->bug->name : "");
}

/* ---- arguments ----------------------------------------------------------------------------------
 */

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "fleet_sim: %s \"%s\"\n%s", what, value, usage);
    exit(2);
}

static uint64_t number_of(const char *option, const char *text, int64_t max)
{
    int64_t n = 0;
    if (text == NULL || !str_to_int(text, 1, max, &n)) {
        wrong(option, text != NULL ? text : "");
    }
    return (uint64_t)n;
}

static const struct bug *bug_of(const char *name)
{
    for (size_t i = 0; i < BUGS; i++) {
        if (name != NULL && strcmp(bugs[i].name, name) == 0) {
            return &bugs[i];
        }
    }
    wrong("unknown bug", name != NULL ? name : "");
    return NULL;
}

static void list_bugs(void)
{
    for (size_t i = 0; i < BUGS; i++) {
        printf("%-6s %s\n", bugs[i].name, bugs[i].what);
    }
    exit(0);
}

/* True if the value was used too. */
static bool take_option(struct arguments *a, const char *option, const char *value)
{
    if (strcmp(option, "--seeds") == 0) {
        a->seeds = number_of(option, value, 1000000000);
    } else if (strcmp(option, "--first") == 0) {
        a->first = number_of(option, value, INT64_MAX);
    } else if (strcmp(option, "--seed") == 0) {
        a->first = number_of(option, value, INT64_MAX);
        a->one = a->sim.loud = true;
    } else if (strcmp(option, "--hosts") == 0) {
        a->sim.hosts = (unsigned)number_of(option, value, SIM_HOSTS_MAX);
    } else if (strcmp(option, "--jobs") == 0) {
        a->workers = (unsigned)number_of(option, value, WORKERS_MAX);
    } else if (strcmp(option, "--plant") == 0) {
        a->bug = bug_of(value);
        a->sim.guards_off = a->bug->guards;
        a->sim.machine_plant = a->bug->machine;
    } else {
        wrong("unknown option", option);
    }
    return true;
}

static struct arguments parse(int argc, char **argv)
{
    struct arguments a = {.seeds = 100, .first = 1, .workers = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            a.json = true;
        } else if (strcmp(argv[i], "--all") == 0) {
            a.all = true;
        } else if (strcmp(argv[i], "--bugs") == 0) {
            list_bugs();
        } else if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        } else if (take_option(&a, argv[i], i + 1 < argc ? argv[i + 1] : NULL)) {
            i++;
        }
    }
    return a;
}

int main(int argc, char **argv)
{
    struct arguments a = parse(argc, argv);
    if (identity_init() != 0) {
        return 1;
    }
    struct result r = {.list = json_array(), .begin_ms = clock_ms()};
    if (a.one) {
        struct report one;
        run_seed(&a, a.first, &one, false);
        take_report(&a, &r, &one);
    } else {
        run_all(&a, &r);
    }
    r.end_ms = clock_ms();
    if (a.json) {
        tell_json(&a, &r);
    } else {
        tell(&a, &r);
    }
    if (r.bad > 0 && a.bug == NULL && !a.one && !a.json) {
        show_first(&a, &r);
    }
    json_decref(r.list);
    return a.bug != NULL ? r.bad == 0 : r.bad > 0;
}
