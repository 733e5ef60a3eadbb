/* OctoPrint's POST /api/files/local: a slicer sends a file, and perhaps asks to print it.
 *
 * The upload succeeds whatever becomes of the wish to print: when a question stands before the
 * print, it waits for the person (effectivePrint is false); when the printer cannot print now, the
 * file stays and a notice says so. The field `path` is the folder. Without a wish to print, the
 * file may become a job of its own (upload_action.h).
 */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/intake.h"
#include "host/api/print_job.h"
#include "host/api/upload_action.h"
#include "host/base/file.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/core/file_kind.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void octoprint_url(
    const struct request *r, const char *origin, const char *name, struct strbuf *out)
{
    const char *host = request_header(r, "Host");
    strbuf_printf(out, "http://%s/api/files/%s/", host != NULL ? host : "localhost", origin);
    for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
        bool plain = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= 'a' && *p <= 'z') || strchr("-._~/", *p) != NULL;
        strbuf_printf(out, plain ? "%c" : "%%%02X", *p);
    }
}

/* Types as OctoPrint and its plug-in Continuous Print call them. */
static json_t *type_path(enum file_kind kind, const char **type)
{
    static const char *const paths[FILE_KINDS][2] = {
        [FILE_GCODE] = {"machinecode", "gcode"},
        [FILE_MODEL] = {"model", "stl"},
        [FILE_PACKAGE] = {"continuousprint", "gjob"},
    };
    *type = paths[kind][0];
    return json_pack("[s, s]", paths[kind][0], paths[kind][1]);
}

json_t *octoprint_file_view(const struct request *r, const struct file_entry *file)
{
    struct strbuf url = {0};
    const char *type;
    const char *path = file->row.name;
    const char *name = file_basename(path);
    json_t *types = type_path(file_kind_of(path), &type);
    octoprint_url(r, "local", path, &url);
    json_t *view = json_pack("{s:o, s:o, s:o, s:s, s:s, s:o, s:I, s:I, s:o, s:{s:s}}", "name",
        json_text(name), "display", json_text(name), "path", json_text(path), "origin", "local",
        "type", type, "typePath", types, "size", (json_int_t)file->row.size_bytes, "date",
        (json_int_t)(file->row.uploaded_ms / 1000), "hash", json_text(file->row.sha256), "refs",
        "resource", url.data);
    strbuf_fini(&url);
    return view;
}

/* The file is stored whatever becomes of the wish to print it; a person must learn what. */
static void tell_refusal(
    const struct request *r, const char *name, const char *what, const struct err *e)
{
    char notice[512];
    snprintf(notice, sizeof notice, "\"%s\" is stored but not %s: %s", name, what, e->text);
    log_info("%s", notice);
    hub_emit(r->http->o.hub, HUB_NOTICE, notice);
}

/* `job`: the one it has become, NULL = none. */
static void reply_uploaded(struct request *r, const char *name, const char *job, bool printing)
{
    struct strbuf url = {0};
    const struct file_entry *file = files_find(r->http->o.files, name);
    octoprint_url(r, "local", name, &url);
    reply_json(r, 201,
        json_pack("{s:{s:o}, s:b, s:b, s:b, s:o}", "files", "local",
            file != NULL ? octoprint_file_view(r, file) : json_null(), "done", 1, "effectiveSelect",
            printing || intake_wants_select(r->intake), "effectivePrint", printing, "job",
            json_text(job)));
    reply_header(r, "Location", url.data);
    strbuf_fini(&url);
    request_wake(r);
}

static void print_told(struct request *r, const struct err *e, const struct print_told *told)
{
    if (e != NULL) {
        tell_refusal(r, told->file, "printed", e);
    }
    reply_uploaded(r, told->file, e == NULL ? told->job : NULL, e == NULL && !told->waits);
}

static void added(struct request *r, const struct err *e, const char *file, const char *job)
{
    if (e != NULL) {
        tell_refusal(r, file, "in the queue", e);
    }
    reply_uploaded(r, file, job, false);
}

static void uploaded(struct request *r, const struct file_entry *file)
{
    struct print_wish wish = {.count = 1};
    str_copy(wish.file, sizeof wish.file, file->row.name, strlen(file->row.name));
    log_info("file \"%s\" (%lld bytes) uploaded by %s", wish.file, (long long)file->row.size_bytes,
        r->key_name);
    if (intake_wants_select(r->intake)) {
        octoprint_select(r, wish.file);
    }
    if (intake_wants_print(r->intake)) {
        print_job(r, &wish, print_told);
    } else {
        upload_action(r, wish.file, added);
    }
}

void octoprint_upload(struct request *r)
{
    intake_commit(r, uploaded);
}

static const struct file_entry *find(struct request *r)
{
    struct err e = {0};
    const struct file_entry *file = files_find(r->http->o.files, r->stars.tail);
    if (file == NULL) {
        err_set(&e, PP_ENOTFOUND, "there is no such file");
        reply_error(r, &e);
    }
    return file;
}

void octoprint_file(struct request *r)
{
    const struct file_entry *file = find(r);
    if (file != NULL) {
        reply_json(r, 200, octoprint_file_view(r, file));
    }
}

static void command_told(struct request *r, const struct err *e, const struct print_told *told)
{
    (void)told;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, 204);
    }
    request_wake(r);
}

/* {"command": "select", "print": true} */
void octoprint_file_command(struct request *r)
{
    char command[32] = "";
    struct print_wish wish = {.count = 1};
    bool print = false;
    struct err e = {0};
    const struct json_field fields[] = {
        {"command", JSON_KIND_TEXT, true, command, 1, 31},
        {"print", JSON_KIND_BOOL, false, &print, 0, 0},
    };
    const struct file_entry *file = find(r);
    if (file == NULL) {
        return;
    }
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0 && strcmp(command, "select") != 0) {
        rc = err_field(&e, PP_EINVAL, "command", "only \"select\" is known here");
    }
    if (reply_failed(r, rc, &e)) {
        return;
    }
    octoprint_select(r, file->row.name);
    if (!print) {
        reply_empty(r, 204);
        return;
    }
    str_copy(wish.file, sizeof wish.file, file->row.name, strlen(file->row.name));
    log_info("print of \"%s\" asked for by %s", wish.file, r->key_name);
    request_wait(r);
    print_job(r, &wish, command_told);
}
