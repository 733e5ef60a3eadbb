/* IPNS records: what an Ed25519 key's name points to, signed by the key.
 *
 * A record is a protobuf; what counts is its `data`, a map in dag-cbor (Value, Validity,
 * ValidityType, Sequence, TTL), signed with "ipns-signature:" before it (signatureV2). The older
 * fields beside it, where there are any, must say the same. Source: IPNS record specification.
 *
 * Failure modes: damaged, signed by another key, only signed the old way, no longer valid,
 * larger than 10 KiB.
 */
#ifndef PP_NET_IPNS_H
#define PP_NET_IPNS_H

#include "net/identity.h"

#define IPNS_RECORD_MAX (10 << 10)
#define IPNS_VALUE_SIZE 512

struct ipns_record {
    char value[IPNS_VALUE_SIZE]; /* "/ipfs/…" or "/ipns/…" */
    uint64_t sequence;
    int64_t valid_until_s; /* UTC */
};

int ipns_read(const void *bytes, size_t len, const struct peer *key, int64_t now_s,
    struct ipns_record *out, struct err *e);

/* True when `a` is to be taken rather than `b`: the higher sequence, then the longer validity. */
bool ipns_is_newer(const struct ipns_record *a, const struct ipns_record *b);

/* Seconds since 1970 of RFC 3339 in UTC ("2033-05-18T03:33:20.5Z"); false when it is none. */
bool ipns_parse_time(const char *text, size_t len, int64_t *out);

#endif
