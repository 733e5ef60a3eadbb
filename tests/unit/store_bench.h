/* A store in a folder of its own, with its loop, for one test. */
#ifndef PP_TESTS_STORE_BENCH_H
#define PP_TESTS_STORE_BENCH_H

#include "host/base/mem.h"
#include "host/io/store.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

struct store_bench {
    char dir[TEMPDIR_SIZE];
    char path[TEMPDIR_SIZE + 16];
    uv_loop_t loop;
    struct store *store;
};

struct answer {
    int count;
    struct err err;
};

static inline void on_answer(void *context, const struct err *e)
{
    struct answer *a = context;
    a->count++;
    a->err = e != NULL ? *e : (struct err){0};
}

static inline void wait_for(struct store_bench *b, const struct answer *a, int count)
{
    while (a->count < count) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
}

static inline void open_store(struct store_bench *b)
{
    struct err e = {0};
    if (store_open(&b->store, &b->loop, b->path, &e) != 0) {
        fail_msg("%s", e.text);
    }
}

static inline void close_store(struct store_bench *b)
{
    store_close(b->store, NULL, NULL);
    b->store = NULL;
    uv_run(&b->loop, UV_RUN_DEFAULT);
}

static inline int store_bench_setup(void **state)
{
    struct store_bench *b = mem_alloc(sizeof *b);
    tempdir_make(b->dir);
    snprintf(b->path, sizeof b->path, "%s/pphost.db", b->dir);
    assert_int_equal(uv_loop_init(&b->loop), 0);
    open_store(b);
    *state = b;
    return 0;
}

static inline int store_bench_teardown(void **state)
{
    struct store_bench *b = *state;
    if (b->store != NULL) {
        close_store(b);
    }
    assert_int_equal(uv_loop_close(&b->loop), 0);
    tempdir_remove(b->dir);
    free(b);
    return 0;
}

/* Runs statements on the closed or idle database beside us. */
static inline int64_t query(const char *path, const char *text)
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

static inline void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* From now on the disk takes only `bytes` more; SIZE_MAX: all again. */
static inline void fill_disk(struct store_bench *b, size_t bytes)
{
    struct stat st = {0};
    char wal[TEMPDIR_SIZE + 24];
    snprintf(wal, sizeof wal, "%s-wal", b->path);
    stat(wal, &st);
    limit_files(bytes == SIZE_MAX ? RLIM_INFINITY : (rlim_t)st.st_size + bytes);
}

#define STORE_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, store_bench_setup, store_bench_teardown)

#endif
