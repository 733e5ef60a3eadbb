#include "tools/ppvirtual/model.h"

#include "tools/ppvirtual/exec.h"
#include "tools/ppvirtual/reply.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS   UINT64_C(1000000000)
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

static uint64_t soonest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What a reset leaves: everything but the wire, the temperatures and the counts. */
static void boot(struct model *m)
{
    line_init(&m->reader, m->s.fw);
    m->emergency = (struct emergency_parser){0};
    ring_flush(&m->ring);
    m->queue_len = 0;
    m->resend_due = false;
    m->task.active = false;
    m->halted = NULL;
    m->idle = false;
    m->streaming = false;
    m->report_s = 0;
    m->busy_s = 2;
    m->booted = false;
    m->boot_ns = m->now_ns + m->s.boot_ns;
    m->cpu_ns = m->now_ns;
    planner_init(&m->planner, m->s.blocks, m->s.speed, !m->s.real_moves);
    m->planner.limits.classic_jerk = m->s.fw->classic_jerk;
    for (int i = 0; i < HEATERS; i++) {
        heater_set(&m->heaters[i], m->now_ns, 0);
    }
    m->machine = (struct machine){
        .endstops = true,
        .feed = FIRST_FEED,
        .feed_percent = 100,
        .flow_percent = 100,
    };
}

void model_init(struct model *m, const struct settings *s)
{
    *m = (struct model){.s = *s};
    uint64_t byte_ns = s->wire ? BITS * SECOND_NS / s->baud : 0;
    uint64_t delay_ns = s->wire ? (uint64_t)(s->latency_ms * 1e6 / 2) : 0;
    uint64_t jitter_ns = s->wire ? (uint64_t)(s->jitter_ms * 1e6) : 0;
    wire_init(&m->in, byte_ns, delay_ns, jitter_ns, s->seed);
    wire_init(&m->out, byte_ns, delay_ns, jitter_ns, s->seed + 1);
    ring_init(&m->ring, s->rx);
    m->queue = mem_array(QUEUE_MAX, sizeof(m->queue[0]));
    tally_init(&m->tally);
    for (int i = 0; i < HEATERS; i++) {
        double max = i < TOOLS_MAX ? MAX_HOTEND : (i == HEATER_BED ? MAX_BED : MAX_CHAMBER);
        heater_init(&m->heaters[i], s->heat_k_s, max);
    }
    boot(m);
}

void model_fini(struct model *m)
{
    wire_fini(&m->in);
    wire_fini(&m->out);
    ring_fini(&m->ring);
    tally_fini(&m->tally);
    free(m->queue);
    m->queue = NULL;
}

/* --- reading ------------------------------------------------------------------------------- */

static bool may_read(const struct model *m)
{
    return m->booted && m->halted == NULL && !m->resend_due && m->cpu_ns <= m->now_ns &&
           m->queue_len < m->s.bufsize && !(m->s.deaf && m->task.active);
}

static void trace_in(struct model *m)
{
    if (m->trace != NULL) {
        char safe[256];
        str_escape(safe, sizeof(safe), m->reader.text, strlen(m->reader.text));
        strbuf_printf(m->trace, "%.6f > %s\n", (double)m->now_ns / 1e9, safe);
    }
}

/* Without an emergency parser the urgent commands are found when their line is read. */
static void look_for_urgent(struct model *m, const char *text)
{
    if (m->s.emergency_parser) {
        return;
    }
    if (str_starts(text, "M112")) {
        exec_kill(m, "M112");
    } else if (str_starts(text, "M108")) {
        exec_break(m);
    } else if (str_starts(text, "M410")) {
        exec_quickstop(m);
    }
}

static void enqueue(struct model *m, struct wire_mark mark)
{
    struct queued *q = &m->queue[(m->queue_head + m->queue_len) % QUEUE_MAX];
    const char *text = m->reader.text + strspn(m->reader.text, " ");
    str_copy(q->text, sizeof(q->text), text, strlen(text));
    q->mark = mark;
    look_for_urgent(m, text);
    if (m->halted != NULL) {
        return;
    }
    m->queue_len++;
    if (m->queue_len > m->queue_max) {
        m->queue_max = m->queue_len;
    }
    if (m->s.ok == OK_NUMBER) {
        unsigned head = m->queue_head;
        m->queue_head = (head + m->queue_len - 1) % QUEUE_MAX;
        reply_ok(m);
        m->queue_head = head;
    }
}

static void line_error(struct model *m, enum line_verdict verdict)
{
    static const enum tally_error kinds[] = {
        [LINE_BAD_SUM] = TALLY_CHECKSUM,
        [LINE_BAD_NUMBER] = TALLY_LINE_NUMBER,
        [LINE_NO_SUM] = TALLY_NO_CHECKSUM,
        [LINE_NO_NUMBER] = TALLY_NO_LINE_NUMBER,
    };
    tally_error(&m->tally, kinds[verdict]);
    reply_line_error(m, verdict);
    m->resend_due = verdict != LINE_NO_NUMBER || m->s.fw->stray == STRAY_RESEND;
}

static void on_line(struct model *m, enum line_verdict verdict, struct wire_mark mark)
{
    if (verdict != LINE_EMPTY) {
        m->tally.lines++;
        trace_in(m);
        if (m->reader.cut) {
            tally_error(&m->tally, TALLY_LONG_LINE);
        }
    }
    switch (verdict) {
    case LINE_MORE:
        break;
    case LINE_EMPTY:
        if (m->s.fw->empty_ok) {
            reply(m, "ok\n");
        }
        break;
    case LINE_COMMAND:
        enqueue(m, mark);
        break;
    case LINE_SKIPPED:
        m->tally.repeats++;
        reply(m, "skip %lld\nok\n", (long long)m->reader.number);
        break;
    case LINE_REPEATED:
        m->tally.repeats++;
        break;
    case LINE_BAD_SUM:
    case LINE_BAD_NUMBER:
    case LINE_NO_SUM:
    case LINE_NO_NUMBER:
        line_error(m, verdict);
        break;
    }
}

static void drain_ring(struct model *m)
{
    struct ring_byte b;
    while (may_read(m) && ring_get(&m->ring, &b)) {
        enum line_verdict verdict = line_feed(&m->reader, b.c);
        if (verdict != LINE_MORE) {
            on_line(m, verdict, (struct wire_mark){b.at_ns, b.seq, m->tally.lines + 1});
        }
    }
}

/* The second half of a line error: what has come meanwhile is thrown away, in mid-line or not. */
static void finish_resend(struct model *m)
{
    ring_flush(&m->ring);
    m->resend_due = false;
    tally_resend(&m->tally);
    reply_resend(m);
}

/* --- executing ----------------------------------------------------------------------------- */

static void begin_command(struct model *m)
{
    struct task *t = &m->task;
    const struct queued *q = &m->queue[m->queue_head];
    *t = (struct task){
        .active = true,
        .mark = q->mark,
        .busy_ns = m->now_ns + m->busy_s * SECOND_NS,
    };
    line_command(m->s.fw, q->text, t->command.text, sizeof(t->command.text));
    command_parse(&t->command);
    t->handler = exec_find(&t->command);
    if (m->idle) {
        uint64_t since_ns = latest(m->idle_ns, m->planner.empty_ns);
        if (!planner_busy(&m->planner) && m->now_ns > since_ns) {
            m->starved_ns += m->now_ns - since_ns;
        }
        m->idle = false;
    }
    if (t->handler != NULL && (t->handler->flags & EXEC_SYNC) != 0) {
        m->streaming = false;
    }
    if (t->handler != NULL && (t->handler->flags & EXEC_DRAIN) != 0) {
        t->wait = WAIT_DRAIN;
    }
}

static void finish_command(struct model *m)
{
    struct task *t = &m->task;
    tally_command(&m->tally, m->now_ns, &t->command, t->mark);
    m->cpu_ns = latest(m->cpu_ns, m->now_ns) + m->s.exec_ns;
    if (!t->ok_sent && m->s.ok != OK_NUMBER) {
        reply_ok(m);
    }
    if (t->handler != NULL && (t->handler->flags & EXEC_SYNC) != 0) {
        m->starved_ns = 0;
    }
    t->active = false;
    m->queue_head = (m->queue_head + 1) % QUEUE_MAX;
    m->queue_len--;
}

static void run_handler(struct model *m)
{
    struct task *t = &m->task;
    t->wait = WAIT_NONE;
    if (t->handler != NULL) {
        t->handler->run(m, t);
    } else {
        tally_error(&m->tally, TALLY_UNKNOWN_COMMAND);
        reply_unknown(m, &t->command);
    }
    t->phase++;
    if (m->halted == NULL && t->wait == WAIT_NONE) {
        finish_command(m);
    }
}

/* True if what the command waits for has come. */
static bool wait_is_over(struct model *m)
{
    const struct task *t = &m->task;
    switch (t->wait) {
    case WAIT_NONE:
        return true;
    case WAIT_DRAIN:
        return !planner_busy(&m->planner);
    case WAIT_SLOT:
        return planner_free(&m->planner) > 0 || t->path.done == t->path.pieces;
    case WAIT_UNTIL:
    case WAIT_HEAT:
        return m->now_ns >= t->until_ns;
    case WAIT_USER:
        return false;
    }
    return false;
}

static void continue_command(struct model *m)
{
    struct task *t = &m->task;
    if (t->wait == WAIT_SLOT) {
        exec_path(m, t);
    } else if (t->wait == WAIT_HEAT) {
        exec_heat_poll(m, t);
    } else {
        run_handler(m);
        return;
    }
    if (t->wait == WAIT_NONE) {
        finish_command(m);
    }
}

/* One thing the firmware does now; false if there is nothing. */
static bool turn(struct model *m)
{
    if (!m->booted || m->halted != NULL || m->cpu_ns > m->now_ns) {
        return false;
    }
    if (m->resend_due) {
        finish_resend(m);
        return true;
    }
    if (m->ring.len > 0 && may_read(m)) {
        drain_ring(m);
        return true;
    }
    if (m->task.active) {
        if (!wait_is_over(m)) {
            return false;
        }
        continue_command(m);
        return true;
    }
    if (m->queue_len > 0) {
        begin_command(m);
        return true;
    }
    return false;
}

static void run_turns(struct model *m)
{
    while (turn(m)) {
    }
    bool idle =
        m->booted && m->halted == NULL && !m->task.active && m->queue_len == 0 && !m->resend_due;
    if (idle && !m->idle) {
        m->idle = true;
        m->idle_ns = latest(m->now_ns, m->cpu_ns);
        m->wait_ns = m->idle_ns + SECOND_NS;
    }
}

/* --- time ---------------------------------------------------------------------------------- */

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
                    (float)m->heaters[i].target});
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
        reply(m, "%s", m->s.fw->banner);
    }
}

static void on_emergency(struct model *m, enum emergency what)
{
    switch (what) {
    case EMERGENCY_NONE:
        break;
    case EMERGENCY_KILL:
        exec_kill(m, "M112");
        break;
    case EMERGENCY_BREAK:
    case EMERGENCY_REPLY:
        exec_break(m);
        break;
    case EMERGENCY_STOP:
        exec_quickstop(m);
        break;
    }
}

/* The receive interrupt: bytes that have arrived by then go into the ring. */
static void receive(struct model *m, uint64_t until_ns)
{
    struct wire_byte b;
    while (wire_take(&m->in, until_ns, &b)) {
        m->now_ns = latest(m->now_ns, b.at_ns);
        if (!m->booted || m->halted != NULL) {
            continue;
        }
        if (m->ring.len == m->ring.cap) {
            drain_ring(m);
        }
        ring_put(&m->ring, (struct ring_byte){b.at_ns, m->in.delivered, b.c});
        if (m->s.emergency_parser) {
            on_emergency(m, emergency_feed(&m->emergency, b.c));
        }
        if (b.c == '\n' || b.c == '\r') {
            run_turns(m);
        } else {
            drain_ring(m);
        }
    }
}

/* When the firmware could go on if its CPU were free; NEVER_NS: it waits for something else. */
static uint64_t ready_ns(struct model *m)
{
    bool room = m->queue_len < m->s.bufsize && !(m->s.deaf && m->task.active);
    if (m->resend_due || (m->ring.ends > 0 && room)) {
        return m->now_ns;
    }
    if (!m->task.active) {
        return m->queue_len > 0 ? m->now_ns : NEVER_NS;
    }
    if (m->task.wait == WAIT_UNTIL || m->task.wait == WAIT_HEAT) {
        return m->task.until_ns;
    }
    return wait_is_over(m) ? m->now_ns : NEVER_NS;
}

static uint64_t next_internal_ns(struct model *m)
{
    uint64_t t = soonest(wire_next_line_ns(&m->in), m->sample_ns);
    if (!m->booted) {
        return soonest(t, m->boot_ns);
    }
    if (m->halted != NULL) {
        return t;
    }
    t = soonest(t, planner_next_ns(&m->planner));
    uint64_t firmware_ns = ready_ns(m);
    if (may_report(m)) {
        firmware_ns = soonest(firmware_ns, m->report_ns);
    }
    if (may_say_busy(m)) {
        firmware_ns = soonest(firmware_ns, m->task.busy_ns);
    }
    if (m->s.fw->waits && m->idle) {
        firmware_ns = soonest(firmware_ns, m->wait_ns);
    }
    if (firmware_ns != NEVER_NS) {
        t = soonest(t, latest(firmware_ns, m->cpu_ns));
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
    m->now_ns = latest(m->now_ns, now_ns);
    do_planner(m);
    do_boot(m);
    receive(m, now_ns);
    run_turns(m);
    do_periodic(m);
    run_turns(m);
}

static void deliver(struct model *m, struct strbuf *out)
{
    struct wire_byte b;
    while (wire_take(&m->out, m->now_ns, &b)) {
        strbuf_add(out, &b.c, 1);
        if (b.c == '\n') {
            uint64_t late_ns = m->now_ns - b.at_ns;
            m->late.lines++;
            m->late.sum_ns += late_ns;
            m->late.max_ns = latest(m->late.max_ns, late_ns);
        }
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
        wire_send(&m->in, now_ns, event->bytes, event->len);
    }
    m->now_ns = latest(m->now_ns, now_ns);
    if (event != NULL && event->kind == EVENT_RESET) {
        planner_stop(&m->planner, now_ns);
        boot(m);
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
    return soonest(next_internal_ns(m), wire_next_ns(&m->out));
}
