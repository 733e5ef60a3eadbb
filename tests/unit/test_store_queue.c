// link: ppio
#include "host/io/store_queue.h"

#include "tests/unit/store_bench.h"

#define MANY 40

struct found {
    int count;
    char text[1024]; /* "queue/name=doc " */
};

static void on_doc(void *context, const char *queue, const char *name, const char *doc)
{
    struct found *f = context;
    size_t len = strlen(f->text);
    f->count++;
    snprintf(f->text + len, sizeof f->text - len, "%s/%.4s=%.9s ", queue, name, doc);
}

static struct found load(struct store_bench *b, enum store_docs docs)
{
    struct found f = {0};
    struct err e = {0};
    if (store_load_docs(b->store, docs, on_doc, &f, &e) != 0) {
        fail_msg("%s", e.text);
    }
    return f;
}

/* Four digits as the name of a job, which must be as long as an id. */
static const char *job_id(int i)
{
    static char id[40];
    snprintf(id, sizeof id, "%04d-8901234567890123456789012345678", i % 10000);
    memset(id + 35, 'x', 1);
    id[36] = '\0';
    return id;
}

static struct err save(struct store_bench *b, struct store_changes *c)
{
    struct answer a = {0};
    store_save_changes(b->store, c, on_answer, &a);
    assert_int_equal(a.count, 0);
    wait_for(b, &a, 1);
    return a.err;
}

static void changes_of_all_kinds_come_back_after_a_restart(void **state)
{
    struct store_bench *b = *state;
    struct store_changes *c = store_changes_new();
    store_changes_add(c, STORE_JOBS, "local", job_id(2), mem_strdup("two"));
    store_changes_add(c, STORE_JOBS, "local", job_id(1), mem_strdup("one"));
    store_changes_add(c, STORE_JOBS, "far", job_id(1), mem_strdup("other"));
    store_changes_add(c, STORE_ANSWERS, "local", "page", mem_strdup("{}"));
    store_changes_add(c, STORE_QUEUES, "", "local", mem_strdup("q"));
    store_changes_add(c, STORE_TEMPLATES, "", "vase", mem_strdup("t"));
    assert_int_equal(store_changes_count(c), 6);
    assert_int_equal(save(b, c).code, 0);
    close_store(b);
    open_store(b);
    assert_string_equal(load(b, STORE_JOBS).text, "far/0001=other local/0001=one local/0002=two ");
    assert_string_equal(load(b, STORE_ANSWERS).text, "local/page={} ");
    assert_string_equal(load(b, STORE_QUEUES).text, "/loca=q ");
    assert_string_equal(load(b, STORE_TEMPLATES).text, "/vase=t ");
}

static void a_change_replaces_what_was_there_or_removes_it(void **state)
{
    struct store_bench *b = *state;
    struct store_changes *c = store_changes_new();
    store_changes_add(c, STORE_JOBS, "local", job_id(1), mem_strdup("one"));
    store_changes_add(c, STORE_JOBS, "far", job_id(1), mem_strdup("far"));
    store_changes_add(c, STORE_TEMPLATES, "", "vase", mem_strdup("t"));
    store_changes_add(c, STORE_QUEUES, "", "local", mem_strdup("q"));
    store_changes_add(c, STORE_ANSWERS, "local", "page", mem_strdup("{}"));
    assert_int_equal(save(b, c).code, 0);
    c = store_changes_new();
    store_changes_add(c, STORE_JOBS, "far", job_id(1), NULL);
    store_changes_add(c, STORE_JOBS, "local", job_id(1), mem_strdup("new"));
    store_changes_add(c, STORE_TEMPLATES, "", "vase", NULL);
    store_changes_add(c, STORE_QUEUES, "", "local", NULL);
    store_changes_add(c, STORE_ANSWERS, "local", "page", NULL);
    assert_int_equal(save(b, c).code, 0);
    assert_string_equal(load(b, STORE_JOBS).text, "local/0001=new ");
    assert_int_equal(load(b, STORE_TEMPLATES).count, 0);
    assert_int_equal(load(b, STORE_QUEUES).count, 0);
    assert_int_equal(load(b, STORE_ANSWERS).count, 0);
}

static void one_bad_change_undoes_the_others_of_its_transaction_alone(void **state)
{
    struct store_bench *b = *state;
    struct answer good = {0};
    struct answer bad = {0};
    for (int i = 0; i < 3; i++) {
        struct store_changes *c = store_changes_new();
        store_changes_add(c, STORE_JOBS, "local", job_id(i), mem_strdup("x"));
        if (i == 1) {
            store_changes_add(c, STORE_JOBS, "local", "no id", mem_strdup("x"));
        }
        store_save_changes(b->store, c, on_answer, i == 1 ? &bad : &good);
    }
    wait_for(b, &good, 2);
    wait_for(b, &bad, 1);
    assert_int_equal(good.err.code, 0);
    assert_int_equal(bad.err.code, PP_EINVAL);
    assert_non_null(strstr(bad.err.text, "save the queue: "));
    assert_string_equal(load(b, STORE_JOBS).text, "local/0000=x local/0002=x ");
}

/* A disk that is full after ever more pages: a transaction is there as a whole or not at all. */
static void a_full_disk_leaves_nothing_half_written(void **state)
{
    struct store_bench *b = *state;
    int written = 0;
    int failed = 0;
    for (int round = 0; round < 12; round++) {
        struct store_changes *c = store_changes_new();
        for (int i = 0; i < MANY; i++) {
            char *doc = mem_alloc(1000);
            memset(doc, 'd', 999);
            store_changes_add(c, STORE_JOBS, "local", job_id(round * MANY + i), doc);
        }
        fill_disk(b, (size_t)round * 6000);
        struct err e = save(b, c);
        fill_disk(b, SIZE_MAX);
        assert_true(e.code == 0 || e.code == PP_ENOSPC);
        written += e.code == 0 ? MANY : 0;
        failed += e.code != 0;
        assert_int_equal(load(b, STORE_JOBS).count, written);
    }
    assert_in_range(failed, 1, 11);
    close_store(b);
    open_store(b);
    assert_int_equal(load(b, STORE_JOBS).count, written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(changes_of_all_kinds_come_back_after_a_restart),
        STORE_TEST(a_change_replaces_what_was_there_or_removes_it),
        STORE_TEST(one_bad_change_undoes_the_others_of_its_transaction_alone),
        STORE_TEST(a_full_disk_leaves_nothing_half_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
