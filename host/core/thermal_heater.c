/* One heater: its readings against its target, and against what can be. */
#include "host/core/thermal_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NOISE_MC      10000 /* two readings may differ by so much whatever the time between them */
#define FREEZING_MC   (-10000) /* colder, with a target: the sensor is not connected */
#define OVER_MAX_MC   30000    /* above what can be set: Marlin stops at 15 K above it */
#define ROUNDING_MC   300      /* a target told again in other digits is the same target */
#define JUMPS         4        /* that came back, in a minute: a contact that comes and goes */
#define OFF_TARGET_MS (20 * SECOND)
#define OFF_RISE_MC   10000
#define OFF_WARM_MC   60000

/* What needs no setting. */
static const struct {
    int32_t band_mc;     /* farther below its target a heater works at full power */
    int32_t over_mc;     /* farther above its target it is only on its way down */
    int32_t over_min_mc; /* below this what is near may warm it */
    int32_t over_rise_mc;
    uint64_t over_after_ms; /* heat already in it may still arrive for so long */
    int32_t cools_mc;       /* hotter than this it cools visibly when it may */
    int32_t over_fall_mc;   /* that far above its target it falls by so much in `stuck_ms` */
} facts[THERMAL_KINDS] = {
    [THERMAL_TOOL] = {10000, 40000, 120000, 15000, 60 * SECOND, 100000, 5000},
    [THERMAL_BED] = {10000, 25000, 80000, 10000, 3 * MINUTE, 80000, 1500},
    [THERMAL_CHAMBER] = {8000, 40000, 90000, 10000, 10 * MINUTE, INT32_MAX, 1000},
};

void thermal_condemn(struct thermal_look *w, enum thermal_fault fault, const char *fmt, ...)
{
    char what[160];
    va_list ap;
    bool known = w->t->off_ms > 0 && fault != THERMAL_DISOBEYED;
    if (w->verdict.fault != THERMAL_FINE || known) {
        return;
    }
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    w->verdict.fault = fault;
    w->verdict.heater = w->heater;
    snprintf(w->verdict.text, sizeof w->verdict.text, "%s %s",
        w->heater >= 0 ? temp_heater_name((size_t)w->heater) : "the printer", what);
}

static double celsius(int32_t mc)
{
    return mc / 1000.0;
}

bool thermal_is_on(const struct thermal_heater *h)
{
    return h->target_mc != TEMP_NONE && h->target_mc > 0;
}

/* Everything concluded from readings against the target begins anew. */
static void begin_target(struct thermal_look *w)
{
    struct thermal_heater *h = w->h;
    h->target_ms = w->now_ms;
    h->reached = false;
    h->below_ms = 0;
    h->must_ms = 0;
    h->above = false;
    h->rising = 0;
    h->mark_mc = h->actual_mc;
    h->mark_ms = w->now_ms;
}

void thermal_take_target(struct thermal_look *w, int32_t target_mc)
{
    struct thermal_heater *h = w->h;
    bool same =
        h->target_mc != TEMP_NONE && labs((long)target_mc - h->target_mc) <= (long)ROUNDING_MC;
    if (target_mc == TEMP_NONE || same) {
        return;
    }
    h->target_mc = target_mc;
    begin_target(w);
}

/* A reading outside of what there is. A sensor that was never inside is no sensor, as long as its
 * heater is off. */
static bool is_impossible(struct thermal_look *w, int32_t actual_mc)
{
    struct thermal_heater *h = w->h;
    int32_t max_mc = w->context->max_mc[w->kind];
    bool hot = max_mc > 0 && actual_mc > max_mc + OVER_MAX_MC;
    bool cold = actual_mc < FREEZING_MC;
    if (!hot && !cold) {
        h->odd = 0;
        return false;
    }
    bool matters = thermal_is_on(h) || (hot && h->actual_mc != TEMP_NONE);
    h->odd += matters;
    if (h->odd >= 2) {
        thermal_condemn(w, THERMAL_IMPOSSIBLE, "reads %.1f °C, which cannot be: check its sensor",
            celsius(actual_mc));
    }
    return true;
}

/* One line may be garbled, so that the next reading must confirm a jump. A sensor that is off may
 * be unplugged. */
static bool is_jump(struct thermal_look *w, int32_t actual_mc)
{
    struct thermal_heater *h = w->h;
    uint64_t ms = w->now_ms - h->actual_ms;
    ms = ms < SECOND ? SECOND : ms < 10 * MINUTE ? ms : 10 * MINUTE;
    int64_t may_mc = NOISE_MC + w->limits->rate_mc_s * (int64_t)ms / 1000;
    bool matters = thermal_is_on(h) || (h->target_mc == TEMP_NONE && w->context->printing);
    if (h->actual_mc == TEMP_NONE || llabs((int64_t)actual_mc - h->actual_mc) <= may_mc) {
        h->suspect_mc = TEMP_NONE;
        return false;
    }
    bool confirmed =
        h->suspect_mc != TEMP_NONE && llabs((int64_t)actual_mc - h->suspect_mc) <= may_mc;
    h->jumps = w->now_ms - h->jump_ms < MINUTE ? h->jumps + 1 : 1;
    h->jump_ms = h->jumps == 1 ? w->now_ms : h->jump_ms;
    h->suspect_mc = actual_mc;
    if (matters && (confirmed || h->jumps >= JUMPS)) {
        thermal_condemn(w, THERMAL_JUMP,
            "jumped from %.1f to %.1f °C: its sensor or the cable is loose", celsius(h->actual_mc),
            celsius(actual_mc));
    }
    if (!confirmed) {
        return true;
    }
    h->suspect_mc = TEMP_NONE; /* believed now */
    begin_target(w);
    return false;
}

static void believe(struct thermal_look *w, int32_t actual_mc)
{
    struct thermal_heater *h = w->h;
    if (h->actual_mc != actual_mc) {
        h->same_ms = w->now_ms;
    }
    if (h->actual_mc == TEMP_NONE) {
        h->mark_mc = actual_mc;
        h->mark_ms = w->now_ms;
    }
    h->actual_mc = actual_mc;
    h->actual_ms = w->now_ms;
}

/* On its way up: it must gain something all the time until it is near. */
static void check_rise(struct thermal_look *w)
{
    struct thermal_heater *h = w->h;
    bool near = h->actual_mc >= h->target_mc - facts[w->kind].band_mc;
    if (h->actual_mc >= h->target_mc - 2000) {
        h->reached = true;
    }
    if (near || h->reached || h->actual_mc >= h->mark_mc + w->limits->rise_mc) {
        h->mark_mc = h->actual_mc;
        h->mark_ms = w->now_ms;
    } else if (w->now_ms - h->mark_ms > (uint64_t)w->limits->rise_ms) {
        thermal_condemn(w, THERMAL_COLD,
            "is %.1f °C and does not get warmer although %.0f °C is wanted: "
            "check heater and sensor",
            celsius(h->actual_mc), celsius(h->target_mc));
    }
}

static void check_fall(struct thermal_look *w)
{
    struct thermal_heater *h = w->h;
    if (!h->reached || h->actual_mc >= h->target_mc - w->limits->fall_mc) {
        h->below_ms = 0;
        return;
    }
    h->below_ms = h->below_ms > 0 ? h->below_ms : w->now_ms;
    if (w->now_ms - h->below_ms > (uint64_t)w->limits->fall_ms) {
        thermal_condemn(w, THERMAL_FELL,
            "fell to %.1f °C although %.0f °C is wanted: check heater, sensor and power supply",
            celsius(h->actual_mc), celsius(h->target_mc));
    }
}

/* It need not rise to be heated: at full power it may have come to where it loses as much. Exactly
 * the same reading all the time is the sensor's doing, see check_stuck(). */
static void check_cools(struct thermal_look *w)
{
    struct thermal_heater *h = w->h;
    if (!h->above || h->actual_mc <= h->cool_mc - facts[w->kind].over_fall_mc) {
        h->cool_mc = h->actual_mc;
        h->cool_ms = w->now_ms;
    }
    if (h->same_ms > h->cool_ms && w->now_ms - h->cool_ms > (uint64_t)w->limits->stuck_ms) {
        thermal_condemn(w, THERMAL_OVER,
            "is %.1f °C and does not cool although only %.0f °C is wanted: it may heat all the "
            "time",
            celsius(h->actual_mc), celsius(h->target_mc));
    }
}

/* Far above its target, also of zero, a heater may only cool. */
static void check_over(struct thermal_look *w)
{
    struct thermal_heater *h = w->h;
    int32_t over_mc = h->target_mc + facts[w->kind].over_mc;
    bool settled = w->now_ms - h->target_ms >= facts[w->kind].over_after_ms;
    bool far = h->actual_mc > over_mc && h->actual_mc > facts[w->kind].over_min_mc;
    if (!far || !settled || w->context->tuning) {
        h->above = false;
        h->rising = 0;
        return;
    }
    check_cools(w);
    h->low_mc = h->above && h->low_mc < h->actual_mc ? h->low_mc : h->actual_mc;
    h->above = true;
    h->rising = h->actual_mc > h->low_mc + facts[w->kind].over_rise_mc ? h->rising + 1 : 0;
    if (h->rising >= 2) {
        thermal_condemn(w, THERMAL_OVER,
            "is %.1f °C and rises although only %.0f °C is wanted: it may heat all the time",
            celsius(h->actual_mc), celsius(h->target_mc));
    }
}

/* At its target a reading may stand still; below it and far above it may not. */
static void check_stuck(struct thermal_look *w)
{
    struct thermal_heater *h = w->h;
    bool below = thermal_is_on(h) && h->actual_mc < h->target_mc - 2000;
    bool above = h->actual_mc > h->target_mc + 20000 && h->actual_mc > facts[w->kind].cools_mc;
    if ((!below && !above) || w->context->tuning) {
        h->must_ms = 0;
        return;
    }
    h->must_ms = h->must_ms > 0 ? h->must_ms : w->now_ms;
    uint64_t since = h->must_ms > h->same_ms ? h->must_ms : h->same_ms;
    if (w->now_ms - since > (uint64_t)w->limits->stuck_ms) {
        thermal_condemn(w, THERMAL_STUCK,
            "reads exactly %.2f °C all the time although %.0f °C is wanted: check its sensor",
            celsius(h->actual_mc), celsius(h->target_mc));
    }
}

static void check_heater(struct thermal_look *w)
{
    if (w->h->target_mc == TEMP_NONE) {
        return;
    }
    if (thermal_is_on(w->h) && !w->context->tuning) {
        check_rise(w);
        check_fall(w);
    }
    check_over(w);
    check_stuck(w);
}

/* ---- after the order to turn everything off ---- */

/* The heat that is in it may still arrive; from then on it must not gain. */
static void check_obeys(struct thermal_look *w)
{
    struct thermal_heater *h = w->h;
    uint64_t since = w->now_ms - w->t->off_ms;
    if (thermal_is_on(h) && since > OFF_TARGET_MS) {
        thermal_condemn(w, THERMAL_DISOBEYED, "was turned off and still heats to %.0f °C",
            celsius(h->target_mc));
    }
    if (since < facts[w->kind].over_after_ms / 2) {
        return;
    }
    h->low_mc = h->above && h->low_mc < h->actual_mc ? h->low_mc : h->actual_mc;
    h->above = true;
    bool rises = h->actual_mc > OFF_WARM_MC && h->actual_mc > h->low_mc + OFF_RISE_MC;
    h->rising = rises ? h->rising + 1 : 0;
    if (h->rising >= 2) {
        thermal_condemn(w, THERMAL_DISOBEYED, "was turned off and rises to %.1f °C all the same",
            celsius(h->actual_mc));
    }
}

/* ---- what was told ---- */

void thermal_take_unreadable(struct thermal_look *w)
{
    if (thermal_is_on(w->h) && ++w->h->odd >= 2) {
        thermal_condemn(w, THERMAL_IMPOSSIBLE, "reads no temperature at all: check its sensor");
    }
}

void thermal_take_reading(struct thermal_look *w, int32_t actual_mc)
{
    if (is_impossible(w, actual_mc) || is_jump(w, actual_mc)) {
        return;
    }
    believe(w, actual_mc);
    if (w->t->off_ms == 0) {
        check_heater(w);
    } else {
        check_obeys(w);
    }
}
