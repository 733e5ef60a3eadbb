/* A copy of a stored file to the printer's card: M28, every line as it is, M29, and a look at the
 * list whether its size is right. */
#include "host/app/device/device_priv.h"

#include "host/base/file.h"
#include "host/base/log.h"
#include "host/base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool name_taken(void *context, const char *name)
{
    const struct device *d = context;
    for (size_t i = 0; i < d->sd.count; i++) {
        if (sd_same_name(d->sd.files[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* A name the printer keeps as it is; Prusa lists in lower case. */
static int choose_name(
    struct device *d, const char *file, const char *wanted, char out[SD_NAME_SIZE], struct err *e)
{
    char dos[13];
    if (wanted[0] != '\0') {
        const char *dot = strrchr(wanted, '.');
        size_t base = dot != NULL ? (size_t)(dot - wanted) : 0;
        bool fits = sd_name_ok(wanted) && strchr(wanted, '/') == NULL && base >= 1 && base <= 8 &&
                    tolower((unsigned char)dot[1]) == 'g' && strlen(dot + 1) <= 3;
        if (!fits) {
            return err_field(e, PP_EINVAL, "name",
                "name \"%.40s\": must be up to 8 characters, a dot, and g, gco or another "
                "ending with g of up to 3",
                wanted);
        }
        if (name_taken(d, wanted)) {
            return err_field(
                e, PP_EEXIST, "name", "\"%s\" is on the card already: delete it first", wanted);
        }
        snprintf(dos, sizeof dos, "%s", wanted);
    } else if (!sd_dos_name(dos, file_basename(file), name_taken, d)) {
        return err_field(
            e, PP_EEXIST, "name", "no free name like \"%s\" on the card: give one", file);
    }
    for (char *p = dos; *p != '\0'; p++) {
        bool lower = strncmp(d->who.dialect->name, "prusa", 5) == 0;
        *p = (char)(lower ? tolower((unsigned char)*p) : toupper((unsigned char)*p));
    }
    snprintf(out, SD_NAME_SIZE, "%s", dos);
    return 0;
}

static int may_put(const struct device *d, struct err *e)
{
    if (device_state(d) != PRINTER_OPERATIONAL) {
        return device_may_start(d, e);
    }
    if (d->sd.presence != SD_READY) {
        return err_set(
            e, PP_ESTATE, "no card in the printer, as far as it told (ppctl sd init looks again)");
    }
    if (d->pending[0] != '\0') {
        return err_set(e, PP_ESTATE, "\"%s\" waits for an answer (ppctl confirm)", d->pending);
    }
    if (device_heats(d)) {
        return err_set(e, PP_ESTATE,
            "heaters are on: turn them off first, for while a file is written to the card no other "
            "command reaches the printer");
    }
    return 0;
}

/* From here on it is known, also after a crash, that the printer may be writing. */
static void on_noted(void *context, const struct err *e)
{
    struct device *d = context;
    char line[SD_NAME_SIZE + 8];
    if (d->sd.put.active && !d->sd.put.closing && e != NULL) {
        device_sd_put_stop(d, e->text);
    } else if (d->sd.put.active && !d->sd.put.closing && !d->sd.put.asked) {
        d->sd.put.asked = true;
        snprintf(line, sizeof line, "M28 %s", d->sd.unfinished);
        sender_card(d->sender, true);
        device_inject(d, line, TAG_SD_WRITING);
    }
    device_stored(d);
}

int device_sd_put(struct device *d, const char *file_name, const char *name, char out[SD_NAME_SIZE],
    struct err *e)
{
    struct sd_put *put = &d->sd.put;
    char path[SD_NAME_SIZE];
    const struct file_entry *file = files_find(d->files, file_name);
    int rc = may_put(d, e);
    if (rc == 0 && (file == NULL || !file->analysed)) {
        rc = device_refuse_file(file_name, file, e);
    }
    if (rc == 0) {
        rc = choose_name(d, file_name, name, out, e);
    }
    if (rc < 0) {
        return rc;
    }
    *put = (struct sd_put){.active = true, .size = file->row.size_bytes};
    memcpy(put->file, file->row.name, sizeof put->file);
    memcpy(put->sha256, file->row.sha256, sizeof put->sha256);
    snprintf(put->name, sizeof put->name, "%s", out);
    device_sd_path(d, put->name, path);
    files_pin(d->files, put->sha256);
    memcpy(d->sd.unfinished, path, sizeof d->sd.unfinished);
    device_move(d, PRINTER_TRANSFERRING, put->file);
    log_info("\"%s\" is copied to the printer's card as %s", put->file, put->name);
    d->open++;
    store_save_setting(d->store, "sd_write", path, on_noted, d);
    return 0;
}

/* ---- its end -----------------------------------------------------------------------------------
 */

static void close_spool(struct device *d)
{
    if (d->spool != NULL) {
        sender_drop_job(d->sender);
        spool_close(d->spool);
        d->spool = NULL;
    }
}

void device_sd_put_cleaned(struct device *d)
{
    d->sd.unfinished[0] = '\0';
    store_save_setting(d->store, "sd_write", "", NULL, NULL);
}

/* The card takes commands again; the list will tell what became of it. */
static void written(struct device *d)
{
    char line[SD_NAME_SIZE + 8];
    sender_card(d->sender, false);
    close_spool(d);
    if (d->sd.put.failed) {
        snprintf(line, sizeof line, "M30 %s", d->sd.unfinished);
        device_inject(d, line, TAG_NONE);
    }
    device_sd_put_cleaned(d);
    device_sd_list(d, TAG_SD_LISTED);
}

/* `why` it failed, "" = it did not; not out of the copy's own record. */
static void over(struct device *d, const char *why)
{
    struct sd_put put = d->sd.put;
    files_unpin(d->files, put.sha256);
    d->sd.put = (struct sd_put){0};
    if (why[0] == '\0') {
        device_notice(d, "\"%s\" is on the printer's card as %s", put.file, put.name);
    } else {
        device_notice(d, "\"%s\" is not on the printer's card: %s", put.file, why);
    }
    hub_emit(d->hub, HUB_CARD, NULL);
}

/* Firmware ends lines with one character or with two. */
static bool right_size(const struct sd_put *put, int64_t size)
{
    uint64_t told = (uint64_t)size;
    return size < 0 || told == put->bytes + put->lines || told == put->bytes + 2 * put->lines;
}

static void verify(struct device *d)
{
    struct sd_put *put = &d->sd.put;
    char line[SD_NAME_SIZE + 8];
    char path[SD_NAME_SIZE];
    const struct sd_entry *entry = NULL;
    for (size_t i = 0; i < d->sd.count && entry == NULL; i++) {
        entry = sd_same_name(d->sd.files[i].name, put->name) ? &d->sd.files[i] : NULL;
    }
    char why[sizeof put->why];
    if (put->failed) {
        memcpy(why, put->why, sizeof why);
        over(d, why);
    } else if (entry == NULL) {
        over(d, "the printer does not list it");
    } else if (!right_size(put, entry->size_bytes)) {
        snprintf(why, sizeof why, "it has %lld bytes there, not %llu: deleted",
            (long long)entry->size_bytes, (unsigned long long)(put->bytes + 2 * put->lines));
        device_sd_path(d, put->name, path);
        snprintf(line, sizeof line, "M30 %s", path);
        device_inject(d, line, TAG_NONE);
        device_sd_list(d, TAG_NONE);
        over(d, why);
    } else {
        over(d, "");
    }
    device_move(d, PRINTER_OPERATIONAL, "copied to the card");
    if (d->closing) {
        device_finish_closing(d);
    }
}

void device_sd_put_stop(struct device *d, const char *why)
{
    struct sd_put *put = &d->sd.put;
    if (put->closing || !put->active) {
        return;
    }
    put->failed = true;
    put->closing = true;
    str_copy(put->why, sizeof put->why, why, strlen(why));
    sender_drop_job(d->sender);
    device_inject(d, "M29", TAG_SD_CLOSED);
}

/* The sender goes on taking the printer for one that writes: an emergency stop may be the reason,
 * and must still end the writing first. */
void device_sd_put_lost(struct device *d)
{
    close_spool(d);
    if (d->sd.put.active) {
        over(d, "the connection was lost");
    }
}

/* ---- its course --------------------------------------------------------------------------------
 */

static void on_spool_error(void *context, const struct err *e)
{
    device_sd_put_stop(context, e->text);
}

/* Nothing of the file is sent to a printer that would carry it out. */
static void begin(struct device *d)
{
    const struct file_entry *file = files_find_content(d->files, d->sd.put.sha256);
    char path[512];
    struct err e;
    if (!d->sd.put.opened || file == NULL) {
        device_sd_put_stop(d, "the printer did not open a file to write to");
        return;
    }
    files_path(d->files, file->row.sha256, path, sizeof path);
    struct spool_options options = {.loop = d->loop,
        .sender = d->sender,
        .path = path,
        .size_bytes = (uint64_t)file->row.size_bytes,
        .max_command = device_max_command(d, &file->analysis),
        .copy = true,
        .on_error = on_spool_error,
        .context = d};
    if (spool_open(&d->spool, &options, &e) < 0) {
        d->spool = NULL;
        device_sd_put_stop(d, e.text);
        return;
    }
    sender_begin(d->sender, spool_generation(d->spool));
    spool_fill(d->spool);
}

void device_sd_put_tag(struct device *d, int tag)
{
    struct sd_put *put = &d->sd.put;
    if (!put->active) {
        return;
    }
    if (tag == TAG_SD_WRITING && !put->closing) {
        begin(d);
    } else if (tag == TAG_SD_CLOSED) {
        written(d);
    } else if (tag == TAG_SD_LISTED) {
        verify(d);
    }
}

void device_sd_put_note(struct device *d, const struct stream_note *note)
{
    struct sd_put *put = &d->sd.put;
    if (d->spool == NULL) {
        return;
    }
    if (note->kind == NOTE_END && !put->closing) {
        put->closing = true;
        spool_copied(d->spool, &put->lines, &put->bytes);
        written(d);
    } else if (note->kind == NOTE_NEED) {
        sender_rewound(d->sender, spool_rewind(d->spool, note->n, note->until, note->offset));
    } else if (note->kind == NOTE_CHECKPOINT) {
        spool_checkpoint(d->spool, note->n, note->offset);
    } else if (note->kind == NOTE_NUMBERED) {
        spool_injected(d->spool, note->n, note->text);
    }
}
