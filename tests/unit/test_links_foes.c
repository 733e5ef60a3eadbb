// link: ppnet
/* Strangers, and peers who do not keep to the rules. */
#include "tests/unit/links_foe.h"

#define CROWD 1000

static size_t lines(const struct strbuf *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->len; i++) {
        n += text->data[i] == '\n';
    }
    return n;
}

static struct host *one_host(char address[32])
{
    struct host *h = bench_host(&b, 0, 1, "");
    bench_join(h, "LAN", "key");
    bench_listen(h, -1, address);
    return h;
}

/* ---- strangers ----------------------------------------------------------------------------------
 */

static void a_thousand_connections_from_one_address_cost_eight(void **state)
{
    (void)state;
    char address[32];
    static struct foe foes[CROWD];
    struct host *h = one_host(address);
    h->links->times.handshake = 60000;
    for (int i = 0; i < CROWD; i++) {
        foe_connect(&foes[i], NULL, address);
        uv_run(&b.loop, UV_RUN_NOWAIT);
        assert_true(h->links->count <= LINKS_OF_ADDRESS_MAX);
    }
    bench_settle(&b, 20);
    assert_int_equal(h->links->count, LINKS_OF_ADDRESS_MAX);
    assert_int_equal(lines(&h->notes), 1);
    /* Who is elsewhere still gets in, meanwhile. */
    struct foe other;
    foe_connect(&other, "127.0.0.9", address);
    foe_speak(&other, h, 5, true);
    foe_until(&b, &other, foe_is_open);
    foe_close(&other);
    /* And those eight are gone when they have said nothing for a while. */
    h->links->times.handshake = 50;
    bench_settle(&b, 100);
    assert_int_equal(h->links->count, 0);
    for (int i = 0; i < CROWD; i++) {
        foe_close(&foes[i]);
    }
}

static void sixty_four_unproved_are_the_most_of_all(void **state)
{
    (void)state;
    char address[32], from[16];
    static struct foe foes[100];
    struct host *h = one_host(address);
    h->links->times.handshake = 60000;
    for (int i = 0; i < 100; i++) {
        snprintf(from, sizeof from, "127.0.1.%d", i + 1);
        foe_connect(&foes[i], from, address);
    }
    bench_settle(&b, 30);
    assert_int_equal(h->links->count, LINKS_UNPROVED_MAX);
    for (int i = 0; i < 100; i++) {
        foe_close(&foes[i]);
    }
}

static void a_handshake_alone_does_not_free_its_place(void **state)
{
    (void)state;
    char address[32];
    struct foe foes[LINKS_OF_ADDRESS_MAX + 1];
    struct host *h = one_host(address);
    h->links->times.handshake = h->links->times.idle = 60000;
    for (int i = 0; i < LINKS_OF_ADDRESS_MAX; i++) {
        foe_connect(&foes[i], NULL, address);
        foe_speak(&foes[i], h, i + 10, true);
        foe_until(&b, &foes[i], foe_is_open);
    }
    foe_connect(&foes[LINKS_OF_ADDRESS_MAX], NULL, address);
    foe_until(&b, &foes[LINKS_OF_ADDRESS_MAX], foe_is_gone);
    for (int i = 0; i <= LINKS_OF_ADDRESS_MAX; i++) {
        foe_close(&foes[i]);
    }
}

static void other_programs_and_garbage_are_let_go_at_once(void **state)
{
    (void)state;
    char address[32];
    uint8_t garbage[400];
    struct host *h = one_host(address);
    for (int i = 0; i < 40; i++) {
        struct foe f;
        foe_connect(&f, NULL, address);
        bench_settle(&b, 0);
        randombytes_buf(garbage, sizeof garbage);
        if (i % 2 == 0) { /* with the length that is right */
            garbage[0] = 0;
            garbage[1] = 48;
            memset(garbage + 2, i % 4 == 0 ? 0 : 9, 32);
        }
        foe_write(&f, i == 1 ? "GET / HTTP/1.1\r\n\r\n" : (const char *)garbage, i == 1 ? 18 : 400);
        foe_until(&b, &f, foe_is_gone);
        foe_close(&f);
    }
    assert_true(lines(&h->notes) <= 1);
    assert_int_equal(h->ups, 0);
}

static void half_a_handshake_is_waited_for_only_so_long(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    foe_connect(&f, NULL, address);
    foe_speak(&f, h, 5, true);
    size_t len;
    const uint8_t *bytes = channel_out(f.channel, &len);
    bench_settle(&b, 1);
    foe_write(&f, bytes, len - 1);
    channel_sent(f.channel, len);
    foe_until(&b, &f, foe_is_gone);
    foe_close(&f);
    assert_int_equal(h->links->count, 0);
}

/* ---- a queue is entered by proof ----------------------------------------------------------------
 */

static void who_proves_the_secret_is_in(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    foe_meet(&b, &f, h, address);
    foe_join(&b, &f);
    assert_int_equal(h->ups, 1);
    foe_close(&f);
}

static bool foe_had_idle(struct foe *f)
{
    return f->reason == BYE_IDLE;
}

static void who_does_not_prove_it_hears_nothing(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    uint8_t proof[FRAME_PROOF] = {1}, tag[FRAME_TAG] = {1};
    foe_meet(&b, &f, h, address);
    foe_say(&f, &(struct frame){.type = FRAME_JOIN, .from = 5, .tag = tag, .proof = proof});
    foe_say(&f, &(struct frame){.type = FRAME_WHO, .from = 5, .to = f.serial});
    foe_say(&f, &(struct frame){.type = FRAME_READY, .from = 5, .to = f.serial});
    foe_say(&f, &(struct frame){.type = FRAME_FIRST, .to = f.serial, .kind = 'x'});
    foe_until(&b, &f, foe_had_idle);
    assert_int_equal(h->ups + h->messages, 0);
    assert_int_equal(f.frames[FRAME_WHO], 0); /* it does not even learn who we are there */
    foe_close(&f);
}

/* The host's own proof, said back to it. */
static void a_proof_cannot_be_reflected(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    foe_meet(&b, &f, h, address);
    uint8_t proof[FRAME_PROOF], tag[FRAME_TAG] = {0}, text[68], key[32] = {'k', 'e', 'y'};
    memcpy(text, channel_hash(f.channel), 64);
    memcpy(text + 64, "\1LAN", 4); /* the responder's role */
    crypto_generichash(proof, sizeof proof, text, sizeof text, key, sizeof key);
    foe_say(&f, &(struct frame){.type = FRAME_JOIN, .from = 5, .tag = tag, .proof = proof});
    foe_until(&b, &f, foe_had_idle);
    assert_int_equal(f.frames[FRAME_WHO], 0);
    foe_close(&f);
}

static void an_identity_in_a_queue_must_be_signed_for_this_link(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    struct identity other;
    uint8_t seed[32] = {200}, signature[64], text[22 + 64 + 1];
    identity_from_seed(&other, seed);
    for (int right = 0; right < 2; right++) {
        foe_meet(&b, &f, h, address);
        foe_say_join(&f, 5);
        foe_until(&b, &f, foe_has_who);
        memcpy(text, "pphost-queue-identity:", 22);
        memcpy(text + 22, channel_hash(f.channel), 64);
        text[86] = right ? 0 : 1;
        identity_sign(&other, text, sizeof text, signature);
        foe_say(&f, &(struct frame){.type = FRAME_WHO,
                        .from = 5,
                        .to = f.serial,
                        .flag = true,
                        .key = other.peer.key,
                        .signature = signature});
        foe_say(&f, &(struct frame){.type = FRAME_READY, .from = 5, .to = f.serial});
        foe_until(&b, &f, right ? foe_has_ready : foe_is_gone);
        assert_int_equal(links_find(h->links, 0, &other.peer) != NULL, right);
        foe_close(&f);
    }
}

/* ---- another version ----------------------------------------------------------------------------
 */

static bool foe_had_version(struct foe *f)
{
    return f->reason == BYE_VERSION;
}

static void another_version_is_told(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    foe_connect(&f, NULL, address);
    foe_speak(&f, h, 66, true);
    foe_until(&b, &f, foe_is_open);
    uint8_t hello[] = {FRAME_HELLO, 0, 9, 0, 7, 'n', 'e', 'w', 0, 0, 0, 0, 1, 7, 7, 7};
    assert_int_equal(channel_send(f.channel, hello, sizeof hello, NULL), 0);
    foe_until(&b, &f, foe_had_version);
    assert_non_null(strstr(strbuf_text(&h->notes), "speaks version 9"));
    foe_close(&f);
}

static void a_newer_version_that_understands_ours_is_welcome(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    foe_connect(&f, NULL, address);
    foe_speak(&f, h, 66, false);
    foe_until(&b, &f, foe_is_open);
    foe_say(&f, &(struct frame){.type = FRAME_HELLO, .version = 9, .oldest = 1, .number = 1});
    foe_until(&b, &f, foe_has_join);
    foe_close(&f);
}

/* ---- rules --------------------------------------------------------------------------------------
 */

enum when {
    OPEN, /* only the channel */
    MET,
    JOINED
};

static const struct {
    const char *why;
    enum when when;
    size_t len;
    uint8_t bytes[24];
} breaches[] = {
    {"a frame that is none", OPEN, 1, {0}},
    {"a frame that is none", OPEN, 1, {99}},
    {"a frame that is none", OPEN, 2, {FRAME_TAKEN, 0}},
    {"a frame that is none", OPEN, 5, {FRAME_HELLO, 0, 1, 0, 1}},
    {"a frame that is none", OPEN, 14,
        {FRAME_HELLO, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2}}, /* no flag */
    {"no greeting", OPEN, 1, {FRAME_TAKEN}},
    {"no greeting", OPEN, 9, {FRAME_PING}},
    {"a second greeting", MET, 14, {FRAME_HELLO, 0, 1, 0, 1}},
    {"it decides what is not its to decide", MET, 1, {FRAME_TAKEN}},
    {"ready before its time", JOINED, 9, {FRAME_READY, 0, 0, 0, 5, 0, 0, 0, 1}},
    {"a second identity", JOINED, 10, {FRAME_WHO, 0, 0, 0, 5, 0, 0, 0, 1, 0}},
    {"a frame that is none", JOINED, 9, {FRAME_WHO, 0, 0, 0, 5, 0, 0, 0, 1}},
    {"a queue joined twice", JOINED, 53 - 32, {0}}, /* filled in below */
    {"a message without a beginning", JOINED, 3, {FRAME_MORE, 0, 'x'}},
    {"a frame that is none", JOINED, 2, {FRAME_MORE, 0}},
    {"a frame that is none", JOINED, 3, {FRAME_MORE, 3, 'x'}}, /* no class */
    {"a frame that is none", JOINED, 12, {FRAME_FIRST, 0, 0, 0, 0, 1, 'k', 0, 0, 0, 2, 'x'}},
    {"a frame that is none", JOINED, 13, {FRAME_FIRST, 0, 0, 0, 0, 1, 'k', 0, 0, 0, 1, 'x', 'y'}},
    {"a frame that is none", JOINED, 11, {FRAME_FIRST, 0, 0, 0, 0, 1, 'k', 0, 0x20, 0, 1}},
};

static void break_rule(size_t i, const char *address, struct host *h)
{
    struct foe f;
    if (breaches[i].when == OPEN) {
        foe_connect(&f, NULL, address);
        foe_speak(&f, h, 66, true);
        foe_until(&b, &f, foe_is_open);
    } else {
        foe_meet(&b, &f, h, address);
    }
    if (breaches[i].when == JOINED) {
        foe_join(&b, &f);
    }
    if (breaches[i].bytes[0] == 0 && breaches[i].len > 1) {
        foe_say_join(&f, 5);
    } else {
        assert_int_equal(channel_send(f.channel, breaches[i].bytes, breaches[i].len, NULL), 0);
    }
    foe_until(&b, &f, foe_is_gone);
    foe_close(&f);
}

static void who_breaks_the_rules_is_let_go(void **state)
{
    (void)state;
    char address[32];
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
        struct host *h = one_host(address);
        break_rule(i, address, h);
        if (strstr(strbuf_text(&h->notes), breaches[i].why) == NULL) {
            fail_msg("breach %zu: wanted \"%s\", got \"%s\"", i, breaches[i].why,
                strbuf_text(&h->notes));
        }
        assert_int_equal(h->messages, 0);
        assert_int_equal(h->ups, h->downs);
        tear_down(state);
        set_up(state);
    }
}

static void a_message_within_a_message_ends_the_link(void **state)
{
    (void)state;
    char address[32];
    uint8_t part[FRAME_DATA] = {0};
    struct host *h = one_host(address);
    for (int longer = 0; longer < 2; longer++) {
        struct foe f;
        foe_meet(&b, &f, h, address);
        foe_join(&b, &f);
        struct frame first = {.type = FRAME_FIRST,
            .cls = LINK_BULK,
            .to = f.serial,
            .total = FRAME_DATA + 10,
            .bytes = part,
            .len = FRAME_DATA};
        struct frame more = {.type = FRAME_MORE, .cls = LINK_BULK, .bytes = part, .len = 11};
        foe_say(&f, &first);
        foe_say(&f, longer ? &more : &first);
        foe_until(&b, &f, foe_is_gone);
        foe_close(&f);
    }
    assert_int_equal(h->messages, 0);
    assert_int_equal(h->downs, 2);
    assert_int_equal(lines(&h->notes), 1); /* of one kind from one address: told once */
}

static void a_frame_played_again_ends_the_link(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    foe_meet(&b, &f, h, address);
    foe_join(&b, &f);
    foe_say(&f, &(struct frame){.type = FRAME_FIRST, .to = f.serial, .kind = 'x'});
    size_t len;
    uint8_t copy[64];
    const uint8_t *bytes = channel_out(f.channel, &len);
    memcpy(copy, bytes, len);
    foe_write(&f, copy, len);
    foe_write(&f, copy, len);
    channel_sent(f.channel, len);
    foe_until(&b, &f, foe_is_gone);
    assert_int_equal(h->messages, 1);
    assert_int_equal(h->downs, 1);
    foe_close(&f);
}

static void more_queues_than_there_may_be_end_the_link(void **state)
{
    (void)state;
    char address[32];
    uint8_t proof[FRAME_PROOF] = {0}, tag[FRAME_TAG] = {0};
    struct host *h = one_host(address);
    struct foe f;
    foe_meet(&b, &f, h, address);
    for (uint32_t i = 0; i <= LINKS_QUEUES_MAX; i++) {
        foe_say(&f, &(struct frame){.type = FRAME_JOIN, .from = i, .tag = tag, .proof = proof});
    }
    foe_until(&b, &f, foe_is_gone);
    foe_close(&f);
}

/* Joining and leaving makes answers, and it reads none of them. */
static void who_asks_and_takes_no_answers_is_let_go(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    foe_meet(&b, &f, h, address);
    int small = 4096;
    setsockopt(f.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    h->links->list->budget = 10000000; /* what is shown here is not the limit of messages */
    uint64_t end = uv_hrtime() + UINT64_C(5000000000);
    while (h->links->count > 0 && uv_hrtime() < end) {
        size_t len;
        const uint8_t *bytes = channel_out(f.channel, &len);
        if (len < 65536) {
            foe_say(&f, &(struct frame){.type = FRAME_PING, .number = 1});
            continue;
        }
        ssize_t n = send(f.fd, bytes, len, MSG_NOSIGNAL);
        if (n > 0) {
            channel_sent(f.channel, (size_t)n);
        }
        uv_run(&b.loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(h->links->count, 0);
    foe_close(&f);
}

static void a_silent_peer_is_let_go(void **state)
{
    (void)state;
    char address[32];
    struct host *h = one_host(address);
    struct foe f;
    foe_meet(&b, &f, h, address);
    foe_join(&b, &f);
    h->links->times.silence = 150;
    bench_until(&b, zero_down);
    assert_non_null(strstr(strbuf_text(&h->trace), "silent"));
    foe_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_thousand_connections_from_one_address_cost_eight),
        TEST(sixty_four_unproved_are_the_most_of_all),
        TEST(a_handshake_alone_does_not_free_its_place),
        TEST(other_programs_and_garbage_are_let_go_at_once),
        TEST(half_a_handshake_is_waited_for_only_so_long),
        TEST(who_proves_the_secret_is_in),
        TEST(who_does_not_prove_it_hears_nothing),
        TEST(a_proof_cannot_be_reflected),
        TEST(an_identity_in_a_queue_must_be_signed_for_this_link),
        TEST(another_version_is_told),
        TEST(a_newer_version_that_understands_ours_is_welcome),
        TEST(who_breaks_the_rules_is_let_go),
        TEST(a_message_within_a_message_ends_the_link),
        TEST(a_frame_played_again_ends_the_link),
        TEST(more_queues_than_there_may_be_end_the_link),
        TEST(who_asks_and_takes_no_answers_is_let_go),
        TEST(a_silent_peer_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
