/* The scripts of a moment: those the driver waits for, and those it only tells of the moment. */
#include "host/app/queue/manage_priv.h"

#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

static void tell_said(struct manage *m, const struct scripts_plan *plan)
{
    if (plan->said != NULL && plan->said[0] != '\0') {
        manage_notice(m, "%.280s", plan->said);
    }
}

static int plan(
    struct manage *m, enum driver_moment moment, struct scripts_plan *out, struct err *e)
{
    json_t *symbols = manage_symbols(m, moment);
    int rc = scripts_plan(m->o.scripts, moment, symbols, out, e);
    json_decref(symbols);
    if (rc == 0) {
        tell_said(m, out);
    }
    return rc;
}

static void failed(struct manage *m, const struct err *e)
{
    snprintf(m->error, sizeof m->error, "%s", e->text);
    log_error("%s: %s", driver_moment_name(m->moment), e->text);
    manage_post(m, DRIVER_SCRIPT_FAILED);
}

/* Nothing is clear before the store has been told, and that is told by HUB_BED first. */
static void ended(struct manage *m)
{
    struct err e;
    if (m->clears_bed && device_bed_cleared(m->o.device, &e) < 0) {
        failed(m, &e);
        return;
    }
    manage_post(m, DRIVER_SCRIPT_DONE);
}

static void on_script(void *context, const struct err *e)
{
    struct manage *m = context;
    if (e == NULL && m->clears_bed && script_run_missed(m->script)) {
        m->clears_bed = false;
        manage_notice(m,
            "\"%.80s\" has not reached whom it calls: whether the bed is clear is not "
            "known",
            m->script_name);
    }
    m->script = NULL;
    m->script_name[0] = '\0';
    if (e != NULL) {
        failed(m, e);
    } else {
        ended(m);
    }
}

/* Takes the plan's steps. */
static int start(struct manage *m, struct script_run **out, struct scripts_plan *p,
    const char *name, bool beside, store_cb done, void *context, struct err *e)
{
    const struct script_run_options o = {.loop = m->loop,
        .device = m->o.device,
        .hub = m->o.hub,
        .name = name,
        .beside = beside,
        .wait_ms = m->script_wait_ms,
        .done = done,
        .context = context};
    struct script_step *steps = p->steps;
    size_t count = p->count;
    p->steps = NULL;
    p->count = 0;
    scripts_plan_fini(p);
    return script_run_start(out, &o, steps, count, e);
}

static bool is_doubted(const struct manage *m)
{
    struct device_status st;
    device_status(m->o.device, &st);
    return st.identity_doubt;
}

void manage_do_script(struct manage *m, enum driver_moment moment)
{
    struct scripts_plan p = {0};
    struct err e;
    m->moment = moment;
    manage_stop_asides(m);
    if (plan(m, moment, &p, &e) < 0) {
        failed(m, &e);
        return;
    }
    m->clears_bed = p.clears_bed;
    if (p.count == 0) { /* every condition said no; a script with nothing in it clears nothing */
        m->clears_bed = false;
        scripts_plan_fini(&p);
        manage_post(m, DRIVER_SCRIPT_DONE);
        return;
    }
    snprintf(m->script_name, sizeof m->script_name, "%.95s", p.names);
    /* of another printer than before nothing is known; it is asked for before the first print */
    bool beside = m->fault || (moment == MOMENT_ACTIVATE && is_doubted(m));
    m->clears_bed = m->clears_bed && !beside;
    if (start(m, &m->script, &p, m->script_name, beside, on_script, m, &e) < 0) {
        m->script = NULL;
        m->script_name[0] = '\0';
        failed(m, &e);
    }
}

void manage_stop_asides(struct manage *m)
{
    for (size_t i = 0; i < MANAGE_ASIDES; i++) {
        struct script_run *run = m->aside[i].run;
        m->aside[i].run = NULL;
        if (run != NULL) {
            script_run_stop(run);
        }
    }
}

void manage_stop_scripts(struct manage *m)
{
    struct script_run *run = m->script;
    m->script = NULL;
    m->script_name[0] = '\0';
    if (run != NULL) {
        script_run_stop(run);
    }
    manage_stop_asides(m);
}

/* ---- nobody waits ------------------------------------------------------------------------------
 */

static void on_aside(void *context, const struct err *e)
{
    struct manage_aside *a = context;
    a->run = NULL;
    if (e != NULL) {
        manage_notice(a->manage, "%s", e->text);
    }
}

static struct manage_aside *free_aside(struct manage *m)
{
    for (size_t i = 0; i < MANAGE_ASIDES; i++) {
        if (m->aside[i].run == NULL) {
            return &m->aside[i];
        }
    }
    return NULL;
}

static void run_aside(struct manage *m, struct manage_aside *a, struct scripts_plan *p)
{
    struct device_status st;
    struct err e;
    device_status(m->o.device, &st);
    snprintf(a->name, sizeof a->name, "%.95s", p->names);
    a->manage = m;
    /* beside a print, or a script that the driver waits for, nothing is sent to the printer */
    bool beside = st.state != PRINTER_OPERATIONAL || m->script != NULL || st.script[0] != '\0' ||
                  st.identity_doubt || m->fault;
    if (start(m, &a->run, p, a->name, beside, on_aside, a, &e) < 0) {
        a->run = NULL;
        manage_notice(m, "%s", e.text);
    }
}

void manage_do_moment(struct manage *m, enum driver_moment moment)
{
    struct scripts_plan p = {0};
    struct err e;
    struct manage_aside *a = free_aside(m);
    if (a == NULL) {
        manage_notice(m, "%s: its scripts are left out, %d others still run",
            driver_moment_name(moment), MANAGE_ASIDES);
    } else if (plan(m, moment, &p, &e) < 0) {
        manage_notice(m, "%s: %s", driver_moment_name(moment), e.text);
    } else {
        run_aside(m, a, &p);
    }
}
