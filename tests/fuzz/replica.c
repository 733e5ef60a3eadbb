// link: ppnet
/* Messages of other members, and what else happens to a replica: nothing it is sent may bring it,
 * or the engine below, to fall over. The disk is asked for what holds: writes in order, entries
 * that follow each other. */
#include "net/replica_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SELF 1

struct disk {
    uint64_t ticket;
    uint64_t last; /* entry */
    uint64_t applied;
};

static void on_write(void *context, const struct replica_write *w)
{
    struct disk *d = context;
    assert(w->ticket == 0 || w->ticket == d->ticket + 1);
    d->ticket += w->ticket != 0;
    if (w->truncate_from != 0) {
        assert(w->truncate_from <= d->last && w->truncate_from > d->applied);
        d->last = w->truncate_from - 1;
    }
    if (w->install) {
        assert(w->install_index > d->applied && w->install_conf.count > 0);
        d->last = w->install_index;
    }
    for (size_t i = 0; i < w->entries_count; i++) {
        assert(w->entries[i].index == ++d->last && w->entries[i].term > 0);
    }
}

static void on_send(void *context, uint64_t to, bool bulk, const uint8_t *bytes, size_t len)
{
    static struct replica_message m;
    (void)context;
    (void)bulk;
    assert(to != 0 && to != SELF);
    assert(replica_wire_read(bytes, len, &m) && m.to == to);
}

static void on_apply(void *context, const struct replica_entry *e, const struct replica_conf *conf)
{
    struct disk *d = context;
    assert(e->index == d->applied + 1 && (conf != NULL) == (e->type == REPLICA_CHANGE));
    d->applied = e->index;
}

static void on_dump(void *context, uint8_t **bytes, size_t *len)
{
    (void)context;
    *len = 100;
    *bytes = mem_alloc(*len);
}

static void on_restore(void *context, const uint8_t *bytes, size_t len, uint64_t index,
    uint64_t term, const struct replica_conf *conf)
{
    struct disk *d = context;
    (void)bytes;
    assert(index > d->applied && term > 0 && conf->count > 0 && len <= REPLICA_SNAPSHOT_MAX);
    d->applied = index;
}

static void on_changed(void *context)
{
    (void)context;
}

static struct replica *begin(struct disk *d, uint8_t kind)
{
    struct replica_conf conf = {.count = kind % 4, .index = 1};
    struct replica_entry first = {0};
    struct replica_state s = {0};
    struct err e;
    for (size_t i = 0; i < conf.count; i++) {
        conf.at[i] = (struct replica_server){.id = i + 1, .role = REPLICA_VOTER, .address = "x"};
    }
    if (conf.count > 0) { /* else a blank one */
        replica_bootstrap(&conf, &first);
        s = (struct replica_state){.term = 1,
            .applied_index = 1,
            .applied_term = 1,
            .conf = conf,
            .entries = &first,
            .entries_count = 1};
        d->applied = d->last = 1;
    }
    struct replica_options o = {.id = SELF,
        .heartbeat_ms = 100,
        .election_ms = 1000,
        .trailing = 257,
        .seed = 1,
        .io = {on_write, on_send, on_apply, on_dump, on_restore, on_changed, d}};
    struct replica *r = replica_new(&o);
    int rc = replica_start(r, 1, &s, &e);
    assert(rc == 0);
    free((void *)(uintptr_t)first.bytes);
    return r;
}

/* A message whose head is right, so that its body is read. */
static void receive(struct replica *r, uint64_t now, struct wire_in *in)
{
    uint8_t from = wire_u8(in), type = wire_u8(in);
    size_t len = wire_u8(in);
    len = len < in->left ? len : in->left;
    const uint8_t *body = wire_raw(in, len);
    struct strbuf b = {0};
    wire_put_u8(&b, 1);
    wire_put_u8(&b, type % 8);
    wire_put_u64(&b, SELF);
    wire_put_raw(&b, body, body != NULL ? len : 0);
    replica_receive(r, now, from % 5, (const uint8_t *)b.data, b.len);
    strbuf_fini(&b);
}

static void act(struct replica *r, struct disk *d, uint64_t *now, struct wire_in *in)
{
    struct replica_entry command = {
        .type = REPLICA_COMMAND, .bytes = (const uint8_t *)"x", .len = 1};
    struct replica_server server = {.id = 4, .role = REPLICA_LEARNER, .address = "y"};
    struct err e;
    switch (wire_u8(in) % 8) {
    case 0:
        *now += (uint64_t)wire_u8(in) * 20;
        replica_tick(r, *now);
        break;
    case 1:
        replica_written(r, *now, d->ticket);
        replica_rows_written(r, *now, d->applied);
        break;
    case 2:
        replica_submit(r, *now, &command, 1);
        break;
    case 3:
        replica_change(r, *now, &server, &e);
        break;
    case 4:
        replica_transfer(r, *now, 0);
        break;
    case 5:
        replica_connected(r, *now, 2, wire_u8(in) % 2 != 0);
        break;
    default:
        receive(r, *now, in);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_in in = wire_read(data, size);
    struct disk d = {0};
    uint64_t now = 1;
    struct replica *r = begin(&d, wire_u8(&in));
    for (int i = 0; i < 200 && in.left > 0; i++) {
        act(r, &d, &now, &in);
        assert(replica_last_index(r) == d.last && replica_applied(r) == d.applied);
    }
    replica_free(r);
    return 0;
}
