// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* Jobs changed over HTTP: edits, sets, templates, queues. */
#include "tests/unit/http_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define JOB "/api/v1/jobs/Vase"

static int set_up(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, false);
    api_server_add_file(a, "a.gcode");
    api_server_add_file(a, "b.gcode");
    json_decref(api_expect(a, 201, a->print, "POST", "/api/v1/jobs",
        "{\"name\":\"Vase\",\"count\":3,\"sets\":[{\"path\":\"a.gcode\",\"count\":2,"
        "\"materials\":[\"PLA\"]},{\"path\":\"b.gcode\"}]}"));
    *state = a;
    return 0;
}

static json_t *show(struct api_server *a)
{
    return api_expect(a, 200, a->read, "GET", JOB, NULL);
}

static json_t *edit(struct api_server *a, const char *body)
{
    return api_expect(a, 200, a->print, "PATCH", JOB, body);
}

/* "/api/v1/jobs/Vase/sets/ID" of a set; kept until the next call. */
static const char *set_path(struct api_server *a, size_t index)
{
    static char path[120];
    json_t *job = show(a);
    snprintf(path, sizeof path, JOB "/sets/%s", text(set_at(job, index), "id"));
    json_decref(job);
    return path;
}

/* A print of the first set has ended well. */
static void print_one(struct api_server *a, const char *run)
{
    const struct queue_job *job;
    const struct jobs_queue *queue;
    struct queue_command c = {.verb = QUEUE_BEGIN, .revision = -1};
    assert_int_equal(jobs_find(a->jobs, "Vase", &job, &queue, NULL), 0);
    snprintf(c.job, sizeof c.job, "%s", job->id);
    snprintf(c.set, sizeof c.set, "%s", job->sets[0].id);
    snprintf(c.run, sizeof c.run, "%s", run);
    snprintf(c.printer, sizeof c.printer, "mk3");
    jobs_do(a->jobs, "local", &c, NULL, NULL);
    c.verb = QUEUE_FINISH;
    c.success = true;
    jobs_do(a->jobs, "local", &c, NULL, NULL);
}

static void fields_of_a_job_are_edited_alone(void **state)
{
    struct api_server *a = *state;
    json_t *job = edit(a, "{\"count\":5}");
    assert_int_equal(number(job, "remaining"), 5);
    assert_string_equal(text(job, "changed_by"), "print");
    assert_int_equal(json_array_size(json_object_get(job, "sets")), 2);
    json_decref(job);
    job = edit(a, "{\"remaining\":7,\"note\":\"soon\",\"repeat\":true,\"share\":true}");
    assert_int_equal(number(job, "count"), 7);
    assert_string_equal(text(job, "note"), "soon");
    assert_true(json_is_true(json_object_get(job, "repeat")));
    json_decref(job);
    job = edit(a, "{\"note\":null}");
    assert_true(json_is_null(json_object_get(job, "note")));
    json_decref(job);
    api_refused(a, 400, a->print, "PATCH", JOB, "{}", "", "nothing is to be changed");
    api_refused(a, 400, a->print, "PATCH", JOB, "{\"count\":0}", "count", "count 0: must be");
    api_refused(a, 400, a->print, "PATCH", JOB, "{\"remaining\":0}", "remaining", "remaining 0");
    api_refused(a, 400, a->print, "PATCH", JOB, "{\"queue\":\"local\"}", "queue", "unknown field");
    api_refused(a, 404, a->print, "PATCH", "/api/v1/jobs/Vine", "{\"count\":1}", "", "Vine");
}

static void an_edit_of_what_was_changed_since_is_refused_and_says_by_whom(void **state)
{
    struct api_server *a = *state;
    char body[80];
    json_t *job = show(a);
    snprintf(
        body, sizeof body, "{\"count\":8,\"revision\":%lld}", (long long)number(job, "revision"));
    json_decref(job);
    json_decref(edit(a, body));
    api_refused(a, 409, a->print, "PATCH", JOB, body, "revision", "changed by print");
    job = show(a);
    assert_int_equal(number(job, "count"), 8);
    json_decref(job);
}

static void the_list_of_sets_is_reordered_cut_and_extended(void **state)
{
    struct api_server *a = *state;
    char body[400];
    json_t *job = show(a);
    snprintf(body, sizeof body,
        "{\"sets\":[{\"id\":\"%s\",\"count\":4},{\"id\":null,\"path\":\"b.gcode\",\"count\":9}]}",
        text(set_at(job, 0), "id"));
    json_t *edited = edit(a, body);
    assert_string_equal(text(set_at(edited, 0), "id"), text(set_at(job, 0), "id"));
    assert_int_equal(number(set_at(edited, 0), "count"), 4);
    assert_int_equal(number(set_at(edited, 0), "remaining"), 4);
    assert_int_equal(json_array_size(json_object_get(set_at(edited, 0), "materials")), 1);
    assert_int_equal(number(set_at(edited, 1), "remaining"), 9);
    assert_int_equal(strlen(text(set_at(edited, 1), "sha256")), 64);
    assert_int_equal(strlen(text(set_at(edited, 1), "id")), 36);
    json_decref(edited);
    snprintf(body, sizeof body, "{\"sets\":[{\"id\":\"%s\"},{\"id\":\"%s\"}]}",
        text(set_at(job, 0), "id"), text(set_at(job, 0), "id"));
    api_refused(a, 400, a->print, "PATCH", JOB, body, "sets[1].id", "listed twice");
    json_decref(job);
    api_refused(a, 404, a->print, "PATCH", JOB,
        "{\"sets\":[{\"id\":\"00000000-0000-7000-8000-000000000000\"}]}", "sets[0].id",
        "the job has no set");
    api_refused(a, 400, a->print, "PATCH", JOB, "{\"sets\":[{\"count\":2}]}", "sets[0].path",
        "\"path\" is missing");
    api_refused(a, 400, a->print, "PATCH", JOB, "{\"sets\":[{\"id\":\"x\"}]}", "sets[0].id", "id");
}

static void a_set_is_edited_alone(void **state)
{
    struct api_server *a = *state;
    const char *path = set_path(a, 0);
    json_t *job = api_expect(a, 200, a->print, "PATCH", path,
        "{\"count\":5,\"materials\":[],\"profiles\":[\"prusa-mk3s\"]}");
    assert_int_equal(number(set_at(job, 0), "count"), 5);
    assert_int_equal(json_array_size(json_object_get(set_at(job, 0), "materials")), 0);
    assert_int_equal(json_array_size(json_object_get(set_at(job, 0), "profiles")), 1);
    json_decref(job);
    job = api_expect(a, 200, a->print, "PATCH", path, "{\"remaining\":9}");
    assert_int_equal(number(set_at(job, 0), "remaining"), 9);
    assert_int_equal(number(set_at(job, 0), "count"), 5);
    json_decref(job);
    job = api_expect(a, 200, a->print, "PATCH", path, "{\"position\":2,\"path\":\"b.gcode\"}");
    assert_string_equal(text(set_at(job, 1), "path"), "b.gcode");
    assert_string_equal(text(set_at(job, 1), "id"), strrchr(path, '/') + 1);
    assert_string_equal(text(set_at(job, 1), "sha256"), text(set_at(job, 0), "sha256"));
    json_decref(job);
    api_refused(a, 400, a->print, "PATCH", path, "{}", "", "nothing is to be changed");
    api_refused(a, 400, a->print, "PATCH", path, "{\"count\":0}", "count", "count 0");
    api_refused(a, 404, a->print, "PATCH", path, "{\"path\":\"z.gcode\"}", "path", "z.gcode");
    api_refused(a, 404, a->print, "PATCH", JOB "/sets/0123456789", "{\"count\":1}", "set",
        "job \"Vase\" has no set \"0123456789\"");
    api_refused(a, 400, a->print, "PATCH", path, "{\"id\":\"x\"}", "id", "unknown field");
}

static void an_edit_does_not_take_back_what_was_printed_meanwhile(void **state)
{
    struct api_server *a = *state;
    char body[200];
    json_t *job = show(a);
    print_one(a, "0198c0de-0000-7000-8000-000000000001");
    snprintf(body, sizeof body, "{\"sets\":[{\"id\":\"%s\"},{\"id\":\"%s\",\"count\":2}]}",
        text(set_at(job, 0), "id"), text(set_at(job, 1), "id"));
    json_decref(job);
    job = edit(a, body);
    assert_int_equal(number(set_at(job, 0), "remaining"), 1);
    assert_int_equal(number(set_at(job, 0), "completed"), 1);
    json_decref(job);
}

static void sets_are_added_and_removed(void **state)
{
    struct api_server *a = *state;
    json_t *job = api_expect(
        a, 201, a->print, "POST", JOB "/sets", "{\"path\":\"b.gcode\",\"count\":6,\"position\":1}");
    assert_int_equal(json_array_size(json_object_get(job, "sets")), 3);
    assert_int_equal(number(set_at(job, 0), "remaining"), 6);
    assert_string_equal(text(set_at(job, 1), "path"), "a.gcode");
    json_decref(job);
    job = api_expect(a, 200, a->print, "DELETE", set_path(a, 1), NULL);
    assert_int_equal(json_array_size(json_object_get(job, "sets")), 2);
    assert_string_equal(text(set_at(job, 0), "path"), "b.gcode");
    json_decref(job);
    api_refused(a, 400, a->print, "POST", JOB "/sets", "{\"count\":6}", "path", "missing");
    api_refused(a, 404, a->print, "POST", JOB "/sets", "{\"path\":\"z.gcode\"}", "path", "z.gcode");
    api_refused(a, 400, a->print, "POST", JOB "/sets", "{\"path\":\"a.gcode\",\"position\":0}",
        "position", "position 0");
}

static void a_template_is_kept_and_used_again(void **state)
{
    struct api_server *a = *state;
    json_t *t =
        api_expect(a, 200, a->print, "PUT", "/api/v1/templates/My vase", "{\"job\":\"Vase\"}");
    assert_string_equal(text(t, "name"), "My vase");
    assert_int_equal(number(json_object_get(t, "job"), "count"), 3);
    json_decref(t);
    json_decref(api_expect(a, 200, a->print, "PUT", "/api/v1/templates/Other",
        "{\"spec\":{\"name\":\"O\",\"sets\":[{\"path\":\"b.gcode\"}]}}"));
    t = api_expect(a, 200, a->read, "GET", "/api/v1/templates", NULL);
    assert_int_equal(json_array_size(json_object_get(t, "templates")), 2);
    json_decref(t);
    t = api_expect(a, 201, a->print, "POST", "/api/v1/templates/My vase/use",
        "{\"name\":\"Again\",\"count\":2,\"position\":1}");
    assert_string_equal(text(t, "name"), "Again");
    assert_int_equal(number(t, "position"), 1);
    assert_int_equal(number(t, "remaining"), 2);
    assert_int_equal(number(set_at(t, 0), "remaining"), 2);
    assert_int_equal(strlen(text(set_at(t, 0), "sha256")), 64);
    json_decref(t);
    json_decref(api_expect(a, 201, a->print, "POST", "/api/v1/templates/Other/use", "{}"));
    json_decref(api_expect(a, 204, a->print, "DELETE", "/api/v1/templates/Other", NULL));
    api_refused(a, 404, a->print, "DELETE", "/api/v1/templates/Other", NULL, "template", "Other");
    api_refused(a, 404, a->print, "POST", "/api/v1/templates/Other/use", "{}", "template", "Other");
    api_refused(a, 404, a->print, "PUT", "/api/v1/templates/X", "{\"job\":\"Vine\"}", "", "Vine");
    api_refused(a, 400, a->print, "PUT", "/api/v1/templates/X", "{}", "", "of what?");
    api_refused(a, 400, a->print, "PUT", "/api/v1/templates/X",
        "{\"spec\":{\"sets\":[{\"path\":\"a.gcode\",\"count\":0}]}}", "sets[0].count", "count 0");
}

static void a_queue_is_shown_and_set(void **state)
{
    struct api_server *a = *state;
    json_t *all = api_expect(a, 200, a->read, "GET", "/api/v1/queues", NULL);
    const json_t *q = json_array_get(json_object_get(all, "queues"), 0);
    assert_string_equal(text(q, "name"), "local");
    assert_string_equal(text(q, "strategy"), "in-order");
    assert_int_equal(number(q, "jobs"), 1);
    assert_true(json_is_true(json_object_get(q, "enabled")));
    json_decref(all);
    json_t *one = api_expect(a, 200, a->print, "PATCH", "/api/v1/queues/local",
        "{\"strategy\":\"least-changes\",\"enabled\":false}");
    assert_string_equal(text(one, "strategy"), "least-changes");
    assert_true(json_is_false(json_object_get(one, "enabled")));
    json_decref(one);
    json_t *job = show(a);
    assert_string_equal(text(job, "why"), "queue \"local\" is not enabled");
    json_decref(job);
    api_refused(a, 400, a->print, "PATCH", "/api/v1/queues/local", "{\"strategy\":\"fast\"}",
        "strategy", "strategy \"fast\": must be in-order, least-changes or oldest-first");
    api_refused(a, 404, a->print, "PATCH", "/api/v1/queues/attic", "{}", "queue", "attic");
}

/* Until the queue has applied it, a request must not be answered: what is read back is there. */
static void an_answer_comes_when_the_job_is_on_the_disk(void **state)
{
    struct api_server *a = *state;
    struct err e = {0};
    json_decref(edit(a, "{\"count\":9}"));
    api_server_close_http(a);
    struct jobs *second;
    const struct queue_job *job;
    const struct jobs_queue *queue;
    const struct jobs_options options = {.host_name = "mk3", .profiles = a->profiles};
    assert_int_equal(jobs_open(&second, &a->loop, &options, a->store, a->files, a->hub, &e), 0);
    assert_int_equal(jobs_find(second, "Vase", &job, &queue, &e), 0);
    assert_int_equal(job->count, 9);
    jobs_close(a->jobs, NULL, NULL);
    a->jobs = second;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fields_of_a_job_are_edited_alone),
        TEST(an_edit_of_what_was_changed_since_is_refused_and_says_by_whom),
        TEST(the_list_of_sets_is_reordered_cut_and_extended),
        TEST(a_set_is_edited_alone),
        TEST(an_edit_does_not_take_back_what_was_printed_meanwhile),
        TEST(sets_are_added_and_removed),
        TEST(a_template_is_kept_and_used_again),
        TEST(a_queue_is_shown_and_set),
        TEST(an_answer_comes_when_the_job_is_on_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
