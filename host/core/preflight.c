/* The pre-flight checks: one function a question, each adding what it found.
 *
 * Happy path: nothing is found. What could hurt the printer or would waste the print is fatal; what
 * the firmware itself prevents or ignores is a warning. Past PREFLIGHT_MAX findings only `refused`
 * is kept right.
 */
#include "host/core/preflight.h"

#include "host/core/match.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slicers' Z offsets may ask for this much below the bed; no margin for purging reaches there. */
#define BELOW_BED_UM 500

/* A round bed whose centre is this near to X0 Y0 is measured by radius. */
#define CENTRED_UM 1000

static const char axis_letter[] = "XYZ";

__attribute__((format(printf, 3, 4))) static void add(
    struct preflight *out, bool fatal, const char *fmt, ...)
{
    out->refused = out->refused || fatal;
    if (out->count == PREFLIGHT_MAX) {
        return;
    }
    struct finding *f = &out->finding[out->count++];
    f->fatal = fatal;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->text, sizeof f->text, fmt, ap);
    va_end(ap);
}

/* Thousandths as a decimal number without needless zeros: "231.2", "-0.05", "220". */
struct decimal {
    char text[32];
};

static struct decimal decimal(int64_t thousandths)
{
    struct decimal d;
    int64_t whole = llabs(thousandths) / 1000;
    int part = (int)(llabs(thousandths) % 1000);
    const char *sign = thousandths < 0 ? "-" : "";
    if (part == 0) {
        snprintf(d.text, sizeof d.text, "%s%" PRId64, sign, whole);
        return d;
    }
    int n = snprintf(d.text, sizeof d.text, "%s%" PRId64 ".%03d", sign, whole, part);
    while (d.text[n - 1] == '0') {
        d.text[--n] = '\0';
    }
    return d;
}

static void check_content(const struct analysis *a, struct preflight *out)
{
    if (a->binary_line_no > 0) {
        add(out, true,
            "line %" PRId64
            ": binary bytes or control characters: G-code must be plain text (a .bgcode "
            "file must be exported again as .gcode)",
            a->binary_line_no);
    } else if (a->commands == 0) {
        add(out, true, "%s", a->bytes == 0 ? "the file is empty" : "the file has no commands");
    } else if (!a->has_moves) {
        add(out, true, "no move extrudes anything: this is not a print");
    }
}

static void check_placeholder(const struct analysis *a, struct preflight *out)
{
    if (a->placeholder_line_no > 0) {
        add(out, true,
            "line %" PRId64 ": \"%s\": the slicer should have put a value here; correct its custom "
            "G-code and slice again",
            a->placeholder_line_no, a->placeholder);
    }
}

/* One side of one axis. */
static void report_side(struct preflight *out, bool fatal, const char *what, int axis,
    int64_t value_um, int64_t limit_um, int64_t line)
{
    char letter = axis_letter[axis];
    add(out, fatal, "line %" PRId64 ": %s at %c %s mm: the build volume %s at %c %s mm", line, what,
        letter, decimal(value_um).text, value_um < limit_um ? "begins" : "ends", letter,
        decimal(limit_um).text);
}

static int64_t margin_below(const struct limits *l, int axis)
{
    return axis == 2 ? BELOW_BED_UM : l->margin_um;
}

static void check_extrusion(const struct analysis *a, const struct limits *l, struct preflight *out)
{
    for (int i = 0; i < 3 && a->has_moves; i++) {
        int64_t margin_above = i == 2 ? 0 : l->margin_um;
        if (a->min_um[i] < l->min_um[i] - margin_below(l, i)) {
            report_side(out, true, "extrudes", i, a->min_um[i], l->min_um[i], a->min_line[i]);
        }
        if (a->max_um[i] > l->max_um[i] + margin_above) {
            report_side(out, true, "extrudes", i, a->max_um[i], l->max_um[i], a->max_line[i]);
        }
    }
}

static void check_round(const struct analysis *a, const struct limits *l, struct preflight *out)
{
    int64_t centre_x = (l->min_um[0] + l->max_um[0]) / 2;
    int64_t centre_y = (l->min_um[1] + l->max_um[1]) / 2;
    int64_t radius = (l->max_um[0] - l->min_um[0]) / 2;
    bool centred = llabs(centre_x) < CENTRED_UM && llabs(centre_y) < CENTRED_UM;
    if (l->round && centred && a->has_moves && a->radius_um > radius + l->margin_um) {
        add(out, true, "extrudes %s mm from the centre: the round bed's radius is %s mm",
            decimal(a->radius_um).text, decimal(radius).text);
    }
}

/* Moves that extrude nothing. Upwards there is nothing to hit before the firmware's own limit. */
static void check_travel(const struct analysis *a, const struct limits *l, struct preflight *out)
{
    for (int i = 0; i < 3 && a->has_travel; i++) {
        if (a->travel_min_um[i] < l->min_um[i] - margin_below(l, i)) {
            report_side(
                out, true, "moves", i, a->travel_min_um[i], l->min_um[i], a->travel_min_line[i]);
        }
        if (a->travel_max_um[i] > l->max_um[i] + l->margin_um) {
            report_side(
                out, i != 2, "moves", i, a->travel_max_um[i], l->max_um[i], a->travel_max_line[i]);
        }
    }
}

static void check_heat(const struct analysis *a, const struct limits *l, struct preflight *out)
{
    if (a->max_tool_mc > l->max_tool_mc) {
        add(out, true, "hotend at %s °C: this printer's limit is %s °C",
            decimal(a->max_tool_mc).text, decimal(l->max_tool_mc).text);
    }
    if (a->max_bed_mc > 0 && l->max_bed_mc == 0) {
        add(out, true, "bed at %s °C: this printer has no heated bed", decimal(a->max_bed_mc).text);
    } else if (a->max_bed_mc > l->max_bed_mc && a->max_bed_mc > 0) {
        add(out, true, "bed at %s °C: this printer's limit is %s °C", decimal(a->max_bed_mc).text,
            decimal(l->max_bed_mc).text);
    }
    if (a->max_chamber_mc > 0 && l->max_chamber_mc == 0) {
        add(out, false, "chamber at %s °C: this printer has no heated chamber",
            decimal(a->max_chamber_mc).text);
    } else if (a->max_chamber_mc > l->max_chamber_mc && a->max_chamber_mc > 0) {
        add(out, true, "chamber at %s °C: this printer's limit is %s °C",
            decimal(a->max_chamber_mc).text, decimal(l->max_chamber_mc).text);
    }
    if (a->max_tool_mc <= 0 && a->has_moves) {
        add(out, false, "no hotend temperature is set: cold firmware extrudes nothing");
    }
}

static void check_tools(const struct analysis *a, const struct limits *l, struct preflight *out)
{
    int highest = -1;
    for (int i = 0; i < 32; i++) {
        highest = (a->tools_used & (UINT32_C(1) << i)) != 0 ? i : highest;
    }
    if (l->tools > 0 && highest >= l->tools) {
        add(out, true, "extrudes with tool T%d: this printer has %d tool%s", highest, l->tools,
            l->tools == 1 ? "" : "s");
    }
}

static void check_lines(const struct analysis *a, const struct limits *l, struct preflight *out)
{
    if (l->max_line > 0 && a->longest_line > (int64_t)l->max_line) {
        add(out, true,
            "line %" PRId64 ": a command of %" PRId64 " bytes: this printer reads at most %zu",
            a->longest_line_no, a->longest_line, l->max_line);
    }
    if (l->max_line > 0 && a->longest_display > (int64_t)l->max_line) {
        add(out, false,
            "line %" PRId64 ": a display text of %" PRId64 " bytes will be cut: this printer reads "
            "at most %zu",
            a->longest_display_no, a->longest_display, l->max_line);
    }
}

static void check_model(const struct analysis *a, const struct limits *l, struct preflight *out)
{
    if (a->printer[0] == '\0' || l->models[0] == NULL) {
        return;
    }
    struct match_candidate own = {"", l->models[0], l->models};
    if (match_model(a->printer, &own, 1, NULL) == 0) {
        return;
    }
    add(out, a->printer_exact, "sliced for \"%s\": this printer is \"%s\"%s", a->printer,
        l->models[0],
        a->printer_exact ? " (if that fits too, add the name to the profile's models)" : "");
}

static void check_homing(const struct analysis *a, struct preflight *out)
{
    if (a->relative_xyz_before_home) {
        add(out, false, "moves before any G28 or G92: where the head is by then is not known");
    }
}

void preflight_check(const struct analysis *a, const struct limits *l, struct preflight *out)
{
    memset(out, 0, sizeof *out);
    check_content(a, out);
    check_placeholder(a, out);
    size_t before = out->count;
    check_extrusion(a, l, out);
    if (out->count == before) { /* else the same would be said twice */
        check_round(a, l, out);
        check_travel(a, l, out);
    }
    check_heat(a, l, out);
    check_tools(a, l, out);
    check_lines(a, l, out);
    check_model(a, l, out);
    check_homing(a, out);
}
