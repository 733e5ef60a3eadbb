/* The commands of the SD card. */
#include "tools/ppvirtual/exec_sd_priv.h"

#include "tools/ppvirtual/exec.h"
#include "tools/ppvirtual/reply.h"

#include <string.h>

#define REPORT_MAX_S 60

/* The row "" is for all others. */
static const struct card_form forms[] = {
    {"marlin-2.1", LIST_SIZE, true, false, true, true, true, "echo:No SD card\n"},
    {"marlin-2.1.1", LIST_SIZE, true, false, true, true, true, "echo:No SD card\n"},
    {"marlin-1.1.9", LIST_SIZE, true, false, false, false, false, "echo:SD init fail\n"},
    {"prusa-mk3", LIST_LOWER, true, true, true, false, false, "echo:SD init fail\n"},
    {"sprinter", LIST_NAME, false, false, false, false, false, "SD init fail\n"},
    {"", LIST_SIZE, false, false, false, false, false, "SD init fail\n"},
};

const struct card_form *exec_sd_form(const struct model *m)
{
    const struct card_form *f = forms;
    while (f->firmware[0] != '\0' && strcmp(f->firmware, m->s.fw->name) != 0) {
        f++;
    }
    return f;
}

/* The file name of a command: up to the first blank, as the firmware cuts it. */
static void name_of(const struct command *c, char out[64])
{
    const char *rest = c->rest;
    rest += *rest == '!';
    str_copy(out, 64, rest, strcspn(rest, " #"));
}

/* ---- M20 to M27 --------------------------------------------------------------------------------
 */

static void list_file(struct model *m, const struct card_file *f, bool stamps, bool longs)
{
    const struct card_form *form = exec_sd_form(m);
    char name[13];
    char line[128] = "";
    str_copy(name, sizeof name, f->name, strlen(f->name));
    for (char *p = name; form->list == LIST_LOWER && *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    }
    struct strbuf b = {0};
    strbuf_puts(&b, name);
    if (form->list != LIST_NAME) {
        strbuf_printf(&b, " %zu", f->bytes.len);
    }
    if (stamps) {
        strbuf_printf(&b, " 0x%08X", f->stamp);
    }
    if (longs) {
        strbuf_printf(&b, form->quoted ? " \"%s\"" : " %s", f->long_name);
    }
    str_copy(line, sizeof line, strbuf_text(&b), b.len);
    strbuf_fini(&b);
    reply(m, "%s\n", line);
}

static void run_list(struct model *m, struct task *t)
{
    const struct card_form *form = exec_sd_form(m);
    bool longs = form->long_names && command_has(&t->command, 'L');
    bool stamps = form->stamps && command_has(&t->command, 'T');
    if (!m->card.mounted && form->tells) {
        reply(m, "echo:No media\n");
        return;
    }
    reply(m, "Begin file list\n");
    for (size_t i = 0; m->card.mounted && i < m->card.count; i++) {
        list_file(m, &m->card.files[i], stamps, longs);
    }
    reply(m, "End file list\n");
}

static void run_init(struct model *m, struct task *t)
{
    (void)t;
    m->card.mounted = m->card.present;
    reply(m, "%s", m->card.present ? "echo:SD card ok\n" : exec_sd_form(m)->none);
}

void exec_sd_end(struct model *m)
{
    if (m->card.started) {
        tally_end_card(&m->tally, m->now_ns);
    }
    m->card.printing = false;
    m->card.started = false;
}

static void run_release(struct model *m, struct task *t)
{
    (void)t;
    m->card_abort = m->card.printing;
    if (!m->card.printing) {
        exec_sd_end(m);
        card_release(&m->card);
    }
    m->card.mounted = false;
}

static bool select_file(struct model *m, const char *name)
{
    if (!m->card.mounted) {
        return false; /* and not a word, as Marlin */
    }
    int index = card_find(&m->card, name);
    reply(m, "echo:Now fresh file: %s\n", name);
    exec_sd_end(m);
    card_release(&m->card);
    if (index == CARD_NONE) {
        reply(m, "open failed, File: %s.\n", name);
        return false;
    }
    m->card.selected = index;
    reply(m, "File opened: %s Size: %zu\nFile selected\n", name, m->card.files[index].bytes.len);
    return true;
}

static void start_print(struct model *m)
{
    struct card *c = &m->card;
    if (!c->mounted || c->selected == CARD_NONE) {
        return;
    }
    if (!c->started) {
        tally_begin_card(&m->tally, m->now_ns);
    } else if (exec_sd_form(m)->tells) {
        reply(m, "//action:resume\n");
    }
    c->started = true;
    c->printing = true;
    m->streaming = false;
}

static void run_select(struct model *m, struct task *t)
{
    char name[64];
    name_of(&t->command, name);
    select_file(m, name);
}

static void run_start(struct model *m, struct task *t)
{
    (void)t;
    start_print(m);
}

static void run_pause(struct model *m, struct task *t)
{
    (void)t;
    bool was = m->card.printing;
    m->card.printing = false;
    if (was && exec_sd_form(m)->tells) {
        reply(m, "//action:pause\n");
    }
}

static void run_seek(struct model *m, struct task *t)
{
    double to = command_value(&t->command, 'S', 0);
    if (m->card.selected != CARD_NONE && to >= 0) {
        size_t len = m->card.files[m->card.selected].bytes.len;
        m->card.pos = to < (double)len ? (size_t)to : len;
    }
}

void exec_sd_status(struct model *m)
{
    const struct card *c = &m->card;
    bool told = c->printing || (c->started && exec_sd_form(m)->tells); /* since 2.0.8 also paused */
    if (told && c->selected != CARD_NONE) {
        reply(m, "SD printing byte %zu/%zu\n", c->pos, c->files[c->selected].bytes.len);
    } else {
        reply(m, "Not SD printing\n");
    }
}

static void run_status(struct model *m, struct task *t)
{
    double s = command_value(&t->command, 'S', -1);
    if (m->s.sd && exec_sd_form(m)->tells && s >= 0) {
        m->card_report_s = s > REPORT_MAX_S ? REPORT_MAX_S : (unsigned)s;
        m->card_report_ns = m->now_ns + m->card_report_s * SECOND_NS;
    } else if (m->s.sd && exec_sd_form(m)->long_names && command_has(&t->command, 'C')) {
        int i = m->card.selected;
        const struct card_file *f = i != CARD_NONE ? &m->card.files[i] : NULL;
        reply(m, "Current file: %s %s\n", f != NULL ? f->name : "(no file)",
            f != NULL ? f->long_name : "");
    } else {
        exec_sd_status(m);
    }
}

/* ---- M28 to M33, M524 --------------------------------------------------------------------------
 */

static void run_write(struct model *m, struct task *t)
{
    char name[64];
    name_of(&t->command, name);
    if (!m->card.mounted) {
        return;
    }
    reply(m, "echo:Now fresh file: %s\n", name);
    exec_sd_end(m);
    if (name[0] == '\0' || strlen(name) > 13 || !card_create(&m->card, name)) {
        reply(m, "open failed, File: %s.\n", name);
        return;
    }
    reply(m, "Writing to file: %s\n", name);
}

/* With no file being written. */
static void run_saved(struct model *m, struct task *t)
{
    (void)m;
    (void)t;
}

static void run_delete(struct model *m, struct task *t)
{
    char name[64];
    name_of(&t->command, name);
    int index = card_find(&m->card, name);
    if (!m->card.mounted) {
        return;
    }
    if (index == CARD_NONE) {
        reply(m, "Deletion failed, File: %s.\n", name);
        return;
    }
    exec_sd_end(m);
    card_remove(&m->card, index);
    if (m->s.sd_ok_joined) {
        reply(m, "File deleted:%sok\n", name);
        t->ok_sent = true;
    } else {
        reply(m, "File deleted:%s\n", name);
    }
}

static void run_select_and_start(struct model *m, struct task *t)
{
    char name[64];
    name_of(&t->command, name);
    if (select_file(m, name)) {
        start_print(m);
    }
}

static void run_long_name(struct model *m, struct task *t)
{
    char name[64];
    name_of(&t->command, name);
    int index = m->card.mounted ? card_find(&m->card, name) : CARD_NONE;
    reply(m, "/%s\n", index != CARD_NONE ? m->card.files[index].long_name : "???");
}

static void run_abort(struct model *m, struct task *t)
{
    (void)t;
    if (!exec_sd_form(m)->aborts) {
        reply_unknown(m, &t->command);
        return;
    }
    if (m->card.printing) {
        m->card_abort = true;
    } else if (m->card.mounted) {
        exec_sd_end(m);
        card_release(&m->card);
    }
}

const struct handler exec_sd[] = {
    {'M', 20, 0, run_list},
    {'M', 21, 0, run_init},
    {'M', 22, 0, run_release},
    {'M', 23, 0, run_select},
    {'M', 24, 0, run_start},
    {'M', 25, 0, run_pause},
    {'M', 26, 0, run_seek},
    {'M', 27, 0, run_status},
    {'M', 28, 0, run_write},
    {'M', 29, 0, run_saved},
    {'M', 30, 0, run_delete},
    {'M', 32, 0, run_select_and_start},
    {'M', 33, 0, run_long_name},
    {'M', 524, 0, run_abort},
    {0, 0, 0, NULL},
};
