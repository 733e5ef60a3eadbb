#include "host/core/driver.h"

#include "host/core/driver_priv.h"

#include <assert.h>
#include <string.h>

#define TO(state) SM_TO(DRIVER_##state)

/* Whoever manages may be stopped, and a print may begin elsewhere at any time. */
#define ALWAYS  TO(INACTIVE) | TO(PRINTING)
#define WAITING TO(IDLE) | TO(AWAITING_MATERIAL) | TO(AWAITING_BED) | TO(PREPARING)
#define ENDS    TO(SUCCESS) | TO(FAILURE)

const struct sm_state driver_states[DRIVER_STATES] = {
    [DRIVER_INACTIVE] = {"inactive",
        TO(ACTIVATING) | TO(IDLE) | TO(STARTING) | TO(PRINTING) | TO(PAUSED) | TO(RECOVERING)},
    [DRIVER_ACTIVATING] = {"activating", ALWAYS | TO(IDLE)},
    [DRIVER_IDLE] = {"idle", ALWAYS | WAITING},
    [DRIVER_PREPARING] = {"preparing", ALWAYS | TO(IDLE) | TO(STARTING)},
    [DRIVER_AWAITING_MATERIAL] = {"awaiting-material", ALWAYS | WAITING},
    [DRIVER_AWAITING_BED] = {"awaiting-bed", ALWAYS | WAITING},
    [DRIVER_STARTING] = {"starting", ALWAYS | ENDS | TO(IDLE) | TO(PREPARING)},
    [DRIVER_PRINTING] = {"printing", ALWAYS | ENDS | TO(IDLE) | TO(PAUSED) | TO(RECOVERING)},
    [DRIVER_PAUSED] = {"paused", ALWAYS | ENDS | TO(IDLE) | TO(RECOVERING)},
    [DRIVER_RECOVERING] = {"recovering", ALWAYS | ENDS | TO(IDLE) | TO(PAUSED)},
    [DRIVER_FAILURE] = {"failure", ALWAYS | TO(IDLE)},
    [DRIVER_SUCCESS] = {"success", ALWAYS | TO(COOLDOWN) | TO(CLEARING) | TO(FINISHING)},
    [DRIVER_COOLDOWN] = {"cooldown", ALWAYS | TO(CLEARING)},
    [DRIVER_CLEARING] = {"clearing", ALWAYS | TO(IDLE)},
    [DRIVER_FINISHING] = {"finishing", ALWAYS | TO(IDLE)},
};

static const char *const moments[MOMENTS] = {
    [MOMENT_ACTIVATE] = "activate",
    [MOMENT_PRINT_START] = "print_start",
    [MOMENT_PRINT_SUCCESS] = "print_success",
    [MOMENT_PRINT_FAILURE] = "print_failure",
    [MOMENT_PRINT_CANCEL] = "print_cancel",
    [MOMENT_PRINT_PAUSE] = "print_pause",
    [MOMENT_PRINT_RESUME] = "print_resume",
    [MOMENT_COOLDOWN] = "cooldown",
    [MOMENT_FINISH] = "finish",
    [MOMENT_AWAITING_MATERIAL] = "awaiting_material",
    [MOMENT_AWAITING_BED] = "awaiting_bed",
    [MOMENT_DEACTIVATE] = "deactivate",
};

static const char *const events[DRIVER_EVENTS] = {
    [DRIVER_START] = "start",
    [DRIVER_STOP] = "stop",
    [DRIVER_ONCE] = "once",
    [DRIVER_LOOK] = "look",
    [DRIVER_PREPARED] = "prepared",
    [DRIVER_PREPARE_FAILED] = "prepare_failed",
    [DRIVER_SCRIPT_DONE] = "script_done",
    [DRIVER_SCRIPT_FAILED] = "script_failed",
    [DRIVER_PRINT_BEGUN] = "print_begun",
    [DRIVER_PRINT_REFUSED] = "print_refused",
    [DRIVER_PRINT_PAUSED] = "print_paused",
    [DRIVER_PRINT_RESUMED] = "print_resumed",
    [DRIVER_PRINT_DONE] = "print_done",
    [DRIVER_PRINT_FAILED] = "print_failed",
    [DRIVER_PRINT_CANCELLED] = "print_cancelled",
    [DRIVER_COUNTED] = "counted",
    [DRIVER_COUNT_FAILED] = "count_failed",
    [DRIVER_BED_DENIED] = "bed_denied",
};

static const char *const actions[DRIVER_ACTIONS] = {
    [DRIVER_DO_CLAIM] = "claim",
    [DRIVER_DO_PREPARE] = "prepare",
    [DRIVER_DO_PRINT] = "print",
    [DRIVER_DO_FINISH] = "finish",
    [DRIVER_DO_RELEASE] = "release",
    [DRIVER_DO_ADOPT] = "adopt",
    [DRIVER_DO_SCRIPT] = "script",
    [DRIVER_DO_STOP_SCRIPT] = "stop_script",
    [DRIVER_DO_MOMENT] = "moment",
    [DRIVER_DO_BED_OFF] = "bed_off",
    [DRIVER_DO_WAKE] = "wake",
    [DRIVER_DO_ASK_BED] = "ask_bed",
    [DRIVER_DO_UNASK_BED] = "unask_bed",
    [DRIVER_DO_ASK_MATERIAL] = "ask_material",
    [DRIVER_DO_UNASK_MATERIAL] = "unask_material",
    [DRIVER_DO_ASK_FILE] = "ask_file",
    [DRIVER_DO_UNASK_FILE] = "unask_file",
    [DRIVER_DO_QUARANTINE] = "quarantine",
    [DRIVER_DO_SKIP] = "skip",
    [DRIVER_DO_STOPPED] = "stopped",
    [DRIVER_DO_NOTICE] = "notice",
};

/* The longest way without waiting: counted, cooldown, cooled, clearing, idle, preparing. */
#define HOPS_MAX 8

void driver_init(struct driver *d)
{
    *d = (struct driver){
        .state = {.table = driver_states, .label = "driver", .state = DRIVER_INACTIVE},
        .cool_ms = -1,
    };
}

bool driver_may_try_again(const struct driver_turn *t)
{
    return !t->d->once && t->d->attempt < t->s->attempts;
}

void driver_step(struct driver *d, const struct driver_settings *s, enum driver_event event,
    const struct driver_facts *f, struct driver_out *out)
{
    struct driver_turn t = {.d = d, .s = s, .f = f, .out = out};
    const struct driver_rule *rule;
    *out = (struct driver_out){0};
    for (int hops = 0; (rule = driver_rule_for(&t, event)) != NULL; hops++) {
        assert(hops < HOPS_MAX);
        rule->act(&t);
        if (rule->to != DRIVER_STAY && rule->to != driver_state(d)) {
            sm_move(&d->state, (int)rule->to, events[event]);
        }
        if (!rule->look) {
            break;
        }
        event = DRIVER_LOOK;
    }
}

enum driver_state driver_state(const struct driver *d)
{
    return (enum driver_state)d->state.state;
}

/* ---- for people -------------------------------------------------------------------------------
 */

static const char *text_inactive(const struct driver *d, const struct driver_facts *f)
{
    if (f->printing) {
        return "not managing; the print goes on by itself";
    }
    return d->reason != NULL ? d->reason : "not managing";
}

bool driver_waits_for_morning(const struct driver *d, const struct driver_facts *f)
{
    return driver_state(d) == DRIVER_IDLE && !d->asked_file && f->work && f->quiet &&
           (f->needs_person || f->work_blocked_file || f->work_blocked_material || !f->bed_clear);
}

static const char *text_idle(const struct driver *d, const struct driver_facts *f)
{
    if (d->asked_file) {
        return "the file of the next print is missing or may not be printed";
    }
    if (!f->work) {
        return "nothing to print";
    }
    if (driver_waits_for_morning(d, f)) {
        return "quiet hours: what comes next needs a person";
    }
    if (f->down) {
        return "waiting for the printer";
    }
    return "waiting until the printer is ready";
}

static const char *text_bed(const struct driver *d)
{
    return d->bed_denied ? "the bed is not clear: clear it, then confirm that it is"
                         : "waiting for a person: is the bed clear?";
}

/* In a state that waits for its script, or for the printer to take it. */
static const char *text_script(const struct driver *d, const char *runs)
{
    bool waits = d->script == DRIVER_SCRIPT_DUE && !d->counting;
    return waits ? "waiting until the printer can take the next script" : runs;
}

const char *driver_text(const struct driver *d, const struct driver_facts *f)
{
    switch (driver_state(d)) {
    case DRIVER_INACTIVE:
        return text_inactive(d, f);
    case DRIVER_ACTIVATING:
        return text_script(d, "running the script of activate");
    case DRIVER_IDLE:
        return text_idle(d, f);
    case DRIVER_PREPARING:
        return "preparing the next file";
    case DRIVER_AWAITING_MATERIAL:
        return "waiting for a person: the next print needs another material";
    case DRIVER_AWAITING_BED:
        return text_bed(d);
    case DRIVER_STARTING:
        return text_script(d, d->script == DRIVER_SCRIPT_RUNS ? "running the script of print_start"
                                                              : "starting the print");
    case DRIVER_PRINTING:
        return f->ours ? "printing" : "printing something that is not of the queue";
    case DRIVER_PAUSED:
        return "the print is paused";
    case DRIVER_RECOVERING:
        return "the print was cut off; waiting for the printer";
    case DRIVER_FAILURE:
        return text_script(d, "the print did not end well; dealing with it");
    case DRIVER_SUCCESS:
        return "counting the print";
    case DRIVER_COOLDOWN:
        return text_script(d, "waiting until the bed has cooled down");
    case DRIVER_CLEARING:
        return text_script(d, "clearing the bed");
    case DRIVER_FINISHING:
        return text_script(d, "running the script of finish");
    case DRIVER_STATES:
        break;
    }
    return "";
}

bool driver_needs_person(const struct driver *d, const struct driver_facts *f)
{
    uint32_t waits = TO(AWAITING_MATERIAL) | TO(AWAITING_BED) | TO(PAUSED);
    bool stopped = driver_state(d) == DRIVER_INACTIVE && d->reason != NULL && !f->printing;
    return (waits & SM_TO(d->state.state)) != 0 || d->asked_file || stopped;
}

bool driver_in_error(const struct driver *d)
{
    return driver_state(d) == DRIVER_FAILURE ||
           (driver_state(d) == DRIVER_INACTIVE && d->reason != NULL);
}

/* ---- names ------------------------------------------------------------------------------------
 */

const char *driver_moment_name(enum driver_moment m)
{
    return moments[m];
}

bool driver_moment_parse(const char *name, enum driver_moment *out)
{
    for (int m = 0; m < MOMENTS; m++) {
        if (strcmp(moments[m], name) == 0) {
            *out = (enum driver_moment)m;
            return true;
        }
    }
    return false;
}

const char *driver_event_name(enum driver_event e)
{
    return events[e];
}

const char *driver_action_name(enum driver_action a)
{
    return actions[a];
}
