// link: ppapp
/* Packages into the queue and out of it; tests/lib/gjob.py makes and judges them. */
#include "host/app/queue/package.h"

#include "tests/unit/gjob_made.h"
#include "tests/unit/jobs_bench.h"

#include <dirent.h>
#include <sys/wait.h>

static struct profiles *shipped; /* read once: they do not change */

struct bench {
    struct jobs_bench *jobs;
    struct packages *packages;
    char package[TEMPDIR_SIZE + 32];
};

struct told {
    int count;
    struct err err;
    char job[ID_SIZE];
    char notice[512];
    char path[512];
    char name[256];
};

static void open_packages(struct bench *b)
{
    struct err e = {0};
    if (packages_open(&b->packages, &b->jobs->base.loop,
            &(struct packages_options){.jobs = b->jobs->jobs,
                .files = b->jobs->files,
                .hub = b->jobs->hub,
                .profiles = shipped,
                .data_dir = b->jobs->base.dir,
                .max_bytes = 1 << 20},
            &e) != 0) {
        fail_msg("%s", e.text);
    }
}

static void settle(struct bench *b)
{
    while (b->jobs->base.loop.active_reqs.count > 0) {
        uv_run(&b->jobs->base.loop, UV_RUN_ONCE);
    }
}

/* Ends everything as a stop does, then starts it again; what the start does is done. */
static void reopen(struct bench *b)
{
    struct answer a = {0};
    packages_close(b->packages);
    reopen_jobs(b->jobs);
    open_packages(b);
    store_save_setting(b->jobs->base.store, "done", "", on_answer, &a);
    wait_for(&b->jobs->base, &a, 1);
    settle(b);
}

static int setup(void **state)
{
    void *jobs;
    struct bench *b = mem_alloc(sizeof *b);
    jobs_bench_setup(&jobs);
    b->jobs = jobs;
    snprintf(b->package, sizeof b->package, "%s/x.gjob", b->jobs->base.dir);
    b->jobs->profiles = shipped;
    reopen_jobs(b->jobs);
    open_packages(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    void *jobs = b->jobs;
    limit_files(RLIM_INFINITY);
    packages_close(b->packages);
    int rc = jobs_bench_teardown(&jobs);
    free(b);
    return rc;
}

static void on_imported(void *context, const struct err *e, const char *job, const char *notice)
{
    struct told *t = context;
    t->count++;
    t->err = e != NULL ? *e : (struct err){0};
    assert_true((e == NULL) == (job != NULL));
    snprintf(t->job, sizeof t->job, "%s", job != NULL ? job : "");
    snprintf(t->notice, sizeof t->notice, "%s", notice);
}

static void on_exported(void *context, const struct err *e, const char *path, const char *name)
{
    struct told *t = context;
    t->count++;
    t->err = e != NULL ? *e : (struct err){0};
    assert_true((e == NULL) == (path != NULL));
    snprintf(t->path, sizeof t->path, "%s", path != NULL ? path : "");
    snprintf(t->name, sizeof t->name, "%s", name != NULL ? name : "");
}

static void wait_told(struct bench *b, const struct told *t, int count)
{
    while (t->count < count) {
        uv_run(&b->jobs->base.loop, UV_RUN_ONCE);
    }
}

static struct told try_import(struct bench *b)
{
    struct told t = {0};
    package_import(b->packages, &(struct package_wish){.path = b->package, .actor = "tester"},
        on_imported, &t);
    assert_int_equal(t.count, 0);
    wait_told(b, &t, 1);
    return t;
}

static const struct queue_job *import(struct bench *b, const char *made)
{
    gjob_make(b->package, made);
    struct told t = try_import(b);
    if (t.err.code != 0) {
        fail_msg("%s", t.err.text);
    }
    return queue_find(local(b->jobs), t.job);
}

static struct told export(struct bench *b, const struct queue_job *job)
{
    struct told t = {0};
    package_export(b->packages, job, on_exported, &t);
    assert_int_equal(t.count, 0);
    wait_told(b, &t, 1);
    return t;
}

static int count_in(struct bench *b, const char *folder)
{
    char path[TEMPDIR_SIZE + 16];
    int count = 0;
    settle(b);
    snprintf(path, sizeof path, "%s/%s", b->jobs->base.dir, folder);
    DIR *d = opendir(path);
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

static void assert_names(struct bench *b, const char *wanted)
{
    char all[2048] = "";
    const struct file_entry *file;
    for (size_t i = 0; (file = files_at(b->jobs->files, i)) != NULL; i++) {
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s|", file->row.name);
    }
    assert_string_equal(all, wanted);
}

static void assert_nothing(struct bench *b)
{
    assert_names(b, "");
    assert_int_equal(queue_count(local(b->jobs)), 0);
    assert_int_equal(count_in(b, "blobs"), 0);
    assert_null(files_folder_at(b->jobs->files, 0));
}

static void assert_whole(struct bench *b, const struct queue_job *job)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        const struct file_entry *file = files_find(b->jobs->files, job->sets[i].path);
        assert_non_null(file);
        assert_true(file->analysed);
        assert_string_equal(file->row.sha256, job->sets[i].sha256);
        assert_int_equal(file->row.size_bytes, job->sets[i].size_bytes);
    }
}

#define TWO_FILES "imports/Toy car äß/cube.gcode|imports/Toy car äß/ring.gcode|"

/* ---- in */

static void every_field_comes_into_the_queue(void **state)
{
    struct bench *b = *state;
    const struct queue_job *job = import(b, "full");
    assert_names(b, TWO_FILES);
    assert_whole(b, job);
    assert_string_equal(job->name, "Toy car äß");
    assert_int_equal(job->count, 7);
    assert_int_equal(job->remaining, 4);
    assert_true(job->draft);
    assert_int_equal(job->created_ms, INT64_C(1700000000000));
    assert_string_equal(job->submitter, "tester");
    assert_int_equal(job->sets_count, 2);
    const struct queue_set *set = &job->sets[0];
    assert_string_equal(set->path, "imports/Toy car äß/cube.gcode");
    assert_int_equal(set->count, 3);
    assert_int_equal(set->remaining, 5);
    assert_int_equal(set->completed, 2);
    assert_string_equal(set->materials[0], "PLA_Black_#000000");
    assert_null(set->materials[1]);
    assert_string_equal(set->materials[2], "PETG");
    assert_string_equal(set->profiles[0], "creality-ender3");
    assert_contains(set->metadata, "estimatedPrintTime");
    assert_true(set->time_ms > 0 && set->time_ms != 61500); /* our own estimate */
    assert_true(set->filament_um[0] > 0);
    set = &job->sets[1];
    assert_int_equal(set->remaining, 0);
    assert_int_equal(set->completed, 1);
    assert_null(set->profiles);
}

static void what_is_imported_survives_a_restart(void **state)
{
    struct bench *b = *state;
    import(b, "full");
    char *before = dump_queue(local(b->jobs));
    reopen(b);
    char *after = dump_queue(local(b->jobs));
    assert_string_equal(before, after);
    assert_names(b, TWO_FILES);
    assert_whole(b, queue_first(local(b->jobs)));
    free(before);
    free(after);
}

static void a_profile_not_known_here_is_kept_and_told(void **state)
{
    struct bench *b = *state;
    gjob_make(b->package, "unknown_profile");
    struct told t = try_import(b);
    assert_int_equal(t.err.code, 0);
    assert_string_equal(
        t.notice, "profiles that are not known here: \"Replicator 9000\", \"Makerr\"");
    const struct queue_job *job = queue_find(local(b->jobs), t.job);
    assert_string_equal(job->sets[0].profiles[0], "Replicator 9000");
    assert_string_equal(job->sets[0].profiles[1], "creality-ender3");
    assert_string_equal(job->sets[0].profiles[2], "Makerr");
    assert_null(job->sets[0].profiles[3]);
}

static void the_same_again_takes_the_files_that_are_there(void **state)
{
    struct bench *b = *state;
    import(b, "full");
    const struct queue_job *second = import(b, "full");
    assert_names(b, TWO_FILES);
    assert_whole(b, second);
    assert_int_equal(queue_count(local(b->jobs)), 2);
    assert_int_equal(query(b->jobs->base.path, "SELECT count(*) FROM files"), 2);
}

static void other_files_under_the_same_name_get_a_folder_of_their_own(void **state)
{
    struct bench *b = *state;
    put_file(b->jobs, "imports/Toy car äß/ring.gcode", CUBE);
    const struct queue_job *job = import(b, "full");
    assert_names(b, "imports/Toy car äß (2)/cube.gcode|imports/Toy car äß (2)/ring.gcode|"
                    "imports/Toy car äß/ring.gcode|");
    assert_whole(b, job);
}

static void a_job_without_a_name_takes_that_of_the_package_for_its_folder(void **state)
{
    static const char *const names[] = {"../up/ two \"parts\" .gjob", "\xff.gjob", "...", NULL};
    struct bench *b = *state;
    struct told t = {0};
    gjob_make(b->package, "bare");
    for (int i = 0; i < 4; i++) {
        package_import(b->packages, &(struct package_wish){.path = b->package, .name = names[i]},
            on_imported, &t);
        wait_told(b, &t, i + 1);
        assert_int_equal(t.err.code, 0);
    }
    assert_names(b, "imports/job/cube.gcode|imports/two _parts_/cube.gcode|");
}

static void a_stored_package_is_imported_and_stays(void **state)
{
    struct bench *b = *state;
    struct told t = {0};
    struct upload *u;
    struct answer a = {0};
    char bytes[4096];
    gjob_make(b->package, "full");
    FILE *file = fopen(b->package, "r");
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_int_equal(files_begin(b->jobs->files, "in/car.gjob", &u, NULL), 0);
    assert_int_equal(files_write(u, bytes, len, NULL), 0);
    files_commit(u, on_file_put, &a);
    wait_for(&b->jobs->base, &a, 1);
    package_import(b->packages, &(struct package_wish){.file = "in/car.gjob"}, on_imported, &t);
    files_remove_name(b->jobs->files, "in/car.gjob", true, on_answer, &a); /* it is being read */
    wait_for(&b->jobs->base, &a, 2);
    assert_int_equal(a.err.code, PP_EBUSY);
    wait_told(b, &t, 1);
    assert_int_equal(t.err.code, 0);
    assert_names(b, TWO_FILES "in/car.gjob|");
    files_remove_name(b->jobs->files, "in/car.gjob", false, on_answer, &a);
    wait_for(&b->jobs->base, &a, 3);
    assert_int_equal(a.err.code, 0);
}

static void a_model_comes_along(void **state)
{
    struct bench *b = *state;
    const struct queue_job *job = import(b, "model");
    assert_true(job->sets[0].model);
    assert_int_equal(job->sets[0].time_ms, 61500);
    assert_true(job->sets[0].size_bytes > 0);
    assert_string_equal(job->sets[0].path, "imports/Toy car äß/vase.stl");
}

static void names_longer_than_fits_are_cut(void **state)
{
    struct bench *b = *state;
    const struct queue_job *job = import(b, "long_names");
    assert_whole(b, job);
    assert_string_not_equal(job->sets[0].path, job->sets[1].path);
}

static void what_is_wrong_with_a_package_leaves_nothing(void **state)
{
    static const struct {
        const char *made;
        int code;
        const char *text;
    } cases[] = {
        {"damaged", PP_EINVAL, "cannot be unpacked"},
        {"bomb", PP_EINVAL, "unpacks to more than"},
        {"nul", PP_ETYPE, "has a NUL"},
        {"entry_up", PP_EINVAL, "leads out"},
        {"count_zero", PP_EINVAL, "count 0"},
        {"path_unknown", PP_EINVAL, "no such file"},
        {"no_gcode", PP_ETYPE, "no gcode command"},
        {"odd_suffix", PP_ETYPE, "must be gcode"},
        {"large", PP_EINVAL, "unpacks to more than"},
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gjob_make(b->package, cases[i].made);
        struct told t = try_import(b);
        assert_int_equal(t.err.code, cases[i].code);
        assert_contains(t.err.text, cases[i].text);
        assert_nothing(b);
    }
}

static void a_wish_that_makes_no_sense_is_refused(void **state)
{
    struct bench *b = *state;
    struct told t = {0};
    gjob_make(b->package, "full");
    put_file(b->jobs, "a.gcode", CUBE);
    package_import(
        b->packages, &(struct package_wish){.path = b->package, .queue = "moon"}, on_imported, &t);
    wait_told(b, &t, 1);
    assert_int_equal(t.err.code, PP_ENOTFOUND);
    package_import(b->packages, &(struct package_wish){.file = "b.gjob"}, on_imported, &t);
    wait_told(b, &t, 2);
    assert_int_equal(t.err.code, PP_ENOTFOUND);
    package_import(b->packages, &(struct package_wish){.file = "a.gcode"}, on_imported, &t);
    wait_told(b, &t, 3);
    assert_int_equal(t.err.code, PP_ETYPE);
    package_import(b->packages,
        &(struct package_wish){.path = b->package, .after = "01890a5d-ac96-774b-bcce-b302099a8057"},
        on_imported, &t);
    wait_told(b, &t, 4);
    assert_int_not_equal(t.err.code, 0);
    assert_names(b, "a.gcode|");
    assert_int_equal(count_in(b, "blobs"), 1);
}

static void only_so_many_at_a_time(void **state)
{
    struct bench *b = *state;
    struct told t = {0};
    gjob_make(b->package, "full");
    for (int i = 0; i < PACKAGES_MAX; i++) {
        package_import(b->packages, &(struct package_wish){.path = b->package}, on_imported, &t);
    }
    struct told refused = {0};
    package_import(b->packages, &(struct package_wish){.path = b->package}, on_imported, &refused);
    wait_told(b, &refused, 1);
    assert_int_equal(refused.err.code, PP_ELIMIT);
    wait_told(b, &t, PACKAGES_MAX);
    assert_int_equal(queue_count(local(b->jobs)), PACKAGES_MAX);
}

/* ---- trouble on the way */

/* Whatever step the disk is full at, all is there after a restart or nothing is. */
static void a_full_disk_leaves_nothing_half_imported(void **state)
{
    struct bench *b = *state;
    int failed = 0;
    gjob_make(b->package, "full");
    for (size_t bytes = 0; queue_count(local(b->jobs)) == 0; bytes += 4096) {
        fill_disk(&b->jobs->base, bytes);
        struct told t = try_import(b);
        fill_disk(&b->jobs->base, SIZE_MAX);
        failed += t.err.code != 0;
        if (t.err.code != 0) {
            assert_int_equal(t.err.code, PP_ENOSPC);
            assert_nothing(b);
        }
        reopen(b);
        if (queue_count(local(b->jobs)) == 0) {
            assert_int_not_equal(t.err.code, 0);
            assert_nothing(b);
        }
    }
    assert_true(failed > 2);
    assert_names(b, TWO_FILES);
    assert_whole(b, queue_first(local(b->jobs)));
}

static void a_disk_that_is_full_while_unpacking_leaves_nothing(void **state)
{
    struct bench *b = *state;
    gjob_make(b->package, "full");
    for (rlim_t bytes = 0; bytes < 2000; bytes += 500) {
        limit_files(bytes);
        struct told t = try_import(b);
        limit_files(RLIM_INFINITY);
        assert_int_not_equal(t.err.code, 0);
        assert_nothing(b);
    }
}

static void child(struct bench *b, int turns)
{
    struct told t = {0};
    uv_loop_init(&b->jobs->base.loop);
    open_jobs(b->jobs);
    open_packages(b);
    package_import(b->packages, &(struct package_wish){.path = b->package}, on_imported, &t);
    for (int i = 0; i < turns && t.count == 0; i++) {
        uv_run(&b->jobs->base.loop, UV_RUN_ONCE);
    }
    raise(SIGKILL);
}

static void stop_all(struct bench *b)
{
    packages_close(b->packages);
    close_jobs(b->jobs);
    assert_int_equal(uv_loop_close(&b->jobs->base.loop), 0);
}

static void killed_at_any_instant_an_import_is_whole_or_not_there(void **state)
{
    struct bench *b = *state;
    size_t whole = 0;
    gjob_make(b->package, "full");
    for (int turns = 0; turns < 24; turns += 2) {
        stop_all(b);
        pid_t pid = fork();
        if (pid == 0) {
            child(b, turns);
        }
        waitpid(pid, NULL, 0);
        assert_int_equal(uv_loop_init(&b->jobs->base.loop), 0);
        open_jobs(b->jobs);
        open_packages(b);
        reopen(b);
        const struct queue_job *job = queue_first(local(b->jobs));
        if (job == NULL) {
            assert_nothing(b);
            continue;
        }
        whole++;
        assert_whole(b, job);
        char id[ID_SIZE];
        memcpy(id, job->id, sizeof id);
        struct answer a = {0};
        assert_int_equal(give(b->jobs, QUEUE_ARCHIVE, id), 0);
        assert_int_equal(give(b->jobs, QUEUE_PURGE, id), 0);
        files_remove_name(b->jobs->files, "imports/Toy car äß/cube.gcode", false, on_answer, &a);
        files_remove_name(b->jobs->files, "imports/Toy car äß/ring.gcode", false, on_answer, &a);
        wait_for(&b->jobs->base, &a, 2);
        files_remove_name(b->jobs->files, "imports/Toy car äß", false, on_answer, &a);
        wait_for(&b->jobs->base, &a, 3);
        files_remove_name(b->jobs->files, "imports", false, on_answer, &a);
        wait_for(&b->jobs->base, &a, 4);
        assert_nothing(b);
    }
    assert_true(whole > 0);
}

static void stopping_answers_what_is_under_way_and_leaves_nothing_half(void **state)
{
    struct bench *b = *state;
    gjob_make(b->package, "full");
    const struct queue_job *job = import(b, "full");
    for (int turns = 0; turns < 12; turns += 2) {
        struct told in = {0};
        struct told out = {0};
        size_t before = queue_count(local(b->jobs));
        package_import(b->packages, &(struct package_wish){.path = b->package}, on_imported, &in);
        package_export(b->packages, job, on_exported, &out);
        for (int i = 0; i < turns; i++) {
            uv_run(&b->jobs->base.loop, UV_RUN_NOWAIT);
        }
        reopen(b);
        assert_int_equal(in.count, 1);
        assert_int_equal(out.count, 1);
        assert_in_range(queue_count(local(b->jobs)), before, before + 1);
        assert_names(b, TWO_FILES);
        assert_int_equal(count_in(b, "blobs"), 2);
        assert_int_equal(count_in(b, "exports"), 0);
        job = queue_first(local(b->jobs));
    }
}

/* ---- out */

static void a_job_goes_out_as_it_came_in(void **state)
{
    struct bench *b = *state;
    const struct queue_job *job = import(b, "full");
    struct told t = export(b, job);
    assert_int_equal(t.err.code, 0);
    assert_string_equal(t.name, "Toy_car_äß.gjob");
    FILE *file = fopen(tempdir_path(b->jobs->base.dir, "expected"), "w");
    fputs("{\"name\": \"Toy car äß\", \"count\": 7, \"draft\": true, \"created\": 1700000000,"
          " \"remaining\": 4, \"sets\": [{\"path\": \"cube.gcode\", \"count\": 3, \"remaining\": 5,"
          " \"completed\": 2, \"materials\": [\"PLA_Black_#000000\", \"\", \"PETG\"]},"
          " {\"path\": \"ring.gcode\", \"profiles\": []}]}",
        file);
    fclose(file);
    gjob_script("check", t.path, tempdir_path(b->jobs->base.dir, "expected"));
    assert_int_equal(rename(t.path, b->package), 0);
    struct told again = try_import(b);
    assert_int_equal(again.err.code, 0);
    assert_names(b, TWO_FILES);
    const struct queue_job *copy = queue_find(local(b->jobs), again.job);
    assert_int_equal(copy->remaining, 4);
    assert_int_equal(copy->sets[0].remaining, 5);
    assert_string_equal(copy->sets[0].profiles[0], "creality-ender3");
}

static void a_job_whose_file_is_gone_does_not_go_out(void **state)
{
    struct bench *b = *state;
    char path[512];
    const struct queue_job *job = import(b, "full");
    files_path(b->jobs->files, job->sets[1].sha256, path, sizeof path);
    unlink(path);
    struct told t = export(b, job);
    assert_int_equal(t.err.code, PP_ENOTFOUND);
    assert_contains(t.err.text, "ring.gcode");
    assert_int_equal(count_in(b, "exports"), 0);
}

static void a_full_disk_leaves_nothing_half_exported(void **state)
{
    struct bench *b = *state;
    const struct queue_job *job = import(b, "full");
    for (rlim_t bytes = 0; bytes < 1000; bytes += 100) {
        limit_files(bytes);
        struct told t = export(b, job);
        limit_files(RLIM_INFINITY);
        assert_int_not_equal(t.err.code, 0);
        assert_int_equal(count_in(b, "exports"), 0);
    }
}

static void exports_that_nobody_took_are_swept_at_the_start(void **state)
{
    struct bench *b = *state;
    struct told t = export(b, import(b, "full"));
    assert_int_equal(access(t.path, R_OK), 0);
    assert_int_equal(count_in(b, "exports"), 1);
    reopen(b);
    assert_int_equal(count_in(b, "exports"), 0);
}

static int group_setup(void **state)
{
    const char *dirs[] = {PP_SOURCE_DIR "/profiles", NULL};
    (void)state;
    return profiles_open(&shipped, dirs, NULL);
}

static int group_teardown(void **state)
{
    profiles_close(shipped);
    return gjob_forget(state);
}

#define PACKAGE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PACKAGE_TEST(every_field_comes_into_the_queue),
        PACKAGE_TEST(what_is_imported_survives_a_restart),
        PACKAGE_TEST(a_profile_not_known_here_is_kept_and_told),
        PACKAGE_TEST(the_same_again_takes_the_files_that_are_there),
        PACKAGE_TEST(other_files_under_the_same_name_get_a_folder_of_their_own),
        PACKAGE_TEST(a_job_without_a_name_takes_that_of_the_package_for_its_folder),
        PACKAGE_TEST(a_stored_package_is_imported_and_stays),
        PACKAGE_TEST(a_model_comes_along),
        PACKAGE_TEST(names_longer_than_fits_are_cut),
        PACKAGE_TEST(what_is_wrong_with_a_package_leaves_nothing),
        PACKAGE_TEST(a_wish_that_makes_no_sense_is_refused),
        PACKAGE_TEST(only_so_many_at_a_time),
        PACKAGE_TEST(a_full_disk_leaves_nothing_half_imported),
        PACKAGE_TEST(a_disk_that_is_full_while_unpacking_leaves_nothing),
        PACKAGE_TEST(killed_at_any_instant_an_import_is_whole_or_not_there),
        PACKAGE_TEST(stopping_answers_what_is_under_way_and_leaves_nothing_half),
        PACKAGE_TEST(a_job_goes_out_as_it_came_in),
        PACKAGE_TEST(a_job_whose_file_is_gone_does_not_go_out),
        PACKAGE_TEST(a_full_disk_leaves_nothing_half_exported),
        PACKAGE_TEST(exports_that_nobody_took_are_swept_at_the_start),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
