/* The firmware's line reader: characters in, lines with checked numbers and checksums out.
 *
 * Happy path: line_feed() gets characters until a line is complete and right: LINE_COMMAND, its
 * text in `text`. Failures: a wrong number or checksum (the caller reports, empties the receive
 * ring and asks again), a repeated number (depends on the firmware). Comments are dropped, and what
 * does not fit into the buffer is dropped without a word.
 */
#ifndef PPV_LINE_H
#define PPV_LINE_H

#include "tools/ppvirtual/firmware.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_TEXT_MAX 1024

enum line_verdict {
    LINE_MORE, /* not complete yet */
    LINE_EMPTY,
    LINE_COMMAND,
    LINE_REPEATED, /* met with silence */
    LINE_SKIPPED,  /* repeated and acknowledged: skip N */
    LINE_BAD_SUM,
    LINE_BAD_NUMBER,
    LINE_NO_SUM,
    LINE_NO_NUMBER,
};

struct line_reader {
    const struct firmware *fw; /* borrowed, const table */
    int64_t last_number;
    int64_t last_before;      /* last_number before the line just accepted, to take it back */
    int64_t number_mask;      /* a counter of fewer bits: its mask; 0 = none */
    bool numbered_only;       /* a line without a number is an error */
    char text[LINE_TEXT_MAX]; /* the line so far; complete and NUL-terminated at a verdict */
    size_t len;
    bool escape;
    bool comment;
    bool cut;       /* the line was longer than the firmware's buffer */
    int want_sum;   /* the right checksum after LINE_BAD_SUM */
    int64_t number; /* of this line, -1 if none */
};

void line_init(struct line_reader *r, const struct firmware *fw);
enum line_verdict line_feed(struct line_reader *r, char c);

/* Takes the number of the line just accepted back: it has not been read. */
void line_unread(struct line_reader *r);

/* Forgets the line that is half read. */
void line_abandon(struct line_reader *r);

/* The number the firmware wants next. */
int64_t line_expected(const struct line_reader *r);

/* What stands behind the number and the blanks of a line, or of its beginning. */
const char *line_behind_number(const char *text);

/* The number a line in the queue came with; -1 = none. */
int64_t line_number_of(const char *text);

/* The part of a complete line that is the command: no number, checksum, surrounding blanks. Copies
 * it to `out` and returns its length. */
size_t line_command(const struct firmware *fw, const char *text, char *out, size_t out_size);

#endif
