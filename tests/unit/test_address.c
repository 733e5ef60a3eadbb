// link: ppnet
/* Addresses: what a queue may listen to, where somebody else may be, what is ours. */
#include "net/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void listening_is_automatic_local_or_at_an_ip(void **state)
{
    struct listen_address a;
    struct err e = {0};
    (void)state;
    assert_int_equal(listen_address_parse("auto", &a, &e), 0);
    assert_true(a.automatic && !a.local_only);
    assert_int_equal(listen_address_parse("localhost", &a, &e), 0);
    assert_true(a.local_only && !a.automatic && a.port == 0);
    assert_string_equal(a.ip, "127.0.0.1");
    assert_int_equal(listen_address_parse("localhost:6789", &a, &e), 0);
    assert_true(a.local_only && a.port == 6789);
    assert_int_equal(listen_address_parse("0.0.0.0", &a, &e), 0);
    assert_true(!a.local_only && a.port == 0);
    assert_int_equal(listen_address_parse("192.168.1.43:6789", &a, &e), 0);
    assert_string_equal(a.ip, "192.168.1.43");
    assert_int_equal(a.port, 6789);
    assert_int_equal(listen_address_parse("[::1]:80", &a, &e), 0);
    assert_true(a.local_only && a.port == 80);
    assert_int_equal(listen_address_parse("::", &a, &e), 0);
    assert_string_equal(a.ip, "::");
    assert_int_equal(listen_address_parse("[fd00::5]", &a, &e), 0);
    assert_string_equal(a.ip, "fd00::5");
}

static void a_wrong_listening_address_is_quoted_with_what_would_be_right(void **state)
{
    static const char *const cases[][2] = {
        {"", "address \"\": must be auto, localhost, 0.0.0.0 or IP:PORT, like 192.168.1.43:6789"},
        {"Auto", "address \"Auto\": must be auto, localhost, 0.0.0.0 or IP:PORT, like "
                 "192.168.1.43:6789"},
        {"shed.local:80", "address \"shed.local:80\": must be auto, localhost, 0.0.0.0 or IP:PORT, "
                          "like 192.168.1.43:6789"},
        {"1.2.3.4:", "address \"1.2.3.4:\": the port is missing"},
        {"1.2.3.4:http", "address \"1.2.3.4:http\": port \"http\" is not a number from 0 to 65535"},
        {"1.2.3.4:-1", "address \"1.2.3.4:-1\": port \"-1\" is not a number from 0 to 65535"},
        {"1.2.3.4:65536", "address \"1.2.3.4:65536\": port 65536 is not from 0 to 65535"},
        {"1.2.3.4:99999999999",
            "address \"1.2.3.4:99999999999\": port 99999999999 is not from 0 to 65535"},
        {"1.2.3:80", "address \"1.2.3:80\": must be auto, localhost, 0.0.0.0 or IP:PORT, like "
                     "192.168.1.43:6789"},
        {"[::1", "address \"[::1\": must be auto, localhost, 0.0.0.0 or IP:PORT, like "
                 "192.168.1.43:6789"},
        {"1.2.3.4:8\n", "address \"1.2.3.4:8\\x0a\": port \"8\\x0a\" is not a number from 0 to "
                        "65535"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct listen_address a;
        struct err e = {0};
        assert_int_equal(listen_address_parse(cases[i][0], &a, &e), -PP_EINVAL);
        assert_string_equal(e.text, cases[i][1]);
    }
}

static void multiaddrs_and_plain_ones_say_where_somebody_is(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        int port;
        int family;
    } cases[] = {
        {"/ip4/192.168.1.5/tcp/6789", "192.168.1.5", 6789, AF_INET},
        {"/ip6/fd00::5/tcp/6789", "fd00::5", 6789, AF_INET6},
        {"/dns4/print.example.org/tcp/1/", "print.example.org", 1, AF_INET},
        {"/dns6/print.example.org/tcp/65535", "print.example.org", 65535, AF_INET6},
        {"/dns/print.example.org/tcp/6789", "print.example.org", 6789, AF_UNSPEC},
        {"print.example.org:6789", "print.example.org", 6789, AF_UNSPEC},
        {"192.168.1.5:6789", "192.168.1.5", 6789, AF_INET},
        {"[fd00::5]:6789", "fd00::5", 6789, AF_INET6},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct remote_address a;
        struct err e = {0};
        assert_int_equal(remote_address_parse(cases[i].text, &a, &e), 0);
        assert_string_equal(a.host, cases[i].host);
        assert_int_equal(a.port, cases[i].port);
        assert_int_equal(a.family, cases[i].family);
        assert_false(a.has_peer);
    }
}

static void a_wrong_remote_address_is_quoted_with_what_would_be_right(void **state)
{
    static const char *const cases[][2] = {
        {"shed", "address \"shed\": must be HOST:PORT, [IPV6]:PORT or like "
                 "/ip4/192.168.1.5/tcp/6789"},
        {"shed:0", "address \"shed:0\": port 0 is not from 1 to 65535"},
        {":80", "address \":80\": \"\" is not the name or address of a host"},
        {"a b:80", "address \"a b:80\": \"a b\" is not the name or address of a host"},
        {"/ip4/shed/tcp/1", "address \"/ip4/shed/tcp/1\": \"shed\" is not an address of ip4"},
        {"/ip4/::1/tcp/1", "address \"/ip4/::1/tcp/1\": \"::1\" is not an address of ip4"},
        {"/onion/x/tcp/1", "address \"/onion/x/tcp/1\": must begin with /ip4/, /ip6/, /dns4/, "
                           "/dns6/ or /dns/, not /onion/"},
        {"/ip4/1.2.3.4/udp/1/quic",
            "address \"/ip4/1.2.3.4/udp/1/quic\": the host must be followed by /tcp/PORT, not "
            "/udp"},
        {"/ip4/1.2.3.4", "address \"/ip4/1.2.3.4\": the host must be followed by /tcp/PORT"},
        {"/ip4/1.2.3.4/tcp", "address \"/ip4/1.2.3.4/tcp\": the port is missing"},
        {"/ip4/1.2.3.4/tcp/1/ws",
            "address \"/ip4/1.2.3.4/tcp/1/ws\": after the port only /p2p/PEER-ID may follow, not "
            "/ws"},
        {"/ip4/1.2.3.4/tcp/1/p2p/a/b",
            "address \"/ip4/1.2.3.4/tcp/1/p2p/a/b\": must end with the peer id after /p2p/"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct remote_address a;
        struct err e = {0};
        assert_int_equal(remote_address_parse(cases[i][0], &a, &e), -PP_EINVAL);
        assert_string_equal(e.text, cases[i][1]);
    }
}

static void the_error_of_an_endless_address_is_short(void **state)
{
    struct remote_address a;
    struct err e = {0};
    char text[2000];
    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(remote_address_parse(text, &a, &e), -PP_EINVAL);
    assert_non_null(strstr(e.text, "longer than 512 bytes"));
}

/* ---- lookups ------------------------------------------------------------------------------------
 */

struct answer {
    unsigned calls;
    int code;
    char text[256];
    char first[ADDRESS_TEXT];
};

static void on_answer(void *context, const struct err *e, const char *const *addresses, size_t n)
{
    struct answer *a = context;
    a->calls++;
    a->code = e == NULL ? 0 : e->code;
    snprintf(a->text, sizeof a->text, "%s", e == NULL ? "" : e->text);
    snprintf(a->first, sizeof a->first, "%s", n > 0 ? addresses[0] : "");
}

static struct answer resolve(const char *host, int family)
{
    struct remote_address r = {.port = 6789, .family = family};
    struct answer a = {0};
    uv_loop_t loop;
    snprintf(r.host, sizeof r.host, "%s", host);
    uv_loop_init(&loop);
    address_resolve(&loop, &r, on_answer, &a);
    assert_int_equal(a.calls, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(a.calls, 1);
    return a;
}

static void numbers_resolve_to_themselves_and_nonsense_is_answered_once(void **state)
{
    (void)state;
    assert_string_equal(resolve("127.0.0.1", AF_INET).first, "127.0.0.1:6789");
    assert_string_equal(resolve("::1", AF_INET6).first, "[::1]:6789");
    struct answer a = resolve("::1", AF_INET);
    assert_int_equal(a.code, PP_ENOTFOUND);
    assert_non_null(strstr(a.text, "host \"::1\": "));
    assert_int_equal(resolve("..", AF_UNSPEC).code, PP_ENOTFOUND);
}

static void a_container_is_told_by_its_interface_network_and_mask(void **state)
{
    char own[8][46];
    bool container;
    (void)state;
    assert_true(address_is_bridge("eth0", "172.17.0.3", "255.255.0.0"));
    assert_true(address_is_bridge("eth1", "172.31.255.3", "255.255.0.0"));
    assert_false(address_is_bridge("eth0", "172.16.0.3", "255.255.0.0"));
    assert_false(address_is_bridge("eth0", "172.32.0.3", "255.255.0.0"));
    assert_false(address_is_bridge("eth0", "172.17.0.3", "255.255.255.0"));
    assert_false(address_is_bridge("wlan0", "172.17.0.3", "255.255.0.0"));
    assert_false(address_is_bridge("eth0", "192.168.1.3", "255.255.0.0"));
    assert_false(address_is_bridge("eth0", "fd00::1", "255.255.0.0"));
    size_t n = address_own(own, 8, &container);
    for (size_t i = 0; i < n; i++) {
        assert_string_not_equal(own[i], "127.0.0.1");
        assert_string_not_equal(own[i], "::1");
    }
    assert_int_equal(address_own(own, 0, &container), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listening_is_automatic_local_or_at_an_ip),
        cmocka_unit_test(a_wrong_listening_address_is_quoted_with_what_would_be_right),
        cmocka_unit_test(multiaddrs_and_plain_ones_say_where_somebody_is),
        cmocka_unit_test(a_wrong_remote_address_is_quoted_with_what_would_be_right),
        cmocka_unit_test(the_error_of_an_endless_address_is_short),
        cmocka_unit_test(numbers_resolve_to_themselves_and_nonsense_is_answered_once),
        cmocka_unit_test(a_container_is_told_by_its_interface_network_and_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
