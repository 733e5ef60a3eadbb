/* Foreign files: tokeniser, modal state, analyser and pre-flight, fed whole and in two pieces. */
#include "host/core/analyze.h"
#include "host/core/gcode.h"
#include "host/core/preflight.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lines(const char *bytes, size_t size)
{
    struct gcode_modal m;
    gcode_modal_init(&m);
    while (size > 0) {
        const char *newline = memchr(bytes, '\n', size);
        size_t n = newline != NULL ? (size_t)(newline - bytes) : size;
        struct gcode g;
        gcode_parse(&g, bytes, n);
        assert(g.len <= n && (g.letter != 0 || g.len == 0) && (g.valued & ~g.has) == 0);
        gcode_modal_step(&m, &g);
        size_t taken = newline != NULL ? n + 1 : n;
        bytes += taken;
        size -= taken;
    }
}

static void analyze(struct analysis *out, const char *bytes, size_t size, size_t cut)
{
    struct analyzer *a = analyze_new(NULL);
    analyze_feed(a, bytes, cut);
    analyze_feed(a, bytes + cut, size - cut);
    memset(out, 0, sizeof *out);
    analyze_finish(a, out);
    analyze_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct limits limits = {.max_um = {220000, 220000, 250000},
        .tools = 1,
        .max_tool_mc = 275000,
        .max_line = 90,
        .models = {"Virtual", "Creality Ender-3 V2", "2+"}};
    const char *bytes = (const char *)data;
    struct analysis whole;
    struct analysis cut;
    struct preflight found;
    lines(bytes, size);
    analyze(&whole, bytes, size, size);
    analyze(&cut, bytes, size, size > 0 ? data[0] % size : 0);
    assert(memcmp(&whole, &cut, sizeof whole) == 0);
    assert(whole.time_ms >= 0 && whole.commands <= whole.lines);
    preflight_check(&whole, &limits, &found);
    assert(found.count <= PREFLIGHT_MAX);
    return 0;
}
