/* Who may print what: claims of whole jobs, and of single copies of a shared one. */
#include "queue_bench.h"

static void assert_says(const struct bench *b, int code, const char *words)
{
    assert_int_equal(b->result.err.code, code);
    if (strstr(b->result.err.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", b->result.err.text, words);
    }
}

static void submit_shared(struct bench *b, const char *name, const char *sets, int32_t count)
{
    struct queue_job *spec = new_spec(name, sets, count);
    spec->share = true;
    assert_int_equal(submit_spec(b, spec, NULL), 0);
}

static void as(struct bench *b, const char *printer)
{
    b->printer = printer;
}

static void a_claim_keeps_others_away_and_says_who_has_it(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 2);
    assert_int_equal(act(&b, QUEUE_CLAIM, "job"), 0);
    assert_int_equal(act(&b, QUEUE_CLAIM, "job"), 0); /* the same again is fine */
    as(&b, "two");
    b.now_ms += 3 * 60000;
    assert_null(next_work(&b).job);
    assert_int_equal(act(&b, QUEUE_CLAIM, "job"), -PP_EBUSY);
    assert_says(&b, PP_EBUSY, "claimed by \"one\" 3 min ago");
    assert_int_equal(begin_set(&b, qid("job"), qid("job/A")), -PP_EBUSY);
    as(&b, "one");
    assert_int_equal(act(&b, QUEUE_RELEASE, "job"), 0);
    as(&b, "two");
    assert_int_equal(act(&b, QUEUE_CLAIM, "job"), 0);
    bench_close(&b);
}

static void a_claim_covers_every_copy_of_the_job(void **state)
{
    (void)state;
    char out[16];
    struct bench b = bench_open();
    submit(&b, "job", "A1", 4);
    print_all(&b, 2, out);
    as(&b, "two");
    assert_null(next_work(&b).job);
    as(&b, "one");
    assert_string_equal(print_all(&b, 15, out), "AA");
    assert_int_equal(job_of(&b, "job")->claims_count, 0);
    bench_close(&b);
}

/* Its BEGIN may have been on its way while somebody elsewhere held the job. */
static void a_print_of_its_claim_counts_even_if_the_job_was_held_before_that_was_heard(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 2);
    assert_int_equal(act(&b, QUEUE_CLAIM, "job"), 0);
    struct queue_job *held = edit_of(&b, "job");
    held->draft = true;
    assert_int_equal(edit(&b, "job", QUEUE_F_DRAFT, held), 0);
    assert_null(next_work(&b).job);
    as(&b, "two");
    assert_int_equal(begin_set(&b, qid("job"), qid("job/A")), -PP_ESTATE);
    as(&b, "one");
    assert_int_equal(begin_set(&b, qid("job"), qid("job/A")), 0);
    assert_int_equal(finish(&b, true), 0);
    assert_int_equal(job_of(&b, "job")->remaining, 1);
    bench_close(&b);
}

static void a_job_without_a_set_for_a_printer_is_not_claimed_by_it(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1@ender", 1);
    assert_int_equal(act(&b, QUEUE_CLAIM, "job"), -PP_ESTATE);
    assert_says(&b, PP_ESTATE, "no set of it is for profile \"mk3\"");
    bench_close(&b);
}

static void a_claim_is_not_given_back_while_it_is_printed(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 1);
    begin_next(&b);
    assert_int_equal(act(&b, QUEUE_RELEASE, "job"), -PP_EBUSY);
    finish(&b, false);
    assert_int_equal(act(&b, QUEUE_RELEASE, "job"), 0);
    assert_int_equal(act(&b, QUEUE_RELEASE, "job"), 0); /* nothing to give back */
    bench_close(&b);
}

static void one_printer_prints_one_set_of_a_job_at_a_time(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A2", 1);
    begin_next(&b);
    assert_null(next_work(&b).job);
    assert_int_equal(begin_set(&b, qid("job"), qid("job/A")), -PP_EBUSY);
    assert_says(&b, PP_EBUSY, "\"one\" has been printing it");
    bench_close(&b);
}

static void the_same_begin_again_is_fine(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 2);
    struct queue_command c = command(&b, QUEUE_BEGIN, "job");
    put_id(c.set, "job/A");
    put_id(c.run, "run");
    assert_int_equal(apply(&b, &c), 0);
    int64_t since = job_of(&b, "job")->claims[0].run_ms;
    c.now_ms += 5000;
    assert_int_equal(apply(&b, &c), 0);
    assert_int_equal(job_of(&b, "job")->claims[0].run_ms, since);
    bench_close(&b);
}

static void copies_of_a_shared_job_go_to_several_printers(void **state)
{
    (void)state;
    char run[2][ID_SIZE];
    struct bench b = bench_open();
    submit_shared(&b, "job", "A1 B1", 2);
    assert_int_equal(begin_next(&b), 'A');
    memcpy(run[0], b.run, ID_SIZE);
    as(&b, "two");
    assert_int_equal(begin_next(&b), 'A');
    memcpy(run[1], b.run, ID_SIZE);
    as(&b, "three");
    assert_null(next_work(&b).job);
    assert_int_equal(act(&b, QUEUE_CLAIM, "job"), -PP_EBUSY);
    assert_says(&b, PP_EBUSY, "all 2 copies that remain are claimed");
    memcpy(b.run, run[1], ID_SIZE);
    finish(&b, true);
    as(&b, "two");
    assert_int_equal(begin_next(&b), 'B'); /* of its own copy */
    finish(&b, true);
    assert_true(b.result.copy_done && !b.result.job_done);
    assert_null(next_work(&b).job);
    as(&b, "one");
    memcpy(b.run, run[0], ID_SIZE);
    finish(&b, true);
    assert_int_equal(begin_next(&b), 'B');
    finish(&b, true);
    assert_true(b.result.job_done);
    bench_close(&b);
}

static void a_copy_given_back_is_gone_on_with_by_the_next(void **state)
{
    (void)state;
    char out[16];
    struct bench b = bench_open();
    submit_shared(&b, "job", "A2 B1", 2);
    print_all(&b, 1, out);
    assert_int_equal(act(&b, QUEUE_RELEASE, "job"), 0);
    const struct queue_job *job = job_of(&b, "job");
    assert_int_equal(job->claims_count, 1);
    assert_string_equal(job->claims[0].printer, "");
    assert_int_equal(queue_set_pending(job, &job->sets[0]), 3);
    as(&b, "two");
    assert_string_equal(print_all(&b, 15, out), "ABAAB");
    assert_true(job_of(&b, "job")->finished);
    bench_close(&b);
}

static void a_copy_nobody_has_begun_leaves_nothing_behind(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit_shared(&b, "job", "A2 B1", 2);
    act(&b, QUEUE_CLAIM, "job");
    assert_int_equal(act(&b, QUEUE_RELEASE, "job"), 0);
    assert_int_equal(job_of(&b, "job")->claims_count, 0);
    bench_close(&b);
}

static void copies_begun_survive_the_archive(void **state)
{
    (void)state;
    char out[16];
    struct bench b = bench_open();
    submit_shared(&b, "job", "A2 B1", 1);
    print_all(&b, 1, out);
    assert_int_equal(act(&b, QUEUE_ARCHIVE, "job"), 0);
    assert_int_equal(act(&b, QUEUE_RESTORE, "job"), 0);
    assert_string_equal(print_all(&b, 15, out), "AB");
    bench_close(&b);
}

static void sharing_is_turned_on_and_off_in_mid_copy(void **state)
{
    (void)state;
    char out[16];
    struct bench b = bench_open();
    submit(&b, "job", "A2 B1", 2);
    print_all(&b, 1, out);
    struct queue_job *spec = edit_of(&b, "job");
    spec->share = true;
    assert_int_equal(edit(&b, "job", QUEUE_F_SHARE, spec), 0);
    as(&b, "two");
    assert_int_equal(begin_next(&b), 'A');
    assert_int_equal(edit(&b, "job", QUEUE_F_SHARE, new_spec("job", "A2 B1", 2)), -PP_EBUSY);
    assert_says(&b, PP_EBUSY, "2 copies of it are under way");
    finish(&b, false);
    act(&b, QUEUE_RELEASE, "job");
    assert_int_equal(edit(&b, "job", QUEUE_F_SHARE, new_spec("job", "A2 B1", 2)), 0);
    assert_null(next_work(&b).job); /* the first printer's again, as a whole */
    as(&b, "one");
    assert_string_equal(print_all(&b, 15, out), "ABAAB");
    bench_close(&b);
}

static void fewer_copies_than_are_claimed_are_refused(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit_shared(&b, "job", "A1", 3);
    act(&b, QUEUE_CLAIM, "job");
    as(&b, "two");
    act(&b, QUEUE_CLAIM, "job");
    struct queue_job *spec = edit_of(&b, "job");
    spec->remaining = 1;
    assert_int_equal(edit(&b, "job", QUEUE_F_REMAINING, spec), -PP_EBUSY);
    assert_says(&b, PP_EBUSY, "must be at least 2");
    assert_int_equal(job_of(&b, "job")->remaining, 3);
    bench_close(&b);
}

static void a_copy_under_way_goes_on_towards_a_changed_count(void **state)
{
    (void)state;
    char out[16];
    struct bench b = bench_open();
    submit_shared(&b, "job", "A2 B1", 1);
    print_all(&b, 1, out);
    struct queue_job *spec = edit_of(&b, "job");
    spec->sets[0].count = 4;
    assert_int_equal(edit(&b, "job", QUEUE_F_SETS, spec), 0);
    assert_string_equal(print_all(&b, 15, out), "AAAB");
    bench_close(&b);
}

static void a_reset_keeps_claims_and_begins_their_copies_anew(void **state)
{
    (void)state;
    char out[16];
    struct bench b = bench_open();
    submit_shared(&b, "job", "A2 B1", 2);
    print_all(&b, 1, out);
    assert_int_equal(act(&b, QUEUE_RESET, "job"), 0);
    assert_int_equal(job_of(&b, "job")->claims_count, 1);
    assert_string_equal(print_all(&b, 15, out), "AABAAB");
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_keeps_others_away_and_says_who_has_it),
        cmocka_unit_test(a_claim_covers_every_copy_of_the_job),
        cmocka_unit_test(
            a_print_of_its_claim_counts_even_if_the_job_was_held_before_that_was_heard),
        cmocka_unit_test(a_job_without_a_set_for_a_printer_is_not_claimed_by_it),
        cmocka_unit_test(a_claim_is_not_given_back_while_it_is_printed),
        cmocka_unit_test(one_printer_prints_one_set_of_a_job_at_a_time),
        cmocka_unit_test(the_same_begin_again_is_fine),
        cmocka_unit_test(copies_of_a_shared_job_go_to_several_printers),
        cmocka_unit_test(a_copy_given_back_is_gone_on_with_by_the_next),
        cmocka_unit_test(a_copy_nobody_has_begun_leaves_nothing_behind),
        cmocka_unit_test(copies_begun_survive_the_archive),
        cmocka_unit_test(sharing_is_turned_on_and_off_in_mid_copy),
        cmocka_unit_test(fewer_copies_than_are_claimed_are_refused),
        cmocka_unit_test(a_copy_under_way_goes_on_towards_a_changed_count),
        cmocka_unit_test(a_reset_keeps_claims_and_begins_their_copies_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
