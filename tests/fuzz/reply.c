/* Bytes from a serial port, whatever is behind it: lines, replies, temperatures and what the
 * thermal watch makes of them. */
#include "host/core/line.h"
#include "host/core/reply.h"
#include "host/core/temp.h"
#include "host/core/thermal.h"

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
    assert((found || t.unreadable != 0) && temp_is_report(line));
}

/* One report a second, or with a long gap, and the clock in between. */
static void check_watch(struct thermal *t, uint64_t *now_ms, const char *line)
{
    struct temp_report r;
    struct thermal_context c = {.max_mc = {300000, 120000, 80000}, .printing = true};
    *now_ms += line[0] == ' ' ? 100000 : 1000;
    bool found = temp_parse(&r, line, 0);
    struct thermal_verdict v = thermal_step(t, *now_ms, found ? &r : NULL, &c);
    assert(v.fault <= THERMAL_DISOBEYED && v.heater >= -1 && v.heater < TEMP_HEATERS);
    assert((v.fault == THERMAL_FINE) == (v.text[0] == '\0'));
    assert(t->off_ms == 0 || v.fault == THERMAL_FINE || v.fault == THERMAL_DISOBEYED);
    if (v.ask) {
        thermal_asked(t);
    }
    if (v.fault != THERMAL_FINE) {
        thermal_off(t, *now_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct thermal thermal;
    uint64_t now_ms = 1000000;
    struct line_split split = {.len = 0};
    const char *bytes = (const char *)data;
    const char *line;
    size_t len;
    thermal_init(&thermal, NULL);
    while (line_next(&split, &bytes, &size, &line, &len)) {
        assert(len <= LINE_MAX_IN && strlen(line) == len);
        check_reply(line, len);
        check_temps(line, 0);
        check_temps(line, (int)(len % 11) - 1);
        check_watch(&thermal, &now_ms, line);
    }
    return 0;
}
