// link: ppctl_parts
/* Addresses, the WebSocket's opening, and the command line: what can be tested without a host. */
#include "tools/ppctl/handshake.h"
#include "tools/ppctl/hosts.h"
#include "tools/ppctl/ppctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void addresses_get_their_normal_form(void **state)
{
    static const char *const cases[][2] = {
        {"127.0.0.1:8125", "http://127.0.0.1:8125"},
        {"http://mk3.local:8125/", "http://mk3.local:8125"},
        {"https://farm.example/mk3/", "https://farm.example/mk3"},
        {"[::1]:8125", "http://[::1]:8125"},
        {"HTTP://Mk3:80", "http://Mk3:80"},
    };
    char out[256];
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(host_parse_url(cases[i][0], out, sizeof out, &e), 0);
        assert_string_equal(out, cases[i][1]);
    }
}

static void what_is_no_address_of_a_host_is_refused_with_a_reason(void **state)
{
    static const char *const cases[][2] = {
        {"ftp://x", "http://"},
        {"file:///etc/passwd", "http://"},
        {"http://key@printer", "--key-file"},
        {"http://u:p@printer", "--key-file"},
        {"http://printer?x=1", "\"?\""},
        {"http://printer#x", "\"#\""},
        {"http://pri nter", "http://printer:8125"},
        {"printer:99999", "http://printer:8125"},
        {"http://", "http://printer:8125"},
        {":", "http://printer:8125"},
    };
    char out[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        assert_int_equal(host_parse_url(cases[i][0], out, sizeof out, &e), -PP_EINVAL);
        if (strstr(e.text, cases[i][1]) == NULL) {
            fail_msg("%s: %s", cases[i][0], e.text);
        }
    }
}

static void names_are_no_addresses(void **state)
{
    (void)state;
    assert_false(host_is_url("mk3"));
    assert_false(host_is_url("Drucker 1"));
    assert_true(host_is_url("mk3:8125"));
    assert_true(host_is_url("http://mk3"));
}

/* The example of RFC 6455 §1.3. */
static const uint8_t nonce[HANDSHAKE_NONCE] = "the sample nonce";
static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n"
                             "Upgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "sec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                             "\r\n";

static void the_opening_asks_as_the_standard_says(void **state)
{
    struct strbuf out = {0};
    (void)state;
    handshake_request(&out, "mk3:8125", "/api/v1/feed", "secret", nonce);
    assert_string_equal(strbuf_text(&out),
        "GET /api/v1/feed HTTP/1.1\r\nHost: mk3:8125\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Api-Key: secret\r\n\r\n");
    strbuf_fini(&out);
}

static void the_answer_may_come_in_pieces(void **state)
{
    int status;
    struct err e;
    (void)state;
    size_t len = sizeof answer - 1;
    for (size_t n = 0; n < len; n++) {
        assert_int_equal(handshake_check(answer, n, nonce, &status, &e), 0);
    }
    assert_int_equal(handshake_check(answer, len, nonce, &status, &e), (int)len);
    assert_int_equal(status, 101);
}

static void a_wrong_answer_opens_nothing(void **state)
{
    int status;
    struct err e;
    char wrong[sizeof answer];
    (void)state;
    memcpy(wrong, answer, sizeof answer);
    *strchr(wrong, '3') = '4';
    assert_int_equal(handshake_check(wrong, sizeof wrong - 1, nonce, &status, &e), -PP_EPROTO);
    static const char refused[] = "HTTP/1.1 403 Forbidden\r\n\r\n";
    assert_int_equal(
        handshake_check(refused, sizeof refused - 1, nonce, &status, &e), -PP_EREFUSED);
    assert_int_equal(status, 403);
    static const char bare[] = "HTTP/1.1 101 ok\r\n\r\n";
    assert_int_equal(handshake_check(bare, sizeof bare - 1, nonce, &status, &e), -PP_EPROTO);
    static const char other[] = "SSH-2.0-x\r\n\r\n";
    assert_int_equal(handshake_check(other, sizeof other - 1, nonce, &status, &e), -PP_EPROTO);
    char *endless = calloc(1, 10000);
    assert_int_equal(handshake_check(endless, 10000, nonce, &status, &e), -PP_EPROTO);
    free(endless);
}

static int parse(struct ppctl *c, struct err *e, const char *line)
{
    static char text[256];
    static char *argv[16];
    int argc = 1;
    *c = (struct ppctl){0};
    *e = (struct err){0};
    strcpy(text, line);
    argv[0] = text;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    return options_parse(c, argc, argv, e);
}

static void options_may_stand_anywhere(void **state)
{
    struct ppctl c;
    struct err e;
    (void)state;
    assert_int_equal(parse(&c, &e, "print --wait a.gcode -H mk3 --json"), 0);
    assert_string_equal(c.command->name, "print");
    assert_string_equal(c.operand[0], "a.gcode");
    assert_string_equal(c.target, "mk3");
    assert_true(c.json);
    assert_non_null(option_value(&c, "--wait"));
    assert_null(option_value(&c, "--bed-clear"));
    assert_int_equal(parse(&c, &e, "key add x --scope=read"), 0);
    assert_string_equal(option_value(&c, "--scope"), "read");
    assert_int_equal(parse(&c, &e, "print -- --wait"), 0);
    assert_string_equal(c.operand[0], "--wait");
    assert_null(option_value(&c, "--wait"));
}

static void a_key_is_a_file_where_the_command_says_so_and_nowhere_else(void **state)
{
    struct ppctl c;
    struct err e;
    (void)state;
    assert_int_equal(parse(&c, &e, "queue add world --registry r.yaml --key peer_1.priv"), 0);
    assert_string_equal(option_value(&c, "--key"), "peer_1.priv");
    assert_int_equal(parse(&c, &e, "status --key secret"), -PP_EINVAL);
    assert_non_null(strstr(e.text, "--key-file"));
    assert_int_equal(parse(&c, &e, "--key secret queue show LAN"), -PP_EINVAL);
}

static void every_command_is_explained_and_in_order(void **state)
{
    (void)state;
    const struct command *c;
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        assert_ptr_equal(command_find(c->name), c);
        assert_non_null(c->exec);
        assert_true(c->least <= c->most && c->most <= COMMAND_OPERANDS);
        assert_true(strlen(c->summary) > 5 && strlen(c->summary) < 60);
        assert_non_null(strstr(c->help, "  ppctl "));
        for (const char *line = c->help; *line != '\0';) {
            size_t len = strcspn(line, "\n");
            assert_true(len <= 80);
            line += len + (line[len] == '\n');
        }
        for (const struct command_option *o = c->option; o->name != NULL; o++) {
            assert_non_null(strstr(c->args, o->name));
        }
    }
    assert_null(command_find("frobnicate"));
    assert_string_equal(command_suggest("statuss"), "status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_get_their_normal_form),
        cmocka_unit_test(what_is_no_address_of_a_host_is_refused_with_a_reason),
        cmocka_unit_test(names_are_no_addresses),
        cmocka_unit_test(the_opening_asks_as_the_standard_says),
        cmocka_unit_test(the_answer_may_come_in_pieces),
        cmocka_unit_test(a_wrong_answer_opens_nothing),
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(a_key_is_a_file_where_the_command_says_so_and_nowhere_else),
        cmocka_unit_test(every_command_is_explained_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
