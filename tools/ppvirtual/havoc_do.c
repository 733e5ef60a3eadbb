/* The faults of a moment: a table, one function each. */
#include "tools/ppvirtual/havoc_priv.h"

#include "tools/ppvirtual/exec.h"
#include "tools/ppvirtual/fault_text.h"
#include "tools/ppvirtual/mcu.h"
#include "tools/ppvirtual/reply.h"

static uint64_t for_until(const struct model *m, const struct fault *f)
{
    return f->arg[ARG_FOR] > 0 ? m->now_ns + fault_ns(f, ARG_FOR) : NEVER_NS;
}

static void enter(const struct model *m, struct havoc_state *s, const struct fault *f)
{
    s->until_ns = for_until(m, f);
}

static bool alive(const struct model *m)
{
    return m->booted && m->halted == NULL;
}

static void do_stall(struct model *m, struct fault *f)
{
    uint64_t from_ns = when_later(m->cpu_ns, m->now_ns);
    m->cpu_ns = from_ns + fault_ns(f, ARG_MS);
}

static void do_awol(struct model *m, struct fault *f)
{
    (void)f;
    if (alive(m)) {
        m->halted = "silent";
        m->task.active = false;
        m->resend_due = false;
        m->queue_len = 0;
        planner_stop(&m->planner, m->now_ns);
    }
}

static void do_stopped(struct model *m, struct fault *f)
{
    enter(m, &m->havoc.stopped, f);
    m->havoc.stopped_busy = f->arg[ARG_BUSY] > 0;
    m->havoc.busy_ns = m->now_ns;
}

static void do_fatal(struct model *m, struct fault *f)
{
    const struct fatal_text *fatal = &fatal_texts[(int)f->arg[ARG_FATAL]];
    if (alive(m)) {
        reply(m, "%s", fatal->text);
        exec_halt(m, fatal->name);
        m->havoc.revivable = fatal->revivable;
        m->havoc.revive_at = 0;
    }
}

static void do_reset(struct model *m, struct fault *f)
{
    struct havoc *h = &m->havoc;
    h->banner_pieces = (unsigned)f->arg[ARG_PIECES];
    h->banner_lost = f->arg[ARG_BANNER] == 0;
    h->banner_byte = f->arg[ARG_VALUE] >= 0 ? (int)f->arg[ARG_VALUE] & 0xff : -1;
    model_reset(m, fault_ns(f, ARG_MS));
}

static void do_panic(struct model *m, struct fault *f)
{
    if (alive(m)) {
        reply(m, "INT4\n");
        m->havoc.greeting = f->arg[ARG_AUTO] > 0 ? "//action:uvlo_auto_recovery_ready\n"
                                                 : "//action:uvlo_recovery_ready\n";
        havoc_power_off(m, "power panic", fault_ns(f, ARG_MS));
    }
}

static void do_say(struct model *m, struct fault *f)
{
    struct strbuf b = {0};
    if (!alive(m)) {
        return;
    }
    strbuf_puts(&b, f->kind == FAULT_ACTION ? "//action:" : "");
    strbuf_add(&b, f->text, f->text_len);
    if (b.data[b.len - 1] != '\n') {
        strbuf_puts(&b, m->s.fw->eol);
    }
    reply_bytes(m, b.data, b.len);
    strbuf_fini(&b);
}

static void do_foreign(struct model *m, struct fault *f)
{
    if (alive(m)) {
        mcu_foreign(m, f->text, f->arg[ARG_OK] == OK_NO);
    }
}

static void do_temp(struct model *m, struct fault *f)
{
    static const enum heater_trouble troubles[] = {
        [HOW_STUCK] = HEATER_STUCK,
        [HOW_JUMP] = HEATER_JUMP,
        [HOW_NAN] = HEATER_NAN,
        [HOW_VALUE] = HEATER_VALUE,
        [HOW_WAVE] = HEATER_WAVE,
        [HOW_NEVER] = HEATER_NEVER,
        [HOW_RUNAWAY] = HEATER_RUNAWAY,
    };
    int heater = (int)f->arg[ARG_HEATER]; /* the words stand in the order of the heaters */
    enter(m, &m->havoc.temp[heater], f);
    heater_break(&m->heaters[heater], m->now_ns, troubles[(int)f->arg[ARG_HOW]], f->arg[ARG_VALUE],
        f->arg[ARG_PERIOD]);
}

static void do_numbered_only(struct model *m, struct fault *f)
{
    enter(m, &m->havoc.numbered_only, f);
    m->reader.numbered_only = true;
}

static void do_wrap(struct model *m, struct fault *f)
{
    m->havoc.number_mask = (INT64_C(1) << (int)f->arg[ARG_BITS]) - 1;
    m->reader.number_mask = m->havoc.number_mask;
    m->reader.last_number &= m->havoc.number_mask;
}

static void do_rx_timeout(struct model *m, struct fault *f)
{
    enter(m, &m->havoc.rx_timeout, f);
    m->havoc.timeout_ns = fault_ns(f, ARG_MS);
    m->havoc.timeout_resend = f->arg[ARG_RESEND] > 0;
}

static void do_unknown(struct model *m, struct fault *f)
{
    enter(m, &m->havoc.unknown, f);
    m->havoc.form = (enum fault_form)f->arg[ARG_FORM];
}

static void do_locked(struct model *m, struct fault *f)
{
    enter(m, &m->havoc.locked, f);
    m->havoc.code = (int)f->arg[ARG_CODE];
}

static void do_no_emergency(struct model *m, struct fault *f)
{
    enter(m, &m->havoc.no_emergency, f);
}

static void order(struct model *m, struct havoc_order o)
{
    if (m->havoc.orders_len < HAVOC_ORDERS) {
        m->havoc.orders[m->havoc.orders_len++] = o;
    }
}

static void do_unplug(struct model *m, struct fault *f)
{
    bool power = f->arg[ARG_POWER] > 0;
    order(m, (struct havoc_order){
                 .kind = ORDER_UNPLUG,
                 .for_ns = fault_ns(f, ARG_MS),
                 .link = f->link,
             });
    if (power) {
        wire_cut(&m->out, m->now_ns);
        havoc_power_off(m, "no power", fault_ns(f, ARG_MS));
    }
}

static void do_port(struct model *m, struct fault *f)
{
    enum havoc_order_kind kind = ORDER_BUSY;
    if (f->kind == FAULT_PORT_DENY) {
        kind = ORDER_DENY;
    } else if (f->kind == FAULT_PORT_STALL) {
        kind = ORDER_STALL;
    } else if (f->kind == FAULT_OPEN_RESET) {
        kind = ORDER_OPEN_RESET;
    }
    order(m, (struct havoc_order){
                 .kind = kind,
                 .for_ns = f->arg[ARG_FOR] > 0 ? fault_ns(f, ARG_FOR) : NEVER_NS,
                 .link = "",
             });
}

void havoc_do(struct model *m, struct fault *f)
{
    static void (*const table[FAULT_KINDS])(struct model *, struct fault *) = {
        [FAULT_STALL] = do_stall,
        [FAULT_AWOL] = do_awol,
        [FAULT_STOPPED] = do_stopped,
        [FAULT_FATAL] = do_fatal,
        [FAULT_RESET] = do_reset,
        [FAULT_PANIC] = do_panic,
        [FAULT_SAY] = do_say,
        [FAULT_ACTION] = do_say,
        [FAULT_FOREIGN] = do_foreign,
        [FAULT_TEMP] = do_temp,
        [FAULT_NUMBERED_ONLY] = do_numbered_only,
        [FAULT_WRAP] = do_wrap,
        [FAULT_RX_TIMEOUT] = do_rx_timeout,
        [FAULT_UNKNOWN] = do_unknown,
        [FAULT_LOCKED] = do_locked,
        [FAULT_NO_EMERGENCY] = do_no_emergency,
        [FAULT_UNPLUG] = do_unplug,
        [FAULT_PORT_BUSY] = do_port,
        [FAULT_PORT_DENY] = do_port,
        [FAULT_PORT_STALL] = do_port,
        [FAULT_OPEN_RESET] = do_port,
    };
    if (table[f->kind] != NULL) {
        table[f->kind](m, f);
    }
}
