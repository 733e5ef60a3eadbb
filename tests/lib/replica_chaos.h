/* A life of some replicas by seed: commands, crashes, cuts, slow and stuck disks, members that
 * change at random; then all is healed, and it must go on. */
#ifndef PP_TESTS_REPLICA_CHAOS_H
#define PP_TESTS_REPLICA_CHAOS_H

#include "tests/lib/replica_net.h"

struct chaos {
    uint64_t seed;
    unsigned off;      /* guards left out, bugs planted */
    bool fixed;        /* members do not change */
    uint32_t chaos_ms; /* 0 = 20 s */
    uint64_t acked;    /* out: commands acknowledged */
    char problem[240]; /* out: "" = all went well */
};

/* True if nothing was wrong. */
bool chaos_run(struct chaos *c);
/* Seeds from `first` on; the number of those with a problem, the first of which is in *worst. */
unsigned chaos_seeds(const struct chaos *like, uint64_t first, unsigned count, struct chaos *worst);
/* PP_SEEDS, or `otherwise`. */
unsigned chaos_count(unsigned otherwise);

#endif
