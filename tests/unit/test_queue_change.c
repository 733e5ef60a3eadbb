/* Transactions: what has changed, taken back or kept; commands sent twice; rows that come back. */
#include "queue_bench.h"

struct seen {
    char jobs[256]; /* "+name" there, "-" gone */
    char answers[256];
};

static void saw_job(void *context, const char *id, const struct queue_job *job)
{
    struct seen *s = context;
    size_t len = strlen(s->jobs);
    assert_true(job == NULL || strcmp(id, job->id) == 0);
    snprintf(s->jobs + len, sizeof s->jobs - len, "%s%s ", job != NULL ? "+" : "-",
        job != NULL ? job->name : "");
}

static void saw_answer(void *context, const char *client, const struct queue_answer *answer)
{
    struct seen *s = context;
    size_t len = strlen(s->answers);
    snprintf(
        s->answers + len, sizeof s->answers - len, "%s%s ", answer != NULL ? "+" : "-", client);
}

static struct seen changes_of(const struct queue *q)
{
    struct seen s = {0};
    struct queue_sink sink = {saw_job, saw_answer, &s};
    queue_changes(q, &sink);
    return s;
}

/* Without settling. */
static int send(struct bench *b, struct queue_command *c, const char *client, int64_t sequence)
{
    snprintf(c->client, sizeof c->client, "%s", client);
    c->sequence = sequence;
    return queue_apply(b->q, c, &b->result);
}

static void what_changed_is_told_until_it_is_settled(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    submit(&b, "b", "A1", 1);
    struct queue_command c = command(&b, QUEUE_ARCHIVE, "a");
    send(&b, &c, "page", 1);
    struct seen s = changes_of(b.q);
    assert_string_equal(s.jobs, "+a ");
    assert_string_equal(s.answers, "+page ");
    c = command(&b, QUEUE_PURGE, "a");
    send(&b, &c, "page", 2);
    s = changes_of(b.q);
    assert_string_equal(s.jobs, "- ");
    assert_string_equal(s.answers, "+page ");
    queue_settle(b.q);
    s = changes_of(b.q);
    assert_string_equal(s.jobs, "");
    assert_string_equal(s.answers, "");
    bench_close(&b);
}

static void a_command_that_changes_nothing_changes_no_row(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    act(&b, QUEUE_CLAIM, "a");
    struct queue_command c = command(&b, QUEUE_CLAIM, "a");
    send(&b, &c, "", 0);
    c = command(&b, QUEUE_RESTORE, "a");
    assert_int_equal(send(&b, &c, "", 0), -PP_ESTATE);
    assert_string_equal(changes_of(b.q).jobs, "");
    bench_close(&b);
}

static void what_is_undone_was_never_there(void **state)
{
    (void)state;
    char out[512];
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    submit(&b, "b", "A1", 1);
    submit(&b, "c", "A1", 1);
    struct queue_command c = command(&b, QUEUE_MOVE, "c");
    assert_int_equal(send(&b, &c, "page", 1), 0);
    c = command(&b, QUEUE_ARCHIVE, "a");
    assert_int_equal(send(&b, &c, "page", 2), 0);
    c = command(&b, QUEUE_PURGE, "a");
    assert_int_equal(send(&b, &c, "page", 3), 0);
    c = command(&b, QUEUE_SUBMIT, "");
    c.job[0] = '\0';
    c.spec = new_spec("d", "A1", 1);
    assert_int_equal(send(&b, &c, "page", 4), 0);
    assert_string_equal(names(&b, false, out), "c b d");
    queue_undo(b.q);
    assert_string_equal(names(&b, false, out), "a b c");
    assert_null(queue_answer_find(&b.q->answers, "page"));
    assert_int_equal(send(&b, &c, "page", 4), 0); /* so it may be sent again */
    assert_false(b.result.repeated);
    queue_settle(b.q);
    assert_string_equal(names(&b, false, out), "a b c d");
    queue_job_free(c.spec);
    bench_close(&b);
}

static void a_command_sent_twice_gets_its_answer_again(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct queue_command c = command(&b, QUEUE_SUBMIT, "");
    c.job[0] = '\0';
    c.spec = new_spec("a", "A1", 1);
    assert_int_equal(send(&b, &c, "page", 1), 0);
    assert_int_equal(send(&b, &c, "page", 1), 0);
    assert_true(b.result.repeated);
    assert_string_equal(b.result.job, qid("a"));
    assert_int_equal(send(&b, &c, "ctl", 1), -PP_EEXIST); /* another client's own */
    assert_int_equal(send(&b, &c, "ctl", 1), -PP_EEXIST);
    assert_true(b.result.repeated);
    assert_int_equal(queue_count(b.q), 1);
    queue_job_free(c.spec);
    bench_close(&b);
}

static void a_lower_sequence_is_refused(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    struct queue_command c = command(&b, QUEUE_RESET, "a");
    assert_int_equal(send(&b, &c, "page", 7), 0);
    assert_int_equal(send(&b, &c, "page", 6), -PP_ESTATE);
    assert_non_null(strstr(b.result.err.text, "sequence 6 of \"page\": it is at 7 already"));
    assert_int_equal(send(&b, &c, "page", 0), -PP_EINVAL);
    assert_int_equal(send(&b, &c, "page", 7), 0);
    assert_true(b.result.repeated);
    assert_int_equal(job_of(&b, "a")->revision, 1);
    bench_close(&b);
}

static void only_so_many_clients_are_remembered_and_the_oldest_goes(void **state)
{
    (void)state;
    char client[16];
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    for (int i = 0; i <= QUEUE_ANSWERS_MAX; i++) {
        struct queue_command c = command(&b, QUEUE_CLAIM, "a");
        c.now_ms = i == 5 ? 1 : 1000 + i;
        snprintf(client, sizeof client, "c%d", i);
        send(&b, &c, client, 1);
        if (i == QUEUE_ANSWERS_MAX) {
            assert_string_equal(changes_of(b.q).answers, "-c5 +c1024 ");
            assert_null(queue_answer_find(&b.q->answers, "c5"));
            queue_undo(b.q);
            assert_non_null(queue_answer_find(&b.q->answers, "c5"));
            assert_int_equal(send(&b, &c, client, 1), 0);
        }
        queue_settle(b.q);
    }
    assert_int_equal(b.q->answers.count, QUEUE_ANSWERS_MAX);
    assert_null(queue_answer_find(&b.q->answers, "c5"));
    assert_non_null(queue_answer_find(&b.q->answers, "c0"));
    bench_close(&b);
}

static void commands_that_lack_something_are_refused(void **state)
{
    (void)state;
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    for (int v = 0; v < QUEUE_VERBS; v++) {
        struct queue_command c = {.verb = (enum queue_verb)v, .revision = -1};
        assert_int_equal(send(&b, &c, "", 0), -PP_EINVAL);
        assert_non_null(strstr(b.result.err.text, "missing"));
    }
    struct queue_command c = command(&b, QUEUE_CLAIM, "a");
    snprintf(c.printer, sizeof c.printer, "one\ntwo");
    assert_int_equal(send(&b, &c, "", 0), -PP_EINVAL);
    assert_string_equal(b.result.err.field, "printer");
    c = command(&b, QUEUE_BEGIN, "a");
    snprintf(c.run, sizeof c.run, "1");
    assert_int_equal(send(&b, &c, "", 0), -PP_EINVAL);
    c = command(&b, QUEUE_CLAIM, "a");
    assert_int_equal(send(&b, &c, "pa\x01ge", 1), -PP_EINVAL);
    bench_close(&b);
}

static void the_queue_holds_so_many_jobs_and_no_more(void **state)
{
    (void)state;
    struct bench b = bench_open();
    struct err e;
    for (int i = 0; i < QUEUE_JOBS_MAX; i++) {
        struct queue_job *job = queue_job_new();
        snprintf(job->id, sizeof job->id, "00000000-0000-7000-8001-%012x", (unsigned)i);
        job->rank = i * QUEUE_RANK_GAP;
        assert_int_equal(queue_load_job(b.q, job, &e), 0);
    }
    struct queue_command c = command(&b, QUEUE_SUBMIT, "");
    c.job[0] = '\0';
    c.spec = new_spec("one too many", "A1", 1);
    assert_int_equal(send(&b, &c, "", 0), -PP_ELIMIT);
    assert_non_null(strstr(b.result.err.text, "100000 jobs are the limit"));
    struct queue_command archive = command(&b, QUEUE_ARCHIVE, "");
    memcpy(archive.job, queue_first(b.q)->id, ID_SIZE);
    assert_int_equal(send(&b, &archive, "", 0), 0);
    assert_int_equal(send(&b, &c, "", 0), 0);
    archive.verb = QUEUE_RESTORE;
    assert_int_equal(send(&b, &archive, "", 0), -PP_ELIMIT);
    queue_job_free(c.spec);
    bench_close(&b);
}

static void the_archive_is_newest_first(void **state)
{
    (void)state;
    char out[512];
    struct bench b = bench_open();
    submit(&b, "a", "A1", 1);
    submit(&b, "b", "A1", 1);
    submit(&b, "c", "A1", 1);
    act(&b, QUEUE_ARCHIVE, "b");
    act(&b, QUEUE_ARCHIVE, "c");
    act(&b, QUEUE_ARCHIVE, "a");
    assert_string_equal(names(&b, true, out), "a c b");
    assert_null(queue_first(b.q));
    bench_close(&b);
}

/* ---- rows ---- */

static struct queue_job *full_job(void)
{
    struct queue_job *job = new_spec("every field", "A3@mk3%PLA B2", 5);
    struct queue_set *set = &job->sets[0];
    job->note = mem_strdup("\"quoted\" \xc3\xa4");
    job->submitter = mem_strdup("anna");
    job->changed_by = mem_strdup("bob");
    job->share = job->draft = job->repeat = job->moving = true;
    job->rank = -12345;
    job->remaining = 4;
    job->created_ms = 1;
    job->revision = 2;
    job->changed_ms = 3;
    set->sha256 = mem_array(65, 1);
    memset(set->sha256, 'c', 64);
    set->size_bytes = INT64_C(5000000000);
    set->model = true;
    set->remaining = 2;
    set->completed = 7;
    set->materials[7] = mem_strdup("PVA");
    set->time_ms = 3600000;
    set->filament_um[7] = 123456789;
    set->metadata = mem_strdup("{\"estimatedPrintTime\": 1.5}");
    struct queue_claim *claim = queue_claim_add(job, "one", 99);
    queue_part_take(job, claim);
    put_id(claim->run, "run");
    put_id(claim->set, "set");
    claim->run_ms = 100;
    claim->counters[1].completed = 1;
    return job;
}

static void a_job_comes_back_from_json_with_every_field(void **state)
{
    (void)state;
    struct err e;
    struct queue_job *back;
    struct queue_job *job = full_job();
    json_t *object = queue_job_to_json(job);
    assert_int_equal(queue_job_holds(job, &e), 0);
    assert_int_equal(queue_job_from_json(object, &back, &e), 0);
    json_t *again = queue_job_to_json(back);
    assert_true(json_equal(object, again));
    assert_int_equal(back->rank, -12345);
    assert_int_equal(back->sets[0].filament_um[7], 123456789);
    assert_string_equal(back->sets[0].profiles[0], "mk3");
    assert_null(back->sets[1].profiles);
    assert_int_equal(back->claims[0].counters[1].completed, 1);
    assert_int_equal(queue_job_holds(back, &e), 0);
    json_decref(object);
    json_decref(again);
    queue_job_free(job);
    queue_job_free(back);
}

/* The queue keeps jobs its own way; texts that sets have in common are kept once. */
static void a_job_in_the_queue_is_the_job_that_was_given(void **state)
{
    (void)state;
    struct err e;
    struct bench b = bench_open();
    struct queue_job *job = full_job();
    queue_claim_drop(job, 0);
    add_sets(job, job->name, "C1@mk3%PLA D1@mk3%PLA E1@ender%PLA F1%PLA G1@mk3");
    job->sets[3].metadata = mem_strdup("{}");
    job->sets[4].metadata = mem_strdup("{}");
    job->sets[5].sha256 = mem_strdup(job->sets[0].sha256);
    job->sets[6].sha256 = mem_strdup(job->sets[0].sha256);
    queue_part_take(job, queue_claim_add(job, "one", 99));
    json_t *given = queue_job_to_json(job);
    assert_int_equal(queue_load_job(b.q, job, &e), 0);
    json_t *kept = queue_job_to_json(job_of(&b, "every field"));
    assert_true(json_equal(given, kept));
    json_decref(given);
    json_decref(kept);
    bench_close(&b);
}

static void json_with_mistakes_is_refused_by_field(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"{\"count\": \"five\"}", "count \"five\""},
        {"{\"count\": 4294967297}", "count 4294967297"},
        {"{\"rank\": 9223372036854775807}", "rank"},
        {"{\"id\": null}", "id null"},
        {"{\"id\": \"00000000-0000-7000-8000-0000000000001\"}", "id"},
        {"{\"draft\": 1}", "draft 1"},
        {"{\"colour\": 1}", "unknown field \"colour\""},
        {"{\"sets\": {}}", "sets {}"},
        {"{\"sets\": [7]}", "sets[0]: value 7"},
        {"{\"sets\": [{\"path\": \"a\\u0000b\"}]}", "sets[0]: path"},
        {"{\"sets\": [{\"profiles\": [1]}]}", "profiles 1"},
        {"{\"sets\": [{\"profiles\": [\"\"]}]}", "profiles \"\""},
        {"{\"sets\": [{\"materials\": [null,1]}]}", "materials 1"},
        {"{\"sets\": [{\"materials\": [0,0,0,0,0,0,0,0,0]}]}", "at most 8"},
        {"{\"sets\": [{\"filament_um\": [1.5]}]}", "filament_um 1.5"},
        {"{\"sets\": [{\"sha256\": \"abc\"}]}", "sha256 \"abc\""},
        {"{\"claims\": [{\"counters\": 5}]}", "counters 5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        struct queue_job *job;
        json_t *object = json_loads(rows[i].text, JSON_ALLOW_NUL, NULL);
        assert_non_null(object);
        assert_int_equal(queue_job_from_json(object, &job, &e), -PP_EINVAL);
        if (strstr(e.text, rows[i].words) == NULL) {
            fail_msg("%s: \"%s\"", rows[i].text, e.text);
        }
        json_decref(object);
    }
}

static void a_command_comes_back_from_json(void **state)
{
    (void)state;
    struct err e;
    struct queue_command back;
    struct bench b = bench_open();
    struct queue_command c = command(&b, QUEUE_EDIT, "job");
    snprintf(c.client, sizeof c.client, "page");
    c.sequence = 5;
    c.mask = QUEUE_F_SETS | QUEUE_F_NAME;
    c.spec = full_job();
    c.spec->sets[1].remaining = -1;
    json_t *object = queue_command_to_json(&c);
    assert_int_equal(queue_command_from_json(object, &back, &e), 0);
    json_t *again = queue_command_to_json(&back);
    assert_true(json_equal(object, again));
    assert_int_equal(back.spec->sets[1].remaining, -1);
    json_object_set_new(object, "verb", json_string("shred"));
    queue_job_free(back.spec);
    assert_int_equal(queue_command_from_json(object, &back, &e), -PP_EINVAL);
    assert_non_null(strstr(e.text, "verb \"shred\""));
    json_decref(object);
    json_decref(again);
    queue_job_free(c.spec);
    bench_close(&b);
}

static void rows_that_cannot_be_are_not_loaded(void **state)
{
    (void)state;
    struct bench b = bench_open();
    for (int i = 0; i < 12; i++) {
        struct err e = {0};
        struct queue_job *job = full_job();
        struct queue_claim *claim = &job->claims[0];
        job->id[i == 0 ? 0 : ID_SIZE - 1] = '\0';
        job->remaining = i == 1 ? 0 : i == 2 ? 6 : job->remaining;
        job->archived_ms = i == 3 ? 5 : 0;
        job->finished = i == 4;
        job->share = i != 5;
        claim->counters[0].set[0] = i == 6 ? 'x' : '0';
        claim->counters[0].remaining = i == 7 ? -1 : 1;
        claim->printer[0] = i == 8 ? '\0' : 'o';
        job->rank = i == 9 ? INT64_MIN : 0;
        job->sets[1].id[0] = i == 10 ? '\0' : '0';
        job->sets[0].count = i == 11 ? 0 : 3;
        assert_int_equal(queue_load_job(b.q, job, &e), -PP_ECORRUPT);
        assert_string_not_equal(e.text, "");
        assert_int_equal(queue_load_job(b.q, job, NULL), -PP_ECORRUPT);
        queue_job_free(job);
    }
    assert_int_equal(queue_count(b.q), 0);
    struct err e;
    struct queue_job *job = full_job();
    assert_int_equal(queue_load_job(b.q, job, &e), 0);
    job = full_job();
    assert_int_equal(queue_load_job(b.q, job, &e), -PP_ECORRUPT);
    queue_job_free(job);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changed_is_told_until_it_is_settled),
        cmocka_unit_test(a_command_that_changes_nothing_changes_no_row),
        cmocka_unit_test(what_is_undone_was_never_there),
        cmocka_unit_test(a_command_sent_twice_gets_its_answer_again),
        cmocka_unit_test(a_lower_sequence_is_refused),
        cmocka_unit_test(only_so_many_clients_are_remembered_and_the_oldest_goes),
        cmocka_unit_test(commands_that_lack_something_are_refused),
        cmocka_unit_test(the_queue_holds_so_many_jobs_and_no_more),
        cmocka_unit_test(the_archive_is_newest_first),
        cmocka_unit_test(a_job_comes_back_from_json_with_every_field),
        cmocka_unit_test(a_job_in_the_queue_is_the_job_that_was_given),
        cmocka_unit_test(json_with_mistakes_is_refused_by_field),
        cmocka_unit_test(a_command_comes_back_from_json),
        cmocka_unit_test(rows_that_cannot_be_are_not_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
