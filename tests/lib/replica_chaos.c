/* A life of some replicas by seed. */
#include "tests/lib/replica_chaos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct rnet *net;
    size_t nodes;
    bool fixed;
};

static size_t any(struct world *w)
{
    return rnet_random(w->net, (uint32_t)w->nodes);
}

static void act_submit(struct world *w)
{
    int leader = rnet_leader(w->net);
    uint32_t n = 1 + rnet_random(w->net, 6);
    for (uint32_t i = 0; leader >= 0 && i < n; i++) {
        rnet_submit(w->net, (size_t)leader);
    }
}

/* Any node that thinks it leads, not just the newest. */
static void act_submit_somewhere(struct world *w)
{
    rnet_submit(w->net, any(w));
}

static void act_flood(struct world *w)
{
    int leader = rnet_leader(w->net);
    for (int i = 0; leader >= 0 && i < 120; i++) {
        rnet_submit(w->net, (size_t)leader);
    }
}

static void act_crash(struct world *w)
{
    int leader = rnet_leader(w->net);
    bool chosen = leader >= 0 && rnet_random(w->net, 3) == 0;
    rnet_crash(w->net, chosen ? (size_t)leader : any(w));
}

static void act_restart(struct world *w)
{
    for (size_t i = 0; i < w->nodes; i++) {
        if (rnet_random(w->net, 2) == 0) {
            rnet_restart(w->net, i);
        }
    }
}

static void act_blackout(struct world *w)
{
    for (size_t i = 0; i < w->nodes; i++) {
        rnet_crash(w->net, i);
    }
    for (size_t i = 0; i < w->nodes; i++) {
        rnet_restart(w->net, i);
    }
}

static void act_split(struct world *w)
{
    char sides[RNET_NODES + 1] = {0};
    for (size_t i = 0; i < w->nodes; i++) {
        sides[i] = rnet_random(w->net, 2) == 0 ? 'a' : 'b';
    }
    rnet_split(w->net, sides);
}

static void act_link(struct world *w)
{
    size_t a = any(w), b = any(w);
    if (a != b) {
        rnet_link(w->net, a, b, rnet_random(w->net, 2) == 0);
    }
}

static void act_heal(struct world *w)
{
    rnet_heal(w->net);
}

static void act_disk(struct world *w)
{
    static const uint32_t speeds[][2] = {
        {0, 1}, {1, 5}, {20, 60}, {100, 400}, {RNET_STUCK, RNET_STUCK}};
    uint32_t i = rnet_random(w->net, 5);
    rnet_disk(w->net, any(w), speeds[i][0], speeds[i][1]);
}

static void act_transfer(struct world *w)
{
    int leader = rnet_leader(w->net);
    if (leader >= 0) {
        replica_transfer(rnet_replica(w->net, (size_t)leader), rnet_now(w->net), 0);
    }
}

static void act_change(struct world *w)
{
    struct err e;
    int leader = rnet_leader(w->net);
    size_t node = any(w);
    if (leader < 0 || w->fixed) {
        return;
    }
    const struct replica *l = rnet_replica(w->net, (size_t)leader);
    enum replica_role role = (enum replica_role)rnet_random(w->net, 3);
    enum replica_role is = replica_role_of(l, rnet_id(w->net, node));
    if (is == REPLICA_NONE && role == REPLICA_VOTER) {
        role = REPLICA_LEARNER;
    }
    rnet_change(w->net, (size_t)leader, node, role, &e);
}

/* What is no member any more may lose its disk. */
static void act_renew(struct world *w)
{
    int leader = rnet_leader(w->net);
    size_t node = any(w);
    if (leader < 0 || w->fixed || (size_t)leader == node) {
        return;
    }
    const struct replica *l = rnet_replica(w->net, (size_t)leader);
    if (replica_role_of(l, rnet_id(w->net, node)) == REPLICA_NONE && !replica_changing(l)) {
        rnet_crash(w->net, node);
        rnet_lose_disk(w->net, node);
        rnet_restart(w->net, node);
    }
}

static const struct {
    void (*act)(struct world *w);
    uint32_t weight;
} acts[] = {
    {act_submit, 40},
    {act_submit_somewhere, 6},
    {act_flood, 2},
    {act_crash, 6},
    {act_restart, 8},
    {act_blackout, 1},
    {act_split, 5},
    {act_link, 4},
    {act_heal, 7},
    {act_disk, 5},
    {act_transfer, 2},
    {act_change, 16},
    {act_renew, 1},
};

static void act(struct world *w)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        sum += acts[i].weight;
    }
    uint32_t at = rnet_random(w->net, sum);
    size_t i = 0;
    for (; at >= acts[i].weight; i++) {
        at -= acts[i].weight;
    }
    acts[i].act(w);
}

/* ---- afterwards ---------------------------------------------------------------------------------
 */

static bool equal(struct rnet *n, void *c)
{
    (void)c;
    return rnet_equal(n);
}

static bool changed_one(struct rnet *n, void *c)
{
    size_t *learner = c;
    struct err e;
    int leader = rnet_leader(n);
    if (leader < 0) {
        return false;
    }
    const struct replica *l = rnet_replica(n, (size_t)leader);
    enum replica_role role = replica_role_of(l, rnet_id(n, *learner));
    if (role == REPLICA_LEARNER && !replica_changing(l)) {
        return true;
    }
    if (!replica_changing(l) && (role != REPLICA_VOTER || *learner != (size_t)leader)) {
        rnet_change(n, (size_t)leader, *learner, REPLICA_LEARNER, &e);
    } else if (!replica_changing(l)) {
        *learner = (*learner + 1) % rnet_nodes(n);
    }
    return false;
}

static bool committed(struct rnet *n, void *c)
{
    return rnet_acked(n) > *(const uint64_t *)c;
}

static void heal(struct world *w)
{
    rnet_heal(w->net);
    rnet_loss(w->net, 0);
    for (size_t i = 0; i < w->nodes; i++) {
        rnet_disk(w->net, i, 0, 3);
        rnet_restart(w->net, i);
    }
}

static const char *judge(struct world *w)
{
    struct rnet *n = w->net;
    heal(w);
    rnet_run(n, 2000);
    if (rnet_wait_leader(n, 40000) < 0) {
        return "no leader 40 s after healing";
    }
    uint64_t acked = rnet_acked(n);
    for (int i = 0; i < 20 && rnet_acked(n) == acked; i++) {
        act_submit(w);
        rnet_until(n, 500, committed, &acked);
    }
    if (rnet_acked(n) == acked) {
        return "nothing is committed after healing";
    }
    size_t learner = w->nodes - 1;
    if (!w->fixed && !rnet_until(n, 20000, changed_one, &learner)) {
        return "members cannot be changed any more";
    }
    act_submit(w);
    return rnet_until(n, 60000, equal, NULL) ? "" : "the members do not become equal";
}

static struct rnet *build(struct chaos *c, struct world *w)
{
    struct rnet_options o = {.seed = c->seed,
        .nodes = 3 + (size_t)(c->seed % 3),
        .delay_min_ms = 1,
        .delay_max_ms = 1 + (uint32_t)(c->seed * 7 % 40),
        .bulk_ms = 5,
        .loss_permille = c->seed % 4 == 0 ? 30 : 0,
        .reorder = c->seed % 5 == 0,
        .disk_max_ms = c->seed % 3 == 0 ? 40 : 3,
        .padding = c->seed % 7 == 0 ? 600000 : 100,
        .trailing = 300,
        .off = c->off};
    o.voters = c->fixed ? o.nodes : 1 + (size_t)(c->seed / 3 % o.nodes);
    *w = (struct world){.net = rnet_new(&o), .nodes = o.nodes, .fixed = c->fixed};
    return w->net;
}

bool chaos_run(struct chaos *c)
{
    struct world w;
    struct rnet *n = build(c, &w);
    uint64_t end = rnet_now(n) + (c->chaos_ms != 0 ? c->chaos_ms : 20000);
    rnet_run(n, 2500);
    while (rnet_now(n) < end && rnet_problem(n)[0] == '\0') {
        act(&w);
        rnet_run(n, 5 + rnet_random(n, 100));
    }
    const char *verdict = rnet_problem(n)[0] == '\0' ? judge(&w) : "";
    snprintf(c->problem, sizeof c->problem, "%s",
        rnet_problem(n)[0] != '\0' ? rnet_problem(n) : verdict);
    c->acked = rnet_acked(n);
    if (c->problem[0] != '\0' && getenv("PP_SEED") != NULL) {
        rnet_tell(n);
    }
    rnet_free(n);
    return c->problem[0] == '\0';
}

unsigned chaos_seeds(const struct chaos *like, uint64_t first, unsigned count, struct chaos *worst)
{
    unsigned bad = 0;
    worst->acked = 0;
    for (unsigned i = 0; i < count; i++) {
        struct chaos c = *like;
        c.seed = first + i;
        uint64_t acked = worst->acked;
        if (!chaos_run(&c)) {
            fprintf(stderr, "seed %llu: %s\n", (unsigned long long)c.seed, c.problem);
            *worst = bad++ == 0 ? c : *worst;
        }
        worst->acked = acked + c.acked;
    }
    return bad;
}

unsigned chaos_count(unsigned otherwise)
{
    const char *text = getenv("PP_SEEDS");
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}
