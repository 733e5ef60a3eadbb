// link: ppnet
// with: replica_net replica_chaos
/* What stands around the engine, each alone: without it something goes wrong that does not with it.
 * Each case is played twice, with the guard left out and with all of them. */
#include "tests/lib/replica_net.h"

#include "net/replica_priv.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct rnet_options usual(size_t nodes, size_t voters, unsigned off)
{
    return (struct rnet_options){.seed = 11,
        .nodes = nodes,
        .voters = voters,
        .delay_min_ms = 1,
        .delay_max_ms = 3,
        .disk_min_ms = 1,
        .disk_max_ms = 4,
        .trailing = 300,
        .off = off};
}

static struct rnet *net_of(size_t nodes, size_t voters, unsigned off)
{
    struct rnet_options o = usual(nodes, voters, off);
    return rnet_new(&o);
}

/* Messages between nodes of different letters are lost, on links that stay up. */
static bool across(void *c, size_t from, size_t to, const uint8_t *bytes, size_t len)
{
    const char *sides = c;
    (void)bytes;
    (void)len;
    return sides[from] != sides[to];
}

static bool settled(struct rnet *n, void *c)
{
    (void)c;
    int leader = rnet_leader(n);
    return leader >= 0 && !replica_changing(rnet_replica(n, (size_t)leader));
}

static void learn(struct rnet *n, size_t node)
{
    struct err e;
    assert_true(rnet_until(n, 10000, settled, NULL));
    assert_int_equal(rnet_change(n, (size_t)rnet_leader(n), node, REPLICA_LEARNER, &e), 0);
    rnet_run(n, 2000);
    assert_true(settled(n, NULL));
}

static bool equal(struct rnet *n, void *c)
{
    (void)c;
    return rnet_equal(n);
}

/* Whether all is well from here on, and the members become the same. */
static bool goes_on(struct rnet *n)
{
    bool ok = rnet_wait_leader(n, 20000) >= 0;
    for (int i = 0; ok && i < 3; i++) {
        rnet_submit(n, (size_t)rnet_wait_leader(n, 20000));
        rnet_run(n, 300);
    }
    return ok && rnet_until(n, 20000, equal, NULL) && rnet_problem(n)[0] == '\0';
}

static bool done(struct rnet *n, bool ok)
{
    ok = ok && rnet_problem(n)[0] == '\0';
    rnet_free(n);
    return ok;
}

static void needed(bool (*holds)(unsigned off), unsigned guard)
{
    assert_false(holds(guard));
    assert_true(holds(0));
}

/* ---- terms, and who may lead --------------------------------------------------------------------
 */

/* What it sent before its disk had it, it must not contradict in the same term. */
static bool a_sole_voter_restarts(unsigned off)
{
    struct rnet *n = net_of(2, 1, off);
    learn(n, 1);
    rnet_disk(n, 0, RNET_STUCK, RNET_STUCK);
    rnet_submit(n, 0);
    rnet_run(n, 50);
    rnet_crash(n, 0);
    rnet_disk(n, 0, 1, 1);
    rnet_restart(n, 0);
    return done(n, goes_on(n));
}

static void a_sole_voter_that_starts_begins_a_new_term(void **state)
{
    (void)state;
    needed(a_sole_voter_restarts, REPLICA_G1);
}

static bool a_leader_leaves_the_other_alone(unsigned off)
{
    struct err e;
    struct rnet *n = net_of(2, 2, off);
    size_t leader = (size_t)rnet_wait_leader(n, 10000);
    rnet_run(n, 500);
    char sides[] = "ab";
    int rc = rnet_change(n, leader, leader, REPLICA_LEARNER, &e);
    if (rc == 0) {
        for (int i = 0; i < 30 && !replica_changing(rnet_replica(n, 1 - leader)); i++) {
            rnet_run(n, 1); /* until the other has it */
        }
        rnet_filter(n, across, sides);
        rnet_submit(n, leader);
        rnet_run(n, 1900);
        rnet_filter(n, NULL, NULL);
    } else {
        assert_int_equal(rc, -PP_EREFUSED);
    }
    return done(n, goes_on(n));
}

static void only_the_leader_itself_may_be_left_as_the_only_voter(void **state)
{
    (void)state;
    needed(a_leader_leaves_the_other_alone, REPLICA_G2);
}

static bool leads(struct rnet *n, void *c)
{
    const char *among = c;
    for (size_t i = 0; i < rnet_nodes(n); i++) {
        const struct replica *r = rnet_replica(n, i);
        if (among[i] == 'x' && r != NULL && replica_leader(r) == rnet_id(n, i)) {
            return true;
        }
    }
    return false;
}

/* The node that leads, its barrier through or not, of those marked x. */
static size_t first_leader(struct rnet *n, char *among)
{
    assert_true(rnet_until(n, 30000, leads, among));
    size_t i = 0;
    while (among[i] != 'x' || rnet_replica(n, i) == NULL ||
           replica_leader(rnet_replica(n, i)) != rnet_id(n, i)) {
        i++;
    }
    return i;
}

static void isolate(struct rnet *n, size_t node)
{
    for (size_t i = 0; i < rnet_nodes(n); i++) {
        if (i != node) {
            rnet_link(n, i, node, false);
        }
    }
}

/* The new leader changes members while an older change may be alive elsewhere. */
static bool two_changes_of_two_terms(unsigned off)
{
    struct err e;
    struct rnet *n = net_of(5, 4, off);
    learn(n, 4);
    size_t first = (size_t)rnet_leader(n);
    char sides[] = "bbbba", among[] = "xxxx-";
    sides[first] = 'a';
    among[first] = '-';
    rnet_filter(n, across, sides);
    assert_int_equal(rnet_change(n, first, 4, REPLICA_VOTER, &e), 0);
    size_t second = first_leader(n, among);
    size_t third = 0;
    while (third == first || third == second) {
        third++;
    }
    isolate(n, third);
    for (int i = 0; i < 40 && rnet_change(n, second, first, REPLICA_NONE, &e) != 0; i++) {
        rnet_run(n, 10);
    }
    rnet_run(n, 100);
    rnet_submit(n, second);
    rnet_run(n, 100);
    sides[third] = 'a';
    rnet_heal(n);
    rnet_run(n, 10000);
    rnet_filter(n, NULL, NULL);
    return done(n, goes_on(n));
}

static void a_new_leader_changes_members_only_behind_an_entry_of_its_own_term(void **state)
{
    (void)state;
    needed(two_changes_of_two_terms, REPLICA_G9);
}

/* One has the longer log, the other the higher term. */
static bool a_term_that_is_never_told(unsigned off)
{
    struct rnet *n = net_of(3, 3, off);
    size_t old = (size_t)rnet_wait_leader(n, 10000);
    rnet_run(n, 500);
    isolate(n, old);
    rnet_submit(n, old);
    rnet_run(n, 500);
    char among[] = "xxx";
    among[old] = '-';
    size_t winner = first_leader(n, among);
    rnet_crash(n, winner);
    rnet_restart(n, winner);
    winner = first_leader(n, among);
    rnet_crash(n, winner);
    rnet_run(n, 3000);
    rnet_link(n, old, 3 - old - winner, true);
    bool found = rnet_wait_leader(n, 20000) >= 0;
    rnet_heal(n);
    rnet_restart(n, winner);
    return done(n, goes_on(n) && found);
}

static void who_is_refused_a_vote_for_its_old_term_learns_the_new_one(void **state)
{
    (void)state;
    needed(a_term_that_is_never_told, REPLICA_G11);
}

/* ---- members ------------------------------------------------------------------------------------
 */

static bool a_change_within_a_batch(unsigned off)
{
    struct err e;
    struct rnet *n = net_of(4, 3, off);
    size_t leader = (size_t)rnet_wait_leader(n, 10000);
    size_t behind = (leader + 1) % 3;
    rnet_run(n, 500);
    rnet_link(n, leader, behind, false);
    rnet_submit(n, leader);
    rnet_submit(n, leader);
    assert_int_equal(rnet_change(n, leader, 3, REPLICA_LEARNER, &e), 0);
    rnet_submit(n, leader);
    rnet_run(n, 300);
    rnet_link(n, leader, behind, true);
    rnet_run(n, 1000);
    leader = (size_t)rnet_wait_leader(n, 10000);
    replica_transfer(rnet_replica(n, leader), rnet_now(n), rnet_id(n, behind));
    rnet_run(n, 500);
    bool ok = rnet_leader(n) == (int)behind || leader == behind;
    assert_true(ok);
    ok = rnet_change(n, behind, 3, REPLICA_NONE, &e) == 0;
    return done(n, goes_on(n) && ok);
}

static void a_change_that_arrives_among_commands_is_known_by_its_index(void **state)
{
    (void)state;
    needed(a_change_within_a_batch, REPLICA_G3);
}

static bool a_change_only_the_other_has(unsigned off)
{
    struct err e;
    struct rnet *n = net_of(2, 2, off);
    size_t leader = (size_t)rnet_wait_leader(n, 10000);
    rnet_run(n, 500);
    rnet_disk(n, leader, RNET_STUCK, RNET_STUCK);
    assert_int_equal(rnet_change(n, leader, 1 - leader, REPLICA_LEARNER, &e), 0);
    rnet_run(n, 100);
    rnet_crash(n, leader);
    rnet_disk(n, leader, 1, 4);
    rnet_restart(n, leader);
    return done(n, goes_on(n));
}

static void a_change_leaves_only_once_it_is_on_the_leaders_disk(void **state)
{
    (void)state;
    needed(a_change_only_the_other_has, REPLICA_G4);
}

static bool an_absent_learner_is_promoted(unsigned off)
{
    struct err e;
    struct rnet *n = net_of(2, 1, off);
    assert_int_equal(rnet_wait_leader(n, 1000), 0);
    rnet_crash(n, 1);
    assert_int_equal(rnet_change(n, 0, 1, REPLICA_LEARNER, &e), 0);
    rnet_run(n, 100);
    int rc = rnet_change(n, 0, 1, REPLICA_VOTER, &e);
    assert_true(rc == 0 || rc == -PP_EREFUSED);
    rnet_run(n, 100);
    uint64_t acked = rnet_acked(n);
    rnet_submit(n, 0);
    rnet_run(n, 5000);
    return done(n, rnet_acked(n) == acked + 1);
}

static void only_who_has_caught_up_becomes_a_voter(void **state)
{
    (void)state;
    needed(an_absent_learner_is_promoted, REPLICA_G5);
}

static bool a_promotion_that_did_not_arrive(unsigned off)
{
    struct err e;
    struct rnet *n = net_of(2, 1, off);
    learn(n, 1);
    char sides[] = "ab";
    rnet_filter(n, across, sides);
    assert_int_equal(rnet_change(n, 0, 1, REPLICA_VOTER, &e), 0);
    rnet_run(n, 50);
    rnet_crash(n, 0);
    rnet_filter(n, NULL, NULL);
    rnet_restart(n, 0);
    return done(n, goes_on(n));
}

static void a_learner_votes(void **state)
{
    (void)state;
    needed(a_promotion_that_did_not_arrive, REPLICA_G6);
}

/* It was leader when it wrote itself down as gone; the others never heard of it. */
static bool a_removal_that_was_lost(unsigned off)
{
    struct err e;
    struct rnet *n = net_of(3, 3, off);
    size_t first = (size_t)rnet_wait_leader(n, 10000);
    rnet_run(n, 500);
    isolate(n, first);
    assert_int_equal(rnet_change(n, first, first, REPLICA_NONE, &e), 0);
    rnet_run(n, 100);
    char among[] = "xxx";
    among[first] = '-';
    size_t second = first_leader(n, among);
    rnet_run(n, 500);
    rnet_submit(n, second);
    rnet_run(n, 500);
    size_t third = 3 - first - second;
    rnet_crash(n, third);
    rnet_crash(n, second);
    rnet_heal(n);
    rnet_restart(n, second);
    bool found = rnet_wait_leader(n, 20000) >= 0;
    rnet_restart(n, third);
    return done(n, goes_on(n) && found);
}

static void who_took_itself_off_a_list_that_was_never_committed_votes(void **state)
{
    (void)state;
    needed(a_removal_that_was_lost, REPLICA_G6);
}

/* ---- the log, and snapshots ---------------------------------------------------------------------
 */

/* The first batch once more, when the log no longer begins there. */
static bool an_old_batch_comes_again(unsigned off)
{
    struct rnet *n = net_of(3, 3, off);
    size_t leader = (size_t)rnet_wait_leader(n, 10000);
    for (int i = 0; i < 1000; i++) {
        rnet_submit(n, leader);
        rnet_run(n, 1);
    }
    rnet_run(n, 500);
    size_t to = (leader + 1) % 3;
    struct replica_conf conf;
    replica_conf(rnet_replica(n, to), &conf);
    struct replica_entry entries[2] = {
        [1] = {.index = 2, .term = 1, .type = REPLICA_BARRIER, .bytes = (const uint8_t *)""}};
    replica_bootstrap(&conf, &entries[0]);
    struct raft_append_entries a = {
        .term = replica_term(rnet_replica(n, leader)), .leader_commit = rnet_committed(n)};
    struct strbuf b = {0};
    replica_wire_append(&b, rnet_id(n, to), &a, entries, 2);
    rnet_deliver(n, leader, to, (const uint8_t *)b.data, b.len);
    strbuf_fini(&b);
    free((void *)(uintptr_t)entries[0].bytes);
    return done(n, goes_on(n));
}

static void what_is_older_than_the_log_is_not_appended_to_it(void **state)
{
    (void)state;
    pid_t child = fork(); /* the engine reads far beyond the batch */
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        _exit(an_old_batch_comes_again(REPLICA_G7) ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_not_equal(status, 0);
    assert_true(an_old_batch_comes_again(0));
}

static bool a_slow_disk_among_the_followers(unsigned off)
{
    struct rnet *n = net_of(3, 3, off);
    size_t leader = (size_t)rnet_wait_leader(n, 10000);
    size_t slow = (leader + 1) % 3;
    rnet_run(n, 500);
    rnet_disk(n, slow, RNET_STUCK, RNET_STUCK);
    for (int i = 0; i < 1500; i++) {
        rnet_submit(n, leader);
        rnet_run(n, 1);
    }
    rnet_disk(n, slow, 1, 1);
    bool ok = goes_on(n);
    ok = ok && rnet_restores(n, slow) == 0;
    return done(n, ok);
}

static void a_leader_keeps_what_a_connected_member_has_not_got(void **state)
{
    (void)state;
    needed(a_slow_disk_among_the_followers, REPLICA_G7);
}

static bool a_snapshot_that_takes_its_time(unsigned off)
{
    struct rnet_options o = usual(2, 1, off);
    struct err e;
    o.padding = 2 << 20;
    o.bulk_ms = 200;
    struct rnet *n = rnet_new(&o);
    assert_int_equal(rnet_wait_leader(n, 1000), 0);
    for (int i = 0; i < 1000; i++) {
        rnet_submit(n, 0);
        rnet_run(n, 1);
    }
    assert_int_equal(rnet_change(n, 0, 1, REPLICA_LEARNER, &e), 0);
    rnet_run(n, 10000);
    bool ok = rnet_dumps(n, 0) == 1 && rnet_restores(n, 1) == 1;
    return done(n, goes_on(n) && ok);
}

static void one_snapshot_at_a_time_goes_to_a_member(void **state)
{
    (void)state;
    needed(a_snapshot_that_takes_its_time, REPLICA_G8);
}

/* ---- what others send ---------------------------------------------------------------------------
 */

static bool an_entry_from_the_future(unsigned off)
{
    struct rnet *n = net_of(3, 3, off);
    size_t leader = (size_t)rnet_wait_leader(n, 10000);
    rnet_run(n, 500);
    size_t to = (leader + 1) % 3;
    struct replica *r = rnet_replica(n, to);
    uint64_t last = replica_last_index(r), term = replica_term(r);
    struct replica_entry e = {.index = last + 1, .term = term + 5, .type = REPLICA_BARRIER};
    struct raft_append_entries a = {.term = term, .prev_log_index = last, .prev_log_term = term};
    struct strbuf b = {0};
    replica_wire_append(&b, rnet_id(n, to), &a, &e, 1);
    rnet_deliver(n, leader, to, (const uint8_t *)b.data, b.len);
    strbuf_fini(&b);
    bool ok = replica_last_index(r) == last && replica_dropped(r) == 1;
    return done(n, ok);
}

static void entries_of_terms_that_cannot_be_are_not_taken(void **state)
{
    (void)state;
    needed(an_entry_from_the_future, REPLICA_G10);
}

static void a_second_leader_of_the_term_is_not_listened_to_but_told(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3, 0);
    size_t leader = (size_t)rnet_wait_leader(n, 10000);
    rnet_run(n, 500);
    struct replica *r = rnet_replica(n, leader);
    struct raft_append_entries a = {
        .term = replica_term(r), .prev_log_index = 1, .prev_log_term = 1};
    struct strbuf b = {0};
    assert_null(replica_warning(r));
    replica_wire_append(&b, rnet_id(n, leader), &a, NULL, 0);
    rnet_deliver(n, (leader + 1) % 3, leader, (const uint8_t *)b.data, b.len);
    strbuf_fini(&b);
    assert_int_equal(rnet_leader(n), leader);
    assert_non_null(strstr(replica_warning(r), "leads in term"));
    assert_true(done(n, goes_on(n)));
}

/* ---- bugs that must be found --------------------------------------------------------------------
 */

static bool a_blackout_behind_an_acknowledgement(unsigned off)
{
    struct rnet *n = net_of(3, 3, off);
    size_t leader = (size_t)rnet_wait_leader(n, 10000);
    size_t other = (leader + 1) % 3, third = (leader + 2) % 3;
    rnet_run(n, 500);
    isolate(n, third);
    rnet_disk(n, leader, RNET_STUCK, RNET_STUCK);
    rnet_disk(n, other, RNET_STUCK, RNET_STUCK);
    rnet_submit(n, leader);
    rnet_run(n, 200);
    rnet_crash(n, leader);
    rnet_crash(n, other);
    rnet_disk(n, leader, 1, 4);
    rnet_disk(n, other, 1, 4);
    rnet_heal(n);
    rnet_restart(n, leader);
    rnet_restart(n, other);
    return done(n, goes_on(n));
}

static void an_answer_before_the_disk_has_it_is_found(void **state)
{
    (void)state;
    needed(a_blackout_behind_an_acknowledgement, REPLICA_BUG_ACK);
}

static bool count_votes(void *c, size_t from, size_t to, const uint8_t *bytes, size_t len)
{
    static struct replica_message m;
    unsigned *votes = c;
    (void)from;
    (void)to;
    if (replica_wire_read(bytes, len, &m) && m.type == REPLICA_VOTE_RESULT &&
        m.raft.request_vote_result.vote_granted) {
        (*votes)++;
    }
    return true;
}

static void ask_vote(struct rnet *n, size_t from)
{
    struct raft_message m = {.type = RAFT_REQUEST_VOTE,
        .request_vote = {.version = 2,
            .term = 9,
            .candidate_id = rnet_id(n, from),
            .last_log_index = 1,
            .last_log_term = 1}};
    struct strbuf b = {0};
    replica_wire_message(&b, rnet_id(n, 0), &m);
    rnet_deliver(n, from, 0, (const uint8_t *)b.data, b.len);
    strbuf_fini(&b);
    rnet_run(n, 20);
}

static bool two_ask_for_a_vote(unsigned off)
{
    struct rnet *n = net_of(3, 3, off);
    unsigned votes = 0;
    rnet_filter(n, count_votes, &votes);
    ask_vote(n, 1);
    assert_int_equal(votes, 1);
    rnet_crash(n, 0);
    rnet_restart(n, 0);
    ask_vote(n, 2);
    return done(n, votes == 1);
}

static void a_second_vote_in_a_term_is_found(void **state)
{
    (void)state;
    needed(two_ask_for_a_vote, REPLICA_BUG_VOTE);
}

/* A vote is on the disk before the candidate hears of it. */
static void a_vote_waits_for_the_disk(void **state)
{
    (void)state;
    struct rnet *n = net_of(3, 3, 0);
    unsigned votes = 0;
    rnet_filter(n, count_votes, &votes);
    rnet_disk(n, 0, 500, 500);
    ask_vote(n, 1);
    assert_int_equal(votes, 0);
    rnet_run(n, 500);
    assert_int_equal(votes, 1);
    rnet_free(n);
}

/* ---- entries of older terms ---------------------------------------------------------------------
 */

/* The new leader's log up to `index`, to a node that has not got it yet. */
static void send_part(struct rnet *n, size_t from, size_t to, uint64_t index)
{
    const struct replica *r = rnet_replica(n, from);
    const struct replica_entry *e = replica_log_get(&r->log, index);
    struct raft_append_entries a = {.term = replica_term(r),
        .prev_log_index = index - 1,
        .prev_log_term = replica_term_at(r, index - 1)};
    struct strbuf b = {0};
    replica_wire_append(&b, rnet_id(n, to), &a, e, 1);
    rnet_deliver(n, from, to, (const uint8_t *)b.data, b.len);
    strbuf_fini(&b);
}

static bool from_one(void *c, size_t from, size_t to, const uint8_t *bytes, size_t len)
{
    (void)to;
    (void)bytes;
    (void)len;
    return from == *(const size_t *)c;
}

static void an_old_entry_on_most_disks_is_not_committed_by_that(void **state)
{
    (void)state;
    struct rnet *n = net_of(5, 5, 0);
    size_t a = (size_t)rnet_wait_leader(n, 10000), b = (a + 1) % 5, c = (a + 2) % 5;
    rnet_run(n, 500);
    char sides[] = "bbbbb", among[] = "xxxxx";
    sides[a] = sides[b] = 'a';
    among[a] = among[b] = '-';
    rnet_filter(n, across, sides);
    rnet_submit(n, a); /* reaches b alone */
    uint64_t index = replica_last_index(rnet_replica(n, a));
    rnet_run(n, 100);
    rnet_crash(n, a);
    size_t e = first_leader(n, among); /* with an entry of its own at that index */
    isolate(n, e);
    rnet_run(n, 20);
    rnet_crash(n, e);
    c = c == e ? (a + 3) % 5 : c;
    rnet_filter(n, NULL, NULL);
    rnet_restart(n, a);
    size_t d = 10 - a - b - c - e;
    isolate(n, d);
    memset(among, '-', 5);
    among[a] = among[b] = among[c] = 'x';
    size_t w = first_leader(n, among);
    rnet_filter(n, from_one, &w); /* what it sends itself is lost */
    assert_true(w == a || w == b);
    rnet_link(n, w, c, false); /* and so is what is under way */
    rnet_link(n, w, c, true);
    rnet_link(n, w, a + b - w, false);
    rnet_link(n, w, a + b - w, true);
    send_part(n, w, c, index);
    send_part(n, w, a + b - w, index);
    rnet_run(n, 100);
    assert_int_equal(replica_last_index(rnet_replica(n, c)), index);
    assert_int_equal(replica_match(rnet_replica(n, w), rnet_id(n, c)), index);
    assert_true(replica_applied(rnet_replica(n, w)) < index);
    rnet_filter(n, NULL, NULL);
    rnet_crash(n, w);
    rnet_heal(n);
    rnet_restart(n, e);
    rnet_run(n, 10000);
    rnet_restart(n, w);
    assert_true(done(n, goes_on(n)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sole_voter_that_starts_begins_a_new_term),
        cmocka_unit_test(only_the_leader_itself_may_be_left_as_the_only_voter),
        cmocka_unit_test(a_change_that_arrives_among_commands_is_known_by_its_index),
        cmocka_unit_test(a_change_leaves_only_once_it_is_on_the_leaders_disk),
        cmocka_unit_test(only_who_has_caught_up_becomes_a_voter),
        cmocka_unit_test(a_learner_votes),
        cmocka_unit_test(who_took_itself_off_a_list_that_was_never_committed_votes),
        cmocka_unit_test(what_is_older_than_the_log_is_not_appended_to_it),
        cmocka_unit_test(a_leader_keeps_what_a_connected_member_has_not_got),
        cmocka_unit_test(one_snapshot_at_a_time_goes_to_a_member),
        cmocka_unit_test(a_new_leader_changes_members_only_behind_an_entry_of_its_own_term),
        cmocka_unit_test(entries_of_terms_that_cannot_be_are_not_taken),
        cmocka_unit_test(a_second_leader_of_the_term_is_not_listened_to_but_told),
        cmocka_unit_test(who_is_refused_a_vote_for_its_old_term_learns_the_new_one),
        cmocka_unit_test(an_answer_before_the_disk_has_it_is_found),
        cmocka_unit_test(a_second_vote_in_a_term_is_found),
        cmocka_unit_test(a_vote_waits_for_the_disk),
        cmocka_unit_test(an_old_entry_on_most_disks_is_not_committed_by_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
