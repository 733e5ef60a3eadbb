// link: ppio
/* Packages made and read by host/io/gjob, against tests/lib/gjob.py, which knows nothing of it. */
#include "host/io/gjob.h"

#include "host/base/mem.h"
#include "host/base/str.h"
#include "tests/unit/gjob_made.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_BYTES (INT64_C(16) << 20)

struct fixture {
    char dir[TEMPDIR_SIZE];
    char path[TEMPDIR_SIZE + 32];
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    tempdir_make(f->dir);
    snprintf(f->path, sizeof f->path, "%s/x.gjob", f->dir);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", text, part);
    }
}

static struct gjob *open_made(struct fixture *f, const char *made)
{
    struct err e = {0};
    struct gjob *g;
    unlink(f->path);
    gjob_make(f->path, made);
    if (gjob_open(&g, f->path, MAX_BYTES, &e) != 0) {
        fail_msg("%s: %s", made, e.text);
    }
    return g;
}

static int add(void *context, const void *bytes, size_t len, struct err *e)
{
    (void)e;
    strbuf_add(context, bytes, len);
    return 0;
}

static void assert_content(struct gjob *g, size_t index, const char *begins)
{
    struct strbuf text = {0};
    struct err e = {0};
    if (gjob_read(g, index, add, &text, &e) != 0) {
        fail_msg("%s", e.text);
    }
    assert_true(text.len > 100);
    assert_true(str_starts(strbuf_text(&text), begins));
    strbuf_fini(&text);
}

/* ---- reading */

static void every_field_is_read(void **state)
{
    struct gjob *g = open_made(*state, "full");
    const struct queue_job *job = gjob_job(g);
    assert_string_equal(job->name, "Toy car äß");
    assert_int_equal(job->count, 7);
    assert_int_equal(job->remaining, 4);
    assert_false(job->draft);
    assert_int_equal(job->created_ms, INT64_C(1700000000000));
    assert_int_equal(job->sets_count, 2);
    const struct queue_set *set = &job->sets[0];
    assert_string_equal(set->path, "cube.gcode");
    assert_null(set->sha256);
    assert_int_equal(set->count, 3);
    assert_int_equal(set->remaining, 5);
    assert_int_equal(set->completed, 2);
    assert_string_equal(set->materials[0], "PLA_Black_#000000");
    assert_null(set->materials[1]);
    assert_string_equal(set->materials[2], "PETG");
    assert_string_equal(set->profiles[0], "Creality Ender 3");
    assert_string_equal(set->profiles[1], "Generic");
    assert_null(set->profiles[2]);
    assert_int_equal(set->time_ms, 61500);
    assert_int_equal(set->filament_um[0], 1200250);
    assert_int_equal(set->filament_um[1], 3000);
    assert_contains(set->metadata, "estimatedPrintTime");
    set = &job->sets[1];
    assert_int_equal(set->remaining, 0);
    assert_int_equal(set->completed, 1);
    assert_non_null(set->profiles);
    assert_null(set->profiles[0]);
    assert_null(set->materials[0]);
    assert_null(set->metadata);
    assert_int_equal(set->time_ms, -1);
    assert_content(g, 0, "; cube\n");
    assert_content(g, 1, "; ring\n");
    gjob_close(g);
}

static void what_may_be_missing_may_be_missing(void **state)
{
    struct gjob *g = open_made(*state, "bare");
    const struct queue_job *job = gjob_job(g);
    assert_string_equal(job->name, "");
    assert_int_equal(job->count, 1);
    assert_int_equal(job->remaining, 1);
    assert_int_equal(job->sets[0].count, 1);
    assert_int_equal(job->sets[0].remaining, 1);
    assert_int_equal(job->sets[0].completed, 0);
    gjob_close(g);
    g = open_made(*state, "nulls");
    job = gjob_job(g);
    assert_int_equal(job->sets_count, 2);
    assert_null(job->sets[1].materials[0]);
    assert_null(job->sets[1].materials[1]);
    assert_string_equal(job->sets[1].materials[2], "PLA");
    assert_null(job->sets[0].profiles);
    assert_null(job->sets[1].profiles[0]);
    assert_content(g, 1, "; cube\n");
    gjob_close(g);
}

static void folders_in_a_package_do_not_matter(void **state)
{
    struct gjob *g = open_made(*state, "folders");
    assert_content(g, 0, "; cube\n");
    assert_content(g, 1, "; ring\n");
    gjob_close(g);
}

static void a_finished_job_begins_anew(void **state)
{
    struct gjob *g = open_made(*state, "finished");
    const struct queue_job *job = gjob_job(g);
    assert_int_equal(job->remaining, 7);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(job->sets[i].remaining, job->sets[i].count);
        assert_int_equal(job->sets[i].completed, 0);
    }
    gjob_close(g);
}

static void what_is_broken_is_refused_and_told(void **state)
{
    static const struct {
        const char *made;
        const char *text;
        const char *field;
    } cases[] = {
        {"empty", "no zip file", ""},
        {"text", "no zip file", ""},
        {"cut", "no zip file", ""},
        {"no_manifest", "no \"manifest.json\" in it", ""},
        {"not_json", "manifest.json: not JSON: line 1", ""},
        {"not_object", "manifest.json: [1,2]: must be an object", ""},
        {"no_sets", "sets is missing: must be an array", "sets"},
        {"sets_type", "sets {\"a\":1}: must be an array", "sets"},
        {"set_type", "sets[0] \"cube.gcode\": must be an object", "sets[0]"},
        {"name_type", "name 5: must be text", "name"},
        {"count_type", "count \"3\": must be an integer from 1 to 999999", "count"},
        {"count_real", "count 2.5: must be an integer", "count"},
        {"count_zero", "count 0: must be an integer from 1", "count"},
        {"count_negative", "count -1: must be", "count"},
        {"count_huge", "count 1000000000: must be", "count"},
        {"count_endless", "not JSON: line 1", ""},
        {"remaining_huge", "remaining 8: must be at most the count", "remaining"},
        {"draft_type", "draft \"no\": must be true or false", "draft"},
        {"created_type", "created \"now\": must be seconds", "created"},
        {"set_count_zero", "sets[1].count 0: must be an integer from 1", "sets[1].count"},
        {"set_count_huge", "sets[1].count 1000000000: must be", "sets[1].count"},
        {"set_remaining_negative", "sets[1].remaining -3: must be", "sets[1].remaining"},
        {"path_missing", "sets[1].path is missing: must be the plain name", "sets[1].path"},
        {"path_type", "sets[1].path 7: must be the plain name", "sets[1].path"},
        {"path_unknown", "sets[1].path \"other.gcode\": the package has no such file",
            "sets[1].path"},
        {"path_up", "sets[1].path \"../ring.gcode\": must be the plain name", "sets[1].path"},
        {"path_absolute", "sets[1].path \"/etc/ring.gcode\": must be", "sets[1].path"},
        {"path_manifest", "the package has no such file", "sets[1].path"},
        {"materials_type", "sets[1].materials \"PLA\": must be an array", "sets[1].materials"},
        {"material_type", "sets[1].materials[0] 1: must be text", "sets[1].materials[0]"},
        {"profiles_type", "sets[1].profiles {\"a\":1}: must be an array", "sets[1].profiles"},
        {"profile_empty", "sets[1].profiles[0] \"\": must be", "sets[1].profiles[0]"},
        {"metadata_type", "sets[1].metadata {\"a\":1}: must be text", "sets[1].metadata"},
        {"entry_up", "entry \"../../up.gcode\" leads out", ""},
        {"entry_absolute", "entry \"/tmp/up.gcode\" leads out", ""},
        {"entry_twice", "is there twice", ""},
        {"entries", "1003 entries: at most 1000", ""},
        {"many_claimed", "65000 entries: at most 1000", ""},
        {"large_directory", "a directory of 1073741824 bytes", ""},
        {"manifest_bomb", "entry \"manifest.json\" unpacks to more than 4194304 bytes", ""},
        {"encrypted", "entry \"cube.gcode\" is encrypted", ""},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        struct gjob *g;
        unlink(f->path);
        gjob_make(f->path, cases[i].made);
        if (gjob_open(&g, f->path, MAX_BYTES, &e) == 0) {
            fail_msg("%s is accepted", cases[i].made);
        }
        assert_int_equal(e.code, PP_EINVAL);
        assert_contains(e.text, cases[i].text);
        assert_string_equal(e.field, cases[i].field);
    }
}

static void assert_not_read(struct fixture *f, const char *made, const char *text)
{
    struct gjob *g = open_made(f, made);
    struct strbuf bytes = {0};
    struct err e = {0};
    assert_int_equal(gjob_read(g, 0, add, &bytes, &e), -PP_EINVAL);
    assert_contains(e.text, text);
    strbuf_fini(&bytes);
    gjob_close(g);
}

static void a_bomb_is_stopped_by_what_it_unpacks_to(void **state)
{
    assert_not_read(*state, "bomb", "no file packs that small");
}

static void a_damaged_file_is_told(void **state)
{
    assert_not_read(*state, "damaged", "entry \"cube.gcode\" cannot be unpacked");
}

static void more_than_the_limit_is_refused_before_it_is_unpacked(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct gjob *g;
    gjob_make(f->path, "full");
    assert_int_equal(gjob_open(&g, f->path, 3000, &e), -PP_EINVAL);
    assert_contains(e.text, "entry \"ring.gcode\" unpacks to more than");
}

static void no_file_at_all_is_told(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct gjob *g;
    assert_int_equal(gjob_open(&g, f->path, MAX_BYTES, &e), -PP_ENOTFOUND);
}

static int stop_at_once(void *context, const void *bytes, size_t len, struct err *e)
{
    (void)context;
    (void)bytes;
    (void)len;
    return err_set(e, PP_ENOSPC, "full");
}

static void who_takes_the_bytes_may_stop(void **state)
{
    struct gjob *g = open_made(*state, "full");
    struct err e = {0};
    assert_int_equal(gjob_read(g, 0, stop_at_once, NULL, &e), -PP_ENOSPC);
    gjob_close(g);
}

/* ---- writing */

static void put(struct fixture *f, const char *name, const char *text)
{
    FILE *file = fopen(tempdir_path(f->dir, name), "w");
    fputs(text, file);
    fclose(file);
}

static void content(void *context, const struct queue_set *set, char *out, size_t out_size)
{
    const struct fixture *f = context;
    if (set->sha256 == NULL) {
        out[0] = '\0';
    } else {
        snprintf(out, out_size, "%s/%s", f->dir, set->sha256);
    }
}

static struct queue_set *add_set(struct queue_job *job, const char *path, const char *sha256)
{
    struct queue_set *set = queue_job_add_set(job);
    set->path = mem_strdup(path);
    set->sha256 = sha256 != NULL ? mem_strdup(sha256) : NULL;
    return set;
}

/* The hashes are names of files here, no more. */
static struct queue_job *sample(struct fixture *f)
{
    struct queue_job *job = queue_job_new();
    put(f, "aa", "; the first\nG28\n");
    put(f, "bb", "; the second\nG28\n");
    snprintf(job->id, sizeof job->id, "01890a5d-ac96-774b-bcce-b302099a8057");
    free(job->name);
    job->name = mem_strdup("My job #1 ä");
    job->count = 9;
    job->remaining = 3;
    job->draft = true;
    job->created_ms = 1700000000999;
    struct queue_set *set = add_set(job, "imports/x/part.gcode", "aa");
    set->count = 4;
    set->remaining = 6;
    set->completed = 1;
    set->materials[1] = mem_strdup("PLA_Red");
    set->profiles = mem_array(3, sizeof *set->profiles);
    set->profiles[0] = mem_strdup("Creality Ender 3");
    set->profiles[1] = mem_strdup("Prusa MK3S");
    set->time_ms = 90500;
    set->filament_um[0] = 1234500;
    add_set(job, "other/part.gcode", "bb");
    add_set(job, "part.gcode", "aa");
    set = add_set(job, "Schlüssel.gcode", "bb");
    set->metadata = mem_strdup("{\"own\": 1}");
    return job;
}

static const char expected[] =
    "{\"name\": \"My job #1 ä\", \"count\": 9, \"draft\": true, \"created\": 1700000000,"
    " \"remaining\": 3, \"sets\": ["
    "{\"path\": \"part.gcode\", \"content\": \"; the first\\nG28\\n\", \"count\": 4,"
    " \"remaining\": 6, \"completed\": 1, \"materials\": [\"\", \"PLA_Red\"],"
    " \"profiles\": [\"Creality Ender 3\", \"Prusa MK3S\"], \"sd\": false, \"rank\": 0.0,"
    " \"id\": \"01890a5d-ac96-774b-bcce-b302099a8057_0\","
    " \"metadata\": \"{\\\"estimatedPrintTime\\\": 90.5, \\\"filamentLengths\\\": [1234.5]}\"},"
    "{\"path\": \"part (2).gcode\", \"content\": \"; the second\\nG28\\n\", \"count\": 1,"
    " \"remaining\": 1, \"completed\": 0, \"materials\": [], \"profiles\": [],"
    " \"metadata\": null},"
    "{\"path\": \"part.gcode\", \"content\": \"; the first\\nG28\\n\"},"
    "{\"path\": \"Schlüssel.gcode\", \"content\": \"; the second\\nG28\\n\","
    " \"metadata\": \"{\\\"own\\\": 1}\"}]}";

static void a_package_made_here_is_as_the_original_makes_it(void **state)
{
    struct fixture *f = *state;
    struct queue_job *job = sample(f);
    atomic_bool stop = false;
    struct err e = {0};
    put(f, "expected.json", expected);
    if (gjob_write(f->path, job, content, f, &stop, &e) != 0) {
        fail_msg("%s", e.text);
    }
    gjob_script("check", f->path, tempdir_path(f->dir, "expected.json"));
    queue_job_free(job);
}

static void what_was_written_is_read(void **state)
{
    struct fixture *f = *state;
    struct queue_job *job = sample(f);
    atomic_bool stop = false;
    struct strbuf text = {0};
    struct gjob *g;
    assert_int_equal(gjob_write(f->path, job, content, f, &stop, NULL), 0);
    assert_int_equal(gjob_open(&g, f->path, MAX_BYTES, NULL), 0);
    const struct queue_job *got = gjob_job(g);
    assert_string_equal(got->name, job->name);
    assert_int_equal(got->remaining, 3);
    assert_int_equal(got->created_ms, 1700000000000);
    assert_int_equal(got->sets[0].remaining, 6);
    assert_int_equal(got->sets[0].time_ms, 90500);
    assert_int_equal(got->sets[0].filament_um[0], 1234500);
    assert_null(got->sets[0].materials[0]);
    assert_string_equal(got->sets[0].materials[1], "PLA_Red");
    assert_string_equal(got->sets[1].path, "part (2).gcode");
    assert_int_equal(gjob_read(g, 1, add, &text, NULL), 0);
    assert_string_equal(strbuf_text(&text), "; the second\nG28\n");
    strbuf_fini(&text);
    gjob_close(g);
    queue_job_free(job);
}

static int count_files(struct fixture *f)
{
    int count = 0;
    DIR *d = opendir(f->dir);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(d);
    return count;
}

static void a_package_is_not_written_over_another(void **state)
{
    struct fixture *f = *state;
    struct queue_job *job = sample(f);
    atomic_bool stop = false;
    struct err e = {0};
    put(f, "x.gjob", "mine");
    assert_int_equal(gjob_write(f->path, job, content, f, &stop, &e), -PP_EEXIST);
    assert_int_equal(count_files(f), 3);
    queue_job_free(job);
}

static void content_that_is_not_here_fails_the_package_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct queue_job *job = sample(f);
    atomic_bool stop = false;
    struct err e = {0};
    add_set(job, "gone.gcode", "cc");
    assert_int_equal(gjob_write(f->path, job, content, f, &stop, &e), -PP_ENOTFOUND);
    assert_contains(e.text, "the content of \"gone.gcode\" is not here");
    assert_int_equal(count_files(f), 2);
    queue_job_free(job);
}

static void a_full_disk_leaves_nothing_of_a_package(void **state)
{
    struct fixture *f = *state;
    struct queue_job *job = sample(f);
    struct rlimit limit;
    atomic_bool stop = false;
    struct err e = {0};
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    rlim_t all = limit.rlim_cur;
    for (rlim_t bytes = 0; bytes < 700; bytes += 50) {
        limit.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &limit);
        int rc = gjob_write(f->path, job, content, f, &stop, &e);
        limit.rlim_cur = all;
        setrlimit(RLIMIT_FSIZE, &limit);
        assert_int_not_equal(rc, 0);
        assert_int_equal(count_files(f), 2);
    }
    queue_job_free(job);
}

static void an_export_can_be_given_up(void **state)
{
    struct fixture *f = *state;
    struct queue_job *job = sample(f);
    atomic_bool stop = true;
    struct err e = {0};
    assert_int_equal(gjob_write(f->path, job, content, f, &stop, &e), -PP_ECANCELED);
    assert_int_equal(count_files(f), 2);
    queue_job_free(job);
}

static void the_file_is_called_as_the_original_calls_it(void **state)
{
    static const struct {
        const char *job;
        const char *file;
    } cases[] = {
        {"My job #1", "My_job_x1.gjob"},
        {"  a  b ", "_a_b_.gjob"},
        {"", "untitled.gjob"},
        {" \t ", "untitled.gjob"},
        {"../../etc/passwd", "xxxxxxetcxpasswd.gjob"},
        {"Schlüssel & Co.", "Schlüssel_x_Cox.gjob"},
        {"日本語\xc2\xa0x", "日本語_x.gjob"},
        {"50€", "50x.gjob"},
    };
    char out[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gjob_file_name(cases[i].job, out, sizeof out);
        assert_string_equal(out, cases[i].file);
    }
}

#define GJOB_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GJOB_TEST(every_field_is_read),
        GJOB_TEST(what_may_be_missing_may_be_missing),
        GJOB_TEST(folders_in_a_package_do_not_matter),
        GJOB_TEST(a_finished_job_begins_anew),
        GJOB_TEST(what_is_broken_is_refused_and_told),
        GJOB_TEST(a_bomb_is_stopped_by_what_it_unpacks_to),
        GJOB_TEST(a_damaged_file_is_told),
        GJOB_TEST(more_than_the_limit_is_refused_before_it_is_unpacked),
        GJOB_TEST(no_file_at_all_is_told),
        GJOB_TEST(who_takes_the_bytes_may_stop),
        GJOB_TEST(a_package_made_here_is_as_the_original_makes_it),
        GJOB_TEST(what_was_written_is_read),
        GJOB_TEST(a_package_is_not_written_over_another),
        GJOB_TEST(content_that_is_not_here_fails_the_package_and_leaves_nothing),
        GJOB_TEST(a_full_disk_leaves_nothing_of_a_package),
        GJOB_TEST(an_export_can_be_given_up),
        GJOB_TEST(the_file_is_called_as_the_original_calls_it),
    };
    return cmocka_run_group_tests(tests, NULL, gjob_forget);
}
