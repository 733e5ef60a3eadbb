#include "host/cmd_analyze.h"

#include "host/api/view.h"
#include "host/base/json.h"

#include <inttypes.h>
#include <stdio.h>

static double mm(int64_t um)
{
    return (double)um / 1000;
}

static void print_size(int64_t bytes)
{
    if (bytes < 1000) {
        printf("%" PRId64 " bytes", bytes);
    } else if (bytes < 1000000) {
        printf("%.1f kB", (double)bytes / 1e3);
    } else {
        printf("%.1f MB", (double)bytes / 1e6);
    }
}

static void print_duration(int64_t ms)
{
    int64_t s = (ms + 500) / 1000;
    if (s >= 86400) {
        printf("%" PRId64 " d ", s / 86400);
    }
    if (s >= 3600) {
        printf("%" PRId64 " h ", s / 3600 % 24);
    }
    if (s >= 60) {
        printf("%" PRId64 " min ", s / 60 % 60);
    }
    printf("%" PRId64 " s", s % 60);
}

static void print_label(const char *label)
{
    printf("  %-9s ", label);
}

static void print_origin(const struct analysis *a)
{
    print_label("slicer");
    printf("%s", a->slicer[0] != '\0' ? a->slicer : "unknown");
    if (a->printer[0] != '\0') {
        printf(", for \"%s\"", a->printer);
    }
    if (a->nozzle_um > 0) {
        printf(", nozzle %g mm", mm(a->nozzle_um));
    }
    putchar('\n');
}

static void print_content(const struct analysis *a)
{
    print_label("content");
    print_size(a->bytes);
    printf(", %" PRId64 " line%s, %" PRId64 " command%s\n", a->lines, a->lines == 1 ? "" : "s",
        a->commands, a->commands == 1 ? "" : "s");
}

static void print_bounds(const struct analysis *a)
{
    if (!a->has_moves) {
        return;
    }
    print_label("bounds");
    for (int i = 0; i < 3; i++) {
        printf("%s%c %g to %g", i > 0 ? ", " : "", "XYZ"[i], mm(a->min_um[i]), mm(a->max_um[i]));
    }
    printf(" mm\n");
    print_label("layers");
    printf("%d", a->layers);
    if (a->layer_height_um > 0) {
        printf(" of %g mm", mm(a->layer_height_um));
    }
    putchar('\n');
}

static void print_filament(const struct analysis *a)
{
    for (int i = 0; i < ANALYSIS_TOOLS; i++) {
        if ((a->tools_used >> i & 1) == 0) {
            continue;
        }
        int64_t mg = analyze_tool_weight_mg(a, i, a->filament_um[i]);
        print_label("filament");
        printf("T%d %.2f m", i, mm(a->filament_um[i]) / 1000);
        if (mg > 0) {
            printf(", %.1f g", (double)mg / 1000);
        }
        const char *type = a->filament[i].type[0] != '\0' ? a->filament[i].type : a->material;
        printf("%s%s\n", type[0] != '\0' ? " " : "", type);
    }
}

static void print_time(const struct analysis *a)
{
    print_label("time");
    print_duration(a->time_ms);
    printf(" without heating");
    if (a->slicer_time_ms >= 0) {
        printf(" (the slicer says ");
        print_duration(a->slicer_time_ms);
        putchar(')');
    }
    putchar('\n');
}

static void print_heat(const struct analysis *a)
{
    const struct {
        const char *name;
        int32_t mc;
    } heaters[] = {
        {"hotend", a->max_tool_mc}, {"bed", a->max_bed_mc}, {"chamber", a->max_chamber_mc}};
    const char *between = "";
    for (size_t i = 0; i < 3; i++) {
        if (heaters[i].mc <= 0) {
            continue;
        }
        if (between[0] == '\0') {
            print_label("heat");
        }
        printf("%s%s %g °C", between, heaters[i].name, heaters[i].mc / 1000.0);
        between = ", ";
    }
    if (between[0] != '\0') {
        putchar('\n');
    }
}

static void print_verdict(const struct examined *x)
{
    print_label("verdict");
    printf("%s", x->preflight.refused ? "refused" : "may be printed");
    if (x->profile != NULL) {
        printf(" on %s%s", x->profile->id, x->by_model ? " (the profile of its model)" : "");
    } else if (!x->preflight.refused) {
        printf(", but not checked against a printer (-p PROFILE does)");
    }
    putchar('\n');
    for (size_t i = 0; i < x->preflight.count; i++) {
        const struct finding *f = &x->preflight.finding[i];
        print_label("");
        printf("%s: %s\n", f->fatal ? "error" : "warning", f->text);
    }
}

void examined_print(const struct examined *x)
{
    const struct analysis *a = &x->analysis;
    printf("%s\n", x->path);
    print_content(a);
    print_origin(a);
    print_bounds(a);
    print_filament(a);
    print_time(a);
    print_heat(a);
    print_verdict(x);
}

static json_t *weights(const struct analysis *a)
{
    json_t *all = json_object();
    char name[8] = "tool0";
    for (int i = 0; i < ANALYSIS_TOOLS; i++) {
        if ((a->tools_used >> i & 1) != 0) {
            int64_t mg = analyze_tool_weight_mg(a, i, a->filament_um[i]);
            name[4] = (char)('0' + i);
            json_object_set_new(
                all, name, mg > 0 ? json_number((double)mg / 1000, 3) : json_null());
        }
    }
    return all;
}

static json_t *findings(const struct preflight *p)
{
    json_t *all = json_array();
    for (size_t i = 0; i < p->count; i++) {
        const struct finding *f = &p->finding[i];
        json_array_append_new(
            all, json_pack("{s:b, s:o}", "fatal", f->fatal, "text", json_text(f->text)));
    }
    return all;
}

json_t *examined_json(const struct examined *x)
{
    json_t *analysis = view_analysis(&x->analysis);
    json_object_set_new(analysis, "filament_g", weights(&x->analysis));
    return json_pack("{s:o, s:I, s:o, s:o, s:{s:b, s:o}}", "file", json_text(x->path), "size_bytes",
        (json_int_t)x->analysis.bytes, "analysis", analysis, "profile",
        json_text(x->profile != NULL ? x->profile->id : NULL), "preflight", "refused",
        x->preflight.refused, "findings", findings(&x->preflight));
}
