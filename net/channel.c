/* One encrypted connection, without the socket. */
#include "net/channel.h"

#include "host/base/mem.h"
#include "host/base/str.h"
#include "net/noise.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH       2 /* of the length before a message */
#define PAYLOAD      (PEER_PROTO_SIZE + IDENTITY_SIGNATURE)
#define REKEY_FRAMES (UINT32_C(1) << 16)
#define REKEY_BYTES  (UINT64_C(1) << 30)

static const char prologue[] = "pphost link 1";
static const char sign_label[] = "pphost-static-key:";
static const uint8_t proto_prefix[4] = {0x08, 0x01, 0x12, 0x20}; /* Ed25519, 32 bytes */

struct direction {
    struct noise_cipher cipher;
    uint32_t frames; /* since it was rekeyed */
    uint64_t bytes;
};

struct channel {
    const struct identity *self;
    bool has_expected;
    struct peer expected;
    struct peer peer;
    bool open, dead;
    struct noise noise; /* of the handshake; wiped after it but for what is public */
    struct direction send, receive;
    uint32_t rekey_frames;
    uint64_t rekey_bytes;
    uint8_t hash[NOISE_HASH];
    uint8_t hello[256]; /* a message of the handshake, as far as it is there */
    size_t hello_len;
    uint8_t *in; /* a frame that has come in part, with its length; NULL: none */
    size_t in_len;
    struct strbuf out;
    size_t out_at;
};

void channel_psk(const char *phrase, uint8_t psk[32])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 32);
    crypto_generichash_update(&state, (const uint8_t *)prologue, sizeof prologue - 1);
    crypto_generichash_update(&state, (const uint8_t *)phrase, strlen(phrase));
    crypto_generichash_final(&state, psk, 32);
    sodium_memzero(&state, sizeof state);
}

/* ---- the handshake ------------------------------------------------------------------------------
 */

/* What is signed: the label, the static key, 0 for the initiator's and 1 for the responder's. */
static size_t to_sign(uint8_t *out, const uint8_t static_public[NOISE_KEY], bool initiator)
{
    size_t label = sizeof sign_label - 1;
    memcpy(out, sign_label, label);
    memcpy(out + label, static_public, NOISE_KEY);
    out[label + NOISE_KEY] = initiator ? 0 : 1;
    return label + NOISE_KEY + 1;
}

#define TO_SIGN_MAX (sizeof sign_label + NOISE_KEY + 1)

static void make_payload(const struct channel *c, uint8_t out[PAYLOAD])
{
    uint8_t text[TO_SIGN_MAX];
    size_t len = to_sign(text, c->noise.own_static_public, c->noise.initiator);
    memcpy(out, proto_prefix, sizeof proto_prefix);
    memcpy(out + sizeof proto_prefix, c->self->peer.key, PEER_KEY_SIZE);
    identity_sign(c->self, text, len, out + PEER_PROTO_SIZE);
}

static int check_payload(struct channel *c, const uint8_t in[PAYLOAD], struct err *e)
{
    uint8_t text[TO_SIGN_MAX];
    size_t len = to_sign(text, c->noise.static_public, !c->noise.initiator);
    if (memcmp(in, proto_prefix, sizeof proto_prefix) != 0) {
        return err_set(e, PP_EAUTH, "a key of an unknown kind");
    }
    memcpy(c->peer.key, in + sizeof proto_prefix, PEER_KEY_SIZE);
    if (!peer_verify(&c->peer, text, len, in + PEER_PROTO_SIZE)) {
        return err_set(e, PP_EAUTH, "the identity is not proved");
    }
    if (peer_compare(&c->peer, &c->self->peer) == 0) {
        return err_set(e, PP_EEXIST, "our own identity is at the other end");
    }
    if (c->has_expected && peer_compare(&c->peer, &c->expected) != 0) {
        char is[PEER_TEXT_SIZE];
        peer_format(&c->peer, is);
        return err_set(e, PP_EAUTH, "another identity than expected: %s", is);
    }
    return 0;
}

static void put_length(uint8_t out[LENGTH], size_t len)
{
    out[0] = (uint8_t)(len >> 8);
    out[1] = (uint8_t)len;
}

static int write_handshake(struct channel *c, struct err *e)
{
    uint8_t payload[PAYLOAD], out[LENGTH + NOISE_EXTRA_1 + PAYLOAD];
    size_t len = 0;
    if (c->noise.message > 0) { /* the first is readable by everybody: it says nothing */
        make_payload(c, payload);
        len = sizeof payload;
    }
    int n = noise_write(&c->noise, payload, len, out + LENGTH);
    if (n < 0) {
        return err_set(e, PP_EAUTH, "a key that is none");
    }
    put_length(out, (size_t)n);
    strbuf_add(&c->out, (const char *)out, LENGTH + (size_t)n);
    return 0;
}

/* The ciphers and the hash are taken over, the rest of the handshake is forgotten. */
static void set_open(struct channel *c)
{
    uint8_t theirs[NOISE_KEY];
    noise_split(&c->noise, &c->send.cipher, &c->receive.cipher);
    memcpy(c->hash, c->noise.hash, sizeof c->hash);
    memcpy(theirs, c->noise.static_public, sizeof theirs);
    sodium_memzero(&c->noise, sizeof c->noise);
    memcpy(c->noise.static_public, theirs, sizeof theirs);
    c->open = true;
}

/* A whole message of the handshake is in `hello`. */
static int read_handshake(struct channel *c, struct err *e)
{
    uint8_t payload[sizeof c->hello] = {0};
    bool first = c->noise.message == 0;
    int n = noise_read(&c->noise, c->hello + LENGTH, c->hello_len - LENGTH, payload);
    int rc = 0;
    c->hello_len = 0;
    if (n < 0) {
        return err_set(e, PP_EAUTH, "the handshake does not fit: another phrase, or no pphost");
    }
    if (!first) {
        rc = check_payload(c, payload, e);
    }
    if (rc == 0 && noise_writes(&c->noise)) {
        rc = write_handshake(c, e);
    }
    if (rc == 0 && c->noise.message == NOISE_MESSAGES) {
        set_open(c);
    }
    return rc;
}

/* Every message of the handshake has one length that is right. */
static size_t handshake_length(const struct channel *c)
{
    static const size_t length[NOISE_MESSAGES] = {
        NOISE_EXTRA_0, NOISE_EXTRA_1 + PAYLOAD, NOISE_EXTRA_2 + PAYLOAD};
    return length[c->noise.message];
}

/* Takes from the bytes what belongs to the handshake; returns how many, or an error. */
static int feed_handshake(struct channel *c, const uint8_t *bytes, size_t len, struct err *e)
{
    size_t wanted = LENGTH + handshake_length(c);
    size_t n = wanted - c->hello_len < len ? wanted - c->hello_len : len;
    assert(wanted <= sizeof c->hello);
    memcpy(c->hello + c->hello_len, bytes, n);
    c->hello_len += n;
    if (c->hello_len >= LENGTH && ((size_t)c->hello[0] << 8 | c->hello[1]) != wanted - LENGTH) {
        return err_set(e, PP_EPROTO, "no pphost at the other end");
    }
    if (c->hello_len == wanted) {
        int rc = read_handshake(c, e);
        return rc < 0 ? rc : (int)n;
    }
    return (int)n;
}

/* ---- frames -------------------------------------------------------------------------------------
 */

static void count(struct channel *c, struct direction *d, size_t len)
{
    d->frames++;
    d->bytes += len;
    if (d->frames >= c->rekey_frames || d->bytes >= c->rekey_bytes) {
        noise_rekey(&d->cipher);
        d->frames = 0;
        d->bytes = 0;
    }
}

/* `message`: a whole one with its length before it. */
static int take_frame(struct channel *c, const uint8_t *message, size_t len, channel_cb frame,
    void *context, struct err *e)
{
    uint8_t plain[CHANNEL_FRAME_MAX];
    size_t size = len - LENGTH - NOISE_TAG;
    if (!noise_decrypt(&c->receive.cipher, message + LENGTH, len - LENGTH, plain)) {
        return err_set(e, PP_EAUTH, "a frame was changed on its way");
    }
    count(c, &c->receive, size);
    frame(context, plain, size);
    return 0;
}

/* The length of the message that begins here with its LENGTH; 0 = not known yet, or an error. */
static int message_length(const uint8_t *bytes, size_t len, struct err *e)
{
    if (len < LENGTH) {
        return 0;
    }
    int n = bytes[0] << 8 | bytes[1];
    if (n <= NOISE_TAG) {
        return err_set(e, PP_EPROTO, "an empty frame");
    }
    return LENGTH + n;
}

/* Adds to the frame that has come in part; returns how many bytes it took, or an error. */
static int feed_rest(struct channel *c, const uint8_t *bytes, size_t len, channel_cb frame,
    void *context, struct err *e)
{
    size_t took = 0;
    while (c->in_len < LENGTH && took < len) {
        c->in[c->in_len++] = bytes[took++];
    }
    int total = message_length(c->in, c->in_len, e);
    if (total <= 0) {
        return total < 0 ? total : (int)took;
    }
    c->in = mem_resize(c->in, (size_t)total, 1);
    size_t n = (size_t)total - c->in_len < len - took ? (size_t)total - c->in_len : len - took;
    memcpy(c->in + c->in_len, bytes + took, n);
    c->in_len += n;
    took += n;
    if (c->in_len < (size_t)total) {
        return (int)took;
    }
    uint8_t *whole = c->in;
    c->in = NULL;
    c->in_len = 0;
    int rc = take_frame(c, whole, (size_t)total, frame, context, e);
    free(whole);
    return rc < 0 ? rc : (int)took;
}

/* Takes a whole frame where one begins, or keeps the part of it that is there. */
static int feed_frame(struct channel *c, const uint8_t *bytes, size_t len, channel_cb frame,
    void *context, struct err *e)
{
    if (c->in != NULL) {
        return feed_rest(c, bytes, len, frame, context, e);
    }
    int total = message_length(bytes, len, e);
    if (total < 0) {
        return total;
    }
    if (total == 0 || (size_t)total > len) {
        c->in = mem_alloc(LENGTH);
        return feed_rest(c, bytes, len, frame, context, e);
    }
    int rc = take_frame(c, bytes, (size_t)total, frame, context, e);
    return rc < 0 ? rc : total;
}

/* ---- what others call ---------------------------------------------------------------------------
 */

struct channel *channel_new(const struct channel_options *o)
{
    struct channel *c = mem_alloc(sizeof *c);
    uint8_t fresh[NOISE_KEY];
    randombytes_buf(fresh, sizeof fresh);
    c->self = o->self;
    c->rekey_frames = o->rekey_frames > 0 ? o->rekey_frames : REKEY_FRAMES;
    c->rekey_bytes = o->rekey_bytes > 0 ? o->rekey_bytes : REKEY_BYTES;
    if (o->expected != NULL) {
        c->has_expected = true;
        c->expected = *o->expected;
    }
    struct noise_options n = {.initiator = o->initiator,
        .psk = o->psk,
        .static_secret = o->static_secret != NULL ? o->static_secret : fresh,
        .ephemeral_secret = o->ephemeral_secret,
        .prologue = prologue,
        .prologue_len = sizeof prologue - 1};
    noise_init(&c->noise, &n);
    sodium_memzero(fresh, sizeof fresh);
    if (o->initiator) {
        int rc = write_handshake(c, NULL);
        assert(rc == 0);
    }
    return c;
}

void channel_free(struct channel *c)
{
    if (c == NULL) {
        return;
    }
    free(c->in);
    strbuf_fini(&c->out);
    sodium_memzero(c, sizeof *c);
    free(c);
}

int channel_feed(struct channel *c, const uint8_t *bytes, size_t len, channel_cb frame,
    void *context, struct err *e)
{
    if (c->dead) {
        return err_set(e, PP_EPROTO, "the connection is over");
    }
    while (len > 0) {
        int n = c->open ? feed_frame(c, bytes, len, frame, context, e)
                        : feed_handshake(c, bytes, len, e);
        if (n < 0) {
            c->dead = true;
            return n;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

int channel_send(struct channel *c, const void *frame, size_t len, struct err *e)
{
    if (!c->open || c->dead) {
        return err_set(e, PP_ESTATE, "the connection is not open");
    }
    if (len == 0 || len > CHANNEL_FRAME_MAX) {
        return err_set(e, PP_ETOOBIG, "a frame of %zu bytes: 1 to %d", len, CHANNEL_FRAME_MAX);
    }
    uint8_t message[LENGTH + CHANNEL_FRAME_MAX + NOISE_TAG];
    put_length(message, len + NOISE_TAG);
    noise_encrypt(&c->send.cipher, frame, len, message + LENGTH);
    count(c, &c->send, len);
    strbuf_add(&c->out, (const char *)message, LENGTH + len + NOISE_TAG);
    return 0;
}

const uint8_t *channel_out(const struct channel *c, size_t *len)
{
    *len = c->out.len - c->out_at;
    return *len > 0 ? (const uint8_t *)c->out.data + c->out_at : NULL;
}

void channel_sent(struct channel *c, size_t len)
{
    assert(len <= c->out.len - c->out_at);
    c->out_at += len;
    if (c->out_at == c->out.len) {
        strbuf_fini(&c->out); /* an idle connection holds no buffers */
        memset(&c->out, 0, sizeof c->out);
        c->out_at = 0;
    }
}

bool channel_is_open(const struct channel *c)
{
    return c->open;
}

const struct peer *channel_peer(const struct channel *c)
{
    return &c->peer;
}

const uint8_t *channel_static(const struct channel *c)
{
    return c->noise.static_public;
}

const uint8_t *channel_hash(const struct channel *c)
{
    return c->hash;
}
