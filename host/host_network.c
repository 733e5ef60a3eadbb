#include "host/host_network.h"

#include "host/app/network/network_may.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/webcall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX        (900 << 10)
#define SERVE_MS          25000
#define SERVE_AT_ONCE     2
#define SERVE_WAITING_MAX 32
#define SERVE_LATE_MS     5000 /* what waited for so long is not done any more */

/* ---- serving other hosts ------------------------------------------------------------------------
 */

/* In the pool few at once: each keeps a thread of it until our own API has answered, which may need
 * the pool for that. The others wait in the order they came. */
struct serving {
    struct serving *next;
    uv_work_t work;
    struct host_network *owner;
    uint64_t id;
    uint64_t since_ms;
    char url[128 + NETWORK_PATH_MAX];
    char method[16];
    char who[200];
    char *body; /* owned */
    size_t body_len;
    struct webcall_answer answer;
    struct err err;
};

static void do_serve(uv_work_t *work)
{
    struct serving *s = work->data;
    const struct webcall_request request = {.method = s->method,
        .url = s->url,
        .key = s->owner->key,
        .actor = s->who,
        .body = s->body,
        .body_len = s->body_len};
    webcall_request(&request, ANSWER_MAX, SERVE_MS, &s->answer, &s->err);
}

static const char busy[] = "too many requests of other hosts wait already";

static void close_now(struct host_network *n);
static void serve_next(struct host_network *n);

static void free_serving(struct serving *s)
{
    free(s->answer.bytes);
    free(s->body);
    free(s);
}

static void on_served(uv_work_t *work, int status)
{
    struct serving *s = work->data;
    struct host_network *n = s->owner;
    (void)status;
    if (n->network != NULL && s->err.code != 0) {
        network_answered(n->network, s->id, 502, "text/plain", s->err.text, strlen(s->err.text));
    } else if (n->network != NULL) {
        network_answered(n->network, s->id, (int)s->answer.status, s->answer.type, s->answer.bytes,
            s->answer.len);
    }
    free_serving(s);
    n->serving--;
    serve_next(n);
    if (n->serving == 0 && n->closing) {
        close_now(n);
    }
}

static void serve_next(struct host_network *n)
{
    while (n->waiting != NULL && (n->closing || n->serving < SERVE_AT_ONCE)) {
        struct serving *s = n->waiting;
        n->waiting = s->next;
        n->waiting_count--;
        bool late = uv_now(n->loop) - s->since_ms > SERVE_LATE_MS;
        if (n->closing || late) {
            if (late && n->network != NULL) {
                network_answered(n->network, s->id, 503, "text/plain", busy, sizeof busy - 1);
            }
            free_serving(s);
            continue;
        }
        n->serving++;
        uv_queue_work(n->loop, &s->work, do_serve, on_served);
    }
}

static void serve(void *context, uint64_t id, const char *who, const char *method, const char *path,
    const char *body, size_t body_len)
{
    struct host_network *n = context;
    struct serving **last = &n->waiting;
    if (n->waiting_count == SERVE_WAITING_MAX) {
        network_answered(n->network, id, 503, "text/plain", busy, sizeof busy - 1);
        return;
    }
    struct serving *s = mem_alloc(sizeof *s);
    s->work.data = s;
    s->owner = n;
    s->id = id;
    s->since_ms = uv_now(n->loop);
    snprintf(s->url, sizeof s->url, "%s%s", n->url, path);
    snprintf(s->method, sizeof s->method, "%s", method);
    snprintf(s->who, sizeof s->who, "%s", who);
    s->body = mem_alloc(body_len + 1);
    memcpy(s->body, body, body_len);
    s->body_len = body_len;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = s;
    n->waiting_count++;
    serve_next(n);
}

/* ---- queues of the configuration ----------------------------------------------------------------
 */

static void copy_settings(struct jobs_queue *q, const struct config_shared *c)
{
    struct jobs_shared *s = &q->shared;
    snprintf(q->name, sizeof q->name, "%s", c->name);
    snprintf(q->kind, sizeof q->kind, "%s", c->wan ? "wan" : "lan");
    q->strategy = (enum queue_strategy)c->strategy;
    q->enabled = c->enabled;
    q->share = c->share;
    snprintf(s->namespace, sizeof s->namespace, "%s", c->namespace);
    snprintf(s->key, sizeof s->key, "%s", c->key);
    snprintf(s->address, sizeof s->address, "%s", c->address);
    snprintf(s->registry, sizeof s->registry, "%s", c->registry);
    snprintf(s->identity, sizeof s->identity, "%s", c->identity);
    snprintf(s->control, sizeof s->control, "%s", c->control);
    snprintf(s->accept, sizeof s->accept, "%s", c->accept);
    s->replicas = c->replicas;
    s->claim_timeout_ms = c->claim_timeout_ms;
}

static void on_configured(void *context, const struct err *e)
{
    (void)context;
    if (e != NULL) {
        log_warn("a queue of the configuration: %s", e->text);
    }
}

void host_network_configure(
    struct host_network *n, struct jobs *jobs, const struct config *config, const char *profile)
{
    if (n->network == NULL) {
        return;
    }
    network_set_profile(n->network, profile);
    for (size_t i = 0; i < config->queues_count; i++) {
        struct jobs_queue q = {.queue = NULL};
        const struct jobs_queue *there = jobs_queue_find(jobs, config->queues[i].name);
        copy_settings(&q, &config->queues[i]);
        if (there == NULL) {
            jobs_queue_add(jobs, &q, on_configured, NULL);
        } else {
            jobs_queue_edit(jobs, &q, on_configured, NULL);
        }
    }
}

/* ---- opening and closing ------------------------------------------------------------------------
 */

int host_network_open(
    struct host_network *n, uv_loop_t *loop, const struct host_network_options *o, struct err *e)
{
    n->loop = loop;
    if (!o->config->net.enabled) {
        return 0;
    }
    snprintf(n->url, sizeof n->url, "%s", o->url);
    snprintf(n->key, sizeof n->key, "%s", o->key);
    bool loopback = str_starts(o->listen, "127.") || str_starts(o->listen, "[::1]") ||
                    str_starts(o->listen, "localhost");
    int rc = network_open(&n->network, loop,
        &(struct network_options){.name = o->name,
            .data_dir = o->data_dir,
            .api_port = loopback ? 0 : o->port,
            .config = &o->config->net,
            .files = o->files,
            .jobs = o->queue->jobs,
            .device = o->device,
            .manage = o->queue->manage,
            .hub = o->hub,
            .store = o->store,
            .serve = serve,
            .serve_context = n},
        e);
    if (rc == 0) {
        host_network_configure(n, o->queue->jobs, o->config, o->profile);
    }
    return rc;
}

static void on_network_closed(void *context)
{
    struct host_network *n = context;
    n->network = NULL;
    n->closing = true;
    serve_next(n);
    if (n->serving == 0) {
        close_now(n);
    }
}

static void close_now(struct host_network *n)
{
    if (n->network == NULL && n->closed != NULL) {
        void (*closed)(void *context) = n->closed;
        n->closed = NULL;
        closed(n->context);
    }
}

void host_network_rest(struct host_network *n)
{
    if (n->network != NULL) {
        network_rest(n->network);
    }
}

void host_network_close(
    struct host_network *n, bool leave, void (*closed)(void *context), void *context)
{
    n->closed = closed;
    n->context = context;
    if (n->network != NULL) {
        network_close(n->network, leave, on_network_closed, n);
    } else {
        on_network_closed(n);
    }
}
