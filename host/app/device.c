#include "host/app/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/io/ports.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS        500   /* the housekeeping timer */
#define STOP_MS          12000 /* an orderly stop gets this long */
#define ESTOP_MS         2500 /* and what follows when that fails: as long as NOTE_ESTOPPED takes */
#define POLL_MS          2000 /* between two M105 where nothing is reported by itself */
#define TEMP_SAVE_MS     60000
#define RESUME_WITHIN_MS 60000
#define MAX_WAITING      32 /* commands of people; the rest of the sender's queue is for scripts */

/* ---- state, notices
 * ------------------------------------------------------------------- */

enum printer_state device_state(const struct device *d)
{
    return (enum printer_state)d->state.state;
}

void device_move(struct device *d, enum printer_state next, const char *why)
{
    if (d->state.state == (int)next) {
        return;
    }
    bool cut_off = device_state(d) == PRINTER_TRANSFERRING && next != PRINTER_OPERATIONAL;
    sm_move(&d->state, (int)next, why);
    if (cut_off) {
        device_sd_put_lost(d);
    }
    if (next == PRINTER_OPERATIONAL) {
        d->error[0] = '\0';
        d->heaters_used = clock_ms();
    }
    device_remember(d);
    hub_emit(d->hub, HUB_STATE, NULL);
}

void device_fail(struct device *d, enum printer_state next, const char *fmt, ...)
{
    char text[sizeof d->error];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (strcmp(text, d->error) != 0) {
        log_error("%s", text); /* once, not at every retry */
    }
    memcpy(d->error, text, sizeof text);
    if (device_state(d) == next) {
        hub_emit(d->hub, HUB_STATE, NULL);
    }
    device_move(d, next, text);
}

void device_notice(struct device *d, const char *fmt, ...)
{
    char text[240];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_info("%s", text);
    device_terminal_add(d, '!', text, strlen(text));
    hub_emit(d->hub, HUB_NOTICE, text);
}

static void on_row_saved(void *context, const struct err *e)
{
    device_stored(context);
    if (e != NULL) {
        log_error("%s", e->text);
    }
}

/* What is said of the bed of a doubted printer holds for as long as that one is there. */
void device_save_row(struct device *d, store_cb done)
{
    struct printer_row row = d->row;
    if ((d->identity_doubt || d->port_doubt) && row.bed == BED_CLEAR) {
        row.bed = BED_UNKNOWN;
    }
    d->open++;
    store_save_printer(d->store, &row, done != NULL ? done : on_row_saved, d);
}

void device_inject(struct device *d, const char *text, enum device_tag tag)
{
    if (device_sd_swallows(d, text)) {
        return;
    }
    if (!sender_inject(d->sender, text, strlen(text), tag)) {
        log_error("the sender's queue is full: \"%s\" was not sent", text);
    }
}

/* As many as the profile has, or the printer reports. */
int device_tools(const struct device *d)
{
    int tools = d->profile != NULL && d->profile->limits.tools > 0 ? d->profile->limits.tools : 1;
    for (int i = tools; i < TEMP_TOOLS; i++) {
        tools = d->temps.actual_mc[i] != TEMP_NONE ? i + 1 : tools;
    }
    return tools;
}

/* Turns off every heater that is on or unknown. The last line carries the tag. */
void device_heaters_off(struct device *d, enum device_tag tag)
{
    int tools = device_tools(d);
    char line[32];
    d->heat.locked = false;
    for (int i = 0; i < tools; i++) {
        snprintf(line, sizeof line, tools > 1 ? "M104 T%d S0" : "M104 S0", i);
        device_inject(d, line, TAG_NONE);
    }
    if (d->temps.actual_mc[TEMP_CHAMBER] != TEMP_NONE) {
        device_inject(d, "M141 S0", TAG_NONE);
    }
    device_inject(d, "M140 S0", tag);
}

/* ---- the housekeeping timer
 * ------------------------------------------------------------------------ */

/* Not where a report by itself could be taken for the answer to M105. */
bool device_reports(const struct device *d)
{
    return caps_has(&d->caps, CAP_AUTOREPORT_TEMP) && !d->dialect->temps_then_ok;
}

static void poll_temps(struct device *d, uint64_t now)
{
    uint64_t every = device_reports(d) ? 10 * POLL_MS : POLL_MS;
    bool blocked = device_waits(d) || (device_self_paused(d) && d->self.change) ||
                   device_sd_muted(d) || device_recover_blind(d);
    if (!printer_is_connected(device_state(d)) || blocked || now - d->temps_ms < every ||
        sender_injects(d->sender) >= MAX_WAITING) {
        return;
    }
    d->temps_ms = now;
    device_inject(d, "M105", TAG_NONE);
}

static void save_temps(struct device *d, uint64_t now)
{
    struct temp_row rows[TEMP_HEATERS];
    size_t n = 0;
    if (now - d->saved_temps_ms < TEMP_SAVE_MS || !printer_is_connected(device_state(d))) {
        return;
    }
    d->saved_temps_ms = now;
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        if (d->temps.actual_mc[i] == TEMP_NONE) {
            continue;
        }
        rows[n] = (struct temp_row){.wall_ms = clock_wall_ms(),
            .actual_mc = d->temps.actual_mc[i],
            .target_mc = d->temps.target_mc[i]};
        snprintf(rows[n++].heater, sizeof rows->heater, "%s", temp_heater_name(i));
    }
    store_add_temps(d->store, rows, n);
}

static void on_second(uv_timer_t *timer)
{
    struct device *d = timer->data;
    uint64_t now = clock_ms();
    bool tap = hub_count(d->hub, HUB_TERMINAL) > 0;
    sender_beat(d->sender);
    if (tap != d->tapped) {
        d->tapped = tap;
        sender_tap(d->sender, tap);
    }
    device_wait_tick(d, now);
    device_display_tick(d, now);
    if (d->message_new) {
        d->message_new = false;
        hub_emit(d->hub, HUB_STATE, NULL);
    }
    device_cool_tick(d, now);
    device_thermal_tick(d, now);
    poll_temps(d, now);
    save_temps(d, now);
    device_recover_tick(d, now);
    device_sd_tick(d, now);
    if (d->run.id[0] != '\0') {
        hub_emit(d->hub, HUB_PROGRESS, NULL);
    }
}

/* ---- life
 * ---------------------------------------------------------------------------------------------- */

static void init_handles(struct device *d)
{
    uv_timer_init(d->loop, &d->second);
    uv_timer_init(d->loop, &d->retry);
    uv_timer_init(d->loop, &d->deadline);
    d->second.data = d;
    d->retry.data = d;
    d->deadline.data = d;
    d->open += 3;
    uv_timer_start(&d->second, on_second, SECOND_MS, SECOND_MS);
}

static void init(struct device *d, const struct device_options *o)
{
    snprintf(d->name, sizeof d->name, "%s", o->name);
    snprintf(d->path, sizeof d->path, "%s", o->device);
    d->baud_wanted = o->baud;
    device_set_resume_within(d, o->resume_within_ms);
    d->heat.idle_off_ms = o->heaters_off_ms;
    d->heat.pause_off_ms = o->pause_off_ms;
    d->heat.pause_bed_off_ms = o->pause_bed_off_ms;
    d->profile = o->profile;
    d->shutdown = o->shutdown;
    d->shutdown_context = o->shutdown_context;
    d->state = (struct sm){.table = printer_states, .label = "printer", .state = PRINTER_OFFLINE};
    d->dialect = &d->own_dialect;
    device_choose_dialect(d);
    d->wanted = true;
    device_thermal_reset(d);
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        d->temps.actual_mc[i] = TEMP_NONE;
        d->temps.target_mc[i] = TEMP_NONE;
    }
}

/* A bed that another printer left, or a host that died printing, is not known to be clear. */
static int load_past(struct device *d, struct err *e)
{
    int rc = store_load_printer(d->store, &d->row, e);
    /* also with no run open: a host may die twice before the printer answers, or with heaters on */
    bool owed = device_cool_is_owed(d);
    rc = rc == 0 ? device_recover_open(d, e) : rc;
    if (owed || store_was_unclean(d->store)) {
        device_cool_owe(d);
    }
    if (rc == 0) {
        device_sd_load(d);
    }
    return rc;
}

static void check_port_identity(struct device *d)
{
    char stable[sizeof d->row.port_identity];
    ports_stable_name(d->path, stable, sizeof stable);
    if (d->row.port_identity[0] != '\0' && strcmp(d->row.port_identity, stable) != 0) {
        log_warn("this data folder belongs to the printer on %s, this is %s: asking before a print",
            d->row.port_identity, stable);
        d->port_doubt = true;
    }
    if (d->row.port_identity[0] == '\0') {
        snprintf(d->row.port_identity, sizeof d->row.port_identity, "%s", stable);
    }
}

int device_open(struct device **out, uv_loop_t *loop, const struct device_options *options,
    struct store *store, struct files *files, struct hub *hub, struct err *e)
{
    struct device *d = mem_alloc(sizeof *d);
    d->loop = loop;
    d->store = store;
    d->files = files;
    d->hub = hub;
    init(d, options);
    int baud = options->baud > 0 ? options->baud : 115200;
    int rc = sender_open(&d->sender,
        &(struct sender_options){.loop = loop,
            .estop_path = options->estop_path,
            .ring_path = options->ring_path,
            .note = device_on_note,
            .fill = device_fill,
            .context = d},
        e);
    if (rc == 0 && (rc = load_past(d, e)) < 0) {
        sender_close(d->sender, NULL, NULL);
    }
    if (rc < 0) {
        free(d);
        return rc;
    }
    init_handles(d);
    device_load_last(d);
    check_port_identity(d);
    device_save_row(d, NULL);
    device_recover_begin(d);
    device_link_open(d, options->port, baud);
    *out = d;
    return 0;
}

/* The last handle or request is gone. */
static void on_sender_closed(void *context)
{
    struct device *d = context;
    void (*closed)(void *) = d->closed;
    void *closed_context = d->closed_context;
    device_sd_free(d);
    free(d);
    closed(closed_context);
}

static void unref(struct device *d)
{
    if (--d->open == 0) {
        sender_close(d->sender, on_sender_closed, d);
    }
}

void device_unref(uv_handle_t *handle)
{
    unref(handle->data);
}

void device_stored(struct device *d)
{
    unref(d);
}

void device_finish_closing(struct device *d)
{
    if (uv_is_closing((uv_handle_t *)&d->second)) {
        return;
    }
    bool goes_on = (d->leaving && !d->sd.printing) || d->recovery.phase != RECOVER_NONE;
    if (d->run.id[0] != '\0' && !goes_on) {
        device_print_end(d, RUN_INTERRUPTED, "the host was stopped");
    }
    device_recover_close(d);
    uv_close((uv_handle_t *)&d->second, device_unref);
    uv_close((uv_handle_t *)&d->retry, device_unref);
    uv_close((uv_handle_t *)&d->deadline, device_unref);
}

static void on_deadline(uv_timer_t *timer)
{
    struct device *d = timer->data;
    if (d->attached && !d->estopped) {
        log_warn("the printer did not take the stop in %d s: emergency stop", STOP_MS / 1000);
        d->estopped = true;
        sender_estop(d->sender); /* NOTE_ESTOPPED, then the port is closed and so are we */
        uv_timer_start(&d->deadline, on_deadline, ESTOP_MS, 0);
        return;
    }
    device_finish_closing(d);
}

/* Whatever the last report said: it may be older than the last command. TAG_COLD follows; a
 * person's own M109 is not waited for. */
static void go_cold(struct device *d)
{
    d->waits_ended = 0;
    if (device_waits(d)) {
        device_end_wait(d);
    }
    device_heaters_off(d, TAG_COLD);
}

void device_close(struct device *d, bool leave, void (*closed)(void *context), void *context)
{
    enum printer_state state = device_state(d);
    d->leaving = leave;
    d->closed = closed;
    d->closed_context = context;
    d->closing = true;
    d->wanted = false;
    uv_timer_stop(&d->retry);
    uv_timer_start(&d->deadline, on_deadline, STOP_MS, 0);
    bool transfers = state == PRINTER_TRANSFERRING;
    if ((leave && !transfers) || device_recover_waits(d)) {
        device_finish_closing(d);
    } else if (printer_has_job(state)) {
        device_print_stop(d);
    } else if (transfers) {
        device_sd_put_stop(d, "the host was stopped");
    } else if (state == PRINTER_OPERATIONAL) {
        go_cold(d);
    } else if (!d->make_safe || !d->attached || state == PRINTER_ERROR) {
        device_finish_closing(d);
    } /* else as soon as it is connected */
}

void device_set_profile(struct device *d, const struct profile *profile)
{
    d->profile = profile;
    device_thermal_reset(d);
}

void device_set_heaters_off(struct device *d, int64_t heaters_off_ms)
{
    d->heat.idle_off_ms = heaters_off_ms;
}

void device_set_pause_off(struct device *d, int64_t pause_off_ms, int64_t pause_bed_off_ms)
{
    d->heat.pause_off_ms = pause_off_ms;
    d->heat.pause_bed_off_ms = pause_bed_off_ms;
}

void device_set_resume_within(struct device *d, int64_t resume_within_ms)
{
    d->resume_within_ms = resume_within_ms > 0 ? resume_within_ms : RESUME_WITHIN_MS;
}

int device_refuse_offline(const struct device *d, struct err *e)
{
    return err_set(e, PP_EOFFLINE, "the printer is %s%s%s",
        device_state(d) == PRINTER_ERROR ? "in error" : sm_name(&d->state),
        d->error[0] != '\0' ? ": " : "", d->error);
}

/* ---- orders
 * --------------------------------------------------------------------------------------------- */

int device_connect(struct device *d, struct err *e)
{
    if (d->attached || d->is_opening) {
        return err_set(e, PP_ESTATE, "already %s", sm_name(&d->state));
    }
    d->wanted = true;
    d->retry_ms = 0;
    d->error[0] = '\0';
    device_link_start(d);
    return 0;
}

int device_disconnect(struct device *d, struct err *e)
{
    if (printer_has_job(device_state(d))) {
        return err_set(e, PP_ESTATE, "\"%s\" is being printed: cancel it first", d->run.file_name);
    }
    if (device_state(d) == PRINTER_TRANSFERRING) {
        return err_set(e, PP_ESTATE,
            "\"%s\" is being copied to the printer's card: cancel it first", d->sd.put.file);
    }
    d->wanted = false;
    uv_timer_stop(&d->retry);
    if (device_state(d) == PRINTER_OPERATIONAL) {
        go_cold(d);
    } else {
        device_link_drop(d, false);
    }
    return 0;
}

static int require_connected(const struct device *d, struct err *e)
{
    if (device_state(d) == PRINTER_TRANSFERRING) {
        return err_set(e, PP_ESTATE,
            "a file is being written to the printer's card: a command would go into it");
    }
    bool there = printer_is_connected(device_state(d)) && !device_recover_blind(d);
    return there ? 0 : device_refuse_offline(d, e);
}

/* A command of a person, or a poll: may not take the place of what turns the heaters off. */
static int send_if_room(struct device *d, const char *text, size_t len, struct err *e)
{
    if (sender_injects(d->sender) >= MAX_WAITING ||
        !sender_inject(d->sender, text, len, TAG_NONE)) {
        return err_set(e, PP_EBUSY, "too many commands wait already: the printer is busy");
    }
    return 0;
}

static int32_t limit_of(const struct limits *l, int heater)
{
    return heater == TEMP_BED       ? l->max_bed_mc
           : heater == TEMP_CHAMBER ? l->max_chamber_mc
           : heater < l->tools      ? l->max_tool_mc
                                    : 0;
}

int device_set_temp(struct device *d, const char *heater, int32_t target_mc, struct err *e)
{
    char line[40];
    int index = temp_heater_index(heater);
    int rc = require_connected(d, e);
    if (rc < 0) {
        return rc;
    }
    if (index < 0) {
        return err_field(
            e, PP_EINVAL, heater, "heater \"%s\": must be tool0 to tool7, bed or chamber", heater);
    }
    int32_t limit = limit_of(device_limits(d), index);
    if (target_mc < 0 || target_mc > limit) {
        return err_field(e, PP_EINVAL, heater, "%s %g: must be 0 to %g °C on this printer", heater,
            target_mc / 1000.0, limit / 1000.0);
    }
    if (index == TEMP_BED || index == TEMP_CHAMBER) {
        snprintf(line, sizeof line, "M%d S%g", index == TEMP_BED ? 140 : 141, target_mc / 1000.0);
    } else {
        snprintf(line, sizeof line, "M104 T%d S%g", index, target_mc / 1000.0);
    }
    rc = send_if_room(d, line, strlen(line), e);
    if (rc == 0) {
        d->heaters_used = clock_ms();
    }
    return rc;
}

/* M112, M108, M410 and M876 act at once where the firmware looks for them as they arrive. */
static bool is_urgent(const struct device *d, const struct gcode *g)
{
    return caps_has(&d->caps, CAP_EMERGENCY_PARSER) && g->letter == 'M' &&
           (g->number == 108 || g->number == 410 || g->number == 876);
}

int device_send(struct device *d, const char *text, struct err *e)
{
    struct gcode g;
    size_t len = strlen(text);
    int rc = require_connected(d, e);
    if (rc < 0) {
        return rc;
    }
    if (strpbrk(text, "\r\n") != NULL) {
        return err_field(
            e, PP_EINVAL, "commands", "a command is one line; send several one by one");
    }
    gcode_parse(&g, text, len);
    if (g.len == 0) {
        return err_field(e, PP_EINVAL, "commands", "\"%.40s\": nothing to send", text);
    }
    size_t limit = dialect_max_command(d->dialect, 9999999);
    if (g.len > limit) {
        return err_field(e, PP_EINVAL, "commands",
            "\"%.30s...\" has %zu characters: this printer takes %zu", text, g.len, limit);
    }
    if (g.letter == 'M' && g.number == 112) {
        return device_estop(d, e);
    }
    if (is_urgent(d, &g)) {
        sender_urgent(d->sender, g.text, g.len);
    } else {
        rc = send_if_room(d, g.text, g.len, e);
    }
    if (rc == 0) {
        d->heaters_used = clock_ms();
    }
    return rc;
}

int device_estop(struct device *d, struct err *e)
{
    if (!d->attached && d->estopped) {
        return 0; /* the datagram was faster */
    }
    if (!d->attached) {
        return err_set(
            e, PP_EOFFLINE, "not connected, so no stop can be sent: switch the printer off");
    }
    log_warn("emergency stop");
    d->estopped = true;
    sender_estop(d->sender);
    return 0;
}
