// link: ppnet
#include "net/registry_load.h"

#include "host/base/file.h"
#include "host/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_bench.h"
#include "tempdir.h"

#define DATA      PP_SOURCE_DIR "/tests/data/"
#define YAML      DATA "peerprint/registry.yaml"
#define FOLDER_V1 "bafybeig2dgcb7aybl3lgpbfxdd4yjvo52n6jhp37k5mydt6n7gzaiqhg5a"
#define FILE_V1   "bafkreida3r7rbfi7c2fyqlgmut7e44xb6nni4p4jgx5zgteskw2l77e7j4"

static uv_loop_t loop;
static struct dns_bench server;
static char dir[TEMPDIR_SIZE];
static struct registry_load *load;
static const char *const gateways[] = {"https://gateway.example", NULL};
static struct registry_load_options options;

/* A GET that is to be answered on the next turn of the loop. */
static struct {
    uv_timer_t timer;
    uint64_t id;
    char url[600];
    bool down;
    const char *yaml; /* what https://example.org/r.yaml has */
} web;

static struct {
    unsigned calls;
    bool has_registry;
    bool kept;
    char name[64]; /* of the first queue */
    char cid[80];
    struct err problem;
    bool closed;
} told;

static void loaded(void *context, const struct registry_loaded *l)
{
    assert_ptr_equal(context, &told);
    told.calls++;
    told.has_registry = l->registry != NULL;
    told.kept = l->kept;
    told.name[0] = '\0';
    if (l->registry != NULL) {
        str_copy(told.name, sizeof told.name, l->registry->queues[0].name,
            strlen(l->registry->queues[0].name));
    }
    str_copy(told.cid, sizeof told.cid, l->cid, strlen(l->cid));
    told.problem = l->problem != NULL ? *l->problem : (struct err){0};
}

static void answer(uv_timer_t *t)
{
    struct strbuf bytes = {0};
    struct err e = {0};
    char path[512];
    (void)t;
    uint64_t id = web.id;
    web.id = 0;
    const char *begin = strstr(web.url, "/ipfs/");
    if (web.down) {
        err_set(&e, PP_EOFFLINE, "nobody there");
    } else if (begin == NULL && web.yaml != NULL) {
        strbuf_puts(&bytes, web.yaml);
    } else {
        snprintf(path, sizeof path, DATA "ipfs/%.*s",
            begin != NULL ? (int)strcspn(begin + 6, "?") : 0, begin != NULL ? begin + 6 : "");
        file_read(path, 1 << 20, &bytes, &e);
    }
    assert_false(registry_load_got(load, id + 1, NULL, 0, NULL));
    assert_true(registry_load_got(load, id, bytes.data, bytes.len, e.code != 0 ? &e : NULL));
    strbuf_fini(&bytes);
}

static void get(void *context, uint64_t id, const char *url, const char *accept, size_t limit)
{
    assert_ptr_equal(context, &web);
    assert_int_equal(web.id, 0);
    assert_true(id >> 32 == 7);
    assert_true(limit > 0);
    (void)accept;
    web.id = id;
    str_copy(web.url, sizeof web.url, url, strlen(url));
    uv_timer_start(&web.timer, answer, 0, 0);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(identity_init(), 0);
    tempdir_make(dir);
    assert_int_equal(uv_loop_init(&loop), 0);
    dns_bench_open(&server, &loop);
    memset(&web, 0, sizeof web);
    memset(&told, 0, sizeof told);
    uv_timer_init(&loop, &web.timer);
    options = (struct registry_load_options){.where = YAML,
        .name = "Prints für/alle",
        .folder = dir,
        .gateways = gateways,
        .nameserver = server.address,
        .first_id = UINT64_C(7) << 32,
        .get = get,
        .get_context = &web,
        .loaded = loaded,
        .context = &told};
    return 0;
}

static void closed(void *context)
{
    assert_ptr_equal(context, &told);
    told.closed = true;
}

static void stop(void)
{
    registry_load_close(load, closed, &told);
    uv_timer_stop(&web.timer);
    web.id = 0;
    while (!told.closed) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    told.closed = false;
    load = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    if (load != NULL) {
        stop();
    }
    dns_bench_close(&server);
    uv_close((uv_handle_t *)&web.timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    tempdir_remove(dir);
    return 0;
}

static void wait_told(unsigned calls)
{
    while (told.calls < calls) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    assert_int_equal(told.calls, calls);
}

static void start(const char *where)
{
    struct err e = {0};
    options.where = where;
    told.calls = 0;
    if (registry_load_open(&load, &loop, &options, &e) != 0) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(told.calls, 0);
    wait_told(1);
}

static void is_well(const char *cid)
{
    assert_string_equal(told.problem.text, "");
    assert_string_equal(told.name, "workshop");
    assert_string_equal(told.cid, cid);
    assert_false(told.kept);
}

static void a_file_is_loaded(void **state)
{
    (void)state;
    start(YAML);
    is_well("");
}

static void a_domain_leads_to_blocks_of_a_gateway(void **state)
{
    (void)state;
    server.names[0].name = "_dnslink.registry.example.org";
    server.names[0].records[0] = "dnslink=/ipfs/" FOLDER_V1;
    start("example.org");
    is_well(FILE_V1);
    assert_string_equal(web.url, "https://gateway.example/ipfs/" FILE_V1 "?format=raw");
}

static void what_was_right_once_stands_in_when_the_source_is_away(void **state)
{
    (void)state;
    start("ipfs://" FOLDER_V1);
    is_well(FILE_V1);
    stop();
    assert_int_equal(access(tempdir_path(dir, "registry-Prints%20f%C3%BCr%2Falle.yaml"), F_OK), 0);
    web.down = true;
    start("ipfs://" FOLDER_V1);
    assert_true(told.kept);
    assert_string_equal(told.name, "workshop");
    assert_string_equal(told.cid, FILE_V1);
    assert_non_null(strstr(told.problem.text, "no gateway has it"));
    stop();
    start("ipfs://" FILE_V1); /* another place: what is kept is not from there */
    assert_false(told.has_registry);
    assert_false(told.kept);
    assert_int_equal(told.problem.code, PP_EOFFLINE);
}

/* On a busy machine it may be loaded once more before a change is seen. */
static void wait_registry(bool there)
{
    while (told.has_registry != there) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static void it_is_loaded_again_and_again(void **state)
{
    struct strbuf text = {0};
    (void)state;
    assert_int_equal(file_read(YAML, 100000, &text, NULL), 0);
    web.yaml = text.data;
    options.period_ms = 5;
    options.retry_ms = 1;
    start("https://example.org/r.yaml");
    is_well("");
    wait_told(2);
    is_well("");
    web.down = true; /* what was loaded goes on to count: only the problem is told */
    wait_registry(false);
    assert_string_equal(told.problem.text, "nobody there");
    web.down = false;
    wait_registry(true);
    is_well("");
    web.yaml = "queues:\n- name: 'TODO: name it'\n";
    wait_registry(false);
    assert_string_equal(told.problem.text, "https://example.org/r.yaml:2:9: name: \"TODO: name "
                                           "it\": a TODO was left; say what it asks "
                                           "for (and more: pphost registry check)");
    strbuf_fini(&text);
}

static void mistakes_at_the_first_time_leave_nothing(void **state)
{
    (void)state;
    web.yaml = "queues: []\n";
    start("https://example.org/r.yaml");
    assert_false(told.has_registry);
    assert_string_equal(
        told.problem.text, "https://example.org/r.yaml:1:9: queues: \"[...]\": must not be empty");
    stop();
    start("/nonexistent/registry.yaml");
    assert_false(told.has_registry);
    assert_int_equal(told.problem.code, PP_ENOTFOUND);
    web.yaml = "queues: []\n";
}

static void no_place_is_refused_at_once(void **state)
{
    struct err e;
    (void)state;
    options.where = "workshop";
    assert_int_equal(registry_load_open(&load, &loop, &options, &e), -PP_EINVAL);
    assert_null(load);
    assert_non_null(strstr(e.text, "\"workshop\": must be a path, https://"));
}

/* At every moment: while a file is read, while DNS and a gateway are waited for. */
static void it_can_be_closed_at_any_time(void **state)
{
    static const char *const places[] = {YAML, "example.org", ("ipfs://" FOLDER_V1)};
    (void)state;
    server.names[0].name = "_dnslink.registry.example.org";
    server.names[0].records[0] = "dnslink=/ipfs/" FOLDER_V1;
    for (size_t i = 0; i < 3; i++) {
        for (int turns = 0; turns < 6; turns++) {
            struct err e;
            told.calls = 0;
            options.where = places[i];
            assert_int_equal(registry_load_open(&load, &loop, &options, &e), 0);
            for (int turn = 0; turn < turns && told.calls == 0; turn++) {
                uv_run(&loop, UV_RUN_ONCE);
            }
            unsigned calls = told.calls;
            stop();
            assert_int_equal(told.calls, calls);
        }
    }
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_loaded),
        cmocka_unit_test(a_domain_leads_to_blocks_of_a_gateway),
        cmocka_unit_test(what_was_right_once_stands_in_when_the_source_is_away),
        cmocka_unit_test(it_is_loaded_again_and_again),
        cmocka_unit_test(mistakes_at_the_first_time_leave_nothing),
        cmocka_unit_test(no_place_is_refused_at_once),
        cmocka_unit_test(it_can_be_closed_at_any_time),
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
