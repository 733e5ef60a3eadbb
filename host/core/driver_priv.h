/* Inside the driver: a rule of its table and what rules do. Included by host/core/driver*.c and by
 * the test that wants to see every rule taken.
 */
#ifndef PP_CORE_DRIVER_PRIV_H
#define PP_CORE_DRIVER_PRIV_H

#include "host/core/driver.h"

/* One step. */
struct driver_turn {
    struct driver *d;
    const struct driver_settings *s;
    const struct driver_facts *f;
    struct driver_out *out; /* NULL while rules are only looked for */
};

#define DRIVER_STAY DRIVER_STATES

/* Of the rules of an event the first one whose states and guard fit is taken. */
struct driver_rule {
    enum driver_event event;
    uint32_t in; /* SM_TO() of each state it is for */
    bool (*when)(const struct driver_turn *t);
    enum driver_state to;               /* or DRIVER_STAY */
    void (*act)(struct driver_turn *t); /* in the old state */
    bool look;                          /* then DRIVER_LOOK at once, at the same facts */
};

extern const struct driver_rule driver_rules[];
extern const size_t driver_rules_count;

/* The rule that is taken; NULL = the event is ignored. */
const struct driver_rule *driver_rule_for(const struct driver_turn *t, enum driver_event event);

/* True if a failure now leaves an attempt. */
bool driver_may_try_again(const struct driver_turn *t);

/* What is done by the rules (host/core/driver_act.c, driver_act_print.c), each named in the table.
 */
#define DRIVER_ACTS(X)                                                                             \
    X(nothing)                                                                                     \
    X(start)                                                                                       \
    X(activate)                                                                                    \
    X(adopt)                                                                                       \
    X(go_on_managing)                                                                              \
    X(start_once)                                                                                  \
    X(stop)                                                                                        \
    X(stop_for_failure)                                                                            \
    X(stop_for_fault)                                                                              \
    X(stop_for_start)                                                                              \
    X(stop_for_script)                                                                             \
    X(stop_cooling)                                                                                \
    X(stop_for_count)                                                                              \
    X(count_lost)                                                                                  \
    X(rest)                                                                                        \
    X(withdraw)                                                                                    \
    X(wait_for_morning)                                                                            \
    X(ask_file)                                                                                    \
    X(ask_material)                                                                                \
    X(ask_bed)                                                                                     \
    X(bed_denied)                                                                                  \
    X(claim)                                                                                       \
    X(try_again)                                                                                   \
    X(give_up_start)                                                                               \
    X(prepared)                                                                                    \
    X(print)                                                                                       \
    X(refused)                                                                                     \
    X(refused_rest)                                                                                \
    X(begun)                                                                                       \
    X(begun_late)                                                                                  \
    X(interrupt)                                                                                   \
    X(tell_pause)                                                                                  \
    X(tell_resume)                                                                                 \
    X(count_success)                                                                               \
    X(count_failure)                                                                               \
    X(count_and_stop)                                                                              \
    X(fail)                                                                                        \
    X(cancel)                                                                                      \
    X(counted)                                                                                     \
    X(counted_release)                                                                             \
    X(cooldown)                                                                                    \
    X(cool)                                                                                        \
    X(clear)                                                                                       \
    X(clear_counted)                                                                               \
    X(finish)                                                                                      \
    X(finish_failed)                                                                               \
    X(run_script)                                                                                  \
    X(script_done)

#define X(name) void driver_act_##name(struct driver_turn *t);
DRIVER_ACTS(X)
#undef X

/* ---- shared by them ----
 */

extern const char driver_fault[]; /* why managing stops: the printer, not the print */

void driver_add(struct driver_turn *t, enum driver_action kind);
void driver_add_moment(struct driver_turn *t, enum driver_action kind, enum driver_moment m);
void driver_add_wake(struct driver_turn *t, int64_t wake_ms);
void driver_tell_moment(struct driver_turn *t, enum driver_moment m); /* if it has a script */
void driver_need_script(
    struct driver_turn *t, enum driver_moment m); /* which runs when the printer can take it */
void driver_release(struct driver_turn *t);
void driver_unask_all(struct driver_turn *t);
void driver_stop_script(struct driver_turn *t);   /* also of a moment that is only told of */
void driver_give_up(struct driver_turn *t);       /* skip or quarantine */
bool driver_print_is_out(const struct driver *d); /* asked for, under way, or not counted yet */
void driver_add_reason(struct driver_turn *t, enum driver_action kind, const char *reason);

#endif
