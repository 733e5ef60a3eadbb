/* A print from the printer's own card, from its start to its end.
 *
 * Happy path: M27 by itself or asked for -> "Done printing file" -> M400 -> result recorded.
 * Without that word three answers "Not SD printing" end it: somebody stopped it at the printer.
 * Pause, resume and stop are the firmware's own. Nothing is parked: where the head is, only the
 * printer knows.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define ASK_MS    1000  /* between two M27 while printing, where they are asked for */
#define LOOK_MS   10000 /* the same while idle: somebody may have begun one at the printer */
#define SILENT_MS 10000 /* a report that comes by itself is missed after this */
#define TOLERATED 2     /* answers "Not SD printing" in a row that mean nothing yet */

/* How a firmware pauses, resumes and stops a print from its card. */
static const struct sd_words {
    const char *dialect; /* "" = all others */
    const char *pause;
    const char *resume;
    const char *stop;
} words[] = {
    {"prusa-buddy", "M601", "M602", "M604"},
    {"prusa", "M601", "M602", "M603"},
    {"klipper", "M25", "M24", "SDCARD_RESET_FILE"},
    {"", "M25", "M24", "M25"},
};

static const struct sd_words *words_of(const struct device *d)
{
    const struct sd_words *w = words;
    while (w->dialect[0] != '\0' && strcmp(w->dialect, d->who.dialect->name) != 0) {
        w++;
    }
    return w;
}

/* M524 came with Marlin 2. */
static bool is_marlin2(const struct device *d)
{
    const char *p = strstr(d->who.firmware, "Marlin");
    if (p == NULL || strcmp(d->who.dialect->name, "marlin") != 0) {
        return false;
    }
    p += strcspn(p, "0123456789");
    return *p >= '2' && *p <= '9';
}

void device_sd_report(struct device *d, bool on)
{
    struct stream_options options;
    device_stream_options(d, &options);
    sender_set_options(d->sender, &options);
    if (d->sd.reports) {
        device_inject(d, on ? "M27 S1" : "M27 S0", TAG_NONE);
    }
}

/* ---- where it is -------------------------------------------------------------------------------
 */

/* Somebody at the printer has paused it, or gone on with it. */
void device_sd_moved_there(struct device *d, bool paused)
{
    static const char why[] = "by somebody at the printer";
    d->sd.paused_pos = -1;
    d->sd.not_printing = 0;
    device_move(d, paused ? PRINTER_PAUSING : PRINTER_RESUMING, why);
    device_move(d, paused ? PRINTER_PAUSED : PRINTER_PRINTING, why);
}

/* While paused it stands still. */
static void resumed_there(struct device *d, int64_t pos)
{
    if (d->sd.paused_pos < 0) {
        d->sd.paused_pos = pos;
    } else if (pos > d->sd.paused_pos) {
        device_sd_moved_there(d, false);
    }
}

static bool is_idle(const struct device *d)
{
    enum printer_state state = device_state(d);
    return state == PRINTER_OPERATIONAL || (state == PRINTER_RECOVERING && device_offer_open(d));
}

void device_sd_position(struct device *d, int64_t pos, int64_t size)
{
    struct device_sd *sd = &d->sd;
    sd->pos = pos;
    sd->size = size;
    sd->told_ms = clock_ms();
    sd->not_printing = 0;
    sd->read_errors = 0;
    sd->presence = SD_READY;
    if (sd->printing) {
        if (device_state(d) == PRINTER_PAUSED && !device_self_paused(d)) {
            resumed_there(d, pos);
        }
        return;
    }
    d->recovery.card = device_recover_unsure(d);
    sd->found = d->run.id[0] == '\0' || device_offer_open(d);
    if (is_idle(d) && !d->closing) {
        device_sd_adopt(d);
    }
}

static void finish(struct device *d, const char *why)
{
    device_move(d, PRINTER_FINISHING, why);
    device_sd_report(d, false);
    device_inject(d, "M400", TAG_NONE);
    device_inject(d, "M105", TAG_SD_FINISHED);
}

/* Also said while paused, by some; and where the last command of the file waits for a temperature,
 * minutes before the end. M400 takes its turn behind that. */
void device_sd_not_printing(struct device *d)
{
    struct device_sd *sd = &d->sd;
    enum printer_state state = device_state(d);
    sd->told_ms = clock_ms();
    if (!sd->printing) {
        sd->found = false;
        sd->slot = sd->slot || !sd->told; /* it knows the command */
        if (sd->kept.id[0] != '\0' && state == PRINTER_CONNECTING) {
            log_warn("the print of \"%s\" from the printer's card has ended meanwhile; how is not "
                     "known",
                sd->kept.name);
            device_sd_forget(d);
        }
        return;
    }
    if (state == PRINTER_PRINTING && ++sd->not_printing > TOLERATED) {
        finish(d, "no longer printing");
    }
}

void device_sd_done(struct device *d)
{
    enum printer_state state = device_state(d);
    if (!d->sd.printing) {
        return;
    }
    d->sd.done = true;
    if (state == PRINTER_PAUSED) {
        device_sd_moved_there(d, false);
    }
    state = device_state(d);
    if (state == PRINTER_PRINTING || state == PRINTER_PAUSING) {
        finish(d, "the printer has read its file to the end");
    }
}

static void finished(struct device *d)
{
    bool whole = d->sd.done || (d->sd.size > 0 && d->sd.pos >= d->sd.size);
    char why[96] = "";
    if (!whole) {
        snprintf(why, sizeof why, "stopped at the printer, at byte %lld of %lld",
            (long long)d->sd.pos, (long long)d->sd.size);
        device_notice(d, "\"%s\": %s", d->run.file_name, why);
    }
    device_print_end(d, whole ? RUN_SUCCESS : RUN_CANCELLED, why);
    if (d->heat.owed_stored) {
        device_heaters_off(d, TAG_SAFE);
    }
    device_move(d, PRINTER_OPERATIONAL, "print done");
    if (d->closing) {
        device_heaters_off(d, TAG_COLD);
    }
}

/* ---- orders ------------------------------------------------------------------------------------
 */

void device_sd_pause(struct device *d)
{
    device_move(d, PRINTER_PAUSING, "asked to");
    d->sd.paused_pos = -1;
    device_inject(d, words_of(d)->pause, TAG_NONE);
    device_inject(d, "M400", TAG_NONE);
    device_inject(d, "M105", TAG_PAUSED);
}

void device_sd_resume(struct device *d)
{
    d->sd.not_printing = 0;
    device_inject(d, words_of(d)->resume, TAG_NONE);
    device_inject(d, "M105", TAG_RESUMED);
}

/* The caller has set result and reason. An abort empties the printer's queue, ours in it too: so
 * one line at a time until that is over, and the heaters only then. */
void device_sd_cancel(struct device *d)
{
    d->sd.muted = true;
    d->waits_ended = 0;
    if (device_waits(d)) {
        device_end_wait(d);
    }
    device_inject(d, is_marlin2(d) ? "M524" : words_of(d)->stop, TAG_SD_STOPPED);
}

static void cooled(struct device *d)
{
    d->sd.muted = false;
    device_sd_report(d, false);
    device_heaters_off(d, TAG_SAFE); /* what was owed since it was found is paid */
    device_inject(d, "M107", TAG_NONE);
    device_inject(d, "M105", TAG_CANCELLED);
}

void device_sd_run_tag(struct device *d, int tag)
{
    enum printer_state state = device_state(d);
    if (!d->sd.printing) {
        return;
    }
    if (tag == TAG_SD_SELECTED && state == PRINTER_STARTING) {
        device_sd_selected(d);
    } else if (tag == TAG_SD_STARTED && state == PRINTER_STARTING) {
        device_sd_started(d);
    } else if (tag == TAG_SD_FINISHED && state == PRINTER_FINISHING) {
        finished(d);
    } else if (tag == TAG_SD_STOPPED && state == PRINTER_CANCELLING) {
        device_inject(d, "M105", TAG_SD_EMPTIED);
    } else if (tag == TAG_SD_EMPTIED && state == PRINTER_CANCELLING) {
        cooled(d);
    }
}

/* Interrupted means: it may go on without us, so that it can be found again. */
void device_sd_ended(struct device *d, enum run_result result)
{
    d->sd.printing = false;
    d->sd.found = false;
    d->sd.path[0] = '\0';
    if (result != RUN_INTERRUPTED) {
        device_sd_forget(d);
    }
}

/* ---- the clock ---------------------------------------------------------------------------------
 */

void device_sd_run_tick(struct device *d, uint64_t now_ms)
{
    struct device_sd *sd = &d->sd;
    enum printer_state state = device_state(d);
    bool idle = is_idle(d) && (sd->slot || sd->path[0] != '\0');
    bool running = sd->printing && (state == PRINTER_PRINTING || state == PRINTER_PAUSED);
    if (sd->muted || sd->put.active || (!idle && !running)) {
        return;
    }
    bool by_itself = running && sd->reports && now_ms - sd->told_ms < SILENT_MS;
    uint64_t every = running ? ASK_MS : LOOK_MS;
    if (!by_itself && now_ms - sd->asked_ms >= every && sender_injects(d->sender) < 4) {
        sd->asked_ms = now_ms;
        device_inject(d, "M27", TAG_NONE);
    }
}

/* Bytes read by the printer; it is a few lines ahead of its head. */
void device_sd_job(const struct device *d, struct device_job *out)
{
    const struct device_sd *sd = &d->sd;
    double fraction = sd->size > 0 ? (double)sd->pos / (double)sd->size : 0;
    out->size_bytes = sd->size > 0 ? sd->size : 0;
    out->done_bytes = sd->pos > 0 ? sd->pos : 0;
    out->lines = 0;
    out->total_lines = -1;
    out->percent = fraction < 0 ? 0 : fraction > 1 ? 100 : fraction * 100;
    out->left_ms = fraction > 0.02 && fraction <= 1
                       ? (int64_t)((double)out->elapsed_ms * (1 - fraction) / fraction)
                       : -1;
}
