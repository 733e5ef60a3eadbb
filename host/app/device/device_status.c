#include "host/app/device/device_priv.h"

#include "host/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_u32(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void react_status(const struct device *d, struct device_link *out)
{
    const struct histo *react = sender_react(d->sender);
    out->react_p50_ns = histo_percentile(react, 0.5);
    out->react_p99_ns = histo_percentile(react, 0.99);
    out->react_p999_ns = histo_percentile(react, 0.999);
    out->react_max_ns = histo_percentile(react, 1);
}

static void link_status(const struct device *d, struct device_link *out)
{
    static uint32_t sample[STREAM_SAMPLES];
    const struct stream_stats *stats = sender_stats(d->sender);
    size_t n = atomic_load(&stats->samples);
    n = n < STREAM_SAMPLES ? n : STREAM_SAMPLES;
    for (size_t i = 0; i < n; i++) {
        sample[i] = atomic_load_explicit(&stats->rtt_us[i], memory_order_relaxed);
    }
    qsort(sample, n, sizeof *sample, compare_u32);
    out->ack_p50_us = n > 0 ? sample[n / 2] : 0;
    out->ack_p99_us = n > 0 ? sample[n * 99 / 100] : 0;
    react_status(d, out);
    out->lines = atomic_load(&stats->lines);
    out->resends = atomic_load(&stats->resends);
    out->underruns = atomic_load(&stats->starved);
    out->window = (int)atomic_load(&stats->window);
    out->baud = d->who.baud;
    snprintf(out->device, sizeof out->device, "%s", d->path);
    snprintf(out->port, sizeof out->port, "%s", d->wire.attached ? d->wire.serial.path : "");
    snprintf(out->firmware, sizeof out->firmware, "%s", d->who.firmware);
    snprintf(out->machine, sizeof out->machine, "%s", d->who.machine);
    snprintf(out->uuid, sizeof out->uuid, "%s", d->who.uuid);
}

/* The time left: what the analysis says of the rest of the file, corrected by how long the part
 * behind us really took, the more so the longer that part is. */
static int64_t time_left(const struct device *d, double fraction, int64_t elapsed_ms)
{
    int64_t planned =
        d->analysis.slicer_time_ms > 0 ? d->analysis.slicer_time_ms : d->analysis.time_ms;
    double by_plan = (double)planned * (1 - fraction);
    double by_pace = fraction > 0 ? (double)elapsed_ms * (1 - fraction) / fraction : by_plan;
    if (planned <= 0) {
        return fraction > 0.02 ? (int64_t)by_pace : -1;
    }
    return (int64_t)(by_plan * (1 - fraction) + by_pace * fraction);
}

void device_job(const struct device *d, struct device_job *out)
{
    const struct stream_stats *stats = sender_stats(d->sender);
    int64_t size = d->analysis.bytes;
    *out = (struct device_job){0};
    memcpy(out->run_id, d->run.id, sizeof out->run_id);
    if (d->run.id[0] == '\0') {
        return;
    }
    memcpy(out->file_name, d->run.file_name, sizeof out->file_name);
    bool cut_off = d->recovery.phase != RECOVER_NONE;
    struct spool *spool = cut_off && d->recovery.spool_ready ? d->recovery.spool : d->spool;
    uint64_t offset = cut_off ? d->recovery.offset : atomic_load(&stats->job_offset);
    out->size_bytes = size;
    out->done_bytes = (int64_t)offset;
    out->lines = (int64_t)(cut_off ? d->recovery.lines : atomic_load(&stats->job_lines));
    out->total_lines = d->analysis.commands;
    out->started_ms = d->run.start_ms;
    out->elapsed_ms = d->job_start_ms > 0 ? (int64_t)(clock_ms() - d->job_start_ms) : 0;
    if (d->sd.printing) {
        device_sd_job(d, out);
        return;
    }
    out->layers = d->analysis.layers;
    double fraction = size > 0 ? (double)offset / (double)size : 0;
    fraction = fraction < 1 ? fraction : 1;
    out->percent = fraction * 100;
    out->left_ms = time_left(d, fraction, out->elapsed_ms);
    if (spool != NULL) {
        out->layer = spool_layer(spool, offset);
        out->z_um = spool_height_nm(spool, offset) / 1000;
    }
}

static bool is_cooled(const struct device *d)
{
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        if (d->heat.reheat_mc[i] > 0) {
            return true;
        }
    }
    return false;
}

static const char *recovery_text(const struct device *d)
{
    static const char *const texts[] = {
        [RECOVER_NONE] = "",
        [RECOVER_REOPEN] = "waiting for the printer",
        [RECOVER_ADOPT] = "asking the printer where it is",
        [RECOVER_CHECK] = "asking the printer where it is",
        [RECOVER_OFFER] = "waiting for a person",
        [RECOVER_HEAT] = "heating",
        [RECOVER_MOVE] = "going back to the print",
    };
    return texts[d->recovery.phase];
}

static const char *detail_text(const struct device *d)
{
    enum printer_state state = device_state(d);
    if (state == PRINTER_RECOVERING) {
        return recovery_text(d);
    }
    if (state == PRINTER_PAUSED && !device_self_paused(d) && is_cooled(d)) {
        return "cooled down; resume heats it first";
    }
    return device_self_text(d);
}

void device_status(const struct device *d, struct device_status *out)
{
    memset(out, 0, sizeof *out);
    out->state = device_state(d);
    memcpy(out->error, d->error, sizeof out->error);
    snprintf(out->detail, sizeof out->detail, "%s", detail_text(d));
    memcpy(out->message, d->message, sizeof out->message);
    out->temps_told_ms = d->temps_told_ms;
    for (size_t i = 0; i < TEMP_HEATERS && d->temps_told_ms > 0; i++) {
        if (d->temps.actual_mc[i] != TEMP_NONE) {
            struct device_heater *h = &out->heater[out->heaters++];
            snprintf(h->name, sizeof h->name, "%s", temp_heater_name(i));
            h->actual_mc = d->temps.actual_mc[i];
            h->target_mc = d->temps.target_mc[i];
        }
    }
    device_job(d, &out->job);
    link_status(d, &out->link);
    memcpy(out->question, d->question, sizeof out->question);
    out->questions = d->questions;
    out->bed = d->row.bed;
    out->last = d->last;
    out->identity_doubt = d->who.identity_doubt;
    memcpy(out->script, d->script.name, sizeof out->script);
    memcpy(out->waiting_for, d->pending, sizeof out->waiting_for);
}

static void on_past(void *context, const struct err *e, const struct run *runs, size_t n)
{
    struct device *d = context;
    for (size_t i = 0; e == NULL && i < n && d->last.id[0] == '\0'; i++) {
        if (runs[i].result != RUN_OPEN) {
            d->last = runs[i];
            hub_emit(d->hub, HUB_STATE, NULL);
        }
    }
    device_stored(d);
}

void device_load_last(struct device *d)
{
    d->open++;
    store_list_runs(
        d->store, &(struct run_filter){.limit = 2, .own = true}, on_past, d); /* one may be open */
}

void device_terminal(
    const struct device *d, void (*cb)(void *context, const struct hub_terminal *l), void *context)
{
    size_t kept = d->terminal.count < TERMINAL_LINES ? d->terminal.count : TERMINAL_LINES;
    for (size_t i = d->terminal.count - kept; i < d->terminal.count; i++) {
        const struct terminal_line *t = &d->terminal.line[i % TERMINAL_LINES];
        cb(context, &(struct hub_terminal){
                        .wall_ms = t->wall_ms, .direction = t->direction, .text = t->text});
    }
}
