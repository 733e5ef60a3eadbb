// link: ppnet
// with: fleet fleet_disk fleet_lines
/* Groups: found, join, lead, leave. */
#include "tests/lib/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool agrees(struct fleet *f, void *c)
{
    const size_t *voters = c;
    size_t n = fleet_role_count(f, GROUP_VOTER) + fleet_role_count(f, GROUP_LEADER);
    return fleet_agrees(f) && (*voters == 0 || n == *voters);
}

/* All that run come to agree within so many seconds, with that many voters (0 = any). */
static void settles(struct fleet *f, unsigned seconds, size_t voters)
{
    bool ok = fleet_until(f, seconds * 1000, agrees, &voters);
    if (!ok || fleet_broken(f) != NULL) {
        for (unsigned i = 0; i < fleet_count(f); i++) {
            struct group_status s;
            if (fleet_group(f, i) != NULL) {
                group_status(fleet_group(f, i), &s);
                print_message("host %u: %s epoch %02x/%llx applied %llu waiting %zu voters %zu/%zu "
                              "leader %d %s\n",
                    i, group_role_name(s.role), s.epoch.id[0], (unsigned long long)s.epoch.number,
                    (unsigned long long)s.applied, s.waiting, s.voters_linked, s.voters,
                    s.has_leader ? (int)fleet_host_of(f, &s.leader) : -1, s.problem);
            }
        }
    }
    if (fleet_broken(f) != NULL) {
        fail_msg("%s", fleet_broken(f));
    }
    assert_true(ok);
}

static struct fleet *fleet_of(unsigned hosts, unsigned running)
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

static enum group_role role_of(struct fleet *f, unsigned host)
{
    struct group_status s;
    group_status(fleet_group(f, host), &s);
    return s.role;
}

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
    fleet_free(f);
}

static void the_third_host_makes_it_three_voters(void **state)
{
    (void)state;
    struct fleet *f = fleet_of(3, 3);
    settles(f, 30, 3);
    fleet_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_that_finds_nobody_founds_after_ten_seconds),
        cmocka_unit_test(the_second_host_joins_as_a_client_and_sees_all),
        cmocka_unit_test(the_third_host_makes_it_three_voters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
