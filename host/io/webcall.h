/* One call of a web address: what a script's @http does, and how registries are fetched. Blocks, so
 * it is for the thread pool.
 *
 * libcurl is loaded at the first call, for few hosts ever make one. Of a call nothing of the
 * answer is kept but its status, and redirects are not followed. Only http and https are spoken.
 *
 * Failure modes: no libcurl here, an address that is none, nobody there, no answer in time, a
 * status of 400 or more.
 */
#ifndef PP_IO_WEBCALL_H
#define PP_IO_WEBCALL_H

#include "host/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* GET, or POST of `body` (JSON) where it is not "". */
int webcall(const char *url, const char *body, int64_t timeout_ms, struct err *e);

/* GET; the answer, at most `limit` bytes (PP_ETOOBIG), is *bytes, freed by the caller. `accept`:
 * the header of that name, NULL = none. Redirects are followed, at most 5,
 * from https only to https. */
int webcall_get(const char *url, const char *accept, size_t limit, int64_t timeout_ms, char **bytes,
    size_t *len, struct err *e);

/* Any method with a body of JSON ("" = none) and our key in its header; whatever the status, the
 * answer is told. For our own API. PP_EINVAL for a method that is no word in capitals, and for
 * control characters in a header. */
struct webcall_request {
    const char *method;
    const char *url;
    const char *key;   /* X-Api-Key */
    const char *actor; /* X-Actor; "" = none */
    const char *body;
    size_t body_len;
};
struct webcall_answer {
    long status;
    char type[64];
    char *bytes; /* freed by the caller */
    size_t len;
};
int webcall_request(const struct webcall_request *r, size_t limit, int64_t timeout_ms,
    struct webcall_answer *out, struct err *e);

#endif
