// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* What stands around the queue, over HTTP: prints, managing, spools, history; OctoPrint's job. */
#include "host/api/http_private.h"
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
    api_server_add_file(a, "a.gcode");
    api_server_add_file(a, "parts/b.gcode");
    *state = a;
    return 0;
}

static bool is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static const struct queue *local(const struct api_server *a)
{
    return jobs_queue_find(a->jobs, "local")->queue;
}

/* ---- prints */

static void a_print_is_a_job_at_the_front_of_the_queue(void **state)
{
    struct api_server *a = *state;
    json_decref(api_expect(
        a, 201, a->print, "POST", "/api/v1/jobs", "{\"sets\":[{\"path\":\"parts/b.gcode\"}]}"));
    json_t *told = api_expect(a, 200, a->print, "POST", "/api/v1/print",
        "{\"file\":\"a.gcode\",\"bed_clear\":true,\"count\":3}");
    const struct queue_job *first = queue_first(local(a));
    assert_string_equal(text(told, "job_id"), first->id);
    assert_string_equal(first->sets[0].path, "a.gcode");
    assert_int_equal(first->sets[0].count, 3);
    assert_string_equal(first->submitter, "print");
    assert_false(is_true(told, "waits"));
    assert_false(is_true(told, "queued"));
    assert_string_equal(a->device.status.job.file_name, "a.gcode");
    json_decref(told);
    told = api_expect(a, 200, a->print, "POST", "/api/v1/print", "{\"file\":\"parts/b.gcode\"}");
    assert_true(is_true(told, "queued"));
    assert_false(is_true(told, "waits"));
    assert_int_equal(queue_count(local(a)), 3);
    json_decref(told);
}

static void a_print_that_is_refused_leaves_nothing_in_the_queue(void **state)
{
    struct api_server *a = *state;
    err_set(&a->manage.next, PP_EREFUSED, "the file leaves the build volume");
    api_refused(a, 422, a->print, "POST", "/api/v1/print", "{\"file\":\"a.gcode\"}", "", "volume");
    assert_int_equal(queue_count(local(a)), 0);
    assert_int_equal(queue_archive_count(local(a)), 0);
    api_refused(a, 404, a->print, "POST", "/api/v1/print", "{\"file\":\"z.gcode\"}", "file",
        "there is no file \"z.gcode\"");
    api_refused(a, 400, a->print, "POST", "/api/v1/print", "{\"file\":\"a.gcode\",\"count\":0}",
        "count", "count 0: must be an integer from 1 to 999999");
}

static void a_print_asked_for_twice_by_one_command_is_one_job(void **state)
{
    struct api_server *a = *state;
    char ids[2][ID_SIZE];
    for (int i = 0; i < 2; i++) {
        struct answer w;
        api_ask(a, &w, a->print, "POST", "/api/v1/print", "X-Command: cli/7\r\n",
            "{\"file\":\"a.gcode\",\"bed_clear\":true}");
        assert_int_equal(w.status, 200);
        snprintf(ids[i], ID_SIZE, "%s", text(w.json, "job_id"));
        answer_fini(&w);
    }
    assert_string_equal(ids[0], ids[1]);
    assert_int_equal(queue_count(local(a)), 1);
}

/* ---- OctoPrint */

static void octoprint_selects_starts_pauses_and_cancels(void **state)
{
    struct api_server *a = *state;
    api_refused(a, 409, a->print, "POST", "/api/job", "{\"command\":\"start\"}", "", "");
    json_decref(api_expect(
        a, 204, a->print, "POST", "/api/files/local/parts/b.gcode", "{\"command\":\"select\"}"));
    json_t *job = api_expect(a, 200, a->read, "GET", "/api/job", NULL);
    const json_t *file = json_object_get(json_object_get(job, "job"), "file");
    assert_string_equal(text(file, "name"), "b.gcode");
    assert_string_equal(text(file, "path"), "parts/b.gcode");
    assert_string_equal(text(job, "state"), "Operational");
    assert_true(json_is_null(json_object_get(json_object_get(job, "progress"), "completion")));
    json_decref(job);
    a->device.status.bed = BED_CLEAR;
    json_decref(api_expect(a, 204, a->print, "POST", "/api/job", "{\"command\":\"start\"}"));
    assert_string_equal(a->device.status.job.file_name, "parts/b.gcode");
    api_refused(a, 409, a->print, "POST", "/api/job", "{\"command\":\"start\"}", "", "");
    static const struct {
        const char *body;
        enum printer_state state;
    } steps[] = {
        {"{\"command\":\"pause\"}", PRINTER_PAUSED},
        {"{\"command\":\"pause\"}", PRINTER_PRINTING},
        {"{\"command\":\"pause\",\"action\":\"toggle\"}", PRINTER_PAUSED},
        {"{\"command\":\"pause\",\"action\":\"pause\"}", PRINTER_PAUSED},
        {"{\"command\":\"pause\",\"action\":\"resume\"}", PRINTER_PRINTING},
        {"{\"command\":\"cancel\"}", PRINTER_OPERATIONAL},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        json_decref(api_expect(a, 204, a->print, "POST", "/api/job", steps[i].body));
        assert_int_equal(a->device.status.state, steps[i].state);
    }
    json_decref(api_expect(a, 409, a->print, "POST", "/api/job", "{\"command\":\"restart\"}"));
    json_decref(api_expect(a, 400, a->print, "POST", "/api/job", "{\"command\":\"eat\"}"));
    json_decref(api_expect(
        a, 400, a->print, "POST", "/api/job", "{\"command\":\"pause\",\"action\":\"eat\"}"));
    json_decref(api_expect(a, 403, a->read, "POST", "/api/job", "{\"command\":\"cancel\"}"));
}

static void octoprint_selects_and_prints_in_one_request(void **state)
{
    struct api_server *a = *state;
    json_decref(api_expect(a, 204, a->print, "POST", "/api/files/local/a.gcode",
        "{\"command\":\"select\",\"print\":true}"));
    assert_int_equal(queue_count(local(a)), 1);
    assert_int_equal(a->device.status.questions, 1); /* the bed */
    assert_int_equal(a->device.status.state, PRINTER_OPERATIONAL);
    json_decref(api_expect(a, 404, a->print, "POST", "/api/files/local/z.gcode",
        "{\"command\":\"select\",\"print\":true}"));
    json_decref(api_expect(
        a, 400, a->print, "POST", "/api/files/local/a.gcode", "{\"command\":\"slice\"}"));
}

/* ---- managing */

static void managing_is_started_stopped_and_shown(void **state)
{
    struct api_server *a = *state;
    json_t *m = api_expect(a, 200, a->read, "GET", "/api/v1/manage", NULL);
    assert_string_equal(text(m, "state"), "inactive");
    assert_string_equal(text(json_object_get(m, "quiet"), "from"), "22:00");
    assert_string_equal(text(json_object_get(m, "quiet"), "to"), "07:30");
    assert_true(json_is_null(json_object_get(m, "dead_ms")));
    json_decref(m);
    m = api_expect(a, 200, a->print, "POST", "/api/v1/manage/start", "{}");
    assert_true(is_true(m, "managing"));
    json_decref(m);
    json_t *status = api_expect(a, 200, a->read, "GET", "/api/v1/status", NULL);
    assert_string_equal(text(json_object_get(status, "manage"), "state"), "idle");
    assert_null(json_object_get(json_object_get(status, "manage"), "quarantine"));
    json_decref(status);
    m = api_expect(a, 200, a->print, "POST", "/api/v1/manage/stop", "");
    assert_false(is_true(m, "managing"));
    json_decref(m);
    api_refused(a, 403, a->read, "POST", "/api/v1/manage/start", "{}", "", "");
    api_refused(a, 400, a->print, "POST", "/api/v1/manage/start", "{\"x\":1}", "x", "unknown");
    err_set(&a->manage.next, PP_EOFFLINE, "the printer is offline");
    api_refused(a, 503, a->print, "POST", "/api/v1/manage/start", "{}", "", "offline");
}

static void a_failure_seen_by_another_program_is_passed_on(void **state)
{
    struct api_server *a = *state;
    json_decref(api_expect(a, 200, a->print, "POST", "/api/v1/manage/failure",
        "{\"by\":\"camera\",\"reason\":\"spaghetti\"}"));
    assert_string_equal(a->manage.reported, "camera: spaghetti");
    api_refused(a, 400, a->print, "POST", "/api/v1/manage/failure", "{}", "by", "missing");
}

static void files_are_taken_out_of_quarantine(void **state)
{
    struct api_server *a = *state;
    a->manage.quarantined = 1;
    a->manage.quarantine[0] =
        (struct manage_quarantine){.path = "bad.gcode", .reason = "failed 3 times", .since_ms = 5};
    json_t *m = api_expect(a, 200, a->read, "GET", "/api/v1/manage", NULL);
    const json_t *q = json_array_get(json_object_get(m, "quarantine"), 0);
    assert_string_equal(text(q, "reason"), "failed 3 times");
    json_decref(m);
    api_refused(
        a, 404, a->print, "DELETE", "/api/v1/quarantine?what=good.gcode", NULL, "what", "good");
    json_decref(api_expect(a, 204, a->print, "DELETE", "/api/v1/quarantine?what=bad.gcode", NULL));
    assert_int_equal(a->manage.quarantined, 0);
}

/* ---- spools */

static void spools_are_kept_and_loaded(void **state)
{
    struct api_server *a = *state;
    json_t *all = api_expect(a, 201, a->print, "POST", "/api/v1/spools",
        "{\"name\":\"Black 1\",\"type\":\"PLA\",\"color\":\"Black\",\"rgb\":\"#000000\","
        "\"net_g\":1000,\"left_g\":812.5}");
    const json_t *spool = json_array_get(json_object_get(all, "spools"), 0);
    assert_string_equal(text(spool, "name"), "Black 1");
    assert_true(json_real_value(json_object_get(spool, "left_g")) > 812.4);
    assert_true(json_is_null(json_object_get(spool, "density_g_cm3")));
    json_decref(all);
    all = api_expect(a, 200, a->print, "PATCH", "/api/v1/spools/Black 1", "{\"left_g\":null}");
    spool = json_array_get(json_object_get(all, "spools"), 0);
    assert_true(json_is_null(json_object_get(spool, "left_g")));
    assert_int_equal(json_integer_value(json_object_get(spool, "net_g")), 1000);
    json_decref(all);
    all = api_expect(a, 200, a->print, "PUT", "/api/v1/tools/1", "{\"holds\":\"Black 1\"}");
    const json_t *tool = json_array_get(json_object_get(all, "tools"), 0);
    assert_int_equal(json_integer_value(json_object_get(tool, "tool")), 1);
    assert_string_equal(text(json_object_get(tool, "spool"), "name"), "Black 1");
    json_decref(all);
    all = api_expect(a, 200, a->read, "GET", "/api/v1/spools", NULL);
    assert_true(json_array_size(json_object_get(all, "materials")) > 3);
    json_decref(all);
    api_refused(a, 400, a->print, "PUT", "/api/v1/tools/8", "{\"holds\":\"\"}", "tool",
        "tool \"8\": must be a number from 0 to 7");
    api_refused(a, 400, a->print, "PUT", "/api/v1/tools/x", "{\"holds\":\"\"}", "tool", "\"x\"");
    api_refused(a, 400, a->print, "POST", "/api/v1/spools", "{\"name\":\"x\"}", "type", "missing");
    api_refused(a, 400, a->print, "POST", "/api/v1/spools", "{\"type\":\"PLA\",\"left_g\":-1}",
        "left_g", "left_g -1: must be a number from 0 to 100000");
    api_refused(a, 404, a->print, "PATCH", "/api/v1/spools/none", "{}", "", "none");
    api_refused(a, 409, a->print, "DELETE", "/api/v1/spools/Black 1", NULL, "", "in tool 1");
    json_decref(api_expect(a, 200, a->print, "PUT", "/api/v1/tools/1", "{\"holds\":null}"));
    json_decref(api_expect(a, 204, a->print, "DELETE", "/api/v1/spools/Black 1", NULL));
    api_refused(a, 404, a->print, "DELETE", "/api/v1/spools/Black 1", NULL, "", "");
}

/* ---- history */

static void save_run(struct api_server *a, int n, const char *file, enum run_result result)
{
    struct run r = {.start_ms = n * 1000, .end_ms = n * 1000 + 500, .result = result};
    snprintf(r.id, sizeof r.id, "00000000-0000-7000-8000-%012d", n);
    snprintf(r.file_name, sizeof r.file_name, "%s", file);
    snprintf(r.printer, sizeof r.printer, "mk3");
    snprintf(r.material, sizeof r.material, "PLA_Black");
    snprintf(r.job_id, sizeof r.job_id, "job-%d", n);
    r.used_um = 1000000;
    store_save_run(a->store, &r, NULL, NULL);
}

static size_t count(struct api_server *a, const char *path, const char *name)
{
    json_t *all = api_expect(a, 200, a->read, "GET", path, NULL);
    size_t n = json_array_size(json_object_get(all, name));
    json_decref(all);
    return n;
}

static void past_runs_are_found_and_summed_up(void **state)
{
    struct api_server *a = *state;
    save_run(a, 1, "a.gcode", RUN_SUCCESS);
    save_run(a, 2, "a.gcode", RUN_FAILURE);
    save_run(a, 3, "b.gcode", RUN_SUCCESS);
    assert_int_equal(count(a, "/api/v1/runs", "runs"), 3);
    assert_int_equal(count(a, "/api/v1/runs?limit=2", "runs"), 2);
    assert_int_equal(count(a, "/api/v1/runs?file=a.gcode", "runs"), 2);
    assert_int_equal(count(a, "/api/v1/runs?result=success&before_ms=3000", "runs"), 1);
    assert_int_equal(count(a, "/api/v1/runs?job=job-2&printer=mk3", "runs"), 1);
    assert_int_equal(count(a, "/api/v1/runs?printer=mk4", "runs"), 0);
    json_t *all = api_expect(a, 200, a->read, "GET", "/api/v1/stats?by=file", NULL);
    const json_t *row = json_array_get(json_object_get(all, "stats"), 0);
    assert_string_equal(text(row, "key"), "a.gcode");
    assert_int_equal(json_integer_value(json_object_get(row, "prints")), 2);
    assert_int_equal(json_integer_value(json_object_get(row, "failure")), 1);
    assert_int_equal(json_integer_value(json_object_get(row, "filament_mm")), 2000);
    assert_true(json_number_value(json_object_get(row, "grams")) > 5);
    json_decref(all);
    assert_int_equal(count(a, "/api/v1/stats?by=day&since_ms=2000", "stats"), 1);
    api_refused(a, 400, a->read, "GET", "/api/v1/stats?by=colour", NULL, "by",
        "by \"colour\": must be printer, file, material or day");
    api_refused(a, 400, a->read, "GET", "/api/v1/runs?result=good", NULL, "result", "\"good\"");
    api_refused(a, 403, a->print, "DELETE", "/api/v1/runs", NULL, "", "admin");
    json_decref(api_expect(a, 204, a->admin, "DELETE", "/api/v1/runs", NULL));
    assert_int_equal(count(a, "/api/v1/runs", "runs"), 0);
}

/* ---- hosts with less */

static void a_host_without_a_queue_says_so(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *body;
    } cases[] = {
        {"GET", "/api/v1/jobs", NULL},
        {"GET", "/api/v1/jobs/x", NULL},
        {"POST", "/api/v1/jobs", "{}"},
        {"PATCH", "/api/v1/jobs/x", "{}"},
        {"POST", "/api/v1/jobs/act", "{}"},
        {"POST", "/api/v1/jobs/x/move", "{}"},
        {"POST", "/api/v1/jobs/x/sets", "{}"},
        {"DELETE", "/api/v1/jobs/x/sets/y", NULL},
        {"GET", "/api/v1/jobs/x/export", NULL},
        {"POST", "/api/v1/jobs/import", "{\"file\":\"x.gjob\"}"},
        {"GET", "/api/v1/templates", NULL},
        {"PUT", "/api/v1/templates/x", "{}"},
        {"POST", "/api/v1/templates/x/use", "{}"},
        {"GET", "/api/v1/queues", NULL},
        {"PATCH", "/api/v1/queues/x", "{}"},
        {"GET", "/api/v1/manage", NULL},
        {"POST", "/api/v1/manage/start", "{}"},
        {"POST", "/api/v1/manage/failure", "{}"},
        {"DELETE", "/api/v1/quarantine", NULL},
        {"GET", "/api/v1/scripts", NULL},
        {"PUT", "/api/v1/scripts/x", "{}"},
        {"PUT", "/api/v1/events/finish", "{}"},
        {"POST", "/api/v1/scripts/try", "{}"},
        {"GET", "/api/v1/symbols", NULL},
        {"GET", "/api/v1/external", NULL},
        {"GET", "/api/v1/spools", NULL},
        {"POST", "/api/v1/spools", "{}"},
        {"PUT", "/api/v1/tools/0", "{}"},
        {"POST", "/api/v1/print", "{\"file\":\"a.gcode\"}"},
    };
    struct api_server *a = *state;
    struct http_options *o = &a->http->o;
    o->jobs = NULL;
    o->packages = NULL;
    o->manage = NULL;
    o->scripts = NULL;
    o->spools = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        api_refused(a, 503, a->admin, cases[i].method, cases[i].path, cases[i].body, "", "");
    }
    json_t *status = api_expect(a, 200, a->read, "GET", "/api/v1/status", NULL);
    assert_true(json_is_null(json_object_get(status, "manage")));
    json_decref(status);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_print_is_a_job_at_the_front_of_the_queue),
        TEST(a_print_that_is_refused_leaves_nothing_in_the_queue),
        TEST(a_print_asked_for_twice_by_one_command_is_one_job),
        TEST(octoprint_selects_starts_pauses_and_cancels),
        TEST(octoprint_selects_and_prints_in_one_request),
        TEST(managing_is_started_stopped_and_shown),
        TEST(a_failure_seen_by_another_program_is_passed_on),
        TEST(files_are_taken_out_of_quarantine),
        TEST(spools_are_kept_and_loaded),
        TEST(past_runs_are_found_and_summed_up),
        TEST(a_host_without_a_queue_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
