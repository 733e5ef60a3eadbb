// link: ppapp
/* What other hosts may ask of this one. */
#include "host/app/network/network_may.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct network_asker keyed = {.control = "", .locked = true};
static const struct network_asker keyed_no = {.control = "no", .locked = true};
static const struct network_asker stranger = {.control = ""};
static const struct network_asker invited = {.control = "yes"};
static const struct network_asker trusted = {.control = "", .trusted = true};

static int ask(const struct network_asker *a, const char *method, const char *path)
{
    struct err e = {0};
    network_may_ask(a, method, path, &e);
    return e.code;
}

static void who_has_the_key_operates_the_printer(void **state)
{
    (void)state;
    assert_int_equal(ask(&keyed, "POST", "/api/v1/pause"), 0);
    assert_int_equal(ask(&keyed, "GET", "/api/v1/log?lines=10"), 0);
    assert_int_equal(ask(&invited, "POST", "/api/v1/pause"), 0);
    assert_int_equal(ask(&keyed_no, "POST", "/api/v1/pause"), PP_EPERM);
    assert_int_equal(ask(&trusted, "POST", "/api/v1/pause"), PP_EPERM);
    assert_int_equal(ask(&stranger, "POST", "/api/v1/pause"), PP_EPERM);
}

static void an_emergency_stop_is_taken_from_who_has_the_key_always_and_from_no_stranger(
    void **state)
{
    (void)state;
    assert_int_equal(ask(&keyed, "POST", "/api/v1/estop"), 0);
    assert_int_equal(ask(&keyed_no, "POST", "/api/v1/estop"), 0);
    assert_int_equal(ask(&stranger, "POST", "/api/v1/estop"), PP_EPERM);
    assert_int_equal(ask(&trusted, "POST", "/api/v1/estop"), PP_EPERM);
    assert_int_equal(ask(&invited, "POST", "/api/v1/estop"), 0);
    assert_int_equal(ask(&keyed_no, "POST", "/api/v1/estop/../gcode"), PP_EINVAL);
}

static void who_may_not_operate_sees_state_jobs_and_hosts_and_no_files_or_logs(void **state)
{
    static const char *const seen[] = {"/api/v1/status", "/api/v1/jobs?queue=LAN", "/api/v1/peers",
        "/api/v1/queues", "/api/v1/queues/LAN", "/api/v1/runs"};
    static const char *const kept[] = {"/api/v1/log", "/api/v1/terminal", "/api/v1/files",
        "/api/v1/files/secret.gcode", "/api/v1/scripts", "/api/v1/jobs/x/export",
        "/api/v1/external", "/api/v1/statusx", "/api/v1/queues/"};
    (void)state;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        assert_int_equal(ask(&keyed_no, "GET", seen[i]), 0);
        assert_int_equal(ask(&trusted, "GET", seen[i]), 0);
        assert_int_equal(ask(&stranger, "GET", seen[i]), PP_EPERM);
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        assert_int_equal(ask(&keyed_no, "GET", kept[i]), PP_EPERM);
        assert_int_equal(ask(&trusted, "GET", kept[i]), PP_EPERM);
        assert_int_equal(ask(&stranger, "GET", kept[i]), PP_EPERM);
    }
}

static void keys_and_sessions_are_nobodys_elses(void **state)
{
    static const char *const paths[] = {"/api/v1/login", "/api/v1/login-link", "/api/v1/logout",
        "/api/v1/keys", "/api/v1/keys/slicer", "/api/v1/restart", "/api/v1/feed?x"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(ask(&keyed, "GET", paths[i]), PP_EPERM);
        assert_int_equal(ask(&invited, "POST", paths[i]), PP_EPERM);
    }
}

static void a_path_goes_nowhere_else(void **state)
{
    static const char *const paths[] = {"", "/", "/api/files/local", "/plugin/continuousprint/x",
        "http://127.0.0.1/api/v1/status", "/api/v1/../keys", "/api/v1/..", "/api/v1/./log",
        "/api/v1/status/%2e%2e/log", "/api/v1/status/%2E./log", "/api/v1/status/.%2e/log",
        "/api/v1/a b", "/api/v1/a\r\nX-Host: b", "/api/v1/a\tb", "/api/v1/status#x",
        "/api/v1/a\\..\\b", "/api/v1/\xc3\xa4", "/api/v1/status HTTP/1.1", "@evil/api/v1/status"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(ask(&keyed, "GET", paths[i]), PP_EINVAL);
    }
    assert_int_equal(ask(&keyed, "GET", "/api/v1/files/a..b%2f..c.gcode"), 0);
    assert_int_equal(ask(&keyed, "GET", "/api/v1/jobs?after=.."), 0);
}

static void a_path_that_would_be_cut_is_refused(void **state)
{
    char path[NETWORK_PATH_MAX + 20];
    (void)state;
    memset(path, 'a', sizeof path);
    memcpy(path, "/api/v1/", 8);
    path[NETWORK_PATH_MAX] = '\0';
    assert_int_equal(ask(&keyed, "DELETE", path), PP_EINVAL);
    path[NETWORK_PATH_MAX - 1] = '\0';
    assert_int_equal(ask(&keyed, "DELETE", path), 0);
}

static void a_method_is_one_of_the_apis(void **state)
{
    static const char *const methods[] = {
        "", "get", "HEAD", "OPTIONS", "CONNECT", "GET /x\r\nA: b", "POST ", "G"};
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        assert_int_equal(ask(&keyed, methods[i], "/api/v1/status"), PP_EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_the_key_operates_the_printer),
        cmocka_unit_test(
            an_emergency_stop_is_taken_from_who_has_the_key_always_and_from_no_stranger),
        cmocka_unit_test(who_may_not_operate_sees_state_jobs_and_hosts_and_no_files_or_logs),
        cmocka_unit_test(keys_and_sessions_are_nobodys_elses),
        cmocka_unit_test(a_path_goes_nowhere_else),
        cmocka_unit_test(a_path_that_would_be_cut_is_refused),
        cmocka_unit_test(a_method_is_one_of_the_apis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
