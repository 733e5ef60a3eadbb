// link: ppnet
#include "net/dns.h"

#include "host/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_bench.h"

static uv_loop_t loop;
static struct dns_bench server;
static char *records[DNS_RECORDS_MAX];
static size_t count;
static struct err error;
static unsigned calls;

static void forget(void)
{
    for (size_t i = 0; i < count; i++) {
        free(records[i]);
    }
    count = 0;
    calls = 0;
    error = (struct err){0};
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    dns_bench_open(&server, &loop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dns_bench_close(&server);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    forget();
    return 0;
}

static void take(void *context, const char *const *found, size_t n, const struct err *e)
{
    assert_ptr_equal(context, &server);
    calls++;
    error = e != NULL ? *e : (struct err){0};
    for (size_t i = 0; i < n; i++) {
        records[count++] = mem_strdup(found[i]);
    }
}

static void ask(const char *name)
{
    forget();
    dns_txt(&loop, name, server.address, take, &server);
    while (calls == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
}

static void all_records_of_a_name_are_told(void **state)
{
    (void)state;
    server.names[0].name = "_dnslink.example.org";
    server.names[0].records[0] = "v=spf1 -all";
    server.names[0].records[1] = "dnslink=/ipfs/bafy";
    ask("_dnslink.example.org");
    assert_int_equal(error.code, 0);
    assert_int_equal(count, 2);
    assert_string_equal(records[0], "v=spf1 -all");
    assert_string_equal(records[1], "dnslink=/ipfs/bafy");
}

static void pieces_are_joined_and_what_is_long_comes_by_tcp(void **state)
{
    static char piece[301];
    (void)state;
    memset(piece, 'a', 300);
    server.names[0].name = "example.org";
    server.names[0].records[0] = piece;
    server.names[0].records[1] = piece;
    ask("example.org");
    assert_int_equal(error.code, 0);
    assert_int_equal(server.by_tcp, 1);
    assert_int_equal(count, 2);
    assert_string_equal(records[1], piece);
}

static void a_name_that_is_not_there_is_not_the_same_as_no_answer(void **state)
{
    (void)state;
    ask("none.example.org");
    assert_int_equal(error.code, PP_ENOTFOUND);
    assert_string_equal(error.text, "DNS: there is no name \"none.example.org\"");
    server.names[0].name = "empty.example.org";
    ask("empty.example.org");
    assert_int_equal(error.code, PP_ENOTFOUND);
    assert_string_equal(error.text, "DNS: \"empty.example.org\" has no TXT record");
    server.mood = DNS_BENCH_BROKEN;
    ask("none.example.org");
    assert_int_equal(error.code, PP_ETIMEOUT);
    assert_string_equal(error.text, "DNS: no name server has answered for \"none.example.org\"");
}

static void nonsense_is_no_record(void **state)
{
    unsigned char bytes[64] = {0};
    char *found[DNS_RECORDS_MAX];
    size_t n;
    (void)state;
    assert_int_equal(dns_read_txt(bytes, 11, found, &n, &error), -PP_EPROTO);
    assert_int_equal(dns_read_txt(bytes, 12, found, &n, &error), 0);
    assert_int_equal(n, 0);
    bytes[7] = 9; /* nine answers that are not there */
    assert_int_equal(dns_read_txt(bytes, 12, found, &n, &error), -PP_EPROTO);
    server.names[0].name = "example.org";
    server.names[0].records[0] = "dnslink=/ipfs/bafy";
    server.mood = DNS_BENCH_GARBLED;
    ask("example.org");
    assert_int_equal(count, 0);
    assert_int_not_equal(error.code, 0);
}

static void a_record_with_a_nul_is_left_out(void **state)
{
    static const unsigned char bytes[] = {0, 1, 0x81, 0x80, 0, 0, 0, 2, 0, 0, 0, 0, /* */
        1, 'a', 0, 0, 16, 0, 1, 0, 0, 0, 60, 0, 4, 3, 'x', 0, 'y',                  /* */
        1, 'a', 0, 0, 16, 0, 1, 0, 0, 0, 60, 0, 5, 1, 'o', 2, 'k', '!'};
    size_t n;
    (void)state;
    forget();
    assert_int_equal(dns_read_txt(bytes, sizeof bytes, records, &n, &error), 0);
    count = n;
    assert_int_equal(n, 1);
    assert_string_equal(records[0], "ok!");
}

static void a_name_server_that_is_none_is_told(void **state)
{
    (void)state;
    forget();
    dns_txt(&loop, "example.org", "localhost", take, &server);
    while (calls == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    assert_string_equal(error.text, "DNS: name server \"localhost\": must be IP:PORT");
}

static void a_question_that_is_taken_back_is_not_answered(void **state)
{
    (void)state;
    forget();
    server.names[0].name = "example.org";
    dns_cancel(dns_txt(&loop, "example.org", server.address, take, &server));
    struct dns_query *q = dns_txt(&loop, "example.org", server.address, take, &server);
    while (server.asked == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    dns_cancel(q);
    dns_bench_close(&server);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(calls, 0);
    dns_bench_open(&server, &loop);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(all_records_of_a_name_are_told),
        cmocka_unit_test(pieces_are_joined_and_what_is_long_comes_by_tcp),
        cmocka_unit_test(a_name_that_is_not_there_is_not_the_same_as_no_answer),
        cmocka_unit_test(nonsense_is_no_record),
        cmocka_unit_test(a_record_with_a_nul_is_left_out),
        cmocka_unit_test(a_name_server_that_is_none_is_told),
        cmocka_unit_test(a_question_that_is_taken_back_is_not_answered),
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
