/* Questions to a replica; nothing here changes it. */
#include "net/replica_priv.h"

bool replica_is_leader(const struct replica *r)
{
    if (!replica_leads(r) || r->failed[0] != '\0') {
        return false;
    }
    return !replica_guarded(r, REPLICA_G9) || (r->barrier != 0 && r->applied >= r->barrier);
}

uint64_t replica_leader(const struct replica *r)
{
    if (!r->started) {
        return 0;
    }
    switch ((enum raft_state)r->raft.state) {
    case RAFT_FOLLOWER:
        return r->raft.follower_state.current_leader.id;
    case RAFT_LEADER:
        return r->raft.leader_state.transferee == 0 ? r->o.id : 0;
    case RAFT_UNAVAILABLE:
    case RAFT_CANDIDATE:
        return 0;
    }
    return 0;
}

uint64_t replica_term(const struct replica *r)
{
    return r->started ? raft_current_term(&r->raft) : r->term;
}

uint64_t replica_last_index(const struct replica *r)
{
    return replica_log_last(&r->log);
}

uint64_t replica_applied(const struct replica *r)
{
    return r->applied;
}

enum replica_role replica_role_of(const struct replica *r, uint64_t id)
{
    const struct replica_server *s = replica_conf_find(&r->latest, id);
    return s != NULL ? s->role : REPLICA_NONE;
}

void replica_conf(const struct replica *r, struct replica_conf *out)
{
    *out = r->latest;
}

bool replica_changing(const struct replica *r)
{
    return r->latest.index > r->committed.index ||
           (r->started && r->raft.configuration_uncommitted_index != 0);
}

uint64_t replica_match(const struct replica *r, uint64_t id)
{
    raft_index match = 0;
    if (!replica_leads(r) || raft_match_index(&r->raft, id, &match) != 0) {
        return 0;
    }
    return match;
}

const struct replica_entry *replica_entry(const struct replica *r, uint64_t index)
{
    return replica_log_get(&r->log, index);
}

const char *replica_failed(const struct replica *r)
{
    return r->failed[0] != '\0' ? r->failed : NULL;
}

const char *replica_warning(const struct replica *r)
{
    return r->warning[0] != '\0' ? r->warning : NULL;
}

uint64_t replica_dropped(const struct replica *r)
{
    return r->dropped;
}
