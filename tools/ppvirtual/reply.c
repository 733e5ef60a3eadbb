#include "tools/ppvirtual/reply.h"

#include "tools/ppvirtual/exec_sd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_XY 80
#define STEPS_Z  400

static void trace(struct model *m, const char *text, size_t len)
{
    if (m->trace != NULL) {
        char safe[256];
        str_escape(safe, sizeof(safe), text, len);
        strbuf_printf(m->trace, "%.6f < %s\n", (double)m->now_ns / 1e9, safe);
    }
}

void reply_bytes(struct model *m, const char *text, size_t len)
{
    uint64_t from_ns = when_later(m->cpu_ns, m->now_ns);
    uint64_t out_ns = wire_send(&m->out, from_ns, text, len);
    uint64_t buffered_ns = m->s.tx * m->out.byte_ns;
    if (out_ns > from_ns + buffered_ns) {
        m->cpu_ns = out_ns - buffered_ns;
    }
}

static void add_with_ends(struct strbuf *b, const char *text, const char *eol)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n') {
            strbuf_puts(b, eol);
        } else {
            strbuf_add(b, p, 1);
        }
    }
}

void reply(struct model *m, const char *fmt, ...)
{
    char text[LINE_TEXT_MAX * 2];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct strbuf b = {0};
    add_with_ends(&b, text, m->s.fw->eol);
    trace(m, strbuf_text(&b), b.len);
    if (!havoc_reply(m, strbuf_text(&b), b.len)) {
        reply_bytes(m, strbuf_text(&b), b.len);
    }
    strbuf_fini(&b);
}

/* "N4" of a numbered line, as far as the firmware counts; "" of another. */
static void number_word(const struct model *m, const char *text, char out[24])
{
    size_t len = text[0] == 'N' ? 1 + strspn(text + 1, "-0123456789") : 0;
    str_copy(out, 24, text, len);
    if (len > 1 && m->reader.number_mask > 0) {
        long long number = strtoll(out + 1, NULL, 10) & m->reader.number_mask;
        snprintf(out, 24, "N%lld", number);
    }
}

void reply_ok(struct model *m)
{
    char number[24];
    number_word(m, m->queue[m->queue_head].text, number);
    switch (m->s.ok) {
    case OK_PLAIN:
        reply(m, "ok\n");
        break;
    case OK_NUMBER:
        reply(m, number[0] != '\0' ? "ok %s\n" : "ok%s\n", number[0] != '\0' ? number + 1 : "");
        break;
    case OK_ADVANCED:
        reply(m, "ok%s%s P%u B%u\n", number[0] != '\0' ? " " : "", number,
            planner_free(&m->planner), m->s.bufsize - m->queue_len);
        break;
    }
}

struct reading {
    double temp;
    double target;
    int power;
};

static struct reading read_heater(const struct model *m, int index)
{
    const struct heater *h = &m->heaters[index];
    return (struct reading){
        heater_reading(h, m->now_ns), heater_target(h), heater_power(h, m->now_ns)};
}

static void marlin_words(const struct model *m, struct strbuf *b)
{
    struct reading tool = read_heater(m, m->machine.tool);
    struct reading bed = read_heater(m, HEATER_BED);
    strbuf_printf(b, " T:%.2f /%.2f B:%.2f /%.2f", tool.temp, tool.target, bed.temp, bed.target);
    if (m->s.chamber) {
        struct reading chamber = read_heater(m, HEATER_CHAMBER);
        strbuf_printf(b, " C:%.2f /%.2f", chamber.temp, chamber.target);
    }
    for (int i = 0; m->s.tools > 1 && i < (int)m->s.tools; i++) {
        struct reading each = read_heater(m, i);
        strbuf_printf(b, " T%d:%.2f /%.2f", i, each.temp, each.target);
    }
    strbuf_printf(b, " @:%d B@:%d", tool.power, bed.power);
    for (int i = 0; m->s.tools > 1 && i < (int)m->s.tools; i++) {
        strbuf_printf(b, " @%d:%d", i, read_heater(m, i).power);
    }
}

static void words(const struct model *m, struct strbuf *b)
{
    struct reading tool = read_heater(m, m->machine.tool);
    struct reading bed = read_heater(m, HEATER_BED);
    switch (m->s.fw->temp) {
    case TEMP_MARLIN:
        marlin_words(m, b);
        break;
    case TEMP_SPRINTER:
        strbuf_printf(b, " T:%.0f @:%d B:%.0f", tool.temp, tool.power, bed.temp);
        break;
    case TEMP_TEACUP:
        strbuf_printf(b, "T:%.1f/%.1f B:%.1f/%.1f", tool.temp, tool.target, bed.temp, bed.target);
        break;
    case TEMP_REPETIER:
        strbuf_printf(b, "T:%.2f /%.0f B:%.2f /%.0f B@:%d @:%d", tool.temp, tool.target, bed.temp,
            bed.target, bed.power, tool.power);
        break;
    case TEMP_KLIPPER:
        strbuf_printf(
            b, " B:%.1f /%.1f T0:%.1f /%.1f", bed.temp, bed.target, tool.temp, tool.target);
        break;
    case TEMP_SMOOTHIE:
        strbuf_printf(b, " T:%.1f /%.1f @%d B:%.1f /%.1f @%d", tool.temp, tool.target, tool.power,
            bed.temp, bed.target, bed.power);
        break;
    case TEMP_PRUSA:
        strbuf_printf(b, " T:%.1f /%.1f B:%.1f /%.1f T0:%.1f /%.1f @:%d B@:%d P:0.0 A:28.4",
            tool.temp, tool.target, bed.temp, bed.target, tool.temp, tool.target, tool.power,
            bed.power);
        break;
    }
}

void reply_temperature_words(struct model *m)
{
    struct strbuf b = {0};
    words(m, &b);
    reply(m, "%s", strbuf_text(&b));
    strbuf_fini(&b);
}

void reply_temperatures(struct model *m)
{
    struct strbuf b = {0};
    words(m, &b);
    if (m->s.fw->temp == TEMP_TEACUP || m->s.fw->temp == TEMP_REPETIER) {
        reply(m, "%s\n", strbuf_text(&b));
    } else {
        reply(m, "%s%s\n", m->task.ok_sent ? "" : "ok", strbuf_text(&b));
        m->task.ok_sent = true;
    }
    strbuf_fini(&b);
}

void reply_position(struct model *m)
{
    const double *p = m->machine.position;
    const double *s = m->planner.reached;
    reply(m, "X:%.2f Y:%.2f Z:%.2f E:%.2f Count X:%.0f Y:%.0f Z:%.0f\n", p[0], p[1], p[2], p[3],
        s[0] * STEPS_XY, s[1] * STEPS_XY, s[2] * STEPS_Z);
}

static void add_filled(struct strbuf *b, const struct model *m, const char *text)
{
    char tools[8];
    snprintf(tools, sizeof(tools), "%u", m->s.tools);
    const struct {
        const char *name;
        const char *value;
    } fields[] = {{"{machine}", m->s.machine}, {"{tools}", tools}, {"{uuid}", m->s.uuid}};
    while (*text != '\0') {
        size_t i = 0;
        while (i < 3 && !str_starts(text, fields[i].name)) {
            i++;
        }
        if (i < 3) {
            strbuf_puts(b, fields[i].value);
            text += strlen(fields[i].name);
        } else {
            strbuf_add(b, text++, 1);
        }
    }
}

static void reply_area(struct model *m)
{
    const double *a = m->s.area_mm;
    reply(m,
        "area:{full:{min:{x:0.0000,y:0.0000,z:0.0000},max:{x:%.4f,y:%.4f,z:%.4f}},"
        "work:{min:{x:0.0000,y:0.0000,z:0.0000},max:{x:%.4f,y:%.4f,z:%.4f}}}\n",
        a[0], a[1], a[2], a[0], a[1], a[2]);
}

/* Some are as the options say. */
static void reply_cap(struct model *m, const char *cap)
{
    const struct {
        const char *name;
        bool has;
    } optional[] = {
        {"EMERGENCY_PARSER:", havoc_parses_early(m)},
        {"CHAMBER_TEMPERATURE:", m->s.chamber},
        {"MEATPACK:", m->s.meatpack},
        {"SERIAL_XON_XOFF:", m->s.xonxoff},
    };
    int of_card = exec_sd_cap(m, cap);
    if (of_card >= 0) {
        reply(m, "%s:%.*s:%d\n", m->s.fw->cap_word, (int)strcspn(cap, ":"), cap, of_card);
        return;
    }
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        if (str_starts(cap, optional[i].name)) {
            reply(m, "%s:%s%d\n", m->s.fw->cap_word, optional[i].name, optional[i].has);
            return;
        }
    }
    reply(m, "%s:%s\n", m->s.fw->cap_word, cap);
}

void reply_about(struct model *m)
{
    const struct firmware *fw = m->s.fw;
    struct strbuf b = {0};
    add_filled(&b, m, fw->about);
    reply(m, "%s", strbuf_text(&b));
    strbuf_fini(&b);
    for (size_t i = 0; fw->caps != NULL && fw->caps[i] != NULL; i++) {
        reply_cap(m, fw->caps[i]);
    }
    if (fw->area) {
        reply_area(m);
    }
}

void reply_line_error(struct model *m, enum line_verdict verdict)
{
    const struct firmware *fw = m->s.fw;
    const char *text = NULL;
    if (verdict == LINE_BAD_SUM) {
        text = fw->bad_sum;
    } else if (verdict == LINE_BAD_NUMBER) {
        text = fw->bad_number;
    } else if (verdict == LINE_NO_SUM) {
        text = fw->no_sum;
    } else if (verdict == LINE_NO_NUMBER) {
        text = fw->no_number;
    }
    if (text != NULL) {
        reply(m, "%s%" PRId64 "\n", text, m->reader.last_number);
    }
}

void reply_resend(struct model *m)
{
    const struct firmware *fw = m->s.fw;
    int64_t number = havoc_resend_number(m, line_expected(&m->reader));
    if (fw->resend_tail != NULL) {
        reply(m, "%s%" PRId64 "%s%d\n", fw->resend, number, fw->resend_tail, m->reader.want_sum);
    } else {
        reply(m, "%s%" PRId64 "\n", fw->resend, number);
    }
    havoc_resend_ok(m);
}

void reply_unknown(struct model *m, const struct command *c)
{
    const struct firmware *fw = m->s.fw;
    if (fw->unknown_head == NULL) {
        return;
    }
    if (fw->temp == TEMP_TEACUP) {
        reply(m, "%s%c%s %d\n", fw->unknown_head, c->letter != 0 ? c->letter : '?',
            fw->unknown_tail, c->number);
        return;
    }
    reply(m, "%s%s%s\n", fw->unknown_head, c->text, fw->unknown_tail);
}
