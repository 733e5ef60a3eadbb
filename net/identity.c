#include "net/identity.h"

#include "host/base/str.h"
#include "net/cid.h"
#include "net/identity_file.h"
#include "net/protobuf.h"

#include <sodium.h>
#include <string.h>

#define ID_BYTES (2 + PEER_PROTO_SIZE)

static const uint8_t public_head[] = {0x08, 0x01, 0x12, PEER_KEY_SIZE};

const char *const identity_kinds[IDENTITY_KINDS] = {"RSA", "Ed25519", "secp256k1", "ECDSA"};

int identity_init(void)
{
    return sodium_init() < 0 ? -PP_EIO : 0;
}

static void complete(struct identity *out)
{
    peer_format(&out->peer, out->text);
}

void identity_create(struct identity *out)
{
    crypto_sign_keypair(out->peer.key, out->secret);
    complete(out);
}

void identity_from_seed(struct identity *out, const uint8_t seed[32])
{
    crypto_sign_seed_keypair(out->peer.key, out->secret, seed);
    complete(out);
}

void identity_wipe(struct identity *id)
{
    sodium_memzero(id, sizeof *id);
}

void identity_sign(
    const struct identity *id, const void *message, size_t len, uint8_t signature[64])
{
    crypto_sign_detached(signature, NULL, message, len, id->secret);
}

bool peer_verify(const struct peer *p, const void *message, size_t len, const uint8_t signature[64])
{
    return crypto_sign_verify_detached(signature, message, len, p->key) == 0;
}

int peer_compare(const struct peer *a, const struct peer *b)
{
    return memcmp(a->key, b->key, sizeof a->key);
}

void peer_to_proto(const struct peer *p, uint8_t out[PEER_PROTO_SIZE])
{
    memcpy(out, public_head, sizeof public_head);
    memcpy(out + sizeof public_head, p->key, PEER_KEY_SIZE);
}

void peer_format(const struct peer *p, char out[PEER_TEXT_SIZE])
{
    uint8_t bytes[ID_BYTES] = {CID_IDENTITY, PEER_PROTO_SIZE};
    peer_to_proto(p, bytes + 2);
    if (!base58_encode(bytes, sizeof bytes, out, PEER_TEXT_SIZE)) {
        out[0] = '\0'; /* cannot be: 38 bytes are 52 characters */
    }
}

/* What is in an identity multihash: a public key's protobuf. */
static int read_proto(
    const char *shown, const uint8_t *bytes, size_t len, struct peer *out, struct err *e)
{
    uint64_t kind = len > 2 && bytes[0] == 0x08 ? bytes[1] : IDENTITY_KINDS;
    if (kind != IDENTITY_ED25519 && kind < IDENTITY_KINDS) {
        return err_set(e, PP_EINVAL, "peer id \"%s\": is of the kind %s; only Ed25519 (12D3KooW…)",
            shown, identity_kinds[kind]);
    }
    if (len != PEER_PROTO_SIZE || memcmp(bytes, public_head, sizeof public_head) != 0) {
        return err_set(
            e, PP_EINVAL, "peer id \"%s\": holds no public key; wanted: 12D3KooW…", shown);
    }
    /* There is no checksum; half of what is mistyped is not on the curve. */
    if (crypto_core_ed25519_is_valid_point(bytes + sizeof public_head) != 1) {
        return err_set(e, PP_EINVAL, "peer id \"%s\": is no key of Ed25519; mistyped?", shown);
    }
    memcpy(out->key, bytes + sizeof public_head, PEER_KEY_SIZE);
    return 0;
}

static int parse_cid(const char *shown, const char *text, struct peer *out, struct err *e)
{
    struct cid c;
    if (cid_parse(text, &c, NULL) != 0) {
        return err_set(e, PP_EINVAL,
            "peer id \"%s\": must be one as libp2p writes it: 12D3KooW… (52 characters)", shown);
    }
    if (c.codec != CID_LIBP2P_KEY) {
        return err_set(e, PP_EINVAL, "peer id \"%s\": names content, not a peer", shown);
    }
    if (c.hash != CID_IDENTITY) {
        return err_set(e, PP_EINVAL,
            "peer id \"%s\": is of an RSA key; only Ed25519 (12D3KooW…) is possible", shown);
    }
    return read_proto(shown, c.digest, c.digest_len, out, e);
}

int peer_parse(const char *text, struct peer *out, struct err *e)
{
    uint8_t bytes[ID_BYTES * 2];
    char shown[72];
    size_t len = 0;
    str_escape(shown, sizeof shown, text, strlen(text));
    if (str_starts(text, "Qm")) {
        return err_set(e, PP_EINVAL,
            "peer id \"%s\": is of an RSA key; only Ed25519 (12D3KooW…) is possible", shown);
    }
    if (text[0] != '1') {
        return parse_cid(shown, text, out, e);
    }
    if (!base58_decode(text, strlen(text), bytes, sizeof bytes, &len) || len < 2 ||
        bytes[0] != CID_IDENTITY || bytes[1] != len - 2) {
        return err_set(e, PP_EINVAL,
            "peer id \"%s\": has %zu characters and is damaged; one is 12D3KooW… with 52", shown,
            strlen(text));
    }
    return read_proto(shown, bytes + 2, len - 2, out, e);
}
