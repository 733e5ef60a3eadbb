/* A fleet of hosts of one queue, on virtual time. */
#include "tests/lib/fleet.h"

#include "host/base/mem.h"
#include "net/identity.h"
#include "tests/lib/fleet_disk.h"
#include "tests/lib/fleet_lines.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAZY_MS  100
#define DROP_MS  1000
#define UTC_BASE 1700000000000

enum happening {
    ARRIVES,
    WRITTEN,
    LINKS,
    FULL
};

struct event {
    uint64_t at_ms;
    uint64_t seq;
    enum happening what;
    unsigned from, to;
    unsigned life; /* of the link or the host; older ones do not happen */
    uint8_t *bytes;
    size_t len;
};

struct pending {
    struct pending *next;
    struct group_write *write;
    uint64_t due_ms;
};

struct host {
    struct peer peer;
    struct group *group; /* NULL: not up */
    struct fleet *fleet;
    unsigned number;
    unsigned life;
    unsigned plant;
    int64_t clock_ms;
    uint32_t disk_ms;
    bool full, full_told;
    struct fleet_disk disk, saved;
    struct pending *first, **last;
    struct net_machine machine; /* the real one */
    struct fleet_lines lines;
    struct group_epoch last_epoch; /* of the last applied */
    int64_t last_utc_ms;
};

struct wire {
    bool cut, up;
    unsigned life;
    uint64_t arrival_ms[2];
    uint64_t ready_ms; /* not up before */
};

/* What was applied at an index of an epoch. */
struct applied {
    struct group_epoch epoch;
    uint64_t index;
    uint64_t hash;
};

struct fleet {
    struct fleet_options o;
    uint64_t now_ms;
    uint64_t random;
    uint64_t seq;
    struct event *heap;
    size_t heap_count, heap_cap;
    struct host hosts[FLEET_MAX];
    unsigned count;
    struct wire wires[FLEET_MAX][FLEET_MAX]; /* [smaller][larger] */
    struct applied *applied;                 /* open addressing */
    size_t applied_count, applied_cap;
    char broken[200];
};

/* ---- chance, order of events --------------------------------------------------------------------
 */

static uint64_t draw(struct fleet *f)
{
    uint64_t x = f->random += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

uint64_t fleet_random(struct fleet *f, uint64_t below)
{
    return below > 0 ? draw(f) % below : 0;
}

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static void push(struct fleet *f, struct event e)
{
    if (f->heap_count == f->heap_cap) {
        f->heap_cap = f->heap_cap == 0 ? 64 : f->heap_cap * 2;
        f->heap = mem_resize(f->heap, f->heap_cap, sizeof *f->heap);
    }
    e.seq = ++f->seq;
    size_t i = f->heap_count++;
    for (; i > 0 && before(&e, &f->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        f->heap[i] = f->heap[(i - 1) / 2];
    }
    f->heap[i] = e;
}

static struct event pop(struct fleet *f)
{
    struct event top = f->heap[0];
    struct event last = f->heap[--f->heap_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= f->heap_count) {
            break;
        }
        if (child + 1 < f->heap_count && before(&f->heap[child + 1], &f->heap[child])) {
            child++;
        }
        if (!before(&f->heap[child], &last)) {
            break;
        }
        f->heap[i] = f->heap[child];
        i = child;
    }
    if (f->heap_count > 0) {
        f->heap[i] = last;
    }
    return top;
}

/* ---- what all must agree on ---------------------------------------------------------------------
 */

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ at[i]) * 0x100000001b3;
    }
    return h;
}

static struct applied *applied_slot(
    struct fleet *f, const struct group_epoch *epoch, uint64_t index)
{
    uint64_t h = hash_bytes(hash_bytes(0xcbf29ce484222325, epoch, sizeof *epoch), &index, 8);
    size_t i = h % f->applied_cap;
    while (
        f->applied[i].index != 0 &&
        (f->applied[i].index != index || memcmp(&f->applied[i].epoch, epoch, sizeof *epoch) != 0)) {
        i = (i + 1) % f->applied_cap;
    }
    return &f->applied[i];
}

static void applied_grow(struct fleet *f)
{
    struct applied *old = f->applied;
    size_t old_cap = f->applied_cap;
    f->applied_cap = old_cap == 0 ? 1024 : old_cap * 2;
    f->applied = mem_array(f->applied_cap, sizeof *f->applied);
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].index != 0) {
            *applied_slot(f, &old[i].epoch, old[i].index) = old[i];
        }
    }
    free(old);
}

static void watch(struct fleet *f, struct host *h, const struct net_entry *entry)
{
    struct group_status s;
    uint64_t hash = hash_bytes(0xcbf29ce484222325, entry->bytes, entry->len);
    hash = hash_bytes(hash, &entry->utc_ms, sizeof entry->utc_ms);
    hash = hash_bytes(hash, &entry->origin, sizeof entry->origin);
    group_status(h->group, &s);
    bool same = memcmp(&h->last_epoch, &s.epoch, sizeof s.epoch) == 0;
    if (same && entry->utc_ms < h->last_utc_ms && f->broken[0] == '\0') {
        snprintf(f->broken, sizeof f->broken, "host %u: time goes back at entry %llu", h->number,
            (unsigned long long)entry->index);
    }
    h->last_epoch = s.epoch;
    h->last_utc_ms = entry->utc_ms;
    if (2 * f->applied_count >= f->applied_cap) {
        applied_grow(f);
    }
    struct applied *a = applied_slot(f, &s.epoch, entry->index);
    if (a->index == 0) {
        *a = (struct applied){s.epoch, entry->index, hash};
        f->applied_count++;
    } else if (a->hash != hash && f->broken[0] == '\0') {
        snprintf(f->broken, sizeof f->broken,
            "at %llu ms host %u applied another entry %llu than others: \"%.*s\"",
            (unsigned long long)f->now_ms, h->number, (unsigned long long)entry->index,
            (int)(entry->len < 60 ? entry->len : 60), (const char *)entry->bytes);
    }
}

/* ---- the machine, with the watch before it ------------------------------------------------------
 */

static void on_apply(
    void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    struct host *h = context;
    watch(h->fleet, h, entry);
    h->machine.apply(h->machine.context, entry, row, row_context);
}

static void on_dump(void *context, net_row_cb row, void *row_context)
{
    struct host *h = context;
    h->machine.dump(h->machine.context, row, row_context);
}

static void on_load(void *context, const struct net_row *rows, size_t n)
{
    struct host *h = context;
    h->machine.load(h->machine.context, rows, n);
}

static void on_pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    struct host *h = context;
    h->machine.pending(h->machine.context, id, bytes, len);
}

static void on_kept(void *context, uint64_t id)
{
    struct host *h = context;
    h->machine.kept(h->machine.context, id);
}

static void on_refused(void *context, uint64_t id, const struct err *e)
{
    struct host *h = context;
    h->machine.refused(h->machine.context, id, e);
}

static void on_carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c)
{
    struct host *h = context;
    h->machine.carry_over(h->machine.context, submit, c);
}

static void on_changed(void *context)
{
    struct host *h = context;
    h->machine.changed(h->machine.context);
}

/* ---- links --------------------------------------------------------------------------------------
 */

static struct wire *wire_of(struct fleet *f, unsigned a, unsigned b)
{
    return a < b ? &f->wires[a][b] : &f->wires[b][a];
}

static void look_later(struct fleet *f, uint64_t ms)
{
    push(f, (struct event){.at_ms = f->now_ms + ms, .what = LINKS});
}

static void wire_down(struct fleet *f, unsigned a, unsigned b)
{
    struct wire *w = wire_of(f, a, b);
    if (!w->up) {
        return;
    }
    w->up = false;
    w->life++;
    w->ready_ms = f->now_ms + 50;
    if (f->hosts[a].group != NULL) {
        group_peer_down(f->hosts[a].group, f->now_ms, &f->hosts[b].peer);
    }
    if (f->hosts[b].group != NULL) {
        group_peer_down(f->hosts[b].group, f->now_ms, &f->hosts[a].peer);
    }
    look_later(f, 50);
}

static void wire_up(struct fleet *f, unsigned a, unsigned b)
{
    struct wire *w = wire_of(f, a, b);
    w->up = true;
    w->arrival_ms[0] = w->arrival_ms[1] = 0;
    group_peer_up(f->hosts[a].group, f->now_ms, &f->hosts[b].peer);
    group_peer_up(f->hosts[b].group, f->now_ms, &f->hosts[a].peer);
}

static void look_at_links(struct fleet *f)
{
    for (unsigned a = 0; a < f->count; a++) {
        for (unsigned b = a + 1; b < f->count; b++) {
            struct wire *w = wire_of(f, a, b);
            bool both = f->hosts[a].group != NULL && f->hosts[b].group != NULL;
            if (!w->up && both && !w->cut && f->now_ms >= w->ready_ms) {
                wire_up(f, a, b);
            }
        }
    }
}

static bool io_send(
    void *context, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len)
{
    struct host *h = context;
    struct fleet *f = h->fleet;
    unsigned other = fleet_host_of(f, to);
    (void)bulk;
    if (other == FLEET_MAX || !wire_of(f, h->number, other)->up) {
        return false;
    }
    assert(len <= (2 << 20));
    struct wire *w = wire_of(f, h->number, other);
    uint32_t latency = f->o.latency_ms;
    uint64_t *arrival = &w->arrival_ms[h->number < other];
    uint64_t at = f->now_ms + latency / 2 + fleet_random(f, latency + 1);
    *arrival = at > *arrival ? at : *arrival;
    uint8_t *copy = mem_alloc(len + 1);
    memcpy(copy, bytes, len);
    push(f, (struct event){.at_ms = *arrival,
                .what = ARRIVES,
                .from = h->number,
                .to = other,
                .life = w->life,
                .bytes = copy,
                .len = len});
    return true;
}

static void io_drop(void *context, const struct peer *peer, const char *why)
{
    struct host *h = context;
    struct fleet *f = h->fleet;
    unsigned other = fleet_host_of(f, peer);
    (void)why;
    /* Not at once: the group is in the middle of a step. */
    push(f, (struct event){
                .at_ms = f->now_ms, .what = LINKS, .from = h->number, .to = other, .life = 1});
}

void fleet_cut(struct fleet *f, unsigned a, unsigned b, bool cut)
{
    if (a == b) {
        return;
    }
    wire_of(f, a, b)->cut = cut;
    if (cut) {
        wire_down(f, a, b);
    } else {
        look_later(f, 1);
    }
}

void fleet_flap(struct fleet *f, unsigned a, unsigned b)
{
    if (a != b) {
        wire_down(f, a, b);
    }
}

void fleet_isolate(struct fleet *f, unsigned host, bool cut)
{
    for (unsigned i = 0; i < f->count; i++) {
        fleet_cut(f, host, i, cut);
    }
}

void fleet_heal(struct fleet *f)
{
    for (unsigned a = 0; a < f->count; a++) {
        for (unsigned b = a + 1; b < f->count; b++) {
            wire_of(f, a, b)->cut = false;
        }
    }
    look_later(f, 1);
}

void fleet_inject(struct fleet *f, unsigned from, unsigned to, const uint8_t *bytes, size_t len)
{
    group_receive(f->hosts[to].group, f->now_ms, &f->hosts[from].peer, bytes, len);
}

/* ---- disks --------------------------------------------------------------------------------------
 */

static void io_write(void *context, const struct group_write *w)
{
    struct host *h = context;
    struct fleet *f = h->fleet;
    struct pending *p = mem_alloc(sizeof *p);
    p->write = fleet_write_copy(w);
    p->due_ms = f->now_ms + (w->urgent ? 0 : LAZY_MS);
    *h->last = p;
    h->last = &p->next;
    /* All before it are done with it. */
    for (struct pending *q = h->first; w->urgent && q != NULL; q = q->next) {
        q->due_ms = f->now_ms < q->due_ms ? f->now_ms : q->due_ms;
    }
    push(
        f, (struct event){
               .at_ms = p->due_ms + h->disk_ms, .what = WRITTEN, .to = h->number, .life = h->life});
}

static void do_writes(struct fleet *f, struct host *h)
{
    uint64_t ticket = 0;
    if (h->full) {
        return;
    }
    while (h->first != NULL && h->first->due_ms + h->disk_ms <= f->now_ms) {
        struct pending *p = h->first;
        fleet_disk_apply(&h->disk, p->write);
        ticket = p->write->ticket;
        h->first = p->next;
        h->last = h->first == NULL ? &h->first : h->last;
        fleet_write_free(p->write);
        free(p);
    }
    if (ticket != 0 && h->group != NULL) {
        group_written(h->group, f->now_ms, ticket);
    }
}

static void lose_writes(struct host *h)
{
    while (h->first != NULL) {
        struct pending *p = h->first;
        h->first = p->next;
        fleet_write_free(p->write);
        free(p);
    }
    h->last = &h->first;
}

void fleet_disk_ms(struct fleet *f, unsigned host, uint32_t ms)
{
    f->hosts[host].disk_ms = ms;
    push(f, (struct event){
                .at_ms = f->now_ms, .what = WRITTEN, .to = host, .life = f->hosts[host].life});
}

/* The disk is found to be full when a write has been tried for a while. */
static void look_full(struct fleet *f, struct host *h)
{
    bool stuck = h->full && h->first != NULL;
    if (h->group != NULL && stuck != h->full_told) {
        h->full_told = stuck;
        group_disk(h->group, f->now_ms, stuck);
    }
    if (h->full) {
        push(f, (struct event){
                    .at_ms = f->now_ms + 200, .what = FULL, .to = h->number, .life = h->life});
    }
}

void fleet_disk_full(struct fleet *f, unsigned host, bool full)
{
    struct host *h = &f->hosts[host];
    h->full = full;
    push(f, (struct event){.at_ms = f->now_ms + 1, .what = WRITTEN, .to = host, .life = h->life});
    push(f, (struct event){.at_ms = f->now_ms + 1, .what = FULL, .to = host, .life = h->life});
}

void fleet_disk_lose(struct fleet *f, unsigned host)
{
    assert(f->hosts[host].group == NULL);
    fleet_disk_fini(&f->hosts[host].disk);
}

void fleet_disk_save(struct fleet *f, unsigned host)
{
    fleet_disk_copy(&f->hosts[host].saved, &f->hosts[host].disk);
}

void fleet_disk_restore(struct fleet *f, unsigned host)
{
    assert(f->hosts[host].group == NULL);
    fleet_disk_copy(&f->hosts[host].disk, &f->hosts[host].saved);
}

void fleet_plant(struct fleet *f, unsigned host, unsigned plant)
{
    f->hosts[host].plant = plant;
}

void fleet_clock(struct fleet *f, unsigned host, int64_t offset_ms)
{
    f->hosts[host].clock_ms = offset_ms;
}

/* ---- hosts --------------------------------------------------------------------------------------
 */

static int64_t io_utc_ms(void *context)
{
    struct host *h = context;
    return UTC_BASE + (int64_t)h->fleet->now_ms + h->clock_ms;
}

static uint64_t io_random(void *context)
{
    struct host *h = context;
    return draw(h->fleet);
}

struct fleet *fleet_new(const struct fleet_options *o)
{
    struct fleet *f = mem_alloc(sizeof *f);
    f->o = *o;
    f->o.latency_ms = o->latency_ms != 0 ? o->latency_ms : 2;
    f->o.disk_ms = o->disk_ms != 0 ? o->disk_ms : 2;
    f->random = o->seed;
    f->now_ms = 1000;
    applied_grow(f);
    return f;
}

static void free_machine(struct fleet *f, struct host *h)
{
    if (f->o.machine != NULL && f->o.stop != NULL) {
        f->o.stop(f->o.context, h->number);
    }
    fleet_lines_clear(&h->lines);
}

void fleet_free(struct fleet *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        struct host *h = &f->hosts[i];
        if (h->group != NULL) {
            group_free(h->group);
            h->group = NULL;
            free_machine(f, h);
        }
        lose_writes(h);
        fleet_disk_fini(&h->disk);
        fleet_disk_fini(&h->saved);
    }
    for (size_t i = 0; i < f->heap_count; i++) {
        free(f->heap[i].bytes);
    }
    free(f->heap);
    free(f->applied);
    free(f);
}

unsigned fleet_add(struct fleet *f)
{
    unsigned n = f->count++;
    struct host *h = &f->hosts[n];
    struct identity id;
    uint8_t seed[32] = {0};
    assert(n < FLEET_MAX);
    snprintf((char *)seed, sizeof seed, "host %u of %llu", n, (unsigned long long)f->o.seed);
    identity_from_seed(&id, seed);
    h->peer = id.peer;
    h->fleet = f;
    h->number = n;
    h->disk_ms = f->o.disk_ms;
    h->plant = f->o.plant;
    h->last = &h->first;
    return n;
}

unsigned fleet_count(const struct fleet *f)
{
    return f->count;
}

static void trusted_peers(const struct fleet *f, struct peer out[FLEET_MAX])
{
    for (unsigned i = 0; i < f->o.trusted; i++) {
        out[i] = f->hosts[i].peer;
    }
}

void fleet_start(struct fleet *f, unsigned host)
{
    struct host *h = &f->hosts[host];
    struct peer trusted[FLEET_MAX];
    struct err e = {0};
    assert(h->group == NULL && f->count >= f->o.trusted);
    trusted_peers(f, trusted);
    struct group_options o = {
        .self = h->peer,
        .fixed = f->o.fixed,
        .trusted = trusted,
        .trusted_count = f->o.trusted,
        .heartbeat_ms = f->o.heartbeat_ms,
        .election_ms = f->o.election_ms,
        .found_ms = f->o.found_ms,
        .retire_ms = f->o.retire_ms,
        .submit_ms = f->o.submit_ms,
        .plant = h->plant,
        .machine = {on_apply, on_dump, on_load, on_pending, on_kept, on_refused, on_carry_over,
            on_changed, h},
        .io = {io_write, io_send, io_drop, io_utc_ms, io_random, h},
    };
    if (f->o.machine != NULL) {
        f->o.machine(f->o.context, host, &h->machine);
    } else {
        fleet_lines_machine(&h->lines, host, &h->machine);
    }
    h->life++;
    h->full_told = false;
    h->last_epoch = (struct group_epoch){0}; /* what was not yet written is applied again */
    h->group = group_new(&o);
    int rc = group_start(h->group, f->now_ms, &h->disk.state, &e);
    if (rc != 0) {
        snprintf(f->broken, sizeof f->broken, "host %u does not start: %.150s", host, e.text);
    }
    look_full(f, h);
    look_later(f, 5);
}

void fleet_kill(struct fleet *f, unsigned host)
{
    struct host *h = &f->hosts[host];
    if (h->group == NULL) {
        return;
    }
    struct group *gone = h->group;
    h->group = NULL;
    h->life++;
    group_free(gone);
    lose_writes(h);
    free_machine(f, h);
    for (unsigned i = 0; i < f->count; i++) {
        if (i != host) {
            wire_down(f, host, i);
        }
    }
}

static bool has_left(struct fleet *f, void *c)
{
    const unsigned *host = c;
    return group_has_left(f->hosts[*host].group);
}

bool fleet_leave(struct fleet *f, unsigned host)
{
    struct host *h = &f->hosts[host];
    group_leave(h->group, f->now_ms);
    bool left = fleet_until(f, 5000, has_left, &host);
    /* What was written before it left is done by a host that stops in order. */
    while (h->first != NULL && !h->full) {
        struct pending *p = h->first;
        fleet_disk_apply(&h->disk, p->write);
        h->first = p->next;
        fleet_write_free(p->write);
        free(p);
    }
    h->last = h->first == NULL ? &h->first : h->last;
    fleet_kill(f, host);
    return left;
}

bool fleet_is_up(const struct fleet *f, unsigned host)
{
    return f->hosts[host].group != NULL;
}

struct group *fleet_group(const struct fleet *f, unsigned host)
{
    return f->hosts[host].group;
}

const struct peer *fleet_peer(const struct fleet *f, unsigned host)
{
    return &f->hosts[host].peer;
}

unsigned fleet_host_of(const struct fleet *f, const struct peer *p)
{
    for (unsigned i = 0; i < f->count; i++) {
        if (peer_compare(&f->hosts[i].peer, p) == 0) {
            return i;
        }
    }
    return FLEET_MAX;
}

/* ---- time ---------------------------------------------------------------------------------------
 */

uint64_t fleet_now(const struct fleet *f)
{
    return f->now_ms;
}

static void happen(struct fleet *f, struct event *e)
{
    struct host *h = &f->hosts[e->to];
    switch (e->what) {
    case ARRIVES: {
        struct wire *w = wire_of(f, e->from, e->to);
        if (w->up && w->life == e->life && h->group != NULL) {
            group_receive(h->group, f->now_ms, &f->hosts[e->from].peer, e->bytes, e->len);
        }
        break;
    }
    case WRITTEN:
        if (h->life == e->life) {
            do_writes(f, h);
        }
        break;
    case LINKS:
        if (e->life == 1) {
            wire_down(f, e->from, e->to);
            wire_of(f, e->from, e->to)->ready_ms = f->now_ms + DROP_MS;
            look_later(f, DROP_MS);
        }
        look_at_links(f);
        break;
    case FULL:
        if (h->life == e->life) {
            look_full(f, h);
        }
        break;
    }
    free(e->bytes);
}

static uint64_t next_tick(const struct fleet *f, unsigned *host)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < f->count; i++) {
        if (f->hosts[i].group != NULL) {
            uint64_t at = group_next_ms(f->hosts[i].group);
            if (at < next) {
                next = at;
                *host = i;
            }
        }
    }
    return next;
}

/* One thing that happens, not after `until_ms`; false when there is none. */
static bool step(struct fleet *f, uint64_t until_ms)
{
    unsigned host = 0;
    uint64_t tick = next_tick(f, &host);
    bool event = f->heap_count > 0 && f->heap[0].at_ms <= tick;
    uint64_t at = event ? f->heap[0].at_ms : tick;
    if (at > until_ms) {
        return false;
    }
    f->now_ms = at > f->now_ms ? at : f->now_ms;
    if (event) {
        struct event e = pop(f);
        happen(f, &e);
        return true;
    }
    group_tick(f->hosts[host].group, f->now_ms);
    if (group_next_ms(f->hosts[host].group) <= f->now_ms) {
        f->now_ms++; /* a tick that is due again at once takes its time */
    }
    return true;
}

void fleet_run(struct fleet *f, uint64_t ms)
{
    uint64_t until = f->now_ms + ms;
    while (step(f, until)) {
    }
    f->now_ms = until > f->now_ms ? until : f->now_ms;
}

bool fleet_until(struct fleet *f, uint64_t ms, bool (*is)(struct fleet *f, void *c), void *c)
{
    uint64_t until = f->now_ms + ms;
    while (!is(f, c)) {
        if (f->now_ms >= until) {
            return false;
        }
        fleet_run(f, until - f->now_ms < 20 ? until - f->now_ms : 20);
    }
    return true;
}

/* ---- the built-in machine -----------------------------------------------------------------------
 */

uint64_t fleet_submit(struct fleet *f, unsigned host, bool keep, const char *text)
{
    char line[256];
    struct err e;
    int len = snprintf(line, sizeof line, "h%u %s", host, text);
    return group_submit(
        f->hosts[host].group, f->now_ms, keep, (const uint8_t *)line, (size_t)len, &e);
}

size_t fleet_lines(const struct fleet *f, unsigned host)
{
    return f->hosts[host].lines.count;
}

const char *fleet_line(const struct fleet *f, unsigned host, size_t i)
{
    return f->hosts[host].lines.at[i];
}

bool fleet_has(const struct fleet *f, unsigned host, const char *line)
{
    for (size_t i = 0; i < f->hosts[host].lines.count; i++) {
        if (strcmp(f->hosts[host].lines.at[i], line) == 0) {
            return true;
        }
    }
    return false;
}

unsigned fleet_told_kept(const struct fleet *f, unsigned host)
{
    return f->hosts[host].lines.kept;
}

unsigned fleet_told_refused(const struct fleet *f, unsigned host)
{
    return f->hosts[host].lines.refused;
}

unsigned fleet_told_own(const struct fleet *f, unsigned host)
{
    return f->hosts[host].lines.own;
}

unsigned fleet_dumps(const struct fleet *f, unsigned host)
{
    return f->hosts[host].lines.loads;
}

/* ---- looks --------------------------------------------------------------------------------------
 */

int fleet_leader(const struct fleet *f)
{
    int leader = -1;
    uint64_t number = 0;
    for (unsigned i = 0; i < f->count; i++) {
        struct group_status s;
        if (f->hosts[i].group == NULL) {
            continue;
        }
        group_status(f->hosts[i].group, &s);
        if (s.role == GROUP_LEADER && s.epoch.number >= number) {
            number = s.epoch.number;
            leader = (int)i;
        }
    }
    return leader;
}

size_t fleet_role_count(const struct fleet *f, enum group_role role)
{
    size_t n = 0;
    for (unsigned i = 0; i < f->count; i++) {
        struct group_status s;
        if (f->hosts[i].group != NULL) {
            group_status(f->hosts[i].group, &s);
            n += s.role == role;
        }
    }
    return n;
}

bool fleet_agrees(const struct fleet *f)
{
    struct group_status first = {0};
    bool any = false;
    for (unsigned i = 0; i < f->count; i++) {
        struct group_status s;
        if (f->hosts[i].group == NULL) {
            continue;
        }
        group_status(f->hosts[i].group, &s);
        first = any ? first : s;
        any = true;
        if (!s.has_leader || s.applied != first.applied || s.waiting != 0 ||
            memcmp(&s.epoch, &first.epoch, sizeof s.epoch) != 0 ||
            peer_compare(&s.leader, &first.leader) != 0) {
            return false;
        }
    }
    return any && fleet_leader(f) >= 0;
}

const char *fleet_broken(const struct fleet *f)
{
    return f->broken[0] != '\0' ? f->broken : NULL;
}
