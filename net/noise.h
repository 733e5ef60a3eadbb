/* The Noise handshake XXpsk3_25519_ChaChaPoly_BLAKE2b and its ciphers.
 *
 * Happy path: noise_init() at both ends; the initiator writes message 0, the responder reads it and
 * writes 1, the initiator reads it and writes 2, the responder reads it; noise_split() gives one
 * cipher for each direction. Payloads travel inside the messages; that of message 0 is readable by
 * everybody, that of message 1 by whoever dialled, that of message 2 by holders of the psk alone.
 *
 * Failure modes: a message that is too short, does not authenticate, or brings a public key of low
 * order: noise_read() refuses, the state is of no more use. Nothing here allocates.
 *
 * Source: The Noise Protocol Framework, revision 34; primitives by libsodium.
 */
#ifndef PP_NET_NOISE_H
#define PP_NET_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOISE_KEY      32
#define NOISE_HASH     64
#define NOISE_TAG      16
#define NOISE_MESSAGES 3

/* What a message is longer than its payload, by its number. */
#define NOISE_EXTRA_0 (NOISE_KEY + NOISE_TAG)
#define NOISE_EXTRA_1 (NOISE_KEY + NOISE_KEY + NOISE_TAG + NOISE_TAG)
#define NOISE_EXTRA_2 (NOISE_KEY + NOISE_TAG + NOISE_TAG)

struct noise_cipher {
    uint8_t key[NOISE_KEY];
    uint64_t n; /* the nonce of the next message */
};

struct noise {
    uint8_t hash[NOISE_HASH];
    uint8_t chain[NOISE_HASH];
    struct noise_cipher cipher;
    bool keyed; /* the cipher has a key */
    bool initiator;
    unsigned message; /* the next one, 0..2; 3 = done */
    uint8_t psk[NOISE_KEY];
    uint8_t own_static[NOISE_KEY], own_static_public[NOISE_KEY];
    uint8_t own_ephemeral[NOISE_KEY], own_ephemeral_public[NOISE_KEY];
    uint8_t static_public[NOISE_KEY], ephemeral_public[NOISE_KEY]; /* of the other end */
};

struct noise_options {
    bool initiator;
    const uint8_t *psk;              /* 32 bytes */
    const uint8_t *static_secret;    /* 32 bytes */
    const uint8_t *ephemeral_secret; /* NULL: a fresh one, as it must be outside of tests */
    const void *prologue;            /* may be NULL */
    size_t prologue_len;
};

/* Copies everything it needs. */
void noise_init(struct noise *n, const struct noise_options *o);

/* True if it is this end that writes the next message. */
bool noise_writes(const struct noise *n);

/* Writes the next message around `payload`; `out` holds len + NOISE_EXTRA_… bytes. Returns how many
 * it is, or -PP_EAUTH where the other end's key is of low order. */
int noise_write(struct noise *n, const void *payload, size_t len, uint8_t *out);

/* Reads the next message; `payload` holds `len` bytes. Returns the payload's length, or -PP_EPROTO
 * (too short), -PP_EAUTH. */
int noise_read(struct noise *n, const uint8_t *message, size_t len, uint8_t *payload);

/* After the last message: the ciphers of both directions. n->hash is then the handshake's hash. */
void noise_split(const struct noise *n, struct noise_cipher *send, struct noise_cipher *receive);

/* `out` holds len + NOISE_TAG bytes. */
void noise_encrypt(struct noise_cipher *c, const uint8_t *plain, size_t len, uint8_t *out);

/* `out` holds len - NOISE_TAG bytes; false when it does not authenticate (or is too short). */
bool noise_decrypt(struct noise_cipher *c, const uint8_t *bytes, size_t len, uint8_t *out);

/* A new key from the old one, which is gone; the nonce goes on. */
void noise_rekey(struct noise_cipher *c);

#endif
