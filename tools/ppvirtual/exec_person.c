/* What concerns a person at the printer: pauses, filament changes, prompts, the display. */
#include "tools/ppvirtual/exec.h"

#include "tools/ppvirtual/reply.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PARK_LIFT_MM 20.0
#define PARK_MM_S    100.0

/* "//action:NAME", from firmwares that say such things. */
static void action(struct model *m, const char *what)
{
    if (m->s.fw->action != NULL) {
        reply(m, "%s%s\n", m->s.fw->action, what);
    }
}

static void prompt(struct model *m, const char *text, const char *button)
{
    if (m->s.fw->prompts) {
        reply(m,
            "//action:prompt_end\n//action:prompt_begin %s\n//action:prompt_button %s\n"
            "//action:prompt_show\n",
            text, button);
    }
}

static void prompt_end(struct model *m)
{
    if (m->s.fw->prompts) {
        reply(m, "//action:prompt_end\n");
    }
}

/* M0, M1: waits for a person, or for P ms or S s. */
static void run_pause(struct model *m, struct task *t)
{
    const struct command *c = &t->command;
    if (t->phase > 0) {
        prompt_end(m);
        return;
    }
    double seconds = command_value(c, 'S', command_value(c, 'P', 0) / 1000);
    if (seconds > 0) {
        exec_dwell(m, t, seconds);
        return;
    }
    const char *text = c->number == 0 ? "M0 Stop" : "M1 Stop";
    prompt(m, *c->rest != '\0' ? c->rest : text, "Continue");
    t->wait = WAIT_USER;
}

static void run_filament(struct model *m, struct task *t)
{
    if (t->phase == 0) {
        action(m, "paused");
        prompt(m, "Nozzle Parked", "Continue");
        t->wait = WAIT_USER;
        return;
    }
    prompt_end(m);
    action(m, "resumed");
}

/* ---- M601 to M604 ---------------------------------------------------------------------------- */

static bool is_unknown(struct model *m, struct task *t)
{
    if (!m->s.fw->own_pause) {
        tally_error(&m->tally, TALLY_UNKNOWN_COMMAND);
        reply_unknown(m, &t->command);
    }
    return !m->s.fw->own_pause;
}

/* One straight move to `target`, waited for. */
static void go(struct model *m, struct task *t, const double target[])
{
    struct path *p = &t->path;
    *p = (struct path){.pieces = 1, .feed = PARK_MM_S};
    memcpy(p->from, m->machine.position, sizeof(p->from));
    memcpy(p->target, target, sizeof(p->target));
    exec_path(m, t);
    t->wait = WAIT_DRAIN;
}

static void run_own_pause(struct model *m, struct task *t)
{
    double park[PLANNER_AXES];
    if (t->phase > 0) {
        action(m, "paused");
        return;
    }
    if (is_unknown(m, t) || m->person.paused) {
        return;
    }
    m->person.paused = true;
    memcpy(m->person.parked_from, m->machine.position, sizeof(m->person.parked_from));
    memcpy(park, m->machine.position, sizeof(park));
    park[0] = 0 - m->machine.shift[0];
    park[1] = m->s.area_mm[1] - m->machine.shift[1];
    park[2] = fmin(park[2] + PARK_LIFT_MM, m->s.area_mm[2] - m->machine.shift[2]);
    go(m, t, park);
}

static void run_own_resume(struct model *m, struct task *t)
{
    if (t->phase > 0) {
        action(m, "resumed");
        return;
    }
    if (!is_unknown(m, t) && m->person.paused) {
        m->person.paused = false;
        go(m, t, m->person.parked_from);
    }
}

static void run_own_stop(struct model *m, struct task *t)
{
    if (is_unknown(m, t)) {
        return;
    }
    m->person.paused = false;
    for (int i = 0; i < HEATERS; i++) {
        heater_set(&m->heaters[i], m->now_ns, 0);
    }
    action(m, "cancel");
}

void exec_extruded(struct model *m, double mm)
{
    struct person *p = &m->person;
    p->extruded_mm += mm;
    if (m->s.runout_mm > 0 && !p->ran_out && p->extruded_mm >= m->s.runout_mm) {
        p->ran_out = true;
        action(m, "out_of_filament T0");
    }
}

/* ---- the display ------------------------------------------------------------------------------
 */

static void run_progress(struct model *m, struct task *t)
{
    struct person *p = &m->person;
    p->percent = command_value(&t->command, 'P', p->percent);
    p->minutes = command_value(&t->command, 'R', p->minutes);
    p->updates++;
}

static void run_message(struct model *m, struct task *t)
{
    const char *text = t->command.rest;
    str_escape(m->person.text, sizeof(m->person.text), text, strlen(text));
    if (m->s.fw->prompts) {
        reply(m, "//action:notification %s\n", m->person.text);
    }
}

const struct handler exec_person[] = {
    {'M', 0, EXEC_DRAIN | EXEC_SYNC, run_pause},
    {'M', 1, EXEC_DRAIN | EXEC_SYNC, run_pause},
    {'M', 73, 0, run_progress},
    {'M', 117, 0, run_message},
    {'M', 600, EXEC_DRAIN | EXEC_SYNC, run_filament},
    {'M', 601, EXEC_DRAIN | EXEC_SYNC, run_own_pause},
    {'M', 602, EXEC_DRAIN | EXEC_SYNC, run_own_resume},
    {'M', 603, EXEC_DRAIN | EXEC_SYNC, run_own_stop},
    {'M', 604, EXEC_DRAIN | EXEC_SYNC, run_own_stop},
    {0, 0, 0, NULL},
};
