// link: ppio
/* A web address is called: one that answers, ones that do not. */
#include "host/io/webcall.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

/* Answers one call. */
struct server {
    int fd;
    char url[64];
    const char *answer;
    char heard[1000];
    uv_thread_t thread;
};

static void serve(void *context)
{
    struct server *s = context;
    size_t len = 0;
    int fd = accept(s->fd, NULL, NULL);
    while (fd >= 0 && len < sizeof s->heard - 1) {
        ssize_t n = read(fd, s->heard + len, sizeof s->heard - 1 - len);
        len += n > 0 ? (size_t)n : 0;
        bool get = strncmp(s->heard, "GET", 3) == 0;
        if (n <= 0 || (get ? strstr(s->heard, "\r\n\r\n") : strchr(s->heard, '}')) != NULL) {
            break;
        }
    }
    if (fd >= 0) {
        assert_true(write(fd, s->answer, strlen(s->answer)) >= 0);
        close(fd);
    }
}

static void open_server(struct server *s, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    *s = (struct server){.answer = answer, .fd = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->fd, 1), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/hook", ntohs(at.sin_port));
    assert_int_equal(uv_thread_create(&s->thread, serve, s), 0);
}

static void close_server(struct server *s)
{
    uv_thread_join(&s->thread);
    close(s->fd);
}

static void an_address_is_called(void **state)
{
    (void)state;
    struct server s;
    struct err e;
    open_server(&s, "HTTP/1.0 200 OK\r\n\r\nfine");
    assert_int_equal(webcall(s.url, "", 5000, &e), 0);
    close_server(&s);
    assert_int_equal(strncmp(s.heard, "GET /hook ", 10), 0);
}

static void a_body_is_posted_as_json(void **state)
{
    (void)state;
    struct server s;
    struct err e;
    open_server(&s, "HTTP/1.0 204 No Content\r\n\r\n");
    assert_int_equal(webcall(s.url, "{\"done\": \"vase\"}", 5000, &e), 0);
    close_server(&s);
    assert_int_equal(strncmp(s.heard, "POST /hook ", 11), 0);
    assert_non_null(strstr(s.heard, "application/json"));
    assert_non_null(strstr(s.heard, "{\"done\": \"vase\"}"));
}

static void what_is_answered_with_an_error_is_one(void **state)
{
    (void)state;
    struct server s;
    struct err e;
    open_server(&s, "HTTP/1.0 404 Not Found\r\n\r\n");
    assert_int_equal(webcall(s.url, "", 5000, &e), -PP_EIO);
    close_server(&s);
    assert_non_null(strstr(e.text, "answers 404"));
}

static void nobody_there_is_an_error_and_so_is_no_answer(void **state)
{
    (void)state;
    struct err e;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    char url[64];
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    assert_int_equal(webcall(url, "", 5000, &e), -PP_EIO); /* bound, and nobody listens */
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(webcall(url, "", 50, &e), -PP_ETIMEOUT);
    close(fd);
}

static void other_protocols_are_not_spoken(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(webcall("file:///etc/hostname", "", 5000, &e), -PP_EIO);
    assert_int_equal(webcall("nonsense", "", 100, &e) < 0, 1);
}

static void what_stands_in_a_header_ends_no_line(void **state)
{
    (void)state;
    struct server s;
    struct webcall_answer answer;
    struct err e = {0};
    open_server(&s, "HTTP/1.0 200 OK\r\n\r\n{}");
    const struct webcall_request r = {.method = "GET",
        .url = s.url,
        .key = "k",
        .actor = "ana\r\nX-Host: shed\r\n\r\nPOST /api/v1/restart HTTP/1.1"};
    int rc = webcall_request(&r, 1000, 5000, &answer, &e);
    if (rc != 0) { /* so that the server has its call */
        assert_int_equal(webcall(s.url, "", 5000, NULL), 0);
    }
    close_server(&s);
    assert_int_equal(rc, -PP_EINVAL);
    assert_null(strstr(s.heard, "X-Host"));
    assert_null(strstr(s.heard, "restart"));
}

static void a_method_is_a_word(void **state)
{
    static const char *const methods[] = {"", "GET /x", "GET\r\nA: b", "get"};
    (void)state;
    struct webcall_answer answer;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct err e = {0};
        const struct webcall_request r = {
            .method = methods[i], .url = "http://127.0.0.1:1/", .key = "k", .actor = ""};
        assert_int_equal(webcall_request(&r, 1000, 5000, &answer, &e), -PP_EINVAL);
    }
}

/* What it begins as secure it stays, and it goes to no other kind of server. */
static void a_redirect_leads_to_http_alone(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.0 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        "HTTP/1.0 302 Found\r\nLocation: ftp://127.0.0.1:1/x\r\n\r\n",
        "HTTP/1.0 302 Found\r\nLocation: gopher://127.0.0.1:1/x\r\n\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct server s;
        char *bytes = NULL;
        size_t len;
        struct err e = {0};
        open_server(&s, answers[i]);
        assert_int_not_equal(webcall_get(s.url, NULL, 100, 5000, &bytes, &len, &e), 0);
        assert_true(strstr(e.text, "protocol") != NULL || strstr(e.text, "Protocol") != NULL);
        close_server(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_called),
        cmocka_unit_test(a_body_is_posted_as_json),
        cmocka_unit_test(what_is_answered_with_an_error_is_one),
        cmocka_unit_test(nobody_there_is_an_error_and_so_is_no_answer),
        cmocka_unit_test(other_protocols_are_not_spoken),
        cmocka_unit_test(what_stands_in_a_header_ends_no_line),
        cmocka_unit_test(a_method_is_a_word),
        cmocka_unit_test(a_redirect_leads_to_http_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
