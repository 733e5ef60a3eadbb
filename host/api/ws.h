/* WebSocket (RFC 6455), server side, without I/O: bytes in, messages out, and the other way round.
 *
 * Happy path: ws_accept() answers the handshake, ws_new() makes a session, ws_feed() takes what the
 * peer sent and calls on_text for each message, ws_text() and ws_ping() append frames to `out`,
 * which the caller sends and empties. Pings of the peer are answered and close frames echoed by
 * themselves. Failure modes: a frame that breaks the protocol or a message above WS_MESSAGE_MAX
 * queues a close frame with the reason; ws_feed() then says that the session is over.
 */
#ifndef PP_API_WS_H
#define PP_API_WS_H

#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define WS_MESSAGE_MAX 4096 /* clients only subscribe: their messages are short */
#define WS_ACCEPT_SIZE 29

struct ws;

typedef void (*ws_text_cb)(void *context, const char *text, size_t len);

/* The value of Sec-WebSocket-Accept for a Sec-WebSocket-Key; false if it is no 16-byte base64. */
bool ws_accept(const char *key, char out[static WS_ACCEPT_SIZE]);

struct ws *ws_new(ws_text_cb on_text, void *context);
void ws_free(struct ws *w);

/* Takes bytes of the peer, in any pieces; false when the session is over (send `out`, then close).
 */
bool ws_feed(struct ws *w, const void *bytes, size_t len);

void ws_text(struct ws *w, const char *text, size_t len);
void ws_ping(struct ws *w);

/* Queues a close frame; nothing can be queued after it. */
void ws_shut(struct ws *w, unsigned short code, const char *reason);

/* Frames to send. The caller takes them out. */
struct strbuf *ws_out(struct ws *w);

#endif
