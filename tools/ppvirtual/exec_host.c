/* What concerns the host: line numbers, emergencies, identity, the print timer. */
#include "tools/ppvirtual/exec.h"

#include "tools/ppvirtual/inlet.h"
#include "tools/ppvirtual/reply.h"

#include <string.h>

#define BUSY_MAX_S 60

static void run_line_number(struct model *m, struct task *t)
{
    if ((t->command.valued & COMMAND_BIT('N')) != 0) {
        m->reader.last_number = (int64_t)command_value(&t->command, 'N', 0);
    }
}

static void run_kill(struct model *m, struct task *t)
{
    (void)t;
    exec_kill(m, "M112");
}

/* M108 and M876 that reach the queue: what they end has ended before. */
static void run_break(struct model *m, struct task *t)
{
    (void)m;
    (void)t;
}

static void run_busy_interval(struct model *m, struct task *t)
{
    if (!command_has(&t->command, 'S')) {
        reply(m, "echo:M113 S%u\n", m->busy_s);
        return;
    }
    double seconds = command_value(&t->command, 'S', m->busy_s);
    seconds = seconds < 0 ? 0 : (seconds > BUSY_MAX_S ? BUSY_MAX_S : seconds);
    m->busy_s = (unsigned)seconds;
}

static void run_about(struct model *m, struct task *t)
{
    (void)t;
    reply_about(m);
}

/* M75 starts the print timer or lets it go on after M76; M77 stops it. Hosts bracket prints so. */
static void run_print_timer(struct model *m, struct task *t)
{
    switch (t->command.number) {
    case 75:
        tally_begin(&m->tally, m->now_ns);
        break;
    case 76:
        tally_pause(&m->tally);
        break;
    default:
        tally_end(&m->tally, m->now_ns);
        break;
    }
    m->streaming = false;
}

/* M118 [E1] [A1] text */
static void run_echo(struct model *m, struct task *t)
{
    const char *text = t->command.rest;
    const char *head = "";
    while (str_starts(text, "E1 ") || str_starts(text, "A1 ")) {
        head = text[0] == 'E' ? "echo:" : "// ";
        text += 3;
    }
    reply(m, "%s%s\n", head, text);
}

/* Alive already, and still it flushes and asks for a line. */
static void run_restart(struct model *m, struct task *t)
{
    (void)t;
    if (m->s.fw->m999_resend) {
        inlet_flush(m);
        tally_resend(&m->tally);
        reply_resend(m);
    }
}

static void run_no_card(struct model *m, struct task *t)
{
    (void)t;
    reply(m, "Not SD printing\n");
}

const struct handler exec_host[] = {
    {'M', 27, 0, run_no_card},
    {'M', 75, 0, run_print_timer},
    {'M', 76, 0, run_print_timer},
    {'M', 77, 0, run_print_timer},
    {'M', 108, 0, run_break},
    {'M', 110, 0, run_line_number},
    {'M', 112, 0, run_kill},
    {'M', 113, 0, run_busy_interval},
    {'M', 115, 0, run_about},
    {'M', 118, 0, run_echo},
    {'M', 876, 0, run_break},
    {'M', 999, 0, run_restart},
    {0, 0, 0, NULL},
};
