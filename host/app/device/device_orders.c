/* What people want of the printer itself: to be connected, a temperature, a command, a stop.
 *
 * Failures: refused while it cannot be obeyed, or where it would spoil what is under way; `err`
 * says what would be right.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

int device_refuse_offline(const struct device *d, struct err *e)
{
    return err_set(e, PP_EOFFLINE, "the printer is %s%s%s",
        device_state(d) == PRINTER_ERROR ? "in error" : sm_name(&d->state),
        d->error[0] != '\0' ? ": " : "", d->error);
}

int device_connect(struct device *d, struct err *e)
{
    if (d->wire.attached || d->wire.is_opening) {
        return err_set(e, PP_ESTATE, "already %s", sm_name(&d->state));
    }
    d->wire.wanted = true;
    d->wire.retry_ms = 0;
    d->error[0] = '\0';
    device_link_start(d);
    return 0;
}

int device_disconnect(struct device *d, struct err *e)
{
    if (printer_has_job(device_state(d)) && !device_offer_open(d)) {
        return err_set(e, PP_ESTATE, "\"%s\" is being printed: cancel it first", d->run.file_name);
    }
    if (device_state(d) == PRINTER_TRANSFERRING) {
        return err_set(e, PP_ESTATE,
            "\"%s\" is being copied to the printer's card: cancel it first", d->sd.put.file);
    }
    d->wire.wanted = false;
    uv_timer_stop(&d->wire.retry);
    device_script_stop(d);
    if (device_state(d) == PRINTER_OPERATIONAL || device_state(d) == PRINTER_RECOVERING) {
        device_go_cold(d);
    } else {
        device_link_drop(d, false);
    }
    return 0;
}

static int require_connected(const struct device *d, struct err *e)
{
    if (device_state(d) == PRINTER_TRANSFERRING) {
        return err_set(e, PP_ESTATE,
            "a file is being written to the printer's card: a command would go into it");
    }
    bool there = printer_is_connected(device_state(d)) && !device_recover_unsure(d);
    return there ? 0 : device_refuse_offline(d, e);
}

/* A command of a person, or a poll: may not take the place of what turns the heaters off. */
static int send_if_room(struct device *d, const char *text, size_t len, struct err *e)
{
    if (sender_injects(d->sender) >= MAX_WAITING ||
        !sender_inject(d->sender, text, len, TAG_NONE)) {
        return err_set(e, PP_EBUSY, "too many commands wait already: the printer is busy");
    }
    return 0;
}

static int32_t limit_of(const struct limits *l, int heater)
{
    return heater == TEMP_BED       ? l->max_bed_mc
           : heater == TEMP_CHAMBER ? l->max_chamber_mc
           : heater < l->tools      ? l->max_tool_mc
                                    : 0;
}

int device_set_temp(struct device *d, const char *heater, int32_t target_mc, struct err *e)
{
    char line[40];
    int index = temp_heater_index(heater);
    int rc = require_connected(d, e);
    if (rc < 0) {
        return rc;
    }
    if (index < 0) {
        return err_field(
            e, PP_EINVAL, heater, "heater \"%s\": must be tool0 to tool7, bed or chamber", heater);
    }
    int32_t limit = limit_of(device_limits(d), index);
    if (target_mc < 0 || target_mc > limit) {
        return err_field(e, PP_EINVAL, heater, "%s %g: must be 0 to %g °C on this printer", heater,
            target_mc / 1000.0, limit / 1000.0);
    }
    if (index == TEMP_BED || index == TEMP_CHAMBER) {
        snprintf(line, sizeof line, "M%d S%g", index == TEMP_BED ? 140 : 141, target_mc / 1000.0);
    } else {
        snprintf(line, sizeof line, "M104 T%d S%g", index, target_mc / 1000.0);
    }
    rc = send_if_room(d, line, strlen(line), e);
    if (rc == 0) {
        device_cool_used(d);
    }
    return rc;
}

/* M112, M108, M410 and M876 act at once where the firmware looks for them as they arrive. */
static bool is_urgent(const struct device *d, const struct gcode *g)
{
    return caps_has(&d->who.caps, CAP_EMERGENCY_PARSER) && g->letter == 'M' &&
           (g->number == 108 || g->number == 410 || g->number == 876);
}

/* All but what is known not to: macros, moves, what releases the motors or begins something. */
static bool may_move(const struct gcode *g)
{
    static const int moving[] = {0, 1, 17, 18, 24, 25, 32, 84, 125, 226, 600, 601, 602, 603, 604,
        701, 702, 704, 705, 706, 707, 708, 709, 999, 1000};
    if (g->letter != 'M') {
        return g->len > 0;
    }
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++) {
        if (g->number == moving[i]) {
            return true;
        }
    }
    return g->number < 0;
}

int device_send(struct device *d, const char *text, struct err *e)
{
    struct gcode g;
    if (strpbrk(text, "\r\n") != NULL) {
        return err_field(
            e, PP_EINVAL, "commands", "a command is one line; send several one by one");
    }
    gcode_parse(&g, text, strlen(text));
    if (g.letter == 'M' && g.number == 112) {
        return device_estop(d, e); /* whatever the state */
    }
    int rc = require_connected(d, e);
    if (rc < 0) {
        return rc;
    }
    if (device_recover_keeps(d) && may_move(&g)) {
        return err_field(e, PP_ESTATE, "commands",
            "\"%.40s\" may move the tool, whose height is needed to go on with \"%.60s\": answer "
            "that first (ppctl recover, or ppctl cancel)",
            text, d->run.file_name);
    }
    if (g.len == 0) {
        return err_field(e, PP_EINVAL, "commands", "\"%.40s\": nothing to send", text);
    }
    size_t limit = dialect_max_command(d->who.dialect, 9999999);
    if (g.len > limit) {
        return err_field(e, PP_EINVAL, "commands",
            "\"%.30s...\" has %zu characters: this printer takes %zu", text, g.len, limit);
    }
    if (is_urgent(d, &g)) {
        sender_urgent(d->sender, g.text, g.len);
    } else {
        rc = send_if_room(d, g.text, g.len, e);
    }
    if (rc == 0) {
        device_cool_used(d);
    }
    return rc;
}

int device_estop(struct device *d, struct err *e)
{
    if (!d->wire.attached && d->wire.estopped) {
        return 0; /* the datagram was faster */
    }
    if (!d->wire.attached) {
        device_link_stopped(d);
        return err_set(
            e, PP_EOFFLINE, "not connected, so no stop can be sent: switch the printer off");
    }
    log_warn("emergency stop");
    sender_estop(d->sender);
    device_link_stopped(d);
    return 0;
}
