// link: ppnet
// with: replica_net
/* Replicas on virtual time: elections, replication, restarts, snapshots, members. */
#include "tests/lib/replica_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
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
    rnet_run(n, 100);
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

/* ---- members ------------------------------------------------------------------------------------
 */

static bool settled(struct rnet *n, void *c)
{
    (void)c;
    int leader = rnet_leader(n);
    return leader >= 0 && !replica_changing(rnet_replica(n, (size_t)leader));
}

static void change(struct rnet *n, size_t node, enum replica_role role)
{
    struct err e = {0};
    for (int i = 0; i < 100; i++) {
        assert_true(rnet_until(n, 10000, settled, NULL));
        if (rnet_change(n, (size_t)rnet_leader(n), node, role, &e) == 0) {
            assert_true(rnet_until(n, 10000, settled, NULL));
            return;
        }
        rnet_run(n, 50);
    }
    fail_msg("node %zu: %s", node, e.text);
}

static void grow(struct rnet *n, size_t node)
{
    change(n, node, REPLICA_LEARNER);
    change(n, node, REPLICA_VOTER);
}

static void one_grows_to_three_and_shrinks_to_one_again(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 1);
    submit_many(n, 10);
    grow(n, 1);
    grow(n, 2);
    submit_many(n, 10);
    assert_equal_soon(n);
    size_t leader = (size_t)rnet_leader(n);
    change(n, (leader + 1) % 3, REPLICA_NONE);
    change(n, (leader + 2) % 3, REPLICA_LEARNER);
    rnet_crash(n, (leader + 1) % 3);
    rnet_crash(n, (leader + 2) % 3);
    submit_many(n, 10);
    rnet_restart(n, (leader + 2) % 3);
    assert_equal_soon(n);
    assert_int_equal(rnet_acked(n), 30);
    rnet_free(n);
}

static void a_blank_member_is_brought_up_by_a_snapshot_in_pieces_and_goes_on_from_there(
    void **state)
{
    (void)state;
    struct rnet_options o = {.seed = 3,
        .nodes = 2,
        .voters = 1,
        .delay_min_ms = 1,
        .delay_max_ms = 2,
        .bulk_ms = 20,
        .trailing = 300,
        .padding = 3 << 20};
    struct rnet *n = rnet_new(&o);
    submit_many(n, 1000);
    change(n, 1, REPLICA_LEARNER);
    submit_many(n, 100);
    change(n, 1, REPLICA_VOTER);
    submit_many(n, 10);
    assert_equal_soon(n);
    assert_int_equal(rnet_dumps(n, 0), 1);
    assert_int_equal(rnet_restores(n, 1), 1);
    rnet_crash(n, 1);
    rnet_restart(n, 1);
    submit_many(n, 10);
    assert_equal_soon(n);
    rnet_free(n);
}

static void what_is_behind_within_the_trail_catches_up_without_a_snapshot(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    int leader = rnet_wait_leader(n, 5000);
    size_t behind = ((size_t)leader + 1) % 3;
    rnet_crash(n, behind);
    submit_many(n, 250);
    rnet_restart(n, behind);
    assert_equal_soon(n);
    assert_int_equal(rnet_restores(n, behind), 0);
    rnet_free(n);
}

static void what_is_behind_the_trail_catches_up_by_a_snapshot(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    int leader = rnet_wait_leader(n, 5000);
    size_t behind = ((size_t)leader + 1) % 3;
    submit_many(n, 10);
    rnet_crash(n, behind);
    submit_many(n, 900);
    rnet_restart(n, behind);
    assert_equal_soon(n);
    assert_int_equal(rnet_restores(n, behind), 1);
    rnet_free(n);
}

static void a_snapshot_that_was_wanted_while_its_peer_was_away_goes_as_soon_as_it_is_back(
    void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    int leader = rnet_wait_leader(n, 5000);
    size_t behind = ((size_t)leader + 1) % 3;
    submit_many(n, 10);
    rnet_crash(n, behind);
    submit_many(n, 900);
    rnet_run(n, 2000);
    rnet_restart(n, behind);
    assert_true(rnet_until(n, 1500, equal, NULL));
    assert_int_equal(rnet_restores(n, behind), 1);
    rnet_free(n);
}

static void a_lost_disk_comes_back_under_a_new_id_beside_the_old_one(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    submit_many(n, 20);
    size_t lost = ((size_t)rnet_leader(n) + 1) % 3;
    uint64_t old = rnet_id(n, lost);
    rnet_crash(n, lost);
    rnet_lose_disk(n, lost);
    rnet_restart(n, lost);
    grow(n, lost);
    struct replica_server gone = {.id = old, .role = REPLICA_NONE};
    struct err e = {0};
    struct replica *leader = rnet_replica(n, (size_t)rnet_leader(n));
    assert_int_equal(replica_change(leader, rnet_now(n), &gone, &e), 0);
    submit_many(n, 20);
    assert_equal_soon(n);
    struct replica_conf conf;
    replica_conf(leader, &conf);
    assert_int_equal(conf.count, 3);
    rnet_free(n);
}

static void the_lead_is_handed_over_within_milliseconds(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    submit_many(n, 20);
    rnet_run(n, 50);
    int first = rnet_leader(n);
    uint64_t begin = rnet_now(n);
    assert_int_equal(replica_transfer(rnet_replica(n, (size_t)first), rnet_now(n), 0), 0);
    rnet_run(n, 40);
    int second = rnet_wait_leader(n, 5000);
    assert_true(second >= 0 && second != first);
    assert_true(rnet_now(n) - begin < 200);
    submit_many(n, 20);
    assert_equal_soon(n);
    rnet_free(n);
}

/* ---- limits -------------------------------------------------------------------------------------
 */

static void large_commands_go_in_messages_of_a_quarter_mebibyte(void **state)
{
    (void)state;
    struct rnet_options o = {.seed = 5,
        .nodes = 3,
        .voters = 3,
        .delay_min_ms = 5,
        .delay_max_ms = 9,
        .trailing = 300,
        .command_max = REPLICA_ENTRY_MAX - 8};
    struct rnet *n = rnet_new(&o);
    int leader = rnet_wait_leader(n, 5000);
    rnet_link(n, (size_t)leader, ((size_t)leader + 1) % 3, false);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(rnet_submit(n, (size_t)leader), 0);
    }
    rnet_run(n, 200);
    rnet_heal(n);
    assert_equal_soon(n);
    assert_int_equal(rnet_acked(n), 200);
    assert_true(rnet_bulk_max(n) <= REPLICA_BATCH_MAX + (16 << 10));
    assert_true(rnet_bulk_max(n) > REPLICA_BATCH_MAX / 2);
    rnet_free(n);
}

static void too_much_on_its_way_is_refused(void **state)
{
    (void)state;
    struct rnet *n = net_of(1, 1);
    assert_int_equal(rnet_wait_leader(n, 50), 0);
    rnet_run(n, 50);
    rnet_disk(n, 0, RNET_STUCK, RNET_STUCK);
    int accepted = 0, rc;
    while ((rc = rnet_submit(n, 0)) == 0) {
        accepted++;
    }
    assert_int_equal(rc, -PP_ELIMIT);
    assert_true(accepted > 1000 && accepted < 10000);
    rnet_disk(n, 0, 1, 1);
    assert_equal_soon(n);
    assert_int_equal(rnet_acked(n), (unsigned)accepted);
    rnet_free(n);
}

static void a_leader_whose_disk_is_stuck_goes_on_through_the_others(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3);
    submit_many(n, 10);
    int leader = rnet_leader(n);
    rnet_run(n, 100);
    rnet_disk(n, (size_t)leader, RNET_STUCK, RNET_STUCK);
    submit_many(n, 100);
    rnet_run(n, 5000);
    assert_int_equal(rnet_leader(n), leader);
    assert_int_equal(rnet_acked(n), 110);
    rnet_disk(n, (size_t)leader, 1, 2);
    assert_equal_soon(n);
    rnet_free(n);
}

static void of_large_entries_no_more_are_kept_than_must_be(void **state)
{
    (void)state;
    struct rnet_options o = {
        .seed = 5, .nodes = 1, .voters = 1, .trailing = 2048, .command_max = REPLICA_ENTRY_MAX - 8};
    struct rnet *n = rnet_new(&o);
    submit_many(n, 700); /* of 32 KiB, on average: some 22 MiB */
    assert_equal_soon(n);
    struct replica *r = rnet_replica(n, 0);
    assert_null(replica_entry(r, 2));
    assert_non_null(replica_entry(r, replica_applied(r) - 257));
    rnet_free(n);
}

/* ---- starts -------------------------------------------------------------------------------------
 */

static void ignore_write(void *context, const struct replica_write *w)
{
    (void)context;
    (void)w;
}

static void ignore_change(void *context)
{
    (void)context;
}

static int start_of(const struct replica_state *s, struct err *e)
{
    struct replica_options o = {.id = 1,
        .heartbeat_ms = 100,
        .election_ms = 1000,
        .io = {.write = ignore_write, .changed = ignore_change}};
    struct replica *r = replica_new(&o);
    int rc = replica_start(r, 1, s, e);
    replica_free(r);
    return rc;
}

static void a_log_that_does_not_hold_together_is_refused(void **state)
{
    (void)state;
    struct replica_conf conf = {
        .count = 2, .index = 1, .at = {{1, REPLICA_VOTER, "a"}, {2, REPLICA_VOTER, "b"}}};
    struct replica_entry e[3] = {[1] = {2, 2, REPLICA_COMMAND, (const uint8_t *)"x", 1},
        [2] = {3, 2, REPLICA_COMMAND, (const uint8_t *)"y", 1}};
    replica_bootstrap(&conf, &e[0]);
    const struct replica_state good = {.term = 2,
        .applied_index = 2,
        .applied_term = 2,
        .conf = conf,
        .entries = e,
        .entries_count = 3};
    struct err why = {0};
    struct replica_state s = good;
    assert_int_equal(start_of(&s, &why), 0);
    s.term = 1;
    assert_int_equal(start_of(&s, &why), -PP_ECORRUPT);
    s = good;
    s.applied_index = 4;
    assert_int_equal(start_of(&s, &why), -PP_ECORRUPT);
    s = good;
    s.conf.count = 0;
    assert_int_equal(start_of(&s, &why), -PP_ECORRUPT);
    s = good;
    e[2].index = 5;
    assert_int_equal(start_of(&s, &why), -PP_ECORRUPT);
    assert_string_equal(why.text, "log: entry 5 of term 2 does not follow the one before it");
    e[2].index = 3;
    e[2].type = REPLICA_CHANGE;
    assert_int_equal(start_of(&s, &why), -PP_ECORRUPT);
    free((void *)(uintptr_t)e[0].bytes);
}

static void what_is_left_of_a_group_goes_on_alone_in_a_new_term(void **state)
{
    (void)state;
    struct replica_conf conf = {
        .count = 2, .index = 1, .at = {{1, REPLICA_VOTER, "a"}, {2, REPLICA_VOTER, "b"}}};
    struct replica_entry e[2], change;
    replica_bootstrap(&conf, &e[0]);
    struct replica_state s = {.term = 4,
        .applied_index = 1,
        .applied_term = 1,
        .conf = conf,
        .entries = e,
        .entries_count = 1};
    uint64_t term;
    replica_recover(&s, 1, "a", &term, &change);
    assert_int_equal(term, 5);
    assert_int_equal(change.index, 2);
    assert_int_equal(change.term, 5);
    struct replica_conf alone;
    assert_int_equal(replica_conf_decode(change.bytes, change.len, &alone), 0);
    assert_int_equal(alone.count, 1);
    assert_int_equal(alone.at[0].id, 1);
    assert_string_equal(alone.at[0].address, "a");
    e[1] = change;
    s.term = term;
    s.entries_count = 2;
    struct err why;
    assert_int_equal(start_of(&s, &why), 0);
    free((void *)(uintptr_t)e[0].bytes);
    free((void *)(uintptr_t)e[1].bytes);
}

static void the_library_is_the_one_it_was_tested_with(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(replica_check_version(&e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_elect_one_and_apply_the_same),
        cmocka_unit_test(another_takes_over_when_the_leader_dies_and_the_dead_one_comes_back),
        cmocka_unit_test(all_of_them_restart_with_what_their_disks_hold),
        cmocka_unit_test(one_alone_leads_at_once),
        cmocka_unit_test(one_grows_to_three_and_shrinks_to_one_again),
        cmocka_unit_test(
            a_blank_member_is_brought_up_by_a_snapshot_in_pieces_and_goes_on_from_there),
        cmocka_unit_test(what_is_behind_within_the_trail_catches_up_without_a_snapshot),
        cmocka_unit_test(what_is_behind_the_trail_catches_up_by_a_snapshot),
        cmocka_unit_test(
            a_snapshot_that_was_wanted_while_its_peer_was_away_goes_as_soon_as_it_is_back),
        cmocka_unit_test(a_lost_disk_comes_back_under_a_new_id_beside_the_old_one),
        cmocka_unit_test(the_lead_is_handed_over_within_milliseconds),
        cmocka_unit_test(large_commands_go_in_messages_of_a_quarter_mebibyte),
        cmocka_unit_test(too_much_on_its_way_is_refused),
        cmocka_unit_test(a_leader_whose_disk_is_stuck_goes_on_through_the_others),
        cmocka_unit_test(of_large_entries_no_more_are_kept_than_must_be),
        cmocka_unit_test(a_log_that_does_not_hold_together_is_refused),
        cmocka_unit_test(what_is_left_of_a_group_goes_on_alone_in_a_new_term),
        cmocka_unit_test(the_library_is_the_one_it_was_tested_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
