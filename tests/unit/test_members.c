// link: ppnet
/* Who votes: what a leader does next, by what it sees. */
#include "net/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MAX 16

struct table {
    struct members_host at[MAX];
    struct members_view view;
};

/* One host per letter: L the leader (us), V a voter, R a learner that is ready, r one that is not,
 * C a client; in order of age, the oldest first. */
static void lay(struct table *t, const char *letters, bool fixed)
{
    memset(t, 0, sizeof *t);
    for (size_t i = 0; letters[i] != '\0'; i++) {
        struct members_host *h = &t->at[i];
        char c = letters[i];
        h->peer.key[0] = (uint8_t)(i + 1);
        h->id = i + 1;
        h->self = c == 'L';
        h->role = c == 'L' || c == 'V' ? REPLICA_VOTER : c == 'C' ? REPLICA_NONE : REPLICA_LEARNER;
        h->linked = true;
        h->caught_up = c != 'r';
        h->trusted = fixed;
        h->up_ms = 100000 - 1000 * i;
        t->view.count++;
    }
    t->view.at = t->at;
    t->view.fixed = fixed;
    t->view.retire_ms = 60000;
}

static void expect(struct table *t, enum members_act act, size_t host)
{
    struct members_step s = members_next(&t->view);
    assert_int_equal(s.act, act);
    if (act != MEMBERS_STAY) {
        assert_int_equal(s.host->id, host + 1);
    }
}

static void one_of_two_three_of_six_five_of_more(void **state)
{
    static const size_t wanted[] = {1, 1, 1, 3, 3, 3, 3, 5, 5, 5};
    (void)state;
    for (size_t n = 0; n < 10; n++) {
        assert_int_equal(members_wanted(n), wanted[n]);
    }
}

static void what_is_done_next(void **state)
{
    static const struct {
        const char *hosts;
        enum members_act act;
        size_t host;
    } cases[] = {
        {"L", MEMBERS_STAY, 0},
        {"LC", MEMBERS_STAY, 0},
        {"LCC", MEMBERS_ADD, 1},
        {"LRC", MEMBERS_ADD, 2},
        {"LrR", MEMBERS_STAY, 0}, /* two together, or none */
        {"LRR", MEMBERS_PROMOTE, 1},
        {"LVR", MEMBERS_PROMOTE, 2},
        {"LVV", MEMBERS_STAY, 0},
        {"LV", MEMBERS_DEMOTE, 1},
        {"LR", MEMBERS_REMOVE, 1},
        {"LVVCCC", MEMBERS_STAY, 0},
        {"LVVCCCC", MEMBERS_ADD, 3},
        {"LVVRRCC", MEMBERS_PROMOTE, 3},
        {"LVVVRCC", MEMBERS_PROMOTE, 4},
        {"LVVVVC", MEMBERS_DEMOTE, 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct table t;
        lay(&t, cases[i].hosts, false);
        expect(&t, cases[i].act, cases[i].host);
    }
}

static void who_is_silent_for_long_loses_its_vote_while_a_quorum_is_left(void **state)
{
    (void)state;
    struct table t;
    lay(&t, "LVVC", false);
    t.at[1].linked = false;
    t.at[1].silent_ms = 59000;
    expect(&t, MEMBERS_STAY, 0);
    t.at[1].silent_ms = 61000;
    expect(&t, MEMBERS_DEMOTE, 1);
    t.at[2].linked = false;
    t.at[2].silent_ms = 61000;
    expect(&t, MEMBERS_STAY, 0); /* nothing can be decided */
    t.at[1].role = REPLICA_LEARNER;
    t.at[2].linked = true;
    t.at[2].silent_ms = 0;
    expect(&t, MEMBERS_REMOVE, 1);
}

static void an_id_that_nobody_has_any_more_loses_its_vote_at_once(void **state)
{
    (void)state;
    struct table t;
    lay(&t, "LVVC", false);
    t.at[2].gone = true;
    expect(&t, MEMBERS_DEMOTE, 2);
    lay(&t, "LVV", true);
    t.at[2].gone = true;
    expect(&t, MEMBERS_DEMOTE, 2);
}

static void a_leader_that_leaves_hands_over_first(void **state)
{
    (void)state;
    struct table t;
    lay(&t, "LVV", false);
    t.at[0].leaving = true;
    t.at[1].full = true;
    expect(&t, MEMBERS_TRANSFER, 2);
    lay(&t, "LCC", false);
    t.at[0].leaving = true;
    expect(&t, MEMBERS_ADD, 1);
    lay(&t, "LRC", false);
    t.at[0].leaving = true;
    expect(&t, MEMBERS_PROMOTE, 1);
    assert_false(members_nobody_else(&t.view));
    t.at[1].leaving = t.at[2].leaving = true;
    assert_true(members_nobody_else(&t.view));
}

static void on_a_wan_the_trusted_vote_whoever_is_away(void **state)
{
    (void)state;
    struct table t;
    lay(&t, "LVVC", true);
    t.at[3].trusted = false;
    t.at[1].linked = false;
    t.at[1].silent_ms = 10000000;
    expect(&t, MEMBERS_STAY, 0);
    t.at[3].trusted = true;
    expect(&t, MEMBERS_ADD, 3);
    t.at[2].trusted = false;
    t.at[1].linked = true;
    t.at[1].silent_ms = 0;
    expect(&t, MEMBERS_DEMOTE, 2);
    lay(&t, "LVV", true);
    t.at[0].trusted = false;
    expect(&t, MEMBERS_TRANSFER, 1);
}

static void who_has_a_full_disk_or_has_just_come_is_not_chosen(void **state)
{
    (void)state;
    struct table t;
    lay(&t, "LCCC", false);
    t.at[1].full = true;
    t.at[2].up_ms = 100;
    expect(&t, MEMBERS_ADD, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_two_three_of_six_five_of_more),
        cmocka_unit_test(what_is_done_next),
        cmocka_unit_test(who_is_silent_for_long_loses_its_vote_while_a_quorum_is_left),
        cmocka_unit_test(an_id_that_nobody_has_any_more_loses_its_vote_at_once),
        cmocka_unit_test(a_leader_that_leaves_hands_over_first),
        cmocka_unit_test(on_a_wan_the_trusted_vote_whoever_is_away),
        cmocka_unit_test(who_has_a_full_disk_or_has_just_come_is_not_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
