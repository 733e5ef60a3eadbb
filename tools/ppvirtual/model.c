#include "tools/ppvirtual/model.h"

#include "tools/ppvirtual/exec.h"
#include "tools/ppvirtual/exec_sd.h"
#include "tools/ppvirtual/inlet.h"
#include "tools/ppvirtual/mcu.h"
#include "tools/ppvirtual/reply.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define BITS        10 /* of a byte on the wire, 8N1 */
#define MAX_HOTEND  300
#define MAX_BED     120
#define MAX_CHAMBER 80
#define FIRST_FEED  25.0 /* mm/s until the first F */

void settings_default(struct settings *s)
{
    *s = (struct settings){
        .fw = firmware_find("marlin-2.1"),
        .ok = OK_ADVANCED,
        .wire = true,
        .baud = 115200,
        .seed = 1,
        .speed = 1,
        .real_moves = true,
        .heat_k_s = 3,
        .rx = 128,
        .bufsize = 4,
        .blocks = 16,
        .tools = 1,
        .emergency_parser = true,
        .uuid = "cede2a2f-41a2-4748-9b12-c55c62f367ff",
        .machine = "Virtual",
        .area_mm = {220, 220, 250},
    };
}

/* What a reset leaves: everything but the wire, the temperatures and the counts. */
static void boot(struct model *m, uint64_t boot_ns)
{
    line_init(&m->reader, m->s.fw);
    m->emergency = (struct emergency_parser){0};
    inlet_boot(m);
    exec_sd_boot(m);
    m->queue_len = 0;
    m->resend_due = false;
    m->task.active = false;
    m->halted = NULL;
    m->heard_clock_ns = 0;
    m->idle = false;
    m->streaming = false;
    m->report_s = 0;
    m->busy_s = 2;
    m->booted = false;
    m->boot_ns = m->now_ns + boot_ns;
    m->cpu_ns = m->now_ns;
    planner_init(&m->planner, m->s.blocks, m->s.speed, !m->s.real_moves);
    m->planner.limits.classic_jerk = m->s.fw->classic_jerk;
    for (int i = 0; i < HEATERS; i++) {
        heater_set(&m->heaters[i], m->now_ns, 0);
    }
    m->person = (struct person){.percent = -1, .minutes = -1};
    m->machine = (struct machine){
        .endstops = true,
        .feed = FIRST_FEED,
        .feed_percent = 100,
        .flow_percent = 100,
    };
    havoc_boot(m);
}

void model_reset(struct model *m, uint64_t boot_ns)
{
    planner_stop(&m->planner, m->now_ns);
    wire_cut(&m->out, m->now_ns);
    boot(m, boot_ns);
}

void model_init(struct model *m, const struct settings *s)
{
    *m = (struct model){.s = *s};
    uint64_t byte_ns = s->wire ? BITS * SECOND_NS / s->baud : 0;
    uint64_t delay_ns = s->wire ? (uint64_t)(s->latency_ms * 1e6 / 2) : 0;
    uint64_t jitter_ns = s->wire ? (uint64_t)(s->jitter_ms * 1e6) : 0;
    wire_init(&m->in, byte_ns, delay_ns, jitter_ns, s->seed);
    wire_init(&m->out, byte_ns, delay_ns, jitter_ns, s->seed + 1);
    m->in.packed = s->meatpack;
    m->out.flow = s->xonxoff;
    ring_init(&m->ring, s->rx);
    m->queue = mem_array(QUEUE_MAX, sizeof(m->queue[0]));
    tally_init(&m->tally);
    card_init(&m->card);
    m->card.present = s->sd;
    for (int i = 0; i < HEATERS; i++) {
        double max = i < TOOLS_MAX ? MAX_HOTEND : (i == HEATER_BED ? MAX_BED : MAX_CHAMBER);
        heater_init(&m->heaters[i], s->heat_k_s, max);
    }
    havoc_init(&m->havoc);
    boot(m, s->boot_ns);
}

void model_fini(struct model *m)
{
    wire_fini(&m->in);
    wire_fini(&m->out);
    ring_fini(&m->ring);
    tally_fini(&m->tally);
    card_fini(&m->card);
    free(m->queue);
    m->queue = NULL;
}

static bool may_report(const struct model *m)
{
    return m->report_s > 0;
}

static bool may_say_busy(const struct model *m)
{
    return m->task.active && m->s.fw->busy && m->busy_s > 0;
}

static void do_periodic(struct model *m)
{
    if (m->now_ns >= m->sample_ns) {
        for (int i = 0; i < HEATERS; i++) {
            history_add(&m->history[i],
                (struct sample){m->now_ns, (float)heater_temp(&m->heaters[i], m->now_ns),
                    (float)heater_target(&m->heaters[i])});
        }
        m->sample_ns = m->now_ns + SECOND_NS;
    }
    if (!m->booted || m->halted != NULL || m->cpu_ns > m->now_ns) {
        return;
    }
    if (may_report(m) && m->now_ns >= m->report_ns) {
        reply_temperature_words(m);
        reply(m, "\n");
        m->report_ns += m->report_s * SECOND_NS;
    }
    if (may_say_busy(m) && m->now_ns >= m->task.busy_ns) {
        bool user = m->task.wait == WAIT_USER;
        reply(m, "echo:busy: %s\n", user ? "paused for user" : "processing");
        m->task.busy_ns += m->busy_s * SECOND_NS;
    }
    if (m->card_report_s > 0 && m->now_ns >= m->card_report_ns) {
        exec_sd_status(m);
        m->card_report_ns += m->card_report_s * SECOND_NS;
    }
    if (m->s.fw->waits && m->idle && m->now_ns >= m->wait_ns) {
        reply(m, "wait\n");
        m->wait_ns += SECOND_NS;
    }
}

static void do_planner(struct model *m)
{
    struct planner_done done;
    while (planner_next_ns(&m->planner) <= m->now_ns) {
        if (planner_step(&m->planner, m->now_ns, &done)) {
            tally_motion(&m->tally, done.tag, done.seconds);
        }
    }
}

static void do_boot(struct model *m)
{
    if (!m->booted && m->now_ns >= m->boot_ns) {
        m->booted = true;
        if (!havoc_banner(m, m->s.fw->banner)) {
            reply(m, "%s", m->s.fw->banner);
        }
    }
}

/* The receive interrupt: bytes that have arrived by then go into the ring. */
static void receive(struct model *m, uint64_t until_ns)
{
    struct wire_byte b;
    while (wire_take(&m->in, until_ns, &b)) {
        m->now_ns = when_later(m->now_ns, b.at_ns);
        if (!m->booted || m->halted != NULL) {
            havoc_dead_byte(m, b.c);
            continue;
        }
        if (m->ring.len == m->ring.cap) {
            mcu_read(m);
        }
        bool lost = m->ring.len == m->ring.cap;
        inlet_put(m, (struct ring_byte){b.at_ns, m->in.delivered, b.c});
        havoc_byte(m, lost);
        if (havoc_parses_early(m) && m->card.writing == CARD_NONE) {
            mcu_urgent(m, emergency_feed(&m->emergency, b.c));
        }
        if (b.c == '\n' || b.c == '\r' || m->s.meatpack) {
            mcu_run(m);
        } else {
            mcu_read(m);
        }
    }
}

static uint64_t next_internal_ns(struct model *m)
{
    uint64_t t = when_sooner(wire_next_line_ns(&m->in), m->sample_ns);
    t = when_sooner(t, havoc_next_ns(m));
    if (!m->booted) {
        return when_sooner(t, m->boot_ns);
    }
    if (m->halted != NULL) {
        return t;
    }
    t = when_sooner(t, planner_next_ns(&m->planner));
    uint64_t firmware_ns = mcu_ready_ns(m);
    if (may_report(m)) {
        firmware_ns = when_sooner(firmware_ns, m->report_ns);
    }
    if (may_say_busy(m)) {
        firmware_ns = when_sooner(firmware_ns, m->task.busy_ns);
    }
    if (m->card_report_s > 0) {
        firmware_ns = when_sooner(firmware_ns, m->card_report_ns);
    }
    if (m->s.fw->waits && m->idle) {
        firmware_ns = when_sooner(firmware_ns, m->wait_ns);
    }
    if (firmware_ns != NEVER_NS) {
        t = when_sooner(t, when_later(firmware_ns, m->cpu_ns));
    }
    return t;
}

/* Before `now` there was no end of line, so those bytes only fill the ring; at the same instant a
 * block ends before a line arrives. */
static void happen(struct model *m, uint64_t now_ns)
{
    if (now_ns > 0) {
        receive(m, now_ns - 1);
    }
    m->now_ns = when_later(m->now_ns, now_ns);
    do_planner(m);
    do_boot(m);
    receive(m, now_ns);
    mcu_run(m);
    havoc_due(m);
    do_periodic(m);
    mcu_run(m);
}

static void deliver(struct model *m, struct strbuf *out)
{
    struct wire_byte b;
    while (wire_take(&m->out, m->now_ns, &b)) {
        strbuf_add(out, &b.c, 1);
        gap_byte(&m->gap, b.c, m->streaming);
        if (b.c == '\n') {
            uint64_t late_ns = m->now_ns - b.at_ns;
            m->late.lines++;
            m->late.sum_ns += late_ns;
            m->late.max_ns = when_later(m->late.max_ns, late_ns);
        }
    }
}

static void do_switch(struct model *m, enum event_kind kind)
{
    switch (kind) {
    case EVENT_TICK:
    case EVENT_BYTES:
        break;
    case EVENT_RESET:
        model_reset(m, m->s.boot_ns);
        break;
    case EVENT_POWER_OFF:
        havoc_power_off(m, "no power", NEVER_NS);
        break;
    case EVENT_POWER_ON:
        havoc_power_on(m);
        break;
    case EVENT_CARD:
        exec_sd_insert(m, !m->card.present);
        break;
    }
}

void model_step(struct model *m, uint64_t now_ns, const struct event *event, struct strbuf *out)
{
    for (;;) {
        uint64_t t = next_internal_ns(m);
        if (t > now_ns) {
            break;
        }
        happen(m, t);
    }
    if (event != NULL && event->kind == EVENT_BYTES) {
        havoc_send(m, now_ns, event->bytes, event->len);
    }
    m->now_ns = when_later(m->now_ns, now_ns);
    if (event != NULL) {
        do_switch(m, event->kind);
    }
    happen(m, now_ns);
    while (next_internal_ns(m) <= now_ns) {
        happen(m, now_ns);
    }
    deliver(m, out);
}

uint64_t model_output_ns(struct model *m)
{
    return wire_next_ns(&m->out);
}

uint64_t model_next_ns(struct model *m)
{
    return when_sooner(next_internal_ns(m), wire_next_ns(&m->out));
}
