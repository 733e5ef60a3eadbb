/* Who is known of, linked to, and when each was last heard: members, and those to become some. */
#include "net/replica_priv.h"

static size_t peer_place(const struct replica *r, uint64_t id)
{
    size_t i = 0;
    while (i < r->peers_count && r->peers[i].id != id) {
        i++;
    }
    return i;
}

const struct replica_peer *replica_peer_find(const struct replica *r, uint64_t id)
{
    size_t i = peer_place(r, id);
    return i < r->peers_count ? &r->peers[i] : NULL;
}

struct replica_peer *replica_peer_known(struct replica *r, uint64_t id)
{
    size_t i = peer_place(r, id);
    return i < r->peers_count ? &r->peers[i] : NULL;
}

static struct replica_peer *free_place(struct replica *r)
{
    if (r->peers_count < REPLICA_PEERS) {
        return &r->peers[r->peers_count++];
    }
    for (size_t i = 0; i < r->peers_count; i++) {
        if (!r->peers[i].up && r->peers[i].flight.dump == NULL) {
            return &r->peers[i];
        }
    }
    return NULL;
}

struct replica_peer *replica_peer_get(struct replica *r, uint64_t id)
{
    struct replica_peer *p = replica_peer_known(r, id);
    if (p == NULL && (p = free_place(r)) != NULL) {
        *p = (struct replica_peer){.id = id};
    }
    return p;
}

void replica_connected(struct replica *r, uint64_t now_ms, uint64_t id, bool up)
{
    replica_clock(r, now_ms);
    struct replica_peer *p = up ? replica_peer_get(r, id) : replica_peer_known(r, id);
    if (p == NULL) {
        return;
    }
    p->up = up;
    if (!up) {
        replica_flight_end(p);
    }
}
