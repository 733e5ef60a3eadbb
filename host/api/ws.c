#include "host/api/ws.h"

#include "host/base/mem.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <string.h>
#include <wslay/wslay.h>

struct ws {
    wslay_event_context_ptr wslay; /* owned */
    struct strbuf out;
    const unsigned char *in; /* borrowed during ws_feed() */
    size_t in_len;
    ws_text_cb on_text;
    void *context;
};

static ssize_t take_in(
    wslay_event_context_ptr wslay, uint8_t *buf, size_t len, int flags, void *context)
{
    struct ws *w = context;
    (void)flags;
    if (w->in_len == 0) {
        wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    len = len < w->in_len ? len : w->in_len;
    memcpy(buf, w->in, len);
    w->in += len;
    w->in_len -= len;
    return (ssize_t)len;
}

static ssize_t put_out(
    wslay_event_context_ptr wslay, const uint8_t *data, size_t len, int flags, void *context)
{
    struct ws *w = context;
    (void)wslay;
    (void)flags;
    strbuf_add(&w->out, data, len);
    return (ssize_t)len;
}

static void on_message(
    wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *message, void *context)
{
    struct ws *w = context;
    (void)wslay;
    if (message->opcode == WSLAY_TEXT_FRAME) {
        const char *text = message->msg_length > 0 ? (const char *)message->msg : "";
        w->on_text(w->context, text, message->msg_length);
    }
}

bool ws_accept(const char *key, char out[static WS_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
    struct base64_decode_ctx base64;
    struct sha1_ctx sha1;
    uint8_t nonce[BASE64_DECODE_LENGTH(24)];
    uint8_t digest[SHA1_DIGEST_SIZE];
    size_t nonce_len = sizeof nonce;
    base64_decode_init(&base64);
    if (strlen(key) != 24 || !base64_decode_update(&base64, &nonce_len, nonce, 24, key) ||
        !base64_decode_final(&base64) || nonce_len != 16) {
        return false;
    }
    sha1_init(&sha1);
    sha1_update(&sha1, 24, (const uint8_t *)key);
    sha1_update(&sha1, sizeof guid - 1, (const uint8_t *)guid);
    sha1_digest(&sha1, sizeof digest, digest);
    base64_encode_raw(out, sizeof digest, digest);
    out[WS_ACCEPT_SIZE - 1] = '\0';
    return true;
}

struct ws *ws_new(ws_text_cb on_text, void *context)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = take_in,
        .send_callback = put_out,
        .on_msg_recv_callback = on_message,
    };
    struct ws *w = mem_alloc(sizeof *w);
    w->on_text = on_text;
    w->context = context;
    if (wslay_event_context_server_init(&w->wslay, &callbacks, w) != 0) {
        mem_resize(NULL, SIZE_MAX, 1); /* it fails for want of memory only */
    }
    wslay_event_config_set_max_recv_msg_length(w->wslay, WS_MESSAGE_MAX);
    return w;
}

void ws_free(struct ws *w)
{
    wslay_event_context_free(w->wslay);
    strbuf_fini(&w->out);
    free(w);
}

bool ws_feed(struct ws *w, const void *bytes, size_t len)
{
    w->in = bytes;
    w->in_len = len;
    bool well = wslay_event_recv(w->wslay) == 0;
    wslay_event_send(w->wslay); /* a broken frame has left its close frame in the queue */
    w->in = NULL;
    w->in_len = 0;
    return well && wslay_event_want_read(w->wslay);
}

static void queue(struct ws *w, uint8_t opcode, const char *bytes, size_t len)
{
    struct wslay_event_msg message = {opcode, (const uint8_t *)bytes, len};
    if (wslay_event_queue_msg(w->wslay, &message) == 0) {
        wslay_event_send(w->wslay);
    }
}

void ws_text(struct ws *w, const char *text, size_t len)
{
    queue(w, WSLAY_TEXT_FRAME, text, len);
}

void ws_ping(struct ws *w)
{
    queue(w, WSLAY_PING, "", 0);
}

void ws_shut(struct ws *w, unsigned short code, const char *reason)
{
    if (wslay_event_queue_close(w->wslay, code, (const uint8_t *)reason, strlen(reason)) == 0) {
        wslay_event_send(w->wslay);
    }
}

struct strbuf *ws_out(struct ws *w)
{
    return &w->out;
}
