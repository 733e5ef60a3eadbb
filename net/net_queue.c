/* One queue of the facade: its group, between links and disk. */
#include "net/nearby.h"
#include "net/net_priv.h"

#include "host/base/clock.h"
#include "host/base/mem.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the group wants done ------------------------------------------------------------------
 */

static void io_write(void *context, const struct group_write *w)
{
    struct net_queue *q = context;
    net_store_write(q->net->store, q->name, w);
}

static bool io_send(
    void *context, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len)
{
    struct net_queue *q = context;
    enum link_class cls = bulk ? LINK_BULK : LINK_CONTROL;
    return q->link >= 0 && links_send(q->net->links, q->link, to, cls, NET_GROUP, bytes, len) == 0;
}

/* Not at once: a link that goes tells the group, which is in the middle of a step. */
static void io_drop(void *context, const struct peer *peer, const char *why)
{
    struct net_queue *q = context;
    if (q->drops_count < sizeof q->drops / sizeof q->drops[0]) {
        struct drop *d = &q->drops[q->drops_count++];
        d->peer = *peer;
        str_copy(d->why, sizeof d->why, why, strlen(why));
    }
}

static int64_t io_utc_ms(void *context)
{
    (void)context;
    return clock_wall_ms();
}

static uint64_t io_random(void *context)
{
    uint64_t r;
    (void)context;
    randombytes_buf(&r, sizeof r);
    return r;
}

/* ---- steps --------------------------------------------------------------------------------------
 */

void net_queue_step_begin(struct net_queue *q)
{
    assert(!q->stepping);
    q->stepping = true;
}

static void tick(uv_timer_t *timer)
{
    struct net_queue *q = timer->data;
    net_queue_step_begin(q);
    group_tick(q->group, net_now_ms(q->net));
    net_queue_step_end(q);
}

void net_queue_step_end(struct net_queue *q)
{
    q->stepping = false;
    while (q->drops_count > 0) {
        struct drop d = q->drops[--q->drops_count];
        net_note(q->net, q->name, true, "a peer is let go: %s", d.why);
        links_drop(q->net->links, &d.peer, d.why);
    }
    if (!q->timers_open) {
        return;
    }
    uint64_t now = net_now_ms(q->net);
    uint64_t next = group_next_ms(q->group);
    uv_timer_start(&q->tick, tick, next > now ? next - now : 0, 0);
}

void net_queue_written(struct net_queue *q, uint64_t ticket)
{
    net_queue_step_begin(q);
    group_written(q->group, net_now_ms(q->net), ticket);
    net_queue_step_end(q);
}

static void second(uv_timer_t *timer)
{
    struct net_queue *q = timer->data;
    net_peers_tick(q);
    net_meet_tick(q);
    if (q == q->net->queues[0]) {
        net_asks_tick(q->net);
    }
}

/* ---- what the machine is told -------------------------------------------------------------------
 */

/* On a keyed LAN whoever takes part holds the key. */
static void machine_apply(
    void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    struct net_queue *q = context;
    struct net_entry told = *entry;
    told.trusted = entry->trusted || q->locked;
    q->machine.apply(q->machine.context, &told, row, row_context);
}

static void machine_dump(void *context, net_row_cb row, void *row_context)
{
    struct net_queue *q = context;
    q->machine.dump(q->machine.context, row, row_context);
}

static void machine_load(void *context, const struct net_row *rows, size_t n)
{
    struct net_queue *q = context;
    q->machine.load(q->machine.context, rows, n);
}

static void machine_pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    struct net_queue *q = context;
    q->machine.pending(q->machine.context, id, bytes, len);
}

static void machine_kept(void *context, uint64_t id)
{
    struct net_queue *q = context;
    q->machine.kept(q->machine.context, id);
}

static void machine_refused(void *context, uint64_t id, const struct err *e)
{
    struct net_queue *q = context;
    q->machine.refused(q->machine.context, id, e);
}

static void machine_carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c)
{
    struct net_queue *q = context;
    q->machine.carry_over(q->machine.context, submit, c);
}

static void machine_changed(void *context)
{
    struct net_queue *q = context;
    q->machine.changed(q->machine.context);
}

/* ---- joining ------------------------------------------------------------------------------------
 */

static int check_name(const char *name, struct err *e)
{
    size_t len = strlen(name);
    char shown[400];
    str_escape(shown, sizeof shown, name, len);
    if (len == 0 || len > 63 || strcmp(shown, name) != 0) {
        return err_field(e, PP_EINVAL, "name",
            "name \"%s\": must be 1 to 63 bytes of UTF-8 without control characters", shown);
    }
    if (strcmp(name, "local") == 0 || strcmp(name, "archive") == 0) {
        return err_field(e, PP_EINVAL, "name", "name \"%s\": is reserved", name);
    }
    return 0;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Everything that can be said of the options before anything is done. */
static int check(const struct net_queue_options *o, struct listen_address *address,
    struct identity *id, struct err *e)
{
    int rc = check_name(o->name, e);
    if (rc == 0 && is_given(o->namespace)) {
        rc = check_name(o->namespace, e);
    }
    rc =
        rc != 0 ? rc : listen_address_parse(is_given(o->address) ? o->address : "auto", address, e);
    if (rc == 0 && o->kind == NET_WAN && !is_given(o->registry)) {
        rc = err_field(e, PP_EINVAL, "registry",
            "a WAN queue needs its registry: a path, https://…, ipfs://CID or a domain");
    }
    if (rc == 0 && is_given(o->identity)) {
        rc = identity_load(id, o->identity, e);
    }
    for (size_t i = 0; rc == 0 && o->bootstrap != NULL && o->bootstrap[i] != NULL; i++) {
        struct remote_address remote;
        rc = remote_address_parse(o->bootstrap[i], &remote, e);
    }
    return rc;
}

int net_queue_check(const struct net *n, const struct net_queue_options *o, struct err *e)
{
    struct listen_address address;
    struct identity id = {0};
    int rc = check(o, &address, &id, e);
    identity_wipe(&id);
    const struct net_queue *q = net_queue_find(n, o->name);
    if (rc == 0 && o->kind == NET_WAN && (q == NULL || strcmp(q->registry, o->registry) != 0)) {
        rc = net_wan_check(o->registry, is_given(o->namespace) ? o->namespace : o->name, e);
    }
    if (rc != 0 || address.automatic || q != NULL) {
        return rc;
    }
    int port = address.port;
    const char *ip = address.local_only ? "127.0.0.1" : address.ip;
    return net_meet_try(n, ip, port, e);
}

int net_queue_self(
    const struct net *n, const struct net_queue_options *o, char *out, size_t size, struct err *e)
{
    struct identity id = n->id;
    int rc = is_given(o->identity) ? identity_load(&id, o->identity, e) : 0;
    str_copy(out, size, id.text, strlen(id.text));
    identity_wipe(&id);
    return rc;
}

static void copy(char *dst, size_t size, const char *text)
{
    str_copy(dst, size, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static void hash_secret(uint8_t out[32], const char *what, const char *text)
{
    crypto_generichash_state s;
    crypto_generichash_init(&s, NULL, 0, 32);
    crypto_generichash_update(&s, (const uint8_t *)what, strlen(what) + 1);
    crypto_generichash_update(&s, (const uint8_t *)text, strlen(text));
    crypto_generichash_final(&s, out, 32);
}

void net_queue_secret(struct net_queue *q, const char *key)
{
    bool wan = q->kind == NET_WAN;
    hash_secret(q->secret, wan ? "pphost wan queue" : "pphost lan queue",
        wan ? q->rendezvous : (key != NULL ? key : ""));
}

static struct net_queue *queue_new(struct net *n, const struct net_queue_options *o,
    const struct net_machine *m, const struct listen_address *address)
{
    struct net_queue *q = mem_alloc(sizeof *q);
    q->net = n;
    q->kind = o->kind;
    q->link = -1;
    q->address = *address;
    q->machine = *m;
    q->id = &n->id;
    q->alone_since_ms = net_now_ms(n);
    copy(q->name, sizeof q->name, o->name);
    copy(q->wire_name, sizeof q->wire_name, is_given(o->namespace) ? o->namespace : o->name);
    copy(q->registry, sizeof q->registry, o->registry);
    q->locked = o->kind == NET_LAN && is_given(o->key);
    net_queue_secret(q, o->key);
    nearby_key_tag(q->wire_name, q->locked ? o->key : "", q->tag);
    const char *const nobody[] = {NULL};
    q->bootstrap = net_copy_list(o->bootstrap != NULL ? o->bootstrap : nobody);
    census_init(&q->census);
    return q;
}

static void group_new_for(struct net_queue *q)
{
    const struct net_options *o = &q->net->o;
    struct group_options g = {
        .self = q->id->peer,
        .fixed = q->kind == NET_WAN,
        .heartbeat_ms = o->heartbeat_ms,
        .election_ms = o->election_ms,
        .found_ms = o->found_ms,
        .retire_ms = o->retire_ms,
        .machine = {machine_apply, machine_dump, machine_load, machine_pending, machine_kept,
            machine_refused, machine_carry_over, machine_changed, q},
        .io = {io_write, io_send, io_drop, io_utc_ms, io_random, q},
    };
    q->group = group_new(&g);
}

/* With what the disk has; its machine is loaded when this returns. */
static int begin(struct net_queue *q, struct err *e)
{
    struct group_state *state = NULL;
    int rc = net_store_load(q->net->store, q->name, &state, e);
    if (rc != 0) {
        return rc;
    }
    group_new_for(q);
    net_queue_step_begin(q);
    rc = group_start(q->group, net_now_ms(q->net), state, e);
    q->stepping = false;
    net_store_unload(state);
    if (rc != 0) {
        return rc;
    }
    uv_timer_init(q->net->loop, &q->tick);
    uv_timer_init(q->net->loop, &q->slow);
    q->tick.data = q->slow.data = q;
    q->open = 2;
    q->timers_open = true;
    uv_timer_start(&q->slow, second, 1000, 1000);
    net_queue_step_begin(q);
    net_queue_step_end(q);
    return 0;
}

static void queue_free(struct net_queue *q)
{
    net_free_list(q->bootstrap);
    net_free_list(q->guides);
    net_members_free(q);
    if (q->group != NULL) {
        group_free(q->group);
    }
    free(q->trusted);
    identity_wipe(&q->own);
    sodium_memzero(q->secret, sizeof q->secret);
    free(q);
}

/* From here on others can see it. PP_E… stands in its status and is tried again. */
void net_queue_link(struct net_queue *q)
{
    struct links_queue wanted = {.name = q->wire_name, .id = q->id};
    struct err e = {0};
    memcpy(wanted.secret, q->secret, sizeof wanted.secret);
    q->link = links_join(q->net->links, &wanted, &e);
    sodium_memzero(&wanted, sizeof wanted);
    if (q->link < 0) {
        q->link = -1;
        copy(q->problem, sizeof q->problem, e.text);
        net_note(q->net, q->name, true, "%s", e.text);
        return;
    }
    net_meet_join(q);
}

int net_queue_add(
    struct net *n, const struct net_queue_options *o, const struct net_machine *m, struct err *e)
{
    struct listen_address address;
    struct identity id = {0};
    int rc = check(o, &address, &id, e);
    if (rc == 0 && net_queue_find(n, o->name) != NULL) {
        rc = err_field(e, PP_EEXIST, "name", "queue \"%s\" is there already", o->name);
    }
    if (rc == 0 && n->queues_count == NET_QUEUES_MAX) {
        rc = err_set(e, PP_ELIMIT, "%d network queues are the most", NET_QUEUES_MAX);
    }
    if (rc != 0) {
        identity_wipe(&id);
        return rc;
    }
    struct net_queue *q = queue_new(n, o, m, &address);
    if (is_given(o->identity)) {
        q->own = id;
        q->id = &q->own;
    }
    identity_wipe(&id);
    rc = begin(q, e);
    if (rc != 0) {
        queue_free(q);
        return err_wrap(e, "queue \"%s\"", o->name);
    }
    n->queues[n->queues_count++] = q;
    if (q->kind == NET_WAN) {
        net_wan_begin(q);
    } else {
        net_queue_link(q);
    }
    return 0;
}

/* ---- leaving ------------------------------------------------------------------------------------
 */

void net_queue_let_go(struct net_queue *q)
{
    if (--q->open > 0) {
        return;
    }
    struct net *n = q->net;
    void (*gone)(void *context) = q->gone;
    void *context = q->gone_context;
    queue_free(q);
    if (gone != NULL) {
        gone(context);
    }
    net_let_go(n);
}

static void handle_closed(uv_handle_t *handle)
{
    net_queue_let_go(handle->data);
}

void net_queue_stop(struct net_queue *q)
{
    struct net *n = q->net;
    net_asks_drop(n, q);
    net_wan_stop(q);
    net_meet_leave(q);
    if (q->link >= 0) {
        links_leave(n->links, q->link);
    }
    q->removed = true;
    for (size_t i = 0; i < n->queues_count; i++) {
        if (n->queues[i] == q) {
            n->queues[i] = n->queues[--n->queues_count];
        }
    }
    if (q->forget) { /* nothing of it is written any more */
        net_store_forget(n->store, q->name);
    }
    n->open++;
    q->timers_open = false;
    uv_close((uv_handle_t *)&q->tick, handle_closed);
    uv_close((uv_handle_t *)&q->slow, handle_closed);
}

/* Leaving takes others a moment; it goes when they have what it was for them. */
static void leaving(uv_timer_t *timer)
{
    struct net_queue *q = timer->data;
    if (!group_has_left(q->group) && net_now_ms(q->net) < q->leave_by_ms) {
        return;
    }
    net_queue_stop(q);
}

void net_queue_remove(
    struct net *n, const char *name, bool forget, void (*done)(void *context), void *context)
{
    struct net_queue *q = net_queue_find(n, name);
    if (q == NULL) {
        if (done != NULL) {
            done(context);
        }
        return;
    }
    q->forget = forget;
    q->gone = done;
    q->gone_context = context;
    q->leave_by_ms = net_now_ms(n) + NET_GIVE_UP_MS;
    net_queue_step_begin(q);
    group_leave(q->group, net_now_ms(n));
    net_queue_step_end(q);
    uv_timer_start(&q->slow, leaving, 0, 20);
}

/* ---- what the program above asks ----------------------------------------------------------------
 */

uint64_t net_submit(
    struct net *n, const char *queue, bool keep, const void *bytes, size_t len, struct err *e)
{
    struct net_queue *q = net_queue_find(n, queue);
    if (q == NULL || n->closing) {
        err_set(e, PP_EOFFLINE, "queue \"%s\" is not joined", queue);
        return 0;
    }
    net_queue_step_begin(q);
    uint64_t id = group_submit(q->group, net_now_ms(n), keep, bytes, len, e);
    net_queue_step_end(q);
    return id;
}

int net_takeover(struct net *n, const char *queue, struct err *e)
{
    struct net_queue *q = net_queue_find(n, queue);
    if (q == NULL) {
        return err_set(e, PP_ENOTFOUND, "queue \"%s\" is not joined", queue);
    }
    net_queue_step_begin(q);
    int rc = group_takeover(q->group, net_now_ms(n), e);
    net_queue_step_end(q);
    return rc;
}

const char *net_role_name(enum net_role r)
{
    return group_role_name((enum group_role)r);
}

static void say_census(const struct net_queue *q, struct net_queue_status *out)
{
    const struct census_result *r = q->census.result.peers > 0 ? &q->census.result : &q->told;
    size_t known = q->members_count + 1;
    bool exact = known <= CENSUS_EXACT_MAX || r->peers < known;
    out->peers = exact ? known : r->peers;
    out->peers_low = exact ? known : r->low;
    out->peers_high = exact ? known : r->high;
}

/* What keeps it from working comes first; a registry that is away matters little once it was there.
 */
static const char *worst_problem(const struct net_queue *q, const struct group_status *g)
{
    if (q->problem[0] != '\0') {
        return q->problem;
    }
    bool waits = q->link < 0 && q->wan_problem[0] != '\0';
    return waits || g->problem[0] == '\0' ? q->wan_problem : g->problem;
}

bool net_queue_status(const struct net *n, const char *name, struct net_queue_status *out)
{
    const struct net_queue *q = net_queue_find(n, name);
    if (q == NULL) {
        return false;
    }
    struct group_status g;
    group_status(q->group, &g);
    *out = (struct net_queue_status){
        .kind = q->kind,
        .role = (enum net_role)g.role,
        .locked = q->locked,
        .connected = g.has_leader && g.fresh,
        .epoch = g.epoch.number >> 32,
        .applied = g.applied,
        .voters = g.voters,
        .voters_linked = g.voters_linked,
        .linked = q->link >= 0 ? links_count(n->links, q->link) : 0,
        .waiting = g.waiting,
        .disk_full = g.disk_full,
    };
    if (g.has_leader) {
        peer_format(&g.leader, out->leader);
    }
    copy(out->self, sizeof out->self, q->id->text);
    if (g.epoch.number > 0) {
        sodium_bin2hex(out->group, sizeof out->group, g.epoch.id, sizeof g.epoch.id);
    }
    if (q->listening) {
        snprintf(out->address, sizeof out->address, "%s:%d", q->listen_ip, q->listen_port);
    }
    copy(out->registry_cid, sizeof out->registry_cid, q->registry_cid);
    copy(out->problem, sizeof out->problem, worst_problem(q, &g));
    out->trusted = q->trusted_count;
    out->trusted_only = q->trusted_only;
    out->trusted_self = q->kind == NET_WAN && net_wan_trusts(q, &q->id->peer);
    say_census(q, out);
    net_meet_hints(q, out);
    return true;
}
