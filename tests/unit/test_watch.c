// link: ppapp
#include "host/app/watch.h"
#include "host/base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tempdir.h"

#define DEADLINE_MS 20000

static char dir[TEMPDIR_SIZE];
static uv_loop_t loop;
static struct watch *watch;
static uv_timer_t deadline;
static int changes;

static void on_changed(void *context)
{
    (void)context;
    changes++;
    uv_stop(&loop);
}

static void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing was told within %d ms", DEADLINE_MS);
}

static int set_up(void **state)
{
    (void)state;
    tempdir_make(dir);
    changes = 0;
    return uv_loop_init(&loop);
}

static int tear_down(void **state)
{
    (void)state;
    watch_close(watch, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    tempdir_remove(dir);
    return 0;
}

static void watch_one(const char *path)
{
    const char *const paths[] = {path, NULL};
    watch = watch_open(&loop, paths, on_changed, NULL);
}

/* Runs until one more change is told. */
static void wait_for_change(void)
{
    int before = changes;
    uv_timer_init(&loop, &deadline);
    uv_timer_start(&deadline, on_deadline, DEADLINE_MS, 0);
    while (changes == before) {
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    uv_close((uv_handle_t *)&deadline, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(tempdir_path(dir, name), "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_file_written_in_place_is_told(void **state)
{
    (void)state;
    put("a.yaml", "1");
    watch_one(tempdir_path(dir, "a.yaml"));
    put("a.yaml", "2");
    wait_for_change();
}

static void a_file_replaced_by_an_editor_is_told_each_time(void **state)
{
    (void)state;
    put("a.yaml", "1");
    watch_one(tempdir_path(dir, "a.yaml"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(file_write(tempdir_path(dir, "a.yaml"), "2", 1, 0600, NULL), 0);
        wait_for_change();
    }
}

static void many_changes_at_once_are_told_once(void **state)
{
    (void)state;
    watch_one(dir);
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.yaml", i);
        put(name, "x");
    }
    wait_for_change();
    assert_int_equal(changes, 1);
}

static void a_file_that_appears_later_is_told(void **state)
{
    (void)state;
    watch_one(tempdir_path(dir, "later.yaml"));
    put("later.yaml", "x");
    wait_for_change();
}

static void a_folder_that_appears_later_is_watched(void **state)
{
    (void)state;
    watch_one(tempdir_path(dir, "sub/printers"));
    assert_int_equal(mkdir(tempdir_path(dir, "sub"), 0700), 0);
    assert_int_equal(mkdir(tempdir_path(dir, "sub/printers"), 0700), 0);
    wait_for_change();
    put("sub/printers/a.yaml", "x");
    wait_for_change();
}

static void a_folder_made_anew_is_watched_again(void **state)
{
    (void)state;
    assert_int_equal(mkdir(tempdir_path(dir, "sub"), 0700), 0);
    watch_one(tempdir_path(dir, "sub"));
    assert_int_equal(rmdir(tempdir_path(dir, "sub")), 0);
    wait_for_change();
    assert_int_equal(mkdir(tempdir_path(dir, "sub"), 0700), 0);
    wait_for_change();
    put("sub/a.yaml", "x");
    wait_for_change();
}

static void a_folder_swapped_at_once_is_watched_again(void **state)
{
    (void)state;
    assert_int_equal(mkdir(tempdir_path(dir, "sub"), 0700), 0);
    watch_one(tempdir_path(dir, "sub"));
    assert_int_equal(rmdir(tempdir_path(dir, "sub")), 0);
    assert_int_equal(mkdir(tempdir_path(dir, "sub"), 0700), 0);
    wait_for_change();
    put("sub/a.yaml", "x");
    wait_for_change();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_written_in_place_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_file_replaced_by_an_editor_is_told_each_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_changes_at_once_are_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_appears_later_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_appears_later_is_watched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_made_anew_is_watched_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_folder_swapped_at_once_is_watched_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
