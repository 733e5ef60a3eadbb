// link: ppnet
/* Bytes between hosts of a queue: there and back, and what cannot be right. */
#include "net/group_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct wire_in behind_kind(const struct strbuf *b, enum group_kind kind)
{
    struct wire_in in = wire_read(b->data, b->len);
    assert_int_equal(wire_u8(&in), kind);
    return in;
}

/* What is cut anywhere, or has a byte too many, is not read. */
#define CUTS(b, kind, read, out)                                                                   \
    do {                                                                                           \
        for (size_t cut_ = 1; cut_ < (b)->len; cut_++) {                                           \
            struct wire_in in_ = wire_read((b)->data + 1, cut_ - 1);                               \
            assert_false(read(in_, out));                                                          \
        }                                                                                          \
        wire_put_u8((b), 0);                                                                       \
        assert_false(read(behind_kind((b), kind), out));                                           \
        strbuf_fini(b);                                                                            \
    } while (0)

static struct group_epoch epoch = {.id = {1, 2, 3}, .number = 1ULL << 32};

static void a_hello_comes_back(void **state)
{
    (void)state;
    struct group_hello out, h = {.ask = true,
                                .full = true,
                                .role = GROUP_VOTER,
                                .epoch = epoch,
                                .incarnation = 9,
                                .applied = 10,
                                .last = 12,
                                .voters = 3,
                                .up_ms = 77};
    struct strbuf b = {0};
    group_wire_hello(&b, &h);
    assert_true(group_wire_read_hello(behind_kind(&b, GROUP_HELLO), &out));
    assert_true(out.ask && out.full && !out.leaving && out.role == GROUP_VOTER);
    assert_true(group_epoch_is(&out.epoch, &epoch));
    assert_int_equal(out.last, 12);
    CUTS(&b, GROUP_HELLO, group_wire_read_hello, &out);
}

static void a_hello_of_another_version_or_role_is_not_read(void **state)
{
    (void)state;
    struct group_hello out, h = {.role = GROUP_LEADER};
    struct strbuf b = {0};
    group_wire_hello(&b, &h);
    b.data[1]++;
    assert_false(group_wire_read_hello(behind_kind(&b, GROUP_HELLO), &out));
    b.data[1]--;
    b.data[6] = 5;
    assert_false(group_wire_read_hello(behind_kind(&b, GROUP_HELLO), &out));
    strbuf_fini(&b);
}

static void small_messages_come_back(void **state)
{
    (void)state;
    struct strbuf b = {0};
    struct group_recall recall, r = {7, {3, 4}};
    group_wire_recall(&b, &r);
    assert_true(group_wire_read_recall(behind_kind(&b, GROUP_RECALL), &recall));
    assert_int_equal(recall.mark.index, 4);
    CUTS(&b, GROUP_RECALL, group_wire_read_recall, &recall);
    struct group_follow follow, f = {.epoch = epoch, .serial = 5, .index = 6, .term = 2};
    group_wire_follow(&b, &f);
    assert_true(group_wire_read_follow(behind_kind(&b, GROUP_FOLLOW), &follow));
    assert_int_equal(follow.index, 6);
    CUTS(&b, GROUP_FOLLOW, group_wire_read_follow, &follow);
    struct group_followed followed, d = {5, 9};
    group_wire_followed(&b, &d);
    assert_true(group_wire_read_followed(behind_kind(&b, GROUP_FOLLOWED), &followed));
    assert_int_equal(followed.count, 9);
    CUTS(&b, GROUP_FOLLOWED, group_wire_read_followed, &followed);
    struct group_removed removed, m = {epoch, 3, 4};
    group_wire_removed(&b, &m);
    assert_true(group_wire_read_removed(behind_kind(&b, GROUP_REMOVED), &removed));
    assert_int_equal(removed.index, 4);
    CUTS(&b, GROUP_REMOVED, group_wire_read_removed, &removed);
}

static void a_command_comes_back_and_is_bounded(void **state)
{
    (void)state;
    static uint8_t big[GROUP_COMMAND_MAX + 1];
    struct strbuf b = {0};
    struct group_submitted out,
        s = {.epoch = epoch, .id = 8, .bytes = (const uint8_t *)"abc", .len = 3};
    group_wire_submit(&b, &s);
    assert_true(group_wire_read_submit(behind_kind(&b, GROUP_SUBMIT), &out));
    assert_memory_equal(out.bytes, "abc", 3);
    CUTS(&b, GROUP_SUBMIT, group_wire_read_submit, &out);
    s.bytes = big;
    s.len = sizeof big;
    group_wire_submit(&b, &s);
    assert_false(group_wire_read_submit(behind_kind(&b, GROUP_SUBMIT), &out));
    strbuf_fini(&b);
    struct group_envelope got,
        v = {.id = 8, .trusted = true, .utc_ms = -5, .bytes = big, .len = GROUP_COMMAND_MAX};
    group_wire_envelope(&b, &v);
    assert_true(b.len <= REPLICA_ENTRY_MAX);
    assert_true(group_wire_read_envelope((const uint8_t *)b.data, b.len, &got));
    assert_int_equal(got.utc_ms, -5);
    assert_false(group_wire_read_envelope((const uint8_t *)b.data, b.len - 1, &got));
    strbuf_fini(&b);
}

static void entries_and_rows_come_back(void **state)
{
    (void)state;
    struct strbuf b = {0};
    struct group_feed feed = {.epoch = epoch, .serial = 3, .commit = 9};
    struct replica_entry entry, e = {5, 2, REPLICA_COMMAND, (const uint8_t *)"xyz", 3};
    struct group_entries m;
    group_wire_entries(&b, &feed, 1);
    group_wire_put_entry(&b, &e);
    assert_true(group_wire_read_entries(behind_kind(&b, GROUP_ENTRIES), &m));
    group_wire_entry(&m.in, &entry);
    assert_int_equal(entry.index, 5);
    assert_memory_equal(entry.bytes, "xyz", 3);
    CUTS(&b, GROUP_ENTRIES, group_wire_read_entries, &m);

    struct group_dump dump,
        d = {.feed = feed, .last = true, .index = 9, .term = 2, .conf = {.count = 1, .index = 4}};
    struct net_row row;
    char key[GROUP_KEY_MAX + 1];
    d.conf.at[0] = (struct replica_server){.id = 3, .role = REPLICA_VOTER, .address = "12D3"};
    group_wire_dump(&b, &d);
    size_t head = b.len;
    group_wire_put_row(&b, &(struct net_row){"job/1", (const uint8_t *)"row", 3});
    assert_true(group_wire_read_dump(behind_kind(&b, GROUP_DUMP), &dump));
    assert_true(group_wire_row(&dump.in, &row, key));
    assert_string_equal(row.key, "job/1");
    assert_false(group_wire_row(&dump.in, &row, key));
    assert_true(wire_end(&dump.in));
    for (size_t cut = 1; cut < b.len; cut++) {
        struct wire_in in = wire_read(b.data + 1, cut - 1);
        assert_true(group_wire_read_dump(in, &dump) == (cut == head));
    }
    strbuf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_comes_back),
        cmocka_unit_test(a_hello_of_another_version_or_role_is_not_read),
        cmocka_unit_test(small_messages_come_back),
        cmocka_unit_test(a_command_comes_back_and_is_bounded),
        cmocka_unit_test(entries_and_rows_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
