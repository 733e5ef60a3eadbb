/* Text for people: durations, sizes, counts, clock times, and text cut to a number of columns.
 *
 * Pure but for the time zone. Foreign text goes through text_foreign() before it is shown.
 */
#ifndef PP_PPCTL_TEXT_H
#define PP_PPCTL_TEXT_H

#include "host/base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_SIZE 64 /* enough for any of the numbers below */

/* "0:41:12"; negative is "-:--:--". Returns out. */
const char *text_hms(char out[static TEXT_SIZE], int64_t ms);

/* "12 s", "4 min 05 s", "1 h 12 min", "2 d 3 h". Returns out. */
const char *text_duration(char out[static TEXT_SIZE], int64_t ms);

/* "812 B", "2.4 MB" (powers of 1000). Returns out. */
const char *text_size(char out[static TEXT_SIZE], int64_t bytes);

/* "52,113". Returns out. */
const char *text_count(char out[static TEXT_SIZE], int64_t n);

/* "15:42", "Sat 15:42" on another day of the next six, else "2026-11-20 15:42". Returns out. */
const char *text_clock(char out[static TEXT_SIZE], int64_t wall_ms, int64_t now_ms);

/* "2026-11-20 15:42:07" in local time. Returns out. */
const char *text_date(char out[static TEXT_SIZE], int64_t wall_ms);

/* Columns that valid UTF-8 takes on a terminal. */
int text_columns(const char *text);

/* Appends at most `columns` columns of valid UTF-8; what is cut is marked by "..". */
void text_cut(struct strbuf *out, const char *text, int columns);

/* Appends text in lines of at most `columns` columns, broken at blanks where there are any, each
 * ended by a newline; all but the first begin with `indent` spaces, which the first is taken to
 * have already. */
void text_wrap(struct strbuf *out, const char *text, int indent, int columns);

/* Appends spaces until what was appended since `from` (an earlier out->len) fills `columns`. */
void text_pad(struct strbuf *out, size_t from, int columns);

/* A foreign text as a column of a table: safe, cut, padded. */
void text_cell(struct strbuf *out, const char *foreign, int columns);

/* Appends foreign text made safe to show. */
void text_foreign(struct strbuf *out, const char *text);

/* ---- fields of a document from the host; absent, null or of another type = the default ----------
 */

/* A string field; "" by default. Borrowed from the document. */
const char *field_text(const json_t *object, const char *name);

/* A number rounded to an integer; the default for one beyond 9e15 either way, so that sums of a few
 * of them cannot overflow. */
int64_t field_int(const json_t *object, const char *name, int64_t otherwise);

double field_real(const json_t *object, const char *name, double otherwise);
/* The field "percent" as a whole number from 0 to 100. */
int field_percent(const json_t *object);

bool field_true(const json_t *object, const char *name);

/* An object or array field, NULL by default. Borrowed. */
json_t *field_node(const json_t *object, const char *name);

#endif
