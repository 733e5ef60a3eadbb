#include "tests/lib/virtual_printer.h"

#include "tools/ppvirtual/model.h"
#include "tools/ppvirtual/options.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 160

struct virtual_printer {
    struct model model;
    struct options options;
    struct strbuf executed;
    char *line; /* the words stay in it */
};

/* Cuts a line into words at its blanks. */
static int words(char *line, char **argv)
{
    int argc = 1;
    char *p = line;
    while (*(p += strspn(p, " \t")) != '\0' && argc < WORDS_MAX - 1) {
        bool quoted = *p == '"';
        p += quoted;
        argv[argc++] = p;
        p += strcspn(p, quoted ? "\"" : " \t");
        if (*p != '\0') {
            *p++ = '\0';
        }
    }
    argv[argc] = NULL;
    return argc;
}

struct virtual_printer *virtual_printer_new(const char *options, char *why, size_t why_size)
{
    struct virtual_printer *p = mem_alloc(sizeof *p);
    char *argv[WORDS_MAX] = {"ppvirtual"};
    struct err e = {0};
    p->line = mem_printf("--link none %s", options);
    int argc = words(p->line, argv);
    if (sodium_init() < 0 || options_parse(&p->options, argc, argv, &e) != 0) {
        str_copy(why, why_size, e.text, strlen(e.text));
        free(p->line);
        free(p);
        return NULL;
    }
    model_init(&p->model, &p->options.settings);
    p->model.faults = p->options.faults;
    p->model.executed = &p->executed;
    return p;
}

void virtual_printer_free(struct virtual_printer *p)
{
    model_fini(&p->model);
    strbuf_fini(&p->executed);
    free(p->line);
    free(p);
}

bool virtual_printer_fault(struct virtual_printer *p, const char *spec, char *why, size_t why_size)
{
    struct err e = {0};
    bool good = fault_add(&p->model.faults, spec, &e) == 0;
    str_copy(why, why_size, e.text, strlen(e.text));
    return good;
}

void virtual_printer_step(
    struct virtual_printer *p, uint64_t now_us, const char *bytes, size_t len, struct strbuf *out)
{
    struct event e = {EVENT_BYTES, bytes, len};
    model_step(&p->model, now_us * 1000, len > 0 ? &e : NULL, out);
}

uint64_t virtual_printer_next_us(struct virtual_printer *p)
{
    uint64_t next_ns = model_next_ns(&p->model);
    return next_ns == NEVER_NS ? UINT64_MAX : next_ns / 1000 + (next_ns % 1000 != 0);
}

const char *virtual_printer_executed(const struct virtual_printer *p)
{
    return strbuf_text(&p->executed);
}

const char *virtual_printer_halted(const struct virtual_printer *p)
{
    return p->model.halted;
}

uint64_t virtual_printer_lost_bytes(const struct virtual_printer *p)
{
    return p->model.ring.flushed + p->model.ring.lost;
}

const char *virtual_printer_fired(const struct virtual_printer *p, size_t i, uint64_t *fired)
{
    if (i >= p->model.faults.len) {
        return NULL;
    }
    *fired = p->model.faults.faults[i].fired;
    return p->model.faults.faults[i].spec;
}

double virtual_printer_targets(const struct virtual_printer *p)
{
    return heater_target(&p->model.heaters[0]) + heater_target(&p->model.heaters[HEATER_BED]);
}
