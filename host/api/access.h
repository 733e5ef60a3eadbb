/* Who may ask: pure checks on the headers of a request.
 *
 * A web page anywhere can make a browser send requests here. Two things stop it: the Host header
 * must name this machine (else a foreign name was re-bound to our address), and an Origin, when the
 * browser sends one, must be ourselves.
 */
#ifndef PP_API_ACCESS_H
#define PP_API_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ACCESS_KEY_MAX 128 /* bytes of a key shown, more is no key of ours */

/* True if a Host header ("name", "name:port", "[::1]:port") is an IP literal, localhost, or one of
 * `names` (NULL-terminated; each also as NAME.local). */
bool access_host_ok(const char *host, const char *const *names);

/* True if an Origin ("http://name:port") has the authority of the Host header; "null" never has. */
bool access_origin_ok(const char *origin, const char *host);

/* Takes the token out of "Bearer TOKEN" (scheme in any case); false if it is none or too long. */
bool access_bearer(const char *authorization, char out[static ACCESS_KEY_MAX + 1]);

/* Takes the value of cookie `name` out of a Cookie header; false if it is absent or too long. */
bool access_cookie(const char *cookies, const char *name, char out[static ACCESS_KEY_MAX + 1]);

/* True for an address of this machine's loopback (127/8, ::1, and ::ffff:127/104). */
bool access_is_loopback(const struct sockaddr *address);

/* The address without port, for limits and the log ("192.0.2.7", "::1"); "?" if it is of no kind
 * known. */
void access_address(const struct sockaddr *address, char *out, size_t out_size);

#endif
