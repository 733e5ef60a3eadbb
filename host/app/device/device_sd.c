#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define READ_ERRORS 3 /* in a row: the card is no good */

/* ---- what is kept ------------------------------------------------------------------------------
 */

void device_sd_load(struct device *d)
{
    char text[300];
    struct sd_kept *k = &d->sd.kept;
    struct err e;
    long long start = 0;
    int at = 0;
    if (store_load_setting(d->store, "sd_run", text, sizeof text, &e) == 0 &&
        sscanf(text, "%36s %lld %n", k->id, &start, &at) == 2 && at > 0) {
        k->start_ms = start;
        snprintf(k->name, sizeof k->name, "%s", text + at);
    } else {
        *k = (struct sd_kept){0};
    }
    if (store_load_setting(d->store, "sd_write", d->sd.unfinished, sizeof d->sd.unfinished, &e) <
            0 ||
        !sd_name_ok(d->sd.unfinished)) {
        d->sd.unfinished[0] = '\0';
    }
}

void device_sd_free(struct device *d)
{
    free(d->sd.files);
    free(d->sd.fresh);
    d->sd.files = NULL;
    d->sd.fresh = NULL;
}

/* ---- connecting --------------------------------------------------------------------------------
 */

static void forget_list(struct device *d)
{
    d->sd.count = 0;
    d->sd.fresh_count = 0;
    d->sd.listing = false;
}

/* A printer that still writes takes M115 for a line of the file. */
void device_sd_connected(struct device *d)
{
    struct device_sd *sd = &d->sd;
    char line[SD_NAME_SIZE + 8];
    forget_list(d);
    sd->told = false;
    sd->slot = false;
    sd->reports = false;
    sd->longs = false;
    sd->extended = false;
    sd->presence = SD_NO_SLOT;
    sd->found = false;
    sd->muted = false;
    sd->pos = -1;
    sd->size = -1;
    sender_card(d->sender, false);
    if (sd->unfinished[0] != '\0') {
        log_warn("a copy to the printer's card was cut off: \"%s\" is deleted", sd->unfinished);
        snprintf(line, sizeof line, "M30 %s", sd->unfinished);
        device_inject(d, "M29", TAG_NONE);
        device_inject(d, line, TAG_SD_CLEANED); /* until then it may still be writing */
    }
}

void device_sd_cap(struct device *d, const char *line)
{
    if (strncasecmp(line, "Cap:SDCARD:", 11) == 0) {
        d->sd.told = true;
    }
}

void device_sd_caps(struct device *d)
{
    struct device_sd *sd = &d->sd;
    sd->slot = caps_has(&d->who.caps, CAP_SDCARD);
    sd->reports = caps_has(&d->who.caps, CAP_AUTOREPORT_SD_STATUS);
    sd->longs = caps_has(&d->who.caps, CAP_LONG_FILENAME);
    sd->extended = caps_has(&d->who.caps, CAP_EXTENDED_M20);
}

/* Firmware that does not tell of a card may still have one. */
void device_sd_look(struct device *d)
{
    if (!d->sd.told || d->sd.slot) {
        device_inject(d, "M27", TAG_NONE);
    }
}

void device_sd_ready(struct device *d)
{
    if (d->sd.slot) {
        device_sd_list(d, TAG_NONE);
    }
}

/* ---- the list ----------------------------------------------------------------------------------
 */

void device_sd_list(struct device *d, int tag)
{
    const struct device_sd *sd = &d->sd;
    char line[16];
    snprintf(line, sizeof line, "M20%s%s", sd->longs ? " L" : "", sd->extended ? " T" : "");
    device_inject(d, line, (enum device_tag)tag);
}

static void add_entry(void *context, const struct sd_entry *entry)
{
    struct device_sd *sd = context;
    if (sd->fresh_count == SD_FILES_MAX) {
        return;
    }
    if (sd->fresh_count % 64 == 0) {
        sd->fresh = mem_resize(sd->fresh, sd->fresh_count + 64, sizeof *sd->fresh);
    }
    sd->fresh[sd->fresh_count++] = *entry;
}

static void list_ends(struct device *d)
{
    struct device_sd *sd = &d->sd;
    if (sd->listing) {
        free(sd->files);
        sd->files = sd->fresh;
        sd->count = sd->fresh_count;
        sd->fresh = NULL;
        sd->fresh_count = 0;
        sd->listing = false;
        if (sd->count > 0 || sd->presence != SD_NO_CARD) { /* some list nothing without a card */
            sd->presence = SD_READY;
        }
        hub_emit(d->hub, HUB_CARD, NULL);
    }
}

static void card_is(struct device *d, bool there)
{
    if (!there) {
        forget_list(d);
    }
    d->sd.presence = there ? SD_READY : SD_NO_CARD;
    hub_emit(d->hub, HUB_CARD, NULL);
    if (there && device_state(d) == PRINTER_OPERATIONAL) {
        device_sd_list(d, TAG_NONE);
    }
    if (!there && d->sd.printing && device_state(d) != PRINTER_FINISHING) {
        device_abort(d, "the card was pulled out of the printer");
    }
    if (!there && d->sd.put.active) {
        device_sd_put_stop(d, "the card was pulled out of the printer");
    }
}

/* ---- what the printer says ---------------------------------------------------------------------
 */

static void take_opened(struct device *d, const struct sd_reply *r)
{
    struct device_sd *sd = &d->sd;
    sd->opened = true;
    if (!sd->printing) { /* by somebody at the printer: is it printed? */
        snprintf(sd->path, sizeof sd->path, "%s", r->name);
        sd->asked_ms = 0;
    }
    sd->size = r->size >= 0 ? r->size : sd->size;
}

static void take_current(struct device *d, const char *name)
{
    if (d->sd.printing && d->sd.path[0] == '\0' && name[0] != '\0') {
        const struct sd_entry *entry = device_sd_find(d, name);
        snprintf(d->sd.path, sizeof d->sd.path, "%s", name);
        snprintf(
            d->run.file_name, sizeof d->run.file_name, "%s", entry != NULL ? entry->display : name);
        hub_emit(d->hub, HUB_PROGRESS, NULL);
    }
}

static void take_trouble(struct device *d, const struct sd_reply *r)
{
    if (r->kind == SD_WRITE_ERROR && d->sd.put.active) {
        device_sd_put_stop(d, "the printer cannot write to its card: is it full?");
    } else if (r->kind == SD_READ_ERROR && d->sd.printing && ++d->sd.read_errors >= READ_ERRORS) {
        device_abort(d, "the printer cannot read its card");
    }
}

static void take_reply(struct device *d, const struct sd_reply *r)
{
    switch (r->kind) {
    case SD_LIST_BEGIN:
        d->sd.listing = true;
        d->sd.fresh_count = 0;
        break;
    case SD_LIST_END:
        list_ends(d);
        break;
    case SD_POSITION:
        device_sd_position(d, r->pos, r->size);
        break;
    case SD_NOT_PRINTING:
        device_sd_not_printing(d);
        break;
    case SD_OPENED:
        take_opened(d, r);
        break;
    case SD_CURRENT:
        take_current(d, r->name);
        break;
    case SD_DONE:
        device_sd_done(d);
        break;
    case SD_WRITING:
        d->sd.put.opened = d->sd.put.active;
        break;
    case SD_WRITE_ERROR:
    case SD_READ_ERROR:
        take_trouble(d, r);
        break;
    case SD_INSERTED:
    case SD_MISSING:
        card_is(d, r->kind == SD_INSERTED);
        break;
    case SD_OTHER:
    case SD_SELECTED:
    case SD_OPEN_FAILED:
    case SD_SAVED:
    case SD_DELETED:
    case SD_DELETE_FAILED:
        break;
    }
}

void device_sd_line(struct device *d, const char *line)
{
    struct sd_reply r;
    sd_parse(&r, line);
    if (r.kind != SD_OTHER) {
        take_reply(d, &r);
    } else if (d->sd.listing) {
        sd_list_line(line, add_entry, &d->sd);
    }
}

/* What comes back of our own pause and resume is no wish of the printer's. */
static bool is_echo(const struct device *d, const char *action)
{
    enum printer_state state = device_state(d);
    bool pause = strcmp(action, "pause") == 0 || strcmp(action, "paused") == 0;
    bool resume = strcmp(action, "resume") == 0 || strcmp(action, "resumed") == 0;
    return (pause && state != PRINTER_PRINTING) || (resume && state != PRINTER_PAUSED);
}

bool device_sd_action(struct device *d, const char *action)
{
    if (strcmp(action, "sd_inserted") == 0 || strcmp(action, "sd_updated") == 0) {
        d->sd.slot = true;
        card_is(d, true);
        return true;
    }
    if (strcmp(action, "sd_ejected") == 0) {
        card_is(d, false);
        return true;
    }
    if (!d->sd.printing || is_echo(d, action)) {
        return d->sd.printing;
    }
    bool paused = strcmp(action, "paused") == 0;
    if (paused || strcmp(action, "resumed") == 0) {
        device_sd_moved_there(d, paused);
        return true;
    }
    return false;
}

void device_sd_tick(struct device *d, uint64_t now_ms)
{
    device_sd_run_tick(d, now_ms);
}

bool device_sd_swallows(const struct device *d, const char *text)
{
    return d->sd.put.active && !d->sd.put.closing && strncmp(text, "M28 ", 4) != 0;
}

bool device_sd_muted(const struct device *d)
{
    return d->sd.muted || d->sd.put.active;
}

void device_sd_tag(struct device *d, int tag)
{
    if (tag == TAG_SD_WRITING || tag == TAG_SD_CLOSED || tag == TAG_SD_LISTED) {
        device_sd_put_tag(d, tag);
    } else if (tag == TAG_SD_CLEANED) {
        device_sd_put_cleaned(d);
    } else {
        device_sd_run_tag(d, tag);
    }
}

/* ---- for the rest of the program ---------------------------------------------------------------
 */

void device_sd_status(const struct device *d, struct device_sd_status *out)
{
    const struct device_sd *sd = &d->sd;
    *out = (struct device_sd_status){.presence = sd->presence,
        .reading = sd->listing,
        .files = sd->count,
        .printing = sd->printing};
    if (sd->put.active) {
        memcpy(out->put_file, sd->put.file, sizeof out->put_file);
        memcpy(out->put_name, sd->put.name, sizeof out->put_name);
        out->put_bytes =
            d->spool != NULL ? (int64_t)atomic_load(&sender_stats(d->sender)->job_offset) : 0;
        out->put_size = sd->put.size;
    }
}

const struct sd_entry *device_sd_at(const struct device *d, size_t index)
{
    return index < d->sd.count ? &d->sd.files[index] : NULL;
}

const struct sd_entry *device_sd_find(const struct device *d, const char *name)
{
    for (size_t i = 0; i < d->sd.count; i++) {
        if (sd_same_name(d->sd.files[i].name, name)) {
            return &d->sd.files[i];
        }
    }
    for (size_t i = 0; i < d->sd.count; i++) {
        if (strcasecmp(d->sd.files[i].display, name) == 0) {
            return &d->sd.files[i];
        }
    }
    return NULL;
}

/* Marlin looks into the folder last opened unless the path begins at the root. */
void device_sd_path(const struct device *d, const char *name, char out[SD_NAME_SIZE])
{
    bool rooted = strncmp(d->who.dialect->name, "marlin", 6) == 0 ||
                  strncmp(d->who.dialect->name, "prusa", 5) == 0;
    snprintf(out, SD_NAME_SIZE, "%s%s", rooted && name[0] != '/' ? "/" : "", name);
}

static int may_order(const struct device *d, struct err *e)
{
    if (d->sd.printing || d->sd.put.active) {
        return err_set(e, PP_EBUSY, "the printer is busy with its card");
    }
    if (printer_has_job(device_state(d))) {
        return err_set(e, PP_ESTATE, "\"%s\" is being printed", d->run.file_name);
    }
    return device_state(d) == PRINTER_OPERATIONAL ? 0 : device_refuse_offline(d, e);
}

int device_sd_refresh(struct device *d, struct err *e)
{
    int rc = may_order(d, e);
    if (rc == 0) {
        device_sd_list(d, TAG_NONE);
    }
    return rc;
}

int device_sd_init(struct device *d, struct err *e)
{
    int rc = may_order(d, e);
    if (rc == 0) {
        d->sd.slot = true;
        device_inject(d, "M21", TAG_NONE);
        device_sd_list(d, TAG_NONE);
    }
    return rc;
}

int device_sd_release(struct device *d, struct err *e)
{
    int rc = may_order(d, e);
    if (rc == 0) {
        device_inject(d, "M22", TAG_NONE);
        forget_list(d);
        d->sd.presence = SD_NO_CARD;
        hub_emit(d->hub, HUB_CARD, NULL);
    }
    return rc;
}

int device_sd_remove(struct device *d, const char *name, struct err *e)
{
    char path[SD_NAME_SIZE];
    char line[SD_NAME_SIZE + 8];
    const struct sd_entry *entry = device_sd_find(d, name);
    int rc = may_order(d, e);
    if (rc < 0) {
        return rc;
    }
    if (entry == NULL || !sd_name_ok(entry->name)) {
        return err_field(e, PP_ENOTFOUND, "file", "no file \"%s\" on the printer's card", name);
    }
    if (d->pending[0] != '\0' && d->sd.pending && sd_same_name(d->sd.wanted, entry->name)) {
        return err_field(e, PP_EBUSY, "file", "\"%s\" waits to be printed", name);
    }
    device_sd_path(d, entry->name, path);
    snprintf(line, sizeof line, "M30 %s", path);
    device_inject(d, line, TAG_NONE);
    device_sd_list(d, TAG_NONE);
    return 0;
}
