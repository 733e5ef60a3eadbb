// link: ppapp
/* A command of the configuration is run by the shell and outlives its loop's interest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/child.h"
#include "tests/unit/tempdir.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void on_deadline(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void a_command_runs_and_is_forgotten_when_it_ends(void **state)
{
    (void)state;
    char dir[TEMPDIR_SIZE];
    char command[TEMPDIR_SIZE + 64];
    struct child c = {.open = false};
    struct stat st;
    struct err e;
    bool late = false;
    uv_loop_t loop;
    uv_timer_t deadline;
    tempdir_make(dir);
    uv_loop_init(&loop);
    uv_timer_init(&loop, &deadline);
    deadline.data = &late;
    uv_timer_start(&deadline, on_deadline, 10000, 0);
    snprintf(command, sizeof command, "echo done > %s/done && exit 3", dir);
    assert_int_equal(child_start(&c, &loop, command, &e), 0);
    assert_int_equal(child_start(&c, &loop, command, &e), -PP_EBUSY);
    while (c.open && !late) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    assert_false(late);
    assert_int_equal(stat(tempdir_path(dir, "done"), &st), 0);
    assert_int_equal(child_start(&c, &loop, "true", &e), 0);
    child_close(&c);
    uv_close((uv_handle_t *)&deadline, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_false(c.open);
    assert_int_equal(uv_loop_close(&loop), 0);
    tempdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_runs_and_is_forgotten_when_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
