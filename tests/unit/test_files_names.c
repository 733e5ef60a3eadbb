// link: ppapp
/* Folders, names that move, and content that outlives its name because a job needs it. */
#include "host/app/files.h"

#include "tests/unit/store_bench.h"

#include <dirent.h>
#include <sys/wait.h>

#define PART  "G28\nG1 X10 Y10 Z0.2 F3000\nG1 X50 Y10 E2\n"
#define NEWER "G28\nG1 X10 Y10 Z0.2 F3000\nG1 X60 Y10 E3\n"

struct bench {
    struct store_bench base; /* first: its helpers take it */
    struct files *files;
    char needed[65]; /* content that a job needs, "" = none */
};

static void user(void *context, const char *sha256, char *out, size_t out_size)
{
    const struct bench *b = context;
    snprintf(out, out_size, "%s", strcmp(sha256, b->needed) == 0 ? "job \"Vase\"" : "");
}

static void open_all(struct bench *b)
{
    struct err e = {0};
    if (b->base.store == NULL) {
        open_store(&b->base);
    }
    if (files_open(&b->files, &b->base.loop, b->base.store, b->base.dir, 1 << 20, &e) != 0) {
        fail_msg("%s", e.text);
    }
    files_set_users(b->files, user, b);
}

static void close_all(struct bench *b)
{
    files_close(b->files);
    close_store(&b->base);
}

static void reopen(struct bench *b)
{
    close_all(b);
    open_all(b);
}

static int setup(void **state)
{
    struct bench *b = mem_alloc(sizeof *b);
    char blobs[TEMPDIR_SIZE + 8];
    tempdir_make(b->base.dir);
    snprintf(b->base.path, sizeof b->base.path, "%s/pphost.db", b->base.dir);
    snprintf(blobs, sizeof blobs, "%s/blobs", b->base.dir);
    mkdir(blobs, 0700);
    assert_int_equal(uv_loop_init(&b->base.loop), 0);
    open_all(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    limit_files(RLIM_INFINITY);
    close_all(b);
    return store_bench_teardown(state);
}

static void on_put(void *context, const struct err *e, const struct file_entry *entry)
{
    (void)entry;
    on_answer(context, e);
}

static struct err try_put(struct bench *b, const char *name, const char *text)
{
    struct upload *u;
    struct answer a = {0};
    if (files_begin(b->files, name, &u, &a.err) != 0) {
        return a.err;
    }
    files_write(u, text, strlen(text), NULL);
    files_commit(u, on_put, &a);
    wait_for(&b->base, &a, 1);
    return a.err;
}

static void put(struct bench *b, const char *name, const char *text)
{
    struct err e = try_put(b, name, text);
    if (e.code != 0) {
        fail_msg("%s", e.text);
    }
}

static struct err drop(struct bench *b, const char *name, bool force)
{
    struct answer a = {0};
    files_remove_name(b->files, name, force, on_answer, &a);
    assert_int_equal(a.count, 0);
    wait_for(&b->base, &a, 1);
    return a.err;
}

static struct err move(struct bench *b, const char *from, const char *to)
{
    struct answer a = {0};
    files_move(b->files, from, to, on_answer, &a);
    assert_int_equal(a.count, 0);
    wait_for(&b->base, &a, 1);
    return a.err;
}

static struct err make_folder(struct bench *b, const char *name)
{
    struct answer a = {0};
    if (files_mkdir(b->files, name, on_answer, &a, &a.err) == 0) {
        wait_for(&b->base, &a, 1);
    }
    return a.err;
}

static const char *hash_of(struct bench *b, const char *name)
{
    const struct file_entry *file = files_find(b->files, name);
    if (file == NULL) {
        fail_msg("no \"%s\"", name);
    }
    return file->row.sha256;
}

static void need(struct bench *b, const char *name)
{
    snprintf(b->needed, sizeof b->needed, "%s", hash_of(b, name));
}

static void settle(struct bench *b)
{
    while (b->base.loop.active_reqs.count > 0) {
        uv_run(&b->base.loop, UV_RUN_ONCE);
    }
}

static int blob_count(struct bench *b)
{
    char path[TEMPDIR_SIZE + 8];
    int count = 0;
    settle(b);
    snprintf(path, sizeof path, "%s/blobs", b->base.dir);
    DIR *d = opendir(path);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        count += entry->d_name[0] != '.';
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

static void assert_names(struct bench *b, const char *wanted)
{
    char all[1024] = "";
    const struct file_entry *file;
    const char *folder;
    for (size_t i = 0; (folder = files_folder_at(b->files, i)) != NULL; i++) {
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s/ ", folder);
    }
    for (size_t i = 0; (file = files_at(b->files, i)) != NULL; i++) {
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s ", file->row.name);
    }
    assert_string_equal(all, wanted);
}

/* ---- folders */

static void an_upload_makes_its_folders_and_they_stay(void **state)
{
    struct bench *b = *state;
    put(b, "a/b/c.gcode", PART);
    put(b, "top.gcode", NEWER);
    assert_names(b, "a/ a/b/ a/b/c.gcode top.gcode ");
    reopen(b);
    assert_names(b, "a/ a/b/ a/b/c.gcode top.gcode ");
    assert_int_equal(drop(b, "a/b/c.gcode", false).code, 0);
    reopen(b);
    assert_names(b, "a/ a/b/ top.gcode ");
}

static void folders_are_made_and_removed_when_empty(void **state)
{
    struct bench *b = *state;
    assert_int_equal(make_folder(b, "shelf/box").code, 0);
    assert_names(b, "shelf/ shelf/box/ ");
    assert_int_equal(make_folder(b, "shelf").code, PP_EEXIST);
    assert_int_equal(drop(b, "shelf", true).code, PP_EBUSY);
    put(b, "shelf/box/a.gcode", PART);
    struct err e = drop(b, "shelf/box", true);
    assert_int_equal(e.code, PP_EBUSY);
    assert_contains(e.text, "folder \"shelf/box\" is not empty");
    assert_int_equal(drop(b, "shelf/box/a.gcode", false).code, 0);
    assert_int_equal(drop(b, "shelf/box", false).code, 0);
    assert_int_equal(drop(b, "shelf", false).code, 0);
    assert_int_equal(drop(b, "shelf", false).code, PP_ENOTFOUND);
    reopen(b);
    assert_names(b, "");
}

static void unfit_folders_are_refused(void **state)
{
    static const char *const names[] = {
        "", "/a", "a/", "a//b", "..", "a/..", ".a", "1/2/3/4/5/6/7/8/9"};
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(make_folder(b, names[i]).code, PP_EINVAL);
    }
    assert_int_equal(make_folder(b, "1/2/3/4/5/6/7/8").code, 0);
    put(b, "1/2/3/4/5/6/7/8/a.gcode", PART);
}

static void a_name_is_a_file_or_a_folder(void **state)
{
    struct bench *b = *state;
    put(b, "a.gcode", PART);
    put(b, "f/x.gcode", PART);
    struct err e = try_put(b, "a.gcode/b.gcode", PART);
    assert_int_equal(e.code, PP_EEXIST);
    assert_contains(e.text, "\"a.gcode\" is a file and no folder");
    e = try_put(b, "f", PART);
    assert_int_equal(e.code, PP_EEXIST);
    assert_contains(e.text, "\"f\" is a folder already");
    assert_int_equal(make_folder(b, "a.gcode").code, PP_EEXIST);
    assert_int_equal(make_folder(b, "a.gcode/b").code, PP_EEXIST);
}

/* What was checked must still hold when it is written. */
static void two_that_want_the_same_name_at_once_do_not_both_get_it(void **state)
{
    struct bench *b = *state;
    struct answer a[2] = {0};
    struct err e = {0};
    assert_int_equal(files_mkdir(b->files, "x", on_answer, &a[0], &e), 0);
    struct upload *u;
    assert_int_equal(files_begin(b->files, "x", &u, &e), 0);
    files_write(u, PART, strlen(PART), NULL);
    files_commit(u, on_put, &a[1]);
    wait_for(&b->base, &a[0], 1);
    wait_for(&b->base, &a[1], 1);
    assert_int_equal(a[0].err.code, 0);
    assert_int_equal(a[1].err.code, PP_EEXIST);
    assert_names(b, "x/ ");
    assert_int_equal(blob_count(b), 0);
}

/* ---- moving */

static void a_file_moves_with_its_content(void **state)
{
    struct bench *b = *state;
    put(b, "a.gcode", PART);
    assert_int_equal(move(b, "a.gcode", "old/b.gcode").code, 0);
    assert_names(b, "old/ old/b.gcode ");
    assert_true(files_find(b->files, "old/b.gcode")->analysed);
    reopen(b);
    assert_names(b, "old/ old/b.gcode ");
    assert_true(files_find(b->files, "old/b.gcode")->analysed);
    assert_int_equal(blob_count(b), 1);
}

static void a_folder_moves_with_all_that_is_in_it(void **state)
{
    struct bench *b = *state;
    put(b, "a/x.gcode", PART);
    put(b, "a/b/y.gcode", NEWER);
    put(b, "ab.gcode", PART);
    assert_int_equal(make_folder(b, "a/empty").code, 0);
    assert_int_equal(move(b, "a", "z/a").code, 0);
    const char *after = "z/ z/a/ z/a/b/ z/a/empty/ ab.gcode z/a/b/y.gcode z/a/x.gcode ";
    assert_names(b, after);
    reopen(b);
    assert_names(b, after);
}

static void what_cannot_be_moved_stays(void **state)
{
    struct bench *b = *state;
    put(b, "a/x.gcode", PART);
    put(b, "b.gcode", NEWER);
    assert_int_equal(move(b, "none", "c").code, PP_ENOTFOUND);
    assert_int_equal(move(b, "a/x.gcode", "b.gcode").code, PP_EEXIST);
    assert_int_equal(move(b, "b.gcode", "a").code, PP_EEXIST);
    assert_int_equal(move(b, "a", "a/b").code, PP_EINVAL);
    assert_int_equal(move(b, "a", "../a").code, PP_EINVAL);
    assert_int_equal(move(b, "b.gcode", "a/x.gcode/y.gcode").code, PP_EEXIST);
    assert_int_equal(move(b, "a", "1/2/3/4/5/6/7/8/9").code, PP_EINVAL);
    struct err e = move(b, "b.gcode", "b.stl");
    assert_int_equal(e.code, PP_EINVAL);
    assert_contains(e.text, "\"b.stl\" is no gcode");
    assert_names(b, "a/ a/x.gcode b.gcode ");
}

static void a_file_that_is_printed_may_move(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    put(b, "a.gcode", PART);
    char sha256[65];
    memcpy(sha256, files_find(b->files, "a.gcode")->row.sha256, sizeof sha256);
    files_move(b->files, "a.gcode", "b.gcode", on_answer, &a);
    files_pin(b->files, sha256);
    wait_for(&b->base, &a, 1);
    assert_int_equal(a.err.code, 0);
    assert_int_equal(move(b, "b.gcode", "c.gcode").code, 0);
    files_unpin(b->files, sha256);
    assert_names(b, "c.gcode ");
}

/* ---- content that a job needs */

static void content_a_job_needs_is_not_removed_without_force(void **state)
{
    struct bench *b = *state;
    put(b, "a.gcode", PART);
    need(b, "a.gcode");
    struct err e = drop(b, "a.gcode", false);
    assert_int_equal(e.code, PP_EBUSY);
    assert_contains(e.text, "job \"Vase\" needs file \"a.gcode\"");
    assert_names(b, "a.gcode ");
}

static void content_outlives_its_name_as_long_as_a_job_needs_it(void **state)
{
    struct bench *b = *state;
    put(b, "f/a.gcode", PART);
    need(b, "f/a.gcode");
    assert_int_equal(drop(b, "f/a.gcode", true).code, 0);
    for (int i = 0; i < 2; i++) {
        const struct file_entry *file = files_find_content(b->files, b->needed);
        assert_non_null(file);
        assert_true(file->analysed);
        assert_int_equal(file->analysis.commands, 3);
        assert_names(b, "f/ ");
        assert_null(files_find(b->files, file->row.name));
        files_drop_unused(b->files);
        assert_int_equal(blob_count(b), 1);
        reopen(b);
    }
    assert_int_equal(drop(b, "f", false).code, 0);
    char was[65];
    memcpy(was, b->needed, sizeof was);
    b->needed[0] = '\0';
    files_drop_unused(b->files);
    assert_null(files_find_content(b->files, was));
    assert_int_equal(blob_count(b), 0);
    reopen(b);
    assert_null(files_find_content(b->files, was));
}

static void a_name_that_is_replaced_leaves_the_job_its_content(void **state)
{
    struct bench *b = *state;
    put(b, "a.gcode", PART);
    need(b, "a.gcode");
    put(b, "a.gcode", NEWER);
    assert_int_equal(blob_count(b), 2);
    assert_string_not_equal(hash_of(b, "a.gcode"), b->needed);
    reopen(b);
    assert_non_null(files_find_content(b->files, b->needed));
    put(b, "a.gcode", PART); /* and back */
    assert_string_equal(files_find_content(b->files, b->needed)->row.name, "a.gcode");
    b->needed[0] = '\0';
    files_drop_unused(b->files);
    assert_int_equal(blob_count(b), 1);
    put(b, "a.gcode", NEWER);
    assert_int_equal(blob_count(b), 1);
}

/* Between the write and its answer a job is made of what is just replaced. */
static void content_needed_while_it_is_replaced_stays(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    struct upload *u;
    put(b, "a.gcode", PART);
    assert_int_equal(files_begin(b->files, "a.gcode", &u, NULL), 0);
    files_write(u, NEWER, strlen(NEWER), NULL);
    files_commit(u, on_put, &a);
    settle(b); /* the pool is done, the store is not */
    need(b, "a.gcode");
    wait_for(&b->base, &a, 1);
    reopen(b);
    assert_non_null(files_find_content(b->files, b->needed));
    assert_int_equal(blob_count(b), 2);
}

static void closing_of_those_who_need_it_drops_nothing(void **state)
{
    struct bench *b = *state;
    put(b, "a.gcode", PART);
    need(b, "a.gcode");
    files_set_users(b->files, NULL, NULL);
    put(b, "a.gcode", NEWER);
    files_drop_unused(b->files);
    reopen(b);
    assert_non_null(files_find_content(b->files, b->needed));
}

static void names_of_ours_are_nobodys(void **state)
{
    struct bench *b = *state;
    char hidden[201];
    put(b, "a.gcode", PART);
    need(b, "a.gcode");
    assert_int_equal(drop(b, "a.gcode", true).code, 0);
    snprintf(hidden, sizeof hidden, "%s", files_find_content(b->files, b->needed)->row.name);
    assert_int_equal(hidden[0], '.');
    assert_int_equal(drop(b, hidden, true).code, PP_ENOTFOUND);
    assert_int_equal(move(b, hidden, "b.gcode").code, PP_EINVAL);
    assert_int_equal(try_put(b, hidden, PART).code, PP_EINVAL);
    assert_null(files_after(b->files, ""));
}

/* ---- free names */

static void a_free_name_has_a_number_before_its_suffix(void **state)
{
    struct bench *b = *state;
    char out[201];
    char longest[201];
    put(b, "a.gcode", PART);
    put(b, "v1.2/x.gcode", PART);
    files_free_name(b->files, "b.gcode", out, sizeof out);
    assert_string_equal(out, "b.gcode");
    files_free_name(b->files, "a.gcode", out, sizeof out);
    assert_string_equal(out, "a (2).gcode");
    put(b, "a (2).gcode", PART);
    files_free_name(b->files, "a.gcode", out, sizeof out);
    assert_string_equal(out, "a (3).gcode");
    files_free_name(b->files, "v1.2", out, sizeof out);
    assert_string_equal(out, "v1.2 (2)");
    memset(longest, 'x', 200);
    memcpy(longest + 195, "gcode", 5);
    longest[194] = '.';
    longest[200] = '\0';
    put(b, longest, PART);
    files_free_name(b->files, longest, out, sizeof out);
    assert_int_equal(strlen(out), 200);
    assert_string_equal(out + 190, " (2).gcode");
}

/* ---- trouble */

static void a_full_disk_leaves_names_as_they_were(void **state)
{
    struct bench *b = *state;
    put(b, "a/x.gcode", PART);
    need(b, "a/x.gcode");
    for (size_t bytes = 0; bytes <= 8192; bytes += 4096) {
        fill_disk(&b->base, bytes);
        assert_int_equal(move(b, "a", "b").code, PP_ENOSPC);
        assert_int_equal(drop(b, "a/x.gcode", true).code, PP_ENOSPC);
        assert_int_equal(make_folder(b, "c").code, PP_ENOSPC);
        assert_int_equal(try_put(b, "a/x.gcode", NEWER).code, PP_ENOSPC);
        fill_disk(&b->base, SIZE_MAX);
        assert_names(b, "a/ a/x.gcode ");
        assert_string_equal(hash_of(b, "a/x.gcode"), b->needed);
        reopen(b);
        assert_names(b, "a/ a/x.gcode ");
        assert_int_equal(blob_count(b), 1);
    }
    assert_int_equal(move(b, "a", "b").code, 0);
}

static void closing_answers_those_who_wait_for_their_turn(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    put(b, "a.gcode", PART);
    for (int i = 0; i < 5; i++) {
        char name[16];
        struct upload *u;
        snprintf(name, sizeof name, "f%d", i);
        assert_int_equal(files_mkdir(b->files, name, on_answer, &a, NULL), 0);
        snprintf(name, sizeof name, "%d.gcode", i);
        assert_int_equal(files_begin(b->files, name, &u, NULL), 0);
        files_write(u, PART, strlen(PART), NULL);
        files_commit(u, on_put, &a);
        uv_run(&b->base.loop, UV_RUN_NOWAIT);
    }
    files_move(b->files, "a.gcode", "b.gcode", on_answer, &a);
    files_remove_name(b->files, "a.gcode", true, on_answer, &a);
    close_all(b);
    assert_int_equal(a.count, 12);
    open_all(b);
}

/* Everything at once, killed after some turns of the loop. */
static void child(struct bench *b, int turns)
{
    struct answer a = {0};
    struct upload *u;
    uv_loop_init(&b->base.loop);
    open_all(b);
    files_begin(b->files, "a/x.gcode", &u, NULL);
    files_write(u, NEWER, strlen(NEWER), NULL);
    files_commit(u, on_put, &a);
    files_remove_name(b->files, "gone.gcode", true, on_answer, &a);
    files_move(b->files, "a", "moved", on_answer, &a);
    for (int i = 0; i < turns && a.count < 3; i++) {
        uv_run(&b->base.loop, UV_RUN_ONCE);
    }
    raise(SIGKILL);
}

static void killed_at_any_instant_content_that_is_needed_is_there(void **state)
{
    struct bench *b = *state;
    int moved = 0;
    for (int turns = 0; turns < 24; turns += 2) {
        put(b, "a/x.gcode", PART);
        need(b, "a/x.gcode");
        put(b, "gone.gcode", PART);
        close_all(b);
        uv_loop_close(&b->base.loop);
        pid_t pid = fork();
        if (pid == 0) {
            child(b, turns);
        }
        waitpid(pid, NULL, 0);
        uv_loop_init(&b->base.loop);
        open_all(b);
        files_drop_unused(b->files);
        assert_non_null(files_find_content(b->files, b->needed));
        const struct file_entry *at = files_find(b->files, "a/x.gcode");
        const struct file_entry *there = files_find(b->files, "moved/x.gcode");
        assert_true(at != NULL || there != NULL); /* both: moved, then uploaded anew */
        moved += there != NULL;
        b->needed[0] = '\0';
        files_drop_unused(b->files);
        drop(b, "moved/x.gcode", true);
        drop(b, "moved", true);
        drop(b, "a/x.gcode", true);
        drop(b, "gone.gcode", true);
        assert_int_equal(blob_count(b), 0);
    }
    assert_true(moved > 0);
}

#define NAMES_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NAMES_TEST(an_upload_makes_its_folders_and_they_stay),
        NAMES_TEST(folders_are_made_and_removed_when_empty),
        NAMES_TEST(unfit_folders_are_refused),
        NAMES_TEST(a_name_is_a_file_or_a_folder),
        NAMES_TEST(two_that_want_the_same_name_at_once_do_not_both_get_it),
        NAMES_TEST(a_file_moves_with_its_content),
        NAMES_TEST(a_folder_moves_with_all_that_is_in_it),
        NAMES_TEST(what_cannot_be_moved_stays),
        NAMES_TEST(a_file_that_is_printed_may_move),
        NAMES_TEST(content_a_job_needs_is_not_removed_without_force),
        NAMES_TEST(content_outlives_its_name_as_long_as_a_job_needs_it),
        NAMES_TEST(a_name_that_is_replaced_leaves_the_job_its_content),
        NAMES_TEST(content_needed_while_it_is_replaced_stays),
        NAMES_TEST(closing_of_those_who_need_it_drops_nothing),
        NAMES_TEST(names_of_ours_are_nobodys),
        NAMES_TEST(a_free_name_has_a_number_before_its_suffix),
        NAMES_TEST(a_full_disk_leaves_names_as_they_were),
        NAMES_TEST(closing_answers_those_who_wait_for_their_turn),
        NAMES_TEST(killed_at_any_instant_content_that_is_needed_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
