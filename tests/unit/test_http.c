// link: ppapi
// with: fake_device fake_manage fake_network api_server
#include "tests/lib/api_server.h"

#include "host/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, false);
    *state = a;
    return 0;
}

static int set_up_open(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, true);
    *state = a;
    return 0;
}

static int tear_down(void **state)
{
    api_server_close(*state);
    free(*state);
    return 0;
}

/* Asks and asserts the status. */
static void expect(struct api_server *a, int status, const char *key, const char *method,
    const char *path, const char *headers, const char *body)
{
    struct answer w;
    api_ask(a, &w, key, method, path, headers, body);
    if (w.status != status) {
        fail_msg("%s %s: %d, expected %d: %s", method, path, w.status, status, w.body);
    }
    answer_fini(&w);
}

/* ---- version, page */

static void the_version_begins_with_octoprint_and_needs_no_key(void **state)
{
    struct answer w;
    api_ask(*state, &w, NULL, "GET", "/api/version", "", NULL);
    assert_int_equal(w.status, 200);
    assert_string_equal(json_string_value(json_object_get(w.json, "api")), "0.1");
    assert_int_equal(
        strncmp(json_string_value(json_object_get(w.json, "text")), "OctoPrint", 9), 0);
    assert_string_equal(answer_header(&w, "Cache-Control"), "no-store");
    answer_fini(&w);
    expect(*state, 403, "wrong", "GET", "/api/version", "", NULL);
}

static void the_page_needs_no_key_and_brings_its_policy(void **state)
{
    struct answer w;
    api_ask(*state, &w, NULL, "GET", "/", "", NULL);
    assert_int_equal(w.status, 200);
    assert_string_equal(answer_header(&w, "Content-Type"), "text/html; charset=utf-8");
    assert_string_equal(answer_header(&w, "X-Content-Type-Options"), "nosniff");
    assert_non_null(strstr(answer_header(&w, "Content-Security-Policy"), "default-src 'none'"));
    answer_fini(&w);
    expect(*state, 200, NULL, "GET", "/app.js", "", NULL);
    expect(*state, 200, NULL, "GET", "/queue.js", "", NULL);
    expect(*state, 200, NULL, "GET", "/sd.js", "", NULL);
    expect(*state, 200, NULL, "GET", "/shared.js", "", NULL);
    expect(*state, 200, NULL, "HEAD", "/style.css", "", NULL);
    expect(*state, 404, NULL, "GET", "/nothing", "", NULL);
}

/* ---- keys and scopes */

static void a_request_without_a_good_key_is_refused(void **state)
{
    struct api_server *a = *state;
    char bearer[128];
    expect(a, 403, NULL, "GET", "/api/v1/status", "", NULL);
    expect(a, 403, "wrong", "GET", "/api/v1/status", "", NULL);
    expect(a, 200, a->read, "GET", "/api/v1/status", "", NULL);
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s\r\n", a->read);
    expect(a, 200, NULL, "GET", "/api/v1/status", bearer, NULL);
}

static void each_route_asks_for_its_scope(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    api_ask(a, &w, a->read, "POST", "/api/v1/pause", "", "");
    assert_int_equal(w.status, 403);
    assert_string_equal(
        answer_error(&w, "message"), "key \"read\" has scope read: print is needed");
    assert_int_equal(a->device.calls, 0);
    answer_fini(&w);
    expect(a, 200, a->print, "POST", "/api/v1/pause", "", "");
    expect(a, 403, a->print, "GET", "/api/v1/keys", "", NULL);
    expect(a, 200, a->admin, "GET", "/api/v1/keys", "", NULL);
}

static void many_wrong_keys_are_slowed_down_good_ones_are_not(void **state)
{
    struct api_server *a = *state;
    for (int i = 0; i < 20; i++) {
        expect(a, 403, "wrong", "GET", "/api/v1/status", "", NULL);
    }
    expect(a, 429, "wrong", "GET", "/api/v1/status", "", NULL);
    expect(a, 200, a->read, "GET", "/api/v1/status", "", NULL);
}

static void keys_are_made_shown_once_and_removed(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    api_ask(
        a, &w, a->admin, "POST", "/api/v1/keys", "", "{\"name\":\"slicer\",\"scope\":\"print\"}");
    assert_int_equal(w.status, 201);
    char key[64];
    snprintf(key, sizeof key, "%s", json_string_value(json_object_get(w.json, "key")));
    answer_fini(&w);
    expect(a, 200, key, "POST", "/api/v1/pause", "", "{}");
    api_ask(a, &w, a->admin, "GET", "/api/v1/keys", "", NULL);
    assert_null(strstr(w.body, key));
    assert_non_null(strstr(w.body, "slicer"));
    answer_fini(&w);
    expect(a, 204, a->admin, "DELETE", "/api/v1/keys/slicer", "", NULL);
    expect(a, 403, key, "POST", "/api/v1/pause", "", "{}");
    expect(a, 404, a->admin, "DELETE", "/api/v1/keys/slicer", "", NULL);
    expect(a, 400, a->admin, "POST", "/api/v1/keys", "", "{\"name\":\"x\",\"scope\":\"root\"}");
}

static void a_loopback_client_is_admin_only_when_that_is_open(void **state)
{
    struct api_server *a = *state;
    expect(a, 200, NULL, "GET", "/api/v1/keys", "", NULL);
    expect(a, 403, NULL, "GET", "/api/v1/keys", "X-Forwarded-For: 192.0.2.1\r\n", NULL);
    expect(a, 403, NULL, "POST", "/api/v1/pause", "Origin: http://evil.example\r\n", "");
}

/* ---- the browser's dangers */

static void a_foreign_host_name_is_refused(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    char request[512];
    snprintf(request, sizeof request,
        "GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n"
        "X-Api-Key: %s\r\n\r\n",
        a->admin);
    api_ask_raw(a, &w, request, strlen(request));
    assert_int_equal(w.status, 403);
    assert_string_equal(answer_error(&w, "field"), "Host");
    answer_fini(&w);
    snprintf(request, sizeof request,
        "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    api_ask_raw(a, &w, request, strlen(request));
    assert_int_equal(w.status, 403);
    answer_fini(&w);
    snprintf(request, sizeof request,
        "GET /api/version HTTP/1.1\r\nHost: localhost:99\r\nConnection: close\r\n\r\n");
    api_ask_raw(a, &w, request, strlen(request));
    assert_int_equal(w.status, 200);
    answer_fini(&w);
}

static void a_foreign_origin_may_not_act(void **state)
{
    struct api_server *a = *state;
    char own[64];
    expect(a, 403, a->print, "POST", "/api/v1/pause", "Origin: http://evil.example\r\n", "");
    expect(a, 403, a->print, "POST", "/api/v1/pause", "Origin: null\r\n", "");
    assert_int_equal(a->device.calls, 0);
    snprintf(own, sizeof own, "Origin: http://%s\r\n", a->host);
    expect(a, 200, a->print, "POST", "/api/v1/pause", own, "");
}

static void a_login_token_is_traded_once_for_a_session_cookie(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    char token[KEY_TEXT_SIZE];
    char body[128];
    char headers[512];
    keys_login_token(a->keys, token);
    snprintf(body, sizeof body, "{\"token\":\"%s\"}", token);
    api_ask(a, &w, NULL, "POST", "/api/v1/login", "", body);
    assert_int_equal(w.status, 204);
    const char *cookie = answer_header(&w, "Set-Cookie");
    assert_int_equal(strncmp(cookie, "pphost_session_", 15), 0);
    assert_non_null(strstr(cookie, "HttpOnly"));
    assert_non_null(strstr(cookie, "SameSite=Strict"));
    snprintf(headers, sizeof headers, "Cookie: %.*s\r\n", (int)strcspn(cookie, ";"), cookie);
    answer_fini(&w);
    expect(a, 403, NULL, "POST", "/api/v1/login", "", body);
    expect(a, 200, NULL, "GET", "/api/v1/keys", headers, NULL);
    /* the browser sends the cookie by itself: acting needs a sign that it is our page that acts */
    expect(a, 403, NULL, "POST", "/api/v1/pause", headers, "");
    size_t used = strlen(headers);
    snprintf(headers + used, sizeof headers - used, "Origin: http://%s\r\n", a->host);
    expect(a, 200, NULL, "POST", "/api/v1/pause", headers, "");
    snprintf(headers + used, sizeof headers - used, "X-PPHost: 1\r\n");
    expect(a, 200, NULL, "POST", "/api/v1/pause", headers, "");
    expect(a, 403, NULL, "GET", "/api/v1/status", "Cookie: pphost_session_1=x\r\n", NULL);
}

/* ---- input */

static void mistakes_in_json_name_the_field(void **state)
{
    static const struct {
        const char *path;
        const char *body;
        const char *field;
        const char *message;
    } cases[] = {
        {"/api/v1/print", "{\"file\":", "", "not JSON: line 1 column 8"},
        {"/api/v1/print", "{}", "file", "field \"file\" is missing"},
        {"/api/v1/print", "{\"file\":1}", "file", "file 1: must be a string of 1 to 200 bytes"},
        {"/api/v1/print", "{\"file\":\"a\",\"bed\":true}", "bed", "unknown field \"bed\""},
        {"/api/v1/print", "{\"file\":\"a\",\"bed_clear\":1}", "bed_clear", "bed_clear 1: must be"},
        {"/api/v1/temperature", "{\"tool9\":1}", "tool9", "unknown heater \"tool9\""},
        {"/api/v1/temperature", "{\"bed\":\"hot\"}", "bed", "bed \"hot\": must be a number"},
        {"/api/v1/temperature", "{\"bed\":-1}", "bed", "bed -1: must be a number"},
        {"/api/v1/temperature", "{}", "", "no heater is named"},
        {"/api/v1/gcode", "{\"commands\":[\"M105\",7]}", "commands[1]", "commands[1] 7: must be"},
        {"/api/v1/gcode", "{\"commands\":[\"G0 X1\\nG0 X2\"]}", "commands[0]", "commands[0] \"G0"},
        {"/api/v1/gcode", "{\"commands\":\"M105\"}", "commands", "commands \"M105\": must be"},
        {"/api/v1/pause", "{\"now\":true}", "now", "unknown field \"now\""},
    };
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer w;
        api_ask(a, &w, a->print, "POST", cases[i].path, "", cases[i].body);
        assert_int_equal(w.status, 400);
        assert_string_equal(answer_error(&w, "code"), "invalid");
        assert_string_equal(answer_error(&w, "field"), cases[i].field);
        if (!str_starts(answer_error(&w, "message"), cases[i].message)) {
            fail_msg("%s", answer_error(&w, "message"));
        }
        answer_fini(&w);
    }
    assert_int_equal(a->device.calls, 0);
}

static void a_wrong_method_gets_405_and_the_right_ones(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    api_ask(a, &w, a->admin, "DELETE", "/api/v1/status", "", NULL);
    assert_int_equal(w.status, 405);
    assert_string_equal(answer_header(&w, "Allow"), "GET");
    answer_fini(&w);
}

static void a_body_above_its_bound_is_refused(void **state)
{
    struct api_server *a = *state;
    size_t len = (1 << 20) + 10;
    char *body = malloc(len + 1);
    memset(body, ' ', len);
    body[len] = '\0';
    expect(a, 413, a->print, "POST", "/api/v1/print", "", body);
    free(body);
}

/* ---- acting */

static void the_status_names_everything_and_unknown_is_null(void **state)
{
    static const char *const members[] = {"name", "profile", "url", "version", "pid", "uptime_ms",
        "now_ms", "state", "state_text", "error", "temperatures", "job", "link", "question",
        "questions", "detail", "message", "bed", "waiting_for", "temperatures_ms", "last_run"};
    struct api_server *a = *state;
    struct answer w;
    api_ask(a, &w, a->read, "GET", "/api/v1/status", "", NULL);
    assert_int_equal(w.status, 200);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        assert_non_null(json_object_get(w.json, members[i]));
    }
    assert_true(json_is_null(json_object_get(w.json, "job")));
    assert_true(json_is_null(json_object_get(w.json, "profile")));
    assert_string_equal(json_string_value(json_object_get(w.json, "state")), "operational");
    const json_t *bed = json_object_get(json_object_get(w.json, "temperatures"), "bed");
    assert_true(json_number_value(json_object_get(bed, "actual")) == 20.1);
    assert_true(json_is_null(json_object_get(bed, "target")));
    answer_fini(&w);
}

static void a_print_waits_for_the_answer_about_the_bed(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    api_server_add_file(a, "a.gcode");
    api_ask(a, &w, a->print, "POST", "/api/v1/print", "", "{\"file\":\"a.gcode\"}");
    assert_int_equal(w.status, 200);
    assert_true(json_is_true(json_object_get(w.json, "waits")));
    const json_t *question = json_object_get(w.json, "question");
    assert_string_equal(json_string_value(json_object_get(question, "id")), "question-1");
    assert_int_equal(json_array_size(json_object_get(question, "answers")), 2);
    answer_fini(&w);
    expect(
        a, 404, a->print, "POST", "/api/v1/confirm", "", "{\"id\":\"other\",\"answer\":\"yes\"}");
    expect(a, 200, a->print, "POST", "/api/v1/confirm", "",
        "{\"id\":\"question-1\",\"answer\":\"yes\"}");
    assert_int_equal(a->device.status.state, PRINTER_PRINTING);
}

static void gcode_by_hand_cannot_heat_above_the_profile(void **state)
{
    static const struct {
        const char *command;
        int status;
    } cases[] = {
        {"M104 S275", 200},
        {"M104 S275.5", 400},
        {"M109 T0 R300", 400},
        {"m140 s121", 400},
        {"M190 S120", 200},
        {"M141 S40", 400},
        {"M303 E-1 S200 C8", 400},
        {"M303 E0 S200 C8", 200},
        {"M106 S255", 200},
        {"G1 X300 F9000", 200},
    };
    struct api_server *a = *state;
    struct profile p = {.limits = {.max_tool_mc = 275000, .max_bed_mc = 120000}};
    char body[80];
    http_set_profile(a->http, &p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(body, sizeof body, "{\"commands\":[\"%s\"]}", cases[i].command);
        expect(a, cases[i].status, a->print, "POST", "/api/v1/gcode", "", body);
    }
    assert_int_equal(a->device.sent_count, 5);
    http_set_profile(a->http, NULL);
}

static void refusals_of_the_printer_keep_their_reason(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    err_set(&a->device.next, PP_EOFFLINE, "/dev/ttyFAKE0: the printer is offline");
    api_ask(a, &w, a->print, "POST", "/api/v1/gcode", "", "{\"commands\":[\"M105\"]}");
    assert_int_equal(w.status, 503);
    assert_string_equal(
        answer_error(&w, "message"), "commands[0]: /dev/ttyFAKE0: the printer is offline");
    answer_fini(&w);
    expect(a, 200, a->print, "POST", "/api/v1/gcode", "", "{\"commands\":[\"M105\",\"G28\"]}");
    assert_int_equal(a->device.sent_count, 2);
    assert_string_equal(a->device.sent[1], "G28");
    expect(a, 200, a->print, "POST", "/api/v1/temperature", "", "{\"tool0\":210.5,\"bed\":60}");
    assert_int_equal(a->device.status.heater[0].target_mc, 210500);
}

static void the_emergency_stop_does_not_ask_for_a_body(void **state)
{
    struct api_server *a = *state;
    expect(a, 200, a->print, "POST", "/api/v1/estop", "", NULL);
    assert_int_equal(a->device.status.state, PRINTER_ERROR);
    expect(a, 200, a->print, "POST", "/api/v1/estop", "", "garbage");
}

static bool restarted(const struct client *c)
{
    return c->api->restarts > 0;
}

static void a_restart_is_answered_first_and_leaves_a_print_going(void **state)
{
    struct api_server *a = *state;
    struct client c;
    fake_device_start(&a->device, "a.gcode");
    expect(a, 202, a->admin, "POST", "/api/v1/restart", "", "");
    client_open(&c, a);
    client_until(&c, restarted);
    client_close(&c);
    assert_int_equal(a->restarts, 1);
}

static void lists_come_from_the_store_and_memory(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    api_ask(a, &w, a->read, "GET", "/api/v1/runs?limit=5", "", NULL);
    assert_int_equal(w.status, 200);
    assert_true(json_is_array(json_object_get(w.json, "runs")));
    answer_fini(&w);
    expect(a, 400, a->read, "GET", "/api/v1/runs?limit=0", "", NULL);
    expect(a, 400, a->read, "GET", "/api/v1/runs?limit=x", "", NULL);
    expect(a, 200, a->read, "GET", "/api/v1/log", "", NULL);
    expect(a, 200, a->read, "GET", "/api/v1/profiles", "", NULL);
    a->device.kept[0] = (struct hub_terminal){clock_wall_ms(), '<', "ok"};
    a->device.kept_count = 1;
    api_ask(a, &w, a->read, "GET", "/api/v1/terminal", "", NULL);
    assert_non_null(strstr(w.body, "\"direction\":\"<\",\"text\":\"ok\""));
    answer_fini(&w);
}

/* ---- connections */

static void several_requests_travel_on_one_connection(void **state)
{
    struct api_server *a = *state;
    struct client c;
    client_open(&c, a);
    for (int i = 0; i < 3; i++) {
        struct strbuf b = {0};
        strbuf_printf(&b, "GET /api/v1/runs HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n%s\r\n",
            a->host, a->read, i == 2 ? "Connection: close\r\n" : "");
        client_send(&c, b.data, b.len);
        strbuf_fini(&b);
    }
    client_until_eof(&c);
    int answers = 0;
    for (const char *p = strbuf_text(&c.in); (p = strstr(p, "HTTP/1.1 200")) != NULL; p++) {
        answers++;
    }
    assert_int_equal(answers, 3);
    client_close(&c);
}

static void closing_answers_what_waits_and_leaves_nothing(void **state)
{
    struct api_server *a = *state;
    struct client waiting;
    struct client idle;
    struct strbuf b = {0};
    client_open(&idle, a);
    client_open(&waiting, a);
    strbuf_printf(
        &b, "GET /api/v1/runs HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n\r\n", a->host, a->read);
    client_puts(&idle, "GET /api/v1/st");
    client_send(&waiting, b.data, b.len);
    strbuf_fini(&b);
    api_server_close_http(a);
    client_until_eof(&idle);
    client_until_eof(&waiting);
    client_close(&idle);
    client_close(&waiting);
}

static void mark(void *context)
{
    *(bool *)context = true;
}

static void a_port_in_use_is_told_or_passed_over(void **state)
{
    struct api_server *a = *state;
    struct http *second = NULL;
    struct err e = {0};
    bool closed = false;
    struct http_options options = {.name = "b",
        .listen = a->host,
        .hub = a->hub,
        .keys = a->keys,
        .device = &a->device,
        .files = a->files,
        .store = a->store,
        .profiles = a->profiles};
    assert_int_equal(http_open(&second, &a->loop, &options, &e), -PP_EBUSY);
    assert_non_null(strstr(e.text, a->host));
    options.next_free_port = true;
    assert_int_equal(http_open(&second, &a->loop, &options, &e), 0);
    assert_true(http_port(second) > http_port(a->http));
    assert_int_equal(strncmp(http_url(second), "http://127.0.0.1:", 17), 0);
    http_close(second, mark, &closed);
    while (!closed) {
        uv_run(&a->loop, UV_RUN_ONCE);
    }
}

static void an_address_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"", "8125", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
        "127.0.0.1:x", ":8125", "::1:8125", "no.such.name.invalid:8125", "203.0.113.7:0"};
    struct api_server *a = *state;
    struct http *h = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err e = {0};
        const struct http_options options = {.name = "b", .listen = wrong[i], .hub = a->hub};
        assert_int_not_equal(http_open(&h, &a->loop, &options, &e), 0);
        assert_true(e.text[0] != '\0');
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_version_begins_with_octoprint_and_needs_no_key),
        TEST(the_page_needs_no_key_and_brings_its_policy),
        TEST(a_request_without_a_good_key_is_refused),
        TEST(each_route_asks_for_its_scope),
        TEST(many_wrong_keys_are_slowed_down_good_ones_are_not),
        TEST(keys_are_made_shown_once_and_removed),
        cmocka_unit_test_setup_teardown(
            a_loopback_client_is_admin_only_when_that_is_open, set_up_open, tear_down),
        TEST(a_foreign_host_name_is_refused),
        TEST(a_foreign_origin_may_not_act),
        TEST(a_login_token_is_traded_once_for_a_session_cookie),
        TEST(mistakes_in_json_name_the_field),
        TEST(a_wrong_method_gets_405_and_the_right_ones),
        TEST(a_body_above_its_bound_is_refused),
        TEST(the_status_names_everything_and_unknown_is_null),
        TEST(a_print_waits_for_the_answer_about_the_bed),
        TEST(gcode_by_hand_cannot_heat_above_the_profile),
        TEST(refusals_of_the_printer_keep_their_reason),
        TEST(the_emergency_stop_does_not_ask_for_a_body),
        TEST(a_restart_is_answered_first_and_leaves_a_print_going),
        TEST(lists_come_from_the_store_and_memory),
        TEST(several_requests_travel_on_one_connection),
        TEST(closing_answers_what_waits_and_leaves_nothing),
        TEST(a_port_in_use_is_told_or_passed_over),
        TEST(an_address_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
