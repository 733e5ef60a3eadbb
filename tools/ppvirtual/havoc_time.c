/* What comes and ends by time: states, power, answers kept back, lines that do not end. */
#include "tools/ppvirtual/havoc_priv.h"

#include "tools/ppvirtual/exec.h"
#include "tools/ppvirtual/reply.h"

#define BUSY_NS (2000 * MS_NS)

void havoc_power_off(struct model *m, const char *why, uint64_t ns)
{
    exec_halt(m, why);
    m->havoc.revivable = false;
    m->havoc.power_ns = ns == NEVER_NS ? NEVER_NS : m->now_ns + ns;
}

void havoc_power_on(struct model *m)
{
    model_reset(m, m->s.boot_ns);
}

/* When the line now half read is given up; NEVER_NS: none is. */
static uint64_t timeout_at(struct model *m)
{
    struct havoc *h = &m->havoc;
    if (!state_on(m, &h->rx_timeout) || m->halted != NULL || !m->booted) {
        return NEVER_NS;
    }
    if (wire_len(&m->in) > 0) {
        return wire_next_ns(&m->in) + h->timeout_ns;
    }
    return m->reader.len > 0 ? h->read_ns + h->timeout_ns : NEVER_NS;
}

static void do_timeout(struct model *m)
{
    if (m->reader.len == 0 || timeout_at(m) > m->now_ns) {
        return;
    }
    line_abandon(&m->reader);
    reply(m, "RX timeout\n");
    if (m->havoc.timeout_resend) {
        m->resend_due = true;
    }
}

static void do_stopped(struct model *m)
{
    struct havoc *h = &m->havoc;
    if (state_on(m, &h->stopped) && h->stopped_busy && m->now_ns >= h->busy_ns) {
        reply(m, "echo:busy: processing\n");
        h->busy_ns += BUSY_NS;
    }
}

/* States that end by themselves and have something to put back. */
static void end_states(struct model *m)
{
    struct havoc *h = &m->havoc;
    m->reader.numbered_only = state_on(m, &h->numbered_only);
    for (int i = 0; i < HEATERS; i++) {
        if (h->temp[i].until_ns != 0 && !state_on(m, &h->temp[i])) {
            h->temp[i].until_ns = 0;
            heater_break(&m->heaters[i], m->now_ns, HEATER_FINE, 0, 0);
        }
    }
}

/* A fault that is forgotten may have left states that end by themselves. */
static bool is_calm(const struct model *m)
{
    return m->faults.len == 0 && !m->havoc.had_faults && m->havoc.power_ns == 0;
}

void havoc_due(struct model *m)
{
    struct havoc *h = &m->havoc;
    if (is_calm(m)) {
        return;
    }
    h->had_faults = true;
    if (h->power_ns != 0 && m->now_ns >= h->power_ns) {
        havoc_power_on(m);
    }
    end_states(m);
    if (fault_has(&m->faults, SEAM_MOMENT)) {
        havoc_do_all(m, &(struct fault_event){.seam = SEAM_MOMENT,
                            .now_ns = m->now_ns,
                            .number = -1,
                            .nth = m->tally.lines,
                            .byte = m->in.delivered,
                            .text = ""});
    }
    if (m->booted && m->halted == NULL && m->cpu_ns <= m->now_ns) {
        havoc_release(m);
        do_timeout(m);
        do_stopped(m);
    }
}

static uint64_t states_end_ns(const struct model *m)
{
    const struct havoc *h = &m->havoc;
    uint64_t next = NEVER_NS;
    next = state_on(m, &h->numbered_only) ? h->numbered_only.until_ns : next;
    for (int i = 0; i < HEATERS; i++) {
        next = state_on(m, &h->temp[i]) ? when_sooner(next, h->temp[i].until_ns) : next;
    }
    return next;
}

uint64_t havoc_next_ns(struct model *m)
{
    struct havoc *h = &m->havoc;
    if (is_calm(m)) {
        return NEVER_NS;
    }
    uint64_t next = when_sooner(fault_next_ns(&m->faults), states_end_ns(m));
    if (h->power_ns != 0) {
        next = when_sooner(next, h->power_ns);
    }
    if (!m->booted || m->halted != NULL) {
        return next;
    }
    uint64_t mine = NEVER_NS; /* what the firmware does itself, once it is free */
    for (size_t i = 0; i < h->held_len; i++) {
        mine = when_sooner(mine, h->held[i].due_ns);
    }
    if (m->reader.len > 0 || wire_len(&m->in) > 0) {
        mine = when_sooner(mine, timeout_at(m));
    }
    if (state_on(m, &h->stopped) && h->stopped_busy) {
        mine = when_sooner(mine, h->busy_ns);
    }
    return when_sooner(next, mine == NEVER_NS || mine > m->cpu_ns ? mine : m->cpu_ns);
}
