// link: ppnet
#include "net/registry.h"

#include "host/base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tempdir.h"

#define PEERPRINT PP_SOURCE_DIR "/tests/data/peerprint/"
#define PEER_1    "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"
#define PEER_2    "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq"
#define PEER_3    "12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba"
#define PEERS     "[" PEER_1 ", " PEER_2 ", " PEER_3 "]"

static char dir[TEMPDIR_SIZE];
static struct registry_notes notes;
static struct err error;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(identity_init(), 0);
    tempdir_make(dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_remove(dir);
    registry_notes_fini(&notes);
    error = (struct err){0};
    return 0;
}

static struct registry *parse(const char *text)
{
    registry_notes_fini(&notes);
    return registry_parse(text, strlen(text), "r.yaml", &notes);
}

static struct registry *parse_file(const char *path)
{
    struct strbuf bytes = {0};
    assert_int_equal(file_read(path, REGISTRY_SIZE_MAX, &bytes, &error), 0);
    struct registry *r = parse(strbuf_text(&bytes));
    strbuf_fini(&bytes);
    return r;
}

/* The text is refused, and these are all the notes there are. */
static void refuses(const char *text, size_t count, const char *const *wanted)
{
    struct registry *r = parse(text);
    assert_null(r);
    for (size_t i = 0; i < count; i++) {
        if (i >= notes.count || strcmp(notes.at[i].text, wanted[i]) != 0) {
            fail_msg("wanted: %s\ngot:    %s", wanted[i],
                i < notes.count ? notes.at[i].text : "nothing");
        }
    }
    if (notes.count > count) {
        fail_msg("not wanted: %s", notes.at[count].text);
    }
    assert_int_equal(notes.mistakes, count);
}

#define REFUSES(text, ...)                                                                         \
    do {                                                                                           \
        const char *const wanted[] = {__VA_ARGS__};                                                \
        refuses(text, sizeof wanted / sizeof *wanted, wanted);                                     \
    } while (0)

static void a_registry_of_peerprint_is_read(void **state)
{
    (void)state;
    struct registry *r = parse_file(PEERPRINT "registry.yaml");
    assert_non_null(r);
    assert_int_equal(notes.count, 0);
    assert_int_equal(r->created_s, 1668812345);
    assert_string_equal(r->url, "https://example.org/queues");
    assert_int_equal(r->queues_count, 1);
    const struct registry_queue *q = registry_find(r, "workshop");
    assert_ptr_equal(q, &r->queues[0]);
    assert_null(registry_find(r, "Workshop"));
    assert_string_equal(q->desc, "Parts for the workshop");
    assert_string_equal(q->url, "https://example.org/workshop");
    assert_string_equal(q->rendezvous, "1fc7e6d4-3b9e-4f0a-9a67-0c7d0d1b2f53");
    assert_int_equal(q->trusted_count, 3);
    assert_int_equal(q->bootstrap_count, 0);
    assert_false(q->trusted_only);
    for (size_t i = 0; i < 3; i++) {
        static const char *const ids[] = {PEER_1, PEER_2, PEER_3};
        char text[PEER_TEXT_SIZE];
        peer_format(&q->trusted[i], text);
        assert_string_equal(text, ids[i]);
    }
    registry_free(r);
}

static void created_may_be_a_number_and_what_is_for_people_may_be_absent(void **state)
{
    (void)state;
    struct registry *r = parse("created: 1668812345\n"
                               "queues:\n"
                               "- name: Prints für alle\n"
                               "  desc: ''\n"
                               "  rendezvous: r\n"
                               "  access: trusted\n"
                               "  bootstrap:\n"
                               "  - /dns4/print.example.org/tcp/6789/p2p/" PEER_1 "\n"
                               "  - /ip4/192.0.2.7/tcp/6789\n"
                               "  trustedPeers: " PEERS "\n"
                               "- {name: b, rendezvous: s, trustedPeers: " PEERS "}\n");
    assert_non_null(r);
    assert_int_equal(r->created_s, 1668812345);
    assert_string_equal(r->url, "");
    assert_int_equal(r->queues_count, 2);
    assert_true(r->queues[0].trusted_only);
    assert_int_equal(r->queues[0].bootstrap_count, 2);
    assert_string_equal(r->queues[0].bootstrap[1], "/ip4/192.0.2.7/tcp/6789");
    assert_string_equal(registry_find(r, "b")->desc, "");
    registry_free(r);
}

static void each_todo_that_was_left_is_told_with_its_line(void **state)
{
    (void)state;
    struct registry *r = parse_file(PEERPRINT "generated.yaml");
    assert_null(r);
    assert_int_equal(notes.mistakes, 4);
    assert_string_equal(notes.at[0].text,
        "r.yaml:3:9: desc: \"TODO: Say what this queue is for\": a TODO was left; say what it asks "
        "for");
    assert_string_equal(notes.at[1].text,
        "r.yaml:4:9: name: \"TODO: Name this queue\": a TODO was left; say what it asks for");
    assert_non_null(strstr(notes.at[2].text, "r.yaml:10:8: url: \"TODO: Where"));
    assert_non_null(strstr(notes.at[3].text, "r.yaml:11:6: url: \"TODO: Where"));
}

static void every_mistake_is_told_at_once(void **state)
{
    (void)state;
    REFUSES("created: yesterday\n"
            "maintainer: me\n"
            "queues:\n"
            "- name: a\n"
            "  rendezvous: r\n"
            "  trustedPeer: []\n"
            "  trustedPeers:\n"
            "  - " PEER_1 "\n"
            "  - 12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pr\n"
            "  - QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N\n"
            "  - " PEER_1 "\n"
            "  bootstrap: [print.example.org]\n"
            "  access: closed\n"
            "- name: a\n"
            "  trustedPeers: []\n",
        "r.yaml:1:10: created: \"yesterday\": must be seconds since 1970, such as \"1668812345\"",
        "r.yaml:2:1: maintainer: unknown key; here may stand: created, url, queues",
        "r.yaml:6:3: trustedPeer: unknown key; did you mean \"trustedPeers\"?",
        "r.yaml:9:5: trustedPeers: \"12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pr\": is no "
        "key of Ed25519; mistyped?",
        "r.yaml:10:5: trustedPeers: \"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N\": is of an "
        "RSA key; only Ed25519 (12D3KooW…) is possible",
        "r.yaml:12:15: bootstrap: \"print.example.org\": must be an address such as "
        "/dns4/print.example.org/tcp/6789/p2p/12D3KooW…",
        "r.yaml:13:11: access: \"closed\": must be open or trusted",
        "r.yaml:15:17: trustedPeers: \"[...]\": must not be empty",
        "r.yaml:14:3: rendezvous: is missing",
        "r.yaml:11:5: trustedPeers: \"" PEER_1 "\": is the same as in line 8",
        "r.yaml:14:9: name: \"a\": is the name of the queue in line 4 too");
}

static void what_is_no_registry_is_told_so(void **state)
{
    (void)state;
    REFUSES("", "r.yaml:1:1: queues: is missing");
    REFUSES("queues: []\n", "r.yaml:1:9: queues: \"[...]\": must not be empty");
    REFUSES("queues:\n  workshop: {}\n",
        "r.yaml:2:3: queues: \"{...}\": must be a list: lines that begin with \"-\"");
    REFUSES(
        "queues: [a]\n", "r.yaml:1:10: queues: \"a\": must have keys of its own behind the \"-\"");
    REFUSES("<html>\n", "r.yaml:1:1: must be lines of the form \"key: value\"");
    REFUSES("created: \"99999999999999\"\nqueues: [{name: a, rendezvous: r, trustedPeers: " PEERS
            "}]\n",
        "r.yaml:1:10: created: \"99999999999999\": must be seconds since 1970, such as "
        "\"1668812345\"");
}

static void the_same_peer_in_another_writing_is_the_same(void **state)
{
    (void)state;
    REFUSES("queues:\n- name: a\n  rendezvous: r\n  trustedPeers:\n"
            "  - 12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq\n"
            "  - k51qzi5uqu5dgy8qsq67hbz73jqkw87l3fgf4a91qb0d9b5173tir7n4vxk1oe\n",
        "r.yaml:6:5: trustedPeers: "
        "\"k51qzi5uqu5dgy8qsq67hbz73jqkw87l3fgf4a91qb0d9b5173tir7n4vxk1oe\": is the same as in "
        "line 5");
}

static void two_queues_with_one_rendezvous_would_meet(void **state)
{
    (void)state;
    REFUSES("queues:\n"
            "- {name: a, rendezvous: r, trustedPeers: " PEERS "}\n"
            "- {name: b, rendezvous: r, trustedPeers: " PEERS "}\n",
        "r.yaml:3:25: rendezvous: \"r\": is that of the queue in line 2 too; each has its own");
}

static void fewer_than_three_trusted_peers_are_a_warning(void **state)
{
    (void)state;
    struct registry *r =
        parse("queues:\n- {name: a, rendezvous: r, trustedPeers: [" PEER_1 ", " PEER_2 "]}\n"
              "- {name: b, rendezvous: s, trustedPeers: [" PEER_1 "]}\n");
    assert_non_null(r);
    assert_int_equal(notes.count, 2);
    assert_int_equal(notes.mistakes, 0);
    assert_true(notes.at[0].warning);
    assert_string_equal(notes.at[0].text,
        "r.yaml:2:42: warning: trustedPeers: 2: the queue stops while one of the two is away; with "
        "three or more one may be");
    assert_non_null(strstr(notes.at[1].text, "1: the queue stops while it is away"));
    registry_free(r);
}

static void more_than_the_limits_is_refused(void **state)
{
    struct strbuf b = {0};
    (void)state;
    strbuf_puts(&b, "queues:\n");
    for (int i = 0; i <= REGISTRY_QUEUES_MAX; i++) {
        strbuf_printf(&b, "- {name: q%d, rendezvous: r%d, trustedPeers: " PEERS "}\n", i, i);
    }
    REFUSES(
        strbuf_text(&b), "r.yaml:2:1: queues: \"[...]\": at most 256 are possible, here are 257");
    b.len = 0;
    strbuf_puts(&b, "queues:\n- name: a\n  rendezvous: r\n  trustedPeers:\n");
    for (int i = 0; i <= REGISTRY_TRUSTED_MAX; i++) {
        strbuf_puts(&b, "  - " PEER_1 "\n");
    }
    REFUSES(strbuf_text(&b),
        "r.yaml:5:3: trustedPeers: \"[...]\": at most 64 texts are possible, here are 65");
    strbuf_fini(&b);
    char *big = malloc(REGISTRY_SIZE_MAX + 1);
    memset(big, '\n', REGISTRY_SIZE_MAX + 1);
    assert_null(registry_parse(big, REGISTRY_SIZE_MAX + 1, "r.yaml", NULL));
    free(big);
}

static void a_flood_of_mistakes_ends(void **state)
{
    struct strbuf b = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        strbuf_printf(&b, "k%d: 1\n", i);
    }
    assert_null(parse(strbuf_text(&b)));
    assert_int_equal(notes.count, 51);
    assert_string_equal(notes.at[50].text, "… and there may be more");
    strbuf_fini(&b);
}

/* ---- generate ------------------------------------------------------------------------------- */

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* Replaces the words of one TODO after the other. */
static char *without_todos(const char *path)
{
    struct strbuf in = {0};
    struct strbuf out = {0};
    int n = 0;
    assert_int_equal(file_read(path, REGISTRY_SIZE_MAX, &in, &error), 0);
    const char *p = strbuf_text(&in);
    for (const char *at; (at = strstr(p, "'TODO")) != NULL; n++) {
        strbuf_add(&out, p, (size_t)(at - p));
        strbuf_printf(&out, "'said %d'", n);
        p = strchr(at + 1, '\'') + 1;
    }
    strbuf_puts(&out, p);
    strbuf_fini(&in);
    assert_int_equal(n, 4);
    return out.data;
}

static void what_is_generated_asks_for_four_things_and_is_right_then(void **state)
{
    struct identity id;
    const char *folder = tempdir_path(dir, "new/config");
    const char *path = tempdir_path(dir, "new/config/registry.yaml");
    (void)state;
    assert_int_equal(registry_generate(3, folder, 1700000000, &error), 0);
    assert_int_equal(mode_of(path), 0644);
    assert_null(parse_file(path));
    assert_int_equal(notes.mistakes, 4);
    char *text = without_todos(path);
    struct registry *r = parse(text);
    assert_non_null(r);
    assert_int_equal(notes.count, 0);
    assert_int_equal(r->created_s, 1700000000);
    assert_int_equal(r->queues[0].trusted_count, 3);
    assert_int_equal(strlen(r->queues[0].rendezvous), 36);
    assert_int_equal(r->queues[0].rendezvous[14], '4');
    for (unsigned i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "new/config/trusted_peer_%u.priv", i + 1);
        const char *key = tempdir_path(dir, name);
        assert_int_equal(mode_of(key), 0600);
        assert_int_equal(identity_load(&id, key, &error), 0);
        assert_int_equal(peer_compare(&id.peer, &r->queues[0].trusted[i]), 0);
        snprintf(name, sizeof name, "new/config/trusted_peer_%u.pub", i + 1);
        assert_int_equal(mode_of(tempdir_path(dir, name)), 0644);
    }
    registry_free(r);
    free(text);
}

static void nothing_is_overwritten_and_nothing_begun(void **state)
{
    const char *last = tempdir_path(dir, "trusted_peer_3.pub");
    (void)state;
    assert_int_equal(file_write(last, "x", 1, 0644, &error), 0);
    assert_int_equal(registry_generate(3, dir, 1700000000, &error), -PP_EEXIST);
    assert_non_null(strstr(error.text, "trusted_peer_3.pub\" exists already; nothing was written"));
    assert_int_not_equal(access(tempdir_path(dir, "trusted_peer_1.priv"), F_OK), 0);
    assert_int_not_equal(access(tempdir_path(dir, "registry.yaml"), F_OK), 0);
    assert_int_equal(registry_generate(2, dir, 1700000000, &error), 0);
    assert_int_equal(registry_generate(2, dir, 1700000000, &error), -PP_EEXIST);
}

static void what_was_begun_is_taken_back_when_it_cannot_be_finished(void **state)
{
    (void)state;
    /* A link that leads nowhere is not seen by access(), but cannot be created over. */
    assert_int_equal(symlink("nowhere", tempdir_path(dir, "registry.yaml")), 0);
    assert_int_equal(registry_generate(2, dir, 1700000000, &error), -PP_EEXIST);
    assert_int_not_equal(access(tempdir_path(dir, "trusted_peer_1.priv"), F_OK), 0);
    assert_int_not_equal(access(tempdir_path(dir, "trusted_peer_2.pub"), F_OK), 0);
    assert_int_equal(unlink(tempdir_path(dir, "registry.yaml")), 0);
    assert_int_equal(symlink("nowhere", tempdir_path(dir, "trusted_peer_2.pub")), 0);
    assert_int_equal(registry_generate(2, dir, 1700000000, &error), -PP_EEXIST);
    assert_int_not_equal(access(tempdir_path(dir, "trusted_peer_1.priv"), F_OK), 0);
    assert_int_not_equal(access(tempdir_path(dir, "trusted_peer_2.priv"), F_OK), 0);
}

static void how_many_peers_may_be_generated_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(registry_generate(0, dir, 1, &error), -PP_EINVAL);
    assert_int_equal(registry_generate(65, dir, 1, &error), -PP_EINVAL);
    assert_string_equal(error.text, "65 trusted peers: from 1 to 64 are possible");
    assert_int_equal(registry_generate(64, dir, 1, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registry_of_peerprint_is_read),
        cmocka_unit_test(created_may_be_a_number_and_what_is_for_people_may_be_absent),
        cmocka_unit_test(each_todo_that_was_left_is_told_with_its_line),
        cmocka_unit_test(every_mistake_is_told_at_once),
        cmocka_unit_test(what_is_no_registry_is_told_so),
        cmocka_unit_test(the_same_peer_in_another_writing_is_the_same),
        cmocka_unit_test(two_queues_with_one_rendezvous_would_meet),
        cmocka_unit_test(fewer_than_three_trusted_peers_are_a_warning),
        cmocka_unit_test(more_than_the_limits_is_refused),
        cmocka_unit_test(a_flood_of_mistakes_ends),
        cmocka_unit_test(what_is_generated_asks_for_four_things_and_is_right_then),
        cmocka_unit_test(nothing_is_overwritten_and_nothing_begun),
        cmocka_unit_test(what_was_begun_is_taken_back_when_it_cannot_be_finished),
        cmocka_unit_test(how_many_peers_may_be_generated_is_bounded),
    };
    struct CMUnitTest each[sizeof tests / sizeof *tests];
    memcpy(each, tests, sizeof tests);
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        each[i].setup_func = set_up;
        each[i].teardown_func = tear_down;
    }
    return cmocka_run_group_tests(each, NULL, NULL);
}
