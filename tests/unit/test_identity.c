// link: ppnet
#include "net/cid.h"
#include "net/identity.h"
#include "net/identity_file.h"

#include "host/base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tempdir.h"

#define PEERPRINT PP_SOURCE_DIR "/tests/data/peerprint/"

static char dir[TEMPDIR_SIZE];
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
    error = (struct err){0};
    return 0;
}

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (; hex[2 * n] != '\0'; n++) {
        char pair[3] = {hex[2 * n], hex[2 * n + 1], '\0'};
        out[n] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

static const char *put_hex(const char *name, const char *hex)
{
    uint8_t bytes[512];
    const char *path = tempdir_path(dir, name);
    assert_int_equal(file_write(path, bytes, from_hex(hex, bytes), 0600, NULL), 0);
    return path;
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* ---- texts ---------------------------------------------------------------------------------- */

/* From the drafts of base58 and from RFC 4648, the rest by js-multiformats. */
static const struct {
    const char *hex;
    const char *base58;
    const char *base36;
    const char *base32;
} texts[] = {
    {"", "", "", ""},
    {"00", "1", "0", "aa"},
    {"0000287fb4cd", "11233QC4", "00b8j559", "aaacq75uzu"},
    {"66", "2m", "2u", "my"},
    {"666f6f626172", "t1Zv2yaZ", "13x8yd7ywi", "mzxw6ytboi"},
    {"48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U", "2678lx5gvmsv1dro9b5",
        "jbswy3dpeblw64tmmqqq"},
};

static void bytes_are_written_in_three_bases_and_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint8_t bytes[64];
        uint8_t back[64];
        char text[64];
        size_t n = from_hex(texts[i].hex, bytes);
        size_t len = 99;
        assert_true(base58_encode(bytes, n, text, sizeof text));
        assert_string_equal(text, texts[i].base58);
        assert_true(base58_decode(text, strlen(text), back, sizeof back, &len));
        assert_int_equal(len, n);
        assert_memory_equal(back, bytes, n);
        assert_true(base36_encode(bytes, n, text, sizeof text));
        assert_string_equal(text, texts[i].base36);
        assert_true(base36_decode(text, strlen(text), back, sizeof back, &len));
        assert_int_equal(len, n);
        assert_memory_equal(back, bytes, n);
        assert_true(base32_encode(bytes, n, text, sizeof text));
        assert_string_equal(text, texts[i].base32);
        assert_true(base32_decode(text, strlen(text), back, sizeof back, &len));
        assert_int_equal(len, n);
        assert_memory_equal(back, bytes, n);
    }
}

static void what_does_not_fit_or_is_none_is_refused(void **state)
{
    uint8_t bytes[600] = {1};
    char text[8];
    size_t len;
    (void)state;
    assert_false(base58_encode(bytes, 8, text, sizeof text));
    assert_false(base58_encode(bytes, sizeof bytes, text, sizeof text));
    assert_false(base32_encode(bytes, 5, text, sizeof text)); /* the NUL */
    assert_false(base58_decode("0", 1, bytes, sizeof bytes, &len));
    assert_false(base58_decode("a\0b", 3, bytes, sizeof bytes, &len));
    assert_false(base58_decode("zzzzzz", 6, bytes, 4, &len));
    assert_false(base58_decode("111111", 6, bytes, 5, &len));
    assert_false(base32_decode("a1", 2, bytes, sizeof bytes, &len));
    assert_false(base32_decode("ab", 2, bytes, sizeof bytes, &len)); /* not all zero at the end */
    assert_false(base32_decode("aaa", 3, bytes, sizeof bytes, &len));
    assert_false(base32_decode("aaaaaaaa", 8, bytes, 4, &len));
    assert_true(base32_decode("MZXW6YTBOI", 10, bytes, sizeof bytes, &len));
    assert_memory_equal(bytes, "foobar", 6);
}

/* ---- peer ids ------------------------------------------------------------------------------- */

/* The first key is libp2p's own test vector, the others are seeds of one byte repeated; ids by
 * js-libp2p. */
static const struct {
    const char *key;
    const char *text;
    const char *base32;
    const char *base36;
} peers[] = {
    {"1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
        "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq",
        "bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6",
        "k51qzi5uqu5dgy8qsq67hbz73jqkw87l3fgf4a91qb0d9b5173tir7n4vxk1oe"},
    {"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
        "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        "bafzaajaiaejcao3ke66m5nvefvrkhkgqfjxq243fgikxohpciotdvqciugfvtwrj",
        "k51qzi5uqu5dhnwe629wdlncpql6frppdpwnz4wtlcw816aysd5wwlk63g4wmh"},
    {"ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1",
        "12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba",
        "bafzaajaiaejcb3kjfddcruocy3vosazysbmzkyjjlettuxdd7e3dnqkgcswion6r",
        "k51qzi5uqu5dm3hvogw3iovl1y90ha7aqmqd5czq5p91kpf7m836hxsv1ptdqp"},
};

static void a_peer_id_reads_as_libp2p_writes_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        struct peer want;
        struct peer got;
        char text[PEER_TEXT_SIZE];
        from_hex(peers[i].key, want.key);
        peer_format(&want, text);
        assert_string_equal(text, peers[i].text);
        const char *const forms[] = {peers[i].text, peers[i].base32, peers[i].base36};
        for (size_t form = 0; form < 3; form++) {
            assert_int_equal(peer_parse(forms[form], &got, &error), 0);
            assert_int_equal(peer_compare(&got, &want), 0);
        }
    }
}

static const struct {
    const char *text;
    const char *why;
} bad_peers[] = {
    {"", "peer id \"\": must be one as libp2p writes it: 12D3KooW"},
    {"mk3", "\"mk3\": must be one as libp2p writes it: 12D3KooW… (52 characters)"},
    {"12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p", "has 51 characters and is damaged"},
    {"12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p0", "is damaged"},
    {"12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pr", "is no key of Ed25519; mistyped?"},
    {"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "is of an RSA key; only Ed25519"},
    {"bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe", "is of an RSA key"},
    {"16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY", "is of the kind secp256k1"},
    {"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "names content, not a peer"},
};

static void another_text_is_told_what_it_is(void **state)
{
    struct peer p;
    (void)state;
    for (size_t i = 0; i < sizeof bad_peers / sizeof *bad_peers; i++) {
        assert_int_equal(peer_parse(bad_peers[i].text, &p, &error), -PP_EINVAL);
        if (strstr(error.text, bad_peers[i].why) == NULL) {
            fail_msg("%s: %s", bad_peers[i].text, error.text);
        }
    }
}

static void a_signature_holds_for_its_key_and_message_alone(void **state)
{
    struct identity a;
    struct identity b;
    uint8_t signature[IDENTITY_SIGNATURE];
    (void)state;
    identity_create(&a);
    identity_create(&b);
    identity_sign(&a, "hello", 5, signature);
    assert_true(peer_verify(&a.peer, "hello", 5, signature));
    assert_false(peer_verify(&a.peer, "hellO", 5, signature));
    assert_false(peer_verify(&b.peer, "hello", 5, signature));
    signature[0] ^= 1;
    assert_false(peer_verify(&a.peer, "hello", 5, signature));
}

/* ---- files ---------------------------------------------------------------------------------- */

static void keys_of_generate_registry_are_read(void **state)
{
    static const char *const ids[] = {"12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5",
        "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq",
        "12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct identity id;
        struct strbuf bytes = {0};
        char from[256];
        const char *path = tempdir_path(dir, "trusted_peer.priv");
        snprintf(from, sizeof from, PEERPRINT "trusted_peer_%zu.priv", i + 1);
        assert_int_equal(file_read(from, 100, &bytes, &error), 0);
        assert_int_equal(file_write(path, bytes.data, bytes.len, 0600, &error), 0);
        strbuf_fini(&bytes);
        snprintf(from, sizeof from, PEERPRINT "trusted_peer_%zu.pub", i + 1);
        assert_int_equal(file_read(from, 100, &bytes, &error), 0);
        assert_int_equal(
            file_write(tempdir_path(dir, "trusted_peer.pub"), bytes.data, bytes.len, 0644, &error),
            0);
        strbuf_fini(&bytes);
        assert_int_equal(identity_load(&id, path, &error), 0);
        assert_string_equal(id.text, ids[i]);
    }
}

static void what_is_saved_is_what_others_write_and_only_ours_to_read(void **state)
{
    struct identity id;
    struct identity again;
    uint8_t seed[32];
    struct strbuf made = {0};
    struct strbuf theirs = {0};
    const char *path = tempdir_path(dir, "a.priv");
    const char *pub = tempdir_path(dir, "a.pub");
    (void)state;
    memset(seed, 1, sizeof seed);
    identity_from_seed(&id, seed);
    assert_int_equal(identity_save(&id, path, pub, &error), 0);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(mode_of(pub), 0644);
    assert_int_equal(file_read(path, 100, &made, &error), 0);
    assert_int_equal(file_read(PEERPRINT "trusted_peer_1.priv", 100, &theirs, &error), 0);
    assert_int_equal(made.len, theirs.len);
    assert_memory_equal(made.data, theirs.data, made.len);
    made.len = theirs.len = 0;
    assert_int_equal(file_read(pub, 100, &made, &error), 0);
    assert_int_equal(file_read(PEERPRINT "trusted_peer_1.pub", 100, &theirs, &error), 0);
    assert_int_equal(made.len, 36);
    assert_memory_equal(made.data, theirs.data, made.len);
    assert_int_equal(identity_load(&again, path, &error), 0);
    assert_memory_equal(&again, &id, sizeof id);
    strbuf_fini(&made);
    strbuf_fini(&theirs);
}

static void a_key_is_never_overwritten(void **state)
{
    struct identity a;
    struct identity b;
    const char *path = tempdir_path(dir, "a.priv");
    const char *pub = tempdir_path(dir, "a.pub");
    const char *other = tempdir_path(dir, "b.priv");
    (void)state;
    identity_create(&a);
    identity_create(&b);
    assert_int_equal(identity_save(&a, path, pub, &error), 0);
    assert_int_equal(identity_save(&b, path, NULL, &error), -PP_EEXIST);
    assert_non_null(strstr(error.text, "a.priv\" exists already; it is not overwritten"));
    assert_int_equal(identity_save(&b, other, pub, &error), -PP_EEXIST);
    assert_int_not_equal(access(other, F_OK), 0); /* nothing was begun */
    assert_int_equal(identity_load(&b, path, &error), 0);
    assert_int_equal(peer_compare(&a.peer, &b.peer), 0);
}

static void a_link_that_leads_nowhere_is_not_followed(void **state)
{
    struct identity id;
    const char *path = tempdir_path(dir, "a.priv");
    (void)state;
    identity_create(&id);
    assert_int_equal(symlink(tempdir_path(dir, "elsewhere"), path), 0);
    assert_int_equal(identity_save(&id, path, NULL, &error), -PP_EEXIST);
    assert_int_not_equal(access(tempdir_path(dir, "elsewhere"), F_OK), 0);
}

static void the_public_key_beside_it_must_match(void **state)
{
    struct identity a;
    struct identity b;
    struct identity got;
    (void)state;
    identity_create(&a);
    identity_create(&b);
    const char *path = tempdir_path(dir, "queue_priv.key");
    const char *own = tempdir_path(dir, "queue_pub.key");
    assert_int_equal(identity_save(&a, path, NULL, &error), 0);
    assert_int_equal(identity_load(&got, path, &error), 0);
    assert_int_equal(identity_save(&b, tempdir_path(dir, "b.priv"), own, &error), 0);
    assert_int_equal(identity_load(&got, path, &error), -PP_EINVAL);
    assert_non_null(strstr(error.text, b.text));
    assert_non_null(strstr(error.text, a.text));
    assert_int_equal(file_write(own, "\x08\x01\x12", 3, 0644, &error), 0);
    assert_int_equal(identity_load(&got, path, &error), -PP_EINVAL);
    assert_non_null(strstr(error.text, "queue_pub.key\": is cut off or damaged (3 bytes)"));
}

#define SEED_0 "0000000000000000000000000000000000000000000000000000000000000000"
#define KEY_0  "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"

static const struct {
    const char *hex;
    const char *why;
} bad_files[] = {
    {"", "is empty"},
    {"4341455351426e6f74", "is text; wanted: the binary key file"},
    {"080012ae1230820929", "is a key of the kind RSA; only Ed25519 is possible"},
    {"0802122053dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb",
        "is a key of the kind secp256k1"},
    {"08031279307702010104203e", "is a key of the kind ECDSA"},
    {"08011240" SEED_0, "is cut off or damaged (36 bytes)"},
    {"08011220" KEY_0, "is a public key; the private one (.priv) is wanted"},
    {"08011221" KEY_0 "00", "has a key of 33 bytes; wanted: 64"},
    {"08011240" SEED_0 SEED_0, "is damaged: its two halves do not belong together"},
    {"08011260" SEED_0 KEY_0 SEED_0, "has a key of 96 bytes"},
    {"1240" SEED_0 KEY_0, "is no key file of libp2p"},
    {"0801", "is no key file of libp2p"},
    {"080112ffffffffffffffffffff01", "is cut off or damaged"},
    {"ffffffff", "is no key file of libp2p"},
};

static void what_is_no_private_key_is_told_what_it_is(void **state)
{
    struct identity id;
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
        const char *path = put_hex("bad.priv", bad_files[i].hex);
        assert_int_equal(identity_load(&id, path, &error), -PP_EINVAL);
        if (strstr(error.text, bad_files[i].why) == NULL) {
            fail_msg("%s: %s", bad_files[i].hex, error.text);
        }
        assert_non_null(strstr(error.text, "bad.priv\": "));
    }
    assert_int_equal(identity_load(&id, tempdir_path(dir, "none"), &error), -PP_ENOTFOUND);
    assert_non_null(strstr(error.text, "none\": No such file"));
    assert_int_equal(identity_load(&id, put_hex("old.priv", "08011260" SEED_0 KEY_0 KEY_0), &error),
        0); /* as old versions wrote it */
}

static void a_key_that_others_may_read_is_closed(void **state)
{
    struct identity id;
    const char *path = put_hex("open.priv", "08011240" SEED_0 KEY_0);
    (void)state;
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(identity_load(&id, path, &error), 0);
    assert_int_equal(mode_of(path), 0600);
}

static void a_host_gets_one_identity_and_keeps_it(void **state)
{
    struct identity a;
    struct identity b;
    const char *folder = tempdir_path(dir, "keys");
    const char *path = tempdir_path(dir, "keys/identity.priv");
    const char *pub = tempdir_path(dir, "keys/identity.pub");
    (void)state;
    assert_int_equal(identity_load_or_create(&a, folder, &error), 0);
    assert_int_equal(mode_of(folder), 0700);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(identity_load_or_create(&b, folder, &error), 0);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(unlink(pub), 0); /* ended between the two */
    assert_int_equal(identity_load_or_create(&b, folder, &error), 0);
    assert_int_equal(access(pub, F_OK), 0);
    assert_int_equal(unlink(path), 0); /* a private key that was lost is not made up for silently */
    assert_int_equal(identity_load_or_create(&b, folder, &error), -PP_ENOTFOUND);
    assert_non_null(strstr(error.text, "put identity.priv back, or remove it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_written_in_three_bases_and_read_again),
        cmocka_unit_test(what_does_not_fit_or_is_none_is_refused),
        cmocka_unit_test(a_peer_id_reads_as_libp2p_writes_it),
        cmocka_unit_test(another_text_is_told_what_it_is),
        cmocka_unit_test(a_signature_holds_for_its_key_and_message_alone),
        cmocka_unit_test_setup_teardown(keys_of_generate_registry_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_saved_is_what_others_write_and_only_ours_to_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_is_never_overwritten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_link_that_leads_nowhere_is_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_public_key_beside_it_must_match, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_no_private_key_is_told_what_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_others_may_read_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_host_gets_one_identity_and_keeps_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
