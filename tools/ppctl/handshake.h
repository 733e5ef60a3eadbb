/* The opening of a WebSocket from the client's side (RFC 6455 §4): the request, and whether the
 * answer is the right one. Pure.
 */
#ifndef PP_PPCTL_HANDSHAKE_H
#define PP_PPCTL_HANDSHAKE_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stddef.h>
#include <stdint.h>

#define HANDSHAKE_NONCE    16
#define HANDSHAKE_KEY_SIZE 25 /* base64 of the nonce and a NUL */

/* Appends the request; `key` (may be "") is the API key, `authority` is "host:port". */
void handshake_request(struct strbuf *out, const char *authority, const char *path,
    const char *api_key, const uint8_t nonce[static HANDSHAKE_NONCE]);

/* What came so far: the length of the whole answer head when it is complete and right, 0 when more
 * must come, -PP_E when it is wrong. *status gets the HTTP status once known (else 0). */
int handshake_check(const char *bytes, size_t len, const uint8_t nonce[static HANDSHAKE_NONCE],
    int *status, struct err *e);

#endif
