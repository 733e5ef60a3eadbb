/* Text: a growing buffer, bounded copies, strict number parsing, and escaping of foreign bytes. */
#ifndef PP_BASE_STR_H
#define PP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing byte buffer, always NUL-terminated once used. Zero-initialise; strbuf_fini() frees. */
struct strbuf {
    char *data; /* owned; NULL while empty */
    size_t len;
    size_t cap;
};

void strbuf_add(struct strbuf *b, const void *bytes, size_t len);
void strbuf_puts(struct strbuf *b, const char *text);
void strbuf_printf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_fini(struct strbuf *b);

/* The text so far ("" while empty); owned by the buffer. */
const char *strbuf_text(const struct strbuf *b);

/* Copies `len` bytes and a NUL into dst, cutting what does not fit; true if all fitted. */
bool str_copy(char *dst, size_t dst_size, const char *src, size_t len);

/* Copies foreign text so that it is safe to print: control characters and invalid UTF-8 become
 * \xNN; cut when longer than dst. Returns dst. */
char *str_escape(char *dst, size_t dst_size, const char *src, size_t len);

/* True if the whole text is a decimal integer from min to max; sets *out. No sign but '-', no
 * blanks, no octal: "0115200" is 115200. */
bool str_to_int(const char *text, int64_t min, int64_t max, int64_t *out);

/* True if the whole text is a finite decimal number (`-12.5`); sets *out. Ignores the locale. */
bool str_to_double(const char *text, double *out);

/* True if `text` begins with `prefix`. */
bool str_starts(const char *text, const char *prefix);

/* The closest of `count` words by edit distance, for "did you mean"; NULL if none is near. */
const char *str_suggest(const char *word, const char *const *words, size_t count);

#endif
