/* GET of a URL for net, in the pool: registries and what they lead to. */
#include "host/app/network/network_priv.h"

#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/webcall.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 20000

struct get {
    uv_work_t work;
    struct network *owner;
    uint64_t id;
    char url[600];
    char accept[128];
    size_t limit;
    char *bytes; /* owned */
    size_t len;
    struct err err;
};

static void do_get(uv_work_t *work)
{
    struct get *g = work->data;
    const char *accept = g->accept[0] != '\0' ? g->accept : NULL;
    webcall_get(g->url, accept, g->limit, TIMEOUT_MS, &g->bytes, &g->len, &g->err);
}

static void on_got(uv_work_t *work, int status)
{
    struct get *g = work->data;
    struct network *w = g->owner;
    (void)status;
    if (!w->closing) {
        net_got(w->net, g->id, g->bytes, g->len, g->err.code != 0 ? &g->err : NULL);
    }
    free(g->bytes);
    free(g);
    network_let_go(w);
}

void network_get(void *context, uint64_t id, const char *url, const char *accept, size_t limit)
{
    struct network *w = context;
    struct get *g = mem_alloc(sizeof *g);
    g->work.data = g;
    g->owner = w;
    g->id = id;
    g->limit = limit;
    str_copy(g->url, sizeof g->url, url, strlen(url));
    if (accept != NULL) {
        str_copy(g->accept, sizeof g->accept, accept, strlen(accept));
    }
    w->open++;
    uv_queue_work(w->loop, &g->work, do_get, on_got);
}
