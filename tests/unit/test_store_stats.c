// link: ppio
#include "host/io/store_queue.h"

#include "tests/unit/store_bench.h"

#define DAY_MS INT64_C(86400000)
#define NOON   (INT64_C(1717156800000)) /* 2024-05-31 12:00 UTC */

struct list {
    int count;
    size_t n;
    char files[256]; /* "a b c" */
};

static void on_list(void *context, const struct err *e, const struct run *runs, size_t n)
{
    struct list *l = context;
    assert_null(e);
    l->count++;
    l->n = n;
    for (size_t i = 0; i < n; i++) {
        strcat(l->files, i > 0 ? " " : "");
        strcat(l->files, runs[i].file_name);
    }
}

static const char *list(struct store_bench *b, const struct run_filter *filter)
{
    static struct list l;
    l = (struct list){0};
    store_list_runs(b->store, filter, on_list, &l);
    while (l.count == 0) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
    return l.files;
}

static void save(struct store_bench *b, const char *file, int64_t start_ms, enum run_result result,
    const char *printer, const char *material)
{
    static int number;
    struct run r = {.start_ms = start_ms, .result = result, .filament_um = 9000000};
    struct answer a = {0};
    snprintf(r.id, sizeof r.id, "%036d", ++number);
    snprintf(r.file_name, sizeof r.file_name, "%s", file);
    snprintf(r.printer, sizeof r.printer, "%s", printer);
    snprintf(r.material, sizeof r.material, "%s", material);
    snprintf(r.job_id, sizeof r.job_id, "job-%s", file);
    snprintf(r.set_id, sizeof r.set_id, "set-%s", file);
    memset(r.sha256, 'a', 64);
    r.end_ms = result == RUN_OPEN ? 0 : start_ms + 1000;
    r.used_um = result == RUN_SUCCESS ? 9000000 : 1000000;
    store_save_run(b->store, &r, on_answer, &a);
    wait_for(b, &a, 1);
    assert_int_equal(a.err.code, 0);
}

static void some_history(struct store_bench *b)
{
    save(b, "a", NOON, RUN_SUCCESS, "mk3", "PLA");
    save(b, "a", NOON + 5000, RUN_FAILURE, "mk3", "PETG_red_#ff0000");
    save(b, "b", NOON + DAY_MS, RUN_SUCCESS, "mini", "PLA");
    save(b, "a", NOON + DAY_MS + 1, RUN_CANCELLED, "mini", "");
    save(b, "c", NOON + DAY_MS + 2, RUN_OPEN, "mk3", "PLA");
}

static void runs_are_found_by_time_printer_file_job_set_and_result(void **state)
{
    struct store_bench *b = *state;
    const enum run_result success = RUN_SUCCESS;
    const enum run_result open_run = RUN_OPEN;
    some_history(b);
    assert_string_equal(list(b, &(struct run_filter){.limit = 9}), "c a b a a");
    assert_string_equal(list(b, &(struct run_filter){.limit = 2}), "c a");
    assert_string_equal(
        list(b, &(struct run_filter){.limit = 9, .before_ms = NOON + DAY_MS}), "a a");
    assert_string_equal(list(b, &(struct run_filter){.limit = 9, .printer = "mini"}), "a b");
    assert_string_equal(list(b, &(struct run_filter){.limit = 9, .file = "b"}), "b");
    assert_string_equal(list(b, &(struct run_filter){.limit = 9, .job = "job-a"}), "a a a");
    assert_string_equal(list(b, &(struct run_filter){.limit = 9, .set = "set-c"}), "c");
    assert_string_equal(list(b, &(struct run_filter){.limit = 9, .result = &success}), "b a");
    assert_string_equal(list(b, &(struct run_filter){.limit = 9, .result = &open_run}), "c");
    assert_string_equal(
        list(b, &(struct run_filter){.limit = 9, .result = &success, .printer = "mk3"}), "a");
    assert_string_equal(list(b, &(struct run_filter){.limit = 9, .file = "' OR 1"}), "");
}

static void clear(struct store_bench *b, int64_t before_ms)
{
    struct answer a = {0};
    store_clear_runs(b->store, before_ms, on_answer, &a);
    wait_for(b, &a, 1);
    if (a.err.code != 0) {
        fail_msg("%s", a.err.text);
    }
}

static void cleared_are_runs_that_have_ended_before(void **state)
{
    struct store_bench *b = *state;
    some_history(b);
    clear(b, NOON + DAY_MS);
    assert_string_equal(list(b, &(struct run_filter){.limit = 9}), "c a b");
    clear(b, INT64_MAX);
    assert_string_equal(list(b, &(struct run_filter){.limit = 9}), "c");
}

static void a_run_a_job_still_asks_for_is_not_cleared(void **state)
{
    struct store_bench *b = *state;
    struct store_changes *c = store_changes_new();
    struct answer a = {0};
    sqlite3 *db;
    save(b, "a", NOON, RUN_SUCCESS, "mk3", "PLA");
    save(b, "b", NOON, RUN_SUCCESS, "mk3", "PLA");
    store_changes_add(c, STORE_JOBS, "local", "012345678901234567890123456789012345",
        mem_strdup("{\"name\":\"vase\",\"claims\":[{\"run\":\"\"},{\"run\":\"?\"}]}"));
    store_changes_add(
        c, STORE_JOBS, "local", "112345678901234567890123456789012345", mem_strdup("nonsense"));
    store_changes_add(c, STORE_JOBS, "local", "212345678901234567890123456789012345",
        mem_strdup("{\"claims\":[]}"));
    store_save_changes(b->store, c, on_answer, &a);
    wait_for(b, &a, 1);
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
            "UPDATE jobs SET doc = replace(doc, '?', (SELECT id FROM runs WHERE file_name = 'b'))",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    clear(b, INT64_MAX);
    assert_string_equal(list(b, &(struct run_filter){.limit = 9}), "b");
}

struct figures {
    int count;
    size_t n;
    struct run_stats rows[8];
};

static void on_stats(void *context, const struct err *e, const struct run_stats *rows, size_t n)
{
    struct figures *f = context;
    assert_null(e);
    f->count++;
    f->n = n;
    memcpy(f->rows, rows, n * sizeof *rows);
}

static double weigh(void *context, const char *material, int64_t length_um)
{
    assert_string_equal(context, "scales");
    return (double)length_um / 1e6 * (strcmp(material, "PLA") == 0 ? 3 : 2);
}

static struct figures ask(struct store_bench *b, enum stats_by by, int64_t since_ms)
{
    struct figures f = {0};
    char scales[] = "scales";
    store_stats(b->store,
        &(struct stats_filter){
            .by = by, .since_ms = since_ms, .weigh = weigh, .weigh_context = scales},
        on_stats, &f);
    while (f.count == 0) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
    return f;
}

static void statistics_count_what_ended_by_printer(void **state)
{
    struct store_bench *b = *state;
    some_history(b);
    struct figures f = ask(b, STATS_BY_PRINTER, 0);
    assert_int_equal(f.n, 2);
    assert_string_equal(f.rows[0].key, "mini");
    assert_string_equal(f.rows[1].key, "mk3");
    assert_int_equal(f.rows[1].prints, 2);
    assert_int_equal(f.rows[1].results[RUN_SUCCESS], 1);
    assert_int_equal(f.rows[1].results[RUN_FAILURE], 1);
    assert_int_equal(f.rows[0].results[RUN_CANCELLED], 1);
    assert_int_equal(f.rows[1].time_ms, 2000);
    assert_int_equal(f.rows[1].filament_um, 10000000);
    assert_float_equal(f.rows[1].grams, 9 * 3 + 1 * 2, 1e-9);
}

static void statistics_by_file_have_the_most_printed_first(void **state)
{
    struct store_bench *b = *state;
    some_history(b);
    struct figures f = ask(b, STATS_BY_FILE, 0);
    assert_int_equal(f.n, 2);
    assert_string_equal(f.rows[0].key, "a");
    assert_int_equal(f.rows[0].prints, 3);
    assert_string_equal(f.rows[1].key, "b");
}

static void statistics_by_material_keep_each_key_apart(void **state)
{
    struct store_bench *b = *state;
    some_history(b);
    struct figures f = ask(b, STATS_BY_MATERIAL, 0);
    assert_int_equal(f.n, 3);
    assert_string_equal(f.rows[0].key, "PLA");
    assert_string_equal(f.rows[1].key, "");
    assert_string_equal(f.rows[2].key, "PETG_red_#ff0000");
}

static void statistics_by_day_begin_with_the_newest_and_since(void **state)
{
    struct store_bench *b = *state;
    setenv("TZ", "UTC", 1);
    some_history(b);
    struct figures f = ask(b, STATS_BY_DAY, 0);
    assert_int_equal(f.n, 2);
    assert_string_equal(f.rows[0].key, "2024-06-01");
    assert_string_equal(f.rows[1].key, "2024-05-31");
    assert_int_equal(f.rows[1].prints, 2);
    f = ask(b, STATS_BY_DAY, NOON + DAY_MS + 1);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.rows[0].prints, 1);
    assert_int_equal(ask(b, STATS_BY_DAY, NOON + 2 * DAY_MS).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(runs_are_found_by_time_printer_file_job_set_and_result),
        STORE_TEST(cleared_are_runs_that_have_ended_before),
        STORE_TEST(a_run_a_job_still_asks_for_is_not_cleared),
        STORE_TEST(statistics_count_what_ended_by_printer),
        STORE_TEST(statistics_by_file_have_the_most_printed_first),
        STORE_TEST(statistics_by_material_keep_each_key_apart),
        STORE_TEST(statistics_by_day_begin_with_the_newest_and_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
