/* Bytes from a serial port, whatever is behind it: lines, replies, temperatures. */
#include "host/core/line.h"
#include "host/core/reply.h"
#include "host/core/temp.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const char *line, size_t len)
{
    struct reply r;
    reply_parse(&r, line, len);
    assert(r.kind <= REPLY_ACTION);
    assert(r.n >= -1 && r.n < INT64_C(1000000000000000));
    assert(r.planner_free >= -1 && r.planner_free < 1000);
    assert(r.buffer_free >= -1 && r.buffer_free < 1000);
    assert(r.text >= line && r.text <= line + len);
}

static void check_temps(const char *line, int active)
{
    struct temp_report t;
    bool found = false;
    if (!temp_parse(&t, line, active)) {
        return;
    }
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        assert(t.actual_mc[i] == TEMP_NONE ||
               (t.actual_mc[i] > -1000000000 && t.actual_mc[i] < 1000000000));
        assert(t.target_mc[i] == TEMP_NONE ||
               (t.target_mc[i] > -1000000000 && t.target_mc[i] < 1000000000));
        found = found || t.actual_mc[i] != TEMP_NONE || t.target_mc[i] != TEMP_NONE;
    }
    assert(found && temp_is_report(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_split split = {.len = 0};
    const char *bytes = (const char *)data;
    const char *line;
    size_t len;
    while (line_next(&split, &bytes, &size, &line, &len)) {
        assert(len <= LINE_MAX_IN && strlen(line) == len);
        check_reply(line, len);
        check_temps(line, 0);
        check_temps(line, (int)(len % 11) - 1);
    }
    return 0;
}
