// link: ppapp
// with: fake_net
/* Network queues: several jobs in one process, fed by one log. */
#include "tests/unit/fleet_bench.h"

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

/* ---- what is refused ----------------------------------------------------------------------------
 */

static struct err why_not(struct fleet *f, size_t i, struct queue_job *job)
{
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    tell(f, i, &c);
    queue_job_free(job);
    assert_int_equal(f->told[i].count, 1);
    return f->told[i].result.err;
}

static void gcode_for_any_printer_is_refused_at_once_and_says_which_set(void **state)
{
    struct fleet *f = *state;
    put_file(f->at[0], "cube.gcode", CUBE);
    struct queue_job *job = network_job("cubes", "cube.gcode");
    queue_job_add_set(job)->path = mem_strdup("cube.gcode");
    struct err e = why_not(f, 0, job);
    assert_int_equal(e.code, PP_EINVAL);
    assert_string_equal(e.field, "sets[1].profiles");
    assert_string_equal(e.text,
        "set 2, \"cube.gcode\", names no profile: in a network queue each set says for which "
        "printers its gcode was made");
    assert_null(f->net->host[0].words);
    job = one_set("model", "part.stl");
    job->sets[0].sha256 = mem_printf("%064d", 3);
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    queue_job_free(job);
}

/* Another version of this program, or a liar, may send it all the same. */
static void gcode_for_any_printer_is_refused_by_every_host(void **state)
{
    struct fleet *f = *state;
    struct queue_job *job = one_set("any", "cube.gcode");
    id_new(job->id, 1);
    id_new(job->sets[0].id, 2);
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    memcpy(c.job, job->id, sizeof c.job);
    fake_net_say(f->net, 3, &c);
    queue_job_free(job);
    settle(f);
    assert_int_equal(queue_count(lan(f, 0)), 0);
    check_equal(f);
}

static void a_queue_that_is_not_joined_says_so(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 1, id);
    struct queue_command c = order(QUEUE_ARCHIVE, id);
    tell(f, 0, &c);
    assert_int_equal(f->told[0].count, 0);
    fake_net_leave(f->net, 0); /* with it on its way */
    turn(f);
    assert_int_equal(f->told[0].result.err.code, PP_EOFFLINE);
    assert_null(lan(f, 0));
    tell(f, 0, &c);
    assert_string_equal(
        f->told[0].result.err.text, "queue \"LAN\" is not joined (its status says why)");
    const struct queue_job *job;
    const struct jobs_queue *queue;
    struct err e;
    assert_int_equal(jobs_find(f->at[0]->jobs, id, &job, &queue, &e), -PP_ENOTFOUND);
    fake_net_join(f->net, 0, f->at[0]->jobs, "LAN"); /* as its disk has it */
    assert_int_equal(jobs_find(f->at[0]->jobs, id, &job, &queue, &e), 0);
    assert_string_equal(queue->name, "LAN");
}

static void what_is_given_up_says_that_it_may_be_done_yet(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 1, id);
    struct queue_command c = order(QUEUE_ARCHIVE, id);
    tell(f, 0, &c);
    fake_net_commit(f->net, 0, 1);
    fake_net_refuse(f->net, 0, PP_ETIMEOUT, "the queue has not answered");
    turn(f);
    assert_int_equal(f->told[0].result.err.code, PP_ETIMEOUT);
    assert_non_null(queue_first(lan(f, 0)));
    settle(f);
    assert_null(queue_first(lan(f, 0)));
    check_equal(f);
}

static void a_network_that_takes_nothing_is_told_and_nothing_is_on_top(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 1, id);
    struct queue_command c = of_printer(f, 0, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    err_set(&f->net->host[0].next, PP_ELIMIT, "4096 commands wait already");
    c = of_run(f, 0, QUEUE_BEGIN, id, 0);
    tell(f, 0, &c);
    assert_int_equal(f->told[0].result.err.code, PP_ELIMIT);
    assert_string_equal(queue_find(lan(f, 0), id)->claims[0].run, "");
    err_set(&f->net->host[0].next, PP_ELIMIT, "4096 commands wait already");
    c = order(QUEUE_ARCHIVE, id);
    tell(f, 0, &c);
    assert_int_equal(f->told[0].result.err.code, PP_ELIMIT);
    check_equal(f);
}

static void garbage_in_the_log_changes_nothing_anywhere(void **state)
{
    static const char *const garbage[] = {"", "{", "[]", "7", "{\"verb\":\"explode\"}",
        "{\"verb\":\"archive\",\"job\":\"x\",\"y\":1}", "[[]]", "\xff\xfe",
        "{\"verb\":\"submit\",\"spec\":{}}", "{\"verb\":\"purge\",\"job\":\"\"}"};
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 1, id);
    char *before = dump_queue(lan(f, 0));
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        for (size_t k = 0; k < HOSTS; k++) {
            const struct net_entry entry = {.index = 1000 + i,
                .utc_ms = 5,
                .origin = f->net->host[3].peer,
                .bytes = (const uint8_t *)garbage[i],
                .len = strlen(garbage[i])};
            f->net->host[k].machine.apply(
                f->net->host[k].machine.context, &entry, fake_net_put_row, &f->net->host[k]);
        }
    }
    char *after = dump_queue(lan(f, 0));
    assert_string_equal(before, after);
    check_equal(f);
    free(before);
    free(after);
}

/* ---- together -----------------------------------------------------------------------------------
 */

static void several_are_applied_all_or_none_on_every_host(void **state)
{
    struct fleet *f = *state;
    char id[2][ID_SIZE];
    submit_lan(f, 0, "one", 1, id[0]);
    submit_lan(f, 0, "two", 1, id[1]);
    struct queue_command wrong[] = {order(QUEUE_ARCHIVE, id[0]), order(QUEUE_RESTORE, id[1])};
    jobs_do_all(f->at[0]->jobs, "LAN", wrong, 2, on_done, &f->told[0]);
    settle(f);
    assert_int_equal(f->told[0].result.err.code, PP_ESTATE);
    assert_int_equal(queue_count(lan(f, 1)), 2);
    check_equal(f);
    struct queue_command right[] = {order(QUEUE_ARCHIVE, id[0]), order(QUEUE_ARCHIVE, id[1])};
    jobs_do_all(f->at[0]->jobs, "LAN", right, 2, on_done, &f->told[0]);
    settle(f);
    assert_int_equal(f->told[0].result.err.code, 0);
    assert_int_equal(queue_count(lan(f, 2)), 0);
    check_equal(f);
}

static void a_list_that_failed_fails_again_when_it_comes_again(void **state)
{
    struct fleet *f = *state;
    char id[2][ID_SIZE];
    submit_lan(f, 0, "one", 1, id[0]);
    submit_lan(f, 0, "two", 1, id[1]);
    struct queue_command wrong[] = {order(QUEUE_MOVE, id[1]), order(QUEUE_RESTORE, id[0])};
    jobs_do_all(f->at[0]->jobs, "LAN", wrong, 2, on_done, &f->told[0]);
    turn(f);
    fake_net_commit(f->net, 0, 1);
    struct queue_command remove = order(QUEUE_ARCHIVE, id[0]);
    tell(f, 1, &remove);
    fake_net_commit(f->net, 1, 1);
    fake_net_repeat(f->net, 0); /* now it could be done, and was refused before */
    settle(f);
    assert_int_equal(f->told[0].result.err.code, PP_ESTATE);
    assert_int_equal(queue_archive_count(lan(f, 0)), 1);
    assert_string_equal(queue_first(lan(f, 0))->id, id[1]);
    check_equal(f);
}

static void a_command_that_comes_again_is_applied_once(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 3, id);
    struct queue_command c = of_printer(f, 0, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    c = of_run(f, 0, QUEUE_BEGIN, id, 0);
    tell(f, 0, &c);
    fake_net_keep(f->net, 0);
    fake_net_commit(f->net, 0, 1);
    fake_net_repeat(f->net, 0);
    c = of_run(f, 0, QUEUE_FINISH, id, 0);
    tell(f, 0, &c);
    fake_net_keep(f->net, 0);
    fake_net_commit(f->net, 0, 1);
    fake_net_repeat(f->net, 0); /* the BEGIN once more, after the end of its print */
    settle(f);
    assert_string_equal(queue_find(lan(f, 1), id)->claims[0].run, "");
    assert_int_equal(queue_find(lan(f, 1), id)->sets[0].remaining, 2);
    check_equal(f);
}

static void a_command_sent_twice_has_its_answer_though_its_file_has_gone(void **state)
{
    struct fleet *f = *state;
    struct answer a = {0};
    put_file(f->at[0], "cube.gcode", CUBE);
    struct queue_job *job = network_job("cubes", "cube.gcode");
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .sequence = 1, .spec = job};
    snprintf(c.client, sizeof c.client, "slicer/x");
    struct queue_result first = give_lan(f, 0, &c);
    assert_int_equal(first.err.code, 0);
    files_remove_name(f->at[0]->files, "cube.gcode", true, on_answer, &a);
    wait_for(&f->at[0]->base, &a, 1);
    struct queue_result second = give_lan(f, 0, &c);
    assert_int_equal(second.err.code, 0);
    assert_true(second.repeated);
    assert_string_equal(second.job, first.job);
    assert_int_equal(queue_count(lan(f, 1)), 1);
    queue_job_free(job);
}

/* Two programs on two hosts may call themselves alike. */
static void clients_of_two_hosts_with_one_name_are_two(void **state)
{
    struct fleet *f = *state;
    char id[2][ID_SIZE];
    submit_lan(f, 0, "one", 1, id[0]);
    submit_lan(f, 0, "two", 1, id[1]);
    for (size_t i = 0; i < 2; i++) {
        struct queue_command c = order(QUEUE_ARCHIVE, id[i]);
        snprintf(c.client, sizeof c.client, "page/1");
        c.sequence = 9;
        struct queue_result r = give_lan(f, i, &c);
        assert_int_equal(r.err.code, 0);
        assert_false(r.repeated);
        assert_true(give_lan(f, i, &c).repeated);
    }
    assert_int_equal(queue_count(lan(f, 2)), 0);
    check_equal(f);
}

static void the_leaders_clock_counts_and_not_the_senders(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 1, id);
    struct queue_command c = order(QUEUE_ARCHIVE, id);
    c.now_ms = 77;
    f->net->utc_ms = 123456789;
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(queue_find(lan(f, 2), id)->archived_ms, 123456789);
}

/* ---- over a restart -----------------------------------------------------------------------------
 */

static void what_was_kept_lies_on_top_again_after_a_restart(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 2, id);
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    tell(f, 1, &c);
    fake_net_keep(f->net, 1);
    turn(f);
    fake_net_leave(f->net, 1);
    turn(f);
    fake_net_join(f->net, 1, f->at[1]->jobs, "LAN");
    assert_string_equal(queue_find(lan(f, 1), id)->claims[0].run, run_ids[0]);
    char *dumped = fake_net_dump(f->net, 1); /* what is committed */
    assert_null(strstr(dumped, run_ids[0]));
    free(dumped);
    c = of_run(f, 1, QUEUE_FINISH, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(queue_find(lan(f, 0), id)->sets[0].remaining, 1);
    check_equal(f);
}

/* ---- groups that meet ---------------------------------------------------------------------------
 */

static void jobs_claims_and_prints_are_carried_over_into_another_group(void **state)
{
    struct fleet *f = *state;
    char id[3][ID_SIZE];
    submit_lan(f, 0, "printing", 3, id[0]);
    submit_lan(f, 0, "waiting", 1, id[1]);
    struct queue_command c = of_printer(f, 0, QUEUE_CLAIM, id[0]);
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    c = of_printer(f, 2, QUEUE_CLAIM, id[1]); /* another's, too */
    assert_int_equal(give_lan(f, 2, &c).err.code, 0);
    for (int run = 0; run < 2; run++) {
        c = of_run(f, 0, QUEUE_BEGIN, id[0], run);
        tell(f, 0, &c);
        c = of_run(f, 0, QUEUE_FINISH, id[0], run);
        if (run == 0) {
            tell(f, 0, &c);
        }
    }
    fake_net_keep(f->net, 0); /* one print over, the next going on; nobody else knows */
    turn(f);
    struct fake_host empty = {.rows = NULL};
    for (size_t i = 0; i < HOSTS; i++) { /* a group that knows nothing of it */
        fake_net_take_over(f->net, i, &empty);
    }
    const struct queue_job *job = queue_find(lan(f, 0), id[0]);
    assert_non_null(job); /* here it never was away */
    assert_string_equal(job->claims[0].run, run_ids[1]);
    settle(f);
    for (size_t i = 0; i < HOSTS; i++) {
        job = queue_find(lan(f, i), id[0]);
        assert_int_equal(job->sets[0].remaining, 2);
        assert_string_equal(job->claims[0].run, run_ids[1]);
        assert_string_equal(
            queue_find(lan(f, i), id[1])->claims[0].printer, f->net->host[2].printer);
        assert_int_equal(queue_count(lan(f, i)), 2);
    }
    c = of_run(f, 0, QUEUE_FINISH, id[0], 1);
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    assert_int_equal(queue_find(lan(f, 1), id[0])->sets[0].remaining, 1);
    check_equal(f);
}

/* ---- what comes with time -----------------------------------------------------------------------
 */

static void a_host_that_was_renamed_keeps_what_it_claimed(void **state)
{
    struct fleet *f = *state;
    struct fake_host *h = &f->net->host[1];
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 2, id);
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    fake_net_leave(f->net, 1);
    snprintf(h->printer, sizeof h->printer, "robert@%s", h->text);
    fake_net_join(f->net, 1, f->at[1]->jobs, "LAN");
    c = of_run(f, 1, QUEUE_FINISH, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(queue_find(lan(f, 0), id)->sets[0].remaining, 1);
    c = of_printer(f, 1, QUEUE_RELEASE, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(queue_find(lan(f, 0), id)->claims_count, 0);
    check_equal(f);
}

static void a_job_of_too_many_sets_is_refused_and_says_why(void **state)
{
    struct fleet *f = *state;
    put_file(f->at[0], "cube.gcode", CUBE);
    struct queue_job *job = network_job("many", "cube.gcode");
    while (job->sets_count < QUEUE_SETS_MAX) {
        struct queue_set *set = queue_job_add_set(job);
        set->path = mem_strdup("cube.gcode");
        set->profiles = mem_array(2, sizeof(char *));
        set->profiles[0] = mem_strdup("mk3");
    }
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    struct queue_result r = give_lan(f, 0, &c);
    assert_int_equal(r.err.code, PP_ETOOBIG);
    assert_non_null(strstr(r.err.text, "the job has 200 sets and is "));
    assert_non_null(strstr(r.err.text, "takes at most 49152 bytes of one job"));
    queue_job_free(job);
}

static void on_notice(void *context, enum hub_event event, const void *data)
{
    (void)event, (void)data;
    (*(int *)context)++;
}

/* The queue was left and joined anew between its end and the answer; so it is told again. */
static void an_end_that_is_told_twice_is_no_surplus(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    int notices = 0;
    hub_add(f->at[1]->hub, 1u << HUB_NOTICE, on_notice, &notices);
    submit_lan(f, 0, "cubes", 2, id);
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_FINISH, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    fake_net_leave(f->net, 1);
    turn(f);
    fake_net_join(f->net, 1, f->at[1]->jobs, "LAN");
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(notices, 0);
    c = of_run(f, 1, QUEUE_FINISH, id, 1); /* of which nobody has heard */
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    assert_int_equal(notices, 1);
    assert_int_equal(queue_find(lan(f, 0), id)->sets[0].remaining, 1);
    check_equal(f);
}

/* It is somewhere else, and may be printed there. */
static void what_was_taken_out_does_not_come_back_with_an_old_copy_of_the_queue(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 2, id);
    struct queue_job *old = queue_job_copy(queue_find(lan(f, 0), id));
    struct queue_command c = order(QUEUE_TAKE, id);
    snprintf(c.printer, sizeof c.printer, "ada");
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    struct queue_command back = {
        .verb = QUEUE_SUBMIT, .revision = -1, .mask = QUEUE_F_STATE, .spec = old};
    fake_net_say(f->net, 3, &back);
    settle(f);
    assert_null(queue_find(lan(f, 0), id));
    back.mask = 0; /* whoever has it may put it back */
    fake_net_say(f->net, 3, &back);
    settle(f);
    assert_non_null(queue_find(lan(f, 0), id));
    check_equal(f);
    queue_job_free(old);
}

static void what_is_taken_is_what_was_looked_at(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 2, id);
    struct queue_command take = order(QUEUE_TAKE, id);
    snprintf(take.printer, sizeof take.printer, "ada");
    queue_job_state(queue_find(lan(f, 0), id), take.state);
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_BEGIN, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_FINISH, id, 0);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_printer(f, 1, QUEUE_RELEASE, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    struct queue_result r = give_lan(f, 0, &take);
    assert_int_equal(r.err.code, PP_ESTATE);
    assert_string_equal(r.err.field, "state");
    queue_job_state(queue_find(lan(f, 0), id), take.state);
    assert_int_equal(give_lan(f, 0, &take).err.code, 0);
    check_equal(f);
}

static void a_leader_whose_clock_is_far_off_makes_no_row_that_nobody_can_read(void **state)
{
    struct fleet *f = *state;
    char id[ID_SIZE];
    submit_lan(f, 0, "cubes", 2, id);
    f->net->utc_ms = INT64_MAX - 100;
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = order(QUEUE_RESET, id);
    assert_int_equal(give_lan(f, 0, &c).err.code, 0);
    fake_net_leave(f->net, 2);
    turn(f);
    fake_net_join(f->net, 2, f->at[2]->jobs, "LAN");
    assert_non_null(queue_find(lan(f, 2), id));
    check_equal(f);
}

/* After a start nobody knows what a queue holds before it is joined. */
static void content_is_kept_until_the_queue_is_there(void **state)
{
    struct fleet *f = *state;
    struct answer removed = {0};
    char id[ID_SIZE];
    char sha256[65];
    submit_lan(f, 1, "cubes", 2, id);
    snprintf(sha256, sizeof sha256, "%s", queue_find(lan(f, 1), id)->sets[0].sha256);
    files_remove_name(f->at[1]->files, "cube.gcode", true, on_answer, &removed);
    wait_for(&f->at[1]->base, &removed, 1);
    assert_int_equal(removed.err.code, 0);
    fake_net_leave(f->net, 1);
    reopen_jobs(f->at[1]);
    turn(f); /* it looks what is not needed */
    assert_non_null(files_find_content(f->at[1]->files, sha256));
    fake_net_join(f->net, 1, f->at[1]->jobs, "LAN");
    struct queue_command c = order(QUEUE_ARCHIVE, id);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    turn(f);
    assert_null(files_find_content(f->at[1]->files, sha256));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLEET_TEST(a_job_is_submitted_claimed_begun_and_finished_everywhere),
        FLEET_TEST(of_two_who_claim_one_has_it),
        FLEET_TEST(what_a_print_comes_to_is_told_once_it_is_on_this_disk),
        FLEET_TEST(nothing_begins_that_is_not_claimed),
        FLEET_TEST(gcode_for_any_printer_is_refused_at_once_and_says_which_set),
        FLEET_TEST(gcode_for_any_printer_is_refused_by_every_host),
        FLEET_TEST(a_queue_that_is_not_joined_says_so),
        FLEET_TEST(what_is_given_up_says_that_it_may_be_done_yet),
        FLEET_TEST(a_network_that_takes_nothing_is_told_and_nothing_is_on_top),
        FLEET_TEST(garbage_in_the_log_changes_nothing_anywhere),
        FLEET_TEST(several_are_applied_all_or_none_on_every_host),
        FLEET_TEST(a_list_that_failed_fails_again_when_it_comes_again),
        FLEET_TEST(a_command_that_comes_again_is_applied_once),
        FLEET_TEST(a_command_sent_twice_has_its_answer_though_its_file_has_gone),
        FLEET_TEST(clients_of_two_hosts_with_one_name_are_two),
        FLEET_TEST(the_leaders_clock_counts_and_not_the_senders),
        FLEET_TEST(what_was_kept_lies_on_top_again_after_a_restart),
        FLEET_TEST(jobs_claims_and_prints_are_carried_over_into_another_group),
        FLEET_TEST(a_host_that_was_renamed_keeps_what_it_claimed),
        FLEET_TEST(a_job_of_too_many_sets_is_refused_and_says_why),
        FLEET_TEST(an_end_that_is_told_twice_is_no_surplus),
        FLEET_TEST(what_was_taken_out_does_not_come_back_with_an_old_copy_of_the_queue),
        FLEET_TEST(what_is_taken_is_what_was_looked_at),
        FLEET_TEST(a_leader_whose_clock_is_far_off_makes_no_row_that_nobody_can_read),
        FLEET_TEST(content_is_kept_until_the_queue_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
