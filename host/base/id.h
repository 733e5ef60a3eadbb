/* Identifiers: UUIDv7 (RFC 9562), the time in front so that they sort by age.
 *
 * Needs no state: 48 bits of milliseconds, 74 random bits. There is nothing that can fail.
 */
#ifndef PP_BASE_ID_H
#define PP_BASE_ID_H

#include <stdint.h>

#define ID_SIZE 37 /* 36 characters and a NUL */

/* A fresh id for a thing made at wall_ms (UTC; a time before 1970 counts as 1970). */
void id_new(char out[static ID_SIZE], int64_t wall_ms);

/* The same from given random bytes. */
void id_format(char out[static ID_SIZE], int64_t wall_ms, const uint8_t random[static 10]);

#endif
