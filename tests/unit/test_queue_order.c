/* What is printed in which order, and what each print counts. */
#include "queue_bench.h"

#define SMALL 64

static void sets_are_printed_in_order_each_count_times(void **state)
{
    (void)state;
    char out[SMALL];
    struct bench b = bench_open();
    submit(&b, "batch", "A5 B5", 1);
    assert_string_equal(print_all(&b, SMALL - 1, out), "AAAAABBBBB");
    bench_close(&b);
}

static void the_whole_list_is_repeated_count_times(void **state)
{
    (void)state;
    char out[SMALL];
    struct bench b = bench_open();
    submit(&b, "interleaved", "A1 B1", 5);
    assert_string_equal(print_all(&b, SMALL - 1, out), "ABABABABAB");
    submit(&b, "both", "A1 B3", 2);
    assert_string_equal(print_all(&b, SMALL - 1, out), "ABBBABBB");
    bench_close(&b);
}

static void a_finished_job_lies_in_the_archive(void **state)
{
    (void)state;
    char out[512];
    struct bench b = bench_open();
    submit(&b, "job", "A1", 2);
    begin_next(&b);
    finish(&b, true);
    assert_true(b.result.copy_done && !b.result.job_done);
    begin_next(&b);
    finish(&b, true);
    assert_true(b.result.copy_done && b.result.job_done);
    assert_string_equal(b.result.job, qid("job"));
    assert_string_equal(names(&b, false, out), "");
    assert_string_equal(names(&b, true, out), "job");
    const struct queue_job *job = job_of(&b, "job");
    assert_true(job->finished && job->archived_ms > 0);
    assert_int_equal(job->remaining, 0);
    assert_int_equal(job->count, 2);
    bench_close(&b);
}

static void a_job_that_repeats_begins_anew(void **state)
{
    (void)state;
    char out[SMALL];
    struct bench b = bench_open();
    struct queue_job *spec = new_spec("for ever", "A1 B1", 2);
    spec->repeat = true;
    submit_spec(&b, spec, NULL);
    assert_string_equal(print_all(&b, 10, out), "ABABABABAB");
    assert_int_equal(queue_archive_count(b.q), 0);
    spec = edit_of(&b, "for ever");
    spec->repeat = false;
    edit(&b, "for ever", QUEUE_F_REPEAT, spec);
    assert_string_equal(print_all(&b, SMALL - 1, out), "AB");
    assert_int_equal(queue_archive_count(b.q), 1);
    bench_close(&b);
}

static void a_print_that_failed_is_printed_again(void **state)
{
    (void)state;
    char out[SMALL];
    struct bench b = bench_open();
    submit(&b, "job", "A2 B1", 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(begin_next(&b), 'A');
        assert_int_equal(finish(&b, false), 0);
        assert_false(b.result.copy_done);
    }
    assert_int_equal(job_of(&b, "job")->sets[0].remaining, 2);
    assert_int_equal(job_of(&b, "job")->sets[0].completed, 0);
    assert_string_equal(print_all(&b, SMALL - 1, out), "AAB");
    bench_close(&b);
}

static void the_end_of_an_unknown_print_is_nothing(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A2", 1);
    begin_next(&b);
    assert_int_equal(finish(&b, true), 0);
    assert_int_equal(finish(&b, true), 0); /* the same again */
    assert_string_equal(b.result.job, "");
    assert_int_equal(job_of(&b, "job")->sets[0].completed, 1);
    bench_close(&b);
}

/* (set.remaining, job.remaining) before, and after one more print of the set. */
static void the_table_of_counts_holds(void **state)
{
    (void)state;
    static const struct {
        int32_t set, job, set_after, job_after;
    } rows[] = {{1, 1, 0, 0}, {2, 1, 1, 1}, {1, 2, 1, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b = bench_open();
        struct queue_job *spec = new_spec("job", "A1", 2);
        spec->remaining = rows[i].job;
        spec->sets[0].remaining = rows[i].set;
        submit_spec(&b, spec, NULL);
        assert_int_equal(begin_next(&b), 'A');
        finish(&b, true);
        assert_int_equal(job_of(&b, "job")->sets[0].remaining, rows[i].set_after);
        assert_int_equal(job_of(&b, "job")->remaining, rows[i].job_after);
        bench_close(&b);
    }
}

/* (0, 1) and (0, 2): nothing of this copy is left. */
static void a_copy_with_nothing_left_is_passed_over_when_the_next_begins(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct queue_job *spec = new_spec("last", "A1", 1);
    spec->sets[0].remaining = 0;
    submit_spec(&b, spec, NULL);
    assert_null(next_work(&b).job);
    assert_int_equal(begin_set(&b, qid("last"), qid("last/A")), -PP_ESTATE);

    spec = new_spec("more", "A1", 2);
    spec->sets[0].remaining = 0;
    submit_spec(&b, spec, NULL);
    assert_string_equal(next_work(&b).job->name, "more");
    assert_int_equal(job_of(&b, "more")->remaining, 2); /* looking has changed nothing */
    assert_int_equal(begin_next(&b), 'A');
    assert_int_equal(job_of(&b, "more")->remaining, 1);
    assert_int_equal(job_of(&b, "more")->sets[0].remaining, 1);
    finish(&b, true);
    assert_true(job_of(&b, "more")->finished);
    bench_close(&b);
}

static void sets_for_other_printers_are_alternatives(void **state)
{
    (void)state;
    char out[SMALL];
    struct bench b = bench_open();
    submit(&b, "job", "A2@mk3 B3@ender C1", 2);
    assert_string_equal(print_all(&b, SMALL - 1, out), "AACAAC");
    assert_true(job_of(&b, "job")->finished);
    submit(&b, "other", "B3@ender", 2);
    assert_string_equal(print_all(&b, SMALL - 1, out), "");
    assert_int_equal(begin_set(&b, qid("other"), qid("other/B")), -PP_ESTATE);
    assert_false(queue_job_fits(job_of(&b, "other"), "mk3"));
    b.profile = "ender";
    assert_string_equal(print_all(&b, SMALL - 1, out), "BBBBBB");
    bench_close(&b);
}

static void a_printer_without_a_profile_prints_what_any_printer_may(void **state)
{
    (void)state;
    char out[SMALL];
    struct bench b = bench_open();
    b.profile = "";
    submit(&b, "job", "A2@mk3 B1", 1);
    assert_string_equal(print_all(&b, SMALL - 1, out), "B");
    bench_close(&b);
}

static void only_the_set_that_is_next_can_begin(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1 B1", 1);
    assert_int_equal(begin_set(&b, qid("job"), qid("job/B")), -PP_ESTATE);
    assert_int_equal(begin_set(&b, qid("job"), qid("none")), -PP_ENOTFOUND);
    assert_int_equal(begin_set(&b, qid("none"), qid("job/A")), -PP_ENOTFOUND);
    assert_int_equal(begin_set(&b, qid("job"), qid("job/A")), 0);
    bench_close(&b);
}

static void drafts_and_jobs_on_their_way_are_not_offered(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 1);
    for (unsigned f = 0; f < 2; f++) {
        unsigned mask = f == 0 ? QUEUE_F_DRAFT : QUEUE_F_MOVING;
        struct queue_job *spec = edit_of(&b, "job");
        spec->draft = f == 0;
        spec->moving = f == 1;
        assert_int_equal(edit(&b, "job", mask, spec), 0);
        assert_null(next_work(&b).job);
        assert_int_equal(act(&b, QUEUE_CLAIM, "job"), -PP_ESTATE);
        assert_int_equal(begin_set(&b, qid("job"), qid("job/A")), -PP_ESTATE);
        spec = edit_of(&b, "job");
        spec->draft = spec->moving = false;
        assert_int_equal(edit(&b, "job", mask, spec), 0);
    }
    assert_string_equal(next_work(&b).job->name, "job");
    bench_close(&b);
}

static void jobs_are_added_in_front_behind_one_and_at_the_end(void **state)
{
    (void)state;
    char out[512];
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    submit(&b, "b", "A1", 1);
    submit_spec(&b, new_spec("c", "A1", 1), "a");
    submit_spec(&b, new_spec("d", "A1", 1), "-");
    submit_spec(&b, new_spec("e", "A1", 1), "-");
    assert_string_equal(names(&b, false, out), "e d a c b");
    assert_int_equal(submit_spec(&b, new_spec("f", "A1", 1), "none"), -PP_ENOTFOUND);
    bench_close(&b);
}

static void jobs_move_behind_others_and_to_the_front(void **state)
{
    (void)state;
    char out[512];
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    submit(&b, "b", "A1", 1);
    submit(&b, "c", "A1", 1);
    assert_int_equal(move_after(&b, "a", "c"), 0);
    assert_string_equal(names(&b, false, out), "b c a");
    assert_int_equal(move_after(&b, "a", ""), 0);
    assert_string_equal(names(&b, false, out), "a b c");
    assert_int_equal(move_after(&b, "c", "a"), 0);
    assert_string_equal(names(&b, false, out), "a c b");
    assert_int_equal(move_after(&b, "c", "a"), 0);
    assert_string_equal(names(&b, false, out), "a c b");
    assert_int_equal(move_after(&b, "c", "c"), -PP_EINVAL);
    assert_int_equal(move_after(&b, "c", "none"), -PP_ENOTFOUND);
    assert_int_equal(move_after(&b, "none", "c"), -PP_ENOTFOUND);
    assert_string_equal(names(&b, false, out), "a c b");
    bench_close(&b);
}

/* Each goes between the same two: the gap halves until room must be made. */
static void there_is_always_room_between_two_jobs(void **state)
{
    (void)state;
    enum {
        N = 400
    };
    char name[16];
    struct bench b = bench_open();
    submit(&b, "first", "A1", 1);
    submit(&b, "last", "A1", 1);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "job %d", i);
        submit_spec(&b, new_spec(name, "A1", 1), i % 2 == 0 ? "first" : "job 0");
    }
    const struct queue_job *j = queue_first(b.q);
    assert_string_equal(j->name, "first");
    for (int i = N - 2; i >= 0; i -= 2) {
        snprintf(name, sizeof name, "job %d", i);
        j = queue_after(b.q, j);
        assert_string_equal(j->name, name);
    }
    for (int i = N - 1; i > 0; i -= 2) {
        snprintf(name, sizeof name, "job %d", i);
        j = queue_after(b.q, j);
        assert_string_equal(j->name, name);
    }
    assert_string_equal(queue_after(b.q, j)->name, "last");
    bench_close(&b);
}

/* Rows whose ranks leave no room at all, moved about like cards in a plain list. */
static void any_moves_give_the_order_of_a_plain_list(void **state)
{
    (void)state;
    enum {
        N = 60
    };
    int list[N];
    char name[16];
    char after[16];
    uint64_t random = 12345;
    struct bench b = bench_open();
    struct err e;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%d", i);
        struct queue_job *job = new_spec(name, "A1", 1);
        job->rank = i - N / 2;
        assert_int_equal(queue_load_job(b.q, job, &e), 0);
        list[i] = i;
    }
    for (int round = 0; round < 2000; round++) {
        random = random * UINT64_C(6364136223846793005) + 1;
        size_t from = (random >> 33) % N;
        size_t to = round % 3 == 0 ? 0 : round % 3 == 1 ? N / 2 : (random >> 43) % N;
        int card = list[from];
        memmove(&list[from], &list[from + 1], (N - 1 - from) * sizeof *list);
        memmove(&list[to + 1], &list[to], (N - 1 - to) * sizeof *list);
        list[to] = card;
        snprintf(name, sizeof name, "%d", card);
        snprintf(after, sizeof after, "%d", to > 0 ? list[to - 1] : 0);
        assert_int_equal(move_after(&b, name, to > 0 ? after : ""), 0);
        const struct queue_job *j = queue_first(b.q);
        for (int i = 0; i < N; i++, j = queue_after(b.q, j)) {
            snprintf(name, sizeof name, "%d", list[i]);
            assert_string_equal(j->name, name);
        }
        assert_null(j);
    }
    bench_close(&b);
}

/* So that it stays known what somebody wanted first. */
static void what_comes_behind_jobs_put_in_front_is_not_in_front_itself(void **state)
{
    (void)state;
    char out[512];
    struct bench b = bench_open();
    struct err e;
    struct queue_job *first = new_spec("a", "A1", 1);
    assert_int_equal(queue_load_job(b.q, first, &e), 0); /* rank 0: no room before it */
    submit(&b, "b", "A1", 1);
    submit_spec(&b, new_spec("front", "A1", 1), "-");
    for (int i = 0; i < 30; i++) {
        move_after(&b, i % 2 == 0 ? "a" : "b", "front");
        assert_true(job_of(&b, "a")->rank >= 0 && job_of(&b, "b")->rank >= 0);
        assert_true(job_of(&b, "front")->rank < 0);
    }
    assert_string_equal(names(&b, false, out), "front b a");
    submit_spec(&b, new_spec("new front", "A1", 1), "-");
    move_after(&b, "b", "new front"); /* between two of them */
    assert_true(job_of(&b, "b")->rank < 0);
    act(&b, QUEUE_ARCHIVE, "a");
    act(&b, QUEUE_RESTORE, "a"); /* the end, though all are in front */
    assert_true(job_of(&b, "a")->rank >= 0);
    assert_string_equal(names(&b, false, out), "new front b front a");
    bench_close(&b);
}

static void a_name_may_be_there_twice_but_not_an_id(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 1);
    struct queue_job *spec = new_spec("job", "A1", 1);
    put_id(spec->id, "another");
    assert_int_equal(submit_spec(&b, spec, NULL), 0);
    assert_int_equal(submit_spec(&b, new_spec("job", "A1", 1), NULL), -PP_EEXIST);
    bench_close(&b);
}

static void removed_jobs_come_back_with_their_counters(void **state)
{
    (void)state;
    char out[512];
    struct bench b = bench_open();
    submit(&b, "a", "A3 B1", 2);
    submit(&b, "b", "A1", 1);
    begin_next(&b);
    finish(&b, true);
    assert_int_equal(act(&b, QUEUE_ARCHIVE, "a"), 0);
    assert_string_equal(names(&b, false, out), "b");
    assert_int_equal(act(&b, QUEUE_ARCHIVE, "a"), -PP_ESTATE);
    assert_int_equal(act(&b, QUEUE_RESTORE, "a"), 0);
    assert_string_equal(names(&b, false, out), "b a");
    assert_int_equal(job_of(&b, "a")->sets[0].remaining, 2);
    assert_int_equal(job_of(&b, "a")->sets[0].completed, 1);
    assert_int_equal(act(&b, QUEUE_RESTORE, "a"), -PP_ESTATE);
    bench_close(&b);
}

static void a_finished_job_that_is_restored_begins_anew(void **state)
{
    (void)state;
    char out[512];
    struct bench b = bench_open();
    submit(&b, "a", "A1 B1", 2);
    assert_string_equal(print_all(&b, SMALL - 1, out), "ABAB");
    assert_int_equal(act(&b, QUEUE_RESTORE, "a"), 0);
    assert_string_equal(print_all(&b, SMALL - 1, out), "ABAB");
    bench_close(&b);
}

static void a_purged_job_is_gone(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    assert_int_equal(act(&b, QUEUE_PURGE, "a"), -PP_ESTATE);
    act(&b, QUEUE_ARCHIVE, "a");
    assert_int_equal(act(&b, QUEUE_PURGE, "a"), 0);
    assert_null(job_of(&b, "a"));
    assert_int_equal(act(&b, QUEUE_RESTORE, "a"), -PP_ENOTFOUND);
    submit(&b, "a", "A1", 1);
    bench_close(&b);
}

static void a_job_taken_by_another_queue_is_gone(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    assert_int_equal(act(&b, QUEUE_TAKE, "a"), 0);
    assert_null(job_of(&b, "a"));
    assert_int_equal(queue_archive_count(b.q), 0);
    bench_close(&b);
}

static void a_reset_job_begins_from_the_beginning(void **state)
{
    (void)state;
    char out[SMALL];
    struct bench b = bench_open();
    submit(&b, "a", "A2 B1", 2);
    print_all(&b, 4, out);
    assert_int_equal(act(&b, QUEUE_RESET, "a"), 0);
    assert_int_equal(job_of(&b, "a")->remaining, 2);
    assert_string_equal(print_all(&b, SMALL - 1, out), "AABAAB");
    bench_close(&b);
}

static void what_is_pending_counts_every_copy(void **state)
{
    (void)state;
    char out[SMALL];
    struct bench b = bench_open();
    submit(&b, "a", "A3 B1", 4);
    const struct queue_job *a = job_of(&b, "a");
    assert_int_equal(queue_set_pending(a, &a->sets[0]), 12);
    print_all(&b, 5, out);
    a = job_of(&b, "a");
    assert_int_equal(queue_set_pending(a, &a->sets[0]), 8);
    assert_int_equal(queue_set_pending(a, &a->sets[1]), 3);
    print_all(&b, SMALL - 1, out);
    a = job_of(&b, "a");
    assert_int_equal(queue_set_pending(a, &a->sets[0]), 0);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_printed_in_order_each_count_times),
        cmocka_unit_test(the_whole_list_is_repeated_count_times),
        cmocka_unit_test(a_finished_job_lies_in_the_archive),
        cmocka_unit_test(a_job_that_repeats_begins_anew),
        cmocka_unit_test(a_print_that_failed_is_printed_again),
        cmocka_unit_test(the_end_of_an_unknown_print_is_nothing),
        cmocka_unit_test(the_table_of_counts_holds),
        cmocka_unit_test(a_copy_with_nothing_left_is_passed_over_when_the_next_begins),
        cmocka_unit_test(sets_for_other_printers_are_alternatives),
        cmocka_unit_test(a_printer_without_a_profile_prints_what_any_printer_may),
        cmocka_unit_test(only_the_set_that_is_next_can_begin),
        cmocka_unit_test(drafts_and_jobs_on_their_way_are_not_offered),
        cmocka_unit_test(jobs_are_added_in_front_behind_one_and_at_the_end),
        cmocka_unit_test(jobs_move_behind_others_and_to_the_front),
        cmocka_unit_test(there_is_always_room_between_two_jobs),
        cmocka_unit_test(any_moves_give_the_order_of_a_plain_list),
        cmocka_unit_test(what_comes_behind_jobs_put_in_front_is_not_in_front_itself),
        cmocka_unit_test(a_name_may_be_there_twice_but_not_an_id),
        cmocka_unit_test(removed_jobs_come_back_with_their_counters),
        cmocka_unit_test(a_finished_job_that_is_restored_begins_anew),
        cmocka_unit_test(a_purged_job_is_gone),
        cmocka_unit_test(a_job_taken_by_another_queue_is_gone),
        cmocka_unit_test(a_reset_job_begins_from_the_beginning),
        cmocka_unit_test(what_is_pending_counts_every_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
