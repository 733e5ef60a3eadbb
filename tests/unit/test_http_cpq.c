// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* Continuous Print's dialect: state, sets, jobs. */
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
    api_server_add_file(a, "b.gcode");
    *state = a;
    return 0;
}

static json_t *post(struct api_server *a, const char *path, const char *body)
{
    char whole[100];
    snprintf(whole, sizeof whole, CPQ "/%s", path);
    return api_expect(a, 200, a->print, "POST", whole, body);
}

static void assert_ok(struct api_server *a, const char *path, const char *body)
{
    struct answer w;
    char whole[100];
    snprintf(whole, sizeof whole, CPQ "/%s", path);
    api_ask(a, &w, a->admin, "POST", whole, FORM, body);
    if (w.status != 200 || strcmp(w.body, "\"OK\"") != 0) {
        fail_msg("%s %s: %d %s", path, body, w.status, w.body);
    }
    answer_fini(&w);
}

/* The queue's jobs by name, joined; a draft in brackets. */
static const char *names(struct api_server *a)
{
    static char out[256];
    const struct queue *q = jobs_queue_find(a->jobs, "local")->queue;
    out[0] = '\0';
    for (const struct queue_job *j = queue_first(q); j != NULL; j = queue_after(q, j)) {
        snprintf(out + strlen(out), sizeof out - strlen(out), j->draft ? "(%s)" : "%s", j->name);
    }
    return out;
}

static const struct queue_job *first(struct api_server *a)
{
    return queue_first(jobs_queue_find(a->jobs, "local")->queue);
}

/* A job of one set that may be printed; its id stays until the next call. */
static const char *add(struct api_server *a, const char *name, int count)
{
    static char id[ID_SIZE];
    char body[200];
    snprintf(body, sizeof body, "path=a.gcode&count=%d&jobName=%s&jobDraft=false", count, name);
    json_t *told = post(a, "set/add", body);
    snprintf(id, sizeof id, "%s", text(told, "job_id"));
    json_decref(told);
    return id;
}

/* ---- state ----------------------------------------------------------------------------------- */

static void the_state_has_queues_with_jobs_with_sets(void **state)
{
    static const char *const job_fields[] = {"id", "name", "queue", "count", "remaining",
        "completed", "draft", "acquired", "created", "revision", "sets"};
    static const char *const set_fields[] = {"id", "path", "sd", "count", "remaining", "completed",
        "materials", "profiles", "metadata", "rank"};
    struct api_server *a = *state;
    json_decref(post(a, "set/add",
        "path=a.gcode&count=2&jobName=Vase&materials[]=&materials[]=PLA_Black&profiles[]=prusa-"
        "mk3s"));
    add(a, "Lid", 1);
    snprintf(a->manage.status.text, sizeof a->manage.status.text, "nothing to print");
    json_t *told = api_expect(a, 200, a->read, "GET", CPQ "/state/get", NULL);
    assert_true(json_is_false(json_object_get(told, "active")));
    assert_string_equal(text(told, "status"), "nothing to print");
    assert_string_equal(text(told, "statusType"), "NORMAL");
    assert_string_equal(text(told, "profile"), "");
    const json_t *queue = json_array_get(json_object_get(told, "queues"), 0);
    assert_string_equal(text(queue, "name"), "local");
    assert_string_equal(text(queue, "strategy"), "IN_ORDER");
    assert_true(json_is_null(json_object_get(queue, "addr")));
    assert_true(json_is_null(json_object_get(queue, "active_set")));
    assert_int_equal(number(queue, "rank"), 0);
    assert_int_equal(json_array_size(json_object_get(queue, "peers")), 0);
    assert_int_equal(json_array_size(json_object_get(queue, "jobs")), 2);
    const json_t *job = json_array_get(json_object_get(queue, "jobs"), 0);
    for (size_t i = 0; i < sizeof job_fields / sizeof *job_fields; i++) {
        assert_non_null(json_object_get(job, job_fields[i]));
    }
    assert_int_equal(json_object_size(job), sizeof job_fields / sizeof *job_fields);
    assert_string_equal(text(job, "name"), "Vase");
    assert_true(json_is_true(json_object_get(job, "draft")));
    assert_true(json_is_false(json_object_get(job, "acquired")));
    assert_int_equal(number(job, "created"), first(a)->created_ms / 1000);
    const json_t *set = set_at(job, 0);
    for (size_t i = 0; i < sizeof set_fields / sizeof *set_fields; i++) {
        assert_non_null(json_object_get(set, set_fields[i]));
    }
    assert_int_equal(json_object_size(set), sizeof set_fields / sizeof *set_fields);
    const json_t *materials = json_object_get(set, "materials");
    assert_true(json_is_null(json_array_get(materials, 0)));
    assert_string_equal(json_string_value(json_array_get(materials, 1)), "PLA_Black");
    json_t *metadata = json_loads(text(set, "metadata"), 0, NULL);
    assert_true(json_number_value(json_object_get(metadata, "estimatedPrintTime")) > 0);
    assert_true(
        json_number_value(json_array_get(json_object_get(metadata, "filamentLengths"), 0)) > 1.9);
    json_decref(metadata);
    json_decref(told);
    a->manage.status.needs_person = true;
    snprintf(a->manage.status.set, sizeof a->manage.status.set, "%s", first(a)->sets[0].id);
    snprintf(a->manage.status.queue, sizeof a->manage.status.queue, "local");
    told = api_expect(a, 200, a->read, "GET", CPQ "/state/get", NULL);
    assert_string_equal(text(told, "statusType"), "NEEDS_ACTION");
    queue = json_array_get(json_object_get(told, "queues"), 0);
    assert_string_equal(text(queue, "active_set"), first(a)->sets[0].id);
    json_decref(told);
    a->manage.status.in_error = true;
    told = api_expect(a, 200, a->read, "GET", CPQ "/state/get", NULL);
    assert_string_equal(text(told, "statusType"), "ERROR");
    json_decref(told);
}

static void managing_is_switched_by_what_clients_call_true(void **state)
{
    struct api_server *a = *state;
    static const struct {
        const char *body;
        bool active;
    } cases[] = {{"active=true", true}, {"active=false", false}, {"active=True", true},
        {"{\"active\": false}", false}, {"json=%7B%22active%22%3Atrue%7D", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *told = post(a, "set_active", cases[i].body);
        assert_int_equal(json_is_true(json_object_get(told, "active")), cases[i].active);
        assert_int_equal(a->manage.status.managing, cases[i].active);
        json_decref(told);
    }
    api_refused(a, 400, a->print, "POST", CPQ "/set_active", "", "active", "is missing");
    api_refused(a, 400, a->print, "POST", CPQ "/set_active", "active=maybe", "active",
        "active \"maybe\": must be true or false");
    api_refused(a, 403, a->read, "POST", CPQ "/set_active", "active=true", "", "print is needed");
    a->manage.next = (struct err){.code = PP_ESTATE, .text = "the printer is in an error"};
    api_refused(a, 409, a->print, "POST", CPQ "/set_active", "active=true", "", "in an error");
}

/* ---- sets ------------------------------------------------------------------------------------ */

static void a_set_makes_a_draft_of_its_own_or_joins_a_job(void **state)
{
    struct api_server *a = *state;
    char body[200];
    json_t *told = post(a, "set/add", "path=a.gcode&sd=False&count=3&jobName=Vase&jobDraft=True");
    assert_string_equal(names(a), "(Vase)");
    assert_string_equal(text(told, "job_id"), first(a)->id);
    const json_t *set = json_object_get(told, "set_");
    assert_string_equal(text(set, "id"), first(a)->sets[0].id);
    assert_int_equal(number(set, "count"), 3);
    assert_int_equal(number(set, "remaining"), 3);
    snprintf(body, sizeof body, "path=b.gcode&job=%s", text(told, "job_id"));
    json_decref(told);
    told = post(a, "set/add", body);
    assert_int_equal(first(a)->sets_count, 2);
    assert_string_equal(text(json_object_get(told, "set_"), "path"), "b.gcode");
    assert_int_equal(number(json_object_get(told, "set_"), "rank"), 1);
    assert_string_equal(first(a)->sets[0].path, "a.gcode");
    json_decref(told);
    told = post(a, "set/add",
        "{\"path\":\"a.gcode\",\"job\":17,\"jobName\":null,\"jobDraft\":\"false\",\"count\":\"2\","
        "\"metadata\":\"{\\\"estimatedPrintTime\\\": 7}\",\"materials\":[null],\"profiles\":[]}");
    assert_string_equal(names(a), "(Vase)");
    assert_int_equal(queue_count(jobs_queue_find(a->jobs, "local")->queue), 2);
    assert_string_equal(
        text(json_object_get(told, "set_"), "metadata"), "{\"estimatedPrintTime\": 7}");
    json_decref(told);
}

static void sets_added_at_the_same_time_all_join_the_job(void **state)
{
    struct api_server *a = *state;
    struct client c[6];
    char body[100];
    snprintf(body, sizeof body, "path=b.gcode&job=%s", add(a, "Vase", 1));
    for (size_t i = 0; i < 6; i++) {
        char head[300];
        client_open(&c[i], a);
        snprintf(head, sizeof head,
            "POST " CPQ "/set/add HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nX-Api-Key: %s\r\n"
            "Content-Length: %zu\r\n\r\n",
            a->host, a->print, strlen(body));
        client_puts(&c[i], head);
        client_puts(&c[i], body);
    }
    for (size_t i = 0; i < 6; i++) {
        client_until_eof(&c[i]);
        assert_true(str_starts(strbuf_text(&c[i].in), "HTTP/1.1 200"));
        client_close(&c[i]);
    }
    assert_int_equal(first(a)->sets_count, 7);
}

static void what_is_wrong_with_a_set_is_told(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *field;
        const char *text;
    } cases[] = {
        {400, "count=1", "path", "field \"path\" is missing"},
        {400, "path=a.gcode&count=0", "count", "count 0: must be an integer from 1 to 999999"},
        {400, "path=a.gcode&count=-4", "count", "count -4"},
        {400, "path=a.gcode&count=1000000000", "count", "count 1000000000"},
        {400, "path=a.gcode&count=two", "count", "count \"two\""},
        {400, "path=a.gcode&count=1&count=2", "count", "count [\"1\",\"2\"]"},
        {404, "path=gone.gcode", "path", "there is no file \"gone.gcode\""},
        {422, "path=a.gcode&sd=true", "sd", "SD card"},
        {400, "path=a.gcode&profiles[]=pruza-mk3s", "profiles[0]", "\"prusa-mk3s\"?"},
        {400, "path=a.gcode&materials=WOOD!", "materials[0]", "\"WOOD!\""},
        {400, "path=a.gcode&jobDraft=perhaps", "jobDraft", "jobDraft \"perhaps\""},
        {400, "path=a.gcode&cuont=1", "cuont", "did you mean \"count\"?"},
        {400, "json=%7B", "json", "json is not JSON: line 1"},
        {400, "json=7", "json", "json 7: must be an object"},
        {400, "json=%5B%5D", "json", "must be an object"},
        {400, "{\"path\": ", "", "not JSON"},
        {400, "path=%zz", "", "a % needs two hexadecimal digits"},
    };
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        api_refused(a, cases[i].status, a->print, "POST", CPQ "/set/add", cases[i].body,
            cases[i].field, cases[i].text);
    }
    assert_string_equal(names(a), "");
    api_refused(a, 403, a->read, "POST", CPQ "/set/add", "path=a.gcode", "", "print is needed");
}

static void a_profile_may_be_called_as_its_printer_is(void **state)
{
    struct api_server *a = *state;
    json_t *told = post(a, "set/add", "path=a.gcode&profiles[]=Original+Prusa+MK3S");
    const json_t *profiles = json_object_get(json_object_get(told, "set_"), "profiles");
    assert_string_equal(json_string_value(json_array_get(profiles, 0)), "prusa-mk3s");
    json_decref(told);
}

static void a_numbered_command_is_answered_alike_each_time(void **state)
{
    struct api_server *a = *state;
    for (int i = 0; i < 2; i++) {
        struct answer w;
        api_ask(a, &w, a->print, "POST", CPQ "/set/add", FORM "X-Command: farm/1\r\n",
            "path=a.gcode&jobName=Once");
        assert_int_equal(w.status, 200);
        assert_string_equal(text(w.json, "job_id"), first(a)->id);
        assert_string_equal(text(json_object_get(w.json, "set_"), "id"), first(a)->sets[0].id);
        answer_fini(&w);
    }
    assert_string_equal(names(a), "(Once)");
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void an_empty_job_is_a_draft(void **state)
{
    struct api_server *a = *state;
    json_t *job = post(a, "job/add", "json=%7B%22name%22%3A%22Vase%22%7D");
    assert_string_equal(text(job, "name"), "Vase");
    assert_string_equal(text(job, "queue"), "local");
    assert_true(json_is_true(json_object_get(job, "draft")));
    assert_int_equal(json_array_size(json_object_get(job, "sets")), 0);
    json_decref(job);
    json_decref(post(a, "job/add", "json=%7B%22name%22%3Anull%7D"));
    assert_string_equal(names(a), "(Vase)()");
    api_refused(a, 400, a->print, "POST", CPQ "/job/add", "json=%5B%5D", "json", "an object");
    api_refused(a, 400, a->print, "POST", CPQ "/job/add", "{\"name\":7}", "name", "name 7");
    api_refused(a, 403, a->read, "POST", CPQ "/job/add", "", "", "print is needed");
}

static void a_job_is_moved_behind_another_or_to_the_front(void **state)
{
    struct api_server *a = *state;
    char first_id[ID_SIZE];
    char last_id[ID_SIZE];
    char body[200];
    snprintf(first_id, sizeof first_id, "%s", add(a, "A", 1));
    add(a, "B", 1);
    snprintf(last_id, sizeof last_id, "%s", add(a, "C", 1));
    snprintf(body, sizeof body, "id=%s&after_id=&src_queue=local&dest_queue=local", last_id);
    assert_ok(a, "job/mv", body);
    assert_string_equal(names(a), "CAB");
    snprintf(body, sizeof body, "id=%s&after_id=%s&before_id=&src_queue=local", last_id, first_id);
    assert_ok(a, "job/mv", body);
    assert_string_equal(names(a), "ACB");
    snprintf(body, sizeof body, "id=%s&after_id=%s&src_queue=local", last_id, last_id);
    api_refused(a, 400, a->print, "POST", CPQ "/job/mv", body, "after_id", "another job");
    snprintf(body, sizeof body, "id=%s&after_id=17&src_queue=local", last_id);
    api_refused(a, 404, a->print, "POST", CPQ "/job/mv", body, "after_id", "after_id \"17\"");
    snprintf(body, sizeof body, "id=%s&src_queue=local", last_id);
    api_refused(a, 400, a->print, "POST", CPQ "/job/mv", body, "after_id", "is missing");
    snprintf(body, sizeof body, "id=%s&after_id=&src_queue=local&dest_queue=attic", last_id);
    api_refused(a, 404, a->print, "POST", CPQ "/job/mv", body, "dest_queue", "no queue \"attic\"");
    snprintf(body, sizeof body, "id=%s&after_id=&src_queue=attic", last_id);
    api_refused(a, 404, a->print, "POST", CPQ "/job/mv", body, "src_queue", "\"attic\"");
    api_refused(a, 404, a->print, "POST", CPQ "/job/mv", "id=7&after_id=", "id", "id \"7\"");
    api_refused(a, 400, a->print, "POST", CPQ "/job/mv", "after_id=", "id", "is missing");
    api_refused(a, 403, a->read, "POST", CPQ "/job/mv", body, "", "");
    assert_string_equal(names(a), "ACB");
}

/* Sends a whole job back, changed by `change`, which is merged into it. */
static json_t *edit(struct api_server *a, int status, const json_t *shown, const char *change)
{
    json_t *job = json_deep_copy(shown);
    json_t *more = json_loads(change, 0, NULL);
    assert_non_null(more);
    json_object_del(job, "revision");
    json_object_update(job, more);
    char *body = json_dumps(job, JSON_COMPACT);
    json_t *told = api_expect(a, status, a->print, "POST", CPQ "/job/edit", body);
    free(body);
    json_decref(job);
    json_decref(more);
    return told;
}

static json_t *shown(struct api_server *a)
{
    json_t *told = api_expect(a, 200, a->read, "GET", CPQ "/state/get", NULL);
    const json_t *queue = json_array_get(json_object_get(told, "queues"), 0);
    json_t *job = json_deep_copy(json_array_get(json_object_get(queue, "jobs"), 0));
    json_decref(told);
    return job;
}

static void a_job_that_is_sent_back_whole_keeps_what_was_not_changed(void **state)
{
    struct api_server *a = *state;
    add(a, "Vase", 4);
    json_t *before = shown(a);
    json_t *job = edit(a, 200, before, "{\"name\":\"Bowl\",\"count\":3,\"draft\":true}");
    assert_string_equal(text(job, "name"), "Bowl");
    assert_int_equal(number(job, "count"), 3);
    assert_int_equal(number(job, "remaining"), 3);
    assert_string_equal(text(set_at(job, 0), "id"), text(set_at(before, 0), "id"));
    assert_int_equal(number(set_at(job, 0), "count"), 4);
    json_decref(job);
    job = edit(a, 200, before,
        "{\"sets\":[{\"id\":-1,\"path\":\"b.gcode\",\"count\":2,\"sd\":false},"
        "{\"path\":\"a.gcode\",\"count\":1,\"rank\":7.5,\"profiles\":[]}]}");
    assert_int_equal(first(a)->sets_count, 2);
    assert_string_equal(text(set_at(job, 0), "path"), "b.gcode");
    assert_int_equal(number(set_at(job, 0), "remaining"), 2);
    json_decref(job);
    json_decref(before);
}

static void run_one(struct api_server *a, bool begin)
{
    bool done = false;
    struct queue_command c = {
        .revision = -1, .verb = begin ? QUEUE_BEGIN : QUEUE_FINISH, .success = true};
    const struct queue_job *job = first(a);
    snprintf(c.job, sizeof c.job, "%s", job->id);
    snprintf(c.set, sizeof c.set, "%s", job->sets[0].id);
    snprintf(c.run, sizeof c.run, "0192f000-0000-7000-8000-000000000001");
    snprintf(c.printer, sizeof c.printer, "mk3");
    jobs_do(a->jobs, "local", &c, NULL, NULL);
    struct client client;
    client_open(&client, a);
    client_settle(&client);
    client_close(&client);
    (void)done;
}

static void what_is_sent_back_does_not_undo_prints_that_ended_meanwhile(void **state)
{
    struct api_server *a = *state;
    add(a, "Vase", 4);
    json_t *before = shown(a);
    run_one(a, true);
    json_t *now = shown(a);
    assert_true(json_is_true(json_object_get(now, "acquired")));
    json_decref(now);
    run_one(a, false);
    assert_int_equal(first(a)->sets[0].remaining, 3);
    json_t *job = edit(a, 200, before, "{\"name\":\"Bowl\"}");
    assert_int_equal(number(set_at(job, 0), "remaining"), 3);
    assert_int_equal(number(set_at(job, 0), "completed"), 1);
    json_decref(job);
    json_t *set = (json_t *)(uintptr_t)set_at(before, 0);
    json_object_set_new(set, "remaining", json_integer(6)); /* two more, as seen then */
    job = edit(a, 200, before, "{}");
    assert_int_equal(number(set_at(job, 0), "remaining"), 5);
    json_decref(job);
    json_decref(before);
}

static void an_edit_that_cannot_be_says_why(void **state)
{
    struct api_server *a = *state;
    char body[300];
    const char *id = add(a, "Vase", 1);
    static const struct {
        int status;
        const char *change;
        const char *field;
        const char *text;
    } cases[] = {
        {400, "\"count\":0", "count", "count 0: must be"},
        {400, "\"count\":-1", "count", "count -1: must be"},
        {400, "\"count\":1000000000", "count", "count 1000000000"},
        {400, "\"remaining\":0", "remaining", "remaining 0: must be"},
        {409, "\"name\":\"x\",\"revision\":99", "revision", "since revision 99"},
        {404, "\"queue\":\"attic\"", "queue", "no queue \"attic\""},
        {400, "\"queue\":7", "queue", "queue 7"},
        {400, "\"nmae\":\"x\"", "nmae", "did you mean \"name\"?"},
        {400, "\"sets\":[{\"path\":\"a.gcode\",\"count\":0}]", "sets[0].count", "count 0"},
        {404, "\"sets\":[{\"path\":\"no.gcode\"}]", "sets[0].path", "no file \"no.gcode\""},
        {422, "\"sets\":[{\"path\":\"a.gcode\",\"sd\":true}]", "sd", "SD card"},
        {400, "\"sets\":[7]", "sets[0]", "sets[0]: 7"},
        {400, "\"sets\":7", "sets", "sets 7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(body, sizeof body, "{\"id\":\"%s\",%s}", id, cases[i].change);
        api_refused(a, cases[i].status, a->print, "POST", CPQ "/job/edit", body, cases[i].field,
            cases[i].text);
    }
    api_refused(a, 404, a->print, "POST", CPQ "/job/edit", "{\"id\":7}", "id", "id 7: queue");
    api_refused(a, 400, a->print, "POST", CPQ "/job/edit", "", "id", "is missing");
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"queue\":\"local\"}", id);
    json_decref(api_expect(a, 200, a->print, "POST", CPQ "/job/edit", body));
    api_refused(a, 403, a->read, "POST", CPQ "/job/edit", body, "", "");
    assert_int_equal(first(a)->revision, 0);
}

static void jobs_are_removed_and_reset_together_and_counted(void **state)
{
    struct api_server *a = *state;
    char ids[2][ID_SIZE];
    char body[200];
    snprintf(ids[0], ID_SIZE, "%s", add(a, "A", 3));
    snprintf(ids[1], ID_SIZE, "%s", add(a, "B", 1));
    run_one(a, true);
    snprintf(body, sizeof body, "queue=local&job_ids[]=%s&job_ids[]=%s", ids[0], ids[1]);
    api_refused(a, 409, a->print, "POST", CPQ "/job/rm", body, "", "mk3");
    api_refused(a, 409, a->print, "POST", CPQ "/job/reset", body, "", "mk3");
    run_one(a, false);
    assert_int_equal(first(a)->sets[0].remaining, 2);
    json_t *told = post(a, "job/reset", body);
    assert_int_equal(number(told, "num_updated"), 2);
    assert_int_equal(first(a)->sets[0].remaining, 3);
    json_decref(told);
    told = post(a, "job/rm", body);
    assert_int_equal(number(told, "jobs_deleted"), 2);
    assert_int_equal(number(told, "sets_deleted"), 2);
    json_decref(told);
    assert_string_equal(names(a), "");
    api_refused(a, 404, a->print, "POST", CPQ "/job/rm", body, "job_ids", ids[0]);
    api_refused(a, 400, a->print, "POST", CPQ "/job/rm", "queue=local", "job_ids", "missing");
    api_refused(a, 404, a->print, "POST", CPQ "/job/reset", "queue=x&job_ids=1", "queue", "\"x\"");
    api_refused(a, 404, a->print, "POST", CPQ "/job/reset", "job_ids=1", "job_ids", "\"1\"");
    api_refused(a, 403, a->read, "POST", CPQ "/job/rm", body, "", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_state_has_queues_with_jobs_with_sets),
        TEST(managing_is_switched_by_what_clients_call_true),
        TEST(a_set_makes_a_draft_of_its_own_or_joins_a_job),
        TEST(sets_added_at_the_same_time_all_join_the_job),
        TEST(what_is_wrong_with_a_set_is_told),
        TEST(a_profile_may_be_called_as_its_printer_is),
        TEST(a_numbered_command_is_answered_alike_each_time),
        TEST(an_empty_job_is_a_draft),
        TEST(a_job_is_moved_behind_another_or_to_the_front),
        TEST(a_job_that_is_sent_back_whole_keeps_what_was_not_changed),
        TEST(what_is_sent_back_does_not_undo_prints_that_ended_meanwhile),
        TEST(an_edit_that_cannot_be_says_why),
        TEST(jobs_are_removed_and_reset_together_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
