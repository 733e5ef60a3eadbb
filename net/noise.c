/* The Noise handshake. Names of steps (MixKey, Split …) are the specification's. */
#include "net/noise.h"

#include "host/base/err.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define BLOCK 128 /* of BLAKE2b */

static const char protocol_name[] = "Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b";

enum token {
    END,
    E,
    S,
    EE,
    ES,
    SE,
    PSK
};

static const enum token pattern[NOISE_MESSAGES][5] = {
    {E, END},
    {E, EE, S, ES, END},
    {S, SE, PSK, END},
};

/* ---- BLAKE2b ------------------------------------------------------------------------------------
 */

static void hash_two(
    uint8_t out[NOISE_HASH], const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, NOISE_HASH);
    crypto_generichash_update(&state, a, a_len);
    crypto_generichash_update(&state, b, b_len);
    crypto_generichash_final(&state, out, NOISE_HASH);
    sodium_memzero(&state, sizeof state);
}

/* HMAC (RFC 2104), which Noise prescribes also where the hash could be keyed by itself. */
static void hmac(
    uint8_t out[NOISE_HASH], const uint8_t key[NOISE_HASH], const uint8_t *bytes, size_t len)
{
    uint8_t inner[BLOCK], outer[BLOCK], digest[NOISE_HASH];
    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (size_t i = 0; i < NOISE_HASH; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    hash_two(digest, inner, sizeof inner, bytes, len);
    hash_two(out, outer, sizeof outer, digest, sizeof digest);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(outer, sizeof outer);
    sodium_memzero(digest, sizeof digest);
}

/* HKDF of the specification: up to three outputs, the third may be NULL. */
static void hkdf(const uint8_t chain[NOISE_HASH], const uint8_t *input, size_t len,
    uint8_t out1[NOISE_HASH], uint8_t out2[NOISE_HASH], uint8_t *out3)
{
    uint8_t temp[NOISE_HASH], block[NOISE_HASH + 1];
    hmac(temp, chain, input, len);
    hmac(out1, temp, (const uint8_t *)"\x01", 1);
    memcpy(block, out1, NOISE_HASH);
    block[NOISE_HASH] = 2;
    hmac(out2, temp, block, sizeof block);
    if (out3 != NULL) {
        memcpy(block, out2, NOISE_HASH);
        block[NOISE_HASH] = 3;
        hmac(out3, temp, block, sizeof block);
    }
    sodium_memzero(temp, sizeof temp);
    sodium_memzero(block, sizeof block);
}

/* ---- ciphers ------------------------------------------------------------------------------------
 */

static void make_nonce(uint8_t nonce[12], uint64_t n)
{
    memset(nonce, 0, 4);
    for (unsigned i = 0; i < 8; i++) {
        nonce[4 + i] = (uint8_t)(n >> (8 * i));
    }
}

static void seal(struct noise_cipher *c, const uint8_t *ad, size_t ad_len, const uint8_t *plain,
    size_t len, uint8_t *out)
{
    uint8_t nonce[12];
    assert(c->n < UINT64_MAX); /* 2^64-1 is for rekeying */
    make_nonce(nonce, c->n++);
    crypto_aead_chacha20poly1305_ietf_encrypt(
        out, NULL, plain, len, ad, ad_len, NULL, nonce, c->key);
}

static bool unseal(struct noise_cipher *c, const uint8_t *ad, size_t ad_len, const uint8_t *bytes,
    size_t len, uint8_t *out)
{
    uint8_t nonce[12];
    if (len < NOISE_TAG || c->n == UINT64_MAX) {
        return false;
    }
    make_nonce(nonce, c->n);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(
            out, NULL, NULL, bytes, len, ad, ad_len, nonce, c->key) != 0) {
        return false;
    }
    c->n++;
    return true;
}

void noise_encrypt(struct noise_cipher *c, const uint8_t *plain, size_t len, uint8_t *out)
{
    seal(c, NULL, 0, plain, len, out);
}

bool noise_decrypt(struct noise_cipher *c, const uint8_t *bytes, size_t len, uint8_t *out)
{
    return unseal(c, NULL, 0, bytes, len, out);
}

void noise_rekey(struct noise_cipher *c)
{
    uint8_t zeros[NOISE_KEY] = {0};
    uint8_t out[NOISE_KEY + NOISE_TAG];
    uint8_t nonce[12];
    make_nonce(nonce, UINT64_MAX);
    crypto_aead_chacha20poly1305_ietf_encrypt(
        out, NULL, zeros, sizeof zeros, NULL, 0, NULL, nonce, c->key);
    memcpy(c->key, out, NOISE_KEY);
    sodium_memzero(out, sizeof out);
}

/* ---- the symmetric state ------------------------------------------------------------------------
 */

static void mix_hash(struct noise *n, const uint8_t *bytes, size_t len)
{
    hash_two(n->hash, n->hash, sizeof n->hash, bytes, len);
}

static void take_key(struct noise *n, const uint8_t key[NOISE_HASH])
{
    memcpy(n->cipher.key, key, NOISE_KEY);
    n->cipher.n = 0;
    n->keyed = true;
}

static void mix_key(struct noise *n, const uint8_t *input, size_t len)
{
    uint8_t chain[NOISE_HASH], key[NOISE_HASH];
    hkdf(n->chain, input, len, chain, key, NULL);
    memcpy(n->chain, chain, sizeof chain);
    take_key(n, key);
    sodium_memzero(chain, sizeof chain);
    sodium_memzero(key, sizeof key);
}

static void mix_psk(struct noise *n)
{
    uint8_t chain[NOISE_HASH], hash[NOISE_HASH], key[NOISE_HASH];
    hkdf(n->chain, n->psk, sizeof n->psk, chain, hash, key);
    memcpy(n->chain, chain, sizeof chain);
    mix_hash(n, hash, sizeof hash);
    take_key(n, key);
    sodium_memzero(chain, sizeof chain);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(key, sizeof key);
}

static size_t encrypt_and_hash(struct noise *n, const uint8_t *plain, size_t len, uint8_t *out)
{
    assert(n->keyed);
    seal(&n->cipher, n->hash, sizeof n->hash, plain, len, out);
    mix_hash(n, out, len + NOISE_TAG);
    return len + NOISE_TAG;
}

static bool decrypt_and_hash(struct noise *n, const uint8_t *bytes, size_t len, uint8_t *out)
{
    uint8_t before[NOISE_HASH];
    assert(n->keyed);
    memcpy(before, n->hash, sizeof before);
    mix_hash(n, bytes, len);
    return unseal(&n->cipher, before, sizeof before, bytes, len, out);
}

/* ---- the handshake ------------------------------------------------------------------------------
 */

void noise_init(struct noise *n, const struct noise_options *o)
{
    static_assert(sizeof protocol_name - 1 <= NOISE_HASH, "a longer name would be hashed");
    memset(n, 0, sizeof *n);
    memcpy(n->hash, protocol_name, sizeof protocol_name - 1);
    memcpy(n->chain, n->hash, sizeof n->chain);
    mix_hash(n, o->prologue, o->prologue_len);
    n->initiator = o->initiator;
    memcpy(n->psk, o->psk, sizeof n->psk);
    memcpy(n->own_static, o->static_secret, sizeof n->own_static);
    crypto_scalarmult_base(n->own_static_public, n->own_static);
    if (o->ephemeral_secret != NULL) {
        memcpy(n->own_ephemeral, o->ephemeral_secret, sizeof n->own_ephemeral);
    } else {
        randombytes_buf(n->own_ephemeral, sizeof n->own_ephemeral);
    }
    crypto_scalarmult_base(n->own_ephemeral_public, n->own_ephemeral);
}

bool noise_writes(const struct noise *n)
{
    return n->message < NOISE_MESSAGES && (n->message % 2 == 0) == n->initiator;
}

static bool mix_dh(struct noise *n, const uint8_t *secret, const uint8_t *public)
{
    uint8_t shared[NOISE_KEY];
    bool fine = crypto_scalarmult(shared, secret, public) == 0;
    if (fine) {
        mix_key(n, shared, sizeof shared);
    }
    sodium_memzero(shared, sizeof shared);
    return fine;
}

/* A token that is the same for writer and reader. */
static bool mix_token(struct noise *n, enum token t)
{
    switch (t) {
    case EE:
        return mix_dh(n, n->own_ephemeral, n->ephemeral_public);
    case ES:
        return n->initiator ? mix_dh(n, n->own_ephemeral, n->static_public)
                            : mix_dh(n, n->own_static, n->ephemeral_public);
    case SE:
        return n->initiator ? mix_dh(n, n->own_static, n->ephemeral_public)
                            : mix_dh(n, n->own_ephemeral, n->static_public);
    case PSK:
        mix_psk(n);
        return true;
    case END:
    case E:
    case S:
        break;
    }
    assert(false);
    return false;
}

/* With a psk in the pattern an ephemeral key is also mixed into the chain (section 9.2). */
static void mix_ephemeral(struct noise *n, const uint8_t key[NOISE_KEY])
{
    mix_hash(n, key, NOISE_KEY);
    mix_key(n, key, NOISE_KEY);
}

int noise_write(struct noise *n, const void *payload, size_t len, uint8_t *out)
{
    size_t at = 0;
    assert(noise_writes(n));
    for (const enum token *t = pattern[n->message]; *t != END; t++) {
        if (*t == E) {
            memcpy(out + at, n->own_ephemeral_public, NOISE_KEY);
            at += NOISE_KEY;
            mix_ephemeral(n, n->own_ephemeral_public);
        } else if (*t == S) {
            at += encrypt_and_hash(n, n->own_static_public, NOISE_KEY, out + at);
        } else if (!mix_token(n, *t)) {
            return -PP_EAUTH;
        }
    }
    at += encrypt_and_hash(n, payload, len, out + at);
    n->message++;
    return (int)at;
}

int noise_read(struct noise *n, const uint8_t *message, size_t len, uint8_t *payload)
{
    static const size_t extra[NOISE_MESSAGES] = {NOISE_EXTRA_0, NOISE_EXTRA_1, NOISE_EXTRA_2};
    assert(n->message < NOISE_MESSAGES && !noise_writes(n));
    if (len < extra[n->message]) {
        return -PP_EPROTO;
    }
    size_t payload_len = len - extra[n->message];
    for (const enum token *t = pattern[n->message]; *t != END; t++) {
        if (*t == E) {
            memcpy(n->ephemeral_public, message, NOISE_KEY);
            message += NOISE_KEY;
            mix_ephemeral(n, n->ephemeral_public);
        } else if (*t == S) {
            if (!decrypt_and_hash(n, message, NOISE_KEY + NOISE_TAG, n->static_public)) {
                return -PP_EAUTH;
            }
            message += NOISE_KEY + NOISE_TAG;
        } else if (!mix_token(n, *t)) {
            return -PP_EAUTH;
        }
    }
    if (!decrypt_and_hash(n, message, payload_len + NOISE_TAG, payload)) {
        return -PP_EAUTH;
    }
    n->message++;
    return (int)payload_len;
}

void noise_split(const struct noise *n, struct noise_cipher *send, struct noise_cipher *receive)
{
    uint8_t one[NOISE_HASH], two[NOISE_HASH];
    assert(n->message == NOISE_MESSAGES);
    hkdf(n->chain, NULL, 0, one, two, NULL);
    memcpy(send->key, n->initiator ? one : two, NOISE_KEY);
    memcpy(receive->key, n->initiator ? two : one, NOISE_KEY);
    send->n = 0;
    receive->n = 0;
    sodium_memzero(one, sizeof one);
    sodium_memzero(two, sizeof two);
}
