/* What another host told of its printer, as far as it may be shown: foreign bytes in, known fields
 * of known kinds and sizes out. Pure.
 *
 * Failure modes: what is no JSON, or of another kind than it should be, is told as null (flags:
 * false, temperatures: none).
 */
#ifndef PP_APP_NETWORK_NETWORK_TOLD_H
#define PP_APP_NETWORK_NETWORK_TOLD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_HEATERS_MAX 16

/* {profile, state, doing, job, file, queue: text; progress, eta_ms, files, api_port: number;
 * managing, needs_person; temperatures: {NAME: {actual, target}}}; `bytes` may be NULL. */
json_t *network_told(const uint8_t *bytes, size_t len);

#endif
