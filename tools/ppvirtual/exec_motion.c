/* Moves, homing, levelling, waiting for moves. */
#include "tools/ppvirtual/exec.h"

#include "tools/ppvirtual/reply.h"

#include <math.h>
#include <string.h>

#define ARC_PIECE_MM   1.0
#define ARC_PIECES_MAX 20000
#define HOME_MM_S      50.0
#define HOME_Z_MM_S    4.0
#define HOME_BUMP_S    1.0 /* the slow second touch of each axis */
#define PROBE_S        3.0
#define PROBE_ROWS     4
#define MM_PER_INCH    25.4

static const char axes[PLANNER_AXES] = {'X', 'Y', 'Z', 'E'};

static double unit(const struct model *m)
{
    return m->machine.inches ? MM_PER_INCH : 1;
}

/* Where the words of a move lead, in logical millimetres. */
static void read_target(const struct model *m, const struct command *c, double out[])
{
    for (int i = 0; i < PLANNER_AXES; i++) {
        const double here = m->machine.position[i];
        bool relative = i == PLANNER_E ? m->machine.e_relative : m->machine.relative;
        double word = command_value(c, axes[i], NAN) * unit(m);
        out[i] = isnan(word) ? here : (relative ? here + word : word);
    }
}

/* The firmware's own end stops: a homed axis does not leave the machine. */
static void clamp(const struct model *m, double target[])
{
    for (int i = 0; i < 3; i++) {
        if (!m->machine.endstops || !m->machine.homed[i]) {
            continue;
        }
        double machine = target[i] + m->machine.shift[i];
        machine = machine < 0 ? 0 : machine;
        machine = machine > m->s.area_mm[i] ? m->s.area_mm[i] : machine;
        target[i] = machine - m->machine.shift[i];
    }
}

static void read_feed(struct model *m, const struct command *c)
{
    double feed = command_value(c, 'F', 0) * unit(m) / 60;
    if (feed > 0) {
        m->machine.feed = feed;
    }
}

static void begin_path(struct model *m, struct task *t)
{
    struct path *p = &t->path;
    *p = (struct path){.pieces = 1};
    memcpy(p->from, m->machine.position, sizeof(p->from));
    read_feed(m, &t->command);
    read_target(m, &t->command, p->target);
    clamp(m, p->target);
    p->feed = m->machine.feed * m->machine.feed_percent / 100;
}

static void next_point(const struct path *p, double out[])
{
    memcpy(out, p->target, sizeof(p->target));
    if (p->sweep == 0 || p->done + 1 == p->pieces) {
        return;
    }
    double part = (double)(p->done + 1) / p->pieces;
    double angle = p->angle + p->sweep * part;
    out[0] = p->center[0] + p->radius * cos(angle);
    out[1] = p->center[1] + p->radius * sin(angle);
    out[2] = p->from[2] + (p->target[2] - p->from[2]) * part;
    out[3] = p->from[3] + (p->target[3] - p->from[3]) * part;
}

/* A move into an empty planner after idling for input: the host was too slow. */
static void count_underrun(struct model *m)
{
    if (m->streaming && m->starved_ns > 0 && !m->planner.instant) {
        tally_underrun(&m->tally, m->starved_ns);
    }
    m->starved_ns = 0;
    m->streaming = true;
}

static void plan(struct model *m, const double logical[], double feed)
{
    double machine[PLANNER_AXES];
    for (int i = 0; i < 3; i++) {
        machine[i] = logical[i] + m->machine.shift[i];
    }
    double extruded = logical[PLANNER_E] - m->machine.position[PLANNER_E];
    machine[PLANNER_E] = m->planner.planned[PLANNER_E] + extruded * m->machine.flow_percent / 100;
    bool was_busy = planner_busy(&m->planner);
    if (planner_add(&m->planner, m->now_ns, machine, feed, tally_tag(&m->tally)) && !was_busy) {
        count_underrun(m);
    }
    memcpy(m->machine.position, logical, sizeof(m->machine.position));
    exec_extruded(m, extruded);
}

void exec_path(struct model *m, struct task *t)
{
    struct path *p = &t->path;
    while (p->done < p->pieces) {
        if (planner_free(&m->planner) == 0) {
            t->wait = WAIT_SLOT;
            return;
        }
        double point[PLANNER_AXES];
        next_point(p, point);
        plan(m, point, p->feed);
        p->done++;
    }
    t->wait = WAIT_NONE;
}

static void run_move(struct model *m, struct task *t)
{
    if (t->phase > 0) {
        return;
    }
    begin_path(m, t);
    exec_path(m, t);
}

/* The centre from R: left of the chord for a counter-clockwise arc shorter than half a turn. */
static bool center_from_radius(const struct path *p, double radius, bool clockwise, double out[2])
{
    double dx = p->target[0] - p->from[0];
    double dy = p->target[1] - p->from[1];
    double chord = hypot(dx, dy);
    double height2 = radius * radius - chord * chord / 4;
    if (chord == 0 || height2 < 0) {
        return false;
    }
    double height = sqrt(height2) * (clockwise != (radius < 0) ? -1 : 1);
    out[0] = (p->from[0] + p->target[0]) / 2 - dy / chord * height;
    out[1] = (p->from[1] + p->target[1]) / 2 + dx / chord * height;
    return true;
}

static bool begin_arc(struct model *m, struct task *t, bool clockwise)
{
    struct path *p = &t->path;
    const struct command *c = &t->command;
    double r = command_value(c, 'R', 0) * unit(m);
    if (r != 0) {
        if (!center_from_radius(p, r, clockwise, p->center)) {
            return false;
        }
    } else if (command_has(c, 'I') || command_has(c, 'J')) {
        p->center[0] = p->from[0] + command_value(c, 'I', 0) * unit(m);
        p->center[1] = p->from[1] + command_value(c, 'J', 0) * unit(m);
    } else {
        return false;
    }
    p->radius = hypot(p->from[0] - p->center[0], p->from[1] - p->center[1]);
    p->angle = atan2(p->from[1] - p->center[1], p->from[0] - p->center[0]);
    double end = atan2(p->target[1] - p->center[1], p->target[0] - p->center[0]);
    p->sweep = end - p->angle;
    if (clockwise && p->sweep >= -1e-9) {
        p->sweep -= 2 * M_PI;
    } else if (!clockwise && p->sweep <= 1e-9) {
        p->sweep += 2 * M_PI;
    }
    double pieces = ceil(fabs(p->sweep) * p->radius / ARC_PIECE_MM);
    p->pieces = pieces > ARC_PIECES_MAX ? ARC_PIECES_MAX : (pieces < 1 ? 1 : (unsigned)pieces);
    return true;
}

static void run_arc(struct model *m, struct task *t)
{
    if (t->phase > 0) {
        return;
    }
    begin_path(m, t);
    if (begin_arc(m, t, t->command.number == 2)) {
        exec_path(m, t);
    } else {
        reply(m, "Error:G2/G3 bad parameters\n");
    }
}

static void run_dwell(struct model *m, struct task *t)
{
    if (t->phase == 0) {
        double seconds = command_value(&t->command, 'P', 0) / 1000;
        exec_dwell(m, t, command_value(&t->command, 'S', seconds));
    }
}

/* Takes an axis to its end stop; returns the seconds that takes. */
static double home_axis(struct model *m, int axis, double machine[])
{
    double speed = axis == 2 ? HOME_Z_MM_S : HOME_MM_S;
    double seconds = fabs(machine[axis]) / speed + HOME_BUMP_S;
    machine[axis] = 0;
    m->machine.homed[axis] = true;
    m->machine.shift[axis] = 0;
    m->machine.position[axis] = 0;
    return seconds;
}

static void run_home(struct model *m, struct task *t)
{
    const struct command *c = &t->command;
    if (t->phase > 0) {
        if (m->s.fw->busy) {
            reply_position(m);
        }
        return;
    }
    bool all = !command_has(c, 'X') && !command_has(c, 'Y') && !command_has(c, 'Z');
    double machine[PLANNER_AXES];
    memcpy(machine, m->planner.planned, sizeof(machine));
    double seconds = 0;
    for (int i = 0; i < 3; i++) {
        if (all || command_has(c, axes[i])) {
            seconds += home_axis(m, i, machine);
        }
    }
    planner_set_position(&m->planner, machine);
    exec_dwell(m, t, m->s.real_moves ? seconds : 0);
}

static void run_level(struct model *m, struct task *t)
{
    if (t->phase == 0) {
        exec_dwell(m, t, m->s.real_moves ? PROBE_S * PROBE_ROWS * PROBE_ROWS : 0);
        return;
    }
    reply(m, "Bilinear Leveling Grid:\n      0      1      2      3\n");
    for (int row = 0; row < PROBE_ROWS; row++) {
        reply(m, " %d +0.0%d0 +0.010 -0.010 -0.0%d0\n", row, row, row);
    }
    reply(m, "\n");
    reply_position(m);
}

static void run_nothing(struct model *m, struct task *t)
{
    (void)m;
    (void)t;
}

static void run_motors_off(struct model *m, struct task *t)
{
    (void)t;
    memset(m->machine.homed, 0, sizeof(m->machine.homed));
}

static void run_stop(struct model *m, struct task *t)
{
    (void)t;
    exec_quickstop(m);
}

static void run_where(struct model *m, struct task *t)
{
    (void)t;
    reply_position(m);
}

static void run_set_position(struct model *m, struct task *t)
{
    const struct command *c = &t->command;
    bool any = false;
    for (int i = 0; i < PLANNER_AXES; i++) {
        any = any || command_has(c, axes[i]);
    }
    for (int i = 0; i < PLANNER_AXES; i++) {
        if (any && !command_has(c, axes[i])) {
            continue;
        }
        double to = command_value(c, axes[i], 0) * unit(m);
        m->machine.shift[i] += i < PLANNER_E ? m->machine.position[i] - to : 0;
        m->machine.position[i] = to;
    }
}

static void run_tool(struct model *m, struct task *t)
{
    int tool = t->command.number;
    if (tool < 0 || tool >= (int)m->s.tools) {
        reply(m, "echo:T%d Invalid extruder\n", tool);
        return;
    }
    m->machine.tool = tool;
    if (m->s.tools > 1) {
        reply(m, "echo:Active Extruder: %d\n", tool);
    }
}

const struct handler exec_motion[] = {
    {'G', 0, 0, run_move},
    {'G', 1, 0, run_move},
    {'G', 2, 0, run_arc},
    {'G', 3, 0, run_arc},
    {'G', 4, EXEC_DRAIN | EXEC_SYNC, run_dwell},
    {'G', 28, EXEC_DRAIN | EXEC_SYNC, run_home},
    {'G', 29, EXEC_DRAIN | EXEC_SYNC, run_level},
    {'G', 92, 0, run_set_position},
    {'M', 17, EXEC_DRAIN | EXEC_SYNC, run_nothing},
    {'M', 18, EXEC_DRAIN | EXEC_SYNC, run_motors_off},
    {'M', 84, EXEC_DRAIN | EXEC_SYNC, run_motors_off},
    {'M', 114, 0, run_where},
    {'M', 400, EXEC_DRAIN | EXEC_SYNC, run_nothing},
    {'M', 410, EXEC_SYNC, run_stop},
    {'T', -1, EXEC_DRAIN | EXEC_SYNC, run_tool},
    {0, 0, 0, NULL},
};
