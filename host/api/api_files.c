/* Files: list, show, upload (raw by PUT, a form by POST), move, remove; folders. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/intake.h"
#include "host/api/query.h"
#include "host/api/view.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A list of thousands on its way out, a piece in each turn of the loop: the files as they are when
 * their piece is made. */
struct listing {
    const struct files *files;
    char last[sizeof((struct file_row *)0)->name]; /* already in it */
    struct strbuf text;
    bool ended;
};

static void add_file(struct listing *l)
{
    const struct file_entry *file = files_after(l->files, l->last);
    if (file == NULL) {
        strbuf_puts(&l->text, "]}");
        l->ended = true;
        return;
    }
    json_t *value = view_file(file);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
    strbuf_printf(&l->text, "%s%s", l->last[0] != '\0' ? "," : "", text != NULL ? text : "null");
    free(text);
    json_decref(value);
    str_copy(l->last, sizeof l->last, file->row.name, strlen(file->row.name));
}

/* At the head of the list; few, and their names are short. */
static void add_folders(struct listing *l)
{
    const char *folder;
    json_t *list = json_array();
    for (size_t i = 0; (folder = files_folder_at(l->files, i)) != NULL; i++) {
        json_array_append_new(list, json_text(folder));
    }
    char *text = json_dumps(list, JSON_COMPACT);
    strbuf_printf(&l->text, "{\"folders\":%s,\"files\":[", text != NULL ? text : "[]");
    free(text);
    json_decref(list);
}

static ssize_t read_listing(void *context, uint64_t position, char *out, size_t size)
{
    struct listing *l = context;
    (void)position;
    while (!l->ended && l->text.len < size) {
        add_file(l);
    }
    size_t len = l->text.len < size ? l->text.len : size;
    if (len == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    memcpy(out, l->text.data, len);
    l->text.len -= len;
    memmove(l->text.data, l->text.data + len, l->text.len);
    return (ssize_t)len;
}

static void free_listing(void *context)
{
    struct listing *l = context;
    strbuf_fini(&l->text);
    free(l);
}

void api_files(struct request *r)
{
    struct listing *l = mem_alloc(sizeof *l);
    l->files = r->http->o.files;
    add_folders(l);
    reply_pieces(r, 200, read_listing, free_listing, l);
}

static const struct file_entry *find_file(struct request *r)
{
    char shown[96];
    struct err e = {0};
    const struct file_entry *file = files_find(r->http->o.files, r->stars.tail);
    if (file == NULL) {
        str_escape(shown, sizeof shown, r->stars.tail, strlen(r->stars.tail));
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
        log_info("\"%s\" removed by %s", r->stars.tail, r->key_name);
        reply_empty(r, 204);
    }
    request_wake(r);
}

static int read_force(const struct request *r, bool *force, struct err *e)
{
    int64_t n = 0;
    int rc = query_int(r, "force", 0, 1, &n, e);
    *force = n == 1;
    return rc;
}

void api_file_remove(struct request *r)
{
    struct device_status s;
    bool force;
    struct err e = {0};
    if (find_file(r) == NULL || reply_failed(r, read_force(r, &force, &e), &e)) {
        return;
    }
    device_status(r->http->o.device, &s);
    if (s.job.run_id[0] != '\0' && strcmp(s.job.file_name, r->stars.tail) == 0) {
        err_field(&e, PP_EBUSY, "file", "file \"%s\" is being printed", r->stars.tail);
        reply_error(r, &e);
        return;
    }
    request_wait(r);
    files_remove_name(r->http->o.files, r->stars.tail, force, removed, r);
}

/* ---- folders */

static void made(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_json(r, 201, json_pack("{s:O}", "name", json_object_get(r->input, "name")));
    }
    request_wake(r);
}

void api_folder_add(struct request *r)
{
    char name[201] = "";
    struct err e = {0};
    const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, true, name, 1, 200},
    };
    if (reply_failed(r, json_read(r->input, fields, 1, &e), &e)) {
        return;
    }
    request_wait(r);
    int rc = files_mkdir(r->http->o.files, name, made, r, &e);
    if (rc != 0) {
        request_wake(r);
    }
    reply_failed(r, rc, &e);
}

static bool is_folder(const struct files *files, const char *name)
{
    const char *folder;
    for (size_t i = 0; (folder = files_folder_at(files, i)) != NULL; i++) {
        if (strcmp(folder, name) == 0) {
            return true;
        }
    }
    return false;
}

void api_folder_remove(struct request *r)
{
    char shown[96];
    struct err e = {0};
    const char *name = r->stars.tail;
    if (!is_folder(r->http->o.files, name)) {
        err_field(&e, PP_ENOTFOUND, "folder", "there is no folder \"%s\"",
            str_escape(shown, sizeof shown, name, strlen(name)));
        reply_error(r, &e);
        return;
    }
    request_wait(r);
    files_remove_name(r->http->o.files, name, false, removed, r);
}

static void moved(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_json(r, 200, json_pack("{s:O}", "name", json_object_get(r->input, "to")));
    }
    request_wake(r);
}

void api_file_move(struct request *r)
{
    char from[201] = "";
    char to[201] = "";
    struct err e = {0};
    const struct json_field fields[] = {
        {"from", JSON_KIND_TEXT, true, from, 1, 200},
        {"to", JSON_KIND_TEXT, true, to, 1, 200},
    };
    if (reply_failed(r, json_read(r->input, fields, 2, &e), &e)) {
        return;
    }
    log_info("a file or folder moved by %s", r->key_name);
    request_wait(r);
    files_move(r->http->o.files, from, to, moved, r);
}
