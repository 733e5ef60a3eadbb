// link: ppio
#include "host/io/store.h"

#include "host/base/id.h"
#include "host/base/mem.h"
#include "tests/unit/tempdir.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define DAY_MS  INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

struct fixture {
    char dir[TEMPDIR_SIZE];
    char path[TEMPDIR_SIZE + 16];
    uv_loop_t loop;
    struct store *store;
    bool closed;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    tempdir_make(f->dir);
    snprintf(f->path, sizeof f->path, "%s/pphost.db", f->dir);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    *state = f;
    return 0;
}

static void on_closed(void *context)
{
    struct fixture *f = context;
    f->closed = true;
    f->store = NULL;
}

static void close_store(struct fixture *f)
{
    f->closed = false;
    store_close(f->store, on_closed, f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_true(f->closed);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->store != NULL) {
        close_store(f);
    }
    assert_int_equal(uv_loop_close(&f->loop), 0);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

static void open_store(struct fixture *f)
{
    struct err e = {0};
    if (store_open(&f->store, &f->loop, f->path, &e) != 0) {
        fail_msg("%s", e.text);
    }
}

static void reopen(struct fixture *f)
{
    close_store(f);
    open_store(f);
}

/* Opening must fail with this code and a text that names the file and contains `part`. */
static void assert_refused(struct fixture *f, int code, const char *part)
{
    struct err e = {0};
    assert_int_equal(store_open(&f->store, &f->loop, f->path, &e), -code);
    assert_null(f->store);
    assert_non_null(strstr(e.text, f->path));
    if (strstr(e.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", e.text, part);
    }
}

/* What an answer said. */
struct answer {
    int count;
    struct err err;
};

static void on_answer(void *context, const struct err *e)
{
    struct answer *a = context;
    a->count++;
    a->err = e != NULL ? *e : (struct err){0};
}

static void wait_for(struct fixture *f, const struct answer *a, int count)
{
    while (a->count < count) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

static struct run make_run(int64_t start_ms)
{
    struct run r = {.start_ms = start_ms, .result = RUN_SUCCESS, .lines = 20000, .filament_um = 5};
    id_new(r.id, start_ms);
    strcpy(r.file_name, "benchy.gcode");
    memset(r.sha256, 'a', 64);
    return r;
}

struct list {
    int count;
    size_t n;
    struct run runs[64];
    struct err err;
};

static void on_list(void *context, const struct err *e, const struct run *runs, size_t n)
{
    struct list *l = context;
    l->count++;
    l->n = n;
    memcpy(l->runs, runs, (n < 64 ? n : 64) * sizeof *runs);
    l->err = e != NULL ? *e : (struct err){0};
}

static void list_runs(struct fixture *f, size_t limit, struct list *l)
{
    *l = (struct list){0};
    store_list_runs(f->store, &(struct run_filter){.limit = limit}, on_list, l);
    while (l->count == 0) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    assert_int_equal(l->err.code, 0);
}

static int64_t query(const char *path, const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &q, NULL), SQLITE_OK);
    sqlite3_step(q);
    int64_t value = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return value;
}

/* ---- opening and closing
 * ------------------------------------------------------------------------- */

static void a_new_store_is_private_and_its_bed_unknown(void **state)
{
    struct fixture *f = *state;
    struct printer_row p;
    struct stat st;
    open_store(f);
    assert_int_equal(store_load_printer(f->store, &p, NULL), 0);
    assert_int_equal(p.bed, BED_UNKNOWN);
    assert_string_equal(p.port_identity, "");
    assert_false(store_was_unclean(f->store));
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_closed_store_was_left_cleanly(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_int_equal(query(f->path, "SELECT clean_stop FROM host"), 0);
    reopen(f);
    assert_false(store_was_unclean(f->store));
    close_store(f);
    assert_int_equal(query(f->path, "SELECT clean_stop FROM host"), 1);
    assert_int_equal(access(tempdir_path(f->dir, "pphost.db-wal"), F_OK), -1);
}

static void what_is_queued_is_written_and_answered_before_closed(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    open_store(f);
    for (int i = 0; i < 20; i++) {
        struct run r = make_run(i);
        store_save_run(f->store, &r, on_answer, &a);
    }
    close_store(f);
    assert_int_equal(a.count, 20);
    assert_int_equal(query(f->path, "SELECT count(*) FROM runs"), 20);
}

static void write_bytes(const char *path, off_t at, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    char junk[4096];
    memset(junk, 'x', sizeof junk);
    write_bytes(f->path, 0, junk, sizeof junk);
    assert_refused(f, PP_ECORRUPT, "put a backup in its place");
}

static void a_database_of_another_program_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    query(f->path, "CREATE TABLE songs (title TEXT)");
    assert_refused(f, PP_ECORRUPT, "belongs to another program");
    assert_int_equal(query(f->path, "SELECT count(*) FROM sqlite_schema"), 1);
}

static void a_newer_database_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    query(f->path, "PRAGMA user_version = 4711");
    assert_refused(f, PP_EREFUSED, "version 4711 was written by a newer pphost");
    assert_int_equal(query(f->path, "PRAGMA user_version"), 4711);
    assert_int_equal(query(f->path, "SELECT clean_stop FROM host"), 1);
}

static void a_folder_in_its_place_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_refused(f, PP_EIO, "Is a directory");
}

/* Overwrites the pages behind the schema, where only integrity_check looks. */
static void damage(struct fixture *f)
{
    char junk[4096];
    off_t page = (off_t)query(f->path, "PRAGMA page_size");
    int64_t root = query(f->path, "SELECT rootpage FROM sqlite_schema WHERE name = 'runs'");
    memset(junk, 0x55, sizeof junk);
    write_bytes(f->path, (off_t)(root - 1) * page, junk, sizeof junk);
}

static void after_an_unclean_stop_a_damaged_page_is_found(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    query(f->path, "UPDATE host SET clean_stop = 0");
    damage(f);
    assert_refused(f, PP_ECORRUPT, "damaged");
}

static void after_an_unclean_stop_a_sound_database_opens_and_tells(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    query(f->path, "UPDATE host SET clean_stop = 0");
    open_store(f);
    assert_true(store_was_unclean(f->store));
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

static void the_printer_and_its_bed_come_back(void **state)
{
    struct fixture *f = *state;
    struct printer_row p = {.baud = 250000, .bed = BED_OCCUPIED};
    struct printer_row back;
    struct answer a = {0};
    strcpy(p.port_identity, "usb-1a86_USB_Serial-if00");
    strcpy(p.machine_type, "Ender-3 \"Jürgen\"");
    open_store(f);
    store_save_printer(f->store, &p, on_answer, &a);
    wait_for(f, &a, 1);
    reopen(f);
    assert_int_equal(store_load_printer(f->store, &back, NULL), 0);
    assert_memory_equal(&p, &back, sizeof p);
}

static void runs_are_listed_newest_first_and_updated_in_place(void **state)
{
    struct fixture *f = *state;
    struct run a = make_run(1000);
    struct run b = make_run(2000);
    struct list l;
    open_store(f);
    a.result = RUN_OPEN;
    store_save_run(f->store, &a, NULL, NULL);
    store_save_run(f->store, &b, NULL, NULL);
    a.result = RUN_CANCELLED;
    a.end_ms = 1500;
    strcpy(a.reason, "cancelled by \"page\"");
    store_save_run(f->store, &a, NULL, NULL);
    list_runs(f, 10, &l);
    assert_int_equal(l.n, 2);
    assert_memory_equal(&l.runs[0], &b, sizeof b);
    assert_memory_equal(&l.runs[1], &a, sizeof a);
    list_runs(f, 1, &l);
    assert_int_equal(l.n, 1);
    list_runs(f, SIZE_MAX, &l);
    assert_int_equal(l.n, 2);
}

static void open_runs_are_interrupted_at_the_next_start(void **state)
{
    struct fixture *f = *state;
    struct run open_run = make_run(1000);
    struct run ended = make_run(2000);
    struct list l;
    size_t count;
    open_run.result = RUN_OPEN;
    open_store(f);
    store_save_run(f->store, &open_run, NULL, NULL);
    store_save_run(f->store, &ended, NULL, NULL);
    reopen(f);
    assert_int_equal(store_interrupt_runs(f->store, "", 9000, &count, NULL), 0);
    assert_int_equal(count, 1);
    list_runs(f, 10, &l);
    assert_int_equal(l.runs[0].result, RUN_SUCCESS);
    assert_int_equal(l.runs[1].result, RUN_INTERRUPTED);
    assert_int_equal(l.runs[1].end_ms, 9000);
}

static void the_run_under_way_is_found_and_may_be_kept(void **state)
{
    struct fixture *f = *state;
    struct run first = make_run(1000);
    struct run second = make_run(2000);
    struct run found;
    size_t count;
    first.result = second.result = RUN_OPEN;
    open_store(f);
    assert_int_equal(store_load_open_run(f->store, &found, NULL), 0);
    assert_string_equal(found.id, "");
    store_save_run(f->store, &first, NULL, NULL);
    store_save_run(f->store, &second, NULL, NULL);
    reopen(f);
    assert_int_equal(store_load_open_run(f->store, &found, NULL), 0);
    assert_memory_equal(&found, &second, sizeof found);
    assert_int_equal(store_interrupt_runs(f->store, second.id, 9000, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_load_open_run(f->store, &found, NULL), 0);
    assert_string_equal(found.id, second.id);
}

static void the_journal_is_one_row_that_goes_with_the_run(void **state)
{
    struct fixture *f = *state;
    struct run run = make_run(1000);
    struct journal_row row = {.words = "{}", .acked_offset = 77, .lines = 5, .wall_ms = 9};
    struct journal_row found;
    open_store(f);
    assert_int_equal(store_load_journal(f->store, &found, NULL), 0);
    assert_string_equal(found.run_id, "");
    memcpy(row.run_id, run.id, sizeof row.run_id);
    store_save_journal(f->store, &row, NULL, NULL);
    row.acked_offset = 99;
    memset(row.words, 'x', STORE_WORDS);
    store_save_journal(f->store, &row, NULL, NULL);
    reopen(f);
    assert_int_equal(store_load_journal(f->store, &found, NULL), 0);
    assert_string_equal(found.run_id, run.id);
    assert_string_equal(found.words, row.words);
    assert_int_equal(found.acked_offset, 99);
    assert_int_equal(found.lines, 5);
    store_drop_journal(f->store, NULL, NULL);
    reopen(f);
    assert_int_equal(store_load_journal(f->store, &found, NULL), 0);
    assert_string_equal(found.run_id, "");
}

static void a_journal_that_cannot_be_is_refused(void **state)
{
    struct fixture *f = *state;
    struct journal_row found;
    struct err e;
    open_store(f);
    close_store(f);
    query(f->path, "INSERT INTO journal VALUES (1, '012345678901234567890123456789012345', 'x', "
                   "-1, 0, 0)");
    open_store(f);
    assert_int_equal(store_load_journal(f->store, &found, &e), -PP_ECORRUPT);
    assert_string_equal(found.run_id, "");
}

static void a_bad_job_fails_alone(void **state)
{
    struct fixture *f = *state;
    struct answer good = {0};
    struct answer bad = {0};
    struct list l;
    open_store(f);
    for (int i = 0; i < 10; i++) {
        struct run r = make_run(i);
        if (i == 4) {
            strcpy(r.id, "no id");
        }
        store_save_run(f->store, &r, on_answer, i == 4 ? &bad : &good);
    }
    wait_for(f, &good, 9);
    assert_int_equal(good.err.code, 0);
    assert_int_equal(bad.err.code, PP_EINVAL);
    assert_non_null(strstr(bad.err.text, "save run: "));
    list_runs(f, 20, &l);
    assert_int_equal(l.n, 9);
}

static void save_file(struct store *s, const struct file_row *row, store_cb done, void *context)
{
    struct file_change *c = file_change_new();
    file_change_save(c, row);
    store_change_files(s, c, done, context);
}

static void files_come_back_by_name(void **state)
{
    struct fixture *f = *state;
    struct file_row a = {.name = "b.gcode", .size_bytes = 7, .uploaded_ms = 8, .analysis = NULL};
    char json[] = "{\"lines\":1}";
    struct file_row b = {.name = "ä 'x'.gcode", .analysis = json};
    struct file_row *rows;
    size_t n;
    memset(a.sha256, '1', 64);
    memset(b.sha256, '2', 64);
    open_store(f);
    save_file(f->store, &b, NULL, NULL);
    save_file(f->store, &a, NULL, NULL);
    reopen(f);
    assert_int_equal(store_load_files(f->store, &rows, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].name, "b.gcode");
    assert_null(rows[0].analysis);
    assert_int_equal(rows[0].size_bytes, 7);
    assert_string_equal(rows[1].name, b.name);
    assert_string_equal(rows[1].analysis, json);
    store_free_files(rows, n);
    store_remove_file(f->store, "ä 'x'.gcode", NULL, NULL);
    reopen(f);
    assert_int_equal(store_load_files(f->store, &rows, &n, NULL), 0);
    assert_int_equal(n, 1);
    store_free_files(rows, n);
}

static void many_files_are_all_loaded(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    struct file_row *rows;
    size_t n;
    open_store(f);
    for (int i = 0; i < 100; i++) {
        struct file_row row = {.size_bytes = i};
        snprintf(row.name, sizeof row.name, "%03d.gcode", i);
        memset(row.sha256, '3', 64);
        save_file(f->store, &row, on_answer, &a);
    }
    wait_for(f, &a, 100);
    assert_int_equal(store_load_files(f->store, &rows, &n, NULL), 0);
    assert_int_equal(n, 100);
    assert_int_equal(rows[99].size_bytes, 99);
    store_free_files(rows, n);
}

static void keys_come_back_and_a_name_is_taken_once(void **state)
{
    struct fixture *f = *state;
    struct key_row k = {.name = "slicer", .scope = "print", .created_ms = 5};
    struct key_row *rows;
    struct answer a = {0};
    size_t n;
    memset(k.hash, 0xfe, sizeof k.hash);
    open_store(f);
    store_save_key(f->store, &k, on_answer, &a);
    wait_for(f, &a, 1);
    assert_int_equal(a.err.code, 0);
    store_save_key(f->store, &k, on_answer, &a);
    wait_for(f, &a, 2);
    assert_int_equal(a.err.code, PP_EINVAL);
    reopen(f);
    assert_int_equal(store_load_keys(f->store, &rows, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_memory_equal(rows, &k, sizeof k);
    free(rows);
    store_remove_key(f->store, "slicer", NULL, NULL);
    reopen(f);
    assert_int_equal(store_load_keys(f->store, &rows, &n, NULL), 0);
    assert_int_equal(n, 0);
    free(rows);
}

static void settings_come_back_and_are_bounded(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    struct err e = {0};
    char value[64];
    char *large = mem_alloc(5000);
    open_store(f);
    assert_int_equal(store_load_setting(f->store, "theme", value, sizeof value, NULL), 0);
    assert_string_equal(value, "");
    store_save_setting(f->store, "theme", "dark", on_answer, &a);
    wait_for(f, &a, 1);
    assert_int_equal(store_load_setting(f->store, "theme", value, sizeof value, NULL), 0);
    assert_string_equal(value, "dark");
    assert_int_equal(store_load_setting(f->store, "theme", value, 4, &e), -PP_ETOOBIG);
    memset(large, 'x', 4999);
    store_save_setting(f->store, "theme", large, on_answer, &a);
    wait_for(f, &a, 2);
    assert_int_equal(a.err.code, PP_ETOOBIG);
    free(large);
}

/* ---- temperatures
 * -------------------------------------------------------------------------------- */

static void add_temp(struct fixture *f, const char *heater, int64_t wall_ms)
{
    struct temp_row row = {.wall_ms = wall_ms, .actual_mc = 210500, .target_mc = INT32_MIN};
    strcpy(row.heater, heater);
    store_add_temps(f->store, &row, 1);
}

static void settle(struct fixture *f)
{
    struct list l;
    list_runs(f, 0, &l);
}

static void a_minute_of_samples_is_one_row_a_heater(void **state)
{
    struct fixture *f = *state;
    int64_t now = 1700000000000 / 60000 * 60000;
    open_store(f);
    for (int i = 0; i < 180; i++) {
        add_temp(f, "tool0", now + i * 1000);
        add_temp(f, "bed", now + i * 1000);
    }
    reopen(f);
    add_temp(f, "tool0", now + 179500); /* the gate is new, the row is there */
    settle(f);
    assert_int_equal(query(f->path, "SELECT count(*) FROM temps"), 6);
    assert_int_equal(query(f->path, "SELECT count(*) FROM temps WHERE target_mc IS NULL"), 6);
    assert_int_equal(query(f->path, "SELECT sum(wall_ms % 60000) FROM temps"), 0);
}

static void after_a_week_one_row_an_hour_is_left_and_none_after_a_year(void **state)
{
    struct fixture *f = *state;
    int64_t start = 1700000000000 / HOUR_MS * HOUR_MS;
    open_store(f);
    for (int minute = 30; minute < 180; minute++) {
        add_temp(f, "tool0", start + minute * 60000);
        add_temp(f, "bed", start + minute * 60000);
        settle(f);
    }
    assert_int_equal(query(f->path, "SELECT count(*) FROM temps"), 300);
    add_temp(f, "tool0", start + 7 * DAY_MS + 2 * HOUR_MS);
    settle(f);
    assert_int_equal(query(f->path, "SELECT count(*) FROM temps"), 4 + 120 + 1);
    assert_int_equal(query(f->path, "SELECT min(minute) % 60 FROM temps"), 30);
    add_temp(f, "tool0", start + 8 * DAY_MS);
    settle(f);
    assert_int_equal(query(f->path, "SELECT count(*) FROM temps"), 6 + 2);
    add_temp(f, "tool0", start + 366 * DAY_MS + 2 * HOUR_MS);
    settle(f);
    assert_int_equal(query(f->path, "SELECT count(*) FROM temps"), 2 + 3);
}

/* ---- trouble
 * ------------------------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_fails_the_job_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct answer before = {0};
    struct answer during = {0};
    struct answer after = {0};
    struct list l;
    char large[3001] = "";
    memset(large, 'x', sizeof large - 1);
    signal(SIGXFSZ, SIG_IGN);
    open_store(f);
    struct run r = make_run(1);
    store_save_run(f->store, &r, on_answer, &before);
    wait_for(f, &before, 1);
    struct stat st;
    assert_int_equal(stat(tempdir_path(f->dir, "pphost.db-wal"), &st), 0);
    limit_files((rlim_t)st.st_size);
    r = make_run(2);
    store_save_run(f->store, &r, on_answer, &during);
    store_save_setting(f->store, "a", large, on_answer, &during);
    wait_for(f, &during, 2);
    limit_files(RLIM_INFINITY);
    assert_int_equal(during.err.code, PP_ENOSPC);
    r = make_run(3);
    store_save_run(f->store, &r, on_answer, &after);
    wait_for(f, &after, 1);
    assert_int_equal(after.err.code, 0);
    reopen(f);
    list_runs(f, 10, &l);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.runs[0].start_ms, 3);
    assert_int_equal(l.runs[1].start_ms, 1);
}

static void a_disk_that_hangs_bounds_the_queue(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    sqlite3 *db;
    open_store(f);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 1030; i++) {
        struct run r = make_run(i);
        store_save_run(f->store, &r, on_answer, &a);
    }
    wait_for(f, &a, 6);
    assert_int_equal(a.count, 6);
    assert_int_equal(a.err.code, PP_ELIMIT);
    add_temp(f, "bed", 1700000000000);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    wait_for(f, &a, 1030);
    assert_int_equal(a.err.code, 0);
    assert_int_equal(query(f->path, "SELECT count(*) FROM runs"), 1024);
    assert_int_equal(query(f->path, "SELECT count(*) FROM temps"), 0);
}

/* The child saves runs and writes the start_ms of each acknowledged one to the pipe. */
struct writer {
    struct store *store;
    int fd;
    int64_t next;
};

static void save_next(struct writer *w);

struct saved {
    struct writer *w;
    int64_t start_ms;
};

static void on_saved(void *context, const struct err *e)
{
    struct saved *s = context;
    if (e != NULL || write(s->w->fd, &s->start_ms, sizeof s->start_ms) != sizeof s->start_ms) {
        _exit(2);
    }
    save_next(s->w);
    free(s);
}

static void save_next(struct writer *w)
{
    struct run r = make_run(w->next++);
    struct saved *s = mem_alloc(sizeof *s);
    *s = (struct saved){w, r.start_ms};
    store_save_run(w->store, &r, on_saved, s);
}

static void write_until_killed(const char *path, int fd, int64_t first)
{
    uv_loop_t loop;
    struct writer w = {.fd = fd, .next = first};
    uv_loop_init(&loop);
    if (store_open(&w.store, &loop, path, NULL) != 0) {
        _exit(3);
    }
    for (int i = 0; i < 8; i++) {
        save_next(&w);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(4);
}

/* Kills a writing child after it has acknowledged `acks` runs; returns how many were acknowledged.
 */
static int64_t kill_writer(const char *path, int64_t first, int64_t acks)
{
    int pipes[2];
    int status;
    int64_t start_ms;
    int64_t count = 0;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        close(pipes[0]);
        write_until_killed(path, pipes[1], first);
    }
    close(pipes[1]);
    while (count < acks && read(pipes[0], &start_ms, sizeof start_ms) == sizeof start_ms) {
        assert_int_equal(start_ms, first + count++);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    while (read(pipes[0], &start_ms, sizeof start_ms) == sizeof start_ms) {
        assert_int_equal(start_ms, first + count++);
    }
    close(pipes[0]);
    return count;
}

static void whatever_was_acknowledged_survives_kill_9(void **state)
{
    struct fixture *f = *state;
    int64_t first = 0;
    for (int round = 0; round < 12; round++) {
        char text[128];
        int64_t acked = kill_writer(f->path, first, round * 5 % 23);
        open_store(f);
        assert_true(store_was_unclean(f->store) || acked == 0);
        close_store(f);
        snprintf(text, sizeof text,
            "SELECT count(*) FROM runs WHERE start_ms BETWEEN %lld AND %lld", (long long)first,
            (long long)(first + acked - 1));
        assert_int_equal(query(f->path, text), acked);
        first += 1000000;
    }
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_new_store_is_private_and_its_bed_unknown),
        STORE_TEST(a_closed_store_was_left_cleanly),
        STORE_TEST(what_is_queued_is_written_and_answered_before_closed),
        STORE_TEST(a_file_that_is_no_database_is_refused),
        STORE_TEST(a_database_of_another_program_is_refused_and_left_alone),
        STORE_TEST(a_newer_database_is_refused_and_left_alone),
        STORE_TEST(a_folder_in_its_place_is_refused),
        STORE_TEST(after_an_unclean_stop_a_damaged_page_is_found),
        STORE_TEST(after_an_unclean_stop_a_sound_database_opens_and_tells),
        STORE_TEST(the_printer_and_its_bed_come_back),
        STORE_TEST(runs_are_listed_newest_first_and_updated_in_place),
        STORE_TEST(open_runs_are_interrupted_at_the_next_start),
        STORE_TEST(the_run_under_way_is_found_and_may_be_kept),
        STORE_TEST(the_journal_is_one_row_that_goes_with_the_run),
        STORE_TEST(a_journal_that_cannot_be_is_refused),
        STORE_TEST(a_bad_job_fails_alone),
        STORE_TEST(files_come_back_by_name),
        STORE_TEST(many_files_are_all_loaded),
        STORE_TEST(keys_come_back_and_a_name_is_taken_once),
        STORE_TEST(settings_come_back_and_are_bounded),
        STORE_TEST(a_minute_of_samples_is_one_row_a_heater),
        STORE_TEST(after_a_week_one_row_an_hour_is_left_and_none_after_a_year),
        STORE_TEST(a_full_disk_fails_the_job_and_nothing_else),
        STORE_TEST(a_disk_that_hangs_bounds_the_queue),
        STORE_TEST(whatever_was_acknowledged_survives_kill_9),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
