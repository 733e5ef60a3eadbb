/* The WebSocket handshake: from an HTTP request to a subscriber of the feed. */
#include "host/api/feed.h"

#include "host/api/http_private.h"
#include "host/api/ws.h"
#include "host/base/err.h"
#include "host/base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct upgrade {
    struct http *http;
    struct MHD_UpgradeResponseHandle *handle;
};

/* Until MHD has run once more, its descriptor keeps the connection open. */
static void on_released(void *context)
{
    struct upgrade *u = context;
    MHD_upgrade_action(u->handle, MHD_UPGRADE_ACTION_CLOSE);
    http_pump_soon(u->http);
    free(u);
}

/* MHD keeps its own descriptor until the upgrade ends; libuv wants one to close itself. */
static void on_upgrade(void *cls, struct MHD_Connection *connection, void *slot,
    const char *extra_in, size_t extra_in_size, MHD_socket sock,
    struct MHD_UpgradeResponseHandle *urh)
{
    struct http *h = cls;
    struct upgrade *u = mem_alloc(sizeof *u);
    *u = (struct upgrade){h, urh};
    (void)connection;
    (void)slot;
    int fd = h->feed != NULL && !h->closing ? fcntl(sock, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd < 0) {
        on_released(u);
        return;
    }
    feed_add(h->feed, fd, extra_in, extra_in_size, on_released, u);
}

/* True if a comma-separated header has the token. */
static bool has_token(const char *header, const char *token)
{
    size_t len = strlen(token);
    for (const char *p = header; p != NULL && *p != '\0';) {
        p += strspn(p, ", \t");
        size_t n = strcspn(p, ", \t");
        if (n == len && strncasecmp(p, token, len) == 0) {
            return true;
        }
        p += n;
    }
    return false;
}

static int check(const struct request *r, char accept[static WS_ACCEPT_SIZE], struct err *e)
{
    const char *key = request_header(r, "Sec-WebSocket-Key");
    const char *version = request_header(r, "Sec-WebSocket-Version");
    if (!has_token(request_header(r, "Upgrade"), "websocket") ||
        !has_token(request_header(r, "Connection"), "upgrade")) {
        return err_field(e, PP_EINVAL, "Upgrade", "the feed is a WebSocket: connect with one");
    }
    if (version == NULL || strcmp(version, "13") != 0) {
        return err_field(e, PP_EINVAL, "Sec-WebSocket-Version", "Sec-WebSocket-Version must be 13");
    }
    if (key == NULL || !ws_accept(key, accept)) {
        return err_field(
            e, PP_EINVAL, "Sec-WebSocket-Key", "Sec-WebSocket-Key must be 16 bytes in base64");
    }
    if (feed_count(r->http->feed) >= FEED_CLIENTS) {
        return err_set(e, PP_ELIMIT, "%d clients follow the feed: no more are taken", FEED_CLIENTS);
    }
    return 0;
}

void feed_handle(struct request *r)
{
    char accept[WS_ACCEPT_SIZE];
    struct err e = {0};
    if (reply_failed(r, check(r, accept, &e), &e)) {
        return;
    }
    r->response = MHD_create_response_for_upgrade(on_upgrade, r->http);
    r->status = MHD_HTTP_SWITCHING_PROTOCOLS;
    reply_header(r, "Upgrade", "websocket");
    reply_header(r, "Sec-WebSocket-Accept", accept);
}
