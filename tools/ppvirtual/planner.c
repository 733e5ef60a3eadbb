#include "tools/ppvirtual/planner.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define SHORTEST_MM 0.0001
#define FIRST_HOLD  UINT64_C(100000000)
#define HOLD_BLOCKS 3
#define LONGEST_S   1e8 /* keeps sums of times far from overflow */

const struct limits limits_default = {
    .max_feed = {300, 300, 20, 60},
    .max_accel = {1500, 1500, 100, 5000},
    .accel_print = 1000,
    .accel_travel = 1500,
    .accel_retract = 3000,
    .junction_mm = 0.013,
    .jerk = {8, 8, 0.4, 5},
};

void planner_init(struct planner *p, unsigned size, double speed, bool instant)
{
    *p = (struct planner){
        .limits = limits_default,
        .speed = speed,
        .size = size,
        .instant = instant,
        .end_ns = UINT64_MAX,
    };
}

unsigned planner_free(const struct planner *p)
{
    return p->size - 1 - p->count;
}

bool planner_busy(const struct planner *p)
{
    return p->count > 0;
}

static struct block *block_at(struct planner *p, unsigned index)
{
    return &p->blocks[(p->head + index) % PLANNER_MAX];
}

static double square(double x)
{
    return x * x;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* The speed reached over `mm` from `speed`. */
static double reachable(double speed, double accel, double mm)
{
    return sqrt(square(speed) + 2 * accel * mm);
}

/* The acceleration along `unit` that overloads no axis. */
static double limit_accel(const struct limits *l, const double unit[], double accel)
{
    for (int i = 0; i < PLANNER_AXES; i++) {
        if (fabs(unit[i]) * accel > l->max_accel[i]) {
            accel = l->max_accel[i] / fabs(unit[i]);
        }
    }
    return accel;
}

static void set_speeds(const struct limits *l, struct block *b, double feed)
{
    for (int i = 0; i < PLANNER_AXES; i++) {
        if (fabs(b->unit[i]) * feed > l->max_feed[i]) {
            feed = l->max_feed[i] / fabs(b->unit[i]);
        }
    }
    bool xyz = b->unit[0] != 0 || b->unit[1] != 0 || b->unit[2] != 0;
    double accel = l->accel_travel;
    if (!xyz) {
        accel = l->accel_retract;
    } else if (b->unit[PLANNER_E] != 0) {
        accel = l->accel_print;
    }
    b->nominal = feed > PLANNER_STILL ? feed : PLANNER_STILL;
    b->accel = limit_accel(l, b->unit, accel);
}

/* Junction deviation: the speed at which a corner of this angle, rounded by that much, needs no
 * more than the acceleration the axes have. */
static double junction_by_deviation(const struct planner *p, const struct block *b)
{
    double cosine = 0;
    double direction[PLANNER_AXES];
    double length = 0;
    for (int i = 0; i < PLANNER_AXES; i++) {
        cosine -= p->prev_unit[i] * b->unit[i];
        direction[i] = b->unit[i] - p->prev_unit[i];
        length += square(direction[i]);
    }
    if (cosine > 0.999999) {
        return PLANNER_STILL;
    }
    length = sqrt(length);
    for (int i = 0; i < PLANNER_AXES; i++) {
        direction[i] = length > 0 ? direction[i] / length : 0;
    }
    double accel = limit_accel(&p->limits, direction, b->accel);
    cosine = cosine < -0.999999 ? -0.999999 : cosine;
    double sine_half = sqrt(0.5 * (1 - cosine));
    double speed2 = accel * p->limits.junction_mm * sine_half / (1 - sine_half);
    if (b->mm < 1 && cosine < -0.7071067812) {
        /* Short chords of an arc: the speed of the circle they stand for. */
        speed2 = smaller(speed2, b->mm * accel / acos(-cosine));
    }
    return sqrt(speed2);
}

/* The factor that brings each axis' step in speed under its jerk. */
static double jerk_factor(const struct limits *l, const double from[], double from_speed,
    const double to[], double to_speed)
{
    double factor = 1;
    for (int i = 0; i < PLANNER_AXES; i++) {
        double step = fabs(to[i] * to_speed - from[i] * from_speed);
        if (step * factor > l->jerk[i]) {
            factor = l->jerk[i] / step;
        }
    }
    return factor;
}

static double junction_by_jerk(const struct planner *p, const struct block *b)
{
    static const double still[PLANNER_AXES];
    double standing = b->nominal * jerk_factor(&p->limits, still, 0, b->unit, b->nominal);
    if (p->count == 0 || p->prev_nominal <= 0) {
        return standing;
    }
    double common = smaller(b->nominal, p->prev_nominal);
    double joined = common * jerk_factor(&p->limits, p->prev_unit, common, b->unit, common);
    return joined > standing ? joined : standing;
}

static double junction_speed(const struct planner *p, const struct block *b)
{
    if (p->limits.classic_jerk) {
        return smaller(junction_by_jerk(p, b), b->nominal);
    }
    if (p->count == 0 || p->prev_nominal <= 0) {
        return PLANNER_STILL;
    }
    double speed = junction_by_deviation(p, b);
    return smaller(speed, smaller(b->nominal, p->prev_nominal));
}

/* Backwards: each block must be able to slow down for the next; forwards: and to get that fast.
 * The running block and the entry of the one behind it are fixed. */
static void look_ahead(struct planner *p)
{
    unsigned first = p->running ? 2 : 1;
    double exit = PLANNER_STILL;
    for (unsigned i = p->count; i-- > first;) {
        struct block *b = block_at(p, i);
        b->entry = smaller(b->max_entry, reachable(exit, b->accel, b->mm));
        exit = b->entry;
    }
    for (unsigned i = first; i < p->count; i++) {
        const struct block *before = block_at(p, i - 1);
        struct block *b = block_at(p, i);
        b->entry = smaller(b->entry, reachable(before->entry, before->accel, before->mm));
    }
}

double planner_seconds(double mm, double entry, double exit, double nominal, double accel)
{
    double up_mm = (square(nominal) - square(entry)) / (2 * accel);
    double down_mm = (square(nominal) - square(exit)) / (2 * accel);
    if (up_mm + down_mm <= mm) {
        return (nominal - entry) / accel + (nominal - exit) / accel +
               (mm - up_mm - down_mm) / nominal;
    }
    double peak = sqrt((2 * accel * mm + square(entry) + square(exit)) / 2);
    if (peak < entry || peak < exit) {
        return 2 * mm / (entry + exit); /* rounding: one slope all the way */
    }
    return (2 * peak - entry - exit) / accel;
}

static double rest_speed(const struct planner *p, const struct block *b)
{
    static const double still[PLANNER_AXES];
    if (!p->limits.classic_jerk) {
        return PLANNER_STILL;
    }
    return b->nominal * jerk_factor(&p->limits, still, 0, b->unit, b->nominal);
}

static void start(struct planner *p, uint64_t at_ns)
{
    struct block *b = block_at(p, 0);
    double exit = p->count > 1 ? block_at(p, 1)->entry : smaller(rest_speed(p, b), b->nominal);
    exit = smaller(exit, reachable(b->entry, b->accel, b->mm));
    p->running = true;
    p->running_s = planner_seconds(b->mm, b->entry, exit, b->nominal, b->accel);
    p->running_s = smaller(p->running_s, LONGEST_S * smaller(p->speed, 1));
    p->end_ns = at_ns + (uint64_t)(p->running_s / p->speed * 1e9);
}

static bool fill_block(struct planner *p, struct block *b, const double target[])
{
    double delta[PLANNER_AXES];
    double xyz2 = 0;
    for (int i = 0; i < PLANNER_AXES; i++) {
        delta[i] = target[i] - p->planned[i];
        xyz2 += i < PLANNER_E ? square(delta[i]) : 0;
    }
    b->mm = sqrt(xyz2);
    if (b->mm < SHORTEST_MM) {
        delta[0] = delta[1] = delta[2] = 0;
        b->mm = fabs(delta[PLANNER_E]);
    }
    if (b->mm < SHORTEST_MM) {
        return false;
    }
    for (int i = 0; i < PLANNER_AXES; i++) {
        b->unit[i] = delta[i] / b->mm;
    }
    memcpy(b->target, target, sizeof(b->target));
    return true;
}

bool planner_add(struct planner *p, uint64_t now_ns, const double target[PLANNER_AXES], double feed,
    uint64_t tag)
{
    assert(planner_free(p) > 0);
    struct block b = {.tag = tag};
    if (!fill_block(p, &b, target)) {
        return false;
    }
    memcpy(p->planned, target, sizeof(p->planned));
    if (p->instant) {
        memcpy(p->reached, target, sizeof(p->reached));
        return true;
    }
    set_speeds(&p->limits, &b, feed);
    b.max_entry = junction_speed(p, &b);
    /* What joins a block already running, or none, begins at the speed that one ends with. */
    b.entry = smaller(b.max_entry, p->count == 0 ? b.max_entry : rest_speed(p, &b));
    memcpy(p->prev_unit, b.unit, sizeof(p->prev_unit));
    p->prev_nominal = b.nominal;
    *block_at(p, p->count++) = b;
    if (p->count == 1) {
        p->hold_ns = now_ns + (uint64_t)((double)FIRST_HOLD / p->speed);
    } else {
        look_ahead(p);
    }
    if (!p->running && p->count >= HOLD_BLOCKS) {
        start(p, now_ns);
    }
    return true;
}

void planner_set_position(struct planner *p, const double position[PLANNER_AXES])
{
    memcpy(p->planned, position, sizeof(p->planned));
    memcpy(p->reached, position, sizeof(p->reached));
}

uint64_t planner_next_ns(const struct planner *p)
{
    if (p->running) {
        return p->end_ns;
    }
    return p->count > 0 ? p->hold_ns : UINT64_MAX;
}

bool planner_step(struct planner *p, uint64_t now_ns, struct planner_done *done)
{
    if (!p->running) {
        if (p->count > 0 && p->hold_ns <= now_ns) {
            start(p, p->hold_ns);
        }
        return false;
    }
    if (p->end_ns > now_ns) {
        return false;
    }
    const struct block *b = block_at(p, 0);
    *done = (struct planner_done){b->tag, p->running_s};
    memcpy(p->reached, b->target, sizeof(p->reached));
    p->head = (p->head + 1) % PLANNER_MAX;
    p->count--;
    p->running = false;
    if (p->count > 0) {
        start(p, p->end_ns);
    } else {
        p->empty_ns = p->end_ns;
        p->prev_nominal = 0;
    }
    return true;
}

void planner_stop(struct planner *p, uint64_t now_ns)
{
    if (p->running) {
        const struct block *b = block_at(p, 0);
        double left_s = p->end_ns > now_ns ? (double)(p->end_ns - now_ns) / 1e9 * p->speed : 0;
        double part = p->running_s > 0 ? 1 - left_s / p->running_s : 1;
        for (int i = 0; i < PLANNER_AXES; i++) {
            p->reached[i] += (b->target[i] - p->reached[i]) * part;
        }
    }
    p->running = false;
    p->count = 0;
    p->prev_nominal = 0;
    p->empty_ns = now_ns;
    memcpy(p->planned, p->reached, sizeof(p->planned));
}
