/* What a leader does: takes commands, changes who is a member, hands over. */
#include "net/replica_priv.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define OPEN_MAX       4096 /* entries that are not applied yet */
#define OPEN_BYTES_MAX (16 << 20)

/* ---- commands -----------------------------------------------------------------------------------
 */

/* The entries from `first` on are in our log, and offered to the engine; refused ones go again. */
static int submit_log(struct replica *r, uint64_t first)
{
    struct raft_entry entries[REPLICA_INFLIGHT];
    const struct replica_entry *e = replica_log_get(&r->log, first);
    size_t n = (size_t)(replica_log_last(&r->log) - first + 1);
    assert(n > 0 && n <= REPLICA_INFLIGHT);
    for (size_t i = 0; i < n; i++) {
        void *bytes = (void *)(uintptr_t)e[i].bytes;
        entries[i] = (struct raft_entry){.term = e[i].term,
            .type = (enum raft_entry_type)e[i].type,
            .buf = {.base = bytes, .len = e[i].len},
            .batch = bytes};
    }
    struct raft_event event = {
        .type = RAFT_SUBMIT, .submit = {.entries = entries, .n = (unsigned)n}};
    replica_bound_inflight(r, 0, 0);
    r->submitting = true;
    int rv = replica_step(r, &event);
    r->submitting = false;
    if (rv != 0) {
        replica_log_truncate(&r->log, first);
    }
    if (rv == RAFT_NOMEM) {
        replica_fail(r, "the consensus engine has given up: %s", raft_strerror(rv));
    }
    return rv;
}

int replica_submit_one(struct replica *r, enum replica_type type, const uint8_t *bytes, size_t len)
{
    uint64_t first = replica_log_last(&r->log) + 1;
    replica_log_append(&r->log, raft_current_term(&r->raft), type, bytes, len);
    return submit_log(r, first);
}

static bool has_room(const struct replica *r, const struct replica_entry *commands, size_t n)
{
    size_t bytes = 0;
    uint64_t last = replica_log_last(&r->log);
    if (last - r->applied + n > OPEN_MAX) {
        return false;
    }
    for (uint64_t i = r->applied + 1; i <= last; i++) {
        const struct replica_entry *e = replica_log_get(&r->log, i);
        bytes += e != NULL ? e->len : 0;
    }
    for (size_t i = 0; i < n; i++) {
        bytes += commands[i].len;
        if (commands[i].len > REPLICA_ENTRY_MAX) {
            return false;
        }
    }
    return bytes <= OPEN_BYTES_MAX;
}

int replica_submit(
    struct replica *r, uint64_t now_ms, const struct replica_entry *commands, size_t n)
{
    replica_clock(r, now_ms);
    if (!replica_is_leader(r) || raft_transferee(&r->raft) != 0) {
        return -PP_ESTATE;
    }
    if (n > REPLICA_INFLIGHT || !has_room(r, commands, n)) {
        return -PP_ELIMIT;
    }
    if (n == 0) {
        return 0;
    }
    uint64_t first = replica_log_last(&r->log) + 1;
    for (size_t i = 0; i < n; i++) {
        replica_log_append(&r->log, raft_current_term(&r->raft), REPLICA_COMMAND, commands[i].bytes,
            commands[i].len);
    }
    int rv = submit_log(r, first);
    replica_settle(r);
    return rv == 0 ? 0 : -PP_ESTATE;
}

/* ---- how much may be under way ------------------------------------------------------------------
 */

/* How many entries behind `match` fit into one message. */
static unsigned window(const struct replica *r, uint64_t match)
{
    size_t bytes = 0;
    unsigned n = 0;
    while (n < REPLICA_INFLIGHT) {
        const struct replica_entry *e = replica_log_get(&r->log, match + n + 1);
        bytes += e != NULL ? e->len : 0;
        if (bytes > REPLICA_BATCH_MAX) {
            break;
        }
        n = match + n + 1 > replica_log_last(&r->log) ? REPLICA_INFLIGHT : n + 1;
    }
    return n > 0 ? n : 1;
}

/* The engine counts entries, not bytes, and believes that all it asks for is sent. What it sends to
 * a peer lies within `max_inflight` entries behind that peer's match: so many that they fit. An
 * answer that is about to be stepped moves the match of `id`. */
void replica_bound_inflight(struct replica *r, uint64_t id, uint64_t match)
{
    unsigned n = REPLICA_INFLIGHT;
    if (!replica_leads(r)) {
        return;
    }
    if (id != 0) {
        n = window(r, match);
    }
    for (size_t i = 0; i < r->latest.count; i++) {
        const struct replica_peer *p = replica_peer_find(r, r->latest.at[i].id);
        if (p != NULL && p->up) {
            unsigned fits = window(r, replica_match(r, p->id));
            n = fits < n ? fits : n;
        }
    }
    raft_set_max_inflight_entries(&r->raft, n);
}

/* The engine tells what is committed with the next entries, or the next heartbeat: half a second
 * later, where nothing else happens. Who has all of it is told at once, by a heartbeat that begins
 * where the commits end. While entries follow, they tell it. */
void replica_tell_commit(struct replica *r)
{
    uint64_t commit = replica_leads(r) ? raft_commit_index(&r->raft) : 0;
    if (commit == 0 || commit != replica_log_last(&r->log) || r->applied != commit) {
        return;
    }
    struct raft_append_entries a = {.term = raft_current_term(&r->raft),
        .prev_log_index = commit,
        .prev_log_term = replica_term_at(r, commit),
        .leader_commit = commit};
    for (size_t i = 0; i < r->latest.count; i++) {
        uint64_t id = r->latest.at[i].id;
        struct replica_peer *p = id != r->o.id ? replica_peer_get(r, id) : NULL;
        if (p == NULL || !p->up || p->told >= commit || replica_match(r, id) < commit) {
            continue;
        }
        struct strbuf b = {0};
        p->told = commit;
        replica_wire_append(&b, id, &a, NULL, 0);
        replica_hold_add(r, id, false, 0, &b);
    }
}

/* ---- members ------------------------------------------------------------------------------------
 */

static bool near(const struct replica *r, uint64_t id)
{
    if (id == r->o.id) {
        return true;
    }
    const struct replica_peer *p = replica_peer_find(r, id);
    uint64_t match = replica_match(r, id);
    return p != NULL && p->up && match > 0 && p->heard_ms + r->o.election_ms > r->now &&
           replica_log_last(&r->log) - match <= REPLICA_INFLIGHT;
}

/* The members with `server` in its new role; false when nothing changes. */
static bool apply_change(
    const struct replica_conf *old, const struct replica_server *server, struct replica_conf *out)
{
    bool found = false, changed = false;
    out->count = 0;
    for (size_t i = 0; i < old->count; i++) {
        struct replica_server s = old->at[i];
        if (s.id == server->id) {
            found = true;
            changed = s.role != server->role;
            s.role = server->role;
        }
        if (s.role != REPLICA_NONE) {
            out->at[out->count++] = s;
        }
    }
    if (!found && server->role != REPLICA_NONE && out->count < REPLICA_SERVERS_MAX) {
        out->at[out->count++] = *server;
        changed = true;
    }
    return changed;
}

static int check_promotion(const struct replica *r, const struct replica_conf *conf,
    const struct replica_server *server, struct err *e)
{
    size_t ready = 0;
    for (size_t i = 0; i < conf->count; i++) {
        ready += conf->at[i].role == REPLICA_VOTER && near(r, conf->at[i].id);
    }
    /* It must know itself as a learner, or it could not vote before it knows to be a voter. */
    bool knows = replica_match(r, server->id) >= r->latest.index;
    if (!knows || !near(r, server->id) || ready <= replica_conf_voters(conf) / 2) {
        return err_set(e, PP_EREFUSED,
            "%s has not caught up: it has entry %" PRIu64 " of %" PRIu64
            ", and %zu of %zu voters are there",
            server->address, replica_match(r, server->id), replica_log_last(&r->log), ready,
            replica_conf_voters(conf));
    }
    return 0;
}

static int check_change(const struct replica *r, const struct replica_conf *conf,
    const struct replica_server *server, struct err *e)
{
    if (replica_conf_voters(conf) == 0) {
        return err_set(e, PP_EREFUSED, "%s is the last that votes", server->address);
    }
    if (replica_guarded(r, REPLICA_G2) && replica_conf_voters(conf) == 1 &&
        !replica_conf_sole(conf, r->o.id)) {
        return err_set(e, PP_EREFUSED,
            "%s would leave another than the leader as the only voter: hand over first",
            server->address);
    }
    if (server->role == REPLICA_VOTER && replica_guarded(r, REPLICA_G5)) {
        return check_promotion(r, conf, server, e);
    }
    return 0;
}

static int submit_change(struct replica *r, const struct replica_conf *conf, struct err *e)
{
    struct strbuf b = {0};
    replica_conf_encode(&b, conf);
    int rv = replica_submit_one(r, REPLICA_CHANGE, (const uint8_t *)b.data, b.len);
    strbuf_fini(&b);
    replica_settle(r);
    return rv == 0 ? 0 : err_set(e, PP_EBUSY, "another change of members is under way");
}

int replica_change(
    struct replica *r, uint64_t now_ms, const struct replica_server *server, struct err *e)
{
    struct replica_conf conf = {0};
    replica_clock(r, now_ms);
    if (!replica_is_leader(r) || raft_transferee(&r->raft) != 0) {
        return err_set(e, PP_ESTATE, "not the leader");
    }
    if (replica_changing(r)) {
        return err_set(e, PP_EBUSY, "another change of members is under way");
    }
    if (server->id == 0) {
        return err_set(e, PP_EINVAL, "member 0: ids begin with 1");
    }
    const struct replica_server *known = replica_conf_find(&r->latest, server->id);
    if (known == NULL && server->role != REPLICA_NONE && r->latest.count == REPLICA_SERVERS_MAX) {
        return err_set(
            e, PP_ELIMIT, "%s: there are %d members already", server->address, REPLICA_SERVERS_MAX);
    }
    if (!apply_change(&r->latest, server, &conf)) {
        return 0;
    }
    int rc = check_change(r, &conf, server, e);
    return rc == 0 ? submit_change(r, &conf, e) : rc;
}

/* ---- handing over -------------------------------------------------------------------------------
 */

static uint64_t best_successor(const struct replica *r)
{
    uint64_t best = 0, best_match = 0;
    for (size_t i = 0; i < r->latest.count; i++) {
        uint64_t id = r->latest.at[i].id;
        const struct replica_peer *p = replica_peer_find(r, id);
        uint64_t match = replica_match(r, id);
        if (r->latest.at[i].role == REPLICA_VOTER && p != NULL && p->up && match > best_match) {
            best = id;
            best_match = match;
        }
    }
    return best;
}

int replica_transfer(struct replica *r, uint64_t now_ms, uint64_t id)
{
    replica_clock(r, now_ms);
    if (!replica_leads(r) || raft_transferee(&r->raft) != 0) {
        return -PP_ESTATE;
    }
    uint64_t to = id != 0 ? id : best_successor(r);
    const struct replica_server *s = replica_conf_find(&r->latest, to);
    if (s == NULL || to == r->o.id || s->role != REPLICA_VOTER) {
        return -PP_ENOTFOUND;
    }
    struct raft_event event = {.type = RAFT_TRANSFER, .transfer = {.server_id = to}};
    int rv = replica_step(r, &event);
    r->dirty = r->dirty || rv == 0;
    replica_settle(r);
    return rv == 0 ? 0 : -PP_ESTATE;
}
