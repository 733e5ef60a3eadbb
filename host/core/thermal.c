#include "host/core/thermal_priv.h"

#define SILENT_MS      (20 * SECOND)
#define UNANSWERED     3
#define OFF_WATCHED_MS (10 * MINUTE)

const struct thermal_limits thermal_defaults[THERMAL_KINDS] = {
    /* a fan that starts on a bare hotend takes 10 K and half a minute */
    [THERMAL_TOOL] = {.fall_mc = 15000,
        .fall_ms = 60 * SECOND,
        .rise_mc = 2000,
        .rise_ms = 60 * SECOND,
        .stuck_ms = 3 * MINUTE,
        .rate_mc_s = 20000},
    /* large beds near their end gain half a degree a minute; an opened door takes 5 K */
    [THERMAL_BED] = {.fall_mc = 10000,
        .fall_ms = 3 * MINUTE,
        .rise_mc = 1500,
        .rise_ms = 4 * MINUTE,
        .stuck_ms = 10 * MINUTE,
        .rate_mc_s = 5000},
    [THERMAL_CHAMBER] = {.fall_mc = 20000,
        .fall_ms = 15 * MINUTE,
        .rise_mc = 1000,
        .rise_ms = 15 * MINUTE,
        .stuck_ms = 30 * MINUTE,
        .rate_mc_s = 5000},
};

static enum thermal_kind kind_of(int heater)
{
    return heater == TEMP_BED       ? THERMAL_BED
           : heater == TEMP_CHAMBER ? THERMAL_CHAMBER
                                    : THERMAL_TOOL;
}

static void put_default(int64_t *value, int64_t otherwise)
{
    *value = *value > 0 ? *value : otherwise;
}

static struct thermal_limits limits_of(const struct thermal_limits *l, enum thermal_kind kind)
{
    const struct thermal_limits *d = &thermal_defaults[kind];
    struct thermal_limits out = l != NULL ? l[kind] : *d;
    out.fall_mc = out.fall_mc > 0 ? out.fall_mc : d->fall_mc;
    out.rise_mc = out.rise_mc > 0 ? out.rise_mc : d->rise_mc;
    out.rate_mc_s = out.rate_mc_s > 0 ? out.rate_mc_s : d->rate_mc_s;
    put_default(&out.fall_ms, d->fall_ms);
    put_default(&out.rise_ms, d->rise_ms);
    put_default(&out.stuck_ms, d->stuck_ms);
    return out;
}

void thermal_limit(struct thermal *t, const struct thermal_limits *limits)
{
    for (int kind = 0; kind < THERMAL_KINDS; kind++) {
        t->limits[kind] = limits_of(limits, (enum thermal_kind)kind);
    }
}

void thermal_init(struct thermal *t, const struct thermal_limits *limits)
{
    *t = (struct thermal){0};
    thermal_limit(t, limits);
    for (int i = 0; i < TEMP_HEATERS; i++) {
        t->heater[i] = (struct thermal_heater){
            .target_mc = TEMP_NONE, .actual_mc = TEMP_NONE, .suspect_mc = TEMP_NONE};
    }
}

/* ---- after the order to turn everything off ------------------------------------------------- */

static bool any_on(const struct thermal *t)
{
    for (int i = 0; i < TEMP_HEATERS; i++) {
        if (thermal_is_on(&t->heater[i])) {
            return true;
        }
    }
    return false;
}

/* A target set after all were at zero is somebody's wish. */
static void update_off(struct thermal *t, uint64_t now_ms)
{
    if (t->off_ms == 0) {
        return;
    }
    bool on = any_on(t);
    if ((on && t->off_seen) || now_ms - t->off_ms > OFF_WATCHED_MS) {
        thermal_on(t);
    }
    t->off_seen = !on;
}

void thermal_off(struct thermal *t, uint64_t now_ms)
{
    t->off_ms = now_ms > 0 ? now_ms : 1;
    t->off_seen = false;
    t->unanswered = 0;
    for (int i = 0; i < TEMP_HEATERS; i++) {
        t->heater[i].above = false;
        t->heater[i].rising = 0;
        t->heater[i].odd = 0;
        t->heater[i].suspect_mc = TEMP_NONE;
    }
}

void thermal_on(struct thermal *t)
{
    t->off_ms = 0;
    for (int i = 0; i < TEMP_HEATERS; i++) {
        struct thermal_heater *h = &t->heater[i];
        h->above = false;
        h->rising = 0;
        h->must_ms = 0;
        h->below_ms = 0;
        h->mark_mc = h->actual_mc;
        h->mark_ms = h->actual_ms;
    }
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void look_at(struct thermal_look *w, int heater)
{
    w->heater = heater;
    w->h = &w->t->heater[heater];
    w->kind = kind_of(heater);
    w->limits = &w->t->limits[w->kind];
}

static void take_report(struct thermal_look *w, const struct temp_report *r)
{
    for (int i = 0; i < TEMP_HEATERS; i++) {
        look_at(w, i);
        thermal_take_target(w, r->target_mc[i]);
    }
    update_off(w->t, w->now_ms);
    for (int i = 0; i < TEMP_HEATERS; i++) {
        look_at(w, i);
        if ((r->unreadable >> i & 1) != 0) {
            thermal_take_unreadable(w);
        } else if (r->actual_mc[i] != TEMP_NONE) {
            thermal_take_reading(w, r->actual_mc[i]);
            w->t->report_ms = w->now_ms;
            w->t->unanswered = 0;
        }
    }
    w->heater = -1;
}

/* Whether a printer answers at all is the stream's business; here it is about temperatures. */
static void check_silence(struct thermal_look *w)
{
    struct thermal *t = w->t;
    if (!any_on(t) || w->context->blocked || w->now_ms - t->report_ms < SILENT_MS) {
        return;
    }
    w->verdict.ask = true;
    if (t->unanswered >= UNANSWERED) {
        thermal_condemn(w, t->off_ms > 0 ? THERMAL_DISOBEYED : THERMAL_SILENT,
            "tells no temperatures any more although its heaters are on");
    }
}

struct thermal_verdict thermal_step(struct thermal *t, uint64_t now_ms, const struct temp_report *r,
    const struct thermal_context *c)
{
    struct thermal_look w = {.t = t, .now_ms = now_ms, .context = c, .heater = -1};
    w.verdict.heater = -1;
    if (r != NULL) {
        take_report(&w, r);
    } else {
        check_silence(&w);
    }
    return w.verdict;
}

void thermal_asked(struct thermal *t)
{
    t->unanswered++;
}
