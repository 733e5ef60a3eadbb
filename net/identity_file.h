/* The inside of identity.h: kinds of keys, and their protobufs. identity_file.c has the files. */
#ifndef PP_NET_IDENTITY_FILE_H
#define PP_NET_IDENTITY_FILE_H

#include "net/identity.h"

enum {
    IDENTITY_RSA,
    IDENTITY_ED25519,
    IDENTITY_SECP256K1,
    IDENTITY_ECDSA,
    IDENTITY_KINDS
};

extern const char *const identity_kinds[IDENTITY_KINDS];

#define IDENTITY_FILE_MAX 4096 /* RSA's of 4096 bits have 2.4 KiB */

void peer_to_proto(const struct peer *p, uint8_t out[PEER_PROTO_SIZE]);

/* From a file's bytes; the text of *e has no path in it. */
int identity_from_bytes(struct identity *out, const uint8_t *bytes, size_t len, struct err *e);
int peer_from_bytes(struct peer *out, const uint8_t *bytes, size_t len, struct err *e);

#endif
