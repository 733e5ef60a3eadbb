// link: ppapp
#include "host/app/files.h"

#include "host/base/mem.h"
#include "host/io/blob.h"
#include "tests/unit/tempdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#define SQUARE "G28\nG1 X10 Y10 Z0.2 F3000\nG1 X50 Y10 E2\nG1 X50 Y50 E4\n"

struct fixture {
    char dir[TEMPDIR_SIZE];
    char blobs[TEMPDIR_SIZE + 8];
    char db[TEMPDIR_SIZE + 16];
    int64_t max_bytes;
    uv_loop_t loop;
    struct store *store;
    struct files *files;
};

struct answer {
    int count;
    struct err err;
    struct file_entry entry;
};

static void open_files(struct fixture *f)
{
    struct err e = {0};
    assert_int_equal(store_open(&f->store, &f->loop, f->db, NULL), 0);
    if (files_open(&f->files, &f->loop, f->store, f->dir, f->max_bytes, &e) != 0) {
        fail_msg("%s", e.text);
    }
}

static void close_files(struct fixture *f)
{
    if (f->files != NULL) {
        files_close(f->files);
    }
    store_close(f->store, NULL, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    tempdir_make(f->dir);
    snprintf(f->db, sizeof f->db, "%s/pphost.db", f->dir);
    snprintf(f->blobs, sizeof f->blobs, "%s/blobs", f->dir);
    f->max_bytes = 1 << 20;
    mkdir(f->blobs, 0700);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    open_files(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close_files(f);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

static void on_file(void *context, const struct err *e, const struct file_entry *entry)
{
    struct answer *a = context;
    a->count++;
    a->err = e != NULL ? *e : (struct err){0};
    assert_true((e == NULL) == (entry != NULL));
    if (entry != NULL) {
        a->entry = *entry;
    }
}

static void on_removed(void *context, const struct err *e)
{
    struct answer *a = context;
    a->count++;
    a->err = e != NULL ? *e : (struct err){0};
}

static void on_error(void *context, const struct err *e)
{
    *(struct err *)context = *e;
}

static void wait_for(struct fixture *f, const struct answer *a, int count)
{
    while (a->count < count) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

static struct upload *begin(struct fixture *f, const char *name, const char *text)
{
    struct upload *u;
    struct err e = {0};
    if (files_begin(f->files, name, &u, &e) != 0 || files_write(u, text, strlen(text), &e) != 0) {
        fail_msg("%s", e.text);
    }
    return u;
}

static struct answer commit(struct fixture *f, struct upload *u)
{
    struct answer a = {0};
    files_commit(u, on_file, &a);
    wait_for(f, &a, 1);
    return a;
}

static struct file_entry put(struct fixture *f, const char *name, const char *text)
{
    struct answer a = commit(f, begin(f, name, text));
    if (a.err.code != 0) {
        fail_msg("%s", a.err.text);
    }
    return a.entry;
}

static struct err remove_file(struct fixture *f, const char *name)
{
    struct answer a = {0};
    files_remove_name(f->files, name, false, on_removed, &a);
    assert_int_equal(a.count, 0);
    wait_for(f, &a, 1);
    return a.err;
}

static void settle(struct fixture *f)
{
    while (f->files != NULL && uv_loop_alive(&f->loop) && f->loop.active_reqs.count > 0) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

/* What the pool has still to remove does not count. */
static int blob_count(struct fixture *f)
{
    int count = 0;
    settle(f);
    DIR *d = opendir(f->blobs);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(d);
    return count;
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", text, part);
    }
}

static void sql(struct fixture *f, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

/* ---- the happy path
 * ------------------------------------------------------------------------------ */

static void an_upload_is_hashed_analysed_and_found(void **state)
{
    struct fixture *f = *state;
    char path[512];
    char bytes[256] = "";
    struct upload *u = begin(f, "square.gcode", "");
    for (const char *p = SQUARE; *p != '\0'; p++) {
        assert_int_equal(files_write(u, p, 1, NULL), 0);
    }
    struct answer a = commit(f, u);
    assert_int_equal(a.err.code, 0);
    assert_true(a.entry.analysed);
    assert_int_equal(a.entry.analysis.commands, 4);
    assert_int_equal(a.entry.analysis.max_um[0], 50000);
    assert_int_equal(a.entry.row.size_bytes, strlen(SQUARE));
    assert_string_equal(
        a.entry.row.sha256, "89edbb551d790713e93b1b9ca0bafd55b0a8f0fa4df22ea230a3ee82b2a5935f");
    const struct file_entry *found = files_find(f->files, "square.gcode");
    files_path(f->files, found->row.sha256, path, sizeof path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, sizeof bytes - 1, file), strlen(SQUARE));
    fclose(file);
    assert_string_equal(bytes, SQUARE);
    assert_null(files_find(f->files, "other.gcode"));
}

static void files_and_their_analyses_survive_a_restart(void **state)
{
    struct fixture *f = *state;
    put(f, "b.gcode", SQUARE);
    struct file_entry a = put(f, "a.gcode", SQUARE ";generated by PrusaSlicer 2.5.0 on 2023\n");
    close_files(f);
    open_files(f);
    const struct file_entry *found = files_at(f->files, 0);
    assert_string_equal(found->row.name, "a.gcode");
    assert_string_equal(found->row.sha256, a.row.sha256);
    assert_int_equal(found->row.uploaded_ms, a.row.uploaded_ms);
    assert_true(found->analysed);
    assert_int_equal(found->analysis.time_ms, a.analysis.time_ms);
    assert_string_equal(found->analysis.slicer, a.analysis.slicer);
    assert_string_equal(files_at(f->files, 1)->row.name, "b.gcode");
    assert_null(files_at(f->files, 2));
}

static void identical_content_is_stored_once(void **state)
{
    struct fixture *f = *state;
    put(f, "a.gcode", SQUARE);
    put(f, "b.gcode", SQUARE);
    assert_int_equal(blob_count(f), 1);
    assert_int_equal(remove_file(f, "a.gcode").code, 0);
    assert_int_equal(blob_count(f), 1);
    assert_null(files_find(f->files, "a.gcode"));
    assert_int_equal(remove_file(f, "b.gcode").code, 0);
    assert_int_equal(blob_count(f), 0);
    close_files(f);
    open_files(f);
    assert_null(files_at(f->files, 0));
}

static void a_name_uploaded_again_has_the_new_content(void **state)
{
    struct fixture *f = *state;
    put(f, "a.gcode", SQUARE);
    put(f, "a.gcode", "G28\n");
    assert_int_equal(blob_count(f), 1);
    assert_int_equal(files_find(f->files, "a.gcode")->analysis.commands, 1);
    put(f, "a.gcode", "G28\n");
    assert_int_equal(blob_count(f), 1);
    assert_null(files_at(f->files, 1));
}

static void content_removed_and_uploaded_at_once_is_there(void **state)
{
    struct fixture *f = *state;
    struct answer removed = {0};
    struct answer added = {0};
    for (int i = 0; i < 20; i++) {
        put(f, "a.gcode", SQUARE);
        files_remove_name(f->files, "a.gcode", false, on_removed, &removed);
        files_commit(begin(f, i % 2 != 0 ? "a.gcode" : "b.gcode", SQUARE), on_file, &added);
        wait_for(f, &added, i + 1);
        wait_for(f, &removed, i + 1);
        assert_int_equal(added.err.code, 0);
        assert_int_equal(removed.err.code, 0);
        settle(f);
        assert_int_equal(blob_count(f), 1);
    }
}

/* ---- refusals
 * ------------------------------------------------------------------------------------ */

static void assert_refused(struct fixture *f, const char *text, int code, const char *part)
{
    struct answer a = commit(f, begin(f, "bad.gcode", text));
    assert_int_equal(a.err.code, code);
    assert_contains(a.err.text, "file \"bad.gcode\"");
    assert_contains(a.err.text, part);
    assert_null(files_find(f->files, "bad.gcode"));
    assert_int_equal(blob_count(f), 0);
}

static void content_that_is_no_gcode_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "", PP_EINVAL, "is empty");
    assert_refused(f, "; only a comment\n\n", PP_ETYPE, "no gcode command in its 2 lines");
    assert_refused(f, "G28\n\x01\x02\x03\n", PP_ETYPE, "line 2 has binary bytes");
}

static void a_nul_byte_is_refused_as_it_arrives(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct upload *u = begin(f, "bad.gcode", "G28\n");
    assert_int_equal(files_write(u, "G1\0", 3, &e), -PP_ETYPE);
    assert_contains(e.text, "byte 7 is a NUL");
    assert_int_equal(files_write(u, "G1\n", 3, &e), -PP_ETYPE);
    struct answer a = commit(f, u);
    assert_int_equal(a.err.code, PP_ETYPE);
    assert_int_equal(blob_count(f), 0);
}

static void a_file_over_the_limit_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    char *large = mem_alloc((size_t)f->max_bytes + 1);
    memset(large, ';', (size_t)f->max_bytes + 1);
    struct upload *u = begin(f, "large.gcode", "");
    assert_int_equal(files_expect(u, f->max_bytes, &e), 0);
    assert_int_equal(files_expect(u, f->max_bytes + 1, &e), -PP_ETOOBIG);
    assert_int_equal(files_write(u, large, (size_t)f->max_bytes, &e), 0);
    assert_int_equal(files_write(u, large, 1, &e), -PP_ETOOBIG);
    assert_string_equal(e.text,
        "file \"large.gcode\" is larger than 1048576 bytes (1.0 MiB), the most that is taken");
    files_abort(u);
    assert_int_equal(blob_count(f), 0);
    free(large);
}

static void what_the_disk_has_no_room_for_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    close_files(f);
    f->max_bytes = INT64_MAX;
    open_files(f);
    struct upload *u = begin(f, "huge.gcode", "");
    assert_int_equal(files_expect(u, INT64_C(1) << 60, &e), -PP_ENOSPC);
    assert_contains(e.text, "MiB more");
    files_abort(u);
}

static void limit_size(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_write_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    char large[20000];
    memset(large, ';', sizeof large);
    signal(SIGXFSZ, SIG_IGN);
    struct upload *u = begin(f, "a.gcode", "G28\n");
    limit_size(10000);
    assert_int_equal(files_write(u, large, sizeof large, &e), 0); /* the disk answers later */
    settle(f);
    int rc = files_write(u, large, sizeof large, &e);
    limit_size(RLIM_INFINITY);
    assert_true(rc < 0);
    assert_contains(e.text, "write \"");
    assert_int_equal(commit(f, u).err.code, -rc);
    assert_int_equal(blob_count(f), 0);
}

static uv_sem_t disk_answers;

static void wait_for_the_disk(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&disk_answers);
}

static void on_room(void *context)
{
    ++*(int *)context;
}

/* Every thread of the pool waits for the disk: taking bytes does not. */
static void bytes_are_taken_while_the_disk_waits_up_to_a_bound(void **state)
{
    struct fixture *f = *state;
    uv_work_t work[16];
    struct err e = {0};
    int rooms = 0;
    char piece[16384];
    memset(piece, ';', sizeof piece);
    piece[sizeof piece - 1] = '\n';
    uv_sem_init(&disk_answers, 0);
    for (size_t i = 0; i < 16; i++) {
        uv_queue_work(&f->loop, &work[i], wait_for_the_disk, NULL);
    }
    struct upload *u = begin(f, "a.gcode", "G28\n");
    files_on_room(u, on_room, &rooms);
    int pieces = 0;
    while (!files_full(u)) {
        assert_int_equal(files_write(u, piece, sizeof piece, &e), 0);
        pieces++;
    }
    assert_in_range(pieces, 2, 64);
    assert_int_equal(rooms, 0);
    for (size_t i = 0; i < 16; i++) {
        uv_sem_post(&disk_answers);
    }
    settle(f);
    assert_true(rooms > 0);
    assert_false(files_full(u));
    struct answer a = commit(f, u);
    assert_int_equal(a.err.code, 0);
    assert_int_equal(a.entry.row.size_bytes, 4 + pieces * (int)sizeof piece);
    uv_sem_destroy(&disk_answers);
}

static void unfit_names_are_refused(void **state)
{
    static const char *const names[] = {"", "../x.gcode", "/a/b.gcode", "a//b.gcode", "a/",
        "a/../b.gcode", ".hidden", "a/.hidden", "a\nb", "\xff", "1/2/3/4/5/6/7/8/9/a.gcode"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct upload *u;
        struct err e = {0};
        assert_int_equal(files_begin(f->files, names[i], &u, &e), -PP_EINVAL);
        assert_contains(e.text, "must be 1 to 200 bytes");
    }
    assert_int_equal(blob_count(f), 0);
}

static void sixteen_uploads_at_once_are_enough(void **state)
{
    struct fixture *f = *state;
    struct upload *u[17];
    struct err e = {0};
    for (int i = 0; i < 16; i++) {
        u[i] = begin(f, "a.gcode", SQUARE);
    }
    assert_int_equal(files_begin(f->files, "a.gcode", &u[16], &e), -PP_ELIMIT);
    assert_contains(e.text, "16 uploads");
    for (int i = 0; i < 16; i++) {
        files_abort(u[i]);
    }
    assert_int_equal(blob_count(f), 0);
    put(f, "a.gcode", SQUARE);
}

static void a_row_that_cannot_be_saved_takes_its_content_along(void **state)
{
    struct fixture *f = *state;
    sql(f, "CREATE TRIGGER no BEFORE INSERT ON files BEGIN SELECT RAISE(ABORT, 'no'); END");
    struct answer a = commit(f, begin(f, "a.gcode", SQUARE));
    assert_int_not_equal(a.err.code, 0);
    assert_null(files_find(f->files, "a.gcode"));
    assert_int_equal(blob_count(f), 0);
}

static void what_is_not_there_cannot_be_removed(void **state)
{
    struct fixture *f = *state;
    struct err e = remove_file(f, "a.gcode");
    assert_int_equal(e.code, PP_ENOTFOUND);
    assert_string_equal(e.text, "no file is called \"a.gcode\"");
}

/* ---- what is only passed on
 * ---------------------------------------------------------------------------------------- */

struct ready {
    int count;
    struct err err;
    char path[512];
};

static void on_ready(void *context, const struct err *e, const char *path)
{
    struct ready *r = context;
    r->count++;
    r->err = e != NULL ? *e : (struct err){0};
    snprintf(r->path, sizeof r->path, "%s", path != NULL ? path : "");
}

static struct ready pass(struct fixture *f, struct upload *u)
{
    struct ready r = {0};
    files_commit_unnamed(u, on_ready, &r);
    while (r.count == 0) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    return r;
}

static void what_gets_no_name_goes_when_its_owner_lets_go(void **state)
{
    struct fixture *f = *state;
    put(f, "a.gcode", SQUARE);
    struct upload *u = begin(f, "a.gcode", SQUARE);
    struct ready r = pass(f, u);
    assert_int_equal(r.err.code, 0);
    assert_int_equal(access(r.path, R_OK), 0);
    assert_int_equal(remove_file(f, "a.gcode").code, 0); /* it is no part of what is stored */
    settle(f);
    assert_int_equal(access(r.path, R_OK), 0);
    files_abort(u);
    settle(f);
    assert_int_equal(access(r.path, R_OK), -1);
    assert_int_equal(blob_count(f), 0);
    assert_null(files_at(f->files, 0));
    r = pass(f, begin(f, "a.gcode", ""));
    assert_int_equal(r.err.code, PP_EINVAL);
    files_commit_unnamed(begin(f, "a.gcode", SQUARE), on_ready, &r); /* the host is stopped */
    close_files(f);
    assert_int_equal(r.err.code, PP_ECANCELED);
    open_files(f);
    assert_int_equal(blob_count(f), 0);
}

static void what_has_no_name_is_swept_at_the_next_start(void **state)
{
    struct fixture *f = *state;
    struct upload *u = begin(f, "a.gcode", SQUARE);
    struct ready r = pass(f, u);
    char copy[600];
    char leftover[600];
    snprintf(copy, sizeof copy, "%s", r.path);
    snprintf(leftover, sizeof leftover, "%s2", r.path);
    assert_int_equal(link(copy, leftover), 0); /* as a killed process leaves it */
    close_files(f);
    files_abort(u);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(access(copy, R_OK), -1);
    open_files(f);
    assert_int_equal(access(leftover, R_OK), -1);
}

/* ---- pins
 * ---------------------------------------------------------------------------------------- */

static void pin(struct fixture *f, const char *name, char sha256[static BLOB_NAME_SIZE])
{
    memcpy(sha256, files_find(f->files, name)->row.sha256, BLOB_NAME_SIZE);
    files_pin(f->files, sha256);
}

static void a_pinned_file_is_not_removed(void **state)
{
    struct fixture *f = *state;
    char sha256[BLOB_NAME_SIZE];
    put(f, "a.gcode", SQUARE);
    pin(f, "a.gcode", sha256);
    files_pin(f->files, sha256);
    struct err e = remove_file(f, "a.gcode");
    assert_int_equal(e.code, PP_EBUSY);
    assert_contains(e.text, "file \"a.gcode\" is being printed");
    files_unpin(f->files, sha256);
    assert_int_equal(remove_file(f, "a.gcode").code, PP_EBUSY);
    put(f, "b.gcode", SQUARE);
    assert_int_equal(remove_file(f, "a.gcode").code, 0); /* its content has another name */
    files_unpin(f->files, sha256);
    assert_int_equal(remove_file(f, "b.gcode").code, 0);
    assert_int_equal(blob_count(f), 0);
}

static void the_content_of_a_pinned_file_outlives_its_replacement(void **state)
{
    struct fixture *f = *state;
    char sha256[BLOB_NAME_SIZE];
    put(f, "a.gcode", SQUARE);
    pin(f, "a.gcode", sha256);
    put(f, "a.gcode", "G28\n");
    put(f, "a.gcode", "G28 X\n");
    files_drop_unused(f->files);
    assert_int_equal(files_find(f->files, "a.gcode")->analysis.commands, 1);
    assert_int_equal(files_find_content(f->files, sha256)->analysis.commands, 4);
    assert_int_equal(blob_count(f), 2);
    close_files(f);
    open_files(f);
    assert_int_equal(files_find_content(f->files, sha256)->analysis.commands, 4);
    files_pin(f->files, sha256);
    files_drop_unused(f->files);
    assert_int_equal(blob_count(f), 2);
    files_unpin(f->files, sha256);
    settle(f);
    assert_null(files_find_content(f->files, sha256));
    assert_int_equal(blob_count(f), 1);
}

static void content_that_a_model_has_too_is_found_as_what_can_be_printed(void **state)
{
    struct fixture *f = *state;
    char sha256[BLOB_NAME_SIZE];
    put(f, "a.stl", SQUARE);
    put(f, "b.gcode", SQUARE);
    put(f, "c.stl", SQUARE);
    pin(f, "b.gcode", sha256);
    assert_string_equal(files_find_content(f->files, sha256)->row.name, "b.gcode");
    files_unpin(f->files, sha256);
}

/* The upload is about to replace the row when the print begins. */
static void a_file_pinned_while_its_row_is_being_saved_keeps_its_content(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    struct err e = {0};
    char sha256[BLOB_NAME_SIZE];
    sqlite3 *db;
    put(f, "a.gcode", SQUARE);
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    files_commit(begin(f, "a.gcode", "G28\n"), on_file, &a);
    settle(f); /* the pool is done, the store is not */
    files_remove_name(f->files, "a.gcode", false, on_error, &e);
    settle(f);
    assert_int_equal(e.code, PP_EBUSY);
    assert_contains(e.text, "is just being replaced");
    pin(f, "a.gcode", sha256);
    sqlite3_close(db);
    wait_for(f, &a, 1);
    assert_int_equal(a.err.code, 0);
    assert_int_equal(files_find_content(f->files, sha256)->analysis.commands, 4);
    files_unpin(f->files, sha256);
    close_files(f);
    open_files(f);
    assert_int_equal(files_find(f->files, "a.gcode")->analysis.commands, 1);
    assert_int_equal(blob_count(f), 1);
}

/* ---- giving up
 * ----------------------------------------------------------------------------------- */

static void an_aborted_upload_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    files_abort(begin(f, "a.gcode", SQUARE));
    assert_int_equal(blob_count(f), 0);
    for (int i = 0; i < 8; i++) {
        struct upload *u = begin(f, "a.gcode", SQUARE);
        files_commit(u, on_file, &a);
        if (i % 2 == 0) {
            uv_run(&f->loop, UV_RUN_NOWAIT);
        }
        if (a.count == 0) {
            files_abort(u);
        }
        settle(f);
    }
    close_files(f);
    open_files(f);
    assert_int_equal(a.count, 0);
    assert_int_equal(blob_count(f), files_at(f->files, 0) != NULL ? 1 : 0);
}

static void closing_answers_commits_and_removals_under_way(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    put(f, "old.gcode", SQUARE);
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.gcode", i);
        files_commit(begin(f, name, SQUARE), on_file, &a);
    }
    files_remove_name(f->files, "old.gcode", false, on_removed, &a);
    files_remove_name(f->files, "none.gcode", false, on_removed, &a);
    struct upload *open_upload = begin(f, "open.gcode", SQUARE);
    files_close(f->files);
    f->files = NULL;
    assert_int_equal(a.count, 12);
    assert_int_equal(a.err.code, PP_ECANCELED);
    assert_int_equal(files_write(open_upload, "G28\n", 4, NULL), -PP_ECANCELED);
    files_abort(open_upload);
    close_files(f);
    assert_int_equal(a.count, 12);
    open_files(f);
    assert_true(blob_count(f) <= 1);
}

static void close_in_answer(void *context, const struct err *e, const struct file_entry *entry)
{
    struct fixture *f = context;
    assert_non_null(e);
    assert_null(entry);
    files_close(f->files);
    f->files = NULL;
}

static void files_may_be_closed_from_an_answer(void **state)
{
    struct fixture *f = *state;
    files_commit(begin(f, "a.gcode", "; nothing\n"), close_in_answer, f);
    while (f->files != NULL) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

/* ---- starting over what was left
 * ------------------------------------------------------------------ */

static void leftovers_are_swept_and_other_files_stay(void **state)
{
    struct fixture *f = *state;
    char name[65];
    put(f, "a.gcode", SQUARE);
    close_files(f);
    memset(name, 'a', 64);
    name[64] = '\0';
    write_file(tempdir_path(f->blobs, ".upload-Xy12ab"), "x");
    write_file(tempdir_path(f->blobs, ".removed-x"), "x");
    write_file(tempdir_path(f->blobs, name), "x");
    write_file(tempdir_path(f->blobs, "README"), "x");
    open_files(f);
    assert_int_equal(blob_count(f), 2);
    assert_int_equal(access(tempdir_path(f->blobs, "README"), F_OK), 0);
    assert_non_null(files_find(f->files, "a.gcode"));
}

static void a_name_without_its_whole_content_is_forgotten(void **state)
{
    struct fixture *f = *state;
    char path[512];
    struct file_entry a = put(f, "a.gcode", SQUARE);
    struct file_entry b = put(f, "b.gcode", "G28\nG29\n");
    put(f, "c.gcode", "G28\n");
    files_path(f->files, a.row.sha256, path, sizeof path);
    unlink(path);
    files_path(f->files, b.row.sha256, path, sizeof path);
    assert_int_equal(truncate(path, 3), 0);
    close_files(f);
    for (int i = 0; i < 2; i++) {
        open_files(f);
        assert_string_equal(files_at(f->files, 0)->row.name, "c.gcode");
        assert_null(files_at(f->files, 1));
        assert_int_equal(blob_count(f), 1);
        close_files(f);
    }
    open_files(f);
}

static void files_without_a_readable_analysis_are_analysed_again(void **state)
{
    struct fixture *f = *state;
    put(f, "a.gcode", SQUARE);
    put(f, "b.gcode", "G28\n");
    close_files(f);
    sql(f, "UPDATE files SET analysis = CASE name WHEN 'a.gcode' THEN NULL ELSE '{\"old\":1}' END");
    open_files(f);
    assert_false(files_find(f->files, "a.gcode")->analysed);
    assert_false(files_find(f->files, "b.gcode")->analysed);
    settle(f);
    assert_true(files_find(f->files, "a.gcode")->analysed);
    assert_int_equal(files_find(f->files, "a.gcode")->analysis.commands, 4);
    assert_true(files_find(f->files, "b.gcode")->analysed);
    close_files(f);
    open_files(f);
    assert_true(files_find(f->files, "b.gcode")->analysed);
}

static void closing_while_analysing_again_is_quiet(void **state)
{
    struct fixture *f = *state;
    put(f, "a.gcode", SQUARE);
    close_files(f);
    sql(f, "UPDATE files SET analysis = NULL");
    open_files(f);
    close_files(f);
    open_files(f);
}

static void the_time_follows_the_kinematics_given(void **state)
{
    struct fixture *f = *state;
    struct kinematics slow = kinematics_marlin;
    int64_t fast_ms = put(f, "a.gcode", SQUARE).analysis.time_ms;
    slow.max_feed_mm_s[0] = slow.max_feed_mm_s[1] = 1;
    files_set_kinematics(f->files, &slow);
    assert_true(put(f, "b.gcode", SQUARE).analysis.time_ms > 10 * fast_ms);
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST(an_upload_is_hashed_analysed_and_found),
        FILES_TEST(files_and_their_analyses_survive_a_restart),
        FILES_TEST(identical_content_is_stored_once),
        FILES_TEST(a_name_uploaded_again_has_the_new_content),
        FILES_TEST(content_removed_and_uploaded_at_once_is_there),
        FILES_TEST(content_that_is_no_gcode_is_refused),
        FILES_TEST(a_nul_byte_is_refused_as_it_arrives),
        FILES_TEST(a_file_over_the_limit_is_refused),
        FILES_TEST(what_the_disk_has_no_room_for_is_refused),
        FILES_TEST(a_write_that_fails_leaves_nothing),
        FILES_TEST(bytes_are_taken_while_the_disk_waits_up_to_a_bound),
        FILES_TEST(unfit_names_are_refused),
        FILES_TEST(sixteen_uploads_at_once_are_enough),
        FILES_TEST(a_row_that_cannot_be_saved_takes_its_content_along),
        FILES_TEST(what_is_not_there_cannot_be_removed),
        FILES_TEST(what_gets_no_name_goes_when_its_owner_lets_go),
        FILES_TEST(what_has_no_name_is_swept_at_the_next_start),
        FILES_TEST(a_pinned_file_is_not_removed),
        FILES_TEST(the_content_of_a_pinned_file_outlives_its_replacement),
        FILES_TEST(content_that_a_model_has_too_is_found_as_what_can_be_printed),
        FILES_TEST(a_file_pinned_while_its_row_is_being_saved_keeps_its_content),
        FILES_TEST(an_aborted_upload_leaves_nothing),
        FILES_TEST(closing_answers_commits_and_removals_under_way),
        FILES_TEST(files_may_be_closed_from_an_answer),
        FILES_TEST(leftovers_are_swept_and_other_files_stay),
        FILES_TEST(a_name_without_its_whole_content_is_forgotten),
        FILES_TEST(files_without_a_readable_analysis_are_analysed_again),
        FILES_TEST(closing_while_analysing_again_is_quiet),
        FILES_TEST(the_time_follows_the_kinematics_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
