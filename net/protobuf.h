/* Protobuf messages, read field by field: libp2p's keys, blocks and records of IPFS.
 *
 * Nothing is copied: bytes lead into what was given. What is not a message (truncated, a varint
 * above 64 bits, wire types of groups, field 0) sets `bad` and ends the reading. Writing is done
 * with a strbuf. Source: protobuf.dev, encoding.
 */
#ifndef PP_NET_PROTOBUF_H
#define PP_NET_PROTOBUF_H

#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct protobuf_in {
    const uint8_t *at;
    size_t left;
    bool bad;
};

struct protobuf_field {
    uint32_t number;
    bool is_bytes;        /* else a number */
    uint64_t value;       /* a varint, or 32 or 64 bits */
    const uint8_t *bytes; /* never NULL when is_bytes */
    size_t len;
};

struct protobuf_in protobuf_read(const void *bytes, size_t len);
/* False at the end and when `bad`. */
bool protobuf_next(struct protobuf_in *in, struct protobuf_field *out);
/* An unsigned LEB128 number, 64 bits at most, without needless bytes; 0 and `bad` when it is none.
 */
uint64_t protobuf_varint(struct protobuf_in *in);

void protobuf_put_varint(struct strbuf *b, uint64_t value);
void protobuf_put_number(struct strbuf *b, uint32_t field, uint64_t value);
void protobuf_put_bytes(struct strbuf *b, uint32_t field, const void *bytes, size_t len);

#endif
