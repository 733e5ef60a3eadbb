/* The begin and the end of a replica: from what the disk held, judged before the engine gets it. */
#include "net/replica_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define TRAILING_DEFAULT 2048

struct replica *replica_new(const struct replica_options *o)
{
    struct replica *r = mem_alloc(sizeof *r);
    r->o = *o;
    r->hold.end = &r->hold.first;
    if (r->o.trailing == 0) {
        r->o.trailing = TRAILING_DEFAULT;
    }
    if (r->o.trailing <= REPLICA_INFLIGHT && replica_guarded(r, REPLICA_G7)) {
        r->o.trailing = REPLICA_INFLIGHT + 1;
    }
    return r;
}

void replica_free(struct replica *r)
{
    if (r == NULL) {
        return;
    }
    if (r->started) {
        raft_close(&r->raft, NULL);
    }
    if (r->installing) {
        raft_configuration_close(&r->install.configuration);
    }
    for (size_t i = 0; i < r->peers_count; i++) {
        replica_flight_end(&r->peers[i]);
    }
    replica_assembly_clear(&r->assembly);
    replica_hold_clear(r);
    replica_log_fini(&r->log);
    free(r->pending);
    free(r);
}

static int check_entries(const struct replica_state *s, struct err *e)
{
    uint64_t term = 0;
    for (size_t i = 0; i < s->entries_count; i++) {
        const struct replica_entry *at = &s->entries[i];
        struct replica_conf conf;
        if (at->index != s->entries[0].index + i || at->index == 0 || at->term < term ||
            at->term == 0 || at->term > s->term) {
            return err_set(e, PP_ECORRUPT,
                "log: entry %" PRIu64 " of term %" PRIu64 " does not follow the one before it",
                at->index, at->term);
        }
        if (at->type == REPLICA_CHANGE && replica_conf_decode(at->bytes, at->len, &conf) != 0) {
            return err_set(
                e, PP_ECORRUPT, "log: entry %" PRIu64 " is no list of members", at->index);
        }
        term = at->term;
    }
    return 0;
}

static int check_state(const struct replica_state *s, struct err *e)
{
    uint64_t first = s->entries_count > 0 ? s->entries[0].index : s->applied_index + 1;
    uint64_t last = first + s->entries_count - 1;
    if (first > s->applied_index + 1 || last < s->applied_index) {
        return err_set(e, PP_ECORRUPT,
            "log: has %" PRIu64 " to %" PRIu64 ", but the rows are those after %" PRIu64, first,
            last, s->applied_index);
    }
    bool applied = s->applied_index > 0;
    if (applied != (s->applied_term > 0) || applied != (s->conf.count > 0) ||
        s->conf.index > s->applied_index || s->applied_term > s->term) {
        return err_set(e, PP_ECORRUPT, "log: members or term of entry %" PRIu64 " are missing",
            s->applied_index);
    }
    if (!applied && s->entries_count > 0 && s->entries[0].type != REPLICA_CHANGE) {
        return err_set(e, PP_ECORRUPT, "log: the first entry is no list of members");
    }
    return check_entries(s, e);
}

static void start_entries(const struct replica *r, struct raft_event *event, void *batch)
{
    struct raft_entry *entries = raft_malloc((r->log.count + 1) * sizeof *entries);
    assert(entries != NULL);
    event->start.start_index = r->log.base + 1;
    event->start.n_entries = (unsigned)r->log.count;
    event->start.entries = r->log.count > 0 ? entries : NULL;
    for (size_t i = 0; i < r->log.count; i++) {
        const struct replica_entry *e = &r->log.at[r->log.head + i];
        entries[i] = (struct raft_entry){.term = e->term,
            .type = (enum raft_entry_type)e->type,
            .buf = {.base = (void *)(uintptr_t)e->bytes, .len = e->len},
            .batch = batch};
    }
    if (r->log.count == 0) {
        raft_free(entries);
    }
}

static void init_engine(struct replica *r)
{
    int rv = raft_init(&r->raft, NULL, NULL, r->o.id, "self");
    assert(rv == 0);
    raft_seed(&r->raft, r->o.seed != 0 ? r->o.seed : (unsigned)(r->o.id ^ r->o.id >> 32));
    raft_set_pre_vote(&r->raft, true);
    raft_set_heartbeat_timeout(&r->raft, r->o.heartbeat_ms);
    raft_set_election_timeout(&r->raft, r->o.election_ms);
    raft_set_max_inflight_entries(&r->raft, REPLICA_INFLIGHT);
}

void replica_start_engine(struct replica *r)
{
    struct raft_event event = {
        .type = RAFT_START, .start = {.term = r->term, .voted_for = r->vote}};
    struct raft_snapshot_metadata metadata = {
        .index = r->applied, .term = r->applied_term, .configuration_index = r->committed.index};
    void *batch = raft_malloc(1);
    assert(batch != NULL);
    init_engine(r);
    start_entries(r, &event, batch);
    if (r->applied > 0) {
        replica_engine_conf(&r->committed, &metadata.configuration);
        event.start.metadata = &metadata;
    }
    r->start_ticket = 0;
    r->started = true;
    replica_must_step(r, &event);
    assert(r->failed[0] == '\0'); /* all has been judged: only memory can be out */
    raft_free(event.start.entries);
    raft_free(batch);
    r->dirty = true;
}

int replica_start(
    struct replica *r, uint64_t now_ms, const struct replica_state *state, struct err *e)
{
    int rc = check_state(state, e);
    if (rc != 0) {
        return rc;
    }
    replica_clock(r, now_ms);
    r->term = state->term;
    r->vote = state->vote;
    r->applied = r->rows = state->applied_index;
    r->applied_term = state->applied_term;
    r->committed = state->conf;
    uint64_t first = state->entries_count > 0 ? state->entries[0].index : state->applied_index + 1;
    replica_log_reset(&r->log, first - 1);
    for (size_t i = 0; i < state->entries_count; i++) {
        const struct replica_entry *at = &state->entries[i];
        replica_log_append(&r->log, at->term, at->type, at->bytes, at->len);
    }
    r->stored = replica_log_last(&r->log);
    replica_find_latest(r);
    if (replica_conf_sole(&r->latest, r->o.id) && replica_guarded(r, REPLICA_G1)) {
        /* The engine would lead on in the old term, of which entries may have left that the disk
         * never had. */
        struct replica_write w = {.has_vote = true, .term = ++r->term, .vote = r->vote = r->o.id};
        replica_put(r, &w);
        r->start_ticket = w.ticket;
        return 0;
    }
    replica_start_engine(r);
    replica_settle(r);
    return 0;
}
