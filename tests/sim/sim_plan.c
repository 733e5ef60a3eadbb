/* What a seed is about: how many hosts, of which kind, and which faults they meet. */
#include "tests/sim/sim.h"

#include <string.h>

/* Weights of the faults; a seed leaves some of them out. */
static const struct kind {
    struct sim_plan plan;
    unsigned hosts_low, hosts_high;
    unsigned weight;
} kinds[] = {
    {.weight = 30,
        .hosts_low = 3,
        .hosts_high = 7,
        .plan = {.name = "one group",
            .joiners = 2,
            .fault = {[SIM_CRASH] = 10,
                [SIM_PARTITION] = 8,
                [SIM_UNREST] = 4,
                [SIM_FLAP] = 6,
                [SIM_SLOW_DISK] = 4,
                [SIM_FULL_DISK] = 2,
                [SIM_CLOCK] = 2,
                [SIM_LEAVE] = 3,
                [SIM_JOIN] = 3}}},
    {.weight = 25,
        .hosts_low = 2,
        .hosts_high = 4,
        .plan = {.name = "few, come and go",
            .joiners = 2,
            .fault = {[SIM_CRASH] = 10,
                [SIM_PARTITION] = 4,
                [SIM_UNREST] = 3,
                [SIM_FLAP] = 3,
                [SIM_SLOW_DISK] = 6,
                [SIM_FULL_DISK] = 1,
                [SIM_LEAVE] = 12,
                [SIM_JOIN] = 4}}},
    {.weight = 12,
        .hosts_low = 3,
        .hosts_high = 6,
        .plan = {.name = "WAN",
            .fixed = true,
            .trusted = 3,
            .joiners = 1,
            .fault = {[SIM_CRASH] = 10,
                [SIM_PARTITION] = 8,
                [SIM_UNREST] = 4,
                [SIM_FLAP] = 6,
                [SIM_SLOW_DISK] = 4,
                [SIM_FULL_DISK] = 2,
                [SIM_CLOCK] = 2,
                [SIM_LEAVE] = 2,
                [SIM_JOIN] = 1}}},
    {.weight = 14,
        .hosts_low = 3,
        .hosts_high = 6,
        .plan = {.name = "lost disks",
            .joiners = 1,
            .fault = {[SIM_CRASH] = 6,
                [SIM_PARTITION] = 3,
                [SIM_FLAP] = 3,
                [SIM_LEAVE] = 2,
                [SIM_JOIN] = 2,
                [SIM_BACKUP] = 8,
                [SIM_RESTORE] = 8,
                [SIM_BLANK] = 5}}},
    {.weight = 12,
        .hosts_low = 2,
        .hosts_high = 6,
        .plan = {.name = "groups meet",
            .apart = true,
            .joiners = 1,
            .fault = {[SIM_CRASH] = 4,
                [SIM_PARTITION] = 8,
                [SIM_FLAP] = 2,
                [SIM_LEAVE] = 3,
                [SIM_JOIN] = 4,
                [SIM_TAKEOVER] = 4}}},
    {.weight = 4,
        .hosts_low = 8,
        .hosts_high = 14,
        .plan = {.name = "many",
            .joiners = 2,
            .fault = {[SIM_CRASH] = 10,
                [SIM_PARTITION] = 8,
                [SIM_FLAP] = 4,
                [SIM_SLOW_DISK] = 4,
                [SIM_FULL_DISK] = 2,
                [SIM_CLOCK] = 2,
                [SIM_LEAVE] = 6,
                [SIM_JOIN] = 3}}},
    {.weight = 1,
        .hosts_low = 30,
        .hosts_high = 48,
        .plan = {.name = "fleet",
            .joiners = 2,
            .fault = {[SIM_CRASH] = 10,
                [SIM_PARTITION] = 6,
                [SIM_FLAP] = 4,
                [SIM_SLOW_DISK] = 2,
                [SIM_FULL_DISK] = 1,
                [SIM_LEAVE] = 4,
                [SIM_JOIN] = 2}}},
};

#define KINDS (sizeof kinds / sizeof *kinds)

static const struct kind *choose(struct sim *s)
{
    unsigned total = 0;
    size_t i = 0;
    for (size_t k = 0; k < KINDS; k++) {
        total += kinds[k].weight;
    }
    uint64_t at = sim_random(s, total);
    while (at >= kinds[i].weight) {
        at -= kinds[i++].weight;
    }
    return &kinds[i];
}

void sim_make_plan(struct sim *s)
{
    const struct kind *k = choose(s);
    struct sim_plan *p = &s->plan;
    *p = k->plan;
    p->hosts = (unsigned)sim_between(s, k->hosts_low, k->hosts_high);
    if (s->options.hosts > 0) {
        p->hosts = s->options.hosts < SIM_HOSTS_MAX - p->joiners ? s->options.hosts
                                                                 : SIM_HOSTS_MAX - p->joiners;
    }
    if (p->fixed && p->hosts >= 5 && sim_chance(s, 40)) {
        p->trusted = 5;
    }
    p->trusted = p->trusted > p->hosts ? p->hosts : p->trusted;
    for (int f = 0; f < SIM_FAULTS; f++) {
        p->fault[f] = sim_chance(s, 25) ? 0 : p->fault[f];
    }
    p->fault_every_us = sim_between(s, 400, 4000) * SIM_MS;
    p->faults_us = sim_between(s, 20, 60) * SIM_S;
    p->jobs = (unsigned)sim_between(s, 3, p->hosts > 12 ? 24 : 8);
    p->hurry = sim_chance(s, 40);
    p->connect_us = (sim_chance(s, 50) ? 600 : 40) * SIM_MS;
    p->claim_timeout_us = sim_chance(s, 50) ? 25 * SIM_S : sim_between(s, 6, 15) * SIM_S;
    p->disk_us = sim_chance(s, 70) ? sim_between(s, 200, 8000) : sim_between(s, 10, 150) * SIM_MS;
    p->link_us = sim_chance(s, 80) ? sim_between(s, 100, 3000) : sim_between(s, 5, 60) * SIM_MS;
    sim_note(s, "seed %llu: %s, %u hosts and %u later", (unsigned long long)s->options.seed,
        p->name, p->hosts, p->joiners);
}
