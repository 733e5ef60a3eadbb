#include "host/core/line.h"

#include <assert.h>
#include <string.h>

static size_t put_number(char *out, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < n; i++) {
        out[i] = digits[n - 1 - i];
    }
    return n;
}

size_t line_format(char *out, uint64_t n, const char *command, size_t len)
{
    unsigned char sum = 0;
    size_t at = 0;
    assert(len <= LINE_MAX_CMD);
    out[at++] = 'N';
    at += put_number(out + at, n);
    out[at++] = ' ';
    for (size_t i = 0; i < len; i++) {
        out[at++] = (unsigned char)command[i] != 0xff ? command[i] : '?';
    }
    for (size_t i = 0; i < at; i++) {
        sum ^= (unsigned char)out[i];
    }
    out[at++] = '*';
    at += put_number(out + at, sum);
    out[at++] = '\n';
    return at;
}

bool line_is_command(const char *text, size_t len)
{
    return len > 0 && len <= LINE_MAX_CMD && memchr(text, '\n', len) == NULL &&
           memchr(text, '\r', len) == NULL && memchr(text, '\0', len) == NULL;
}

size_t line_overhead(uint64_t n)
{
    size_t digits = 1;
    for (; n >= 10; n /= 10) {
        digits++;
    }
    return strlen("N *255\n") + digits;
}

/* Adds what fits of a piece without newline, dropping NUL and CR. */
static void append(struct line_split *s, const char *piece, size_t len)
{
    for (size_t i = 0; i < len && s->len < LINE_MAX_IN; i++) {
        if (piece[i] != '\0' && piece[i] != '\r') {
            s->line[s->len++] = piece[i];
        }
    }
}

bool line_next(
    struct line_split *s, const char **bytes, size_t *left, const char **line, size_t *len)
{
    const char *newline = memchr(*bytes, '\n', *left);
    size_t taken = newline != NULL ? (size_t)(newline - *bytes) : *left;
    append(s, *bytes, taken);
    *bytes += taken;
    *left -= taken;
    if (newline == NULL) {
        return false;
    }
    *bytes += 1;
    *left -= 1;
    s->line[s->len] = '\0';
    *line = s->line;
    *len = s->len;
    s->len = 0;
    return true;
}
