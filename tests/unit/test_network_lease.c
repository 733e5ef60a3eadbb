// link: ppapp
// with: fake_net
/* Claims of hosts that are silent: whose are given to others, when, and whose never. The log is in
 * memory; who was heard of when is what a test says. */
#include "host/app/network/network_priv.h"
#include "host/base/clock.h"
#include "tests/unit/fleet_bench.h"

#define HOUR_MS INT64_C(3600000)

static struct {
    struct net_queue_status status;
    bool known; /* host 1 was heard of since the start */
    int64_t silent_ms;
    const char *presence;
    char other[QUEUE_WORD_MAX + 1]; /* of a pair: by which it claims */
    int notes;
} heard;

bool net_queue_status(const struct net *n, const char *name, struct net_queue_status *out)
{
    (void)n, (void)name;
    *out = heard.status;
    return true;
}

bool net_peer_find(
    const struct net *n, const char *queue, const struct peer *peer, struct net_peer *out)
{
    (void)n, (void)queue;
    *out = (struct net_peer){.peer = *peer,
        .silent_ms = heard.silent_ms,
        .presence = (const uint8_t *)heard.presence,
        .presence_len = heard.presence != NULL ? strlen(heard.presence) : 0};
    return heard.known;
}

size_t net_peers(const struct net *n, const char *queue)
{
    (void)n, (void)queue;
    return heard.other[0] != '\0' ? 2 : HOSTS;
}

bool net_peer_at(const struct net *n, const char *queue, size_t index, struct net_peer *out)
{
    (void)n, (void)queue;
    *out = (struct net_peer){.linked = true,
        .presence = (const uint8_t *)heard.presence,
        .presence_len = heard.presence != NULL ? strlen(heard.presence) : 0};
    str_copy(out->name, sizeof out->name, heard.other, strcspn(heard.other, "@"));
    const char *at = strchr(heard.other, '@');
    str_copy(
        out->text, sizeof out->text, at != NULL ? at + 1 : "", at != NULL ? strlen(at + 1) : 0);
    return index == 1 && heard.other[0] != '\0';
}

void manage_status(const struct manage *m, struct manage_status *out)
{
    (void)m;
    *out = (struct manage_status){.managing = true};
}

bool net_peer_parse(const char *text, struct peer *out)
{
    memset(out, 7, sizeof *out); /* only host 1 claims here */
    return strncmp(text, "12D3KooW", 8) == 0;
}

void network_note(struct network *w, const char *queue, bool warning, const char *text)
{
    (void)w, (void)queue, (void)warning, (void)text;
    heard.notes++;
}

struct leased {
    struct fleet *f;
    struct network w;
    struct joined q;
    char job[ID_SIZE];
};

/* Host 1 prints a job and is not heard of any more; host 0 leads for long. */
static void set_up(struct leased *l, struct fleet *f, bool begun)
{
    *l = (struct leased){.f = f};
    memset(&heard, 0, sizeof heard);
    heard.status = (struct net_queue_status){
        .kind = NET_LAN, .role = NET_LEADER, .locked = true, .connected = true, .voters = 3};
    heard.known = true;
    submit_lan(f, 0, "cubes", 2, l->job);
    struct queue_command c = of_printer(f, 1, QUEUE_CLAIM, l->job);
    assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    c = of_run(f, 1, QUEUE_BEGIN, l->job, 0);
    if (begun) {
        assert_int_equal(give_lan(f, 1, &c).err.code, 0);
    }
    l->w.o.jobs = f->at[0]->jobs;
    l->w.o.store = f->at[0]->base.store;
    l->w.queues[0] = &l->q;
    l->w.queues_count = 1;
    snprintf(l->q.name, sizeof l->q.name, "LAN");
    snprintf(l->q.printer, sizeof l->q.printer, "%s", f->net->host[0].printer);
    l->q.shared.claim_timeout_ms = 900000;
    l->q.lead_ms = (int64_t)clock_ms() - HOUR_MS;
}

/* How many claims the job has after the leader has looked. */
static size_t claims_after(struct leased *l)
{
    l->w.leased_ms = (int64_t)clock_ms() - HOUR_MS;
    network_lease_tick(&l->w);
    settle(l->f);
    check_equal(l->f);
    return queue_find(lan(l->f, 0), l->job)->claims_count;
}

static void what_a_silent_host_has_claimed_is_given_back_after_a_while(void **state)
{
    struct leased l;
    set_up(&l, *state, false);
    heard.silent_ms = 890000;
    assert_int_equal(claims_after(&l), 1);
    heard.silent_ms = 910000;
    assert_int_equal(claims_after(&l), 0);
    assert_int_equal(heard.notes, 1);
}

static void so_is_what_it_was_printing_and_its_print_may_count_yet(void **state)
{
    struct leased l;
    set_up(&l, *state, true);
    heard.silent_ms = 910000;
    assert_int_equal(claims_after(&l), 0);
    struct queue_command c = of_run(l.f, 1, QUEUE_FINISH, l.job, 0);
    assert_int_equal(give_lan(l.f, 1, &c).err.code, 0);
    assert_int_equal(queue_find(lan(l.f, 0), l.job)->sets[0].remaining, 1);
}

/* Two hours to go, on a clock that is a day behind ours, or ahead. */
static void a_print_is_waited_for_whatever_the_clocks_say(void **state)
{
    struct leased l;
    char text[120];
    set_up(&l, *state, true);
    for (int day = -1; day <= 1; day += 2) {
        snprintf(text, sizeof text, "{\"eta_ms\": %lld, \"left_ms\": %lld}",
            (long long)(clock_wall_ms() + day * 24 * HOUR_MS), (long long)(2 * HOUR_MS));
        heard.presence = text;
        heard.silent_ms = 3 * HOUR_MS - 60000;
        assert_int_equal(claims_after(&l), 1);
    }
    heard.silent_ms = 3 * HOUR_MS + 60000;
    assert_int_equal(claims_after(&l), 0);
}

static void what_a_host_says_of_itself_is_not_waited_for_for_ever(void **state)
{
    struct leased l;
    set_up(&l, *state, true);
    heard.presence = "{\"left_ms\": 9223372036854775807}";
    heard.silent_ms = 46 * 24 * HOUR_MS;
    assert_int_equal(claims_after(&l), 0);
}

static void a_new_leader_waits_for_who_it_has_never_heard_of(void **state)
{
    struct leased l;
    set_up(&l, *state, true);
    heard.known = false;
    assert_int_equal(claims_after(&l), 1);
    assert_int_equal(l.q.absent_count, 1);
    network_lease_free(&l.q);
}

static void of_two_nothing_is_taken_from_the_silent_one(void **state)
{
    struct leased l;
    set_up(&l, *state, true);
    heard.status.voters = 1;
    heard.silent_ms = 24 * HOUR_MS;
    assert_int_equal(claims_after(&l), 1);
}

static void who_does_not_lead_gives_nothing_away(void **state)
{
    struct leased l;
    set_up(&l, *state, true);
    l.q.lead_ms = 0;
    heard.silent_ms = 24 * HOUR_MS;
    assert_int_equal(claims_after(&l), 1);
}

/* Others may have been given what it has claimed: it cannot know for how long it was off. */
static void a_host_that_has_heard_nobody_since_its_start_begins_nothing(void **state)
{
    struct leased l;
    set_up(&l, *state, false);
    heard.status.connected = false;
    assert_false(network_may_begin(&l.w, "LAN"));
    l.q.connected_ms = (int64_t)clock_ms() - 600000;
    assert_true(network_may_begin(&l.w, "LAN"));
    l.q.connected_ms = (int64_t)clock_ms() - 850000;
    assert_false(network_may_begin(&l.w, "LAN"));
    heard.status.voters = 1; /* of two nobody takes anything */
    assert_true(network_may_begin(&l.w, "LAN"));
}

/* The release counts here before it is committed: else both might begin. */
static void what_one_of_two_hands_over_it_does_not_begin_meanwhile(void **state)
{
    struct leased l;
    char ours[3][ID_SIZE];
    set_up(&l, *state, false);
    for (size_t i = 0; i < 3; i++) {
        submit_lan(l.f, 0, "part", 1, ours[i]);
        struct queue_command c = of_printer(l.f, 0, QUEUE_CLAIM, ours[i]);
        assert_int_equal(give_lan(l.f, 0, &c).err.code, 0);
    }
    heard.status.voters = 1;
    heard.presence = "{\"managing\":true,\"profile\":\"mk3\"}";
    snprintf(heard.other, sizeof heard.other, "%s", l.f->net->host[1].printer);
    l.w.leased_ms = (int64_t)clock_ms() - HOUR_MS;
    network_lease_tick(&l.w);
    size_t refused = 0;
    for (size_t i = 0; i < 3; i++) {
        struct queue_command c = of_run(l.f, 0, QUEUE_BEGIN, ours[i], (int)i);
        refused += give_lan(l.f, 0, &c).err.code == PP_ESTATE;
    }
    settle(l.f);
    assert_int_equal(refused, 1);
    check_equal(l.f);
}

/* There may be more than two by now, and its disk may be an old copy. */
static void of_two_one_waits_a_little_for_the_other_after_its_start(void **state)
{
    struct leased l;
    set_up(&l, *state, false);
    heard.status.connected = false;
    heard.status.voters = 1;
    l.q.joined_ms = (int64_t)clock_ms() - 5000;
    assert_false(network_may_begin(&l.w, "LAN"));
    l.q.joined_ms = (int64_t)clock_ms() - 16000;
    assert_true(network_may_begin(&l.w, "LAN"));
}

/* Its end is in the history, and nobody was told before the host was switched off. */
static void what_had_ended_well_is_counted_when_the_host_goes(void **state)
{
    struct leased l;
    struct answer saved = {0};
    set_up(&l, *state, true);
    struct jobs_bench *b = l.f->at[1];
    struct run r = {.result = RUN_SUCCESS, .start_ms = 1, .end_ms = 2};
    snprintf(r.id, sizeof r.id, "%s", run_ids[0]);
    store_save_run(b->base.store, &r, on_answer, &saved);
    wait_for(&b->base, &saved, 1);
    assert_int_equal(saved.err.code, 0);
    l.w.o.jobs = b->jobs;
    l.w.o.store = b->base.store;
    const struct queue_job *job = queue_find(lan(l.f, 1), l.job);
    network_give_back(&l.w, "LAN", job, &job->claims[0], "stop");
    settle(l.f);
    assert_int_equal(queue_find(lan(l.f, 0), l.job)->claims_count, 0);
    assert_int_equal(queue_find(lan(l.f, 0), l.job)->sets[0].remaining, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLEET_TEST(what_a_silent_host_has_claimed_is_given_back_after_a_while),
        FLEET_TEST(so_is_what_it_was_printing_and_its_print_may_count_yet),
        FLEET_TEST(a_print_is_waited_for_whatever_the_clocks_say),
        FLEET_TEST(what_a_host_says_of_itself_is_not_waited_for_for_ever),
        FLEET_TEST(a_new_leader_waits_for_who_it_has_never_heard_of),
        FLEET_TEST(of_two_nothing_is_taken_from_the_silent_one),
        FLEET_TEST(who_does_not_lead_gives_nothing_away),
        FLEET_TEST(a_host_that_has_heard_nobody_since_its_start_begins_nothing),
        FLEET_TEST(what_one_of_two_hands_over_it_does_not_begin_meanwhile),
        FLEET_TEST(of_two_one_waits_a_little_for_the_other_after_its_start),
        FLEET_TEST(what_had_ended_well_is_counted_when_the_host_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
