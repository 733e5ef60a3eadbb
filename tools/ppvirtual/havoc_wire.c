/* Bytes and answers: damaged, lost, doubled, kept back, torn apart. */
#include "tools/ppvirtual/havoc_priv.h"

#include "tools/ppvirtual/reply.h"

#include <stdlib.h>
#include <string.h>

#define SPLIT_AT 1 /* bytes of an ok before the pause */

/* ---- bytes ---- */

/* What is known of the line a byte belongs to. */
struct line_facts {
    enum fault_dir dir;
    enum fault_in in;
    int64_t number;
    uint64_t nth;
    const char *text;
    size_t columns; /* 0: not known */
};

static char other_byte(struct fault *f)
{
    if (f->arg[ARG_VALUE] >= 0) {
        return (char)(unsigned char)f->arg[ARG_VALUE];
    }
    char c = (char)fault_draw(f, 256);
    return c == '\n' || c == '\r' ? '~' : c; /* a line end would be two damages in one */
}

static void damage(struct havoc_passing *p, struct fault *f, char c, struct strbuf *out)
{
    int bit = (int)f->arg[ARG_BIT];
    p->damaged = true;
    if (f->kind == FAULT_FLIP) {
        c = (char)(c ^ (1 << (bit >= 0 ? (uint64_t)bit : fault_draw(f, 8))));
    } else if (f->kind == FAULT_DROP) {
        p->drop = (size_t)f->arg[ARG_BYTES] - 1;
        return;
    } else {
        for (int i = 0; i < (int)f->arg[ARG_BYTES]; i++) {
            char more = other_byte(f);
            strbuf_add(out, &more, 1);
        }
    }
    strbuf_add(out, &c, 1);
}

static struct fault *fault_of_byte(
    struct model *m, const struct havoc_passing *p, const struct line_facts *l, char c)
{
    size_t from = 0;
    return fault_next(&m->faults,
        &(struct fault_event){.seam = SEAM_BYTE,
            .now_ns = m->now_ns,
            .is_line = true,
            .number = l->number,
            .nth = l->nth,
            .byte = p->bytes,
            .text = l->text,
            .len = strlen(l->text),
            .dir = l->dir,
            .in = l->in,
            .column = p->len,
            .columns = l->columns,
            .line_end = c == '\n'},
        &from);
}

/* One byte of a line on its way. After a lost line end the next line counts as the same. */
static void pass(struct model *m, struct havoc_passing *p, const struct line_facts *l, char c,
    struct strbuf *out)
{
    p->bytes++;
    if (p->drop > 0) {
        p->drop--;
        return;
    }
    size_t before = out->len;
    struct fault *f = p->damaged ? NULL : fault_of_byte(m, p, l, c);
    if (f != NULL) {
        damage(p, f, c, out);
    } else {
        strbuf_add(out, &c, 1);
    }
    bool ended = out->len > before && out->data[out->len - 1] == '\n';
    if (ended) {
        p->damaged = false;
        p->len = 0;
        p->lines++;
    } else if (p->len + 1 < sizeof(p->text)) {
        p->text[p->len++] = c;
    }
    p->text[p->len] = '\0';
}

/* The number of a line that is still coming, once it is complete; -1 until then. */
static int64_t number_so_far(const struct havoc_passing *p)
{
    size_t digits = p->text[0] == 'N' ? strspn(p->text + 1, "0123456789") : 0;
    bool complete = digits > 0 && p->text[1 + digits] != '\0';
    return complete ? strtoll(p->text + 1, NULL, 10) : -1;
}

void havoc_send(struct model *m, uint64_t now_ns, const char *bytes, size_t len)
{
    if (!fault_has(&m->faults, SEAM_BYTE)) {
        wire_send(&m->in, now_ns, bytes, len);
        return;
    }
    struct havoc_passing *p = &m->havoc.in;
    struct strbuf out = {0};
    for (size_t i = 0; i < len; i++) {
        struct line_facts l = {
            .dir = DIR_IN,
            .number = number_so_far(p),
            .nth = p->lines + 1,
            .text = line_behind_number(p->text),
        };
        pass(m, p, &l, bytes[i], &out);
    }
    wire_send(&m->in, now_ns, strbuf_text(&out), out.len);
    strbuf_fini(&out);
}

/* ---- answers ---- */

static enum fault_in kind_of(const char *text)
{
    static const struct {
        const char *begin;
        enum fault_in in;
    } kinds[] = {{"ok", IN_OK}, {"Resend", IN_RESEND}, {"rs ", IN_RESEND}, {"Error", IN_ERROR},
        {"Serial Error", IN_ERROR}, {"!!", IN_ERROR}, {"fatal", IN_ERROR}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strncmp(text, kinds[i].begin, strlen(kinds[i].begin)) == 0) {
            return kinds[i].in;
        }
    }
    return IN_OTHER;
}

/* The line this answers: the one whose command runs, or the one asked for again. */
static struct line_facts facts_of(struct model *m, const char *text, size_t len)
{
    struct line_facts l = {
        .dir = DIR_OUT,
        .in = kind_of(text),
        .number = -1,
        .nth = m->tally.lines,
        .text = "",
        .columns = len,
    };
    if (l.in == IN_RESEND || l.in == IN_ERROR || m->havoc.in_resend) {
        l.number = line_expected(&m->reader);
    } else if (m->queue_len > 0 && (m->task.active || l.in == IN_OK)) {
        const struct queued *q = &m->queue[m->queue_head];
        l.number = line_number_of(q->text);
        l.nth = q->mark.line;
        l.text = line_behind_number(q->text);
    }
    return l;
}

void havoc_hold(struct model *m, const char *text, size_t len, uint64_t due_ns)
{
    struct havoc *h = &m->havoc;
    if (h->held_len == HAVOC_HELD || len > sizeof(h->held[0].text)) {
        reply_bytes(m, text, len); /* no room: it comes in time */
        return;
    }
    struct havoc_held *held = &h->held[h->held_len++];
    held->due_ns = due_ns;
    held->len = len;
    memcpy(held->text, text, len);
}

/* What is due goes out in one burst, in the order it was kept back. */
void havoc_release(struct model *m)
{
    struct havoc *h = &m->havoc;
    struct strbuf b = {0};
    size_t kept = 0;
    for (size_t i = 0; i < h->held_len; i++) {
        if (h->held[i].due_ns <= m->now_ns) {
            strbuf_add(&b, h->held[i].text, h->held[i].len);
        } else {
            h->held[kept++] = h->held[i];
        }
    }
    h->held_len = kept;
    if (b.len > 0) {
        h->joined = 0;
        reply_bytes(m, b.data, b.len);
    }
    strbuf_fini(&b);
}

/* The bytes of one answer, each perhaps damaged. */
static void send_damaged(struct model *m, const struct line_facts *l, const char *text, size_t len)
{
    struct strbuf out = {0};
    for (size_t i = 0; i < len; i++) {
        pass(m, &m->havoc.out, l, text[i], &out);
    }
    reply_bytes(m, strbuf_text(&out), out.len);
    strbuf_fini(&out);
}

/* The ways out of an answer; each true if the answer has taken it and nothing is left to send. */

static bool go_nowhere(struct model *m, const struct fault *f, const char *text, size_t len)
{
    (void)m;
    (void)f;
    (void)text;
    (void)len;
    return true;
}

static bool go_twice(struct model *m, const struct fault *f, const char *text, size_t len)
{
    (void)f;
    reply_bytes(m, text, len);
    return false;
}

static bool go_late(struct model *m, const struct fault *f, const char *text, size_t len)
{
    havoc_hold(m, text, len, m->now_ns + fault_ns(f, ARG_MS));
    return true;
}

static bool go_wrong(struct model *m, const struct fault *f, const char *text, size_t len)
{
    (void)text;
    (void)len;
    bool given = f->text_len > 0;
    reply_bytes(m, given ? f->text : "o", given ? f->text_len : 1);
    reply_bytes(m, m->s.fw->eol, strlen(m->s.fw->eol));
    return true;
}

static bool go_joined(struct model *m, const struct fault *f, const char *text, size_t len)
{
    struct havoc *h = &m->havoc;
    havoc_hold(m, text, len, m->now_ns + fault_ns(f, ARG_MS));
    if (++h->joined >= (unsigned)(f->arg[ARG_N] > 1 ? f->arg[ARG_N] : 1)) {
        for (size_t i = 0; i < h->held_len; i++) {
            h->held[i].due_ns = m->now_ns;
        }
    }
    return true;
}

static bool go_split(struct model *m, const struct fault *f, const char *text, size_t len)
{
    reply_bytes(m, text, SPLIT_AT);
    wire_pause(&m->out, m->now_ns, fault_ns(f, ARG_MS));
    reply_bytes(m, text + SPLIT_AT, len - SPLIT_AT);
    return true;
}

static bool go_dripping(struct model *m, const struct fault *f, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        wire_pause(&m->out, m->now_ns, fault_ns(f, ARG_MS));
        reply_bytes(m, text + i, 1);
    }
    return true;
}

typedef bool (*way_out)(struct model *m, const struct fault *f, const char *text, size_t len);

static const way_out ways[FAULT_KINDS] = {
    [FAULT_OK_LOST] = go_nowhere,
    [FAULT_LOSE] = go_nowhere,
    [FAULT_OK_DOUBLE] = go_twice,
    [FAULT_OK_LATE] = go_late,
    [FAULT_OK_BAD] = go_wrong,
    [FAULT_OK_JOINED] = go_joined,
    [FAULT_OK_SPLIT] = go_split,
    [FAULT_DRIP] = go_dripping,
};

static void reply_line(struct model *m, const char *text, size_t len)
{
    char start[LINE_TEXT_MAX * 2]; /* ends with a NUL, as the parts of a longer text do not */
    str_copy(start, sizeof(start), text, len);
    struct line_facts l = facts_of(m, start, len);
    struct fault_event e = {
        .seam = SEAM_REPLY,
        .now_ns = m->now_ns,
        .is_line = true,
        .number = l.number,
        .nth = l.nth,
        .byte = m->havoc.out.bytes,
        .text = l.text,
        .len = strlen(l.text),
        .in = l.in,
    };
    size_t from = 0;
    const struct fault *f;
    while ((f = fault_next(&m->faults, &e, &from)) != NULL) {
        if (ways[f->kind](m, f, text, len)) {
            return;
        }
    }
    send_damaged(m, &l, text, len);
}

bool havoc_reply(struct model *m, const char *text, size_t len)
{
    if (!fault_has(&m->faults, SEAM_REPLY) && !fault_has(&m->faults, SEAM_BYTE)) {
        return false;
    }
    for (size_t at = 0; at < len;) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t part = newline != NULL ? (size_t)(newline + 1 - text) - at : len - at;
        reply_line(m, text + at, part);
        at += part;
    }
    return true;
}

/* ---- resends ---- */

int64_t havoc_resend_number(struct model *m, int64_t number)
{
    const struct havoc *h = &m->havoc;
    return h->resend_set && h->resend_n >= 0 ? h->resend_n : number;
}

void havoc_resend_ok(struct model *m)
{
    struct havoc *h = &m->havoc;
    enum fault_ok how = h->resend_set ? h->resend_ok : OK_YES;
    bool set = h->resend_set;
    h->resend_set = false;
    h->in_resend = true;
    if (how == OK_YES) {
        reply(m, "ok\n");
    } else if (how == OK_LATE && set) {
        struct strbuf b = {0};
        strbuf_printf(&b, "ok%s", m->s.fw->eol);
        havoc_hold(m, b.data, b.len, m->now_ns + h->resend_ok_ns);
        strbuf_fini(&b);
    }
    h->in_resend = false;
}
