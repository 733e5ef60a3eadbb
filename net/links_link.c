/* One connection: socket and channel, reading and writing, and its end. */
#include "net/links_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNSENT_MAX (128 << 10) /* what the kernel holds beyond what is on its way */

/* ---- beginning and end --------------------------------------------------------------------------
 */

struct link *link_new(struct links *l, bool initiator)
{
    struct link *k = mem_alloc(sizeof *k);
    k->links = l;
    k->initiator = initiator;
    k->rtt_us = -1;
    k->number = ++l->turns;
    k->begun_ms = k->heard_ms = k->used_ms = k->taken_ms = k->budget_ms = links_now(l);
    k->budget = LINKS_SMALL_PER_S;
    link_lanes_init(k);
    uv_tcp_init(l->loop, &k->tcp);
    k->tcp.data = k;
    l->open++;
    l->count++;
    k->next = l->list;
    k->prev = &l->list;
    if (l->list != NULL) {
        l->list->prev = &k->next;
    }
    l->list = k;
    return k;
}

static void on_closed(uv_handle_t *handle)
{
    struct link *k = handle->data;
    struct links *l = k->links;
    *k->prev = k->next;
    if (k->next != NULL) {
        k->next->prev = k->prev;
    }
    link_lanes_fini(k);
    channel_free(k->channel);
    ident_let_go(k->ident);
    free(k->remote);
    free(k);
    links_let_go(l);
}

static void end(struct link *k, const char *why)
{
    while (k->members != NULL) {
        member_end(k->members, why);
    }
}

void link_close(struct link *k, const char *fmt, ...)
{
    if (k->dead) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(k->why, sizeof k->why, fmt, ap);
    va_end(ap);
    k->dead = true;
    k->links->count--;
    uv_close((uv_handle_t *)&k->tcp, on_closed);
    links_dial_gone(k);
    end(k, k->why);
}

void link_part(struct link *k, enum frame_bye reason, const char *fmt, ...)
{
    if (!link_is_alive(k)) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(k->why, sizeof k->why, fmt, ap);
    va_end(ap);
    link_lanes_fini(k);
    struct frame bye = {.type = FRAME_BYE, .reason = (uint8_t)reason};
    link_put(k, &bye);
    k->parting = true;
    k->part_ms = links_now(k->links);
    end(k, k->why);
}

void link_violation(struct link *k, const char *what)
{
    links_note(k->links, NOTE_FOREIGN, k->address, "%s breaks the rules: %s", k->address, what);
    link_close(k, "it breaks the rules: %s", what);
}

void link_doom(struct link *k, enum frame_bye goodbye, const char *why)
{
    if (link_is_alive(k)) {
        k->doomed = true;
        k->goodbye = goodbye;
        snprintf(k->why, sizeof k->why, "%s", why);
        links_soon(k->links, 0);
    }
}

void link_execute(struct link *k)
{
    char why[sizeof k->why];
    if (!k->doomed || k->dead) {
        return;
    }
    memcpy(why, k->why, sizeof why);
    k->doomed = false;
    if (k->goodbye != 0) {
        link_part(k, k->goodbye, "%s", why);
    } else {
        link_close(k, "%s", why);
    }
}

bool link_is_alive(const struct link *k)
{
    return !k->dead && !k->parting && !k->doomed;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

struct write {
    uv_write_t request;
    struct link *link;
    uint8_t bytes[];
};

static void on_written(uv_write_t *request, int status)
{
    struct write *w = request->data;
    struct link *k = w->link;
    free(w);
    k->writing = false;
    if (k->dead) {
        return;
    }
    k->taken_ms = links_now(k->links);
    if (status < 0) {
        link_close(k, "%s", uv_strerror(status));
        return;
    }
    link_pump(k);
}

/* Seals frames until there is a batch; what is not sealed yet can be overtaken. */
static void fill(struct link *k)
{
    uint8_t frame[FRAME_MAX];
    size_t ready, len;
    if (!k->open) {
        return;
    }
    while (channel_out(k->channel, &ready), ready < LINKS_BATCH) {
        len = link_next(k, frame);
        if (len == 0) {
            return;
        }
        int rc = channel_send(k->channel, frame, len, NULL);
        assert(rc == 0);
    }
}

void link_pump(struct link *k)
{
    size_t len;
    if (k->writing || k->dead || k->channel == NULL) {
        return;
    }
    fill(k);
    const uint8_t *bytes = channel_out(k->channel, &len);
    if (len == 0) {
        return;
    }
    struct write *w = mem_resize(NULL, sizeof *w + len, 1); /* not cleared: it is large */
    memcpy(w->bytes, bytes, len);
    channel_sent(k->channel, len);
    w->link = k;
    w->request.data = w;
    k->writing = true;
    k->taken_ms = links_now(k->links);
    k->last_queued = len;
    k->bytes_out += len;
    uv_buf_t b = uv_buf_init((char *)w->bytes, (unsigned)len);
    int rc = uv_write(&w->request, (uv_stream_t *)&k->tcp, &b, 1, on_written);
    if (rc < 0) {
        free(w);
        k->writing = false;
        link_doom(k, 0, uv_strerror(rc));
    }
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct link *k = handle->data;
    (void)wanted;
    *out = uv_buf_init((char *)k->links->buffer, sizeof k->links->buffer);
}

static void on_frame(void *context, const uint8_t *bytes, size_t len)
{
    struct link *k = context;
    if (!k->open) { /* it came in one piece with the last of the handshake */
        link_opened(k);
    }
    if (link_is_alive(k)) {
        link_frame(k, bytes, len);
    }
}

static void on_refused(struct link *k, int rc, const struct err *e)
{
    struct links *l = k->links;
    if (rc == -PP_EEXIST) {
        if (memcmp(channel_static(k->channel), l->static_public, 32) == 0) {
            links_dial_ourselves(k);
        } else {
            links_note(l, NOTE_TWIN, k->address,
                "%s has this host's identity (%s): a key was copied, one of the two needs its own",
                k->address, k->ident->id.text);
            links_twin(l);
        }
    } else if (!k->open && !k->initiator && rc == -PP_EAUTH) {
        links_note(l, NOTE_PHRASE, k->address,
            "%s was refused: its phrase of the network is another", k->address);
    }
    link_close(k, "%s", e->text);
}

static void feed(struct link *k, const uint8_t *bytes, size_t len)
{
    struct err e = {0};
    k->heard_ms = links_now(k->links);
    k->bytes_in += len;
    int rc = channel_feed(k->channel, bytes, len, on_frame, k, &e);
    if (k->dead) {
        return;
    }
    if (rc < 0) {
        on_refused(k, rc, &e);
        return;
    }
    if (!k->open && channel_is_open(k->channel)) {
        link_opened(k);
    }
    link_pump(k);
}

static void on_end(struct link *k, ssize_t nread)
{
    if (k->initiator && k->open && !k->helloed && !k->parting) {
        links_note(k->links, NOTE_PHRASE, k->address,
            "%s closed the connection when it saw our phrase of the network: is it the same there?",
            k->address);
    }
    link_close(k, "%s", nread == UV_EOF ? "closed by the other end" : uv_strerror((int)nread));
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct link *k = stream->data;
    if (nread == 0 || k->dead) {
        return;
    }
    if (nread < 0) {
        on_end(k, nread);
    } else if (!k->parting) {
        feed(k, (const uint8_t *)buf->base, (size_t)nread);
    }
}

int link_read(struct link *k)
{
    k->reading = true;
    return uv_read_start((uv_stream_t *)&k->tcp, on_alloc, on_read);
}

int link_begin(struct link *k)
{
    struct links *l = k->links;
    uv_os_fd_t fd;
    int most = UNSENT_MAX;
    uv_tcp_nodelay(&k->tcp, 1);
    if (uv_fileno((uv_handle_t *)&k->tcp, &fd) == 0) { /* a wish, so that control overtakes */
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
    }
    struct ident *ident = links_ident(l);
    if (ident == NULL) {
        return -PP_ESTATE;
    }
    k->ident = ident_hold(ident);
    struct channel_options o = {.self = &k->ident->id,
        .psk = l->psk,
        .static_secret = l->static_secret,
        .initiator = k->initiator};
    k->channel = channel_new(&o);
    if (link_read(k) < 0) {
        return -PP_EIO;
    }
    link_pump(k);
    return 0;
}
