#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define OWED_SETTING "heaters_owed"
#define AGAIN_MS     10000

/* ---- the debt ------------------------------------------------------------------------------- */

static void on_saved(void *context, const struct err *e)
{
    (void)context;
    if (e != NULL) {
        log_error("that heaters are to be turned off could not be written: %s", e->text);
    }
}

static void save_owed(struct device *d, bool owed)
{
    if (d->heat.owed_stored != owed) {
        d->heat.owed_stored = owed;
        store_save_setting(d->store, OWED_SETTING, owed ? "yes" : "no", on_saved, NULL);
    }
}

void device_cool_owe(struct device *d)
{
    d->heat.owed = true;
    save_owed(d, true);
}

void device_cool_paid(struct device *d)
{
    if (d->heat.locked) {
        if (d->heat.thermal.off_ms == 0) {
            device_thermal_off(d, clock_ms()); /* M112 if anything is on */
        }
        return;
    }
    if (d->heat.owed) {
        log_info("the heaters are off");
    }
    d->heat.owed = false;
    save_owed(d, false);
}

void device_cool_forgive(struct device *d)
{
    d->heat.owed = false;
    save_owed(d, false);
}

void device_cool_locked(struct device *d)
{
    static const char text[] =
        "the printer is locked and does nothing that it is told: unlock it there, or with M511";
    d->heat.locked = true;
    if (!d->heat.locked_told || d->run.id[0] != '\0') {
        device_fault(d, text);
    }
    device_abort(d, text);
    device_script_fail(d, PP_EREFUSED, text);
    if (!d->heat.locked_told && d->run.id[0] == '\0') {
        device_notice(d, "%s", text);
    }
    d->heat.locked_told = true;
}

/* What cannot be read is taken to be owed. */
bool device_cool_is_owed(struct device *d)
{
    char value[8];
    struct err e;
    int rc = store_load_setting(d->store, OWED_SETTING, value, sizeof value, &e);
    d->heat.owed_stored = rc == 0 && strcmp(value, "yes") == 0;
    return rc < 0 || d->heat.owed_stored;
}

/* ---- nothing to do -------------------------------------------------------------------------- */

static bool is_over(uint64_t now_ms, uint64_t since_ms, int64_t limit_ms)
{
    return limit_ms > 0 && now_ms - since_ms >= (uint64_t)limit_ms;
}

static void cool_idle(struct device *d, uint64_t now_ms)
{
    if (is_over(now_ms, d->heat.used_ms, d->heat.idle_off_ms)) {
        d->heat.used_ms = now_ms;
        device_notice(d, "heaters were on with no print for %lld min: turned off",
            (long long)(d->heat.idle_off_ms / 60000));
        device_heaters_off(d, TAG_NONE);
    }
}

/* ---- a long pause --------------------------------------------------------------------------- */

/* What the printer tells, else what the file asked for. */
static int32_t target_of(const struct device *d, size_t heater)
{
    int32_t told_mc = d->temps.target_mc[heater];
    if (told_mc != TEMP_NONE) {
        return told_mc;
    }
    return heater <= TEMP_BED ? d->pause_modal.target_mc[heater] : 0;
}

static void set_target(struct device *d, size_t heater, int32_t target_mc, bool wait)
{
    char line[40];
    double target = target_mc / 1000.0;
    if (heater == TEMP_BED || heater == TEMP_CHAMBER) {
        int code = (heater == TEMP_BED ? 140 : 141) + (wait ? 50 : 0);
        snprintf(line, sizeof line, "M%d S%g", code, target);
    } else if (device_tools(d) > 1) {
        snprintf(line, sizeof line, "M%d T%zu S%g", wait ? 109 : 104, heater, target);
    } else {
        snprintf(line, sizeof line, "M%d S%g", wait ? 109 : 104, target);
    }
    device_inject(d, line, TAG_NONE);
}

/* Turns off what is on of these heaters and remembers it; true if anything was. */
static bool cool(struct device *d, size_t from, size_t below)
{
    bool any = false;
    for (size_t i = from; i < below; i++) {
        int32_t target_mc = target_of(d, i);
        if (target_mc > 0) {
            d->heat.reheat_mc[i] = target_mc;
            set_target(d, i, 0, false);
            any = true;
        }
    }
    if (any) {
        device_remember(d);
    }
    return any;
}

/* A nozzle that stays hot cooks what is in it; a bed that cools lets go of the part, so that it may
 * stay warm for longer. Whoever sets a temperature meanwhile begins the time anew. */
static void cool_paused(struct device *d, uint64_t now_ms)
{
    struct device_heat *h = &d->heat;
    if (is_over(now_ms, d->heat.used_ms, h->pause_off_ms) && !h->tools_cooled) {
        h->tools_cooled = true;
        if (cool(d, 0, TEMP_BED)) {
            device_notice(d, "paused for %lld min: hotend off; it is heated again on resume",
                (long long)(h->pause_off_ms / 60000));
        }
    }
    if (is_over(now_ms, d->heat.used_ms, h->pause_bed_off_ms) && !h->bed_cooled) {
        h->bed_cooled = true;
        if (cool(d, TEMP_BED, TEMP_HEATERS)) {
            device_notice(d,
                "paused for %lld min: bed off; it is heated again on resume, but look whether the "
                "part still holds",
                (long long)(h->pause_bed_off_ms / 60000));
        }
    }
}

static void forget_pause(struct device *d)
{
    d->heat.tools_cooled = false;
    d->heat.bed_cooled = false;
    memset(d->heat.reheat_mc, 0, sizeof d->heat.reheat_mc);
}

void device_cool_used(struct device *d)
{
    d->heat.used_ms = clock_ms();
    d->heat.tools_cooled = false;
    d->heat.bed_cooled = false;
}

void device_cool_found(struct device *d)
{
    for (size_t i = 0; i <= TEMP_BED; i++) {
        bool off = d->temps.target_mc[i] == 0 && d->pause_modal.target_mc[i] > 0;
        if (off && d->heat.reheat_mc[i] == 0) {
            d->heat.reheat_mc[i] = d->pause_modal.target_mc[i];
        }
    }
}

void device_reheat(struct device *d)
{
    static const size_t order[] = {TEMP_CHAMBER, TEMP_BED, 0, 1, 2, 3, 4, 5, 6, 7};
    bool wait = false;
    do {
        for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
            int32_t told_mc = d->temps.target_mc[order[i]];
            if (d->heat.reheat_mc[order[i]] > 0) { /* what a person has set since then holds */
                set_target(d, order[i], told_mc > 0 ? told_mc : d->heat.reheat_mc[order[i]], wait);
            }
        }
        wait = !wait;
    } while (wait); /* all at once first, then one wait after the other */
    forget_pause(d);
}

void device_cool_tick(struct device *d, uint64_t now_ms)
{
    enum printer_state state = device_state(d);
    bool hot = device_heats(d);
    if (state == PRINTER_PAUSED) {
        cool_paused(d, now_ms);
        return;
    }
    if (!device_recover_unsure(d)) {
        forget_pause(d);
    }
    bool idle = state == PRINTER_OPERATIONAL || device_offer_open(d);
    bool unpaid = d->heat.locked && d->heat.owed && state == PRINTER_OPERATIONAL;
    if (unpaid && is_over(now_ms, d->heat.again_ms, AGAIN_MS)) {
        d->heat.again_ms = now_ms;
        device_heaters_off(d, TAG_SAFE);
    }
    if (!idle || !hot) {
        d->heat.used_ms = now_ms;
    } else {
        cool_idle(d, now_ms);
    }
}
