/* What the tests of groups share: a fleet and a look at it. */
#ifndef PP_TESTS_GROUP_BENCH_H
#define PP_TESTS_GROUP_BENCH_H

#include "tests/lib/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline void show_fleet(struct fleet *f)
{
    for (unsigned i = 0; i < fleet_count(f); i++) {
        struct group_status s;
        if (fleet_group(f, i) == NULL) {
            continue;
        }
        group_status(fleet_group(f, i), &s);
        print_message("host %u: %s of %02x/%llx, applied %llu, %zu wait, voters %zu of %zu, "
                      "leader %d, %s\n",
            i, group_role_name(s.role), s.epoch.id[0], (unsigned long long)s.epoch.number,
            (unsigned long long)s.applied, s.waiting, s.voters_linked, s.voters,
            s.has_leader ? (int)fleet_host_of(f, &s.leader) : -1, s.problem);
    }
}

static inline bool agree_with(struct fleet *f, void *c)
{
    const size_t *voters = c;
    size_t n = fleet_role_count(f, GROUP_VOTER) + fleet_role_count(f, GROUP_LEADER);
    return fleet_agrees(f) && (*voters == 0 || n == *voters) &&
           fleet_role_count(f, GROUP_LEARNER) == 0;
}

/* All that run come to agree within so many seconds, with that many voters (0 = any). */
static inline void settles(struct fleet *f, unsigned seconds, size_t voters)
{
    bool ok = fleet_until(f, seconds * 1000, agree_with, &voters);
    if (!ok || fleet_broken(f) != NULL) {
        show_fleet(f);
    }
    if (fleet_broken(f) != NULL) {
        fail_msg("%s", fleet_broken(f));
    }
    assert_true(ok);
}

static inline struct fleet *fleet_of(unsigned hosts, unsigned running)
{
    struct fleet *f = fleet_new(&(struct fleet_options){.seed = 7});
    for (unsigned i = 0; i < hosts; i++) {
        fleet_add(f);
    }
    for (unsigned i = 0; i < running; i++) {
        fleet_start(f, i);
    }
    return f;
}

/* A WAN: the first `trusted` of them decide. */
static inline struct fleet *fleet_wan(unsigned hosts, unsigned trusted, unsigned running)
{
    struct fleet *f =
        fleet_new(&(struct fleet_options){.seed = 11, .fixed = true, .trusted = trusted});
    for (unsigned i = 0; i < hosts; i++) {
        fleet_add(f);
    }
    for (unsigned i = 0; i < running; i++) {
        fleet_start(f, i);
    }
    return f;
}

static inline struct group_status status_of(struct fleet *f, unsigned host)
{
    struct group_status s;
    group_status(fleet_group(f, host), &s);
    return s;
}

static inline enum group_role role_of(struct fleet *f, unsigned host)
{
    return status_of(f, host).role;
}

static inline bool all_have(struct fleet *f, const char *line)
{
    for (unsigned i = 0; i < fleet_count(f); i++) {
        if (fleet_is_up(f, i) && !fleet_has(f, i, line)) {
            return false;
        }
    }
    return true;
}

static inline unsigned leader_of(struct fleet *f)
{
    int leader = fleet_leader(f);
    assert_true(leader >= 0);
    return (unsigned)leader;
}

/* Some host of that role, other than `not`. */
static inline unsigned some(struct fleet *f, enum group_role role, unsigned not )
{
    for (unsigned i = 0; i < fleet_count(f); i++) {
        if (i != not &&fleet_is_up(f, i) && role_of(f, i) == role) {
            return i;
        }
    }
    fail_msg("no %s there", group_role_name(role));
    return 0;
}

#endif
