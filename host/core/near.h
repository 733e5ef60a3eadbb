/* Is a known text in a line that came over a wire without checksums? */
#ifndef PP_CORE_NEAR_H
#define PP_CORE_NEAR_H

#include <stdbool.h>
#include <stddef.h>

#define NEAR_MAX 47 /* longest needle */

/* True if somewhere in the first `len` bytes of `text`, in any case, stands `needle` (lower case,
 * at most NEAR_MAX long) with at most `edits` characters changed, lost or added. */
bool near_in(const char *text, size_t len, const char *needle, unsigned edits);

#endif
