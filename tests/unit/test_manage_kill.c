// link: ppapp
/* The program is killed between any two steps of print after print, in a process of its own, turn
 * after turn of its loop. Whatever instant that was: the next one counts exactly what the history
 * says, turns the heaters off, starts nothing by itself and trusts no bed that was printed on.
 *
 * PP_KILLS=N kills at N places instead of some; all of them are some hundreds. */
#include "tests/unit/manage_bench.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PRINTS 3
#define KILLS  12

/* What the killed one leaves behind, in memory that outlives it. */
struct witness {
    char dir[TEMPDIR_SIZE];
    char job[ID_SIZE];
    size_t turns;    /* of the loop, in all that was to be done */
    size_t extruded; /* moves that laid something down */
    size_t swept;    /* scripts that came to their last move */
    size_t ended;    /* prints whose last command was heard */
    bool dirty;      /* something lies on the bed */
};

static struct witness *seen;

static void on_command(void *context, const char *command)
{
    struct witness *w = context;
    if (strncmp(command, "G1 X50 Y50 E4", 13) == 0) {
        w->extruded++;
        w->dirty = true;
    } else if (strncmp(command, "G1 Y5", 5) == 0 && command[5] == '\0') {
        w->swept++;
        w->dirty = false;
    } else if (strcmp(command, "M140 S0") == 0) {
        w->ended = w->extruded;
    }
}

/* ---- the one that is killed ---- */

/* `turns` 0: until all is done, and tells how many turns that took. */
static void live(size_t turns)
{
    struct manage_bench *t = manage_bench_new();
    memcpy(seen->dir, t->b->dir, sizeof seen->dir);
    open_all(t);
    put_file(t->b, "a.gcode", PART);
    submit(t, "A", "a.gcode", PRINTS, seen->job);
    hook(t, "print_success", SWEEP, true);
    say_clear(t);
    t->b->printer.hook = on_command;
    t->b->printer.hook_context = seen;
    start_managing(t);
    for (size_t i = 0; turns == 0 ? queue_count(local(t)) > 0 : i < turns; i++) {
        hurry(t->b);
        uv_run(&t->b->loop, UV_RUN_ONCE);
        seen->turns = i + 1;
    }
    raise(SIGKILL);
}

static void kill_at(size_t turns)
{
    int status = 0;
    *seen = (struct witness){.turns = 0};
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        live(turns);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- the one that comes after it ---- */

static struct manage_bench *bench_in(const char *dir)
{
    static char device[TEMPDIR_SIZE + 16];
    struct manage_bench *t = manage_bench_new();
    struct bench *b = t->b;
    tempdir_remove(b->dir);
    snprintf(b->dir, sizeof b->dir, "%s", dir);
    snprintf(b->db, sizeof b->db, "%s/pphost.db", dir);
    snprintf(device, sizeof device, "%s/port", dir);
    b->options.device = device;
    unlink(device);
    assert_int_equal(symlink(b->printer.path, device), 0);
    return t;
}

static int64_t number(const struct bench *b, const char *query)
{
    sqlite3 *sql;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open_v2(b->db, &sql, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(sql, 5000);
    assert_int_equal(sqlite3_prepare_v2(sql, query, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(sql);
    return n;
}

/* As counted: what the history calls a success, and no more than was really printed. */
static void is_counted_once(const struct manage_bench *t, int64_t successes)
{
    const struct queue_job *j = job(t, seen->job);
    assert_non_null(j);
    assert_int_equal(j->sets[0].completed, successes);
    assert_int_equal(j->finished ? 0 : j->sets[0].remaining, PRINTS - successes);
    assert_int_equal(number(t->b, "SELECT count(*) FROM runs WHERE result = 'success'"), successes);
    assert_int_equal(number(t->b, "SELECT count(*) FROM runs WHERE result = 'open'"), 0);
    assert_true((size_t)successes <= seen->ended && seen->ended <= (size_t)successes + 1);
}

static void settle_offer(struct manage_bench *t)
{
    RUN_UNTIL(t->b, asks(t, "recover") || status(t->b).job.run_id[0] == '\0');
    if (asks(t, "recover")) {
        answer_with(t, "recover", "no");
        RUN_UNTIL(t->b, status(t->b).job.run_id[0] == '\0');
    }
}

static void come_back(void)
{
    struct manage_bench *t = bench_in(seen->dir);
    struct bench *b = t->b;
    int64_t was_open = number(b, "SELECT count(*) FROM runs WHERE result = 'open'");
    int64_t successes = number(b, "SELECT count(*) FROM runs WHERE result = 'success'");
    b->printer.tool_target[0] = b->printer.bed_target = was_open != 0 ? 60 : 0;
    open_device(b);
    open_queue_parts(t);
    open_manage(t);
    settle_offer(t);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    RUN_UNTIL(b, t->m->starting == 0 && t->m->events == 0);
    if (managing(t).managing) { /* it goes on where a print was cut off: the bed is asked for */
        assert_int_equal(manage_stop(t->m, &refused), 0);
    }
    UNTIL_DRIVER(t, DRIVER_INACTIVE);
    RUN_UNTIL(b, job(t, seen->job)->claims_count == 0 && cold(b));
    RUN_UNTIL(b, b->device->runs_ending == 0);
    if (seen->dirty) {
        assert_int_not_equal(status(b).bed, BED_CLEAR);
    }
    assert_int_equal(t->begun, 0);
    is_counted_once(t, successes);
    close_manage(t); /* nothing is counted by a further start */
    open_manage(t);
    RUN_UNTIL(b, t->m->starting == 0);
    is_counted_once(t, successes);
    assert_int_equal(heard(b, 0, "G"), 0);
    done_with(t);
}

static void killed_at_any_step_every_print_is_counted_once(void **state)
{
    (void)state;
    const char *wanted = getenv("PP_KILLS");
    size_t kills = wanted != NULL ? (size_t)atoi(wanted) : KILLS;
    kill_at(0);
    size_t all = seen->turns;
    tempdir_remove(seen->dir);
    assert_true(kills > 0 && all > PRINTS);
    for (size_t i = 0; i < kills; i++) {
        size_t turns = 1 + i * all / kills;
        kill_at(turns);
        come_back();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_step_every_print_is_counted_once),
    };
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return seen == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
