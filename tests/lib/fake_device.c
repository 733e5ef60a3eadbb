#include "tests/lib/fake_device.h"

#include "host/base/str.h"

#include <stdio.h>
#include <string.h>

static int act(struct device *d, struct err *e)
{
    d->calls++;
    if (d->next.code == 0) {
        return 0;
    }
    *e = d->next;
    d->next = (struct err){0};
    return -e->code;
}

static int move(struct device *d, enum printer_state state, struct err *e)
{
    int rc = act(d, e);
    if (rc == 0) {
        d->status.state = state;
        hub_emit(d->hub, HUB_STATE, NULL);
    }
    return rc;
}

void fake_device_init(struct device *d, struct hub *hub)
{
    *d = (struct device){.hub = hub};
    d->status.state = PRINTER_OPERATIONAL;
    d->status.heaters = 2;
    d->status.heater[0] = (struct device_heater){"tool0", 21500, 0};
    d->status.heater[1] = (struct device_heater){"bed", 20100, INT32_MIN};
    d->status.job.total_lines = -1;
    d->status.job.left_ms = -1;
    d->status.bed = BED_UNKNOWN;
    snprintf(d->status.link.device, sizeof d->status.link.device, "/dev/ttyFAKE0");
    d->status.link.baud = 115200;
}

void fake_device_start(struct device *d, const char *file)
{
    d->status.state = PRINTER_PRINTING;
    d->status.bed = BED_OCCUPIED;
    snprintf(d->status.job.run_id, sizeof d->status.job.run_id, "run-1");
    snprintf(d->status.job.file_name, sizeof d->status.job.file_name, "%.200s", file);
    hub_emit(d->hub, HUB_STATE, NULL);
}

void device_status(const struct device *d, struct device_status *out)
{
    *out = d->status;
}

void device_set_profile(struct device *d, const struct profile *profile)
{
    (void)d;
    (void)profile;
}

int device_connect(struct device *d, struct err *e)
{
    return move(d, PRINTER_OPERATIONAL, e);
}

int device_disconnect(struct device *d, struct err *e)
{
    return move(d, PRINTER_OFFLINE, e);
}

int device_print(
    struct device *d, const char *file_name, bool bed_clear, bool *waits, struct err *e)
{
    int rc = act(d, e);
    if (rc != 0) {
        return rc;
    }
    if (printer_has_job(d->status.state)) {
        return err_set(e, PP_ESTATE, "the printer is printing \"%s\"", d->status.job.file_name);
    }
    *waits = !bed_clear && d->status.bed != BED_CLEAR;
    if (!*waits) {
        fake_device_start(d, file_name);
        return 0;
    }
    d->status.questions = 1;
    d->status.question[0] = (struct device_question){
        .id = "question-1", .kind = "bed", .text = "Is the bed clear?", .answers = {"yes", "no"}};
    snprintf(d->status.waiting_for, sizeof d->status.waiting_for, "%.200s", file_name);
    hub_emit(d->hub, HUB_QUESTION, NULL);
    return 0;
}

int device_pause(struct device *d, struct err *e)
{
    return move(d, PRINTER_PAUSED, e);
}

int device_resume(struct device *d, struct err *e)
{
    return move(d, PRINTER_PRINTING, e);
}

int device_cancel(struct device *d, struct err *e)
{
    d->status.job.run_id[0] = '\0';
    return move(d, PRINTER_OPERATIONAL, e);
}

int device_recover(struct device *d, struct err *e)
{
    return move(d, PRINTER_PRINTING, e);
}

int device_estop(struct device *d, struct err *e)
{
    return move(d, PRINTER_ERROR, e);
}

int device_confirm(struct device *d, const char *id, const char *answer, struct err *e)
{
    struct device_question *q = &d->status.question[0];
    int rc = act(d, e);
    if (rc != 0) {
        return rc;
    }
    if (id[0] != '\0' && strcmp(id, q->id) != 0) {
        return err_field(e, PP_ENOTFOUND, "id", "question \"%s\" is not open", id);
    }
    bool start = d->status.questions > 0 && strcmp(answer, "yes") == 0;
    *q = (struct device_question){0};
    d->status.questions = 0;
    d->status.bed = BED_CLEAR;
    hub_emit(d->hub, HUB_QUESTION, NULL);
    if (start) {
        char file[sizeof d->status.waiting_for];
        str_copy(file, sizeof file, d->status.waiting_for, strlen(d->status.waiting_for));
        d->status.waiting_for[0] = '\0';
        fake_device_start(d, file);
    }
    return 0;
}

int device_set_temp(struct device *d, const char *heater, int32_t target_mc, struct err *e)
{
    int rc = act(d, e);
    for (size_t i = 0; rc == 0 && i < d->status.heaters; i++) {
        if (strcmp(d->status.heater[i].name, heater) == 0) {
            d->status.heater[i].target_mc = target_mc;
            return 0;
        }
    }
    return rc != 0 ? rc : err_field(e, PP_ENOTFOUND, heater, "there is no heater \"%s\"", heater);
}

int device_send(struct device *d, const char *gcode, struct err *e)
{
    int rc = act(d, e);
    if (rc == 0 && d->sent_count < sizeof d->sent / sizeof *d->sent) {
        str_copy(d->sent[d->sent_count++], sizeof *d->sent, gcode, strlen(gcode));
    }
    return rc;
}

void device_terminal(
    const struct device *d, void (*cb)(void *context, const struct hub_terminal *l), void *context)
{
    for (size_t i = 0; i < d->kept_count; i++) {
        cb(context, &d->kept[i]);
    }
}

/* ---- the card ---- */

static int order(struct device *d, const char *what, const char *name, struct err *e)
{
    int rc = act(d, e);
    if (rc == 0) {
        snprintf(d->card_asked, sizeof d->card_asked, "%s %.150s", what, name);
    }
    return rc;
}

void device_sd_status(const struct device *d, struct device_sd_status *out)
{
    *out = d->sd;
}

const struct sd_entry *device_sd_at(const struct device *d, size_t index)
{
    return index < d->sd.files ? &d->card[index] : NULL;
}

const struct sd_entry *device_sd_find(const struct device *d, const char *name)
{
    for (size_t i = 0; i < d->sd.files; i++) {
        if (sd_same_name(d->card[i].name, name)) {
            return &d->card[i];
        }
    }
    return NULL;
}

int device_sd_refresh(struct device *d, struct err *e)
{
    return order(d, "refresh", "", e);
}

int device_sd_init(struct device *d, struct err *e)
{
    return order(d, "init", "", e);
}

int device_sd_release(struct device *d, struct err *e)
{
    return order(d, "release", "", e);
}

int device_sd_remove(struct device *d, const char *name, struct err *e)
{
    return order(d, "remove", name, e);
}

int device_sd_print(
    struct device *d, const char *name, bool bed_clear, bool unchecked, bool *waits, struct err *e)
{
    *waits = !bed_clear || !unchecked;
    return order(d, *waits ? "ask for" : "print", name, e);
}

int device_sd_put(struct device *d, const char *file_name, const char *name, char out[SD_NAME_SIZE],
    struct err *e)
{
    snprintf(out, SD_NAME_SIZE, "%s", name[0] != '\0' ? name : "CHOSEN.GCO");
    return order(d, "put", file_name, e);
}

/* Its limit: nothing may be heated to three digits that begin with a 9. */
int device_check_script(const struct device *d, const char *text, struct err *e)
{
    (void)d;
    return strstr(text, " S9") != NULL && strstr(text, "@") == NULL
               ? err_set(e, PP_EREFUSED, "too hot")
               : 0;
}
