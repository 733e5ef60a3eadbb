/* A leader: commands of all hosts on their way into the log.
 *
 * Happy path: SUBMIT arrives, from its origin or through a voter; with others that have arrived
 * until the next tick, which is due at once, it gets an envelope with the leader's time and goes
 * into the log: so many make few writes and messages. A command that a host repeats while it is in
 * the log and not yet applied is not taken again.
 *
 * The commands of a host are in the log in the order it gave them: each names the one before it
 * that is not applied yet, and is taken only after that; so when one was lost on its way, those
 * behind it are dropped until the host repeats them all. (A repeat may put one into the log again,
 * behind later ones: whoever applies it knows it by its number.)
 *
 * Failure modes: too many wait: dropped, its host repeats it; the lead is lost: all are forgotten,
 * their hosts repeat them to the next leader. A host that speaks for another without being of the
 * configuration: counted.
 */
#include "net/group_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define TAKEN_MAX   8192
#define TAKEN_BYTES (32 << 20)
#define ORIGINS_MAX 4096
#define BATCH       64

static struct group_origin *origin_of(struct group *g, const struct peer *p)
{
    size_t low = 0;
    size_t high = g->origins_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = peer_compare(&g->origins[mid].peer, p);
        if (order == 0) {
            return &g->origins[mid];
        }
        low = order < 0 ? mid + 1 : low;
        high = order < 0 ? high : mid;
    }
    if (g->origins_count == ORIGINS_MAX) {
        g->origins_count = low = 0; /* a repeat may then be in the log twice */
    }
    if (g->origins_count == g->origins_cap) {
        g->origins_cap = g->origins_cap == 0 ? 16 : g->origins_cap * 2;
        g->origins = mem_resize(g->origins, g->origins_cap, sizeof *g->origins);
    }
    memmove(g->origins + low + 1, g->origins + low, (g->origins_count - low) * sizeof *g->origins);
    g->origins_count++;
    g->origins[low] = (struct group_origin){.peer = *p};
    return &g->origins[low];
}

bool group_take(struct group *g, const struct group_submitted *m)
{
    struct group_origin *o = origin_of(g, &m->origin);
    if (m->id <= o->id && g->meta.applied_index < o->index) {
        return true;
    }
    bool early = m->before != 0 && o->id < m->before;
    if (early || g->taken_count >= TAKEN_MAX || g->taken_bytes + m->len > TAKEN_BYTES) {
        return false;
    }
    if (g->taken_first + g->taken_count == g->taken_cap) {
        if (g->taken_first > 0) {
            memmove(g->taken, g->taken + g->taken_first, g->taken_count * sizeof *g->taken);
            g->taken_first = 0;
        } else {
            g->taken_cap = g->taken_cap == 0 ? 16 : g->taken_cap * 2;
            g->taken = mem_resize(g->taken, g->taken_cap, sizeof *g->taken);
        }
    }
    struct group_taken *t = &g->taken[g->taken_first + g->taken_count++];
    *t = (struct group_taken){.origin = m->origin, .id = m->id, .len = m->len};
    t->bytes = mem_alloc(m->len + 1);
    memcpy(t->bytes, m->bytes, m->len);
    g->taken_bytes += m->len;
    o->id = m->id;
    o->index = GROUP_NEVER;
    g->taken_fresh = true;
    return true;
}

void group_take_clear(struct group *g)
{
    for (size_t i = 0; i < g->taken_count; i++) {
        free(g->taken[g->taken_first + i].bytes);
    }
    g->taken_first = g->taken_count = g->taken_bytes = 0;
    g->origins_count = 0;
}

static int64_t stamp(struct group *g)
{
    int64_t now = g->o.io.utc_ms(g->o.io.context);
    now = now > g->meta.applied_utc_ms ? now : g->meta.applied_utc_ms;
    g->stamp_ms = now > g->stamp_ms ? now : g->stamp_ms;
    return g->stamp_ms;
}

/* One batch; false when the replica takes none. */
static bool submit_batch(struct group *g)
{
    struct strbuf bytes = {0};
    size_t ends[BATCH];
    struct replica_entry entries[BATCH];
    size_t n = 0;
    const struct group_taken *t = g->taken + g->taken_first;
    while (n < BATCH && n < g->taken_count && bytes.len + t[n].len < REPLICA_BATCH_MAX - 4096) {
        struct group_envelope v = {t[n].id, t[n].origin, group_is_trusted(g, &t[n].origin),
            stamp(g), t[n].bytes, t[n].len};
        group_wire_envelope(&bytes, &v);
        ends[n++] = bytes.len;
    }
    for (size_t i = 0, at = 0; i < n; at = ends[i++]) {
        entries[i] = (struct replica_entry){.type = REPLICA_COMMAND,
            .bytes = (const uint8_t *)bytes.data + at,
            .len = ends[i] - at};
    }
    uint64_t before = replica_last_index(g->replica);
    int rc = n > 0 ? replica_submit(g->replica, g->now_ms, entries, n) : -PP_ELIMIT;
    strbuf_fini(&bytes);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct group_taken *done = &g->taken[g->taken_first];
        struct group_origin *o = origin_of(g, &done->origin);
        o->index = o->id == done->id ? before + 1 + i : o->index;
        g->taken_bytes -= done->len;
        free(done->bytes);
        g->taken_first++;
        g->taken_count--;
    }
    return rc == 0;
}

/* It leads, or will when its barrier is through: others know it as the leader already, and what
 * they send until then they would repeat only after a while. */
static bool is_elected(const struct group *g)
{
    return g->replica != NULL &&
           (replica_is_leader(g->replica) || replica_leader(g->replica) == g->id);
}

void group_take_pump(struct group *g)
{
    bool leads = g->replica != NULL && replica_is_leader(g->replica);
    bool elected = is_elected(g);
    if (elected != g->was_elected) {
        g->was_elected = elected;
        group_take_clear(g);
        g->stamp_ms = 0;
    }
    if (leads != g->was_leader) {
        g->was_leader = leads;
        group_outbox_again(g);
    }
    while (leads && !g->taken_fresh && g->taken_count > 0 && submit_batch(g)) {
    }
}

static void forward(struct group *g, const struct group_submitted *m)
{
    struct group_submitted on = *m;
    struct strbuf b = {0};
    on.forwarded = true;
    if (!m->forwarded && g->has_leader && peer_compare(&g->leader, &g->o.self) != 0) {
        group_wire_submit(&b, &on);
        group_send(g, &g->leader, false, &b);
    }
}

void group_take_receive(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_submitted m;
    if (!group_wire_read_submit(in, &m)) {
        p->bad++;
        return;
    }
    if (!group_epoch_is(&m.epoch, &g->meta.epoch) || g->replica == NULL) {
        return;
    }
    bool own = peer_compare(&m.origin, &p->peer) == 0;
    if (!own && (!m.forwarded || group_server_of(&g->meta.conf, p->text) == NULL)) {
        p->bad++;
        return;
    }
    if (is_elected(g)) {
        group_take(g, &m);
    } else {
        forward(g, &m);
    }
}
