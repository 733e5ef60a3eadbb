// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* Scripts, conditions, events and dry runs; folders; packages of jobs. */
#include "tests/unit/http_bench.h"

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

static const json_t *named(const json_t *list, const char *name)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(list, i, entry)
    {
        if (strcmp(text(entry, "name"), name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void a_script_is_kept_hung_on_a_moment_and_removed(void **state)
{
    struct api_server *a = *state;
    json_decref(api_expect(a, 200, a->admin, "PUT", "/api/v1/scripts/my-broom",
        "{\"body\":\"G28\\nG1 X{x}\\n\",\"description\":\"sweeps\",\"clears_bed\":true}"));
    json_decref(
        api_expect(a, 200, a->admin, "PUT", "/api/v1/conditions/never", "{\"body\":\"false\"}"));
    json_decref(api_expect(a, 200, a->admin, "PUT", "/api/v1/events/print_success",
        "{\"hooks\":[{\"script\":\"my-broom\",\"condition\":\"never\"},{\"script\":\"my-broom\","
        "\"condition\":null}]}"));
    json_t *all = api_expect(a, 200, a->read, "GET", "/api/v1/scripts", NULL);
    const json_t *script = named(json_object_get(all, "scripts"), "my-broom");
    assert_string_equal(text(script, "body"), "G28\nG1 X{x}\n");
    assert_true(json_is_true(json_object_get(script, "clears_bed")));
    assert_true(json_is_false(json_object_get(script, "shipped")));
    assert_non_null(named(json_object_get(all, "conditions"), "never"));
    const json_t *hooks = json_object_get(json_object_get(all, "events"), "print_success");
    assert_int_equal(json_array_size(hooks), 2);
    assert_string_equal(text(json_array_get(hooks, 0), "condition"), "never");
    assert_int_equal(json_object_size(json_object_get(all, "events")), MOMENTS);
    json_decref(all);
    api_refused(a, 409, a->admin, "DELETE", "/api/v1/scripts/my-broom", NULL, "", "print_success");
    json_decref(
        api_expect(a, 200, a->admin, "PUT", "/api/v1/events/print_success", "{\"hooks\":[]}"));
    json_decref(api_expect(a, 204, a->admin, "DELETE", "/api/v1/scripts/my-broom", NULL));
    json_decref(api_expect(a, 204, a->admin, "DELETE", "/api/v1/conditions/never", NULL));
    api_refused(a, 404, a->admin, "DELETE", "/api/v1/scripts/my-broom", NULL, "", "my-broom");
}

static void what_is_wrong_with_a_script_is_told(void **state)
{
    struct api_server *a = *state;
    static const struct {
        int status;
        const char *method;
        const char *path;
        const char *body;
        const char *text;
    } cases[] = {
        {400, "PUT", "/api/v1/scripts/x", "{}", "\"body\" is missing"},
        {400, "PUT", "/api/v1/scripts/x", "{\"body\":\"@dance\"}", "dance"},
        {400, "PUT", "/api/v1/scripts/x", "{\"body\":7}", "body 7: must be a string"},
        {400, "PUT", "/api/v1/conditions/x", "{\"body\":\"if\"}", ""},
        {400, "PUT", "/api/v1/conditions/x", "{\"body\":\"true\",\"clears_bed\":true}",
            "unknown field"},
        {400, "PUT", "/api/v1/events/lunch", "{\"hooks\":[]}",
            "moment \"lunch\": must be activate, print_start"},
        {400, "PUT", "/api/v1/events/finish", "{\"hooks\":[7]}", "hooks[0]: 7: must be an object"},
        {400, "PUT", "/api/v1/events/finish", "{\"hooks\":[{}]}", "\"script\" is missing"},
        {404, "PUT", "/api/v1/events/finish", "{\"hooks\":[{\"script\":\"none\"}]}", "none"},
        {400, "POST", "/api/v1/scripts/try", "{\"moment\":\"lunch\"}", "moment \"lunch\""},
        {404, "POST", "/api/v1/scripts/try", "{\"script\":\"none\"}",
            "there is no script \"none\""},
        {404, "POST", "/api/v1/scripts/try", "{\"condition\":\"none\"}",
            "there is no condition \"none\""},
        {400, "POST", "/api/v1/scripts/try", "{\"symbols\":[]}", "symbols"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        api_refused(a, cases[i].status, a->admin, cases[i].method, cases[i].path, cases[i].body, "",
            cases[i].text);
    }
    api_refused(a, 403, a->print, "PUT", "/api/v1/scripts/x", "{\"body\":\"\"}", "", "admin");
}

static void a_dry_run_tells_what_would_be_sent(void **state)
{
    struct api_server *a = *state;
    json_t *told = api_expect(a, 200, a->print, "POST", "/api/v1/scripts/try",
        "{\"script_body\":\"G1 X{x}\",\"condition_body\":\"{x = 5}\",\"symbols\":{}}");
    assert_true(json_is_true(json_object_get(told, "runs")));
    assert_non_null(strstr(text(told, "gcode"), "G1 X5"));
    json_decref(told);
    told = api_expect(a, 200, a->print, "POST", "/api/v1/scripts/try",
        "{\"script_body\":\"G1 X{x}\",\"condition_body\":\"while true do end\"}");
    assert_true(text(told, "error")[0] != '\0');
    json_decref(told);
    told = api_expect(a, 200, a->print, "POST", "/api/v1/scripts/try",
        "{\"script_body\":\"@wait 1\\nG28\\nM104 S900\"}");
    assert_true(json_is_false(json_object_get(told, "runs")));
    assert_string_equal(text(told, "error"), "script: too hot");
    assert_non_null(strstr(text(told, "gcode"), "M104 S900"));
    json_decref(told);
}

static void symbols_and_the_words_of_other_programs_are_shown(void **state)
{
    struct api_server *a = *state;
    json_decref(api_expect(a, 200, a->print, "PUT", "/api/v1/external", "{\"camera\":{\"ok\":1}}"));
    json_t *external = api_expect(a, 200, a->read, "GET", "/api/v1/external", NULL);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(external, "camera"), "ok")), 1);
    json_decref(external);
    json_t *symbols = api_expect(a, 200, a->read, "GET", "/api/v1/symbols?moment=finish", NULL);
    assert_string_equal(text(symbols, "moment"), "finish");
    json_decref(symbols);
    api_refused(a, 400, a->read, "GET", "/api/v1/symbols?moment=lunch", NULL, "moment", "lunch");
    api_refused(a, 403, a->read, "PUT", "/api/v1/external", "{}", "", "");
}

/* ---- folders */

static void folders_are_made_moved_and_removed(void **state)
{
    struct api_server *a = *state;
    json_decref(api_expect(a, 201, a->print, "POST", "/api/v1/folders", "{\"name\":\"parts\"}"));
    api_server_add_file(a, "a.gcode");
    json_decref(api_expect(a, 200, a->print, "POST", "/api/v1/files/move",
        "{\"from\":\"a.gcode\",\"to\":\"parts/b.gcode\"}"));
    json_t *all = api_expect(a, 200, a->read, "GET", "/api/v1/files", NULL);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(all, "folders"), 0)), "parts");
    assert_string_equal(
        text(json_array_get(json_object_get(all, "files"), 0), "name"), "parts/b.gcode");
    json_decref(all);
    json_decref(api_expect(a, 200, a->read, "GET", "/api/v1/files/parts/b.gcode", NULL));
    api_refused(a, 409, a->print, "DELETE", "/api/v1/folders/parts", NULL, "", "");
    json_decref(api_expect(a, 204, a->print, "DELETE", "/api/v1/files/parts/b.gcode", NULL));
    json_decref(api_expect(a, 204, a->print, "DELETE", "/api/v1/folders/parts", NULL));
    api_refused(a, 404, a->print, "DELETE", "/api/v1/folders/parts", NULL, "folder", "parts");
    api_refused(a, 400, a->print, "POST", "/api/v1/folders", "{\"name\":\"../x\"}", "", "..");
    api_refused(a, 404, a->print, "POST", "/api/v1/files/move",
        "{\"from\":\"z.gcode\",\"to\":\"y.gcode\"}", "", "z.gcode");
}

static void a_file_that_a_job_needs_is_removed_only_by_force(void **state)
{
    struct api_server *a = *state;
    api_server_add_file(a, "a.gcode");
    json_decref(api_expect(a, 201, a->print, "POST", "/api/v1/jobs",
        "{\"name\":\"Vase\",\"sets\":[{\"path\":\"a.gcode\"}]}"));
    api_refused(a, 409, a->print, "DELETE", "/api/v1/files/a.gcode", NULL, "", "Vase");
    api_refused(
        a, 400, a->print, "DELETE", "/api/v1/files/a.gcode?force=yes", NULL, "force", "\"yes\"");
    json_decref(api_expect(a, 204, a->print, "DELETE", "/api/v1/files/a.gcode?force=1", NULL));
    json_decref(api_expect(a, 404, a->read, "GET", "/api/v1/files/a.gcode", NULL));
    const struct queue_job *job = queue_first(jobs_queue_find(a->jobs, "local")->queue);
    assert_non_null(files_find_content(a->files, job->sets[0].sha256));
}

/* ---- packages */

static void a_job_goes_out_as_a_package_and_comes_in_again(void **state)
{
    struct api_server *a = *state;
    struct answer package;
    struct answer w;
    struct strbuf request = {0};
    api_server_add_file(a, "a.gcode");
    json_decref(api_expect(a, 201, a->print, "POST", "/api/v1/jobs",
        "{\"name\":\"My "
        "\\\"vase\\\"\",\"count\":2,\"sets\":[{\"path\":\"a.gcode\",\"count\":3}]}"));
    const struct queue_job *job = queue_first(jobs_queue_find(a->jobs, "local")->queue);
    char path[100];
    snprintf(path, sizeof path, "/api/v1/jobs/%s/export", job->id);
    api_ask(a, &package, a->read, "GET", path, "", NULL);
    assert_int_equal(package.status, 200);
    assert_string_equal(answer_header(&package, "Content-Type"), "application/zip");
    const char *name = answer_header(&package, "Content-Disposition");
    assert_true(str_starts(name, "attachment; filename=\"My_"));
    assert_null(strchr(name + strlen("attachment; filename=\"My_"), '\\'));
    size_t len = package.raw.len - (size_t)(package.body - package.raw.data);
    strbuf_printf(&request,
        "PUT /api/v1/jobs/import?name=x.gjob HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
        "X-Api-Key: %s\r\nContent-Length: %zu\r\n\r\n",
        a->host, a->print, len);
    strbuf_add(&request, package.body, len);
    api_ask_raw(a, &w, request.data, request.len);
    if (w.status != 201) {
        fail_msg("%d: %s", w.status, w.body);
    }
    const json_t *set = json_array_get(json_object_get(w.json, "sets"), 0);
    assert_int_equal(json_integer_value(json_object_get(w.json, "count")), 2);
    assert_int_equal(json_integer_value(json_object_get(set, "count")), 3);
    assert_string_equal(text(set, "sha256"), job->sets[0].sha256);
    assert_null(files_find(a->files, "x.gjob"));
    answer_fini(&w);
    answer_fini(&package);
    strbuf_fini(&request);
}

static void a_package_that_is_none_is_refused(void **state)
{
    struct api_server *a = *state;
    api_refused(a, 400, a->print, "PUT", "/api/v1/jobs/import?name=x.gjob", "no zip", "", "");
    api_refused(a, 400, a->print, "PUT", "/api/v1/jobs/import?name=../x.gjob", "", "name",
        "must be a file name that ends in .gjob");
    api_refused(a, 400, a->print, "PUT", "/api/v1/jobs/import?name=x.gcode", "", "name", ".gjob");
    api_refused(a, 404, a->print, "POST", "/api/v1/jobs/import", "{\"file\":\"x.gjob\"}", "", "");
    api_refused(a, 404, a->print, "POST", "/api/v1/jobs/import",
        "{\"file\":\"x.gjob\",\"queue\":\"attic\"}", "queue", "attic");
    api_refused(a, 404, a->read, "GET", "/api/v1/jobs/none/export", NULL, "", "none");
    assert_null(files_find(a->files, "x.gjob"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_script_is_kept_hung_on_a_moment_and_removed),
        TEST(what_is_wrong_with_a_script_is_told),
        TEST(a_dry_run_tells_what_would_be_sent),
        TEST(symbols_and_the_words_of_other_programs_are_shown),
        TEST(folders_are_made_moved_and_removed),
        TEST(a_file_that_a_job_needs_is_removed_only_by_force),
        TEST(a_job_goes_out_as_a_package_and_comes_in_again),
        TEST(a_package_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
