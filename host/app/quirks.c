#include "host/app/quirks.h"

#include <assert.h>
#include <string.h>

#define AT(member) (offsetof(struct quirks, value) + offsetof(struct dialect, member))

#define FLAG(name)                                                                                 \
    {                                                                                              \
        .key = #name, .kind = YAML_BOOL, .offset = AT(name)                                        \
    }

static const struct yaml_word probe_words[] = {{"gap", PROBE_GAP}, {"checksum", PROBE_CHECKSUM},
    {"temperatures", PROBE_TEMPERATURES}, {NULL, 0}};

static const struct yaml_field fields[] = {
    {.key = "number_bits", .kind = YAML_INT, .offset = AT(number_bits), .max = 31},
    {.key = "planner_blocks", .kind = YAML_INT, .offset = AT(planner_blocks), .max = 1000},
    {.key = "probe", .kind = YAML_CHOICE, .offset = AT(probe), .words = probe_words},
    FLAG(one_line),
    FLAG(split_lines),
    FLAG(wait_is_idle),
    FLAG(job_timer),
    FLAG(busy),
    FLAG(ok_on_receipt),
    FLAG(unknown_no_ok),
    FLAG(resend_no_ok),
    FLAG(dwell_alone),
    FLAG(temps_then_ok),
    FLAG(first_star),
};

#define COUNT (sizeof fields / sizeof *fields)

static_assert(COUNT <= QUIRKS, "each field has its mark");

const struct yaml_table quirks_table = {
    .fields = fields, .count = COUNT, .marks = offsetof(struct quirks, given)};

/* Where a field of the table lies in a dialect. */
static size_t place(const struct yaml_field *f)
{
    return f->offset - offsetof(struct quirks, value);
}

static size_t size_of(const struct yaml_field *f)
{
    return f->kind == YAML_BOOL ? sizeof(bool) : sizeof(int);
}

void quirks_apply(const struct quirks *q, const struct dialect *row, struct dialect *out)
{
    *out = *row;
    for (size_t i = 0; q != NULL && i < COUNT; i++) {
        if (q->given[i].line > 0) {
            memcpy((char *)out + place(&fields[i]), (const char *)&q->value + place(&fields[i]),
                size_of(&fields[i]));
        }
    }
}

static void print_value(const struct yaml_field *f, const struct dialect *d, struct strbuf *out)
{
    const char *at = (const char *)d + place(f);
    bool flag = false;
    int value = 0;
    if (f->kind == YAML_BOOL) {
        memcpy(&flag, at, sizeof flag);
        strbuf_puts(out, flag ? "yes" : "no");
        return;
    }
    memcpy(&value, at, sizeof value);
    for (const struct yaml_word *w = f->words; w != NULL && w->word != NULL; w++) {
        if (w->value == value) {
            strbuf_puts(out, w->word);
            return;
        }
    }
    strbuf_printf(out, "%d", value);
}

void quirks_print(const struct quirks *q, const struct dialect *row, struct strbuf *out)
{
    struct dialect d;
    quirks_apply(q, row, &d);
    for (size_t i = 0; i < COUNT; i++) {
        strbuf_printf(out, "  %s: ", fields[i].key);
        print_value(&fields[i], &d, out);
        strbuf_puts(out, q != NULL && q->given[i].line > 0 ? " # given here\n" : "\n");
    }
}
