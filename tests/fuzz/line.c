/* The line codec: what is encoded decodes to the same, and how the bytes arrive does not matter. */
#include "host/core/line.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a printer reads it: the last '*' ends what the checksum covers. */
static void check_encoding(uint64_t n, const char *command, size_t len)
{
    char out[LINE_MAX_OUT];
    char number[24];
    unsigned char sum = 0;
    size_t total = line_format(out, n, command, len);
    assert(total <= LINE_MAX_OUT && total <= len + line_overhead(n) && out[total - 1] == '\n');
    const char *star = memrchr(out, '*', total);
    int digits = snprintf(number, sizeof number, "N%llu ", (unsigned long long)n);
    assert(star != NULL && memcmp(out, number, (size_t)digits) == 0);
    assert((size_t)(star - out) == (size_t)digits + len);
    for (size_t i = 0; i < len; i++) {
        assert(out[(size_t)digits + i] == (command[i] != '\xff' ? command[i] : '?'));
    }
    for (const char *p = out; p < star; p++) {
        sum ^= (unsigned char)*p;
    }
    assert(strtoul(star + 1, NULL, 10) == sum);
}

/* Lines and their ends as one text, the bytes given `piece` at a time. */
static size_t decode(const char *bytes, size_t size, size_t piece, char *out)
{
    struct line_split split = {.len = 0};
    size_t at = 0;
    while (size > 0) {
        size_t left = piece < size ? piece : size;
        const char *line;
        size_t len;
        size -= left;
        while (line_next(&split, &bytes, &left, &line, &len)) {
            assert(len <= LINE_MAX_IN && strlen(line) == len);
            memcpy(out + at, line, len);
            at += len;
            out[at++] = '\n';
        }
        assert(left == 0);
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    uint64_t n = 0;
    if (size < sizeof n + 1) {
        return 0;
    }
    memcpy(&n, data, sizeof n);
    size_t len = size - sizeof n;
    check_encoding(n >> (n & 63), bytes + sizeof n, len < LINE_MAX_CMD ? len : LINE_MAX_CMD);
    char *whole = malloc(size + 1);
    char *cut = malloc(size + 1);
    size_t whole_len = decode(bytes, size, size, whole);
    size_t cut_len = decode(bytes, size, 1 + data[0] % 7, cut);
    assert(whole_len == cut_len && memcmp(whole, cut, whole_len) == 0);
    free(whole);
    free(cut);
    return 0;
}
