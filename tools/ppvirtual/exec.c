#include "tools/ppvirtual/exec.h"

#include "tools/ppvirtual/exec_sd.h"
#include "tools/ppvirtual/reply.h"

#define LONGEST_S 1e8 /* keeps sums of times far from overflow */

static const struct handler *find_in(const struct handler *table, const struct command *c)
{
    for (const struct handler *h = table; h->letter != 0; h++) {
        if (h->letter == c->letter && (h->number == c->number || h->number < 0)) {
            return h;
        }
    }
    return NULL;
}

const struct handler *exec_find(const struct model *m, const struct command *c)
{
    static const struct handler *const tables[] = {
        exec_motion, exec_setup, exec_heat, exec_host, exec_person};
    const struct handler *of_card = m->s.sd ? find_in(exec_sd, c) : NULL;
    if (of_card != NULL) {
        return of_card;
    }
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const struct handler *h = find_in(tables[i], c);
        if (h != NULL) {
            return h;
        }
    }
    return NULL;
}

void exec_halt(struct model *m, const char *reason)
{
    planner_stop(&m->planner, m->now_ns);
    for (int i = 0; i < HEATERS; i++) {
        heater_set(&m->heaters[i], m->now_ns, 0);
    }
    exec_sd_boot(m);
    m->halted = reason;
    m->halted_clock_ns = m->zero_ns > 0 ? m->zero_ns + m->now_ns : 0;
    m->task.active = false;
    m->resend_due = false;
    m->queue_len = 0;
}

void exec_kill(struct model *m, const char *reason)
{
    switch (m->s.fw->kill) {
    case KILL_NONE:
        return;
    case KILL_MARLIN2:
        reply(m, "echo:%s Shutdown\nError:Printer halted. kill() called!\n//action:poweroff\n",
            reason);
        break;
    case KILL_MARLIN1:
        reply(m, "Error:Printer halted. kill() called!\n");
        break;
    case KILL_KLIPPER:
        reply(m, "!! Shutdown due to M112 command\n");
        break;
    case KILL_SILENT:
        break;
    }
    exec_halt(m, reason);
}

void exec_quickstop(struct model *m)
{
    planner_stop(&m->planner, m->now_ns);
    for (int i = 0; i < PLANNER_E; i++) {
        m->machine.position[i] = m->planner.reached[i] - m->machine.shift[i];
    }
    m->streaming = false;
    if (m->task.active && m->task.wait == WAIT_SLOT) {
        m->task.path.done = m->task.path.pieces;
    }
}

void exec_break(struct model *m)
{
    struct task *t = &m->task;
    if (t->active && (t->wait == WAIT_HEAT || t->wait == WAIT_USER)) {
        t->wait = WAIT_UNTIL;
        t->until_ns = m->now_ns;
    }
}

void exec_dwell(struct model *m, struct task *t, double seconds)
{
    double scaled = seconds / m->s.speed;
    scaled = scaled < LONGEST_S ? scaled : LONGEST_S;
    t->wait = WAIT_UNTIL;
    t->until_ns = m->now_ns + (scaled > 0 ? (uint64_t)(scaled * 1e9) : 0);
}
