/* Commands of this host until they are seen applied.
 *
 * Happy path: group_submit() puts one behind the others; once what must be on the disk is there it
 * goes to the leader (here, over a link, or through another voter), a window of them at a time, in
 * order; when it is applied here it is gone. All that are not applied are sent again when the
 * leader or the way to it changes, and every few seconds.
 *
 * Failure modes: no leader: they wait; those that are not kept are given up after submit_ms.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW       256
#define WINDOW_BYTES (1 << 20)
#define REPEAT_MS    5000
#define LEAP         (1 << 16) /* ids that are set aside at once */

/* ---- the list -----------------------------------------------------------------------------------
 */

static size_t lower_bound(const struct group *g, uint64_t id)
{
    size_t low = 0;
    size_t high = g->items_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (g->items[g->items_first + mid]->id < id) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

struct group_item *group_outbox_find(const struct group *g, uint64_t id)
{
    size_t at = lower_bound(g, id);
    bool there = at < g->items_count && g->items[g->items_first + at]->id == id;
    return there ? g->items[g->items_first + at] : NULL;
}

static struct group_item *add(
    struct group *g, uint64_t id, bool keep, const uint8_t *bytes, size_t len)
{
    struct group_item *item = mem_alloc(sizeof *item + len);
    item->id = id;
    item->keep = keep;
    item->since_ms = g->now_ms;
    item->len = len;
    if (len > 0) {
        memcpy(item->bytes, bytes, len);
    }
    if (g->items_first > 0 && g->items_first + g->items_count == g->items_cap) {
        memmove(g->items, g->items + g->items_first, g->items_count * sizeof(*g->items));
        g->items_first = 0;
    }
    if (g->items_count == g->items_cap) {
        g->items_cap = g->items_cap == 0 ? 16 : g->items_cap * 2;
        g->items = mem_resize(g->items, g->items_cap, sizeof(*g->items));
    }
    g->items[g->items_first + g->items_count++] = item;
    g->status_dirty = true;
    return item;
}

/* Its bytes must not be waiting to be written any more. */
static void take_out(struct group *g, size_t at)
{
    struct group_item **first = g->items + g->items_first;
    struct group_item *item = first[at];
    if (item->keep) {
        group_write_item(g, item->id, NULL, 0);
    }
    if (at == 0) {
        g->items_first++;
    } else {
        memmove(first + at, first + at + 1, (g->items_count - at - 1) * sizeof(*first));
    }
    g->items_count--;
    g->items_sent -= at < g->items_sent;
    g->status_dirty = true;
    free(item);
}

void group_outbox_free(struct group *g)
{
    for (size_t i = 0; i < g->items_count; i++) {
        free(g->items[g->items_first + i]);
    }
    free(g->items);
}

/* ---- coming in ----------------------------------------------------------------------------------
 */

/* An id that no former life has used and no later one will: the limit is on the disk before an id
 * below it goes out, and the next limit is set while half of the ids are left. */
static uint64_t draw_id(struct group *g)
{
    if (g->next_id + LEAP / 2 > g->meta.next_id && g->written >= g->leap_ticket) {
        g->safe_id = g->meta.next_id > g->life_from ? g->meta.next_id : g->life_from;
        g->meta.next_id = g->next_id + LEAP;
        g->meta_dirty = true;
        g->leap_ticket = g->ticket + 1; /* the next write has it */
    }
    return g->next_id++;
}

void group_outbox_begin(struct group *g)
{
    g->meta.next_id += LEAP;
    g->meta_dirty = true;
    g->leap_ticket = g->ticket + 1;
}

void group_outbox_load(struct group *g, const struct group_kept *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (at[i].bytes != NULL && at[i].len <= GROUP_COMMAND_MAX) {
            add(g, at[i].id, true, at[i].bytes, at[i].len);
            g->o.machine.pending(g->o.machine.context, at[i].id, at[i].bytes, at[i].len);
        }
    }
}

static void keep(struct group *g, struct group_item *item)
{
    item->ticket = GROUP_NEVER; /* until its write has one */
    group_write_item(g, item->id, item->bytes, item->len);
}

uint64_t group_submit(
    struct group *g, uint64_t now_ms, bool kept, const uint8_t *bytes, size_t len, struct err *e)
{
    if (len == 0 || len > GROUP_COMMAND_MAX) {
        err_set(e, PP_ETOOBIG, "a command of %zu bytes: must be 1 to %d", len, GROUP_COMMAND_MAX);
        return 0;
    }
    if (g->items_count >= GROUP_OUTBOX_MAX) {
        err_set(e, PP_ELIMIT, "%zu commands wait for the queue already; the limit is %d",
            g->items_count, GROUP_OUTBOX_MAX);
        return 0;
    }
    g->now_ms = now_ms > g->now_ms ? now_ms : g->now_ms;
    if (!kept && g->next_id >= g->safe_id + 2 * LEAP) {
        err_set(e, PP_ENOSPC, "the disk has taken nothing for long");
        return 0;
    }
    uint64_t id = draw_id(g);
    struct group_item *item = add(g, id, kept, bytes, len);
    if (kept) {
        keep(g, item);
    } else {
        item->ticket = id < g->safe_id ? 0 : g->leap_ticket;
    }
    group_step(g, now_ms);
    return id;
}

static void carry(void *context, const uint8_t *bytes, size_t len)
{
    struct group *g = context;
    if (len == 0 || len > GROUP_COMMAND_MAX) {
        return;
    }
    struct group_item *item = add(g, draw_id(g), true, bytes, len);
    item->quiet = true;
    keep(g, item);
}

void group_outbox_carry(struct group *g)
{
    g->o.machine.carry_over(g->o.machine.context, carry, g);
}

void group_outbox_kept(struct group *g, uint64_t from, uint64_t to)
{
    for (size_t i = lower_bound(g, from); i < g->items_count; i++) {
        struct group_item *item = g->items[g->items_first + i];
        if (item->id > to) {
            return;
        }
        if (item->keep && !item->quiet && item->ticket <= g->written) {
            item->quiet = true;
            g->o.machine.kept(g->o.machine.context, item->id);
        }
    }
}

/* ---- going out ----------------------------------------------------------------------------------
 */

static bool same_group(const struct group *g, const struct group_peer *p)
{
    return p != NULL && p->has_hello && group_epoch_is(&p->hello.epoch, &g->meta.epoch);
}

/* To whom commands go: the leader, or who may reach it. */
static bool find_path(const struct group *g, struct peer *out)
{
    if (!g->has_leader) {
        return false;
    }
    if (g->replica != NULL && replica_is_leader(g->replica)) {
        *out = g->o.self;
        return true;
    }
    if (peer_compare(&g->leader, &g->o.self) == 0) {
        return false; /* its barrier is not through */
    }
    const struct group_peer *leader = group_peer_find(g, &g->leader);
    const struct group_peer *via = NULL;
    if (same_group(g, leader)) {
        *out = g->leader;
        return true;
    }
    for (size_t i = 0; i < g->peers_count; i++) {
        const struct group_peer *p = g->peers[i];
        bool followed = g->following.active && peer_compare(&p->peer, &g->following.peer) == 0;
        if (same_group(g, p) && p->hello.role == GROUP_VOTER && p->hello.has_leader &&
            (via == NULL || followed)) {
            via = p;
        }
    }
    if (via != NULL) {
        *out = via->peer;
    }
    return via != NULL;
}

static bool send_item(struct group *g, size_t at)
{
    const struct group_item *item = g->items[g->items_first + at];
    struct group_submitted s = {
        .epoch = g->meta.epoch,
        .origin = g->o.self,
        .id = item->id,
        .before = at > 0 ? g->items[g->items_first + at - 1]->id : 0,
        .bytes = item->bytes,
        .len = item->len,
    };
    if (peer_compare(&g->path, &g->o.self) == 0) {
        return group_take(g, &s);
    }
    struct strbuf b = {0};
    group_wire_submit(&b, &s);
    return group_send(g, &g->path, false, &b);
}

void group_outbox_again(struct group *g)
{
    g->items_sent = 0;
}

void group_outbox_pump(struct group *g)
{
    struct peer to;
    size_t bytes = 0;
    if (g->items_count == 0 || !find_path(g, &to)) {
        g->path_known = false;
        return;
    }
    if (!g->path_known || peer_compare(&to, &g->path) != 0 || g->path_moves != g->leader_moves) {
        g->path_known = true;
        g->path = to;
        g->path_moves = g->leader_moves;
        g->items_sent = 0;
    }
    if (g->items_sent > 0 && g->now_ms - g->items_sent_ms >= REPEAT_MS) {
        g->items_sent = 0;
    }
    for (size_t i = 0; i < g->items_sent; i++) {
        bytes += g->items[g->items_first + i]->len;
    }
    while (g->items_sent < g->items_count && g->items_sent < WINDOW && bytes < WINDOW_BYTES) {
        const struct group_item *item = g->items[g->items_first + g->items_sent];
        if (item->ticket > g->written || !send_item(g, g->items_sent)) {
            return;
        }
        bytes += item->len;
        /* The first waits longest: those behind it, sent later, do not put off its repeat. */
        g->items_sent_ms = g->items_sent == 0 ? g->now_ms : g->items_sent_ms;
        g->items_sent++;
    }
}

void group_outbox_applied(struct group *g, uint64_t id)
{
    size_t at = lower_bound(g, id);
    if (at < g->items_count && g->items[g->items_first + at]->id == id) {
        g->items_sent_ms = g->now_ms;
        take_out(g, at);
    }
}

void group_outbox_tick(struct group *g)
{
    struct err e;
    for (size_t i = 0; i < g->items_count;) {
        const struct group_item *item = g->items[g->items_first + i];
        if (item->keep || g->now_ms - item->since_ms < g->o.submit_ms) {
            i++;
            continue;
        }
        uint64_t id = item->id;
        err_set(&e, PP_ETIMEOUT, "the queue has not answered for %u s; it may be done yet",
            g->o.submit_ms / 1000);
        take_out(g, i);
        g->o.machine.refused(g->o.machine.context, id, &e);
    }
}
