/* Files: list, show, upload (raw by PUT, a form by POST), remove. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/intake.h"
#include "host/api/view.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <string.h>

void api_files(struct request *r)
{
    json_t *list = json_array();
    const struct file_entry *file;
    for (size_t i = 0; (file = files_at(r->http->o.files, i)) != NULL; i++) {
        json_array_append_new(list, view_file(file));
    }
    reply_json(r, 200, json_pack("{s:o}", "files", list));
}

static const struct file_entry *find_file(struct request *r)
{
    char shown[96];
    struct err e = {0};
    const struct file_entry *file = files_find(r->http->o.files, r->tail);
    if (file == NULL) {
        str_escape(shown, sizeof shown, r->tail, strlen(r->tail));
        err_field(&e, PP_ENOTFOUND, "file", "there is no file \"%s\"", shown);
        reply_error(r, &e);
    }
    return file;
}

void api_file(struct request *r)
{
    const struct file_entry *file = find_file(r);
    if (file != NULL) {
        reply_json(r, 200, view_file(file));
    }
}

static void uploaded(struct request *r, const struct file_entry *file)
{
    log_info("file \"%s\" (%lld bytes) uploaded by %s", file->row.name,
        (long long)file->row.size_bytes, r->key_name);
    reply_json(r, 201, view_file(file));
    request_wake(r);
}

void api_file_upload(struct request *r)
{
    intake_commit(r, uploaded);
}

static void removed(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, 204);
    }
    request_wake(r);
}

void api_file_remove(struct request *r)
{
    struct device_status s;
    struct err e = {0};
    if (find_file(r) == NULL) {
        return;
    }
    device_status(r->http->o.device, &s);
    if (s.job.run_id[0] != '\0' && strcmp(s.job.file_name, r->tail) == 0) {
        err_field(&e, PP_EBUSY, "file", "file \"%s\" is being printed", r->tail);
        reply_error(r, &e);
        return;
    }
    log_info("file \"%s\" removed by %s", r->tail, r->key_name);
    request_wait(r);
    files_remove(r->http->o.files, r->tail, removed, r);
}
