// link: ppnet
// with: fleet fleet_disk fleet_lines
/* Groups of a WAN: the trusted peers decide. */
#include "tests/unit/group_bench.h"

static void three_trusted_peers_decide_for_four_clients(void **state)
{
    (void)state;
    struct fleet *f = fleet_wan(7, 3, 7);
    settles(f, 30, 3);
    for (unsigned i = 0; i < 7; i++) {
        assert_true((role_of(f, i) >= GROUP_VOTER) == (i < 3));
        fleet_submit(f, i, true, "mine");
    }
    settles(f, 5, 3);
    assert_int_equal(fleet_lines(f, 6), 7);
    fleet_free(f);
}

static void a_majority_of_trusted_peers_is_enough_to_begin(void **state)
{
    (void)state;
    struct fleet *f = fleet_wan(4, 3, 0);
    fleet_start(f, 0);
    fleet_start(f, 3);
    fleet_run(f, 30000);
    assert_int_equal(role_of(f, 0), GROUP_SEARCHING);
    assert_string_not_equal(status_of(f, 0).problem, "");
    fleet_start(f, 1);
    settles(f, 30, 2);
    fleet_submit(f, 3, true, "one");
    settles(f, 5, 2);
    fleet_start(f, 2);
    settles(f, 30, 3);
    assert_int_equal(fleet_lines(f, 2), 1);
    fleet_free(f);
}

static void a_trusted_peer_that_leaves_keeps_its_vote(void **state)
{
    (void)state;
    struct fleet *f = fleet_wan(3, 3, 3);
    settles(f, 30, 3);
    unsigned leader = leader_of(f);
    assert_true(fleet_leave(f, leader));
    fleet_run(f, 2000);
    assert_true(fleet_leader(f) >= 0);
    assert_int_equal(status_of(f, leader_of(f)).voters, 3);
    fleet_run(f, 200000);
    assert_int_equal(status_of(f, leader_of(f)).voters, 3);
    fleet_start(f, leader);
    settles(f, 20, 3);
    fleet_free(f);
}

/* Two decide something while the third is cut off; then one of the two is switched off, and the
 * other has lost its disk when it is alone with the third. True if what was decided is lost. */
static bool a_lost_disk_votes_again(unsigned plant)
{
    struct fleet *f = fleet_wan(3, 3, 3);
    settles(f, 30, 3);
    fleet_plant(f, 1, plant);
    fleet_run(f, 10000);
    fleet_isolate(f, 2, true);
    fleet_run(f, 10000);
    fleet_submit(f, 0, true, "decided");
    fleet_run(f, 1000);
    bool there = fleet_has(f, 0, "h0 decided") && fleet_has(f, 1, "h0 decided");
    fleet_kill(f, 0);
    fleet_kill(f, 1);
    fleet_disk_lose(f, 1);
    fleet_heal(f);
    fleet_start(f, 1);
    fleet_run(f, 30000);
    fleet_start(f, 0);
    fleet_run(f, 30000);
    bool lost = fleet_broken(f) != NULL || !all_have(f, "h0 decided");
    fleet_free(f);
    assert_true(there);
    return lost;
}

static void a_lost_disk_does_not_vote_twice(void **state)
{
    (void)state;
    assert_false(a_lost_disk_votes_again(0));
    assert_true(a_lost_disk_votes_again(GROUP_BUG_ID));
}

static void two_that_begin_anew_do_not_contradict_the_third_who_remembers(void **state)
{
    (void)state;
    struct fleet *f = fleet_wan(3, 3, 2);
    settles(f, 30, 2);
    fleet_submit(f, 0, true, "decided");
    settles(f, 5, 2);
    fleet_kill(f, 0);
    fleet_kill(f, 1);
    fleet_disk_lose(f, 1);
    fleet_start(f, 1);
    fleet_start(f, 2); /* for the first time */
    settles(f, 40, 2);
    fleet_submit(f, 2, true, "anew");
    settles(f, 5, 2);
    fleet_start(f, 0);
    fleet_run(f, 2000);
    settles(f, 200, 3);
    assert_true(all_have(f, "h0 decided") && all_have(f, "h2 anew"));
    fleet_free(f);
}

static void a_trusted_peer_whose_disk_was_lost_takes_another_id(void **state)
{
    (void)state;
    struct fleet *f = fleet_wan(4, 3, 4);
    settles(f, 30, 3);
    fleet_submit(f, 3, true, "one");
    settles(f, 5, 3);
    unsigned lost = some(f, GROUP_VOTER, 99);
    fleet_kill(f, lost);
    fleet_disk_lose(f, lost);
    fleet_start(f, lost);
    fleet_run(f, 1000);
    settles(f, 30, 3);
    assert_true(role_of(f, lost) >= GROUP_VOTER);
    assert_int_equal(status_of(f, lost).voters, 3);
    assert_true(fleet_has(f, lost, "h3 one"));
    fleet_free(f);
}

static void the_registry_names_another_who_then_decides(void **state)
{
    (void)state;
    struct fleet *f = fleet_wan(4, 3, 4);
    settles(f, 30, 3);
    struct peer now[3] = {*fleet_peer(f, 1), *fleet_peer(f, 2), *fleet_peer(f, 3)};
    for (unsigned i = 0; i < 4; i++) {
        group_set_trusted(fleet_group(f, i), now, 3);
    }
    fleet_run(f, 30000);
    settles(f, 30, 3);
    assert_int_equal(role_of(f, 0), GROUP_CLIENT);
    assert_true(role_of(f, 3) >= GROUP_VOTER);
    fleet_free(f);
}

static void nobody_loses_a_vote_while_the_registry_has_not_been_read(void **state)
{
    (void)state;
    struct fleet *f = fleet_wan(4, 3, 4);
    settles(f, 30, 3);
    for (unsigned i = 0; i < 4; i++) {
        group_set_trusted(fleet_group(f, i), NULL, 0);
    }
    fleet_run(f, 30000);
    assert_int_equal(status_of(f, leader_of(f)).voters, 3);
    fleet_free(f);
}

static void only_trusted_peers_take_over(void **state)
{
    (void)state;
    struct err e;
    struct fleet *f = fleet_wan(4, 3, 4);
    settles(f, 30, 3);
    fleet_submit(f, 3, true, "one");
    settles(f, 5, 3);
    fleet_kill(f, 0);
    fleet_kill(f, 1);
    fleet_run(f, 20000);
    assert_int_equal(group_takeover(fleet_group(f, 3), fleet_now(f), &e), -PP_EPERM);
    assert_int_equal(group_takeover(fleet_group(f, 2), fleet_now(f), &e), 0);
    settles(f, 20, 1);
    assert_true(fleet_has(f, 2, "h3 one"));
    fleet_start(f, 0);
    fleet_start(f, 1);
    settles(f, 60, 3);
    fleet_free(f);
}

static void a_single_trusted_peer_whose_disk_was_lost_begins_anew(void **state)
{
    (void)state;
    struct fleet *f = fleet_wan(3, 1, 3);
    settles(f, 30, 1);
    fleet_submit(f, 1, true, "mine");
    settles(f, 5, 1);
    fleet_kill(f, 0);
    fleet_disk_lose(f, 0);
    fleet_start(f, 0);
    fleet_run(f, 15000);
    settles(f, 120, 1);
    assert_true(all_have(f, "h1 mine"));
    fleet_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_trusted_peers_decide_for_four_clients),
        cmocka_unit_test(a_majority_of_trusted_peers_is_enough_to_begin),
        cmocka_unit_test(a_trusted_peer_that_leaves_keeps_its_vote),
        cmocka_unit_test(a_trusted_peer_whose_disk_was_lost_takes_another_id),
        cmocka_unit_test(the_registry_names_another_who_then_decides),
        cmocka_unit_test(nobody_loses_a_vote_while_the_registry_has_not_been_read),
        cmocka_unit_test(only_trusted_peers_take_over),
        cmocka_unit_test(a_single_trusted_peer_whose_disk_was_lost_begins_anew),
        cmocka_unit_test(a_lost_disk_does_not_vote_twice),
        cmocka_unit_test(two_that_begin_anew_do_not_contradict_the_third_who_remembers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
