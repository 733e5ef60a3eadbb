/* What the rules of the driver do about a print and after it; the rest is in
 * host/core/driver_act.c. */
#include "host/core/driver_priv.h"

static const char late_failure[] = "a print failed, too late to try it again";
static const char last_failure[] = "a print failed";
static const char cancelled[] = "a print was cancelled";

/* ---- a print ---------------------------------------------------------------------------------
 */

void driver_act_begun(struct driver_turn *t)
{
    t->d->print_asked = false;
}

void driver_act_interrupt(struct driver_turn *t)
{
    driver_stop_script(t);
    driver_unask_all(t);
    if (!driver_print_is_out(t->d)) {
        driver_release(t);
    }
    t->d->attempt = 0;
    t->d->cool_ms = -1;
    t->d->stop_after = false;
}

/* Ours, though it was not waited for any more. */
void driver_act_begun_late(struct driver_turn *t)
{
    driver_act_interrupt(t);
    t->d->print_asked = false;
    t->d->claimed = true;
    t->d->attempt = 1;
}

void driver_act_tell_pause(struct driver_turn *t)
{
    if (t->f->ours) {
        driver_tell_moment(t, MOMENT_PRINT_PAUSE);
    }
}

void driver_act_tell_resume(struct driver_turn *t)
{
    if (t->f->ours) {
        driver_tell_moment(t, MOMENT_PRINT_RESUME);
    }
}

static void count(struct driver_turn *t, bool success)
{
    t->d->print_asked = false;
    t->d->counting = true;
    t->d->claimed = true;
    driver_add(t, DRIVER_DO_FINISH);
    t->out->action[t->out->count - 1].success = success;
}

void driver_act_count_success(struct driver_turn *t)
{
    count(t, true);
    t->d->attempt = 0;
}

void driver_act_count_failure(struct driver_turn *t)
{
    count(t, false);
}

/* It was not waited for any more, but whatever is done instead ends. */
void driver_act_count_and_stop(struct driver_turn *t)
{
    count(t, false);
    driver_act_stop_for_fault(t);
}

static void stop_after(struct driver_turn *t, const char *reason)
{
    t->d->stop_after = true;
    t->d->stop_reason = reason;
    t->d->attempt = 0;
}

/* What follows is decided now, so that nothing that comes between can lose it. */
void driver_act_fail(struct driver_turn *t)
{
    bool early = t->f->print_ms <= t->s->early_ms;
    count(t, false);
    driver_need_script(t, MOMENT_PRINT_FAILURE);
    t->d->stop_after = false;
    if (t->f->fault) {
        stop_after(t, driver_fault);
    } else if (driver_may_try_again(t) && early) {
        t->d->attempt++;
    } else if (t->d->once || t->s->give_up == DRIVER_GIVE_UP_STOP) {
        stop_after(t, early || t->d->once ? last_failure : late_failure);
    } else {
        driver_give_up(t);
    }
}

/* Whoever printed one thing by hand and cancels it knows. */
void driver_act_cancel(struct driver_turn *t)
{
    count(t, false);
    driver_need_script(t, MOMENT_PRINT_CANCEL);
    t->d->stop_after = false;
    if (t->f->fault) {
        stop_after(t, driver_fault);
    } else if (t->d->once || t->s->on_cancel_stop) {
        stop_after(t, t->d->once ? NULL : cancelled);
    } else {
        t->d->attempt = 0;
        driver_add(t, DRIVER_DO_SKIP);
    }
}

/* ---- after it --------------------------------------------------------------------------------
 */

void driver_act_counted(struct driver_turn *t)
{
    t->d->counting = false;
}

void driver_act_counted_release(struct driver_turn *t)
{
    t->d->counting = false;
    driver_release(t);
}

void driver_act_cooldown(struct driver_turn *t)
{
    t->d->counting = false;
    t->d->cool_ms = -1;
    driver_need_script(t, MOMENT_COOLDOWN);
}

void driver_act_cool(struct driver_turn *t)
{
    t->d->cool_ms = t->f->now_ms;
    driver_add(t, DRIVER_DO_BED_OFF);
    driver_add_wake(t, t->f->now_ms + t->s->cooldown_timeout_ms);
}

void driver_act_clear(struct driver_turn *t)
{
    t->d->cool_ms = -1;
    driver_need_script(t, MOMENT_PRINT_SUCCESS);
}

void driver_act_clear_counted(struct driver_turn *t)
{
    t->d->counting = false;
    driver_need_script(t, MOMENT_PRINT_SUCCESS);
}

void driver_act_finish(struct driver_turn *t)
{
    t->d->counting = false;
    driver_release(t);
    driver_need_script(t, MOMENT_FINISH);
}

void driver_act_finish_failed(struct driver_turn *t)
{
    t->d->script = DRIVER_SCRIPT_NONE;
    driver_add_reason(t, DRIVER_DO_NOTICE, "the script of finish failed");
}

void driver_act_run_script(struct driver_turn *t)
{
    t->d->script = DRIVER_SCRIPT_RUNS;
    driver_add_moment(t, DRIVER_DO_SCRIPT, t->d->moment);
}

void driver_act_script_done(struct driver_turn *t)
{
    t->d->script = DRIVER_SCRIPT_NONE;
}
