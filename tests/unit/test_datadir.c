// link: ppapp
#include "host/app/datadir.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char dir[TEMPDIR_SIZE];

static int setup(void **state)
{
    (void)state;
    tempdir_make(dir);
    setenv("XDG_STATE_HOME", dir, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tempdir_remove(dir);
    return 0;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void assert_refused(const char *given, const char *name, int code, const char *part)
{
    struct datadir d;
    struct err e = {0};
    assert_int_equal(datadir_open(&d, given, name, &e), -code);
    if (strstr(e.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", e.text, part);
    }
    datadir_close(&d);
}

static void the_default_is_made_private_below_the_state_home(void **state)
{
    struct datadir d;
    (void)state;
    assert_int_equal(datadir_open(&d, "", "mk3", NULL), 0);
    assert_string_equal(d.path, tempdir_path(dir, "pphost/mk3"));
    assert_int_equal(mode_of(d.path), 0700);
    assert_int_equal(mode_of(tempdir_path(d.path, "blobs")), 0700);
    assert_int_equal(mode_of(tempdir_path(d.path, "keys")), 0700);
    datadir_close(&d);
}

static void without_a_state_home_it_is_below_home(void **state)
{
    struct datadir d;
    (void)state;
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", dir, 1);
    assert_int_equal(datadir_open(&d, NULL, "mk3", NULL), 0);
    assert_string_equal(d.path, tempdir_path(dir, ".local/state/pphost/mk3"));
    datadir_close(&d);
    unsetenv("HOME");
    assert_refused(NULL, "mk3", PP_EINVAL, "give --data DIR");
}

static void a_given_directory_may_exist_and_is_reopened(void **state)
{
    struct datadir d;
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(datadir_open(&d, dir, "mk3", NULL), 0);
        assert_string_equal(d.path, dir);
        datadir_close(&d);
    }
}

static void the_second_host_is_told_the_pid_of_the_first(void **state)
{
    struct datadir first;
    char part[64];
    (void)state;
    assert_int_equal(datadir_open(&first, dir, "mk3", NULL), 0);
    snprintf(part, sizeof part, "another pphost uses it (pid %d)", (int)getpid());
    assert_refused(dir, "mk3", PP_EBUSY, part);
    datadir_close(&first);
    assert_int_equal(datadir_open(&first, dir, "mk3", NULL), 0);
    datadir_close(&first);
}

static void a_killed_host_leaves_no_lock(void **state)
{
    struct datadir d;
    int pipes[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        if (datadir_open(&d, dir, "mk3", NULL) != 0 || write(pipes[1], "x", 1) != 1) {
            _exit(1);
        }
        pause();
        _exit(0);
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_refused(dir, "mk3", PP_EBUSY, "another pphost uses it");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(datadir_open(&d, dir, "mk3", NULL), 0);
    datadir_close(&d);
}

static void what_cannot_be_a_directory_is_refused(void **state)
{
    char path[600];
    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_refused(path, "mk3", PP_EINVAL, "too long");
    path[450] = '\0';
    assert_refused(path, "mk3", PP_EINVAL, "longer than 416 bytes");
    fclose(fopen(tempdir_path(dir, "file"), "w"));
    assert_refused(tempdir_path(dir, "file"), "mk3", PP_EINVAL, "is no folder");
    assert_refused(tempdir_path(dir, "file/below"), "mk3", PP_EIO, "Not a directory");
    assert_refused("", "../mk3", PP_EINVAL, "printer name \"../mk3\"");
}

#define DATADIR_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATADIR_TEST(the_default_is_made_private_below_the_state_home),
        DATADIR_TEST(without_a_state_home_it_is_below_home),
        DATADIR_TEST(a_given_directory_may_exist_and_is_reopened),
        DATADIR_TEST(the_second_host_is_told_the_pid_of_the_first),
        DATADIR_TEST(a_killed_host_leaves_no_lock),
        DATADIR_TEST(what_cannot_be_a_directory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
