// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* Jobs over HTTP: lists, one of them, new ones, their order. */
#include "tests/unit/http_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define JOBS "/api/v1/jobs"

static int set_up(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, false);
    api_server_add_file(a, "a.gcode");
    api_server_add_file(a, "parts/b.gcode");
    *state = a;
    return 0;
}

/* A job of one set; its id stays until the next call. */
static const char *add(struct api_server *a, const char *body)
{
    static char id[ID_SIZE];
    json_t *job = api_expect(a, 201, a->print, "POST", JOBS, body);
    snprintf(id, sizeof id, "%s", text(job, "id"));
    json_decref(job);
    return id;
}

/* The names of the jobs of a list, joined. */
static const char *names(struct api_server *a, const char *query)
{
    static char out[256];
    char path[100];
    size_t i;
    const json_t *job;
    snprintf(path, sizeof path, JOBS "%s", query);
    json_t *list = api_expect(a, 200, a->read, "GET", path, NULL);
    out[0] = '\0';
    json_array_foreach(json_object_get(list, "jobs"), i, job)
    {
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s", text(job, "name"));
    }
    json_decref(list);
    return out;
}

static void a_job_is_made_and_shown_with_every_field(void **state)
{
    struct api_server *a = *state;
    static const char *const fields[] = {"id", "name", "queue", "position", "count", "remaining",
        "completed", "draft", "share", "repeat", "moving", "created_ms", "submitter", "note",
        "revision", "changed_by", "changed_ms", "archived_ms", "finished", "time_left_ms",
        "filament_left_mm", "state", "why", "claims", "sets", "peers_why"};
    static const char *const set_fields[] = {"id", "path", "sha256", "size_bytes", "model", "count",
        "remaining", "completed", "pending", "profiles", "materials", "time_ms", "filament_mm",
        "metadata", "why"};
    json_t *job = api_expect(a, 201, a->print, "POST", JOBS,
        "{\"name\":\"Vase\",\"count\":3,\"note\":\"for Ada\",\"sets\":[{\"path\":\"a.gcode\","
        "\"count\":2,\"profiles\":[],\"materials\":[null,\"PLA_Black\"]},"
        "{\"path\":\"parts/b.gcode\"}]}");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        assert_non_null(json_object_get(job, fields[i]));
    }
    assert_int_equal(json_object_size(job), sizeof fields / sizeof *fields);
    for (size_t i = 0; i < sizeof set_fields / sizeof *set_fields; i++) {
        assert_non_null(json_object_get(set_at(job, 0), set_fields[i]));
    }
    assert_int_equal(json_object_size(set_at(job, 0)), sizeof set_fields / sizeof *set_fields);
    assert_string_equal(text(job, "queue"), "local");
    assert_string_equal(text(job, "state"), "next");
    assert_string_equal(text(job, "submitter"), "print");
    assert_int_equal(number(job, "position"), 1);
    assert_int_equal(number(job, "remaining"), 3);
    assert_int_equal(strlen(text(set_at(job, 0), "sha256")), 64);
    assert_int_equal(number(set_at(job, 0), "pending"), 6);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(set_at(job, 0), "materials"), 1)),
        "PLA_Black");
    char path[100];
    snprintf(path, sizeof path, JOBS "/%s", text(job, "id"));
    json_t *again = api_expect(a, 200, a->read, "GET", path, NULL);
    assert_true(json_equal(job, again));
    json_decref(again);
    again = api_expect(a, 200, a->read, "GET", JOBS "/Vase", NULL);
    assert_true(json_equal(job, again));
    json_decref(again);
    snprintf(path, sizeof path, JOBS "/%s", text(job, "id") + 30);
    json_decref(api_expect(a, 200, a->read, "GET", path, NULL));
    api_refused(a, 404, a->read, "GET", JOBS "/nothing", NULL, "", "nothing");
    json_decref(job);
}

static void what_is_wrong_with_a_job_is_told_by_field_value_and_remedy(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *field;
        const char *text;
    } cases[] = {
        {400, "{\"count\":0}", "count", "count 0: must be an integer from 1 to 999999"},
        {400, "{\"count\":-3}", "count", "count -3"},
        {400, "{\"count\":1000000000}", "count", "count 1000000000: must be"},
        {400, "{\"count\":1.5}", "count", "count 1.5: must be an integer"},
        {400, "{\"count\":\"3\"}", "count", "count \"3\": must be an integer"},
        {400, "{\"remaining\":3}", "remaining", "unknown field \"remaining\""},
        {400, "{\"nmae\":\"x\"}", "nmae", "did you mean \"name\"?"},
        {400, "{\"name\":\"a\\u0007b\",\"sets\":[{\"path\":\"a.gcode\"}]}", "name", "name"},
        {400, "{\"position\":0}", "position", "position 0: must be"},
        {404, "{\"queue\":\"attic\",\"sets\":[{\"path\":\"a.gcode\"}]}", "queue",
            "there is no queue \"attic\": must be \"local\""},
        {400, "{\"sets\":{}}", "sets", "must be an array"},
        {400, "{\"sets\":[7]}", "sets[0]", "sets[0]: 7: must be an object"},
        {400, "{\"sets\":[{}]}", "sets[0].path", "field \"path\" is missing"},
        {404, "{\"sets\":[{\"path\":\"a.gcode\"},{\"path\":\"gone.gcode\"}]}", "sets[1].path",
            "sets[1]: there is no file \"gone.gcode\""},
        {400, "{\"sets\":[{\"path\":\"a.gcode\"},{\"path\":\"a.gcode\",\"count\":0}]}",
            "sets[1].count", "sets[1]: count 0: must be an integer from 1 to 999999"},
        {400, "{\"sets\":[{\"path\":\"a.gcode\",\"profiles\":[\"pruza-mk3s\"]}]}",
            "sets[0].profiles[0]", "did you mean \"prusa-mk3s\"?"},
        {400, "{\"sets\":[{\"path\":\"a.gcode\",\"profiles\":[7]}]}", "sets[0].profiles[0]",
            "must be a profile's name"},
        {400, "{\"sets\":[{\"path\":\"a.gcode\",\"materials\":[\"WOOD!\"]}]}",
            "sets[0].materials[0]", "\"WOOD!\": must be TYPE, TYPE_Color or TYPE_Color_#rrggbb"},
        {400, "{\"sets\":[{\"path\":\"a.gcode\",\"materials\":[7]}]}", "sets[0].materials[0]",
            "or null for any"},
        {400, "{\"sets\":[{\"path\":\"a.gcode\",\"remaining\":7}]}", "sets[0].remaining",
            "unknown field \"remaining\""},
        {400, "[]", "", "must be an object"},
    };
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        api_refused(a, cases[i].status, a->print, "POST", JOBS, cases[i].body, cases[i].field,
            cases[i].text);
    }
    assert_string_equal(names(a, ""), "");
    api_refused(a, 403, a->read, "POST", JOBS, "{}", "", "print is needed");
}

static void jobs_are_listed_in_order_by_pages(void **state)
{
    struct api_server *a = *state;
    for (int i = 0; i < 5; i++) {
        char body[80];
        snprintf(body, sizeof body, "{\"name\":\"%c\",\"sets\":[{\"path\":\"a.gcode\"}]}", 'A' + i);
        add(a, body);
    }
    assert_string_equal(names(a, ""), "ABCDE");
    assert_string_equal(names(a, "?queue=local&limit=2"), "AB");
    assert_string_equal(names(a, "?limit=2&offset=3"), "DE");
    assert_string_equal(names(a, "?offset=7"), "");
    json_t *list = api_expect(a, 200, a->read, "GET", JOBS "?limit=2&offset=3", NULL);
    assert_int_equal(number(list, "total"), 5);
    const json_t *job = json_array_get(json_object_get(list, "jobs"), 0);
    assert_int_equal(number(job, "position"), 4);
    assert_string_equal(text(job, "state"), "waiting");
    json_decref(list);
    api_refused(a, 400, a->read, "GET", JOBS "?limit=0", NULL, "limit", "limit \"0\": must be");
    api_refused(a, 400, a->read, "GET", JOBS "?limit=1001", NULL, "limit", "1 to 1000");
    api_refused(a, 400, a->read, "GET", JOBS "?offset=x", NULL, "offset", "offset \"x\"");
    api_refused(a, 404, a->read, "GET", JOBS "?queue=attic", NULL, "queue", "\"attic\"");
}

static void a_place_is_given_by_position_or_by_the_job_before(void **state)
{
    struct api_server *a = *state;
    add(a, "{\"name\":\"A\",\"sets\":[{\"path\":\"a.gcode\"}]}");
    add(a, "{\"name\":\"B\",\"position\":1,\"sets\":[{\"path\":\"a.gcode\"}]}");
    add(a, "{\"name\":\"C\",\"position\":2,\"sets\":[{\"path\":\"a.gcode\"}]}");
    add(a, "{\"name\":\"D\",\"position\":100,\"sets\":[{\"path\":\"a.gcode\"}]}");
    add(a, "{\"name\":\"E\",\"position\":null,\"sets\":[{\"path\":\"a.gcode\"}]}");
    assert_string_equal(names(a, ""), "BCADE");
    json_decref(api_expect(a, 200, a->print, "POST", JOBS "/E/move", "{\"position\":1}"));
    assert_string_equal(names(a, ""), "EBCAD");
    json_decref(api_expect(a, 200, a->print, "POST", JOBS "/E/move", "{\"position\":3}"));
    assert_string_equal(names(a, ""), "BCEAD");
    json_decref(api_expect(a, 200, a->print, "POST", JOBS "/B/move", "{\"after\":\"A\"}"));
    assert_string_equal(names(a, ""), "CEABD");
    json_t *job = api_expect(
        a, 200, a->print, "POST", JOBS "/C/move", "{\"queue\":\"local\",\"position\":99}");
    assert_int_equal(number(job, "position"), 5);
    json_decref(job);
    assert_string_equal(names(a, ""), "EABDC");
    json_decref(api_expect(a, 200, a->print, "POST", JOBS "/E/move", "{\"queue\":\"local\"}"));
    assert_string_equal(names(a, ""), "ABDCE");
    api_refused(a, 400, a->print, "POST", JOBS "/C/move", "{}", "", "where to?");
    api_refused(a, 400, a->print, "POST", JOBS "/C/move", "{\"position\":1,\"after\":\"A\"}", "",
        "where to?");
    api_refused(a, 400, a->print, "POST", JOBS "/C/move", "{\"after\":\"C\"}", "after", "another");
    api_refused(a, 404, a->print, "POST", JOBS "/C/move", "{\"after\":\"Z\"}", "after", "");
    api_refused(a, 404, a->print, "POST", JOBS "/C/move", "{\"queue\":\"attic\",\"position\":1}",
        "queue", "attic");
    api_refused(a, 404, a->print, "POST", JOBS "/Z/move", "{\"position\":1}", "", "");
}

static void removed_jobs_go_to_the_archive_and_come_back(void **state)
{
    struct api_server *a = *state;
    add(a, "{\"name\":\"A\",\"count\":2,\"sets\":[{\"path\":\"a.gcode\"}]}");
    add(a, "{\"name\":\"B\",\"sets\":[{\"path\":\"a.gcode\"}]}");
    json_decref(api_expect(a, 204, a->print, "DELETE", JOBS "/A", NULL));
    assert_string_equal(names(a, ""), "B");
    assert_string_equal(names(a, "?queue=archive"), "A");
    json_t *job = api_expect(a, 200, a->read, "GET", JOBS "/A", NULL);
    assert_string_equal(text(job, "state"), "removed");
    assert_true(json_is_null(json_object_get(job, "position")));
    assert_true(number(job, "archived_ms") > 0);
    json_decref(job);
    json_decref(api_expect(a, 200, a->print, "POST", JOBS "/A/restore", ""));
    assert_string_equal(names(a, ""), "BA");
    api_refused(a, 409, a->print, "POST", JOBS "/A/purge", "", "", "");
    json_decref(api_expect(a, 204, a->print, "DELETE", JOBS "/A", NULL));
    json_decref(api_expect(a, 204, a->print, "POST", JOBS "/A/purge", "{}"));
    api_refused(a, 404, a->print, "POST", JOBS "/A/restore", "", "", "");
    api_refused(a, 404, a->print, "DELETE", JOBS "/A", NULL, "", "");
    api_refused(a, 400, a->print, "POST", JOBS "/B/reset", "{\"x\":1}", "x", "unknown field");
    json_decref(api_expect(a, 200, a->print, "POST", JOBS "/B/reset", "{}"));
}

static void many_jobs_are_changed_together_or_not_at_all(void **state)
{
    struct api_server *a = *state;
    add(a, "{\"name\":\"A\",\"sets\":[{\"path\":\"a.gcode\"}]}");
    add(a, "{\"name\":\"B\",\"sets\":[{\"path\":\"a.gcode\"}]}");
    json_t *list = api_expect(
        a, 200, a->print, "POST", JOBS "/act", "{\"action\":\"draft\",\"jobs\":[\"A\",\"B\"]}");
    const json_t *job = json_array_get(json_object_get(list, "jobs"), 1);
    assert_string_equal(text(job, "state"), "draft");
    assert_int_equal(number(job, "position"), 2);
    json_decref(list);
    json_decref(api_expect(
        a, 200, a->print, "POST", JOBS "/act", "{\"action\":\"undraft\",\"jobs\":[\"A\"]}"));
    /* restoring what is not in the archive fails, so nothing at all happens */
    json_decref(api_expect(a, 204, a->print, "DELETE", JOBS "/A", NULL));
    api_refused(a, 409, a->print, "POST", JOBS "/act",
        "{\"action\":\"restore\",\"jobs\":[\"A\",\"B\"]}", "", "");
    assert_string_equal(names(a, "?queue=archive"), "A");
    api_refused(a, 400, a->print, "POST", JOBS "/act", "{\"action\":\"eat\",\"jobs\":[\"A\"]}",
        "action", "action \"eat\": must be remove, reset, restore, purge, draft or undraft");
    api_refused(a, 404, a->print, "POST", JOBS "/act",
        "{\"action\":\"reset\",\"jobs\":[\"A\",\"Z\"]}", "jobs[1]", "jobs[1]: ");
    api_refused(a, 400, a->print, "POST", JOBS "/act", "{\"action\":\"reset\",\"jobs\":[7]}",
        "jobs[0]", "");
    api_refused(a, 400, a->print, "POST", JOBS "/act", "{\"action\":\"reset\",\"jobs\":[]}", "jobs",
        "1 to 1000");
}

/* The answer to a request with X-Command. */
static json_t *command(struct api_server *a, int status, const char *word, const char *method,
    const char *path, const char *body)
{
    struct answer w;
    char header[100];
    snprintf(header, sizeof header, "X-Command: %s\r\n", word);
    api_ask(a, &w, a->print, method, path, header, body);
    if (w.status != status) {
        fail_msg("%s %s: %d, expected %d: %s", method, path, w.status, status, w.body);
    }
    json_t *json = json_incref(w.json);
    answer_fini(&w);
    return json;
}

static void a_command_sent_twice_is_applied_once(void **state)
{
    struct api_server *a = *state;
    static const char *const body = "{\"name\":\"A\",\"sets\":[{\"path\":\"a.gcode\"}]}";
    json_t *once = command(a, 201, "cli/1", "POST", JOBS, body);
    json_t *twice = command(a, 201, "cli/1", "POST", JOBS, body);
    assert_true(json_equal(once, twice));
    assert_string_equal(names(a, ""), "A");
    json_decref(twice);
    json_decref(command(a, 201, "other/1", "POST", JOBS, body));
    assert_string_equal(names(a, ""), "AA");
    char path[100];
    snprintf(path, sizeof path, JOBS "/%s", text(once, "id"));
    json_decref(once);
    json_decref(command(a, 204, "cli/2", "DELETE", path, NULL));
    json_decref(command(a, 204, "cli/2", "DELETE", path, NULL));
    snprintf(path + strlen(path), sizeof path - strlen(path), "/purge");
    json_decref(command(a, 204, "cli/3", "POST", path, "{}"));
    json_decref(command(a, 204, "cli/3", "POST", path, "{}")); /* it is gone, and that is known */
    json_decref(command(a, 404, "cli/4", "POST", path, "{}"));
}

static void a_command_word_that_cannot_be_is_refused(void **state)
{
    static const char *const words[] = {"x", "x/", "/1", "x/0", "x/-1", "x/1.5", "x y/1",
        "123456789012345678901234567890123/1", "x/99999999999999999999"};
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        json_decref(command(a, 400, words[i], "POST", JOBS, "{}"));
    }
    assert_string_equal(names(a, ""), "");
}

static void the_state_tells_what_a_job_waits_for(void **state)
{
    struct api_server *a = *state;
    add(a, "{\"name\":\"A\",\"draft\":true,\"sets\":[{\"path\":\"a.gcode\"}]}");
    add(a, "{\"name\":\"B\",\"sets\":[{\"path\":\"parts/b.gcode\"}]}");
    add(a, "{\"name\":\"C\",\"sets\":[{\"path\":\"a.gcode\",\"profiles\":[\"prusa-mk3s\"]}]}");
    add(a, "{\"name\":\"D\",\"sets\":[{\"path\":\"a.gcode\"}]}");
    snprintf(a->manage.blocked, sizeof a->manage.blocked, "parts/b.gcode");
    snprintf(a->manage.why, sizeof a->manage.why, "tool 0 holds PETG");
    static const char *const wanted[][2] = {{"draft", ""}, {"blocked", "tool 0 holds PETG"},
        {"elsewhere", "none of its sets is for this printer (profile none)"}, {"waiting", ""}};
    json_t *list = api_expect(a, 200, a->read, "GET", JOBS, NULL);
    for (size_t i = 0; i < 4; i++) {
        const json_t *job = json_array_get(json_object_get(list, "jobs"), i);
        assert_string_equal(text(job, "state"), wanted[i][0]);
        assert_string_equal(text(job, "why"), wanted[i][1]);
    }
    const json_t *blocked = json_array_get(json_object_get(list, "jobs"), 1);
    assert_string_equal(text(set_at(blocked, 0), "why"), "tool 0 holds PETG");
    json_decref(list);
}

static void a_job_whose_spool_will_not_last_says_so(void **state)
{
    struct api_server *a = *state;
    add(a, "{\"name\":\"A\",\"sets\":[{\"path\":\"a.gcode\"}]}");
    snprintf(a->manage.short_of, sizeof a->manage.short_of, "tool 0: spool \"x\" has 1 g left");
    json_t *list = api_expect(a, 200, a->read, "GET", JOBS, NULL);
    const json_t *job = json_array_get(json_object_get(list, "jobs"), 0);
    assert_string_equal(text(job, "state"), "blocked");
    assert_string_equal(text(job, "why"), "tool 0: spool \"x\" has 1 g left");
    json_decref(list);
}

/* What one turn of the loop sends of a long answer; 0: nothing has come yet. */
static size_t sent_in_a_turn(struct client *c)
{
    static char bytes[1 << 20];
    size_t sent = 0;
    uv_run(&c->api->loop, UV_RUN_NOWAIT);
    for (ssize_t n; (n = read(c->fd, bytes, sizeof bytes)) > 0;) {
        sent += (size_t)n;
    }
    return sent;
}

static void a_long_list_does_not_hold_the_loop_up(void **state)
{
    struct api_server *a = *state;
    struct client c;
    struct strbuf body = {0};
    size_t total = 0;
    strbuf_puts(&body, "{\"sets\":[{\"path\":\"a.gcode\"}");
    for (int i = 0; i < 30; i++) {
        strbuf_puts(&body, ",{\"path\":\"parts/b.gcode\"}");
    }
    strbuf_puts(&body, "]}");
    for (int i = 0; i < 20; i++) {
        add(a, strbuf_text(&body));
    }
    body.len = 0;
    strbuf_printf(
        &body, "GET " JOBS " HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n\r\n", a->host, a->read);
    client_open(&c, a);
    assert_int_equal(send(c.fd, strbuf_text(&body), body.len, 0), body.len);
    for (int i = 0; i < 1000 && total < 150000; i++) {
        size_t sent = sent_in_a_turn(&c);
        assert_in_range(sent, 0, 80000);
        total += sent;
    }
    assert_true(total >= 150000);
    client_close(&c);
    strbuf_fini(&body);
}

static void assert_blocked(struct api_server *a, const char *name, const char *why)
{
    char path[100];
    snprintf(path, sizeof path, JOBS "/%s", name);
    json_t *job = api_expect(a, 200, a->read, "GET", path, NULL);
    assert_string_equal(text(job, "state"), "blocked");
    assert_non_null(strstr(text(job, "why"), why));
    json_decref(job);
}

static void a_job_of_which_nothing_is_left_says_what_to_do(void **state)
{
    struct api_server *a = *state;
    json_t *job = api_expect(
        a, 201, a->print, "POST", JOBS, "{\"name\":\"A\",\"sets\":[{\"path\":\"a.gcode\"}]}");
    char path[200];
    snprintf(path, sizeof path, JOBS "/A/sets/%s", text(set_at(job, 0), "id"));
    json_decref(job);
    json_decref(api_expect(a, 200, a->print, "PATCH", path, "{\"remaining\":0}"));
    assert_blocked(a, "A", "nothing of it is left to print: reset it or remove it");
    json_decref(api_expect(a, 200, a->print, "POST", JOBS "/A/reset", "{}"));
    job = api_expect(a, 200, a->read, "GET", JOBS "/A", NULL);
    assert_string_equal(text(job, "why"), "");
    json_decref(job);
    add(a, "{\"name\":\"B\",\"sets\":[]}");
    assert_blocked(a, "B", "it has no file yet: add one or remove it");
}

static void only_what_is_printed_next_of_a_job_blocks_it(void **state)
{
    struct api_server *a = *state;
    json_t *job = api_expect(a, 201, a->print, "POST", JOBS,
        "{\"name\":\"A\",\"count\":2,\"sets\":[{\"path\":\"parts/"
        "b.gcode\"},{\"path\":\"a.gcode\"}]}");
    char path[200];
    snprintf(path, sizeof path, JOBS "/A/sets/%s", text(set_at(job, 0), "id"));
    json_decref(job);
    snprintf(a->manage.blocked, sizeof a->manage.blocked, "parts/b.gcode");
    snprintf(a->manage.why, sizeof a->manage.why, "tool 0 holds PETG");
    assert_blocked(a, "A", "tool 0");
    json_decref(api_expect(a, 200, a->print, "PATCH", path, "{\"remaining\":0}"));
    job = api_expect(a, 200, a->read, "GET", JOBS "/A", NULL);
    assert_string_equal(text(job, "state"), "next");
    json_decref(job);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_made_and_shown_with_every_field),
        TEST(what_is_wrong_with_a_job_is_told_by_field_value_and_remedy),
        TEST(jobs_are_listed_in_order_by_pages),
        TEST(a_place_is_given_by_position_or_by_the_job_before),
        TEST(removed_jobs_go_to_the_archive_and_come_back),
        TEST(many_jobs_are_changed_together_or_not_at_all),
        TEST(a_command_sent_twice_is_applied_once),
        TEST(a_command_word_that_cannot_be_is_refused),
        TEST(a_long_list_does_not_hold_the_loop_up),
        TEST(a_job_of_which_nothing_is_left_says_what_to_do),
        TEST(only_what_is_printed_next_of_a_job_blocks_it),
        TEST(the_state_tells_what_a_job_waits_for),
        TEST(a_job_whose_spool_will_not_last_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
