/* One encrypted connection between two hosts, without the socket: bytes in, bytes out.
 *
 * Noise XXpsk3_25519_ChaChaPoly_BLAKE2b (net/noise). The static X25519 key is fresh at every start;
 * payloads 2 and 3 of the handshake carry the libp2p public key and its Ed25519 signature over
 * "pphost-static-key:" ‖ static key ‖ role (1 byte: 0 initiator, 1 responder), so a signing key
 * never becomes a DH key. The psk is BLAKE2b-256("pphost link 1" ‖ phrase).
 *
 * On the wire: u16 length (big-endian), ciphertext. Frames carry 1..CHANNEL_FRAME_MAX bytes; both
 * directions rekey after 2^16 frames or 1 GiB. Nothing is allocated for a stranger beyond this
 * object, and nothing is told of it in detail.
 *
 * Failure modes: a message that does not authenticate, an identity other than the one expected, our
 * own identity at the other end, a replayed or reordered frame, a length of 0 or too large: the
 * channel is dead, channel_feed() returns an error, the connection has to go.
 */
#ifndef PP_NET_CHANNEL_H
#define PP_NET_CHANNEL_H

#include "net/identity.h"

#define CHANNEL_FRAME_MAX 65519 /* plaintext of a frame: 64 KiB less u16's reach and the tag */

struct channel;

struct channel_options {
    const struct identity *self;  /* borrowed while the channel lives */
    const struct peer *expected;  /* NULL: any; copied */
    const uint8_t *psk;           /* 32 bytes, copied */
    const uint8_t *static_secret; /* 32 bytes, this process's X25519 key; NULL: a fresh one */
    bool initiator;
    /* For tests; 0 and NULL otherwise. */
    const uint8_t *ephemeral_secret;
    uint32_t rekey_frames;
    uint64_t rekey_bytes;
};

/* A whole frame that has arrived; borrowed during the call. Must not free the channel. */
typedef void (*channel_cb)(void *context, const uint8_t *frame, size_t len);

void channel_psk(const char *phrase, uint8_t psk[32]);
struct channel *channel_new(const struct channel_options *o);
void channel_free(struct channel *c); /* wipes */

/* Bytes from the other end, in any pieces. 0, or PP_EPROTO / PP_EAUTH / PP_EEXIST (our own identity
 * at the other end): dead from then on. */
int channel_feed(struct channel *c, const uint8_t *bytes, size_t len, channel_cb frame,
    void *context, struct err *e);
/* PP_ESTATE before it is open, PP_ETOOBIG. */
int channel_send(struct channel *c, const void *frame, size_t len, struct err *e);

/* What has to go to the other end; borrowed until the next call. channel_sent() takes it away. */
const uint8_t *channel_out(const struct channel *c, size_t *len);
void channel_sent(struct channel *c, size_t len);

bool channel_is_open(const struct channel *c);
const struct peer *channel_peer(const struct channel *c); /* once open */
const uint8_t *channel_static(const struct channel *c);   /* 32 bytes: the other end's static public
                                                             key, by which its process is known; also
                                                             after PP_EEXIST */
const uint8_t *channel_hash(const struct channel *c);     /* 64 bytes, once open: the same at
                                                             both ends, of this handshake alone */
#endif
