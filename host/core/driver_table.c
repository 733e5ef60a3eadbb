/* The rules of the driver: which event, in which states, under which condition, leads where and
 * does what. Of the rules of one event the first that fits is taken; an event without a fitting
 * rule is ignored. LOOK after a row: the state it leads to looks at the same facts at once.
 *
 * What is done is in host/core/driver_act.c and driver_act_print.c, by the same name.
 */
#include "host/core/driver_priv.h"

#define IN(state) SM_TO(DRIVER_##state)

#define ANY        (SM_TO(DRIVER_STATES) - 1)
#define MANAGING   (ANY & ~IN(INACTIVE))
#define WITH_PRINT (IN(PRINTING) | IN(PAUSED) | IN(RECOVERING))
#define WAITING    (IN(IDLE) | IN(AWAITING_MATERIAL) | IN(AWAITING_BED))
#define SCRIPTED                                                                                   \
    (IN(ACTIVATING) | IN(STARTING) | IN(FAILURE) | IN(COOLDOWN) | IN(CLEARING) | IN(FINISHING))

/* ---- conditions -------------------------------------------------------------------------------
 */

#define WHEN(name, condition)                                                                      \
    static bool name(const struct driver_turn *t)                                                  \
    {                                                                                              \
        return condition;                                                                          \
    }

static bool always(const struct driver_turn *t)
{
    (void)t;
    return true;
}

WHEN(print_open, t->f->printing)
WHEN(print_away, t->f->printing && t->f->away)
WHEN(print_back, t->f->printing && !t->f->away)
WHEN(print_paused, t->f->printing && !t->f->away && t->f->paused)
WHEN(ours, t->f->ours)
WHEN(foreign, !t->f->ours)
WHEN(fault, t->f->fault)
WHEN(ours_in_fault, t->f->ours && t->f->fault)
WHEN(print_asked, t->d->print_asked)
WHEN(print_not_asked, !t->d->print_asked)
WHEN(counting, t->d->counting)
WHEN(hands_full, t->d->print_asked || t->d->counting)
WHEN(hands_free, !t->f->printing && !t->d->print_asked && !t->d->counting)
WHEN(has_activate, t->f->has_script[MOMENT_ACTIVATE])
WHEN(no_work, !t->f->work)
WHEN(more_work, t->f->work)
WHEN(more_work_to_cool_for, t->f->work && t->s->cooldown)
WHEN(unwanted, !t->f->still_wanted)
WHEN(once_over, t->d->once && (!t->f->work || t->f->down))
WHEN(no_file, t->f->work_blocked_file)
WHEN(no_material, t->f->work_blocked_material)
WHEN(not_ready, !t->f->ready)
WHEN(down, t->f->down)
WHEN(bed_occupied, !t->f->bed_clear)
WHEN(bed_occupied_not_ready, !t->f->bed_clear && !t->f->ready)
WHEN(bed_occupied_or_not_ready, !t->f->bed_clear || !t->f->ready)
WHEN(script_runs, t->d->script == DRIVER_SCRIPT_RUNS)
WHEN(script_due, t->d->script == DRIVER_SCRIPT_DUE)
WHEN(script_due_not_ready, t->d->script == DRIVER_SCRIPT_DUE && !t->f->ready)
WHEN(script_due_settling, t->d->script == DRIVER_SCRIPT_DUE && !t->f->ready && !t->f->down)
WHEN(may_try_again, driver_may_try_again(t))
WHEN(gives_up_by_stopping, t->d->once || t->s->give_up == DRIVER_GIVE_UP_STOP)
WHEN(stop_after, t->d->stop_after)
WHEN(given_up, t->d->attempt == 0)
WHEN(bed_asked, t->d->asked_bed)
WHEN(bed_asked_once, t->d->asked_bed && t->d->once)
WHEN(not_cooling_yet, t->d->cool_ms < 0)

/* Who prints one thing by hand is there. */
static bool quiet_step(const struct driver_turn *t)
{
    const struct driver_facts *f = t->f;
    return f->quiet && !t->d->once &&
           (f->work_blocked_file || f->work_blocked_material || f->needs_person || !f->bed_clear);
}

static bool cooled(const struct driver_turn *t)
{
    const struct driver_facts *f = t->f;
    return (f->bed_mc != INT32_MIN && f->bed_mc <= t->s->cooldown_mc) ||
           f->now_ms - t->d->cool_ms >= t->s->cooldown_timeout_ms;
}

/* ---- the rules --------------------------------------------------------------------------------
 */

#define ON(event, in, when, to, act, look)                                                         \
    {                                                                                              \
        DRIVER_##event, in, when, DRIVER_##to, driver_act_##act, look                              \
    }
#define LOOK true
#define DONE false

/* clang-format off */
const struct driver_rule driver_rules[] = {
/*     event            in which states         if                      to                 do */

/* A person begins and ends it. A print under way is taken over; one that is being asked for is
 * waited for. */
    ON(START,           IN(INACTIVE),           print_away,             RECOVERING,        adopt, DONE),
    ON(START,           IN(INACTIVE),           print_paused,           PAUSED,            adopt, DONE),
    ON(START,           IN(INACTIVE),           print_open,             PRINTING,          adopt, DONE),
    ON(START,           IN(INACTIVE),           print_asked,            STARTING,          start, DONE),
    ON(START,           IN(INACTIVE),           has_activate,           ACTIVATING,        activate, LOOK),
    ON(START,           IN(INACTIVE),           always,                 IDLE,              start, LOOK),
    ON(START,           MANAGING,               always,                 STAY,              go_on_managing, LOOK),
    ON(ONCE,            IN(INACTIVE),           hands_free,             IDLE,              start_once, LOOK),
    ON(STOP,            MANAGING,               always,                 INACTIVE,          stop, DONE),

/* The script of `activate`. */
    ON(LOOK,            IN(ACTIVATING),         script_runs,            STAY,              nothing, DONE),
    ON(LOOK,            IN(ACTIVATING),         script_due_not_ready,   STAY,              nothing, DONE),
    ON(LOOK,            IN(ACTIVATING),         script_due,             STAY,              run_script, DONE),
    ON(LOOK,            IN(ACTIVATING),         always,                 IDLE,              nothing, LOOK),

/* Is there something to print, and may it begin? A person is asked only when all else is there. */
    ON(LOOK,            WAITING,                hands_full,             STAY,              nothing, DONE),
    ON(LOOK,            WAITING,                once_over,              INACTIVE,          stop, DONE),
    ON(LOOK,            WAITING,                no_work,                IDLE,              rest, DONE),
    ON(LOOK,            WAITING,                quiet_step,             IDLE,              wait_for_morning, DONE),
    ON(LOOK,            WAITING,                no_file,                IDLE,              ask_file, DONE),
    ON(LOOK,            WAITING,                no_material,            AWAITING_MATERIAL, ask_material, DONE),
    ON(LOOK,            IN(AWAITING_BED),       bed_occupied_not_ready, STAY,              nothing, DONE),
    ON(LOOK,            WAITING,                not_ready,              IDLE,              withdraw, DONE),
    ON(LOOK,            WAITING,                bed_occupied,           AWAITING_BED,      ask_bed, DONE),
    ON(LOOK,            WAITING,                always,                 PREPARING,         claim, DONE),
    ON(BED_DENIED,      IN(AWAITING_BED),       bed_asked_once,         INACTIVE,          stop, DONE),
    ON(BED_DENIED,      IN(AWAITING_BED),       bed_asked,              STAY,              bed_denied, DONE),

/* Its file. */
    ON(PREPARED,        IN(PREPARING),          always,                 STARTING,          prepared, LOOK),
    ON(PREPARE_FAILED,  IN(PREPARING),          unwanted,               IDLE,              rest, LOOK),
    ON(PREPARE_FAILED,  IN(PREPARING),          may_try_again,          STAY,              try_again, DONE),
    ON(PREPARE_FAILED,  IN(PREPARING),          gives_up_by_stopping,   INACTIVE,          stop_for_start, DONE),
    ON(PREPARE_FAILED,  IN(PREPARING),          always,                 IDLE,              give_up_start, DONE),

/* The script of `print_start`, then the print. Everything is looked at again before either. */
    ON(LOOK,            IN(STARTING),           hands_full,             STAY,              nothing, DONE),
    ON(LOOK,            IN(STARTING),           script_runs,            STAY,              nothing, DONE),
    ON(LOOK,            IN(STARTING),           unwanted,               IDLE,              rest, LOOK),
    ON(LOOK,            IN(STARTING),           down,                   IDLE,              rest, LOOK),
    ON(LOOK,            IN(STARTING),           bed_occupied,           IDLE,              rest, LOOK),
    ON(LOOK,            IN(STARTING),           not_ready,              STAY,              nothing, DONE),
    ON(LOOK,            IN(STARTING),           script_due,             STAY,              run_script, DONE),
    ON(LOOK,            IN(STARTING),           always,                 STAY,              print, DONE),
    ON(PRINT_REFUSED,   IN(INACTIVE),           print_asked,            STAY,              refused_rest, DONE),
    ON(PRINT_REFUSED,   IN(STARTING),           print_not_asked,        STAY,              nothing, DONE),
    ON(PRINT_REFUSED,   IN(STARTING),           unwanted,               IDLE,              refused_rest, LOOK),
    ON(PRINT_REFUSED,   IN(STARTING),           bed_occupied_or_not_ready, IDLE,           refused_rest, LOOK),
    ON(PRINT_REFUSED,   IN(STARTING),           may_try_again,          PREPARING,         try_again, DONE),
    ON(PRINT_REFUSED,   IN(STARTING),           gives_up_by_stopping,   INACTIVE,          stop_for_start, DONE),
    ON(PRINT_REFUSED,   IN(STARTING),           always,                 IDLE,              give_up_start, DONE),
    ON(PRINT_REFUSED,   MANAGING,               print_asked,            STAY,              refused, LOOK),

/* A print begins: the one asked for, or one that somebody began elsewhere. */
    ON(PRINT_BEGUN,     IN(INACTIVE) | WITH_PRINT, ours,                STAY,              begun, DONE),
    ON(PRINT_BEGUN,     IN(STARTING),           ours,                   PRINTING,          begun, DONE),
    ON(PRINT_BEGUN,     IN(FAILURE),            stop_after,             INACTIVE,          stop_for_failure, DONE),
    ON(PRINT_BEGUN,     MANAGING,               ours,                   PRINTING,          begun_late, DONE),
    ON(PRINT_BEGUN,     MANAGING & ~WITH_PRINT, foreign,                PRINTING,          interrupt, DONE),
    ON(PRINT_PAUSED,    IN(PRINTING) | IN(RECOVERING), always,          PAUSED,            tell_pause, DONE),
    ON(PRINT_RESUMED,   IN(PAUSED) | IN(RECOVERING), always,            PRINTING,          tell_resume, DONE),
    ON(LOOK,            IN(PRINTING) | IN(PAUSED), print_away,          RECOVERING,        nothing, DONE),
    ON(LOOK,            IN(RECOVERING),         print_paused,           PAUSED,            nothing, DONE),
    ON(LOOK,            IN(RECOVERING),         print_back,             PRINTING,          nothing, DONE),

/* It ends. One of the queue is counted whatever the state; a foreign one leaves only a bed that is
 * not clear. */
    ON(PRINT_DONE,      WITH_PRINT | IN(STARTING), ours,                SUCCESS,           count_success, DONE),
    ON(PRINT_DONE,      ANY,                    ours,                   STAY,              count_success, DONE),
    ON(PRINT_DONE,      WITH_PRINT,             always,                 IDLE,              nothing, LOOK),
    ON(PRINT_FAILED,    WITH_PRINT | IN(STARTING), ours,                FAILURE,           fail, DONE),
    ON(PRINT_FAILED,    MANAGING,               ours_in_fault,          INACTIVE,          count_and_stop, DONE),
    ON(PRINT_FAILED,    ANY,                    ours,                   STAY,              count_failure, DONE),
    ON(PRINT_FAILED,    MANAGING,               fault,                  INACTIVE,          stop_for_fault, DONE),
    ON(PRINT_FAILED,    WITH_PRINT,             always,                 IDLE,              nothing, LOOK),
    ON(PRINT_CANCELLED, WITH_PRINT | IN(STARTING), ours,                FAILURE,           cancel, DONE),
    ON(PRINT_CANCELLED, MANAGING,               ours_in_fault,          INACTIVE,          count_and_stop, DONE),
    ON(PRINT_CANCELLED, ANY,                    ours,                   STAY,              count_failure, DONE),
    ON(PRINT_CANCELLED, MANAGING,               fault,                  INACTIVE,          stop_for_fault, DONE),
    ON(PRINT_CANCELLED, WITH_PRINT,             always,                 IDLE,              nothing, LOOK),

/* Its result is on the disk, or not. */
    ON(COUNTED,         IN(INACTIVE),           counting,               STAY,              counted_release, DONE),
    ON(COUNTED,         IN(SUCCESS),            more_work_to_cool_for,  COOLDOWN,          cooldown, LOOK),
    ON(COUNTED,         IN(SUCCESS),            more_work,              CLEARING,          clear_counted, LOOK),
    ON(COUNTED,         IN(SUCCESS),            always,                 FINISHING,         finish, LOOK),
    ON(COUNTED,         MANAGING,               counting,               STAY,              counted, LOOK),
    ON(COUNT_FAILED,    IN(INACTIVE),           counting,               STAY,              count_lost, DONE),
    ON(COUNT_FAILED,    MANAGING,               counting,               INACTIVE,          stop_for_count, DONE),

/* The script of `print_failure` or `print_cancel`, then what was decided when the print ended. */
    ON(LOOK,            IN(FAILURE),            counting,               STAY,              nothing, DONE),
    ON(LOOK,            IN(FAILURE),            script_runs,            STAY,              nothing, DONE),
    ON(LOOK,            IN(FAILURE),            script_due_settling,    STAY,              nothing, DONE),
    ON(LOOK,            IN(FAILURE),            script_due,             STAY,              run_script, DONE),
    ON(LOOK,            IN(FAILURE),            stop_after,             INACTIVE,          stop_for_failure, DONE),
    ON(LOOK,            IN(FAILURE),            given_up,               IDLE,              rest, LOOK),
    ON(LOOK,            IN(FAILURE),            always,                 IDLE,              nothing, LOOK),

/* Bed off and wait, then clear it; or the last script. */
    ON(LOOK,            IN(COOLDOWN),           script_runs,            STAY,              nothing, DONE),
    ON(LOOK,            IN(COOLDOWN),           script_due_not_ready,   STAY,              nothing, DONE),
    ON(LOOK,            IN(COOLDOWN),           script_due,             STAY,              run_script, DONE),
    ON(LOOK,            IN(COOLDOWN),           not_cooling_yet,        STAY,              cool, LOOK),
    ON(LOOK,            IN(COOLDOWN),           cooled,                 CLEARING,          clear, LOOK),
    ON(LOOK,            IN(CLEARING),           script_runs,            STAY,              nothing, DONE),
    ON(LOOK,            IN(CLEARING),           script_due_not_ready,   STAY,              nothing, DONE),
    ON(LOOK,            IN(CLEARING),           script_due,             STAY,              run_script, DONE),
    ON(LOOK,            IN(CLEARING),           always,                 IDLE,              nothing, LOOK),
    ON(LOOK,            IN(FINISHING),          script_runs,            STAY,              nothing, DONE),
    ON(LOOK,            IN(FINISHING),          script_due_settling,    STAY,              nothing, DONE),
    ON(LOOK,            IN(FINISHING),          script_due,             STAY,              run_script, DONE),
    ON(LOOK,            IN(FINISHING),          always,                 IDLE,              nothing, LOOK),

/* A script has ended. After one that failed nothing is known of bed, position and heat. */
    ON(SCRIPT_DONE,     SCRIPTED,               script_runs,            STAY,              script_done, LOOK),
    ON(SCRIPT_FAILED,   IN(FINISHING),          script_runs,            IDLE,              finish_failed, LOOK),
    ON(SCRIPT_FAILED,   IN(COOLDOWN),           script_runs,            INACTIVE,          stop_cooling, DONE),
    ON(SCRIPT_FAILED,   SCRIPTED,               script_runs,            INACTIVE,          stop_for_script, DONE),
};
/* clang-format on */

const size_t driver_rules_count = sizeof driver_rules / sizeof *driver_rules;

const struct driver_rule *driver_rule_for(const struct driver_turn *t, enum driver_event event)
{
    uint32_t in = SM_TO(t->d->state.state);
    for (size_t i = 0; i < driver_rules_count; i++) {
        const struct driver_rule *r = &driver_rules[i];
        if (r->event == event && (r->in & in) != 0 && r->when(t)) {
            return r;
        }
    }
    return NULL;
}
