/* A script of the queue: gcode that runs between prints, and never beside one.
 *
 * Happy path: commands are injected as there is room for them, never more than a few ahead, so that
 * it can be stopped soon and what turns heaters off finds its place; when the last is acknowledged
 * M400 follows, and with its answer the script is done.
 *
 * Failure modes: a command that the printer's limits do not allow, a cancel, a heater that does
 * what it should not, a locked printer: the heaters are turned off, and nothing else starts before
 * that is acknowledged. A printer that is lost: the heaters are owed (device_cool.c).
 */
#include "host/app/device/device_priv.h"

#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define AHEAD 8 /* commands that wait in the sender's queue at most */

bool device_script_runs(const struct device *d)
{
    return d->script.name[0] != '\0';
}

int device_script_refuse(const struct device *d, struct err *e)
{
    return err_set(e, PP_ESTATE, "the script \"%s\" %s: wait for it, or ppctl cancel",
        d->script.name, d->script.done != NULL ? "runs" : "is being ended");
}

int device_check_script(const struct device *d, const char *text, struct err *e)
{
    struct gcheck check;
    struct limits limits = *device_limits(d);
    size_t most = dialect_max_command(d->who.dialect, 9999999);
    limits.max_line = limits.max_line > 0 && limits.max_line < most ? limits.max_line : most;
    gcheck_init(&check, &limits);
    int rc = 0;
    while (rc == 0 && *text != '\0') {
        size_t len = strcspn(text, "\n");
        rc = gcheck_line(&check, text, len, e);
        text += len + (text[len] == '\n');
    }
    return rc;
}

/* Tells the end once; a script that follows may begin within. */
static void tell(struct device *d, const struct err *e)
{
    store_cb done = d->script.done;
    d->script.done = NULL;
    if (done != NULL) {
        done(d->script.context, e);
    }
}

static void ended(struct device *d)
{
    store_cb done = d->script.done;
    void *context = d->script.context;
    d->script = (struct device_script){0};
    hub_emit(d->hub, HUB_STATE, NULL);
    if (done != NULL) {
        done(context, NULL);
    }
}

static void end(struct device *d)
{
    d->script.ending = true;
    d->script.ends++;
    device_inject(d, "M400", TAG_SCRIPT_END);
}

/* 0, or why a command may not be sent. */
static int feed(struct device *d, struct err *e)
{
    struct device_script *s = &d->script;
    while (s->waiting < AHEAD && !s->ending) {
        const char *text = s->next(s->context);
        struct gcode g;
        if (text == NULL) {
            end(d);
            return 0;
        }
        gcode_parse(&g, text, strlen(text));
        if (g.len == 0) {
            continue;
        }
        int rc = gcheck_line(&s->check, g.text, g.len, e);
        if (rc == 0 && g.len > dialect_max_command(d->who.dialect, 9999999)) {
            rc = err_set(e, PP_EREFUSED,
                "\"%.30s...\" has %zu characters: too long for this printer", g.text, g.len);
        }
        if (rc == 0 && !sender_inject(d->sender, g.text, g.len, TAG_SCRIPT)) {
            rc = err_set(e, PP_EBUSY, "\"%.60s\" cannot be sent", text);
        }
        if (rc < 0) {
            return rc;
        }
        s->waiting++;
    }
    return 0;
}

int device_script(struct device *d, const char *name, device_script_next next, store_cb done,
    void *context, struct err *e)
{
    struct device_script *s = &d->script;
    int rc = device_may_start(d, e);
    if (rc < 0) {
        return rc;
    }
    if (d->pending[0] != '\0') {
        return err_set(e, PP_ESTATE, "\"%s\" waits for an answer: no script runs", d->pending);
    }
    if (d->who.identity_doubt) {
        return err_set(e, PP_ESTATE,
            "another printer or port than before: no script runs before a person has said that it "
            "is the right one");
    }
    *s = (struct device_script){.next = next, .done = done, .context = context};
    snprintf(s->name, sizeof s->name, "%s", name[0] != '\0' ? name : "script");
    gcheck_init(&s->check, device_limits(d));
    log_info("script \"%s\" runs", s->name);
    device_cool_used(d);
    rc = feed(d, e);
    if (rc < 0) {
        s->done = NULL; /* told by this call */
        device_script_fail(d, e->code, e->text);
        return rc;
    }
    hub_emit(d->hub, HUB_STATE, NULL);
    return 0;
}

/* Whatever of it is on its way to the printer is carried out; the heaters go off behind it. */
void device_script_fail(struct device *d, int code, const char *why)
{
    struct device_script *s = &d->script;
    struct err e;
    if (!device_script_runs(d)) {
        return;
    }
    err_set(&e, code, "script \"%s\": %s", s->name, why);
    if (s->done == NULL && s->ending) {
        return; /* has failed already */
    }
    log_warn("%s", e.text);
    d->waits_ended = 0;
    if (device_waits(d)) {
        device_end_wait(d);
    }
    device_heaters_off(d, TAG_NONE);
    end(d);
    tell(d, &e);
}

void device_cool(struct device *d)
{
    enum printer_state state = device_state(d);
    if (state == PRINTER_OPERATIONAL) {
        device_heaters_off(d, TAG_NONE);
    } else if (!printer_is_connected(state) && d->run.id[0] == '\0') {
        device_cool_owe(d);
    }
}

void device_script_stop(struct device *d)
{
    device_script_fail(d, PP_ECANCELED, "stopped");
}

void device_script_lost(struct device *d, const char *why)
{
    struct device_script *s = &d->script;
    struct err e;
    if (!device_script_runs(d)) {
        return;
    }
    err_set(&e, PP_EOFFLINE, "script \"%s\": %s", s->name, why);
    log_warn("%s", e.text);
    store_cb done = s->done;
    void *context = s->context;
    *s = (struct device_script){0};
    if (!printer_is_connected(device_state(d))) {
        device_cool_owe(d);
    }
    if (done != NULL) {
        done(context, &e);
    }
}

void device_script_tag(struct device *d, enum device_tag tag)
{
    struct device_script *s = &d->script;
    struct err e;
    if (!device_script_runs(d)) {
        return;
    }
    if (tag == TAG_SCRIPT_END) {
        s->ends -= s->ends > 0;
        if (s->ends == 0) { /* stopped behind its own M400 it has two */
            ended(d);
        }
        return;
    }
    s->waiting -= s->waiting > 0;
    if (s->done != NULL && !s->ending && feed(d, &e) < 0) {
        device_script_fail(d, e.code, e.text);
    }
}
