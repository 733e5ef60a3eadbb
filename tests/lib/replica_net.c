/* Replicas on virtual time. */
#include "tests/lib/replica_net.h"

#include "host/base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a disk holds. */
struct stored {
    uint64_t term, vote;
    uint64_t applied_index, applied_term, hash;
    struct replica_conf conf;
    struct replica_entry *log;
    size_t count;
};

/* A write on its way to a disk: the log's, or rows. */
struct op {
    struct op *next;
    bool rows;
    struct replica_write w; /* with copies of all it points to */
    uint64_t index, term, hash;
    struct replica_conf conf;
};

struct pending_ack {
    uint64_t index, term;
};

struct node {
    struct rnet *net;
    size_t number;
    uint64_t id;
    unsigned life;
    struct replica *replica;
    struct stored disk;
    struct op *ops, **ops_end;
    size_t queued, busy; /* ops; how many of them are being written together */
    uint32_t disk_min, disk_max;
    uint64_t applied, applied_term, hash;
    struct replica_conf conf;
    bool rows_due;
    unsigned dumps, restores;
    struct pending_ack *waits;
    size_t waits_count, waits_cap;
};

enum kind {
    MESSAGE,
    DISK
};

struct event {
    uint64_t at, order;
    enum kind kind;
    size_t from, to;
    unsigned from_life, life, session;
    size_t len;
    uint8_t bytes[];
};

struct truth { /* what was applied first at an index */
    bool known;
    uint64_t term, digest, hash;
};

struct rnet {
    struct rnet_options o;
    uint64_t now, order, random;
    struct node nodes[RNET_NODES];
    bool cut[RNET_NODES][RNET_NODES];
    unsigned session[RNET_NODES][RNET_NODES]; /* what was sent in an older one does not arrive */
    uint64_t last[RNET_NODES][RNET_NODES][2]; /* latest delivery, so that order holds */
    struct event **heap;
    size_t heap_count, heap_cap;
    struct truth *truth;
    size_t truth_cap;
    uint64_t *leaders; /* by term */
    size_t leaders_cap;
    uint64_t next_value, acked, acked_index, committed;
    uint64_t sent;
    size_t bulk_max;
    bool (*lose)(void *c, size_t from, size_t to, const uint8_t *bytes, size_t len);
    void *lose_context;
    char problem[200];
};

static void wrong(struct rnet *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct rnet *n, const char *fmt, ...)
{
    if (n->problem[0] == '\0') {
        va_list args;
        va_start(args, fmt);
        vsnprintf(n->problem, sizeof n->problem, fmt, args);
        va_end(args);
    }
}

uint32_t rnet_random(struct rnet *n, uint32_t below)
{
    n->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = n->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return below == 0 ? 0 : (uint32_t)(z >> 33) % below;
}

static uint32_t between(struct rnet *n, uint32_t min, uint32_t max)
{
    return min + rnet_random(n, max - min + 1);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* ---- events in order of time --------------------------------------------------------------------
 */

static bool before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct rnet *n, struct event *e)
{
    if (n->heap_count == n->heap_cap) {
        n->heap_cap = n->heap_cap == 0 ? 64 : n->heap_cap * 2;
        n->heap = mem_resize(n->heap, n->heap_cap, sizeof(struct event *));
    }
    e->order = n->order++;
    size_t i = n->heap_count++;
    while (i > 0 && before(e, n->heap[(i - 1) / 2])) {
        n->heap[i] = n->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    n->heap[i] = e;
}

static struct event *pop(struct rnet *n)
{
    struct event *top = n->heap[0];
    struct event *e = n->heap[--n->heap_count];
    size_t i = 0;
    for (size_t child = 1; child < n->heap_count; child = 2 * i + 1) {
        if (child + 1 < n->heap_count && before(n->heap[child + 1], n->heap[child])) {
            child++;
        }
        if (!before(n->heap[child], e)) {
            break;
        }
        n->heap[i] = n->heap[child];
        i = child;
    }
    n->heap[i] = e;
    return top;
}

static struct event *make(enum kind kind, uint64_t at, const uint8_t *bytes, size_t len)
{
    struct event *e = mem_alloc(sizeof *e + len);
    e->kind = kind;
    e->at = at;
    e->len = len;
    if (len > 0) {
        memcpy(e->bytes, bytes, len);
    }
    return e;
}

/* ---- disks --------------------------------------------------------------------------------------
 */

static struct replica_entry copy_entry(const struct replica_entry *e)
{
    struct replica_entry copy = *e;
    uint8_t *bytes = mem_alloc(e->len > 0 ? e->len : 1);
    if (e->len > 0) {
        memcpy(bytes, e->bytes, e->len);
    }
    copy.bytes = bytes;
    return copy;
}

static void free_entry(const struct replica_entry *e)
{
    free((void *)(uintptr_t)e->bytes);
}

static void free_op(struct op *op, bool entries_too)
{
    for (size_t i = 0; entries_too && i < op->w.entries_count; i++) {
        free_entry(&op->w.entries[i]);
    }
    free((void *)(uintptr_t)op->w.entries);
    free((void *)(uintptr_t)op->w.snapshot);
    free(op);
}

static void disk_begin(struct node *d)
{
    if (d->busy > 0 || d->ops == NULL || d->disk_min == RNET_STUCK) {
        return;
    }
    d->busy = d->queued;
    struct event *e = make(DISK, d->net->now + between(d->net, d->disk_min, d->disk_max), NULL, 0);
    e->to = d->number;
    e->life = d->life;
    push(d->net, e);
}

static void enqueue(struct node *d, struct op *op)
{
    *d->ops_end = op;
    d->ops_end = &op->next;
    d->queued++;
}

static void on_write(void *context, const struct replica_write *w)
{
    struct op *op = mem_alloc(sizeof *op);
    op->w = *w;
    struct replica_entry *entries = mem_array(w->entries_count + 1, sizeof *entries);
    for (size_t i = 0; i < w->entries_count; i++) {
        entries[i] = copy_entry(&w->entries[i]);
    }
    op->w.entries = entries;
    uint8_t *snapshot = mem_alloc(w->snapshot_len + 1);
    if (w->snapshot_len > 0) {
        memcpy(snapshot, w->snapshot, w->snapshot_len);
    }
    op->w.snapshot = snapshot;
    enqueue(context, op);
}

static void drop_stored(struct stored *s, uint64_t from, uint64_t to)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->log[i].index >= from && s->log[i].index <= to) {
            free_entry(&s->log[i]);
        } else {
            s->log[kept++] = s->log[i];
        }
    }
    s->count = kept;
}

static void store_log(struct stored *s, const struct replica_write *w)
{
    if (w->has_vote) {
        s->term = w->term;
        s->vote = w->vote;
    }
    if (w->truncate_from != 0) {
        drop_stored(s, w->truncate_from, UINT64_MAX);
    }
    if (w->install) {
        drop_stored(s, 0, UINT64_MAX);
        s->applied_index = w->install_index;
        s->applied_term = w->install_term;
        s->conf = w->install_conf;
        memcpy(&s->hash, w->snapshot, sizeof s->hash);
    }
    if (w->compact_to != 0) {
        drop_stored(s, 0, w->compact_to);
    }
    if (w->entries_count > 0) {
        s->log = mem_resize(s->log, s->count + w->entries_count, sizeof *s->log);
        memcpy(s->log + s->count, w->entries, w->entries_count * sizeof *s->log);
        s->count += w->entries_count;
    }
}

static void after(struct node *d);

static void op_done(struct node *d)
{
    struct op *op = d->ops;
    d->ops = op->next;
    d->queued--;
    if (d->ops == NULL) {
        d->ops_end = &d->ops;
    }
    uint64_t now = d->net->now;
    if (op->rows) {
        d->disk.applied_index = op->index;
        d->disk.applied_term = op->term;
        d->disk.hash = op->hash;
        d->disk.conf = op->conf;
        replica_rows_written(d->replica, now, op->index);
    } else {
        store_log(&d->disk, &op->w);
        if (op->w.ticket != 0) {
            replica_written(d->replica, now, op->w.ticket);
        }
    }
    free_op(op, false);
}

static void disk_done(struct node *d)
{
    for (; d->busy > 0; d->busy--) {
        op_done(d);
    }
    after(d);
}

/* ---- what a replica asks for --------------------------------------------------------------------
 */

static void on_send(void *context, uint64_t to, bool bulk, const uint8_t *bytes, size_t len)
{
    struct node *from = context;
    struct rnet *n = from->net;
    size_t i = 0;
    n->sent += len;
    n->bulk_max = len > n->bulk_max ? len : n->bulk_max;
    while (i < n->o.nodes && n->nodes[i].id != to) {
        i++;
    }
    if (i == n->o.nodes || i == from->number || n->cut[from->number][i] ||
        rnet_random(n, 1000) < n->o.loss_permille ||
        (n->lose != NULL && n->lose(n->lose_context, from->number, i, bytes, len))) {
        return;
    }
    uint64_t at = n->now + between(n, n->o.delay_min_ms, n->o.delay_max_ms);
    uint64_t *last = &n->last[from->number][i][bulk];
    if (bulk) {
        at = (*last > at ? *last : at) + n->o.bulk_ms;
    }
    if (!n->o.reorder && at < *last) {
        at = *last;
    }
    *last = at;
    struct event *e = make(MESSAGE, at, bytes, len);
    e->from = from->number;
    e->from_life = from->life;
    e->to = i;
    e->life = n->nodes[i].life;
    e->session = n->session[e->from][i];
    push(n, e);
}

static struct truth *truth_at(struct rnet *n, uint64_t index)
{
    if (index >= n->truth_cap) {
        size_t cap = (size_t)index * 2 + 64;
        n->truth = mem_resize(n->truth, cap, sizeof *n->truth);
        memset(n->truth + n->truth_cap, 0, (cap - n->truth_cap) * sizeof *n->truth);
        n->truth_cap = cap;
    }
    return &n->truth[index];
}

static void check_truth(struct node *d, const struct replica_entry *e)
{
    struct rnet *n = d->net;
    uint64_t digest = mix((uint64_t)e->type, e->bytes, e->len);
    struct truth *t = truth_at(n, e->index);
    if (!t->known) {
        *t = (struct truth){.known = true, .term = e->term, .digest = digest, .hash = d->hash};
    } else if (t->term != e->term || t->digest != digest || t->hash != d->hash) {
        wrong(n,
            "%" PRIu64 " ms: node %zu applies another entry %" PRIu64 " (term %" PRIu64
            ", was %" PRIu64 ")",
            n->now, d->number, e->index, e->term, t->term);
    }
    n->committed = e->index > n->committed ? e->index : n->committed;
}

static void check_acks(struct node *d, const struct replica_entry *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->waits_count; i++) {
        const struct pending_ack *w = &d->waits[i];
        if (w->index == e->index && w->term == e->term) {
            d->net->acked++;
            d->net->acked_index = e->index;
        } else if (w->index > e->index) {
            d->waits[kept++] = *w;
        }
    }
    d->waits_count = kept;
}

static void on_apply(void *context, const struct replica_entry *e, const struct replica_conf *conf)
{
    struct node *d = context;
    if (e->index != d->applied + 1) {
        wrong(
            d->net, "node %zu applies %" PRIu64 " after %" PRIu64, d->number, e->index, d->applied);
    }
    d->applied = e->index;
    d->applied_term = e->term;
    if (e->type == REPLICA_COMMAND) {
        d->hash = mix(d->hash, e->bytes, e->len);
    }
    if (conf != NULL) {
        d->conf = *conf;
    }
    d->rows_due = true;
    check_truth(d, e);
    check_acks(d, e);
}

static void on_dump(void *context, uint8_t **bytes, size_t *len)
{
    struct node *d = context;
    d->dumps++;
    *len = sizeof d->hash + d->net->o.padding;
    *bytes = mem_alloc(*len);
    memcpy(*bytes, &d->hash, sizeof d->hash);
}

static void on_restore(void *context, const uint8_t *bytes, size_t len, uint64_t index,
    uint64_t term, const struct replica_conf *conf)
{
    struct node *d = context;
    assert(len == sizeof d->hash + d->net->o.padding);
    memcpy(&d->hash, bytes, sizeof d->hash);
    d->restores++;
    d->applied = index;
    d->applied_term = term;
    d->conf = *conf;
    d->rows_due = false;
    const struct truth *t = truth_at(d->net, index);
    if (!t->known || t->term != term || t->hash != d->hash) {
        wrong(d->net, "node %zu: the snapshot of %" PRIu64 " is another state", d->number, index);
    }
}

static void on_changed(void *context)
{
    (void)context;
}

static void check_leader(struct node *d)
{
    struct rnet *n = d->net;
    uint64_t term = replica_term(d->replica);
    if (replica_leader(d->replica) != d->id || term > 100000) {
        return;
    }
    if (term >= n->leaders_cap) {
        size_t cap = (size_t)term * 2 + 64;
        n->leaders = mem_resize(n->leaders, cap, sizeof *n->leaders);
        memset(n->leaders + n->leaders_cap, 0, (cap - n->leaders_cap) * sizeof *n->leaders);
        n->leaders_cap = cap;
    }
    if (n->leaders[term] != 0 && n->leaders[term] != d->id) {
        wrong(n, "%" PRIu64 " ms: term %" PRIu64 " has two leaders", n->now, term);
    }
    n->leaders[term] = d->id;
}

/* After each call of a replica. */
static void after(struct node *d)
{
    if (d->rows_due) {
        struct op *op = mem_alloc(sizeof *op);
        op->rows = true;
        op->index = d->applied;
        op->term = d->applied_term;
        op->hash = d->hash;
        op->conf = d->conf;
        d->rows_due = false;
        enqueue(d, op);
    }
    disk_begin(d);
    check_leader(d);
    if (replica_failed(d->replica) != NULL) {
        wrong(d->net, "node %zu: %s", d->number, replica_failed(d->replica));
    }
}

/* ---- lives --------------------------------------------------------------------------------------
 */

static void tell_links(struct rnet *n, size_t a)
{
    for (size_t b = 0; b < n->o.nodes; b++) {
        struct node *p = &n->nodes[a], *q = &n->nodes[b];
        bool up =
            a != b && p->replica != NULL && q->replica != NULL && !n->cut[a][b] && !n->cut[b][a];
        if (a != b && p->replica != NULL) {
            replica_connected(p->replica, n->now, q->id, up);
        }
        if (a != b && q->replica != NULL) {
            replica_connected(q->replica, n->now, p->id, up);
        }
    }
}

static void begin_life(struct rnet *n, size_t node)
{
    struct node *d = &n->nodes[node];
    struct replica_options o = {.id = d->id,
        .heartbeat_ms = n->o.heartbeat_ms,
        .election_ms = n->o.election_ms,
        .trailing = n->o.trailing,
        .seed = rnet_random(n, UINT32_MAX) | 1,
        .off = n->o.off,
        .io = {on_write, on_send, on_apply, on_dump, on_restore, on_changed, d}};
    struct replica_state s = {.term = d->disk.term,
        .vote = d->disk.vote,
        .applied_index = d->disk.applied_index,
        .applied_term = d->disk.applied_term,
        .conf = d->disk.conf,
        .entries = d->disk.log,
        .entries_count = d->disk.count};
    struct err e;
    d->applied = s.applied_index;
    d->applied_term = s.applied_term;
    d->conf = s.conf;
    d->hash = d->disk.hash;
    d->replica = replica_new(&o);
    if (replica_start(d->replica, n->now, &s, &e) != 0) {
        wrong(n, "node %zu does not start: %s", node, e.text);
    }
    tell_links(n, node);
    after(d);
}

void rnet_restart(struct rnet *n, size_t node)
{
    if (n->nodes[node].replica == NULL) {
        begin_life(n, node);
    }
}

static void forget_ops(struct node *d)
{
    while (d->ops != NULL) {
        struct op *op = d->ops;
        d->ops = op->next;
        free_op(op, true);
    }
    d->ops_end = &d->ops;
    d->queued = d->busy = 0;
}

void rnet_crash(struct rnet *n, size_t node)
{
    struct node *d = &n->nodes[node];
    if (d->replica == NULL) {
        return;
    }
    replica_free(d->replica);
    d->replica = NULL;
    d->life++;
    d->rows_due = false;
    d->waits_count = 0;
    forget_ops(d);
    tell_links(n, node);
}

void rnet_lose_disk(struct rnet *n, size_t node)
{
    struct node *d = &n->nodes[node];
    assert(d->replica == NULL);
    drop_stored(&d->disk, 0, UINT64_MAX);
    free(d->disk.log);
    d->disk = (struct stored){0};
    d->id += 1000;
}

static void bootstrap(struct rnet *n)
{
    struct replica_conf conf = {.count = n->o.voters, .index = 1};
    for (size_t i = 0; i < n->o.voters; i++) {
        conf.at[i].id = n->nodes[i].id;
        conf.at[i].role = REPLICA_VOTER;
        snprintf(conf.at[i].address, sizeof conf.at[i].address, "node%zu", i);
    }
    for (size_t i = 0; i < n->o.voters; i++) {
        struct stored *s = &n->nodes[i].disk;
        s->log = mem_alloc(sizeof *s->log);
        replica_bootstrap(&conf, &s->log[0]);
        s->count = 1;
        s->term = 1;
        s->applied_index = s->applied_term = 1;
        s->conf = conf;
    }
    n->committed = 1;
}

struct rnet *rnet_new(const struct rnet_options *o)
{
    struct rnet *n = mem_alloc(sizeof *n);
    n->o = *o;
    n->now = 1000;
    n->random = o->seed;
    n->o.heartbeat_ms = o->heartbeat_ms != 0 ? o->heartbeat_ms : 100;
    n->o.election_ms = o->election_ms != 0 ? o->election_ms : 1000;
    for (size_t i = 0; i < o->nodes; i++) {
        struct node *d = &n->nodes[i];
        *d = (struct node){.net = n,
            .number = i,
            .id = 100 + i,
            .ops_end = &d->ops,
            .disk_min = o->disk_min_ms,
            .disk_max = o->disk_max_ms};
    }
    bootstrap(n);
    for (size_t i = 0; i < o->nodes; i++) {
        begin_life(n, i);
    }
    return n;
}

void rnet_free(struct rnet *n)
{
    for (size_t i = 0; i < n->o.nodes; i++) {
        struct node *d = &n->nodes[i];
        replica_free(d->replica);
        forget_ops(d);
        drop_stored(&d->disk, 0, UINT64_MAX);
        free(d->disk.log);
        free(d->waits);
    }
    while (n->heap_count > 0) {
        free(pop(n));
    }
    free(n->heap);
    free(n->truth);
    free(n->leaders);
    free(n);
}

/* ---- time ---------------------------------------------------------------------------------------
 */

static void happen(struct rnet *n, struct event *e)
{
    struct node *d = &n->nodes[e->to];
    if (d->replica == NULL || d->life != e->life) {
        return;
    }
    if (e->kind == DISK) {
        disk_done(d);
    } else if (!n->cut[e->from][e->to] && n->nodes[e->from].life == e->from_life &&
               n->session[e->from][e->to] == e->session) {
        replica_receive(d->replica, n->now, n->nodes[e->from].id, e->bytes, e->len);
        after(d);
    }
}

static uint64_t soonest_timer(const struct rnet *n, size_t *node)
{
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < n->o.nodes; i++) {
        uint64_t at =
            n->nodes[i].replica != NULL ? replica_next_ms(n->nodes[i].replica) : UINT64_MAX;
        if (at < best) {
            best = at;
            *node = i;
        }
    }
    return best;
}

/* The next thing that happens up to `end`; false when there is none. */
static bool proceed(struct rnet *n, uint64_t end)
{
    size_t node = 0;
    uint64_t timer = soonest_timer(n, &node);
    uint64_t event = n->heap_count > 0 ? n->heap[0]->at : UINT64_MAX;
    uint64_t at = timer < event ? timer : event;
    if (at > end) {
        n->now = end;
        return false;
    }
    n->now = at > n->now ? at : n->now;
    if (event <= timer) {
        struct event *e = pop(n);
        happen(n, e);
        free(e);
    } else {
        replica_tick(n->nodes[node].replica, n->now);
        after(&n->nodes[node]);
    }
    return true;
}

void rnet_run(struct rnet *n, uint64_t ms)
{
    uint64_t end = n->now + ms;
    while (n->problem[0] == '\0' && proceed(n, end)) {
    }
    n->now = end;
}

bool rnet_until(struct rnet *n, uint64_t ms, bool (*done)(struct rnet *n, void *c), void *c)
{
    uint64_t end = n->now + ms;
    while (!done(n, c)) {
        if (n->problem[0] != '\0' || !proceed(n, end)) {
            return done(n, c);
        }
    }
    return true;
}

/* ---- the world ----------------------------------------------------------------------------------
 */

void rnet_disk(struct rnet *n, size_t node, uint32_t min_ms, uint32_t max_ms)
{
    n->nodes[node].disk_min = min_ms;
    n->nodes[node].disk_max = max_ms;
    if (n->nodes[node].replica != NULL) {
        disk_begin(&n->nodes[node]);
    }
}

void rnet_link(struct rnet *n, size_t a, size_t b, bool up)
{
    if (n->cut[a][b] == !up && n->cut[b][a] == !up) {
        return;
    }
    n->cut[a][b] = n->cut[b][a] = !up;
    n->session[a][b]++;
    n->session[b][a]++;
    for (int bulk = 0; bulk < 2; bulk++) {
        n->last[a][b][bulk] = n->last[b][a][bulk] = 0;
    }
    struct node *p = &n->nodes[a], *q = &n->nodes[b];
    if (p->replica != NULL && q->replica != NULL) {
        replica_connected(p->replica, n->now, q->id, up);
        replica_connected(q->replica, n->now, p->id, up);
    }
}

void rnet_split(struct rnet *n, const char *sides)
{
    for (size_t a = 0; a < n->o.nodes; a++) {
        for (size_t b = a + 1; b < n->o.nodes; b++) {
            rnet_link(n, a, b, sides[a] == sides[b]);
        }
    }
}

void rnet_heal(struct rnet *n)
{
    rnet_split(n, "aaaaaaaa");
}

void rnet_loss(struct rnet *n, uint32_t permille)
{
    n->o.loss_permille = permille;
}

void rnet_filter(struct rnet *n,
    bool (*lose)(void *c, size_t from, size_t to, const uint8_t *bytes, size_t len), void *c)
{
    n->lose = lose;
    n->lose_context = c;
}

void rnet_deliver(struct rnet *n, size_t from, size_t to, const uint8_t *bytes, size_t len)
{
    struct node *d = &n->nodes[to];
    replica_receive(d->replica, n->now, n->nodes[from].id, bytes, len);
    after(d);
}

static void note_ack(struct node *d, uint64_t index, uint64_t term)
{
    if (d->waits_count == d->waits_cap) {
        d->waits_cap = d->waits_cap == 0 ? 16 : d->waits_cap * 2;
        d->waits = mem_resize(d->waits, d->waits_cap, sizeof *d->waits);
    }
    d->waits[d->waits_count++] = (struct pending_ack){.index = index, .term = term};
}

int rnet_submit(struct rnet *n, size_t node)
{
    struct node *d = &n->nodes[node];
    if (d->replica == NULL) {
        return -PP_EOFFLINE;
    }
    size_t len = 8 + (n->o.command_max > 0 ? rnet_random(n, n->o.command_max + 1) : 0);
    uint8_t *bytes = mem_alloc(len);
    uint64_t value = ++n->next_value;
    memcpy(bytes, &value, sizeof value);
    struct replica_entry e = {.type = REPLICA_COMMAND, .bytes = bytes, .len = len};
    uint64_t index = replica_last_index(d->replica) + 1;
    uint64_t term = replica_term(d->replica);
    note_ack(d, index, term);
    int rc = replica_submit(d->replica, n->now, &e, 1);
    if (rc != 0) {
        d->waits_count--;
    }
    free(bytes);
    after(d);
    return rc;
}

int rnet_change(struct rnet *n, size_t leader, size_t node, enum replica_role role, struct err *e)
{
    struct node *d = &n->nodes[leader];
    if (d->replica == NULL) {
        return -PP_EOFFLINE;
    }
    struct replica_server s = {.id = n->nodes[node].id, .role = role};
    snprintf(s.address, sizeof s.address, "node%zu", node);
    int rc = replica_change(d->replica, n->now, &s, e);
    after(d);
    return rc;
}

/* ---- questions ----------------------------------------------------------------------------------
 */

uint64_t rnet_now(const struct rnet *n)
{
    return n->now;
}

size_t rnet_nodes(const struct rnet *n)
{
    return n->o.nodes;
}

struct replica *rnet_replica(struct rnet *n, size_t node)
{
    return n->nodes[node].replica;
}

uint64_t rnet_id(const struct rnet *n, size_t node)
{
    return n->nodes[node].id;
}

uint64_t rnet_hash(const struct rnet *n, size_t node)
{
    return n->nodes[node].hash;
}

unsigned rnet_dumps(const struct rnet *n, size_t node)
{
    return n->nodes[node].dumps;
}

unsigned rnet_restores(const struct rnet *n, size_t node)
{
    return n->nodes[node].restores;
}

size_t rnet_bulk_max(const struct rnet *n)
{
    return n->bulk_max;
}

uint64_t rnet_sent(const struct rnet *n)
{
    return n->sent;
}

int rnet_leader(const struct rnet *n)
{
    int best = -1;
    for (size_t i = 0; i < n->o.nodes; i++) {
        const struct replica *r = n->nodes[i].replica;
        if (r != NULL && replica_is_leader(r) &&
            (best < 0 || replica_term(r) > replica_term(n->nodes[best].replica))) {
            best = (int)i;
        }
    }
    return best;
}

static bool has_leader(struct rnet *n, void *c)
{
    (void)c;
    return rnet_leader(n) >= 0;
}

int rnet_wait_leader(struct rnet *n, uint64_t ms)
{
    rnet_until(n, ms, has_leader, NULL);
    return rnet_leader(n);
}

uint64_t rnet_acked(const struct rnet *n)
{
    return n->acked;
}

uint64_t rnet_acked_index(const struct rnet *n)
{
    return n->acked_index;
}

uint64_t rnet_committed(const struct rnet *n)
{
    return n->committed;
}

const char *rnet_problem(const struct rnet *n)
{
    return n->problem;
}

bool rnet_equal(struct rnet *n)
{
    int leader = rnet_leader(n);
    if (leader < 0) {
        return false;
    }
    const struct replica *l = n->nodes[leader].replica;
    for (size_t i = 0; i < n->o.nodes; i++) {
        const struct node *d = &n->nodes[i];
        bool member = replica_role_of(l, d->id) != REPLICA_NONE;
        if (member && (d->replica == NULL || d->applied != n->committed ||
                          d->hash != n->nodes[leader].hash)) {
            return false;
        }
    }
    return n->committed >= n->acked_index && replica_last_index(l) == n->committed;
}

static void tell_conf(const char *what, const struct replica_conf *conf)
{
    static const char roles[] = {
        [REPLICA_NONE] = '-', [REPLICA_LEARNER] = 'l', [REPLICA_VOTER] = 'V'};
    fprintf(stderr, " %s@%" PRIu64 ":", what, conf->index);
    for (size_t i = 0; i < conf->count; i++) {
        fprintf(stderr, "%" PRIu64 "%c ", conf->at[i].id, roles[conf->at[i].role]);
    }
}

void rnet_tell(struct rnet *n)
{
    fprintf(stderr, "%" PRIu64 " ms, committed %" PRIu64 "\n", n->now, n->committed);
    for (size_t i = 0; i < n->o.nodes; i++) {
        const struct node *d = &n->nodes[i];
        fprintf(stderr, "  %" PRIu64 " disk: term %" PRIu64 " %zu entries, rows %" PRIu64, d->id,
            d->disk.term, d->disk.count, d->disk.applied_index);
        if (d->replica != NULL) {
            struct replica_conf conf;
            replica_conf(d->replica, &conf);
            fprintf(stderr,
                "; up: term %" PRIu64 " leader %" PRIu64 " last %" PRIu64 " applied %" PRIu64,
                replica_term(d->replica), replica_leader(d->replica),
                replica_last_index(d->replica), replica_applied(d->replica));
            tell_conf("latest", &conf);
        }
        tell_conf("applied", &d->conf);
        fprintf(stderr, "\n");
    }
}
