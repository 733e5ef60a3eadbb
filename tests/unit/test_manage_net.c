// link: ppapp
// with: fake_net
/* Managing from a network queue: the log is in memory, the printer a scripted one. */
#include "tests/lib/fake_net.h"
#include "tests/unit/manage_bench.h"

#define SHORT  "M104 S200\nG28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1\nM104 S0\n"
#define OTHERS 1 /* the host that is only heard of */

struct netted {
    struct manage_bench *t;
    struct fake_net *net;
    int fetched;      /* times asked for */
    bool fetch_fails; /* at once */
    bool fetch_waits;
    const char *fetch_text; /* what comes, as "fetched.gcode" */
    net_fetch_cb fetch_done;
    void *fetch_context;
};

/* The log goes on as far as it can whenever the loop turns. */
#define NET_UNTIL(n, condition) RUN_UNTIL((n)->t->b, (fake_net_settle((n)->net), (condition)))

static void on_edited(void *context, const struct err *e)
{
    assert_null(e);
    *(bool *)context = true;
}

static void set_queue(struct netted *n, const char *key, const char *accept)
{
    bool done = false;
    struct jobs_queue q = *jobs_queue_find(n->t->jobs, "LAN");
    q.enabled = true;
    snprintf(q.shared.key, sizeof q.shared.key, "%s", key);
    snprintf(q.shared.accept, sizeof q.shared.accept, "%s", accept);
    jobs_queue_edit(n->t->jobs, &q, on_edited, &done);
    RUN_UNTIL(n->t->b, done);
}

static void on_fetch(void *context, const char *queue, const char *sha256, int64_t size_bytes,
    net_fetch_cb done, void *done_context)
{
    struct netted *n = context;
    (void)sha256;
    (void)size_bytes;
    assert_string_equal(queue, "LAN");
    n->fetched++;
    n->fetch_done = done;
    n->fetch_context = done_context;
}

/* As the network does: later, on the loop. */
static void answer_fetch(struct netted *n)
{
    struct err e = {0};
    net_fetch_cb done = n->fetch_done;
    if (done == NULL || n->fetch_waits) {
        return;
    }
    n->fetch_done = NULL;
    if (n->fetch_fails) {
        err_set(&e, PP_EOFFLINE, "nobody is there who has it");
    } else if (n->fetch_text != NULL) {
        put_file(n->t->b, "fetched.gcode", n->fetch_text);
    }
    done(n->fetch_context, n->fetch_fails ? &e : NULL);
}

static struct netted *netted(void)
{
    struct netted *n = mem_alloc(sizeof *n);
    n->t = ready();
    n->net = fake_net_new("LAN");
    set_queue(n, "secret", "");
    fake_net_join(n->net, 0, n->t->jobs, "LAN");
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        n->net->host[i].trusted = true; /* they have the key */
    }
    manage_set_fetch(n->t->m, on_fetch, n);
    return n;
}

static void done_with_net(struct netted *n)
{
    if (n->net->host[0].jobs != NULL) {
        fake_net_leave(n->net, 0);
    }
    done_with(n->t);
    if (n->fetch_done != NULL) {
        n->fetch_done(n->fetch_context, &(struct err){.code = PP_ECANCELED});
    }
    fake_net_free(n->net);
    free(n);
}

/* ---- what others say ---- */

static const struct queue *lan(const struct netted *n)
{
    return jobs_queue_find(n->t->jobs, "LAN")->queue;
}

static const struct queue_job *lan_job(const struct netted *n, const char *id)
{
    return queue_find(lan(n), id);
}

/* A job of a host; its content is that of `file` here, or unknown content. */
static void submit_from(struct netted *n, size_t host, const char *name, const char *file,
    int count, char id[static ID_SIZE])
{
    static int number;
    const struct file_entry *entry = files_find(n->t->b->files, file);
    struct queue_job *job = queue_job_new();
    struct queue_set *set = queue_job_add_set(job);
    snprintf(job->id, ID_SIZE, "01890a5d-ac96-774b-bcce-%012d", ++number);
    snprintf(set->id, ID_SIZE, "01890a5d-ac96-774b-bccf-%012d", number);
    free(job->name);
    job->name = mem_strdup(name);
    job->submitter = mem_strdup("bob");
    set->path = mem_strdup(file);
    set->count = set->remaining = count;
    set->sha256 = mem_strdup(entry != NULL ? entry->row.sha256 : "");
    if (entry == NULL) {
        free(set->sha256);
        set->sha256 = mem_printf("%064d", number);
    }
    set->profiles = mem_array(2, sizeof(char *));
    set->profiles[0] = mem_strdup(bench_profile.id);
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    memcpy(c.job, job->id, sizeof c.job);
    fake_net_say(n->net, host, &c);
    memcpy(id, job->id, ID_SIZE);
    queue_job_free(job);
    fake_net_settle(n->net);
}

static void other_submits(
    struct netted *n, const char *name, const char *file, int count, char id[static ID_SIZE])
{
    submit_from(n, OTHERS, name, file, count, id);
}

static void other_claims(struct netted *n, const char *id)
{
    struct queue_command c = {.verb = QUEUE_CLAIM, .revision = -1};
    memcpy(c.job, id, sizeof c.job);
    snprintf(c.printer, sizeof c.printer, "%s", n->net->host[OTHERS].printer);
    snprintf(c.profile, sizeof c.profile, "%s", bench_profile.id);
    fake_net_say(n->net, OTHERS, &c);
}

static bool is_held(const struct netted *n, const char *id)
{
    const struct queue_job *job = lan_job(n, id);
    return job != NULL && job->claims_count == 1 &&
           strcmp(job->claims[0].printer, n->net->host[0].printer) == 0;
}

/* ---- the happy path ---- */

static void a_job_of_another_host_is_claimed_printed_and_counted(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    put_file(n->t->b, "a.gcode", SHORT);
    other_submits(n, "A", "a.gcode", 1, id);
    say_clear(n->t);
    start_managing(n->t);
    NET_UNTIL(n, n->t->succeeded == 1 && queue_count(lan(n)) == 0);
    assert_true(lan_job(n, id)->finished);
    assert_string_equal(n->t->b->run.queue, "LAN");
    assert_int_equal(n->fetched, 0);
    done_with_net(n);
}

static void nothing_begins_before_the_claim_is_agreed_upon(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    put_file(n->t->b, "a.gcode", SHORT);
    other_submits(n, "A", "a.gcode", 1, id);
    say_clear(n->t);
    start_managing(n->t);
    RUN_UNTIL(n->t->b, n->net->host[0].words != NULL); /* asked, and nobody says yes */
    for (int i = 0; i < 50; i++) {
        uv_run(&n->t->b->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(managing(n->t).state, DRIVER_PREPARING);
    assert_non_null(strstr(managing(n->t).text, "agreeing"));
    assert_int_equal(n->t->begun, 0);
    other_claims(n, id); /* was faster */
    NET_UNTIL(n, managing(n->t).state == DRIVER_IDLE);
    assert_int_equal(n->t->begun, 0);
    assert_true(managing(n->t).managing);
    done_with_net(n);
}

/* ---- content ---- */

static void what_is_not_here_is_fetched_first(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    put_file(n->t->b, "fetched.gcode", SHORT); /* to know its hash */
    other_submits(n, "A", "fetched.gcode", 1, id);
    bool gone = false;
    files_remove_name(n->t->b->files, "fetched.gcode", true, on_edited, &gone);
    RUN_UNTIL(n->t->b, gone);
    n->fetch_text = SHORT;
    say_clear(n->t);
    start_managing(n->t);
    NET_UNTIL(n, (answer_fetch(n), n->t->succeeded == 1 && queue_count(lan(n)) == 0));
    done_with_net(n);
}

static void a_file_that_cannot_be_had_is_passed_over_and_its_claim_given_back(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[2][ID_SIZE];
    char why[200];
    put_file(n->t->b, "b.gcode", SHORT);
    other_submits(n, "A", "nowhere.gcode", 1, id[0]);
    other_submits(n, "B", "b.gcode", 1, id[1]);
    n->fetch_fails = true;
    say_clear(n->t);
    start_managing(n->t);
    NET_UNTIL(n, (answer_fetch(n), n->t->succeeded == 1));
    NET_UNTIL(n, (answer_fetch(n), lan_job(n, id[0])->claims_count == 0));
    assert_int_equal(n->fetched, 1);
    assert_true(managing(n->t).managing);
    manage_why_passed(
        n->t->m, "LAN", lan_job(n, id[0]), &lan_job(n, id[0])->sets[0], why, sizeof why);
    assert_non_null(strstr(why, "passed over for now: \"nowhere.gcode\" could not be fetched"));
    done_with_net(n);
}

static void stopping_does_not_wait_for_a_file_and_gives_the_claim_back(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    other_submits(n, "A", "nowhere.gcode", 1, id);
    n->fetch_waits = true;
    say_clear(n->t);
    start_managing(n->t);
    NET_UNTIL(n, n->fetched == 1);
    assert_non_null(strstr(managing(n->t).text, "is fetched from other hosts"));
    assert_true(is_held(n, id));
    assert_int_equal(manage_stop(n->t->m, &refused), 0);
    NET_UNTIL(n, lan_job(n, id)->claims_count == 0);
    n->fetch_waits = false;
    answer_fetch(n);
    NET_UNTIL(n, managing(n->t).state == DRIVER_INACTIVE);
    assert_int_equal(n->t->begun, 0);
    done_with_net(n);
}

/* ---- one ahead ---- */

static void one_job_is_claimed_ahead_and_given_back_at_a_stop(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[3][ID_SIZE];
    put_file(n->t->b, "a.gcode", PART);
    for (int i = 0; i < 3; i++) {
        other_submits(n, "A", "a.gcode", 1, id[i]);
    }
    say_clear(n->t);
    n->t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(n->t);
    NET_UNTIL(n, n->t->b->printer.stuck);
    NET_UNTIL(n, is_held(n, id[1]));
    assert_true(is_held(n, id[0]));
    assert_int_equal(lan_job(n, id[2])->claims_count, 0);
    assert_int_equal(manage_stop(n->t->m, &refused), 0);
    NET_UNTIL(n, lan_job(n, id[1])->claims_count == 0);
    assert_true(is_held(n, id[0])); /* it is being printed */
    go_on(&n->t->b->printer);
    NET_UNTIL(n, n->t->succeeded == 1 && queue_count(lan(n)) == 2);
    done_with_net(n);
}

static void with_more_of_a_job_to_print_none_is_claimed_ahead(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[2][ID_SIZE];
    put_file(n->t->b, "a.gcode", PART);
    other_submits(n, "A", "a.gcode", 2, id[0]);
    other_submits(n, "B", "a.gcode", 1, id[1]);
    say_clear(n->t);
    n->t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(n->t);
    NET_UNTIL(n, n->t->b->printer.stuck);
    for (int i = 0; i < 50; i++) {
        uv_run(&n->t->b->loop, UV_RUN_NOWAIT);
        fake_net_settle(n->net);
    }
    assert_int_equal(lan_job(n, id[1])->claims_count, 0);
    go_on(&n->t->b->printer);
    NET_UNTIL(n, n->t->succeeded == 1);
    done_with_net(n);
}

/* The local queue comes first by rank: what was claimed for afterwards is another's to have. */
static void local_work_that_comes_gives_the_job_ahead_back(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[2][ID_SIZE];
    put_file(n->t->b, "a.gcode", PART);
    other_submits(n, "A", "a.gcode", 1, id[0]);
    other_submits(n, "B", "a.gcode", 1, id[1]);
    say_clear(n->t);
    n->t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(n->t);
    NET_UNTIL(n, n->t->b->printer.stuck);
    NET_UNTIL(n, is_held(n, id[1]));
    submit(n->t, "local", "a.gcode", 1, NULL);
    NET_UNTIL(n, lan_job(n, id[1])->claims_count == 0);
    go_on(&n->t->b->printer);
    NET_UNTIL(n, n->t->succeeded == 1);
    done_with_net(n);
}

/* ---- alone ---- */

static void a_host_goes_on_alone_with_what_it_has_claimed(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[3][ID_SIZE];
    char why[200];
    put_file(n->t->b, "a.gcode", PART);
    hook(n->t, "print_success", SWEEP, true);
    other_submits(n, "A", "a.gcode", 1, id[0]);
    other_submits(n, "B", "a.gcode", 2, id[1]);
    other_submits(n, "C", "a.gcode", 1, id[2]);
    say_clear(n->t);
    n->t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(n->t);
    NET_UNTIL(n, n->t->b->printer.stuck);
    NET_UNTIL(n, is_held(n, id[1]));
    n->net->host[0].connected = false;
    go_on(&n->t->b->printer);
    NET_UNTIL(n, n->t->succeeded == 3 && managing(n->t).state == DRIVER_IDLE);
    assert_int_equal(queue_count(lan(n)), 1); /* here; elsewhere nobody knows yet */
    manage_why_passed(
        n->t->m, "LAN", lan_job(n, id[2]), &lan_job(n, id[2])->sets[0], why, sizeof why);
    assert_non_null(strstr(why, "no leader"));
    assert_int_equal(n->t->begun, 3);
    n->net->host[0].connected = true;
    n->net->host[0].machine.changed(n->net->host[0].machine.context);
    NET_UNTIL(n, asks(n->t, "bed") || n->t->succeeded == 4);
    if (n->t->succeeded < 4) {
        answer_with(n->t, "bed", "yes");
    }
    NET_UNTIL(n, n->t->succeeded == 4 && queue_count(lan(n)) == 0);
    fake_net_check_rows(n->net, 0);
    assert_null(n->net->host[0].words);
    done_with_net(n);
}

static void out_of_touch_for_too_long_nothing_begins_any_more(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    put_file(n->t->b, "a.gcode", SHORT);
    other_submits(n, "A", "a.gcode", 1, id);
    n->net->host[0].may_begin = false;
    say_clear(n->t);
    start_managing(n->t);
    NET_UNTIL(n, managing(n->t).state == DRIVER_IDLE);
    assert_int_equal(lan_job(n, id)->claims_count, 0);
    n->net->host[0].may_begin = true;
    n->net->host[0].machine.changed(n->net->host[0].machine.context);
    NET_UNTIL(n, n->t->succeeded == 1);
    done_with_net(n);
}

/* ---- whose jobs ---- */

static void gcode_of_a_stranger_waits_for_a_persons_word(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    char question[200];
    set_queue(n, "", "");
    n->net->host[OTHERS].trusted = false;
    put_file(n->t->b, "a.gcode", SHORT);
    other_submits(n, "A", "a.gcode", 2, id);
    say_clear(n->t);
    start_managing(n->t);
    NET_UNTIL(n, asks(n->t, "peer"));
    const char *peer = n->net->host[OTHERS].text;
    snprintf(question, sizeof question, "Accept jobs from bob (...%s) in queue \"LAN\"?",
        peer + strlen(peer) - 6);
    assert_string_equal(status(n->t->b).question[0].text, question);
    assert_int_equal(n->t->begun, 0);
    answer_with(n->t, "peer", "yes");
    NET_UNTIL(n, n->t->succeeded == 1 && asks(n->t, "bed"));
    answer_with(n->t, "bed", "yes");
    NET_UNTIL(n, n->t->succeeded == 2);
    assert_false(asks(n->t, "peer"));
    done_with_net(n);
}

static void a_stranger_who_was_declined_is_not_asked_about_again(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    char why[200];
    set_queue(n, "", "");
    n->net->host[OTHERS].trusted = false;
    put_file(n->t->b, "a.gcode", SHORT);
    other_submits(n, "A", "a.gcode", 1, id);
    say_clear(n->t);
    start_managing(n->t);
    answer_with(n->t, "peer", "no");
    NET_UNTIL(n, jobs_peer_word(n->t->jobs, "LAN", n->net->host[OTHERS].text) == JOBS_DECLINED);
    for (int i = 0; i < 50; i++) {
        uv_run(&n->t->b->loop, UV_RUN_NOWAIT);
        fake_net_settle(n->net);
    }
    assert_false(asks(n->t, "peer"));
    assert_int_equal(n->t->begun, 0);
    manage_why_passed(n->t->m, "LAN", lan_job(n, id), &lan_job(n, id)->sets[0], why, sizeof why);
    assert_non_null(strstr(why, "a person said no"));
    done_with_net(n);
}

static void a_queue_may_accept_only_trusted_gcode_or_none(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[2][ID_SIZE];
    char why[200];
    set_queue(n, "secret", "trusted");
    put_file(n->t->b, "a.gcode", SHORT);
    n->net->host[OTHERS].trusted = false;
    other_submits(n, "A", "a.gcode", 1, id[0]);
    n->net->host[OTHERS].trusted = true;
    other_submits(n, "B", "a.gcode", 1, id[1]);
    say_clear(n->t);
    start_managing(n->t);
    NET_UNTIL(n, lan_job(n, id[1])->finished);
    manage_why_passed(
        n->t->m, "LAN", lan_job(n, id[0]), &lan_job(n, id[0])->sets[0], why, sizeof why);
    assert_non_null(strstr(why, "no trusted host"));
    set_queue(n, "secret", "model");
    manage_why_passed(
        n->t->m, "LAN", lan_job(n, id[0]), &lan_job(n, id[0])->sets[0], why, sizeof why);
    assert_non_null(strstr(why, "only models"));
    done_with_net(n);
}

static void a_queue_over_the_internet_accepts_only_trusted_gcode_where_nothing_is_said(void **state)
{
    (void)state;
    struct jobs_queue q = {.kind = "wan"};
    assert_string_equal(jobs_queue_accept(&q), "trusted");
    snprintf(q.shared.accept, sizeof q.shared.accept, "all");
    assert_string_equal(jobs_queue_accept(&q), "all");
    q = (struct jobs_queue){.kind = "lan"};
    assert_string_equal(jobs_queue_accept(&q), "all");
}

static void what_a_host_sends_itself_it_prints_whomever_it_trusts(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    char why[200];
    set_queue(n, "secret", "trusted");
    put_file(n->t->b, "a.gcode", SHORT);
    submit_from(n, 0, "A", "a.gcode", 1, id);
    manage_why_passed(n->t->m, "LAN", lan_job(n, id), &lan_job(n, id)->sets[0], why, sizeof why);
    assert_null(strstr(why, "no trusted host"));
    done_with_net(n);
}

/* The key says nothing of who sent in jobs before. */
static void a_key_given_later_lets_no_stranger_in(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[2][ID_SIZE];
    set_queue(n, "", "");
    put_file(n->t->b, "a.gcode", SHORT);
    n->net->host[OTHERS].trusted = false;
    other_submits(n, "A", "a.gcode", 1, id[0]);
    set_queue(n, "secret", "");
    n->net->host[OTHERS].trusted = true;
    other_submits(n, "B", "a.gcode", 1, id[1]);
    say_clear(n->t);
    start_managing(n->t);
    NET_UNTIL(n, asks(n->t, "peer") && lan_job(n, id[1])->finished);
    assert_int_equal(n->t->begun, 1);
    assert_false(lan_job(n, id[0])->finished);
    done_with_net(n);
}

/* ---- restarts ---- */

static bool is_in_history(const struct netted *n, const char *run)
{
    struct run found;
    struct err e;
    return store_load_run(n->t->b->store, run, &found, &e) == 0 && found.result == RUN_SUCCESS;
}

/* The claim, the print in the history and its end are durable; whether the others know does not
 * matter. */
static void a_print_is_counted_once_whatever_was_on_its_way(void **state)
{
    (void)state;
    struct netted *n = netted();
    char id[ID_SIZE];
    put_file(n->t->b, "a.gcode", PART);
    other_submits(n, "A", "a.gcode", 3, id);
    say_clear(n->t);
    n->t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(n->t);
    NET_UNTIL(n, n->t->b->printer.stuck);
    n->net->host[0].connected = false;
    assert_int_equal(manage_stop(n->t->m, &refused), 0);
    close_manage(n->t); /* nobody is there to hear of the end */
    go_on(&n->t->b->printer);
    RUN_UNTIL(n->t->b, n->t->succeeded == 1);
    RUN_UNTIL(n->t->b, is_in_history(n, n->t->b->run.id));
    fake_net_leave(n->net, 0);
    open_manage(n->t);
    for (int i = 0; i < 20; i++) {
        uv_run(&n->t->b->loop, UV_RUN_NOWAIT);
    }
    fake_net_join(n->net, 0, n->t->jobs, "LAN"); /* later than managing is there */
    NET_UNTIL(n, lan_job(n, id)->claims_count == 0);
    assert_int_equal(lan_job(n, id)->sets[0].remaining, 2);
    n->net->host[0].connected = true;
    NET_UNTIL(n, n->net->host[0].words == NULL);
    assert_int_equal(lan_job(n, id)->sets[0].remaining, 2);
    assert_int_equal(lan_job(n, id)->sets[0].completed, 1);
    fake_net_check_rows(n->net, 0);
    done_with_net(n);
}

/* The others give up a host that they do not hear of: its print is over, its claim free. */
static void others_give_up(struct netted *n, const char *id)
{
    struct queue_command over = {.verb = QUEUE_FINISH, .revision = -1};
    struct queue_command release = {.verb = QUEUE_RELEASE, .revision = -1};
    n->net->host[0].connected = false;
    memcpy(over.job, id, sizeof over.job);
    memcpy(over.run, lan_job(n, id)->claims[0].run, sizeof over.run);
    fake_net_say(n->net, OTHERS, &over);
    memcpy(release.job, id, sizeof release.job);
    snprintf(release.printer, sizeof release.printer, "%s", n->net->host[0].printer);
    fake_net_say(n->net, OTHERS, &release);
}

/* A print of this host is going on, and all know of it. */
static struct netted *prints_one(int count, char id[static ID_SIZE])
{
    struct netted *n = netted();
    put_file(n->t->b, "a.gcode", PART);
    other_submits(n, "A", "a.gcode", count, id);
    say_clear(n->t);
    n->t->b->printer.stuck_at = "G1 X50 Y10";
    start_managing(n->t);
    NET_UNTIL(n, n->t->b->printer.stuck && lan_job(n, id)->claims[0].run[0] != '\0');
    NET_UNTIL(n, n->net->host[0].words == NULL);
    return n;
}

static void a_notice(void *context, enum hub_event event, const void *data)
{
    (void)event;
    snprintf(context, 300, "%.299s", (const char *)data);
}

/* While this host was away its claim was given to another, who prints: what was printed here counts
 * no more, and that is told. */
static void what_another_prints_meanwhile_is_told_as_one_too_many(void **state)
{
    (void)state;
    char id[ID_SIZE];
    char told[300] = "";
    struct netted *n = prints_one(1, id);
    others_give_up(n, id);
    other_claims(n, id);
    struct queue_command begin = {.verb = QUEUE_BEGIN, .revision = -1};
    memcpy(begin.job, id, sizeof begin.job);
    memcpy(begin.set, lan_job(n, id)->sets[0].id, sizeof begin.set);
    snprintf(begin.printer, sizeof begin.printer, "%s", n->net->host[OTHERS].printer);
    snprintf(begin.profile, sizeof begin.profile, "%s", bench_profile.id);
    id_new(begin.run, 5);
    fake_net_say(n->net, OTHERS, &begin);
    go_on(&n->t->b->printer);
    NET_UNTIL(n, n->t->succeeded == 1 && lan_job(n, id)->finished);
    n->net->host[0].connected = true;
    hub_add(n->t->b->hub, 1u << HUB_NOTICE, a_notice, told);
    NET_UNTIL(n, n->net->host[0].words == NULL && told[0] != '\0');
    assert_non_null(strstr(told, "also printed by bob@"));
    assert_false(lan_job(n, id)->finished);
    assert_string_equal(lan_job(n, id)->claims[0].run, begin.run);
    fake_net_check_rows(n->net, 0);
    done_with_net(n);
}

/* Given up, and nobody has begun it anew: it is no loss. */
static void a_print_that_was_given_up_counts_when_its_host_comes_back(void **state)
{
    (void)state;
    char id[ID_SIZE];
    struct netted *n = prints_one(2, id);
    others_give_up(n, id);
    go_on(&n->t->b->printer);
    NET_UNTIL(n, n->t->succeeded == 1);
    assert_int_equal(manage_stop(n->t->m, &refused), 0);
    NET_UNTIL(n, lan_job(n, id)->claims_count == 0);
    n->net->host[0].connected = true;
    NET_UNTIL(n, n->net->host[0].words == NULL);
    assert_int_equal(lan_job(n, id)->sets[0].remaining, 1);
    assert_int_equal(lan_job(n, id)->lost_count, 0);
    fake_net_check_rows(n->net, 0);
    done_with_net(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_of_another_host_is_claimed_printed_and_counted),
        cmocka_unit_test(nothing_begins_before_the_claim_is_agreed_upon),
        cmocka_unit_test(what_is_not_here_is_fetched_first),
        cmocka_unit_test(a_file_that_cannot_be_had_is_passed_over_and_its_claim_given_back),
        cmocka_unit_test(stopping_does_not_wait_for_a_file_and_gives_the_claim_back),
        cmocka_unit_test(one_job_is_claimed_ahead_and_given_back_at_a_stop),
        cmocka_unit_test(with_more_of_a_job_to_print_none_is_claimed_ahead),
        cmocka_unit_test(local_work_that_comes_gives_the_job_ahead_back),
        cmocka_unit_test(a_host_goes_on_alone_with_what_it_has_claimed),
        cmocka_unit_test(out_of_touch_for_too_long_nothing_begins_any_more),
        cmocka_unit_test(gcode_of_a_stranger_waits_for_a_persons_word),
        cmocka_unit_test(a_stranger_who_was_declined_is_not_asked_about_again),
        cmocka_unit_test(a_queue_may_accept_only_trusted_gcode_or_none),
        cmocka_unit_test(
            a_queue_over_the_internet_accepts_only_trusted_gcode_where_nothing_is_said),
        cmocka_unit_test(what_a_host_sends_itself_it_prints_whomever_it_trusts),
        cmocka_unit_test(a_key_given_later_lets_no_stranger_in),
        cmocka_unit_test(a_print_is_counted_once_whatever_was_on_its_way),
        cmocka_unit_test(what_another_prints_meanwhile_is_told_as_one_too_many),
        cmocka_unit_test(a_print_that_was_given_up_counts_when_its_host_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
