#include "tests/lib/api_server.h"

#include "host/base/clock.h"
#include "host/base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <strings.h>
#include <sys/socket.h>

#include <cmocka.h>

#define DEADLINE_MS 10000

static void run_until(struct api_server *a, const bool *flag)
{
    uint64_t end_ms = clock_ms() + DEADLINE_MS;
    while (!*flag) {
        assert_true(clock_ms() < end_ms);
        uv_run(&a->loop, UV_RUN_ONCE);
    }
}

static void mark(void *context)
{
    *(bool *)context = true;
}

static void on_restart(void *context)
{
    ((struct api_server *)context)->restarts++;
}

static void saved(void *context, const struct err *e)
{
    assert_null(e);
    mark(context);
}

static void make_key(struct api_server *a, const char *name, char text[static KEY_TEXT_SIZE])
{
    bool done = false;
    struct err e = {0};
    assert_int_equal(keys_add(a->keys, name, name, text, saved, &done, &e), 0);
    run_until(a, &done);
}

static void open_http(struct api_server *a, bool loopback_open)
{
    struct err e = {0};
    const struct http_options options = {
        .name = "mk3",
        .listen = "127.0.0.1:0",
        .loopback_open = loopback_open,
        .upload_max_bytes = API_UPLOAD_MAX,
        .device = &a->device,
        .files = a->files,
        .keys = a->keys,
        .hub = a->hub,
        .store = a->store,
        .jobs = a->jobs,
        .packages = a->packages,
        .manage = &a->manage,
        .scripts = a->scripts,
        .spools = a->spools,
        .profiles = a->profiles,
        .restart = on_restart,
        .restart_context = a,
    };
    if (http_open(&a->http, &a->loop, &options, &e) != 0) {
        fail_msg("%s", e.text);
    }
    snprintf(a->host, sizeof a->host, "127.0.0.1:%d", http_port(a->http));
}

static void open_queue(struct api_server *a)
{
    const char *dirs[] = {PP_SOURCE_DIR "/profiles", NULL};
    struct err e = {0};
    const struct jobs_options options = {.host_name = "mk3", .profiles = a->profiles};
    if (jobs_open(&a->jobs, &a->loop, &options, a->store, a->files, a->hub, &e) != 0 ||
        scripts_open(&a->scripts, dirs, a->store, &e) != 0 ||
        spools_open(&a->spools, dirs, a->store, &e) != 0) {
        fail_msg("%s", e.text);
    }
    const struct packages_options packages = {.jobs = a->jobs,
        .files = a->files,
        .hub = a->hub,
        .profiles = a->profiles,
        .data_dir = a->dir,
        .max_bytes = API_UPLOAD_MAX};
    if (packages_open(&a->packages, &a->loop, &packages, &e) != 0) {
        fail_msg("%s", e.text);
    }
    fake_manage_init(&a->manage, &a->device, a->jobs, a->hub);
    fake_network_init(&a->network);
}

void api_server_share(struct api_server *a)
{
    http_set_network(a->http, &a->network);
}

void api_server_open(struct api_server *a, bool loopback_open)
{
    const char *dirs[] = {PP_SOURCE_DIR "/profiles", NULL};
    *a = (struct api_server){0};
    tempdir_make(a->dir);
    assert_int_equal(uv_loop_init(&a->loop), 0);
    assert_int_equal(store_open(&a->store, &a->loop, tempdir_path(a->dir, "pphost.db"), NULL), 0);
    assert_int_equal(keys_open(&a->keys, a->store, NULL), 0);
    struct err e = {0};
    assert_int_equal(file_mkdirs(tempdir_path(a->dir, "blobs"), 0700, NULL), 0);
    if (files_open(&a->files, &a->loop, a->store, a->dir, API_UPLOAD_MAX, &e) != 0) {
        fail_msg("%s", e.text);
    }
    assert_int_equal(profiles_open(&a->profiles, dirs, NULL), 0);
    a->hub = hub_new();
    fake_device_init(&a->device, a->hub);
    open_queue(a);
    open_http(a, loopback_open);
    make_key(a, "read", a->read);
    make_key(a, "print", a->print);
    a->admin = keys_local(a->keys);
}

static void committed(void *context, const struct err *e, const struct file_entry *entry)
{
    if (entry == NULL) {
        fail_msg("%s", e->text);
    }
    mark(context);
}

void api_server_add_file(struct api_server *a, const char *name)
{
    static const char gcode[] = "G28\nG1 X10 Y10 Z0.2 E1 F600\nG1 X20 E2\n";
    struct upload *u;
    struct err e = {0};
    bool done = false;
    if (files_begin(a->files, name, &u, &e) != 0 ||
        files_write(u, gcode, sizeof gcode - 1, &e) != 0) {
        fail_msg("%s", e.text);
    }
    files_commit(u, committed, &done);
    run_until(a, &done);
}

void api_server_close_http(struct api_server *a)
{
    http_close(a->http, mark, &a->http_closed);
    run_until(a, &a->http_closed);
}

void api_server_close(struct api_server *a)
{
    if (!a->http_closed) {
        api_server_close_http(a);
    }
    fake_manage_fini(&a->manage);
    fake_network_fini(&a->network);
    scripts_close(a->scripts);
    spools_close(a->spools);
    packages_close(a->packages);
    jobs_close(a->jobs, mark, &a->jobs_closed);
    run_until(a, &a->jobs_closed);
    files_close(a->files);
    keys_close(a->keys);
    profiles_close(a->profiles);
    hub_free(a->hub);
    store_close(a->store, mark, &a->store_closed);
    run_until(a, &a->store_closed);
    uv_run(&a->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&a->loop), 0);
    tempdir_remove(a->dir);
}

/* ---- clients */

void client_open(struct client *c, struct api_server *a)
{
    struct sockaddr_in where = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(a->http))};
    *c = (struct client){.api = a};
    inet_pton(AF_INET, "127.0.0.1", &where.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&where, sizeof where), 0);
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

void client_close(struct client *c)
{
    close(c->fd);
    strbuf_fini(&c->in);
}

/* One turn: the server's loop, then what it sent; waits a moment when there was nothing. */
static bool turn(struct client *c)
{
    char bytes[65536];
    uv_run(&c->api->loop, UV_RUN_NOWAIT);
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0) {
        strbuf_add(&c->in, bytes, (size_t)n);
        return true;
    }
    c->eof = c->eof || n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    struct pollfd fds[2] = {{.fd = c->eof ? -1 : c->fd, .events = POLLIN},
        {.fd = uv_backend_fd(&c->api->loop), .events = POLLIN}};
    return poll(fds, 2, 2) > 0;
}

void client_settle(struct client *c)
{
    for (int quiet = 0; quiet < 5;) {
        quiet = turn(c) ? 0 : quiet + 1;
    }
}

void client_send(struct client *c, const void *bytes, size_t len)
{
    uint64_t end_ms = clock_ms() + DEADLINE_MS;
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = send(c->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) {
            c->eof = true; /* the server has had enough */
            return;
        }
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        assert_true(clock_ms() < end_ms);
        turn(c);
    }
}

void client_puts(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

void client_until(struct client *c, bool (*ready)(const struct client *c))
{
    uint64_t end_ms = clock_ms() + DEADLINE_MS;
    while (!ready(c)) {
        if (clock_ms() > end_ms) {
            fail_msg("nothing more after: %s", strbuf_text(&c->in));
        }
        turn(c);
    }
}

static bool at_eof(const struct client *c)
{
    return c->eof;
}

void client_until_eof(struct client *c)
{
    client_until(c, at_eof);
}

/* ---- answers */

/* Joins the pieces of a chunked body where they are. */
static void join_chunks(char *body)
{
    char *to = body;
    char *from = body;
    size_t len;
    while ((len = strtoul(from, &from, 16)) > 0) {
        assert_true(str_starts(from, "\r\n") && strlen(from) >= len + 4);
        memmove(to, from + 2, len);
        to += len;
        from += len + 4;
    }
    *to = '\0';
}

void api_ask_raw(struct api_server *a, struct answer *out, const void *request, size_t len)
{
    struct client c;
    *out = (struct answer){0};
    client_open(&c, a);
    client_send(&c, request, len);
    client_until_eof(&c);
    out->raw = c.in;
    c.in = (struct strbuf){0};
    client_close(&c);
    const char *text = strbuf_text(&out->raw);
    const char *end = strstr(text, "\r\n\r\n");
    while (str_starts(text, "HTTP/1.1 100") && end != NULL) { /* then the answer follows */
        text = end + 4;
        end = strstr(text, "\r\n\r\n");
    }
    assert_non_null(end);
    assert_true(str_starts(text, "HTTP/1.1 "));
    out->status = atoi(text + 9);
    out->body = end + 4;
    if (strcmp(answer_header(out, "Transfer-Encoding"), "chunked") == 0) {
        join_chunks(out->raw.data + (out->body - strbuf_text(&out->raw)));
    }
    out->json = json_loads(out->body, 0, NULL);
}

void api_ask(struct api_server *a, struct answer *out, const char *key, const char *method,
    const char *path, const char *headers, const char *body)
{
    struct strbuf b = {0};
    strbuf_printf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s", method, path,
        a->host, headers);
    if (key != NULL) {
        strbuf_printf(&b, "X-Api-Key: %s\r\n", key);
    }
    if (body != NULL) {
        strbuf_printf(&b, "Content-Length: %zu\r\n", strlen(body));
    }
    strbuf_printf(&b, "\r\n%s", body != NULL ? body : "");
    api_ask_raw(a, out, b.data, b.len);
    strbuf_fini(&b);
}

json_t *api_expect(struct api_server *a, int status, const char *key, const char *method,
    const char *path, const char *body)
{
    struct answer w;
    api_ask(a, &w, key, method, path, "", body);
    if (w.status != status) {
        fail_msg("%s %s: %d, expected %d: %s", method, path, w.status, status, w.body);
    }
    json_t *json = json_incref(w.json);
    answer_fini(&w);
    return json;
}

void api_refused(struct api_server *a, int status, const char *key, const char *method,
    const char *path, const char *body, const char *field, const char *text)
{
    struct answer w;
    api_ask(a, &w, key, method, path, "", body);
    if (w.status != status || (field[0] != '\0' && strcmp(answer_error(&w, "field"), field) != 0) ||
        strstr(answer_error(&w, "message"), text) == NULL) {
        fail_msg("%s %s %s: %d, expected %d, field \"%s\", \"%s\": %s", method, path,
            body != NULL ? body : "", w.status, status, field, text, w.body);
    }
    answer_fini(&w);
}

void answer_fini(struct answer *w)
{
    json_decref(w->json);
    strbuf_fini(&w->raw);
}

const char *answer_header(const struct answer *w, const char *name)
{
    static char value[512];
    size_t len = strlen(name);
    value[0] = '\0';
    for (const char *p = strbuf_text(&w->raw); p < w->body; p = strstr(p, "\r\n") + 2) {
        if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
            str_copy(value, sizeof value, p + len + 2, strcspn(p + len + 2, "\r"));
        }
    }
    return value;
}

const char *answer_error(const struct answer *w, const char *member)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(w->json, "error"), member));
    return text != NULL ? text : "";
}
