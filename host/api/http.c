#include "host/api/http.h"

#include "host/api/feed.h"
#include "host/api/http_private.h"
#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX        256
#define CONNECTIONS_PER_CLIENT 64
#define CONNECTION_MEMORY      65536
#define IDLE_TIMEOUT_S         30u

static void close_now(struct http *h);
static void on_timer(uv_timer_t *timer);
static void on_soon(uv_idle_t *idle);

/* What is to be done at once is done in the loop's next turn. A timer of 0 ms that is started by
 * its own callback would run again in this one: a long answer held everything else up to its end.
 */
static void rearm(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool timed = MHD_get_timeout(h->mhd, &wait_ms) == MHD_YES;
    uv_timer_stop(&h->timer);
    if (h->again || (timed && wait_ms == 0)) {
        uv_idle_start(&h->soon, on_soon);
    } else if (timed) {
        uv_timer_start(&h->timer, on_timer, wait_ms, 0);
    }
}

/* MHD's objects must not be closed from inside its own callbacks, so that a close asked for there
 * begins here. */
static void pump(struct http *h)
{
    if (h->pumping || h->mhd == NULL) {
        return;
    }
    h->pumping = true;
    h->again = false;
    uv_idle_stop(&h->soon);
    MHD_run(h->mhd);
    h->pumping = false;
    if (h->closing && h->feed != NULL) {
        close_now(h);
    } else if (!h->closing) {
        rearm(h);
    }
}

void http_pump_soon(struct http *h)
{
    h->again = true;
    if (!h->pumping && h->mhd != NULL) {
        uv_idle_start(&h->soon, on_soon);
    }
}

static void on_soon(uv_idle_t *idle)
{
    pump(idle->data);
}

static void on_timer(uv_timer_t *timer)
{
    pump(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    pump(poll->data);
}

static void on_chores(uv_timer_t *timer)
{
    struct http *h = timer->data;
    h->o.restart(h->o.restart_context);
}

void http_restart_soon(struct http *h)
{
    if (h->o.restart != NULL && !h->closing) {
        uv_timer_start(&h->chores, on_chores, 0, 0);
    }
}

/* ---- open ---------------------------------------------------------------------------------------
 */

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *fmt, va_list ap)
{
    char text[200];
    char shown[200];
    (void)context;
    int n = vsnprintf(text, sizeof text, fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    while (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    log_debug("http: %s", str_escape(shown, sizeof shown, text, len));
}

static int start_daemon(struct http *h, struct err *e)
{
    unsigned flags =
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE;
    h->mhd = MHD_start_daemon(flags, 0, NULL, NULL, request_on_access, h,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, h->socket.fd,
        MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, h, MHD_OPTION_CONNECTION_TIMEOUT,
        IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_CLIENT,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
    if (h->mhd == NULL) {
        close(h->socket.fd);
        return err_set(e, PP_EIO, "%s: the HTTP server did not start", h->o.listen);
    }
    return 0;
}

static void init_handles(struct http *h)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    uv_poll_init(h->loop, &h->poll, info->epoll_fd);
    uv_timer_init(h->loop, &h->timer);
    uv_timer_init(h->loop, &h->chores);
    uv_idle_init(h->loop, &h->soon);
    h->poll.data = h->timer.data = h->chores.data = h->soon.data = h;
    h->open = 4;
    uv_poll_start(&h->poll, UV_READABLE, on_poll);
}

static void name_ourselves(struct http *h)
{
    if (gethostname(h->hostname, sizeof h->hostname - 1) != 0) {
        str_copy(h->hostname, sizeof h->hostname, "localhost", 9);
    }
    h->names[0] = h->hostname;
    h->names[1] = h->socket.host;
}

int http_open(struct http **out, uv_loop_t *loop, const struct http_options *options, struct err *e)
{
    struct http *h = mem_alloc(sizeof *h);
    h->o = *options;
    h->loop = loop;
    h->started_ms = (int64_t)clock_ms();
    int rc = listen_open(&h->socket, options->listen, options->next_free_port, e);
    if (rc == 0) {
        rc = start_daemon(h, e);
    }
    if (rc != 0) {
        free(h);
        return rc;
    }
    name_ourselves(h);
    init_handles(h);
    h->feed = feed_new(h);
    rearm(h);
    if (options->loopback_open) {
        log_warn("http: auth: loopback-open: every program on this machine may do everything");
    }
    if (!h->socket.loopback) {
        log_info("http: reachable from the network at port %d, without encryption", h->socket.port);
    }
    *out = h;
    return 0;
}

/* ---- close --------------------------------------------------------------------------------------
 */

static void on_handle_closed(uv_handle_t *handle)
{
    struct http *h = handle->data;
    if (--h->open == 0) {
        h->closed(h->closed_context);
        free(h);
    }
}

/* Every WebSocket is closed: what is left are plain connections. */
static void on_feed_closed(void *context)
{
    struct http *h = context;
    pump(h);
    MHD_stop_daemon(h->mhd);
    h->mhd = NULL;
    uv_close((uv_handle_t *)&h->poll, on_handle_closed);
    uv_close((uv_handle_t *)&h->timer, on_handle_closed);
    uv_close((uv_handle_t *)&h->chores, on_handle_closed);
    uv_close((uv_handle_t *)&h->soon, on_handle_closed);
}

static void close_now(struct http *h)
{
    struct feed *feed = h->feed;
    h->feed = NULL;
    for (struct request *r = h->requests; r != NULL; r = r->next) {
        request_abandon(r);
    }
    feed_close(feed, on_feed_closed, h);
}

void http_close(struct http *h, void (*closed)(void *context), void *context)
{
    if (h->closing) {
        return;
    }
    h->closing = true;
    h->closed = closed;
    h->closed_context = context;
    if (!h->pumping) {
        close_now(h);
    }
}

int http_port(const struct http *h)
{
    return h->socket.port;
}

const char *http_url(const struct http *h)
{
    return h->socket.url;
}

void http_set_profile(struct http *h, const struct profile *profile)
{
    h->o.profile = profile;
}

void http_set_network(struct http *h, struct network *network)
{
    h->o.network = network;
}

void http_set_upload_action(struct http *h, enum config_upload action)
{
    h->o.upload_action = action;
}
