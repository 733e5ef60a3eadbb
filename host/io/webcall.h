/* One call of a web address: what a script's @http does. Blocks, so it is for the thread pool.
 *
 * libcurl is loaded at the first call, for few hosts ever make one. Nothing of the answer is kept
 * but its status; redirects are not followed, and only http and https are spoken.
 *
 * Failure modes: no libcurl here, an address that is none, nobody there, no answer in time, a
 * status of 400 or more.
 */
#ifndef PP_IO_WEBCALL_H
#define PP_IO_WEBCALL_H

#include "host/base/err.h"

#include <stdint.h>

/* GET, or POST of `body` (JSON) where it is not "". */
int webcall(const char *url, const char *body, int64_t timeout_ms, struct err *e);

#endif
