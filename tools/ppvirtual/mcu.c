#include "tools/ppvirtual/mcu.h"

#include "tools/ppvirtual/exec.h"
#include "tools/ppvirtual/exec_sd.h"
#include "tools/ppvirtual/inlet.h"
#include "tools/ppvirtual/reply.h"

#include <inttypes.h>
#include <string.h>

static bool has_room(const struct model *m)
{
    return m->queue_len < m->s.bufsize && !(m->s.deaf && m->task.active);
}

static bool may_read(const struct model *m)
{
    return m->booted && m->halted == NULL && !m->resend_due && m->cpu_ns <= m->now_ns &&
           has_room(m);
}

static void trace_in(struct model *m)
{
    if (m->trace != NULL) {
        char safe[256];
        str_escape(safe, sizeof(safe), m->reader.text, strlen(m->reader.text));
        strbuf_printf(m->trace, "%.6f > %s\n", (double)m->now_ns / 1e9, safe);
    }
}

void mcu_urgent(struct model *m, enum emergency what)
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

/* Without an emergency parser the urgent commands are found when their line is read. */
static void look_for_urgent(struct model *m, const char *text)
{
    if (havoc_parses_early(m) || m->card.writing != CARD_NONE) {
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

struct queued *mcu_queue(struct model *m, const char *text)
{
    struct queued *q = &m->queue[(m->queue_head + m->queue_len++) % QUEUE_MAX];
    *q = (struct queued){.from_card = false};
    str_copy(q->text, sizeof(q->text), text, strlen(text));
    return q;
}

static void enqueue(struct model *m, struct wire_mark mark)
{
    const char *text = m->reader.text + strspn(m->reader.text, " ");
    look_for_urgent(m, text);
    if (m->halted != NULL) {
        return;
    }
    mcu_queue(m, text)->mark = mark;
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

void mcu_line_error(struct model *m, enum line_verdict verdict)
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
        if (m->card.writing != CARD_NONE && m->reader.number < 0 &&
            !exec_sd_is_m29(m->reader.text)) {
            mcu_line_error(m, LINE_NO_SUM);
        } else if (!havoc_line(m, m->tally.lines)) {
            enqueue(m, mark);
        }
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
        mcu_line_error(m, verdict);
        break;
    }
    if (verdict != LINE_EMPTY && m->halted == NULL) {
        havoc_after_line(m, m->reader.text, m->reader.number, m->tally.lines);
    }
}

void mcu_foreign(struct model *m, const char *text, bool quiet)
{
    struct emergency_parser parser = {0};
    for (const char *p = text; havoc_parses_early(m) && *p != '\0'; p++) {
        emergency_feed(&parser, *p);
    }
    mcu_urgent(m, emergency_feed(&parser, '\n'));
    if (m->halted == NULL && m->queue_len < QUEUE_MAX) {
        struct queued *q = mcu_queue(m, text);
        q->foreign = true;
        q->quiet = quiet;
    }
}

void mcu_read(struct model *m)
{
    struct ring_byte b;
    while (may_read(m) && inlet_get(m, &b)) {
        m->havoc.read_ns = m->now_ns;
        enum line_verdict verdict = line_feed(&m->reader, b.c);
        if (verdict != LINE_MORE) {
            on_line(m, verdict, (struct wire_mark){b.at_ns, b.seq, m->tally.lines + 1});
        }
    }
}

/* The second half of a line error: what has come meanwhile is thrown away, in mid-line or not. */
static void finish_resend(struct model *m)
{
    inlet_flush(m);
    m->resend_due = false;
    tally_resend(&m->tally);
    reply_resend(m);
}

static void begin_command(struct model *m)
{
    struct task *t = &m->task;
    const struct queued *q = &m->queue[m->queue_head];
    *t = (struct task){
        .active = true,
        .mark = q->mark,
        .from_card = q->from_card,
        .foreign = q->foreign,
        .ok_sent = q->quiet,
        .busy_ns = m->now_ns + m->busy_s * SECOND_NS,
    };
    line_command(m->s.fw, q->text, t->command.text, sizeof(t->command.text));
    command_parse(&t->command);
    t->handler = exec_find(m, &t->command);
    if (m->idle) {
        uint64_t since_ns = when_later(m->idle_ns, m->planner.empty_ns);
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
    havoc_command(m, t);
}

static void stamp(struct model *m)
{
    if (m->s.stamped) {
        strbuf_printf(m->executed, "%" PRIu64 " ", m->now_ns / 1000);
    }
}

void mcu_note(struct model *m, const char *text)
{
    if (m->executed != NULL) {
        stamp(m);
        strbuf_printf(m->executed, "# %s\n", text);
    }
}

/* For those who judge a host: what was executed, with the number it came with. */
static void note_executed(struct model *m)
{
    const struct task *t = &m->task;
    const char *text = m->queue[m->queue_head].text;
    bool numbered = text[0] == 'N';
    if (m->executed != NULL) {
        stamp(m);
        strbuf_printf(m->executed, "%" PRId64 " %s\n", line_number_of(text), t->command.text);
    }
    unsigned origin = (numbered ? TALLY_NUMBERED : 0) | (t->from_card ? TALLY_CARD : 0);
    tally_command(&m->tally, m->now_ns, &t->command, origin, t->mark);
}

static void drop_first(struct model *m)
{
    m->queue_head = (m->queue_head + 1) % QUEUE_MAX;
    m->queue_len--;
}

static void finish_command(struct model *m)
{
    struct task *t = &m->task;
    if (t->foreign) {
        m->havoc.foreign++;
    } else if (!t->refused) {
        note_executed(m);
    }
    m->cpu_ns = when_later(m->cpu_ns, m->now_ns) + m->s.exec_ns;
    if (!t->ok_sent && !t->from_card && m->s.ok != OK_NUMBER) {
        reply_ok(m);
    }
    if (t->handler != NULL && (t->handler->flags & EXEC_SYNC) != 0) {
        m->starved_ns = 0;
    }
    t->active = false;
    drop_first(m);
}

/* A line that goes into the file being written, and its ok. */
static bool save_command(struct model *m)
{
    m->task.ok_sent = false;
    if (!exec_sd_save(m, m->queue[m->queue_head].text)) {
        return false;
    }
    m->cpu_ns = when_later(m->cpu_ns, m->now_ns) + m->s.exec_ns;
    if (!m->task.ok_sent && m->s.ok != OK_NUMBER) {
        reply_ok(m);
    }
    m->idle = false;
    drop_first(m);
    return true;
}

static void run_handler(struct model *m)
{
    struct task *t = &m->task;
    t->wait = WAIT_NONE;
    if (t->slow_ns > 0) {
        t->wait = WAIT_UNTIL;
        t->until_ns = m->now_ns + t->slow_ns;
        t->slow_ns = 0;
        return;
    }
    if (havoc_execute(m, t)) {
        t->wait = WAIT_NONE; /* done, in a fault's way */
    } else if (t->handler != NULL) {
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
    if ((m->ring.len > 0 || m->unpacked_len > 0) && may_read(m)) {
        mcu_read(m);
        return true;
    }
    if (exec_sd_feed(m)) {
        return true;
    }
    if (m->task.active) {
        if (!wait_is_over(m)) {
            return false;
        }
        continue_command(m);
        return true;
    }
    if (exec_sd_turn(m)) {
        return true;
    }
    if (m->queue_len > 0) {
        if (!save_command(m)) {
            begin_command(m);
        }
        return true;
    }
    return false;
}

void mcu_run(struct model *m)
{
    while (turn(m)) {
    }
    bool idle =
        m->booted && m->halted == NULL && !m->task.active && m->queue_len == 0 && !m->resend_due;
    if (idle && !m->idle) {
        m->idle = true;
        m->idle_ns = when_later(m->now_ns, m->cpu_ns);
        m->wait_ns = m->idle_ns + SECOND_NS;
    }
}

uint64_t mcu_ready_ns(struct model *m)
{
    bool reads = has_room(m) && (inlet_waits(m) || m->card.printing);
    if (m->resend_due || reads || (m->card_abort && !m->task.active)) {
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
