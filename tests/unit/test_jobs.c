// link: ppapp
#include "tests/unit/jobs_bench.h"

/* ---- durable ------------------------------------------------------------------------------------
 */

static void what_is_acknowledged_is_on_the_disk(void **state)
{
    struct jobs_bench *b = *state;
    char id[ID_SIZE];
    char text[128];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "cubes", "cube.gcode", id);
    snprintf(
        text, sizeof text, "SELECT count(*) FROM jobs WHERE queue = 'local' AND id = '%s'", id);
    assert_int_equal(query(b->base.path, text), 1);
    assert_int_equal(give(b, QUEUE_ARCHIVE, id), 0);
    assert_int_equal(give(b, QUEUE_PURGE, id), 0);
    assert_int_equal(query(b->base.path, text), 0);
}

static void a_command_is_applied_later_and_told_when_it_is_durable(void **state)
{
    struct jobs_bench *b = *state;
    struct outcome o = {0};
    put_file(b, "cube.gcode", CUBE);
    struct queue_job *job = one_set("cubes", "cube.gcode");
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    jobs_do(b->jobs, QUEUE_LOCAL, &c, on_done, &o);
    queue_job_free(job); /* it is copied */
    assert_int_equal(queue_count(local(b)), 0);
    assert_int_equal(b->told, 0);
    wait_done(b, &o, 1);
    assert_int_equal(o.result.err.code, 0);
    assert_int_equal(queue_count(local(b)), 1);
    assert_int_equal(b->told, 1);
    assert_string_equal(queue_first(local(b))->id, o.result.job);
}

static void commands_that_come_meanwhile_are_written_together(void **state)
{
    struct jobs_bench *b = *state;
    struct outcome o = {0};
    put_file(b, "cube.gcode", CUBE);
    for (int i = 0; i < 30; i++) {
        struct queue_job *job = one_set("cubes", "cube.gcode");
        struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
        jobs_do(b->jobs, QUEUE_LOCAL, &c, on_done, &o);
        queue_job_free(job);
    }
    wait_done(b, &o, 30);
    assert_int_equal(queue_count(local(b)), 30);
    assert_int_equal(b->told, 1);
}

static void a_restart_brings_order_claims_archive_and_answers_back(void **state)
{
    struct jobs_bench *b = *state;
    char id[4][ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "job%d", i);
        submit(b, name, "cube.gcode", id[i]);
    }
    struct queue_command move = order(QUEUE_MOVE, id[3]);
    snprintf(move.client, sizeof move.client, "page/1");
    move.sequence = 7;
    assert_int_equal(run(b, &move).err.code, 0);
    struct queue_command begin = order(QUEUE_BEGIN, id[1]);
    snprintf(begin.printer, sizeof begin.printer, "mk3");
    snprintf(begin.set, sizeof begin.set, "%s", queue_find(local(b), id[1])->sets[0].id);
    id_new(begin.run, 1700000000000);
    assert_int_equal(run(b, &begin).err.code, 0);
    assert_int_equal(give(b, QUEUE_ARCHIVE, id[0]), 0);
    char *before = dump_queue(local(b));
    reopen_jobs(b);
    char *after = dump_queue(local(b));
    assert_string_equal(before, after);
    assert_string_equal(queue_first(local(b))->id, id[3]);
    assert_string_equal(queue_find(local(b), id[1])->claims[0].run, begin.run);
    assert_true(run(b, &move).repeated);
    free(before);
    free(after);
}

static void a_command_sent_twice_is_applied_once_though_its_file_has_gone(void **state)
{
    struct jobs_bench *b = *state;
    struct answer a = {0};
    put_file(b, "cube.gcode", CUBE);
    struct queue_job *job = one_set("cubes", "cube.gcode");
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .sequence = 1, .spec = job};
    snprintf(c.client, sizeof c.client, "slicer/x");
    struct queue_result first = run(b, &c);
    files_remove_name(b->files, "cube.gcode", true, on_answer, &a);
    wait_for(&b->base, &a, 1);
    assert_int_equal(a.err.code, 0);
    struct queue_result second = run(b, &c);
    assert_int_equal(second.err.code, 0);
    assert_true(second.repeated);
    assert_string_equal(second.job, first.job);
    assert_int_equal(queue_count(local(b)), 1);
    queue_job_free(job);
}

/* ---- all or nothing -----------------------------------------------------------------------------
 */

static void several_commands_are_applied_all_or_none(void **state)
{
    struct jobs_bench *b = *state;
    char id[2][ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "one", "cube.gcode", id[0]);
    submit(b, "two", "cube.gcode", id[1]);
    char *before = dump_queue(local(b));
    struct queue_command wrong[] = {order(QUEUE_ARCHIVE, id[0]), order(QUEUE_RESTORE, id[1])};
    assert_int_not_equal(run_all(b, wrong, 2).err.code, 0);
    char *after = dump_queue(local(b));
    assert_string_equal(before, after);
    struct queue_command right[] = {order(QUEUE_ARCHIVE, id[0]), order(QUEUE_ARCHIVE, id[1])};
    assert_int_equal(run_all(b, right, 2).err.code, 0);
    assert_int_equal(queue_count(local(b)), 0);
    free(before);
    free(after);
}

static void one_failing_command_leaves_those_beside_it_alone(void **state)
{
    struct jobs_bench *b = *state;
    struct outcome good = {0};
    struct outcome bad = {0};
    char id[ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "one", "cube.gcode", id);
    struct queue_command wrong[] = {
        order(QUEUE_ARCHIVE, id), order(QUEUE_PURGE, id), order(QUEUE_PURGE, id)};
    struct queue_command draft = order(QUEUE_EDIT, id);
    struct queue_job *spec = queue_job_new();
    spec->draft = true;
    draft.mask = QUEUE_F_DRAFT;
    draft.spec = spec;
    jobs_do(b->jobs, QUEUE_LOCAL, &draft, on_done, &good);
    jobs_do_all(b->jobs, QUEUE_LOCAL, wrong, 3, on_done, &bad);
    jobs_do(b->jobs, QUEUE_LOCAL, &draft, on_done, &good);
    jobs_do(b->jobs, "nowhere", &draft, on_done, &bad);
    wait_done(b, &good, 2);
    wait_done(b, &bad, 2);
    assert_int_equal(good.result.err.code, 0);
    assert_int_equal(bad.result.err.code, PP_ENOTFOUND);
    assert_non_null(strstr(bad.result.err.text, "\"nowhere\""));
    assert_non_null(strstr(bad.result.err.text, "local"));
    assert_true(queue_find(local(b), id)->draft);
    assert_int_equal(queue_count(local(b)), 1);
    queue_job_free(spec);
}

static void too_many_at_once_are_refused(void **state)
{
    struct jobs_bench *b = *state;
    struct queue_command *many = mem_array(JOBS_ALL_MAX + 1, sizeof *many);
    assert_int_equal(run_all(b, many, JOBS_ALL_MAX + 1).err.code, PP_ETOOBIG);
    assert_int_equal(run_all(b, many, 0).err.code, PP_ETOOBIG);
    free(many);
}

/* Disks of ever other sizes: memory and disk agree, and a failed command has changed neither. */
static void a_full_disk_half_applies_nothing(void **state)
{
    struct jobs_bench *b = *state;
    char id[8][ID_SIZE];
    int failed = 0;
    put_file(b, "cube.gcode", CUBE);
    for (int i = 0; i < 8; i++) {
        submit(b, "job", "cube.gcode", id[i]);
    }
    for (int round = 0; round < 40; round++) {
        const enum queue_verb verbs[] = {QUEUE_MOVE, QUEUE_ARCHIVE, QUEUE_RESTORE, QUEUE_RESET};
        struct queue_command c[] = {
            order(verbs[round % 4], id[round % 8]), order(verbs[(round + 1) % 4], id[round % 8])};
        char *before = dump_queue(local(b));
        fill_disk(&b->base, (size_t)(round % 5) * 2100);
        struct queue_result r = run_all(b, c, (size_t)(1 + round % 2));
        fill_disk(&b->base, SIZE_MAX);
        char *after = dump_queue(local(b));
        if (r.err.code != 0) {
            failed += r.err.code == PP_ENOSPC;
            assert_string_equal(before, after);
        }
        reopen_jobs(b);
        char *restarted = dump_queue(local(b));
        assert_string_equal(after, restarted);
        free(before);
        free(after);
        free(restarted);
    }
    assert_true(failed > 5);
}

static void after_a_full_disk_those_who_waited_are_tried(void **state)
{
    struct jobs_bench *b = *state;
    struct outcome full = {0};
    struct outcome later = {0};
    char id[ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "job", "cube.gcode", id);
    struct queue_command reset = order(QUEUE_ARCHIVE, id);
    fill_disk(&b->base, 0);
    jobs_do(b->jobs, QUEUE_LOCAL, &reset, on_done, &full);
    uv_run(&b->base.loop, UV_RUN_NOWAIT);
    uv_run(&b->base.loop, UV_RUN_NOWAIT); /* it is being written */
    jobs_do(b->jobs, QUEUE_LOCAL, &reset, on_done, &later);
    wait_done(b, &full, 1);
    fill_disk(&b->base, SIZE_MAX);
    assert_int_equal(full.result.err.code, PP_ENOSPC);
    assert_string_equal(full.result.job, "");
    assert_int_equal(queue_archive_count(local(b)), 0);
    wait_done(b, &later, 1);
    assert_int_equal(later.result.err.code, 0);
    assert_int_equal(queue_archive_count(local(b)), 1);
}

/* ---- rows that cannot be ------------------------------------------------------------------------
 */

static void a_corrupt_row_is_left_out_and_kept(void **state)
{
    struct jobs_bench *b = *state;
    char id[3][ID_SIZE];
    char text[200];
    put_file(b, "cube.gcode", CUBE);
    for (int i = 0; i < 3; i++) {
        submit(b, "job", "cube.gcode", id[i]);
    }
    snprintf(text, sizeof text, "UPDATE jobs SET doc = substr(doc, 1, 100) WHERE id = '%s'", id[0]);
    query(b->base.path, text);
    snprintf(text, sizeof text, "UPDATE jobs SET id = replace(id, '%c', 'f') WHERE id = '%s'",
        id[1][35], id[1]);
    query(b->base.path, id[1][35] == 'f' ? "SELECT 1" : text);
    query(b->base.path, "INSERT INTO answers VALUES ('local', 'x', '[]')");
    query(b->base.path, "INSERT INTO queues VALUES ('local', '{}')");
    query(b->base.path, "INSERT INTO templates VALUES ('t', '{\"name\":7}')");
    reopen_jobs(b);
    assert_int_equal(queue_count(local(b)), id[1][35] == 'f' ? 2 : 1);
    assert_non_null(queue_find(local(b), id[2]));
    assert_null(queue_find(local(b), id[0]));
    assert_false(jobs_queue_find(b->jobs, QUEUE_LOCAL)->enabled);
    assert_int_equal(jobs_templates(b->jobs), 0);
    assert_int_equal(give(b, QUEUE_ARCHIVE, id[2]), 0);
    assert_int_equal(query(b->base.path, "SELECT count(*) FROM jobs"), 3);
}

static void content_of_a_job_that_cannot_be_read_is_kept(void **state)
{
    struct jobs_bench *b = *state;
    struct answer a = {0};
    char id[ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "job", "cube.gcode", id);
    query(b->base.path, "UPDATE jobs SET doc = replace(doc, '\"count\":1', '\"count\":-5')");
    reopen_jobs(b);
    assert_int_equal(queue_count(local(b)), 0);
    files_remove_name(b->files, "cube.gcode", false, on_answer, &a);
    wait_for(&b->base, &a, 1);
    assert_int_equal(a.err.code, PP_EBUSY);
    assert_non_null(strstr(a.err.text, "a job that could not be read"));
}

/* ---- what jobs need -----------------------------------------------------------------------------
 */

static void content_is_needed_until_the_job_has_left_durably(void **state)
{
    struct jobs_bench *b = *state;
    struct outcome o = {0};
    char id[ID_SIZE];
    char sha256[65];
    put_file(b, "cube.gcode", CUBE);
    snprintf(sha256, sizeof sha256, "%s", files_find(b->files, "cube.gcode")->row.sha256);
    assert_null(jobs_using(b->jobs, sha256));
    submit(b, "job", "cube.gcode", id);
    assert_string_equal(jobs_using(b->jobs, sha256)->id, id);
    struct queue_command remove = order(QUEUE_ARCHIVE, id);
    jobs_do(b->jobs, QUEUE_LOCAL, &remove, on_done, &o);
    while (queue_archive_count(local(b)) == 0) {
        uv_run(&b->base.loop, UV_RUN_NOWAIT);
        assert_non_null(jobs_using(b->jobs, sha256));
    }
    assert_int_equal(o.count, 0); /* archived in memory, not yet on the disk */
    wait_done(b, &o, 1);
    assert_null(jobs_using(b->jobs, sha256));
}

static void who_needs_content_is_the_same_however_often_one_asks(void **state)
{
    struct jobs_bench *b = *state;
    char id[4][ID_SIZE];
    char name[16];
    for (int i = 0; i < 4; i++) {
        char text[128];
        snprintf(name, sizeof name, "%d.gcode", i);
        snprintf(text, sizeof text, "%sG1 X%d E9\n", CUBE, i);
        put_file(b, name, text);
        submit(b, "job", name, id[i]);
    }
    assert_int_equal(give(b, QUEUE_ARCHIVE, id[3]), 0);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%d.gcode", i % 4);
        const struct queue_job *job = jobs_using(b->jobs, files_find(b->files, name)->row.sha256);
        assert_string_equal(job != NULL ? job->id : "", i % 4 < 3 ? id[i % 4] : "");
    }
}

static void a_name_may_go_while_a_job_keeps_its_content(void **state)
{
    struct jobs_bench *b = *state;
    struct answer a = {0};
    char id[ID_SIZE];
    char sha256[65];
    put_file(b, "cube.gcode", CUBE);
    snprintf(sha256, sizeof sha256, "%s", files_find(b->files, "cube.gcode")->row.sha256);
    submit(b, "Vase", "cube.gcode", id);
    files_remove_name(b->files, "cube.gcode", false, on_answer, &a);
    wait_for(&b->base, &a, 1);
    assert_int_equal(a.err.code, PP_EBUSY);
    assert_non_null(strstr(a.err.text, "job \"Vase\""));
    files_remove_name(b->files, "cube.gcode", true, on_answer, &a);
    wait_for(&b->base, &a, 2);
    assert_int_equal(a.err.code, 0);
    assert_non_null(files_find_content(b->files, sha256));
    reopen_jobs(b);
    assert_non_null(files_find_content(b->files, sha256));
    assert_int_equal(give(b, QUEUE_ARCHIVE, id), 0);
    assert_null(files_find_content(b->files, sha256));
}

/* ---- queues, templates, finding, retention ------------------------------------------------------
 */

static void a_queues_settings_come_back(void **state)
{
    struct jobs_bench *b = *state;
    struct answer a = {0};
    struct jobs_queue changed = *jobs_queue_find(b->jobs, QUEUE_LOCAL);
    assert_int_equal(changed.strategy, QUEUE_IN_ORDER);
    assert_true(changed.enabled);
    changed.strategy = QUEUE_LEAST_CHANGES;
    changed.enabled = false;
    changed.share = true;
    jobs_queue_edit(b->jobs, &changed, on_answer, &a);
    assert_true(jobs_queue_at(b->jobs, 0)->enabled);
    wait_for(&b->base, &a, 1);
    assert_int_equal(a.err.code, 0);
    reopen_jobs(b);
    assert_int_equal(jobs_queue_at(b->jobs, 0)->strategy, QUEUE_LEAST_CHANGES);
    assert_false(jobs_queue_at(b->jobs, 0)->enabled);
    assert_true(jobs_queue_at(b->jobs, 0)->share);
    assert_string_equal(jobs_queue_at(b->jobs, 1)->name, "LAN"); /* as it is from the start */
    assert_null(jobs_queue_at(b->jobs, 2));
    snprintf(changed.name, sizeof changed.name, "attic");
    jobs_queue_edit(b->jobs, &changed, on_answer, &a);
    assert_int_equal(a.count, 1);
    wait_for(&b->base, &a, 2);
    assert_int_equal(a.err.code, PP_ENOTFOUND);
}

static void nothing_is_taken_from_a_queue_that_is_not_enabled(void **state)
{
    struct jobs_bench *b = *state;
    struct answer a = {0};
    struct jobs_work work;
    struct queue_printer printer = {.name = "mk3"};
    struct jobs_queue changed = *jobs_queue_find(b->jobs, QUEUE_LOCAL);
    char id[ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "job", "cube.gcode", id);
    jobs_next(b->jobs, &printer, &work);
    assert_string_equal(work.queue, QUEUE_LOCAL);
    assert_string_equal(work.next.job->id, id);
    changed.enabled = false;
    jobs_queue_edit(b->jobs, &changed, on_answer, &a);
    wait_for(&b->base, &a, 1);
    jobs_next(b->jobs, &printer, &work);
    assert_null(work.next.job);
}

static struct err save_template(struct jobs_bench *b, const char *name, const char *id)
{
    struct answer a = {0};
    jobs_template_save(b->jobs, name, queue_find(local(b), id), on_answer, &a);
    assert_int_equal(a.count, 0);
    wait_for(&b->base, &a, 1);
    return a.err;
}

static void templates_come_back_full_and_without_content(void **state)
{
    struct jobs_bench *b = *state;
    struct answer a = {0};
    char id[ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "job", "cube.gcode", id);
    assert_int_equal(save_template(b, "b", id).code, 0);
    assert_int_equal(save_template(b, "a", id).code, 0);
    assert_int_equal(save_template(b, "a", id).code, 0);
    assert_int_equal(save_template(b, "", id).code, PP_EINVAL);
    assert_int_equal(save_template(b, "x/y", id).code, PP_EINVAL);
    assert_int_equal(save_template(b, "x\ny", id).code, PP_EINVAL);
    reopen_jobs(b);
    assert_int_equal(jobs_templates(b->jobs), 2);
    assert_string_equal(jobs_template_name(b->jobs, 0), "a");
    assert_string_equal(jobs_template_name(b->jobs, 1), "b");
    const struct queue_job *t = jobs_template(b->jobs, "a");
    assert_string_equal(t->sets[0].path, "cube.gcode");
    assert_null(t->sets[0].sha256);
    assert_int_equal(t->sets[0].remaining, 1);
    jobs_template_remove(b->jobs, "a", on_answer, &a);
    jobs_template_remove(b->jobs, "none", on_answer, &a);
    wait_for(&b->base, &a, 2);
    assert_null(jobs_template(b->jobs, "a"));
    reopen_jobs(b);
    assert_int_equal(jobs_templates(b->jobs), 1);
}

static int find(struct jobs_bench *b, const char *text, const char **id, char text_out[256])
{
    struct err e = {0};
    const struct queue_job *job;
    const struct jobs_queue *queue;
    int rc = jobs_find(b->jobs, text, &job, &queue, &e);
    *id = rc == 0 ? job->id : "";
    snprintf(text_out, 256, "%s", e.text);
    return rc;
}

static void a_job_is_found_by_id_suffix_or_name(void **state)
{
    struct jobs_bench *b = *state;
    char id[4][ID_SIZE];
    char text[256];
    const char *found;
    put_file(b, "cube.gcode", CUBE);
    submit(b, "vase", "cube.gcode", id[0]);
    submit(b, "twin", "cube.gcode", id[1]);
    submit(b, "twin", "cube.gcode", id[2]);
    submit(b, "old", "cube.gcode", id[3]);
    assert_int_equal(give(b, QUEUE_ARCHIVE, id[3]), 0);
    assert_int_equal(find(b, id[1], &found, text), 0);
    assert_string_equal(found, id[1]);
    assert_int_equal(find(b, id[2] + 20, &found, text), 0);
    assert_string_equal(found, id[2]);
    assert_int_equal(find(b, "vase", &found, text), 0);
    assert_string_equal(found, id[0]);
    assert_int_equal(find(b, "old", &found, text), 0);
    assert_string_equal(found, id[3]);
    assert_int_equal(find(b, id[3], &found, text), 0);
    assert_int_equal(find(b, "twin", &found, text), -PP_EINVAL);
    assert_non_null(strstr(text, id[1] + 24));
    assert_non_null(strstr(text, id[2] + 24));
    assert_int_equal(find(b, id[1] + 33, &found, text), -PP_ENOTFOUND);
    assert_int_equal(find(b, "", &found, text), -PP_ENOTFOUND);
    assert_int_equal(find(b, "vas\ne", &found, text), -PP_ENOTFOUND);
    assert_non_null(strstr(text, "\"vas\\x0ae\""));
}

static void a_job_without_a_name_is_found_by_the_file_that_lists_show(void **state)
{
    struct jobs_bench *b = *state;
    char id[2][ID_SIZE];
    char text[256];
    const char *found;
    put_file(b, "cube.gcode", CUBE);
    submit(b, "", "cube.gcode", id[0]);
    assert_int_equal(find(b, "cube.gcode", &found, text), 0);
    assert_string_equal(found, id[0]);
    submit(b, "", "cube.gcode", id[1]);
    assert_int_equal(find(b, "cube.gcode", &found, text), -PP_EINVAL);
    assert_non_null(strstr(text, "(cube.gcode)"));
}

static void what_is_archived_is_purged_by_number_and_age(void **state)
{
    struct jobs_bench *b = *state;
    char id[6][ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    for (int i = 0; i < 6; i++) {
        submit(b, "job", "cube.gcode", id[i]);
        struct queue_command c = order(QUEUE_ARCHIVE, id[i]);
        c.now_ms = i == 0 ? 1700000000000 : 0; /* long ago */
        assert_int_equal(run(b, &c).err.code, 0);
    }
    jobs_set_retention(b->jobs, &(struct jobs_retention){.archive_keep_ms = 3600000});
    while (queue_archive_count(local(b)) > 5) {
        uv_run(&b->base.loop, UV_RUN_ONCE);
    }
    assert_null(queue_find(local(b), id[0]));
    jobs_set_retention(b->jobs, &(struct jobs_retention){.archive_keep_count = 2});
    while (queue_archive_count(local(b)) > 2) {
        uv_run(&b->base.loop, UV_RUN_ONCE);
    }
    assert_int_equal(give(b, QUEUE_RESTORE, id[4]), 0);
    assert_int_equal(give(b, QUEUE_RESTORE, id[5]), 0);
}

static void runs_are_forgotten_with_the_years(void **state)
{
    struct jobs_bench *b = *state;
    struct run old = {.start_ms = 1000, .end_ms = 2000, .result = RUN_SUCCESS};
    struct answer a = {0};
    id_new(old.id, 1000);
    store_save_run(b->base.store, &old, on_answer, &a);
    wait_for(&b->base, &a, 1);
    reopen_jobs(b);
    assert_int_equal(query(b->base.path, "SELECT count(*) FROM runs"), 1);
    b->keep.history_keep_ms = 3600000;
    reopen_jobs(b);
    uv_run(&b->base.loop, UV_RUN_NOWAIT);
    reopen_jobs(b);
    assert_int_equal(query(b->base.path, "SELECT count(*) FROM runs"), 0);
}

/* ---- closing ------------------------------------------------------------------------------------
 */

static void closing_answers_what_waits_and_keeps_what_is_being_written(void **state)
{
    struct jobs_bench *b = *state;
    struct outcome written = {0};
    struct outcome waits = {0};
    struct answer refused = {0};
    char id[ID_SIZE];
    put_file(b, "cube.gcode", CUBE);
    submit(b, "job", "cube.gcode", id);
    struct queue_command c = order(QUEUE_ARCHIVE, id);
    jobs_do(b->jobs, QUEUE_LOCAL, &c, on_done, &written);
    while (queue_archive_count(local(b)) == 0) {
        uv_run(&b->base.loop, UV_RUN_NOWAIT);
    }
    jobs_do(b->jobs, QUEUE_LOCAL, &c, on_done, &waits);
    jobs_template_remove(b->jobs, "none", on_answer, &refused);
    reopen_jobs(b);
    assert_int_equal(written.count, 1);
    assert_int_equal(written.result.err.code, 0);
    assert_int_equal(waits.count, 1);
    assert_int_equal(waits.result.err.code, PP_ECANCELED);
    assert_int_equal(refused.count, 1);
    assert_int_equal(queue_archive_count(local(b)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOBS_TEST(what_is_acknowledged_is_on_the_disk),
        JOBS_TEST(a_command_is_applied_later_and_told_when_it_is_durable),
        JOBS_TEST(commands_that_come_meanwhile_are_written_together),
        JOBS_TEST(a_restart_brings_order_claims_archive_and_answers_back),
        JOBS_TEST(a_command_sent_twice_is_applied_once_though_its_file_has_gone),
        JOBS_TEST(several_commands_are_applied_all_or_none),
        JOBS_TEST(one_failing_command_leaves_those_beside_it_alone),
        JOBS_TEST(too_many_at_once_are_refused),
        JOBS_TEST(a_full_disk_half_applies_nothing),
        JOBS_TEST(after_a_full_disk_those_who_waited_are_tried),
        JOBS_TEST(a_corrupt_row_is_left_out_and_kept),
        JOBS_TEST(content_of_a_job_that_cannot_be_read_is_kept),
        JOBS_TEST(content_is_needed_until_the_job_has_left_durably),
        JOBS_TEST(who_needs_content_is_the_same_however_often_one_asks),
        JOBS_TEST(a_name_may_go_while_a_job_keeps_its_content),
        JOBS_TEST(a_queues_settings_come_back),
        JOBS_TEST(nothing_is_taken_from_a_queue_that_is_not_enabled),
        JOBS_TEST(templates_come_back_full_and_without_content),
        JOBS_TEST(a_job_is_found_by_id_suffix_or_name),
        JOBS_TEST(a_job_without_a_name_is_found_by_the_file_that_lists_show),
        JOBS_TEST(what_is_archived_is_purged_by_number_and_age),
        JOBS_TEST(runs_are_forgotten_with_the_years),
        JOBS_TEST(closing_answers_what_waits_and_keeps_what_is_being_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
