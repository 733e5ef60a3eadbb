// link: ppbase
/* The log: what is kept, what is written, and that nobody waits for it. */
#include "host/base/file.h"
#include "host/base/log.h"
#include "tests/unit/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[TEMPDIR_SIZE];

static int set_up(void **state)
{
    (void)state;
    tempdir_make(dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_close();
    tempdir_remove(dir);
    return 0;
}

static char *content(const char *name)
{
    struct strbuf text = {0};
    struct err e;
    assert_int_equal(file_read(tempdir_path(dir, name), 4u << 20, &text, &e), 0);
    return text.data;
}

static void lines_are_kept_and_written_in_order(void **state)
{
    struct err e;
    (void)state;
    assert_int_equal(log_open(tempdir_path(dir, "log"), &e), 0);
    for (int i = 0; i < 20; i++) {
        log_info("line %d of the test", i);
    }
    log_close();
    char *text = content("log");
    const char *at = text;
    for (int i = 0; i < 20; i++) {
        char want[40];
        snprintf(want, sizeof want, " info line %d of the test\n", i);
        at = strstr(at, want);
        assert_non_null(at);
    }
    free(text);
    size_t kept = 0;
    while (log_find(kept) != NULL) {
        kept++;
    }
    assert_true(kept >= 20);
    assert_string_equal(log_find(kept - 1)->text, "line 19 of the test");
}

static void a_log_that_cannot_be_opened_is_refused(void **state)
{
    struct err e;
    (void)state;
    assert_int_equal(log_open(tempdir_path(dir, "none/log"), &e), -PP_ENOTFOUND);
    assert_non_null(strstr(e.text, "log file"));
    log_info("and logging goes on");
}

static void a_large_log_is_moved_away(void **state)
{
    struct err e;
    (void)state;
    assert_int_equal(log_open(tempdir_path(dir, "log"), &e), 0);
    log_set_level(LOG_WARN); /* not that many lines on the terminal of the tests */
    for (int i = 0; i < 6000; i++) {
        log_info("%0200d", i);
        if (i % 100 == 0) {
            log_flush();
        }
    }
    log_set_level(LOG_INFO);
    log_close();
    char *text = content("log.1");
    assert_true(strlen(text) > 1u << 20);
    free(text);
    free(content("log"));
}

/* A terminal that was stopped with ctrl-S, or whose other end reads nothing. */
static void nobody_waits_for_a_terminal_that_takes_nothing(void **state)
{
    struct err e;
    int ends[2];
    char byte = 'x';
    char drained[65537];
    (void)state;
    int stderr_before = dup(STDERR_FILENO);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], &byte, 1) == 1) {
    }
    fcntl(ends[1], F_SETFL, 0);
    assert_int_equal(log_open(tempdir_path(dir, "log"), &e), 0);
    dup2(ends[1], STDERR_FILENO);
    for (int i = 0; i < 2000; i++) {
        log_info("line %d", i);
    }
    fcntl(ends[0], F_SETFL, 0);
    bool told = false;
    while (!told) { /* now somebody reads */
        ssize_t n = read(ends[0], drained, sizeof drained - 1);
        assert_true(n > 0);
        drained[n] = '\0';
        told = strstr(drained, "lines of the log were lost here") != NULL;
    }
    dup2(stderr_before, STDERR_FILENO);
    log_close();
    close(ends[0]);
    close(ends[1]);
    close(stderr_before);
    char *text = content("log");
    assert_non_null(strstr(text, "info line 0\n"));
    assert_non_null(strstr(text, "lines of the log were lost here"));
    free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(lines_are_kept_and_written_in_order),
        TEST(a_log_that_cannot_be_opened_is_refused),
        TEST(a_large_log_is_moved_away),
        TEST(nobody_waits_for_a_terminal_that_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
