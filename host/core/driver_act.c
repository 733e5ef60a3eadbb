/* What the rules of the driver do, by the names in host/core/driver_table.c. */
#include "host/core/driver_priv.h"

#include <assert.h>

static const char no_count[] =
    "the result of a print could not be recorded; it is counted as soon as it can be";
static const char not_started[] = "a print could not be started";
static const char late_failure[] = "a print failed, too late to try it again";
static const char fault[] = "the printer failed in a print: it must be looked at";
static const char last_failure[] = "a print failed";
static const char cancelled[] = "a print was cancelled";

static void add(struct driver_turn *t, enum driver_action kind)
{
    struct driver_out *out = t->out;
    assert(out->count < DRIVER_OUT_MAX);
    out->action[out->count++].kind = kind;
}

static void add_moment(struct driver_turn *t, enum driver_action kind, enum driver_moment m)
{
    add(t, kind);
    t->out->action[t->out->count - 1].moment = m;
}

static void add_reason(struct driver_turn *t, enum driver_action kind, const char *reason)
{
    add(t, kind);
    t->out->action[t->out->count - 1].reason = reason;
}

static void add_wake(struct driver_turn *t, int64_t wake_ms)
{
    add(t, DRIVER_DO_WAKE);
    t->out->action[t->out->count - 1].wake_ms = wake_ms;
}

static void tell_moment(struct driver_turn *t, enum driver_moment m)
{
    if (t->f->has_script[m]) {
        add_moment(t, DRIVER_DO_MOMENT, m);
    }
}

static void need_script(struct driver_turn *t, enum driver_moment m)
{
    t->d->script = t->f->has_script[m] ? DRIVER_SCRIPT_DUE : DRIVER_SCRIPT_NONE;
    t->d->moment = m;
}

static void release(struct driver_turn *t)
{
    if (t->d->claimed) {
        t->d->claimed = false;
        add(t, DRIVER_DO_RELEASE);
    }
}

static void unask(struct driver_turn *t, bool *asked, enum driver_action kind)
{
    if (*asked) {
        *asked = false;
        add(t, kind);
    }
}

static void unask_all(struct driver_turn *t)
{
    unask(t, &t->d->asked_bed, DRIVER_DO_UNASK_BED);
    unask(t, &t->d->asked_material, DRIVER_DO_UNASK_MATERIAL);
    unask(t, &t->d->asked_file, DRIVER_DO_UNASK_FILE);
    t->d->bed_denied = false;
}

/* Also a script of a moment that is only told of may run while a person is waited for. */
static void stop_script(struct driver_turn *t)
{
    uint32_t awaiting = SM_TO(DRIVER_AWAITING_BED) | SM_TO(DRIVER_AWAITING_MATERIAL);
    bool told = (SM_TO(t->d->state.state) & awaiting) != 0;
    if (t->d->script == DRIVER_SCRIPT_RUNS || told) {
        add(t, DRIVER_DO_STOP_SCRIPT);
    }
    t->d->script = DRIVER_SCRIPT_NONE;
}

static bool print_is_out(const struct driver *d)
{
    uint32_t with = SM_TO(DRIVER_PRINTING) | SM_TO(DRIVER_PAUSED) | SM_TO(DRIVER_RECOVERING);
    return d->print_asked || d->counting || (SM_TO(d->state.state) & with) != 0;
}

/* The claim of a print that goes on is kept until that is counted. */
static void deactivate(struct driver_turn *t, const char *reason)
{
    struct driver *d = t->d;
    stop_script(t);
    unask_all(t);
    if (!print_is_out(d)) {
        release(t);
    }
    if (!d->once) {
        tell_moment(t, MOMENT_DEACTIVATE);
    }
    if (reason != NULL) {
        add_reason(t, DRIVER_DO_STOPPED, reason);
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
    need_script(t, MOMENT_ACTIVATE);
}

void driver_act_adopt(struct driver_turn *t)
{
    driver_act_start(t);
    t->d->claimed = t->f->ours;
    t->d->attempt = 1;
    add(t, DRIVER_DO_ADOPT);
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
    bool worse = t->d->stop_after && t->d->stop_reason == fault;
    t->d->script = DRIVER_SCRIPT_NONE;
    deactivate(t, worse ? fault : reasons[t->d->moment]);
}

void driver_act_stop_cooling(struct driver_turn *t)
{
    add(t, DRIVER_DO_BED_OFF);
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
    add_reason(t, DRIVER_DO_STOPPED, no_count);
}

/* ---- waiting ---------------------------------------------------------------------------------
 */

void driver_act_withdraw(struct driver_turn *t)
{
    unask_all(t);
}

void driver_act_rest(struct driver_turn *t)
{
    unask_all(t);
    t->d->script = DRIVER_SCRIPT_NONE;
    release(t);
}

void driver_act_wait_for_morning(struct driver_turn *t)
{
    unask_all(t);
    add_wake(t, t->f->quiet_end_ms);
}

void driver_act_ask_file(struct driver_turn *t)
{
    struct driver *d = t->d;
    unask(t, &d->asked_bed, DRIVER_DO_UNASK_BED);
    unask(t, &d->asked_material, DRIVER_DO_UNASK_MATERIAL);
    if (!d->asked_file) {
        d->asked_file = true;
        add(t, DRIVER_DO_ASK_FILE);
    }
}

void driver_act_ask_material(struct driver_turn *t)
{
    struct driver *d = t->d;
    unask(t, &d->asked_bed, DRIVER_DO_UNASK_BED);
    unask(t, &d->asked_file, DRIVER_DO_UNASK_FILE);
    if (!d->asked_material) {
        d->asked_material = true;
        add(t, DRIVER_DO_ASK_MATERIAL);
        tell_moment(t, MOMENT_AWAITING_MATERIAL);
    }
}

void driver_act_ask_bed(struct driver_turn *t)
{
    struct driver *d = t->d;
    unask(t, &d->asked_material, DRIVER_DO_UNASK_MATERIAL);
    unask(t, &d->asked_file, DRIVER_DO_UNASK_FILE);
    if (!d->asked_bed && !d->bed_denied) {
        d->asked_bed = true;
        add(t, DRIVER_DO_ASK_BED);
        tell_moment(t, MOMENT_AWAITING_BED);
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
    unask_all(t);
    t->d->attempt = t->f->work_again && t->d->attempt > 0 ? t->d->attempt : 1;
    t->d->claimed = true;
    add(t, DRIVER_DO_CLAIM);
    add(t, DRIVER_DO_PREPARE);
}

/* A file that fails late, or too often, or that nobody wants tried again. */
static void give_up(struct driver_turn *t)
{
    t->d->attempt = 0;
    add(t, t->s->give_up == DRIVER_GIVE_UP_QUARANTINE ? DRIVER_DO_QUARANTINE : DRIVER_DO_SKIP);
}

void driver_act_try_again(struct driver_turn *t)
{
    t->d->print_asked = false;
    t->d->attempt++;
    add(t, DRIVER_DO_PREPARE);
}

/* The facts of now still offer it: they are asked for anew. */
void driver_act_give_up_start(struct driver_turn *t)
{
    t->d->print_asked = false;
    give_up(t);
    release(t);
    add_wake(t, t->f->now_ms);
}

void driver_act_prepared(struct driver_turn *t)
{
    need_script(t, MOMENT_PRINT_START);
}

void driver_act_print(struct driver_turn *t)
{
    t->d->print_asked = true;
    add(t, DRIVER_DO_PRINT);
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

/* ---- a print ---------------------------------------------------------------------------------
 */

void driver_act_begun(struct driver_turn *t)
{
    t->d->print_asked = false;
}

void driver_act_interrupt(struct driver_turn *t)
{
    stop_script(t);
    unask_all(t);
    if (!print_is_out(t->d)) {
        release(t);
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
        tell_moment(t, MOMENT_PRINT_PAUSE);
    }
}

void driver_act_tell_resume(struct driver_turn *t)
{
    if (t->f->ours) {
        tell_moment(t, MOMENT_PRINT_RESUME);
    }
}

static void count(struct driver_turn *t, bool success)
{
    t->d->print_asked = false;
    t->d->counting = true;
    t->d->claimed = true;
    add(t, DRIVER_DO_FINISH);
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
    need_script(t, MOMENT_PRINT_FAILURE);
    t->d->stop_after = false;
    if (t->f->fault) {
        stop_after(t, fault);
    } else if (driver_may_try_again(t) && early) {
        t->d->attempt++;
    } else if (t->d->once || t->s->give_up == DRIVER_GIVE_UP_STOP) {
        stop_after(t, early || t->d->once ? last_failure : late_failure);
    } else {
        give_up(t);
    }
}

/* Whoever printed one thing by hand and cancels it knows. */
void driver_act_cancel(struct driver_turn *t)
{
    count(t, false);
    need_script(t, MOMENT_PRINT_CANCEL);
    t->d->stop_after = false;
    if (t->d->once || t->s->on_cancel_stop) {
        stop_after(t, t->d->once ? NULL : cancelled);
    } else {
        t->d->attempt = 0;
        add(t, DRIVER_DO_SKIP);
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
    release(t);
}

void driver_act_cooldown(struct driver_turn *t)
{
    t->d->counting = false;
    t->d->cool_ms = -1;
    need_script(t, MOMENT_COOLDOWN);
}

void driver_act_cool(struct driver_turn *t)
{
    t->d->cool_ms = t->f->now_ms;
    add(t, DRIVER_DO_BED_OFF);
    add_wake(t, t->f->now_ms + t->s->cooldown_timeout_ms);
}

void driver_act_clear(struct driver_turn *t)
{
    t->d->cool_ms = -1;
    need_script(t, MOMENT_PRINT_SUCCESS);
}

void driver_act_clear_counted(struct driver_turn *t)
{
    t->d->counting = false;
    need_script(t, MOMENT_PRINT_SUCCESS);
}

void driver_act_finish(struct driver_turn *t)
{
    t->d->counting = false;
    release(t);
    need_script(t, MOMENT_FINISH);
}

void driver_act_finish_failed(struct driver_turn *t)
{
    t->d->script = DRIVER_SCRIPT_NONE;
    add_reason(t, DRIVER_DO_NOTICE, "the script of finish failed");
}

void driver_act_run_script(struct driver_turn *t)
{
    t->d->script = DRIVER_SCRIPT_RUNS;
    add_moment(t, DRIVER_DO_SCRIPT, t->d->moment);
}

void driver_act_script_done(struct driver_turn *t)
{
    t->d->script = DRIVER_SCRIPT_NONE;
}
