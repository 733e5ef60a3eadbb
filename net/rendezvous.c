/* Meeting through the DHT: what is announced when, and which of those found are told.
 *
 * The module's thread wakes us through an async handle; a timer repeats announcements. Closing and
 * saving wait for that thread, so they are done in the pool.
 */
#include "net/rendezvous.h"

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "net/address.h"
#include "net/dht.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE        "pphost-dht.so"
#define STATE_MAX     (1 << 20)
#define TELL_AGAIN_MS UINT64_C(900000)
#define SAVE_MS       UINT64_C(1800000)
#define OWN_MAX       16

static const char *const well_known[] = {"dht.libtorrent.org:25401", "router.bittorrent.com:6881",
    "dht.transmissionbt.com:6881", "router.utorrent.com:6881", NULL};

struct told {
    char address[64];
    uint64_t at_ms;
};

struct topic {
    char *name; /* owned; NULL = free */
    uint8_t hash[DHT_HASH_SIZE];
    int tcp_port;
    uint64_t next_ms;
    bool met; /* somebody was found */
    struct told told[RENDEZVOUS_FOUND_MAX];
};

struct rendezvous {
    uv_loop_t *loop;
    struct dht *dht;
    uv_async_t wake;
    uv_timer_t timer;
    uv_work_t work; /* saving or closing */
    bool working, closing, local, map_ports;
    unsigned handles;
    rendezvous_cb found;
    void *context;
    void (*closed)(void *context);
    void *closed_context;
    char *state_file;                       /* owned; NULL = none */
    uint64_t opened_ms, saved_ms, asked_ms; /* for the nodes to begin with */
    size_t nodes;
    bool heard; /* of anybody: the nodes to begin with are never counted */
    int port;
    char ip[46];   /* where it listens; "" = everywhere */
    char self[64]; /* our IP as others see it */
    char mapped[200], trouble[200], state[512];
    struct topic topics[RENDEZVOUS_MAX];
};

/* ---- the module ---------------------------------------------------------------------------------
 */

static const struct dht_calls *calls; /* never unloaded: its library leaves threads' data behind */

/* The build tree's when run from there, else the one installed with this program, wherever. */
static void module_path(char *out, size_t size)
{
    char exe[512];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    if (str_starts(exe, PP_BUILD_DIR "/")) {
        snprintf(out, size, "%s/%s", PP_BUILD_DIR, MODULE);
        return;
    }
    for (int i = 0; i < 2; i++) { /* PREFIX of PREFIX/bin/pphost */
        char *slash = strrchr(exe, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
    snprintf(out, size, "%s/%s/pphost/%s", exe, PP_LIBDIR, MODULE);
    if (access(out, F_OK) != 0) {
        snprintf(out, size, "%s/pphost/%s", PP_FULL_LIBDIR, MODULE);
    }
}

static int module_load(struct err *e)
{
    char path[700];
    if (calls != NULL) {
        return 0;
    }
    module_path(path, sizeof path);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) {
        const char *why = dlerror();
        return err_set(e, PP_ENOTFOUND,
            "the DHT needs %s and libtorrent-rasterbar (Debian: libtorrent-rasterbar2.0): %s",
            MODULE, why);
    }
    const struct dht_calls *found = dlsym(module, "pphost_dht");
    if (found == NULL || found->version != DHT_MODULE_VERSION) {
        return err_set(e, PP_ESTATE, "%s is of another version of pphost", path);
    }
    calls = found;
    return 0;
}

/* ---- what people are told -----------------------------------------------------------------------
 */

static void describe(struct rendezvous *r)
{
    long long waited_s = (long long)(uv_now(r->loop) - r->opened_ms) / 1000;
    if (r->nodes > 0) {
        snprintf(r->state, sizeof r->state, "%zu nodes known, UDP port %d%s%s", r->nodes, r->port,
            r->mapped[0] != '\0' ? "; " : "", r->mapped);
    } else if (r->heard) {
        snprintf(r->state, sizeof r->state,
            "no nodes known yet but those to begin with, UDP port %d", r->port);
    } else {
        snprintf(r->state, sizeof r->state, "no node has answered for %lld s%s%s", waited_s,
            r->trouble[0] != '\0' ? "; " : "", r->trouble);
    }
}

/* ---- announcing and finding ---------------------------------------------------------------------
 */

static void topic_announce(struct rendezvous *r, struct topic *t)
{
    uint64_t pause_ms = t->met ? 15 * 60000 : 60000;
    if (r->local) {
        pause_ms = t->met ? 60000 : 5000;
    }
    t->next_ms = uv_now(r->loop) + pause_ms;
    calls->announce(r->dht, t->hash, t->tcp_port);
}

static void announce_all(struct rendezvous *r)
{
    for (size_t i = 0; i < RENDEZVOUS_MAX; i++) {
        if (r->topics[i].name != NULL) {
            topic_announce(r, &r->topics[i]);
        }
    }
}

static bool is_private(const struct remote_address *a)
{
    struct in_addr four;
    struct in6_addr six;
    if (a->family == AF_INET && inet_pton(AF_INET, a->host, &four) == 1) {
        uint32_t ip = ntohl(four.s_addr);
        return ip >> 24 == 0 || ip >> 24 == 10 || ip >> 24 == 127 || ip >> 16 == 0xa9fe ||
               ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 || ip >> 22 == 0x191 || ip >> 28 >= 0xe;
    }
    return inet_pton(AF_INET6, a->host, &six) != 1 || (six.s6_addr[0] & 0xe0) != 0x20;
}

/* Of the hosts behind one router each may have our port, but not with our address. */
static bool is_self(
    const struct rendezvous *r, const struct topic *t, const struct remote_address *a)
{
    char own[OWN_MAX][46];
    bool container;
    if (a->port != t->tcp_port) {
        return false;
    }
    size_t n = address_own(own, OWN_MAX, &container);
    bool self = strcmp(a->host, r->self) == 0 || strcmp(a->host, r->ip) == 0 ||
                (r->ip[0] == '\0' && str_starts(a->host, "127."));
    for (size_t i = 0; i < n; i++) {
        self = self || strcmp(a->host, own[i]) == 0;
    }
    return self;
}

/* True when it has not been told for a quarter of an hour, and there is room. */
static bool is_news(struct rendezvous *r, struct topic *t, const char *address)
{
    uint64_t now_ms = uv_now(r->loop);
    struct told *spare = NULL;
    for (size_t i = 0; i < RENDEZVOUS_FOUND_MAX; i++) {
        struct told *k = &t->told[i];
        bool old = k->address[0] == '\0' || now_ms - k->at_ms >= TELL_AGAIN_MS;
        if (!old && strcmp(k->address, address) == 0) {
            return false;
        }
        spare = old && spare == NULL ? k : spare;
    }
    if (spare != NULL) {
        str_copy(spare->address, sizeof spare->address, address, strlen(address));
        spare->at_ms = now_ms;
    }
    return spare != NULL;
}

static void on_found(struct rendezvous *r, const struct dht_event *ev)
{
    struct remote_address a;
    if (remote_address_parse(ev->address, &a, NULL) != 0 || (!r->local && is_private(&a))) {
        return;
    }
    for (size_t i = 0; i < RENDEZVOUS_MAX && !r->closing; i++) {
        struct topic *t = &r->topics[i];
        if (t->name == NULL || memcmp(t->hash, ev->hash, sizeof t->hash) != 0 ||
            is_self(r, t, &a)) {
            continue;
        }
        t->met = true;
        if (is_news(r, t, ev->address)) {
            r->found(r->context, t->name, ev->address);
        }
    }
}

static void on_nodes(struct rendezvous *r, const struct dht_event *ev)
{
    bool first = r->nodes == 0 && ev->number > 0;
    r->nodes = (size_t)ev->number;
    if (first) {
        announce_all(r);
    }
}

static void on_event(struct rendezvous *r, const struct dht_event *ev)
{
    switch (ev->kind) {
    case DHT_FOUND:
        on_found(r, ev);
        break;
    case DHT_STARTED:
        announce_all(r);
        break;
    case DHT_NODES:
        on_nodes(r, ev);
        break;
    case DHT_HEARD:
        r->heard = ev->number > 0;
        break;
    case DHT_SELF:
        str_copy(r->self, sizeof r->self, ev->address, strlen(ev->address));
        break;
    case DHT_MAPPED:
        if (ev->number > 0) {
            snprintf(r->mapped, sizeof r->mapped, "the router forwards its port %lld to us",
                (long long)ev->number);
        } else if (r->mapped[0] == '\0') { /* UPnP may fail where NAT-PMP did it */
            str_escape(r->mapped, sizeof r->mapped, ev->text, strlen(ev->text));
        }
        break;
    case DHT_TROUBLE:
        str_escape(r->trouble, sizeof r->trouble, ev->text, strlen(ev->text));
        break;
    }
}

static void on_wake(uv_async_t *async)
{
    struct rendezvous *r = async->data;
    struct dht_event ev;
    while (!r->closing && calls->next(r->dht, &ev)) {
        on_event(r, &ev);
    }
    describe(r);
}

/* From the library's thread. */
static void wake(void *context)
{
    struct rendezvous *r = context;
    uv_async_send(&r->wake);
}

/* ---- saving and closing, in the pool ------------------------------------------------------------
 */

static void save(struct rendezvous *r)
{
    size_t len = 0;
    void *bytes = r->state_file != NULL ? calls->save(r->dht, &len) : NULL;
    if (bytes != NULL) {
        file_write(r->state_file, bytes, len, 0600, NULL); /* without it the next start is slower */
    }
    free(bytes);
}

static void save_work(uv_work_t *work)
{
    save(work->data);
}

static void close_work(uv_work_t *work)
{
    struct rendezvous *r = work->data;
    save(r);
    calls->close(r->dht);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct rendezvous *r = h->data;
    if (--r->handles > 0) {
        return;
    }
    for (size_t i = 0; i < RENDEZVOUS_MAX; i++) {
        free(r->topics[i].name);
    }
    free(r->state_file);
    if (r->closed != NULL) {
        r->closed(r->closed_context);
    }
    free(r);
}

static void after_close(uv_work_t *work, int status)
{
    struct rendezvous *r = work->data;
    assert(status == 0);
    (void)status;
    uv_close((uv_handle_t *)&r->wake, on_handle_closed);
    uv_close((uv_handle_t *)&r->timer, on_handle_closed);
}

static void close_begin(struct rendezvous *r)
{
    r->working = true;
    uv_queue_work(r->loop, &r->work, close_work, after_close);
}

static void after_save(uv_work_t *work, int status)
{
    struct rendezvous *r = work->data;
    (void)status;
    r->working = false;
    if (r->closing) {
        close_begin(r);
    }
}

void rendezvous_close(struct rendezvous *r, void (*closed)(void *context), void *context)
{
    assert(!r->closing);
    r->closing = true;
    r->closed = closed;
    r->closed_context = context;
    uv_timer_stop(&r->timer);
    if (!r->working) {
        close_begin(r);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct rendezvous *r = timer->data;
    uint64_t now_ms = uv_now(r->loop);
    for (size_t i = 0; i < RENDEZVOUS_MAX; i++) {
        if (r->topics[i].name != NULL && now_ms >= r->topics[i].next_ms) {
            topic_announce(r, &r->topics[i]);
        }
    }
    calls->count(r->dht);
    if (r->nodes == 0 && now_ms - r->asked_ms >= (r->local ? 5000 : 60000)) {
        r->asked_ms = now_ms;
        calls->again(r->dht);
    }
    describe(r);
    uv_timer_set_repeat(timer, now_ms - r->opened_ms < 60000 ? 1000 : 10000);
    if (r->state_file != NULL && !r->working && now_ms - r->saved_ms >= SAVE_MS) {
        r->saved_ms = now_ms;
        r->working = true;
        uv_queue_work(r->loop, &r->work, save_work, after_save);
    }
}

/* ---- opening ------------------------------------------------------------------------------------
 */

static int start(struct rendezvous *r, const struct rendezvous_options *o, struct err *e)
{
    struct strbuf state = {0};
    char why[200] = "";
    if (o->state_file != NULL) {
        file_read(o->state_file, STATE_MAX, &state, NULL);
    }
    const struct dht_options d = {
        .nodes = o->nodes != NULL ? o->nodes : well_known,
        .ip = o->ip != NULL ? o->ip : "",
        .port = o->port,
        .map_ports = o->map_ports,
        .local = o->local,
        .state = state.data,
        .state_len = state.len,
        .wake = wake,
        .context = r,
    };
    r->dht = calls->open(&d, why, sizeof why);
    strbuf_fini(&state);
    if (r->dht == NULL) {
        return err_set(e, PP_EIO, "DHT: %s", why);
    }
    r->port = calls->port(r->dht);
    if (r->port == 0) {
        calls->close(r->dht);
        return err_set(
            e, PP_EBUSY, "DHT: port %d cannot be used: is another program on it?", o->port);
    }
    return 0;
}

int rendezvous_open(struct rendezvous **out, uv_loop_t *loop, const struct rendezvous_options *o,
    rendezvous_cb found, void *context, struct err *e)
{
    int rc = module_load(e);
    if (rc != 0) {
        return rc;
    }
    struct rendezvous *r = mem_alloc(sizeof *r);
    r->loop = loop;
    r->found = found;
    r->context = context;
    r->local = o->local;
    if (o->ip != NULL) {
        str_copy(r->ip, sizeof r->ip, o->ip, strlen(o->ip));
    }
    r->map_ports = o->map_ports;
    r->state_file = o->state_file != NULL ? mem_strdup(o->state_file) : NULL;
    r->wake.data = r->timer.data = r->work.data = r;
    r->opened_ms = r->saved_ms = r->asked_ms = uv_now(loop);
    if (uv_async_init(loop, &r->wake, on_wake) != 0) {
        free(r->state_file);
        free(r);
        return err_set(e, PP_EIO, "DHT: no more descriptors");
    }
    uv_timer_init(loop, &r->timer);
    r->handles = 2;
    rc = start(r, o, e);
    if (rc != 0) {
        r->closing = true;
        uv_close((uv_handle_t *)&r->wake, on_handle_closed);
        uv_close((uv_handle_t *)&r->timer, on_handle_closed);
        return rc;
    }
    uv_timer_start(&r->timer, on_timer, 1000, 1000);
    describe(r);
    *out = r;
    return 0;
}

/* ---- topics -------------------------------------------------------------------------------------
 */

static struct topic *topic_find(struct rendezvous *r, const char *name)
{
    for (size_t i = 0; i < RENDEZVOUS_MAX; i++) {
        if (r->topics[i].name != NULL && strcmp(r->topics[i].name, name) == 0) {
            return &r->topics[i];
        }
    }
    return NULL;
}

void rendezvous_join(struct rendezvous *r, const char *name, int tcp_port)
{
    struct topic *t = topic_find(r, name);
    for (size_t i = 0; t == NULL && i < RENDEZVOUS_MAX; i++) {
        if (r->topics[i].name == NULL) {
            t = &r->topics[i];
            *t = (struct topic){.name = mem_strdup(name)};
            calls->sha1(name, strlen(name), t->hash);
        }
    }
    assert(t != NULL); /* LINKS_QUEUES_MAX queues */
    t->tcp_port = tcp_port;
    topic_announce(r, t);
}

void rendezvous_leave(struct rendezvous *r, const char *name)
{
    struct topic *t = topic_find(r, name);
    if (t != NULL) {
        free(t->name);
        *t = (struct topic){.name = NULL};
    }
}

void rendezvous_map(struct rendezvous *r, int tcp_port)
{
    if (r->map_ports) {
        calls->map(r->dht, tcp_port);
    }
}

size_t rendezvous_nodes(const struct rendezvous *r)
{
    return r->nodes;
}

const char *rendezvous_state(const struct rendezvous *r)
{
    return r->state;
}

int rendezvous_port(const struct rendezvous *r)
{
    return r->port;
}
