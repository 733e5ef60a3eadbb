#include "host/core/analyze_arc.h"

#include <math.h>

#define TURN        (2 * M_PI)
#define TURNS_MAX   100
#define RADIUS_MIN  1e-6
#define FULL_CIRCLE 1e-9 /* an angle below this between start and end means all the way round */

static double word(const struct gcode *g, char letter)
{
    return gcode_valued(g, letter) ? (double)g->value[letter - 'A'] / GCODE_ONE : 0;
}

/* The centre from a radius: of the two circles through both ends the one with the shorter way, for
 * a negative radius the one with the longer. */
static bool centre_from_radius(
    double centre[2], const double from[2], const double to[2], double radius, bool clockwise)
{
    double dx = to[0] - from[0];
    double dy = to[1] - from[1];
    double chord = hypot(dx, dy);
    if (chord < RADIUS_MIN || fabs(radius) < RADIUS_MIN) {
        return false;
    }
    double height = sqrt(fmax(0, radius * radius - chord * chord / 4));
    double side = clockwise != (radius < 0) ? -1 : 1;
    centre[0] = (from[0] + to[0]) / 2 - side * height * dy / chord;
    centre[1] = (from[1] + to[1]) / 2 + side * height * dx / chord;
    return true;
}

static bool find_centre(double centre[2], const struct gcode *g, const double from[2],
    const double to[2], double mm, bool clockwise)
{
    if (gcode_valued(g, 'R')) {
        return centre_from_radius(centre, from, to, word(g, 'R') * mm, clockwise);
    }
    centre[0] = from[0] + word(g, 'I') * mm;
    centre[1] = from[1] + word(g, 'J') * mm;
    return gcode_valued(g, 'I') || gcode_valued(g, 'J');
}

/* Widens the extent by the points where the circle crosses its axes, if the path passes them. */
static void extend(struct arc *a, const double centre[2], double start, double sweep, double sign)
{
    for (int quarter = 0; quarter < 4; quarter++) {
        double ahead = fmod(sign * (quarter * M_PI / 2 - start), TURN);
        ahead = ahead < 0 ? ahead + TURN : ahead;
        if (ahead > sweep) {
            continue;
        }
        int axis = quarter % 2;
        if (quarter < 2) {
            a->max_mm[axis] = fmax(a->max_mm[axis], centre[axis] + a->radius_mm);
        } else {
            a->min_mm[axis] = fmin(a->min_mm[axis], centre[axis] - a->radius_mm);
        }
    }
}

static double sweep_of(const struct gcode *g, double start, double end, double sign)
{
    double sweep = fmod(sign * (end - start), TURN);
    if (sweep < FULL_CIRCLE) {
        sweep += TURN;
    }
    double turns = gcode_valued(g, 'P') ? floor(word(g, 'P')) : 0;
    return sweep + TURN * fmin(fmax(turns, 0), TURNS_MAX);
}

bool arc_of(
    struct arc *a, const struct gcode *g, const int64_t from[2], const int64_t to[2], double mm)
{
    double p[2] = {(double)from[0] * 1e-6, (double)from[1] * 1e-6};
    double q[2] = {(double)to[0] * 1e-6, (double)to[1] * 1e-6};
    double centre[2];
    bool clockwise = g->number == 2;
    double sign = clockwise ? -1 : 1;
    if (!find_centre(centre, g, p, q, mm, clockwise)) {
        return false;
    }
    a->radius_mm = hypot(p[0] - centre[0], p[1] - centre[1]);
    if (a->radius_mm < RADIUS_MIN) {
        return false;
    }
    double start = atan2(p[1] - centre[1], p[0] - centre[0]);
    double end = atan2(q[1] - centre[1], q[0] - centre[0]);
    double sweep = sweep_of(g, start, end, sign);
    a->length_mm = a->radius_mm * sweep;
    for (int i = 0; i < 2; i++) {
        a->min_mm[i] = fmin(p[i], q[i]);
        a->max_mm[i] = fmax(p[i], q[i]);
    }
    extend(a, centre, start, sweep, sign);
    a->tangent_in[0] = -sign * sin(start);
    a->tangent_in[1] = sign * cos(start);
    a->tangent_out[0] = -sign * sin(end);
    a->tangent_out[1] = sign * cos(end);
    return true;
}
