/* The printer's SD card: its files, copies to it, prints from it. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/view.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static json_t *list(const struct device *d)
{
    json_t *files = json_array();
    const struct sd_entry *entry;
    for (size_t i = 0; (entry = device_sd_at(d, i)) != NULL; i++) {
        json_array_append_new(
            files, json_pack("{s:o, s:o, s:o, s:o}", "name", json_text(entry->name), "display",
                       json_text(entry->display), "size_bytes", json_known(entry->size_bytes),
                       "date_ms", json_known(entry->date_s >= 0 ? entry->date_s * 1000 : -1)));
    }
    return files;
}

void api_sd(struct request *r)
{
    json_t *view = view_sd(r->http->o.device);
    json_object_set_new(view, "files", list(r->http->o.device));
    reply_json(r, 200, view);
}

static void reply_sd(struct request *r, const char *what, int rc, const struct err *e)
{
    char text[512];
    if (rc != 0) {
        log_info("%s refused: %s", what, str_escape(text, sizeof text, e->text, strlen(e->text)));
    }
    if (!reply_failed(r, rc, e)) {
        reply_json(r, 200, view_sd(r->http->o.device));
    }
}

int api_sd_order(struct device *d, const char *action, struct err *e)
{
    static const struct {
        const char *name;
        int (*run)(struct device *d, struct err *e);
    } actions[] = {
        {"refresh", device_sd_refresh},
        {"init", device_sd_init},
        {"release", device_sd_release},
    };
    char shown[64];
    for (size_t i = 0; i < COUNT(actions); i++) {
        if (strcmp(actions[i].name, action) == 0) {
            return actions[i].run(d, e);
        }
    }
    str_escape(shown, sizeof shown, action, strlen(action));
    return err_field(e, PP_EINVAL, "action", "\"%s\": must be refresh, init or release", shown);
}

void api_sd_act(struct request *r)
{
    char action[32] = "";
    struct err e = {0};
    const struct json_field fields[] = {{"action", JSON_KIND_TEXT, true, action, 1, 31}};
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        rc = api_sd_order(r->http->o.device, action, &e);
    }
    if (rc == 0) {
        log_info("card: %s asked for by %s", action, r->key_name);
    }
    reply_sd(r, "card", rc, &e);
}

void api_sd_print(struct request *r)
{
    char file[SD_NAME_SIZE] = "";
    char shown[2 * SD_NAME_SIZE];
    bool bed_clear = false;
    bool unchecked = false;
    bool waits = false;
    struct err e = {0};
    const struct json_field fields[] = {
        {"file", JSON_KIND_TEXT, true, file, 1, SD_NAME_SIZE - 1},
        {"bed_clear", JSON_KIND_BOOL, false, &bed_clear, 0, 0},
        {"unchecked", JSON_KIND_BOOL, false, &unchecked, 0, 0},
    };
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        str_escape(shown, sizeof shown, file, strlen(file));
        log_info("print of \"%s\" of the card asked for by %s%s%s", shown, r->key_name,
            bed_clear ? ", who says that the bed is clear" : "",
            unchecked ? ", who wants it unchecked" : "");
        rc = device_sd_print(r->http->o.device, file, bed_clear, unchecked, &waits, &e);
    }
    if (reply_failed(r, rc, &e)) {
        return;
    }
    json_t *status = view_status(r->http);
    json_object_set_new(status, "waits", json_boolean(waits));
    reply_json(r, 200, status);
}

void api_sd_put(struct request *r)
{
    char file[201] = "";
    char name[SD_NAME_SIZE] = "";
    char chosen[SD_NAME_SIZE] = "";
    struct err e = {0};
    const struct json_field fields[] = {
        {"file", JSON_KIND_TEXT, true, file, 1, 200},
        {"name", JSON_KIND_TEXT, false, name, 0, SD_NAME_SIZE - 1},
    };
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        log_info("copy of a file to the card asked for by %s", r->key_name);
        rc = device_sd_put(r->http->o.device, file, name, chosen, &e);
    }
    reply_sd(r, "copy to the card", rc, &e);
}

void api_sd_remove(struct request *r)
{
    char file[SD_NAME_SIZE] = "";
    struct err e = {0};
    const struct json_field fields[] = {{"file", JSON_KIND_TEXT, true, file, 1, SD_NAME_SIZE - 1}};
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        log_info("removal of a file from the card asked for by %s", r->key_name);
        rc = device_sd_remove(r->http->o.device, file, &e);
    }
    reply_sd(r, "removal from the card", rc, &e);
}
