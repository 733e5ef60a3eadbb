// link: ppnet
/* The blocks and records were made by the libraries of IPFS (tests/lib/ipfs_blocks.mjs), and so
 * were the CIDs. What is asked for is answered here: by tables, files, and gateways that are down
 * or lie. */
#include "net/dag.h"
#include "net/ipns.h"
#include "net/locate.h"

#include "host/base/file.h"
#include "host/base/mem.h"
#include "net/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA   PP_SOURCE_DIR "/tests/data/ipfs/"
#define YAML   PP_SOURCE_DIR "/tests/data/peerprint/registry.yaml"
#define NOW    INT64_C(1800000000)
#define DAY    86400
#define PEER_1 "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4"
#define PEER_2 "k51qzi5uqu5djejcj9das04p3wen7mowcz0z5iq3tw0yxaa8ko01odjley7fdg"

#define FILE_V0    "QmZypdibs2RGz7mvVHbdf1PVrNKH1p8EZbnoGrCf9Aok4L"
#define FILE_V1    "bafkreida3r7rbfi7c2fyqlgmut7e44xb6nni4p4jgx5zgteskw2l77e7j4"
#define PIECES_V0  "QmbutBfjZLCygUWRodAJbKdFiTpiawtXnbWPZSQRvt76Qd"
#define PIECES_V1  "bafybeietvi4qwlflqcq6mtbuwqe7uwr7jnxjphukaesc2fy2edk7bep344"
#define FOLDER_V0  "QmUfMZeRJweRrrEEW5LtVEbp6B8FcsYabUyBx5BjjUuRDd"
#define FOLDER_V1  "bafybeig2dgcb7aybl3lgpbfxdd4yjvo52n6jhp37k5mydt6n7gzaiqhg5a"
#define NO_YAML_V1 "bafybeif74twwhurt4trgagmo65ioiq2ir3g3vfcv34gyqgs3c4o5ncnwom"
#define SHARDED    "bafybeibj4aipc7tp73de7gkrgpz45dfqfwvjacu5pdafalfbok22445qpq"

enum mood {
    MOOD_FINE,
    MOOD_DOWN,
    MOOD_LIES,
    MOOD_OLD /* an older record than the others have */
};

struct txt {
    const char *name;
    const char *records[4];
};

static struct {
    struct txt txt[16];
    enum mood moods[3];
    const char *record; /* of PEER_1; PEER_2's is always the same */
    int64_t now_s;
    struct err dns_error;
    struct strbuf asked; /* names and URLs, a line each */
    unsigned gets;
    struct {
        char cid[80];
        void *bytes;
        size_t len;
    } made[400]; /* blocks that a test has built */
    size_t made_count;
} world;

static const char *const gateways[] = {"https://a.example/", "http://b.example", "https://c", NULL};

static char got_cid[80];
static struct strbuf got;
static struct err error;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(identity_init(), 0);
    memset(&world, 0, sizeof world);
    world.now_s = NOW;
    world.record = "peer_1-7.ipns-record";
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < world.made_count; i++) {
        free(world.made[i].bytes);
    }
    world.made_count = 0;
    strbuf_fini(&world.asked);
    strbuf_fini(&got);
    return 0;
}

/* ---- the world ------------------------------------------------------------------------------ */

static void answer_txt(struct locate *l, const char *name)
{
    struct err none;
    if (world.dns_error.code != 0) {
        locate_txt(l, NULL, 0, &world.dns_error);
        return;
    }
    for (size_t i = 0; i < 16 && world.txt[i].name != NULL; i++) {
        if (strcmp(world.txt[i].name, name) == 0) {
            size_t n = 0;
            while (n < 4 && world.txt[i].records[n] != NULL) {
                n++;
            }
            locate_txt(l, world.txt[i].records, n, NULL);
            return;
        }
    }
    err_set(&none, PP_ENOTFOUND, "no such name");
    locate_txt(l, NULL, 0, &none);
}

static void answer_file(struct locate *l, const char *path, bool lies)
{
    struct strbuf bytes = {0};
    struct err e;
    if (file_read(path, 1 << 20, &bytes, &e) != 0) {
        locate_got(l, NULL, 0, &e);
    } else {
        if (lies) {
            bytes.data[bytes.len / 2] ^= 1;
        }
        locate_got(l, strbuf_text(&bytes), bytes.len, NULL);
    }
    strbuf_fini(&bytes);
}

static void answer_block(struct locate *l, const char *cid, bool lies)
{
    char path[512];
    for (size_t i = 0; i < world.made_count; i++) {
        if (strcmp(world.made[i].cid, cid) == 0) {
            locate_got(l, world.made[i].bytes, world.made[i].len - lies, NULL);
            return;
        }
    }
    snprintf(path, sizeof path, DATA "%s", cid);
    answer_file(l, path, lies);
}

static void answer_get(struct locate *l, const struct locate_need *need)
{
    char name[256];
    char path[600];
    struct err down;
    size_t at = 0;
    enum mood mood = MOOD_FINE;
    for (; gateways[at] != NULL; at++) {
        size_t len = strcspn(gateways[at] + 8, "/") + 8;
        if (strncmp(need->what, gateways[at], len) == 0) {
            mood = world.moods[at];
            break;
        }
    }
    world.gets++;
    const char *begin = strstr(need->what, "/ip");
    if (mood == MOOD_DOWN || begin == NULL) {
        err_set(&down, PP_EOFFLINE, "HTTP status 504");
        locate_got(l, NULL, 0, &down);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(begin + 6, "?"), begin + 6);
    if (strncmp(begin, "/ipns/", 6) == 0) {
        assert_string_equal(need->accept, "application/vnd.ipfs.ipns-record");
        assert_string_equal(strchr(begin, '?'), "?format=ipns-record");
        snprintf(path, sizeof path, DATA "%s",
            mood == MOOD_OLD            ? "peer_1-7.ipns-record"
            : strcmp(name, PEER_1) == 0 ? world.record
                                        : "peer_2.ipns-record");
        answer_file(l, path, mood == MOOD_LIES);
    } else {
        assert_string_equal(need->accept, "application/vnd.ipld.raw");
        assert_string_equal(strchr(begin, '?'), "?format=raw");
        answer_block(l, name, mood == MOOD_LIES);
    }
}

/* Asks until it is over; 0 and `got`, or the error. */
static int find(const char *where)
{
    struct locate *l;
    struct locate_need need;
    const struct locate_options o = {.gateways = gateways, .now_s = world.now_s};
    const void *bytes;
    size_t len;
    strbuf_fini(&got);
    strbuf_fini(&world.asked);
    error = (struct err){0};
    if (locate_new(&l, where, &o, &error) != 0) {
        assert_null(l);
        return -error.code;
    }
    for (int i = 0; i < 20000; i++) {
        locate_need(l, &need);
        if (need.kind == LOCATE_DONE || need.kind == LOCATE_FAILED) {
            break;
        }
        strbuf_printf(&world.asked, "%s\n", need.what);
        if (need.kind == LOCATE_TXT) {
            answer_txt(l, need.what);
        } else if (need.kind == LOCATE_FILE) {
            answer_file(l, need.what, false);
        } else {
            answer_get(l, &need);
        }
    }
    int rc = locate_result(l, &bytes, &len, got_cid, sizeof got_cid, &error);
    if (rc == 0) {
        strbuf_add(&got, bytes, len);
    }
    locate_free(l);
    return rc;
}

static void finds_registry(const char *where, const char *cid)
{
    struct strbuf wanted = {0};
    if (find(where) != 0) {
        fail_msg("%s: %s", where, error.text);
    }
    assert_int_equal(file_read(YAML, 1 << 20, &wanted, &error), 0);
    assert_string_equal(strbuf_text(&got), strbuf_text(&wanted));
    assert_string_equal(got_cid, cid);
    strbuf_fini(&wanted);
}

static void fails(const char *where, int code, const char *why)
{
    int rc = find(where);
    if (rc != -code || strstr(error.text, why) == NULL) {
        fail_msg("%s: %d %s", where, rc, error.text);
    }
}

/* ---- CIDs ----------------------------------------------------------------------------------- */

/* The bytes of which the files in the table below were made. */
static uint8_t *made_bytes(size_t len)
{
    uint8_t *bytes = mem_array(len + 1, 1);
    uint32_t x = 1;
    for (size_t i = 0; i < len; i++) {
        x = (x * 1103515245u + 12345u) & 0x7fffffff;
        bytes[i] = (uint8_t)(x >> 16);
    }
    return bytes;
}

static const struct {
    size_t len;
    const char *v0;
    const char *v1;
} sizes[] = {
    {0, "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},
    {1, "QmUk4ETZqBvJ12yvC9Fd7x91JUTxAwzY6GP4j853Vt4aQj",
        "bafkreicjtfcgdvvumoipafgiyutvvbmr56dwi5qk7yttttxch5x34kcxpa"},
    {262143, "QmdDa2uCMdvcczueG6M21LLKF2tZBMs8wJfdyBAqf2LCy5",
        "bafkreica63gmul2wearibfx4rlx3d7subvwn3vinyza53wwvcixddjfvtq"},
    {262144, "QmXa9TvDDvnPJ8uAzzZXimtH3YzLM3kdBsooPXQdBLL3kz",
        "bafkreifystqgug5z6myhn45jr6skxoe3mtdoshssgfvv6otctnc7wuaaia"},
    {262145, "Qmabf2xSuy3MAjomB13U2FKYmdCSbAiGqHQLAGrP7rgApy",
        "bafybeiaetu4skxr5b4g57tk74tmreuhvuqs2fnmg6k5bhyravlup5cmeri"},
    {307200, "QmYrjHRQsmau6fMMu8S3ffaZub6vCE4BW8QqBMnXeD9FBH",
        "bafybeiaccydjrkw2yruwyzqifkij566pr7vo3anvj6xfqltrh7fqwwilgq"},
    {5000000, "QmVDKABzAnNR5t9sGnbggkcWBQ7SBycTcDoWLs8BrjtYpP",
        "bafybeibizjxepkxakfaswfngm33aaxti5qrxig6xv2ypsawjrwlfujexmi"},
    /* The last that has one level of nodes, and the first that has two. */
    {45613056, "QmVL8ZvTTHW63fTyXSMXT2vvUbY9QcSdquEXbCbuwjMZve",
        "bafybeicwidayukt3cqib3gp2iarc3eos3wrvrd6qwgqxpjgzsyeqwyp4im"},
    {45613057, "QmYLBHhxxHJSXU25VjcLVtFNP7rVzsz3C8a8XT4UbWE1fz",
        "bafybeigtwrm5pazaljydsnx5nz6awis3nyds5zefiu6mbrmoq56yred43a"},
};

static void a_file_has_the_cids_that_ipfs_add_gives_it(void **state)
{
    (void)state;
    uint8_t *bytes = made_bytes(45613057);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char v0[64];
        char v1[80];
        locate_cids(bytes, sizes[i].len, v0, v1);
        assert_string_equal(v0, sizes[i].v0);
        assert_string_equal(v1, sizes[i].v1);
    }
    free(bytes);
}

static void a_cid_is_read_in_every_base(void **state)
{
    /* The same one, by js-multiformats. */
    static const char *const forms[] = {
        FOLDER_V1, "BAFYBEIG2DGCB7AYBL3LGPBFXDD4YJVO52N6JHP37K5MYDT6N7GZAIQHG5A"};
    struct cid c;
    char text[CID_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        assert_int_equal(cid_parse(forms[i], &c, &error), 0);
        assert_int_equal(c.version, 1);
        assert_int_equal(c.codec, CID_DAG_PB);
        cid_format(&c, text);
        assert_string_equal(text, FOLDER_V1);
    }
    assert_int_equal(cid_parse(FOLDER_V0, &c, &error), 0);
    assert_int_equal(c.version, 0);
    cid_format(&c, text);
    assert_string_equal(text, FOLDER_V0);
    assert_int_equal(cid_parse(PEER_1, &c, &error), 0);
    assert_int_equal(c.codec, CID_LIBP2P_KEY);
    assert_int_equal(cid_parse("f0155000568656c6c6f", &c, &error), 0);
    assert_int_equal(c.hash, CID_IDENTITY);
    assert_true(cid_matches(&c, "hello", 5));
    assert_false(cid_matches(&c, "hellO", 5));
}

static void what_is_no_cid_is_told_why(void **state)
{
    static const char *const bad[][2] = {
        {"", "has 0 characters"},
        {"QmZypdibs2RGz7mvVHbdf1PVrNKH1p8EZbnoGrCf9Aok4", "has 46 characters of base58"},
        {"QmZypdibs2RGz7mvVHbdf1PVrNKH1p8EZbnoGrCf9Aok0L", "has 46 characters of base58"},
        {"bafkrei1a3r7rbfi7c2fyqlgmut7e44xb6nni4p4jgx5zgteskw2l77e7j4",
            "a character that its base"},
        {"bafkreida3r7rbfi7c2fyqlgmut7e44xb6nni4p4jgx5zgteskw2l77e7", "is not as long as it says"},
        {"mAXASIA", "begins neither with Qm nor with b, k, z or f"},
        {"f0255000568656c6c6f", "no version 1"},
    };
    struct cid c;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cid_parse(bad[i][0], &c, &error), -PP_EINVAL);
        if (strstr(error.text, bad[i][1]) == NULL) {
            fail_msg("%s: %s", bad[i][0], error.text);
        }
    }
}

/* ---- content -------------------------------------------------------------------------------- */

static void a_file_is_read_as_it_is(void **state)
{
    (void)state;
    finds_registry(YAML, "");
    assert_string_equal(strbuf_text(&world.asked), YAML "\n");
    fails("none.yaml", PP_ENOTFOUND, "none.yaml\": No such file");
    fails("./none", PP_ENOTFOUND, "No such file");
}

static void a_web_address_is_fetched_as_it_is(void **state)
{
    (void)state;
    fails("https://example.org/registry.yaml", PP_EOFFLINE, "HTTP status 504");
    assert_string_equal(strbuf_text(&world.asked), "https://example.org/registry.yaml\n");
}

static void content_is_found_by_its_cid(void **state)
{
    (void)state;
    finds_registry("ipfs://" FILE_V0, FILE_V0);
    assert_string_equal(
        strbuf_text(&world.asked), "https://a.example/ipfs/" FILE_V0 "?format=raw\n");
    finds_registry("ipfs://" FILE_V1, FILE_V1);
    finds_registry("/ipfs/" FILE_V1, FILE_V1);
    finds_registry(FILE_V0, FILE_V0);
    finds_registry(FILE_V1, FILE_V1);
    finds_registry("IPFS://" PIECES_V0, PIECES_V0);
    finds_registry(PIECES_V1, PIECES_V1);
}

static void of_a_folder_it_is_the_registry(void **state)
{
    (void)state;
    finds_registry(FOLDER_V0, FILE_V0);
    finds_registry(FOLDER_V1, FILE_V1);
    finds_registry("ipfs://" FOLDER_V1 "/", FILE_V1);
    finds_registry("ipfs://" FOLDER_V1 "/registry.yaml", FILE_V1);
    assert_int_equal(find("ipfs://" FOLDER_V1 "/other.yaml"), 0);
    assert_non_null(strstr(strbuf_text(&got), "# other"));
    fails(NO_YAML_V1, PP_ENOTFOUND, "is a folder without \"registry.yaml\"");
    fails("ipfs://" FOLDER_V1 "/none.yaml", PP_ENOTFOUND, "is a folder without \"none.yaml\"");
    fails("ipfs://" FILE_V1 "/registry.yaml", PP_ENOTFOUND,
        "is a file, so there is no \"registry.yaml\" in it");
    fails(SHARDED, PP_EINVAL, "is a folder in shards (HAMT), not a file or a plain folder");
}

static void what_is_within_its_cid_is_not_asked_for(void **state)
{
    (void)state;
    assert_int_equal(find("f0155000568656c6c6f"), 0);
    assert_string_equal(strbuf_text(&got), "hello");
    assert_int_equal(world.gets, 0);
}

static void keep_block(void *context, const struct cid *cid, const void *block, size_t len)
{
    char text[CID_TEXT_SIZE];
    (void)context;
    assert_true(world.made_count < 400);
    cid_format(cid, text);
    str_copy(world.made[world.made_count].cid, 80, text, strlen(text));
    world.made[world.made_count].bytes = mem_array(len + 1, 1);
    memcpy(world.made[world.made_count].bytes, block, len);
    world.made[world.made_count++].len = len;
}

static void a_file_of_many_blocks_in_many_levels_is_put_together(void **state)
{
    /* By the importer of IPFS with these chunks and links. */
    static const char *const roots[] = {"QmRGuxJLew23Z5tgrjtdLBaehoBv2X6KoxcLAjKPbCMEbW",
        "bafybeiedkt4mlxkgzv5amy453b3uurasvxtyfmsh6tjpuos3dcna6lt5yi"};
    (void)state;
    for (unsigned version = 0; version < 2; version++) {
        const struct dag_form form = {
            .version = version, .raw_leaves = version, .chunk_bytes = 16384, .links_max = 10};
        struct cid root;
        char text[CID_TEXT_SIZE];
        set_up(NULL);
        uint8_t *bytes = made_bytes(5000000);
        dag_build(&form, bytes, 5000000, keep_block, NULL, &root);
        cid_format(&root, text);
        assert_string_equal(text, roots[version]);
        assert_int_equal(find(text), 0);
        assert_int_equal(got.len, 5000000);
        assert_memory_equal(got.data, bytes, got.len);
        assert_string_equal(got_cid, roots[version]);
        free(bytes);
        tear_down(NULL);
    }
}

static void more_than_10_mib_are_not_read(void **state)
{
    const struct dag_form silent = {.version = 1, .raw_leaves = true, .chunk_bytes = 1 << 20};
    struct strbuf node = {0};
    struct cid root;
    char text[CID_TEXT_SIZE];
    (void)state;
    uint8_t *bytes = made_bytes((10 << 20) + 1);
    dag_build(&dag_form_v1, bytes, (10 << 20) + 1, keep_block, NULL, &root);
    cid_format(&root, text);
    fails(text, PP_ETOOBIG, "is a file of 10485761 bytes; at most 10 MiB are read");
    assert_int_equal(world.gets, 1);
    tear_down(NULL);
    set_up(NULL);
    /* A node that does not say so: the same block of 1 MiB, eleven times. */
    dag_build(&silent, bytes, 1 << 20, keep_block, NULL, &root);
    uint8_t link[CID_BYTES_MAX + 2] = {0x0a};
    link[1] = (uint8_t)cid_to_bytes(&root, link + 2);
    for (int i = 0; i < 11; i++) {
        uint8_t head[] = {0x12, (uint8_t)(link[1] + 2)};
        strbuf_add(&node, head, 2);
        strbuf_add(&node, link, link[1] + 2u);
    }
    strbuf_add(&node, "\x0a\x02\x08\x02", 4);
    cid_of(&root, 1, CID_DAG_PB, node.data, node.len);
    keep_block(NULL, &root, node.data, node.len);
    cid_format(&root, text);
    fails(text, PP_ETOOBIG, "is part of a file of more than 10 MiB");
    strbuf_fini(&node);
    free(bytes);
}

/* ---- gateways ------------------------------------------------------------------------------- */

static void a_gateway_that_is_down_or_lies_is_passed_over(void **state)
{
    (void)state;
    world.moods[0] = MOOD_LIES;
    world.moods[1] = MOOD_DOWN;
    finds_registry(PIECES_V1, PIECES_V1);
    assert_int_equal(world.gets, 2 + 7); /* the one that was right is asked first from then on */
}

static void when_none_has_it_the_reason_is_told(void **state)
{
    (void)state;
    world.moods[0] = world.moods[1] = world.moods[2] = MOOD_DOWN;
    fails(
        FILE_V1, PP_EOFFLINE, FILE_V1 ": no gateway has it (asked: 3); https://c: HTTP status 504");
    world.moods[1] = MOOD_LIES;
    fails(FILE_V1, PP_ECORRUPT, "no gateway has it (asked: 3); http://b.example: gave other bytes");
}

/* ---- names ---------------------------------------------------------------------------------- */

static void a_domain_is_followed_by_dnslink(void **state)
{
    (void)state;
    world.txt[0] =
        (struct txt){"_dnslink.registry.example.org", {"v=spf1 -all", "dnslink=/ipfs/" FOLDER_V1}};
    finds_registry("example.org", FILE_V1);
    finds_registry("Example.ORG.", FILE_V1);
    world.txt[0] = (struct txt){"_dnslink.example.org", {"dnslink=/ipfs/" FOLDER_V1}};
    finds_registry("example.org", FILE_V1);
    assert_true(str_starts(strbuf_text(&world.asked),
        "_dnslink.registry.example.org\n_dnslink.example.org\nhttps://a.example/ipfs/"));
    finds_registry("ipns://example.org/registry.yaml", FILE_V1);
    assert_true(str_starts(strbuf_text(&world.asked), "_dnslink.example.org\n"));
    world.txt[0] = (struct txt){"example.org", {"dnslink=/ipfs/" FOLDER_V1 "/registry.yaml"}};
    finds_registry("example.org", FILE_V1);
}

/* As the example of a registry's documentation has it: a CID under /ipns/. */
static void a_cid_under_ipns_is_fetched_as_content(void **state)
{
    (void)state;
    world.txt[0] = (struct txt){"_dnslink.registry.example.org", {"dnslink=/ipns/" FOLDER_V0}};
    finds_registry("example.org", FILE_V0);
    world.moods[0] = world.moods[1] = world.moods[2] = MOOD_DOWN;
    fails("example.org", PP_EOFFLINE, "(if it names an RSA key: only Ed25519 names, k51…, work)");
}

static void steps_from_domain_to_key_to_domain_add_their_paths(void **state)
{
    (void)state;
    world.txt[0] = (struct txt){"_dnslink.a.example", {"dnslink=/ipns/" PEER_2 "/other.yaml"}};
    world.record = "peer_1-8.ipns-record"; /* PEER_2's is /ipns/PEER_1 */
    assert_int_equal(find("a.example"), 0);
    assert_non_null(strstr(strbuf_text(&got), "# other"));
    world.txt[1] = (struct txt){"_dnslink.b.example", {"dnslink=/ipns/a.example"}};
    assert_int_equal(find("b.example"), 0);
    assert_non_null(strstr(strbuf_text(&got), "# other"));
}

static void a_loop_and_a_long_way_end(void **state)
{
    static char names[9][32];
    static char links[9][48];
    (void)state;
    world.txt[0] = (struct txt){"_dnslink.a.example", {"dnslink=/ipns/b.example"}};
    world.txt[1] = (struct txt){"_dnslink.b.example", {"dnslink=/ipns/a.example"}};
    fails("a.example", PP_EINVAL, "\"a.example\" leads back to itself in 2 steps");
    for (int i = 0; i < 9; i++) {
        snprintf(names[i], sizeof names[i], "_dnslink.%d.example", i);
        snprintf(links[i], sizeof links[i], "dnslink=/ipns/%d.example", i + 1);
        world.txt[i] = (struct txt){names[i], {links[i]}};
    }
    fails(
        "0.example", PP_ELIMIT, "more than 8 steps from name to name; the last was \"7.example\"");
}

static void a_domain_without_a_link_is_told_what_was_looked_for(void **state)
{
    (void)state;
    world.txt[0] = (struct txt){"example.org", {"v=spf1 -all", "dnslink=/hyper/1234"}};
    fails("example.org", PP_ENOTFOUND, "domain \"example.org\": no TXT record dnslink=/ipfs/CID");
    world.txt[0] = (struct txt){"_dnslink.example.org", {"dnslink=/ipfs/nonsense"}};
    fails("example.org", PP_EINVAL, "CID \"nonsense\": begins neither with Qm");
    world.txt[0] = (struct txt){"_dnslink.example.org", {"dnslink=/ipfs/"}};
    fails("example.org", PP_EINVAL, "\"/ipfs/\": names nothing");
    world.txt[0] =
        (struct txt){"_dnslink.example.org", {"dnslink=/ipfs/" FILE_V0, "dnslink=/ipfs/" FILE_V1}};
    fails("example.org", PP_EINVAL, "has two different dnslink= records");
    world.txt[0].records[1] = world.txt[0].records[0];
    finds_registry("example.org", FILE_V0);
    err_set(&world.dns_error, PP_ETIMEOUT, "no answer within 10 s");
    fails("example.org", PP_ETIMEOUT, "no answer within 10 s");
    assert_string_equal(strbuf_text(&world.asked), "_dnslink.registry.example.org\n");
}

static void a_key_s_record_is_checked_and_the_newest_counts(void **state)
{
    (void)state;
    finds_registry("ipns://" PEER_1, FILE_V0);
    finds_registry(PEER_1, FILE_V0);
    finds_registry("ipns://12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5", FILE_V0);
    finds_registry("12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5", FILE_V0);
    world.record = "peer_1-8.ipns-record";
    world.moods[0] = world.moods[2] = MOOD_OLD;
    finds_registry("ipns://" PEER_1, FILE_V1);
    world.moods[0] = MOOD_DOWN;
    world.moods[1] = MOOD_LIES;
    finds_registry("ipns://" PEER_1, FILE_V0);
    world.moods[2] = MOOD_LIES;
    fails("ipns://" PEER_1, PP_EAUTH, "none of 3 gateways has it; the last said: IPNS record: is");
    assert_non_null(strstr(error.text, "not signed by the key it is asked for"));
    world.moods[0] = world.moods[1] = world.moods[2] = MOOD_FINE;
    world.record = "peer_2.ipns-record"; /* rightly signed, by somebody else */
    fails("ipns://" PEER_1, PP_EAUTH, "not signed by the key");
}

static void a_record_that_is_over_does_not_count(void **state)
{
    (void)state;
    world.record = "peer_1-9.ipns-record"; /* until 2026-11-21 */
    world.now_s = 1795275900;
    finds_registry("ipns://" PEER_1, FILE_V1);
    world.now_s += DAY;
    fails("ipns://" PEER_1, PP_EREFUSED, "was valid until 2026-11-21T15:46:05");
    world.moods[1] = MOOD_OLD; /* the older one is still valid */
    finds_registry("ipns://" PEER_1, FILE_V0);
}

static void names_that_cannot_be_checked_are_named(void **state)
{
    (void)state;
    fails("ipns://16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY", PP_EINVAL,
        "is of the kind secp256k1; only Ed25519");
    fails("ipns://bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe", PP_EINVAL,
        "is of an RSA key; only Ed25519");
    fails("ipfs://" PEER_1, PP_EINVAL, "is the name of a key; wanted: ipns:// before it");
    fails("ipns://nonsense", PP_EINVAL, "is no name of IPNS: neither a domain nor a key (k51…)");
}

static void what_is_no_place_is_refused_at_once(void **state)
{
    static const char *const bad[][2] = {
        {"", "\"\": must be a path, https://…"},
        {"workshop",
            "\"workshop\": must be a path, https://…, ipfs://CID, ipns://NAME or a domain"},
        {"ftp://example.org/r.yaml", "only https://, http://, ipfs:// and ipns:// are known"},
        {"https://", "is no web address"},
        {"https://a b", "is no web address"},
        {"ipfs://", "names nothing"},
        {"ipfs://nonsense", "CID \"nonsense\""},
        {"prints für alle.de", "is no domain name"},
        {"a..b", "is no domain name"},
        {"-a.example", "is no domain name"},
        {"f017100010a", "codec 0x71 is not known"},
        {"f0155130568656c6c6f", "hash 0x13 is not known"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fails(bad[i][0], PP_EINVAL, bad[i][1]);
        assert_int_equal(world.asked.len, 0);
    }
    char *longer = mem_array(600, 1);
    memset(longer, 'a', 599);
    fails(longer, PP_EINVAL, "is longer than 511 bytes");
    free(longer);
    static const char *const bad_gateways[] = {"ipfs.io", NULL};
    struct locate *l;
    assert_int_equal(locate_new(&l, FILE_V1,
                         &(struct locate_options){.gateways = bad_gateways, .now_s = NOW}, &error),
        -PP_EINVAL);
    assert_string_equal(error.text, "gateway \"ipfs.io\": must be such as https://ipfs.io");
}

/* ---- records -------------------------------------------------------------------------------- */

static void times_are_read_in_utc(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } times[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T12:00:00.5Z", 951825600},
        {"2033-05-18T03:33:20.000000000Z", 2000000000},
        {"2126-10-27T15:46:05.788000000Z", 4948789565},
        {"1969-12-31T23:59:59Z", -1},
    };
    static const char *const bad[] = {"", "2033-05-18T03:33:20", "2033-05-18T03:33:20+01:00",
        "2033-13-18T03:33:20Z", "2033-05-18 03:33:20Z", "2033-05-18T03:33:20,5Z",
        "2033-05-18T03:33:2xZ", "2033-05-18T03:33:20.5xZ"};
    int64_t seconds;
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_true(ipns_parse_time(times[i].text, strlen(times[i].text), &seconds));
        assert_int_equal(seconds, times[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(ipns_parse_time(bad[i], strlen(bad[i]), &seconds));
    }
}

static void no_byte_of_a_record_can_be_changed(void **state)
{
    struct strbuf bytes = {0};
    struct ipns_record r;
    struct peer key;
    (void)state;
    assert_int_equal(peer_parse(PEER_1, &key, &error), 0);
    assert_int_equal(file_read(DATA "peer_1-7.ipns-record", 10000, &bytes, &error), 0);
    assert_int_equal(ipns_read(bytes.data, bytes.len, &key, NOW, &r, &error), 0);
    assert_int_equal(r.sequence, 7);
    assert_string_equal(r.value, "/ipfs/" FILE_V0);
    assert_int_equal(r.valid_until_s, 4948789565);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] ^= 1;
        if (ipns_read(bytes.data, bytes.len, &key, NOW, &r, &error) == 0) {
            /* The old signature and the time to live, which nobody reads. */
            assert_int_equal(r.sequence, 7);
            assert_string_equal(r.value, "/ipfs/" FILE_V0);
            assert_int_equal(r.valid_until_s, 4948789565);
        }
        bytes.data[i] ^= 1;
        assert_int_not_equal(ipns_read(bytes.data, i, &key, NOW, &r, &error), 0);
    }
    strbuf_fini(&bytes);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_the_cids_that_ipfs_add_gives_it),
        cmocka_unit_test(a_cid_is_read_in_every_base),
        cmocka_unit_test(what_is_no_cid_is_told_why),
        cmocka_unit_test(a_file_is_read_as_it_is),
        cmocka_unit_test(a_web_address_is_fetched_as_it_is),
        cmocka_unit_test(content_is_found_by_its_cid),
        cmocka_unit_test(of_a_folder_it_is_the_registry),
        cmocka_unit_test(what_is_within_its_cid_is_not_asked_for),
        cmocka_unit_test(a_file_of_many_blocks_in_many_levels_is_put_together),
        cmocka_unit_test(more_than_10_mib_are_not_read),
        cmocka_unit_test(a_gateway_that_is_down_or_lies_is_passed_over),
        cmocka_unit_test(when_none_has_it_the_reason_is_told),
        cmocka_unit_test(a_domain_is_followed_by_dnslink),
        cmocka_unit_test(a_cid_under_ipns_is_fetched_as_content),
        cmocka_unit_test(steps_from_domain_to_key_to_domain_add_their_paths),
        cmocka_unit_test(a_loop_and_a_long_way_end),
        cmocka_unit_test(a_domain_without_a_link_is_told_what_was_looked_for),
        cmocka_unit_test(a_key_s_record_is_checked_and_the_newest_counts),
        cmocka_unit_test(a_record_that_is_over_does_not_count),
        cmocka_unit_test(names_that_cannot_be_checked_are_named),
        cmocka_unit_test(what_is_no_place_is_refused_at_once),
        cmocka_unit_test(times_are_read_in_utc),
        cmocka_unit_test(no_byte_of_a_record_can_be_changed),
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
