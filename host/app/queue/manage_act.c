/* The driver's actions: which function does what it wants. */
#include "host/app/queue/manage_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <assert.h>
#include <stdio.h>

static void on_wake(uv_timer_t *timer)
{
    manage_look(timer->data);
}

static void do_wake(struct manage *m, int64_t wake_ms)
{
    int64_t left_ms = wake_ms - (int64_t)clock_ms();
    uv_timer_start(&m->wake, on_wake, left_ms > 0 ? (uint64_t)left_ms : 0, 0);
}

static void do_bed_off(struct manage *m)
{
    struct err e;
    if (device_set_temp(m->o.device, "bed", 0, &e) < 0) {
        manage_notice(m, "the bed cannot be turned off: %s", e.text);
    }
}

static void do_stopped(struct manage *m, const char *reason)
{
    snprintf(
        m->stopped, sizeof m->stopped, "%s%s%s", reason, m->error[0] != '\0' ? ": " : "", m->error);
    manage_notice(m, "managing has stopped: %s", m->stopped);
}

static void unask_material(struct manage *m)
{
    device_withdraw(m->o.device, "material");
}

static void unask_file(struct manage *m)
{
    device_withdraw(m->o.device, "file");
}

/* Those that need nothing but to be done. */
static void (*const plain[DRIVER_ACTIONS])(struct manage *m) = {
    [DRIVER_DO_CLAIM] = manage_do_claim,
    [DRIVER_DO_PREPARE] = manage_do_prepare,
    [DRIVER_DO_PRINT] = manage_do_print,
    [DRIVER_DO_RELEASE] = manage_do_release,
    [DRIVER_DO_ADOPT] = manage_do_adopt,
    [DRIVER_DO_STOP_SCRIPT] = manage_stop_scripts,
    [DRIVER_DO_BED_OFF] = do_bed_off,
    [DRIVER_DO_ASK_BED] = manage_ask_bed,
    [DRIVER_DO_UNASK_BED] = manage_unask_bed,
    [DRIVER_DO_ASK_MATERIAL] = manage_ask_material,
    [DRIVER_DO_UNASK_MATERIAL] = unask_material,
    [DRIVER_DO_ASK_FILE] = manage_ask_file,
    [DRIVER_DO_UNASK_FILE] = unask_file,
    [DRIVER_DO_QUARANTINE] = manage_do_quarantine,
    [DRIVER_DO_SKIP] = manage_do_skip,
};

void manage_act(struct manage *m, const struct driver_out *out, size_t i)
{
    enum driver_action kind = out->action[i].kind;
    log_debug("driver wants: %s", driver_action_name(kind));
    if (plain[kind] != NULL) {
        plain[kind](m);
    } else if (kind == DRIVER_DO_FINISH) {
        manage_do_finish(m, out->action[i].success);
    } else if (kind == DRIVER_DO_SCRIPT) {
        manage_do_script(m, out->action[i].moment);
    } else if (kind == DRIVER_DO_MOMENT) {
        manage_do_moment(m, out->action[i].moment);
    } else if (kind == DRIVER_DO_WAKE) {
        do_wake(m, out->action[i].wake_ms);
    } else if (kind == DRIVER_DO_STOPPED) {
        do_stopped(m, out->action[i].reason);
    } else {
        assert(kind == DRIVER_DO_NOTICE);
        manage_notice(
            m, "%s%s%s", out->action[i].reason, m->error[0] != '\0' ? ": " : "", m->error);
    }
}
