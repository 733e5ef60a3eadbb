// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* Continuous Print's dialect: packages, history, queues, automation. */
#include "tests/unit/http_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CPQ  "/plugin/continuousprint"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static int set_up(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, false);
    api_server_add_file(a, "a.gcode");
    *state = a;
    return 0;
}

static json_t *get(struct api_server *a, const char *path)
{
    char whole[100];
    snprintf(whole, sizeof whole, CPQ "/%s", path);
    return api_expect(a, 200, a->read, "GET", whole, NULL);
}

static json_t *post(struct api_server *a, const char *path, const char *body)
{
    char whole[100];
    snprintf(whole, sizeof whole, CPQ "/%s", path);
    return api_expect(a, 200, a->print, "POST", whole, body);
}

static void assert_ok(struct api_server *a, const char *key, const char *path, const char *body)
{
    struct answer w;
    char whole[100];
    snprintf(whole, sizeof whole, CPQ "/%s", path);
    api_ask(a, &w, key, "POST", whole, FORM, body);
    if (w.status != 200 || strcmp(w.body, "\"OK\"") != 0) {
        fail_msg("%s %s: %d %s", path, body, w.status, w.body);
    }
    answer_fini(&w);
}

static const char *at(const json_t *list, size_t index)
{
    const char *value = json_string_value(json_array_get(list, index));
    return value != NULL ? value : "";
}

/* ---- packages -------------------------------------------------------------------------------- */

static void jobs_go_out_as_stored_packages_and_come_in_again(void **state)
{
    struct api_server *a = *state;
    char body[200];
    json_t *added = post(a, "set/add", "path=a.gcode&count=3&jobName=My+vase&jobDraft=false");
    snprintf(body, sizeof body, "job_ids[]=%s&job_ids[]=17&job_ids[]=%s", text(added, "job_id"),
        text(added, "job_id"));
    json_decref(added);
    json_t *told = post(a, "job/export", body);
    const json_t *paths = json_object_get(told, "paths");
    const json_t *errors = json_object_get(told, "errors");
    assert_int_equal(json_array_size(paths), 2);
    assert_string_equal(at(paths, 0), "My_vase.gjob");
    assert_string_equal(at(paths, 1), "My_vase (2).gjob");
    assert_int_equal(json_array_size(errors), 1);
    assert_non_null(strstr(at(errors, 0), "\"17\""));
    assert_non_null(files_find(a->files, "My_vase.gjob"));
    json_decref(told);
    json_t *job = post(a, "job/import", "queue=local&path=My_vase.gjob");
    assert_string_equal(text(job, "name"), "My vase");
    assert_true(json_is_true(json_object_get(job, "draft")));
    const json_t *set = json_array_get(json_object_get(job, "sets"), 0);
    assert_int_equal(number(set, "count"), 3);
    assert_non_null(files_find(a->files, text(set, "path")));
    json_decref(job);
}

static void what_is_no_package_or_no_job_is_refused(void **state)
{
    struct api_server *a = *state;
    api_refused(
        a, 404, a->print, "POST", CPQ "/job/import", "queue=local&path=x.gjob", "", "x.gjob");
    api_refused(a, 415, a->print, "POST", CPQ "/job/import", "path=a.gcode", "", "a.gcode");
    api_refused(a, 404, a->print, "POST", CPQ "/job/import", "queue=x&path=x.gjob", "queue", "x");
    api_refused(a, 400, a->print, "POST", CPQ "/job/import", "queue=local", "path", "missing");
    api_refused(a, 403, a->read, "POST", CPQ "/job/import", "path=x.gjob", "", "");
    api_refused(a, 400, a->print, "POST", CPQ "/job/export", "", "job_ids", "missing");
    api_refused(a, 400, a->print, "POST", CPQ "/job/export", "json=7", "json", "json 7");
    api_refused(a, 403, a->read, "POST", CPQ "/job/export", "job_ids=1", "", "");
    json_t *told = post(a, "job/export", "job_ids=1");
    assert_int_equal(json_array_size(json_object_get(told, "errors")), 1);
    json_decref(told);
}

static void an_export_ends_with_the_server(void **state)
{
    struct api_server *a = *state;
    struct client c;
    char head[400];
    char body[100];
    json_t *added = post(a, "set/add", "path=a.gcode");
    snprintf(body, sizeof body, "job_ids=%s", text(added, "job_id"));
    json_decref(added);
    snprintf(head, sizeof head,
        "POST " CPQ "/job/export HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\nContent-Length: %zu\r\n"
        "\r\n%s",
        a->host, a->print, strlen(body), body);
    client_open(&c, a);
    client_puts(&c, head);
    for (int i = 0; i < 3; i++) {
        uv_run(&a->loop, UV_RUN_NOWAIT);
    }
    api_server_close_http(a);
    client_close(&c);
}

/* ---- history --------------------------------------------------------------------------------- */

static void run_saved(void *context, const struct err *e)
{
    assert_null(e);
    *(bool *)context = true;
}

static void save_run(struct api_server *a, int n, enum run_result result)
{
    bool done = false;
    struct run run = {.start_ms = 1700000000000 + n * 1000,
        .end_ms = result == RUN_OPEN ? 0 : 1700000060000,
        .result = result};
    snprintf(run.id, sizeof run.id, "0192f000-0000-7000-8000-00000000000%d", n);
    snprintf(run.file_name, sizeof run.file_name, "a.gcode");
    snprintf(run.job_name, sizeof run.job_name, "Vase");
    snprintf(run.queue, sizeof run.queue, "local");
    store_save_run(a->store, &run, run_saved, &done);
    while (!done) {
        uv_run(&a->loop, UV_RUN_ONCE);
    }
}

static void the_history_has_its_words(void **state)
{
    static const char *const results[] = {
        "", "success", "failure", "aborted", "failure", "aborted"};
    struct api_server *a = *state;
    for (int i = RUN_OPEN; i <= RUN_INTERRUPTED; i++) {
        save_run(a, i, (enum run_result)i);
    }
    json_t *list = get(a, "history/get");
    assert_int_equal(json_array_size(list), 6);
    for (size_t i = 0; i < 6; i++) { /* newest first */
        const json_t *run = json_array_get(list, 5 - i);
        assert_string_equal(text(run, "result"), results[i]);
        assert_int_equal(number(run, "start"), 1700000000 + (int64_t)i);
        assert_string_equal(text(run, "job_name"), "Vase");
        assert_string_equal(text(run, "set_path"), "a.gcode");
        assert_string_equal(text(run, "queue_name"), "local");
        assert_true(json_is_null(json_object_get(run, "movie_path")));
        assert_true(json_is_null(json_object_get(run, "thumb_path")));
    }
    const json_t *open = json_array_get(list, 5);
    assert_true(json_is_null(json_object_get(open, "result")));
    assert_true(json_is_null(json_object_get(open, "end")));
    assert_true(json_is_true(json_object_get(open, "active")));
    assert_int_equal(number(json_array_get(list, 0), "end"), 1700000060);
    json_decref(list);
    api_refused(a, 403, a->print, "POST", CPQ "/history/reset", "", "", "admin is needed");
    assert_ok(a, a->admin, "history/reset", "");
    list = get(a, "history/get");
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
}

/* ---- queues ---------------------------------------------------------------------------------- */

static void queues_are_listed_and_get_another_strategy(void **state)
{
    struct api_server *a = *state;
    json_t *list = get(a, "queues/get");
    assert_int_equal(json_array_size(list), 2); /* and "LAN" */
    assert_string_equal(text(json_array_get(list, 0), "name"), "local");
    assert_string_equal(text(json_array_get(list, 0), "strategy"), "IN_ORDER");
    assert_true(json_is_true(json_object_get(json_array_get(list, 0), "enabled")));
    char *body = json_dumps(list, JSON_COMPACT);
    struct strbuf form = {0};
    strbuf_printf(&form, "json=%s", body);
    assert_ok(a, a->admin, "queues/edit", strbuf_text(&form));
    free(body);
    strbuf_fini(&form);
    json_decref(list);
    assert_ok(a, a->admin, "queues/edit",
        "json=[{\"name\":\"local\",\"addr\":null,\"strategy\":\"LEAST_MANUAL\",\"rank\":0.5}]");
    assert_int_equal(jobs_queue_find(a->jobs, "local")->strategy, QUEUE_LEAST_CHANGES);
    assert_true(jobs_queue_find(a->jobs, "local")->enabled);
    assert_ok(a, a->admin, "queues/edit", "json=[]");
}

static void a_queue_that_cannot_be_is_refused(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *field;
        const char *text;
    } cases[] = {
        {400, "", "json", "must be a list"},
        {400, "json={}", "json", "must be a list"},
        {400, "json=[", "json", "not JSON"},
        {400, "json=[7]", "[0]", "7: must be an object"},
        {400, "json=[{}]", "[0].name", "\"name\" is missing"},
        {404, "json=[{\"name\":\"attic\",\"addr\":\"auto\"}]", "[0].queue", "no queue \"attic\""},
        {400, "json=[{\"name\":\"local\",\"addr\":\"1.2.3.4:5000\"}]", "[0].addr", "1.2.3.4:5000"},
        {400, "json=[{\"name\":\"local\",\"strategy\":\"RANDOM\"}]", "[0].strategy",
            "strategy \"RANDOM\": must be IN_ORDER"},
        {400, "json=[{\"name\":\"local\",\"strategy\":\"OLDEST_FIRST\"},{\"name\":7}]", "[1].name",
            "name 7"},
    };
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        api_refused(a, cases[i].status, a->admin, "POST", CPQ "/queues/edit", cases[i].body,
            cases[i].field, cases[i].text);
    }
    assert_int_equal(jobs_queue_find(a->jobs, "local")->strategy, QUEUE_IN_ORDER);
    api_refused(a, 403, a->print, "POST", CPQ "/queues/edit", "json=[]", "", "admin is needed");
}

/* ---- automation ------------------------------------------------------------------------------ */

static void automation_is_replaced_as_a_whole(void **state)
{
    struct api_server *a = *state;
    const struct scripts_hook *hooks;
    assert_ok(a, a->admin, "automation/edit",
        "json={\"scripts\":{\"broom\":\"G28\",\"bell\":\"M300\"},"
        "\"preprocessors\":{\"hot\":\"current.bed_temp %3E 40\"},"
        "\"events\":{\"continuousprint_success\":[{\"script\":\"broom\",\"preprocessor\":\"hot\"},"
        "{\"script\":\"bell\",\"preprocessor\":null}],"
        "\"continuousprint_awaiting_bed\":[{\"script\":\"bell\"}]}}");
    assert_int_equal(scripts_hooks(a->scripts, MOMENT_PRINT_SUCCESS, &hooks), 2);
    assert_string_equal(hooks[0].condition, "hot");
    assert_int_equal(scripts_hooks(a->scripts, MOMENT_FINISH, &hooks), 0);
    json_t *all = get(a, "automation/get");
    assert_string_equal(text(json_object_get(all, "scripts"), "broom"), "G28");
    assert_string_equal(
        text(json_object_get(all, "preprocessors"), "hot"), "current.bed_temp > 40");
    const json_t *events = json_object_get(all, "events");
    const json_t *success = json_object_get(events, "continuousprint_success");
    assert_string_equal(text(json_array_get(success, 0), "preprocessor"), "hot");
    assert_true(json_is_null(json_object_get(json_array_get(success, 1), "preprocessor")));
    assert_null(json_object_get(events, "continuousprint_finish"));
    char *body = json_dumps(all, JSON_COMPACT); /* sent back, nothing changes */
    assert_ok(a, a->admin, "automation/edit", body);
    free(body);
    json_t *again = get(a, "automation/get");
    assert_true(json_equal(all, again));
    json_decref(again);
    json_decref(all);
    api_refused(a, 409, a->admin, "POST", CPQ "/automation/edit",
        "{\"scripts\":{},\"preprocessors\":{},\"events\":{}}", "",
        "\"bell\" hangs on awaiting_bed");
    assert_ok(a, a->admin, "automation/edit",
        "{\"scripts\":{\"bell\":\"M300\"},\"preprocessors\":{},\"events\":{}}");
    assert_null(scripts_find(a->scripts, "broom"));
    assert_null(scripts_condition_find(a->scripts, "hot"));
    assert_non_null(scripts_at(a->scripts, 1)); /* ours stay */
    assert_int_equal(scripts_hooks(a->scripts, MOMENT_PRINT_SUCCESS, &hooks), 0);
    assert_int_equal(scripts_hooks(a->scripts, MOMENT_AWAITING_BED, &hooks), 1);
}

static void automation_that_cannot_be_is_refused_whole(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *field;
        const char *text;
    } cases[] = {
        {400, "", "", "send {\"scripts\""},
        {400, "json=[]", "", ""},
        {400, "{\"scripts\":7}", "scripts", "scripts 7: must be an object"},
        {400, "{\"skripts\":{}}", "skripts", "unknown field"},
        {400, "{\"scripts\":{\"x\":7}}", "", "\"x\""},
        {400, "{\"scripts\":{\"x\":\"@dance\"}}", "", "dance"},
        {400, "{\"preprocessors\":{\"python\":\"metadata['a'] if True else None\"}}", "body",
            "condition \"python\": "},
        {400, "{\"events\":{\"continuousprint_succes\":[]}}", "events",
            "did you mean \"continuousprint_success\"?"},
        {400, "{\"events\":{\"lunch\":[]}}", "events", "\"lunch\" is no event"},
        {400, "{\"events\":{\"continuousprint_finish\":7}}", "events", "must be a list"},
        {400, "{\"events\":{\"continuousprint_finish\":[7]}}", "events", "finish"},
        {404, "{\"events\":{\"continuousprint_finish\":[{\"script\":\"none\"}]}}", "script",
            "\"none\""},
        {400, "{\"scripts\":{\"y\":\"G28\"},\"preprocessors\":{\"z\":\"if\"}}", "body", "\"z\""},
    };
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        api_refused(a, cases[i].status, a->admin, "POST", CPQ "/automation/edit", cases[i].body,
            cases[i].field, cases[i].text);
    }
    assert_null(scripts_find(a->scripts, "y"));
    api_refused(a, 403, a->print, "POST", CPQ "/automation/edit", "{}", "", "admin is needed");
}

static void other_programs_tell_what_conditions_see(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    api_ask(a, &w, a->print, "POST", CPQ "/automation/external",
        "Content-Type: application/json\r\n", "{\"humidity\":40}");
    assert_int_equal(w.status, 200);
    assert_string_equal(w.body, "\"OK\"");
    answer_fini(&w);
    assert_int_equal(number(manage_external(&a->manage), "humidity"), 40);
    api_ask(a, &w, a->print, "POST", CPQ "/automation/external",
        "Content-Type: application/json\r\n", "[1]");
    assert_int_equal(w.status, 400);
    answer_fini(&w);
    api_refused(a, 403, a->read, "POST", CPQ "/automation/external", "{}", "", "");
}

static void a_simulation_tells_what_would_be_sent(void **state)
{
    struct api_server *a = *state;
    json_t *told = post(a, "automation/simulate",
        "symtable={\"seen\":1,\"current\":{\"bed_temp\":50}}&automation=[[\"G28\",\"print('hot') "
        "return "
        "current.bed_temp %3E 40\"],[\"G1 X{x}\",\"seen = 7 return {x = 5}\"],[\"M300\",\"false\"],"
        "[\"M84\",null]]");
    assert_string_equal(text(told, "gcode"), "G28\nG1 X5\nM84\n");
    assert_non_null(strstr(text(told, "stdout"), "hot"));
    assert_string_equal(text(told, "stderr"), "");
    assert_string_equal(text(json_object_get(told, "symtable_diff"), "seen"), "7");
    json_decref(told);
    told = post(a, "automation/simulate",
        "{\"automation\":[{\"script\":\"G28\",\"preprocessor\":\"error('no')\"}]}");
    assert_string_equal(text(told, "gcode"), "");
    assert_non_null(strstr(text(told, "stderr"), "no"));
    json_decref(told);
    api_refused(a, 400, a->print, "POST", CPQ "/automation/simulate", "", "automation", "a list");
    api_refused(a, 400, a->print, "POST", CPQ "/automation/simulate", "automation=[[7]]",
        "automation", "automation: 7");
    api_refused(a, 400, a->print, "POST", CPQ "/automation/simulate", "automation=[]&symtable=[]",
        "symtable", "symtable []");
    api_refused(a, 400, a->print, "POST", CPQ "/automation/simulate", "automation=[", "automation",
        "not JSON");
    api_refused(a, 403, a->read, "POST", CPQ "/automation/simulate", "automation=[]", "", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jobs_go_out_as_stored_packages_and_come_in_again),
        TEST(what_is_no_package_or_no_job_is_refused),
        TEST(an_export_ends_with_the_server),
        TEST(the_history_has_its_words),
        TEST(queues_are_listed_and_get_another_strategy),
        TEST(a_queue_that_cannot_be_is_refused),
        TEST(automation_is_replaced_as_a_whole),
        TEST(automation_that_cannot_be_is_refused_whole),
        TEST(other_programs_tell_what_conditions_see),
        TEST(a_simulation_tells_what_would_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
