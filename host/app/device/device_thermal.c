#include "host/app/device/device_priv.h"

#include "host/base/clock.h"

#include <string.h>

#define ASK_MS    5000
#define TUNING_MS (60 * 60 * 1000) /* nobody tunes longer; its end may have been missed */

void device_thermal_reset(struct device *d)
{
    thermal_init(&d->heat.thermal, d->profile != NULL ? d->profile->thermal : NULL);
    d->heat.asked = false;
    d->heat.off_wanted = false;
    d->heat.tuning_ms = 0;
}

void device_thermal_limits(struct device *d)
{
    thermal_limit(&d->heat.thermal, d->profile != NULL ? d->profile->thermal : NULL);
}

static struct thermal_context context_of(const struct device *d, uint64_t now_ms)
{
    const struct limits *l = device_limits(d);
    const struct device_heat *h = &d->heat;
    return (struct thermal_context){.max_mc = {[THERMAL_TOOL] = l->max_tool_mc,
                                        [THERMAL_BED] = l->max_bed_mc,
                                        [THERMAL_CHAMBER] = l->max_chamber_mc},
        .printing = printer_has_job(device_state(d)) && !device_offer_open(d),
        .tuning = h->tuning_ms > 0 && now_ms - h->tuning_ms < TUNING_MS,
        .blocked = device_waits(d) || h->asked || device_state(d) == PRINTER_TRANSFERRING};
}

void device_thermal_off(struct device *d, uint64_t now_ms)
{
    thermal_off(&d->heat.thermal, now_ms);
}

void device_halt(struct device *d, const char *reason)
{
    device_fault(d, reason);
    if (d->run.id[0] != '\0') {
        device_print_end(d, RUN_FAILURE, reason);
    }
    device_cool_owe(d);
    sender_estop(d->sender);
    device_fail(d, PRINTER_ERROR, "%s (reset the printer, then: ppctl connect)", reason);
}

/* The print ends like one that cannot go on; a print that is being ended keeps its reason. */
static void stop_heating(struct device *d, const char *text, uint64_t now_ms)
{
    enum printer_state state = device_state(d);
    device_fault(d, text);
    if (printer_has_job(state) && state != PRINTER_CANCELLING && !device_offer_open(d)) {
        device_abort(d, text);
    } else if (state == PRINTER_TRANSFERRING) { /* any command would go into the file */
        device_sd_put_stop(d, text);
        d->heat.off_wanted = true;
    } else {
        device_notice(d, "heaters off: %s", text);
        device_heaters_off(d, TAG_NONE);
        device_script_fail(d, PP_EREFUSED, text);
    }
    device_thermal_off(d, now_ms);
}

static void act(struct device *d, const struct thermal_verdict *v, uint64_t now_ms)
{
    char text[sizeof v->text + 64];
    if (v->fault == THERMAL_DISOBEYED) {
        snprintf(text, sizeof text, "%s; switch the printer off if it does not cool", v->text);
        device_notice(d, "emergency stop: %s", text);
        device_halt(d, text);
    } else if (v->fault != THERMAL_FINE) {
        stop_heating(d, v->text, now_ms);
    }
}

static void step(struct device *d, const struct temp_report *r, uint64_t now_ms)
{
    struct device_heat *h = &d->heat;
    struct thermal_context context = context_of(d, now_ms);
    struct thermal_verdict v = thermal_step(&h->thermal, now_ms, r, &context);
    if (!printer_is_connected(device_state(d)) || d->wire.estopped || device_recover_blind(d)) {
        return;
    }
    act(d, &v, now_ms);
    if (v.ask && !h->asked && now_ms - h->asked_ms >= ASK_MS) {
        h->asked = true;
        h->asked_ms = now_ms;
        device_inject(d, "M105", TAG_ASKED);
    }
}

void device_thermal_report(struct device *d, const struct temp_report *r)
{
    step(d, r, clock_ms());
}

void device_thermal_tick(struct device *d, uint64_t now_ms)
{
    if (d->heat.off_wanted && device_state(d) != PRINTER_TRANSFERRING) {
        d->heat.off_wanted = false;
        device_heaters_off(d, TAG_NONE);
    }
    step(d, NULL, now_ms);
}

void device_thermal_asked(struct device *d)
{
    d->heat.asked = false;
    thermal_asked(&d->heat.thermal);
}

/* "PID Autotune start", "PID Autotune finished! Put ...", "PID Autotune failed! timeout"; Marlin's
 * MPC alike. While it lasts heaters are on although their targets are told to be zero. */
void device_thermal_line(struct device *d, const char *text)
{
    const char *word = strcasestr(text, "autotune");
    if (word != NULL) {
        d->heat.tuning_ms = strcasestr(word, "start") != NULL ? clock_ms() : 0;
    }
}
