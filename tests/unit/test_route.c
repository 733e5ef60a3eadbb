// link: ppapi
// with: fake_device fake_manage
/* The pure parts of the API: routes, header checks, limits, names of uploads, input by tables. */
#include "host/api/access.h"
#include "host/api/limit.h"
#include "host/api/route.h"
#include "host/api/upload_name.h"
#include "host/base/json.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- routes */

static void handle_a(struct request *r)
{
    (void)r;
}

static const struct route table[] = {
    {"GET", "/a", KEY_READ, ROUTE_NONE, handle_a},
    {"POST", "/a", KEY_PRINT, ROUTE_JSON, handle_a},
    {"GET", "/files/**", KEY_READ, ROUTE_NONE, handle_a},
    {"DELETE", "/files/**", KEY_PRINT, ROUTE_NONE, handle_a},
    {"POST", "/jobs/act", KEY_PRINT, ROUTE_JSON, handle_a},
    {"GET", "/jobs/*", KEY_READ, ROUTE_NONE, handle_a},
    {"POST", "/jobs/*/sets", KEY_PRINT, ROUTE_JSON, handle_a},
    {"PATCH", "/jobs/*/sets/*", KEY_PRINT, ROUTE_JSON, handle_a},
};

static const struct route *find(
    const char *method, const char *path, struct route_stars *stars, char *allow)
{
    return route_find(table, sizeof table / sizeof *table, method, path, stars, allow, 64);
}

static void a_route_is_found_by_method_and_path(void **state)
{
    struct route_stars stars;
    char allow[64];
    (void)state;
    assert_ptr_equal(find("GET", "/a", &stars, allow), &table[0]);
    assert_ptr_equal(find("POST", "/a", &stars, allow), &table[1]);
    assert_ptr_equal(find("HEAD", "/a", &stars, allow), &table[0]);
    assert_ptr_equal(find("DELETE", "/files/x y.gcode", &stars, allow), &table[3]);
    assert_string_equal(stars.tail, "x y.gcode");
}

static void a_star_stands_for_one_component_and_two_for_all_that_follow(void **state)
{
    struct route_stars stars;
    char allow[64];
    (void)state;
    assert_ptr_equal(find("GET", "/files/a/b.gcode", &stars, allow), &table[2]);
    assert_string_equal(stars.tail, "a/b.gcode");
    assert_ptr_equal(find("GET", "/jobs/My job", &stars, allow), &table[5]);
    assert_string_equal(stars.star[0], "My job");
    assert_string_equal(stars.star[1], "");
    assert_ptr_equal(find("POST", "/jobs/x/sets", &stars, allow), &table[6]);
    assert_string_equal(stars.star[0], "x");
    assert_ptr_equal(find("PATCH", "/jobs/x/sets/y", &stars, allow), &table[7]);
    assert_string_equal(stars.star[0], "x");
    assert_string_equal(stars.star[1], "y");
    assert_null(find("GET", "/jobs/a/b", &stars, allow));
    assert_null(find("PATCH", "/jobs//sets/y", &stars, allow));
    assert_null(find("PATCH", "/jobs/x/sets/", &stars, allow));
    assert_null(find("PATCH", "/jobs/x/sets/y/z", &stars, allow));
    assert_null(find("GET", "/jobs/", &stars, allow));
    assert_null(find("GET", "/files", &stars, allow));
}

static void a_component_that_is_too_long_fits_no_star(void **state)
{
    struct route_stars stars;
    char allow[64];
    char path[ROUTE_STAR_SIZE + 16] = "/jobs/";
    (void)state;
    memset(path + 6, 'x', ROUTE_STAR_SIZE - 1);
    assert_non_null(find("GET", path, &stars, allow));
    assert_int_equal(strlen(stars.star[0]), ROUTE_STAR_SIZE - 1);
    path[6 + ROUTE_STAR_SIZE - 1] = 'x';
    assert_null(find("GET", path, &stars, allow));
}

static void a_wrong_method_is_told_which_are_right(void **state)
{
    struct route_stars stars;
    char allow[64];
    (void)state;
    assert_null(find("PUT", "/a", &stars, allow));
    assert_string_equal(allow, "GET, POST");
    assert_null(find("PUT", "/jobs/act", &stars, allow));
    assert_string_equal(allow, "POST, GET");
    assert_null(find("GET", "/b", &stars, allow));
    assert_string_equal(allow, "");
    assert_null(find("GET", "/files/", &stars, allow));
    assert_null(find("GET", "/a/", &stars, allow));
}

static void everything_but_the_page_the_version_and_the_login_needs_a_key(void **state)
{
    static const char *const open_paths[] = {"/", "/app.js", "/queue.js", "/sd.js", "/shared.js",
        "/style.css", "/icon.svg", "/api/version", "/api/v1/login", "/api/v1/logout"};
    (void)state;
    for (size_t i = 0; i < routes_count; i++) {
        bool open = false;
        for (size_t k = 0; k < sizeof open_paths / sizeof *open_paths; k++) {
            open |= strcmp(routes[i].path, open_paths[k]) == 0;
        }
        assert_int_equal(routes[i].scope == KEY_NONE, open);
        if (!open && !route_method_is_safe(routes[i].method)) {
            assert_true(routes[i].scope >= KEY_PRINT);
        }
    }
}

/* ---- headers */

static void hosts_are_addresses_localhost_and_our_names(void **state)
{
    static const char *const names[] = {"Workshop", "printer.lan", NULL};
    (void)state;
    assert_true(access_host_ok("127.0.0.1:8125", names));
    assert_true(access_host_ok("192.168.1.7", names));
    assert_true(access_host_ok("[::1]:8125", names));
    assert_true(access_host_ok("localhost:1", names));
    assert_true(access_host_ok("LOCALHOST", names));
    assert_true(access_host_ok("workshop:8125", names));
    assert_true(access_host_ok("workshop.local", names));
    assert_true(access_host_ok("printer.lan", names));
    assert_false(access_host_ok("evil.example", names));
    assert_false(access_host_ok("localhost.evil.example", names));
    assert_false(access_host_ok("workshop.evil.example", names));
    assert_false(access_host_ok("127.0.0.1.evil.example", names));
    assert_false(access_host_ok("", names));
    assert_false(access_host_ok(":80", names));
    assert_false(access_host_ok("[::1", names));
    assert_false(access_host_ok("localhost:80:90", names));
    assert_false(access_host_ok("localhost:evil", names));
}

static void an_origin_must_be_the_host(void **state)
{
    (void)state;
    assert_true(access_origin_ok("http://127.0.0.1:8125", "127.0.0.1:8125"));
    assert_true(access_origin_ok("https://Printer.lan", "printer.lan"));
    assert_false(access_origin_ok("http://127.0.0.1:3000", "127.0.0.1:8125"));
    assert_false(access_origin_ok("http://evil.example", "127.0.0.1:8125"));
    assert_false(access_origin_ok("null", "127.0.0.1:8125"));
    assert_false(access_origin_ok("", ""));
}

static void keys_are_taken_from_bearer_and_cookie(void **state)
{
    char key[ACCESS_KEY_MAX + 1];
    char lengthy[200];
    (void)state;
    assert_true(access_bearer("bearer  abc", key));
    assert_string_equal(key, "abc");
    assert_false(access_bearer("Basic abc", key));
    assert_false(access_bearer("Bearer ", key));
    assert_true(access_cookie("a=1; s=xyz; b=2", "s", key));
    assert_string_equal(key, "xyz");
    assert_true(access_cookie("s=", "s", key));
    assert_string_equal(key, "");
    assert_false(access_cookie("ss=xyz; xs=1", "s", key));
    assert_false(access_cookie("", "s", key));
    memset(lengthy, 'k', sizeof lengthy);
    memcpy(lengthy, "Bearer ", 7);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_false(access_bearer(lengthy, key));
}

static void loopback_is_known_in_both_families(void **state)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char text[46];
    (void)state;
    inet_pton(AF_INET, "127.8.9.1", &v4.sin_addr);
    assert_true(access_is_loopback((struct sockaddr *)&v4));
    inet_pton(AF_INET, "128.0.0.1", &v4.sin_addr);
    assert_false(access_is_loopback((struct sockaddr *)&v4));
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
    assert_true(access_is_loopback((struct sockaddr *)&v6));
    inet_pton(AF_INET6, "fe80::1", &v6.sin6_addr);
    assert_false(access_is_loopback((struct sockaddr *)&v6));
    access_address((struct sockaddr *)&v6, text, sizeof text);
    assert_string_equal(text, "fe80::1");
}

/* ---- limits */

static void wrong_keys_are_counted_by_client_and_minute(void **state)
{
    static struct limit l;
    (void)state;
    for (unsigned i = 1; i <= LIMIT_FAILURES; i++) {
        assert_false(limit_is_spent(&l, "192.0.2.1", 1000));
        assert_int_equal(limit_fail(&l, "192.0.2.1", 1000), i);
    }
    assert_true(limit_is_spent(&l, "192.0.2.1", 1000));
    assert_false(limit_is_spent(&l, "192.0.2.2", 1000));
    assert_false(limit_is_spent(&l, "192.0.2.1", 1000 + LIMIT_WINDOW_MS));
    assert_int_equal(limit_fail(&l, "192.0.2.1", 1000 + LIMIT_WINDOW_MS), 1);
}

static void the_table_of_clients_stays_bounded(void **state)
{
    static struct limit l;
    char address[46];
    (void)state;
    for (int i = 0; i < 10 * LIMIT_CLIENTS; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
        assert_int_equal(limit_fail(&l, address, (uint64_t)i + 1), 1);
    }
    assert_int_equal(limit_fail(&l, address, 1000), 2);
}

/* ---- names */

static void assert_cleaned(const char *raw, const char *expected)
{
    char name[UPLOAD_NAME_SIZE];
    assert_true(upload_name_clean(raw, name));
    assert_string_equal(name, expected);
}

static void an_upload_keeps_the_last_part_of_its_name(void **state)
{
    char name[UPLOAD_NAME_SIZE];
    (void)state;
    assert_cleaned("part.gcode", "part.gcode");
    assert_cleaned("../x.gcode", "x.gcode");
    assert_cleaned("/etc/passwd.gcode", "passwd.gcode");
    assert_cleaned("C:\\parts\\left arm.gcode", "left arm.gcode");
    assert_cleaned("..hidden.gcode", "hidden.gcode");
    assert_cleaned(" a\"b\r\n.gcode ", "ab.gcode");
    assert_cleaned("W\xc3\xbcrfel.gcode", "W\xc3\xbcrfel.gcode");
    assert_cleaned("W\xfcrfel.gcode", "W_rfel.gcode");
    assert_false(upload_name_clean("", name));
    assert_false(upload_name_clean("../", name));
    assert_false(upload_name_clean("...", name));
    assert_false(upload_name_clean("\x01\x02", name));
}

static void a_long_name_is_cut_before_its_extension(void **state)
{
    char raw[600];
    char name[UPLOAD_NAME_SIZE];
    (void)state;
    memset(raw, 'x', sizeof raw);
    strcpy(raw + 500, ".gcode");
    assert_true(upload_name_clean(raw, name));
    assert_int_equal(strlen(name), UPLOAD_NAME_SIZE - 1);
    assert_true(upload_name_is_taken(name));
    for (size_t i = 0; i < 500; i += 2) {
        memcpy(raw + i, "\xc3\xbc", 2);
    }
    memmove(raw + 1, raw, 507);
    raw[0] = 'a';
    assert_true(upload_name_clean(raw, name));
    assert_true(strlen(name) >= UPLOAD_NAME_SIZE - 2);
    assert_null(strchr(name, '_')); /* no character was cut in two */
}

static void gcode_is_known_by_its_extension_in_any_case(void **state)
{
    (void)state;
    assert_true(upload_name_is_taken("a.gcode"));
    assert_true(upload_name_is_taken("A.GCO"));
    assert_true(upload_name_is_taken("a.b.g"));
    assert_true(upload_name_is_taken("a.Gc"));
    assert_true(upload_name_is_taken("a.STL"));
    assert_true(upload_name_is_taken("a.3mf"));
    assert_true(upload_name_is_taken("job.gjob"));
    assert_false(upload_name_is_taken("a.txt"));
    assert_false(upload_name_is_taken("a.gcode/b"));
    assert_false(upload_name_is_taken("gcode"));
    assert_false(upload_name_is_taken(".gcode"));
    assert_false(upload_name_is_taken("a.gcode.exe"));
}

/* ---- input */

static int read_input(const char *text, char *name, int64_t *count, bool *flag, struct err *e)
{
    json_t *input = NULL;
    const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, true, name, 1, 8},
        {"count", JSON_KIND_INT, false, count, 1, 9},
        {"bed_clear", JSON_KIND_BOOL, false, flag, 0, 0},
    };
    int rc = json_parse(&input, text, strlen(text), e);
    if (rc == 0) {
        rc = json_read(input, fields, 3, e);
        json_decref(input);
    }
    return rc;
}

static void input_is_read_by_its_table(void **state)
{
    char name[9] = "";
    int64_t count = 5;
    bool flag = false;
    struct err e = {0};
    (void)state;
    assert_int_equal(
        read_input("{\"name\":\"abc\",\"bed_clear\":true}", name, &count, &flag, &e), 0);
    assert_string_equal(name, "abc");
    assert_int_equal(count, 5);
    assert_true(flag);
}

static void a_mistake_in_the_input_names_field_value_and_remedy(void **state)
{
    static const struct {
        const char *input;
        const char *field;
        const char *text;
    } cases[] = {
        {"{}", "name", "field \"name\" is missing"},
        {"{\"name\":7}", "name", "name 7: must be a string of 1 to 8 bytes"},
        {"{\"name\":\"123456789\"}", "name",
            "name \"123456789\": must be a string of 1 to 8 bytes"},
        {"{\"name\":\"a\",\"count\":10}", "count", "count 10: must be an integer from 1 to 9"},
        {"{\"name\":\"a\",\"count\":1.5}", "count", "count 1.5: must be an integer from 1 to 9"},
        {"{\"name\":\"a\",\"bed_clear\":\"yes\"}", "bed_clear",
            "bed_clear \"yes\": must be true or false"},
        {"{\"name\":\"a\",\"bed_claer\":true}", "bed_claer",
            "unknown field \"bed_claer\": did you mean \"bed_clear\"?"},
        {"[1]", "", "the body is [1]: must be an object {...}"},
        {"{\"name\":\"a\",\"name\":\"b\"}", "",
            "not JSON: line 1 column 18: duplicate object key near '\"name\"'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[9] = "";
        int64_t count = 5;
        bool flag = false;
        struct err e = {0};
        assert_int_equal(read_input(cases[i].input, name, &count, &flag, &e), -PP_EINVAL);
        assert_string_equal(e.text, cases[i].text);
        assert_string_equal(e.field, cases[i].field);
    }
}

static void numbers_are_written_as_people_write_them(void **state)
{
    json_t *all = json_pack("[o, o, o, o]", json_celsius(210100), json_celsius(60000),
        json_celsius(INT32_MIN), json_number(1.0 / 3, 2));
    char *text = json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(12));
    (void)state;
    assert_string_equal(text, "[210.1,60,null,0.33]");
    free(text);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_is_found_by_method_and_path),
        cmocka_unit_test(a_star_stands_for_one_component_and_two_for_all_that_follow),
        cmocka_unit_test(a_component_that_is_too_long_fits_no_star),
        cmocka_unit_test(a_wrong_method_is_told_which_are_right),
        cmocka_unit_test(everything_but_the_page_the_version_and_the_login_needs_a_key),
        cmocka_unit_test(hosts_are_addresses_localhost_and_our_names),
        cmocka_unit_test(an_origin_must_be_the_host),
        cmocka_unit_test(keys_are_taken_from_bearer_and_cookie),
        cmocka_unit_test(loopback_is_known_in_both_families),
        cmocka_unit_test(wrong_keys_are_counted_by_client_and_minute),
        cmocka_unit_test(the_table_of_clients_stays_bounded),
        cmocka_unit_test(an_upload_keeps_the_last_part_of_its_name),
        cmocka_unit_test(a_long_name_is_cut_before_its_extension),
        cmocka_unit_test(gcode_is_known_by_its_extension_in_any_case),
        cmocka_unit_test(input_is_read_by_its_table),
        cmocka_unit_test(a_mistake_in_the_input_names_field_value_and_remedy),
        cmocka_unit_test(numbers_are_written_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
