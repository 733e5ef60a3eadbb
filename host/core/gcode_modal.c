/* The modal state, command by command, as Marlin 2 keeps it.
 *
 * Happy path: gcode_modal_step() is a table of two switches. Failure modes: none; what it does not
 * know changes nothing, and positions saturate instead of overflowing.
 */
#include "host/core/gcode.h"

#include <string.h>

#define POSITION_MAX INT64_C(1000000000000000) /* a million metres in nanometres */
#define TARGET_MAX   2000000                   /* 2000 degrees */
#define PERCENT_MAX  10000
#define BED          8

enum {
    X,
    Y,
    Z,
    E
};

static const char axis_letter[] = "XYZE";

void gcode_modal_init(struct gcode_modal *m)
{
    memset(m, 0, sizeof *m);
    m->flow_percent = 100;
    m->speed_percent = 100;
}

static int64_t clamp(int64_t value, int64_t max)
{
    return value > max ? max : value < -max ? -max : value;
}

/* A length as written, in nanometres. */
static int64_t length(const struct gcode_modal *m, const struct gcode *g, char letter)
{
    int64_t value = g->value[letter - 'A'];
    return m->inches ? clamp(value / 10 * 254 + value % 10 * 254 / 10, POSITION_MAX)
                     : clamp(value, POSITION_MAX);
}

static int whole(const struct gcode *g, char letter, int64_t min, int64_t max)
{
    int64_t value = g->value[letter - 'A'] / GCODE_ONE;
    return (int)(value < min ? min : value > max ? max : value);
}

static void move(struct gcode_modal *m, const struct gcode *g)
{
    bool across = false;
    int64_t e_before = m->pos[E];
    for (int i = 0; i < 4; i++) {
        if (!gcode_valued(g, axis_letter[i])) {
            continue;
        }
        int64_t value = length(m, g, axis_letter[i]);
        bool relative = i == E ? m->e_relative : m->relative;
        int64_t to = relative ? m->pos[i] + value : m->offset[i] + value;
        to = clamp(to, POSITION_MAX);
        across = across || (i != E && to != m->pos[i]);
        m->pos[i] = to;
    }
    if (gcode_valued(g, 'F') && g->value['F' - 'A'] > 0) {
        m->feed = length(m, g, 'F');
    }
    if (across && m->pos[E] > e_before) {
        m->extruded = true;
    }
}

static void home(struct gcode_modal *m, const struct gcode *g)
{
    uint32_t all = GCODE_BIT('X') | GCODE_BIT('Y') | GCODE_BIT('Z');
    uint32_t axes = (g->has & all) != 0 ? g->has & all : all;
    for (int i = 0; i < 3; i++) {
        if ((axes & GCODE_BIT(axis_letter[i])) != 0) {
            m->pos[i] = 0;
            m->offset[i] = 0;
            m->homed[i] = true;
        }
    }
}

static void set_position(struct gcode_modal *m, const struct gcode *g)
{
    for (int i = 0; i < 4; i++) {
        if (gcode_valued(g, axis_letter[i])) {
            m->offset[i] = clamp(m->pos[i] - length(m, g, axis_letter[i]), POSITION_MAX);
        }
    }
}

static void step_g(struct gcode_modal *m, const struct gcode *g)
{
    switch (g->number) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 5:
        move(m, g);
        break;
    case 20:
        m->inches = true;
        break;
    case 21:
        m->inches = false;
        break;
    case 28:
        home(m, g);
        break;
    case 90:
    case 91:
        m->relative = g->number == 91;
        m->e_relative = m->relative;
        break;
    case 92:
        if (g->sub == 1) {
            memset(m->offset, 0, sizeof m->offset);
        } else if (g->sub == 0) {
            set_position(m, g);
        }
        break;
    default:
        break;
    }
}

/* The target of a heater from S, or R ("wait while cooling too"). */
static void heat(struct gcode_modal *m, const struct gcode *g, int heater)
{
    char letter = gcode_valued(g, 'S') ? 'S' : 'R';
    if (gcode_valued(g, letter) && heater >= 0 && heater <= BED) {
        m->target_mc[heater] = (int32_t)clamp(g->value[letter - 'A'] / 1000, TARGET_MAX);
    }
}

static int hotend(const struct gcode_modal *m, const struct gcode *g)
{
    int tool = gcode_valued(g, 'T') ? whole(g, 'T', -1, BED) : m->tool;
    return tool < BED ? tool : -1;
}

static void motors_off(struct gcode_modal *m, const struct gcode *g)
{
    uint32_t axes = g->has & (GCODE_BIT('X') | GCODE_BIT('Y') | GCODE_BIT('Z') | GCODE_BIT('E'));
    if (gcode_valued(g, 'S')) {
        return; /* sets the idle time, switches nothing off now */
    }
    for (int i = 0; i < 3; i++) {
        if (axes == 0 || (axes & GCODE_BIT(axis_letter[i])) != 0) {
            m->homed[i] = false;
        }
    }
}

static void step_m(struct gcode_modal *m, const struct gcode *g)
{
    switch (g->number) {
    case 18:
    case 84:
        motors_off(m, g);
        break;
    case 82:
    case 83:
        m->e_relative = g->number == 83;
        break;
    case 104:
    case 109:
        heat(m, g, hotend(m, g));
        break;
    case 140:
    case 190:
        heat(m, g, BED);
        break;
    case 106:
        if (!gcode_valued(g, 'P') || g->value['P' - 'A'] == 0) {
            m->fan = gcode_valued(g, 'S') ? whole(g, 'S', 0, 255) : 255;
        }
        break;
    case 107:
        m->fan = 0;
        break;
    case 220:
        if (gcode_valued(g, 'S')) {
            m->speed_percent = whole(g, 'S', 1, PERCENT_MAX);
        }
        break;
    case 221:
        if (gcode_valued(g, 'S')) {
            m->flow_percent = whole(g, 'S', 0, PERCENT_MAX);
        }
        break;
    default:
        break;
    }
}

void gcode_modal_step(struct gcode_modal *m, const struct gcode *g)
{
    if (g->letter == 'G') {
        step_g(m, g);
    } else if (g->letter == 'M') {
        step_m(m, g);
    } else if (g->letter == 'T' && g->number >= 0) {
        m->tool = g->number;
    }
}
