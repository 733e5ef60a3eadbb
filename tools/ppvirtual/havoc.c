/* Lines, commands, a printer that is dead, its banner. */
#include "tools/ppvirtual/havoc_priv.h"

#include "tools/ppvirtual/exec.h"
#include "tools/ppvirtual/inlet.h"
#include "tools/ppvirtual/mcu.h"
#include "tools/ppvirtual/reply.h"

#include <string.h>

void havoc_init(struct havoc *h)
{
    *h = (struct havoc){.banner_byte = -1};
}

void havoc_boot(struct model *m)
{
    m->reader.number_mask = m->havoc.number_mask;
    m->reader.numbered_only = state_on(m, &m->havoc.numbered_only);
    m->havoc.held_len = 0;
    m->havoc.joined = 0;
    m->havoc.revivable = false;
    m->havoc.resend_set = false;
    m->havoc.power_ns = 0;
}

bool havoc_parses_early(const struct model *m)
{
    return m->s.emergency_parser && !state_on(m, &m->havoc.no_emergency);
}

/* ---- lines ---- */

static void refuse_line(struct model *m, const struct fault *f)
{
    static const enum line_verdict verdicts[] = {
        [ERROR_NUMBER] = LINE_BAD_NUMBER,
        [ERROR_CHECKSUM] = LINE_BAD_SUM,
        [ERROR_NO_CHECKSUM] = LINE_NO_SUM,
        [ERROR_NO_NUMBER] = LINE_NO_NUMBER,
        [ERROR_NONE] = LINE_MORE,
    };
    struct havoc *h = &m->havoc;
    h->resend_set = true;
    h->resend_n = (int64_t)f->arg[ARG_N];
    h->resend_ok = (enum fault_ok)f->arg[ARG_OK];
    h->resend_ok_ns = fault_ns(f, ARG_MS);
    enum line_verdict verdict = verdicts[(int)f->arg[ARG_ERROR]];
    if (verdict != LINE_MORE) {
        mcu_line_error(m, verdict);
    }
    m->resend_due = true;
}

static void flush_ring(struct model *m)
{
    inlet_flush(m);
    line_abandon(&m->reader);
    reply(m, "Full RX Buffer\n");
}

/* What one fault does to a line that is right; true if the line goes no further. */
static bool spoil_line(struct model *m, const struct fault *f)
{
    bool keep = f->kind == FAULT_RESEND && f->arg[ARG_KEEP] > 0;
    bool count = f->kind == FAULT_IGNORE && f->arg[ARG_COUNT] > 0;
    if (!keep && !count) {
        line_unread(&m->reader);
    }
    if (f->kind == FAULT_RESEND) {
        refuse_line(m, f);
    } else if (f->kind == FAULT_RX_FLUSH) {
        flush_ring(m);
    }
    return !keep;
}

bool havoc_line(struct model *m, uint64_t nth)
{
    if (state_on(m, &m->havoc.stopped)) {
        line_unread(&m->reader);
        return true;
    }
    if (!fault_has(&m->faults, SEAM_LINE)) {
        return false;
    }
    const char *text = line_behind_number(m->reader.text);
    struct fault_event e = {
        .seam = SEAM_LINE,
        .now_ns = m->now_ns,
        .is_line = true,
        .number = m->reader.number,
        .nth = nth,
        .byte = m->in.delivered,
        .text = text,
        .len = strlen(text),
    };
    size_t from = 0;
    const struct fault *f = fault_next(&m->faults, &e, &from);
    return f != NULL && spoil_line(m, f);
}

void havoc_do_all(struct model *m, const struct fault_event *e)
{
    size_t from = 0;
    struct fault *f;
    while ((f = fault_next(&m->faults, e, &from)) != NULL) {
        if (f->kind == FAULT_RX_FLUSH) {
            flush_ring(m);
        } else {
            havoc_do(m, f);
        }
    }
}

void havoc_after_line(struct model *m, const char *line, int64_t number, uint64_t nth)
{
    if (!fault_has(&m->faults, SEAM_MOMENT)) {
        return;
    }
    char text[LINE_TEXT_MAX]; /* the reader's own is gone after a reset */
    const char *command = line_behind_number(line);
    str_copy(text, sizeof(text), command, strlen(command));
    havoc_do_all(m, &(struct fault_event){.seam = SEAM_MOMENT,
                        .now_ns = m->now_ns,
                        .is_line = true,
                        .number = number,
                        .nth = nth,
                        .byte = m->in.delivered,
                        .text = text,
                        .len = strlen(text)});
}

void havoc_byte(struct model *m, bool lost)
{
    bool begins = lost && !m->havoc.overflowing;
    m->havoc.overflowing = lost;
    if (begins && m->faults.len > 0) {
        havoc_do_all(m,
            &(struct fault_event){
                .seam = SEAM_MOMENT, .now_ns = m->now_ns, .number = -1, .text = "", .full = true});
    }
}

/* ---- commands ---- */

void havoc_command(struct model *m, struct task *t)
{
    if (!fault_has(&m->faults, SEAM_COMMAND)) {
        return;
    }
    const struct queued *q = &m->queue[m->queue_head];
    const char *text = line_behind_number(q->text);
    struct fault_event e = {
        .seam = SEAM_COMMAND,
        .now_ns = m->now_ns,
        .is_line = true,
        .number = line_number_of(q->text),
        .nth = q->mark.line,
        .byte = q->mark.seq,
        .text = text,
        .len = strlen(text),
    };
    size_t from = 0;
    const struct fault *f;
    while ((f = fault_next(&m->faults, &e, &from)) != NULL) {
        if (f->kind == FAULT_SLOW) {
            t->slow_ns += fault_ns(f, ARG_MS);
            t->busy_ns = f->arg[ARG_BUSY] > 0 ? t->busy_ns : NEVER_NS;
        } else if (!t->ok_sent && m->s.ok != OK_NUMBER) {
            reply_ok(m);
            t->ok_sent = true;
        }
    }
}

static void unlock(struct model *m, const struct task *t)
{
    if ((int)command_value(&t->command, 'P', -1) == m->havoc.code) {
        m->havoc.locked.until_ns = 0;
    } else {
        reply(m, "echo:Incorrect Password\n");
    }
}

static void meet_unknown(struct model *m, struct task *t)
{
    switch (m->havoc.form) {
    case FORM_NO_OK:
        reply_unknown(m, &t->command);
        t->ok_sent = true;
        break;
    case FORM_ONLY_OK:
        break;
    case FORM_SLASHES:
        reply(m, "// Unknown command:\"%s\"\n", t->command.text);
        break;
    case FORM_ERROR:
        reply(m, "Error:Unknown command: \"%s\"\n", t->command.text);
        break;
    }
}

bool havoc_execute(struct model *m, struct task *t)
{
    if (state_on(m, &m->havoc.locked)) {
        t->refused = true;
        if (t->command.letter == 'M' && t->command.number == 511) {
            unlock(m, t);
        } else {
            reply(m, "echo:Printer locked! (Unlock with M511 or LCD)\n");
        }
        return true;
    }
    if (t->handler != NULL || !state_on(m, &m->havoc.unknown)) {
        return false;
    }
    tally_error(&m->tally, TALLY_UNKNOWN_COMMAND);
    meet_unknown(m, t);
    return true;
}

/* ---- a dead printer ---- */

void havoc_dead_byte(struct model *m, char c)
{
    static const char word[] = "M999";
    struct havoc *h = &m->havoc;
    if (!h->revivable || m->halted == NULL) {
        return;
    }
    h->revive_at = c == word[h->revive_at] ? h->revive_at + 1 : (c == word[0]);
    if (word[h->revive_at] == '\0') {
        h->revive_at = 0;
        h->revivable = false;
        m->halted = NULL;
        m->cpu_ns = m->now_ns;
        reply(m, "ok\n");
    }
}

/* Sends the banner in pieces with pauses between, as over a line at the wrong rate. */
static void banner_pieces(struct model *m, const char *text, size_t len, unsigned pieces)
{
    size_t piece = (len + pieces - 1) / pieces;
    for (size_t at = 0; at < len; at += piece) {
        reply_bytes(m, text + at, at + piece <= len ? piece : len - at);
        wire_pause(&m->out, m->now_ns, 100 * MS_NS);
    }
}

bool havoc_banner(struct model *m, const char *banner)
{
    struct havoc *h = &m->havoc;
    bool special = h->banner_lost || h->banner_pieces > 1 || h->banner_byte >= 0;
    if (!special && h->greeting == NULL) {
        return false;
    }
    struct strbuf b = {0};
    if (!h->banner_lost) {
        strbuf_puts(&b, banner);
    }
    if (h->banner_byte >= 0 && !h->banner_lost) {
        char odd[2] = {(char)h->banner_byte, '\n'};
        strbuf_add(&b, odd, sizeof(odd));
    }
    if (h->greeting != NULL) {
        strbuf_puts(&b, h->greeting);
    }
    banner_pieces(m, strbuf_text(&b), b.len, h->banner_pieces > 1 ? h->banner_pieces : 1);
    strbuf_fini(&b);
    h->greeting = NULL;
    h->banner_byte = -1;
    h->banner_pieces = 1;
    h->banner_lost = false;
    return true;
}

bool havoc_take_order(struct model *m, struct havoc_order *out)
{
    struct havoc *h = &m->havoc;
    if (h->orders_len == 0) {
        return false;
    }
    *out = h->orders[0];
    h->orders_len--;
    memmove(h->orders, h->orders + 1, h->orders_len * sizeof(h->orders[0]));
    return true;
}
