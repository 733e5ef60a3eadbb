#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- scripts -----------------------------------------------------------------------------------
 */

/* Injects the commands of a script; none of them carries a tag. */
void device_run_script(struct device *d, const char *script, struct gcode_modal *modal)
{
    struct gcode g;
    while (*script != '\0') {
        size_t len = strcspn(script, "\n");
        gcode_parse(&g, script, len);
        if (g.len > 0 && g.letter != '@') {
            sender_inject(d->sender, g.text, g.len, TAG_NONE);
            gcode_modal_step(modal, &g);
        }
        script += len + (script[len] == '\n');
    }
}

static void injectf(struct device *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void injectf(struct device *d, const char *fmt, ...)
{
    char line[96];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    device_inject(d, line, TAG_NONE);
}

static double logical_mm(const struct gcode_modal *m, int axis)
{
    return (double)(m->pos[axis] - m->offset[axis]) / 1e6;
}

/* Scripts are written in millimetres and absolute coordinates; the restore brings the rest back. */
static void enter_script(struct device *d, struct gcode_modal *m)
{
    if (m->inches) {
        device_inject(d, "G21", TAG_NONE);
    }
    if (m->relative) {
        device_inject(d, "G90", TAG_NONE);
    }
    m->inches = false;
    m->relative = false;
}

void device_leave_script(struct device *d, const struct gcode_modal *m)
{
    injectf(d, "G92 E%.5f", logical_mm(m, 3));
    device_inject(d, m->e_relative ? "M83" : "M82", TAG_NONE);
    if (m->feed > 0) {
        injectf(d, "G1 F%.0f", (double)m->feed / 1e6);
    }
    if (m->relative) {
        device_inject(d, "G91", TAG_NONE);
        device_inject(d, m->e_relative ? "M83" : "M82", TAG_NONE);
    }
    if (m->inches) {
        device_inject(d, "G20", TAG_NONE);
    }
}

/* ---- pause and resume --------------------------------------------------------------------------
 */

/* True if the script stays inside the printer; how high it may lift is the firmware's to say. */
static bool script_fits(const struct device *d, const char *script, struct gcode_modal m)
{
    struct gcode g;
    m.relative = false; /* enter_script() sees to that */
    m.inches = false;
    while (*script != '\0') {
        size_t len = strcspn(script, "\n");
        gcode_parse(&g, script, len);
        gcode_modal_step(&m, &g);
        for (int axis = 0; axis < 3 && d->profile != NULL; axis++) {
            int64_t um = m.pos[axis] / 1000;
            bool above = axis < 2 && um > d->profile->limits.max_um[axis];
            if (um < d->profile->limits.min_um[axis] || above) {
                return false;
            }
        }
        script += len + (script[len] == '\n');
    }
    return true;
}

/* Where the tool is, in `at`; true if a script that moves may start from there. */
static bool may_park(
    const struct device *d, const char *script, struct gcode_modal *at, const char **why)
{
    uint64_t offset = atomic_load(&sender_stats(d->sender)->job_offset);
    gcode_modal_init(at);
    if (d->spool == NULL || spool_modal(d->spool, offset, at, NULL) < 0 || !at->homed[0] ||
        !at->homed[1] || !at->homed[2]) {
        *why = "the axes are not homed yet";
        return false;
    }
    *why = "the park position is outside the printer";
    return script_fits(d, script, *at);
}

/* What a script extrudes, known before its first line is sent. */
static int64_t extruded_by(const char *script, struct gcode_modal m)
{
    struct gcode g;
    m.relative = false;
    m.inches = false;
    int64_t before = m.pos[3];
    while (*script != '\0') {
        size_t len = strcspn(script, "\n");
        gcode_parse(&g, script, len);
        if (g.len > 0 && g.letter != '@') {
            gcode_modal_step(&m, &g);
        }
        script += len + (script[len] == '\n');
    }
    return m.pos[3] - before;
}

/* A printer that parks by itself does it better than a script, unless somebody wrote one for it. */
static bool parks_itself(const struct device *d)
{
    bool own = d->profile != NULL && d->profile->own_scripts;
    return d->who.dialect->pause_command != NULL && !own;
}

/* It goes back by itself too, so there is nothing to restore. */
static void park_by_command(struct device *d)
{
    d->self.parks = true;
    d->parked = false;
    d->script_begun = true;
    device_remember(d);
    if (d->who.dialect->job_timer) {
        device_inject(d, "M76", TAG_NONE);
    }
    device_inject(d, d->who.dialect->pause_command, TAG_PAUSED);
}

/* Everything of the file up to here is acknowledged: park. */
void device_park(struct device *d)
{
    d->self.parks = false;
    if (parks_itself(d)) {
        park_by_command(d);
        return;
    }
    const char *script = d->profile != NULL ? d->profile->pause_script : "";
    const char *why;
    d->parked = may_park(d, script, &d->pause_modal, &why);
    d->pause_extruded = d->parked ? extruded_by(script, d->pause_modal) : 0;
    d->script_begun = true;
    device_remember(d);
    if (d->who.dialect->job_timer) {
        device_inject(d, "M76", TAG_NONE);
    }
    device_inject(d, "M400", TAG_NONE);
    if (d->parked) {
        struct gcode_modal modal = d->pause_modal;
        enter_script(d, &modal);
        device_run_script(d, script, &modal);
    } else if (script[0] != '\0') {
        device_notice(d, "paused where it is: %s", why);
    }
    device_inject(d, "M105", TAG_PAUSED);
}

int device_pause(struct device *d, struct err *e)
{
    if (device_state(d) != PRINTER_PRINTING) {
        return err_set(e, PP_ESTATE, "nothing to pause: the printer is %s", sm_name(&d->state));
    }
    if (d->sd.printing) {
        device_sd_pause(d);
        return 0;
    }
    d->script_begun = false;
    device_move(d, PRINTER_PAUSING, "asked to");
    sender_hold(d->sender);
    return 0;
}

int device_resume(struct device *d, struct err *e)
{
    struct gcode_modal *at = &d->pause_modal;
    if (device_state(d) != PRINTER_PAUSED) {
        return err_set(e, PP_ESTATE, "nothing to resume: the printer is %s", sm_name(&d->state));
    }
    if (device_self_paused(d)) {
        return device_self_go_on(d, e);
    }
    device_move(d, PRINTER_RESUMING, "asked to");
    device_reheat(d);
    if (d->sd.printing) {
        device_sd_resume(d);
        return 0;
    }
    if (d->self.parks) {
        device_inject(d, d->who.dialect->resume_command, TAG_NONE);
    }
    if (d->parked) {
        struct gcode_modal modal = *at;
        if (d->profile != NULL) {
            device_run_script(d, d->profile->resume_script, &modal);
        }
        device_inject(d, "G90", TAG_NONE);
        injectf(d, "G1 X%.3f Y%.3f F6000", logical_mm(at, 0), logical_mm(at, 1));
        injectf(d, "G1 Z%.3f F600", logical_mm(at, 2));
        if (d->pause_extruded != 0) {
            device_inject(d, "M83", TAG_NONE);
            injectf(d, "G1 E%.5f F1800", (double)-d->pause_extruded / 1e6);
        }
        device_leave_script(d, at);
    }
    device_inject(d, d->who.dialect->job_timer ? "M75" : "M105", TAG_RESUMED);
    return 0;
}

/* ---- cancel ------------------------------------------------------------------------------------
 */

/* The heaters are turned off by us, whatever the script does; it moves only from a known place. */
static void run_cancel_script(struct device *d)
{
    const char *script = d->profile != NULL ? d->profile->cancel_script : "";
    const char *why;
    struct gcode_modal modal;
    bool moves = !d->parked && may_park(d, script, &modal, &why);
    device_heaters_off(d, TAG_NONE);
    device_inject(d, "M107", TAG_NONE);
    if (parks_itself(d)) {
        device_inject(d, d->who.dialect->stop_command, TAG_NONE);
    } else if (moves) {
        enter_script(d, &modal);
        device_run_script(d, script, &modal);
    }
}

/* Ends a wait for a temperature or a person. A few times: several such commands may be in its
 * queue. Without the parser it is found only if the queue has room, as it has behind M600. */
void device_end_wait(struct device *d)
{
    bool found = caps_has(&d->who.caps, CAP_EMERGENCY_PARSER) || d->self.by != WAIT_NONE;
    if (found && d->waits_ended < 5) {
        d->waits_ended++;
        sender_urgent(d->sender, "M108", 4);
    }
}

void device_cancel_run(struct device *d, enum run_result result, const char *reason)
{
    d->end_result = result;
    if (reason != d->run.reason) {
        snprintf(d->run.reason, sizeof d->run.reason, "%s", reason);
    }
    device_recover_drop(d);
    device_move(d, PRINTER_CANCELLING, reason);
    if (d->sd.printing) {
        device_sd_cancel(d);
        return;
    }
    sender_drop_job(d->sender);
    d->waits_ended = 0;
    if (device_waits(d) || d->self.by == WAIT_CHANGE) {
        device_end_wait(d);
    }
    device_unask(d, "wait");
    run_cancel_script(d);
    device_inject(d, d->who.dialect->job_timer ? "M77" : "M105", TAG_CANCELLED);
}

int device_cancel(struct device *d, struct err *e)
{
    enum printer_state state = device_state(d);
    if (state == PRINTER_OPERATIONAL && d->pending[0] != '\0') {
        device_drop_pending(d, "");
        return 0;
    }
    if (device_script_runs(d)) {
        device_script_fail(d, PP_ECANCELED, "cancelled");
        return 0;
    }
    if (device_asks(d, "recover")) {
        device_unask(d, "recover");
        device_recover_answered(d, 1);
        return 0;
    }
    if (device_recover_cancel(d, RUN_CANCELLED, "")) {
        return 0;
    }
    if (state == PRINTER_TRANSFERRING) {
        device_sd_put_stop(d, "cancelled");
        return 0;
    }
    if (!printer_has_job(state) || state == PRINTER_CANCELLING || device_offer_open(d)) {
        return err_set(e, PP_ESTATE, "nothing to cancel: the printer is %s", sm_name(&d->state));
    }
    device_cancel_run(d, RUN_CANCELLED, "");
    return 0;
}

/* Known from the first moment on, so that whatever ends the run ends it so. */
void device_fault(struct device *d, const char *why)
{
    if (d->run.id[0] != '\0' && !device_offer_open(d)) {
        d->run.fault = true;
        d->recovery.words.fault = true;
        if (d->run.reason[0] == '\0') { /* being cancelled by a person */
            snprintf(d->run.reason, sizeof d->run.reason, "%s", why);
        }
    } else {
        hub_emit(d->hub, HUB_FAULT, why);
    }
}

void device_abort(struct device *d, const char *reason)
{
    if (d->run.id[0] == '\0' || device_state(d) == PRINTER_CANCELLING || device_offer_open(d)) {
        return; /* it stands still already */
    }
    device_notice(d, "the print is stopped: %s", reason);
    if (!device_recover_cancel(d, RUN_FAILURE, reason)) {
        device_cancel_run(d, RUN_FAILURE, reason);
        device_thermal_off(d, clock_ms()); /* nobody may be there to see that it is obeyed */
    }
}

/* Pause, park and cool as long as there is time; the print cannot be continued afterwards. What the
 * printer waits for is not waited for. */
void device_print_stop(struct device *d)
{
    enum printer_state state = device_state(d);
    if (d->sd.printing) {
        if (state != PRINTER_CANCELLING) {
            log_info("the printer goes on with \"%s\" from its card", d->run.file_name);
            device_finish_closing(d);
        }
        return;
    }
    if (device_recover_keeps(d) && !device_offer_open(d)) {
        device_recover_cut(d, "the host was stopped"); /* whoever comes next asks again */
    }
    if (state == PRINTER_PRINTING && !device_waits(d)) {
        device_pause(d, NULL);
    } else if (state == PRINTER_PRINTING || device_self_paused(d)) {
        device_cancel_run(d, RUN_INTERRUPTED, "the host was stopped");
    } else if (state != PRINTER_PAUSING) {
        device_go_cold(d);
    }
}

void device_print_waits(struct device *d)
{
    if (d->closing && device_state(d) == PRINTER_PAUSING) {
        device_cancel_run(d, RUN_INTERRUPTED, "the host was stopped");
    } else if (device_state(d) == PRINTER_CANCELLING || d->closing ||
               (device_script_runs(d) && d->script.done == NULL)) {
        device_end_wait(d);
    }
}
