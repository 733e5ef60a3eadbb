// link: ppnet
/* Messages between replicas, and lists of members, as bytes. */
#include "net/replica_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct replica_message in;

static const struct replica_conf members = {.count = 3,
    .index = 7,
    .at = {{1, REPLICA_VOTER, "12D3KooWA"}, {UINT64_MAX, REPLICA_LEARNER, "12D3KooWA"},
        {3, REPLICA_VOTER, "näher"}}};

static bool reads(const struct strbuf *b)
{
    return replica_wire_read((const uint8_t *)b->data, b->len, &in);
}

/* Neither any beginning of it, nor more than it, is a message. */
static void assert_exact(struct strbuf *b)
{
    for (size_t len = 0; len < b->len; len++) {
        assert_false(replica_wire_read((const uint8_t *)b->data, len, &in));
    }
    wire_put_u8(b, 0);
    assert_false(reads(b));
    b->len--;
    assert_true(reads(b));
}

static void entries_come_as_they_went(void **state)
{
    (void)state;
    struct strbuf conf = {0}, b = {0};
    replica_conf_encode(&conf, &members);
    struct replica_entry e[] = {{5, 2, REPLICA_BARRIER, NULL, 0},
        {6, 3, REPLICA_COMMAND, (const uint8_t *)"hello", 5},
        {7, 3, REPLICA_CHANGE, (const uint8_t *)conf.data, conf.len}};
    struct raft_append_entries a = {
        .version = 0, .term = 3, .prev_log_index = 4, .prev_log_term = 2, .leader_commit = 6};
    replica_wire_append(&b, 42, &a, e, 3);
    assert_exact(&b);
    assert_int_equal(in.type, REPLICA_APPEND);
    assert_int_equal(in.to, 42);
    assert_int_equal(in.count, 3);
    assert_int_equal(in.raft.append_entries.term, 3);
    assert_int_equal(in.raft.append_entries.prev_log_index, 4);
    assert_int_equal(in.raft.append_entries.prev_log_term, 2);
    assert_int_equal(in.raft.append_entries.leader_commit, 6);
    assert_int_equal(in.entries[1].type, REPLICA_COMMAND);
    assert_memory_equal(in.entries[1].bytes, "hello", 5);
    assert_int_equal(in.entries[2].len, conf.len);
    strbuf_fini(&conf);
    strbuf_fini(&b);
}

static void assert_same(struct raft_message *m)
{
    struct strbuf b = {0}, again = {0};
    replica_wire_message(&b, 9, m);
    assert_exact(&b);
    replica_wire_message(&again, 9, &in.raft);
    assert_int_equal(in.raft.type, m->type);
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.data, b.data, b.len);
    strbuf_fini(&b);
    strbuf_fini(&again);
}

static void small_messages_come_as_they_went(void **state)
{
    (void)state;
    assert_same(&(struct raft_message){
        .type = RAFT_APPEND_ENTRIES_RESULT, .append_entries_result = {2, 3, 4, 5, 0, 0}});
    assert_same(
        &(struct raft_message){.type = RAFT_REQUEST_VOTE, .request_vote = {2, 3, 4, 5, 6, 1, 0}});
    assert_same(&(struct raft_message){
        .type = RAFT_REQUEST_VOTE_RESULT, .request_vote_result = {2, 3, 1, 1, 0, 0}});
    assert_same(&(struct raft_message){.type = RAFT_TIMEOUT_NOW, .timeout_now = {0, 3, 4, 5}});
}

static void pieces_of_snapshots_come_as_they_went(void **state)
{
    (void)state;
    struct strbuf b = {0};
    struct replica_piece p = {.lead_term = 4,
        .index = 9,
        .term = 3,
        .conf = members,
        .total = 10,
        .offset = 2,
        .bytes = (const uint8_t *)"abc",
        .len = 3};
    replica_wire_piece(&b, 9, &p);
    assert_exact(&b);
    assert_int_equal(in.piece.index, 9);
    assert_int_equal(in.piece.conf.index, 7);
    assert_int_equal(in.piece.conf.count, 3);
    assert_int_equal(in.piece.total, 10);
    assert_memory_equal(in.piece.bytes, "abc", 3);
    strbuf_fini(&b);
    struct replica_piece_ack a = {.index = 9, .term = 3, .offset = 2, .next = 5};
    replica_wire_piece_ack(&b, 9, &a);
    assert_exact(&b);
    assert_memory_equal(&in.ack, &a, sizeof a);
    strbuf_fini(&b);
}

static void too_many_bytes_or_entries_are_no_message(void **state)
{
    (void)state;
    static uint8_t bytes[REPLICA_ENTRY_MAX + 1];
    struct raft_append_entries a = {.term = 1, .prev_log_index = 1, .prev_log_term = 1};
    struct replica_entry e[REPLICA_INFLIGHT + 1];
    for (size_t i = 0; i <= REPLICA_INFLIGHT; i++) {
        e[i] = (struct replica_entry){i + 2, 1, REPLICA_COMMAND, bytes, 1};
    }
    struct strbuf b = {0};
    replica_wire_append(&b, 9, &a, e, REPLICA_INFLIGHT);
    assert_true(reads(&b));
    strbuf_fini(&b);
    replica_wire_append(&b, 9, &a, e, REPLICA_INFLIGHT + 1);
    assert_false(reads(&b));
    strbuf_fini(&b);
    e[0].len = REPLICA_ENTRY_MAX + 1;
    replica_wire_append(&b, 9, &a, e, 1);
    assert_false(reads(&b));
    strbuf_fini(&b);
    for (size_t i = 0; i < 5; i++) {
        e[i].len = REPLICA_ENTRY_MAX;
    }
    replica_wire_append(&b, 9, &a, e, 4);
    assert_true(reads(&b));
    strbuf_fini(&b);
    replica_wire_append(&b, 9, &a, e, 5);
    assert_false(reads(&b));
    strbuf_fini(&b);
}

/* ---- lists of members ---------------------------------------------------------------------------
 */

static void the_engine_reads_and_writes_the_same_lists(void **state)
{
    (void)state;
    struct strbuf b = {0};
    struct raft_configuration c;
    struct raft_buffer again;
    replica_conf_encode(&b, &members);
    replica_engine_conf(&members, &c);
    assert_int_equal(c.n, 3);
    assert_int_equal(c.servers[1].id, UINT64_MAX);
    assert_int_equal(c.servers[1].role, RAFT_STANDBY);
    assert_string_equal(c.servers[2].address, "0000000000000003 näher");
    assert_int_equal(raft_configuration_encode(&c, &again), 0);
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.base, b.data, b.len);
    raft_free(again.base);
    raft_configuration_close(&c);
    struct replica_conf out;
    assert_int_equal(replica_conf_decode((const uint8_t *)b.data, b.len, &out), 0);
    assert_int_equal(out.count, 3);
    assert_int_equal(out.at[1].role, REPLICA_LEARNER);
    assert_string_equal(out.at[2].address, "näher");
    strbuf_fini(&b);
}

static int decode(const struct replica_conf *conf, size_t at, uint8_t byte)
{
    struct strbuf b = {0};
    struct replica_conf out;
    replica_conf_encode(&b, conf);
    assert_true(at < b.len);
    b.data[at] = (char)byte;
    int rc = replica_conf_decode((const uint8_t *)b.data, b.len, &out);
    strbuf_fini(&b);
    return rc;
}

static void lists_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const struct replica_conf one = {.count = 1, .at = {{1, REPLICA_VOTER, "a"}}};
    /* format, count (8), id (8), text of 18 and its NUL, role, zeroes up to 40 */
    assert_int_equal(decode(&one, 0, 1), 0);
    assert_int_equal(decode(&one, 0, 2), -PP_EPROTO);
    assert_int_equal(decode(&one, 1, 0), -PP_EPROTO);
    assert_int_equal(decode(&one, 1, 2), -PP_EPROTO);
    assert_int_equal(decode(&one, 2, 4), -PP_EPROTO);
    assert_int_equal(decode(&one, 9, 0), -PP_EPROTO);
    assert_int_equal(decode(&one, 9, 2), -PP_EPROTO);
    assert_int_equal(decode(&one, 35, 'x'), -PP_EPROTO);
    assert_int_equal(decode(&one, 36, RAFT_SPARE), -PP_EPROTO);
    assert_int_equal(decode(&one, 36, RAFT_STANDBY), -PP_EPROTO);
    assert_int_equal(decode(&one, 39, 1), -PP_EPROTO);
    struct replica_conf twice = {
        .count = 2, .at = {{1, REPLICA_VOTER, "a"}, {1, REPLICA_VOTER, "a"}}};
    assert_int_equal(decode(&twice, 0, 1), -PP_EPROTO);
    struct replica_conf out;
    assert_int_equal(replica_conf_decode(NULL, 0, &out), -PP_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_as_they_went),
        cmocka_unit_test(small_messages_come_as_they_went),
        cmocka_unit_test(pieces_of_snapshots_come_as_they_went),
        cmocka_unit_test(too_many_bytes_or_entries_are_no_message),
        cmocka_unit_test(the_engine_reads_and_writes_the_same_lists),
        cmocka_unit_test(lists_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
