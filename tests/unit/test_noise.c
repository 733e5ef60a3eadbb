// link: ppnet
/* The handshake against the published vector of Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b in the
 * cacophony set (the file cacophony.txt that several implementations share). */
#include "net/noise.h"

#include "host/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define MESSAGES 6

static const char prologue[] = "4a6f686e2047616c74";
static const char psk[] = "54686973206973206d7920417573747269616e20706572737065637469766521";
static const char *const statics[2] = {
    "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
    "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
};
static const char *const ephemerals[2] = {
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
};
static const char handshake_hash[] =
    "46b5997dfa51492ae9be5b611748455e83aebdbc2ea3c47d264ec6dd408cc076"
    "e962ff056890c60398fe3e7a430bbe057f34383a84df9ff99391266dcfd638b0";

static const struct {
    const char *payload, *bytes;
} messages[MESSAGES] = {
    {"4c756477696720766f6e204d69736573",
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
        "0aa831d1e3bbd16bd7ffda87e9f7b6eeca2510006499a573ac27af3392ed1b69"},
    {"4d757272617920526f746862617264",
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884381a78489d56c9e2a"
        "c962826f25684980b25244dbfd505b7d903a94d4f4fd84004a1c7fbe94d686bc4c1f67259364f6f2"
        "a41cb40bf5198b9b3975be2cdd49d3e065a554e12c477d82029fabc6555bc1"},
    {"462e20412e20486179656b",
        "291dfeff6eff386e29adb0bdbd5a1ae9e09de4449c8695d109adcb63e80e489555792a3e9150eff7"
        "5d6d45571f824ed231173cb66e31e7da914241f86d0cbb678335ffe768a7445d2f5bc1"},
    {"4361726c204d656e676572", "6579dd60eb5e6a8b29dd60004289f5d3c2f69fcdbf683a869f59a8"},
    {"4a65616e2d426170746973746520536179",
        "24715fd39c3c7606e81b26e69e47b54d043d9d87c512f9417bae51ab48ebb17722"},
    {"457567656e2042f6686d20766f6e2042617765726b",
        "e49194a013d873712318643acbf0e3851086326bb168c500a766439ff543a7a1e2deb3215c"},
};

static size_t bytes_of(const char *hex, uint8_t *out, size_t size)
{
    size_t len;
    assert_int_equal(sodium_hex2bin(out, size, hex, strlen(hex), NULL, &len, NULL), 0);
    return len;
}

static void begin(struct noise ends[2])
{
    uint8_t p[64], k[32], s[32], e[32];
    size_t len = bytes_of(prologue, p, sizeof p);
    bytes_of(psk, k, sizeof k);
    for (int i = 0; i < 2; i++) {
        bytes_of(statics[i], s, sizeof s);
        bytes_of(ephemerals[i], e, sizeof e);
        struct noise_options o = {.initiator = i == 0,
            .psk = k,
            .static_secret = s,
            .ephemeral_secret = e,
            .prologue = p,
            .prologue_len = len};
        noise_init(&ends[i], &o);
    }
}

/* Message `i` goes over; its bytes and what comes out are checked. */
static void shake(struct noise ends[2], int i)
{
    uint8_t payload[64], expected[200], out[200], back[200];
    size_t len = bytes_of(messages[i].payload, payload, sizeof payload);
    size_t total = bytes_of(messages[i].bytes, expected, sizeof expected);
    assert_true(noise_writes(&ends[i % 2]) && !noise_writes(&ends[1 - i % 2]));
    assert_int_equal(noise_write(&ends[i % 2], payload, len, out), total);
    assert_memory_equal(out, expected, total);
    assert_int_equal(noise_read(&ends[1 - i % 2], out, total, back), len);
    assert_memory_equal(back, payload, len);
}

static void the_published_vector_is_met_byte_by_byte(void **state)
{
    (void)state;
    struct noise ends[2];
    struct noise_cipher send[2], receive[2];
    uint8_t hash[64], payload[64], expected[200], out[200], back[200];
    begin(ends);
    for (int i = 0; i < NOISE_MESSAGES; i++) {
        shake(ends, i);
    }
    bytes_of(handshake_hash, hash, sizeof hash);
    assert_memory_equal(ends[0].hash, hash, sizeof hash);
    assert_memory_equal(ends[1].hash, hash, sizeof hash);
    noise_split(&ends[0], &send[0], &receive[0]);
    noise_split(&ends[1], &send[1], &receive[1]);
    for (int i = NOISE_MESSAGES; i < MESSAGES; i++) {
        int from = i % 2; /* turns go on as in the handshake */
        size_t len = bytes_of(messages[i].payload, payload, sizeof payload);
        size_t total = bytes_of(messages[i].bytes, expected, sizeof expected);
        noise_encrypt(&send[from], payload, len, out);
        assert_int_equal(total, len + NOISE_TAG);
        assert_memory_equal(out, expected, total);
        assert_true(noise_decrypt(&receive[1 - from], out, total, back));
        assert_memory_equal(back, payload, len);
    }
}

static void every_byte_of_a_handshake_counts(void **state)
{
    (void)state;
    for (int m = 0; m < NOISE_MESSAGES; m++) {
        uint8_t whole[200], back[200];
        size_t total = bytes_of(messages[m].bytes, whole, sizeof whole);
        /* A damaged first key is only found out at the second message. */
        for (size_t at = m == 0 ? NOISE_KEY : 0; at < total; at++) {
            struct noise ends[2];
            begin(ends);
            for (int i = 0; i < m; i++) {
                shake(ends, i);
            }
            uint8_t payload[64], out[200];
            size_t len = bytes_of(messages[m].payload, payload, sizeof payload);
            noise_write(&ends[m % 2], payload, len, out);
            out[at] ^= 0x10;
            assert_int_equal(noise_read(&ends[1 - m % 2], out, total, back), -PP_EAUTH);
        }
    }
}

static void a_short_message_is_refused(void **state)
{
    (void)state;
    struct noise ends[2];
    uint8_t whole[200], back[200];
    begin(ends);
    bytes_of(messages[0].bytes, whole, sizeof whole);
    for (size_t len = 0; len < NOISE_EXTRA_0; len++) {
        assert_int_equal(noise_read(&ends[1], whole, len, back), -PP_EPROTO);
    }
}

static void a_key_of_low_order_is_refused(void **state)
{
    (void)state;
    struct noise ends[2];
    uint8_t message[NOISE_EXTRA_1], back[64];
    static const uint8_t zero[NOISE_KEY];
    begin(ends);
    memcpy(ends[0].own_ephemeral_public, zero, sizeof zero); /* a liar */
    assert_int_equal(noise_write(&ends[0], NULL, 0, message), NOISE_EXTRA_0);
    assert_int_equal(noise_read(&ends[1], message, NOISE_EXTRA_0, back), 0);
    assert_int_equal(noise_write(&ends[1], NULL, 0, message), -PP_EAUTH);
}

static void another_psk_is_found_at_the_third_message(void **state)
{
    (void)state;
    struct noise ends[2];
    uint8_t message[256], back[256];
    begin(ends);
    ends[1].psk[31] ^= 1;
    shake(ends, 0);
    shake(ends, 1);
    int len = noise_write(&ends[0], "x", 1, message);
    assert_int_equal(noise_read(&ends[1], message, (size_t)len, back), -PP_EAUTH);
}

static void rekeying_changes_the_key_and_keeps_the_count(void **state)
{
    (void)state;
    struct noise_cipher a = {.key = {1, 2, 3}, .n = 7};
    struct noise_cipher b = a, old = a;
    uint8_t out[4 + NOISE_TAG], back[4];
    noise_rekey(&a);
    assert_memory_not_equal(a.key, old.key, sizeof a.key);
    assert_true(a.n == 7);
    noise_encrypt(&a, (const uint8_t *)"abcd", 4, out);
    assert_false(noise_decrypt(&b, out, sizeof out, back));
    noise_rekey(&b);
    assert_true(noise_decrypt(&b, out, sizeof out, back));
    assert_memory_equal(back, "abcd", 4);
    assert_false(noise_decrypt(&b, out, sizeof out, back)); /* again */
    assert_false(noise_decrypt(&b, out, NOISE_TAG - 1, back));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vector_is_met_byte_by_byte),
        cmocka_unit_test(every_byte_of_a_handshake_counts),
        cmocka_unit_test(a_short_message_is_refused),
        cmocka_unit_test(a_key_of_low_order_is_refused),
        cmocka_unit_test(another_psk_is_found_at_the_third_message),
        cmocka_unit_test(rekeying_changes_the_key_and_keeps_the_count),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
