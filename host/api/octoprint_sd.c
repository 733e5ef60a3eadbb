/* OctoPrint's view of the printer's SD card: /api/printer/sd, /api/files, /api/files/sdcard.
 *
 * A print asked for here may wait for a person, as any; an upload is stored here first and copied
 * to the card after it is answered.
 */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/intake.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void octoprint_sd(struct request *r)
{
    struct device_sd_status sd;
    struct device_status s;
    struct err e = {0};
    device_status(r->http->o.device, &s);
    if (!printer_is_connected(s.state)) {
        err_set(&e, PP_ESTATE, "the printer is not operational");
        reply_error(r, &e);
        return;
    }
    device_sd_status(r->http->o.device, &sd);
    reply_json(r, 200, json_pack("{s:b}", "ready", sd.presence == SD_READY));
}

void octoprint_sd_command(struct request *r)
{
    char command[32] = "";
    struct err e = {0};
    const struct json_field fields[] = {{"command", JSON_KIND_TEXT, true, command, 1, 31}};
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        rc = api_sd_order(r->http->o.device, command, &e);
    }
    if (!reply_failed(r, rc, &e)) {
        reply_empty(r, 204);
    }
}

/* ---- files -------------------------------------------------------------------------------------
 */

static json_t *entry_view(const struct request *r, const struct sd_entry *entry)
{
    struct strbuf url = {0};
    octoprint_url(r, "sdcard", entry->name, &url);
    json_t *view = json_pack("{s:o, s:o, s:o, s:s, s:s, s:[s, s], s:{s:s}}", "name",
        json_text(entry->name), "display", json_text(entry->display), "path",
        json_text(entry->name), "origin", "sdcard", "type", "machinecode", "typePath",
        "machinecode", "gcode", "refs", "resource", url.data);
    if (entry->size_bytes >= 0) {
        json_object_set_new(view, "size", json_integer(entry->size_bytes));
    }
    if (entry->date_s >= 0) {
        json_object_set_new(view, "date", json_integer(entry->date_s));
    }
    strbuf_fini(&url);
    return view;
}

static void add_card(const struct request *r, json_t *files)
{
    const struct sd_entry *entry;
    for (size_t i = 0; (entry = device_sd_at(r->http->o.device, i)) != NULL; i++) {
        json_array_append_new(files, entry_view(r, entry));
    }
}

void octoprint_files(struct request *r)
{
    json_t *files = json_array();
    const struct file_entry *file;
    for (size_t i = 0; (file = files_at(r->http->o.files, i)) != NULL; i++) {
        json_array_append_new(files, octoprint_file_view(r, file));
    }
    if (strcmp(r->path, "/api/files") == 0) {
        add_card(r, files);
    }
    reply_json(r, 200, json_pack("{s:o}", "files", files));
}

void octoprint_sd_files(struct request *r)
{
    json_t *files = json_array();
    add_card(r, files);
    reply_json(r, 200, json_pack("{s:o}", "files", files));
}

static const struct sd_entry *find(struct request *r)
{
    struct err e = {0};
    const struct sd_entry *entry = device_sd_find(r->http->o.device, r->stars.tail);
    if (entry == NULL) {
        err_set(&e, PP_ENOTFOUND, "there is no such file on the printer's card");
        reply_error(r, &e);
    }
    return entry;
}

void octoprint_sd_file(struct request *r)
{
    const struct sd_entry *entry = find(r);
    if (entry != NULL) {
        reply_json(r, 200, entry_view(r, entry));
    }
}

void octoprint_sd_file_command(struct request *r)
{
    char command[32] = "";
    bool print = false;
    bool waits = false;
    struct err e = {0};
    const struct json_field fields[] = {
        {"command", JSON_KIND_TEXT, true, command, 1, 31},
        {"print", JSON_KIND_BOOL, false, &print, 0, 0},
    };
    if (find(r) == NULL) {
        return;
    }
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0 && strcmp(command, "select") != 0) {
        rc = err_field(&e, PP_EINVAL, "command", "only \"select\" is known here");
    }
    if (rc == 0 && print) {
        log_info("print of a file of the card asked for by %s", r->key_name);
        rc = device_sd_print(r->http->o.device, r->stars.tail, false, false, &waits, &e);
    }
    if (!reply_failed(r, rc, &e)) {
        reply_empty(r, 204);
    }
}

void octoprint_sd_file_remove(struct request *r)
{
    struct err e = {0};
    if (find(r) == NULL) {
        return;
    }
    log_info("removal of a file from the card asked for by %s", r->key_name);
    int rc = device_sd_remove(r->http->o.device, r->stars.tail, &e);
    if (!reply_failed(r, rc, &e)) {
        reply_empty(r, 204);
    }
}

static void uploaded(struct request *r, const struct file_entry *file)
{
    char chosen[SD_NAME_SIZE];
    char name[sizeof file->row.name];
    struct strbuf url = {0};
    struct err e = {0};
    str_copy(name, sizeof name, file->row.name, strlen(file->row.name));
    log_info("file \"%s\" uploaded for the card by %s", name, r->key_name);
    int rc = device_sd_put(r->http->o.device, name, "", chosen, &e);
    if (!reply_failed(r, rc, &e)) {
        octoprint_url(r, "sdcard", chosen, &url);
        reply_json(r, 201,
            json_pack("{s:{s:o, s:{s:o, s:s, s:o, s:{s:s}}}, s:b, s:b, s:b}", "files", "local",
                octoprint_file_view(r, file), "sdcard", "name", json_text(chosen), "origin",
                "sdcard", "path", json_text(chosen), "refs", "resource", url.data, "done", 0,
                "effectiveSelect", 0, "effectivePrint", 0));
        reply_header(r, "Location", url.data);
        strbuf_fini(&url);
    }
    request_wake(r);
}

void octoprint_sd_upload(struct request *r)
{
    intake_commit(r, uploaded);
}
