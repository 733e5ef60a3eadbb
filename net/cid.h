/* CIDs: names of content by its hash, as IPFS writes them.
 *
 * Version 0 is a sha2-256 multihash in base58btc ("Qm…", 46 characters, always dag-pb); version 1
 * is 01, a codec and a multihash behind a letter for the base: b base32, k base36, z base58btc, f
 * base16 (capitals of them too). Hashes: sha2-256, and identity, whose digest is the content
 * itself. Sources: multiformats' specifications of cid, multibase, multihash and multicodec.
 *
 * Failure modes: another base, an unknown hash, digests of the wrong length, bytes left over; each
 * is told with the text that was given.
 */
#ifndef PP_NET_CID_H
#define PP_NET_CID_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CID_DIGEST_MAX 128 /* of identity; sha2-256 has 32 */
#define CID_BYTES_MAX  (CID_DIGEST_MAX + 24)
#define CID_TEXT_SIZE  256

enum cid_codec {
    CID_RAW = 0x55,
    CID_DAG_PB = 0x70,
    CID_LIBP2P_KEY = 0x72
};

enum cid_hash {
    CID_IDENTITY = 0x00,
    CID_SHA2_256 = 0x12
};

struct cid {
    unsigned version;
    uint64_t codec;
    uint64_t hash;
    size_t digest_len;
    uint8_t digest[CID_DIGEST_MAX];
};

/* PP_EINVAL quotes the text and says what is wrong with it. */
int cid_parse(const char *text, struct cid *out, struct err *e);
/* From a block's link; all bytes must belong to it. */
bool cid_from_bytes(const uint8_t *bytes, size_t len, struct cid *out);
/* Bytes as a link has them; returns how many. */
size_t cid_to_bytes(const struct cid *c, uint8_t out[CID_BYTES_MAX]);
/* Version 0 in base58btc, version 1 in base32. */
void cid_format(const struct cid *c, char out[CID_TEXT_SIZE]);
/* Of bytes, by sha2-256. Version 0 means dag-pb. */
void cid_of(struct cid *out, unsigned version, uint64_t codec, const void *bytes, size_t len);
/* True if `bytes` are what the CID names. */
bool cid_matches(const struct cid *c, const void *bytes, size_t len);

/* Bases other than 58 (net/identity.h): lower-case letters without padding. `out_size` holds the
 * text and its NUL; false when it does not fit or is none. Capitals are read too. */
bool base32_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size);
bool base32_decode(const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len);
bool base36_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size);
bool base36_decode(const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len);

#endif
