#include "tests/lib/one_net.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- content: none ------------------------------------------------------------------------------
 */

static bool has(void *context, const char *sha256, int64_t *size_bytes)
{
    (void)context;
    (void)sha256;
    (void)size_bytes;
    return false;
}

static bool accepts(
    void *context, const char *queue, const char *sha256, int64_t size_bytes, struct err *e)
{
    (void)context;
    (void)queue;
    (void)sha256;
    (void)size_bytes;
    err_set(e, PP_EREFUSED, "nothing is kept here");
    return false;
}

static void read_part(void *context, uint64_t id, const char *sha256, int64_t offset, size_t len)
{
    (void)context;
    (void)id;
    (void)sha256;
    (void)offset;
    (void)len;
    abort(); /* nothing is held, nothing was begun */
}

static int begin(
    void *context, const char *sha256, int64_t size_bytes, uint8_t **have, struct err *e)
{
    (void)context;
    (void)sha256;
    (void)size_bytes;
    (void)have;
    return err_set(e, PP_EREFUSED, "nothing is kept here");
}

static void write_part(void *context, uint64_t id, const char *sha256, int64_t offset,
    const uint8_t *bytes, size_t len)
{
    (void)bytes;
    read_part(context, id, sha256, offset, len);
}

static void finish(void *context, uint64_t id, const char *sha256)
{
    read_part(context, id, sha256, 0, 0);
}

static void discard(void *context, const char *sha256)
{
    (void)context;
    (void)sha256;
}

/* ---- a machine without state --------------------------------------------------------------------
 */

static void apply(void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    (void)context;
    (void)entry;
    (void)row;
    (void)row_context;
}

static void dump(void *context, net_row_cb row, void *row_context)
{
    (void)context;
    (void)row;
    (void)row_context;
}

static void load(void *context, const struct net_row *rows, size_t n)
{
    (void)context;
    (void)rows;
    (void)n;
}

static void pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    (void)context;
    (void)id;
    (void)bytes;
    (void)len;
}

static void kept(void *context, uint64_t id)
{
    (void)context;
    (void)id;
}

static void refused(void *context, uint64_t id, const struct err *e)
{
    (void)context;
    (void)id;
    (void)e;
}

static void carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c)
{
    (void)context;
    (void)submit;
    (void)c;
}

static void changed(void *context)
{
    (void)context;
}

/* ---- what it is told ----------------------------------------------------------------------------
 */

static void on_request(void *context, const char *queue, const struct peer *from, bool trusted,
    uint64_t id, const uint8_t *bytes, size_t len)
{
    struct one_net *o = context;
    (void)queue;
    o->asker = *from;
    o->trusted = trusted;
    o->ask[o->asked++ % ONE_NET_ASKS] = id;
    if (o->answers) {
        net_answer(o->net, id, bytes, len);
    }
}

static void on_peers(void *context, const char *queue)
{
    struct one_net *o = context;
    (void)queue;
    o->told++;
}

static void on_note(void *context, const char *queue, bool warning, const char *text)
{
    (void)context;
    (void)queue;
    (void)warning;
    (void)text;
}

/* ---- open and close -----------------------------------------------------------------------------
 */

void one_net_open(
    struct one_net *o, uv_loop_t *loop, const char *name, const char *key, const char *bootstrap)
{
    struct err e = {0};
    const char *const guides[] = {bootstrap, NULL};
    *o = (struct one_net){.loop = loop};
    tempdir_make(o->dir);
    const struct net_options options = {.folder = o->dir,
        .name = name,
        .version = "pphost 0",
        .listen = "auto",
        .phrase = "",
        .no_mdns = true,
        .heartbeat_ms = 50,
        .election_ms = 300,
        .found_ms = bootstrap != NULL ? 60000 : 50,
        .content = {has, accepts, read_part, begin, write_part, finish, discard, o},
        .events = {on_request, on_peers, on_note, o}};
    const struct net_queue_options queue = {
        .name = "open", .key = key, .address = "localhost", .bootstrap = guides};
    const struct net_machine machine = {
        apply, dump, load, pending, kept, refused, carry_over, changed, o};
    int rc = net_open(&o->net, loop, &options, &e);
    rc = rc != 0 ? rc : net_queue_add(o->net, &queue, &machine, &e);
    if (rc != 0) {
        fprintf(stderr, "one_net: %s\n", e.text);
        abort();
    }
}

static void on_closed(void *context)
{
    *(bool *)context = true;
}

void one_net_close(struct one_net *o)
{
    net_close(o->net, false, on_closed, &o->closed);
    while (!o->closed) {
        uv_run(o->loop, UV_RUN_ONCE);
    }
    tempdir_remove(o->dir);
}

struct net_queue_status one_net_status(const struct one_net *o)
{
    struct net_queue_status s = {.voters = 0};
    net_queue_status(o->net, "open", &s);
    return s;
}
