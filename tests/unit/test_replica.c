// link: ppnet
// with: replica_net
/* Replicas on virtual time: elections, replication, restarts, snapshots, members. */
#include "tests/lib/replica_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct rnet *net_of(size_t nodes, size_t voters)
{
    struct rnet_options o = {.seed = 7,
        .nodes = nodes,
        .voters = voters,
        .delay_min_ms = 1,
        .delay_max_ms = 3,
        .disk_min_ms = 1,
        .disk_max_ms = 4,
        .trailing = 300};
    return rnet_new(&o);
}

static bool equal(struct rnet *n, void *c)
{
    (void)c;
    return rnet_equal(n);
}

static void submit_many(struct rnet *n, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int leader = rnet_wait_leader(n, 10000);
        assert_true(leader >= 0);
        assert_int_equal(rnet_submit(n, (size_t)leader), 0);
        rnet_run(n, 1);
    }
}

static void assert_equal_soon(struct rnet *n)
{
    bool ok = rnet_until(n, 20000, equal, NULL);
    assert_string_equal(rnet_problem(n), "");
    assert_true(ok);
}

static void three_elect_one_and_apply_the_same(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    assert_true(rnet_wait_leader(n, 5000) >= 0);
    submit_many(n, 100);
    assert_equal_soon(n);
    assert_int_equal(rnet_acked(n), 100);
    rnet_free(n);
}

static void another_takes_over_when_the_leader_dies_and_the_dead_one_comes_back(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    submit_many(n, 20);
    int first = rnet_leader(n);
    rnet_crash(n, (size_t)first);
    rnet_run(n, 1);
    int second = rnet_wait_leader(n, 5000);
    assert_true(second >= 0 && second != first);
    submit_many(n, 20);
    rnet_restart(n, (size_t)first);
    assert_equal_soon(n);
    assert_int_equal(rnet_acked(n), 40);
    rnet_free(n);
}

static void all_of_them_restart_with_what_their_disks_hold(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    submit_many(n, 50);
    rnet_run(n, 500);
    for (size_t i = 0; i < 3; i++) {
        rnet_crash(n, i);
    }
    for (size_t i = 0; i < 3; i++) {
        rnet_restart(n, i);
    }
    assert_true(rnet_wait_leader(n, 5000) >= 0);
    submit_many(n, 1);
    assert_equal_soon(n);
    rnet_free(n);
}

static void one_alone_leads_at_once(void **state)
{
    (void)state;
    struct rnet *n = net_of(1, 1);
    assert_int_equal(rnet_wait_leader(n, 20), 0);
    assert_int_equal(rnet_submit(n, 0), 0);
    assert_equal_soon(n);
    rnet_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_elect_one_and_apply_the_same),
        cmocka_unit_test(another_takes_over_when_the_leader_dies_and_the_dead_one_comes_back),
        cmocka_unit_test(all_of_them_restart_with_what_their_disks_hold),
        cmocka_unit_test(one_alone_leads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
