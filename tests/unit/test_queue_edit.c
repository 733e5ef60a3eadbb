/* What people may change of a job, when, and what is refused with which words. */
#include "queue_bench.h"

static void assert_refused(const struct bench *b, int code, const char *field, const char *words)
{
    assert_int_equal(b->result.err.code, code);
    assert_string_equal(b->result.err.field, field);
    if (strstr(b->result.err.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", b->result.err.text, words);
    }
}

static int edit_count(struct bench *b, const char *name, unsigned mask, int32_t value)
{
    struct queue_job *spec = edit_of(b, name);
    spec->count = value;
    spec->remaining = value;
    return edit(b, name, mask, spec);
}

static void counts_that_cannot_be_are_refused_with_the_limit(void **state)
{
    (void)state;
    static const int32_t bad[] = {0, -1, INT32_MIN, 1000000, 1000000000};
    char value[32];
    struct bench b = bench_open();
    submit(&b, "job", "A1", 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(value, sizeof value, "count %d", bad[i]);
        assert_int_equal(edit_count(&b, "job", QUEUE_F_COUNT, bad[i]), -PP_EINVAL);
        assert_refused(&b, PP_EINVAL, "count", value);
        assert_refused(&b, PP_EINVAL, "count", "1 to 999999");
        assert_int_equal(edit_count(&b, "job", QUEUE_F_REMAINING, bad[i]), -PP_EINVAL);
        assert_refused(&b, PP_EINVAL, "remaining", "1 to 999999");
        struct queue_job *spec = edit_of(&b, "job");
        spec->sets[0].count = bad[i];
        assert_int_equal(edit(&b, "job", QUEUE_F_SETS, spec), -PP_EINVAL);
        assert_refused(&b, PP_EINVAL, "sets[0].count", value);
        spec = new_spec("new", "A1", bad[i]);
        assert_int_equal(submit_spec(&b, spec, NULL), -PP_EINVAL);
        assert_refused(&b, PP_EINVAL, "count", value);
    }
    assert_int_equal(job_of(&b, "job")->count, 1);
    assert_int_equal(job_of(&b, "job")->revision, 0);
    bench_close(&b);
}

static void the_largest_count_is_fine(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct queue_job *spec = new_spec("job", "A999999", QUEUE_COUNT_MAX);
    assert_int_equal(submit_spec(&b, spec, NULL), 0);
    const struct queue_job *job = job_of(&b, "job");
    assert_true(queue_set_pending(job, &job->sets[0]) == INT64_C(999999) * 999999);
    bench_close(&b);
}

static void words_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct bench b = bench_open();
    for (int i = 0; i < 9; i++) {
        struct queue_job *s = new_spec("job", "A1 B1", 1);
        struct queue_set *set = &s->sets[1];
        char **text[] = {&s->name, &s->name, &s->note, &set->path, &set->path, &set->sha256,
            &set->materials[3], &set->metadata, &s->submitter};
        static const char *const field[] = {"name", "name", "note", "sets[1].path", "sets[1].path",
            "sets[1].sha256", "sets[1].materials", "sets[1].metadata", "submitter"};
        free(*text[i]);
        *text[i] = mem_array(5000, 1);
        memset(*text[i], 'x', i == 0 ? 201 : i == 6 ? 97 : i == 7 ? 4097 : i == 8 ? 97 : 5);
        if (i == 1 || i == 4) {
            (*text[i])[2] = '\n';
        } else if (i == 2) {
            (*text[i])[2] = '\xff';
        } else if (i == 3) {
            (*text[i])[0] = '\0';
        }
        assert_int_equal(submit_spec(&b, s, NULL), -PP_EINVAL);
        assert_refused(&b, PP_EINVAL, field[i], "must");
    }
    assert_int_equal(queue_count(b.q), 0);
    bench_close(&b);
}

static void ids_that_are_none_or_twice_are_refused(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct queue_job *spec = new_spec("job", "A1 B1", 1);
    snprintf(spec->id, sizeof spec->id, "../../etc/passwd");
    assert_int_equal(submit_spec(&b, spec, NULL), -PP_EINVAL);
    assert_refused(&b, PP_EINVAL, "id", "36 characters");
    spec = new_spec("job", "A1 B1", 1);
    memcpy(spec->sets[1].id, spec->sets[0].id, ID_SIZE);
    assert_int_equal(submit_spec(&b, spec, NULL), -PP_EINVAL);
    assert_refused(&b, PP_EINVAL, "sets[1].id", "sets[0] too");
    spec = new_spec("job", "A1 B1", 1);
    spec->sets[1].id[0] = '\0';
    assert_int_equal(submit_spec(&b, spec, NULL), -PP_EINVAL);
    spec = new_spec("job", "A1 B1", 1);
    spec->id[0] = '\0';
    assert_int_equal(submit_spec(&b, spec, NULL), -PP_EINVAL);
    bench_close(&b);
}

static void more_sets_or_profiles_than_the_limit_are_refused(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct queue_job *spec = new_spec("job", "", 1);
    for (int i = 0; i < QUEUE_SETS_MAX + 1; i++) {
        char id[16];
        struct queue_set *set = queue_job_add_set(spec);
        snprintf(id, sizeof id, "set %d", i);
        put_id(set->id, id);
        set->path = mem_strdup("a.gcode");
    }
    assert_int_equal(submit_spec(&b, spec, NULL), -PP_EINVAL);
    assert_refused(&b, PP_EINVAL, "sets", "201 sets: must be at most 200");
    spec = new_spec("job", "A1", 1);
    spec->sets[0].profiles = mem_array(QUEUE_PROFILES_MAX + 2, sizeof(char *));
    for (int i = 0; i < QUEUE_PROFILES_MAX + 1; i++) {
        spec->sets[0].profiles[i] = mem_strdup("p");
    }
    assert_int_equal(submit_spec(&b, spec, NULL), -PP_EINVAL);
    assert_refused(&b, PP_EINVAL, "sets[0].profiles", "at most 32");
    bench_close(&b);
}

static void an_edit_of_a_stale_revision_is_refused_and_says_by_whom(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 1);
    struct queue_job *spec = edit_of(&b, "job");
    struct queue_command c = command(&b, QUEUE_EDIT, "job");
    snprintf(c.actor, sizeof c.actor, "anna");
    c.mask = QUEUE_F_COUNT;
    c.revision = 0;
    c.spec = spec;
    spec->count = 7;
    assert_int_equal(apply(&b, &c), 0);
    snprintf(c.actor, sizeof c.actor, "bob");
    spec->count = 8;
    assert_int_equal(apply(&b, &c), -PP_ESTATE);
    assert_refused(&b, PP_ESTATE, "revision", "changed by anna since revision 0");
    assert_int_equal(job_of(&b, "job")->count, 7);
    c.revision = 1;
    assert_int_equal(apply(&b, &c), 0);
    assert_int_equal(job_of(&b, "job")->revision, 2);
    assert_string_equal(job_of(&b, "job")->changed_by, "bob");
    queue_job_free(spec);
    bench_close(&b);
}

static void counting_a_print_is_no_edit(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A2", 1);
    begin_next(&b);
    finish(&b, true);
    assert_int_equal(job_of(&b, "job")->revision, 0);
    bench_close(&b);
}

static void a_changed_count_keeps_what_is_done_done(void **state)
{
    (void)state;
    char out[16];
    struct bench b = bench_open();
    submit(&b, "job", "A1", 5);
    print_all(&b, 2, out);
    assert_int_equal(edit_count(&b, "job", QUEUE_F_COUNT, 8), 0);
    assert_int_equal(job_of(&b, "job")->remaining, 6);
    assert_int_equal(edit_count(&b, "job", QUEUE_F_COUNT, 3), 0);
    assert_int_equal(job_of(&b, "job")->remaining, 1);
    assert_int_equal(edit_count(&b, "job", QUEUE_F_COUNT, 2), -PP_EINVAL);
    assert_refused(&b, PP_EINVAL, "count", "2 are done already, so it must be at least 3");
    bench_close(&b);
}

static void more_remaining_than_the_count_raises_the_count(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 5);
    assert_int_equal(edit_count(&b, "job", QUEUE_F_REMAINING, 3), 0);
    assert_int_equal(job_of(&b, "job")->count, 5);
    assert_int_equal(edit_count(&b, "job", QUEUE_F_REMAINING, 9), 0);
    assert_int_equal(job_of(&b, "job")->count, 9);
    assert_int_equal(job_of(&b, "job")->remaining, 9);
    struct queue_job *spec = edit_of(&b, "job");
    spec->count = 4;
    spec->remaining = 2;
    assert_int_equal(edit(&b, "job", QUEUE_F_COUNT | QUEUE_F_REMAINING, spec), 0);
    assert_int_equal(job_of(&b, "job")->count, 4);
    assert_int_equal(job_of(&b, "job")->remaining, 2);
    bench_close(&b);
}

static void a_set_s_changed_count_is_what_remains_of_it(void **state)
{
    (void)state;
    char out[16];
    struct bench b = bench_open();
    submit(&b, "job", "A5 B2", 1);
    print_all(&b, 2, out);
    struct queue_job *spec = edit_of(&b, "job");
    spec->sets[0].count = 7;     /* its remaining is as it was */
    spec->sets[1].remaining = 9; /* one-off extras */
    spec->sets[0].completed = 99;
    assert_int_equal(edit(&b, "job", QUEUE_F_SETS, spec), 0);
    const struct queue_job *job = job_of(&b, "job");
    assert_int_equal(job->sets[0].remaining, 7);
    assert_int_equal(job->sets[0].completed, 2);
    assert_int_equal(job->sets[1].remaining, 9);
    assert_int_equal(job->sets[1].count, 2);
    bench_close(&b);
}

/* A save that was begun before a print ended does not take that print back. */
static void what_an_edit_does_not_give_stays_as_it_is_by_then(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A5", 1);
    struct queue_job *spec = edit_of(&b, "job");
    spec->sets[0].remaining = -1;
    free(spec->sets[0].path);
    spec->sets[0].path = mem_strdup("better.gcode");
    begin_next(&b);
    finish(&b, true);
    assert_int_equal(edit(&b, "job", QUEUE_F_SETS, spec), 0);
    assert_int_equal(job_of(&b, "job")->sets[0].remaining, 4);
    assert_string_equal(job_of(&b, "job")->sets[0].path, "better.gcode");
    bench_close(&b);
}

static void sets_are_reordered_added_and_removed(void **state)
{
    (void)state;
    char out[32];
    struct bench b = bench_open();
    submit(&b, "job", "A1 B1 C1", 2);
    print_all(&b, 1, out);
    struct queue_job *spec = new_spec("job", "D2 C1 A1", 1);
    assert_int_equal(edit(&b, "job", QUEUE_F_SETS, spec), 0);
    assert_int_equal(job_of(&b, "job")->sets[2].completed, 1);
    assert_int_equal(job_of(&b, "job")->count, 2);
    spec = edit_of(&b, "job");
    spec->sets[2].remaining = 0;
    edit(&b, "job", QUEUE_F_SETS, spec);
    assert_string_equal(print_all(&b, 31, out), "DDCDDCA");
    bench_close(&b);
}

static void only_the_fields_named_are_changed(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 1);
    struct queue_job *spec = new_spec("other", "B1", 9);
    spec->note = mem_strdup("mind the brim");
    spec->draft = spec->share = spec->repeat = spec->moving = true;
    assert_int_equal(edit(&b, "job", QUEUE_F_NOTE, spec), 0);
    const struct queue_job *job = job_of(&b, "job");
    assert_string_equal(job->note, "mind the brim");
    assert_string_equal(job->name, "job");
    assert_int_equal(job->count, 1);
    assert_true(!job->draft && !job->share && !job->repeat && !job->moving);
    spec = new_spec("other", "B1", 9);
    assert_int_equal(edit(&b, "job", 0, spec), -PP_EINVAL);
    spec = new_spec("other", "B1", 9);
    assert_int_equal(edit(&b, "job", 1 << 12, spec), -PP_EINVAL);
    bench_close(&b);
}

static void a_job_may_be_edited_while_it_is_printed_and_the_print_counts(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A3 B1", 1);
    begin_next(&b);
    struct queue_job *spec = edit_of(&b, "job");
    spec->sets[0].count = 2;
    spec->draft = true;
    assert_int_equal(edit(&b, "job", QUEUE_F_SETS | QUEUE_F_DRAFT, spec), 0);
    assert_int_equal(finish(&b, true), 0);
    assert_int_equal(job_of(&b, "job")->sets[0].completed, 1);
    assert_int_equal(job_of(&b, "job")->sets[0].remaining, 1);
    bench_close(&b);
}

static void a_print_of_a_set_that_was_removed_meanwhile_counts_nowhere(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1 B2", 1);
    begin_next(&b);
    assert_int_equal(edit(&b, "job", QUEUE_F_SETS, new_spec("job", "B2", 1)), 0);
    assert_int_equal(finish(&b, true), 0);
    assert_false(b.result.copy_done);
    const struct queue_job *job = job_of(&b, "job");
    assert_int_equal(job->sets_count, 1);
    assert_int_equal(job->sets[0].completed, 0);
    assert_int_equal(job->claims[0].run[0], 0);
    bench_close(&b);
}

static void what_is_printed_is_not_removed_reset_or_moved(void **state)
{
    (void)state;
    static const enum queue_verb verbs[] = {QUEUE_ARCHIVE, QUEUE_RESET, QUEUE_TAKE, QUEUE_MOVE};
    struct bench b = bench_open();
    submit(&b, "first", "A1", 1);
    submit(&b, "second", "A1", 1);
    begin_next(&b);
    assert_int_equal(act(&b, QUEUE_ARCHIVE, "first"), -PP_EBUSY);
    assert_refused(
        &b, PP_EBUSY, "", "job \"first\": \"one\" has been printing it for less than a minute");
    b.now_ms += 7 * 60000;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        assert_int_equal(act(&b, verbs[i], "first"), -PP_EBUSY);
        assert_refused(&b, PP_EBUSY, "", "job \"first\": \"one\" has been printing it for 7 min");
    }
    struct queue_job *spec = edit_of(&b, "first");
    spec->moving = true;
    assert_int_equal(edit(&b, "first", QUEUE_F_MOVING, spec), -PP_EBUSY);
    assert_int_equal(move_after(&b, "second", ""), 0); /* others may */
    finish(&b, false);
    assert_int_equal(act(&b, QUEUE_ARCHIVE, "first"), 0);
    assert_int_equal(job_of(&b, "first")->claims_count, 0);
    bench_close(&b);
}

static void what_is_archived_is_not_edited(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 1);
    act(&b, QUEUE_ARCHIVE, "job");
    assert_int_equal(edit_count(&b, "job", QUEUE_F_COUNT, 3), -PP_ESTATE);
    assert_refused(&b, PP_ESTATE, "", "restore it first");
    assert_int_equal(act(&b, QUEUE_RESET, "job"), -PP_ESTATE);
    assert_int_equal(act(&b, QUEUE_MOVE, "job"), -PP_ESTATE);
    assert_int_equal(act(&b, QUEUE_CLAIM, "job"), -PP_ESTATE);
    assert_null(next_work(&b).job);
    bench_close(&b);
}

static void a_job_on_its_way_to_another_queue_is_not_edited(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1", 1);
    struct queue_job *spec = edit_of(&b, "job");
    spec->moving = true;
    assert_int_equal(edit(&b, "job", QUEUE_F_MOVING, spec), 0);
    assert_int_equal(edit_count(&b, "job", QUEUE_F_COUNT, 3), -PP_ESTATE);
    assert_int_equal(edit(&b, "job", QUEUE_F_MOVING, new_spec("job", "A1", 1)), 0);
    assert_int_equal(edit_count(&b, "job", QUEUE_F_COUNT, 3), 0);
    bench_close(&b);
}

static int submit_moving(struct bench *b, const char *name, const char *origin)
{
    struct queue_job *spec = new_spec(name, "A1", 1);
    struct queue_command c = command(b, QUEUE_SUBMIT, name);
    spec->moving = true;
    c.mask = QUEUE_F_MOVING;
    c.spec = spec;
    snprintf(c.origin, sizeof c.origin, "%s", origin);
    int rc = apply(b, &c);
    queue_job_free(spec);
    return rc;
}

static void a_job_that_is_to_go_on_to_another_queue_is_held_from_the_start(void **state)
{
    (void)state;
    struct bench b = bench_open();
    assert_int_equal(submit_moving(&b, "guest", ""), 0);
    assert_true(job_of(&b, "guest")->moving);
    assert_null(next_work(&b).job);
    assert_int_equal(submit_moving(&b, "foreign", "12D3KooWsomebody"), 0);
    assert_false(job_of(&b, "foreign")->moving); /* of another host's word it is not */
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_that_cannot_be_are_refused_with_the_limit),
        cmocka_unit_test(the_largest_count_is_fine),
        cmocka_unit_test(words_that_cannot_be_are_refused),
        cmocka_unit_test(ids_that_are_none_or_twice_are_refused),
        cmocka_unit_test(more_sets_or_profiles_than_the_limit_are_refused),
        cmocka_unit_test(an_edit_of_a_stale_revision_is_refused_and_says_by_whom),
        cmocka_unit_test(counting_a_print_is_no_edit),
        cmocka_unit_test(a_changed_count_keeps_what_is_done_done),
        cmocka_unit_test(more_remaining_than_the_count_raises_the_count),
        cmocka_unit_test(a_set_s_changed_count_is_what_remains_of_it),
        cmocka_unit_test(what_an_edit_does_not_give_stays_as_it_is_by_then),
        cmocka_unit_test(sets_are_reordered_added_and_removed),
        cmocka_unit_test(only_the_fields_named_are_changed),
        cmocka_unit_test(a_job_may_be_edited_while_it_is_printed_and_the_print_counts),
        cmocka_unit_test(a_print_of_a_set_that_was_removed_meanwhile_counts_nowhere),
        cmocka_unit_test(what_is_printed_is_not_removed_reset_or_moved),
        cmocka_unit_test(what_is_archived_is_not_edited),
        cmocka_unit_test(a_job_that_is_to_go_on_to_another_queue_is_held_from_the_start),
        cmocka_unit_test(a_job_on_its_way_to_another_queue_is_not_edited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
