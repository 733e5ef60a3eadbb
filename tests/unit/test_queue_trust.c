/* Who may do what in a queue that anybody can join. */
#include "host/core/queue_trust.h"
#include "tests/unit/queue_bench.h"

static const struct queue_trust open_wan = {.open_wan = true};
static const struct queue_trust keyed = {.open_wan = false};

/* As the log says it; `host` is the peer id. */
static struct queue_command from(
    const char *host, bool trusted, enum queue_verb verb, const char *job)
{
    struct queue_command c = {.verb = verb, .revision = -1, .now_ms = 1000, .trusted = trusted};
    snprintf(c.origin, sizeof c.origin, "%s", host);
    snprintf(c.profile, sizeof c.profile, "mk3");
    if (job[0] != '\0') {
        put_id(c.job, job);
    }
    snprintf(c.printer, sizeof c.printer, "printer@%s", host);
    return c;
}

static int give_as(
    struct queue *q, const struct queue_trust *t, struct queue_command *c, char *text)
{
    struct queue_result r = {.job = ""};
    struct err e = {0};
    queue_trust_trim(t, c);
    if (queue_trust_check(q, t, c, &e) != 0) {
        snprintf(text, sizeof e.text, "%s", e.text);
        return e.code;
    }
    queue_apply(q, c, &r);
    queue_settle(q);
    snprintf(text, sizeof r.err.text, "%s", r.err.text);
    return r.err.code;
}

static int submit_as(
    struct queue *q, const char *host, bool trusted, const char *name, int64_t size_bytes)
{
    char text[256];
    struct queue_command c = from(host, trusted, QUEUE_SUBMIT, name);
    c.spec = new_spec(name, "A2@mk3", 1);
    c.spec->sets[0].size_bytes = size_bytes;
    int code = give_as(q, &open_wan, &c, text);
    queue_job_free(c.spec);
    return code;
}

static int verb_as(
    struct queue *q, const char *host, bool trusted, enum queue_verb verb, const char *job)
{
    char text[256];
    struct queue_command c = from(host, trusted, verb, job);
    return give_as(q, &open_wan, &c, text);
}

static void a_job_is_changed_by_who_sent_it_in_or_a_trusted_host(void **state)
{
    static const enum queue_verb verbs[] = {
        QUEUE_MOVE, QUEUE_RESET, QUEUE_ARCHIVE, QUEUE_RESTORE, QUEUE_ARCHIVE, QUEUE_PURGE};
    (void)state;
    struct queue *q = queue_new("world");
    char text[256];
    for (int trusted = 0; trusted < 2; trusted++) {
        assert_int_equal(submit_as(q, "eve", false, "J", 10), 0);
        assert_int_equal(submit_as(q, "eve", false, "K", 10), trusted == 0 ? 0 : PP_EEXIST);
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
            struct queue_command c = from("mallory", false, verbs[i], "J");
            assert_int_equal(give_as(q, &open_wan, &c, text), PP_EPERM);
            assert_string_equal(text,
                "job \"J\": in this queue only the host that sent it in, or a "
                "trusted one, may change it");
            assert_int_equal(verb_as(q, trusted ? "tina" : "eve", trusted != 0, verbs[i], "J"), 0);
        }
        assert_null(queue_find(q, qid("J")));
    }
    assert_int_equal(verb_as(q, "mallory", false, QUEUE_TAKE, "K"), PP_EPERM);
    assert_int_equal(verb_as(q, "mallory", false, QUEUE_TAKE, "none"), PP_ENOTFOUND);
    assert_int_equal(verb_as(q, "eve", false, QUEUE_TAKE, "K"), 0);
    queue_free(q);
}

static void who_sent_a_job_is_the_logs_word(void **state)
{
    (void)state;
    struct queue *q = queue_new("world");
    char text[256];
    struct queue_command c = from("eve", false, QUEUE_SUBMIT, "J");
    c.spec = new_spec("J", "A2@mk3", 1);
    c.spec->origin = mem_strdup("tina");
    c.spec->trusted = true;
    assert_int_equal(give_as(q, &open_wan, &c, text), 0);
    queue_job_free(c.spec);
    assert_string_equal(queue_find(q, qid("J"))->origin, "eve");
    assert_false(queue_find(q, qid("J"))->trusted);
    assert_int_equal(submit_as(q, "tina", true, "T", 1), 0);
    assert_true(queue_find(q, qid("T"))->trusted);
    queue_free(q);
}

static void a_host_has_a_hundred_open_jobs_and_no_more(void **state)
{
    (void)state;
    struct queue *q = queue_new("world");
    char name[16];
    for (int i = 0; i < QUEUE_TRUST_JOBS; i++) {
        snprintf(name, sizeof name, "J%d", i);
        assert_int_equal(submit_as(q, "eve", false, name, 1), 0);
    }
    assert_int_equal(submit_as(q, "eve", false, "more", 1), PP_ELIMIT);
    assert_int_equal(submit_as(q, "mallory", false, "other", 1), 0);
    assert_int_equal(verb_as(q, "eve", false, QUEUE_ARCHIVE, "J7"), 0);
    assert_int_equal(submit_as(q, "eve", false, "more", 1), 0);
    for (int i = 0; i < QUEUE_TRUST_JOBS + 5; i++) { /* a trusted one may */
        snprintf(name, sizeof name, "T%d", i);
        assert_int_equal(submit_as(q, "tina", true, name, 1), 0);
    }
    queue_free(q);
}

static void a_host_has_two_gibibytes_to_print_and_no_more(void **state)
{
    (void)state;
    struct queue *q = queue_new("world");
    assert_int_equal(submit_as(q, "eve", false, "big", INT64_C(2) << 30), 0);
    assert_int_equal(submit_as(q, "eve", false, "small", 1), PP_ELIMIT);
    assert_int_equal(submit_as(q, "eve", false, "huge", INT64_MAX / 4), PP_ELIMIT);
    char text[256];
    struct queue_command c = from("eve", false, QUEUE_EDIT, "big"); /* nor by an edit */
    c.mask = QUEUE_F_SETS;
    c.spec = new_spec("big", "A2@mk3 B1@mk3", 1);
    c.spec->sets[0].size_bytes = INT64_C(1) << 30;
    c.spec->sets[1].size_bytes = (INT64_C(1) << 30) + 1;
    assert_int_equal(give_as(q, &open_wan, &c, text), PP_ELIMIT);
    c.spec->sets[1].size_bytes = INT64_C(1) << 30;
    assert_int_equal(give_as(q, &open_wan, &c, text), 0);
    queue_job_free(c.spec);
    queue_free(q);
}

static void a_host_claims_one_job_and_one_ahead_for_its_own_printer(void **state)
{
    (void)state;
    struct queue *q = queue_new("world");
    char text[256];
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "J%d", i);
        submit_as(q, "tina", true, name, 1);
    }
    assert_int_equal(verb_as(q, "eve", false, QUEUE_CLAIM, "J0"), 0);
    assert_int_equal(verb_as(q, "eve", false, QUEUE_CLAIM, "J1"), 0);
    assert_int_equal(verb_as(q, "eve", false, QUEUE_CLAIM, "J1"), 0); /* again is fine */
    assert_int_equal(verb_as(q, "eve", false, QUEUE_CLAIM, "J2"), PP_ELIMIT);
    struct queue_command c = from("mallory", false, QUEUE_CLAIM, "J2");
    snprintf(c.printer, sizeof c.printer, "printer@eve");
    assert_int_equal(give_as(q, &open_wan, &c, text), PP_EPERM);
    assert_string_equal(text, "printer \"printer@eve\": a host speaks for its own printer alone, "
                              "which is called NAME@mallory");
    c.verb = QUEUE_RELEASE; /* of eve's */
    put_id(c.job, "J0");
    assert_int_equal(give_as(q, &open_wan, &c, text), PP_EPERM);
    snprintf(c.origin, sizeof c.origin, "tina");
    c.trusted = true; /* who is silent loses it by a trusted host's word */
    assert_int_equal(give_as(q, &open_wan, &c, text), 0);
    assert_int_equal(verb_as(q, "eve", false, QUEUE_CLAIM, "J2"), 0);
    queue_free(q);
}

static void nobody_ends_the_print_of_another(void **state)
{
    (void)state;
    struct queue *q = queue_new("world");
    char text[256];
    submit_as(q, "tina", true, "J", 1);
    assert_int_equal(verb_as(q, "eve", false, QUEUE_CLAIM, "J"), 0);
    struct queue_command c = from("eve", false, QUEUE_BEGIN, "J");
    put_id(c.run, "run");
    put_id(c.set, "J/A");
    assert_int_equal(give_as(q, &open_wan, &c, text), 0);
    struct queue_command end = from("mallory", false, QUEUE_FINISH, "J");
    put_id(end.run, "run");
    end.success = true;
    assert_int_equal(give_as(q, &open_wan, &end, text), PP_EPERM);
    end.job[0] = '\0';
    assert_int_equal(give_as(q, &open_wan, &end, text), PP_EPERM);
    c.verb = QUEUE_FINISH;
    c.success = true;
    assert_int_equal(give_as(q, &open_wan, &c, text), 0);
    assert_int_equal(queue_find(q, qid("J"))->sets[0].completed, 1);
    queue_free(q);
}

static void a_stranger_carries_over_no_claims_of_others(void **state)
{
    (void)state;
    for (int trusted = 0; trusted < 2; trusted++) {
        struct queue *q = queue_new("world");
        char text[256];
        struct queue_command c = from("eve", trusted != 0, QUEUE_SUBMIT, "J");
        c.mask = QUEUE_F_STATE;
        c.spec = new_spec("J", "A2@mk3", 1);
        queue_claim_add(c.spec, "printer@bob", 5);
        assert_int_equal(give_as(q, &open_wan, &c, text), 0);
        assert_int_equal(queue_find(q, qid("J"))->claims_count, trusted);
        queue_job_free(c.spec);
        queue_free(q);
    }
}

static void where_all_have_the_key_all_may_do_everything(void **state)
{
    (void)state;
    struct queue *q = queue_new("lab");
    char text[256];
    struct queue_command c = from("eve", true, QUEUE_SUBMIT, "J");
    c.spec = new_spec("J", "A2@mk3", 1);
    c.spec->sets[0].size_bytes = INT64_C(1) << 40;
    assert_int_equal(give_as(q, &keyed, &c, text), 0);
    queue_job_free(c.spec);
    c = from("bob", true, QUEUE_ARCHIVE, "J");
    assert_int_equal(give_as(q, &keyed, &c, text), 0);
    queue_free(q);
}

/* Moved elsewhere it would be printed there too. */
static void a_job_that_another_has_claimed_is_not_taken(void **state)
{
    (void)state;
    struct queue *q = queue_new("lab");
    char text[256];
    submit_as(q, "eve", true, "J", 1);
    assert_int_equal(verb_as(q, "bob", true, QUEUE_CLAIM, "J"), 0);
    struct queue_command c = from("eve", true, QUEUE_TAKE, "J");
    assert_int_equal(give_as(q, &keyed, &c, text), PP_EBUSY);
    assert_string_equal(text, "job \"J\": claimed by \"printer@bob\", which may be printing it "
                              "without being able to say so");
    c = from("bob", true, QUEUE_TAKE, "J");
    assert_int_equal(give_as(q, &keyed, &c, text), 0);
    queue_free(q);
}

static int edit_as(struct queue *q, const struct queue_trust *t, const char *host, bool trusted,
    const struct queue_job *spec, char *text)
{
    struct queue_command c = from(host, trusted, QUEUE_EDIT, "J");
    c.mask = QUEUE_F_SETS;
    c.spec = queue_job_copy(spec);
    int code = give_as(q, t, &c, text);
    queue_job_free(c.spec);
    return code;
}

/* A person's word for a host is about what that host sent in. */
static void what_a_job_prints_is_changed_by_who_sent_it_in_alone_where_nobody_is_known(void **state)
{
    (void)state;
    struct queue *q = queue_new("open");
    char text[256];
    struct queue_command c = from("eve", false, QUEUE_SUBMIT, "J");
    c.spec = new_spec("J", "A2@mk3 B1@mk3", 1);
    c.spec->sets[0].sha256 = mem_printf("%064d", 1);
    c.spec->sets[1].sha256 = mem_printf("%064d", 2);
    assert_int_equal(give_as(q, &keyed, &c, text), 0);
    struct queue_job *spec = queue_job_copy(c.spec);
    spec->sets[0].sha256[0] = 'f'; /* other content under the same name */
    assert_int_equal(edit_as(q, &keyed, "mallory", false, spec, text), PP_EPERM);
    assert_string_equal(text,
        "job \"J\": in this queue only the host that sent it in changes what it prints; others "
        "how often");
    spec->sets[0].sha256[0] = '0';
    free(spec->sets[0].profiles[0]);
    spec->sets[0].profiles[0] = mem_strdup("mini"); /* for a printer it was not made for */
    assert_int_equal(edit_as(q, &keyed, "mallory", false, spec, text), PP_EPERM);
    queue_job_free(spec);
    spec = queue_job_copy(c.spec);
    free(spec->sets[0].sha256);
    spec->sets[0].sha256 = NULL; /* whatever has that name */
    assert_int_equal(edit_as(q, &keyed, "mallory", false, spec, text), PP_EPERM);
    assert_int_equal(edit_as(q, &keyed, "eve", false, spec, text), 0);
    assert_int_equal(edit_as(q, &keyed, "eve", false, c.spec, text), 0);
    queue_job_free(spec);
    spec = queue_job_copy(c.spec);
    spec->sets[0].count = spec->sets[0].remaining = 5;
    assert_int_equal(edit_as(q, &keyed, "mallory", false, spec, text), 0);
    assert_int_equal(queue_find(q, qid("J"))->sets[0].count, 5);
    spec->sets[1].sha256[0] = 'f';
    assert_int_equal(edit_as(q, &keyed, "tina", true, spec, text), 0); /* has the key */
    queue_job_free(spec);
    queue_job_free(c.spec);
    queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_changed_by_who_sent_it_in_or_a_trusted_host),
        cmocka_unit_test(who_sent_a_job_is_the_logs_word),
        cmocka_unit_test(a_host_has_a_hundred_open_jobs_and_no_more),
        cmocka_unit_test(a_host_has_two_gibibytes_to_print_and_no_more),
        cmocka_unit_test(a_host_claims_one_job_and_one_ahead_for_its_own_printer),
        cmocka_unit_test(nobody_ends_the_print_of_another),
        cmocka_unit_test(a_stranger_carries_over_no_claims_of_others),
        cmocka_unit_test(where_all_have_the_key_all_may_do_everything),
        cmocka_unit_test(a_job_that_another_has_claimed_is_not_taken),
        cmocka_unit_test(
            what_a_job_prints_is_changed_by_who_sent_it_in_alone_where_nobody_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
