/* What the queue asks of a person. Each question says what it is about; one answer each. */
#include "host/app/queue/manage_priv.h"

#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

/* ---- the bed -----------------------------------------------------------------------------------
 */

void manage_ask_bed(struct manage *m)
{
    char text[200];
    snprintf(text, sizeof text, "Is the bed clear? \"%.120s\" waits for it.", m->work.path);
    m->bed_asked = true;
    device_ask_clear(m->o.device, text);
}

void manage_unask_bed(struct manage *m)
{
    m->bed_asked = false;
    device_withdraw(m->o.device, "bed");
    device_withdraw(m->o.device, "identity");
}

static bool is_open(const struct device_status *st, const char *kind)
{
    for (size_t i = 0; i < st->questions; i++) {
        if (strcmp(st->question[i].kind, kind) == 0) {
            return true;
        }
    }
    return false;
}

/* Closed without the bed being clear: the answer was no. */
void manage_look_at_bed(struct manage *m)
{
    struct device_status st;
    if (!m->bed_asked) {
        return;
    }
    device_status(m->o.device, &st);
    if (is_open(&st, "bed") || is_open(&st, "identity")) {
        return;
    }
    m->bed_asked = false;
    if (st.bed != BED_CLEAR || st.identity_doubt) {
        snprintf(m->error, sizeof m->error, "a person has said no to the question about the bed");
        manage_post(m, DRIVER_BED_DENIED);
    }
}

/* ---- the material ------------------------------------------------------------------------------
 */

static void on_loaded(void *context, const struct err *e)
{
    struct manage *m = context;
    if (e != NULL) {
        manage_notice(m, "what is loaded could not be written: %s", e->text);
    }
    manage_let_go(m);
}

/* "Not now" for what is offered: the driver asks for work anew and gets another job's. */
static void pass_over(struct manage *m)
{
    struct manage_work current = m->current;
    m->current = m->asked;
    snprintf(m->error, sizeof m->error, "a person has said: not now");
    manage_do_skip(m);
    m->current = current;
    manage_look(m);
}

static void on_material(void *context, int answer)
{
    struct manage *m = context;
    struct err e;
    if (answer < 0 || m->closing) {
        return;
    }
    m->driver.asked_material = false; /* the question is closed, whatever comes next */
    if (answer == 1) {
        pass_over(m);
        return;
    }
    m->open++;
    if (spools_load(m->o.spools, m->asked.tool, m->asked.wanted, on_loaded, m, &e) < 0) {
        manage_notice(m, "%s", e.text);
        manage_let_go(m);
    }
    manage_look(m);
}

static void on_short(void *context, int answer)
{
    struct manage *m = context;
    if (answer < 0 || m->closing) {
        return;
    }
    m->driver.asked_material = false;
    if (answer == 1) {
        pass_over(m);
        return;
    }
    memcpy(m->accepted_set, m->asked.set, sizeof m->accepted_set);
    manage_look(m);
}

void manage_ask_material(struct manage *m)
{
    static const char *const loaded[] = {"loaded", "not now", NULL};
    static const char *const anyway[] = {"print anyway", "not now", NULL};
    const struct manage_work *w = &m->work;
    char text[200];
    m->asked = m->work;
    if (w->block == QUEUE_NO_MATERIAL) {
        snprintf(text, sizeof text, "\"%.80s\" needs %.60s in tool %u. Is it loaded?", w->path,
            w->wanted, w->tool);
        device_ask_person(m->o.device, "material", loaded, text, on_material, m);
        return;
    }
    snprintf(text, sizeof text, "\"%.60s\": %.120s", w->path, w->short_of);
    device_ask_person(m->o.device, "material", anyway, text, on_short, m);
}

/* ---- the file ----------------------------------------------------------------------------------
 */

static void on_file(void *context, int answer)
{
    struct manage *m = context;
    if (answer < 0 || m->closing) {
        return;
    }
    m->driver.asked_file = false;
    if (answer == 1) {
        pass_over(m);
    }
    manage_look(m);
}

void manage_ask_file(struct manage *m)
{
    static const char *const answers[] = {"look again", "not now", NULL};
    const struct manage_work *w = &m->work;
    const struct jobs_queue *queue = jobs_queue_find(m->o.jobs, w->queue);
    const struct queue_job *job = queue != NULL ? queue_find(queue->queue, w->job) : NULL;
    const struct queue_set *set = job != NULL ? queue_job_set(job, w->set) : NULL;
    char text[200] = "";
    m->asked = m->work;
    if (set != NULL) {
        manage_why_blocked(m, set, text, sizeof text);
    }
    if (text[0] == '\0') {
        snprintf(text, sizeof text, "\"%.100s\" cannot be printed", w->path);
    }
    device_ask_person(m->o.device, "file", answers, text, on_file, m);
}

/* ---- other work --------------------------------------------------------------------------------
 */

static bool is_same(const struct manage_work *a, const struct manage_work *b)
{
    return strcmp(a->set, b->set) == 0 && a->block == b->block && a->tool == b->tool &&
           strcmp(a->wanted, b->wanted) == 0 && strcmp(a->short_of, b->short_of) == 0;
}

/* The driver asks once; a yes must never be taken for a yes to something else. */
void manage_ask_again(struct manage *m)
{
    if (is_same(&m->asked, &m->work)) {
        return;
    }
    if (m->driver.asked_material && driver_state(&m->driver) == DRIVER_AWAITING_MATERIAL) {
        manage_ask_material(m);
    } else if (m->driver.asked_file && driver_state(&m->driver) == DRIVER_IDLE) {
        manage_ask_file(m);
    }
}
