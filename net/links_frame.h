/* The frames of a link, inside its channel: written and read, no state.
 *
 * A frame is one byte of type and the fields of that type, integers big-endian. What is not exactly
 * that is no frame: frame_read() refuses, the link goes.
 */
#ifndef PP_NET_LINKS_FRAME_H
#define PP_NET_LINKS_FRAME_H

#include "net/identity.h"
#include "net/links.h"

#define FRAME_VERSION 1 /* of what is in these frames */
#define FRAME_OLDEST  1 /* the oldest that is understood */
#define FRAME_TAG     16
#define FRAME_PROOF   32
#define FRAME_DATA    (16 << 10)        /* of a message, in one frame */
#define FRAME_MAX     (FRAME_DATA + 16) /* no frame is longer */

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_TAKEN,
    FRAME_JOIN,
    FRAME_WHO,
    FRAME_READY,
    FRAME_LEAVE,
    FRAME_PING,
    FRAME_PONG,
    FRAME_BYE,
    FRAME_FIRST,
    FRAME_MORE
};

enum frame_bye {
    BYE_DUPLICATE = 1, /* there is another link between these two */
    BYE_VERSION,
    BYE_IDLE,    /* no queue in common */
    BYE_DROPPED, /* not taken back for a while */
    BYE_TWIN     /* two hosts have this identity */
};

/* One of them; which fields count is with each. Bytes are borrowed. */
struct frame {
    enum frame_type type;
    uint16_t version, oldest; /* HELLO */
    uint64_t number;          /* HELLO: turn; PING, PONG: stamp */
    bool flag;                /* HELLO: has another link; WHO: has an identity of its own */
    uint32_t from, to;        /* JOIN, LEAVE: from; WHO, READY: both; FIRST: to (serials) */
    const uint8_t *tag;       /* JOIN: FRAME_TAG bytes */
    const uint8_t *proof;     /* JOIN: FRAME_PROOF bytes */
    const uint8_t *key;       /* WHO with flag: PEER_KEY_SIZE bytes */
    const uint8_t *signature; /* WHO with flag: IDENTITY_SIGNATURE bytes */
    uint8_t reason;           /* BYE: any, may be one we do not know */
    enum link_class cls;      /* FIRST, MORE */
    uint8_t kind;             /* FIRST */
    uint32_t total;           /* FIRST: at most LINKS_MESSAGE_MAX */
    const uint8_t *bytes;     /* WHO: hello; FIRST, MORE: a part of the message */
    size_t len;
};

/* `out` holds FRAME_MAX bytes; returns the length. */
size_t frame_write(const struct frame *f, uint8_t *out);
bool frame_read(const uint8_t *bytes, size_t len, struct frame *out);

#endif
