// link: ppnet
// with: fleet fleet_disk fleet_lines
/* Groups that meet, epochs that are taken over, hosts that have lost their past. */
#include "tests/unit/group_bench.h"

/* Hosts 0 and 1 here, 2 to 4 there, each their own group with a line of every host. */
static struct fleet *two_groups(unsigned plant)
{
    struct fleet *f = fleet_new(&(struct fleet_options){.seed = 5, .plant = plant});
    for (unsigned i = 0; i < 5; i++) {
        fleet_add(f);
    }
    for (unsigned a = 0; a < 2; a++) {
        for (unsigned b = 2; b < 5; b++) {
            fleet_cut(f, a, b, true);
        }
    }
    for (unsigned i = 0; i < 5; i++) {
        fleet_start(f, i);
    }
    fleet_run(f, 40000);
    for (unsigned i = 0; i < 5; i++) {
        fleet_submit(f, i, true, "mine");
    }
    fleet_run(f, 2000);
    return f;
}

static bool all_five(struct fleet *f)
{
    return all_have(f, "h0 mine") && all_have(f, "h1 mine") && all_have(f, "h2 mine") &&
           all_have(f, "h3 mine") && all_have(f, "h4 mine");
}

static void of_two_groups_that_meet_the_one_with_more_voters_survives_with_all_of_both(void **state)
{
    (void)state;
    struct fleet *f = two_groups(0);
    struct group_epoch larger = status_of(f, 2).epoch;
    assert_true(status_of(f, 0).epoch.id[0] != larger.id[0]);
    assert_int_equal(status_of(f, 2).voters, 3);
    fleet_heal(f);
    settles(f, 60, 3);
    struct group_epoch now = status_of(f, 0).epoch;
    assert_memory_equal(&now, &larger, sizeof larger);
    assert_true(all_five(f));
    fleet_free(f);
}

static void joining_without_carrying_over_would_lose_commands(void **state)
{
    (void)state;
    struct fleet *f = two_groups(GROUP_BUG_WIPE);
    fleet_heal(f);
    settles(f, 60, 3);
    assert_false(all_five(f));
    fleet_free(f);
}

static void groups_of_the_same_size_that_meet_do_not_dissolve_into_each_other(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct fleet *f = fleet_new(&(struct fleet_options){.seed = seed});
        fleet_add(f);
        fleet_add(f);
        fleet_cut(f, 0, 1, true);
        fleet_start(f, 0);
        fleet_run(f, fleet_random(f, 3000));
        fleet_start(f, 1);
        fleet_run(f, 20000);
        fleet_submit(f, 0, true, "mine");
        fleet_submit(f, 1, true, "mine");
        fleet_run(f, fleet_random(f, 300));
        fleet_heal(f);
        settles(f, 60, 1);
        assert_true(all_have(f, "h0 mine") && all_have(f, "h1 mine"));
        fleet_free(f);
    }
}

static void a_client_takes_over_when_the_only_voter_is_gone_for_good(void **state)
{
    (void)state;
    struct err e;
    struct fleet *f = fleet_of(3, 2);
    settles(f, 30, 1);
    unsigned voter = leader_of(f);
    unsigned client = 1 - voter;
    fleet_submit(f, client, true, "one");
    settles(f, 5, 1);
    assert_int_equal(group_takeover(fleet_group(f, client), fleet_now(f), &e), -PP_ESTATE);
    fleet_kill(f, voter);
    fleet_run(f, 10000);
    assert_true(strstr(status_of(f, client).problem, "away") != NULL);
    fleet_submit(f, client, true, "waits");
    assert_int_equal(group_takeover(fleet_group(f, client), fleet_now(f), &e), 0);
    settles(f, 5, 1);
    assert_int_equal(status_of(f, client).epoch.number >> 32, 2);
    assert_int_equal(fleet_lines(f, client), 2);
    fleet_start(f, voter);
    settles(f, 10, 1);
    assert_int_equal(role_of(f, voter), GROUP_CLIENT);
    assert_int_equal(fleet_lines(f, voter), 2);
    fleet_free(f);
}

static void a_takeover_is_refused_where_another_host_is_further(void **state)
{
    (void)state;
    struct err e = {0};
    struct fleet *f = fleet_of(3, 3);
    settles(f, 60, 3);
    unsigned leader = leader_of(f);
    unsigned ahead = some(f, GROUP_VOTER, leader);
    unsigned behind = 3 - leader - ahead;
    fleet_isolate(f, behind, true);
    fleet_submit(f, ahead, true, "one");
    fleet_run(f, 1000);
    fleet_kill(f, leader);
    fleet_kill(f, ahead);
    fleet_heal(f);
    fleet_run(f, 12000);
    /* Alone it cannot know; so the other is there, but not yet a leader. */
    fleet_start(f, ahead);
    fleet_run(f, 100);
    assert_int_equal(group_takeover(fleet_group(f, behind), fleet_now(f), &e), -PP_ESTATE);
    assert_true(strstr(e.text, "12D3KooW") != NULL);
    assert_int_equal(group_takeover(fleet_group(f, ahead), fleet_now(f), &e), 0);
    settles(f, 30, 1);
    assert_int_equal(fleet_lines(f, behind), 1);
    fleet_start(f, leader);
    settles(f, 60, 3);
    fleet_free(f);
}

static void two_takeovers_at_once_end_in_one_group(void **state)
{
    (void)state;
    struct err e;
    struct fleet *f = fleet_of(3, 3);
    settles(f, 60, 3);
    unsigned leader = leader_of(f);
    unsigned a = some(f, GROUP_VOTER, leader);
    unsigned b = 3 - leader - a;
    fleet_kill(f, leader);
    fleet_cut(f, a, b, true);
    fleet_run(f, 15000);
    assert_int_equal(group_takeover(fleet_group(f, a), fleet_now(f), &e), 0);
    assert_int_equal(group_takeover(fleet_group(f, b), fleet_now(f), &e), 0);
    fleet_submit(f, a, true, "there");
    fleet_submit(f, b, true, "here");
    fleet_run(f, 2000);
    fleet_heal(f);
    fleet_start(f, leader);
    settles(f, 60, 3);
    char line[2][32];
    snprintf(line[0], sizeof line[0], "h%u there", a);
    snprintf(line[1], sizeof line[1], "h%u here", b);
    assert_true(all_have(f, line[0]) && all_have(f, line[1]));
    fleet_free(f);
}

static void a_voter_whose_disk_was_lost_comes_back_under_another_id(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(3, 3);
    settles(f, 60, 3);
    fleet_submit(f, 0, true, "one");
    settles(f, 5, 3);
    unsigned lost = some(f, GROUP_VOTER, 99);
    fleet_kill(f, lost);
    fleet_disk_lose(f, lost);
    fleet_start(f, lost);
    fleet_run(f, 500);
    settles(f, 30, 3);
    assert_true(fleet_has(f, lost, "h0 one"));
    fleet_free(f);
}

static void a_voter_with_a_restored_backup_comes_back_under_another_id(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(3, 3);
    settles(f, 60, 3);
    unsigned old = some(f, GROUP_VOTER, 99);
    fleet_disk_save(f, old);
    for (unsigned i = 0; i < 20; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        fleet_submit(f, leader_of(f), true, text);
        fleet_run(f, 50);
    }
    settles(f, 5, 3);
    fleet_run(f, 10000);
    fleet_kill(f, old);
    fleet_disk_restore(f, old);
    fleet_start(f, old);
    fleet_run(f, 300);
    assert_true(role_of(f, old) < GROUP_VOTER);
    settles(f, 30, 3);
    assert_int_equal(fleet_lines(f, old), 20);
    fleet_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            of_two_groups_that_meet_the_one_with_more_voters_survives_with_all_of_both),
        cmocka_unit_test(joining_without_carrying_over_would_lose_commands),
        cmocka_unit_test(groups_of_the_same_size_that_meet_do_not_dissolve_into_each_other),
        cmocka_unit_test(a_client_takes_over_when_the_only_voter_is_gone_for_good),
        cmocka_unit_test(a_takeover_is_refused_where_another_host_is_further),
        cmocka_unit_test(two_takeovers_at_once_end_in_one_group),
        cmocka_unit_test(a_voter_whose_disk_was_lost_comes_back_under_another_id),
        cmocka_unit_test(a_voter_with_a_restored_backup_comes_back_under_another_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
