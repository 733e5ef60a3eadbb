/* What the rules of the driver do, by the names in host/core/driver_table.c. */
#include "host/core/driver_priv.h"

#include <assert.h>

static const char no_count[] =
    "the result of a print could not be recorded; it is counted as soon as it can be";
static const char not_started[] = "a print could not be started";
const char driver_fault[] = "the printer failed in a print: it must be looked at";

void driver_add(struct driver_turn *t, enum driver_action kind)
{
    struct driver_out *out = t->out;
    assert(out->count < DRIVER_OUT_MAX);
    out->action[out->count++].kind = kind;
}

void driver_add_moment(struct driver_turn *t, enum driver_action kind, enum driver_moment m)
{
    driver_add(t, kind);
    t->out->action[t->out->count - 1].moment = m;
}

void driver_add_reason(struct driver_turn *t, enum driver_action kind, const char *reason)
{
    driver_add(t, kind);
    t->out->action[t->out->count - 1].reason = reason;
}

void driver_add_wake(struct driver_turn *t, int64_t wake_ms)
{
    driver_add(t, DRIVER_DO_WAKE);
    t->out->action[t->out->count - 1].wake_ms = wake_ms;
}

void driver_tell_moment(struct driver_turn *t, enum driver_moment m)
{
    if (t->f->has_script[m]) {
        driver_add_moment(t, DRIVER_DO_MOMENT, m);
    }
}

void driver_need_script(struct driver_turn *t, enum driver_moment m)
{
    t->d->script = t->f->has_script[m] ? DRIVER_SCRIPT_DUE : DRIVER_SCRIPT_NONE;
    t->d->moment = m;
}

void driver_release(struct driver_turn *t)
{
    if (t->d->claimed) {
        t->d->claimed = false;
        driver_add(t, DRIVER_DO_RELEASE);
    }
}

static void unask(struct driver_turn *t, bool *asked, enum driver_action kind)
{
    if (*asked) {
        *asked = false;
        driver_add(t, kind);
    }
}

void driver_unask_all(struct driver_turn *t)
{
    unask(t, &t->d->asked_bed, DRIVER_DO_UNASK_BED);
    unask(t, &t->d->asked_material, DRIVER_DO_UNASK_MATERIAL);
    unask(t, &t->d->asked_file, DRIVER_DO_UNASK_FILE);
    t->d->bed_denied = false;
}

/* Also a script of a moment that is only told of may run while a person is waited for. */
void driver_stop_script(struct driver_turn *t)
{
    uint32_t awaiting = SM_TO(DRIVER_AWAITING_BED) | SM_TO(DRIVER_AWAITING_MATERIAL);
    bool told = (SM_TO(t->d->state.state) & awaiting) != 0;
    if (t->d->script == DRIVER_SCRIPT_RUNS || told) {
        driver_add(t, DRIVER_DO_STOP_SCRIPT);
    }
    t->d->script = DRIVER_SCRIPT_NONE;
}

bool driver_print_is_out(const struct driver *d)
{
    uint32_t with = SM_TO(DRIVER_PRINTING) | SM_TO(DRIVER_PAUSED) | SM_TO(DRIVER_RECOVERING);
    return d->print_asked || d->counting || (SM_TO(d->state.state) & with) != 0;
}

/* The claim of a print that goes on is kept until that is counted. */
static void deactivate(struct driver_turn *t, const char *reason)
{
    struct driver *d = t->d;
    driver_stop_script(t);
    driver_unask_all(t);
    if (!driver_print_is_out(d)) {
        driver_release(t);
    }
    if (!d->once) {
        driver_tell_moment(t, MOMENT_DEACTIVATE);
    }
    if (reason != NULL) {
        driver_add_reason(t, DRIVER_DO_STOPPED, reason);
    }
    d->once = false;
    d->stop_after = false;
    d->attempt = 0;
    d->cool_ms = -1;
    d->reason = reason;
}

void driver_act_nothing(struct driver_turn *t)
{
    (void)t;
}

/* ---- begin and end ---------------------------------------------------------------------------
 */

void driver_act_start(struct driver_turn *t)
{
    t->d->reason = NULL;
    t->d->attempt = 0;
}

void driver_act_activate(struct driver_turn *t)
{
    driver_act_start(t);
    driver_need_script(t, MOMENT_ACTIVATE);
}

void driver_act_adopt(struct driver_turn *t)
{
    driver_act_start(t);
    t->d->claimed = t->f->ours;
    t->d->attempt = 1;
    driver_add(t, DRIVER_DO_ADOPT);
}

void driver_act_go_on_managing(struct driver_turn *t)
{
    t->d->once = false;
    t->d->bed_denied = false;
}

void driver_act_start_once(struct driver_turn *t)
{
    driver_act_start(t);
    t->d->once = true;
}

void driver_act_stop(struct driver_turn *t)
{
    deactivate(t, NULL);
}

void driver_act_stop_for_failure(struct driver_turn *t)
{
    deactivate(t, t->d->stop_reason);
}

/* Of a print that is not of the queue. */
void driver_act_stop_for_fault(struct driver_turn *t)
{
    deactivate(t, driver_fault);
}

void driver_act_stop_for_start(struct driver_turn *t)
{
    t->d->print_asked = false;
    deactivate(t, not_started);
}

void driver_act_stop_for_script(struct driver_turn *t)
{
    static const char *const reasons[MOMENTS] = {
        [MOMENT_ACTIVATE] = "the script of activate failed",
        [MOMENT_PRINT_START] = "the script of print_start failed",
        [MOMENT_PRINT_SUCCESS] = "the script of print_success failed",
        [MOMENT_PRINT_FAILURE] = "the script of print_failure failed",
        [MOMENT_PRINT_CANCEL] = "the script of print_cancel failed",
        [MOMENT_COOLDOWN] = "the script of cooldown failed",
    };
    bool worse = t->d->stop_after && t->d->stop_reason == driver_fault;
    t->d->script = DRIVER_SCRIPT_NONE;
    deactivate(t, worse ? driver_fault : reasons[t->d->moment]);
}

void driver_act_stop_cooling(struct driver_turn *t)
{
    driver_add(t, DRIVER_DO_BED_OFF);
    driver_act_stop_for_script(t);
}

/* The claim is kept: it names the print that is still to be counted. */
void driver_act_stop_for_count(struct driver_turn *t)
{
    t->d->counting = false;
    t->d->claimed = false;
    deactivate(t, no_count);
}

void driver_act_count_lost(struct driver_turn *t)
{
    t->d->counting = false;
    t->d->claimed = false;
    t->d->reason = no_count;
    driver_add_reason(t, DRIVER_DO_STOPPED, no_count);
}

/* ---- waiting ---------------------------------------------------------------------------------
 */

void driver_act_withdraw(struct driver_turn *t)
{
    driver_unask_all(t);
}

void driver_act_rest(struct driver_turn *t)
{
    driver_unask_all(t);
    t->d->script = DRIVER_SCRIPT_NONE;
    driver_release(t);
}

void driver_act_wait_for_morning(struct driver_turn *t)
{
    driver_unask_all(t);
    driver_add_wake(t, t->f->quiet_end_ms);
}

void driver_act_ask_file(struct driver_turn *t)
{
    struct driver *d = t->d;
    unask(t, &d->asked_bed, DRIVER_DO_UNASK_BED);
    unask(t, &d->asked_material, DRIVER_DO_UNASK_MATERIAL);
    if (!d->asked_file) {
        d->asked_file = true;
        driver_add(t, DRIVER_DO_ASK_FILE);
    }
}

void driver_act_ask_material(struct driver_turn *t)
{
    struct driver *d = t->d;
    unask(t, &d->asked_bed, DRIVER_DO_UNASK_BED);
    unask(t, &d->asked_file, DRIVER_DO_UNASK_FILE);
    if (!d->asked_material) {
        d->asked_material = true;
        driver_add(t, DRIVER_DO_ASK_MATERIAL);
        driver_tell_moment(t, MOMENT_AWAITING_MATERIAL);
    }
}

void driver_act_ask_bed(struct driver_turn *t)
{
    struct driver *d = t->d;
    unask(t, &d->asked_material, DRIVER_DO_UNASK_MATERIAL);
    unask(t, &d->asked_file, DRIVER_DO_UNASK_FILE);
    if (!d->asked_bed && !d->bed_denied) {
        d->asked_bed = true;
        driver_add(t, DRIVER_DO_ASK_BED);
        driver_tell_moment(t, MOMENT_AWAITING_BED);
    }
}

void driver_act_bed_denied(struct driver_turn *t)
{
    t->d->asked_bed = false;
    t->d->bed_denied = true;
}

/* ---- the next print --------------------------------------------------------------------------
 */

void driver_act_claim(struct driver_turn *t)
{
    driver_unask_all(t);
    t->d->attempt = t->f->work_again && t->d->attempt > 0 ? t->d->attempt : 1;
    t->d->claimed = true;
    driver_add(t, DRIVER_DO_CLAIM);
    driver_add(t, DRIVER_DO_PREPARE);
}

/* A file that fails late, or too often, or that nobody wants tried again. */
void driver_give_up(struct driver_turn *t)
{
    t->d->attempt = 0;
    driver_add(
        t, t->s->give_up == DRIVER_GIVE_UP_QUARANTINE ? DRIVER_DO_QUARANTINE : DRIVER_DO_SKIP);
}

void driver_act_try_again(struct driver_turn *t)
{
    t->d->print_asked = false;
    t->d->attempt++;
    driver_add(t, DRIVER_DO_PREPARE);
}

/* The facts of now still offer it: they are asked for anew. */
void driver_act_give_up_start(struct driver_turn *t)
{
    t->d->print_asked = false;
    driver_give_up(t);
    driver_release(t);
    driver_add_wake(t, t->f->now_ms);
}

void driver_act_prepared(struct driver_turn *t)
{
    driver_need_script(t, MOMENT_PRINT_START);
}

void driver_act_print(struct driver_turn *t)
{
    t->d->print_asked = true;
    driver_add(t, DRIVER_DO_PRINT);
}

void driver_act_refused(struct driver_turn *t)
{
    t->d->print_asked = false;
}

void driver_act_refused_rest(struct driver_turn *t)
{
    t->d->print_asked = false;
    driver_act_rest(t);
}
