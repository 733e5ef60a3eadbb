#include "tools/ppvirtual/order.h"

#include "tools/ppvirtual/mcu.h"
#include "tools/ppvirtual/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_MS 3600000

const char order_help[] = "at=WHEN,do=WHAT,...  a fault; without at= it is for now\n"
                          "list                 the faults there are and how often they fired\n"
                          "clear                forgets them all; what holds on goes on\n"
                          "reset                the reset button\n"
                          "power off | power on\n"
                          "unplug [MS]          for so long, or until replug\n"
                          "replug\n"
                          "note TEXT            a line \"# TEXT\" among the executed commands\n"
                          "report               the report, here and into its file\n"
                          "help\n";

struct word {
    const char *name;
    enum order_kind kind;
    void (*run)(struct model *m, struct strbuf *answer); /* NULL: for the program */
};

static void run_list(struct model *m, struct strbuf *answer)
{
    for (size_t i = 0; i < m->faults.len; i++) {
        char safe[FAULT_SPEC_MAX * 4];
        const struct fault *f = &m->faults.faults[i];
        strbuf_printf(answer, "%" PRIu64 " %s\n", f->fired,
            str_escape(safe, sizeof(safe), f->spec, strlen(f->spec)));
    }
}

static void run_clear(struct model *m, struct strbuf *answer)
{
    (void)answer;
    fault_clear(&m->faults);
}

static void run_report(struct model *m, struct strbuf *answer)
{
    char *text = report_text(m);
    strbuf_printf(answer, "%s\n", text);
    free(text);
}

static void run_help(struct model *m, struct strbuf *answer)
{
    (void)m;
    strbuf_puts(answer, order_help);
}

static const struct word words[] = {
    {"list", DO_NOTHING, run_list},
    {"clear", DO_NOTHING, run_clear},
    {"help", DO_NOTHING, run_help},
    {"report", DO_REPORT, run_report},
    {"reset", DO_RESET, NULL},
    {"replug", DO_REPLUG, NULL},
    {"unplug", DO_UNPLUG, NULL},
    {"power off", DO_POWER_OFF, NULL},
    {"power on", DO_POWER_ON, NULL},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static const struct word *find(const char *line)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (strcmp(words[i].name, line) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

static void refuse(const char *line, struct strbuf *answer)
{
    const char *names[WORDS];
    char safe[200];
    for (size_t i = 0; i < WORDS; i++) {
        names[i] = words[i].name;
    }
    const char *near = str_suggest(line, names, WORDS);
    str_escape(safe, sizeof(safe), line, strlen(line) < 60 ? strlen(line) : 60);
    strbuf_printf(answer, "error: \"%s\": no such order%s%s%s; help lists them all\n", safe,
        near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
        near != NULL ? "\"" : "");
}

static void add_fault(struct model *m, const char *spec, struct strbuf *answer)
{
    struct err e = {0};
    struct strbuf whole = {0};
    bool now = strncmp(spec, "at=", 3) != 0 && strstr(spec, ",at=") == NULL;
    strbuf_printf(&whole, "%s%s", now ? "at=now," : "", spec);
    if (fault_add(&m->faults, strbuf_text(&whole), &e) == 0) {
        strbuf_puts(answer, "ok\n");
    } else {
        strbuf_printf(answer, "error: %s\n", e.text);
    }
    strbuf_fini(&whole);
}

/* "unplug 3000" */
static struct order unplug_for(const char *text, struct strbuf *answer)
{
    int64_t ms;
    if (!str_to_int(text, 1, LONGEST_MS, &ms)) {
        char safe[80];
        strbuf_printf(answer, "error: unplug \"%s\": must be milliseconds from 1 to %d\n",
            str_escape(safe, sizeof(safe), text, strlen(text) < 30 ? strlen(text) : 30),
            LONGEST_MS);
        return (struct order){DO_NOTHING, 0};
    }
    strbuf_puts(answer, "ok\n");
    return (struct order){DO_UNPLUG, (uint64_t)ms * 1000000};
}

struct order order_line(struct model *m, const char *line, struct strbuf *answer)
{
    const struct word *w = find(line);
    if (w != NULL) {
        if (w->run != NULL) {
            w->run(m, answer);
        }
        strbuf_puts(answer, "ok\n");
        return (struct order){w->kind, NEVER_NS};
    }
    if (str_starts(line, "unplug ")) {
        return unplug_for(line + 7, answer);
    }
    if (str_starts(line, "note ")) {
        mcu_note(m, line + 5);
        strbuf_puts(answer, "ok\n");
    } else if (strchr(line, '=') != NULL) {
        add_fault(m, line, answer);
    } else {
        refuse(line, answer);
    }
    return (struct order){DO_NOTHING, 0};
}
