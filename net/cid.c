#include "net/cid.h"

#include "net/identity.h"
#include "net/protobuf.h"

#include <sodium.h>
#include <string.h>

#define V0_TEXT 46
#define SHA256  32

static bool take_multihash(struct protobuf_in *in, struct cid *out)
{
    out->hash = protobuf_varint(in);
    uint64_t len = protobuf_varint(in);
    if (in->bad || len != in->left || len > CID_DIGEST_MAX) {
        return false;
    }
    memcpy(out->digest, in->at, in->left);
    out->digest_len = in->left;
    return out->hash != CID_SHA2_256 || len == SHA256;
}

bool cid_from_bytes(const uint8_t *bytes, size_t len, struct cid *out)
{
    struct protobuf_in in = protobuf_read(bytes, len);
    *out = (struct cid){.version = 0, .codec = CID_DAG_PB};
    if (len == SHA256 + 2 && bytes[0] == CID_SHA2_256) {
        return take_multihash(&in, out);
    }
    out->version = 1;
    if (protobuf_varint(&in) != 1) {
        return false;
    }
    out->codec = protobuf_varint(&in);
    return take_multihash(&in, out);
}

static int digit16(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool base16_decode(
    const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len)
{
    if (text_len % 2 != 0 || text_len / 2 > out_size) {
        return false;
    }
    for (size_t i = 0; i < text_len; i += 2) {
        int high = digit16(text[i]);
        int low = digit16(text[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    *len = text_len / 2;
    return true;
}

static const struct {
    const char *letters;
    bool (*decode)(const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len);
} bases[] = {
    {"bB", base32_decode},
    {"kK", base36_decode},
    {"z", base58_decode},
    {"fF", base16_decode},
};

static int decode_text(
    const char *text, size_t text_len, uint8_t *bytes, size_t *len, const char **why)
{
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        if (strchr(bases[i].letters, text[0]) != NULL) {
            *why = "has a character that its base does not have";
            return bases[i].decode(text + 1, text_len - 1, bytes, CID_BYTES_MAX, len) ? 0 : -1;
        }
    }
    *why = "begins neither with Qm nor with b, k, z or f";
    return -1;
}

int cid_parse(const char *text, struct cid *out, struct err *e)
{
    uint8_t bytes[CID_BYTES_MAX];
    char shown[80];
    size_t text_len = strlen(text);
    size_t len = 0;
    const char *why = NULL;
    str_escape(shown, sizeof shown, text, text_len);
    if (text_len < 2 || text_len >= CID_TEXT_SIZE) {
        return err_set(e, PP_EINVAL, "CID \"%s\": has %zu characters", shown, text_len);
    }
    if (str_starts(text, "Qm") || str_starts(text, "1")) {
        bool plain = text_len == V0_TEXT &&
                     base58_decode(text, text_len, bytes, sizeof bytes, &len) && len == SHA256 + 2;
        if (!plain || !cid_from_bytes(bytes, len, out)) {
            return err_set(e, PP_EINVAL,
                "CID \"%s\": one that begins with Qm has 46 characters of base58", shown);
        }
        return 0;
    }
    if (decode_text(text, text_len, bytes, &len, &why) != 0) {
        return err_set(e, PP_EINVAL, "CID \"%s\": %s", shown, why);
    }
    if (!cid_from_bytes(bytes, len, out) || out->version != 1) {
        return err_set(
            e, PP_EINVAL, "CID \"%s\": is not as long as it says, or no version 1", shown);
    }
    return 0;
}

size_t cid_to_bytes(const struct cid *c, uint8_t out[CID_BYTES_MAX])
{
    struct strbuf b = {0};
    if (c->version != 0) {
        protobuf_put_varint(&b, c->version);
        protobuf_put_varint(&b, c->codec);
    }
    protobuf_put_varint(&b, c->hash);
    protobuf_put_varint(&b, c->digest_len);
    strbuf_add(&b, c->digest, c->digest_len);
    size_t len = b.len < CID_BYTES_MAX ? b.len : CID_BYTES_MAX;
    memcpy(out, b.data, len);
    strbuf_fini(&b);
    return len;
}

void cid_format(const struct cid *c, char out[CID_TEXT_SIZE])
{
    uint8_t bytes[CID_BYTES_MAX];
    size_t len = cid_to_bytes(c, bytes);
    out[0] = 'b';
    bool fits = c->version == 0 ? base58_encode(bytes, len, out, CID_TEXT_SIZE)
                                : base32_encode(bytes, len, out + 1, CID_TEXT_SIZE - 1);
    if (!fits) {
        out[0] = '\0';
    }
}

void cid_of(struct cid *out, unsigned version, uint64_t codec, const void *bytes, size_t len)
{
    *out = (struct cid){
        .version = version, .codec = codec, .hash = CID_SHA2_256, .digest_len = SHA256};
    crypto_hash_sha256(out->digest, bytes, len);
}

bool cid_matches(const struct cid *c, const void *bytes, size_t len)
{
    uint8_t digest[SHA256];
    if (c->hash == CID_IDENTITY) {
        return len == c->digest_len && (len == 0 || memcmp(c->digest, bytes, len) == 0);
    }
    crypto_hash_sha256(digest, bytes, len);
    return c->hash == CID_SHA2_256 && memcmp(digest, c->digest, sizeof digest) == 0;
}
