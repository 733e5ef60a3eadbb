/* The life of managing and its pump: events in, the driver's actions out. */
#include "host/app/queue/manage_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANAGING_SETTING "managing"
#define STEPS_MAX        64 /* of one turn of the loop */

#define LISTENS                                                                                    \
    (1u << HUB_STATE | 1u << HUB_TEMPS | 1u << HUB_QUESTION | 1u << HUB_RUN | 1u << HUB_BED |      \
        1u << HUB_JOBS | 1u << HUB_SPOOLS | 1u << HUB_QUEUE_GO | 1u << HUB_FAULT)

/* ---- events ------------------------------------------------------------------------------------
 */

static void on_pump(uv_timer_t *timer);

static void pump_soon(struct manage *m)
{
    if (!m->closing) {
        uv_timer_start(&m->pump, on_pump, 0, 0);
    }
}

/* Each is the answer to something, or one of a run: there are never many, unless the disk hangs
 * while this program starts. */
void manage_post_run(struct manage *m, enum driver_event kind, const struct run *run)
{
    if (m->events == m->events_room) {
        m->events_room += 8;
        m->event = mem_resize(m->event, m->events_room, sizeof *m->event);
    }
    struct manage_event *event = &m->event[m->events++];
    *event = (struct manage_event){.kind = kind};
    if (run != NULL) {
        event->run = *run;
    }
    pump_soon(m);
}

void manage_post(struct manage *m, enum driver_event kind)
{
    manage_post_run(m, kind, NULL);
}

void manage_look(struct manage *m)
{
    m->look = true;
    pump_soon(m);
}

void manage_notice(struct manage *m, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_info("%s", text);
    hub_emit(m->o.hub, HUB_NOTICE, text);
}

static void stop_for_fault(struct manage *m, const char *why)
{
    m->fault = true;
    if (driver_state(&m->driver) != DRIVER_INACTIVE) { /* one thing printed by hand, too */
        manage_stop_for(m, why);
    }
}

static void watch_state(struct manage *m)
{
    struct device_status st;
    device_status(m->o.device, &st);
    bool paused = st.state == PRINTER_PAUSED;
    bool goes_on = st.state == PRINTER_PRINTING || st.state == PRINTER_FINISHING;
    bool in_error = st.state == PRINTER_ERROR;
    if (m->open_run.id[0] != '\0' && paused && !m->paused) {
        m->paused = true;
        manage_post_run(m, DRIVER_PRINT_PAUSED, &m->open_run);
    } else if (m->open_run.id[0] != '\0' && goes_on && m->paused) {
        m->paused = false;
        manage_post_run(m, DRIVER_PRINT_RESUMED, &m->open_run);
    }
    if (in_error && !m->was_in_error) {
        char why[sizeof st.error + 40];
        snprintf(why, sizeof why, "the printer has stopped in an error: %s", st.error);
        stop_for_fault(m, why);
    }
    m->was_in_error = in_error;
}

static void start_from_printer(struct manage *m)
{
    struct err e;
    if (manage_start(m, &e) < 0) {
        manage_notice(m, "the printer asks for its queue to be printed: %s", e.text);
    }
}

static void on_hub(void *context, enum hub_event event, const void *data)
{
    struct manage *m = context;
    if (event == HUB_RUN) {
        manage_on_run(m, data);
    } else if (event == HUB_STATE) {
        watch_state(m);
    } else if (event == HUB_FAULT) {
        stop_for_fault(m, data);
    } else if (event == HUB_QUEUE_GO) {
        start_from_printer(m);
    } else if (event == HUB_TEMPS && driver_state(&m->driver) != DRIVER_COOLDOWN) {
        return;
    }
    manage_look(m);
}

/* ---- the pump ----------------------------------------------------------------------------------
 */

bool manage_is_on(const struct manage *m)
{
    return driver_state(&m->driver) != DRIVER_INACTIVE && !m->driver.once;
}

static void on_setting_saved(void *context, const struct err *e)
{
    if (e != NULL) {
        log_error("whether the queue is managed could not be written: %s", e->text);
    }
    manage_let_go(context);
}

/* So that a restart knows whether to go on with what goes on. */
static void store_managing(struct manage *m)
{
    bool on = manage_is_on(m);
    if (on != m->stored_managing) {
        m->stored_managing = on;
        m->open++;
        store_save_setting(m->o.store, MANAGING_SETTING, on ? "yes" : "no", on_setting_saved, m);
    }
}

static bool take_event(struct manage *m, struct manage_event *out)
{
    if (m->events > 0) {
        *out = m->event[0];
        m->events--;
        memmove(m->event, m->event + 1, m->events * sizeof *m->event);
        return true;
    }
    *out = (struct manage_event){.kind = DRIVER_LOOK};
    bool look = m->look;
    m->look = false;
    return look;
}

/* From where a print is prepared: neither what only waits for a person, nor another attempt. */
static void note_state(struct manage *m, enum driver_state before)
{
    const uint32_t passing = SM_TO(DRIVER_AWAITING_BED) | SM_TO(DRIVER_AWAITING_MATERIAL) |
                             SM_TO(DRIVER_PREPARING) | SM_TO(DRIVER_STARTING);
    if ((passing & SM_TO(before)) == 0) {
        m->came_from = before;
    }
}

static void step(struct manage *m, const struct manage_event *event)
{
    struct driver_out out;
    if (event->run.id[0] != '\0' && event->run.result != RUN_OPEN) {
        m->ended = event->run;
    }
    manage_find_facts(m, event);
    enum driver_state before = driver_state(&m->driver);
    bool was_once = m->driver.once;
    driver_step(&m->driver, &m->settings.driver, event->kind, &m->facts, &out);
    note_state(m, before);
    for (size_t i = 0; i < out.count; i++) {
        manage_act(m, &out, i);
    }
    manage_ask_again(m);
    if (was_once && !m->driver.once) {
        m->once_job[0] = '\0';
    }
    if (before != driver_state(&m->driver)) {
        manage_look(m); /* what the actions have changed */
    }
}

static void pump(struct manage *m)
{
    struct manage_event event;
    if (m->starting > 0) {
        return; /* again when it is known what earlier runs came to */
    }
    manage_reconcile_joined(m);
    if (m->starting > 0) {
        return;
    }
    manage_look_at_bed(m);
    for (int i = 0; i < STEPS_MAX && take_event(m, &event); i++) {
        step(m, &event);
    }
    if (m->events > 0 || m->look) {
        pump_soon(m);
    }
    manage_mind_claims(m);
    manage_ask_stranger(m);
    manage_tell_wish(m);
    store_managing(m);
    manage_tell(m);
}

static void on_pump(uv_timer_t *timer)
{
    pump(timer->data);
}

/* ---- people ------------------------------------------------------------------------------------
 */

int manage_start(struct manage *m, struct err *e)
{
    (void)e;
    m->skip_count = 0;
    m->passes_count = 0;
    m->fault = false;
    m->stopped[0] = '\0';
    m->stopped_badly = false;
    m->error[0] = '\0';
    manage_post(m, DRIVER_START);
    pump(m); /* whoever asked is told what it does now */
    return 0;
}

int manage_stop(struct manage *m, struct err *e)
{
    (void)e;
    m->stopped[0] = '\0';
    m->stopped_badly = false;
    manage_post(m, DRIVER_STOP);
    pump(m);
    return 0;
}

/* The first reason is the one that counts. */
void manage_stop_for(struct manage *m, const char *why)
{
    if (m->stopped_badly) {
        return;
    }
    snprintf(m->stopped, sizeof m->stopped, "%s", why);
    m->stopped_badly = true;
    manage_notice(m, "managing has stopped: %s", why);
    manage_post(m, DRIVER_STOP);
}

/* Those of the configuration and those of the profile. */
static void set_ignore_lines(struct manage *m)
{
    struct strbuf lines = {0};
    const struct profile *p = m->o.profile;
    strbuf_puts(&lines, m->ignore_lines != NULL ? m->ignore_lines : "");
    for (size_t i = 0; p != NULL && p->ignore_lines[i] != NULL; i++) {
        strbuf_printf(&lines, "\n%s", p->ignore_lines[i]);
    }
    device_set_ignore_lines(m->o.device, strbuf_text(&lines));
    strbuf_fini(&lines);
}

void manage_set_profile(struct manage *m, const struct profile *profile)
{
    m->o.profile = profile;
    set_ignore_lines(m);
    manage_look(m);
}

void manage_set_settings(struct manage *m, const struct manage_settings *s)
{
    char *lines = s->ignore_lines != NULL ? mem_strdup(s->ignore_lines) : NULL;
    free(m->ignore_lines);
    m->ignore_lines = lines;
    m->settings = *s;
    m->settings.ignore_lines = lines;
    set_ignore_lines(m);
    manage_look(m);
}

const struct manage_settings *manage_settings(const struct manage *m)
{
    return &m->settings;
}

/* ---- life --------------------------------------------------------------------------------------
 */

/* Managing goes on with a print that goes on. Else it is off: a restart heats nothing by itself. */
static int go_on_managing(struct manage *m, struct err *e)
{
    char was[8];
    int rc = store_load_setting(m->o.store, MANAGING_SETTING, was, sizeof was, e);
    if (rc < 0 || strcmp(was, "yes") != 0) {
        return rc;
    }
    m->stored_managing = true;
    if (m->open_run.queue[0] != '\0') {
        manage_post(m, DRIVER_START);
        return 0;
    }
    snprintf(m->stopped, sizeof m->stopped,
        "the program was started anew with no print under way (go on with: ppctl start)");
    manage_notice(m, "managing is off: %s", m->stopped);
    store_managing(m);
    return 0;
}

/* The run that the device has taken up again, or offers to. */
static int find_open_run(struct manage *m, struct err *e)
{
    struct device_status st;
    device_status(m->o.device, &st);
    m->paused = st.state == PRINTER_PAUSED;
    m->was_in_error = st.state == PRINTER_ERROR;
    if (st.job.run_id[0] == '\0') {
        return 0;
    }
    return store_load_run(m->o.store, st.job.run_id, &m->open_run, e);
}

static void destroy(struct manage *m)
{
    json_decref(m->external);
    json_decref(m->history);
    free(m->ignore_lines);
    free(m->quarantine);
    free(m->skip);
    free(m->late);
    free(m->event);
    free(m->joined);
    free(m);
}

int manage_open(struct manage **out, uv_loop_t *loop, const struct manage_options *o, struct err *e)
{
    struct manage *m = mem_alloc(sizeof *m);
    m->o = *o;
    m->loop = loop;
    m->dead_ms = -1;
    m->script_wait_ms = SCRIPT_RUN_WAIT_MS;
    snprintf(m->name, sizeof m->name, "%s", o->name);
    driver_init(&m->driver);
    int rc = manage_load_quarantine(m, e);
    rc = rc == 0 ? manage_load_external(m, e) : rc;
    rc = rc == 0 ? find_open_run(m, e) : rc;
    if (rc < 0) {
        destroy(m);
        return rc;
    }
    uv_timer_init(loop, &m->pump);
    uv_timer_init(loop, &m->wake);
    uv_timer_init(loop, &m->again);
    m->pump.data = m;
    m->wake.data = m;
    m->again.data = m;
    uv_timer_init(loop, &m->later);
    m->later.data = m;
    m->open = 4;
    m->listener = hub_add(o->hub, LISTENS, on_hub, m);
    manage_set_settings(m, &o->settings);
    struct err why;
    if (manage_reconcile(m, &why) < 0 || go_on_managing(m, &why) < 0) {
        log_error("%s", why.text); /* what cannot be read now is looked at at the next start */
    }
    *out = m;
    return 0;
}

void manage_let_go(struct manage *m)
{
    if (--m->open > 0) {
        return;
    }
    void (*closed)(void *) = m->closed;
    void *context = m->closed_context;
    destroy(m);
    closed(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    manage_let_go(handle->data);
}

void manage_close(struct manage *m, void (*closed)(void *context), void *context)
{
    static const char *const kinds[] = {"material", "file", "managing", "peer"};
    m->closing = true;
    m->closed = closed;
    m->closed_context = context;
    hub_remove(m->o.hub, m->listener);
    manage_stop_scripts(m);
    manage_drop_fetching(m);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        device_withdraw(m->o.device, kinds[i]);
    }
    manage_tell_wish(m);
    uv_close((uv_handle_t *)&m->pump, on_handle_closed);
    uv_close((uv_handle_t *)&m->wake, on_handle_closed);
    uv_close((uv_handle_t *)&m->again, on_handle_closed);
    uv_close((uv_handle_t *)&m->later, on_handle_closed);
}
