// link: ppnet
// with: fleet fleet_disk fleet_lines
/* What must not be lost where two ways cross: a log ahead of its rows, a command behind a lost one.
 */
#include "net/group_priv.h"
#include "tests/unit/group_bench.h"

/* The rows of an entry are written later than the entry, and nobody else has it yet. */
static void what_is_in_the_log_but_not_in_the_rows_is_carried_over(void **state)
{
    (void)state;
    struct err e = {0};
    char line[32];
    struct fleet *f = fleet_of(2, 2);
    settles(f, 30, 1);
    unsigned voter = leader_of(f);
    unsigned client = 1 - voter;
    fleet_isolate(f, client, true);
    fleet_run(f, 1000);
    fleet_disk_ms(f, voter, 20);
    fleet_submit(f, voter, false, "late");
    snprintf(line, sizeof line, "h%u late", voter);
    for (unsigned ms = 0; ms < 50 && !fleet_has(f, voter, line); ms++) {
        fleet_run(f, 1);
    }
    assert_true(fleet_has(f, voter, line));
    fleet_kill(f, voter);
    fleet_run(f, 40000);
    assert_int_equal(group_takeover(fleet_group(f, client), fleet_now(f), &e), 0);
    fleet_run(f, 5000);
    fleet_heal(f);
    fleet_disk_ms(f, voter, 2000); /* the other group is there before its own is led again */
    fleet_start(f, voter);
    settles(f, 60, 1);
    assert_true(all_have(f, line));
    fleet_free(f);
}

/* Later ones are not taken before it; if they put off its repeat, nothing would ever come. */
static void a_lost_command_is_repeated_although_others_follow_it(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(2, 2);
    settles(f, 30, 1);
    unsigned voter = leader_of(f);
    unsigned client = 1 - voter;
    struct group *g = fleet_group(f, client);
    fleet_submit(f, client, true, "first");
    g->items_sent = 1; /* as if it had gone out, and was lost */
    g->items_sent_ms = fleet_now(f);
    for (unsigned i = 0; i < 20; i++) {
        char text[8];
        snprintf(text, sizeof text, "n%02u", i);
        fleet_submit(f, client, true, text);
        fleet_run(f, 500);
    }
    settles(f, 2, 1);
    assert_int_equal(fleet_lines(f, voter), 21);
    fleet_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_the_log_but_not_in_the_rows_is_carried_over),
        cmocka_unit_test(a_lost_command_is_repeated_although_others_follow_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
