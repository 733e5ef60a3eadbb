// link: ppapp
// with: fake_net
/* What other hosts of a shared queue have printed and done, as this one knows it. */
#include "tests/unit/fleet_bench.h"

struct runs {
    unsigned count;
    size_t n;
    struct run at[8];
};

static void on_runs(void *context, const struct err *e, const struct run *runs, size_t n)
{
    struct runs *r = context;
    assert_null(e);
    r->count++;
    r->n = n < 8 ? n : 8;
    memcpy(r->at, runs, r->n * sizeof *runs);
}

static struct runs history(struct fleet *f, size_t i, bool own)
{
    struct runs r = {0};
    store_list_runs(
        f->at[i]->base.store, &(struct run_filter){.limit = 8, .own = own}, on_runs, &r);
    while (r.count == 0) {
        uv_run(&f->at[i]->base.loop, UV_RUN_ONCE);
    }
    return r;
}

/* Host 1 has claimed and begun a job of host 0. */
static void begin_there(struct fleet *f, char id[static ID_SIZE])
{
    submit_lan(f, 0, "cubes", 2, id);
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
}

static struct queue_command finish_there(struct fleet *f, const char *id, const char *result)
{
    struct queue_command c = of_run(f, 1, QUEUE_FINISH, id, 0);
    c.success = strcmp(result, "success") == 0;
    c.print.took_ms = 60000;
    c.print.used_um = 12345;
    snprintf(c.print.result, sizeof c.print.result, "%s", result);
    snprintf(c.print.reason, sizeof c.print.reason, "by hand");
    snprintf(c.print.material, sizeof c.print.material, "PLA_Black");
    return c;
}

static void the_print_of_another_host_is_in_the_history(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    begin_there(f, id);
    struct queue_command c = finish_there(f, id, "cancelled");
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    for (size_t i = 0; i < HOSTS; i += 2) {
        struct runs r = history(f, i, false);
        const struct run *run = &r.at[0];
        assert_int_equal(r.n, 1);
        assert_string_equal(run->id, run_ids[0]);
        assert_string_equal(run->file_name, "cube.gcode");
        assert_int_equal(strlen(run->sha256), 64);
        assert_string_equal(run->job_name, "cubes");
        assert_string_equal(run->queue, "LAN");
        assert_string_equal(run->peer, f->net->host[1].text);
        assert_null(strchr(run->printer, '@'));
        assert_int_equal(run->result, RUN_CANCELLED);
        assert_string_equal(run->reason, "by hand");
        assert_string_equal(run->material, "PLA_Black");
        assert_int_equal(run->end_ms - run->start_ms, 60000);
        assert_int_equal(run->used_um, 12345);
        assert_int_equal(history(f, i, true).n, 0);
    }
    assert_int_equal(history(f, 1, false).n, 0); /* it writes down itself what it printed */
}

static void what_was_begun_and_never_printed_is_in_no_history(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    begin_there(f, id);
    struct queue_command c = finish_there(f, id, "");
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(history(f, 0, false).n, 0);
}

static void a_result_that_is_none_is_not_believed(void **state)
{
    static const char *const results[] = {"open", "great", "Success"};
    struct fleet *f = *state;
    char id[ID_SIZE];
    begin_there(f, id);
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        struct queue_command c = finish_there(f, id, results[i]);
        assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    }
    assert_int_equal(history(f, 0, false).n, 0);
}

static void nobodys_word_changes_a_run_that_is_there(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    struct run own = {.start_ms = 1, .end_ms = 2, .result = RUN_SUCCESS, .printer = "mine"};
    memcpy(own.id, run_ids[0], sizeof own.id);
    store_save_run(f->at[0]->base.store, &own, NULL, NULL);
    begin_there(f, id);
    struct queue_command c = finish_there(f, id, "failure");
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    struct runs r = history(f, 0, true);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.at[0].printer, "mine");
    assert_int_equal(r.at[0].result, RUN_SUCCESS);
}

static void people_are_known_by_their_host(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    const char *host = "mk3";
    char wanted[100];
    submit_lan(f, 0, "cubes", 1, id);
    struct queue_job *spec = queue_job_new();
    struct queue_command c = order(QUEUE_EDIT, id);
    spec->note = mem_strdup("x");
    c.mask = QUEUE_F_NOTE;
    c.spec = spec;
    snprintf(c.actor, sizeof c.actor, "local");
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    assert_string_equal(queue_find(lan(f, 1), id)->changed_by, host);
    snprintf(c.actor, sizeof c.actor, "ana");
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    snprintf(wanted, sizeof wanted, "ana at %s", host);
    assert_string_equal(queue_find(lan(f, 1), id)->changed_by, wanted);
    snprintf(c.actor, sizeof c.actor, "bob at shed");
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    assert_string_equal(queue_find(lan(f, 1), id)->changed_by, "bob at shed");
    queue_job_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLEET_TEST(the_print_of_another_host_is_in_the_history),
        FLEET_TEST(what_was_begun_and_never_printed_is_in_no_history),
        FLEET_TEST(a_result_that_is_none_is_not_believed),
        FLEET_TEST(nobodys_word_changes_a_run_that_is_there),
        FLEET_TEST(people_are_known_by_their_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
