/* Heaters: targets, waits, reports. */
#include "tools/ppvirtual/exec.h"

#include "tools/ppvirtual/reply.h"

#include <math.h>

#define POLL_NS      UINT64_C(100000000)
#define WINDOW_K     1.0
#define HYSTERESIS_K 3.0
#define RESIDENCY_S  10.0 /* in the window at 3 K/s heaters; a faster one settles faster */
#define REPORT_MAX_S 60

/* The heater a command means, -1 after an error message. */
static int pick(struct model *m, const struct command *c)
{
    switch (c->number) {
    case 140:
    case 190:
        return HEATER_BED;
    case 141:
    case 191:
        return HEATER_CHAMBER;
    }
    double tool = command_value(c, 'T', m->machine.tool);
    if (tool < 0 || tool >= m->s.tools) {
        reply(m, "echo:M%d Invalid extruder %.0f\n", c->number, tool);
        return -1;
    }
    return (int)tool;
}

static void set_target(struct model *m, int heater, double target)
{
    heater_set(&m->heaters[heater], m->now_ns, target);
    if (m->s.fw->temp == TEMP_REPETIER) {
        if (heater == HEATER_BED) {
            reply(m, "TargetBed:%.0f\n", target);
        } else {
            reply(m, "TargetExtr%d:%.0f\n", heater, target);
        }
    }
}

static void run_set(struct model *m, struct task *t)
{
    int heater = pick(m, &t->command);
    double target = command_value(&t->command, 'S', NAN);
    if (heater >= 0 && !isnan(target)) {
        set_target(m, heater, target);
    }
}

static double residency_s(const struct model *m)
{
    double settled = RESIDENCY_S * 3 / m->s.heat_k_s;
    return settled < RESIDENCY_S ? settled : RESIDENCY_S;
}

static void report(struct model *m, const struct heat_wait *w)
{
    reply_temperature_words(m);
    if (!w->in_window) {
        reply(m, " W:?\n");
        return;
    }
    double left = residency_s(m) - (double)(m->now_ns - w->since_ns) / 1e9;
    reply(m, " W:%.0f\n", left > 0 ? left : 0);
}

/* True when the target has been held for the residency time. */
static bool settled(struct model *m, struct heat_wait *w)
{
    const struct heater *h = &m->heaters[w->heater];
    double temp = heater_reading(h, m->now_ns);
    double target = heater_target(h);
    if (w->cooling_too && target < h->ambient && temp <= h->ambient + WINDOW_K) {
        return true; /* it will not get colder than the room */
    }
    double off = fabs(target - temp);
    double residency_ns = residency_s(m) * 1e9;
    if (!w->in_window && off < WINDOW_K) {
        w->in_window = true;
        w->since_ns = m->now_ns;
        if (w->first) {
            w->since_ns -= w->since_ns > (uint64_t)(residency_ns * 2 / 3)
                               ? (uint64_t)(residency_ns * 2 / 3)
                               : w->since_ns;
        }
    } else if (w->in_window && off > HYSTERESIS_K) {
        w->since_ns = m->now_ns;
    }
    w->first = false;
    return w->in_window && (double)(m->now_ns - w->since_ns) >= residency_ns;
}

void exec_heat_poll(struct model *m, struct task *t)
{
    struct heat_wait *w = &t->heat;
    if (settled(m, w)) {
        t->wait = WAIT_NONE;
        return;
    }
    if (m->now_ns >= w->report_ns) {
        report(m, w);
        w->report_ns = m->now_ns + SECOND_NS;
    }
    t->wait = WAIT_HEAT;
    t->until_ns = m->now_ns + POLL_NS;
}

static void run_wait(struct model *m, struct task *t)
{
    if (t->phase > 0) {
        return;
    }
    int heater = pick(m, &t->command);
    if (heater < 0) {
        return;
    }
    double heat_to = command_value(&t->command, 'S', NAN);
    double wait_for = command_value(&t->command, 'R', NAN);
    double target = isnan(wait_for) ? heat_to : wait_for;
    if (!isnan(target)) {
        set_target(m, heater, target);
    }
    const struct heater *h = &m->heaters[heater];
    bool heating = heater_target(h) > heater_reading(h, m->now_ns);
    if (!heating && isnan(wait_for)) {
        return;
    }
    t->heat = (struct heat_wait){
        .heater = heater,
        .cooling_too = !isnan(wait_for),
        .first = true,
        .report_ns = m->now_ns + SECOND_NS,
    };
    exec_heat_poll(m, t);
}

static void run_ask(struct model *m, struct task *t)
{
    (void)t;
    reply_temperatures(m);
}

static void run_auto_report(struct model *m, struct task *t)
{
    double seconds = command_value(&t->command, 'S', m->report_s);
    seconds = seconds < 0 ? 0 : (seconds > REPORT_MAX_S ? REPORT_MAX_S : seconds);
    m->report_s = (unsigned)seconds;
    m->report_ns = m->now_ns + m->report_s * SECOND_NS;
}

const struct handler exec_heat[] = {
    {'M', 104, 0, run_set},
    {'M', 105, 0, run_ask},
    {'M', 109, EXEC_SYNC, run_wait},
    {'M', 140, 0, run_set},
    {'M', 141, 0, run_set},
    {'M', 155, 0, run_auto_report},
    {'M', 190, EXEC_SYNC, run_wait},
    {'M', 191, EXEC_SYNC, run_wait},
    {0, 0, 0, NULL},
};
