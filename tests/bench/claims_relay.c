#include "tests/bench/claims_relay.h"

#include "host/base/clock.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX  64
#define CHUNK      (64 << 10)
#define QUEUED_MAX (1 << 20) /* of one direction: then its reader waits, as a window does */
#define TICK_MS    50

struct chunk {
    struct chunk *next;
    uint64_t due_ms;
    size_t len;
    uv_write_t write;
    char bytes[];
};

/* One direction of a connection. */
struct flow {
    struct connection *connection;
    uv_tcp_t *from, *to;
    uv_timer_t timer;
    struct chunk *first, **last;
    size_t queued;
    uint64_t due_ms; /* of the last one: bytes keep their order */
    bool ended;
};

struct door {
    struct claims_relay *relay;
    struct door *next;
    uv_tcp_t tcp;
    size_t from, to;
    int port;
};

struct connection {
    struct claims_relay *relay;
    struct connection *next;
    size_t from, to;
    uv_tcp_t near, far;
    uv_connect_t connect;
    struct flow there, back;
    unsigned open;
    bool closing;
};

struct claims_relay {
    uv_loop_t *loop;
    uint64_t random;
    struct claims_relay_faults faults;
    struct claims_relay_sums sums;
    struct door *doors;
    struct connection *connections;
    size_t connections_count;
    int ports[HOSTS_MAX];
    unsigned part[HOSTS_MAX];
    uv_timer_t tick;
    bool closing;
};

static uint64_t draw(struct claims_relay *r, uint64_t below)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return below > 0 ? r->random % below : 0;
}

static bool is_cut(const struct connection *c)
{
    return c->relay->part[c->from] != c->relay->part[c->to];
}

/* ---- connections that end -----------------------------------------------------------------------
 */

static void free_chunks(struct flow *f)
{
    while (f->first != NULL) {
        struct chunk *gone = f->first;
        f->first = gone->next;
        free(gone);
    }
}

static void on_part_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    if (--c->open > 0) {
        return;
    }
    struct connection **at = &c->relay->connections;
    while (*at != c) {
        at = &(*at)->next;
    }
    *at = c->next;
    c->relay->connections_count--;
    free_chunks(&c->there);
    free_chunks(&c->back);
    free(c);
}

static void part_close(uv_handle_t *handle, struct connection *c)
{
    handle->data = c;
    uv_close(handle, on_part_closed);
}

static void break_off(struct connection *c)
{
    if (c->closing) {
        return;
    }
    c->closing = true;
    part_close((uv_handle_t *)&c->near, c);
    part_close((uv_handle_t *)&c->far, c);
    part_close((uv_handle_t *)&c->there.timer, c);
    part_close((uv_handle_t *)&c->back.timer, c);
}

/* ---- bytes --------------------------------------------------------------------------------------
 */

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(mem_alloc(CHUNK), CHUNK);
}

static void on_written(uv_write_t *request, int status)
{
    struct chunk *k = request->data;
    (void)status;
    free(k);
}

static void go_on(struct flow *f);

static void on_due(uv_timer_t *timer)
{
    go_on(timer->data);
}

/* Passes on what is due; asks for more when there is room. */
static void go_on(struct flow *f)
{
    struct connection *c = f->connection;
    uint64_t now = clock_ms();
    while (!is_cut(c) && f->first != NULL && f->first->due_ms <= now) {
        struct chunk *k = f->first;
        uv_buf_t buf = uv_buf_init(k->bytes, (unsigned)k->len);
        f->first = k->next;
        f->last = f->first == NULL ? &f->first : f->last;
        f->queued -= k->len;
        k->write.data = k;
        if (uv_write(&k->write, (uv_stream_t *)f->to, &buf, 1, on_written) != 0) {
            free(k);
            break_off(c);
            return;
        }
    }
    if (f->first != NULL && !is_cut(c)) {
        uv_timer_start(&f->timer, on_due, f->first->due_ms > now ? f->first->due_ms - now : 0, 0);
    }
    if (f->first == NULL && f->ended && !is_cut(c)) {
        break_off(c);
    } else if (f->queued < QUEUED_MAX / 2 && !f->ended && !is_cut(c)) {
        uv_read_start((uv_stream_t *)f->from, on_room, on_bytes);
    }
}

static void add_chunk(struct flow *f, const char *bytes, size_t len)
{
    struct claims_relay *r = f->connection->relay;
    struct chunk *k = mem_alloc(sizeof *k + len);
    uint64_t wait = draw(r, 2 * (uint64_t)r->faults.delay_ms + 1);
    if (draw(r, 1000) < r->faults.stall_per_mill) {
        wait += 200 + draw(r, r->faults.stall_ms);
        r->sums.stalls++;
    }
    uint64_t due = clock_ms() + wait;
    f->due_ms = due > f->due_ms ? due : f->due_ms;
    k->due_ms = f->due_ms;
    k->len = len;
    memcpy(k->bytes, bytes, len);
    *f->last = k;
    f->last = &k->next;
    f->queued += len;
    r->sums.chunks++;
    r->sums.bytes += len;
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct flow *f = stream->data;
    if (n > 0) {
        add_chunk(f, buf->base, (size_t)n);
    } else if (n < 0) {
        f->ended = true;
        uv_read_stop(stream);
    }
    free(buf->base);
    if (f->queued >= QUEUED_MAX) {
        uv_read_stop(stream);
    }
    if (n != 0 && !f->connection->closing) {
        go_on(f);
    }
}

/* ---- connections that begin ---------------------------------------------------------------------
 */

static void flow_init(struct flow *f, struct connection *c, uv_tcp_t *from, uv_tcp_t *to)
{
    *f = (struct flow){.connection = c, .from = from, .to = to};
    f->last = &f->first;
    uv_timer_init(c->relay->loop, &f->timer);
    f->timer.data = f;
    from->data = f;
}

static void on_far(uv_connect_t *request, int status)
{
    struct connection *c = request->data;
    if (c->closing) {
        return;
    }
    if (status != 0) {
        break_off(c);
        return;
    }
    uv_tcp_nodelay(&c->far, 1);
    go_on(&c->there);
    go_on(&c->back);
}

static void on_near(uv_stream_t *server, int status)
{
    struct door *d = server->data;
    struct claims_relay *r = d->relay;
    if (status != 0 || r->closing) {
        return;
    }
    struct connection *c = mem_alloc(sizeof *c);
    struct sockaddr_in a;
    c->relay = r;
    c->from = d->from;
    c->to = d->to;
    c->next = r->connections;
    r->connections = c;
    r->connections_count++;
    c->open = 4;
    uv_tcp_init(r->loop, &c->near);
    uv_tcp_init(r->loop, &c->far);
    flow_init(&c->there, c, &c->near, &c->far);
    flow_init(&c->back, c, &c->far, &c->near);
    r->sums.connections++;
    uv_ip4_addr("127.0.0.1", r->ports[d->to], &a);
    c->connect.data = c;
    if (uv_accept(server, (uv_stream_t *)&c->near) != 0 ||
        uv_tcp_connect(&c->connect, &c->far, (struct sockaddr *)&a, on_far) != 0) {
        break_off(c);
        return;
    }
    uv_tcp_nodelay(&c->near, 1);
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

static void on_tick(uv_timer_t *timer)
{
    struct claims_relay *r = timer->data;
    uint64_t chance = (uint64_t)r->faults.reset_per_min * TICK_MS;
    if (r->connections_count > 0 && draw(r, 60000) < chance) {
        struct connection *c = r->connections;
        for (uint64_t i = draw(r, r->connections_count); i > 0; i--) {
            c = c->next;
        }
        r->sums.resets += !c->closing;
        break_off(c);
    }
}

struct claims_relay *claims_relay_new(uv_loop_t *loop, uint64_t seed)
{
    struct claims_relay *r = mem_alloc(sizeof *r);
    r->loop = loop;
    r->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    uv_timer_init(loop, &r->tick);
    r->tick.data = r;
    uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
    return r;
}

void claims_relay_set_faults(struct claims_relay *r, const struct claims_relay_faults *f)
{
    r->faults = *f;
}

void claims_relay_host(struct claims_relay *r, size_t to, int port)
{
    r->ports[to] = port;
}

int claims_relay_port(struct claims_relay *r, size_t from, size_t to)
{
    struct door *d = mem_alloc(sizeof *d);
    struct sockaddr_in a;
    int len = sizeof a;
    d->relay = r;
    d->from = from;
    d->to = to;
    d->next = r->doors;
    r->doors = d;
    uv_tcp_init(r->loop, &d->tcp);
    d->tcp.data = d;
    uv_ip4_addr("127.0.0.1", 0, &a);
    if (uv_tcp_bind(&d->tcp, (struct sockaddr *)&a, 0) != 0 ||
        uv_listen((uv_stream_t *)&d->tcp, 8, on_near) != 0 ||
        uv_tcp_getsockname(&d->tcp, (struct sockaddr *)&a, &len) != 0) {
        fprintf(stderr, "claims_bench: no port for the relay (ulimit -n?)\n");
        exit(1);
    }
    return ntohs(a.sin_port);
}

/* Of the connections that are cut half break off when the parts meet again; the others have lost
 * nothing. */
void claims_relay_part(struct claims_relay *r, const unsigned *part)
{
    struct connection *next;
    for (size_t i = 0; i < HOSTS_MAX; i++) {
        r->part[i] = part != NULL ? part[i] : 0;
    }
    r->sums.partitions += part != NULL;
    for (struct connection *c = r->connections; c != NULL; c = next) {
        next = c->next;
        if (c->closing) {
            continue;
        }
        if (part == NULL && draw(r, 2) == 0) {
            break_off(c);
        } else if (!is_cut(c)) {
            go_on(&c->there);
        }
        if (!c->closing && !is_cut(c)) {
            go_on(&c->back);
        }
    }
}

void claims_relay_sums(const struct claims_relay *r, struct claims_relay_sums *out)
{
    *out = r->sums;
}

void claims_relay_close(struct claims_relay *r)
{
    struct connection *next;
    r->closing = true;
    uv_close((uv_handle_t *)&r->tick, NULL);
    for (struct connection *c = r->connections; c != NULL; c = next) {
        next = c->next;
        break_off(c);
    }
    for (struct door *d = r->doors; d != NULL; d = d->next) {
        uv_close((uv_handle_t *)&d->tcp, NULL);
    }
}

void claims_relay_free(struct claims_relay *r)
{
    while (r->doors != NULL) {
        struct door *gone = r->doors;
        r->doors = gone->next;
        free(gone);
    }
    free(r);
}
