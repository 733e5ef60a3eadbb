#include "host/app/queue/script_run.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/webcall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 1000  /* at temperatures, beside what the hub tells */
#define CALL_MS 10000 /* for a web address */

enum doing {
    DOING_NEXT, /* the step `at` begins with the timer */
    DOING_COMMANDS,
    DOING_PAUSE,
    DOING_COOLING,
    DOING_WAIT,
    DOING_CALL,
    DOING_NOTHING /* told, or stopped */
};

struct script_run {
    struct script_run_options o;
    char name[96];
    struct script_step *steps; /* owned */
    size_t count;
    size_t at;
    enum doing doing;
    uv_timer_t timer;
    uv_work_t call;
    struct err call_error;
    bool missed; /* a call was not answered */
    struct hub_listener *listener;
    uint64_t since_ms; /* DOING_COOLING, DOING_WAIT */
    int64_t since_wall_ms;
    char waits[160];
    size_t open; /* the timer, a call */
};

static void on_timer(uv_timer_t *timer);

/* ---- the end ---- */

static void let_go(struct script_run *r)
{
    if (--r->open == 0) {
        script_steps_free(r->steps, r->count);
        free(r);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

/* Nothing of it happens any more. What it has turned on goes off, unless it came to its end. */
static void shut(struct script_run *r, bool ended_well)
{
    enum doing was = r->doing;
    r->doing = DOING_NOTHING;
    hub_remove(r->o.hub, r->listener);
    if (was == DOING_PAUSE) {
        device_withdraw(r->o.device, "script");
    } else if (was == DOING_COMMANDS) {
        device_script_stop(r->o.device);
    } else if (was == DOING_CALL) {
        uv_cancel((uv_req_t *)&r->call); /* a call under way is waited for, and nothing follows */
    }
    if (!ended_well && !r->o.beside && was != DOING_COMMANDS) {
        device_cool(r->o.device);
    }
    uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

/* `e` NULL: it has ended well. */
static void end(struct script_run *r, const struct err *e)
{
    struct err why = e != NULL ? *e : (struct err){0};
    store_cb done = r->o.done;
    void *context = r->o.context;
    if (r->doing != DOING_NOTHING) {
        shut(r, e == NULL);
        done(context, e != NULL ? &why : NULL);
    }
}

static void fail(struct script_run *r, int code, const char *text)
{
    struct err e;
    int line = r->at < r->count ? r->steps[r->at].line : 0;
    err_set(&e, code, "script \"%s\", line %d: %s", r->name, line, text);
    end(r, &e);
}

void script_run_stop(struct script_run *r)
{
    if (r->doing != DOING_NOTHING) {
        shut(r, false);
    }
}

const char *script_run_waits(const struct script_run *r)
{
    return r->waits;
}

bool script_run_missed(const struct script_run *r)
{
    return r->missed;
}

/* ---- the steps ---- */

/* The next step begins later, with nothing of this one on the stack. */
static void go_on(struct script_run *r)
{
    r->doing = DOING_NEXT;
    r->waits[0] = '\0';
    uv_timer_start(&r->timer, on_timer, 0, 0);
}

static const char *next_command(void *context)
{
    struct script_run *r = context;
    bool more = r->at < r->count && r->steps[r->at].kind == SCRIPT_GCODE;
    return more ? r->steps[r->at++].text : NULL;
}

static void on_commands(void *context, const struct err *e)
{
    struct script_run *r = context;
    if (r->doing != DOING_COMMANDS) {
        return;
    }
    r->doing = DOING_NEXT; /* the device has nothing of it any more */
    if (e != NULL) {
        end(r, e);
    } else {
        go_on(r);
    }
}

static void run_commands(struct script_run *r)
{
    struct err e;
    if (r->o.beside) {
        while (next_command(r) != NULL) { /* passed over */
        }
        go_on(r);
        return;
    }
    r->doing = DOING_COMMANDS;
    if (device_script(r->o.device, r->name, next_command, on_commands, r, &e) < 0) {
        r->doing = DOING_NEXT;
        end(r, &e);
    }
}

static void on_answer(void *context, int answer)
{
    struct script_run *r = context;
    if (r->doing == DOING_PAUSE && answer >= 0) {
        go_on(r);
    } else if (r->doing == DOING_PAUSE) {
        r->doing = DOING_NEXT;
        fail(r, PP_ECANCELED, "its question was taken back");
    }
}

static void pause_script(struct script_run *r, const struct script_step *step)
{
    static const char *const answers[] = {"continue", NULL};
    const char *text = step->text[0] != '\0' ? step->text : "Is all done for it to go on?";
    char question[200];
    r->doing = DOING_PAUSE;
    snprintf(r->waits, sizeof r->waits, "%s", text);
    snprintf(question, sizeof question, "\"%.60s\" waits: %s", r->name, text);
    device_ask_person(r->o.device, "script", answers, question, on_answer, r);
}

static bool is_meant(const struct script_step *step, const char *heater)
{
    bool bed = step->kind == SCRIPT_WAIT_BED;
    return bed ? strcmp(heater, "bed") == 0 : str_starts(heater, "tool");
}

/* The hottest of the heaters meant, as told since this step began; INT32_MIN unknown. */
static int32_t hottest(const struct script_run *r, const struct script_step *step)
{
    struct device_status st;
    int32_t most_mc = INT32_MIN;
    device_status(r->o.device, &st);
    if (st.temps_told_ms < r->since_wall_ms) {
        return INT32_MIN;
    }
    for (size_t i = 0; i < st.heaters; i++) {
        if (is_meant(step, st.heater[i].name) && st.heater[i].actual_mc > most_mc) {
            most_mc = st.heater[i].actual_mc;
        }
    }
    return most_mc;
}

static void look_at_temperature(struct script_run *r)
{
    const struct script_step *step = &r->steps[r->at];
    int32_t mc = hottest(r, step);
    if (mc != INT32_MIN && mc <= step->mc) {
        r->at++;
        go_on(r);
    } else if ((int64_t)(clock_ms() - r->since_ms) > r->o.wait_ms) {
        char text[120];
        snprintf(text, sizeof text, "%s is not down to %g °C after %lld min",
            step->kind == SCRIPT_WAIT_BED ? "the bed" : "the hotend", step->mc / 1000.0,
            (long long)(r->o.wait_ms / 60000));
        fail(r, PP_ETIMEOUT, text);
    } else {
        uv_timer_start(&r->timer, on_timer, LOOK_MS, 0);
    }
}

/* Off first: what is heated does not cool. */
static void cool(struct script_run *r, const struct script_step *step)
{
    struct device_status st;
    struct err e;
    int rc = 0;
    bool any = false;
    device_status(r->o.device, &st);
    for (size_t i = 0; i < st.heaters && rc == 0; i++) {
        if (is_meant(step, st.heater[i].name)) {
            any = true;
            rc = device_set_temp(r->o.device, st.heater[i].name, 0, &e);
        }
    }
    if (rc < 0 || !any) {
        fail(r, PP_EREFUSED, rc < 0 ? e.text : "the printer tells no such temperature");
        return;
    }
    r->doing = DOING_COOLING;
    r->since_ms = clock_ms();
    r->since_wall_ms = clock_wall_ms();
    snprintf(r->waits, sizeof r->waits, "%s to cool down to %g °C",
        step->kind == SCRIPT_WAIT_BED ? "the bed" : "the hotend", step->mc / 1000.0);
    uv_timer_start(&r->timer, on_timer, LOOK_MS, 0);
}

static void call(uv_work_t *work)
{
    struct script_run *r = work->data;
    const struct script_step *step = &r->steps[r->at];
    r->call_error.code = 0;
    webcall(step->text, step->body, CALL_MS, &r->call_error);
}

static void on_called(uv_work_t *work, int status)
{
    struct script_run *r = work->data;
    char text[300];
    if (r->doing == DOING_CALL) {
        if (status == 0 && r->call_error.code != 0) {
            snprintf(text, sizeof text, "script \"%.60s\": %.180s", r->name, r->call_error.text);
            log_warn("%s", text);
            hub_emit(r->o.hub, HUB_NOTICE, text);
            r->missed = true;
        }
        r->at++;
        go_on(r);
    }
    let_go(r);
}

static void begin_call(struct script_run *r)
{
    r->doing = DOING_CALL;
    r->call.data = r;
    r->open++;
    uv_queue_work(r->o.loop, &r->call, call, on_called);
}

static void begin(struct script_run *r)
{
    const struct script_step *step = &r->steps[r->at];
    bool beside = r->o.beside;
    switch (step->kind) {
    case SCRIPT_GCODE:
        run_commands(r);
        return;
    case SCRIPT_HTTP:
        begin_call(r);
        return;
    case SCRIPT_WAIT:
        r->doing = DOING_WAIT;
        r->at++;
        snprintf(r->waits, sizeof r->waits, "%g seconds", (double)step->ms / 1000);
        uv_timer_start(&r->timer, on_timer, (uint64_t)step->ms, 0);
        return;
    case SCRIPT_CANCEL:
        fail(r, PP_ECANCELED, step->text[0] != '\0' ? step->text : "it ends managing");
        return;
    case SCRIPT_NOTIFY:
        log_info("%s", step->text);
        hub_emit(r->o.hub, HUB_NOTICE, step->text);
        break;
    case SCRIPT_HEATERS_OFF:
        if (!beside) {
            device_cool(r->o.device); /* before whatever follows of it */
        }
        break;
    case SCRIPT_PAUSE:
        if (!beside) {
            r->at++;
            pause_script(r, step);
            return;
        }
        break;
    case SCRIPT_WAIT_BED:
    case SCRIPT_WAIT_HOTEND:
        if (!beside) {
            cool(r, step);
            return;
        }
        break;
    case SCRIPT_KINDS:
        break;
    }
    r->at++;
    go_on(r);
}

static void on_timer(uv_timer_t *timer)
{
    struct script_run *r = timer->data;
    if (r->doing == DOING_COOLING) {
        look_at_temperature(r);
    } else if (r->doing == DOING_WAIT) {
        go_on(r);
    } else if (r->doing == DOING_NEXT && r->at == r->count) {
        end(r, NULL);
    } else if (r->doing == DOING_NEXT) {
        begin(r);
    }
}

/* ---- the printer, meanwhile ---- */

static void on_hub(void *context, enum hub_event event, const void *data)
{
    struct script_run *r = context;
    struct device_status st;
    (void)data;
    if (r->doing == DOING_NOTHING || r->doing == DOING_COMMANDS || r->o.beside) {
        return; /* the device tells what becomes of commands */
    }
    if (event == HUB_TEMPS) {
        if (r->doing == DOING_COOLING) {
            look_at_temperature(r);
        }
        return;
    }
    device_status(r->o.device, &st);
    if (st.state != PRINTER_OPERATIONAL) {
        char text[64];
        snprintf(text, sizeof text, "the printer is %s", printer_states[st.state].name);
        fail(r, printer_is_connected(st.state) ? PP_ESTATE : PP_EOFFLINE, text);
    }
}

/* ---- the start ---- */

static int check(const struct script_run *r, struct err *e)
{
    struct strbuf text = {0};
    for (size_t i = 0; i < r->count; i++) {
        if (r->steps[i].kind == SCRIPT_GCODE) {
            strbuf_printf(&text, "%s\n", r->steps[i].text);
        }
    }
    int rc = device_check_script(r->o.device, strbuf_text(&text), e);
    strbuf_fini(&text);
    return rc < 0 ? err_wrap(e, "script \"%s\"", r->name) : 0;
}

int script_run_start(struct script_run **out, const struct script_run_options *o,
    struct script_step *steps, size_t count, struct err *e)
{
    struct script_run *r = mem_alloc(sizeof *r);
    r->o = *o;
    r->steps = steps;
    r->count = count;
    snprintf(r->name, sizeof r->name, "%s", o->name);
    r->o.name = r->name;
    int rc = o->beside ? 0 : check(r, e);
    if (rc < 0) {
        script_steps_free(r->steps, r->count);
        free(r);
        return rc;
    }
    uv_timer_init(o->loop, &r->timer);
    r->timer.data = r;
    r->open = 1;
    r->listener = hub_add(o->hub, 1u << HUB_STATE | 1u << HUB_TEMPS, on_hub, r);
    go_on(r);
    *out = r;
    return 0;
}
