#include "host/app/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/str.h"

#include <stdio.h>
#include <string.h>

#define WARM_MC  50000
#define WAITS_MS 5000 /* busy and heating lines come every second or two */

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

bool device_waits(const struct device *d)
{
    return clock_ms() - d->waiting_ms < WAITS_MS;
}

void device_terminal_add(struct device *d, char direction, const char *text, size_t len)
{
    struct terminal_line *t = &d->terminal[d->terminal_count++ % TERMINAL_LINES];
    t->wall_ms = clock_wall_ms();
    t->direction = direction;
    str_escape(t->text, sizeof t->text, text, len);
    hub_emit(d->hub, HUB_TERMINAL,
        &(struct hub_terminal){.wall_ms = t->wall_ms, .direction = direction, .text = t->text});
}

static void take_info(struct device *d)
{
    const struct m115 *m = &d->info;
    snprintf(d->firmware, sizeof d->firmware, "%s", m->firmware);
    snprintf(d->machine, sizeof d->machine, "%s", m->machine);
    snprintf(d->uuid, sizeof d->uuid, "%s", m->uuid);
}

static void take_temps(struct device *d, const char *line)
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

void device_on_line(struct device *d, const char *text, size_t len)
{
    struct reply r;
    device_terminal_add(d, '<', text, len);
    reply_parse(&r, text, len);
    if (r.waiting) {
        d->waiting_ms = clock_ms();
        device_print_waits(d);
    }
    if (r.kind == REPLY_BUSY && str_starts(r.text, "paused for")) {
        device_waits_for_person(d, r.text);
    }
    device_thermal_line(d, text);
    if (r.temps) {
        take_temps(d, text);
    } else if (r.locked) {
        device_cool_locked(d);
    } else if (r.kind == REPLY_ABORT) {
        device_abort(d, r.text);
    } else if (r.kind == REPLY_ACTION) {
        if (!device_sd_action(d, r.text)) {
            device_take_action(d, r.text);
        }
    } else if (caps_take(&d->caps, text)) {
        device_sd_cap(d, text);
    } else if (m115_take(&d->info, text)) {
        take_info(d);
    } else {
        device_sd_line(d, text);
    }
}
