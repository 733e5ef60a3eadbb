// link: ppnet
/* Channels: whatever an outsider does to the bytes, the receiver notices, delivers nothing of it,
 * and is dead from then on. */
#include "net/channel.h"
#include "net/noise.h"

#include "host/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

struct end {
    struct identity id;
    struct channel *channel;
    struct strbuf got; /* frames, each with '|' behind */
    unsigned frames;
};

struct pair {
    struct end end[2]; /* initiator, responder */
    uint8_t psk[32];
};

static void on_frame(void *context, const uint8_t *frame, size_t len)
{
    struct end *e = context;
    strbuf_add(&e->got, (const char *)frame, len);
    strbuf_puts(&e->got, "|");
    e->frames++;
}

static void set_up(struct pair *p)
{
    memset(p, 0, sizeof *p);
    channel_psk("a phrase", p->psk);
    for (int i = 0; i < 2; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        identity_from_seed(&p->end[i].id, seed);
    }
}

static struct channel_options options(struct pair *p, int i)
{
    static const uint8_t secrets[2][32] = {{1, 1}, {2, 2}}, ephemeral[2][32] = {{3, 1}, {4, 2}};
    return (struct channel_options){.self = &p->end[i].id,
        .psk = p->psk,
        .static_secret = secrets[i],
        .ephemeral_secret = ephemeral[i],
        .initiator = i == 0};
}

static void open_end(struct pair *p, int i, const struct channel_options *o)
{
    p->end[i].channel = channel_new(o);
}

static void tear_down(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        channel_free(p->end[i].channel);
        strbuf_fini(&p->end[i].got);
    }
}

/* Brings what one end has to say to the other, in pieces of `step` bytes. */
static int carry(struct pair *p, int from, size_t step, struct err *e)
{
    size_t len;
    const uint8_t *bytes;
    while ((bytes = channel_out(p->end[from].channel, &len)) != NULL) {
        size_t n = len < step ? len : step;
        struct end *to = &p->end[1 - from];
        int rc = channel_feed(to->channel, bytes, n, on_frame, to, e);
        channel_sent(p->end[from].channel, n);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static int shake(struct pair *p, size_t step, struct err *e)
{
    int rc = 0;
    for (int turn = 0; turn < 3 && rc == 0; turn++) {
        rc = carry(p, turn % 2, step, e);
    }
    return rc;
}

static void open_both(struct pair *p)
{
    set_up(p);
    for (int i = 0; i < 2; i++) {
        struct channel_options o = options(p, i);
        open_end(p, i, &o);
    }
    assert_int_equal(shake(p, 1000, NULL), 0);
    assert_true(channel_is_open(p->end[0].channel) && channel_is_open(p->end[1].channel));
}

/* What end `i` has to say, taken away. */
static size_t take(struct pair *p, int i, uint8_t *out)
{
    size_t len;
    const uint8_t *bytes = channel_out(p->end[i].channel, &len);
    if (len > 0) {
        memcpy(out, bytes, len);
    }
    channel_sent(p->end[i].channel, len);
    return len;
}

static int give(struct pair *p, int to, const uint8_t *bytes, size_t len)
{
    struct end *e = &p->end[to];
    return channel_feed(e->channel, bytes, len, on_frame, e, NULL);
}

static void say(struct pair *p, int i, const char *text)
{
    assert_int_equal(channel_send(p->end[i].channel, text, strlen(text), NULL), 0);
}

/* ---- what works ---------------------------------------------------------------------------------
 */

static void both_ends_know_each_other_and_one_hash(void **state)
{
    (void)state;
    struct pair p;
    open_both(&p);
    struct channel *a = p.end[0].channel, *b = p.end[1].channel;
    assert_memory_equal(channel_hash(a), channel_hash(b), 64);
    assert_int_equal(peer_compare(channel_peer(a), &p.end[1].id.peer), 0);
    assert_int_equal(peer_compare(channel_peer(b), &p.end[0].id.peer), 0);
    tear_down(&p);
}

static void bytes_may_be_split_anywhere(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 2, 3, 7, 17, 18, 19, 64, 1000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct pair p;
        set_up(&p);
        for (int k = 0; k < 2; k++) {
            struct channel_options o = options(&p, k);
            open_end(&p, k, &o);
        }
        assert_int_equal(shake(&p, steps[i], NULL), 0);
        say(&p, 0, "one");
        say(&p, 0, "two");
        say(&p, 1, "three");
        say(&p, 0, "x");
        assert_int_equal(carry(&p, 0, steps[i], NULL), 0);
        assert_int_equal(carry(&p, 1, steps[i], NULL), 0);
        assert_string_equal(strbuf_text(&p.end[1].got), "one|two|x|");
        assert_string_equal(strbuf_text(&p.end[0].got), "three|");
        tear_down(&p);
    }
}

static void what_is_said_before_it_is_open_is_refused(void **state)
{
    (void)state;
    struct pair p;
    set_up(&p);
    struct channel_options o = options(&p, 0);
    open_end(&p, 0, &o);
    assert_int_equal(channel_send(p.end[0].channel, "x", 1, NULL), -PP_ESTATE);
    tear_down(&p);
}

static void a_frame_has_a_largest_size(void **state)
{
    (void)state;
    struct pair p;
    open_both(&p);
    char *big = calloc(1, CHANNEL_FRAME_MAX + 1);
    assert_int_equal(channel_send(p.end[0].channel, big, CHANNEL_FRAME_MAX + 1, NULL), -PP_ETOOBIG);
    assert_int_equal(channel_send(p.end[0].channel, big, 0, NULL), -PP_ETOOBIG);
    assert_int_equal(channel_send(p.end[0].channel, big, CHANNEL_FRAME_MAX, NULL), 0);
    assert_int_equal(carry(&p, 0, 999, NULL), 0);
    assert_int_equal(p.end[1].got.len, CHANNEL_FRAME_MAX + 1);
    free(big);
    tear_down(&p);
}

static void keys_change_and_the_stream_goes_on(void **state)
{
    (void)state;
    struct pair p;
    set_up(&p);
    for (int i = 0; i < 2; i++) {
        struct channel_options o = options(&p, i);
        o.rekey_frames = 3;
        o.rekey_bytes = 50;
        open_end(&p, i, &o);
    }
    assert_int_equal(shake(&p, 1000, NULL), 0);
    for (int i = 0; i < 40; i++) {
        char text[64] = {0};
        memset(text, 'a' + i % 26, (size_t)(i % 37 + 1));
        say(&p, i % 2, text);
        assert_int_equal(carry(&p, i % 2, 11, NULL), 0);
        assert_int_equal(p.end[1 - i % 2].frames, i / 2 + 1);
    }
    tear_down(&p);
}

/* The first frame under a new key shows that both ends count alike: 65,536 frames. */
static void both_ends_change_keys_after_as_many_frames(void **state)
{
    (void)state;
    struct pair p;
    open_both(&p);
    for (int i = 0; i < (1 << 16) + 2; i++) {
        assert_int_equal(channel_send(p.end[0].channel, "x", 1, NULL), 0);
        if (i % 1024 == 0) {
            assert_int_equal(carry(&p, 0, 1 << 20, NULL), 0);
        }
    }
    assert_int_equal(carry(&p, 0, 1 << 20, NULL), 0);
    assert_int_equal(p.end[1].frames, (1 << 16) + 2);
    tear_down(&p);
}

static void one_end_that_does_not_change_keys_is_found_out(void **state)
{
    (void)state;
    struct pair p;
    set_up(&p);
    for (int i = 0; i < 2; i++) {
        struct channel_options o = options(&p, i);
        o.rekey_frames = i == 0 ? 2 : 3;
        open_end(&p, i, &o);
    }
    assert_int_equal(shake(&p, 1000, NULL), 0);
    say(&p, 0, "1");
    say(&p, 0, "2");
    assert_int_equal(carry(&p, 0, 1000, NULL), 0);
    say(&p, 0, "3");
    assert_int_equal(carry(&p, 0, 1000, NULL), -PP_EAUTH);
    tear_down(&p);
}

/* ---- what outsiders do --------------------------------------------------------------------------
 */

static void a_flipped_bit_anywhere_in_the_handshake_ends_it(void **state)
{
    (void)state;
    static const size_t lengths[3] = {
        2 + NOISE_EXTRA_0, 2 + NOISE_EXTRA_1 + 100, 2 + NOISE_EXTRA_2 + 100};
    for (int message = 0; message < 3; message++) {
        for (size_t at = 0; at < lengths[message]; at++) {
            struct pair p;
            uint8_t bytes[512];
            set_up(&p);
            for (int i = 0; i < 2; i++) {
                struct channel_options o = options(&p, i);
                open_end(&p, i, &o);
            }
            int rc = 0;
            for (int m = 0; m < 3 && rc == 0; m++) {
                size_t len = take(&p, m % 2, bytes);
                assert_int_equal(len, lengths[m]);
                bytes[at] ^= m == message ? 0x04 : 0;
                rc = give(&p, 1 - m % 2, bytes, len);
            }
            assert_true(rc == -PP_EAUTH || rc == -PP_EPROTO);
            assert_false(channel_is_open(p.end[1].channel));
            tear_down(&p);
        }
    }
}

static void a_flipped_bit_anywhere_in_a_frame_ends_it(void **state)
{
    (void)state;
    for (size_t at = 0; at < 2 + 5 + NOISE_TAG; at++) {
        struct pair p;
        uint8_t bytes[64], more[64];
        open_both(&p);
        say(&p, 0, "hello");
        size_t len = take(&p, 0, bytes);
        assert_int_equal(len, 2 + 5 + NOISE_TAG);
        bytes[at] ^= 0x20;
        say(&p, 0, "and more, so that a longer length is filled");
        size_t more_len = take(&p, 0, more);
        int rc = give(&p, 1, bytes, len);
        for (int i = 0; i < 200 && rc == 0; i++) { /* until the length it lies about is there */
            rc = give(&p, 1, more, more_len);
        }
        assert_true(rc == -PP_EAUTH || rc == -PP_EPROTO);
        assert_int_equal(p.end[1].frames, 0);
        assert_int_equal(give(&p, 1, more, more_len), -PP_EPROTO); /* dead */
        assert_int_equal(channel_send(p.end[1].channel, "x", 1, NULL), -PP_ESTATE);
        tear_down(&p);
    }
}

static void a_frame_cut_short_is_not_delivered(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 2 + 5 + NOISE_TAG; cut++) {
        struct pair p;
        uint8_t bytes[64];
        open_both(&p);
        say(&p, 0, "hello");
        size_t len = take(&p, 0, bytes);
        assert_int_equal(give(&p, 1, bytes, len - cut), 0);
        assert_int_equal(p.end[1].frames, 0);
        say(&p, 0, "the next one is taken for the rest");
        len = take(&p, 0, bytes);
        assert_int_equal(give(&p, 1, bytes, len) < 0, true);
        assert_int_equal(p.end[1].frames, 0);
        tear_down(&p);
    }
}

static void a_frame_again_or_too_early_ends_it(void **state)
{
    (void)state;
    for (int replay = 0; replay < 2; replay++) {
        struct pair p;
        uint8_t first[64], second[64];
        open_both(&p);
        say(&p, 0, "first");
        size_t first_len = take(&p, 0, first);
        say(&p, 0, "second");
        size_t second_len = take(&p, 0, second);
        if (replay) {
            assert_int_equal(give(&p, 1, first, first_len), 0);
            assert_int_equal(give(&p, 1, first, first_len), -PP_EAUTH);
        } else {
            assert_int_equal(give(&p, 1, second, second_len), -PP_EAUTH);
        }
        assert_int_equal(p.end[1].frames, replay);
        tear_down(&p);
    }
}

static void a_frame_sent_back_to_its_sender_ends_it(void **state)
{
    (void)state;
    struct pair p;
    uint8_t bytes[64];
    open_both(&p);
    say(&p, 0, "hello");
    size_t len = take(&p, 0, bytes);
    assert_int_equal(give(&p, 0, bytes, len), -PP_EAUTH);
    tear_down(&p);
}

static void an_empty_frame_ends_it(void **state)
{
    (void)state;
    for (uint8_t n = 0; n <= NOISE_TAG; n++) {
        struct pair p;
        open_both(&p);
        assert_int_equal(give(&p, 1, (const uint8_t[]){0, n}, 2), -PP_EPROTO);
        tear_down(&p);
    }
}

/* What one end said in another handshake is of no use in this one. */
static void a_handshake_cannot_be_played_again(void **state)
{
    (void)state;
    struct pair p;
    uint8_t first[512], third[512];
    set_up(&p);
    for (int i = 0; i < 2; i++) {
        struct channel_options o = options(&p, i);
        open_end(&p, i, &o);
    }
    size_t first_len = take(&p, 0, first);
    assert_int_equal(give(&p, 1, first, first_len), 0);
    carry(&p, 1, 1000, NULL);
    size_t third_len = take(&p, 0, third);
    assert_int_equal(give(&p, 1, third, third_len), 0);
    assert_true(channel_is_open(p.end[1].channel));
    channel_free(p.end[1].channel);
    struct channel_options o = options(&p, 1);
    o.ephemeral_secret = NULL;
    open_end(&p, 1, &o);
    assert_int_equal(give(&p, 1, first, first_len), 0);
    assert_int_equal(give(&p, 1, third, third_len), -PP_EAUTH);
    tear_down(&p);
}

static void other_programs_are_refused_with_their_first_bytes(void **state)
{
    (void)state;
    static const char *const texts[] = {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
        "\x16\x03\x01\x02\x00", "\023BitTorrent protocol"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct pair p;
        set_up(&p);
        struct channel_options o = options(&p, 1);
        open_end(&p, 1, &o);
        assert_int_equal(give(&p, 1, (const uint8_t *)texts[i], 5), -PP_EPROTO);
        tear_down(&p);
    }
}

/* ---- who is at the other end --------------------------------------------------------------------
 */

static void another_phrase_is_refused_by_who_was_called(void **state)
{
    (void)state;
    struct pair p;
    struct err e;
    set_up(&p);
    struct channel_options o = options(&p, 0);
    open_end(&p, 0, &o);
    channel_psk("another phrase", p.psk);
    o = options(&p, 1);
    open_end(&p, 1, &o);
    assert_int_equal(shake(&p, 1000, &e), -PP_EAUTH);
    assert_non_null(strstr(e.text, "another phrase"));
    assert_false(channel_is_open(p.end[1].channel));
    tear_down(&p);
}

static void somebody_else_than_expected_is_refused(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        for (int right = 0; right < 2; right++) {
            struct pair p;
            set_up(&p);
            struct peer expected = p.end[1 - who].id.peer;
            expected.key[31] ^= right ? 0 : 1;
            for (int i = 0; i < 2; i++) {
                struct channel_options o = options(&p, i);
                o.expected = i == who ? &expected : NULL;
                open_end(&p, i, &o);
            }
            assert_int_equal(shake(&p, 1000, NULL), right ? 0 : -PP_EAUTH);
            assert_int_equal(channel_is_open(p.end[who].channel), right);
            tear_down(&p);
        }
    }
}

static void our_own_identity_at_the_other_end_is_refused(void **state)
{
    (void)state;
    struct pair p;
    set_up(&p);
    p.end[1].id = p.end[0].id;
    for (int i = 0; i < 2; i++) {
        struct channel_options o = options(&p, i);
        open_end(&p, i, &o);
    }
    assert_int_equal(shake(&p, 1000, NULL), -PP_EEXIST);
    uint8_t key[32], secret[32] = {2, 2};
    crypto_scalarmult_base(key, secret);
    assert_memory_equal(channel_static(p.end[0].channel), key, 32);
    tear_down(&p);
}

/* A peer that is made by hand, to say what no honest one says: `label`, role and key are signed. */
static int forge(const char *label, uint8_t role, bool other_static, bool bad_prefix)
{
    struct pair p;
    uint8_t bytes[512], text[128], payload[256], ephemeral[32] = {9}, secret[32] = {8};
    struct noise n;
    set_up(&p);
    struct channel_options o = options(&p, 1);
    open_end(&p, 1, &o);
    struct noise_options no = {.initiator = true,
        .psk = p.psk,
        .static_secret = secret,
        .ephemeral_secret = ephemeral,
        .prologue = "pphost link 1",
        .prologue_len = 13};
    noise_init(&n, &no);
    int len = noise_write(&n, NULL, 0, bytes + 2);
    bytes[0] = 0, bytes[1] = (uint8_t)len;
    assert_int_equal(give(&p, 1, bytes, (size_t)len + 2), 0);
    size_t size = take(&p, 1, bytes);
    assert_int_equal(noise_read(&n, bytes + 2, size - 2, payload), 100);
    memcpy(text, label, strlen(label));
    memcpy(text + strlen(label), n.own_static_public, 32);
    text[strlen(label)] ^= other_static;
    text[strlen(label) + 32] = role;
    memcpy(payload, "\x08\x01\x12\x20", 4);
    payload[1] ^= bad_prefix;
    memcpy(payload + 4, p.end[0].id.peer.key, 32);
    identity_sign(&p.end[0].id, text, strlen(label) + 33, payload + 36);
    len = noise_write(&n, payload, 100, bytes + 2);
    bytes[0] = (uint8_t)(len >> 8), bytes[1] = (uint8_t)len;
    int rc = give(&p, 1, bytes, (size_t)len + 2);
    assert_int_equal(channel_is_open(p.end[1].channel), rc == 0);
    tear_down(&p);
    return rc;
}

static void an_identity_counts_only_when_it_is_proved_for_this_key_and_role(void **state)
{
    (void)state;
    static const char label[] = "pphost-static-key:";
    assert_int_equal(forge(label, 0, false, false), 0);
    assert_int_equal(forge(label, 1, false, false), -PP_EAUTH);
    assert_int_equal(forge(label, 0, true, false), -PP_EAUTH);
    assert_int_equal(forge(label, 0, false, true), -PP_EAUTH);
    assert_int_equal(forge("noise-libp2p-static-key:", 0, false, false), -PP_EAUTH);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_know_each_other_and_one_hash),
        cmocka_unit_test(bytes_may_be_split_anywhere),
        cmocka_unit_test(what_is_said_before_it_is_open_is_refused),
        cmocka_unit_test(a_frame_has_a_largest_size),
        cmocka_unit_test(keys_change_and_the_stream_goes_on),
        cmocka_unit_test(both_ends_change_keys_after_as_many_frames),
        cmocka_unit_test(one_end_that_does_not_change_keys_is_found_out),
        cmocka_unit_test(a_flipped_bit_anywhere_in_the_handshake_ends_it),
        cmocka_unit_test(a_flipped_bit_anywhere_in_a_frame_ends_it),
        cmocka_unit_test(a_frame_cut_short_is_not_delivered),
        cmocka_unit_test(a_frame_again_or_too_early_ends_it),
        cmocka_unit_test(a_frame_sent_back_to_its_sender_ends_it),
        cmocka_unit_test(an_empty_frame_ends_it),
        cmocka_unit_test(a_handshake_cannot_be_played_again),
        cmocka_unit_test(other_programs_are_refused_with_their_first_bytes),
        cmocka_unit_test(another_phrase_is_refused_by_who_was_called),
        cmocka_unit_test(somebody_else_than_expected_is_refused),
        cmocka_unit_test(our_own_identity_at_the_other_end_is_refused),
        cmocka_unit_test(an_identity_counts_only_when_it_is_proved_for_this_key_and_role),
    };
    return identity_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
