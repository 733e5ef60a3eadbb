// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* The live feed: handshake, messages, slow and silent clients, the end; and its frame codec. */
#include "tests/lib/api_server.h"

#include "host/api/feed.h"
#include "host/api/http_private.h"
#include "host/api/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static int set_up(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, false);
    *state = a;
    return 0;
}

static int tear_down(void **state)
{
    api_server_close(*state);
    free(*state);
    return 0;
}

/* ---- a client's side of the protocol */

static void shake_hands(struct client *c, struct api_server *a, const char *more)
{
    struct strbuf b = {0};
    client_open(c, a);
    strbuf_printf(&b,
        "GET /api/v1/feed HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
        a->host, a->read, more);
    client_send(c, b.data, b.len);
    strbuf_fini(&b);
}

static bool has_head(const struct client *c)
{
    return strstr(strbuf_text(&c->in), "\r\n\r\n") != NULL;
}

/* Sizes of the first frame in `in`; false while it is not whole. */
static bool frame_size(const struct strbuf *in, size_t *head, size_t *len)
{
    const unsigned char *p = (const unsigned char *)strbuf_text(in);
    if (in->len < 2) {
        return false;
    }
    *head = p[1] < 126 ? 2 : p[1] == 126 ? 4 : 10;
    *len = p[1];
    if (*head > 2 && in->len >= *head) {
        *len = 0;
        for (size_t i = 2; i < *head; i++) {
            *len = *len << 8 | p[i];
        }
    }
    return in->len >= *head + *len;
}

static bool has_frame(const struct client *c)
{
    size_t head;
    size_t len;
    return frame_size(&c->in, &head, &len);
}

static void drop_bytes(struct strbuf *b, size_t n)
{
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
    b->data[b->len] = '\0';
}

/* Takes the next frame; a text frame's JSON, or NULL for another (its opcode in *opcode). */
static json_t *next_frame(struct client *c, int *opcode)
{
    size_t head = 0;
    size_t len = 0;
    client_until(c, has_frame);
    assert_true(frame_size(&c->in, &head, &len));
    *opcode = c->in.data[0] & 0x0f;
    json_t *value = *opcode == 1 ? json_loadb(c->in.data + head, len, 0, NULL) : NULL;
    drop_bytes(&c->in, head + len);
    return value;
}

/* Takes the next text message, which must be of the type. */
static json_t *expect_message(struct client *c, const char *type)
{
    int opcode;
    json_t *value = next_frame(c, &opcode);
    assert_int_equal(opcode, 1);
    assert_string_equal(json_string_value(json_object_get(value, "type")), type);
    return value;
}

static void expect_and_drop(struct client *c, const char *type)
{
    json_decref(expect_message(c, type));
}

/* Sends a frame masked with zeros. */
static void send_frame(struct client *c, int opcode, const char *text)
{
    size_t len = strlen(text);
    unsigned char head[6] = {
        (unsigned char)(0x80 | opcode), (unsigned char)(0x80 | len), 0, 0, 0, 0};
    assert_true(len < 126);
    client_send(c, head, sizeof head);
    client_send(c, text, len);
}

static void open_feed(struct client *c, struct api_server *a)
{
    shake_hands(c, a, "");
    client_until(c, has_head);
    assert_true(str_starts(c->in.data, "HTTP/1.1 101 "));
    /* the answer of RFC 6455, 1.3 */
    assert_non_null(strstr(c->in.data, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    drop_bytes(&c->in, (size_t)(strstr(c->in.data, "\r\n\r\n") + 4 - c->in.data));
    expect_and_drop(c, "status");
}

/* ---- messages */

static void a_new_client_gets_the_whole_status(void **state)
{
    struct api_server *a = *state;
    struct client c;
    shake_hands(&c, a, "");
    client_until(&c, has_head);
    drop_bytes(&c.in, (size_t)(strstr(c.in.data, "\r\n\r\n") + 4 - c.in.data));
    json_t *status = expect_message(&c, "status");
    assert_string_equal(json_string_value(json_object_get(status, "name")), "mk3");
    assert_string_equal(json_string_value(json_object_get(status, "state")), "operational");
    json_decref(status);
    client_close(&c);
}

static void each_event_of_the_hub_is_one_message(void **state)
{
    struct api_server *a = *state;
    const struct run run = {.id = "run-1", .file_name = "a.gcode", .result = RUN_SUCCESS};
    struct client c;
    open_feed(&c, a);
    hub_emit(a->hub, HUB_TEMPS, NULL);
    json_t *temps = expect_message(&c, "temps");
    assert_non_null(json_object_get(json_object_get(temps, "temperatures"), "tool0"));
    json_decref(temps);
    hub_emit(a->hub, HUB_PROGRESS, NULL);
    expect_and_drop(&c, "progress");
    hub_emit(a->hub, HUB_QUESTION, NULL);
    expect_and_drop(&c, "question");
    hub_emit(a->hub, HUB_BED, NULL);
    expect_and_drop(&c, "bed");
    hub_emit(a->hub, HUB_RUN, &run);
    json_t *message = expect_message(&c, "run");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(message, "run"), "result")), "success");
    json_decref(message);
    hub_emit(a->hub, HUB_NOTICE, "read this");
    message = expect_message(&c, "notice");
    assert_string_equal(json_string_value(json_object_get(message, "text")), "read this");
    json_decref(message);
    client_close(&c);
}

static void the_terminal_comes_only_to_those_who_asked(void **state)
{
    struct api_server *a = *state;
    const struct hub_terminal line = {1234, '>', "G28"};
    struct client c;
    open_feed(&c, a);
    assert_int_equal(hub_count(a->hub, HUB_TERMINAL), 0);
    hub_emit(a->hub, HUB_TERMINAL, &line);
    send_frame(&c, 1, "{\"subscribe\":[\"terminal\"]}");
    client_settle(&c);
    assert_int_equal(c.in.len, 0);
    assert_int_equal(hub_count(a->hub, HUB_TERMINAL), 1);
    hub_emit(a->hub, HUB_TERMINAL, &line);
    json_t *message = expect_message(&c, "terminal");
    assert_string_equal(json_string_value(json_object_get(message, "text")), "G28");
    assert_string_equal(json_string_value(json_object_get(message, "direction")), ">");
    assert_int_equal(json_integer_value(json_object_get(message, "time_ms")), 1234);
    json_decref(message);
    send_frame(&c, 1, "{\"unsubscribe\":[\"terminal\"]}");
    client_settle(&c);
    assert_int_equal(hub_count(a->hub, HUB_TERMINAL), 0);
    client_close(&c);
}

static void a_wrong_wish_is_answered_with_the_reason(void **state)
{
    static const char *const wishes[] = {"{\"subscribe\":[\"terminl\"]}", "{\"subscribe\":7}",
        "{\"subscirbe\":[]}", "nonsense", "{\"subscribe\":[7]}"};
    struct api_server *a = *state;
    struct client c;
    open_feed(&c, a);
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        send_frame(&c, 1, wishes[i]);
        expect_and_drop(&c, "error");
    }
    client_close(&c);
}

/* ---- who may */

static void the_handshake_asks_for_key_origin_and_form(void **state)
{
    static const struct {
        int status;
        const char *headers;
        bool key;
    } cases[] = {
        {403,
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            false},
        {403,
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://evil.example\r\n",
            true},
        {400, "", true},
        {400, "Connection: Upgrade\r\nUpgrade: h2c\r\n", true},
        {400,
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            true},
        {400,
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: short\r\n",
            true},
    };
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct strbuf b = {0};
        strbuf_printf(&b, "GET /api/v1/feed HTTP/1.1\r\nHost: %s\r\n%s", a->host, cases[i].headers);
        if (cases[i].key) {
            strbuf_printf(&b, "X-Api-Key: %s\r\n", a->read);
        }
        strbuf_puts(&b, "\r\n");
        struct client c;
        client_open(&c, a);
        client_send(&c, b.data, b.len);
        client_until(&c, has_head);
        if (atoi(c.in.data + 9) != cases[i].status) {
            fail_msg("case %zu: %s", i, c.in.data);
        }
        client_close(&c);
        strbuf_fini(&b);
    }
}

/* ---- slow, silent and rude clients */

static size_t clients(struct api_server *a)
{
    return feed_count(a->http->feed);
}

static void a_client_that_does_not_read_is_dropped_at_the_bound(void **state)
{
    struct api_server *a = *state;
    char text[2001];
    const struct hub_terminal line = {1, '<', text};
    struct client slow;
    struct client quick;
    int small = 4096;
    open_feed(&quick, a);
    open_feed(&slow, a);
    setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    send_frame(&slow, 1, "{\"subscribe\":[\"terminal\"]}");
    client_settle(&slow);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 20000 && clients(a) == 2; i++) {
        hub_emit(a->hub, HUB_TERMINAL, &line);
        uv_run(&a->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(clients(a), 1);
    assert_int_equal(hub_count(a->hub, HUB_TERMINAL), 0);
    hub_emit(a->hub, HUB_BED, NULL);
    expect_and_drop(&quick, "bed");
    client_close(&slow);
    client_close(&quick);
}

static void temperatures_are_coalesced_for_a_client_that_lags(void **state)
{
    struct api_server *a = *state;
    struct client c;
    open_feed(&c, a);
    for (int i = 0; i < 1000; i++) {
        a->device.status.heater[0].actual_mc = i * 1000;
        hub_emit(a->hub, HUB_TEMPS, NULL);
    }
    /* the first went out at once, the others became one */
    expect_and_drop(&c, "temps");
    json_t *last = expect_message(&c, "temps");
    const json_t *tool = json_object_get(json_object_get(last, "temperatures"), "tool0");
    assert_int_equal(json_integer_value(json_object_get(tool, "actual")), 999);
    json_decref(last);
    client_settle(&c);
    assert_int_equal(c.in.len, 0);
    client_close(&c);
}

static void changes_of_the_queue_are_told_in_their_newest_form(void **state)
{
    static const enum hub_event events[] = {HUB_JOBS, HUB_MANAGE, HUB_SPOOLS};
    struct api_server *a = *state;
    struct client c;
    open_feed(&c, a);
    for (size_t i = 0; i < 100; i++) {
        a->manage.status.attempt = (int)i;
        for (size_t k = 0; k < sizeof events / sizeof *events; k++) {
            hub_emit(a->hub, events[k], NULL);
        }
    }
    /* the first went out at once, the others became one of each kind */
    json_t *jobs = expect_message(&c, "jobs");
    const json_t *queue = json_array_get(json_object_get(jobs, "queues"), 0);
    assert_int_equal(json_integer_value(json_object_get(queue, "jobs")), 0);
    json_decref(jobs);
    expect_and_drop(&c, "jobs");
    json_t *manage = expect_message(&c, "manage");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(manage, "manage"), "attempt")), 99);
    json_decref(manage);
    json_t *spools = expect_message(&c, "spools");
    assert_true(json_is_array(json_object_get(spools, "tools")));
    json_decref(spools);
    client_settle(&c);
    assert_int_equal(c.in.len, 0);
    client_close(&c);
}

static void silence_is_asked_after_and_then_ended(void **state)
{
    struct api_server *a = *state;
    struct client c;
    int opcode;
    open_feed(&c, a);
    uint64_t start_ms = uv_now(&a->loop);
    feed_tick(a->http->feed, start_ms + FEED_PING_MS - 1000);
    client_settle(&c);
    assert_int_equal(c.in.len, 0);
    feed_tick(a->http->feed, start_ms + FEED_PING_MS);
    assert_null(next_frame(&c, &opcode));
    assert_int_equal(opcode, 9); /* ping */
    feed_tick(a->http->feed, start_ms + FEED_SILENCE_MS);
    assert_null(next_frame(&c, &opcode));
    assert_int_equal(opcode, 8); /* close */
    client_until_eof(&c);
    assert_int_equal(clients(a), 0);
    client_close(&c);
}

static void pings_and_closes_of_the_client_are_answered(void **state)
{
    struct api_server *a = *state;
    struct client c;
    int opcode;
    open_feed(&c, a);
    send_frame(&c, 9, "hello");
    assert_null(next_frame(&c, &opcode));
    assert_int_equal(opcode, 10); /* pong */
    send_frame(&c, 8, "");
    assert_null(next_frame(&c, &opcode));
    assert_int_equal(opcode, 8);
    client_until_eof(&c);
    assert_int_equal(clients(a), 0);
    client_close(&c);
}

static void a_broken_frame_ends_the_session(void **state)
{
    struct api_server *a = *state;
    struct client c;
    int opcode;
    open_feed(&c, a);
    client_send(&c, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 14);
    assert_null(next_frame(&c, &opcode));
    assert_int_equal(opcode, 8);
    client_until_eof(&c);
    client_close(&c);
}

static void closing_the_server_ends_every_subscriber(void **state)
{
    struct api_server *a = *state;
    struct client c[3];
    int opcode;
    for (size_t i = 0; i < 3; i++) {
        open_feed(&c[i], a);
    }
    send_frame(&c[1], 1, "{\"subscribe\":[\"terminal\"]}");
    client_settle(&c[1]);
    api_server_close_http(a);
    for (size_t i = 0; i < 3; i++) {
        assert_null(next_frame(&c[i], &opcode));
        assert_int_equal(opcode, 8);
        client_until_eof(&c[i]);
        client_close(&c[i]);
    }
}

/* ---- the codec alone */

static void on_text(void *context, const char *text, size_t len)
{
    strbuf_add(context, text, len);
    strbuf_puts(context, "|");
}

static void frames_may_be_split_anywhere(void **state)
{
    /* "Hello" masked (RFC 6455, 5.7), in two fragments, and a ping between them */
    static const unsigned char bytes[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d,
        0x51, 0x58, 0x01, 0x83, 0, 0, 0, 0, 'H', 'e', 'l', 0x89, 0x80, 0, 0, 0, 0, 0x80, 0x82, 0, 0,
        0, 0, 'l', 'o'};
    (void)state;
    for (size_t at = 0; at <= sizeof bytes; at++) {
        struct strbuf got = {0};
        struct ws *w = ws_new(on_text, &got);
        assert_true(ws_feed(w, bytes, at));
        assert_true(ws_feed(w, bytes + at, sizeof bytes - at));
        assert_string_equal(strbuf_text(&got), "Hello|Hello|");
        assert_int_equal(ws_out(w)->len, 2); /* the pong */
        ws_free(w);
        strbuf_fini(&got);
    }
}

static void a_message_above_the_bound_is_refused(void **state)
{
    static const unsigned char head[] = {0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct strbuf got = {0};
    struct ws *w = ws_new(on_text, &got);
    (void)state;
    assert_false(ws_feed(w, head, sizeof head));
    assert_int_equal(ws_out(w)->data[0] & 0x0f, 8);
    assert_int_equal(
        (unsigned char)ws_out(w)->data[2] << 8 | (unsigned char)ws_out(w)->data[3], 1009);
    assert_int_equal(got.len, 0);
    ws_free(w);
}

static void a_handshake_key_must_be_16_bytes(void **state)
{
    char accept[WS_ACCEPT_SIZE];
    (void)state;
    assert_true(ws_accept("dGhlIHNhbXBsZSBub25jZQ==", accept));
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(ws_accept("", accept));
    assert_false(ws_accept("dGhlIHNhbXBsZSBub25jZQ=", accept));
    assert_false(ws_accept("dGhlIHNhbXBsZSBub25jZWFh", accept));
    assert_false(ws_accept("!!!!!!!!!!!!!!!!!!!!!!!!", accept));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_client_gets_the_whole_status),
        TEST(each_event_of_the_hub_is_one_message),
        TEST(the_terminal_comes_only_to_those_who_asked),
        TEST(a_wrong_wish_is_answered_with_the_reason),
        TEST(the_handshake_asks_for_key_origin_and_form),
        TEST(a_client_that_does_not_read_is_dropped_at_the_bound),
        TEST(temperatures_are_coalesced_for_a_client_that_lags),
        TEST(changes_of_the_queue_are_told_in_their_newest_form),
        TEST(silence_is_asked_after_and_then_ended),
        TEST(pings_and_closes_of_the_client_are_answered),
        TEST(a_broken_frame_ends_the_session),
        TEST(closing_the_server_ends_every_subscriber),
        cmocka_unit_test(frames_may_be_split_anywhere),
        cmocka_unit_test(a_message_above_the_bound_is_refused),
        cmocka_unit_test(a_handshake_key_must_be_16_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
