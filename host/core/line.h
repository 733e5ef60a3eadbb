/* The line codec of the RepRap serial protocol: numbered, checksummed lines out, split lines in.
 *
 * Out: `N<n> <command>*<checksum>\n`, checksum = XOR of every byte before the '*' (RepRap wiki,
 * Marlin). In: bytes in any pieces become lines; NULs and CRs are dropped, a line is cut at
 * LINE_MAX and its rest thrown away, so that garbage at a wrong baud rate stays bounded.
 */
#ifndef PP_CORE_LINE_H
#define PP_CORE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MAX_IN  512 /* longest line kept from the printer */
#define LINE_MAX_CMD 240 /* longest command sent, without N and checksum */
#define LINE_MAX_OUT (LINE_MAX_CMD + 32)

/* Writes the numbered line into `out` (LINE_MAX_OUT bytes at least); returns its length with the
 * newline. `len` is at most LINE_MAX_CMD. A byte 0xff, which no text in UTF-8 has, becomes '?': two
 * of them are an order to some firmwares (meatpack.h). */
size_t line_format(char *out, uint64_t n, const char *command, size_t len);

/* True if `text` may be sent as one line: not empty, not too long, no line end inside (it would be
 * a second, unchecked command). */
bool line_is_command(const char *text, size_t len);

/* Bytes that N and checksum add to a command with this line number, newline included. */
size_t line_overhead(uint64_t n);

/* Received bytes on their way to being lines. Zero-initialise. */
struct line_split {
    char line[LINE_MAX_IN + 1];
    size_t len;
};

/* Takes bytes from *bytes until a line is complete or they end. On a complete line returns true
 * with the NUL-terminated line (valid until the next call) and its length; call again for the rest.
 */
bool line_next(
    struct line_split *s, const char **bytes, size_t *left, const char **line, size_t *len);

#endif
