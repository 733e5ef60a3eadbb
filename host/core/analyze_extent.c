#include "host/core/analyze_extent.h"

#include <math.h>
#include <string.h>

#define POSITION_MAX 1e15 /* nanometres: what the modal state lets positions grow to */

static int64_t nanometres(double mm)
{
    double nm = round(mm * 1e6);
    return (int64_t)fmax(-POSITION_MAX, fmin(POSITION_MAX, nm));
}

static void widen(struct box *b, int axis, int64_t value)
{
    if (value < b->min[axis]) {
        b->min[axis] = value;
    }
    if (value > b->max[axis]) {
        b->max[axis] = value;
    }
}

static void grow(struct reach *r, int axis, const struct box *b, bool first, int64_t line)
{
    if (first || b->min[axis] < r->box.min[axis]) {
        r->box.min[axis] = b->min[axis];
        r->min_line[axis] = line;
    }
    if (first || b->max[axis] > r->box.max[axis]) {
        r->box.max[axis] = b->max[axis];
        r->max_line[axis] = line;
    }
}

void extent_box(struct box *b, const int64_t from[3], const int64_t to[3], const struct arc *arc)
{
    for (int i = 0; i < 3; i++) {
        b->min[i] = from[i] < to[i] ? from[i] : to[i];
        b->max[i] = from[i] < to[i] ? to[i] : from[i];
    }
    for (int i = 0; arc != NULL && i < 2; i++) {
        widen(b, i, nanometres(arc->min_mm[i]));
        widen(b, i, nanometres(arc->max_mm[i]));
    }
}

static void note_radius(struct extent *x, int64_t at_x, int64_t at_y)
{
    double dx = (double)at_x * 1e-6;
    double dy = (double)at_y * 1e-6;
    double sqr = dx * dx + dy * dy;
    if (sqr > x->radius_sqr_mm) {
        x->radius_sqr_mm = sqr;
    }
}

void extent_extrude(
    struct extent *x, const struct box *b, const int64_t from[3], const int64_t to[3], int64_t line)
{
    for (int i = 0; i < 3; i++) {
        grow(&x->print, i, b, !x->extruded, line);
    }
    x->extruded = true;
    note_radius(x, from[0], from[1]);
    note_radius(x, to[0], to[1]);
}

void extent_travel(struct extent *x, const int64_t from[3], const int64_t to[3],
    const struct arc *arc, const bool homed[3], int64_t line)
{
    struct box b;
    extent_box(&b, to, to, arc);
    for (int i = 0; i < 3; i++) {
        if (homed[i] && (b.min[i] != from[i] || b.max[i] != from[i])) {
            grow(&x->all, i, &b, !x->moved[i], line);
            x->moved[i] = true;
        }
    }
}

static int64_t micrometres(int64_t nm)
{
    return (nm + (nm < 0 ? -500 : 500)) / 1000;
}

void extent_finish(const struct extent *x, struct analysis *out)
{
    out->has_moves = x->extruded;
    out->has_travel = x->moved[0] || x->moved[1] || x->moved[2];
    out->radius_um = micrometres(nanometres(sqrt(x->radius_sqr_mm)));
    for (int i = 0; i < 3; i++) {
        out->min_um[i] = micrometres(x->print.box.min[i]);
        out->max_um[i] = micrometres(x->print.box.max[i]);
        out->travel_min_um[i] = micrometres(x->all.box.min[i]);
        out->travel_max_um[i] = micrometres(x->all.box.max[i]);
    }
    memcpy(out->min_line, x->print.min_line, sizeof out->min_line);
    memcpy(out->max_line, x->print.max_line, sizeof out->max_line);
    memcpy(out->travel_min_line, x->all.min_line, sizeof out->travel_min_line);
    memcpy(out->travel_max_line, x->all.max_line, sizeof out->travel_max_line);
}
