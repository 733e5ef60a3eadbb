// link: ppnet
// with: fleet fleet_disk fleet_lines
/* Groups of a LAN: found, joined, led, left. */
#include "tests/unit/group_bench.h"

static void a_host_that_finds_nobody_founds_after_ten_seconds(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(1, 1);
    fleet_run(f, 9000);
    assert_int_equal(role_of(f, 0), GROUP_SEARCHING);
    fleet_run(f, 2000);
    assert_int_equal(role_of(f, 0), GROUP_LEADER);
    fleet_submit(f, 0, true, "one");
    fleet_run(f, 100);
    assert_true(fleet_has(f, 0, "h0 one"));
    assert_int_equal(fleet_told_kept(f, 0), 1);
    assert_int_equal(fleet_told_own(f, 0), 1);
    fleet_free(f);
}

static void the_second_host_joins_as_a_client_and_sees_all(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(2, 1);
    fleet_run(f, 11000);
    fleet_submit(f, 0, true, "one");
    fleet_run(f, 100);
    fleet_start(f, 1);
    fleet_run(f, 5000);
    assert_int_equal(role_of(f, 1), GROUP_CLIENT);
    assert_true(fleet_has(f, 1, "h0 one"));
    fleet_submit(f, 1, false, "two");
    fleet_submit(f, 0, false, "three");
    settles(f, 2, 1);
    assert_int_equal(fleet_lines(f, 0), 3);
    assert_int_equal(fleet_lines(f, 1), 3);
    assert_int_equal(fleet_told_own(f, 1), 1);
    assert_true(status_of(f, 1).fresh);
    fleet_free(f);
}

static void the_third_host_makes_it_three_voters(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(3, 2);
    settles(f, 30, 1);
    fleet_start(f, 2);
    settles(f, 30, 3);
    fleet_free(f);
}

static void seven_hosts_have_five_voters(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(7, 7);
    settles(f, 60, 5);
    fleet_submit(f, some(f, GROUP_CLIENT, 99), true, "x");
    settles(f, 5, 5);
    fleet_free(f);
}

static void when_the_leader_is_killed_the_others_go_on(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(4, 4);
    settles(f, 60, 3);
    unsigned first = leader_of(f);
    fleet_submit(f, 3, true, "before");
    settles(f, 5, 3);
    fleet_kill(f, first);
    unsigned client = some(f, GROUP_CLIENT, first);
    fleet_submit(f, client, true, "during");
    settles(f, 20, 0);
    assert_true(leader_of(f) != first);
    char line[32];
    snprintf(line, sizeof line, "h%u during", client);
    assert_true(all_have(f, "h3 before") && all_have(f, line));
    fleet_start(f, first);
    settles(f, 20, 3);
    fleet_free(f);
}

static void a_voter_that_stays_away_is_replaced(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(4, 4);
    settles(f, 60, 3);
    unsigned gone = some(f, GROUP_VOTER, 99);
    unsigned client = some(f, GROUP_CLIENT, 99);
    fleet_kill(f, gone);
    fleet_run(f, 50000);
    assert_int_equal(role_of(f, client), GROUP_CLIENT);
    settles(f, 60, 3);
    assert_true(role_of(f, client) >= GROUP_VOTER);
    fleet_start(f, gone);
    fleet_run(f, 5000);
    settles(f, 10, 3);
    assert_int_equal(role_of(f, gone), GROUP_CLIENT);
    fleet_free(f);
}

static void hosts_can_be_switched_off_one_after_the_other_down_to_one(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(4, 4);
    settles(f, 60, 3);
    fleet_submit(f, 0, true, "all");
    settles(f, 5, 3);
    for (unsigned left = 4; left > 1; left--) {
        unsigned leader = leader_of(f);
        assert_true(fleet_leave(f, leader));
        char text[16];
        unsigned other = some(f, GROUP_LEADER, leader);
        snprintf(text, sizeof text, "%u", left);
        fleet_submit(f, other, true, text);
        settles(f, 10, 0);
    }
    assert_int_equal(fleet_lines(f, leader_of(f)), 4);
    assert_int_equal(status_of(f, leader_of(f)).voters, 1);
    assert_true(fleet_leave(f, leader_of(f)));
    fleet_free(f);
}

static void the_last_of_two_can_be_either(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(2, 2);
    settles(f, 30, 1);
    unsigned first = leader_of(f);
    assert_true(fleet_leave(f, first));
    fleet_run(f, 1000);
    assert_int_equal(leader_of(f), 1 - first);
    assert_int_equal(status_of(f, 1 - first).voters, 1);
    fleet_start(f, first);
    settles(f, 10, 1);
    assert_int_equal(role_of(f, first), GROUP_CLIENT);
    fleet_free(f);
}

static void a_single_host_leads_again_after_a_kill(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(1, 1);
    settles(f, 30, 1);
    fleet_submit(f, 0, true, "one");
    fleet_run(f, 50);
    fleet_kill(f, 0);
    fleet_start(f, 0);
    settles(f, 5, 1);
    assert_true(fleet_has(f, 0, "h0 one"));
    fleet_free(f);
}

static void a_leader_that_is_cut_off_is_replaced_and_follows_when_it_is_back(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(3, 3);
    settles(f, 60, 3);
    unsigned old = leader_of(f);
    fleet_isolate(f, old, true);
    fleet_submit(f, old, true, "alone");
    fleet_run(f, 15000);
    unsigned now = some(f, GROUP_LEADER, old);
    fleet_submit(f, now, true, "together");
    fleet_run(f, 1000);
    assert_true(role_of(f, old) != GROUP_LEADER);
    char line[32];
    snprintf(line, sizeof line, "h%u alone", old);
    assert_false(fleet_has(f, old, line));
    fleet_heal(f);
    settles(f, 20, 3);
    assert_true(all_have(f, line));
    fleet_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_that_finds_nobody_founds_after_ten_seconds),
        cmocka_unit_test(the_second_host_joins_as_a_client_and_sees_all),
        cmocka_unit_test(the_third_host_makes_it_three_voters),
        cmocka_unit_test(seven_hosts_have_five_voters),
        cmocka_unit_test(when_the_leader_is_killed_the_others_go_on),
        cmocka_unit_test(a_voter_that_stays_away_is_replaced),
        cmocka_unit_test(hosts_can_be_switched_off_one_after_the_other_down_to_one),
        cmocka_unit_test(the_last_of_two_can_be_either),
        cmocka_unit_test(a_single_host_leads_again_after_a_kill),
        cmocka_unit_test(a_leader_that_is_cut_off_is_replaced_and_follows_when_it_is_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
