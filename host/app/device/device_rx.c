#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/str.h"

#include <stdio.h>
#include <string.h>

#define WAITS_MS 5000 /* busy and heating lines come every second or two */

bool device_waits(const struct device *d)
{
    return clock_ms() - d->waiting_ms < WAITS_MS;
}

void device_terminal_add(struct device *d, char direction, const char *text, size_t len)
{
    struct terminal_line *t = &d->terminal.line[d->terminal.count++ % TERMINAL_LINES];
    t->wall_ms = clock_wall_ms();
    t->direction = direction;
    str_escape(t->text, sizeof t->text, text, len);
    hub_emit(d->hub, HUB_TERMINAL,
        &(struct hub_terminal){.wall_ms = t->wall_ms, .direction = direction, .text = t->text});
}

static void take_info(struct device *d)
{
    const struct m115 *m = &d->who.info;
    snprintf(d->who.firmware, sizeof d->who.firmware, "%s", m->firmware);
    snprintf(d->who.machine, sizeof d->who.machine, "%s", m->machine);
    snprintf(d->who.uuid, sizeof d->who.uuid, "%s", m->uuid);
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
        device_temps_take(d, text);
    } else if (r.locked) {
        device_cool_locked(d);
    } else if (r.kind == REPLY_ABORT) {
        device_abort(d, r.text);
    } else if (r.kind == REPLY_ACTION) {
        if (!device_sd_action(d, r.text)) {
            device_take_action(d, r.text);
        }
    } else if (caps_take(&d->who.caps, text)) {
        device_sd_cap(d, text);
    } else if (m115_take(&d->who.info, text)) {
        take_info(d);
    } else {
        device_sd_line(d, text);
    }
}
