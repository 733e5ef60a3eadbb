/* The beginning of a print from the printer's own card.
 *
 * Happy path: questions -> run recorded -> M23 (the file is there?) -> bed recorded as occupied ->
 * M24. Or it began without us: then it is recorded as it is found. Failures: the file cannot be
 * opened, the store cannot write; the printer is then not started.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/id.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

/* ---- the start ---------------------------------------------------------------------------------
 */

/* The run is found again by this when it goes on without us. */
void device_sd_keep(struct device *d)
{
    char text[300];
    struct sd_kept *k = &d->sd.kept;
    memcpy(k->id, d->run.id, sizeof k->id);
    memcpy(k->name, d->run.file_name, sizeof k->name);
    k->start_ms = d->run.start_ms;
    snprintf(text, sizeof text, "%s %lld %s", k->id, (long long)k->start_ms, k->name);
    store_save_setting(d->store, "sd_run", text, NULL, NULL);
}

void device_sd_forget(struct device *d)
{
    d->sd.kept = (struct sd_kept){0};
    store_save_setting(d->store, "sd_run", "", NULL, NULL);
}

static void begin_run(struct device *d)
{
    struct device_sd *sd = &d->sd;
    d->bed_taken = false;
    d->parked = false;
    memset(&d->analysis, 0, sizeof d->analysis);
    d->resends_before = atomic_load(&sender_stats(d->sender)->resends);
    sd->printing = true;
    sd->done = false;
    sd->opened = false;
    sd->muted = false;
    sd->not_printing = 0;
    sd->read_errors = 0;
    sd->paused_pos = -1;
    sd->told_ms = clock_ms();
}

static void give_up(struct device *d, const char *why)
{
    device_notice(d, "\"%s\" is not printed: %s", d->run.file_name, why);
    device_print_end(d, RUN_FAILURE, why);
    device_move(d, PRINTER_OPERATIONAL, "not started");
}

static void on_run_saved(void *context, const struct err *e)
{
    struct device *d = context;
    char line[SD_NAME_SIZE + 8];
    device_stored(d);
    if (!d->sd.printing || device_state(d) != PRINTER_STARTING || d->closing) {
        return;
    }
    if (e != NULL) {
        give_up(d, e->text);
        return;
    }
    snprintf(line, sizeof line, "M23 %s", d->sd.path);
    d->sd.opened = false;
    device_inject(d, line, TAG_SD_SELECTED);
}

static void start(struct device *d)
{
    struct run *run = &d->run;
    const struct sd_entry *entry = device_sd_find(d, d->sd.wanted);
    memcpy(d->sd.path, d->sd.wanted, sizeof d->sd.path);
    *run = (struct run){.start_ms = clock_wall_ms(), .result = RUN_OPEN};
    id_new(run->id, run->start_ms);
    snprintf(run->file_name, sizeof run->file_name, "%s", d->pending);
    begin_run(d);
    d->sd.size = entry != NULL ? entry->size_bytes : -1;
    d->sd.pos = 0;
    d->pending[0] = '\0';
    d->sd.pending = false;
    device_move(d, PRINTER_STARTING, run->file_name);
    log_info("print of \"%s\" from the printer's card starts", run->file_name);
    hub_emit(d->hub, HUB_RUN, run);
    d->open++;
    store_save_run(d->store, run, on_run_saved, d);
}

/* Only when it is on the disk that the bed is taken the printer begins. */
static void on_bed_saved(void *context, const struct err *e)
{
    struct device *d = context;
    if (d->sd.printing && device_state(d) == PRINTER_STARTING && !d->closing) {
        if (e != NULL) {
            give_up(d, e->text);
        } else {
            device_sd_keep(d);
            device_inject(d, "M24", TAG_SD_STARTED);
        }
    }
    device_stored(d);
}

void device_sd_selected(struct device *d)
{
    if (!d->sd.opened) {
        give_up(d, "the printer cannot open it");
        return;
    }
    device_set_bed(d, BED_OCCUPIED, on_bed_saved);
}

void device_sd_started(struct device *d)
{
    d->job_start_ms = clock_ms();
    d->sd.told_ms = d->job_start_ms;
    device_move(d, PRINTER_PRINTING, d->run.file_name);
    device_sd_report(d, true);
}

/* ---- the questions before ----------------------------------------------------------------------
 */

void device_unchecked_answered(struct device *d, size_t answer)
{
    if (answer != 0) {
        device_drop_pending(d, "");
        return;
    }
    d->sd.unchecked_ok = true;
    device_sd_go_on(d);
}

void device_sd_go_on(struct device *d)
{
    struct err e;
    if (device_ask_or_go(d)) {
        return;
    }
    if (!d->sd.unchecked_ok) {
        device_ask(d, "unchecked",
            "\"%.100s\" is on the printer's card and cannot be checked. Print it as it is?",
            d->pending);
        return;
    }
    if (device_may_start(d, &e) < 0) {
        device_drop_pending(d, e.text);
        return;
    }
    start(d);
}

int device_sd_print(
    struct device *d, const char *name, bool bed_clear, bool unchecked, bool *waits, struct err *e)
{
    const struct sd_entry *entry = device_sd_find(d, name);
    int rc = device_may_start(d, e);
    if (rc < 0) {
        return rc;
    }
    if (entry == NULL || !sd_name_ok(entry->name)) {
        return err_field(e, PP_ENOTFOUND, "file", "no file \"%s\" on the printer's card%s", name,
            d->sd.presence == SD_READY ? "" : ": there is no card (ppctl sd init)");
    }
    if (d->pending[0] != '\0') {
        return err_set(
            e, PP_ESTATE, "\"%s\" already waits for an answer (ppctl confirm)", d->pending);
    }
    if (bed_clear && d->row.bed != BED_CLEAR) {
        device_set_bed(d, BED_CLEAR, NULL);
    }
    snprintf(d->pending, sizeof d->pending, "%s", entry->display);
    device_sd_path(d, entry->name, d->sd.wanted);
    d->sd.pending = true;
    d->sd.unchecked_ok = unchecked;
    device_sd_go_on(d);
    *waits = d->pending[0] != '\0';
    return 0;
}

/* ---- one that began without us -----------------------------------------------------------------
 */

static void on_adopted(void *context, const struct err *e)
{
    device_stored(context);
    if (e != NULL) {
        log_error("%s", e->text);
    }
}

static void adopt_run(struct device *d)
{
    struct run *run = &d->run;
    struct sd_kept *k = &d->sd.kept;
    if (k->id[0] != '\0') {
        *run = (struct run){.start_ms = k->start_ms, .result = RUN_OPEN};
        memcpy(run->id, k->id, sizeof run->id);
        memcpy(run->file_name, k->name, sizeof run->file_name);
    } else {
        const struct sd_entry *entry = device_sd_find(d, d->sd.path);
        *run = (struct run){.start_ms = clock_wall_ms(), .result = RUN_OPEN};
        id_new(run->id, run->start_ms);
        snprintf(run->file_name, sizeof run->file_name, "%s",
            entry != NULL           ? entry->display
            : d->sd.path[0] != '\0' ? d->sd.path
                                    : "a file of the printer's card");
    }
}

bool device_sd_adopt(struct device *d)
{
    int64_t pos = d->sd.pos;
    if (d->sd.found && device_offer_open(d)) {
        device_offer_end(d, "the printer prints from its card by itself");
    }
    enum printer_state state = device_state(d);
    bool idle = state == PRINTER_CONNECTING || state == PRINTER_OPERATIONAL;
    if (!d->sd.found || !idle || d->run.id[0] != '\0') {
        return false;
    }
    d->sd.found = false;
    d->heat.owed = false;        /* heaters off would spoil it; owed until its end */
    if (d->pending[0] != '\0') { /* an answer to its question would call the bed clear */
        device_drop_pending(d, "the printer prints from its card by itself");
    }
    adopt_run(d);
    begin_run(d);
    d->sd.pos = pos;
    d->sd.opened = true;
    d->job_start_ms =
        clock_ms() -
        (uint64_t)(clock_wall_ms() > d->run.start_ms ? clock_wall_ms() - d->run.start_ms : 0);
    device_notice(d, "the printer prints \"%s\" from its card by itself", d->run.file_name);
    d->open += 1;
    store_save_run(d->store, &d->run, on_adopted, d);
    device_sd_keep(d);
    device_set_bed(d, BED_OCCUPIED, NULL);
    if (device_state(d) == PRINTER_OPERATIONAL) {
        device_move(d, PRINTER_STARTING, "begun at the printer");
    }
    device_move(d, PRINTER_PRINTING, "by itself, from its card");
    hub_emit(d->hub, HUB_RUN, &d->run);
    device_sd_report(d, true);
    if (d->sd.longs && d->sd.path[0] == '\0') {
        device_inject(d, "M27 C", TAG_NONE);
    }
    return true;
}
