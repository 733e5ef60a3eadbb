/* What the firmware does with its SD card by itself.
 *
 * What Marlin does: lines of the file go into the command queue wherever serial lines leave room,
 * and get no ok. While a file is written every numbered line goes into it, M112 too, and the
 * emergency parser sleeps; a line without a number is an error, but for M29. An abort empties the
 * command queue, serial lines included, whose oks never come.
 */
#include "tools/ppvirtual/exec_sd_priv.h"

#include "tools/ppvirtual/exec.h"
#include "tools/ppvirtual/mcu.h"
#include "tools/ppvirtual/reply.h"

#include <string.h>

/* One line of the file into the queue; true if there was something to do. */
bool exec_sd_feed(struct model *m)
{
    struct card *c = &m->card;
    char line[LINE_TEXT_MAX];
    if (!c->printing || m->queue_len >= m->s.bufsize) {
        return false;
    }
    if (!card_line(c, line, sizeof line)) {
        c->printing = false;
        m->card_done = true;
        return true;
    }
    if (line[0] != '\0') {
        struct queued *q = mcu_queue(m, line);
        q->mark = (struct wire_mark){.at_ns = m->now_ns};
        q->from_card = true;
        q->quiet = true;
    }
    return true;
}

/* The end of the file, told when the queue and the planner are empty. */
static bool finish_file(struct model *m)
{
    if (!m->card_done || m->queue_len > 0 || planner_busy(&m->planner)) {
        return false;
    }
    m->card_done = false;
    reply(m, "Done printing file\n");
    exec_sd_end(m);
    card_release(&m->card);
    return true;
}

/* Between two commands: the queue is emptied, and who waits for an ok waits in vain. */
bool exec_sd_turn(struct model *m)
{
    if (!m->card_abort) {
        return finish_file(m);
    }
    m->card_abort = false;
    m->queue_len = 0;
    exec_quickstop(m);
    for (int i = 0; i < HEATERS; i++) {
        heater_set(&m->heaters[i], m->now_ns, 0);
    }
    exec_sd_end(m);
    card_release(&m->card);
    return true;
}

bool exec_sd_is_m29(const char *text)
{
    const char *p = strstr(text, "M29");
    return p != NULL && (p[3] < '0' || p[3] > '9');
}

bool exec_sd_save(struct model *m, const char *text)
{
    char line[LINE_TEXT_MAX];
    if (m->card.writing == CARD_NONE) {
        return false;
    }
    if (exec_sd_is_m29(text)) {
        card_release(&m->card);
        reply(m, "Done saving file.\n");
        m->task.ok_sent = m->s.sd_no_ok;
        return true;
    }
    line_command(m->s.fw, text, line, sizeof line);
    if (!card_write(&m->card, line, strlen(line)) || !card_write(&m->card, "\r\n", 2)) {
        reply(m, "Error:error writing to file\n");
    }
    return true;
}

void exec_sd_insert(struct model *m, bool in)
{
    if (in == m->card.present || !m->s.sd) {
        return;
    }
    m->card.present = in;
    if (in) {
        m->card.mounted = true;
    } else {
        m->card_abort = m->card.printing || m->card.started;
        if (!m->card_abort) {
            card_release(&m->card);
        }
        m->card.mounted = false;
    }
    if (m->booted && m->halted == NULL) {
        reply(m, "%s", in ? "echo:SD card ok\n" : "echo:SD card released\n");
        if (exec_sd_form(m)->tells) {
            reply(m, "//action:sd_%s\n", in ? "inserted" : "ejected");
        }
    }
}

void exec_sd_boot(struct model *m)
{
    card_release(&m->card);
    tally_drop_card(&m->tally, m->now_ns);
    m->card.mounted = m->card.present;
    m->card_abort = false;
    m->card_done = false;
    m->card_report_s = 0;
}

int exec_sd_cap(const struct model *m, const char *cap)
{
    static const char *const own[] = {
        "SDCARD:", "SD_WRITE:", "AUTOREPORT_SD_STATUS:", "LONG_FILENAME:", "EXTENDED_M20:"};
    const struct card_form *form = exec_sd_form(m);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (str_starts(cap, own[i])) {
            bool has = i < 2 || (i == 2 && form->tells) || (i == 3 && form->long_names) ||
                       (i == 4 && form->stamps);
            return m->s.sd && has;
        }
    }
    return -1;
}
