/* Which work a printer is offered: blocked work, strategies, what goes first. */
#include "queue_bench.h"

/* Files that are missing, by the first letter of their paths. */
static bool has_file(void *context, const struct queue_set *set)
{
    return strchr(context, set->path[0]) == NULL;
}

static struct queue_printer printer(const struct bench *b)
{
    return (struct queue_printer){.name = b->printer,
        .profile = b->profile,
        .loaded = {"PLA_Red"},
        .has_file = has_file,
        .context = (void *)(uintptr_t) ""};
}

static struct queue_next offered(const struct bench *b, const struct queue_printer *p)
{
    struct queue_next n;
    queue_next(b->q, p, false, &n);
    return n;
}

static void assert_offered(const struct queue_next *n, const char *job, enum queue_block block)
{
    assert_non_null(n->job);
    assert_string_equal(n->job->name, job);
    assert_int_equal(n->block, block);
}

static void a_job_whose_material_is_not_loaded_lets_others_go_first(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "petg", "A1%PETG B1%PLA", 1);
    submit(&b, "pla", "A1%PLA", 1);
    struct queue_printer p = printer(&b);
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "pla", QUEUE_READY);
    act(&b, QUEUE_ARCHIVE, "pla");
    n = offered(&b, &p); /* the set is blocked, not passed over */
    assert_offered(&n, "petg", QUEUE_NO_MATERIAL);
    assert_string_equal(n.set->path, "A.gcode");
    assert_int_equal(n.tool, 0);
    bench_close(&b);
}

static const char *next_of(const struct bench *b, const char *name, const char *printer)
{
    const struct queue_set *set = queue_job_next(job_of(b, name), printer, "mk3");
    return set != NULL ? set->path : "";
}

static void what_comes_next_of_a_job_is_told_whatever_is_loaded(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "job", "A1%PETG B1@ender C1@mk3", 2);
    assert_string_equal(next_of(&b, "job", "ada"), "A.gcode");
    struct queue_job *spec = edit_of(&b, "job");
    spec->sets[0].remaining = 0;
    edit(&b, "job", QUEUE_F_SETS, spec);
    assert_string_equal(next_of(&b, "job", "ada"), "C.gcode");
    spec = edit_of(&b, "job");
    spec->sets[2].remaining = 0;
    spec->count = 1;
    edit(&b, "job", QUEUE_F_SETS | QUEUE_F_COUNT, spec);
    assert_string_equal(next_of(&b, "job", "ada"), "");
    act(&b, QUEUE_RESET, "job");
    assert_string_equal(next_of(&b, "job", "ada"), "A.gcode");
    bench_close(&b);
}

static bool is_skipped(void *context, const struct queue_job *job)
{
    (void)context;
    return strcmp(job->name, "no") == 0;
}

static void a_job_that_is_passed_over_is_not_offered_at_all(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "no", "A1%PLA", 1);
    submit(&b, "petg", "A1%PETG", 1);
    struct queue_printer p = printer(&b);
    p.skips = is_skipped;
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "petg", QUEUE_NO_MATERIAL);
    act(&b, QUEUE_ARCHIVE, "petg");
    n = offered(&b, &p);
    assert_null(n.job);
    bench_close(&b);
}

static void materials_do_not_matter_to_who_says_so(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "petg", "A1%PETG", 1);
    submit(&b, "pla", "A1%PLA", 1);
    struct queue_printer p = printer(&b);
    p.any_material = true;
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "petg", QUEUE_READY);
    bench_close(&b);
}

static void the_tool_without_its_material_is_named(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct queue_job *spec = new_spec("two tools", "A1%PLA", 1);
    spec->sets[0].materials[2] = mem_strdup("PVA");
    submit_spec(&b, spec, NULL);
    struct queue_printer p = printer(&b);
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "two tools", QUEUE_NO_MATERIAL);
    assert_int_equal(n.tool, 2);
    p.loaded[2] = "pva_natural";
    n = offered(&b, &p);
    assert_offered(&n, "two tools", QUEUE_READY);
    bench_close(&b);
}

static void a_missing_file_blocks_its_job_alone(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "missing", "M1 A1", 1);
    submit(&b, "there", "A1", 1);
    struct queue_printer p = printer(&b);
    p.context = (void *)(uintptr_t) "M";
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "there", QUEUE_READY);
    act(&b, QUEUE_ARCHIVE, "there");
    n = offered(&b, &p);
    assert_offered(&n, "missing", QUEUE_NO_FILE);
    p.context = (void *)(uintptr_t) "";
    n = offered(&b, &p);
    assert_offered(&n, "missing", QUEUE_READY);
    bench_close(&b);
}

/* A person who loads the filament should not find out then that there is no file. */
static void a_missing_file_is_told_before_a_missing_material(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "both", "M1%PETG", 1);
    struct queue_printer p = printer(&b);
    p.context = (void *)(uintptr_t) "M";
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "both", QUEUE_NO_FILE);
    bench_close(&b);
}

static void blocked_work_is_not_offered_when_nobody_is_to_be_bothered(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "petg", "A1%PETG", 1);
    struct queue_printer p = printer(&b);
    p.no_person = true;
    assert_null(offered(&b, &p).job);
    submit(&b, "pla", "A1%PLA", 1);
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "pla", QUEUE_READY);
    bench_close(&b);
}

static void a_printer_goes_on_with_its_own_claim(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "first", "A1", 1);
    submit(&b, "mine", "A1", 2);
    act(&b, QUEUE_CLAIM, "mine");
    struct queue_printer p = printer(&b);
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "mine", QUEUE_READY);
    p.name = "two";
    n = offered(&b, &p);
    assert_offered(&n, "first", QUEUE_READY);
    bench_close(&b);
}

static void with_preempt_what_is_put_in_front_goes_before_a_claim(void **state)
{
    (void)state;
    static const enum queue_strategy all[] = {
        QUEUE_IN_ORDER, QUEUE_LEAST_CHANGES, QUEUE_OLDEST_FIRST};
    struct bench b = bench_open();
    struct queue_next n;
    submit(&b, "mine", "A1", 2);
    submit(&b, "other", "A1", 1);
    act(&b, QUEUE_CLAIM, "mine");
    submit_spec(&b, new_spec("urgent", "A1", 1), "-");
    submit_spec(&b, new_spec("most urgent", "A1", 1), "-");
    struct queue_printer p = printer(&b);
    for (size_t i = 0; i < 3; i++) {
        p.strategy = all[i];
        queue_next(b.q, &p, true, &n);
        assert_offered(&n, "most urgent", QUEUE_READY);
        queue_next(b.q, &p, false, &n);
        assert_offered(&n, "mine", QUEUE_READY);
    }
    bench_close(&b);
}

static void what_is_first_because_the_rest_is_done_is_not_in_front_of_a_claim(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct queue_next n;
    submit(&b, "gone", "A1", 1);
    submit(&b, "older", "A1", 1);
    submit(&b, "mine", "A1", 2);
    act(&b, QUEUE_ARCHIVE, "gone");
    act(&b, QUEUE_CLAIM, "mine");
    struct queue_printer p = printer(&b);
    p.strategy = QUEUE_LEAST_CHANGES;
    queue_next(b.q, &p, true, &n);
    assert_offered(&n, "mine", QUEUE_READY);
    p.strategy = QUEUE_IN_ORDER; /* there the order people see is the order of printing */
    queue_next(b.q, &p, true, &n);
    assert_offered(&n, "older", QUEUE_READY);
    bench_close(&b);
}

static void oldest_first_goes_by_age(void **state)
{
    (void)state;
    struct bench b = bench_open();
    static const int64_t age[] = {30, 10, 20};
    for (size_t i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", (int)age[i]);
        struct queue_job *spec = new_spec(name, "A1", 1);
        spec->created_ms = age[i];
        submit_spec(&b, spec, NULL);
    }
    struct queue_printer p = printer(&b);
    p.strategy = QUEUE_OLDEST_FIRST;
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "10", QUEUE_READY);
    p.strategy = QUEUE_IN_ORDER;
    n = offered(&b, &p);
    assert_offered(&n, "30", QUEUE_READY);
    bench_close(&b);
}

static void least_changes_asks_for_as_few_spools_as_can_be(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct queue_job *spec = new_spec("two", "A1%PETG", 1);
    spec->sets[0].materials[1] = mem_strdup("PVA");
    submit_spec(&b, spec, NULL);
    submit(&b, "one", "A1%ABS", 1);
    submit(&b, "missing", "M1", 1);
    struct queue_printer p = printer(&b);
    p.context = (void *)(uintptr_t) "M";
    p.strategy = QUEUE_LEAST_CHANGES;
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "one", QUEUE_NO_MATERIAL);
    p.strategy = QUEUE_IN_ORDER;
    n = offered(&b, &p);
    assert_offered(&n, "two", QUEUE_NO_MATERIAL);
    submit(&b, "none", "A1%PLA_Red", 1);
    n = offered(&b, &p);
    assert_offered(&n, "none", QUEUE_READY);
    bench_close(&b);
}

static void many_sets_and_profiles_are_looked_at_too(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "long", "A1@a B1@b C1@c D1@d E1@e F1@f G1@g H1@h I1@mk3", 1);
    struct queue_next n = next_work(&b);
    assert_string_equal(n.set->path, "I.gcode");
    b.profile = "h";
    n = next_work(&b);
    assert_string_equal(n.set->path, "H.gcode");
    b.profile = "z";
    assert_null(next_work(&b).job);
    bench_close(&b);
}

static bool skips(void *context, const struct queue_job *job)
{
    return strchr(context, job->name[0]) != NULL;
}

static void jobs_that_are_skipped_are_passed_over_claimed_or_not(void **state)
{
    (void)state;
    static const char *const expected[] = {"a", "b", "c"};
    struct bench b = bench_open();
    submit(&b, "b", "A1", 1);
    submit(&b, "c", "A1%PETG", 1);
    submit(&b, "a", "A1", 1);
    act(&b, QUEUE_CLAIM, "a");
    struct queue_printer p = printer(&b);
    p.skips = skips;
    p.has_file = NULL;
    for (size_t i = 0; i < 3; i++) {
        p.context = (void *)(uintptr_t)(i == 0 ? "x" : i == 1 ? "a" : "ab");
        struct queue_next n = offered(&b, &p);
        assert_offered(&n, expected[i], i < 2 ? QUEUE_READY : QUEUE_NO_MATERIAL);
    }
    p.context = (void *)(uintptr_t) "abc";
    assert_null(offered(&b, &p).job);
    bench_close(&b);
}

static void materials_do_not_matter_where_they_are_not_known(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "petg", "A1%PETG", 1);
    struct queue_printer p = printer(&b);
    p.any_material = true;
    struct queue_next n = offered(&b, &p);
    assert_offered(&n, "petg", QUEUE_READY);
    bench_close(&b);
}

static void a_loaded_material_does_for_what_it_leaves_open(void **state)
{
    (void)state;
    static const struct {
        const char *wanted, *loaded;
        bool fits;
    } rows[] = {
        {NULL, NULL, true},
        {"", "PLA", true},
        {"PLA", NULL, false},
        {"PLA", "", false},
        {"PLA", "pla", true},
        {"PLA", "PLA_Red_#ff0000", true},
        {"PLA_Red", "PLA_Red_#ff0000", true},
        {"PLA_red", "PLA_RED", true},
        {"PLA_Red", "PLA", false},
        {"PLA_Red", "PLA_Blue", false},
        {"PLA_Red_#FF0000", "PLA_Red_#ff0000", true},
        {"PLA_Red_#ff0000", "PLA_Red", false},
        {"PLA_Red_#ff0000", "PLA_Red_#ff0001", false},
        {"PLA_#ff0000", "PLA_Red_#ff0000", true},
        {"PLA__#ff0000", "PLA_Red_#ff0000", true},
        {"PLA_Light_Blue_#0000ff", "PLA_Light_Blue_#0000ff", true},
        {"PLA_Light", "PLA_Light_Blue", false},
        {"PL", "PLA", false},
        {"PETG", "PLA", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (queue_material_fits(rows[i].wanted, rows[i].loaded) != rows[i].fits) {
            fail_msg("row %zu: \"%s\" for \"%s\"", i, rows[i].loaded, rows[i].wanted);
        }
    }
}

static void strategies_have_names(void **state)
{
    (void)state;
    enum queue_strategy s;
    for (int i = 0; i < 3; i++) {
        assert_true(queue_strategy_parse(queue_strategy_name((enum queue_strategy)i), &s));
        assert_int_equal(s, i);
    }
    assert_true(queue_strategy_parse("oldest-first", &s) && s == QUEUE_OLDEST_FIRST);
    assert_false(queue_strategy_parse("LINEAR", &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_whose_material_is_not_loaded_lets_others_go_first),
        cmocka_unit_test(what_comes_next_of_a_job_is_told_whatever_is_loaded),
        cmocka_unit_test(a_job_that_is_passed_over_is_not_offered_at_all),
        cmocka_unit_test(materials_do_not_matter_to_who_says_so),
        cmocka_unit_test(the_tool_without_its_material_is_named),
        cmocka_unit_test(a_missing_file_blocks_its_job_alone),
        cmocka_unit_test(a_missing_file_is_told_before_a_missing_material),
        cmocka_unit_test(blocked_work_is_not_offered_when_nobody_is_to_be_bothered),
        cmocka_unit_test(a_printer_goes_on_with_its_own_claim),
        cmocka_unit_test(with_preempt_what_is_put_in_front_goes_before_a_claim),
        cmocka_unit_test(what_is_first_because_the_rest_is_done_is_not_in_front_of_a_claim),
        cmocka_unit_test(oldest_first_goes_by_age),
        cmocka_unit_test(least_changes_asks_for_as_few_spools_as_can_be),
        cmocka_unit_test(many_sets_and_profiles_are_looked_at_too),
        cmocka_unit_test(jobs_that_are_skipped_are_passed_over_claimed_or_not),
        cmocka_unit_test(materials_do_not_matter_where_they_are_not_known),
        cmocka_unit_test(a_loaded_material_does_for_what_it_leaves_open),
        cmocka_unit_test(strategies_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
