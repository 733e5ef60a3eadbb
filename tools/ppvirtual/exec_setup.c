/* Modes and settings: units, absolute and relative, limits, percentages, fan. */
#include "tools/ppvirtual/exec.h"

#include "tools/ppvirtual/reply.h"

static const char axes[PLANNER_AXES] = {'X', 'Y', 'Z', 'E'};

static void run_units(struct model *m, struct task *t)
{
    m->machine.inches = t->command.number == 20;
}

static void run_positioning(struct model *m, struct task *t)
{
    m->machine.relative = t->command.number == 91;
    m->machine.e_relative = m->machine.relative;
}

static void run_extruder_mode(struct model *m, struct task *t)
{
    m->machine.e_relative = t->command.number == 83;
}

static void set_axes(const struct command *c, double values[])
{
    for (int i = 0; i < PLANNER_AXES; i++) {
        double value = command_value(c, axes[i], values[i]);
        values[i] = value > 0 ? value : values[i];
    }
}

static void set_positive(const struct command *c, char letter, double *value)
{
    double to = command_value(c, letter, *value);
    *value = to > 0 ? to : *value;
}

static void run_max_accel(struct model *m, struct task *t)
{
    set_axes(&t->command, m->planner.limits.max_accel);
}

static void run_max_feed(struct model *m, struct task *t)
{
    set_axes(&t->command, m->planner.limits.max_feed);
}

static void run_accel(struct model *m, struct task *t)
{
    struct limits *l = &m->planner.limits;
    const struct command *c = &t->command;
    if ((c->valued & COMMAND_BIT('S')) != 0) { /* legacy: print and travel at once */
        set_positive(c, 'S', &l->accel_print);
        set_positive(c, 'S', &l->accel_travel);
    }
    set_positive(c, 'P', &l->accel_print);
    set_positive(c, 'R', &l->accel_retract);
    set_positive(c, 'T', &l->accel_travel);
}

static void run_advanced(struct model *m, struct task *t)
{
    struct limits *l = &m->planner.limits;
    if (l->classic_jerk) {
        set_axes(&t->command, l->jerk);
    } else {
        set_positive(&t->command, 'J', &l->junction_mm);
    }
}

static void run_feed_percent(struct model *m, struct task *t)
{
    if (!command_has(&t->command, 'S')) {
        reply(m, "FR:%.0f%%\n", m->machine.feed_percent);
    }
    set_positive(&t->command, 'S', &m->machine.feed_percent);
}

static void run_flow_percent(struct model *m, struct task *t)
{
    if (!command_has(&t->command, 'S')) {
        reply(m, "echo:E%d Flow: %.0f%%\n", m->machine.tool, m->machine.flow_percent);
    }
    set_positive(&t->command, 'S', &m->machine.flow_percent);
}

static void run_fan(struct model *m, struct task *t)
{
    double speed = t->command.number == 106 ? command_value(&t->command, 'S', 255) : 0;
    m->machine.fan = speed > 255 ? 255 : (speed < 0 ? 0 : (int)speed);
}

static void run_endstops(struct model *m, struct task *t)
{
    if (command_has(&t->command, 'S')) {
        m->machine.endstops = command_value(&t->command, 'S', 1) != 0;
    }
    const double *a = m->s.area_mm;
    reply(m, "Soft endstops: %s  Min:  X0.00 Y0.00 Z0.00   Max:  X%.2f Y%.2f Z%.2f\n",
        m->machine.endstops ? "ON" : "OFF", a[0], a[1], a[2]);
}

static void reply_axes(struct model *m, const char *word, const double v[])
{
    reply(m, "echo:  %s X%.2f Y%.2f Z%.2f E%.2f\n", word, v[0], v[1], v[2], v[3]);
}

static void run_settings(struct model *m, struct task *t)
{
    (void)t;
    static const double steps[PLANNER_AXES] = {80, 80, 400, 93};
    const struct limits *l = &m->planner.limits;
    reply(m, "echo:; Linear Units:\necho:  G21 ; (mm)\necho:; Steps per unit:\n");
    reply_axes(m, "M92", steps);
    reply(m, "echo:; Max feedrates (units/s):\n");
    reply_axes(m, "M203", l->max_feed);
    reply(m, "echo:; Max Acceleration (units/s2):\n");
    reply_axes(m, "M201", l->max_accel);
    reply(m,
        "echo:; Acceleration (units/s2) (P<print-accel> R<retract-accel> T<travel-accel>):\n"
        "echo:  M204 P%.2f R%.2f T%.2f\n",
        l->accel_print, l->accel_retract, l->accel_travel);
    if (l->classic_jerk) {
        reply(m, "echo:; Advanced (X<max_jerk> Y<max_jerk> Z<max_jerk> E<max_jerk>):\n");
        reply_axes(m, "M205", l->jerk);
    } else {
        reply(m, "echo:; Advanced (J<junc_dev>):\necho:  M205 J%.3f\n", l->junction_mm);
    }
}

/* Taken and without effect on anything modelled. */
static void run_taken(struct model *m, struct task *t)
{
    (void)m;
    (void)t;
}

const struct handler exec_setup[] = {
    {'G', 20, 0, run_units},
    {'G', 21, 0, run_units},
    {'G', 90, 0, run_positioning},
    {'G', 91, 0, run_positioning},
    {'M', 82, 0, run_extruder_mode},
    {'M', 83, 0, run_extruder_mode},
    {'M', 85, 0, run_taken},
    {'M', 92, 0, run_taken},
    {'M', 106, 0, run_fan},
    {'M', 107, 0, run_fan},
    {'M', 201, 0, run_max_accel},
    {'M', 203, 0, run_max_feed},
    {'M', 204, 0, run_accel},
    {'M', 205, 0, run_advanced},
    {'M', 211, 0, run_endstops},
    {'M', 220, 0, run_feed_percent},
    {'M', 221, 0, run_flow_percent},
    {'M', 300, 0, run_taken},
    {'M', 301, 0, run_taken},
    {'M', 302, 0, run_taken},
    {'M', 304, 0, run_taken},
    {'M', 420, 0, run_taken},
    {'M', 486, 0, run_taken},
    {'M', 503, 0, run_settings},
    {'M', 900, 0, run_taken},
    {0, 0, 0, NULL},
};
