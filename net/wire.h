/* Bytes for other hosts and back: fixed-width integers, big-endian, and byte strings with their
 * length before them.
 *
 * Writing grows a strbuf and cannot fail. Reading takes from a `struct wire_in`; what goes beyond
 * the end sets `bad`, gives zeroes and empty strings from then on, and is asked for once at the end
 * with wire_end(). Nothing read is copied: pointers lead into the bytes that were given.
 */
#ifndef PP_NET_WIRE_H
#define PP_NET_WIRE_H

#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void wire_put_u8(struct strbuf *b, uint8_t value);
void wire_put_u16(struct strbuf *b, uint16_t value);
void wire_put_u32(struct strbuf *b, uint32_t value);
void wire_put_u64(struct strbuf *b, uint64_t value);
void wire_put_raw(struct strbuf *b, const void *bytes, size_t len);   /* no length before it */
void wire_put_bytes(struct strbuf *b, const void *bytes, size_t len); /* u32 length, bytes */
void wire_put_text(struct strbuf *b, const char *text);               /* as bytes, without NUL */

struct wire_in {
    const uint8_t *at;
    size_t left;
    bool bad;
};

struct wire_in wire_read(const void *bytes, size_t len);
uint8_t wire_u8(struct wire_in *in);
uint16_t wire_u16(struct wire_in *in);
uint32_t wire_u32(struct wire_in *in);
uint64_t wire_u64(struct wire_in *in);
const uint8_t *wire_raw(struct wire_in *in, size_t len); /* NULL when bad */
/* A byte string of at most `max` bytes; "" (len 0, never NULL) when bad. */
const uint8_t *wire_bytes(struct wire_in *in, size_t max, size_t *len);
/* Text into `dst`: bad when it is longer than fits, holds a NUL, a control character or is not
 * UTF-8. */
void wire_text(struct wire_in *in, char *dst, size_t dst_size);
/* True if everything was there and nothing is left. */
bool wire_end(const struct wire_in *in);

#endif
