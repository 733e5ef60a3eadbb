// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* Queues that are shared, over HTTP: settings, hosts, jobs that go from one to another, requests to
 * other hosts. */
#include "tests/unit/http_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define QUEUES "/api/v1/queues"
#define LAN    QUEUES "/LAN"
#define JOB    "/api/v1/jobs/Vase"

static int set_up_alone(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, false);
    api_server_add_file(a, "a.gcode");
    json_decref(api_expect(a, 201, a->print, "POST", "/api/v1/jobs",
        "{\"name\":\"Vase\",\"sets\":[{\"path\":\"a.gcode\",\"profiles\":[\"virtual\"]}]}"));
    *state = a;
    return 0;
}

static int set_up(void **state)
{
    set_up_alone(state);
    api_server_share(*state);
    return 0;
}

static void enable_lan(struct api_server *a)
{
    json_decref(api_expect(a, 200, a->admin, "PATCH", LAN, "{\"enabled\":true}"));
}

/* ---- settings */

static void the_list_has_the_local_queue_and_one_for_this_network_which_is_off(void **state)
{
    struct api_server *a = *state;
    json_t *doc = api_expect(a, 200, a->read, "GET", QUEUES, NULL);
    const json_t *list = json_object_get(doc, "queues");
    const json_t *lan = json_array_get(list, 1);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text(json_array_get(list, 0), "name"), "local");
    assert_string_equal(text(lan, "name"), "LAN");
    assert_string_equal(text(lan, "kind"), "lan");
    assert_string_equal(text(lan, "namespace"), "LAN");
    assert_string_equal(text(lan, "address"), "auto");
    assert_true(json_is_false(json_object_get(lan, "enabled")));
    assert_true(json_is_false(json_object_get(lan, "locked")));
    assert_true(json_is_false(json_object_get(lan, "joined")));
    assert_true(json_is_null(json_object_get(lan, "leader")));
    json_decref(doc);
}

static void a_key_is_kept_and_never_shown(void **state)
{
    struct api_server *a = *state;
    json_t *lan =
        api_expect(a, 200, a->admin, "PATCH", LAN, "{\"enabled\":true,\"key\":\"only we know\"}");
    char *shown = json_dumps(lan, 0);
    assert_true(json_is_true(json_object_get(lan, "locked")));
    assert_null(strstr(shown, "only we know"));
    assert_string_equal(a->network.checked, "LAN");
    free(shown);
    json_decref(lan);
}

static void a_queue_is_added_edited_and_removed(void **state)
{
    struct api_server *a = *state;
    json_t *q = api_expect(a, 201, a->admin, "POST", QUEUES,
        "{\"name\":\"shed\",\"address\":\"0.0.0.0:6789\",\"replicas\":3,\"strategy\":"
        "\"oldest-first\",\"claim_timeout_ms\":600000,\"control\":\"no\",\"accept\":\"model\"}");
    assert_string_equal(text(q, "kind"), "lan");
    assert_string_equal(text(q, "address"), "0.0.0.0:6789");
    assert_string_equal(text(q, "strategy"), "oldest-first");
    assert_string_equal(text(q, "control"), "no");
    assert_string_equal(text(q, "accept"), "model");
    assert_int_equal(number(q, "replicas"), 3);
    assert_true(json_is_true(json_object_get(q, "enabled")));
    json_decref(q);
    q = api_expect(a, 200, a->admin, "PATCH", QUEUES "/shed", "{\"enabled\":false,\"rank\":0}");
    assert_true(json_is_false(json_object_get(q, "enabled")));
    json_decref(q);
    q = api_expect(a, 200, a->read, "GET", QUEUES, NULL);
    assert_string_equal(text(json_array_get(json_object_get(q, "queues"), 0), "name"), "shed");
    json_decref(q);
    api_expect(a, 204, a->admin, "DELETE", QUEUES "/shed", NULL);
    api_refused(
        a, 404, a->read, "GET", QUEUES "/shed", NULL, "queue", "must be \"local\", \"LAN\"");
}

static void a_queue_with_a_registry_is_a_wan_queue(void **state)
{
    struct api_server *a = *state;
    json_t *q = api_expect(a, 201, a->admin, "POST", QUEUES,
        "{\"name\":\"world\",\"registry\":\"print.example.org\"}");
    assert_string_equal(text(q, "kind"), "wan");
    assert_string_equal(text(q, "registry"), "print.example.org");
    json_decref(q);
}

static void what_is_wrong_with_a_queue_is_said_by_field(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *field;
        const char *text;
    } rows[] = {
        {"{}", 400, "name", "\"name\" is missing"},
        {"{\"name\":\"\"}", 400, "name", "name"},
        {"{\"name\":\"LAN\"}", 409, "name", "\"LAN\": there is a queue of that name already"},
        {"{\"name\":\"local\"}", 400, "name", "\"local\": this name is the host's own"},
        {"{\"name\":\"archive\"}", 400, "name", "\"archive\": this name is the host's own"},
        {"{\"name\":\"a\\u0007b\"}", 400, "name", "control characters"},
        {"{\"name\":\"q\",\"kind\":\"ring\"}", 400, "kind", "\"ring\": must be one of lan, wan"},
        {"{\"name\":\"q\",\"kind\":\"wan\"}", 400, "registry", "found through one"},
        {"{\"name\":\"q\",\"kind\":\"lan\",\"registry\":\"r.yaml\"}", 400, "registry",
            "\"r.yaml\": only a queue of kind wan has one"},
        {"{\"name\":\"q\",\"registry\":\"r.yaml\",\"key\":\"k\"}", 400, "key", "kind lan"},
        {"{\"name\":\"q\",\"strategy\":\"best\"}", 400, "strategy", "\"best\": must be in-order"},
        {"{\"name\":\"q\",\"control\":\"maybe\"}", 400, "control",
            "\"maybe\": must be one of keyed"},
        {"{\"name\":\"q\",\"accept\":\"some\"}", 400, "accept", "\"some\": must be one of all"},
        {"{\"name\":\"q\",\"replicas\":0}", 400, "replicas", "replicas 0: must be"},
        {"{\"name\":\"q\",\"replicas\":11}", 400, "replicas", "replicas 11: must be"},
        {"{\"name\":\"q\",\"claim_timeout_ms\":119999}", 400, "claim_timeout_ms",
            "119999: must be"},
        {"{\"name\":\"q\",\"rank\":65}", 400, "rank", "rank 65: must be"},
        {"{\"name\":\"q\",\"colour\":\"red\"}", 400, "colour", "unknown field"},
        {"{\"name\":\"0123456789012345678901234567890123456789012345678901234567890123\"}", 400,
            "name", "name"},
    };
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        api_refused(
            a, rows[i].status, a->admin, "POST", QUEUES, rows[i].body, rows[i].field, rows[i].text);
    }
    json_t *doc = api_expect(a, 200, a->read, "GET", QUEUES, NULL);
    assert_int_equal(json_array_size(json_object_get(doc, "queues")), 2);
    json_decref(doc);
}

static void an_address_that_cannot_be_had_is_said_and_the_old_setting_stays(void **state)
{
    struct api_server *a = *state;
    err_field(&a->network.next, PP_EBUSY, "address", "port 80 is in use by another program");
    api_refused(a, 409, a->admin, "PATCH", LAN, "{\"address\":\"0.0.0.0:80\"}", "address",
        "port 80 is in use by another program");
    json_t *lan = api_expect(a, 200, a->read, "GET", LAN, NULL);
    assert_string_equal(text(lan, "address"), "auto");
    json_decref(lan);
}

static void the_local_queue_has_neither_key_nor_end(void **state)
{
    struct api_server *a = *state;
    api_refused(a, 400, a->admin, "PATCH", QUEUES "/local", "{\"key\":\"k\"}", "key", "unknown");
    api_refused(a, 400, a->admin, "DELETE", QUEUES "/local", NULL, "", "local");
    api_refused(a, 404, a->admin, "DELETE", QUEUES "/lan", NULL, "queue", "no queue \"lan\"");
    api_refused(a, 403, a->print, "POST", QUEUES, "{\"name\":\"q\"}", "", "");
    api_refused(a, 403, a->print, "PATCH", LAN, "{\"control\":\"yes\"}", "", "admin is needed");
    json_decref(
        api_expect(a, 200, a->print, "PATCH", QUEUES "/local", "{\"strategy\":\"in-order\"}"));
}

/* Who may print may not let others in. */
static void how_a_queue_is_shared_is_the_owners_affair(void **state)
{
    static const char *const bodies[] = {"{\"key\":\"\"}", "{\"enabled\":true}",
        "{\"control\":\"yes\"}", "{\"accept\":\"all\"}", "{\"identity\":\"/etc/shadow\"}",
        "{\"registry\":\"/etc/shadow\"}", "{\"namespace\":\"x\"}", "{\"address\":\"0.0.0.0\"}",
        "{\"replicas\":1}", "{\"claim_timeout_ms\":60000}", "{\"rank\":0,\"key\":\"\"}"};
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        api_refused(a, 403, a->print, "PATCH", LAN, bodies[i], "", "admin is needed");
    }
    json_decref(
        api_expect(a, 200, a->print, "PATCH", LAN, "{\"strategy\":\"oldest-first\",\"rank\":0}"));
    json_decref(api_expect(a, 200, a->print, "PATCH", QUEUES "/local", "{\"share\":true}"));
}

/* ---- hosts */

static void the_header_of_a_joined_queue_tells_hosts_leader_and_hints(void **state)
{
    struct api_server *a = *state;
    struct net_queue_status *s = &a->network.status;
    enable_lan(a);
    a->network.joined = true;
    *s = (struct net_queue_status){.kind = NET_LAN, .role = NET_CLIENT, .connected = true};
    s->peers = s->peers_low = s->peers_high = 3;
    s->voters = 3;
    s->voters_linked = 2;
    snprintf(s->leader, sizeof s->leader, "12D3KooWleader");
    snprintf(s->hints[0], sizeof s->hints[0], "queue \"lan\" is near");
    json_array_append_new(a->network.peers,
        json_pack("{s:s, s:s, s:b}", "peer", "12D3KooWleader", "name", "shed", "self", false));
    json_t *lan = api_expect(a, 200, a->read, "GET", LAN, NULL);
    assert_string_equal(text(json_object_get(lan, "leader"), "name"), "shed");
    assert_int_equal(number(json_object_get(lan, "peers"), "count"), 3);
    assert_true(json_is_true(json_object_get(json_object_get(lan, "peers"), "exact")));
    assert_int_equal(number(lan, "voters_linked"), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(lan, "hints"), 0)),
        "queue \"lan\" is near");
    json_decref(lan);
    json_t *doc = api_expect(a, 200, a->read, "GET", "/api/v1/peers?queue=LAN", NULL);
    assert_int_equal(json_array_size(json_object_get(doc, "peers")), 1);
    assert_int_equal(json_array_size(json_object_get(doc, "moves")), 0);
    json_decref(doc);
    api_refused(a, 404, a->read, "GET", "/api/v1/peers?queue=lan", NULL, "queue", "\"lan\"");
}

static void a_takeover_is_a_persons_act_and_may_be_refused(void **state)
{
    struct api_server *a = *state;
    enable_lan(a);
    json_decref(api_expect(a, 200, a->admin, "POST", LAN "/takeover", "{}"));
    assert_string_equal(a->network.taken_over, "LAN");
    err_set(&a->network.next, PP_ESTATE, "it has a leader: nothing is to be taken over");
    api_refused(a, 409, a->admin, "POST", LAN "/takeover", "{}", "", "it has a leader");
    api_refused(a, 403, a->print, "POST", LAN "/takeover", "{}", "", "");
}

static void a_host_alone_says_that_it_shares_nothing(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    api_refused(a, 503, a->admin, "POST", QUEUES, "{\"name\":\"shed\"}", "", "shares no queues");
    api_refused(a, 503, a->admin, "PATCH", LAN, "{\"enabled\":true}", "", "shares no queues");
    api_refused(a, 503, a->admin, "POST", LAN "/takeover", "{}", "", "shares no queues");
    api_refused(
        a, 503, a->print, "POST", JOB "/move", "{\"queue\":\"LAN\"}", "queue", "shares no queues");
    api_refused(a, 503, a->print, "POST", "/api/v1/jobs",
        "{\"queue\":\"LAN\",\"sets\":[{\"path\":\"a.gcode\"}]}", "queue", "shares no queues");
    json_t *doc = api_expect(a, 200, a->read, "GET", "/api/v1/peers", NULL);
    assert_int_equal(json_array_size(json_object_get(doc, "peers")), 0);
    json_decref(doc);
    api_ask(a, &w, a->read, "GET", "/api/v1/status", "X-Host: shed\r\n", NULL);
    assert_int_equal(w.status, 503);
    assert_string_equal(answer_error(&w, "field"), "X-Host");
    answer_fini(&w);
    doc =
        api_expect(a, 200, a->read, "GET", "/api/v1/jobs", NULL); /* and nothing was left behind */
    assert_int_equal(number(doc, "total"), 1);
    json_decref(doc);
}

/* ---- jobs from queue to queue */

static void a_job_that_moves_to_a_shared_queue_is_answered_when_it_is_there(void **state)
{
    struct api_server *a = *state;
    enable_lan(a);
    json_t *job = api_expect(a, 200, a->print, "POST", JOB "/move", "{\"queue\":\"LAN\"}");
    assert_string_equal(text(job, "name"), "Vase");
    assert_non_null(strstr(a->network.moved, "local "));
    assert_non_null(strstr(a->network.moved, " LAN \"\" print"));
    json_decref(job);
    json_decref(
        api_expect(a, 200, a->print, "POST", JOB "/move", "{\"queue\":\"LAN\",\"position\":1}"));
    assert_non_null(strstr(a->network.moved, " LAN \"-\" print"));
}

static void a_move_that_is_refused_says_why(void **state)
{
    struct api_server *a = *state;
    api_refused(a, 409, a->print, "POST", JOB "/move", "{\"queue\":\"LAN\"}", "queue",
        "queue \"LAN\" is not enabled");
    enable_lan(a);
    api_refused(
        a, 404, a->print, "POST", JOB "/move", "{\"queue\":\"lan\"}", "queue", "no queue \"lan\"");
    err_field(&a->network.next, PP_EINVAL, "sets[0]", "\"a.gcode\" names no profile");
    api_refused(a, 400, a->print, "POST", JOB "/move", "{\"queue\":\"LAN\"}", "sets[0]",
        "names no profile");
    json_t *job = api_expect(a, 200, a->read, "GET", JOB, NULL);
    assert_string_equal(text(job, "queue"), "local");
    json_decref(job);
}

/* ---- moves that take long */

static void ask_move(struct api_server *a, struct client *c)
{
    char text[400];
    snprintf(text, sizeof text,
        "POST " JOB "/move HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nX-Api-Key: %s\r\n"
        "Content-Length: 15\r\n\r\n{\"queue\":\"LAN\"}",
        a->host, a->print);
    client_open(c, a);
    client_puts(c, text);
    while (a->network.move_done == NULL) {
        client_settle(c);
    }
}

static void a_move_is_waited_for(void **state)
{
    struct api_server *a = *state;
    struct client c;
    enable_lan(a);
    a->network.slow = true;
    ask_move(a, &c);
    assert_string_equal(strbuf_text(&c.in), "");
    fake_network_moved(&a->network, PP_EREFUSED, "nobody wants it");
    client_until_eof(&c);
    assert_non_null(strstr(strbuf_text(&c.in), " 422 "));
    assert_non_null(strstr(strbuf_text(&c.in), "nobody wants it"));
    client_close(&c);
}

static void who_does_not_wait_for_a_move_does_not_stop_it(void **state)
{
    struct api_server *a = *state;
    struct client c;
    enable_lan(a);
    a->network.slow = true;
    ask_move(a, &c);
    shutdown(c.fd, SHUT_RDWR);
    client_settle(&c);
    fake_network_moved(&a->network, 0, "");
    client_settle(&c);
    client_close(&c);
    json_decref(api_expect(a, 200, a->read, "GET", JOB, NULL));
}

static void a_job_made_in_a_shared_queue_is_made_once_and_sent_there(void **state)
{
    struct api_server *a = *state;
    enable_lan(a);
    json_t *job = api_expect(a, 201, a->print, "POST", "/api/v1/jobs",
        "{\"name\":\"Pot\",\"queue\":\"LAN\",\"sets\":[{\"path\":\"a.gcode\",\"profiles\":["
        "\"virtual\"]}]}");
    assert_true(json_is_true(json_object_get(job, "moving")));
    json_decref(job);
    json_t *doc = api_expect(a, 200, a->read, "GET", "/api/v1/jobs", NULL);
    assert_int_equal(number(doc, "total"), 2);
    json_decref(doc);
}

static void one_that_the_shared_queue_does_not_want_is_nowhere_afterwards(void **state)
{
    struct api_server *a = *state;
    enable_lan(a);
    err_set(&a->network.next, PP_EREFUSED, "none of the 3 printers has a profile");
    api_refused(a, 422, a->print, "POST", "/api/v1/jobs",
        "{\"name\":\"Pot\",\"queue\":\"LAN\",\"sets\":[{\"path\":\"a.gcode\",\"profiles\":["
        "\"virtual\"]}]}",
        "", "none of the 3 printers");
    api_refused(a, 404, a->read, "GET", "/api/v1/jobs/Pot", NULL, "", "Pot");
    json_t *doc = api_expect(a, 200, a->read, "GET", "/api/v1/jobs?queue=archive", NULL);
    assert_int_equal(number(doc, "total"), 0);
    json_decref(doc);
}

static void packages_go_into_the_local_queue_alone(void **state)
{
    struct api_server *a = *state;
    enable_lan(a);
    api_refused(a, 400, a->print, "POST", "/api/v1/jobs/import",
        "{\"file\":\"a.gjob\",\"queue\":\"LAN\"}", "queue", "imported into the local queue");
}

/* ---- requests to other hosts */

static int ask_shed(
    struct api_server *a, struct answer *w, const char *method, const char *path, const char *body)
{
    api_ask(a, w, a->admin, method, path, "X-Host: shed\r\n", body);
    return w->status;
}

static void a_request_for_another_host_goes_there_with_who_asks(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    a->network.answer = "{\"status\":201,\"type\":\"application/"
                        "json\",\"body\":\"{\\\"state\\\":\\\"paused\\\"}\"}";
    assert_int_equal(ask_shed(a, &w, "POST", "/api/v1/pause?when=a%20b", "{}"), 201);
    assert_string_equal(text(w.json, "state"), "paused");
    assert_string_equal(a->network.asked, "shed local POST /api/v1/pause?when=a%20b {}");
    answer_fini(&w);
    a->network.answer = "{\"status\":204,\"type\":\"\",\"body\":\"\"}";
    assert_int_equal(ask_shed(a, &w, "DELETE", JOB, NULL), 204);
    answer_fini(&w);
    api_ask(a, &w, a->admin, "GET", "/api/v1/status", "X-Host: mk3\r\n", NULL); /* that is us */
    assert_int_equal(w.status, 200);
    assert_string_equal(text(w.json, "name"), "mk3");
    answer_fini(&w);
}

static void what_another_host_answers_is_read_with_care(void **state)
{
    static const char *const answers[] = {"", "[]", "{", "{\"status\":200}",
        "{\"status\":99,\"type\":\"a\",\"body\":\"\"}",
        "{\"status\":600,\"type\":\"a\",\"body\":\"\"}",
        "{\"status\":\"200\",\"type\":\"a\",\"body\":\"\"}"};
    struct api_server *a = *state;
    struct answer w;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        a->network.answer = answers[i];
        assert_int_not_equal(ask_shed(a, &w, "GET", "/api/v1/status", NULL), 200);
        assert_non_null(strstr(answer_error(&w, "message"), "no answer"));
        answer_fini(&w);
    }
    err_set(&a->network.next, PP_ENOTFOUND, "there is no host \"shed\" in a network queue");
    assert_int_equal(ask_shed(a, &w, "GET", "/api/v1/status", NULL), 404);
    assert_non_null(strstr(answer_error(&w, "message"), "no host \"shed\""));
    answer_fini(&w);
}

/* A page of another host's making is none of ours. */
static void another_hosts_answer_is_data_whatever_it_calls_itself(void **state)
{
    static const char *const types[] = {"text/html", "text/html; charset=utf-8", "image/svg+xml",
        "application/json\\r\\nSet-Cookie: a=b", "application/javascript", ""};
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char doc[300];
        struct answer w;
        snprintf(doc, sizeof doc,
            "{\"status\":200,\"type\":\"%s\",\"body\":\"<script>alert(1)</script>\"}", types[i]);
        a->network.answer = doc;
        assert_int_equal(ask_shed(a, &w, "GET", "/api/v1/status", NULL), 200);
        assert_string_equal(answer_header(&w, "Content-Type"), "text/plain; charset=utf-8");
        assert_string_equal(answer_header(&w, "X-Content-Type-Options"), "nosniff");
        assert_string_equal(answer_header(&w, "Set-Cookie"), "");
        answer_fini(&w);
    }
}

static void files_and_other_dialects_are_not_asked_of_another_host(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    a->network.answer = "";
    assert_int_equal(ask_shed(a, &w, "PUT", "/api/v1/files/b.gcode", "G28\n"), 400);
    assert_string_equal(answer_error(&w, "field"), "X-Host");
    answer_fini(&w);
    assert_int_equal(ask_shed(a, &w, "GET", "/plugin/continuousprint/state/get", NULL), 400);
    answer_fini(&w);
    assert_string_equal(a->network.asked, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(the_list_has_the_local_queue_and_one_for_this_network_which_is_off),
        T(a_key_is_kept_and_never_shown),
        T(a_queue_is_added_edited_and_removed),
        T(a_queue_with_a_registry_is_a_wan_queue),
        T(what_is_wrong_with_a_queue_is_said_by_field),
        T(an_address_that_cannot_be_had_is_said_and_the_old_setting_stays),
        T(the_local_queue_has_neither_key_nor_end),
        T(how_a_queue_is_shared_is_the_owners_affair),
        T(the_header_of_a_joined_queue_tells_hosts_leader_and_hints),
        T(a_takeover_is_a_persons_act_and_may_be_refused),
        cmocka_unit_test_setup_teardown(
            a_host_alone_says_that_it_shares_nothing, set_up_alone, tear_down),
        T(a_job_that_moves_to_a_shared_queue_is_answered_when_it_is_there),
        T(a_move_that_is_refused_says_why),
        T(a_move_is_waited_for),
        T(who_does_not_wait_for_a_move_does_not_stop_it),
        T(a_job_made_in_a_shared_queue_is_made_once_and_sent_there),
        T(one_that_the_shared_queue_does_not_want_is_nowhere_afterwards),
        T(packages_go_into_the_local_queue_alone),
        T(a_request_for_another_host_goes_there_with_who_asks),
        T(what_another_host_answers_is_read_with_care),
        T(another_hosts_answer_is_data_whatever_it_calls_itself),
        T(files_and_other_dialects_are_not_asked_of_another_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
