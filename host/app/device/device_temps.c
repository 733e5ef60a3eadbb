/* Temperatures: asked for where the printer does not tell them by itself, taken, kept; and every
 * heater off. */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"

#include <stdio.h>

#define POLL_MS      2000 /* between two M105 where nothing is reported by itself */
#define TEMP_SAVE_MS 60000
#define WARM_MC      50000

/* ---- heaters ---- */

/* As many as the profile has, or the printer reports. */
int device_tools(const struct device *d)
{
    int tools = d->profile != NULL && d->profile->limits.tools > 0 ? d->profile->limits.tools : 1;
    for (int i = tools; i < TEMP_TOOLS; i++) {
        tools = d->temps.actual_mc[i] != TEMP_NONE ? i + 1 : tools;
    }
    return tools;
}

/* Turns off every heater that is on or unknown. The last line carries the tag. */
void device_heaters_off(struct device *d, enum device_tag tag)
{
    int tools = device_tools(d);
    char line[32];
    d->heat.locked = false;
    for (int i = 0; i < tools; i++) {
        snprintf(line, sizeof line, tools > 1 ? "M104 T%d S0" : "M104 S0", i);
        device_inject(d, line, TAG_NONE);
    }
    if (d->temps.actual_mc[TEMP_CHAMBER] != TEMP_NONE) {
        device_inject(d, "M141 S0", TAG_NONE);
    }
    device_inject(d, "M140 S0", tag);
}

/* Some firmwares tell no targets: there what is hot is taken to be heated. */
bool device_heats(const struct device *d)
{
    const struct temp_report *t = &d->temps;
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        bool told = t->target_mc[i] != TEMP_NONE;
        if (told ? t->target_mc[i] > 0 : t->actual_mc[i] >= WARM_MC) {
            return true;
        }
    }
    return false;
}

/* ---- reports ---- */

/* Not where a report by itself could be taken for the answer to M105. */
bool device_reports(const struct device *d)
{
    return caps_has(&d->who.caps, CAP_AUTOREPORT_TEMP) && !d->who.dialect->temps_then_ok;
}

static void poll_temps(struct device *d, uint64_t now)
{
    uint64_t every = device_reports(d) ? 10 * POLL_MS : POLL_MS;
    bool blocked = device_waits(d) || (device_self_paused(d) && d->self.change) ||
                   device_sd_muted(d) || device_recover_blind(d);
    if (!printer_is_connected(device_state(d)) || blocked || now - d->temps_ms < every ||
        sender_injects(d->sender) >= MAX_WAITING) {
        return;
    }
    d->temps_ms = now;
    device_inject(d, "M105", TAG_NONE);
}

static void save_temps(struct device *d, uint64_t now)
{
    struct temp_row rows[TEMP_HEATERS];
    size_t n = 0;
    if (now - d->saved_temps_ms < TEMP_SAVE_MS || !printer_is_connected(device_state(d))) {
        return;
    }
    d->saved_temps_ms = now;
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        if (d->temps.actual_mc[i] == TEMP_NONE) {
            continue;
        }
        rows[n] = (struct temp_row){.wall_ms = clock_wall_ms(),
            .actual_mc = d->temps.actual_mc[i],
            .target_mc = d->temps.target_mc[i]};
        snprintf(rows[n++].heater, sizeof rows->heater, "%s", temp_heater_name(i));
    }
    store_add_temps(d->store, rows, n);
}

void device_temps_tick(struct device *d, uint64_t now)
{
    poll_temps(d, now);
    save_temps(d, now);
}

void device_temps_take(struct device *d, const char *line)
{
    struct temp_report t;
    bool retargeted = false;
    bool at_printer = false; /* or here: nothing else heats in a pause */
    if (!temp_parse(&t, line, 0)) {
        return;
    }
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        if (t.actual_mc[i] != TEMP_NONE) {
            d->temps.actual_mc[i] = t.actual_mc[i];
        }
        if (t.target_mc[i] != TEMP_NONE) {
            bool changed = d->temps.target_mc[i] != t.target_mc[i];
            retargeted = retargeted || changed;
            at_printer = at_printer || (changed && t.target_mc[i] > 0);
            d->temps.target_mc[i] = t.target_mc[i];
        }
    }
    d->temps_ms = clock_ms();
    d->temps_told_ms = clock_wall_ms();
    if (at_printer && device_state(d) == PRINTER_PAUSED) {
        device_cool_used(d);
    }
    if (retargeted && d->run.id[0] != '\0' && d->recovery.phase == RECOVER_NONE) {
        device_remember(d);
    }
    device_thermal_report(d, &t);
    hub_emit(d->hub, HUB_TEMPS, NULL);
}
