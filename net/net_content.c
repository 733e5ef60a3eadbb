/* Content of the facade: the exchange between links and the program's store. */
#include "net/net_priv.h"

#include <string.h>

/* ---- the store is the program's -----------------------------------------------------------------
 */

static bool has(void *context, const char *sha256, int64_t *size_bytes)
{
    const struct net *n = context;
    return n->o.content.has(n->o.content.context, sha256, size_bytes);
}

static bool accepts(void *context, int link, const char *sha256, int64_t size_bytes, struct err *e)
{
    const struct net *n = context;
    const struct net_queue *q = net_queue_of_link(n, link);
    return q != NULL && n->o.content.accepts(n->o.content.context, q->name, sha256, size_bytes, e);
}

static void read_part(void *context, uint64_t id, const char *sha256, int64_t offset, size_t len)
{
    const struct net *n = context;
    n->o.content.read(n->o.content.context, id, sha256, offset, len);
}

static int begin(
    void *context, const char *sha256, int64_t size_bytes, uint8_t **have, struct err *e)
{
    const struct net *n = context;
    return n->o.content.begin(n->o.content.context, sha256, size_bytes, have, e);
}

static void write_part(void *context, uint64_t id, const char *sha256, int64_t offset,
    const uint8_t *bytes, size_t len)
{
    const struct net *n = context;
    n->o.content.write(n->o.content.context, id, sha256, offset, bytes, len);
}

static void finish(void *context, uint64_t id, const char *sha256)
{
    const struct net *n = context;
    n->o.content.finish(n->o.content.context, id, sha256);
}

static void discard(void *context, const char *sha256)
{
    const struct net *n = context;
    n->o.content.discard(n->o.content.context, sha256);
}

/* ---- and the way is ours ------------------------------------------------------------------------
 */

static bool send_xfer(
    void *context, int link, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len)
{
    const struct net *n = context;
    enum link_class cls = bulk ? LINK_BULK : LINK_NORMAL;
    return links_send(n->links, link, to, cls, NET_XFER, bytes, len) == 0;
}

/* A link that goes tells xfer, which is in the middle of a step: it goes at the end of that. */
static void drop(void *context, const struct peer *peer, const char *why)
{
    struct net *n = context;
    if (n->drops_count < sizeof n->drops / sizeof n->drops[0]) {
        struct drop *d = &n->drops[n->drops_count++];
        d->peer = *peer;
        str_copy(d->why, sizeof d->why, why, strlen(why));
    }
}

void net_content_open(struct net *n)
{
    struct xfer_store store = {
        has, accepts, read_part, begin, write_part, finish, discard, .context = n};
    struct xfer_io io = {.send = send_xfer, .drop = drop, .context = n};
    n->xfer = xfer_new(&store, &io);
}

void net_content_close(struct net *n)
{
    xfer_free(n->xfer);
}

static void tick(uv_timer_t *timer)
{
    struct net *n = timer->data;
    xfer_tick(n->xfer, net_now_ms(n));
    net_content_step(n);
}

void net_content_step(struct net *n)
{
    while (n->drops_count > 0) {
        struct drop d = n->drops[--n->drops_count];
        net_note(n, "", true, "a peer is let go: %s", d.why);
        links_drop(n->links, &d.peer, d.why);
    }
    if (n->closing) {
        return;
    }
    uint64_t now = net_now_ms(n);
    uint64_t next = xfer_next_ms(n->xfer);
    uv_timer_start(&n->xfer_tick, tick, next > now ? next - now : 0, 0);
}

/* ---- the program's calls ------------------------------------------------------------------------
 */

uint64_t net_fetch(struct net *n, const char *queue, const char *sha256, int64_t size_bytes,
    net_fetch_cb done, void *context)
{
    const struct net_queue *q = net_queue_find(n, queue);
    int link = q != NULL ? q->link : -1;
    uint64_t id = xfer_fetch(n->xfer, net_now_ms(n), link, sha256, size_bytes, done, context);
    net_content_step(n);
    return id;
}

void net_fetch_cancel(struct net *n, uint64_t id)
{
    xfer_cancel(n->xfer, id);
    net_content_step(n);
}

bool net_fetch_progress(const struct net *n, const char *sha256, struct net_progress *out)
{
    struct xfer_progress p;
    if (!xfer_progress(n->xfer, sha256, &p)) {
        return false;
    }
    *out = (struct net_progress){p.size_bytes, p.done_bytes, p.rate_bytes_s, p.holders};
    return true;
}

void net_offer(struct net *n, const char *queue, const char *sha256, size_t replicas,
    int64_t timeout_ms, net_offer_cb done, void *context)
{
    const struct net_queue *q = net_queue_find(n, queue);
    int link = q != NULL ? q->link : -1;
    xfer_offer(n->xfer, net_now_ms(n), link, sha256, replicas, timeout_ms, done, context);
    net_content_step(n);
}

void net_read_done(
    struct net *n, uint64_t id, const uint8_t *bytes, size_t len, const struct err *e)
{
    xfer_read_done(n->xfer, net_now_ms(n), id, bytes, len, e);
    net_content_step(n);
}

void net_write_done(struct net *n, uint64_t id, const struct err *e)
{
    xfer_write_done(n->xfer, net_now_ms(n), id, e);
    net_content_step(n);
}

void net_finish_done(struct net *n, uint64_t id, const struct err *e)
{
    xfer_finish_done(n->xfer, net_now_ms(n), id, e);
    net_content_step(n);
}
