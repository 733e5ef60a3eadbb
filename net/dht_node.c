/* A node of the DHT by itself: what `dht_nodes` of others may name.
 *
 * Happy path: opened, its port told, its state told whenever the number of nodes known changes,
 * closed by SIGINT or SIGTERM.
 */
#include "net/net.h"
#include "net/rendezvous.h"

#include "host/base/str.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct node {
    struct rendezvous *r;
    uv_signal_t signals[2];
    uv_timer_t timer;
    char told[200];
    void (*line)(const char *text);
};

static void on_found(void *context, const char *rendezvous, const char *address)
{
    (void)context; /* it looks for nobody */
    (void)rendezvous;
    (void)address;
}

static void on_signal(uv_signal_t *s, int number)
{
    struct node *n = s->data;
    (void)number;
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&n->signals[i], NULL);
    }
    uv_close((uv_handle_t *)&n->timer, NULL);
    rendezvous_close(n->r, NULL, NULL);
}

/* Every change but that of the seconds that nobody has answered. */
static void on_timer(uv_timer_t *t)
{
    struct node *n = t->data;
    const char *state = rendezvous_state(n->r);
    size_t len = strcspn(state, "0123456789");
    if (rendezvous_nodes(n->r) > 0 || strncmp(state, n->told, len) != 0) {
        if (strcmp(state, n->told) != 0) {
            n->line(state);
        }
        str_copy(n->told, sizeof n->told, state, strlen(state));
    }
}

static void begin(struct node *n, uv_loop_t *loop)
{
    static const int numbers[2] = {SIGINT, SIGTERM};
    char text[64];
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(loop, &n->signals[i]);
        n->signals[i].data = n;
        uv_signal_start(&n->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(loop, &n->timer);
    n->timer.data = n;
    uv_timer_start(&n->timer, on_timer, 1000, 1000);
    snprintf(text, sizeof text, "DHT node on UDP port %d", rendezvous_port(n->r));
    n->line(text);
}

int net_dht_node(const struct net_dht_options *o, void (*line)(const char *text), struct err *e)
{
    static const char *const nobody[] = {NULL};
    struct node n = {.line = line};
    uv_loop_t loop;
    const struct rendezvous_options options = {
        .nodes = o->nodes != NULL || !o->local ? o->nodes : nobody,
        .ip = o->ip,
        .port = o->port,
        .local = o->local,
        .state_file = o->state_file,
    };
    uv_loop_init(&loop);
    int rc = rendezvous_open(&n.r, &loop, &options, on_found, NULL, e);
    if (rc == 0) {
        begin(&n, &loop);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&loop);
    assert(left == 0);
    (void)left;
    return rc;
}
