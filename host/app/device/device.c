#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/io/ports.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUSEKEEPING_MS  500
#define STOP_MS          12000 /* an orderly stop gets this long */
#define ESTOP_MS         2500 /* and what follows when that fails: as long as NOTE_ESTOPPED takes */
#define RESUME_WITHIN_MS 60000

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
        d->heat.used_ms = clock_ms();
    }
    if (next != PRINTER_OPERATIONAL) {
        device_script_lost(d, why);
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
    if ((d->who.identity_doubt || d->who.port_doubt) && row.bed == BED_CLEAR) {
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

/* ---- the housekeeping timer
 * ------------------------------------------------------------------------ */

static void on_tick(uv_timer_t *timer)
{
    struct device *d = timer->data;
    uint64_t now = clock_ms();
    bool tap = hub_count(d->hub, HUB_TERMINAL) > 0;
    sender_beat(d->sender);
    if (tap != d->terminal.tapped) {
        d->terminal.tapped = tap;
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
    device_temps_tick(d, now);
    device_recover_tick(d, now);
    device_sd_tick(d, now);
    device_ended_tick(d, now);
    if (d->run.id[0] != '\0') {
        hub_emit(d->hub, HUB_PROGRESS, NULL);
    }
}

/* ---- life
 * ---------------------------------------------------------------------------------------------- */

static void init_handles(struct device *d)
{
    uv_timer_init(d->loop, &d->tick);
    uv_timer_init(d->loop, &d->wire.retry);
    uv_timer_init(d->loop, &d->deadline);
    d->tick.data = d;
    d->wire.retry.data = d;
    d->deadline.data = d;
    d->open += 3;
    uv_timer_start(&d->tick, on_tick, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
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
    d->who.dialect = &d->who.own_dialect;
    device_choose_dialect(d);
    d->wire.wanted = true;
    d->heat.used_ms = clock_ms();
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
        d->who.port_doubt = true;
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
    free(d->clear_text);
    free(d->ignore_lines);
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
    if (uv_is_closing((uv_handle_t *)&d->tick)) {
        return;
    }
    bool goes_on = (d->leaving && !d->sd.printing) || d->recovery.phase != RECOVER_NONE;
    if (d->run.id[0] != '\0' && !goes_on) {
        device_print_end(d, RUN_INTERRUPTED, "the host was stopped");
    }
    device_recover_close(d);
    device_ended_close(d);
    uv_close((uv_handle_t *)&d->tick, device_unref);
    uv_close((uv_handle_t *)&d->wire.retry, device_unref);
    uv_close((uv_handle_t *)&d->deadline, device_unref);
}

static void on_deadline(uv_timer_t *timer)
{
    struct device *d = timer->data;
    if (d->wire.attached && !d->wire.estopped) {
        log_warn("the printer did not take the stop in %d s: emergency stop", STOP_MS / 1000);
        d->wire.estopped = true;
        sender_estop(d->sender); /* NOTE_ESTOPPED, then the port is closed and so are we */
        uv_timer_start(&d->deadline, on_deadline, ESTOP_MS, 0);
        return;
    }
    device_finish_closing(d);
}

/* Whatever the last report said: it may be older than the last command. TAG_COLD follows; a
 * person's own M109 is not waited for. */
void device_go_cold(struct device *d)
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
    d->wire.wanted = false;
    uv_timer_stop(&d->wire.retry);
    uv_timer_start(&d->deadline, on_deadline, STOP_MS, 0);
    bool transfers = state == PRINTER_TRANSFERRING;
    bool script = device_script_runs(d); /* half of one is not left behind, heaters on */
    device_script_stop(d);
    if ((leave && !transfers && !script) || device_recover_waits(d)) {
        device_finish_closing(d);
    } else if (printer_has_job(state)) {
        device_print_stop(d);
    } else if (transfers) {
        device_sd_put_stop(d, "the host was stopped");
    } else if (state == PRINTER_OPERATIONAL) {
        device_go_cold(d);
    } else if (!d->heat.owed || !d->wire.attached || state == PRINTER_ERROR) {
        device_finish_closing(d);
    } /* else as soon as it is connected */
}

void device_set_profile(struct device *d, const struct profile *profile)
{
    d->profile = profile;
    device_thermal_limits(d);
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
