// link: ppcore ppvirtual_model
/* Packed lines: what the printer sends as answers, what the virtual printer unpacks of any bytes,
 * and that a line comes out as it went in whatever the unpacker was fed before it was reset.
 *
 * The first byte says how much of the input is fed before; the rest is the line.
 */
#include "host/core/line.h"
#include "host/core/meatpack.h"
#include "host/core/xonxoff.h"
#include "tools/ppvirtual/meatpack.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t unpack(struct meatpack *p, const char *bytes, size_t len, char *out)
{
    size_t at = 0;
    bool reports;
    for (size_t i = 0; i < len; i++) {
        size_t n = meatpack_feed(p, bytes[i], out + at, &reports);
        assert(n <= MEATPACK_CHARS && p->full <= 2 && p->signs <= 1);
        assert(!reports || n == 0);
        at += n;
    }
    return at;
}

static void check_round_trip(struct meatpack *p, const char *text, size_t len)
{
    char line[LINE_MAX_OUT];
    char bytes[MEATPACK_MAX(LINE_MAX_OUT)];
    char out[sizeof bytes * MEATPACK_CHARS];
    const char *newline = memchr(text, '\n', len);
    len = newline != NULL ? (size_t)(newline - text) : len;
    len = len < LINE_MAX_CMD ? len : LINE_MAX_CMD;
    size_t total = line_format(line, 7, text, len);
    size_t size = meatpack_pack(bytes, line, total);
    assert(size == meatpack_size(line, total) && size <= MEATPACK_MAX(total));
    assert(memmem(bytes, size, "\xff\xff", 2) == NULL);
    assert(unpack(p, meatpack_order(MEATPACK_RESET), MEATPACK_ORDER, out) == 0 && !p->on);
    assert(unpack(p, meatpack_order(MEATPACK_PLAIN_BLANKS), MEATPACK_ORDER, out) == 0);
    assert(unpack(p, meatpack_order(MEATPACK_ON), MEATPACK_ORDER, out) == 0 && p->on);
    assert(unpack(p, bytes, size, out) == total && memcmp(out, line, total) == 0);
}

static void check_answer(const char *text, size_t len)
{
    struct meatpack_report r;
    struct xonxoff x = {.obey = true};
    char *line = malloc(len + 1);
    memcpy(line, text, len);
    line[len] = '\0';
    meatpack_report(&r, line);
    size_t left = xonxoff_take(&x, 1, line, len);
    assert(left <= len && memchr(line, 0x11, left) == NULL && memchr(line, 0x13, left) == NULL);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct meatpack p = {0};
    const char *bytes = (const char *)data + 1;
    if (size < 2) {
        return 0;
    }
    size_t before = data[0] < size - 1 ? data[0] : size - 1;
    char *out = malloc(before * MEATPACK_CHARS + 1);
    unpack(&p, bytes, before, out);
    free(out);
    check_round_trip(&p, bytes + before, size - 1 - before);
    check_answer(bytes, size - 1);
    return 0;
}
