// link: ppapp
// with: fake_net
/* Network queues: several jobs in one process, fed by one log. */
#include "tests/unit/fleet_bench.h"

static const char *const run_ids[] = {"01890a5d-ac96-774b-bcce-b302099a8051",
    "01890a5d-ac96-774b-bcce-b302099a8052", "01890a5d-ac96-774b-bcce-b302099a8053"};

static struct queue_command of_run(
    const struct fleet *f, size_t i, enum queue_verb verb, const char *job, int run)
{
    struct queue_command c = of_printer(f, i, verb, job);
    snprintf(c.run, sizeof c.run, "%s", run_ids[run]);
    c.success = verb == QUEUE_FINISH;
    return c;
}

/* ---- tests --------------------------------------------------------------------------------------
 */

static void a_job_is_submitted_claimed_begun_and_finished_everywhere(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 1, id);
    for (size_t i = 0; i < HOSTS; i++) {
        assert_non_null(queue_find(lan(f, i), id));
    }
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_string_equal(queue_find(lan(f, 2), id)->claims[0].printer, f->net->host[1].printer);
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_string_equal(queue_find(lan(f, 0), id)->claims[0].run, run_ids[0]);
    c = of_run(f, 1, QUEUE_FINISH, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(queue_count(lan(f, 0)), 0);
    assert_int_equal(queue_archive_count(lan(f, 2)), 1);
    check_equal(f);
}

static void of_two_who_claim_one_has_it(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 1, id);
    struct queue_command a = of_printer(f, 0, QUEUE_CLAIM, id);
    struct queue_command b = of_printer(f, 1, QUEUE_CLAIM, id);
    tell(f, 0, &a);
    tell(f, 1, &b);
    settle(f);
    assert_int_equal(f->told[0].result.err.code, 0);
    assert_int_equal(f->told[1].result.err.code, PP_EBUSY);
    check_equal(f);
}

static void what_a_print_comes_to_is_told_once_it_is_on_this_disk(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 2, id);
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    tell(f, 1, &c);
    assert_int_equal(f->told[1].count, 0);
    fake_net_keep(f->net, 1); /* with nobody to agree */
    turn(f);
    assert_int_equal(f->told[1].count, 1);
    assert_int_equal(f->told[1].result.err.code, 0);
    assert_string_equal(queue_find(lan(f, 1), id)->claims[0].run, run_ids[0]);
    assert_string_equal(queue_find(lan(f, 0), id)->claims[0].run, "");
    c = of_run(f, 1, QUEUE_FINISH, id, 0);
    tell(f, 1, &c);
    fake_net_keep(f->net, 1);
    turn(f);
    assert_int_equal(f->told[1].count, 1);
    assert_int_equal(queue_find(lan(f, 1), id)->sets[0].remaining, 1);
    assert_int_equal(queue_find(lan(f, 0), id)->sets[0].remaining, 2);
    settle(f);
    assert_int_equal(queue_find(lan(f, 0), id)->sets[0].remaining, 1);
    check_equal(f);
}

static void nothing_begins_that_is_not_claimed(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 1, id);
    struct queue_command c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    tell(f, 1, &c);
    assert_int_equal(f->told[1].count, 1);
    assert_int_equal(f->told[1].result.err.code, PP_ESTATE);
    c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    f->net->host[1].may_begin = false;
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    tell(f, 1, &c);
    assert_int_equal(f->told[1].result.err.code, PP_EOFFLINE);
    assert_null(f->net->host[1].words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLEET_TEST(a_job_is_submitted_claimed_begun_and_finished_everywhere),
        FLEET_TEST(of_two_who_claim_one_has_it),
        FLEET_TEST(what_a_print_comes_to_is_told_once_it_is_on_this_disk),
        FLEET_TEST(nothing_begins_that_is_not_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
