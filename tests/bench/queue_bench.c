/* What tools/bench/queue measures: the queue of a host with so many jobs of five sets, on a disk.
 *
 *     queue_bench FOLDER JOBS REPEATS
 *
 * One line of JSON for each operation: {"jobs", "op", "n", "p50_us", "p99_us", "max_us"}; of those
 * that do not wait for the disk the CPU time. Beside a durable submit, in turns with it, the least
 * SQLite can do for the same bytes on the same disk.
 */
#include "host/app/queue/jobs.h"
#include "host/base/clock.h"
#include "host/base/mem.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SETS 5

struct bench {
    uv_loop_t loop;
    struct store *store;
    struct files *files;
    struct hub *hub;
    struct jobs *jobs;
    size_t count; /* jobs wanted */
    size_t repeats;
    uint64_t random;
    size_t answered;
    struct queue_result result; /* the last answer */
    char (*id)[ID_SIZE];        /* of the jobs, in no order */
    uint64_t *took_ns;
};

static void check(int rc, const struct err *e)
{
    if (rc != 0) {
        fprintf(stderr, "queue_bench: %s\n", e->text);
        exit(1);
    }
}

/* What does not wait is measured by the time it works: others on the machine change little. */
static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static size_t pick(struct bench *b, size_t below)
{
    b->random = b->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)((b->random >> 33) % below);
}

/* ---- figures ------------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
    const uint64_t *one = a;
    const uint64_t *other = b;
    return *one < *other ? -1 : *one > *other;
}

static void report(struct bench *b, const char *op, uint64_t *took_ns, size_t n)
{
    qsort(took_ns, n, sizeof *took_ns, compare);
    printf("{\"jobs\": %zu, \"op\": \"%s\", \"n\": %zu, \"p50_us\": %.2f, \"p99_us\": %.2f, "
           "\"max_us\": %.2f}\n",
        b->count, op, n, (double)took_ns[n / 2] / 1e3, (double)took_ns[n * 99 / 100] / 1e3,
        (double)took_ns[n - 1] / 1e3);
    fflush(stdout);
}

/* ---- the host's parts ---------------------------------------------------------------------------
 */

static void open_all(struct bench *b, const char *folder)
{
    char path[4096];
    struct err e = {0};
    snprintf(path, sizeof path, "%s/blobs", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/pphost.db", folder);
    b->hub = hub_new();
    check(store_open(&b->store, &b->loop, path, &e), &e);
    check(files_open(&b->files, &b->loop, b->store, folder, 1 << 20, &e), &e);
    check(jobs_open(&b->jobs, &b->loop, &(struct jobs_options){.host_name = "bench"}, b->store,
              b->files, b->hub, &e),
        &e);
}

static void on_closed(void *context)
{
    struct bench *b = context;
    files_close(b->files);
    store_close(b->store, NULL, NULL);
}

static void close_all(struct bench *b)
{
    jobs_close(b->jobs, on_closed, b);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    hub_free(b->hub);
}

static void on_done(void *context, const struct queue_result *result)
{
    struct bench *b = context;
    check(result->err.code, &result->err);
    b->answered++;
    b->result = *result;
}

static void wait_for(struct bench *b, size_t answered)
{
    while (b->answered < answered) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
}

/* One command, durable. */
static uint64_t run(struct bench *b, const struct queue_command *c)
{
    size_t wanted = b->answered + 1;
    uint64_t begin = clock_ns();
    jobs_do(b->jobs, QUEUE_LOCAL, c, on_done, b);
    wait_for(b, wanted);
    return clock_ns() - begin;
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

/* Looks like the hash of that set's file. */
static char *make_sha256(size_t number, size_t set)
{
    uint64_t part[4];
    uint64_t z = number * SETS + set;
    for (size_t i = 0; i < 4; i++) { /* splitmix64 */
        uint64_t x = z += UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
        part[i] = x ^ x >> 31;
    }
    return mem_printf("%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, part[0], part[1],
        part[2], part[3]);
}

/* Every job is for two printers that have not what it needs, the last for one that has. */
static struct queue_job *make_job(size_t number, bool last)
{
    struct queue_job *job = queue_job_new();
    free(job->name);
    job->name = mem_printf("Brackets for shelf %zu", number);
    job->count = job->remaining = 3;
    for (size_t i = 0; i < SETS; i++) {
        struct queue_set *set = queue_job_add_set(job);
        set->path = mem_printf("shelves/%zu/bracket part %zu.gcode", number, i);
        set->sha256 = make_sha256(number, i);
        set->size_bytes = 12345678;
        set->time_ms = 3600000;
        set->filament_um[0] = 4200000;
        set->count = set->remaining = 2;
        set->materials[0] = last ? NULL : mem_strdup("PETG_Black_#000000");
        set->profiles = mem_array(3, sizeof(char *));
        set->profiles[0] = mem_strdup(last ? "the-one" : "without-file");
        set->profiles[1] = last ? NULL : mem_strdup("without-material");
    }
    return job;
}

static void submit_all(struct bench *b)
{
    size_t first = b->answered;
    for (size_t i = 0; i < b->count; i++) {
        struct queue_job *job = make_job(i, i + 1 == b->count);
        struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
        jobs_do(b->jobs, QUEUE_LOCAL, &c, on_done, b);
        queue_job_free(job);
        if (i % 500 == 499) { /* not more than may wait */
            wait_for(b, first + i + 1);
        }
    }
    wait_for(b, first + b->count);
    const struct queue *q = jobs_queue_find(b->jobs, QUEUE_LOCAL)->queue;
    const struct queue_job *job = queue_first(q);
    for (size_t i = 0; job != NULL; job = queue_after(q, job)) {
        memcpy(b->id[i++], job->id, ID_SIZE);
    }
}

/* ---- the yardstick ------------------------------------------------------------------------------
 */

struct bare {
    sqlite3 *db;
    sqlite3_stmt *statement[4]; /* begin, job, answer, commit */
};

static void check_sql(const struct bare *bare, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        fprintf(stderr, "queue_bench: %s\n", sqlite3_errmsg(bare->db));
        exit(1);
    }
}

static void open_bare(struct bare *bare, const char *folder)
{
    static const char *const texts[] = {"BEGIN IMMEDIATE", "REPLACE INTO jobs VALUES (?, ?, ?)",
        "REPLACE INTO answers VALUES (?, ?, ?)", "COMMIT"};
    char path[4096];
    snprintf(path, sizeof path, "%s/bare.db", folder);
    check_sql(bare, sqlite3_open(path, &bare->db));
    check_sql(bare, sqlite3_exec(bare->db,
                        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                        "CREATE TABLE jobs (queue TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT "
                        "NULL, PRIMARY KEY (queue, id)) STRICT;"
                        "CREATE TABLE answers (queue TEXT NOT NULL, client TEXT NOT NULL, doc TEXT "
                        "NOT NULL, PRIMARY KEY (queue, client)) STRICT;",
                        NULL, NULL, NULL));
    for (size_t i = 0; i < 4; i++) {
        check_sql(bare, sqlite3_prepare_v2(bare->db, texts[i], -1, &bare->statement[i], NULL));
    }
}

static void close_bare(struct bare *bare)
{
    for (size_t i = 0; i < 4; i++) {
        sqlite3_finalize(bare->statement[i]);
    }
    sqlite3_close(bare->db);
}

static void step(const struct bare *bare, size_t which, const char *name, const char *doc)
{
    sqlite3_stmt *s = bare->statement[which];
    if (name != NULL) {
        check_sql(bare, sqlite3_bind_text(s, 1, "local", -1, SQLITE_STATIC));
        check_sql(bare, sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC));
        check_sql(bare, sqlite3_bind_text(s, 3, doc, -1, SQLITE_STATIC));
    }
    check_sql(bare, sqlite3_step(s));
    check_sql(bare, sqlite3_reset(s));
}

/* The rows of one submit; `id` and `doc` of its job. */
static uint64_t insert(const struct bare *bare, const char *id, const char *doc)
{
    static const char answer[] =
        "{\"sequence\":10000,\"used_ms\":1700000000000,\"code\":0,\"field\":\"\",\"text\":\"\","
        "\"job\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"copy_done\":false,\"job_done\":false}";
    uint64_t begin = clock_ns();
    step(bare, 0, NULL, NULL);
    step(bare, 1, id, doc);
    step(bare, 2, "bench.01234567", answer);
    step(bare, 3, NULL, NULL);
    return clock_ns() - begin;
}

/* ---- operations ---------------------------------------------------------------------------------
 */

static struct queue_command order(enum queue_verb verb, const char *job)
{
    struct queue_command c = {.verb = verb, .revision = -1};
    memcpy(c.job, job, sizeof c.job);
    return c;
}

/* What was submitted goes again, so that there are as many as before. */
static void measure_submit(struct bench *b, const char *folder)
{
    struct bare bare;
    uint64_t *bare_ns = mem_array(b->repeats, sizeof *bare_ns);
    const struct queue *q = jobs_queue_find(b->jobs, QUEUE_LOCAL)->queue;
    open_bare(&bare, folder);
    for (size_t i = 0; i < b->repeats; i++) {
        struct queue_job *job = make_job(i, false);
        struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
        b->took_ns[i] = run(b, &c);
        queue_job_free(job);
        json_t *doc = queue_job_to_json(queue_find(q, b->result.job));
        char *text = json_dumps(doc, JSON_COMPACT);
        json_decref(doc);
        char id[ID_SIZE];
        memcpy(id, b->result.job, sizeof id);
        bare_ns[i] = insert(&bare, id, text);
        free(text);
        c = order(QUEUE_ARCHIVE, id);
        run(b, &c);
        c = order(QUEUE_PURGE, id);
        run(b, &c);
    }
    report(b, "submit", b->took_ns, b->repeats);
    report(b, "bare insert and commit", bare_ns, b->repeats);
    close_bare(&bare);
    free(bare_ns);
}

static void measure_reorder(struct bench *b)
{
    for (size_t i = 0; i < b->repeats; i++) {
        size_t job = pick(b, b->count - 1); /* the last stays last */
        size_t after = pick(b, b->count - 1);
        struct queue_command c = order(QUEUE_MOVE, b->id[job]);
        if (after != job) {
            memcpy(c.after, b->id[after], sizeof c.after);
        }
        b->took_ns[i] = run(b, &c);
    }
    report(b, "reorder", b->took_ns, b->repeats);
}

static bool has_file(void *context, const struct queue_set *set)
{
    (void)set;
    return context != NULL;
}

static void measure_next(struct bench *b)
{
    static const struct {
        const char *op;
        const char *profile;
        bool file;
        bool work;
        enum queue_block block;
    } cases[] = {
        {"next: only the last is printable", "the-one", true, true, QUEUE_READY},
        {"next: none is for this printer", "another", true, false, QUEUE_READY},
        {"next: all lack their file", "without-file", false, true, QUEUE_NO_FILE},
        {"next: all lack their material", "without-material", true, true, QUEUE_NO_MATERIAL},
    };
    size_t n = b->repeats * 5;
    uint64_t *took_ns = mem_array(n, sizeof *took_ns);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct queue_printer p = {.name = "bench",
            .profile = cases[k].profile,
            .loaded = {"PLA_White_#ffffff"},
            .has_file = has_file,
            .context = cases[k].file ? b : NULL};
        struct jobs_work work;
        for (size_t i = 0; i < n; i++) {
            uint64_t begin = cpu_ns();
            jobs_next(b->jobs, &p, &work);
            took_ns[i] = cpu_ns() - begin;
        }
        if ((work.next.job != NULL) != cases[k].work ||
            (cases[k].work && work.next.block != cases[k].block)) {
            fprintf(stderr, "queue_bench: %s: not so\n", cases[k].op);
            exit(1);
        }
        report(b, cases[k].op, took_ns, n);
    }
    free(took_ns);
}

/* The first `wanted` jobs as text. */
static uint64_t list(const struct queue *q, size_t wanted)
{
    uint64_t begin = cpu_ns();
    json_t *all = json_array();
    const struct queue_job *job = queue_first(q);
    for (size_t i = 0; i < wanted && job != NULL; i++, job = queue_after(q, job)) {
        json_array_append_new(all, queue_job_to_json(job));
    }
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    free(text);
    return cpu_ns() - begin;
}

static void measure_list(struct bench *b)
{
    const struct queue *q = jobs_queue_find(b->jobs, QUEUE_LOCAL)->queue;
    size_t n = b->repeats < 200 ? b->repeats : 200;
    for (size_t i = 0; i < n; i++) {
        b->took_ns[i] = list(q, 100);
    }
    report(b, "list the first 100", b->took_ns, n);
    n = b->count > 1000 ? (n + 19) / 20 : n;
    for (size_t i = 0; i < n; i++) {
        b->took_ns[i] = list(q, SIZE_MAX);
    }
    report(b, "list all", b->took_ns, n);
}

static void measure_using(struct bench *b)
{
    for (size_t i = 0; i < b->repeats; i++) { /* the first asks after a change */
        char *sha256 = make_sha256(pick(b, b->count * 2), 1);
        uint64_t begin = cpu_ns();
        jobs_using(b->jobs, sha256);
        b->took_ns[i] = cpu_ns() - begin;
        free(sha256);
    }
    report(b, "who needs this content", b->took_ns, b->repeats);
}

static void measure_open(struct bench *b, const char *folder)
{
    close_all(b);
    uint64_t begin = clock_ns();
    open_all(b, folder);
    b->took_ns[0] = clock_ns() - begin;
    if (queue_count(jobs_queue_find(b->jobs, QUEUE_LOCAL)->queue) != b->count) {
        fprintf(stderr, "queue_bench: jobs are missing after a restart\n");
        exit(1);
    }
    report(b, "open at start", b->took_ns, 1);
}

int main(int argc, char **argv)
{
    struct bench b = {.random = 1};
    if (argc != 4 || (b.count = strtoul(argv[2], NULL, 10)) < 2 ||
        (b.repeats = strtoul(argv[3], NULL, 10)) < 1) {
        fprintf(stderr, "usage: queue_bench FOLDER JOBS REPEATS\n");
        return 2;
    }
    b.id = mem_array(b.count, sizeof *b.id);
    b.took_ns = mem_array(b.repeats, sizeof *b.took_ns);
    uv_loop_init(&b.loop);
    open_all(&b, argv[1]);
    submit_all(&b);
    measure_submit(&b, argv[1]);
    measure_reorder(&b);
    measure_next(&b);
    measure_list(&b);
    measure_using(&b);
    measure_open(&b, argv[1]);
    close_all(&b);
    uv_loop_close(&b.loop);
    free(b.id);
    free(b.took_ns);
    return 0;
}
