/* OctoPrint's POST /api/files/local: a slicer sends a file, and perhaps asks to print it.
 *
 * The upload succeeds whatever becomes of the wish to print: when a question stands before the
 * print, it waits for the person (effectivePrint is false); when the printer cannot print now, the
 * file stays and a notice says so. The field `path` is the folder.
 */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/intake.h"
#include "host/base/file.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/core/file_kind.h"

#include <stdio.h>
#include <string.h>

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

/* True if the print has begun. */
static bool try_print(const struct request *r, const char *name)
{
    struct err e = {0};
    bool waits = false;
    int rc = device_print(r->http->o.device, name, false, &waits, &e);
    if (rc != 0) {
        char notice[512];
        snprintf(notice, sizeof notice, "\"%s\" is stored but not printed: %s", name, e.text);
        log_info("%s", notice);
        hub_emit(r->http->o.hub, HUB_NOTICE, notice);
    }
    return rc == 0 && !waits;
}

static void uploaded(struct request *r, const struct file_entry *file)
{
    struct strbuf url = {0};
    char name[sizeof file->row.name];
    str_copy(name, sizeof name, file->row.name, strlen(file->row.name));
    log_info("file \"%s\" (%lld bytes) uploaded by %s", name, (long long)file->row.size_bytes,
        r->key_name);
    octoprint_url(r, "local", name, &url);
    json_t *view = octoprint_file_view(r, file);
    bool printing = intake_wants_print(r->intake) && try_print(r, name);
    reply_json(r, 201,
        json_pack("{s:{s:o}, s:b, s:b, s:b}", "files", "local", view, "done", 1, "effectiveSelect",
            printing || intake_wants_select(r->intake), "effectivePrint", printing));
    reply_header(r, "Location", url.data);
    strbuf_fini(&url);
    request_wake(r);
}

void octoprint_upload(struct request *r)
{
    intake_commit(r, uploaded);
}

void octoprint_file(struct request *r)
{
    struct err e = {0};
    const struct file_entry *file = files_find(r->http->o.files, r->stars.tail);
    if (file == NULL) {
        err_set(&e, PP_ENOTFOUND, "there is no such file");
        reply_error(r, &e);
        return;
    }
    reply_json(r, 200, octoprint_file_view(r, file));
}
