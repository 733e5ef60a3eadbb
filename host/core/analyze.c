/* The analyser: lines out of any pieces of bytes, each parsed once, its effect added up.
 *
 * Happy path: a whole line inside the piece fed is used where it stands; only one cut by the
 * piece's end is copied. A comment line goes to the table of comments, a command to the modal state
 * and, when it moves, to bounds, layers, filament and the planner. Failure modes: none; numbers
 * saturate.
 */
#include "host/core/analyze.h"

#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/analyze_comments.h"
#include "host/core/analyze_extent.h"
#include "host/core/analyze_layers.h"
#include "host/core/analyze_time.h"
#include "host/core/gcode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 16384
#define FEED_DEFAULT   25.0 /* mm/s: Marlin's, before any F */
#define FILAMENT_MAX   (INT64_MAX / 4)
#define HIGHEST_TOOL   31

enum {
    X,
    Y,
    Z,
    E
};

struct analyzer {
    struct analysis r;
    struct gcode_modal modal;
    struct lookahead planner;
    struct comments comments;
    struct layers layers;

    struct extent extent;
    bool placed;                              /* G28 or G92 has been seen */
    int64_t filament_nm[ANALYSIS_TOOLS];      /* net so far */
    int64_t filament_most_nm[ANALYSIS_TOOLS]; /* and its highest */
    double retract_mm;                        /* M207: what G10 and G11 move */
    double retract_mm_s;

    char *line; /* owned: the beginning of a line cut by the piece's end */
    size_t line_len;
    bool line_open;
};

struct analyzer *analyze_new(const struct kinematics *k)
{
    struct analyzer *a = mem_alloc(sizeof *a);
    a->line = mem_alloc(LINE_MAX_BYTES);
    a->r.slicer_time_ms = -1;
    a->r.max_tool_mc = INT32_MIN;
    a->r.max_bed_mc = INT32_MIN;
    a->r.max_chamber_mc = INT32_MIN;
    a->retract_mm = 3;
    a->retract_mm_s = 45;
    gcode_modal_init(&a->modal);
    lookahead_init(&a->planner, k);
    comments_init(&a->comments);
    return a;
}

void analyze_free(struct analyzer *a)
{
    if (a != NULL) {
        free(a->line);
        free(a);
    }
}

static void note_filament(struct analyzer *a, int64_t nm)
{
    int tool = a->modal.tool < HIGHEST_TOOL ? a->modal.tool : HIGHEST_TOOL;
    if (nm > 0) {
        a->r.tools_used |= UINT32_C(1) << tool;
    }
    if (tool >= ANALYSIS_TOOLS) {
        return;
    }
    int64_t net = a->filament_nm[tool] + nm;
    net = net > FILAMENT_MAX ? FILAMENT_MAX : net < -FILAMENT_MAX ? -FILAMENT_MAX : net;
    a->filament_nm[tool] = net;
    if (net > a->filament_most_nm[tool]) {
        a->filament_most_nm[tool] = net;
    }
}

static double feed_mm_s(const struct analyzer *a)
{
    double feed = a->modal.feed > 0 ? (double)a->modal.feed / 60e6 : FEED_DEFAULT;
    return feed * a->modal.speed_percent / 100;
}

static void plan(struct analyzer *a, const double delta[4], const struct arc *arc)
{
    struct motion m = {.feed_mm_s = feed_mm_s(a)};
    memcpy(m.delta_mm, delta, sizeof m.delta_mm);
    double flat_sqr = delta[X] * delta[X] + delta[Y] * delta[Y];
    if (arc != NULL) {
        flat_sqr = arc->length_mm * arc->length_mm;
        m.radius_mm = arc->radius_mm;
        memcpy(m.tangent_in, arc->tangent_in, sizeof m.tangent_in);
        memcpy(m.tangent_out, arc->tangent_out, sizeof m.tangent_out);
    }
    m.length_mm = sqrt(flat_sqr + delta[Z] * delta[Z]);
    lookahead_move(&a->planner, &m);
}

static void extruded(
    struct analyzer *a, const struct box *b, const int64_t from[3], const int64_t to[3])
{
    extent_extrude(&a->extent, b, from, to, a->r.lines);
    if (to[X] != from[X] || to[Y] != from[Y]) {
        layers_extrude(&a->layers, from[Z] / 1000, to[Z] / 1000);
    }
}

/* G0 to G3: `from` is where the tool was, the modal state already says where it goes. */
static void moved(struct analyzer *a, const struct gcode *g, const int64_t from[4])
{
    const int64_t *to = a->modal.pos;
    struct arc arc;
    bool is_arc =
        (g->number == 2 || g->number == 3) && arc_of(&arc, g, from, to, a->modal.inches ? 25.4 : 1);
    double delta[4];
    for (int i = 0; i < 4; i++) {
        delta[i] = (double)(to[i] - from[i]) * 1e-6;
    }
    int64_t e_nm = (to[E] - from[E]) / 100 * a->modal.flow_percent +
                   (to[E] - from[E]) % 100 * a->modal.flow_percent / 100;
    delta[E] = (double)e_nm * 1e-6;
    bool across = is_arc || delta[X] != 0 || delta[Y] != 0 || delta[Z] != 0;
    if (delta[E] != 0) {
        note_filament(a, e_nm);
    }
    if (across) {
        struct box b;
        extent_box(&b, from, to, is_arc ? &arc : NULL);
        extent_travel(&a->extent, from, to, is_arc ? &arc : NULL, a->modal.homed, a->r.lines);
        if (delta[E] > 0) {
            extruded(a, &b, from, to);
        }
        a->r.relative_xyz_before_home = a->r.relative_xyz_before_home || !a->placed;
    }
    plan(a, delta, is_arc ? &arc : NULL);
}

/* The value of a parameter, or `otherwise` when it is missing or not above 0. */
static double positive(const struct gcode *g, char letter, double unit, double otherwise)
{
    int64_t value = gcode_valued(g, letter) ? g->value[letter - 'A'] : 0;
    return value > 0 ? (double)value / GCODE_ONE * unit : otherwise;
}

static void dwell(struct analyzer *a, const struct gcode *g)
{
    lookahead_sync(&a->planner);
    a->planner.seconds += positive(g, 'S', 1, positive(g, 'P', 0.001, 0));
}

static void retract(struct analyzer *a, const struct gcode *g)
{
    uint32_t tool_offsets = GCODE_BIT('P') | GCODE_BIT('L') | GCODE_BIT('R') | GCODE_BIT('X') |
                            GCODE_BIT('Y') | GCODE_BIT('Z');
    if ((g->has & tool_offsets) != 0) {
        return;
    }
    struct motion m = {.feed_mm_s = a->retract_mm_s};
    m.delta_mm[E] = g->number == 10 ? -a->retract_mm : a->retract_mm;
    lookahead_move(&a->planner, &m);
}

static void run_g(struct analyzer *a, const struct gcode *g)
{
    int64_t from[4];
    memcpy(from, a->modal.pos, sizeof from);
    gcode_modal_step(&a->modal, g);
    switch (g->number) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 5:
        moved(a, g, from);
        break;
    case 4:
        dwell(a, g);
        break;
    case 10:
    case 11:
        retract(a, g);
        break;
    case 92:
        a->placed = true;
        break;
    case 28:
        a->placed = true;
        lookahead_sync(&a->planner);
        break;
    case 29:
        lookahead_sync(&a->planner);
        break;
    default:
        break;
    }
}

static void note_heat(int32_t *max, const struct gcode *g)
{
    char letter = gcode_valued(g, 'S') ? 'S' : 'R';
    if (gcode_valued(g, letter)) {
        int64_t mc = g->value[letter - 'A'] / 1000;
        mc = mc > 2000000 ? 2000000 : mc < 0 ? 0 : mc;
        *max = mc > *max ? (int32_t)mc : *max;
    }
}

static void run_m(struct analyzer *a, const struct gcode *g)
{
    double unit = a->modal.inches ? 25.4 : 1;
    gcode_modal_step(&a->modal, g);
    switch (g->number) {
    case 104:
    case 109:
        note_heat(&a->r.max_tool_mc, g);
        break;
    case 140:
    case 190:
        note_heat(&a->r.max_bed_mc, g);
        break;
    case 141:
    case 191:
        note_heat(&a->r.max_chamber_mc, g);
        break;
    case 201:
    case 203:
    case 204:
    case 205:
        lookahead_set(&a->planner, g, unit);
        break;
    case 207:
        a->retract_mm = positive(g, 'S', unit, a->retract_mm);
        a->retract_mm_s = positive(g, 'F', unit / 60, a->retract_mm_s);
        break;
    default:
        break;
    }
    if (g->number <= 1 || g->number == 109 || g->number == 190 || g->number == 191 ||
        g->number == 400 || g->number == 600) {
        lookahead_sync(&a->planner);
    }
}

static void run(struct analyzer *a, const struct gcode *g)
{
    if (g->letter == 'G' && g->number >= 0) {
        run_g(a, g);
    } else if (g->letter == 'M' && g->number >= 0) {
        run_m(a, g);
    } else {
        gcode_modal_step(&a->modal, g);
    }
}

/* "{first_layer_temperature}" or "[layer_z]" that a slicer should have replaced. */
static void find_placeholder(struct analyzer *a, const struct gcode *g)
{
    static const char pair[][2] = {{'{', '}'}, {'[', ']'}};
    if (a->r.placeholder_line_no != 0 || gcode_display_only(g)) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        const char *open = memchr(g->text, pair[i][0], g->len);
        const char *limit = g->text + g->len;
        const char *close = open != NULL ? memchr(open, pair[i][1], (size_t)(limit - open)) : NULL;
        if (close != NULL) {
            a->r.placeholder_line_no = a->r.lines;
            str_escape(a->r.placeholder, sizeof a->r.placeholder, open, (size_t)(close - open + 1));
            return;
        }
    }
}

static bool is_control(char c)
{
    unsigned char u = (unsigned char)c;
    return (u < 0x20 && u != '\t') || u == 0x7f;
}

static void find_binary(struct analyzer *a, const struct gcode *g)
{
    for (size_t i = 0; a->r.binary_line_no == 0 && i < g->len; i++) {
        if (is_control(g->text[i])) {
            a->r.binary_line_no = a->r.lines;
        }
    }
}

static void note_length(struct analyzer *a, const struct gcode *g)
{
    bool display = gcode_display_only(g);
    int64_t *longest = display ? &a->r.longest_display : &a->r.longest_line;
    if ((int64_t)g->len > *longest) {
        *longest = (int64_t)g->len;
        *(display ? &a->r.longest_display_no : &a->r.longest_line_no) = a->r.lines;
    }
}

/* Pauses, at the printer or here, and filament changes. M226 with words waits for a pin. */
static void find_person(struct analyzer *a, const struct gcode *g)
{
    bool pauses = g->letter == 'M' &&
                  (g->number == 0 || g->number == 1 || g->number == 25 || g->number == 600 ||
                      g->number == 601 || (g->number == 226 && g->has == 0));
    bool asks = g->letter == '@' && g->len >= 6 && strncasecmp(g->text, "@pause", 6) == 0;
    if ((pauses || asks) && a->r.person_line_no == 0) {
        a->r.person_line_no = a->r.lines;
    }
}

static void command(struct analyzer *a, const struct gcode *g)
{
    find_person(a, g);
    if (g->stray) {
        find_placeholder(a, g);
        find_binary(a, g);
    }
    if (g->letter == '@') {
        return;
    }
    a->r.commands++;
    note_length(a, g);
    run(a, g);
}

static void comment(struct analyzer *a, const char *text, size_t len)
{
    if (comments_line(&a->comments, &a->r, text, len)) {
        layers_mark(&a->layers);
    }
}

/* One line without its newline. */
static void take_line(struct analyzer *a, const char *line, size_t len)
{
    struct gcode g;
    a->r.lines++;
    if (len > 0 && line[0] == ';') {
        comment(a, line, len);
        return;
    }
    gcode_parse(&g, line, len);
    if (g.letter != 0) {
        command(a, &g);
        return;
    }
    const char *text = memchr(line, ';', len); /* behind blanks or a byte order mark */
    if (text != NULL) {
        comment(a, text, (size_t)(line + len - text));
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Adds to the line cut by the end of the last piece. */
static void keep(struct analyzer *a, const char *bytes, size_t len)
{
    size_t n = least(len, LINE_MAX_BYTES - a->line_len);
    memcpy(a->line + a->line_len, bytes, n);
    a->line_len += n;
    a->line_open = true;
}

static void take_kept(struct analyzer *a)
{
    take_line(a, a->line, a->line_len);
    a->line_len = 0;
    a->line_open = false;
}

void analyze_feed(struct analyzer *a, const char *bytes, size_t len)
{
    const char *end = bytes + len;
    a->r.bytes += (int64_t)len;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t n = (size_t)((newline != NULL ? newline : end) - bytes);
        if (newline == NULL) {
            keep(a, bytes, n);
            return;
        }
        if (a->line_open) {
            keep(a, bytes, n);
            take_kept(a);
        } else {
            take_line(a, bytes, least(n, LINE_MAX_BYTES));
        }
        bytes = newline + 1;
    }
}

void analyze_finish(struct analyzer *a, struct analysis *out)
{
    if (a->line_open) {
        take_kept(a);
    }
    lookahead_sync(&a->planner);
    comments_finish(&a->comments, &a->r);
    *out = a->r;
    extent_finish(&a->extent, out);
    out->layers = layers_count(&a->layers);
    int64_t height_um = layers_height_um(&a->layers);
    out->layer_height_um = height_um > 0 ? height_um : a->r.layer_height_um;
    for (int i = 0; i < ANALYSIS_TOOLS; i++) {
        out->filament_um[i] = a->filament_most_nm[i] / 1000;
    }
    double ms = a->planner.seconds * 1000;
    out->time_ms = ms < 9e15 ? (int64_t)(ms + 0.5) : (int64_t)9e15;
}
