#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/id.h"
#include "host/base/log.h"
#include "host/io/ports.h"

#include <stdio.h>
#include <string.h>

/* ---- the end of a print ------------------------------------------------------------------------
 */

static int64_t lines_of(const struct device *d)
{
    if (d->sd.printing) {
        return 0; /* the printer reads them itself */
    }
    return (int64_t)(d->recovery.phase != RECOVER_NONE
                         ? d->recovery.lines
                         : atomic_load(&sender_stats(d->sender)->job_lines));
}

/* What is printed stays, whatever becomes of its names and its job. */
void device_pin(struct device *d)
{
    d->pinned = files_find_content(d->files, d->run.sha256) != NULL;
    if (d->pinned) {
        files_pin(d->files, d->run.sha256);
    }
}

static void unpin(struct device *d)
{
    if (d->pinned) {
        files_unpin(d->files, d->run.sha256);
    }
    d->pinned = false;
}

/* How much of the filament of the file it has come to. */
static int64_t used_um(const struct device *d, enum run_result result)
{
    if (result == RUN_SUCCESS) {
        return d->run.filament_um;
    }
    struct spool *spool = d->spool != NULL ? d->spool : d->recovery.spool;
    struct device_job job;
    device_job(d, &job);
    if (d->sd.printing || spool == NULL) {
        return (int64_t)((double)d->run.filament_um * job.percent / 100);
    }
    int64_t drawn_um = spool_drawn_um(spool, (uint64_t)job.done_bytes);
    return drawn_um < d->run.filament_um ? drawn_um : d->run.filament_um;
}

void device_print_end(struct device *d, enum run_result result, const char *reason)
{
    const struct stream_stats *stats = sender_stats(d->sender);
    struct run *run = &d->run;
    run->end_ms = clock_wall_ms();
    run->result = result;
    run->lines = lines_of(d);
    run->used_um = used_um(d, result);
    run->resends += (int64_t)(atomic_load(&stats->resends) - d->resends_before);
    snprintf(run->reason, sizeof run->reason, "%s", reason);
    device_ended_save(d, run);
    store_drop_journal(d->store, NULL, NULL);
    if (d->sd.printing) {
        device_sd_ended(d, result);
    } else {
        unpin(d);
    }
    if (d->spool != NULL) {
        sender_drop_job(d->sender);
        spool_close(d->spool);
        d->spool = NULL;
    }
    log_info("print of \"%s\": %s%s%s", run->file_name, run_result_name(result),
        reason[0] != '\0' ? ", " : "", reason);
    struct run ended = *run;
    d->last = ended;
    *run = (struct run){0};
    d->job_start_ms = 0;
    d->parked = false;
    device_recover_ended(d);
    d->shown = (struct progress){0};
    device_self_forget(d);
    hub_emit(d->hub, HUB_RUN, &ended);
}

static void on_spool_error(void *context, const struct err *e)
{
    device_abort(context, e->text);
}

/* ---- the start ---------------------------------------------------------------------------------
 */

/* The longest command that fits a line with the largest number this print can come to. */
size_t device_max_command(const struct device *d, const struct analysis *a)
{
    size_t of_profile = device_limits(d)->max_line;
    uint64_t lines = atomic_load(&sender_stats(d->sender)->lines);
    size_t most = dialect_max_command(d->who.dialect, lines + 2 * (uint64_t)a->commands);
    return of_profile > 0 && of_profile < most ? of_profile : most;
}

/* `path` must live as long as `out` is used. */
void device_spool_options(struct device *d, struct spool_options *out, char *path, size_t path_size)
{
    files_path(d->files, d->run.sha256, path, path_size);
    *out = (struct spool_options){.loop = d->loop,
        .sender = d->sender,
        .path = path,
        .size_bytes = (uint64_t)d->analysis.bytes,
        .max_command = d->max_command,
        .ignore_lines = d->ignore_lines,
        .on_error = on_spool_error,
        .context = d};
}

static void not_started(struct device *d, const char *why)
{
    device_notice(d, "the print was not started: %s", why);
    device_print_end(d, RUN_FAILURE, why);
    device_move(d, PRINTER_OPERATIONAL, "not started");
}

void device_begin_lines(struct device *d)
{
    struct spool_options options;
    char path[512];
    struct err e;
    d->max_command = device_max_command(d, &d->analysis);
    device_spool_options(d, &options, path, sizeof path);
    if (spool_open(&d->spool, &options, &e) < 0) {
        d->spool = NULL;
        not_started(d, e.text);
        return;
    }
    d->job_start_ms = clock_ms();
    d->job_wall_ms = clock_wall_ms();
    device_remember(d);
    if (d->who.dialect->job_timer) {
        device_inject(d, "M75", TAG_NONE);
    }
    sender_begin(d->sender, spool_generation(d->spool));
    spool_fill(d->spool);
    device_move(d, PRINTER_PRINTING, d->run.file_name);
}

static void on_run_opened(void *context, const struct err *e)
{
    struct device *d = context;
    device_stored(d);
    if (--d->runs_opening == 0 && e != NULL && device_recover_unsure(d)) {
        device_abort(d, e->text); /* as soon as the printer is back */
    }
    if (d->runs_opening > 0 || device_state(d) != PRINTER_STARTING || d->closing) {
        return; /* cancelled, lost or being closed meanwhile */
    }
    if (e != NULL) {
        not_started(d, e->text);
        return;
    }
    device_begin_lines(d);
}

/* Who prints what for whom; `origin` NULL: of no queue. */
static void open_run(struct device *d, const char *file_name, const struct file_entry *file,
    const struct device_origin *origin)
{
    static const struct device_origin nobody;
    struct run *run = &d->run;
    const struct device_origin *o = origin != NULL ? origin : &nobody;
    *run = (struct run){.start_ms = clock_wall_ms(), .result = RUN_OPEN};
    id_new(run->id, run->start_ms);
    if (o->run_id[0] != '\0') {
        memcpy(run->id, o->run_id, sizeof run->id);
    }
    snprintf(run->file_name, sizeof run->file_name, "%s", file_name);
    memcpy(run->sha256, file->row.sha256, sizeof run->sha256);
    snprintf(run->printer, sizeof run->printer, "%s", d->name);
    memcpy(run->queue, o->queue, sizeof run->queue);
    memcpy(run->job_id, o->job_id, sizeof run->job_id);
    memcpy(run->job_name, o->job_name, sizeof run->job_name);
    memcpy(run->set_id, o->set_id, sizeof run->set_id);
    memcpy(run->material, o->material, sizeof run->material);
    for (size_t i = 0; i < ANALYSIS_TOOLS; i++) {
        run->filament_um += file->analysis.filament_um[i];
    }
}

void device_print_start(struct device *d, const char *file_name, const struct file_entry *file,
    const struct device_origin *origin)
{
    struct run *run = &d->run;
    open_run(d, file_name, file, origin);
    d->analysis = file->analysis;
    d->bed_taken = false;
    d->job_wall_ms = 0;
    d->passed_offset = 0;
    d->script_begun = false;
    d->max_command = 0;
    device_pin(d);
    if (d->pending[0] != '\0') {
        files_unpin(d->files, d->pending_sha256);
        d->pending[0] = '\0';
    }
    d->resends_before = atomic_load(&sender_stats(d->sender)->resends);
    device_move(d, PRINTER_STARTING, run->file_name);
    log_info("print of \"%s\" starts", run->file_name);
    hub_emit(d->hub, HUB_RUN, run);
    d->open++;
    d->runs_opening++;
    store_save_run(d->store, run, on_run_opened, d);
}

/* ---- notes and tags ----------------------------------------------------------------------------
 */

/* The job goes on, once the bed is stored as occupied. */
void device_release(struct device *d)
{
    if (device_state(d) == PRINTER_PRINTING && d->beds_saving == 0 && !d->closing) {
        sender_release(d->sender);
    }
}

static void on_bed_saved(void *context, const struct err *e)
{
    struct device *d = context;
    d->beds_saving--;
    if (e != NULL && d->run.id[0] != '\0') {
        device_abort(d, e->text);
    }
    device_release(d);
    device_stored(d);
}

void device_take_bed(struct device *d)
{
    d->bed_taken = true;
    d->beds_saving++;
    device_remember(d);
    device_set_bed(d, BED_OCCUPIED, on_bed_saved);
}

static void on_barrier(struct device *d, enum spool_barrier why, uint64_t offset)
{
    switch (why) {
    case SPOOL_BED:
        device_take_bed(d);
        break;
    case SPOOL_PAUSE:
        if (device_state(d) == PRINTER_PRINTING) {
            d->passed_offset = offset;
            d->script_begun = false;
            device_notice(d, "the file asks for a pause (resume with: ppctl resume)");
            device_move(d, PRINTER_PAUSING, "asked by the file");
            device_park(d);
        }
        break;
    case SPOOL_CANCEL:
        if (device_state(d) != PRINTER_CANCELLING) {
            device_cancel_run(d, RUN_CANCELLED, "cancelled by the file");
        }
        break;
    case SPOOL_CHANGE:
        device_change_begins(d, offset);
        break;
    case SPOOL_CHANGED:
        device_change_ends(d);
        break;
    }
}

/* A pause asked for a moment ago has nothing left to pause. */
static void on_end(struct device *d)
{
    struct gcode_modal modal;
    gcode_modal_init(&modal);
    device_move(d, PRINTER_FINISHING, "every line is acknowledged");
    device_display_end(d);
    if (d->who.dialect->job_timer) {
        device_inject(d, "M77", TAG_NONE);
    }
    device_inject(d, "M400", TAG_NONE);
    if (d->profile != NULL) {
        device_run_script(d, d->profile->end_script, &modal);
    }
    device_inject(d, "M105", TAG_FINISHED);
}

void device_fill(void *context)
{
    struct device *d = context;
    if (d->spool != NULL) {
        spool_fill(d->spool);
    }
}

void device_print_note(struct device *d, const struct stream_note *note)
{
    enum printer_state state = device_state(d);
    bool printing = d->spool != NULL;
    if (d->sd.put.active) {
        device_sd_put_note(d, note);
        return;
    }
    bool ends = state == PRINTER_PRINTING || state == PRINTER_PAUSING;
    if (note->kind == NOTE_BARRIER && printing) {
        on_barrier(d, (enum spool_barrier)note->tag, note->offset);
    } else if (note->kind == NOTE_DRAINED && state == PRINTER_PAUSING) {
        device_park(d);
    } else if (note->kind == NOTE_DRAINED && state == PRINTER_PAUSED) {
        device_self_drained(d);
    } else if (note->kind == NOTE_END && printing && ends) {
        on_end(d);
    } else if (note->kind == NOTE_RESEND) {
        log_info("the printer wants line %llu again", (unsigned long long)note->n);
    } else if (note->kind == NOTE_NEED && printing) {
        sender_rewound(d->sender, spool_rewind(d->spool, note->n, note->until, note->offset));
    } else if (note->kind == NOTE_CHECKPOINT && printing) {
        spool_checkpoint(d->spool, note->n, note->offset);
    } else if (note->kind == NOTE_NUMBERED && printing) {
        spool_injected(d->spool, note->n, note->text);
    }
}

static void on_paused(struct device *d)
{
    device_move(d, PRINTER_PAUSED, "parked");
    bool go_on = d->self.resume_wanted;
    d->self.resume_wanted = false;
    if (d->closing) {
        device_heaters_off(d, TAG_COLD);
    } else if (go_on) {
        device_resume(d, NULL);
    }
}

static void on_resumed(struct device *d)
{
    d->self.parks = false;
    device_move(d, PRINTER_PRINTING, "position restored");
    device_release(d);
}

/* A print cancelled before it extruded anything leaves the bed as it was: clear. */
static void give_bed_back(struct device *d)
{
    uint64_t offset = atomic_load(&sender_stats(d->sender)->job_offset);
    if (d->bed_taken && d->spool != NULL && !spool_has_extruded(d->spool, offset)) {
        device_set_bed(d, BED_CLEAR, NULL);
    }
}

void device_print_tag(struct device *d, enum device_tag tag)
{
    char reason[sizeof d->run.reason];
    memcpy(reason, d->run.reason, sizeof reason);
    enum printer_state state = device_state(d);
    if (tag == TAG_PAUSED && state == PRINTER_PAUSING) {
        on_paused(d);
    } else if (tag == TAG_RESUMED && state == PRINTER_RESUMING) {
        on_resumed(d);
    } else if (tag == TAG_CANCELLED && state == PRINTER_CANCELLING) {
        give_bed_back(d);
        device_print_end(d, d->end_result, reason);
        device_move(d, PRINTER_OPERATIONAL, "cancelled");
        if (d->closing) {
            device_finish_closing(d);
        }
    } else if (tag == TAG_FINISHED && state == PRINTER_FINISHING) {
        device_print_end(d, RUN_SUCCESS, "");
        device_move(d, PRINTER_OPERATIONAL, "print done");
        if (d->closing) {
            device_heaters_off(d, TAG_COLD);
        }
    }
}
