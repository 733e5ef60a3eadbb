#include "host/core/analyze_time.h"

#include <math.h>
#include <string.h>

#define TIMED_AT_ONCE  4    /* blocks timed when the queue is full */
#define SPEED_MIN      0.05 /* mm/s: where a stop begins and ends */
#define ACCEL_MIN      0.1  /* mm/s^2: foreign settings of 0 would last for ever */
#define SMALL_SEGMENT  1.0  /* mm: shorter ones with a flat angle count as a piece of a circle */
#define ARC_SEGMENT_MM 1.0  /* what firmware cuts an arc into */

enum {
    X,
    Y,
    Z,
    E
};

const struct kinematics kinematics_marlin = {
    .max_feed_mm_s = {300, 300, 5, 25},
    .max_accel_mm_s2 = {3000, 3000, 100, 10000},
    .accel_print_mm_s2 = 3000,
    .accel_travel_mm_s2 = 3000,
    .accel_retract_mm_s2 = 3000,
    .jerk_mm_s = {10, 10, 0.3, 5},
    .junction_deviation_mm = 0.013,
};

void lookahead_init(struct lookahead *p, const struct kinematics *k)
{
    memset(p, 0, sizeof *p);
    p->k = k != NULL ? *k : kinematics_marlin;
    p->entry = SPEED_MIN;
    p->entry_sqr = SPEED_MIN * SPEED_MIN;
}

/* A block's direction where it begins and where it ends, E included; arcs differ between the two.
 */
struct heading {
    double in[4];
    double out[4];
};

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double most(double a, double b)
{
    return a > b ? a : b;
}

static void set_heading(struct heading *h, const struct motion *m, double length)
{
    double inverse = 1 / length;
    for (int i = 0; i < 4; i++) {
        h->in[i] = m->delta_mm[i] * inverse;
        h->out[i] = h->in[i];
    }
    if (m->radius_mm > 0) {
        double flat = sqrt(most(0, 1 - h->in[Z] * h->in[Z]));
        for (int i = 0; i < 2; i++) {
            h->in[i] = m->tangent_in[i] * flat;
            h->out[i] = m->tangent_out[i] * flat;
        }
    }
}

/* The largest part of speed or acceleration the axis sees along the block. */
static double share(const struct heading *h, const struct motion *m, int axis)
{
    if (m->radius_mm > 0 && axis < 2) {
        return 1;
    }
    return fabs(h->in[axis]);
}

/* Speed and acceleration along the path that no axis finds too high. */
static void limit_by_axes(const struct lookahead *p, const struct motion *m,
    const struct heading *h, struct lookahead_block *b)
{
    const struct kinematics *k = &p->k;
    bool across = m->length_mm > 0;
    double accel = !across               ? k->accel_retract_mm_s2
                   : m->delta_mm[E] != 0 ? k->accel_print_mm_s2
                                         : k->accel_travel_mm_s2;
    double speed = m->feed_mm_s;
    for (int i = 0; i < 4; i++) {
        double part = share(h, m, i);
        if (part * speed > k->max_feed_mm_s[i]) {
            speed = k->max_feed_mm_s[i] / part;
        }
        if (part * accel > k->max_accel_mm_s2[i]) {
            accel = k->max_accel_mm_s2[i] / part;
        }
    }
    b->accel = most(accel, ACCEL_MIN);
    b->nominal = speed;
}

/* On an arc the direction changes all the way: the speed at which the pieces firmware cuts it into
 * keep to the jerk, or at which the pull to the centre keeps to the acceleration. */
static void limit_by_curve(
    const struct lookahead *p, const struct motion *m, struct lookahead_block *b)
{
    if (m->radius_mm <= 0) {
        return;
    }
    double speed;
    if (p->k.junction_deviation_mm > 0) {
        speed = sqrt(b->accel * m->radius_mm);
    } else {
        speed = least(p->k.jerk_mm_s[X], p->k.jerk_mm_s[Y]) * m->radius_mm / ARC_SEGMENT_MM;
    }
    b->nominal = least(b->nominal, speed);
}

/* Highest acceleration along `direction` that no axis finds too high. */
static double accel_along(const struct kinematics *k, const double direction[4], double accel)
{
    for (int i = 0; i < 4; i++) {
        double part = fabs(direction[i]);
        if (part * accel > k->max_accel_mm_s2[i]) {
            accel = k->max_accel_mm_s2[i] / part;
        }
    }
    return accel;
}

/* Square of the speed through the corner: the deviation from it is that of a circle driven at the
 * acceleration of the corner's own direction. */
static double deviation_sqr(
    const struct lookahead *p, const struct heading *h, const struct lookahead_block *b)
{
    double turn[4];
    double cosine = 0;
    double norm_sqr = 0;
    for (int i = 0; i < 4; i++) {
        cosine -= p->last_unit[i] * h->in[i];
        turn[i] = h->in[i] - p->last_unit[i];
        norm_sqr += turn[i] * turn[i];
    }
    double highest = least(b->nominal_sqr, p->last_nominal * p->last_nominal);
    if (cosine > 0.999999) {
        return SPEED_MIN * SPEED_MIN;
    }
    if (cosine < -0.999999 || norm_sqr < 1e-12) {
        return highest;
    }
    double inverse = 1 / sqrt(norm_sqr);
    for (int i = 0; i < 4; i++) {
        turn[i] *= inverse;
    }
    double accel = accel_along(&p->k, turn, b->accel);
    double half_sine = sqrt(0.5 * (1 - cosine));
    double sqr = accel * p->k.junction_deviation_mm * half_sine / (1 - half_sine);
    if (b->length_mm < SMALL_SEGMENT && cosine < -0.7071) {
        /* The outer angle of a flat corner; its sine is half the length of the difference. */
        double angle = 2 * asin(least(1, 0.5 * sqrt(norm_sqr)));
        sqr = least(sqr, b->length_mm / angle * accel);
    }
    return least(sqr, highest);
}

/* The speed to which the block may jump from a stop: no axis exceeds its jerk. */
static double safe_speed(
    const struct kinematics *k, const struct heading *h, const struct lookahead_block *b)
{
    double speed = b->nominal;
    for (int i = 0; i < 4; i++) {
        double part = fabs(h->in[i]);
        if (part * speed > k->jerk_mm_s[i]) {
            speed = k->jerk_mm_s[i] / part;
        }
    }
    return speed;
}

/* The jump of one axis between two speeds: a reversal counts as its larger side, as the firmware
 * has it, for both halves end and begin at a stop of that axis. */
static double jump(double from, double to)
{
    if ((from < 0) != (to < 0)) {
        return most(fabs(from), fabs(to));
    }
    return fabs(from - to);
}

static double jerk_speed(const struct lookahead *p, const struct heading *h,
    const struct lookahead_block *b, double safe)
{
    double speed = least(b->nominal, p->last_nominal);
    double factor = 1;
    for (int i = 0; i < 4; i++) {
        double change = jump(p->last_unit[i] * speed, h->in[i] * b->nominal) * factor;
        if (change > p->k.jerk_mm_s[i]) {
            factor *= p->k.jerk_mm_s[i] / change;
        }
    }
    speed *= factor;
    if (p->last_safe > speed * 0.99 && safe > speed * 0.99) {
        speed = safe;
    }
    return speed;
}

static double trapezoid(
    const struct lookahead_block *b, double v0, double v0_sqr, double v1, double v1_sqr)
{
    double peak_sqr = b->accel * b->length_mm + 0.5 * (v0_sqr + v1_sqr);
    if (peak_sqr > b->nominal_sqr) {
        double cruise = (peak_sqr - b->nominal_sqr) / b->accel;
        return (2 * b->nominal - v0 - v1) / b->accel + cruise / b->nominal;
    }
    return (2 * sqrt(peak_sqr) - v0 - v1) / b->accel;
}

/* Settles the entry speeds from a stop behind the last block, then times the first `n` blocks. */
static void flush(struct lookahead *p, size_t n)
{
    double entry_sqr[LOOKAHEAD_BLOCKS + 1];
    entry_sqr[p->count] = SPEED_MIN * SPEED_MIN;
    for (size_t i = p->count; i-- > 1;) {
        const struct lookahead_block *b = &p->block[i];
        double reach = entry_sqr[i + 1] + 2 * b->accel * b->length_mm;
        entry_sqr[i] = least(b->max_entry_sqr, reach);
    }
    double v0 = p->entry;
    double v0_sqr = p->entry_sqr;
    for (size_t i = 0; i < n; i++) {
        const struct lookahead_block *b = &p->block[i];
        double v1_sqr = least(entry_sqr[i + 1], v0_sqr + 2 * b->accel * b->length_mm);
        double v1 = sqrt(v1_sqr);
        p->seconds += trapezoid(b, v0, v0_sqr, v1, v1_sqr);
        v0 = v1;
        v0_sqr = v1_sqr;
    }
    p->entry = v0;
    p->entry_sqr = v0_sqr;
    p->count -= n;
    memmove(p->block, p->block + n, p->count * sizeof *p->block);
}

static void enqueue(struct lookahead *p, const struct lookahead_block *b)
{
    if (p->count == 0 && !p->moving) {
        p->entry_sqr = b->max_entry_sqr;
        p->entry = sqrt(p->entry_sqr);
    }
    p->block[p->count++] = *b;
    if (p->count == LOOKAHEAD_BLOCKS) {
        flush(p, TIMED_AT_ONCE);
    }
}

void lookahead_move(struct lookahead *p, const struct motion *m)
{
    struct heading h;
    struct lookahead_block b;
    b.length_mm = m->length_mm > 0 ? m->length_mm : fabs(m->delta_mm[E]);
    if (b.length_mm < 1e-6) {
        return;
    }
    set_heading(&h, m, b.length_mm);
    limit_by_axes(p, m, &h, &b);
    limit_by_curve(p, m, &b);
    b.nominal = most(b.nominal, SPEED_MIN);
    b.nominal_sqr = b.nominal * b.nominal;
    double safe = SPEED_MIN;
    if (p->k.junction_deviation_mm > 0) {
        b.max_entry_sqr = p->moving ? deviation_sqr(p, &h, &b) : SPEED_MIN * SPEED_MIN;
    } else {
        safe = safe_speed(&p->k, &h, &b);
        double entry = p->moving ? jerk_speed(p, &h, &b, safe) : safe;
        b.max_entry_sqr = entry * entry;
    }
    enqueue(p, &b);
    p->moving = true;
    p->last_safe = safe;
    p->last_nominal = b.nominal;
    memcpy(p->last_unit, h.out, sizeof p->last_unit);
}

void lookahead_sync(struct lookahead *p)
{
    flush(p, p->count);
    p->moving = false;
    p->entry = SPEED_MIN;
    p->entry_sqr = SPEED_MIN * SPEED_MIN;
}

/* Overwrites the members of `field` (X Y Z E) that the command names. */
static void set_axes(double field[4], const struct gcode *g, double unit)
{
    static const char letter[] = "XYZE";
    for (int i = 0; i < 4; i++) {
        if (gcode_valued(g, letter[i]) && g->value[letter[i] - 'A'] > 0) {
            field[i] = (double)g->value[letter[i] - 'A'] / GCODE_ONE * unit;
        }
    }
}

static void set_one(double *field, const struct gcode *g, char letter, double unit)
{
    if (gcode_valued(g, letter) && g->value[letter - 'A'] > 0) {
        *field = (double)g->value[letter - 'A'] / GCODE_ONE * unit;
    }
}

static void set_acceleration(struct kinematics *k, const struct gcode *g, double unit)
{
    set_one(&k->accel_print_mm_s2, g, 'S', unit);
    set_one(&k->accel_travel_mm_s2, g, 'S', unit);
    set_one(&k->accel_print_mm_s2, g, 'P', unit);
    set_one(&k->accel_retract_mm_s2, g, 'R', unit);
    set_one(&k->accel_travel_mm_s2, g, 'T', unit);
}

void lookahead_set(struct lookahead *p, const struct gcode *g, double unit_mm)
{
    struct kinematics *k = &p->k;
    switch (g->number) {
    case 201:
        set_axes(k->max_accel_mm_s2, g, unit_mm);
        break;
    case 203:
        set_axes(k->max_feed_mm_s, g, unit_mm);
        break;
    case 204:
        set_acceleration(k, g, unit_mm);
        break;
    case 205:
        set_axes(k->jerk_mm_s, g, unit_mm);
        set_one(&k->junction_deviation_mm, g, 'J', unit_mm);
        break;
    default:
        break;
    }
}
