/* The grammar of faults and the tables, for people. */
#include "tools/ppvirtual/fault_table.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 80

/* One word after the other, on lines of 80 columns; `at` is where the line is. */
static size_t put_words(struct strbuf *out, const char *text, size_t at, int indent)
{
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        if (at + 1 + n > COLUMNS) {
            strbuf_printf(out, "\n%*s", indent, "");
            at = (size_t)indent;
        } else if (at > (size_t)indent) {
            strbuf_puts(out, " ");
            at++;
        }
        strbuf_add(out, text, n);
        at += n;
        text += n + strspn(text + n, " ");
    }
    return at;
}

static void help_keys(struct strbuf *out)
{
    for (int i = 0; i < FAULT_ARGS; i++) {
        const struct fault_key *k = &fault_keys[i];
        strbuf_printf(out, "  %-10s ", k->name);
        size_t at = put_words(out, k->help, 13, 13);
        strbuf_puts(out, k->words != NULL ? ":" : "");
        for (size_t w = 0; k->words != NULL && k->words[w] != NULL; w++) {
            at = put_words(out, k->words[w], at + (w == 0), 13);
        }
        strbuf_puts(out, "\n");
    }
}

static void help_row(struct strbuf *out, const struct fault_row *row)
{
    size_t at = 23;
    strbuf_printf(out, "  %-20s ", row->name);
    put_words(out, row->help, at, 23);
    strbuf_puts(out, row->args != 0 ? "\n                       " : "");
    for (int i = 0; i < FAULT_ARGS; i++) {
        if ((row->args & BIT(i)) != 0) {
            at = put_words(out, fault_keys[i].name, at, 23);
        }
    }
    strbuf_puts(out, "\n");
}

void fault_help(struct strbuf *out)
{
    strbuf_puts(out, "A fault is at=WHEN,do=WHAT and keys of that fault, in any order:\n\n"
                     "  at=line:100,do=resend,error=checksum,ok=late,ms=300\n"
                     "  at=rate:0.1%,do=flip,dir=in,seed=7\n"
                     "  at=time:20,do=unplug,ms=5000\n\n"
                     "Each fires once, or each time for full, every, period, rate and always;\n"
                     "times=N or times=always says otherwise. A comma in a text is \\, there.\n\n"
                     "WHEN\n");
    for (size_t i = 0; i < fault_whens_count; i++) {
        const struct fault_when *w = &fault_whens[i];
        char name[32];
        snprintf(name, sizeof name, "%s%s%s", w->name, w->value != NULL ? ":" : "",
            w->value != NULL ? w->value : "");
        strbuf_printf(out, "  %-10s %s\n", name, w->help);
    }
    strbuf_puts(out, "\nWHAT, and the keys it takes besides times and seed\n");
    for (size_t i = 0; i < FAULT_KINDS; i++) {
        help_row(out, &fault_rows[i]);
    }
    strbuf_puts(out, "\nKEYS\n");
    help_keys(out);
}
