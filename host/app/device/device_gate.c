/* What stands before a print: the state of the printer, pre-flight, and a person's word that the
 * bed is clear and the printer the right one.
 *
 * Failures: refused with the reason; a print that waits for an answer is dropped when what was true
 * when it was asked for is true no longer.
 */
#include "host/app/device/device_priv.h"

#include "host/base/log.h"
#include "host/core/file_kind.h"
#include "host/io/ports.h"

#include <stdio.h>
#include <string.h>

/* What is known of a printer without a profile: only what is true of any. */
static const struct limits unknown_limits = {
    .min_um = {-1000000, -1000000, -10000},
    .max_um = {1000000, 1000000, 1000000},
    .tools = ANALYSIS_TOOLS,
    .max_tool_mc = 300000,
    .max_bed_mc = 130000,
    .max_chamber_mc = 90000,
};

const struct limits *device_limits(const struct device *d)
{
    return d->profile != NULL ? &d->profile->limits : &unknown_limits;
}

void device_set_bed(struct device *d, enum bed_state bed, store_cb done)
{
    d->row.bed = bed;
    device_save_row(d, done);
    hub_emit(d->hub, HUB_BED, NULL);
}

static void judge(const struct device *d, const struct file_entry *file, struct preflight *out)
{
    struct limits limits = *device_limits(d);
    limits.max_line = device_max_command(d, &file->analysis);
    preflight_check(&file->analysis, &limits, out);
}

int device_fits(const struct device *d, const struct file_entry *file, struct err *e)
{
    struct preflight result;
    judge(d, file, &result);
    for (size_t i = 0; i < result.count; i++) {
        if (result.finding[i].fatal) {
            return err_field(e, PP_EREFUSED, "file", "\"%s\" is refused: %s", file->row.name,
                result.finding[i].text);
        }
    }
    return 0;
}

int device_preflight(const struct device *d, const struct file_entry *file, struct err *e)
{
    struct preflight result;
    int rc = device_fits(d, file, e);
    judge(d, file, &result);
    for (size_t i = 0; rc == 0 && i < result.count; i++) {
        log_warn("%s: %s", file->row.name, result.finding[i].text);
    }
    return rc;
}

int device_may_start(const struct device *d, struct err *e)
{
    enum printer_state state = device_state(d);
    if (d->run.id[0] != '\0' && device_offer_open(d)) {
        return device_offer_refuse(d, e);
    }
    if (printer_has_job(state)) {
        return err_set(e, PP_ESTATE, "\"%s\" is being printed", d->run.file_name);
    }
    if (device_script_runs(d)) {
        return device_script_refuse(d, e);
    }
    return state == PRINTER_OPERATIONAL ? 0 : device_refuse_offline(d, e);
}

/* Asks what must be known before the pending file starts; false when nothing is left to ask. */
bool device_ask_or_go(struct device *d)
{
    if (d->who.identity_doubt) {
        device_ask(d, "identity",
            "Another printer or port than before: print \"%.90s\" on this one?", d->pending);
        return true;
    }
    if (d->row.bed != BED_CLEAR) {
        device_ask(d, "bed", "Is the bed clear? \"%.120s\" waits for it.", d->pending);
        return true;
    }
    return false;
}

int device_refuse_file(const char *file_name, const struct file_entry *file, struct err *e)
{
    if (file == NULL) {
        return err_field(e, PP_ENOTFOUND, "file", "no file \"%s\" here", file_name);
    }
    switch (file_kind_of(file->row.name)) {
    case FILE_MODEL:
        return err_field(e, PP_ETYPE, "file",
            "\"%s\" is a model: slice it first, or print a job that has it sliced", file_name);
    case FILE_PACKAGE:
        return err_field(e, PP_ETYPE, "file",
            "\"%s\" is a package of a job: import it into the queue", file_name);
    case FILE_GCODE:
    case FILE_KINDS:
        break;
    }
    return err_field(e, PP_ENOTFOUND, "file",
        "file \"%s\" has not been analysed: the log tells what is wrong with it", file_name);
}

int device_print(
    struct device *d, const char *file_name, bool bed_clear, bool *waits, struct err *e)
{
    const struct file_entry *file = files_find(d->files, file_name);
    int rc = device_may_start(d, e);
    if (rc < 0) {
        return rc;
    }
    if (file == NULL || !file->analysed) {
        return device_refuse_file(file_name, file, e);
    }
    if (d->pending[0] != '\0') {
        return err_set(
            e, PP_ESTATE, "\"%s\" already waits for an answer (ppctl confirm)", d->pending);
    }
    rc = device_preflight(d, file, e);
    if (rc < 0) {
        return rc;
    }
    if (bed_clear && d->row.bed != BED_CLEAR) {
        device_set_bed(d, BED_CLEAR, NULL);
    }
    snprintf(d->pending, sizeof d->pending, "%s", file_name);
    memcpy(d->pending_sha256, file->row.sha256, sizeof d->pending_sha256);
    files_pin(d->files, d->pending_sha256); /* what passed pre-flight is what will be printed */
    *waits = device_ask_or_go(d);
    if (!*waits) {
        device_print_start(d, file->row.name, file, NULL);
    }
    return 0;
}

/* ---- questions ---------------------------------------------------------------------------------
 */

void device_drop_pending(struct device *d, const char *why)
{
    device_notice(d, "\"%s\" is not printed%s%s", d->pending, why[0] != '\0' ? ": " : "", why);
    if (!d->sd.pending) {
        files_unpin(d->files, d->pending_sha256);
    }
    d->sd.pending = false;
    d->pending[0] = '\0';
    device_unask(d, "bed");
    device_unask(d, "identity");
    device_unask(d, "unchecked");
    hub_emit(d->hub, HUB_QUESTION, NULL);
}

static void go_on(struct device *d)
{
    struct err e;
    if (d->sd.pending) {
        device_sd_go_on(d);
        return;
    }
    if (d->pending[0] == '\0' || device_ask_or_go(d)) {
        return;
    }
    char name[sizeof d->pending];
    const struct file_entry *file = files_find_content(d->files, d->pending_sha256);
    /* the profile may be another by now, or the printer */
    if (file == NULL || device_may_start(d, &e) < 0 || device_preflight(d, file, &e) < 0) {
        device_drop_pending(d, file == NULL ? "the file is gone" : e.text);
        return;
    }
    memcpy(name, d->pending, sizeof name); /* what the start forgets */
    device_print_start(d, name, file, NULL);
}

static void accept_identity(struct device *d)
{
    d->who.port_doubt = false;
    d->who.identity_doubt = false;
    snprintf(d->row.uuid, sizeof d->row.uuid, "%s", d->who.uuid);
    ports_stable_name(d->path, d->row.port_identity, sizeof d->row.port_identity);
    device_save_row(d, NULL);
    hub_emit(d->hub, HUB_BED, NULL);
}

int device_declare_clear(struct device *d, const char *answer, struct err *e)
{
    if (answer[0] != '\0' && strcmp(answer, "clear") != 0 && strcmp(answer, "yes") != 0) {
        return err_field(e, PP_EINVAL, "answer",
            "\"%s\": no question is open; the answer \"clear\" "
            "says that the bed is clear",
            answer);
    }
    if (device_offer_open(d)) {
        return device_offer_refuse(d, e);
    }
    if (printer_has_job(device_state(d))) {
        return err_set(
            e, PP_ESTATE, "\"%s\" is being printed: the bed is not clear", d->run.file_name);
    }
    device_set_bed(d, BED_CLEAR, NULL);
    return 0;
}

/* Without a file that waits it was the queue that asked, and it looks by itself. */
static void answered(struct device *d, bool yes)
{
    if (d->pending[0] == '\0') {
        if (yes) {
            device_clear_answered(d);
        }
    } else if (yes) {
        go_on(d);
    } else {
        device_drop_pending(d, "");
    }
}

/* The question of the queue may be older than a print that somebody else has begun. */
void device_bed_answered(struct device *d, size_t answer)
{
    if (d->run.id[0] != '\0' || printer_has_job(device_state(d))) {
        device_notice(
            d, "the answer about the bed comes too late: \"%s\" is on it", d->run.file_name);
        return;
    }
    if (answer == 0) {
        device_set_bed(d, BED_CLEAR, NULL);
    }
    answered(d, answer == 0);
}

void device_identity_answered(struct device *d, size_t answer)
{
    if (answer == 0) {
        accept_identity(d);
    }
    answered(d, answer == 0);
}
