/* One client of the feed: a WebSocket session over a socket that never makes anybody wait. */
#include "host/api/feed_private.h"

#include "host/base/json.h"
#include "host/base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void flush(struct subscriber *s);

static void on_closed(uv_handle_t *handle)
{
    struct subscriber *s = handle->data;
    ws_free(s->ws);
    strbuf_fini(&s->sending);
    s->released(s->context);
    feed_forget(s);
    free(s);
}

static void drop(struct subscriber *s)
{
    if (s->closing) {
        return;
    }
    s->closing = true;
    feed_want_terminal(s, false);
    uv_close((uv_handle_t *)&s->tcp, on_closed);
}

void subscriber_drop(struct subscriber *s, unsigned short code, const char *reason)
{
    if (!s->writing && !s->closing) {
        ws_shut(s->ws, code, reason);
        struct strbuf *out = ws_out(s->ws);
        uv_buf_t buf = uv_buf_init(out->data, (unsigned)out->len);
        uv_try_write((uv_stream_t *)&s->tcp, &buf, 1);
    }
    drop(s);
}

void subscriber_send(struct subscriber *s, const char *text)
{
    size_t len = strlen(text);
    if (s->closing || s->ending) {
        return;
    }
    if (s->sending.len + ws_out(s->ws)->len + len > FEED_QUEUE_MAX) {
        log_info("feed: a client reads too slowly and is dropped");
        drop(s);
        return;
    }
    ws_text(s->ws, text, len);
    flush(s);
}

static void send_event(struct subscriber *s, enum hub_event event)
{
    char *text = feed_message(s->feed->http, event, NULL);
    subscriber_send(s, text);
    free(text);
}

static void send_stale(struct subscriber *s)
{
    static const enum hub_event events[] = {
        HUB_STATE, HUB_TEMPS, HUB_PROGRESS, HUB_JOBS, HUB_MANAGE, HUB_SPOOLS, HUB_PEERS};
    unsigned stale = s->stale;
    s->stale = 0;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if ((stale & feed_stale_bit(events[i])) != 0) {
            send_event(s, events[i]);
        }
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct subscriber *s = write->data;
    s->writing = false;
    strbuf_fini(&s->sending);
    if (s->closing) {
        return;
    }
    if (status < 0 || (s->ending && ws_out(s->ws)->len == 0)) {
        drop(s);
        return;
    }
    flush(s);
    if (!s->writing) {
        send_stale(s);
    }
}

static void flush(struct subscriber *s)
{
    struct strbuf *out = ws_out(s->ws);
    if (s->writing || s->closing || out->len == 0) {
        return;
    }
    s->sending = *out;
    *out = (struct strbuf){0};
    uv_buf_t buf = uv_buf_init(s->sending.data, (unsigned)s->sending.len);
    s->write.data = s;
    s->writing = true;
    if (uv_write(&s->write, (uv_stream_t *)&s->tcp, &buf, 1, on_written) != 0) {
        s->writing = false;
        drop(s);
    }
}

static int set_topics(struct subscriber *s, json_t *topics, bool wanted, struct err *e)
{
    for (size_t i = 0; i < json_array_size(topics); i++) {
        const char *topic = json_string_value(json_array_get(topics, i));
        if (topic == NULL || strcmp(topic, "terminal") != 0) {
            char shown[48];
            json_quote(json_array_get(topics, i), shown, sizeof shown);
            return err_field(e, PP_EINVAL, wanted ? "subscribe" : "unsubscribe",
                "topic %s: must be \"terminal\"", shown);
        }
        feed_want_terminal(s, wanted);
    }
    return 0;
}

static int take_request(struct subscriber *s, const char *text, size_t len, struct err *e)
{
    json_t *input = NULL;
    json_t *more = NULL;
    json_t *less = NULL;
    const struct json_field fields[] = {
        {"subscribe", JSON_KIND_ARRAY, false, &more, 0, 8},
        {"unsubscribe", JSON_KIND_ARRAY, false, &less, 0, 8},
    };
    int rc = json_parse(&input, text, len, e);
    if (rc == 0) {
        rc = json_read(input, fields, 2, e);
    }
    if (rc == 0) {
        rc = set_topics(s, more, true, e);
    }
    if (rc == 0) {
        rc = set_topics(s, less, false, e);
    }
    json_decref(input);
    return rc;
}

static void on_text(void *context, const char *text, size_t len)
{
    struct subscriber *s = context;
    struct err e = {0};
    if (s->closing || take_request(s, text, len, &e) == 0) {
        return;
    }
    json_t *value = json_pack("{s:s, s:{s:s, s:o, s:o}}", "type", "error", "error", "code",
        err_name(e.code), "message", json_text(e.text), "field", json_text(e.field));
    char *reply = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    subscriber_send(s, reply != NULL ? reply : "{}");
    free(reply);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct subscriber *s = handle->data;
    (void)suggested;
    *buf = uv_buf_init(s->in, sizeof s->in);
}

static void take_bytes(struct subscriber *s, const void *bytes, size_t len)
{
    s->heard_ms = uv_now(s->feed->http->loop);
    if (!ws_feed(s->ws, bytes, len)) {
        s->ending = true;
        uv_read_stop((uv_stream_t *)&s->tcp);
    }
    if (s->sending.len + ws_out(s->ws)->len > FEED_QUEUE_MAX) {
        drop(s); /* it floods us with pings and reads no pong */
        return;
    }
    flush(s);
    if (s->ending && !s->writing) {
        drop(s);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct subscriber *s = stream->data;
    if (n < 0) {
        drop(s);
    } else if (n > 0) {
        take_bytes(s, buf->base, (size_t)n);
    }
}

void subscriber_ping(struct subscriber *s)
{
    ws_ping(s->ws);
    flush(s);
}

void subscriber_open(struct subscriber *s, int fd, const void *extra, size_t extra_len)
{
    s->ws = ws_new(on_text, s);
    uv_tcp_init(s->feed->http->loop, &s->tcp);
    s->tcp.data = s;
    if (uv_tcp_open(&s->tcp, fd) != 0) {
        close(fd);
        drop(s);
        return;
    }
    uv_tcp_nodelay(&s->tcp, 1);
    send_event(s, HUB_STATE);
    if (extra_len > 0) {
        take_bytes(s, extra, extra_len);
    }
    if (!s->closing && !s->ending) {
        uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
    }
}
