// link: ppapp
// with: fake_net
/* Jobs that move between queues: a host is killed wherever it may be, the target refuses, prints
 * are counted meanwhile, the queue goes. The log is in memory, the moves and the store are the real
 * ones; of the rest of network/ and net/ only what moves call is here. */
#include "host/app/network/network_move_priv.h"
#include "host/base/clock.h"
#include "tests/lib/fake_net.h"
#include "tests/unit/jobs_bench.h"

#include <time.h>

#define BOB 1 /* another host: only heard of */

struct world {
    struct jobs_bench b; /* first */
    struct network w;
    struct fake_net *net;
    uv_idle_t later; /* what net answers, it answers later */
    net_offer_cb offered;
    net_fetch_cb fetched;
    void *context;
    struct err net_error;
    bool cut;         /* the log does not go on */
    bool lost_answer; /* it goes on, but we do not hear of it */
    bool nobody_fits;
    int notes;
    char note[400];
    struct outcome moved;
};

static struct world *here; /* of the calls below that stand for others */

/* ---- what moves call ----------------------------------------------------------------------------
 */

void network_let_go(struct network *w)
{
    assert_true(w->open > 0);
    w->open--;
}

void network_note(struct network *w, const char *queue, bool warning, const char *text)
{
    (void)w, (void)queue, (void)warning;
    here->notes++;
    snprintf(here->note, sizeof here->note, "%s", text);
}

bool network_somebody_fits(
    const struct network *w, const char *queue, const struct queue_job *job, struct err *e)
{
    (void)w, (void)queue, (void)job;
    if (here->nobody_fits) {
        err_set(e, PP_EREFUSED, "no host of the queue has that profile");
    }
    return !here->nobody_fits;
}

bool net_fetch_progress(const struct net *n, const char *sha256, struct net_progress *out)
{
    (void)n, (void)sha256, (void)out;
    return false;
}

static void answer_later(uv_idle_t *idle)
{
    struct world *t = idle->data;
    net_offer_cb offered = t->offered;
    net_fetch_cb fetched = t->fetched;
    const struct err *e = t->net_error.code != 0 ? &t->net_error : NULL;
    uv_idle_stop(idle);
    t->offered = NULL;
    t->fetched = NULL;
    if (offered != NULL) {
        offered(t->context, e, 2);
    } else if (fetched != NULL) {
        fetched(t->context, e);
    }
}

void net_offer(struct net *n, const char *queue, const char *sha256, size_t replicas,
    int64_t timeout_ms, net_offer_cb done, void *context)
{
    (void)n, (void)queue, (void)replicas, (void)timeout_ms;
    assert_non_null(files_find_content(here->b.files, sha256));
    here->offered = done;
    here->context = context;
    uv_idle_start(&here->later, answer_later);
}

void network_fetch(struct network *w, const char *queue, const char *sha256, int64_t size_bytes,
    net_fetch_cb done, void *context)
{
    (void)w, (void)queue, (void)sha256, (void)size_bytes;
    here->fetched = done;
    here->context = context;
    uv_idle_start(&here->later, answer_later);
}

/* ---- a host -------------------------------------------------------------------------------------
 */

static void on_edited(void *context, const struct err *e)
{
    assert_null(e);
    *(bool *)context = true;
}

static void enable(struct world *t, bool enabled)
{
    bool done = false;
    struct jobs_queue q = *jobs_queue_find(t->b.jobs, "LAN");
    q.enabled = enabled;
    jobs_queue_edit(t->b.jobs, &q, on_edited, &done);
    while (!done) {
        uv_run(&t->b.base.loop, UV_RUN_ONCE);
    }
}

static void network_up(struct world *t)
{
    struct err e = {0};
    t->w = (struct network){.loop = &t->b.base.loop, .open = 1};
    t->w.o.jobs = t->b.jobs;
    t->w.o.files = t->b.files;
    t->w.o.store = t->b.base.store;
    snprintf(t->w.name, sizeof t->w.name, "mk3");
    uv_idle_init(&t->b.base.loop, &t->later);
    t->later.data = t;
    assert_int_equal(network_moves_load(&t->w, &e), 0);
    jobs_set_other_needs(t->b.jobs, network_moves_need, &t->w);
}

static void turn(struct world *t)
{
    uv_run(&t->b.base.loop, UV_RUN_NOWAIT);
    if (!t->cut) {
        fake_net_settle(t->net);
    }
    for (struct fake_host *h = &t->net->host[0]; t->lost_answer && h->words != NULL;) {
        fake_net_refuse(t->net, 0, PP_ETIMEOUT, "no leader has taken it in time");
    }
}

/* As if the time had come for whatever waits to be tried again. */
static void hurry(struct world *t)
{
    for (struct move *m = t->w.moves; m != NULL; m = m->next) {
        m->again_ms = m->again_ms != 0 ? 1 : 0;
    }
    network_moves_tick(&t->w);
}

static void step(struct world *t)
{
    const struct timespec brief = {.tv_nsec = 100000};
    turn(t);
    hurry(t);
    nanosleep(&brief, NULL); /* of the store's thread */
}

static void settle(struct world *t)
{
    for (int i = 0; i < 3 || t->w.moves != NULL || t->w.open > 1; i++) {
        step(t);
        if (i > 20000) {
            fail_msg("a move does not end: %s", t->note);
        }
    }
}

/* ---- lives --------------------------------------------------------------------------------------
 */

static void world_up(struct world *t)
{
    snprintf(t->b.base.path, sizeof t->b.base.path, "%s/pphost.db", t->b.base.dir);
    assert_int_equal(uv_loop_init(&t->b.base.loop), 0);
    open_jobs(&t->b);
    network_up(t);
}

static void world_join(struct world *t)
{
    enable(t, true);
    fake_net_join(t->net, 0, t->b.jobs, "LAN");
}

static void world_down(struct world *t)
{
    t->w.closing = true;
    t->lost_answer = t->cut = false;
    uv_close((uv_handle_t *)&t->later, NULL);
    if (t->net->host[0].jobs != NULL) {
        fake_net_leave(t->net, 0);
    }
    while (t->w.open > 1) {
        uv_run(&t->b.base.loop, UV_RUN_ONCE);
    }
    jobs_set_other_needs(t->b.jobs, NULL, NULL);
    jobs_set_network(t->b.jobs, NULL);
    network_moves_close(&t->w);
    close_jobs(&t->b);
    assert_int_equal(uv_loop_close(&t->b.base.loop), 0);
}

/* What the disk has at this instant is all that the next life gets; the log has what it has. */
static void kill_and_start(struct world *t)
{
    char copy[TEMPDIR_SIZE];
    char command[300];
    tempdir_make(copy);
    snprintf(
        command, sizeof command, "cp -a %s/. %s/ && rm -f %s/*-shm", t->b.base.dir, copy, copy);
    assert_int_equal(system(command), 0);
    world_down(t);
    tempdir_remove(t->b.base.dir);
    memcpy(t->b.base.dir, copy, sizeof copy);
    t->offered = NULL;
    t->fetched = NULL;
    world_up(t);
    fake_net_join(t->net, 0, t->b.jobs, "LAN");
}

static struct world *world_new(void)
{
    struct world *t = mem_alloc(sizeof *t);
    char blobs[TEMPDIR_SIZE + 8];
    here = t;
    tempdir_make(t->b.base.dir);
    snprintf(blobs, sizeof blobs, "%s/blobs", t->b.base.dir);
    mkdir(blobs, 0700);
    t->net = fake_net_new("LAN");
    world_up(t);
    world_join(t);
    return t;
}

static void world_free(struct world *t)
{
    world_down(t);
    fake_net_free(t->net);
    tempdir_remove(t->b.base.dir);
    free(t);
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

static const struct queue_job *in(const struct world *t, const char *queue, const char *id)
{
    return queue_find(jobs_queue_find(t->b.jobs, queue)->queue, id);
}

static const struct queue_job *in_local(const struct world *t, const char *id)
{
    return in(t, QUEUE_LOCAL, id);
}

static const struct queue_job *in_lan(const struct world *t, const char *id)
{
    return in(t, "LAN", id);
}

static struct queue_result tell(struct world *t, const char *queue, const struct queue_command *c)
{
    struct outcome o = {0};
    jobs_do(t->b.jobs, queue, c, on_done, &o);
    for (int i = 0; o.count == 0; i++) {
        step(t);
        assert_true(i < 20000);
    }
    return o.result;
}

/* A job of two files, three times; its files have no names any more. */
static void make_job(struct world *t, const char *queue, char id[static ID_SIZE])
{
    static const char *const names[] = {"gears.gcode", "axle.gcode"};
    struct queue_job *job = queue_job_new();
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = job};
    free(job->name);
    job->name = mem_strdup("machine");
    job->count = job->remaining = 3;
    for (size_t i = 0; i < 2; i++) {
        struct queue_set *set = queue_job_add_set(job);
        put_file(&t->b, names[i], i == 0 ? CUBE : CUBE "G1 X1\n");
        set->path = mem_strdup(names[i]);
        set->profiles = mem_array(2, sizeof *set->profiles);
        set->profiles[0] = mem_strdup("virtual");
    }
    struct queue_result r = tell(t, queue, &c);
    assert_int_equal(r.err.code, 0);
    memcpy(id, r.job, ID_SIZE);
    queue_job_free(job);
    for (size_t i = 0; i < 2; i++) {
        struct answer a = {0};
        files_remove_name(t->b.files, names[i], true, on_answer, &a);
        wait_for(&t->b.base, &a, 1);
        assert_int_equal(a.err.code, 0);
    }
}

static void begin_move(struct world *t, const char *id, const char *from, const char *to)
{
    t->moved = (struct outcome){0};
    network_move(&t->w, from, id, to, "", "me", on_done, &t->moved);
}

static struct queue_result move(struct world *t, const char *id, const char *from, const char *to)
{
    begin_move(t, id, from, to);
    settle(t);
    assert_int_equal(t->moved.count, 1);
    return t->moved.result;
}

/* In one queue, as it was, free to be printed, its files with it. */
static void check_is_in(const struct world *t, const char *id, const char *queue)
{
    const struct queue_job *job = in(t, queue, id);
    const char *other = move_is_local(queue) ? "LAN" : QUEUE_LOCAL;
    assert_non_null(job);
    assert_null(in(t, other, id));
    assert_int_equal(job->archived_ms, 0);
    assert_false(job->moving);
    assert_false(job->draft);
    assert_string_equal(job->name, "machine");
    assert_int_equal(job->count, 3);
    assert_int_equal(job->sets_count, 2);
    for (size_t i = 0; i < job->sets_count; i++) {
        assert_non_null(files_find_content(t->b.files, job->sets[i].sha256));
    }
}

static void say_as_bob(struct world *t, enum queue_verb verb, const char *id, const char *run)
{
    const struct queue_job *job = in_lan(t, id);
    struct queue_command c = {.verb = verb, .revision = -1, .success = true};
    snprintf(c.job, sizeof c.job, "%s", id);
    snprintf(c.set, sizeof c.set, "%s", job->sets[0].id);
    snprintf(c.run, sizeof c.run, "%s", run);
    snprintf(c.printer, sizeof c.printer, "%s", t->net->host[BOB].printer);
    snprintf(c.profile, sizeof c.profile, "virtual");
    fake_net_say(t->net, BOB, &c);
}

#define RUN "01890a5d-ac96-774b-bcce-b302099a8057"

/* ---- killed -------------------------------------------------------------------------------------
 */

/* PP_KILLS=1: at every step. */
static int stride(int usual)
{
    return getenv("PP_KILLS") != NULL ? 1 : usual;
}

static void kill_in(const char *from, const char *to, int steps)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    make_job(t, from, id);
    begin_move(t, id, from, to);
    for (int i = 0; i < steps; i++) {
        step(t);
    }
    kill_and_start(t);
    settle(t);
    bool stayed = in(t, from, id) != NULL;
    assert_false(stayed && t->moved.count > 0 && t->moved.result.err.code == 0);
    check_is_in(t, id, stayed ? from : to);
    world_free(t);
}

static void a_host_killed_anywhere_on_the_way_to_the_network_loses_and_doubles_nothing(void **state)
{
    (void)state;
    for (int steps = 0; steps < 26; steps += stride(5)) {
        kill_in(QUEUE_LOCAL, "LAN", steps);
    }
}

static void a_host_killed_anywhere_on_the_way_back_loses_and_doubles_nothing(void **state)
{
    (void)state;
    for (int steps = 0; steps < 26; steps += stride(5)) {
        kill_in("LAN", QUEUE_LOCAL, steps);
    }
}

/* The last thing it said came through, and it died before it heard of it. */
static void a_host_killed_before_it_heard_the_answer_knows_it_afterwards(void **state)
{
    (void)state;
    static const char *const ways[][2] = {{QUEUE_LOCAL, "LAN"}, {"LAN", QUEUE_LOCAL}};
    for (size_t i = 0; i < 2; i++) {
        struct world *t = world_new();
        char id[ID_SIZE];
        make_job(t, ways[i][0], id);
        t->cut = true;
        begin_move(t, id, ways[i][0], ways[i][1]);
        while (t->net->host[0].words == NULL) {
            step(t);
        }
        fake_net_commit(t->net, 0, SIZE_MAX);
        kill_and_start(t);
        settle(t);
        check_is_in(t, id, ways[i][1]);
        world_free(t);
    }
}

static void there_and_back_again_as_often_as_wanted(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, QUEUE_LOCAL, id);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(move(t, id, QUEUE_LOCAL, "LAN").err.code, 0);
        check_is_in(t, id, "LAN");
        assert_int_equal(move(t, id, "LAN", QUEUE_LOCAL).err.code, 0);
        check_is_in(t, id, QUEUE_LOCAL);
    }
    assert_non_null(files_find(t->b.files, "imports/machine/gears.gcode"));
    world_free(t);
}

/* ---- full disks ---------------------------------------------------------------------------------
 */

/* From some step on for a while. What is told is so, and at the end it is in one place. */
static void fill_the_disk_in(const char *from, const char *to, int steps)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    make_job(t, from, id);
    begin_move(t, id, from, to);
    for (int i = 0; i < steps; i++) {
        step(t);
    }
    fill_disk(&t->b.base, 0);
    for (int i = 0; i < 40; i++) {
        step(t);
    }
    fill_disk(&t->b.base, SIZE_MAX);
    settle(t);
    assert_int_equal(t->moved.count, 1);
    check_is_in(t, id, t->moved.result.err.code == 0 ? to : from);
    kill_and_start(t);
    settle(t);
    check_is_in(t, id, t->moved.result.err.code == 0 ? to : from);
    world_free(t);
}

static void a_full_disk_anywhere_on_the_way_loses_and_doubles_nothing(void **state)
{
    (void)state;
    for (int steps = 0; steps < 20; steps += stride(9)) {
        fill_the_disk_in(QUEUE_LOCAL, "LAN", steps);
        fill_the_disk_in("LAN", QUEUE_LOCAL, steps);
    }
}

/* ---- what others do meanwhile -------------------------------------------------------------------
 */

static void a_print_that_is_counted_on_the_way_is_not_printed_again(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, "LAN", id);
    t->cut = true;
    begin_move(t, id, "LAN", QUEUE_LOCAL);
    while (t->net->host[0].words == NULL) { /* the copy is made, the word is said */
        step(t);
    }
    say_as_bob(t, QUEUE_CLAIM, id, "");
    say_as_bob(t, QUEUE_BEGIN, id, RUN);
    say_as_bob(t, QUEUE_FINISH, id, RUN);
    say_as_bob(t, QUEUE_RELEASE, id, "");
    t->cut = false;
    settle(t);
    check_is_in(t, id, QUEUE_LOCAL);
    assert_int_equal(in_local(t, id)->sets[0].remaining, 0);
    assert_int_equal(in_local(t, id)->sets[0].completed, 1);
    world_free(t);
}

static void what_another_host_prints_stays(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, "LAN", id);
    say_as_bob(t, QUEUE_CLAIM, id, "");
    say_as_bob(t, QUEUE_BEGIN, id, RUN);
    assert_int_equal(move(t, id, "LAN", QUEUE_LOCAL).err.code, PP_EBUSY);
    check_is_in(t, id, "LAN");
    world_free(t);
}

static void of_two_hosts_that_fetch_a_job_one_gets_it(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, "LAN", id);
    t->cut = true;
    begin_move(t, id, "LAN", QUEUE_LOCAL);
    while (t->net->host[0].words == NULL) {
        step(t);
    }
    say_as_bob(t, QUEUE_TAKE, id, "");
    t->cut = false;
    settle(t);
    assert_int_equal(t->moved.result.err.code, PP_ENOTFOUND);
    assert_null(in_local(t, id));
    world_free(t);
}

static void a_job_removed_on_the_way_is_not_sent(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, QUEUE_LOCAL, id);
    err_set(&t->net_error, PP_ETIMEOUT, "nobody has it yet");
    begin_move(t, id, QUEUE_LOCAL, "LAN");
    while (!in_local(t, id)->moving || t->w.open > 1) {
        step(t);
    }
    struct queue_command c = order(QUEUE_ARCHIVE, id);
    assert_int_equal(tell(t, QUEUE_LOCAL, &c).err.code, 0);
    t->net_error.code = 0;
    settle(t);
    assert_int_equal(t->moved.result.err.code, PP_ENOTFOUND);
    assert_null(in_lan(t, id));
    assert_true(in_local(t, id)->archived_ms > 0);
    world_free(t);
}

static void a_job_removed_there_is_not_brought_back(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, "LAN", id);
    t->cut = true;
    begin_move(t, id, "LAN", QUEUE_LOCAL);
    while (t->net->host[0].words == NULL) {
        step(t);
    }
    say_as_bob(t, QUEUE_ARCHIVE, id, "");
    t->cut = false;
    settle(t);
    assert_int_equal(t->moved.result.err.code, PP_ESTATE);
    assert_null(in_local(t, id));
    world_free(t);
}

/* ---- refused ------------------------------------------------------------------------------------
 */

static void what_the_queue_refuses_is_as_it_was(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, QUEUE_LOCAL, id);
    err_set(&t->net->host[0].next, PP_ETOOBIG, "a command of 70000 bytes: must be 1 to 61440");
    assert_int_equal(move(t, id, QUEUE_LOCAL, "LAN").err.code, PP_ETOOBIG);
    check_is_in(t, id, QUEUE_LOCAL);
    world_free(t);
}

static void what_nobody_there_could_print_is_refused_before_anything(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, QUEUE_LOCAL, id);
    t->nobody_fits = true;
    assert_int_equal(move(t, id, QUEUE_LOCAL, "LAN").err.code, PP_EREFUSED);
    check_is_in(t, id, QUEUE_LOCAL);
    world_free(t);
}

static void a_job_is_on_one_way_at_a_time(void **state)
{
    struct world *t = world_new();
    struct outcome second = {0};
    char id[ID_SIZE];
    (void)state;
    make_job(t, QUEUE_LOCAL, id);
    begin_move(t, id, QUEUE_LOCAL, "LAN");
    network_move(&t->w, QUEUE_LOCAL, id, "LAN", "", "me", on_done, &second);
    assert_int_equal(second.result.err.code, PP_EBUSY);
    settle(t);
    check_is_in(t, id, "LAN");
    world_free(t);
}

static void the_job_it_was_to_follow_may_go_meanwhile(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, "LAN", id);
    network_move(&t->w, "LAN", id, QUEUE_LOCAL, RUN, "me", on_done, &t->moved);
    settle(t);
    assert_int_equal(t->moved.result.err.code, 0);
    check_is_in(t, id, QUEUE_LOCAL);
    world_free(t);
}

/* ---- the queue goes -----------------------------------------------------------------------------
 */

static void on_removed(void *context, const struct err *e)
{
    (void)e;
    *(bool *)context = true;
}

static void remove_lan(struct world *t)
{
    bool done = false;
    jobs_queue_remove(t->b.jobs, "LAN", on_removed, &done);
    while (!done) {
        step(t);
    }
    fake_net_leave(t->net, 0);
}

static void a_queue_that_is_left_is_waited_for(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, "LAN", id);
    t->cut = true;
    begin_move(t, id, "LAN", QUEUE_LOCAL);
    while (t->net->host[0].words == NULL) {
        step(t);
    }
    fake_net_commit(t->net, 0, SIZE_MAX);
    enable(t, false);
    fake_net_leave(t->net, 0);
    for (int i = 0; i < 50; i++) {
        step(t);
    }
    assert_non_null(t->w.moves);
    world_join(t);
    t->cut = false;
    settle(t);
    check_is_in(t, id, QUEUE_LOCAL);
    world_free(t);
}

static void what_a_removed_queue_may_have_is_held(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, QUEUE_LOCAL, id);
    t->cut = t->lost_answer = true;
    begin_move(t, id, QUEUE_LOCAL, "LAN");
    for (int i = 0; i < 200; i++) {
        step(t);
    }
    assert_true(in_local(t, id)->moving);
    remove_lan(t);
    settle(t);
    assert_non_null(in_local(t, id));
    assert_false(in_local(t, id)->moving);
    assert_true(in_local(t, id)->draft);
    assert_true(t->notes > 0);
    world_free(t);
}

static void what_was_maybe_taken_from_a_removed_queue_is_held(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, "LAN", id);
    t->cut = t->lost_answer = true;
    begin_move(t, id, "LAN", QUEUE_LOCAL);
    for (int i = 0; i < 200; i++) {
        step(t);
    }
    remove_lan(t);
    settle(t);
    assert_non_null(in_local(t, id));
    assert_true(in_local(t, id)->draft);
    for (size_t i = 0; i < 2; i++) {
        assert_non_null(files_find_content(t->b.files, in_local(t, id)->sets[i].sha256));
    }
    world_free(t);
}

/* A new queue of that name knows nothing of the job. */
static void what_a_former_life_may_have_taken_is_held(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    (void)state;
    make_job(t, "LAN", id);
    t->cut = true;
    begin_move(t, id, "LAN", QUEUE_LOCAL);
    while (t->net->host[0].words == NULL) {
        step(t);
    }
    struct fake_net *old = t->net;
    fake_net_leave(old, 0);
    t->net = fake_net_new("LAN");
    fake_net_join(t->net, 0, t->b.jobs, "LAN");
    kill_and_start(t);
    settle(t);
    assert_non_null(in_local(t, id));
    assert_true(in_local(t, id)->draft);
    fake_net_free(old);
    world_free(t);
}

/* A backup of this host's queue from before the move. */
static void what_is_in_both_queues_is_held_here(void **state)
{
    struct world *t = world_new();
    char id[ID_SIZE];
    char other[ID_SIZE];
    (void)state;
    make_job(t, QUEUE_LOCAL, id);
    make_job(t, QUEUE_LOCAL, other);
    struct queue_job *copy = queue_job_copy(in_local(t, id));
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1, .spec = copy};
    fake_net_say(t->net, BOB, &c);
    step(t);
    network_hold_doubles(&t->w, "LAN");
    for (int i = 0; i < 1000 && !in_local(t, id)->draft; i++) {
        step(t);
    }
    assert_true(in_local(t, id)->draft);
    assert_false(in_local(t, other)->draft);
    assert_false(in_lan(t, id)->draft);
    assert_int_equal(t->notes, 1);
    queue_job_free(copy);
    world_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back_again_as_often_as_wanted),
        cmocka_unit_test(
            a_host_killed_anywhere_on_the_way_to_the_network_loses_and_doubles_nothing),
        cmocka_unit_test(a_host_killed_anywhere_on_the_way_back_loses_and_doubles_nothing),
        cmocka_unit_test(a_host_killed_before_it_heard_the_answer_knows_it_afterwards),
        cmocka_unit_test(a_full_disk_anywhere_on_the_way_loses_and_doubles_nothing),
        cmocka_unit_test(a_print_that_is_counted_on_the_way_is_not_printed_again),
        cmocka_unit_test(what_another_host_prints_stays),
        cmocka_unit_test(of_two_hosts_that_fetch_a_job_one_gets_it),
        cmocka_unit_test(a_job_removed_on_the_way_is_not_sent),
        cmocka_unit_test(a_job_removed_there_is_not_brought_back),
        cmocka_unit_test(what_the_queue_refuses_is_as_it_was),
        cmocka_unit_test(what_nobody_there_could_print_is_refused_before_anything),
        cmocka_unit_test(a_job_is_on_one_way_at_a_time),
        cmocka_unit_test(the_job_it_was_to_follow_may_go_meanwhile),
        cmocka_unit_test(a_queue_that_is_left_is_waited_for),
        cmocka_unit_test(what_a_removed_queue_may_have_is_held),
        cmocka_unit_test(what_was_maybe_taken_from_a_removed_queue_is_held),
        cmocka_unit_test(what_a_former_life_may_have_taken_is_held),
        cmocka_unit_test(what_is_in_both_queues_is_held_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
