/* A stranger: a socket of its own, and as much of the protocol as it wants to speak. */
#ifndef TEST_LINKS_FOE_H
#define TEST_LINKS_FOE_H

#include "tests/unit/links_two.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>

struct foe {
    int fd;
    bool eof;
    struct identity id;
    struct channel *channel;
    uint8_t secret[32], public[32];
    unsigned frames[FRAME_MORE + 1]; /* how many of each type came */
    uint32_t serial;                 /* of the host's first JOIN */
    uint8_t reason;                  /* of its BYE */
};

/* From `from` (of 127.0.0.0/8; NULL: as usual) to the port. */
static inline void foe_connect(struct foe *f, const char *from, const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in me = {.sin_family = AF_INET};
    memset(f, 0, sizeof *f);
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(f->fd >= 0);
    if (from != NULL) {
        inet_pton(AF_INET, from, &me.sin_addr);
        assert_int_equal(bind(f->fd, (struct sockaddr *)&me, sizeof me), 0);
    }
    int rc = connect(f->fd, (struct sockaddr *)&to, sizeof to);
    assert_true(rc == 0 || errno == EINPROGRESS);
}

static inline void foe_close(struct foe *f)
{
    channel_free(f->channel);
    close(f->fd);
}

/* It can do the handshake; `decides`: its key is the smaller one. */
static inline void foe_speak(struct foe *f, const struct host *h, int seed, bool decides)
{
    uint8_t bytes[32] = {(uint8_t)seed, 3}, psk[32];
    identity_from_seed(&f->id, bytes);
    do {
        randombytes_buf(f->secret, sizeof f->secret);
        crypto_scalarmult_base(f->public, f->secret);
    } while ((memcmp(f->public, h->links->static_public, 32) < 0) != decides);
    channel_psk("", psk);
    struct channel_options o = {
        .self = &f->id, .psk = psk, .static_secret = f->secret, .initiator = true};
    f->channel = channel_new(&o);
}

static inline void foe_frame(void *context, const uint8_t *bytes, size_t len)
{
    struct foe *f = context;
    struct frame in;
    assert_true(frame_read(bytes, len, &in));
    f->frames[in.type]++;
    if (in.type == FRAME_JOIN && f->frames[FRAME_JOIN] == 1) {
        f->serial = in.from;
    }
    f->reason = in.type == FRAME_BYE ? in.reason : f->reason;
}

static inline void foe_write(struct foe *f, const void *bytes, size_t len)
{
    ssize_t n = send(f->fd, bytes, len, MSG_NOSIGNAL);
    assert_true(n == (ssize_t)len || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
}

static inline void foe_read(struct foe *f)
{
    uint8_t bytes[65536];
    ssize_t n = f->eof ? 0 : recv(f->fd, bytes, sizeof bytes, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != ENOTCONN)) {
        f->eof = true;
    } else if (n > 0 && f->channel != NULL) {
        assert_int_equal(channel_feed(f->channel, bytes, (size_t)n, foe_frame, f, NULL), 0);
    }
}

static inline void foe_turn(struct foe *f)
{
    size_t len;
    foe_read(f);
    const uint8_t *bytes = f->channel != NULL ? channel_out(f->channel, &len) : NULL;
    while (!f->eof && bytes != NULL) {
        ssize_t n = send(f->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        channel_sent(f->channel, (size_t)n);
        bytes = channel_out(f->channel, &len);
    }
}

/* Runs both until `ready`, or fails after 5 s. */
static inline void foe_until(struct bench *x, struct foe *f, bool (*ready)(struct foe *f))
{
    uint64_t end = uv_hrtime() + UINT64_C(5000000000);
    while (!ready(f)) {
        foe_turn(f);
        uv_run(&x->loop, UV_RUN_NOWAIT);
        usleep(200);
        assert_true(uv_hrtime() < end);
    }
}

static inline bool foe_is_gone(struct foe *f)
{
    return f->eof;
}

static inline bool foe_is_open(struct foe *f)
{
    return channel_is_open(f->channel);
}

static inline bool foe_has_join(struct foe *f)
{
    return f->frames[FRAME_JOIN] > 0;
}

static inline bool foe_has_who(struct foe *f)
{
    return f->frames[FRAME_WHO] > 0;
}

static inline bool foe_has_ready(struct foe *f)
{
    return f->frames[FRAME_READY] > 0;
}

static inline void foe_say(struct foe *f, const struct frame *frame)
{
    uint8_t bytes[FRAME_MAX];
    size_t len = frame_write(frame, bytes);
    assert_int_equal(channel_send(f->channel, bytes, len, NULL), 0);
}

/* Handshake, greeting, TAKEN: it may speak now. */
static inline void foe_meet(
    struct bench *x, struct foe *f, const struct host *h, const char *address)
{
    foe_connect(f, NULL, address);
    foe_speak(f, h, 66, true);
    foe_until(x, f, foe_is_open);
    foe_say(f, &(struct frame){.type = FRAME_HELLO, .version = 1, .oldest = 1, .number = 1});
    foe_say(f, &(struct frame){.type = FRAME_TAKEN});
    foe_until(x, f, foe_has_join);
}

/* JOIN with the right proof of "LAN", "key". */
static inline void foe_say_join(struct foe *f, uint32_t serial)
{
    uint8_t proof[FRAME_PROOF], tag[FRAME_TAG] = {0}, text[64 + 1 + 3], key[32] = {'k', 'e', 'y'};
    memcpy(text, channel_hash(f->channel), 64);
    memcpy(text + 64, "\0LAN", 4);
    crypto_generichash(proof, sizeof proof, text, sizeof text, key, sizeof key);
    foe_say(f, &(struct frame){.type = FRAME_JOIN, .from = serial, .tag = tag, .proof = proof});
}

/* It is a peer of the queue, as others are. */
static inline void foe_join(struct bench *x, struct foe *f)
{
    foe_say_join(f, 5);
    foe_until(x, f, foe_has_who);
    foe_say(f, &(struct frame){.type = FRAME_WHO, .from = 5, .to = f->serial});
    foe_say(f, &(struct frame){.type = FRAME_READY, .from = 5, .to = f->serial});
    foe_until(x, f, foe_has_ready);
}

#endif
