/* The facade: what all queues of a host share, and how it begins and ends. */
#include "net/net_priv.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/mem.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t net_now_ms(const struct net *n)
{
    (void)n;
    return clock_ms();
}

void net_note(struct net *n, const char *queue, bool warning, const char *fmt, ...)
{
    char text[320];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n->o.events.note != NULL) {
        n->o.events.note(n->o.events.context, queue, warning, text);
    }
}

struct net_queue *net_queue_find(const struct net *n, const char *name)
{
    for (size_t i = 0; i < n->queues_count; i++) {
        if (strcmp(n->queues[i]->name, name) == 0 && !n->queues[i]->removed) {
            return n->queues[i];
        }
    }
    return NULL;
}

struct net_queue *net_queue_of_link(const struct net *n, int link)
{
    for (size_t i = 0; i < n->queues_count; i++) {
        if (n->queues[i]->link == link && link >= 0) {
            return n->queues[i];
        }
    }
    return NULL;
}

const char *net_self(const struct net *n)
{
    return n->id.text;
}

const char *net_listening(const struct net *n)
{
    return n->shared_text;
}

/* What a link begins with: who we are, for people. */
void net_hello(const struct net *n, struct strbuf *out)
{
    wire_put_u8(out, NET_PROTOCOL);
    wire_put_text(out, n->name);
    wire_put_text(out, n->version);
}

/* ---- what links and the disk tell ---------------------------------------------------------------
 */

static void link_up(
    void *context, int link, const struct link_info *info, const void *hello, size_t len)
{
    struct net *n = context;
    struct net_queue *q = net_queue_of_link(n, link);
    if (q == NULL) {
        return;
    }
    uint64_t now = net_now_ms(n);
    net_member_up(q, &info->peer, hello, len);
    net_queue_step_begin(q);
    group_peer_up(q->group, now, &info->peer);
    net_queue_step_end(q);
    xfer_peer_up(n->xfer, now, link, &info->peer);
    net_content_step(n);
}

static void link_down(void *context, int link, const struct peer *peer, const char *why)
{
    struct net *n = context;
    struct net_queue *q = net_queue_of_link(n, link);
    (void)why;
    if (q == NULL) {
        return;
    }
    uint64_t now = net_now_ms(n);
    net_member_down(q, peer);
    net_queue_step_begin(q);
    group_peer_down(q->group, now, peer);
    net_queue_step_end(q);
    xfer_peer_down(n->xfer, now, link, peer);
    net_content_step(n);
}

static void group_message(
    struct net_queue *q, const struct peer *from, const uint8_t *bytes, size_t len)
{
    net_queue_step_begin(q);
    group_receive(q->group, net_now_ms(q->net), from, bytes, len);
    net_queue_step_end(q);
}

static void xfer_message(
    struct net_queue *q, const struct peer *from, const uint8_t *bytes, size_t len)
{
    xfer_receive(q->net->xfer, net_now_ms(q->net), q->link, from, bytes, len);
    net_content_step(q->net);
}

static void link_message(void *context, int link, const struct peer *peer, uint8_t kind,
    const uint8_t *bytes, size_t len)
{
    static void (*const handlers[])(
        struct net_queue *, const struct peer *, const uint8_t *, size_t) = {
        [NET_GROUP] = group_message,
        [NET_PRESENCE] = net_presence_received,
        [NET_CENSUS] = net_census_received,
        [NET_XFER] = xfer_message,
        [NET_ASK] = net_ask_received,
    };
    struct net *n = context;
    struct net_queue *q = net_queue_of_link(n, link);
    if (q == NULL) {
        return;
    }
    struct member *m = net_member_find(q, peer);
    if (m != NULL) {
        m->heard_ms = net_now_ms(n);
    }
    if (kind < sizeof handlers / sizeof handlers[0] && handlers[kind] != NULL) {
        handlers[kind](q, peer, bytes, len);
    }
}

static bool link_admits(void *context, int link, const struct peer *peer)
{
    const struct net_queue *q = net_queue_of_link(context, link);
    return q == NULL || net_wan_admits(q, peer);
}

static void link_twin(void *context)
{
    struct net *n = context;
    n->twin_ms = net_now_ms(n);
}

static void link_note(void *context, const char *text)
{
    net_note(context, "", true, "%s", text);
}

static void written(void *context, const char *queue, uint64_t ticket)
{
    struct net_queue *q = net_queue_find(context, queue);
    if (q != NULL) {
        net_queue_written(q, ticket);
    }
}

static void disk(void *context, bool full, const char *why)
{
    struct net *n = context;
    if (full) {
        net_note(n, "", true, "network queues cannot be written: %s", why);
    } else {
        net_note(n, "", false, "network queues can be written again");
    }
    for (size_t i = 0; i < n->queues_count; i++) {
        struct net_queue *q = n->queues[i];
        net_queue_step_begin(q);
        group_disk(q->group, net_now_ms(n), full);
        net_queue_step_end(q);
    }
}

/* ---- opening ------------------------------------------------------------------------------------
 */

char **net_copy_list(const char *const *list)
{
    if (list == NULL) {
        return NULL;
    }
    size_t n = 0;
    while (list[n] != NULL) {
        n++;
    }
    char **out = mem_array(n + 1, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        out[i] = mem_strdup(list[i]);
    }
    return out;
}

void net_free_list(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        free(list[i]);
    }
    free(list);
}

static void set(char *dst, size_t size, const char *text, const char *otherwise)
{
    const char *from = text != NULL ? text : otherwise;
    str_copy(dst, size, from, strlen(from));
}

static void take_options(struct net *n, const struct net_options *o)
{
    n->o = *o;
    set(n->folder, sizeof n->folder, o->folder, ".");
    set(n->name, sizeof n->name, o->name, "pphost");
    set(n->version, sizeof n->version, o->version, "");
    set(n->listen, sizeof n->listen, o->listen, "auto");
    set(n->phrase, sizeof n->phrase, o->phrase, "");
    set(n->nameserver, sizeof n->nameserver, o->nameserver, "");
    n->gateways = net_copy_list(o->gateways);
    n->dht_nodes = net_copy_list(o->dht_nodes);
    n->o.folder = n->folder;
    n->o.name = n->name;
    n->o.version = n->version;
    n->o.listen = n->listen;
    n->o.phrase = n->phrase;
    n->o.gateways = (const char *const *)n->gateways;
    n->o.dht_nodes = (const char *const *)n->dht_nodes;
}

static int open_identity(struct net *n, struct err *e)
{
    char folder[600];
    snprintf(folder, sizeof folder, "%s/keys", n->folder);
    if (identity_init() != 0) {
        return err_set(e, PP_EIO, "this system gives no random numbers");
    }
    randombytes_buf(&n->instance, sizeof n->instance);
    return identity_load_or_create(&n->id, folder, e);
}

static int open_store(struct net *n, struct err *e)
{
    char path[600];
    bool was_corrupt = false;
    snprintf(path, sizeof path, "%s/net.db", n->folder);
    struct net_store_events events = {.written = written, .disk = disk, .context = n};
    int rc = net_store_open(&n->store, n->loop, path, &events, &was_corrupt, e);
    if (rc == 0 && was_corrupt) {
        net_note(n, "", true,
            "net.db was damaged and is kept aside: this host joins its network queues anew");
    }
    return rc;
}

static int open_links(struct net *n, struct err *e)
{
    struct strbuf hello = {0};
    net_hello(n, &hello);
    struct links_options o = {
        .phrase = n->phrase,
        .hello = hello.data,
        .hello_len = hello.len,
        .events = {.up = link_up,
            .down = link_down,
            .message = link_message,
            .admits = link_admits,
            .twin = link_twin,
            .note = link_note,
            .context = n},
    };
    int rc = links_open(&n->links, n->loop, &o, e);
    strbuf_fini(&hello);
    return rc;
}

static void handle_closed(uv_handle_t *handle)
{
    net_let_go(handle->data);
}

static void part_closed(void *context)
{
    net_let_go(context);
}

/* The last part that has closed takes the whole along. */
void net_let_go(struct net *n)
{
    if (--n->open > 0) {
        return;
    }
    void (*closed)(void *context) = n->closed;
    void *context = n->closed_context;
    net_content_close(n);
    net_meet_close(n);
    identity_wipe(&n->id);
    sodium_memzero(n->phrase, sizeof n->phrase);
    net_free_list(n->gateways);
    net_free_list(n->dht_nodes);
    free(n->presence);
    free(n);
    if (closed != NULL) {
        closed(context);
    }
}

static void close_parts(struct net *n)
{
    n->open++; /* held while parts are being closed */
    net_asks_drop(n, NULL);
    uv_close((uv_handle_t *)&n->leave_tick, handle_closed);
    uv_close((uv_handle_t *)&n->xfer_tick, handle_closed);
    if (n->mdns != NULL) {
        n->open++;
        mdns_close(n->mdns, part_closed, n);
    }
    if (n->rendezvous != NULL) {
        n->open++;
        rendezvous_close(n->rendezvous, part_closed, n);
    }
    if (n->links != NULL) {
        n->open++;
        links_close(n->links, part_closed, n);
    }
    if (n->store != NULL) {
        n->open++;
        net_store_close(n->store, part_closed, n);
    }
    net_let_go(n);
}

int net_open(struct net **out, uv_loop_t *loop, const struct net_options *o, struct err *e)
{
    struct net *n = mem_alloc(sizeof *n);
    n->loop = loop;
    take_options(n, o);
    uv_timer_init(loop, &n->leave_tick);
    uv_timer_init(loop, &n->xfer_tick);
    n->leave_tick.data = n->xfer_tick.data = n;
    n->open = 2;
    net_content_open(n);
    int rc = replica_check_version(e);
    rc = rc != 0 ? rc : open_identity(n, e);
    rc = rc != 0 ? rc : open_store(n, e);
    rc = rc != 0 ? rc : open_links(n, e);
    rc = rc != 0 ? rc : net_meet_open(n, e);
    if (rc != 0) {
        close_parts(n);
        return err_wrap(e, "network queues");
    }
    *out = n;
    return 0;
}

void net_set_name(struct net *n, const char *name)
{
    set(n->name, sizeof n->name, name, "pphost");
    n->presence_sequence++;
}

/* ---- closing ------------------------------------------------------------------------------------
 */

static bool all_have_left(const struct net *n)
{
    for (size_t i = 0; i < n->queues_count; i++) {
        if (!group_has_left(n->queues[i]->group)) {
            return false;
        }
    }
    return true;
}

static void leave_tick(uv_timer_t *timer)
{
    struct net *n = timer->data;
    if (!all_have_left(n) && net_now_ms(n) < n->leave_by_ms) {
        return;
    }
    uv_timer_stop(timer);
    while (n->queues_count > 0) {
        net_queue_stop(n->queues[n->queues_count - 1]);
    }
    close_parts(n);
}

void net_close(struct net *n, bool leave, void (*closed)(void *context), void *context)
{
    assert(!n->closing);
    n->closing = true;
    n->closed = closed;
    n->closed_context = context;
    n->leave_by_ms = net_now_ms(n) + (leave ? NET_GIVE_UP_MS : 0);
    for (size_t i = 0; leave && i < n->queues_count; i++) {
        net_queue_step_begin(n->queues[i]);
        group_leave(n->queues[i]->group, net_now_ms(n));
        net_queue_step_end(n->queues[i]);
    }
    uv_timer_start(&n->leave_tick, leave_tick, 0, 20);
}
