#include "tools/ppctl/feed.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "tools/ppctl/client.h"
#include "tools/ppctl/handshake.h"
#include "tools/ppctl/term.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#define FEED_PATH    "/api/v1/feed"
#define HANDSHAKE_MS 5000u
#define MESSAGE_MAX  (1u << 20)
#define QUEUE_MAX    4096u
#define ASK_AFTER_MS 20000u
#define GIVE_UP_MS   45000u

struct feed {
    CURL *curl;
    curl_socket_t fd;
    wslay_event_context_ptr ws;
    struct strbuf early; /* frames that came with the answer's head */
    size_t early_used;
    json_t *queue;     /* array of events not yet taken */
    uint64_t heard_ms; /* when bytes last came */
    uint64_t asked_ms; /* when the last ping went out */
    bool broken;       /* the connection has ended or does not make sense */
};

static ssize_t take_early(struct feed *f, uint8_t *out, size_t len)
{
    size_t left = f->early.len - f->early_used;
    size_t n = left < len ? left : len;
    memcpy(out, f->early.data + f->early_used, n);
    f->early_used += n;
    return (ssize_t)n;
}

static ssize_t on_recv(
    wslay_event_context_ptr ws, uint8_t *out, size_t len, int flags, void *context)
{
    struct feed *f = context;
    size_t n = 0;
    (void)flags;
    if (f->early_used < f->early.len) {
        return take_early(f, out, len);
    }
    CURLcode code = curl_easy_recv(f->curl, out, len, &n);
    if (code == CURLE_OK && n > 0) {
        f->heard_ms = clock_ms();
        return (ssize_t)n;
    }
    f->broken = code != CURLE_AGAIN;
    wslay_event_set_error(ws, f->broken ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t on_send(
    wslay_event_context_ptr ws, const uint8_t *bytes, size_t len, int flags, void *context)
{
    struct feed *f = context;
    size_t n = 0;
    (void)flags;
    CURLcode code = curl_easy_send(f->curl, bytes, len, &n);
    if (code == CURLE_OK) {
        return (ssize_t)n;
    }
    f->broken = code != CURLE_AGAIN;
    wslay_event_set_error(ws, f->broken ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static int on_mask(wslay_event_context_ptr ws, uint8_t *out, size_t len, void *context)
{
    (void)ws;
    (void)context;
    randombytes_buf(out, len);
    return 0;
}

static void on_message(
    wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *arg, void *context)
{
    struct feed *f = context;
    (void)ws;
    if (arg->opcode != WSLAY_TEXT_FRAME) {
        return;
    }
    json_t *event = json_loadb((const char *)arg->msg, arg->msg_length, 0, NULL);
    if (!json_is_object(event) || json_array_size(f->queue) >= QUEUE_MAX) {
        json_decref(event);
        f->broken = true;
        return;
    }
    json_array_append_new(f->queue, event);
}

/* Waits until the socket is ready, ctrl-C or the deadline. */
static int wait_ready(const struct feed *f, short events, uint64_t deadline_ms, struct err *e)
{
    struct pollfd fds[2] = {
        {.fd = f->fd, .events = events}, {.fd = term_stop_fd(), .events = POLLIN}};
    uint64_t now = clock_ms();
    if (now >= deadline_ms) {
        return err_set(e, PP_ETIMEOUT, "the feed does not open in time");
    }
    if (poll(fds, 2, (int)(deadline_ms - now)) < 0 && errno != EINTR) {
        return err_errno(e, errno, "wait for the feed");
    }
    return term_stopped() ? err_set(e, PP_ECANCELED, "interrupted") : 0;
}

static int send_all(struct feed *f, const char *bytes, size_t len, uint64_t deadline, struct err *e)
{
    while (len > 0) {
        size_t n = 0;
        CURLcode code = curl_easy_send(f->curl, bytes, len, &n);
        bytes += n;
        len -= n;
        if (code != CURLE_OK && code != CURLE_AGAIN) {
            return err_set(e, PP_EOFFLINE, "the feed broke off: %s", curl_easy_strerror(code));
        }
        int rc = code == CURLE_AGAIN ? wait_ready(f, POLLOUT, deadline, e) : 0;
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Reads the answer's head; what follows it is kept as the first frames. */
static int read_head(
    struct feed *f, const uint8_t *nonce, uint64_t deadline, int *status, struct err *e)
{
    for (;;) {
        char chunk[4096];
        size_t n = 0;
        CURLcode code = curl_easy_recv(f->curl, chunk, sizeof chunk, &n);
        if (code == CURLE_OK && n > 0) {
            strbuf_add(&f->early, chunk, n);
            int head = handshake_check(f->early.data, f->early.len, nonce, status, e);
            if (head != 0) {
                f->early_used = head > 0 ? (size_t)head : 0;
                return head > 0 ? 0 : head;
            }
        } else if (code != CURLE_AGAIN) {
            return err_set(e, PP_EOFFLINE, "the host closed the feed before it opened");
        }
        int rc = code == CURLE_AGAIN ? wait_ready(f, POLLIN, deadline, e) : 0;
        if (rc != 0) {
            return rc;
        }
    }
}

/* "host:port" of the host's address, and the path in front of ours if there is one. */
static char *authority(const struct host *h, char **prefix)
{
    const char *start = strstr(h->url, "://");
    start = start != NULL ? start + 3 : h->url;
    size_t len = strcspn(start, "/");
    *prefix = mem_strdup(start + len);
    return mem_printf("%.*s", (int)len, start);
}

static int shake_hands(struct feed *f, const struct host *h, int *status, struct err *e)
{
    uint8_t nonce[HANDSHAKE_NONCE];
    struct strbuf request = {0};
    uint64_t deadline = clock_ms() + HANDSHAKE_MS;
    char *prefix;
    char *who = authority(h, &prefix);
    char *path = mem_printf("%s" FEED_PATH, prefix);
    randombytes_buf(nonce, sizeof nonce);
    handshake_request(&request, who, path, h->key, nonce);
    int rc = send_all(f, request.data, request.len, deadline, e);
    if (rc == 0) {
        rc = read_head(f, nonce, deadline, status, e);
    }
    sodium_memzero(request.data, request.len);
    strbuf_fini(&request);
    free(who);
    free(prefix);
    free(path);
    return rc;
}

static int dial(struct feed *f, const struct host *h, struct err *e)
{
    char error_text[CURL_ERROR_SIZE];
    client_setup(f->curl, h, FEED_PATH, error_text);
    curl_easy_setopt(f->curl, CURLOPT_CONNECT_ONLY, 1L);
    CURLcode code = curl_easy_perform(f->curl);
    curl_easy_setopt(f->curl, CURLOPT_ERRORBUFFER, NULL);
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(f->curl, CURLINFO_ACTIVESOCKET, &f->fd);
    }
    if (code != CURLE_OK) {
        client_fault(h, code, error_text, e);
        return -e->code;
    }
    return 0;
}

static void start_frames(struct feed *f, json_t *subscribe)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .genmask_callback = on_mask,
        .on_msg_recv_callback = on_message,
    };
    if (wslay_event_context_client_init(&f->ws, &callbacks, f) != 0) {
        abort(); /* it fails only for want of memory */
    }
    wslay_event_config_set_max_recv_msg_length(f->ws, MESSAGE_MAX);
    f->heard_ms = f->asked_ms = clock_ms();
    if (subscribe != NULL) {
        json_t *wish = json_pack("{s:O}", "subscribe", subscribe);
        char *text = json_dumps(wish, JSON_COMPACT);
        struct wslay_event_msg message = {WSLAY_TEXT_FRAME, (const uint8_t *)text, strlen(text)};
        wslay_event_queue_msg(f->ws, &message);
        wslay_event_send(f->ws);
        free(text);
        json_decref(wish);
    }
}

int feed_open(
    struct feed **out, const struct host *h, json_t *subscribe, int *status, struct err *e)
{
    struct feed *f = mem_alloc(sizeof *f);
    *status = 0;
    *out = NULL;
    f->curl = curl_easy_init();
    f->queue = json_array();
    int rc = f->curl != NULL ? dial(f, h, e) : err_set(e, PP_EIO, "libcurl cannot start");
    if (rc == 0) {
        rc = shake_hands(f, h, status, e);
    }
    if (rc != 0) {
        feed_close(f);
        return rc;
    }
    start_frames(f, subscribe);
    *out = f;
    return 0;
}

int feed_fd(const struct feed *f)
{
    return f->fd;
}

static int next_event(struct feed *f, json_t **event)
{
    if (json_array_size(f->queue) == 0) {
        return 0;
    }
    *event = json_incref(json_array_get(f->queue, 0));
    json_array_remove(f->queue, 0);
    return 1;
}

int feed_read(struct feed *f, json_t **event, struct err *e)
{
    if (next_event(f, event) == 1) {
        return 1;
    }
    if (!f->broken && wslay_event_want_read(f->ws)) {
        f->broken |= wslay_event_recv(f->ws) != 0;
    }
    if (!f->broken && wslay_event_want_write(f->ws)) {
        f->broken |= wslay_event_send(f->ws) != 0;
    }
    if (next_event(f, event) == 1) {
        return 1;
    }
    bool ended = f->broken || wslay_event_get_close_received(f->ws);
    return ended ? err_set(e, PP_EOFFLINE, "the feed has ended") : 0;
}

int feed_beat(struct feed *f, uint64_t now_ms, struct err *e)
{
    uint64_t silent = now_ms > f->heard_ms ? now_ms - f->heard_ms : 0;
    if (silent >= GIVE_UP_MS) {
        return err_set(e, PP_ETIMEOUT, "the host has been silent for %u s", GIVE_UP_MS / 1000);
    }
    if (silent >= ASK_AFTER_MS && now_ms - f->asked_ms >= ASK_AFTER_MS) {
        struct wslay_event_msg ping = {WSLAY_PING, NULL, 0};
        wslay_event_queue_msg(f->ws, &ping);
        wslay_event_send(f->ws);
        f->asked_ms = now_ms;
    }
    return 0;
}

void feed_close(struct feed *f)
{
    if (f == NULL) {
        return;
    }
    if (f->ws != NULL) {
        if (!f->broken && wslay_event_queue_close(f->ws, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0) == 0) {
            wslay_event_send(f->ws);
        }
        wslay_event_context_free(f->ws);
    }
    curl_easy_cleanup(f->curl);
    json_decref(f->queue);
    strbuf_fini(&f->early);
    free(f);
}
