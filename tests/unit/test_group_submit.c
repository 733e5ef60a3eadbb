// link: ppnet
// with: fleet fleet_disk fleet_lines
/* Commands on their way, clients that follow, disks that are slow or full. */
#include "net/group_priv.h"
#include "tests/unit/group_bench.h"

static void a_kept_command_survives_a_kill_and_arrives(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(2, 2);
    settles(f, 30, 1);
    unsigned client = 1 - leader_of(f);
    fleet_isolate(f, client, true);
    fleet_submit(f, client, true, "kept");
    fleet_submit(f, client, false, "fleeting");
    fleet_run(f, 50);
    assert_int_equal(fleet_told_kept(f, client), 1);
    fleet_kill(f, client);
    fleet_heal(f);
    fleet_start(f, client);
    settles(f, 10, 1);
    char line[32];
    snprintf(line, sizeof line, "h%u kept", client);
    assert_true(all_have(f, line));
    assert_int_equal(fleet_lines(f, client), 1);
    assert_int_equal(fleet_told_own(f, client), 1);
    fleet_free(f);
}

static void a_command_that_is_not_kept_is_given_up_after_ten_seconds(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(2, 2);
    settles(f, 30, 1);
    unsigned client = 1 - leader_of(f);
    fleet_isolate(f, client, true);
    fleet_submit(f, client, false, "fleeting");
    fleet_submit(f, client, true, "kept");
    fleet_run(f, 9000);
    assert_int_equal(fleet_told_refused(f, client), 0);
    fleet_run(f, 2000);
    assert_int_equal(fleet_told_refused(f, client), 1);
    assert_int_equal(status_of(f, client).waiting, 1);
    fleet_free(f);
}

static void commands_arrive_in_order_over_links_that_come_and_go(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(4, 4);
    settles(f, 60, 3);
    unsigned client = some(f, GROUP_CLIENT, 99);
    for (unsigned i = 0; i < 200; i++) {
        char text[16];
        snprintf(text, sizeof text, "%03u", i);
        fleet_submit(f, client, true, text);
        if (i % 10 == 0) {
            fleet_flap(f, client, (unsigned)fleet_random(f, 4));
        }
        fleet_run(f, 20);
    }
    settles(f, 30, 3);
    assert_int_equal(fleet_lines(f, client), 200);
    for (unsigned i = 0; i < 200; i++) {
        char line[32];
        snprintf(line, sizeof line, "h%u %03u", client, i);
        assert_string_equal(fleet_line(f, client, i), line);
    }
    fleet_free(f);
}

static void a_client_reaches_the_leader_through_a_voter(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(4, 4);
    settles(f, 60, 3);
    unsigned client = some(f, GROUP_CLIENT, 99);
    fleet_cut(f, client, leader_of(f), true);
    fleet_run(f, 2000);
    fleet_submit(f, client, true, "over there");
    settles(f, 10, 3);
    char line[32];
    snprintf(line, sizeof line, "h%u over there", client);
    assert_true(all_have(f, line));
    fleet_free(f);
}

static void a_command_that_reaches_a_new_leader_before_it_is_ready_is_taken(void **state)
{
    (void)state;
    struct fleet *f =
        fleet_new(&(struct fleet_options){.seed = 7, .heartbeat_ms = 50, .election_ms = 300});
    for (unsigned i = 0; i < 3; i++) {
        fleet_add(f);
        fleet_start(f, i);
    }
    settles(f, 60, 3);
    unsigned killed = leader_of(f);
    fleet_kill(f, killed);
    for (unsigned i = 0; i < 3; i++) {
        if (i != killed) {
            fleet_submit(f, i, false, "at once");
        }
    }
    fleet_run(f, 3000);
    for (unsigned i = 0; i < 3; i++) {
        char line[32];
        snprintf(line, sizeof line, "h%u at once", i);
        assert_true(i == killed || all_have(f, line));
    }
    fleet_free(f);
}

static void commands_that_come_together_are_written_together(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(1, 1);
    settles(f, 30, 1);
    const struct group *g = fleet_group(f, 0);
    uint64_t writes = g->ticket;
    for (unsigned i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "%03u", i);
        fleet_submit(f, 0, false, text);
    }
    fleet_run(f, 100);
    assert_int_equal(fleet_lines(f, 0), 100);
    assert_in_range(g->ticket - writes, 1, 10);
    fleet_free(f);
}

static void a_new_client_gets_everything_in_pieces(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(4, 3);
    char text[250];
    settles(f, 60, 3);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    for (unsigned i = 0; i < 1200; i++) {
        char number[8];
        snprintf(number, sizeof number, "%05u", i);
        memcpy(text, number, 5);
        fleet_submit(f, leader_of(f), false, text);
        fleet_run(f, i % 50 == 0 ? 30 : 0);
    }
    settles(f, 30, 3);
    fleet_start(f, 3);
    fleet_run(f, 1000);
    settles(f, 10, 3);
    assert_int_equal(fleet_lines(f, 3), 1200);
    fleet_free(f);
}

static void a_client_that_is_too_far_behind_gets_everything_anew(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(2, 2);
    settles(f, 30, 1);
    unsigned client = 1 - leader_of(f);
    unsigned dumps = fleet_dumps(f, client);
    fleet_cut(f, 0, 1, true);
    for (unsigned i = 0; i < 3000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        fleet_submit(f, 1 - client, false, text);
        fleet_run(f, i % 100 == 0 ? 150 : 0);
    }
    fleet_run(f, 1000);
    fleet_cut(f, 0, 1, false);
    settles(f, 10, 1);
    assert_int_equal(fleet_lines(f, client), 3000);
    assert_int_equal(fleet_dumps(f, client), dumps + 1);
    fleet_free(f);
}

static void a_client_moves_on_from_a_voter_that_is_cut_off_from_the_others(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(6, 6);
    settles(f, 60, 3);
    unsigned leader = leader_of(f);
    for (unsigned v = 0; v < 6; v++) {
        if (role_of(f, v) != GROUP_VOTER) {
            continue;
        }
        for (unsigned i = 0; i < 6; i++) {
            if (i != v && role_of(f, i) >= GROUP_VOTER) {
                fleet_cut(f, v, i, true);
            }
        }
        break;
    }
    fleet_run(f, 15000);
    fleet_submit(f, leader, true, "news");
    fleet_run(f, 20000);
    char line[32];
    snprintf(line, sizeof line, "h%u news", leader);
    unsigned with = 0;
    for (unsigned i = 0; i < 6; i++) {
        with += fleet_has(f, i, line);
    }
    assert_true(with >= 5);
    fleet_free(f);
}

static void a_leader_whose_disk_is_full_hands_over(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(3, 3);
    settles(f, 60, 3);
    unsigned full = leader_of(f);
    fleet_disk_full(f, full, true);
    fleet_submit(f, full, true, "stuck");
    fleet_run(f, 12000);
    assert_true(leader_of(f) != full);
    assert_true(status_of(f, full).disk_full);
    assert_string_not_equal(status_of(f, full).problem, "");
    fleet_submit(f, leader_of(f), true, "goes on");
    fleet_run(f, 1000);
    char line[32];
    snprintf(line, sizeof line, "h%u goes on", leader_of(f));
    assert_true(fleet_has(f, leader_of(f), line));
    assert_int_equal(fleet_told_kept(f, full), 0);
    fleet_disk_full(f, full, false);
    settles(f, 20, 3);
    assert_int_equal(fleet_told_kept(f, full), 1);
    assert_int_equal(fleet_lines(f, full), 2);
    fleet_free(f);
}

static void slow_disks_make_it_slow_and_nothing_else(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(3, 3);
    settles(f, 60, 3);
    unsigned leader = leader_of(f);
    for (unsigned i = 0; i < 3; i++) {
        fleet_disk_ms(f, i, 300);
    }
    for (unsigned i = 0; i < 50; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        fleet_submit(f, i % 3, true, text);
        fleet_run(f, 50);
    }
    settles(f, 20, 3);
    assert_int_equal(leader_of(f), leader);
    assert_int_equal(fleet_lines(f, 0), 50);
    fleet_free(f);
}

static bool is_empty(struct fleet *f, void *c)
{
    const unsigned *host = c;
    return status_of(f, *host).waiting == 0;
}

static void a_command_takes_milliseconds_however_long_nothing_happened(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(4, 4);
    settles(f, 60, 3);
    for (unsigned i = 0; i < 20; i++) {
        unsigned host = i % 4;
        fleet_run(f, 700 * i);
        uint64_t before = fleet_now(f);
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        fleet_submit(f, host, true, text);
        assert_true(fleet_until(f, 5000, is_empty, &host));
        assert_true(fleet_now(f) - before <= 40);
    }
    fleet_free(f);
}

/* fleet_broken() looks at every entry's time. */
static void time_in_the_log_never_goes_back(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(3, 3);
    settles(f, 60, 3);
    fleet_clock(f, leader_of(f), 3600000);
    fleet_submit(f, 0, true, "late");
    settles(f, 5, 3);
    fleet_kill(f, leader_of(f));
    fleet_run(f, 15000);
    fleet_submit(f, leader_of(f), true, "early");
    settles(f, 10, 0);
    assert_int_equal(fleet_lines(f, leader_of(f)), 2);
    fleet_free(f);
}

static void commands_that_are_too_large_or_too_many_are_refused(void **state)
{
    (void)state;
    struct err e;
    struct fleet *f = fleet_of(1, 1);
    static uint8_t big[GROUP_COMMAND_MAX + 1];
    assert_int_equal(group_submit(fleet_group(f, 0), fleet_now(f), true, big, sizeof big, &e), 0);
    assert_int_equal(e.code, PP_ETOOBIG);
    for (unsigned i = 0; i < GROUP_OUTBOX_MAX; i++) {
        assert_true(group_submit(fleet_group(f, 0), fleet_now(f), true, big, 10, &e) != 0);
    }
    assert_int_equal(group_submit(fleet_group(f, 0), fleet_now(f), true, big, 10, &e), 0);
    assert_int_equal(e.code, PP_ELIMIT);
    fleet_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_command_survives_a_kill_and_arrives),
        cmocka_unit_test(a_command_that_is_not_kept_is_given_up_after_ten_seconds),
        cmocka_unit_test(commands_arrive_in_order_over_links_that_come_and_go),
        cmocka_unit_test(a_client_reaches_the_leader_through_a_voter),
        cmocka_unit_test(a_command_that_reaches_a_new_leader_before_it_is_ready_is_taken),
        cmocka_unit_test(commands_that_come_together_are_written_together),
        cmocka_unit_test(a_new_client_gets_everything_in_pieces),
        cmocka_unit_test(a_client_that_is_too_far_behind_gets_everything_anew),
        cmocka_unit_test(a_client_moves_on_from_a_voter_that_is_cut_off_from_the_others),
        cmocka_unit_test(a_leader_whose_disk_is_full_hands_over),
        cmocka_unit_test(slow_disks_make_it_slow_and_nothing_else),
        cmocka_unit_test(a_command_takes_milliseconds_however_long_nothing_happened),
        cmocka_unit_test(time_in_the_log_never_goes_back),
        cmocka_unit_test(commands_that_are_too_large_or_too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
