/* Who a host is: an Ed25519 key pair, in libp2p's formats.
 *
 * Files: the protobuf of libp2p's crypto.proto: public 08 01 12 20 + 32 bytes, private 08 01 12 40
 * + 64 bytes (seed, public key); private files are 0600. A peer's id is its public protobuf as an
 * identity multihash (00 24) in base58btc: "12D3KooW…", 52 characters. So what
 * `peerprint_server generate_registry` wrote is read and written.
 * Source: libp2p specs, peer-ids.
 *
 * Failure modes: a file of another kind (RSA, secp256k1, text), truncated, with a public key that
 * does not match; only one of the two files there; a private key others may read (told, and made
 * 0600 where it is ours).
 */
#ifndef PP_NET_IDENTITY_H
#define PP_NET_IDENTITY_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_KEY_SIZE      32
#define PEER_TEXT_SIZE     56 /* "12D3KooW…" and its NUL */
#define PEER_PROTO_SIZE    36 /* the public protobuf */
#define IDENTITY_SIGNATURE 64

/* A peer: its public key. Compared with peer_compare(). */
struct peer {
    uint8_t key[PEER_KEY_SIZE];
};

struct identity {
    struct peer peer;
    uint8_t secret[64]; /* as libsodium has it: seed and public key */
    char text[PEER_TEXT_SIZE];
};

int identity_init(void); /* libsodium, once; -PP_EIO when the system gives no random numbers */
void identity_create(struct identity *out);
void identity_from_seed(struct identity *out, const uint8_t seed[32]); /* tests, simulations */
void identity_wipe(struct identity *id);

/* From `path` (…​.priv or …/key); the .pub beside it, if any, must match. */
int identity_load(struct identity *out, const char *path, struct err *e);
/* Writes `path` (0600) and, where `pub_path` is not NULL, that (0644); durable; never over a file
 * that is there (PP_EEXIST). */
int identity_save(const struct identity *id, const char *path, const char *pub_path, struct err *e);
/* Loads folder/identity.priv, or creates it with its .pub the first time. */
int identity_load_or_create(struct identity *out, const char *folder, struct err *e);

void identity_sign(const struct identity *id, const void *message, size_t len,
    uint8_t signature[IDENTITY_SIGNATURE]);
bool peer_verify(const struct peer *p, const void *message, size_t len,
    const uint8_t signature[IDENTITY_SIGNATURE]);

int peer_compare(const struct peer *a, const struct peer *b); /* as memcmp() */
void peer_format(const struct peer *p, char out[PEER_TEXT_SIZE]);
/* "12D3KooW…" or the same as a CIDv1 (libp2p-key, base32 or base36: "bafzaaj…", "k51…"). RSA's Qm…
 * ids are named in the error. */
int peer_parse(const char *text, struct peer *out, struct err *e);

/* base58btc; out_size bytes hold the text and its NUL, false when it does not fit / is none. */
bool base58_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size);
bool base58_decode(const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len);

#endif
