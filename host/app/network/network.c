/* The host's network queues: joined, left, joined anew when a setting changes. */
#include "host/app/network/network_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS      (60 * 1000)
#define LEAVE_MS      3000
#define LEAVE_STEP_MS 50

/* ---- what net tells -----------------------------------------------------------------------------
 */

void network_note(struct network *w, const char *queue, bool warning, const char *text)
{
    char line[400];
    snprintf(line, sizeof line, "%s%s%s%s", queue[0] != '\0' ? "queue \"" : "", queue,
        queue[0] != '\0' ? "\": " : "", text);
    if (warning) {
        log_warn("%s", line);
        hub_emit(w->o.hub, HUB_NOTICE, line);
    } else {
        log_info("%s", line);
    }
}

static void on_note(void *context, const char *queue, bool warning, const char *text)
{
    network_note(context, queue, warning, text);
}

static void on_peers(void *context, const char *queue)
{
    struct network *w = context;
    (void)queue;
    hub_emit(w->o.hub, HUB_PEERS, NULL);
}

/* ---- joining and leaving ------------------------------------------------------------------------
 */

static struct net_queue_options options_of(const struct jobs_queue *q)
{
    return (struct net_queue_options){
        .name = q->name,
        .kind = strcmp(q->kind, "wan") == 0 ? NET_WAN : NET_LAN,
        .namespace = q->shared.namespace,
        .key = q->shared.key,
        .address = q->shared.address,
        .registry = q->shared.registry,
        .identity = q->shared.identity,
    };
}

int network_check_queue(const struct network *w, const struct jobs_queue *q, struct err *e)
{
    struct net_queue_options o = options_of(q);
    const struct joined *there = network_joined(w, q->name);
    bool same_address = there != NULL && strcmp(there->shared.address, q->shared.address) == 0;
    if (same_address) {
        o.address = "auto"; /* it is in use: by us */
    }
    return net_queue_check(w->net, &o, e);
}

static void forget(struct network *w, struct joined *q)
{
    for (size_t i = 0; i < w->queues_count; i++) {
        if (w->queues[i] == q) {
            w->queues[i] = w->queues[--w->queues_count];
            break;
        }
    }
    network_lease_free(q);
    free(q);
}

/* The name by which this printer claims: unique, and told apart by people. */
static int printer_name(const struct network *w, const struct net_queue_options *o, char *out,
    size_t size, struct err *e)
{
    char peer[PEER_TEXT_SIZE];
    int rc = net_queue_self(w->net, o, peer, sizeof peer, e);
    if (rc == 0) {
        snprintf(out, size, "%.39s@%s", w->name, peer);
    }
    return rc;
}

static int join(struct network *w, const struct jobs_queue *queue, struct err *e)
{
    struct net_queue_options o = options_of(queue);
    struct net_machine machine;
    struct joined *q = mem_alloc(sizeof *q);
    str_copy(q->name, sizeof q->name, queue->name, strlen(queue->name));
    q->shared = queue->shared;
    q->joined_ms = (int64_t)clock_ms();
    int rc = w->queues_count < NETWORK_QUEUES_MAX
                 ? printer_name(w, &o, q->printer, sizeof q->printer, e)
                 : err_set(e, PP_ELIMIT, "%d network queues are the most", NETWORK_QUEUES_MAX);
    rc = rc != 0 ? rc : jobs_joined(w->o.jobs, q->name, q->printer, &machine, e);
    if (rc != 0) {
        free(q);
        return rc;
    }
    rc = net_queue_add(w->net, &o, &machine, e);
    if (rc != 0) {
        jobs_left(w->o.jobs, q->name);
        free(q);
        return rc;
    }
    w->queues[w->queues_count++] = q;
    return 0;
}

struct leaving {
    struct network *w;
    char name[QUEUE_NAME_MAX + 1];
};

static void on_left(void *context)
{
    struct leaving *l = context;
    struct network *w = l->w;
    struct joined *q = network_joined(w, l->name);
    jobs_left(w->o.jobs, l->name);
    if (q != NULL) {
        forget(w, q);
    }
    free(l);
    network_sync(w);
}

static void leave(struct network *w, struct joined *q, bool for_good)
{
    struct leaving *l = mem_alloc(sizeof *l);
    l->w = w;
    memcpy(l->name, q->name, sizeof l->name);
    q->leaving = true;
    net_queue_remove(w->net, q->name, for_good, on_left, l);
}

/* Does what it was joined with still hold? What only this host makes of it does not matter. */
static bool is_as_joined(const struct joined *q, const struct jobs_queue *queue)
{
    const struct jobs_shared *a = &q->shared;
    const struct jobs_shared *b = &queue->shared;
    return strcmp(a->namespace, b->namespace) == 0 && strcmp(a->key, b->key) == 0 &&
           strcmp(a->address, b->address) == 0 && strcmp(a->registry, b->registry) == 0 &&
           strcmp(a->identity, b->identity) == 0;
}

static bool is_network(const struct jobs_queue *q)
{
    return strcmp(q->kind, "local") != 0;
}

static void join_new(struct network *w)
{
    const struct jobs_queue *queue;
    for (size_t i = 0; (queue = jobs_queue_at(w->o.jobs, i)) != NULL; i++) {
        struct joined *q = network_joined(w, queue->name);
        struct err e = {0};
        if (!is_network(queue) || !queue->enabled) {
            continue;
        }
        if (q != NULL) {
            q->shared = queue->shared;
        } else if (join(w, queue, &e) != 0) {
            network_note(w, queue->name, true, e.text);
            w->retry_ms = (int64_t)clock_ms() + RETRY_MS;
        }
    }
}

static void sync_now(uv_idle_t *idle)
{
    struct network *w = idle->data;
    uv_idle_stop(idle);
    if (w->closing) {
        return;
    }
    bool leaving = false;
    for (size_t i = 0; i < w->queues_count; i++) {
        struct joined *q = w->queues[i];
        const struct jobs_queue *queue = jobs_queue_find(w->o.jobs, q->name);
        bool wanted = queue != NULL && queue->enabled && is_as_joined(q, queue);
        if (!wanted && !q->leaving) {
            leave(w, q, queue == NULL);
            leaving = true;
            break; /* the list has changed */
        }
    }
    if (leaving) {
        network_sync(w);
    } else {
        join_new(w);
    }
}

/* Looks at the queues again, later on the loop. */
void network_sync(struct network *w)
{
    if (!w->closing) {
        uv_idle_start(&w->sync, sync_now);
    }
}

/* ---- what jobs wants ----------------------------------------------------------------------------
 */

static uint64_t submit(
    void *context, const char *queue, bool keep, const void *bytes, size_t len, struct err *e)
{
    struct network *w = context;
    return net_submit(w->net, queue, keep, bytes, len, e);
}

static void queues_changed(void *context)
{
    network_sync(context);
}

static bool leads(void *context, const char *queue)
{
    const struct network *w = context;
    struct net_queue_status s;
    return net_queue_status(w->net, queue, &s) && s.role == NET_LEADER;
}

static bool connected(void *context, const char *queue)
{
    const struct network *w = context;
    struct net_queue_status s;
    return net_queue_status(w->net, queue, &s) && s.connected;
}

static bool may_begin(void *context, const char *queue)
{
    return network_may_begin(context, queue);
}

/* ---- status -------------------------------------------------------------------------------------
 */

bool network_status(const struct network *w, const char *queue, struct net_queue_status *out)
{
    return w->net != NULL && net_queue_status(w->net, queue, out);
}

int network_takeover(struct network *w, const char *queue, struct err *e)
{
    return net_takeover(w->net, queue, e);
}

void network_set_profile(struct network *w, const char *profile)
{
    str_copy(w->profile, sizeof w->profile, profile, strlen(profile));
}

/* Net tells nobody any more when it is closed; here everybody is told. */
struct fetching {
    struct fetching *next;
    struct network *w;
    net_fetch_cb done;
    void *context;
};

static void take_out(struct fetching *gone)
{
    struct fetching **at = &gone->w->fetches;
    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
}

static void on_fetched(void *context, const struct err *e)
{
    struct fetching *f = context;
    take_out(f);
    f->done(f->context, e);
    free(f);
}

void network_fetch(struct network *w, const char *queue, const char *sha256, int64_t size_bytes,
    net_fetch_cb done, void *context)
{
    struct fetching *f = mem_alloc(sizeof *f);
    *f = (struct fetching){w->fetches, w, done, context};
    w->fetches = f;
    net_fetch(w->net, queue, sha256, size_bytes, on_fetched, f);
}

static void end_fetches(struct network *w)
{
    struct err e = {0};
    err_set(&e, PP_ECANCELED, "the network queues of this host are closed");
    while (w->fetches != NULL) {
        on_fetched(w->fetches, &e);
    }
}

bool network_fetch_progress(const struct network *w, const char *sha256, struct net_progress *out)
{
    return net_fetch_progress(w->net, sha256, out);
}

static void fetch(void *context, const char *queue, const char *sha256, int64_t size_bytes,
    net_fetch_cb done, void *done_context)
{
    network_fetch(context, queue, sha256, size_bytes, done, done_context);
}

static bool fetch_progress(const void *context, const char *sha256, struct net_progress *out)
{
    return network_fetch_progress(context, sha256, out);
}

static void look_at_health(struct network *w)
{
    for (size_t i = 0; i < w->queues_count; i++) {
        struct joined *q = w->queues[i];
        struct net_queue_status s;
        int64_t now = (int64_t)clock_ms();
        if (!net_queue_status(w->net, q->name, &s)) {
            continue;
        }
        if (s.connected && q->connected_ms == 0) {
            network_hold_doubles(w, q->name);
        }
        bool may_now = q->may_begin;
        q->connected_ms = s.connected ? now : q->connected_ms;
        q->may_begin = network_may_begin(w, q->name);
        if (q->may_begin && !may_now) {
            hub_emit(w->o.hub, HUB_JOBS, NULL); /* who waited for it looks again */
        }
        if (s.role != NET_LEADER) {
            q->lead_ms = 0;
        } else if (q->lead_ms == 0) {
            q->lead_ms = now;
        }
    }
}

static void second(uv_timer_t *timer)
{
    struct network *w = timer->data;
    look_at_health(w);
    network_tell(w);
    network_lease_tick(w);
    network_moves_tick(w);
    if (w->retry_ms != 0 && (int64_t)clock_ms() >= w->retry_ms) {
        w->retry_ms = 0;
        network_sync(w);
    }
}

/* ---- opening ------------------------------------------------------------------------------------
 */

/* A list of words as an array that ends with NULL; NULL when there are none. Freed by the caller,
 * with the first of its texts. */
static const char **words(const char *list)
{
    char *text = mem_strdup(list);
    const char **out = mem_array(strlen(list) / 2 + 2, sizeof *out);
    size_t n = 0;
    char *rest = NULL;
    for (char *w = strtok_r(text, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest)) {
        out[n++] = w;
    }
    if (n == 0) {
        free(text);
        free(out);
        return NULL;
    }
    return out;
}

static void free_words(const char **list)
{
    if (list != NULL) {
        free((void *)(uintptr_t)list[0]);
        free(list);
    }
}

static int open_net(struct network *w, struct err *e)
{
    const struct config_net *c = w->o.config;
    const char **gateways = words(c->gateways);
    const char **nodes = words(c->dht_nodes);
    struct net_options o = {
        .folder = w->o.data_dir,
        .name = w->name,
        .version = PP_VERSION,
        .listen = c->listen,
        .phrase = c->phrase,
        .gateways = gateways,
        .dht_nodes = nodes,
        .nameserver = c->nameserver[0] != '\0' ? c->nameserver : NULL,
        .dht_local = c->dht_local,
        .map_ports = c->map_ports,
        .registry_ms = (uint64_t)c->registry_period_ms,
        .no_mdns = !c->announce,
        .content = *content_for_net(w->content),
        .events = {network_request, on_peers, on_note, w},
        .get = network_get,
        .get_context = w,
    };
    int rc = net_open(&w->net, w->loop, &o, e);
    free_words(gateways);
    free_words(nodes);
    return rc;
}

static void handle_closed(uv_handle_t *handle)
{
    network_let_go(handle->data);
}

/* The last thing that has ended takes the rest along. */
void network_let_go(struct network *w)
{
    if (--w->open > 0) {
        return;
    }
    void (*closed)(void *context) = w->closed;
    void *context = w->closed_context;
    jobs_set_other_needs(w->o.jobs, NULL, NULL);
    network_moves_close(w);
    content_close(w->content);
    free(w->important);
    free(w);
    if (closed != NULL) {
        closed(context);
    }
}

static void on_hub(void *context, enum hub_event event, const void *data)
{
    (void)event;
    (void)data;
    network_tell(context);
}

/* So that slicers, browsers and phones find it (RFC 6763; OctoPrint's type has its path too). */
static void announce_api(struct network *w)
{
    static const char *const octoprint[][2] = {{"path", "/"}, {"api", "0.1"}, {NULL, NULL}};
    static const char *const page[][2] = {{"path", "/"}, {NULL, NULL}};
    if (w->o.api_port != 0) {
        net_announce(w->net, "_octoprint._tcp", w->name, w->o.api_port, octoprint);
        net_announce(w->net, "_http._tcp", w->name, w->o.api_port, page);
    }
}

int network_open(
    struct network **out, uv_loop_t *loop, const struct network_options *o, struct err *e)
{
    struct network *w = mem_alloc(sizeof *w);
    w->loop = loop;
    w->o = *o;
    str_copy(w->name, sizeof w->name, o->name, strlen(o->name));
    int rc = content_open(&w->content, loop, o->files, o->jobs, o->data_dir, e);
    rc = rc != 0 ? rc : open_net(w, e);
    if (rc != 0) {
        if (w->content != NULL) {
            content_close(w->content);
        }
        free(w);
        return rc;
    }
    content_set_net(w->content, w->net);
    content_set_limits(w->content, o->config->cache_bytes, CONTENT_RESERVE_BYTES);
    announce_api(w);
    uv_timer_init(loop, &w->second);
    uv_idle_init(loop, &w->sync);
    w->second.data = w->sync.data = w;
    w->open = 3; /* two handles, and net */
    w->listener = hub_add(o->hub, 1u << HUB_STATE | 1u << HUB_RUN | 1u << HUB_MANAGE, on_hub, w);
    jobs_set_network(o->jobs, &(struct jobs_network){.submit = submit,
                                  .leads = leads,
                                  .connected = connected,
                                  .may_begin = may_begin,
                                  .queues_changed = queues_changed,
                                  .context = w});
    manage_set_fetch(o->manage, fetch, w);
    manage_set_fetch_progress(o->manage, fetch_progress);
    uv_timer_start(&w->second, second, 1000, 1000);
    network_moves_load(w, NULL);
    jobs_set_other_needs(o->jobs, network_moves_need, w);
    network_sync(w);
    *out = w;
    return 0;
}

/* ---- closing ------------------------------------------------------------------------------------
 */

static void on_net_closed(void *context)
{
    struct network *w = context;
    w->net = NULL; /* what still comes from the pool finds nobody */
    content_set_net(w->content, NULL);
    end_fetches(w);
    while (w->queues_count > 0) {
        jobs_left(w->o.jobs, w->queues[0]->name);
        forget(w, w->queues[0]);
    }
    network_let_go(w);
}

/* What this host has claimed is for others to print now. A print that was under way ended when the
 * device was closed. */
static void give_back(struct network *w, const struct joined *q)
{
    const struct jobs_queue *queue = jobs_queue_find(w->o.jobs, q->name);
    const struct queue *jobs = queue != NULL ? queue->queue : NULL;
    for (const struct queue_job *job = queue_first(jobs); job != NULL;
         job = queue_after(jobs, job)) {
        for (size_t i = 0; i < job->claims_count; i++) {
            if (queue_same_printer(job->claims[i].printer, q->printer)) {
                network_give_back(w, q->name, job, &job->claims[i], w->name);
            }
        }
    }
}

static bool something_waits(const struct network *w)
{
    for (size_t i = 0; i < w->queues_count; i++) {
        struct net_queue_status s;
        if (net_queue_status(w->net, w->queues[i]->name, &s) && s.connected && s.waiting > 0) {
            return true;
        }
    }
    return false;
}

static void close_net(struct network *w)
{
    jobs_set_network(w->o.jobs, NULL);
    uv_close((uv_handle_t *)&w->second, handle_closed);
    uv_close((uv_handle_t *)&w->sync, handle_closed);
    net_close(w->net, w->leave_by_ms != 0, on_net_closed, w);
}

static void leaving(uv_timer_t *timer)
{
    struct network *w = timer->data;
    int64_t now = (int64_t)clock_ms();
    bool given = now > w->leave_by_ms - LEAVE_MS + LEAVE_STEP_MS; /* the loop has turned */
    if ((given && !something_waits(w)) || now >= w->leave_by_ms) {
        close_net(w);
    }
}

void network_rest(struct network *w)
{
    w->resting = true;
    manage_set_fetch(w->o.manage, NULL, NULL);
}

void network_close(struct network *w, bool leave, void (*closed)(void *context), void *context)
{
    assert(!w->closing);
    if (!w->resting) {
        network_rest(w);
    }
    w->closing = true;
    w->closed = closed;
    w->closed_context = context;
    hub_remove(w->o.hub, w->listener);
    if (!leave) {
        close_net(w);
        return;
    }
    w->leave_by_ms = (int64_t)clock_ms() + LEAVE_MS;
    for (size_t i = 0; i < w->queues_count; i++) {
        give_back(w, w->queues[i]);
    }
    uv_timer_start(&w->second, leaving, LEAVE_STEP_MS, LEAVE_STEP_MS);
}
